"""What stands between the durable order and a signature: derive tiles, read them back, compare.

Nothing is signed here. The newest checkpoint is the anchor: the right edge on disk must lead to its
root, the entries after it must be there without a gap, and what was written must be what is read
back. `check_everything` reads the whole log; the rest reads only what a growth touches.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from lightwell.base import errors
from lightwell.db.models import LogEntry
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, fsck, note, tile, tile_proof, tree
from lightwell.tlog import errors as log_errors

_ADVICE = "restore the newest backup; nothing was signed"


@dataclass(frozen=True, slots=True)
class Signed:
    """How far the log was signed."""

    size: int
    root: bytes


NOTHING = Signed(0, tree.EMPTY_ROOT)


def check_continuation(store: TileStore, last: Signed, size: int) -> None:
    """Raise `Damaged` unless `size` entries can continue the newest signature and what readers were shown."""
    if last.size > size:
        raise errors.Damaged(
            f"the log holds {size} entries that do not continue the checkpoint of size {last.size}; {_ADVICE}"
        )
    shown = store.read_checkpoint()
    if shown is None:
        return
    try:
        head = checkpoint.parse_checkpoint(note.parse_note(shown).text)
        if head.size > last.size:
            raise errors.Damaged(
                f"readers were shown a checkpoint of {head.size} entries, and the database was signed up to "
                f"{last.size}: the database is an old copy; {_ADVICE}"
            )
        if tile_proof.TileReader(store.read_tile, last.size).read_range(0, head.size) != head.root:
            raise errors.Damaged(
                f"the shown checkpoint of {head.size} entries is of another tree than the tiles; {_ADVICE}"
            )
    except log_errors.TileError as error:
        raise errors.Damaged(f"the log on disk is damaged: {error.sentence} {_ADVICE}") from None
    except errors.Refused as error:
        raise errors.Damaged(f"the shown checkpoint cannot be read: {error.sentence} {_ADVICE}") from None


def read_shown_size(store: TileStore) -> int:
    """Read how many entries the checkpoint covers that readers see; 0 before the first."""
    shown = store.read_checkpoint()
    return checkpoint.parse_checkpoint(note.parse_note(shown).text).size if shown else 0


def grow_tiles(store: TileStore, last: Signed, size: int) -> Signed:
    """Write the tiles and bundles that growing to `size` entries adds, read them back, return the new root.

    A crash here leaves tiles that no checkpoint names yet; the next call writes the same bytes.
    Raises `Damaged` when the entries do not continue `last`, or something cannot be read back.
    """
    first = last.size // tile.FULL_WIDTH * tile.FULL_WIDTH
    data = _read_entries(first, size)
    if len(data) != size - first:
        raise errors.Damaged(f"entries between {first} and {size - 1} are missing in the database; {_ADVICE}")
    hashes = [tree.hash_leaf(each) for each in data]
    try:
        edge = tile_proof.TileReader(store.read_tile, last.size).read_frontier()
        _check_edge(store, last, edge, hashes[: last.size - first])
        items = [
            *tile.derive_bundles(last.size, size, lambda start, stop: data[start - first : stop - first]),
            *tile.derive_tiles(
                last.size, size, lambda start, stop: hashes[start - first : stop - first], store.read_tile
            ),
        ]
        store.write_tiles(items)
        _read_back(store, items)
        store.remove_partials(items)
        edge.append(hashes[last.size - first :])
        root = edge.compute_root()
        if tile_proof.TileReader(store.read_tile, size).read_root() != root:
            raise errors.Damaged(f"the tiles on disk lead to another root than the entries; {_ADVICE}")
    except log_errors.TileError as error:
        raise errors.Damaged(f"the log on disk is damaged: {error.sentence} {_ADVICE}") from None
    return Signed(size, root)


def check_everything(store: TileStore, last: Signed, origin: str = "log") -> None:
    """Read the whole log up to the newest signature; `Damaged` naming the first thing that is wrong."""
    head = checkpoint.Checkpoint(origin, last.size, last.root)
    problems = fsck.check_log(head, store.read_bundle, store.read_tile)
    if problems:
        more = f" ({len(problems)} problems in all)" if len(problems) > 1 else ""
        raise errors.Damaged(f"the log on disk is damaged: {problems[0]}{more} {_ADVICE}")
    rows = LogEntry.objects.filter(index__lt=last.size).order_by("index").values_list("index", "data")
    pairs = rows.iterator(chunk_size=8192)
    for index, stored in enumerate(_iterate_bundles(store, last.size)):
        start = index * tile.FULL_WIDTH
        found = [(place, bytes(data)) for place, data in islice(pairs, len(stored))]
        expected = list(enumerate(stored, start))
        if found != expected:
            place = next((a[0] for a, b in zip(expected, found, strict=False) if a != b), start + len(found))
            raise errors.Damaged(
                f"log entry {place} in the database is missing or is not the one that was signed; {_ADVICE}"
            )


def _check_edge(store: TileStore, last: Signed, edge: tree.Frontier, hashes: Sequence[bytes]) -> None:
    """The right edge on disk leads to what was signed, and the database agrees with its newest tile."""
    if edge.compute_root() != last.root:
        raise errors.Damaged(
            f"the tiles on disk do not lead to the checkpoint of size {last.size}; {_ADVICE}"
        )
    if hashes:
        newest = store.read_tile(0, last.size // tile.FULL_WIDTH, len(hashes))
        if newest != b"".join(hashes):
            raise errors.Damaged(
                f"the entries in the database do not continue the checkpoint of size {last.size}; {_ADVICE}"
            )


def _read_back(store: TileStore, items: Sequence[tile.Tile]) -> None:
    """What was written is what is read; the bytes were derived from the durable order."""
    for item in items:
        path = item.path
        found = (
            store.read_bundle(path.index, path.width)
            if path.level is None
            else store.read_tile(path.level, path.index, path.width)
        )
        if found != item.data:
            raise errors.Damaged(f"what was written to {path} cannot be read back; {_ADVICE}")


def _read_entries(start: int, stop: int) -> list[bytes]:
    rows = LogEntry.objects.filter(index__gte=start, index__lt=stop).order_by("index")
    return [bytes(data) for data in rows.values_list("data", flat=True)]


def _iterate_bundles(store: TileStore, size: int) -> Iterator[list[bytes]]:
    for index in range(-(-size // tile.FULL_WIDTH)):
        data = store.read_bundle(index, tile.count_width(size, 0, index))
        if data is None:
            raise errors.Damaged(f"{tile.TilePath(None, index)} is missing; {_ADVICE}")
        yield tile.decode_bundle(data)
