"""The fast tree against its slow twin, for every size and proof that Hypothesis thinks of."""

import contextlib
import functools

import pytest
import slow_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.tlog import errors, fsck, tile, tile_proof, tree
from lightwell.tlog.checkpoint import Checkpoint

entries_lists = st.integers(0, 80).map(lambda n: [f"entry {i}".encode() for i in range(n)])
grown = st.lists(st.integers(0, 400), min_size=1, max_size=6).map(tuple)
SIZES = [(1,), (255,), (256,), (300,), (512,), (600, 7), (65536,), (65700,)]


def hash_all(entries):
    return [tree.hash_leaf(entry) for entry in entries]


@given(st.lists(st.binary(max_size=20), max_size=70))
def test_the_root_is_that_of_the_literal_definition(entries):
    assert tree.compute_root(hash_all(entries)) == slow_tree.mth(entries)


@given(entries_lists.filter(bool), st.data())
def test_an_inclusion_proof_is_the_literal_path_and_is_accepted(entries, data):
    index = data.draw(st.integers(0, len(entries) - 1))
    leaves = hash_all(entries)
    path = tree.prove_inclusion(leaves, index, len(entries))
    assert path == slow_tree.path(index, entries)
    tree.check_inclusion(leaves[index], index, len(entries), path, tree.compute_root(leaves))


@given(entries_lists.filter(bool), st.data())
def test_a_consistency_proof_is_the_literal_proof_and_is_accepted(entries, data):
    old = data.draw(st.integers(1, len(entries)))
    leaves = hash_all(entries)
    path = tree.prove_consistency(leaves, old, len(entries))
    assert path == slow_tree.proof(old, entries)
    roots = tree.compute_root(leaves[:old]), tree.compute_root(leaves)
    tree.check_consistency(old, roots[0], len(entries), roots[1], path)


@given(entries_lists.filter(lambda e: len(e) > 1), st.data())
def test_a_changed_inclusion_proof_is_refused(entries, data):
    leaves = hash_all(entries)
    index = data.draw(st.integers(0, len(entries) - 1))
    path = tree.prove_inclusion(leaves, index, len(entries))
    root = tree.compute_root(leaves)
    place = data.draw(st.integers(0, len(path) - 1))
    changes = {
        "other hash": [*path[:place], bytes(32), *path[place + 1 :]],
        "hash left out": path[:place] + path[place + 1 :],
        "hash added": [*path[:place], bytes(32), *path[place:]],
    }
    for changed in changes.values():
        with pytest.raises(errors.ProofError):
            tree.check_inclusion(leaves[index], index, len(entries), changed, root)
    other = data.draw(st.integers(0, len(entries) - 1).filter(lambda i: i != index))
    with pytest.raises(errors.ProofError):
        tree.check_inclusion(leaves[index], other, len(entries), path, root)


@given(entries_lists.filter(lambda e: len(e) > 2), st.data())
def test_a_rewritten_past_has_no_consistency_proof(entries, data):
    old = data.draw(st.integers(1, len(entries) - 1))
    changed_at = data.draw(st.integers(0, old - 1))
    forked = [*entries[:changed_at], b"rewritten", *entries[changed_at + 1 :]]
    leaves = hash_all(forked)
    with pytest.raises(errors.ProofError):
        tree.check_consistency(
            old,
            slow_tree.mth(entries[:old]),
            len(forked),
            tree.compute_root(leaves),
            tree.prove_consistency(leaves, old, len(forked)),
        )


@given(st.lists(st.integers(0, 40), max_size=8))
def test_appending_in_batches_gives_the_root_of_all_entries(batches):
    frontier, leaves = tree.Frontier(), []
    for count in batches:
        batch = hash_all([f"{len(leaves)}.{i}".encode() for i in range(count)])
        frontier.append(batch)
        leaves += batch
        assert frontier.compute_root() == tree.compute_root(leaves)
        assert frontier.size == len(leaves)
        frontier = tree.Frontier(frontier.size, frontier.hashes)


@functools.cache
def grow(sizes):
    """Files of a log grown step by step, as {path: bytes}, with its leaf hashes and entries."""
    entries = [f"entry {i}".encode() for i in range(sum(sizes))]
    leaves = hash_all(entries)
    files = {}

    def read_tile(level, index, width):
        return files.get(str(tile.TilePath(level, index, width)))

    size = 0
    for step in sizes:
        new = size + step
        for item in (
            *tile.derive_bundles(size, new, lambda a, b: entries[a:b]),
            *tile.derive_tiles(size, new, lambda a, b: leaves[a:b], read_tile),
        ):
            assert files.get(str(item.path), item.data) == item.data, "a published tile changed"
            files[str(item.path)] = item.data
        size = new
    return files, leaves, entries, read_tile


@settings(max_examples=40, deadline=None)
@given(grown)
def test_every_file_a_size_needs_exists_however_the_log_grew(sizes):
    files, leaves, _, read_tile = grow(sizes)
    for path in tile.list_paths(len(leaves)):
        assert str(path) in files
    at_once = {
        str(i.path): i.data for i in tile.derive_tiles(0, len(leaves), lambda a, b: leaves[a:b], read_tile)
    }
    assert at_once.items() <= files.items()


@settings(max_examples=40, deadline=None)
@given(grown, st.data())
def test_proofs_from_tiles_equal_proofs_from_leaf_hashes(sizes, data):
    _, leaves, _, read_tile = grow(sizes)
    if not leaves:
        return
    reader = tile_proof.TileReader(read_tile, len(leaves))
    assert reader.read_root() == tree.compute_root(leaves)
    assert reader.read_frontier().compute_root() == tree.compute_root(leaves)
    index = data.draw(st.integers(0, len(leaves) - 1))
    expected = tree.prove_inclusion(leaves, index, len(leaves))
    assert tile_proof.prove_inclusion_from_tiles(read_tile, index, len(leaves)) == expected
    old = data.draw(st.integers(0, len(leaves)))
    expected = tree.prove_consistency(leaves, old, len(leaves))
    assert tile_proof.prove_consistency_from_tiles(read_tile, old, len(leaves)) == expected


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(SIZES), st.data())
def test_fsck_names_exactly_the_file_in_which_one_bit_was_flipped(sizes, data):
    published, leaves, _, _ = grow(sizes)
    files = dict(published)
    size = len(leaves)
    needed = {str(path) for path in tile.list_paths(size)}
    head = Checkpoint("log.example", size, tree.compute_root(leaves))

    def read_bundle(index, width):
        return files.get(str(tile.TilePath(None, index, width)))

    def read_tile(level, index, width):
        return files.get(str(tile.TilePath(level, index, width)))

    assert fsck.check_log(head, read_bundle, read_tile) == []
    path = data.draw(st.sampled_from(sorted(needed)))
    bit = data.draw(st.integers(0, len(files[path]) * 8 - 1))
    changed = bytearray(files[path])
    changed[bit // 8] ^= 1 << bit % 8
    files[path] = bytes(changed)
    assert {problem.place for problem in fsck.check_log(head, read_bundle, read_tile)} == {path}
    del files[path]
    assert {problem.place for problem in fsck.check_log(head, read_bundle, read_tile)} == {path}


@given(st.integers(0, 10**12), st.integers(1, 256), st.one_of(st.none(), st.integers(0, 63)))
def test_a_tile_path_reads_back_as_itself(index, width, level):
    path = tile.TilePath(level, index, width)
    assert tile.parse_path(tile.format_path(path)) == path


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_an_entry_bundle_reads_back_as_its_entries(entries):
    assert tile.decode_bundle(tile.encode_bundle(entries)) == entries


@given(st.lists(st.binary(min_size=1, max_size=30), min_size=1, max_size=20), st.data())
def test_a_bundle_cut_short_never_reads_as_the_same_entries(entries, data):
    whole = tile.encode_bundle(entries)
    cut = whole[: data.draw(st.integers(0, len(whole) - 1))]
    with contextlib.suppress(errors.TileError):
        assert tile.decode_bundle(cut) != entries
