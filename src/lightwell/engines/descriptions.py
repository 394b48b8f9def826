"""A codebook drafted from a file, and a file checked against a codebook: both for the OWNER's eyes.

A draft is made from the data, so it tells of them; it is no release, and it answers nothing until its owner
has attested each bound from a public source or has bought it. So that what is forgotten in it tells little,
nothing that fewer than `LEAST_CHILDREN` children have decides anything: a value that fewer have is left out,
a bound is one that so many children reach, rounded outwards to a step of 1, 2 or 5, and no count is written.
That is care and no proof; only `attested` makes a codebook public.

`find_misfits` is the opposite: it counts exactly what does not fit, for the owner who runs it, and writes
nothing down.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from lightwell.base import errors
from lightwell.engines import duckdb as engines
from lightwell.engines.sql import quote, write_constant
from lightwell.query import domain as domains
from lightwell.query.codebook import Codebook, Column, Table, show_value
from lightwell.query.domain import Domain, Value

# A value or a bound that fewer children stand behind could be one child's own.
LEAST_CHILDREN = 20
# More values than this are not listed but bounded, or left open where they are texts.
MOST_LISTED = 60
# A list of whole numbers that goes on longer is a range with gaps, and the gaps would tell.
MOST_LISTED_NUMBERS = 12
# The share of children whose rows all count: the bound is for the others.
_ROWS_SHARE = 0.99
_READERS = {".parquet": "read_parquet", ".csv": "read_csv", ".tsv": "read_csv"}
_KINDS = {
    "BOOLEAN": domains.BOOLEAN,
    **dict.fromkeys(
        ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"), domains.INTEGER
    ),
    **dict.fromkeys(("FLOAT", "DOUBLE", "DECIMAL"), domains.REAL),
    **dict.fromkeys(("VARCHAR", "ENUM"), domains.TEXT),
    "DATE": domains.DATE,
    **dict.fromkeys(("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"), domains.TIMESTAMP),
}
# What may be meant; a column that is not there, or a doubled key, never is.
ACCEPTABLE = ("rows", "values", "unit", "constant")


@dataclass(frozen=True, slots=True)
class Described:
    """One column of a draft; `remark` stands in a comment beside it. Left out where `domain` is None."""

    name: str
    domain: Domain | None
    is_constant: bool = False
    remark: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A table of a draft: its unit, the rows that count, its columns."""

    table: str
    unit: str
    rows: int
    columns: tuple[Described, ...]


@dataclass(frozen=True, slots=True)
class Misfit:
    """What of a table does not fit its codebook: the kind, the column or nothing, and a sentence."""

    kind: str
    place: str
    sentence: str


# --- a draft --------------------------------------------------------------------------------------------


def describe_file(path: Path, unit: str) -> Draft:
    """Draft the codebook of a Parquet or CSV file, or of a DuckDB file's one table, in which `unit` names the
    child of a row.

    Raises UserMistake for a file that cannot be read, a unit that is not there or that is no stable name, and
    a file of too few children to tell anything apart.
    """
    with _Owner(path) as owner:
        stored = owner.read_columns()
        found = {name.lower(): name for name in stored}
        if unit.lower() not in found:
            raise errors.UserMistake(
                f"the file has no column {unit}; it has {_shorten(list(stored))}", place="--unit"
            )
        unit = found[unit.lower()]
        if not _is_name(unit):
            raise errors.UserMistake(
                f"the column {unit} cannot name the child, because a column's name is letters, digits and "
                "underscores; give it another name in the file",
                place="--unit",
            )
        guessed = (engines.GUESSED_UNIT,) if _READERS.get(path.suffix.lower()) == "read_csv" else ()
        if stored[unit].partition("(")[0] not in (*engines.UNITS, *guessed):
            raise errors.UserMistake(
                f"{unit} is stored as {stored[unit]}, and a child is named by a whole number or a text",
                place="--unit",
            )
        owner.unit = quote(unit)
        if owner.ask("SELECT COUNT(DISTINCT {unit}) FROM data")[0][0] < LEAST_CHILDREN:
            raise errors.UserMistake(
                f"the file is about fewer than {LEAST_CHILDREN} children, so nothing can be drafted from it "
                "that would not be theirs; write the codebook by hand (docs/reference/codebook.md)",
                place=str(path),
            )
        rows = _find_rows(owner)
        columns = [_describe_column(owner, name, kind, rows) for name, kind in stored.items() if name != unit]
        return Draft(owner.table or _name_table(path), unit, rows, tuple(columns))


def write_draft(draft: Draft, dataset: str) -> str:
    """Write a draft as YAML with what its owner must do in comments; `codebook_files` reads it."""
    lines = [
        "# A draft for the owner's eyes, made from the data. It answers nothing and is not to be published",
        "# until every attested: names the public source of its bound, or the release that bought it.",
        "# See docs/reference/codebook.md.",
        "codebook: 1",
        f"dataset: {dataset}",
        f"population: {dataset}-children  # one for all data about the same children",
        "delta: 1e-7",
        "budget: {epsilon: 5, delta: 1e-6}  # decide it: the most that all queries together may ever cost",
        "tables:",
        f"  {draft.table}:",
        f"    unit: {_write_value(draft.unit)}",
        f"    rows_per_child: {draft.rows}  # from the data: attest it from a public source or buy it",
        '    attested: ""',
        "    columns:",
    ]
    for column in draft.columns:
        lines += _write_column(column)
    return "\n".join(lines) + "\n"


def _describe_column(owner: _Owner, name: str, stored: str, rows: int) -> Described:
    kind = _KINDS.get(stored.partition("(")[0])
    if not _is_name(name):
        return Described(name, None, remark="left out: a column's name is letters, digits and underscores")
    if kind is None:
        return Described(name, None, remark=f"left out: {stored} is no type of a codebook")
    column = _read_column(quote(name), kind)
    # Whole numbers with gaps are often stored so; the engine reads no DECIMAL as one.
    is_float = stored in ("FLOAT", "DOUBLE")
    if is_float and owner.ask(_MANY_FRACTIONS, column=column)[0][0] < LEAST_CHILDREN:
        kind, column = domains.INTEGER, _read_column(quote(name), domains.INTEGER)
    # In one row every column is constant, which says nothing.
    is_constant = rows > 1 and bool(owner.ask(_VARYING, column=column)[0][0] < LEAST_CHILDREN)
    if kind == domains.BOOLEAN:
        return Described(name, Domain(kind), is_constant)
    most = {domains.TEXT: MOST_LISTED, domains.INTEGER: MOST_LISTED_NUMBERS}.get(kind, 0)
    listed = _list_values(owner, column, most) if most else None
    if listed is not None:
        values, has_rare = listed
        remark = "rare values left out" if has_rare else ""
        if not values:
            return Described(name, None, remark="left out: every value is rare")
        return Described(name, Domain(kind, values=values), is_constant, remark)
    if kind == domains.TEXT:
        return Described(name, Domain(kind), is_constant, "many values, so none is listed")
    ends = owner.ask(_ENDS, column=column)[0]
    if ends[0] is None or ends[1] is None:
        return Described(name, Domain(kind), False, "too few children for bounds")
    low, high, step = round_outwards(*ends)
    return Described(name, Domain(kind, low, high, step=step if kind == domains.REAL else None), is_constant)


_VARYING = """
    SELECT COUNT(*) FROM (
        SELECT 1 FROM data WHERE {unit} IS NOT NULL GROUP BY {unit} HAVING COUNT(DISTINCT {column}) > 1
    )
"""
# Of how many children some value is no whole number: DOUBLE is often how whole numbers with gaps are stored.
_MANY_FRACTIONS = """
    SELECT COUNT(DISTINCT {unit}) FROM data WHERE {column} <> FLOOR({column})
"""
# The bounds that so many children reach: the least and most of each child, and of those the twentieth.
_ENDS = f"""
    WITH own AS (
        SELECT MIN({{column}}) AS least, MAX({{column}}) AS most FROM data
        WHERE {{unit}} IS NOT NULL AND {{column}} IS NOT NULL GROUP BY {{unit}}
    )
    SELECT
        (SELECT least FROM own ORDER BY least LIMIT 1 OFFSET {LEAST_CHILDREN - 1}),
        (SELECT most FROM own ORDER BY most DESC LIMIT 1 OFFSET {LEAST_CHILDREN - 1})
"""
_VALUES = """
    SELECT {column} AS value, COUNT(DISTINCT {unit}) AS children FROM data
    WHERE {column} IS NOT NULL GROUP BY value ORDER BY children DESC
"""


def _list_values(owner: _Owner, column: str, most: int) -> tuple[tuple[Value, ...], bool] | None:
    """List the values that enough children have, and say whether there are others; None where they are
    many."""
    rows = owner.ask(f"{_VALUES} LIMIT {most + 1}", column=column)
    if len(rows) > most:
        return None
    common = [value for value, children in rows if children >= LEAST_CHILDREN]
    return tuple(sorted(common)), len(common) < len(rows)


def _find_rows(owner: _Owner) -> int:
    counts = "SELECT COUNT(*) AS n FROM data WHERE {unit} IS NOT NULL GROUP BY {unit}"
    return int(
        round_up(owner.ask(f"SELECT CAST(QUANTILE_DISC(n, {_ROWS_SHARE}) AS BIGINT) FROM ({counts})")[0][0])
    )


def round_up(value: float) -> float:
    """The next number above of 1, 2 or 5 times a power of ten; `value` is above 0."""
    power = 10.0 ** math.floor(math.log10(value))
    for digit in (1, 2, 5, 10):
        # The quotient may miss a whole number by an error of the machine.
        if digit * power >= value * (1 - 1e-12):
            return digit * power
    raise AssertionError(value)


def round_outwards(low: Any, high: Any) -> tuple[Any, Any, float | None]:
    """Move both ends outwards to a grid, and say at which resolution a real number may be added up.

    Numbers: a step of 1, 2 or 5 times a power of ten, about a tenth of the range. Dates and times: whole
    months, or whole years where they are more than two.
    """
    if isinstance(low, datetime.date):
        first, last = _round_days(_to_day(low), _to_day(high))
        if isinstance(low, datetime.datetime):
            midnight = datetime.time()
            return datetime.datetime.combine(first, midnight), datetime.datetime.combine(last, midnight), None
        return first, last, None
    span = max(float(high) - float(low), abs(float(high)) / 10, abs(float(low)) / 10, 1e-9)
    step = round_up(span / 10)
    if isinstance(low, int):
        step = max(step, 1)
        return int(math.floor(low / step) * step), int(math.ceil(high / step) * step), None
    digits = max(0, -math.floor(math.log10(step)))
    first, last = math.floor(low / step) * step, math.ceil(high / step) * step
    last = last if last > first else first + step
    return round(first, digits), round(last, digits), float(f"{step / 1000:.0e}")


def _round_days(first: datetime.date, last: datetime.date) -> tuple[datetime.date, datetime.date]:
    if (last - first).days > 730:
        return datetime.date(first.year, 1, 1), datetime.date(last.year, 12, 31)
    after = datetime.date(last.year + last.month // 12, last.month % 12 + 1, 1)
    return first.replace(day=1), after - datetime.timedelta(days=1)


def _to_day(moment: datetime.date) -> datetime.date:
    return moment.date() if isinstance(moment, datetime.datetime) else moment


def _write_column(column: Described) -> Iterator[str]:
    if column.domain is None:
        yield f"      # {_comment(column.name)} is {column.remark}"
        return
    of = column.domain
    parts = [f"type: {of.kind}"]
    if of.values is not None:
        parts.append(f"values: [{', '.join(map(_write_value, of.values))}]")
    if of.is_bounded:
        parts.append(f"low: {_write_value(of.low)}, high: {_write_value(of.high)}")
    if of.step is not None:
        parts.append(f"step: {of.step:g}")
    if column.is_constant:
        parts.append("constant: true")
    needs = of.values is not None or of.is_bounded or column.is_constant
    if needs:
        parts.append('attested: ""')
    remarks = ["from the data: attest it from a public source or buy it"] if needs else []
    remarks += [column.remark] if column.remark else []
    comment = f"  # {'; '.join(remarks)}" if remarks else ""
    yield f"      {column.name}: {{{', '.join(parts)}}}{comment}"


def _write_value(value: Value) -> str:
    """Write a value so that YAML reads the same; every text in quotation marks."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        kept = "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped)
        return f'"{kept}"'
    if isinstance(value, float):
        return f"{value:.12g}"
    return show_value(value)


def _comment(text: str) -> str:
    return "".join(one if one.isprintable() else "?" for one in text)


def _is_name(name: str) -> bool:
    return name.isidentifier() and name.isascii() and len(name) <= 63


def _name_table(path: Path) -> str:
    name = "".join(one if one.isascii() and one.isalnum() else "_" for one in path.stem.lower()).strip("_")
    return name[:63] if name and not name[0].isdigit() else f"t_{name}"[:63]


def name_dataset(path: Path) -> str:
    """Name a data set after its file, in small letters, digits and hyphens."""
    return "-".join("".join(one if one.isalnum() else " " for one in _name_table(path)).split()) or "data"


# --- a check --------------------------------------------------------------------------------------------


def find_misfits(files: Mapping[str, Path], codebook: Codebook) -> list[Misfit]:
    """Find whatever in the files does not fit the codebook, with exact counts: for their owner alone.

    `files` by the table's name in small letters. Kinds: column (missing, or stored otherwise: no query is
    answered), unit, rows, values, constant, key. Raises UserMistake for a file that cannot be read.
    """
    refused: list[Misfit] = []
    owners = [
        (codebook.tables[name], _Owner(place, codebook.tables[name].name)) for name, place in files.items()
    ]
    # Rows that name no child to the engine, which may read a type from a file where its owner sees words.
    nameless: dict[str, int] = {}
    try:
        with engines.DuckDB(files, codebook, _NoDice()).open_cursor() as cursor:
            for table in codebook.tables.values():
                if not table.is_public:
                    asked = f"SELECT COUNT(*) FROM {quote(table.name)} WHERE {quote(table.unit)} IS NULL"
                    nameless[table.name] = cursor.execute(asked).fetchall()[0][0]
    except errors.UserMistake as error:
        refused = [Misfit("column", each.place, each.sentence) for each in error.problems]
    except OSError as error:
        raise errors.UserMistake(f"a file cannot be read: {error.strerror}") from None
    known = {each.place for each in refused}
    return refused + [
        each
        for table, owner in owners
        for each in _find_misfits(table, owner, known, nameless.get(table.name, 0))
    ]


class _NoDice:
    """For an engine that is opened to compare columns and never asked."""

    def add_noise(self, values: Sequence[int], sigma: float, square: int, nano_rho: int) -> list[int]:
        raise errors.CouldNotCheck("here nothing is measured")


def _find_misfits(table: Table, opened: _Owner, refused: Container[str], nameless: int) -> Iterator[Misfit]:
    holder = table.unit or table.key
    if f"{table.name}.{holder}" in refused:
        return
    with opened as owner:
        stored = {name.lower(): (quote(name), kind) for name, kind in owner.read_columns().items()}
        owner.unit = stored[holder.lower()][0]
        if table.is_public:
            yield from _count(
                owner, _DOUBLED, "key", f"{table.name}.{holder}", "{n:,} keys stand in two rows"
            )
        else:
            yield from _check_unit(owner, table, nameless)
        for column in table.columns.values():
            place = f"{table.name}.{column.name}"
            if place not in refused:
                yield from _check_column(owner, table, column, place, *stored[column.name.lower()])


_DOUBLED = "SELECT COUNT(*) FROM (SELECT 1 FROM data GROUP BY {unit} HAVING COUNT(*) > 1)"


def _check_unit(owner: _Owner, table: Table, nameless: int) -> Iterator[Misfit]:
    unit = f"{table.name}.{table.unit}"
    nameless = nameless or owner.ask("SELECT COUNT(*) FROM data WHERE {unit} IS NULL")[0][0]
    if nameless:
        yield Misfit("unit", unit, f"{nameless:,} rows name no child; they never count")
    most = table.rows_per_child
    own = f"SELECT 1 FROM data WHERE {{unit}} IS NOT NULL GROUP BY {{unit}} HAVING COUNT(*) > {most}"
    yield from _count(
        owner,
        f"SELECT COUNT(*) FROM ({own})",
        "rows",
        unit,
        f"{{n:,}} children have more than {most} rows; each is weighted down to {most}",
    )


def _check_column(
    owner: _Owner, table: Table, column: Column, place: str, value: str, stored: str
) -> Iterator[Misfit]:
    of = column.domain
    if stored == "VARCHAR" and of.kind != domains.TEXT:
        # A CSV file in which some row further down is no value of the type.
        wanted = f"TRY_CAST({value} AS {_CASTS[of.kind]})"
        yield from _count(
            owner,
            f"SELECT COUNT(*) FROM data WHERE {value} IS NOT NULL AND {wanted} IS NULL",
            "values",
            place,
            f"{{n:,}} rows hold no {of.kind}; they count as null",
        )
        value = wanted
    outside = _write_outside(value, of)
    if outside:
        yield from _count(
            owner,
            f"SELECT COUNT(*) FROM data WHERE {outside}",
            "values",
            place,
            "{n:,} rows have a value outside; "
            + (
                "they count as null"
                if of.values is not None
                else "they are moved to the nearer bound, or null"
            ),
        )
    if not of.has_null:
        yield from _count(
            owner, f"SELECT COUNT(*) FROM data WHERE {value} IS NULL", "values", place, "{n:,} rows have none"
        )
    if column.is_constant and not table.is_public:
        yield from _count(
            owner,
            _VARYING.replace("{column}", value),
            "constant",
            place,
            "{n:,} children have several; for each the least counts",
        )


_CASTS = {
    domains.BOOLEAN: "BOOLEAN",
    domains.INTEGER: "DOUBLE",
    domains.REAL: "DOUBLE",
    domains.DATE: "DATE",
    domains.TIMESTAMP: "TIMESTAMP",
}


def _write_outside(value: str, of: Domain) -> str:
    """The condition that a value is not of its domain, without null."""
    parts = []
    if of.values is not None:
        parts.append(f"{value} NOT IN ({', '.join(map(write_constant, of.values))})")
    elif of.is_bounded:
        parts.append(f"NOT ({value} BETWEEN {write_constant(of.low)} AND {write_constant(of.high)})")
    if of.kind == domains.REAL:
        parts.append(f"NOT isfinite(CAST({value} AS DOUBLE))")
    if of.kind == domains.INTEGER:
        parts.append(f"CAST({value} AS DOUBLE) <> FLOOR(CAST({value} AS DOUBLE))")
    return f"{value} IS NOT NULL AND ({' OR '.join(parts)})" if parts else ""


def _count(owner: _Owner, statement: str, kind: str, place: str, sentence: str) -> Iterator[Misfit]:
    number = owner.ask(statement)[0][0]
    if number:
        yield Misfit(kind, place, sentence.format(n=number))


# --- the file, as its owner may see it ------------------------------------------------------------------


class _Owner:
    """The view `data` over one file, for exact figures that only the file's owner is told.

    Of a DuckDB file it is over `table`, or the only one there is.
    """

    def __init__(self, path: Path, table: str = "") -> None:
        self.path, self.unit, self.table = path, "", table
        if not path.is_file():
            raise errors.UserMistake("there is no such file", place=str(path))
        if path.suffix.lower() not in (*_READERS, engines.DATABASE):
            raise errors.UserMistake("give a .parquet, .csv or .duckdb file", place=str(path))
        self._connection = duckdb.connect()

    def __enter__(self) -> _Owner:
        reader = _READERS.get(self.path.suffix.lower())
        name = str(self.path.resolve()).replace("'", "''")
        try:
            self._connection.execute("SET enable_progress_bar = false")
            if reader is None:
                self._connection.execute(f"ATTACH '{name}' AS file (READ_ONLY, TYPE duckdb)")
                self.table = self._find_table()
                self._connection.execute(f"CREATE VIEW data AS SELECT * FROM file.main.{quote(self.table)}")
                return self
            # Of a CSV file every row decides the types, because what comes late is what an owner must know.
            whole = ", sample_size = -1" if reader == "read_csv" else ""
            self._connection.execute(f"CREATE VIEW data AS SELECT * FROM {reader}('{name}'{whole})")
        except duckdb.Error:
            self._connection.close()
            raise self._refuse() from None
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def _find_table(self) -> str:
        text = "SELECT table_name FROM duckdb_tables() WHERE database_name = 'file' AND schema_name = 'main'"
        names = sorted(str(row[0]) for row in self.ask(text))
        found = [name for name in names if name.lower() == self.table.lower() or not self.table]
        if len(found) == 1 and _is_name(found[0]):
            return found[0]
        raise errors.UserMistake(
            f"the file has no table {self.table}"
            if self.table
            else "a draft is of one table, whose name is letters, digits and underscores; put one alone into "
            f"the file, which has {_shorten(names) or 'none'}",
            place=str(self.path),
        )

    def read_columns(self) -> dict[str, str]:
        """The type that each column is stored as, in the order of the file."""
        return {row[0]: str(row[1]) for row in self.ask("DESCRIBE data")}

    def ask(self, statement: str, column: str = "") -> Sequence[tuple[Any, ...]]:
        text = statement.replace("{unit}", self.unit).replace("{column}", column)
        try:
            return self._connection.execute(text).fetchall()
        except duckdb.Error:
            raise self._refuse() from None

    def _refuse(self) -> errors.UserMistake:
        # Without DuckDB's own words: they quote data, and a terminal's history is no place for that.
        return errors.UserMistake(
            "the file cannot be read: it is damaged, or not what its name says", place=str(self.path)
        )


def _read_column(name: str, kind: str) -> str:
    if kind == domains.REAL:
        return f"CASE WHEN isfinite(CAST({name} AS DOUBLE)) THEN CAST({name} AS DOUBLE) END"
    if kind == domains.INTEGER:
        real = f"CAST({name} AS DOUBLE)"
        whole = f"isfinite({real}) AND {real} = FLOOR({real}) AND ABS({real}) <= {domains.LARGEST}"
        return f"CASE WHEN {whole} THEN CAST({name} AS BIGINT) END"
    return f"CAST({name} AS {'VARCHAR' if kind == domains.TEXT else kind.upper()})"


def _shorten(names: Sequence[str]) -> str:
    shown = ", ".join(names[:12])
    return shown if len(names) <= 12 else f"{shown} and {len(names) - 12} more"
