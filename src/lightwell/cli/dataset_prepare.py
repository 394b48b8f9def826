"""`lightwell dataset prepare`: data ranked and clustered by child, so that private answers come fast.

Registered under the group `dataset`. Exit codes are those of the group.
"""

from __future__ import annotations

import dataclasses
import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightwell.base import errors

if TYPE_CHECKING:
    from lightwell.engines.prepared import Prepared
    from lightwell.query.codebook import Codebook


@click.command()
@click.option(
    "--data",
    "data",
    multiple=True,
    required=True,
    metavar="[TABLE=]FILE",
    help="Parquet, CSV or DuckDB; repeatable.",
)
@click.option("--codebook", "codebook_path", required=True, type=click.Path(path_type=Path))
@click.option("--output", required=True, type=click.Path(path_type=Path), help="An empty or new folder.")
@click.option(
    "--through",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Where tables are kept by week: a day of the last week to prepare; needed there.",
)
@click.option("--memory", default="3GB", show_default=True, help="What the engine may use.")
@click.option(
    "--epsilon",
    type=click.FloatRange(min=0),
    default=0.15,
    show_default=True,
    help="The price of knowing what a bound leaves out, for each table, paid once; 0 for not knowing.",
)
@click.option("--ledger", help="Where it is charged; default: POPULATION.ledger.sqlite beside the codebook.")
def prepare(
    data: tuple[str, ...],
    codebook_path: Path,
    output: Path,
    through: datetime.datetime | None,
    memory: str,
    epsilon: float,
    ledger: str | None,
) -> None:
    """Prepare data for fast private answers, once for every version of the data.

    Rows are ranked within their child in an order that a secret draws, and added up in small tables. Killed
    or out of disk, the same command goes on where it was. How many rows children have, and how the means of
    number columns go with that, is bought from the budget, so that answers can say what their bound leaves
    out and how far it moves an average, and a bound can be suggested. Half of the price is for the former,
    the other half shared by the number columns alike.

    Where the codebook names a partition, the folder is kept by week: give it the rows of the next weeks and
    a later --through, and they are added; no file that is there is written again.

    Examples:

      lightwell dataset prepare --data usage.parquet --codebook usage.yaml --output usage.prepared

      lightwell dataset prepare --data week-27.parquet --codebook usage.yaml --output usage.prepared
      --through 2026-07-05
    """
    from lightwell.engines import codebook_files, preparation, sessions

    file = codebook_files.read_codebook_file(codebook_path)
    book, day = file.codebook, through.date() if through else None
    if epsilon:
        file.check_attested()
    if _is_for_more_weeks(output, book, day):
        assert day is not None
        only = dataclasses.replace(
            book, tables={name: table for name, table in book.tables.items() if table.partition}
        )
        files = _find_files(data, only)
        preparation.add_weeks(files, book, output, day, memory=memory, report=_tell)
    else:
        files = _find_files(data, book)
        if not (output / preparation.MANIFEST).exists() or (output / preparation.WORK).exists():
            _check_through(book, day)
            preparation.prepare(files, book, output, memory=memory, through=day, report=_tell)
    engine = sessions.open_prepared(output, file.codebook)
    last = engine.manifest.through
    click.echo(f"{output} is prepared{f' through {last}' if last else ''}: version {engine.version[:16]}…")
    if epsilon:
        _buy(engine, codebook_path, ledger, epsilon)
    click.echo(
        f'ask it with: lightwell query --data {output} --codebook {codebook_path} --epsilon 0.5 "SELECT ..."'
    )


def _check_through(book: Codebook, day: datetime.date | None) -> None:
    """Refuse to guess the last week: a folder that held all weeks of a codebook could never be given one."""
    weekly = [table.name for table in book.tables.values() if table.partition]
    if weekly and day is None:
        raise errors.UserMistake(
            f"{', '.join(weekly)} is kept by week; name the last day for which these rows are whole, because "
            "to weeks up to it nothing can be added any more",
            place="--through",
        )


def _is_for_more_weeks(folder: Path, book: Codebook, day: datetime.date | None) -> bool:
    """Answer whether a folder is finished and `day` lies after its weeks, or in weeks that were begun."""
    from lightwell.engines import preparation
    from lightwell.query import layout

    if day is None or not (folder / preparation.MANIFEST).exists():
        return False
    held = preparation.read_manifest(folder).through
    return held is not None and layout.end_week(day) > held


def _find_files(data: tuple[str, ...], book: Codebook) -> dict[str, Path]:
    from lightwell.engines import dummies, sessions

    files = sessions.assign_files(data, book)
    for place in files.values():
        if dummies.is_dummy(place):
            raise errors.UserMistake("these rows are invented and need no preparation", place=str(place))
    return files


def _tell(step: str) -> None:
    click.echo(step, err=True)


def _buy(engine: Prepared, codebook_path: Path, ledger: str | None, epsilon: float) -> None:
    from lightwell.engines import preparation, sessions
    from lightwell.query import class_means, truncation

    session = sessions.open_session(engine.folder, codebook_path, ledger)
    if session.ledger is None:
        raise errors.UserMistake("there is no ledger to charge; name one with --ledger")
    bought = preparation.buy_histograms(engine, session.ledger, epsilon=epsilon, grant=session.grant)
    for name, histogram in bought.items():
        most = engine.codebook.tables[name].rows_per_child
        for sentence in truncation.tell_references(histogram, most):
            click.echo(f"{name}: {sentence}")
        if class_means.list_scales(engine.layouts[name]) and not histogram.means:
            click.echo(f"{name}: how far a bound moves an average was not bought; another --epsilon buys it.")
