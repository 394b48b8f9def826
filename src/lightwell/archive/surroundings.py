"""Where somebody lives, learns and was born: postal addresses, schools, and dates near a word for birth.

Each rule first looks for the word that carries it (Street, School, born) and then only at what stands
around it. Postcodes alone: `archive/numbers`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lightwell.archive.finding import Sheet
from lightwell.archive.numbers import US_STATES, Hit

_UP = r"[A-ZÀ-ÖØ-ÞĀĂĄĆČĎĐĒĖĘĚĢĪŁĹĻĽŃŅŇŌŐŒŔŘŚŠȘŞŤȚŢŪŮŰŲŹŻŽ]"
_CAP = rf"{_UP}[\w'’.&-]*"
_STREETS = frozenset(
    [
        *("Street", "St", "Avenue", "Ave", "Road", "Rd", "Boulevard", "Blvd", "Lane", "Ln", "Drive", "Dr"),
        *(
            "Court",
            "Ct",
            "Square",
            "Sq",
            "Place",
            "Pl",
            "Terrace",
            "Way",
            "Highway",
            "Hwy",
            "Parkway",
            "Pkwy",
        ),
        *("Crescent", "Cres", "Close", "Gardens", "Gdns", "Row", "Mews", "Hill", "Grove", "Walk", "Circle"),
        *("Quay", "Pike"),
    ]
)
_STREET_WORD = re.compile(rf"\b(?:{'|'.join(sorted(_STREETS))})\b\.?(?:,?\s(?:NE|NW|SE|SW|N|S|E|W)\b\.?)?")
# Street words that seldom begin or end anything else.
_PLAIN_STREETS = (
    *("Street", "Road", "Avenue", "Lane", "Square", "Boulevard", "Crescent", "Terrace", "Drive"),
)
_BEFORE_STREET = re.compile(
    r"(?<!\S)\(?\d{1,5}[A-Za-z]?(?:[-–]\d{1,4})?,?\s"
    rf"(?:(?:{_CAP}|\d{{1,3}}(?:st|nd|rd|th))\s){{1,5}}$"
)
_BARE_STREET = re.compile(rf"(?<!\S)(?:{_CAP}\s){{1,3}}$")
_FOREIGN = re.compile(
    rf"(?:{_UP}[\wß-]*?(?:straße|strasse|str\.|gasse|allee|platz|damm|ufer|straat|laan|gracht|plein|gatan"
    r"|vägen|gade)\s\d{1,4}\s?[a-z]?\b"
    r"|\b\d{1,4}(?:\s?(?:bis|ter))?,?\s(?:rue|boulevard|allée|chemin|quai|impasse)"
    rf"\s(?:(?:de|du|des|la|le|les|d'|l')\s?){{0,3}}{_CAP}(?:[\s-]{_CAP}){{0,3}}"
    r"|\b(?:Calle|Avenida|Plaza|Via|Viale|Piazza|Rua|Praça|Paseo|Carrer)"
    rf"\s(?:(?:de|del|la|las|los|da|do)\s){{0,3}}{_CAP}(?:\s{_CAP}){{0,3}},?\s(?:n[.º°o]?\s?)?\d{{1,4}}\b"
    rf"|\bul\.\s{_CAP}(?:\s{_CAP})?\s\d{{1,4}})"
)
_ENDINGS = (
    *("straße", "strasse", "str.", "gasse", "allee", "platz", "damm", "ufer", "straat", "laan", "gracht"),
    *("plein", "gatan", "vägen", "gade"),
)
_FOREIGN_WORDS = frozenset(
    [
        *("rue", "boulevard", "allée", "chemin", "quai", "impasse", "Calle", "Avenida", "Plaza", "Via"),
        *("Viale", "Piazza", "Rua", "Praça", "Paseo", "Carrer", "ul."),
    ]
)
_YEAR = re.compile(r"(?:19|20)\d\d")
# "Hunzepad 139, Culemborg 4105 GX", "65 Elm Rise, Oamaru Central 9400"
_NUMBER_COMMA = re.compile(rf"\d{{1,5}}[A-Za-z]?\.?,\s(?={_UP})|,\s(?={_UP}[\w\s-]{{2,40}}\d{{4}})")
_BEFORE_NUMBER = re.compile(
    rf"(?<!\S)(?:{_CAP}\s)(?:[\w'’.-]+\s){{0,3}}$|(?<!\S)\d{{1,5}}[a-z]?\s(?:{_CAP}\s?){{1,4}}$"
)
_TOWN = re.compile(
    rf"(?:{_CAP}\s)(?:[\w-]+\s){{0,3}}?(\d{{5}}|\d{{4}}(?:\s[A-Z]{{2}}|-\d{{3}})?|\d{{3}}\s\d{{2}})(?!\d)"
)
_BOX = re.compile(r"\bP\.?\s?O\.?\s?Box\s\d{1,6}\b|\bPostfach\s[\d\s]{2,9}\d\b", re.IGNORECASE)
_STATE = f"(?:{'|'.join(sorted(US_STATES))})"
_ADDRESS_REST = re.compile(
    r"(?:,?\s(?:Apt|Apartment|Suite|Ste|Unit|Flat|Room|Floor|Bldg|Building)\.?\s?[\w-]{1,6})?"
    rf"(?:,?\s{_CAP}(?:\s{_CAP}){{0,2}}){{0,2}}?,?\s(?:[A-Z]{{1,2}}\d[A-Z\d]?\s\d[A-Z]{{2}}"
    rf"|(?:{_STATE}|{_CAP})\.?,?\s\d{{5}}(?:-\d{{4}})?|\d{{5}}(?:\s{_CAP})?|[A-Z]{{1,2}}\d[A-Z\d]?)\b"
)
_BORN = re.compile(
    r"\b(?:born|birth(?:day|date)?|d\.?o\.?b\b|geboren|geb\.|née?\b|nacid[oa]|naissance)", re.IGNORECASE
)
_BORN_WORDS = ("born", "birth", "dob", "d.o.b", "gebo", "geb.", "né", "nacid", "naiss")
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sept?|Oct|Nov|Dec)[a-z]*\.?"
_DATE = re.compile(
    rf"\b(?:\d{{1,2}}(?:st|nd|rd|th)?\s(?:of\s)?{_MONTH},?\s\d{{4}}"
    rf"|{_MONTH}\s\d{{1,2}}(?:st|nd|rd|th)?,?\s\d{{4}}"
    r"|\d{1,2}\s?[./-]\s?\d{1,2}\s?[./-]\s?(?:\d{4}|\d{2})|\d{4}[./-]\d{1,2}[./-]\d{1,2})\b",
    re.IGNORECASE,
)
_BORN_REACH = 60
_SCHOOL_WORD = re.compile(
    r"\b(?:School|Academy|College|University|Gymnasium|Lyceum|Kindergarten|Nursery|Preschool|Seminary"
    r"|Conservatory|Sixth\sForm|Institute\sof\sTechnology|Polytechnic)s?\b"
)
_SCHOOL_WORDS = (
    *("School", "Academy", "College", "University", "Gymnasium", "Lyceum", "Kindergarten", "Nursery"),
    *("Seminary", "Preschool", "Conservatory", "Sixth", "Technology", "Polytechnic"),
)
_SMALL = r"(?:(?:of|and|&|de|the|at)\s)?"
_BEFORE_SCHOOL = re.compile(rf"(?<![\w.])(?:{_CAP},?\s{_SMALL}){{1,5}}$")
_AFTER_SCHOOL = re.compile(
    rf",?\s(?:of|at|in|for)(?:\sthe)?\s{_CAP}(?:,?\s(?:(?:and|of|at)\s)?{_CAP}){{0,5}}"
)
_FOREIGN_SCHOOL = re.compile(
    r"\b(?:Universidad|Universität|Université|Università|Universidade|Universiteit|Hochschule|Lycée|Collège"
    r"|École|Escuela|Colegio|Instituto|Gymnasium)"
    rf"\s(?:(?:de|del|di|du|la|da|für|van)\s)*{_CAP}(?:\s{_CAP}){{0,4}}"
)
_FOREIGN_SCHOOLS = ("Universi", "Hochschule", "Lycée", "Collège", "École", "Escuela", "Colegio", "Instituto")
_CAMPUS = re.compile(
    rf"\bU[CT]\s{_CAP}(?:\s(?:Diego|Barbara|Cruz|Angeles|Antonio))?|\b(?:MIT|UCLA|ETH|KTH|UCL|LSE|NYU)\b"
)
_CAMPUSES = ("UC ", "UT ", "MIT", "UCLA", "ETH", "KTH", "UCL", "LSE", "NYU")
# Words before or behind "School" that name no school.
_KINDS_OF_SCHOOL = frozenset(
    [
        *("high", "middle", "elementary", "primary", "secondary", "public", "private", "summer", "sunday"),
        *("boarding", "grammar", "junior", "senior", "nursery", "infant", "special", "regular", "charter"),
        *("vocational", "alternative", "standard", "graduate", "medical", "law", "business", "medicine"),
        *("local", "national", "state", "district", "community", "united", "states", "york", "questions"),
        *("the", "a", "an", "our", "your", "their", "my", "his", "her", "this", "that", "each", "every"),
        *("any", "all", "some", "most", "other", "both", "with", "by", "what", "how", "when", "if", "or"),
        *("in", "at", "of", "from", "and", "to", "for", "on", "no", "not", "is", "as", "overall", "average"),
        *("during", "school", "schools", "academy", "college", "colleges", "university", "universities"),
        *("participating", "s", "t", "y"),
    ]
)
_WINDOW = 90
_FOREIGN_REACH = 6


def find_addresses(sheet: Sheet) -> Iterator[Hit]:
    """Find streets with what follows of a postal address, and post boxes."""
    if not _STREETS.isdisjoint(sheet.vocabulary):
        yield from _find_streets(sheet)
    yield from _find_foreign(sheet)
    yield from _find_towns(sheet)
    text = sheet.text
    if "Box" in text or "BOX" in text or "Postfach" in text:
        for found in _BOX.finditer(text):
            yield _make_address(sheet, *found.span(), "post box", 85)


def _find_streets(sheet: Sheet) -> Iterator[Hit]:
    text, reached = sheet.text, 0
    for street in _STREET_WORD.finditer(text):
        window = max(reached, street.start() - _WINDOW)
        before = text[window : street.start()]
        rule, confidence = "street with number", 80
        found = _BEFORE_STREET.search(before)
        if not found and street[0].startswith(_PLAIN_STREETS):
            rule, confidence = "street without number", 40
            found = _BARE_STREET.search(before)
        if found:
            reached = street.end()
            yield _make_address(sheet, window + found.start(), street.end(), rule, confidence)


def _find_foreign(sheet: Sheet) -> Iterator[Hit]:
    words = sheet.words
    for at, _ in sheet.numbered:
        first = max(0, at - _FOREIGN_REACH)
        before, after = words[first:at], words[at + 1 : at + 2]
        ending = bool(before) and before[-1].endswith(_ENDINGS)
        if ending or not _FOREIGN_WORDS.isdisjoint(before) or not _FOREIGN_WORDS.isdisjoint(after):
            end = sheet.offsets[at] + len(words[at])
            for found in _FOREIGN.finditer(sheet.text, sheet.offsets[first], end + _WINDOW):
                if found.start() <= end:
                    yield _make_address(sheet, *found.span(), "street with number, not English", 75)


def _find_towns(sheet: Sheet) -> Iterator[Hit]:
    text = sheet.text
    for comma in _NUMBER_COMMA.finditer(text):
        window = max(0, comma.start() - _WINDOW // 2)
        street = _BEFORE_NUMBER.search(text[window : comma.start()])
        if street and (town := _TOWN.match(text, comma.end())):
            # What ends in a year is a reference sooner than an address.
            confidence = 35 if _YEAR.fullmatch(town[1]) else 65
            first, last = sheet.find_words(window + street.start(), town.end())
            yield Hit(first, last, "address", "street, town and postcode", confidence)


def _make_address(sheet: Sheet, start: int, end: int, rule: str, confidence: int) -> Hit:
    rest = _ADDRESS_REST.match(sheet.text, end)
    return Hit(*sheet.find_words(start, rest.end() if rest else end), "address", rule, confidence)


def find_birth_dates(sheet: Sheet) -> Iterator[Hit]:
    """Find a date behind a word for birth, within `_BORN_REACH` characters."""
    text = sheet.text
    small = text.lower()
    if not any(word in small for word in _BORN_WORDS):
        return
    for word in _BORN.finditer(text):
        if date := _DATE.search(text, word.end(), word.end() + _BORN_REACH):
            yield Hit(*sheet.find_words(*date.span()), "birth-date", "date near a word for birth", 88)


def find_schools(sheet: Sheet) -> Iterator[Hit]:
    """Find the names of schools and universities: X School, School of X, and their like."""
    text = sheet.text
    if any(word in text for word in _SCHOOL_WORDS):
        for word in _SCHOOL_WORD.finditer(text):
            window = max(0, word.start() - _WINDOW)
            before = _BEFORE_SCHOOL.search(text[window : word.start()])
            after = _AFTER_SCHOOL.match(text, word.end())
            start = window + before.start() if before else word.start()
            end = after.end() if after else word.end()
            names = re.findall(r"\w+", text[start:end].lower())
            if any(name not in _KINDS_OF_SCHOOL for name in names):
                yield Hit(*sheet.find_words(start, end), "school", "name of a school", 65)
    if any(word in text for word in _FOREIGN_SCHOOLS):
        for found in _FOREIGN_SCHOOL.finditer(text):
            yield Hit(*sheet.find_words(*found.span()), "school", "name of a school, not English", 65)
    if any(word in text for word in _CAMPUSES):
        for found in _CAMPUS.finditer(text):
            yield Hit(*sheet.find_words(*found.span()), "school", "short name of a university", 55)
