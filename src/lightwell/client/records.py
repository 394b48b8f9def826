"""The records of a bundle against the log: each that an entry names is there or explained, none is beside it.

Disclosures follow from the version before and open what it held back; publication records say of every
item what the log says. Openings against their seals: `client/openings`.
"""

from __future__ import annotations

import hashlib
import itertools
from dataclasses import dataclass, field

from lightwell.archive import logbook, publication, release, sampling
from lightwell.base import canonical, disclosure, errors, withholding
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.history import History

AREA = "records/"


@dataclass
class Records:
    """The records that are there, by digest, and why each absent one is absent."""

    openings: dict[str, release.AnyOpening] = field(default_factory=dict)
    disclosures: dict[str, disclosure.Disclosure] = field(default_factory=dict)
    publications: dict[str, publication.Publication] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


def name_record(digest: str) -> str:
    """Name the path of a record by its digest."""
    return f"{AREA}{digest.removeprefix('sha256:')}.json"


def read_records(bundle: Bundle, history: History) -> Records:
    """Read every record and check disclosures and publication records; refused by the record's path.

    `files` of what comes back maps each path that a disclosure names to the record that names it.
    """
    found = Records()
    for named in history.book.named:
        place = name_record(named.digest)
        if not bundle.has(place):
            why = history.book.explain_absence(named)
            if why is None:
                raise PlacedRefusal(place, history.book.describe_missing(named))
            found.absent[named.digest] = why
            continue
        with name_place(place):
            _read_record(bundle, named, found)
    known = {name_record(named.digest) for named in history.book.named}
    for path in bundle.list_paths(AREA):
        if path not in known:
            raise PlacedRefusal(path, "no log entry names this record")
    for versions in history.book.versions.values():
        _check_versions(found, versions)
    for named in history.book.named:
        if named.kind == "publication" and named.digest in found.publications:
            with name_place(name_record(named.digest)):
                _check_publication(history.book, named, found)
    return found


def _read_record(bundle: Bundle, named: logbook.Named, found: Records) -> None:
    data = bundle.read(name_record(named.digest))
    if canonical.format_digest(hashlib.sha256(data).digest()) != named.digest:
        raise errors.Refused("this record is not the one that was logged")
    if named.kind == "opening":
        found.openings[named.digest] = release.parse_opening(canonical.decode(data))
    elif named.kind == "publication":
        found.publications[named.digest] = publication.parse_publication(canonical.decode(data))
    else:
        record = disclosure.decode_disclosure(data)
        if named.entry["type"] == logbook.DISCLOSURE and disclosure.format_log_entry(record) != named.entry:
            raise errors.Refused(f"log entry {named.index} says something else about this record")
        found.disclosures[named.digest] = record
        for attachment in record.attachments:
            path = f"files/{attachment.digest.removeprefix('sha256:')}"
            if bundle.measure(path) != (canonical.parse_digest(attachment.digest), attachment.bytes):
                raise PlacedRefusal(path, "this file is not the attachment that its record names")
            found.files[path] = name_record(named.digest)


def _check_versions(found: Records, versions: list[logbook.Named]) -> None:
    for older, newer in itertools.pairwise(versions):
        old, new = found.disclosures.get(older.digest), found.disclosures.get(newer.digest)
        if old is None or new is None:
            continue
        with name_place(name_record(newer.digest)):
            if new.opened:
                withholding.check_lift(old, new)
            else:
                disclosure.check_succession(old, new)


def describe_samples(history: History, records: Records) -> list[str]:
    """Say what the newest publication record of each study says of pages that people read before it."""
    newest = {}
    for named in history.book.named:
        if named.digest in records.publications:
            newest[str(named.entry["study"])] = records.publications[named.digest]
    found = []
    for study, record in sorted(newest.items()):
        if (sample := record.sample) is not None:
            bound = sampling.bound_share(sample.missed, sample.read)
            found.append(
                f"that people read {sample.read} of {sample.drawn} pages of {study} drawn by the log before "
                f"publication and something was missed on {sample.missed}: its publisher says so "
                f"(at most {-int(-1000 * bound // 1) / 10:g} % of all its pages then, with 95 % confidence)"
            )
        elif any(row.outcome in publication.OPEN for row in record.items):
            found.append(
                f"that anybody read a sample of {study} before publication: no person has read a sample"
            )
    return found


def _check_publication(book: logbook.Logbook, named: logbook.Named, found: Records) -> None:
    record = found.publications[named.digest]
    study, number = named.entry["study"], named.entry["publication"]
    if (record.study, record.number) != (study, number):
        raise errors.Refused(f"this is not publication {number} of {study}")
    sealed = [item for item in book.items.values() if item.study == study and item.index < named.index]
    if [item.number for item in sealed] != [row.item for row in record.items]:
        raise errors.Refused("this record does not name every item sealed by then, once and in order")
    for item, row in zip(sealed, record.items, strict=True):
        if (item.kind, item.pages) != (row.kind, row.pages):
            raise errors.Refused(f"item {item.number} was sealed with another kind or page count")
        _check_outcome(book, named, item, row, found)
    if record.sample is not None:
        _check_sample(record, record.sample, named.index)


def _check_sample(record: publication.Publication, sample: publication.Sample, index: int) -> None:
    """Refuse a sample of pages that were not there, or drawn by a checkpoint that came later."""
    pages = {row.item: row.pages or 0 for row in record.items if row.outcome in publication.OPEN}
    for each in sample.items:
        if each.drawn > pages.get(each.item, 0):
            raise errors.Refused(f"the sample has more pages of item {each.item} than are open")
    if sample.checkpoints[-1] > index:
        raise errors.Refused("the sample was drawn by a checkpoint that was not signed yet")


def _check_outcome(
    book: logbook.Logbook,
    named: logbook.Named,
    item: logbook.Sealed,
    row: publication.PublishedItem,
    found: Records,
) -> None:
    stops = [place for place in book.stops.get((item.study, item.number), ()) if place < named.index]
    opened = book.list_openings(item.study, item.number, named.index)
    newest = opened[-1] if opened and not any(place > opened[-1].index for place in stops) else None
    if row.opening != (newest.digest if newest else None):
        raise errors.Refused(f"item {item.number} names another opening than the log")
    if row.outcome == "withheld" and not stops:
        raise errors.Refused(f"item {item.number} is called held back, but the log does not say so")
    shown = found.openings.get(row.opening or "")
    if shown is not None and row.outcome != release.name_outcome(shown):
        raise errors.Refused(
            f"item {item.number} is called open {row.outcome}, but its opening says otherwise"
        )
