"""Many editions on the disk, and what each changed of the one before: in memory, or in parts when large.

In parts, each file is read once and its points go to scratch files by their series; then one part of all
editions after another is judged by the same pure function (`figures/revision`), so that memory holds one
part of two editions.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import marshal
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from lightwell.base import errors
from lightwell.figures import edition as editions
from lightwell.figures import layout, revision
from lightwell.figures.edition import Edition
from lightwell.figures.layout import Pass
from lightwell.figures.mapping import Mapping
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.revision import Revision, Tally
from lightwell.files import figure_files

# A million points are about 50 MB of CSV and 400 MB of memory.
LARGE_BYTES = 200_000_000
_PART_BYTES = 40_000_000
_MAX_PARTS = 512
_BUFFERED = 400_000
MAX_LISTED = 1_000_000


@dataclass(frozen=True, slots=True)
class Step:
    """From one edition to the next of the same data set; `revisions` is empty unless they were asked for."""

    earlier: str
    later: str
    dataset: str
    tally: Tally
    revisions: tuple[Revision, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Editions in their order, without their figures when they were read in parts, and the steps."""

    editions: tuple[Edition, ...]
    sizes: tuple[int, ...]
    steps: tuple[Step, ...]


def read_editions(
    mapping: Mapping, paths: Sequence[Path], hints: Sequence[Period | None] = ()
) -> tuple[Edition, ...]:
    """Read whole editions, in their order; `UserMistake` has the problems of all files."""
    problems: list[errors.Problem] = []
    read = []
    for path, hint in itertools.zip_longest(paths, hints):
        try:
            read.append(layout.read_edition(figure_files.open_figures(mapping, path, hint)))
        except errors.UserMistake as error:
            problems += error.problems
    if problems:
        raise errors.UserMistake(problems=problems)
    return editions.order_editions(read)


def compare_files(
    mapping: Mapping,
    paths: Sequence[Path],
    hints: Sequence[Period | None] = (),
    *,
    is_listed: bool = False,
    large: int = LARGE_BYTES,
) -> Comparison:
    """Read files and find what each edition changed of the one before; `is_listed` keeps every revision."""
    doubled = sorted({str(each) for each in paths if paths.count(each) > 1})
    if doubled:
        raise errors.UserMistake(
            problems=[errors.Problem(each, "this file is given twice") for each in doubled]
        )
    total = sum(figure_files.Source(str(each), each).measure() for each in paths)
    with _pause_collector():
        if total > large:
            return _compare_in_parts(mapping, paths, hints, total, is_listed)
        return _compare_in_memory(mapping, paths, hints, is_listed)


@contextlib.contextmanager
def _pause_collector() -> Iterator[None]:
    """Keep Python from looking for cycles among millions of points, which have none, again and again."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _compare_in_memory(
    mapping: Mapping, paths: Sequence[Path], hints: Sequence[Period | None], is_listed: bool
) -> Comparison:
    read = read_editions(mapping, paths, hints)
    steps = []
    for earlier, later in editions.pair_editions(read):
        tally, found = revision.judge_figures(
            earlier.figures, later.figures, revision.measure_span(earlier), revision.measure_span(later)
        )
        kept = tuple(sorted(found, key=lambda each: each.sort_key)) if is_listed else ()
        steps.append(Step(earlier.name, later.name, earlier.dataset, tally, kept))
    return Comparison(read, tuple(each.size for each in read), tuple(steps))


def _compare_in_parts(
    mapping: Mapping, paths: Sequence[Path], hints: Sequence[Period | None], total: int, is_listed: bool
) -> Comparison:
    count = min(_MAX_PARTS, total // _PART_BYTES + 1)
    with tempfile.TemporaryDirectory(prefix="lightwell-figures-") as name:
        room = Path(name)
        problems: list[errors.Problem] = []
        readings: list[Pass] = []
        sizes: dict[str, int] = {}
        for number, (path, hint) in enumerate(itertools.zip_longest(paths, hints)):
            try:
                reading = figure_files.open_figures(mapping, path, hint)
                sizes[str(number)] = _write_parts(reading.points, room, number, count)
                reading.finish()
                readings.append(reading)
            except errors.UserMistake as error:
                problems += error.problems
        if problems:
            raise errors.UserMistake(problems=problems)
        numbered = {id(each): at for at, each in enumerate(readings)}
        made = [(layout.make_edition(each, {}), numbered[id(each)]) for each in readings]
        ordered = editions.order_editions([each for each, _ in made])
        by_file = {each.file: number for each, number in made}
        spans = {
            each.file: revision.Span(each.latest, frozenset(each.periods), each.layout.restates_history)
            for each in readings
        }
        pairs = editions.pair_editions(ordered)
        tallies = {(earlier.file, later.file): Tally() for earlier, later in pairs}
        listed: dict[tuple[str, str], list[Revision]] = {key: [] for key in tallies}
        for part in range(count):
            held: dict[str, editions.Figures] = {}
            for earlier, later in pairs:
                for each in (earlier, later):
                    if each.file not in held:
                        points = _read_part(room, by_file[each.file], part, each.file)
                        held[each.file] = editions.collect_figures(points, problems)
                key = (earlier.file, later.file)
                tally, found = revision.judge_figures(
                    held[earlier.file], held[later.file], spans[earlier.file], spans[later.file]
                )
                tallies[key] += tally
                if is_listed:
                    listed[key] += found
                del held[earlier.file]
            if sum(map(len, listed.values())) > MAX_LISTED:
                raise errors.CouldNotCheck(
                    f"there are more than {MAX_LISTED:,} revisions; count them without a list, or compare "
                    f"fewer files"
                )
        if problems:
            raise errors.UserMistake(problems=problems)
    steps = tuple(
        Step(
            earlier.name,
            later.name,
            earlier.dataset,
            tallies[earlier.file, later.file],
            tuple(sorted(listed[earlier.file, later.file], key=lambda each: each.sort_key)),
        )
        for earlier, later in pairs
    )
    return Comparison(ordered, tuple(sizes[str(by_file[each.file])] for each in ordered), steps)


_Row = tuple[tuple[object, ...], int, int, str, int | str | None, int]


def _write_parts(points: Iterable[Point], room: Path, number: int, count: int) -> int:
    """Write points to the scratch files of their parts; returns how many there were."""
    buffers: list[list[_Row]] = [[] for _ in range(count)]
    held = written = 0
    last: Series | None = None
    fields: tuple[object, ...] = ()
    buffer = buffers[0]
    for series, period, printed, value, _, row in points:
        if series is not last:
            last = series
            # One tuple for all rows of a series in a row: marshal writes it once.
            fields = (
                series.provider,
                series.service,
                series.policy_area,
                series.metric,
                series.counts,
                series.unit,
                series.breakdown,
            )
            buffer = buffers[hash(series) % count]
        stored = value if value is None or type(value) is int else str(value)
        buffer.append((fields, period.first, period.last, printed, stored, row))
        held += 1
        if held >= _BUFFERED:
            written += held
            held = 0
            _flush(buffers, room, number)
    _flush(buffers, room, number)
    return written + held


def _flush(buffers: list[list[_Row]], room: Path, number: int) -> None:
    for part, rows in enumerate(buffers):
        if rows:
            with (room / f"{part}-{number}").open("ab") as stream:
                marshal.dump(rows, stream)
            rows.clear()


def _read_part(room: Path, number: int, part: int, file: str) -> Iterator[Point]:
    path = room / f"{part}-{number}"
    if not path.exists():
        return
    known: dict[tuple[object, ...], Series] = {}
    months: dict[tuple[int, int], Period] = {}
    with path.open("rb") as stream:
        while True:
            try:
                rows = marshal.load(stream)  # noqa: S302  # written by this process a moment ago, in its own folder
            except EOFError:
                break
            for fields, first, last, printed, stored, row in rows:
                series = known.get(fields)
                if series is None:
                    series = known[fields] = Series(*fields)
                period = months.get((first, last))
                if period is None:
                    period = months[first, last] = Period(first, last)
                value = Decimal(stored) if type(stored) is str else stored
                yield Point(series, period, printed, value, file, row)
    path.unlink()
