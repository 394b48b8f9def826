"""The same plan gives the same whole numbers before noise on every engine; plain Python is the judge."""

import os
import secrets

import duckdb as driver
import pytest
import query_cases

from lightwell.engines import duckdb, reference
from lightwell.query import bound, check

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))
TYPES = {
    "boolean": "BOOLEAN",
    "integer": "BIGINT",
    "real": "DOUBLE",
    "text": "VARCHAR",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


def write_files(folder, tables):
    """Each table as a Parquet file; the path by the table's name."""
    connection, files = driver.connect(), {}
    for name, rows in tables.items():
        columns = query_cases.BOOK["tables"][name]["columns"]
        types = {column: TYPES[said["type"]] for column, said in columns.items()}
        if name != "places":
            types = {"child": "BIGINT", **types}
        connection.execute(
            f"CREATE TABLE {name} ({', '.join(f'{one} {kind}' for one, kind in types.items())})"
        )
        marks = ", ".join("?" for _ in types)
        connection.executemany(
            f"INSERT INTO {name} VALUES ({marks})", [[row[one] for one in types] for row in rows]
        )
        files[name] = folder / f"{name}.parquet"
        connection.execute(f"COPY {name} TO '{files[name]}' (FORMAT parquet)")
    return files


def drop_empty(groups):
    return {group: numbers for group, numbers in groups.items() if any(any(part) for part in numbers)}


def compare(folder, first, count):
    book, wrong = query_cases.make_codebook(), []
    tables = query_cases.make_tables(first)
    engine = duckdb.DuckDB(write_files(folder, tables), book, NoDice())
    for seed in range(first, first + count):
        text, bounds = query_cases.write_query(seed)
        plan = check.check_query(text, book, **bounds)
        bounded = bound.bind(plan)
        fast = drop_empty(engine._measure(bounded))
        slow = drop_empty(reference.measure_exactly(bounded, book, tables))
        if fast != slow:
            wrong.append(
                (
                    seed,
                    text,
                    bounds,
                    {g: (fast.get(g), slow.get(g)) for g in {*fast, *slow} if fast.get(g) != slow.get(g)},
                )
            )
    return wrong


@pytest.mark.parametrize("share", range(3))
def test_random_plans_measure_the_same_on_duckdb_and_in_plain_python(tmp_path, share):
    wrong = compare(tmp_path, SEED + 1000 * share, 25)
    assert not wrong, f"LIGHTWELL_QUERY_SEED={SEED}: {wrong[0]}"


@pytest.mark.full
@pytest.mark.parametrize("share", range(10))
def test_five_hundred_random_plans_measure_the_same(tmp_path, share):
    wrong = compare(tmp_path, SEED + 1000 * share, 50)
    assert not wrong, f"LIGHTWELL_QUERY_SEED={SEED}: {wrong[0]}"
