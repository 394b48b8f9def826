"""The bundle of everything public: what the gate lets through, written so that anybody can verify it.

The site offers it as one file, packed by the worker. A packed bundle is a picture of a moment, so it is
offered only as long as nothing was hidden since; then it is away at once, until it is packed anew.
"""

from __future__ import annotations

import os
import shutil
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from lightwell.actions import signing
from lightwell.archive import entry, register
from lightwell.base import errors
from lightwell.db.models import Checkpoint, Disclosure, LogEntry, Opening, Publication
from lightwell.files import bundle, durable, occupancy
from lightwell.files.state import State

VERIFIER = "verify.html"
# Entries after which everything that was public still is. Any other may have hidden something.
_ADDING = frozenset(
    {
        "lightwell.disclosure.v1",
        "study",
        "inventory",
        "item",
        "opening",
        "publication",
        "already-public",
        "extension",
        "restoration",
        "dispute",
        "rules",
        "audit",
        "count",
        *register.TYPES,
    }
)
# Packing may take one part in this many of the worker's time.
_SHARE = 20


@dataclass(frozen=True, slots=True)
class Packed:
    """A bundle in one ZIP file: `begun` log entries were there when packing began, it covers `size`."""

    path: Path
    begun: int
    size: int

    @property
    def bytes(self) -> int:
        """The size of the ZIP file, which a reader is told before downloading it."""
        return self.path.stat().st_size


def write_bundle(*, state: State, folder: Path) -> bundle.Written:
    """Write a bundle of everything public into a new folder; all or nothing.

    Raises `Refused` when the folder exists, when no checkpoint meets the policy or the newest one does not
    cover yet what was hidden, `Damaged` when what is stored is not what its digest says.
    """
    _check_covered(signing.read_shown_size(state.tiles))
    page = resources.files("lightwell.data") / "verifier" / VERIFIER
    source = bundle.Source(
        policy=(state.root / "policy").read_bytes(),
        checkpoints=dict(Checkpoint.objects.values_list("size", "text")),
        tiles=state.tiles,
        read_record=read_record,
        files=state.files,
        title=f"Everything public in {state.read_origin()}",
        publisher=state.read_origin(),
        licence=os.environ.get("LIGHTWELL_LICENCE", "").strip(),
        verifier=page.read_bytes() if page.is_file() else None,
    )
    written = bundle.write_bundle(folder, source)
    try:
        # Something may have been hidden while the bundle was being written.
        _check_covered(written.account.newest.size)
    except errors.Refused:
        shutil.rmtree(folder)
        raise
    return written


def _check_covered(size: int) -> None:
    """Refuse a bundle whose checkpoint says nothing of what was hidden since: nobody could verify it."""
    if hides_since(size):
        raise errors.Refused(
            "something was hidden that the newest signed record does not cover yet; "
            "run: lightwell log checkpoint, then this again"
        )


def hides_since(begin: int) -> bool:
    """Answer whether any entry from this place on may have hidden something that was public."""
    since = LogEntry.objects.filter(index__gte=begin).order_by("index")
    return any(
        entry.decode_entry(index, bytes(data))["type"] not in _ADDING
        for index, data in since.values_list("index", "data").iterator()
    )


def pack_bundle(*, state: State) -> Packed | None:
    """Pack everything public anew when the log has grown, and not too often; None when nothing was due.

    A crash here leaves the old file, or the new one, and leftovers that `sweep_leftovers` removes. While
    another process packs, nothing is due here.
    """
    last = find_packed(state)
    shown = signing.read_shown_size(state.tiles)
    if shown == 0 or (last is not None and (last.size == shown or not _is_rested(last))):
        return None
    room = _find_room(state)
    for folder in durable.make_folders(room):
        durable.flush_folder(folder)
    with occupancy.hold_alone(room / "lock") as alone:
        return _pack(state, room) if alone else None


def sweep_leftovers(*, state: State) -> int:
    """Remove half-packed bundles and packed ones that hold something hidden since; how many.

    None while another process packs.
    """
    room = _find_room(state)
    if not room.is_dir():
        return 0
    with occupancy.hold_alone(room / "lock") as alone:
        if not alone:
            return 0
        halves = [*room.glob("work"), *room.glob(f"*{bundle.UNFINISHED}")]
        packed = [] if find_packed(state) else [*room.glob("*.zip")]
        for path in (*halves, *packed):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return len(halves) + len(packed)


def _pack(state: State, room: Path) -> Packed:
    shutil.rmtree(room / "work", ignore_errors=True)
    begun = LogEntry.objects.count()
    started = time.monotonic()
    written = write_bundle(state=state, folder=room / "work" / name_folder(state))
    size = written.account.newest.size
    target = room / f"{begun}-{size}.zip"
    bundle.pack_bundle(written.folder, target)
    (room / "seconds").write_text(str(round(time.monotonic() - started)))
    for other in room.glob("*.zip*"):
        if other != target:
            other.unlink()
    shutil.rmtree(room / "work")
    return Packed(target, begun, size)


def find_packed(state: State) -> Packed | None:
    """Find the packed bundle that may be offered now; None when something was hidden since."""
    files = sorted(_find_room(state).glob("*-*.zip"), key=lambda path: path.stat().st_mtime)
    if not files:
        return None
    begun, _, size = files[-1].stem.partition("-")
    if hides_since(int(begun)):
        return None
    return Packed(files[-1], int(begun), int(size))


def _find_room(state: State) -> Path:
    return state.root / "packed"


def name_folder(state: State) -> str:
    """Name the folder inside the packed file after the log."""
    return state.read_origin().replace("/", "-")


def _is_rested(last: Packed) -> bool:
    took = int((last.path.parent / "seconds").read_text())
    return time.time() - last.path.stat().st_mtime > took * _SHARE


def read_record(digest: str) -> bytes | None:
    """Read the canonical bytes of a record by digest; None for what may not be seen (any more)."""
    for rows in (Disclosure.objects.visible(), Opening.objects.visible(), Publication.objects.visible()):
        data = rows.filter(digest=digest).values_list("data", flat=True).first()
        if data is not None:
            return bytes(data)
    return None
