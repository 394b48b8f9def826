"""Numbers that stand for a person: ids, phones, cards, IP addresses, postcodes, among words with digits.

Only words with a digit are looked at, each with the words before it; so a page of prose costs next to
nothing. Numbers inside an address on the web or a DOI are nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from lightwell.archive.finding import MARKS, Sheet


class Hit(NamedTuple):
    """What a rule found: the numbers of its first and last word, kind, rule and confidence."""

    first: int
    last: int
    kind: str
    rule: str
    confidence: int


US_STATES = frozenset(
    [
        *(
            "AL",
            "AK",
            "AZ",
            "AR",
            "CA",
            "CO",
            "CT",
            "DC",
            "DE",
            "FL",
            "GA",
            "GU",
            "HI",
            "IA",
            "ID",
            "IL",
            "IN",
        ),
        *(
            "KS",
            "KY",
            "LA",
            "MA",
            "MD",
            "ME",
            "MI",
            "MN",
            "MO",
            "MS",
            "MT",
            "NC",
            "ND",
            "NE",
            "NH",
            "NJ",
            "NM",
        ),
        *(
            "NV",
            "NY",
            "OH",
            "OK",
            "OR",
            "PA",
            "PR",
            "RI",
            "SC",
            "SD",
            "TN",
            "TX",
            "UT",
            "VA",
            "VI",
            "VT",
            "WA",
        ),
        *("WI", "WV", "WY"),
    ]
)
_OWNERS = frozenset(
    [
        *("user", "account", "profile", "member", "customer", "student", "pupil", "child", "patient", "case"),
        *(
            "participant",
            "respondent",
            "subject",
            "interviewee",
            "informant",
            "employee",
            "staff",
            "passport",
        ),
        *(
            "license",
            "licence",
            "device",
            "session",
            "household",
            "record",
            "teacher",
            "parent",
            "girl",
            "boy",
        ),
    ]
)
_COUNTERS = frozenset(["id", "no", "nr", "number", "code", "#", "ids"])
_IDS = frozenset(["id", "uid", "userid", "user_id", "ssn", "nino", "upn", "guid", "uuid", "imei"])
# What has an id and is nobody.
_THINGS = frozenset(
    [
        "question",
        "questions",
        "variable",
        "item",
        "document",
        "grant",
        "award",
        "article",
        "file",
        "project",
        "job",
    ]
)
_PHONES = frozenset(
    [
        *(
            "tel",
            "telephone",
            "phone",
            "ph",
            "mobile",
            "mob",
            "cell",
            "fax",
            "call",
            "text",
            "whatsapp",
            "sms",
        ),
        *("ring", "phone:", "contact"),
    ]
)
_GIVEN_ID = re.compile(r"\b(?:\w*[_-])?(?:id|uid|ssn)[:=#]([\w-]*\d[\w-]*)", re.IGNORECASE)
_CODE = re.compile(r"[A-Z]{1,3}-?\d{1,5}")
_UUID = re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE)
_ORCID = re.compile(r"\b\d{4}-\d{4}-\d{4}-\d{3}[\dX]\b")
_HEX = re.compile(r"\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{16,64}\b", re.IGNORECASE)
_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}-\d{2}-\d{4}(?![\w-])")
_NINO = re.compile(r"(?<!\S)[A-CEGHJ-PR-TW-Z]{2}\s?(?:\d{2}\s?){3}[A-D]\b")
_IBAN = re.compile(r"(?<!\S)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){3,7}(?:\s?[A-Z0-9]{1,3})?\b")
# Seven digits or more with single marks between: a phone, a card or an id.
_GROUP = re.compile(r"\+?\s?\(?\d(?:[\s().\-‐‑–]{0,3}\d){6,18}(?![\w%]|[.,/]\d)")
_US_SHAPE = re.compile(r"(?:1[-.\s])?(?:\(\d{3}\)\s?|\d{3}[-.\s])\d{3}[-.]\d{4}|\(\d{3}\)\s?\d{3}[-.\s]\d{4}")
_NATIONAL = re.compile(r"\(?0\d{1,4}\)?[\s./–-]\d{2,8}(?:[\s.-]\d{2,5}){0,4}")
_CARD = re.compile(
    r"(?=[3-6]|2[2-7])(?:\d{13,19}|(\d{4})([ -])\d{4}\2\d{4}\2\d{1,7}|\d{4}([ -])\d{6}\3\d{4,5})"
)
_IPV4 = re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?!\w|\.\d)")
_IPV6 = re.compile(
    r"(?<![\w:])(?:(?:[0-9a-f]{1,4}:){7}[0-9a-f]{1,4}|(?:[0-9a-f]{1,4}:){1,6}(?::[0-9a-f]{1,4}){1,6})(?![\w:])",
    re.IGNORECASE,
)
_VERSIONS = frozenset(["v", "version", "release", "section", "chapter", "table", "figure"])
_OUTWARD = re.compile(r"[A-Z]{1,2}\d[A-Z\d]?")
_INWARD = re.compile(r"\d[ABD-HJLNP-UW-Z]{2}")
_ZIP = re.compile(r"\d{5}(?:-\d{4})?")


def find_numbers(sheet: Sheet) -> Iterator[Hit]:
    """Find numbers that may stand for somebody; several rules may find the same."""
    text, words = sheet.text, sheet.words
    reached = 0
    for at, start in sheet.numbered:
        word = words[at]
        if "/" in word or "doi" in word:
            if word.count(".") >= 3 and _IPV4.search(word):
                yield Hit(at, at, "ip", "IPv4 address", 60)
            continue
        before = [each.strip(MARKS).lower() for each in words[max(0, at - 4) : at]]
        bare = word.strip(MARKS)
        yield from _judge_context(at, bare, before)
        yield from _judge_word(at, word, bare, before)
        yield from _judge_postcode(words, at, bare)
        if start >= reached and (match := _match_group(text, start)):
            reached = match.end()
            yield from _judge_group(sheet, match, before)
        if bare[:1].isupper() or (at and words[at - 1].isupper()):
            yield from _judge_bank(sheet, at)


def _judge_context(at: int, bare: str, before: list[str]) -> Iterator[Hit]:
    """Judge a word by what the words before it say it is."""
    if not before or not bare:
        return
    last, earlier = before[-1], before[-2] if len(before) > 1 else ""
    if (last in _IDS and earlier not in _THINGS) or (last in _COUNTERS and earlier in _OWNERS):
        yield Hit(at, at, "id", "id after a word that says so", 80)
    elif last.removesuffix("s") in _OWNERS and _CODE.fullmatch(bare):
        yield Hit(at, at, "id", "code of a participant", 75)


def _judge_word(at: int, word: str, bare: str, before: list[str]) -> Iterator[Hit]:
    """Judge a word by its own shape."""
    if len(bare) > 8:
        for pattern, rule, confidence in (
            (_UUID, "UUID", 95),
            (_ORCID, "ORCID", 90),
            (_SSN, "social security number", 85),
            (_HEX, "long hexadecimal number", 60),
        ):
            if pattern.search(bare):
                yield Hit(at, at, "id", rule, confidence)
    if (":" in word or "=" in word or "#" in word) and _GIVEN_ID.search(word):
        yield Hit(at, at, "id", "id after a word that says so", 80)
    if bare.count(".") >= 3 and _IPV4.search(bare) and not _VERSIONS.intersection(before[-1:]):
        # 6.3.3.1 is a section sooner than an address.
        section = all(len(number) < 2 for number in bare.split("."))
        yield Hit(at, at, "ip", "IPv4 address", 35 if section else 80)
    # A time of day is no address.
    if (bare.count(":") > 2 or "::" in bare) and _IPV6.search(bare):
        yield Hit(at, at, "ip", "IPv6 address", 85)


def _judge_bank(sheet: Sheet, at: int) -> Iterator[Hit]:
    for pattern, rule in ((_IBAN, "IBAN"), (_NINO, "national insurance number")):
        for start in (sheet.offsets[at], sheet.offsets[max(0, at - 1)]):
            if match := pattern.match(sheet.text, start):
                yield Hit(*sheet.find_words(*match.span()), "id", rule, 80)
                break


def _judge_postcode(words: list[str], at: int, bare: str) -> Iterator[Hit]:
    before = words[at - 1].strip(MARKS) if at else ""
    after = words[at + 1] if at + 1 < len(words) else ""
    if _INWARD.fullmatch(bare) and _OUTWARD.fullmatch(before):
        yield Hit(at - 1, at, "address", "UK postcode", 75)
    elif _ZIP.fullmatch(bare):
        if before in US_STATES:
            yield Hit(at - 1, at, "address", "US state and postcode", 75)
        elif before[:1].isupper() and words[at - 1].endswith(","):
            yield Hit(at - 1, at, "address", "postcode and place", 40)
        elif after[:1].isupper() and words[at - 1][-1:] == "," and len(bare) == 5:
            yield Hit(at, at + 1, "address", "postcode and place", 40)
    elif len(bare) == 4 and bare.isdigit() and len(after) == 3 and after[:2].isupper() and after[2] == ",":
        yield Hit(at, at + 1, "address", "postcode and place", 50)


def _match_group(text: str, start: int) -> re.Match[str] | None:
    """Match a group of digits whose first digit stands at `start`, with a plus or bracket before it."""
    for begin in (start - 2, start - 1, start):
        if begin >= 0 and text[begin] in "+(" and not text[begin - 1 : begin].isalnum():
            return _GROUP.match(text, begin)
    if start and (text[start - 1].isalnum() or text[start - 1] in ".,/=&%_-"):
        return None
    return _GROUP.match(text, start)


def _judge_group(sheet: Sheet, match: re.Match[str], before: list[str]) -> Iterator[Hit]:
    written = match[0].strip()
    digits = re.sub(r"\D", "", written)
    first, last = sheet.find_words(*match.span())
    if written.lstrip("(").startswith("+"):
        yield Hit(first, last, "phone", "international phone number", 92)
    elif _PHONES.intersection(before):
        yield Hit(first, last, "phone", "phone number after a word that says so", 95)
    elif _US_SHAPE.fullmatch(written) or (
        "\n" not in written and 9 <= len(digits) <= 12 and _NATIONAL.fullmatch(written)
    ):
        yield Hit(first, last, "phone", "national phone number", 70)
    elif _CARD.fullmatch(written) and is_card(digits):
        yield Hit(first, last, "id", "card number", 85)
    elif written.isdigit():
        yield Hit(first, last, "id", "long digit group", 50)


def is_card(digits: str) -> bool:
    """Answer whether the check digit is that of a card (Luhn, ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
