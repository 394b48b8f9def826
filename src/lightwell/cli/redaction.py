"""`lightwell redaction`: hide parts of sealed pages before they are published, for a ground, by two people.

lightwell redaction find std-6wtb7d1t76x3nf "Ann? Example" --as ana
lightwell redaction find std-6wtb7d1t76x3nf "Ann? Example" --ground participant --hide all --as ana
lightwell redaction page std-6wtb7d1t76x3nf 1 3 --as ana
lightwell redaction hide std-6wtb7d1t76x3nf 1 3 --words 4.2-4.3 --ground participant --as ana
lightwell redaction list std-6wtb7d1t76x3nf --as ben
lightwell redaction approve std-6wtb7d1t76x3nf all --as ben
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightwell.base import errors
from lightwell.cli import installation, publication

if TYPE_CHECKING:
    from collections.abc import Collection

    from django.db.models import QuerySet

    from lightwell.db.models import Item, Redaction, Study
    from lightwell.files.state import State

_AS = click.option("--as", "person", required=True, metavar="NAME", help="The account you act for.")
_GROUND = click.option(
    "--ground", default="", metavar="ID", help="The legal reason; lightwell redaction grounds"
)
_REVIEW = click.option("--review", type=click.DateTime(["%Y-%m-%d"]), help="Looked at again on this day.")


@click.group()
def redaction() -> None:
    """Hide parts of sealed pages, each for a legal reason, proposed by one person and approved by another."""


@redaction.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the outcome for programs.")
@click.pass_context
def attack(context: click.Context, folder: Path, as_json: bool) -> None:
    """Hide secrets in the files of FOLDER and try to get them back with every reader that is installed.

    Beside each NAME.pdf stands NAME.txt, or one secrets.txt for all: one secret a line. Nothing is published
    or kept. Exit code 1 if a secret comes back, or if the check before publication would stop the file.

    Example: lightwell redaction attack samples
    """
    try:
        from lightwell.cli import attack as attacks
    except ImportError:
        raise errors.CouldNotCheck("this command needs the site: pip install 'lightwell[site]'") from None
    context.exit(attacks.attack_folder(folder, as_json))


@redaction.command()
def grounds() -> None:
    """List the legal reasons for hiding a part of a page.

    Example: lightwell redaction grounds
    """
    installation.open_installation()
    from lightwell.actions import redactions

    for each in redactions.list_grounds():
        anew = "; its paragraph is set anew" if each.hides_width else ""
        click.echo(f"{each.id:24} {each.title} ({each.citation}){anew}")


@redaction.command()
@click.argument("study")
@click.argument("item", type=int)
@click.argument("page", type=int)
@_AS
def page(study: str, item: int, page: int, person: str) -> None:
    """Print the words of a sealed page with the numbers by which they are hidden, LINE.WORD.

    Example: lightwell redaction page std-6wtb7d1t76x3nf 1 3 --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import redactions

    actor = installation.find_person(person)
    row = redactions.find_item(study, item)
    found = redactions.read_page(state=state, actor=actor, item=row, number=page)
    if (sure := redactions.read_sure(row).get(page)) is not None:
        click.echo(f"read by a machine from a picture, {sure} % sure; words may be missing or wrong")
    elif not found.lines:
        click.echo("no words could be read on this page")
    for k, line in enumerate(found.lines, 1):
        click.echo(f"{k:>4}  " + " ".join(f"{word.text}·{n}" for n, word in enumerate(line, 1)))


@redaction.command()
@click.argument("study")
@click.argument("item", type=int)
@click.argument("page", type=int)
@click.option(
    "--words", default="", help="Such as 4.2-4.3,7.1: line and word, as `redaction page` prints them."
)
@click.option("--box", "boxes", multiple=True, help="LEFT,TOP,RIGHT,BOTTOM in pixels of the page at 110 dpi.")
@_GROUND
@_REVIEW
@_AS
def hide(
    study: str,
    item: int,
    page: int,
    words: str,
    boxes: tuple[str, ...],
    ground: str,
    review: datetime.datetime | None,
    person: str,
) -> None:
    """Propose to hide words, or what lies in boxes, on one page.

    A drawn box hides every word of which it covers a quarter; a range of words runs forwards within one line.

    Example: lightwell redaction hide std-6wtb7d1t76x3nf 1 3 --words 4.2-4.3 --ground participant --as ana
    """
    _need_ground(ground)
    state = installation.open_installation()
    from lightwell.actions import redactions

    actor = installation.find_person(person)
    row = redactions.propose_regions(
        state=state,
        actor=actor,
        item=redactions.find_item(study, item),
        number=page,
        words=redactions.parse_places(words),
        boxes=[_parse_box(each) for each in boxes],
        ground_id=ground,
        review=review.date() if review else None,
        now=state.read_now(),
    )
    click.echo(f"proposed as {row.pk}; another person approves: lightwell redaction approve {study} {row.pk}")


@redaction.command()
@click.argument("study")
@click.argument("pattern")
@click.option("--items", default="", help="Numbers of documents such as 1,3; default: all.")
@click.option("--hide", "chosen", default="", metavar="all|1,2,5", help="Propose these hits; needs --ground.")
@_GROUND
@_REVIEW
@_AS
def find(
    study: str,
    pattern: str,
    items: str,
    chosen: str,
    ground: str,
    review: datetime.datetime | None,
    person: str,
) -> None:
    """Show every place where PATTERN, a regular expression, stands in STUDY; propose to hide some or all.

    Pages are searched line by line, words parted by one blank, capitals and small letters alike: what begins
    on one line and ends on the next is not found as a whole, so look for its parts as well.

    Example: lightwell redaction find std-6wtb7d1t76x3nf "Smith|Jones" --as ana
    """
    if chosen:
        _need_ground(ground)
    state = installation.open_installation()
    from lightwell.actions import patterns

    actor, found = installation.find_person(person), publication.find_study(study)
    hits = patterns.find_words(
        state=state, actor=actor, study=found, pattern=pattern, items=_parse_numbers(items, "--items")
    )
    for k, hit in enumerate(hits, 1):
        click.echo(f"{k:>5}  document {hit.item}, page {hit.page}: {hit.context}")
    if not chosen:
        hint = "hide them with --ground ID --hide all, or --hide 1,2,5"
        click.echo(f"found: {len(hits)}; {hint if hits else 'it is looked for line by line'}")
        return
    wanted = set(range(1, len(hits) + 1)) if chosen == "all" else _parse_numbers(chosen, "--hide")
    if not hits:
        raise errors.UserMistake(
            "the pattern stands on no page, so nothing was proposed; it is looked for line by line",
            place="PATTERN",
        )
    if unknown := sorted(wanted - set(range(1, len(hits) + 1))):
        raise errors.UserMistake(f"there is no hit {unknown[0]}; there are {len(hits)}")
    new = patterns.propose_hits(
        state=state,
        actor=actor,
        study=found,
        hits=[(hit.item, hit.page, hit.words) for hit in (hits[k - 1] for k in sorted(wanted))],
        ground_id=ground,
        review=review.date() if review else None,
        now=state.read_now(),
    )
    known = f", left as they were proposed or hidden before: {len(wanted) - new}" if new < len(wanted) else ""
    click.echo(f"proposed: {new}{known}; another person approves: lightwell redaction approve {study} all")


@redaction.command()
@click.argument("study")
@click.option(
    "--roster",
    "table",
    type=click.Path(allow_dash=True),
    help="CSV of people to find in every written form, or - for standard input; used once, not kept.",
)
@click.option("--items", default="", help="Numbers of documents such as 1,3; default: all.")
@_AS
def detect(study: str, table: str | None, items: str, person: str) -> None:
    """Have rules, name lists and a roster suggest what may have to be hidden; a person decides.

    A roster has the columns kind (staff, participant, school, other) and name, and ids, emails, handles,
    birth_date and ground where they are known.

    Example: lightwell redaction detect std-6wtb7d1t76x3nf --roster roster.csv --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import detections

    actor, found = installation.find_person(person), publication.find_study(study)
    done = detections.detect_study(
        state=state,
        actor=actor,
        study=found,
        people=detections.parse_roster(_read_table(table)) if table else (),
        items=_parse_numbers(items, "--items"),
        now=state.read_now(),
    )
    click.echo(f"pages: {done.pages}; found: {done.found}; new suggestions: {done.new}")
    for doubt in done.doubts:
        click.echo(doubt)


def _read_table(path: str) -> str:
    try:
        with click.open_file(path, "rb") as file:
            return str(file.read().decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise errors.UserMistake(f"{path} is not UTF-8; save the table as CSV, UTF-8") from None


@redaction.command("list")
@click.argument("study")
@click.option("--all", "everything", is_flag=True, help="Also what is decided.")
@_AS
def list_regions(study: str, everything: bool, person: str) -> None:
    """List what is suggested and proposed in STUDY, each with its words.

    Example: lightwell redaction list std-6wtb7d1t76x3nf --as ben
    """
    state = installation.open_installation()
    from lightwell.actions import redactions

    actor, found = installation.find_person(person), publication.find_study(study)
    rows = redactions.list_regions(state=state, actor=actor, study=found, everything=everything)
    for row, context in rows:
        click.echo(
            f"{row.pk:>6}  {_name_standing(row):10} document {row.item.number}, page {row.page}, "
            f"{row.ground} by {row.source}: {context}"
        )
    click.echo(f"{len(rows)} listed")


def _name_standing(row: Redaction) -> str:
    if row.lifted_at:
        return "lifted"
    if row.approved is not None:
        return "approved" if row.approved else "turned down"
    if row.dismissed_by_id:
        return "dismissed"
    return "proposed" if row.proposer_id else "suggested"


@redaction.command()
@click.argument("study")
@click.argument("numbers", metavar="all|NUMBERS")
@_AS
def approve(study: str, numbers: str, person: str) -> None:
    """Approve proposed regions, as the second person; they are hidden when the study is published.

    "all" is all that others proposed; how many of your own wait for somebody else is said. If NUMBERS name
    one of your own, or one that does not wait, none is approved.

    Example: lightwell redaction approve std-6wtb7d1t76x3nf 12,13 --as ben
    """
    _decide(study, numbers, person, True)


@redaction.command()
@click.argument("study")
@click.option("--items", default="", help="Numbers of documents such as 1,3; default: all.")
@_AS
@click.pass_context
def foresee(context: click.Context, study: str, items: str, person: str) -> None:
    """Say where hidden words of STUDY could still be read, with all that is proposed as if it were approved.

    Before publication the finished PDF is read again, and stopped where a hidden word survives. This looks
    for the usual cause now: a name that stands readable on another page, in a title or a file name. Exit code
    1 if something was found.

    Example: lightwell redaction foresee std-6wtb7d1t76x3nf --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import organisations

    actor, found = installation.find_person(person), publication.find_study(study)
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(found.id))
    wanted = _parse_numbers(items, "--items")
    rows = [item for item in found.items.filter(read=True) if not wanted or item.number in wanted]
    if obstacles := _foresee(state, rows):
        context.exit(1)
    click.echo(f"{obstacles} places found in {len(rows)} documents")


@redaction.command()
@click.argument("study")
@click.argument("numbers", metavar="all|NUMBERS")
@_AS
def reject(study: str, numbers: str, person: str) -> None:
    """Turn proposed regions down, as the second person; NUMBERS as for approve.

    Example: lightwell redaction reject std-6wtb7d1t76x3nf 12 --as ben
    """
    _decide(study, numbers, person, False)


@redaction.command()
@click.argument("study")
@click.argument("numbers", metavar="all|NUMBERS")
@_GROUND
@_AS
def confirm(study: str, numbers: str, ground: str, person: str) -> None:
    """Make suggestions of programs proposals of your own.

    Example: lightwell redaction confirm std-6wtb7d1t76x3nf all --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import redactions
    from lightwell.db.models import Redaction

    actor, found = installation.find_person(person), publication.find_study(study)
    wanted = _choose(found, numbers, Redaction.objects.suggested())
    rows = redactions.confirm_suggestions(
        actor=actor, study=found, numbers=wanted, ground_id=ground, now=state.read_now()
    )
    click.echo(f"proposed: {len(rows)}")


@redaction.command()
@click.argument("study")
@click.argument("numbers", metavar="all|NUMBERS")
@_AS
def dismiss(study: str, numbers: str, person: str) -> None:
    """Say of suggestions that nothing is to be hidden there.

    Example: lightwell redaction dismiss std-6wtb7d1t76x3nf 14,15 --as ana
    """
    installation.open_installation()
    from lightwell.actions import redactions
    from lightwell.db.models import Redaction

    actor, found = installation.find_person(person), publication.find_study(study)
    wanted = _choose(found, numbers, Redaction.objects.suggested())
    redactions.dismiss_suggestions(actor=actor, study=found, numbers=wanted)
    click.echo(f"dismissed: {len(wanted)}")


@redaction.command()
@click.argument("study")
@click.option("--count", type=int, help="Draw so many pages of what waits to be published.")
@_AS
def sample(study: str, count: int | None, person: str) -> None:
    """Draw pages at random for somebody else to read before publication, or list what was drawn.

    Nobody chooses the pages: they follow from the newest signed checkpoint.

    Example: lightwell redaction sample std-6wtb7d1t76x3nf --count 300 --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import organisations, samples
    from lightwell.db.models import Reading

    actor, found = installation.find_person(person), publication.find_study(study)
    organisations.check_owner(actor, "read_sealed", organisations.find_owner(found.id))
    if count is not None:
        drawn = samples.draw_sample(actor=actor, study=found, count=count, now=state.read_now())
        click.echo(f"drawn: {len(drawn)}; who can read them: {', '.join(samples.list_readers(found))}")
    rows = list(Reading.objects.filter(item__study=found).select_related("item", "reader"))
    for row in rows:
        outcome = "not read" if row.reader is None else "something missed" if row.missed else "clean"
        by = f" by {row.reader.username}" if row.reader else ""
        click.echo(f"document {row.item.number}, page {row.page}: {outcome}{by}")
    read = [row for row in rows if row.reader is not None]
    summary = samples.Summary(len(rows), len(read), sum(bool(row.missed) for row in read))
    click.echo(
        f"read: {summary.read} of {summary.drawn}; with something missed: {summary.missed}; "
        f"so at most {100 * summary.bound:.3g} % of all pages, with 95 % confidence"
        if read
        else "no person has read a sample"
    )


@redaction.command()
@click.argument("study")
@click.argument("item", type=int, required=False)
@click.argument("page", type=int, required=False)
@click.option("--clean", is_flag=True, help="Nothing was missed on ITEM PAGE.")
@click.option("--missed", default="", help="What was missed, such as 4.2-4.3, as `redaction page` counts.")
@_GROUND
@_AS
def read(
    study: str, item: int | None, page: int | None, clean: bool, missed: str, ground: str, person: str
) -> None:
    """Print the next drawn page as it will be published; then say what was found on it.

    Example: lightwell redaction read std-6wtb7d1t76x3nf 1 2 --clean --as ben
    """
    state = installation.open_installation()
    from lightwell.actions import redactions, samples

    actor, found = installation.find_person(person), publication.find_study(study)
    waiting = [row for row in samples.list_unread(found) if samples.may_read(actor, row)]
    chosen = [row for row in waiting if item is None or (row.item.number, row.page) == (item, page)]
    if not chosen:
        raise errors.UserMistake("no drawn page waits for you" if item is None else "this page does not wait")
    row = chosen[0]
    if clean and missed:
        raise errors.UserMistake("a page is clean or something was missed, not both")
    if missed:
        _need_ground(ground)
    if clean == bool(missed):
        made = redactions.preview_page(
            state=state, actor=actor, item=row.item, number=row.page, now=state.read_now()
        )
        for block in made.sheet.blocks:
            click.echo(" ".join(word.text for word in block.words))
        click.echo(
            f"document {row.item.number}, page {row.page}; then the same with "
            f"{row.item.number} {row.page} --clean, or {row.item.number} {row.page} --missed WORDS --ground G"
        )
        return
    samples.record_reading(
        state=state,
        actor=actor,
        row=row,
        missed=bool(missed),
        words=redactions.parse_places(missed),
        ground_id=ground,
        now=state.read_now(),
    )
    click.echo(f"{'something missed' if missed else 'clean'}; {len(waiting) - 1} drawn pages wait for you")


@redaction.command()
@click.argument("study")
@click.argument("item", type=int)
@click.argument("numbers", metavar="NUMBERS", default="")
@_AS
def release(study: str, item: int, numbers: str, person: str) -> None:
    """Propose to open a document again: without the regions NUMBERS, with those approved since, or at all.

    Another person approves with `lightwell approve`.

    Example: lightwell redaction release std-6wtb7d1t76x3nf 1 12,13 --as ana
    """
    state = installation.open_installation()
    from lightwell.actions import proposals

    actor = installation.find_person(person)
    lift = sorted(_parse_numbers(numbers, "NUMBERS"))
    made = proposals.propose(
        actor=actor,
        kind="release",
        subject=study,
        payload={"study": study, "item": item, "lift": lift},
        now=state.read_now(),
    )
    click.echo(f"proposed as {made.pk}; another person approves with: lightwell approve {made.pk} --as NAME")


def _decide(study: str, numbers: str, person: str, approved: bool) -> None:
    state = installation.open_installation()
    from lightwell.actions import redactions
    from lightwell.db.models import Redaction

    actor, found = installation.find_person(person), publication.find_study(study)
    waiting = Redaction.objects.proposed()
    others, own = waiting.exclude(proposer=actor), waiting.filter(proposer=actor)
    # Where all are one's own, the refusal says why.
    chosen = _choose(found, numbers, others) or _choose(found, numbers, own)
    left = len(_choose(found, numbers, own)) if numbers == "all" else 0
    rows = redactions.decide_regions(
        actor=actor, study=found, numbers=chosen, approved=approved, now=state.read_now()
    )
    click.echo(f"{'approved' if approved else 'turned down'}: {len(rows)}")
    if left:
        click.echo(f"left for another person, because you proposed them: {left}")
    if approved:
        _foresee(state, {row.item for row in rows})


def _foresee(state: State, items: Collection[Item]) -> int:
    """Print what would stop the publication of documents as they stand, and return how much that is."""
    from lightwell.actions import forecasts

    found = 0
    for item in sorted(items, key=lambda each: each.number):
        for each in forecasts.list_obstacles(state=state, item=item, now=state.read_now()):
            click.echo(f"would stop its publication: {each.place}: {each.sentence}")
            found += 1
    return found


def _choose(study: Study, numbers: str, rows: QuerySet[Redaction]) -> Collection[int]:
    if numbers == "all":
        return list(rows.filter(item__study=study).values_list("pk", flat=True))
    return _parse_numbers(numbers, "NUMBERS")


def _need_ground(ground: str) -> None:
    if not ground:
        raise errors.UserMistake(
            "name the legal reason, --ground ID; they are listed by: lightwell redaction grounds",
            place="--ground",
        )


def _parse_numbers(text: str, place: str) -> set[int]:
    try:
        return {int(each) for each in text.split(",")} if text else set()
    except ValueError:
        raise errors.UserMistake(f"{place} {text!r} is not a list of numbers such as 1,3,4") from None


def _parse_box(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = (int(each) for each in text.split(","))
    except ValueError:
        raise errors.UserMistake(
            f"{text!r} is not four whole numbers LEFT,TOP,RIGHT,BOTTOM", place="--box"
        ) from None
    return left, top, right, bottom
