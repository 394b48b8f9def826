"""Weekly increments: the difference between this week's answer and last week's is this week's children.

Reference: Dwork, Naor, Pitassi and Rothblum, STOC 2010 (continual observation); attack 8 of the field's list.
Twin: the one child who came this week, and its answer, from two exact counts; with ranks made anew each week, a
child's new rows push its old ones out of the bound, so that an answer about last week changes.
Here: both weeks are paid from one budget and nothing is added up in parallel; a guess is right as epsilon allows, and
a week that is added leaves every figure of the weeks before as it was.
"""

import copy
import datetime

import attack_stage as stage

from lightwell.engines import preparation, prepared
from lightwell.query import bound, check, codebook

TEXT = "SELECT COUNT(DISTINCT child) AS n FROM usage WHERE sad"


def test_the_difference_of_two_weeks_is_a_child(tmp_path):
    last = stage.write_files(tmp_path / "last", stage.make_rows())
    runs, right, engines = 600, 0, {}
    for sad in (True, False):
        files = stage.write_files(tmp_path / str(sad), [*stage.make_rows(), *stage.make_victim(sad=sad)])
        assert stage.Raw(files).find(TEXT) - stage.Raw(last).find(TEXT) == sad
        engines[sad] = stage.FreshEngine(files, stage.make_codebook())
    before = stage.FreshEngine(last, stage.make_codebook())
    for _ in range(runs // 2):
        for sad, engine in engines.items():
            right += (
                engine.ask(TEXT, epsilon=0.5)[0]["n"] - before.ask(TEXT, epsilon=0.5)[0]["n"] > 0.5
            ) == sad
    stage.show("right in 2 of 2", f"right in {right} of {runs}")
    assert right / runs <= stage.allow_luck(stage.find_limit(1.0), runs)


def test_two_weeks_cost_the_sum_of_both(tmp_path):
    used = []
    for week in range(2):
        files = stage.write_files(tmp_path / str(week), stage.make_rows(children=40 + week))
        opened = stage.open_session(tmp_path, files)
        opened.sql(TEXT, epsilon=0.5)
        used.append(opened.ledger.read_balance("invented-children").balance.used.nano_rho)
    assert used[1] == 2 * used[0]


def measure_prepared(folder, book, text):
    """The exact vector of a question, before noise."""
    engine = prepared.Prepared(folder, book, stage.NoDice(), threads=1)
    plan = check.check_query(text, book)
    return engine._measure(bound.bind(plan, engine.choose_path(plan), engine.find_spread(plan)))


def test_a_week_that_was_added_changes_nothing_that_an_old_week_says(tmp_path):
    """Ranks made anew would let a child's rows of this week push its rows of last week out of the bound."""
    text = "SELECT COUNT(*) AS n FROM usage WHERE day < DATE '2026-01-05' AND sad"
    old = [{**row, "day": datetime.date(2026, 1, 2)} for row in stage.make_rows()]
    old += stage.make_victim(rows=8, day=datetime.date(2026, 1, 2))
    new = stage.make_victim(rows=40, day=datetime.date(2026, 1, 6))
    before = stage.write_files(tmp_path / "before", old)
    after = stage.write_files(tmp_path / "after", old + new)
    added = stage.write_files(tmp_path / "added", new)

    # The twin: everything is ranked anew each week.
    book, seen = stage.make_codebook(), []
    for name, files in (("one", before), ("two", after)):
        preparation.prepare(files, book, tmp_path / name, salt="aa", threads=1)
        seen.append(measure_prepared(tmp_path / name, book, text))
    pushed_out = seen[0][()][0][0] - seen[1][()][0][0]
    assert pushed_out > 0

    tables = copy.deepcopy(stage.BOOK["tables"])
    tables["usage"]["partition"] = "day"
    weekly, folder, seen = codebook.parse_codebook({**stage.BOOK, "tables": tables}), tmp_path / "weeks", []
    preparation.prepare(before, weekly, folder, through=datetime.date(2026, 1, 4), salt="aa", threads=1)
    seen.append(measure_prepared(folder, weekly, text))
    preparation.add_weeks({"usage": added["usage"]}, weekly, folder, datetime.date(2026, 1, 11), threads=1)
    seen.append(measure_prepared(folder, weekly, text))
    stage.show(f"{pushed_out} of last week's rows are gone", "the same vector")
    assert seen[0] == seen[1]


def test_weeks_that_were_added_share_one_budget(tmp_path):
    tables = copy.deepcopy(stage.BOOK["tables"])
    tables["usage"]["partition"] = "day"
    book = codebook.parse_codebook({**stage.BOOK, "tables": tables})
    rows = list(stage.make_rows())
    first = stage.write_files(tmp_path / "first", [row for row in rows if row["day"].day < 5])
    later = stage.write_files(tmp_path / "later", [row for row in rows if row["day"].day >= 5])
    folder, used = tmp_path / "weeks", []
    preparation.prepare(first, book, folder, through=datetime.date(2026, 1, 4), threads=1)
    for week in range(2):
        if week:
            preparation.add_weeks(
                {"usage": later["usage"]}, book, folder, datetime.date(2026, 1, 14), threads=1
            )
        engine = prepared.Prepared(folder, book, stage.dice.OpenDP(), threads=1)
        stage.open_session(tmp_path, first, book=book, engine=engine).sql(TEXT, epsilon=0.5)
        ledger = stage.ledger_stores.open_ledger(tmp_path / "ledger.sqlite")
        used.append(ledger.read_balance("invented-children").balance.used.nano_rho)
    assert used[1] == 2 * used[0]
