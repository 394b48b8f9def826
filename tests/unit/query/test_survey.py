"""A weighted share: both intervals, and the rule for the clamp."""

import math
import random

import pytest

from lightwell.base import errors
from lightwell.query import bound, check, codebook, cost, noise, plan, release, survey


def make_release(yes, no, squares=(100.0, 100.0)):
    rows = [
        {"answer": True, "weights": yes, "squares": squares[0]},
        {"answer": False, "weights": no, "squares": squares[1]},
        {"answer": None, "weights": 3.0, "squares": 1.0},
    ]
    return release.Release("id", "", ("answer", "weights", "squares"), tuple(rows), (), {}, (), (), "", "")


def test_the_interval_for_noise_holds_the_share_in_95_of_100():
    dice, held, sigma = random.Random(2), 0, 30.0
    for _ in range(3000):
        found = survey.compute_share(
            make_release(dice.gauss(400, sigma), dice.gauss(600, sigma)),
            {"weights": sigma, "squares": 1.0},
            5,
        )
        held += found.noise[0] <= 0.4 <= found.noise[1]
    assert held / 3000 == pytest.approx(0.95, abs=0.013)


def test_the_second_interval_is_wider_by_the_sampling_of_kishs_size():
    found = survey.compute_share(
        make_release(4000.0, 6000.0, (8000.0, 12000.0)), {"weights": 1e-6, "squares": 1e-6}, 5
    )
    assert found.effective_size == pytest.approx(10_000**2 / 20_000)
    low, high = found.noise_and_sampling
    assert high - low == pytest.approx(2 * 1.96 * math.sqrt(0.4 * 0.6 / 5000), rel=0.01)
    assert found.noise[1] - found.noise[0] < 1e-6


@pytest.mark.parametrize(("answered", "epsilon"), [(300, 1.0), (300, 4.0), (3000, 0.2), (3000, 1.0)])
def test_the_second_interval_holds_in_95_of_100_surveys_whether_or_not_noise_hides_how_weights_differ(
    answered, epsilon
):
    dice, clamp, share, runs = random.Random(3), 5.0, 0.3, 1500
    rho = cost.find_rho(epsilon, 1e-7) / 1e9
    sigmas = {"weights": clamp / math.sqrt(2 * rho * 4 / 5), "squares": clamp**2 / math.sqrt(2 * rho / 5)}
    held = told = 0
    for _ in range(runs):
        sums = {True: [0.0, 0.0], False: [0.0, 0.0]}
        for _ in range(answered):
            weight = min(dice.lognormvariate(-0.25, 0.7), clamp)
            answer = dice.random() < share
            sums[answer] = [sums[answer][0] + weight, sums[answer][1] + weight * weight]
        yes, no = (sums[answer][0] + dice.gauss(0, sigmas["weights"]) for answer in (True, False))
        squares = tuple(sums[answer][1] + dice.gauss(0, sigmas["squares"]) for answer in (True, False))
        found = survey.compute_share(make_release(yes, no, squares), sigmas, clamp)
        low, high = found.noise_and_sampling
        held += low <= share <= high
        told += high - low < 1
    assert held / runs > 0.95 - 3 * math.sqrt(0.95 * 0.05 / runs)
    assert told / runs > 0.99


def test_noise_as_large_as_the_weights_gives_no_share():
    found = survey.compute_share(make_release(3.0, 2.0), {"weights": 30.0, "squares": 1.0}, 5)
    assert (found.share, found.noise, found.noise_and_sampling) == (None, (0.0, 1.0), (0.0, 1.0))


def test_the_clamp_spends_a_third_of_the_accuracy_on_noise():
    clamp = survey.suggest_clamp(20_000, 1.0, accuracy=0.003)
    rho = cost.find_rho(1.0, 1e-7) / 1e9 * 4 / 5
    noise = 0.6745 * clamp / math.sqrt(2 * rho) * math.sqrt(0.5) / 20_000
    assert 0.0009 < noise <= 0.001
    assert survey.suggest_clamp(100, 0.1) == 1.0


@pytest.mark.parametrize("clamp", [0, -1, float("nan"), True, "5", 1e9])
def test_a_clamp_is_a_number_above_nothing(clamp):
    with pytest.raises(errors.UserMistake):
        survey.write_share_query("x = 1", "answers", "weight", clamp)


def test_a_fifth_of_the_charge_buys_the_squares_and_other_questions_are_divided_equally():
    book = codebook.parse_codebook(
        {
            **{"codebook": 1, "dataset": "d", "population": "p", "budget": {"epsilon": 9, "delta": 1e-6}},
            "tables": {
                "t": {
                    **{"unit": "child", "rows_per_child": 1, "attested": "invented"},
                    "columns": {
                        "x": {"type": "integer", "values": [1, 2], "attested": "invented"},
                        "w": {"type": "real", "low": 0, "high": 9, "step": 0.01, "attested": "invented"},
                    },
                }
            },
        }
    )

    def divide(text):
        checked = check.check_query(text, book)
        paid = cost.Cost(10_000_000, 0)
        shares = noise.schedule_noise(bound.bind(checked), paid).shares
        return [each[0].nano_rho for each in shares], plan.describe(checked)

    parts, described = divide(survey.write_share_query("x = 1", "t", "w", 4.0))
    assert parts == [8_000_000, 2_000_000]
    assert described["parts"] == [4, 1]
    # The order is the statement's, and what is a square of nothing that is summed is a number like others.
    assert divide("SELECT SUM(w * w) AS a, SUM(w) AS b FROM t")[0] == [2_000_000, 8_000_000]
    for text in ("SELECT SUM(w) AS a, SUM(x * x) AS b FROM t", "SELECT AVG(w) AS a FROM t"):
        parts, described = divide(text)
        assert parts == [5_000_000, 5_000_000]
        # The ids of answers that were given before there were parts stand.
        assert "parts" not in described
