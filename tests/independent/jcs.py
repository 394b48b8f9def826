"""Canonical JSON (RFC 8785), only as a check: read bytes, write them again, refuse any difference.

Part of the second verifier; standard library only. Raises `ValueError` with a sentence.
"""

from __future__ import annotations

import json

JSON = object
SAFE = 2**53 - 1


def read(data: bytes, canonical: bool = True) -> JSON:
    """The value of canonical bytes; a key that stands twice is refused, and so is any other spelling."""
    try:
        value = json.loads(data.decode(), object_pairs_hook=_pair, parse_constant=_refuse, parse_int=_count)
        again = write(value).encode()
    except (UnicodeError, RecursionError) as error:
        raise ValueError(f"these bytes are not readable JSON: {error}") from None
    if canonical and again != data:
        raise ValueError("these bytes are not in canonical form (RFC 8785)")
    return value


def write(value: JSON) -> str:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: name.encode("utf-16-be"))
        return "{" + ",".join(f"{write(name)}:{write(value[name])}" for name in names) + "}"
    if isinstance(value, list):
        return "[" + ",".join(write(item) for item in value) + "]"
    if isinstance(value, float):
        return write_number(value)
    return json.dumps(value, ensure_ascii=False)


def write_number(number: float) -> str:
    """ECMAScript's Number::toString: plain digits from 1e-7 to 1e21, outside of it an exponent."""
    if number != number or number in (float("inf"), float("-inf")):
        raise ValueError("a number is finite")
    sign, text = ("-" if number < 0 else ""), repr(abs(number))
    mantissa, _, exponent = text.partition("e")
    before, _, after = mantissa.partition(".")
    digits = (before + after).lstrip("0")
    point = len(before) + int(exponent or 0) - (len(before + after) - len(digits))
    digits = digits.rstrip("0")
    if not digits:
        return "0"
    if -6 < point <= 21:
        if point <= 0:
            return f"{sign}0.{'0' * -point}{digits}"
        if point >= len(digits):
            return sign + digits.ljust(point, "0")
        return f"{sign}{digits[:point]}.{digits[point:]}"
    rest = f".{digits[1:]}" if digits[1:] else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def _pair(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return dict(pairs)


def _refuse(name: str) -> JSON:
    raise ValueError(f"{name} is not a JSON number")


def _count(digits: str) -> int | float:
    number = int(digits) if len(digits) < 400 else 10**400
    if -SAFE <= number <= SAFE:
        return number
    # Beyond 2^53 - 1 a number counts as the double it is; writing it again shows whether it was one.
    try:
        return float(number)
    except OverflowError:
        raise ValueError("a whole number is too long") from None
