"""Taking one child away never moves what is measured by more than the stated sensitivity, exactly."""

import os
import random
import secrets

import query_cases

from lightwell.engines import reference
from lightwell.query import bound, check

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))


def find_distances(bounded, book, tables, without):
    """The squared distance of each vector of each measure between the tables and those without a child."""
    neighbour = {
        name: [row for row in rows if row.get("child", -1) != without] for name, rows in tables.items()
    }
    one = reference.measure_exactly(bounded, book, tables)
    two = reference.measure_exactly(bounded, book, neighbour)
    found = []
    for number, measure in enumerate(bounded.plan.measures):
        squares = [0] * (len(bound.list_levels(measure.count)) if measure.kind == "bins" else 1)
        zero = [0] * max(measure.count, 1)
        for group in {*one, *two}:
            here = one[group][number] if group in one else zero
            there = two[group][number] if group in two else zero
            if measure.kind == "bins":
                here, there = bound.build_levels(here), bound.build_levels(there)
            else:
                here, there = [here], [there]
            for level, (left, right) in enumerate(zip(here, there, strict=True)):
                squares[level] += sum((a - b) ** 2 for a, b in zip(left, right, strict=True))
        found.append(squares)
    return found


def test_one_child_moves_no_vector_further_than_its_sensitivity():
    book, tightest = query_cases.make_codebook(), {}
    for case in range(60):
        dice = random.Random(SEED + case)
        tables = query_cases.make_tables(SEED + case, children=6)
        text, bounds = query_cases.write_query(SEED + case)
        bounded = bound.bind(check.check_query(text, book, **bounds))
        without = dice.randrange(6)
        for number, squares in enumerate(find_distances(bounded, book, tables, without)):
            kind = bounded.plan.measures[number].kind
            for square in squares:
                told = f"LIGHTWELL_QUERY_SEED={SEED}, case {case}: {text} {bounds}, child {without}, {kind}"
                assert square <= bounded.squares[number], told
                tightest[kind] = max(tightest.get(kind, 0), square / bounded.squares[number])
    # A bound that nothing comes near would hide a fault, and waste what children's data can tell.
    assert tightest["rows"] > 0.9
