"""Every durable step of putting bytes or a file into the store, struck by every fault; a line of JSON each.

    python tests/faults/storing.py FOLDER

A store of its own, so that what the journeys reach seldom (bytes that are there already, folders that are
not) has its turn each time. Each point is a fork of this process.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import injector as injectors

from lightwell.base import errors
from lightwell.files.store import FileStore

DATA = b"what is put" * 9_000
DIGEST = hashlib.sha256(DATA).hexdigest()
AREA = "public"
WAYS = ("bytes", "file")
# What the store holds before: nothing at all, its folders and something else, the very same bytes.
BEGINNINGS = ("empty", "other", "there")
_REFUSED, _BUG = 3, 70


class Place:
    """A folder with a store and, beside it on the same disk, the file that is put."""

    def __init__(self, root: Path) -> None:
        self.root, self.source = root, root / "files" / "source"

    def begin(self, beginning: str) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        store = FileStore(self.root / "files")
        if beginning == "there":
            store.put_bytes(AREA, DATA)
        elif beginning == "other":
            store.find_path(AREA, DIGEST).parent.mkdir(parents=True)
            store.put_bytes(AREA, b"something else")
        self.source.parent.mkdir(parents=True, exist_ok=True)
        self.source.write_bytes(DATA)

    def put(self, way: str) -> str:
        # A new store, as a process that has just begun has it: it does not know what another one flushed.
        store = FileStore(self.root / "files")
        return store.put_bytes(AREA, DATA) if way == "bytes" else store.put_file(AREA, self.source)

    def run(self, way: str, point: int = 0, fault: str = injectors.KILL) -> tuple[int, list[list[str]]]:
        """Put in a process of its own; how it ended, and its durable steps in order."""
        record = self.root.with_suffix(".steps")
        record.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            code = _BUG
            with contextlib.suppress(BaseException):
                injectors.Injector(self.root, record, point, fault).install()
                code = self._try(way)
            os._exit(code)
        _, status = os.waitpid(child, 0)
        return os.waitstatus_to_exitcode(status), [json.loads(line) for line in record.open()]

    def _try(self, way: str) -> int:
        try:
            return 0 if self.put(way) == DIGEST else _BUG
        except OSError as error:
            return _REFUSED if error.errno in (errno.EIO, errno.ENOSPC) else _BUG

    def list_faults(self, before: str, code: int) -> list[str]:
        """List what is wrong as it lies now, after a put that ended so."""
        store, found = FileStore(self.root / "files"), []
        try:
            whole = store.get_bytes(AREA, DIGEST) == DATA
        except errors.Damaged as error:
            whole = False
            if "missing" not in error.sentence:
                found.append(error.sentence)
        if not whole and (before == "there" or code == 0):
            found.append("what was put is not there")
        kept = self.source.read_bytes() if self.source.exists() else None
        if kept not in (None, DATA):
            found.append("the file that was put is not what it was")
        if kept is None and not whole:
            found.append("neither the file nor what was put is there")
        return found


def check_flushed(steps: list[list[str]]) -> list[str]:
    """List what was not flushed: the bytes before they got a name, the folders above after the last name."""
    path = f"/files/{AREA}/{DIGEST[:2]}"
    # The folder that has the name of the store is the installation's.
    wanted = {path, f"/files/{AREA}", "/files", ""}
    last = max((k for k, (kind, _) in enumerate(steps) if kind in ("mkdir", "rename", "utime")), default=-1)
    flushed = {what for kind, what in steps[last + 1 :] if kind == "fsync"}
    missing = [f"{each or 'the folder above'} was not flushed" for each in sorted(wanted - flushed)]
    named = [k for k, (kind, _) in enumerate(steps) if kind == "rename"]
    early = [what for kind, what in steps[: named[0]] if kind == "fsync"] if named else []
    return missing + (["the bytes were named before they were flushed"] if named and not early else [])


def strike(place: Place) -> Iterator[dict[str, Any]]:
    """Let every fault happen at every step of every way; what is wrong after it and after putting again."""
    for way in WAYS:
        for beginning in BEGINNINGS:
            place.begin(beginning)
            code, steps = place.run(way)
            assert code == 0, (way, beginning, code)
            yield {"way": way, "before": beginning, "steps": steps, "wrong": check_flushed(steps)}
            for number, (kind, what) in enumerate(steps, 1):
                for fault in injectors.FAULTS:
                    place.begin(beginning)
                    code, struck = place.run(way, number, fault)
                    wrong = place.list_faults(beginning, code)
                    if code not in _list_ends(fault, kind == "mkdir" and beginning == "other"):
                        wrong.append(f"ended with {code}")
                    if len(struck) < number:
                        wrong.append("was not reached")
                    if place.source.exists() or way == "bytes":
                        code, steps_again = place.run(way)
                        wrong += place.list_faults(beginning, code) + check_flushed(steps_again)
                        wrong += [f"putting again ends with {code}"] if code else []
                    if way == "file" and place.source.exists():
                        wrong.append("the file is still where it was")
                    step = f"{kind} {what}"
                    yield {"way": way, "before": beginning, "step": step, "fault": fault, "wrong": wrong}


def _list_ends(fault: str, made_before: bool) -> tuple[int, ...]:
    """List how a put may end after a fault; that a folder cannot be made again is no harm."""
    if fault == injectors.KILL:
        return (-signal.SIGKILL,)
    return (_REFUSED, 0) if fault == injectors.EIO and made_before else (_REFUSED,)


def main() -> None:
    for line in strike(Place(Path(sys.argv[1]) / "place")):
        sys.stdout.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
