"""`lightwell inventory`: draft a list of a folder's documents and check it before anything is sealed."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from lightwell.archive import inventory as inventories
from lightwell.base import errors
from lightwell.files import data, folder

_DUE_DAYS = 90


@click.group()
def inventory() -> None:
    """List the documents of a study: draft the list, then check it."""


@inventory.command()
@click.argument("documents", type=click.Path(path_type=Path))
@click.option(
    "--output", type=click.Path(path_type=Path), help="CSV file to write; default: standard output."
)
@click.option(
    "--due", type=click.DateTime(["%Y-%m-%d"]), help="Promised date of every row; default: in 90 days."
)
def draft(documents: Path, output: Path | None, due: datetime.datetime | None) -> None:
    """Write an editable CSV with one row for each file below the folder DOCUMENTS.

    Example: lightwell inventory draft research/ --output inventory.csv
    """
    day = (
        due.date() if due else datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=_DUE_DAYS)
    )
    text = inventories.format_rows(inventories.draft_rows(folder.list_names(documents), day))
    if output is None:
        click.echo(text, nl=False)
        return
    if output.exists():
        raise errors.UserMistake(
            f"{output} exists and may hold your edits; choose another name or move it away"
        )
    output.write_text(text, "utf-8", newline="")
    click.echo(f"{output}: written. Edit it, then run: lightwell inventory check {documents} {output}")


@inventory.command()
@click.argument("documents", type=click.Path(path_type=Path))
@click.argument("table", type=click.Path(path_type=Path))
def check(documents: Path, table: Path) -> None:
    """Hold the rows of TABLE against the files below DOCUMENTS and name every problem."""
    try:
        text = table.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise errors.UserMistake(
            f"there is no file {table}; make one with: lightwell inventory draft"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise errors.UserMistake(f"{table} cannot be read as UTF-8 text: {error}") from None
    rows = inventories.parse_rows(text, folder.list_names(documents), data.read_grounds().keys())
    size = sum((documents / row.file).stat().st_size for row in rows)
    withheld = sum(row.intent == "withhold" for row in rows)
    published = len(rows) - withheld
    click.echo(f"{len(rows)} documents, {size / 1e6:.1f} MB: {published} to publish, {withheld} to withhold.")
