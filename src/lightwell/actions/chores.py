"""What the worker does by itself, again and again: count the day, show the pending checkpoint, index pages.

Each chore is safe to repeat and to kill. One that fails is reported and does not keep the others from
their turn; it is tried again in the next round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, close_old_connections

from lightwell.actions import bundles, log, search
from lightwell.base import errors
from lightwell.files.state import State


@dataclass(frozen=True, slots=True)
class Done:
    """One round: a sentence for each thing done, and one for each that went wrong."""

    sentences: tuple[str, ...]
    failures: tuple[str, ...]


def do_chores(*, state: State) -> Done:
    """Do everything that is due now."""
    close_old_connections()
    sentences, failures = [], []
    for name, chore in _CHORES.items():
        try:
            sentences += chore(state)
        except errors.LightwellError as error:
            failures.append(f"{name}: {error}")
        except (OSError, DatabaseError) as error:
            failures.append(f"{name}: {error}; look at disk and database and run: lightwell doctor")
    return Done(tuple(sentences), tuple(failures))


def _count_day(state: State) -> list[str]:
    place = log.count_day(state=state, now=state.read_now())
    return [] if place is None else [f"counted the day: log entry {place}"]


def _show_checkpoint(state: State) -> list[str]:
    if not log.is_pending(state=state):
        return []
    log.publish_checkpoint(state=state, now=state.read_now(), patience_seconds=5)
    return [f"shown: a checkpoint of {log.count_entries()} entries"]


def _index_pages(state: State) -> list[str]:
    changed = search.update_index(state)
    return [f"indexed {changed} documents again"] if changed else []


def _pack_bundle(state: State) -> list[str]:
    packed = bundles.pack_bundle(state=state)
    return [] if packed is None else [f"packed: everything public up to log entry {packed.size}"]


_CHORES: dict[str, Callable[[State], list[str]]] = {
    "count": _count_day,
    "checkpoint": _show_checkpoint,
    "index": _index_pages,
    "pack": _pack_bundle,
}
