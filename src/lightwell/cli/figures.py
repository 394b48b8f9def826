"""`lightwell figures`: read published figures, find what later editions changed, draft mappings.

Exit codes: 0 done, 2 could not read (with every problem), as in `lightwell check`. Nothing here needs a site.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from lightwell.base import errors
from lightwell.figures import period as periods
from lightwell.figures import table, value
from lightwell.figures.period import Period
from lightwell.figures.point import Point
from lightwell.figures.revision import Revision
from lightwell.files import figure_steps, mapping_files

_COULD_NOT = 2


@click.group()
def figures() -> None:
    """Published figures: what each edition of a platform's numbers changed of the one before."""


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
        compared = figure_steps.compare_files(
            mapping_files.find_mapping(mapping),
            files,
            _read_hints(named, files),
            is_listed=is_listed or as_csv,
        )
        _tell_order(files, compared)
        if as_json:
            click.echo(
                json.dumps(
                    [_describe_step(each, is_listed) for each in compared.steps], ensure_ascii=False, indent=1
                )
            )
        elif as_csv:
            click.echo(_format_csv(compared.steps), nl=False)
        else:
            _print_steps(compared, is_listed)


@contextlib.contextmanager
def _explain_problems(context: click.Context) -> Iterator[None]:
    """Print every problem and exit with 2: a file that was not read is neither revised nor unrevised."""
    try:
        yield
    except errors.UserMistake as error:
        for problem in error.problems:
            click.echo(_show(str(problem)), err=True)
        click.echo("nothing was read from any file", err=True)
        context.exit(_COULD_NOT)
    except (errors.Refused, errors.CouldNotCheck) as error:
        click.echo(_show(error.sentence), err=True)
        context.exit(_COULD_NOT)


def _read_hints(named: Sequence[str], files: Sequence[Path]) -> list[Period | None]:
    if named and len(named) != len(files):
        raise click.UsageError(
            f"there are {len(files)} files and {len(named)} --edition; name one for each, in order"
        )
    return [periods.parse_period(each) for each in named]


def _tell_order(files: Sequence[Path], compared: figure_steps.Comparison) -> None:
    if [each.file for each in compared.editions] != [str(each) for each in files]:
        names = ", ".join(each.name for each in compared.editions)
        click.echo(f"note: the files are taken in the order of their editions: {_show(names)}", err=True)
    for each in compared.editions:
        for note in each.notes:
            click.echo(f"note: {_show(each.name)}: {_show(note)}", err=True)


def _print_steps(compared: figure_steps.Comparison, is_listed: bool) -> None:
    for each, size in zip(compared.editions, compared.sizes, strict=True):
        click.echo(
            f"{each.name}: {size:,} figures ({Path(each.file).name}, layout {each.mapping}/{each.version})"
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
        for step, name in zip(compared.steps, names, strict=True):
            click.echo(f"\n{name}")
            for revised in step.revisions:
                click.echo(f"  {_show(_format_revision(revised))}")


def _format_revision(each: Revision) -> str:
    ends = " -> ".join(
        point.printed or "(empty)" if point else "not there" for point in (each.earlier, each.later)
    )
    rows = ", ".join(
        f"{Path(point.file).name} row {point.row}" for point in (each.earlier, each.later) if point
    )
    size = f", {value.format_number(each.size)}" if each.size is not None else ""
    return f"{each.kind}: {each.series.title}, {each.period}: {ends} ({each.direction}{size}; {rows})"


def _describe_step(step: figure_steps.Step, is_listed: bool) -> dict[str, Any]:
    tally = step.tally
    described: dict[str, Any] = {
        "from": step.earlier,
        "to": step.later,
        "changed": tally.changed,
        "dropped": tally.dropped,
        "added": tally.added,
    }
    if is_listed:
        described["revisions"] = [_describe_revision(each) for each in step.revisions]
    return described


def _describe_revision(each: Revision) -> dict[str, Any]:
    series = each.series
    return {
        "kind": each.kind,
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
    }


def _describe_point(point: Point | None) -> dict[str, Any] | None:
    if point is None:
        return None
    number = None if point.number is None else str(point.number)
    return {"as_printed": point.printed, "number": number, "file": point.file, "row": point.row}


_COLUMNS = (
    "from", "to", "kind", "provider", "service", "policy_area", "metric", "counts", "unit", "breakdown",
    "period", "earlier", "later", "direction", "size", "earlier_file", "earlier_row", "later_file",
    "later_row",
)  # fmt: skip


def _format_csv(steps: Sequence[figure_steps.Step]) -> str:
    """Write revisions as CSV; a cell that a spreadsheet would take for a formula is made
    a

    text.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_COLUMNS)
    for step in steps:
        for each in step.revisions:
            series = each.series
            breakdown = "; ".join(f"{name}={item}" for name, item in series.breakdown)
            words = [step.earlier, step.later, each.kind, series.provider, series.service, series.policy_area]
            words += [series.metric, series.counts, series.unit, breakdown, str(each.period)]
            words += [point.printed if point else "" for point in (each.earlier, each.later)]
            row = [table.format_cell(word) for word in words]
            row += [each.direction, "" if each.size is None else str(each.size)]
            for point in (each.earlier, each.later):
                row += [table.format_cell(point.file), str(point.row)] if point else ["", ""]
            writer.writerow(row)
    return out.getvalue()


def _show(text: str) -> str:
    """Make text from a file safe for
    a

    terminal.


    """
    return "".join(each if each.isprintable() else "�" for each in text)
