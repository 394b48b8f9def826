"""Who follows what by mail: asked for, confirmed from the mailbox, ended with one click, forgotten.

An address is written to once it said yes, and before that only to ask. Nothing tells whoever asks whether
an address is known here. An address is stored to be written to and for nothing else: no person of the
archive sees it, no line of the log of the program holds it, and it is deleted with the last thing it
follows.
"""

from __future__ import annotations

import datetime
import secrets

from django.db import transaction

from lightwell.actions import noticing
from lightwell.actions.noticing import Subject
from lightwell.base import errors, mail_address
from lightwell.db.models import Follow, Follower
from lightwell.files.state import State

RHYTHMS = ("immediate", "daily", "weekly")
# How long a question may wait for its yes; then question and address are deleted.
WAITING = datetime.timedelta(hours=48)
# Questions that one address may have open at once, and how often each is sent: nobody's mailbox is filled.
MOST_WAITING = 6
MOST_MAILS = 3
_AGAIN = datetime.timedelta(minutes=10)
MOST_FOLLOWS = 100


def ask(*, subject: Subject, rhythm: str, address: mail_address.MailAddress, now: datetime.datetime) -> None:
    """Take the wish of somebody to follow something: a question goes to the address.

    Says nothing about what became of it: neither a known address, nor a full one, may be told from another.
    """
    if rhythm not in RHYTHMS:
        raise errors.UserMistake(f"how often is one of: {', '.join(RHYTHMS)}", place="rhythm")
    with transaction.atomic():
        follower, _ = Follower.objects.get_or_create(
            canonical=address.canonical,
            defaults={"address": address.text, "key": secrets.token_urlsafe(32), "made_at": now},
        )
        found = follower.follows.filter(kind=subject.kind, value=subject.value, rhythm=rhythm).first()
        if found is not None:
            _ask_again(found, now)
            return
        waiting = follower.follows.filter(confirmed_at=None).count()
        if waiting >= MOST_WAITING or follower.follows.count() >= MOST_FOLLOWS:
            return
        Follow.objects.create(
            follower=follower,
            kind=subject.kind,
            value=subject.value,
            rhythm=rhythm,
            token=secrets.token_urlsafe(32),
            asked_at=now,
            mails=1,
            mail_at=now,
        )


def _ask_again(found: Follow, now: datetime.datetime) -> None:
    """Send the question once more to somebody who did not find it; an answered one is not asked again."""
    left = found.mail_at is None and found.mails < MOST_MAILS and now >= found.asked_at + _AGAIN
    if found.confirmed_at is None and left:
        found.mails, found.mail_at, found.asked_at, found.tries = found.mails + 1, now, now, 0
        found.save(update_fields=["mails", "mail_at", "asked_at", "tries"])


def find_waiting(token: str, now: datetime.datetime) -> Follow | None:
    """Find the question that a link belongs to; None when there is none, or it waited too long."""
    found: Follow | None = Follow.objects.filter(token=token).exclude(token="").first()
    return found if found and found.asked_at + WAITING > now else None


def confirm(*, state: State, token: str, now: datetime.datetime) -> Follow | None:
    """Say yes: from now on it is sent. Another rhythm of the same ends. None for a link that is over."""
    since = noticing.notice(state)
    with transaction.atomic():
        found = find_waiting(token, now)
        if found is None:
            return None
        found.token, found.mail_at, found.confirmed_at, found.since = "", None, now, since
        found.save()
        found.follower.follows.filter(kind=found.kind, value=found.value).exclude(pk=found.pk).delete()
        return found


def find_follower(key: str) -> Follower | None:
    """Find whose mails end with a link; None when nothing of it is left."""
    found: Follower | None = Follower.objects.filter(key=key).first()
    return found


def end(*, key: str, follow: int | None = None) -> None:
    """End one thing that somebody follows, or everything; with the last one the address is deleted.

    Mails that wait go with it. Safe to repeat: what is over stays over.
    """
    with transaction.atomic():
        follower = find_follower(key)
        if follower is None:
            return
        if follow is not None:
            follower.follows.filter(pk=follow).delete()
        if follow is None or not follower.follows.exists():
            follower.delete()


def forget_unanswered(now: datetime.datetime) -> int:
    """Delete questions without an answer in time, and addresses that follow nothing; returns how many."""
    gone, _ = Follow.objects.filter(confirmed_at=None, asked_at__lt=now - WAITING).delete()
    Follower.objects.filter(follows=None).delete()
    return int(gone)
