"""Fingerprints of a page's words: what tells a damaged or photographed copy from a page that never was here.

Five words in a row are a shingle, and winnowing keeps of every eight words in a row at least one shingle
(Schleimer, Wilkerson, Aiken: Winnowing, SIGMOD 2003, with k = 5 and w = 4, so that t = w + k - 1 = 8). A
copy that lost a half, or some of its words, keeps the fingerprints of what is left; hence containment, and
no measure of how alike two whole pages are.

Words come as runs: a hidden place ends one, and no shingle reaches across, so that nothing in a fingerprint
follows from what stood there. A hash is the first 64 bits of SHA-256 of the words, because browsers compute
SHA-256 themselves and a reader's page can do the same (`web/static/check.js`). Two different shingles with
one hash are expected once among about six thousand million.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence

SHINGLE_WORDS = 5
WINDOW = 4
HASH_BYTES = 8

# Chosen on pages of `benchmarks/corpus.py`: enough in common to be worth a look at the words themselves.
LEAST_MATCHES = 3
LEAST_SHARE = 0.1

_APOSTROPHES = re.compile("['’‘ʼ`´]")
# Scripts that put no blank between words: each character counts as a word of its own.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
_WORD = re.compile(f"[{_UNSPACED}]|[^\\W_{_UNSPACED}]+")


def normalise_words(text: str) -> list[str]:
    """List the words of a text as two copies of it share them: no case, accents, marks or apostrophes.

    Letters that stand joined (ﬁ) or raised are taken apart (Unicode NFKD); a hyphen or a stroke parts words.
    """
    plain = _APOSTROPHES.sub("", text)
    if not plain.isascii():
        apart = unicodedata.normalize("NFKD", plain)
        plain = "".join(each for each in apart if not unicodedata.category(each).startswith("M"))
    return _WORD.findall(plain.lower())


def hash_shingle(words: Sequence[str]) -> bytes:
    """Hash some normalised words in a row: the first eight bytes of SHA-256 of them with blanks between."""
    return hashlib.sha256(" ".join(words).encode()).digest()[:HASH_BYTES]


def winnow(hashes: Sequence[bytes]) -> set[bytes]:
    """Keep the least hash of every `WINDOW` in a row; of fewer than that, the least of all.

    Which of two equal ones is kept makes no difference, because no places are kept.
    """
    if len(hashes) < WINDOW:
        return {min(hashes)} if hashes else set()
    return set(map(min, *(hashes[start:] for start in range(WINDOW))))


def make_fingerprints(runs: Iterable[str]) -> frozenset[bytes]:
    """Make the fingerprints of a page from its runs of words; empty where no run has five words.

    A page where nothing is hidden is one run.
    """
    found: set[bytes] = set()
    for run in runs:
        words = normalise_words(run)
        starts = range(len(words) - SHINGLE_WORDS + 1)
        found |= winnow([hash_shingle(words[start : start + SHINGLE_WORDS]) for start in starts])
    return frozenset(found)


def compute_share(matches: int, held: int, published: int) -> float:
    """Compute how much of the smaller of two sets of fingerprints stands in the other (0 to 1).

    Half a page against a whole one, and a whole one against the half that is published, are both near 1.
    """
    least = min(held, published)
    return matches / least if least else 0.0


def is_candidate(matches: int, held: int, published: int) -> bool:
    """Answer whether so many common fingerprints are reason to compare the words (`word_difference`).

    A page with fewer than `LEAST_MATCHES` has to share all of them.
    """
    least = min(held, published)
    return least > 0 and (
        matches >= min(LEAST_MATCHES, least) and compute_share(matches, held, published) >= LEAST_SHARE
    )
