"""The sequencer's lock: one process at a time writes tiles and signs checkpoints.

A lock of the kernel on a file in the state folder, so that a killed process frees it and nothing has
to be cleaned up. It holds on one computer; a state folder shared over a network needs one writer by
arrangement.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lightwell.base import errors

NAME = "sequencer.lock"
_PAUSE_SECONDS = 0.05


@contextlib.contextmanager
def hold_lock(root: Path, patience_seconds: float = 60.0) -> Iterator[None]:
    """Hold the lock of a state folder while the block runs; wait for whoever holds it, up to the patience.

    Raises `Refused` naming the holder when it does not let go in time.
    """
    with open(root / NAME, "a+") as file:
        deadline = time.monotonic() + patience_seconds
        while not _try_lock(file.fileno()):
            if time.monotonic() >= deadline:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise errors.Refused(
                    f"another process ({holder}) is signing the log in {root}; wait for it, then try again"
                )
            time.sleep(_PAUSE_SECONDS)
        # For the sentence above only; the lock itself is the kernel's.
        file.truncate(0)
        file.write(f"process {os.getpid()}")
        file.flush()
        yield


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
