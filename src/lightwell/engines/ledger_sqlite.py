"""A ledger in a file of SQLite: one machine, any number of processes.

The write-ahead log is synced at each commit (synchronous=FULL), so that a charge survives a power cut that
comes after it. The file must lie on a disk of this machine: SQLite's locks do not reach over a network.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sqlite3
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lightwell.base import errors
from lightwell.engines import ledger_database
from lightwell.engines.ledger_database import FORMAT_VERSION, PATIENCE_SECONDS, Database, Rows

# "LWLG": written into the file's header, so that another program's database is never taken for a ledger.
APPLICATION_ID = 0x4C574C47


def _refuse(name: str, event: str) -> str:
    return " ".join(
        ("CREATE TRIGGER", name, "BEFORE", event, "BEGIN SELECT RAISE(ABORT, 'a ledger only grows'); END")
    )


# Replacing a row by INSERT fires no trigger of deletion, so each insertion is checked too.
TABLES = (
    "CREATE TABLE heads (population TEXT PRIMARY KEY, number INTEGER NOT NULL, digest TEXT NOT NULL) "
    "STRICT, WITHOUT ROWID",
    "CREATE TABLE entries (population TEXT NOT NULL, number INTEGER NOT NULL, digest TEXT NOT NULL, "
    "kind TEXT NOT NULL, grant_name TEXT NOT NULL, answer_key TEXT NOT NULL, body TEXT NOT NULL, "
    "PRIMARY KEY (population, number)) STRICT, WITHOUT ROWID",
    "CREATE INDEX entries_of_grant ON entries (population, grant_name, number) WHERE grant_name <> ''",
    "CREATE INDEX entries_of_answer ON entries (population, answer_key, kind, grant_name) "
    "WHERE answer_key <> ''",
    "CREATE TABLE answers (population TEXT NOT NULL, answer_key TEXT NOT NULL, body BLOB NOT NULL, "
    "PRIMARY KEY (population, answer_key)) STRICT",
    "CREATE TABLE versions (data_version TEXT PRIMARY KEY, population TEXT NOT NULL) STRICT, WITHOUT ROWID",
    *(
        _refuse(f"{table}_no_{verb.lower()}", f"{verb} ON {table}")
        for table in ("entries", "answers", "versions")
        for verb in ("UPDATE", "DELETE")
    ),
    _refuse(
        "entries_insert",
        "INSERT ON entries WHEN NEW.number <> 1 + "
        "(SELECT coalesce(max(number), 0) FROM entries WHERE population = NEW.population)",
    ),
    _refuse(
        "answers_insert",
        "INSERT ON answers WHEN EXISTS (SELECT 1 FROM answers "
        "WHERE population = NEW.population AND answer_key = NEW.answer_key)",
    ),
    _refuse(
        "versions_insert",
        "INSERT ON versions WHEN EXISTS (SELECT 1 FROM versions WHERE data_version = NEW.data_version)",
    ),
    _refuse(
        "heads_insert",
        "INSERT ON heads WHEN NEW.number <> 1 OR EXISTS "
        "(SELECT 1 FROM heads WHERE population = NEW.population)",
    ),
    _refuse(
        "heads_update",
        "UPDATE ON heads WHEN NEW.population <> OLD.population OR NEW.number <> OLD.number + 1",
    ),
    _refuse("heads_no_delete", "DELETE ON heads"),
)


class SqliteDatabase(Database):
    """The database of a ledger in a file; made, for its owner only, where `is_new` and nothing is there."""

    def __init__(self, path: Path, is_new: bool = True) -> None:
        super().__init__(str(path))
        self._path = path
        self._is_new = is_new
        self._file: tuple[int, int] | None = None
        self.open()

    def run(self, sql: str, *values: object) -> Rows:
        rows: Rows = self._connection.execute(sql, values).fetchall()
        return rows

    def begin(self, population: str | None) -> None:
        if self._find_file() != self._file:
            # SQLite would go on writing into the file that nobody finds any more.
            self._drop()
            raise errors.Damaged(
                f"the ledger {self.where} was moved or replaced while it was in use, so no number is shown: "
                "put back the one with the latest entries (lightwell ledger verify --head tells)"
            )
        # One writer at a time in the whole file; taken at once, so that no reader's snapshot turns stale.
        self.run("BEGIN" if population is None else "BEGIN IMMEDIATE")

    def connect(self) -> sqlite3.Connection:
        self._check_file()
        # No "sqlite3.connect(path)": that would make a file where somebody just moved the ledger away.
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=PATIENCE_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        # Only once, so that a ledger that vanished while it was used is not replaced by an empty one.
        self._is_new = False
        self._file = self._find_file()
        return connection

    def explain(self, error: BaseException) -> errors.LightwellError | None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return ledger_database.explain_full_disk(self.where)
        if isinstance(error, OSError):
            return errors.UserMistake(f"cannot be opened: {error.strerror}", place=self.where)
        if not isinstance(error, sqlite3.Error):
            return None
        # The lower byte of an extended code is the code (sqlite.org/rescode.html).
        code = (getattr(error, "sqlite_errorcode", None) or sqlite3.SQLITE_ERROR) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return ledger_database.explain_full_disk(self.where)
        if code == sqlite3.SQLITE_IOERR:
            return ledger_database.explain_failed_disk(self.where, "the disk failed or is full")
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return ledger_database.explain_waiting(self.where)
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            return errors.UserMistake(
                "this account may not write the ledger or its folder; have its owner give the right",
                place=self.where,
            )
        if code == sqlite3.SQLITE_NOTADB:
            return self._refuse_foreign()
        if code == sqlite3.SQLITE_CONSTRAINT:
            return ledger_database.explain_contradiction(self.where, str(error))
        if code == sqlite3.SQLITE_CORRUPT:
            return errors.Damaged(f"the ledger {self.where} is damaged: restore it from a backup")
        return None

    def _check_file(self) -> None:
        if self._is_new:
            with contextlib.suppress(FileExistsError):
                # What was answered to one project is not for others to read.
                os.close(os.open(self._path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        elif not self._path.exists():
            raise errors.UserMistake("there is no such ledger; see the spelling", place=self.where)
        if not stat.S_ISREG(self._path.stat().st_mode):
            raise errors.UserMistake("a ledger is a file, and this is none", place=self.where)

    def _find_file(self) -> tuple[int, int] | None:
        """Tell which file bears the ledger's name now; None if there is none."""
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return None
        return status.st_dev, status.st_ino

    def _prepare(self, connection: sqlite3.Connection) -> None:
        # Nothing is written before the file is known to be ours or empty. In one transaction, because a file
        # that another process makes between two of these questions would look like neither.
        with _transact(connection, "BEGIN"):
            is_ours = self._check_header(connection)
        if not is_ours and not self._is_new:
            raise self._refuse_foreign()
        if _ask(connection, "journal_mode") != "wal":
            self._set_wal(connection)
        for pragma in ("synchronous = FULL", "fullfsync = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {pragma}")
        if not is_ours:
            self._create(connection)
        made = {sql for (sql,) in connection.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL")}
        if made != set(TABLES):
            raise ledger_database.explain_changed_tables(self.where)

    def _check_header(self, connection: sqlite3.Connection) -> bool:
        """Answer whether it is a ledger (True) or empty (False); another program's database is refused."""
        if _ask(connection, "application_id") == APPLICATION_ID:
            if (version := _ask(connection, "user_version")) != FORMAT_VERSION:
                raise ledger_database.refuse_version(self.where, version)
            return True
        if _ask(connection, "application_id") or _ask(connection, "user_version") or _count(connection):
            raise self._refuse_foreign()
        return False

    def _refuse_foreign(self) -> errors.UserMistake:
        return errors.UserMistake("this file is no ledger; name another", place=self.where)

    def _set_wal(self, connection: sqlite3.Connection) -> None:
        """Turn the write-ahead log on; SQLite itself does not wait while another process opens the file."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                mode = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
                break
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.01)
        if mode != "wal":
            raise errors.UserMistake(
                "SQLite cannot keep a write-ahead log here; put the ledger on a disk of this machine",
                place=self.where,
            )

    def _create(self, connection: sqlite3.Connection) -> None:
        with _transact(connection, "BEGIN IMMEDIATE"):
            # Another process may have been first.
            if not self._check_header(connection):
                for sql in TABLES:
                    connection.execute(sql)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {FORMAT_VERSION}")


@contextlib.contextmanager
def _transact(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _ask(connection: sqlite3.Connection, pragma: str) -> Any:
    return connection.execute(f"PRAGMA {pragma}").fetchone()[0]


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
