"""How each form of SQL is read into an expression that cannot fail, or refused by name.

A table from the nodes of SQLGlot's tree to readers; a node that is not in it is refused. Column names and
aggregates are looked up by whoever uses a `Reader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlglot import exp

from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import parse
from lightwell.query.domain import Key
from lightwell.query.expression import Constant, Expression, Unfit, make_call, make_constant
from lightwell.query.refusal import Refusal

_T = TypeVar("_T")


class Stop(Exception):
    """Ends the reading of one part; the refusal is in the list already."""


class Refusals:
    """The refusals of one text so far."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []

    def refuse(self, node: exp.Expression | None, code: str, reason: str, advice: str) -> Stop:
        line, column = parse.find_place(node) if node is not None else (0, 0)
        refusal = Refusal(code, reason, advice, line, column)
        if refusal not in self.found:
            self.found.append(refusal)
        return Stop()

    @contextmanager
    def at(self, node: exp.Expression) -> Iterator[None]:
        """Say at which place an expression is unfit."""
        try:
            yield
        except Unfit as unfit:
            raise self.refuse(node, unfit.code, unfit.reason, unfit.advice) from None

    def attempt(self, read: Callable[..., _T], *arguments: object) -> _T | None:
        """Go on after a refusal, so that all of them are named at once."""
        try:
            return read(*arguments)
        except Stop:
            return None


class Reader:
    """Reads expressions; what a column is, and what an aggregate is, is handed in by who uses it."""

    is_released = False

    def __init__(self, refusals: Refusals, find: Callable[[exp.Column], Expression]) -> None:
        self.refusals, self.find = refusals, find

    def read(self, node: exp.Expression) -> Expression:
        if isinstance(node, exp.Paren):
            return self.read(node.this)
        if isinstance(node, exp.Column):
            return self.find(node)
        special = self.read_special(node)
        if special is not None:
            return special
        reader = _READERS.get(type(node))
        if reader is None:
            raise self.refuse_function(node)
        with self.refusals.at(node):
            return reader(self, node)

    def read_special(self, node: exp.Expression) -> Expression | None:
        if isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup):
            raise self.refusals.refuse(
                node,
                "aggregate-here",
                "An aggregate cannot stand here.",
                "Compute it in a sub-query per child.",
            )
        return None

    def call(self, name: str, *parts: Expression) -> Expression:
        made = make_call(name, *parts, is_released=self.is_released)
        if all(isinstance(part, Constant) for part in made.arguments):
            return make_constant(expressions.evaluate(made, {}))
        return made

    def refuse_function(self, node: exp.Expression) -> Stop:
        if isinstance(node, exp.Window):
            return self.refusals.refuse(
                node, "window", "Window functions look at other rows.", "Use a sub-query per child."
            )
        if isinstance(node, exp.Subquery | exp.Select | exp.Exists):
            return self.refusals.refuse(
                node,
                "subquery-here",
                "A sub-query cannot stand here.",
                "Put it under FROM or WITH and join on the child.",
            )
        if isinstance(node, exp.Cast):
            return self.refusals.refuse(
                node,
                "cast",
                f"A conversion to {node.to.sql()} could fail for some row.",
                "Use the column's own type; CAST(x AS DOUBLE) is for numbers, CAST(t AS DATE).",
            )
        name = node.name.upper() if isinstance(node, exp.Anonymous) else type(node).__name__.upper()
        return self.refusals.refuse(
            node,
            "unknown-function",
            f"{name} is not answered here.",
            "See the list of functions in docs/reference/sql.md.",
        )


# --- how each node of SQLGlot's is read -----------------------------------------------------------------


def _read_literal(reader: Reader, node: exp.Expression) -> Expression:
    if node.is_string:
        return make_constant(str(node.this))
    text = str(node.this)
    try:
        number: int | float = int(text) if text.isdigit() else float(text)
    except ValueError:
        raise Unfit("bad-number", f"{text} is no number.", "Write digits.") from None
    if abs(number) > domains.LARGEST:
        raise Unfit("overflow", f"{text} is too large.", f"Numbers go up to {domains.LARGEST}.")
    return make_constant(number)


def _read_many(name: str) -> Callable[[Reader, exp.Expression], Expression]:
    def read(reader: Reader, node: exp.Expression) -> Expression:
        parts: list[exp.Expression] = []
        # A chain of a thousand ANDs leans to the left: walk it instead of recursing.
        rest: exp.Expression = node
        while type(rest) is type(node):
            parts.append(rest.expression)
            rest = rest.this
        parts.append(rest)
        made = reader.read(parts.pop())
        while parts:
            made = reader.call(name, made, reader.read(parts.pop()))
        return made

    return read


def _read_two(name: str) -> Callable[[Reader, exp.Expression], Expression]:
    return lambda reader, node: reader.call(name, reader.read(node.this), reader.read(node.expression))


def _read_one(name: str) -> Callable[[Reader, exp.Expression], Expression]:
    return lambda reader, node: reader.call(name, reader.read(node.this))


def _read_list(name: str) -> Callable[[Reader, exp.Expression], Expression]:
    return lambda reader, node: reader.call(
        name, *(reader.read(part) for part in [node.this, *node.expressions])
    )


def _read_minus(reader: Reader, node: exp.Expression) -> Expression:
    left, right = reader.read(node.this), None
    if isinstance(node.expression, exp.Interval):
        return reader.call("add_days", left, make_constant(-_read_days(node.expression)))
    right = reader.read(node.expression)
    if left.domain.kind == domains.DATE or right.domain.kind == domains.DATE:
        return reader.call("days_between", left, right)
    return reader.call("-", left, right)


def _read_plus(reader: Reader, node: exp.Expression) -> Expression:
    if isinstance(node.expression, exp.Interval):
        return reader.call("add_days", reader.read(node.this), make_constant(_read_days(node.expression)))
    return reader.call("+", reader.read(node.this), reader.read(node.expression))


def _read_days(node: exp.Interval) -> int:
    unit = str(node.args.get("unit") or "").upper().rstrip("S")
    size = node.this
    if unit not in ("DAY", "WEEK") or not isinstance(size, exp.Literal) or not str(size.this).isdigit():
        raise Unfit("interval", "Only whole days and weeks can be added.", "Write INTERVAL 7 DAY.")
    return int(size.this) * (7 if unit == "WEEK" else 1)


def _read_between(reader: Reader, node: exp.Expression) -> Expression:
    value = reader.read(node.this)
    return reader.call(
        "and",
        reader.call(">=", value, reader.read(node.args["low"])),
        reader.call("<=", value, reader.read(node.args["high"])),
    )


def _read_in(reader: Reader, node: exp.Expression) -> Expression:
    if not node.expressions:
        raise Unfit("in-form", "IN takes a list of constants.", "Join a sub-query on the child instead.")
    return reader.call("in", reader.read(node.this), *(reader.read(part) for part in node.expressions))


def _read_is(reader: Reader, node: exp.Expression) -> Expression:
    value = reader.read(node.this)
    if isinstance(node.expression, exp.Null):
        return reader.call("is_null", value)
    if isinstance(node.expression, exp.Boolean):
        # IS TRUE is never null.
        same = reader.call("=", value, make_constant(bool(node.expression.this)))
        return reader.call("coalesce", same, make_constant(False))
    raise Unfit("is-form", "IS takes NULL, TRUE or FALSE.", "Write x IS NOT NULL.")


def _read_case(reader: Reader, node: exp.Expression) -> Expression:
    subject = reader.read(node.this) if node.this is not None else None
    parts: list[Expression] = []
    for branch in node.args["ifs"]:
        condition = reader.read(branch.this)
        parts.append(condition if subject is None else reader.call("=", subject, condition))
        parts.append(reader.read(branch.args["true"]))
    default = node.args.get("default")
    parts.append(make_constant(None) if default is None else reader.read(default))
    return make_call("case", *parts, is_released=reader.is_released)


def _read_if(reader: Reader, node: exp.Expression) -> Expression:
    default = node.args.get("false")
    other = make_constant(None) if default is None else reader.read(default)
    return make_call("case", reader.read(node.this), reader.read(node.args["true"]), other)


def _read_cast(reader: Reader, node: exp.Expression) -> Expression:
    wanted = node.args["to"].this
    if (
        isinstance(node.this, exp.Literal)
        and node.this.is_string
        and wanted in (exp.DType.DATE, exp.DType.TIMESTAMP)
    ):
        kind = domains.DATE if wanted == exp.DType.DATE else domains.TIMESTAMP
        return make_constant(expressions.read_moment(str(node.this.this), kind))
    value = reader.read(node.this)
    kind = value.domain.kind
    if wanted == exp.DType.DATE and kind in (domains.DATE, domains.TIMESTAMP):
        return value if kind == domains.DATE else reader.call("to_date", value)
    if wanted in (exp.DType.DOUBLE, exp.DType.FLOAT, exp.DType.DECIMAL) and value.domain.is_number:
        return value if kind == domains.REAL else reader.call("real", value)
    if wanted in (exp.DType.INT, exp.DType.BIGINT, exp.DType.SMALLINT, exp.DType.TINYINT):
        if kind == domains.INTEGER:
            return value
        if kind == domains.BOOLEAN:
            return read_as_number(reader, value)
    raise reader.refuse_function(node)


def read_as_number(reader: Reader, value: Expression) -> Expression:
    one, zero = make_constant(1), make_constant(0)
    return make_call("case", value, one, reader.call("not", value), zero, make_constant(None))


def _read_part(reader: Reader, node: exp.Expression) -> Expression:
    name = str(node.this).lower()
    known = {
        "dayofweek": "dow",
        "isodow": "isodow",
        "dayofweek_iso": "isodow",
        "dow": "dow",
        "dayofmonth": "day",
    }
    name = known.get(name, name)
    if name not in (*expressions.DATE_PARTS, *expressions.TIME_PARTS):
        raise Unfit(
            "date-part",
            f"There is no part {name} here.",
            "Use year, quarter, month, day, isodow, hour, minute.",
        )
    return reader.call(name, reader.read(node.expression))


def _read_truncation(reader: Reader, node: exp.Expression) -> Expression:
    unit = str(node.args.get("unit") or "").lower().strip("'")
    value = reader.read(node.this)
    if value.domain.kind == domains.TIMESTAMP:
        value = reader.call("to_date", value)
    if unit == "day":
        return value
    if f"trunc_{unit}" not in expressions.TRUNCATIONS:
        raise Unfit(
            "date-part", f"Dates are not cut to {unit} here.", "Use year, quarter, month, week or day."
        )
    return reader.call(f"trunc_{unit}", value)


def _read_difference(reader: Reader, node: exp.Expression) -> Expression:
    unit = str(node.args.get("unit") or "day").lower().strip("'")
    if unit != "day":
        raise Unfit("date-part", "Only differences in days are answered.", "Write DATE_DIFF('day', a, b).")
    return reader.call("days_between", reader.read(node.this), reader.read(node.expression))


def _read_round(reader: Reader, node: exp.Expression) -> Expression:
    digits = node.args.get("decimals")
    number = 0
    if digits is not None:
        if not isinstance(digits, exp.Literal) or not str(digits.this).isdigit():
            raise Unfit("not-constant", "ROUND takes 0 to 4 digits.", "Write ROUND(x, 2).")
        number = int(digits.this)
    if number > 4:
        raise Unfit("not-constant", "ROUND takes 0 to 4 digits.", "Write ROUND(x, 2).")
    return reader.call("round", reader.read(node.this), make_constant(10**number))


def _read_text(name: str, change: Callable[..., Key]) -> Callable[[Reader, exp.Expression], Expression]:
    """A function of text is worked out for each listed value, so it cannot fail and no engine has a say."""

    def read(reader: Reader, node: exp.Expression) -> Expression:
        value = reader.read(node.this)
        extra = [reader.read(part) for part in _list_extra(node)]
        if value.domain.kind != domains.TEXT or value.domain.values is None:
            raise Unfit(
                "text-function",
                f"{name} takes text whose values the codebook lists.",
                "Use =, IN or LIKE on other text.",
            )
        if not all(isinstance(part, Constant) and part.value is not None for part in extra):
            raise Unfit("not-constant", f"{name} takes constants beside the column.", "Write them out.")
        given = [part.value for part in extra if isinstance(part, Constant)]
        pairs: list[Expression] = []
        for known in value.domain.values:
            pairs += [make_constant(known), make_constant(change(known, *given))]
        return make_call("map", value, *pairs)

    return read


def _list_extra(node: exp.Expression) -> list[exp.Expression]:
    names = ("expression", "start", "length")
    return [node.args[name] for name in names if isinstance(node.args.get(name), exp.Expression)]


def _cut(text: str, start: int, length: int | None = None) -> str:
    if (
        not isinstance(start, int)
        or start < 1
        or (length is not None and (not isinstance(length, int) or length < 0))
    ):
        raise Unfit("not-constant", "SUBSTRING counts from 1.", "Write SUBSTRING(x, 1, 2).")
    return text[start - 1 :] if length is None else text[start - 1 : start - 1 + length]


def _read_pair_in_function(name: str) -> Callable[[Reader, exp.Expression], Expression]:
    return lambda reader, node: reader.call(name, reader.read(node.this), reader.read(node.expression))


_READERS: dict[type[exp.Expression], Callable[[Reader, exp.Expression], Expression]] = {
    exp.Literal: _read_literal,
    exp.Null: lambda reader, node: make_constant(None),
    exp.Boolean: lambda reader, node: make_constant(bool(node.this)),
    exp.And: _read_many("and"),
    exp.Or: _read_many("or"),
    exp.Not: _read_one("not"),
    exp.EQ: _read_two("="),
    exp.NEQ: _read_two("<>"),
    exp.LT: _read_two("<"),
    exp.LTE: _read_two("<="),
    exp.GT: _read_two(">"),
    exp.GTE: _read_two(">="),
    exp.Between: _read_between,
    exp.In: _read_in,
    exp.Is: _read_is,
    exp.Like: _read_two("like"),
    exp.Add: _read_plus,
    exp.Sub: _read_minus,
    exp.Mul: _read_two("*"),
    exp.Div: _read_two("/"),
    exp.IntDiv: _read_two("//"),
    exp.Mod: _read_two("%"),
    exp.Neg: _read_one("negative"),
    exp.Abs: _read_one("abs"),
    exp.Floor: _read_one("floor"),
    exp.Ceil: _read_one("ceil"),
    exp.Round: _read_round,
    exp.Least: _read_list("least"),
    exp.Greatest: _read_list("greatest"),
    exp.Coalesce: _read_list("coalesce"),
    exp.Nullif: _read_two("nullif"),
    exp.Case: _read_case,
    exp.If: _read_if,
    exp.Cast: _read_cast,
    exp.Extract: _read_part,
    exp.Year: _read_one("year"),
    exp.Quarter: _read_one("quarter"),
    exp.Month: _read_one("month"),
    exp.Day: _read_one("day"),
    exp.DayOfMonth: _read_one("day"),
    exp.DayOfWeek: _read_one("dow"),
    exp.DayOfWeekIso: _read_one("isodow"),
    exp.Hour: _read_one("hour"),
    exp.Minute: _read_one("minute"),
    exp.DateTrunc: _read_truncation,
    exp.TimestampTrunc: _read_truncation,
    exp.DateDiff: _read_difference,
    exp.Lower: _read_text("LOWER", lambda text: text.lower()),
    exp.Upper: _read_text("UPPER", lambda text: text.upper()),
    exp.Length: _read_text("LENGTH", len),
    exp.Trim: _read_text("TRIM", lambda text: text.strip(" ")),
    exp.Substring: _read_text("SUBSTRING", _cut),
    exp.StartsWith: _read_text("STARTS_WITH", lambda text, start: text.startswith(start)),
}


def only_where(value: Expression, condition: Expression | None) -> Expression:
    """The value where the condition is true, else null."""
    if condition is None:
        return value
    return make_call("case", condition, value, make_constant(None))


def true_where(*conditions: Expression | None) -> Expression | None:
    """True where all conditions are, else null; None, which stands for any row, where there is none."""
    known = [condition for condition in conditions if condition is not None]
    if not known:
        return None
    both = known[0] if len(known) == 1 else make_call("and", *known)
    return only_where(make_constant(True), both)
