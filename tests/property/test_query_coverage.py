"""95 % intervals hold the bounded quantity in 94 to 97 of 100 answers, for every aggregate.

Whole numbers under narrow noise are held a little more often, because the noise moves in whole steps, and a median
of whole numbers nearly always where one number is as common as the noise is wide. Never less often.
"""

import datetime
import math
import random

import duckdb as driver
import pytest
import query_runs

from lightwell.query import codebook

RUNS = 1000
CHILDREN = 12_000
ATTESTED = {"attested": "an invented source"}
BOOK = {
    "codebook": 1,
    "dataset": "invented-coverage",
    "population": "invented-children",
    "delta": 1e-7,
    "budget": {"epsilon": 10.0, "delta": 1e-6},
    "tables": {
        "usage": {
            "unit": "child",
            "rows_per_child": 8,
            **ATTESTED,
            "columns": {
                "band": {"type": "text", "values": ["young", "old"], "constant": True, "nulls": False, **ATTESTED},
                "day": {"type": "date", "low": datetime.date(2026, 1, 1), "high": datetime.date(2026, 1, 7), **ATTESTED},
                "minutes": {"type": "real", "low": 0, "high": 120, "step": 0.01, **ATTESTED},
                "messages": {"type": "integer", "low": 0, "high": 40, **ATTESTED},
                "tag": {"type": "text"},
            },
        }
    },
}  # fmt: skip
# A column of the answer is judged by its name: these move in whole steps, so they may be held more often.
QUERIES = {
    "sums": "SELECT COUNT(*) AS n, SUM(minutes) AS total FROM usage",
    "children": "SELECT COUNT(DISTINCT child) AS n, COUNT(DISTINCT FLOOR(minutes * 10)) AS kinds FROM usage",
    "means": "SELECT AVG(minutes) AS mean, AVG(messages > 20) AS share FROM usage",
    "spreads": "SELECT VARIANCE(minutes) AS variance, STDDEV(messages) AS deviation FROM usage",
    "quantiles": "SELECT MEDIAN(minutes) AS middle, QUANTILE(minutes, 0.9) AS high FROM usage",
    "whole quantiles": "SELECT MEDIAN(messages) AS middle FROM usage",
    "groups": "SELECT band, day, COUNT(*) AS n, COUNT(DISTINCT child) AS children FROM usage GROUP BY band, day",
    "arithmetic": "SELECT band, 100 * AVG(minutes) / 60 AS part, SUM(minutes) / COUNT(DISTINCT child) AS each "
    "FROM usage GROUP BY band",
    "per child": "SELECT AVG(n) AS mean, AVG(n > 3) AS share FROM "
    "(SELECT child, COUNT(*) AS n FROM usage GROUP BY child) AS per",
    "private keys": "SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag",
}
OVERCOVERED = {("whole quantiles", "middle")}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    dice, rows = random.Random(5), []
    for child in range(CHILDREN):
        for _ in range(dice.choice([1, 2, 5, 8, 20])):
            rows.append(
                (child, dice.choice(["young", "old"]), datetime.date(2026, 1, 1 + dice.randrange(7)),
                 min(dice.expovariate(1 / 30), 200), dice.randrange(45), f"tag {dice.randrange(4)}")
            )  # fmt: skip
    place = tmp_path_factory.mktemp("coverage") / "usage.csv"
    lines = ["child,band,day,minutes,messages,tag", *(",".join(map(str, row)) for row in rows)]
    place.write_text("\n".join(lines))
    parquet = place.with_suffix(".parquet")
    driver.connect().execute(f"COPY (SELECT * FROM '{place}') TO '{parquet}' (FORMAT parquet)")
    return {"usage": parquet}


def judge(files, name, runs):
    question = query_runs.Question(files, codebook.parse_codebook(BOOK), QUERIES[name])
    for column, (held, asked) in question.find_hits(runs).items():
        share = held / asked
        error = math.sqrt(0.95 * 0.05 / runs)
        print(f"{name}, {column}: {100 * share:.2f} % of {asked} intervals, sampling error {100 * error:.2f}")
        # Groups of one answer are counted as one run.
        assert not is_rare(runs, round((1 - share) * runs), 0.06), (name, column, share)
        if (name, column) not in OVERCOVERED:
            assert not is_rare(runs, round(share * runs), 0.97), (name, column, share)


def is_rare(runs, seen, chance):
    """Whether that many or more are seen by chance in fewer than one of 100,000 times.

    The normal curve would say so too often of a few runs: 51 of 60 at 95 % come up once in 400 columns.
    """
    tail = sum(math.comb(runs, n) * chance**n * (1 - chance) ** (runs - n) for n in range(seen, runs + 1))
    return tail < 1e-5


@pytest.mark.parametrize("name", QUERIES)
def test_intervals_hold_the_bounded_quantity(files, name):
    judge(files, name, 60)


@pytest.mark.full
@pytest.mark.parametrize("name", QUERIES)
def test_intervals_hold_the_bounded_quantity_in_a_thousand_runs(files, name):
    judge(files, name, RUNS)
