"""Another title and file name for a document that is locked in and not public yet, by two people.

A name of a child in the name of a file would keep the document from being published with hidden parts for
ever: the residue check stops it, and the file is sealed under that name. Neither title nor file name is part
of the seal (`docs/reference/seal.md`), and both are private until the document is named. Nothing is logged;
who proposed and who approved stands in the proposal.
"""

from __future__ import annotations

import datetime
from pathlib import PurePosixPath

from django.db import transaction

from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.db.models import Item


def check_naming(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to name a document anew: `study`, `items` (one number), `title`, `file`; "" stays."""
    _find_item(payload)


def name_item(*, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime) -> Item:
    """Name a document anew; raises `UserMistake` with every problem, as when it was published meanwhile."""
    with transaction.atomic():
        Item.objects.select_for_update().get(pk=_find_item(payload).pk)
        # Once more behind the lock: it may have been published meanwhile.
        item = _find_item(payload)
        title, name = _read_names(payload)
        item.title, item.file_name = title or item.title, name or item.file_name
        item.save(update_fields=["title", "file_name"])
    return item


def _find_item(payload: dict[str, Json]) -> Item:
    study, numbers = str(payload.get("study")), payload.get("items")
    title, name = _read_names(payload)
    problems = []
    if not title and not name:
        problems.append(errors.Problem("title", "write the new title, the new file name, or both"))
    problems += [errors.Problem("title", each) for each in inventory.list_title_problems(title) if title]
    problems += [errors.Problem("file", each) for each in inventory.list_name_problems(name) if name]
    item = None
    if isinstance(numbers, list) and len(numbers) == 1:
        rows = Item.objects.filter(study=study, inventory__isnull=False)
        item = rows.filter(number=numbers[0]).first()
    if item is None:
        problems.append(errors.Problem("items", "name one document that is locked in, by its number"))
    elif item.named:
        problems.append(errors.Problem("items", f"document {item.number} is public under its title already"))
    elif name:
        ending = PurePosixPath(item.file_name).suffix
        if PurePosixPath(name).suffix != ending:
            problems.append(errors.Problem("file", f"the ending stays as it is: {ending or 'none'}"))
        if Item.objects.filter(inventory=item.inventory_id, file_name=name).exclude(pk=item.pk).exists():
            problems.append(errors.Problem("file", "another document of this inventory has that file name"))
    if problems or item is None:
        raise errors.UserMistake(problems=problems)
    return item


def _read_names(payload: dict[str, Json]) -> tuple[str, str]:
    return str(payload.get("title") or "").strip(), str(payload.get("file") or "").strip()
