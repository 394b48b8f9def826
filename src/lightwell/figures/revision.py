"""What a later edition changed in the past: pure, two editions in, revised, dropped and added figures out.

- **changed**: the later edition gives another number for the same figure and period, or gives one where
none was given, or none where one was. Another spelling of the same number is no change.
- **dropped**: the earlier edition has the figure for a period that the later one covers, and the later one
has it not. An edition that restates the history covers every period; another only those it has figures of.
- **added**: the later edition has a figure that the earlier had not, for a period up to the earlier's latest.
- **new**: a figure of a later period. That is no revision; it is counted so that the four add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lightwell.figures.edition import Edition, Figures
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.value import Number

CHANGED, DROPPED, ADDED = "changed", "dropped", "added"


@dataclass(frozen=True, slots=True)
class Revision:
    """One figure of the past that two neighbouring editions state differently; one of them may lack it."""

    kind: str
    series: Series
    period: Period
    earlier: Point | None
    later: Point | None

    @property
    def size(self) -> Number | None:
        """Later number minus earlier one; None unless both are numbers."""
        if self.earlier is None or self.later is None:
            return None
        before, after = self.earlier.number, self.later.number
        return None if before is None or after is None else after - before

    @property
    def ratio(self) -> Decimal | None:
        """Size in parts of the earlier number (2: three times as much); None where that is not defined."""
        size = self.size
        if size is None or self.earlier is None or not self.earlier.number:
            return None
        return Decimal(size) / abs(Decimal(self.earlier.number))

    @property
    def direction(self) -> str:
        """Say "up", "down", "number given", "number withdrawn", "dropped" or "added"."""
        if self.kind != CHANGED or self.earlier is None or self.later is None:
            return self.kind
        if self.size is None:
            return "number given" if self.earlier.number is None else "number withdrawn"
        return "up" if self.size > 0 else "down"

    @property
    def sort_key(self) -> tuple[object, ...]:
        """Order: changed, dropped, added; then by series and period."""
        return ((CHANGED, DROPPED, ADDED).index(self.kind), self.series.sort_key, self.period)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many figures a step changed, dropped, added and brought for later periods; parts add up."""

    changed: int = 0
    dropped: int = 0
    added: int = 0
    new: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(
            self.changed + other.changed,
            self.dropped + other.dropped,
            self.added + other.added,
            self.new + other.new,
        )


@dataclass(frozen=True, slots=True)
class Span:
    """What of an edition decides about the past: its latest period, all its periods, whether it restates."""

    latest: Period
    periods: frozenset[Period]
    restates: bool


@dataclass(frozen=True, slots=True)
class Gap:
    """A figure that one step dropped and a later one added again: both revisions, with their steps from 0."""

    dropped: Revision
    left_out: int
    added: Revision
    back: int


def find_gaps(steps: Sequence[Iterable[Revision]]) -> list[Gap]:
    """Find what was dropped and came back, in the steps of one data set in order; counts stay as they are."""
    gone: dict[tuple[Series, Period], tuple[int, Revision]] = {}
    found = []
    for at, step in enumerate(steps):
        for each in step:
            key = each.series, each.period
            if each.kind == DROPPED:
                gone[key] = at, each
            elif each.kind == ADDED and key in gone:
                left_out, dropped = gone.pop(key)
                found.append(Gap(dropped, left_out, each, at))
    return found


def find_revisions(earlier: Edition, later: Edition) -> tuple[Revision, ...]:
    """Return every revision between two editions of one data set, in a fixed order."""
    _, found = judge_figures(earlier.figures, later.figures, measure_span(earlier), measure_span(later))
    return tuple(sorted(found, key=lambda each: each.sort_key))


def judge_figures(
    earlier: Figures, later: Figures, before: Span, after: Span
) -> tuple[Tally, list[Revision]]:
    """Compare two editions, or parts of them that hold the same series; the order is that of the files."""
    found: list[Revision] = []
    for series, periods in earlier.items():
        others = later.get(series, {})
        for period, point in periods.items():
            other = others.get(period)
            if other is None:
                if after.restates or period in after.periods:
                    found.append(Revision(DROPPED, series, period, point, None))
            elif other.number != point.number:
                found.append(Revision(CHANGED, series, period, point, other))
    changed = sum(each.kind == CHANGED for each in found)
    dropped = len(found) - changed
    new = 0
    for point in _iterate_unknown(earlier, later):
        if is_past(point.period, before.latest):
            found.append(Revision(ADDED, point.series, point.period, None, point))
        else:
            new += 1
    return Tally(changed, dropped, len(found) - changed - dropped, new), found


def is_past(period: Period, latest: Period) -> bool:
    """Answer whether an edition whose latest period is `latest` could have had a figure for `period`."""
    return period.last <= latest.last


def measure_span(edition: Edition) -> Span:
    """Measure what of an edition decides about the past."""
    return Span(edition.latest, gather_periods(edition.figures.values()), edition.restates)


def gather_periods(held: Iterable[dict[Period, Point]]) -> frozenset[Period]:
    """Gather the periods of many series."""
    periods: set[Period] = set()
    for each in held:
        periods.update(each)
    return frozenset(periods)


def _iterate_unknown(earlier: Figures, later: Figures) -> Iterator[Point]:
    for series, periods in later.items():
        others = earlier.get(series)
        if others is None:
            yield from periods.values()
            continue
        if periods.keys() == others.keys():
            continue
        for period, point in periods.items():
            if period not in others:
                yield point
