"""What a failing disk means for whoever waits: one sentence that says what to do.

The disk speaks in four ways: the system's errors, SQLite's words, PostgreSQL's words, and the search
engine's words. All four end here. What nobody foresaw is no sentence: it stays a bug with its traceback.
"""

from __future__ import annotations

import errno
import os
import re

_FULL = {errno.ENOSPC, errno.EDQUOT}
_BROKEN = {errno.EIO, errno.EROFS, errno.EUCLEAN, errno.ESTALE}
# What no other file name would mend.
OPERATORS = _FULL | {errno.EIO, errno.EUCLEAN, errno.ESTALE, errno.EMFILE, errno.ENFILE}
_BARRED = {errno.EACCES, errno.EPERM, errno.EMFILE, errno.ENFILE, errno.EFBIG}
# SQLite: SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY (codes 13, 10, 8); PostgreSQL passes on the system's.
_WORDS = {
    "database or disk is full": errno.ENOSPC,
    "no space left on device": errno.ENOSPC,
    "disk i/o error": errno.EIO,
    "input/output error": errno.EIO,
    "readonly database": errno.EROFS,
}
_SEARCH_NUMBER = re.compile(r"os error (\d+)")


def explain_error(error: Exception) -> str | None:
    """Say what happened and what to do; None for an error that is not the disk's."""
    number = error.errno if isinstance(error, OSError) else find_number(str(error))
    name = error.filename if isinstance(error, OSError) else None
    place = f" at {os.fsdecode(name)}" if isinstance(name, str | bytes) else ""
    if number in _FULL:
        return (
            f"the disk is full{place}: free some space, then run this again; "
            "nothing that was confirmed is lost"
        )
    if number in _BROKEN:
        return (
            f"the disk failed{place} ({os.strerror(number)}): look at the system's log, mend or replace the "
            "disk, then run this again; nothing that was confirmed is lost"
        )
    if number in _BARRED:
        return f"{os.strerror(number)}{place}: see what is wrong with lightwell doctor, then run this again"
    return None


def find_number(words: str) -> int | None:
    """Find the system's error number in the words of a database or of the search engine."""
    if found := _SEARCH_NUMBER.search(words):
        return int(found[1])
    return next((number for part, number in _WORDS.items() if part in words.lower()), None)
