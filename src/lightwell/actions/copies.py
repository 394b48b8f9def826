"""Backup and restore of a whole installation: the database dumped consistently, files, tiles, policies.

A restored copy is an ordinary installation whose newest checkpoint may be old. It signs nothing before the
witnesses have said that they saw no more than it holds (`actions/log.check_start`, in every new process).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from django.db import connection

from lightwell.actions import log
from lightwell.base import errors
from lightwell.db.models import Checkpoint
from lightwell.files import backup, database, sequencer
from lightwell.files.state import State

PG_NAME = "database.pgdump"


def write_backup(*, state: State, target: Path, with_keys: bool = False) -> dict[str, str]:
    """Write everything into one file while the site goes on; returns what is in it.

    The database is dumped first: what it names is on disk by then. Signing waits until the backup is
    written. Raises `UserMistake` when the target exists or the disk is full.
    """
    target = target.absolute()
    if not target.parent.is_dir():
        raise errors.UserMistake(f"there is no folder {target.parent}")
    with (
        sequencer.hold_lock(state.root),
        tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as folder,
    ):
        dumped = _dump_database(Path(folder))
        newest = Checkpoint.objects.order_by("-size").first()
        facts = {
            "origin": state.read_origin(),
            "made_at": state.read_now().isoformat(),
            "signed_entries": str(newest.size if newest else 0),
            "database": dumped.name,
        }
        size = backup.write_backup(state.root, target, dumped, with_keys=with_keys, facts=facts)
    return {**facts, "entries": str(log.count_entries()), "bytes": str(size)}


def restore_database(*, state: State, facts: dict[str, str]) -> None:
    """Put the dumped database of a restored folder in its place, after `files/backup.read_backup`.

    SQLite's file is there already. For PostgreSQL the database that LIGHTWELL_DATABASE names must be empty.
    Raises `Refused` when backup and settings name different kinds of database.
    """
    postgres = connection.vendor == "postgresql"
    if postgres != (facts.get("database") == PG_NAME):
        raise errors.Refused(
            f"the backup holds {'SQLite' if postgres else 'PostgreSQL'}; "
            f"{'unset' if postgres else 'set'} {database.VARIABLE} and restore again"
        )
    if not postgres:
        return
    if connection.introspection.table_names():
        raise errors.Refused(
            f"the database named by {database.VARIABLE} is not empty; name a new one and restore again"
        )
    dump = state.root / PG_NAME
    _run_postgres(
        "pg_restore", ["--no-owner", "--exit-on-error", "--dbname"], ["--single-transaction", str(dump)]
    )
    dump.unlink()


def _dump_database(folder: Path) -> Path:
    if connection.vendor == "postgresql":
        path = folder / PG_NAME
        _run_postgres("pg_dump", ["--format=custom", f"--file={path}", "--dbname"], [])
        return path
    path = folder / database.SQLITE_NAME
    name = connection.settings_dict["NAME"]
    try:
        with (
            contextlib.closing(sqlite3.connect(f"file:{name}?mode=rw", uri=True, timeout=20)) as source,
            contextlib.closing(sqlite3.connect(path)) as copy,
        ):
            source.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise errors.Damaged(f"the database cannot be copied: {error}; run lightwell doctor") from None
    return path


def _run_postgres(program: str, before: list[str], after: list[str]) -> None:
    if shutil.which(program) is None:
        raise errors.CouldNotCheck(
            f"{program} is needed; on Debian or Ubuntu: apt-get install postgresql-client"
        )
    settings: dict[str, Any] = connection.settings_dict
    # The password goes by the environment: arguments can be read by every account of the computer.
    environment = {**os.environ}
    for variable, key in (
        ("PGHOST", "HOST"),
        ("PGPORT", "PORT"),
        ("PGUSER", "USER"),
        ("PGPASSWORD", "PASSWORD"),
    ):
        if settings.get(key):
            environment[variable] = str(settings[key])
    command = [program, *before, str(settings["NAME"]), *after]
    done = subprocess.run(  # noqa: S603  two known programs, no shell
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise errors.Damaged(f"{program} failed: {done.stderr.strip().splitlines()[-1:]}")
