"""Dummy data: made of the codebook alone, labelled, the same for a seed, and any query runs on them."""

import datetime

import duckdb
import pytest
import query_cases

from lightwell.base import errors
from lightwell.engines import dice, dummies
from lightwell.engines import duckdb as engines
from lightwell.query import codebook
from lightwell.query.session import Session

ROWS = 3000


def read(place):
    return duckdb.connect().execute(f"SELECT * FROM '{place}' ORDER BY ALL").fetchall()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    book = query_cases.make_codebook()
    return book, dummies.write_dummies(book, tmp_path_factory.mktemp("dummy"), rows=ROWS, seed=7)


def test_every_value_lies_in_its_domain_and_every_kind_of_it_occurs(written) -> None:
    book, files = written
    for name, table in book.tables.items():
        frame = duckdb.connect().execute(f"SELECT * FROM '{files[name]}'")
        names = [each[0].lower() for each in frame.description]
        rows = frame.fetchall()
        assert names == [each for each in (table.unit, *table.columns) if each]
        for column in table.columns.values():
            of = column.domain
            values = [row[names.index(column.name.lower())] for row in rows]
            known = [value for value in values if value is not None]
            assert known
            assert of.has_null or len(known) == len(values)
            if of.values is not None:
                assert set(known) <= set(of.values)
            if of.is_bounded:
                assert of.low <= min(known)
                assert max(known) <= of.high
    usage = duckdb.connect().execute(f"SELECT DISTINCT night FROM '{files['usage']}'").fetchall()
    assert {value for (value,) in usage} == {True, False, None}


def test_tables_share_children_and_constants_are_constant(written) -> None:
    _, files = written
    ask = duckdb.connect().execute
    children = ask(f"SELECT COUNT(DISTINCT child), COUNT(*), MAX(child) FROM '{files['survey']}'").fetchone()
    assert children[0] == children[1] == children[2]
    strangers = (
        f"SELECT COUNT(*) FROM '{files['usage']}' WHERE child NOT IN (SELECT child FROM '{files['survey']}')"
    )
    assert ask(strangers).fetchone() == (0,)
    grouped = f"SELECT child FROM '{files['usage']}' GROUP BY child"
    varying = f"SELECT COUNT(*) FROM ({grouped} HAVING COUNT(DISTINCT country) > 1)"
    assert ask(varying).fetchone() == (0,)
    # Some children have more rows than count, so that a question shows what a bound does.
    above = f"SELECT COUNT(*) FROM ({grouped} HAVING COUNT(*) > 8)"
    assert ask(above).fetchone()[0] > 0
    assert ask(f"SELECT COUNT(*) FROM '{files['usage']}'").fetchone() == (ROWS,)
    # A public table has the keys that the children's column can have, so that a join meets them.
    assert {row[0] for row in read(files["places"])} == {"AT", "BE", "CY", "DK"}


def test_the_same_seed_gives_the_same_rows_and_another_others(written, tmp_path) -> None:
    book, files = written
    (tmp_path / "same").mkdir()
    (tmp_path / "other").mkdir()
    same = dummies.write_dummies(book, tmp_path / "same", rows=ROWS, seed=7)
    other = dummies.write_dummies(book, tmp_path / "other", rows=ROWS, seed=8)
    assert read(same["usage"]) == read(files["usage"])
    assert read(other["usage"]) != read(files["usage"])


def test_any_query_that_runs_on_the_data_runs_on_dummy_data(written) -> None:
    book, files = written
    session = Session(engines.DuckDB(files, book, dice.OpenDP()), book, dummies.open_unmetered())
    for seed in range(40):
        text, bounds = query_cases.write_query(seed)
        assert session.sql(text, epsilon=1.0, **bounds).rows is not None


def test_a_file_is_labelled_in_its_metadata_and_nothing_else_is(written, tmp_path) -> None:
    _, files = written
    assert all(dummies.is_dummy(place) for place in files.values())
    duckdb.connect().execute(f"COPY (SELECT * FROM '{files['usage']}') TO '{tmp_path}/copy.parquet'")
    (tmp_path / "text.parquet").write_text("lightwell_dummy")
    duckdb.connect().execute(
        f"COPY (SELECT 1 AS lightwell_dummy) TO '{tmp_path}/other.parquet' "
        "(FORMAT parquet, KV_METADATA {a: 'lightwell_dummy'})"
    )
    for name in ("copy.parquet", "text.parquet", "other.parquet", "nowhere.parquet"):
        assert not dummies.is_dummy(tmp_path / name), name


def make_book(**column):
    return codebook.parse_codebook(
        {
            "codebook": 1, "dataset": "one", "population": "one", "budget": {"epsilon": 1.0, "delta": 1e-6},
            "tables": {
                "one": {"unit": "child", "rows_per_child": 3, "attested": "x", "columns": {"it": column}}
            },
        }
    )  # fmt: skip


@pytest.mark.parametrize(
    "column",
    [
        {"type": "integer"},
        {"type": "integer", "low": -5, "high": -5, "attested": "x"},
        {"type": "integer", "low": 1 - 2**53, "high": 2**53 - 1, "attested": "x"},
        {"type": "real"},
        {"type": "real", "low": -1.5, "high": 1e12, "step": 1000.0, "attested": "x"},
        {"type": "text"},
        {"type": "text", "values": ["it's", "a\\b", "ключ", ""], "attested": "x"},
        {"type": "date"},
        {"type": "date", "values": [datetime.date(1900, 2, 28)], "attested": "x"},
        {"type": "timestamp"},
        {"type": "boolean"},
    ],
    ids=str,
)
def test_a_column_of_any_domain_can_be_invented(tmp_path, column) -> None:
    book = make_book(**column)
    (place,) = dummies.write_dummy(book, tmp_path / "one.parquet", rows=200, seed=-3).values()
    assert place == tmp_path / "one.parquet"
    assert [path.name for path in tmp_path.iterdir()] == ["one.parquet"]
    assert len({row[1] for row in read(place)}) > (1 if column.get("low") != -5 else 0)
    # The engine takes it for a file of this codebook.
    engines.DuckDB({"one": place}, book, dice.OpenDP())


def test_no_file_of_data_is_ever_replaced(tmp_path) -> None:
    book = make_book(type="boolean")
    real = tmp_path / "one.parquet"
    duckdb.connect().execute(f"COPY (SELECT 1 AS child, true AS it) TO '{real}' (FORMAT parquet)")
    before = real.read_bytes()
    with pytest.raises(errors.UserMistake, match="is no dummy data, so it is not replaced"):
        dummies.write_dummy(book, real, rows=10, seed=0)
    with pytest.raises(errors.UserMistake, match="is no dummy data, so it is not replaced"):
        dummies.write_dummies(book, tmp_path, rows=10, seed=0)
    assert real.read_bytes() == before
    real.unlink()
    first = dummies.write_dummy(book, real, rows=10, seed=0)
    assert dummies.write_dummy(book, real, rows=20, seed=0) == first
    assert len(read(real)) == 20


@pytest.mark.parametrize(
    ("name", "rows", "sentence"),
    [
        ("one.csv", 10, "no place to say that it is invented"),
        ("nowhere/one.parquet", 10, "no such folder"),
        ("one.parquet", 0, "ask for 1 to"),
        ("one.parquet", 10**9, "ask for 1 to"),
    ],
)
def test_what_cannot_be_written_is_a_sentence(tmp_path, name, rows, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        dummies.write_dummy(make_book(type="boolean"), tmp_path / name, rows=rows, seed=0)
    assert not list(tmp_path.iterdir())
