"""`lightwell dataset prepare`, then `lightwell query` over the folder; rows per child are charged once."""

import json
from pathlib import Path

import duckdb
import jsonschema
import pytest
import query_stage

from lightwell.engines import ledger_stores

BOOK = {
    "codebook": 1,
    "dataset": "nights",
    "population": "nights-children",
    "budget": {"epsilon": 10.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 64,
            "attested": "invented",
            "columns": {
                "country": {"type": "text", "values": ["AT", "BE"], "constant": True, "attested": "invented"},
                "minutes": {"type": "real", "low": 0, "high": 60, "step": 0.5, "attested": "invented"},
            },
        }
    },
}


SCHEMAS = Path(__file__).parents[2] / "src/lightwell/data/schemas"


def check_schema(name, value):
    jsonschema.validate(value, json.loads((SCHEMAS / f"{name}.json").read_text()))


@pytest.fixture
def typed(tmp_path, monkeypatch, capsys):
    duckdb.connect().execute(
        f"""COPY (SELECT i AS child, ['AT', 'BE'][1 + i % 2] AS country, j % 50 + 0.5 AS minutes
        FROM range(4000) AS children(i), range(i % 12 + 1) AS numbers(j)) TO '{tmp_path}/usage.parquet'"""
    )
    (tmp_path / "usage.json").write_text(json.dumps(BOOK))
    monkeypatch.chdir(tmp_path)
    return lambda *words: query_stage.run(monkeypatch, capsys, *words)


def prepare(typed, *more):
    words = ["--data", "usage.parquet", "--codebook", "usage.json", "--output", "usage.prepared"]
    return typed("dataset", "prepare", *words, *more)


def test_a_prepared_folder_is_asked_like_a_file_and_says_what_bound_to_use(typed):
    code, out, _ = prepare(typed)
    assert code == 0
    assert "would err least in 100 groups" in out
    asked = [
        "--codebook",
        "usage.json",
        "--epsilon",
        "2",
        "--json",
        "SELECT country, COUNT(*) AS n FROM usage GROUP BY 1",
    ]
    code, out, _ = typed("query", "--data", "usage.prepared", *asked)
    assert code == 0
    found = json.loads(out)
    rows = {row["country"]: row["n"] for row in found["rows"]}
    # Children of AT have 1, 3, ... 11 rows, of BE 2, 4, ... 12: about 12,000 and 14,000 in all.
    assert abs(rows["AT"] - 12_000) < 1_000
    assert abs(rows["BE"] - 14_000) < 1_000
    with open("usage.prepared/manifest.json") as file:
        assert json.load(file)["kind"] == "prepared-dataset"


def test_an_answer_says_what_share_of_rows_its_bound_leaves_out_where_that_was_bought(typed):
    question = "SELECT country, COUNT(*) AS n FROM usage GROUP BY 1"
    asked = ["--data", "usage.prepared", "--codebook", "usage.json", "--epsilon", "2"]
    prepare(typed, "--epsilon", "0")
    _, out, _ = typed("query", *asked, question)
    assert "is not known; preparing the data buys that once (lightwell dataset prepare)" in out
    prepare(typed, "--epsilon", "1")
    _, out, _ = typed("query", *asked, "--rows", "4", "--json", question)
    found = json.loads(out)
    check_schema("query-answer", found)
    # Children have 1 to 12 rows: beyond the first 4 lie 36 of 78.
    told = found["truncation"]
    assert told["low"] <= 36 / 78 <= told["high"]
    assert told["high"] - told["low"] < 0.4
    _, out, _ = typed("query", *asked, "--rows", "4", question)
    assert f"note: The bound leaves out {told['share']:.2%} of all rows of usage" in out
    code, out, _ = typed("query", "explain", *asked, "--rows", "4", "--json", question)
    explained = json.loads(out)
    check_schema("query-explanation", explained)
    assert (code, explained["truncation"]["share"]) == (0, pytest.approx(told["share"]))
    assert explained["suggested_rows"] in (8, 16)
    assert any(f"--rows {explained['suggested_rows']}" in note for note in explained["notes"])
    # The path is that of the prepared data, and no file of rows or sums is opened.
    assert "usage to rank 8" in explained["statements"][0]
    for place in Path("usage.prepared").rglob("*.parquet"):
        place.write_bytes(b"")
    assert typed("query", "explain", *asked, "--rows", "4", question)[0] == 0


def test_an_average_has_a_bound_of_its_own_and_says_how_far_it_is_moved(typed):
    code, out, _ = prepare(typed, "--epsilon", "1")
    assert code == 0
    assert "predicted to move AVG(minutes)" in out
    question = "SELECT AVG(minutes) AS m FROM usage"
    asked = ["--data", "usage.prepared", "--codebook", "usage.json", "--epsilon", "2"]
    _, out, _ = typed("query", *asked, "--rows", "2", "--json", question)
    found = json.loads(out)
    check_schema("query-answer", found)
    (told,) = found["truncation"]["averages"]
    # A child of n rows has 0.5, 1.5, ...: its mean is n / 2, so those with many rows have more.
    kept = sum(min(n, 2) * n / 2 for n in range(1, 13)) / sum(min(n, 2) for n in range(1, 13))
    every = sum(n * n / 2 for n in range(1, 13)) / sum(range(1, 13))
    assert told["low"] <= kept - every <= told["high"]
    assert told["high"] - told["low"] < 3
    assert found["rows"][0]["m"] == pytest.approx(kept, abs=0.3)
    _, out, _ = typed("query", "explain", *asked, "--json", question)
    explained = json.loads(out)
    check_schema("query-explanation", explained)
    assert explained["suggested_rows"] in (8, 16)
    assert any("AVG(minutes) errs by" in note for note in explained["notes"])


def test_a_folder_with_rows_per_child_alone_still_answers_and_pays_for_means_at_another_price_only(typed):
    prepare(typed)
    place, ledger = Path("usage.prepared/rows-per-child.json"), Path("nights-children.ledger.sqlite")
    bought = json.loads(place.read_text())["usage"]
    old = {name: value for name, value in bought.items() if name != "means"} | {"v": 1}
    place.write_text(json.dumps({"usage": old}))
    question = "SELECT AVG(minutes) AS m FROM usage"
    asked = [
        "--data",
        "usage.prepared",
        "--codebook",
        "usage.json",
        "--epsilon",
        "2",
        "--rows",
        "4",
        "--json",
    ]
    _, out, _ = typed("query", *asked, question)
    assert json.loads(out)["truncation"]["averages"] == []

    def count_charges():
        entries = ledger_stores.open_ledger(ledger).read_entries("nights-children")
        return [entry.kind for entry in entries].count("charged")

    before = count_charges()
    code, out, _ = prepare(typed)
    assert (code, count_charges()) == (0, before)
    assert "another --epsilon buys it" in out
    assert prepare(typed, "--epsilon", "0.5")[0] == 0
    assert count_charges() == before + 1
    assert json.loads(place.read_text())["usage"]["means"]
    place.write_text(json.dumps({"usage": {**bought, "v": 3}}))
    code, _, err = typed("query", *asked, question)
    assert code != 0
    assert "another version" in err


def test_rows_per_child_are_paid_for_once_and_not_at_all_for_epsilon_0(typed, tmp_path):
    assert prepare(typed, "--epsilon", "0")[0] == 0
    assert not (tmp_path / "nights-children.ledger.sqlite").exists()
    assert not (tmp_path / "usage.prepared" / "rows-per-child.json").exists()
    for _ in range(2):
        assert prepare(typed)[0] == 0
    ledger = ledger_stores.open_ledger(tmp_path / "nights-children.ledger.sqlite")
    kinds = [entry.kind for entry in ledger.read_entries("nights-children")]
    assert kinds.count("charged") == 1
    bought = json.loads((tmp_path / "usage.prepared" / "rows-per-child.json").read_text())
    assert bought["usage"]["nano_rho"] > 0


def test_prepared_data_are_not_given_away_as_dummy_data(typed):
    prepare(typed, "--epsilon", "0")
    asked = ["--codebook", "usage.json", "--epsilon", "1", "SELECT COUNT(*) FROM usage"]
    code, _, err = typed("query", "--dummy", "--data", "usage.prepared", *asked)
    assert code == 1
    assert "not given away" in err


def test_weeks_are_added_by_the_same_command_and_the_last_one_is_never_guessed(typed):
    """A folder of all weeks that a codebook will ever have could be given none."""
    usage = BOOK["tables"]["usage"]
    day = {"type": "date", "low": "2026-01-01", "high": "2030-12-31", "attested": "invented"}
    weekly = usage | {"partition": "day", "columns": usage["columns"] | {"day": day}}
    Path("usage.yaml").write_text(
        json.dumps(BOOK | {"tables": {"usage": weekly}})
        .replace('"2026-01-01"', "2026-01-01")
        .replace('"2030-12-31"', "2030-12-31")
    )
    for name, first in (("first", 2), ("second", 6)):
        duckdb.connect().execute(
            f"COPY (SELECT *, DATE '2026-01-0{first}' AS day FROM 'usage.parquet') TO '{name}.parquet'"
        )

    def prepare_week(name, *more):
        asked = ["--data", f"{name}.parquet", "--codebook", "usage.yaml", "--output", "weeks", *more]
        return typed("dataset", "prepare", *asked)

    code, _, err = prepare_week("first")
    assert (code, Path("weeks").exists()) == (1, False)
    assert "--through: usage is kept by week" in err
    assert prepare_week("first", "--through", "2026-01-04")[0] == 0
    code, out, err = prepare_week("second", "--through", "2026-01-11")
    assert code == 0, err
    assert "weeks is prepared through 2026-01-11" in out
    code, out, err = typed(
        "query",
        "explain",
        "--data",
        "weeks",
        "--codebook",
        "usage.yaml",
        "--epsilon",
        "1",
        "SELECT COUNT(*) FROM usage",
    )
    assert "At most 32 rows of one child count in each of 2 weeks" in out, err
