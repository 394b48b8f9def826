"""The journal: what operators did to accounts and names, which the public log has no place for.

Each act is written inside the transaction that does it. Rows are only ever added; an auditor reads them.
"""

from __future__ import annotations

import datetime

from lightwell.base import roles
from lightwell.db.models import JournalEntry, Person

# What stands as `by` when somebody acts at the command line of the installation.
COMMAND_LINE = "command line"
# What people do at the door, apart from what operators do.
SIGNED_IN, SIGN_IN_REFUSED, CODE_REFUSED = "signed-in", "sign-in-refused", "code-refused"
ENDED, ROOM_REFUSED = "session-ended", "room-refused"
AT_THE_DOOR = (SIGNED_IN, SIGN_IN_REFUSED, CODE_REFUSED, ENDED, ROOM_REFUSED)


def write_entry(
    *, by: str, deed: str, about: str, detail: str = "", now: datetime.datetime | None = None
) -> JournalEntry:
    """Add one act; the caller's transaction keeps it together with what was done."""
    at = now or datetime.datetime.now(datetime.UTC)
    return JournalEntry.objects.create(at=at, by=by[:150], deed=deed, about=about[:150], detail=detail[:400])


def write_once(
    *, by: str, deed: str, about: str, detail: str, since: datetime.datetime, now: datetime.datetime
) -> None:
    """Add one act unless the same one was written since then: whoever guesses must not fill the journal."""
    same = {"by": by[:150], "deed": deed, "about": about[:150], "detail": detail[:400]}
    if not JournalEntry.objects.filter(**same, at__gte=since).exists():
        write_entry(by=by, deed=deed, about=about, detail=detail, now=now)


def list_entries(
    *, actor: Person | None = None, limit: int = 200, at_the_door: bool = False
) -> list[JournalEntry]:
    """List the newest acts first: what operators did, or who came in and was refused at the door.

    No actor means the command line, which can read the database anyway.
    """
    if actor is not None:
        roles.check_may(actor.roles, "audit")
    rows = JournalEntry.objects.order_by("-pk")
    rows = rows.filter(deed__in=AT_THE_DOOR) if at_the_door else rows.exclude(deed__in=AT_THE_DOOR)
    return list(rows[:limit])
