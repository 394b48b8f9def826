"""Canonical JSON is a function with an inverse, judged by the standard library as the slow twin."""

import enum
import json
import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lightwell.base import canonical, errors, ids

TEXT = st.text(st.characters(blacklist_categories=("Cs",)))
SAFE = st.integers(-(2**53) + 1, 2**53 - 1)
SCALARS = st.none() | st.booleans() | SAFE | st.floats(allow_nan=False, allow_infinity=False) | TEXT
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner), max_leaves=25)


@given(VALUES)
def test_what_is_written_is_read_back_and_written_the_same(value) -> None:
    data = canonical.encode(value)
    assert canonical.decode(data) == value
    assert canonical.encode(canonical.decode(data)) == data


@given(VALUES)
def test_the_standard_library_reads_the_same_value(value) -> None:
    assert json.loads(canonical.encode(value), parse_int=float) == value


class _Whole(enum.IntEnum):
    ONE = 1


# What only the slow writer writes or refuses, and what lies at the edge of what the fast one may write.
ODD = st.sampled_from(
    [
        *(math.nan, math.inf, 2**53, -(2**53), 2**53 - 1, 1.0, -0.0, 0.1, 1e-4, 9e-5, 1e16, 1e21, 5e-324),
        *("\ud800", "\udfff", "\U0001f600", "\uffff", "\x7f\x00\u2028"),
        *(_Whole.ONE, b"", {1: 2}, {None: 1}, {"a"}),
    ]
)
KEYS = TEXT | st.sampled_from(["\U0001f600", "\uffff", "\ue000", "\ud83d", "a", "\u0001"])
MIXED = st.recursive(
    SCALARS | ODD,
    lambda inner: st.lists(inner) | st.dictionaries(KEYS, inner) | st.lists(inner).map(tuple),
    max_leaves=25,
)


@given(MIXED | st.lists(MIXED, min_size=5) | st.dictionaries(KEYS, SCALARS | ODD, min_size=5))
@example([[["\U0001f600"]], {"\U0001f600": 1, "\uffff": 2}, 1, 2, 3])
@example([1, 2, 3, 4, {"b": {1: 2}}])
@example([1, 2, 3, 4, 1.5, 0.0])
def test_the_fast_writer_writes_and_refuses_what_the_slow_one_does(value) -> None:
    assert _try(canonical.encode, value) == _try(_write_slowly, value)


def _write_slowly(value) -> bytes:
    parts: list[str] = []
    canonical._write(value, "", parts, 0)
    return "".join(parts).encode()


def _try(write, value) -> object:
    try:
        return write(value)
    except errors.UserMistake as error:
        return error.problems


@pytest.mark.parametrize("depth", [canonical.MAX_DEPTH, canonical.MAX_DEPTH + 1])
def test_the_fast_writer_goes_as_deep_as_the_slow_one(depth: int) -> None:
    value: list = []
    for _ in range(depth):
        value = [value, 1, 2, 3, 4]
    if depth <= canonical.MAX_DEPTH:
        assert canonical.decode(canonical.encode(value)) == value
    else:
        with pytest.raises(errors.UserMistake, match="nested"):
            canonical.encode(value)


def test_values_that_hold_each_other_twice_are_refused_at_once() -> None:
    value: list = [1]
    for _ in range(2 * canonical.MAX_DEPTH):
        value = [value] * 6
    with pytest.raises(errors.UserMistake, match="nested"):
        canonical.encode(value)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_in_the_ecmascript_layout_and_keeps_every_bit(number: float) -> None:
    text = canonical.format_number(number)
    assert float(text) == number
    assert text[-2:] != ".0"
    if number and 1e-6 <= abs(number) < 1e21:
        assert "e" not in text
    elif number:
        assert "e+" in text or "e-" in text
        exponent = text.split("e")[1]
        assert exponent[1] != "0"
    assert not math.copysign(1, float(text)) < 0 or number < 0


@given(st.dictionaries(TEXT, SAFE, min_size=2))
def test_the_order_of_keys_in_memory_never_matters(pairs: dict) -> None:
    assert canonical.encode(dict(reversed(pairs.items()))) == canonical.encode(pairs)


@given(st.sampled_from(sorted(ids.PREFIXES.values())), st.binary(min_size=8, max_size=8))
def test_every_id_comes_back(kind: str, raw: bytes) -> None:
    assert ids.parse_id(ids.format_id(kind, raw)) == (kind, raw)
