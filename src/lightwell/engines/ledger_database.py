"""What the two databases of a ledger share: one connection, one transaction at a time, sentences for errors.

A connection is used by one thread at a time and never by a process that inherited it: that one opens its own.
"""

from __future__ import annotations

import contextlib
import os
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any

from lightwell.base import errors

# The tables and their version; a newer one is refused, an older one does not exist yet.
FORMAT_VERSION = 1

# How long a charge waits for others; the lock is held for milliseconds, so this long means somebody hangs.
PATIENCE_SECONDS = 30

Rows = list[tuple[Any, ...]]


class Database(ABC):
    """A database in which transactions of one population follow one another. SQL has `?` for its values.

    Errors are the project's own: `UserMistake`, `CouldNotCheck`, `Damaged`.
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: Any = None
        # Closing what another process holds could end its transaction; so it is kept and never touched.
        self._inherited: list[Any] = []

    @contextlib.contextmanager
    def write(self, population: str) -> Iterator[None]:
        """Hold the lock of a population, in one transaction, durable when the block ends without an error."""
        with self._transact(population):
            yield

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Read in one transaction, in which nothing changes."""
        with self._transact(None):
            yield

    @abstractmethod
    def run(self, sql: str, *values: object) -> Rows:
        """Run one statement inside such a block."""

    def open(self) -> None:
        """Open the connection now, so that whoever names a wrong place hears of it at once."""
        with self._lock:
            self._hold()

    def close(self) -> None:
        """Let go of the connection; the next transaction opens it again."""
        with self._lock:
            self._drop()

    @abstractmethod
    def connect(self) -> Any:
        """Open a connection to a database that is checked, and made where nothing is yet."""

    @abstractmethod
    def begin(self, population: str | None) -> None:
        """Begin a transaction and take the population's lock; None reads only."""

    @abstractmethod
    def explain(self, error: BaseException) -> errors.LightwellError | None:
        """Say what an error of the database means; None for an error that is not the database's."""

    def _hold(self) -> None:
        if self._connection is None:
            try:
                self._connection = self.connect()
            except Exception as error:
                raise self.explain(error) or error from error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(Exception):
                connection.close()

    @contextlib.contextmanager
    def _transact(self, population: str | None) -> Iterator[None]:
        if self._process != os.getpid():
            self._inherited.append((self._lock, self._connection))
            self._lock, self._connection, self._process = threading.Lock(), None, os.getpid()
        with self._lock:
            self._hold()
            try:
                self.begin(population)
                yield
                # A crash before this leaves nothing of the transaction, after it all.
                self.run("COMMIT")
            except BaseException as error:
                self._abandon()
                raise self.explain(error) or error from error

    def _abandon(self) -> None:
        """Undo the transaction; where even that fails, let the connection go, which undoes it too."""
        try:
            if self._connection is not None:
                self.run("ROLLBACK")
        except Exception:
            self._drop()


def explain_full_disk(where: str) -> errors.Damaged:
    """Say what a full disk means: no number, and what to do."""
    return errors.Damaged(
        f"the ledger {where} could not be written because its disk is full, so no number is shown: free "
        "some space, then ask again"
    )


def explain_failed_disk(where: str, reason: str) -> errors.Damaged:
    """Say what a failing disk means: whether the charge stands is not known, and no number is shown."""
    return errors.Damaged(
        f"the ledger {where} could not be written ({reason}), so no number is shown: look at the disk, then "
        "see with lightwell ledger show whether the charge stands"
    )


def explain_waiting(where: str) -> errors.CouldNotCheck:
    """Say that somebody holds the lock."""
    return errors.CouldNotCheck(
        f"another process has been writing to the ledger {where} for {PATIENCE_SECONDS} seconds: nothing "
        "was charged; see what hangs, then ask again"
    )


def refuse_version(where: str, version: object) -> errors.UserMistake:
    """Say that a ledger was written by a newer version of this program."""
    return errors.UserMistake(
        f"the ledger {where} has the format {version}, and this version reads {FORMAT_VERSION}: update "
        "lightwell"
    )


def explain_contradiction(where: str, reason: str) -> errors.Damaged:
    """Say that a table refused what the entries allow: somebody removed or added a row."""
    return errors.Damaged(f"the ledger {where} contradicts itself ({reason}): see lightwell ledger verify")


def explain_changed_tables(where: str) -> errors.Damaged:
    """Say that what keeps a ledger append-only is not there as it was made."""
    return errors.Damaged(
        f"the tables of the ledger {where} or the triggers that let them only grow were changed: restore it "
        "from a backup, and find out who did"
    )
