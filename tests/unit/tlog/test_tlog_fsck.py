"""Whom fsck accuses: chosen files of a log three levels high, alone and in pairs."""

import functools

import pytest

from lightwell.tlog import checkpoint, fsck, tile, tree

SIZE = 65_536 + 300


@functools.cache
def make_log():
    entries = [b"entry %d" % i for i in range(SIZE)]
    leaves = [tree.hash_leaf(entry) for entry in entries]
    items = [
        *tile.derive_bundles(0, SIZE, lambda a, b: entries[a:b]),
        *tile.derive_tiles(0, SIZE, lambda a, b: leaves[a:b], lambda *_: None),
    ]
    return {str(item.path): item.data for item in items}, tree.compute_root(leaves)


def accuse(changes, root=None):
    """Places named by fsck when the files in `changes` hold those bytes (None = missing)."""
    published, right_root = make_log()
    files = {path: data for path, data in {**published, **changes}.items() if data is not None}
    head = checkpoint.Checkpoint("log.example", SIZE, root or right_root)
    problems = fsck.check_log(
        head,
        lambda index, width: files.get(str(tile.TilePath(None, index, width))),
        lambda level, index, width: files.get(str(tile.TilePath(level, index, width))),
    )
    assert all(problem.sentence.endswith(".") for problem in problems)
    return {problem.place for problem in problems}


def flip(path):
    data = bytearray(make_log()[0][path])
    data[len(data) // 2] ^= 1
    return {path: bytes(data)}


FILES = [
    "tile/2/000.p/1",
    "tile/1/000",
    "tile/1/001.p/1",
    "tile/0/000",
    "tile/0/255",
    "tile/0/256",
    "tile/0/257.p/44",
    "tile/entries/000",
    "tile/entries/256",
    "tile/entries/257.p/44",
]


def test_a_sound_log_has_no_problem():
    assert set(FILES) <= set(make_log()[0])
    assert accuse({}) == set()


@pytest.mark.parametrize("path", FILES)
def test_a_changed_file_is_accused_alone(path):
    assert accuse(flip(path)) == {path}


@pytest.mark.parametrize("path", FILES)
def test_a_missing_file_is_accused_alone(path):
    assert accuse({path: None}) == {path}


@pytest.mark.parametrize("path", FILES)
def test_a_file_with_bytes_added_is_accused_alone(path):
    assert accuse({path: make_log()[0][path] + b"\x00"}) == {path}


PAIRS = [
    ("tile/2/000.p/1", "tile/entries/003"),
    ("tile/1/001.p/1", "tile/entries/003"),
    ("tile/2/000.p/1", "tile/0/003"),
    ("tile/1/001.p/1", "tile/0/003"),
    ("tile/0/257.p/44", "tile/0/003"),
]


@pytest.mark.parametrize(("edge", "other"), PAIRS)
def test_an_edge_tile_and_another_file_are_both_accused_and_nobody_else(edge, other):
    assert accuse({**flip(edge), **flip(other)}) == {edge, other}


def test_when_nothing_leads_to_the_root_the_checkpoint_is_named():
    assert "checkpoint" in accuse({**flip("tile/0/257.p/44"), **flip("tile/entries/003")})
    assert accuse({}, root=bytes(32)) >= {"checkpoint"}


def test_a_rewritten_entry_with_a_matching_lowest_tile_is_still_found():
    entries = tile.decode_bundle(make_log()[0]["tile/entries/003"])
    entries[7] = b"rewritten"
    forged = {
        "tile/entries/003": tile.encode_bundle(entries),
        "tile/0/003": b"".join(tree.hash_leaf(entry) for entry in entries),
    }
    assert accuse(forged) == set(forged)


def test_an_empty_log_has_the_root_of_nothing():
    def nothing(*_):
        return None

    assert fsck.check_log(checkpoint.Checkpoint("o", 0, tree.EMPTY_ROOT), nothing, nothing) == []
    assert fsck.check_log(checkpoint.Checkpoint("o", 0, bytes(32)), nothing, nothing)[0].place == "checkpoint"
