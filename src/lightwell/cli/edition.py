"""`lightwell figures import` and `watch`: published figures become records here, one for each edition.

Registered under the group `figures` by `cli/main`; unlike the rest of that group it needs an installation.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.cli import installation


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, help="How the files are read: a name such as meta, or your own file."
)
@click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
@click.option(
    "--edition", metavar="PERIOD", help="The period of the edition, such as 2023Q4, if no file says it."
)
@click.option(
    "--published-on", metavar="DATE", default="", help="When the company published it, if you know."
)
@click.option("--source-page", metavar="URL", default="", help="Where the company published it.")
@click.option(
    "--explanation", metavar="TEXT", default="", help="What the company says about revised numbers."
)
@click.option(
    "--definitions",
    type=click.Path(path_type=Path),
    help="YAML with what the company means by its figures: `definitions`, of metric, counts, unit, text.",
)
@click.option("--check", is_flag=True, help="Read the files and list every problem; propose nothing.")
def import_editions(
    files: tuple[Path, ...],
    mapping: str,
    person: str,
    edition: str | None,
    published_on: str,
    source_page: str,
    explanation: str,
    definitions: Path | None,
    check: bool,
) -> None:
    """Propose to publish the editions in FILES, a record each; what is here already is left alone.

    Each record states what the edition revised of the one before. Another person publishes them, oldest
    first, with lightwell approve.

    \b
    Examples:
      lightwell figures import --mapping meta meta-2021-q*.csv --as ana --check
      lightwell figures import --mapping meta meta-2021-q*.csv --as ana
      lightwell approve 7 8 9 --as ben
    """
    state = installation.open_installation()
    from lightwell.actions import editions, figures, organisations, proposals
    from lightwell.figures import period as periods
    from lightwell.files import mapping_files

    actor = installation.find_person(person)
    found = mapping_files.find_mapping(mapping)
    hint = periods.parse_period(edition) if edition else None
    reads: list[figures.Read] = []
    problems: list[errors.Problem] = []
    for path in files:
        try:
            reads.append(figures.read_file(path.name, figures.read_bytes(path), found, hint))
        except errors.UserMistake as error:
            problems += error.problems
    if problems:
        raise errors.UserMistake(problems=problems)
    now = state.read_now()
    prepared = editions.prepare_editions(
        state=state,
        reads=reads,
        said=editions.Said(published_on, source_page, explanation, _read_definitions(definitions)),
        publisher=organisations.find_own(actor),
        now=now,
        keep=not check,
    )
    here = len(reads) - len(prepared)
    if here:
        click.echo(f"{here} of {len(reads)} files are here already")
    if check:
        click.echo(f"no problem found; {len(prepared)} editions can be proposed")
        return
    numbers = []
    for each in prepared:
        proposal = proposals.propose(
            actor=actor, kind=each.kind, subject=each.subject, payload=each.payload, now=now
        )
        numbers.append(str(proposal.pk))
        click.echo(f"{proposal.pk}  {each.payload['record']['body']['title']} ({each.subject})")
    if numbers:
        click.echo(f"another person publishes them with: lightwell approve {' '.join(numbers)} --as NAME")


def _read_definitions(path: Path | None) -> tuple[dict[str, Json], ...]:
    """Read what a company means by its figures; what an entry may hold is judged by the record's schema."""
    if path is None:
        return ()
    from lightwell.actions import figures
    from lightwell.files import yaml_lines

    value = yaml_lines.parse_document(figures.read_bytes(path), path.name).value
    listed = value.get("definitions") if isinstance(value, dict) else None
    if not isinstance(listed, list) or len(value) != 1 or not all(isinstance(each, dict) for each in listed):
        raise errors.UserMistake(
            "this has one list, `definitions`, of entries with metric, counts, unit and text", place=path.name
        )
    return tuple(listed)


@click.command("watch")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, help="How the files are read: a name such as meta, or your own file."
)
@click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
@click.option("--once", is_flag=True, help="Look once and end, for example from cron.")
@click.option(
    "--interval",
    type=click.FloatRange(1, 86400),
    default=60.0,
    show_default=True,
    help="Seconds between two looks.",
)
@click.pass_context
def watch_folder(
    context: click.Context, folder: Path, mapping: str, person: str, once: bool, interval: float
) -> None:
    """Propose new editions as they appear in FOLDER; unchanged files are not opened again.

    Says for each edition what it revised of the one before. A file that cannot be read is refused whole and
    named once. Another person publishes what was proposed, with lightwell approve.

    \b
    Examples:
      lightwell figures watch incoming/ --mapping meta --as ana
      lightwell figures watch incoming/ --mapping meta --as ana --once
    """
    state = installation.open_installation()
    from lightwell.actions import watching
    from lightwell.files import mapping_files

    actor = installation.find_person(person)
    found = mapping_files.find_mapping(mapping)
    failed = False
    while True:
        report = watching.look_at_folder(
            state=state, actor=actor, folder=folder, mapping=found, now=state.read_now()
        )
        for number, title, counts in report.proposed:
            said = ", ".join(f"{count:,} {name}" for name, count in counts.items())
            click.echo(f"{number}  {title}: {said or 'the first edition here'}")
        if report.proposed:
            numbers = " ".join(str(number) for number, _, _ in report.proposed)
            click.echo(f"another person publishes them with: lightwell approve {numbers} --as NAME")
        for title in report.known:
            click.echo(f"{title}: here already")
        for problem in report.problems:
            click.echo(str(problem), err=True)
        failed = bool(report.problems)
        if once:
            if report.is_quiet:
                noun = "file" if report.unchanged == 1 else "files"
                click.echo(f"nothing new; {report.unchanged:,} {noun} unchanged")
            break
        try:
            time.sleep(interval)
        except KeyboardInterrupt:
            break
    if failed:
        context.exit(1)
