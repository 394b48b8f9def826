"""The written forms of a person, school, address, id or date of birth, each as keys of folded parts.

First Last; Last, First; F. Last; F Last; Last F.; with and without middle names; initials; the surname or a
first name alone; both joined in one word; hyphens as blanks or as nothing; ä as a and as ae; e-mail
addresses and their local parts; handles; ids; English orders of a date. What must be true of a word beside
its key is the form's `Strength`. Found on pages by `archive/matcher`.
"""

from __future__ import annotations

import datetime
import enum
import itertools
from collections.abc import Iterator

from lightwell.archive import spelling

MONTHS = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_TITLES = frozenset(["dr", "prof", "professor", "mr", "mrs", "ms", "miss", "mx", "sir", "dame"])
_PARTICLES = frozenset(
    ["van", "von", "der", "den", "de", "del", "della", "di", "da", "dos", "la", "le", "al"]
)
_SCHOOL_WORDS = frozenset(["school", "academy", "college", "gymnasium", "lyceum", "kindergarten", "nursery"])
# A shorter id is found only as it is written: "P7" is not "p. 7".
SHORT_ID = 4
_LEAST_JOINED = 7
_LEAST_PHONE = 7


class Strength(enum.IntEnum):
    """What must be true of the words beside their keys, and how sure a match is; see `CONFIDENCE`."""

    FULL = 0
    INITIAL = 1
    INITIAL_CAPS = 2
    SINGLE = 3
    CAPITALS = 4
    INITIALS = 5
    JOINED = 6
    EXACT = 7
    HANDLE = 8
    PLAIN = 9
    ID = 10
    SHORT_ID = 11
    BIRTH = 12
    SHORT_BIRTH = 13


CONFIDENCE = {
    Strength.FULL: 98,
    Strength.INITIAL: 90,
    Strength.INITIAL_CAPS: 80,
    Strength.SINGLE: 60,
    Strength.CAPITALS: 80,
    Strength.INITIALS: 40,
    Strength.JOINED: 85,
    Strength.EXACT: 99,
    Strength.HANDLE: 92,
    Strength.PLAIN: 40,
    Strength.ID: 97,
    Strength.SHORT_ID: 90,
    Strength.BIRTH: 95,
    Strength.SHORT_BIRTH: 60,
}


Form = tuple[tuple[str, ...], Strength]


def list_forms(value: str, kind: str) -> Iterator[tuple[Form, str]]:
    """List the forms of one value of a kind, each with how it must be written where that matters."""
    if kind == "name":
        yield from ((form, "") for form in list_name_forms(value))
    elif kind == "school":
        yield from ((form, "") for form in list_school_forms(value))
    elif kind == "email":
        local = value.partition("@")[0].partition("+")[0]
        yield from ((form, local) for form in list_email_forms(value))
    elif kind == "handle":
        yield from ((form, value.removeprefix("@")) for form in list_handle_forms(value))
    elif kind == "phone":
        yield from ((form, "") for form in _list_phone_forms(value))
    elif kind == "id":
        short = len("".join(spelling.split_keys(value))) < SHORT_ID
        yield (spelling.split_keys(value), Strength.SHORT_ID if short else Strength.ID), value
    else:
        yield (spelling.split_keys(value), Strength.EXACT), ""


def _list_phone_forms(value: str) -> Iterator[Form]:
    """List a phone number as digits: whole, without its country code, and with the 0 of a national number."""
    digits = "".join(letter for letter in value if letter.isdigit())
    wholes = [digits, digits.lstrip("0")]
    if value.strip().startswith("+"):
        wholes += [zero + digits[code:] for code in (1, 2, 3) for zero in ("", "0")]
    yield from (((whole,), Strength.ID) for whole in dict.fromkeys(wholes) if len(whole) >= 7)


def list_name_forms(name: str) -> Iterator[Form]:
    """List the written forms of a person's name, given as First Last or as Last, First."""
    for spelt in dict.fromkeys((name, spelling.spell_out(name))):
        for whole in dict.fromkeys((spelt, _join_hyphens(spelt))):
            yield from _list_splits(whole)


def _join_hyphens(name: str) -> str:
    return "".join(letter for letter in name if letter not in spelling.HYPHENS)


def _list_splits(name: str) -> Iterator[Form]:
    """List the forms for every way to divide a name into given and family names; a comma says which."""
    family, comma, given = name.partition(",")
    if comma and spelling.split_keys(family) and spelling.split_keys(given):
        words = _list_words(family)
        keys = tuple(itertools.chain(*words))
        # Of two family names people often use one.
        families = [words]
        if len(keys) > 1:
            families += [[(key,)] for key in keys if key not in _PARTICLES]
        for each in families:
            yield from _list_orders(_list_words(given), each)
        return
    words = _list_words(name.replace(",", " "))
    if len(words) == 1:
        yield from _list_single(words[0])
    for at in range(1, len(words)):
        yield from _list_orders(words[:at], words[at:])


def _list_words(name: str) -> list[tuple[str, ...]]:
    words = [keys for word in name.split() if (keys := spelling.split_keys(word))]
    while len(words) > 1 and words[0][0] in _TITLES:
        words = words[1:]
    return words


def _list_single(keys: tuple[str, ...]) -> Iterator[Form]:
    if len("".join(keys)) > 1:
        yield keys, Strength.SINGLE


def _list_orders(given: list[tuple[str, ...]], family: list[tuple[str, ...]]) -> Iterator[Form]:
    first, last = given[0], tuple(itertools.chain(*family))
    every = tuple(itertools.chain(*given))
    initials = tuple(key[0] for key in every)
    middle = first + initials[len(first) :]
    for names in {first, every, middle}:
        strength = Strength.FULL if len("".join(names)) > 1 and len(names[0]) > 1 else Strength.INITIAL
        yield names + last, strength
        yield last + names, strength
    for letters in {initials[:1], initials[: len(first)], initials}:
        yield letters + last, Strength.INITIAL
        yield last + letters, Strength.INITIAL
        if len(letters) > 1:
            yield ("".join(letters), *last), Strength.INITIAL_CAPS
            yield (*last, "".join(letters)), Strength.INITIAL_CAPS
    for keys in {first, every, last}:
        yield from _list_single(keys)
    whole = initials + tuple(key[0] for key in last)
    yield whole, Strength.INITIALS
    if len(whole) > 2:
        yield ("".join(whole),), Strength.INITIALS
    for names in ((*first, *last), (*last, *first)):
        if len(joined := "".join(names)) >= _LEAST_JOINED:
            yield (joined,), Strength.JOINED


def list_school_forms(name: str) -> Iterator[Form]:
    """List the forms of a school's name: whole, without "The", without its last word, St and Saint alike."""
    plain = spelling.fold_letters(name).replace("'s", "s")
    for spelt in dict.fromkeys((name, spelling.spell_out(name), plain)):
        keys = spelling.split_keys(spelt)
        keys = keys[1:] if keys[:1] == ("the",) and len(keys) > 2 else keys
        for change in ({}, {"st": "saint"}, {"saint": "st"}):
            written = tuple(change.get(key, key) for key in keys)
            yield written, Strength.FULL if len(written) > 1 else Strength.SINGLE
            if len(written) > 2 and written[-1] in _SCHOOL_WORDS:
                yield written[:-1], Strength.CAPITALS


def list_email_forms(address: str) -> Iterator[Form]:
    """List the forms of an e-mail address: whole, and its local part alone."""
    yield spelling.split_keys(address), Strength.EXACT
    local = address.partition("@")[0].partition("+")[0]
    yield from list_handle_forms(local)


def list_handle_forms(handle: str) -> Iterator[Form]:
    """List the forms of a handle: with @, and without where it is no plain word."""
    keys = spelling.split_keys(handle)
    if len("".join(keys)) < 2:
        return
    plain = len(keys) == 1 and keys[0].isalpha()
    yield keys, Strength.PLAIN if plain else Strength.HANDLE


def list_birth_forms(date: datetime.date) -> Iterator[Form]:
    """List the English written orders of a date of birth."""
    year, month, name = f"{date.year:04}", f"{date.month:02}", MONTHS[date.month - 1]
    days = dict.fromkeys((str(date.day), f"{date.day:02}"))
    months = dict.fromkeys((str(date.month), month))
    for day, number in itertools.product(days, months):
        yield (year, number, day), Strength.BIRTH
        for order in ((day, number), (number, day)):
            yield (*order, year), Strength.BIRTH
            yield (*order, year[2:]), Strength.SHORT_BIRTH
    suffix = "th" if 10 < date.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(date.day % 10, "th")
    for day in (*days, f"{date.day}{suffix}"):
        for written in dict.fromkeys((name, name[:3], "sept" if date.month == 9 else name)):
            yield (day, written, year), Strength.BIRTH
            yield (day, "of", written, year), Strength.BIRTH
            yield (written, day, year), Strength.BIRTH
            yield (year, written, day), Strength.BIRTH
    day = f"{date.day:02}"
    for joined in (year + month + day, day + month + year, month + day + year):
        yield (joined,), Strength.BIRTH
