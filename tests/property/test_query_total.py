"""Every expression that is accepted is total: it has a value or null for every row that could exist.

The value is the same on DuckDB and in plain Python, and within the domain that was worked out for it: on that
the bound of a child rests. Columns are as wide as a codebook can say; rows hold ends and what lies beyond.
"""

import datetime
import itertools
import math
import os
import random
import secrets

import duckdb
import pytest
import spec_tables

from lightwell.engines import reference, sql
from lightwell.query import check, codebook, expression, parse
from lightwell.query.refusal import QueryRefused

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))
BIG = 2**53 - 1
DAY, MOMENT = datetime.date, datetime.datetime
TEXTS = [
    "",
    " ",
    "%",
    "_",
    "a%b",
    "A_b",
    "it's",
    '"',
    "\\",
    "a\nb",
    "\t",
    "😀",
    "😀😀",
    "é",
    "e\u0301",
    "ß",
    "İ",
    "ǅ",
    "0",
]
SOURCE = {"attested": "an invented source"}


def column(kind, **rest):
    return {"type": kind, **SOURCE, **rest}


COLUMNS = {
    "big": column("integer", low=-BIG, high=BIG),
    "small": column("integer", low=-5, high=10),
    "count": column("integer", low=0, high=50, nulls=False),
    "zero": column("integer", low=0, high=0),
    "coded": column("integer", values=[-3, 0, 7, BIG]),
    "whole": column("integer"),
    "wide": column("real", low=-1e12, high=1e12, step=1000),
    "fine": column("real", low=-1, high=1, step=0.000001),
    "minutes": column("real", low=0, high=300, step=0.01),
    "real": column("real"),
    "ever": column("date", low=DAY(1, 1, 1), high=DAY(9999, 12, 31)),
    "late": column("date", low=DAY(2024, 2, 28), high=DAY(2024, 3, 1)),
    "fixed": column("date", values=[DAY(1970, 1, 1), DAY(2000, 2, 29)]),
    "born": column("date"),
    "happened": column("timestamp", low=MOMENT(1, 1, 1), high=MOMENT(9999, 12, 31, 23, 59, 59, 999999)),
    "begun": column("timestamp"),
    "listed": column("text", values=TEXTS),
    "free": column("text"),
    "flag": column("boolean"),
    "sure": column("boolean", nulls=False),
}
BOOK = codebook.parse_codebook(
    {
        "codebook": 1,
        "dataset": "nasty",
        "population": "nasty",
        "budget": {"epsilon": 1, "delta": 1e-6},
        "tables": {"t": {"unit": "child", "rows_per_child": 3, **SOURCE, "columns": COLUMNS}},
    }
)
NASTY = {
    "integer": [
        0,
        1,
        -1,
        2,
        7,
        -3,
        50,
        10,
        -5,
        BIG,
        -BIG,
        BIG + 1,
        2**31,
        -(2**31),
        2**63 - 1,
        -(2**63),
        None,
    ],
    "real": [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        2.5,
        0.005,
        1e-300,
        5e-324,
        1e12,
        -1e12,
        1e308,
        299.995,
        0.1,
        1 / 3,
        math.nan,
        math.inf,
        -math.inf,
        4.35,
        None,
    ],
    "date": [
        DAY(1, 1, 1),
        DAY(9999, 12, 31),
        DAY(1970, 1, 1),
        DAY(1969, 12, 31),
        DAY(2024, 2, 29),
        DAY(2000, 2, 29),
        DAY(1900, 2, 28),
        DAY(2020, 12, 31),
        DAY(2021, 1, 3),
        DAY(1, 1, 7),
        DAY(2026, 12, 28),
        None,
    ],
    "timestamp": [
        MOMENT(1, 1, 1),
        MOMENT(9999, 12, 31, 23, 59, 59, 999999),
        MOMENT(1970, 1, 1),
        MOMENT(1969, 12, 31, 23, 59, 59, 1),
        MOMENT(2024, 2, 29, 12),
        None,
    ],
    "text": [*TEXTS, "other", "A%B", "a\u0000b"[:1], None],
    "boolean": [True, False, None],
}
# What Python cannot hold, as DuckDB writes it.
BEYOND = {
    "date": ["'infinity'::DATE", "'-infinity'::DATE", "DATE '5000-01-01 (BC)'", "DATE '290000-12-31'"],
    "timestamp": ["'infinity'::TIMESTAMP", "'-infinity'::TIMESTAMP", "TIMESTAMP '290000-12-31 00:00:00'"],
}


@pytest.fixture(scope="module")
def nasty():
    dice = random.Random(7)
    connection = duckdb.connect()
    types = {name: spec_tables.TYPES[said["type"]] for name, said in COLUMNS.items()}
    connection.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in types.items())})")
    rows = []
    for place in range(90):
        row = {}
        for name, said in COLUMNS.items():
            values = NASTY[said["type"]]
            value = values[place] if place < len(values) else dice.choice(values)
            # A file whose column never is null is another one than the codebook's.
            row[name] = 0 if name == "count" and (value is None or abs(value) > BIG) else value
            row[name] = True if value is None and name == "sure" else row[name]
        rows.append(row)
    marks = ", ".join("?" for _ in types)
    connection.executemany(f"INSERT INTO t VALUES ({marks})", [list(row.values()) for row in rows])
    table = BOOK.tables["t"]
    columns = ", ".join(
        f'{sql.settle(sql.quote(one.name), one.domain)} AS "t0.{one.name}"' for one in table.columns.values()
    )
    connection.execute(f"CREATE TABLE settled AS SELECT {columns} FROM t")
    settled = [
        {f"t0.{one.name}": reference.settle(row[one.name], one.domain) for one in table.columns.values()}
        for row in rows
    ]
    return connection, settled, columns


def read(text):
    """An expression of the columns, or None where it is refused."""
    try:
        select = parse.parse_query(f"SELECT COUNT(*) FROM t WHERE ({text}) IS NULL")
        checker = check._Checker(BOOK, None, None)
        scope = checker.read_table(select.args["from_"].this)
        return checker.read_row(select.args["where"].this.this, scope)
    except (QueryRefused, check.Stop):
        return None


def same(one, other):
    if isinstance(one, float) and isinstance(other, float | int):
        return one == other or (math.isnan(one) and math.isnan(other))
    return one == other and (one is None) == (other is None)


def lies_in(value, of):
    if value is None:
        return of.has_null
    kinds = {
        "integer": type(value) is int,
        "real": type(value) is float,
        "boolean": type(value) is bool,
        "text": type(value) is str,
        "date": type(value) is DAY,
        "timestamp": type(value) is MOMENT,
    }
    inside = of.values is None or value in of.values
    if of.low is not None:
        inside = inside and of.low <= value
    return kinds[of.kind] and inside and (of.high is None or value <= of.high)


def judge(nasty, texts):
    """Each accepted text with what is wrong about it."""
    connection, rows, _ = nasty
    accepted = [(text, made) for text in texts if (made := read(text)) is not None]
    wrong = []
    for start in range(0, len(accepted), 40):
        batch = accepted[start : start + 40]
        written = ", ".join(
            f"{sql.write_expression(made)} AS x{place}" for place, (_, made) in enumerate(batch)
        )
        try:
            found = connection.execute(f"SELECT {written} FROM settled").fetchall()
        except duckdb.Error:
            for text, made in batch:
                try:
                    connection.execute(f"SELECT {sql.write_expression(made)} FROM settled").fetchall()
                except duckdb.Error as error:
                    wrong.append((text, "error", str(error)[:200]))
            continue
        for place, (text, made) in enumerate(batch):
            for row, answered in zip(rows, found, strict=True):
                meant = expression.evaluate(made, row)
                if not same(meant, answered[place]):
                    wrong.append((text, "differs", meant, answered[place], show(made, row)))
                    break
                if not lies_in(meant, made.domain):
                    wrong.append((text, "outside", meant, made.domain, show(made, row)))
                    break
    return wrong, len(accepted)


def show(made, row):
    return {one.name: row[one.name] for one in expression.list_fields(made)}


ONE = (
    "-{0}",
    "ABS({0})",
    "FLOOR({0})",
    "CEIL({0})",
    "ROUND({0})",
    "ROUND({0}, 2)",
    "ROUND({0}, 4)",
    "TRUNC({0})",
    "SIGN({0})",
    "{0} ** 2",
    "POWER({0}, 3)",
    "CAST({0} AS DOUBLE)",
    "{0}::INT",
    "{0} // 7",
    "{0} % 7",
    "{0} / 3",
    "{0} IS NULL",
    "NOT {0}",
    "{0} IS TRUE",
    "{0} IS NOT FALSE",
    "{0} BETWEEN 0 AND 7",
    "{0} IN (0, 7, -3)",
    "{0} IN (0.5, 0)",
    "NULLIF({0}, 0)",
    "NULLIF({0}, 0.5)",
    "COALESCE({0}, 5)",
    "COALESCE({0}, 0.5)",
    "LEAST({0}, 5)",
    "GREATEST({0}, 0.5)",
    "LEAST(GREATEST({0}, 0), 300)",
    "CASE WHEN {0} > 0 THEN {0} ELSE 0.5 END",
    "CASE WHEN {0} > 0 THEN {0} END",
    "{0} + 1",
    "{0} - 0.5",
    "{0} * 3",
    "1 / {0}",
    "{0} = 0",
    "{0} <> 0.1",
    "YEAR({0})",
    "QUARTER({0})",
    "MONTH({0})",
    "WEEK({0})",
    "DAY({0})",
    "DAYOFYEAR({0})",
    "ISODOW({0})",
    "DAYOFWEEK({0})",
    "HOUR({0})",
    "MINUTE({0})",
    "SECOND({0})",
    "DAYNAME({0})",
    "MONTHNAME({0})",
    "CAST({0} AS DATE)",
    "DATE_TRUNC('year', {0})",
    "DATE_TRUNC('quarter', {0})",
    "DATE_TRUNC('month', {0})",
    "DATE_TRUNC('week', {0})",
    "DATE_TRUNC('day', {0})",
    "{0} - DATE '2000-01-01'",
    "{0} + 1",
    "{0} - INTERVAL 1 WEEK",
    "DATE_DIFF('day', {0}, DATE '9999-12-31')",
    "{0} = '2024-02-29'",
    "{0} < TIMESTAMP '2000-01-01 12:00'",
    "{0} > DATE '1970-01-01'",
    "NULLIF({0}, '2000-02-29')",
    "COALESCE({0}, DATE '2000-01-01')",
    "NULLIF(NULL, {0})",
    "YEAR(NULLIF(NULL, {0}))",
    "DATE_TRUNC('quarter', NULLIF(NULL, {0}))",
    "FLOOR(COALESCE(NULL, {0}))",
    "{0} LIKE '%'",
    "{0} LIKE '_'",
    "{0} LIKE '%b'",
    "{0} LIKE 'a%b'",
    "{0} LIKE 'a_b'",
    "{0} LIKE ''",
    "{0} LIKE '%%_'",
    "{0} LIKE '\\\\'",
    "{0} LIKE '😀_'",
    "{0} LIKE 'it''s'",
    "{0} NOT LIKE '_%_'",
    "{0} = ''",
    "{0} <> '😀'",
    "{0} IN ('', 'ß')",
    "COALESCE({0}, '')",
    "NULLIF({0}, '%')",
    "LOWER({0})",
    "UPPER({0})",
    "LENGTH({0})",
    "TRIM({0})",
    "SUBSTRING({0}, 2, 1)",
    "LEFT({0}, 1)",
    "RIGHT({0}, 1)",
    "REPLACE({0}, 'a', '%')",
    "{0} ILIKE 'A%'",
    "{0} || '!'",
    "CONCAT('''', {0})",
    "STARTS_WITH({0}, 'a')",
    "ENDS_WITH({0}, 'b')",
    "CONTAINS({0}, '%')",
)
TWO = (
    "{0} + {1}",
    "{0} - {1}",
    "{0} * {1}",
    "{0} / {1}",
    "{0} = {1}",
    "{0} <> {1}",
    "{0} < {1}",
    "{0} >= {1}",
    "{0} IS DISTINCT FROM {1}",
    "{0} AND {1}",
    "{0} OR {1}",
    "LEAST({0}, {1})",
    "GREATEST({0}, {1})",
    "COALESCE({0}, {1})",
    "NULLIF({0}, {1})",
    "CASE WHEN {0} IS NULL THEN {1} ELSE {0} END",
    "CASE {0} WHEN {1} THEN 1 ELSE 0 END",
    "{0} BETWEEN {1} AND {0}",
    "DATE_DIFF('day', {0}, {1})",
    "IF({0} > {1}, {0}, {1})",
)


def test_every_function_of_one_column_is_total_and_means_the_same(nasty):
    wrong, count = judge(nasty, [form.format(name) for form, name in itertools.product(ONE, COLUMNS)])
    assert wrong == []
    assert count > 450


def test_every_function_of_two_columns_is_total_and_means_the_same(nasty):
    pairs = itertools.product(COLUMNS, COLUMNS)
    wrong, count = judge(nasty, [form.format(*pair) for form, pair in itertools.product(TWO, pairs)])
    assert wrong == []
    assert count > 1000


def write_random(dice, depth):
    if depth == 0:
        return dice.choice(
            [*COLUMNS, *COLUMNS, "0", "7", "0.5", "-3", "TRUE", "NULL", "'a%b'", "DATE '2000-01-01'"]
        )
    parts = [write_random(dice, dice.randrange(depth)) for _ in range(2)]
    return f"({dice.choice(ONE + TWO).format(*parts)})"


def judge_random(nasty, seed, count):
    dice, texts = random.Random(seed), []
    while len(texts) < count:
        text = write_random(dice, dice.choice([2, 2, 3, 3, 4]))
        if read(text) is not None:
            texts.append(text)
    wrong, _ = judge(nasty, texts)
    assert wrong == [], f"LIGHTWELL_QUERY_SEED={seed}"


def test_random_expressions_are_total_and_mean_the_same(nasty):
    judge_random(nasty, SEED, 200)


@pytest.mark.full
@pytest.mark.parametrize("share", range(10))
def test_many_random_expressions_are_total_and_mean_the_same(nasty, share):
    judge_random(nasty, SEED + 1000 * (share + 1), 500)


def test_dates_that_python_cannot_hold_are_brought_within_the_declared_ones(nasty):
    connection, _, _ = nasty
    for kind, texts in BEYOND.items():
        for name, said in COLUMNS.items():
            if said["type"] != kind:
                continue
            of = BOOK.tables["t"].columns[name].domain
            for text in texts:
                settled = connection.execute(
                    f"SELECT {sql.settle('x', of)} FROM (SELECT {text} AS x) AS one"
                ).fetchone()[0]
                assert settled is None or lies_in(settled, of), (name, text)
                assert settled is not None or of.high is None or of.values is not None
