"""The log's two stories: entries get their place, and what has a place gets signed.

`append` makes order durable inside the caller's transaction, beside the rows the entries speak of.
`sign` derives tiles from that order, reads them back from disk, compares and only then signs. A
crash between the two leaves entries without a checkpoint; the next `sign` covers them.
Asking witnesses is not here yet.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max

from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.db.models import Checkpoint, LogEntry
from lightwell.files.tiles import TileStore
from lightwell.tlog import checkpoint, fsck, note, tile, tree

MAX_ENTRY_BYTES = 8192


def append(*, entries: Sequence[dict[str, Json]]) -> range:
    """Give each entry its place, in order, all or none; returns the places.

    Raises `Refused` for an entry above 8 KiB. A crash here leaves none of them.
    """
    encoded = [canonical.encode(entry) for entry in entries]
    for data in encoded:
        if len(data) > MAX_ENTRY_BYTES:
            raise errors.Refused(f"a log entry has {len(data)} bytes; {MAX_ENTRY_BYTES} are allowed")
    with transaction.atomic():
        start = count_entries()
        rows = [LogEntry(index=start + k, data=data) for k, data in enumerate(encoded)]
        LogEntry.objects.bulk_create(rows)
    return range(start, start + len(encoded))


def count_entries() -> int:
    """Count the entries that have a place."""
    last = LogEntry.objects.aggregate(last=Max("index"))["last"]
    return 0 if last is None else last + 1


def sign(*, store: TileStore, origin: str, signers: Sequence[note.Signer]) -> str:
    """Sign a checkpoint over every entry that has a place; returns its text.

    Raises `Damaged` when the stored entries, tiles and the last checkpoint contradict each other:
    then nothing is signed.
    """
    size = count_entries()
    data = [bytes(each) for each in LogEntry.objects.order_by("index").values_list("data", flat=True)]
    last = Checkpoint.objects.order_by("-size").first()
    hashes = [tree.hash_leaf(each) for each in data]
    root = tree.compute_root(hashes)
    if last is not None:
        if last.size > size or tree.compute_root(hashes[: last.size]) != bytes(last.root):
            raise errors.Damaged(
                f"the log holds {size} entries that do not continue the checkpoint of size {last.size}; "
                "restore the newest backup, nothing was signed"
            )
        if last.size == size:
            store.write_checkpoint(last.text)
            return last.text
    covered = last.size if last is not None else 0
    store.write_tiles(tile.derive_tiles(covered, size, lambda a, b: hashes[a:b], store.read_tile))
    store.write_tiles(tile.derive_bundles(covered, size, lambda a, b: data[a:b]))
    new = checkpoint.Checkpoint(origin, size, root)
    problems = fsck.check_log(new, store.read_bundle, store.read_tile)
    if problems:
        raise errors.Damaged(f"what was written cannot be read back, nothing was signed: {problems[0]}")
    text = checkpoint.sign_checkpoint(new, signers)
    # A crash after this line leaves a signed row without its file; the next call writes the same text.
    Checkpoint.objects.create(size=size, root=root, text=text)
    store.write_checkpoint(text)
    return text
