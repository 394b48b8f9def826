"""JSON Pointers: the place of a value inside a record (RFC 6901).

"" is the whole record, "/body/title" a field, "/body/rows/3" a list item. Values are never
changed in place: `replace_value` returns a new record. Pointers that lead nowhere are a
`UserMistake`, never a silent default.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lightwell.base import errors
from lightwell.base.canonical import Json

ABSENT = object()
"""What `find_value` answers where nothing is; null is a value."""


def format_pointer(tokens: Iterable[str | int]) -> str:
    """Join tokens to a pointer; inverse of `parse_pointer` (RFC 6901 section 3)."""
    return "".join("/" + str(token).replace("~", "~0").replace("/", "~1") for token in tokens)


def parse_pointer(text: str) -> tuple[str, ...]:
    """Split a pointer into its tokens (RFC 6901 section 4); `UserMistake` when it is none."""
    if not text:
        return ()
    if not text.startswith("/"):
        raise errors.UserMistake(f"the place {text[:60]!r} must begin with a slash, like /body/title")
    tokens = []
    for token in text[1:].split("/"):
        plain = token.replace("~1", "").replace("~0", "")
        if "~" in plain:
            raise errors.UserMistake(f"the place {text[:60]!r} holds a ~ that is neither ~0 nor ~1")
        tokens.append(token.replace("~1", "/").replace("~0", "~"))
    return tuple(tokens)


def find_value(record: Json, tokens: Iterable[str]) -> Json:
    """Return the value at a place, or `ABSENT`."""
    value = record
    for token in tokens:
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list) and _is_index(token) and int(token) < len(value):
            value = value[int(token)]
        else:
            return ABSENT
    return value


def replace_value(record: Json, tokens: tuple[str, ...], value: Json) -> Json:
    """Return a copy of the record with another value at an existing place."""
    if not tokens:
        return value
    head, rest = tokens[0], tokens[1:]
    if isinstance(record, dict) and head in record:
        return {**record, head: replace_value(record[head], rest, value)}
    if isinstance(record, list) and _is_index(head) and int(head) < len(record):
        index = int(head)
        return [*record[:index], replace_value(record[index], rest, value), *record[index + 1 :]]
    raise errors.UserMistake(f"there is no {head!r} here", place=format_pointer(tokens))


def list_leaves(record: Json, tokens: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Json]]:
    """Yield (place, value) of every scalar, in order; empty lists and objects are leaves too."""
    if isinstance(record, dict) and record:
        for key, value in record.items():
            yield from list_leaves(value, (*tokens, key))
    elif isinstance(record, list) and record:
        for index, value in enumerate(record):
            yield from list_leaves(value, (*tokens, str(index)))
    else:
        yield tokens, record


def _is_index(text: str) -> bool:
    # RFC 6901 section 4: no leading zeros, no signs; isdigit alone would let other scripts in.
    return text.isascii() and text.isdigit() and (text == "0" or not text.startswith("0"))
