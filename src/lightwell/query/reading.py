"""How each form of SQL is read into an expression that cannot fail, or refused by name.

A table from the nodes of SQLGlot's tree to readers; a node that is not in it is refused. Column names and
aggregates are looked up by whoever uses a `Reader`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from sqlglot import exp

from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import parse, place
from lightwell.query.domain import Key
from lightwell.query.expression import Constant, Expression, Size, Unfit, make_call, make_constant
from lightwell.query.refusal import Refusal

_T = TypeVar("_T")
# How large an expression may be, as SQL writes it; for how many values functions of text are worked out.
MAX_NODES = 120_000
# A plan is written as JSON, which is nested twice as deep.
MAX_LEVELS = 36
MAX_LISTED = 50_000


class Stop(Exception):
    """Ends the reading of one part; the refusal is in the list already."""


class Refusals:
    """The refusals of one text so far, and how large what was read has become."""

    def __init__(self) -> None:
        self.found: list[Refusal] = []
        self.sizes: dict[int, Size] = {}
        self.listed = 0

    def refuse(self, node: exp.Expression | None, code: str, reason: str, advice: str) -> Stop:
        line, column = place.find_place(node) if node is not None else (0, 0)
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

    def check_size(self, made: Expression) -> Expression:
        """Refuse what grows by being written twice: CASE repeats its subject in every branch."""
        size = expressions.measure_size(made, self.sizes)
        if size.nodes > MAX_NODES:
            raise Unfit("too-complex", "The expression is too large.", "Write a shorter one.")
        if size.depth > MAX_LEVELS:
            raise Unfit(
                "too-deep", f"More than {MAX_LEVELS} operators work on one another.", "Write a shorter one."
            )
        return made

    def count_listed(self, values: int) -> None:
        self.listed += values
        if self.listed > MAX_LISTED:
            raise Unfit(
                "too-complex",
                f"Functions of text are worked out for at most {MAX_LISTED} values in one query.",
                "Use =, IN or LIKE instead.",
            )


class Reader:
    """Reads expressions; what a column is, and what an aggregate is, is handed in by who uses it.

    `meet` turns `child IN (SELECT ...)` and EXISTS into a column that says whether the child is there.
    """

    is_released = False

    def __init__(
        self,
        refusals: Refusals,
        find: Callable[[exp.Column], Expression],
        meet: Callable[[exp.Expression], Expression] | None = None,
    ) -> None:
        self.refusals, self.find, self.meet = refusals, find, meet

    def read(self, node: exp.Expression | None) -> Expression:
        if node is None:
            # Optional to SQLGlot, and not to a function that reads it.
            raise Unfit("function-form", "An argument is missing.", "See docs/reference/sql.md.")
        if isinstance(node, exp.Paren):
            return self.read(node.this)
        if isinstance(node, exp.Column) and not isinstance(node.this, exp.Star):
            return self.find(node)
        special = self.read_special(node)
        if special is not None:
            return special
        form = _FORMS.get(type(node))
        if form is None:
            raise self.refuse_function(node)
        with self.refusals.at(node):
            form.check_parts(node)
            return self.refusals.check_size(form.read(self, node))

    def read_special(self, node: exp.Expression) -> Expression | None:
        if isinstance(node, exp.AggFunc | exp.Filter | exp.WithinGroup):
            raise self.refusals.refuse(
                node,
                "aggregate-here",
                "An aggregate cannot stand here.",
                "Conditions on figures go under HAVING; a figure of a figure needs a sub-query per child.",
            )
        if self.meet is not None and (
            isinstance(node, exp.Exists) or (isinstance(node, exp.In) and node.args.get("query"))
        ):
            return self.meet(node)
        return None

    def call(self, name: str, *parts: Expression) -> Expression:
        made = make_call(name, *parts, is_released=self.is_released)
        if not all(isinstance(part, Constant) for part in made.arguments):
            return made
        value = expressions.evaluate(made, {})
        if isinstance(value, int | float) and not abs(value) <= domains.LARGEST:
            raise Unfit("overflow", "The result is too large.", f"Numbers go up to {domains.LARGEST}.")
        return make_constant(value)

    def make_case(
        self, *branches: tuple[Expression, Expression], other: Expression | None = None
    ) -> Expression:
        """The value of the first branch whose condition is true, else `other`, else null."""
        parts = [part for branch in branches for part in branch]
        return make_call("case", *parts, other or make_constant(None), is_released=self.is_released)

    def refuse_function(self, node: exp.Expression) -> Stop:
        """Refuse a node that is not read, with the advice for it."""
        word = place.find_word(node).upper()
        if isinstance(node, exp.Cast):
            return self.refusals.refuse(
                node,
                "cast",
                f"A conversion to {node.to.sql(dialect=parse.DIALECT)} could fail for some row.",
                "Use the column's own type; CAST(x AS DOUBLE) is for numbers, CAST(t AS DATE) for times.",
            )
        for kinds, names, code, reason, advice in _REFUSED:
            if isinstance(node, kinds) or (isinstance(node, exp.Func) and word in names):
                return self.refusals.refuse(node, code, reason.format(word), advice)
        return self.refusals.refuse(
            node,
            "unknown-function",
            f"{word[:40]} is not answered here.",
            "See the list of functions in docs/reference/sql.md.",
        )


_REFUSED: tuple[tuple[tuple[type[exp.Expression], ...], tuple[str, ...], str, str, str], ...] = (
    (
        (exp.Window,),
        (),
        "window",
        "Window functions look at other rows.",
        "Use a sub-query per child; shares of a total are computed from the answer.",
    ),
    (
        (exp.Subquery, exp.Select, exp.Exists, exp.Any, exp.All),
        (),
        "subquery-here",
        "A sub-query cannot stand here.",
        "Put it under FROM or WITH and join on the child, or write child IN (SELECT child FROM ...).",
    ),
    (
        (
            exp.CurrentDate,
            exp.CurrentTime,
            exp.CurrentTimestamp,
            exp.Localtime,
            exp.Localtimestamp,
            exp.Rand,
            exp.Uuid,
        ),
        (
            "NOW",
            "TODAY",
            "RANDOM",
            "SETSEED",
            "GET_CURRENT_TIMESTAMP",
            "TRANSACTION_TIMESTAMP",
            "NEXTVAL",
            "AGE",
        ),
        "changing",
        "{} gives another value each time.",
        "Write the value out, such as DATE '2026-01-31'.",
    ),
    (
        (exp.CurrentUser, exp.CurrentSchema, exp.CurrentCatalog, exp.SessionUser),
        (
            "GETENV",
            "CURRENT_SETTING",
            "GETVARIABLE",
            "QUERY",
            "QUERY_TABLE",
            "VERSION",
            "CURRENT_QUERY",
            "ERROR",
        ),
        "outside",
        "{} is not about the data.",
        "Leave it out.",
    ),
    (
        (exp.Sqrt, exp.Cbrt, exp.Ln, exp.Log, exp.Exp, exp.Sin, exp.Cos, exp.Tan, exp.Pow),
        ("LOG10", "LOG2", "LOG", "PI"),
        "rounded",
        "Engines round {} differently, so that nobody could compute the answer again.",
        "POWER takes 2, 3 or 4; else use ranges: CASE, or FLOOR(x / 10).",
    ),
    (
        (
            exp.Escape,
            exp.Glob,
            exp.RegexpExtract,
            exp.RegexpILike,
            exp.RegexpLike,
            exp.RegexpReplace,
            exp.SimilarTo,
        ),
        ("REGEXP_FULL_MATCH", "REGEXP_MATCHES", "REGEXP_SPLIT_TO_ARRAY", "REGEXP_EXTRACT_ALL"),
        "pattern",
        "Patterns other than LIKE mean different things in different engines.",
        "Use LIKE, with % for any characters and _ for one.",
    ),
    (
        (
            exp.Array,
            exp.Struct,
            exp.ToMap,
            exp.Map,
            exp.Lambda,
            exp.Bracket,
            exp.JSONExtract,
            exp.Unnest,
            exp.Dot,
        ),
        ("LIST_VALUE", "STRUCT_PACK", "LIST_TRANSFORM", "LIST_FILTER", "UNNEST", "RANGE", "GENERATE_SERIES"),
        "nested-value",
        "Lists, structures and functions of them are not values here.",
        "Write one value for each column; IN takes constants in brackets.",
    ),
    (
        (exp.Placeholder, exp.Parameter, exp.SessionParameter),
        (),
        "parameter",
        "There are no parameters.",
        "Write the value into the text.",
    ),
    (
        (exp.Tuple,),
        (),
        "row-value",
        "Several values at once are no value.",
        "Compare or count one at a time.",
    ),
    (
        (exp.Star, exp.Columns, exp.Column),
        (),
        "star",
        "* stands for columns of a sub-query and in COUNT(*) only.",
        "Name what you ask for: a key of GROUP BY, or a figure such as AVG(x).",
    ),
    (
        (exp.DateBin,),
        ("WIDTH_BUCKET", "EQUI_WIDTH_BINS", "HISTOGRAM"),
        "bins",
        "{} is not answered here.",
        "Write FLOOR(x / 10) * 10 for bins of 10, DATE_TRUNC('week', d) for weeks.",
    ),
    (
        (exp.TimeToUnix, exp.UnixToTime, exp.StrToTime, exp.StrToDate, exp.TimeToStr, exp.DateFromParts),
        ("STRFTIME", "STRPTIME", "MAKE_DATE", "TO_TIMESTAMP", "EPOCH_MS", "TRY_STRPTIME", "MAKE_TIMESTAMP"),
        "date-part",
        "{} is not answered here.",
        "Use EXTRACT(month FROM d), DATE_TRUNC('week', d), DATE_DIFF('day', a, b).",
    ),
)


# --- how each node of SQLGlot's is read -----------------------------------------------------------------


def _read_literal(reader: Reader, node: exp.Expression) -> Expression:
    if node.is_string:
        return make_constant(str(node.this))
    text = str(node.this)
    try:
        number: int | float = (
            int(text) if text.isascii() and text.isdigit() and len(text) < 20 else float(text)
        )
    except ValueError:
        raise Unfit("bad-number", f"{text[:40]} is no number.", "Write digits.") from None
    if not abs(number) <= domains.LARGEST:
        raise Unfit("overflow", f"{text[:40]} is too large.", f"Numbers go up to {domains.LARGEST}.")
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
        # One call of all of them: two by two it would be as deep as it is long.
        return reader.call(name, *(reader.read(part) for part in reversed(parts)))

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
    left, days = reader.read(node.this), _find_days(node.expression)
    if days is not None:
        return reader.call("add_days", left, make_constant(-days))
    right = reader.read(node.expression)
    if left.domain.kind == domains.DATE and _is_whole(right):
        return reader.call("add_days", left, reader.call("negative", right))
    if left.domain.kind == domains.DATE or right.domain.kind == domains.DATE:
        return reader.call("days_between", left, right)
    return reader.call("-", left, right)


def _read_plus(reader: Reader, node: exp.Expression) -> Expression:
    left, days = reader.read(node.this), _find_days(node.expression)
    if days is not None:
        return reader.call("add_days", left, make_constant(days))
    right = reader.read(node.expression)
    if left.domain.kind == domains.DATE and _is_whole(right):
        return reader.call("add_days", left, right)
    return reader.call("+", left, right)


def _is_whole(part: Expression) -> bool:
    return isinstance(part, Constant) and part.domain.kind == domains.INTEGER


def _find_days(node: exp.Expression) -> int | None:
    """How many days an interval is; None for what is no interval."""
    if isinstance(node, exp.ToDays):
        size, unit = parse.read_whole(node.this), "DAY"
    elif isinstance(node, exp.Interval):
        size, unit = _read_size(node.this), str(node.args.get("unit") or "").upper().rstrip("S")
    else:
        return None
    if size is None or unit not in ("DAY", "WEEK"):
        raise Unfit("interval", "Only whole days and weeks can be added.", "Write INTERVAL 7 DAY.")
    return size * (7 if unit == "WEEK" else 1)


def _read_size(node: exp.Expression | None) -> int | None:
    """The whole number of an interval, which may stand in quotation marks."""
    if isinstance(node, exp.Literal) and node.is_string:
        node = exp.Literal.number(str(node.this).strip())
    return parse.read_whole(node)


def _read_between(reader: Reader, node: exp.Expression) -> Expression:
    value = reader.read(node.this)
    return reader.call(
        "and",
        reader.call(">=", value, reader.read(node.args["low"])),
        reader.call("<=", value, reader.read(node.args["high"])),
    )


def _read_in(reader: Reader, node: exp.Expression) -> Expression:
    if not node.expressions:
        raise Unfit(
            "in-form",
            "IN takes a list of constants, or children of a sub-query.",
            "Write x IN (1, 2), or child IN (SELECT child FROM ...).",
        )
    return reader.call("in", reader.read(node.this), *(reader.read(part) for part in node.expressions))


def _read_like(reader: Reader, node: exp.Expression) -> Expression:
    """LIKE; NOT LIKE is the same node with a mark."""
    if isinstance(node.expression, exp.Any | exp.All):
        raise Unfit("pattern", "LIKE takes one pattern.", "Write x LIKE 'a%' OR x LIKE 'b%'.")
    found = reader.call("like", reader.read(node.this), reader.read(node.expression))
    return reader.call("not", found) if node.args.get("negate") else found


def _read_ilike(reader: Reader, node: exp.Expression) -> Expression:
    found = _match_without_case(reader, node)
    return reader.call("not", found) if node.args.get("negate") else found


def _read_same(reader: Reader, node: exp.Expression) -> Expression:
    """IS NOT DISTINCT FROM: equal, or both null; never null itself."""
    left, right = reader.read(node.this), reader.read(node.expression)
    both = reader.call("and", reader.call("is_null", left), reader.call("is_null", right))
    return reader.call("coalesce", reader.call("=", left, right), both)


def _read_different(reader: Reader, node: exp.Expression) -> Expression:
    return reader.call("not", _read_same(reader, node))


def _read_sign(reader: Reader, node: exp.Expression) -> Expression:
    value, zero = reader.read(node.this), make_constant(0)
    return reader.make_case(
        (reader.call(">", value, zero), make_constant(1)),
        (reader.call("<", value, zero), make_constant(-1)),
        (reader.call("=", value, zero), zero),
    )


def _read_trunc(reader: Reader, node: exp.Expression) -> Expression:
    """Towards zero."""
    value = reader.read(node.this)
    return reader.make_case(
        (reader.call(">=", value, make_constant(0)), reader.call("floor", value)),
        other=reader.call("ceil", value),
    )


def _read_power(reader: Reader, node: exp.Expression) -> Expression:
    times = parse.read_whole(node.expression.unnest())
    if times not in (2, 3, 4):
        raise Unfit(
            "rounded",
            "Engines round powers differently, but for the exponents 2, 3 and 4.",
            "Write POWER(x, 2), or use ranges: CASE, or FLOOR(x / 10).",
        )
    value = made = reader.read(node.this)
    for _ in range(times - 1):
        made = reader.call("*", made, value)
    return made


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
    branches: list[tuple[Expression, Expression]] = []
    for branch in node.args["ifs"]:
        condition = reader.read(branch.this)
        if subject is not None:
            condition = reader.call("=", subject, condition)
        branches.append((condition, reader.read(branch.args["true"])))
    default = node.args.get("default")
    return reader.make_case(*branches, other=None if default is None else reader.read(default))


def _read_if(reader: Reader, node: exp.Expression) -> Expression:
    default = node.args.get("false")
    return reader.make_case(
        (reader.read(node.this), reader.read(node.args["true"])),
        other=None if default is None else reader.read(default),
    )


def _read_cast(reader: Reader, node: exp.Expression) -> Expression:
    wanted = node.args["to"].this
    if (
        isinstance(node.this, exp.Literal)
        and node.this.is_string
        and wanted in (exp.DType.DATE, exp.DType.TIMESTAMP, exp.DType.TIMESTAMPNTZ)
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
    return _take_part(reader, str(node.this.name), node.expression)


def _take_part(reader: Reader, unit: str, node: exp.Expression) -> Expression:
    name = unit.lower()
    known = {
        "dayofweek": "dow",
        "isodow": "isodow",
        "dayofweek_iso": "isodow",
        "dow": "dow",
        "weekday": "dow",
        "dayofmonth": "day",
        "doy": "dayofyear",
        "weekofyear": "week",
        "years": "year",
        "months": "month",
        "days": "day",
        "hours": "hour",
    }
    name = known.get(name, name)
    if name not in (*expressions.DATE_PARTS, *expressions.TIME_PARTS):
        raise Unfit(
            "date-part",
            f"There is no part {name[:40]} here.",
            "Use year, quarter, month, week, day, dayofyear, isodow, hour, minute or second.",
        )
    return reader.call(name, reader.read(node))


def _read_truncation(reader: Reader, node: exp.Expression) -> Expression:
    unit = str(node.args.get("unit") or "").lower().strip("'")
    value = reader.read(node.this)
    if value.domain.kind == domains.TIMESTAMP:
        value = reader.call("to_date", value)
    if value.domain.kind != domains.DATE:
        raise Unfit("wrong-type", "DATE_TRUNC takes a date or a time.", "Use FLOOR(x / 10) * 10 for numbers.")
    if unit == "day":
        return value
    if f"trunc_{unit}" not in expressions.TRUNCATIONS:
        raise Unfit(
            "date-part", f"Dates are not cut to {unit[:40]} here.", "Use year, quarter, month, week or day."
        )
    return reader.call(f"trunc_{unit}", value)


def _read_difference(reader: Reader, node: exp.Expression) -> Expression:
    unit = str(node.args.get("unit") or "day").lower().strip("'")
    if unit != "day":
        raise Unfit("date-part", "Only differences in days are answered.", "Write DATE_DIFF('day', a, b).")
    return reader.call("days_between", _read_day(reader, node.this), _read_day(reader, node.expression))


def _read_day(reader: Reader, node: exp.Expression) -> Expression:
    """A date; of a time its date."""
    value = reader.read(node)
    return reader.call("to_date", value) if value.domain.kind == domains.TIMESTAMP else value


def _read_round(reader: Reader, node: exp.Expression) -> Expression:
    digits = node.args.get("decimals")
    number = 0 if digits is None else parse.read_whole(digits)
    if number is None or number > 4:
        raise Unfit("not-constant", "ROUND takes 0 to 4 digits.", "Write ROUND(x, 2).")
    return reader.call("round", reader.read(node.this), make_constant(10**number))


# --- functions of text: worked out for each listed value, so they cannot fail and no engine has a say ----


def _map_text(reader: Reader, name: str, node: exp.Expression, change: Callable[[str], Key]) -> Expression:
    """Replace each listed value by what becomes of it."""
    value = reader.read(node)
    listed = value.domain.values
    if value.domain.kind != domains.TEXT or listed is None:
        raise Unfit(
            "text-function",
            f"{name} takes text whose values the codebook lists.",
            "Use =, IN or LIKE on other text.",
        )
    pairs = [(known, known) for known in listed]
    if isinstance(value, expressions.Call) and value.name == "map":
        # A function of a function is one function of the column.
        constants = [part.value for part in value.arguments[1:] if isinstance(part, Constant)]
        pairs = list(zip(constants[::2], constants[1::2], strict=True))
        value = value.arguments[0]
    reader.refusals.count_listed(len(pairs))
    changed = [(known, change(result) if isinstance(result, str) else None) for known, result in pairs]
    return reader.call("map", value, *(make_constant(part) for pair in changed for part in pair))


def _read_constant(name: str, node: exp.Expression | None, kind: type[_T]) -> _T:
    """A constant beside the text: words or a whole number, written out."""
    found: object = None
    if isinstance(node, exp.Literal):
        found = str(node.this) if node.is_string else parse.read_whole(node)
    if not isinstance(found, kind):
        words = "words in quotation marks" if kind is str else "a whole number"
        raise Unfit("not-constant", f"{name} takes {words} beside the column.", "Write it out.")
    return found


def _read_text(name: str, change: Callable[[str], Key]) -> Callable[[Reader, exp.Expression], Expression]:
    return lambda reader, node: _map_text(reader, name, node.this, change)


def _read_text_with_words(
    name: str, change: Callable[[str, str], Key]
) -> Callable[[Reader, exp.Expression], Expression]:
    def read(reader: Reader, node: exp.Expression) -> Expression:
        words = _read_constant(name, node.expression, str)
        return _map_text(reader, name, node.this, lambda text: change(text, words))

    return read


def _read_text_with_size(
    name: str, change: Callable[[str, int], Key]
) -> Callable[[Reader, exp.Expression], Expression]:
    def read(reader: Reader, node: exp.Expression) -> Expression:
        size = _read_constant(name, node.expression, int)
        return _map_text(reader, name, node.this, lambda text: change(text, size))

    return read


def _match_without_case(reader: Reader, node: exp.Expression) -> Expression:
    pattern = _read_constant("ILIKE", node.expression, str).lower()
    return _map_text(
        reader, "ILIKE", node.this, lambda text: expressions.match_pattern(text.lower(), pattern)
    )


def _read_trim(reader: Reader, node: exp.Expression) -> Expression:
    signs, side = node.args.get("expression"), str(node.args.get("position") or "BOTH").upper()
    taken = " " if signs is None else _read_constant("TRIM", signs, str)
    change = {"LEADING": str.lstrip, "TRAILING": str.rstrip}.get(side, str.strip)
    return _map_text(reader, "TRIM", node.this, lambda text: change(text, taken))


def _read_substring(reader: Reader, node: exp.Expression) -> Expression:
    start = _read_constant("SUBSTRING", node.args.get("start"), int)
    length = node.args.get("length")
    size = None if length is None else _read_constant("SUBSTRING", length, int)
    if start < 1:
        raise Unfit("not-constant", "SUBSTRING counts from 1.", "Write SUBSTRING(x, 1, 2).")
    end = None if size is None else start - 1 + size
    return _map_text(reader, "SUBSTRING", node.this, lambda text: text[start - 1 : end])


def _read_replace(reader: Reader, node: exp.Expression) -> Expression:
    old = _read_constant("REPLACE", node.expression, str)
    new = _read_constant("REPLACE", node.args.get("replacement"), str)
    if not old:
        raise Unfit("not-constant", "REPLACE needs words to look for.", "Write REPLACE(x, 'a', 'b').")
    return _map_text(reader, "REPLACE", node.this, lambda text: text.replace(old, new))


def _read_joined_text(reader: Reader, node: exp.Expression) -> Expression:
    """One column with words before and after it: a || 'x', CONCAT('x', a)."""
    parts: list[exp.Expression] = []
    rest: exp.Expression = node
    while isinstance(rest, exp.DPipe):
        parts.insert(0, rest.expression)
        rest = rest.this
    parts = [rest, *parts] if isinstance(node, exp.DPipe) else list(node.expressions)
    own = [one for one, part in enumerate(parts) if not (isinstance(part, exp.Literal) and part.is_string)]
    if len(own) != 1:
        raise Unfit(
            "text-function",
            "Words are joined to one column.",
            "Group by both columns, and join their words in the answer.",
        )
    before = "".join(str(part.this) for part in parts[: own[0]])
    after = "".join(str(part.this) for part in parts[own[0] + 1 :])
    made = _map_text(reader, "CONCAT", parts[own[0]], lambda text: f"{before}{text}{after}")
    # CONCAT passes over null, || does not.
    if isinstance(node, exp.Concat) and made.domain.has_null:
        return reader.call("coalesce", made, make_constant(before + after))
    return made


def _read_names(part: str, names: tuple[str, ...]) -> Callable[[Reader, exp.Expression], Expression]:
    """The English name of a weekday or month, by its number from 1."""

    def read(reader: Reader, node: exp.Expression) -> Expression:
        number = reader.call(part, reader.read(node.this))
        words = [make_constant(word) for pair in enumerate(names, 1) for word in pair]
        return reader.call("map", number, *words)

    return read


_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True)
class Form:
    """How a node is read, and the parts of it that are. A part that is not would be passed over: refused."""

    read: Callable[[Reader, exp.Expression], Expression]
    parts: tuple[str, ...]

    def check_parts(self, node: exp.Expression) -> None:
        for name, value in node.args.items():
            if value and name not in self.parts:
                raise Unfit(
                    "function-form",
                    f"{place.find_word(node).upper()} is not answered with {name.replace('_', ' ')}.",
                    "See how it is written in docs/reference/sql.md.",
                )


def _one(read: Callable[[Reader, exp.Expression], Expression]) -> Form:
    return Form(read, ("this",))


def _two(read: Callable[[Reader, exp.Expression], Expression]) -> Form:
    return Form(read, ("this", "expression"))


_FORMS: dict[type[exp.Expression], Form] = {
    exp.Literal: Form(_read_literal, ("this", "is_string")),
    exp.Null: Form(lambda reader, node: make_constant(None), ()),
    exp.Boolean: _one(lambda reader, node: make_constant(bool(node.this))),
    exp.And: _two(_read_many("and")),
    exp.Or: _two(_read_many("or")),
    exp.Not: _one(_read_one("not")),
    exp.EQ: _two(_read_two("=")),
    exp.NEQ: _two(_read_two("<>")),
    exp.LT: _two(_read_two("<")),
    exp.LTE: _two(_read_two("<=")),
    exp.GT: _two(_read_two(">")),
    exp.GTE: _two(_read_two(">=")),
    exp.NullSafeEQ: _two(_read_same),
    exp.NullSafeNEQ: _two(_read_different),
    exp.Between: Form(_read_between, ("this", "low", "high")),
    exp.In: Form(_read_in, ("this", "expressions")),
    exp.Is: _two(_read_is),
    exp.Like: Form(_read_like, ("this", "expression", "negate")),
    exp.ILike: Form(_read_ilike, ("this", "expression", "negate")),
    exp.Add: _two(_read_plus),
    exp.Sub: _two(_read_minus),
    exp.DateAdd: _two(_read_plus),
    exp.Mul: _two(_read_two("*")),
    exp.Div: Form(_read_two("/"), ("this", "expression", "typed", "safe")),
    exp.IntDiv: _two(_read_two("//")),
    exp.Mod: _two(_read_two("%")),
    exp.Pow: _two(_read_power),
    exp.Neg: _one(_read_one("negative")),
    exp.Abs: _one(_read_one("abs")),
    exp.Sign: _one(_read_sign),
    exp.Floor: _one(_read_one("floor")),
    exp.Ceil: _one(_read_one("ceil")),
    exp.Trunc: _one(_read_trunc),
    exp.Round: Form(_read_round, ("this", "decimals")),
    exp.Least: Form(_read_list("least"), ("this", "expressions", "ignore_nulls")),
    exp.Greatest: Form(_read_list("greatest"), ("this", "expressions", "ignore_nulls")),
    exp.Coalesce: Form(_read_list("coalesce"), ("this", "expressions", "is_nvl")),
    exp.Nullif: _two(_read_two("nullif")),
    exp.Case: Form(_read_case, ("this", "ifs", "default")),
    exp.If: Form(_read_if, ("this", "true", "false")),
    exp.Cast: Form(_read_cast, ("this", "to")),
    exp.Date: _one(lambda reader, node: _read_day(reader, node.this)),
    exp.Extract: _two(_read_part),
    exp.Year: _one(_read_one("year")),
    exp.Quarter: _one(_read_one("quarter")),
    exp.Month: _one(_read_one("month")),
    exp.Week: _one(_read_one("week")),
    exp.WeekOfYear: _one(_read_one("week")),
    exp.Day: _one(_read_one("day")),
    exp.DayOfMonth: _one(_read_one("day")),
    exp.DayOfYear: _one(_read_one("dayofyear")),
    exp.DayOfWeek: _one(_read_one("dow")),
    exp.DayOfWeekIso: _one(_read_one("isodow")),
    exp.Dayname: _one(_read_names("isodow", _WEEKDAYS)),
    exp.Monthname: _one(_read_names("month", _MONTHS)),
    exp.Hour: _one(_read_one("hour")),
    exp.Minute: _one(_read_one("minute")),
    exp.Second: _one(_read_one("second")),
    exp.DateTrunc: Form(_read_truncation, ("this", "unit")),
    exp.TimestampTrunc: Form(_read_truncation, ("this", "unit")),
    exp.DateDiff: Form(_read_difference, ("this", "expression", "unit", "date_part_boundary")),
    exp.Lower: _one(_read_text("LOWER", lambda text: text.lower())),
    exp.Upper: _one(_read_text("UPPER", lambda text: text.upper())),
    exp.Length: _one(_read_text("LENGTH", len)),
    exp.Trim: Form(_read_trim, ("this", "expression", "position")),
    exp.Substring: Form(_read_substring, ("this", "start", "length")),
    exp.Left: _two(_read_text_with_size("LEFT", lambda text, size: text[:size])),
    exp.Right: _two(_read_text_with_size("RIGHT", lambda text, size: text[max(len(text) - size, 0) :])),
    exp.Replace: Form(_read_replace, ("this", "expression", "replacement")),
    exp.StartsWith: _two(_read_text_with_words("STARTS_WITH", lambda text, words: text.startswith(words))),
    exp.EndsWith: _two(_read_text_with_words("ENDS_WITH", lambda text, words: text.endswith(words))),
    exp.Contains: _two(_read_text_with_words("CONTAINS", lambda text, words: words in text)),
    exp.DPipe: Form(_read_joined_text, ("this", "expression", "safe")),
    exp.Concat: Form(_read_joined_text, ("expressions", "safe", "coalesce")),
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
