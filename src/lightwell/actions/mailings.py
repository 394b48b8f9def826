"""Mails to followers: put together in batches, written when they leave, sent at least once.

A batch is what a rhythm sends at once: the range of numbers noticed since the batch before. It is made
together with one row for each follower it concerns, in one transaction. What a mail says is read through
the gate when it leaves. A crash after the server took a mail and before that was recorded sends it again
under the same Message-ID, by which mail programs know it (RFC 5322, section 3.6.4).
"""

from __future__ import annotations

import datetime
import hashlib
import secrets
import smtplib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.core import mail
from django.db import transaction
from django.db.models import F, Min

from lightwell.actions import addresses, following, letters, noticing, overview
from lightwell.actions.chronicle import Change
from lightwell.actions.noticing import News, Subject
from lightwell.base import errors
from lightwell.db.models import Batch, Follow, Follower, Mailing
from lightwell.files import mail_server
from lightwell.files.state import State

# When daily and weekly mails leave: 06:00 UTC, the weekly ones on Mondays.
_HOUR = datetime.time(6, tzinfo=datetime.UTC)
_DAY = datetime.timedelta(days=1)
# What a server refuses for now is tried again after so many minutes, about three days long.
_WAITS = (1, 5, 15, 60, 180, 360, 720, 1440, 1440)
# After so many mailings in a row that an address refused for good it is written to no more.
MOST_REFUSALS = 3
# Batches and sent rows are kept so long, so that an operator can see what left.
_KEPT = datetime.timedelta(days=30)
_CHUNK = 100
_PERMANENT = 500


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round did: questions and mailings that left, and mailings that wait for a better day."""

    questions: int = 0
    mailings: int = 0
    put_off: int = 0


def make_batches(*, state: State, now: datetime.datetime) -> int:
    """Make the batches that are due; returns how many mailings were queued."""
    return sum(_make_batch(state, rhythm, now) for rhythm in following.RHYTHMS)


def _make_batch(state: State, rhythm: str, now: datetime.datetime) -> int:
    until = noticing.read_newest()
    last = Batch.objects.filter(rhythm=rhythm).order_by("-pk").first()
    follows = Follow.objects.filter(rhythm=rhythm, confirmed_at__isnull=False)
    if last is None:
        # Where the first batch begins: nobody follows since before it.
        begin = follows.aggregate(begin=Min("since"))["begin"]
        begin = until if begin is None else begin
        last = Batch.objects.create(rhythm=rhythm, after=begin, until=begin, made_at=now)
    if not is_due(rhythm, last.made_at, now):
        return 0
    if until <= last.until:
        # Nothing new at the hour: what comes later waits for the next one.
        if rhythm != "immediate":
            Batch.objects.filter(pk=last.pk).update(made_at=now)
        return 0
    with transaction.atomic():
        batch = Batch.objects.create(rhythm=rhythm, after=last.until, until=until, made_at=now)
        concerned: set[int] = set()
        # Once for each thing that is followed, however many follow it.
        for kind, value in set(follows.values_list("kind", "value")):
            news = noticing.gather(state, Subject(kind, value), batch.after, batch.until)
            if news:
                newest = max(each.number for each in news)
                concerned |= set(
                    follows.filter(kind=kind, value=value, since__lt=newest).values_list(
                        "follower", flat=True
                    )
                )
        rows = [
            Mailing(follower_id=follower, batch=batch, mark=secrets.token_hex(16), due_at=now)
            for follower in sorted(concerned)
        ]
        Mailing.objects.bulk_create(rows, batch_size=_CHUNK)
    return len(rows)


def is_due(rhythm: str, last: datetime.datetime, now: datetime.datetime) -> bool:
    """Answer whether a rhythm sends now, when it last did so at `last`."""
    if rhythm == "immediate":
        return True
    hour = datetime.datetime.combine(now.date(), _HOUR)
    hour -= _DAY if hour > now else datetime.timedelta()
    if rhythm == "weekly":
        hour -= _DAY * hour.weekday()
    return last < hour


def send_due(*, state: State, now: datetime.datetime) -> Sent:
    """Send every question and mailing that is due; `CouldNotCheck` when the server takes none at all."""
    if not settings.MAIL:
        return Sent()
    questions = Follow.objects.filter(mail_at__lte=now, confirmed_at=None)
    due = Mailing.objects.filter(sent_at=None, due_at__lte=now)
    if not questions.exists() and not due.exists():
        return Sent()
    round_ = _Round(state, now)
    try:
        for follow in questions.select_related("follower").order_by("pk").iterator(chunk_size=_CHUNK):
            round_.send_question(follow)
        for mailing in _list_mailings(due):
            round_.send_mailing(mailing)
    finally:
        round_.close()
    return Sent(round_.questions, round_.mailings, round_.put_off)


def _list_mailings(due: object) -> Iterator[Mailing]:
    """List what is due a piece at a time: whoever ended in between is not in the next piece."""
    last = 0
    while True:
        rows = due.filter(pk__gt=last).order_by("pk")  # type: ignore[attr-defined]  # a queryset of Django
        piece = list(rows.select_related("follower", "batch").prefetch_related("follower__follows")[:_CHUNK])
        if not piece:
            return
        last = piece[-1].pk
        yield from piece


def compose(state: State, follows: Sequence[Follow], batch: Batch) -> list[Change]:
    """List what a batch tells somebody who follows these things, as it may be shown now; nothing twice."""
    wanted = {(Subject(each.kind, each.value), max(each.since, batch.after)) for each in follows}
    found: dict[str, News] = {}
    for subject, after in wanted:
        found |= {each.change.id: each for each in noticing.gather(state, subject, after, batch.until)}
    ordered = sorted(found.values(), key=lambda each: (each.number, each.change.id))
    return [each.change for each in ordered]


def record_sent(mailing: Mailing, now: datetime.datetime) -> None:
    """Record that the server took a mail. A crash before this sends it again under the same Message-ID."""
    Mailing.objects.filter(pk=mailing.pk).update(sent_at=now)
    if mailing.follower.refusals:
        Follower.objects.filter(pk=mailing.follower_id).update(refusals=0)


def sweep(now: datetime.datetime) -> None:
    """Delete rows of what left a while ago, and batches without a mail, but the newest of each rhythm."""
    Mailing.objects.filter(sent_at__lt=now - _KEPT).delete()
    newest = [
        Batch.objects.filter(rhythm=each).order_by("-pk").values_list("pk", flat=True).first()
        for each in following.RHYTHMS
    ]
    Batch.objects.filter(mailings=None).exclude(pk__in=[each for each in newest if each]).delete()


def _mark_question(follow: Follow) -> str:
    """Name a question for its Message-ID, without the token, which mail servers must not write down."""
    return hashlib.sha256(f"question {follow.pk} {follow.mails} {follow.token}".encode()).hexdigest()[:32]


@dataclass
class _Round:
    """One round of sending: a connection to the server, opened for the first mail, and what was written."""

    state: State
    now: datetime.datetime
    questions: int = 0
    mailings: int = 0
    put_off: int = 0
    _connection: object = None
    _picture: object = None
    _written: dict[object, letters.Letter | None] = field(default_factory=dict)

    def send_question(self, follow: Follow) -> None:
        picture = overview.read_overview(self.state)
        name = noticing.name_subject(picture, Subject(follow.kind, follow.value))
        letter = letters.write_question(self.state, name, follow.rhythm, follow.token)
        failure = self._send(letter, follow.follower, _mark_question(follow))
        mine = Follow.objects.filter(pk=follow.pk)
        if failure is None:
            mine.update(mail_at=None)
            self.questions += 1
        elif failure >= _PERMANENT or follow.tries >= len(_WAITS):
            mine.delete()
            Follower.objects.filter(pk=follow.follower_id, follows=None).delete()
        else:
            mine.update(tries=F("tries") + 1, mail_at=self._wait(follow.tries))
            self.put_off += 1

    def send_mailing(self, mailing: Mailing) -> None:
        # Ended meanwhile: the row went with whom it was for.
        if not Mailing.objects.filter(pk=mailing.pk, sent_at=None).exists():
            return
        letter = self._write(mailing)
        if letter is None:
            mailing.delete()  # nothing of it may be shown any more
            return
        letter = letters.address_letter(letter, mailing.follower.key)
        failure = self._send(letter, mailing.follower, mailing.mark)
        if failure is None:
            record_sent(mailing, self.now)
            self.mailings += 1
        elif failure >= _PERMANENT or mailing.tries >= len(_WAITS):
            self._count_refusal(mailing)
        else:
            Mailing.objects.filter(pk=mailing.pk).update(
                tries=F("tries") + 1, due_at=self._wait(mailing.tries)
            )
            self.put_off += 1

    def _write(self, mailing: Mailing) -> letters.Letter | None:
        """Write what a mailing says, once for all who follow the same; anew when the archive changed."""
        picture = overview.read_overview(self.state)
        if picture is not self._picture:
            self._picture = picture
            self._written.clear()
        rhythm, after = mailing.batch.rhythm, mailing.batch.after
        follows = [
            each for each in mailing.follower.follows.all() if each.confirmed_at and each.rhythm == rhythm
        ]
        key = (
            mailing.batch_id,
            tuple(sorted((each.kind, each.value, max(each.since, after)) for each in follows)),
        )
        if key not in self._written:
            changes = compose(self.state, follows, mailing.batch)
            self._written[key] = letters.write_news(self.state, rhythm, changes) if changes else None
        return self._written[key]

    def _send(self, letter: letters.Letter, follower: Follower, mark: str) -> int | None:
        """Send one mail; returns None once the server took it, else the code with which it refused."""
        host = addresses.read_host()
        message = mail.EmailMultiAlternatives(
            letter.subject,
            letter.text,
            letters.write_sender(),
            [follower.address],
            headers={"Message-ID": f"<{mark}@{host}>", "Auto-Submitted": "auto-generated", **letter.headers},
        )
        message.attach_alternative(letter.html, "text/html")
        try:
            if self._connection is None:
                self._connection = mail.get_connection(mail_server.BACKEND)
                self._connection.open()  # type: ignore[attr-defined]  # a backend of Django
            self._connection.send_messages([message])  # type: ignore[attr-defined]  # the same
        except smtplib.SMTPRecipientsRefused as refusal:
            return max((code for code, _ in refusal.recipients.values()), default=_PERMANENT)
        except smtplib.SMTPDataError as refusal:
            return int(refusal.smtp_code)
        except (smtplib.SMTPException, OSError) as error:
            # No word of the server is repeated: it may hold the address.
            raise errors.CouldNotCheck(
                f"the mail server takes no mail now ({type(error).__name__}); mails wait; "
                f"see {mail_server.VARIABLE}"
            ) from None
        return None

    def _count_refusal(self, mailing: Mailing) -> None:
        with transaction.atomic():
            Mailing.objects.filter(pk=mailing.pk).delete()
            Follower.objects.filter(pk=mailing.follower_id).update(refusals=F("refusals") + 1)
            Follower.objects.filter(pk=mailing.follower_id, refusals__gte=MOST_REFUSALS).delete()

    def _wait(self, tries: int) -> datetime.datetime:
        return self.now + datetime.timedelta(minutes=_WAITS[min(tries, len(_WAITS) - 1)])

    def close(self) -> None:
        """Take leave of the server; one that is gone already does not matter."""
        if self._connection is not None:
            try:
                self._connection.close()  # type: ignore[attr-defined]  # a backend of Django
            except (smtplib.SMTPException, OSError):
                self._connection = None
