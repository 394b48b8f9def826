"""Encrypted streams come back whole or not at all: changed, moved, cut or under another key is noticed."""

import fcntl
import io
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.base import errors
from lightwell.files import sealed
from lightwell.files.store import FileStore

KEY = bytes(range(32))
TAG = 16
HEADER = len(b"lightwell.sealed.v1\n") + 32


@pytest.mark.parametrize("size", [0, 1, sealed.CHUNK - 1, sealed.CHUNK, sealed.CHUNK + 1, 3 * sealed.CHUNK])
def test_every_length_comes_back_and_nothing_readable_lies_on_the_disk(tmp_path: Path, size: int) -> None:
    store = FileStore(tmp_path)
    data = (b"Sleep and screens. " * (size // 19 + 1))[:size]
    digest = sealed.write_bytes(store, KEY, data)
    assert sealed.read_bytes(store, KEY, digest) == data
    on_disk = store.get_bytes("sealed", digest)  # named by the ciphertext's digest
    assert b"Sleep and" not in on_disk
    assert len(on_disk) == HEADER + size + TAG * max(1, -(-size // sealed.CHUNK))
    assert not list((tmp_path / "incoming").iterdir())


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(max_size=700_000), max_size=5), st.data())
def test_any_range_is_read_alone(tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], data) -> None:
    store = FileStore(tmp_path_factory.mktemp("store"))
    with sealed.Writer(store, KEY) as writer:
        for piece in pieces:
            writer.write(piece)
    whole = b"".join(pieces)
    start = data.draw(st.integers(0, len(whole)))
    length = data.draw(st.integers(0, len(whole)))
    with sealed.Reader(store, KEY, writer.digest) as reader:
        assert reader.size == len(whole)
        assert reader.read_at(start, length) == whole[start : start + length]


def change_file(store: FileStore, digest: str, change) -> None:
    path = store.find_path("sealed", digest)
    path.write_bytes(change(path.read_bytes()))


FULL = sealed.CHUNK + TAG


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data[:-1],
        lambda data: data[: HEADER + FULL],  # cut exactly between two chunks
        lambda data: data[: HEADER + 2 * FULL],
        lambda data: data[:HEADER],
        lambda data: b"",
        lambda data: data + b"\x00",
        lambda data: data[: HEADER + 5] + bytes([data[HEADER + 5] ^ 1]) + data[HEADER + 6 :],
        lambda data: data[:30] + bytes([data[30] ^ 1]) + data[31:],  # the random bytes in front
        lambda data: data[:HEADER] + data[HEADER + FULL : HEADER + 2 * FULL] + data[HEADER : HEADER + FULL]
        + data[HEADER + 2 * FULL :],
    ],
)  # fmt: skip
def test_a_stream_that_was_changed_or_cut_is_refused(tmp_path: Path, change) -> None:
    store = FileStore(tmp_path)
    digest = sealed.write_bytes(store, KEY, os.urandom(2 * sealed.CHUNK + 100))
    change_file(store, digest, change)
    with pytest.raises(errors.Damaged, match="cut off"):
        sealed.read_bytes(store, KEY, digest)


def test_another_key_and_a_missing_file_are_told(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    digest = sealed.write_bytes(store, KEY, b"a page")
    with pytest.raises(errors.Damaged, match="another key"):
        sealed.read_bytes(store, bytes(32), digest)
    with pytest.raises(errors.Damaged, match="missing"):
        sealed.read_bytes(store, KEY, "0" * 64)


def test_equal_bytes_under_one_key_never_share_a_stream(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    first, second = (store.get_bytes("sealed", sealed.write_bytes(store, KEY, b"a page")) for _ in range(2))
    assert first[HEADER:] != second[HEADER:]


class BrokenDisk(io.RawIOBase):
    """Gives some bytes, then an error."""

    asked = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        self.asked += 1
        if self.asked > 2:
            raise OSError("broken")
        return len(buffer)


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    source = io.BufferedReader(BrokenDisk())
    with pytest.raises(OSError, match="broken"):
        sealed.write_stream(store, KEY, source)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_leftovers_of_dead_writers_are_swept_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    store = FileStore(tmp_path)
    incoming = tmp_path / "incoming"
    incoming.mkdir()
    for name in ("dead", "living", "young"):
        (incoming / name).write_bytes(b"x")
        if name != "young":
            os.utime(incoming / name, (0, 0))
    with (incoming / "living").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert sealed.sweep_leftovers(store) == 1
    assert {path.name for path in incoming.iterdir()} == {"living", "young"}
