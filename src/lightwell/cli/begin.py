"""`lightwell init`: begin an installation, or add what is missing in one."""

from __future__ import annotations

import os
from pathlib import Path

import click

from lightwell.cli import installation
from lightwell.files import foundation, state


@click.command("init")
@click.option("--origin", help="Name of the log, an address of yours such as archive.example.org/log.")
@click.option(
    "--state",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for everything; default: LIGHTWELL_STATE, else var.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY=URL",
    help="A witness's public key and address; give each of its keys. Repeatable.",
)
@click.option("--quorum", type=int, help="How many witnesses must cosign; default: more than half.")
@click.option(
    "--sample", is_flag=True, help="A labelled sample on invented time; its origin begins 'sample.'."
)
def init(
    origin: str | None, folder: Path | None, witnesses: tuple[str, ...], quorum: int | None, sample: bool
) -> None:
    """Begin an installation: folder, keys, policy, database, first log entry. Overwrites nothing.

    Example: lightwell init --origin archive.example.org/log --state /var/lib/lightwell
    """
    if folder is not None:
        os.environ[state.VARIABLE] = str(folder.resolve())
    root = state.open_state().root
    made = foundation.lay_foundation(root, origin=origin, sample=sample, witnesses=witnesses, quorum=quorum)
    opened = installation.open_installation()
    from lightwell.actions import installations

    made += installations.prepare_database(state=opened)
    for sentence in made:
        click.echo(f"made: {sentence}")
    if not made:
        click.echo(f"{root} is complete; nothing was changed.")
    click.echo(foundation.describe_trust(opened))
    if folder is not None:
        click.echo(f"For the other commands: export {state.VARIABLE}={root}")
