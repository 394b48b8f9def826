"""The language of the search box: what somebody typed becomes a lookup, or sentences about what is wrong.

    sleep night            pages with both words, in any form (sleeping, nights)
    "sleep at night"       these words in this order, as written
    sleep*                 words that begin so
    -survey                pages without the word
    sleep OR rest          either
    title:diary            in the document's title; also company: service: topic: kind: language: study:
    year:2019  year:2015..2021

Everything else is a word. No index is needed here; `files/finder` asks one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lightwell.base import errors

MAX_LENGTH = 500
MAX_PARTS = 40
MAX_HITS = 100  # on one page of a list of hits
MIN_PREFIX = 2
FIELDS = ("title", "company", "service", "topic", "kind", "language", "study", "year")

_FIRST_YEAR, _LAST_YEAR = 1900, 2100
# What telephones and word processors make of a quotation mark.
_QUOTES = str.maketrans(dict.fromkeys("“”„‟«»＂", '"'))
_TOKEN = re.compile(
    r"(?P<minus>-(?=[^\s-]))?(?:(?P<field>[A-Za-z]+):(?!//))?"
    r'(?:"(?P<quoted>[^"]*)(?P<end>"?)|(?P<bare>[^\s"]+))|(?P<lost>\S)'
)
_YEARS = re.compile(r"(\d{4})(?:(?:\.\.|-|–)(\d{4}))?")
_LETTER = re.compile(r"[^\W_]")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing to look for. `field` is empty for the words of a page.

    `quoted` asks for the words as written and in order, `prefix` lets the last one go on.
    `years` stands for the value of `year:`, first and last.
    """

    text: str
    field: str = ""
    quoted: bool = False
    prefix: bool = False
    years: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition: any of the parts, or none of them when it is negated."""

    parts: tuple[Part, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Lookup:
    """A search text, read: every clause must hold."""

    clauses: tuple[Clause, ...] = ()


def parse_lookup(text: str) -> Lookup:
    """Read what somebody typed; an empty text looks for every page.

    Raises `UserMistake` with every problem, and nothing else, whatever the text is.
    """
    if len(text) > MAX_LENGTH:
        raise errors.UserMistake(
            f"The search has {len(text)} characters; {MAX_LENGTH} are allowed. Look for fewer words."
        )
    problems: list[errors.Problem] = []
    clauses: list[Clause] = []
    joins = False
    matches = list(_TOKEN.finditer(text.translate(_QUOTES).replace("\x00", " ")))
    for match in matches:
        if match["bare"] in ("OR", "AND") and not match["minus"] and not match["field"]:
            joins = match["bare"] == "OR" and bool(clauses)
            continue
        part = _read_part(match, problems)
        if part is None:
            continue
        negated = match["minus"] is not None
        if joins and not negated and not clauses[-1].negated:
            clauses[-1] = Clause((*clauses[-1].parts, part))
        else:
            clauses.append(Clause((part,), negated))
        joins = False
    if sum(len(clause.parts) for clause in clauses) > MAX_PARTS:
        problems.append(errors.Problem("", f"The search has more than {MAX_PARTS} words; look for fewer."))
    if not clauses and matches and not problems:
        problems.append(errors.Problem("", "The search has no letters or digits; type a word to look for."))
    if problems:
        raise errors.UserMistake(problems=problems)
    return Lookup(tuple(clauses))


def _read_part(match: re.Match[str], problems: list[errors.Problem]) -> Part | None:
    """Read one token; None for one without a letter or digit, such as a lone dash."""
    if match["lost"]:
        return None
    field, quoted = match["field"] or "", match["quoted"] is not None
    text = match["quoted"] if quoted else match["bare"]
    if quoted and not match["end"]:
        problems.append(
            errors.Problem(
                "", f'The phrase "{text.strip()} has no end; put a quotation mark after its last word.'
            )
        )
        return None
    if field and field.lower() not in FIELDS:
        if not quoted:
            # "Note:see", "C:drive": people paste text; only the page decides whether it is there.
            return _read_words(f"{field}:{text}", "", False, problems)
        names = ", ".join(f"{name}:" for name in FIELDS)
        problems.append(errors.Problem("", f"There is no field {field}: here. The fields are {names}"))
        return None
    if field.lower() == "year":
        return _read_years(text, problems)
    return _read_words(text, field.lower(), quoted, problems)


def _read_words(text: str, field: str, quoted: bool, problems: list[errors.Problem]) -> Part | None:
    text = text.strip()
    stem = text.rstrip("*")
    prefix = stem != text
    if "*" in stem and _LETTER.search(stem):
        problems.append(errors.Problem("", f"{text}: the star works only at the end of a word, as in sleep*"))
        return None
    if not _LETTER.search(stem):
        if field or prefix:
            problems.append(
                errors.Problem("", f"{match_name(field)}{text}: put a word before or after this.")
            )
        return None
    last = re.split(r"[\W_]+", stem.rstrip())[-1]
    if prefix and len(last) < MIN_PREFIX:
        problems.append(
            errors.Problem("", f"{text}: put at least {MIN_PREFIX} letters before the star, as in sleep*")
        )
        return None
    return Part(stem, field, quoted, prefix)


def match_name(field: str) -> str:
    """Name a field as people type it."""
    return f"{field}:" if field else ""


def _read_years(text: str, problems: list[errors.Problem]) -> Part | None:
    found = _YEARS.fullmatch(text.strip())
    first = int(found[1]) if found else 0
    last = int(found[2] or found[1]) if found else 0
    if not _FIRST_YEAR <= first <= last <= _LAST_YEAR:
        problems.append(
            errors.Problem(
                "",
                f"year:{text} is no year; write year:2019, or year:2015..2021 from the earlier to the later.",
            )
        )
        return None
    return Part(text.strip(), "year", years=(first, last))
