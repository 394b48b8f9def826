"""Recompute the table of what became of every item: gaps.py BUNDLE [--as-of DATE] [--policy FILE].

Part of the second verifier, written from docs/reference/states.md alone; nothing of lightwell. Prints the
table; exit 0 computed, 1 refused (one sentence naming the place) or a record is missing, 2 could not check.
"""

from __future__ import annotations

import argparse
import csv
import datetime
import io
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

import jcs
from notes import Refusal

COLUMNS = (
    *("study", "item", "state", "stopped", "disputed", "due", "extensions", "pages", "pages_open"),
    *("pages_redacted", "strict_days_late", "generous_days_late", "review"),
)
ITEM_TYPES = (
    *("item", "opening", "withholding", "extension", "already-public"),
    *("suspension", "restoration", "erasure", "key-lost", "dispute"),
)
ACCOUNTING = ("opening", "withholding", "already-public", "erasure")
SOON = GRACE = 30
TOLERANCE = datetime.timedelta(seconds=86_400)
ENTRY_PLACE = "log entry {}"


@dataclass
class Item:
    due: datetime.date
    pages: int | None
    read: bool
    accounted: datetime.date | None = None
    open: bool = False
    pages_open: int | None = None
    pages_redacted: int = 0
    extensions: int = 0
    marks: set[str] = field(default_factory=set)
    suspended: set[int | None] = field(default_factory=set)
    review: str = ""


def read_entry(index: int, data: bytes) -> dict:
    """One entry as an object with a type; `Refusal` with its index otherwise."""
    try:
        value = jcs.read(data)
    except ValueError as error:
        raise Refusal(ENTRY_PLACE.format(index), str(error)) from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise Refusal(ENTRY_PLACE.format(index), "an entry is an object with a type")
    return value


def read_time(text: object, place: str) -> datetime.datetime:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text, re.ASCII):
        raise Refusal(place, f"{text!r} is not a time")
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(place, f"{text!r} is not a time") from None


def read_date(text: object, place: str) -> datetime.date:
    try:
        day = datetime.date.fromisoformat(str(text))
        if day.isoformat() == text:
            return day
    except ValueError:
        pass
    raise Refusal(place, f"{text!r} is not a date")


def find_date(at: datetime.datetime, quorum_time: int | None) -> datetime.date:
    """The day on which an entry counts: its own, or that of the quorum when its own is not believed."""
    if quorum_time is not None:
        shown = datetime.datetime.fromtimestamp(quorum_time, datetime.UTC)
        if not at <= shown <= at + TOLERANCE:
            return shown.date()
    return at.date()


def replay(entries: Iterable[bytes], quorum_times: list[int | None], day: datetime.date) -> dict:
    """(study, number) to `Item` as the events up to `day` leave it."""
    items: dict[tuple[str, int], Item] = {}
    for index, data in enumerate(entries):
        value, place = read_entry(index, data), ENTRY_PLACE.format(index)
        kind = value["type"]
        if kind == "rules" and value.get("version") != 1:
            raise Refusal(place, "this program knows only version 1 of the rules")
        if kind not in ITEM_TYPES:
            continue
        study, number, pages = value.get("study"), value.get("item"), value.get("pages")
        if value.get("v") != 1 or not isinstance(study, str) or type(number) is not int:
            raise Refusal(place, "it lacks its version, study or item")
        page, redacted = value.get("page"), value.get("redacted")
        if not all(count is None or type(count) is int for count in (pages, page, redacted)):
            raise Refusal(place, "pages, redacted or page is not a whole number")
        if (kind in ("item", "extension")) != ("due" in value):
            raise Refusal(place, "a due date stands in item and extension, and only there")
        due = read_date(value["due"], place) if "due" in value else None
        review = read_date(value["review"], place).isoformat() if value.get("review") is not None else ""
        date = find_date(read_time(value.get("at"), place), quorum_times[index])
        if date > day:
            continue
        if (kind == "item") == ((study, number) in items):
            raise Refusal(place, f"item {number} of {study} is sealed twice, or not sealed before {kind}")
        if kind == "item":
            items[study, number] = Item(due, pages, value.get("read") is not False)
        else:
            _apply(items[study, number], kind, date, due, pages, page)
            if kind in ("opening", "withholding"):
                items[study, number].review = review if kind == "withholding" else ""
                items[study, number].pages_redacted = (redacted or 0) if kind == "opening" else 0
    return items


def _apply(
    item: Item, kind: str, date: datetime.date, due: datetime.date | None, pages: int | None, page: int | None
) -> None:
    if kind in ACCOUNTING and item.accounted is None and not (kind == "erasure" and date > item.due):
        item.accounted = date
    if kind == "opening":
        item.open, item.pages_open = True, pages
        item.marks.discard("withholding")
    elif kind == "withholding":
        item.open, item.pages_open = False, None
        item.marks.add(kind)
    elif kind == "extension":
        # A date that has passed stays: an extension after it is counted and moves nothing.
        item.due, item.extensions = due if date <= item.due else item.due, item.extensions + 1
    elif kind == "suspension":
        item.suspended.add(page)
    elif kind == "restoration":
        item.suspended.discard(page)
    else:
        item.marks.add(kind)


def name_stop(item: Item) -> str:
    """What keeps the item from being read, "no" when nothing does."""
    if "erasure" in item.marks:
        return "erased-by-law"
    if "key-lost" in item.marks:
        return "key-lost"
    return "suspended" if item.suspended else "no"


def judge(item: Item, day: datetime.date) -> tuple[str, int]:
    """The state and the days late counted strictly."""
    late = max(0, ((item.accounted or day) - item.due).days)
    unread = item.open and not item.read
    whole = (item.pages_open or 0) - item.pages_redacted
    in_part = item.open and item.pages is not None and whole < item.pages
    lines = [
        ("overdue", late > 0 and item.accounted is None),
        (name_stop(item), name_stop(item) != "no"),
        ("held-not-read", unread),
        ("partly-opened", in_part),
        ("opened-late", item.open and late > 0),
        ("opened", item.open),
        ("already-public", "already-public" in item.marks),
        ("withheld", "withholding" in item.marks),
        ("due-soon", 0 <= (item.due - day).days <= SOON),
        ("sealed", True),
    ]
    return next(name for name, fits in lines if fits), late


def write_table(items: dict, day: datetime.date) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for (study, number), item in sorted(items.items()):
        state, late = judge(item, day)
        pages = "unknown" if item.pages is None else item.pages
        shown = 0 if not item.open else "unknown" if item.pages_open is None else item.pages_open
        disputed = "yes" if "dispute" in item.marks else "no"
        due = item.due.isoformat()
        row = [study, number, state, name_stop(item), disputed, due, item.extensions, pages, shown]
        writer.writerow([*row, item.pages_redacted, late, max(0, late - GRACE), item.review])
    return text.getvalue()


def main(arguments: list[str] | None = None) -> int:
    import statements
    import verify

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bundle")
    parser.add_argument("--as-of")
    parser.add_argument("--policy")
    given = parser.parse_args(arguments)

    missing: list[str] = []

    def compute() -> str:
        folder = verify.Folder(given.bundle)
        log = verify.read_log(folder, given.policy)
        day = read_date(given.as_of, "--as-of") if given.as_of else log.day
        account = statements.read_account(log.entries)
        missing.extend(sentence for _, sentence in statements.list_missing(folder, account))
        return write_table(replay(log.entries, log.quorum_times, day), day)

    code = verify.report(compute)
    for each in missing:
        print(f"missing: {each}", file=sys.stderr)
    return code or (1 if missing else 0)


if __name__ == "__main__":
    sys.exit(main())
