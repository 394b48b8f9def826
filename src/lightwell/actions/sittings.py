"""Sittings: from one signing in of a person to its end, seen and ended by that person.

A sitting ends when its person ends it or signs out, changes the password, when nothing was done in it for
`IDLE`, or with the session that carries it. Nothing is kept of where somebody is or with what: times alone.
Who signed in and what was refused stands in the journal, apart from what operators did.
"""

from __future__ import annotations

import datetime
import secrets

from django.db import transaction

from lightwell.actions import journal
from lightwell.base import errors
from lightwell.db.models import Person, Sitting

IDLE = datetime.timedelta(hours=1)
# As long as a session may last at all (SESSION_COOKIE_AGE); what is older is of no use to anybody.
LONGEST = datetime.timedelta(hours=8)
_STEP = datetime.timedelta(minutes=1)


def begin(*, person: Person, verified: bool, now: datetime.datetime | None = None) -> Sitting:
    """Begin a sitting, journalled; `verified` when a second factor was asked. Old ones of the person go."""
    at = now or read_clock()
    with transaction.atomic():
        Sitting.objects.filter(person=person, began_at__lt=at - LONGEST).delete()
        if not person.sample:
            journal.write_entry(
                by=person.username,
                deed=journal.SIGNED_IN,
                about=person.username,
                detail="with a second factor" if verified else "by password alone",
                now=at,
            )
        return Sitting.objects.create(
            token=secrets.token_urlsafe(32), person=person, began_at=at, seen_at=at, verified=verified
        )


def keep(*, person: Person, token: str, now: datetime.datetime | None = None) -> bool:
    """Note that something is being done in a sitting; answers whether it goes on."""
    at = now or read_clock()
    sitting = Sitting.objects.filter(person=person, token=token).first()
    if sitting is None or sitting.seen_at < at - IDLE:
        return False
    if sitting.seen_at < at - _STEP:
        # One that was just ended stays ended.
        return bool(Sitting.objects.filter(pk=sitting.pk).update(seen_at=at))
    return True


def list_open(*, person: Person, token: str, now: datetime.datetime | None = None) -> list[Sitting]:
    """List the sittings that go on, the newest first; of an invented person, whom anybody plays, the own
    alone.
    """
    at = now or read_clock()
    rows = Sitting.objects.filter(person=person, seen_at__gte=at - IDLE, began_at__gte=at - LONGEST)
    return list((rows.filter(token=token) if person.sample else rows).order_by("-began_at"))


def end(*, person: Person, number: int, now: datetime.datetime | None = None) -> None:
    """End one sitting of the own; `UserMistake` when there is none of that number."""
    with transaction.atomic():
        if not Sitting.objects.filter(person=person, pk=number).delete()[0]:
            raise errors.UserMistake("that sitting has ended already")
        _note_end(person, now)


def end_others(*, person: Person, token: str, now: datetime.datetime | None = None) -> int:
    """End every sitting of the own but one; returns how many ended."""
    with transaction.atomic():
        count: int = Sitting.objects.filter(person=person).exclude(token=token).delete()[0]
        if count:
            _note_end(person, now)
    return count


def leave(*, person: Person, token: str) -> None:
    """End the sitting that somebody signs out of; nothing when there is none."""
    Sitting.objects.filter(person=person, token=token).delete()


def note_refusal(*, name: str, deed: str, detail: str = "", now: datetime.datetime | None = None) -> None:
    """Journal that somebody was refused under the name of an account, once an hour for each such refusal.

    A name that is no account's is not kept: it may be a password typed into the wrong field.
    """
    at = now or read_clock()
    if not Person.objects.filter(username=name).exists():
        return
    journal.write_once(
        by="visitor" if deed == journal.SIGN_IN_REFUSED else name,
        deed=deed,
        about=name,
        detail=detail,
        since=at - datetime.timedelta(hours=1),
        now=at,
    )


def read_clock() -> datetime.datetime:
    """Read the machine's own clock, which no sample moves."""
    return datetime.datetime.now(datetime.UTC)


def _note_end(person: Person, now: datetime.datetime | None) -> None:
    if not person.sample:
        journal.write_entry(by=person.username, deed=journal.ENDED, about=person.username, now=now)
