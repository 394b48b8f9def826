"""What a record states of an answer follows from its bytes, and every other statement is found."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from lightwell.base import canonical, errors
from lightwell.query import statement

ANSWER: dict[str, Any] = {
    "v": 1,
    "kind": "query-release",
    "id": "sha256:" + "a" * 64,
    "dataset": "usage",
    "sample": True,
    "data_version": "b" * 64,
    "columns": ["band", "wave", "n", "m"],
    "rows": [
        {"band": "10–12", "wave": 1, "n": 40, "m": 12.5},
        {"band": None, "wave": 2, "n": -3, "m": None},
    ],
    "intervals": [
        {"band": None, "wave": None, "n": [30, 50], "m": [11.25, 14]},
        {"band": None, "wave": None, "n": [None, 9], "m": [None, None]},
    ],
    "charge": {"nano_rho": 5, "delta_units": 0, "epsilon": 0.5, "delta": "1e-07"},
    "plan": ["Reads t."],
    "notes": ["A note."],
}


def make_body() -> dict[str, Any]:
    return {**statement.describe_answer(canonical.encode(ANSWER)), "codebook": {"name": "usage"}}


def test_every_number_is_named_with_its_group_and_what_is_unknown_is_left_out() -> None:
    assert make_body()["numbers"] == [
        {"id": "n1", "group": "band: 10–12, wave: 1", "what": "n", "value": 40, "low": 30, "high": 50},
        {"id": "n2", "group": "band: 10–12, wave: 1", "what": "m", "value": 12.5, "low": 11.25, "high": 14},
        {"id": "n3", "group": "band: missing, wave: 2", "what": "n", "value": -3, "high": 9},
        {"id": "n4", "group": "band: missing, wave: 2", "what": "m"},
    ]


def test_what_the_bytes_say_has_no_problem() -> None:
    assert statement.find_problems(make_body(), canonical.encode(ANSWER)) == []


@pytest.mark.parametrize("name", statement.FIELDS)
def test_a_field_that_says_something_else_is_named(name: str) -> None:
    body = copy.deepcopy(make_body())
    body[name] = not body[name] if isinstance(body[name], bool) else None
    assert [each.place for each in statement.find_problems(body, canonical.encode(ANSWER))] == [
        f"/body/{name}"
    ]


def test_one_changed_digit_is_found() -> None:
    body = copy.deepcopy(make_body())
    body["numbers"][1]["high"] = 14.000001
    assert [each.place for each in statement.find_problems(body, canonical.encode(ANSWER))] == [
        "/body/numbers"
    ]
    body = {**make_body(), "codebook": {"name": "another"}}
    assert statement.find_problems(body, canonical.encode(ANSWER))[0].place == "/body/codebook/name"


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"kind": "letter"},
        {"rows": []},
        {"rows": [{"n": 1}, {"n": 2}]},
        {"rows": "two"},
        {"charge": {}},
        {"charge": None},
        {"intervals": [{"band": 1, "wave": None, "n": None, "m": None}] * 2},
        {"columns": [1, 2]},
        {"columns": [], "rows": [{}] * 2, "intervals": [{}] * 2},
        {"columns": [*ANSWER["columns"], "n"]},
        {"rows": [{**row, "exact": 41} for row in ANSWER["rows"]]},
        {"rows": [{**row, "n": {"so": 1}} for row in ANSWER["rows"]]},
        {"intervals": [{**ends, "n": ["a", "b"]} for ends in ANSWER["intervals"]]},
        {"intervals": [{**ends, "n": [False, True]} for ends in ANSWER["intervals"]]},
        {"rows": [{**row, "n": 1e300} for row in ANSWER["rows"]]},
        {"plan": [1]},
        {"notes": [{}]},
        {"truncation": "much"},
        {"truncation": {"bought": 1}},
        {"v": True},
        {"v": 1.5},
        {"sample": "yes"},
    ],
    ids=str,
)
def test_bytes_that_are_no_answer_are_refused_in_a_sentence(changed: dict[str, Any]) -> None:
    data = canonical.encode({**ANSWER, **changed})
    with pytest.raises(errors.UserMistake, match="not what an answer"):
        statement.describe_answer(data)
    assert statement.find_problems(make_body(), data)[0].place == "/body/file"


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b'{"v": 1}', b"\xff", b"[" * 100_000])
def test_strange_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(errors.UserMistake):
        statement.describe_answer(data)
