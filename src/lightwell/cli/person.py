"""`lightwell person`: accounts of the people who register, seal, propose, approve and look after a site."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from lightwell.base import errors, roles
from lightwell.cli import installation

if TYPE_CHECKING:
    from lightwell.db.models import Person


@click.group()
def person() -> None:
    """Give people accounts and roles.

    What takes two people needs two of them, for example a publisher and an approver:

    \b
    lightwell organisation add larkfield --role provider --name Larkfield
    lightwell person add ana --role publisher --organisation larkfield
    lightwell person add ben --role approver --organisation larkfield
    """


@person.command()
@click.argument("name")
@click.option(
    "--role",
    "held",
    multiple=True,
    required=True,
    metavar="ROLE",
    help=f"One of {', '.join(roles.ROLES)}; may be given several times.",
)
@click.option(
    "--organisation",
    "slug",
    metavar="ID",
    help="For whom the person publishes or approves; see lightwell organisation.",
)
@click.option(
    "--no-password", is_flag=True, help="For the command line of this computer only: cannot sign in."
)
def add(name: str, held: tuple[str, ...], slug: str | None, no_password: bool) -> None:
    """Make an account NAME; asks for a first password of 12 characters or more, changed at the first sign-in.

    Example: lightwell person add ana --role publisher --organisation larkfield
    """
    installation.open_installation()
    from lightwell.actions import organisations, people

    organisation = organisations.find_organisation(slug) if slug else None
    password = None
    if not no_password:
        password = _ask_password()
    made = people.add_person(
        name=name,
        roles=held,
        password=password,
        organisation=organisation,
        by=installation.name_operator(),
        first=True,
    )
    click.echo(f"added {made.username}: {', '.join(made.roles)}{_say_organisation(made)}")
    if organisation is None and {"publisher", "approver"} & set(made.roles):
        click.echo(f"{name} publishes for nobody yet; next: lightwell person organisation {name} ID")


@person.command("organisation")
@click.argument("name")
@click.argument("slug", metavar="ID")
def assign_organisation(name: str, slug: str) -> None:
    """Say that NAME publishes for the organisation ID from now on; "none" takes it away.

    Example: lightwell person organisation ana larkfield
    """
    installation.open_installation()
    from lightwell.actions import organisations, people

    found = installation.find_person(name)
    organisation = None if slug == "none" else organisations.find_organisation(slug)
    people.assign_organisation(person=found, organisation=organisation, by=installation.name_operator())
    click.echo(f"{found.username} publishes for {organisation.name if organisation else 'nobody'}")


@person.command()
@click.argument("name")
def close(name: str) -> None:
    """Close the account NAME for ever: no sign-in, no roles. What was done keeps its name.

    Example: lightwell person close ana
    """
    installation.open_installation()
    from lightwell.actions import people

    people.close_account(person=installation.find_person(name), by=installation.name_operator())
    click.echo(f"{name} is closed")


@person.command("roles")
@click.argument("name")
@click.option(
    "--role",
    "held",
    multiple=True,
    metavar="ROLE",
    help="A role to hold from now on; without any, the account holds none.",
)
def assign_roles(name: str, held: tuple[str, ...]) -> None:
    """Give NAME exactly these roles, in place of those held before.

    Example: lightwell person roles ben --role approver --role safeguarding-officer
    """
    installation.open_installation()
    from lightwell.actions import people

    found = installation.find_person(name)
    people.assign_roles(person=found, roles=held, by=installation.name_operator())
    click.echo(f"{found.username}: {', '.join(found.roles) or 'no role'}")


@person.command()
@click.argument("name")
def password(name: str) -> None:
    """Set a new password for NAME.

    Example: lightwell person password ana
    """
    installation.open_installation()
    from lightwell.actions import people

    found = installation.find_person(name)
    people.set_password(
        person=found,
        password=_ask_password(),
        by=installation.name_operator(),
        first=True,
    )
    click.echo(f"{found.username} has a new password and chooses another at the next sign-in")


@person.command("reset-factor")
@click.argument("name")
def reset_factor(name: str) -> None:
    """Take the lost second factor of NAME away; at the next sign-in a new one is set. Journalled.

    Make sure first, by another way, that it is NAME who asks.

    Example: lightwell person reset-factor ana
    """
    installation.open_installation()
    from lightwell.actions import factors

    found = installation.find_person(name)
    factors.reset_factor(person=found, by=installation.name_operator())
    click.echo(f"{name} sets a new second factor at the next sign-in")


@person.command("list")
def list_people() -> None:
    """List the accounts, their roles and for whom they publish.

    Example: lightwell person list
    """
    installation.open_installation()
    from lightwell.db.models import Person

    for each in Person.objects.order_by("username"):
        said = ", ".join(each.roles) or "no role"
        click.echo(f"{each.username}: {said if each.is_active else 'closed'}{_say_organisation(each)}")


def _say_organisation(each: Person) -> str:
    return f" ({each.organisation_id})" if each.organisation_id else ""


def _ask_password() -> str:
    """Ask for a password twice, unseen; where nobody sits at a terminal, take the first line sent."""
    if sys.stdin.isatty():
        asked: str = click.prompt("Password", hide_input=True, confirmation_prompt=True)
        return asked
    if given := sys.stdin.readline().rstrip("\r\n"):
        return given
    raise errors.UserMistake(
        "no password came in; run this in a terminal, or send one line with the password"
    )
