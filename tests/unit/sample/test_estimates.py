import math

import numpy as np
import pytest

from lightwell.sample import estimates
from lightwell.sample.estimates import Estimate


def test_wilson_interval_of_no_hits_in_ten():
    e = estimates.estimate_share(np.zeros(10, dtype=bool))
    assert e.low == pytest.approx(0.0, abs=1e-12)
    assert e.high == pytest.approx(0.2775, abs=5e-5)


def test_difference_of_shares_is_newcombes_own_example():
    a = estimates.estimate_share(np.arange(70) < 56)
    b = estimates.estimate_share(np.arange(80) < 48)
    gap = estimates.subtract(a, b)
    assert (gap.value, gap.low, gap.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@pytest.mark.parametrize(
    ("form", "printed"),
    [
        ("pct", "−12.3 %"),
        ("abschg", "12.3 %"),
        ("ptsci", "−12.3 points (95 % interval −20.0 to −4.5)"),
        ("num2", "−0.12"),
        ("negmin", "7 minutes"),
        ("n", "1,234"),
    ],
)
def test_printed_forms(form, printed):
    assert format(Estimate(-0.1234, -0.2, -0.045, 1234), form) == printed


def test_an_unknown_form_is_refused_by_name():
    with pytest.raises(ValueError, match="pctt"):
        format(Estimate(0.1, 0.0, 0.2, 5), "pctt")


def test_zero_never_carries_a_minus_sign():
    assert estimates.show(Estimate(-0.0001, -0.02, 0.02, 50), "pct") == "0.0 (−2.0 to 2.0)"
    assert format(Estimate(-0.0001, -0.02, 0.02, 50), "pct") == "0.0 %"


def test_small_cells_are_not_printed():
    assert estimates.show(estimates.estimate_share(np.ones(19)), "pct") == "–"
    assert estimates.show(estimates.estimate_share(np.ones(20)), "pct") != "–"


def test_nobody_answered_is_not_zero():
    assert math.isnan(estimates.estimate_share([]).value)


def test_slopes_within_groups_ignore_the_level_of_each_group():
    groups = np.repeat([0, 1, 2], 4)
    x = np.tile([0.0, 1.0, 2.0, 3.0], 3)
    y = 2.0 * x + groups * 100
    assert estimates.regress_within(y, x, groups).value == pytest.approx(2.0)


def test_clustered_intervals_are_wider_when_rows_repeat_a_child():
    rng = np.random.default_rng(3)
    x, noise = rng.normal(size=200), rng.normal(size=200)
    once = estimates.regress(x + noise, [x], np.arange(200))[0]
    copied = estimates.regress(np.tile(x + noise, 4), [np.tile(x, 4)], np.tile(np.arange(200), 4))[0]
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.01)
