"""`lightwell disclose` and what follows it: proposals, approve, reject, lift, withdraw.

\b
lightwell disclose --example risk-assessment --as ana > risk.yaml
lightwell disclose risk.yaml --as ana --check
lightwell disclose risk.yaml --as ana
lightwell approve 7 --as ben
"""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import click

from lightwell.base import disclosure, errors, fields, ids
from lightwell.cli import installation
from lightwell.files import data

_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")


@click.command()
@click.argument("draft", required=False, type=click.Path(path_type=Path))
@click.option("--as", "person", metavar="NAME", help="The account you act for; needs the role publisher.")
@click.option(
    "--attach",
    "attached",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A file that belongs to the record; may be given several times.",
)
@click.option("--check", is_flag=True, help="Check the draft and list every problem; propose nothing.")
@click.option(
    "--example",
    metavar="KIND",
    help="Print a draft to start from, such as study or letter; 'list' names them.",
)
@click.option(
    "--letter", is_flag=True, help="Print a draft of the open letter of October 2021, to publish it here."
)
def disclose(
    draft: Path | None,
    person: str | None,
    attached: tuple[Path, ...],
    check: bool,
    example: str | None,
    letter: bool,
) -> None:
    """Propose to publish the record written in DRAFT, a YAML file.

    Every problem is listed at once, by line. A draft with the id of a published record becomes its next
    version. Another person publishes it with lightwell approve. With --as an example bears the name of your
    organisation, and --check knows everything that a proposal would be refused for.

    \b
    Examples:
      lightwell disclose --example study --as ana > study.yaml
      lightwell disclose study.yaml --as ana --check
      lightwell disclose study.yaml --as ana
      lightwell disclose figures.yaml --attach figures.csv --as ana
      lightwell disclose --letter > letter.yaml
    """
    if example is not None:
        _print_example(example, person)
        return
    if letter:
        from lightwell.files import drafts as files

        click.echo(files.format_letter(), nl=False)
        return
    if draft is None:
        raise click.UsageError("name a DRAFT, or print one to start from: lightwell disclose --example study")
    if check and person is None:
        _check_draft(draft)
        return
    if person is None:
        raise click.UsageError("say who proposes it with --as NAME, or only check it with --check")
    state = installation.open_installation()
    from lightwell.actions import drafts, proposals
    from lightwell.files import yaml_lines

    actor = installation.find_person(person)
    now = state.read_now()
    prepared = drafts.prepare_draft(
        state=state,
        document=yaml_lines.read_document(draft),
        files=[drafts.read_file(path) for path in attached],
        now=now,
        keep=not check,
    )
    if check:
        proposals.check_proposal(actor=actor, kind=prepared.kind, payload=prepared.payload, now=now)
        click.echo(f"{draft}: no problem found; {person} can propose it")
        return
    proposal = proposals.propose(
        actor=actor, kind=prepared.kind, subject=prepared.subject, payload=prepared.payload, now=now
    )
    click.echo(f"{prepared.subject}, version {prepared.version}")
    _say_next(proposal.pk)


@click.command()
@click.argument("numbers", type=int, nargs=-1, required=True, metavar="NUMBER...")
@_AS
def approve(numbers: tuple[int, ...], person: str) -> None:
    """Approve proposals by NUMBER and carry each out at once, in order; whoever proposed one cannot.

    The first that is refused ends it; those before it are done.

    \b
    Examples:
      lightwell approve 7 --as ben
      lightwell approve 7 8 9 --as ben
    """
    state = installation.open_installation()
    from lightwell.actions import log, proposals

    actor = installation.find_person(person)
    now = state.read_now()
    done = 0
    try:
        for number in numbers:
            proposal = proposals.approve(state=state, actor=actor, proposal_id=number, now=now)
            done += 1
            words = proposals.find_story(proposal.kind).words
            click.echo(f"{number} approved and done: {words} ({proposal.subject})")
    finally:
        if done:
            log.publish_checkpoint(state=state, now=now)


@click.command()
@click.argument("number", type=int)
@_AS
def reject(number: int, person: str) -> None:
    """Turn proposal NUMBER down, or take your own back; nothing is published.

    Example: lightwell reject 7 --as ben
    """
    state = installation.open_installation()
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    proposals.reject(actor=actor, proposal_id=number, now=state.read_now())
    click.echo(f"{number} turned down; nothing was published")


@click.command("proposals")
@click.option(
    "--show",
    type=int,
    metavar="NUMBER",
    help="Print everything that a proposal would publish, hidden fields too.",
)
@click.option("--as", "person", metavar="NAME", help="The account you act for; needed to show one.")
def list_proposals(show: int | None, person: str | None) -> None:
    """List what waits for a second person.

    \b
    Examples:
      lightwell proposals
      lightwell proposals --show 7 --as ben
    """
    installation.open_installation()
    from lightwell.actions import proposals

    if show is not None:
        if person is None:
            raise click.UsageError("say who looks with --as NAME: a proposal may hold what is not public")
        proposal = proposals.read_proposal(actor=installation.find_person(person), proposal_id=show)
        click.echo(json.dumps(proposal.payload, indent=2, ensure_ascii=False))
        return
    waiting = proposals.list_open()
    for each in waiting:
        click.echo(
            f"{each.pk}  {proposals.find_story(each.kind).words}: {each.subject}, proposed by "
            f"{each.proposer.username} on {each.proposed_at:%Y-%m-%d}"
        )
    if not waiting:
        click.echo("nothing waits for a second person")


@click.command()
@click.argument("record")
@click.argument("places", nargs=-1, required=True, metavar="POINTER...")
@_AS
def lift(record: str, places: tuple[str, ...], person: str) -> None:
    """Propose to show fields that the newest version of RECORD holds back.

    Example: lightwell lift rep-74sbpd5jqeb9h8 /body/findings/2/finding --as ana
    """
    _propose(person, "lift", record, {"record": record, "fields": list(places)})


@click.command()
@click.argument("record")
@click.option(
    "--ground",
    required=True,
    metavar="GROUND",
    help="The legal reason; lightwell withdraw --help names them.",
)
@click.option("--version", type=int, help="Remove only this version; default: every version.")
@_AS
def withdraw(record: str, ground: str, version: int | None, person: str) -> None:
    """Propose to remove RECORD from view; its place, the ground and the date stay for ever.

    Example: lightwell withdraw std-6wtb7d1t76x3nf --ground published-in-error --as ana
    """
    _propose(person, "withdrawal", record, {"record": record, "version": version, "ground": ground})


withdraw.epilog = "Grounds: " + ", ".join(
    sorted(each.id for each in data.read_grounds().values() if "withdrawal" in each.applies_to)
)


def _propose(person: str, kind: str, subject: str, payload: dict[str, object]) -> None:
    state = installation.open_installation()
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    if problem := fields.check_id(subject):
        raise errors.UserMistake(problem)
    proposal = proposals.propose(
        actor=actor, kind=kind, subject=subject, payload=payload, now=state.read_now()
    )
    _say_next(proposal.pk)


def _say_next(number: int) -> None:
    click.echo(
        f"proposed as {number}; another person publishes it with: lightwell approve {number} --as OTHER"
    )


def _check_draft(path: Path) -> None:
    from lightwell.files import drafts, yaml_lines

    document = yaml_lines.read_document(path)
    kind = document.value.get("kind") if isinstance(document.value, dict) else None
    # Only the form of the id counts here; the real one is drawn when the draft is proposed.
    spare = ids.format_id(kind if kind in disclosure.KINDS else "study", bytes(ids.RANDOM_BYTES))
    draft = drafts.parse_draft(document, drafts.Slot(spare))
    held = f", {len(draft.decisions)} fields held back" if draft.decisions else ""
    click.echo(f"{path}: no problem found ({draft.record.kind}{held})")
    click.echo("Not checked: what only your installation knows (today, names, references); add --as NAME")


def _print_example(name: str, person: str | None) -> None:
    if name == "list":
        click.echo("\n".join(data.list_examples()))
        return
    from lightwell.files import examples

    if person is None:
        today = datetime.datetime.now(datetime.UTC).date()
        click.echo(examples.format_example(name, today), nl=False)
        return
    state = installation.open_installation()
    organisation = installation.find_person(person).organisation
    if organisation is None:
        raise errors.UserMistake(
            f"{person} publishes for nobody yet; next: lightwell person organisation {person} ID"
        )
    publisher = disclosure.Publisher(organisation.slug, organisation.role, organisation.name)
    click.echo(examples.format_example(name, state.read_now().date(), publisher), nl=False)
