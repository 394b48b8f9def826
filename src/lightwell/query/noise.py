"""How much noise each measure gets: standard deviations that follow from sensitivity and what was paid.

The discrete Gaussian of standard deviation s on a vector of squared sensitivity D2 costs rho = D2 / (2 s^2)
in zCDP (Canonne, Kamath and Steinke 2020, theorem 4), and costs of several vectors add up. Here are no dice:
who draws is handed in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lightwell.query import bound, cost
from lightwell.query.bound import Bounded
from lightwell.query.cost import Cost


class Dice(Protocol):
    """Adds noise to whole numbers. `engines.dice.OpenDP` does; tests hand in others."""

    def add_noise(self, values: Sequence[int], sigma: float, square: int, nano_rho: int) -> list[int]:
        """Give each value with discrete Gaussian noise of the standard deviation `sigma`."""
        ...


@dataclass(frozen=True, slots=True)
class Share:
    """The noise of one vector of a measure: its part of the charge, its sensitivity squared, its
    deviation."""

    nano_rho: int
    square: int
    sigma: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """The noise of a whole query: for each measure, one share for each level (one, but for bins).

    `threshold` is in the units of the measure of children, as its noisy numbers are.
    """

    cost: Cost
    shares: tuple[tuple[Share, ...], ...]
    threshold: int | None = None


def schedule_noise(bounded: Bounded, paid: Cost) -> Schedule:
    """Divide what is paid among the measures, by the plan's parts, and bins among the levels of their tree.

    Raises UserMistake when it is too little to divide.
    """
    measures = bounded.plan.measures
    parts = cost.divide(Cost(paid.nano_rho, 0), bounded.plan.parts or [1] * len(measures))
    shares = []
    for measure, part, square in zip(measures, parts, bounded.squares, strict=True):
        levels = len(bound.list_levels(measure.count)) if measure.kind == "bins" else 1
        each = cost.divide(Cost(part, 0), [1] * levels)
        shares.append(tuple(Share(rho, square, find_sigma(square, rho)) for rho in each))
    threshold = None
    if bounded.plan.has_private_keys:
        place = next(
            number
            for number, measure in enumerate(measures)
            if measure.kind == "children" and measure.argument is None
        )
        threshold = find_threshold(
            shares[place][0].sigma, bounded.plan.groups, paid.delta_units, bounded.scales[place]
        )
    return Schedule(paid, tuple(shares), threshold)


def find_sigma(square: int, nano_rho: int) -> float:
    """The least standard deviation at which a vector costs at most so much, rounded up."""
    exact = math.sqrt(square * (cost.NANO_RHO_PER_RHO / 2) / nano_rho)
    return exact * (1 + 2e-12)


def find_threshold(sigma: float, groups: int, delta_units: int, scale: int) -> int:
    """The noisy number from which a private group is shown, in units of which one child counts `scale`.

    A group that only one child is in has a count of `scale`; with K such groups the chance that any is shown
    is at most K times that of noise of T - scale or more, which the Gaussian tail exp(-x^2 / (2 sigma^2))
    bounds (it holds for the discrete Gaussian: Canonne, Kamath and Steinke 2020, corollary 17 and proposition
    19).
    """
    share = delta_units / cost.DELTA_UNITS_PER_ONE / groups
    return scale + math.ceil(sigma * math.sqrt(2 * math.log(1 / share)) * (1 + 1e-9))
