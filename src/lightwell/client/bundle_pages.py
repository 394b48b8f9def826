"""The pages of a bundle as something to look in: read one by one, so that nothing has to be prepared.

Slower than a fingerprint set, and closer to the proof: log and records are held against each other as they
are read. Openings against their seals: `lightwell verify`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from lightwell.archive import (
    fingerprint,
    fingerprint_set,
    logbook,
    published_pdf,
    release,
    words_document,
)
from lightwell.archive.fingerprint_set import Document, Head, HeldPage, PageRecord, PublicFile, Words
from lightwell.client import bundle as bundles
from lightwell.client import history as histories
from lightwell.client import records as record_files
from lightwell.client.bundle import Bundle
from lightwell.client.records import Records


@dataclass(frozen=True, slots=True)
class _Place:
    """A page that has something in common with what is looked for."""

    record: PageRecord
    words: Words


class BundlePages:
    """Everything public of a bundle, as `client/fingerprints.Archive` asks for it."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        history = histories.read_history(bundle)
        self._records = record_files.read_records(bundle, history)
        self._openings = _list_newest(history.book, self._records)
        self._documents = [
            _describe(history.book, self._records, named, version) for named, version in self._openings
        ]
        self._found: dict[int, _Place] = {}
        self._size = history.newest.size
        self._origin = history.newest.origin
        self._pages = self._unread = 0

    @property
    def head(self) -> Head:
        """Of which log, and up to which entry; pages are counted once they were looked at."""
        return Head(self._origin, self._size, len(self._documents), 0, self._pages, self._unread, 0, 0)

    def list_matches(self, wanted: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
        """Read every page and list which of these fingerprints stand on it."""
        looked = frozenset(wanted)
        self._pages = self._unread = 0
        for place, (document, number, words) in enumerate(self._iterate_pages()):
            own = fingerprint.make_fingerprints(words.runs)
            self._pages += bool(own)
            self._unread += not own
            if common := own & looked:
                record = PageRecord(document, number, len(own), len(words.grounds), 0, 0)
                self._found[place] = _Place(record, words)
                yield from ((each, place) for each in common)

    def read_page(self, place: int) -> PageRecord:
        """Read the record of a page that was listed."""
        return self._found[place].record

    def read_words(self, place: int) -> Words:
        """Read the words of a page that was listed."""
        return self._found[place].words

    def read_document(self, place: int) -> Document:
        """Read what is said of a document."""
        return self._documents[place]

    def find_file(self, sha256: bytes) -> PublicFile | None:
        """Find the public file that has these very bytes."""
        name = sha256.hex()
        for place, (named, _) in enumerate(self._openings):
            opened = self._records.openings[named.digest]
            document = self._documents[place]
            if isinstance(opened, release.WholeOpening):
                if opened.file.digest == sha256:
                    return PublicFile(name, place, None, "", document.version, document.title)
            elif isinstance(opened, release.RedactedOpening):
                if opened.document == name:
                    return PublicFile(name, place, None, "", document.version, document.title)
            else:
                for page in opened.pages:
                    if page.picture == name:
                        title = document.title
                        return PublicFile(name, place, page.head.number, "", document.version, title)
        for record in self._records.disclosures.values():
            for each in record.attachments:
                if each.digest == f"sha256:{name}":
                    return PublicFile(name, None, None, record.id, record.version, each.title)
        return None

    def _iterate_pages(self) -> Iterator[tuple[int, int, Words]]:
        for place, (named, _) in enumerate(self._openings):
            opened = self._records.openings[named.digest]
            if isinstance(opened, release.WholeOpening):
                if opened.words is None:
                    continue
                for line in self._bundle.read(f"words/{opened.words}.jsonl").splitlines():
                    shown = words_document.parse_words(line)
                    lines = [[word.text for word in each] for each in shown.lines]
                    yield place, shown.head.number, fingerprint_set.split_runs(lines)
            elif isinstance(opened, release.RedactedOpening):
                yield from self._iterate_sheets(place, opened)
            else:
                for page in opened.pages:
                    parted = [None if each is None else [word.text for word in each] for each in page.lines]
                    yield place, page.head.number, fingerprint_set.split_runs(parted)

    def _iterate_sheets(
        self, place: int, opened: release.RedactedOpening
    ) -> Iterator[tuple[int, int, Words]]:
        held = {each.page for each in opened.holdings}
        with self._bundle.map_file(f"documents/{opened.document}.pdf") as data:
            for number, sheet in enumerate(published_pdf.open_document(data).iterate_sheets(), 1):
                if number not in held:
                    lines = [[word.text for word in block.words] for block in sheet.blocks]
                    yield place, number, fingerprint_set.split_runs(lines)


def open_pages(root: Path) -> BundlePages:
    """Open the pages of a bundle; refused by place where its log or its records do not fit."""
    return BundlePages(bundles.open_bundle(root))


def _list_newest(book: logbook.Logbook, records: Records) -> list[tuple[logbook.Named, int]]:
    """List the newest opening of every item that is there, with its number among the item's openings."""
    counts: dict[tuple[str, int], int] = {}
    newest: dict[tuple[str, int], tuple[logbook.Named, int]] = {}
    for named in book.named:
        if named.kind != "opening":
            continue
        key = (str(named.entry["study"]), int(str(named.entry["item"])))
        counts[key] = counts.get(key, 0) + 1
        if named.digest in records.openings:
            newest[key] = (named, counts[key])
    return [newest[key] for key in sorted(newest)]


def _describe(book: logbook.Logbook, records: Records, named: logbook.Named, version: int) -> Document:
    study, number = str(named.entry["study"]), int(str(named.entry["item"]))
    opened = records.openings[named.digest]
    title, date, first = "", "", 0
    for each in records.publications.values():
        for row in each.items if each.study == study else ():
            if row.item == number and row.opening == named.digest:
                first = min(first or each.number, each.number)
                title, date = row.title or "", row.date or ""
    words = _find_study(records, study)
    held = () if isinstance(opened, release.WholeOpening) else opened.holdings
    return Document(
        study=study,
        number=number,
        study_title=words[0],
        title=title,
        company=words[1],
        kind=book.items[study, number].kind,
        date=date,
        size=opened.header.pages,
        version=version,
        publication=first,
        opened=str(named.entry.get("at", ""))[:10],
        opening=named.digest,
        held=tuple(HeldPage(each.page, each.ground) for each in held),
    )


def _find_study(records: Records, study: str) -> tuple[str, str]:
    """Find the newest title of a study and the company it is about."""
    found = [each for each in records.disclosures.values() if each.id == study]
    if not found:
        return "", ""
    newest = max(found, key=lambda each: each.version)
    return str(newest.body.get("title") or ""), newest.provider.id
