"""A group that only one child is in is shown with at most the probability that was charged for it."""

import math

import pytest
import query_cases

from lightwell.query import bound, check, cost, noise, release
from lightwell.query.plan import Measure


def find_tail(sigma, least):
    """The probability that the exact discrete Gaussian is at least `least`."""
    reach = math.ceil(12 * sigma)
    weights = {place: math.exp(-(place**2) / (2 * sigma**2)) for place in range(-reach, reach + 1)}
    above = (weight for place, weight in weights.items() if place >= least)
    return math.fsum(above) / math.fsum(weights.values())


@pytest.mark.parametrize("epsilon", [0.2, 1.0, 5.0, 15.0])
@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag", {"groups": 1}),
        ("SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag", {}),
        ("SELECT tag, day, AVG(minutes) AS n FROM usage GROUP BY tag, day", {"groups": 3}),
    ],
)  # fmt: skip
def test_a_child_alone_in_its_groups_is_shown_with_at_most_the_charged_delta(epsilon, text, bounds):
    bounded = bound.bind(check.check_query(text, query_cases.make_codebook(), **bounds))
    delta = 5e-8
    paid = cost.Cost(cost.find_rho(epsilon, delta), cost.count_delta_units(delta))
    schedule = noise.schedule_noise(bounded, paid)
    place = bounded.plan.measures.index(Measure("children"))
    alone = bounded.weigh_group(1)
    chance = find_tail(schedule.shares[place][0].sigma, schedule.threshold - alone)
    assert bounded.plan.groups * chance <= delta
    # Not a hundred times lower either: that would hide groups for nothing.
    assert bounded.plan.groups * chance > delta / 100


def test_the_words_of_a_plan_say_the_threshold_in_children():
    bounded = bound.bind(
        check.check_query(
            "SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag", query_cases.make_codebook(), groups=1
        )
    )
    paid = cost.Cost(cost.find_rho(1.0, 5e-8), cost.count_delta_units(5e-8))
    schedule = noise.schedule_noise(bounded, paid)
    words = " ".join(release.describe_plan(bounded, schedule))
    assert "at least 43 children" in words, words
