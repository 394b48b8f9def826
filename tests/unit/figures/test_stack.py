"""Several tables in one file, by their titles; oddities only where they are declared."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.figures import revision
from lightwell.figures.edition import Edition

VALUE: dict[str, Any] = {
    "name": "ours",
    "version": "one",
    "provider": "Us",
    "kind": "stacked",
    "no_number": ["--"],
    "restates_history": False,
    "metrics": [{"pattern": "*", "counts": "accounts"}],
    "tables": [
        {
            "title": "Warnings",
            "totals": ["Total:"],
            "header": ["Category", "Warned"],
            "columns": {"Category": {"is": "policy area"}, "Warned": {"is": "value"}},
        },
        {
            "title": "Reports",
            "totals": ["Total"],
            "header": ["Month", "Sent"],
            "columns": {"Month": {"is": "period"}, "Sent": {"is": "value"}},
        },
    ],
}
ROWS = [
    ["Warnings", ""],
    ["", ""],
    ["Category", "Warned"],
    ["Child Safety", "10"],
    ["Spam", "--"],
    ["", ""],
    ["Total:", "10"],
    ["Reports", ""],
    ["Month", "Sent"],
    ["October", "1"],
    ["December", "2"],
    ["Total", "3"],
]


def read(rows: list[list[str]], hint: str = "2023Q4", *values: dict[str, Any]) -> Edition:
    mapping = mappings.make_mapping("ours", [mappings.parse_layout(each) for each in values or (VALUE,)])
    named = periods.parse_period(hint) if hint else None
    return layouts.read_edition(layouts.open_rows(mapping, rows, "x.csv", named))


def test_every_table_is_read_with_its_totals_and_months_of_the_edition() -> None:
    edition = read(ROWS)
    found = [
        (p.series.policy_area, p.series.metric, str(p.period), p.number, p.row) for p in edition.points()
    ]
    assert found == [
        ("Child Safety", "Warnings: Warned", "2023Q4", 10, 4),
        ("Spam", "Warnings: Warned", "2023Q4", None, 5),
        ("Total", "Warnings: Warned", "2023Q4", 10, 7),
        ("All", "Reports: Sent", "2023-10", 1, 10),
        ("All", "Reports: Sent", "2023-12", 2, 11),
        ("All", "Reports: Sent", "2023Q4", 3, 12),
    ]
    assert (edition.name, edition.restates) == ("2023Q4", False)


def put(at: int, row: list[str]) -> list[list[str]]:
    return [*ROWS[:at], row, *ROWS[at:]]


BAD = [
    (ROWS[:7], "2023Q4", "", "ends before the table"),
    ([*ROWS[:7], ["Requests", ""], ["Month", "Sent"]], "2023Q4", "row 8", '"Requests" is no row'),
    (put(4, ["Spam and more"]), "2023Q4", "row 5", "is no row of the table"),
    (put(4, ["Spam", "1", "2"]), "2023Q4", "row 5", "is no row of the table"),
    ([*ROWS, ["Extra", "9", "9"]], "2023Q4", "row 13", "is no row of the table"),
    ([["Category", "Warned"]], "2023Q4", "row 1", 'here should stand "Warnings"'),
    (ROWS, "2023Q1", 'row 10, column "Month"', "does not lie in 2023Q1"),
    (ROWS, "", "x.csv", "--edition"),
]


@pytest.mark.parametrize(("rows", "hint", "place", "words"), BAD)
def test_what_fits_no_table_is_refused_by_its_row(
    rows: list[list[str]], hint: str, place: str, words: str
) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        read(rows, hint)
    assert caught.value.problems[0].place.endswith(place)
    assert words in caught.value.problems[0].sentence


SHIFTED = [
    ["Warnings", ""],
    ["Category", "Warned"],
    ["Child Safety", "Warned"],
    ["Spam", "10"],
    ["", "20"],
    ["Total:", ""],
    ["", "30"],
    *ROWS[7:],
]


def test_a_shifted_table_is_read_only_where_that_is_declared_and_for_that_edition() -> None:
    with pytest.raises(errors.UserMistake):
        read(SHIFTED)
    odd = copy.deepcopy(VALUE) | {"version": "odd", "editions": ["2023Q4"]}
    odd["tables"][0]["shifted"] = {"column": "Warned", "reason": "each number stands one row too low"}
    edition = read(SHIFTED, "2023Q4", VALUE, odd)
    found = [(p.series.policy_area, p.number, p.row) for p in edition.points()][:3]
    assert found == [("Child Safety", 10, 4), ("Spam", 20, 5), ("Total", 30, 7)]
    assert edition.version == "odd"
    assert "one row too low" in edition.notes[0]
    with pytest.raises(errors.UserMistake):
        read([*SHIFTED[:-3], ["January", "1"], ["Total", "1"]], "2023Q1", VALUE, odd)


def test_an_edition_that_is_not_restated_is_not_dropped() -> None:
    earlier = read([*ROWS[:9], ["July", "7"], ["Total", "7"]], "2023Q3")
    assert revision.find_revisions(earlier, read(ROWS)) == ()
