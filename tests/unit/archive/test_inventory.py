"""An inventory is read whole or refused with every problem at its line."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.archive import inventory
from lightwell.base import errors

DUE = datetime.date(2027, 1, 31)
HEADER = ",".join(inventory.COLUMNS)
PLAIN_NAMES = st.text(
    st.characters(min_codepoint=33, exclude_categories=["Cs", "Cc"], exclude_characters="/\\.")
)


@given(st.sets(PLAIN_NAMES.filter(bool), min_size=1, max_size=8))
def test_a_draft_is_read_back_as_written(names: set[str]) -> None:
    rows = inventory.draft_rows(names, DUE)
    assert inventory.parse_rows(inventory.format_rows(rows), names, {"minors"}) == rows


def test_the_draft_suggests_title_and_kind() -> None:
    (row,) = inventory.draft_rows(["2021/final_report-v2.pdf"], DUE)
    assert (row.title, row.kind, row.intent) == ("final report v2", "report", "publish")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("2,a.pdf,A,report,,publish,,,2027-01-31", "the number must be 1"),
        ("1,b.pdf,A,report,,publish,,,2027-01-31", "there is no file 'b.pdf'"),
        ("1,../a.pdf,A,report,,publish,,,2027-01-31", "plain path below the folder"),
        ("1,a.pdf, ,report,,publish,,,2027-01-31", "the title is empty"),
        ("1,a.pdf,A,novel,,publish,,,2027-01-31", "the kind 'novel' is unknown"),
        ("1,a.pdf,A,report,,maybe,,,2027-01-31", "the intent 'maybe' is unknown"),
        ("1,a.pdf,A,report,,withhold,because,,2027-01-31", "the ground 'because' is unknown"),
        ("1,a.pdf,A,report,,publish,minors,,2027-01-31", "a ground stands only beside"),
        ("1,a.pdf,A,report,,publish-unread,minors,,2027-01-31", "a ground stands only beside"),
        ("1,a.pdf,A,report,,publish,,3,2027-01-31", "the ground '' is unknown"),
        ("1,a.pdf,A,report,,withhold,minors,3,2027-01-31", "held pages stand only beside"),
        ("1,a.pdf,A,report,,publish,minors,5-3,2027-01-31", "not ranges in rising order"),
        ("1,a.pdf,A,report,,publish,minors,1-999999,2027-01-31", "not ranges in rising order"),
        ("1,a.pdf,A,report,,publish,minors,3;9 because,2027-01-31", "the ground 'because' is unknown"),
        ("1,a.pdf,A,report,31.1.2020,publish,,,2027-01-31", "the date '31.1.2020' is not a date"),
        ("1,a.pdf,A,report,,publish,,,", "the due '' is not a date"),
        ("1,a.pdf,A,report,,publish", "the line must have 9 cells"),
        ("1,a.pdf,A,report,,publish,,,2027-01-31,more", "the line must have 9 cells"),
        (
            "1,a.pdf,A\u202efdp,report,,publish,,,2027-01-31",
            "the title holds a line break or another control",
        ),
        ('1,a.pdf,"A\nB",report,,publish,,,2027-01-31', "the title holds a line break or another control"),
        ("1,a\u202efdp.exe,A,report,,publish,,,2027-01-31", "turn the direction of writing"),
        ("1,a\u2028.pdf,A,report,,publish,,,2027-01-31", "another control character"),
        ("1,a.pdf,A,report,2021-02-30,publish,,,2027-01-31", "the date '2021-02-30' is not a date"),
    ],
)
def test_each_mistake_is_named_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(f"{HEADER}\n{line}\n", {"a.pdf"}, {"minors"})
    lines = {"line 2", "line 3"} if "\n" in line else {"line 2"}
    assert any(p.place in lines and sentence in p.sentence for p in caught.value.problems)


@pytest.mark.parametrize("due", ["9999-12-31", "1999-01-01", "2026-11-27", "2031-11-30"])
def test_a_promise_in_the_past_or_beyond_five_years_is_a_problem_of_its_line(due: str) -> None:
    line = f"1,a.pdf,A,report,,publish,,,{due}"
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(f"{HEADER}\n{line}\n", {"a.pdf"}, set(), datetime.date(2026, 11, 28))
    (problem,) = caught.value.problems
    assert problem.place == "line 2"
    assert f"the due date {due}" in problem.sentence
    kept = line.replace(due, "2026-11-28")
    assert inventory.parse_rows(f"{HEADER}\n{kept}\n", {"a.pdf"}, set(), datetime.date(2026, 11, 28))


def test_every_problem_is_told_at_once_and_a_file_without_a_row_is_one() -> None:
    text = f"{HEADER}\n1,a.pdf,A,report,,publish,,,2027-01-31\n2,a.pdf,A,novel,,publish,,,2027-01-31\n"
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(text, {"a.pdf", "lost\nfile.pdf"}, set())
    told = str(caught.value)
    for sentence in ("novel", "stands already in line 2", "has no row", "control character"):
        assert sentence in told


def test_a_wrong_header_and_an_empty_inventory_are_refused() -> None:
    for text in ("", "file,title\n", f"{HEADER}\n"):
        with pytest.raises(errors.UserMistake):
            inventory.parse_rows(text, set(), set())


def test_a_part_of_a_document_is_held_back_on_a_ground_and_a_damaged_file_is_sealed_unread() -> None:
    line = "1,a.pdf,A,report,,publish,minors,3-5;9,2027-01-31\n2,b.pdf,B,report,,publish-unread,,,2027-01-31"
    rows = inventory.parse_rows(f"{HEADER}\n{line}\n", {"a.pdf", "b.pdf"}, {"minors"})
    assert (rows[0].ground, rows[0].held_pages) == ("minors", "3-5;9")
    assert inventory.parse_held_pages(rows[0].held_pages, 12) == (3, 4, 5, 9)
    assert rows[1].intent == "publish-unread"
    assert inventory.format_rows(rows) == f"{HEADER}\n{line}\n"


def test_a_range_may_name_a_ground_of_its_own() -> None:
    assert inventory.parse_held_grounds("3-4;9 minors", "law") == {3: "law", 4: "law", 9: "minors"}
    assert inventory.parse_held_pages("3-4;9 minors", 20) == (3, 4, 9)


@given(st.sets(st.integers(1, 400)))
def test_held_pages_are_read_back_as_written(numbers: set[int]) -> None:
    assert inventory.parse_held_pages(inventory.format_held_pages(numbers), None) == tuple(sorted(numbers))


@pytest.mark.parametrize(
    "text", ["0", "3-", "a", "5;3", "5;5", "2-4;4", "3,4", " 3", "3 ", "-1", "²", ";", "1000000"]
)
def test_malformed_held_pages_are_refused(text: str) -> None:
    with pytest.raises(errors.UserMistake, match="rising order"):
        inventory.parse_held_pages(text, None)


def test_held_pages_must_lie_in_the_document_and_leave_something_to_publish() -> None:
    with pytest.raises(errors.UserMistake, match="page 9 is to be held back, but there are 8 pages"):
        inventory.parse_held_pages("9", 8)
    with pytest.raises(errors.UserMistake, match="use the intent withhold"):
        inventory.parse_held_pages("1-8", 8)


@pytest.mark.parametrize("name", ["=cmd|' /C calc'!A0.pdf", "+1.pdf", "-rf.pdf", "@SUM(A1).pdf", "'=x.pdf"])
def test_no_cell_of_a_draft_is_a_formula_and_the_name_comes_back_as_it_was(name: str) -> None:
    rows = inventory.draft_rows([name], DUE)
    text = inventory.format_rows(rows)
    cells = text.splitlines()[1].split(",")[1:3]
    assert not [cell for cell in cells if cell.strip('"')[0] in "=+-@"]
    assert inventory.parse_rows(text, {name}, set()) == rows
    # Written by hand, nobody puts the mark there.
    assert inventory.parse_rows(text.replace(",'", ","), {name.removeprefix("'")}, set())


@pytest.mark.parametrize(
    ("line_end", "mark", "delimiter"), [("\r\n", "", ","), ("\n", "\ufeff", ","), ("\r\n", "\ufeff", ";")]
)
def test_a_table_is_read_as_spreadsheets_of_all_countries_save_it(
    line_end: str, mark: str, delimiter: str
) -> None:
    rows = inventory.draft_rows(["a.pdf", "bé.pdf"], DUE)
    text = mark + inventory.format_rows(rows).replace("\n", line_end).replace(",", delimiter)
    read = inventory.decode_table(text.encode())
    assert inventory.parse_rows(read, {"a.pdf", "bé.pdf"}, set()) == rows


@pytest.mark.parametrize("codec", ["latin-1", "utf-16"])
def test_a_table_in_another_character_set_is_refused_by_its_line(codec: str) -> None:
    text = inventory.format_rows(inventory.draft_rows(["a.pdf", "bé.pdf"], DUE))
    with pytest.raises(errors.UserMistake, match=r"line [13]: the text is not UTF-8; in a spreadsheet save"):
        inventory.decode_table(text.encode(codec))


def test_missing_columns_are_named() -> None:
    with pytest.raises(errors.UserMistake, match=r"missing: held_pages, due"):
        inventory.parse_rows(HEADER.replace(",held_pages,due", "") + "\n", set(), set())


def test_a_name_that_only_looks_like_the_file_s_is_told_so() -> None:
    composed, divided = "caf\u00e9.pdf", "cafe\u0301.pdf"
    with pytest.raises(errors.UserMistake, match=r"'cafe\\u0301\.pdf' looks the same"):
        inventory.parse_rows(f"{HEADER}\n1,{composed},A,report,,publish,,,2027-01-31\n", {divided}, set())


@pytest.mark.parametrize(
    ("intent", "held", "pages", "sentence"),
    [
        ("publish-unread", "", 3, "all 3 pages can be read"),
        ("publish", "2", None, "no page of this file is read"),
        ("publish", "4", 3, "page 4 is to be held back, but there are 3 pages"),
        ("publish", "1-3", 3, "every page is to be held back"),
        ("publish", "2", 3, ""),
        ("publish-unread", "", None, ""),
    ],
)
def test_what_a_row_says_of_pages_is_held_against_the_file(
    intent: str, held: str, pages: int | None, sentence: str
) -> None:
    row = inventory.Row(1, "a", "A", "note", "", intent, "minors" if held else "", held, DUE)
    told = inventory.list_page_problems(row, pages)
    assert len(told) == bool(sentence)
    assert all(sentence in each for each in told)


def test_cells_are_kept_as_typed_also_where_they_are_wrong():
    rows = [
        dict(
            zip(
                inventory.COLUMNS, ("1", "a.pdf", "=SUM(A1)", "novel", "soon", "", "", "9-3", ""), strict=True
            )
        ),
        dict(
            zip(inventory.COLUMNS, ("2", "b, c.pdf", 'so "called"', "", "", "x", "y", "", "'-"), strict=True)
        ),
    ]
    text = inventory.format_cells(rows)
    assert ",'=SUM(A1)," in text, "a spreadsheet would run it"
    assert inventory.parse_cells(text) == rows
    with pytest.raises(errors.UserMistake, match="line 2: the line must have 9 cells"):
        inventory.parse_cells(f"{HEADER}\n1,a.pdf\n")


def test_what_is_wrong_with_a_row_is_told_by_its_column():
    cells = dict(
        zip(inventory.COLUMNS, ("1", "a.pdf", "", "novel", "soon", "withhold", "", "", "x"), strict=True)
    )
    found = inventory.list_row_problems(cells, 1, {"a.pdf"}, {"minors"})
    assert [column for column, _ in found] == ["title", "kind", "ground", "date", "due"]
