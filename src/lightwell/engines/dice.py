"""The only place where noise is drawn: OpenDP's discrete Gaussian on whole numbers, from the system's
entropy.

No other module imports OpenDP, and there is no seed and no switch to leave the noise out. Tests hand another
object of the same shape (`query.noise.Dice`) to the engine.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

import opendp.prelude as dp

from lightwell.base import errors

dp.enable_features("contrib")


_SPACE = dp.vector_domain(dp.atom_domain(T="i64")), dp.l2_distance(T="f64")


class OpenDP:
    """Draws noise by `opendp`: Canonne, Kamath and Steinke 2020, exact on 64-bit whole numbers."""

    def add_noise(self, values: Sequence[int], sigma: float, square: int, nano_rho: int) -> list[int]:
        """Add discrete Gaussian noise of the standard deviation `sigma` to each value.

        `square` is the squared sensitivity of the whole vector and `nano_rho` what it was charged: where
        OpenDP's own account of the mechanism says that it costs more, nothing is drawn (Damaged).
        """
        # The next float above the root: the distance is never stated too small.
        distance = math.nextafter(math.sqrt(float(square)), math.inf)
        if _find_cost(sigma, distance) * 1e9 > nano_rho:
            raise errors.Damaged("The noise would cost more than was charged; nothing was drawn.")
        drawn: list[int] = _make_gaussian(sigma)(list(values))
        return drawn


@functools.lru_cache(maxsize=256)
def _find_cost(sigma: float, distance: float) -> float:
    """OpenDP's own account: the rho that noise costs at a distance. The levels of a tree ask it alike."""
    cost: float = _make_gaussian(sigma).map(distance)
    return cost


@functools.lru_cache(maxsize=256)
def _make_gaussian(sigma: float) -> Any:
    return dp.m.make_gaussian(*_SPACE, scale=sigma)
