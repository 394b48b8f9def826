"""Costs add up exactly, and the translation into (epsilon, delta) never promises more than holds."""

from __future__ import annotations

import math
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.base import errors
from lightwell.query import cost
from lightwell.query.cost import Cost

EPSILONS = st.floats(0.01, 20)
DELTAS = st.floats(-15, -5).map(lambda power: min(1e-5, max(1e-15, 10**power)))
NANO_RHOS = st.one_of(st.integers(1, 10_000), st.integers(1, 10**10))
GRID = [
    (nano, delta) for nano in (1, 30, 20_187_132, 10**9, 5 * 10**9, 10**12) for delta in (1e-5, 1e-7, 1e-15)
]


def find_epsilon_slowly(nano_rho: int, delta: float) -> Decimal:
    """The smallest epsilon by 60 digits and a walk over orders, straight from the published formula.

    delta = exp((a-1)(a rho - epsilon)) / (a-1) * (1-1/a)^a, solved for epsilon at each order a; the curve
    has one lowest point, so a walk by golden ratio in log(a-1) finds it.
    """
    with localcontext(Context(prec=60)):
        rho, surprise = Decimal(nano_rho) / 10**9, -Decimal(delta).ln()

        def bound(log_above: Decimal) -> Decimal:
            above = log_above.exp()
            a = 1 + above
            return a * rho + (surprise - above.ln() + a * (above / a).ln()) / above

        low, high = Decimal(-30), Decimal(30)
        ratio = (Decimal(5).sqrt() - 1) / 2
        for _ in range(160):
            left, right = high - ratio * (high - low), low + ratio * (high - low)
            if bound(left) < bound(right):
                high = right
            else:
                low = left
        return max(Decimal(0), bound((low + high) / 2))


@pytest.mark.parametrize(("nano", "delta"), GRID)
def test_the_translation_is_never_below_the_formula_by_sixty_digits_and_hardly_above(nano, delta) -> None:
    exact = find_epsilon_slowly(nano, delta)
    found = Decimal(cost.find_epsilon(nano, delta))
    assert exact <= found <= exact * (1 + Decimal("1e-11")) + Decimal("1e-15")


@settings(max_examples=30, deadline=None)
@given(NANO_RHOS, DELTAS)
def test_the_translation_never_promises_more_than_the_formula(nano, delta) -> None:
    assert find_epsilon_slowly(nano, delta) <= Decimal(cost.find_epsilon(nano, delta))


def test_opendp_translates_the_same_loss_into_the_same_epsilon() -> None:
    dp = pytest.importorskip("opendp.prelude", reason="the extra query is not installed")
    dp.enable_features("contrib")
    for nano in (10_000, 253_557, 20_187_132, 500_000_000, 5_392_038_043, 10**11):
        # A Gaussian of this scale costs the rho, up to rounding, which OpenDP tells.
        scale = math.sqrt(1 / (2 * nano / 1e9))
        gaussian = dp.m.make_gaussian(dp.atom_domain(T="i64"), dp.absolute_distance(T="i64"), scale)
        profile = dp.c.make_zCDP_to_approxDP(gaussian).map(1)
        assert gaussian.map(1) == pytest.approx(nano / 1e9, rel=1e-14)
        for delta in (1e-5, 1e-6, 1e-7, 1e-9, 1e-12, 1e-15):
            ours, theirs = cost.find_epsilon(nano, delta), profile.epsilon(delta)
            assert ours == pytest.approx(theirs, rel=1e-9)
            # And with our epsilon, OpenDP's delta is not above ours but for its own rounding.
            assert profile.delta(ours) <= delta * (1 + 1e-9)


def test_epsilon_one_at_delta_1e_7_buys_the_known_rho() -> None:
    assert cost.find_rho(1, 1e-7) == 20_187_132
    assert cost.format_rho(cost.find_rho(1, 1e-7)) == "0.020187132"


@settings(deadline=None)
@given(EPSILONS, DELTAS)
def test_what_an_epsilon_buys_fits_into_it_and_one_nano_rho_more_does_not(epsilon, delta) -> None:
    nano = cost.find_rho(epsilon, delta)
    assert cost.find_epsilon(nano, delta) <= epsilon < cost.find_epsilon(nano + 1, delta)


@settings(deadline=None)
@given(st.integers(20_000, 5 * 10**9), DELTAS)
def test_rho_to_epsilon_and_back_is_the_same_rho(nano, delta) -> None:
    epsilon = cost.find_epsilon(nano, delta)
    if epsilon <= cost.MAX_EPSILON:
        assert cost.find_rho(epsilon, delta) == nano


@settings(deadline=None)
@given(EPSILONS, EPSILONS, DELTAS, DELTAS)
def test_more_epsilon_or_more_delta_never_buys_less(one, other, first, second) -> None:
    (less, more), (small, large) = sorted((one, other)), sorted((first, second))
    assert cost.find_rho(less, small) <= cost.find_rho(more, small) <= cost.find_rho(more, large)


@pytest.mark.parametrize(
    ("epsilon", "delta", "words"),
    [
        (0, 1e-7, "epsilon: 0 buys no answer; ask for a number above 0"),
        (-1, 1e-7, "epsilon: -1 buys no answer"),
        (float("nan"), 1e-7, "epsilon: nan is no number; write one above 0"),
        (float("inf"), 1e-7, "epsilon: inf is no number; write one above 0"),
        (True, 1e-7, "epsilon: True is no number"),
        ("1", 1e-7, "epsilon: '1' is no number"),
        (20.1, 1e-7, "ask for at most 20, usually 1 or less"),
        (1e300, 1e-7, "ask for at most 20"),
        (1e-9, 1e-7, "the smallest epsilon that buys anything is 0.000"),
        (1, 0, "delta: 0 is too small to be counted; ask for at least 1e-15"),
        (1, -1e-7, "delta: -1e-07 is too small"),
        (1, 1e-4, "delta: 0.0001 lets the guarantee fail for some child of a large population"),
        (1, float("nan"), "delta: nan is no number"),
        (1, None, "delta: None is no number"),
    ],
)
def test_a_loss_that_buys_or_protects_nothing_is_one_sentence_that_says_what_to_do(
    epsilon, delta, words
) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        cost.find_rho(epsilon, delta)
    assert words in str(caught.value)
    assert len(caught.value.problems) == 1


def test_both_mistakes_are_told_at_once() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        cost.find_rho(0, 1)
    assert [each.place for each in caught.value.problems] == ["epsilon", "delta"]


def test_the_smallest_epsilon_that_is_named_does_buy_something() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        cost.find_rho(1e-9, 1e-7)
    named = float(str(caught.value).split("anything is ")[1].split(",")[0])
    assert cost.find_rho(named, 1e-7) >= 1


@pytest.mark.parametrize("wrong", [-1, True, 1.0, "1", 2**53])
def test_a_cost_is_two_whole_numbers_from_zero(wrong) -> None:
    with pytest.raises(errors.UserMistake, match="nano-rho"):
        Cost(wrong)
    with pytest.raises(errors.UserMistake, match="delta units"):
        Cost(0, wrong)


def test_costs_add_up_and_fit_only_where_both_parts_do() -> None:
    assert cost.add_up([Cost(1, 2), Cost(3, 4)]) == Cost(4, 6)
    assert cost.add_up([]) == cost.NOTHING
    assert Cost(3, 4).fits_within(Cost(3, 4))
    assert not Cost(4, 4).fits_within(Cost(3, 4))
    assert not Cost(3, 5).fits_within(Cost(3, 4))
    assert Cost(2, 9).find_rest(Cost(3, 4)) == Cost(1, 0)


@given(st.floats(1e-15, 1e-5))
def test_delta_units_are_never_below_the_delta(delta) -> None:
    units = cost.count_delta_units(delta)
    assert (units - 1) * Decimal("1e-15") < Decimal(repr(delta)) <= units * Decimal("1e-15")


@given(st.integers(1, 10**10))
def test_delta_units_are_written_and_read_back(units) -> None:
    assert cost.count_delta_units(float(cost.format_delta(units))) == units


def test_delta_is_counted_as_it_was_typed() -> None:
    assert [cost.count_delta_units(each) for each in (1e-7, 3e-7, 1e-15, 1e-5)] == [
        10**8,
        3 * 10**8,
        1,
        10**10,
    ]
    assert [cost.format_delta(each) for each in (0, 10**8, 15)] == ["0", "1e-7", "1.5e-14"]


@given(st.integers(10**6, 10**12), st.lists(st.integers(0, 1000), min_size=1, max_size=50))
def test_parts_never_sum_to_more_than_the_whole_and_lose_less_than_one_each(whole, weights) -> None:
    if not any(weights):
        weights = [*weights, 1]
    parts = cost.divide(Cost(whole), weights)
    assert whole - len(weights) < sum(parts) <= whole
    assert len({part for part, weight in zip(parts, weights, strict=True) if weight == weights[0]}) == 1


def test_a_part_that_would_get_nothing_is_refused() -> None:
    with pytest.raises(errors.UserMistake, match="too little for 3 parts"):
        cost.divide(Cost(2), [1, 1, 1])
    assert cost.divide(Cost(2), [1, 0, 1]) == (1, 0, 1)


def test_delta_used_on_a_threshold_comes_off_the_delta_of_the_translation() -> None:
    used = Cost(20_187_132, 5 * 10**7)
    assert cost.find_epsilon_of(used, 1e-7) == cost.find_epsilon(20_187_132, 5e-8)
    assert cost.find_epsilon_of(Cost(20_187_132), 1e-7) == cost.find_epsilon(20_187_132, 1e-7)
    assert cost.find_epsilon_of(Cost(1, 10**8), 1e-7) is None


def test_a_cap_never_allows_more_than_was_said_and_thresholds_have_a_part_of_delta() -> None:
    halved = cost.make_cap(10, 1e-6)
    assert halved == Cost(cost.find_rho(10, 5e-7), 5 * 10**8)
    assert cost.find_epsilon_of(halved, 1e-6) <= 10
    assert cost.make_cap(10, 1e-6, 0) == Cost(cost.find_rho(10, 1e-6), 0)
    assert cost.make_cap(10, 1e-6, 1e-7) == Cost(cost.find_rho(10, 9e-7), 10**8)
    with pytest.raises(errors.UserMistake, match="leaves nothing of delta 1e-06 for noise"):
        cost.make_cap(10, 1e-6, 1e-6)
    with pytest.raises(errors.UserMistake, match="delta: -1"):
        cost.make_cap(10, 1e-6, -1)
    with pytest.raises(errors.UserMistake, match="epsilon: 0 buys no answer"):
        cost.make_cap(0, 1e-6)


@settings(deadline=None)
@given(EPSILONS, st.floats(1e-13, 1e-5))
def test_all_queries_within_a_cap_cost_at_most_its_epsilon_and_delta(epsilon, delta) -> None:
    assert cost.find_epsilon_of(cost.make_cap(epsilon, delta), delta) <= epsilon
