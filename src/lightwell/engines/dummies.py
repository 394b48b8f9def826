"""Dummy data: invented rows of a codebook's tables, made of the codebook and a seed and nothing else.

The same SQL runs on them as on the data, so a question can be tried with no account and no charge. Each file
says in its own metadata (not in a column) that it is invented; what is not labelled so is never answered
without a charge. CSV, which has no place for such a label, has one in a last column (`write_csv`), and is for
people: a question is asked of Parquet alone.

Every value is a digest of seed, column and row (or child, where the column is constant in a child), so that
the same seed gives the same rows in every version of the engine. Children are shared between tables. Values
that a codebook does not list are invented within its bounds, evenly or leaning to the low end: shapes,
frequencies and connections are those of nobody.
"""

from __future__ import annotations

import datetime
import math
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import cast

import duckdb

from lightwell.base import errors
from lightwell.engines.sql import quote, write_constant, write_real
from lightwell.query import domain as domains
from lightwell.query import entry as entries
from lightwell.query import ledger
from lightwell.query.codebook import Codebook, Column, Table
from lightwell.query.cost import Cost
from lightwell.query.domain import Domain
from lightwell.query.entry import Entry
from lightwell.query.ledger import Ledger, Request

LABEL, CSV_LABEL = "lightwell_dummy", "every_row_is_invented"
MAX_ROWS = 100_000_000
# A child that is asked about often has some tens of rows; a bound of a million says nothing about that.
_MOST_USUAL_ROWS = 50
Limits = Mapping[str, str | int]
_STORED = {
    domains.BOOLEAN: "BOOLEAN",
    domains.INTEGER: "BIGINT",
    domains.REAL: "DOUBLE",
    domains.TEXT: "VARCHAR",
    domains.DATE: "DATE",
    domains.TIMESTAMP: "TIMESTAMP",
}
# Of the values that may be missing, one in so many is.
_MISSING_ONE_IN = 25
_INVENTED_KEYS = 50
_FIRST_DAY = datetime.date(2026, 1, 1)


def write_dummies(
    codebook: Codebook, folder: Path, *, rows: int, seed: int, limits: Limits | None = None
) -> dict[str, Path]:
    """Write a labelled Parquet file for each table into a folder: `rows` in the largest; returns the paths.

    A file that is there already is replaced only where it is dummy data itself (UserMistake). `limits` are
    DuckDB's own settings of memory and threads; what needs more is a UserMistake too.
    """
    if not 1 <= rows <= MAX_ROWS:
        raise errors.UserMistake(f"{rows} rows cannot be invented; ask for 1 to {MAX_ROWS:,}", place="--rows")
    files = {name: folder / f"{table.name}.parquet" for name, table in codebook.tables.items()}
    for place in files.values():
        _refuse_real(place)
    for name, place in files.items():
        statement = _write_table(codebook, codebook.tables[name], rows, seed)
        _write_file(statement, place, codebook, seed, limits)
    return files


def write_dummy(codebook: Codebook, output: Path, *, rows: int, seed: int) -> dict[str, Path]:
    """Write one table into the file `output`, or several into the folder `output`, which is made."""
    if len(codebook.tables) > 1:
        if output.exists() and not output.is_dir():
            raise errors.UserMistake(
                f"the codebook has {len(codebook.tables)} tables, so name a folder for their files",
                place=str(output),
            )
        output.mkdir(parents=True, exist_ok=True)
        return write_dummies(codebook, output, rows=rows, seed=seed)
    if output.suffix.lower() != ".parquet":
        raise errors.UserMistake(
            "dummy data are written as .parquet, because a CSV file has no place to say that it is invented",
            place=str(output),
        )
    if not output.parent.is_dir():
        raise errors.UserMistake("there is no such folder; make it first", place=str(output.parent))
    _refuse_real(output)
    with tempfile.TemporaryDirectory(dir=output.parent, prefix=".lightwell-dummy-") as folder:
        ((table, place),) = write_dummies(codebook, Path(folder), rows=rows, seed=seed).items()
        os.replace(place, output)
    return {table: output}


def write_csv(codebook: Codebook, folder: Path, limits: Limits | None = None) -> dict[str, Path]:
    """Write the dummy data of a folder as CSV too, labelled by a last column, which has place in one.

    For people and their spreadsheets: a question is asked of the Parquet files alone.
    """
    files = {}
    connection = duckdb.connect(config=dict(limits or {}))
    try:
        for name, table in codebook.tables.items():
            source, files[name] = folder / f"{table.name}.parquet", folder / f"{table.name}.csv"
            words = [str(place).replace("'", "''") for place in (source, files[name])]
            labelled = f"SELECT *, 'yes' AS {CSV_LABEL} FROM read_parquet('{words[0]}')"
            connection.execute(f"COPY ({labelled}) TO '{words[1]}' (HEADER)")
    finally:
        connection.close()
    return files


def is_dummy(place: Path) -> bool:
    """Answer whether a file says of itself that its rows are invented; False for what cannot be read."""
    if place.suffix.lower() != ".parquet" or not place.is_file():
        return False
    connection = duckdb.connect()
    try:
        found = connection.execute("SELECT key FROM parquet_kv_metadata(?)", [str(place)]).fetchall()
    except duckdb.Error:
        return False
    finally:
        connection.close()
    return any(bytes(key) == LABEL.encode() for (key,) in found)


def open_unmetered() -> Ledger:
    """A ledger that charges nobody and keeps nothing: for dummy data only."""
    return cast(Ledger, _Unmetered())


class _Unmetered:
    def charge(self, request: Request) -> Entry:
        at = entries.format_moment(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
        cap = Cost(max(request.cost.nano_rho, 1), request.cost.delta_units)
        opened = ledger.decide_opening(None, request.population, cap, "nobody", at)
        granted = ledger.decide_grant(opened, None, request.grant, cap, "nobody", at)
        return ledger.decide_charge(granted, granted, request, at)

    def keep_answer(self, charge: Entry, key: str, answer: bytes) -> bytes:
        return answer


# --- what is in them ------------------------------------------------------------------------------------


def _refuse_real(place: Path) -> None:
    if place.exists() and not is_dummy(place):
        raise errors.UserMistake(
            "there is a file of that name that is no dummy data, so it is not replaced; name another",
            place=str(place),
        )


def _write_file(statement: str, place: Path, codebook: Codebook, seed: int, limits: Limits | None) -> None:
    label = f"every row is invented: codebook {codebook.dataset}, version {codebook.version}, seed {seed}"
    target = str(place).replace("'", "''")
    metadata = label.replace("'", "''")
    connection = duckdb.connect(config=dict(limits or {}))
    try:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            f"COPY ({statement}) TO '{target}' (FORMAT parquet, KV_METADATA {{{LABEL}: '{metadata}'}})"
        )
    except duckdb.Error as error:
        place.unlink(missing_ok=True)
        # Nothing of anybody is in these rows, so the engine's own words may be shown.
        raise errors.UserMistake(
            f"the file cannot be written: {str(error).splitlines()[0]}", place=str(place)
        ) from None
    finally:
        connection.close()


def _write_table(codebook: Codebook, table: Table, rows: int, seed: int) -> str:
    if table.is_public:
        return _write_public(codebook, table, seed)
    usual = {one.name: _find_usual(one) for one in codebook.tables.values() if not one.is_public}
    children = max(1, math.ceil(rows / max(usual.values())))
    count = min(rows, children * usual[table.name])
    # Squared, so that some children have far more rows than others, as everywhere.
    child = (
        "i + 1"
        if usual[table.name] == 1
        else f"1 + CAST(FLOOR({children} * {_share(_draw(seed, table.name, 'child', 'i'))} ** 2) AS BIGINT)"
    )
    columns = [f"CAST(child AS BIGINT) AS {quote(table.unit)}"]
    columns += [_write_column(column, table, seed) for column in table.columns.values()]
    source = f"SELECT i, {child} AS child FROM range({count}) AS numbers(i)"
    return f"SELECT {', '.join(columns)} FROM ({source}) AS rows"


def _find_usual(table: Table) -> int:
    return 1 if table.rows_per_child == 1 else min(math.ceil(table.rows_per_child / 4), _MOST_USUAL_ROWS)


def _write_public(codebook: Codebook, table: Table, seed: int) -> str:
    """A public table has one row for each key, of those that the children's columns of that name can have."""
    key = table.columns[table.key.lower()]
    keys = next(iter(_list_keys(codebook, key)), None)
    if keys is None:
        keys = [
            f"invented {number}" if key.domain.kind == domains.TEXT else number
            for number in range(1, _INVENTED_KEYS + 1)
        ]
        if key.domain.kind == domains.DATE:
            keys = [_FIRST_DAY + datetime.timedelta(days=day) for day in range(_INVENTED_KEYS)]
    listed = ", ".join(f"({place}, {write_constant(value)})" for place, value in enumerate(keys))
    columns = [
        f"CAST(public_key AS {_STORED[key.domain.kind]}) AS {quote(column.name)}"
        if column is key
        else _write_column(column, table, seed)
        for column in table.columns.values()
    ]
    source = f"SELECT i, i AS child, public_key FROM (VALUES {listed}) AS keys(i, public_key)"
    return f"SELECT {', '.join(columns)} FROM ({source}) AS rows"


def _list_keys(codebook: Codebook, key: Column) -> Iterator[list[domains.Value]]:
    same = [
        table.columns[key.name.lower()]
        for table in codebook.tables.values()
        if not table.is_public and key.name.lower() in table.columns
    ]
    for column in (key, *same):
        size = column.domain.count_values()
        if column.domain.kind == key.domain.kind and size is not None and 0 < size <= 10_000:
            yield list(column.domain.list_values())


def _write_column(column: Column, table: Table, seed: int) -> str:
    # A column that is constant in a child says the same in every table, so its digest knows no table.
    holder, row = ("", "child") if column.is_constant else (table.name, "i")
    draw = _draw(seed, holder, column.name, row)
    value = f"CAST({_invent(column.domain, draw)} AS {_STORED[column.domain.kind]})"
    if column.domain.has_null:
        missing = _draw(seed, holder, f"{column.name} is missing", row)
        value = f"CASE WHEN {missing} % {_MISSING_ONE_IN} > 0 THEN {value} END"
    return f"{value} AS {quote(column.name)}"


def _draw(seed: int, holder: str, name: str, row: str) -> str:
    """A whole number of 64 bits by chance, that hangs on the seed, the column and the row alone."""
    salt = write_constant(f"{seed}/{holder}/{name}/")
    return f"md5_number_lower(CONCAT({salt}, {row}))"


def _share(draw: str) -> str:
    return f"(CAST({draw} % 1000003 AS DOUBLE) / 1000003e0)"


def _invent(of: Domain, draw: str) -> str:
    if of.values is not None:
        if not of.values:
            return "NULL"
        return (
            f"([{', '.join(map(write_constant, of.values))}])[1 + CAST({draw} % {len(of.values)} AS BIGINT)]"
        )
    if of.kind == domains.BOOLEAN:
        return f"{draw} % 2 = 0"
    if of.kind == domains.TEXT:
        return f"CONCAT('invented ', {draw} % {_INVENTED_KEYS})"
    if of.kind == domains.INTEGER:
        low, high = (of.low, of.high) if of.is_bounded else (0, 1000)
        return f"{low} + CAST({draw} % {high - low + 1} AS BIGINT)"
    if of.kind == domains.REAL:
        low, high, step = (of.low, of.high, of.step or 0.01) if of.is_bounded else (0.0, 1000.0, 0.01)
        real = f"({write_real(low)} + {write_real(high - low)} * {_share(draw)} ** 2)"
        stepped = f"ROUND({real} / {write_real(step)}) * {write_real(step)}"
        return f"LEAST(GREATEST({stepped}, {write_real(low)}), {write_real(high)})"
    if of.kind == domains.DATE:
        low, high = (
            (of.low, of.high) if of.is_bounded else (_FIRST_DAY, _FIRST_DAY + datetime.timedelta(days=364))
        )
        return f"{write_constant(low)} + CAST({draw} % {(high - low).days + 1} AS INTEGER)"
    start = datetime.datetime.combine(_FIRST_DAY, datetime.time())
    low, high = (of.low, of.high) if of.is_bounded else (start, start + datetime.timedelta(days=365))
    seconds = max(math.floor((high - low).total_seconds()), 0)
    return f"{write_constant(low)} + to_seconds(CAST({draw} % {seconds + 1} AS BIGINT))"
