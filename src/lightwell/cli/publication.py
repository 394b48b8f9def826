"""`lightwell seal` and `lightwell publish`: the two steps after the inventory is checked.

lightwell inventory draft research/ --output inventory.csv
lightwell inventory check research/ inventory.csv
lightwell seal std-6wtb7d1t76x3nf research/ inventory.csv --as ana
lightwell publish std-6wtb7d1t76x3nf --summary "What we found, in 80 words." --as ana
lightwell approve 7 --as ben
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightwell.archive import inventory as inventories
from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import data, folder, occupancy

if TYPE_CHECKING:
    from lightwell.actions.inventories import Preview
    from lightwell.db.models import Study

_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")


@click.command()
@click.argument("study")
@click.argument("documents", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--yes", is_flag=True, help="Seal without asking again.")
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
@_AS
def seal(study: str, documents: Path, table: Path, yes: bool, processes: int, person: str) -> None:
    """Lock the files below DOCUMENTS, listed in TABLE, into the inventory of STUDY.

    Reads every page first and can be stopped and run again; then shows what becomes irrevocable and asks.

    Example: lightwell seal std-6wtb7d1t76x3nf research/ inventory.csv --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import inventories as stories
    from lightwell.actions import log, reruns
    from lightwell.cli import bar
    from lightwell.files import attachments

    actor = installation.find_person(person)
    found = find_study(study)
    names, grounds = folder.list_names(documents), data.read_grounds().keys()
    rows = attachments.parse_rows(read_table(table), documents, names, grounds)
    with occupancy.hold_study(state.root, found.id):
        # Killed after sealing and before saying so, or run twice: a second inventory would count all twice.
        before = reruns.find_sealed(study=found, folder=documents, rows=rows)
        if before is None:
            stories.check_due({row.number: row.due for row in rows}, state.read_now().date())
            with bar.show_progress("reading", len(rows), "files") as report:
                stories.measure_files(
                    state=state,
                    study=found,
                    folder=documents,
                    rows=rows,
                    processes=processes,
                    progress=report,
                )
            _preview(stories.preview_seal(study=found), yes)
        now = state.read_now()
        sealed = before or stories.seal_inventory(actor=actor, study=found, now=now)
    log.publish_checkpoint(state=state, now=now)
    verb = "sealed before" if before else "sealed"
    click.echo(f"{verb}: inventory {sealed.number} of {found.id}, log entry {sealed.log_index}")


def _preview(preview: Preview, yes: bool) -> None:
    """Say what becomes irrevocable and ask; ends the command unless the answer is yes."""
    click.echo(
        f"Inventory {preview.inventory} of {preview.study}: {preview.documents} documents, "
        f"{preview.pages} pages, {preview.bytes / 1e6:.1f} MB, {preview.unread} held but not read; "
        f"due from {preview.earliest_due} to {preview.latest_due}.\n"
        "Once sealed, this number of documents can never shrink, each has a public row with kind, page count "
        "and due date, and what is late is shown as late."
    )
    if preview.twins:
        click.echo(
            f"Files with the same bytes as another one: {preview.twins}. Pages of both are counted, and "
            "readers are told; lightwell inventory check names them."
        )
    if yes:
        return
    try:
        agreed = click.confirm("Seal?")
    except click.Abort:
        agreed = False
    if not agreed:
        raise errors.Refused(
            "nothing was sealed; what was read is kept. Answer y, or run this again with --yes"
        )


@click.command()
@click.argument("study")
@click.option("--summary", default="", help="At most 80 words, shown as the publisher's own.")
@click.option("--items", default="", help="Numbers such as 1,3,4; default: everything not decided yet.")
@_AS
def publish(study: str, summary: str, items: str, person: str) -> None:
    """Propose to publish what STUDY sealed; another person approves with: lightwell approve NUMBER.

    Example: lightwell publish std-6wtb7d1t76x3nf --summary "What we found." --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import likenesses, proposals

    actor = installation.find_person(person)
    try:
        numbers = [int(each) for each in items.split(",")] if items else None
    except ValueError:
        raise errors.UserMistake(f"--items {items!r} is not a list of numbers such as 1,3,4") from None
    proposal = proposals.propose(
        actor=actor,
        kind="publication",
        subject=study,
        payload={"study": study, "summary": summary, "items": numbers},
        now=state.read_now(),
    )
    for copy in likenesses.list_open_copies(state=state, study=find_study(study)):
        click.echo(f"warning: {copy.sentence}", err=True)
    click.echo(
        f"proposed as {proposal.pk}; another person approves with: lightwell approve {proposal.pk} --as NAME"
    )


def find_study(study: str) -> Study:
    """Find a registered study by its id; `UserMistake` says how to register one."""
    from lightwell.db.models import Study

    found: Study | None = Study.objects.filter(pk=study).first()
    if found is None:
        raise errors.UserMistake(
            f"there is no study {study!r}; register one with: lightwell disclose study.yaml --as NAME"
        )
    return found


def read_table(table: Path) -> str:
    """Read the text of an inventory's table; `UserMistake` names the file, and the line that is not UTF-8."""
    try:
        data = table.read_bytes()
    except FileNotFoundError:
        raise errors.UserMistake(
            f"there is no file {table}; make one with: lightwell inventory draft"
        ) from None
    except OSError as error:
        raise errors.UserMistake(f"cannot be read: {error.strerror}", place=str(table)) from None
    try:
        return inventories.decode_table(data)
    except errors.UserMistake as error:
        (problem,) = error.problems
        raise errors.UserMistake(problem.sentence, place=f"{table}, {problem.place}") from None
