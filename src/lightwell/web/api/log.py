"""The log for programs: its newest signed record and its entries; tiles lie under /log (C2SP tlog-tiles)."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from lightwell.actions import standing
from lightwell.base import canonical
from lightwell.db.models import LogEntry
from lightwell.files import state
from lightwell.tlog import tree
from lightwell.web.api import shapes
from lightwell.web.api.service import REFUSALS, api


@api.get("/log", response={200: shapes.Checkpoint, REFUSALS: shapes.Problem}, tags=["log"])
def read_checkpoint(request: HttpRequest) -> Any:
    """Read the newest checkpoint and what this site's own policy says of it; bring your own policy."""
    opened = state.open_state()
    found = standing.read_standing(opened)
    if found is None:
        raise Http404
    return shapes.Checkpoint(
        origin=opened.read_origin(),
        size=found.size,
        root=found.root,
        text=found.text,
        policy_met=found.satisfied,
        verdict=found.sentence,
    )


@api.get("/log/entries/{int:index}", response={200: shapes.Entry, REFUSALS: shapes.Problem}, tags=["log"])
def read_entry(request: HttpRequest, index: int) -> Any:
    """Read one entry; entries hold ids, dates and digests only and are public from the first day."""
    row = LogEntry.objects.filter(index=index).first()
    if row is None:
        raise Http404
    data = bytes(row.data)
    return shapes.Entry(index=index, leaf_hash=tree.hash_leaf(data).hex(), entry=canonical.decode(data))
