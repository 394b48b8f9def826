"""The slow twin of `figures/revision`: what a later edition did to the past, said word for word.

Every pair of (series, period) is looked at by itself, over lists, with nothing indexed.
"""

from __future__ import annotations

from collections.abc import Sequence

from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series


def judge_slowly(
    earlier: Sequence[Point], later: Sequence[Point], *, restates: bool
) -> dict[str, set[tuple[Series, Period]]]:
    """Sort every (series, period) of two editions into changed, dropped, added, new and the same."""
    latest = max((point.period for point in earlier), key=lambda each: (each.last, each.first))
    found: dict[str, set[tuple[Series, Period]]] = {
        each: set() for each in ("changed", "dropped", "added", "new", "same", "of another time")
    }
    for place in {(point.series, point.period) for point in [*earlier, *later]}:
        before = [point.number for point in earlier if (point.series, point.period) == place]
        after = [point.number for point in later if (point.series, point.period) == place]
        if before and after:
            found["same" if before == after else "changed"].add(place)
        elif before:
            covered = restates or any(point.period == place[1] for point in later)
            found["dropped" if covered else "of another time"].add(place)
        else:
            found["added" if place[1].last <= latest.last else "new"].add(place)
    return found
