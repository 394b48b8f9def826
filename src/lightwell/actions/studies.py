"""Registering a study: before it starts, or as earlier research, which is labelled so for ever.

What registration proves is narrow: the entry is not older than the cosigned checkpoint (and the beacon) it
names and not younger than the first checkpoint that covers it. Neither proves when work began.
The words of the study are its disclosure (`actions/disclosures`).
"""

from __future__ import annotations

import datetime
import hashlib

from lightwell.actions import log
from lightwell.archive import entry
from lightwell.base import errors
from lightwell.db.models import Checkpoint, Disclosure, Study


def register_study(*, row: Disclosure, now: datetime.datetime, beacon: entry.Beacon | None = None) -> Study:
    """Give a study its place in the log, inside the caller's transaction; `row` is its first version.

    Raises `Refused` when the record says "registered in advance" and its start is not after today.
    """
    body = row.read_record().body
    in_advance = body["registered_in_advance"] is True
    if problem := find_start_problem(body, now.date()):
        raise errors.Refused(problem)
    newest = Checkpoint.objects.order_by("-size").values_list("text", flat=True).first()
    after = None if newest is None else "sha256:" + hashlib.sha256(newest.encode()).hexdigest()
    (index,) = log.append(entries=[entry.make_study(now, row.record, in_advance, row.digest, after, beacon)])
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
