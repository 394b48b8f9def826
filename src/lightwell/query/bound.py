"""How far one child can move what is measured, and the weights that make it so.

Neighbours are two data sets of which one holds all rows of one more child, in any number of tables. A plan's
answer before noise is a vector of whole numbers for each measure. Here each vector gets its sensitivity: the
largest Euclidean distance between neighbours. The proofs stand beside the code that relies on them, and
docs/explanation/privacy.md leads through them.

Weighting. Let a child have n rows in the relation after every filter, and let M be the bound. Where n <= M
its rows count in full; where n > M everything they add is multiplied by M/n and cut towards zero to a whole
number. Proof that the vector moves by at most `M * most`: let s_g be what the child's rows in group g add up
to. Each row adds at most `most` in magnitude and lies in one group, so the sum over g of |s_g| is at most n *
most; after the weight it is at most M * most, cutting towards zero only lowers it, and the Euclidean length
of a vector is at most the sum of its magnitudes. Other children's rows do not enter n, so nothing else moves.
This holds for any relation, joins that multiply rows included, because n is counted after them.

Groups of children. A child in k groups of which K are allowed counts 1 in each where k <= K, else the square
root of K/k, in fixed point, cut down: the squares sum to at most K.

Distinct values. Of a child's (group, value) pairs the first M count, in an order that is a function of the
child and the pair alone. Adding a child adds at most M pairs to a set of pairs, so the counts by group move
by whole numbers that sum to at most M, and the Euclidean distance is at most M.

Ranks. On the paths of `RANKED` the rows of one child are at most M when they are read, because preparation
ranked them (`query.layout` has the proof), so nothing is weighted: a row counts 1 and a child 1 in each of at
most K groups. Where rows are kept by week, M is so many of each week times the number of weeks.

Bins. A row is in one bin, so a level of the tree of bins is like rows, with (group, bin) for the group.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from lightwell.query import codebook as codebooks
from lightwell.query import plan as plans
from lightwell.query.domain import Key
from lightwell.query.plan import Measure, Plan

# The paths on which rows and groups of a child were bounded when its data were prepared.
RANKED = ("rank", "cube")
# What a weighted row counts is kept to 1/256: cutting loses at most that for each child and group.
WEIGHT_SCALE = 256
# Bins are added up in a tree of this many branches. With L levels and b branches a number below an edge has a
# variance of about L^2 (b - 1) / 2 of one flat vector's; four is best for a thousand bins (37 against 512
# flat).
BRANCHES = 4


@dataclass(frozen=True, slots=True)
class Spread:
    """How a plan's bounds are spread over the weeks that it can read, where rows are kept by week.

    `rows` of a child count in each of `weeks`, and a child in at most `groups` in all; `limits_groups` says
    whether it could be in more.
    """

    rows: int
    weeks: int
    groups: int
    limits_groups: bool


@dataclass(frozen=True, slots=True)
class Bounded:
    """A plan with its bounds in force: what each measure is multiplied by and how far a child can move it.

    `scales` turn one row into whole units (1, or `WEIGHT_SCALE` where rows may be weighted down);
    `squares` are the squared Euclidean sensitivities in those units, exact; of bins, for each level of the
    tree. `spread` is None where rows are not kept by week, or are weighted.
    """

    plan: Plan
    is_one_row: bool
    scales: tuple[int, ...]
    squares: tuple[int, ...]
    group_scale: int
    path: str
    spread: Spread | None = None

    def weigh_group(self, groups: int) -> int:
        """What a child that is in so many groups counts in each, in units of `group_scale`."""
        return weigh_group(self.group_scale, self.plan.groups, groups)


def bind(plan: Plan, path: str = "weighted", spread: Spread | None = None) -> Bounded:
    """Find the sensitivity of each measure of a plan."""
    if path not in RANKED:
        spread = None
    rows, most_groups = plan.rows, plan.groups
    if spread is not None:
        rows, most_groups = spread.rows * spread.weeks, spread.groups
    one = plans.is_one_row(plan.source)
    # With one row there is nothing to weigh, so a unit is a row.
    fine = 1 if one or path != "weighted" else WEIGHT_SCALE
    every = plan.count_groups() if not plan.has_private_keys else None
    varying = [key for key in plan.keys if not key.is_constant]
    fits = not varying or one or (every is not None and plan.groups >= every)
    group_scale = 1 if fits or path in RANKED else WEIGHT_SCALE
    most = 1 if one else rows
    scales, squares = [], []
    for measure in plan.measures:
        scale = fine if measure.kind in ("rows", "bins") else 1
        scales.append(group_scale if measure.kind == "children" else scale)
        if measure.kind == "children":
            squares.append(most_groups * group_scale**2)
        else:
            squares.append((most * measure.most * scale) ** 2)
    return Bounded(plan, one, tuple(scales), tuple(squares), group_scale, path, spread)


def weigh(amount: int, most: int, rows: int) -> int:
    """Weigh what a child's rows add up to down to its bound, cut towards zero."""
    return -(-amount * most // rows) if amount < 0 else amount * most // rows


def weigh_group(scale: int, most: int, groups: int) -> int:
    """What a child counts in each of its groups; the squares over all groups sum to at most most *
    scale^2."""
    if groups <= most:
        return scale
    return math.floor(scale * math.sqrt(float(most) / float(groups)))


def rank_pair(child: Key, group: Sequence[Key], value: Key) -> str:
    """The order in which a child's groups and distinct values count: a digest of the child and the pair.

    Each part is written with its length before it, and null as a hyphen: two pairs in one place would let a
    child be in one group more than its bound.
    """
    words = []
    for part in (child, *group, value):
        text = codebooks.show_value(part)
        words.append("-" if part is None else f"{len(text)}:{text}")
    return hashlib.md5("".join(words).encode(), usedforsecurity=False).hexdigest()


def list_levels(count: int) -> list[int]:
    """The sizes of a tree over bins, from the coarsest level to the bins: each node has BRANCHES below it."""
    sizes = [count]
    while sizes[-1] > BRANCHES:
        sizes.append(-(-sizes[-1] // BRANCHES))
    return sizes[::-1]


def build_levels(leaves: Sequence[int]) -> list[list[int]]:
    """Add bins up along the tree; the last level is the bins themselves."""
    levels = [list(leaves)]
    while len(levels[-1]) > BRANCHES:
        below = levels[-1]
        levels.append([sum(below[start : start + BRANCHES]) for start in range(0, len(below), BRANCHES)])
    return levels[::-1]


def find_ratio(measure: Measure, scale: int) -> Fraction:
    """What one unit of a measure stands for in the measure's own terms, without its center."""
    if measure.kind in ("total", "squares"):
        return Fraction(measure.step) / scale
    return Fraction(1, scale)
