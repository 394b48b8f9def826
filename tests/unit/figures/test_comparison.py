"""What was said beside what was received, and sums that carry their warnings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.figures import assertion, comparison
from lightwell.figures.comparison import Family, Member
from lightwell.figures.period import parse_period
from lightwell.figures.point import Point, Series

FILE: dict[str, Any] = {
    "@": {"author": "somebody"},
    "Group": {"brands": ["Alpha", "Beta"]},
    "Alpha": {"columns": ["reports", "pieces"], "rows": [{"2023 H1": [10, 1]}, {"2023 H2": [20, None]}]},
    "Beta": {"columns": ["pieces"], "rows": [{"2023": [7]}]},
    "Owner": {"columns": ["reports"], "rows": [{"2023": [100]}], "brands": ["Owned"]},
    "Owned": {"columns": ["reports"], "rows": [{"2023": [40], "redundant": True}]},
    "Quarters": {
        "columns": ["a", "b"],
        "sums": {"reports": ["a", "b"]},
        "rows": [{"2023 Q1": [1, 2]}, {"2023 Q2": [3, 4]}, {"2023 Q3": [5, 6]}, {"2023 Q4": [7, 8]}],
    },
    "Halfway": {"columns": ["reports"], "rows": [{"2023 H1": [5]}]},
    "Renamed": {"aka": ["Former"], "columns": ["reports"], "rows": [{"2023": [9]}]},
    "Quiet": None,
    "NCMEC": {
        "columns": ["platform", "reports"],
        "sources": ["https://example.org/list"],
        "rows": [
            {"2023": ["Alpha", 25]},
            {"2023": ["Alpha", 6]},
            {"2023": ["Beta", 50]},
            {"2023": ["Owner", 70]},
            {"2023": ["Owned", 41]},
            {"2023": ["Quarters", 36]},
            {"2023": ["Halfway", 12]},
            {"2023": ["Renamed", 4]},
            {"2023": ["Former", 5]},
            {"2023": ["Quiet", 3]},
            {"2023": ["Total", 1000]},
            {"2022": ["Total", 900]},
        ],
    },
}


@pytest.fixture
def families() -> dict[str, Family]:
    account = comparison.compare_with_clearing_house(assertion.read_assertions(FILE, "x.json"), 2023)
    assert account.total == 1000
    assert account.sources == ("https://example.org/list",)
    return {each.name: each for each in account.families}


def find_member(family: Family, name: str) -> Member:
    return next(each for each in family.members if each.name == name)


def test_halves_and_entries_are_added_up_and_shown(families: dict[str, Family]) -> None:
    alpha = find_member(families["Group"], "Alpha")
    assert (alpha.said, alpha.received) == (30, 31)
    assert [each.number for each in alpha.said_parts] == [10, 20]
    assert [each.number for each in alpha.received_parts] == [25, 6]


def test_a_brand_without_reports_did_not_answer_and_is_named_beside_the_sum(
    families: dict[str, Family],
) -> None:
    beta = find_member(families["Group"], "Beta")
    assert (beta.answer, beta.said) == (comparison.SILENT, None)
    assert "none of reports (pieces)" in beta.note
    assert families["Group"].difference == 30 - 81
    assert families["Group"].warnings == ("received from, but not said by: Beta (50)",)


def test_what_is_counted_elsewhere_is_not_counted_twice(families: dict[str, Family]) -> None:
    owner = families["Owner"]
    assert find_member(owner, "Owned").is_counted_elsewhere
    assert (owner.said, owner.received, owner.difference) == (100, 111, -11)


def test_columns_that_make_up_reports_are_added_up(families: dict[str, Family]) -> None:
    assert (families["Quarters"].said, families["Quarters"].difference) == (36, 0)


def test_half_a_year_has_no_difference(families: dict[str, Family]) -> None:
    halfway = families["Halfway"]
    assert (halfway.answer, halfway.said, halfway.difference) == (comparison.PART, None, None)
    assert halfway.members[0].note == "only 2023H1: 5"


def test_an_earlier_name_belongs_to_the_company(families: dict[str, Family]) -> None:
    assert (families["Renamed"].said, families["Renamed"].received, families["Renamed"].difference) == (
        9,
        9,
        0,
    )


def test_who_says_nothing_did_not_answer_which_is_not_zero(families: dict[str, Family]) -> None:
    quiet = families["Quiet"]
    assert (quiet.answer, quiet.said, quiet.received, quiet.difference) == (comparison.SILENT, None, 3, None)
    assert quiet.members[0].note == "publishes no figures"


def test_a_year_without_figures_of_the_clearing_house_is_refused() -> None:
    with pytest.raises(errors.UserMistake, match="no figures for 2019; it gives 2022, 2023"):
        comparison.compare_with_clearing_house(assertion.read_assertions(FILE, "x.json"), 2019)


BAD = [
    ({"Alpha": {}}, "no NCMEC"),
    ({"NCMEC": {"columns": ["platform", "reports"], "rows": [{"2023": ["A"]}]}}, "0 values for 1 columns"),
    ({"NCMEC": {"columns": ["platform", "reports"], "rows": [{"2023": ["A", "many"]}]}}, "is no number"),
    ({"NCMEC": {"columns": ["platform", "reports"], "rows": [{"2023": ["A", True]}]}}, "is no number"),
    ({"NCMEC": {"columns": ["platform", "reports"], "rows": [{"soon": ["A", 1]}]}}, "no period"),
    ({"NCMEC": {"columns": ["platform", "reports"], "rows": [["A", 1]]}}, "one period and the list"),
    ({"NCMEC": {}, "Alpha": {"colour": "red"}}, "colour"),
    ({"NCMEC": {}, "Alpha": "red"}, "fields of a platform"),
    ([], "no NCMEC"),
]


@pytest.mark.parametrize(("value", "words"), BAD)
def test_a_malformed_collection_is_refused(value: Any, words: str) -> None:
    with pytest.raises(errors.UserMistake, match=words):
        assertion.read_assertions(value, "x.json")


def make_point(number: Any, counts: str = "pieces", unit: str = "number", period: str = "2023Q1") -> Point:
    series = Series("P", "S", "Spam", "Posts", counts, unit)
    return Point(series, parse_period(period), str(number), number, "x", 2)


def test_a_sum_of_one_kind_has_no_warning() -> None:
    total = comparison.add_points([make_point(1), make_point(2, period="2023Q2")])
    assert (total.number, total.warnings) == (3, ())


def test_a_sum_that_mixes_what_is_counted_says_so() -> None:
    total = comparison.add_points([make_point(1), make_point(2, "reports")])
    assert total.number == 3
    assert "count different things: pieces, reports" in total.warnings[0]


def test_rates_are_never_added_up() -> None:
    total = comparison.add_points(
        [make_point(Decimal("0.5"), unit="share"), make_point(Decimal("0.2"), unit="share")]
    )
    assert total.number is None
    assert "not added up" in total.warnings[-1]


def test_a_figure_without_a_number_is_not_zero_in_a_sum() -> None:
    total = comparison.add_points([make_point(5), make_point(None, period="2023Q2")])
    assert (total.number, total.warnings) == (5, ("For 1 of 2 figures no number was given.",))
    assert comparison.add_points([make_point(None)]).number is None


def test_overlapping_periods_in_a_sum_are_warned_of() -> None:
    total = comparison.add_points([make_point(5), make_point(9, period="2023")])
    assert any("overlap" in each for each in total.warnings)
