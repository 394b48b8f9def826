"""Expressions that cannot fail: what a row's values may be computed into, with the bounds of every result.

An expression is a tree of frozen nodes; `make_call` types it and works out its domain from those of its
arguments, or says why it is refused. `evaluate` is what each expression means, literally; the engines' SQL is
judged against it. All are total: for every row of the declared domains there is a value or null, never an
error, because an error would tell whether some child's row causes it. Null follows SQL: three values for AND,
OR and NOT; LEAST and GREATEST of a null are null; a number divided by zero is null.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.query import domain as domains
from lightwell.query.domain import BOOLEAN, DATE, INTEGER, REAL, TEXT, TIMESTAMP, Domain, Key, Value

_LARGEST_REAL = 1e15
_EPOCH = datetime.date(1970, 1, 1)
_FIRST_DAY, _LAST_DAY = datetime.date(1, 1, 1), datetime.date(9999, 12, 31)
# How many steps listing the groups of a key may take: about a second.
_MOST_STEPS = 1_000_000

COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/", "//", "%")
DATE_PARTS = ("year", "quarter", "month", "week", "day", "dayofyear", "isodow", "dow")
TIME_PARTS = ("hour", "minute", "second")
TRUNCATIONS = ("trunc_year", "trunc_quarter", "trunc_month", "trunc_week")


@dataclass(frozen=True, slots=True)
class Constant:
    """A value written in the query."""

    value: Key
    domain: Domain


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the relation that the expression is about, by its name there."""

    name: str
    domain: Domain


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function of expressions. `name` is one of those that `make_call` knows."""

    name: str
    arguments: tuple[Expression, ...]
    domain: Domain


Expression = Constant | Field | Call


class Unfit(ValueError):
    """An expression that is not total or not typed: `code`, why, and what to write instead."""

    def __init__(self, code: str, reason: str, advice: str) -> None:
        self.code, self.reason, self.advice = code, reason, advice
        super().__init__(reason)


def make_constant(value: Key) -> Constant:
    """A constant; null has the domain of a boolean until it is compared with something."""
    if value is None:
        return Constant(None, Domain(BOOLEAN, values=()))
    return Constant(value, domains.enclose(value))


def make_call(name: str, *arguments: Expression, is_released: bool = False) -> Call:
    """Type a call. `is_released` is for numbers that are released already: their bounds need not be known.

    Raises Unfit.
    """
    rule = _RULES.get(name)
    if rule is None:
        raise Unfit(
            "unknown-function",
            f"{name} is not known here.",
            "See the list of functions in docs/reference/sql.md.",
        )
    given = _share_kind(name, arguments)
    return Call(name, given, rule(name, given, is_released))


def list_fields(expression: Expression) -> tuple[Field, ...]:
    """List the columns an expression reads, each once, in order of first mention."""
    found: dict[str, Field] = {}
    waiting = [expression]
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, Field):
            found.setdefault(node.name, node)
        elif isinstance(node, Call):
            waiting = [*node.arguments, *waiting]
    return tuple(found.values())


def replace_fields(expression: Expression, by: Mapping[str, Expression]) -> Expression:
    """Put other expressions in the place of columns."""
    if isinstance(expression, Field):
        return by.get(expression.name, expression)
    if isinstance(expression, Call):
        return Call(
            expression.name,
            tuple(replace_fields(part, by) for part in expression.arguments),
            expression.domain,
        )
    return expression


def evaluate(expression: Expression, row: Mapping[str, Key]) -> Key:
    """What an expression means for one row, whose values lie in their declared domains."""
    if isinstance(expression, Constant):
        return expression.value
    if isinstance(expression, Field):
        return row[expression.name]
    name, parts = expression.name, expression.arguments
    if name == "case":
        for condition, value in zip(parts[:-1:2], parts[1:-1:2], strict=True):
            if evaluate(condition, row) is True:
                return _cast(evaluate(value, row), expression.domain)
        return _cast(evaluate(parts[-1], row), expression.domain)
    values = [evaluate(part, row) for part in parts]
    if name in _NULL_AWARE:
        return _cast(_NULL_AWARE[name](values), expression.domain)
    if any(value is None for value in values):
        return None
    return _cast(_MEANINGS[name](*values), expression.domain)


def _cast(value: Key, into: Domain) -> Key:
    # An integer that stands where reals stand is a real: engines give a CASE one type.
    return (
        float(value)
        if into.kind == REAL and isinstance(value, int) and not isinstance(value, bool)
        else value
    )


@dataclass(frozen=True, slots=True)
class Size:
    """How many parts an expression has as SQL writes it, and how deep they stand inside one another."""

    of: Expression
    nodes: int
    depth: int


def measure_size(expression: Expression, known: dict[int, Size]) -> Size:
    """Measure an expression; a part that is written twice counts twice.

    `known` keeps what was measured already, because a part may be shared by many.
    """
    if not isinstance(expression, Call):
        return Size(expression, 1, 1)
    found = known.get(id(expression))
    if found is None:
        parts = [measure_size(part, known) for part in expression.arguments]
        # LEAST and GREATEST name each argument twice, to test it for null and to compare it.
        nodes = 1 + sum(part.nodes for part in parts) * (2 if expression.name in ("least", "greatest") else 1)
        depth = 1 + max((part.depth for part in parts), default=0)
        found = known[id(expression)] = Size(expression, nodes, depth)
    return found


def enumerate_image(expression: Expression, most: int) -> tuple[Value, ...] | None:
    """List the values other than null that an expression can take, or None where they are too many to list.

    Depends on domains alone, so it is as public as the codebook. What cannot be listed is looked at through
    what is computed from it: FLOOR(minutes / 10) of a real number has a listable range, and so has any
    condition. Such a range may hold values that no row has; a group of them is empty. Raises Unfit when
    the listing would take too long.
    """
    cut = _cut_at_ranges(expression, most)
    if cut is None:
        return None
    bare, leaves = cut
    if isinstance(bare, Call) and bare.name == "map" and isinstance(bare.arguments[0], Field):
        # Each value by itself would be looked for among all: as long as the square of a long list.
        found = _list_results(bare)
    else:
        found = _evaluate_all(bare, leaves)
    if expression.domain.kind == TEXT and expression.domain.values is not None:
        return tuple(value for value in expression.domain.values if value in found)
    return tuple(sorted(found, key=_order))


def _evaluate_all(bare: Expression, leaves: Mapping[str, Field]) -> set[Value]:
    """What an expression is for every row that its columns could have."""
    if _count_rows(leaves) * measure_size(bare, {}).nodes > _MOST_STEPS:
        raise Unfit(
            "too-complex",
            "Working out which groups there are would take too long.",
            "Group by fewer columns at once, or by a shorter expression.",
        )
    rows: list[dict[str, Key]] = [{}]
    for leaf in leaves.values():
        rows = [{**row, leaf.name: key} for row in rows for key in leaf.domain.list_keys()]
    return {evaluate(bare, row) for row in rows} - {None}


def _list_results(mapped: Call) -> set[Key]:
    """What the listed values that a column can have are mapped to."""
    listed = set(mapped.arguments[0].domain.list_values())
    constants = [part.value for part in mapped.arguments[1:] if isinstance(part, Constant)]
    return {
        result
        for value, result in zip(constants[::2], constants[1::2], strict=True)
        if value in listed and result is not None
    }


def _order(value: Value) -> Any:
    return value


def _count_rows(leaves: Mapping[str, Field]) -> int:
    return math.prod((leaf.domain.count_values() or 0) + leaf.domain.has_null for leaf in leaves.values())


def _cut_at_ranges(expression: Expression, most: int) -> tuple[Expression, dict[str, Field]] | None:
    """Replace what cannot be listed below by a stand-in column with the range of a result that can."""
    if isinstance(expression, Constant):
        return expression, {}
    count = expression.domain.count_values()
    is_listable = count is not None and count <= most
    if isinstance(expression, Field):
        return (expression, {expression.name: expression}) if is_listable else None
    parts: list[Expression] = []
    leaves: dict[str, Field] = {}
    for argument in expression.arguments:
        cut = _cut_at_ranges(argument, most)
        if cut is None:
            break
        parts.append(cut[0])
        leaves |= cut[1]
    else:
        if _count_rows(leaves) <= most:
            return Call(expression.name, tuple(parts), expression.domain), leaves
    if not is_listable:
        return None
    stand_in = Field(f"range {id(expression)}", expression.domain)
    return stand_in, {stand_in.name: stand_in}


# --- what calls mean ------------------------------------------------------------------------------------


def _all_of(values: Sequence[Key]) -> Key:
    if any(value is False for value in values):
        return False
    return None if any(value is None for value in values) else True


def _any_of(values: Sequence[Key]) -> Key:
    if any(value is True for value in values):
        return True
    return None if any(value is None for value in values) else False


def _one_of(values: Sequence[Key]) -> Key:
    value, *listed = values
    if value is None:
        return None
    return value in listed


def _first_known(values: Sequence[Key]) -> Key:
    return next((value for value in values if value is not None), None)


def _look_up(values: Sequence[Key]) -> Key:
    value, *pairs = values
    for known, result in zip(pairs[::2], pairs[1::2], strict=True):
        if value is not None and value == known:
            return result
    return None


_NULL_AWARE: dict[str, Callable[[Sequence[Key]], Key]] = {
    "and": _all_of,
    "or": _any_of,
    "is_null": lambda values: values[0] is None,
    "in": _one_of,
    "coalesce": _first_known,
    "nullif": lambda values: None if values[0] is not None and values[0] == values[1] else values[0],
    "map": _look_up,
}


def match_pattern(value: str, pattern: str) -> bool:
    """LIKE: % stands for any characters, _ for one; there is no escape.

    In time of value times pattern, whatever they are: after a mismatch only the last % takes one more.
    """
    at = place = 0
    star, mark = -1, 0
    while at < len(value):
        if place < len(pattern) and pattern[place] == "%":
            star, mark = place, at
            place += 1
        elif place < len(pattern) and pattern[place] in ("_", value[at]):
            at, place = at + 1, place + 1
        elif star >= 0:
            mark += 1
            at, place = mark, star + 1
        else:
            return False
    return all(sign == "%" for sign in pattern[place:])


def _round(value: float, scale: int) -> Key:
    """Halves go up. A released number may be anything, so one that is too large to have digits has none."""
    if not math.isfinite(value * scale):
        return None
    whole = math.floor(value * scale + 0.5)
    return whole / scale if scale > 1 else whole


def truncate_date(part: str, day: datetime.date) -> datetime.date:
    """The first day of a date's year, quarter, month or ISO week."""
    if part == "trunc_year":
        return day.replace(month=1, day=1)
    if part == "trunc_quarter":
        return day.replace(month=3 * ((day.month - 1) // 3) + 1, day=1)
    if part == "trunc_month":
        return day.replace(day=1)
    return day - datetime.timedelta(days=day.weekday())


_MEANINGS: dict[str, Callable[..., Key]] = {
    "not": lambda value: not value,
    "=": lambda left, right: left == right,
    "<>": lambda left, right: left != right,
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
    "like": match_pattern,
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: None if right == 0 else float(left) / float(right),
    # Of rows the divisor is a positive constant; of released numbers it can be zero.
    "//": lambda left, right: None if right == 0 else left // right,
    "%": lambda left, right: None if right == 0 else left % right,
    "negative": lambda value: -value,
    "abs": abs,
    "floor": lambda value: math.floor(value) if math.isfinite(value) else None,
    "ceil": lambda value: math.ceil(value) if math.isfinite(value) else None,
    "round": lambda value, scale: _round(value, scale),
    "real": float,
    # Of one argument too, which is no sequence.
    "least": lambda *values: min(values),
    "greatest": lambda *values: max(values),
    "year": lambda day: day.year,
    "quarter": lambda day: (day.month - 1) // 3 + 1,
    "month": lambda day: day.month,
    "week": lambda day: day.isocalendar().week,
    "day": lambda day: day.day,
    "dayofyear": lambda day: day.timetuple().tm_yday,
    "isodow": lambda day: day.isoweekday(),
    "dow": lambda day: day.isoweekday() % 7,
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "second": lambda moment: moment.second,
    "to_date": lambda moment: moment.date(),
    "days_between": lambda later, earlier: (later - earlier).days,
    "add_days": lambda day, days: day + datetime.timedelta(days=days),
    **{name: (lambda day, name=name: truncate_date(name, day)) for name in TRUNCATIONS},
}


# --- domains --------------------------------------------------------------------------------------------


def _share_kind(name: str, arguments: Sequence[Expression]) -> tuple[Expression, ...]:
    """Give a constant of text the kind of the date beside it, and a bare null the kind of its neighbours."""
    given = tuple(arguments)
    kinds = {part.domain.kind for part in given if not (isinstance(part, Constant) and part.value is None)}
    if name == "case":
        # Conditions are boolean whatever the values are.
        results = [*given[1:-1:2], given[-1]]
        kinds = {
            part.domain.kind for part in results if not (isinstance(part, Constant) and part.value is None)
        }
    moment = next((kind for kind in (TIMESTAMP, DATE) if kind in kinds), None)
    shared: list[Expression] = []
    for part in given:
        if isinstance(part, Constant) and isinstance(part.value, str) and moment and name != "like":
            shared.append(make_constant(read_moment(part.value, moment)))
        elif isinstance(part, Constant) and part.domain.kind == DATE and moment == TIMESTAMP:
            shared.append(make_constant(datetime.datetime.combine(part.value, datetime.time())))
        elif isinstance(part, Constant) and part.value is None and kinds:
            shared.append(Constant(None, Domain(sorted(kinds)[0], values=None)))
        else:
            shared.append(part)
    return tuple(shared)


def read_moment(text: str, kind: str) -> Value:
    """Read a date or a time as ISO 8601 writes it; Unfit for another text or a time zone."""
    try:
        if kind == DATE:
            return datetime.date.fromisoformat(text)
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise Unfit(
            "bad-date", f"“{text}” is no {kind}.", "Write 2026-01-31, a time as 2026-01-31 23:59."
        ) from None
    if moment.tzinfo:
        raise Unfit(
            "bad-date", f"“{text}” has a time zone; times here have none.", "Leave the time zone out."
        )
    return moment


def _need(name: str, parts: Sequence[Expression], *kinds: str) -> None:
    for part in parts:
        if part.domain.kind not in kinds:
            raise Unfit(
                "wrong-type",
                f"{'-' if name == 'negative' else name.upper()} takes {' or '.join(kinds)}, "
                f"not {part.domain.kind}.",
                "Compare or convert it first; the codebook says which type a column has.",
            )


def _null_of(parts: Sequence[Expression]) -> bool:
    return any(part.domain.has_null for part in parts)


def _boolean(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, BOOLEAN)
    return Domain(BOOLEAN, has_null=_null_of(parts))


def _is_null(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    return Domain(BOOLEAN, has_null=False)


def _same_kind(name: str, parts: Sequence[Expression]) -> str:
    kinds = {part.domain.kind for part in parts if not (isinstance(part, Constant) and part.value is None)}
    if len(kinds) > 1 and kinds <= set(domains.NUMBERS):
        return REAL
    if len(kinds) > 1:
        raise Unfit(
            "wrong-type",
            f"{name.upper()} mixes {' and '.join(sorted(kinds))}.",
            "Write x, or x = TRUE." if BOOLEAN in kinds else "Use one type on both sides.",
        )
    return next(iter(kinds), BOOLEAN)


def _comparison(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    kind = _same_kind(name, parts)
    if name not in ("=", "<>") and kind in (TEXT, BOOLEAN):
        raise Unfit(
            "text-order",
            f"{kind} is not ordered here, because engines order it differently.",
            "Use =, <>, IN or LIKE.",
        )
    return Domain(BOOLEAN, has_null=_null_of(parts))


def _membership(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _same_kind(name, parts)
    if not all(isinstance(part, Constant) and part.value is not None for part in parts[1:]):
        raise Unfit(
            "not-constant",
            "IN takes a list of constants.",
            "Write the values out; test for null with IS NULL.",
        )
    return Domain(BOOLEAN, has_null=parts[0].domain.has_null)


def _like(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, TEXT)
    if not isinstance(parts[1], Constant):
        raise Unfit(
            "not-constant", "LIKE takes a pattern written out.", "Write the pattern in quotation marks."
        )
    return Domain(BOOLEAN, has_null=parts[0].domain.has_null)


def _arithmetic(name: str, parts: Sequence[Expression], is_released: bool) -> Domain:
    _need(name, parts, *domains.NUMBERS)
    kind = REAL if name == "/" else _same_kind(name, parts)
    has_null = _null_of(parts)
    if is_released:
        if name in ("/", "//", "%") and isinstance(parts[1], Constant) and parts[1].value == 0:
            raise Unfit("division", "Division by zero is always null.", "Divide by another number.")
        return Domain(REAL)
    left, right = (part.domain for part in parts)
    if not (left.is_bounded and right.is_bounded):
        raise Unfit(
            "unbounded",
            f"{name} needs numbers with known bounds.",
            "Declare low and high in the codebook, or write LEAST(GREATEST(x, 0), 300).",
        )
    if name in ("//", "%"):
        divisor = parts[1]
        if not (isinstance(divisor, Constant) and kind == INTEGER and divisor.value > 0 and left.low >= 0):
            raise Unfit(
                "division",
                f"{name} takes an integer that is never negative and a positive constant.",
                "Use / for real division, FLOOR(x / 10) for bins.",
            )
        size = divisor.value
        if name == "%":
            return Domain(INTEGER, 0, size - 1, has_null=has_null)
        return Domain(INTEGER, left.low // size, left.high // size, has_null=has_null)
    if name == "/" and right.low <= 0 <= right.high:
        if isinstance(parts[1], Constant):
            raise Unfit("division", "Division by zero is always null.", "Divide by another number.")
        # Zero divides to null, but what is near zero divides to anything.
        return Domain(REAL)
    corners = [
        _MEANINGS[name](one, other) for one in (left.low, left.high) for other in (right.low, right.high)
    ]
    return _bounded(kind, corners, _find_step(name, kind, left, right), has_null)


def _bounded(kind: str, corners: Sequence[Any], step: float | None, has_null: bool) -> Domain:
    low, high = min(corners), max(corners)
    limit = domains.LARGEST if kind == INTEGER else _LARGEST_REAL
    if max(abs(low), abs(high)) > limit:
        raise Unfit(
            "overflow", "The result could be too large to stay exact.", "Clamp it with LEAST and GREATEST."
        )
    if kind == REAL:
        low, high = float(low), float(high)
    return Domain(kind, low, high, None, step, has_null)


def _find_step(name: str, kind: str, left: Domain, right: Domain) -> float | None:
    """The resolution of a real result: what sums and differences have, else a millionth of the range."""
    if kind != REAL:
        return None
    steps = [part.step or (1.0 if part.kind == INTEGER else None) for part in (left, right)]
    if name in ("+", "-") and all(steps):
        return min(step for step in steps if step)
    return None


def find_step(of: Domain) -> float:
    """The resolution at which a bounded number is added up: its own, 1 for integers, or a power of ten.

    Where none is declared: the largest power of ten that is at most a millionth of the largest magnitude.
    """
    if of.kind == INTEGER:
        return 1.0
    if of.step:
        return of.step
    span = max(abs(float(of.low or 0)), abs(float(of.high or 0))) or 1.0
    return float(10.0 ** math.floor(math.log10(span / 1e6)))


def _sign(name: str, parts: Sequence[Expression], is_released: bool) -> Domain:
    _need(name, parts, *domains.NUMBERS)
    of = parts[0].domain
    if is_released or not of.is_bounded:
        return Domain(of.kind, has_null=of.has_null)
    low, high = of.low, of.high
    if name == "negative":
        return Domain(of.kind, -high, -low, None, of.step, of.has_null)
    least = 0 if low <= 0 <= high else min(abs(low), abs(high))
    return Domain(of.kind, least, max(abs(low), abs(high)), None, of.step, of.has_null)


def _whole(name: str, parts: Sequence[Expression], is_released: bool) -> Domain:
    _need(name, parts[:1], *domains.NUMBERS)
    of = parts[0].domain
    if is_released:
        return Domain(REAL)
    if not of.is_bounded:
        raise Unfit(
            "unbounded",
            f"{name.upper()} needs a number with known bounds.",
            "Clamp it with LEAST and GREATEST.",
        )
    if name == "round":
        scale = parts[1]
        if not isinstance(scale, Constant) or scale.value not in (1, 10, 100, 1000, 10_000):
            raise Unfit("not-constant", "ROUND takes 0 to 4 digits.", "Write ROUND(x) or ROUND(x, 2).")
        ends = [_MEANINGS["round"](end, scale.value) for end in (of.low, of.high)]
        if scale.value == 1:
            return _bounded(INTEGER, ends, None, of.has_null)
        return _bounded(REAL, ends, 1 / scale.value, of.has_null)
    return _bounded(INTEGER, [_MEANINGS[name](end) for end in (of.low, of.high)], None, of.has_null)


def _real(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, *domains.NUMBERS)
    of = parts[0].domain
    if not of.is_bounded:
        return Domain(REAL, has_null=of.has_null)
    return Domain(REAL, float(of.low), float(of.high), None, find_step(of), of.has_null)


def _extreme(name: str, parts: Sequence[Expression], is_released: bool) -> Domain:
    kind = _same_kind(name, parts)
    if kind in (TEXT, BOOLEAN):
        raise Unfit("wrong-type", f"{name.upper()} takes numbers or dates.", "Use CASE for other types.")
    if is_released:
        return Domain(kind)
    lows: list[Any] = [part.domain.low for part in parts]
    highs: list[Any] = [part.domain.high for part in parts]
    if name == "least":
        # One known upper end bounds the smallest; its lower end hangs on all of them.
        low = None if None in lows else min(lows)
        known = [high for high in highs if high is not None]
        high = min(known) if known else None
    else:
        high = None if None in highs else max(highs)
        known = [low for low in lows if low is not None]
        low = max(known) if known else None
    if kind == REAL:
        low, high = (None if end is None else float(end) for end in (low, high))
    steps = [part.domain.step or (1.0 if part.domain.kind == INTEGER else None) for part in parts]
    fields = [step for part, step in zip(parts, steps, strict=True) if not isinstance(part, Constant)]
    step = min(step for step in fields if step) if kind == REAL and fields and all(fields) else None
    return Domain(kind, low, high, None, step, _null_of(parts))


def _joined(parts: Sequence[Expression], has_null: bool, name: str) -> Domain:
    """The domain of a value that is one of several."""
    kind = _same_kind(name, parts)
    real = [part for part in parts if not (isinstance(part, Constant) and part.value is None)]
    listed = [part.domain.values for part in real]
    values = None
    if real and all(known is not None for known in listed):
        values = tuple(dict.fromkeys(value for known in listed for value in known or ()))
        if kind == REAL:
            values = None
    lows: list[Any] = [part.domain.low for part in real]
    highs: list[Any] = [part.domain.high for part in real]
    low = min(lows) if lows and None not in lows else None
    high = max(highs) if highs and None not in highs else None
    if kind == REAL:
        low, high = (None if end is None else float(end) for end in (low, high))
    steps = [part.domain.step or (1.0 if part.domain.kind == INTEGER else None) for part in real]
    fields = [step for part, step in zip(real, steps, strict=True) if not isinstance(part, Constant)]
    step = min(step for step in fields if step) if kind == REAL and fields and all(fields) else None
    return Domain(kind, low, high, values, step, has_null)


def _coalesce(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    return _joined(parts, all(part.domain.has_null for part in parts), name)


def _nullif(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _same_kind(name, parts)
    return parts[0].domain.with_null(True)


def _case(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts[:-1:2], BOOLEAN)
    results = [*parts[1:-1:2], parts[-1]]
    null = any(
        part.domain.has_null or (isinstance(part, Constant) and part.value is None) for part in results
    )
    return _joined(results, null, name)


def _mapped(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    results = [part.value for part in parts[2::2] if isinstance(part, Constant) and part.value is not None]
    values = tuple(dict.fromkeys(results))
    kind = domains.enclose(values[0]).kind if values else TEXT
    low, high = (min(values), max(values)) if kind == INTEGER and values else (None, None)
    of = parts[0].domain
    listed = {part.value for part in parts[1::2] if isinstance(part, Constant)}
    is_whole = of.count_values() is not None and listed >= set(of.list_values())
    has_null = of.has_null or not is_whole or len(results) < len(parts) // 2
    return Domain(kind, low, high, values, None, has_null)


_PART_RANGES = {
    "quarter": (1, 4),
    "month": (1, 12),
    "week": (1, 53),
    "day": (1, 31),
    "dayofyear": (1, 366),
    "isodow": (1, 7),
    "dow": (0, 6),
}


def _date_part(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, DATE, TIMESTAMP)
    of = parts[0].domain
    if name == "year":
        low = of.low.year if isinstance(of.low, datetime.date) else 1
        high = of.high.year if isinstance(of.high, datetime.date) else 9999
        return Domain(INTEGER, low, high, has_null=of.has_null)
    low, high = _PART_RANGES[name]
    return Domain(INTEGER, low, high, has_null=of.has_null)


def _time_part(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, TIMESTAMP)
    return Domain(INTEGER, 0, 23 if name == "hour" else 59, has_null=parts[0].domain.has_null)


def _as_day(moment: Any) -> datetime.date | None:
    return moment.date() if isinstance(moment, datetime.datetime) else moment


def _to_date(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, TIMESTAMP)
    of = parts[0].domain
    return Domain(DATE, _as_day(of.low), _as_day(of.high), has_null=of.has_null)


def _truncated(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, DATE)
    of = parts[0].domain
    low, high = of.low, of.high
    if not (isinstance(low, datetime.date) and isinstance(high, datetime.date)):
        return Domain(DATE, has_null=of.has_null)
    if name == "trunc_week" and low < _FIRST_DAY + datetime.timedelta(days=7):
        raise Unfit("bad-date", "The week of so early a date does not exist.", "Declare a later low.")
    return Domain(DATE, truncate_date(name, low), truncate_date(name, high), has_null=of.has_null)


def _days_between(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts, DATE)
    left, right = (part.domain for part in parts)
    low = ((left.low or _FIRST_DAY) - (right.high or _LAST_DAY)).days
    high = ((left.high or _LAST_DAY) - (right.low or _FIRST_DAY)).days
    return Domain(INTEGER, low, high, has_null=_null_of(parts))


def _add_days(name: str, parts: Sequence[Expression], _: bool) -> Domain:
    _need(name, parts[:1], DATE)
    of, days = parts[0].domain, parts[1]
    if not isinstance(days, Constant) or not isinstance(days.value, int):
        raise Unfit(
            "not-constant",
            "Only a constant number of days can be added to a date.",
            "Write d + INTERVAL 7 DAY.",
        )
    if not (isinstance(of.low, datetime.date) and isinstance(of.high, datetime.date)):
        raise Unfit(
            "unbounded", "A date without bounds cannot be moved.", "Declare low and high in the codebook."
        )
    try:
        move = datetime.timedelta(days=days.value)
        return Domain(DATE, of.low + move, of.high + move, has_null=of.has_null)
    except OverflowError:
        raise Unfit("overflow", "No calendar has that day.", "Add fewer days.") from None


_Rule = Callable[[str, Sequence[Expression], bool], Domain]
_RULES: dict[str, _Rule] = {
    **dict.fromkeys(("and", "or", "not"), _boolean),
    "is_null": _is_null,
    **dict.fromkeys(COMPARISONS, _comparison),
    "in": _membership,
    "like": _like,
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(("negative", "abs"), _sign),
    **dict.fromkeys(("floor", "ceil", "round"), _whole),
    "real": _real,
    **dict.fromkeys(("least", "greatest"), _extreme),
    "coalesce": _coalesce,
    "nullif": _nullif,
    "case": _case,
    "map": _mapped,
    **dict.fromkeys(DATE_PARTS, _date_part),
    **dict.fromkeys(TIME_PARTS, _time_part),
    "to_date": _to_date,
    **dict.fromkeys(TRUNCATIONS, _truncated),
    "days_between": _days_between,
    "add_days": _add_days,
}
