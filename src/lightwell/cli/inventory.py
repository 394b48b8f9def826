"""`lightwell inventory`: draft a list of a folder's documents and check it before anything is sealed."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from lightwell.archive import inventory as inventories
from lightwell.base import errors
from lightwell.cli import publication
from lightwell.files import data, folder, state


@click.group()
def inventory() -> None:
    """List the documents of a study: draft the list, check it, then seal it."""


@inventory.command()
@click.argument("documents", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="CSV file to write; default: standard output."
)
@click.option(
    "--due", type=click.DateTime(["%Y-%m-%d"]), help="Promised date of every row; default: in 90 days."
)
def draft(documents: Path, output: Path | None, due: datetime.datetime | None) -> None:
    """Write an editable CSV with one row for each file below the folder DOCUMENTS, and each attachment of a
    mail.

    Example: lightwell inventory draft research/ --output inventory.csv
    """
    suggested = datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=inventories.DUE_DAYS)
    day = due.date() if due else suggested
    listing = folder.read_folder(documents)
    if listing.problems:
        raise errors.UserMistake(problems=listing.problems)
    if not listing.names:
        raise errors.UserMistake(f"there is no file in {documents}; name the folder that holds the documents")
    names = [*listing.names, *_list_attachments(documents, listing.names)]
    text = inventories.format_rows(inventories.draft_rows(names, day))
    if sentence := folder.describe_left_out(listing):
        click.echo(f"note: {sentence}", err=True)
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise errors.UserMistake(
            f"{output} exists and may hold your edits; choose another name or move it away"
        )
    try:
        output.write_text(text, "utf-8", newline="")
    except OSError as error:
        raise errors.UserMistake(f"cannot be written: {error.strerror}", place=str(output)) from None
    click.echo(f"{output}: written. Edit it, then run: lightwell inventory check {documents} {output}")


@inventory.command()
@click.argument("documents", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
@click.option("--processes", type=click.IntRange(1, 64), default=2, show_default=True)
def check(documents: Path, table: Path, processes: int) -> None:
    """Hold TABLE against the files below DOCUMENTS; name every problem, and the time and disk sealing takes.

    Nothing is stored or changed. Files that TABLE locks away unseen are not opened.

    Example: lightwell inventory check research/ inventory.csv
    """
    text = publication.read_table(table)
    try:
        from lightwell.cli import bar
        from lightwell.files import intake, outlook
    except ImportError:
        raise errors.CouldNotCheck("this command needs the site: pip install 'lightwell[site]'") from None
    opened = state.open_state()
    root = opened.root
    free = intake.measure_free(root)
    with bar.show_progress("looking at", 0, "files") as report:
        found = outlook.look_ahead(
            documents,
            text,
            data.read_grounds().keys(),
            today=opened.read_now().date(),
            processes=processes,
            free=free,
            progress=report,
        )
    click.echo(
        f"{found.documents} documents, {found.pages:,} pages, {found.bytes / 1e6:,.1f} MB: "
        f"{found.documents - found.withheld} to publish, {found.withheld} to withhold; "
        f"{found.unread} held as files, their pages not read."
    )
    click.echo(
        f"Sealing takes about {_say_time(found.seconds / processes)} with {processes} processes and about "
        f"{found.room / 1e6:,.1f} MB below {root} ({free / 1e9:,.1f} GB are free)."
    )
    for names in found.twins:
        click.echo(f"note: the same bytes under {len(names)} names: {', '.join(map(repr, names))}")
    for told in found.parts:
        click.echo(told)
    for note in (*found.lacks, found.unlisted, found.left_out):
        if note:
            click.echo(f"note: {note}")


inventory.add_command(publication.seal)


def _list_attachments(documents: Path, names: list[str]) -> list[str]:
    try:
        from lightwell.files import attachments
    except ImportError:
        # The plain install drafts as well; it opens no file.
        return []
    found, problems = attachments.list_attachments(documents, names)
    for problem in problems:
        click.echo(f"note: {problem.place}: its attachments cannot be listed: {problem.sentence}", err=True)
    return found


def _say_time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
