"""The words of one public page: numbered, found again, marked and quoted.

Words are numbered from 1 in the order of the page's lines, so that a link to words 12 to 18 means the
same to every reader and to the proof. Which pages and words a search means: `actions/search`.
"""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from lightwell.actions import search
from lightwell.archive import page
from lightwell.base import errors
from lightwell.db.models import PublicPage

_RANGE = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a page: its number and its line (from 1), its text, its box in pixels of the page.

    `kind` is that of its line: "sealed", or on a page with hidden parts "reset", set anew and not checked
    against the seal, or "label", which stands in the place of a hidden part; `ground` is why it is hidden.
    """

    number: int
    line: int
    text: str
    box: tuple[int, int, int, int]
    marked: bool = False
    chosen: bool = False
    kind: str = "sealed"
    ground: str = ""

    @property
    def left(self) -> int:
        """Left edge in pixels of the page's picture, as in `Sheet.width`."""
        return self.box[0]

    @property
    def top(self) -> int:
        """Upper edge in pixels from the top of the page's picture."""
        return self.box[1]

    @property
    def width(self) -> int:
        """Width in pixels; positive, because a word without a box is not read."""
        return self.box[2] - self.box[0]

    @property
    def height(self) -> int:
        """Height in pixels of the letters' box, not of the line."""
        return self.box[3] - self.box[1]


@dataclass(frozen=True, slots=True)
class Region:
    """A hidden part of a page: its ground, the role that decided, the day on which it is looked at again."""

    ground: str
    decided_by: str
    review: datetime.date


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page as its lines of numbered words, gathered into paragraphs by the white space between them."""

    number: int
    width: int
    height: int
    lines: tuple[tuple[Word, ...], ...]
    regions: tuple[Region, ...] = ()

    @property
    def words(self) -> list[Word]:
        """Every word in reading order; a word's number in links counts from 1 in this order."""
        return [word for line in self.lines for word in line]

    @property
    def paragraphs(self) -> list[list[tuple[Word, ...]]]:
        """Lines together as long as the gap above a line is less than its height."""
        gathered: list[list[tuple[Word, ...]]] = []
        bottom = None
        for line in self.lines:
            top, low = min(word.box[1] for word in line), max(word.box[3] for word in line)
            if bottom is None or top - bottom > (low - top) * 0.8 or low < bottom - (low - top):
                gathered.append([])
            gathered[-1].append(line)
            bottom = low
        return gathered


def read_sheet(row: PublicPage, query: str = "", chosen: tuple[int, int] | None = None) -> Sheet:
    """Read a public page with the words of `query` marked and the words from first to last chosen."""
    head = page.decode_head(bytes(row.head))
    lines = [page.decode_line(line) for line in json.loads(bytes(row.lines)) if line]
    marked = set(search.mark_words(row.text, query)) if query.strip() else set()
    first, last = chosen or (0, -1)
    kinds = row.hidden["kinds"] if row.hidden else ["sealed"] * len(lines)
    regions = [
        Region(ground, role, datetime.date.fromisoformat(review))
        for ground, role, review, _ in (row.hidden["regions"] if row.hidden else ())
    ]
    grounds = iter([region.ground for region in regions])
    numbered, number = [], 0
    for place, line in enumerate(lines):
        words = []
        ground = next(grounds) if kinds[place] == "label" else ""
        for at, word in enumerate(line):
            number += 1
            mark = (place, at) in marked
            here = first <= number <= last
            words.append(Word(number, place + 1, word.text, word.box, mark, here, kinds[place], ground))
        numbered.append(tuple(words))
    return Sheet(row.number, head.width, head.height, tuple(numbered), tuple(regions))


def parse_range(text: str, count: int) -> tuple[int, int] | None:
    """Read "12-18", "w12-18" or "12" as first and last word; None for anything not on the page."""
    found = _RANGE.fullmatch(text.strip().removeprefix("w"))
    if not found:
        return None
    first = int(found[1])
    last = int(found[2] or first)
    return (first, last) if first <= last <= count else None


def find_passage(texts: Sequence[str], passage: str) -> tuple[int, int] | None:
    """Find a pasted passage on the page, whatever its spaces, case and punctuation; first and last word."""
    wanted = [folded for part in passage.split() if (folded := fold_word(part))]
    kept = [(k + 1, folded) for k, text in enumerate(texts) if (folded := fold_word(text))]
    for at in range(len(kept) - len(wanted) + 1 if wanted else 0):
        if all(kept[at + k][1] == word for k, word in enumerate(wanted)):
            return kept[at][0], kept[at + len(wanted) - 1][0]
    return None


def fold_word(text: str) -> str:
    """Reduce a word to letters and digits in lower case, accents kept: punctuation does not matter."""
    composed = unicodedata.normalize("NFKC", text).casefold()
    return "".join(character for character in composed if character.isalnum())


def join_words(sheet: Sheet, first: int, last: int) -> str:
    """Return the words from first to last as one line of text."""
    return " ".join(word.text for word in sheet.words if first <= word.number <= last)


def parse_pages(text: str, open_pages: Collection[int], most: int) -> list[int]:
    """Read "1-3, 7" as page numbers in order; `UserMistake` names what is not open or not a number."""
    numbers: list[int] = []
    problems = []
    for part in filter(None, (piece.strip() for piece in text[:2000].split(","))):
        found = _RANGE.fullmatch(part.replace("\u2013", "-").replace(" ", ""))
        if not found or int(found[2] or found[1]) < int(found[1]):
            problems.append(errors.Problem(part[:40], "write page numbers such as 1-3, 7"))
            continue
        first, last = int(found[1]), int(found[2] or found[1])
        if last - first >= most:
            problems.append(errors.Problem(part, f"at most {most} pages fit into one download"))
            continue
        for number in range(first, last + 1):
            if number not in open_pages:
                problems.append(errors.Problem(f"page {number}", "this page is not published"))
            elif number not in numbers:
                numbers.append(number)
    if not numbers and not problems:
        problems.append(errors.Problem("pages", "choose at least one page"))
    if len(numbers) > most:
        problems.append(errors.Problem("pages", f"at most {most} pages fit into one download"))
    if problems:
        raise errors.UserMistake(problems=problems[:10])
    return numbers
