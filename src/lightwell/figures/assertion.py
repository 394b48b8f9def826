"""What platforms say they reported, and what the clearing house says it received: one collection in JSON.

The collection (R. Grimm, `ocse-reports-per-platform.json`) has an object for each platform, with `columns`,
`rows` of one period and its values, `brands`, other names (`aka`) and `sums`; the object NCMEC has a row
for each platform and year, several where several legal entities of one name report. A row marked
`redundant` repeats what another counts. Checked strictly: a value that is no number, a row of another
length or an unreadable period is a problem.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.figures import edition as editions
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.figures import value as values
from lightwell.figures.mapping import Layout
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series, find_text_problem
from lightwell.figures.value import Number

CLEARING_HOUSE = "NCMEC"
# Rows of the clearing house that are sums over platforms, not platforms.
TOTALS = ("ESP Total", "Total")
_ABOUT = "@"
_POLICY_AREA = "Child sexual exploitation"
_KNOWN = frozenset(
    (
        "aka",
        "brands",
        "columns",
        "comments",
        "features",
        "rows",
        "schema",
        "sources",
        "sums",
        "author",
        "title",
    )
)


@dataclass(frozen=True, slots=True)
class Platform:
    """What the file says of a platform beside its figures; `sums` are columns that make up another."""

    name: str
    aka: tuple[str, ...]
    brands: tuple[str, ...]
    sources: tuple[str, ...]
    columns: tuple[str, ...]
    sums: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Assertion:
    """One number: who told it, about which platform, quantity and period; `row` counts the teller's rows."""

    teller: str
    platform: str
    quantity: str
    period: Period
    number: Number
    row: int
    is_redundant: bool = False


@dataclass(frozen=True, slots=True)
class Assertions:
    """The whole file: platforms by name, all assertions, and the clearing house's own `sources`."""

    platforms: dict[str, Platform]
    assertions: tuple[Assertion, ...]
    notes: tuple[str, ...]
    sources: tuple[str, ...]

    def find_parent(self, platform: str) -> str:
        """Name the company of a brand or an earlier name; the platform itself where it has none."""
        for each in self.platforms.values():
            if platform in each.brands or platform in each.aka:
                return each.name
        return platform


def parse_json(text: str) -> Json:
    """Read JSON whose every number is exact and of a size that can be written; `ValueError` says what not.

    A number with a point becomes `Decimal`. Refused are a name that stands twice in one object, of which a
    reader may keep either, and a short text for an endless number, such as 1e999999999.
    """
    return json.loads(
        text,
        parse_int=_parse_int,
        parse_float=_parse_decimal,
        parse_constant=_refuse_constant,
        object_pairs_hook=_take_pairs,
    )


def read_assertions(value: Json, file: str) -> Assertions:
    """Read the collection; raises `UserMistake` with every problem by platform and row."""
    problems: list[errors.Problem] = []
    if not isinstance(value, dict) or not isinstance(value.get(CLEARING_HOUSE), dict):
        raise errors.UserMistake(
            f"this is no collection of assertions by platform: it has no {CLEARING_HOUSE}", place=file
        )
    platforms: dict[str, Platform] = {}
    assertions: list[Assertion] = []
    notes: dict[str, None] = {}
    for name, held in value.items():
        if name == _ABOUT:
            continue
        if held is None:
            platforms[name] = Platform(name, (), (), (), (), ())
            continue
        place = f"{file}, {name}"
        if not isinstance(held, dict):
            editions.add_problem(problems, errors.Problem(place, "here stand the fields of a platform"))
            continue
        for unknown in set(held) - _KNOWN:
            editions.add_problem(
                problems, errors.Problem(place, f"the field {values.quote(unknown)} is not known")
            )
        platform = _read_platform(name, held)
        if name != CLEARING_HOUSE:
            platforms[name] = platform
        listed = held.get("rows", [])
        if not isinstance(listed, list):
            editions.add_problem(problems, errors.Problem(place, "`rows` is no list"))
            continue
        for at, row in enumerate(listed, 1):
            where = f"{place}, row {at}"
            assertions += _read_row(platform, row, at, where, problems, notes)
    if problems:
        raise errors.UserMistake(problems=problems)
    return Assertions(
        platforms, tuple(assertions), tuple(notes), _take_texts(value[CLEARING_HOUSE].get("sources"))
    )


def make_points(found: Assertions, layout: Layout, file: str) -> Iterator[Point]:
    """Make a point of each assertion; several of one platform, quantity and period are numbered."""
    counts: dict[tuple[str, str, str, Period, bool], int] = {}
    for each in found.assertions:
        key = (each.teller, each.platform, each.quantity, each.period, each.is_redundant)
        counts[key] = counts.get(key, 0) + 1
    seen: dict[tuple[str, str, str, Period, bool], int] = {}
    problems: list[errors.Problem] = []
    for each in found.assertions:
        key = (each.teller, each.platform, each.quantity, each.period, each.is_redundant)
        seen[key] = seen.get(key, 0) + 1
        measure = mappings.find_measure(layout.rules, each.quantity)
        if measure is None:
            sentence = f"no rule of the mapping knows the metric {values.quote(each.quantity)}"
            editions.add_problem(problems, errors.Problem(f"{file}, {each.teller}, row {each.row}", sentence))
            continue
        breakdown = [("entry", str(seen[key]))] if counts[key] > 1 else []
        breakdown += [("counted", "in another row as well")] if each.is_redundant else []
        own = each.teller != CLEARING_HOUSE
        series = Series(
            found.find_parent(each.platform) if own else CLEARING_HOUSE,
            each.platform,
            _POLICY_AREA,
            each.quantity if own else f"{each.quantity} (as the clearing house counts)",
            measure.counts,
            measure.unit,
            tuple(sorted(breakdown)),
        )
        if problem := find_text_problem(series):
            editions.add_problem(problems, errors.Problem(f"{file}, {each.teller}, row {each.row}", problem))
            continue
        yield Point(series, each.period, str(each.number), each.number, file, each.row)
    if problems:
        raise errors.UserMistake(problems=problems)


def _parse_int(text: str) -> int:
    if len(text) > values.MAX_DIGITS:
        raise ValueError(f"{text[:40]} has more than {values.MAX_DIGITS} digits")
    return int(text)


def _parse_decimal(text: str) -> Decimal:
    exponent = text.lower().partition("e")[2]
    # Before anything is computed: an exponent of a few signs stands for a number of any length.
    if len(text) > values.MAX_DIGITS + 10 or len(exponent) > 3 or abs(int(exponent or 0)) > values.MAX_DIGITS:
        raise ValueError(f"{text[:40]} has more than {values.MAX_DIGITS} digits")
    return Decimal(text)


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no number")


def _take_pairs(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    taken = dict(pairs)
    if len(taken) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in taken if names.count(name) > 1)
        raise ValueError(f"{values.quote(doubled)} stands twice in one object")
    return taken


def _read_platform(name: str, held: dict[str, Json]) -> Platform:
    sums = held.get("sums") or {}
    columns = _take_texts(held.get("columns"))
    if name == CLEARING_HOUSE:
        columns = columns[1:]
    return Platform(
        name,
        _take_texts(held.get("aka")),
        _take_texts(held.get("brands")),
        _take_texts(held.get("sources")),
        columns,
        tuple((str(key), _take_texts(parts)) for key, parts in sums.items())
        if isinstance(sums, dict)
        else (),
    )


def _read_row(
    platform: Platform, row: Json, at: int, where: str, problems: list[errors.Problem], notes: dict[str, None]
) -> Iterable[Assertion]:
    redundant = isinstance(row, dict) and row.get("redundant") is True
    entries = [each for each in row.items() if each[0] != "redundant"] if isinstance(row, dict) else []
    if len(entries) != 1 or not isinstance(entries[0][1], list):
        editions.add_problem(
            problems, errors.Problem(where, "a row has one period and the list of its values")
        )
        return []
    printed, cells = entries[0]
    about = platform.name
    if platform.name == CLEARING_HOUSE and cells and isinstance(cells[0], str):
        about, *cells = cells
    if len(cells) != len(platform.columns):
        sentence = f"the row has {len(cells)} values for {len(platform.columns)} columns"
        editions.add_problem(problems, errors.Problem(where, sentence))
        return []
    try:
        period = periods.parse_period(printed)
    except errors.UserMistake as error:
        editions.add_problem(problems, errors.Problem(where, error.problems[0].sentence))
        return []
    made = []
    for quantity, cell in zip(platform.columns, cells, strict=True):
        if cell is None:
            continue
        if isinstance(cell, bool) or not isinstance(cell, int | Decimal):
            if redundant and isinstance(cell, str):
                notes[f"{platform.name}, {quantity}: a calculation beside the number is left out"] = None
                continue
            sentence = f"{values.quote(str(cell))} is no number, column {values.quote(quantity)}"
            editions.add_problem(problems, errors.Problem(where, sentence))
            continue
        made.append(Assertion(platform.name, about, quantity, period, values.normalise(cell), at, redundant))
    return made


def _take_texts(value: Json) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
