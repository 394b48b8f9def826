"""Writing a fingerprint set (`archive/fingerprint_set`): from documents and their open pages, in order.

What comes in is what the gate lets through; nothing here decides what may be seen. Memory stays flat: the
fingerprints are put into files by their first bits, each of which is sorted alone.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy

from lightwell.archive import fingerprint, fingerprint_set
from lightwell.archive.fingerprint_set import Document, Head, PageRecord, PublicFile, Words
from lightwell.files import durable

WORK = ".work"
_BUCKETS = 16
_CHUNK = 1 << 20
_ROW = numpy.dtype([("hash", ">u8"), ("owner", ">u4")])


@dataclass(frozen=True, slots=True)
class Source:
    """A document with its open pages (number and words), and its public files (`document` set here)."""

    document: Document
    pages: Iterable[tuple[int, Words]]
    files: Sequence[PublicFile]


def write_set(
    target: Path, origin: str, log_size: int, sources: Iterable[Source], files: Sequence[PublicFile]
) -> Head:
    """Write a set durably; `files` are those that belong to no document. Returns its head.

    A crash here leaves the old file, or the new one, and perhaps a folder of work beside it.
    """
    work = target.with_name(f"{target.name}{WORK}")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    with _Parts(work) as parts:
        for source in sources:
            parts.add_source(source)
        for each in files:
            parts.add_file(each)
        head = parts.finish(origin, log_size)
    _join(work, head)
    os.replace(work / "whole", target)
    durable.flush_folder(target.parent)
    shutil.rmtree(work)
    return head


class _Parts:
    """The parts of a set while they are written, each in a file of its own."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self._stack = contextlib.ExitStack()
        self._documents = self._open("documents")
        self._records = self._open("records")
        self._texts = self._open("texts")
        self._buckets = [self._open(f"bucket-{number}") for number in range(_BUCKETS)]
        self._files: dict[str, bytes] = {}
        self._counts = dict.fromkeys(("documents", "pages", "unread_pages", "fingerprints", "texts_bytes"), 0)

    def __enter__(self) -> _Parts:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add_source(self, source: Source) -> None:
        place = self._counts["documents"]
        self._counts["documents"] += 1
        span = self._add_text(fingerprint_set.format_document(source.document))
        self._documents.write(fingerprint_set.format_span(*span))
        for number, words in source.pages:
            self._add_page(place, number, words)
        for each in source.files:
            self.add_file(each, place)

    def add_file(self, file: PublicFile, document: int | None = None) -> None:
        named = PublicFile(file.sha256, document, file.page, file.record, file.version, file.title)
        # The same bytes published twice are found at the first place; the page of that one names its twins.
        if file.sha256 not in self._files:
            span = self._add_text(fingerprint_set.format_file(named))
            self._files[file.sha256] = fingerprint_set.format_span(*span)

    def _add_page(self, document: int, number: int, words: Words) -> None:
        found = fingerprint.make_fingerprints(words.runs)
        if not found:
            self._counts["unread_pages"] += 1
            return
        owner = self._counts["pages"].to_bytes(fingerprint_set.OWNER_BYTES, "big")
        for each in found:
            self._buckets[each[0] * _BUCKETS >> 8].write(each + owner)
        span = self._add_text(fingerprint_set.format_words(words))
        record = PageRecord(document, number, len(found), len(words.grounds), *span)
        self._records.write(fingerprint_set.format_record(record))
        self._counts["pages"] += 1
        self._counts["fingerprints"] += len(found)

    def _add_text(self, text: bytes) -> tuple[int, int]:
        offset = self._counts["texts_bytes"]
        self._texts.write(text)
        self._counts["texts_bytes"] += len(text)
        return offset, len(text)

    def finish(self, origin: str, log_size: int) -> Head:
        """Sort what has to be sorted; returns the head."""
        with self._open("files") as out:
            for name, span in sorted(self._files.items()):
                out.write(bytes.fromhex(name) + span)
        self._stack.close()
        with (self._work / "hashes").open("wb") as hashes, (self._work / "owners").open("wb") as owners:
            for number in range(_BUCKETS):
                rows = numpy.fromfile(self._work / f"bucket-{number}", _ROW)
                # Owners were added in rising order, and a stable order keeps that.
                rows = rows[numpy.argsort(rows["hash"].astype(numpy.uint64), kind="stable")]
                rows["hash"].tofile(hashes)
                rows["owner"].tofile(owners)
        return Head(origin=origin, log_size=log_size, files=len(self._files), **self._counts)

    def _open(self, name: str) -> BinaryIO:
        return self._stack.enter_context((self._work / name).open("wb"))


def _join(work: Path, head: Head) -> None:
    digest = hashlib.sha256()
    with (work / "whole").open("wb") as out:

        def write(data: bytes) -> None:
            digest.update(data)
            out.write(data)

        write(fingerprint_set.format_head(head))
        for name in ("documents", "files", "records", "hashes", "owners", "texts"):
            with (work / name).open("rb") as part:
                while chunk := part.read(_CHUNK):
                    write(chunk)
        out.write(digest.digest())
        out.flush()
        os.fsync(out.fileno())
