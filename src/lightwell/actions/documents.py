"""What a visitor may know of one document: its place, its pages and where each stands.

One gate decides what is shown: `PublicPage.objects.visible()` for pages; a whole file leaves only while
nothing of its item is suspended or held back. A page that is not shown keeps its place, with the legal
reason or the promised date. Titles stay private until published, and go with a suspended item.
"""

from __future__ import annotations

import datetime
import functools
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from lightwell.actions import log, moments
from lightwell.base import errors, ground
from lightwell.db.models import Disclosure, Holding, Item, Opening, PublicPage, Suspension
from lightwell.files import data, tally
from lightwell.files.state import open_state

# Where a document or a page stands: shown, held back, out of view for now, not published yet, erased by law.
OPEN, HELD, SUSPENDED, LOCKED, GONE = "open", "held-back", "suspended", "locked", "removed"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is not shown: the legal reason, who decided, since when, until when, as far as known."""

    ground: ground.Ground
    decided_by: str = ""
    until: datetime.date | None = None
    since: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """One page's place, whether or not the page is shown."""

    number: int
    state: str
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """One item as the public knows it."""

    item: Item
    study_title: str
    title: str
    standing: str
    reason: Reason | None
    places: tuple[Place, ...]
    whole: bool
    file_name: str
    opened_on: datetime.date | None
    sealed_on: datetime.date
    # Digest of the published PDF while it may leave; hidden regions of the pages that can be read, by ground.
    published: str = ""
    regions: Mapping[str, int] = field(default_factory=dict)

    @property
    def tally(self) -> tally.Tally:
        """What the file held besides what its pages show at once; nothing while the document is not open."""
        shown = self.item.tally and self.standing == OPEN
        return tally.parse_tally(self.item.tally) if shown else tally.EMPTY

    @property
    def reading_copy(self) -> str:
        """The digest of the PDF made of the file, while it may leave; empty where there is none."""
        return self.item.copy_sha256 if self.whole else ""

    @property
    def open_pages(self) -> int:
        """How many pages a visitor may read now."""
        return sum(place.state == OPEN for place in self.places)

    @property
    def held_pages(self) -> int:
        """How many pages are held back for a legal reason; those out of view for now are not among them."""
        return sum(place.state == HELD for place in self.places)


def find_item(study: str, number: int) -> Item:
    """Find a sealed item; raises `Item.DoesNotExist` for anything else, also for one still being measured."""
    return Item.objects.select_related("study__provider").get(
        study_id=study, number=number, inventory__isnull=False
    )


def read_document(item: Item) -> Document:
    """Read everything public about one item."""
    known, state_folder = data.read_grounds(), open_state()
    stops = list(Suspension.objects.filter(item=item, restored_at=None).order_by("at"))
    holds = list(Holding.objects.filter(item=item, lifted_at=None))
    visible = set(PublicPage.objects.visible().filter(item=item).values_list("number", flat=True))
    opening = item.openings.order_by("-log_index").first()
    item_stop = next((stop for stop in stops if stop.page is None), None)
    item_hold = next((hold for hold in holds if hold.page is None), None)
    stopped = {stop.page: _read_stop(stop) for stop in stops if stop.page}
    held = {
        hold.page: Reason(known[hold.ground], hold.decided_by, hold.review) for hold in holds if hold.page
    }
    state, reason = OPEN if opening else LOCKED, None
    if item.wrapped_key is None and opening is None:
        state, reason = GONE, Reason(known["erased-by-law"])
    if item_hold:
        state, reason = HELD, Reason(known[item_hold.ground], item_hold.decided_by, item_hold.review)
    if item_stop:
        state, reason = SUSPENDED, _read_stop(item_stop)
    places = []
    for number in range(1, (item.pages or 0) + 1):
        if number in visible:
            places.append(Place(number, OPEN))
        elif state in (SUSPENDED, HELD, GONE):
            places.append(Place(number, state, reason))
        elif number in stopped:
            places.append(Place(number, SUSPENDED, stopped[number]))
        elif number in held:
            places.append(Place(number, HELD, held[number]))
        else:
            places.append(Place(number, LOCKED))
    shown = item.named and state == OPEN
    return Document(
        item=item,
        study_title=read_study_title(item.study_id),
        title=item.title if shown else "",
        standing=state,
        reason=reason,
        places=tuple(places),
        whole=bool(opening and opening.whole and state == OPEN and not stops and not held),
        file_name=clean_file_name(item.file_name) if shown else "",
        opened_on=moments.find_time(state_folder, opening.log_index, opening.opened_at).date()
        if opening and state == OPEN
        else None,
        sealed_on=moments.find_time(state_folder, item.inventory.log_index, item.inventory.sealed_at).date(),
        published=opening.document if opening and state == OPEN and not stops else "",
        regions=_count_regions(item) if opening and opening.document and state == OPEN else {},
    )


def _count_regions(item: Item) -> dict[str, int]:
    rows = PublicPage.objects.visible().filter(item=item, hidden__isnull=False)
    return dict(
        Counter(region[0] for hidden in rows.values_list("hidden", flat=True) for region in hidden["regions"])
    )


def _read_stop(stop: Suspension) -> Reason:
    """Read who decided a suspension and when, from its entry in the log."""
    value = log.read_entry(stop.log_index)
    since = moments.find_time(open_state(), stop.log_index, stop.at).date()
    return Reason(data.read_grounds()[stop.ground], str(value["decided_by"]), since=since)


def read_study_title(study: str) -> str:
    """Read the title of a study from its newest public record; empty when there is none."""
    row = Disclosure.objects.visible().newest().filter(record=study).first()
    return str(row.read_record().body.get("title") or "") if row else ""


def find_page(item: Item, number: int) -> PublicPage | None:
    """Find a page that may be shown now; None for every other page."""
    return PublicPage.objects.visible().filter(item=item, number=number).first()


@dataclass(frozen=True, slots=True)
class Original:
    """A file that may leave as it was handed in: its digest, its size, its type and a name that is safe."""

    digest: str
    size: int
    media_type: str
    file_name: str


def find_original(digest: str) -> Original:
    """Find the public file of a digest; `Refused` when it may not leave now.

    It is that of a whole item, a published PDF or an attachment; `Item.DoesNotExist` when nothing public
    names it. One suspended copy stops every copy.
    """
    items = list(Item.objects.filter(sha256=digest, named=True, inventory__isnull=False))
    shown = [read_document(item) for item in items]
    if any(Suspension.objects.filter(item=item, restored_at=None).exists() for item in items):
        raise errors.Refused("this file is out of view for now; its document's page says why")
    for row in Opening.objects.visible().filter(document=digest).select_related("item"):
        document = read_document(row.item)
        if document.published == digest:
            name = document.file_name.removesuffix(".pdf")
            size = open_state().files.read_size("public", digest) or 0
            return Original(digest, size, "application/pdf", f"{name} (parts hidden).pdf")
    if Opening.objects.filter(document=digest).exists():
        raise errors.Refused("this file is out of view for now; its document's page says why")
    for item in Item.objects.filter(copy_sha256=digest, named=True, inventory__isnull=False):
        if Suspension.objects.filter(item=item, restored_at=None).exists():
            raise errors.Refused("this file is out of view for now; its document's page says why")
        if (document := read_document(item)).whole:
            size = open_state().files.read_size("public", digest) or 0
            return Original(digest, size, "application/pdf", f"{document.file_name} (reading copy).pdf")
    for document in shown:
        if document.whole:
            item = document.item
            return Original(digest, item.size, item.media_type, document.file_name)
    named = _list_attachments(Disclosure.objects.count(), _find_newest())
    for row in Disclosure.objects.visible().filter(pk__in=named.get(f"sha256:{digest}", ())):
        for attachment in row.read_record().attachments:
            if attachment.digest == f"sha256:{digest}":
                name = clean_file_name(attachment.title)
                return Original(digest, attachment.bytes, attachment.media_type, name)
    raise Item.DoesNotExist(digest)


def _find_newest() -> str:
    return Disclosure.objects.order_by("-pk").values_list("digest", flat=True).first() or ""


@functools.lru_cache(maxsize=1)
def _list_attachments(_count: int, _newest: str) -> dict[str, list[int]]:
    """Which versions name which file; versions are only ever added, so that count and newest are the key.

    Only a way to find them: whether a version may be seen is asked of the gate each time.
    """
    named: dict[str, list[int]] = {}
    for row in Disclosure.objects.filter(data__isnull=False).iterator():
        for attachment in row.read_record().attachments:
            named.setdefault(attachment.digest, []).append(row.pk)
    return named


def clean_file_name(name: str) -> str:
    """Cut a file name down to its last part without control characters, so that it can stand in a header."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(character for character in last if character.isprintable() and character not in '"*:<>?|')
    return kept.strip(" .")[:120] or "document"
