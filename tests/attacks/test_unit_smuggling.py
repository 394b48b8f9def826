"""Unit smuggling: the column that names the child is shown, compared or computed with.

Reference: attack 13 of the field's list: what is not marked as private is taken as public.
Twin: one row for each child, by its name.
Here: each form is refused before any charge.
"""

import attack_stage as stage
import pytest

from lightwell.query import check, refusal

FORMS = [
    "SELECT child, COUNT(*) FROM usage GROUP BY child",
    "SELECT COUNT(*) FROM usage GROUP BY child",
    "SELECT COUNT(*) FROM usage GROUP BY child % 300",
    "SELECT COUNT(*) FROM usage WHERE child = 77",
    "SELECT COUNT(*) FROM usage WHERE child IN (77)",
    "SELECT COUNT(*) FROM usage WHERE child BETWEEN 77 AND 77",
    "SELECT COUNT(*) FROM usage WHERE NOT child <> 77",
    "SELECT COUNT(*) FROM usage WHERE CAST(child AS TEXT) LIKE '77'",
    "SELECT COUNT(*) FROM usage WHERE COALESCE(child, 0) = 77",
    "SELECT COUNT(*) FROM usage WHERE child = grade",
    "SELECT COUNT(*) FILTER (WHERE child = 77) FROM usage",
    "SELECT SUM(child) FROM usage",
    "SELECT AVG(CASE WHEN child = 77 THEN minutes ELSE 0 END) FROM usage",
    "SELECT MAX(child) FROM usage",
    "SELECT MEDIAN(child) FROM usage",
    "SELECT COUNT(DISTINCT child + 0) FROM usage",
    "SELECT COUNT(DISTINCT (child, grade)) FROM usage",
    "SELECT COUNT(*) FROM usage ORDER BY child",
    "SELECT COUNT(*) FROM usage HAVING MIN(child) = 77",
    "SELECT who, COUNT(*) FROM (SELECT child AS who, minutes FROM usage) AS x GROUP BY who",
    "SELECT COUNT(*) FROM (SELECT child AS who, child AS again FROM usage) AS x WHERE again = 77",
    "SELECT n, COUNT(*) FROM (SELECT child, MAX(child) AS n FROM usage GROUP BY child) AS x GROUP BY n",
    "SELECT COUNT(*) FROM (SELECT child, COUNT(*) AS n FROM usage GROUP BY child HAVING child = 77) AS x",
    "SELECT COUNT(*) FROM (SELECT child + 0 AS c, COUNT(*) AS n FROM usage GROUP BY child + 0) AS x",
    "SELECT COUNT(*) FROM usage JOIN schools ON usage.child = schools.school",
    "SELECT x.child, COUNT(*) FROM usage JOIN (SELECT child, grade AS g FROM usage) AS x ON usage.child = x.child GROUP BY x.child",
    "WITH x AS (SELECT child AS c, * FROM usage) SELECT c, COUNT(*) FROM x GROUP BY c",
    "WITH x AS (SELECT * EXCLUDE (grade) FROM usage) SELECT COUNT(*) FROM x WHERE child = 77",
    "SELECT COUNT(*) FROM usage WHERE HASH(child) % 2 = 0",
    "SELECT COUNT(*) FROM usage WHERE rowid = 5",
    "SELECT COUNT(*) FROM usage WHERE usage.child = 77",
    'SELECT COUNT(*) FROM usage WHERE "CHILD" = 77',
    "SELECT usage FROM usage",
    "SELECT COUNT(DISTINCT usage) FROM usage",
    "SELECT COLUMNS('child') FROM usage",
    "SELECT COUNT(*) FROM usage WHERE ROW(child) = ROW(77)",
    "SELECT COUNT(*) FROM usage AS u(a, b, c) WHERE a = 77",
]


def test_raw_sql_counts_one_child(tmp_path):
    raw = stage.Raw(stage.write_files(tmp_path, [*stage.make_rows(), *stage.make_victim()]))
    assert (stage.VICTIM, 3) in raw.ask(FORMS[0])
    stage.show("every child's number of rows, by name", f"{len(FORMS)} of {len(FORMS)} forms refused")


@pytest.mark.parametrize("text", FORMS)
def test_the_unit_is_never_a_value(text):
    with pytest.raises(refusal.QueryRefused):
        check.check_query(text, stage.make_codebook())
