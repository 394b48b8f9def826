"""The tile store: what is on disk after writing, growing, crashing and rotting."""

import itertools
import os

import pytest

from lightwell.base import errors
from lightwell.files import durable, tiles
from lightwell.tlog import checkpoint, fsck, tile, tree

ENTRIES = [f"entry {i}".encode() for i in range(700)]
LEAVES = [tree.hash_leaf(entry) for entry in ENTRIES]


def grow(store, old, new):
    items = [
        *tile.derive_bundles(old, new, lambda a, b: ENTRIES[a:b]),
        *tile.derive_tiles(old, new, lambda a, b: LEAVES[a:b], store.read_tile),
    ]
    written = store.write_tiles(items)
    store.remove_partials(items)
    return written


def check(store, size):
    head = checkpoint.Checkpoint("log.example", size, tree.compute_root(LEAVES[:size]))
    return fsck.check_log(head, store.read_bundle, store.read_tile)


@pytest.fixture
def store(tmp_path):
    return tiles.TileStore(tmp_path / "new" / "log")


def test_a_log_grown_in_steps_passes_fsck_at_every_published_size(store):
    steps = [0, 1, 5, 255, 256, 257, 600, 700]
    for old, new in itertools.pairwise(steps):
        grow(store, old, new)
        for size in steps[1 : steps.index(new) + 1]:
            assert check(store, size) == []


def test_partial_tiles_go_once_the_full_tile_is_there(store):
    grow(store, 0, 5)
    assert (store.root / "tile/0/000.p/5").exists()
    grow(store, 5, 256)
    assert not (store.root / "tile/0/000.p").exists()
    assert not (store.root / "tile/entries/000.p").exists()
    assert store.read_tile(0, 0, 5) == b"".join(LEAVES[:5])
    assert store.read_bundle(0, 5) == tile.encode_bundle(ENTRIES[:5])


def test_writing_again_after_a_crash_changes_nothing(store):
    first = grow(store, 0, 300)
    assert first > 0
    assert grow(store, 0, 300) == 0
    assert check(store, 300) == []


def test_a_tile_that_exists_with_other_bytes_is_damage_and_is_kept(store):
    grow(store, 0, 300)
    path = store.root / "tile/0/000"
    path.write_bytes(bytes(8192))
    with pytest.raises(errors.Damaged, match="tile/0/000 exists with other bytes"):
        grow(store, 0, 300)
    assert path.read_bytes() == bytes(8192)


def test_a_write_that_fails_leaves_no_file_under_the_final_name(store, monkeypatch):
    def fail(descriptor):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(durable.os, "fsync", fail)
    with pytest.raises(OSError, match="Input/output"):
        grow(store, 0, 3)
    monkeypatch.undo()
    assert [path for path in store.root.rglob("*") if path.is_file() and path.suffix != ".tmp"] == []
    assert store.remove_leftovers() == 1
    grow(store, 0, 3)
    assert check(store, 3) == []


def test_every_file_and_every_new_directory_is_flushed_before_writing_returns(store, monkeypatch):
    flushed = set()
    real = os.fsync

    def watch(descriptor):
        flushed.add(os.readlink(f"/proc/self/fd/{descriptor}").removesuffix(".tmp"))
        real(descriptor)

    monkeypatch.setattr(durable.os, "fsync", watch)
    grow(store, 0, 300)
    expected = {str(path) for path in store.root.rglob("*")} | {str(store.root), str(store.root.parent)}
    assert expected | {str(store.root.parent.parent)} <= flushed


def test_a_batch_of_2048_entries_needs_at_most_40_flushes(tmp_path, monkeypatch):
    many = [b"x%d" % i for i in range(4096)]
    leaves = [tree.hash_leaf(entry) for entry in many]
    store = tiles.TileStore(tmp_path / "log")

    def write(old, new):
        store.write_tiles(tile.derive_bundles(old, new, lambda a, b: many[a:b]))
        store.write_tiles(tile.derive_tiles(old, new, lambda a, b: leaves[a:b], store.read_tile))

    write(0, 2048)
    count = []
    real = os.fsync
    monkeypatch.setattr(durable.os, "fsync", lambda descriptor: (count.append(1), real(descriptor)))
    write(2048, 4096)
    store.write_checkpoint("x\n")
    assert 0 < len(count) <= 40


def test_the_checkpoint_is_replaced_whole(store):
    assert store.read_checkpoint() is None
    store.write_checkpoint("one\n")
    store.write_checkpoint("two\n")
    assert store.read_checkpoint() == "two\n"
    assert [path.name for path in store.root.iterdir()] == ["checkpoint"]
