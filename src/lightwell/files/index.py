"""The search index on disk: one document a page, derived from the database and made again by one command.

    index/current        names the generation that counts
    index/<generation>/  a Tantivy index, and `stamp`: the size of the log up to which it is up to date
    index/lock           held while writing; others wait

The index holds terms, not texts: what is shown comes from the database, behind its gate. A new
generation is built beside the old one and takes its place by replacing `current`, so that a crash
leaves the old index or the new one, and perhaps a folder that the next rebuild removes.
Searching: `files/finder`.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import functools
import json
import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import tantivy

from lightwell.base import errors
from lightwell.files import analysis, disk, durable, occupancy

# A new number makes every older index out of date, so that the next start builds it again.
FORMAT = 2
_WRITER_BYTES = 15_000_000  # the least that Tantivy takes
_REBUILD_BYTES = 60_000_000


@dataclass(frozen=True, slots=True)
class PageDocument:
    """One open page as the index sees it.

    `row` is where the database keeps its text. `place` orders pages by the time they were opened (`opened`,
    Unix time) and is unique; `date` is the document's, as declared (EDTF), or empty.
    """

    row: int
    study: str
    item: int
    page: int
    place: int
    opened: int
    company: str
    company_name: str
    services: tuple[tuple[str, str], ...]
    topics: tuple[str, ...]
    kind: str
    date: str
    language: str
    title: str
    text: str


class Writer:
    """Adds and removes pages; nothing is seen before `commit`."""

    def __init__(self, index: tantivy.Index, heap: int, folder: Path) -> None:
        self._folder = folder
        self._writer = index.writer(heap_size=heap, num_threads=1)
        self._added = False
        # Set it to the size of the log for which the index speaks once these changes are in.
        self.covers: int | None = None

    def add_page(self, page: PageDocument) -> None:
        """Add a page; `OSError` when the disk is full or fails, `Damaged` when the index is broken."""
        try:
            self._writer.add_document(_make_document(page))
        except ValueError as error:
            raise self._explain(error) from None
        self._added = True

    def remove_item(self, study: str, item: int) -> None:
        """Remove every page of a document; harmless when none is there."""
        self._writer.delete_documents_by_term("item", format_item(study, item))

    def remove_page(self, study: str, item: int, page: int) -> None:
        """Remove one page; harmless when it is not there."""
        self._writer.delete_documents_by_term("key", format_key(study, item, page))

    def commit(self) -> None:
        """Make the changes durable and visible to every process; a crash before leaves none of them."""
        try:
            self._writer.commit()
        except ValueError as error:
            raise self._explain(error) from None

    def close(self) -> None:
        """Wait for the index's own threads: nothing may write into a folder that is about to be moved."""
        # Of an error while it ends, the cause was raised by `commit` before.
        with contextlib.suppress(ValueError):
            if self._added:
                # Without this the pieces of many small commits would never be put together.
                self._writer.wait_merging_threads()
            else:
                self._writer.rollback()
        del self._writer

    def _explain(self, error: ValueError) -> OSError | errors.Damaged:
        """Turn Tantivy's words into the disk's error that they hide, or into damage."""
        number = disk.find_number(str(error))
        if number is None and "writer was killed" in str(error):
            # Its thread met the error and keeps it to itself; a full disk is the likely one.
            full = shutil.disk_usage(self._folder).free < _WRITER_BYTES
            number = errno.ENOSPC if full else errno.EIO
        if number is not None:
            return OSError(number, os.strerror(number), str(self._folder))
        return errors.Damaged(f"the search index cannot be written ({error}); run: lightwell search rebuild")


class IndexFolder:
    """The folder of one installation's index, shared by threads and processes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._guard = threading.Lock()
        self._open: tuple[str, tuple[int, int, int], tantivy.Index] | None = None

    def read_generation(self) -> str | None:
        """Read which generation counts; None before the first rebuild."""
        try:
            name = (self.root / "current").read_text()
        except FileNotFoundError:
            return None
        if not re.fullmatch(r"g-[0-9a-f]{16}", name):
            raise errors.Damaged(f"{self.root / 'current'} is damaged; run: lightwell search rebuild")
        return name

    def read_stamp(self) -> int | None:
        """Read up to which size of the log the index is up to date; None when there is no usable index."""
        name = self.read_generation()
        if name is None:
            return None
        try:
            stamp = json.loads((self.root / name / "stamp").read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        return int(stamp["log"]) if stamp.get("format") == FORMAT else None

    def open_searcher(self) -> tuple[tantivy.Searcher, str]:
        """Open the newest committed state, with a name that changes whenever that state does.

        Raises `CouldNotCheck` when there is no index yet.
        """
        for _ in range(3):
            name = self.read_generation()
            if name is None:
                break
            try:
                return self._reload(name)
            except FileNotFoundError:
                continue  # a rebuild has just taken its place; read `current` again
        raise errors.CouldNotCheck("Search is being prepared; try again in a minute.")

    def read_state(self) -> str:
        """Name the newest committed state; the name changes whenever the state or its stamp does."""
        return f"{self.root} {self.open_searcher()[1]} {self.read_stamp()}"

    @contextlib.contextmanager
    def write(self) -> Iterator[Writer]:
        """Change the index under the writer's lock; commits when the block ends without an error.

        No rebuild takes its place meanwhile, so that the stamp speaks of the generation that was changed.
        """
        with self.hold_lock():
            name = self.read_generation()
            if name is None:
                raise errors.CouldNotCheck(f"there is no index in {self.root}; run: lightwell search rebuild")
            folder = self.root / name
            with _open_writer(_open_index(folder), _WRITER_BYTES, folder) as writer:
                yield writer
            if writer.covers is not None:
                self._write_stamp(name, writer.covers)

    @contextlib.contextmanager
    def rebuild(self, log_size: int) -> Iterator[Writer]:
        """Build a new generation beside the old one; it counts once the block ends without an error.

        The old one goes on answering, and changes to it go on, meanwhile; `log_size` is the size of the
        log before the first page was read, so that the caller catches up with what came after.
        """
        name = f"g-{secrets.token_hex(8)}"
        folder = self.root / name
        with self._hold("rebuild-lock"):
            try:
                durable.make_folders(folder)
                index = _register(tantivy.Index(_SCHEMA, path=str(folder), reuse=False))
                with _open_writer(index, _REBUILD_BYTES, folder) as writer:
                    yield writer
                self._write_stamp(name, log_size)
            except BaseException:
                shutil.rmtree(folder, ignore_errors=True)
                raise
            with self.hold_lock():
                durable.replace_file(self.root / "current", name.encode())
                self._sweep(name)

    def sweep_leftovers(self) -> int:
        """Remove the generations that a rebuild which died left; how many, and none while one is at work."""
        if not self.root.exists():
            return 0
        with occupancy.hold_alone(self.root / "rebuild-lock") as alone, self.hold_lock():
            current = self.read_generation()
            strangers = [each for each in self.root.glob("g-*") if alone and each.name != current]
            for folder in strangers:
                shutil.rmtree(folder)
        return len(strangers)

    @contextlib.contextmanager
    def hold_lock(self) -> Iterator[None]:
        """Hold the writer's lock, waiting for it; one holder in all processes and threads."""
        with self._hold("lock"):
            yield

    @contextlib.contextmanager
    def _hold(self, name: str) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with open(self.root / name, "ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _write_stamp(self, name: str, log_size: int) -> None:
        # A crash before this line leaves an older stamp: the same entries are indexed once more.
        durable.replace_file(
            self.root / name / "stamp", json.dumps({"format": FORMAT, "log": log_size}).encode()
        )

    def _reload(self, name: str) -> tuple[tantivy.Searcher, str]:
        # Tantivy's own watching looks every half second; a suspended page must vanish at once.
        meta = (self.root / name / "meta.json").stat()
        mark = (meta.st_mtime_ns, meta.st_ino, meta.st_size)
        with self._guard:
            if self._open is None or self._open[0] != name:
                self._open = (name, mark, _open_index(self.root / name))
            elif self._open[1] != mark:
                self._open[2].reload()
                self._open = (name, mark, self._open[2])
            return self._open[2].searcher(), f"{name}/{mark}"

    def _sweep(self, keep: str) -> None:
        for folder in self.root.glob("g-*"):
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)


@functools.lru_cache(maxsize=16)
def open_folder(root: Path) -> IndexFolder:
    """Open the index of a state folder; the same object for the same folder, so that it stays open."""
    return IndexFolder(root)


def format_item(study: str, item: int) -> str:
    """Name an item inside the index."""
    return f"{study}/{item}"


def format_key(study: str, item: int, page: int) -> str:
    """Name a page inside the index."""
    return f"{study}/{item}/{page}"


def parse_key(key: str) -> tuple[str, int, int]:
    """Read the name of a page: study, item, page."""
    study, item, page = key.split("/")
    return study, int(item), int(page)


def encode_day(date: str, *, last: bool = False) -> int:
    """Turn a date as declared into a number that sorts: 2019-06 becomes 20190600, or 20190699 as the last."""
    parts = re.fullmatch(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?[~?%]?", date)
    if not parts:
        return 0
    filler = "99" if last else "00"
    return int(parts[1] + (parts[2] or filler) + (parts[3] or filler))


@contextlib.contextmanager
def _open_writer(index: tantivy.Index, heap: int, folder: Path) -> Iterator[Writer]:
    writer = Writer(index, heap, folder)
    try:
        yield writer
        writer.commit()
    finally:
        writer.close()


def _open_index(folder: Path) -> tantivy.Index:
    try:
        return _register(tantivy.Index.open(str(folder)))
    except ValueError as error:
        if not (folder / "meta.json").exists():
            raise FileNotFoundError(folder) from None
        raise errors.Damaged(
            f"the search index in {folder} cannot be read ({error}); run: lightwell search rebuild"
        ) from None


def _register(index: tantivy.Index) -> tantivy.Index:
    for name, analyzer in analysis.build_analyzers().items():
        index.register_tokenizer(name, analyzer)
    return index


def _build_schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("key", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_unsigned_field("row", stored=True)
    builder.add_unsigned_field("opened", stored=True)
    builder.add_unsigned_field("place", indexed=True, fast=True)
    builder.add_unsigned_field("day", indexed=True, fast=True)
    builder.add_text_field("item", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("study", tokenizer_name="raw", index_option="basic")
    for name in FACETS:
        builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
    for name in ("company_name", "service_name", "title", "text"):
        builder.add_text_field(name, tokenizer_name=analysis.STEMMED)
    for name in ("title_written", "text_written"):
        builder.add_text_field(name, tokenizer_name=analysis.WRITTEN)
    return builder.build()


FACETS = ("company", "service", "topic", "kind", "year", "language")
_SCHEMA = _build_schema()


def read_schema() -> tantivy.Schema:
    """Return the schema, which queries are made for."""
    return _SCHEMA


def _make_document(page: PageDocument) -> tantivy.Document:
    document = tantivy.Document()
    document.add_text("key", format_key(page.study, page.item, page.page))
    document.add_text("item", format_item(page.study, page.item))
    document.add_unsigned("row", page.row)
    document.add_unsigned("opened", page.opened)
    document.add_unsigned("place", page.place)
    document.add_unsigned("day", encode_day(page.date))
    year = page.date[:4] if encode_day(page.date) else ""
    _add_all(document, "study", [page.study])
    _add_all(document, "company", [page.company])
    _add_all(document, "service", [slug for slug, _ in page.services])
    _add_all(document, "topic", page.topics)
    _add_all(document, "kind", [page.kind])
    _add_all(document, "language", [page.language])
    _add_all(document, "year", [year] if year else [])
    _add_all(document, "company_name", [page.company_name, page.company])
    _add_all(document, "service_name", [f"{slug} {name}" for slug, name in page.services])
    for name, text in (("title", page.title), ("text", page.text)):
        document.add_text(name, analysis.fold_marks(text))
        document.add_text(f"{name}_written", analysis.fold_marks(text))
    return document


def _add_all(document: tantivy.Document, name: str, values: Iterable[str]) -> None:
    for value in values:
        document.add_text(name, value)
