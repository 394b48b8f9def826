"""Reading a bundle (docs/reference/bundle.md): a folder whose every file is listed, and nothing beside it.

A path of the bundle is always relative, with "/"; nothing outside the folder is read. What the files
say is judged in `client/verify`.
"""

from __future__ import annotations

import contextlib
import hashlib
import mmap
import os
import re
from collections.abc import Iterator
from pathlib import Path

from lightwell.base import errors
from lightwell.tlog import tile

LIST = "SHA256SUMS"
# Larger ones belong to nobody's bundle and would only fill the memory; files/ and documents/ have any size.
MAX_READ_BYTES = 256 * 1024 * 1024
_LINE = re.compile(r"([0-9a-f]{64})  ([^\n]+)")
_CHUNK = 1 << 20


@contextlib.contextmanager
def name_place(place: str) -> Iterator[None]:
    """Turn what is wrong inside into a refusal that begins with its place; a refusal so named stays."""
    try:
        yield
    except PlacedRefusal:
        raise
    except errors.Refused as error:
        raise PlacedRefusal(place, error.sentence) from None
    except errors.UserMistake as error:
        raise PlacedRefusal(place, str(error.problems[0])) from None


class PlacedRefusal(errors.Refused):
    """A refusal that knows its place: a file, a page, a line, a log entry."""

    def __init__(self, place: str, sentence: str) -> None:
        super().__init__(f"{place}: {sentence}")
        self.place = place


class Bundle:
    """An opened folder. `paths` are the files in it but the list itself, sorted."""

    def __init__(self, root: Path) -> None:
        if not root.is_dir():
            raise errors.CouldNotCheck(f"there is no folder {root}")
        self.root = root
        self.paths, self.empty_folders = _list_paths(root)
        self._known = frozenset(self.paths)

    def has(self, path: str) -> bool:
        """Whether a file is there; the list itself counts as none."""
        return path in self._known

    def list_paths(self, area: str) -> list[str]:
        """List the paths that begin with `area`."""
        return [path for path in self.paths if path.startswith(area)]

    def read(self, path: str) -> bytes:
        """Read a small file; refused by name when it is missing."""
        if path not in self._known and path != LIST:
            raise PlacedRefusal(path, "this file is missing")
        try:
            if (self.root / path).stat().st_size > MAX_READ_BYTES:
                raise PlacedRefusal(path, f"this file has more than {MAX_READ_BYTES:,} bytes")
            return (self.root / path).read_bytes()
        except (FileNotFoundError, IsADirectoryError):
            raise PlacedRefusal(path, "this file is missing") from None
        except OSError as error:
            raise errors.CouldNotCheck(f"{path} cannot be read: {error.strerror}") from None

    @contextlib.contextmanager
    def map_file(self, path: str) -> Iterator[bytes | mmap.mmap]:
        """Map a file of any size, to be read where it is looked at; refused by name when it is missing."""
        if path not in self._known:
            raise PlacedRefusal(path, "this file is missing")
        try:
            file = (self.root / path).open("rb")
        except OSError as error:
            raise errors.CouldNotCheck(f"{path} cannot be read: {error.strerror}") from None
        with file:
            if not os.fstat(file.fileno()).st_size:
                # Nothing can be mapped of it.
                yield b""
                return
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                yield mapped

    def read_text(self, path: str) -> str:
        """Read a small file as UTF-8; refused by name when it is none."""
        try:
            return self.read(path).decode()
        except UnicodeDecodeError:
            raise PlacedRefusal(path, "this file is not UTF-8 text") from None

    def measure(self, path: str) -> tuple[bytes, int]:
        """Measure a file of any size: SHA-256 and size; refused by name when it is missing."""
        if path not in self._known and path != LIST:
            raise PlacedRefusal(path, "this file is missing")
        try:
            with (self.root / path).open("rb") as stream:
                hashed, size = hashlib.sha256(), 0
                while chunk := stream.read(_CHUNK):
                    hashed.update(chunk)
                    size += len(chunk)
        except OSError as error:
            raise errors.CouldNotCheck(f"{path} cannot be read: {error.strerror}") from None
        return hashed.digest(), size

    def read_tile(self, level: int, index: int, width: int) -> bytes | None:
        """Read a tile as `tlog/fsck` asks for it."""
        return self._find(tile.TilePath(level, index, width))

    def read_entry_bundle(self, index: int, width: int) -> bytes | None:
        """Read an entry bundle as `tlog/fsck` asks for it."""
        return self._find(tile.TilePath(None, index, width))

    def _find(self, path: tile.TilePath) -> bytes | None:
        name = f"log/{path}"
        return self.read(name) if name in self._known else None


def open_bundle(root: Path) -> Bundle:
    """Open a folder; `CouldNotCheck` when there is none, refused when it holds links or special files."""
    return Bundle(root)


def check_list(bundle: Bundle) -> None:
    """Hold every file against SHA256SUMS and the list against its own last line; refused by name."""
    sums = parse_list(bundle.read(LIST))
    for path in sorted(sums):
        if not bundle.has(path):
            raise PlacedRefusal(path, "this file is in the list, but not in the bundle")
    for path in bundle.paths:
        if path not in sums:
            raise PlacedRefusal(path, "this file is in the bundle, but not in the list")
    for folder in bundle.empty_folders:
        raise PlacedRefusal(folder, "this folder is empty, which no bundle holds")
    for path, digest in sums.items():
        if bundle.measure(path)[0].hex() != digest:
            raise PlacedRefusal(path, "this file has been changed since the bundle was written")


def parse_list(data: bytes) -> dict[str, str]:
    """Read SHA256SUMS into hashes by path, and hold it against its own last line."""
    lines = data.splitlines(keepends=True)
    above = b"".join(lines[:-1])
    if not lines or lines[-1] != f"{hashlib.sha256(above).hexdigest()}  {LIST}\n".encode():
        raise PlacedRefusal(LIST, "the list has been changed: its last line does not fit the lines above it")
    try:
        text = above.decode()
    except UnicodeDecodeError:
        raise PlacedRefusal(LIST, "the list is not UTF-8 text") from None
    sums: dict[str, str] = {}
    for number, line in enumerate(text.split("\n")[:-1], 1):
        match = _LINE.fullmatch(line)
        if match is None or match[2] in sums or not _is_plain(match[2]):
            raise PlacedRefusal(f"{LIST}, line {number}", "this line does not name one file of the bundle")
        sums[match[2]] = match[1]
    if list(sums) != sorted(sums, key=str.encode):
        raise PlacedRefusal(LIST, "the list is not sorted by path")
    return sums


def _is_plain(path: str) -> bool:
    parts = path.split("/")
    return path != LIST and path.isprintable() and "\\" not in path and not {"", ".", ".."} & set(parts)


def _list_paths(root: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found, empty = [], []
    for folder, folders, names in os.walk(root, onerror=_stop):
        here = Path(folder).relative_to(root)
        for name in [*names, *folders]:
            path = root / here / name
            relative = (here / name).as_posix()
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                raise PlacedRefusal(relative, "this is a link or a special file, which no bundle holds")
            if name in names and relative != LIST:
                found.append(relative)
        if not names and not folders and folder != str(root):
            empty.append(here.as_posix())
    return tuple(sorted(found, key=lambda path: path.encode(errors="surrogateescape"))), tuple(sorted(empty))


def _stop(error: OSError) -> None:
    raise errors.CouldNotCheck(f"the folder cannot be read: {error}")
