"""Timing: how long an answer takes, or how much work it is, tells of a row.

Reference: Haeberlen, Pierce and Narayan, USENIX Security 2011; Ratliff and Vadhan 2024.
Twin: raw SQL does ten million steps of work exactly when the victim is there.
Here: no form does work that a value asks for, and statements, their number and their text are the same for all data;
what is not promised: rows take time, so a hosted service answers on a fixed time grid only.
"""

import attack_stage as stage
import pytest

from lightwell.engines import duckdb
from lightwell.query import bound, check, refusal

# Work that hangs on a value of a row.
FORMS = [
    "SELECT COUNT(*) FROM usage WHERE CASE WHEN grade = 12 THEN (SELECT COUNT(*) FROM range(10000000)) > 0 ELSE TRUE END",
    "SELECT COUNT(*) FROM usage WHERE LENGTH(REPEAT(tag, grade * 100000)) > 0",
    "SELECT COUNT(*) FROM usage WHERE REGEXP_MATCHES(tag, '(a*)*b')",
    "SELECT COUNT(*) FROM usage WHERE tag SIMILAR TO '(a|aa)+$'",
    "SELECT COUNT(*) FROM usage WHERE LEN(RANGE(grade * 1000000)) > 0",
    "SELECT COUNT(*) FROM usage WHERE LIST_SUM(LIST_TRANSFORM(RANGE(grade), x -> x)) > 0",
    "SELECT COUNT(*) FROM usage, LATERAL (SELECT * FROM range(grade))",
    "SELECT COUNT(*) FROM usage WHERE SLEEP_MS(1000) IS NULL OR grade = 12",
    "WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 1000000) SELECT COUNT(*) FROM usage",
    "SELECT COUNT(*) FROM usage WHERE LEVENSHTEIN(tag, REPEAT('a', 10000)) > 0",
]


class Counted(duckdb.DuckDB):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.texts = []

    def _run(self, text, *more):
        self.texts.append(text)
        return super()._run(text, *more)


def test_raw_sql_works_when_the_victim_is_there(tmp_path):
    text = "SELECT SUM(LEN(RANGE(CASE WHEN grade = 12 THEN 10000000 ELSE 0 END))) FROM usage"
    work = {}
    for name, victim in (("with", stage.make_victim(rows=1)), ("without", [])):
        raw = stage.Raw(stage.write_files(tmp_path / name, [*stage.make_rows(children=50), *victim]))
        # The number of elements made is the work done.
        work[name] = raw.find(text)
    assert work == {"with": 10_000_000, "without": 0}
    stage.show(
        "10,000,000 steps with the victim, 0 without", f"{len(FORMS)} of {len(FORMS)} such forms refused"
    )


@pytest.mark.parametrize("text", FORMS)
def test_work_that_a_value_asks_for_is_refused(text):
    with pytest.raises(refusal.QueryRefused):
        check.check_query(text, stage.make_codebook())


@pytest.mark.parametrize(
    "text",
    [
        "SELECT COUNT(*) AS n FROM usage WHERE grade = 12",
        "SELECT tag, COUNT(*) AS n, MEDIAN(minutes) AS m FROM usage GROUP BY tag",
        "SELECT school, COUNT(DISTINCT child) AS n, COUNT(DISTINCT grade) AS m FROM usage GROUP BY school",
    ],
)
def test_statements_do_not_hang_on_data(tmp_path, text):
    book, seen = stage.make_codebook(), []
    for name, rows in (
        ("many", [*stage.make_rows(), *stage.make_victim()]),
        ("few", stage.make_victim(rows=1)),
        ("none", stage.make_rows(children=0)),
    ):
        engine = Counted(
            stage.write_files(tmp_path / name, [*rows, *stage.make_victim(rows=1)]), book, stage.NoDice()
        )
        engine._measure(bound.bind(check.check_query(text, book)))
        seen.append(engine.texts)
    assert seen[0]
    assert seen[0] == seen[1] == seen[2]
