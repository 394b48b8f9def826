"""Group-key leakage: a group that exists because of one child, shown with any number beside it.

Reference: Wilson et al., PoPETs 2020 (thresholding); CWI's extension has no key protection in its elastic mode.
Twin: the victim's own words as the name of a group, with raw SQL and with the engine without its threshold.
Here: never in 2,000 answers, and how many groups stayed hidden is not said.
"""

import attack_stage as stage
import pytest

from lightwell.query import check, refusal

TEXT = "SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag"


def test_a_group_shows_its_only_child(tmp_path):
    files = stage.write_files(tmp_path, [*stage.make_rows(), *stage.make_victim(rows=40)])
    assert stage.SECRET in {row[0] for row in stage.Raw(files).ask(TEXT)}
    engine = stage.FreshEngine(files, stage.make_codebook())
    assert stage.SECRET in {row["tag"] for row in engine.ask(TEXT, threshold=False)}
    runs = 2000
    shown = 0
    for _ in range(runs):
        names = {row["tag"] for row in engine.ask(TEXT, epsilon=4.0, groups=1)}
        shown += stage.SECRET in names
        assert names <= {"tag0", "tag1", "tag2", "tag3", stage.SECRET}
    stage.show("shown in 2 of 2 answers", f"shown in {shown} of {runs} answers")
    assert shown == 0


def test_a_group_is_not_made_by_asking_for_it():
    # A private key under a condition that only one child meets is below the threshold like any other.
    book = stage.make_codebook()
    assert check.check_query(
        TEXT.replace(" GROUP", f" WHERE tag = '{stage.SECRET}' GROUP"), book
    ).has_private_keys
    with pytest.raises(refusal.QueryRefused):
        check.check_query("SELECT minutes, COUNT(*) AS n FROM usage GROUP BY minutes", book)
