"""What leaves for followers: noticed, batched, sent and swept, by the worker's third thread.

It does not wait for the other chores, because packing a large archive may take longer than the minute in
which followers hear of a publication. One process at a time does it: of several workers on one PostgreSQL
by a claim, on one machine by a lock of the state folder, so that the operator's command and the worker
never send the same twice.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Iterator

from django.db import DatabaseError, close_old_connections

from lightwell.actions import following, log, mailings, noticing, search, webhooks
from lightwell.actions.chores import Done
from lightwell.base import errors
from lightwell.db import claims
from lightwell.files import disk, index, occupancy
from lightwell.files.state import State

_LOCK = "following.lock"
_SWEEP_SECONDS = 600.0
_swept: dict[str, float] = {}


def do_errands(*, state: State, now: datetime.datetime) -> Done:
    """Do everything that is due; `now` is the real time, also beside a sample clock: mails are real."""
    close_old_connections()
    sentences: list[str] = []
    failures: list[str] = []
    with _hold_turn(state) as mine:
        if mine:
            for name, errand in _ERRANDS.items():
                try:
                    said, complaints = errand(state, now)
                    sentences += said
                    failures += complaints
                except (errors.LightwellError, DatabaseError, OSError) as error:
                    failures.append(f"follow {name}: {_explain(error)}")
    return Done(tuple(sentences), tuple(failures))


def _explain(error: Exception) -> str:
    if isinstance(error, errors.LightwellError):
        return str(error)
    # The words of a database may repeat an address; what a failing disk means has none.
    return disk.explain_error(error) or type(error).__name__


@contextlib.contextmanager
def _hold_turn(state: State) -> Iterator[bool]:
    with claims.hold("errands") as first:
        if not first:
            yield False
            return
        with occupancy.hold_alone(state.root / _LOCK) as mine:
            yield mine


def _notice(state: State, now: datetime.datetime) -> tuple[list[str], list[str]]:
    if index.open_folder(state.index).read_stamp() != log.count_entries():
        with claims.hold("chore index") as mine:
            if mine:
                search.update_index(state)
    noticing.notice(state)
    return [], []


def _queue(state: State, now: datetime.datetime) -> tuple[list[str], list[str]]:
    queued = mailings.make_batches(state=state, now=now)
    return ([f"follow: {queued} mails queued"] if queued else []), []


def _send(state: State, now: datetime.datetime) -> tuple[list[str], list[str]]:
    sent = mailings.send_due(state=state, now=now)
    said = [f"follow: {sent.mailings} mails and {sent.questions} questions sent"]
    return (said if sent.mailings or sent.questions else []), []


def _call(state: State, now: datetime.datetime) -> tuple[list[str], list[str]]:
    called = webhooks.call_due(state=state, now=now)
    said = [f"follow: {called.arrived} messages to webhooks"]
    return (said if called.arrived else []), list(called.failures)


def _sweep(state: State, now: datetime.datetime) -> tuple[list[str], list[str]]:
    moment = time.monotonic()
    if moment - _swept.get(str(state.root), -_SWEEP_SECONDS) < _SWEEP_SECONDS:
        return [], []
    gone = following.forget_unanswered(now)
    mailings.sweep(now)
    # Only now: one that failed is tried again in the next round.
    _swept[str(state.root)] = moment
    return ([f"follow: {gone} questions without an answer deleted"] if gone else []), []


# What is sent comes before the sweep, and a webhook that fails keeps no mail from leaving.
_ERRANDS = {"notice": _notice, "queue": _queue, "mail": _send, "webhooks": _call, "sweep": _sweep}
