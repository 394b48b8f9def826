"""What a lookup finds inside one page's text: which words to mark, and the stretch worth showing.

Text goes in only from behind the gate; out come plain text and ranges of characters, never HTML. Plain
words mark every form of themselves, phrases only where they stand in order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

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
    forms = {name: list(analysis.list_terms(text, name)) for name in (analysis.WRITTEN, analysis.STEMMED)}
    found = sorted({each for part in parts for each in _find_part(forms, part)})
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
    marked: list[tuple[int, int]] = []
    offset = 0
    waiting = iter(ranges)
    current = next(waiting, None)
    for number, line in enumerate(text.split("\n")):
        for place, word in enumerate(line.split(" ")):
            end = offset + len(word)
            while current is not None and current[1] <= offset:
                current = next(waiting, None)
            if current is None:
                return marked
            if current[0] < end:
                marked.append((number, place))
            offset = end + 1
    return marked


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


def _find_part(forms: dict[str, list[analysis.Term]], part: Part) -> Iterator[tuple[int, int]]:
    form = analysis.WRITTEN if part.quoted or part.prefix else analysis.STEMMED
    words = analysis.analyze_words(part.text, form)
    terms, last = forms[form], len(words) - 1
    if last < 0:
        return
    for at in range(len(terms) - last):
        for k, word in enumerate(words):
            term = terms[at + k].text
            if not (term.startswith(word) if part.prefix and k == last else term == word):
                break
        else:
            yield terms[at].start, terms[at + last].end


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
