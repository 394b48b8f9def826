"""Webhooks: each change to the address of a program, signed, in order, until it arrived.

An operator adds one; its endpoint first answers a challenge, so that nobody is flooded who did not ask.
Each has a cursor, the number of the last change that arrived: what fails is tried again with growing waits
for three days, in order and before anything later, then the webhook is paused and says so. Replay moves
the cursor back. What is sent is read through the gate at that moment (`actions/noticing`).
"""

from __future__ import annotations

import datetime
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction

from lightwell.actions import addresses, chronicle, journal, noticing, overview, parties
from lightwell.actions.noticing import News, Subject
from lightwell.base import errors
from lightwell.client import endpoint, webhook
from lightwell.client.endpoint import Answer, Endpoint
from lightwell.db.models import Webhook
from lightwell.files.keys import KEY_BYTES, WrappedKey
from lightwell.files.state import State

# Waits after the first, second, ... failure in a row; the last one again and again until `_PATIENCE` is over.
_WAITS = (5, 60, 300, 1800, 7200, 18000, 36000)
_PATIENCE = datetime.timedelta(days=3)
# No webhook keeps the others waiting longer than this in one round.
_ROUND_SECONDS = 20.0
CHALLENGE, CHANGE = "lightwell.challenge", "lightwell.change"
_GONE = 410
_JSON = "application/json"

Send = Callable[[Endpoint, bytes, dict[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Called:
    """What one round did: messages that arrived, and sentences for the operator about those that did not."""

    arrived: int = 0
    failures: tuple[str, ...] = ()


def add(
    *, by: str, state: State, address: str, subject: Subject, now: datetime.datetime
) -> tuple[Webhook, str]:
    """Add a webhook whose endpoint answers the challenge; returns it with its secret, shown only now.

    `UserMistake` for an address that may not be sent to, `Refused` when the endpoint does not consent.
    """
    target = endpoint.parse_endpoint(address, here=settings.HOOKS_HERE)
    key, challenge = secrets.token_bytes(KEY_BYTES), secrets.token_urlsafe(32)
    value: dict[str, object] = {
        "type": CHALLENGE,
        "timestamp": _write_time(now),
        "data": {"challenge": challenge},
    }
    answer = _post(target, key, f"challenge {challenge}", _encode(value))
    if answer.status != 200 or answer.body.strip() != challenge.encode():
        raise errors.Refused(
            f"the endpoint did not consent: it has to answer status 200 with the challenge as the whole body "
            f"(docs/reference/webhooks.md); it answered {answer.status}"
        )
    wrapped = state.masters.wrap_key(key)
    with transaction.atomic():
        made = Webhook.objects.create(
            address=address,
            kind=subject.kind,
            value=subject.value,
            master=wrapped.master,
            wrapped_secret=wrapped.data,
            cursor=noticing.notice(state),
            made_at=now,
            due_at=now,
        )
        journal.write_entry(by=by, deed="webhook-added", about=f"webhook {made.pk}", detail=target.host)
    return made, webhook.format_secret(key)


def remove(*, by: str, number: int) -> None:
    """Remove a webhook and its secret; `UserMistake` when there is none."""
    with transaction.atomic():
        find(number).delete()
        journal.write_entry(by=by, deed="webhook-removed", about=f"webhook {number}")


def replay(*, by: str, number: int, cursor: int | None, now: datetime.datetime) -> Webhook:
    """Have a webhook go on, from a cursor or from where it stopped; what was paused runs again."""
    with transaction.atomic():
        found = find(number)
        newest = noticing.read_newest()
        if cursor is not None and cursor > newest:
            raise errors.UserMistake(f"there is nothing after {newest} yet", place="--from")
        found.cursor = found.cursor if cursor is None else cursor
        found.tries, found.due_at, found.reason = 0, now, ""
        found.failing_since = found.paused_at = None
        found.save()
        journal.write_entry(
            by=by, deed="webhook-replayed", about=f"webhook {number}", detail=str(found.cursor)
        )
    return found


def find(number: int) -> Webhook:
    """Find a webhook by its number; `UserMistake` when there is none."""
    found: Webhook | None = Webhook.objects.filter(pk=number).first()
    if found is None:
        listed = ", ".join(map(str, Webhook.objects.values_list("pk", flat=True))) or "none"
        raise errors.UserMistake(f"there is no webhook {number}; there are: {listed}")
    return found


def call_due(*, state: State, now: datetime.datetime) -> Called:
    """Send every webhook what is due."""
    arrived, failures = 0, []
    newest = noticing.read_newest()
    for row in Webhook.objects.filter(paused_at=None, due_at__lte=now, cursor__lt=newest):
        try:
            count, failure = _call(state, row, newest, now)
        except errors.LightwellError as error:
            # One whose secret or search cannot be read keeps no other from its messages.
            count, failure = 0, f"webhook {row.pk}: {error}"
        arrived += count
        failures += [failure] if failure else []
    return Called(arrived, tuple(failures))


def _call(state: State, row: Webhook, newest: int, now: datetime.datetime) -> tuple[int, str]:
    """Send one webhook what it has not had, in order; returns how many arrived and what stopped it."""
    subject = Subject(row.kind, row.value)
    key = state.masters.unwrap_key(WrappedKey(row.master, bytes(row.wrapped_secret)))
    deadline, arrived, done = time.monotonic() + _ROUND_SECONDS, 0, set[str]()
    while row.cursor < newest and time.monotonic() < deadline:
        # Gathered again whenever the archive changed: what was taken out of view meanwhile does not leave.
        picture = overview.read_overview(state)
        news = noticing.gather(state, subject, row.cursor, newest)
        rest = [each for each in news if each.change.id not in done]
        if not rest:
            _record(row, newest)
            break
        for each in rest:
            if overview.read_overview(state) is not picture:
                break
            failure = _deliver(state, row, key, each)
            if failure:
                return arrived, _put_off(row, failure, now)
            arrived += 1
            done.add(each.change.id)
            # Several changes may bear one number; the cursor moves past it with the last of them.
            left = [other for other in rest if other.number == each.number and other.change.id not in done]
            _record(row, each.number if not left else each.number - 1)
            if time.monotonic() >= deadline:
                break
    return arrived, ""


def describe_news(state: State, each: News) -> dict[str, object]:
    """Describe a change as its webhook says it; `id` is that of the entry in the feeds (RFC 4287)."""
    change = each.change
    return {
        "type": CHANGE,
        "timestamp": _write_time(change.at),
        "data": {
            "id": chronicle.make_tag(state.read_origin(), change.id),
            "cursor": each.number,
            "label": change.label,
            "title": change.title,
            "summary": change.sentence,
            "link": addresses.make_address(addresses.make_path(change.place)),
            "company": change.provider if parties.is_shown(change.provider) else "",
            "study": change.study,
            "services": list(change.services),
            "topics": list(change.topics),
            "sample": state.is_sample(),
        },
    }


def _deliver(state: State, row: Webhook, key: bytes, each: News) -> str:
    """Send one change; returns an empty text once it arrived, else the reason."""
    try:
        target = endpoint.parse_endpoint(row.address, here=settings.HOOKS_HERE)
        value = describe_news(state, each)
        answer = _post(target, key, chronicle.make_tag(state.read_origin(), each.change.id), _encode(value))
    except errors.LightwellError as error:
        return str(error)
    if answer.status == _GONE:
        return "410"
    return "" if 200 <= answer.status < 300 else f"it answered {answer.status}"


def _post(target: Endpoint, key: bytes, name: str, body: bytes) -> Answer:
    message, timestamp = webhook.name_message(name), int(time.time())
    headers = {
        "Content-Type": _JSON,
        "User-Agent": "Lightwell",
        webhook.ID: message,
        webhook.TIMESTAMP: str(timestamp),
        webhook.SIGNATURE: webhook.sign_message(key, message, timestamp, body),
    }
    return endpoint.send(target, body, headers)


def _record(row: Webhook, cursor: int) -> None:
    """Record how far a webhook came. A crash before this sends the same change again, under the same id."""
    row.cursor, row.tries, row.failing_since, row.reason = max(row.cursor, cursor), 0, None, ""
    fields = {"cursor": row.cursor, "tries": 0, "failing_since": None, "reason": ""}
    Webhook.objects.filter(pk=row.pk).update(**fields)


def _put_off(row: Webhook, reason: str, now: datetime.datetime) -> str:
    """Try again later, or pause: at once when the endpoint says that it is gone, else after three days."""
    since = row.failing_since or now
    gone = reason == "410"
    paused = now if gone or now - since >= _PATIENCE else None
    wait = datetime.timedelta(seconds=_WAITS[min(row.tries, len(_WAITS) - 1)])
    reason = "its endpoint says that it is gone" if gone else reason[:200]
    Webhook.objects.filter(pk=row.pk).update(
        tries=row.tries + 1, failing_since=since, due_at=now + wait, paused_at=paused, reason=reason
    )
    if not paused:
        return ""
    return f"webhook {row.pk} is paused: {reason}; go on with: lightwell follow replay {row.pk}"


def _encode(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _write_time(at: datetime.datetime) -> str:
    return at.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
