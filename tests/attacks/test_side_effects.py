"""Side effects: functions, pragmas, files and other databases reached from inside a query.

Reference: DuckDB's page on securing ("SQL is code"); attack 14 of the field's list.
Twin: the content of a file on the server, and a copy of all rows in the attacker's folder.
Here: nothing; each is refused without an engine call, and the engine's own connection refuses them too.
"""

import attack_stage as stage
import duckdb as driver
import pytest

from lightwell.engines import dice, duckdb
from lightwell.query import check, refusal

TEXTS = [
    "SELECT content FROM read_text('{secret}')",
    "SELECT COUNT(*) FROM '{secret}'",
    "SELECT COUNT(*) FROM read_csv('{secret}')",
    "SELECT COUNT(*) FROM usage WHERE tag = (SELECT content FROM read_text('{secret}'))",
    "SELECT COUNT(*) FROM glob('/etc/*')",
    "SELECT COUNT(*) FROM duckdb_settings()",
    "SELECT COUNT(*) FROM information_schema.tables",
    "SELECT COUNT(*) FROM usage WHERE GETENV('HOME') = tag",
    "SELECT GETVARIABLE('x'), COUNT(*) FROM usage",
    "SELECT COUNT(*) FROM range(10)",
    "COPY usage TO '{place}'",
    "EXPORT DATABASE '{place}'",
    "ATTACH '{place}' AS other",
    "CREATE TABLE other AS SELECT * FROM usage",
    "CREATE MACRO f(x) AS x",
    "INSTALL httpfs",
    "LOAD httpfs",
    "PRAGMA database_list",
    "SET enable_external_access = true",
    "SET memory_limit = '1KB'",
    "RESET ALL",
    "CALL pragma_version()",
    "EXPLAIN ANALYZE SELECT COUNT(*) FROM usage",
    "DESCRIBE usage",
    "SUMMARIZE usage",
    "INSERT INTO usage SELECT * FROM usage",
    "DELETE FROM usage",
    "SELECT COUNT(*) FROM usage; SELECT 1",
    "SELECT COUNT(*) FROM usage TABLESAMPLE 1 ROWS",
    "SELECT COUNT(*) FROM usage WHERE RANDOM() < 0.5",
    "SELECT COUNT(*) FROM usage WHERE day < CURRENT_DATE",
    "SELECT NEXTVAL('s'), COUNT(*) FROM usage",
    "SELECT COUNT(*) FROM usage WHERE tag = VERSION()",
    "SELECT CURRENT_SETTING('access_mode'), COUNT(*) FROM usage",
    "SELECT COUNT(*) FROM usage, LATERAL (SELECT 1)",
    "SELECT QUERY('SELECT 1'), COUNT(*) FROM usage",
]


class NoEngine:
    """Fails when it is asked for anything."""

    version = "none"

    def __getattr__(self, name):
        raise AssertionError(f"the engine was asked for {name}")


def fill(tmp_path, text):
    secret, place = tmp_path / "secret.csv", tmp_path / "stolen"
    secret.write_text("word\nsecret-of-the-server\n")
    return text.format(secret=secret, place=place), place


def test_raw_sql_reads_and_writes_files(tmp_path):
    raw = stage.Raw(stage.write_files(tmp_path, stage.make_rows(children=20)))
    reading, _ = fill(tmp_path, TEXTS[0])
    writing, place = fill(tmp_path, "COPY usage TO '{place}'")
    assert "secret-of-the-server" in raw.find(reading)
    raw.ask(writing)
    assert place.is_file()
    stage.show(
        "the file's content, and a copy of all rows",
        f"{len(TEXTS)} of {len(TEXTS)} refused without an engine call",
    )


@pytest.mark.parametrize("text", TEXTS)
def test_side_effects_are_refused_without_an_engine_call(tmp_path, text):
    asked, place = fill(tmp_path, text)
    opened = stage.open_session(tmp_path, {}, engine=NoEngine())
    with pytest.raises(refusal.QueryRefused):
        opened.sql(asked, epsilon=1.0)
    with pytest.raises(refusal.QueryRefused):
        opened.explain(asked, epsilon=1.0)
    assert not place.exists()
    assert not any(one.kind == "charged" for one in opened.ledger.read_entries("invented-children"))


@pytest.mark.parametrize(
    "text", [TEXTS[0], TEXTS[1], TEXTS[4], TEXTS[10], TEXTS[11], TEXTS[12], TEXTS[15], TEXTS[18], TEXTS[19]]
)
def test_the_engines_own_connection_is_locked_as_well(tmp_path, text):
    files = stage.write_files(tmp_path, stage.make_rows(children=20))
    engine = duckdb.DuckDB(files, stage.make_codebook(), dice.OpenDP())
    asked, place = fill(tmp_path, text)
    with pytest.raises(driver.Error):
        engine._connection.cursor().execute(asked).fetchall()
    assert not place.exists()


def test_a_table_or_column_that_the_codebook_does_not_name_is_not_there():
    for text in ("SELECT COUNT(*) FROM diary", "SELECT COUNT(*) FROM usage WHERE address = 'x'"):
        with pytest.raises(refusal.QueryRefused):
            check.check_query(text, stage.make_codebook())
