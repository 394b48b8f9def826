"""Cursors of lists: where a list goes on, written so that nobody builds on what is inside.

A cursor names the last key that was shown; the next part begins after it, also when rows were added or
taken away in between. There is no page number and so no wall.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from lightwell.base import errors

MOST = 200
# Hex digits of the list's name in a cursor: enough to tell lists apart, no secret.
_MARK = 8
Row = TypeVar("Row")
Key = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part(Generic[Row]):
    """One part of a list and the cursor of the next; None at the end."""

    rows: Sequence[Row]
    next: str | None


def cut_part(rows: Iterable[Row], key: Callable[[Row], Key], after: str, limit: int, name: str) -> Part[Row]:
    """Cut the part after a cursor out of the list `name`, ordered by keys; at most `MOST` rows.

    `UserMistake` for a limit below 1, and for a cursor that is none or belongs to another list.
    """
    if limit < 1:
        raise errors.UserMistake("a part of a list has at least one row", place="limit")
    mark = hashlib.sha256(name.encode()).hexdigest()[:_MARK]
    ordered = sorted(rows, key=key)
    if after:
        first, *last = parse_cursor(after)
        # Taken for a place in this list, a cursor of another one would skip rows without a word.
        if first != mark:
            raise errors.UserMistake("this cursor belongs to another list", place="after")
        try:
            ordered = [row for row in ordered if key(row) > tuple(last)]
        except TypeError:
            raise errors.UserMistake("this cursor belongs to another list", place="after") from None
    shown = ordered[: min(limit, MOST)]
    return Part(shown, format_cursor((mark, *key(shown[-1]))) if len(shown) < len(ordered) else None)


def format_cursor(key: Key) -> str:
    """Write a cursor; inverse of `parse_cursor`."""
    return base64.urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def parse_cursor(text: str) -> Key:
    """Read a cursor; `UserMistake` for anything that is none."""
    try:
        value = json.loads(base64.urlsafe_b64decode(text[:400] + "=" * (-len(text[:400]) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        value = None
    if not isinstance(value, list) or not value or not all(isinstance(part, str | int) for part in value):
        raise errors.UserMistake("this cursor cannot be read; begin the list again", place="after")
    return tuple(value)
