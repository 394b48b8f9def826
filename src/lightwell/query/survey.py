"""Shares of a weighted survey: one private query, an interval for the noise, and one for noise and sampling.

A share is A / (A + B), with A the weights of those who answered yes and B of those who answered no. A child
is in one of the two, so both together move by at most one clamped weight. The second interval adds how much
the answer would differ had others been drawn for the survey, by Kish's effective sample size (Kish 1965,
section 8.2): (sum of weights)^2 / (sum of squared weights), both bought in the same query. It knows nothing
of schools or strata, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from lightwell.base import errors
from lightwell.query import cost, interval
from lightwell.query.release import Release

_Z = 1.959963984540054


@dataclass(frozen=True, slots=True)
class SurveyShare:
    """A weighted share, from 0 to 1, with both intervals, and the release it was computed from.

    `noise` covers the noise alone (the share with weights clamped); `noise_and_sampling` also the drawing of
    the sample; `effective_size` is Kish's, None where the noise is too large to tell it. Then the second
    interval takes the smallest that is possible, and a note says so.
    """

    share: float | None
    noise: tuple[float, float]
    noise_and_sampling: tuple[float, float]
    effective_size: float | None
    release: Release
    notes: tuple[str, ...]


def write_share_query(condition: str, table: str, weights: str, clamp: float, where: str = "") -> str:
    """The query behind a weighted share: clamped weights and their squares by answer.

    `clamp` is the largest weight that one child may count with, declared beforehand and never looked up in
    the data; `suggest_clamp` gives one.
    """
    if not isinstance(clamp, int | float) or isinstance(clamp, bool) or not 0 < clamp <= 1e6:
        raise errors.UserMistake("clamp is the largest weight that may count: a number above 0, such as 5")
    weight = f"LEAST(GREATEST({weights}, 0), {clamp})"
    only = f" WHERE {where}" if where else ""
    return (
        f"SELECT ({condition}) AS answer, SUM({weight}) AS weights, SUM({weight} * {weight}) AS squares "  # noqa: S608
        f"FROM {table}{only} GROUP BY ({condition})"
    )


def compute_share(release: Release, sigmas: Mapping[str, float], clamp: float) -> SurveyShare:
    """Compute the share and its intervals from the release of `write_share_query`.

    `sigmas` are the standard deviations of the noise of the columns weights and squares.
    """
    found = {row["answer"]: row for row in release.rows}
    if True not in found or False not in found:
        raise errors.UserMistake(
            "The condition cannot be both true and false; compare a column, such as QN26 = 1."
        )
    yes, no = (float(found[answer]["weights"]) for answer in (True, False))
    squares = sum(float(found[answer]["squares"]) for answer in (True, False))
    sigma, total = sigmas["weights"], yes + no
    notes = [
        f"Weights above {clamp:g} count as {clamp:g}; the share is that of the clamped weights.",
        "Noise and sampling: for a sample drawn child by child with these weights. That children of a school "
        "were drawn together is not in it, so a full design-based interval would be wider.",
    ]
    # yes/total as a ratio of two noisy numbers that share their noise: solve |yes - r total| <= z s(r).
    ends = _solve_share(yes, no, sigma)
    if ends is None or total <= 0:
        return SurveyShare(None, (0.0, 1.0), (0.0, 1.0), None, release, tuple(notes))
    share = min(max(yes / total, 0.0), 1.0)
    deviation = sigma * math.sqrt(share**2 + (1 - share) ** 2) / total
    # No weight is above the clamp, so that the squares are at most the clamp times the sum.
    most = clamp * (total + _Z * math.sqrt(2) * sigma)
    if is_known := squares > 2 * sigmas["squares"]:
        size = total * total / min(squares, most)
    else:
        size = total * total / min(max(squares, 0.0) + _Z * math.sqrt(2) * sigmas["squares"], most)
        notes.append(
            "How much weights differ is lost in the noise; the range for noise and sampling is as wide as "
            "they could make it."
        )
    # Wilson's half-width behaves at the ends, where the plain one would be nothing.
    sampling = math.sqrt(share * (1 - share) / size + (_Z / (2 * size)) ** 2)
    reach = _Z * math.sqrt(deviation**2 + sampling**2)
    # Noise and sampling together leave no less possible than the noise alone.
    both = max(min(share - reach, ends[0]), 0.0), min(max(share + reach, ends[1]), 1.0)
    return SurveyShare(share, ends, both, size if is_known else None, release, tuple(notes))


def _solve_share(yes: float, no: float, sigma: float) -> tuple[float, float] | None:
    """All r in which (1 - r) yes - r no is within its noise: a quadratic, as Fieller's."""
    square = (_Z * sigma) ** 2
    total = yes + no
    a = total * total - 2 * square
    if total <= 0 or a <= 0:
        return None
    b = yes * total - square
    c = yes * yes - square
    root = math.sqrt(max(b * b - a * c, 0.0))
    low, high = interval.clip(((b - root) / a, (b + root) / a), 0.0, 1.0)
    return float(low or 0.0), float(high if high is not None else 1.0)


def suggest_clamp(children: int, epsilon: float, delta: float = 1e-7, accuracy: float = 0.003) -> float:
    """The largest clamp whose noise keeps a share within a third of `accuracy` in half of all answers.

    For weights whose mean is 1. `children` is how many answered, as the survey's makers print it. A larger
    clamp only ever lowers the bias, so the rule spends as much noise as the accuracy wanted can bear and none
    of it hangs on the data. A fifth of the price buys the squares (`plan.divide_charge`).
    """
    if children < 1 or not 0 < accuracy < 1:
        raise errors.UserMistake("children is how many answered, accuracy a share such as 0.003")
    rho = cost.find_rho(epsilon, delta) / cost.NANO_RHO_PER_RHO * 4 / 5
    # At a share of one half, where sqrt(p^2 + (1-p)^2) is 0.707; 0.6745 is the median of a normal's
    # magnitude.
    wide = accuracy / 3 / 0.6745 * children * math.sqrt(2 * rho) / math.sqrt(0.5)
    exponent = math.floor(math.log10(wide))
    return max(math.floor(wide / 10.0 ** (exponent - 1)) * 10.0 ** (exponent - 1), 1.0)


def describe_share(found: SurveyShare) -> dict[str, Any]:
    """A share for programs."""
    return {
        "share": found.share,
        "noise": list(found.noise),
        "noise_and_sampling": list(found.noise_and_sampling),
        "effective_size": found.effective_size,
        "release": found.release.id,
        "notes": list(found.notes),
    }
