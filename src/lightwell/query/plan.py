"""The plan of a query: what is counted, over which rows of which children, in which groups. Nothing is run
here.

After `check` only meaningful plans exist. A relation yields rows, each about one child; its columns are
fields named `t0.minutes`. A measure is what the engine adds up exactly (whole numbers, bounded for each
child); a statistic is what is computed from released measures; an output is arithmetic on statistics and
group keys. The plan is data: `describe` writes it as canonical JSON, whose digest is part of the key of every
answer.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lightwell.base import canonical
from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query.domain import Domain, Key
from lightwell.query.expression import Constant, Expression, Field

# What one child's rows can amount to stays below this, so that no sum of 2^31 rows overflows 64 bits.
LARGEST_CONTRIBUTION = 2**32
QUANTILE_BINS = 1024
_WHERE_SET = {"described": "where set"}


@dataclass(frozen=True, slots=True)
class Scan:
    """The rows of one table of children. `name` is the prefix of its fields; `rows` how many of a child
    count."""

    table: str
    name: str
    rows: int


@dataclass(frozen=True, slots=True)
class Filter:
    """The rows for which a condition is true; neither false nor null."""

    source: Relation
    condition: Expression


@dataclass(frozen=True, slots=True)
class Lookup:
    """Each row with the row of a public table whose key equals `on`: at most one, so no row is doubled."""

    source: Relation
    table: str
    name: str
    on: Expression
    keeps_all: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """Each row with each row of another relation about the same child.

    `mark` is a field that is true where there is one, and null in rows kept without.
    """

    source: Relation
    other: Relation
    keeps_all: bool
    mark: str


@dataclass(frozen=True, slots=True)
class ChildAggregate:
    """One number of a child's rows. `kind`: rows, known, distinct, sum, mean, min, max, any or all.

    `bounds` is the domain of the result; what lies outside is moved to its ends, child by child. `step` is
    the resolution at which a sum or mean is added up.
    """

    kind: str
    argument: Expression | None
    bounds: Domain
    step: float = 1.0


@dataclass(frozen=True, slots=True)
class PerChild:
    """One row for each child (and each of `keys`) that has a row in `source`."""

    source: Relation
    name: str
    keys: tuple[tuple[str, Expression], ...]
    aggregates: tuple[tuple[str, ChildAggregate], ...]


Relation = Scan | Filter | Lookup | Meeting | PerChild


@dataclass(frozen=True, slots=True)
class GroupKey:
    """What rows are grouped by. `values` are all groups there are, in order; None where keys are private."""

    name: str
    expression: Expression
    values: tuple[Key, ...] | None
    is_constant: bool = False


@dataclass(frozen=True, slots=True)
class Measure:
    """What the engine adds up for each group, in whole units.

    kind      what is added                                    a row adds at most
    rows      1 where `argument` is not null (or always)       1
    total     the argument in steps from `center`              `most`
    squares   its squared distance from `center`, in steps     `most`
    children  1 for a child with a row where it is true        once for each child and group
    distinct  1 for each value of it                           once for each value and group
    bins      1 in the bin of `low`, `high`, `count` it is in  1
    """

    kind: str
    argument: Expression | None = None
    center: float = 0.0
    step: float = 1.0
    most: int = 1
    low: float = 0.0
    high: float = 0.0
    count: int = 0


@dataclass(frozen=True, slots=True)
class Statistic:
    """A number computed from released measures, by their places in the plan's list.

    `kind`: count, sum, mean, variance, stddev, quantile. `share` is the quantile wanted; `domain` the range
    that the number cannot leave.
    """

    kind: str
    measures: tuple[int, ...]
    domain: Domain
    share: float = 0.0
    is_whole: bool = False


@dataclass(frozen=True, slots=True)
class Output:
    """A column of the answer: an expression of the fields `key 0`, `key 1`, `statistic 0`."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Plan:
    """A checked query. `rows` is the most rows of one child that count, `groups` the most groups of one
    child; `parts` divide the charge among the measures, equally where there are none.
    """

    source: Relation
    keys: tuple[GroupKey, ...]
    measures: tuple[Measure, ...]
    statistics: tuple[Statistic, ...]
    outputs: tuple[Output, ...]
    rows: int
    groups: int
    having: Expression | None = None
    order: tuple[tuple[Expression, bool], ...] = ()
    limit: int | None = None
    # Not described where it is empty, so that the ids of answers that were given before stand.
    parts: tuple[int, ...] = dataclasses.field(default=(), metadata=_WHERE_SET)

    @property
    def has_private_keys(self) -> bool:
        """Answer whether which groups exist is itself something about children."""
        return any(key.values is None for key in self.keys)

    def count_groups(self) -> int:
        """Count the groups of public keys, empty ones included."""
        return math.prod(len(key.values or ()) for key in self.keys)

    def list_groups(self) -> list[tuple[Key, ...]]:
        """List the groups of public keys in the order of their values."""
        groups: list[tuple[Key, ...]] = [()]
        for key in self.keys:
            groups = [(*group, value) for group in groups for value in key.values or ()]
        return groups


def divide_charge(measures: Sequence[Measure]) -> tuple[int, ...]:
    """Divide a charge among measures by what they are for; empty means equally.

    A sum of squares beside the sum of the same thing tells how precise that is (Kish's size of a weighted
    sample, `survey`), which needs far fewer digits: it gets one part and every other measure four. Costs of
    vectors add up however they are divided (`noise`), and the parts follow from the plan alone.
    """
    sums = [one.argument for one in measures if one.kind == "total"]
    is_square = [one.kind == "total" and _is_square_of(one.argument, sums) for one in measures]
    return tuple(1 if each else 4 for each in is_square) if any(is_square) else ()


def _is_square_of(argument: Expression | None, sums: Sequence[Expression | None]) -> bool:
    if not isinstance(argument, expressions.Call) or argument.name != "*":
        return False
    first, second = argument.arguments
    return first == second and first in sums


def count_rows(relation: Relation) -> int:
    """The most rows of one child that count, as far as the codebook says: what weighting enforces."""
    if isinstance(relation, Scan):
        return relation.rows
    if isinstance(relation, Meeting):
        return min(count_rows(relation.source) * count_rows(relation.other), 1_000_000)
    if isinstance(relation, PerChild):
        if not relation.keys:
            return 1
        sizes = [expression.domain.count_values() for _, expression in relation.keys]
        nulls = [int(expression.domain.has_null) for _, expression in relation.keys]
        known = [size + null for size, null in zip(sizes, nulls, strict=True) if size is not None]
        listed = math.prod(known) if len(known) == len(sizes) else 1_000_000
        return min(count_rows(relation.source), listed)
    return count_rows(relation.source)


def counts_every_row(plan: Plan) -> bool:
    """Answer whether no child can have more rows than the bound, by the values that its codebook declares.

    So it is where rows are made by grouping, for each child and each of few listed values: a child has one
    row for each at most. A condition or a look-up doubles none.
    """
    relation = plan.source
    while isinstance(relation, Filter | Lookup):
        relation = relation.source
    if not isinstance(relation, PerChild):
        return False
    sizes = [expression.domain.count_values() for _, expression in relation.keys]
    nulls = [int(expression.domain.has_null) for _, expression in relation.keys]
    most = math.prod((size or 0) + null for size, null in zip(sizes, nulls, strict=True))
    return None not in sizes and most <= plan.rows


def is_one_row(relation: Relation) -> bool:
    """Answer whether no child can have two rows, whatever the data hold: by grouping, not by promise."""
    if isinstance(relation, PerChild):
        return not relation.keys
    if isinstance(relation, Filter | Lookup):
        return is_one_row(relation.source)
    if isinstance(relation, Meeting):
        return is_one_row(relation.source) and is_one_row(relation.other)
    return False


def find_scan(relation: Relation) -> Scan | None:
    """The one table whose rows a relation's rows are, each of them once at most; None for other relations."""
    while isinstance(relation, Filter | Lookup):
        relation = relation.source
    return relation if isinstance(relation, Scan) else None


def list_tables(relation: Relation) -> Iterator[str]:
    """Name the tables that a relation reads, public ones too, in order."""
    if isinstance(relation, Scan):
        yield relation.table
        return
    yield from list_tables(relation.source)
    if isinstance(relation, Meeting):
        yield from list_tables(relation.other)
    elif isinstance(relation, Lookup):
        yield relation.table


def list_expressions(plan: Plan) -> Iterator[Expression]:
    """Every expression that is computed from rows."""
    for key in plan.keys:
        yield key.expression
    for measure in plan.measures:
        if measure.argument is not None:
            yield measure.argument
    yield from _list_relation_expressions(plan.source)


def _list_relation_expressions(relation: Relation) -> Iterator[Expression]:
    if isinstance(relation, Scan):
        return
    if isinstance(relation, Filter):
        yield relation.condition
    elif isinstance(relation, Lookup):
        yield relation.on
    elif isinstance(relation, PerChild):
        for _, expression in relation.keys:
            yield expression
        for _, aggregate in relation.aggregates:
            if aggregate.argument is not None:
                yield aggregate.argument
    elif isinstance(relation, Meeting):
        yield from _list_relation_expressions(relation.other)
    yield from _list_relation_expressions(relation.source)


def list_scanned(plan: Plan) -> dict[str, list[Field]]:
    """The fields that are read of each scanned or looked-up table, by the prefix of its fields."""
    found: dict[str, dict[str, Field]] = {}
    for expression in list_expressions(plan):
        for one in expressions.list_fields(expression):
            found.setdefault(one.name.partition(".")[0], {}).setdefault(one.name, one)
    return {prefix: list(fields.values()) for prefix, fields in found.items()}


def to_units(measure: Measure, value: float) -> int:
    """A value in whole steps from the center: what `total` adds up. Monotone, so the ends bound it."""
    return math.floor((value - measure.center) * (1.0 / measure.step) + 0.5)


def to_square_units(measure: Measure, value: float) -> int:
    """Its squared distance from the center in whole steps: what `squares` adds up."""
    distance = value - measure.center
    return math.floor(distance * distance * (1.0 / measure.step) + 0.5)


def to_bin(measure: Measure, value: float) -> int:
    """The bin that a value lies in, from 0; the last one holds the upper end too."""
    scale = measure.count / (measure.high - measure.low)
    return min(max(math.floor((value - measure.low) * scale), 0), measure.count - 1)


def find_bins(of: Domain) -> tuple[float, float, int]:
    """The bins that quantiles of a bounded number are taken from: lower end, upper end, how many.

    Whole numbers get a bin each where they are few; others get 1024 of the same width.
    """
    low, high = float(of.low), float(of.high)
    if of.kind == domains.INTEGER and high - low + 1 <= 4 * QUANTILE_BINS:
        return low, high + 1, int(high - low) + 1
    return low, high if high > low else low + 1, QUANTILE_BINS


def make_total(argument: Expression, rows: int, *, is_centered: bool) -> Measure:
    """Measure a sum; centered on the middle of its domain where a mean is wanted, which halves its bound."""
    of = argument.domain
    low, high = float(of.low), float(of.high)
    center = (low + high) / 2 if is_centered else 0.0
    step = expressions.find_step(of)
    if is_centered and of.kind == domains.INTEGER:
        step = 0.5
    while True:
        measure = Measure("total", argument, center, step)
        most = max(abs(to_units(measure, low)), abs(to_units(measure, high)), 1)
        if most * rows <= LARGEST_CONTRIBUTION:
            return dataclasses.replace(measure, most=most)
        step *= 2


def make_squares(argument: Expression, rows: int) -> Measure:
    """Measure a sum of squared distances from the middle of the domain."""
    of = argument.domain
    low, high = float(of.low), float(of.high)
    center = (low + high) / 2
    step = max((high - center) ** 2, 1e-12) / 2**20
    if of.kind == domains.INTEGER and (high - low) < 2**10:
        step = 0.25
    while True:
        measure = Measure("squares", argument, center, step)
        most = max(to_square_units(measure, low), to_square_units(measure, high), 1)
        if most * rows <= LARGEST_CONTRIBUTION:
            return dataclasses.replace(measure, most=most)
        step *= 2


@functools.cache
def _list_members(kind: type) -> tuple[tuple[str, bool], ...] | None:
    """The members of a dataclass and whether one is told only where it is set; None for any other type."""
    if not dataclasses.is_dataclass(kind):
        return None
    return tuple((one.name, bool(one.metadata)) for one in dataclasses.fields(kind))


def describe(value: Any) -> Any:
    """Write a plan, or a part of it, as JSON: dataclasses as objects, dates and reals as text."""
    if value is None or type(value) in (str, int, bool):
        return value
    if isinstance(value, tuple | list):
        return [describe(part) for part in value]
    if (members := _list_members(value.__class__)) is not None:
        told: dict[str, Any] = {"is": type(value).__name__}
        for name, is_optional in members:
            member = getattr(value, name)
            if member or not is_optional:
                told[name] = describe(member)
        return told
    if isinstance(value, Mapping):
        return {str(name): describe(part) for name, part in value.items()}
    if isinstance(value, datetime.date | datetime.datetime):
        return value.isoformat()
    if isinstance(value, float):
        return repr(value)
    return value


def compute_digest(plan: Plan) -> str:
    """The digest of a plan: two texts that mean the same tree have the same one."""
    return canonical.compute_digest(describe(plan))


def make_normal(expression: Expression) -> Expression:
    """Order what may be ordered: `b AND a` is `a AND b`. A saving for answers kept, never a defence."""
    if not isinstance(expression, expressions.Call):
        return expression
    parts = [make_normal(part) for part in expression.arguments]
    if expression.name in ("and", "or"):
        flat: list[Expression] = []
        for part in parts:
            if isinstance(part, expressions.Call) and part.name == expression.name:
                flat.extend(part.arguments)
            else:
                flat.append(part)
        unique = {canonical.encode(describe(part)): part for part in flat}
        parts = [unique[text] for text in sorted(unique)]
    elif expression.name in ("=", "<>"):
        parts.sort(key=lambda part: (isinstance(part, Constant), canonical.encode(describe(part))))
    elif expression.name == "in":
        rest = {canonical.encode(describe(part)): part for part in parts[1:]}
        parts = [parts[0], *(rest[text] for text in sorted(rest))]
    return expressions.Call(expression.name, tuple(parts), expression.domain)
