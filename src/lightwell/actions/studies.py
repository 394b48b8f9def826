"""Registering a study: before it starts, or as earlier research, which is labelled so for ever.

What registration proves is narrow: the entry is not older than the cosigned checkpoint (and the beacon) it
names and not younger than the first checkpoint that covers it. Neither proves when work began.
The words of the study are its disclosure (`actions/disclosures`).
"""

from __future__ import annotations

import datetime
import hashlib
import os

from lightwell.actions import log, moments
from lightwell.archive import beacon, dating, entry, logbook, promise, rules
from lightwell.base import errors
from lightwell.client import beacons, witness
from lightwell.db.models import Disclosure, LogEntry, Study
from lightwell.files.state import State


def choose_beacon(state: State, body: dict[str, object], now: datetime.datetime) -> beacon.Beacon | None:
    """Get the public random value that a study registered in advance names; None for earlier research.

    A labelled sample takes the invented beacon. Raises `Refused` when no fresh value can be had; an operator
    without a network says LIGHTWELL_BEACON=none, and then the registration shows that it names none.
    """
    if body["registered_in_advance"] is not True:
        return None
    if state.is_sample():
        return beacon.make_sample(now)
    chosen = os.environ.get("LIGHTWELL_BEACON") or beacons.QUICKNET
    if chosen == "none":
        return None
    if chosen != beacons.QUICKNET:
        raise errors.UserMistake(f"LIGHTWELL_BEACON is {chosen!r}; it can be {beacons.QUICKNET} or none")
    try:
        with witness.open_client(timeout_seconds=5) as client:
            return beacons.read_newest(client, now)
    except errors.CouldNotCheck as error:
        raise errors.Refused(
            f"{error} A study registered in advance names such a value as proof that it was not registered "
            "earlier. Try again, or set LIGHTWELL_BEACON=none to register without one, as its page will say."
        ) from None


def register_study(
    *, state: State, row: Disclosure, now: datetime.datetime, anchor: beacon.Beacon | None
) -> Study:
    """Give a study its place in the log, inside the caller's transaction; `row` is its first version.

    It names the checkpoint that readers are shown, whose cosignatures meet the policy.

    Raises `Refused` when the record says "registered in advance" and its start is not after today.
    """
    body = row.read_record().body
    in_advance = body["registered_in_advance"] is True
    for problem in (find_start_problem(body, now.date()), find_due_problem(body, now.date())):
        if problem:
            raise errors.Refused(problem)
    shown = state.tiles.read_checkpoint()
    after = None if shown is None else "sha256:" + hashlib.sha256(shown.encode()).hexdigest()
    (index,) = log.append(entries=[entry.make_study(now, row.record, in_advance, row.digest, after, anchor)])
    return Study.objects.create(
        id=row.record, provider_id=row.provider_id, in_advance=in_advance, log_index=index, registered_at=now
    )


def find_start_problem(body: dict[str, object], today: datetime.date) -> str | None:
    """Say why a study cannot be called registered in advance on `today`; None when it can."""
    if body["registered_in_advance"] is not True:
        return None
    # EDTF dates (2025, 2025-03, 2025-03-10, 2025~) compare as text once cut to the precision they have.
    started = str(body["started"]).rstrip("~?%")
    if started <= today.isoformat()[: len(started)]:
        return (
            f"this study began {started}, so it cannot be registered in advance on {today}; "
            "set registered_in_advance: false and give the search statement of earlier research"
        )
    return None


def find_due_problem(body: dict[str, object], today: datetime.date) -> str | None:
    """Say why what a study promises cannot be promised on `today`; None when it can.

    The first date has to be in reach; later ones may be further ahead.
    """
    due = promise.read_due(body)
    problem = rules.find_promise_problem(due, today) if due else None
    return f"the promised date {problem}" if problem else None


def read_bounds(state: State, study: str) -> tuple[dating.Bounds, beacon.Beacon | None]:
    """Read between which times a study was registered, as an outsider computes it, and by which beacon."""
    index = Study.objects.values_list("log_index", flat=True).get(pk=study)
    data = bytes(LogEntry.objects.values_list("data", flat=True).get(pk=index))
    registration = logbook.read_registration(index, data)
    covers, seen = moments.list_covers_around(state, index)
    return dating.bound_registration(registration, covers, seen), registration.beacon
