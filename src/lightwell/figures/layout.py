"""Rows of cells to points, by a layout; or every problem with file, row and column, and nothing half-read.

`open_rows` chooses the layout whose header is exactly that of the file and returns a `Pass`, whose
points are then drawn one by one, so that a file larger than memory can be read; `Pass.finish` raises
what was wrong.
Cells are text; how bytes become rows is the business of `files/figure_files` and of `figures/table`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.figures import assertion, stack
from lightwell.figures import edition as editions
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.figures import value as values
from lightwell.figures.edition import Edition
from lightwell.figures.mapping import Column, Layout, Mapping, Measure, Table
from lightwell.figures.period import Period
from lightwell.figures.point import WHOLE, Point, Series, find_text_problem
from lightwell.figures.value import Number

Rows = Iterable[Sequence[str]]

MAX_COLUMNS = 1000
_MAX_TEXT = 500
_MAX_PRINTED = 400
# Caches are emptied when full, so that a file of any length is read in bounded memory.
_MAX_CACHED = 200_000
_TOTAL = "Total"
_NOTHING = "there is no figure in this file"


class Pass:
    """One file being read: draw `points` to the end, then call `finish`.

    `latest` is the latest period so far, `periods` all of them, `notes` what was read otherwise than printed.
    """

    def __init__(self, layout: Layout, file: str, hint: Period | None) -> None:
        self.layout = layout
        self.file = file
        self.hint = hint
        self.problems: list[errors.Problem] = []
        self.notes: dict[str, None] = {}
        self.periods: set[Period] = set()
        self.repeats: dict[int, mappings.Repeated] = {}
        self.points: Iterator[Point] = iter(())

    @property
    def latest(self) -> Period:
        """The latest period of the file; of two that end together the shorter."""
        if self.layout.kind == mappings.STACKED and self.hint is not None:
            return self.hint
        return max(self.periods, key=lambda each: (each.last, each.first))

    def report(self, row: int | None, column: str, sentence: str) -> None:
        """Keep a problem with its place."""
        where = f", row {row}" if row is not None else ""
        where += f", column {values.quote(column)}" if column else ""
        editions.add_problem(self.problems, errors.Problem(self.file + where, sentence))

    def finish(self) -> None:
        """Raise `UserMistake` with every problem of the file."""
        if not self.problems and not self.periods:
            self.report(None, "", _NOTHING)
        if self.periods:
            name = periods.format_period(self.latest)
            for row, repeated in self.repeats.items():
                if name not in repeated.editions:
                    self.report(
                        row,
                        repeated.column,
                        f"a second value for one figure; rows of {values.quote(repeated.printed)} are "
                        f"told apart by "
                        f"their order only in {', '.join(repeated.editions)}, and this is {name}",
                    )
        if self.problems:
            raise errors.UserMistake(problems=self.problems)


def open_rows(mapping: Mapping, rows: Rows, file: str, hint: Period | None = None) -> Pass:
    """Choose the layout of a file by its first row, or by its titles, and begin to read it.

    `hint` is the period of the edition where the file itself does not say it (from its name or from the
    user).
    Raises `UserMistake` where no layout fits, naming the columns that are new and those that are missing.
    """
    iterator = iter(rows)
    first = next(iterator, None)
    while first is not None and not any(map(str.strip, first)):
        first = next(iterator, None)
    if first is None:
        raise errors.UserMistake("the file is empty", place=file)
    header = _trim_header(first)
    if len(header) > MAX_COLUMNS:
        raise errors.UserMistake(f"a row has more than {MAX_COLUMNS:,} cells", place=file)
    tables = [each for each in mapping.layouts if each.kind == mappings.TABLE]
    fitting = [each for each in tables if each.tables[0].header == header]
    if fitting:
        layout = _prefer(fitting, hint)
        reading = Pass(layout, file, hint)
        numbered = zip(itertools.count(2), iterator, strict=False)
        reading.points = _TableReader(reading, layout.tables[0]).read(numbered)
        return reading
    stacked = [each for each in mapping.layouts if each.kind == mappings.STACKED]
    if stacked:
        return _open_stack(stacked, [first, *iterator], file, hint)
    raise errors.UserMistake(problems=_explain_header(mapping, tables, header, file))


def open_value(mapping: Mapping, value: Json, file: str, hint: Period | None = None) -> Pass:
    """Begin to read a JSON file: only the collection of assertions by platform is one."""
    layouts = [each for each in mapping.layouts if each.kind == mappings.PLATFORMS]
    if not layouts:
        raise errors.UserMistake(f"the mapping {mapping.name} reads no JSON", place=file)
    reading = Pass(_prefer(layouts, hint), file, None)
    found = assertion.read_assertions(value, file)
    reading.points = assertion.make_points(found, reading.layout, file)
    reading.periods.update(each.period for each in found.assertions)
    return reading


def read_edition(reading: Pass) -> Edition:
    """Read a whole file into one edition, named after its latest period."""
    figures = editions.collect_figures(reading.points, reading.problems)
    if not figures and not reading.problems:
        reading.report(None, "", _NOTHING)
    reading.finish()
    return make_edition(reading, figures)


def make_edition(reading: Pass, figures: editions.Figures) -> Edition:
    """Make an edition of what was read; `figures` may be a part of it."""
    layout = reading.layout
    return Edition(
        name=periods.format_period(reading.latest),
        file=reading.file,
        mapping=layout.mapping,
        version=layout.version,
        dataset=layout.dataset,
        latest=reading.latest,
        restates=layout.restates_history,
        notes=tuple(reading.notes),
        figures=figures,
    )


def _prefer(layouts: Sequence[Layout], hint: Period | None) -> Layout:
    # A layout that names its editions goes before one for all, because it was written for an oddity of
    # theirs.
    name = periods.format_period(hint) if hint else ""
    named = [each for each in layouts if name and name in each.editions]
    return (named or [each for each in layouts if not each.editions] or list(layouts))[0]


def _trim_header(cells: Sequence[str]) -> tuple[str, ...]:
    header = [each.strip() for each in cells]
    while header and not header[-1]:
        header.pop()
    return tuple(header)


def _explain_header(
    mapping: Mapping, layouts: Sequence[Layout], header: tuple[str, ...], file: str
) -> list[errors.Problem]:
    place = f"{file}, row 1"
    doubled = sorted({each for each in header if header.count(each) > 1})
    if doubled:
        return [errors.Problem(place, f"two columns are called {values.quote(each)}") for each in doubled]
    if not layouts:
        return [errors.Problem(file, f"the mapping {mapping.name} reads no table of rows")]

    def measure_distance(layout: Layout) -> int:
        return len(set(layout.tables[0].header) ^ set(header))

    nearest = min(reversed(layouts), key=measure_distance)
    known = nearest.tables[0].header
    of = f"layout {nearest.version} of the mapping {mapping.name}"
    problems = [
        errors.Problem(
            f"{place}, column {values.quote(each)}", f"this column is new: {of}, the nearest, has it not"
        )
        for each in header
        if each not in known
    ]
    problems += [
        errors.Problem(place, f"column {values.quote(each)} of {of}, the nearest, is missing")
        for each in known
        if each not in header
    ]
    if not problems:
        problems = [errors.Problem(place, f"the columns stand in another order than in {of}")]
    return [
        *problems,
        errors.Problem(
            "",
            "no layout has these columns, so nothing was read. Write one with: lightwell figures map FILE "
            "(see docs/reference/figures.md)",
        ),
    ][: editions.MAX_PROBLEMS]


def _open_stack(
    layouts: Sequence[Layout], rows: Sequence[Sequence[str]], file: str, hint: Period | None
) -> Pass:
    named = [each for each in layouts if hint and periods.format_period(hint) in each.editions]
    layout, sections = stack.split_stack(
        [*named, *(each for each in layouts if not each.editions)], rows, file
    )
    reading = Pass(layout, file, hint)
    if hint is None:
        raise errors.UserMistake(
            "this file does not say of which period it is: say it with --edition 2023Q4, or name the file "
            "so that it does (discord-2023-q4.csv)",
            place=file,
        )
    reading.points = itertools.chain.from_iterable(_read_section(reading, each) for each in sections)
    return reading


def _read_section(reading: Pass, section: stack.Section) -> Iterator[Point]:
    table = section.table
    reader = _TableReader(reading, table)
    if table.shifted:
        reading.notes[
            f'"{table.title}", column "{table.shifted}", read one row higher: {table.shifted_reason}'
        ] = None
    is_period = table.columns[0].role == "period"
    assert reading.hint is not None
    total = periods.format_period(reading.hint) if is_period else _TOTAL
    for row, cells in section.rows:
        label = cells[0].strip()
        kept = [total, *cells[1:]] if label in table.totals else cells
        yield from reader.read(iter([(row, kept)]))


@dataclass(frozen=True, slots=True)
class _Fault:
    """What is wrong with each row that has these cells."""

    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class _Line:
    """What the cells of a row lead to beside period and value."""

    series: Series
    measure: Measure
    known: dict[str, Number | None]


class _TableReader:
    """Reads the rows of one table; the column of each meaning is found once."""

    def __init__(self, reading: Pass, table: Table) -> None:
        self.reading = reading
        self.layout = reading.layout
        self.table = table
        by_role: dict[str, list[int]] = {}
        for at, column in enumerate(table.columns):
            by_role.setdefault(column.role, []).append(at)
        self.by_role = by_role
        self.period_at = self._find("period")
        self.kind_at = self._find("period kind")
        service = self._find("service")
        self.cuts_service = service is not None and table.columns[service].ends_with_period
        narrowing = ("provider", "service", "policy area", "metric", "breakdown")
        keys = sorted(n for role in narrowing for n in by_role.get(role, ()))
        if self.cuts_service and self.period_at is not None:
            keys.append(self.period_at)
        self.take_key: Callable[[Sequence[str]], object] = itemgetter(*keys) if keys else _take_nothing
        self.value_columns = [(n, table.columns[n]) for n in by_role.get("value", ())]
        self.read_as: dict[tuple[int, str], mappings.Replacement] = {}
        for each in self.layout.replacements:
            for n, column in enumerate(table.columns):
                if column.header == each.column:
                    self.read_as[n, self._fold(each.printed)] = each
        self.repeats = [
            (n, self._fold(each.printed), each)
            for each in self.layout.repeated
            for n, column in enumerate(table.columns)
            if column.header == each.column
        ]
        self.seen: dict[tuple[Series, Period], int] = {}
        # Numbers read once, by measure: the same digits may be a per cent in one row and a count in the next.
        self.known: dict[Measure, dict[str, Number | None]] = {}

    def read(self, rows: Iterator[tuple[int, Sequence[str]]]) -> Iterator[Point]:
        """Read numbered rows; what is wrong goes to the reading's problems."""
        reading, width, take_key = self.reading, len(self.table.header), self.take_key
        file, period_at, kind_at, repeats = reading.file, self.period_at, self.kind_at, self.repeats
        all_periods: dict[object, Period | _Fault] = {}
        plans: list[tuple[int, Column, dict[object, _Line | _Fault]]] = [
            (at, column, {}) for at, column in self.value_columns
        ]
        row = 0
        for row, cells in rows:
            if len(cells) != width:
                cells = self._fit(row, cells)
                if not cells:
                    continue
            elif not any(cells):
                continue
            key = take_key(cells)
            for at, column, lines in plans:
                line = lines.get(key)
                if line is None:
                    if len(lines) > _MAX_CACHED:
                        lines.clear()
                    line = lines[key] = self._make_line(cells, column)
                if type(line) is _Fault:
                    reading.report(row, line.column, line.sentence)
                    continue
                assert type(line) is _Line
                period = column.period
                if period is None and period_at is not None:
                    period_key = cells[period_at] if kind_at is None else (cells[period_at], cells[kind_at])
                    held = all_periods.get(period_key)
                    if held is None:
                        if len(all_periods) > _MAX_CACHED:
                            all_periods.clear()
                        held = all_periods[period_key] = self._read_period(cells)
                    if type(held) is _Fault:
                        reading.report(row, held.column, held.sentence)
                        continue
                    period = held  # type: ignore[assignment]  # a fault went on to the next column
                elif period is None:
                    period = reading.latest
                assert period is not None
                printed = cells[at]
                known = line.known
                if printed in known:
                    number = known[printed]
                else:
                    if len(known) > _MAX_CACHED:
                        known.clear()
                    try:
                        number = known[printed] = self._read_number(printed, line.measure)
                    except errors.UserMistake as error:
                        reading.report(row, column.header, error.problems[0].sentence)
                        continue
                series = self._tell_apart(row, cells, line.series, period) if repeats else line.series
                yield Point(series, period, printed.strip(), number, file, row)
        if not row:
            return
        reading.periods.update(each.period for each in self.table.columns if each.period is not None)
        if period_at is None and self.layout.kind == mappings.STACKED:
            reading.periods.add(reading.latest)

    def _find(self, role: str) -> int | None:
        found = self.by_role.get(role)
        return found[0] if found else None

    def _fold(self, text: str) -> str:
        return text.casefold() if self.layout.is_folded else text

    def _fit(self, row: int, cells: Sequence[str]) -> Sequence[str]:
        width = len(self.table.header)
        if not any(map(str.strip, cells)):
            return ()
        if len(cells) > width and not any(map(str.strip, cells[width:])):
            return cells[:width]
        self.reading.report(row, "", f"this row has {len(cells)} cells, the header has {width}")
        return ()

    def _take(self, cells: Sequence[str], at: int) -> str:
        """Take what stands in a cell, as the mapping reads it."""
        text = " ".join(cells[at].split())
        replaced = self.read_as.get((at, self._fold(text)))
        if replaced is None:
            return text
        self.reading.notes[f'"{replaced.printed}" read as "{replaced.read}": {replaced.reason}'] = None
        return replaced.read

    def _make_line(self, cells: Sequence[str], column: Column) -> _Line | _Fault:
        """Make the series of a row, or say which column is wrong and how."""
        layout, table = self.layout, self.table
        made = {"provider": layout.provider, "service": layout.service or layout.provider}
        made["policy area"] = column.policy_area or table.policy_area or WHOLE
        made["metric"] = column.metric or (
            f"{table.title}: {column.header}" if table.title else column.header
        )
        if table.title == column.header and not column.metric:
            made["metric"] = column.header
        for role in ("provider", "service", "policy area", "metric"):
            at = self._find(role)
            if at is None or (role == "metric" and column.metric):
                continue
            text = self._take(cells, at)
            header = table.header[at]
            if role == "service" and self.cuts_service and self.period_at is not None:
                ending = cells[self.period_at].strip()
                if not text.endswith(ending) or text == ending:
                    return _Fault(
                        header, f"{values.quote(text)} does not end with the period {values.quote(ending)}"
                    )
                text = text.removesuffix(ending).rstrip()
            if self._fold(text) in layout.everything:
                text = WHOLE if role != "provider" else text
            if not text:
                return _Fault(header, "this cell is empty; a figure needs it")
            if len(text) > _MAX_TEXT:
                return _Fault(header, f"this cell has {len(text):,} characters; at most {_MAX_TEXT} are read")
            made[role] = text
        breakdown = []
        for at in self.by_role.get("breakdown", ()):
            text = self._take(cells, at)
            if self._fold(text) in layout.everything:
                continue
            if not text or len(text) > _MAX_TEXT:
                return _Fault(table.header[at], "this cell is empty or too long; a figure needs it")
            breakdown.append((table.columns[at].name, self._fold(text)))
        measure = column.measure or mappings.find_measure(layout.rules, self._fold(made["metric"]))
        if measure is None:
            at = self._find("metric")
            header = table.header[at] if at is not None else column.header
            return _Fault(
                header,
                f"no rule of the mapping knows the metric {values.quote(made['metric'])}, so neither its "
                f"unit nor what it counts is known; add it under metrics",
            )
        spell = _spell_folded if layout.is_folded else str
        series = Series(
            made["provider"],
            made["service"],
            spell(made["policy area"]),
            spell(made["metric"]),
            measure.counts,
            measure.unit,
            tuple(sorted(breakdown)),
        )
        if problem := find_text_problem(series):
            return _Fault(column.header, problem)
        return _Line(series, measure, self.known.setdefault(measure, {}))

    def _read_number(self, printed: str, measure: Measure) -> Number | None:
        number = values.parse_number(
            printed.strip(),
            no_number=self.layout.no_number,
            percent_sign=measure.percent_sign,
            binary=self.layout.binary_numbers,
            scale=measure.scale,
        )
        if len(printed.strip()) > _MAX_PRINTED:
            raise errors.UserMistake(f"{values.quote(printed)} has more than {_MAX_PRINTED} characters")
        return number

    def _read_period(self, cells: Sequence[str]) -> Period | _Fault:
        at = self.period_at
        assert at is not None
        try:
            period = periods.parse_period(self._take(cells, at), self.reading.hint)
        except errors.UserMistake as error:
            return _Fault(self.table.header[at], error.problems[0].sentence)
        if self.kind_at is not None:
            printed = self._take(cells, self.kind_at)
            kind = dict(self.table.columns[self.kind_at].kinds).get(self._fold(printed))
            if kind is None:
                return _Fault(
                    self.table.header[self.kind_at],
                    f"{values.quote(printed)} is no kind of period of the mapping",
                )
            if not periods.is_kind(period, kind):
                return _Fault(
                    self.table.header[at], f"{values.quote(cells[at])} is not {values.quote(printed)}"
                )
        self.reading.periods.add(period)
        return period

    def _tell_apart(self, row: int, cells: Sequence[str], series: Series, period: Period) -> Series:
        for at, printed, repeated in self.repeats:
            if self._fold(self._take(cells, at)) != printed:
                continue
            count = self.seen[series, period] = self.seen.get((series, period), 0) + 1
            if count > 1:
                self.reading.repeats[row] = repeated
                self.reading.notes[
                    f'rows of "{repeated.printed}" that stand twice told apart: {repeated.reason}'
                ] = None
                pairs = sorted((*series.breakdown, ("occurrence", str(count))))
                return Series(
                    series.provider,
                    series.service,
                    series.policy_area,
                    series.metric,
                    series.counts,
                    series.unit,
                    tuple(pairs),
                )
        return series


def _take_nothing(cells: Sequence[str]) -> object:
    return ()


def _spell_folded(text: str) -> str:
    folded = text.casefold()
    return folded[:1].upper() + folded[1:]
