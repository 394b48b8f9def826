"""Amendments: what is said about a sealed document afterwards, each by two people and in the log.

Its promised date is moved (before it has passed, on a ground), it is public elsewhere already (a record says
where), somebody disputes what is said about it (a commentary says why), or its key is lost. None makes a past
state better (`archive/completeness`), none takes a document off the list. Erasure by law: `actions/custody`.
Files that are added later: another inventory (`actions/inventories`).
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import inventories, log
from lightwell.archive import entry, rules
from lightwell.base import disclosure, errors, ground
from lightwell.base.canonical import Json
from lightwell.db.models import Amendment, Disclosure, Item
from lightwell.files import data
from lightwell.files.state import State, open_state

Payload = dict[str, Json]
_DISPUTING = ("commentary", "reply")


def check_extension(payload: Payload, now: datetime.datetime) -> None:
    """Check a proposal to move promised dates: `study`, `items`, `due` (ISO date), `ground`.

    A date that has passed is not moved, and no date is moved back or further than the ground lasts.
    """
    items, problems = _find_items(payload)
    today, text = now.date(), str(payload.get("due"))
    try:
        due = datetime.date.fromisoformat(text)
    except ValueError:
        problems.append(errors.Problem("due", f"{text!r} is not a date such as 2027-03-31"))
    else:
        for item in items:
            if item.due < today:
                sentence = f"document {item.number} was promised by {item.due}; what is late stays late"
                problems.append(errors.Problem("items", sentence))
            elif due <= item.due:
                sentence = f"document {item.number} is promised by {item.due}; a later date is after that"
                problems.append(errors.Problem("due", sentence))
            elif problem := rules.find_promise_problem(due, today):
                problems.append(errors.Problem("due", problem))
            if item.openings.exists():
                problems.append(errors.Problem("items", f"document {item.number} is published already"))
        try:
            ground.check_use(
                data.read_grounds(), str(payload.get("ground")), "item", "approver", today.isoformat(), text
            )
        except errors.UserMistake as error:
            problems += [errors.Problem("ground", each.sentence) for each in error.problems]
    _raise(problems)


def extend_items(*, payload: Payload, decided_by: tuple[str, str], now: datetime.datetime) -> list[Amendment]:
    """Move the promised date of documents; the old one stays on their page and in the log."""
    due, why = datetime.date.fromisoformat(str(payload["due"])), str(payload["ground"])

    def amend(item: Item) -> tuple[dict[str, Json], dict[str, object]]:
        before, item.due = item.due, due
        item.save(update_fields=["due"])
        made = entry.make_extension(now, item.study_id, item.number, due, why)
        return made, {"due_before": before, "due": due, "ground": why}

    return _amend(payload, now, "extension", check_extension, amend)


def check_already_public(payload: Payload, now: datetime.datetime) -> None:
    """Check a proposal to say that documents are public elsewhere: `study`, `items`, `record`.

    `record` is the id of a published record of the same publisher whose words say where (a link).
    """
    items, problems = _find_items(payload)
    for item in items:
        if item.openings.exists():
            problems.append(errors.Problem("items", f"document {item.number} is published here already"))
        if item.amendments.filter(type="already-public").exists():
            problems.append(errors.Problem("items", f"document {item.number} is marked so already"))
    row, more = _find_record(payload)
    problems += more
    first = Disclosure.objects.filter(record=str(payload.get("study")), version=1).first()
    if row is not None and first is not None and row.publisher != first.publisher:
        sentence = f"{row.record} is by {row.publisher}; whoever published the study says where a document is"
        problems.append(errors.Problem("record", sentence))
    _raise(problems)


def mark_already_public(
    *, payload: Payload, decided_by: tuple[str, str], now: datetime.datetime
) -> list[Amendment]:
    """Say that documents were public elsewhere before, and which record says where."""
    row = _read_record(payload)

    def amend(item: Item) -> tuple[dict[str, Json], dict[str, object]]:
        made = entry.make_already_public(now, item.study_id, item.number, row.digest)
        return made, {"record": row.record, "version": row.version}

    return _amend(payload, now, "already-public", check_already_public, amend)


def check_dispute(payload: Payload, now: datetime.datetime) -> None:
    """Check a proposal to dispute what is said about documents: `study`, `items`, `record`.

    `record` is the id of a published commentary or reply about the study; its publisher is who disputes.
    """
    items, problems = _find_items(payload)
    row, more = _find_record(payload)
    problems += more
    if row is not None and (row.kind not in _DISPUTING or row.about != payload.get("study")):
        problems.append(
            errors.Problem("record", f"{row.record} is no commentary or reply about {payload.get('study')}")
        )
    for item in items:
        if row is not None and item.amendments.filter(type="dispute", record=row.record).exists():
            problems.append(errors.Problem("items", f"document {item.number} is disputed by it already"))
    _raise(problems)


def mark_disputed(
    *, payload: Payload, decided_by: tuple[str, str], now: datetime.datetime
) -> list[Amendment]:
    """Mark documents as disputed, for good: the answers to a dispute are records beside it."""
    row = _read_record(payload)

    def amend(item: Item) -> tuple[dict[str, Json], dict[str, object]]:
        made = entry.make_dispute(now, item.study_id, item.number)
        return made, {"record": row.record, "version": row.version}

    return _amend(payload, now, "dispute", check_dispute, amend)


def check_key_lost(payload: Payload, now: datetime.datetime) -> None:
    """Check a proposal to admit that keys are lost: `study`, `items`.

    Refused for a document whose key still opens it: nobody hides a document by calling its key lost.
    """
    items, problems = _find_items(payload)
    state = open_state()
    for item in items:
        if item.openings.exists():
            problems.append(errors.Problem("items", f"document {item.number} is published; nothing is lost"))
        elif item.wrapped_key is None:
            problems.append(errors.Problem("items", f"document {item.number} was erased by law"))
        elif item.amendments.filter(type="key-lost").exists():
            problems.append(errors.Problem("items", f"document {item.number} is marked as lost already"))
        elif _is_openable(state, item):
            sentence = f"the key of document {item.number} is there and opens it; nothing is lost"
            problems.append(errors.Problem("items", sentence))
    _raise(problems)


def mark_key_lost(
    *, payload: Payload, decided_by: tuple[str, str], now: datetime.datetime
) -> list[Amendment]:
    """Admit that documents can never be opened; their places stay, and "in full" is never said again."""

    def amend(item: Item) -> tuple[dict[str, Json], dict[str, object]]:
        return entry.make_key_lost(now, item.study_id, item.number), {}

    return _amend(payload, now, "key-lost", check_key_lost, amend)


@dataclass(frozen=True, slots=True)
class Remark:
    """One amendment as readers see it; `record` is the record that says more, None where it was removed."""

    row: Amendment
    record: disclosure.Disclosure | None


def list_amendments(item: Item) -> list[Remark]:
    """List what was said about a document after it was locked in, oldest first."""
    remarks = []
    for row in item.amendments.all():
        found = Disclosure.objects.visible().filter(record=row.record, version=row.version).first()
        remarks.append(Remark(row, found.read_record() if found else None))
    return remarks


def _amend(
    payload: Payload,
    now: datetime.datetime,
    kind: str,
    check: Callable[[Payload, datetime.datetime], None],
    amend: Callable[[Item], tuple[dict[str, Json], dict[str, object]]],
) -> list[Amendment]:
    made = []
    with transaction.atomic():
        check(payload, now)
        items, _ = _find_items(payload)
        for item in Item.objects.select_for_update().filter(pk__in=[each.pk for each in items]):
            value, fields = amend(item)
            (index,) = log.append(entries=[value])
            made.append(Amendment.objects.create(item=item, type=kind, at=now, log_index=index, **fields))
    return made


def _find_items(payload: Payload) -> tuple[list[Item], list[errors.Problem]]:
    study, numbers = str(payload.get("study")), payload.get("items")
    if not isinstance(numbers, list) or not numbers:
        return [], [errors.Problem("items", "name the documents by their numbers, such as 1, 2, 5")]
    rows = Item.objects.filter(study=study, inventory__isnull=False)
    found = {item.number: item for item in rows.order_by("number")}
    problems = [
        errors.Problem("items", f"study {study!r} has no document {number} that is locked in")
        for number in numbers
        if number not in found
    ]
    return [found[number] for number in dict.fromkeys(numbers) if number in found], problems


def _find_record(payload: Payload) -> tuple[Disclosure | None, list[errors.Problem]]:
    name = str(payload.get("record"))
    row = Disclosure.objects.newest().visible().filter(record=name).first()
    if row is None:
        return None, [errors.Problem("record", f"there is no published record {name!r}; publish it first")]
    return row, []


def _read_record(payload: Payload) -> Disclosure:
    row, problems = _find_record(payload)
    if row is None:
        raise errors.UserMistake(problems=problems)
    return row


def _is_openable(state: State, item: Item) -> bool:
    try:
        inventories.unwrap_item_key(state, item)
    except errors.LightwellError:
        return False
    return True


def _raise(problems: list[errors.Problem]) -> None:
    if problems:
        raise errors.UserMistake(problems=problems)
