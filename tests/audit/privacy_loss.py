"""Black-box privacy loss: what released answers tell of one child, measured from samples of them alone.

Two worst neighbours are asked the same question many thousand times with fresh noise. Events are chosen on one
half of the answers and judged on the other: with P and Q the chances of an event with and without the child, the
hockey-stick P - e^eps Q must be at most delta. Clopper and Pearson (1934) bound P below and Q above, with
Bonferroni's correction for all events, questions and both directions. The claim is judged at the pair that was
bought and, because that is far from what samples can see, at pairs along the curve of the Gaussian of the charged
rho (Balle and Wang 2018, theorem 8); to that the discrete Gaussian is equal but for parts far below what is seen.
"""

import math
import statistics

import numpy as np

from lightwell.engines import dice
from lightwell.query import bound, check, cost, noise, release

CONFIDENCE = 1e-6
NORMAL = statistics.NormalDist()


class Pool:
    """OpenDP's noise, drawn by the hundred thousand and handed out once: the same draws, one call for many."""

    def __init__(self, factor=1.0):
        self.factor, self.drawn = factor, {}

    def add_noise(self, values, sigma, square, nano_rho):
        found = []
        for value in values:
            rest = self.drawn.get(sigma)
            if not rest:
                count = 20_000
                mechanism = dice._make_gaussian(sigma * self.factor)
                rest = self.drawn[sigma] = list(mechanism([0] * count))
            found.append(value + rest.pop())
        return found


class Question:
    """One question to one data set: measured once, released anew each time."""

    def __init__(self, engine, text, epsilon, delta, **bounds):
        plan = check.check_query(text, engine._codebook, **bounds)
        self.bounded = bound.bind(
            plan, engine.choose_path(plan) if hasattr(engine, "choose_path") else "weighted"
        )
        private = plan.has_private_keys
        self.rho = cost.find_rho(epsilon, delta / 2 if private else delta)
        spent = cost.count_delta_units(delta / 2) if private else 0
        self.schedule = noise.schedule_noise(self.bounded, cost.Cost(self.rho, spent))
        self.engine, exact = engine, engine._measure(self.bounded)
        engine._measure = lambda bounded: exact

    def sample(self, count):
        """So many released answers, each as its numbers and the ends of their intervals."""
        return [
            release.compute_rows(
                self.bounded, self.schedule, self.engine.release(self.bounded, self.schedule)
            )
            for _ in range(count)
        ]


def vectorize(answers, groups):
    """Answers as rows of numbers: for each group that may be shown its values, ends and whether it is there."""
    rows = []
    for shown, ends in answers:
        found = {}
        for row, around in zip(shown, ends, strict=True):
            name = tuple(value for key, value in row.items() if around[key] is None)
            found[name] = [
                -1e9 if part is None else float(part)
                for key, value in row.items()
                if around[key] is not None
                for part in (value, *around[key])
            ]
        size = max((len(part) for part in found.values()), default=0)
        rows.append(
            [
                part
                for name in groups
                for part in ([1.0, *found[name]] if name in found else [0.0] * (1 + size))
            ]
        )
    width = max(map(len, rows))
    return np.array([row + [0.0] * (width - len(row)) for row in rows])


def bound_share(hits, count, level, *, upper):
    """The Clopper-Pearson bound of a chance, by bisection of the exact binomial tail."""
    if (hits == count) if upper else (hits == 0):
        return 1.0 if upper else 0.0
    low, high = (hits / count, 1.0) if upper else (0.0, hits / count)
    for _ in range(50):
        middle = (low + high) / 2
        if (_sum_tail(hits, count, middle, at_most=upper) > level) == upper:
            low = middle
        else:
            high = middle
    return high if upper else low


def _sum_tail(hits, count, chance, *, at_most):
    places = np.arange(0, hits + 1) if at_most else np.arange(hits, count + 1)
    logs = _LOGS[count] - _LOGS[places] - _LOGS[count - places]
    return float(np.exp(logs + places * math.log(chance) + (count - places) * math.log1p(-chance)).sum())


_LOGS = np.array([math.lgamma(place + 1) for place in range(40_001)])


def compute_curve(rho, epsilon):
    """The delta of a Gaussian that costs rho, at an epsilon: Balle and Wang 2018, theorem 8."""
    far = math.sqrt(2 * rho)
    return NORMAL.cdf(far / 2 - epsilon / far) - math.exp(epsilon) * NORMAL.cdf(-far / 2 - epsilon / far)


def find_excess(one, two, pairs, questions):
    """By how much the claim is exceeded for certain, at most over all pairs; negative where it holds.

    `one` and `two` are samples as rows of numbers; `pairs` are (epsilon, delta) that are claimed.
    """
    half = min(len(one), len(two)) // 2
    worst = -1.0
    level = CONFIDENCE / (questions * len(pairs) * 2 * 2)
    for here, there in ((one, two), (two, one)):
        train_here, train_there = here[:half], there[:half]
        scores = _list_scores(train_here, train_there)
        for epsilon, delta in pairs:
            best = (-1.0, None, 0.0)
            for score in scores:
                left, right = np.sort(train_here @ score), np.sort(train_there @ score)
                cuts = np.unique(
                    np.concatenate(
                        [
                            np.quantile(left, np.linspace(0, 1, 101)),
                            np.quantile(right, np.linspace(0, 1, 101)),
                        ]
                    )
                )
                shares = 1 - np.searchsorted(left, cuts, side="left") / half
                others = 1 - np.searchsorted(right, cuts, side="left") / half
                sticks = shares - math.exp(epsilon) * others
                place = int(sticks.argmax())
                if sticks[place] > best[0]:
                    best = (float(sticks[place]), score, float(cuts[place]))
            _, score, cut = best
            if score is None:
                continue
            hits, other = ((part[half:] @ score >= cut).sum() for part in (here, there))
            low = bound_share(int(hits), len(here) - half, level, upper=False)
            high = bound_share(int(other), len(there) - half, level, upper=True)
            worst = max(worst, low - math.exp(epsilon) * high - delta)
    return worst


def _list_scores(here, there):
    """Directions to look along: each number by itself, both ways, and the best straight line."""
    width = here.shape[1]
    scores = [sign * row for row in np.eye(width) for sign in (1.0, -1.0)]
    spread = np.cov(np.vstack([here, there]).T).reshape(width, width)
    line = np.linalg.pinv(spread + 1e-12 * np.eye(width)) @ (here.mean(0) - there.mean(0))
    return [*scores, line]
