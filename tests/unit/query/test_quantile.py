"""Quantiles from the read part of a noisy tree: estimate, deviation and interval, against slow twins."""

import itertools
import math
import random

import numpy as np
import pytest

from lightwell.query import bound, quantile

Z = 1.959963984540054


def add_noise(leaves, sigmas, dice):
    """Noise on every node beforehand: what is charged for."""
    return [
        [value + dice.gauss(0, sigma) for value in level]
        for level, sigma in zip(bound.build_levels(leaves), sigmas, strict=True)
    ]


def search(levels, sigmas, shares):
    found, read = quantile.Search(len(levels[-1]), sigmas, shares), []
    while nodes := found.list_nodes():
        read.append({node: levels[len(read)][node] for node in nodes})
        found.take(read[-1])
    return found, read


def solve_slowly(levels, sigmas, path, share):
    """How many lie below the last node of a path less the share of all, and its variance.

    From the normal equations of the nodes on the path and their siblings; each leaf is an unknown, and of
    those that are nowhere read by themselves the shortest solution is taken, which no estimate hangs on.
    """
    count, rows, wanted = len(levels[-1]), [], []
    for place, (level, sigma) in enumerate(zip(levels, sigmas, strict=True)):
        span = bound.BRANCHES ** (len(levels) - 1 - place)
        first = 0 if not place else bound.BRANCHES * path[place - 1]
        for node in range(first, min(first + bound.BRANCHES, len(level))):
            rows.append(
                [1 / sigma if node * span <= leaf < (node + 1) * span else 0 for leaf in range(count)]
            )
            wanted.append(level[node] / sigma)
    inverse = np.linalg.pinv(np.array(rows))
    weights = np.array([(1.0 if leaf < path[-1] else 0.0) - share for leaf in range(count)]) @ inverse
    return float(weights @ wanted), float(weights @ weights)


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 17, 30, 200])
def test_the_estimate_and_its_deviation_are_those_of_least_squares_from_all_nodes_on_the_way(count):
    dice = random.Random(count)
    sigmas = [1.0 + dice.random() for _ in bound.list_levels(count)]
    levels = add_noise([dice.randrange(50) for _ in range(count)], sigmas, dice)
    for share in (0.5, 0.1):
        found, _ = search(levels, sigmas, [share])
        for one in found.descents[share]:
            path = [one.node // bound.BRANCHES**up for up in range(len(levels) - 1, -1, -1)]
            value, square = solve_slowly(levels, sigmas, path, share)
            assert one.below == pytest.approx(value, abs=1e-6)
            assert one.below_square == pytest.approx(square, abs=1e-6)


def test_reading_part_of_the_tree_costs_a_tenth_of_the_deviation():
    levels, share = [[100.0] * size for size in bound.list_levels(1024)], 0.37
    found, _ = search(levels, [1.0] * 5, [share])
    one = found.descents[share][0]
    rows = np.array(
        [
            [1 if node * 4**up <= leaf < (node + 1) * 4**up else 0 for leaf in range(1024)]
            for up in range(5)
            for node in range(1024 // 4**up)
        ]
    )
    weights = np.array([(1.0 if leaf < one.node else 0.0) - share for leaf in range(1024)])
    all_nodes = math.sqrt(weights @ np.linalg.solve(rows.T @ rows, weights))
    assert 1.0 < math.sqrt(one.below_square) / all_nodes < 1.16


def test_few_nodes_are_read_and_none_twice():
    dice = random.Random(4)
    for _ in range(20):
        levels = add_noise([dice.randrange(200) for _ in range(1024)], [30.0] * 5, dice)
        _, read = search(levels, [30.0] * 5, [0.25, 0.5, 0.75])
        assert sum(map(len, read)) <= 4 + 4 * 4 * 9
        _, one = search(levels, [30.0] * 5, [0.5])
        assert sum(map(len, one)) <= 4 + 4 * 4 * 3
        assert all(set(few) <= set(many) for few, many in zip(one, read, strict=True))


def test_a_quantile_beside_others_is_what_it_is_alone():
    dice = random.Random(5)
    levels = add_noise([dice.randrange(90) for _ in range(300)], [20.0] * 5, dice)
    found, _ = search(levels, [20.0] * 5, [0.1, 0.5])
    for share in (0.1, 0.5):
        alone, _ = search(levels, [20.0] * 5, [share])
        told = found.find_quantile(share, 0, 300, is_whole=False)
        assert alone.find_quantile(share, 0, 300, is_whole=False) == told


def test_without_noise_a_quantile_is_exact_and_its_interval_closes_around_it():
    levels = bound.build_levels([10] * 100)
    found, _ = search(levels, [1e-9] * len(levels), [0.25])
    value, low, high = found.find_quantile(0.25, 0.0, 200.0, is_whole=False)
    assert value == pytest.approx(50.0)
    assert low == pytest.approx(50.0, abs=1e-6)
    assert high == pytest.approx(50.0, abs=1e-6)


def test_a_quantile_of_whole_numbers_is_one_of_them():
    levels = bound.build_levels([0, 0, 30, 0, 1, 0])
    found, _ = search(levels, [1e-9] * len(levels), [0.5])
    assert found.find_quantile(0.5, 5.0, 11.0, is_whole=True) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize("is_whole", [True, False])
def test_noise_alone_gives_no_value_and_an_honest_interval(is_whole):
    none = 0
    for seed in range(40):
        levels = add_noise([0] * 64, [50.0] * 3, random.Random(seed))
        found, _ = search(levels, [50.0] * 3, [0.5])
        value, low, high = found.find_quantile(0.5, 0.0, 64.0, is_whole=is_whole)
        assert 0 <= low <= high <= 64
        none += value is None
    assert none >= 36


def make_shapes():
    dice = random.Random(3)

    def gather(draw, count, rows):
        bins = [0] * count
        for _ in range(rows):
            bins[min(int(draw() * count), count - 1)] += 1
        return bins

    spikes = [5000 if place % 64 == 0 else 0 for place in range(1024)]
    return {
        "many": gather(lambda: dice.expovariate(10), 1024, 200_000),
        "few": gather(dice.random, 1024, 6000),
        "spikes": spikes,
        "an edge of the tree": [20] * 1024,
        "much beside an edge": [400 if place == 511 else 20 for place in range(1024)],
        "ragged": gather(lambda: dice.expovariate(5), 300, 50_000),
        "whole numbers": [dice.randrange(100, 900) for _ in range(41)],
    }


SHAPES = make_shapes()


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("name", SHAPES)
def test_an_interval_holds_where_the_truth_passes_in_95_of_100_cases(name, share):
    leaves, sigma, runs, held = SHAPES[name], 300.0, 600, 0
    sigmas = [sigma] * len(bound.list_levels(len(leaves)))
    below = list(itertools.accumulate(leaves, initial=0))
    after = next(place for place, value in enumerate(below) if value >= share * below[-1])
    start = after - 1
    truth = start + (share * below[-1] - below[start]) / (below[after] - below[start])
    dice = random.Random(9)
    for _ in range(runs):
        found, _ = search(add_noise_lazily(leaves, sigmas, dice), sigmas, [share])
        _, low, high = found.find_quantile(share, 0, len(leaves), is_whole=False)
        held += low - 1e-9 <= truth <= high + 1e-9
    # One in a million by chance; where few are counted, more are held.
    chance = sum(math.comb(runs, n) * 0.06**n * 0.94 ** (runs - n) for n in range(runs - held, runs + 1))
    assert chance > 1e-6, held / runs


class Lazily:
    """A level whose nodes get their noise when they are looked at, once."""

    def __init__(self, level, sigma, dice):
        self.level, self.sigma, self.dice, self.known = level, sigma, dice, {}

    def __len__(self):
        return len(self.level)

    def __getitem__(self, node):
        assert node not in self.known
        self.known[node] = self.level[node] + self.dice.gauss(0, self.sigma)
        return self.known[node]


def add_noise_lazily(leaves, sigmas, dice):
    levels = bound.build_levels(leaves)
    return [Lazily(level, sigma, dice) for level, sigma in zip(levels, sigmas, strict=True)]
