"""Plans as SQL: only names of the codebook and constants that were read, never a text that somebody wrote.

Written in DuckDB's dialect; another engine's is made of it by SQLGlot. Every expression is total, every whole
number is 64 bits wide, nothing hangs on the order of rows, and no floating-point number is added up.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightwell.query import bound, expression, plan
from lightwell.query import domain as domains
from lightwell.query.bound import Bounded
from lightwell.query.codebook import Codebook, Column, Table
from lightwell.query.domain import Domain, Key
from lightwell.query.expression import Call, Constant, Expression, Field
from lightwell.query.plan import Measure, Relation

_LARGEST_DOUBLE = "1.7976931348623157e308"
_TYPES = {
    domains.BOOLEAN: "BOOLEAN",
    domains.INTEGER: "BIGINT",
    domains.REAL: "DOUBLE",
    domains.TEXT: "VARCHAR",
    domains.DATE: "DATE",
    domains.TIMESTAMP: "TIMESTAMP",
}
_LARGEST_TOTAL = 2**62


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, and the measures whose whole numbers are its columns after the group keys.

    Of bins, the column before the last is the number of the bin and the last how much is in it. What is in
    no bin has a row without a number: to leave it out in SQL would work every row's bin out once more.
    """

    text: str
    measures: tuple[int, ...]
    has_bins: bool = False


def write_statements(bounded: Bounded, codebook: Codebook, reading: Reading | None = None) -> list[Statement]:
    """Write what measures a bounded plan: one statement for sums, one for each set of bins or distinct values."""
    writer = _Writer(bounded, codebook, reading or Reading())
    statements = []
    sums = [
        number
        for number, measure in enumerate(bounded.plan.measures)
        if measure.kind in ("rows", "total", "squares", "children")
    ]
    if sums and writer.can_split and writer.varying:
        # Counting children needs each child's groups; everything else only how many rows each child has.
        has_children = any(bounded.plan.measures[number].kind == "children" for number in sums)
        write = writer.write_group_sums if has_children else writer.write_split_sums
        statements.append(Statement(write(sums), tuple(sums)))
    elif sums:
        statements.append(Statement(writer.write_sums(sums), tuple(sums)))
    for number, measure in enumerate(bounded.plan.measures):
        if measure.kind == "bins":
            statements.append(Statement(writer.write_bins(measure), (number,), True))
        elif measure.kind == "distinct":
            statements.append(Statement(writer.write_distinct(measure), (number,)))
    return statements


class Reading:
    """How the columns of a table are read; here from files as somebody wrote them."""

    def write_column(self, table: Table, column: Column) -> str:
        """A column's value as its domain allows it."""
        return settle(quote(column.name), column.domain)

    def write_source(self, table: Table, scan: plan.Scan) -> str:
        """What stands after FROM: the rows about a child."""
        return f"{quote(table.name)} WHERE {quote(table.unit)} IS NOT NULL"

    def write_unit(self, table: Table) -> str:
        """The column that names the child."""
        return quote(table.unit)

    def write_listed(self, table: Table, column: Column) -> str:
        """The same text as `write_column` in a form that is cheaper to group by, or nothing."""
        return ""

    def write_place(self, table: Table, column: Column) -> str:
        """The place of a value in the sorted list of its domain, where that is cheaper to look up by."""
        return ""


class _Writer:
    def __init__(self, bounded: Bounded, codebook: Codebook, reading: Reading) -> None:
        self.bounded, self.plan, self.codebook, self.reading = bounded, bounded.plan, codebook, reading
        # Nothing is weighted where no child has a second row, or rows were bounded when they were read.
        self.is_plain = bounded.is_one_row or bounded.path in bound.RANKED
        self.fields = plan.list_scanned(bounded.plan)
        self.keys = self.plan.keys
        self.varying = [number for number, key in enumerate(self.keys) if not key.is_constant]
        self.constant = [number for number, key in enumerate(self.keys) if key.is_constant]
        # Columns that are read as `write_listed` has them, and those that something but a bare key looks at.
        self.listed: set[str] = set()
        # Columns by whose place in their list a public table is looked up.
        self.scans = {scan.name: scan.table for scan in _list_scans(self.plan.source)}
        self.placed = {
            on.name: place
            for on in (lookup.on for lookup in _list_lookups(self.plan.source))
            if isinstance(on, Field) and (place := self.find_place(on))
        }
        computed: list[Expression] = [
            key.expression for key in self.keys if not isinstance(key.expression, Field)
        ]
        others = list(plan.list_expressions(self.plan))[len(self.keys) :]
        for lookup in _list_lookups(self.plan.source):
            if isinstance(lookup.on, Field) and lookup.on.name in self.placed:
                others.remove(lookup.on)
        computed += others
        self.looked = {one.name for part in computed for one in expression.list_fields(part)}
        self.can_split = not self.is_plain and not self.plan.has_private_keys

    # --- statements -------------------------------------------------------------------------------------

    def write_sums(self, numbers: Sequence[int]) -> str:
        measures = [self.plan.measures[number] for number in numbers]
        keyed = self.write_keyed({number: self.write_amount(number) for number in numbers})
        if self.is_plain:
            sums = [
                f"CAST({self.write_total(number)} * {self.bounded.scales[number]} AS BIGINT) AS v{number}"
                for number in numbers
            ]
            return f"SELECT {', '.join([*self.list_keys(), *sums])} FROM ({keyed}) AS keyed{self.write_allowed()}{self.write_group()}"
        sums = [f"{self.write_own_total(number)} AS v{number}" for number in numbers]
        needs_all = any(measure.kind != "children" for measure in measures)
        own = self.write_own(keyed, sums, needs_all=needs_all)
        counted = [
            f"SUM(v{number}) OVER (PARTITION BY unit) AS g{number}"
            for number, measure in zip(numbers, measures, strict=True)
            if measure.kind == "children" and self.bounded.group_scale > 1
        ]
        if counted:
            own = f"SELECT *, {', '.join(counted)} FROM ({own}) AS own"
        added = [
            f"CAST(SUM({self.weigh(number, measure)}) AS BIGINT) AS v{number}"
            for number, measure in zip(numbers, measures, strict=True)
        ]
        return f"SELECT {', '.join([*self.list_keys(), *added])} FROM ({own}) AS own{self.write_group()}"

    def write_group_sums(self, numbers: Sequence[int]) -> str:
        """Sums by keys that vary within a child, from what each child has in each of its groups.

        The same as `write_sums`. What is asked of all groups of a child (how many rows and groups it has, its
        least constant keys) is kept of those children alone for whom it changes anything: all others have at
        most so many rows and groups, and in each group the same constant keys.
        """
        measures = [self.plan.measures[number] for number in numbers]
        varying = [f"k{number}" for number in self.varying]
        settled = [f"MIN(k{number}) AS k{number}" for number in self.constant]
        sums = [f"{self.write_own_total(number)} AS v{number}" for number in numbers]
        keyed = self.write_keyed({number: self.write_amount(number) for number in numbers})
        own = (
            f"SELECT {', '.join(['unit', *varying, *settled, *sums])}, COUNT(*) AS own_rows "
            f"FROM ({keyed}) AS keyed{self.write_allowed(of=self.varying)} GROUP BY {', '.join(['unit', *varying])}"
        )
        # Of a child: what is known of it by which name, and when that changes anything.
        asked, changing = {}, []
        if any(measure.kind != "children" for measure in measures):
            asked["all_rows"] = "CAST(SUM(own_rows) AS BIGINT)"
            changing.append(f"SUM(own_rows) > {self.plan.rows}")
        for number, measure in zip(numbers, measures, strict=True):
            if measure.kind == "children" and self.bounded.group_scale > 1:
                asked[f"g{number}"] = f"CAST(SUM(v{number}) AS BIGINT)"
                changing.append(f"SUM(v{number}) > {self.plan.groups}")
        least = {f"k{number}": f"l{number}" for number in self.constant}
        changing += [self.write_uneven(number) for number in self.constant]
        added = [
            f"CAST(SUM({self.weigh(number, measure)}) AS BIGINT) AS v{number}"
            for number, measure in zip(numbers, measures, strict=True)
        ]
        source = "own"
        if changing:
            known = [f"{text} AS {name}" for name, text in asked.items()]
            known += [f"MIN({key}) AS {name}" for key, name in least.items()]
            special = f"SELECT unit, {', '.join(known)} FROM own GROUP BY unit HAVING {' OR '.join(changing)}"
            columns = [*varying, *(f"own.v{number}" for number in numbers)]
            columns += [f"COALESCE(special.{name}, 0) AS {name}" for name in asked]
            columns += [
                f"CASE WHEN special.unit IS NULL THEN own.{key} ELSE special.{name} END AS {key}"
                for key, name in least.items()
            ]
            source = (
                f"(SELECT {', '.join(columns)} FROM own LEFT JOIN ({special}) AS special "
                "ON own.unit = special.unit) AS own"
            )
        return (
            f"WITH own AS ({own}) SELECT {', '.join([*self.list_keys(), *added])} FROM {source}"
            f"{self.write_allowed(of=self.constant)}{self.write_group()}"
        )

    def write_uneven(self, number: int) -> str:
        """A test whether a constant key is not the same in all of a child's rows."""
        key = f"k{number}"
        return f"(COUNT({key}) > 0 AND (COUNT({key}) < COUNT(*) OR MIN({key}) <> MAX({key})))"

    def write_split_sums(self, numbers: Sequence[int]) -> str:
        """Sums over rows by keys that vary within a child, the rows of most children added up as they are."""
        measures = [self.plan.measures[number] for number in numbers]
        keyed = self.write_keyed({number: self.write_amount(number) for number in numbers})
        light = [
            f"{self.write_total(number)} * {self.bounded.scales[number]} AS v{number}" for number in numbers
        ]
        sums = [f"CAST(SUM(v{number}) AS BIGINT) AS v{number}" for number in numbers]
        heavy = [
            f"SUM({self.weigh(number, measure)}) AS v{number}"
            for number, measure in zip(numbers, measures, strict=True)
        ]
        own = [f"{self.write_own_total(number)} AS v{number}" for number in numbers]
        both = self.write_split(keyed, light, own, heavy)
        added = ", ".join([*self.list_keys(), *sums])
        return f"SELECT {added} FROM ({both}) AS both_kinds{self.write_group()}"

    def write_split(
        self, keyed: str, light: Sequence[str], sums: Sequence[str], heavy: Sequence[str], *more: str
    ) -> str:
        """What children with few rows add, row by row, and what those with too many add, weighed.

        A child whose rows are within the bound and whose constant keys are the same in all of them adds each
        of its rows in full, in the group that the row says: neither its sums nor its least keys are needed.
        Only the others go through `write_own`.
        """
        uneven = [self.write_uneven(number) for number in self.constant]
        special = (
            f"SELECT unit FROM ({keyed}) AS keyed{self.write_allowed(of=self.varying)} GROUP BY unit "
            f"HAVING {' OR '.join([f'COUNT(*) > {self.plan.rows}', *uneven])}"
        )
        columns = ", ".join([*self.list_keys(), *more])
        begun = f"{columns}, " if columns else ""
        few = (
            f"SELECT * FROM ({keyed}) AS keyed ANTI JOIN ({special}) AS special ON keyed.unit = special.unit"
        )
        many = (
            f"SELECT * FROM ({keyed}) AS keyed SEMI JOIN ({special}) AS special ON keyed.unit = special.unit"
        )
        return (
            f"SELECT {begun}{', '.join(light)} FROM ({few}) AS keyed{self.write_allowed()}"
            f"{self.write_group(*more)} UNION ALL "
            f"SELECT {begun}{', '.join(heavy)} FROM ({self.write_own(many, sums, *more)}) AS own"
            f"{self.write_group(*more)}"
        )

    def write_bins(self, measure: Measure) -> str:
        number = self.plan.measures.index(measure)
        keyed = self.write_keyed({}, f"{write_bin(measure, write_expression)} AS bin")
        columns = ", ".join([*self.list_keys(), "bin"])
        if self.is_plain:
            return (
                f"SELECT {columns}, COUNT(*) * {self.bounded.scales[number]} AS v FROM ({keyed}) AS keyed"
                f"{self.write_allowed()}{self.write_group('bin')}"
            )
        if self.can_split:
            light = f"COUNT(*) * {self.bounded.scales[number]} AS v"
            weighed = self.weigh_amount(f"own_rows * {self.bounded.scales[number]}")
            heavy = f"CAST(SUM({weighed}) AS BIGINT) AS v"
            both = self.write_split(keyed, [light], [], [heavy], "bin")
            added = f"SELECT {columns}, CAST(SUM(v) AS BIGINT) AS v FROM ({both}) AS both_kinds"
            return f"{added}{self.write_group('bin')}"
        own = self.write_own(keyed, [], "bin")
        weighed = self.weigh_amount(f"own_rows * {self.bounded.scales[number]}")
        added = f"SELECT {columns}, CAST(SUM({weighed}) AS BIGINT) AS v FROM ({own}) AS own"
        return f"{added}{self.write_group('bin')}"

    def write_distinct(self, measure: Measure) -> str:
        assert measure.argument is not None
        keyed = self.write_keyed({}, f"{write_expression(measure.argument)} AS value")
        own = self.write_own(keyed, [], "value")
        columns = ", ".join(["unit", *self.list_keys(), "value"])
        order = _write_rank(["unit", *self.list_keys(), "value"])
        ranked = (
            f"SELECT {columns}, ROW_NUMBER() OVER (PARTITION BY unit ORDER BY {order}) AS place "
            f"FROM (SELECT DISTINCT {columns} FROM ({own}) AS own WHERE value IS NOT NULL) AS pairs"
        )
        counts = ", ".join([*self.list_keys(), "COUNT(DISTINCT value) AS v"])
        return (
            f"SELECT {counts} FROM ({ranked}) AS ranked WHERE place <= {self.plan.rows}{self.write_group()}"
        )

    # --- parts ------------------------------------------------------------------------------------------

    def list_keys(self) -> list[str]:
        return [f"k{number}" for number in range(len(self.keys))]

    def write_group(self, *more: str) -> str:
        names = [*self.list_keys(), *more]
        return f" GROUP BY {', '.join(names)}" if names else ""

    def write_keyed(self, values: Mapping[int, str], *more: str) -> str:
        """The rows with their group keys and what each adds."""
        columns = ["unit"]
        source = self.write_relation(self.plan.source)
        columns += [f"{self.write_key(key)} AS k{number}" for number, key in enumerate(self.keys)]
        columns += [f"{text} AS v{number}" for number, text in values.items()]
        return f"SELECT {', '.join([*columns, *more])} FROM ({source}) AS source"

    def write_amount(self, number: int) -> str:
        """What a row adds; of rows anything that is null where a row does not count."""
        measure = self.plan.measures[number]
        if measure.kind == "rows" and measure.argument is not None:
            return write_expression(measure.argument)
        return write_value(measure, write_expression)

    def write_total(self, number: int) -> str:
        """What rows add together. Counting is much cheaper than adding up ones."""
        measure = self.plan.measures[number]
        is_counted = measure.kind == "rows" or measure.argument is None
        return f"{'COUNT' if is_counted else 'SUM'}(v{number})"

    def write_own_total(self, number: int) -> str:
        """What the rows of one child in one group add together, within 64 bits."""
        measure = self.plan.measures[number]
        if measure.kind == "rows":
            return f"COUNT(v{number})"
        if measure.kind == "children":
            return "CAST(1 AS BIGINT)" if measure.argument is None else f"CAST(MAX(v{number}) AS BIGINT)"
        return _fit(f"SUM(v{number})")

    def write_key(self, key: plan.GroupKey) -> str:
        if isinstance(key.expression, Field) and key.expression.name in self.listed:
            return quote(f"{key.expression.name} listed")
        return write_expression(key.expression)

    def write_allowed(self, *more: str, of: Sequence[int] | None = None) -> str:
        """Only groups that there are: a value outside every group is in none."""
        wanted = range(len(self.keys)) if of is None else of
        conditions = [
            self.write_membership(number) for number in wanted if self.keys[number].values is not None
        ]
        conditions = [condition for condition in [*conditions, *more] if condition]
        return f" WHERE {' AND '.join(conditions)}" if conditions else ""

    def write_membership(self, number: int) -> str:
        key = self.keys[number]
        values = [value for value in key.values or () if value is not None]
        has_null = None in (key.values or ())
        name = f"k{number}"
        if not values:
            return f"{name} IS NULL" if has_null else "FALSE"
        if self.is_settled(key):
            return "" if has_null else f"{name} IS NOT NULL"
        low, high = values[0], values[-1]
        dense = key.expression.domain.kind == domains.INTEGER and len(values) == int(high) - int(low) + 1
        dense = dense or (key.expression.domain.kind == domains.DATE and len(values) == (high - low).days + 1)
        if dense and len(values) > 2:
            inside = f"{name} BETWEEN {write_constant(low)} AND {write_constant(high)}"
        else:
            inside = f"{name} IN ({', '.join(write_constant(value) for value in values)})"
        return f"({inside} OR {name} IS NULL)" if has_null else inside

    def is_settled(self, key: plan.GroupKey) -> bool:
        """Answer whether a key is a column that is one of its listed values, or null, by how it is read."""
        if not isinstance(key.expression, Field):
            return False
        prefix, _, name = key.expression.name.partition(".")
        table = self.codebook.tables.get(self.scans.get(prefix, ""))
        column = None if table is None else table.columns.get(name.lower())
        listed = None if column is None else column.domain.values
        return listed is not None and set(key.values or ()) >= set(listed)

    def write_own(self, keyed: str, sums: Sequence[str], *more: str, needs_all: bool = True) -> str:
        """One row for each child and group: what its rows add up to, and how many rows it has in all."""
        varying = [f"k{number}" for number in self.varying]
        settled = [f"MIN(k{number}) AS k{number}" for number in self.constant]
        grouped = ["unit", *varying, *more]
        own = (
            f"SELECT {', '.join([*grouped, *settled, *sums])}, COUNT(*) AS own_rows "
            f"FROM ({keyed}) AS keyed{self.write_allowed(of=self.varying)} GROUP BY {', '.join(grouped)}"
        )
        if len(grouped) == 1:
            # One group for each child: its rows there are all its rows.
            return f"SELECT *, own_rows AS all_rows FROM ({own}) AS own{self.write_allowed(of=self.constant)}"
        kept = [name for name in [*grouped, "own_rows"] if name != "unit"]
        columns = ["unit", *kept, *(_last_word(one) for one in sums)]
        if self.constant:
            least = [f"MIN(k{number}) OVER (PARTITION BY unit) AS k{number}" for number in self.constant]
            own = f"SELECT {', '.join([*columns, *least])} FROM ({own}) AS own"
            own = f"SELECT * FROM ({own}) AS own{self.write_allowed(of=self.constant)}"
        if self.plan.has_private_keys:
            own = self.keep_first_groups(own)
        if needs_all:
            return f"SELECT *, SUM(own_rows) OVER (PARTITION BY unit) AS all_rows FROM ({own}) AS own"
        return own

    def keep_first_groups(self, own: str) -> str:
        """Private keys: a child is in so many groups and no more, the first by an order of its own."""
        keys = self.list_keys()
        order = _write_rank(["unit", *keys, "NULL"])
        place = f"DENSE_RANK() OVER (PARTITION BY unit ORDER BY {order}) AS place"
        return (
            f"SELECT * FROM (SELECT *, {place} FROM ({own}) AS own) AS own WHERE place <= {self.plan.groups}"
        )

    def weigh(self, number: int, measure: Measure) -> str:
        scale = self.bounded.scales[number]
        if measure.kind == "children":
            if self.bounded.group_scale == 1:
                return f"v{number}"
            most = self.plan.groups
            less = f"CAST(FLOOR({scale} * SQRT({most}e0 / CAST(g{number} AS DOUBLE))) AS BIGINT)"
            return f"v{number} * CASE WHEN g{number} <= {most} THEN {scale} ELSE {less} END"
        return self.weigh_amount(f"v{number} * {scale}")

    def weigh_amount(self, amount: str) -> str:
        most = self.plan.rows

        def lessen(text: str) -> str:
            # text * most // all_rows, in two parts: the product does not fit 64 bits where a join of a child's
            # rows with themselves makes billions of them, and an overflow would tell of that child.
            return f"((({text}) // all_rows) * {most} + ((({text}) % all_rows) * {most}) // all_rows)"

        return (
            f"CASE WHEN all_rows <= {most} THEN {amount} "
            f"WHEN {amount} < 0 THEN -{lessen(f'-({amount})')} ELSE {lessen(amount)} END"
        )

    # --- relations --------------------------------------------------------------------------------------

    def write_relation(self, relation: Relation) -> str:
        if isinstance(relation, plan.Scan):
            table = self.codebook.tables[relation.table]
            columns = [
                f"{self.reading.write_unit(table)} AS unit",
                *self.write_columns(table, relation.name),
            ]
            return f"SELECT {', '.join(columns)} FROM {self.reading.write_source(table, relation)}"
        if isinstance(relation, plan.Filter):
            source = self.write_relation(relation.source)
            return f"SELECT * FROM ({source}) AS source WHERE {write_expression(relation.condition)}"
        if isinstance(relation, plan.Lookup):
            return self.write_lookup(relation)
        if isinstance(relation, plan.Meeting):
            return self.write_meeting(relation)
        return self.write_per_child(relation)

    def write_columns(self, table: Table, prefix: str) -> list[str]:
        wanted = {one.name for one in self.fields.get(prefix, [])}
        names = {column.name: f"{prefix}.{column.name}" for column in table.columns.values()}
        read = [column for column in table.columns.values() if names[column.name] in wanted]
        grouped = {key.expression.name for key in self.keys if isinstance(key.expression, Field)}
        columns = []
        for column in read:
            name = names[column.name]
            is_grouped = name in grouped and not table.is_public
            listed = self.reading.write_listed(table, column) if is_grouped else ""
            if listed:
                self.listed.add(name)
                columns.append(f"{listed} AS {quote(name + ' listed')}")
            if name in self.placed:
                columns.append(f"{self.placed[name]} AS {quote(name + ' place')}")
            if name in self.looked or (name in grouped and not listed):
                columns.append(f"{self.reading.write_column(table, column)} AS {quote(name)}")
        return columns

    def find_place(self, field: Field) -> str:
        """The SQL of a scanned column's place in its sorted list, or nothing."""
        prefix, _, name = field.name.partition(".")
        table = self.codebook.tables.get(self.scans.get(prefix, ""))
        column = None if table is None else table.columns.get(name.lower())
        if table is None or column is None or column.domain != field.domain:
            return ""
        return self.reading.write_place(table, column)

    def write_lookup(self, relation: plan.Lookup) -> str:
        table = self.codebook.tables[relation.table]
        key = table.columns[table.key.lower()]
        columns = self.write_columns(table, relation.name)
        found, on = settle(quote(key.name), key.domain), write_expression(relation.on)
        if isinstance(relation.on, Field) and relation.on.name in self.placed:
            # What is not in the list has no place, and nothing is looked up by it either.
            on = quote(relation.on.name + " place")
            listed = relation.on.domain.list_values()
            places = enumerate(sorted(listed))
            branches = " ".join(f"WHEN {write_constant(value)} THEN {place}" for place, value in places)
            found = f"CASE {found} {branches} END"
        public = f"SELECT {', '.join([*columns, f'{found} AS lookup_key'])} FROM {quote(table.name)}"
        # One row for each key, whatever the file holds: a doubled key would double rows of children. The least
        # of several values, because any of them would be another one on another day.
        names = [f"MIN({quote(one.name)}) AS {quote(one.name)}" for one in self.fields.get(relation.name, [])]
        public = f"SELECT {', '.join(['lookup_key', *names])} FROM ({public}) AS public WHERE lookup_key IS NOT NULL GROUP BY lookup_key"
        side = "LEFT JOIN" if relation.keeps_all else "JOIN"
        source = f"SELECT *, {on} AS lookup_on FROM ({self.write_relation(relation.source)}) AS source"
        others = ", ".join(
            ["left_side.*", *(f"right_side.{quote(one.name)}" for one in self.fields.get(relation.name, []))]
        )
        joined = f"SELECT {others} FROM ({source}) AS left_side {side} ({public}) AS right_side ON lookup_on = lookup_key"
        return f"SELECT * EXCLUDE (lookup_on) FROM ({joined}) AS joined"

    def write_meeting(self, relation: plan.Meeting) -> str:
        side = "LEFT JOIN" if relation.keeps_all else "JOIN"
        other = (
            f"SELECT *, TRUE AS {quote(relation.mark)} FROM ({self.write_relation(relation.other)}) AS other"
        )
        return (
            f"SELECT left_side.*, right_side.* EXCLUDE (unit) FROM ({self.write_relation(relation.source)}) AS left_side "
            f"{side} ({other}) AS right_side ON left_side.unit = right_side.unit"
        )

    def write_per_child(self, relation: plan.PerChild) -> str:
        keys = [f"{write_expression(part)} AS {quote(name)}" for name, part in relation.keys]
        values = [
            f"{write_expression(aggregate.argument)} AS a{number}"
            for number, (_, aggregate) in enumerate(relation.aggregates)
            if aggregate.argument is not None
        ]
        source = f"SELECT {', '.join(['unit', *keys, *values])} FROM ({self.write_relation(relation.source)}) AS source"
        grouped = ["unit", *(quote(name) for name, _ in relation.keys)]
        made = [
            f"{_write_aggregate(aggregate, f'a{number}')} AS {quote(name)}"
            for number, (name, aggregate) in enumerate(relation.aggregates)
        ]
        return (
            f"SELECT {', '.join([*grouped, *made])} FROM ({source}) AS source GROUP BY {', '.join(grouped)}"
        )


def _list_scans(relation: Relation) -> Iterator[plan.Scan]:
    """The scans of a relation whose fields are still called by them."""
    if isinstance(relation, plan.Scan):
        yield relation
    elif isinstance(relation, plan.Filter | plan.Lookup):
        yield from _list_scans(relation.source)


def _list_lookups(relation: Relation) -> Iterator[plan.Lookup]:
    """The look-ups of the rows of one table."""
    while isinstance(relation, plan.Filter | plan.Lookup):
        if isinstance(relation, plan.Lookup):
            yield relation
        relation = relation.source


def _last_word(text: str) -> str:
    return text.rsplit(" AS ", 1)[1]


def _write_rank(names: Sequence[str]) -> str:
    """The same as `bound.rank_pair`."""
    texts = [f"CAST({name} AS VARCHAR)" for name in names]
    words = [
        f"CASE WHEN {text} IS NULL THEN '-' ELSE CONCAT(LENGTH({text}), ':', {text}) END" for text in texts
    ]
    return f"MD5(CONCAT({', '.join(words)}))"


def write_value(measure: Measure, write: Callable[[Expression], str]) -> str:
    """What a row adds, as a whole number; nothing where it is null. `write` writes expressions."""
    if measure.kind == "rows":
        if measure.argument is None:
            return "1"
        return f"CAST(CASE WHEN {write(measure.argument)} IS NULL THEN 0 ELSE 1 END AS INTEGER)"
    if measure.kind == "children":
        if measure.argument is None:
            return "1"
        return f"CAST(CASE WHEN {write(measure.argument)} THEN 1 ELSE 0 END AS INTEGER)"
    assert measure.argument is not None
    distance = f"(CAST({write(measure.argument)} AS DOUBLE) - {write_real(measure.center)})"
    inverse = write_real(1.0 / measure.step)
    if measure.kind == "squares":
        distance = f"{distance} * {distance}"
    kind = "INTEGER" if measure.most < 2**30 else "BIGINT"
    return f"CAST(FLOOR({distance} * {inverse} + 0.5e0) AS {kind})"


def write_bin(measure: Measure, write: Callable[[Expression], str]) -> str:
    """The bin that a row is in, or null."""
    assert measure.argument is not None
    scale = write_real(measure.count / (measure.high - measure.low))
    value = f"CAST({write(measure.argument)} AS DOUBLE)"
    place = f"CAST(FLOOR(({value} - {write_real(measure.low)}) * {scale}) AS BIGINT)"
    last = measure.count - 1
    return f"CASE WHEN {place} < 0 THEN 0 WHEN {place} > {last} THEN {last} ELSE {place} END"


def _fit(total: str) -> str:
    """One child's total in 64 bits, at the nearer end where it is beyond: no sum of a child's rows fails."""
    return f"CAST(CASE WHEN {total} > {_LARGEST_TOTAL} THEN {_LARGEST_TOTAL} WHEN {total} < -{_LARGEST_TOTAL} THEN -{_LARGEST_TOTAL} ELSE {total} END AS BIGINT)"


def _write_aggregate(aggregate: plan.ChildAggregate, name: str) -> str:
    kind = aggregate.kind
    if kind == "rows":
        return clamp("COUNT(*)", aggregate.bounds)
    if kind == "known":
        return clamp(f"COUNT({name})", aggregate.bounds)
    if kind == "distinct":
        return clamp(f"COUNT(DISTINCT {name})", aggregate.bounds)
    if kind in ("min", "max"):
        return f"{kind.upper()}({name})"
    if kind in ("any", "all"):
        return f"{'BOOL_OR' if kind == 'any' else 'BOOL_AND'}({name})"
    assert aggregate.argument is not None
    if aggregate.argument.domain.kind == domains.INTEGER and aggregate.step == 1.0:
        total = _fit(f"SUM({name})")
    else:
        units = f"CAST(FLOOR(CAST({name} AS DOUBLE) * {write_real(1.0 / aggregate.step)} + 0.5e0) AS BIGINT)"
        total = f"CAST({_fit(f'SUM({units})')} AS DOUBLE) * {write_real(aggregate.step)}"
    if kind == "mean":
        total = f"CASE WHEN COUNT({name}) = 0 THEN NULL ELSE CAST({total} AS DOUBLE) / CAST(COUNT({name}) AS DOUBLE) END"
    return clamp(total, aggregate.bounds)


# --- names, constants, columns --------------------------------------------------------------------------


def quote(name: str) -> str:
    """A name as an identifier that nothing can break out of."""
    return '"' + name.replace('"', '""') + '"'


def write_real(value: float) -> str:
    """A double, written so that no engine takes it for a decimal."""
    text = repr(float(value))
    return f"({text})" if "e" in text else f"({text}e0)"


def write_constant(value: Key) -> str:
    """A constant as SQL."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return f"CAST({value} AS BIGINT)"
    if isinstance(value, float):
        return write_real(value)
    if isinstance(value, datetime.datetime):
        return f"CAST('{value.isoformat(sep=' ')}' AS TIMESTAMP)"
    if isinstance(value, datetime.date):
        return f"CAST('{value.isoformat()}' AS DATE)"
    return "'" + str(value).replace("'", "''") + "'"


def clamp(text: str, bounds: Domain) -> str:
    """A value moved to the nearer end of its bounds; null stays null."""
    if not bounds.is_bounded:
        return text
    low, high = write_constant(bounds.low), write_constant(bounds.high)
    return f"CASE WHEN {text} < {low} THEN {low} WHEN {text} > {high} THEN {high} ELSE {text} END"


def settle(name: str, of: Domain) -> str:
    """A column as its domain allows it; the same as `reference.settle`."""
    if of.kind == domains.REAL:
        real = f"CAST({name} AS DOUBLE)"
        # NaN is above every number here, so that this leaves it out with both infinities.
        finite = f"{real} >= -{_LARGEST_DOUBLE} AND {real} <= {_LARGEST_DOUBLE}"
        return f"CASE WHEN {finite} THEN {clamp(real, of)} END"
    if of.kind == domains.INTEGER:
        real = f"CAST({name} AS DOUBLE)"
        limit = f"{domains.LARGEST}e0"
        whole = f"CAST(CASE WHEN {real} >= -{limit} AND {real} <= {limit} AND {real} = FLOOR({real}) THEN {name} END AS BIGINT)"
        if of.values is not None:
            listed = ", ".join(write_constant(value) for value in of.values)
            return f"CASE WHEN {whole} IN ({listed}) THEN {whole} END"
        return clamp(whole, of)
    if of.kind == domains.TEXT:
        if of.values is None:
            return f"CAST({name} AS VARCHAR)"
        listed = ", ".join(write_constant(value) for value in of.values)
        return f"CASE WHEN {name} IN ({listed}) THEN {name} END"
    if of.kind == domains.DATE and of.values is not None:
        listed = ", ".join(write_constant(value) for value in of.values)
        return f"CASE WHEN CAST({name} AS DATE) IN ({listed}) THEN CAST({name} AS DATE) END"
    kinds = {domains.BOOLEAN: "BOOLEAN", domains.DATE: "DATE", domains.TIMESTAMP: "TIMESTAMP"}
    cast = f"CAST({name} AS {kinds[of.kind]})"
    if of.kind in (domains.DATE, domains.TIMESTAMP) and not of.is_bounded:
        # Engines know years before 1 and after 9999, and infinity: what is computed from those has no bounds.
        first, last = write_constant(datetime.date(1, 1, 1)), write_constant(datetime.date(9999, 12, 31))
        return f"CASE WHEN {cast} >= {first} AND CAST({cast} AS DATE) <= {last} THEN {cast} END"
    return clamp(cast, of)


# --- expressions ----------------------------------------------------------------------------------------


def write_expression(node: Expression) -> str:
    """An expression as SQL that means what `expression.evaluate` says."""
    if isinstance(node, Constant):
        if node.value is None:
            # A bare NULL has no type, and some functions are chosen by the type of what they are given.
            return f"CAST(NULL AS {_TYPES[node.domain.kind]})"
        return write_constant(node.value)
    if isinstance(node, Field):
        return quote(node.name)
    return write_call(node, [write_expression(part) for part in node.arguments])


def write_call(node: Call, parts: Sequence[str]) -> str:
    """An operator or function of arguments that are written already."""
    return _WRITERS[node.name](node, parts)


def _infix(sign: str) -> Callable[[Call, Sequence[str]], str]:
    return lambda node, parts: f"({f' {sign} '.join(parts)})"


def _write_case(node: Call, parts: Sequence[str]) -> str:
    branches = " ".join(
        f"WHEN {one} THEN {other}" for one, other in zip(parts[:-1:2], parts[1:-1:2], strict=True)
    )
    text = f"CASE {branches} ELSE {parts[-1]} END"
    return f"CAST({text} AS DOUBLE)" if node.domain.kind == domains.REAL else f"({text})"


def _write_extreme(name: str) -> Callable[[Call, Sequence[str]], str]:
    def write(node: Call, parts: Sequence[str]) -> str:
        # LEAST and GREATEST pass over nulls in some engines. Nesting them here would triple the text each time.
        known = " OR ".join(f"{part} IS NULL" for part in parts)
        made = f"CASE WHEN {known} THEN NULL ELSE {name}({', '.join(parts)}) END"
        return f"CAST({made} AS DOUBLE)" if node.domain.kind == domains.REAL else f"({made})"

    return write


def _write_map(node: Call, parts: Sequence[str]) -> str:
    branches = " ".join(
        f"WHEN {one} THEN {other}" for one, other in zip(parts[1::2], parts[2::2], strict=True)
    )
    return f"(CASE {parts[0]} {branches} END)" if branches else "NULL"


def _whole(name: str) -> Callable[[Call, Sequence[str]], str]:
    return lambda node, parts: f"CAST({name}(CAST({parts[0]} AS DOUBLE)) AS BIGINT)"


def _write_round(node: Call, parts: Sequence[str]) -> str:
    scale = node.arguments[1]
    number = float(scale.value) if isinstance(scale, Constant) else 1.0
    whole = f"FLOOR(CAST({parts[0]} AS DOUBLE) * {write_real(number)} + 0.5e0)"
    return f"({whole} / {write_real(number)})" if number > 1 else f"CAST({whole} AS BIGINT)"


def _part(name: str) -> Callable[[Call, Sequence[str]], str]:
    return lambda node, parts: f"CAST({name}({parts[0]}) AS BIGINT)"


def _write_weekday(node: Call, parts: Sequence[str]) -> str:
    # 1970-01-05 was a Monday.
    days = f"CAST(DATE_DIFF('day', CAST('1970-01-05' AS DATE), CAST({parts[0]} AS DATE)) AS BIGINT)"
    place = f"((({days} % 7) + 7) % 7)"
    return f"({place} + 1)" if node.name == "isodow" else f"(({place} + 1) % 7)"


def _trunc(unit: str) -> Callable[[Call, Sequence[str]], str]:
    return lambda node, parts: f"CAST(DATE_TRUNC('{unit}', {parts[0]}) AS DATE)"


def _write_move(node: Call, parts: Sequence[str]) -> str:
    days = node.arguments[1]
    number = int(days.value) if isinstance(days, Constant) else 0
    return f"CAST({parts[0]} + INTERVAL '{number}' DAY AS DATE)"


def _write_in(node: Call, parts: Sequence[str]) -> str:
    return f"({parts[0]} IN ({', '.join(parts[1:])}))"


def _write_coalesce(node: Call, parts: Sequence[str]) -> str:
    text = f"COALESCE({', '.join(parts)})"
    return f"CAST({text} AS DOUBLE)" if node.domain.kind == domains.REAL else text


_WRITERS: dict[str, Callable[[Call, Sequence[str]], str]] = {
    "and": _infix("AND"),
    "or": _infix("OR"),
    "not": lambda node, parts: f"(NOT {parts[0]})",
    "is_null": lambda node, parts: f"({parts[0]} IS NULL)",
    **{sign: _infix(sign) for sign in expression.COMPARISONS},
    "in": _write_in,
    "like": _infix("LIKE"),
    "+": _infix("+"),
    "-": _infix("-"),
    "*": _infix("*"),
    "/": lambda node, parts: f"(CAST({parts[0]} AS DOUBLE) / NULLIF(CAST({parts[1]} AS DOUBLE), 0e0))",
    "//": _infix("//"),
    "%": _infix("%"),
    "negative": lambda node, parts: f"(-{parts[0]})",
    "abs": lambda node, parts: f"ABS({parts[0]})",
    "floor": _whole("FLOOR"),
    "ceil": _whole("CEIL"),
    "round": _write_round,
    "real": lambda node, parts: f"CAST({parts[0]} AS DOUBLE)",
    "least": _write_extreme("LEAST"),
    "greatest": _write_extreme("GREATEST"),
    "coalesce": _write_coalesce,
    "nullif": lambda node, parts: f"NULLIF({parts[0]}, {parts[1]})",
    "case": _write_case,
    "map": _write_map,
    **{name: _part(name.upper()) for name in ("year", "quarter", "month", "day", "hour", "minute", "second")},
    "week": _part("WEEKOFYEAR"),
    "dayofyear": _part("DAYOFYEAR"),
    "isodow": _write_weekday,
    "dow": _write_weekday,
    "to_date": lambda node, parts: f"CAST({parts[0]} AS DATE)",
    **{f"trunc_{unit}": _trunc(unit) for unit in ("year", "quarter", "month", "week")},
    "days_between": lambda node, parts: f"CAST(DATE_DIFF('day', {parts[1]}, {parts[0]}) AS BIGINT)",
    "add_days": _write_move,
}


def write_bound_note(bounded: Bounded) -> str:
    """What the weighting in the statements enforces, in words."""
    if bounded.is_one_row:
        return "One row for each child, by grouping."
    return f"At most {bounded.plan.rows} rows of one child count; more are weighted down by {bound.WEIGHT_SCALE}ths."
