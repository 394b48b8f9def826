"""What a lookup finds inside one page's text: which words to mark, and the stretch worth showing.

Text goes in only from behind the gate; out come plain text and ranges of characters, never HTML. Plain
words mark every form of themselves, phrases only where they stand in order.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lightwell.files import analysis
from lightwell.files.lookup import Lookup, Part

LENGTH = 240
_MAX_RANGES = 500


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A stretch of a page's text on one line; `marks` are (start, end) in characters of `text`.

    `cut_before` and `cut_after` say whether the page goes on there.
    """

    text: str
    marks: tuple[tuple[int, int], ...]
    cut_before: bool
    cut_after: bool


def find_ranges(text: str, wanted: Lookup) -> list[tuple[int, int]]:
    """Find what to mark in a text: (start, end) in characters, in order, without overlaps."""
    parts = [
        part for clause in wanted.clauses if not clause.negated for part in clause.parts if not part.field
    ]
    if not parts:
        return []
    vocabulary = _read_vocabulary(text)
    found = sorted({each for part in parts for each in _find_part(text, vocabulary, part)})
    ranges: list[tuple[int, int]] = []
    for start, end in found[:_MAX_RANGES]:
        if ranges and start <= ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        else:
            ranges.append((start, end))
    return ranges


def list_marked_words(text: str, ranges: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """List the words that the ranges touch as (line, word), counted from 0, as in `PublicPage.lines`.

    A page's text is its lines joined by newlines, its words by single spaces.
    """
    marked: dict[tuple[int, int], None] = {}
    for start, end in ranges:
        line = text.count("\n", 0, start)
        word = text.count(" ", text.rfind("\n", 0, start) + 1, start)
        marked[line, word] = None
        for character in text[start:end]:
            if character == "\n":
                line, word = line + 1, 0
            elif character == " ":
                word += 1
            marked[line, word] = None
    return list(marked)


def make_excerpt(text: str, ranges: Sequence[tuple[int, int]], length: int = LENGTH) -> Excerpt:
    """Cut out the stretch with the most marks, whole words only; the beginning when there are none."""
    start, end = _choose_stretch(text, ranges, length)
    piece = re.sub(r"[^\S ]", " ", text[start:end])  # newlines and their like, one space for each
    marks = tuple(
        (max(first, start) - start, min(last, end) - start)
        for first, last in ranges
        if first < end and last > start
    )
    return Excerpt(piece, marks, bool(text[:start].strip()), bool(text[end:].strip()))


class _Vocabulary(NamedTuple):
    """The different words of a page, each beside its small form, and those of them with other than ASCII."""

    words: tuple[tuple[str, str], ...]
    strange: tuple[str, ...]


def _read_vocabulary(text: str) -> _Vocabulary:
    words = list(set(text.split()))
    # One call for the page instead of one a word: small letters add no white space and take none away.
    small = "\n".join(words).lower().split("\n")
    strange = () if text.isascii() else tuple(word for word in words if not word.isascii())
    return _Vocabulary(tuple(zip(words, small, strict=True)), strange)


def _find_part(text: str, vocabulary: _Vocabulary, part: Part) -> Iterator[tuple[int, int]]:
    """Find where a part stands: first the words of the page it may begin in, then only those places."""
    form = analysis.WRITTEN if part.quoted or part.prefix else analysis.STEMMED
    wanted = analysis.analyze_words(part.text, form)
    if not wanted:
        return
    opens = part.prefix and len(wanted) == 1
    core = analysis.find_core(wanted[0], form)
    # Most words are told apart by a look at their letters; to analyse each took half the time of a search.
    likely = {word for word, small in vocabulary.words if core in small}
    for word in likely.union(vocabulary.strange):
        terms = [term for term, _, _ in analysis.analyze_word(word, form)]
        if not any(term == wanted[0] or (opens and term.startswith(wanted[0])) for term in terms):
            continue
        for place in _find_word(text, word):
            for skipped in range(len(terms)):
                behind = analysis.list_terms(text, form, place)
                row = list(itertools.islice(behind, skipped, skipped + len(wanted)))
                if _fits([term.text for term in row], wanted, part.prefix):
                    yield row[0].start, row[-1].end


def _find_word(text: str, word: str) -> Iterator[int]:
    """Find where a word stands with white space, or nothing, on both sides."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        if (not at or text[at - 1].isspace()) and (end == len(text) or text[end].isspace()):
            yield at
        at = text.find(word, end)


def _fits(terms: list[str], wanted: list[str], prefix: bool) -> bool:
    if not prefix or len(terms) != len(wanted):
        return terms == wanted
    return terms[:-1] == wanted[:-1] and terms[-1].startswith(wanted[-1])


def _choose_stretch(text: str, ranges: Sequence[tuple[int, int]], length: int) -> tuple[int, int]:
    if not ranges:
        start = len(text) - len(text.lstrip())
    else:
        best = max(
            range(len(ranges)),
            key=lambda k: sum(
                ranges[k][0] <= first and last <= ranges[k][0] + length * 3 // 4
                for first, last in ranges[k : k + 20]
            ),
        )
        start = max(0, ranges[best][0] - length // 4)
        if start:
            space = re.compile(r"\s").search(text, start, ranges[best][0])
            start = space.end() if space else ranges[best][0]
    end = min(len(text), start + length)
    if end < len(text):
        cut = max(text.rfind(" ", start + 1, end + 1), text.rfind("\n", start + 1, end + 1))
        # A word longer than the whole stretch is cut inside rather than left out.
        end = cut if cut > start else end
    return start, end
