"""Figures of companies side by side: one topic over periods, and each company beside the clearing house.

Definitions stand beside one another and nothing is ranked: what counts different things is never put in one
order, and a company without a figure "did not answer". Everything passes the gate of editions in view.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from lightwell.actions import figures
from lightwell.db.models import FigureEdition, FigurePoint, FigureSeries
from lightwell.figures import assertion, comparison
from lightwell.figures.comparison import Balance
from lightwell.figures.period import Period
from lightwell.figures.point import WHOLE
from lightwell.figures.value import Number
from lightwell.files import figure_files
from lightwell.files.state import State

MOST_PERIODS = 8
PEOPLE = "people"
# The kind of layout that sets companies and the clearing house side by side.
_PLATFORMS = "per-platform"


@dataclass(frozen=True, slots=True)
class Cell:
    """What the newest edition that has a period states for it, and how much that is for a million people."""

    printed: str
    number: Number | None
    rate: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a company over the periods of its table; `users` names the count of people for rates."""

    series: FigureSeries
    title: str
    cells: tuple[Cell | None, ...]
    users: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures about periods of one length, such as quarters, that count the same thing in the same unit."""

    months: int
    counts: str
    unit: str
    periods: tuple[Period, ...]
    rows: tuple[Row, ...]

    @property
    def users(self) -> list[str]:
        """By what the rates in it divide, a line each company."""
        return sorted({f"{row.series.provider}: {row.users}" for row in self.rows if row.users})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One topic across companies; `silent` are companies that have figures here, none of them about it."""

    topic: str
    tables: tuple[Table, ...]
    silent: tuple[str, ...]


def compare_topic(topic: str) -> Comparison:
    """Set the figures of every company about a topic side by side, the newest statement for each period."""
    editions = {row.pk: row for row in FigureEdition.objects.visible()}
    series = {
        row.pk: row
        for row in FigureSeries.objects.filter(
            topic=topic, breakdown=[], points__edition__in=editions
        ).distinct()
    }
    newest = _read_newest(series, editions)
    people = _read_people(editions)
    grouped: dict[tuple[int, str, str], dict[int, dict[Period, FigurePoint]]] = defaultdict(dict)
    for pk, points in newest.items():
        row = series[pk]
        for months in {period.months for period in points}:
            held = {period: point for period, point in points.items() if period.months == months}
            grouped[months, row.counts, row.unit][pk] = held
    tables = [
        _make_table(*key, held, series, editions, people)
        for key, held in sorted(grouped.items(), key=_order_group)
    ]
    answered = {row.provider for row in series.values()}
    known = set(
        FigureSeries.objects.filter(points__edition__in=editions)
        .values_list("provider", flat=True)
        .distinct()
    )
    return Comparison(topic, tuple(tables), tuple(sorted(known - answered, key=str.casefold)))


def list_balance_years(state: State) -> tuple[int, ...]:
    """List the years for which companies can be set beside the clearing house; empty without such a file."""
    found = _read_assertions(state)
    return comparison.list_years(found[0]) if found else ()


def read_balance(state: State, year: int) -> tuple[Balance, FigureEdition] | None:
    """Set every company beside the clearing house for a year, by the newest file in view; None without."""
    found = _read_assertions(state)
    if found is None:
        return None
    return comparison.compare_with_clearing_house(found[0], year), found[1]


def _read_assertions(state: State) -> tuple[assertion.Assertions, FigureEdition] | None:
    row = FigureEdition.objects.visible().filter(layout=_PLATFORMS).select_related("disclosure").last()
    if row is None:
        return None
    source = figure_files.Source(row.file, figures.get_file(state, row.digest))
    return assertion.read_assertions(figure_files.read_json(source), row.file), row


def _read_newest(
    series: dict[int, FigureSeries], editions: dict[int, FigureEdition]
) -> dict[int, dict[Period, FigurePoint]]:
    order = {pk: place for place, pk in enumerate(editions)}
    found: dict[int, dict[Period, FigurePoint]] = defaultdict(dict)
    for point in FigurePoint.objects.filter(series__in=series, edition__in=editions):
        period = Period(point.first, point.last)
        held = found[point.series_id].get(period)
        if held is None or order[held.edition_id] < order[point.edition_id]:
            found[point.series_id][period] = point
    return found


def _read_people(editions: dict[int, FigureEdition]) -> dict[str, dict[Period, tuple[Number, str]]]:
    """Read how many people use a company's services, by company and period, with where that stands."""
    rows = {
        row.pk: row
        for row in FigureSeries.objects.filter(
            counts=PEOPLE,
            unit="number",
            breakdown=[],
            metric__icontains="monthly",
            points__edition__in=editions,
        ).distinct()
    }
    found: dict[str, dict[Period, tuple[Number, str]]] = defaultdict(dict)
    for pk, points in _read_newest(rows, editions).items():
        row = rows[pk]
        for period, point in points.items():
            number = figures.read_number(point.number)
            if number:
                named = f" ({row.service})" if row.service not in ("", WHOLE) else ""
                source = f"{row.metric}{named}, {editions[point.edition_id].title}"
                found[row.provider][period] = (number, source)
    return found


def _order_group(group: tuple[tuple[int, str, str], object]) -> tuple[object, ...]:
    (months, counts, unit), _ = group
    return (unit != "number", counts, unit, months)


def _make_table(
    months: int,
    counts: str,
    unit: str,
    held: dict[int, dict[Period, FigurePoint]],
    series: dict[int, FigureSeries],
    editions: dict[int, FigureEdition],
    people: dict[str, dict[Period, tuple[Number, str]]],
) -> Table:
    # Only periods for which somebody gives a number: the rest are years before anybody counted.
    known = sorted(
        {period for points in held.values() for period, each in points.items() if each.number is not None}
    )
    periods = tuple(known[-MOST_PERIODS:])
    rows = []
    for pk, points in held.items():
        row = series[pk]
        if not any(period in points for period in periods):
            continue
        users = people.get(row.provider, {}) if unit == "number" and counts != PEOPLE else {}
        cells = tuple(_make_cell(points.get(period), users.get(period)) for period in periods)
        sources = [users[period][1] for period in periods if period in users and period in points]
        title = figures.parse_series(row).title
        rows.append(Row(row, title, cells, sources[-1] if sources else ""))
    rows.sort(key=lambda each: (each.series.provider.casefold(), each.title.casefold()))
    return Table(months, counts, unit, periods, tuple(rows))


def _make_cell(point: FigurePoint | None, users: tuple[Number, str] | None) -> Cell | None:
    if point is None:
        return None
    number = figures.read_number(point.number)
    rate = None if number is None or users is None else Decimal(number) * 1_000_000 / Decimal(users[0])
    return Cell(point.printed, number, rate)


def select_lines(table: Table, most: int = 6) -> Sequence[Row]:
    """Select the rows a chart can tell apart: of each company one that has numbers, about children first."""
    first: dict[str, Row] = {}
    drawn = [row for row in table.rows if any(cell and cell.number is not None for cell in row.cells)]
    for row in sorted(drawn, key=lambda each: not each.series.child_safety):
        first.setdefault(row.series.provider, row)
    return sorted(first.values(), key=lambda each: each.series.provider.casefold())[:most]
