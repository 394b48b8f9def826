"""Floating-point noise: the last bits of a noisy number tell which number it was made from.

Reference: Mironov, CCS 2012; Casacuberta, Shoemate, Vadhan and Wagaman, CCS 2022; Haney et al., arXiv 2207.13793.
Twin: textbook Laplace noise in doubles: about one answer in four proves that the count was 0 and not 1; a sum of
doubles moves by twice the largest value that a child may add.
Here: noise and sums are whole numbers before and after; both counts can give every answer, and a sum moves by its
bound at most.
"""

import math
import random

import attack_stage as stage

from lightwell.engines import dice


def draw_textbook(count, luck):
    """Laplace noise as books print it, in doubles."""
    u = luck.random() - 0.5
    return count - math.copysign(1.0, u) * math.log(1 - 2 * abs(u))


def has_fine_bits(value):
    """Whether a number is no multiple of 2^-53, which 1 plus anything near -1 always is."""
    return value * 2**53 != math.floor(value * 2**53)


def test_the_last_bits_of_textbook_noise_tell_the_number():
    luck, runs = random.Random(8), 20_000
    told = {
        count: sum(
            0 < abs(value) < 0.5 and has_fine_bits(value)
            for value in (draw_textbook(count, luck) for _ in range(runs))
        )
        for count in (0, 1)
    }
    assert told[1] == 0
    assert told[0] > runs / 10
    drawn = [dice.OpenDP().add_noise([count] * 20_000, 3.0, 1, 60_000_000) for count in (0, 1)]
    assert all(isinstance(value, int) for part in drawn for value in part)
    # Within the reach of 20,000 draws both counts have given every whole number.
    assert set(range(-6, 7)) <= set(drawn[0]) & set(drawn[1])
    stage.show(
        f"{told[0]} of {runs} answers prove that the count was 0",
        "0 of 20,000: every answer is possible for both",
    )


def test_rounding_moves_a_sum_of_doubles_beyond_its_bound(tmp_path):
    # A tower of values in which each addition of 1 is a half that is rounded to even.
    most, ones = 2.0, 16
    here, there = 2.0**53, 2.0**53 + most
    for _ in range(ones):
        here, there = here + 1.0, there + 1.0
    assert there - here == 2 * most
    rows = [*stage.make_rows(children=60)]
    for text in ("SELECT SUM(minutes) AS n FROM usage", "SELECT AVG(minutes / 7) AS n FROM usage"):
        # Values with every low bit, in another order: the same whole numbers, and a bound that holds.
        for row in rows:
            row["minutes"] = math.nextafter(row["minutes"] / 3, 999)
        one = stage.write_files(tmp_path / "one", rows)
        two = stage.write_files(tmp_path / "two", rows[::-1])
        assert stage.measure(one, text)[0] == stage.measure(two, text)[0]
        more = stage.write_files(
            tmp_path / "more", [*stage.make_victim(rows=40, minutes=math.nextafter(300, 0)), *rows]
        )
        for moved, bound in stage.find_distances(one, more, text):
            assert moved <= bound
            assert isinstance(moved, int)
    stage.show(
        f"one child of at most {most:g} moves a sum by {there - here:g}",
        "whole numbers, within the bound, in any order of rows",
    )
