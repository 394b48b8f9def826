"""Where the words of a held page and of a published one agree, and where they do not.

Words are compared as `fingerprint.normalise_words` leaves them and shown as they are written. A hidden place
of the published page agrees with nothing; what the held page has there is counted and not repeated, because
whoever prints this may pass it on. Boilerplate makes pages share fingerprints; a copy shares most of its
words in the same order, and `is_copy` asks that.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.archive import fingerprint
from lightwell.archive.fingerprint_set import Words

# Of the shorter page's words, so many stand in the other one in the same order (chosen as in `fingerprint`).
LEAST_IN_ORDER = 0.6
# A held page far longer than the published one may merely quote it: then nearly all of that one is asked for.
LEAST_WITHIN, FAR_LONGER = 0.8, 1.5
# Lone words such as "the" meet by chance.
_LEAST_BLOCK = 2
# No normalised word begins so.
_HIDDEN = "\0"


@dataclass(frozen=True, slots=True)
class Change:
    """One place that differs: the words there as the held page and the published one have them."""

    held: str
    published: str


@dataclass(frozen=True, slots=True)
class HiddenPlace:
    """A hidden place of the published page, its legal reason, and how many words the held page has there."""

    ground: str
    held_words: int


@dataclass(frozen=True, slots=True)
class Difference:
    """What two pages have in common, in words. `before` and `after` are published words off the held page.

    `longest` is the longest stretch of common words, `in_order` how many stand in such stretches.
    """

    held: int
    published: int
    in_order: int
    longest: int
    changes: tuple[Change, ...]
    hidden: tuple[HiddenPlace, ...]
    before: int
    after: int

    @property
    def share(self) -> float:
        """How much of the shorter page stands in the other one in the same order (0 to 1)."""
        least = min(self.held, self.published)
        return self.in_order / least if least else 0.0

    @property
    def is_copy(self) -> bool:
        """Whether one page is a copy of the other, or of a part of it."""
        longer = self.held > FAR_LONGER * self.published
        return self.share >= (LEAST_WITHIN if longer else LEAST_IN_ORDER)

    @property
    def is_same(self) -> bool:
        """Whether every word is the same and nothing is hidden."""
        return not (self.changes or self.hidden or self.before or self.after)


@dataclass(frozen=True, slots=True)
class _Side:
    """The normalised words of a page, and for each the word it was written in."""

    words: list[str]
    origins: list[int]
    written: list[str]

    def show(self, start: int, end: int) -> str:
        """Show some of the words as they are written."""
        places = dict.fromkeys(self.origins[start:end])
        return " ".join(self.written[place] for place in places if self.written[place] != _HIDDEN)


def compare_words(held: str, published: Words) -> Difference:
    """Compare the text of a held page with the words of a published one."""
    ours, theirs = _make_side([held], ()), _make_side(published.runs, published.grounds)
    matcher = difflib.SequenceMatcher(None, ours.words, theirs.words, autojunk=False)
    sizes = [block.size for block in matcher.get_matching_blocks()]
    changes: list[Change] = []
    hidden: list[HiddenPlace] = []
    before = after = 0
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal":
            continue
        missing = [word for word in theirs.words[first:last] if not word.startswith(_HIDDEN)]
        grounds = [word[1:] for word in theirs.words[first:last] if word.startswith(_HIDDEN)]
        # The words of the held page in this place are those of all hidden places in it together.
        hidden += [HiddenPlace(ground, end - start if k == 0 else 0) for k, ground in enumerate(grounds)]
        if start == end and first == 0:
            before = len(missing)
        elif start == end == len(ours.words):
            after = len(missing)
        elif missing or not grounds:
            changes.append(Change(ours.show(start, end), theirs.show(first, last)))
    return Difference(
        held=len(ours.words),
        published=len(theirs.words) - len(published.grounds),
        in_order=sum(size for size in sizes if size >= _LEAST_BLOCK),
        longest=max(sizes),
        changes=tuple(changes),
        hidden=tuple(hidden),
        before=before,
        after=after,
    )


def _make_side(runs: Sequence[str], grounds: Sequence[str]) -> _Side:
    words: list[str] = []
    origins: list[int] = []
    written: list[str] = []
    for place, run in enumerate(runs):
        if place:
            words.append(_HIDDEN + grounds[place - 1])
            origins.append(len(written))
            written.append(_HIDDEN)
        for word in run.split():
            parts = fingerprint.normalise_words(word)
            words += parts
            origins += [len(written)] * len(parts)
            written.append(word)
    return _Side(words, origins, written)
