"""Detection on sealed pages: a roster, rules and name lists suggest what may have to be hidden.

What is found waits as suggestions for a person (`actions/redactions`). A roster is used and forgotten: it is
the list of everybody who must not be found, so no copy of it is kept here, not even encrypted; whoever looks
again hands it in again. What the detectors are worth is measured (`data/detection/figures.json`).
"""

from __future__ import annotations

import datetime
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.actions import organisations, patterns, redactions
from lightwell.archive import detection, finding, inventory, matcher, redaction, roster
from lightwell.base import errors
from lightwell.db.models import Person, Redaction, Study
from lightwell.files import data
from lightwell.files.state import State

# More pages than this take longer than a browser waits; the command takes them all.
MOST_PAGES_AT_ONCE = 3000
_PHONE_DIGITS = 7
# Pages of which a machine was less sure, in per cent, are named to whoever looks for names; so many of them.
LEAST_SURE = 80
_MOST_PLACES = 20


@dataclass(frozen=True, slots=True)
class Detected:
    """What a run of the detectors did: pages read, places found, those of them that are new suggestions.

    `doubts` are sentences about pages whose words may be missing or wrong, so that a person looks at them.
    """

    pages: int
    found: int
    new: int
    doubts: tuple[str, ...] = ()


def parse_roster(text: str) -> list[roster.Person]:
    """Read a roster as CSV; `UserMistake` with every problem by row and field."""
    return roster.parse_people(text, [each.id for each in redactions.list_grounds()])


def detect_study(
    *,
    state: State,
    actor: Person,
    study: Study,
    people: Collection[roster.Person] = (),
    items: Collection[int] = (),
    most_pages: int | None = None,
    now: datetime.datetime,
) -> Detected:
    """Look through sealed pages with every detector, and keep what they find as suggestions.

    What is proposed, hidden, suggested or dismissed already is not suggested again. Raises `Refused` as
    usual, `UserMistake` when there are more than `most_pages`.
    """
    organisations.check_owner(actor, "propose", organisations.find_owner(study.id))
    pages = patterns.count_pages(study, items)
    if most_pages is not None and pages > most_pages:
        raise errors.UserMistake(
            f"these are {pages:,} pages, and at most {most_pages:,} are looked through at once here; name "
            "fewer documents, or have it done on the machine of the archive: "
            f"lightwell redaction detect {study.id}"
        )
    shown_from = read_figures()["shown_from"]
    exact, lists = matcher.Matcher(people) if people else None, data.read_names()
    by_item: defaultdict[int, list[redactions.Suggestion]] = defaultdict(list)
    counted: Counter[str] = Counter()
    sure: dict[int, Mapping[int, int]] = {}
    unsure: list[str] = []
    wordless: list[str] = []
    for item, number, lines in patterns.iterate_lines(state, study, items):
        if number in inventory.parse_held_grounds(item.held_pages, item.ground):
            # Nothing of it is published, so there is nothing to decide.
            continue
        found = detection.detect(lines, exact, lists, page=number)
        counted["pages"] += 1
        place = f"document {item.number} page {number}"
        if item.number not in sure:
            sure[item.number] = redactions.read_sure(item)
        if not lines:
            wordless.append(place)
        elif (share := sure[item.number].get(number, 100)) < LEAST_SURE:
            unsure.append(f"{place} ({share} %)")
        for each in found:
            if each.is_exact or each.confidence >= shown_from:
                counted["found"] += 1
                by_item[item.number].append(
                    redactions.Suggestion(
                        number, list_places(each), each.ground, each.source[:80], each.confidence
                    )
                )
    hidden = redactions.list_hidden_words(study)
    for number, suggestions in by_item.items():
        fresh = [each for each in suggestions if not hidden[number, each.page].issuperset(each.words)]
        counted["new"] += redactions.keep_suggestions(
            item=redactions.find_item(study.id, number), suggestions=fresh, now=now
        )
    doubts = (
        (f"a machine was less than {LEAST_SURE} % sure of their words: ", unsure),
        ("no words were found on ", wordless),
    )
    told = tuple(f"{words}{_join_places(places)}; look at the pictures" for words, places in doubts if places)
    return Detected(counted["pages"], counted["found"], counted["new"], told)


def _join_places(places: Sequence[str]) -> str:
    more = len(places) - _MOST_PLACES
    return ", ".join(places[:_MOST_PLACES]) + (f" and {more:,} more" if more > 0 else "")


def find_values(
    *, state: State, actor: Person, study: Study, values: Mapping[int, str]
) -> dict[int, list[patterns.Hit]]:
    """Find every place where each of several values stands, in all its written forms.

    `values` and the answer are by any number of the caller's. Raises as `patterns.find_words`.
    """
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(study.id))
    finders = {
        number: matcher.Matcher(values=[(value, guess_kind(value), finding.DEFAULT_GROUND)])
        for number, value in values.items()
    }
    hits: dict[int, list[patterns.Hit]] = {number: [] for number in values}
    for item, page, lines in patterns.iterate_lines(state, study, ()):
        for number, finder in finders.items():
            for each in finding.merge(finder.find(lines, page)):
                places = list_places(each)
                context = redactions.show_context(lines, places)
                hits[number].append(patterns.Hit(item.number, page, places, context))
            if len(hits[number]) > patterns.MOST_HITS:
                raise errors.UserMistake(
                    f"this stands at more than {patterns.MOST_HITS:,} places; look for it by a pattern "
                    "in fewer documents"
                )
    return hits


def read_values(*, state: State, actor: Person, rows: Collection[Redaction]) -> dict[int, str]:
    """Read what stands in regions, by their numbers; those without words are left out."""
    values = {}
    for row in rows:
        found = redactions.read_page(state=state, actor=actor, item=row.item, number=row.page)
        texts = [found.lines[line][word].text for line, word in row.words]
        if value := " ".join(texts).strip(_EDGES):
            values[row.pk] = value
    return values


def guess_kind(value: str) -> str:
    """Guess what kind of value a person confirmed: written forms follow from it."""
    if "@" in value.strip("@"):
        return "email"
    if value.startswith("@"):
        return "handle"
    digits = sum(letter.isdigit() for letter in value)
    if digits >= _PHONE_DIGITS and not any(letter.isalpha() for letter in value):
        return "phone"
    return "id" if digits else "name"


def list_places(found: finding.Finding) -> tuple[redaction.Place, ...]:
    """List the words of a finding one by one."""
    return tuple((line, word) for line, first, last in found.words for word in range(first, last + 1))


def read_figures() -> dict[str, Any]:
    """Read what the detectors were measured to be worth, for whoever decides about suggestions."""
    return data.read_detection_figures()


# What stands around a value on a page and is no part of it.
_EDGES = " .,;:!?()[]{}\"'“”‘’"
