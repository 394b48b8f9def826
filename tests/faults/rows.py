"""What stands in the database, as facts that can be compared, and what of it the log does not bear out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any


def describe_rows() -> dict[str, Any]:
    """Describe what people decided and what is public; nothing in it depends on the time or on dice."""
    from lightwell.db.models import (
        Challenge,
        Disclosure,
        Inventory,
        Item,
        Proposal,
        PublicPage,
        Reading,
        Redaction,
    )

    return {
        "pages": [list(row) for row in PublicPage.objects.visible().values_list("item__number", "number")],
        "records": [
            list(row) for row in Disclosure.objects.visible().order_by("pk").values_list("record", "version")
        ],
        "inventories": Inventory.objects.count(),
        "sealed": Item.objects.filter(inventory__isnull=False).count(),
        "measured": Item.objects.filter(inventory=None).count(),
        "keys": Item.objects.filter(wrapped_key__isnull=False).count(),
        "hidden": [
            [
                *(each.item.number, each.page, each.words, each.ground, each.source.partition(" ")[0]),
                *(each.proposer and each.proposer.username, each.dismissed_by and each.dismissed_by.username),
                *(each.approved, each.lifted_at is not None),
            ]
            for each in Redaction.objects.select_related("item", "proposer", "dismissed_by")
        ],
        "readings": [
            [each.item.number, each.page, each.reader and each.reader.username, each.missed]
            for each in Reading.objects.select_related("item", "reader")
        ],
        "challenges": [
            [each.commitment, each.handed_at is not None, bool(each.salt)] for each in Challenge.objects.all()
        ],
        "proposals": [[each.kind, each.approved] for each in Proposal.objects.order_by("pk")],
    }


def list_unlogged() -> list[str]:
    """List rows that say something is public or was asked, and that no entry of the log says with them.

    And entries that say so without their row: half of a deed, whichever half.
    """
    from lightwell.db.models import Challenge, Holding, Item, LogEntry, Opening, Publication, PublicPage

    entries = {each.index: json.loads(bytes(each.data)) for each in LogEntry.objects.all()}
    faults = []
    for kind, row in _list_rows(("opening", Opening), ("publication", Publication), ("challenge", Challenge)):
        entry = entries.get(row.log_index, {})
        if entry.get("type") != kind:
            faults.append(f"{kind} {row.pk} has no entry at {row.log_index}")
        elif kind != "challenge" and row.digest not in entry.values():
            faults.append(f"{kind} {row.pk} and its entry name different bytes")
    # Of a document that was erased the entries alone stay.
    erased = set(Item.objects.filter(wrapped_key=None).values_list("study", "number"))
    living = [each for each in entries.values() if (each.get("study"), each.get("item")) not in erased]
    for kind, model in (("opening", Opening), ("publication", Publication), ("challenge", Challenge)):
        logged = sum(entry["type"] == kind for entry in living)
        if logged != model.objects.count():
            faults.append(f"{logged} entries of {kind} for {model.objects.count()} rows")
    holdings = Holding.objects.values_list("log_index", flat=True)
    faults += [
        f"a holding names entry {index}, which is not there" for index in holdings if index not in entries
    ]
    opened = {row.item_id: row for row in Opening.objects.order_by("log_index")}
    for page in PublicPage.objects.visible():
        newest = opened.get(page.item_id)
        if newest is None:
            faults.append(f"page {page.number} of {page.item_id} is public and was never opened")
        elif newest.document and page.drawn_from != newest.document:
            faults.append(f"page {page.number} of {page.item_id} is not of the newest opening")
    return faults


def _list_rows(*kinds: tuple[str, Any]) -> Iterator[tuple[str, Any]]:
    for kind, model in kinds:
        for row in model.objects.all():
            yield kind, row
