"""`lightwell query`: ask a question of children's data, privately, and see what it would cost beforehand.

Exit codes: 0 answered, 1 refused or a mistake, 2 could not check or wrong usage, 3 damaged. Works with the
packages of `lightwell[query]` alone; they are imported when a question is asked, so that the plain install
lists this command too.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from lightwell.base import errors

if TYPE_CHECKING:
    from lightwell.engines.codebook_files import CodebookFile
    from lightwell.engines.duckdb import DuckDB

_Command = TypeVar("_Command", bound=Callable[..., Any])
_POSTGRES = ("postgresql://", "postgres://")
# Rows of each table that are invented where --dummy is asked for without a file.
_DUMMY_ROWS = 10_000


class DefaultGroup(click.Group):
    """A group that is itself a command: what does not begin with the name of another goes to `default`."""

    default = "ask"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the name of the default command before arguments that name none."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the usage of the default command, which is the group's own."""
        formatter.write_usage(ctx.command_path, '[OPTIONS] "SELECT ..."')

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options of the default command, then the commands."""
        default = self.commands[self.default]
        click.Command.format_options(default, click.Context(default, info_name=self.default), formatter)
        self.format_commands(ctx, formatter)


def _take_question(command: _Command) -> _Command:
    """Add what a question and its price are made of."""
    parts = (
        click.argument("text", metavar='"SELECT ..."'),
        click.option(
            "--codebook",
            "codebook_path",
            required=True,
            type=click.Path(path_type=Path),
            help="What the data hold, in public words, with attested bounds.",
        ),
        click.option("--epsilon", required=True, type=float, help="The price: usually 1 or less."),
        click.option("--delta", type=float, help="The chance that the price fails; default: the codebook's."),
        click.option("--rows", type=click.IntRange(min=1), help="Count at most so many rows of one child."),
        click.option(
            "--groups", type=click.IntRange(min=1), help="Count one child in at most so many groups."
        ),
        click.option("--json", "as_json", is_flag=True, help="Print for programs."),
    )
    for part in reversed(parts):
        command = part(command)
    return command


@click.group(cls=DefaultGroup)
def query() -> None:
    """Ask a question in SQL about children's data, answered with noise that hides any one child.

    The answer is a table of numbers with noise, each with the interval that the noise leaves. What it costs
    is taken from the budget of the children whom the data are about, for good, before data are read. The
    same question at the same price on the same data gives the same answer and costs nothing more.

    \b
    lightwell query --data usage.parquet --codebook usage.yaml --epsilon 0.5 \\
        "SELECT age_band, COUNT(*), AVG(minutes) FROM usage GROUP BY age_band"
    lightwell query explain --codebook usage.yaml --epsilon 0.5 "SELECT COUNT(*) FROM usage"
    lightwell query --dummy --codebook usage.yaml --epsilon 0.5 "SELECT COUNT(*) FROM usage"
    """


@query.command()
@_take_question
@click.option(
    "--data",
    "data",
    multiple=True,
    metavar="[TABLE=]FILE",
    help="A Parquet, CSV or DuckDB file, repeatable; or a folder of dataset prepare.",
)
@click.option(
    "--ledger", help="Where charges are kept; default: POPULATION.ledger.sqlite beside the codebook."
)
@click.option("--grant", help="Whose part of the budget pays; default: owner, which has all of it.")
@click.option("--data-version", "pinned", help="Answer only if the data are those of this version.")
@click.option("--dummy", "is_dummy", is_flag=True, help="Try it on invented rows: no ledger, no charge.")
def ask(
    text: str,
    codebook_path: Path,
    epsilon: float,
    delta: float | None,
    rows: int | None,
    groups: int | None,
    as_json: bool,
    data: tuple[str, ...],
    ledger: str | None,
    grant: str | None,
    pinned: str | None,
    is_dummy: bool,
) -> None:
    """Ask the question: what `lightwell query` does without another word.

    Example: lightwell query --data usage.csv --codebook usage.yaml --epsilon 0.5 "SELECT COUNT(*) FROM usage"
    """
    from lightwell.cli import answers
    from lightwell.engines import codebook_files, dummies, sessions
    from lightwell.query.session import DEFAULT_GRANT, Session

    if not data and not is_dummy:
        raise click.UsageError("name the data with --data FILE, or try the question with --dummy")
    file = codebook_files.read_codebook_file(codebook_path)
    price = {"epsilon": epsilon, "delta": delta, "rows": rows, "groups": groups}
    # Refused before a file is opened, and before a ledger is made that nobody needs.
    Session(sessions.WithoutData(file.codebook), file.codebook, None).explain(text, **price)  # type: ignore[arg-type]
    file.check_attested()
    if is_dummy:
        with _open_dummy(data, file) as engine:
            session = Session(engine, file.codebook, dummies.open_unmetered())
            answers.print_answer(session.sql(text, **price), None, as_json)  # type: ignore[arg-type]
        return
    engine = _open_engine(data, file)
    _check_version(engine.version, pinned)
    answers.print_answer(*_ask(engine, file, ledger, grant or DEFAULT_GRANT, text, price), as_json)


@query.command()
@_take_question
@click.option(
    "--data",
    multiple=True,
    metavar="[TABLE=]FILE",
    help="Not read; of a folder of dataset prepare, what was bought of rows per child is.",
)
@click.option("--ledger", help="Not opened; may stand here all the same.")
def explain(
    text: str,
    codebook_path: Path,
    epsilon: float,
    delta: float | None,
    rows: int | None,
    groups: int | None,
    as_json: bool,
    data: tuple[str, ...],
    ledger: str | None,
) -> None:
    """Say what a question would do and cost: plan, SQL, noise. Reads no data and charges nothing.

    With --data FOLDER of prepared data it also says what share of rows the bound leaves out, and which bound
    would err least, where that was bought.

    Example: lightwell query explain --codebook usage.yaml --epsilon 0.5 "SELECT COUNT(*) FROM usage"
    """
    from lightwell.cli import answers
    from lightwell.engines import codebook_files, sessions
    from lightwell.query.session import Session

    book = codebook_files.read_codebook(codebook_path)
    folder = Path(data[0]) if len(data) == 1 and Path(data[0]).is_dir() else None
    told = Session(sessions.WithoutData(book, folder), book, None).explain(
        text, epsilon=epsilon, delta=delta, rows=rows, groups=groups
    )
    answers.print_explanation(told, book, text, as_json)


def _open_engine(data: Sequence[str], file: CodebookFile, *, is_dummy: bool = False) -> DuckDB:
    from lightwell.engines import dice, duckdb, sessions

    if len(data) == 1 and Path(data[0]).is_dir():
        if is_dummy:
            raise errors.UserMistake("prepared data are not given away free of charge", place=data[0])
        return sessions.open_prepared(data[0], file.codebook)
    files = sessions.assign_files(data, file.codebook)
    _check_labels(files.values(), is_dummy)
    try:
        return duckdb.DuckDB(files, file.codebook, dice.OpenDP())
    except OSError as error:
        place = os.fsdecode(error.filename) if error.filename else ", ".join(map(str, files.values()))
        raise errors.UserMistake(f"the file cannot be read: {error.strerror}", place=place) from None


def _check_version(version: str, pinned: str | None) -> None:
    if pinned is not None and (len(pinned) < 8 or not version.startswith(pinned.lower())):
        raise errors.UserMistake(
            f"the data are the version {version[:16]}…, not this one: a file was changed, or is another",
            place=f"--data-version {pinned[:80]}",
        )


def _check_labels(places: Iterable[Path], is_dummy: bool) -> None:
    """Refuse to charge for invented rows, and to give real ones away for nothing."""
    from lightwell.engines import dummies

    for place in places:
        if dummies.is_dummy(place) and not is_dummy:
            raise errors.UserMistake(
                "these rows are invented, so nothing is charged for them: add --dummy", place=str(place)
            )
        if is_dummy and place.is_file() and not dummies.is_dummy(place):
            raise errors.UserMistake(
                "this file is not labelled as dummy data, so it is not given away free of charge: leave out "
                "--data, or make dummy data with lightwell dataset dummy",
                place=str(place),
            )


def _ask(
    engine: DuckDB, file: CodebookFile, ledger: str | None, grant: str, text: str, price: dict[str, Any]
) -> tuple[Any, Any]:
    """Charge and answer; returns the release and what is left."""
    from lightwell.cli import answers
    from lightwell.engines import budgets, ledger_stores, sessions
    from lightwell.query.session import Session

    budgets.find_cap(file.codebook)
    place = sessions.place_ledger(file.path, file.codebook) if ledger is None else ledger
    if isinstance(place, str) and not place.startswith(_POSTGRES):
        place = place if "://" in place else Path(place)
    opened = ledger_stores.open_ledger(place)
    try:
        if budgets.open_budget(opened, file.codebook, grant, by=sessions.OWNER):
            budget = file.codebook.budget
            click.echo(
                f"opened the budget of the population {file.codebook.population} in {place}: epsilon "
                f"{budget['epsilon']:g} at delta {budget['delta']:g} for all questions together, for good; "
                "keep this file, because whoever loses it loses count",
                err=True,
            )
        release = Session(engine, file.codebook, opened, grant=grant).sql(text, **price)
        population = opened.read_balance(file.codebook.population)
    finally:
        opened.close()
    return release, answers.make_left(population, grant, file.codebook, release)


@contextlib.contextmanager
def _open_dummy(data: Sequence[str], file: CodebookFile) -> Iterator[DuckDB]:
    """Open dummy data: files that are labelled so, or rows invented now from the codebook."""
    from lightwell.engines import dummies

    if data:
        yield _open_engine(data, file, is_dummy=True)
        return
    with tempfile.TemporaryDirectory(prefix="lightwell-dummy-") as folder:
        files = dummies.write_dummies(file.codebook, Path(folder), rows=_DUMMY_ROWS, seed=0)
        named = [f"{table}={place}" for table, place in files.items()]
        yield _open_engine(named, file, is_dummy=True)
