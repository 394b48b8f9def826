"""`lightwell query` as it is typed: answers, prices, what is left, and every mistake in a sentence."""

import importlib.metadata
import json
import os
import re
import sqlite3
import subprocess
import sys
import tomllib
from pathlib import Path

import duckdb as driver
import jsonschema
import pytest
import query_stage

from lightwell.base import errors
from lightwell.cli import answers
from lightwell.engines import (
    budgets,
    codebook_files,
    duckdb,
    dummies,
    ledger_sqlite,
    ledger_stores,
    sessions,
)
from lightwell.query import bound, check, cost

SCHEMAS = Path(__file__).parents[2] / "src/lightwell/data/schemas"
COUNT = "SELECT band, COUNT(*) AS n FROM usage GROUP BY band"


@pytest.fixture
def stage(tmp_path, monkeypatch):
    query_stage.write_stage(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def typed(stage, monkeypatch, capsys):
    return lambda *words: query_stage.run(monkeypatch, capsys, *words)


@pytest.fixture
def asked(stage, monkeypatch, capsys):
    return lambda *words: query_stage.run_json(monkeypatch, capsys, *words)


def ask(*more, data="usage.parquet", epsilon="0.5"):
    return ("query", "--data", data, "--codebook", "usage.yaml", "--epsilon", epsilon, *more)


def check_schema(name, value):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(value, schema, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("data", ["usage.parquet", "usage.csv"])
def test_an_answer_has_an_interval_for_each_number_and_says_what_is_left(asked, data) -> None:
    answer = asked(*ask(COUNT, data=data))
    check_schema("query-answer", answer)
    assert answer["columns"] == ["band", "n"]
    assert [row["band"] for row in answer["rows"]] == ["10-12", "13-15", "16-17"]
    for row, around in zip(answer["rows"], answer["intervals"], strict=True):
        assert around["band"] is None
        low, high = around["n"]
        assert low <= row["n"] <= high
        # 6,666 rows each; the interval is about plus and minus 113, and this is thirteen times as far.
        assert abs(row["n"] - 6666) < 1500
    assert answer["sample"] is True
    assert answer["dummy"] is False
    assert answer["charge"]["is_free"] is False
    assert answer["charge"]["epsilon"] <= 0.5
    assert answer["left"]["of_epsilon"] == pytest.approx(3, abs=1e-5)
    assert answer["left"]["more_like_this"] > 10


def test_the_same_question_again_is_the_same_answer_and_free_and_the_budget_is_opened_once(
    typed, asked
) -> None:
    code, out, err = typed(*ask(COUNT))
    assert code == 0
    assert err.startswith(
        "opened the budget of the population invented-children in invented-children.ledger.sqlite: "
    )
    assert "for good" in out
    first, second = asked(*ask(COUNT)), asked(*ask(COUNT, data="usage=usage.parquet"))
    assert first == second
    assert first["charge"]["is_free"] is True
    code, out, err = typed(*ask(COUNT))
    assert (code, err) == (0, "")
    assert "charge: nothing now" in out
    for row in first["rows"]:
        assert f"{row['n']:,}" in out
    ledger = ledger_stores.open_ledger("invented-children.ledger.sqlite", is_new=False)
    (population,) = ledger.verify()
    assert population.balance.used.nano_rho == first["charge"]["nano_rho"]
    assert population.balance.used.nano_rho + first["left"]["nano_rho"] == population.balance.cap.nano_rho


def test_the_table_shows_what_json_says(typed, asked) -> None:
    text = "SELECT COUNT(*) AS n, AVG(minutes) AS mean, MEDIAN(minutes) AS middle FROM usage WHERE night"
    code, out, _ = typed(*ask(text))
    assert code == 0
    answer = asked(*ask(text))
    (row,), (around,) = answer["rows"], answer["intervals"]
    head, _, line = out.splitlines()[:3]
    assert re.split(r"\s{2,}", head.strip()) == [
        *("n", "95 % interval", "mean", "95 % interval", "middle", "95 % interval")
    ]
    shown = [float(one.replace(",", "")) for one in re.findall(r"[\d,.]+", line)]
    for place, name in enumerate(answer["columns"]):
        value, low, high = shown[3 * place : 3 * place + 3]
        assert low <= around[name][0] + 1e-9
        assert high >= around[name][1] - 1e-9
        assert value == pytest.approx(row[name], abs=(high - low) / 15)
    assert "note: Each interval" in out
    assert answer["id"] in out
    assert answer["data_version"] in out


def test_explain_reads_no_data_and_charges_nothing(typed, asked, stage) -> None:
    words = ["query", "explain", "--codebook", "usage.yaml", "--epsilon", "0.5", "--data", "nowhere", COUNT]
    code, out, err = typed(*words)
    assert (code, err) == (0, "")
    assert "At most 6 rows of one child count" in out
    assert "SELECT" in out
    told = asked(*words)
    check_schema("query-explanation", told)
    assert told["charge"]["epsilon"] <= 0.5
    # What it says beforehand is what is charged and added afterwards.
    answer = asked(*ask(COUNT))
    assert told["charge"] == {name: answer["charge"][name] for name in told["charge"]}
    assert told["plan"] == answer["plan"]
    assert not [path for path in stage.iterdir() if path.name.startswith("nowhere")]


def test_bounds_may_be_tightened(asked) -> None:
    loose, tight = asked(*ask("SELECT COUNT(*) AS n FROM usage")), None
    tight = asked(*ask("SELECT COUNT(*) AS n FROM usage", "--rows", "1"))
    width = [one["intervals"][0]["n"][1] - one["intervals"][0]["n"][0] for one in (loose, tight)]
    assert width[0] > 4 * width[1]
    assert tight["rows"][0]["n"] < 5000


MISTAKES = {
    "unknown column": (ask("SELECT AVG(hours) FROM usage"), "hours"),
    "type mismatch": (ask("SELECT COUNT(*) FROM usage WHERE band > 3"), "[wrong-type]"),
    "missing bound": (ask("SELECT AVG(score) FROM usage"), "Declare low and high in the codebook"),
    "rows of children": (ask("SELECT minutes FROM usage"), "AVG("),
    "no SQL": (ask("SELECT FROM WHERE"), "cannot be read as SQL"),
    "epsilon zero": (ask(COUNT, epsilon="0"), "0 buys no answer"),
    "epsilon negative": (ask(COUNT, epsilon="-1"), "-1 buys no answer"),
    "epsilon that is no number": (ask(COUNT, epsilon="nan"), "is no number"),
    "epsilon without end": (ask(COUNT, epsilon="inf"), "is no number"),
    "epsilon absurd": (ask(COUNT, epsilon="500"), "protects nobody"),
    "delta absurd": (ask(COUNT, "--delta", "0.1"), "lets the guarantee fail"),
    "no file": (ask(COUNT, data="nowhere.parquet"), "nowhere.parquet"),
    "a folder": (ask(COUNT, data="."), "is no prepared data set"),
    "another kind of file": (ask(COUNT, data="usage.yaml"), ".parquet or .csv"),
    "no codebook": (
        ("query", "--data", "usage.csv", "--codebook", "nowhere.yaml", "--epsilon", "1", COUNT),
        "nowhere.yaml: the file cannot be read: No such file",
    ),
    "another table": (ask(COUNT, data="other=usage.parquet"), "no table other; it has usage"),
    "too many rows": (ask(COUNT, "--rows", "7"), "may be 1 to 6 here"),
    "another version": (ask(COUNT, "--data-version", "0" * 64), "not this one"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_a_sentence_and_charges_nothing(typed, stage, name) -> None:
    words, sentence = MISTAKES[name]
    code, out, err = typed(*words)
    assert (code, out) == (1, "")
    assert sentence in err
    assert len(err.strip().splitlines()) == 1, err
    assert "Traceback" not in err
    assert not list(stage.glob("*.sqlite*"))


CODEBOOKS = {
    "another unit": ("unit: child", "unit: pupil", "usage.pupil: The file has no such column."),
    "a unit that is no name": ("unit: child", "unit: minutes2", "usage.minutes2"),
    "another type": ("score: {type: integer}", "score: {type: date}", "usage.score: The file stores INTEGER"),
    "a column that is not there": ("tag: {type: text}", "mood: {type: text}", "usage.mood"),
    "an unknown field": ("type: boolean", "type: boolean, colour: red", "usage.yaml, line 15"),
    "a wrong date": ("low: 2026-01-01", "low: 2026-02-31", "usage.yaml, line 13"),
    "no YAML": ("codebook: 1", "codebook: [1", "usage.yaml, line"),
    "a budget of nothing": ("epsilon: 3", "epsilon: 0", "/budget/epsilon: 0 buys no answer"),
    "a draft": ("attested: invented for this test", 'attested: ""', "this codebook is a draft"),
}


@pytest.mark.parametrize("name", CODEBOOKS)
def test_a_codebook_that_is_none_or_not_the_files_fails_closed(typed, stage, name) -> None:
    before, after, sentence = CODEBOOKS[name]
    text = query_stage.CODEBOOK.replace(before, after)
    assert text != query_stage.CODEBOOK
    (stage / "usage.yaml").write_text(text)
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (1, "")
    assert sentence in err
    assert "Traceback" not in err
    assert not list(stage.glob("*.sqlite*"))


def test_a_unit_that_is_no_stable_name_is_refused(typed, stage) -> None:
    driver.connect().execute(
        "COPY (SELECT * REPLACE (CAST(child AS DOUBLE) AS child) FROM 'usage.parquet') TO 'real.parquet'"
    )
    code, _, err = typed(*ask(COUNT, data="real.parquet"))
    assert code == 1
    assert "usage.child: The file stores DOUBLE" in err


def test_what_the_budget_does_not_hold_is_refused_and_says_what_is_left(typed, stage) -> None:
    code, out, err = typed(*ask(COUNT, epsilon="10"))
    assert (code, out) == (1, "")
    assert "and the grant owner has" in err
    assert "ask with epsilon" in err
    (population,) = ledger_stores.open_ledger("invented-children.ledger.sqlite", is_new=False).verify()
    assert population.balance.used.is_nothing()


def test_a_parquet_file_that_is_cut_off_is_refused_and_nothing_is_charged(typed, stage) -> None:
    whole = (stage / "usage.parquet").read_bytes()
    (stage / "usage.parquet").write_bytes(whole[: len(whole) // 2])
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (1, "")
    assert "damaged" in err
    assert not list(stage.glob("*.sqlite*"))


@pytest.mark.parametrize("text", [COUNT, "SELECT COUNT(*) AS n FROM usage WHERE score > 100"])
def test_a_parquet_file_that_is_damaged_inside_is_refused_before_any_charge_whatever_is_asked(
    typed, stage, text
) -> None:
    """An error that hangs on the question would tell which rows are damaged."""
    driver.connect().execute(
        "COPY (SELECT * FROM 'usage.parquet') TO 'plain.parquet' (FORMAT parquet, COMPRESSION uncompressed)"
    )
    whole = (stage / "plain.parquet").read_bytes()
    # One tag in one row's dictionary, which neither question looks at.
    assert whole.count(b"tag3") >= 1
    (stage / "usage.parquet").write_bytes(whole.replace(b"tag3", b"\xff\xfe\xfd\xfc"))
    code, out, err = typed(*ask(text))
    assert (code, out) == (1, "")
    assert "cannot be read to the end: it is damaged" in err
    assert "Traceback" not in err
    assert not list(stage.glob("*.sqlite*"))


def test_data_that_fail_after_they_were_opened_show_no_number_and_the_charge_stands(
    typed, stage, monkeypatch
) -> None:
    monkeypatch.setattr(duckdb.DuckDB, "_read_through", lambda self, connection: None)
    whole = bytearray((stage / "usage.parquet").read_bytes())
    whole[4 : len(whole) // 2] = bytes(len(whole) // 2 - 4)
    (stage / "usage.parquet").write_bytes(whole)
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (3, "")
    assert "the charge stands and nothing was shown" in err
    assert "Traceback" not in err
    (population,) = ledger_stores.open_ledger("invented-children.ledger.sqlite", is_new=False).verify()
    assert not population.balance.used.is_nothing()


def test_two_codebooks_of_the_same_children_share_one_budget(typed, asked, stage) -> None:
    (stage / "other.yaml").write_text(
        (stage / "usage.yaml").read_text().replace("invented-usage", "other-usage")
    )
    first = asked(*ask(COUNT))
    words = ["query", "--data", "usage.parquet", "--codebook", "other.yaml", "--epsilon", "0.5"]
    second = asked(*words, COUNT)
    assert second["left"]["nano_rho"] == first["left"]["nano_rho"] - second["charge"]["nano_rho"]
    assert [place.name for place in stage.glob("*.sqlite")] == ["invented-children.ledger.sqlite"]


def test_a_ledger_named_by_its_codebook_is_not_passed_over(typed, stage) -> None:
    assert typed(*ask(COUNT))[0] == 0
    (stage / "invented-children.ledger.sqlite").rename(stage / "usage.ledger.sqlite")
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (1, "")
    assert "rename it to invented-children.ledger.sqlite" in err


def test_a_file_that_changes_after_it_was_opened_is_not_read(typed, stage, monkeypatch) -> None:
    before = budgets.open_budget

    def change(*words, **more):
        (stage / "usage.parquet").write_bytes((stage / "usage.parquet").read_bytes() + b"x")
        return before(*words, **more)

    monkeypatch.setattr(budgets, "open_budget", change)
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (3, "")
    assert "usage.parquet has changed since it was opened" in err


def test_a_pinned_version_is_the_one_that_an_answer_names(typed, asked) -> None:
    version = asked(*ask(COUNT))["data_version"]
    assert asked(*ask(COUNT, "--data-version", version))["data_version"] == version
    assert typed(*ask(COUNT, "--data-version", version[:12]))[0] == 0
    assert typed(*ask(COUNT, "--data-version", ""))[0] == 1


def write_database(place, *statements):
    with driver.connect(str(place)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_table_of_a_duckdb_file_is_asked_as_any_file(asked, stage) -> None:
    write_database(stage / "data.duckdb", "CREATE TABLE Usage AS SELECT * FROM 'usage.parquet'")
    check_schema("query-answer", asked(*ask(COUNT, data="data.duckdb")))
    book = codebook_files.read_codebook(stage / "usage.yaml")
    bounded = bound.bind(check.check_query("SELECT band, SUM(minutes) FROM usage GROUP BY band", book))
    one, two = (duckdb.DuckDB({"usage": file}, book, None) for file in ("usage.parquet", "data.duckdb"))
    assert one._measure(bounded) == two._measure(bounded)
    assert asked(*ask(COUNT, data="usage=data.duckdb"))["data_version"] == two.version


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("CREATE TABLE other AS SELECT 1 AS child", "The file has no table usage."),
        ("CREATE VIEW usage AS SELECT * FROM 'usage.parquet'", "The file has no table usage."),
        ("CREATE TABLE usage AS SELECT 1 AS child", "usage.band: The file has no such column."),
    ],
)
def test_a_duckdb_file_without_the_table_is_refused(typed, stage, statement, sentence) -> None:
    write_database(stage / "data.duckdb", statement)
    code, out, err = typed(*ask(COUNT, data="data.duckdb"))
    assert (code, out) == (1, "")
    assert sentence in err


def test_a_duckdb_file_that_is_none_or_is_not_all_is_refused(typed, stage) -> None:
    place = stage / "data.duckdb"
    place.write_bytes(b"x" * 5000)
    code, out, err = typed(*ask(COUNT, data="data.duckdb"))
    assert (code, out) == (1, "")
    assert "A data file cannot be read: it is damaged" in err
    place.unlink()
    write_database(place, "CREATE TABLE usage AS SELECT * FROM 'usage.parquet'")
    (stage / "data.duckdb.wal").write_bytes(b"")
    code, out, err = typed(*ask(COUNT, data="data.duckdb"))
    assert (code, out) == (1, "")
    assert "Some of its rows stand in data.duckdb.wal still" in err


def test_a_duckdb_file_that_is_written_to_after_it_was_opened_is_not_read(typed, stage, monkeypatch) -> None:
    write_database(stage / "data.duckdb", "CREATE TABLE usage AS SELECT * FROM 'usage.parquet'")
    before = budgets.open_budget

    def change(*words, **more):
        (stage / "data.duckdb.wal").write_bytes(b"x")
        return before(*words, **more)

    monkeypatch.setattr(budgets, "open_budget", change)
    code, out, err = typed(*ask(COUNT, data="data.duckdb"))
    assert (code, out) == (3, "")
    assert "data.duckdb.wal has changed since it was opened" in err


def test_one_duckdb_file_may_hold_all_tables(stage) -> None:
    written = (stage / "usage.yaml").read_text()
    head, usage = written.split("  usage:\n")
    (stage / "two.yaml").write_text(f"{head}  usage:\n{usage}  nights:\n{usage}")
    book = codebook_files.read_codebook(stage / "two.yaml")
    table = "SELECT * FROM 'usage.parquet'"
    write_database(stage / "data.duckdb", f"CREATE TABLE usage AS {table}", f"CREATE TABLE nights AS {table}")
    engine = duckdb.DuckDB(sessions.assign_files(["data.duckdb"], book), book, None)
    text = "SELECT COUNT(DISTINCT u.child) AS n FROM usage u JOIN nights n ON u.child = n.child"
    assert engine._measure(bound.bind(check.check_query(text, book)))[()][0] == [4000]


def test_a_file_that_may_not_be_read_is_named(typed, monkeypatch) -> None:
    before = Path.open

    def refuse(self, *words, **more):
        if self.name == "usage.parquet":
            raise PermissionError(13, "Permission denied", str(self))
        return before(self, *words, **more)

    # Whoever runs the tests as root may read everything, so the system's refusal is played.
    monkeypatch.setattr(Path, "open", refuse)
    code, out, err = typed(*ask(COUNT, data="usage=usage.parquet"))
    assert (code, out) == (1, "")
    assert err.endswith("usage.parquet: the file cannot be read: Permission denied\n")


def test_a_full_disk_shows_no_number(typed, stage, monkeypatch) -> None:
    typed(*ask("SELECT COUNT(*) FROM usage"))
    before = ledger_sqlite.SqliteDatabase.run

    def run(self, sql, *values):
        if sql == "COMMIT":
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return before(self, sql, *values)

    monkeypatch.setattr(ledger_sqlite.SqliteDatabase, "run", run)
    code, out, err = typed(*ask(COUNT))
    assert (code, out) == (3, "")
    assert "disk is full" in err


def test_dummy_data_need_no_data_no_ledger_and_no_charge_and_say_so(typed, asked, stage) -> None:
    words = ("query", "--dummy", "--codebook", "usage.yaml", "--epsilon", "0.5", COUNT)
    code, out, err = typed(*words)
    assert (code, err) == (0, "")
    assert out.startswith("DUMMY DATA: every row is invented")
    assert "charge: nothing; on the data this would cost epsilon 0.5" in out
    answer = asked(*words)
    check_schema("query-answer", answer)
    assert answer["dummy"] is True
    assert answer["left"] is None
    assert answer["charge"]["is_free"] is True
    assert answer["notes"][0] == answers.DUMMY_NOTE
    assert not list(stage.glob("*.sqlite*"))


def test_real_data_are_never_given_away_as_dummy_data_nor_dummy_data_charged_for(typed, stage) -> None:
    code, out, err = typed(*ask("--dummy", COUNT))
    assert (code, out) == (1, "")
    assert "not labelled as dummy data" in err
    code, out, err = typed(*ask("--dummy", COUNT, data="usage.csv"))
    assert (code, out) == (1, "")
    dummies.write_dummy(dummies_codebook(stage), stage / "invented.parquet", rows=500, seed=1)
    code, out, err = typed(*ask(COUNT, data="invented.parquet"))
    assert (code, out) == (1, "")
    assert "add --dummy" in err
    assert typed(*ask("--dummy", COUNT, data="invented.parquet"))[0] == 0
    assert not list(stage.glob("*.sqlite*"))


def dummies_codebook(stage):
    from lightwell.engines import codebook_files

    return codebook_files.read_codebook(stage / "usage.yaml")


def test_the_budget_of_a_codebook_is_never_more_than_was_granted(stage) -> None:
    book = dummies_codebook(stage)
    cap = budgets.find_cap(book)
    half = book.budget["delta"] / 2
    assert cost.find_epsilon(cap.nano_rho, half) <= book.budget["epsilon"]
    assert cap.delta_units / cost.DELTA_UNITS_PER_ONE <= half


@pytest.mark.parametrize(
    ("value", "ends", "shown"),
    [
        (11872, (11850, 11893), ("11,872", "11,850 to 11,893")),
        (0.42634, (0.41291, 0.43911), ("0.426", "0.412 to 0.440")),
        (148.57, (145.245, 151.892), ("148.6", "145.2 to 151.9")),
        (-798, (0, 0), ("-798", "0 to 0")),
        (None, (None, None), ("unknown", "any number")),
        (3.0, (None, 4.0), ("3", "no lower end to 4")),
        (1234567.8, (1230000.2, 1240000.7), ("1,234,568", "1,230,000 to 1,240,001")),
        (0.0, (-0.0001, 0.0001), ("0.00000", "-0.00010 to 0.00010")),
        (1.234e-8, (1.1e-8, 1.35e-8), ("0.0000000123", "0.000000011 to 0.0000000135")),
        (1.23456e-15, (1.1111e-15, 1.3333e-15), ("1.23e-15", "1.11e-15 to 1.34e-15")),
        (-2e-20, (-3e-20, None), ("-2e-20", "-3e-20 to no upper end")),
        (0, (-3e-15, 3e-15), ("0", "-3e-15 to 3e-15")),
        (2.5e-9, (2.5e-9, 2.5e-9), ("0.0000000025", "0.0000000025 to 0.0000000025")),
    ],
)
def test_a_number_has_as_many_digits_as_its_interval_gives_meaning_to(value, ends, shown) -> None:
    assert answers.format_number(value, ends) == shown


BLOCKER = """
import sys, importlib.abc
ALLOWED = set(sys.argv.pop(1).split(","))
class Blocker(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        if top not in ALLOWED and top not in sys.stdlib_module_names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Blocker())
from lightwell.cli.main import main
main()
"""


def list_modules_of_the_extra():
    """The top modules of all that `pip install 'lightwell[query]'` brings, by what packages require."""
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    waiting = [*project["dependencies"], *project["optional-dependencies"]["query"]]
    found = set()
    while waiting:
        name = re.match(r"[\w.-]+", waiting.pop())[0].lower().replace("_", "-")
        if name not in found:
            found.add(name)
            # An extra's own requirements are not brought along.
            required = importlib.metadata.requires(name) or []
            waiting += [each for each in required if "extra ==" not in each and not is_elsewhere(each)]
    files = [
        file for name in found if not is_elsewhere(name) for file in importlib.metadata.files(name) or []
    ]
    return {"lightwell", "__main__", *(file.parts[0].partition(".")[0] for file in files)}


def is_elsewhere(requirement):
    """Answer whether a requirement is for other systems only; its package may be missing here."""
    name = re.match(r"[\w.-]+", requirement)[0]
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return True
    return False


@pytest.mark.parametrize("data", ["usage.parquet", "usage.csv"])
def test_nothing_outside_the_extra_is_imported(stage, data) -> None:
    """What `pip install '.[query]'` brings is enough; neither Django nor numpy is asked for."""
    allowed = list_modules_of_the_extra()
    assert not allowed & {"django", "numpy", "pandas", "jsonschema", "psycopg"}
    for words in (
        ask(COUNT, data=data),
        ask(COUNT, "--json", data=data),
        ("query", "explain", "--codebook", "usage.yaml", "--epsilon", "1", COUNT),
        ("query", "--dummy", "--codebook", "usage.yaml", "--epsilon", "1", COUNT),
        ("query", "--help"),
    ):
        done = subprocess.run(
            [sys.executable, "-c", BLOCKER, ",".join(sorted(allowed)), *words],
            capture_output=True,
            text=True,
            cwd=stage,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": ""},
        )
        assert done.returncode == 0, done.stderr


def test_the_help_of_the_group_has_its_options_and_examples(typed) -> None:
    code, out, _ = typed("query", "--help")
    assert code == 0
    for part in ("--data", "--ledger", "--epsilon", "--dummy", "explain", "GROUP BY age_band"):
        assert part in out
    assert typed("query")[0] in (0, 2)
    assert typed("query", "--nonsense", COUNT)[0] == 2
    assert typed("query", "--codebook", "usage.yaml", "--epsilon", "1", COUNT)[0] == 2


def test_where_somebody_decides_who_may_ask_no_grant_is_opened_by_asking(typed, asked) -> None:
    place = ("budget.sqlite", "invented-children")
    price = ("--epsilon", "2", "--delta", "1e-6", "--by", "Ann")
    assert typed("ledger", "open", *place, *price)[0] == 0
    assert typed("ledger", "grant", *place, "--name", "project", *price)[0] == 0
    code, out, err = typed(*ask("--ledger", "budget.sqlite", COUNT))
    assert (code, out) == (1, "")
    assert "has no grant owner, but project; ask for one of these with --grant NAME" in err
    code, out, err = typed(*ask("--ledger", "budget.sqlite", "--grant", "project", COUNT))
    assert (code, err) == (0, "")
    assert asked(*ask("--ledger", "budget.sqlite", "--grant", "project", COUNT))["charge"]["is_free"] is True


def test_a_release_is_what_its_schema_says(stage) -> None:
    """What the ledger keeps, and `Release.to_json`."""
    session = sessions.open_session("usage.parquet", "usage.yaml")
    release = session.sql("SELECT band, AVG(minutes) AS mean FROM usage GROUP BY band", epsilon=0.5)
    check_schema("query-release", json.loads(release.to_json()))
    assert not release.is_free
    assert list(stage.glob("invented-children.ledger.sqlite"))
    with pytest.raises(errors.UserMistake, match="no file to put one beside"):
        sessions.open_session("usage.parquet", session.codebook)


def test_what_outsiders_import_is_there_and_is_imported_only_when_asked_for() -> None:
    import lightwell.query

    for name in lightwell.query.__all__:
        assert getattr(lightwell.query, name) is not None
    assert set(lightwell.query.__all__) == {
        name for names in lightwell.query._HOMES.values() for name in names
    }
    assert not hasattr(lightwell.query, "nonsense")
    alone = "import sys, lightwell.query.cost; assert not {'sqlglot', 'duckdb', 'opendp'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", alone], check=False).returncode == 0


def test_an_answer_without_a_group_says_that_this_does_not_mean_none(typed, asked) -> None:
    few = "SELECT tag, COUNT(*) AS n FROM usage WHERE minutes > 299.9 GROUP BY tag"
    said = "No group was large enough to be shown"
    code, out, _ = typed(*ask(few, epsilon="0.05"))
    assert code == 0
    assert out.startswith(f"{said}. That does not say that there is none.\n")
    assert out.count(said) == 1
    told = asked(*ask(few, epsilon="0.05"))
    assert told["rows"] == []
    assert told["notes"][0] == f"{said}. That does not say that there is none."
    _, out, _ = typed(*ask(f"{few} HAVING COUNT(*) > 5", epsilon="0.05"))
    assert out.startswith(f"{said}, or none of those that were meets HAVING. That does not")
    public = "SELECT band, COUNT(*) AS n FROM usage GROUP BY band HAVING COUNT(*) > 1000000"
    _, out, _ = typed(*ask(public))
    assert out.startswith("No group meets HAVING, by its numbers with their noise.")
