"""Plans over prepared files as SQL: a bound by rank is a filter, a group a small number, a cube a table.

`PreparedReading` tells `engines.sql` how prepared columns are read, for every plan. `write_coded` is for
plans of the rank and cube paths that read one table: groups are taken by the codes of the columns that their
keys are made of, and only the few groups found are turned into keys, so that no row's key is ever computed.
What is added up, and by which rule, stands in `query.path` and `query.layout`; it is judged by
tests/property/test_query_prepared.py.
"""

from __future__ import annotations

import datetime
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from lightwell.engines import sql
from lightwell.query import class_means
from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import layout as layouts
from lightwell.query import path as paths
from lightwell.query import plan as plans
from lightwell.query.bound import Bounded
from lightwell.query.class_means import Scale
from lightwell.query.codebook import Column, Table
from lightwell.query.domain import Key, Value
from lightwell.query.expression import Call, Constant, Expression, Field
from lightwell.query.layout import FIRST, FIRST_ROW, RANK, TIERS, Cube, Kept, Layout
from lightwell.query.path import Serving
from lightwell.query.plan import GroupKey, Measure, Plan

# Groups by code beyond this are taken by key instead: turning codes into keys is done one by one.
_MAX_COMBINATIONS = 20_000
# Longer lists are looked up by value: they would make the statement long.
_MAX_PLACES = 512
_TYPES = {
    domains.BOOLEAN: "BOOLEAN",
    domains.INTEGER: "BIGINT",
    domains.REAL: "DOUBLE",
    domains.TEXT: "VARCHAR",
    domains.DATE: "DATE",
    domains.TIMESTAMP: "TIMESTAMP",
}


@dataclass(frozen=True, slots=True)
class Coded:
    """One statement: its columns are codes of `leaves`, then keys of the places `direct`, then measures.

    Of bins the columns before the last are the bin, as in `sql.Statement`.
    """

    text: str
    measures: tuple[int, ...]
    leaves: tuple[str, ...]
    direct: tuple[int, ...]
    has_bins: bool = False


def name_rows(table: Table, tiers: int, weeks: int = 0) -> str:
    """The view of the rows of the first tiers, of all weeks or of as many as a plan reads.

    Where it is of every tier there is, it is of any rank.
    """
    last = str(TIERS[tiers - 1]) if tiers <= len(TIERS) else "any"
    of = "" if not weeks else " of 1 week" if weeks == 1 else f" of {weeks} weeks"
    return sql.quote(f"{table.name}{of} to rank {last}")


def name_cube(table: Table, cube: Cube) -> str:
    """The table that a cube is held in."""
    return sql.quote(f"{table.name} {cube.name}")


def write_decoded(kept: Kept, name: str) -> str:
    """A kept column as the value it stands for: the SQL of `layout.decode`."""
    of = kept.column.domain
    if kept.how == "plain":
        return f"CAST({name} AS {_TYPES[of.kind]})"
    if kept.how == "step":
        return f"(CAST({name} AS DOUBLE) * {sql.write_real(kept.step)})"
    if of.kind == domains.BOOLEAN:
        return f"({name} = 1)"
    least = sql.write_constant(kept.values[0])
    if kept.is_dense:
        return f"({least} + CAST({name} AS {'BIGINT' if of.kind == domains.INTEGER else 'INTEGER'}))"
    listed = ", ".join(sql.write_constant(value) for value in kept.values)
    return f"([{listed}])[CAST({name} AS INTEGER) + 1]"


def write_class_means(layout: Layout, scales: Sequence[Scale]) -> str:
    """What `query.class_means` adds up, by class: sums, known, squares and own of each column. Private."""
    units = class_means.UNITS
    rows = name_rows(layout.table, len(TIERS) + 1)
    inner, outer = [], []
    for number, scale in enumerate(scales):
        code = f"CAST({sql.quote(layout.kept[scale.name.lower()].stored)} AS BIGINT)"
        # From 0 to twice the units, so that cutting is downwards in every engine.
        placed = f"(({code} - {scale.first}) * {2 * units} // {scale.last - scale.first})"
        inner += [
            f"CAST(COALESCE(SUM({placed}), 0) AS HUGEINT) AS s{number}",
            f"COUNT({code}) AS k{number}",
            f"CAST(COALESCE(SUM(({placed} - {units}) * ({placed} - {units})), 0) AS HUGEINT) AS q{number}",
        ]
        mean = f"((s{number} + {units} * CAST(n - k{number} AS HUGEINT)) // n - {units})"
        outer += [
            f"SUM({mean})",
            f"SUM({units} * CAST(k{number} AS HUGEINT) // n)",
            f"SUM(q{number} // ({4 * units} * CAST(n AS HUGEINT)))",
            f"SUM({mean} * {mean} // {4 * units})",
        ]
    classes = " ".join(f"WHEN n <= {most} THEN {place}" for place, most in enumerate(class_means.CLASSES))
    return (
        f"SELECT CASE {classes} END AS class, {', '.join(outer)} FROM "
        f"(SELECT unit, COUNT(*) AS n, {', '.join(inner)} FROM {rows} GROUP BY unit) AS children "
        f"WHERE n <= {class_means.CLASSES[-1]} GROUP BY class"
    )


def write_bounded_rows(layout: Layout, rows: int | None, weeks: Sequence[datetime.date]) -> str:
    """What stands after FROM: the rows up to a rank, or all of them for None; always with a WHERE.

    Where a plan reads few of the weeks, only their files are opened: the others have no row that it counts.
    """
    some = len(weeks) if len(weeks) < len(layout.weeks) else 0
    if rows is None or rows > TIERS[-1]:
        source, needs_filter = name_rows(layout.table, len(TIERS) + 1, some), rows is not None
    else:
        tiers = layouts.find_tier(rows) + 1
        source, needs_filter = name_rows(layout.table, tiers, some), layouts.count_tiers(rows) is None
    return f"{source} WHERE {f'{RANK} <= {rows}' if needs_filter else 'TRUE'}"


class PreparedReading(sql.Reading):
    """How prepared files are read: rows up to a rank, of each week where there are weeks; None for all.

    `weeks` are those whose files are opened, by their Mondays; none stands for all.
    """

    def __init__(
        self, known: dict[str, Layout], rows: int | None, weeks: Sequence[datetime.date] = ()
    ) -> None:
        self.known, self.rows, self.weeks = known, rows, weeks

    def write_column(self, table: Table, column: Column) -> str:
        layout = self.known.get(table.name.lower())
        if layout is None:
            return super().write_column(table, column)
        kept = layout.kept[column.name.lower()]
        return write_decoded(kept, sql.quote(kept.stored))

    def write_source(self, table: Table, scan: plans.Scan) -> str:
        return write_bounded_rows(self.known[table.name.lower()], self.rows, self.weeks)

    def write_unit(self, table: Table) -> str:
        return "unit"

    def write_place(self, table: Table, column: Column) -> str:
        layout = self.known.get(table.name.lower())
        kept = None if layout is None else layout.kept[column.name.lower()]
        if kept is None or kept.how != "code" or len(kept.values) > _MAX_PLACES:
            return ""
        return f"CAST({sql.quote(kept.stored)} AS INTEGER)"


def write_coded(bounded: Bounded, serving: Serving) -> list[Coded]:
    """Write what measures a plan of one table on the rank or cube path."""
    assert serving.layout is not None
    writer = _CodedWriter(bounded.plan, serving, serving.layout, is_cubed=bounded.path == paths.CUBED)
    return writer.write_all()


@dataclass
class _Select:
    """Sums that come from the same rows under the same conditions."""

    source: str
    numbers: list[int] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)


class _CodedWriter:
    def __init__(self, plan: Plan, serving: Serving, layout: Layout, *, is_cubed: bool) -> None:
        self.plan, self.serving, self.layout, self.is_cubed = plan, serving, layout, is_cubed
        keys = [key.expression for key in plan.keys]
        leaves = paths.list_columns(*keys)
        coded = [name for name in leaves if layout.kept[name].how == "code"]
        sizes = math.prod(layout.kept[name].count_keys() for name in coded)
        self.direct = tuple(
            number
            for number, key in enumerate(keys)
            if sizes > _MAX_COMBINATIONS or not set(paths.list_columns(key)) <= set(coded)
        )
        by_code = [key for number, key in enumerate(keys) if number not in self.direct]
        self.leaves = tuple(paths.list_columns(*by_code))

    def write_all(self) -> list[Coded]:
        selects: dict[str, _Select] = {}
        statements = []
        for number, measure in enumerate(self.plan.measures):
            cube = self.serving.cubes[number] if self.is_cubed else None
            source = self.write_source(number, measure, cube)
            if measure.kind == "bins":
                statements.append(self.write_bins(number, measure, cube, source))
                continue
            select = selects.setdefault(source, _Select(source))
            select.numbers.append(number)
            select.sums.append(f"CAST(COALESCE({self.write_sum(measure, cube)}, 0) AS BIGINT) AS v{number}")
        for select in selects.values():
            groups = self.list_groups()
            text = (
                f"SELECT {', '.join([*groups, *select.sums])} FROM {select.source}{_group_first(len(groups))}"
            )
            statements.append(Coded(text, tuple(select.numbers), self.leaves, self.direct))
        return statements

    # --- where from ---------------------------------------------------------------------------------------

    def write_source(self, number: int, measure: Measure, cube: Cube | None) -> str:
        flag = self.serving.flags[number]
        if cube is None:
            source = self.write_rows(flag)
        else:
            source = f"{name_cube(self.layout.table, cube)} WHERE {self.write_tiers(flag)}"
        conditions = [self.write(condition) for condition in self.serving.conditions]
        return " AND ".join([source, *conditions])

    def write_rows(self, flag: str | None) -> str:
        if flag is None:
            return write_bounded_rows(self.layout, self.serving.rows, self.serving.weeks)
        if not flag:
            first = FIRST_ROW if self.layout.partition else f"{RANK} = 1"
            return f"{write_bounded_rows(self.layout, TIERS[0], self.serving.weeks)} AND {first}"
        name = sql.quote(FIRST + flag)
        most = f"{name} <= {self.serving.groups}" if self.serving.groups else f"{name} IS NOT NULL"
        return f"{write_bounded_rows(self.layout, None, self.serving.weeks)} AND {most}"

    def write_tiers(self, flag: str | None) -> str:
        if flag == "" or (flag and not self.serving.groups):
            return "TRUE"
        tiers = layouts.count_tiers(self.serving.groups if flag else self.serving.rows)
        return f"tier < {tiers}"

    # --- what ---------------------------------------------------------------------------------------------

    def write_sum(self, measure: Measure, cube: Cube | None) -> str:
        if measure.kind == "children":
            counted = "TRUE" if measure.argument is None else self.write(measure.argument)
            amount = "1" if cube is None else "rows" if cube.flag else "children"
            return f"SUM(CASE WHEN {counted} THEN {amount} ELSE 0 END)"
        value, condition = paths.split_argument(measure.argument)
        number = self.find_number(value)
        affine = paths.find_affine(measure, self.layout.kept[number]) if number else None
        if cube is not None and not (number and number in cube.numbers):
            number, affine = "", None
        if number and (measure.kind == "rows" or affine):
            name = sql.quote(self.layout.kept[number].stored)
            known, total = f"COUNT({name})", f"SUM({name})"
            if condition is not None:
                name = f"CASE WHEN {self.write(condition)} THEN {name} END"
                known, total = f"COUNT({name})", f"SUM({name})"
            if cube is not None:
                known, total = (sql.quote(f"{word} {number}") for word in ("known", "sum"))
                if condition is not None:
                    test = self.write(condition)
                    known, total = (f"CASE WHEN {test} THEN {name} END" for name in (known, total))
                known, total = f"SUM({known})", f"SUM({total})"
            if measure.kind == "rows":
                return known
            assert affine is not None
            factor, offset = affine
            scaled = total if factor == 1 else f"{total} * {factor}"
            return scaled if offset == 0 else f"{scaled} + {known} * ({offset})"
        weight = "" if cube is None else "rows"
        if measure.kind == "rows":
            if measure.argument is None:
                return f"SUM({weight})" if weight else "COUNT(*)"
            test = f"CASE WHEN {self.write_known(measure.argument)} THEN {weight or 1} ELSE 0 END"
            return f"SUM({test})"
        units = sql.write_value(measure, self.write)
        return f"SUM({units} * {weight})" if weight else f"SUM({units})"

    def write_known(self, argument: Expression) -> str:
        """A test whether a value is not null."""
        value, condition = paths.split_argument(argument)
        if condition is not None and isinstance(value, Constant) and value.value is not None:
            return self.write(condition)
        return f"{self.write(argument)} IS NOT NULL"

    def write_bins(self, number: int, measure: Measure, cube: Cube | None, source: str) -> Coded:
        assert measure.argument is not None
        value, condition = paths.split_argument(measure.argument)
        if condition is not None and value is not None:
            source = f"{source} AND {self.write(condition)}"
        if cube is not None:
            bin_, amount = "bin", "SUM(rows)"
        else:
            of = (
                measure
                if value is None
                else Measure("bins", value, low=measure.low, high=measure.high, count=measure.count)
            )
            bin_, amount = f"CAST({sql.write_bin(of, self.write)} AS SMALLINT)", "COUNT(*)"
        groups = [*self.list_groups(), f"{bin_} AS bin"]
        columns = ", ".join([*groups, f"CAST({amount} AS BIGINT) AS v"])
        text = f"SELECT {columns} FROM {source}{_group_first(len(groups))}"
        return Coded(text, (number,), self.leaves, self.direct, True)

    def list_groups(self) -> list[str]:
        leaves = [
            f"{sql.quote(self.layout.kept[name].stored)} AS c{place}"
            for place, name in enumerate(self.leaves)
        ]
        keys = [f"{self.write(self.plan.keys[number].expression)} AS k{number}" for number in self.direct]
        return [*leaves, *keys]

    def find_number(self, value: Expression | None) -> str:
        """The column whose kept numbers a value is, or nothing."""
        if not isinstance(value, Field):
            return ""
        name = paths.list_columns(value)[0]
        return name if layouts.is_number(self.layout.kept[name]) else ""

    # --- expressions --------------------------------------------------------------------------------------

    def write(self, node: Expression) -> str:
        """An expression over kept columns. A condition on one coded column is worked out for each code."""
        if isinstance(node, Constant):
            return sql.write_constant(node.value)
        if isinstance(node, Field):
            kept = self.layout.kept[paths.list_columns(node)[0]]
            return write_decoded(kept, sql.quote(kept.stored))
        columns = paths.list_columns(node)
        if len(columns) == 1 and node.domain.kind == domains.BOOLEAN:
            kept = self.layout.kept[columns[0]]
            if kept.how == "code" and kept.count_keys() <= 512:
                return self.write_condition(node, kept)
        return sql.write_call(node, [self.write(part) for part in node.arguments])

    def write_condition(self, node: Call, kept: Kept) -> str:
        name = expressions.list_fields(node)[0].name
        found: dict[Key, list[int]] = {True: [], False: [], None: []}
        for code, value in enumerate(kept.values):
            found[expressions.evaluate(node, {name: value})].append(code)
        missing = expressions.evaluate(node, {name: None})
        column = sql.quote(kept.stored)
        if missing is None and not found[None]:
            # Null is null by itself.
            return _write_among(column, found[True])
        branches = f"WHEN {column} IS NULL THEN {sql.write_constant(missing)}"
        for result in (True, False):
            if found[result]:
                branches += f" WHEN {_write_among(column, found[result])} THEN {sql.write_constant(result)}"
        return f"(CASE {branches} END)"


def _group_first(count: int) -> str:
    """Group by the first columns: by number, because a column of the table may be called as one of them."""
    return f" GROUP BY {', '.join(str(place + 1) for place in range(count))}" if count else ""


def _write_among(column: str, codes: Sequence[int]) -> str:
    if not codes:
        return f"({column} < 0)"
    if codes[-1] - codes[0] + 1 == len(codes):
        return f"({column} BETWEEN {codes[0]} AND {codes[-1]})"
    return f"({column} IN ({', '.join(map(str, codes))}))"


class GroupReader:
    """Tells the group that a row of a statement belongs to; each key is worked out once for its codes."""

    def __init__(self, plan: Plan, layout: Layout, coded: Coded) -> None:
        self.keys = [_KeyReader(number, key, layout, coded) for number, key in enumerate(plan.keys)]

    def find(self, row: Sequence[Key]) -> tuple[Key, ...] | None:
        """The group of a row, or None where it is in none."""
        group: list[Key] = []
        for key in self.keys:
            codes = key.take(row)
            value = key.known[codes] if codes in key.known else key.work_out(codes)
            if value is _OUTSIDE:
                return None
            group.append(value)
        return tuple(group)


# In the place of a key's value that no group has.
_OUTSIDE = object()


class _KeyReader:
    """One key of a group, by what `take` takes of a row: codes of its columns, or the key's own value."""

    def __init__(self, number: int, key: GroupKey, layout: Layout, coded: Coded) -> None:
        self.expression = key.expression
        self.listed = None if key.values is None else frozenset(key.values)
        self.known: dict[Any, Any] = {}
        # Of a key that reads no column there are no codes.
        self.take: Callable[[Sequence[Key]], Any] = lambda row: ()
        self.fields: list[tuple[str, tuple[Value, ...]]] = []
        self.is_direct = number in coded.direct
        if self.is_direct:
            self.take = operator.itemgetter(len(coded.leaves) + coded.direct.index(number))
        elif names := paths.list_columns(key.expression):
            self.take = operator.itemgetter(*(coded.leaves.index(name) for name in names))
            fields = expressions.list_fields(key.expression)
            self.fields = [
                (field.name, layout.kept[name].values) for field, name in zip(fields, names, strict=True)
            ]

    def work_out(self, codes: Any) -> Any:
        """The key's value, or `_OUTSIDE`; it is known from then on."""
        value = codes
        if not self.is_direct:
            several = (codes,) if len(self.fields) == 1 else codes
            row = {
                name: None if code is None else listed[code]
                for (name, listed), code in zip(self.fields, several, strict=True)
            }
            value = expressions.evaluate(self.expression, row)
        found = value if self.listed is None or value in self.listed else _OUTSIDE
        self.known[codes] = found
        return found
