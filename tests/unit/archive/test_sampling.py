"""The draw of pages and the bound that a reading gives, against published values and a slow twin."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from lightwell.archive import sampling

SEED = bytes(range(32))
PAGES = [(document, page) for document in range(1, 6) for page in range(1, 41)]


def sum_slowly(most: int, read: int, share: Fraction) -> Fraction:
    return sum(
        (Fraction(math.comb(read, k)) * share**k * (1 - share) ** (read - k) for k in range(most + 1)),
        Fraction(0),
    )


@pytest.mark.parametrize(
    ("misses", "read", "expected"),
    [
        (0, 3000, 0.00099808),  # the figure of ../shared/reference/documents.md, 4: at most 0.1 %
        (0, 1, 0.95),
        (0, 10, 0.258866),
        (1, 10, 0.394163),
        (3, 20, 0.343664),
        (10, 10, 1.0),
        (0, 0, 1.0),
    ],
)
def test_the_bound_is_the_one_of_the_tables(misses: int, read: int, expected: float) -> None:
    assert sampling.bound_share(misses, read) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(("misses", "read"), [(0, 7), (2, 30), (5, 200), (29, 30)])
def test_at_the_bound_so_few_misses_are_exactly_as_rare_as_said(misses: int, read: int) -> None:
    share = Fraction(sampling.bound_share(misses, read))
    assert float(sum_slowly(misses, read, share)) == pytest.approx(0.05, rel=1e-9)


def test_more_pages_read_or_fewer_misses_never_make_it_worse() -> None:
    bounds = [sampling.bound_share(2, read) for read in range(2, 400, 7)]
    assert bounds == sorted(bounds, reverse=True)
    assert [sampling.bound_share(k, 50) for k in range(51)] == sorted(
        sampling.bound_share(k, 50) for k in range(51)
    )
    # A million pages and many misses neither overflow nor fall under what was seen.
    assert 0.1 < sampling.bound_share(100_000, 1_000_000) < 0.101


@pytest.mark.parametrize(("misses", "read", "confidence"), [(-1, 3, 0.95), (4, 3, 0.95), (0, 3, 1.0)])
def test_what_is_no_reading_is_refused(misses: int, read: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="no reading"):
        sampling.bound_share(misses, read, confidence)


def test_the_same_seed_draws_the_same_pages_in_whatever_order_they_are_given() -> None:
    drawn = sampling.draw_pages(SEED, "std-1", PAGES, 20)
    assert drawn == sampling.draw_pages(SEED, "std-1", list(reversed(PAGES)), 20)
    assert drawn == sorted(set(drawn))
    assert set(drawn) < set(sampling.draw_pages(SEED, "std-1", PAGES, 30))
    assert drawn != sampling.draw_pages(bytes(32), "std-1", PAGES, 20)
    assert drawn != sampling.draw_pages(SEED, "std-2", PAGES, 20)
    assert sampling.draw_pages(SEED, "std-1", PAGES, 10_000) == PAGES


def test_every_page_is_drawn_about_equally_often() -> None:
    counts = dict.fromkeys(PAGES, 0)
    for number in range(2000):
        for page in sampling.draw_pages(number.to_bytes(32, "big"), "std-1", PAGES, 20):
            counts[page] += 1
    # 200 expected each, standard deviation 13.4: six of them either way.
    assert 120 < min(counts.values()) <= max(counts.values()) < 280
