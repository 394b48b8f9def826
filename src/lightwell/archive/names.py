"""Names of persons found by lists and by shape: guesses, each with the rule named and a confidence.

Every word of a page becomes one letter for its class (given name, family name, initials, common word, year
and so on) with the marks behind it, so that a page is a short string and a shape of names is one regular
expression over it: "Chen, O." is `L,I`. Rules look at shapes that names take in letters, lists, by-lines and
references; a surname that a rule found is then proposed wherever the page has it. A word that the page also
has in small letters counts less. Lists: `files/data.read_names`.

Not here: names in other scripts than Latin, and names in small letters; those only a roster finds.
"""

from __future__ import annotations

import bisect
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from lightwell.archive import spelling
from lightwell.archive.finding import Finding, Sheet
from lightwell.archive.spelling import Memo

_LEAST = 30
_CARRIED_FROM = 65

_LEAD = "([{<>\"'“‘«*†‡§¶•–—-"
_TAIL = ")]}>\"'”’»*†‡§¶,;:.!?…"
_KEPT = frozenset(",;:.)")
_NO_INITIALS = frozenset(["us", "usa", "uk", "eu", "un", "dc", "eg", "ie", "am", "pm"])
_YEAR = re.compile(r"(?:1[89]|20)\d\d[a-z]?")
_INITIALS = re.compile(r"(?:[^\W\d_]\.-?){1,4}|[^\W\d_](?:\.-?[^\W\d_]){1,3}")
_FOOTNOTE = re.compile(r"(?<=[^\W\d_])\d{1,2}$")
_NAME = re.compile(r"[^\W\d_]+(?:[-'.][^\W\d_]+)*")

# Classes: F given, L family, B both, W unknown with a capital, H common and given, K common and family,
# C common, Q place, I initials with dots, J one bare capital, V two or three capitals, P particle, T title,
# D degree, E "et", G "al", N "and", Y year, M what introduces a name, U "is", A what a person does, Z any
# other. Behind a class stand the marks `_KEPT`.
_ANY, _SURE = "[FBLWHKCQ]", "[FBLWHK]"


class Rule(NamedTuple):
    """A shape: its name for people, its pattern over classes, the group that is the name, its confidence."""

    name: str
    pattern: re.Pattern[str]
    confidence: int


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern.replace("X", _ANY).replace("S", _SURE))


_RULES = (
    Rule("title and name", _compile(r"T\.?((?:[IJ]){0,2}P{0,2}X(?:[FBLWHKIJ]){0,2})"), 92),
    Rule(
        "family name, initials",
        _compile(r"(?<![FBLWHKCQI])(P{0,3}(?:S{1,3}|[CQ]),I{1,4}(?:P{1,2})?)(?![FBLWHKCQI])"),
        92,
    ),
    Rule("family name, bare initial", _compile(r"(?<![FBLWHKCQ])(P{0,3}[FBLWK]{1,2},J)(?![A-Z])"), 60),
    Rule("family name, given name", _compile(r"(?<![A-Z])([FBLWK],[FBH](?:[IJ]{1,3}))"), 85),
    Rule("initials and family name", _compile(r"(I{1,4}P{0,3}[FBLWHK](?:[FBLW])?)"), 85),
    Rule("bare initial and family name", _compile(r"(?<![A-Z(])(J[BL])(?![A-Z])"), 40),
    Rule("name and degree", _compile(r"(?<![FBLWHK])(S(?:[IJ]|S){0,2}P{0,3}S),?D"), 92),
    Rule("name before et al.", _compile(r"(P{0,2}X(?:[FBLWK])?),?EG"), 88),
    Rule("given name and family name", _compile(r"([FBH](?:[IJ]|[FBLWHK]){0,2}P{0,3}[FBLWHKQ])"), 85),
    Rule("names with a particle", _compile(r"([FBLW]P{1,3}[FBLW])"), 60),
    Rule("family names together", _compile(r"(?<![FBLWHIJ])([LW]{2,3})(?![FBLWHKCQIJVD])"), 38),
    Rule("initials alone", _compile(r"(?<![A-Z])(I)(?=[).])"), 35),
    Rule("name introduced", _compile(r"M[,:]?U?:?(S[IJFBLW]{0,2}P{0,2}[FBLW]?)"), 60),
    Rule("name of somebody who speaks", _compile(r"(?<![FBLWHKCQIJ])([FBLW]{1,2})A"), 55),
    Rule("given name alone", _compile(r"(?<![FBLWHKCQIJ])([FB])(?![FBLWHKCQIJ])"), 38),
    Rule("family name alone", _compile(r"(?<![FBLWHKCQIJ])(L)(?![FBLWHKCQIJ])"), 30),
)
_MANY = _compile(r"S[VJ](?:,N?S[VJ])+")
_ONE_OF_MANY = _compile(r"(S[VJ])")
# Each begins where no longer one could, and is bounded, so that a page of capitals costs no more than others.
_CITED = _compile(r"(?<![FBLWHKCPN,])[FBLWHKCPN,]{1,90}(?:\(|(?<=,))Y")
_ONE_CITED = _compile(r"(P{0,2}[FBLWHK](?:[FBLW])?)")
_LISTED = _compile(r"(?<![FBLWHK])SI{0,2}S{1,3}(?:(?:[,;]N?|N)SI{0,2}S{1,3})+")
_SINGLE = _compile(r"(?<![FBLWHKCQIJ])[FBLWH](?:(?:,N?|N)[FBLWH]){2,}(?![FBLWHKCQ])")
_ONE_SINGLE = _compile(r"([FBLWH])")
_ONE_LISTED = _compile(r"(SI{0,2}S{1,3})")


@dataclass(frozen=True)
class Names:
    """Given names, family names and words that are no names, all folded, and what was worked out so far."""

    given: frozenset[str]
    family: frozenset[str]
    common: frozenset[str]
    introducers: frozenset[str]
    speakers: frozenset[str]
    titles: frozenset[str]
    degrees: frozenset[str]
    particles: frozenset[str]
    others: frozenset[str]
    places: frozenset[str]
    endings: tuple[str, ...]

    @cached_property
    def codes(self) -> Memo[str]:
        """The class of each word, with the marks around it that divide names, kept from page to page."""
        return Memo(self._classify)

    def _classify(self, word: str) -> str:
        plain = spelling.fold_letters(word)
        core = plain.lstrip(_LEAD)
        lead = "(" if "(" in plain[: len(plain) - len(core)] else ""
        bare = core.rstrip(_TAIL)
        tail = "".join(
            mark if mark != "]" else ")" for mark in core[len(bare) :] if mark in _KEPT or mark == "]"
        )
        letters = bare.replace(".", "").replace("-", "")
        known = self.degrees | _NO_INITIALS if "." in core else frozenset()
        if letters.casefold() in known:
            return f"{lead}D{tail}"
        if _INITIALS.fullmatch(core.rstrip("),;:]")) and letters.isupper():
            # The dot belongs to the initials.
            return f"{lead}I{tail.removeprefix('.')}"
        if bare[-2:] in ("'s", "'S"):
            bare = bare[:-2]
        bare = _FOOTNOTE.sub("", bare)
        return lead + self._name_class(bare) + tail

    def _name_class(self, bare: str) -> str:
        key = bare.casefold().replace("'", "")
        if bare in ("&", "and", "und"):
            return "N"
        if bare in ("et", "al"):
            return "E" if bare == "et" else "G"
        if key in self.particles and (bare.islower() or bare == "De"):
            return "P"
        if _YEAR.fullmatch(bare):
            return "Y"
        if key in self.introducers:
            return "M"
        if not bare[:1].isupper():
            return "U" if key in ("is", "was") else "A" if key in self.speakers else "Z"
        if key in self.titles and len(bare) > 1:
            return "T"
        if key.replace(".", "") in self.degrees:
            return "D"
        if key in self.others or not _NAME.fullmatch(bare):
            return "Z"
        if len(bare) == 1:
            return "J"
        if bare.isupper() and len(bare) < 4:
            return "V"
        return self._look_up(bare)

    def _look_up(self, bare: str) -> str:
        keys = [part for part in re.split(r"[-.]", spelling.fold(bare)) if part]
        if all(key in self.places for key in keys):
            return "Q"
        given = all(key in self.given for key in keys)
        family = any(key in self.family for key in keys)
        plain = [key for key in keys if self._is_common(key, given or family)]
        if len(keys) > 1 and any(key not in self.family and key not in self.given for key in plain):
            return "C"
        if len(plain) == len(keys):
            return "H" if given else "K" if family else "C"
        if bare.isupper():
            return "B" if given and family else "F" if given else "L" if family else "Z"
        if not _is_name_case(bare):
            return "Z"
        return "B" if given and family else "F" if given else "L" if family else "W"

    def _is_common(self, key: str, named: bool) -> bool:
        if key in self.common or (key.endswith("s") and key[:-1] in self.common):
            return True
        return not named and len(key) > 5 and key.endswith(self.endings)


def _is_name_case(bare: str) -> bool:
    """Answer whether capitals stand where names have them: GitHub and IPython are none, McKay may be one."""
    for part in re.split(r"[-'.]", bare):
        inner = part[1:]
        if not inner.islower() and inner:
            start = re.match(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Fitz|Agha)(?=[A-Z])", part)
            if not (part.isupper() or (start and part[start.end() + 1 :].islower())):
                return False
    return True


@dataclass(frozen=True)
class _Page:
    sheet: Sheet
    code: str
    starts: list[int]
    small: frozenset[str]

    def find_words(self, start: int, end: int) -> tuple[int, int]:
        """Return the first and last word of a stretch of the code."""
        return bisect.bisect_right(self.starts, start) - 1, bisect.bisect_left(self.starts, end) - 1


def find_names(sheet: Sheet, names: Names) -> list[Finding]:
    """Find names of persons on a page; findings may overlap."""
    words = sheet.words
    codes = list(map(names.codes.__getitem__, words))
    _mark_enumerations(sheet, codes)
    starts = [0, *itertools.accumulate(map(len, codes))]
    small = frozenset(filter(str.islower, sheet.vocabulary))
    page = _Page(sheet, "".join(codes), starts[:-1], small)
    spans: dict[tuple[int, int], tuple[int, str]] = {}
    for first, last, confidence, rule in _apply_rules(page):
        if confidence >= _LEAST and confidence > spans.get((first, last), (0, ""))[0]:
            spans[first, last] = confidence, rule
    _carry(page, spans)
    return [
        sheet.make(first, last, "name", f"rule: {rule}", confidence, "")
        for (first, last), (confidence, rule) in spans.items()
    ]


def _mark_enumerations(sheet: Sheet, codes: list[str]) -> None:
    """Take "A." at the beginning of a line for a number, unless the line before ends within names."""
    for start in sheet.starts:
        if start < len(codes) and codes[start] in ("I", "I)", "J", "J)") and len(sheet.words[start]) <= 2:
            before = codes[start - 1] if start else "Z"
            # "Trigo, R." before "M. (2017)", "Gilbert" before "F. Forsyth", "Campos," before "A.".
            if not (before[-1] in ",FBI" and before.strip("(")[0] in "FBLWKHCI"):
                codes[start] = "Z" + codes[start][1:]


def _apply_rules(page: _Page) -> Iterator[tuple[int, int, int, str]]:
    code = page.code
    for rule in _RULES:
        for found in rule.pattern.finditer(code):
            start, end = found.span(1)
            first, last = page.find_words(start, end)
            sure = rule.confidence - _count_doubt(page, rule, found[1], first, last)
            yield first, last, sure, rule.name
    for many, one, confidence, name in (
        (_MANY, _ONE_OF_MANY, 82, "family names with initials in a row"),
        (_CITED, _ONE_CITED, 70, "family name and year"),
        (_LISTED, _ONE_LISTED, 52, "names in a row"),
        (_SINGLE, _ONE_SINGLE, 55, "single names in a row"),
    ):
        for row in many.finditer(code):
            parts = list(one.finditer(code, *row.span()))
            doubt = 0
            if many is _SINGLE and sum(map(row[0].count, "FBH")) < 2:
                # Places and products come in rows too: at least two must be given names.
                doubt = 30
            if len(parts) == 1:
                # "Youth Survey (2019)" is a title; "(Young, 2019)" may be one.
                doubt += 30 * ("C" in row[0] or "Q" in row[0]) + 20 * (parts[0][1][-1] in "HK")
            for found in parts:
                first, last = page.find_words(*found.span(1))
                yield first, last, confidence - doubt - 25 * _count_small(page, first, last), name


def _count_doubt(page: _Page, rule: Rule, shape: str, first: int, last: int) -> int:
    """Count what speaks against a match: common words, places, words unknown as names, small elsewhere."""
    doubt = 20 * _count_small(page, first, last)
    letters = shape.strip(",")
    if rule.name == "given name and family name":
        doubt += {"W": 12, "K": 25, "H": 25, "Q": 40}.get(letters[-1], 0)
        doubt += 30 if letters[0] == "H" else 0
        doubt += 15 if len(letters) > 3 and not set(letters) & set("IJP") else 0
    elif rule.name in ("family name, initials", "name before et al.", "title and name"):
        doubt += {"C": 25, "Q": 15}.get(letters[0], 0)
    elif rule.name == "family names together":
        doubt += 0 if "L" in letters else 6
    elif rule.name == "given name alone":
        doubt += 10 * page.sheet.words[first].isupper()
    elif rule.name == "name introduced":
        doubt += {"W": 12, "H": 20, "K": 20}.get(letters[0], 0)
    elif rule.name == "name of somebody who speaks":
        doubt += 15 * ("W" in letters)
    elif rule.name == "initials alone":
        initials = page.sheet.words[first].strip("()[],;:").replace("-", ".").strip(".").split(".")
        doubt += 0 if len(initials) > 2 else 35
    return doubt


def _count_small(page: _Page, first: int, last: int) -> int:
    """Count the words of a stretch that the page has in small letters too."""
    return sum(word.strip(_LEAD + _TAIL).lower() in page.small for word in page.sheet.words[first : last + 1])


def _carry(page: _Page, spans: dict[tuple[int, int], tuple[int, str]]) -> None:
    """Propose the surnames of what was found wherever the page has them."""
    known: set[str] = set()
    words = page.sheet.words
    for (first, last), (confidence, _) in spans.items():
        if confidence >= _CARRIED_FROM:
            for at in range(first, last + 1):
                code = page.code[page.starts[at] : page.starts[at] + 2].lstrip("(")
                if code[0] in "FBLW":
                    known.add(_strip(words[at]))
    if not known:
        return
    covered = {at for first, last in spans for at in range(first, last + 1)}
    # A bracket may stand before the class.
    code = page.code.replace("(", "_") + "_"
    for at, start in enumerate(page.starts):
        letter = code[start] if code[start] != "_" else code[start + 1]
        if letter in "FBLWHKC" and at not in covered:
            bare = _strip(words[at])
            if bare in known and bare.lower() not in page.small:
                spans[at, at] = 60, "surname found elsewhere on the page"


def _strip(word: str) -> str:
    bare = word.strip(_LEAD + _TAIL)
    bare = bare[:-2] if bare[-2:] in ("'s", "’s") else bare
    return _FOOTNOTE.sub("", bare)
