"""DuckDB over files: the default engine, and with the others the only place where exact figures exist.

Exact numbers live in one method's frame, between the statement and the noise; they are neither logged nor put
into an error. DuckDB's own words may quote data, so none of them ever leaves.
"""

from __future__ import annotations

import datetime
import hashlib
import itertools
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import duckdb

from lightwell.base import errors
from lightwell.engines import sql
from lightwell.query import bound, plan, quantile
from lightwell.query import domain as domains
from lightwell.query.bound import Bounded, Spread
from lightwell.query.codebook import Codebook, Column, Table
from lightwell.query.domain import Key
from lightwell.query.noise import Dice, Schedule, Share
from lightwell.query.plan import Plan
from lightwell.query.release import Noisy
from lightwell.query.truncation import Histogram

_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
# A DuckDB file, of which a table has the rows of the codebook's table of that name.
DATABASE = ".duckdb"
# What a column may be stored as, by the type that the codebook gives it.
_STORED = {
    domains.BOOLEAN: ("BOOLEAN",),
    domains.INTEGER: (
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "DOUBLE",
        "FLOAT",
    ),
    domains.REAL: (
        "DOUBLE",
        "FLOAT",
        "TINYINT",
        "SMALLINT",
        "INTEGER",
        "BIGINT",
        "UTINYINT",
        "USMALLINT",
        "UINTEGER",
        "DECIMAL",
    ),
    domains.TEXT: ("VARCHAR", "ENUM"),
    domains.DATE: ("DATE",),
    domains.TIMESTAMP: ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"),
}
WHOLE_UNITS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
# What a child may be named by. Not HUGEINT: Parquet keeps it as a real number, where two children may be one.
UNITS = (*WHOLE_UNITS, "UBIGINT", "VARCHAR", "UUID")
# What UBIGINT, of which hashes are, is guessed to be in a CSV file.
GUESSED_UNIT = "HUGEINT"


class FileReading(sql.Reading):
    """Files as somebody wrote them, in forms of `sql.settle` that are cheaper here.

    Listed text is an enumeration where it is only grouped by: its order is that of the text, and what is not
    listed becomes null.
    """

    def write_column(self, table: Table, column: Column) -> str:
        """A column's value as its domain allows it."""
        of = column.domain
        if of.kind != domains.REAL or not of.is_bounded:
            return super().write_column(table, column)
        real = f"CAST({sql.quote(column.name)} AS DOUBLE)"
        low, high = sql.write_constant(of.low), sql.write_constant(of.high)
        # Most values lie within, and for those nothing more is asked. NaN is above every number here.
        return (
            f"CASE WHEN {real} BETWEEN {low} AND {high} THEN {real} "
            f"WHEN ISFINITE({real}) THEN CASE WHEN {real} < {low} THEN {low} ELSE {high} END END"
        )

    def write_listed(self, table: Table, column: Column) -> str:
        """A listed text as an enumeration."""
        values = column.domain.values
        if column.domain.kind != domains.TEXT or values is None:
            return ""
        listed = ", ".join(sql.write_constant(value) for value in sorted(values))
        return f"TRY_CAST(CAST({sql.quote(column.name)} AS VARCHAR) AS ENUM({listed}))"


_READING = FileReading()
# Children whose numbers lie within so many bits of each other are found by place and not by hash.
PLACED_BITS = 22


class DuckDB:
    """Measures plans over one file for each table and gives them out with noise, never without.

    `files` maps each table of the codebook to a Parquet or CSV file, or to a DuckDB file that has a table of
    its name.
    """

    # Nothing is bought of rows per child where nothing is prepared.
    histograms: Mapping[str, Histogram] = MappingProxyType({})

    def __init__(
        self,
        files: Mapping[str, Path | str],
        codebook: Codebook,
        dice: Dice,
        *,
        memory: str = "4GB",
        threads: int | None = None,
        folder: Path | None = None,
    ) -> None:
        # A folder that may be written to as well: for preparation alone.
        self._folder = folder
        self._codebook, self._dice = codebook, dice
        self._lock = threading.Lock()
        self._files = {name.lower(): Path(place) for name, place in files.items()}
        check_files(self._files, codebook, (*_READERS, DATABASE))
        watched = [*self._files.values(), *map(_find_log, self._list_databases())]
        self._stamps = {place: find_stamp(place) for place in watched}
        self.version = compute_version(self._files)
        self._connection = self._open(memory, threads)

    def _list_databases(self) -> list[Path]:
        return [place for place in dict.fromkeys(self._files.values()) if place.suffix.lower() == DATABASE]

    def _open(self, memory: str, threads: int | None) -> duckdb.DuckDBPyConnection:
        connection = duckdb.connect(":memory:")
        attached = {place: f"file {number}" for number, place in enumerate(self._list_databases())}
        try:
            connection.execute("SET memory_limit = ?", [memory])
            if threads:
                connection.execute("SET threads = ?", [threads])
            connection.execute("SET enable_progress_bar = false")
            connection.execute(f"SET GLOBAL perfect_ht_threshold = {PLACED_BITS}")
            for place, known_as in attached.items():
                opened = f"'{escape(str(place.resolve()))}' AS {sql.quote(known_as)}"
                connection.execute(f"ATTACH {opened} (READ_ONLY, TYPE duckdb)")
            allowed = ", ".join(f"'{escape(str(place.resolve()))}'" for place in self._files.values())
            connection.execute(f"SET allowed_paths = [{allowed}]")
            if self._folder is not None:
                within = escape(str(self._folder.resolve()))
                connection.execute(f"SET allowed_directories = ['{within}']")
                connection.execute(f"SET temp_directory = '{within}/work/spill'")
                connection.execute("SET preserve_insertion_order = false")
            connection.execute("SET enable_external_access = false")
            for name, place in self._files.items():
                table = self._codebook.tables[name]
                if place in attached:
                    source = _find_table(connection, attached[place], table, place)
                else:
                    reader = _READERS[place.suffix.lower()]
                    source = f"{reader}('{escape(str(place.resolve()))}')"
                    if reader == "read_csv":
                        source = _write_csv(connection, source, table)
                connection.execute(f"CREATE VIEW {sql.quote(table.name)} AS SELECT * FROM {source}")  # noqa: S608
            connection.execute("SET lock_configuration = true")
        except duckdb.Error:
            raise errors.UserMistake(
                "A data file cannot be read: it is damaged, or not what its name says"
                + (", or another program has it open." if attached else ".")
            ) from None
        self._compare_columns(connection)
        if self._folder is None:
            self._read_through(connection)
        return connection

    def _read_through(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Read every value that a query could read, before there is a question and a charge.

        A row that cannot be read, which a child may have brought about, would else end those queries whose
        filter it passes, and tell so. Preparation reads everything itself, before anything can be asked.
        """
        for table in self._codebook.tables.values():
            names = [column.name for column in table.columns.values()]
            names += [table.unit] if table.unit else []
            listed = ", ".join(map(sql.quote, names))
            try:
                # A count would be answered from what the file says of itself.
                connection.execute(f"SELECT BIT_XOR(HASH({listed})) FROM {sql.quote(table.name)}").fetchall()  # noqa: S608
            except (duckdb.Error, MemoryError):
                raise errors.UserMistake(
                    "A data file cannot be read to the end: it is damaged; nothing can be asked of it."
                ) from None

    def open_cursor(self) -> duckdb.DuckDBPyConnection:
        """A cursor on the exact rows: for preparation, which shows nothing of them."""
        with self._lock:
            return self._connection.cursor()

    def _compare_columns(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Refuse a codebook that is not this file's, by names and types, which are public."""
        problems, units = [], {}
        for table in self._codebook.tables.values():
            described = connection.execute(f"DESCRIBE {sql.quote(table.name)}").fetchall()
            stored = {row[0].lower(): str(row[1]) for row in described}
            wanted = [(column.name, _STORED[column.domain.kind]) for column in table.columns.values()]
            if table.unit:
                wanted.append((table.unit, UNITS))
                unit = stored.get(table.unit.lower(), "")
                units[table.name] = "a whole number" if unit in WHOLE_UNITS else unit
            for name, kinds in wanted:
                place = f"{table.name}.{name}"
                found = stored.get(name.lower())
                if found is None:
                    problems.append(errors.Problem(place, "The file has no such column."))
                elif found.partition("(")[0] not in kinds:
                    problems.append(
                        errors.Problem(place, f"The file stores {found}, which the codebook does not say.")
                    )
        problems += compare_units(units)
        if problems:
            raise errors.UserMistake(problems=problems)

    def write_statements(self, bounded: Bounded) -> list[str]:
        """The SQL that would be run: it says nothing that the plan and the codebook do not."""
        return [statement.text for statement in sql.write_statements(bounded, self._codebook, _READING)]

    def release(self, bounded: Bounded, schedule: Schedule) -> list[Noisy]:
        """Measure a plan and give each group's numbers with noise.

        Public groups are all there, empty ones too; private ones where enough children are in them, noise
        included. Raises Damaged, in one sentence without data, when the files cannot be read; what was
        charged stays charged.
        """
        check_stamps(self._stamps)
        return draw_noise(self._measure(bounded), bounded, schedule, self._dice)

    def choose_path(self, plan: Plan) -> str:
        """Name the path that serves a plan: rows are weighted, for nothing is prepared here."""
        return "weighted"

    def find_spread(self, plan: Plan) -> Spread | None:
        """How a plan's bounds are spread over weeks: not at all, for nothing is kept by week here."""
        return None

    def _measure(self, bounded: Bounded) -> dict[tuple[Key, ...], list[list[int]]]:
        return gather(bounded, sql.write_statements(bounded, self._codebook, _READING), self._run)

    def _run(self, text: str, views: Mapping[str, str] | None = None) -> Sequence[tuple[Any, ...]]:
        """Run a statement; `views`, by quoted name, are there for it alone."""
        # One cursor for each caller; the lock is for making it, not for running.
        with self._lock:
            cursor = self._connection.cursor()
        try:
            for view, source in (views or {}).items():
                # Temporary views are a cursor's own and end with it.
                cursor.execute(f"CREATE TEMP VIEW {view} AS {source}")
            return cursor.execute(text).fetchall()
        except duckdb.Error:
            raise errors.Damaged(
                "The data could not be read to the end; the charge stands and nothing was shown."
            ) from None
        except MemoryError:
            raise errors.Damaged(
                "The query took more memory than it may; the charge stands and nothing was shown."
            ) from None
        finally:
            cursor.close()


def gather(
    bounded: Bounded, statements: Sequence[sql.Statement], run: Callable[[str], Sequence[tuple[Any, ...]]]
) -> dict[tuple[Key, ...], list[list[int]]]:
    """Run statements and gather the whole numbers of each group and measure. Exact: never to be shown."""
    measures, width = bounded.plan.measures, len(bounded.plan.keys)
    groups: dict[tuple[Key, ...], list[list[int]]] = {}
    for statement in statements:
        for row in run(statement.text):
            group = tuple(row[:width])
            numbers = groups.get(group)
            if numbers is None:
                numbers = groups[group] = [[0] * max(measure.count, 1) for measure in measures]
            if statement.has_bins:
                if row[width] is not None:
                    numbers[statement.measures[0]][row[width]] = int(row[width + 1])
                continue
            for place, measure in enumerate(statement.measures):
                value = row[width + place]
                numbers[measure][0] = 0 if value is None else int(value)
    return groups


def draw_noise(
    exact: Mapping[tuple[Key, ...], Sequence[Sequence[int]]], bounded: Bounded, schedule: Schedule, dice: Dice
) -> list[Noisy]:
    """Give each group's numbers with noise: public groups all of them, private ones above the threshold."""
    the_plan = bounded.plan
    private = the_plan.has_private_keys
    groups = sorted(exact, key=_order_group) if private else the_plan.list_groups()
    vectors: list[list[tuple[int, ...]]] = []
    searches: list[dict[int, quantile.Search]] = [{} for _ in groups]
    for number, measure in enumerate(the_plan.measures):
        zero = [0] * max(measure.count, 1)
        rows = [exact[group][number] if group in exact else zero for group in groups]
        if measure.kind == "bins":
            shares = [one.share for one in the_plan.statistics if one.measures == (number,)]
            found = _search_trees(rows, shares, schedule.shares[number], dice)
            for by_measure, search in zip(searches, found, strict=True):
                by_measure[number] = search
            vectors.append([()] * len(groups))
            continue
        (share,) = schedule.shares[number]
        noisy = dice.add_noise([row[0] for row in rows], share.sigma, share.square, share.nano_rho)
        vectors.append([(value,) for value in noisy])
    released = [
        Noisy(group, tuple(vector[row] for vector in vectors), searches[row])
        for row, group in enumerate(groups)
    ]
    if schedule.threshold is not None:
        decides = find_threshold_measure(the_plan)
        released = [one for one in released if one.numbers[decides][0] >= schedule.threshold]
    return released


def _search_trees(
    rows: Sequence[Sequence[int]], shares: Sequence[float], levels: Sequence[Share], dice: Dice
) -> list[quantile.Search]:
    """Search each group's tree of bins, giving noise to the nodes that its quantiles look at, by levels.

    Each node is given noise once, and nothing but noisy numbers decides which are read next: `query.quantile`
    has the proof that this is as good as noise on every node, which is what is charged.
    """
    if not rows:
        return []
    count = len(rows[0])
    # How many lie before each edge; a node is the difference of two.
    before = [list(itertools.accumulate(row, initial=0)) for row in rows]
    searches = [quantile.Search(count, [level.sigma for level in levels], shares) for _ in rows]
    for place, level in enumerate(levels):
        width = bound.BRANCHES ** (len(levels) - 1 - place)
        wanted = [search.list_nodes() for search in searches]
        flat = [
            edges[min((node + 1) * width, count)] - edges[node * width]
            for edges, nodes in zip(before, wanted, strict=True)
            for node in nodes
        ]
        noisy = iter(dice.add_noise(flat, level.sigma, level.square, level.nano_rho))
        for search, nodes in zip(searches, wanted, strict=True):
            search.take(dict(zip(nodes, noisy, strict=False)))
    return searches


def _find_log(database: Path) -> Path:
    """Where DuckDB writes what it has not yet put into a file of its own."""
    return database.with_name(f"{database.name}.wal")


def _find_table(connection: duckdb.DuckDBPyConnection, database: str, table: Table, place: Path) -> str:
    """A table of a DuckDB file, as a source; UserMistake where there is none.

    A view is none: it may read other files, and be another one at each look.
    """
    found = connection.execute(
        "SELECT table_name FROM duckdb_tables() "
        "WHERE database_name = ? AND schema_name = 'main' AND lower(table_name) = ?",
        [database, table.name.lower()],
    ).fetchall()
    if not found:
        raise errors.UserMistake(f"The file has no table {table.name}.", place=str(place))
    return f"{sql.quote(database)}.main.{sql.quote(found[0][0])}"


def _write_csv(connection: duckdb.DuckDBPyConnection, source: str, table: Table) -> str:
    """A CSV file as a source that cannot fail: a text that is no value of its column's type is null.

    The types are those that DuckDB guesses from the first rows, so that a codebook of another file is refused
    by them; a later row that does not fit must not end the query, because that would tell of its child.
    """
    guessed = connection.execute(f"DESCRIBE SELECT * FROM {source}").fetchall()  # noqa: S608
    wanted = {table.unit.lower(), *table.columns}
    kinds = {
        name: "UBIGINT" if kind == GUESSED_UNIT and name.lower() == table.unit.lower() else kind
        for name, kind, *_ in guessed
        if name.lower() in wanted
    }
    columns = ", ".join(
        f"{_write_cast(sql.quote(name), kind)} AS {sql.quote(name)}" for name, kind in kinds.items()
    )
    tolerant = "header = true, all_varchar = true, null_padding = true, ignore_errors = true"
    # A file without one column of the codebook is refused right after, by name.
    return f"(SELECT {columns or 'NULL'} FROM {source[:-1]}, {tolerant})) AS source"  # noqa: S608


def _write_cast(name: str, kind: str) -> str:
    cast = f"TRY_CAST({name} AS {kind})"
    if kind not in (*WHOLE_UNITS, "UBIGINT"):
        return cast
    # "1.5" is no whole number, and would be rounded to one: to that of another child, in the unit. A decimal
    # of this size holds every digit of 64 bits, which a real number does not.
    return f"CASE WHEN TRY_CAST({name} AS DECIMAL(38, 18)) = CAST({cast} AS DECIMAL(38, 18)) THEN {cast} END"


def find_threshold_measure(the_plan: plan.Plan) -> int:
    """The place of the measure by which private groups are shown or not."""
    return next(
        number
        for number, measure in enumerate(the_plan.measures)
        if measure.kind == "children" and measure.argument is None
    )


def _order_group(group: tuple[Key, ...]) -> tuple[Any, ...]:
    return tuple(
        (
            value is None,
            value.toordinal() if isinstance(value, datetime.date) else value if value is not None else 0,
        )
        for value in group
    )


def check_files(
    files: Mapping[str, Path], codebook: Codebook, endings: Sequence[str] = (".parquet",)
) -> None:
    """Refuse files that are not there, not of these kinds, or not those of the codebook's tables."""
    missing = [table.name for name, table in codebook.tables.items() if name not in files]
    unknown = sorted(set(files) - set(codebook.tables))
    problems = [errors.Problem(name, "No file is named for this table.") for name in missing]
    problems += [errors.Problem(name, "The codebook has no such table.") for name in unknown]
    for place in files.values():
        if not place.is_file():
            problems.append(errors.Problem(str(place), "There is no such file."))
        elif place.suffix.lower() not in endings:
            problems.append(errors.Problem(str(place), f"Give a file that ends in {' or '.join(endings)}."))
        elif place.suffix.lower() == DATABASE and _find_log(place).exists():
            problems.append(
                errors.Problem(
                    str(place),
                    f"Some of its rows stand in {_find_log(place).name} still; write CHECKPOINT in the "
                    "program that has it open, and close it there.",
                )
            )
    if problems:
        raise errors.UserMistake(problems=problems)


def compare_units(units: Mapping[str, str]) -> list[errors.Problem]:
    """What is wrong where tables, by their names, store the child in more than one way.

    Joined, one would be cast to the other's type: two children might become one, and a single child's name
    could fail there.
    """
    if len(set(units.values())) < 2:
        return []
    said = ", ".join(f"{name} as {kind}" for name, kind in sorted(units.items()))
    return [errors.Problem("unit", f"All tables must store the child alike; here: {said}.")]


def check_stamps(stamps: Mapping[Path, tuple[int, int, int]]) -> None:
    """Refuse to go on when a file is not the one that was opened. Raises Damaged."""
    for place, stamp in stamps.items():
        if find_stamp(place) != stamp:
            raise errors.Damaged(
                f"{place.name} has changed since it was opened; open it again as a new version."
            )


def find_stamp(place: Path) -> tuple[int, int, int]:
    """What tells that a file was changed: size, time and number."""
    try:
        found = os.stat(place)
    except OSError:
        return (0, 0, 0)
    return found.st_size, found.st_mtime_ns, found.st_ino


def compute_version(files: Mapping[str, Path]) -> str:
    """The version of the data: one digest over every file, by the name of its table."""
    whole = hashlib.sha256()
    for name in sorted(files):
        with files[name].open("rb") as file:
            whole.update(name.encode() + b"\0" + hashlib.file_digest(file, "sha256").digest())
    return whole.hexdigest()


def escape(text: str) -> str:
    """A text within the quotation marks of SQL."""
    return text.replace("'", "''")
