"""The bundle of everything public: what the gate lets through, written so that anybody can verify it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from lightwell.db.models import Checkpoint, Disclosure, Opening, Publication
from lightwell.files import bundle
from lightwell.files.state import State

VERIFIER = "verify.html"


def write_bundle(*, state: State, folder: Path) -> bundle.Written:
    """Write a bundle of everything public into a new folder; all or nothing.

    Raises `Refused` when the folder exists or no checkpoint meets the policy, `Damaged` when what is
    stored is not what its digest says.
    """
    page = resources.files("lightwell.data") / "verifier" / VERIFIER
    source = bundle.Source(
        policy=(state.root / "policy").read_bytes(),
        checkpoints=dict(Checkpoint.objects.values_list("size", "text")),
        tiles=state.tiles,
        read_record=read_record,
        files=state.files,
        title=f"Everything public in {state.read_origin()}",
        publisher=state.read_origin(),
        verifier=page.read_bytes() if page.is_file() else None,
    )
    return bundle.write_bundle(folder, source)


def read_record(digest: str) -> bytes | None:
    """Read the canonical bytes of a record by digest; None for what may not be seen (any more)."""
    for rows in (Disclosure.objects.visible(), Opening.objects.visible(), Publication.objects.visible()):
        data = rows.filter(digest=digest).values_list("data", flat=True).first()
        if data is not None:
            return bytes(data)
    return None
