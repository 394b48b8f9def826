"""Prepared data: DuckDB and plain Python agree, and one child moves nothing further than is said."""

import dataclasses
import os
import random
import secrets
from collections import Counter

import duckdb as driver
import pytest
import query_cases
import slow_preparation
from test_query_engines import NoDice, drop_empty, write_files

from lightwell.engines import preparation
from lightwell.engines.prepared import Prepared
from lightwell.query import bound, check, layout
from lightwell.query import path as paths

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))
SALT = "00ff"


def prepare_twice(folder, tables, book, *, rows_per_bucket=300):
    """The tables prepared by DuckDB, as an engine, and by plain Python."""
    folder.mkdir(parents=True, exist_ok=True)
    files = write_files(folder, tables)
    preparation.prepare(files, book, folder / "prepared", rows_per_bucket=rows_per_bucket, salt=SALT)
    known = layout.lay_out(book)
    slow = {name: slow_preparation.prepare_table(one, tables[name], SALT) for name, one in known.items()}
    return Prepared(folder / "prepared", book, NoDice()), slow


def read_prepared(folder, one):
    """Every row of a prepared table as a multiset."""
    pattern = folder / one.table.name / "all" / "*-*" / "[0-9]*.parquet"
    rows = driver.connect().execute(f"SELECT * FROM read_parquet('{pattern}')").fetchall()
    names = [column.name for column in one.kept.values()]
    described = driver.connect().execute(f"DESCRIBE SELECT * FROM read_parquet('{pattern}')").fetchall()
    found = [row[0] for row in described]
    assert found == [
        "unit",
        *(f"column {name}" for name in names),
        "_rank",
        *(f"_first_{flag}" for flag in one.flags),
    ]
    return Counter(rows)


def list_rows(one, slow):
    names = ["unit", *(column.name for column in one.kept.values()), "_rank"]
    names += [f"_first_{flag}" for flag in one.flags]
    return Counter(tuple(row[name] for name in names) for row in slow)


def write_queries(first, count):
    """Random queries, half of them plain ones about one table that cubes and ranks are for."""
    for seed in range(first, first + count):
        text, bounds = query_cases.write_query(seed)
        if random.Random(seed).random() < 0.5:
            text, bounds = write_plain(seed)
        yield seed, text, bounds


def write_plain(seed):
    dice = random.Random(seed)
    if dice.random() < 0.25:
        key = dice.choice(["day", "night", "country, day"])
        text = f"SELECT {key}, COUNT(DISTINCT child) AS n FROM usage GROUP BY {key}"
        return text, {"groups": dice.choice([1, 2, 8])}
    keys = dice.sample(
        ["country", "band", "day", "night", "messages // 10", "UPPER(country)", "DATE_TRUNC('week', day)"],
        dice.randrange(3),
    )
    conditions = ["night", "country IN ('AT', 'DK')", "day >= DATE '2026-01-05'", "band <> '10-12'",
                  "NOT night OR night IS NULL", "messages > 10", "country = 'BE' AND night"]  # fmt: skip
    aggregates = ["COUNT(*)", "COUNT(minutes)", "SUM(messages)", "AVG(minutes)", "AVG(messages)", "MEDIAN(minutes)",
                  "QUANTILE(messages, 0.9)", "COUNT(DISTINCT child)", "AVG(night)", "SUM(minutes)",
                  "COUNT(*) FILTER (WHERE night)", "AVG(minutes) FILTER (WHERE country = 'AT')",
                  "COUNT(DISTINCT child) FILTER (WHERE night)", "VARIANCE(messages)"]  # fmt: skip
    items = [
        f"{one} AS a{place}" for place, one in enumerate(dice.sample(aggregates, dice.choice([1, 1, 2])))
    ]
    text = f"SELECT {', '.join([*keys, *items])} FROM usage"
    if dice.random() < 0.5:
        text += f" WHERE {dice.choice(conditions)}"
    if keys:
        text += f" GROUP BY {', '.join(keys)}"
    bounds = {"rows": dice.choice([1, 3, 8])} if dice.random() < 0.5 else {}
    return text, bounds | ({"groups": dice.choice([1, 2, 8])} if dice.random() < 0.4 else {})


def list_paths(plan, known):
    """Every path by which a plan may be served."""
    best = paths.choose_path(plan, known)
    return {"cube": ["cube", "rank", "weighted"], "rank": ["rank", "weighted"]}.get(best, ["weighted"])


def compare(folder, first, count, met):
    book = query_cases.make_codebook()
    known = layout.lay_out(book)
    tables = query_cases.make_tables(first)
    engine, slow = prepare_twice(folder, tables, book)
    for name, one in known.items():
        assert read_prepared(folder / "prepared", one) == list_rows(one, slow[name]), (first, name)
    for seed, text, bounds in write_queries(first, count):
        plan = check.check_query(text, book, **bounds)
        for path in list_paths(plan, known):
            met[path] += 1
            bounded = bound.bind(plan, path)
            fast = drop_empty(engine._measure(bounded))
            exact = drop_empty(slow_preparation.measure(bounded, book, slow, tables))
            assert fast == exact, f"LIGHTWELL_QUERY_SEED={SEED}, {seed}, {path}: {text} {bounds}"


def test_duckdb_and_plain_python_prepare_and_measure_the_same(tmp_path):
    met = Counter()
    for share in range(3):
        compare(tmp_path / str(share), SEED + 1000 * share, 30, met)
    assert met["cube"] > 5
    assert met["rank"] > 15


@pytest.mark.full
@pytest.mark.parametrize("share", range(10))
def test_many_random_plans_measure_the_same_on_every_path(tmp_path, share):
    compare(tmp_path, SEED + 1000 * share, 100, Counter())


def find_distances(bounded, one, two):
    found = []
    for number, measure in enumerate(bounded.plan.measures):
        squares = [0] * (len(bound.list_levels(measure.count)) if measure.kind == "bins" else 1)
        zero = [0] * max(measure.count, 1)
        for group in {*one, *two}:
            sides = [side[group][number] if group in side else zero for side in (one, two)]
            levels = [bound.build_levels(side) if measure.kind == "bins" else [side] for side in sides]
            for level, (left, right) in enumerate(zip(*levels, strict=True)):
                squares[level] += sum((a - b) ** 2 for a, b in zip(left, right, strict=True))
        found.append(squares)
    return found


def audit(cases, prepare=slow_preparation.prepare_table):
    """How near to its sensitivity one child moves each kind of measure, preparation run again; and where."""
    book, worst = query_cases.make_codebook(), {}
    known = layout.lay_out(book)
    for case in range(SEED, SEED + cases):
        tables = query_cases.make_tables(case, children=6)
        without = random.Random(case).randrange(6)
        fewer = {
            name: [row for row in rows if row.get("child", -1) != without] for name, rows in tables.items()
        }
        prepared = [
            {name: prepare(one, side[name], SALT) for name, one in known.items()} for side in (tables, fewer)
        ]
        _, text, bounds = next(write_queries(case, 1))
        plan = check.check_query(text, book, **bounds)
        for path in list_paths(plan, known):
            bounded = bound.bind(plan, path)
            sides = [
                slow_preparation.measure(bounded, book, rows, side)
                for rows, side in zip(prepared, (tables, fewer), strict=True)
            ]
            for number, squares in enumerate(find_distances(bounded, *sides)):
                kind = (bounded.plan.measures[number].kind, path != "weighted")
                ratio = max(squares) / bounded.squares[number]
                told = f"LIGHTWELL_QUERY_SEED={SEED}, {case}, {path}: {text} {bounds}, child {without}, {kind[0]}"
                worst[kind] = max(worst.get(kind, (0, "")), (ratio, told))
    return worst


def test_one_child_moves_no_vector_further_when_preparation_is_run_again_without_it():
    worst = audit(150)
    for ratio, told in worst.values():
        assert ratio <= 1, told
    # A bound that nothing comes near would hide a fault, and waste what children's data can tell.
    assert worst["rows", True][0] > 0.9
    assert worst["children", True][0] > 0.9


def rank_by_night(one, rows, salt):
    """A fault: ranks begin anew for each value of a column."""
    made, seen = slow_preparation.prepare_table(one, rows, salt), Counter()
    for row in made:
        seen[row["unit"], row.get("night")] += 1
        row["_rank"] = seen[row["unit"], row.get("night")]
    return made


def count_every_row(monkeypatch):
    """A fault of the path: children are counted as rows are."""
    judge = slow_preparation.reference.measure_exactly

    def measure(bounded, *rest):
        measures = tuple(
            dataclasses.replace(one, kind="rows") if one.kind == "children" else one
            for one in bounded.plan.measures
        )
        return judge(
            dataclasses.replace(bounded, plan=dataclasses.replace(bounded.plan, measures=measures)), *rest
        )

    monkeypatch.setattr(slow_preparation.reference, "measure_exactly", measure)


def forget_group_bound(monkeypatch):
    monkeypatch.setattr(paths, "limits_groups", lambda _: False)


@pytest.mark.parametrize(
    "fault", [None, count_every_row, forget_group_bound], ids=["ranks", "flags", "groups"]
)
def test_the_audit_finds_a_fault_in_ranks_flags_and_the_bound_on_groups(monkeypatch, fault):
    if fault:
        fault(monkeypatch)
    worst = audit(150, slow_preparation.prepare_table if fault else rank_by_night)
    assert max(ratio for ratio, _ in worst.values()) > 1


def test_preparing_without_a_child_takes_its_rows_away_and_changes_no_other(tmp_path):
    book = query_cases.make_codebook()
    tables = query_cases.make_tables(SEED, children=20)
    known = layout.lay_out(book)
    whole, _ = prepare_twice(tmp_path / "whole", tables, book, rows_per_bucket=100)
    fewer = {name: [row for row in rows if row.get("child", -1) != 7] for name, rows in tables.items()}
    rest, _ = prepare_twice(tmp_path / "rest", fewer, book, rows_per_bucket=90)
    for one in known.values():
        gone = read_prepared(whole.folder, one) - read_prepared(rest.folder, one)
        assert not read_prepared(rest.folder, one) - read_prepared(whole.folder, one)
        assert all(row[0] == 7 for row in gone)


def test_the_order_of_rows_in_the_file_changes_nothing(tmp_path):
    book = query_cases.make_codebook()
    tables = query_cases.make_tables(SEED, children=12)
    one, _ = prepare_twice(tmp_path / "one", tables, book)
    mixed = {name: random.Random(1).sample(rows, len(rows)) for name, rows in tables.items()}
    two, _ = prepare_twice(tmp_path / "two", mixed, book, rows_per_bucket=50)
    for kept in layout.lay_out(book).values():
        assert read_prepared(one.folder, kept) == read_prepared(two.folder, kept)
