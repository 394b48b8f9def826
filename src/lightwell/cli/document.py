"""`lightwell document`: what is said about documents after they were locked in; each takes two people."""

from __future__ import annotations

import datetime

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import data

_GROUNDS = sorted(each.id for each in data.read_grounds().values() if "item" in each.applies_to)
_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
_RECORD = click.option("--record", required=True, metavar="ID", help="The published record that says it.")


@click.group()
def document() -> None:
    """Propose what is to be said about documents that are locked in.

    NUMBERS are those of the study's list, such as 3 or 1,2,5. Another person approves with lightwell approve.
    """


@document.command()
@click.argument("study")
@click.argument("numbers")
@click.option("--due", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The new promised date.")
@click.option("--ground", required=True, type=click.Choice(_GROUNDS), help="The legal reason.")
@_AS
def extend(study: str, numbers: str, due: datetime.datetime, ground: str, person: str) -> None:
    """Move the promised date, before it has passed; what is late stays late.

    Example: lightwell document extend std-6wtb7d1t76x3nf 3,4 --due 2027-03-31 --ground investigation --as ana
    """
    _propose("extension", study, numbers, person, {"due": due.date().isoformat(), "ground": ground})


@document.command("already-public")
@click.argument("study")
@click.argument("numbers")
@_RECORD
@_AS
def already_public(study: str, numbers: str, record: str, person: str) -> None:
    """Say that documents are public elsewhere; a record of yours says where.

    Example: lightwell document already-public std-6wtb7d1t76x3nf 3 --record rpl-75wbsfcgq3xqjd --as ana
    """
    _propose("already-public", study, numbers, person, {"record": record})


@document.command()
@click.argument("study")
@click.argument("numbers")
@_RECORD
@_AS
def dispute(study: str, numbers: str, record: str, person: str) -> None:
    """Dispute what is said about documents; a commentary of yours about the study says why.

    Example: lightwell document dispute std-6wtb7d1t76x3nf 3 --record com-66vvddnjpwx1hn --as cara
    """
    _propose("dispute", study, numbers, person, {"record": record})


@document.command()
@click.argument("study")
@click.argument("number")
@click.option("--title", default="", help="The new title.")
@click.option("--file", "file_name", default="", help="The new file name, with the same ending.")
@_AS
def name(study: str, number: str, title: str, file_name: str, person: str) -> None:
    """Give a document that is not public yet another title or file name; neither is part of its seal.

    For a name that has to be hidden and stands in them, so that the document could never be published.

    Example: lightwell document name std-6wtb7d1t76x3nf 3 --title "Talk 4" --file talk-4.pdf --as ana
    """
    _propose("naming", study, number, person, {"title": title, "file": file_name})


@document.command("key-lost")
@click.argument("study")
@click.argument("numbers")
@_AS
def key_lost(study: str, numbers: str, person: str) -> None:
    """Admit that documents can never be opened, because their key is lost; refused while a key opens them.

    Example: lightwell document key-lost std-6wtb7d1t76x3nf 3 --as ana
    """
    _propose("key-lost", study, numbers, person, {})


def _propose(kind: str, study: str, numbers: str, person: str, more: dict[str, str]) -> None:
    state = installation.open_installation()
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    try:
        items = [int(each) for each in numbers.split(",")]
    except ValueError:
        raise errors.UserMistake(f"{numbers!r} is not a list of numbers such as 1,2,5") from None
    made = proposals.propose(
        actor=actor,
        kind=kind,
        subject=study,
        payload={"study": study, "items": items, **more},
        now=state.read_now(),
    )
    click.echo(f"proposed as {made.pk}; another person does it with: lightwell approve {made.pk} --as OTHER")
