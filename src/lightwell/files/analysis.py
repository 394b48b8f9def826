"""How text becomes search terms, the same way for pages and for what people type.

Letters and digits in a row are one term, small and without accents; each Chinese, Japanese,
Korean or Thai character is a term of its own, since those scripts put no spaces between words.
A term has two forms: as written, for phrases and beginnings of words, and its English stem, for plain words.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

import tantivy

STEMMED = "page_stemmed"
WRITTEN = "page_written"
# Longer runs are digests and encoded data, which nobody searches for and which would fill the index.
MAX_TERM = 80

_UNSPACED = r"\p{Han}\p{Hiragana}\p{Katakana}\p{Hangul}\p{Thai}"
_PATTERN = rf"[{_UNSPACED}]|[\p{{L}}\p{{N}}&&[^{_UNSPACED}]][\p{{L}}\p{{N}}\p{{M}}&&[^{_UNSPACED}]]*"
WORD = re.compile(r"\S+")
# Accents of Latin, Greek and Cyrillic; points of Hebrew; vowel signs of Arabic.
_MARKS = "\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
_LOOSE_MARKS = re.compile(f"[{_MARKS}]")
_CLUSTER = re.compile(f"[^{_MARKS}]?[{_MARKS}]*", re.DOTALL)


class Term(NamedTuple):
    """One term of a text, and where it stands, counted in characters."""

    text: str
    start: int
    end: int


def build_analyzers() -> dict[str, tantivy.TextAnalyzer]:
    """Build both analyzers; an index must know them by name before it is read or written."""
    return {WRITTEN: _build(stemmed=False), STEMMED: _build(stemmed=True)}


def list_terms(text: str, analyzer: str, start: int = 0) -> Iterator[Term]:
    """List the terms of a text in order, in the analyzer's form; both forms stand at the same places.

    `start` is the beginning of a word from which to list.
    """
    # A term never crosses white space, so that words repeat and their analysis can be remembered:
    # ten times faster than analysing a page whole.
    for word in WORD.finditer(text, start):
        offset = word.start()
        for term, first, last in analyze_word(word.group(), analyzer):
            yield Term(term, offset + first, offset + last)


def analyze_words(text: str, analyzer: str) -> list[str]:
    """List only the terms."""
    return [term.text for term in list_terms(text, analyzer)]


def find_core(term: str, analyzer: str) -> str:
    """Find letters that every word in ASCII with this term holds, once it is written small.

    A stem is the beginning of its words but for its last two letters (dying: die, skies: sky).
    """
    return term if analyzer == WRITTEN else term[: max(1, len(term) - 2)]


def replace_surrogates(text: str) -> str:
    """Put a question mark for each half of a character, which JSON can carry and UTF-8 cannot."""
    return text.encode("utf-8", "replace").decode("utf-8")


def fold_marks(text: str) -> str:
    """Write letters and their marks as one and leave out the marks that nobody types.

    A PDF may draw an accent as a sign of its own, and Arabic and Hebrew with vowels that a search leaves out.
    Marks that are letters of their script (Devanagari, Thai) stay (Unicode Standard Annex 15).
    """
    clean = replace_surrogates(text)
    return clean if clean.isascii() else _LOOSE_MARKS.sub("", unicodedata.normalize("NFC", clean))


@functools.lru_cache(maxsize=50_000)
def analyze_word(word: str, analyzer: str) -> tuple[tuple[str, int, int], ...]:
    """List the terms of one word, something without white space, and their places in it."""
    folded = fold_marks(word)
    tokens = _ANALYZERS[analyzer].pre_tokenize(folded).tokens
    found = [(token.text, token.char_offset_from, token.char_offset_to) for token in tokens]
    if len(folded) == len(word):
        return tuple(found)
    starts, ends = _map_places(word, folded)
    return tuple((term, starts[first], ends[last - 1]) for term, first, last in found)


def _map_places(word: str, folded: str) -> tuple[list[int], list[int]]:
    """Say for each character of a folded word where that which became it begins and ends."""
    starts, ends, kept = [], [], ""
    for cluster in _CLUSTER.finditer(word):
        part = fold_marks(cluster.group())
        kept += part
        starts += [cluster.start()] * len(part)
        ends += [cluster.end()] * len(part)
    if kept != folded:  # letters that only join with the next ones, as Korean ones do: the whole word it is
        return [0] * len(folded), [len(word)] * len(folded)
    return starts, ends


def _build(*, stemmed: bool) -> tantivy.TextAnalyzer:
    builder = (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.regex(_PATTERN))
        .filter(tantivy.Filter.remove_long(MAX_TERM))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
    )
    return (builder.filter(tantivy.Filter.stemmer("english")) if stemmed else builder).build()


_ANALYZERS = build_analyzers()
