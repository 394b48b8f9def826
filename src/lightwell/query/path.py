"""Which path serves a plan over prepared data: from the plan and the layout alone, so that it tells nobody
anything.

    cube      every measure is a sum of cells of a cube
    rank      every measure is a sum over rows, of which each child has few enough by their ranks
    weighted  everything else: as over plain files, in two steps, on the prepared rows

A layout is a function of the codebook (`query.layout`); neither how many rows nor how many cells there are
comes in. Cube and rank give the same whole numbers, because cells are sums of rows; the weighted path bounds
another quantity, so the path is part of the key of every answer. The rank path's proof is in
`query.layout`; here stands what it asks of a plan:

- rows come from one table, filtered and looked up, never joined with another row of a child;
- groups are public, for a threshold needs the number of children in any group;
- children are counted only where the filter, the group keys and the measure's own condition look at constant
  columns and at most one flagged column x, and where for one child no two values of x that are counted lie
  in the same group: then one flagged row for each value of x is one for each group (`_tells_apart`). Of the
  values only the first K count where the groups that differ within a child are more than K.

Where rows are kept by week (`query.layout`), a bound of R rows is spread over the W weeks that the question
can read: R // W rows of each, moved down to a tier, so that files and cubes are cut there. W counts the weeks
of the folder that have a day for which those conditions are true that look at the day alone: no row of
another week passes them. A bound of K groups is spread in the same way where groups are told apart by the
day. Where R or K is less than W, the weighted path serves.
"""

from __future__ import annotations

import dataclasses
import datetime
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from lightwell.query import domain as domains
from lightwell.query import expression as expressions
from lightwell.query import layout as layouts
from lightwell.query import plan as plans
from lightwell.query.bound import Spread
from lightwell.query.domain import Key
from lightwell.query.expression import Call, Constant, Expression, Field
from lightwell.query.layout import Cube, Kept, Layout
from lightwell.query.plan import Measure, Plan, Relation, Scan

WEIGHTED, RANKED, CUBED = "weighted", "rank", "cube"
# How many combinations of values are tried to see that a flag tells groups apart.
_MAX_TRIES = 2000


@dataclass(frozen=True, slots=True)
class Serving:
    """How a plan is served. `scan` and `conditions` are its rows where it reads one table without look-ups.

    For each measure: `cubes`, the cube that has it, or None; `flags`, the flagged column by which children
    are counted, empty where it is a child's first row, or None for other measures. `rows` of a child count in
    each of `weeks`, named by their Mondays, and flagged values up to `groups`, or all of them for 0; where
    rows are not kept by week there is one part and no week.
    """

    path: str
    scan: Scan | None = None
    conditions: tuple[Expression, ...] = ()
    layout: Layout | None = None
    cubes: tuple[Cube | None, ...] = ()
    flags: tuple[str | None, ...] = ()
    rows: int = 0
    weeks: tuple[datetime.date, ...] = ()
    groups: int = 0

    @property
    def parts(self) -> int:
        """In how many parts of the rows a child's rows are counted."""
        return _count_parts(self.weeks)


def limits_groups(plan: Plan) -> bool:
    """Answer whether a child could be in more groups than count."""
    varying = [len(key.values or ()) for key in plan.keys if not key.is_constant]
    return math.prod(varying) > plan.groups


def choose_path(plan: Plan, known: Mapping[str, Layout]) -> str:
    """Name the path of a plan over prepared data."""
    return find_serving(plan, known).path


def find_serving(plan: Plan, known: Mapping[str, Layout]) -> Serving:
    """Find how a plan is served best."""
    scan, conditions, has_lookup = _unwrap(plan.source)
    if scan is None or plan.has_private_keys or any(one.kind == "distinct" for one in plan.measures):
        return Serving(WEIGHTED)
    layout = known[scan.table]
    weeks = _find_weeks(layout, scan, conditions)
    parts = _count_parts(weeks)
    rows = spread_rows(plan.rows, parts)
    if not rows:
        return Serving(WEIGHTED)
    if has_lookup:
        simple = all(one.kind != "children" for one in plan.measures)
        return Serving(RANKED, scan, rows=rows, weeks=weeks) if simple else Serving(WEIGHTED)
    flags: list[str | None] = []
    for measure in plan.measures:
        flag = _find_flag(plan, layout, conditions, measure) if measure.kind == "children" else None
        if measure.kind == "children" and flag is None:
            return Serving(WEIGHTED)
        flags.append(flag)
    groups = 0
    if limits_groups(plan) and any(flags):
        groups = plan.groups // parts
        if not groups:
            return Serving(WEIGHTED)
        if layout.partition and groups >= layouts.DAYS:
            # No week has more days.
            groups = 0
    serving = Serving(RANKED, scan, conditions, layout, (), tuple(flags), rows, weeks, groups)
    cubes = [
        _find_cube(plan, serving, measure, flag) for measure, flag in zip(plan.measures, flags, strict=True)
    ]
    path = CUBED if cubes and None not in cubes else RANKED
    return dataclasses.replace(serving, path=path, cubes=tuple(cubes))


def find_spread(plan: Plan, known: Mapping[str, Layout]) -> Spread | None:
    """How a plan's bounds are spread over weeks; None where its rows are not kept so, or are weighted."""
    serving = find_serving(plan, known)
    if serving.scan is None or not known[serving.scan.table].partition:
        return None
    groups = plan.groups
    if any(serving.flags):
        # Groups differ within a child by the day.
        groups = min((serving.groups or layouts.DAYS) * serving.parts, plan.groups)
    return Spread(serving.rows, serving.parts, groups, serving.groups > 0)


def spread_rows(rows: int, weeks: int) -> int:
    """How many rows of each week count where at most `rows` do in all: a tier, or fewer than the first."""
    each = rows // weeks
    if weeks == 1 or each < layouts.TIERS[0]:
        return each
    return max(tier for tier in layouts.TIERS if tier <= each)


def _count_parts(weeks: Sequence[datetime.date]) -> int:
    return len(weeks) or 1


def _find_weeks(layout: Layout, scan: Scan, conditions: Sequence[Expression]) -> tuple[datetime.date, ...]:
    """The weeks of a folder that a plan can read rows of, or the first where it can of none."""
    if not layout.partition:
        return ()
    days = layout.kept[layout.partition]
    of_day = []
    for part in _list_parts(conditions):
        names = [one.name for one in expressions.list_fields(part)]
        if {name.lower() for name in names} == {f"{scan.name}.{days.name}".lower()}:
            of_day.append((part, names))
    found = tuple(
        monday
        for monday in layout.weeks
        if any(
            all(expressions.evaluate(part, dict.fromkeys(names, day)) is True for part, names in of_day)
            for day in (monday + datetime.timedelta(days=place) for place in range(7))
        )
    )
    return found or layout.weeks[:1]


def _list_parts(conditions: Sequence[Expression]) -> Iterator[Expression]:
    """What must be true, each by itself, where all of the conditions are true."""
    for condition in conditions:
        if isinstance(condition, Call) and condition.name == "and":
            yield from _list_parts(condition.arguments)
        else:
            yield condition


def _unwrap(relation: Relation) -> tuple[Scan | None, tuple[Expression, ...], bool]:
    """The one table that a relation reads, its conditions, and whether public tables are looked up."""
    conditions: list[Expression] = []
    has_lookup = False
    while not isinstance(relation, Scan):
        if isinstance(relation, plans.Filter):
            conditions.append(relation.condition)
        elif isinstance(relation, plans.Lookup):
            has_lookup = True
        else:
            return None, (), False
        relation = relation.source
    return relation, tuple(conditions), has_lookup


def list_columns(*parts: Expression | None) -> list[str]:
    """The columns of the one table that expressions read, by lower-case name."""
    found: dict[str, None] = {}
    for part in parts:
        if part is not None:
            found.update(
                (field.name.partition(".")[2].lower(), None) for field in expressions.list_fields(part)
            )
    return list(found)


# --- counting children ----------------------------------------------------------------------------------


def _find_flag(plan: Plan, layout: Layout, conditions: Sequence[Expression], measure: Measure) -> str | None:
    """The flagged column by which children are counted; empty for first rows, None where none can."""
    keys = [key.expression for key in plan.keys]
    tested = [*conditions, *([] if measure.argument is None else [measure.argument])]
    varying = [name for name in list_columns(*keys, *tested) if name not in layout.constants]
    if not varying:
        return ""
    if len(varying) > 1 or varying[0] not in layout.flags:
        return None
    return varying[0] if _tells_apart(varying[0], layout, keys, tested) else None


def _tells_apart(flag: str, layout: Layout, keys: Sequence[Expression], tested: Sequence[Expression]) -> bool:
    """Answer whether, for one child, values of a flagged column that are counted lie in groups of their own.

    Tried out on every combination of the constant columns that are looked at, which one child has one of.
    """
    if any(isinstance(key, Field) and list_columns(key) == [flag] for key in keys):
        return True
    fields = {
        list_columns(field)[0]: field for part in (*keys, *tested) for field in expressions.list_fields(part)
    }
    constants = [name for name in fields if name != flag]
    own = [*layout.kept[flag].values, None]
    if len(own) * math.prod(layout.kept[name].count_keys() for name in constants) > _MAX_TRIES:
        return False
    for settled in itertools.product(*([*layout.kept[name].values, None] for name in constants)):
        row: dict[str, Key] = {
            fields[name].name: value for name, value in zip(constants, settled, strict=True)
        }
        seen = set()
        for value in own:
            row[fields[flag].name] = value
            if all(expressions.evaluate(one, row) is True for one in tested):
                group = tuple(expressions.evaluate(key, row) for key in keys)
                if group in seen:
                    return False
                seen.add(group)
    return True


# --- cubes ----------------------------------------------------------------------------------------------


def split_argument(argument: Expression | None) -> tuple[Expression | None, Expression | None]:
    """A value, and the condition outside of which it is null: of CASE WHEN condition THEN value END."""
    if isinstance(argument, Call) and argument.name == "case" and len(argument.arguments) == 3:
        condition, value, other = argument.arguments
        if isinstance(other, Constant) and other.value is None and value.domain.kind == argument.domain.kind:
            return value, condition
    return argument, None


def _find_cube(plan: Plan, serving: Serving, measure: Measure, flag: str | None) -> Cube | None:
    layout = serving.layout
    assert layout is not None
    keys = [key.expression for key in plan.keys]
    if flag is None and layouts.count_tiers(serving.rows) is None:
        return None
    if flag and serving.groups and layouts.count_tiers(serving.groups) is None:
        return None
    looked = [*keys, *serving.conditions]
    value, condition = split_argument(measure.argument)
    number = ""
    if flag is None and value is not None and measure.kind in ("rows", "total", "bins"):
        columns = list_columns(value)
        if isinstance(value, Field) and layouts.is_number(layout.kept[columns[0]]):
            number = columns[0]
    needed = set(list_columns(*looked, measure.argument))
    fitting = [cube for cube in layout.cubes if needed <= set(cube.columns)]
    if measure.kind == "children":
        fitting = [cube for cube in fitting if cube.flag == (flag or "") and not cube.bins]
        return _take_smallest(fitting, layout)
    if measure.kind == "bins":
        fitting = [
            cube
            for cube in layout.cubes
            if number
            and cube.bins == number
            and set(list_columns(*looked, condition)) <= set(cube.columns)
            and layouts.find_bins(layout.kept[number]) == (measure.low, measure.high, measure.count)
        ]
        return _take_smallest(fitting, layout)
    plain = [cube for cube in fitting if not cube.flag and not cube.bins]
    if not plain and number and (measure.kind == "rows" or find_affine(measure, layout.kept[number])):
        rest = set(list_columns(*looked, condition))
        plain = [
            cube
            for cube in layout.cubes
            if number in cube.numbers and rest <= set(cube.columns) and not cube.flag and not cube.bins
        ]
    return _take_smallest(plain, layout)


def _take_smallest(cubes: Sequence[Cube], layout: Layout) -> Cube | None:
    sized = [
        (math.prod(layout.kept[name].count_keys() for name in cube.columns), cube.name, cube)
        for cube in cubes
    ]
    return min(sized)[2] if sized else None


def find_affine(measure: Measure, kept: Kept) -> tuple[int, int] | None:
    """Whole numbers (a, b) with which a sum's units of a kept number u are a * u + b, exactly; else None.

    For whole numbers it is arithmetic on fractions. For steps, a is 1 and the center lies on a step up to
    rounding: what `plan.to_units` computes in floating point, at less than 2^33 in magnitude and with three
    roundings, is off by less than 2^-17 from a whole number, and so is what is cut after adding a half.
    """
    if measure.kind != "total" or not layouts.is_number(kept):
        return None
    if kept.how == "step":
        if measure.step != kept.step:
            return None
        offset = measure.center / measure.step
        if abs(offset) >= 2**31 or abs(offset - round(offset)) > 1e-6:
            return None
        return 1, -round(offset)
    factor = 1 / Fraction(measure.step)
    offset_exact = (Fraction(kept.values[0]) - Fraction(measure.center)) * factor
    if factor.denominator != 1 or offset_exact.denominator != 1 or kept.column.domain.kind != domains.INTEGER:
        return None
    return int(factor), int(offset_exact)
