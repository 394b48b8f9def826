"""Quantiles from a noisy tree of bins: one charge gives all of them, each with its interval.

A quantile is looked for from the top down. Of each level only the children of one node are read, and from
what was read so far comes the estimate of how many lie below each edge between them, less the share of all;
where that passes nothing is the next node. The ends of the interval are found in the same way, of the
estimate moved by 1.96 of its own standard deviations. The estimate at an edge and its deviation are those of
least squares from all nodes read on the way (Hay, Rastogi, Miklau and Suciu 2010, section 4, on the part of
the tree that is read), so the interval holds the edge at which the truth passes in 95 of 100 cases. What
nodes beside the way would add is a tenth of the deviation; reading them would take thirty times the noise.

What it costs. Think of a tree with noise on every node, drawn beforehand: its levels are what is charged for,
each as a whole vector with a sensitivity of its own, and a quantile is a function of that noisy tree, which
costs nothing more. The function looks at few nodes, and at which ones next is decided by noisy numbers alone.
The noise of different nodes is independent, so whatever was seen, a node not looked at yet still has the
noise it would have had: to draw it when it is looked at, once, and to keep it for every further look gives
the same joint distribution as to draw all of it beforehand. So does the answer have, and the same charge
holds. How many nodes are read is then a function of the noisy tree too, and so is the time it takes.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lightwell.query import bound

_Z = 1.959963984540054


@dataclass(slots=True)
class _Descent:
    """One way down: to where how many lie below passes `share` of all, moved by so many deviations.

    `below` is the estimate at the left edge of the node arrived at, less the share of all; `inside` of how
    many are in the node. Their variances and covariance are those of the least squares from all nodes read.
    """

    share: float
    move: float
    node: int = 0
    place: float = 0.0
    below: float = 0.0
    inside: float = 0.0
    below_square: float = 0.0
    inside_square: float = 0.0
    between: float = 0.0

    def start(self, numbers: Sequence[int], sigma: float) -> None:
        """Read the nodes of the first level. Of their split nothing is known before, nor of their sum."""
        share, square, size = self.share, sigma * sigma, len(numbers)
        value = -share * sum(numbers)
        edges = []
        for edge in range(size + 1):
            edges.append((value, square * ((1 - share) ** 2 * edge + share**2 * (size - edge))))
            value += numbers[edge] if edge < size else 0
        child = self._choose(edges)
        self.below, self.below_square = edges[child]
        self.inside, self.inside_square, self.between = numbers[child], square, -share * square
        self.node = child

    def descend(self, numbers: Sequence[int], sigma: float) -> None:
        """Read the children of the node arrived at.

        Their sum is a second measurement of the node, which corrects what is below and inside it (a step of
        Kalman 1960 with nothing moving). How the node is split among them their sum does not tell: each is
        its part of the node plus how far its number lies from their mean, and those are uncorrelated.
        """
        size, square = len(numbers), sigma * sigma
        total = sum(numbers)
        spread = self.inside_square + size * square
        off, part = (total - self.inside) / spread, self.inside_square / spread
        self.below += self.between * off
        self.inside += self.inside_square * off
        self.below_square -= self.between * self.between / spread
        self.between *= 1 - part
        self.inside_square *= 1 - part
        edges, moved = [], 0.0
        for edge in range(size + 1):
            here = edge / size
            edges.append(
                (
                    self.below + here * self.inside + moved,
                    self.below_square
                    + here * (2 * self.between + here * self.inside_square)
                    + square * edge * (1 - here),
                )
            )
            moved += numbers[edge] - total / size if edge < size else 0.0
        child = self._choose(edges)
        self.below, self.below_square = edges[child]
        self.inside = self.inside / size + numbers[child] - total / size
        self.between = (self.between + child / size * self.inside_square - square * child) / size
        self.inside_square = self.inside_square / size**2 + square * (1 - 1 / size)
        self.node = bound.BRANCHES * self.node + child

    def _choose(self, edges: Sequence[tuple[float, float]]) -> int:
        """Find the place among the edges, and the child that it lies in."""
        values = [value + self.move * math.sqrt(max(square, 0.0)) for value, square in edges]
        place = _find_crossing(values)
        child = min(int(place), len(edges) - 2)
        # On the last level this is the place wanted; on those before a whole part of it.
        self.place = place - child
        return child


class Search:
    """All quantiles wanted of one tree, read level by level: `list_nodes`, then `take` their numbers.

    `shares` are the quantiles wanted, `sigmas` the standard deviation of each level's noise.
    """

    def __init__(self, count: int, sigmas: Sequence[float], shares: Sequence[float]) -> None:
        self.sizes, self.sigmas, self.level = _list_levels(count), sigmas, 0
        self.descents = {share: [_Descent(share, move) for move in (0.0, _Z, -_Z)] for share in shares}
        self.total = 0

    def list_nodes(self) -> list[int]:
        """The nodes of the next level that are needed, in order; nothing after the last level."""
        if self.level == len(self.sizes):
            return []
        found: set[int] = set()
        for descents in self.descents.values():
            for one in descents:
                found.update(self._list_children(one))
        return sorted(found)

    def take(self, numbers: Mapping[int, int]) -> None:
        """Go on with the noisy numbers of the nodes that were listed."""
        sigma = self.sigmas[self.level]
        for descents in self.descents.values():
            for one in descents:
                read = [numbers[node] for node in self._list_children(one)]
                if self.level:
                    one.descend(read, sigma)
                else:
                    one.start(read, sigma)
        if not self.level:
            self.total = sum(numbers.values())
        self.level += 1

    def find_quantile(
        self, share: float, low: float, high: float, *, is_whole: bool
    ) -> tuple[float | None, float, float]:
        """A quantile and its 95 % interval; None for the value where noise is as large as what is counted.

        `low` and `high` are the ends of the bins. Within a bin values are taken to lie evenly; of whole
        numbers a bin is one number.
        """
        reached, first, last = (one.node + one.place for one in self.descents[share])
        first, last = min(first, reached), max(last, reached)
        width = (high - low) / self.sizes[-1]
        if is_whole:
            most = float(self.sizes[-1] - 1)
            reached, first, last = (float(min(math.floor(place), most)) for place in (reached, first, last))
        value, lower, upper = (low + place * width for place in (reached, first, last))
        noise = self.sigmas[0] * math.sqrt(self.sizes[0])
        return None if self.total <= _Z * noise else value, lower, upper

    def _list_children(self, one: _Descent) -> range:
        if not self.level:
            return range(self.sizes[0])
        first = bound.BRANCHES * one.node
        return range(first, min(first + bound.BRANCHES, self.sizes[self.level]))


@functools.lru_cache(maxsize=256)
def _list_levels(count: int) -> list[int]:
    return bound.list_levels(count)


def _find_crossing(values: Sequence[float]) -> float:
    """Where numbers that ought to rise go through nothing, in bins from the first edge.

    How many lie below never falls along the edges, so they are made monotone (isotonic regression) first.
    """
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
