"""From a syntax tree to a plan: tables, joins, sub-queries per child, groups, aggregates; nothing else
becomes one.

Nothing here looks at data. A refusal has a code, a place, the reason and what to write instead, and comes
before any charge. Which forms are accepted and refused: tests/spec/queries, docs/reference/sql.md.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlglot import exp

from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import parse, plan
from lightwell.query.codebook import Codebook, Table
from lightwell.query.domain import Domain, Key
from lightwell.query.expression import Expression, Field, Unfit, make_call, make_constant
from lightwell.query.plan import (
    ChildAggregate,
    Filter,
    GroupKey,
    Lookup,
    Measure,
    Meeting,
    Output,
    PerChild,
    Plan,
    Relation,
    Scan,
    Statistic,
)
from lightwell.query.reading import Reader, Refusals, Stop, only_where, read_as_number, true_where
from lightwell.query.refusal import QueryRefused, Refusal

MAX_GROUPS = 20_000
MAX_MEASURES = 24
MAX_TABLES = 6
QUANTILE_BINS = 1024
# No child's rows are more than this, whatever the file; sums of whole numbers up to it stay exact.
_LARGEST_SUMMAND = 2**31


@dataclass
class _Scope:
    """What names mean in one SELECT: columns by (prefix, name), and which names are the unit."""

    relation: Relation
    columns: dict[tuple[str, str], Expression]
    units: set[tuple[str, str]]
    constants: frozenset[str] = frozenset()


@dataclass
class _Aggregates:
    """What a SELECT of the outer level has asked for so far, each thing once."""

    measures: list[Measure] = field(default_factory=list)
    statistics: list[Statistic] = field(default_factory=list)

    def add(self, measure: Measure) -> int:
        if measure not in self.measures:
            self.measures.append(measure)
        return self.measures.index(measure)

    def state(self, statistic: Statistic) -> Field:
        if statistic not in self.statistics:
            self.statistics.append(statistic)
        number = self.statistics.index(statistic)
        return Field(f"statistic {number}", Domain(domains.REAL))


def check_query(text: str, codebook: Codebook, *, rows: int | None = None, groups: int | None = None) -> Plan:
    """Read a query of the tables of a codebook into a plan.

    `rows` and `groups` tighten how many rows, and groups, of one child count. Raises QueryRefused with every
    reason found.
    """
    checker = _Checker(codebook, rows, groups)
    try:
        found = checker.read(parse.parse_query(text))
    except Stop:
        found = None
    except RecursionError:
        raise QueryRefused(
            [Refusal("too-deep", "The query is nested too deep.", "Name parts with WITH.")]
        ) from None
    if checker.found or found is None:
        raise QueryRefused(checker.found)
    return found


class _Checker(Refusals):
    def __init__(self, codebook: Codebook, rows: int | None, groups: int | None) -> None:
        super().__init__()
        self.codebook, self.rows, self.groups = codebook, rows, groups
        self.named: dict[str, exp.Select] = {}
        self.tables = 0

    # --- the outer SELECT -------------------------------------------------------------------------------

    def read(self, select: exp.Select) -> Plan:
        self.take_names(select)
        self.refuse_parts(
            select, ("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "with_")
        )
        scope = self.read_source(select)
        named: dict[str, Expression] = {}
        keys = self.read_keys(select, scope, named)
        self.refuse_early()
        rows = self.find_rows(scope.relation)
        aggregates = _Aggregates()
        outer = _Outer(self, scope, keys, aggregates, rows)
        outputs: list[Output] = []
        for item in select.expressions:
            output = self.attempt(outer.read_item, item, outputs)
            if output:
                outputs.append(output)
        outer.aliases = {output.name.lower(): output.expression for output in outputs}
        having = select.args.get("having")
        condition = self.attempt(outer.read, having.this) if having else None
        order = []
        for one in select.args["order"].expressions if select.args.get("order") else ():
            found = self.attempt(outer.read_order, one, outputs)
            if found:
                order.append(found)
        limit = self.attempt(self.read_limit, select)
        self.refuse_early()
        if not aggregates.measures:
            raise self.refuse(
                select,
                "no-aggregate",
                "Rows of children are never shown.",
                "Ask for a figure about them, such as COUNT(*) or AVG(x).",
            )
        if len(aggregates.measures) > MAX_MEASURES:
            raise self.refuse(
                select, "too-many", f"More than {MAX_MEASURES} figures in one query.", "Ask several queries."
            )
        if any(key.values is None for key in keys):
            # Which groups are shown is decided by how many children are in each, noise added.
            aggregates.add(Measure("children"))
        count = math.prod(len(key.values or (None,)) for key in keys)
        if count > MAX_GROUPS:
            raise self.refuse(
                select,
                "too-many-groups",
                f"{count} groups are more than {MAX_GROUPS}.",
                "Group more coarsely.",
            )
        return Plan(
            source=scope.relation,
            keys=tuple(keys),
            measures=tuple(aggregates.measures),
            statistics=tuple(aggregates.statistics),
            outputs=tuple(outputs),
            rows=rows,
            groups=self.find_groups(keys, rows),
            having=condition,
            order=tuple(order),
            limit=limit,
        )

    def refuse_early(self) -> None:
        if self.found:
            raise Stop

    def find_rows(self, relation: Relation) -> int:
        most = plan.count_rows(relation)
        if self.rows is None:
            return most
        if not 1 <= self.rows <= most:
            raise self.refuse(
                None,
                "bad-bound",
                f"rows per child may be 1 to {most} here, not {self.rows}.",
                "Leave it out for the codebook's.",
            )
        return self.rows

    def find_groups(self, keys: Sequence[GroupKey], rows: int) -> int:
        """The most groups that one child counts in: one where every key is constant in the child."""
        if all(key.is_constant for key in keys):
            return 1
        varying = [len(key.values) for key in keys if key.values is not None and not key.is_constant]
        private = any(key.values is None for key in keys)
        most = rows if private else min(rows, math.prod(varying))
        return most if self.groups is None else max(1, min(self.groups, most))

    def read_keys(self, select: exp.Select, scope: _Scope, named: dict[str, Expression]) -> list[GroupKey]:
        group = select.args.get("group")
        if not group:
            return []
        if any(group.args.get(part) for part in ("all", "rollup", "cube", "grouping_sets", "totals")):
            raise self.refuse(
                group, "group-form", "GROUP BY lists its keys here.", "Write GROUP BY country, age_band."
            )
        keys = []
        for one in group.expressions:
            key = self.attempt(self.read_key, one, select, scope)
            if key:
                keys.append(key)
        return keys

    def read_key(self, node: exp.Expression, select: exp.Select, scope: _Scope) -> GroupKey:
        name, meant = self.find_meant(node, select)
        expression = plan.make_normal(self.read_row(meant, scope))
        values = expressions.enumerate_image(expression, MAX_GROUPS)
        keys: tuple[Key, ...] | None = None
        if values is not None:
            keys = (*values, *((None,) if expression.domain.has_null else ()))
        elif expression.domain.kind in (domains.REAL, domains.TIMESTAMP):
            raise self.refuse(
                node,
                "group-by-real",
                "A real number has too many values to group by.",
                "Write FLOOR(x / 10) * 10.",
            )
        fields = expressions.list_fields(expression)
        is_constant = bool(fields) and all(one.name in scope.constants for one in fields)
        return GroupKey(name, expression, keys, is_constant)

    def find_meant(self, node: exp.Expression, select: exp.Select) -> tuple[str, exp.Expression]:
        """What GROUP BY 1, or GROUP BY the name of a column of the answer, means."""
        if isinstance(node, exp.Literal) and not node.is_string:
            number = int(node.this) if node.this.isdigit() else 0
            if not 1 <= number <= len(select.expressions):
                raise self.refuse(node, "bad-place", f"There is no column {node.this}.", "Count from 1.")
            item = select.expressions[number - 1]
            return item.alias_or_name or item.sql(), item.unalias()
        if isinstance(node, exp.Column) and not node.table:
            for item in select.expressions:
                if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                    return item.alias, item.this
        return node.alias_or_name or node.sql(dialect=parse.DIALECT), node

    def read_limit(self, select: exp.Select) -> int | None:
        limit = select.args.get("limit")
        if not limit:
            return None
        size = limit.expression if isinstance(limit, exp.Limit) else None
        if not isinstance(size, exp.Literal) or size.is_string or not size.this.isdigit():
            raise self.refuse(limit, "bad-limit", "LIMIT takes a whole number.", "Write LIMIT 10.")
        return int(size.this)

    # --- where rows come from ---------------------------------------------------------------------------

    def take_names(self, select: exp.Select) -> None:
        """Remember what WITH names; a name may use those before it."""
        with_ = select.args.get("with_")
        if not with_:
            return
        if with_.args.get("recursive"):
            raise self.refuse(with_, "recursive", "WITH RECURSIVE is not answered.", "Write the steps out.")
        for one in with_.expressions:
            if not isinstance(one.this, exp.Select) or (
                one.args.get("alias") and one.args["alias"].args.get("columns")
            ):
                raise self.refuse(
                    one, "with-form", "WITH names a plain SELECT.", "Write WITH x AS (SELECT ...)."
                )
            self.named[one.alias.lower()] = one.this

    def refuse_parts(self, select: exp.Select, known: Sequence[str]) -> None:
        for part, value in select.args.items():
            if part not in known and value:
                node = value[0] if isinstance(value, list) else value
                self.refuse(
                    node if isinstance(node, exp.Expression) else select,
                    "clause",
                    f"{part.strip('_').upper().replace('_', ' ')} is not answered here.",
                    "Use WHERE, GROUP BY, HAVING, ORDER BY and LIMIT only.",
                )
        self.refuse_early()

    def read_source(self, select: exp.Select) -> _Scope:
        source = select.args.get("from_")
        if not source:
            raise self.refuse(
                select, "no-table", "The query names no table.", "Write FROM and a table of the codebook."
            )
        scope = self.read_table(source.this)
        for join in select.args.get("joins") or ():
            scope = self.read_join(join, scope)
        where = select.args.get("where")
        if where:
            condition = self.read_condition(where.this, scope)
            scope.relation = Filter(scope.relation, plan.make_normal(condition))
        return scope

    def read_condition(self, node: exp.Expression, scope: _Scope) -> Expression:
        condition = self.read_row(node, scope)
        if condition.domain.kind != domains.BOOLEAN:
            raise self.refuse(
                node, "not-a-condition", "This is not true or false.", "Compare it: WHERE x = 1."
            )
        return condition

    def read_table(self, node: exp.Expression) -> _Scope:
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise self.refuse(
                node, "too-many-tables", f"More than {MAX_TABLES} tables.", "Ask several queries."
            )
        if isinstance(node, exp.Subquery):
            extra = [part for part, value in node.args.items() if value and part not in ("this", "alias")]
            if extra or not isinstance(node.this, exp.Select):
                raise self.refuse(
                    node, "subquery-form", "A sub-query is a plain SELECT.", "Write (SELECT ...) AS x."
                )
            return self.read_inner(node.this, node.alias_or_name.lower())
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise self.refuse(
                node,
                "table-form",
                "Only tables of the codebook are read, no functions.",
                "Write FROM and its name.",
            )
        extra = [part for part, value in node.args.items() if value and part not in ("this", "alias")]
        if extra:
            raise self.refuse(
                node, "table-form", "A table is named by one word.", f"Write FROM {node.name}, without more."
            )
        name = node.name.lower()
        alias = (node.alias or node.name).lower()
        if name in self.named:
            inner = self.named[name]
            return self.read_inner(inner, alias)
        table = self.codebook.tables.get(name)
        if table is None:
            known = ", ".join(one.name for one in self.codebook.tables.values())
            raise self.refuse(
                node, "unknown-table", f"There is no table {node.name}.", f"There are: {known}."
            )
        if table.is_public:
            raise self.refuse(
                node,
                "public-first",
                f"{table.name} is public and not about children.",
                "Start FROM a table of children.",
            )
        prefix = f"t{self.tables - 1}"
        columns, constants = _expose(table, prefix, alias)
        return _Scope(
            Scan(name, prefix, table.rows_per_child), columns, {(alias, table.unit.lower())}, constants
        )

    def read_join(self, join: exp.Join, scope: _Scope) -> _Scope:
        kind, side, method = (str(join.args.get(part) or "").upper() for part in ("kind", "side", "method"))
        if (
            kind not in ("", "INNER", "OUTER")
            or side not in ("", "LEFT")
            or method
            or join.args.get("match_condition")
        ):
            raise self.refuse(
                join,
                "join-form",
                "Only JOIN and LEFT JOIN are answered.",
                "Write JOIN b ON a.child = b.child.",
            )
        if kind == "" and not join.args.get("on") and not join.args.get("using"):
            raise self.refuse(
                join,
                "cross-join",
                "A join without a condition pairs every child with every other.",
                "Join ON the child.",
            )
        keeps_all = side == "LEFT"
        if isinstance(join.this, exp.Table) and join.this.name.lower() not in self.named:
            table = self.codebook.tables.get(join.this.name.lower())
            if table is not None and table.is_public:
                return self.read_lookup(join, table, scope, keeps_all)
        other = self.read_table(join.this)
        taken = {prefix for prefix, _ in scope.columns} | {prefix for prefix, _ in scope.units}
        if taken & ({prefix for prefix, _ in other.columns} | {prefix for prefix, _ in other.units}):
            raise self.refuse(
                join, "same-name", "Two tables have the same name here.", "Name one: JOIN t AS other."
            )
        self.check_units_meet(join, scope, other)
        mark = Field(f"m{self.tables}.present", Domain(domains.BOOLEAN))
        columns = dict(scope.columns)
        for place, expression in other.columns.items():
            columns[place] = _only_met(expression, mark) if keeps_all else expression
        relation = Meeting(scope.relation, other.relation, keeps_all, mark.name)
        units = scope.units if keeps_all else scope.units | other.units
        constants = scope.constants if keeps_all else scope.constants | other.constants
        return _Scope(relation, columns, units, constants)

    def check_units_meet(self, join: exp.Join, scope: _Scope, other: _Scope) -> None:
        using = join.args.get("using") or []
        if using:
            named = [node.name.lower() for node in using]
            if len(named) == 1 and all(
                any(name == named[0] for _, name in side.units) for side in (scope, other)
            ):
                return
        else:
            on = join.args["on"].unnest()
            if (
                isinstance(on, exp.EQ)
                and isinstance(on.this, exp.Column)
                and isinstance(on.expression, exp.Column)
            ):
                left, right = on.this, on.expression
                for one, two in ((left, right), (right, left)):
                    if self.is_unit(one, scope) and self.is_unit(two, other):
                        return
        raise self.refuse(
            join,
            "join-on-child",
            "Tables of children are joined on the child and on nothing else.",
            "Write ON a.child = b.child, and further conditions under WHERE.",
        )

    def is_unit(self, node: exp.Expression, scope: _Scope) -> bool:
        if not isinstance(node, exp.Column):
            return False
        name, prefix = node.name.lower(), node.table.lower()
        return any(name == unit and prefix in ("", of) for of, unit in scope.units)

    def read_lookup(self, join: exp.Join, table: Table, scope: _Scope, keeps_all: bool) -> _Scope:
        alias = (join.this.alias or join.this.name).lower()
        self.tables += 1
        prefix = f"t{self.tables - 1}"
        key = table.columns[table.key.lower()]
        columns, _ = _expose(table, prefix, alias)
        advice = f"Write ON {alias}.{table.key} = and a column."
        using = join.args.get("using") or []
        if using:
            if len(using) != 1 or using[0].name.lower() != table.key.lower():
                raise self.refuse(
                    join, "join-on-key", f"{table.name} is joined on its key {table.key}.", advice
                )
            on = self.find_column(exp.column(using[0].name), scope, using[0])
        else:
            equal = join.args["on"].unnest()
            sides = [equal.this, equal.expression] if isinstance(equal, exp.EQ) else []
            mine = [
                side
                for side in sides
                if isinstance(side, exp.Column)
                and (side.table.lower(), side.name.lower()) == (alias, table.key.lower())
            ]
            if len(mine) != 1:
                raise self.refuse(
                    join, "join-on-key", f"{table.name} is joined on its key {table.key}.", advice
                )
            rest = sides[1] if sides[0] is mine[0] else sides[0]
            on = self.read_row(rest, scope)
        if on.domain.kind != key.domain.kind or on.domain.kind == domains.REAL:
            raise self.refuse(join, "wrong-type", "The two sides of the join have different types.", advice)
        found = dict(scope.columns)
        for place, expression in columns.items():
            found[place] = _only_met(expression, None) if keeps_all else expression
        relation = Lookup(scope.relation, table.name.lower(), prefix, on, keeps_all)
        constants = scope.constants
        if all(one.name in scope.constants for one in expressions.list_fields(on)):
            constants = constants | {one.name for one in columns.values() if isinstance(one, Field)}
        return _Scope(relation, found, scope.units, constants)

    def read_inner(self, select: exp.Select, alias: str) -> _Scope:
        """A sub-query: rows as they are, or one row for each child."""
        if not alias:
            raise self.refuse(select, "no-name", "A sub-query needs a name.", "Write (SELECT ...) AS x.")
        self.refuse_parts(select, ("expressions", "from_", "joins", "where", "group", "having", "distinct"))
        distinct = select.args.get("distinct")
        if distinct and distinct.args.get("on"):
            raise self.refuse(distinct, "distinct-on", "DISTINCT ON is not answered.", "Use GROUP BY.")
        scope = self.read_source(select)
        group = select.args.get("group")
        if not group and not distinct:
            return self.read_projection(select, scope, alias)
        return self.read_per_child(select, scope, alias)

    def read_projection(self, select: exp.Select, scope: _Scope, alias: str) -> _Scope:
        columns: dict[tuple[str, str], Expression] = {}
        units: set[tuple[str, str]] = set()
        for item in select.expressions:
            if isinstance(item, exp.Star) or (
                isinstance(item, exp.Column) and isinstance(item.this, exp.Star)
            ):
                if isinstance(item, exp.Star) and any(
                    item.args.get(part) for part in ("except_", "replace", "rename")
                ):
                    raise self.refuse(item, "star-form", "Only a plain * is read.", "Name the columns.")
                columns |= {(alias, name): expression for (_, name), expression in scope.columns.items()}
                units |= {(alias, name) for _, name in scope.units}
                continue
            name = item.alias_or_name.lower()
            if not name:
                raise self.refuse(
                    item, "no-name", "A column of a sub-query needs a name.", "Write expression AS name."
                )
            if self.is_unit(item.unalias(), scope):
                units.add((alias, name))
            else:
                columns[alias, name] = self.read_row(item.unalias(), scope)
        return _Scope(scope.relation, columns, units or {(alias, "")}, scope.constants)

    def read_per_child(self, select: exp.Select, scope: _Scope, alias: str) -> _Scope:
        group = select.args.get("group")
        if group and any(
            group.args.get(part) for part in ("all", "rollup", "cube", "grouping_sets", "totals")
        ):
            raise self.refuse(group, "group-form", "GROUP BY lists its keys here.", "Write GROUP BY child.")
        wanted = [self.find_meant(node, select)[1] for node in group.expressions] if group else []
        if not group:
            wanted = [item.unalias() for item in select.expressions]
        if not any(self.is_unit(node, scope) for node in wanted):
            raise self.refuse(
                select,
                "inner-release",
                "A sub-query over several children would be a release of its own.",
                "Group it by the child, or ask it as a query.",
            )
        prefix = f"p{self.tables}"
        self.tables += 1
        keys: list[tuple[str, Expression]] = []
        texts: dict[str, Field] = {}
        for node in wanted:
            if self.is_unit(node, scope):
                continue
            expression = self.read_row(node, scope)
            if expression.domain.kind == domains.REAL:
                raise self.refuse(node, "group-by-real", "A real number is no group.", "Write FLOOR(x / 10).")
            keys.append((f"{prefix}.key{len(keys)}", expression))
            texts[node.sql(dialect=parse.DIALECT)] = Field(keys[-1][0], expression.domain)
        inner = _Inner(self, scope, prefix, texts)
        columns: dict[tuple[str, str], Expression] = {}
        units: set[tuple[str, str]] = set()
        for item in select.expressions:
            name = item.alias_or_name.lower()
            if self.is_unit(item.unalias(), scope):
                units.add((alias, name))
                continue
            if not name:
                raise self.refuse(
                    item, "no-name", "A column of a sub-query needs a name.", "Write COUNT(*) AS n."
                )
            columns[alias, name] = inner.read(item.unalias())
        having = select.args.get("having")
        condition = inner.read(having.this) if having else None
        relation: Relation = PerChild(scope.relation, prefix, tuple(keys), tuple(inner.aggregates))
        if condition is not None:
            if condition.domain.kind != domains.BOOLEAN:
                raise self.refuse(
                    having, "not-a-condition", "HAVING is not true or false here.", "Compare it."
                )
            relation = Filter(relation, condition)
        constants = frozenset(one for one, _ in inner.aggregates) if not keys else frozenset()
        constants |= {
            name
            for name, key in keys
            if all(one.name in scope.constants for one in expressions.list_fields(key))
        }
        return _Scope(relation, columns, units or {(alias, "")}, constants)

    # --- expressions of rows ----------------------------------------------------------------------------

    def find_column(self, node: exp.Column, scope: _Scope, shown: exp.Expression | None = None) -> Expression:
        name, prefix = node.name.lower(), node.table.lower()
        place = shown if shown is not None else node
        if node.args.get("db") or node.args.get("catalog"):
            raise self.refuse(
                place, "column-form", "A column is named as table.column.", "Leave the rest out."
            )
        if self.is_unit(node, scope):
            raise self.refuse(
                place,
                "unit-used",
                f"{node.name} names the child and is never shown or computed with.",
                "Count children with COUNT(DISTINCT ...), or join on it.",
            )
        found = [one for (of, column), one in scope.columns.items() if column == name and prefix in ("", of)]
        if not found:
            known = sorted({column for of, column in scope.columns if prefix in ("", of)})
            near = ", ".join(known[:12]) + (" and more" if len(known) > 12 else "")
            raise self.refuse(
                place,
                "unknown-column",
                f"There is no column {node.sql(dialect=parse.DIALECT)}.",
                f"There are: {near}.",
            )
        if len(found) > 1:
            raise self.refuse(
                place, "ambiguous", f"{node.name} is in several tables.", f"Write table.{node.name}."
            )
        return found[0]

    def read_row(self, node: exp.Expression, scope: _Scope) -> Expression:
        """Read an expression of one row's columns."""
        return Reader(self, lambda column: self.find_column(column, scope)).read(node)


class _Inner(Reader):
    """Expressions of a sub-query per child: its keys, and aggregates of the child's own rows."""

    def __init__(self, checker: _Checker, scope: _Scope, prefix: str, keys: dict[str, Field]) -> None:
        super().__init__(checker, self.find_key)
        self.checker = checker
        self.scope, self.prefix, self.keys = scope, prefix, keys
        self.aggregates: list[tuple[str, ChildAggregate]] = []

    def read(self, node: exp.Expression) -> Expression:
        key = self.keys.get(node.sql(dialect=parse.DIALECT))
        return key if key is not None else super().read(node)

    def find_key(self, node: exp.Column) -> Expression:
        self.checker.find_column(node, self.scope)
        raise self.checker.refuse(
            node,
            "not-grouped",
            f"{node.name} is neither grouped by nor aggregated.",
            f"Write MAX({node.name}).",
        )

    def read_special(self, node: exp.Expression) -> Expression | None:
        if not isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup):
            return None
        with self.checker.at(node):
            aggregate = self.read_aggregate(node)
        for name, known in self.aggregates:
            if known == aggregate:
                return Field(name, aggregate.bounds)
        name = f"{self.prefix}.value{len(self.aggregates)}"
        self.aggregates.append((name, aggregate))
        return Field(name, aggregate.bounds)

    def read_aggregate(self, node: exp.Expression) -> ChildAggregate:
        rows = plan.count_rows(self.scope.relation)
        call, condition = _split_filter(node)
        row = Reader(self.checker, lambda column: self.checker.find_column(column, self.scope))
        where = row.read(condition) if condition is not None else None
        counts = Domain(domains.INTEGER, 0, rows, has_null=False)
        if isinstance(call, exp.Count | exp.CountIf):
            argument = call.this
            if isinstance(argument, exp.Distinct):
                if len(argument.expressions) != 1:
                    raise Unfit(
                        "distinct-form", "COUNT(DISTINCT x) takes one expression.", "Ask for one at a time."
                    )
                value = only_where(row.read(argument.expressions[0]), where)
                if value.domain.kind in (domains.REAL, domains.TIMESTAMP):
                    raise Unfit(
                        "distinct-real",
                        "Real numbers and times are not counted as distinct.",
                        "Use FLOOR(x).",
                    )
                return ChildAggregate("distinct", value, counts)
            if isinstance(argument, exp.Star):
                return ChildAggregate("known" if where is not None else "rows", true_where(where), counts)
            value = row.read(argument)
            if isinstance(call, exp.CountIf):
                return ChildAggregate("known", true_where(value, where), counts)
            return ChildAggregate("known", only_where(value, where), counts)
        kinds: dict[type[exp.Expression], str] = {
            exp.Sum: "sum",
            exp.Avg: "mean",
            exp.Min: "min",
            exp.Max: "max",
            exp.LogicalOr: "any",
            exp.LogicalAnd: "all",
        }
        kind = kinds.get(type(call))
        if kind is None:
            raise self.refuse_function(call)
        value = row.read(call.this)
        value = only_where(value, where)
        of = value.domain
        if kind in ("any", "all"):
            if of.kind != domains.BOOLEAN:
                raise Unfit(
                    "wrong-type", "BOOL_OR and BOOL_AND take true and false.", "Compare the column first."
                )
            return ChildAggregate(kind, value, Domain(domains.BOOLEAN))
        if kind in ("min", "max"):
            if of.kind in (domains.TEXT, domains.BOOLEAN):
                raise Unfit("text-order", f"{of.kind} has no smallest value here.", "Use BOOL_OR(x = 'a').")
            return ChildAggregate(kind, value, of.with_null(True))
        if of.kind == domains.BOOLEAN:
            value = read_as_number(self, value)
            of = value.domain
        if not (of.is_number and of.is_bounded):
            raise Unfit(
                "unbounded",
                "The numbers added up have no known bounds.",
                "Declare low and high in the codebook.",
            )
        step = expressions.find_step(of)
        low, high = float(of.low), float(of.high)
        while max(abs(low), abs(high)) / step > _LARGEST_SUMMAND:
            step *= 2
        if kind == "mean":
            bounds = Domain(domains.REAL, low, high, None, step, True)
        elif of.kind == domains.INTEGER:
            bounds = Domain(domains.INTEGER, min(0, int(low) * rows), max(0, int(high) * rows))
        else:
            bounds = Domain(domains.REAL, min(0.0, low * rows), max(0.0, high * rows), None, step, True)
        return ChildAggregate(kind, value, bounds, step)


class _Outer(Reader):
    """Expressions of the answer: group keys, aggregates over children, and arithmetic on them."""

    is_released = True

    def __init__(
        self, checker: _Checker, scope: _Scope, keys: Sequence[GroupKey], aggregates: _Aggregates, rows: int
    ) -> None:
        super().__init__(checker, self.find_key)
        self.checker = checker
        self.scope, self.keys, self.aggregates, self.rows = scope, keys, aggregates, rows
        self.aliases: dict[str, Expression] = {}
        self.row = Reader(checker, lambda column: checker.find_column(column, scope))

    def read_item(self, item: exp.Expression, before: Sequence[Output]) -> Output:
        name = item.alias_or_name or item.unalias().sql(dialect=parse.DIALECT).lower()
        if any(name.lower() == other.name.lower() for other in before):
            raise self.checker.refuse(
                item, "same-name", f"Two columns are called {name}.", "Write ... AS another name."
            )
        return Output(name, self.read(item.this if isinstance(item, exp.Alias) else item))

    def read_order(self, node: exp.Ordered, outputs: Sequence[Output]) -> tuple[Expression, bool]:
        wanted: exp.Expression = node.this
        is_falling = bool(node.args.get("desc"))
        if isinstance(wanted, exp.Literal) and not wanted.is_string and str(wanted.this).isdigit():
            if not 1 <= int(wanted.this) <= len(outputs):
                raise self.checker.refuse(
                    wanted, "bad-place", f"There is no column {wanted.this}.", "Count from 1."
                )
            return outputs[int(wanted.this) - 1].expression, is_falling
        return self.read(wanted), is_falling

    def find_key(self, node: exp.Column) -> Expression:
        if not node.table and node.name.lower() in self.aliases:
            return self.aliases[node.name.lower()]
        expression = plan.make_normal(self.checker.find_column(node, self.scope))
        key = self.match_key(expression)
        if key is not None:
            return key
        raise self.checker.refuse(
            node,
            "not-grouped",
            f"{node.name} is neither grouped by nor aggregated.",
            f"Write GROUP BY {node.name}, or AVG({node.name}).",
        )

    def match_key(self, expression: Expression) -> Field | None:
        for number, key in enumerate(self.keys):
            if key.expression == expression:
                return Field(f"key {number}", key.expression.domain)
        return None

    def read(self, node: exp.Expression) -> Expression:
        if (
            self.keys
            and not isinstance(node, exp.Literal | exp.Column)
            and not list(node.find_all(exp.AggFunc))
        ):
            before = list(self.checker.found)
            found = self.checker.attempt(self.row.read, node)
            self.checker.found[:] = before
            if found is not None:
                key = self.match_key(plan.make_normal(found))
                if key is not None:
                    return key
        return super().read(node)

    def read_special(self, node: exp.Expression) -> Expression | None:
        if isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup):
            with self.checker.at(node):
                return self.read_aggregate(node)
        return None

    def read_aggregate(self, node: exp.Expression) -> Expression:
        call, condition = _split_filter(node)
        where = None if condition is None else self.checker.read_condition(condition, self.scope)
        if isinstance(call, exp.Count | exp.CountIf):
            return self.read_count(call, where)
        if isinstance(
            call, exp.Quantile | exp.PercentileCont | exp.PercentileDisc | exp.Median | exp.WithinGroup
        ):
            return self.read_quantile(call, where)
        kinds: dict[type[exp.Expression], str] = {
            exp.Sum: "sum",
            exp.Avg: "mean",
            exp.Variance: "variance",
            exp.VariancePop: "variance",
            exp.Stddev: "stddev",
            exp.StddevSamp: "stddev",
            exp.StddevPop: "stddev",
        }
        kind = kinds.get(type(call))
        if kind is None:
            name = type(call).__name__.upper()
            advice = "Use COUNT, SUM, AVG, VARIANCE, STDDEV, MEDIAN or QUANTILE."
            if isinstance(call, exp.Min | exp.Max):
                advice = "It would be one child's own value; ask for QUANTILE(x, 0.01) or QUANTILE(x, 0.99)."
            raise Unfit("unknown-aggregate", f"{name} is not answered over children.", advice)
        value = self.read_number(call.this, where)
        if kind == "sum":
            total = self.aggregates.add(plan.make_total(value, self.rows, is_centered=False))
            is_whole = value.domain.kind == domains.INTEGER
            return self.aggregates.state(Statistic("sum", (total,), Domain(domains.REAL), is_whole=is_whole))
        rows = self.aggregates.add(Measure("rows", value))
        total = self.aggregates.add(plan.make_total(value, self.rows, is_centered=True))
        of = Domain(domains.REAL, float(value.domain.low), float(value.domain.high))
        if kind == "mean":
            return self.aggregates.state(Statistic("mean", (rows, total), of))
        squares = self.aggregates.add(plan.make_squares(value, self.rows))
        spread = (float(of.high) - float(of.low)) / 2
        most = spread**2 if kind == "variance" else spread
        return self.aggregates.state(Statistic(kind, (rows, total, squares), Domain(domains.REAL, 0.0, most)))

    def read_number(self, node: exp.Expression, where: Expression | None) -> Expression:
        if isinstance(node, exp.Distinct):
            raise Unfit(
                "distinct-form", "DISTINCT is answered in COUNT only.", "Group in a sub-query per child."
            )
        value = self.row.read(node)
        if value.domain.kind == domains.BOOLEAN:
            value = read_as_number(self.row, value)
        value = only_where(value, where)
        if not value.domain.is_number:
            raise Unfit(
                "wrong-type",
                f"{value.domain.kind} cannot be added up.",
                "Use COUNT, or CASE WHEN ... THEN 1 ELSE 0 END.",
            )
        if not value.domain.is_bounded:
            raise Unfit(
                "unbounded",
                "One row could add any amount.",
                "Declare low and high in the codebook, or write LEAST(GREATEST(x, 0), 300).",
            )
        return plan.make_normal(value)

    def read_count(self, call: exp.Expression, where: Expression | None) -> Expression:
        argument = call.this
        if isinstance(argument, exp.Distinct):
            if len(argument.expressions) != 1:
                raise Unfit(
                    "distinct-form", "COUNT(DISTINCT x) takes one expression.", "Ask for one at a time."
                )
            inner = argument.expressions[0]
            if self.checker.is_unit(inner, self.scope):
                measure = Measure("children", where)
            else:
                value = only_where(self.row.read(inner), where)
                if value.domain.kind in (domains.REAL, domains.TIMESTAMP):
                    raise Unfit(
                        "distinct-real",
                        "Real numbers and times are not counted as distinct.",
                        "Use FLOOR(x).",
                    )
                measure = Measure("distinct", value)
        elif isinstance(argument, exp.Star):
            measure = Measure("rows", true_where(where))
        elif isinstance(call, exp.CountIf):
            condition = self.checker.read_condition(argument, self.scope)
            measure = Measure("rows", true_where(condition, where))
        elif self.checker.is_unit(argument, self.scope):
            measure = Measure("rows", true_where(where))
        else:
            value = self.row.read(argument)
            measure = Measure("rows", only_where(value, where) if value.domain.has_null or where else None)
        if measure.argument is not None:
            measure = Measure(measure.kind, plan.make_normal(measure.argument))
        return self.aggregates.state(
            Statistic(
                "count", (self.aggregates.add(measure),), Domain(domains.REAL, 0.0, None), is_whole=True
            )
        )

    def read_quantile(self, call: exp.Expression, where: Expression | None) -> Expression:
        share: exp.Expression | None
        if isinstance(call, exp.WithinGroup):
            inner, order = call.this, call.expression
            if not isinstance(inner, exp.PercentileCont | exp.PercentileDisc) or len(order.expressions) != 1:
                raise Unfit(
                    "quantile-form", "This ordered aggregate is not answered.", "Write QUANTILE(x, 0.5)."
                )
            if order.expressions[0].args.get("desc"):
                raise Unfit(
                    "quantile-form", "A falling order is not answered.", "Write QUANTILE(x, 0.1) for 0.9."
                )
            share, argument = inner.this, order.expressions[0].this
        elif isinstance(call, exp.Median):
            share, argument = None, call.this
        elif isinstance(call, exp.Quantile):
            share, argument = call.args.get("quantile"), call.this
        else:
            share, argument = call.expression, call.this
        wanted = 0.5
        if share is not None:
            if not isinstance(share, exp.Literal) or share.is_string or not 0 < float(share.this) < 1:
                raise Unfit(
                    "quantile-form", "A quantile is a number between 0 and 1.", "Write QUANTILE(x, 0.5)."
                )
            wanted = float(share.this)
        value = self.read_number(argument, where)
        low, high = float(value.domain.low), float(value.domain.high)
        if value.domain.kind == domains.INTEGER and high - low + 1 <= 4 * QUANTILE_BINS:
            count = int(high - low) + 1
            measure = Measure("bins", value, low=low, high=high + 1, count=count)
        else:
            high = high if high > low else low + 1
            measure = Measure("bins", value, low=low, high=high, count=QUANTILE_BINS)
        of = Domain(domains.REAL, low, float(value.domain.high))
        is_whole = value.domain.kind == domains.INTEGER
        return self.aggregates.state(
            Statistic("quantile", (self.aggregates.add(measure),), of, wanted, is_whole)
        )


def _split_filter(node: exp.Expression) -> tuple[exp.Expression, exp.Expression | None]:
    """AGG(x) FILTER (WHERE c): the aggregate, and the condition."""
    if isinstance(node, exp.Filter):
        return node.this, node.expression.this
    return node, None


def _expose(
    table: Table, prefix: str, alias: str
) -> tuple[dict[tuple[str, str], Expression], frozenset[str]]:
    columns: dict[tuple[str, str], Expression] = {
        (alias, name): Field(f"{prefix}.{column.name}", column.domain)
        for name, column in table.columns.items()
    }
    constants = frozenset(
        f"{prefix}.{column.name}" for column in table.columns.values() if column.is_constant
    )
    return columns, constants


def _only_met(expression: Expression, mark: Field | None) -> Expression:
    """A column of a LEFT JOIN: null in rows that met none, also where it is computed."""
    if isinstance(expression, Field) or mark is None:
        return replace(expression, domain=expression.domain.with_null(True))
    return make_call("case", mark, expression, make_constant(None))
