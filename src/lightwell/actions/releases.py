"""Opening a document again: with less of it hidden, with what was approved since, or after it was held back.

An older opening that showed more leaves the view with it; one that showed less stays. Two people, as every
publication (`actions/proposals`); how openings are stored and logged: `actions/publications`.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.actions import openings, publications
from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.db.models import Item, Study
from lightwell.files import data
from lightwell.files.state import State


def check_release(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to open an item again: `study`, `item`, `lift` (numbers of regions that end).

    It was held back or taken back; or regions of it end, or were approved since it was opened.
    """
    problems = []
    study, number, lift = payload.get("study"), payload.get("item"), payload.get("lift") or []
    item = Item.objects.filter(study=str(study), number=number, inventory__isnull=False).first()
    if item is None:
        raise errors.UserMistake(f"there is no sealed document {number} in {study!r}", place="item")
    if item.wrapped_key is None:
        problems.append(errors.Problem("item", "its key was destroyed; nothing can open it any more"))
    if publications.is_stopped(item):
        problems.append(errors.Problem("item", "it is out of view; restore it first"))
    if waiting := item.redactions.undecided().count():
        problems.append(
            errors.Problem("item", f"{waiting} suggested or proposed hidden parts of it wait for a person")
        )
    known = set(item.redactions.in_force().values_list("pk", flat=True))
    problems += [
        errors.Problem("lift", f"{each} is no hidden part of this document that is in force")
        for each in (lift if isinstance(lift, list) else [lift])
        if each not in known
    ]
    if not problems and not publications.is_settled(item):
        problems.append(errors.Problem("item", "it was never published or held back; publish it instead"))
    if not problems and not lift and not publications.is_held(item) and not openings.list_fresh(item):
        problems.append(errors.Problem("item", "it is open as it would be then; nothing would change"))
    if not problems and not publications.is_held(item) and (fresh := openings.list_fresh(item)):
        # Its older opening leaves the view, which takes a reason that holds for a whole document.
        problems += [
            errors.Problem("item", f"the ground {each.ground!r} is none to take a whole document back for")
            for each in fresh[:1]
            if "item" not in data.read_grounds()[each.ground].applies_to
        ]
    if problems:
        raise errors.UserMistake(problems=problems)


def prepare_release(
    *, state: State, payload: dict[str, Json], now: datetime.datetime
) -> tuple[dict[str, Json], object]:
    """Make the new opening of an item, where nothing points at it yet; slow, outside any transaction."""
    check_release(payload, now)
    item = Item.objects.get(study=str(payload["study"]), number=payload["item"])
    summary = publications.read_summary(Study.objects.get(pk=item.study_id))
    with openings.Maker(state, summary, now) as maker:
        return payload, maker.open_item(item, without=_list_lifted(payload))


def release_item(
    *, prepared: tuple[dict[str, Json], object], decided_by: tuple[str, str], now: datetime.datetime
) -> None:
    """Open an item again as prepared; an older opening that showed more is taken back with it."""
    payload, ready = prepared
    assert isinstance(ready, openings.Opened)
    check_release(payload, now)
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=ready.item.pk)
        publications.check_unchanged(ready, _list_lifted(payload))
        if not publications.is_held(item) and (fresh := openings.list_fresh(item)):
            ground_id = fresh[0].ground
            publications.append_holding(
                item, ground_id, decided_by[1], openings.find_review(ground_id, now), now
            )
        item.redactions.filter(pk__in=_list_lifted(payload)).update(lifted_at=now)
        item.holdings.filter(lifted_at=None).update(lifted_at=now)
        item.public_pages.all().delete()
        publications.store_opening(ready, decided_by[1], now)
        study = Study.objects.get(pk=item.study_id)
        publications.record_publication(study, publications.read_summary(study), now)


def _list_lifted(payload: dict[str, Json]) -> list[int]:
    lift = payload.get("lift")
    return [each for each in lift if isinstance(each, int)] if isinstance(lift, list) else []
