"""A finding: words of a page that a roster, rule or model proposes to hide, and how findings are united.

Nothing is hidden by a finding; a person decides. Lines and words count from 0 in the `archive.page.Line`s of
the page, the page itself from 1.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lightwell.archive.page import Line
from lightwell.base import errors

KINDS = ("name", "email", "phone", "handle", "id", "address", "birth-date", "ip", "school")
# How the sources begin that are exact and no guess: a row of the roster, a value that a person confirmed.
ROSTER, CONFIRMED = "roster", "confirmed value"
# What is proposed unless the roster says otherwise; whether it holds is for the person who decides.
DEFAULT_GROUND = "third-party-privacy"

# Marks that stand around words and are no part of them.
MARKS = "()[]{}<>.,;:!?'\"“”‘’«»*=|"

Words = tuple[tuple[int, int, int], ...]

# More sources than these tell nobody more.
_MOST_SOURCES = 4
_WITH_DIGIT = re.compile(r"\d\S*")


@dataclass(frozen=True, slots=True)
class Finding:
    """Words that may have to be hidden.

    `words` has (line, first word, last word) for each line it touches, in order; `text` is what stands there.
    `source` names the roster's row, the rule or the model, several joined by " + ". `confidence` is of 100;
    it orders findings for a person and is no probability. `ground` is a proposal.
    """

    page: int
    words: Words
    text: str
    kind: str
    source: str
    confidence: int
    ground: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise errors.Refused(f"there is no kind of finding {self.kind!r}; there are {', '.join(KINDS)}")
        if not self.words or not 0 <= self.confidence <= 100:
            raise errors.Refused("a finding has words and a confidence of 0 to 100")

    @property
    def is_exact(self) -> bool:
        """Answer whether a roster or a confirmed value says so, and not a rule's or a model's guess."""
        return self.source.startswith((ROSTER, CONFIRMED))


@dataclass(frozen=True)
class Sheet:
    """The words of a page one after another, and ways back from their number to line and place."""

    number: int
    lines: Sequence[Line]

    @cached_property
    def words(self) -> list[str]:
        """All words of the page, in order."""
        return [word.text for line in self.lines for word in line]

    @cached_property
    def starts(self) -> list[int]:
        """The number of each line's first word."""
        return list(itertools.accumulate((len(line) for line in self.lines), initial=0))[:-1]

    @cached_property
    def text(self) -> str:
        """The words with a blank between them and a line feed between lines."""
        return "\n".join([" ".join([word.text for word in line]) for line in self.lines if line])

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """The different words of the page without the marks around them."""
        return frozenset([word.strip(MARKS) for word in self.words])

    @cached_property
    def numbered(self) -> list[tuple[int, int]]:
        """The numbers of the words that hold a digit, each with the place of its first digit in `text`."""
        starts = [found.start() for found in _WITH_DIGIT.finditer(self.text)]
        return [(bisect.bisect_right(self.offsets, start) - 1, start) for start in starts]

    @cached_property
    def offsets(self) -> list[int]:
        """Where each word begins in `text`."""
        return [0, *itertools.accumulate([len(word) + 1 for word in self.words])][:-1]

    def list_words(self, first: int, last: int) -> Words:
        """Return the places of the words with the numbers `first` to `last`."""
        places = []
        at = bisect.bisect_right(self.starts, first) - 1
        while at < len(self.lines) and self.starts[at] <= last:
            begin, length = self.starts[at], len(self.lines[at])
            if length:
                places.append((at, max(0, first - begin), min(length - 1, last - begin)))
            at += 1
        return tuple(places)

    def find_words(self, start: int, end: int) -> tuple[int, int]:
        """Return the numbers of the first and last word that a stretch of `text` touches."""
        first = bisect.bisect_right(self.offsets, start) - 1
        return first, max(first, bisect.bisect_left(self.offsets, end) - 1)

    def make(self, first: int, last: int, kind: str, source: str, confidence: int, ground: str) -> Finding:
        """Make a finding of the words with the numbers `first` to `last`."""
        text = " ".join(self.words[first : last + 1])
        return Finding(
            self.number,
            self.list_words(first, last),
            text,
            kind,
            source,
            confidence,
            ground or DEFAULT_GROUND,
        )


def merge(findings: Iterable[Finding]) -> list[Finding]:
    """Unite findings of one page that share a word, in page order; the roster's wins, then the surer one."""
    merged: list[Finding] = []
    group: list[Finding] = []
    reached = (-1, -1)
    for each in sorted(findings, key=lambda one: (_begin(one), _end(one))):
        if group and _begin(each) > reached:
            merged.append(_unite(group))
            group = []
        group.append(each)
        reached = max(reached, _end(each))
    if group:
        merged.append(_unite(group))
    return merged


def _begin(finding: Finding) -> tuple[int, int]:
    return finding.words[0][0], finding.words[0][1]


def _end(finding: Finding) -> tuple[int, int]:
    return finding.words[-1][0], finding.words[-1][2]


def _rank(finding: Finding) -> tuple[bool, int, int]:
    return finding.is_exact, finding.confidence, len(finding.text)


def _unite(group: list[Finding]) -> Finding:
    """Unite findings each of which shares a word with one before it."""
    if len(group) == 1:
        return group[0]
    spans: dict[int, tuple[int, int]] = {}
    texts: dict[tuple[int, int], str] = {}
    for each in group:
        for line, first, last in each.words:
            low, high = spans.get(line, (first, last))
            spans[line] = min(low, first), max(high, last)
        places = [(line, at) for line, first, last in each.words for at in range(first, last + 1)]
        texts.update(zip(places, each.text.split(" "), strict=False))
    ranked = sorted(group, key=_rank, reverse=True)
    sources = dict.fromkeys(source for each in ranked for source in each.source.split(" + "))
    return replace(
        ranked[0],
        words=tuple((line, *spans[line]) for line in sorted(spans)),
        text=" ".join(texts[place] for place in sorted(texts)),
        source=" + ".join(itertools.islice(sources, _MOST_SOURCES)),
    )
