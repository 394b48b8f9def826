"""Suspension: a page on which a child can be identified leaves every exit at once; two people restore it.

One authorised person is enough to suspend, because every minute counts. The gate (`PublicPage.visible`)
closes with the commit; what remains is told: the log, the ground, and that copies cannot be recalled.
What may show abuse is locked away as a whole document, also one that is not published: from then on no
program here opens it, and the pictures that were drawn from it are destroyed.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.actions import log, organisations, pictures, search
from lightwell.archive import entry
from lightwell.base import errors, ground, roles
from lightwell.base.canonical import Json
from lightwell.db.models import Item, Person, Suspension
from lightwell.files import data
from lightwell.files.state import State

GROUND = "child-identifiable"
OFFICER = "safeguarding-officer"


def take_out_of_view(
    *,
    state: State,
    actor: Person,
    item: Item,
    page: int | None,
    ground_id: str = GROUND,
    now: datetime.datetime,
) -> Suspension:
    """Suspend, then take out of the search index, and destroy the pictures drawn from what may show abuse.

    The gate is shut by the first step; a crash after it leaves an index whose hits the gate still refuses.
    """
    made = suspend_page(actor=actor, item=item, page=page, ground_id=ground_id, now=now)
    search.drop_page(state, item, made.page)
    if ground_id == ground.QUARANTINE:
        drawn = item.public_pages.values_list("picture", "drawn_from")
        for name in {item.sha256, *(name for row in drawn for name in row)} - {""}:
            pictures.forget_pictures(state=state, digest=name)
    return made


def suspend_page(
    *, actor: Person, item: Item, page: int | None, ground_id: str = GROUND, now: datetime.datetime
) -> Suspension:
    """Take one page, or with None the whole item, out of view at once.

    Whoever published it may, and the safeguarding officer of the house, who is always there for a child: no
    organisation takes out of view what another published. For a suspected abuse image it is always the
    whole item. Raises `Refused` without the permission, for a page that is not open, or one suspended
    already; `UserMistake` for a ground that is not for this.
    """
    organisations.check_owner(actor, "suspend", organisations.find_owner(item.study_id))
    role = _check_ground(actor, ground_id, now)
    quarantined = ground_id == ground.QUARANTINE
    page = None if quarantined else page
    with transaction.atomic():
        item = Item.objects.select_for_update().get(pk=item.pk)
        if page is not None and not item.public_pages.filter(number=page).exists():
            raise errors.Refused(f"page {page} of item {item.number} of {item.study_id} is not published")
        if not item.openings.exists() and not quarantined:
            raise errors.Refused(f"item {item.number} of {item.study_id} is not published")
        if item.suspensions.filter(page=page, restored_at=None).exists():
            raise errors.Refused("this is suspended already")
        (index,) = log.append(
            entries=[entry.make_suspension(now, item.study_id, item.number, page, ground_id, role)]
        )
        return Suspension.objects.create(
            item=item, page=page, ground=ground_id, by=actor, at=now, log_index=index
        )


def list_grounds() -> list[ground.Ground]:
    """List the grounds for which something may be taken out of view at once, the usual one first."""
    found = [each for each in data.read_grounds().values() if "suspension" in each.applies_to]
    return sorted(found, key=lambda each: (each.id != GROUND, each.id))


def _check_ground(actor: Person, ground_id: str, now: datetime.datetime) -> str:
    """Return the role of the actor through which this ground may be used; `UserMistake` without any."""
    grounds, day = data.read_grounds(), now.date().isoformat()
    expiry = ground.propose_expiry(grounds[ground_id], day) if ground_id in grounds else None
    able = [role for role in actor.roles if roles.may([role], "suspend")]
    for role in able:
        if ground_id in grounds and role in grounds[ground_id].may_decide:
            ground.check_use(grounds, ground_id, "suspension", role, day, expiry)
            return role
    ground.check_use(grounds, ground_id, "suspension", able[0], day, expiry)
    raise errors.Refused(f"the ground {ground_id!r} is not yours to use")


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
        if log.read_entry(suspension.log_index)["decided_by"] == OFFICER and OFFICER not in decided_by:
            raise errors.Refused(
                "the officer for child protection took this out of view, so an officer is one of the two "
                "people who show it again"
            )
        item = suspension.item
        log.append(
            entries=[entry.make_restoration(now, item.study_id, item.number, suspension.page, decided_by)]
        )
        suspension.restored_at = now
        suspension.save(update_fields=["restored_at"])
    return suspension
