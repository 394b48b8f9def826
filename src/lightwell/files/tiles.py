"""The log's files on disk: tiles, entry bundles and the checkpoint, each written durably.

Every file is written beside its place, flushed, renamed into place, and the directory flushed,
as are directories newly made and their parents. So a reader, and a restart after a crash at any
point, sees a file whole or not at all. A tile never changes: writing other bytes to a path that
exists is refused as damage. The order of entries is durable in the database before anything here
is written, and everything here but the checkpoint can be derived again from it.

One writer at a time: whoever writes holds the log's sequencer lock. Readers need none.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from lightwell.base import errors
from lightwell.files import durable
from lightwell.tlog import tile, tree


class TileStore:
    """A directory with the layout of C2SP tlog-tiles: `checkpoint`, `tile/...`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._anchored: set[Path] = set()

    def write_tiles(self, items: Iterable[tile.Tile]) -> int:
        """Write tiles and bundles durably and return how many were not there yet.

        A crash here leaves some of the files, each whole, and perhaps `.tmp` leftovers; the
        checkpoint still names the old size, so no reader needs any of them, and deriving and
        writing them again is harmless. When this returns, all of them survive a power loss.
        Files whose path exists are compared, never rewritten; `Damaged` if they differ.
        """
        folders: set[Path] = set()
        written = 0
        for item in items:
            path = self.root / str(item.path)
            folders.add(path.parent)
            if path.exists():
                if path.read_bytes() != item.data:
                    raise errors.Damaged(
                        f"{item.path} exists with other bytes. Run lightwell log fsck; sign nothing before."
                    )
                continue
            folders |= durable.make_folders(path.parent)
            durable.write_and_rename(path, item.data)
            written += 1
        # Also for files and folders that were there: a crash may have come between making them
        # and flushing, so what this process has not flushed itself is flushed up to the root.
        for folder in folders - self._anchored:
            folders.update(parent for parent in folder.parents if parent.is_relative_to(self.root.parent))
        for folder in folders:
            durable.flush_folder(folder)
        self._anchored |= folders
        return written

    def remove_partials(self, items: Iterable[tile.Tile]) -> None:
        """Delete the partial tiles that the given full ones replace (tlog-tiles, "Partial Tiles").

        A crash here leaves some partial tiles, which do no harm; the next call for the same
        tile removes them. Call it only after `write_tiles` has returned, so that the full tile
        is durable before the first partial one goes.
        """
        for item in items:
            if item.path.width == tile.FULL_WIDTH:
                shutil.rmtree(self.root / f"{item.path}.p", ignore_errors=True)

    def read_tile(self, level: int, index: int, width: int = tile.FULL_WIDTH) -> bytes | None:
        """Exactly `width` hashes of a tile, cut from the full one if that is left; None if missing."""
        data = self._read(tile.TilePath(level, index, width))
        if data is None and width < tile.FULL_WIDTH:
            full = self._read(tile.TilePath(level, index))
            data = None if full is None else full[: width * tree.HASH_BYTES]
        return data

    def read_bundle(self, index: int, width: int = tile.FULL_WIDTH) -> bytes | None:
        """Exactly `width` entries of a bundle, cut from the full one if that is left; None if missing."""
        data = self._read(tile.TilePath(None, index, width))
        if data is None and width < tile.FULL_WIDTH:
            full = self._read(tile.TilePath(None, index))
            data = None if full is None else tile.encode_bundle(tile.decode_bundle(full)[:width])
        return data

    def write_checkpoint(self, text: str) -> None:
        """Replace the published checkpoint.

        A crash here leaves the old checkpoint or the new one, never a mixture; the tiles of both
        are on disk, because they were written before.
        """
        durable.replace_file(self.root / "checkpoint", text.encode())

    def read_checkpoint(self) -> str | None:
        """The published checkpoint, None before the first."""
        try:
            return (self.root / "checkpoint").read_text(encoding="utf-8")
        except FileNotFoundError:
            return None

    def remove_leftovers(self) -> int:
        """Delete what interrupted writes left behind and return how many; only under the sequencer lock."""
        leftovers = list(self.root.rglob(f"*{durable.TEMPORARY}"))
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)

    def _read(self, path: tile.TilePath) -> bytes | None:
        try:
            with open(f"{self.root}/{path}", "rb") as file:
                return file.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
