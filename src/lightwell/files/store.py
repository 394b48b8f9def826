"""Content-addressed files on the local disk: bytes go in, their SHA-256 names them for ever.

Two areas never mix: `sealed` holds what nobody may see yet, `public` what was published. Moving from
one to the other is an act of publication and copies, so that a crash leaves the sealed bytes whole.
The names are digests, never a file's own name.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from lightwell.base import errors
from lightwell.files import durable

AREAS = ("sealed", "public")
_CHUNK = 1 << 20


class FileStore:
    """A folder with the two areas."""

    def __init__(self, root: Path) -> None:
        self.root = root

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
            durable.replace_file(path, data, crowded=True)
        return digest

    def get_bytes(self, area: str, digest: str) -> bytes:
        """Return stored bytes; `Damaged` when they are missing or are not those of the digest."""
        try:
            data = self.find_path(area, digest).read_bytes()
        except FileNotFoundError:
            raise errors.Damaged(f"the {area} file {digest} is missing; restore it from a backup") from None
        if hashlib.sha256(data).hexdigest() != digest:
            raise errors.Damaged(f"the {area} file {digest} has changed on disk; restore it from a backup")
        return data

    def remove_bytes(self, area: str, digest: str) -> bool:
        """Remove stored bytes, durably; answers whether there were any. For erasure by law and suspension."""
        path = self.find_path(area, digest)
        if not path.exists():
            return False
        path.unlink()
        durable.flush_folder(path.parent)
        return True

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
