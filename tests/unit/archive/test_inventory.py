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
    ],
)
def test_each_mistake_is_named_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(f"{HEADER}\n{line}\n", {"a.pdf"}, {"minors"})
    assert any(p.place == "line 2" and sentence in p.sentence for p in caught.value.problems)


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
