"""A private answer for a reader: its table with a likely range beside each number, its charts, its plan.

The same for an answer on record and for a question tried on invented rows. Names of columns and values are
put into the codebook's words; numbers have as many digits as their range leaves any meaning.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from lightwell.figures import chart
from lightwell.query import statement
from lightwell.query.codebook import Codebook, Column
from lightwell.query.release import Release, find_empty_note

MOST_ROWS, MOST_DRAWN, MOST_CHARTS = 300, 40, 4
# Smaller numbers are written with a power of ten; no float has more digits that mean anything.
_MOST_PLACES, _MOST_DIGITS = 12, 15
_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_MINUS = "\N{MINUS SIGN}"
# What the program says of a plan in its own words, and what a page says instead.
_PUBLIC = (
    (
        "Each interval holds the bounded quantity in 95 of 100 answers; it covers the noise and nothing "
        "else.",
        "In 95 of 100 answers the likely range holds the number as it was before noise was added. It covers "
        "the noise and nothing else.",
    ),
    ("interval", "likely range"),
    ("the bounded quantity", "the number before noise"),
)
# Whoever owns the data is told there how it could be known.
_UNKNOWN = "How many rows the bound leaves out"


@dataclass(frozen=True, slots=True)
class Cell:
    """A number as it is written, with its likely range, both empty where there is none; and whose it is."""

    number: str
    range: str
    measure: str = ""

    @property
    def said(self) -> str:
        """Both in one line."""
        return f"{self.number} ({self.range})" if self.range else self.number or "no number"


@dataclass(frozen=True, slots=True)
class Row:
    """A group: its names, one for each key, and its numbers."""

    keys: tuple[str, ...]
    names: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def named(self) -> list[tuple[str, str]]:
        """Each name behind the key that it is one of."""
        return list(zip(self.keys, self.names, strict=True))


@dataclass(frozen=True, slots=True)
class Table:
    """An answer laid out: heads of the keys, of the numbers, rows, how many rows are left out, and why there
    is none.
    """

    keys: tuple[str, ...]
    measures: tuple[str, ...]
    rows: tuple[Row, ...]
    left_out: int
    empty: str = ""

    @property
    def is_narrow(self) -> bool:
        """Whether it fits a narrow screen as it is."""
        return len(self.keys) <= 1 and len(self.measures) == 1


def make_table(release: Release, book: Codebook | None, most: int = MOST_ROWS) -> Table:
    """Lay out an answer, the first `most` groups of it."""
    measures = list_measures(release)
    keys = [name for name in release.columns if name not in measures]
    heads = tuple(_name_key(book, key) for key in keys)
    rows = tuple(
        Row(
            heads,
            tuple(_name_value(row[key], _find_column(book, key)) for key in keys),
            tuple(
                dataclasses.replace(write_number(row[name], around[name]), measure=_say_name(name))
                for name in measures
            ),
        )
        for row, around in _list_rows(release, most)
    )
    left_out, empty = len(release.rows) - len(rows), find_empty_note(release)
    return Table(heads, tuple(map(_say_name, measures)), rows, left_out, empty)


def list_measures(release: Release) -> list[str]:
    """List the columns that are released numbers; the others name groups."""
    return [name for name in release.columns if any(ends.get(name) is not None for ends in release.intervals)]


def draw_charts(
    release: Release, book: Codebook | None, source: str, *, is_sample: bool, name: str = ""
) -> list[str]:
    """Draw a chart for each of the first released numbers, as SVG texts."""
    charts = []
    table = make_table(release, book, MOST_DRAWN)
    for place, measure in enumerate(list_measures(release)[:MOST_CHARTS]):
        rows = [
            chart.Range(
                ", ".join(shown.names) or _say_name(measure),
                *_read_numbers(row[measure], around[measure]),
                shown.cells[place].said,
            )
            for shown, (row, around) in zip(table.rows, _list_rows(release, MOST_DRAWN), strict=True)
        ]
        title = _say_name(measure)
        if table.keys:
            title += f", by {' and '.join(_lower(key) for key in table.keys)}"
        unit = "Dot: the number, with noise. Bar: its likely range."
        if table.left_out:
            unit += f" The first {MOST_DRAWN} of {len(release.rows):,} groups."
        if rows:
            charts.append(
                chart.draw_ranges(chart.Chart(title, unit, source, is_sample, f"{name}{place + 1}"), rows)
            )
    return charts


def say_publicly(sentence: str) -> str:
    """Put what the program says of a plan into words of a reader."""
    if sentence.startswith(_UNKNOWN):
        return "How many rows are left out because a child has very many is not known from this answer."
    for own, public in _PUBLIC:
        sentence = sentence.replace(own, public)
    return sentence


def write_number(value: Any, ends: tuple[Any, Any] | None) -> Cell:
    """Write a number and its range with the digits that the range leaves a meaning."""
    if value is None or isinstance(value, bool | str):
        return Cell("" if value is None else str(value), "")
    low, high = ends or (None, None)
    digits = _count_digits(value, low, high)
    number = _write(value, digits)
    if low is None and high is None:
        return Cell(number, "")
    if low is None or high is None:
        return Cell(
            number, f"up to {_write(high, digits)}" if low is None else f"at least {_write(low, digits)}"
        )
    return Cell(number, f"{_write(low, digits)} to {_write(high, digits)}")


def _count_digits(value: Any, low: Any, high: Any) -> int:
    if all(isinstance(each, int) for each in (value, low, high) if each is not None):
        return 0
    half = (high - low) / 2 if low is not None and high is not None else 0
    if half <= 0:
        half = abs(value) / 10**4 or 1
    return max(-math.floor(math.log10(half)), 0)


def _write(value: Any, digits: int) -> str:
    """Write a number to so many places behind the point."""
    if digits <= _MOST_PLACES:
        return f"{value:,.{digits}f}".replace("-", _MINUS)
    if not value:
        return "0"
    behind = min(max(digits + math.floor(math.log10(abs(value))), 0), _MOST_DIGITS)
    number, power = f"{value:.{behind}e}".split("e")
    return f"{number.replace('-', _MINUS)} × 10{str(int(power)).translate(_RAISED)}"


def _read_numbers(
    value: Any, ends: tuple[Any, Any] | None
) -> tuple[float | None, float | None, float | None]:
    low, high = ends or (None, None)
    if value is None or isinstance(value, bool | str):
        return None, None, None
    return (
        float(value),
        None if low is None else float(low),
        None if high is None else float(high),
    )


def _list_rows(
    release: Release, most: int
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, tuple[float | None, float | None] | None]]]:
    yield from zip(release.rows[:most], release.intervals[:most], strict=True)


def _find_column(book: Codebook | None, name: str) -> Column | None:
    """Find what the codebook says of a column by its name; two tables may have it, and then say the same."""
    tables = book.tables.values() if book else ()
    return next((table.columns[name.lower()] for table in tables if name.lower() in table.columns), None)


def _name_key(book: Codebook | None, name: str) -> str:
    column = _find_column(book, name)
    return column.title if column and column.title else _say_name(name)


def _say_name(name: str) -> str:
    """Write a name that somebody gave a column as one reads it: hours of sleep for hours_of_sleep."""
    return name.replace("_", " ") if name.isidentifier() else name


def _name_value(value: Any, column: Column | None) -> str:
    said = statement.write_key(value)
    return column.labels.get(said, said) if column else said


def _lower(head: str) -> str:
    """Begin a head small within a sentence, unless it begins with a name or is one of the data."""
    return head[:1].lower() + head[1:] if head[1:2].islower() else head
