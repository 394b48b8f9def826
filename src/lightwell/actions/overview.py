"""What the whole archive looks like to the public right now: one picture, made once per state of the log.

Every page that counts something reads it from here, so that two pages never disagree. It is made
anew when the log has grown or was confirmed, or a new day has begun. Every date in it is the time that counts
(`actions/moments`), never the writer's own. Titles of documents are in it only once they are named
and in view.
"""

from __future__ import annotations

import datetime
import functools
import threading
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import connection

from lightwell.actions import accounts, log, moments, parties, records
from lightwell.actions.accounts import Account
from lightwell.archive import completeness, entry, logbook, promise, rules
from lightwell.archive import register as challenge_register
from lightwell.base import disclosure
from lightwell.db.models import (
    Disclosure,
    Holding,
    Item,
    LogEntry,
    PastName,
    Provider,
    Service,
    Study,
    Suspension,
)
from lightwell.files.state import State, open_state


@dataclass(frozen=True, slots=True)
class Reason:
    """Why pages are out of view: a ground, which role decided, since when and until when.

    `page` None means the whole document. What was taken out of view at once has no date on which it is looked
    at again, and `until` is None.
    """

    page: int | None
    ground: str
    decided_by: str
    since: datetime.date | None
    until: datetime.date | None
    suspended: bool = False


@dataclass(frozen=True, slots=True)
class Document:
    """One document of an inventory as the public may see it."""

    study: str
    number: int
    inventory: int
    kind: str
    title: str | None
    date: str
    pages: int | None
    pages_open: int
    pages_redacted: int
    state: str
    due: datetime.date
    strict_days: int
    generous_days: int
    extensions: int
    disputed: bool
    account: Account
    reasons: tuple[Reason, ...]
    log_index: int
    # What keeps it from being read, as the name of a state, beside the state itself; None when nothing does.
    stopped: str | None = None
    # Days since something of it that is held back should have been looked at again.
    review_days: int = 0

    @property
    def late(self) -> bool:
        """Whether it is past its promised date and was never accounted for, whatever else became of it."""
        return self.state == "overdue"

    @property
    def decisions(self) -> list[Reason]:
        """The decisions that keep something of it out of view, one each, however many pages it covers."""
        return list({(each.since, each.decided_by): each for each in self.reasons}.values())

    @property
    def review(self) -> datetime.date | None:
        """The first day on which something held back is looked at again; None when none is stated."""
        return min((each.until for each in self.reasons if each.until), default=None)


@dataclass(frozen=True, slots=True)
class StudyView:
    """A registered study with its documents; `record` is the newest visible version of its words."""

    id: str
    provider: str
    in_advance: bool
    registered_at: datetime.datetime
    record: disclosure.Disclosure | None
    own: bool
    documents: tuple[Document, ...]
    account: Account
    in_full: bool
    states: dict[str, int]
    # What auditors say who drew pages again: the day, and the counts of the entry.
    audits: tuple[tuple[datetime.date, logbook.Audit], ...]
    # What the study itself promised, when nothing of it was locked in by then.
    broken: promise.BrokenPromise | None = None

    @property
    def late(self) -> tuple[Document, ...]:
        """The documents that are late, in the order of their numbers."""
        return tuple(each for each in self.documents if each.late)

    @property
    def last_due(self) -> datetime.date | None:
        """The last date that the study's own words promise."""
        return promise.read_last_due(self.record.body) if self.record else None

    @property
    def postponed(self) -> tuple[Document, ...]:
        """The documents that were locked in for a day after `last_due`, not counting a date moved by law."""
        last = self.last_due
        return tuple(each for each in self.documents if last and each.due > last and not each.extensions)

    @property
    def shortfalls(self) -> list[tuple[str, int]]:
        """Why "in full" is not said: each state that forbids it, with its number of documents."""
        return [(state, n) for state, n in self.states.items() if n and state in completeness.NOT_IN_FULL]

    @property
    def days_late(self) -> int:
        """The longest wait for anything it promised, in days; 0 when nothing is late."""
        broken = self.broken.lateness.strict_days if self.broken else 0
        return max(broken, *(each.strict_days for each in self.late), 0)


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider, what it put here itself and what others put here about it."""

    slug: str
    name: str
    joined: bool
    sample: bool
    services: tuple[disclosure.Party, ...]
    studies: tuple[StudyView, ...]
    past_names: tuple[tuple[str, datetime.date], ...]
    own_records: tuple[disclosure.Disclosure, ...]
    other_records: tuple[disclosure.Disclosure, ...]
    account: Account
    other_account: Account

    @property
    def own_studies(self) -> tuple[StudyView, ...]:
        """The studies that count as the company's own answer, not those that others put here about it."""
        return tuple(each for each in self.studies if each.own)

    def list_own(self, kind: str) -> list[disclosure.Disclosure]:
        """List the newest versions of one kind that count as the company's own answer."""
        return [each for each in self.own_records if each.kind == kind]


@dataclass(frozen=True, slots=True)
class Overview:
    """The picture. `size` is the number of log entries it was made from, `day` the day it was judged on."""

    size: int
    day: datetime.date
    providers: tuple[ProviderView, ...]
    replies: dict[str, tuple[disclosure.Disclosure, ...]] = field(default_factory=dict)
    # When each version of a record was put here, by id and version, as the log and its witnesses bound it.
    put_here: dict[tuple[str, int], datetime.date] = field(default_factory=dict)
    # What was asked of companies about papers that somebody holds, in the order of the log.
    challenges: tuple[challenge_register.Standing, ...] = ()

    def find_provider(self, slug: str) -> ProviderView | None:
        """Find a company by its short id; None when nobody has put anything about it here."""
        return next((each for each in self.providers if each.slug == slug), None)

    def find_challenge(self, name: str) -> challenge_register.Standing | None:
        """Find a challenge by its id; None for any other text."""
        return next((each for each in self.challenges if each.id == name), None)

    def list_late_challenges(self, company: str = "") -> list[challenge_register.Standing]:
        """List the challenges that nobody answered in time, of every company or one, the latest first."""
        late = [each for each in self.challenges if each.late and company in ("", each.provider)]
        return sorted(late, key=lambda each: (-each.days_late, each.id))

    def find_study(self, study: str) -> StudyView | None:
        """Find a registered study by its id; None for any other text."""
        return next((each for each in self.studies if each.id == study), None)

    @property
    def studies(self) -> list[StudyView]:
        """Every registered study, company by company; each stands with exactly one company."""
        return [study for provider in self.providers for study in provider.studies]


_lock = threading.Lock()
_kept: dict[tuple[object, ...], Overview] = {}


def read_overview(state: State) -> Overview:
    """Return the picture as of now; made at most once for each size of the log and day."""
    day = state.read_now().date()
    stamp = (
        connection.settings_dict["NAME"],
        str(state.root),
        log.count_entries(),
        Provider.objects.count(),
        PastName.objects.count(),
        moments.read_stamp(),
        day,
    )
    if stamp not in _kept:
        with _lock:
            if stamp not in _kept:
                made = make_overview(log.count_entries(), day)
                _kept.clear()
                _kept[stamp] = made
    return _kept[stamp]


def forget() -> None:
    """Forget the picture; for tests that change a database by hand."""
    _kept.clear()


def make_overview(size: int, day: datetime.date) -> Overview:
    """Make the picture from the first `size` entries of the log and the rows beside it."""
    rows = LogEntry.objects.filter(index__lt=size).order_by("index").values_list("data", flat=True)
    entries = [bytes(each) for each in rows]
    find_time = moments.make_finder(open_state())
    gaps = completeness.compute_gaps(entry.read_events(entries, find_time), day, rules.FIRST_RULES)
    documents = _read_documents(gaps, day, find_time, entries)
    promises = _read_promises(day, find_time)
    newest = [row.read_record() for row in records.list_newest()]
    words = {each.id: each for each in newest if each.kind == "study"}
    audits = _read_audits(entries, find_time)
    studies = [
        _view_study(
            row,
            find_time(row.log_index, row.registered_at),
            words.get(row.id),
            documents[row.id],
            tuple(audits[row.id]),
            promise.find_broken(promises.get(row.id), [gap.item for _, gap in documents[row.id]], day),
        )
        for row in Study.objects.order_by("log_index")
    ]
    gap_rows: dict[str, list[completeness.Gap]] = defaultdict(list)
    for gap in gaps:
        gap_rows[gap.item.study].append(gap)
    services: dict[str, list[disclosure.Party]] = defaultdict(list)
    for service in Service.objects.order_by("name"):
        services[service.provider_id].append(disclosure.Party(service.slug, service.name))
    about: dict[str, list[disclosure.Disclosure]] = defaultdict(list)
    for each in newest:
        if each.about:
            about[each.about.id].append(each)
    providers = [
        _view_provider(row, tuple(services[row.slug]), studies, newest)
        for row in Provider.objects.visible().order_by("name")
        if row.joined or not _only_counts(row.slug, newest)
    ]
    put_here = {
        (record, version): find_time(index, at).date()
        for record, version, index, at in Disclosure.objects.values_list(
            "record", "version", "log_index", "published_at"
        )
    }
    replies = {key: tuple(value) for key, value in about.items()}
    asked = challenge_register.read_register(entries)
    # Whose a study is does not change with what was removed since.
    owners = {
        record: provider if (role, publisher) == ("provider", provider) else ""
        for record, provider, publisher, role in Disclosure.objects.filter(
            kind="study", version=1
        ).values_list("record", "provider", "publisher", "publisher_role")
    }
    standings = challenge_register.judge_challenges(asked, day, find_time, owners)
    return Overview(size, day, tuple(providers), replies, put_here, tuple(standings))


def _only_counts(slug: str, newest: Iterable[disclosure.Disclosure]) -> bool:
    """Answer whether somebody is here only as one who counts what companies do, such as a clearing house."""
    told_by = [each.body.get("told_by", "company") for each in newest if each.provider.id == slug]
    return bool(told_by) and "company" not in told_by


def _view_provider(
    row: Provider,
    services: tuple[disclosure.Party, ...],
    studies: Iterable[StudyView],
    newest: Iterable[disclosure.Disclosure],
) -> ProviderView:
    theirs = tuple(each for each in studies if each.provider == row.slug)
    about = [each for each in newest if each.provider.id == row.slug]
    return ProviderView(
        row.slug,
        row.name,
        row.joined,
        row.sample,
        services,
        theirs,
        tuple((each.name, each.until) for each in parties.list_past_names(row.slug)),
        tuple(each for each in about if disclosure.counts_as_answer(each)),
        tuple(each for each in about if not disclosure.counts_as_answer(each)),
        accounts.add_up(each.account for each in theirs if each.own),
        accounts.add_up(each.account for each in theirs if not each.own),
    )


def _view_study(
    row: Study,
    registered_at: datetime.datetime,
    record: disclosure.Disclosure | None,
    documents: list[tuple[Document, completeness.Gap]],
    audits: tuple[tuple[datetime.date, logbook.Audit], ...],
    broken: promise.BrokenPromise | None,
) -> StudyView:
    gaps = [gap for _, gap in documents]
    shown = tuple(document for document, _ in documents)
    return StudyView(
        row.id,
        row.provider_id,
        row.in_advance,
        registered_at,
        record,
        record is not None and disclosure.counts_as_answer(record),
        shown,
        accounts.add_up(each.account for each in shown),
        completeness.is_in_full(gaps),
        completeness.count_states(gaps),
        audits,
        broken,
    )


def _read_audits(
    entries: Sequence[bytes], find_time: moments.Finder
) -> defaultdict[str, list[tuple[datetime.date, logbook.Audit]]]:
    found: defaultdict[str, list[tuple[datetime.date, logbook.Audit]]] = defaultdict(list)
    for index, data in enumerate(entries):
        if b'"type":"audit"' in data:
            value = entry.decode_entry(index, data)
            day = find_time(index, entry.read_time(value)).date()
            found[value["study"]].append((day, logbook.read_audit(index, value)))
    return found


def _read_promises(day: datetime.date, find_time: moments.Finder) -> dict[str, datetime.date | None]:
    """Read what each study promised, also from versions that were removed since, unless they were erased."""
    versions: dict[str, list[tuple[datetime.date, datetime.date | None]]] = defaultdict(list)
    rows = Disclosure.objects.filter(kind="study", data__isnull=False).order_by("record", "version")
    for row in rows:
        made = find_time(row.log_index, row.published_at).date()
        versions[row.record].append((made, promise.read_due(row.read_record().body)))
    return {study: promise.follow_due(each, day) for study, each in versions.items()}


def _read_documents(
    gaps: Iterable[completeness.Gap],
    day: datetime.date,
    find_time: moments.Finder,
    entries: Sequence[bytes],
) -> dict[str, list[tuple[Document, completeness.Gap]]]:
    items = {
        (item.study_id, item.number): item
        for item in Item.objects.filter(inventory__isnull=False).select_related("inventory")
    }

    @functools.cache
    def read_decision(index: int) -> tuple[datetime.date | None, str]:
        if index >= len(entries):  # decided while this picture is made; the next one dates it by the log
            return day, ""
        value = entry.decode_entry(index, entries[index])
        if "at" not in value:
            return None, ""
        return find_time(index, entry.read_time(value)).date(), str(value.get("decided_by", ""))

    reasons: dict[int, list[Reason]] = defaultdict(list)
    for held in Holding.objects.filter(lifted_at=None).order_by("page"):
        since, _ = read_decision(held.log_index)
        reasons[held.item_id].append(Reason(held.page, held.ground, held.decided_by, since, held.review))
    stopped: dict[int, list[int | None]] = defaultdict(list)
    for stop in Suspension.objects.filter(restored_at=None):
        stopped[stop.item_id].append(stop.page)
        since, role = read_decision(stop.log_index)
        reasons[stop.item_id].append(Reason(stop.page, stop.ground, role, since, None, suspended=True))
    found: dict[str, list[tuple[Document, completeness.Gap]]] = defaultdict(list)
    for gap in gaps:
        item = items.get((gap.item.study, gap.item.number))
        if item is None:
            # A document of which only the log speaks: removed from the database by hand. It keeps its place.
            found[gap.item.study].append((_make_lost(gap), gap))
            continue
        pages = stopped.get(item.id, [])
        whole = None in pages or not pages
        suspended = None if whole else len(set(pages))
        account = accounts.account_item(gap, suspended)
        found[gap.item.study].append(
            (_view_document(item, gap, account, tuple(reasons[item.id]), whole, day), gap)
        )
    return found


def _view_document(
    item: Item,
    gap: completeness.Gap,
    account: Account,
    reasons: tuple[Reason, ...],
    whole: bool,
    day: datetime.date,
) -> Document:
    # A title can name the very child for whom the document was taken out of view: it goes as well.
    stopped = gap.item.stopped
    shows_title = item.named and gap.state != "withheld" and stopped != "erased-by-law"
    shows_title = shows_title and not (stopped == "suspended" and whole)
    reviews = [completeness.count_days_past(each.until, day) for each in reasons]
    return Document(
        gap.item.study,
        gap.item.number,
        item.inventory.number,
        item.kind,
        item.title if shows_title else None,
        item.date if shows_title else "",
        gap.item.pages,
        account.published + account.hidden,
        account.hidden,
        gap.state,
        gap.item.due,
        gap.lateness.strict_days,
        gap.lateness.generous_days,
        gap.item.extensions,
        "dispute" in gap.item.marks,
        account,
        reasons,
        item.log_index,
        stopped,
        max(gap.find_overdue_review(day), *reviews, 0),
    )


def _make_lost(gap: completeness.Gap) -> Document:
    account = accounts.account_item(gap)
    return Document(
        gap.item.study,
        gap.item.number,
        0,
        "unknown",
        None,
        "",
        gap.item.pages,
        0,
        0,
        gap.state,
        gap.item.due,
        gap.lateness.strict_days,
        gap.lateness.generous_days,
        gap.item.extensions,
        "dispute" in gap.item.marks,
        account,
        (),
        -1,
        gap.item.stopped,
    )
