"""The fingerprint set of everything public: what the gate lets through, for whoever looks at home.

Made anew by the worker when something was published, and away at once when something was hidden since: like
the packed bundle (`actions/bundles`) it is a picture of a moment. It says of hidden places what the page
says, their legal reason, and holds the words on both sides apart.
"""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import bundles, log, search
from lightwell.archive import entry, fingerprint_set, register, release
from lightwell.archive.fingerprint_set import Document, HeldPage, PublicFile
from lightwell.base import canonical
from lightwell.db.models import (
    Disclosure,
    Holding,
    Item,
    LogEntry,
    Opening,
    Publication,
    PublicPage,
    Suspension,
)
from lightwell.files import durable, fingerprints, occupancy
from lightwell.files.state import State

# Entries that change nothing that the set holds.
_SILENT = frozenset({"count", "rules"}) | register.TYPES
# Making it may take one part in this many of the worker's time.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class MadeSet:
    """A set on the disk, for which the log's first `size` entries had been read."""

    path: Path
    size: int

    @property
    def bytes(self) -> int:
        """The size of the file, which a reader is told before downloading it."""
        return self.path.stat().st_size

    @property
    def sha256(self) -> str:
        """The SHA-256 of the whole file in hex, as a reader computes it with any program."""
        return self.path.with_suffix(".sha256").read_text("ascii")

    @property
    def repr_digest(self) -> str:
        """The digest as a header of an answer says it (RFC 9530)."""
        return f"sha-256=:{base64.b64encode(bytes.fromhex(self.sha256)).decode()}:"

    def read_head(self) -> fingerprint_set.Head:
        """Read how many documents and pages are in it."""
        with self.path.open("rb") as file:
            return fingerprint_set.parse_head(file.read(fingerprint_set.MAX_HEAD_BYTES))[0]


def make_set(*, state: State) -> MadeSet | None:
    """Make the set anew when something was published, and not too often; None when nothing was due.

    A crash here leaves the old set, or the new one, and leftovers that `sweep_leftovers` removes. While
    another process makes it, nothing is due here.
    """
    last = find_set(state)
    if last is not None and (not _changes(last.size) or not _is_rested(last)):
        return None
    room = _find_room(state)
    for folder in durable.make_folders(room):
        durable.flush_folder(folder)
    with occupancy.hold_alone(room / "lock") as alone:
        return _make(state, room) if alone else None


def find_set(state: State) -> MadeSet | None:
    """Find the set that may be offered now; None when something was hidden since it was begun."""
    files = sorted(
        _find_room(state).glob(f"*{fingerprint_set.SUFFIX}"), key=lambda path: path.stat().st_mtime
    )
    if not files or not files[-1].with_suffix(".sha256").exists():
        return None
    size = int(files[-1].stem)
    return None if bundles.hides_since(size) else MadeSet(files[-1], size)


def sweep_leftovers(*, state: State) -> int:
    """Remove half-made sets and those that hold something hidden since; how many files or folders.

    None while another process makes one.
    """
    room = _find_room(state)
    if not room.is_dir():
        return 0
    with occupancy.hold_alone(room / "lock") as alone:
        if not alone:
            return 0
        kept = find_set(state)
        names = {"lock", "seconds"}
        names |= {kept.path.name, kept.path.with_suffix(".sha256").name} if kept else set()
        strangers = [path for path in room.iterdir() if path.name not in names]
        for path in strangers:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(strangers)


def _make(state: State, room: Path) -> MadeSet:
    # Counted before the first page is read: what is hidden meanwhile is then known to be later.
    size = log.count_entries()
    started = time.monotonic()
    target = room / f"{size}{fingerprint_set.SUFFIX}"
    fingerprints.write_set(target, state.read_origin(), size, _iterate_sources(), _list_attachments())
    digest = _measure(target)
    durable.replace_file(room / "seconds", json.dumps(round(time.monotonic() - started)).encode())
    # Last: a set without its digest beside it is not offered.
    durable.replace_file(target.with_suffix(".sha256"), digest.encode())
    for other in (*room.glob(f"*{fingerprint_set.SUFFIX}"), *room.glob("*.sha256")):
        if other.stem != target.stem:
            other.unlink()
    return MadeSet(target, size)


def _measure(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _iterate_sources() -> Iterator[fingerprints.Source]:
    """Go through every document with something public, in order, its pages read when they are written."""
    shown = set(PublicPage.objects.visible().values_list("item_id", flat=True))
    openings: dict[int, list[int]] = defaultdict(list)
    for opening, item in Opening.objects.order_by("log_index").values_list("pk", "item_id"):
        openings[item].append(opening)
    files, publications = _list_files(), _list_publications()
    studies = search.read_studies(set(Item.objects.filter(pk__in=shown).values_list("study_id", flat=True)))
    held = _list_held()
    wanted = [pk for pk in openings if pk in shown or pk in files]
    for item in Item.objects.filter(pk__in=wanted).select_related("study").order_by("study_id", "number"):
        newest = Opening.objects.get(pk=openings[item.pk][-1])
        document = Document(
            study=item.study_id,
            number=item.number,
            study_title=studies[item.study_id].title if item.study_id in studies else "",
            title=item.title if item.named else "",
            company=item.study.provider_id,
            kind=item.kind,
            date=item.date if item.named else "",
            size=item.pages,
            version=len(openings[item.pk]),
            publication=publications.get(newest.digest, 0),
            opened=newest.opened_at.date().isoformat(),
            opening=newest.digest,
            held=tuple(held.get(item.pk, ())),
        )
        yield fingerprints.Source(document, _iterate_pages(item), files.get(item.pk, ()))


def _iterate_pages(item: Item) -> Iterator[tuple[int, fingerprint_set.Words]]:
    rows = PublicPage.objects.visible().filter(item=item).order_by("number").values_list("number", "lines")
    for number, lines in rows.iterator(chunk_size=200):
        texts = [[word[0] for word in line] for line in json.loads(bytes(lines))]
        yield number, fingerprint_set.split_runs(texts)


def _list_files() -> dict[int, list[PublicFile]]:
    """List the public files of each item: of every opening that may be seen, without what is out of view."""
    stopped = set()
    for item in Item.objects.filter(suspensions__restored_at=None, suspensions__isnull=False).distinct():
        # One suspended copy stops every copy, as on the site.
        stopped |= {item.sha256, item.copy_sha256, *item.openings.values_list("document", flat=True)}
    found: dict[int, list[PublicFile]] = defaultdict(list)
    counts: dict[int, int] = defaultdict(int)
    for row in (
        Opening.objects.visible().select_related("item").order_by("log_index").iterator(chunk_size=200)
    ):
        counts[row.item_id] += 1
        title = row.item.title if row.item.named else ""
        for digest, page in _list_digests(row):
            if digest not in stopped:
                found[row.item_id].append(PublicFile(digest, None, page, "", counts[row.item_id], title))
    return found


def _list_digests(row: Opening) -> list[tuple[str, int | None]]:
    """List the digests of the files of an opening, each with its page where it is the picture of one."""
    if row.whole:
        return [(each, None) for each in (row.item.sha256, row.item.copy_sha256) if each]
    if row.document:
        return [(row.document, None)]
    opened = release.parse_opening(canonical.decode(bytes(row.data)))
    pages = opened.pages if isinstance(opened, release.PagesOpening) else ()
    return [(each.picture, each.head.number) for each in pages if each.picture]


def _list_attachments() -> list[PublicFile]:
    """List the files beside the public records."""
    return [
        PublicFile(each.digest.removeprefix("sha256:"), None, None, row.record, row.version, each.title)
        for row in Disclosure.objects.visible().order_by("record", "version").iterator(chunk_size=200)
        for each in row.read_record().attachments
    ]


def _list_publications() -> dict[str, int]:
    """Say in which publication of its study each opening was first published, by its digest."""
    found: dict[str, int] = {}
    for number, data in Publication.objects.visible().order_by("number").values_list("number", "data"):
        record = canonical.decode(bytes(data))
        items = record.get("items") if isinstance(record, dict) else None
        for row in items if isinstance(items, list) else ():
            if isinstance(row, dict) and isinstance(row.get("opening"), str):
                found.setdefault(str(row["opening"]), number)
    return found


def _list_held() -> dict[int, list[HeldPage]]:
    """List the pages that are not public of each item, with the reason that its page says."""
    found: dict[int, dict[int, str]] = defaultdict(dict)
    for rows in (Holding.objects.filter(lifted_at=None), Suspension.objects.filter(restored_at=None)):
        for item, page, ground in rows.filter(page__isnull=False).values_list("item_id", "page", "ground"):
            found[item][page] = ground
    return {item: [HeldPage(*each) for each in sorted(pages.items())] for item, pages in found.items()}


def _changes(begin: int) -> bool:
    """Answer whether any entry from this place on may have changed what is public."""
    since = LogEntry.objects.filter(index__gte=begin).order_by("index").values_list("index", "data")
    return any(
        entry.decode_entry(index, bytes(data))["type"] not in _SILENT for index, data in since.iterator()
    )


def _find_room(state: State) -> Path:
    return state.root / "fingerprints"


def _is_rested(last: MadeSet) -> bool:
    took = int(json.loads((last.path.parent / "seconds").read_bytes()))
    return time.time() - last.path.stat().st_mtime > took * _SHARE
