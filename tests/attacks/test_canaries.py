"""Canaries: unmistakable values of one child looked for wherever anything leaves or stays behind.

Reference: attacks 8 and 20 of the field's list (an engine's message that quotes data; plans, logs, caches).
Twin: raw DuckDB's error quotes the child's words, and its statistics show its largest value.
Here: in none of the exits: answer, explanation, ledger, error, log, warning, repr, pickle, profile, temporary file.
"""

import contextlib
import datetime
import io
import json
import logging
import pickle
import sqlite3
import traceback
import warnings

import attack_stage as stage
import duckdb as driver
import pytest

from lightwell.base import errors
from lightwell.engines import dice, duckdb, preparation, prepared, sessions
from lightwell.query import refusal

WORD, MINUTES, MESSAGES, DAY = "canary-zephyr-quill", 271.82, 31_415_926, datetime.date(2187, 7, 9)
CHILD = 9_182_736_455
CANARIES = [WORD, "271.82", "27182", "31415926", "2187-07-09", str(CHILD)]
# What is asked; the victim's rows are in the way of each.
TEXTS = [
    "SELECT COUNT(*) AS n FROM usage",
    "SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag",
    "SELECT school, AVG(minutes) AS n, SUM(messages) AS m FROM usage GROUP BY school",
    "SELECT MEDIAN(minutes) AS n, COUNT(DISTINCT tag) AS m FROM usage WHERE grade = 12",
    "SELECT day, COUNT(DISTINCT child) AS n FROM usage GROUP BY day",
    "SELECT AVG(n) AS n FROM (SELECT child, SUM(messages) AS n FROM usage GROUP BY child) AS x",
]
REFUSED = [
    "SELECT MAX(tag) FROM usage",
    "SELECT * FROM usage",
    "SELECT CAST(tag AS DATE) FROM usage",
    "SELECT tag FROM usage WHERE",
]


def make_canary(rows=3):
    return [
        {**row, "child": CHILD}
        for row in stage.make_victim(rows, tag=WORD, minutes=MINUTES, messages=MESSAGES, day=DAY)
    ]


def look(place, text):
    """Where a canary is: one word for each, with the place."""
    words = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return [f"{place}: {canary}" for canary in CANARIES if canary in words]


def look_in_folder(folder, but=()):
    """Every file below a folder but those that hold the data."""
    found = []
    for file in folder.rglob("*"):
        if file.is_file() and not any(str(file).startswith(str(one)) for one in but):
            found += look(file.name, file.read_bytes())
    return found


@contextlib.contextmanager
def listen():
    """All that is logged at DEBUG, printed or warned of meanwhile."""
    heard = io.StringIO()
    handler = logging.StreamHandler(heard)
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        with contextlib.redirect_stdout(heard), contextlib.redirect_stderr(heard), warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.showwarning = lambda message, *_, **__: heard.write(str(message))
            yield heard
    finally:
        root.removeHandler(handler)
        root.setLevel(level)


def describe_error(error):
    """An error as somebody may see it: its words, chain, traceback with local names, pickle and repr."""
    parts = [str(error), repr(error), "".join(traceback.format_exception(error))]
    for one in (error, error.__cause__, error.__context__ if not error.__suppress_context__ else None):
        parts += [repr(one), str(getattr(one, "__dict__", ""))]
    with contextlib.suppress(Exception):
        parts.append(str(pickle.dumps(error)))
    return "\n".join(parts)


def test_raw_duckdb_carries_the_value_out(tmp_path):
    raw = stage.Raw(stage.write_files(tmp_path, [*stage.make_rows(children=30), *make_canary()]))
    assert look("error", raw.try_asking("SELECT SUM(CAST(tag AS INTEGER)) FROM usage WHERE grade = 12"))
    assert look("statistics", str(raw.ask("SUMMARIZE usage")))
    stage.show("in an error and in statistics", f"in none of the exits of {len(TEXTS)} questions")


@pytest.mark.parametrize("is_prepared", [False, True])
def test_no_canary_leaves_by_any_exit(tmp_path, monkeypatch, is_prepared):
    data, place = tmp_path / "data", tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    found = []
    files = stage.write_files(data, [*stage.make_rows(children=60), *make_canary()])
    book = stage.make_codebook(budget={"epsilon": 15.0, "delta": 1e-5})
    with listen() as heard:
        if is_prepared:
            preparation.prepare(files, book, data / "prepared", report=print)
            engine = prepared.Prepared(data / "prepared", book, dice.OpenDP())
        else:
            engine = duckdb.DuckDB(files, book, dice.OpenDP())
        opened = stage.open_session(place, files, book=book, engine=engine)
        if is_prepared:
            # How many rows children have, and their means by that: what is said, kept in the folder and charged.
            bought = preparation.buy_histograms(engine, opened.ledger, epsilon=0.5, grant=opened.grant)
            found += look("bought", repr(bought))
            found += look("kept", (engine.folder / preparation.HISTOGRAMS).read_bytes())
            assert all(one.means for one in bought.values())
        for text in TEXTS:
            said = opened.explain(text, epsilon=0.5)
            found += look("explanation", repr(said)) + look("pickled explanation", pickle.dumps(repr(said)))
            answer = opened.sql(text, epsilon=0.5)
            found += look("answer", answer.to_json()) + look("answer's bytes", answer.body)
            found += look("repr", repr(answer)) + look("records", str(list(answer.list_records())))
            found += look("pandas", answer.to_pandas().to_string())
            found += look("kept", opened.sql(text, epsilon=0.5).body)
        for text in REFUSED:
            with pytest.raises(refusal.QueryRefused) as refused:
                opened.sql(text, epsilon=0.5)
            found += look("refusal", describe_error(refused.value))
        with pytest.raises(errors.Refused) as poor:
            opened.sql(TEXTS[0], epsilon=19.5)
        found += look("budget", describe_error(poor.value))
    for one in (engine, opened, opened.ledger, book):
        found += look(
            "repr",
            repr(one) + str({name: repr(value) for name, value in getattr(one, "__dict__", {}).items()}),
        )
    for entry in opened.ledger.read_entries("invented-children"):
        found += look("ledger", repr(entry))
    found += look("log", heard.getvalue())
    # The ledger's file, its journal, and whatever the engine left in its working folder.
    found += look_in_folder(place)
    assert not list(place.rglob("*.tmp"))
    with contextlib.closing(sqlite3.connect(place / "ledger.sqlite")) as ledger:
        found += look("dump", "\n".join(ledger.iterdump()))
    assert not found


def spoil(files, how):
    """Damage the table of children so that DuckDB fails in the middle of it."""
    file = files["usage"]
    content = bytearray(file.read_bytes())
    if how == "no utf-8":
        # The victim's word, which stands uncompressed in its page, is no text any more.
        assert WORD.encode() in content
        content = content.replace(WORD.encode(), b"\xff\xfe" + WORD.encode()[2:])
    elif how == "pages":
        content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
    else:
        content = content[: len(content) // 2]
    file.write_bytes(bytes(content))


@pytest.mark.parametrize("how", ["no utf-8", "pages", "cut off"])
def test_a_damaged_file_fails_without_a_canary(tmp_path, how):
    files = stage.write_files(tmp_path, [*stage.make_rows(children=30), *make_canary()])
    connection = driver.connect()
    plain = tmp_path / "plain.parquet"
    connection.execute(
        f"COPY (SELECT * FROM '{files['usage']}') TO '{plain}' (FORMAT parquet, COMPRESSION uncompressed)"
    )
    plain.rename(files["usage"])
    spoil(files, how)
    book, found, ends = stage.make_codebook(), [], []
    with listen() as heard:
        try:
            opened = stage.open_session(tmp_path, files, book=book)
            for text in TEXTS[1:3]:
                try:
                    found += look("answer", opened.sql(text, epsilon=0.5).to_json())
                except errors.LightwellError as error:
                    ends.append(error)
        except errors.LightwellError as error:
            ends.append(error)
    assert ends
    for error in ends:
        # Whoever sees the frames sees the engine's memory; the sentence, its chain and its pickle are ours.
        found += look("error", describe_error(error))
        assert error.__cause__ is None
        assert error.__suppress_context__ or error.__context__ is None
    assert not found + look("log", heard.getvalue())


def test_spilling_leaves_nothing_outside_and_nothing_behind(tmp_path, monkeypatch):
    place = tmp_path / "place"
    place.mkdir()
    monkeypatch.chdir(place)
    files = stage.write_files(tmp_path / "data", [*stage.make_rows(children=40), *make_canary()])
    engine = duckdb.DuckDB(files, stage.make_codebook(), dice.OpenDP(), memory="64MB", threads=1)
    settings = dict(
        engine._connection.execute(
            "SELECT name, value FROM duckdb_settings() WHERE name IN ('temp_directory', 'enable_profiling', 'profiling_output', 'custom_profiling_settings', 'enable_external_access', 'log_query_path')"
        ).fetchall()
    )
    assert settings["enable_external_access"] == "false"
    assert settings.get("enable_profiling") in (None, "")
    assert settings.get("log_query_path") in (None, "")
    with contextlib.suppress(driver.Error):
        # Far more than fits into memory: DuckDB spills, or says that it cannot.
        engine._connection.execute(
            "SELECT COUNT(*) FROM (SELECT DISTINCT a.range * 7 + b.range, a.range::VARCHAR || 'x' FROM range(3000) AS a, range(900) AS b)"
        ).fetchall()
    engine._connection.close()
    assert not look_in_folder(place)
    left = [file for file in place.rglob("*") if file.is_file()]
    assert not left, left


def test_profiling_and_query_logs_cannot_be_turned_on(tmp_path):
    engine = duckdb.DuckDB(stage.write_files(tmp_path, make_canary()), stage.make_codebook(), dice.OpenDP())
    for text in (
        "SET enable_profiling = 'json'",
        f"SET profiling_output = '{tmp_path}/profile.json'",
        f"SET log_query_path = '{tmp_path}/queries.log'",
        f"SET temp_directory = '{tmp_path}/spill'",
        "CALL enable_logging()",
        f"CALL enable_logging(storage = 'file', storage_path = '{tmp_path}/log')",
    ):
        with contextlib.suppress(driver.Error):
            engine._connection.execute(text)
    opened = stage.open_session(tmp_path, {}, engine=engine)
    opened.sql(TEXTS[1], epsilon=0.5)
    kept = [tmp_path / "usage.parquet", tmp_path / "schools.parquet"]
    assert not look_in_folder(tmp_path, kept)
    assert json.loads(opened.sql(TEXTS[1], epsilon=0.5).body)["rows"] == []
    assert sessions.WithoutData(stage.make_codebook()).version == ""
