"""Likeness: public pages that show what is about to be hidden, found by fingerprints of five words in a row.

A page with hidden parts is worth little where an identical or near-identical one is public without them. Two
signs: a public page holds a stretch of five words in which a hidden word stands, or half of it stands on this
page too. The first may miss, because of a public page not every stretch is kept; the second then tells. It
is a warning and never a refusal: forms are alike by right. Fingerprints: `archive/fingerprint`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.archive import fingerprint

# Half of the smaller page: two drafts of one page share more, two pages of one form less (tests).
LEAST_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Likeness:
    """A public page like the one about to be redacted: its key, the share in common, whether it tells.

    `shows_hidden` counts stretches of hidden words, with their neighbours, that stand there for all to read.
    """

    key: str
    share: float
    shows_hidden: int


def find_alike(
    whole: Sequence[str], visible: Sequence[str], public: Iterable[tuple[str, frozenset[bytes]]]
) -> list[Likeness]:
    """Find the public pages like this one, those that tell most first.

    `whole` are the words of the page as runs, hidden ones among them, `visible` the runs that are left, each
    ending where something is hidden; `public` are keys and fingerprints of pages that are open to all.
    """
    everything, left = _list_shingles(whole), fingerprint.make_fingerprints(visible)
    telling = everything - _list_shingles(visible)
    found = []
    for key, prints in public:
        shown = len(telling & prints)
        share = fingerprint.compute_share(len(left & prints), len(left), len(prints))
        alike = share >= LEAST_SHARE and len(left & prints) >= fingerprint.LEAST_MATCHES
        if shown or alike:
            found.append(Likeness(key, share, shown))
    return sorted(found, key=lambda each: (-each.shows_hidden, -each.share, each.key))


def _list_shingles(runs: Iterable[str]) -> frozenset[bytes]:
    """List all shingles, unwinnowed: the few with a hidden word must not be lost by chance."""
    found: set[bytes] = set()
    for run in runs:
        words = fingerprint.normalise_words(run)
        for start in range(len(words) - fingerprint.SHINGLE_WORDS + 1):
            found.add(fingerprint.hash_shingle(words[start : start + fingerprint.SHINGLE_WORDS]))
    return frozenset(found)
