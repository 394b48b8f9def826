"""A ledger in PostgreSQL: several machines ask, and each charge locks the row of its population.

The tables lie in a schema of their own, `lightwell_ledger`. Commits wait for the disk whatever the server's
default is (synchronous_commit), and a server that does not sync at all is refused. The driver is psycopg,
imported with this module only.
"""

from __future__ import annotations

import hashlib
from typing import Any

import psycopg

from lightwell.base import errors
from lightwell.engines import ledger_database
from lightwell.engines.ledger_database import FORMAT_VERSION, PATIENCE_SECONDS, Database, Rows

SCHEMA = "lightwell_ledger"
_CONNECT_SECONDS = 10

# Whoever makes the tables holds this lock; the number is chance.
_MAKING = 0x6C776C67

_ONLY_GROWING = ("entries", "answers", "versions")
_TABLES = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    "CREATE TABLE format (version integer NOT NULL)",
    "CREATE TABLE heads (population text PRIMARY KEY, number bigint NOT NULL, digest text NOT NULL)",
    "CREATE TABLE entries (population text NOT NULL, number bigint NOT NULL, digest text NOT NULL, "
    "kind text NOT NULL, grant_name text NOT NULL, answer_key text NOT NULL, body text NOT NULL, "
    "PRIMARY KEY (population, number))",
    "CREATE INDEX entries_of_grant ON entries (population, grant_name, number) WHERE grant_name <> ''",
    "CREATE INDEX entries_of_answer ON entries (population, answer_key, kind, grant_name) "
    "WHERE answer_key <> ''",
    "CREATE TABLE answers (population text NOT NULL, answer_key text NOT NULL, body bytea NOT NULL, "
    "PRIMARY KEY (population, answer_key))",
    "CREATE TABLE versions (data_version text PRIMARY KEY, population text NOT NULL)",
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'a ledger only grows'; END $$",
    *(
        f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
        for table in _ONLY_GROWING
    ),
    "CREATE TRIGGER only_grows BEFORE DELETE OR TRUNCATE ON heads "
    "FOR EACH STATEMENT EXECUTE FUNCTION refuse()",
    "CREATE TRIGGER one_by_one BEFORE UPDATE ON heads FOR EACH ROW WHEN (NEW.population <> OLD.population "
    "OR NEW.number <> OLD.number + 1) EXECUTE FUNCTION refuse()",
)
_TRIGGERS = len(_ONLY_GROWING) + 2


class PostgresDatabase(Database):
    """The database of a ledger on a server; its tables are made where `is_new` and there are none."""

    def __init__(self, address: str, is_new: bool = True) -> None:
        super().__init__(_hide_password(address))
        self._address = address
        self._is_new = is_new
        self.open()

    def run(self, sql: str, *values: object) -> Rows:
        cursor = self._connection.execute(sql.replace("?", "%s"), values or None)
        return list(cursor.fetchall()) if cursor.description else []

    def begin(self, population: str | None) -> None:
        if population is None:
            self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return
        # Read committed on purpose: what is read after the lock was given is what its last holder committed.
        self.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
        if not self.run("SELECT 1 FROM heads WHERE population = ? FOR UPDATE", population):
            # No row to lock yet: two that open the same population follow one another.
            self.run("SELECT pg_advisory_xact_lock(?)", _number_name(population))

    def connect(self) -> Any:
        connection = psycopg.connect(
            self._address,
            autocommit=True,
            connect_timeout=_CONNECT_SECONDS,
            application_name="lightwell ledger",
        )
        try:
            self._prepare(connection)
        except BaseException:
            connection.close()
            raise
        self._is_new = False
        return connection

    def explain(self, error: BaseException) -> errors.LightwellError | None:
        if not isinstance(error, psycopg.Error):
            return None
        reason = self._hide((str(error).strip().splitlines() or ["no reason given"])[0])
        known = psycopg.errors
        if isinstance(error, known.DiskFull):
            return ledger_database.explain_full_disk(self.where)
        if isinstance(error, known.IoError | known.DataCorrupted | known.IndexCorrupted):
            return ledger_database.explain_failed_disk(self.where, reason)
        if isinstance(error, known.LockNotAvailable | known.DeadlockDetected | known.SerializationFailure):
            return ledger_database.explain_waiting(self.where)
        if isinstance(error, known.InsufficientPrivilege):
            return errors.UserMistake(
                f"this account may not use the ledger ({reason}); have its owner give the right",
                place=self.where,
            )
        if isinstance(error, psycopg.IntegrityError | known.RaiseException):
            return ledger_database.explain_contradiction(self.where, reason)
        if isinstance(error, known.ReadOnlySqlTransaction):
            return errors.CouldNotCheck(
                f"the server of the ledger {self.where} does not take charges now ({reason}), so no number "
                "is shown: use the one that does"
            )
        if isinstance(error, known.UndefinedTable | known.UndefinedColumn):
            return ledger_database.explain_changed_tables(self.where)
        if isinstance(error, psycopg.OperationalError):
            self._drop()
            return errors.CouldNotCheck(
                f"the server of the ledger {self.where} does not answer ({reason}), so no number is shown: "
                "see that it runs and that the address is right; whether the charge of a query that was "
                "under way stands, lightwell ledger show tells"
            )
        if isinstance(error, psycopg.ProgrammingError) and self._connection is None:
            return errors.UserMistake(f"this is no address of a PostgreSQL ({reason})", place=self.where)
        return None

    def _hide(self, reason: str) -> str:
        """Take the password out of what the driver says, which quotes addresses it cannot read."""
        account = self._address.partition("://")[2].partition("/")[0].rpartition("@")[0]
        for part in filter(None, account.partition(":")[2].split("@")):
            reason = reason.replace(part, "…")
        return reason

    def _prepare(self, connection: psycopg.Connection[Any]) -> None:
        if _ask(connection, "SHOW fsync") != "on":
            raise errors.UserMistake(
                "this server has fsync off and would lose charges in a power cut; turn it on",
                place=self.where,
            )
        connection.execute(f"SET search_path TO {SCHEMA}")
        connection.execute("SET synchronous_commit TO on")
        connection.execute(f"SET lock_timeout TO '{PATIENCE_SECONDS}s'")
        if self._is_new:
            with connection.transaction():
                connection.execute("SELECT pg_advisory_xact_lock(%s)", (_MAKING,))
                if not _is_made(connection):
                    for sql in _TABLES:
                        connection.execute(sql.encode())
                    connection.execute("INSERT INTO format (version) VALUES (%s)", (FORMAT_VERSION,))
        elif not _is_made(connection):
            raise errors.UserMistake(
                "there is no ledger in this database; see the spelling",
                place=self.where,
            )
        if (version := _ask(connection, "SELECT max(version) FROM format")) != FORMAT_VERSION:
            raise ledger_database.refuse_version(self.where, version)
        triggers = _ask(
            connection,
            "SELECT count(*) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid WHERE relnamespace = "
            "current_schema()::regnamespace AND NOT tgisinternal AND tgenabled IN ('O', 'A')",
        )
        if triggers != _TRIGGERS:
            raise ledger_database.explain_changed_tables(self.where)


def _is_made(connection: psycopg.Connection[Any]) -> bool:
    return _ask(connection, f"SELECT to_regclass('{SCHEMA}.format')") is not None


def _ask(connection: psycopg.Connection[Any], sql: str) -> Any:
    row = connection.execute(sql.encode()).fetchone()
    return row[0] if row else None


def _number_name(population: str) -> int:
    """Make a number of 63 bits of a name, for a lock; two names that share one only wait for each other."""
    return int.from_bytes(hashlib.sha256(population.encode()).digest()[:8], "big") >> 1


def _hide_password(address: str) -> str:
    """Write an address without the password that may stand in it."""
    scheme, _, rest = address.partition("://")
    authority, slash, path = rest.partition("?")[0].partition("/")
    account, at, host = authority.rpartition("@")
    return f"{scheme}://{account.partition(':')[0]}{at}{host}{slash}{path}"
