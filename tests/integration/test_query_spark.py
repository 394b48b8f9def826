"""Spark, a real master and worker, measures the same whole numbers as plain Python and DuckDB before
noise."""

import os
import secrets

import duckdb as driver
import pytest
import query_cases
import spark_cluster
import test_query_engines

from lightwell.base import errors
from lightwell.engines import dice, duckdb, reference, spark
from lightwell.query import bound, check, codebook, cost, noise

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))
REASON = spark_cluster.find_reason()

pytestmark = pytest.mark.skipif(bool(REASON) and not os.environ.get("LIGHTWELL_TESTS_ALL"), reason=REASON)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with spark_cluster.start_cluster(tmp_path_factory.mktemp("spark")) as address:
        yield address


@pytest.fixture(scope="module")
def engine(cluster, tmp_path_factory):
    tables = query_cases.make_tables(SEED)
    files = test_query_engines.write_files(tmp_path_factory.mktemp("tables"), tables)
    settings = {"spark.executor.memory": "512m", "spark.driver.memory": "512m"}
    opened = spark.Spark(files, query_cases.make_codebook(), dice.OpenDP(), master=cluster, settings=settings)
    opened.tables, opened.master = tables, cluster
    yield opened
    opened.close()


def compare(engine, first, count):
    book, wrong = query_cases.make_codebook(), []
    for seed in range(first, first + count):
        text, bounds = query_cases.write_query(seed)
        bounded = bound.bind(check.check_query(text, book, **bounds))
        fast = test_query_engines.drop_empty(engine._measure(bounded))
        slow = test_query_engines.drop_empty(reference.measure_exactly(bounded, book, engine.tables))
        if fast != slow:
            differ = {group: (fast.get(group), slow.get(group)) for group in {*fast, *slow}}
            wrong.append((seed, text, bounds, {k: v for k, v in differ.items() if v[0] != v[1]}))
    return wrong


def test_random_plans_measure_the_same_on_spark(engine):
    wrong = compare(engine, SEED, 12)
    assert not wrong, f"LIGHTWELL_QUERY_SEED={SEED}: {wrong[0]}"


@pytest.mark.full
@pytest.mark.parametrize("share", range(10))
def test_five_hundred_random_plans_measure_the_same_on_spark(engine, share):
    wrong = compare(engine, SEED + 1000 * share, 50)
    assert not wrong, f"LIGHTWELL_QUERY_SEED={SEED}: {wrong[0]}"


def test_an_answer_of_spark_has_noise_and_no_exact_number(engine):
    plan = check.check_query(
        "SELECT country, COUNT(*) AS n FROM usage GROUP BY country", query_cases.make_codebook()
    )
    bounded = bound.bind(plan, engine.choose_path(plan))
    schedule = noise.schedule_noise(bounded, cost.Cost(cost.find_rho(1.0, 1e-7), 0))
    one, two = (engine.release(bounded, schedule) for _ in range(2))
    assert [noisy.group for noisy in one] == plan.list_groups()
    assert [noisy.numbers for noisy in one] != [noisy.numbers for noisy in two]


def test_a_file_that_changed_is_not_measured(engine, tmp_path):
    place = next(place for place in engine._stamps)
    stamp = engine._stamps[place]
    engine._stamps[place] = (0, 0, 0)
    plan = check.check_query("SELECT COUNT(*) FROM usage", query_cases.make_codebook())
    bounded = bound.bind(plan)
    try:
        with pytest.raises(errors.Damaged, match="has changed since"):
            engine.release(bounded, noise.schedule_noise(bounded, cost.Cost(1000, 0)))
    finally:
        engine._stamps[place] = stamp


def test_what_spark_says_of_a_failure_is_not_passed_on(engine, capfd):
    with pytest.raises(errors.Damaged) as caught:
        engine._run("SELECT CAST(tag AS BIGINT) FROM usage")
    assert "tag" not in str(caught.value)
    assert caught.value.__cause__ is None
    # It quotes values, which are a child's.
    assert "tag" not in "".join(capfd.readouterr())
    assert duckdb.find_stamp(next(iter(engine._files.values())))


def open_visits_and_nights(engine, folder, visits, nights):
    """A session over two tables whose children are named by these expressions of a number."""
    table = {
        "unit": "child", "rows_per_child": 4, "attested": "x", "columns": {"late": {"type": "boolean"}}
    }  # fmt: skip
    said = {"codebook": 1, "dataset": "two", "population": "two", "budget": {"epsilon": 1.0, "delta": 1e-6}}
    book = codebook.parse_codebook(said | {"tables": {"visits": table, "nights": table}})
    files = {"visits": folder / "visits.parquet", "nights": folder / "nights.parquet"}
    for name, unit in (("visits", visits), ("nights", nights)):
        driver.execute(
            f"COPY (SELECT {unit} AS child, i % 2 = 0 AS late FROM range(40) AS numbers(i)) "
            f"TO '{files[name]}' (FORMAT parquet)"
        )
    return spark.Spark(files, book, dice.OpenDP(), master=engine.master), book


def test_children_may_be_named_by_whole_numbers_of_64_bits_without_a_sign(engine, tmp_path):
    unit = "CAST(18446744073709551615 - i // 2 AS UBIGINT)"
    opened, book = open_visits_and_nights(engine, tmp_path, unit, unit)
    for text, expected in (
        ("SELECT COUNT(DISTINCT child) AS n FROM visits", 20),
        ("SELECT COUNT(DISTINCT v.child) AS n FROM visits v JOIN nights n ON v.child = n.child", 20),
    ):
        bounded = bound.bind(check.check_query(text, book))
        assert opened._measure(bounded)[()][0][0] == expected * bounded.scales[0]


@pytest.mark.parametrize("nights", ["'x' || i", "'0' || i", "CAST(i AS UBIGINT)"])
def test_a_child_is_stored_alike_in_all_tables(engine, tmp_path, nights):
    """Joined, '01' and '1' would be one child, and 'x1' would end every question about it."""
    with pytest.raises(errors.UserMistake, match="All tables must store the child alike"):
        open_visits_and_nights(engine, tmp_path, "CAST(i AS BIGINT)", nights)
