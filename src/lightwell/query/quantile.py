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
# A bin must hold this many deviations of the number below its edge for the next level to be looked at.
_DESCENT = 0.5


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


def count_below(tree: Tree, share: float, depth: int) -> list[tuple[float, float]]:
    """For each edge of a level: how many lie below it less `share` of all, and the deviation of that number.

    `depth` is the level, from 0, the coarsest; finer levels are not used.
    """
    width, top = len(tree.levels[depth]), len(tree.levels[0])
    spans = [bound.BRANCHES**below for below in range(depth, -1, -1)]
    sums = [_add_up(level) for level in tree.levels[: depth + 1]]
    total = sums[0][-1]
    found = []
    for edge in range(width + 1):
        first = edge // spans[0]
        value = sums[0][first] - share * total
        square = tree.sigmas[0] ** 2 * ((1 - share) ** 2 * first + share**2 * (top - first))
        done = first
        for place in range(1, depth + 1):
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
    bin is one number. The levels are gone down as long as a bin of the next holds more than its noise:
    beyond, finer bins would show noise only, and the interval ends at edges of the coarser ones.
    """
    depth = 0
    edges = count_below(tree, share, 0)
    crossing = _find_crossing(edges)
    last = len(tree.levels) - 1
    while depth < last:
        finer = count_below(tree, share, depth + 1)
        held = tree.levels[depth][min(int(crossing), len(tree.levels[depth]) - 1)] / bound.BRANCHES
        around = min(int(crossing * bound.BRANCHES) + bound.BRANCHES // 2, len(finer) - 1)
        if held < _DESCENT * finer[around][1]:
            break
        depth, edges = depth + 1, finer
        crossing = _find_crossing(edges)
    # A bin of a coarse level is as wide as all bins below it, also where the last one is not full.
    width = (high - low) / len(tree.levels[-1]) * bound.BRANCHES ** (last - depth)
    first, final = _find_plausible(edges)
    if depth == last and not is_whole:
        lower = low + width * (first + _part(edges[first], edges[first + 1], 1))
        upper = low + width * (final + _part(edges[final], edges[final + 1], -1))
    else:
        lower, upper = low + first * width, low + (final + (0 if depth == last else 1)) * width
    lower, upper = max(min(lower, upper), low), min(max(lower, upper), high)
    if tree.total <= _Z * tree.sigmas[0] * math.sqrt(len(tree.levels[0])):
        return None, lower, upper
    value = low + (math.floor(crossing) if is_whole and depth == last else crossing) * width
    return min(max(value, lower), upper), lower, upper


def _find_plausible(edges: Sequence[tuple[float, float]]) -> tuple[int, int]:
    """The first and the last bin in which the wanted share may be reached, noise allowed for."""
    bins = [
        place
        for place in range(len(edges) - 1)
        if edges[place + 1][0] >= -_Z * edges[place + 1][1] and edges[place][0] <= _Z * edges[place][1]
    ]
    return (bins[0], bins[-1]) if bins else (0, len(edges) - 2)


def _find_crossing(edges: Sequence[tuple[float, float]]) -> float:
    """Where the number below goes through the wanted share: in the middle of all its crossings."""
    crossings = []
    for edge in range(len(edges) - 1):
        one, two = edges[edge][0], edges[edge + 1][0]
        if (one < 0 <= two) or (one >= 0 > two):
            crossings.append(edge + abs(one) / (abs(one) + abs(two) or 1.0))
    if not crossings:
        return 0.0 if edges[0][0] >= 0 else len(edges) - 1.0
    return crossings[len(crossings) // 2]


def _part(one: tuple[float, float], two: tuple[float, float], sign: int) -> float:
    """How far into a bin the band of z deviations is met, from 0 to 1."""
    start, end = one[0] + sign * _Z * one[1], two[0] + sign * _Z * two[1]
    if start >= 0:
        return 0.0
    if end <= 0:
        return 1.0
    return -start / (end - start)
