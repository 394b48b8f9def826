"""`lightwell follow`: what is followed, what waits to leave, webhooks; nobody's address is shown."""

from __future__ import annotations

import datetime

import click

from lightwell.base import errors
from lightwell.cli import installation


@click.group()
def follow() -> None:
    """Look after mails and webhooks for whoever follows something here."""


@follow.command("list")
def list_follows() -> None:
    """List what is followed and by how many, and every webhook; no address of a person is shown.

    Example: lightwell follow list
    """
    installation.open_installation()
    from django.db.models import Count, Q

    from lightwell.actions import noticing, queues
    from lightwell.db.models import Follow, Webhook

    click.echo(queues.measure_queues(_now()).sentence)
    rows = Follow.objects.values("kind", "value", "rhythm").annotate(
        confirmed=Count("pk", filter=Q(confirmed_at__isnull=False)), asked=Count("pk")
    )
    for row in rows.order_by("kind", "value", "rhythm"):
        waiting = row["asked"] - row["confirmed"]
        what = f"{row['kind']} {row['value']}".strip()
        click.echo(f"{what}, {row['rhythm']}: {row['confirmed']} followers, {waiting} not confirmed yet")
    newest = noticing.read_newest()
    for each in Webhook.objects.all():
        what = f"{each.kind} {each.value}".strip()
        standing = f"paused: {each.reason}" if each.paused_at else each.reason or "well"
        click.echo(f"webhook {each.pk} {each.address} ({what}): at {each.cursor} of {newest}; {standing}")


@follow.command()
def send() -> None:
    """Send what is due now, as the worker does every few seconds.

    Example: lightwell follow send
    """
    state = installation.open_installation()
    from lightwell.actions import errands

    done = errands.do_errands(state=state, now=_now())
    for sentence in done.sentences or ("nothing was due, or the worker is sending it",):
        click.echo(sentence)
    if done.failures:
        raise errors.CouldNotCheck("\n".join(done.failures))


@follow.command()
@click.argument("webhook", type=click.IntRange(1))
@click.option("--from", "cursor", type=click.IntRange(0), help="Send again all after this cursor.")
def replay(webhook: int, cursor: int | None) -> None:
    """Have WEBHOOK go on: from where it stopped, or again from a cursor. The worker sends.

    Example: lightwell follow replay 1 --from 120
    """
    installation.open_installation()
    from lightwell.actions import webhooks

    found = webhooks.replay(by=installation.name_operator(), number=webhook, cursor=cursor, now=_now())
    click.echo(f"webhook {found.pk} goes on after {found.cursor}")


@follow.group("webhook")
def webhook_group() -> None:
    """Add and remove webhooks."""


@webhook_group.command("add")
@click.argument("address")
@click.option("--what", default="everything", show_default=True, help="everything, company, service, ...")
@click.option(
    "--of", "value", default="", help="Its id; of a search its words and filters: q=sleep&topic=sleep"
)
def add_webhook(address: str, what: str, value: str) -> None:
    """Add a webhook that sends each change to ADDRESS (https), once its endpoint answers the challenge.

    Example: lightwell follow webhook add https://news.example/hook --what company --of larkfield
    """
    state = installation.open_installation()
    from lightwell.actions import noticing, overview, webhooks

    subject = noticing.parse_subject(overview.read_overview(state), what, value)
    made, secret = webhooks.add(
        by=installation.name_operator(), state=state, address=address, subject=subject, now=_now()
    )
    click.echo(f"webhook {made.pk} sends what is noticed after {made.cursor}")
    click.echo(f"its secret, shown only now: {secret}")


@webhook_group.command("remove")
@click.argument("webhook", type=click.IntRange(1))
def remove_webhook(webhook: int) -> None:
    """Remove WEBHOOK and its secret.

    Example: lightwell follow webhook remove 1
    """
    installation.open_installation()
    from lightwell.actions import webhooks

    webhooks.remove(by=installation.name_operator(), number=webhook)
    click.echo(f"webhook {webhook} is removed")


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)
