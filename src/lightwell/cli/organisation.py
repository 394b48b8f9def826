"""`lightwell organisation`, `company` and `journal`: who publishes here, names, and what operators did."""

from __future__ import annotations

import click

from lightwell.base import disclosure
from lightwell.cli import installation


@click.group()
def organisation() -> None:
    """Add those who publish here: a company, a regulator, a campaign group, a newsroom, a court.

    Make sure first who stands behind it: everything its people publish bears its name.
    """


@organisation.command()
@click.argument("slug", metavar="ID")
@click.option("--role", required=True, type=click.Choice(disclosure.PUBLISHER_ROLES))
@click.option("--name", required=True, help="The public name.")
def add(slug: str, role: str, name: str) -> None:
    """Add the organisation ID. A company's own word counts only from an organisation with the company's id.

    Example: lightwell organisation add larkfield --role provider --name Larkfield
    """
    installation.open_installation()
    from lightwell.actions import organisations

    made = organisations.add_organisation(by=installation.name_operator(), slug=slug, role=role, name=name)
    click.echo(f"added {made.slug}: {made.name} ({made.role})")


@organisation.command("list")
def list_organisations() -> None:
    """List the organisations and their people.

    Example: lightwell organisation list
    """
    installation.open_installation()
    from lightwell.db.models import Organisation

    for each in Organisation.objects.order_by("slug").prefetch_related("people"):
        names = ", ".join(sorted(person.username for person in each.people.all())) or "nobody"
        click.echo(f"{each.slug}: {each.name} ({each.role}), {names}")


@click.group()
def company() -> None:
    """Name the companies that records are about."""


@company.command()
@click.argument("slug", metavar="ID")
@click.argument("name")
def rename(slug: str, name: str) -> None:
    """Give the company ID the name NAME; its id stays, and the old name stays readable.

    Example: lightwell company rename larkfield "Larkfield Group"
    """
    state = installation.open_installation()
    from lightwell.actions import parties

    old = parties.rename_provider(by=installation.name_operator(), slug=slug, name=name, now=state.read_now())
    click.echo(f"{slug} is now {name!r}, formerly {old!r}; records that are published keep the old name")


@click.command()
@click.option("--limit", type=click.IntRange(1, 100_000), default=200, show_default=True)
@click.option("--door", is_flag=True, help="List who signed in and what was refused there instead.")
def journal(limit: int, door: bool) -> None:
    """List what operators did to accounts, organisations and names, newest first.

    Example: lightwell journal --limit 20
    """
    installation.open_installation()
    from lightwell.actions import journal as stories

    for each in stories.list_entries(limit=limit, at_the_door=door):
        said = f": {each.detail}" if each.detail else ""
        click.echo(f"{each.at:%Y-%m-%d %H:%M} UTC  {each.deed} {each.about}{said}, by {each.by}")
