"""From a syntax tree to a plan: tables, joins, sub-queries per child, groups, aggregates; nothing else
becomes one.

Nothing here looks at data. A refusal has a code, a place, the reason and what to write instead, and comes
before any charge. Which forms are accepted and refused: tests/spec/queries, docs/reference/sql.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from sqlglot import exp

from lightwell.base import canonical, errors
from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import parse, plan
from lightwell.query.aggregate import Aggregates, Inner, Outer, bare, expand_all, find_name
from lightwell.query.codebook import Codebook, Table
from lightwell.query.domain import Domain, Key
from lightwell.query.expression import Expression, Field, make_call
from lightwell.query.plan import (
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
)
from lightwell.query.reading import Reader, Refusals, Stop
from lightwell.query.refusal import QueryRefused, Refusal
from lightwell.query.scope import Scope, expose, only_met

MAX_GROUPS = 20_000
MAX_KEYS = 12
MAX_MEASURES = 24
MAX_TABLES = 6
# How deep sub-queries and names of WITH may use one another: what is run is nested as deep.
MAX_NESTING = 12

_ADVICE = {
    "distinct": ("distinct", "Each group is one row already.", "Leave it out; COUNT(DISTINCT x) counts."),
    "offset": ("offset", "No rows of an answer are passed over.", "Leave it out and take what you want."),
    "qualify": ("window", "QUALIFY looks at other rows.", "Use HAVING, or a sub-query per child."),
    "windows": ("window", "Window functions look at other rows.", "Use a sub-query per child."),
    "sample": ("sample", "A sample is another one each time.", "Leave it out: all rows cost no more."),
    "into": ("only-select", "An answer is kept nowhere else.", "Leave INTO out."),
    "locks": ("only-select", "Nothing is locked for a question.", "Leave FOR out."),
    "with_": ("with-form", "WITH stands before the whole query.", "Put all names into one WITH."),
    "order": ("order-inside", "Rows of a sub-query have no order.", "Order the answer instead."),
    "limit": ("order-inside", "Which rows LIMIT keeps is chance.", "Use WHERE, or LIMIT on the answer."),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """A plan with itself as JSON (`plan.describe`) and the digest of that, which are long to work out."""

    plan: Plan
    described: canonical.Json
    digest: str


def check_query(text: str, codebook: Codebook, *, rows: int | None = None, groups: int | None = None) -> Plan:
    """Read a query of the tables of a codebook into a plan.

    `rows` and `groups` tighten how many rows, and groups, of one child count. Raises QueryRefused with every
    reason found.
    """
    return describe_query(text, codebook, rows=rows, groups=groups).plan


def describe_query(
    text: str, codebook: Codebook, *, rows: int | None = None, groups: int | None = None
) -> Checked:
    """Read a query into a plan and its description; arguments and errors as of `check_query`."""
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
    try:
        # What follows writes the plan as canonical JSON, which has limits of its own.
        described = plan.describe(found)
        return Checked(found, described, canonical.compute_digest(described))
    except errors.UserMistake:
        raise QueryRefused(
            [Refusal("too-deep", "The query is nested too deep.", "Write less in one query.")]
        ) from None


class _Checker(Refusals):
    def __init__(self, codebook: Codebook, rows: int | None, groups: int | None) -> None:
        super().__init__()
        self.codebook, self.rows, self.groups = codebook, rows, groups
        # What each name of WITH is, and the names before it, which it may use.
        self.named: dict[str, _Named] = {}
        self.tables = self.numbers = self.depth = 0

    def count_up(self) -> int:
        """The next number for a name of fields that nothing else has."""
        self.numbers += 1
        return self.numbers - 1

    # --- the outer SELECT -------------------------------------------------------------------------------

    def read(self, select: exp.Select) -> Plan:
        self.take_names(select)
        self.refuse_rows(select)
        self.refuse_parts(
            select, ("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "with_")
        )
        scope = self.read_source(select)
        keys = self.read_keys(select, scope)
        self.refuse_early()
        rows = self.find_rows(scope.relation)
        aggregates = Aggregates()
        outer = Outer(self, scope, self.make_reader(scope), keys, aggregates, rows)
        outputs: list[Output] = []
        for item in select.expressions:
            output = self.attempt(outer.read_item, item, outputs)
            if output:
                outputs.append(output)
        self.refuse_early()
        having = select.args.get("having")
        condition = self.attempt(outer.read_condition, having) if having else None
        order = []
        for one in select.args["order"].expressions if select.args.get("order") else ():
            found = self.attempt(outer.read_order, one, outputs)
            if found:
                order.append(found)
        limit = self.attempt(self.read_limit, select)
        self.refuse_unused(select)
        self.refuse_early()
        if not aggregates.measures:
            raise self.refuse_no_figure(select)
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
                select.args["group"],
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
            parts=plan.divide_charge(aggregates.measures),
        )

    def refuse_early(self) -> None:
        if self.found:
            raise Stop

    def refuse_rows(self, select: exp.Select) -> None:
        """SELECT * and SELECT minutes ask for rows, whatever else is wrong with them."""
        if select.args.get("group") or select.args.get("having"):
            return
        plain = [bare(item) for item in select.expressions]
        if all(isinstance(item, exp.Star | exp.Column) for item in plain):
            raise self.refuse_no_figure(select)

    def refuse_no_figure(self, select: exp.Select) -> Stop:
        return self.refuse(
            select.expressions[0] if select.expressions else select,
            "no-aggregate",
            "Rows of children are never shown.",
            "Ask for a figure about them, such as COUNT(*) or AVG(x).",
        )

    def refuse_unused(self, select: exp.Select) -> None:
        """A name of WITH that is used nowhere was never looked at, so nobody should think it was answered."""
        for name, one in self.named.items():
            if not one.is_used:
                self.refuse(
                    one.node, "unused-name", f"{name} is named and not used.", "Leave it out, or use it."
                )

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

    def list_group(self, select: exp.Select) -> list[exp.Expression]:
        """What GROUP BY lists."""
        group = select.args.get("group")
        if not group:
            return []
        if any(value for part, value in group.args.items() if part not in ("expressions", "all")):
            raise self.refuse_group(group)
        listed = expand_all(group, select.expressions)
        for one in listed:
            if isinstance(one, exp.Rollup | exp.Cube | exp.GroupingSets):
                raise self.refuse_group(one)
            if isinstance(one, exp.Tuple):
                raise self.refuse(one, "group-form", "Keys stand without brackets.", "Write GROUP BY a, b.")
        return listed

    def refuse_group(self, node: exp.Expression) -> Stop:
        return self.refuse(
            node,
            "group-form",
            "Totals of groups of groups are not answered.",
            "Write GROUP BY country, age_band, and ask for the totals in a query of their own.",
        )

    def read_keys(self, select: exp.Select, scope: Scope) -> list[GroupKey]:
        listed = self.list_group(select)
        if len(listed) > MAX_KEYS:
            raise self.refuse(
                listed[MAX_KEYS], "too-many", f"More than {MAX_KEYS} keys.", "Group by fewer columns."
            )
        keys: list[GroupKey] = []
        for one in listed:
            key = self.attempt(self.read_key, one, select, scope)
            if key and key not in keys:
                keys.append(key)
        return keys

    def read_key(self, node: exp.Expression, select: exp.Select, scope: Scope) -> GroupKey:
        name, meant = self.find_meant(node, select, scope)
        expression = plan.make_normal(self.read_row(meant, scope))
        with self.at(node):
            values = expressions.enumerate_image(expression, MAX_GROUPS)
        keys: tuple[Key, ...] | None = None
        if values is not None:
            keys = (*values, *((None,) if expression.domain.has_null else ()))
        elif expression.domain.kind in (domains.REAL, domains.TIMESTAMP):
            raise self.refuse(
                node,
                "group-by-real",
                "A real number or a time has too many values to group by.",
                "Write FLOOR(x / 10) * 10, or CAST(t AS DATE).",
            )
        fields = expressions.list_fields(expression)
        is_constant = bool(fields) and all(one.name in scope.constants for one in fields)
        return GroupKey(name, expression, keys, is_constant)

    def find_meant(
        self, node: exp.Expression, select: exp.Select, scope: Scope
    ) -> tuple[str, exp.Expression]:
        """What GROUP BY 1, or GROUP BY the name of a column of the answer, means.

        A column of a table goes before a column of the answer that has its name.
        """
        if isinstance(node, exp.Literal) and not node.is_string:
            number = parse.read_whole(node)
            if number is None or not 1 <= number <= len(select.expressions):
                raise self.refuse(
                    node, "bad-place", f"There is no column {str(node.this)[:40]}.", "Count from 1."
                )
            item = select.expressions[number - 1]
            return find_name(item), bare(item)
        if isinstance(node, exp.Column) and not node.table:
            if scope.list_columns(node) or scope.is_unit(node):
                return node.name, node
            for item in select.expressions:
                if isinstance(item, exp.Alias) and item.alias.lower() == node.name.lower():
                    return item.alias, item.this
        for item in select.expressions:
            if bare(item) == node:
                return find_name(item), node
        return node.name if isinstance(node, exp.Column) else node.sql(dialect=parse.DIALECT), node

    def read_limit(self, select: exp.Select) -> int | None:
        limit = select.args.get("limit")
        if not limit:
            return None
        options = limit.args.get("limit_options")
        is_plain = not options or not (options.args.get("percent") or options.args.get("with_ties"))
        size = parse.read_whole(limit.expression if isinstance(limit, exp.Limit) else limit.args.get("count"))
        if size is None or not is_plain or limit.args.get("offset"):
            raise self.refuse(limit, "bad-limit", "LIMIT takes a whole number.", "Write LIMIT 10.")
        return size

    # --- where rows come from ---------------------------------------------------------------------------

    def take_names(self, select: exp.Select) -> None:
        """Remember what WITH names; a name may use those before it."""
        with_ = select.args.get("with_")
        if not with_:
            return
        if with_.args.get("recursive"):
            raise self.refuse(with_, "recursive", "WITH RECURSIVE is not answered.", "Write the steps out.")
        for one in with_.expressions:
            extra = [part for part, value in one.args.items() if value and part not in ("this", "alias")]
            if not isinstance(one.this, exp.Select) or one.args["alias"].args.get("columns") or extra:
                raise self.refuse(
                    one, "with-form", "WITH names a plain SELECT.", "Write WITH x AS (SELECT ...)."
                )
            name = one.alias.lower()
            if name in self.named:
                raise self.refuse(one, "same-name", f"{name} is named twice.", "Choose another name.")
            self.named[name] = _Named(one, dict(self.named))

    def refuse_parts(self, select: exp.Select, known: Sequence[str]) -> None:
        for part, value in select.args.items():
            if part not in known and value:
                node = value[0] if isinstance(value, list) else value
                code, reason, advice = _ADVICE.get(
                    part,
                    (
                        "clause",
                        f"{part.strip('_').upper().replace('_', ' ')} is not answered here.",
                        "Use WHERE, GROUP BY, HAVING, ORDER BY and LIMIT only.",
                    ),
                )
                self.refuse(node if isinstance(node, exp.Expression) else select, code, reason, advice)
        self.refuse_early()

    def read_source(self, select: exp.Select) -> Scope:
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
            scope.keep_only(plan.make_normal(self.read_condition(where.this, scope)))
        return scope

    def read_condition(self, node: exp.Expression, scope: Scope) -> Expression:
        condition = self.read_row(node, scope)
        if condition.domain.kind != domains.BOOLEAN:
            raise self.refuse(
                node, "not-a-condition", "This is not true or false.", "Compare it: WHERE x = 1."
            )
        return condition

    def count_table(self, node: exp.Expression) -> None:
        self.tables += 1
        if self.tables > MAX_TABLES:
            raise self.refuse(
                node, "too-many-tables", f"More than {MAX_TABLES} tables.", "Ask several queries."
            )

    def check_table(self, node: exp.Expression) -> exp.Table:
        """A table is one name with at most another name for it."""
        if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
            raise self.refuse(
                node,
                "table-form",
                "Only tables of the codebook are read, no functions.",
                "Write FROM and its name.",
            )
        extra = [part for part, value in node.args.items() if value and part not in ("this", "alias")]
        if extra or _names_columns(node):
            raise self.refuse(
                node,
                "table-form",
                "A table is named by one word, and another name of it by one more.",
                f"Write FROM {node.name[:40]} AS t, without more.",
            )
        return node

    def read_table(self, node: exp.Expression) -> Scope:
        if isinstance(node, exp.Subquery):
            extra = [part for part, value in node.args.items() if value and part not in ("this", "alias")]
            if extra or not isinstance(node.this, exp.Select) or _names_columns(node):
                raise self.refuse(
                    node, "subquery-form", "A sub-query is a plain SELECT.", "Write (SELECT ...) AS x."
                )
            # In SQL here a sub-query may go without a name; its columns are then named alone.
            return self.read_inner(node.this, node.alias.lower() or f"sub-query {self.count_up()}")
        table_node = self.check_table(node)
        name = table_node.name.lower()
        alias = (table_node.alias or table_node.name).lower()
        named = self.named.get(name)
        if named is not None:
            named.is_used = True
            seen, self.named = self.named, named.before
            try:
                return self.read_inner(named.node.this, alias)
            finally:
                self.named = seen
        self.count_table(node)
        table = self.codebook.tables.get(name)
        if table is None:
            known = ", ".join(one.name for one in self.codebook.tables.values())
            raise self.refuse(
                node, "unknown-table", f"There is no table {node.name[:80]}.", f"There are: {known}."
            )
        if table.is_public:
            raise self.refuse(
                node,
                "public-first",
                f"{table.name} is public and not about children.",
                "Start FROM a table of children, and JOIN this one on its key.",
            )
        prefix = f"t{self.count_up()}"
        columns, constants = expose(table, prefix, alias)
        return Scope(
            Scan(name, prefix, table.rows_per_child), columns, {(alias, table.unit.lower())}, constants
        )

    def read_join(self, join: exp.Join, scope: Scope) -> Scope:
        kind, side, method = (str(join.args.get(part) or "").upper() for part in ("kind", "side", "method"))
        extra = [
            part
            for part, value in join.args.items()
            if value and part not in ("this", "kind", "side", "method", "on", "using")
        ]
        if kind == "CROSS" or not (join.args.get("on") or join.args.get("using") or method or extra):
            raise self.refuse(
                join,
                "cross-join",
                "A join without a condition pairs every child with every other.",
                "Write JOIN b ON a.child = b.child.",
            )
        is_semi = kind in ("SEMI", "ANTI")
        if kind not in ("", "INNER", "OUTER", "SEMI", "ANTI") or method or extra or side not in ("", "LEFT"):
            raise self.refuse(
                join,
                "join-form",
                "Only JOIN, LEFT JOIN, SEMI JOIN and ANTI JOIN are answered.",
                "Write JOIN b ON a.child = b.child; of a RIGHT JOIN change the sides.",
            )
        keeps_all = side == "LEFT" and not is_semi
        if isinstance(join.this, exp.Table) and join.this.name.lower() not in self.named:
            table = self.codebook.tables.get(join.this.name.lower())
            if table is not None and table.is_public and not is_semi:
                return self.read_lookup(join, table, scope, keeps_all)
        other = self.read_table(join.this)
        if scope.prefixes & other.prefixes:
            raise self.refuse_same(join)
        rest = self.check_units_meet(join, scope, other)
        if rest and (keeps_all or is_semi):
            raise self.refuse(
                rest[0],
                "join-on-child",
                "Only JOIN takes conditions beside the child.",
                "Filter the other table before: JOIN (SELECT ... WHERE ...) AS b ON a.child = b.child.",
            )
        if is_semi:
            return self.read_semi_join(scope, other, is_anti=kind == "ANTI")
        mark = Field(f"m{self.count_up()}.present", Domain(domains.BOOLEAN))
        columns = dict(scope.columns)
        for place, expression in other.columns.items():
            columns[place] = only_met(expression, mark) if keeps_all else expression
        met = Scope(
            relation=Meeting(scope.relation, other.relation, keeps_all, mark.name),
            columns=columns,
            units=scope.units if keeps_all else scope.units | other.units,
            constants=scope.constants if keeps_all else scope.constants | other.constants,
            merged=scope.merged | other.merged,
            lost=scope.lost | other.lost | (other.units if keeps_all else set()),
        )
        for condition in rest:
            met.keep_only(plan.make_normal(self.read_condition(condition, met)))
        return met

    def read_semi_join(self, scope: Scope, other: Scope, *, is_anti: bool) -> Scope:
        """Rows of children who are, or are not, in another table: none is doubled, no column is added."""
        present = scope.meet(other, self.count_up())
        scope.keep_only(make_call("not", present) if is_anti else present)
        return scope

    def refuse_same(self, join: exp.Join) -> Stop:
        return self.refuse(
            join, "same-name", "Two tables have the same name here.", "Name one: JOIN t AS other."
        )

    def check_units_meet(self, join: exp.Join, scope: Scope, other: Scope) -> list[exp.Expression]:
        """See that a join is on the child; what else its condition says is handed back."""
        using = join.args.get("using") or []
        if using:
            named = [node.name.lower() for node in using]
            if len(named) == 1 and all(
                any(name == named[0] for _, name in side.units) for side in (scope, other)
            ):
                return []
        else:
            parts = _split_and(join.args["on"])
            for place, part in enumerate(parts):
                if _equates(part, scope, other):
                    return parts[:place] + parts[place + 1 :]
        raise self.refuse(
            join,
            "join-on-child",
            "Tables of children are joined on the child.",
            "Write ON a.child = b.child, and further conditions under WHERE.",
        )

    def read_lookup(self, join: exp.Join, table: Table, scope: Scope, keeps_all: bool) -> Scope:
        node = self.check_table(join.this)
        self.count_table(node)
        alias = (node.alias or node.name).lower()
        if alias in scope.prefixes:
            raise self.refuse_same(join)
        prefix = f"t{self.count_up()}"
        key = table.columns[table.key.lower()]
        columns, _ = expose(table, prefix, alias)
        advice = f"Write ON {alias}.{table.key} = and a column."
        using = join.args.get("using") or []
        merged = scope.merged
        if using:
            if len(using) != 1 or using[0].name.lower() != table.key.lower():
                raise self.refuse(
                    join, "join-on-key", f"{table.name} is joined on its key {table.key}.", advice
                )
            on = scope.find_column(exp.column(using[0].name), self, using[0])
            merged = merged | {(alias, table.key.lower())}
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
            on = self.read_row(sides[1] if sides[0] is mine[0] else sides[0], scope)
        if on.domain.kind != key.domain.kind or on.domain.kind == domains.REAL:
            raise self.refuse(join, "wrong-type", "The two sides of the join have different types.", advice)
        found = dict(scope.columns)
        for place, expression in columns.items():
            found[place] = only_met(expression, None) if keeps_all else expression
        constants = scope.constants
        if all(one.name in scope.constants for one in expressions.list_fields(on)):
            constants = constants | {one.name for one in columns.values() if isinstance(one, Field)}
        relation = Lookup(scope.relation, table.name.lower(), prefix, on, keeps_all)
        return Scope(relation, found, scope.units, constants, merged, scope.lost)

    # --- children who are in a sub-query ----------------------------------------------------------------

    def meet(self, node: exp.Expression, scope: Scope) -> Expression:
        """Read `child IN (SELECT child FROM ...)`, or EXISTS about the same child."""
        known = scope.met.get(id(node))
        if known is None:
            other = (
                self.read_members(node, scope) if isinstance(node, exp.In) else self.read_exists(node, scope)
            )
            known = scope.met[id(node)] = scope.meet(other, self.count_up())
        return known

    def read_members(self, node: exp.Expression, scope: Scope) -> Scope:
        query = node.args["query"]
        select = query.this if isinstance(query, exp.Subquery) else query
        if not scope.is_unit(node.this) or not isinstance(select, exp.Select):
            raise self.refuse(
                node,
                "in-form",
                "Only children are looked up in a sub-query.",
                "Write child IN (SELECT child FROM ...), or a list of constants.",
            )
        other = self.read_inner(select, f"sub-query {self.count_up()}")
        if len(select.expressions) != 1 or other.columns or not any(name for _, name in other.units):
            raise self.refuse(
                select,
                "in-form",
                "The sub-query names only children.",
                "Write SELECT child FROM ...",
            )
        return other

    def read_exists(self, node: exp.Expression, scope: Scope) -> Scope:
        select = node.this
        if not isinstance(select, exp.Select):
            raise self.refuse(
                node, "subquery-form", "EXISTS takes a plain SELECT.", "Write EXISTS (SELECT 1 FROM ...)."
            )
        if select.args.get("group") or select.args.get("having"):
            raise self.refuse_exists(node)
        self.refuse_parts(select, ("expressions", "from_", "joins", "where"))
        where = select.args.get("where")
        parts = _split_and(where.this) if where else []
        bare = select.copy()
        bare.set("where", None)
        with self.nested(select):
            other = self.read_source(bare)
            meeting = [part for part in parts if _equates(part, scope, other, needs_names=True)]
            if len(meeting) != 1 or scope.prefixes & other.prefixes:
                raise self.refuse_exists(node)
            for part in parts:
                if part is not meeting[0]:
                    other.keep_only(plan.make_normal(self.read_condition(part, other)))
        return other

    def refuse_exists(self, node: exp.Expression) -> Stop:
        return self.refuse(
            node,
            "exists-form",
            "EXISTS asks about rows of the same child, by one condition.",
            "Write EXISTS (SELECT 1 FROM b WHERE b.child = a.child), or child IN (SELECT ...).",
        )

    # --- sub-queries ------------------------------------------------------------------------------------

    @contextmanager
    def nested(self, node: exp.Expression) -> Iterator[None]:
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise self.refuse(
                node,
                "too-deep",
                f"Sub-queries use one another more than {MAX_NESTING} deep.",
                "Write fewer steps.",
            )
        yield
        self.depth -= 1

    def read_inner(self, select: exp.Select, alias: str) -> Scope:
        """A sub-query: rows as they are, or one row for each child."""
        self.refuse_parts(select, ("expressions", "from_", "joins", "where", "group", "having", "distinct"))
        distinct, group = select.args.get("distinct"), select.args.get("group")
        if distinct and (distinct.args.get("on") or group):
            raise self.refuse(
                distinct,
                "distinct-form",
                "DISTINCT is answered without ON and without GROUP BY.",
                "Use GROUP BY alone.",
            )
        with self.nested(select):
            scope = self.read_source(select)
            if not group and not distinct:
                return self.read_projection(select, scope, alias)
            return self.read_per_child(select, scope, alias)

    def read_projection(self, select: exp.Select, scope: Scope, alias: str) -> Scope:
        columns: dict[tuple[str, str], Expression] = {}
        units: set[tuple[str, str]] = set()
        having = select.args.get("having")
        if having:
            raise self.refuse(having, "having-form", "HAVING is about groups.", "Use WHERE or GROUP BY.")
        for item in select.expressions:
            for name, expression in self.read_projected(item, scope):
                if expression is None:
                    units.add((alias, name))
                elif (alias, name) in columns:
                    raise self.refuse(
                        item,
                        "same-name",
                        f"Two columns are called {name[:80]}.",
                        "Write ... AS another name.",
                    )
                else:
                    columns[alias, name] = expression
        return Scope(scope.relation, columns, units or {(alias, "")}, scope.constants)

    def read_projected(self, item: exp.Expression, scope: Scope) -> list[tuple[str, Expression | None]]:
        """What an item of a sub-query adds: columns by name, and None for the child."""
        of = item.table.lower() if isinstance(item, exp.Column) and isinstance(item.this, exp.Star) else ""
        star = item.this if of else item
        if isinstance(star, exp.Star):
            if any(star.args.values()) or (of and of not in scope.prefixes):
                raise self.refuse(item, "star-form", "Only a plain * is read.", "Name the columns.")
            wanted = [
                (place, expression)
                for place, expression in scope.columns.items()
                if of in ("", place[0]) and (of or place not in scope.merged)
            ]
            names = dict.fromkeys(name for prefix, name in sorted(scope.units) if of in ("", prefix) and name)
            return [*((name, None) for name in names), *((name, one) for (_, name), one in wanted)]
        name = self.name_inner(item)
        if scope.is_unit(bare(item)):
            return [(name, None)]
        return [(name, self.read_row(bare(item), scope))]

    def name_inner(self, item: exp.Expression) -> str:
        if not isinstance(item, exp.Alias | exp.Column):
            if isinstance(item, exp.Literal):
                return str(item.this).lower()
            raise self.refuse(
                item, "no-name", "A column of a sub-query needs a name.", "Write expression AS name."
            )
        return str(item.alias_or_name).lower()

    def read_per_child(self, select: exp.Select, scope: Scope, alias: str) -> Scope:
        group = select.args.get("group")
        listed = self.list_group(select)
        wanted = [self.find_meant(node, select, scope)[1] for node in listed]
        if not group:
            wanted = [bare(item) for item in select.expressions]
        if not any(scope.is_unit(node) for node in wanted):
            raise self.refuse(
                select,
                "inner-release",
                "A sub-query over several children would be a release of its own.",
                "Group it by the child, or ask it as a query.",
            )
        prefix = f"p{self.count_up()}"
        keys: list[tuple[Expression, Field]] = []
        for node in wanted:
            if scope.is_unit(node):
                continue
            expression = plan.make_normal(self.read_row(node, scope))
            if expression.domain.kind in (domains.REAL, domains.TIMESTAMP):
                raise self.refuse(
                    node,
                    "group-by-real",
                    "A real number or a time is no group.",
                    "Write FLOOR(x / 10), or CAST(t AS DATE).",
                )
            keys.append((expression, Field(f"{prefix}.key{len(keys)}", expression.domain)))
        inner = Inner(self, scope, self.make_reader(scope), keys, prefix)
        columns: dict[tuple[str, str], Expression] = {}
        units: set[tuple[str, str]] = set()
        for item in select.expressions:
            name = self.name_inner(item)
            if scope.is_unit(bare(item)):
                units.add((alias, name))
                continue
            if (alias, name) in columns:
                raise self.refuse(
                    item, "same-name", f"Two columns are called {name[:80]}.", "Write x AS another name."
                )
            columns[alias, name] = inner.read(bare(item))
            if isinstance(item, exp.Alias):
                inner.aliases[name] = columns[alias, name]
        having = select.args.get("having")
        condition = inner.read(having.this) if having else None
        pairs = tuple((key.name, expression) for expression, key in keys)
        relation: Relation = PerChild(scope.relation, prefix, pairs, tuple(inner.aggregates))
        if condition is not None:
            if condition.domain.kind != domains.BOOLEAN:
                raise self.refuse(
                    having, "not-a-condition", "HAVING is not true or false here.", "Compare it."
                )
            relation = Filter(relation, condition)
        constants = frozenset(one for one, _ in inner.aggregates) if not keys else frozenset()
        constants |= {
            key.name
            for expression, key in keys
            if all(one.name in scope.constants for one in expressions.list_fields(expression))
        }
        return Scope(relation, columns, units or {(alias, "")}, constants)

    # --- expressions of rows ----------------------------------------------------------------------------

    def make_reader(self, scope: Scope) -> Reader:
        return Reader(
            self, lambda column: scope.find_column(column, self), lambda node: self.meet(node, scope)
        )

    def read_row(self, node: exp.Expression, scope: Scope) -> Expression:
        """Read an expression of one row's columns."""
        return self.make_reader(scope).read(node)


@dataclass
class _Named:
    """What WITH gives a name to, and the names that it may use."""

    node: exp.CTE
    before: dict[str, _Named]
    is_used: bool = False


def _names_columns(node: exp.Expression) -> bool:
    alias = node.args.get("alias")
    return bool(alias is not None and alias.args.get("columns"))


def _split_and(node: exp.Expression) -> list[exp.Expression]:
    """The conditions that AND joins, in order."""
    found: list[exp.Expression] = []
    waiting = [node]
    while waiting:
        one = waiting.pop()
        if isinstance(one, exp.Paren):
            waiting.append(one.this)
        elif isinstance(one, exp.And):
            waiting += [one.expression, one.this]
        else:
            found.append(one)
    return found


def _equates(node: exp.Expression, one: Scope, other: Scope, *, needs_names: bool = False) -> bool:
    """Answer whether a condition says that the child of one scope is the child of the other.

    With `needs_names` each side says of which table it is: in a sub-query a bare name means its own.
    """
    if not isinstance(node, exp.EQ):
        return False
    left, right = node.this, node.expression
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Column):
        return False
    if needs_names and not (left.table and right.table):
        return False
    return (one.is_unit(left) and other.is_unit(right)) or (one.is_unit(right) and other.is_unit(left))
