"""A session over files, opened in one call: which file is which table, the engine, the ledger and its budget.

session = open_session("answers.parquet", "codebook.yaml")
print(session.sql("SELECT COUNT(*) FROM answers", epsilon=0.5).to_json())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lightwell.base import errors
from lightwell.engines import budgets, codebook_files, sql
from lightwell.query import path as paths
from lightwell.query.bound import Bounded, Spread
from lightwell.query.codebook import Codebook
from lightwell.query.layout import Layout
from lightwell.query.ledger import Ledger
from lightwell.query.noise import Schedule
from lightwell.query.plan import Plan
from lightwell.query.release import Noisy
from lightwell.query.session import DEFAULT_GRANT, Session
from lightwell.query.truncation import Histogram

if TYPE_CHECKING:
    from lightwell.engines.prepared import Prepared

OWNER = "owner"


class WithoutData:
    """An engine that has no data: it writes the statements of a plan and measures nothing.

    Of a folder of `lightwell dataset prepare` it knows that there is one, which decides the path, and what
    was bought of rows per child; it reads neither rows nor sums. Errors as of `preparation.read_manifest`.
    """

    version = ""

    def __init__(self, codebook: Codebook, prepared: Path | None = None) -> None:
        self._codebook = codebook
        self.histograms: Mapping[str, Histogram] = {}
        self._layouts: dict[str, Layout] | None = None
        if prepared is not None:
            from lightwell.engines import preparation

            self._layouts = preparation.check_layout(prepared, preparation.read_manifest(prepared), codebook)
            self.histograms = preparation.read_histograms(prepared)

    def release(self, bounded: Bounded, schedule: Schedule) -> list[Noisy]:
        raise errors.CouldNotCheck("there are no data here to measure")

    def choose_path(self, plan: Plan) -> str:
        return "weighted" if self._layouts is None else paths.choose_path(plan, self._layouts)

    def find_spread(self, plan: Plan) -> Spread | None:
        return None if self._layouts is None else paths.find_spread(plan, self._layouts)

    def write_statements(self, bounded: Bounded) -> list[str]:
        if self._layouts is not None:
            from lightwell.engines import prepared

            return [one.text for one in prepared.write_plan(bounded, self._codebook, self._layouts)[0]]
        return [statement.text for statement in sql.write_statements(bounded, self._codebook)]


def open_session(
    data: Path | str | Mapping[str, Path | str],
    codebook: Path | str | Codebook,
    ledger: Path | str | Ledger | None = None,
    *,
    grant: str = DEFAULT_GRANT,
) -> Session:
    """Open a session over one file, a file for each table, or a folder of `lightwell dataset prepare`.

    Without `ledger`, it is the one of the population beside the codebook's file; it is made, and its budget
    opened from the codebook, where nothing is yet. Raises UserMistake with every problem of the codebook or
    the files.
    """
    from lightwell.engines import dice, duckdb, ledger_stores

    if isinstance(codebook, Codebook):
        book = codebook
        if ledger is None:
            raise errors.UserMistake("name a ledger, because this codebook is no file to put one beside")
    else:
        file = codebook_files.read_codebook_file(codebook)
        file.check_attested()
        book = file.codebook
        ledger = place_ledger(file.path, book) if ledger is None else ledger
    engine: duckdb.DuckDB
    if not isinstance(data, Mapping) and Path(data).is_dir():
        engine = open_prepared(data, book)
    else:
        files = data if isinstance(data, Mapping) else assign_files([str(data)], book)
        engine = duckdb.DuckDB(files, book, dice.OpenDP())
    opened = ledger_stores.open_ledger(ledger) if isinstance(ledger, Path | str) else ledger
    budgets.open_budget(opened, book, grant, by=OWNER)
    return Session(engine, book, opened, grant=grant)


def open_prepared(folder: Path | str, codebook: Codebook) -> Prepared:
    """Open a folder of `lightwell dataset prepare`; errors as of `engines.prepared.Prepared`."""
    from lightwell.engines import dice, prepared

    return prepared.Prepared(folder, codebook, dice.OpenDP())


def place_ledger(path: Path, codebook: Codebook) -> Path:
    """Name the ledger beside a codebook's file: `pupils.ledger.sqlite` for the population pupils.

    Named by the population, so that two codebooks of the same children, in one folder, share their one
    budget. UserMistake where there is one named by the codebook's file, as it was before: its charges count.
    """
    place = path.with_name(f"{codebook.population}.ledger.sqlite")
    before = path.with_name(f"{path.stem}.ledger.sqlite")
    if before.exists() and not place.exists():
        raise errors.UserMistake(
            f"{before.name} is a ledger named by its codebook; a ledger is named by its population now, so "
            f"rename it to {place.name}, or name it with --ledger"
        )
    return place


def assign_files(given: Sequence[str], codebook: Codebook) -> dict[str, Path]:
    """Read `FILE`, or several `TABLE=FILE`, into the file of each table; UserMistake says what is missing.

    One DuckDB file may hold all tables.
    """
    from lightwell.engines.duckdb import DATABASE

    names = {table.lower(): one.name for table, one in codebook.tables.items()}
    listed = ", ".join(names.values())
    if len(given) == 1 and (Path(given[0]).exists() or "=" not in given[0]):
        if Path(given[0]).suffix.lower() == DATABASE:
            return dict.fromkeys(names, Path(given[0]))
        if len(names) > 1:
            raise errors.UserMistake(
                f"the codebook has {len(names)} tables ({listed}), so say which one it is: TABLE=FILE",
                place=given[0],
            )
        return {next(iter(names)): Path(given[0])}
    found: dict[str, Path] = {}
    problems: list[errors.Problem] = []
    for each in given:
        name, sign, place = each.partition("=")
        if not sign or not place:
            problems.append(errors.Problem(each, f"say which table it is: TABLE=FILE, of {listed}"))
        elif name.lower() not in names:
            problems.append(errors.Problem(each, f"the codebook has no table {name}; it has {listed}"))
        elif name.lower() in found:
            problems.append(errors.Problem(each, f"the table {name} has a file already"))
        else:
            found[name.lower()] = Path(place)
    problems += [
        errors.Problem(names[name], "no file is named for this table; add TABLE=FILE")
        for name in names
        if name not in found and not problems
    ]
    if problems:
        raise errors.UserMistake(problems=problems)
    return found
