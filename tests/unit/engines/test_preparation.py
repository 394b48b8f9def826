"""A folder is prepared to the end or answers nothing, wherever it was killed; its salt is its owner's."""

import json
import random
import signal
import subprocess
import sys

import duckdb
import pytest

from lightwell.base import errors
from lightwell.engines import duckdb as engines
from lightwell.engines import preparation, reference
from lightwell.engines.prepared import Prepared
from lightwell.query import bound, check, codebook

BOOK = {
    "codebook": 1,
    "dataset": "nights",
    "population": "nights-children",
    "budget": {"epsilon": 2.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 100,
            "attested": "invented",
            "columns": {
                "country": {"type": "text", "values": ["AT", "BE"], "constant": True, "attested": "invented"},
                "minutes": {"type": "real", "low": 0, "high": 60, "step": 0.5, "attested": "invented"},
                "night": {"type": "boolean"},
            },
        },
        "places": {
            "public": True,
            "key": "country",
            "columns": {"country": {"type": "text"}, "size": {"type": "integer"}},
        },
    },
}
RUN = """
import json, sys
from pathlib import Path
from lightwell.engines import duckdb as engines
from lightwell.engines import preparation, reference
from lightwell.query import codebook
folder = Path(sys.argv[1])
book = codebook.parse_codebook(json.loads((folder / "book.json").read_text()))
files = {"usage": folder / "usage.parquet", "places": folder / "places.parquet"}
preparation.prepare(files, book, folder / "killed", rows_per_bucket=900, salt="aa", threads=1,
                    report=lambda step: (print(step, flush=True), sys.stdin.readline()))
"""


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


@pytest.fixture
def stage(tmp_path):
    connection = duckdb.connect()
    connection.execute("SELECT setseed(0.5)")
    connection.execute(
        f"""COPY (SELECT i // 7 AS child, CASE WHEN i % 14 < 7 THEN 'AT' ELSE 'BE' END AS country,
        random() * 60 AS minutes, i % 3 = 0 AS night FROM range(5000) AS numbers(i))
        TO '{tmp_path}/usage.parquet' (FORMAT parquet)"""
    )
    places = "SELECT 'AT' AS country, CAST(9 AS BIGINT) AS size"
    connection.execute(f"COPY ({places}) TO '{tmp_path}/places.parquet' (FORMAT parquet)")
    (tmp_path / "book.json").write_text(json.dumps(BOOK))
    return tmp_path


def prepare(stage, name="prepared", book=None, **more):
    files = {one: stage / f"{one}.parquet" for one in ("usage", "places")}
    book = codebook.parse_codebook(book or BOOK)
    return preparation.prepare(files, book, stage / name, **{"salt": "aa", **more})


def open_folder(stage, name="prepared", book=None):
    return Prepared(stage / name, codebook.parse_codebook(book or BOOK), NoDice())


def measure(engine, text):
    plan = check.check_query(text, engine.codebook)
    return engine._measure(bound.bind(plan, engine.choose_path(plan)))


def read_all(folder):
    found = duckdb.connect().execute(
        f"SELECT * FROM read_parquet('{folder}/usage/all/*-*/[0-9]*.parquet') ORDER BY unit, _rank"
    )
    return found.fetchall()


def test_killed_at_any_step_the_same_command_goes_on_and_the_rows_are_the_same(stage):
    prepare(stage, rows_per_bucket=900)
    dice, kills = random.Random(), 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(stage)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        patience = dice.randrange(1, 12)
        for step, _ in enumerate(process.stdout):
            process.stdin.write("\n")
            process.stdin.flush()
            if step == patience and kills < 8:
                # In the middle of whatever follows the step that was told.
                process.send_signal(signal.SIGKILL)
                break
        process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL
        kills += 1
        with pytest.raises(errors.UserMistake, match="not prepared to the end"):
            open_folder(stage, "killed")
    assert kills
    assert read_all(stage / "killed") == read_all(stage / "prepared")
    for text in (
        "SELECT country, COUNT(*), AVG(minutes) FROM usage GROUP BY country",
        "SELECT MEDIAN(minutes) FROM usage",
    ):
        assert measure(open_folder(stage, "killed"), text) == measure(open_folder(stage), text)
    assert not (stage / "killed" / "work").exists()


def test_a_folder_with_something_else_in_it_is_left_alone(stage):
    (stage / "prepared").mkdir()
    (stage / "prepared" / "letter.txt").write_text("dear Ann")
    with pytest.raises(errors.UserMistake, match="not empty"):
        prepare(stage)
    assert [one.name for one in (stage / "prepared").iterdir()] == ["letter.txt"]


def test_a_finished_folder_is_not_prepared_again(stage):
    prepare(stage)
    with pytest.raises(errors.UserMistake, match="already"):
        prepare(stage)


def test_a_begun_folder_goes_on_with_the_same_data_and_bounds_only(stage, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(preparation._Ranking, "rank", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            prepare(stage)
    other = json.loads(json.dumps(BOOK))
    other["tables"]["usage"]["columns"]["minutes"]["high"] = 90
    with pytest.raises(errors.UserMistake, match="begun with other"):
        prepare(stage, book=other)
    duckdb.connect().execute(
        f"COPY (SELECT * FROM '{stage}/usage.parquet' LIMIT 50) TO '{stage}/usage.parquet.new' (FORMAT parquet)"
    )
    (stage / "usage.parquet.new").rename(stage / "usage.parquet")
    with pytest.raises(errors.UserMistake, match="begun with other"):
        prepare(stage)


def test_other_bounds_than_those_it_was_prepared_by_are_refused_and_another_row_bound_is_not(stage):
    prepare(stage)
    other = json.loads(json.dumps(BOOK))
    other["tables"]["usage"]["rows_per_child"] = 3
    open_folder(stage, book=other)
    other["tables"]["usage"]["columns"]["minutes"]["high"] = 90
    with pytest.raises(errors.UserMistake, match="another codebook"):
        open_folder(stage, book=other)


@pytest.mark.parametrize("change", ["cut", "gone", "manifest"])
def test_a_changed_folder_answers_nothing(stage, change):
    prepare(stage)
    file = next((stage / "prepared").rglob("1-8/000.parquet"))
    if change == "cut":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    elif change == "gone":
        file.unlink()
    else:
        (stage / "prepared" / "manifest.json").write_text("{}")
    with pytest.raises(errors.Damaged, match="prepare the data set again"):
        open_folder(stage)


def test_the_salt_is_drawn_and_for_its_owner_alone(stage):
    prepare(stage, salt=None)
    prepare(stage, "other", salt=None)
    salts = [(stage / name / "salt") for name in ("prepared", "other")]
    assert all(salt.stat().st_mode & 0o777 == 0o600 for salt in salts)
    assert len({salt.read_text() for salt in salts}) == 2
    assert read_all(stage / "prepared") != read_all(stage / "other")
    assert salts[0].read_text() not in (stage / "prepared" / "manifest.json").read_text()


def test_what_is_explained_names_no_file_and_no_number_of_rows(stage):
    prepare(stage)
    engine = open_folder(stage)
    plan = check.check_query(
        "SELECT country, COUNT(*) FROM usage WHERE night GROUP BY country", engine.codebook, rows=64
    )
    for path in ("cube", "rank", "weighted"):
        (text,) = engine.write_statements(bound.bind(plan, path))
        assert "parquet" not in text
        assert "5000" not in text


@pytest.mark.parametrize("children", [0, 1, 2])
def test_files_of_few_children_and_buckets_of_none_are_prepared(stage, children):
    few = f"SELECT * FROM '{stage}/usage.parquet' WHERE child < {children}"
    duckdb.connect().execute(f"COPY ({few}) TO '{stage}/few.parquet' (FORMAT parquet)")
    (stage / "few.parquet").rename(stage / "usage.parquet")
    prepare(stage, rows_per_bucket=1)
    assert len(read_all(stage / "prepared")) == 7 * children
    counted = measure(open_folder(stage), "SELECT COUNT(*) FROM usage")
    assert counted.get((), [[0]]) == [[7 * children]]


@pytest.mark.parametrize("unit", ["9223372036854775808 + i // 7", "18446744073709551615 - i // 7", "i // 7"])
def test_children_may_be_named_by_whole_numbers_of_64_bits_without_a_sign(stage, unit):
    """Such as hashes are; read as real numbers, neighbours among them would be one child."""
    duckdb.connect().execute(
        f"""COPY (SELECT CAST({unit} AS UBIGINT) AS child, 'AT' AS country, 3.5 AS minutes, true AS night
        FROM range(700) AS numbers(i)) TO '{stage}/usage.parquet' (FORMAT parquet)"""
    )
    prepare(stage)
    book = codebook.parse_codebook(BOOK)
    files = {one: stage / f"{one}.parquet" for one in ("usage", "places")}
    plain = engines.DuckDB(files, book, NoDice())
    usage = duckdb.connect().execute(f"SELECT * FROM '{files['usage']}'")
    names = [column[0] for column in usage.description]
    rows = {"usage": [dict(zip(names, row, strict=True)) for row in usage.fetchall()], "places": []}
    per_child = "(SELECT child, COUNT(*) AS m, BOOL_OR(night) AS late FROM usage GROUP BY child)"
    for text, expected in (
        ("SELECT COUNT(DISTINCT child) AS n FROM usage", 100),
        (f"SELECT COUNT(*) AS n FROM {per_child} c WHERE m = 7", 100),
        (f"SELECT COUNT(*) AS n FROM usage a JOIN {per_child} b ON a.child = b.child", 700),
    ):
        bounded = bound.bind(check.check_query(text, book))
        judged = reference.measure_exactly(bounded, book, rows)[()][0][0]
        assert judged == plain._measure(bounded)[()][0][0] == expected * bounded.scales[0]
        (numbers,) = measure(open_folder(stage), text).values()
        assert numbers[0][0] in (expected, judged)
