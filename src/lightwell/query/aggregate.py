"""Figures in a SELECT: of one child's own rows in a sub-query, and over children in the answer.

An inner figure is an exact number that stays inside; an outer one becomes measures, which get noise, and a
statistic that is computed from them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import parse, place, plan
from lightwell.query.domain import Domain
from lightwell.query.expression import Constant, Expression, Field, Unfit
from lightwell.query.plan import ChildAggregate, GroupKey, Measure, Output, Statistic
from lightwell.query.reading import Reader, Refusals, only_where, read_as_number, true_where
from lightwell.query.scope import Scope

# No child's rows are more than this, whatever the file; sums of whole numbers up to it stay exact.
_LARGEST_SUMMAND = 2**31
_QUANTILES = (exp.Quantile, exp.ApproxQuantile, exp.PercentileCont, exp.PercentileDisc, exp.Median)
_FIGURES = (exp.AggFunc, exp.Filter, exp.WithinGroup, exp.IgnoreNulls, exp.RespectNulls, *_QUANTILES)
_READ = (
    exp.Count,
    exp.CountIf,
    exp.Sum,
    exp.Avg,
    exp.Min,
    exp.Max,
    exp.LogicalOr,
    exp.LogicalAnd,
    exp.Variance,
    exp.VariancePop,
    exp.Stddev,
    exp.StddevSamp,
    exp.StddevPop,
    *_QUANTILES,
)
# What of an aggregate's node is read; anything else would be passed over, so it is refused.
_PARTS = {"this", "big_int", "quantile", "expression"}


def is_figure(node: exp.Expression) -> bool:
    """Answer whether an aggregate is in an expression."""
    parts = node.walk(prune=lambda part: isinstance(part, exp.Select))
    return any(isinstance(part, (*_FIGURES, exp.Window)) for part in parts)


class Grouped(Reader):
    """Expressions of a SELECT with groups: what is grouped by, figures, and what is computed from both."""

    def __init__(
        self, refusals: Refusals, scope: Scope, row: Reader, keys: Sequence[tuple[Expression, Field]]
    ) -> None:
        super().__init__(refusals, self.find_key)
        self.scope, self.row, self.keys = scope, row, keys
        self.aliases: dict[str, Expression] = {}
        self.prefers_alias = False

    def read(self, node: exp.Expression | None) -> Expression:
        if (
            self.keys
            and node is not None
            and not isinstance(node, exp.Literal | exp.Column | exp.Paren)
            and not is_figure(node)
        ):
            before = list(self.refusals.found)
            found = self.refusals.attempt(self.row.read, node)
            self.refusals.found[:] = before
            key = None if found is None else self.match_key(found)
            if key is not None:
                return key
        return super().read(node)

    def match_key(self, expression: Expression) -> Field | None:
        wanted = plan.make_normal(expression)
        return next((key for known, key in self.keys if known == wanted), None)

    def find_key(self, node: exp.Column) -> Expression:
        alias = None if node.table else self.aliases.get(node.name.lower())
        if alias is not None and (self.prefers_alias or not self.scope.list_columns(node)):
            return alias
        column = self.scope.find_column(node, self.refusals)
        key = self.match_key(column)
        if key is not None:
            return key
        if alias is not None:
            return alias
        raise self.refusals.refuse(
            node,
            "not-grouped",
            f"{node.name} is neither grouped by nor aggregated.",
            self.advise_figure(node.name, column),
        )

    def advise_figure(self, name: str, column: Expression) -> str:
        return f"Write GROUP BY {name}, or COUNT({name})."

    def read_special(self, node: exp.Expression) -> Expression | None:
        if not isinstance(node, _FIGURES):
            return None
        with self.refusals.at(node):
            call, condition = node, None
            if isinstance(node, exp.Filter):
                call, condition = node.this, node.expression.this
            _check_call(call)
            where = None
            if condition is not None:
                where = self.row.read(condition)
                if where.domain.kind != domains.BOOLEAN:
                    raise Unfit("not-a-condition", "FILTER is not true or false.", "Compare it: x > 1.")
            return self.read_figure(call, where)

    def read_figure(self, call: exp.Expression, where: Expression | None) -> Expression:
        raise NotImplementedError

    def read_distinct(self, argument: exp.Distinct, where: Expression | None) -> Expression:
        if len(argument.expressions) != 1:
            raise Unfit(
                "distinct-form",
                "COUNT(DISTINCT x) takes one expression.",
                "Ask for one at a time, or group a sub-query per child by both.",
            )
        value = only_where(self.row.read(argument.expressions[0]), where)
        if value.domain.kind in (domains.REAL, domains.TIMESTAMP):
            raise Unfit(
                "distinct-real",
                "Real numbers and times are not counted as distinct.",
                "Use FLOOR(x), or CAST(t AS DATE).",
            )
        return value

    def read_known(self, call: exp.Expression, where: Expression | None) -> Expression | None:
        """What COUNT counts: rows where this is not null; None for all rows."""
        argument = call.this
        if isinstance(call, exp.CountIf):
            condition = self.row.read(argument)
            if condition.domain.kind != domains.BOOLEAN:
                raise Unfit("not-a-condition", "COUNT_IF takes a condition.", "Write COUNT_IF(x > 1).")
            return true_where(condition, where)
        if argument is None or isinstance(argument, exp.Star) or self.scope.is_unit(argument):
            return true_where(where)
        value = self.row.read(argument)
        if isinstance(value, Constant) and value.value is not None:
            return true_where(where)
        return only_where(value, where) if value.domain.has_null or where is not None else None


def _check_call(call: exp.Expression) -> None:
    if not isinstance(call, _READ):
        return
    name = place.find_word(call).upper() or "This figure"
    extra = [part for part, value in call.args.items() if value and part not in _PARTS]
    if extra or isinstance(call.this, exp.Order):
        raise Unfit(
            "function-form",
            f"{name} takes one argument here.",
            "Write COUNT(x), SUM(x), AVG(x), QUANTILE(x, 0.5).",
        )
    if isinstance(call.this, exp.Distinct) and not isinstance(call, exp.Count):
        raise Unfit("distinct-form", "DISTINCT is answered in COUNT only.", "Group in a sub-query per child.")
    if isinstance(call.this, exp.Star) and not isinstance(call, exp.Count):
        raise Unfit("star", f"{name} takes a column.", "Only COUNT takes *.")


class Inner(Grouped):
    """A sub-query per child: its keys, and figures of the child's own rows."""

    def __init__(
        self,
        refusals: Refusals,
        scope: Scope,
        row: Reader,
        keys: Sequence[tuple[Expression, Field]],
        prefix: str,
    ) -> None:
        super().__init__(refusals, scope, row, keys)
        self.prefix = prefix
        self.aggregates: list[tuple[str, ChildAggregate]] = []

    def advise_figure(self, name: str, column: Expression) -> str:
        if column.domain.kind == domains.BOOLEAN:
            return f"Write BOOL_OR({name}), or group by it."
        if column.domain.kind == domains.TEXT:
            return f"Group by {name} too, or write BOOL_OR({name} = 'a')."
        return f"Write MAX({name}), or group by it."

    def read_figure(self, call: exp.Expression, where: Expression | None) -> Expression:
        aggregate = self.read_aggregate(call, where)
        for name, known in self.aggregates:
            if known == aggregate:
                return Field(name, aggregate.bounds)
        name = f"{self.prefix}.value{len(self.aggregates)}"
        self.aggregates.append((name, aggregate))
        return Field(name, aggregate.bounds)

    def read_aggregate(self, call: exp.Expression, where: Expression | None) -> ChildAggregate:
        rows = plan.count_rows(self.scope.relation)
        if isinstance(call, exp.Count | exp.CountIf):
            counts = Domain(domains.INTEGER, 0, rows, has_null=False)
            if isinstance(call.this, exp.Distinct):
                return ChildAggregate("distinct", self.read_distinct(call.this, where), counts)
            known = self.read_known(call, where)
            if known is None:
                # A group of a child is there because it has a row.
                return ChildAggregate("rows", None, Domain(domains.INTEGER, 1, rows, has_null=False))
            return ChildAggregate("known", known, counts)
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
            raise Unfit(
                "unknown-aggregate",
                f"{place.find_word(call).upper()} is not answered of one child's rows.",
                "Use COUNT, SUM, AVG, MIN, MAX, BOOL_OR or BOOL_AND there.",
            )
        value = only_where(self.row.read(call.this), where)
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
        if not of.is_number:
            raise Unfit("wrong-type", f"{of.kind} cannot be added up.", "Use COUNT, MIN, MAX or BOOL_OR.")
        if not of.is_bounded:
            raise Unfit(
                "unbounded",
                "The numbers added up have no known bounds.",
                "Declare low and high in the codebook, or write LEAST(GREATEST(x, 0), 300).",
            )
        step = expressions.find_step(of)
        low, high = float(of.low), float(of.high)
        while max(abs(low), abs(high)) / step > _LARGEST_SUMMAND:
            step *= 2
        if kind == "mean":
            bounds = Domain(domains.REAL, low, high, None, step, True)
        elif of.kind == domains.INTEGER and step == 1.0:
            least, most = min(0, int(low) * rows), max(0, int(high) * rows)
            bounds = Domain(
                domains.INTEGER, max(least, -domains.LARGEST), min(most, domains.LARGEST), has_null=True
            )
        else:
            bounds = Domain(domains.REAL, min(0.0, low * rows), max(0.0, high * rows), None, step, True)
        return ChildAggregate(kind, value, bounds, step)


@dataclass
class Aggregates:
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


class Outer(Grouped):
    """The answer: group keys, figures over children, and arithmetic on them."""

    is_released = True

    def __init__(
        self,
        refusals: Refusals,
        scope: Scope,
        row: Reader,
        keys: Sequence[GroupKey],
        aggregates: Aggregates,
        rows: int,
    ) -> None:
        named = [
            (key.expression, Field(f"key {number}", key.expression.domain)) for number, key in enumerate(keys)
        ]
        super().__init__(refusals, scope, row, named)
        self.aggregates, self.rows = aggregates, rows

    def advise_figure(self, name: str, column: Expression) -> str:
        figure = "AVG" if column.domain.is_number else "COUNT"
        return f"Write GROUP BY {name}, or {figure}({name})."

    def read_item(self, item: exp.Expression, before: Sequence[Output]) -> Output:
        name = find_name(item)
        if any(name.lower() == other.name.lower() for other in before):
            raise self.refusals.refuse(
                item, "same-name", f"Two columns are called {name[:80]}.", "Write ... AS another name."
            )
        expression = self.read(bare(item))
        if isinstance(item, exp.Alias):
            self.aliases[name.lower()] = expression
        return Output(name, expression)

    def read_condition(self, having: exp.Having) -> Expression:
        condition = self.read(having.this)
        if condition.domain.kind != domains.BOOLEAN:
            raise self.refusals.refuse(
                having.this,
                "not-a-condition",
                "HAVING is not true or false here.",
                "Compare it: x > 1.",
            )
        return condition

    def read_order(self, node: exp.Expression, outputs: Sequence[Output]) -> tuple[Expression, bool]:
        if not isinstance(node, exp.Ordered) or node.args.get("with_fill"):
            raise self.refusals.refuse(
                node, "order-form", "This order is not answered.", "Write ORDER BY x DESC."
            )
        wanted: exp.Expression = node.this
        if node.args.get("nulls_first") or (isinstance(wanted, exp.Var) and wanted.name.upper() == "ALL"):
            raise self.refusals.refuse(
                node, "order-form", "Null comes last, and each column is named.", "Write ORDER BY x DESC."
            )
        is_falling = bool(node.args.get("desc"))
        if isinstance(wanted, exp.Literal) and not wanted.is_string:
            number = parse.read_whole(wanted)
            if number is None or not 1 <= number <= len(outputs):
                raise self.refusals.refuse(
                    wanted, "bad-place", f"There is no column {str(wanted.this)[:40]}.", "Count from 1."
                )
            return outputs[number - 1].expression, is_falling
        self.prefers_alias = True
        try:
            return self.read(wanted), is_falling
        finally:
            self.prefers_alias = False

    def read_figure(self, call: exp.Expression, where: Expression | None) -> Expression:
        if isinstance(call, exp.Count | exp.CountIf):
            return self.read_count(call, where)
        if isinstance(call, (exp.WithinGroup, *_QUANTILES)):
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
            raise _refuse_figure(call)
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
            if len(argument.expressions) == 1 and self.scope.is_unit(argument.expressions[0]):
                measure = Measure("children", where)
            else:
                measure = Measure("distinct", self.read_distinct(argument, where))
        else:
            measure = Measure("rows", self.read_known(call, where))
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
            sorted_by = order.expressions if order is not None else []
            if not isinstance(inner, exp.PercentileCont | exp.PercentileDisc) or len(sorted_by) != 1:
                raise Unfit(
                    "quantile-form", "This ordered aggregate is not answered.", "Write QUANTILE(x, 0.5)."
                )
            if sorted_by[0].args.get("desc"):
                raise Unfit(
                    "quantile-form", "A falling order is not answered.", "Write QUANTILE(x, 0.1) for 0.9."
                )
            share, argument = inner.this, sorted_by[0].this
        elif isinstance(call, exp.Median):
            share, argument = None, call.this
        elif isinstance(call, exp.Quantile):
            share, argument = call.args.get("quantile"), call.this
        else:
            share, argument = call.args.get("expression"), call.this
        wanted = 0.5 if isinstance(call, exp.Median) else _read_share(share)
        value = self.read_number(argument, where)
        low, high, count = plan.find_bins(value.domain)
        measure = Measure("bins", value, low=low, high=high, count=count)
        of = Domain(domains.REAL, low, float(value.domain.high))
        is_whole = value.domain.kind == domains.INTEGER
        return self.aggregates.state(
            Statistic("quantile", (self.aggregates.add(measure),), of, wanted, is_whole)
        )


def _read_share(node: exp.Expression | None) -> float:
    """The share of a quantile: a number between 0 and 1, written out."""
    text = str(node.this) if isinstance(node, exp.Literal) and not node.is_string else ""
    try:
        share = float(text) if len(text) < 30 else 0.0
    except ValueError:
        share = 0.0
    if not 0 < share < 1:
        raise Unfit(
            "quantile-form",
            "A quantile is one number between 0 and 1.",
            "Write QUANTILE(x, 0.5), and each further one as a column of its own.",
        )
    return share


def _refuse_figure(call: exp.Expression) -> Unfit:
    name = place.find_word(call).upper() or type(call).__name__.upper()
    advice = "Use COUNT, SUM, AVG, VARIANCE, STDDEV, MEDIAN or QUANTILE."
    if isinstance(call, exp.Min | exp.Max):
        advice = "It would be one child's own value; ask for QUANTILE(x, 0.01) or QUANTILE(x, 0.99)."
    elif isinstance(call, exp.LogicalOr | exp.LogicalAnd):
        advice = "One child would decide it; ask for AVG(x), the share, or COUNT_IF(x)."
    elif isinstance(call, exp.IgnoreNulls | exp.AnyValue | exp.First | exp.Last | exp.ArgMax | exp.ArgMin):
        advice = "It would be one child's own value; group by it, or ask for a figure."
    elif isinstance(call, exp.Mode):
        advice = "Group by the column, ORDER BY COUNT(*) DESC LIMIT 1."
    return Unfit("unknown-aggregate", f"{name} is not answered over children.", advice)


def bare(item: exp.Expression) -> exp.Expression:
    """A column of the answer without its name."""
    return item.this if isinstance(item, exp.Alias) else item


def find_name(item: exp.Expression) -> str:
    """What a column of the answer is called: its alias, its column's name, or how it was written."""
    if isinstance(item, exp.Alias):
        return str(item.alias)
    if isinstance(item, exp.Column) and not isinstance(item.this, exp.Star):
        return str(item.name)
    return place.find_text(item) or item.sql(dialect=parse.DIALECT)


def expand_all(group: exp.Group, items: Sequence[exp.Expression]) -> list[exp.Expression]:
    """The keys of GROUP BY; of GROUP BY ALL every item without a figure."""
    if group.args.get("all"):
        return [bare(item) for item in items if not is_figure(item)]
    return list(group.expressions)
