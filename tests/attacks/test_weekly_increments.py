"""Weekly increments: the difference between this week's answer and last week's is this week's children.

Reference: Dwork, Naor, Pitassi and Rothblum, STOC 2010 (continual observation); attack 8 of the field's list.
Twin: the one child who came this week, and its answer, from two exact counts.
Here: both weeks are paid from one budget and nothing is added up in parallel; a guess is right as epsilon allows.
"""

import attack_stage as stage

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
