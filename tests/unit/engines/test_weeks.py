"""Weeks are added whole or not at all, wherever it was killed; meanwhile the folder answers as before."""

import dataclasses
import datetime
import json
import pickle
import random
import signal
import subprocess
import sys

import duckdb
import pytest

from lightwell.base import errors
from lightwell.engines import dice, ledger_stores, preparation, prepared
from lightwell.engines.prepared import Prepared
from lightwell.query import bound, check, codebook, cost

ATTESTED = {"attested": "invented"}
BOOK = {
    "codebook": 1,
    "dataset": "nights",
    "population": "nights-children",
    "budget": {"epsilon": 2.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 64,
            "partition": "day",
            **ATTESTED,
            "columns": {
                "country": {"type": "text", "values": ["AT", "BE"], "constant": True, **ATTESTED},
                "day": {"type": "date", "low": "2026-01-01", "high": "2026-12-31", **ATTESTED},
                "minutes": {"type": "real", "low": 0, "high": 60, "step": 0.5, **ATTESTED},
            },
        },
        "places": {"public": True, "key": "country", "columns": {"country": {"type": "text"}}},
    },
}
FIRST, SECOND = datetime.date(2026, 1, 11), datetime.date(2026, 1, 18)
RUN = """
import datetime, pickle, sys
from pathlib import Path
from lightwell.engines import preparation
folder = Path(sys.argv[1])
book = pickle.loads((folder / "book").read_bytes())
preparation.add_weeks({"usage": folder / "second.parquet"}, book, folder / "killed", datetime.date(2026, 1, 18),
                      rows_per_bucket=900, threads=1,
                      report=lambda step: (print(step, flush=True), sys.stdin.readline()))
"""


class NoDice:
    def add_noise(self, values, sigma, square, nano_rho):
        return list(values)


def make_book(**usage):
    day = {"type": "date", "low": datetime.date(2026, 1, 1), "high": datetime.date(2026, 12, 31), **ATTESTED}
    table = BOOK["tables"]["usage"] | {"columns": BOOK["tables"]["usage"]["columns"] | {"day": day}} | usage
    return codebook.parse_codebook(BOOK | {"tables": BOOK["tables"] | {"usage": table}})


def write(place, days, rows=3000):
    day = (
        f"DATE '2026-01-01' + CAST(i % {days[1] - days[0]} + {days[0]} AS INTEGER)" if days else "NULL::DATE"
    )
    duckdb.connect().execute(
        f"""COPY (SELECT i // 7 AS child, CASE WHEN i % 14 < 7 THEN 'AT' ELSE 'BE' END AS country, {day} AS day,
        i % 60 + 0.5 AS minutes FROM range({rows}) AS numbers(i)) TO '{place}' (FORMAT parquet)"""
    )


@pytest.fixture
def stage(tmp_path):
    write(tmp_path / "first.parquet", (0, 11))
    write(tmp_path / "second.parquet", (11, 18), rows=5000)
    write(tmp_path / "without.parquet", None, rows=10)
    duckdb.connect().execute(f"COPY (SELECT 'AT' AS country) TO '{tmp_path}/places.parquet' (FORMAT parquet)")
    return tmp_path


def prepare(stage, name="prepared", through=FIRST, **files):
    files = {
        one: stage / f"{file}.parquet"
        for one, file in ({"usage": "first", "places": "places"} | files).items()
    }
    return preparation.prepare(
        files, make_book(), stage / name, through=through, salt="aa", rows_per_bucket=900
    )


def add(stage, name="prepared", through=SECOND, usage="second"):
    files = {"usage": stage / f"{usage}.parquet"}
    return preparation.add_weeks(files, make_book(), stage / name, through, rows_per_bucket=900)


def count(stage, name="prepared"):
    engine = Prepared(stage / name, make_book(), NoDice())
    plan = check.check_query("SELECT COUNT(*) AS n FROM usage", engine.codebook)
    spread = engine.find_spread(plan)
    assert spread.weeks == len(engine.layouts["usage"].weeks)
    return engine._measure(bound.bind(plan, engine.choose_path(plan), spread))[()][0][0]


def test_weeks_are_added_and_the_folder_says_through_when(stage):
    first = prepare(stage)
    assert (first.through, count(stage)) == (FIRST, 3000)
    second = add(stage, through=datetime.date(2026, 1, 14))
    assert (second.through, count(stage)) == (SECOND, 8000)
    assert second.version != first.version
    assert {name: second.files[name] for name in first.files} == first.files
    assert len(Prepared(stage / "prepared", make_book(), NoDice()).layouts["usage"].weeks) == 3


def test_killed_at_any_step_it_answers_as_before_and_the_same_call_goes_on(stage):
    prepare(stage), prepare(stage, "killed")
    whole = add(stage)
    (stage / "book").write_bytes(pickle.dumps(make_book()))
    dice, kills = random.Random(), 0
    while True:
        process = subprocess.Popen(
            [sys.executable, "-c", RUN, str(stage)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        steps = dice.randrange(1, 9) + kills
        for _ in range(steps):
            if not process.stdout.readline():
                break
            process.stdin.write("\n")
            process.stdin.flush()
        if process.poll() is None and kills < 6:
            process.send_signal(signal.SIGKILL)
            process.wait()
            if preparation.read_manifest(stage / "killed").through == FIRST:
                assert count(stage, "killed") == 3000
            kills += 1
            continue
        process.communicate("\n" * 100)
        assert process.returncode in (0, 1)
        break
    assert count(stage, "killed") == 8000
    kept = [
        json.loads((stage / name / "manifest.json").read_text())["files"] for name in ("prepared", "killed")
    ]
    assert kept[0].keys() == kept[1].keys()
    assert preparation.read_manifest(stage / "killed").through == whole.through


@pytest.mark.parametrize(
    ("through", "usage", "said"),
    [
        (SECOND, "first", "rows lie in weeks that this folder holds already"),
        (datetime.date(2026, 2, 1), "without", "rows have no day, so they lie in no week"),
        (FIRST, "second", "holds the weeks through 2026-01-11 already"),
        (
            datetime.date(2027, 1, 30),
            "second",
            "is no day of the codebook, which has 2026-01-01 to 2026-12-31",
        ),
    ],
)
def test_rows_of_no_week_or_of_one_that_is_there_are_refused_and_leave_nothing(stage, through, usage, said):
    before = prepare(stage)
    with pytest.raises(errors.UserMistake, match=said):
        add(stage, through=through, usage=usage)
    assert preparation.read_manifest(stage / "prepared") == before
    assert not (stage / "prepared" / preparation.WORK).exists()
    assert add(stage).through == SECOND


def test_rows_after_the_last_week_are_refused_at_the_first_preparation(stage):
    with pytest.raises(errors.UserMistake, match="rows lie after 2026-01-11, the last day prepared"):
        prepare(stage, usage="second")
    assert not (stage / "prepared").exists()
    assert prepare(stage).through == FIRST


def test_weeks_need_a_codebook_with_a_partition_and_only_its_tables(stage):
    prepare(stage)
    book = make_book()
    files = {"usage": stage / "second.parquet", "places": stage / "places.parquet"}
    with pytest.raises(errors.UserMistake, match="only: usage"):
        preparation.add_weeks(files, book, stage / "prepared", SECOND)
    with pytest.raises(errors.UserMistake, match="prepared by another codebook"):
        preparation.add_weeks(files, make_book(partition=""), stage / "prepared", SECOND)


@pytest.mark.parametrize("column", ["country", "minutes", "nothing", 7, "child"])
def test_a_partition_is_a_day_with_bounds(column):
    with pytest.raises(errors.UserMistake, match="Name a column of this table of the type date"):
        make_book(partition=column)


def test_days_near_the_end_of_the_calendar_are_refused_in_words(stage):
    last = {"type": "date", "low": datetime.date(9990, 1, 1), "high": datetime.date(9999, 12, 31), **ATTESTED}
    with pytest.raises(errors.UserMistake, match="from 0001-01-08 to 9999-12-26"):
        make_book(columns=BOOK["tables"]["usage"]["columns"] | {"day": last})
    prepare(stage)
    with pytest.raises(errors.UserMistake, match="9999-12-31 is no day"):
        add(stage, through=datetime.date(9999, 12, 31))


def make_two_tables(low):
    day = {"type": "date", "low": low, "high": datetime.date(2026, 12, 31), **ATTESTED}
    later = BOOK["tables"]["usage"] | {"columns": {"day": day}}
    return codebook.parse_codebook(BOOK | {"tables": make_tables() | {"later": later}})


def make_tables():
    day = {"type": "date", "low": datetime.date(2026, 1, 1), "high": datetime.date(2026, 12, 31), **ATTESTED}
    return {"usage": BOOK["tables"]["usage"] | {"columns": {"day": day}}}


def test_a_folder_holds_a_week_of_every_table_at_least(stage):
    """Without one a table has no files, and the folder could not be opened."""
    write(stage / "later.parquet", (0, 11), rows=0)
    files = {"usage": stage / "first.parquet", "later": stage / "later.parquet"}
    with pytest.raises(errors.UserMistake, match="which has 2026-01-19 to 2026-12-31 for every table"):
        preparation.prepare(
            files, make_two_tables(datetime.date(2026, 1, 19)), stage / "two", through=FIRST, salt="aa"
        )
    book = make_two_tables(datetime.date(2026, 1, 10))
    preparation.prepare(files, book, stage / "three", through=FIRST, salt="aa")
    engine = Prepared(stage / "three", book, NoDice())
    plan = check.check_query("SELECT COUNT(*) AS n FROM later", book)
    assert (
        engine._measure(bound.bind(plan, engine.choose_path(plan), engine.find_spread(plan)))[()][0][0] == 0
    )


@pytest.mark.parametrize(
    ("first", "second", "is_refused"),
    [
        ("CAST(i AS SMALLINT)", "CAST(i + 1000000 AS BIGINT)", False),
        ("CAST(i AS BIGINT)", "CAST(i AS UTINYINT)", False),
        ("CAST(i AS BIGINT)", "'0' || i", True),
        ("'0' || i", "CAST(i AS BIGINT)", True),
        ("'k' || i", "UUID()", True),
        ("CAST(i AS UBIGINT)", "CAST(i AS BIGINT)", True),
        ("CAST(i AS UBIGINT)", "CAST(18446744073709551615 - i AS UBIGINT)", False),
    ],
)
def test_a_child_is_stored_alike_in_all_weeks(stage, first, second, is_refused):
    """Else one file's children would be cast to another's type when they are read together."""
    for name, unit, day in (("first", first, "2026-01-02"), ("second", second, "2026-01-13")):
        duckdb.connect().execute(
            f"COPY (SELECT {unit} AS child, 'AT' AS country, DATE '{day}' AS day, 1.5 AS minutes FROM range(9) "
            f"AS numbers(i)) TO '{stage}/{name}.parquet' (FORMAT parquet)"
        )
    prepare(stage)
    if is_refused:
        with pytest.raises(errors.UserMistake, match="These rows store child as"):
            add(stage)
        return
    add(stage)
    engine = Prepared(stage / "prepared", make_book(), NoDice())
    plan = check.check_query("SELECT COUNT(DISTINCT child) AS n FROM usage", engine.codebook)
    for bounded in (
        bound.bind(plan),
        bound.bind(plan, engine.choose_path(plan), engine.find_spread(plan)),
    ):
        assert engine._measure(bounded)[()][0][0] == (18 if " + " in second or " - " in second else 9)


def test_two_at_once_do_not_take_each_others_files_away(stage):
    prepare(stage)
    work = preparation._Work(stage / "prepared", make_book(), preparation.read_manifest(stage / "prepared"))
    with work.hold(), pytest.raises(errors.UserMistake, match="is being prepared by another process"):
        add(stage)
    late = preparation._Work(stage / "prepared", make_book(), preparation.read_manifest(stage / "prepared"))
    add(stage)
    with pytest.raises(errors.UserMistake, match="by another process meanwhile"), late.hold():
        pass


def test_what_was_bought_of_a_table_without_weeks_is_not_bought_again_with_each_week(stage):
    night = {"type": "integer", "low": 0, "high": 9, **ATTESTED}
    nights = {"unit": "child", "rows_per_child": 8, "columns": {"night": night}, **ATTESTED}
    book = codebook.parse_codebook(BOOK | {"tables": make_tables() | {"nights": nights}})
    duckdb.connect().execute(
        f"COPY (SELECT i // 3 AS child, i % 10 AS night FROM range(600) AS numbers(i)) TO '{stage}/nights.parquet'"
    )
    ledger = ledger_stores.open_ledger(stage / "ledger.sqlite")
    cap = cost.make_cap(2.0, 1e-6)
    ledger.open_population("nights-children", cap, by="owner")
    ledger.open_grant("nights-children", "owner", cap, by="owner")
    usage = {"usage": stage / "first.parquet"}
    preparation.prepare(
        usage | {"nights": stage / "nights.parquet"}, book, stage / "both", through=FIRST, salt="aa"
    )
    used, bought = [], []
    for week in range(2):
        if week:
            preparation.add_weeks({"usage": stage / "second.parquet"}, book, stage / "both", SECOND)
        engine = Prepared(stage / "both", book, dice.OpenDP())
        bought.append(preparation.buy_histograms(engine, ledger, epsilon=0.15, grant="owner"))
        used.append(ledger.read_balance("nights-children").balance.used.nano_rho)
    assert used[0] == used[1] > 0
    assert bought[0] == bought[1]


def test_a_question_about_one_week_keeps_the_whole_bound_and_one_about_three_a_third(stage):
    prepare(stage)
    add(stage)
    engine = Prepared(stage / "prepared", make_book(), NoDice())

    def spread(where, what="COUNT(*) AS n", keys=""):
        text = f"SELECT {keys}{what} FROM usage{where}" + (" GROUP BY 1" if keys else "")
        found = engine.find_spread(check.check_query(text, engine.codebook))
        return found and (found.rows, found.weeks)

    assert spread("") == (16, 3)
    assert spread(" WHERE day >= DATE '2026-01-05'") == (32, 2)
    assert spread(" WHERE day BETWEEN DATE '2026-01-05' AND DATE '2026-01-11'") == (64, 1)
    # Nothing can be true of any day there is.
    assert spread(" WHERE day = DATE '2026-06-01'") == (64, 1)
    assert spread(" WHERE minutes > 3 OR day = DATE '2026-01-05'") == (16, 3)
    plan = check.check_query(
        "SELECT day, COUNT(DISTINCT child) AS n FROM usage GROUP BY day", engine.codebook
    )
    # 64 groups of a child might count, and three weeks have 21 days.
    assert engine.find_spread(plan) == bound.Spread(16, 3, 21, False)
    few = dataclasses.replace(plan, groups=9)
    assert engine.find_spread(few) == bound.Spread(16, 3, 9, True)
    assert engine.find_spread(dataclasses.replace(plan, groups=2)) is None


def test_a_question_about_some_weeks_opens_no_file_of_another(stage, monkeypatch):
    prepare(stage)
    add(stage)
    engine = Prepared(stage / "prepared", make_book(), NoDice())
    # Otherwise every changed file stops every question.
    monkeypatch.setattr(prepared, "check_stamps", lambda stamps: None)
    for place in (stage / "prepared" / "usage").glob("2026-W0[13]/*/*.parquet"):
        place.write_bytes(b"damaged")

    def count(where):
        plan = check.check_query(f"SELECT COUNT(minutes) AS n FROM usage {where}", engine.codebook)
        spread = engine.find_spread(plan)
        return spread.weeks, engine._measure(bound.bind(plan, "rank", spread))[()][0][0]

    weeks, found = count("WHERE day BETWEEN DATE '2026-01-05' AND DATE '2026-01-11'")
    assert weeks == 1
    assert found > 0
    with pytest.raises(errors.Damaged):
        count("WHERE day >= DATE '2026-01-05'")


@pytest.mark.parametrize(
    "name", ["unit", "week", "bucket", "digest", "equal", "rows", "children", "tier", "_rank", "_first", "_first_day",
             "is_new", "begun", "c0", "v0", "k0", "bin", "number"],
)  # fmt: skip
@pytest.mark.parametrize("partition", ["", "day"])
def test_a_column_may_have_any_name_that_files_use_themselves(tmp_path, name, partition):
    columns = {name: {"type": "integer", "low": 0, "high": 9, **ATTESTED},
               "day": {"type": "date", "low": datetime.date(2026, 1, 1), "high": datetime.date(2026, 1, 14), **ATTESTED}}  # fmt: skip
    table = {"unit": "child", "rows_per_child": 64, **ATTESTED, "columns": columns, "partition": partition}
    book = codebook.parse_codebook(BOOK | {"tables": {"usage": table}})
    duckdb.connect().execute(
        f"""COPY (SELECT i // 7 AS child, i % 10 AS "{name}", DATE '2026-01-01' + CAST(i % 14 AS INTEGER) AS day
        FROM range(700) AS numbers(i)) TO '{tmp_path}/usage.parquet' (FORMAT parquet)"""
    )
    preparation.prepare({"usage": tmp_path / "usage.parquet"}, book, tmp_path / "out")
    engine = Prepared(tmp_path / "out", book, NoDice())
    for text, expected in [
        (f'SELECT "{name}", COUNT(*) AS n FROM usage GROUP BY 1', {(key,): [[70]] for key in range(10)}),
        (f'SELECT SUM("{name}") AS n, COUNT(DISTINCT child) AS k FROM usage', {(): [[3150], [100]]}),
        (f'SELECT MEDIAN("{name}") AS n FROM usage WHERE "{name}" > 7', {(): [[0] * 8 + [70, 70]]}),
    ]:
        plan = check.check_query(text, book)
        bounded = bound.bind(plan, engine.choose_path(plan), engine.find_spread(plan))
        assert bounded.path != "weighted"
        assert engine._measure(bounded) == expected
