"""Strict text forms used by every C2SP format: base64 of RFC 4648 section 4 and plain decimals.

A value has exactly one spelling here: no missing padding, no stray bits, no white space, no
leading zero. Two spellings of one proof would be two files that "verify" with different digests,
and two parsers that disagree.
"""

from __future__ import annotations

import base64
import binascii

MAX_SIZE = 2**63 - 1
"""Largest tree size, index or time accepted: what a signed 64-bit integer elsewhere can hold."""

_DIGITS = frozenset("0123456789")


def format_base64(data: bytes) -> str:
    """Standard base64 with padding."""
    return base64.b64encode(data).decode("ascii")


def parse_base64(text: str) -> bytes:
    """The bytes of `text`; ValueError unless encoding them again gives the same text."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("not base64") from error
    if format_base64(data) != text:
        raise ValueError("not canonical base64")
    return data


def format_decimal(number: int) -> str:
    """Decimal digits of a number from 0 to `MAX_SIZE`."""
    if not 0 <= number <= MAX_SIZE:
        raise ValueError(f"{number} is outside 0 to 2^63 - 1")
    return str(number)


def parse_decimal(text: str) -> int:
    """The number; ValueError for signs, leading zeros, other digits or more than 2^63 - 1."""
    if not text or len(text) > 19 or not _DIGITS.issuperset(text) or (text[0] == "0" and text != "0"):
        raise ValueError("not a plain decimal number")
    number = int(text)
    if number > MAX_SIZE:
        raise ValueError("larger than 2^63 - 1")
    return number
