"""What is bought of means by rows per child: engine and plain Python agree, and one child moves it little."""

import copy
import os
import random
import secrets
from fractions import Fraction

import pytest
import query_cases
import slow_preparation
from test_query_engines import NoDice
from test_query_prepared import SALT, prepare_twice

from lightwell.engines import ledger_stores, preparation
from lightwell.query import class_means, codebook, cost, layout

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))


def make_book(**numbers):
    """The codebook of the other tests with other bounds of its numbers."""
    said = copy.deepcopy(query_cases.BOOK)
    for name, bounds in numbers.items():
        said["tables"]["usage"]["columns"][name] |= bounds
    return codebook.parse_codebook(said)


BOOKS = [
    make_book(),
    make_book(minutes={"low": -7.25, "high": 11, "step": 0.5}, messages={"low": -10, "high": 3}),
    make_book(minutes={"nulls": False}, messages={"low": 4, "high": 5, "nulls": False}),
    make_book(minutes={"low": 0, "high": 1e6, "step": 0.001}, messages={"low": 7, "high": 7}),
]


def buy_exactly(engine, table):
    """The vectors of the engine without noise, by column."""
    scales = class_means.list_scales(engine.layouts[table])
    bought = engine.release_class_means(table, {one.name: (1.0, 1) for one in scales})
    return {
        scale.name: [*one.sums, *one.known, one.squares, one.own]
        for scale, one in zip(scales, bought, strict=True)
    }


@pytest.mark.parametrize("number", range(len(BOOKS)))
def test_duckdb_and_plain_python_add_up_the_same_means(tmp_path, number):
    book = BOOKS[number]
    engine, slow = prepare_twice(tmp_path, query_cases.make_tables(SEED + number, children=60), book)
    for name, one in layout.lay_out(book).items():
        exact = slow_preparation.sum_class_means(one, slow[name])
        assert buy_exactly(engine, name) == exact, f"LIGHTWELL_QUERY_SEED={SEED}, {number}, {name}"
        assert exact
        assert all(any(vector) for vector in exact.values())


def test_a_table_of_no_child_gives_nothing_but_zeros(tmp_path):
    tables = {
        name: [{**row, "child": None} for row in rows] if name != "places" else rows
        for name, rows in query_cases.make_tables(1).items()
    }
    engine, _ = prepare_twice(tmp_path, tables, BOOKS[0])
    vectors = buy_exactly(engine, "usage")
    assert set(vectors) == {"minutes", "messages"}
    assert not any(number for vector in vectors.values() for number in vector)


def list_extremes(child, one, dice):
    """Rows of a child that moves what it can: values at an end, many or one, some of them missing."""
    sign = dice.choice([1, -1])
    count = dice.choice([1, 2, 3, 8, 9, 64])
    unknown = dice.choice([0, 0, 1, count])
    none = {"child": child, **dict.fromkeys(query_cases.BOOK["tables"][one]["columns"])}
    known = {**none, "minutes": sign * 1e300, "messages": sign * 10**9}
    return [known if row >= unknown else none for row in range(count)]


def audit(cases, add_up=slow_preparation.sum_class_means):
    """How near to its squared sensitivity one child moves each vector, preparation run again without it."""
    worst = {}
    for case in range(SEED, SEED + cases):
        dice, book = random.Random(case), BOOKS[case % len(BOOKS)]
        tables = query_cases.make_tables(case, children=4)
        tables["usage"] += list_extremes(100, "usage", dice)
        without = dice.choice([100, 100, 0, 1])
        fewer = [row for row in tables["usage"] if row["child"] != without]
        one = layout.lay_out(book)["usage"]
        sides = [
            add_up(one, slow_preparation.prepare_table(one, rows, SALT)) for rows in (tables["usage"], fewer)
        ]
        for scale in class_means.list_scales(one):
            moved = [a - b for a, b in zip(*(side[scale.name] for side in sides), strict=True)]
            ratio = Fraction(sum(number**2 for number in moved), class_means.find_square(scale))
            if ratio > worst.get(scale.has_null, (0,))[0]:
                worst[scale.has_null] = ratio, f"LIGHTWELL_QUERY_SEED={SEED}, {case}, {scale.name}"
    return worst


def test_one_child_moves_no_vector_of_means_further_than_is_said():
    worst = audit(200)
    for ratio, told in worst.values():
        assert ratio <= 1, told
    # A bound that nothing comes near would hide a fault, and waste what children's data can tell.
    assert all(ratio > 0.95 for ratio, _ in worst.values())


def test_the_audit_finds_a_child_that_adds_its_sum_in_the_place_of_its_mean():
    def add_up(one, rows):
        found = slow_preparation.sum_class_means(one, rows)
        counts = {}
        for row in rows:
            counts[row["unit"]] = counts.get(row["unit"], 0) + 1
        most = max(counts.values(), default=1)
        return {name: [number * most for number in vector] for name, vector in found.items()}

    assert max(ratio for ratio, _ in audit(50, add_up).values()) > 1


def test_the_engine_prepared_again_without_a_child_moves_within_the_bound(tmp_path):
    tables = query_cases.make_tables(SEED, children=10)
    tables["usage"] += list_extremes(100, "usage", random.Random(SEED))
    whole, _ = prepare_twice(tmp_path / "whole", tables, BOOKS[0])
    for child in (100, 0, 1, 2):
        fewer = {name: [row for row in rows if row.get("child") != child] for name, rows in tables.items()}
        rest, _ = prepare_twice(tmp_path / f"{child}", fewer, BOOKS[0])
        for scale in class_means.list_scales(whole.layouts["usage"]):
            sides = [buy_exactly(engine, "usage")[scale.name] for engine in (whole, rest)]
            square = sum((a - b) ** 2 for a, b in zip(*sides, strict=True))
            assert square <= class_means.find_square(scale)


class Listening(NoDice):
    """Dice that note what each vector costs, exactly."""

    def __init__(self):
        self.costs = []

    def add_noise(self, values, sigma, square, nano_rho):
        exact = Fraction(square) / (2 * Fraction(sigma) ** 2)
        assert exact * cost.NANO_RHO_PER_RHO <= nano_rho
        self.costs.append((len(values), nano_rho))
        return list(values)


def test_the_parts_of_a_purchase_cost_no_more_than_is_charged_and_columns_share_alike(tmp_path):
    engine, _ = prepare_twice(tmp_path, query_cases.make_tables(SEED, children=5), BOOKS[0])
    engine._dice = Listening()
    ledger = ledger_stores.open_ledger(tmp_path / "ledger.sqlite")
    cap = cost.Cost(10**9, 10**12)
    ledger.open_population("invented-children", cap, by="owner")
    ledger.open_grant("invented-children", "owner", cap, by="owner")
    found = preparation.buy_histograms(engine, ledger, epsilon=0.15, grant="owner")
    spent = ledger.read_balance("invented-children").balance.used.nano_rho
    price = cost.find_rho(0.15, BOOKS[0].delta)
    assert spent == price * len(found)
    assert sum(nano_rho for _, nano_rho in engine._dice.costs) <= spent
    usage = found["usage"]
    assert [one.column for one in usage.means] == ["minutes", "messages"]
    assert {one.nano_rho for one in usage.means} == {price // 4}
    assert usage.nano_rho == price
    # Half of it for how many rows children have, whatever the number of columns.
    assert (len(usage.counts), price // 2) in engine._dice.costs
    # The same again is free, and is what was kept.
    again = preparation.buy_histograms(engine, ledger, epsilon=0.15, grant="owner")
    assert again == found == preparation.read_histograms(engine.folder)
    assert ledger.read_balance("invented-children").balance.used.nano_rho == spent
