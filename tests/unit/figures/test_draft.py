"""Drafts of mappings: what is guessed, and that nothing guessed is used unconfirmed."""

from __future__ import annotations

import pytest

from lightwell.base import errors
from lightwell.figures import draft
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.files import yaml_lines

HEADER = ["Company", "App", "Policy area", "Metric", "Quarter", "Country", "Value"]
ROWS = [
    ["We", "Chatter", "Spam: all", "Posts removed", "2023Q1", "France", "1,000"],
    ["We", "Chatter", "Spam: all", "Good rate", "2023Q1", "France", "82.1%"],
    ["We", "Chatter", "Spam: all", "Accounts closed", "2023Q2", "France", "N/A"],
]


def confirm(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if "confirm:" not in line)


def parse(text: str) -> mappings.Layout:
    return mappings.parse_layout(yaml_lines.parse_document(text.encode(), "draft.yaml").value)


def test_a_draft_is_refused_until_every_guess_is_confirmed() -> None:
    text = draft.draft_layout("mine", HEADER, ROWS, draft.Form())
    with pytest.raises(errors.UserMistake) as caught:
        parse(text)
    assert len(caught.value.problems) == text.count("confirm:") == 1 + len(HEADER) + 3
    one_left = text.replace("    confirm:", "    # confirm:", text.count("    confirm:") - 1)
    with pytest.raises(errors.UserMistake):
        parse(one_left)


def test_a_confirmed_draft_reads_its_own_file() -> None:
    layout = parse(confirm(draft.draft_layout("mine", HEADER, ROWS, draft.Form())))
    assert [each.role for each in layout.tables[0].columns] == [
        "provider", "service", "policy area", "metric", "period", "breakdown", "value",
    ]  # fmt: skip
    reading = layouts.open_rows(mappings.make_mapping("mine", [layout]), [HEADER, *ROWS], "x.csv")
    points = list(layouts.read_edition(reading).points())
    assert [(each.series.counts, each.series.unit) for each in points] == [
        ("pieces", "number"),
        ("other", "per cent"),
        ("accounts", "number"),
    ]
    assert points[2].number is None


def test_a_column_named_by_a_period_is_a_value_of_that_period() -> None:
    text = draft.draft_layout("wide", ["Country", "2022", "2023"], [["here", "1", "2"]], draft.Form())
    columns = parse(confirm(text)).tables[0].columns
    assert [(each.role, str(each.period or "")) for each in columns] == [
        ("breakdown", ""),
        ("value", "2022"),
        ("value", "2023"),
    ]


def test_noise_of_a_spreadsheet_is_noticed() -> None:
    text = draft.draft_layout("x", ["Year", "Some rate"], [["2023", "0.9620000000000001"]], draft.Form())
    layout = parse(confirm(text))
    assert layout.binary_numbers
    assert layout.tables[0].columns[1].measure == mappings.Measure("other", "share")


def test_names_of_columns_cannot_break_out_of_the_draft() -> None:
    evil = 'a": {is: value}\nprovider: "x'
    text = draft.draft_layout("x", [evil, "year", "n"], [["q", "2023", "1"]], draft.Form())
    layout = parse(confirm(text))
    assert layout.provider == "unknown"
    assert layout.tables[0].header[0] == evil


@pytest.mark.parametrize("header", [[], [""], ["a", "a"], ["a", "", "b"]])
def test_a_header_without_sense_is_refused(header: list[str]) -> None:
    with pytest.raises(errors.UserMistake):
        draft.draft_layout("x", header, [], draft.Form())


def test_a_draft_without_a_period_says_where_to_write_it_and_is_used_with_it() -> None:
    text = draft.draft_layout("mine", ["Country", "Reports"], [["here", "1"]], draft.Form())
    assert "no column is the period: write it here" in text
    layout = parse(confirm(text).replace("    is: value", "    is: value\n    period: 2023Q4"))
    assert str(layout.tables[0].columns[1].period) == "2023Q4"
