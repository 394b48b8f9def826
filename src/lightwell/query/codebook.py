"""The codebook: what a data set holds, in public words, and every bound that a private answer rests on.

`parse_codebook` turns the value of a YAML or JSON file into a frozen `Codebook` or names every problem by its
place (a JSON Pointer). Nothing is guessed. A bound taken from the data itself would tell something about the
child that set it, so each carries `attested`: a public source, or the release by which it was bought; a
codebook with a bound that has none is a draft and answers no query (`list_unattested`). Format:
docs/reference/codebook.md.
"""

from __future__ import annotations

import datetime
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lightwell.base import canonical, errors
from lightwell.query import domain
from lightwell.query.domain import Domain, Value

VERSION = 1
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,62}")
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
# A zero character ends a text in SQL, half of a character is none.
_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")
_MAX_ROWS = 1_000_000
_MAX_VALUES = 10_000
_LARGEST_REAL = 1e12
# A day before has no Monday, one after no Sunday; more days would be more weeks than anybody can open.
_FIRST_DAY, _LAST_DAY, _MAX_DAYS = datetime.date(1, 1, 8), datetime.date(9999, 12, 26), 7 * 1040
_FIELDS = {
    "": (
        "codebook",
        "dataset",
        "version",
        "title",
        "population",
        "delta",
        "budget",
        "tables",
        "sample",
        "source",
    ),
    "table": ("unit", "rows_per_child", "attested", "title", "columns", "key", "public", "partition"),
    "column": ("type", "values", "low", "high", "step", "nulls", "constant", "attested", "title", "labels"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its domain, whether it is one value for each child, and where its bounds come from."""

    name: str
    domain: Domain
    title: str = ""
    is_constant: bool = False
    attested: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """One table: of children, with its unit and the most rows one child may count for; or public, with a key.

    `unit` is the column that names the child and is empty for a public table, whose `key` is a column that no
    two rows share. `partition` is the column, in small letters, with the day by whose week prepared rows are
    kept apart, or empty.
    """

    name: str
    columns: Mapping[str, Column]
    unit: str = ""
    rows_per_child: int = 0
    attested: str = ""
    key: str = ""
    title: str = ""
    partition: str = ""

    @property
    def is_public(self) -> bool:
        """Answer whether nobody's privacy hangs on it."""
        return not self.unit


@dataclass(frozen=True, slots=True)
class Codebook:
    """A data set's public description. `population` is whose budget pays; `delta` the usual one of a
    query."""

    dataset: str
    version: str
    population: str
    delta: float
    tables: Mapping[str, Table]
    budget: Mapping[str, float]
    title: str = ""
    source: str = ""
    is_sample: bool = False
    digest: str = ""


def parse_codebook(value: Any) -> Codebook:
    """Read a codebook from the value of its file.

    Raises UserMistake with every problem, each at its place.
    """
    problems: list[errors.Problem] = []
    if not isinstance(value, dict):
        raise errors.UserMistake("A codebook is a mapping with the field codebook: 1.")
    _refuse_unknown(value, "", _FIELDS[""], problems)
    _check_words(value, "", ("title", "source"), problems)
    _check_flags(value, "", ("sample",), problems)
    if value.get("codebook") != VERSION or value.get("codebook") is True:
        problems.append(errors.Problem("/codebook", f"Write {VERSION}, the version of the format."))
    names: dict[str, Any] = {}
    for name in ("dataset", "population"):
        names[name] = value.get(name)
        if not isinstance(names[name], str) or not _SLUG.fullmatch(names[name]):
            problems.append(errors.Problem(f"/{name}", "Write a name of small letters, digits and hyphens."))
    delta = value.get("delta", 1e-7)
    if not _is_real(delta) or not 0 < delta <= 1e-5:
        problems.append(errors.Problem("/delta", "Write a number above 0 and at most 1e-5, such as 1e-7."))
    budget = value.get("budget") or {}
    if (
        not isinstance(budget, dict)
        or set(budget) != {"epsilon", "delta"}
        or not all(map(_is_real, budget.values()))
    ):
        problems.append(
            errors.Problem(
                "/budget", "Write epsilon and delta, the most that all queries together may ever cost."
            )
        )
    tables = {}
    listed = value.get("tables")
    if not isinstance(listed, dict) or not listed:
        problems.append(errors.Problem("/tables", "Name at least one table."))
        listed = {}
    for name, said in listed.items():
        place = f"/tables/{_point(name)}"
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            problems.append(errors.Problem(place, "A table's name is letters, digits and underscores."))
        table = _parse_table(str(name), said, place, problems)
        if table:
            tables[table.name.lower()] = table
    if len(tables) < len(listed) and not problems:
        problems.append(errors.Problem("/tables", "Two tables have the same name but for letter case."))
    if problems:
        raise errors.UserMistake(problems=problems)
    return Codebook(
        dataset=str(names["dataset"]),
        version=str(value.get("version", "1")),
        population=str(names["population"]),
        delta=float(delta),
        tables=tables,
        budget={name: float(number) for name, number in budget.items()},
        title=str(value.get("title", "")),
        source=str(value.get("source", "")),
        is_sample=value.get("sample") is True,
        digest=canonical.compute_digest(_plain(value)),
    )


def list_unattested(codebook: Codebook) -> list[str]:
    """Name each bound, as a JSON Pointer, that neither a public source nor a bought release stands behind."""
    return [place for place, attested in _list_bounds(codebook) if not attested]


def _list_bounds(codebook: Codebook) -> Iterator[tuple[str, str]]:
    for table in codebook.tables.values():
        if table.is_public:
            continue
        yield f"/tables/{table.name}/rows_per_child", table.attested
        for column in table.columns.values():
            bounds = column.domain
            if bounds.values is not None or bounds.is_bounded or column.is_constant:
                yield f"/tables/{table.name}/columns/{column.name}", column.attested


def _parse_table(name: str, said: Any, place: str, problems: list[errors.Problem]) -> Table | None:
    if not isinstance(said, dict):
        problems.append(errors.Problem(place, "A table is a mapping with unit, rows_per_child and columns."))
        return None
    before = len(problems)
    _refuse_unknown(said, place, _FIELDS["table"], problems)
    _check_words(said, place, ("title", "attested"), problems)
    _check_flags(said, place, ("public",), problems)
    columns = said.get("columns")
    if not isinstance(columns, dict) or not columns:
        problems.append(errors.Problem(f"{place}/columns", "Describe at least one column."))
        columns = {}
    is_public = said.get("public") is True
    unit, key, rows = said.get("unit", ""), said.get("key", ""), said.get("rows_per_child", 0)
    if is_public:
        if unit or rows:
            problems.append(
                errors.Problem(place, "A public table has a key, and neither unit nor rows_per_child.")
            )
        if not isinstance(key, str) or key not in columns:
            problems.append(errors.Problem(f"{place}/key", "Name the column that no two rows share."))
    else:
        if not isinstance(unit, str) or not _NAME.fullmatch(unit):
            problems.append(
                errors.Problem(f"{place}/unit", "Name the column that says which child a row is about.")
            )
        elif unit.lower() in (str(column).lower() for column in columns):
            problems.append(
                errors.Problem(f"{place}/unit", "The unit is no column to ask for: leave it out below.")
            )
        if isinstance(rows, bool) or not isinstance(rows, int) or not 1 <= rows <= _MAX_ROWS:
            problems.append(
                errors.Problem(f"{place}/rows_per_child", f"Write how many rows count: 1 to {_MAX_ROWS}.")
            )
        if key:
            problems.append(errors.Problem(f"{place}/key", "Only a public table has a key."))
    read = {}
    for column, words in columns.items():
        if not isinstance(column, str) or not _NAME.fullmatch(column):
            problems.append(
                errors.Problem(
                    f"{place}/columns/{_point(column)}", "A column's name is letters, digits and underscores."
                )
            )
            continue
        found = _parse_column(column, words, f"{place}/columns/{column}", problems)
        if found:
            if column.lower() in read:
                problems.append(
                    errors.Problem(f"{place}/columns/{column}", "Another has this name but for case.")
                )
            read[column.lower()] = found
    partition = said.get("partition", "")
    if partition and (is_public or not _parts_weeks(read.get(str(partition).lower()))):
        problems.append(
            errors.Problem(
                f"{place}/partition",
                f"Name a column of this table of the type date, with low and high from {_FIRST_DAY} to "
                f"{_LAST_DAY} and at most {_MAX_DAYS} days apart, and not constant; a public table has no "
                "partition.",
            )
        )
    if len(problems) > before:
        return None
    attested = _read_attested(said.get("attested"))
    title = str(said.get("title", ""))
    return Table(name, read, unit, rows, attested, key, title, str(partition).lower())


def _parts_weeks(column: Column | None) -> bool:
    """Answer whether each value of a column is a day that lies in one of few enough weeks."""
    if column is None or column.domain.kind != domain.DATE or column.is_constant:
        return False
    low: Any = column.domain.low
    high: Any = column.domain.high
    return low is not None and low >= _FIRST_DAY and high <= _LAST_DAY and (high - low).days < _MAX_DAYS


def _parse_column(name: str, said: Any, place: str, problems: list[errors.Problem]) -> Column | None:
    if not isinstance(said, dict):
        problems.append(errors.Problem(place, "A column is a mapping with type and bounds."))
        return None
    before = len(problems)
    _refuse_unknown(said, place, _FIELDS["column"], problems)
    _check_words(said, place, ("title", "attested"), problems)
    _check_flags(said, place, ("nulls", "constant"), problems)
    kind = said.get("type")
    if kind not in domain.KINDS:
        problems.append(errors.Problem(f"{place}/type", f"Write one of {', '.join(domain.KINDS)}."))
        return None
    values = said.get("values")
    if values is not None:
        good = isinstance(values, list) and 0 < len(values) <= _MAX_VALUES
        good = good and all(_fits(value, kind) for value in values)
        if kind in (domain.REAL, domain.TIMESTAMP, domain.BOOLEAN) or not good:
            problems.append(
                errors.Problem(
                    f"{place}/values", f"List 1 to {_MAX_VALUES} values of the type; integer, text or date."
                )
            )
            return None
        if len(set(values)) < len(values):
            problems.append(errors.Problem(f"{place}/values", "A value stands twice."))
            return None
    low: Any = said.get("low")
    high: Any = said.get("high")
    for end, bound in (("low", low), ("high", high)):
        if bound is not None and (kind in (domain.TEXT, domain.BOOLEAN) or not _fits(bound, kind)):
            problems.append(errors.Problem(f"{place}/{end}", f"Write a bound of the type {kind}."))
    if len(problems) > before:
        return None
    if values is not None and (low is not None or high is not None):
        # A listed value outside the bounds would add more than what is reckoned with.
        problems.append(errors.Problem(place, "Write values, or low and high, not both."))
    elif (low is None) != (high is None):
        problems.append(errors.Problem(place, "Write both low and high, or neither."))
    elif low is not None and low > high:
        problems.append(errors.Problem(place, "low is above high."))
    elif values is not None and kind == domain.INTEGER and low is None:
        low, high = min(values), max(values)
    step: Any = said.get("step")
    if kind == domain.REAL and low is not None:
        span = max(abs(low), abs(high))
        if step is None or not _is_real(step) or not 0 < step <= span or span / step > domain.LARGEST / 2**20:
            problems.append(
                errors.Problem(f"{place}/step", "Write the resolution at which it is added up, such as 0.01.")
            )
    elif step is not None:
        problems.append(errors.Problem(f"{place}/step", "Only a real number with bounds has a step."))
    labels = said.get("labels") or {}
    if not isinstance(labels, dict):
        problems.append(errors.Problem(f"{place}/labels", "Labels are a mapping of value to words."))
    if len(problems) > before:
        return None
    if kind == domain.REAL and low is not None:
        low, high, step = float(low), float(high), float(step)
    found = Domain(
        kind, low, high, None if values is None else tuple(values), step, said.get("nulls") is not False
    )
    words = {str(value): str(text) for value, text in labels.items()}
    attested = _read_attested(said.get("attested"))
    return Column(name, found, str(said.get("title", "")), said.get("constant") is True, attested, words)


def _read_attested(said: Any) -> str:
    return said.strip() if isinstance(said, str) else ""


def _fits(value: Any, kind: str) -> bool:
    if kind == domain.INTEGER:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= domain.LARGEST
    if kind == domain.REAL:
        return _is_real(value) and abs(value) <= _LARGEST_REAL
    if kind == domain.TEXT:
        return isinstance(value, str) and len(value) <= 1000 and not _UNWRITABLE.search(value)
    if kind == domain.TIMESTAMP:
        # Times here have no zone; one with a zone cannot be compared with them.
        return isinstance(value, datetime.datetime) and value.tzinfo is None
    return isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)


def _is_real(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _refuse_unknown(
    said: dict[Any, Any], place: str, known: tuple[str, ...], problems: list[errors.Problem]
) -> None:
    for name in said:
        if name not in known:
            problems.append(
                errors.Problem(
                    f"{place}/{_point(name)}", f"This field is not known; known are {', '.join(known)}."
                )
            )


def _check_words(
    said: dict[Any, Any], place: str, names: tuple[str, ...], problems: list[errors.Problem]
) -> None:
    for name in names:
        if not isinstance(said.get(name, ""), str):
            problems.append(errors.Problem(f"{place}/{name}", "Write words."))


def _check_flags(
    said: dict[Any, Any], place: str, names: tuple[str, ...], problems: list[errors.Problem]
) -> None:
    """A flag that is neither true nor false would be taken for one of them in silence."""
    for name in names:
        if not isinstance(said.get(name, False), bool):
            problems.append(errors.Problem(f"{place}/{name}", "Write true or false."))


def _point(name: Any) -> str:
    """A name as a part of a JSON Pointer (RFC 6901, section 3)."""
    return str(name).replace("~", "~0").replace("/", "~1")


def _plain(value: Any) -> Any:
    """Write dates as text and reals as text, so that the digest does not hang on a library's number
    format."""
    if isinstance(value, dict):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return value


def show_value(value: Value | None) -> str:
    """Write a value for people and for JSON keys: true, 3, words, 2026-01-05, or null."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    return str(value)
