"""Budget reset: a new version, a joined table, another name, another grant: each with a fresh budget.

Reference: attacks 4 and 8 of the field's list (colluding researchers; peers keep budgets per session or per user).
Twin: a budget for each version: ten weekly versions of the same rows answer ten times, and the noise averages out.
Here: one population pays for all of them: three versions answer, then nothing does, whoever asks.
"""

import attack_stage as stage
import pytest

from lightwell.base import errors
from lightwell.engines import duckdb, ledger_stores

TEXT = "SELECT COUNT(*) AS n FROM usage WHERE grade = 12"
WEEKS = 10
# Three answers at this price use up a budget of epsilon 2 at delta 5e-7, in rho.
PRICE = 1.0


def ask_each_week(folder, make_session):
    """How many of the weekly versions were answered."""
    answered = []
    for week in range(WEEKS):
        # Each week the file is written anew with one more row of another child: a new version.
        more = [{**row, "child": 900 + week} for row in stage.make_victim(rows=1, tag=None, grade=1)]
        files = stage.write_files(
            folder / str(week), [*stage.make_rows(children=40), *stage.make_victim(), *more]
        )
        try:
            answered.append(make_session(week, files).sql(TEXT, epsilon=PRICE).rows[0]["n"])
        except errors.Refused:
            continue
    return answered


def test_a_new_version_brings_a_new_budget(tmp_path):
    def open_twin(week, files):
        (tmp_path / f"ledger-{week}").mkdir()
        return stage.open_session(tmp_path / f"ledger-{week}", files)

    twin = ask_each_week(tmp_path / "twin", open_twin)
    here = ask_each_week(tmp_path / "here", lambda week, files: stage.open_session(tmp_path, files))
    stage.show(
        f"{len(twin)} of {WEEKS} versions answered",
        f"{len(here)} of {WEEKS} versions answered, for everybody together",
    )
    assert len(twin) == WEEKS
    assert 1 <= len(here) <= 4


def test_another_grant_shares_the_population(tmp_path):
    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    ledger = ledger_stores.open_ledger(tmp_path / "ledger.sqlite")
    answered = 0
    for number in range(WEEKS):
        opened = stage.open_session(tmp_path, files, ledger=ledger, grant=f"researcher-{number}")
        try:
            opened.sql(f"SELECT COUNT(*) AS n FROM usage WHERE grade <> {number + 20}", epsilon=PRICE)
            answered += 1
        except errors.Refused:
            continue
    balance = ledger.read_balance("invented-children").balance
    assert 1 <= answered <= 4
    assert balance.used.fits_within(balance.cap)


def test_the_same_data_under_another_name_are_refused(tmp_path):
    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    ledger = ledger_stores.open_ledger(tmp_path / "ledger.sqlite")
    stage.open_session(tmp_path, files, ledger=ledger).sql(TEXT, epsilon=0.5)
    other = stage.make_codebook(population="other-children")
    with pytest.raises(errors.Refused, match="belong to the population"):
        stage.open_session(tmp_path, files, ledger=ledger, book=other).sql(TEXT, epsilon=0.5)


def test_a_joined_table_is_paid_from_the_same_budget(tmp_path):
    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    opened = stage.open_session(tmp_path, files)
    before = opened.ledger.read_balance("invented-children").balance.used.nano_rho
    opened.sql("SELECT COUNT(*) AS n FROM usage AS a JOIN usage AS b ON a.child = b.child", epsilon=0.5)
    opened.sql("SELECT COUNT(*) AS n FROM usage AS a JOIN schools AS s ON a.school = s.school", epsilon=0.5)
    used = opened.ledger.read_balance("invented-children").balance.used.nano_rho - before
    assert used == 2 * opened.ledger.read_entries("invented-children")[2].cost.nano_rho


def test_a_file_that_changes_under_its_version_answers_nothing(tmp_path):
    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    opened = stage.open_session(tmp_path, files)
    stage.write_files(tmp_path, [*stage.make_rows(children=41), *stage.make_victim()])
    with pytest.raises(errors.Damaged, match="changed"):
        opened.sql(TEXT, epsilon=0.5)
    assert isinstance(opened.engine, duckdb.DuckDB)
