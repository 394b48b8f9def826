"""Mappings: those that come with the program, what makes one wrong, and guesses nobody confirmed."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lightwell.base import errors
from lightwell.figures import mapping as mappings
from lightwell.files import mapping_files

WHOLE: dict[str, Any] = {
    "name": "ours",
    "version": "one",
    "provider": "Us",
    "no_number": ["-"],
    "header": ["app", "metric", "period", "value"],
    "columns": {
        "app": {"is": "service"},
        "metric": {"is": "metric"},
        "period": {"is": "period"},
        "value": {"is": "value"},
    },
    "metrics": [
        {"name": "Posts", "counts": "pieces"},
        {"pattern": "* rate", "counts": "pieces", "unit": "per cent"},
    ],
}


@pytest.mark.parametrize("name", mapping_files.list_mappings())
def test_every_mapping_of_the_program_is_read_and_reads_again_from_its_own_value(name: str) -> None:
    mapping = mapping_files.find_mapping(name)
    assert mapping.name == name
    assert mappings.parse_mapping(mapping.value) == mapping
    assert {each.mapping for each in mapping.layouts} == {name}


def test_the_four_mappings_are_there() -> None:
    assert mapping_files.list_mappings() == ["discord", "meta", "ncmec", "tiktok"]


def test_every_oddity_of_a_mapping_has_a_reason() -> None:
    for name in mapping_files.list_mappings():
        for layout in mapping_files.find_mapping(name).layouts:
            reasons = [each.reason for each in (*layout.replacements, *layout.repeated)]
            reasons += [each.shifted_reason for each in layout.tables if each.shifted]
            assert all(len(each) > 20 for each in reasons)


def test_an_exact_name_goes_before_a_pattern() -> None:
    value = WHOLE | {"metrics": [{"pattern": "*", "counts": "other"}, {"name": "Posts", "counts": "pieces"}]}
    layout = mappings.parse_layout(value)
    found = mappings.find_measure(layout.rules, "Posts")
    assert found is not None
    assert found.counts == "pieces"


def change(*place: str, to: Any = None, away: bool = False) -> dict[str, Any]:
    value = copy.deepcopy(WHOLE)
    held = value
    for each in place[:-1]:
        held = held[int(each)] if isinstance(held, list) else held[each]
    if away:
        del held[place[-1]]
    else:
        held[place[-1]] = to
    return value


WRONG = [
    (change("provider", away=True), "", "'provider' is missing"),
    (change("version", to="One!"), "/version", "small letters"),
    (change("colour", to="red"), "/colour", "no such field"),
    (change("header", to=["app", "app", "period", "value"]), "/header", "two columns have one name"),
    (change("columns", "app", away=True), "/columns", '"app" of the header has no meaning'),
    (change("columns", "extra", to={"is": "metric"}), "/columns/extra", "not in the header"),
    (change("columns", "app", to={"is": "king"}), "/columns/app/is", "one of"),
    (change("columns", "app", to={"is": "metric"}), "/columns", "only one column can be the metric"),
    (change("columns", "value", to={"is": "ignored", "reason": "x"}), "/columns", "no column is a value"),
    (change("columns", "app", to={"is": "ignored"}), "/columns/app/reason", "text"),
    (change("columns", "period", to={"is": "ignored", "reason": "x"}), "/columns/value", "say `period`"),
    (change("columns", "metric", to={"is": "ignored", "reason": "x"}), "/columns/value", "say `metric`"),
    (
        change("columns", "value", to={"is": "value", "unit": "miles", "counts": "pieces"}),
        "/columns/value/unit",
        "one of",
    ),
    (change("columns", "value", to={"is": "value", "counts": "sheep"}), "/columns/value/counts", "one of"),
    (
        change("columns", "value", to={"is": "value", "counts": "pieces", "scale": 0}),
        "/columns/value/scale",
        "scale",
    ),
    (
        change("columns", "value", to={"is": "value", "period": "summer"}),
        "/columns/value/period",
        "no period",
    ),
    (change("metrics", to=[{"counts": "pieces"}]), "/metrics/0", "either a `name` or a `pattern`"),
    (change("metrics", to=[{"name": "x"}]), "/metrics/0", "'counts' is missing"),
    (
        change("read_as", to=[{"column": "nope", "printed": "a", "read": "b", "reason": "c"}]),
        "/read_as/0/column",
        "no column",
    ),
    (
        change("repeated", to=[{"column": "app", "printed": "a", "editions": [], "reason": "c"}]),
        "/repeated/0/editions",
        "at least one",
    ),
    (change("encoding", to="ebcdic"), "/encoding", "one of"),
    (
        change("columns", "app", "confirm", to="guessed by its name"),
        "/columns/app/confirm",
        "guessed by its name",
    ),
]


@pytest.mark.parametrize(
    ("value", "place", "words"), WRONG, ids=[f"{each[1]}-{each[2][:12]}" for each in WRONG]
)
def test_what_is_wrong_with_a_mapping_is_told_by_its_place(value: Any, place: str, words: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        mappings.parse_layout(value)
    assert any(each.place == place and words in each.sentence for each in caught.value.problems)


@pytest.mark.parametrize("value", [None, [], 7, "text", {}, {"name": 1}, {"columns": 3, "header": "x"}])
def test_no_value_makes_it_crash(value: Any) -> None:
    with pytest.raises(errors.UserMistake):
        mappings.parse_layout(value)


def test_all_problems_are_told_at_once() -> None:
    value = change("provider", away=True) | {"colour": "red", "kind": "spiral"}
    with pytest.raises(errors.UserMistake) as caught:
        mappings.parse_layout(value)
    assert len(caught.value.problems) == 3


def test_how_bytes_are_read_must_be_the_same_in_all_versions() -> None:
    one = mappings.parse_layout(WHOLE)
    two = mappings.parse_layout(WHOLE | {"version": "two", "delimiter": ";"})
    with pytest.raises(errors.UserMistake, match="differ in delimiter"):
        mappings.make_mapping("ours", [one, two])
