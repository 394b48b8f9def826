"""The published rules by which lateness is judged: the file a lawyer reads.

Rules are entries of the log. An item is judged for ever by the rules in force when it was sealed, so
that a later, kinder rule never improves a past state.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from lightwell.base import errors


@dataclass(frozen=True, slots=True)
class Rules:
    """How near is soon and how late is late, in days.

    An item is due soon `due_soon_days` before the promised date. Days late are counted strictly from
    the day after it and generously from `grace_days` later. The writer's own time of an entry counts when
    the quorum saw it at most `tolerance_seconds` later (`archive/dating`).
    """

    version: int
    due_soon_days: int
    grace_days: int
    tolerance_seconds: int = 86_400

    def __post_init__(self) -> None:
        if self.version < 1 or min(self.due_soon_days, self.grace_days, self.tolerance_seconds) < 0:
            raise errors.Refused("rules have a version from 1 and no negative days or seconds")


# Five years: a date further ahead is a promise that nobody need keep, or a slip such as the year 9999.
LONGEST_PROMISE_DAYS = 1827

FIRST_RULES = Rules(version=1, due_soon_days=30, grace_days=30)


@dataclass(frozen=True, slots=True)
class Lateness:
    """Days late counted strictly (from the promised date) and generously (after the days of grace)."""

    strict_days: int
    generous_days: int


def compute_lateness(rules: Rules, due: datetime.date, until: datetime.date) -> Lateness:
    """Count how late on `until` is what was promised for `due`."""
    late = max(0, (until - due).days)
    return Lateness(late, max(0, late - rules.grace_days))


def find_promise_problem(due: datetime.date, today: datetime.date) -> str | None:
    """Say why nothing can be promised for `due` on `today`; None when it can."""
    if due < today:
        return (
            f"{due} has passed already; promise a day from {today} on, because a past promise is no promise"
        )
    last = today + datetime.timedelta(days=LONGEST_PROMISE_DAYS)
    if due > last:
        return f"{due} is further ahead than five years; promise a day up to {last}"
    return None


def is_due_soon(rules: Rules, due: datetime.date, day: datetime.date) -> bool:
    """Answer whether the promised date is near and not past."""
    return 0 <= (due - day).days <= rules.due_soon_days
