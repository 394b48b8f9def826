"""The journal: what operators did to accounts and names, which the public log has no place for.

Each act is written inside the transaction that does it. Rows are only ever added; an auditor reads them.
"""

from __future__ import annotations

import datetime

from lightwell.base import roles
from lightwell.db.models import JournalEntry, Person

# What stands as `by` when somebody acts at the command line of the installation.
COMMAND_LINE = "command line"


def write_entry(
    *, by: str, deed: str, about: str, detail: str = "", now: datetime.datetime | None = None
) -> JournalEntry:
    """Add one act; the caller's transaction keeps it together with what was done."""
    at = now or datetime.datetime.now(datetime.UTC)
    return JournalEntry.objects.create(at=at, by=by[:150], deed=deed, about=about[:150], detail=detail[:400])


def list_entries(*, actor: Person | None = None, limit: int = 200) -> list[JournalEntry]:
    """List the newest acts first; no actor means the command line, which can read the database anyway."""
    if actor is not None:
        roles.check_may(actor.roles, "audit")
    return list(JournalEntry.objects.order_by("-pk")[:limit])
