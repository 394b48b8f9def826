"""The Merkle tree of RFC 6962 section 2.1: roots, inclusion proofs and consistency proofs.

Checks follow RFC 9162 sections 2.1.3.2 and 2.1.4.2, which state them as loops. Hashes are 32
bytes of SHA-256; an entry is hashed with the prefix 0x00 and two children with 0x01, so that
no entry can pass for a pair of children. All functions are pure; `tile` reads the same proofs
out of tiles, `tests/property/slow_tree.py` is the literal twin that judges this file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence

from lightwell.tlog import errors

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_sha256 = hashlib.sha256


def hash_leaf(data: bytes) -> bytes:
    """Leaf hash of one entry's bytes (RFC 6962 section 2.1)."""
    return _sha256(b"\x00" + data).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node (RFC 6962 section 2.1)."""
    return _sha256(b"\x01" + left + right).digest()


def hash_empty() -> bytes:
    """Root of the tree without entries: SHA-256 of nothing."""
    return EMPTY_ROOT


def hash_pairs(hashes: Sequence[bytes]) -> list[bytes]:
    """The row above an even number of neighbouring hashes; the hot loop of everything here."""
    rest = iter(hashes)
    return [_sha256(b"\x01" + left + right).digest() for left, right in zip(rest, rest, strict=True)]


def compute_root(leaf_hashes: Sequence[bytes]) -> bytes:
    """Root over the given leaf hashes, row by row; an odd last hash moves up unchanged."""
    if not leaf_hashes:
        return EMPTY_ROOT
    row = leaf_hashes
    while len(row) > 1:
        if len(row) % 2:
            last = row[-1]
            row = hash_pairs(row[:-1])
            row.append(last)
        else:
            row = hash_pairs(row)
    return row[0]


Range = tuple[int, int]
"""A subtree [start, stop): how the hashes of a proof are named before they are read."""


def split_size(count: int) -> int:
    """Largest power of two smaller than `count` (count > 1): where RFC 6962 splits a tree."""
    return 1 << ((count - 1).bit_length() - 1)


def list_inclusion_ranges(index: int, size: int) -> list[Range]:
    """The subtrees whose hashes are the audit path of entry `index`, leaf's sibling first.

    RFC 6962 section 2.1.1. Raises `ProofError` when the tree has no such entry.
    """
    if not 0 <= index < size:
        raise errors.ProofError(f"A tree of {size} entries has no entry with index {index}.")
    ranges: list[Range] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + split_size(stop - start)
        if index < middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start = middle
    ranges.reverse()
    return ranges


def list_consistency_ranges(old_size: int, new_size: int) -> list[Range]:
    """The subtrees whose hashes prove that the first `old_size` entries are unchanged.

    RFC 6962 section 2.1.2. Empty when the sizes are equal, and when the old tree is empty
    (a rule of the protocols above: everything extends nothing).
    """
    if not 0 <= old_size <= new_size:
        raise errors.ProofError(f"A tree of {new_size} entries cannot extend one of {old_size}.")
    if old_size in (0, new_size):
        return []
    ranges: list[Range] = []
    start, stop, known = 0, new_size, True
    while old_size != stop:
        middle = start + split_size(stop - start)
        if old_size <= middle:
            ranges.append((middle, stop))
            stop = middle
        else:
            ranges.append((start, middle))
            start, known = middle, False
    if not known:
        ranges.append((start, stop))
    ranges.reverse()
    return ranges


def prove_inclusion(leaf_hashes: Sequence[bytes], index: int, size: int) -> list[bytes]:
    """Audit path of entry `index` in the tree of the first `size` leaf hashes."""
    _require_leaves(leaf_hashes, size)
    return [compute_root(leaf_hashes[start:stop]) for start, stop in list_inclusion_ranges(index, size)]


def check_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Raise `ProofError` unless the path leads from the leaf to the root (RFC 9162 2.1.3.2)."""
    if not 0 <= index < size:
        raise errors.ProofError(f"A tree of {size} entries has no entry with index {index}.")
    _require_hashes((leaf_hash, root, *proof))
    node, last, running = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise errors.ProofError("The inclusion proof has more hashes than the tree has levels.")
        if node & 1 or node == last:
            running = hash_children(sibling, running)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            running = hash_children(running, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise errors.ProofError("The inclusion proof has fewer hashes than the tree has levels.")
    if running != root:
        raise errors.ProofError(
            f"The inclusion proof of entry {index} does not lead to the tree's root hash."
        )


def prove_consistency(leaf_hashes: Sequence[bytes], old_size: int, new_size: int) -> list[bytes]:
    """Hashes proving that the tree of `old_size` is the beginning of the tree of `new_size`."""
    _require_leaves(leaf_hashes, new_size)
    ranges = list_consistency_ranges(old_size, new_size)
    return [compute_root(leaf_hashes[start:stop]) for start, stop in ranges]


def check_consistency(
    old_size: int, old_root: bytes, new_size: int, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise `ProofError` unless the old tree is the beginning of the new one (RFC 9162 2.1.4.2).

    From size 0 every tree follows with an empty proof, provided the old root is the empty
    tree's; equal sizes need equal roots and an empty proof.
    """
    if not 0 <= old_size <= new_size:
        raise errors.ProofError(f"A tree of {new_size} entries cannot extend one of {old_size}.")
    # Equal sizes only compare the roots, whatever they are; else both must be hashes.
    _require_hashes(proof if old_size == new_size else (old_root, new_root, *proof))
    if old_size in (0, new_size):
        if proof:
            raise errors.ProofError("A consistency proof from nothing or between equal sizes must be empty.")
        if old_size == 0 and old_root != EMPTY_ROOT:
            raise errors.ProofError("A tree without entries has a fixed root hash, and this is not it.")
        if new_size == 0 and new_root != EMPTY_ROOT:
            raise errors.ProofError("A tree without entries has a fixed root hash, and this is not it.")
        if old_size == new_size and old_root != new_root:
            raise errors.ProofError(f"Two different root hashes claim to be the tree of {old_size} entries.")
        return
    if not proof:
        raise errors.ProofError("The consistency proof is missing.")
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    node, last = old_size - 1, new_size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    old_running = new_running = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise errors.ProofError("The consistency proof has more hashes than the tree has levels.")
        if node & 1 or node == last:
            old_running = hash_children(sibling, old_running)
            new_running = hash_children(sibling, new_running)
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            new_running = hash_children(new_running, sibling)
        node, last = node >> 1, last >> 1
    if last:
        raise errors.ProofError("The consistency proof has fewer hashes than the tree has levels.")
    if old_running != old_root:
        raise errors.ProofError(f"The consistency proof does not lead to the root hash at size {old_size}.")
    if new_running != new_root:
        raise errors.ProofError(f"The consistency proof does not lead to the root hash at size {new_size}.")


def list_complete_ranges(size: int) -> list[tuple[int, int]]:
    """(level, index) of the complete subtrees that make up the first `size` entries, left to right."""
    found: list[tuple[int, int]] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            found.append((level, start >> level))
            start += 1 << level
    return found


class Frontier:
    """The right edge of a growing tree: one hash per complete subtree (a compact range from 0).

    `size` entries are summarised by at most 63 hashes, so that a batch of n appended leaves
    costs about 2n hashes and the root another log2(size).
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """`hashes` are those of `list_complete_ranges(size)`, left to right."""
        _require_hashes(hashes)
        levels = [level for level, _ in list_complete_ranges(size)]
        if len(levels) != len(hashes):
            raise errors.ProofError(f"The right edge of {size} entries has {len(levels)} hashes.")
        self.size = size
        self._edge = dict(zip(levels, hashes, strict=True))

    @classmethod
    def read(cls, size: int, read_hash: Callable[[int, int], bytes]) -> Frontier:
        """The edge of an existing tree, `read_hash(level, index)` giving complete subtrees."""
        return cls(size, [read_hash(level, index) for level, index in list_complete_ranges(size)])

    @property
    def hashes(self) -> list[bytes]:
        """Hashes of the complete subtrees, left to right; the inverse of the constructor."""
        return [self._edge[level] for level in sorted(self._edge, reverse=True)]

    def append(self, leaf_hashes: Iterable[bytes]) -> None:
        """Add leaf hashes at the right, a whole row at a time."""
        row = list(leaf_hashes)
        _require_hashes(row)
        count, level = len(row), 0
        while row:
            waiting = self._edge.pop(level, None)
            if waiting is not None:
                row.insert(0, waiting)
            if len(row) % 2:
                self._edge[level] = row.pop()
            row = hash_pairs(row)
            level += 1
        self.size += count

    def compute_root(self) -> bytes:
        """Root of everything appended so far."""
        running = b""
        for level in sorted(self._edge):
            running = hash_children(self._edge[level], running) if running else self._edge[level]
        return running or EMPTY_ROOT


def _require_leaves(leaf_hashes: Sequence[bytes], size: int) -> None:
    if len(leaf_hashes) < size:
        raise errors.ProofError(
            f"A tree of {size} entries needs as many leaf hashes, not {len(leaf_hashes)}."
        )


def _require_hashes(hashes: Iterable[bytes]) -> None:
    if any(len(value) != HASH_BYTES for value in hashes):
        raise errors.ProofError("Every hash in a proof must be exactly 32 bytes.")
