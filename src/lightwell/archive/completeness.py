"""What became of every item that was sealed, and whether "in full" may be said.

The state of an item is a pure function of the events of the log, a date and the rules in force when
it was sealed, so that anybody recomputes the same table. An item never leaves the table: there is no
event that removes one. And a broken promise outranks whatever else befalls an item of which nothing was
ever shown or held back for a reason: what stops it stands beside the state, not in its place. Events come
in log order and already carry their effective date.
"""

from __future__ import annotations

import csv
import datetime
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from lightwell.archive import rules
from lightwell.base import errors

STATES = (
    "sealed",
    "due-soon",
    "overdue",
    "opened",
    "opened-late",
    "partly-opened",
    "withheld",
    "held-not-read",
    "already-public",
    "suspended",
    "erased-by-law",
    "key-lost",
)
# States in which something is not here for good or for now: with any of them "in full" is not said. A link to
# elsewhere is the word of whoever gives it, and nothing of it was held against the seal.
NOT_IN_FULL = frozenset(STATES) - {"opened", "opened-late"}
EVENT_TYPES = (
    "item",
    "opening",
    "withholding",
    "extension",
    "already-public",
    "suspension",
    "restoration",
    "erasure",
    "key-lost",
    "dispute",
)
_ACCOUNTING = frozenset({"opening", "withholding", "already-public", "erasure"})
# Mark to the state it leads to, the gravest first: what keeps an item from being read, whatever its state.
_STOPS = (("erasure", "erased-by-law"), ("key-lost", "key-lost"), ("suspension", "suspended"))
COLUMNS = (
    "study",
    "item",
    "state",
    "stopped",
    "disputed",
    "due",
    "extensions",
    "pages",
    "pages_open",
    "pages_redacted",
    "strict_days_late",
    "generous_days_late",
    "review",
)


@dataclass(frozen=True, slots=True)
class Event:
    """One log entry about one item.

    `pages` is the item's page count for type item, the pages opened for type opening, of which `redacted`
    have hidden regions; `read` says for type item whether the format can be read; `due` stands in item and
    extension; `page` says of which page a suspension or restoration speaks, None for the whole item; `review`
    is the day by which a withholding is looked at again.
    """

    type: str
    study: str
    item: int
    date: datetime.date
    due: datetime.date | None = None
    pages: int | None = None
    read: bool = True
    page: int | None = None
    review: datetime.date | None = None
    redacted: int = 0

    def __post_init__(self) -> None:
        if self.type not in EVENT_TYPES:
            raise errors.Refused(f"the log holds an event of the unknown type {self.type!r}")
        if (self.type in ("item", "extension")) != (self.due is not None):
            raise errors.Refused(f"a due date stands in item and extension, not in {self.type}")


@dataclass(frozen=True, slots=True)
class Item:
    """An item as its events have left it on some day.

    `accounted` is the first day on which it was opened, withheld, already public, or erased before it was
    late: lateness stops there and nothing later takes it back. `review` stands while it is withheld.
    """

    study: str
    number: int
    sealed: datetime.date
    due: datetime.date
    pages: int | None
    read: bool
    accounted: datetime.date | None = None
    opened: datetime.date | None = None
    pages_open: int | None = None
    pages_redacted: int = 0
    extensions: int = 0
    marks: frozenset[str] = field(default_factory=frozenset)
    review: datetime.date | None = None

    @property
    def stopped(self) -> str | None:
        """What keeps it from being read, as the name of a state; None when nothing does."""
        for mark, state in _STOPS:
            if any(each.startswith(mark) for each in self.marks):
                return state
        return None


@dataclass(frozen=True, slots=True)
class Gap:
    """One row of the gap table."""

    item: Item
    state: str
    lateness: rules.Lateness

    def find_overdue_review(self, day: datetime.date) -> int:
        """Count the days since what is held back should have been looked at again; 0 before that."""
        return count_days_past(self.item.review, day) if self.state == "withheld" else 0


def count_days_past(date: datetime.date | None, day: datetime.date) -> int:
    """Count the days from a date to `day`; 0 when it is not past, or there is none."""
    return max(0, (day - date).days) if date else 0


def replay_events(events: Iterable[Event], day: datetime.date) -> list[Item]:
    """Apply every event up to and including `day`; items in order of study and number.

    Raises `Refused` for an event about an item that was never sealed, or a number sealed twice.
    """
    items: dict[tuple[str, int], Item] = {}
    for event in events:
        if event.date > day:
            continue
        key = (event.study, event.item)
        if (event.type == "item") == (key in items):
            fault = "is sealed twice" if key in items else f"has {event.type} but was never sealed"
            raise errors.Refused(f"item {event.item} of {event.study} {fault}")
        items[key] = _seal_item(event) if event.type == "item" else _apply_event(items[key], event)
    return [items[key] for key in sorted(items)]


def compute_gaps(events: Iterable[Event], day: datetime.date, rule: rules.Rules) -> list[Gap]:
    """Compute the row of every item on `day`; the count of rows never shrinks as days go by."""
    return [_judge_item(item, day, rule) for item in replay_events(events, day)]


def format_gaps(gaps: Sequence[Gap]) -> str:
    """Write the gap table as CSV, byte for byte the same for the same rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for gap in gaps:
        item = gap.item
        writer.writerow(
            [
                item.study,
                item.number,
                gap.state,
                item.stopped or "no",
                "yes" if "dispute" in item.marks else "no",
                item.due.isoformat(),
                item.extensions,
                "unknown" if item.pages is None else item.pages,
                "unknown" if item.pages_open is None and item.opened else item.pages_open or 0,
                item.pages_redacted,
                gap.lateness.strict_days,
                gap.lateness.generous_days,
                item.review.isoformat() if item.review else "",
            ]
        )
    return text.getvalue()


def count_states(gaps: Iterable[Gap]) -> dict[str, int]:
    """Count the items in each state, every state named, in the fixed order; the sum is every item sealed."""
    counted = Counter(gap.state for gap in gaps)
    return {state: counted[state] for state in STATES}


def is_in_full(gaps: Sequence[Gap]) -> bool:
    """Answer whether "in full" may be said: there are items and nothing of any of them is missing."""
    return bool(gaps) and not any(gap.state in NOT_IN_FULL for gap in gaps)


def _seal_item(event: Event) -> Item:
    if event.due is None:
        raise errors.Refused(f"item {event.item} of {event.study} has no due date")
    return Item(event.study, event.item, event.date, event.due, event.pages, event.read)


def _apply_event(item: Item, event: Event) -> Item:
    # Nobody ends a lateness by destroying what is late.
    if event.type in _ACCOUNTING and not (event.type == "erasure" and event.date > item.due):
        item = replace(item, accounted=item.accounted or event.date)
    match event.type:
        case "opening":
            shown = replace(item, pages_open=event.pages, pages_redacted=event.redacted)
            opened = replace(shown, opened=item.opened or event.date)
            return replace(opened, marks=item.marks - {"withholding"}, review=None)
        case "extension":
            # Counted in any case, but a promise that was broken is never made good by a later date.
            due = event.due if event.due and event.date <= item.due else item.due
            return replace(item, due=due, extensions=item.extensions + 1)
        case "restoration":
            return replace(item, marks=item.marks - {_mark_suspension(event)})
        case "suspension":
            return replace(item, marks=item.marks | {_mark_suspension(event)})
        case "withholding":  # also after an opening: what is taken back is held back from then on
            held = replace(item, opened=None, pages_open=None, pages_redacted=0, review=event.review)
            return replace(held, marks=item.marks | {"withholding"})
        case _:
            return replace(item, marks=item.marks | {event.type})


def _mark_suspension(event: Event) -> str:
    # A mark for each page, so that restoring one page never restores another.
    return "suspension" if event.page is None else f"suspension of page {event.page}"


def _judge_item(item: Item, day: datetime.date, rule: rules.Rules) -> Gap:
    lateness = rules.compute_lateness(rule, item.due, item.accounted or day)
    return Gap(item, _name_state(item, day, rule, lateness), lateness)


def _name_state(item: Item, day: datetime.date, rule: rules.Rules, lateness: rules.Lateness) -> str:
    if lateness.strict_days and item.accounted is None:
        return "overdue"
    if item.stopped:
        return item.stopped
    if item.opened:
        if not item.read:
            return "held-not-read"
        if item.pages is not None and (item.pages_open or 0) - item.pages_redacted < item.pages:
            return "partly-opened"
        return "opened-late" if lateness.strict_days else "opened"
    if "already-public" in item.marks:
        return "already-public"
    if "withholding" in item.marks:
        return "withheld"
    return "due-soon" if rules.is_due_soon(rule, item.due, day) else "sealed"
