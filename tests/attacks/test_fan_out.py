"""Join fan-out: a child's rows are multiplied by a join, past the bound that was put on rows.

Reference: FLEX's row-level sensitivity against a whole child (Johnson, Near and Song 2018); attack 12 of the list.
Twin: with weights counted before the join, one child moves a count by 1,600 rows where 8 were promised.
Here: by at most the declared bound, because rows are counted after every join; other joins are refused.
"""

import attack_stage as stage
import pytest

from lightwell.engines import sql
from lightwell.query import check, refusal

TEXT = "SELECT COUNT(*) AS n FROM usage AS a JOIN usage AS b ON a.child = b.child"
REFUSED = [
    "SELECT COUNT(*) FROM usage AS a, usage AS b",
    "SELECT COUNT(*) FROM usage AS a CROSS JOIN usage AS b",
    "SELECT COUNT(*) FROM usage AS a JOIN usage AS b ON a.school = b.school",
    "SELECT COUNT(*) FROM usage AS a JOIN usage AS b ON a.child = b.child OR TRUE",
    "SELECT COUNT(*) FROM usage AS a JOIN usage AS b ON a.child <> b.child",
    "SELECT COUNT(*) FROM usage AS a JOIN usage AS b ON a.child = b.grade",
    "SELECT COUNT(*) FROM usage AS a JOIN usage AS b USING (school)",
    "SELECT COUNT(*) FROM usage AS a NATURAL JOIN usage AS b",
    "SELECT COUNT(*) FROM usage AS a FULL JOIN usage AS b ON a.child = b.child",
    "SELECT COUNT(*) FROM usage AS a RIGHT JOIN usage AS b ON a.child = b.child",
    "SELECT COUNT(*) FROM usage AS a ASOF JOIN usage AS b ON a.child >= b.child",
    "SELECT COUNT(*) FROM usage JOIN schools ON schools.city",
    "SELECT COUNT(*) FROM schools",
    "SELECT COUNT(*) FROM usage, UNNEST([1, 2, 3])",
    "SELECT COUNT(*) FROM usage POSITIONAL JOIN schools",
    "SELECT UNNEST([1, 2]), COUNT(*) FROM usage",
]


def test_a_join_multiplies_a_childs_rows(tmp_path, monkeypatch):
    without = stage.write_files(tmp_path / "without", stage.make_rows())
    files = stage.write_files(tmp_path / "with", [*stage.make_rows(), *stage.make_victim(rows=40)])
    raw = stage.Raw(files).find(TEXT) - stage.Raw(without).find(TEXT)
    assert raw == 1600
    ((moved, most),) = stage.find_distances(files, without, TEXT, rows=8)
    assert 0.9 * most <= moved <= most
    with monkeypatch.context() as patch:
        patch.setattr(sql._Writer, "weigh_amount", lambda self, amount: amount)
        ((unweighed, _),) = stage.find_distances(files, without, TEXT, rows=8)
    assert unweighed == (1600 * 256) ** 2
    stage.show(
        "one child moves the count by 1,600", f"by {moved**0.5 / 256:.2f}, of {most**0.5 / 256:.0f} declared"
    )


@pytest.mark.parametrize("text", REFUSED)
def test_joins_on_anything_but_the_child_are_refused(text):
    with pytest.raises(refusal.QueryRefused):
        check.check_query(text, stage.make_codebook())
