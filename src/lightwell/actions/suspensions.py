"""Suspension: a page on which a child can be identified leaves every exit at once; two people restore it.

One authorised person is enough to suspend, because every minute counts. The gate (`PublicPage.visible`)
closes with the commit; what remains is told: the log, the ground, and that copies cannot be recalled.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.actions import log
from lightwell.archive import entry
from lightwell.base import errors, roles
from lightwell.base.canonical import Json
from lightwell.db.models import Item, Person, Suspension

GROUND = "child-identifiable"


def suspend_page(*, actor: Person, item: Item, page: int | None, now: datetime.datetime) -> Suspension:
    """Take one page, or with None the whole item, out of view at once.

    Raises `Refused` without the permission, for a page that is not open, or one suspended already.
    """
    roles.check_may(actor.roles, "suspend")
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=item.pk)
        if page is not None and not item.public_pages.filter(number=page).exists():
            raise errors.Refused(f"page {page} of item {item.number} of {item.study_id} is not published")
        if not item.openings.exists():
            raise errors.Refused(f"item {item.number} of {item.study_id} is not published")
        if item.suspensions.filter(page=page, restored_at=None).exists():
            raise errors.Refused("this is suspended already")
        role = next(role for role in actor.roles if roles.may([role], "suspend"))
        (index,) = log.append(
            entries=[entry.make_suspension(now, item.study_id, item.number, page, GROUND, role)]
        )
        return Suspension.objects.create(
            item=item, page=page, ground=GROUND, by=actor, at=now, log_index=index
        )


def check_restoration(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to restore: `suspension` is the number of one that is in force."""
    if not Suspension.objects.filter(pk=payload.get("suspension"), restored_at=None).exists():
        raise errors.UserMistake(
            f"no suspension {payload.get('suspension')!r} is in force", place="suspension"
        )


def restore_page(
    *, payload: dict[str, Json], decided_by: tuple[str, str], now: datetime.datetime
) -> Suspension:
    """Put what was suspended back into view; two people decided."""
    with transaction.atomic():
        check_restoration(payload, now)
        suspension = Suspension.objects.select_for_update().get(pk=payload["suspension"])
        item = suspension.item
        log.append(
            entries=[entry.make_restoration(now, item.study_id, item.number, suspension.page, decided_by)]
        )
        suspension.restored_at = now
        suspension.save(update_fields=["restored_at"])
    return suspension
