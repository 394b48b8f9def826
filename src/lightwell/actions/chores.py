"""What the worker does by itself, again and again: count the day, show the checkpoint, index, sweep, pack.

Each chore is safe to repeat and to kill; of several workers on one PostgreSQL one at a time does each. One
that fails is reported and does not keep the others from
their turn; it is tried again in the next round.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from django.db import DatabaseError, close_old_connections

from lightwell.actions import bundles, fingerprints, leftovers, log, search
from lightwell.base import errors
from lightwell.db import claims
from lightwell.files import disk
from lightwell.files.state import State

_SWEEP_SECONDS = 3600.0
# Size of the log and time of the last sweep in this process, by state folder.
_swept: dict[str, tuple[int, float]] = {}


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
            with claims.hold(f"chore {name}") as mine:
                sentences += chore(state) if mine else []
        except errors.LightwellError as error:
            failures.append(f"{name}: {error}")
        except (OSError, DatabaseError) as error:
            words = disk.explain_error(error) or f"{error}; look at disk and database: lightwell doctor"
            failures.append(f"{name}: {words}")
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


def _sweep_leftovers(state: State) -> list[str]:
    # The sweep reads every row that names a file: once for each growth of the log, and once an hour.
    now, size = time.monotonic(), log.count_entries()
    last_size, last_time = _swept.get(str(state.root), (-1, 0.0))
    if size == last_size and now - last_time < _SWEEP_SECONDS:
        return []
    removed = leftovers.sweep_leftovers(state=state)
    _swept[str(state.root)] = (size, now)
    return [f"removed {removed} leftovers of what was interrupted or hidden"] if removed else []


def _pack_bundle(state: State) -> list[str]:
    packed = bundles.pack_bundle(state=state)
    return [] if packed is None else [f"packed: everything public up to log entry {packed.size}"]


def _make_fingerprints(state: State) -> list[str]:
    made = fingerprints.make_set(state=state)
    return [] if made is None else [f"fingerprints: everything public up to log entry {made.size}"]


_CHORES: dict[str, Callable[[State], list[str]]] = {
    "count": _count_day,
    "checkpoint": _show_checkpoint,
    "index": _index_pages,
    "leftovers": _sweep_leftovers,
    "fingerprints": _make_fingerprints,
    "pack": _pack_bundle,
}
