"""A folder for what is only needed while files are read: unhidden copies, printed pages, attachments.

What lies here is as readable as the publisher's own folder. It is removed when the work is done; what a crash
left is removed when the next work begins, because the kernel drops a dead process's lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

FOLDER = "scratch"
_YOUNG_SECONDS = 60


@contextlib.contextmanager
def open_scratch(root: Path | None) -> Iterator[Path]:
    """Make a folder below `root`, or where the system keeps such things, that is gone after the block."""
    if root is None:
        with tempfile.TemporaryDirectory(prefix="lightwell-") as name:
            yield Path(name)
        return
    place = root / FOLDER
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    sweep_scratch(root)
    folder = place / secrets.token_hex(8)
    folder.mkdir(mode=0o700)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def sweep_scratch(root: Path) -> int:
    """Remove the folders that dead processes left; how many."""
    removed = 0
    for folder in (root / FOLDER).glob("*"):
        with contextlib.suppress(OSError):
            # One that was made this moment is not locked yet.
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                removed += 1
            finally:
                os.close(descriptor)
    return removed
