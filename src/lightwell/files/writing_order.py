"""Words of scripts that are written from right to left, as a drawing pen needs them that knows only one way.

Pages are set anew without a layout engine, because the same words must give the same pixels everywhere
(`files/redrawing`). So the letters of Hebrew and Arabic are put into the order in which they are seen, and
Arabic ones into the shape that their neighbours give them: a small part of the Unicode Bidirectional
Algorithm (UAX 9, rules L2 and L4, for one word) and of Arabic joining (Unicode 16, section 9.2). The words
themselves stay as they are.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Sequence

_FROM_RIGHT = ("R", "AL")
_LAM, _TATWEEL = "ل", "ـ"
_ISOLATED, _FINAL, _INITIAL, _MEDIAL = "<isolated>", "<final>", "<initial>", "<medial>"
# Numbers and words of other scripts inside a word keep their order.
_LEFT = "0-9A-Za-z\u00c0-\u024f\u0660-\u0669\u06f0-\u06f9"
_KEPT = re.compile(rf"[{_LEFT}]+(?:[.,:/'-][{_LEFT}]+)*")
_MIRRORED = str.maketrans("()[]{}<>«»‹›", ")(][}{><»«›‹")


def find_direction(text: str) -> bool | None:
    """Find whether the first letter with a direction is written from the right; None where none has one."""
    for each in text:
        direction = unicodedata.bidirectional(each)
        if direction == "L" or direction in _FROM_RIGHT:
            return direction != "L"
    return None


def list_from_right(directions: Sequence[bool | None]) -> list[tuple[int, int]]:
    """List the stretches of a row, first and last, that run from the right; what has no direction of its own
    goes with its neighbours where they agree.
    """
    found: list[tuple[int, int]] = []
    first = last = -1
    for at, each in enumerate(directions):
        if each:
            first, last = (at if first < 0 else first), at
        elif each is False and first >= 0:
            found.append((first, last))
            first = -1
    return [*found, (first, last)] if first >= 0 else found


@functools.lru_cache(maxsize=20_000)
def write_visually(word: str) -> str:
    """Write a word as it is seen from left to right; one without letters from the right is itself."""
    if word.isascii() or not any(unicodedata.bidirectional(each) in _FROM_RIGHT for each in word):
        return word
    pieces: list[str] = []
    for each in _join_letters(word):
        if unicodedata.combining(each) and pieces:
            pieces[-1] += each
        else:
            pieces.append(each)
    turned = "".join(reversed(pieces)).translate(_MIRRORED)
    return _KEPT.sub(lambda kept: kept[0][::-1], turned)


def _join_letters(word: str) -> list[str]:
    """Give Arabic letters the shapes that they have beside one another; the order stays."""
    forms, ligatures = _read_forms()
    letters = list(word)
    shaped: list[str] = []
    at, joined = 0, False
    while at < len(letters):
        letter = letters[at]
        if unicodedata.combining(letter):
            shaped.append(letter)
            at += 1
            continue
        known = forms.get(letter, {})
        pair = ligatures.get(letters[at + 1], {}) if letter == _LAM and at + 1 < len(letters) else {}
        before = joined and (_FINAL in known or letter == _TATWEEL)
        if pair:
            shaped.append(pair.get(_FINAL if before else _ISOLATED, letter))
            at, joined = at + 2, False
            continue
        after = next((each for each in letters[at + 1 :] if not unicodedata.combining(each)), "")
        behind = _INITIAL in known and (_FINAL in forms.get(after, {}) or after == _TATWEEL)
        wanted = _MEDIAL if before and behind else _FINAL if before else _INITIAL if behind else _ISOLATED
        shaped.append(known.get(wanted, letter))
        joined = _INITIAL in known or letter == _TATWEEL
        at += 1
    return shaped


@functools.lru_cache(maxsize=1)
def _read_forms() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Read the shapes of each letter, and those of lam with what follows, from the Unicode character data."""
    forms: dict[str, dict[str, str]] = {}
    ligatures: dict[str, dict[str, str]] = {}
    for code in (*range(0xFB50, 0xFC00), *range(0xFE70, 0xFEFD)):
        kind, *parts = unicodedata.decomposition(chr(code)).split() or [""]
        letters = "".join(chr(int(each, 16)) for each in parts)
        if len(letters) == 1:
            forms.setdefault(letters, {}).setdefault(kind, chr(code))
        elif len(letters) == 2 and letters[0] == _LAM:
            ligatures.setdefault(letters[1], {})[kind] = chr(code)
    return forms, ligatures
