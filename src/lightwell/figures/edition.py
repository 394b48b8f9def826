"""One edition: all figures of one file at one time, each point once."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from lightwell.base import errors
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.value import quote

Figures = dict[Series, dict[Period, Point]]

# Enough to mend a file by; a file that was read with the wrong mapping has a problem in each row.
MAX_PROBLEMS = 200


@dataclass(frozen=True, slots=True)
class Edition:
    """All figures of one file.

    `name` is its latest period unless that is taken, `dataset` what may be compared (two files of one
    provider may be two data sets), `latest` its last period, `restates` whether it repeats the history.
    `notes` say what the mapping read otherwise than printed. `figures` is shared, so read it only.
    """

    name: str
    file: str
    mapping: str
    version: str
    dataset: str
    latest: Period
    restates: bool
    notes: tuple[str, ...]
    figures: Figures

    def points(self) -> Iterator[Point]:
        """Iterate over all points, series by series in the order of the file."""
        for periods in self.figures.values():
            yield from periods.values()

    @property
    def size(self) -> int:
        """How many points it has."""
        return sum(map(len, self.figures.values()))


def collect_figures(points: Iterable[Point], problems: list[errors.Problem]) -> Figures:
    """Sort points into series; a second value for one point of one file is added to `problems`."""
    figures: Figures = {}
    for point in points:
        periods = figures.get(point.series)
        if periods is None:
            figures[point.series] = {point.period: point}
        elif (held := periods.setdefault(point.period, point)) is not point:
            add_problem(problems, _describe_second(held, point))
    return figures


def order_editions(read: Sequence[Edition]) -> tuple[Edition, ...]:
    """Put editions in order: by data set, then by latest period, of two that end together the shorter last.

    Those of one name are named by file.
    """
    names = [(each.dataset, each.name) for each in read]
    files = [each.file.rpartition("/")[2] for each in read]
    named = [
        replace(each, name=file if files.count(file) == 1 else each.file) if names.count(name) > 1 else each
        for each, name, file in zip(read, names, files, strict=True)
    ]
    return tuple(
        sorted(named, key=lambda each: (each.dataset, each.latest.last, each.latest.first, each.file))
    )


def pair_editions(ordered: Sequence[Edition]) -> list[tuple[Edition, Edition]]:
    """Pair each edition with the next one of its data set."""
    return [(a, b) for a, b in itertools.pairwise(ordered) if a.dataset == b.dataset]


def add_problem(problems: list[errors.Problem], problem: errors.Problem) -> None:
    """Keep a problem, or that there are more than anybody reads."""
    if len(problems) < MAX_PROBLEMS:
        problems.append(problem)
    elif len(problems) == MAX_PROBLEMS:
        problems.append(errors.Problem("", f"there are more than {MAX_PROBLEMS} problems; mend these first"))


def _describe_second(held: Point, point: Point) -> errors.Problem:
    same = (
        "the same value"
        if held.printed == point.printed
        else f"{quote(point.printed)} after {quote(held.printed)}"
    )
    return errors.Problem(
        f"{point.file}, row {point.row}",
        f"a second value for one figure ({same}): {point.series.title} · {point.period} stands in row "
        f"{held.row} already; keep one, or declare in the mapping how the two are told apart",
    )
