"""Periods as providers print them, and their one canonical name."""

from __future__ import annotations

import pytest

from lightwell.base import errors
from lightwell.figures import period

READ = [
    ("2021Q3", "2021Q3"),
    ("2021 Q3", "2021Q3"),
    ("Q3 2021", "2021Q3"),
    ("2023H2", "2023H2"),
    ("2023 H1", "2023H1"),
    ("2023", "2023"),
    ("Jul-Sep 2022", "2022Q3"),
    ("July – September 2022", "2022Q3"),
    ("Jul-Dec 2022", "2022H2"),
    ("Jan-Dec 2022", "2022"),
    ("October 2022", "2022-10"),
    ("Sept 2022", "2022-09"),
    ("2022-10", "2022-10"),
    ("2022-10/2023-03", "2022-10/2023-03"),
    ("Feb-Apr 2022", "2022-02/2022-04"),
]


@pytest.mark.parametrize(("printed", "name"), READ)
def test_a_period_has_one_name_that_reads_as_itself(printed: str, name: str) -> None:
    read = period.parse_period(printed)
    assert period.format_period(read) == name
    assert period.parse_period(name) == read


@pytest.mark.parametrize(
    "printed",
    [
        "",
        "2021Q5",
        "2021Q0",
        "2023H3",
        "Smarch 2022",
        "Dec-Jan 2022",
        "2022-13",
        "21Q3",
        "2021Q33",
        "October",
    ],
)
def test_what_is_no_period_is_refused(printed: str) -> None:
    with pytest.raises(errors.UserMistake):
        period.parse_period(printed)


def test_a_month_without_a_year_lies_in_the_edition_or_is_refused() -> None:
    edition = period.parse_period("2023Q4")
    assert period.format_period(period.parse_period("November", edition)) == "2023-11"
    with pytest.raises(errors.UserMistake, match="does not lie in 2023Q4"):
        period.parse_period("January", edition)


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("discord-2022-q4.csv", "2022Q4"),
        ("x_2023H2.csv", "2023H2"),
        ("meta.csv", None),
        ("2022-q4-2023-q1.csv", None),
    ],
)
def test_a_file_name_says_one_period_or_none(name: str, found: str | None) -> None:
    read = period.find_period(name)
    assert (read and period.format_period(read)) == found


@pytest.mark.parametrize(
    ("name", "edtf"), [("2023", "2023"), ("2021Q3", "2021-07/2021-09"), ("2022-10", "2022-10")]
)
def test_records_write_a_period_as_edtf(name: str, edtf: str) -> None:
    assert period.format_edtf(period.parse_period(name)) == edtf
