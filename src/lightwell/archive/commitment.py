"""The salted Merkle tree under a seal: one secret makes every salt, one hash binds every part.

Salts and hashes hang in trees of the same shape (the split of RFC 6962 section 2.1), so that a run
of opened parts costs one seed and a run of hidden parts costs one hash. Seeds come from the
construction of Goldreich, Goldwasser and Micali ("How to construct random functions", JACM 1986):
who holds the seed of a node can derive what is below it and nothing beside it.

What a part is (line, patch, page) is in `archive/page`. No dice here: the key is an argument.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.tlog import tree

SECRET_BYTES = 32

_GGM = b"lightwell.ggm.v1\n"
_DERIVE = b"lightwell.derive.v1\n"

HashPart = Callable[[int, bytes], bytes]  # position and salt to leaf hash


@dataclass(frozen=True, slots=True)
class Node:
    """One node of a partial opening: the seed of a run that is open, or the hash of a run that is hidden."""

    open: bool
    value: bytes

    def __post_init__(self) -> None:
        if len(self.value) != SECRET_BYTES:
            raise errors.Refused(f"a seed or a hash has {SECRET_BYTES} bytes, not {len(self.value)}")


def derive_secret(secret: bytes, label: str) -> bytes:
    """Derive the secret for one purpose (`label`) from a 32-byte secret; labels never collide."""
    return hashlib.sha256(_DERIVE + label.encode() + b"\n" + secret).digest()


def derive_child(seed: bytes, right: bool) -> bytes:
    """Derive the seed of the left or right child: one SHA-256 block each."""
    return hashlib.sha256(_GGM + (b"\x01" if right else b"\x00") + seed).digest()


def derive_salts(seed: bytes, count: int) -> list[bytes]:
    """Derive the salts of `count` parts, in order, from the seed of their tree."""
    salts: list[bytes] = []
    # RFC 6962 splits off the largest complete tree on the left, again and again; each is derived row by row.
    while count > 1:
        left = tree.split_size(count)
        if left * 2 == count:
            return salts + _derive_row(seed, count)
        salts += _derive_row(derive_child(seed, False), left)
        seed, count = derive_child(seed, True), count - left
    return [*salts, seed] if count else salts


def _derive_row(seed: bytes, width: int) -> list[bytes]:
    """Derive the leaves of a complete tree of seeds; `width` is a power of two. The hot loop of sealing."""
    row, sha256, go_left, go_right = [seed], hashlib.sha256, _GGM + b"\x00", _GGM + b"\x01"
    while len(row) < width:
        row = [sha256(way + each).digest() for each in row for way in (go_left, go_right)]
    return row


def derive_salt(seed: bytes, count: int, position: int) -> bytes:
    """Derive the salt of one part in O(log count)."""
    if not 0 <= position < count:
        raise errors.Refused(f"part {position + 1} does not exist; there are {count}")
    while count > 1:
        left = tree.split_size(count)
        right = position >= left
        seed = derive_child(seed, right)
        position, count = (position - left, count - left) if right else (position, left)
    return seed


def hash_salted(tag: str, salt: bytes, content: bytes, more: bytes = b"") -> bytes:
    """Hash one part as an RFC 6962 leaf of tag, salt and content: no part passes for another kind.

    `more` continues the content: joining a large part to what precedes it would copy it once more.
    """
    hashed = hashlib.sha256(b"\x00lightwell." + tag.encode() + b".v1\n" + salt + content)
    hashed.update(more)
    return hashed.digest()


def prove_partial(seed: bytes, leaf_hashes: Sequence[bytes], hidden: Collection[int]) -> list[Node]:
    """List, in preorder, the fewest nodes that open every part but the `hidden` positions."""
    hidden_set = set(hidden)
    if any(not 0 <= position < len(leaf_hashes) for position in hidden_set):
        raise errors.Refused(f"a hidden part does not exist; there are {len(leaf_hashes)}")
    nodes: list[Node] = []

    def visit(seed: bytes, start: int, stop: int) -> None:
        inside = [position for position in hidden_set if start <= position < stop]
        if not inside:
            nodes.append(Node(True, seed))
        elif len(inside) == stop - start:
            nodes.append(Node(False, tree.compute_root(leaf_hashes[start:stop])))
        else:
            middle = start + tree.split_size(stop - start)
            visit(derive_child(seed, False), start, middle)
            visit(derive_child(seed, True), middle, stop)

    if leaf_hashes:
        visit(seed, 0, len(leaf_hashes))
    return nodes


def compute_partial_root(
    nodes: Sequence[Node], count: int, hidden: Collection[int], hash_part: HashPart
) -> bytes:
    """Recompute the root from a partial opening; inverse check of `prove_partial`.

    `hash_part(position, salt)` hashes the content shown at an open position. Raises `Refused`
    when the nodes do not fit `count` and `hidden` exactly, so that there is one proof per opening.
    """
    hidden_set = set(hidden)
    left_over = list(reversed(nodes))

    def visit(start: int, stop: int) -> bytes:
        inside = sum(start <= position < stop for position in hidden_set)
        if inside in (0, stop - start):
            if not left_over:
                raise errors.Refused("the opening has too few nodes")
            node = left_over.pop()
            if node.open != (inside == 0):
                raise errors.Refused("the opening confuses a seed with a hash")
            if not node.open:
                return node.value
            salts = derive_salts(node.value, stop - start)
            return tree.compute_root([hash_part(start + k, salt) for k, salt in enumerate(salts)])
        middle = start + tree.split_size(stop - start)
        return tree.hash_children(visit(start, middle), visit(middle, stop))

    root = visit(0, count) if count else tree.hash_empty()
    if left_over:
        raise errors.Refused("the opening has nodes left over")
    return root
