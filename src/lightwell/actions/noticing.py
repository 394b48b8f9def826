"""What is new for followers: noticed once, numbered, and read through the gate when it is sent.

Nothing announces a change here: changes are what `actions/chronicle` says, and what it says for the first
time gets a number. Openings get one too, because a search is followed by the pages that were opened since.
Only ids are kept. What they stand for is read again whenever something is sent, so that what was hidden,
taken out of view or removed in between is not there any more.
"""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

from django.db import transaction
from django.db.models import Max

from lightwell.actions import chronicle, overview, search
from lightwell.actions.chronicle import Change
from lightwell.actions.overview import Overview
from lightwell.actions.topics import TOPICS
from lightwell.base import errors
from lightwell.db import claims
from lightwell.db.models import Noticed, Opening
from lightwell.files import finder, index, lookup
from lightwell.files.state import State

KINDS = ("everything", "company", "service", "topic", "study", "revisions", "search")
MOST_HITS = 1000
_MOST_SEARCH_CHARACTERS = 1500
_BATCH = 500


@dataclass(frozen=True, slots=True)
class Subject:
    """One thing that can be followed; `value` is an id, of a search its parameters as in an address."""

    kind: str
    value: str = ""

    @property
    def parameters(self) -> str:
        """The subject as a page of the site asks for it: what and of."""
        return urllib.parse.urlencode({"what": self.kind} | ({"of": self.value} if self.value else {}))


@dataclass(frozen=True, slots=True)
class News:
    """A change with the number under which it was noticed."""

    number: int
    change: Change


def parse_subject(picture: Overview, kind: str, value: str) -> Subject:
    """Read what somebody wants to follow; `UserMistake` for what is not here."""
    known: Iterable[str]
    match kind:
        case "everything" | "revisions":
            known = ("",)
        case "company":
            known = [each.slug for each in picture.providers]
        case "service":
            known = [service.id for each in picture.providers for service in each.services]
        case "topic":
            known = TOPICS
        case "study":
            known = [each.id for each in picture.studies]
        case "search":
            return Subject("search", _normalise_search(value))
        case _:
            raise errors.UserMistake(f"what is followed is one of: {', '.join(KINDS)}", place="what")
    if value not in known:
        raise errors.UserMistake("what you want to follow is not here", place="of")
    return Subject(kind, value)


def name_subject(picture: Overview, subject: Subject) -> str:
    """Name a subject in public words, by what the archive shows now."""
    match subject.kind:
        case "everything":
            return "everything that changes"
        case "revisions":
            return "every figure that was revised"
        case "company":
            found = picture.find_provider(subject.value)
            return f"the company {found.name}" if found else "a company that nothing here names any more"
        case "service":
            services = [service for each in picture.providers for service in each.services]
            name = next((each.name for each in services if each.id == subject.value), None)
            return f"the service {name}" if name else "a service that nothing here names any more"
        case "topic":
            return f"the topic {subject.value.replace('-', ' ')}"
        case "study":
            study = picture.find_study(subject.value)
            title = study.record.body.get("title") if study and study.record else None
            return f"the study {title or subject.value}"
        case _:
            query, _ = read_search(subject.value)
            rest = [f"{name} {each}" for name, each in urllib.parse.parse_qsl(subject.value) if name != "q"]
            return f"the search {', '.join([f'“{query}”'] * bool(query) + rest)}"


def concerns(change: Change, subject: Subject) -> bool:
    """Answer whether a change is about a subject; a search is asked, not compared."""
    match subject.kind:
        case "everything":
            return True
        case "revisions":
            return change.label == chronicle.REVISED
        case "company":
            return change.provider == subject.value
        case "service":
            return subject.value in change.services
        case "topic":
            return subject.value in change.topics
        case "study":
            return change.study == subject.value
        case _:
            return False


def read_search(value: str) -> tuple[str, finder.Filters]:
    """Read the words and filters of a search from its parameters; unknown names are left out."""
    read = urllib.parse.parse_qs(value)
    single: dict[str, Any] = {name: read[name][-1][:10] for name in ("since", "until") if name in read}
    ticked: dict[str, Any] = {
        each.name: tuple(read[each.name][:20])
        for each in fields(finder.Filters)
        if each.name in read and each.name not in ("since", "until")
    }
    return read.get("q", [""])[-1], finder.Filters(**ticked, **single)


def list_changes(picture: Overview) -> dict[str, Change]:
    """List every change there is by its id; made once for each state of the archive."""
    with _lock:
        if _kept.get("picture") is not picture:
            everything = chronicle.list_changes(picture, limit=_ALL)
            _kept.clear()
            _kept.update(picture=picture, changes={each.id: each for each in everything})
        kept: dict[str, Change] = _kept["changes"]
        return kept


def notice(state: State) -> int:
    """Give a number to whatever is new, and return the newest number there is.

    A crash here leaves all of it without a number, which the next call gives.
    """
    picture = overview.read_overview(state)
    stamp = index.open_folder(state.index).read_stamp() or 0
    same = _noticed.get("picture") is picture and _noticed.get("stamp") == stamp
    if not same or not Noticed.objects.exists():
        changes = list_changes(picture)
        with transaction.atomic():
            # One after the other: a number that is committed later than a higher one would be passed over.
            claims.wait("noticing")
            _number(changes, stamp)
        _noticed.update(picture=picture, stamp=stamp)
    return read_newest()


def _number(changes: dict[str, Change], stamp: int) -> None:
    known = set(Noticed.objects.values_list("change", flat=True))
    # In the order in which things happened, so that a reader of the cursor meets them so.
    new = sorted((each for name, each in changes.items() if name not in known), key=lambda e: (e.at, e.id))
    last = Noticed.objects.aggregate(last=Max("opening"))["last"]
    openings = Opening.objects.filter(log_index__lt=stamp, log_index__gt=-1 if last is None else last)
    rows = [Noticed(change=each.id) for each in new]
    rows += [
        Noticed(change=f"opening-{place}", opening=place)
        for place in openings.order_by("log_index").values_list("log_index", flat=True)
    ]
    Noticed.objects.bulk_create(rows, batch_size=_BATCH)


def read_newest() -> int:
    """Read the newest number that was given; 0 before there is any."""
    return Noticed.objects.aggregate(last=Max("number"))["last"] or 0


def gather(state: State, subject: Subject, after: int, until: int) -> list[News]:
    """Gather what was noticed past `after` up to `until` about a subject and may be shown, oldest first."""
    picture = overview.read_overview(state)
    rows = Noticed.objects.filter(number__gt=after, number__lte=until).order_by("number")
    if subject.kind != "search":
        changes = list_changes(picture)
        numbered = [(number, changes.get(name)) for number, name in rows.values_list("number", "change")]
        return [
            News(number, change)
            for number, change in numbered
            if change is not None and change.in_view and concerns(change, subject)
        ]
    openings = dict(rows.filter(opening__isnull=False).values_list("opening", "number"))
    if not openings:
        return []
    query, filters = read_search(subject.value)
    try:
        pages = search.list_since(state, query, filters, min(openings), most=MOST_HITS)
    except errors.UserMistake:
        return []  # a search of an earlier version that is none any more keeps nobody else from news
    found = [News(openings[each.opening], describe_hit(each)) for each in pages if each.opening in openings]
    return sorted(found, key=lambda each: (each.number, each.change.id))


def describe_hit(page: search.FoundPage) -> Change:
    """Describe a page that a search meets as a change: where it is, and none of its words.

    What left by mail or webhook cannot be called back when a page has to be taken out of view.
    """
    return Change(
        page.id,
        page.opened_at,
        "Fits your search",
        f"{page.title or page.study}, page {page.page}",
        f"Published by {page.company_name}" if page.company_name else "Published",
        ("page", f"{page.study}/{page.item}/{page.page}"),
        page.company,
        page.study,
    )


def forget() -> None:
    """Forget what was listed; for tests that change a database by hand."""
    _kept.clear()
    _noticed.clear()


def _normalise_search(value: str) -> str:
    known = ["q", *(each.name for each in fields(finder.Filters))]
    read = urllib.parse.parse_qs(value[:_MOST_SEARCH_CHARACTERS])
    pairs = [
        (name, each.strip()) for name in known for each in sorted(read.get(name, []))[:20] if each.strip()
    ]
    made = urllib.parse.urlencode(pairs)
    if not made:
        raise errors.UserMistake("a search that is followed has words or filters", place="of")
    query, _ = read_search(made)
    lookup.parse_lookup(query)
    return made


_ALL = 10**9
_lock = threading.Lock()
_kept: dict[str, Any] = {}
_noticed: dict[str, Any] = {}
