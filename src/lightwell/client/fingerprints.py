"""Where `lightwell check` looks: a fingerprint set on this disk, or a bundle, whose pages are read in turn.

Neither is trusted: a set is held against its own digest and every part of it is read strictly. What is looked
for stays in this process; how a set comes onto this disk is `client/fetch`'s affair, which is told nothing
but the site's address.
"""

from __future__ import annotations

import bisect
import contextlib
import hashlib
import mmap
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

from lightwell.archive import fingerprint, fingerprint_set
from lightwell.archive.fingerprint_set import Document, Head, PageRecord, PublicFile, Words
from lightwell.base import errors

_CHUNK = 1 << 22
_DAMAGED = "the fingerprint set is damaged or was cut short; get it again"


class Archive(Protocol):
    """Everything public, as somebody who holds a file asks for it."""

    @property
    def head(self) -> Head:
        """Of which log, and up to which entry."""

    def list_matches(self, wanted: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
        """List which of these fingerprints stand on which pages, by the place of the page."""

    def read_page(self, place: int) -> PageRecord:
        """Read the record of a page."""

    def read_words(self, place: int) -> Words:
        """Read the words of a page."""

    def read_document(self, place: int) -> Document:
        """Read what is said of a document."""

    def find_file(self, sha256: bytes) -> PublicFile | None:
        """Find the public file that has these very bytes."""


class SetFile:
    """A fingerprint set on this disk, of which only what is asked for is read."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.head, begin = fingerprint_set.parse_head(data[: fingerprint_set.MAX_HEAD_BYTES])
        self._places = fingerprint_set.list_places(self.head, begin)
        if self._places.end != len(data):
            raise errors.CouldNotCheck(_DAMAGED)
        _check_digest(data, self._places.digest)

    def list_matches(self, wanted: Collection[bytes]) -> Iterator[tuple[bytes, int]]:
        """List which of these fingerprints stand on which pages, by the place of the page."""
        rows = range(self.head.fingerprints)
        for each in sorted(wanted):
            row = bisect.bisect_left(rows, each, key=self._read_hash)
            while row < len(rows) and self._read_hash(row) == each:
                yield each, self._read_owner(row)
                row += 1

    def read_page(self, place: int) -> PageRecord:
        """Read the record of a page."""
        return fingerprint_set.parse_record(
            self._cut(self._places.records, place, fingerprint_set.RECORD_BYTES, self.head.pages)
        )

    def read_words(self, place: int) -> Words:
        """Read the words of a page."""
        record = self.read_page(place)
        return fingerprint_set.parse_words(self._read_text(record.offset, record.length))

    def read_document(self, place: int) -> Document:
        """Read what is said of a document."""
        size = fingerprint_set.SPAN_BYTES
        span = self._cut(self._places.documents, place, size, self.head.documents)
        return fingerprint_set.parse_document(self._read_text(*fingerprint_set.parse_span(span)))

    def find_file(self, sha256: bytes) -> PublicFile | None:
        """Find the public file that has these very bytes."""
        row = bisect.bisect_left(range(self.head.files), sha256, key=lambda row: self._read_file(row)[:32])
        if row == self.head.files or self._read_file(row)[:32] != sha256:
            return None
        span = fingerprint_set.parse_span(self._read_file(row)[32:])
        return fingerprint_set.parse_file(self._read_text(*span))

    def _read_hash(self, row: int) -> bytes:
        size = fingerprint.HASH_BYTES
        begin = self._places.hashes + row * size
        return self._data[begin : begin + size]

    def _read_owner(self, row: int) -> int:
        size = fingerprint_set.OWNER_BYTES
        begin = self._places.owners + row * size
        return int.from_bytes(self._data[begin : begin + size], "big")

    def _read_file(self, row: int) -> bytes:
        return self._cut(self._places.files, row, fingerprint_set.FILE_BYTES, self.head.files)

    def _cut(self, begin: int, place: int, size: int, count: int) -> bytes:
        if not 0 <= place < count:
            raise errors.CouldNotCheck(_DAMAGED)
        return self._data[begin + place * size : begin + (place + 1) * size]

    def _read_text(self, offset: int, length: int) -> bytes:
        if offset + length > self.head.texts_bytes:
            raise errors.CouldNotCheck(_DAMAGED)
        return self._data[self._places.texts + offset : self._places.texts + offset + length]


@contextlib.contextmanager
def open_set(path: Path) -> Iterator[SetFile]:
    """Open a fingerprint set; `CouldNotCheck` for a file that is none, or not whole."""
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                yield SetFile(data)
            except errors.Refused as error:
                raise errors.CouldNotCheck(f"{path.name}: {error.sentence}") from None
            except errors.UserMistake as error:
                raise errors.CouldNotCheck(f"{path.name}: {error.problems[0]}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is empty"
        raise errors.CouldNotCheck(f"the fingerprint set {path} cannot be read: {reason}") from None


def _check_digest(data: mmap.mmap, end: int) -> None:
    found = hashlib.sha256()
    with memoryview(data) as view:
        for begin in range(0, end, _CHUNK):
            found.update(view[begin : min(begin + _CHUNK, end)])
    if found.digest() != data[end:]:
        raise errors.CouldNotCheck(_DAMAGED)
