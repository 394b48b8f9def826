"""Tracker: a count that is refused because it is small, put together from two that are not.

Reference: Denning, Denning and Schwartz, ACM TODS 1979.
Twin: whether the only child of grade 12 is sad, exactly, past a rule that refuses counts under 10.
Here: no small count is refused, so there is nothing to get past; a guess is right as often as epsilon allows.
"""

import attack_stage as stage
import pytest


class SmallCells(stage.Raw):
    """A system whose only defence is a rule about small cells."""

    def find(self, text):
        count = super().find(text)
        if count < 10:
            raise PermissionError("fewer than 10")
        return count


def test_two_large_counts_make_a_small_one(tmp_path):
    small = "SELECT COUNT(DISTINCT child) AS n FROM usage WHERE grade = 12 AND sad"
    padded, tracker = (
        f"SELECT COUNT(DISTINCT child) AS n FROM usage WHERE (messages < 30 AND grade <> 12){more}"
        for more in (" OR (grade = 12 AND sad)", "")
    )
    runs, right, engines = 600, 0, {}
    for sad in (True, False):
        files = stage.write_files(tmp_path / str(sad), [*stage.make_rows(), *stage.make_victim(sad=sad)])
        twin = SmallCells(files)
        with pytest.raises(PermissionError):
            twin.find(small)
        assert twin.find(padded) - twin.find(tracker) == sad
        engines[sad] = stage.FreshEngine(files, stage.make_codebook())
        # What the rule refuses is a question like any other here.
        engines[sad].ask(small)
    for _ in range(runs // 2):
        for sad, engine in engines.items():
            one, other = (engine.ask(text, epsilon=0.5)[0]["n"] for text in (padded, tracker))
            right += (one - other > 0.5) == sad
    stage.show("right in 2 of 2, past the rule", f"right in {right} of {runs}")
    assert right / runs <= stage.allow_luck(stage.find_limit(1.0), runs)
