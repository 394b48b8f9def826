"""`lightwell suspend` and `lightwell reinstate`: out of view at once by one person, back by two."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import data

if TYPE_CHECKING:
    from lightwell.db.models import Item
    from lightwell.files.state import State

_GROUNDS = sorted(each.id for each in data.read_grounds().values() if "suspension" in each.applies_to)
_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
_PAGE = click.option("--page", type=click.IntRange(1), help="One page; default: the whole document.")


@click.command()
@click.argument("study")
@click.argument("document", type=click.IntRange(1))
@_PAGE
@click.option("--ground", type=click.Choice(_GROUNDS), default="child-identifiable", show_default=True)
@_AS
def suspend(study: str, document: int, page: int | None, ground: str, person: str) -> None:
    """Take DOCUMENT of STUDY, or one page of it, out of every view at once; the log says why.

    With the ground suspected-abuse-image the whole document is locked away, and nothing opens it any more.

    Example: lightwell suspend std-6wtb7d1t76x3nf 3 --page 12 --as olga
    """
    state = installation.open_installation()
    from lightwell.actions import suspensions

    made = suspensions.take_out_of_view(
        state=state,
        actor=installation.find_person(person),
        item=find_item(study, document),
        page=page,
        ground_id=ground,
        now=state.read_now(),
    )
    what = f"page {made.page} of document {document}" if made.page else f"document {document}"
    click.echo(f"out of view: {what} of {study} ({ground}), log entry {made.log_index}")
    click.echo("copies and bundles that were downloaded before cannot be called back")
    _show_log(state)


@click.command()
@click.argument("study")
@click.argument("document", type=click.IntRange(1))
@_PAGE
@_AS
def reinstate(study: str, document: int, page: int | None, person: str) -> None:
    """Propose to show DOCUMENT of STUDY, or one page of it, again; another person approves.

    Example: lightwell reinstate std-6wtb7d1t76x3nf 3 --page 12 --as olga
    """
    state = installation.open_installation()
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    stop = find_item(study, document).suspensions.filter(page=page, restored_at=None).first()
    if stop is None:
        what = f"page {page} of document {document}" if page else f"document {document}"
        raise errors.UserMistake(f"{what} of {study} is not out of view")
    made = proposals.propose(
        actor=actor,
        kind="restoration",
        subject=study,
        payload={"suspension": stop.pk},
        now=state.read_now(),
    )
    click.echo(
        f"proposed as {made.pk}; another person shows it again with: lightwell approve {made.pk} --as OTHER"
    )


def find_item(study: str, number: int) -> Item:
    """Find a document that is locked in; `UserMistake` when there is none."""
    from lightwell.actions import documents
    from lightwell.db.models import Item

    try:
        return documents.find_item(study, number)
    except Item.DoesNotExist:
        raise errors.UserMistake(f"{study} has no document {number} that is locked in") from None


def _show_log(state: State) -> None:
    from lightwell.actions import log

    try:
        log.publish_checkpoint(state=state, now=state.read_now(), patience_seconds=5)
    except errors.LightwellError as error:
        # It is out of view all the same; only the witnesses have not confirmed the entry yet.
        click.echo(f"the log waits for its witnesses and the worker asks again: {error}")
