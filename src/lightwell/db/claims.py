"""Who does what among several workers on one PostgreSQL: named claims, which end with their holder.

A claim is an advisory lock of the session: a worker that dies, or whose connection breaks, gives back what it
held, and nobody has to clean up. On SQLite there is one worker at a time by a lock of the state folder
(`cli/serving`), so that everything may be claimed at once.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator

from django.db import DatabaseError, connection


def is_shared() -> bool:
    """Answer whether several workers may work on this database at once."""
    return bool(connection.vendor == "postgresql")


@contextlib.contextmanager
def hold(what: str) -> Iterator[bool]:
    """Claim a thing while the block runs, without waiting; False when somebody else has it."""
    if not is_shared():
        yield True
        return
    key = _make_key(what)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        (mine,) = cursor.fetchone()
    try:
        yield bool(mine)
    finally:
        if mine:
            # A connection that broke took the claim with it.
            with contextlib.suppress(DatabaseError), connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


def wait(what: str) -> None:
    """Wait for a thing and hold it until the transaction ends; on SQLite the transaction itself waits."""
    if is_shared():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_make_key(what)])


def _make_key(what: str) -> int:
    return int.from_bytes(hashlib.sha256(f"lightwell {what}".encode()).digest()[:8], "big", signed=True)
