"""Intervals around released numbers: what the noise alone leaves possible for the bounded quantity.

They say nothing about rows that the bound left out, and nothing about the sampling of a survey; both have
notes of their own. All of it is arithmetic on numbers that are released already, so it costs nothing.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from statistics import NormalDist

Interval = tuple[float, float]
_NORMAL = NormalDist()
# The discrete Gaussian differs from the normal by less than 1e-15 from here on.
_WIDE = 8.0


@functools.lru_cache(maxsize=4096)
def find_reach(sigma: float, confidence: float = 0.95) -> float:
    """How far noise of a discrete Gaussian reaches with this probability; a whole number where it is narrow.

    Exact tail sums for narrow noise (so that whole numbers cover more than was asked, never less), the normal
    quantile for wide noise.
    """
    if sigma >= _WIDE:
        # Half a unit, because the noise moves in whole units.
        return math.floor(_NORMAL.inv_cdf((1 + confidence) / 2) * sigma + 0.5)
    weights = [math.exp(-(step * step) / (2 * sigma * sigma)) for step in range(int(40 * sigma) + 3)]
    whole = weights[0] + 2 * sum(weights[1:])
    inside = weights[0]
    reach = 0
    while inside < confidence * whole and reach + 1 < len(weights):
        reach += 1
        inside += 2 * weights[reach]
    return float(reach)


def bound_ratio(
    top: float, top_sigma: float, bottom: float, bottom_sigma: float, confidence: float
) -> Interval | None:
    """Fieller's interval of a ratio of two noisy numbers (Fieller 1954); None where any ratio is possible.

    All r with |top - r bottom| <= z sqrt(top_sigma^2 + r^2 bottom_sigma^2).
    """
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    a = bottom * bottom - (z * bottom_sigma) ** 2
    if bottom <= 0 or a <= 0:
        return None
    b = top * bottom
    c = top * top - (z * top_sigma) ** 2
    root = math.sqrt(max(b * b - a * c, 0.0))
    return (b - root) / a, (b + root) / a


@functools.lru_cache(maxsize=16)
def spread_points(count: int, dimensions: int) -> tuple[tuple[float, ...], ...]:
    """Points of a low-discrepancy sequence as standard normal deviates, the same each time.

    Roberts's additive recurrence in the dimension wanted: no dice, so that the same release has the same
    intervals.
    """
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (dimensions + 1))
    steps = [(1 / root) ** (place + 1) % 1 for place in range(dimensions)]
    return tuple(
        tuple(_NORMAL.inv_cdf(min(max((0.5 + step * number) % 1, 1e-9), 1 - 1e-9)) for step in steps)
        for number in range(1, count + 1)
    )


def propagate(
    compute: Callable[[Sequence[float]], float | None],
    values: Sequence[float],
    sigmas: Sequence[float],
    *,
    confidence: float = 0.95,
    points: int = 2000,
) -> Interval | None:
    """The interval of a number computed from noisy ones: the middle share of what it could be.

    `compute` gives None where the number does not exist; None comes back when that is more than a fortieth.
    """
    found = []
    for point in spread_points(points, len(values)):
        number = compute(
            [value + sigma * deviate for value, sigma, deviate in zip(values, sigmas, point, strict=True)]
        )
        if number is not None and math.isfinite(number):
            found.append(number)
    if len(found) < points * 0.975:
        return None
    found.sort()
    tail = (1 - confidence) / 2
    low = found[max(math.floor(tail * len(found)) - 1, 0)]
    high = found[min(math.ceil((1 - tail) * len(found)), len(found) - 1)]
    return low, high


def clip(
    interval: Interval | None, low: float | None, high: float | None, value: float | None = None
) -> tuple[float | None, float | None]:
    """An interval within what the number can be at all; the whole range where nothing is known of it.

    `value` is the estimate that it is around. One that noise has moved out of the range is moved to its
    nearest end and the interval with it, as far as that widens it: noise of this size leaves more possible
    than the end alone, which is all that would be left of an interval beyond it.
    """
    if interval is None:
        return low, high
    first, last = interval
    if low is not None:
        moved = max(low - value, 0.0) if value is not None else 0.0
        first, last = max(first, low), max(last + moved, low)
    if high is not None:
        moved = max(value - high, 0.0) if value is not None else 0.0
        first, last = min(first - moved, high), min(last, high)
    return first if low is None else max(first, low), last
