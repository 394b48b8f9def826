"""Printed values to exact numbers, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest

from lightwell.base import errors
from lightwell.figures import value

READ = [
    ("20,800,000", {}, 20_800_000),
    ("0", {}, 0),
    ("-3", {}, -3),
    ("1477", {}, 1477),
    ("82.10%", {"percent_sign": True}, Decimal("82.1")),
    ("0.00%", {"percent_sign": True}, 0),
    ("N/A", {"no_number": frozenset(["N/A"])}, None),
    ("", {"no_number": frozenset([""])}, None),
    ("0.9620000000000001", {"binary": True}, Decimal("0.962")),
    ("0.9109999999999999", {"binary": True}, Decimal("0.911")),
    ("0.059000000000000004", {"binary": True}, Decimal("0.059")),
    ("0.123456789012345", {"binary": True}, Decimal("0.123456789012345")),
    ("920793.0", {"binary": True}, 920_793),
    ("1e-05", {"binary": True}, Decimal("0.00001")),
    ("0.9620000000000001", {}, Decimal("0.9620000000000001")),
    ("3.19", {"scale": 10**9}, 3_190_000_000),
    ("4632", {"scale": 10**6}, 4_632_000_000),
]


@pytest.mark.parametrize(("printed", "how", "number"), READ)
def test_a_printed_value_is_read_exactly(printed: str, how: dict, number: object) -> None:
    read = value.parse_number(printed, **how)
    assert read == number
    assert not isinstance(read, float)


REFUSED = [
    ("", "is empty"),
    ("NaN", "no number"),
    ("inf", "no number"),
    ("1e9", "no number"),
    ("=1+1", "no number"),
    ("20 kg", "no number"),
    ("1,00,000", "no number"),
    ("1,2345", "no number"),
    ("12.", "no number"),
    ("٣", "no number"),
    ("82.10%", "per cent"),
    ("9" * 31, "more than 30 digits"),
    ("9" * 1_000_000, "more than 30 digits"),
    ("\x1b[2J", "no number"),
]


@pytest.mark.parametrize(("printed", "words"), REFUSED, ids=[each[0][:8] for each in REFUSED])
def test_what_is_no_number_is_refused_in_one_short_sentence(printed: str, words: str) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        value.parse_number(printed)
    sentence = caught.value.problems[0].sentence
    assert words in sentence
    assert len(sentence) < 300
    assert sentence.isprintable()


def test_a_rate_without_its_sign_is_refused() -> None:
    with pytest.raises(errors.UserMistake, match="has no %"):
        value.parse_number("82.10", percent_sign=True)


@pytest.mark.parametrize("number", [0, 1234567, Decimal("0.911"), -5])
def test_a_number_written_is_the_number_read_again(number: value.Number) -> None:
    assert value.parse_number(value.format_number(number)) == number


def test_no_number_is_never_written_as_zero() -> None:
    assert value.format_number(None) == "no number given"
