"""Whatever stands in a file or a mapping: figures are read, or `UserMistake` says why, and nothing else
happens.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.base import errors
from lightwell.figures import assertion, draft, value
from lightwell.figures import layout as layouts
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.figures.mapping import Mapping
from lightwell.files import mapping_files, yaml_lines

NAMES = ["meta", "tiktok", "discord", "ncmec"]
MAPPINGS = {name: mapping_files.find_mapping(name) for name in NAMES}
WORDS = [
    "",
    "all",
    "Total",
    "2023Q1",
    "Jul-Sep 2022",
    "January",
    "1,000",
    "0.5",
    "82.10%",
    "N/A",
    "--",
    "=1+1",
    "Warns",
]
CELLS = st.one_of(st.sampled_from(WORDS), st.text(max_size=12))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5), st.decimals(allow_nan=False)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=12,
)


def try_reading(mapping: Mapping, rows: list[list[str]]) -> None:
    try:
        edition = layouts.read_edition(
            layouts.open_rows(mapping, rows, "x.csv", periods.parse_period("2023Q1"))
        )
    except errors.UserMistake:
        return
    for point in edition.points():
        assert point.number is None or type(point.number) in (int, Decimal)
        assert 1 < point.row <= len(rows)
        assert rows[point.row - 1]


@pytest.mark.parametrize("name", NAMES)
@given(data=st.data())
def test_rows_under_a_real_header_are_read_or_refused(name: str, data: st.DataObject) -> None:
    tables = [table for layout in MAPPINGS[name].layouts for table in layout.tables]
    table = data.draw(st.sampled_from(tables))
    width = len(table.header)
    rows = data.draw(st.lists(st.lists(CELLS, min_size=max(0, width - 1), max_size=width + 1), max_size=6))
    try_reading(
        MAPPINGS[name],
        [[table.title], list(table.header), *rows] if table.title else [list(table.header), *rows],
    )


@given(st.sampled_from(NAMES), st.lists(st.lists(CELLS, max_size=4), max_size=6))
def test_any_rows_are_read_or_refused(name: str, rows: list[list[str]]) -> None:
    try_reading(MAPPINGS[name], rows)


@given(JSON)
def test_any_json_is_a_mapping_or_refused(found: Any) -> None:
    for parse in (mappings.parse_layout, mappings.parse_mapping):
        try:
            parse(found)
        except errors.UserMistake:
            continue


@given(st.sampled_from(MAPPINGS["meta"].layouts), st.data())
def test_a_layout_with_one_field_spoilt_is_read_or_refused(
    layout: mappings.Layout, data: st.DataObject
) -> None:
    spoilt = dict(layout.value)
    spoilt[data.draw(st.sampled_from(sorted(spoilt)))] = data.draw(JSON)
    try:
        mappings.parse_layout(spoilt)
    except errors.UserMistake:
        return


@given(st.dictionaries(st.sampled_from(["NCMEC", "A", "B", "@"]), JSON, max_size=3))
def test_any_json_is_a_collection_or_refused(found: Any) -> None:
    try:
        assertion.read_assertions(found, "x.json")
    except errors.UserMistake:
        return


@settings(max_examples=50)
@given(
    st.lists(st.text(min_size=1, max_size=8), min_size=1, max_size=4),
    st.lists(st.lists(CELLS, max_size=4), max_size=4),
)
def test_a_draft_is_always_yaml_that_asks_to_be_confirmed(header: list[str], rows: list[list[str]]) -> None:
    try:
        text = draft.draft_layout("x", header, rows, draft.Form())
    except errors.UserMistake:
        return
    try:
        held = yaml_lines.parse_document(text.encode("utf-8", "replace"), "x").value
    except errors.UserMistake:
        # A character that no YAML text may hold; whoever drafts is told when the mapping is used.
        return
    with pytest.raises(errors.UserMistake) as caught:
        mappings.parse_layout(held)
    assert any(problem.place.endswith("confirm") for problem in caught.value.problems)


@given(st.one_of(st.integers(-(10**25), 10**25), st.decimals(-(10**6), 10**6, places=6)))
def test_a_number_written_is_read_again(number: int | Decimal) -> None:
    exact = value.normalise(number)
    assert value.parse_number(value.format_number(exact)) == exact


@given(st.integers(1900 * 12, 2090 * 12), st.integers(0, 40))
def test_a_period_written_is_read_again(first: int, more: int) -> None:
    period = periods.Period(first, first + more)
    assert periods.parse_period(periods.format_period(period)) == period
