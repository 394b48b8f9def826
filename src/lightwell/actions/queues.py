"""How well what is followed leaves: how much waits, how long, which webhooks are paused; no address."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from django.conf import settings

from lightwell.actions import noticing
from lightwell.db.models import Follow, Follower, Mailing, Webhook

# The worker looks every few seconds; what waits longer than this waits for something else than its turn.
_LONGEST = datetime.timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of the queues, and whether an operator has to do something."""

    well: bool
    sentence: str


def measure_queues(now: datetime.datetime) -> Health:
    """Measure what waits to leave."""
    parts, well = [], True
    followers = Follower.objects.filter(follows__confirmed_at__isnull=False).distinct().count()
    waiting = Mailing.objects.filter(sent_at=None)
    overdue = waiting.filter(due_at__lt=now - _LONGEST).count()
    overdue += Follow.objects.filter(confirmed_at=None, mail_at__lt=now - _LONGEST).count()
    if not settings.MAIL:
        parts.append("mail is off (LIGHTWELL_MAIL), the site offers feeds")
        if followers:
            well = False
            parts.append(f"{followers} followers get nothing meanwhile")
    else:
        parts.append(f"{followers} followers, {waiting.count()} mails wait")
        if overdue:
            well = False
            parts.append(
                f"{overdue} of them for more than ten minutes; see whether the mail server takes mail and "
                "the worker runs: lightwell follow send"
            )
    paused = list(Webhook.objects.filter(paused_at__isnull=False))
    failing = Webhook.objects.filter(paused_at=None, failing_since__isnull=False).count()
    newest = noticing.read_newest()
    behind = Webhook.objects.filter(paused_at=None, cursor__lt=newest).count()
    parts.append(f"{Webhook.objects.count()} webhooks, {behind} behind, {failing} failing")
    for each in paused:
        well = False
        parts.append(f"webhook {each.pk} is paused ({each.reason}): lightwell follow replay {each.pk}")
    return Health(well, "; ".join(parts))
