"""A child's totals are weighed down exactly, however many rows a join makes of them, and never overflow."""

import duckdb as driver
import neighbours
import pytest

from lightwell.base import errors
from lightwell.engines import dice, duckdb, sql
from lightwell.query import bound, check, codebook


@pytest.mark.parametrize("rows", [9, 1000, 2**31 - 1, 2**33 + 7])
@pytest.mark.parametrize("amount", [0, 1, -1, 777, -(2**31), 2**62, -(2**62)])
@pytest.mark.parametrize("kind", ["BIGINT", "HUGEINT"])
def test_weights_are_exact_and_total(rows, amount, kind):
    text = "SELECT SUM(messages) AS n FROM usage"
    writer = sql._Writer(
        bound.bind(check.check_query(text, neighbours.Stage().codebook)), None, sql.Reading()
    )
    query = f"SELECT {writer.weigh_amount('v')} FROM (SELECT CAST({amount} AS BIGINT) AS v, CAST({rows} AS {kind}) AS all_rows)"
    assert driver.connect().execute(query).fetchall()[0][0] == bound.weigh(amount, writer.plan.rows, rows)


@pytest.mark.parametrize(("total", "kept"), [(2**70, 2**62), (-(2**70), -(2**62)), (5, 5), (None, None)])
def test_a_childs_total_beyond_64_bits_is_moved_to_the_end(total, kept):
    value = "NULL" if total is None else str(total)
    assert (
        driver.connect().execute(f"SELECT {sql._fit(f'CAST({value} AS HUGEINT)')}").fetchall()[0][0] == kept
    )


def test_tables_that_name_children_by_different_types_are_refused(tmp_path):
    attested = {"attested": "an invented source"}
    column = {"x": {"type": "integer", "low": 0, "high": 9, **attested}}
    table = {"unit": "child", "rows_per_child": 8, "columns": column, **attested}
    book = codebook.parse_codebook(
        {
            "codebook": 1,
            "dataset": "invented",
            "population": "invented",
            "budget": {"epsilon": 3, "delta": 1e-6},
            "tables": {"a": table, "b": table},
        }
    )
    connection = driver.connect()
    for name, unit in (("a", "range"), ("b", "CAST(range AS VARCHAR)")):
        connection.execute(
            f"COPY (SELECT {unit} AS child, 1 AS x FROM range(9)) TO '{tmp_path / name}.parquet' (FORMAT parquet)"
        )
    files = {name: tmp_path / f"{name}.parquet" for name in ("a", "b")}
    with pytest.raises(errors.UserMistake, match="store the child alike"):
        duckdb.DuckDB(files, book, dice.OpenDP())
    # The same files are read where nothing is joined across the two types.
    duckdb.DuckDB({**files, "b": files["a"]}, book, dice.OpenDP())
