"""Reports of visitors that a child can be identified: taken, listed for those who may act, settled.

Reporting needs no account and keeps nothing about the visitor. A page takes at most `MOST_OPEN` reports
that nobody has looked at: more would tell nothing new, and a flood about one page never silences another.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.base import roles
from lightwell.db.models import Item, Person, Report

MOST_OPEN = 5


def take_report(*, item: Item, page: int | None, words: str, now: datetime.datetime) -> Report | None:
    """Keep a report; None when enough reports about the same page wait already."""
    with transaction.atomic():
        if Report.objects.filter(item=item, page=page, settled_at=None).count() >= MOST_OPEN:
            return None
        return Report.objects.create(item=item, page=page, words=words, at=now)


def list_open(*, actor: Person) -> list[Report]:
    """List the reports that nobody has settled, oldest first; `Refused` without the permission to suspend."""
    roles.check_may(actor.roles, "suspend")
    rows = Report.objects.filter(settled_at=None).select_related("item__study__provider")
    return list(rows.order_by("at", "pk"))


def settle_report(*, actor: Person, report: Report, now: datetime.datetime) -> None:
    """Mark a report as looked at, whether or not anything was taken out of view."""
    roles.check_may(actor.roles, "suspend")
    Report.objects.filter(pk=report.pk, settled_at=None).update(settled_at=now)
