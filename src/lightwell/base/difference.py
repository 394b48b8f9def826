"""Difference: what changed between two versions of a record, computed from the model.

Every field of envelope and body takes part, so no field can be forgotten. Items of a list are
matched by their key where they all have one (`id`, `pointer` or `digest`), else by position;
a matched item is named "id=row-3" in the pointer. `apply` is the inverse of `diff` and the
test that nothing is missing. A schema migration is no difference: both records are compared
as they stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from lightwell.base import canonical, disclosure, errors, pointer
from lightwell.base.canonical import Json

How = Literal["added", "removed", "changed", "reordered"]

# A list whose items all carry one of these as a text, each once, is matched by it.
KEYS = ("id", "pointer", "digest")

# Fields that every new version changes; a version that changes nothing else says nothing new.
BOOKKEEPING = ("/version", "/date", "/supersedes")


@dataclass(frozen=True, slots=True)
class Change:
    """One changed place. `old` is null for "added", `new` for "removed"; "reordered" lists the items."""

    pointer: str
    old: Json
    new: Json
    how: How


def diff(old: disclosure.Disclosure, new: disclosure.Disclosure) -> list[Change]:
    """List every change of the envelope and the body, in the order of the fields."""
    return diff_values(disclosure.format_disclosure(old), disclosure.format_disclosure(new))


def select_substance(changes: Iterable[Change]) -> list[Change]:
    """Leave out version, date and what is superseded: what is left is what a reader wants to see."""
    return [change for change in changes if change.pointer not in BOOKKEEPING]


def diff_values(old: Json, new: Json, tokens: tuple[str, ...] = ()) -> list[Change]:
    """List the changes between two JSON values; empty when they are the same."""
    if isinstance(old, dict) and isinstance(new, dict):
        return _diff_keyed(old, new, tokens, lambda key: key)
    if isinstance(old, list) and isinstance(new, list):
        key = _find_key(old, new)
        if key is None:
            places = {str(index): item for index, item in enumerate(old)}
            return _diff_keyed(
                places, {str(i): item for i, item in enumerate(new)}, tokens, lambda index: index
            )
        before = {item[key]: item for item in old}
        after = {item[key]: item for item in new}
        changes = _diff_keyed(before, after, tokens, lambda name: f"{key}={name}")
        order = [name for name in before if name in after] + [name for name in after if name not in before]
        if order != list(after):
            before_order, after_order = ([f"{key}={name}" for name in names] for names in (order, after))
            changes.append(Change(pointer.format_pointer(tokens), before_order, after_order, "reordered"))
        return changes
    if canonical.encode(old) == canonical.encode(new):
        return []
    return [Change(pointer.format_pointer(tokens), old, new, "changed")]


def apply(record: Json, changes: Iterable[Change]) -> Json:
    """Make the new record from the old one; inverse of `diff_values`. `UserMistake` if they do not fit."""
    for change in changes:
        record = _apply_change(record, pointer.parse_pointer(change.pointer), change)
    return record


def _diff_keyed(
    old: dict[str, Json], new: dict[str, Json], tokens: tuple[str, ...], name: Callable[[str], str]
) -> list[Change]:
    changes = []
    gone: list[Change] = []
    for key, value in old.items():
        place = (*tokens, name(key))
        if key in new:
            changes += diff_values(value, new[key], place)
        else:
            gone.append(Change(pointer.format_pointer(place), value, None, "removed"))
    # Later list positions go first, so that applying one removal does not move the next.
    changes += reversed(gone)
    for key, value in new.items():
        if key not in old:
            changes.append(Change(pointer.format_pointer((*tokens, name(key))), None, value, "added"))
    return changes


def _find_key(old: list[Json], new: list[Json]) -> str | None:
    if not old and not new:
        return None
    for key in KEYS:
        if all(_has_distinct_keys(items, key) for items in (old, new)):
            return key
    return None


def _has_distinct_keys(items: list[Json], key: str) -> bool:
    found = [item.get(key) if isinstance(item, dict) else None for item in items]
    return all(isinstance(name, str) for name in found) and len(set(found)) == len(found)


def _apply_change(record: Json, tokens: tuple[str, ...], change: Change) -> Json:
    if not tokens:
        if change.how != "reordered":
            return change.new
        places = [_find_index(record, name) for name in change.new]
        _require(len(places) == len(record) and None not in places, change)
        return [record[place] for place in places if place is not None]
    head, rest = tokens[0], tokens[1:]
    if isinstance(record, dict):
        if rest or (change.how in ("changed", "reordered")):
            _require(head in record, change)
            return {**record, head: _apply_change(record[head], rest, change)}
        if change.how == "removed":
            _require(head in record, change)
            return {key: value for key, value in record.items() if key != head}
        return {**record, head: change.new}
    _require(isinstance(record, list), change)
    index = _find_index(record, head)
    if not rest and change.how == "added":
        _require(index is None or index == len(record), change)
        return [*record, change.new]
    if index is None or index >= len(record):
        raise errors.UserMistake("the change does not fit this record", place=change.pointer)
    if not rest and change.how == "removed":
        return [*record[:index], *record[index + 1 :]]
    return [*record[:index], _apply_change(record[index], rest, change), *record[index + 1 :]]


def _find_index(items: list[Json], token: str) -> int | None:
    if token.isascii() and token.isdigit():
        return int(token)
    key, _, name = token.partition("=")
    for index, item in enumerate(items):
        if isinstance(item, dict) and item.get(key) == name:
            return index
    return None


def _require(fits: bool, change: Change) -> None:
    if not fits:
        raise errors.UserMistake("the change does not fit this record", place=change.pointer)
