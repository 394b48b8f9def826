"""Spelling: words of a page cut into parts and folded, so that a name has one key however it is written.

Accents, ligatures, full-width letters, case, invisible characters and the possessive go; what stands between
parts (hyphens, dots, underscores, brackets) only divides them. Each part keeps what a rule may still want to
know: whether it began with a capital, stood in capitals, was followed by a dot or preceded by an @.

Folding follows the compatibility decomposition of Unicode (UAX 15) and drops combining marks and format
characters; letters that have no decomposition are in `_LETTERS`. Look-alikes of other alphabets are not
folded, and text without blanks between words (Chinese, Thai) is one part.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple, TypeVar

KEPT_WORDS = 200_000
HYPHENS = "-\u00ad\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d"

_LETTERS = str.maketrans(
    {
        "ß": "ss",
        "ẞ": "SS",
        "ø": "o",
        "Ø": "O",
        "ł": "l",
        "Ł": "L",
        "đ": "d",
        "Đ": "D",
        "ð": "d",
        "Ð": "D",
        "þ": "th",
        "Þ": "Th",
        "æ": "ae",
        "Æ": "Ae",
        "œ": "oe",
        "Œ": "Oe",
        "ı": "i",
        "ħ": "h",
        "Ħ": "H",
        "ŧ": "t",
        "Ŧ": "T",
        "ŋ": "n",
        "Ŋ": "N",
        "ʼ": "'",
        "’": "'",
        "‘": "'",
        "´": "'",
        "`": "'",
        "\u2032": "'",
        "\uff07": "'",
    }
)
# How German, Danish, Norwegian and Swedish are written where a keyboard lacks the letter.
_DIGRAPHS = str.maketrans(
    {
        "ä": "ae",
        "ö": "oe",
        "ü": "ue",
        "å": "aa",
        "ø": "oe",
        "Ä": "Ae",
        "Ö": "Oe",
        "Ü": "Ue",
        "Å": "Aa",
        "Ø": "Oe",
    }
)
_PART = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
_MARKED = re.compile(r"(\D{2,})\d{1,2}")


Value = TypeVar("Value")


class Memo(dict[str, Value]):
    """What was worked out for a word; emptied when it holds too many, so that memory stays bounded."""

    def __init__(self, work: Callable[[str], Value]) -> None:
        super().__init__()
        self._work = work

    def __missing__(self, word: str) -> Value:
        if len(self) >= KEPT_WORDS:
            self.clear()
        value = self[word] = self._work(word)
        return value


class Part(NamedTuple):
    """One part of a word: its key; the key without the digits of a footnote behind it, or the key again.

    `raw` is the part in its own case, accents and possessive gone. `upper`: begins with a capital; `caps`: in
    capitals; `dotted`: a dot follows; `at`: an @ stands before.
    """

    key: str
    bare: str
    raw: str
    upper: bool
    caps: bool
    dotted: bool
    at: bool


def fold_letters(text: str) -> str:
    """Replace accented, joined, wide and invisible characters by plain ones; case stays."""
    if text.isascii():
        return text.replace("`", "'")
    text = unicodedata.normalize("NFKD", text.translate(_LETTERS)).translate(_LETTERS)
    return "".join(letter for letter in text if unicodedata.category(letter) not in ("Mn", "Me", "Cf"))


def fold(text: str) -> str:
    """Fold a text to what two writings of it have in common: plain small letters, no apostrophes."""
    return fold_letters(text).casefold().replace("'", "")


def spell_out(text: str) -> str:
    """Write ä as ae and its like, as somebody does whose keyboard lacks them.

    The text itself without such.
    """
    return unicodedata.normalize("NFC", text).translate(_DIGRAPHS)


def split_word(word: str) -> tuple[Part, ...]:
    """Cut a word of a page into its parts."""
    plain = fold_letters(word)
    parts = []
    for found in _PART.finditer(plain):
        raw, (start, end) = found[0], found.span()
        if raw[-2:] in ("'s", "'S") and len(raw) > 2:
            raw = raw[:-2]
        key = raw.replace("'", "").casefold()
        marked = _MARKED.fullmatch(key)
        parts.append(
            Part(
                key,
                marked[1] if marked else key,
                raw,
                raw[0].isupper(),
                raw.isupper(),
                plain[end : end + 1] == ".",
                plain[start - 1 : start] == "@",
            )
        )
    return tuple(parts)


def split_keys(text: str) -> tuple[str, ...]:
    """Cut a text into the keys of its parts."""
    return tuple(part.key for word in text.split() for part in split_word(word))
