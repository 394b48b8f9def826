"""What a query costs its children, in exact whole numbers, and the translation for people.

Costs are counted in zero-concentrated differential privacy (Bun and Steinke 2016), because it adds up exactly
and stays true when each query is chosen after seeing the answers before. Two units, both whole numbers:

- *nano-rho*: 10^-9 of rho;
- *delta units*: 10^-15 of delta. They are used only by what may fail outright, such as a threshold for
  private keys; plain noise uses none.

People speak in (epsilon, delta). The translation is the tight one of Canonne, Kamath and Steinke 2020 ("The
Discrete Gaussian for Differential Privacy", proposition 12), always rounded against whoever asks. Pure
Python: no dice, no file, no package. `find_rho` and `find_epsilon` are inverse; `count_delta_units` and
`format_delta` too.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.base import errors

NANO_RHO_PER_RHO = 10**9
DELTA_UNITS_PER_ONE = 10**15

# Beyond, the guarantee is words only: e^20 lets an answer be 485 million times likelier with one child than
# without.
MAX_EPSILON = 20.0
# With probability delta the guarantee may fail altogether, so it stays far below one over the number of
# children.
MAX_DELTA = 1e-5
# One delta unit, the smallest delta that the ledger can write down.
MIN_DELTA = 1e-15

# The largest number that a record holds exactly (RFC 8785); nine million rho, far beyond any sense.
MAX_NANO_RHO = 2**53 - 1
MAX_DELTA_UNITS = DELTA_UNITS_PER_ONE

# Each of the five operations of `_bound_epsilon` errs by at most a few units of 2^-53 of its largest term
# (logarithms of libm within 4); 2^-44 of the sum of all terms is more than fifty times that, and costs nobody
# a nano-rho below rho = 50. The tests recompute the bound with 60 digits.
_MARGIN = 2.0**-44


def _check_whole(number: int, unit: str, most: int) -> None:
    # A bool is an int to Python, and True would be one unit.
    if type(number) is not int or not 0 <= number <= most:
        raise errors.UserMistake(f"{number!r} is no number of {unit}; give a whole number from 0 to {most}")


@dataclass(frozen=True, slots=True)
class Cost:
    """A privacy loss: `nano_rho` in 10^-9 of rho, `delta_units` in 10^-15 of delta. Costs add up exactly."""

    nano_rho: int
    delta_units: int = 0

    def __post_init__(self) -> None:
        _check_whole(self.nano_rho, "nano-rho", MAX_NANO_RHO)
        _check_whole(self.delta_units, "delta units", MAX_DELTA_UNITS)

    def __add__(self, other: Cost) -> Cost:
        return Cost(self.nano_rho + other.nano_rho, self.delta_units + other.delta_units)

    def fits_within(self, cap: Cost) -> bool:
        """Say whether neither part is above that of `cap`."""
        return self.nano_rho <= cap.nano_rho and self.delta_units <= cap.delta_units

    def is_nothing(self) -> bool:
        """Say whether it costs nothing at all."""
        return self == NOTHING

    def find_rest(self, cap: Cost) -> Cost:
        """Say what `cap` leaves after this cost; nothing where it is used up or overdrawn."""
        return Cost(
            max(0, cap.nano_rho - self.nano_rho),
            max(0, cap.delta_units - self.delta_units),
        )


NOTHING = Cost(0, 0)


def add_up(costs: Iterable[Cost]) -> Cost:
    """Add costs up; without any, nothing."""
    total = NOTHING
    for each in costs:
        total = total + each
    return total


def find_rho(epsilon: float, delta: float) -> int:
    """Find the largest number of nano-rho whose guarantee implies (epsilon, delta), rounded down.

    All of `delta` is used for the translation; who also uses delta for a threshold hands in what is left of
    it. `UserMistake` for an epsilon or a delta that buys nothing or promises nothing.
    """
    _check_pair(epsilon, delta)
    if find_epsilon(1, delta) > epsilon:
        least = _round_up(find_epsilon(1, delta))
        raise errors.UserMistake(
            f"with delta {delta:g} the smallest epsilon that buys anything is {least}, and {epsilon:g} was "
            "asked; ask for more"
        )
    # zCDP of rho implies no epsilon below rho for a delta this small, so rho lies below epsilon.
    low, high = 1, math.ceil(epsilon * NANO_RHO_PER_RHO) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if find_epsilon(middle, delta) <= epsilon:
            low = middle
        else:
            high = middle
    return low


def find_epsilon(nano_rho: int, delta: float) -> float:
    """Find the smallest epsilon that `nano_rho` implies together with `delta`, rounded up.

    Zero nano-rho imply epsilon 0. `UserMistake` for a delta out of range or a number that is no cost.
    """
    _check_whole(nano_rho, "nano-rho", MAX_NANO_RHO)
    _check_delta(delta)
    if nano_rho == 0:
        return 0.0
    rho = nano_rho / NANO_RHO_PER_RHO
    surprise = -math.log(delta)
    # The bound is smallest where rho x^2 + log(1 + x) = surprise with x = alpha - 1, found by Newton's steps.
    # The bound holds for every alpha, so an inexact root costs tightness and never truth.
    above_one = math.sqrt(surprise / rho)
    for _ in range(60):
        off = rho * above_one * above_one + math.log1p(above_one) - surprise
        step = off / (2 * rho * above_one + 1 / (1 + above_one))
        above_one = above_one - step if step < above_one else above_one / 2
        if abs(step) <= above_one * 1e-12:
            break
    return _bound_epsilon(rho, surprise, above_one)


def find_epsilon_of(used: Cost, delta: float) -> float | None:
    """Find the smallest epsilon that a whole cost implies together with `delta`, rounded up.

    The delta units of the cost come off `delta` first (an approximate zCDP of delta' and rho implies epsilon
    with delta' plus the delta of the translation); None where they leave nothing of it.
    """
    _check_delta(delta)
    rest = count_delta_units(delta) - used.delta_units
    if rest <= 0:
        return None
    return find_epsilon(used.nano_rho, min(delta, rest / DELTA_UNITS_PER_ONE))


def make_cap(epsilon: float, delta: float, threshold_delta: float | None = None) -> Cost:
    """Make the cap that lets all queries together cost at most (epsilon, delta).

    `threshold_delta` is the part of delta set aside for thresholds of private keys: half of it if nothing is
    said, and 0 where such keys are never asked for; what is left of delta goes into the translation. Errors
    as of `find_rho`.
    """
    _check_pair(epsilon, delta)
    whole = count_delta_units(delta)
    aside = whole // 2
    if threshold_delta is not None:
        aside = 0 if threshold_delta == 0 else count_delta_units(threshold_delta)
    if aside >= whole:
        raise errors.UserMistake(
            f"{threshold_delta:g} leaves nothing of delta {delta:g} for noise; set less aside",
            place="threshold delta",
        )
    return Cost(find_rho(epsilon, min(delta, (whole - aside) / DELTA_UNITS_PER_ONE)), aside)


def count_delta_units(delta: float) -> int:
    """Count a delta in units of 10^-15, rounded up; inverse of `format_delta`.

    Read by its shortest decimal spelling, so that 3e-7 is what somebody typed and not its neighbour. Whoever
    runs a mechanism hands it at most `delta_units / 10^15`, so the charge is never below what was used.
    """
    _check_delta(delta)
    exact = decimal.Decimal(repr(float(delta))).scaleb(15)
    return int(exact.to_integral_value(rounding=decimal.ROUND_CEILING))


def format_delta(delta_units: int) -> str:
    """Write delta units as a decimal number, exactly, such as 1E-7; inverse of `count_delta_units`."""
    _check_whole(delta_units, "delta units", MAX_DELTA_UNITS)
    return f"{decimal.Decimal(delta_units).scaleb(-15).normalize():g}" if delta_units else "0"


def format_rho(nano_rho: int) -> str:
    """Write nano-rho as a decimal number of rho, exactly, such as 0.020213."""
    _check_whole(nano_rho, "nano-rho", MAX_NANO_RHO)
    whole, part = divmod(nano_rho, NANO_RHO_PER_RHO)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")


def divide(whole: Cost, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide the nano-rho of a cost by whole weights; the parts never sum to more than the whole.

    Equal weights get equal parts, and what cannot be divided is left over (less than one nano-rho a part).
    `UserMistake` where a part with a weight would get nothing; a weight of 0 gets 0.
    """
    if not weights or any(type(each) is not int or each < 0 for each in weights) or not any(weights):
        raise ValueError("weights are whole numbers from 0, at least one of them above")
    total = sum(weights)
    parts = tuple(whole.nano_rho * each // total for each in weights)
    if any(weight and not part for weight, part in zip(weights, parts, strict=True)):
        raise errors.UserMistake(
            f"{format_rho(whole.nano_rho)} rho are too little for {len(weights)} parts: ask for fewer "
            "numbers at once or for a larger epsilon"
        )
    return parts


def _bound_epsilon(rho: float, surprise: float, above_one: float) -> float:
    """Bound epsilon from above by the Rényi divergence of the order 1 + `above_one`.

    Proposition 12 solved for epsilon: alpha rho + log(1 - 1/alpha) + (log(1/delta) - log(alpha)) / (alpha -
    1).
    """
    alpha = 1 + above_one
    terms = (
        rho * alpha,
        -math.log1p(1 / above_one),
        surprise / above_one,
        -math.log1p(above_one) / above_one,
    )
    return max(0.0, math.fsum(terms) + _MARGIN * math.fsum(map(abs, terms)))


def _check_pair(epsilon: float, delta: float) -> None:
    problems = [
        errors.Problem(place, sentence)
        for place, sentence in (("epsilon", _judge_epsilon(epsilon)), ("delta", _judge_delta(delta)))
        if sentence
    ]
    if problems:
        raise errors.UserMistake(problems=problems)


def _check_delta(delta: float) -> None:
    if sentence := _judge_delta(delta):
        raise errors.UserMistake(sentence, place="delta")


def _judge_epsilon(epsilon: float) -> str:
    if not _is_number(epsilon):
        return f"{epsilon!r} is no number; write one above 0, such as 0.5"
    if epsilon <= 0:
        return f"{epsilon:g} buys no answer; ask for a number above 0, such as 0.5"
    if epsilon > MAX_EPSILON:
        return (
            f"{epsilon:g} protects nobody, for an answer may become e^{epsilon:g} times likelier because of "
            f"one child; ask for at most {MAX_EPSILON:g}, usually 1 or less"
        )
    return ""


def _judge_delta(delta: float) -> str:
    if not _is_number(delta):
        return f"{delta!r} is no number; write one above 0, such as 1e-7"
    if delta < MIN_DELTA:
        return f"{delta:g} is too small to be counted; ask for at least {MIN_DELTA:g}, usually 1e-7"
    if delta > MAX_DELTA:
        return (
            f"{delta:g} lets the guarantee fail for some child of a large population; ask for at most "
            f"{MAX_DELTA:g}, usually 1e-7"
        )
    return ""


def _is_number(given: object) -> bool:
    return isinstance(given, int | float) and not isinstance(given, bool) and math.isfinite(given)


def _round_up(epsilon: float) -> str:
    """Write an epsilon with three digits, none of them too small."""
    return f"{decimal.Context(prec=3, rounding=decimal.ROUND_CEILING).create_decimal(epsilon):g}"
