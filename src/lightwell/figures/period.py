"""Which months a figure is about: one canonical `Period`, whatever words a provider prints.

`format_period` writes the short name (2021Q3, 2022H2, 2023, 2022-10, else 2022-10/2023-03), which
`parse_period` reads again. Months are whole; days, weeks and financial years are not read.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from lightwell.base import errors
from lightwell.figures.value import quote

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october",
    "november", "december",
)  # fmt: skip
_NUMBERS = {name: at for at, name in enumerate(_MONTHS)} | {name[:3]: at for at, name in enumerate(_MONTHS)}
_NUMBERS |= {"sept": 8}
_KINDS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
_YEAR = r"((?:19|20)[0-9]{2})"
_PART = re.compile(rf"{_YEAR}[ -]?([QH])([1-4])", re.IGNORECASE)
_PART_FIRST = re.compile(rf"([QH])([1-4])[ -/]?{_YEAR}", re.IGNORECASE)
_WHOLE = re.compile(_YEAR)
_MONTH = re.compile(rf"{_YEAR}-(0[1-9]|1[0-2])")
_NAMED = re.compile(r"([a-z]+)\.?(?: *[-–—] *([a-z]+)\.?)?", re.IGNORECASE)
_NAMED_YEAR = re.compile(rf"([a-z]+\.?(?: *[-–—] *[a-z]+\.?)?),? +{_YEAR}", re.IGNORECASE)
_IN_NAME = re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})[-_ .]?([QH])([1-4])(?![0-9])", re.IGNORECASE)


class Period(NamedTuple):
    """Whole months, both ends included, each as year * 12 + month from 0: 2021Q3 is 24258 to 24260."""

    first: int
    last: int

    @property
    def months(self) -> int:
        """How many months it has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        return format_period(self)


def parse_period(printed: str, year_from: Period | None = None) -> Period:
    """Read a period; a month without a year lies in `year_from`, the period of the edition.

    Raises `UserMistake` with a sentence without place.
    """
    text = printed.strip()
    if found := _PART.fullmatch(text):
        return _make_part(found[1], found[2], found[3], printed)
    if found := _PART_FIRST.fullmatch(text):
        return _make_part(found[3], found[1], found[2], printed)
    if _WHOLE.fullmatch(text):
        return Period(int(text) * 12, int(text) * 12 + 11)
    if found := _MONTH.fullmatch(text):
        return _make_month(found)
    if "/" in text:
        ends = [_MONTH.fullmatch(each) for each in text.split("/")]
        if len(ends) == 2 and ends[0] and ends[1]:
            return _make_span(_make_month(ends[0]).first, _make_month(ends[1]).last, printed)
    if found := _NAMED_YEAR.fullmatch(text):
        first, last = _read_months(found[1], printed)
        return _make_span(int(found[2]) * 12 + first, int(found[2]) * 12 + last, printed)
    if _NAMED.fullmatch(text) and year_from is not None:
        return _place_months(*_read_months(text, printed), year_from, printed)
    raise errors.UserMistake(
        f"{quote(printed)} is no period this program can read; it reads such as 2021Q3, 2022H2, 2023, "
        "2023-05, Jul-Sep 2022"
    )


def format_period(period: Period) -> str:
    """Write the short canonical name."""
    year, month = divmod(period.first, 12)
    if period.months == 12 and month == 0:
        return f"{year}"
    if period.months == 6 and month % 6 == 0:
        return f"{year}H{month // 6 + 1}"
    if period.months == 3 and month % 3 == 0:
        return f"{year}Q{month // 3 + 1}"
    return format_edtf(period)


def format_edtf(period: Period) -> str:
    """Write it as records do (EDTF level 0): "2023", "2022-10" or "2021-07/2021-09"."""
    if period.months == 12 and period.first % 12 == 0:
        return f"{period.first // 12}"
    first = _format_month(period.first)
    return first if period.months == 1 else f"{first}/{_format_month(period.last)}"


def find_period(name: str) -> Period | None:
    """Find the one quarter or half-year that a file's name states ("discord-2022-q4.csv"); else None."""
    found = {(each[1], each[2].upper(), each[3]) for each in _IN_NAME.finditer(name)}
    if len(found) != 1:
        return None
    year, kind, number = found.pop()
    return None if kind == "H" and int(number) > 2 else _make_part(year, kind, number, name)


def is_kind(period: Period, kind: str) -> bool:
    """Answer whether it is a whole "month", "quarter", "half-year" or "year" of the calendar."""
    months = _KINDS[kind]
    return period.months == months and period.first % months == 0


KINDS = tuple(_KINDS)


def _format_month(month: int) -> str:
    return f"{month // 12:04d}-{month % 12 + 1:02d}"


def _make_part(year: str, kind: str, number: str, printed: str) -> Period:
    months = 3 if kind in "Qq" else 6
    first = int(year) * 12 + (int(number) - 1) * months
    if months == 6 and int(number) > 2:
        raise errors.UserMistake(f"{quote(printed)}: a year has two halves")
    return Period(first, first + months - 1)


def _make_month(found: re.Match[str]) -> Period:
    month = int(found[1]) * 12 + int(found[2]) - 1
    return Period(month, month)


def _make_span(first: int, last: int, printed: str) -> Period:
    if last < first:
        raise errors.UserMistake(f"{quote(printed)} ends before it begins")
    return Period(first, last)


def _read_months(text: str, printed: str) -> tuple[int, int]:
    found = _NAMED.fullmatch(text)
    words = [each.lower() for each in found.groups() if each] if found else []
    if not words or not all(each in _NUMBERS for each in words):
        raise errors.UserMistake(f"{quote(printed)} names no month this program knows")
    return _NUMBERS[words[0]], _NUMBERS[words[-1]]


def _place_months(first: int, last: int, edition: Period, printed: str) -> Period:
    for year in range(edition.first // 12, edition.last // 12 + 1):
        if edition.first <= year * 12 + first and year * 12 + last <= edition.last:
            return _make_span(year * 12 + first, year * 12 + last, printed)
    raise errors.UserMistake(f"{quote(printed)} does not lie in {edition}, the period of the edition")
