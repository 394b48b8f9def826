"""Null and NaN poisoning: one row of NaN, infinity or null that turns a whole answer.

Reference: measured: DuckDB's least(greatest(NaN, 0), 300) is 300, least(NULL, 3) is 3, 1/0 is infinity.
Twin: a mean of NaN and a sum of infinity tell that the row is there.
Here: no answer moves by more than its bound, whatever the row holds.
"""

import math

import attack_stage as stage
import pytest

POISON = {
    "NaN": {"minutes": math.nan},
    "infinity": {"minutes": math.inf},
    "the largest": {"minutes": 1.7e308, "messages": 2**63 - 1},
    "the smallest": {"minutes": -1.7e308, "messages": -(2**63)},
    "null": {
        "minutes": None,
        "messages": None,
        "sad": None,
        "day": None,
        "school": None,
        "tag": None,
        "grade": None,
    },
    "outside": {"school": "no such school", "grade": 99, "messages": -7},
}
TEXTS = [
    "SELECT AVG(minutes) AS n FROM usage",
    "SELECT SUM(minutes) AS n, SUM(messages) AS m FROM usage",
    "SELECT VARIANCE(minutes) AS n FROM usage",
    "SELECT MEDIAN(minutes) AS n FROM usage",
    "SELECT school, COUNT(minutes) AS n, COUNT(DISTINCT grade) AS m FROM usage GROUP BY school",
    "SELECT SUM(LEAST(GREATEST(minutes, 0), messages)) AS n FROM usage",
    "SELECT AVG(mean) AS n FROM (SELECT child, AVG(minutes) AS mean FROM usage GROUP BY child) AS x",
    "SELECT day, COUNT(*) AS n FROM usage GROUP BY day",
]


def test_one_row_turns_an_answer_of_raw_sql(tmp_path):
    told = []
    for name, row in POISON.items():
        raw = stage.Raw(
            stage.write_files(tmp_path / name, [*stage.make_rows(children=50), *stage.make_victim(**row)])
        )
        found = raw.try_asking("SELECT AVG(minutes) FROM usage")
        if isinstance(found, str) or not abs(found[0][0]) < 300:
            told.append(name)
    stage.show(
        f"the mean tells of {', '.join(told)}",
        f"no vector beyond its bound in {len(POISON) * len(TEXTS)} cases",
    )
    assert {"NaN", "infinity", "the largest"} <= set(told)


@pytest.mark.parametrize("text", TEXTS)
def test_no_row_moves_an_answer_beyond_its_bound(tmp_path, text):
    without = stage.write_files(tmp_path / "without", stage.make_rows(children=50))
    for name, row in POISON.items():
        files = stage.write_files(
            tmp_path / name, [*stage.make_rows(children=50), *stage.make_victim(rows=30, **row)]
        )
        for moved, most in stage.find_distances(files, without, text):
            assert moved <= most, name
        for row in stage.FreshEngine(files, stage.make_codebook()).ask(text):
            assert all(
                value is None or not isinstance(value, float) or math.isfinite(value)
                for value in row.values()
            )
