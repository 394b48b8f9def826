"""`lightwell person`: accounts of the people who register, seal, propose, approve and look after a site."""

from __future__ import annotations

import click

from lightwell.base import roles
from lightwell.cli import installation


@click.group()
def person() -> None:
    """Give people accounts and roles.

    What takes two people needs two of them, for example a publisher and an approver:

    \b
    lightwell person add ana --role publisher
    lightwell person add ben --role approver
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
    "--no-password", is_flag=True, help="For the command line of this computer only: cannot sign in."
)
def add(name: str, held: tuple[str, ...], no_password: bool) -> None:
    """Make an account NAME; asks for a password of at least 12 characters.

    Example: lightwell person add ana --role publisher
    """
    installation.open_installation()
    from lightwell.actions import people

    password = None
    if not no_password:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    made = people.add_person(name=name, roles=held, password=password)
    click.echo(f"added {made.username}: {', '.join(made.roles)}")


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
    people.assign_roles(person=found, roles=held)
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
        person=found, password=click.prompt("Password", hide_input=True, confirmation_prompt=True)
    )
    click.echo(f"{found.username} has a new password")


@person.command("list")
def list_people() -> None:
    """List the accounts and their roles."""
    installation.open_installation()
    from lightwell.db.models import Person

    for each in Person.objects.order_by("username"):
        click.echo(f"{each.username}: {', '.join(each.roles) or 'no role'}")
