"""Tiles and entry bundles (C2SP tlog-tiles): the tree as files that never change.

A tile holds up to 256 neighbouring hashes of one row, rows 8 tree levels apart; an entry bundle
holds up to 256 entries, each behind its length in two bytes. Which files a growing log needs,
and what is in them, is a pure function of its entries (`derive_tiles`, `derive_bundles`).
Proofs out of tiles are in `tile_proof`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lightwell.tlog import errors, tree

FULL_WIDTH = 256
MAX_LEVEL = 63
MAX_ENTRY_BYTES = 65_535
"""What the two-byte length allows; this project's own entries stay below 8 KiB."""

ReadTile = Callable[[int, int, int], bytes | None]
"""read_tile(level, index, width): the bytes of exactly `width` hashes, or None when there is no such
file. A reader that has only the full tile left cuts it: the spec lets partial tiles be deleted."""

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@dataclass(frozen=True, slots=True)
class TilePath:
    """Which file: `level` is None for an entry bundle; `width` is 256 when it is full."""

    level: int | None
    index: int
    width: int = FULL_WIDTH

    def __post_init__(self) -> None:
        if self.level is not None and not 0 <= self.level <= MAX_LEVEL:
            raise errors.TileError(f"A tile's level is from 0 to {MAX_LEVEL}.")
        if self.index < 0 or not 1 <= self.width <= FULL_WIDTH:
            raise errors.TileError("A tile's index is 0 or more and its width from 1 to 256.")

    def __str__(self) -> str:
        return format_path(self)


@dataclass(frozen=True, slots=True)
class Tile:
    """A file to be: where, and its bytes."""

    path: TilePath
    data: bytes


def format_path(path: TilePath) -> str:
    """The path below the log's prefix, for example "tile/0/x001/x234/067.p/5"."""
    groups = [f"{path.index % 1000:03d}"]
    rest = path.index // 1000
    while rest:
        groups.insert(0, f"x{rest % 1000:03d}")
        rest //= 1000
    level = "entries" if path.level is None else str(path.level)
    suffix = "" if path.width == FULL_WIDTH else f".p/{path.width}"
    return f"tile/{level}/{'/'.join(groups)}{suffix}"


def parse_path(text: str) -> TilePath:
    """Read a path; `TileError` unless it is exactly how `format_path` writes it."""
    match = _PATH.fullmatch(text)
    if match is None:
        raise errors.TileError(f"{text!r} is not the path of a tile or an entry bundle.")
    level, groups, width = match.groups()
    index = int(groups.replace("x", "").replace("/", ""))
    path = TilePath(None if level == "entries" else int(level), index, int(width) if width else FULL_WIDTH)
    if format_path(path) != text:
        raise errors.TileError(f"{text!r} is not the path of a tile or an entry bundle.")
    return path


def count_width(size: int, level: int, index: int) -> int:
    """How many hashes tile `index` of a level holds in a tree of `size` entries; 0 if it has none."""
    return max(0, min(FULL_WIDTH, (size >> (8 * level)) - index * FULL_WIDTH))


def list_paths(size: int) -> Iterator[TilePath]:
    """Every file a tree of `size` entries consists of: bundles first, then tiles upwards."""
    for index in range(-(-size // FULL_WIDTH)):
        yield TilePath(None, index, count_width(size, 0, index))
    level = 0
    while size >> (8 * level):
        for index in range(-(-(size >> (8 * level)) // FULL_WIDTH)):
            yield TilePath(level, index, count_width(size, level, index))
        level += 1


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """The bytes of an entry bundle of 1 to 256 entries."""
    if not 1 <= len(entries) <= FULL_WIDTH:
        raise errors.TileError("An entry bundle holds 1 to 256 entries.")
    if any(len(entry) > MAX_ENTRY_BYTES for entry in entries):
        raise errors.TileError(f"A log entry is at most {MAX_ENTRY_BYTES} bytes.")
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def decode_bundle(data: bytes) -> list[bytes]:
    """The entries of a bundle; `TileError` when it is cut short or holds too many."""
    entries: list[bytes] = []
    position, end = 0, len(data)
    while position < end:
        start = position + 2
        position = start + int.from_bytes(data[position:start], "big")
        if start > end or position > end:
            raise errors.TileError("The entry bundle is cut short.")
        entries.append(data[start:position])
    if not 1 <= len(entries) <= FULL_WIDTH:
        raise errors.TileError("An entry bundle holds 1 to 256 entries.")
    return entries


def encode_tile(hashes: Sequence[bytes]) -> bytes:
    """The bytes of a tile of 1 to 256 hashes."""
    if not 1 <= len(hashes) <= FULL_WIDTH or any(len(value) != tree.HASH_BYTES for value in hashes):
        raise errors.TileError("A tile holds 1 to 256 hashes of 32 bytes.")
    return b"".join(hashes)


def decode_tile(data: bytes, width: int) -> list[bytes]:
    """The first `width` hashes of a tile; a wider tile is cut, a narrower one refused."""
    if (
        len(data) % tree.HASH_BYTES
        or not width * tree.HASH_BYTES <= len(data) <= FULL_WIDTH * tree.HASH_BYTES
    ):
        raise errors.TileError(
            f"A tile of width {width} has {width * tree.HASH_BYTES} bytes, not {len(data)}."
        )
    return [data[start : start + 32] for start in range(0, width * tree.HASH_BYTES, tree.HASH_BYTES)]


def derive_tiles(
    old_size: int,
    new_size: int,
    read_leaf_hashes: Callable[[int, int], Sequence[bytes]],
    read_tile: ReadTile,
) -> Iterator[Tile]:
    """The tiles that growing from `old_size` to `new_size` entries adds, lowest level first.

    `read_leaf_hashes(start, stop)` gives leaf hashes by the durable order; `read_tile` is asked
    at most once per level above 0, for the partial tile of the old size. Growing from 0 asks
    nothing and rebuilds every tile. Raises `TileError` when an old tile is missing.
    """
    if not 0 <= old_size <= new_size:
        raise errors.TileError(f"A log cannot grow from {old_size} to {new_size} entries.")
    level, first = 0, old_size // FULL_WIDTH
    row = list(read_leaf_hashes(first * FULL_WIDTH, new_size)) if new_size > old_size else []
    while row and new_size >> (8 * level) > old_size >> (8 * level):
        above: list[bytes] = []
        for position in range(0, len(row), FULL_WIDTH):
            hashes = row[position : position + FULL_WIDTH]
            yield Tile(TilePath(level, first + position // FULL_WIDTH, len(hashes)), encode_tile(hashes))
            if len(hashes) == FULL_WIDTH:
                above.append(tree.compute_root(hashes))
        level += 1
        first, kept = divmod(old_size >> (8 * level), FULL_WIDTH)
        row = above
        if kept and above:
            old = read_tile(level, first, kept)
            if old is None:
                raise errors.TileError(
                    f"{TilePath(level, first, kept)} is missing; rebuild the tiles from entry 0."
                )
            row = decode_tile(old, kept) + above


def derive_bundles(
    old_size: int, new_size: int, read_entries: Callable[[int, int], Sequence[bytes]]
) -> Iterator[Tile]:
    """The entry bundles that growing adds; `read_entries(start, stop)` gives entries in order."""
    if not 0 <= old_size <= new_size:
        raise errors.TileError(f"A log cannot grow from {old_size} to {new_size} entries.")
    if old_size == new_size:
        return
    for index in range(old_size // FULL_WIDTH, -(-new_size // FULL_WIDTH)):
        start = index * FULL_WIDTH
        stop = min(start + FULL_WIDTH, new_size)
        entries = read_entries(start, stop)
        if len(entries) != stop - start:
            raise errors.TileError(f"Entries {start} to {stop - 1} are not all there.")
        yield Tile(TilePath(None, index, stop - start), encode_bundle(entries))
