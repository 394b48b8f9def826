"""Differencing: two counts that differ by one child tell that child's answer.

Reference: Dinur and Nissim, PODS 2003; attack 1 of the field's list.
Twin: the victim's answer, exactly, from two counts.
Here: a guess that is right no more often than epsilon allows for both counts together.
"""

import attack_stage as stage

WITH = "SELECT COUNT(DISTINCT child) AS n FROM usage WHERE sad"
WITHOUT = WITH + " AND grade <> 12"


def test_two_counts_tell_the_victims_answer(tmp_path):
    right, runs = 0, 600
    asked = {}
    for sad in (True, False):
        files = stage.write_files(tmp_path / str(sad), [*stage.make_rows(), *stage.make_victim(sad=sad)])
        raw = stage.Raw(files)
        assert raw.find(WITH) - raw.find(WITHOUT) == sad
        asked[sad] = stage.FreshEngine(files, stage.make_codebook())
    for _ in range(runs // 2):
        for sad, engine in asked.items():
            one, other = (engine.ask(text, epsilon=0.5)[0]["n"] for text in (WITH, WITHOUT))
            right += (one - other > 0.5) == sad
    stage.show("right in 2 of 2", f"right in {right} of {runs}; a coin is right in {runs // 2}")
    assert right / runs <= stage.allow_luck(stage.find_limit(1.0), runs)
    assert right / runs >= 0.35
