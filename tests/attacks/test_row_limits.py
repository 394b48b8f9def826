"""Row limits and order: a limit, an order or an extreme that shows single rows, or changes with one.

Reference: attack 11 of the field's list; extremes as one child's own value.
Twin: the victim's minutes, from MAX and from ORDER BY with LIMIT 1.
Here: refused over rows; over an answer they are read off numbers that were released already.
"""

import attack_stage as stage
import pytest

from lightwell.query import check, refusal

ROWS = [
    "SELECT minutes FROM usage ORDER BY minutes DESC LIMIT 1",
    "SELECT * FROM usage LIMIT 1",
    "SELECT tag FROM usage WHERE grade = 12",
    "SELECT MAX(minutes) FROM usage",
    "SELECT MIN(day), COUNT(*) FROM usage",
    "SELECT FIRST(tag) FROM usage",
    "SELECT ANY_VALUE(minutes) FROM usage",
    "SELECT LIST(tag) FROM usage",
    "SELECT STRING_AGG(tag, ',') FROM usage",
    "SELECT ARG_MAX(grade, minutes) FROM usage",
    "SELECT MODE(tag) FROM usage",
    "SELECT COUNT(*) FROM (SELECT * FROM usage ORDER BY minutes DESC LIMIT 1) AS x",
    "SELECT COUNT(*) FROM (SELECT * FROM usage OFFSET 10) AS x",
    "SELECT AVG(m) FROM (SELECT child, minutes AS m FROM usage QUALIFY ROW_NUMBER() OVER (ORDER BY minutes DESC) = 1) AS x",
    "SELECT COUNT(*) OVER (ORDER BY minutes) FROM usage",
    "SELECT DISTINCT minutes FROM usage",
    "SELECT COUNT(*) FROM usage GROUP BY tag HAVING MAX(minutes) > 249",
    "SELECT school, COUNT(*) FROM usage GROUP BY school ORDER BY MAX(minutes)",
    "SELECT MAX(n) FROM (SELECT grade, COUNT(*) AS n FROM usage GROUP BY grade) AS x",
    "SELECT COUNT(*) FROM usage UNION ALL SELECT minutes FROM usage",
    "SELECT COUNT(*) FROM usage WHERE minutes = (SELECT MAX(minutes) FROM usage)",
    "SELECT COUNT(*) FROM usage WHERE EXISTS (SELECT 1 FROM usage WHERE grade = 12)",
    "SELECT COUNT(*) FROM usage WHERE grade IN (SELECT grade FROM usage WHERE sad)",
    "FROM usage",
]


def test_raw_sql_shows_the_largest_row(tmp_path):
    raw = stage.Raw(stage.write_files(tmp_path, [*stage.make_rows(), *stage.make_victim()]))
    assert raw.find(ROWS[0]) == raw.find(ROWS[3]) == 250.0
    stage.show("250 minutes, the victim's", f"{len(ROWS)} of {len(ROWS)} forms refused")


@pytest.mark.parametrize("text", ROWS)
def test_single_rows_are_refused(text):
    with pytest.raises(refusal.QueryRefused):
        check.check_query(text, stage.make_codebook())


def test_order_and_limit_see_released_numbers_only(tmp_path):
    files = stage.write_files(tmp_path, stage.make_rows(children=30))
    engine, orders = stage.FreshEngine(files, stage.make_codebook()), set()
    for _ in range(60):
        rows = engine.ask(
            "SELECT school, COUNT(*) AS n FROM usage GROUP BY school HAVING COUNT(*) > -999 ORDER BY n DESC",
            epsilon=0.1,
        )
        assert [row["n"] for row in rows] == sorted((row["n"] for row in rows), reverse=True)
        orders.add(tuple(row["school"] for row in rows))
    # An order of exact numbers would always be the same.
    assert len(orders) > 1
