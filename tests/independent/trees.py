"""The tree of the log, its tiles on disk, and which file is to blame; written from the documents alone.

Part of the second verifier. Sources: RFC 6962 section 2.1, C2SP tlog-tiles, docs/reference/bundle.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from notes import Refusal

WIDTH = 256
EMPTY = hashlib.sha256().digest()
Read = Callable[[str], bytes]
Row = list[bytes]


def hash_leaf(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def hash_pair(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def split(count: int) -> int:
    """The largest power of two below `count`."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def compute_root(hashes: Row) -> bytes:
    """Join complete subtrees of equal height as they arise; the rest is joined from the right."""
    stack: list[tuple[int, bytes]] = []
    for leaf in hashes:
        height, value = 0, leaf
        while stack and stack[-1][0] == height:
            value = hash_pair(stack.pop()[1], value)
            height += 1
        stack.append((height, value))
    return join_right(stack)


def join_right(stack: list[tuple[int, bytes]]) -> bytes:
    if not stack:
        return EMPTY
    value = stack[-1][1]
    for _, left in reversed(stack[:-1]):
        value = hash_pair(left, value)
    return value


def compute_prefix_roots(hashes: Row, sizes: set[int]) -> dict[int, bytes]:
    """The root of the tree of the first n leaves for each n asked for, in one pass."""
    found = {0: EMPTY} if 0 in sizes else {}
    stack: list[tuple[int, bytes]] = []
    for count, leaf in enumerate(hashes, 1):
        height, value = 0, leaf
        while stack and stack[-1][0] == height:
            value = hash_pair(stack.pop()[1], value)
            height += 1
        stack.append((height, value))
        if count in sizes:
            found[count] = join_right(stack)
    return found


def name_tile(level: int | str, index: int, width: int) -> str:
    digits = f"{index % 1000:03}"
    while index >= 1000:
        index //= 1000
        digits = f"x{index % 1000:03}/{digits}"
    return f"tile/{level}/{digits}" + ("" if width == WIDTH else f".p/{width}")


def list_tiles(size: int) -> list[tuple[int | str, int, int]]:
    """(level, index, width) of every file of a log of this size, entry bundles with the level "entries"."""
    found: list[tuple[int | str, int, int]] = []
    level: int | str = "entries"
    count = size
    while count:
        found += [
            (level, index, min(WIDTH, count - index * WIDTH)) for index in range((count + 255) // WIDTH)
        ]
        level, count = (0, count) if level == "entries" else (int(level) + 1, count // WIDTH)
    return found


def split_bundle(data: bytes, width: int, place: str) -> list[bytes]:
    entries, at = [], 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise Refusal(place, "the last entry is cut short")
        entries.append(data[at + 2 : end])
        at = end
    if len(entries) != width:
        raise Refusal(place, f"there are {len(entries)} entries where {width} belong")
    return entries


def compute_rows(leaves: Row) -> list[Row]:
    """The rows that tiles hold: leaf hashes, and above each row the roots of its full runs of 256."""
    rows = [leaves]
    while len(rows[-1]) >= WIDTH:
        row = rows[-1]
        rows.append([compute_root(row[at : at + WIDTH]) for at in range(0, len(row) // WIDTH * WIDTH, WIDTH)])
    return rows


def read_entries(size: int, root: bytes, read: Read, prefix: str) -> list[bytes]:
    """Every entry of the log, each tile and bundle held against the root; `Refusal` names the wrong file.

    `read(path)` gives a file's bytes and refuses when there is none.
    """
    tiles = list_tiles(size)
    entries: list[bytes] = []
    stored: list[Row] = []
    unreadable: Refusal | None = None
    for level, index, width in tiles:
        path = prefix + name_tile(level, index, width)
        data = read(path)
        if level == "entries":
            try:
                entries += split_bundle(data, width, path)
            except Refusal as refusal:
                unreadable = unreadable or refusal
        elif len(data) != width * 32:
            raise Refusal(path, f"a tile of {width} hashes has {width * 32} bytes, not {len(data)}")
        else:
            stored += [[]] if len(stored) <= int(level) else []
            stored[int(level)] += [data[at : at + 32] for at in range(0, len(data), 32)]
    if unreadable:
        raise unreadable
    leaves = [hash_leaf(entry) for entry in entries]
    if compute_root(leaves) == root:
        _compare(compute_rows(leaves), stored, prefix, "this tile does not follow from the entries")
        return entries
    below = stored[0] if stored else []
    if compute_root(below) == root:
        for at in range(0, size, WIDTH):
            if leaves[at : at + WIDTH] != below[at : at + WIDTH]:
                path = prefix + name_tile("entries", at // WIDTH, min(WIDTH, size - at))
                raise Refusal(path, "an entry is not the one that was logged")
    _compare(compute_rows(below), stored, prefix, "this tile does not follow from those below it")
    raise Refusal(prefix + "checkpoint", f"neither tiles nor entries lead to the root of size {size}")


def _compare(derived: list[Row], stored: list[Row], prefix: str, sentence: str) -> None:
    for level, (right, found) in enumerate(zip(derived, stored, strict=False)):
        for at in range(0, len(right), WIDTH):
            if right[at : at + WIDTH] != found[at : at + WIDTH]:
                path = name_tile(level, at // WIDTH, min(WIDTH, len(right) - at))
                raise Refusal(prefix + path, sentence)
