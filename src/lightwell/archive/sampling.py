"""Which pages a person reads before publication, and what the reading says about all the others.

Pages are drawn by hashing: those with the smallest digests of (seed, document, page) are taken, so that
anybody who knows the seed draws the same ones, nobody chooses, and a larger draw contains a smaller one. The
seed is the root of a signed checkpoint, which nobody could choose either (`actions/samples`).

The bound is that of Clopper and Pearson (Biometrika 26, 1934, 404-413), one-sided and exact for drawing with
putting back; pages are drawn without, for which it is on the safe side.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Collection

CONFIDENCE = 0.95
_MARK = b"lightwell.sample.v1\n"
_STEPS = 200


def draw_pages(
    seed: bytes, study: str, pages: Collection[tuple[int, int]], count: int
) -> list[tuple[int, int]]:
    """Draw `count` of the pages of a study, each as (document, page) from 1, in page order."""
    ranked = sorted(set(pages), key=lambda each: _rank_page(seed, study, *each))
    return sorted(ranked[:count])


def bound_share(misses: int, read: int, confidence: float = CONFIDENCE) -> float:
    """Bound the share of all pages that have a miss, from `misses` among `read` ones, with this confidence.

    It is 1 when nothing was read. ValueError for numbers that no reading has.
    """
    if not (0 <= misses <= read and 0 < confidence < 1):
        raise ValueError(f"{misses} misses of {read} pages at {confidence} is no reading")
    if misses == read:
        return 1.0
    low, high = misses / read, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        # The bound is where so few misses would have become as rare as the confidence allows.
        if _sum_binomial(misses, read, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def _sum_binomial(most: int, read: int, share: float) -> float:
    """The probability of at most `most` misses among `read` pages of which this share has one."""
    hit, missed = math.log(share), math.log1p(-share)
    whole = math.lgamma(read + 1)
    return math.fsum(
        math.exp(whole - math.lgamma(k + 1) - math.lgamma(read - k + 1) + k * hit + (read - k) * missed)
        for k in range(most + 1)
    )


def _rank_page(seed: bytes, study: str, document: int, page: int) -> bytes:
    return hashlib.sha256(_MARK + seed + f"{study} {document} {page}".encode()).digest()
