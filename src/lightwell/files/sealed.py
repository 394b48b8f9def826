"""Bytes nobody may see yet, encrypted before they touch the disk, and named by the digest of the ciphertext.

The stream is AES-256-GCM in chunks of 1 MiB by the STREAM construction (Hoang, Reyhanitabar, Rogaway
and Vizár, "Online Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015): the
nonce is a counter of 11 bytes and a byte that is 1 on the last chunk only, so that a chunk moved, left
out or cut off at the end is noticed. One item has several streams, and two streams under one key
and counter would betray both; therefore every stream has a key of its own, made from the item's
store secret and 32 random bytes that stand in front.

    "lightwell.sealed.v1\\n" + 32 random bytes + chunks of (1 MiB, the last one shorter) + 16-byte tag

The key of an item is an argument; where keys lie: `files/keys`. Any chunk is read alone (`Reader`).
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import os
import secrets
import time
from collections.abc import Iterator
from types import TracebackType
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from lightwell.archive import commitment
from lightwell.base import errors
from lightwell.files import durable
from lightwell.files.store import FileStore

AREA = "sealed"
CHUNK = 1 << 20
_MARK = b"lightwell.sealed.v1\n"
_SALT_BYTES = 32
_TAG_BYTES = 16
_HEADER_BYTES = len(_MARK) + _SALT_BYTES
_INCOMING = "incoming"
_LEFTOVER_SECONDS = 60


def derive_stream_key(key: bytes, salt: bytes) -> bytes:
    """Derive the AES-256 key of one stream from the item's key and the random bytes in front of it."""
    return commitment.derive_secret(commitment.derive_secret(key, "store"), f"stream {salt.hex()}")


class Writer:
    """Encrypts a stream into the area `sealed`; use as a context, then read `digest`.

    A crash here leaves a file in `incoming` that no digest names, locked by nobody, which
    `sweep_leftovers` removes; nothing stands under a digest before all its bytes are on the disk.
    """

    def __init__(self, store: FileStore, key: bytes) -> None:
        self.digest = ""
        self._store = store
        salt = secrets.token_bytes(_SALT_BYTES)
        self._cipher = AESGCM(derive_stream_key(key, salt))
        self._header = _MARK + salt
        self._hashed = hashlib.sha256()
        self._pending = bytearray()
        self._counter = 0
        folder = store.root / _INCOMING
        durable.make_folders(folder)
        self._path = folder / secrets.token_hex(16)
        self._file = open(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")  # noqa: SIM115 - closed by __exit__
        # The kernel drops this lock when the process dies, however it dies: that is how a leftover is known.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        self._emit(self._header)

    def write(self, data: bytes | memoryview) -> None:
        """Add bytes to the stream."""
        self._pending += data
        # A full chunk waits until more follows, because only the last one may bear the final mark.
        while len(self._pending) > CHUNK:
            self._seal_chunk(bytes(self._pending[:CHUNK]), final=False)
            del self._pending[:CHUNK]

    def __enter__(self) -> Writer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._finish()
        finally:
            # First the name: closing flushes, which fails once more on a full disk.
            self._path.unlink(missing_ok=True)
            self._file.close()

    def _finish(self) -> None:
        self._seal_chunk(bytes(self._pending), final=True)
        self._file.flush()
        os.fsync(self._file.fileno())
        digest = self._hashed.hexdigest()
        target = self._store.find_path(AREA, digest)
        durable.make_folders(target.parent)
        # A crash before this line leaves the leftover, after it the whole file under its digest.
        os.replace(self._path, target)
        self._store.flush_name(target)
        self._store.keep_bytes(AREA, digest)
        self.digest = digest

    def _seal_chunk(self, chunk: bytes, *, final: bool) -> None:
        self._emit(self._cipher.encrypt(_make_nonce(self._counter, final), chunk, self._header))
        self._counter += 1

    def _emit(self, data: bytes) -> None:
        self._hashed.update(data)
        self._file.write(data)


class Reader:
    """Decrypts a stored stream at any place, without reading what lies before it.

    Raises `Damaged` when the file is missing, changed or cut off, or when the key is another one.
    """

    def __init__(self, store: FileStore, key: bytes, digest: str) -> None:
        self._digest = digest
        try:
            self._file: BinaryIO = store.fetch_path(AREA, digest).open("rb")
        except FileNotFoundError:
            raise errors.Damaged(f"the {AREA} file {digest} is missing; restore it from a backup") from None
        self._header = self._file.read(_HEADER_BYTES)
        body = os.fstat(self._file.fileno()).st_size - _HEADER_BYTES
        self._chunks = -(-body // (CHUNK + _TAG_BYTES))
        self.size = body - self._chunks * _TAG_BYTES
        if not self._header.startswith(_MARK) or body < _TAG_BYTES or self.size < 0:
            self._file.close()
            raise self._make_error()
        self._cipher = AESGCM(derive_stream_key(key, self._header[len(_MARK) :]))
        self._cached: tuple[int, bytes] = (-1, b"")

    def read_at(self, offset: int, length: int) -> bytes:
        """Read `length` bytes of plain text from `offset`; fewer at the end of the stream."""
        stop = min(offset + length, self.size)
        found = []
        while offset < stop:
            number, start = divmod(offset, CHUNK)
            piece = self._read_chunk(number)[start : start + stop - offset]
            found.append(piece)
            offset += len(piece)
        return b"".join(found)

    def check_end(self) -> None:
        """Decrypt the last chunk, which alone bears the final mark: the stream was not cut off."""
        self._read_chunk(self._chunks - 1)

    def iterate_chunks(self) -> Iterator[bytes]:
        """Decrypt everything in order, the last chunk included, so that a cut is noticed."""
        for number in range(self._chunks):
            yield self._read_chunk(number)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _read_chunk(self, number: int) -> bytes:
        if self._cached[0] != number:
            self._file.seek(_HEADER_BYTES + number * (CHUNK + _TAG_BYTES))
            data = self._file.read(CHUNK + _TAG_BYTES)
            try:
                nonce = _make_nonce(number, number == self._chunks - 1)
                self._cached = (number, self._cipher.decrypt(nonce, data, self._header))
            except InvalidTag:
                raise self._make_error() from None
        return self._cached[1]

    def _make_error(self) -> errors.Damaged:
        return errors.Damaged(
            f"the {AREA} file {self._digest} was changed or cut off, or belongs to another key; "
            "restore it from a backup"
        )


def write_stream(store: FileStore, key: bytes, source: BinaryIO) -> tuple[str, bytes, int]:
    """Encrypt a stream; the stored file's digest, and SHA-256 and size of what was read, in one pass."""
    hashed, size = hashlib.sha256(), 0
    with Writer(store, key) as writer:
        while chunk := source.read(CHUNK):
            hashed.update(chunk)
            size += len(chunk)
            writer.write(chunk)
    return writer.digest, hashed.digest(), size


def write_bytes(store: FileStore, key: bytes, data: bytes) -> str:
    """Encrypt bytes and return the digest of the stored file; inverse of `read_bytes`."""
    return write_stream(store, key, io.BytesIO(data))[0]


def read_bytes(store: FileStore, key: bytes, digest: str) -> bytes:
    """Decrypt a stored file whole; raises `Damaged` as `Reader` does."""
    with Reader(store, key, digest) as reader:
        return b"".join(reader.iterate_chunks())


def sweep_leftovers(store: FileStore, least_seconds: float = _LEFTOVER_SECONDS) -> int:
    """Remove what writers that died left in `incoming`; how many. Living writers hold a lock.

    With `least_seconds` 0 the caller knows that no writer is at work (`files/occupancy`).
    """
    removed = 0
    for path in sorted((store.root / _INCOMING).glob("*")):
        # A writer that lives but has not locked yet is younger than this.
        with contextlib.suppress(FileNotFoundError, BlockingIOError):
            if time.time() - path.stat().st_mtime < least_seconds:
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
                removed += 1
    return removed


def _make_nonce(counter: int, final: bool) -> bytes:
    return counter.to_bytes(11, "big") + (b"\x01" if final else b"\x00")
