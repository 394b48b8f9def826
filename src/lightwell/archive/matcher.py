"""The matcher: people of a roster, or values that a person confirmed, found exactly on the words of a page.

A page costs one look-up a word, and a few more where some form begins; a form may go over a line's end, and
a word may be divided there by a hyphen. Not here: guesses (`archive/detection`), misspelt names, nicknames,
names in other alphabets than the roster's, letters set apart ("K o w a l s k a"). The slow twin:
tests/property/slow_roster.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

from lightwell.archive import finding, forms, spelling
from lightwell.archive.finding import Finding, Sheet
from lightwell.archive.forms import CONFIDENCE, Strength
from lightwell.archive.page import Line
from lightwell.archive.roster import Person
from lightwell.archive.spelling import Memo, Part

_LONGEST_SHORT_ID = 40
# An id may be cut into this many words at most.
_ID_REACH = 8


class Entry(NamedTuple):
    """What a key stands for. `exact` is how a plain handle or a short id must be written."""

    strength: Strength
    kind: str
    ground: str
    source: str
    exact: str


class _Begin(NamedTuple):
    """A part of a word at which a form begins: which one, what it matches alone, what may follow."""

    at: int
    alone: tuple[Entry, int] | None
    followers: AbstractSet[str]
    is_prefix: bool
    is_certain: bool


_NOBODY: frozenset[str] = frozenset()
_NO_PART = Part("", "", "", False, False, False, False)


class _Draft(NamedTuple):
    kind: str
    ground: str
    source: str
    exact: str
    more: int


Value = tuple[str, str, str]


class Matcher:
    """Finds people or confirmed values on pages. Made once, then asked for every page.

    Not for two threads.
    """

    def __init__(self, people: Iterable[Person] = (), values: Iterable[Value] = ()) -> None:
        """Prepare for people of a roster and for confirmed values, each (text, kind of finding, ground)."""
        drafts: dict[str, dict[Strength, _Draft]] = {}
        for person in people:
            source = f"{finding.ROSTER} row {person.row}"
            for kind, (keys, strength), exact in _list_person_forms(person):
                _add(drafts, keys, strength, _Draft(kind, person.ground, source, exact, 0))
        for text, kind, ground in values:
            for (keys, strength), exact in forms.list_forms(text, kind):
                _add(drafts, keys, strength, _Draft(kind, ground, finding.CONFIRMED, exact, 0))
        self._forms: dict[str, tuple[Entry, ...]] = {
            key: tuple(_finish(strength, draft) for strength, draft in sorted(found.items()))
            for key, found in drafts.items()
        }
        lengths: dict[str, set[int]] = {}
        self._followers: dict[str, set[str]] = {}
        self._ids: dict[str, Entry] = {}
        self._prefixes: set[str] = set()
        self._vocabulary: set[str] = set()
        for key, entries in self._forms.items():
            parts = key.split(" ")
            self._vocabulary.update(parts)
            for entry in entries:
                if entry.strength is Strength.ID:
                    whole = "".join(parts)
                    self._ids[whole] = entry
                    self._prefixes.update(whole[:end] for end in range(1, len(whole) + 1))
                elif len(parts) > 1:
                    lengths.setdefault(parts[0], set()).add(len(parts))
                    self._followers.setdefault(parts[0], set()).add(parts[1])
        self._lengths = {key: tuple(sorted(found, reverse=True)) for key, found in lengths.items()}
        self._parts: Memo[tuple[Part, ...]] = Memo(spelling.split_word)
        self._first_parts: Memo[Part] = Memo(lambda word: next(iter(self._parts[word]), _NO_PART))
        self._begins: Memo[tuple[_Begin, ...]] = Memo(self._list_begins)

    def find(self, lines: Sequence[Line], page: int = 1) -> list[Finding]:
        """Find every written form on the lines of a page; findings may touch the same words."""
        return self.find_on(Sheet(page, lines))

    def find_on(self, sheet: Sheet) -> list[Finding]:
        """Find every written form on a sheet; what lies wholly within a longer match is left out."""
        words = sheet.words
        begins = list(map(self._begins.__getitem__, words))
        first_parts = self._first_parts
        following = [*words[1:], ""]
        matches = [
            (at, last, entry, sure)
            for at in [at for at, found in enumerate(begins) if found]
            for begin in begins[at]
            if begin.is_certain
            or first_parts[following[at]].key in begin.followers
            or first_parts[following[at]].bare in begin.followers
            for last, entry, sure in self._match(words, at, begin)
        ]
        matches += self._match_divided(sheet)
        if not matches:
            return []
        matches.sort(key=lambda match: (match[0], -match[1], -match[3]))
        findings, reached = [], -1
        for first, last, entry, sure in matches:
            if last > reached:
                findings.append(sheet.make(first, last, entry.kind, entry.source, sure, entry.ground))
                reached = last
        return findings

    def _list_begins(self, word: str) -> tuple[_Begin, ...]:
        """List the parts of a word at which some form begins, with whatever the word alone decides."""
        begins = []
        for at, part in enumerate(self._parts[word]):
            alone = self._look_up([part], [word])
            followers = self._followers.get(part.key, _NOBODY)
            if alone or followers or part.key in self._prefixes:
                is_prefix = part.key in self._prefixes
                # Most words that begin a form are followed by nothing of it: the next word alone decides.
                is_certain = bool(alone) or is_prefix or at + 1 < len(self._parts[word])
                begins.append(_Begin(at, alone, followers, is_prefix, is_certain))
        return tuple(begins)

    def _match(self, words: Sequence[str], at: int, begin: _Begin) -> Iterator[tuple[int, Entry, int]]:
        """Match the longest form that begins at a part of the word `at`: (last word, entry, confidence)."""
        found = None
        if begin.followers:
            parts = self._parts[words[at]]
            if len(parts) > begin.at + 1:
                following = parts[begin.at + 1]
            else:
                following = self._first_parts[words[at + 1]] if at + 1 < len(words) else _NO_PART
            if following.key in begin.followers or following.bare in begin.followers:
                found = self._match_long(words, at, begin.at)
        if found:
            yield found
        elif begin.alone:
            yield (at, *begin.alone)
        if begin.is_prefix:
            yield from self._match_id(words, at, begin.at)

    def _match_long(self, words: Sequence[str], at: int, begin: int) -> tuple[int, Entry, int] | None:
        first = self._parts[words[at]]
        lengths = self._lengths[first[begin].key]
        # No more of a word is copied than a form can use: a word may have a hundred thousand parts.
        parts: list[Part] = list(first[begin : begin + lengths[0]])
        ends = [at] * len(parts)
        for upcoming in range(at + 1, len(words)):
            if len(parts) >= lengths[0]:
                break
            more = self._parts[words[upcoming]][: lengths[0]]
            parts += more
            ends += [upcoming] * len(more)
        for length in lengths:
            if length <= len(parts):
                last = ends[length - 1]
                if best := self._look_up(parts[:length], words[at : last + 1]):
                    return last, *best
        return None

    def _look_up(self, parts: list[Part], written: Sequence[str]) -> tuple[Entry, int] | None:
        keys = [part.key for part in parts]
        entries = self._forms.get(" ".join(keys), ())
        if parts[-1].bare != keys[-1]:
            entries += self._forms.get(" ".join([*keys[:-1], parts[-1].bare]), ())
        sure = [(_judge(entry, parts, written), entry) for entry in entries]
        confidence, entry = max(sure, key=lambda pair: pair[0], default=(0, None))
        return (entry, confidence) if entry and confidence else None

    def _match_id(self, words: Sequence[str], at: int, begin: int) -> Iterator[tuple[int, Entry, int]]:
        """Match an id whatever divides it: parts are put together until no id begins so."""
        so_far = ""
        for upcoming in range(at, min(at + _ID_REACH, len(words))):
            parts = self._parts[words[upcoming]]
            for k in range(begin if upcoming == at else 0, len(parts)):
                part = parts[k]
                so_far += part.key
                if so_far not in self._prefixes:
                    return
                if entry := self._ids.get(so_far):
                    yield upcoming, entry, CONFIDENCE[Strength.ID]

    def _match_divided(self, sheet: Sheet) -> Iterator[tuple[int, int, Entry, int]]:
        """Match forms with a word that a hyphen divides at the end of a line."""
        words = sheet.words
        for start in sorted(set(sheet.starts[1:])):
            if not 0 < start < len(words) or words[start - 1][-1:] not in _HYPHENS:
                continue
            joined = words[start - 1].rstrip(spelling.HYPHENS) + words[start]
            keys = {part.key for part in self._parts[joined]} | {part.bare for part in self._parts[joined]}
            if not any(key in self._vocabulary or key in self._prefixes for key in keys):
                continue
            low = max(0, start - 1 - _ID_REACH)
            near = [*words[low : start - 1], joined, *words[start + 1 : start + 1 + _ID_REACH]]
            place = start - 1 - low
            for at in range(place + 1):
                for begin in self._begins[near[at]]:
                    for last, entry, sure in self._match(near, at, begin):
                        if last >= place:
                            yield low + at, low + last + 1, entry, sure


_HYPHENS = tuple(spelling.HYPHENS)


def find_value(
    lines: Sequence[Line], value: str, kind: str = "name", *, page: int = 1, ground: str = ""
) -> list[Finding]:
    """Find every occurrence of one confirmed value in all its written forms.

    Over a collection make one `Matcher(values=...)` instead, which holds any number of values.
    """
    return Matcher(values=[(value, kind, ground)]).find(lines, page)


def _list_person_forms(person: Person) -> Iterator[tuple[str, forms.Form, str]]:
    if person.name:
        school = person.kind == "school"
        found = forms.list_school_forms(person.name) if school else forms.list_name_forms(person.name)
        yield from (("school" if school else "name", form, "") for form in found)
    for address in person.emails:
        yield from (("email", form, exact) for form, exact in forms.list_forms(address, "email"))
    for handle in person.handles:
        yield from (("handle", form, exact) for form, exact in forms.list_forms(handle, "handle"))
    for value in person.ids:
        yield from (("id", form, exact) for form, exact in forms.list_forms(value, "id"))
    if person.birth_date:
        yield from (("birth-date", form, "") for form in forms.list_birth_forms(person.birth_date))


def _add(
    drafts: dict[str, dict[Strength, _Draft]], keys: tuple[str, ...], strength: Strength, draft: _Draft
) -> None:
    if not keys:
        return
    found = drafts.setdefault(" ".join(keys), {})
    known = found.get(strength)
    if known is None:
        found[strength] = draft
    elif known.source != draft.source:
        # One key of two rows: the participant's ground is proposed, because it hides more.
        ground = "participant" if "participant" in (known.ground, draft.ground) else known.ground
        found[strength] = known._replace(ground=ground, more=known.more + 1)


def _finish(strength: Strength, draft: _Draft) -> Entry:
    more = f" and {draft.more} more" if draft.more else ""
    return Entry(strength, draft.kind, draft.ground, draft.source + more, draft.exact)


def _judge(entry: Entry, parts: list[Part], written: Sequence[str]) -> int:
    """Return the confidence of a match, 0 when what stands beside the keys says that it is none."""
    strength = entry.strength
    sure = CONFIDENCE[strength]
    match strength:
        case Strength.FULL:
            return sure if all(part.upper for part in parts) else sure - 10
        case Strength.INITIAL:
            # "a young child" is no A. Young: an initial has a dot, or it and the name have capitals.
            upper = all(part.upper for part in parts if len(part.key) > 1)
            holds = all(part.dotted or (part.upper and upper) for part in parts if len(part.key) == 1)
        case Strength.INITIAL_CAPS:
            holds = all(part.upper for part in parts) and any(part.caps for part in parts)
        case Strength.SINGLE | Strength.CAPITALS:
            # Of "van der Berg" only the last must have one.
            holds = parts[-1].upper
        case Strength.INITIALS:
            dotted = all(part.dotted for part in parts[:-1])
            holds = dotted and all(part.caps for part in parts)
        case Strength.PLAIN:
            if parts[0].at:
                return CONFIDENCE[Strength.HANDLE]
            holds = parts[0].raw == entry.exact
        case Strength.SHORT_ID:
            # An id of several parts is written with the marks between them, in one word.
            whole = parts[0].raw if len(parts) == 1 else written[0][:_LONGEST_SHORT_ID]
            holds = whole == entry.exact or (len(parts) > 1 and len(written) == 1 and entry.exact in whole)
        case Strength.HANDLE | Strength.SHORT_BIRTH:
            holds = len(written) == 1
        case _:
            holds = True
    return sure if holds else 0
