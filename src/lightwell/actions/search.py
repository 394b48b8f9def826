"""Search over open pages: keeping the index in step with the log, and asking it.

The index is derived: it says up to which size of the log it is up to date, and the log names every item
that changed since. Three things keep a hidden page from being found: it is dropped from the index; until that
is done, what the log or a suspension closes is left out of hits and counts; and every hit passes
`PublicPage.objects.visible()`, from whose text alone excerpts are made.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from django.db import connection
from django.db.models import OuterRef, QuerySet, Subquery

from lightwell.actions import log
from lightwell.base import canonical, errors
from lightwell.db.models import Disclosure, Item, LogEntry, Opening, PublicPage, Study, Suspension
from lightwell.files import excerpt, finder, index, lookup
from lightwell.files.state import State

Progress = Callable[[int, int, int], None]  # items done, items in all, pages done

# A place is the log's place of the opening with room for the page behind it.
_PAGE_BITS = 24
# Entries of these types can only close an item; until indexed, it is not found at all. Suspensions are rows.
_CLOSING = frozenset({"withholding", "erasure", "key-lost"})
_MAX_ROUNDS = 5
_PIECE = 50


@dataclass(frozen=True, slots=True)
class _Study:
    """What search needs of a study's newest visible version."""

    title: str = ""
    topics: tuple[str, ...] = ()
    services: tuple[tuple[str, str], ...] = ()
    language: str = ""


_UNKNOWN = _Study()


class Moment(NamedTuple):
    """The state of index and log: nothing that search remembers outlives the next log entry.

    Publishing, suspending, restoring and removing each append one inside their transaction.
    """

    state: str
    stamp: int
    size: int


@dataclass(frozen=True, slots=True)
class FoundPage:
    """One hit, with what its row of the list shows. `words` are (line, word) to mark on the picture."""

    study: str
    item: int
    page: int
    title: str
    study_title: str
    company: str
    company_name: str
    kind: str
    date: str
    language: str
    opened_at: datetime.datetime
    score: float
    excerpt: excerpt.Excerpt
    words: tuple[tuple[int, int], ...]
    opening: int  # the log's place of the opening that shows it

    @property
    def id(self) -> str:
        """The id of this hit as something that happened: another one when the page is opened again."""
        return f"e{self.opening}-p{self.page}"


@dataclass(frozen=True, slots=True)
class Found:
    """The hits of one screen, how many there are in all and by field, and the cursor of the next screen."""

    pages: tuple[FoundPage, ...]
    counts: finder.Counts
    next: str


def find_pages(
    state: State,
    query: str,
    filters: finder.Filters | None = None,
    cursor: str = "",
    *,
    limit: int = 10,
    newest: bool = False,
) -> Found:
    """Find open pages; `newest` orders by time of opening, as a feed needs it.

    Raises `UserMistake` with sentences for a search text or cursor that cannot be read, `CouldNotCheck`
    while there is no index.
    """
    wanted = lookup.parse_lookup(query)
    chosen = filters or finder.Filters()
    folder = index.open_folder(state.index)
    moment = Moment(folder.read_state(), folder.read_stamp() or 0, log.count_entries())
    without = list_closed(moment)
    counts = finder.count_hits(folder, wanted, chosen, without=without)
    found: list[tuple[finder.Hit, _Row]] = []
    more = True
    for _ in range(_MAX_ROUNDS):
        missing = limit + 1 - len(found)
        hits = finder.find_hits(
            folder, wanted, chosen, cursor=cursor, limit=missing, newest=newest, without=without
        )
        rows = _read_rows(hits)
        found += [(hit, rows[key]) for hit in hits if (key := (hit.study, hit.item, hit.page)) in rows]
        more = len(hits) == missing
        if not more or len(found) > limit:
            break
        cursor = hits[-1].cursor
    shown = found[:limit]
    going_on = len(found) > limit or more
    last = shown[-1][0].cursor if len(found) > limit else cursor
    return Found(
        tuple(_describe_hit(hit, row, wanted, moment) for hit, row in shown), counts, last if going_on else ""
    )


def list_since(
    state: State, query: str, filters: finder.Filters, opening: int, *, most: int = 1000
) -> list[FoundPage]:
    """List the pages that fit a search and were opened at or after a place of the log, newest first."""
    pages: list[FoundPage] = []
    cursor, going_on = "", True
    while going_on and len(pages) < most:
        found = find_pages(state, query, filters, cursor, limit=_PIECE, newest=True)
        pages += [each for each in found.pages if each.opening >= opening]
        cursor = found.next
        going_on = bool(cursor) and all(each.opening >= opening for each in found.pages)
    return pages[:most]


def mark_words(text: str, query: str) -> list[tuple[int, int]]:
    """List the words of a page's text that a search marks, as (line, word); none for an unreadable search."""
    try:
        wanted = lookup.parse_lookup(query)
    except errors.UserMistake:
        return []
    return excerpt.list_marked_words(text, excerpt.find_ranges(text, wanted))


def rebuild_index(state: State, progress: Progress | None = None) -> int:
    """Build the index again from the open pages, beside the old one; returns the number of pages."""
    folder = index.open_folder(state.index)
    size = log.count_entries()
    items = list(_list_open_items())
    pages = 0
    studies = read_studies({item.study_id for item in items})
    with folder.rebuild(size) as writer:
        for done, item in enumerate(items, 1):
            for document in _make_documents(item, studies.get(item.study_id, _UNKNOWN)):
                writer.add_page(document)
                pages += 1
            if progress:
                progress(done, len(items), pages)
    update_index(state)
    return pages


def update_index(state: State) -> int:
    """Bring the index up to the log's size: the worker's step; returns the number of items indexed again.

    Builds it first when there is none or it is of an older format. A crash leaves the older stamp, and
    the next call does the same again.
    """
    folder = index.open_folder(state.index)
    stamp = folder.read_stamp()
    size = log.count_entries()
    if stamp is None or stamp > size:
        rebuild_index(state)
        return Item.objects.count()
    if stamp == size:
        return 0
    with folder.write() as writer:
        # Read again under the lock: a rebuild may have taken its place with an older stamp.
        changed = _list_changed(folder.read_stamp() or 0, size)
        for study, number in sorted(changed):
            _write_item(writer, study, number)
        writer.covers = size
    return len(changed)


def index_item(state: State, item: Item) -> None:
    """Put the open pages of an item into the index, and only those; call it after the commit."""
    folder = index.open_folder(state.index)
    if folder.read_stamp() is None:
        rebuild_index(state)
        return
    with folder.write() as writer:
        _write_item(writer, item.study_id, item.number)


def drop_page(state: State, item: Item, page: int | None = None) -> None:
    """Take a page, or with None the whole item, out of the index; gone for every reader when this returns."""
    folder = index.open_folder(state.index)
    if folder.read_generation() is None:
        return
    with folder.write() as writer:
        if page is None:
            writer.remove_item(item.study_id, item.number)
        else:
            writer.remove_page(item.study_id, item.number, page)


@functools.lru_cache(maxsize=16)
def list_closed(moment: Moment) -> finder.Without:
    """List what must not be found although the index may hold it: suspended, or closed since its stamp."""
    rows = Suspension.objects.filter(restored_at=None).values_list("item__study", "item__number", "page")
    pages = {index.format_key(study, item, page) for study, item, page in rows if page is not None}
    items = {index.format_item(study, item) for study, item, page in rows if page is None}
    for entry in _read_entries(moment.stamp, moment.size):
        if entry.get("type") in _CLOSING:
            items.add(index.format_item(str(entry.get("study")), int(str(entry.get("item")))))
    return finder.Without(frozenset(pages), frozenset(items))


def _read_entries(start: int, end: int) -> Iterator[dict[str, canonical.Json]]:
    rows = LogEntry.objects.filter(index__gte=start, index__lt=end).order_by("index")
    for data in rows.values_list("data", flat=True).iterator():
        entry = canonical.decode(bytes(data))
        if isinstance(entry, dict):
            yield entry


def _list_changed(start: int, end: int) -> set[tuple[str, int]]:
    """List the items that entries of the log speak of; a study's new version changes all of its items."""
    changed: set[tuple[str, int]] = set()
    studies: set[str] = set()
    for entry in _read_entries(start, end):
        study, item = entry.get("study"), entry.get("item")
        if isinstance(study, str) and isinstance(item, int):
            changed.add((study, item))
        elif isinstance(record := entry.get("id"), str):
            studies.add(record)
    for study in Study.objects.filter(pk__in=studies):
        changed |= {(study.pk, number) for number in study.items.values_list("number", flat=True)}
    return changed


def _write_item(writer: index.Writer, study: str, number: int) -> None:
    writer.remove_item(study, number)
    for item in _list_open_items().filter(study=study, number=number):
        for document in _make_documents(item, read_studies([study]).get(study, _UNKNOWN)):
            writer.add_page(document)


def _list_open_items() -> QuerySet:
    """List the items that have an open page, each with the place of its newest opening."""
    newest = Opening.objects.filter(item=OuterRef("pk")).order_by("-log_index")
    return (
        Item.objects.filter(public_pages__in=PublicPage.objects.visible())
        .distinct()
        .annotate(
            place=Subquery(newest.values("log_index")[:1]), opened=Subquery(newest.values("opened_at")[:1])
        )
        .select_related("study__provider")
        .order_by("study", "number")
    )


def _make_documents(item: Item, study: _Study) -> Iterator[index.PageDocument]:
    provider = item.study.provider
    for page in PublicPage.objects.visible().filter(item=item).order_by("number").iterator(chunk_size=200):
        yield index.PageDocument(
            row=page.pk,
            study=item.study_id,
            item=item.number,
            page=page.number,
            place=((item.place or 0) << _PAGE_BITS) | page.number,
            opened=int(item.opened.timestamp()) if item.opened else 0,
            company=provider.slug,
            company_name=provider.name,
            services=study.services,
            topics=study.topics,
            kind=item.kind,
            date=item.date if item.named else "",
            language=study.language,
            title=item.title if item.named else "",
            text=page.text,
        )


@functools.lru_cache(maxsize=5000)
def _remember_study(study: str, moment: Moment) -> _Study:
    return read_studies([study]).get(study, _UNKNOWN)


def read_studies(studies: Collection[str]) -> dict[str, _Study]:
    """Read what the newest visible version of each study says; a study without one is not among them."""
    rows = Disclosure.objects.newest().visible().filter(record__in=studies)
    return {row.record: _read_version(row) for row in rows}


def _read_version(row: Disclosure) -> _Study:
    record = row.read_record()
    title, topics = record.body.get("title"), record.body.get("topics")
    return _Study(
        title=title if isinstance(title, str) else "",
        topics=tuple(str(topic) for topic in topics) if isinstance(topics, list) else (),
        services=tuple((each.id, each.name) for each in record.services),
        language=record.language,
    )


class _Row(NamedTuple):
    """The columns of an open page that a hit shows."""

    number: int
    text: str
    item__number: int
    item__study: str
    item__title: str
    item__kind: str
    item__date: str
    item__named: bool
    item__study__provider: str
    item__study__provider__name: str


def _read_rows(hits: Sequence[finder.Hit]) -> dict[tuple[str, int, int], _Row]:
    """Read the rows of hits through the gate; what the gate refuses is not among them.

    The names come from the rows: a row that is no longer the page of its hit is no match.
    """
    if not hits:
        return {}
    sql, parameters = _prepare_rows(len(hits))
    with connection.cursor() as cursor:
        cursor.execute(sql, (*parameters, *(hit.row for hit in hits)))
        read = [_Row(*row) for row in cursor.fetchall()]
    return {(row.item__study, row.item__number, row.number): row for row in read}


@functools.lru_cache(maxsize=lookup.MAX_HITS + 1)
def _prepare_rows(count: int) -> tuple[str, tuple[object, ...]]:
    """Put the gate's question for so many rows into words; returns it with what it asks before their keys.

    Remembered, because Django takes twenty times as long for the words as the database for the answer.
    """
    keys = range(1, count + 1)
    rows = PublicPage.objects.visible().filter(pk__in=keys).order_by().values_list(*_Row._fields)
    sql, parameters = rows.query.sql_with_params()
    if parameters[-count:] != tuple(keys):
        raise AssertionError("the keys of the rows are no longer the last that is asked")
    return sql, parameters[:-count]


def _describe_hit(
    hit: finder.Hit,
    row: _Row,
    wanted: lookup.Lookup,
    moment: Moment,
) -> FoundPage:
    study = _remember_study(hit.study, moment)
    ranges = excerpt.find_ranges(row.text, wanted)
    return FoundPage(
        study=hit.study,
        item=hit.item,
        page=hit.page,
        title=row.item__title if row.item__named else "",
        study_title=study.title,
        company=row.item__study__provider,
        company_name=row.item__study__provider__name,
        kind=row.item__kind,
        date=row.item__date if row.item__named else "",
        language=study.language,
        opened_at=datetime.datetime.fromtimestamp(hit.opened, datetime.UTC),
        score=hit.score,
        excerpt=excerpt.make_excerpt(row.text, ranges),
        words=tuple(excerpt.list_marked_words(row.text, ranges)),
        opening=finder.parse_cursor(hit.cursor).place >> _PAGE_BITS,
    )
