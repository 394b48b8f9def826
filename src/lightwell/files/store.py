"""Content-addressed files on the local disk: bytes go in, their SHA-256 names them for ever.

Two areas never mix: `sealed` holds what nobody may see yet, `public` what was published. Moving from
one to the other is an act of publication and copies, so that a crash leaves the sealed bytes whole.
The names are digests, never a file's own name. The same in a bucket: `files/bucket`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lightwell.base import errors
from lightwell.files import durable

AREAS = ("sealed", "public")
_CHUNK = 1 << 20
_DIGEST = re.compile(r"[0-9a-f]{64}")


class FileStore:
    """A folder with the two areas."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._anchored: set[Path] = set()

    def put_bytes(self, area: str, data: bytes) -> str:
        """Store bytes durably and return their digest in hex; storing the same bytes again costs nothing.

        A crash here leaves either nothing under the digest or the whole bytes.
        """
        digest = hashlib.sha256(data).hexdigest()
        path = self.find_path(area, digest)
        if path.exists():
            # As young as what is new, or the sweep might take it for a leftover (`actions/leftovers`).
            os.utime(path)
        else:
            durable.make_folders(path.parent)
            durable.write_and_rename(path, data, crowded=True)
        self.flush_name(path)
        return digest

    def put_file(self, area: str, path: Path) -> str:
        """Store a file of any size durably and return its digest in hex; it leaves its place.

        It must lie on the disk of the store. A crash leaves it where it was, or whole under its digest.
        """
        digest = measure_file(path)[0].hex()
        target = self.find_path(area, digest)
        if target.exists():
            os.utime(target)
            self.flush_name(target)
            path.unlink()
            return digest
        durable.make_folders(target.parent)
        durable.flush_file(path)
        os.replace(path, target)
        self.flush_name(target)
        return digest

    def flush_name(self, path: Path) -> None:
        """Make the name of stored bytes durable, also of such as were there already.

        Whoever put them may have died before flushing, and made the folders above as well: what this process
        has not flushed itself is flushed up to the root.
        """
        folders = [path.parent]
        if path.parent not in self._anchored:
            folders += [each for each in path.parent.parents if each.is_relative_to(self.root.parent)]
        for folder in folders:
            durable.flush_folder(folder)
        self._anchored.add(path.parent)

    def get_bytes(self, area: str, digest: str) -> bytes:
        """Return stored bytes; `Damaged` when they are missing or are not those of the digest."""
        try:
            data = self.find_path(area, digest).read_bytes()
        except FileNotFoundError:
            raise errors.Damaged(f"the {area} file {digest} is missing; restore it from a backup") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise errors.Damaged(f"the {area} file {digest} has changed on disk; restore it from a backup")
        return data

    def open_bytes(self, area: str, digest: str) -> BinaryIO:
        """Open stored bytes of any size, all of them checked; raises `Damaged` as `get_bytes` does."""
        try:
            # Opened first: what is removed meanwhile can still be read to its end.
            file = self.fetch_path(area, digest).open("rb")
        except FileNotFoundError:
            raise errors.Damaged(f"the {area} file {digest} is missing; restore it from a backup") from None
        if hashlib.file_digest(file, "sha256").hexdigest() != digest:
            file.close()
            raise errors.Damaged(f"the {area} file {digest} has changed on disk; restore it from a backup")
        file.seek(0)
        return file

    def remove_bytes(self, area: str, digest: str) -> bool:
        """Remove stored bytes, durably; answers whether there were any. For erasure by law and suspension."""
        path = self.find_path(area, digest)
        if not path.exists():
            return False
        path.unlink()
        durable.flush_folder(path.parent)
        return True

    def keep_bytes(self, area: str, digest: str) -> None:
        """Hand over a file that a fenced process wrote into the folder; here it is stored already."""

    def fetch_path(self, area: str, digest: str) -> Path:
        """Return a path from which stored bytes can be read; there may be none."""
        return self.find_path(area, digest)

    def has_bytes(self, area: str, digest: str) -> bool:
        """Answer whether bytes are stored under a digest."""
        return self.read_size(area, digest) is not None

    def read_size(self, area: str, digest: str) -> int | None:
        """Read the size of stored bytes; None when there are none."""
        try:
            return self.find_path(area, digest).stat().st_size
        except FileNotFoundError:
            return None

    def list_names(self, area: str) -> Iterator[tuple[str, float]]:
        """List every digest of an area, with when it was put, in seconds since 1970."""
        for path in (self.root / area).glob("*/*"):
            if _DIGEST.fullmatch(path.name):
                yield path.name, path.stat().st_mtime

    def drop_copies(self) -> int:
        """Remove copies of what is stored elsewhere; here nothing is one."""
        return 0

    def find_path(self, area: str, digest: str) -> Path:
        """Name the path of a digest; `ValueError` for anything that is not one, so that no path escapes."""
        if area not in AREAS or len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
            raise ValueError("an area and 64 hex digits are needed")
        return self.root / area / digest[:2] / digest


def measure_file(path: Path) -> tuple[bytes, int]:
    """Measure a file of any size without holding it: SHA-256 (32 bytes) and size in bytes."""
    hashed, size = hashlib.sha256(), 0
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            hashed.update(chunk)
            size += len(chunk)
    return hashed.digest(), size
