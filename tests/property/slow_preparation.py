"""Preparation and the rank path in plain Python, as `query.layout` and `query.path` say them."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import math
from collections import Counter, defaultdict
from fractions import Fraction

from lightwell.engines import reference
from lightwell.query import bound, layout
from lightwell.query import path as paths


def prepare_table(one, rows, salt):
    """The prepared rows of a table: values as they are kept, `unit`, `_rank` and `_first_x`."""
    kept = list(one.kept.values())
    children = defaultdict(list)
    for row in rows:
        child = row[one.table.unit]
        if child is not None:
            settled = [reference.settle(row.get(column.name), column.column.domain) for column in kept]
            children[child].append(
                tuple(layout.encode(column, value) for column, value in zip(kept, settled, strict=True))
            )
    made = []
    for child, own in children.items():
        made += (prepare_weeks if one.partition else prepare_child)(one, kept, child, own, salt)
    return made


def prepare_weeks(one, kept, child, own, salt):
    """One child's rows week by week, each week from its own rows and what the first one settled."""
    place = next(number for number, column in enumerate(kept) if column.name.lower() == one.partition)
    low = one.kept[one.partition].column.domain.low
    weeks = defaultdict(list)
    for codes in own:
        day = low + datetime.timedelta(days=codes[place])
        weeks[day - datetime.timedelta(days=day.weekday())].append(codes)
    made, constants = [], None
    for number, (_, rows) in enumerate(sorted(weeks.items())):
        found = prepare_child(one, kept, child, rows, salt)
        constants = constants or {
            column.name: found[0][column.name] for column in kept if column.column.is_constant
        }
        for row in found:
            row.update(constants, _first=number == 0 and row["_rank"] == 1)
        made += found
    return made


def prepare_child(one, kept, child, own, salt):
    """One child's rows, from nothing but them and the salt."""
    placed = []
    for codes, times in Counter(own).items():
        digest = digest_text(layout.write_row_text(salt, child, codes))
        for equal in range(1, times + 1):
            order = digest if equal == 1 else digest_text(f"{salt},{digest},{equal}")
            placed.append((order, codes))
    placed.sort(key=lambda pair: pair[0])
    least = {
        place: min((codes[place] for codes in own if codes[place] is not None), default=None)
        for place, column in enumerate(kept)
        if column.column.is_constant
    }
    rows, seen = [], {flag: {} for flag in one.flags}
    for rank, (_, codes) in enumerate(placed, 1):
        row = {"unit": child, "_rank": rank}
        for place, column in enumerate(kept):
            row[column.name] = least.get(place, codes[place])
        for flag in one.flags:
            value = row[one.kept[flag].name]
            row[f"_first_{flag}"] = None if value in seen[flag] else len(seen[flag]) + 1
            seen[flag].setdefault(value, len(seen[flag]) + 1)
        row["places"] = {flag: seen[flag][row[one.kept[flag].name]] for flag in one.flags}
        rows.append(row)
    return rows


def digest_text(text):
    return int.from_bytes(hashlib.md5(text.encode()).digest(), "little")


def decode_rows(one, rows):
    """Prepared rows as rows of the table: what they stand for."""
    return [
        {one.table.unit: row["unit"]}
        | {column.name: layout.decode(column, row[column.name]) for column in one.kept.values()}
        for row in rows
    ]


def measure(bounded, book, prepared, tables, known=None):
    """What a plan measures on a path over prepared rows (by table), before noise."""
    known = known or layout.lay_out(book)
    if bounded.path not in bound.RANKED:
        return reference.measure_exactly(bounded, book, decode_all(known, prepared, tables))
    plan, found = bounded.plan, {}
    serving = paths.find_serving(plan, known)
    scanned = serving.scan.table
    for number, one in enumerate(plan.measures):
        rows = prepared[scanned]
        if one.kind != "children":
            rows = [row for row in rows if row["_rank"] <= serving.rows]
        elif serving.flags[number] and paths.limits_groups(plan):
            # Days are few in a week, so all of them are let in where `groups` is 0.
            most = serving.groups or plan.groups
            rows = [row for row in rows if row["places"][serving.flags[number]] <= most]
        # Rows and groups are few enough already, so that the judge weighs nothing.
        alone = dataclasses.replace(plan, measures=(one,), statistics=(), outputs=(), groups=10**6)
        free = dataclasses.replace(bound.bind(alone, bounded.path), is_one_row=True)
        measured = reference.measure_exactly(
            free, book, decode_all(known, prepared | {scanned: rows}, tables)
        )
        for group, (numbers,) in measured.items():
            empty = [[0] * max(other.count, 1) for other in plan.measures]
            found.setdefault(group, empty)[number] = numbers
    return found


def decode_all(known, prepared, tables):
    return {
        name: decode_rows(known[name], prepared[name]) if name in known else rows
        for name, rows in tables.items()
    }


def sum_class_means(one, prepared):
    """What is bought of each number column, as `query.class_means` says it, by name of the column."""
    own = defaultdict(list)
    for row in prepared:
        own[row["unit"]].append(row)
    found = {}
    for kept in one.kept.values():
        if not layout.is_number(kept):
            continue
        low, high = (kept.first, kept.last) if kept.how == "step" else (0, len(kept.values) - 1)
        if low == high:
            continue
        sums, known, squares, own_squares = [0] * 21, [0] * 21, 0, 0
        for rows in own.values():
            place = next((place for place in range(21) if len(rows) <= 2**place), None)
            if place is None:
                continue
            values = [row[kept.name] for row in rows if row[kept.name] is not None]
            units = [math.floor(Fraction(2 * 65536 * (value - low), high - low)) - 65536 for value in values]
            mean = math.floor(Fraction(sum(units), len(rows)))
            sums[place] += mean
            own_squares += math.floor(Fraction(mean**2, 4 * 65536))
            known[place] += math.floor(Fraction(65536 * len(values), len(rows)))
            squares += math.floor(Fraction(sum(unit**2 for unit in units), 4 * 65536 * len(rows)))
        found[kept.name] = [*sums, *(known if kept.column.domain.has_null else []), squares, own_squares]
    return found
