"""`lightwell dataset`: draft a codebook from a file, check a file against one, make dummy data.

Exit codes: 0 done or fitting, 1 a mistake or data that do not fit, 2 wrong usage, 3 damaged. Works with the
packages of `lightwell[query]` alone.
"""

from __future__ import annotations

from pathlib import Path

import click

from lightwell.base import errors
from lightwell.cli import dataset_prepare

_MISFITS = 1
# What `engines.descriptions` lets an owner mean; here too, because `--help` must work without its packages.
_ACCEPTABLE = ("rows", "values", "unit", "constant")


@click.group()
def dataset() -> None:
    """Data about children: describe them in public words, and check that the words are true."""


@dataset.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--unit", required=True, help="The column that says which child a row is about.")
@click.option("--output", required=True, type=click.Path(path_type=Path), help="Where the draft goes.")
@click.option("--name", help="What the data set is called; default: after the file.")
def describe(file: Path, unit: str, output: Path, name: str | None) -> None:
    """Draft a codebook from FILE (Parquet, CSV or DuckDB), for its owner's eyes.

    Every bound is taken from the data and marked so; it answers no query before each is attested from a
    public source, because a bound tells of the child that set it. Values that few children have are left
    out, bounds are rounded outwards, and no count is written.

    Example: lightwell dataset describe usage.parquet --unit child --output usage.yaml
    """
    from lightwell.engines import codebook_files, descriptions

    if output.exists():
        raise errors.UserMistake(
            "there is such a file already, and it may be attested; name another", place=str(output)
        )
    draft = descriptions.describe_file(file, unit)
    with output.open("x", encoding="utf-8") as written:
        written.write(descriptions.write_draft(draft, name or descriptions.name_dataset(file)))
    # Read again, so that what was written can be read, whatever names and values the file has.
    book = codebook_files.read_codebook_file(output)
    described = [each for each in draft.columns if each.domain is not None]
    unattested = codebook_files.list_unattested(book)
    left_out = len(draft.columns) - len(described)
    click.echo(
        f"{output}: a draft of {len(described)} columns"
        + (f", {left_out} left out and named in comments" if left_out else "")
    )
    click.echo(
        f"{len(unattested)} bounds are to be attested and the budget decided, then: "
        f"lightwell dataset check {file} --codebook {output}"
    )


@dataset.command()
@click.argument("files", nargs=-1, required=True, metavar="[TABLE=]FILE...")
@click.option("--codebook", "codebook_path", required=True, type=click.Path(path_type=Path))
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    type=click.Choice(_ACCEPTABLE),
    help="What is meant to be so and is no failure; repeatable.",
)
def check(files: tuple[str, ...], codebook_path: Path, accepted: tuple[str, ...]) -> None:
    """Check that data fit their codebook, column by column. For their owner: it shows exact counts.

    Looked for are columns that are not there or stored otherwise, rows that name no child (unit), children
    with more rows than count (rows), values outside their bounds or lists (values) and columns said to be
    constant that are not (constant). None of these can expose a child, but each changes what answers mean;
    --accept names those that are meant, such as a bound on rows that the busiest exceed.

    Example: lightwell dataset check usage.parquet --codebook usage.yaml --accept rows
    """
    from lightwell.engines import codebook_files, descriptions, sessions

    book = codebook_files.read_codebook_file(codebook_path)
    named = sessions.assign_files(files, book.codebook)
    misfits = descriptions.find_misfits(named, book.codebook)
    for each in misfits:
        note = "accepted: " if each.kind in accepted else ""
        click.echo(f"{note}{each.place}: {each.sentence} [{each.kind}]")
    unattested = codebook_files.list_unattested(book)
    if unattested:
        click.echo(
            f"{codebook_path} is a draft: {len(unattested)} bounds are not attested, so it answers nothing"
        )
    wrong = [each for each in misfits if each.kind not in accepted]
    if wrong:
        click.echo(f"{len(wrong)} of these are to be mended, in the data or in the codebook", err=True)
        raise SystemExit(_MISFITS)
    click.echo("the data fit the codebook")


@dataset.command()
@click.option("--codebook", "codebook_path", required=True, type=click.Path(path_type=Path))
@click.option("--rows", type=click.IntRange(min=1), required=True, help="How many, in the largest table.")
@click.option(
    "--output", required=True, type=click.Path(path_type=Path), help="A .parquet file, or a folder."
)
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same rows.")
def dummy(codebook_path: Path, rows: int, output: Path, seed: int) -> None:
    """Invent rows from a published codebook alone, on which the same questions run as on the data.

    No data are read. The file says in its metadata that it is invented; no column does. Where the codebook
    has several tables, OUTPUT is a folder with a file for each, about the same invented children.

    Example: lightwell dataset dummy --codebook usage.yaml --rows 10000 --output dummy.parquet
    """
    from lightwell.engines import codebook_files, dummies

    book = codebook_files.read_codebook(codebook_path)
    written = dummies.write_dummy(book, output, rows=rows, seed=seed)
    for table, place in written.items():
        click.echo(f"{book.tables[table].name}: {place}")
    named = " ".join(
        f"--data {place}" if len(written) == 1 else f"--data {book.tables[table].name}={place}"
        for table, place in written.items()
    )
    click.echo(
        f"invented rows; ask them with: lightwell query --dummy {named} --codebook {codebook_path} ..."
    )


@dataset.command()
@click.argument("name")
def example(name: str) -> None:
    """Print a codebook that ships with this program: yrbs-2023, a survey, or msnbc-1999, a log.

    Example: lightwell dataset example yrbs-2023 > yrbs-2023.yaml
    """
    from lightwell.engines import codebook_files

    click.echo(codebook_files.read_example(name), nl=False)


dataset.add_command(dataset_prepare.prepare)
