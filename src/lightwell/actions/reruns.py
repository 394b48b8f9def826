"""Commands that are run again after a crash: what they did before is found, and is not done twice.

A command may be killed after its work is durable and before it could say so. Whoever runs it again must
get the same answer, not a second inventory and not a second proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lightwell.archive import inventory
from lightwell.base.canonical import Json
from lightwell.db.models import Inventory, Item, Person, Proposal, Study
from lightwell.files import attachments, store


def find_sealed(*, study: Study, folder: Path, rows: Sequence[inventory.Row]) -> Inventory | None:
    """Find the inventory of a study that holds exactly these files under these names, in this order."""
    wanted: list[tuple[str, str]] | None = None
    for sealed in study.inventories.order_by("-number"):
        items = Item.objects.filter(inventory=sealed).order_by("number")
        held = list(items.values_list("file_name", "sha256"))
        # Names first: only a folder with the same names is worth the reading.
        if [name for name, _ in held] != [row.file for row in rows]:
            continue
        if wanted is None:
            try:
                with attachments.open_files(folder, [row.file for row in rows], None) as paths:
                    wanted = [(row.file, store.measure_file(paths[row.file])[0].hex()) for row in rows]
            except OSError:
                # Whoever reads the files next names the one that cannot be opened, and all others with it.
                return None
        if held == wanted:
            return sealed
    return None


def find_open(*, actor: Person, kind: str, subject: str, payload: dict[str, Json]) -> Proposal | None:
    """Find the open proposal of this person that says exactly the same."""
    waiting = Proposal.objects.filter(kind=kind, subject=subject, proposer=actor, approved=None)
    return next((row for row in waiting.order_by("pk") if row.payload == payload), None)
