"""Who is at work in a state folder: locks of the kernel, which a process gives back however it dies.

Putting bytes into the store comes before the rows that name them, so that bytes without a name are
either somebody's unfinished work or left over. Whoever puts bytes holds the store together with others;
the sweep holds it alone, or does not sweep. The files of one study are read in by one process at a time.
Like `files/sequencer` these locks hold on one computer.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from lightwell.base import errors

_STORE = "store.lock"
_STUDIES = "reading"


@contextlib.contextmanager
def share_store(root: Path) -> Iterator[None]:
    """Hold the store of a state folder together with others, waiting while it is being swept."""
    with open(root / _STORE, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextlib.contextmanager
def hold_store(root: Path) -> Iterator[bool]:
    """Hold the store alone, so that nobody is putting bytes; False when somebody is."""
    with hold_alone(root / _STORE) as alone:
        yield alone


@contextlib.contextmanager
def hold_alone(path: Path) -> Iterator[bool]:
    """Hold a file's lock alone without waiting; False when somebody else has it."""
    with open(path, "ab") as file:
        yield _try_lock(file.fileno())


@contextlib.contextmanager
def hold_study(root: Path, study: str) -> Iterator[None]:
    """Be the one who reads and seals the files of a study, and share the store meanwhile.

    Raises `Refused` naming the other process when there is one.
    """
    folder = root / _STUDIES
    folder.mkdir(exist_ok=True)
    with open(folder / study, "a+") as file:
        if not _try_lock(file.fileno()):
            file.seek(0)
            raise errors.Refused(
                f"another process ({file.read().strip() or 'unknown'}) is sealing files of {study}; "
                "wait for it, then run this again"
            )
        # For the sentence above only; the lock itself is the kernel's.
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        with share_store(root):
            yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
