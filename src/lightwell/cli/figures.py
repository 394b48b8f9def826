"""`lightwell figures`: read published figures, find what later editions changed, draft mappings.

Exit codes: 0 done, 2 could not read (with every problem), as in `lightwell check`. Nothing here needs a site.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from lightwell.base import errors
from lightwell.cli import edition
from lightwell.figures import assertion, comparison, draft, revision, table, topic, value
from lightwell.figures import edition as editions
from lightwell.figures import period as periods
from lightwell.figures.period import Period
from lightwell.figures.point import Point
from lightwell.figures.revision import Revision
from lightwell.files import data, figure_files, figure_steps

_COULD_NOT = 2


@click.group()
def figures() -> None:
    """Published figures: what each edition of a platform's numbers changed of the one before."""


figures.add_command(edition.import_editions)
figures.add_command(edition.watch_folder)


@figures.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--mapping", required=True, help="How the files are read: a name such as meta, or your own file."
)
@click.option(
    "--edition", "named", multiple=True, help="The period of each file, such as 2023Q4, in their order."
)
@click.option("--list", "is_listed", is_flag=True, help="Print every revision, not only how many.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every revision as CSV.")
@click.pass_context
def revisions(
    context: click.Context,
    files: tuple[Path, ...],
    mapping: str,
    named: tuple[str, ...],
    is_listed: bool,
    as_json: bool,
    as_csv: bool,
) -> None:
    """Compare each edition in FILES with the one before, and count what was revised of the past.

    changed: another number for the same figure and period; dropped: not there any more; added: for a period
    the earlier edition covered and had no figure of; new: for a later period, which is no revision.

    Example: lightwell figures revisions --mapping meta meta-2021-q2.csv meta-2021-q3.csv
    """
    if as_json and as_csv:
        raise click.UsageError("choose one of --json and --csv")
    with _explain_problems(context):
        # Imported here, because `lightwell --help` asks every command for its line, in the plain install too.
        from lightwell.files import mapping_files

        compared = figure_steps.compare_files(
            mapping_files.find_mapping(mapping),
            files,
            _read_hints(named, files),
            is_listed=is_listed or as_csv,
        )
        _tell_order(files, compared)
        if as_json:
            ends = _find_ends(compared.steps)
            click.echo(
                json.dumps(
                    [_describe_step(each, is_listed, ends) for each in compared.steps],
                    ensure_ascii=False,
                    indent=1,
                )
            )
        elif as_csv:
            click.echo(_format_csv(compared.steps), nl=False)
        else:
            _print_steps(compared, is_listed)


@figures.command("map")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--output", type=click.Path(path_type=Path), help="File to write; default: standard output.")
@click.option("--sheet", default="", help="The sheet of a workbook that has several.")
@click.pass_context
def draft_mapping(context: click.Context, file: Path, output: Path | None, sheet: str) -> None:
    """Draft how FILE (CSV, XLSX or Parquet) is to be read, for you to confirm.

    Every guess has a line `confirm` in the draft; the mapping cannot be used until you deleted each. Then:
    lightwell figures revisions --mapping YOUR.yaml FILE...

    Example: lightwell figures map figures.csv --output mine.yaml
    """
    with _explain_problems(context):
        header, rows, form = figure_files.sample_rows(file, sheet, draft.MAX_ROWS)
        text = draft.draft_layout(file.stem, header, rows, form)
        if output is None:
            click.echo(text, nl=False)
            return
        if output.exists():
            raise errors.UserMistake(
                f"{output} exists and may hold your edits; choose another name or move it away"
            )
        try:
            output.write_text(text, "utf-8")
        except OSError as error:
            raise errors.UserMistake(f"cannot be written: {error.strerror}", place=str(output)) from None
        click.echo(
            f"{output}: written. Confirm its {text.count('confirm: ')} guesses, then use it with "
            f"--mapping {output}"
        )


@figures.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--year", type=int, help="The year; default: the latest of the clearing house.")
@click.option("--json", "as_json", is_flag=True, help="Print for programs.")
@click.pass_context
def compare(context: click.Context, file: Path, year: int | None, as_json: bool) -> None:
    """Set what each provider in FILE says it reported beside what the clearing house says it received.

    FILE is a collection like ocse-reports-per-platform.json. A provider without a figure of reports did not
    answer; several rows of one platform are added up, and the sum is shown.

    Example: lightwell figures compare ocse-reports-per-platform.json --year 2023
    """
    with _explain_problems(context):
        source = figure_files.Source(str(file), file)
        said = assertion.read_assertions(figure_files.read_json(source), str(file))
        found = comparison.compare_with_clearing_house(said, year or comparison.list_years(said)[-1])
        if as_json:
            click.echo(json.dumps(_describe_balance(found), ensure_ascii=False, indent=1))
        else:
            _print_balance(found)


@contextlib.contextmanager
def _explain_problems(context: click.Context) -> Iterator[None]:
    """Print every problem and exit with 2: a file that was not read is neither revised nor unrevised."""
    try:
        yield
    except errors.UserMistake as error:
        # A cell that several values need is one problem to whoever mends the file.
        for problem in dict.fromkeys(map(str, error.problems)):
            click.echo(_show(problem), err=True)
        click.echo("nothing was read from any file", err=True)
        context.exit(_COULD_NOT)
    except (errors.Refused, errors.CouldNotCheck) as error:
        click.echo(_show(error.sentence), err=True)
        context.exit(_COULD_NOT)


def _print_balance(found: comparison.Balance) -> None:
    click.echo(
        f"Reports of child sexual exploitation in {found.year}: said by the provider, received by NCMEC\n"
    )
    click.echo(f"{'provider':24} {'said sent':>16} {'said received':>14} {'difference':>12} {'of all':>7}")
    for family in found.families:
        said = value.format_number(family.said) if family.said is not None else family.answer
        click.echo(_format_line(family.name, said, family.received, family.difference, found.share(family)))
        alone = len(family.members) == 1
        for member in family.members:
            if not alone:
                own = value.format_number(member.said) if member.said is not None else member.answer
                click.echo(_format_line(f"  {member.name}", own, member.received, None, None))
            for what, parts in (("said", member.said_parts), ("received", member.received_parts)):
                if len(parts) > 1:
                    click.echo(f"    {what}: {' + '.join(_format_part(part) for part in parts)}")
            if member.note:
                click.echo(f"    {_show(member.note)}")
        for warning in family.warnings:
            click.echo(f"    note: {_show(warning)}")
    click.echo(
        f"\nReceived by NCMEC in all: {value.format_number(found.total)}\n\nSources, as the file names them"
    )
    for family in found.families:
        for member in family.members:
            if member.said_parts:
                click.echo(
                    f"  said by {_show(member.name)}: {_show(', '.join(member.sources) or 'none named')}"
                )
    click.echo(f"  received by NCMEC: {_show(', '.join(found.sources) or 'none named')}")


def _format_part(part: assertion.Assertion) -> str:
    number = value.format_number(part.number)
    return number if part.teller == assertion.CLEARING_HOUSE else f"{number} ({part.period})"


def _format_line(
    name: str,
    said: str,
    received: value.Number | None,
    difference: value.Number | None,
    share: Decimal | None,
) -> str:
    got = "-" if received is None else value.format_number(received)
    apart = "" if difference is None else f"{difference:+,}"
    part = "" if share is None else f"{share:.1f} %"
    return f"{_show(name):24} {said:>16} {got:>14} {apart:>12} {part:>7}".rstrip()


def _describe_balance(found: comparison.Balance) -> dict[str, Any]:
    return {
        "year": found.year,
        "received_in_all": found.total,
        "received_from_platforms": found.total_of_platforms,
        "sources_of_received": list(found.sources),
        "providers": [
            {
                "provider": family.name,
                "answer": family.answer,
                "said_sent": family.said,
                "said_received": family.received,
                "difference": family.difference,
                "share_of_all_percent": _round_share(found.share(family)),
                "warnings": list(family.warnings),
                "platforms": [_describe_member(each) for each in family.members],
            }
            for family in found.families
        ],
    }


def _round_share(share: Decimal | None) -> float | None:
    return None if share is None else float(round(share, 1))


def _describe_member(member: comparison.Member) -> dict[str, Any]:
    return {
        "platform": member.name,
        "answer": member.answer,
        "said_sent": member.said,
        "said_parts": [
            {"period": str(each.period), "what": each.quantity, "number": each.number, "row": each.row}
            for each in member.said_parts
        ],
        "said_received": member.received,
        "received_parts": [{"number": each.number, "row": each.row} for each in member.received_parts],
        "counted_elsewhere": member.is_counted_elsewhere,
        "note": member.note,
        "sources_of_said": list(member.sources),
    }


def _read_hints(named: Sequence[str], files: Sequence[Path]) -> list[Period | None]:
    if named and len(named) != len(files):
        raise click.UsageError(
            f"there are {len(files)} files and {len(named)} --edition; name one for each, in order"
        )
    return [periods.parse_period(each) for each in named]


def _tell_order(files: Sequence[Path], compared: figure_steps.Comparison) -> None:
    given = {str(each): at for at, each in enumerate(files)}
    pairs = editions.pair_editions(compared.editions)
    if any(given[earlier.file] > given[later.file] for earlier, later in pairs):
        names = ", ".join(each.name for each in compared.editions)
        click.echo(f"note: the files are taken in the order of their editions: {_show(names)}", err=True)
    for each in compared.editions:
        for note in each.notes:
            click.echo(f"note: {_show(each.name)}: {_show(note)}", err=True)


def _print_steps(compared: figure_steps.Comparison, is_listed: bool) -> None:
    for each, size in zip(compared.editions, compared.sizes, strict=True):
        noun = "figure" if size == 1 else "figures"
        click.echo(
            f"{each.name}: {size:,} {noun} ({Path(each.file).name}, layout {each.mapping}/{each.version})"
        )
    if not compared.steps:
        click.echo("one edition of each data set: there is nothing to compare")
        return
    names = [f"{_show(each.earlier)} -> {_show(each.later)}" for each in compared.steps]
    datasets = {each.dataset for each in compared.steps}
    if len(datasets) > 1:
        names = [f"{each.dataset}: {name}" for each, name in zip(compared.steps, names, strict=True)]
    width = max(len("from -> to"), *map(len, names))
    click.echo(f"\n{'from -> to':{width}}  {'changed':>9} {'dropped':>9} {'added':>9} {'new':>9}")
    for step, name in zip(compared.steps, names, strict=True):
        tally = step.tally
        click.echo(
            f"{name:{width}}  {tally.changed:>9,} {tally.dropped:>9,} {tally.added:>9,} {tally.new:>9,}"
        )
    if is_listed:
        ends = _find_ends(compared.steps)
        for step, name in zip(compared.steps, names, strict=True):
            click.echo(f"\n{name}")
            for revised in step.revisions:
                click.echo(
                    f"  {_show(_format_revision(revised) + _format_gap(revised.kind, ends.get(id(revised))))}"
                )


# The other end of a gap: in which edition a figure stood before it was left out, or came back, and how.
_End = tuple[str, Point]


def _find_ends(steps: Sequence[figure_steps.Step]) -> dict[int, _End]:
    """Find how dropped figures came back, and what added ones were, by the identity of the revision."""
    ends: dict[int, _End] = {}
    for dataset in {each.dataset for each in steps}:
        own = [each for each in steps if each.dataset == dataset]
        for gap in revision.find_gaps([each.revisions for each in own]):
            if gap.dropped.earlier is not None and gap.added.later is not None:
                ends[id(gap.dropped)] = own[gap.back].later, gap.added.later
                ends[id(gap.added)] = own[gap.left_out].earlier, gap.dropped.earlier
    return ends


def _format_gap(kind: str, end: _End | None) -> str:
    if end is None:
        return ""
    edition_name, printed = end[0], end[1].printed or "(empty)"
    if kind == revision.DROPPED:
        return f"; back in {edition_name} as {printed}"
    return f"; left out before: {edition_name} had {printed}"


def _format_revision(each: Revision) -> str:
    ends = " -> ".join(
        point.printed or "(empty)" if point else "not there" for point in (each.earlier, each.later)
    )
    rows = ", ".join(
        f"{Path(point.file).name} row {point.row}" for point in (each.earlier, each.later) if point
    )
    size = f", {value.format_number(each.size)}" if each.size is not None else ""
    return f"{each.kind}: {each.series.title}, {each.period}: {ends} ({each.direction}{size}; {rows})"


def _describe_step(step: figure_steps.Step, is_listed: bool, ends: Mapping[int, _End]) -> dict[str, Any]:
    tally = step.tally
    described: dict[str, Any] = {
        "from": step.earlier,
        "to": step.later,
        "changed": tally.changed,
        "dropped": tally.dropped,
        "added": tally.added,
    }
    if is_listed:
        described["revisions"] = [_describe_revision(each, ends.get(id(each))) for each in step.revisions]
    return described


def _describe_revision(each: Revision, end: _End | None) -> dict[str, Any]:
    series = each.series
    found = topic.find_topic(data.read_figure_topics(), series)
    return {
        "kind": each.kind,
        "topic": found.topic,
        "child_safety": found.child_safety,
        "provider": series.provider,
        "service": series.service,
        "policy_area": series.policy_area,
        "metric": series.metric,
        "counts": series.counts,
        "unit": series.unit,
        "breakdown": dict(series.breakdown),
        "period": str(each.period),
        "direction": each.direction,
        "size": None if each.size is None else str(each.size),
        "earlier": _describe_point(each.earlier),
        "later": _describe_point(each.later),
        "gap": None if end is None else {"edition": end[0], **(_describe_point(end[1]) or {})},
    }


def _describe_point(point: Point | None) -> dict[str, Any] | None:
    if point is None:
        return None
    number = None if point.number is None else str(point.number)
    return {"as_printed": point.printed, "number": number, "file": point.file, "row": point.row}


_COLUMNS = (
    "from", "to", "kind", "provider", "service", "policy_area", "metric", "counts", "unit", "breakdown",
    "period", "earlier", "later", "direction", "size", "topic", "child_safety", "earlier_file", "earlier_row",
    "later_file", "later_row", "gap_edition", "gap_as_printed",
)  # fmt: skip


def _format_csv(steps: Sequence[figure_steps.Step]) -> str:
    """Write revisions as CSV; a cell that a spreadsheet would take for a formula is made a text."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    ends = _find_ends(steps)
    for step in steps:
        for each in step.revisions:
            series = each.series
            breakdown = "; ".join(f"{name}={item}" for name, item in series.breakdown)
            words = [step.earlier, step.later, each.kind, series.provider, series.service, series.policy_area]
            words += [series.metric, series.counts, series.unit, breakdown, str(each.period)]
            words += [point.printed if point else "" for point in (each.earlier, each.later)]
            row = [table.format_cell(word) for word in words]
            row += [each.direction, "" if each.size is None else str(each.size)]
            found = topic.find_topic(data.read_figure_topics(), series)
            row += [found.topic, "yes" if found.child_safety else "no"]
            for point in (each.earlier, each.later):
                row += [table.format_cell(point.file), str(point.row)] if point else ["", ""]
            end = ends.get(id(each))
            row += [table.format_cell(end[0]), table.format_cell(end[1].printed)] if end else ["", ""]
            writer.writerow(row)
    return out.getvalue()


def _show(text: str) -> str:
    """Make text from a file safe for a terminal."""
    return "".join(each if each.isprintable() else "�" for each in text)
