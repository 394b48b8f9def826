"""Master keys, kept apart from the database, and the wrapping of document keys under them.

Each master key is a file of its own, named by number; the highest wraps, every one unwraps. Rotation
adds a key and wraps the document keys anew. Wrapping is AES-256 key wrap (RFC 3394): 32 bytes become
40, and a wrong master key is noticed. Erasing a document by law means destroying every wrapped copy of
its key, which is the caller's story, not this module's.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives import keywrap

from lightwell.base import errors
from lightwell.files import durable

KEY_BYTES = 32
_SUFFIX = ".key"


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A document key under the master key of number `master`."""

    master: int
    data: bytes = field(repr=False)


class KeyRing:
    """The folder of master keys: `1.key`, `2.key`, ..., each 32 bytes readable by the owner alone."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def list_numbers(self) -> list[int]:
        """List the numbers of the master keys, oldest first."""
        if not self.folder.is_dir():
            return []
        stems = [path.stem for path in self.folder.iterdir() if path.suffix == _SUFFIX]
        return sorted(int(stem) for stem in stems if stem.isascii() and stem.isdigit())

    def add_master(self, master: bytes) -> int:
        """Store a new master key of 32 random bytes and return its number; from now on it wraps.

        A crash here leaves either no new key or a whole one that nothing is wrapped under yet.
        """
        if len(master) != KEY_BYTES:
            raise ValueError(f"a master key has {KEY_BYTES} bytes")
        number = max(self.list_numbers(), default=0) + 1
        durable.make_folders(self.folder)
        self.folder.chmod(0o700)
        durable.replace_file(self.folder / f"{number}{_SUFFIX}", master, mode=0o600)
        return number

    def restore_master(self, number: int, master: bytes) -> None:
        """Put a master key back under its number, from escrow; `Refused` when there is one already."""
        path = self.folder / f"{number}{_SUFFIX}"
        if number < 1 or len(master) != KEY_BYTES or path.exists():
            raise errors.Refused(f"master key {number} is there already, or is not one")
        durable.make_folders(self.folder)
        self.folder.chmod(0o700)
        durable.replace_file(path, master, mode=0o600)

    def remove_master(self, number: int) -> None:
        """Destroy a master key: whatever is still wrapped under it can never be read again."""
        path = self.folder / f"{number}{_SUFFIX}"
        with path.open("r+b") as file:
            # Overwritten first: on a disk that writes in place nothing is left, on others it does no harm.
            file.write(bytes(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        path.unlink()
        durable.flush_folder(self.folder)

    def wrap_key(self, key: bytes) -> WrappedKey:
        """Wrap a 32-byte document key under the newest master key; inverse of `unwrap_key`."""
        numbers = self.list_numbers()
        if not numbers:
            raise errors.Damaged(
                f"there is no master key in {self.folder}; run lightwell init, or restore it"
            )
        return WrappedKey(numbers[-1], keywrap.aes_key_wrap(self.read_master(numbers[-1]), key))

    def unwrap_key(self, wrapped: WrappedKey) -> bytes:
        """Recover a document key; `Damaged` when its master key is missing or is another one."""
        try:
            return keywrap.aes_key_unwrap(self.read_master(wrapped.master), wrapped.data)
        except keywrap.InvalidUnwrap:
            raise errors.Damaged(
                f"master key {wrapped.master} in {self.folder} is not the one that wrapped this key"
            ) from None

    def unwrap_with(self, master: bytes, data: bytes) -> bytes:
        """Recover a document key with a master key from outside the folder; `Refused` with a wrong one."""
        try:
            return keywrap.aes_key_unwrap(master, data)
        except (keywrap.InvalidUnwrap, ValueError):
            raise errors.Refused("a restored master key does not unwrap what was wrapped under it") from None

    def read_master(self, number: int) -> bytes:
        """Read a master key, for wrapping and escrow only; `Damaged` when it is missing or cut."""
        try:
            master = (self.folder / f"{number}{_SUFFIX}").read_bytes()
        except FileNotFoundError:
            raise errors.Damaged(f"master key {number} is missing from {self.folder}; restore it") from None
        if len(master) != KEY_BYTES:
            raise errors.Damaged(f"master key {number} in {self.folder} has {len(master)} bytes, not 32")
        return master
