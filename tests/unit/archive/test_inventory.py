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
        ("2,a.pdf,A,report,,publish,,2027-01-31", "the number must be 1"),
        ("1,b.pdf,A,report,,publish,,2027-01-31", "there is no file 'b.pdf'"),
        ("1,../a.pdf,A,report,,publish,,2027-01-31", "plain path below the folder"),
        ("1,a.pdf, ,report,,publish,,2027-01-31", "the title is empty"),
        ("1,a.pdf,A,novel,,publish,,2027-01-31", "the kind 'novel' is unknown"),
        ("1,a.pdf,A,report,,maybe,,2027-01-31", "the intent 'maybe' is unknown"),
        ("1,a.pdf,A,report,,withhold,because,2027-01-31", "the ground 'because' is unknown"),
        ("1,a.pdf,A,report,,publish,minors,2027-01-31", "a ground stands only beside"),
        ("1,a.pdf,A,report,31.1.2020,publish,,2027-01-31", "the date '31.1.2020' is not a date"),
        ("1,a.pdf,A,report,,publish,,", "the due '' is not a date"),
        ("1,a.pdf,A,report,,publish", "the line must have 8 cells"),
        ("1,a.pdf,A,report,,publish,,2027-01-31,more", "the line must have 8 cells"),
    ],
)
def test_each_mistake_is_named_with_its_line(line: str, sentence: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(f"{HEADER}\n{line}\n", {"a.pdf"}, {"minors"})
    assert any(p.place == "line 2" and sentence in p.sentence for p in caught.value.problems)


def test_every_problem_is_told_at_once_and_a_file_without_a_row_is_one() -> None:
    text = f"{HEADER}\n1,a.pdf,A,report,,publish,,2027-01-31\n2,a.pdf,A,novel,,publish,,2027-01-31\n"
    with pytest.raises(errors.UserMistake) as caught:
        inventory.parse_rows(text, {"a.pdf", "lost\nfile.pdf"}, set())
    told = str(caught.value)
    for sentence in ("novel", "stands already in line 2", "has no row", "control character"):
        assert sentence in told


def test_a_wrong_header_and_an_empty_inventory_are_refused() -> None:
    for text in ("", "file,title\n", f"{HEADER}\n"):
        with pytest.raises(errors.UserMistake):
            inventory.parse_rows(text, set(), set())
