"""How far a bound on rows moves an average: from children's means by how many rows they have, bought once.

Ranks are a keyed order of a child's own rows (`query.layout`), so its rows up to rank M are like a random
sample of all of its rows, whose mean is expected to be the child's own. What a bound does to an average then
comes from two things: children with many rows count less beside the others, which matters as far as their
means differ; and of their rows a sample counts. For the first, this is bought for each number column: sums
over children of the child's own mean of the column, by class of how many rows the child has (at most 1, 2,
4, ... rows). For the second, two sums over children: of the mean square, and of the square of the mean.

What is bought of a column is one vector. Let a child have n rows, and let each known value x be
z = floor(2 U (x - low) / (high - low)) - U, a whole number from -U to U, where U is `UNITS` and an unknown
value is 0. The child adds to the entries of its class, which n alone decides, and to the last two entries:

    sums      m, floor of the mean of z over its n rows                       from -U to U
    known     floor of U times its share of known values                      from 0 to U
    squares   floor of a quarter of the mean of z^2 / U over its n rows       from 0 to U / 4
    own       floor of a quarter of m^2 / U                                   from 0 to U / 4

`known` is bought only of a column that may hold null. All of it is a function of the child's own rows, so a
child more or less changes one entry of each kind and nothing else, and the squared Euclidean distance is at
most U^2 + 2 (U / 4)^2, and U^2 more with `known`: `find_square`. This holds whatever the file holds: a child
without any known value adds 0, the middle of the domain, and a null in a column that is said to hold none
counts as the middle too. Children with more rows than the last class are in no entry.

From what was bought everything follows by arithmetic. With c children of s rows in each class, of mean m, an
average over all rows is sum(s c m) / sum(s c), and with a bound sum(min(s, M) c m) / sum(min(s, M) c). Noise
hides the means of classes of few children, who may have many rows; without any assumption nothing could be
said. What is assumed: a class's mean is that of its children, who differ at random, around a level; levels of
neighbouring classes differ by a normal deviation of one size, a random walk. How large that is, from one
standard deviation of the values down to a thousandth in equal factors, is weighed by how well it explains
what was bought (its likelihood; the sizes themselves weigh alike). A prediction is a mixture over sizes, each
by the solution of a tridiagonal system. Tests try it on shapes that are no walk: where means leap at one
number of rows its intervals hold too seldom.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.query.layout import Kept, Layout, is_number

UNITS = 2**16
SQUARE_UNITS = UNITS // 4
# The most rows of a child of each class.
CLASSES = tuple(2**power for power in range(21))
# Sizes of the step from class to class that are weighed, in standard deviations of the values.
_STEPS = tuple(2.0 ** (-0.75 * place) for place in range(14))
# Of a column whose values hardly differ, as far as noise lets it be seen.
_LEAST_VARIANCE = 1e-6


@dataclass(frozen=True, slots=True)
class ClassMeans:
    """What was bought of one number column: noisy whole numbers, in the units above.

    `center` and `reach` are the middle of the column's values and half their range. `sigma` is the standard
    deviation of the noise on each number; `nano_rho` what it cost.
    """

    column: str
    center: float
    reach: float
    sums: tuple[int, ...]
    known: tuple[int, ...]
    squares: int
    own: int
    sigma: float
    nano_rho: int


@dataclass(frozen=True, slots=True)
class Scale:
    """How the kept whole numbers of a column become units: its least and most, and the same as values."""

    name: str
    first: int
    last: int
    center: float
    reach: float
    has_null: bool


@dataclass(frozen=True, slots=True)
class Belief:
    """One possibility of how far a bound moves an average, in units of the reach, and its weight."""

    weight: float
    moved: float
    variance: float


def list_scales(layout: Layout) -> list[Scale]:
    """The number columns whose means are bought: those that take more than one value."""
    scales = [_find_scale(one) for one in layout.kept.values() if is_number(one)]
    return [scale for scale in scales if scale.first < scale.last]


def _find_scale(kept: Kept) -> Scale:
    if kept.how == "step":
        first, last, unit, least = kept.first, kept.last, kept.step, 0.0
    else:
        first, last, unit, least = 0, len(kept.values) - 1, 1.0, float(kept.values[0])
    center = least + (first + last) / 2 * unit
    reach = (last - first) / 2 * unit
    return Scale(kept.name, first, last, center, reach, kept.column.domain.has_null)


def find_square(scale: Scale) -> int:
    """The squared Euclidean sensitivity of a column's vector; the proof stands above."""
    return UNITS**2 * (2 if scale.has_null else 1) + 2 * SQUARE_UNITS**2


def arrange(scale: Scale, by_class: Mapping[int, tuple[int, int, int, int]]) -> list[int]:
    """Arrange sums, known, squares and own by class as the column's vector. Exact: private."""
    none = (0, 0, 0, 0)
    sums = [by_class.get(place, none)[0] for place in range(len(CLASSES))]
    known = [by_class.get(place, none)[1] for place in range(len(CLASSES))] if scale.has_null else []
    squares, own = (sum(one[place] for one in by_class.values()) for place in (2, 3))
    return [*sums, *known, squares, own]


def take_apart(scale: Scale, vector: Sequence[int], sigma: float, nano_rho: int) -> ClassMeans:
    """What was bought from its noisy vector. Inverse of `arrange`."""
    count = len(CLASSES)
    return ClassMeans(
        column=scale.name.lower(),
        center=scale.center,
        reach=scale.reach,
        sums=tuple(vector[:count]),
        known=tuple(vector[count:-2]),
        squares=vector[-2],
        own=vector[-1],
        sigma=sigma,
        nano_rho=nano_rho,
    )


class Model:
    """What is believed of a column's means by class.

    Built from what was bought and from how many children (`counts`, noisy with deviation `sigma`, none below
    0) have how many rows: at most `edges`, and about `sizes`. `average`, and the variances between children's
    means and `within` children, are in units of the reach; none smaller is believed than noise could hide.
    """

    def __init__(
        self,
        means: ClassMeans,
        edges: Sequence[int],
        sizes: Sequence[float],
        counts: Sequence[float],
        sigma: float,
    ) -> None:
        self.sizes = sizes
        self.places = [find_class(edge) for edge in edges]
        width = self.places[-1] + 1
        children, parts = [0.0] * width, [0] * width
        for place, count in zip(self.places, counts, strict=True):
            children[place] += count
            parts[place] += 1
        noise = means.sigma / UNITS
        sums = [number / UNITS for number in means.sums[:width]]
        shares = _find_shares(means, children, noise)
        known = [count * share for count, share in zip(children, shares, strict=True)]
        self.weights = [count * shares[place] for place, count in zip(self.places, counts, strict=True)]
        every = sum(known)
        self.is_known = every > 0
        if not self.is_known:
            return
        self.average = min(max(sum(sums) / every, -1.0), 1.0)
        square, own = means.squares / SQUARE_UNITS / every, means.own / SQUARE_UNITS / every
        # Of a square, and of the average that is taken off.
        hidden = 2 * math.hypot(UNITS / SQUARE_UNITS, 2 * self.average * math.sqrt(width)) * noise / every
        self.between = max(own - self.average**2, hidden, _LEAST_VARIANCE)
        self.within = max(square - own, hidden, _LEAST_VARIANCE)
        self.variance = self.between + self.within
        self._off = [
            (total - self.average * count) / count if count else 0.0
            for total, count in zip(sums, known, strict=True)
        ]
        # Of a class's mean less the average: its sum is noisy, and so is how many children it is of.
        self._noise = [
            (noise**2 + self.average**2 * (noise**2 if means.known else part * sigma**2)) / count**2
            if count
            else math.inf
            for count, part in zip(known, parts, strict=True)
        ]
        # And of its level: its children differ.
        scatter = [self.between / count if count else 0.0 for count in known]
        self._precision = [1 / (one + two) for one, two in zip(self._noise, scatter, strict=True)]
        self._trust = [
            two / (one + two) if two else 0.0 for one, two in zip(self._noise, scatter, strict=True)
        ]
        self._walks = [1 / (step**2 * self.variance) for step in _STEPS]
        self._fit()

    def _fit(self) -> None:
        """Weigh the sizes of a step by their likelihood, and find the means that each leads to."""
        pulled = [one * off for one, off in zip(self._precision, self._off, strict=True)]
        self._means, logarithms = [], []
        for walk in self._walks:
            means, determinant = _solve(self._precision, walk, pulled)
            explained = sum(mean * pull for mean, pull in zip(means, pulled, strict=True))
            self._means.append(means)
            logarithms.append((explained - determinant + (len(pulled) - 1) * math.log(walk)) / 2)
        top = max(logarithms)
        weights = [math.exp(one - top) for one in logarithms]
        self._shares = [weight / sum(weights) for weight in weights]

    def predict(self, rows: int) -> list[Belief]:
        """How far the expected average moves with a bound: a mixture of normal distributions."""
        kept = [min(size, rows) * count for size, count in zip(self.sizes, self.weights, strict=True)]
        every = [size * count for size, count in zip(self.sizes, self.weights, strict=True)]
        changes = [0.0] * len(self._off)
        all_kept, all_rows = sum(kept), sum(every)
        for place, some, whole in zip(self.places, kept, every, strict=True):
            changes[place] += some / all_kept - whole / all_rows
        # A class's mean is its level and, as far as noise lets it be seen, what was bought beside that.
        levels = [change * (1 - trust) for change, trust in zip(changes, self._trust, strict=True)]
        seen = sum(
            change * trust * off for change, trust, off in zip(changes, self._trust, self._off, strict=True)
        )
        scattered = sum(
            change**2 * trust * noise
            for change, trust, noise in zip(changes, self._trust, self._noise, strict=True)
            if trust
        )
        found = []
        for share, walk, means in zip(self._shares, self._walks, self._means, strict=True):
            moved = seen + sum(level * mean for level, mean in zip(levels, means, strict=True))
            spread, _ = _solve(self._precision, walk, levels)
            variance = scattered + sum(level * one for level, one in zip(levels, spread, strict=True))
            found.append(Belief(share, moved, max(variance, 0.0)))
        return found

    def find_sampling(self, rows: int) -> float:
        """The variance that comes from counting a sample of the rows of children with more than the bound.

        As of drawing without replacement from a child's own rows.
        """
        kept = self.count_kept(rows)
        drawn = sum(
            rows * (1 - rows / size) * count
            for size, count in zip(self.sizes, self.weights, strict=True)
            if size > rows
        )
        return self.within * drawn / kept**2

    def count_kept(self, rows: int) -> float:
        """How many rows with a known value the bound keeps."""
        return sum(min(size, rows) * count for size, count in zip(self.sizes, self.weights, strict=True))


def find_class(rows: int) -> int:
    """The class of a child with so many rows."""
    return sum(rows > most for most in CLASSES)


def _find_shares(means: ClassMeans, children: Sequence[float], noise: float) -> list[float]:
    """The share of known values in each class; of all children where the class's own is lost in noise."""
    if not means.known:
        return [1.0] * len(children)
    known = [number / UNITS for number in means.known[: len(children)]]
    overall = min(max(sum(known) / sum(children), 0.0), 1.0)
    return [
        min(max(one / count, 0.0), 1.0) if count > 0 and one > 4 * noise else overall
        for one, count in zip(known, children, strict=True)
    ]


def _solve(precision: Sequence[float], walk: float, right: Sequence[float]) -> tuple[list[float], float]:
    """Solve (diag(precision) + walk D'D) x = right, with D the differences of neighbours; and log |.|.

    Elimination from the front, each pivot kept as what it has beyond `walk`, so that nothing cancels where
    the walk is stiff.
    """
    beyond, pulled = [precision[0]], [right[0]]
    for own, pull in zip(precision[1:], right[1:], strict=True):
        factor = walk / (beyond[-1] + walk)
        beyond.append(own + factor * beyond[-1])
        pulled.append(pull + factor * pulled[-1])
    found = [pulled[-1] / beyond[-1]]
    for extra, pull in zip(beyond[-2::-1], pulled[-2::-1], strict=True):
        found.append((pull + walk * found[-1]) / (extra + walk))
    determinant = sum(math.log(extra + walk) for extra in beyond[:-1]) + math.log(beyond[-1])
    return found[::-1], determinant


def describe(means: ClassMeans) -> dict[str, Any]:
    """Write what was bought of a column as JSON. Inverse of `read`."""
    return {
        "column": means.column,
        "center": means.center,
        "reach": means.reach,
        "units": UNITS,
        "sums": list(means.sums),
        "known": list(means.known),
        "squares": means.squares,
        "own": means.own,
        "sigma": means.sigma,
        "nano_rho": means.nano_rho,
    }


def read(value: Mapping[str, Any]) -> ClassMeans:
    """Read what `describe` wrote; ValueError for anything else."""
    sums = tuple(int(one) for one in value["sums"])
    known = tuple(int(one) for one in value["known"])
    if value.get("units") != UNITS or len(sums) != len(CLASSES) or len(known) not in (0, len(CLASSES)):
        raise ValueError("not the means by class of this version")
    return ClassMeans(
        str(value["column"]),
        float(value["center"]),
        float(value["reach"]),
        sums,
        known,
        int(value["squares"]),
        int(value["own"]),
        float(value["sigma"]),
        int(value["nano_rho"]),
    )
