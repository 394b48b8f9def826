"""A printed value and the number it states: exact, never a float, and "no number given" is never zero.

`parse_number` reads what stands in a cell; a revision is a change of the number, so "82.10%" and "82.1%"
are one.
Read are plain decimals with or without grouped thousands. Not read, because guessing would invent a number:
signs of currency, ranges, "about", NaN, infinities, other digits than 0 to 9.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal

from lightwell.base import errors

Number = int | Decimal

# What a figure counts; the first eleven are those of the record's schema (data/schemas/figures-edition).
COUNTS = (
    "reports", "pieces", "accounts", "incidents", "children", "people", "messages", "removals", "appeals",
    "requests", "other", "servers", "warnings", "notices", "moderators", "days",
)  # fmt: skip
# "share" is a part of one (0.962), "per cent" one of a hundred (96.2 %); neither is ever added up.
UNITS = ("number", "per cent", "share", "days")
RATES = ("per cent", "share", "days")

MAX_DIGITS = 30
_PLAIN = re.compile(
    rf"-?(?:[0-9]{{1,{MAX_DIGITS}}}|[0-9]{{1,3}}(?:,[0-9]{{3}}){{1,9}})(?:\.[0-9]{{1,{MAX_DIGITS}}})?"
)
_SCIENTIFIC = re.compile(r"-?[0-9](?:\.[0-9]{1,20})?[eE][+-]?[0-9]{1,2}")
# A double carries 15 decimal digits without loss (IEEE 754, DBL_DIG); what a spreadsheet prints after them
# is noise.
_DOUBLE = Context(prec=15)
_EXACT = Context(prec=2 * MAX_DIGITS + 10)
NOISY_DIGITS = 16


def parse_number(
    printed: str,
    *,
    no_number: frozenset[str] = frozenset(),
    percent_sign: bool = False,
    binary: bool = False,
    scale: int = 1,
) -> Number | None:
    """Read a cell that was trimmed of blanks; None where the provider gave no number.

    `no_number` are the words that say so, `percent_sign` demands a % behind the number, `binary` says that
    the file was written from doubles (0.9620000000000001 is 0.962), `scale` is what one printed unit stands
    for.
    Raises `UserMistake` with a sentence without place.
    """
    if printed in no_number:
        return None
    text = printed
    if text.endswith("%") and percent_sign:
        text = text[:-1].rstrip()
    elif text.endswith("%"):
        raise errors.UserMistake(f"{quote(printed)} is in per cent, which this metric is not, by its mapping")
    elif percent_sign:
        raise errors.UserMistake(
            f"{quote(printed)} has no % although this metric is in per cent, by its mapping"
        )
    if not _PLAIN.fullmatch(text) and not (binary and _SCIENTIFIC.fullmatch(text)):
        raise errors.UserMistake(_explain(printed, text))
    if "." not in text and "e" not in text and "E" not in text:
        return int(text.replace(",", "")) * scale
    number = Decimal(text.replace(",", ""))
    if number and abs(number.adjusted()) > MAX_DIGITS:
        raise errors.UserMistake(f"{quote(printed)} has more than {MAX_DIGITS} digits")
    if binary and len(number.as_tuple().digits) >= NOISY_DIGITS:
        number = _DOUBLE.plus(number)
    return normalise(_EXACT.multiply(number, Decimal(scale)) if scale != 1 else number)


def normalise(number: Number) -> Number:
    """Return a whole number as int and others without zeros behind, so that equal numbers look alike."""
    if isinstance(number, int):
        return number
    if number == number.to_integral_value():
        return int(number)
    return number.normalize(_EXACT)


def format_number(number: Number | None) -> str:
    """Write a number with grouped thousands, or that none was given; the inverse of `parse_number`."""
    return (
        "no number given" if number is None else f"{number:,}" if isinstance(number, int) else f"{number:,f}"
    )


def quote(text: str) -> str:
    """Write what stands in a cell for a sentence: quoted, short, nothing that moves the terminal."""
    shown = "".join(each if each.isprintable() else "�" for each in text[:60])
    return f'"{shown}…"' if len(text) > 60 else f'"{shown}"'


def _explain(printed: str, text: str) -> str:
    if not printed:
        return "the value is empty; where that means no number given, the mapping must say so under no_number"
    if len(re.sub("[^0-9]", "", text)) > MAX_DIGITS:
        return f"{quote(printed)} has more than {MAX_DIGITS} digits"
    return (
        f"{quote(printed)} is no number this mapping can read: write digits, with commas between "
        f"thousands, or add the word to no_number"
    )
