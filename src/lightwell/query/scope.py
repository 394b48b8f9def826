"""What names mean in one SELECT: its columns, the child, and where its rows come from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from sqlglot import exp

from lightwell.query import domain as domains
from lightwell.query import parse
from lightwell.query.codebook import Table
from lightwell.query.domain import Domain
from lightwell.query.expression import Expression, Field, make_call, make_constant
from lightwell.query.plan import Filter, Meeting, PerChild, Relation, is_one_row
from lightwell.query.reading import Refusals


@dataclass
class Scope:
    """Columns by (prefix, name), and which names are the unit.

    `constants` are fields that are one value for each child; `merged` columns that USING took into another,
    so that the bare name means that one; `lost` are children of the right side of a LEFT JOIN, who may be
    missing. `met` keeps what `child IN (SELECT ...)` became, because an expression may be read twice.
    """

    relation: Relation
    columns: dict[tuple[str, str], Expression]
    units: set[tuple[str, str]]
    constants: frozenset[str] = frozenset()
    merged: frozenset[tuple[str, str]] = frozenset()
    lost: frozenset[tuple[str, str]] = frozenset()
    met: dict[int, Expression] = field(default_factory=dict)

    @property
    def prefixes(self) -> set[str]:
        """The names of its tables."""
        return {prefix for prefix, _ in self.columns} | {prefix for prefix, _ in self.units | self.lost}

    def is_unit(self, node: exp.Expression | None) -> bool:
        """Answer whether a node is a column that names the child."""
        if not isinstance(node, exp.Column):
            return False
        name, prefix = node.name.lower(), node.table.lower()
        return any(name == unit and prefix in ("", of) for of, unit in self.units)

    def list_columns(self, node: exp.Column) -> list[Expression]:
        """The columns that a name can mean: none, one, or several when it is ambiguous."""
        name, prefix = node.name.lower(), node.table.lower()
        return [
            one
            for (of, column), one in self.columns.items()
            if column == name and (prefix == of or (not prefix and (of, column) not in self.merged))
        ]

    def find_column(
        self, node: exp.Column, refusals: Refusals, shown: exp.Expression | None = None
    ) -> Expression:
        """The column that a name means, or a refusal at `shown`."""
        name, prefix = node.name.lower(), node.table.lower()
        place = shown if shown is not None else node
        if node.args.get("db") or node.args.get("catalog") or node.args.get("join_mark"):
            raise refusals.refuse(
                place, "column-form", "A column is named as table.column.", "Leave the rest out."
            )
        if self.is_unit(node):
            raise refusals.refuse(
                place,
                "unit-used",
                f"{node.name} names the child and is never shown or computed with.",
                "Count children with COUNT(DISTINCT ...), join on it, or group a sub-query by it.",
            )
        found = self.list_columns(node)
        if len(found) == 1:
            return found[0]
        if found:
            raise refusals.refuse(
                place, "ambiguous", f"{node.name} is in several tables.", f"Write table.{node.name}."
            )
        if any(name == unit and prefix in ("", of) for of, unit in self.lost):
            raise refusals.refuse(
                place,
                "unit-of-left-join",
                f"{node.sql(dialect=parse.DIALECT)} is missing where nothing was met.",
                "Use the child of the left table, or JOIN instead of LEFT JOIN.",
            )
        if prefix and prefix not in self.prefixes:
            named = ", ".join(sorted(one for one in self.prefixes if not one.startswith("sub-query ")))
            raise refusals.refuse(
                place,
                "unknown-column",
                f"There is no table {prefix[:80]} here to take {name[:80]} from.",
                f"There are: {named or 'none'}. A sub-query sees its own tables alone.",
            )
        known = sorted({column for of, column in self.columns if prefix in ("", of)})
        near = ", ".join(known[:12]) + (" and more" if len(known) > 12 else "")
        raise refusals.refuse(
            place,
            "unknown-column",
            f"There is no column {node.sql(dialect=parse.DIALECT)[:80]}.",
            f"There are: {near or 'none'}.",
        )

    def meet(self, other: Scope, number: int) -> Expression:
        """Say for each row whether its child is in another relation: true or false, the same for each child.

        Whoever is there is there once, so no row is doubled.
        """
        mark = Field(f"m{number}.present", Domain(domains.BOOLEAN))
        self.relation = Meeting(self.relation, make_once(other.relation, number), True, mark.name)
        self.constants = self.constants | {mark.name}
        return make_call("coalesce", mark, make_constant(False))

    def keep_only(self, condition: Expression) -> None:
        """Leave out rows for which a condition is not true."""
        self.relation = Filter(self.relation, condition)


def make_once(relation: Relation, number: int) -> Relation:
    """Each child of a relation once."""
    return relation if is_one_row(relation) else PerChild(relation, f"p{number}", (), ())


def expose(table: Table, prefix: str, alias: str) -> tuple[dict[tuple[str, str], Expression], frozenset[str]]:
    """The columns of a table, as fields with a prefix, and which are constant in the child."""
    columns: dict[tuple[str, str], Expression] = {
        (alias, name): Field(f"{prefix}.{column.name}", column.domain)
        for name, column in table.columns.items()
    }
    constants = frozenset(
        f"{prefix}.{column.name}" for column in table.columns.values() if column.is_constant
    )
    return columns, constants


def only_met(expression: Expression, mark: Field | None) -> Expression:
    """A column of a LEFT JOIN: null in rows that met none, also where it is computed."""
    if isinstance(expression, Field) or mark is None:
        return replace(expression, domain=expression.domain.with_null(True))
    return make_call("case", mark, expression, make_constant(None))
