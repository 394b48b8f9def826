"""`lightwell audit-seal`: draw some pages again from the originals and log what came of it.

lightwell audit-seal std-6wtb7d1t76x3nf --as aud
lightwell audit-seal std-6wtb7d1t76x3nf --originals /media/custody --pages 200 --as aud
"""

from __future__ import annotations

from pathlib import Path

import click

from lightwell.cli import installation, publication

DIFFERS = 1


@click.command()
@click.argument("study")
@click.option(
    "--pages", type=click.IntRange(1, 100_000), default=50, show_default=True, help="How many pages."
)
@click.option(
    "--originals",
    type=click.Path(path_type=Path),
    help="Your own copies of the original files; default: those that the archive keeps sealed.",
)
@click.option("--as", "person", required=True, metavar="NAME", help="The auditor's account you act for.")
@click.pass_context
def audit_seal(context: click.Context, study: str, pages: int, originals: Path | None, person: str) -> None:
    """Draw pages of STUDY again from its originals and hold them against the seal; the result is logged.

    Which pages follows from the newest signed state of the log, so that nobody chooses them. Exit code 1
    when a page differs.

    Example: lightwell audit-seal std-6wtb7d1t76x3nf --originals /media/custody --as aud
    """
    state = installation.open_installation()
    from lightwell.actions import audits, log

    actor, found = installation.find_person(person), publication.find_study(study)
    result = audits.audit_seal(state=state, actor=actor, study=found, count=pages, folder=originals)
    log.publish_checkpoint(state=state, now=state.read_now())
    for number, page in result.differing:
        click.echo(f"document {number}, page {page}: what was sealed is not what its file shows")
    for number, count, reason in result.reasons:
        click.echo(f"document {number}: {count} not compared: {reason}")
    click.echo(
        f"{result.sampled} pages of {study} chosen: {result.agreed} agree with the seal, "
        f"{len(result.differing)} differ, {result.missing} could not be compared (log entry "
        f"{result.log_index})"
    )
    context.exit(DIFFERS if result.differing else 0)
