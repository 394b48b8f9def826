"""The slow engine that says what a plan means: plain Python over rows, one step after another.

It judges the fast ones: the same plan on the same rows gives the same whole numbers before noise. Nothing
here is clever, and no row is skipped because it cannot matter.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lightwell.query import bound, plan
from lightwell.query import domain as domains
from lightwell.query.bound import Bounded
from lightwell.query.codebook import Codebook
from lightwell.query.domain import Domain, Key
from lightwell.query.expression import Expression, evaluate
from lightwell.query.plan import ChildAggregate, Measure, Relation

Row = dict[str, Key]
_UNIT = "unit"


def measure_exactly(
    bounded: Bounded, codebook: Codebook, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[tuple[Key, ...], list[list[int]]]:
    """What a plan measures before noise: for each group that rows are in, the whole numbers of each measure.

    `tables` are the rows of each table by the lower-case name of the table, values as Python's own.
    """
    the_plan = bounded.plan
    per_child: dict[Key, list[tuple[tuple[Key, ...], Row]]] = defaultdict(list)
    for row in _read(the_plan.source, codebook, tables):
        group = tuple(evaluate(key.expression, row) for key in the_plan.keys)
        if all(
            key.is_constant or _allows(key, value) for key, value in zip(the_plan.keys, group, strict=True)
        ):
            per_child[row[_UNIT]].append((group, row))
    for child, own in list(per_child.items()):
        kept = [(_settle_constants(group, own, the_plan), row) for group, row in own]
        kept = [
            (group, row)
            for group, row in kept
            if all(_allows(key, value) for key, value in zip(the_plan.keys, group, strict=True))
        ]
        if the_plan.has_private_keys:
            first = sorted(
                {group for group, _ in kept}, key=lambda group: bound.rank_pair(child, group, None)
            )
            allowed = set(first[: the_plan.groups])
            kept = [(group, row) for group, row in kept if group in allowed]
        per_child[child] = kept
    groups: dict[tuple[Key, ...], list[list[int]]] = {}
    for number, measure in enumerate(the_plan.measures):
        size = measure.count if measure.kind == "bins" else 1
        for child, own in per_child.items():
            for group, amounts in _contribute(measure, number, own, bounded, child).items():
                numbers = groups.setdefault(group, [])
                while len(numbers) < len(the_plan.measures):
                    of = the_plan.measures[len(numbers)]
                    numbers.append([0] * (of.count if of.kind == "bins" else 1))
                for place in range(size):
                    numbers[number][place] += amounts[place]
    if any(measure.kind == "distinct" for measure in the_plan.measures):
        _count_distinct(groups, per_child, bounded)
    return groups


def _allows(key: plan.GroupKey, value: Key) -> bool:
    return key.values is None or value in key.values


def _settle_constants(
    group: tuple[Key, ...], own: list[tuple[tuple[Key, ...], Row]], the_plan: plan.Plan
) -> tuple[Key, ...]:
    """A key that is constant in the child is the least of its values among the child's own rows."""
    settled = list(group)
    for place, key in enumerate(the_plan.keys):
        if key.is_constant:
            known: list[Any] = [other[place] for other, _ in own if other[place] is not None]
            settled[place] = min(known) if known else None
    return tuple(settled)


def _contribute(
    measure: Measure, number: int, own: list[tuple[tuple[Key, ...], Row]], bounded: Bounded, child: Key
) -> dict[tuple[Key, ...], list[int]]:
    """What one child adds to each of its groups: its rows in full, or weighted down to the bound."""
    size = measure.count if measure.kind == "bins" else 1
    sums: dict[tuple[Key, ...], list[int]] = defaultdict(lambda: [0] * size)
    for group, row in own:
        value = True if measure.argument is None else evaluate(measure.argument, row)
        if measure.kind == "rows":
            sums[group][0] += value is not None
        elif measure.kind == "total":
            sums[group][0] += 0 if value is None else plan.to_units(measure, float(value))
        elif measure.kind == "squares":
            sums[group][0] += 0 if value is None else plan.to_square_units(measure, float(value))
        elif measure.kind == "bins" and value is not None:
            sums[group][plan.to_bin(measure, float(value))] += 1
        elif measure.kind == "children" and value is True:
            sums[group][0] = 1
    if measure.kind == "children":
        counted = {group for group, amounts in sums.items() if amounts[0]}
        weight = bounded.weigh_group(len(counted))
        return {group: [weight] for group in counted}
    scale = bounded.scales[number]
    rows, most = len(own), bounded.plan.rows
    if rows <= most or bounded.is_one_row:
        return {group: [amount * scale for amount in amounts] for group, amounts in sums.items()}
    return {
        group: [bound.weigh(amount * scale, most, rows) for amount in amounts]
        for group, amounts in sums.items()
    }


def _count_distinct(
    groups: dict[tuple[Key, ...], list[list[int]]],
    per_child: Mapping[Key, list[tuple[tuple[Key, ...], Row]]],
    bounded: Bounded,
) -> None:
    measures = bounded.plan.measures
    for number, measure in enumerate(measures):
        if measure.kind != "distinct" or measure.argument is None:
            continue
        kept: set[tuple[tuple[Key, ...], Key]] = set()
        for child, own in per_child.items():
            pairs = {(group, evaluate(measure.argument, row)) for group, row in own}
            known = [pair for pair in pairs if pair[1] is not None]
            known.sort(key=lambda pair: bound.rank_pair(child, pair[0], pair[1]))
            kept.update(known[: bounded.plan.rows])
        for group, _ in kept:
            numbers = groups.setdefault(group, [[0] * max(of.count, 1) for of in measures])
            numbers[number][0] += 1


# --- relations ------------------------------------------------------------------------------------------


def _read(
    relation: Relation, codebook: Codebook, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterable[Row]:
    if isinstance(relation, plan.Scan):
        table = codebook.tables[relation.table]
        for raw in tables[relation.table]:
            row: Row = {
                f"{relation.name}.{column.name}": settle(raw.get(column.name), column.domain)
                for column in table.columns.values()
            }
            row[_UNIT] = raw[table.unit]
            if row[_UNIT] is not None:
                yield row
    elif isinstance(relation, plan.Filter):
        for row in _read(relation.source, codebook, tables):
            if evaluate(relation.condition, row) is True:
                yield row
    elif isinstance(relation, plan.Lookup):
        yield from _look_up(relation, codebook, tables)
    elif isinstance(relation, plan.Meeting):
        yield from _meet(relation, codebook, tables)
    else:
        yield from _gather(relation, codebook, tables)


def _look_up(
    relation: plan.Lookup, codebook: Codebook, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterable[Row]:
    table = codebook.tables[relation.table]
    known: dict[Key, Row] = {}
    for raw in tables[relation.table]:
        found = {
            f"{relation.name}.{column.name}": settle(raw.get(column.name), column.domain)
            for column in table.columns.values()
        }
        key = found[f"{relation.name}.{table.columns[table.key.lower()].name}"]
        if key is not None:
            # Of a doubled key, in each column the least there is.
            known[key] = {
                name: _find_least(value, found[name]) for name, value in known.get(key, found).items()
            }
    empty: Row = {f"{relation.name}.{column.name}": None for column in table.columns.values()}
    for row in _read(relation.source, codebook, tables):
        met = known.get(evaluate(relation.on, row))
        if met is not None or relation.keeps_all:
            yield row | (met or empty)


def _find_least(*values: Any) -> Key:
    known: list[Key] = [value for value in values if value is not None]
    return min(known) if known else None


def _meet(
    relation: plan.Meeting, codebook: Codebook, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterable[Row]:
    others: dict[Key, list[Row]] = defaultdict(list)
    names: set[str] = set()
    for other in _read(relation.other, codebook, tables):
        others[other[_UNIT]].append(other)
        names |= set(other)
    for row in _read(relation.source, codebook, tables):
        met = others.get(row[_UNIT], [])
        for other in met:
            yield {**other, **row, relation.mark: True}
        if not met and relation.keeps_all:
            yield {**_Nothing(dict.fromkeys(names)), **row, relation.mark: None}


class _Nothing(dict[str, Key]):
    """A row that met none: null in every column."""

    def __missing__(self, name: str) -> Key:
        return None


def _gather(
    relation: plan.PerChild, codebook: Codebook, tables: Mapping[str, Sequence[Mapping[str, Any]]]
) -> Iterable[Row]:
    gathered: dict[tuple[Key, ...], list[Row]] = defaultdict(list)
    for row in _read(relation.source, codebook, tables):
        keys = tuple(evaluate(expression, row) for _, expression in relation.keys)
        gathered[row[_UNIT], *keys].append(row)
    for (unit, *parts), rows in gathered.items():
        made: Row = {_UNIT: unit}
        for (name, _), value in zip(relation.keys, parts, strict=True):
            made[name] = value
        for name, aggregate in relation.aggregates:
            made[name] = _aggregate(aggregate, rows)
        yield made


def _aggregate(aggregate: ChildAggregate, rows: Sequence[Row]) -> Key:
    kind, argument = aggregate.kind, aggregate.argument
    if kind == "rows" or argument is None:
        return _clamp(len(rows), aggregate.bounds)
    values: list[Any] = [value for value in (evaluate(argument, row) for row in rows) if value is not None]
    if kind == "known":
        return _clamp(len(values), aggregate.bounds)
    if kind == "distinct":
        return _clamp(len(set(values)), aggregate.bounds)
    if not values:
        return None
    if kind in ("min", "max"):
        return min(values) if kind == "min" else max(values)
    if kind in ("any", "all"):
        return any(values) if kind == "any" else all(values)
    if (
        aggregate.argument is not None
        and aggregate.argument.domain.kind == domains.INTEGER
        and aggregate.step == 1.0
    ):
        total: int | float = sum(values)
    else:
        inverse = 1.0 / aggregate.step
        total = float(sum(math.floor(value * inverse + 0.5) for value in values)) * aggregate.step
    return _clamp(float(total) / float(len(values)) if kind == "mean" else total, aggregate.bounds)


def _clamp(value: Any, bounds: Domain) -> Key:
    low, high = bounds.low, bounds.high
    return low if value < low else high if value > high else value


def settle(value: Any, of: Domain) -> Key:
    """A raw value as its column's domain allows it: numbers at the nearest end, what is not listed as
    null."""
    if value is None:
        return None
    if of.kind == domains.REAL:
        value = float(value)
        if not math.isfinite(value):
            return None
    if of.kind == domains.INTEGER:
        # Files often keep whole numbers as doubles. What is too large to be exact in one is left out.
        if not math.isfinite(value) or value != math.floor(value) or abs(value) > domains.LARGEST:
            return None
        value = int(value)
    if of.values is not None and value not in of.values:
        return None
    if of.is_bounded:
        return _clamp(value, of)
    return value


def evaluate_all(expression: Expression, rows: Iterable[Row]) -> list[Key]:
    """What an expression means for each row."""
    return [evaluate(expression, row) for row in rows]
