"""Detection: the union of roster, rules and name lists proposes words that may have to be hidden.

E-mail addresses and handles are found here, numbers by `archive/numbers`, addresses, schools and dates of
birth by `archive/surroundings`, names by `archive/names`. Each rule is named in what it finds. They are made
to miss little and so cry wolf often; what they are worth on real pages is measured
(docs/make/detection.py). A person decides.

Not here: ids that look like words, addresses without street or postcode, dates of birth without a word that
says so; only a roster finds those.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from lightwell.archive import finding, matcher, names, numbers, surroundings
from lightwell.archive.finding import Finding, Sheet
from lightwell.archive.numbers import Hit
from lightwell.archive.page import Line

_AT = re.compile(r"[@＠]|\s?[\[(]at[\])]\s?")
# Before and behind the sign; a hyphen or a dot at the end of a line may divide either.
_LOCAL = re.compile(r"(?:(?:[\w.+'-]+-\n)?[\w.+'-]*[\w+-]|\{[\w.+,\s-]{3,200}\})$")
_DOMAIN = re.compile(r"(?:-?\n)?[A-Za-z0-9-]+(?:(?:\.\n?|\s?[\[(]dot[\])]\s?)[A-Za-z0-9-]+)+")
# RFC 5321, section 4.5.3.1.1; and "{anna, bo}@x.example".
_LONGEST_LOCAL, _LONGEST_LIST = 64, 210
_HANDLE = re.compile(r"(?<![\w.@/＠])[@＠][A-Za-z_][\w.]{1,30}\b")
_PROFILE = re.compile(
    r"(?:(?:github|gitlab|twitter|\bx|instagram|facebook|tiktok|snapchat|threads|twitch|pinterest|vk"
    r"|soundcloud)\.com/|t\.me/|reddit\.com/u(?:ser)?/|linkedin\.com/in/|youtube\.com/(?:@|user/)"
    r"|bsky\.app/profile/)@?\w{2,}",
    re.IGNORECASE,
)
_HANDLE_WORDS = frozenset(
    [
        *(
            "username",
            "screenname",
            "handle",
            "gamertag",
            "nickname",
            "snap",
            "snapchat",
            "insta",
            "instagram",
        ),
        *("tiktok", "discord", "twitter", "roblox", "login", "alias"),
    ]
)
_TAG = re.compile(r"(?<!\S)\w{2,32}#\d{4}(?!\w)")
_SHORT_PROFILE = re.compile(r"(?<!\S)/?u/[\w-]{3,20}\b")
_AT_SIGNS = ("@", "＠", "[at]", "(at)")


def detect(
    lines: Sequence[Line],
    roster: matcher.Matcher | None = None,
    lists: names.Names | None = None,
    *,
    page: int = 1,
    others: Sequence[Finding] = (),
) -> list[Finding]:
    """Propose what may have to be hidden on a page, united, in page order; the roster's findings win.

    `roster` is a matcher made of people or of confirmed values, `lists` the lists of names; without them
    their part is left out. `others` are findings of the same page from elsewhere, such as a model's.
    """
    sheet = Sheet(page, lines)
    found = [*apply_rules(sheet), *others]
    if lists:
        # A name within the name of a school is the school's.
        schools = [each for each in found if each.kind == "school"]
        found += [each for each in names.find_names(sheet, lists) if not _is_within(each, schools)]
    if roster:
        found += roster.find_on(sheet)
    return finding.merge(found)


def _is_within(name: Finding, schools: Sequence[Finding]) -> bool:
    return any(
        school.words[0][:2] <= name.words[0][:2] and name.words[-1][::2] <= school.words[-1][::2]
        for school in schools
    )


def apply_rules(sheet: Sheet) -> list[Finding]:
    """Apply every rule but those for names to a sheet; findings may overlap."""
    return [
        sheet.make(hit.first, hit.last, hit.kind, f"rule: {hit.rule}", hit.confidence, "")
        for finder in _FINDERS
        for hit in finder(sheet)
    ]


def _find_emails(sheet: Sheet) -> Iterator[Hit]:
    text = sheet.text
    if not any(sign in text for sign in _AT_SIGNS):
        return
    for sign in _AT.finditer(text):
        reach = _LONGEST_LIST if text[sign.start() - 1 : sign.start()] == "}" else _LONGEST_LOCAL
        window = max(0, sign.start() - reach)
        local = _LOCAL.search(text[window : sign.start()])
        domain = _DOMAIN.match(text, sign.end())
        if local and domain:
            first, last = sheet.find_words(window + local.start(), domain.end())
            yield Hit(first, last, "email", "e-mail address", 98)
    if "@" in text or "＠" in text:
        for found in _HANDLE.finditer(text):
            yield Hit(*sheet.find_words(*found.span()), "handle", "@handle", 85)


def _find_handles(sheet: Sheet) -> Iterator[Hit]:
    words = sheet.words
    if "/" in sheet.text:
        for at in [at for at, word in enumerate(words) if "/" in word]:
            if _PROFILE.search(words[at]):
                yield Hit(at, at, "handle", "profile address", 70)
            elif _SHORT_PROFILE.match(words[at]):
                yield Hit(at, at, "handle", "profile of reddit", 80)
    if not _HANDLE_WORDS.isdisjoint(map(str.lower, sheet.vocabulary)):
        for at, word in enumerate(words[:-1]):
            if word[-1:] in (":", "=") and word.strip(finding.MARKS).lower() in _HANDLE_WORDS:
                yield Hit(at + 1, at + 1, "handle", "handle after a word that says so", 80)
    if "#" in sheet.text:
        for found in _TAG.finditer(sheet.text):
            yield Hit(*sheet.find_words(*found.span()), "handle", "name with a number", 80)


_FINDERS = (
    _find_emails,
    _find_handles,
    numbers.find_numbers,
    surroundings.find_addresses,
    surroundings.find_birth_dates,
    surroundings.find_schools,
)
