"""A codebook is read whole or each of its problems is named by a JSON Pointer."""

import copy
import datetime

import pytest

from lightwell.base import errors
from lightwell.query import codebook

DAY, NOON = datetime.date(2026, 1, 1), datetime.datetime.combine(datetime.date(2026, 1, 1), datetime.time(12))
GOOD = {
    "codebook": 1,
    "dataset": "usage-2026",
    "version": "3",
    "title": "Usage",
    "population": "children",
    "delta": 1e-7,
    "budget": {"epsilon": 4, "delta": 1e-6},
    "source": "an invented source",
    "sample": True,
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 8,
            "attested": "a public source",
            "columns": {
                "country": {"type": "text", "values": ["AT", "BE"], "constant": True, "attested": "a law"},
                "minutes": {
                    "type": "real",
                    "low": 0,
                    "high": 300,
                    "step": 0.01,
                    "attested": "a day's minutes",
                },
                "messages": {"type": "integer", "low": 0, "high": 50, "nulls": False, "attested": "the app"},
                "answer": {
                    "type": "integer",
                    "values": [1, 2, 9],
                    "labels": {9: "none"},
                    "attested": "the form",
                },
                "day": {"type": "date", "low": DAY, "high": DAY, "attested": "the study"},
                "moment": {"type": "timestamp"},
                "night": {"type": "boolean"},
                "tag": {"type": "text"},
            },
        },
        "places": {
            "public": True,
            "key": "country",
            "columns": {"country": {"type": "text"}, "region": {"type": "text", "values": ["north"]}},
        },
    },
}


def with_change(pointer, value):
    """The good codebook with one place changed; a place that is not there is put in."""
    said = copy.deepcopy(GOOD)
    *way, last = pointer.strip("/").split("/")
    at = said
    for name in way:
        at = at[name]
    if value is None:
        at.pop(last, None)
    else:
        at[last] = value
    return said


def test_a_good_codebook_is_read_as_it_says():
    book = codebook.parse_codebook(GOOD)
    usage, places = book.tables["usage"], book.tables["places"]
    assert (usage.unit, usage.rows_per_child, usage.is_public, places.is_public) == ("child", 8, False, True)
    assert usage.columns["country"].is_constant
    assert usage.columns["minutes"].domain.step == 0.01
    assert (usage.columns["answer"].domain.low, usage.columns["answer"].domain.high) == (1, 9)
    assert usage.columns["answer"].labels == {"9": "none"}
    assert not usage.columns["messages"].domain.has_null
    assert usage.columns["tag"].domain.values is None
    assert book.is_sample
    assert codebook.list_unattested(book) == []


def test_its_digest_hangs_on_everything_it_says():
    digest = codebook.parse_codebook(GOOD).digest
    assert codebook.parse_codebook(copy.deepcopy(GOOD)).digest == digest
    for pointer, value in (
        ("/tables/usage/rows_per_child", 9),
        ("/tables/usage/columns/minutes/high", 301),
        ("/tables/usage/columns/country/attested", "another law"),
    ):
        assert codebook.parse_codebook(with_change(pointer, value)).digest != digest


COLUMNS = "/tables/usage/columns"
WRONG = [
    ("/codebook", 2, "/codebook"),
    ("/codebook", True, "/codebook"),
    ("/codebook", None, "/codebook"),
    ("/extra", 1, "/extra"),
    ("/dataset", "Usage 2026", "/dataset"),
    ("/dataset", None, "/dataset"),
    ("/population", 5, "/population"),
    ("/title", ["x"], "/title"),
    ("/source", 5, "/source"),
    ("/sample", "yes", "/sample"),
    ("/delta", 0.1, "/delta"),
    ("/delta", 0, "/delta"),
    ("/delta", "1e-7", "/delta"),
    ("/delta", float("nan"), "/delta"),
    ("/budget", None, "/budget"),
    ("/budget", {"epsilon": 1}, "/budget"),
    ("/budget", {"epsilon": 1, "delta": "1e-6"}, "/budget"),
    ("/budget", {"epsilon": float("inf"), "delta": 0}, "/budget"),
    ("/tables", {}, "/tables"),
    ("/tables", [], "/tables"),
    ("/tables/a b", {"public": True, "key": "x", "columns": {"x": {"type": "text"}}}, "/tables/a b"),
    ("/tables/other", "usage", "/tables/other"),
    ("/tables/USAGE", copy.deepcopy(GOOD["tables"]["usage"]), "/tables"),
    ("/tables/usage/more", 1, "/tables/usage/more"),
    ("/tables/usage/public", "yes", "/tables/usage/public"),
    ("/tables/usage/public", True, "/tables/usage"),
    ("/tables/usage/unit", None, "/tables/usage/unit"),
    ("/tables/usage/unit", "the child", "/tables/usage/unit"),
    ("/tables/usage/unit", "Night", "/tables/usage/unit"),
    ("/tables/usage/rows_per_child", 0, "/tables/usage/rows_per_child"),
    ("/tables/usage/rows_per_child", True, "/tables/usage/rows_per_child"),
    ("/tables/usage/rows_per_child", 2.5, "/tables/usage/rows_per_child"),
    ("/tables/usage/rows_per_child", 10**7, "/tables/usage/rows_per_child"),
    ("/tables/usage/key", "day", "/tables/usage/key"),
    ("/tables/usage/attested", True, "/tables/usage/attested"),
    ("/tables/usage/columns", {}, COLUMNS),
    ("/tables/usage/columns", "night", COLUMNS),
    ("/tables/places/key", "nothing", "/tables/places/key"),
    ("/tables/places/key", ["country"], "/tables/places/key"),
    ("/tables/places/unit", "child", "/tables/places"),
    ("/tables/places/rows_per_child", 3, "/tables/places"),
    (f"{COLUMNS}/Night", {"type": "boolean"}, f"{COLUMNS}/Night"),
    (f"{COLUMNS}/a-b", {"type": "text"}, f"{COLUMNS}/a-b"),
    (f"{COLUMNS}/night", "boolean", f"{COLUMNS}/night"),
    (f"{COLUMNS}/night/kind", "x", f"{COLUMNS}/night/kind"),
    (f"{COLUMNS}/night/type", "bool", f"{COLUMNS}/night/type"),
    (f"{COLUMNS}/night/type", None, f"{COLUMNS}/night/type"),
    (f"{COLUMNS}/night/nulls", "no", f"{COLUMNS}/night/nulls"),
    (f"{COLUMNS}/night/constant", 1, f"{COLUMNS}/night/constant"),
    (f"{COLUMNS}/night/title", 1, f"{COLUMNS}/night/title"),
    (f"{COLUMNS}/night/attested", 1, f"{COLUMNS}/night/attested"),
    (f"{COLUMNS}/night/values", [True], f"{COLUMNS}/night/values"),
    (f"{COLUMNS}/night/low", False, f"{COLUMNS}/night/low"),
    (f"{COLUMNS}/night/step", 1, f"{COLUMNS}/night/step"),
    (f"{COLUMNS}/night/labels", ["x"], f"{COLUMNS}/night/labels"),
    (f"{COLUMNS}/country/values", [], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", "AT", f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", ["AT", 5], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", ["AT", "AT"], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", ["x" * 1001], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", ["a\x00b"], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", ["\ud800"], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/values", [str(one) for one in range(10_001)], f"{COLUMNS}/country/values"),
    (f"{COLUMNS}/country/low", "A", f"{COLUMNS}/country/low"),
    (f"{COLUMNS}/answer/values", [1, True], f"{COLUMNS}/answer/values"),
    (f"{COLUMNS}/answer/values", [2**53], f"{COLUMNS}/answer/values"),
    (f"{COLUMNS}/answer/values", [1.5], f"{COLUMNS}/answer/values"),
    (f"{COLUMNS}/messages/low", 0.5, f"{COLUMNS}/messages/low"),
    (f"{COLUMNS}/messages/high", 2**53, f"{COLUMNS}/messages/high"),
    (f"{COLUMNS}/messages/high", -1, f"{COLUMNS}/messages"),
    (f"{COLUMNS}/messages/high", None, f"{COLUMNS}/messages"),
    (f"{COLUMNS}/messages/step", 1, f"{COLUMNS}/messages/step"),
    (f"{COLUMNS}/minutes/low", "0", f"{COLUMNS}/minutes/low"),
    (f"{COLUMNS}/minutes/low", float("-inf"), f"{COLUMNS}/minutes/low"),
    (f"{COLUMNS}/minutes/high", 1e13, f"{COLUMNS}/minutes/high"),
    (f"{COLUMNS}/minutes/values", [0.5], f"{COLUMNS}/minutes/values"),
    (f"{COLUMNS}/minutes/step", None, f"{COLUMNS}/minutes/step"),
    (f"{COLUMNS}/minutes/step", 0, f"{COLUMNS}/minutes/step"),
    (f"{COLUMNS}/minutes/step", 400, f"{COLUMNS}/minutes/step"),
    (f"{COLUMNS}/minutes/step", 1e-9, f"{COLUMNS}/minutes/step"),
    (f"{COLUMNS}/day/low", NOON, f"{COLUMNS}/day/low"),
    (f"{COLUMNS}/day/high", "2026-01-01", f"{COLUMNS}/day/high"),
    (f"{COLUMNS}/moment/values", [NOON], f"{COLUMNS}/moment/values"),
    (f"{COLUMNS}/moment/low", DAY, f"{COLUMNS}/moment/low"),
    (f"{COLUMNS}/moment/low", NOON.replace(tzinfo=datetime.UTC), f"{COLUMNS}/moment/low"),
]


@pytest.mark.parametrize(
    ("pointer", "value", "place"), WRONG, ids=[f"{one[0]}={one[1]!r:.20}" for one in WRONG]
)
def test_what_is_wrong_is_named_by_its_place(pointer, value, place):
    with pytest.raises(errors.UserMistake) as refused:
        codebook.parse_codebook(with_change(pointer, value))
    problems = refused.value.problems
    assert place in [one.place for one in problems]
    assert all(one.place.startswith("/") and one.sentence for one in problems)


def test_values_with_bounds_are_refused_because_a_value_outside_them_would_add_too_much():
    said = with_change(f"{COLUMNS}/answer/low", 1)
    said["tables"]["usage"]["columns"]["answer"]["high"] = 2
    with pytest.raises(errors.UserMistake) as refused:
        codebook.parse_codebook(said)
    assert [one.place for one in refused.value.problems] == [f"{COLUMNS}/answer"]


def test_names_in_places_are_escaped_as_json_pointers_are():
    with pytest.raises(errors.UserMistake) as refused:
        codebook.parse_codebook({**GOOD, "a/b~c": 1})
    assert [one.place for one in refused.value.problems] == ["/a~1b~0c"]


def test_all_problems_are_named_at_once():
    said = with_change(f"{COLUMNS}/minutes/step", 0)
    said["delta"] = 1
    said["tables"]["places"]["key"] = "x"
    del said["dataset"]
    with pytest.raises(errors.UserMistake) as refused:
        codebook.parse_codebook(said)
    assert {one.place for one in refused.value.problems} == {
        "/dataset",
        "/delta",
        "/tables/places/key",
        f"{COLUMNS}/minutes/step",
    }


@pytest.mark.parametrize("value", [None, [], "codebook: 1", 5, {}])
def test_what_is_no_codebook_at_all_is_refused(value):
    with pytest.raises(errors.UserMistake):
        codebook.parse_codebook(value)


@pytest.mark.parametrize(
    ("pointer", "place"),
    [
        ("/tables/usage/attested", "/tables/usage/rows_per_child"),
        (f"{COLUMNS}/country/attested", f"{COLUMNS}/country"),
        (f"{COLUMNS}/minutes/attested", f"{COLUMNS}/minutes"),
        (f"{COLUMNS}/day/attested", f"{COLUMNS}/day"),
    ],
)
def test_a_bound_that_nothing_stands_behind_is_named(pointer, place):
    for said in (with_change(pointer, None), with_change(pointer, "  ")):
        assert codebook.list_unattested(codebook.parse_codebook(said)) == [place]
    constant = with_change(f"{COLUMNS}/night/constant", True)
    assert codebook.list_unattested(codebook.parse_codebook(constant)) == [f"{COLUMNS}/night"]
