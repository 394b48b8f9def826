"""Quantiles from a noisy tree of bins: one charge gives all of them, each with its interval.

Every node of the tree has noise of its own, so a parent and the sum of its children tell the same number
twice. `Tree.leaves` is the least-squares estimate of the bins from all nodes (Hay, Rastogi, Miklau and Suciu
2010, section 4), which halves the error of adding nodes up; `list_deviations` is the exact standard deviation
of how many lie below each edge by that estimate. It hangs on the shape of the tree and the noise alone.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.query import bound

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Tree:
    """The noisy levels of one group's bins, coarsest first, and the standard deviation of each level."""

    levels: tuple[tuple[float, ...], ...]
    sigmas: tuple[float, ...]

    def estimate_leaves(self) -> list[float]:
        """The bins by least squares from all nodes: up the tree by weighted means, down by what is left
        over."""
        squares = _list_squares(len(self.levels[-1]), self.sigmas)
        known: list[list[float]] = [[] for _ in self.levels]
        known[-1] = list(self.levels[-1])
        for place in range(len(self.levels) - 2, -1, -1):
            own = self.sigmas[place] ** 2
            for number, value in enumerate(self.levels[place]):
                below = sum(_take_children(squares[place + 1], number))
                added = sum(_take_children(known[place + 1], number))
                known[place].append((value * below + added * own) / (own + below))
        settled = known[0]
        for place in range(1, len(self.levels)):
            finer: list[float] = []
            for number, value in enumerate(settled):
                children, parts = _take_children(known[place], number), _take_children(squares[place], number)
                rest = (value - sum(children)) / sum(parts)
                finer += [child + part * rest for child, part in zip(children, parts, strict=True)]
            settled = finer
        return settled


def split_levels(numbers: Sequence[int], count: int) -> list[list[int]]:
    """Cut the flat list of a tree's nodes into its levels; the inverse of joining them in order."""
    levels, start = [], 0
    for size in bound.list_levels(count):
        levels.append(list(numbers[start : start + size]))
        start += size
    return levels


def _take_children(level: Sequence[float], number: int) -> Sequence[float]:
    return level[bound.BRANCHES * number : bound.BRANCHES * (number + 1)]


@functools.lru_cache(maxsize=64)
def _list_squares(count: int, sigmas: tuple[float, ...]) -> tuple[tuple[float, ...], ...]:
    """The variance of each node's own estimate, from itself and what is below it."""
    sizes = bound.list_levels(count)
    squares: list[tuple[float, ...]] = [(sigmas[-1] ** 2,) * sizes[-1]]
    for size, sigma in zip(sizes[-2::-1], sigmas[-2::-1], strict=True):
        below = (sum(_take_children(squares[0], number)) for number in range(size))
        squares.insert(0, tuple(sigma**2 * part / (sigma**2 + part) for part in below))
    return tuple(squares)


@functools.lru_cache(maxsize=64)
def list_deviations(count: int, sigmas: tuple[float, ...], share: float) -> tuple[float, ...]:
    """The standard deviation, at each edge of the bins, of how many lie below it less `share` of all.

    An estimate is a sum of a_i u_i over the nodes u_i of a level, with a_i one left of the edge, nothing
    right of it and a part of one on the way down to it. Among children of one parent it is phi times the
    parent plus sum (a_i - phi) z_i, phi the mean of the a_i weighted by variance, and the two are
    uncorrelated: so the variances of the levels add up.
    """
    squares = _list_squares(count, sigmas)
    found = []
    for edge in range(count + 1):
        place, part, variance = edge, 0.0, 0.0
        for level in range(len(squares) - 1, 0, -1):
            parent = place // bound.BRANCHES
            own = _take_children(squares[level], parent)
            mean = 0.0
            if own:
                weights = _weigh(len(own), place - bound.BRANCHES * parent, part)
                mean = sum(map(math.prod, zip(weights, own, strict=True))) / sum(own)
                variance += sum(
                    (weight - mean) ** 2 * square for weight, square in zip(weights, own, strict=True)
                )
            place, part = parent, mean
        weights = _weigh(len(squares[0]), place, part)
        variance += sum(
            (weight - share) ** 2 * square for weight, square in zip(weights, squares[0], strict=True)
        )
        found.append(math.sqrt(variance))
    return tuple(found)


def _weigh(size: int, place: int, part: float) -> list[float]:
    return [1.0 if number < place else part if number == place else 0.0 for number in range(size)]


def find_quantile(
    tree: Tree, share: float, low: float, high: float, *, is_whole: bool
) -> tuple[float | None, float, float]:
    """A quantile and its 95 % interval; None for the value where noise is as large as what is counted.

    `low` and `high` are the ends of the bins. Within a bin values are taken to lie evenly; of whole numbers a
    bin is one number. How many lie below never falls along the bins, so the estimate and both ends of its
    band are made monotone (isotonic regression) before they are looked up.
    """
    below = list(itertools.accumulate(tree.estimate_leaves(), initial=0.0))
    values = [number - share * below[-1] for number in below]
    deviations = list_deviations(len(tree.levels[-1]), tree.sigmas, share)
    reached, first, last = (
        _find_crossing([value + sign * _Z * sigma for value, sigma in zip(values, deviations, strict=True)])
        for sign in (0, 1, -1)
    )
    first, last = min(first, reached), max(last, reached)
    width = (high - low) / len(tree.levels[-1])
    if is_whole:
        most = float(len(tree.levels[-1]) - 1)
        reached, first, last = (float(min(math.floor(place), most)) for place in (reached, first, last))
    value, lower, upper = (low + place * width for place in (reached, first, last))
    total = sum(_list_squares(len(tree.levels[-1]), tree.sigmas)[0])
    return None if below[-1] <= _Z * math.sqrt(total) else value, lower, upper


def _find_crossing(values: Sequence[float]) -> float:
    """Where numbers that ought to rise go through nothing, in bins from the first edge."""
    rising = _make_monotone(values)
    after = next((place for place, value in enumerate(rising) if value >= 0), None)
    if after is None:
        return len(rising) - 1.0
    if after == 0:
        return 0.0
    # A flat stretch at nothing: its middle.
    end = after
    while end + 1 < len(rising) and rising[end + 1] <= 0:
        end += 1
    before = rising[after - 1]
    start = after - 1 + before / (before - rising[after])
    return (start + end) / 2 if end > after else start


def _make_monotone(values: Sequence[float]) -> list[float]:
    """The nearest numbers that never fall: neighbours that do are replaced by their mean."""
    pools: list[tuple[float, int]] = []
    for value in values:
        total, size = value, 1
        while pools and pools[-1][0] * size >= total * pools[-1][1]:
            before, count = pools.pop()
            total, size = total + before, size + count
        pools.append((total, size))
    return [total / size for total, size in pools for _ in range(size)]
