"""Check a whole log against its checkpoint and name every file that is wrong.

Trust flows down: the checkpoint's root vouches for the right edge of every row, each tile
vouches for the 256 tiles below it, the lowest tiles for the entry bundles. So a changed file is
judged by its parent and its innocent neighbours are not accused. Pure: files come through two
callables; memory is one hash per tile (about 1/256 of a row).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lightwell.base import errors as base_errors
from lightwell.tlog import checkpoint, errors, tile, tree

ReadBundle = Callable[[int, int], bytes | None]
"""read_entry_bundle(index, width): the bundle's bytes, or None when there is no such file."""

Problem = base_errors.Problem
_Row = list[bytes | None]


def check_log(
    head: checkpoint.Checkpoint, read_entry_bundle: ReadBundle, read_tile: tile.ReadTile
) -> list[Problem]:
    """Every problem found, each with the path of the file below the log's prefix as its place.

    Checks the tree, not the signatures on the checkpoint. An empty list means that the entry
    bundles and all tiles are exactly those of the checkpoint's size and root.
    """
    if head.size == 0:
        wrong = head.root != tree.EMPTY_ROOT
        return [Problem("checkpoint", "The root hash is not that of an empty log.")] if wrong else []
    problems: list[Problem] = []
    rows = [_read_row(head.size, level, read_tile, problems) for level in range(1, _count_levels(head.size))]
    edge_path = tile.TilePath(0, head.size // tile.FULL_WIDTH, head.size % tile.FULL_WIDTH or tile.FULL_WIDTH)
    edge = _read_hashes(edge_path, read_tile, []) if head.size % tile.FULL_WIDTH else []
    if edge is None or _compute_edge_root(rows, edge) != head.root:
        rows, edge = _explain_edge(head, rows, edge, read_entry_bundle, read_tile, problems)
    for level, row in enumerate(rows, 1):
        problems.extend(_check_row(row, level, rows[level] if level < len(rows) else []))
    parents = rows[0] if rows else []
    for index in range(-(-head.size // tile.FULL_WIDTH)):
        expected = parents[index] if index < len(parents) else _compute_root(edge)
        width = tile.count_width(head.size, 0, index)
        problems.extend(_check_lowest(index, width, expected, read_entry_bundle, read_tile))
    return problems


def _count_levels(size: int) -> int:
    return (size.bit_length() + 7) // 8


def _compute_root(hashes: Sequence[bytes] | None) -> bytes | None:
    return tree.compute_root(hashes) if hashes else None


def _read_hashes(
    path: tile.TilePath, read_tile: tile.ReadTile, problems: list[Problem]
) -> list[bytes] | None:
    """The tile's hashes, or None with a problem reported."""
    data = read_tile(path.level or 0, path.index, path.width)
    if data is None:
        problems.append(Problem(str(path), "This tile is missing."))
        return None
    if len(data) != path.width * tree.HASH_BYTES:
        problems.append(Problem(str(path), f"This tile has {len(data)} bytes, not {path.width * 32}."))
        return None
    return tile.decode_tile(data, path.width)


def _read_row(size: int, level: int, read_tile: tile.ReadTile, problems: list[Problem]) -> _Row:
    """All hashes of one level above 0, unknown ones as None."""
    row: _Row = []
    for index in range(-(-(size >> (8 * level)) // tile.FULL_WIDTH)):
        path = tile.TilePath(level, index, tile.count_width(size, level, index))
        hashes = _read_hashes(path, read_tile, problems)
        row.extend(hashes if hashes is not None else [None] * path.width)
    return row


def _compute_edge_root(rows: Sequence[_Row], edge: Sequence[bytes]) -> bytes | None:
    """Root from the right edge alone: what is beyond the last full tile, level by level."""
    running: list[bytes | None] = list(edge)
    for row in rows:
        above = [] if not running else [_compute_known(running)]
        running = row[len(row) // tile.FULL_WIDTH * tile.FULL_WIDTH :] + above
    return _compute_known(running)


def _compute_known(hashes: Sequence[bytes | None]) -> bytes | None:
    known = [value for value in hashes if value is not None]
    return tree.compute_root(known) if len(known) == len(hashes) else None


def _explain_edge(
    head: checkpoint.Checkpoint,
    rows: list[_Row],
    edge: list[bytes] | None,
    read_entry_bundle: ReadBundle,
    read_tile: tile.ReadTile,
    problems: list[Problem],
) -> tuple[list[_Row], list[bytes] | None]:
    """The stored edge does not lead to the checkpoint: ask the entries, then the lowest tiles,
    and trust whichever lead to it."""

    def hash_entries(index: int, width: int) -> list[bytes] | None:
        return _hash_bundle(read_entry_bundle(index, width))

    def read_leaves(index: int, width: int) -> list[bytes] | None:
        return _read_hashes(tile.TilePath(0, index, width), read_tile, [])

    for source in (hash_entries, read_leaves):
        derived = _derive_rows(head.size, source)
        if derived is None or _compute_edge_root(derived[1], derived[0]) != head.root:
            continue
        for level, (stored, right) in enumerate(zip(rows, derived[1], strict=True), 1):
            for position in range(0, len(right), tile.FULL_WIDTH):
                end = position + tile.FULL_WIDTH
                if stored[position:end] != right[position:end] and None not in stored[position:end]:
                    path = tile.TilePath(level, position // tile.FULL_WIDTH, len(right[position:end]))
                    problems.append(Problem(str(path), "This tile does not match the tiles below it."))
        return [*derived[1]], derived[0]
    problems.append(
        Problem(
            "checkpoint",
            f"Neither the tiles nor the entries lead to the root hash of the checkpoint at size {head.size}.",
        )
    )
    return rows, edge


def _derive_rows(
    size: int, read_leaves: Callable[[int, int], list[bytes] | None]
) -> tuple[list[bytes], list[_Row]] | None:
    """(leaf hashes beyond the last full tile, all rows above) as one source alone makes them."""
    row: _Row = []
    edge: list[bytes] = []
    for index in range(-(-size // tile.FULL_WIDTH)):
        hashes = read_leaves(index, tile.count_width(size, 0, index))
        if hashes is None or len(hashes) != tile.count_width(size, 0, index):
            return None
        if len(hashes) == tile.FULL_WIDTH:
            row.append(tree.compute_root(hashes))
        else:
            edge = hashes
    rows: list[_Row] = []
    while row:
        rows.append(row)
        full = range(0, len(row) - tile.FULL_WIDTH + 1, tile.FULL_WIDTH)
        row = [_compute_known(row[start : start + tile.FULL_WIDTH]) for start in full]
    return edge, rows


def _hash_bundle(data: bytes | None) -> list[bytes] | None:
    try:
        return None if data is None else [tree.hash_leaf(entry) for entry in tile.decode_bundle(data)]
    except errors.TileError:
        return None


def _check_row(row: _Row, level: int, parents: _Row) -> list[Problem]:
    """Full tiles of a level against the hashes their parents hold."""
    problems: list[Problem] = []
    for index, expected in enumerate(parents):
        found = _compute_known(row[index * tile.FULL_WIDTH : (index + 1) * tile.FULL_WIDTH])
        if found is not None and expected is not None and found != expected:
            problems.append(
                Problem(str(tile.TilePath(level, index)), "This tile is not the one above it names.")
            )
            # Its hashes must not accuse the files below it, which the tile above never saw.
            row[index * tile.FULL_WIDTH : (index + 1) * tile.FULL_WIDTH] = [None] * tile.FULL_WIDTH
    return problems


def _check_lowest(
    index: int, width: int, expected: bytes | None, read_entry_bundle: ReadBundle, read_tile: tile.ReadTile
) -> list[Problem]:
    """One tile of leaf hashes and its entry bundle, against what the tile above says of both."""
    problems: list[Problem] = []
    tile_path, bundle_path = tile.TilePath(0, index, width), tile.TilePath(None, index, width)
    data = read_entry_bundle(index, width)
    leaves = _hash_bundle(data)
    if data is None:
        problems.append(Problem(str(bundle_path), "This entry bundle is missing."))
    elif leaves is None or len(leaves) != width:
        problems.append(Problem(str(bundle_path), f"This entry bundle does not hold {width} whole entries."))
        leaves = None
    hashes = _read_hashes(tile_path, read_tile, problems)
    same = hashes == leaves
    if expected is None:
        if hashes is not None and leaves is not None and not same:
            sentence = "This entry bundle and the tile of its leaf hashes contradict each other."
            problems += [Problem(str(bundle_path), sentence), Problem(str(tile_path), sentence)]
        return problems
    if hashes is not None and tree.compute_root(hashes) != expected:
        problems.append(
            Problem(str(tile_path), "This tile does not match the hash that the checkpoint vouches for.")
        )
    if leaves is not None and (tree.compute_root(leaves) != expected if not same else bool(problems)):
        problems.append(Problem(str(bundle_path), "An entry in this bundle is not the one that was logged."))
    return problems
