"""Inclusion and consistency proofs, roots and frontiers read out of tiles.

A proof in a log of a million entries touches three tiles. A `TileReader` keeps what it read, so
that many proofs of one tree size cost little more than one; nothing it returns is trusted until
it is checked against a checkpoint's root.
"""

from __future__ import annotations

from lightwell.tlog import errors, tile, tree

_MAX_KEPT = 256


class TileReader:
    """Hashes of one tree size, by tree level (0 = leaves), from whole tiles."""

    def __init__(self, read_tile: tile.ReadTile, size: int) -> None:
        self.size = size
        self._read_tile = read_tile
        self._kept: dict[tuple[int, int], list[list[bytes]]] = {}

    def read_hash(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree over entries [index * 2^level, (index + 1) * 2^level)."""
        if index < 0 or (index + 1) << level > self.size:
            raise errors.ProofError(f"A tree of {self.size} entries has no complete subtree {level}/{index}.")
        tile_level, height = divmod(level, 8)
        # A row `height` levels above the tile's own has 256 >> height hashes in each tile.
        tile_index, position = divmod(index, tile.FULL_WIDTH >> height)
        rows = self._read_rows(tile_level, tile_index)
        while len(rows) <= height:
            below = rows[-1]
            rows.append(tree.hash_pairs(below[: len(below) // 2 * 2]))
        return rows[height][position]

    def read_range(self, start: int, stop: int) -> bytes:
        """Hash of the subtree [start, stop) as RFC 6962 forms it; it may be cut at the right."""
        running = b""
        for level, index in reversed(tree.list_complete_ranges(stop - start)):
            found = self.read_hash(level, (start >> level) + index)
            running = tree.hash_children(found, running) if running else found
        return running or tree.EMPTY_ROOT

    def read_root(self) -> bytes:
        """Root of the whole tree."""
        return self.read_range(0, self.size)

    def read_frontier(self) -> tree.Frontier:
        """The right edge, to go on appending."""
        return tree.Frontier.read(self.size, self.read_hash)

    def prove_inclusion(self, index: int) -> list[bytes]:
        """Audit path of entry `index` in the tree of this size."""
        return [self.read_range(*span) for span in tree.list_inclusion_ranges(index, self.size)]

    def prove_consistency(self, old_size: int) -> list[bytes]:
        """Proof that the tree of `old_size` is the beginning of the tree of this size."""
        return [self.read_range(*span) for span in tree.list_consistency_ranges(old_size, self.size)]

    def _read_rows(self, level: int, index: int) -> list[list[bytes]]:
        rows = self._kept.get((level, index))
        if rows is None:
            path = tile.TilePath(level, index, tile.count_width(self.size, level, index))
            data = self._read_tile(level, index, path.width)
            if data is None:
                raise errors.TileError(f"{path} is missing, so this proof cannot be made.")
            if len(self._kept) >= _MAX_KEPT:
                self._kept.clear()
            rows = self._kept[(level, index)] = [tile.decode_tile(data, path.width)]
        return rows


def prove_inclusion_from_tiles(read_tile: tile.ReadTile, index: int, size: int) -> list[bytes]:
    """Audit path of entry `index` in the tree of `size` entries."""
    return TileReader(read_tile, size).prove_inclusion(index)


def prove_consistency_from_tiles(read_tile: tile.ReadTile, old_size: int, new_size: int) -> list[bytes]:
    """Proof that the tree of `old_size` entries is the beginning of that of `new_size`."""
    return TileReader(read_tile, new_size).prove_consistency(old_size)
