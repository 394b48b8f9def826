"""Intervals of released numbers: exact tails, ratios, and arithmetic pushed through noise."""

import math
import random

import pytest

from lightwell.query import interval


def weigh(sigma):
    weights = {step: math.exp(-step * step / (2 * sigma * sigma)) for step in range(-400, 401)}
    total = sum(weights.values())
    return {step: weight / total for step, weight in weights.items()}


@pytest.mark.parametrize("sigma", [0.2, 0.5, 1.0, 2.5, 5.0, 7.9, 8.0, 20.0, 60.0])
def test_the_reach_holds_what_was_asked_and_little_more(sigma):
    chances = weigh(sigma)
    reach = interval.find_reach(sigma, 0.95)
    held = sum(chance for step, chance in chances.items() if abs(step) <= reach)
    without = sum(chance for step, chance in chances.items() if abs(step) <= reach - 1)
    assert held >= 0.95 - (0.0 if sigma < 8 else 2 * chances[int(reach) + 1])
    assert without < 0.95


def test_a_ratio_whose_divisor_may_be_nothing_has_no_interval():
    assert interval.bound_ratio(5.0, 1.0, 1.0, 1.0, 0.95) is None
    assert interval.bound_ratio(5.0, 1.0, -100.0, 1.0, 0.95) is None


def test_the_interval_of_a_ratio_holds_it_in_95_of_100():
    dice, held = random.Random(4), 0
    for _ in range(4000):
        found = interval.bound_ratio(dice.gauss(30, 6), 6, dice.gauss(100, 9), 9, 0.95)
        held += found is not None and found[0] <= 0.3 <= found[1]
    assert held / 4000 == pytest.approx(0.95, abs=0.012)


def test_arithmetic_on_one_number_gives_its_own_interval():
    low, high = interval.propagate(lambda drawn: 2 * drawn[0], [10.0], [1.0])
    assert (low, high) == (pytest.approx(20 - 3.92, abs=0.15), pytest.approx(20 + 3.92, abs=0.15))


def test_a_number_that_often_does_not_exist_has_no_interval():
    assert interval.propagate(lambda drawn: None if drawn[0] < 0 else 1.0, [0.0], [1.0]) is None


def test_the_same_points_come_each_time_and_fill_the_space_evenly():
    points = interval.spread_points(2000, 3)
    assert points == interval.spread_points(2000, 3)
    for place in range(3):
        assert sum(point[place] for point in points) / 2000 == pytest.approx(0, abs=0.02)
        assert sum(point[place] ** 2 for point in points) / 2000 == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("given", "expected"),
    [((-3.0, 4.0), (0.0, 4.0)), ((2.0, 11.0), (2.0, 10.0)), ((3.0, 4.0), (3.0, 4.0)), (None, (0.0, 10.0))],
)
def test_an_interval_stays_within_what_a_number_can_be(given, expected):
    assert interval.clip(given, 0.0, 10.0) == expected


@pytest.mark.parametrize(
    ("given", "value", "expected"),
    [
        ((-3.0, -1.0), -2.0, (0.0, 1.0)),
        ((-4.0, 2.0), -1.0, (0.0, 3.0)),
        ((11.0, 15.0), 12.0, (9.0, 10.0)),
        # Around an estimate within the range nothing is widened, however skewed the interval is.
        ((8.0, 90.0), 9.0, (8.0, 10.0)),
        ((-20.0, 1.0), 0.5, (0.0, 1.0)),
    ],
)
def test_an_estimate_out_of_range_has_the_interval_of_the_nearest_end_and_never_a_single_point(
    given, value, expected
):
    """A count that noise made negative could be as many as noise hides, and is not known to be 0."""
    assert interval.clip(given, 0.0, 10.0, value) == expected
