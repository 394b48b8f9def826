"""`lightwell doctor`: every check in one line."""

from __future__ import annotations

import click

from lightwell.base import errors
from lightwell.cli import installation


@click.command()
@click.pass_context
def doctor(context: click.Context) -> None:
    """Look at everything this installation needs and say in one line each what to do. Changes nothing.

    Exit code 3 when something is broken; a warning alone gives 0.

    Example: lightwell doctor
    """
    state = installation.open_installation()
    from lightwell.actions import checkups

    broken = False
    for line in checkups.examine(state=state):
        mark = "ok     " if line.well else "BROKEN " if line.grave else "warning"
        click.echo(f"{mark} {line.name}: {line.sentence}")
        broken |= line.grave and not line.well
    if broken:
        context.exit(errors.Damaged.exit_code)
