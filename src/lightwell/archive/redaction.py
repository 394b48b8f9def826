"""What a page with hidden regions shows: which lines and patches stay shut, what is set anew, in which order.

A region hides words, or a part of the picture, for a ground. Where the width of what is hidden would tell
a name (`hides_width`), everything in the bands of its paragraph is set anew: then nothing of the page
depends on the hidden words but that there are some (the measured leak of a plain box: 6.4 of 11 bits). For
other grounds a box covers the words and the line keeps its look.

Pixels: `files/redrawing`. What a verifier asks of the finished page: `archive/redacted_page`.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lightwell.archive import page
from lightwell.base import errors

Box = tuple[int, int, int, int]
Place = tuple[int, int]  # line and word, from 0

# The ground of words that the file holds where its picture shows nothing: no person decides about those.
NOT_SHOWN = "text-not-shown"
# A drawn box hides a word when it covers at least this share of the word's box, or of some letters of a long
# one: a name in an address is hidden by hiding the address, never by a box over its picture alone.
_COVERED_SHARE, _LETTERS_HEIGHTS = 0.25, 2
# In heights of a band: a larger blank between two lines parts paragraphs, and one so much larger than usual.
_PARAGRAPH_GAP, _LARGER_GAP = 0.8, 0.25
# In heights of a word: a band that is higher may be shared by several lines.
_TALL_BAND = 2
_INDENT_PIXELS = 7
_EDGE_PIXELS = 4
# So many lines with one left edge are set flush left; in centred ones an edge depends on the words.
_FLUSH_LINES = 3
# So many letters show by the form of their box how a word stands.
_TELLING_LETTERS = 4
# A paragraph runs on when most of its lines reach this share of its width; others are rows or a list.
_FULL_LINE = 0.85
_FULL_LINES = 0.6


@dataclass(frozen=True, slots=True)
class Region:
    """What is hidden on one page for one ground: words by their places, boxes in pixels of the page.

    `decided_by` is a role, `review` the day on which it is looked at again.
    """

    ground: str
    decided_by: str
    review: datetime.date
    hides_width: bool
    words: tuple[Place, ...] = ()
    boxes: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """One hidden region as the page shows it: its ground, and its box where the line keeps its look."""

    ground: str
    decided_by: str
    review: datetime.date
    box: Box | None = None


Token = page.Word | Gap


@dataclass(frozen=True, slots=True)
class Sealed:
    """A line that opens against the seal."""

    line: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Words and gaps set anew, one after the other, in the inset of this number."""

    inset: int
    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """Words at their own places, which a box stands among; not checked against the seal either."""

    tokens: tuple[Token, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """How a page is shown: hidden lines and patches, insets as (top, bottom) rows, passages in reading order.

    `painted` are the boxes that cover something where the picture keeps its look.
    """

    hidden_lines: frozenset[int]
    hidden_patches: frozenset[int]
    insets: tuple[tuple[int, int], ...]
    painted: tuple[Box, ...]
    passages: tuple[Sealed | Flow | Kept, ...]

    @property
    def gaps(self) -> list[Gap]:
        """List the hidden regions in reading order."""
        tokens = [t for each in self.passages if not isinstance(each, Sealed) for t in each.tokens]
        return [token for token in tokens if isinstance(token, Gap)]


def plan_page(parts: page.Parts, regions: Sequence[Region]) -> Plan:
    """Plan a page, with no region as one whose lines and patches are all open.

    Raises `UserMistake` naming every region that lies off the page or names a word that is not there.
    """
    check_regions(parts, regions)
    hidden = _find_hidden(parts, regions)
    layout = _Layout(parts)
    covered = layout.cover_paragraphs({line for (line, _), region in hidden.items() if region.hides_width})
    insets = list_runs(parts.head, covered)
    flowing = {k for k, bands in enumerate(layout.bands) if covered.intersection(bands)}
    plain = {line for line, _ in hidden} - flowing
    # A line that stands on its side reaches out of the inset in which its words are set anew.
    painted = [
        _cover_word(parts, parts.lines[line][word].box, layout.on_side[line])
        for line, word in hidden
        if not covered.issuperset(layout.bands[line]) or line in plain
    ]
    drawn = [(box, region) for region in regions for box in region.boxes]
    painted += [box for box, _ in drawn]
    patches = {band * page.COLUMNS + k for band in covered for k in range(page.COLUMNS)}
    for box in [*painted, *(word.box for line in plain for word in parts.lines[line])]:
        patches |= _cover_box(parts.head, box)
    passages = [*_list_passages(layout, hidden, covered, flowing, insets)]
    for box, region in drawn:
        # A box over words stands among them already; one over a picture alone stands at the end.
        if any(True for _ in _list_covered(parts, box)):
            continue
        bands = [k for k, (top, bottom) in enumerate(parts.head.bands) if box[1] < bottom and box[3] > top]
        gap = Gap(region.ground, region.decided_by, region.review, box)
        if bands and covered.issuperset(bands):
            # Its picture is gone with the inset; a label of its own size would lie over the words there.
            top = parts.head.bands[bands[0]][0]
            inset = next(n for n, run in enumerate(insets) if run[0] <= top < run[1])
            passages.append(Flow(inset, (dataclasses.replace(gap, box=None),)))
        else:
            passages.append(Kept((gap,)))
    return Plan(
        frozenset(flowing | plain), frozenset(patches), tuple(insets), tuple(painted), tuple(passages)
    )


def list_runs(head: page.Head, bands: Collection[int]) -> list[tuple[int, int]]:
    """Join neighbouring bands into runs of rows (top, bottom), the blank rows between them included."""
    runs: list[tuple[int, int]] = []
    before = -2
    for band in sorted(bands):
        top, bottom = head.bands[band]
        if band == before + 1:
            runs[-1] = runs[-1][0], bottom
        else:
            runs.append((top, bottom))
        before = band
    return runs


def check_regions(parts: page.Parts, regions: Sequence[Region]) -> None:
    """Refuse regions that leave the page, hide nothing or name a word that is not there: `UserMistake`."""
    head, problems = parts.head, []
    for number, region in enumerate(regions, 1):
        place = f"page {head.number}, region {number}"
        for line, word in region.words:
            if not (0 <= line < len(parts.lines) and 0 <= word < len(parts.lines[line])):
                problems.append(errors.Problem(place, f"there is no word {word + 1} in line {line + 1}"))
        for left, top, right, bottom in region.boxes:
            if not (0 <= left < right <= head.width and 0 <= top < bottom <= head.height):
                problems.append(
                    errors.Problem(
                        place,
                        f"the box {left},{top},{right},{bottom} is empty or leaves the page, which measures "
                        f"{head.width} by {head.height} pixels",
                    )
                )
            elif not _cover_box(head, (left, top, right, bottom)) and not any(
                True for _ in _list_covered(parts, (left, top, right, bottom))
            ):
                # A region that leaves everything open is refused by every verifier.
                problems.append(
                    errors.Problem(
                        place, f"the box {left},{top},{right},{bottom} hides nothing: all is white"
                    )
                )
        if not region.words and not region.boxes:
            problems.append(errors.Problem(place, "it hides nothing"))
    if problems:
        raise errors.UserMistake(problems=problems)


def _find_hidden(parts: page.Parts, regions: Sequence[Region]) -> dict[Place, Region]:
    """Find the hidden words; where regions overlap, the one that hides the width wins, then the first."""
    hidden: dict[Place, Region] = {}
    for region in sorted(regions, key=lambda region: not region.hides_width):
        for box in [*region.boxes, *(parts.lines[line][word].box for line, word in region.words)]:
            for place in _list_covered(parts, box):
                hidden.setdefault(place, region)
        for place in region.words:
            hidden.setdefault(place, region)
    return hidden


def _list_covered(parts: page.Parts, box: Box) -> Iterator[Place]:
    for k, line in enumerate(parts.lines):
        for n, word in enumerate(line):
            left, top, right, bottom = word.box
            across = min(right, box[2]) - max(left, box[0])
            down = min(bottom, box[3]) - max(top, box[1])
            letters = min(right - left, _LETTERS_HEIGHTS * (bottom - top))
            area = max(letters * (bottom - top), 1)
            if across > 0 and down > 0 and min(across, letters) * down >= _COVERED_SHARE * area:
                yield k, n


def _cover_box(head: page.Head, box: Box) -> set[int]:
    return {
        k
        for k, (left, top, right, bottom) in enumerate(page.list_patch_boxes(head))
        if box[0] - 3 < right and box[2] + 3 > left and box[1] < bottom and box[3] > top
    }


class _Layout:
    """Bands and paragraphs of a page.

    Of lines only their left edges and bands are asked, because where one ends depends on the words in it.
    When in doubt two paragraphs are one, which hides more and tells less.
    """

    def __init__(self, parts: page.Parts) -> None:
        self.parts = parts
        # The bands that each line touches, from the top.
        self.bands = [
            [
                band
                for band, (top, bottom) in enumerate(parts.head.bands)
                if any(word.box[1] < bottom and word.box[3] > top for word in line)
            ]
            for line in parts.lines
        ]
        blanks = [below[0] - above[1] for above, below in itertools.pairwise(parts.head.bands)]
        self.usual_gap = sorted(blanks)[len(blanks) // 2] if blanks else 0
        self.on_side = list_on_side(parts.lines)
        # There the left edge is where a line ends.
        self.right_to_left = _is_right_to_left(parts.lines)
        self.lefts = [min((word.box[0] for word in line), default=0) for line in parts.lines]
        starts = [k for k in range(len(parts.lines)) if not k or self._begins(k)]
        self.paragraphs = [
            range(start, end) for start, end in itertools.pairwise([*starts, len(parts.lines)])
        ]

    def cover_paragraphs(self, lines: Collection[int]) -> set[int]:
        """List the bands of every paragraph in which one of the lines stands."""
        found = [each for each in self.paragraphs if any(line in each for line in lines)]
        return {band for each in found for line in each for band in self.bands[line]}

    def _begins(self, k: int) -> bool:
        above, below = self.bands[k - 1], self.bands[k]
        if self.on_side[k - 1] and self.on_side[k]:
            # They stand side by side, and neither rows nor left edges part them.
            return False
        if not above or not below:
            return True
        if below[0] == above[0] - 1:
            # The page stands on its head: the next line is the one above, and its left edge is its end.
            return self._is_parted(below[0], above[0])
        if self._is_parted(above[-1], below[0]):
            return True
        if self.right_to_left:
            return False
        # A first line is set in; a hanging one is followed by others that are set in as well.
        lefts = self.lefts
        set_in = lefts[k] > lefts[k - 1] + _INDENT_PIXELS
        if not set_in or k + 1 == len(lefts) or abs(lefts[k + 1] - lefts[k - 1]) > _EDGE_PIXELS:
            return False
        return sum(abs(left - lefts[k - 1]) <= _EDGE_PIXELS for left in lefts) >= _FLUSH_LINES

    def _is_parted(self, above: int, below: int) -> bool:
        if below == above:
            return False
        if below != above + 1:
            return True
        (top, end), (start, bottom) = self.parts.head.bands[above], self.parts.head.bands[below]
        height, gap = min(end - top, bottom - start), start - end
        return gap > min(_PARAGRAPH_GAP * height, self.usual_gap + _LARGER_GAP * height)


def list_on_side(lines: Sequence[page.Line]) -> list[bool]:
    """Say of each line whether its words stand on their side as a reader sees the page.

    A word of four letters or more is wider than it is high when it is upright, whatever the letters. A line
    of shorter words stands as most of the page does.
    """
    counts = []
    for line in lines:
        long = [word.box for word in line if len(word.text) >= _TELLING_LETTERS]
        counts.append((sum(box[3] - box[1] > box[2] - box[0] for box in long), len(long)))
    whole = 2 * sum(tall for tall, _ in counts) > sum(count for _, count in counts)
    return [2 * tall > count if count else whole for tall, count in counts]


def _is_right_to_left(lines: Sequence[page.Line]) -> bool:
    """Answer whether a fifth of the words begin with a letter of a script that runs from right to left."""
    first = [unicodedata.bidirectional(word.text[0]) for line in lines for word in line if word.text]
    return 5 * sum(kind in ("R", "AL") for kind in first) >= max(len(first), 1)


def _list_passages(
    layout: _Layout,
    hidden: dict[Place, Region],
    covered: Collection[int],
    flowing: Collection[int],
    insets: Sequence[tuple[int, int]],
) -> Iterator[Sealed | Flow | Kept]:
    parts, done = layout.parts, set[int]()
    running = _list_running(layout, flowing, hidden)
    for k, line in enumerate(parts.lines):
        if k in done:
            continue
        if k in flowing:
            joined = running.get(k, [k])
            done.update(joined)
            tokens = _join_gaps(_list_tokens(layout, joined, hidden, False))
            top = parts.head.bands[next(band for band in layout.bands[k] if band in covered)][0]
            inset = next(n for n, run in enumerate(insets) if run[0] <= top < run[1])
            yield Flow(inset, tuple(tokens))
        elif any((k, n) in hidden for n in range(len(line))):
            yield Kept(tuple(_join_gaps(_list_tokens(layout, [k], hidden, True))))
        else:
            yield Sealed(k)


def _list_running(
    layout: _Layout, flowing: Collection[int], hidden: dict[Place, Region]
) -> dict[int, list[int]]:
    """List, by the first, the lines that run on into one another, so that no line break tells a width."""
    running, every = {}, layout.parts.lines
    for paragraph in layout.paragraphs:
        lines = [k for k in paragraph if k in flowing]
        # Lines without a hidden word show whether it is running text, or rows and a list.
        whole = [k for k in lines[:-1] if not any((k, n) in hidden for n in range(len(every[k])))]
        rights = [max((word.box[2] for word in every[k]), default=0) for k in whole]
        left = min((layout.lefts[k] for k in whole), default=0)
        width = max(rights, default=0) - left
        full = [right for right in rights if right - left >= _FULL_LINE * width]
        # Of lines on their side no edge says whether they are full.
        on_side = any(layout.on_side[k] for k in lines)
        if lines and (on_side or len(full) >= _FULL_LINES * len(rights)):
            order = order_on_side([every[k] for k in lines]) if on_side else range(len(lines))
            running[lines[0]] = [lines[k] for k in order]
    return running


def order_on_side(lines: Sequence[page.Line]) -> Sequence[int]:
    """Order lines on their side as they are read, by number: PDFium lists some pages from the last line.

    Words that run up the page stand in lines from left to right, others in lines from right to left.
    """
    up = sum(line[0].box[1] - line[-1].box[1] for line in lines if line)
    lefts = [line[0].box[0] for line in lines if line]
    rightwards = sum((b > a) - (b < a) for a, b in itertools.pairwise(lefts))
    return range(len(lines))[::-1] if up * rightwards < 0 else range(len(lines))


def _list_tokens(
    layout: _Layout, lines: Sequence[int], hidden: dict[Place, Region], placed: bool
) -> Iterator[Token]:
    for k in lines:
        for n, word in enumerate(layout.parts.lines[k]):
            region = hidden.get((k, n))
            if region is None:
                yield word
            else:
                yield Gap(
                    region.ground,
                    region.decided_by,
                    region.review,
                    _cover_word(layout.parts, word.box, layout.on_side[k]) if placed else None,
                )


def _cover_word(parts: page.Parts, box: Box, on_side: bool) -> Box:
    """Widen the box of a word to its bands: what is painted is as high as the font, whatever the letters.

    A band that words on their side share reaches over all of them, so there only the word is covered; of one
    that lines askew share only what no word above or below takes.
    """
    if on_side:
        left, top, right, bottom = box
        return (
            max(left - 2, 0),
            max(top - 2, 0),
            min(right + 2, parts.head.width),
            min(bottom + 2, parts.head.height),
        )
    bands = [(top, bottom) for top, bottom in parts.head.bands if box[1] < bottom and box[3] > top]
    top = min((band[0] for band in bands), default=box[1])
    bottom = max((band[1] for band in bands), default=box[3])
    if bottom - top > _TALL_BAND * (box[3] - box[1]):
        beside = [word.box for line in parts.lines for word in line if _is_over(word.box, box)]
        middle = box[1] + box[3]
        above = max((each[3] for each in beside if each[1] + each[3] < middle), default=top)
        below = min((each[1] for each in beside if each[1] + each[3] > middle), default=bottom)
        top, bottom = min(max(top, above), box[1] - 2), max(min(bottom, below), box[3] + 2)
        top, bottom = max(top, 0), min(bottom, parts.head.height)
    return max(box[0] - 2, 0), top, min(box[2] + 2, parts.head.width), bottom


def _is_over(one: Box, other: Box) -> bool:
    """Answer whether boxes share columns and no rows but at their edges, so that one is over the other."""
    shared = min(one[3], other[3]) - max(one[1], other[1])
    across = one[0] < other[2] + 2 and one[2] > other[0] - 2
    return across and 2 * shared < min(one[3] - one[1], other[3] - other[1])


def _join_gaps(tokens: Iterator[Token]) -> list[Token]:
    """Join neighbouring gaps of one ground: how many words a name has is nobody's business."""
    joined: list[Token] = []
    for token in tokens:
        last = joined[-1] if joined else None
        if isinstance(token, Gap) and isinstance(last, Gap) and token.ground == last.ground:
            box = _join_boxes(last.box, token.box)
            joined[-1] = Gap(last.ground, last.decided_by, min(last.review, token.review), box)
        else:
            joined.append(token)
    return joined


def _join_boxes(left: Box | None, right: Box | None) -> Box | None:
    if left is None or right is None:
        return None
    return min(left[0], right[0]), min(left[1], right[1]), max(left[2], right[2]), max(left[3], right[3])
