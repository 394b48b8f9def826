"""What is gathered page by page and used at the end, on the disk instead of in memory, for long documents.

A spool is a file without a name: it is gone with the process, however that ends. What lies in it is about to
be public, never what is hidden. Records keep their order and are read again as often as wanted.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import overload

from lightwell.archive import page


class Spool:
    """Records of bytes in a nameless file below `folder`; 8 bytes of memory for each."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - lives as long as the spool
        self._ends = array("Q")

    def append(self, record: bytes) -> None:
        """Add a record."""
        end = self._ends[-1] if self._ends else 0
        self._file.seek(end)
        self._file.write(record)
        self._ends.append(end + len(record))

    def read(self, place: int) -> bytes:
        """Read the record at a place from 0."""
        start = self._ends[place - 1] if place else 0
        self._file.seek(start)
        return self._file.read(self._ends[place] - start)

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[bytes]:
        return map(self.read, range(len(self)))


class SpooledWords(Sequence[tuple[page.Word, ...]]):
    """The words of every page of a document, a tuple a page."""

    def __init__(self, folder: Path) -> None:
        self._spool = Spool(folder)

    def append(self, words: Sequence[page.Word]) -> None:
        """Add the next page."""
        self._spool.append(page.encode_lines([tuple(words)]))

    def __len__(self) -> int:
        return len(self._spool)

    @overload
    def __getitem__(self, place: int) -> tuple[page.Word, ...]: ...
    @overload
    def __getitem__(self, place: slice) -> list[tuple[page.Word, ...]]: ...
    def __getitem__(self, place: int | slice) -> tuple[page.Word, ...] | list[tuple[page.Word, ...]]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not 0 <= place < len(self):
            raise IndexError(place)
        (line,) = json.loads(self._spool.read(place))
        return page.decode_line(line)


@contextlib.contextmanager
def map_file(path: Path) -> Iterator[mmap.mmap]:
    """Map a file that is not empty: its bytes are fetched when they are looked at."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield mapped
