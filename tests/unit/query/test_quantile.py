"""Quantiles from a noisy tree: the estimate, its stated deviation and its interval, against slow twins."""

import math
import random
import statistics

import pytest

from lightwell.query import bound, quantile


def add_noise(leaves, sigmas, dice):
    levels = bound.build_levels(leaves)
    noisy = [
        tuple(value + dice.gauss(0, sigma) for value in level)
        for level, sigma in zip(levels, sigmas, strict=True)
    ]
    return quantile.Tree(tuple(noisy), sigmas)


def solve_slowly(tree):
    """The bins by least squares from the normal equations, by Gaussian elimination."""
    count = len(tree.levels[-1])
    rows, wanted, weights = [], [], []
    for place, (level, sigma) in enumerate(zip(tree.levels, tree.sigmas, strict=True)):
        span = bound.BRANCHES ** (len(tree.levels) - 1 - place)
        for number, value in enumerate(level):
            rows.append(
                [1.0 if number * span <= leaf < (number + 1) * span else 0.0 for leaf in range(count)]
            )
            wanted.append(value)
            weights.append(1 / sigma**2)
    matrix = [
        [sum(w * row[i] * row[j] for row, w in zip(rows, weights, strict=True)) for j in range(count)]
        + [sum(w * row[i] * value for row, w, value in zip(rows, weights, wanted, strict=True))]
        for i in range(count)
    ]
    for pivot in range(count):
        factor = matrix[pivot][pivot]
        matrix[pivot] = [value / factor for value in matrix[pivot]]
        for other in range(count):
            if other != pivot:
                rest = matrix[other][pivot]
                matrix[other] = [a - rest * b for a, b in zip(matrix[other], matrix[pivot], strict=True)]
    return [row[-1] for row in matrix]


@pytest.mark.parametrize("count", [1, 3, 4, 5, 16, 17, 30])
def test_bins_are_the_least_squares_estimate_from_all_nodes(count):
    dice = random.Random(count)
    sigmas = tuple(1.0 + dice.random() for _ in bound.list_levels(count))
    tree = add_noise([dice.randrange(50) for _ in range(count)], sigmas, dice)
    assert tree.estimate_leaves() == pytest.approx(solve_slowly(tree), abs=1e-6)


@pytest.mark.parametrize(("count", "share"), [(5, 0.5), (16, 0.9), (21, 0.1)])
def test_the_stated_deviation_is_that_of_many_draws(count, share):
    dice, leaves = random.Random(3), [10] * count
    sigmas = (2.0,) * len(bound.list_levels(count))
    drawn = []
    for _ in range(4000):
        below, found = 0.0, [0.0]
        for leaf in add_noise(leaves, sigmas, dice).estimate_leaves():
            below += leaf
            found.append(below)
        drawn.append([value - share * below for value in found])
    stated = quantile.list_deviations(count, sigmas, share)
    seen = [statistics.pstdev(column) for column in zip(*drawn, strict=True)]
    assert seen == pytest.approx(stated, rel=0.08)


def test_without_noise_a_quantile_is_exact_and_its_interval_closes_around_it():
    leaves = [10] * 100
    levels = bound.build_levels(leaves)
    tree = quantile.Tree(tuple(map(tuple, levels)), (1e-9,) * len(levels))
    value, low, high = quantile.find_quantile(tree, 0.25, 0.0, 200.0, is_whole=False)
    assert value == pytest.approx(50.0)
    assert low == pytest.approx(50.0, abs=1e-6)
    assert high == pytest.approx(50.0, abs=1e-6)


def test_a_quantile_of_whole_numbers_is_one_of_them():
    levels = bound.build_levels([0, 0, 30, 0, 1, 0])
    tree = quantile.Tree(tuple(map(tuple, levels)), (1e-9,) * len(levels))
    assert quantile.find_quantile(tree, 0.5, 5.0, 11.0, is_whole=True) == (7.0, 7.0, 7.0)


@pytest.mark.parametrize("is_whole", [True, False])
def test_noise_alone_gives_no_value_and_an_honest_interval(is_whole):
    none = 0
    for seed in range(40):
        tree = add_noise([0] * 64, (50.0,) * 3, random.Random(seed))
        value, low, high = quantile.find_quantile(tree, 0.5, 0.0, 64.0, is_whole=is_whole)
        assert 0 <= low <= high <= 64
        none += value is None
    assert none >= 36


def test_levels_are_cut_as_they_were_joined():
    levels = bound.build_levels(list(range(21)))
    flat = [value for level in levels for value in level]
    assert quantile.split_levels(flat, 21) == levels
    assert sum(levels[0]) == sum(range(21))
    assert all(math.isfinite(value) for value in flat)
