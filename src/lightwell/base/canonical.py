"""Canonical JSON: one value, one byte string (RFC 8785, the JSON Canonicalization Scheme).

`encode` and `decode` are inverse on every value that RFC 8785 can carry: null, booleans,
numbers, text, lists and objects with text keys. Refused, because a digest over them would
mean different things to different readers: NaN and infinities, whole numbers beyond 2^53,
lone surrogates, duplicate keys, objects with keys that are not text. Standard library only;
no streaming, no comments, no trailing commas, nothing lenient.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from lightwell.base import errors

# A plain alias: JSON values are checked by the code that reads them, not by the type.
Json = Any

# RFC 8785 section 3.2.2.3 takes numbers as IEEE 754 doubles; beyond 2^53 - 1 two whole numbers
# share one double (RFC 7493 section 2.2).
MAX_SAFE_INTEGER = 2**53 - 1

# Deeper input is an attack on the parser's stack, not a record.
MAX_DEPTH = 100

# UTF-8 cannot carry half a surrogate pair (RFC 8785 section 3.2.2.2).
_HALF_PAIR = re.compile("[\ud800-\udfff]")

# Built once: json.dumps would build an encoder for every text.
_quote_text = json.JSONEncoder(ensure_ascii=False).encode

# The standard library's writer, which is many times as fast; for plain values it writes the same.
_write_plain = json.JSONEncoder(
    ensure_ascii=False, check_circular=False, allow_nan=False, separators=(",", ":"), sort_keys=True
).encode
_PLAIN = frozenset((str, int, float, bool, type(None), dict, list, tuple))
# Beyond U+FFFF the order of UTF-16 code units is not that of code points.
_BEYOND_16_BITS = re.compile("[\U00010000-\U0010ffff]")
# What is short is written before it is known to be plain.
_FEWEST_PLAIN = 5
# A tree with more values is written slowly: a few values that hold each other twice make 2^100 of them.
_MAX_PLAIN = 1_000_000


def encode(value: Json) -> bytes:
    """Return the canonical UTF-8 bytes of a JSON value; `UserMistake` names what cannot be written."""
    if isinstance(value, dict | list) and len(value) >= _FEWEST_PLAIN and _is_plain(value):
        text = _write_plain(value)
        if text.isascii() or not (_BEYOND_16_BITS.search(text) or _HALF_PAIR.search(text)):
            return text.encode("utf-8")
    parts: list[str] = []
    _write(value, "", parts, 0)
    return "".join(parts).encode("utf-8")


def decode(data: bytes, *, require_canonical: bool = True) -> Json:
    """Read JSON strictly; with `require_canonical`, only the very bytes `encode` would write pass.

    Raises `UserMistake` for bytes that are not UTF-8, text that is not JSON, duplicate keys,
    numbers outside the safe range, and (when required) any other spelling of the same value.
    """
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise errors.UserMistake(f"the text is not UTF-8 at byte {error.start}") from error
    try:
        value = json.loads(
            text,
            object_pairs_hook=_take_pairs,
            parse_constant=_refuse_constant,
            parse_int=_parse_int,
        )
    except json.JSONDecodeError as error:
        raise errors.UserMistake(
            f"this is not JSON: {error.msg}", place=f"line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise errors.UserMistake(f"the text is nested more than {MAX_DEPTH} levels deep") from error
    canonical = encode(value)
    if require_canonical and canonical != data:
        raise errors.UserMistake(
            f"the bytes are not in canonical form (RFC 8785): they differ from byte "
            f"{_find_difference(canonical, data)} on"
        )
    return value


def compute_digest(value: Json) -> str:
    """Return "sha256:" and the lower-case hex SHA-256 of the canonical bytes of a value."""
    return format_digest(hashlib.sha256(encode(value)).digest())


def format_digest(raw: bytes) -> str:
    """Write 32 raw bytes as "sha256:<64 hex digits>"; inverse of `parse_digest`."""
    if len(raw) != 32:
        raise ValueError("a SHA-256 digest has 32 bytes")
    return f"sha256:{raw.hex()}"


def parse_digest(text: str) -> bytes:
    """Read "sha256:<64 lower-case hex digits>" back into 32 bytes; `UserMistake` otherwise."""
    algorithm, _, digits = text.partition(":")
    if algorithm != "sha256":
        raise errors.UserMistake(f"a digest begins with sha256:, this one with {algorithm[:20]!r}")
    if len(digits) != 64 or set(digits) - set("0123456789abcdef"):
        raise errors.UserMistake("after sha256: come exactly 64 hex digits in lower case")
    return bytes.fromhex(digits)


def format_number(number: float) -> str:
    """Write a double as ECMAScript does (ECMA-262 Number::toString, RFC 8785 section 3.2.2.3).

    Python's `repr` yields the same shortest digits that round-trip; only the layout differs.
    """
    if math.isnan(number) or math.isinf(number):
        raise errors.UserMistake("a number in a record is finite; write null where there is none")
    if number == 0:
        return "0"  # also for minus zero
    sign = "-" if number < 0 else ""
    mantissa, _, exponent_text = repr(abs(number)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    fraction = "" if fraction == "0" else fraction
    # The value is 0.DIGITS times ten to the power of `point`.
    point = len(whole) + int(exponent_text or "0")
    digits = whole + fraction
    point -= len(digits) - len(digits.lstrip("0"))
    digits = digits.strip("0")
    count = len(digits)
    if count <= point <= 21:
        return sign + digits + "0" * (point - count)
    if 0 < point <= 21:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if -6 < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    exponent = point - 1
    tail = f".{digits[1:]}" if count > 1 else ""
    return f"{sign}{digits[0]}{tail}e{'+' if exponent > 0 else '-'}{abs(exponent)}"


def _is_plain(value: Json) -> bool:
    """Answer whether the standard library writes a value as `_write` does, but for the signs in its texts.

    Level by level, so that each test is one over many values. Keys are text; numbers are whole and safe, or
    lie where Python lays out a double as ECMAScript does and are not whole.
    """
    level: list[Any] = [value]
    count = 1
    for _ in range(MAX_DEPTH + 1):
        kinds = set(map(type, level))
        if not kinds <= _PLAIN:
            return False
        if int in kinds:
            whole = [item for item in level if type(item) is int]
            if max(whole) > MAX_SAFE_INTEGER or min(whole) < -MAX_SAFE_INTEGER:
                return False
        if float in kinds and not all(
            1e-4 <= abs(item) < 1e16 and not item.is_integer() for item in level if type(item) is float
        ):
            return False
        objects = [item for item in level if type(item) is dict]
        if not set(map(type, itertools.chain.from_iterable(objects))) <= {str}:
            return False
        lists = [item for item in level if type(item) is list or type(item) is tuple]
        inner = itertools.chain.from_iterable((*map(dict.values, objects), *lists))
        level = list(itertools.islice(inner, _MAX_PLAIN - count + 1))
        count += len(level)
        if not level or count > _MAX_PLAIN:
            return not level
    return False


def _write(value: Json, place: str, parts: list[str], depth: int) -> None:
    if depth > MAX_DEPTH:
        raise errors.UserMistake(f"the value is nested more than {MAX_DEPTH} levels deep", place=place[:80])
    if value is None:
        parts.append("null")
    elif value is True:
        parts.append("true")
    elif value is False:
        parts.append("false")
    elif isinstance(value, str):
        parts.append(_quote(value, place))
    elif isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise errors.UserMistake(
                "whole numbers go up to 2^53 - 1; write a longer one as text", place=place
            )
        parts.append(str(int(value)))
    elif isinstance(value, float):
        try:
            parts.append(format_number(value))
        except errors.UserMistake as error:
            raise errors.UserMistake(error.problems[0].sentence, place=place) from None
    elif isinstance(value, Mapping):
        _write_object(value, place, parts, depth)
    elif isinstance(value, list | tuple):
        parts.append("[")
        for index, item in enumerate(value):
            if index:
                parts.append(",")
            _write(item, f"{place}/{index}", parts, depth + 1)
        parts.append("]")
    else:
        raise errors.UserMistake(f"{type(value).__name__} is not a JSON value", place=place)


def _write_object(value: Mapping[Any, Json], place: str, parts: list[str], depth: int) -> None:
    for key in value:
        if not isinstance(key, str):
            raise errors.UserMistake(f"the key {key!r} is not text; put it in quotes", place=place)
    parts.append("{")
    # RFC 8785 section 3.2.3: keys sort by their UTF-16 code units, not by code points.
    for index, key in enumerate(sorted(value, key=lambda name: name.encode("utf-16-be", "surrogatepass"))):
        if index:
            parts.append(",")
        parts.append(_quote(key, place))
        parts.append(":")
        _write(value[key], f"{place}/{key}", parts, depth + 1)
    parts.append("}")


def _quote(text: str, place: str) -> str:
    if _HALF_PAIR.search(text):
        raise errors.UserMistake("the text holds half of a surrogate pair", place=place)
    # The escapes of RFC 8785 section 3.2.2.2 are those of Python's encoder: \b \t \n \f \r \" \\ and
    # \u00xx in lower case for other controls (tested character by character).
    return _quote_text(text)


def _take_pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    taken = dict(pairs)
    if len(taken) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise errors.UserMistake(f"the key {key!r} stands twice in one object")
            seen.add(key)
    return taken


def _refuse_constant(name: str) -> Json:
    raise errors.UserMistake(f"{name} is not a JSON number")


def _parse_int(digits: str) -> int | float:
    if len(digits) > 400:
        raise errors.UserMistake("a number has more than 400 digits")
    # RFC 8785 reads every number as a double: the spelling of a double passes, 2^53 + 1 does not.
    number = int(digits)
    if abs(number) <= MAX_SAFE_INTEGER:
        return number
    as_double = float(digits)
    if math.isinf(as_double) or format_number(as_double) != digits:
        raise errors.UserMistake(f"the whole number {digits[:30]} cannot be kept exactly; write it as text")
    return as_double


def _find_difference(left: bytes, right: bytes) -> int:
    for index, (a, b) in enumerate(zip(left, right, strict=False)):
        if a != b:
            return index
    return min(len(left), len(right))
