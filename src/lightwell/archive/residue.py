"""Residue: which hidden words, or telling pieces of them, can still be read in what an extractor says.

What is read is held against what was *decided* to be visible, never against the file itself:

- On a page, words are counted. A word that stands there twice by right may be read twice; the third is a
  survivor. So a hidden "Field" is no alarm where "field" is visible, and no list of common words is needed.
  What an engine joins or divides is explained by visible words that it did not find (`list_unexplained`).
- In every other exit a word is explained when it is visible somewhere in the document, stands in the exit's
  own frame (a site's header, a PDF's keywords) or is a common word; hidden words in their order are a
  survivor even so. An ordinary word ("dotted") is no piece of a hidden one unless it stands in it whole.
- A hidden value that is visible by decision elsewhere ("on a second page") is a survivor when it is a name of
  several words, an id or an uncommon capitalised word, until a person names it as `kept`.

A *telling piece* is a run of letters in a word that nothing explains: of a region that hides its width 4, or
half of a shorter word; of other regions half, but at least 4; of an id half. Of a mail address it lies within
one part (a name before the "@", a domain that is no common provider's), never across its marks. Who reads:
`files/residue`.
"""

from __future__ import annotations

import html
import re
import unicodedata
import urllib.parse
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher

from lightwell.archive import page

Box = tuple[int, int, int, int]
Found = tuple[str, str, bool]
"""The hidden value, what was found of it, and whether that is a whole word."""

_PIECE, _PIECE_OF_ID, _LEAST_PIECE = 4, 3, 2
# In streams that no engine calls text, shorter words occur by chance among pixels.
_RAW_LETTERS = 5
_LEAST_JOINED = 4
# A value of more words is prose, not a name; of prose, so many words in a row are looked for.
_NAME_WORDS, _PROSE_WORDS = 4, 4
_LONGEST_WORD = 24
_ALIKE = 0.6

_TAG = re.compile(r"<[^<>]{0,2000}>")
_ESCAPE = re.compile(r"\\u([0-9a-fA-F]{4})")
_CAMEL = re.compile(r"(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
_PIECES = re.compile(r"[^\W_]+")
_WORD_LIKE = re.compile(r"[^\W\d_]?[^\W\dA-Z_]*|[A-Z]+|\d+")
_ADDRESS = re.compile(r"([\w.+'-]+)@([\w.-]*)")
# A part of an address that tells by itself; shorter ones tell together with the rest.
_LEAST_PART, _LEAST_LOCAL = 4, 3
# Domains that many share; example: RFC 2606, section 3.
_PROVIDERS = {
    *("aol", "email", "example", "fastmail", "gmail", "gmx", "googlemail", "hotmail", "icloud", "mail"),
    *("outlook", "posteo", "proton", "protonmail", "tutanota", "yahoo", "yandex", "ymail", "zoho"),
}
_MARKS = ".,;:!?()[]{}\"'’‘“”"


@dataclass(frozen=True, slots=True)
class Hidden:
    """One hidden region: its words in order, and every box, in pixels of the published picture, to look at.

    Boxes are where the words stood and where the page now shows that something is hidden. `turned`: words of
    the sealed page lie upside down, so that its picture is read both ways.
    """

    page: int
    words: tuple[str, ...] = field(repr=False)
    boxes: tuple[Box, ...] = ()
    hides_width: bool = True
    turned: bool = False


@dataclass(frozen=True, slots=True)
class _Value:
    text: str
    key: str
    hides_width: bool
    whole: bool = False
    """Whether only all of it tells: an address, whose parts are values of their own."""

    @property
    def piece(self) -> int:
        """Count the letters in a row that tell it."""
        if self.whole:
            return len(self.key)
        half = (len(self.key) + 1) // 2
        if any(letter.isdigit() for letter in self.key):
            return min(len(self.key), max(half, _PIECE_OF_ID))
        if self.hides_width:
            return max(_LEAST_PIECE, min(_PIECE, half))
        return min(len(self.key), max(_PIECE, half))


class Decision:
    """What was hidden and what is visible, prepared once for all exits.

    `pages` are the visible words of every page in reading order, labels included, each with its box in the
    published picture. `roster` are names and ids that are hidden wherever they stand; `kept` are values that
    a person decided to leave visible; `common` are words that alone tell nothing, `ordinary` ones that are no
    name of anybody.
    """

    def __init__(
        self,
        hidden: Sequence[Hidden],
        pages: Sequence[Sequence[page.Word]],
        *,
        roster: Iterable[str] = (),
        kept: Iterable[str] = (),
        common: Collection[str] = (),
        ordinary: Collection[str] = (),
    ) -> None:
        kept = list(kept)
        left_visible = {fold(text) for text in kept}
        groups = [(each.words, each.hides_width) for each in hidden]
        groups += [(tuple(form.split()), True) for form in roster]
        words: dict[str, _Value] = {}
        names: dict[tuple[str, ...], str] = {}
        # Of addresses the names between their marks, one after the other: short ones tell only so.
        self.addresses: list[tuple[str, str]] = []
        for texts, hides_width in groups:
            keyed = [(text, key) for text in texts if (key := fold(text))]
            for text, key in keyed:
                if len(key) > 1:
                    words.setdefault(key, _Value(text, key, hides_width, whole=bool(_ADDRESS.search(text))))
                for address in _ADDRESS.finditer(text):
                    for written in (address[0], address[1]):
                        divided = [fold(piece) for piece in _PIECES.findall(written)]
                        if len(divided) > 1:
                            self.addresses.append((text, f" {' '.join(divided)} "))
                for part, alone in _list_parts(text, common):
                    words.setdefault(part, _Value(text, part, hides_width, alone))
            # What a person left visible may stand elsewhere; where it is hidden it must be gone all the same.
            whole = "".join(key for _, key in keyed)
            if whole and whole not in left_visible:
                names.setdefault(tuple(key for _, key in keyed), " ".join(texts))
        self.pages, self.common, self.ordinary = pages, common, ordinary
        self.words, self.names = list(words.values()), names
        self.visible: set[str] = left_visible | {piece for text in kept for piece in list_pieces(text)}
        for word in {word.text for sheet in pages for word in sheet}:
            self.visible.add(fold(word))
            self.visible.update(list_pieces(word))

    def list_visible(self, number: int) -> Sequence[page.Word]:
        """List the visible words of a page (from 1); one that nobody decided about shows nothing by right."""
        return self.pages[number - 1] if 1 <= number <= len(self.pages) else ()


def fold(text: str) -> str:
    """Reduce a word to letters and digits, without case, accents, ligatures and marks that nobody sees."""
    if text.isascii():
        return "".join(filter(str.isalnum, text)).lower()
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def list_pieces(text: str) -> list[str]:
    """List the words of a text and the parts of WordsWrittenLikeThis, folded."""
    return [fold(piece) for word in _PIECES.findall(text) for piece in {word, *_CAMEL.split(word)}]


def judge_page(decision: Decision, number: int, text: str) -> Iterator[Found]:
    """Judge what an extractor reads on a page (from 1)."""
    visible = [word.text for word in decision.list_visible(number)]
    yield from _match(decision.words, list_unexplained(text.split(), visible))


def judge_crop(decision: Decision, number: int, box: Box, text: str) -> Iterator[Found]:
    """Judge what was read in a part of a page's picture, where letters may be misread or cut by its edge."""
    near = [word.text for word in decision.list_visible(number) if _touches(word.box, box)]
    keys = [fold(word) for word in near]
    left = [
        key
        for key in list_unexplained(text.split(), near)
        if not _is_alike(key, keys, [value.key for value in decision.words])
    ]
    yield from _match(decision.words, left, _PIECE)


def judge_text(decision: Decision, text: str, frame: str = "") -> Iterator[Found]:
    """Judge an exit that is no page; `frame` is what stands there whatever the document."""
    for left in _list_left(decision, text, frame):
        yield from _match_loose(decision, left)
    framed = f" {' '.join(list_pieces(frame))} "
    for variant in dict.fromkeys(_list_variants(text)):
        sequence = f" {' '.join(map(fold, _PIECES.findall(variant)))} "
        for name, shown in decision.names.items():
            found = _find_sequence(name, sequence)
            if found and f" {found} " not in framed:
                yield shown, found, True
        for shown, address in decision.addresses:
            if address in sequence and address not in framed:
                yield shown, address.strip(), True


def judge_bytes(decision: Decision, runs: str, frame: str = "") -> Iterator[Found]:
    """Judge what looks like words where no engine finds text: whole words of 5 letters, or 4 alone."""
    # Megabytes of pixels: what is explained, and why, is asked of the few lines that hold a hidden word.
    alike = unicodedata.normalize("NFKD", runs).casefold() if not runs.isascii() else runs.lower()
    for value in decision.words:
        if value.whole and value.text.casefold().strip(_MARKS) in alike:
            yield value.text, value.key, True
    wanted = [value.key for value in decision.words if value.key in alike]
    if not wanted:
        return
    lines = [run for run in alike.split("\n") if any(key in run for key in wanted)]
    for left in _list_left(decision, "\n".join(lines), frame, plain=True):
        known = {key for _, key in left}
        joined = "\n".join(known)
        for value in decision.words:
            long = len(value.key) >= _RAW_LETTERS and value.key in joined
            if long or (len(value.key) == _RAW_LETTERS - 1 and value.key in known):
                yield value.text, value.key, True


def find_decided(decision: Decision) -> Iterator[tuple[int, str, str]]:
    """Find hidden values that are visible by decision elsewhere: a name hidden once tells everywhere.

    Yields page (from 1), the hidden value and its key.
    """
    for number, sheet in enumerate(decision.pages, 1):
        keys = [fold(word.text) for word in sheet]
        sequence = f" {' '.join(keys)} "
        written = {word.text.strip(_MARKS) for word in sheet}
        # Letters set apart, or one below the other, are words of one letter to every engine.
        spaced = "\n".join(each for each in _join_letters(keys) if len(each) > _LEAST_JOINED)
        for name, text in decision.names.items():
            if 1 < len(name) <= _NAME_WORDS:
                seen = f" {' '.join(name)} " in sequence and not set(name) <= set(decision.common)
            else:
                alone = text.strip(_MARKS)
                seen = len(name) == 1 and alone in written and _is_telling(alone, decision.common)
            whole = "".join(name)
            if spaced and len(name) <= _NAME_WORDS and len(whole) > _LEAST_JOINED and whole in spaced:
                seen = True
            if seen:
                yield number, text, " ".join(name)


def list_unexplained(words: Sequence[str], visible: Sequence[str]) -> list[str]:
    """List the folded words that visible ones do not explain, in order.

    Each visible word explains one reading. What an engine joined or divided is explained when it runs through
    visible words that were not found otherwise, each stretch of them once.
    """
    allowed = Counter(fold(word) for word in visible)
    left = []
    for key in map(fold, words):
        if key and allowed[key] > 0:
            allowed[key] -= 1
        elif key:
            left.append(key)
    missed = []
    for key in map(fold, visible) if left else ():
        if allowed[key] > 0:
            allowed[key] -= 1
            missed.append(key)
    stretch, kept = "".join(missed), []
    for key in left:
        if key in stretch:
            stretch = stretch.replace(key, "\n", 1)
        else:
            kept.append(key)
    return kept


def _match(values: Sequence[_Value], left: Sequence[str], shortest: int = 0) -> Iterator[Found]:
    """Match hidden words with words that nothing explains."""
    if not left:
        return
    known, joined = set(left) | _join_letters(left), "".join(left)
    backwards = joined[::-1]
    for value in values:
        key = value.key
        if key in known or (len(key) >= _LEAST_JOINED and (key in joined or key in backwards)):
            yield value.text, key, True
        elif piece := _find_piece(value, known, shortest):
            yield value.text, piece, False


def _list_parts(text: str, common: Collection[str]) -> Iterator[tuple[str, bool]]:
    """List what tells of a mail address by itself, folded, and whether only all of it does."""
    for address in _ADDRESS.finditer(text):
        names, domain = _PIECES.findall(address[1]), address[2].strip(".").split(".")
        if len(fold(address[1])) >= _LEAST_LOCAL and fold(address[1]) not in common:
            yield fold(address[1]), len(names) > 1
        for part in map(fold, [*names, *domain[:-1]]):
            if len(part) >= _LEAST_PART and not part.isdigit() and part not in _PROVIDERS | set(common):
                yield part, False


def _find_piece(value: _Value, keys: Iterable[str], shortest: int, ordinary: Collection[str] = ()) -> str:
    if value.whole:
        return ""
    length = max(value.piece, shortest)
    pieces = [value.key[at : at + length] for at in range(len(value.key) - length + 1)]
    for key in keys:
        if key in ordinary and key not in value.key:
            continue
        for piece in pieces:
            # Shorter than that, it tells only where it stands alone or begins what is left of a word.
            if piece in key and (length >= _PIECE or key in value.key or key.startswith(piece)):
                return piece
    return ""


def _join_letters(left: Sequence[str]) -> set[str]:
    """Join letters that stand alone, as s p a c e d words are read."""
    runs, run = set(), ""
    for key in (*left, "--"):
        if len(key) == 1:
            run += key
        else:
            runs.add(run)
            run = ""
    return runs - {""}


def _list_left(
    decision: Decision, text: str, frame: str, *, plain: bool = False
) -> Iterator[list[tuple[str, str]]]:
    """List, for each way to read a text, the words (as written, folded) that nothing explains."""
    explained = decision.visible | set(list_pieces(frame))
    for variant in [text] if plain else dict.fromkeys(_list_variants(text)):
        words = [(word, fold(word)) for word in _PIECES.findall(variant)]
        yield [
            (word, key)
            for word, key in words
            if key not in explained and not explained.issuperset(map(fold, _CAMEL.split(word)))
        ]


def _match_loose(decision: Decision, left: Sequence[tuple[str, str]]) -> Iterator[Found]:
    """Match hidden words with words of running text, where short pieces occur by chance in digests."""
    written, known = {word for word, _ in left}, {key for _, key in left}
    # Base64 and hexadecimal digests are no words; whole values are looked for in them all the same.
    pieces = {piece for word in written for piece in (word, *_CAMEL.split(word))}
    alike = {fold(each) for each in pieces if len(each) <= _LONGEST_WORD and _WORD_LIKE.fullmatch(each)}
    alike -= set(decision.common)
    known |= _join_letters([key for _, key in left])
    for value in decision.words:
        key = value.key
        if key in decision.common:
            if value.text[:1].isupper() and value.text.strip(_MARKS) in written:
                yield value.text, key, True
        elif key in known or (len(key) > _PIECE and any(key in each for each in known)):
            yield value.text, key, True
        elif piece := _find_piece(value, alike, _PIECE, decision.ordinary):
            yield value.text, piece, False


def _find_sequence(name: tuple[str, ...], sequence: str) -> str:
    """Find the words of a name one after the other; of prose, four in a row."""
    if len(name) == 1:
        return ""
    length = len(name) if len(name) <= _NAME_WORDS else _PROSE_WORDS
    for at in range(len(name) - length + 1):
        found = " ".join(name[at : at + length])
        if f" {found} " in sequence:
            return found
    return ""


def _list_variants(text: str) -> Iterator[str]:
    """Write a text as others would read it: entities, escapes and percent signs undone, tags taken out."""
    plain = unicodedata.normalize("NFC", text)
    undone = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), plain)
    undone = html.unescape(urllib.parse.unquote(undone))
    yield plain
    yield undone
    yield _TAG.sub("", undone)
    yield _TAG.sub(" ", undone)


def _is_telling(text: str, common: Collection[str]) -> bool:
    """Answer whether one word alone names somebody: an id, an address, an uncommon capitalised word."""
    key = fold(text)
    if any(letter.isdigit() for letter in key) or "@" in text:
        return len(key) > _PIECE_OF_ID
    return len(key) >= _PIECE and text[:1].isupper() and key not in common


def _touches(box: Box, other: Box) -> bool:
    return box[0] <= other[2] and box[2] >= other[0] and box[1] <= other[3] and box[3] >= other[1]


def _is_alike(key: str, near: Sequence[str], hidden: Sequence[str]) -> bool:
    """Answer whether a reading is closer to a visible word beside it than to any hidden one."""

    def compare(other: str) -> float:
        matcher = SequenceMatcher(None, key, other, autojunk=False)
        # A crop cuts words at its edge, so that what is left of one need not be half of it.
        matched = sum(block.size for block in matcher.get_matching_blocks() if block.size > 1)
        return max(matcher.ratio(), matched / len(key))

    seen = max(map(compare, near), default=0.0)
    return seen >= _ALIKE and seen >= max(map(compare, hidden), default=0.0)
