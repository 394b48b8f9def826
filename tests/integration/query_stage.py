"""A small data set about invented children, its codebook, and the command line run in this process."""

import json
import sys

import duckdb

from lightwell.cli import main

CODEBOOK = """\
codebook: 1
dataset: invented-usage
population: invented-children
budget: {epsilon: 3, delta: 1e-6}
sample: true
tables:
  usage:
    unit: child
    rows_per_child: 6
    attested: invented for this test
    columns:
      band: {type: text, values: [10-12, 13-15, 16-17], constant: true, nulls: false, attested: the same}
      day: {type: date, low: 2026-01-01, high: 2026-01-14, attested: the same}
      minutes: {type: real, low: 0, high: 300, step: 0.01, attested: the same}
      night: {type: boolean}
      score: {type: integer}
      tag: {type: text}
"""
ROWS = """
    SELECT CAST(i // 5 AS BIGINT) AS child, ['10-12', '13-15', '16-17'][1 + (i // 5) % 3] AS band,
        DATE '2026-01-01' + CAST(i % 14 AS INTEGER) AS day,
        CAST((i * 37 % 30000) / 100.0 AS DOUBLE) AS minutes,
        i % 4 = 0 AS night, CAST(i % 9 AS INTEGER) AS score, 'tag' || i % 7 AS tag
    FROM range(20000) AS numbers(i)
"""


def write_stage(folder):
    """Write `usage.parquet`, `usage.csv` and `usage.yaml`; 20,000 rows of 4,000 children."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE usage AS {ROWS}")
    connection.execute(f"COPY usage TO '{folder}/usage.parquet' (FORMAT parquet, ROW_GROUP_SIZE 4096)")
    connection.execute(f"COPY usage TO '{folder}/usage.csv'")
    (folder / "usage.yaml").write_text(CODEBOOK)


def run(monkeypatch, capsys, *words):
    """Type a command; returns its exit code, what it printed and what it said on standard error."""
    monkeypatch.setattr(sys, "argv", ["lightwell", *map(str, words)])
    code = 0
    try:
        main.main()
    except SystemExit as end:
        code = end.code or 0
    said = capsys.readouterr()
    return code, said.out, said.err


def run_json(monkeypatch, capsys, *words):
    code, out, err = run(monkeypatch, capsys, *words, "--json")
    assert code == 0, err
    return json.loads(out)
