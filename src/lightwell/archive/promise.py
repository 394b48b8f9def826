"""What a registered study promised, and how late it is while nothing of it was ever locked in in time.

The dates stand in the study's own record; the log says when each version of it was made, and when something
of the study was sealed or accounted for. As with a document (`archive/completeness`), a date that has passed
is never moved: not by a later version of the record, and not by locking something in afterwards. From
then on only something published, held back for a reason or public elsewhere ends the lateness.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lightwell.archive import completeness, logbook, rules
from lightwell.base.canonical import Json


@dataclass(frozen=True, slots=True)
class BrokenPromise:
    """A study that promised something and locked nothing in: the promised date, and the days since."""

    due: datetime.date
    lateness: rules.Lateness


def read_due(body: Json) -> datetime.date | None:
    """Read the first date that the body of a study's record promises; None when it promises none."""
    return min(_list_due(body), default=None)


def read_last_due(body: Json) -> datetime.date | None:
    """Read the last date that the body of a study's record promises; None when it promises none."""
    return max(_list_due(body), default=None)


def _list_due(body: Json) -> list[datetime.date]:
    listed = body.get("due_dates") if isinstance(body, dict) else None
    texts = [str(each.get("date")) for each in listed or () if isinstance(each, dict) and each.get("date")]
    try:
        return [datetime.date.fromisoformat(text) for text in texts]
    except ValueError:
        return []


def follow_due(
    versions: Iterable[tuple[datetime.date, datetime.date | None]], day: datetime.date
) -> datetime.date | None:
    """Follow the promised date through the versions of a record up to `day`: (when it counts as made, date).

    A later version moves the date only while it has not passed.
    """
    due: datetime.date | None = None
    for made, stated in versions:
        if made <= day and stated is not None and (due is None or made <= due):
            due = stated
    return due


def find_broken(
    due: datetime.date | None,
    items: Iterable[completeness.Item],
    day: datetime.date,
    rule: rules.Rules = rules.FIRST_RULES,
) -> BrokenPromise | None:
    """Say since when a study's promise is broken on `day`; None when it is kept, not due, or not made.

    `items` are those of the study as `completeness.replay_events` leaves them on that day.
    """
    if due is None or day <= due:
        return None
    if any(each.sealed <= due or each.accounted for each in items):
        return None
    return BrokenPromise(due, rules.compute_lateness(rule, due, day))


def list_broken(
    book: logbook.Logbook,
    items: Iterable[completeness.Item],
    read_body: Callable[[logbook.Named], Json],
    find_day: Callable[[int], datetime.date],
    day: datetime.date,
) -> list[tuple[str, BrokenPromise]]:
    """List the studies of a log whose promise is broken on `day`.

    `read_body` gives the body of a version of a record, None where nobody can read it any more; it is asked
    only about studies of which nothing is accounted for. `find_day` says by when an entry counts as made.
    """
    by_study: dict[str, list[completeness.Item]] = {}
    for item in items:
        by_study.setdefault(item.study, []).append(item)
    broken = []
    for study in book.studies:
        theirs = by_study.get(study, [])
        if any(each.accounted for each in theirs):
            continue
        versions = [(find_day(each.index), read_due(read_body(each))) for each in book.versions[study]]
        found = find_broken(follow_due(versions, day), theirs, day)
        if found:
            broken.append((study, found))
    return broken
