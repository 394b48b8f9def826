"""How much one visitor may ask for in a minute, counted by what it costs, for all processes together.

The counters lie in a small file of their own in the state folder (SQLite, without any flush to the disk: what
a power cut loses are counts of one minute), the same beside SQLite and PostgreSQL, and right however many
processes answer. Several machines count each for itself.

A visitor's address is mixed with random bytes and hashed before it is counted; the bytes are thrown away
every hour, the counts after their minute. Nobody can tell from the file who was here.

The numbers: docs/reference/pace.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import math
import os
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lightwell.files import state

TURNS = 5
SECONDS = 60
# A visitor's minute of reading, in units of about 10 ms of one core: a fifth of a core, again and again.
READING = 1200
# What each route costs that works for every request anew, from what it was measured to take; kept pages and
# lists are free.
COSTS = {
    "search": 5,
    "search-feed": 5,
    "api-1:find_pages": 5,
    "page-picture": 5,
    "page-proof": 5,
    "api-1:read_proof": 5,
    "record-changes": 5,
    "document-pages": 60,
    "document-cells": 60,
    "document-sheet": 60,
    "file": 10,
    "everything-file": 60,
    "fingerprints": 60,
    "cheat": 60,
    "try": 100,
    "dummy-rows": 60,
}
_NAME = "pace.sqlite3"
_SALT_SECONDS = 3600
_TABLES = (
    "CREATE TABLE IF NOT EXISTS turns (mark BLOB PRIMARY KEY, until REAL NOT NULL, cost INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS salt (hour INTEGER PRIMARY KEY, bytes BLOB NOT NULL)",
)
_COUNT = """
INSERT INTO turns VALUES (:mark, :now + :seconds, :cost)
ON CONFLICT (mark) DO UPDATE SET
  cost = CASE WHEN until <= :now THEN 0 ELSE cost END + :cost,
  until = CASE WHEN until <= :now THEN :now + :seconds ELSE until END
RETURNING until, cost
"""
_local = threading.local()


@dataclass(frozen=True, slots=True)
class Turn:
    """Whether this one is granted, and in how many seconds the next minute begins."""

    granted: bool
    wait_seconds: int

    def __bool__(self) -> bool:
        return self.granted


def take_turn(what: str, visitor: str, turns: int | None = None) -> Turn:
    """Count one turn; not granted when this visitor had `turns` (or `TURNS`) within the last `SECONDS`."""
    return pay(what, visitor, 1, TURNS if turns is None else turns)


def pay(what: str, visitor: str, cost: int, allowed: int) -> Turn:
    """Count a cost; not granted when it goes past what is allowed in `SECONDS`.

    A counter that cannot be written (a full disk, a file taken away) grants: it must not close the archive.
    """
    now = time.time()
    try:
        with _open() as file:
            mark = _mark(file, what, visitor, now)
            values = {"mark": mark, "now": now, "seconds": SECONDS, "cost": cost}
            until, total = file.execute(_COUNT, values).fetchone()
    except sqlite3.OperationalError:
        return Turn(True, 0)
    except sqlite3.DatabaseError:
        _begin_anew()
        return Turn(True, 0)
    return Turn(total <= allowed, max(1, math.ceil(until - now)))


def name_network(address: str) -> str:
    """Name whom an address stands for: IPv6 gives each household 2**64 of them, so its network counts."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address[:100]
    if isinstance(read, ipaddress.IPv6Address) and read.ipv4_mapped is None:
        return str(ipaddress.ip_network((read, 64), strict=False))
    return str(getattr(read, "ipv4_mapped", None) or read)


def is_own(address: str) -> bool:
    """Answer whether a request comes from this machine itself, or from a proxy on it that was not declared.

    Behind such a proxy all visitors would count as one, and a few could keep out everybody.
    """
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return not address


def _mark(file: sqlite3.Connection, what: str, visitor: str, now: float) -> bytes:
    hour = int(now // _SALT_SECONDS)
    row = file.execute("SELECT bytes FROM salt WHERE hour = ?", (hour,)).fetchone()
    if row is None:
        file.execute("DELETE FROM salt")
        file.execute("DELETE FROM turns WHERE until <= ?", (now,))
        file.execute("INSERT INTO salt VALUES (?, ?)", (hour, secrets.token_bytes(32)))
        row = file.execute("SELECT bytes FROM salt WHERE hour = ?", (hour,)).fetchone()
    elif secrets.randbelow(256) == 0:
        file.execute("DELETE FROM turns WHERE until <= ?", (now,))
    return hashlib.blake2b(f"{what}\n{visitor}".encode(), key=row[0], digest_size=16).digest()


def _begin_anew() -> None:
    """Remove counters that cannot be read, so that the next visitor is counted again."""
    path, file = _local.kept
    del _local.kept
    file.close()
    with contextlib.suppress(OSError):
        os.unlink(path)


@contextlib.contextmanager
def _open() -> Iterator[sqlite3.Connection]:
    """Open the counters for one transaction, alone among all processes; kept open by each thread."""
    root = state.open_state().root
    path = root / _NAME if root.is_dir() else ":memory:"
    kept: tuple[str, sqlite3.Connection] | None = getattr(_local, "kept", None)
    if kept is None or kept[0] != str(path):
        if kept is not None:
            kept[1].close()
        _local.kept = kept = (str(path), sqlite3.connect(path, timeout=5, isolation_level=None))
        kept[1].execute("PRAGMA journal_mode=MEMORY")
        kept[1].execute("PRAGMA synchronous=OFF")
    file = kept[1]
    file.execute("BEGIN IMMEDIATE")
    try:
        for table in _TABLES:
            file.execute(table)
        yield file
    except BaseException:
        file.execute("ROLLBACK")
        raise
    file.execute("COMMIT")
