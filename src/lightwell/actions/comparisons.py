"""Figures of companies side by side: one topic over periods, and each company beside the clearing house.

Definitions stand beside one another and nothing is ranked: what counts different things is never put in one
order, and a company without a figure "did not answer". Everything passes the gate of editions in view.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Exists, F, OuterRef, QuerySet

from lightwell.actions import figures, revisions
from lightwell.base import fields
from lightwell.db.models import FigureEdition, FigurePoint, FigureSeries
from lightwell.figures import assertion, comparison
from lightwell.figures.comparison import Balance
from lightwell.figures.period import Period
from lightwell.figures.point import WHOLE
from lightwell.figures.value import Number
from lightwell.files import figure_files
from lightwell.files.state import State

MOST_PERIODS = 8
# So many figures about parts of the whole one company may have on a page that sets companies side by side.
MOST_PARTS = 40
COMPANY = "company"
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
class Definition:
    """How a company defines a figure, in the words that a record has of it."""

    text: str
    record: str


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a company over the periods of its table; `users` names the count of people for rates.

    `definition` is what the company means by it, as the newest record has it that says so, or None.
    """

    series: FigureSeries
    title: str
    cells: tuple[Cell | None, ...]
    users: str = ""
    definition: Definition | None = None

    @property
    def name(self) -> str:
        """Name company and figure; once where the service is called as the company is."""
        return revisions.name_title(self.series.provider, self.title)


@dataclass(frozen=True, slots=True)
class Table:
    """Figures about periods of one length, such as quarters, that count the same thing in the same unit."""

    months: int
    counts: str
    unit: str
    periods: tuple[Period, ...]
    rows: tuple[Row, ...]

    @property
    def definitions(self) -> list[tuple[str, str, Definition]]:
        """What each company means by its figures: company, metric and definition, each once, by name."""
        found = {
            (row.series.provider, row.series.metric): row.definition for row in self.rows if row.definition
        }
        return [(*key, found[key]) for key in sorted(found, key=lambda each: [w.casefold() for w in each])]

    @property
    def undefined(self) -> list[str]:
        """The figures that stand here and that no record says a definition of: company and metric."""
        found = {f"{row.series.provider}: {row.series.metric}" for row in self.rows if not row.definition}
        return sorted(found, key=str.casefold)

    @property
    def users(self) -> list[str]:
        """By what the rates in it divide, a line each company."""
        return sorted({f"{row.series.provider}: {row.users}" for row in self.rows if row.users})


@dataclass(frozen=True, slots=True)
class Comparison:
    """One topic across companies.

    `silent` are companies known here without a figure about it, `in_parts` those whose figures about it are
    each about a part of the whole and too many for this page, with the id of their data set.
    """

    topic: str
    tables: tuple[Table, ...]
    silent: tuple[str, ...]
    in_parts: tuple[tuple[str, str], ...] = ()


class _Group(NamedTuple):
    """What becomes a table: its periods, oldest first, and what each series states for them, by its key."""

    periods: tuple[Period, ...]
    held: dict[int, dict[Period, _Stated]]


class _Stated(NamedTuple):
    """What an edition states for a period: its key, the value as printed and as a number's text."""

    edition: int
    printed: str
    number: str | None


def compare_topic(topic: str, *, companies: Iterable[str] = ()) -> Comparison:
    """Set the figures of every company about a topic side by side, the newest statement for each period.

    Of each company stand there the figures about the whole, and where it gives none those about the largest
    parts, such as one kind of policy. `companies` names further ones: who of them gave no figure is
    silent too.
    """
    editions = {row.pk: row for row in FigureEdition.objects.visible().select_related("disclosure__provider")}
    series, in_parts = _choose_series(topic, editions)
    grouped = _read_groups(series, editions)
    definitions = _read_definitions({row.dataset for row in series.values()}, editions)
    shown = [period for group in grouped.values() for period in group.periods]
    people = _read_people(editions, min((period.first for period in shown), default=0)) if shown else {}
    tables = [
        _make_table(*key, group, series, editions, people, definitions)
        for key, group in sorted(grouped.items(), key=_order_group)
    ]
    spoke = {*((row.provider, row.dataset) for row in series.values()), *in_parts}
    silent = _list_silent(editions, spoke, companies)
    return Comparison(topic, tuple(tables), silent, tuple(in_parts))


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


def _list_shown(editions: Mapping[int, FigureEdition]) -> QuerySet[FigureSeries]:
    """List the series that an edition in view has a value of; an index is asked, no row read twice."""
    stated = FigurePoint.objects.filter(series=OuterRef("pk"), edition__in=list(editions))
    return FigureSeries.objects.filter(Exists(stated))


def _choose_series(
    topic: str, editions: Mapping[int, FigureEdition]
) -> tuple[dict[int, FigureSeries], list[tuple[str, str]]]:
    """Choose the series of a topic to show, and name (company, data set) of what would be too many parts."""
    about = _list_shown(editions).filter(topic=topic)
    chosen = {row.pk: row for row in about.filter(breakdown=[])}
    parts: dict[str, list[FigureSeries]] = defaultdict(list)
    for row in about.exclude(breakdown=[]).exclude(provider__in={each.provider for each in chosen.values()}):
        parts[row.provider].append(row)
    too_many = []
    for provider, rows in sorted(parts.items(), key=lambda each: each[0].casefold()):
        least = min(len(row.breakdown) for row in rows)
        largest = [row for row in rows if len(row.breakdown) == least]
        if len(largest) <= MOST_PARTS:
            chosen.update((row.pk, row) for row in largest)
        else:
            too_many.append((provider, largest[0].dataset))
    return chosen, too_many


def _list_silent(
    editions: Mapping[int, FigureEdition], spoke: Collection[tuple[str, str]], companies: Iterable[str]
) -> tuple[str, ...]:
    """List by name who is known here and said nothing; whoever only tells of others is no company."""
    tellers = {row.dataset: row for row in editions.values()}

    def name_party(provider: str, dataset: str) -> str:
        is_own = tellers[dataset].told_by == COMPANY
        return tellers[dataset].disclosure.provider.name if is_own else provider

    own = [row.disclosure.provider.name for row in editions.values() if row.told_by == COMPANY]
    others = [name for name, row in tellers.items() if row.told_by != COMPANY]
    named = _list_shown(editions).filter(dataset__in=others).values_list("provider", flat=True).distinct()
    known = {fields.make_slug(name): name for name in (*named, *own, *companies)}
    only_tell = {fields.make_slug(tellers[name].disclosure.provider.name) for name in others}
    only_tell -= {fields.make_slug(name) for name in own}
    answered = {fields.make_slug(name_party(*each)) for each in spoke}
    silent = (name for slug, name in known.items() if slug not in answered | only_tell)
    return tuple(sorted(silent, key=str.casefold))


def _read_groups(
    series: Mapping[int, FigureSeries], editions: Mapping[int, FigureEdition]
) -> dict[tuple[int, str, str], _Group]:
    """Read what is shown of series, by (months, counts, unit)."""
    kinds: dict[tuple[str, str], dict[int, FigureSeries]] = defaultdict(dict)
    for pk, row in series.items():
        kinds[row.counts, row.unit][pk] = row
    groups = {}
    for (counts, unit), rows in kinds.items():
        # Only the index is asked which periods there are: of forty, eight are shown, and reading all the rest
        # of a hundred companies took as long as everything else.
        stated = FigurePoint.objects.filter(series__in=rows, edition__in=list(editions))
        by_length: dict[int, list[Period]] = defaultdict(list)
        for first, last in stated.values_list("first", "last").distinct():
            period = Period(first, last)
            by_length[period.months].append(period)
        for months, periods in by_length.items():
            groups[months, counts, unit] = _read_group(sorted(periods), rows, editions)
    return groups


def _read_group(
    periods: Sequence[Period], series: Mapping[int, FigureSeries], editions: Mapping[int, FigureEdition]
) -> _Group:
    """Read the last of some periods of one length for which somebody gives a number.

    The rest are years before anybody counted. Where the last have none, more are read, in growing steps.
    """
    looked_at = MOST_PERIODS
    while True:
        window = periods[-looked_at:]
        held = _read_newest(series, editions, window[0].first, window[0].months)
        known = {
            period for points in held.values() for period, each in points.items() if each.number is not None
        }
        if len(known) >= MOST_PERIODS or len(window) == len(periods):
            return _Group(tuple(sorted(known)[-MOST_PERIODS:]), held)
        looked_at *= 4


def _read_newest(
    series: Mapping[int, FigureSeries],
    editions: Mapping[int, FigureEdition],
    since: int,
    months: int | None = None,
) -> dict[int, dict[Period, _Stated]]:
    """Read what the newest edition that has it states, for periods from a month on, of one length or any."""
    order = {pk: place for place, pk in enumerate(editions)}
    found: dict[int, dict[Period, _Stated]] = defaultdict(dict)
    points = FigurePoint.objects.filter(series__in=series, edition__in=order, first__gte=since)
    if months is not None:
        points = points.filter(last=F("first") + months - 1)
    # Plain rows: a page about many companies reads thousands; an object each was most of its time.
    rows = points.values_list("series", "first", "last", "edition", "printed", "number")
    for pk, first, last, edition, printed, number in rows.iterator(2000):
        period = Period(first, last)
        held = found[pk].get(period)
        if held is None or order[held.edition] < order[edition]:
            found[pk][period] = _Stated(edition, printed, number)
    return found


def _read_people(
    editions: Mapping[int, FigureEdition], since: int
) -> dict[str, dict[Period, tuple[Number, str]]]:
    """Read how many people use a company's services, by company and period, with where that stands."""
    rows = {
        row.pk: row
        for row in _list_shown(editions).filter(
            counts=PEOPLE, unit="number", breakdown=[], metric__icontains="monthly"
        )
    }
    found: dict[str, dict[Period, tuple[Number, str]]] = defaultdict(dict)
    for pk, points in _read_newest(rows, editions, since).items():
        row = rows[pk]
        named = f" ({row.service})" if row.service not in ("", WHOLE) else ""
        for period, point in points.items():
            number = figures.read_number(point.number)
            if number:
                source = f"{row.metric}{named}, {editions[point.edition].title}"
                found[row.provider][period] = (number, source)
    return found


def _read_definitions(
    datasets: Collection[str], editions: Mapping[int, FigureEdition]
) -> dict[tuple[str, str, str], Definition]:
    """Read what records say their figures mean, by data set, metric and what is counted; the newest word."""
    found = {}
    for edition in editions.values():
        if edition.dataset not in datasets:
            continue
        listed = edition.disclosure.read_record().body.get("definitions")
        for each in listed if isinstance(listed, list) else ():
            # What is held back is null in its place.
            if each and each.get("text") and each.get("metric") and each.get("counts"):
                key = _name_definition(edition.dataset, each["metric"], each["counts"])
                found[key] = Definition(str(each["text"]), edition.disclosure.record)
    return found


def _name_definition(dataset: str, metric: str, counts: str) -> tuple[str, str, str]:
    return dataset, metric.casefold(), counts


def _order_group(group: tuple[tuple[int, str, str], object]) -> tuple[object, ...]:
    (months, counts, unit), _ = group
    return (unit != "number", counts, unit, months)


def _make_table(
    months: int,
    counts: str,
    unit: str,
    group: _Group,
    series: dict[int, FigureSeries],
    editions: dict[int, FigureEdition],
    people: dict[str, dict[Period, tuple[Number, str]]],
    definitions: Mapping[tuple[str, str, str], Definition],
) -> Table:
    periods, held = group
    rows = []
    for pk, points in held.items():
        row = series[pk]
        if not any(period in points for period in periods):
            continue
        users = people.get(row.provider, {}) if unit == "number" and counts != PEOPLE else {}
        cells = tuple(_make_cell(points.get(period), users.get(period)) for period in periods)
        sources = [users[period][1] for period in periods if period in users and period in points]
        title = figures.parse_series(row).title
        definition = definitions.get(_name_definition(row.dataset, row.metric, row.counts))
        rows.append(Row(row, title, cells, sources[-1] if sources else "", definition))
    rows = _name_publishers(rows, editions)
    rows.sort(key=lambda each: (each.series.provider.casefold(), each.title.casefold()))
    return Table(months, counts, unit, periods, tuple(rows))


def _name_publishers(rows: Sequence[Row], editions: Mapping[int, FigureEdition]) -> list[Row]:
    """Name who put a figure here where two publishers put the same one: it is one figure, said twice."""
    said = Counter((row.series.provider, row.title) for row in rows)
    tellers = {each.dataset: each for each in editions.values()}
    return [
        replace(
            row, title=f"{row.title}, put here by {revisions.read_publisher(tellers[row.series.dataset])}"
        )
        if said[row.series.provider, row.title] > 1
        else row
        for row in rows
    ]


def _make_cell(point: _Stated | None, users: tuple[Number, str] | None) -> Cell | None:
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
