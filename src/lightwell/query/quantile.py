"""Quantiles from a noisy tree of bins: one charge gives all of them, each with its interval.

The tree has `bound.BRANCHES` children below a node (Hay et al. 2010). How many lie below an edge is the sum
of a few nodes, so its noise is known exactly; the interval holds every value that the wanted share cannot
rule out.
"""

from __future__ import annotations

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

    @property
    def total(self) -> float:
        """How many there are in all, by the coarsest level."""
        return sum(self.levels[0])


def split_levels(numbers: Sequence[int], count: int) -> list[list[int]]:
    """Cut the flat list of a tree's nodes into its levels; the inverse of joining them in order."""
    levels, start = [], 0
    for size in bound.list_levels(count):
        levels.append(list(numbers[start : start + size]))
        start += size
    return levels


def count_below(tree: Tree, share: float) -> list[tuple[float, float]]:
    """For each edge of the bins: how many lie below it less `share` of all, and the deviation of that
    number."""
    width = len(tree.levels[-1])
    found = []
    top = len(tree.levels[0])
    spans = [bound.BRANCHES**below for below in range(len(tree.levels) - 1, -1, -1)]
    sums = [_add_up(level) for level in tree.levels]
    total = sums[0][-1]
    for edge in range(width + 1):
        value, square = -share * total, 0.0
        first = edge // spans[0]
        value += sums[0][first]
        square += tree.sigmas[0] ** 2 * ((1 - share) ** 2 * first + share**2 * (top - first))
        done = first
        for place in range(1, len(spans)):
            start, end = done * bound.BRANCHES, edge // spans[place]
            value += sums[place][end] - sums[place][start]
            square += tree.sigmas[place] ** 2 * (end - start)
            done = end
        found.append((value, math.sqrt(square)))
    return found


def _add_up(level: Sequence[float]) -> list[float]:
    sums = [0.0]
    for number in level:
        sums.append(sums[-1] + number)
    return sums


def find_quantile(
    tree: Tree, share: float, low: float, high: float, *, is_whole: bool
) -> tuple[float | None, float, float]:
    """A quantile and its 95 % interval; None for the value where noise is as large as what is counted.

    `low` and `high` are the ends of the bins. Within a bin values are taken to lie evenly; of whole numbers a
    bin is one number.
    """
    edges = count_below(tree, share)
    width = (high - low) / len(tree.levels[-1])
    # What could be above and what could be below the wanted share.
    first = next(
        (edge for edge, (value, sigma) in enumerate(edges) if value > -_Z * sigma and edge), len(edges) - 1
    )
    last = next(
        (
            edge
            for edge in range(len(edges) - 1, -1, -1)
            if edges[edge][0] < _Z * edges[edge][1] and edge < len(edges) - 1
        ),
        0,
    )
    crossing = _find_crossing(edges)
    if is_whole:
        lower, upper = low + (first - 1) * width, low + last * width
    else:
        lower = low + width * (first - 1 + _part(edges[first - 1], edges[first], 1))
        upper = low + width * (last + _part(edges[last], edges[last + 1], -1))
    lower, upper = min(lower, upper), max(lower, upper)
    if tree.total <= _Z * tree.sigmas[0] * math.sqrt(len(tree.levels[0])):
        return None, lower, upper
    if is_whole:
        return min(max(low + math.floor(crossing) * width, lower), upper), lower, upper
    return min(max(low + crossing * width, lower), upper), lower, upper


def _find_crossing(edges: Sequence[tuple[float, float]]) -> float:
    """Where the number below goes through the wanted share: in the middle of all its crossings."""
    crossings = []
    for edge in range(len(edges) - 1):
        one, two = edges[edge][0], edges[edge + 1][0]
        if (one < 0 <= two) or (one >= 0 > two):
            crossings.append(edge + abs(one) / (abs(one) + abs(two) or 1.0))
    return crossings[len(crossings) // 2] if crossings else 0.0


def _part(one: tuple[float, float], two: tuple[float, float], sign: int) -> float:
    """How far into a bin the band of z deviations is met, from 0 to 1."""
    start, end = one[0] + sign * _Z * one[1], two[0] + sign * _Z * two[1]
    if end == start:
        return 0.5
    return min(max(-start / (end - start), 0.0), 1.0)
