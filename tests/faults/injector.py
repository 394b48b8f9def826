"""Counts the durable steps of a real process as they happen, and lets one of them fail.

Nothing is listed by hand: Python's audit events name every file opened for writing, renamed, removed, every
folder made and every process started; every write and flush of a file, every changing statement and every
commit of the database and of the search index is seen too. So a new durable step is a new point
by itself. Only files below one root count.

A fault comes *before* its step, except that half of a write has happened. A disk that is full stays
full until the process ends; what fails with EIO fails once. SIGKILL is a real one.
"""

from __future__ import annotations

import builtins
import errno
import io
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

KILL, EIO, ENOSPC = FAULTS = ("SIGKILL", "EIO", "ENOSPC")

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
# What needs no room: a full disk lets it pass.
_SHRINKING = {"remove", "rmdir", "rename", "truncate", "chmod", "start a process", "committed", "indexed"}
_STATEMENTS = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE", "ALTER", "DROP", "VACUUM", "PRAGMA WAL_")
_REASONS = {EIO: errno.EIO, ENOSPC: errno.ENOSPC}
_DATABASE_WORDS = {EIO: "disk I/O error", ENOSPC: "database or disk is full"}


class Injector:
    """Watches this process from `install` on; `point` 0 only counts."""

    def __init__(self, root: Path, record: Path, point: int = 0, fault: str = KILL) -> None:
        self.root, self.point, self.fault = str(root), point, fault
        self.count = 0
        # Line by line, because a process that is killed writes nothing at its end.
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.full = False
        self._open = io.open
        self._fsync = os.fsync

    def begin_again(self, record: Path, point: int) -> None:
        """In a process that was forked off the watched one: count its steps for themselves."""
        self.point, self.count, self.full = point, 0, False
        self._record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def install(self) -> None:
        """Begin to watch."""
        sys.addaudithook(self._audit)
        builtins.open = io.open = self._open_file  # type: ignore[assignment]
        os.fsync = self._flush_file  # type: ignore[assignment]

    def install_database(self) -> None:
        """Begin to watch Django's database and the search index; they are imported by now."""
        from django.db.backends.base.base import BaseDatabaseWrapper
        from django.db.backends.utils import CursorWrapper

        from lightwell.files import index

        for name in ("_execute", "_executemany"):
            setattr(CursorWrapper, name, self._wrap_statement(getattr(CursorWrapper, name)))
        BaseDatabaseWrapper._commit = self._wrap_commit(BaseDatabaseWrapper._commit)
        make = index.Writer.__init__

        def make_watched(writer: Any, *arguments: Any) -> None:
            make(writer, *arguments)
            writer._writer = _IndexWriter(writer._writer, self)

        index.Writer.__init__ = make_watched  # type: ignore[method-assign]

    def reach(self, kind: str, what: str) -> str | None:
        """Count a step; returns the fault that shall happen instead of it, if any."""
        self.count += 1
        os.write(self._record, json.dumps([kind, what.removeprefix(self.root)]).encode() + b"\n")
        if self.count == self.point:
            self.full = self.fault == ENOSPC
            return self.fault
        return ENOSPC if self.full and kind not in _SHRINKING else None

    def die(self) -> None:
        """End as a power cut would: nothing after it happens, not even cleaning up."""
        os.kill(os.getpid(), signal.SIGKILL)

    def fail(self, kind: str, what: str) -> None:
        """Count a step that is a call of the system; raises what the system would."""
        fault = self.reach(kind, what)
        if fault == KILL:
            self.die()
        elif fault is not None:
            raise OSError(_REASONS[fault], os.strerror(_REASONS[fault]), what)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            if isinstance(arguments[2], int) and arguments[2] & _WRITING:
                self._see("open", arguments[0])
        elif event == "os.rename":
            self._see("rename", arguments[1], arguments[3])
        elif event in ("os.remove", "os.rmdir"):
            self._see(event[3:], arguments[0], arguments[1])
        elif event == "os.mkdir":
            self._see("mkdir", arguments[0], arguments[2])
        elif event in ("os.truncate", "os.chmod", "os.link", "os.symlink", "os.utime"):
            self._see(event[3:], arguments[0])
        elif event == "subprocess.Popen":
            self.fail("start a process", Path(str(arguments[0])).name)

    def _see(self, kind: str, path: Any, folder: int = -1) -> None:
        name = self._find(path, folder)
        if name is not None:
            self.fail(kind, name)

    def _find(self, path: Any, folder: int = -1) -> str | None:
        """Find the whole name of what a call is about; None for what is not below the root."""
        if isinstance(path, int):
            path = os.readlink(f"/proc/self/fd/{path}")
        name = os.fsdecode(path)
        if not name.startswith("/"):
            name = os.path.join(os.readlink(f"/proc/self/fd/{folder}") if folder >= 0 else os.getcwd(), name)
        return name if name.startswith(self.root) else None

    def _open_file(self, file: Any, mode: str = "r", buffering: int = -1, *rest: Any, **options: Any) -> Any:
        if not set(mode) & set("wax+") or self._find(file) is None:
            return self._open(file, mode, buffering, *rest, **options)
        given = (
            dict(zip(("encoding", "errors", "newline", "closefd", "opener"), rest, strict=False)) | options
        )
        raw = _RawFile(self, file, mode.replace("b", "").replace("t", ""), given)
        if buffering == 0:
            return raw
        buffer = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
        if "b" in mode:
            return buffer
        text = io.TextIOWrapper(buffer, given.get("encoding"), given.get("errors"), given.get("newline"))
        text.mode = mode  # type: ignore[misc]
        return text

    def _flush_file(self, descriptor: int) -> None:
        self._see("fsync", descriptor)
        self._fsync(descriptor)

    def _wrap_statement(self, run: Any) -> Any:
        def watched(cursor: Any, sql: Any, *rest: Any) -> Any:
            text = " ".join(str(sql).split())
            if text.upper().startswith(_STATEMENTS):
                self._fail_database("database", " ".join(text.split()[:3]))
            return run(cursor, sql, *rest)

        return watched

    def _wrap_commit(self, commit: Any) -> Any:
        def watched(wrapper: Any) -> Any:
            self._fail_database("commit", "")
            result = commit(wrapper)
            # After it the words are durable and nobody has been told yet: no error can come from here.
            if self.reach("committed", "") == KILL:
                self.die()
            return result

        return watched

    def _fail_database(self, kind: str, what: str) -> None:
        fault = self.reach(kind, what)
        if fault == KILL:
            self.die()
        elif fault is not None:
            from django.db import utils

            raise utils.OperationalError(_DATABASE_WORDS[fault]) from sqlite3.OperationalError(fault)


class _RawFile(io.FileIO):
    """A file whose every write is a step; a write that fails or is killed has written half."""

    def __init__(self, injector: Injector, file: Any, mode: str, given: dict[str, Any]) -> None:
        # First, because opening is a step that may fail, and then this object is closed.
        self._injector = injector
        self._path = injector._find(file) or str(file)
        super().__init__(file, mode, given.get("closefd", True), given.get("opener"))

    def write(self, data: Any) -> int:  # type: ignore[override]
        fault = self._injector.reach("write", self._path)
        if fault is None:
            return super().write(data) or 0
        super().write(bytes(data)[: len(data) // 2])
        if fault == KILL:
            self._injector.die()
        raise OSError(_REASONS[fault], os.strerror(_REASONS[fault]), self._path)


class _IndexWriter:
    """Tantivy's writer, which writes by itself: its commits are the steps that can be seen from here."""

    def __init__(self, writer: Any, injector: Injector) -> None:
        self._writer, self._injector = writer, injector

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writer, name)

    def commit(self) -> Any:
        fault = self._injector.reach("index", "")
        if fault == KILL:
            self._injector.die()
        elif fault is not None:
            # The words of Tantivy 0.25 on a full disk (tests/faults/test_full_disk.py holds them against it).
            raise ValueError(f"An IO error occurred: '{os.strerror(_REASONS[fault])}'")
        result = self._writer.commit()
        if self._injector.reach("indexed", "") == KILL:
            self._injector.die()
        return result
