"""Auditing a seal: pages drawn again from the originals by somebody independent, and the result logged.

Only PDFs read by the renderer that is installed here can be compared; others are counted as not compared,
never as agreeing. What was drawn is thrown away. Which pages: `archive/audit`.
"""

from __future__ import annotations

import contextlib
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction

from lightwell.actions import inventories, log, organisations
from lightwell.archive import audit, entry
from lightwell.base import errors
from lightwell.db.models import Checkpoint, Item, Person, Study
from lightwell.files import folder as folders
from lightwell.files import pdf, sealed, store, workers
from lightwell.files.state import State
from lightwell.tlog import checkpoint as checkpoints

DEFAULT_PAGES = 50


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an audit: pages chosen, those that agreed, those that differ as (item, page), the others.

    `missing` could not be compared, because no original was there or another renderer had read it.
    """

    study: str
    sampled: int
    agreed: int
    differing: tuple[tuple[int, int], ...]
    missing: int
    log_index: int


def audit_seal(
    *, state: State, actor: Person, study: Study, count: int = DEFAULT_PAGES, folder: Path | None = None
) -> Result:
    """Draw `count` pages again and log what came of it, agreeing or not.

    With a folder the originals are the auditor's own copies, found by their digest; else those that the
    archive keeps. Raises `Refused` without the permission or before anything is signed and locked in.
    """
    organisations.check_owner(actor, "audit", organisations.find_owner(study.id))
    newest = Checkpoint.objects.order_by("-size").first()
    items = {
        item.number: item
        for item in inventories.list_items(study)
        if item.read and item.pages and item.wrapped_key is not None
    }
    if newest is None or not items:
        raise errors.Refused(f"nothing of {study.id} is locked in and signed for that could be drawn again")
    signed = checkpoints.parse_checkpoint(newest.text.rpartition("\n\n")[0] + "\n")
    places = [(item.number, page) for item in items.values() for page in range(1, (item.pages or 0) + 1)]
    chosen = audit.choose_pages(study.id, signed.root, places, count)
    wanted: defaultdict[int, list[int]] = defaultdict(list)
    for number, page in chosen:
        wanted[number].append(page)
    known = _list_copies(folder) if folder else {}
    agreed, differing, missing = 0, [], 0
    with workers.Pool(1) as pool:
        for number, pages in wanted.items():
            found = _draw_again(state, items[number], pages, known if folder else None, pool)
            roots = inventories.read_page_roots(items[number])
            for page in pages:
                if page not in found:
                    missing += 1
                elif found[page] == roots[page - 1]:
                    agreed += 1
                else:
                    differing.append((number, page))
    now = state.read_now()
    with transaction.atomic():
        made = entry.make_audit(
            now,
            study.id,
            sampled=len(chosen),
            agreed=agreed,
            missing=missing,
            originals=audit.OWN if folder else audit.ARCHIVE,
            size=newest.size,
            decided_by="auditor",
        )
        (index,) = log.append(entries=[made])
    return Result(study.id, len(chosen), agreed, tuple(differing), missing, index)


def _draw_again(
    state: State, item: Item, pages: list[int], known: Mapping[str, Path] | None, pool: workers.Pool
) -> dict[int, bytes]:
    """Draw pages of one item again; returns the roots found by page, none for what cannot be compared."""
    if item.renderer != pdf.name_renderer():
        return {}
    key = inventories.unwrap_item_key(state, item)
    with _open_original(state, item, key, known) as path:
        if path is None:
            return {}
        task = {"do": "roots", "path": str(path), "key": key.hex(), "pages": item.pages, "numbers": pages}
        (outcome,) = pool.run([task])
    if not isinstance(outcome, dict):
        return {}
    return {int(number): bytes.fromhex(root) for number, root in outcome["roots"]}


@contextlib.contextmanager
def _open_original(
    state: State, item: Item, key: bytes, known: Mapping[str, Path] | None
) -> Iterator[Path | None]:
    """Open the original of an item, whose digest is the sealed one; None where there is none."""
    if known is not None:
        yield known.get(item.sha256)
        return
    with tempfile.TemporaryDirectory(prefix="lightwell-audit-") as name:
        path = Path(name) / "original.pdf"
        path.write_bytes(sealed.read_bytes(state.files, key, item.sealed_file))
        digest, size = store.measure_file(path)
        yield path if (digest.hex(), size) == (item.sha256, item.size) else None


def _list_copies(folder: Path) -> dict[str, Path]:
    """List the files of a folder by their digest."""
    listing = folders.read_folder(folder)
    if listing.problems:
        raise errors.UserMistake(problems=listing.problems)
    return {store.measure_file(folder / name)[0].hex(): folder / name for name in listing.names}
