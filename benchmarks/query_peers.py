"""Peers of private queries, each in an environment of its own that is made here, at the largest size it survives.

A peer is a name, what pip installs, and a program that reads a Parquet file and prints a line of JSON for each
of the four queries: seconds, or the reason why it cannot answer. Tried are all rows, then a tenth, then a
hundredth, each within a time limit; a peer that does not install is reported as such.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import report

# Rows of one child that count, as the product suggests for the largest size, and the price of each query.
ROWS = 128
_BEGIN = f"""
import datetime, json, sys, time
ROWS, EPSILON, DELTA = {ROWS}, 1.0, 1e-7
COUNTRIES = [f"C{{number:02}}" for number in range(30)]
BANDS = ["u10", "10-12", "13-15", "16-17", "18+"]
DAYS = [datetime.date(2026, 1, 5) + datetime.timedelta(days=day) for day in range(90)]

def ask(name, do):
    began = time.perf_counter()
    try:
        do()
        print(json.dumps([name, time.perf_counter() - began]), flush=True)
    except Exception as error:
        print(json.dumps([name, f"{{type(error).__name__}}: {{str(error)[:80]}}"]), flush=True)
"""
_OPENDP = """
import opendp.prelude as dp, polars as pl
dp.enable_features("contrib")

def open_context():
    data = pl.scan_parquet(sys.argv[1]).with_columns(pl.col("child").cast(pl.Int64))
    return dp.Context.compositor(
        data=data, privacy_unit=dp.unit_of(contributions=1, identifier="child"),
        privacy_loss=dp.loss_of(epsilon=EPSILON, delta=DELTA), split_evenly_over=1,
        margins=[dp.polars.Margin(by=["age_band"], max_length=100_000_000, max_groups=1000)],
    )

both = pl.LazyFrame([dict(country=one, age_band=two) for one in COUNTRIES for two in BANDS])
bands, days = pl.LazyFrame({"age_band": BANDS}), pl.LazyFrame({"date": DAYS})
minutes = pl.col("minutes").fill_null(0.0).fill_nan(0.0)
def rows(): return open_context().query().truncate_per_group(ROWS)
ask("a", lambda: rows().group_by("country", "age_band").agg(dp.len()).with_keys(both).release().collect())
ask("b", lambda: rows().group_by("age_band").agg(dp.len(), minutes.dp.sum((0.0, 300.0))).with_keys(bands).release().collect())
ask("c", lambda: rows().group_by("date").agg(pl.col("child").dp.n_unique()).with_keys(days).release().collect())
cuts = [float(minute) for minute in range(301)]
ask("d", lambda: rows().group_by("age_band").agg(minutes.dp.median(cuts)).with_keys(bands).release().collect())
"""
_SMARTNOISE = """
import pandas, snsql
table = pandas.read_parquet(sys.argv[1], columns=["child", "country", "age_band", "date", "minutes"])
table = table.rename(columns={"date": "on_day"})
table["on_day"] = table["on_day"].astype(str)
columns = {"child": {"type": "int", "private_id": True}, "country": {"type": "string"}, "age_band": {"type": "string"},
           "on_day": {"type": "string"}, "minutes": {"type": "float", "lower": 0, "upper": 300}}
meta = {"": {"d": {"usage": {"max_ids": ROWS, "rows": len(table), "censor_dims": False, **columns}}}}
reader = snsql.from_df(table, privacy=snsql.Privacy(epsilon=EPSILON, delta=DELTA), metadata=meta)
ask("a", lambda: reader.execute("SELECT country, age_band, COUNT(*) AS n FROM d.usage GROUP BY country, age_band"))
ask("b", lambda: reader.execute("SELECT age_band, AVG(minutes) AS n FROM d.usage GROUP BY age_band"))
ask("c", lambda: reader.execute("SELECT on_day, COUNT(DISTINCT child) AS n FROM d.usage GROUP BY on_day"))
ask("d", lambda: reader.execute("SELECT age_band, MEDIAN(minutes) AS n FROM d.usage GROUP BY age_band"))
"""
_PIPELINEDP = """
import pandas, pipeline_dp
table = pandas.read_parquet(sys.argv[1], columns=["child", "country", "age_band", "date", "minutes"])
rows = list(table.itertuples(index=False))

def aggregate(metric, key, keys, groups, most):
    accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=EPSILON, total_delta=DELTA)
    engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
    asked = pipeline_dp.AggregateParams(
        metrics=[metric], max_partitions_contributed=groups, max_contributions_per_partition=most,
        min_value=0, max_value=300, noise_kind=pipeline_dp.NoiseKind.GAUSSIAN,
    )
    reading = pipeline_dp.DataExtractors(
        privacy_id_extractor=lambda row: row.child, partition_extractor=key, value_extractor=lambda row: row.minutes
    )
    found = engine.aggregate(rows, asked, reading, public_partitions=keys)
    accountant.compute_budgets()
    return list(found)

metrics = pipeline_dp.Metrics
ask("a", lambda: aggregate(metrics.COUNT, lambda row: (row.country, row.age_band),
                           [(one, two) for one in COUNTRIES for two in BANDS], 1, ROWS))
ask("b", lambda: aggregate(metrics.MEAN, lambda row: row.age_band, BANDS, 1, ROWS))
ask("c", lambda: aggregate(metrics.PRIVACY_ID_COUNT, lambda row: row.date, DAYS, 90, 1))
ask("d", lambda: aggregate(metrics.PERCENTILE(50), lambda row: row.age_band, BANDS, 1, ROWS))
"""
_TUMULT = """
import os
os.environ["PYSPARK_PYTHON"] = sys.executable
from pyspark.sql import SparkSession
from pyspark.sql import functions as of
from tmlt.analytics import AddRowsWithID, KeySet, MaxRowsPerID, PureDPBudget, QueryBuilder, Session
spark = SparkSession.builder.master("local[2]").config("spark.driver.memory", "6g").config("spark.driver.host", "127.0.0.1").config("spark.ui.enabled", "false").getOrCreate()
spark.sparkContext.setLogLevel("ERROR")
table = spark.read.parquet(sys.argv[1]).select("child", "country", "age_band", "date", "minutes")
table = table.withColumn("minutes", of.col("minutes").cast("double"))
both = KeySet.from_dict({"country": COUNTRIES, "age_band": BANDS})
bands, days = KeySet.from_dict({"age_band": BANDS}), KeySet.from_dict({"date": DAYS})

def evaluate(build):
    session = Session.from_dataframe(PureDPBudget(EPSILON), "usage", table, protected_change=AddRowsWithID("child"))
    return session.evaluate(build(QueryBuilder("usage").enforce(MaxRowsPerID(ROWS))), PureDPBudget(EPSILON)).collect()

ask("a", lambda: evaluate(lambda query: query.groupby(both).count()))
ask("b", lambda: evaluate(lambda query: query.groupby(bands).average("minutes", 0.0, 300.0)))
ask("c", lambda: evaluate(lambda query: query.groupby(days).count_distinct(["child"])))
ask("d", lambda: evaluate(lambda query: query.groupby(bands).median("minutes", 0.0, 300.0)))
"""
# Name to what is installed, the package whose version is told, and the program.
PEERS = {
    "opendp": (["opendp[polars]==0.16.0"], "opendp", _OPENDP),
    "smartnoise": (["smartnoise-sql", "pyarrow"], "smartnoise-sql", _SMARTNOISE),
    "pipelinedp": (["pipeline-dp", "pandas", "pyarrow"], "pipeline-dp", _PIPELINEDP),
    "tumult": (["tmlt-analytics", "pyarrow"], "tmlt-analytics", _TUMULT),
}


def install(name: str, folder: Path) -> str:
    """Make a peer's environment, unless it is there; the reason where it cannot be made."""
    packages, _, _ = PEERS[name]
    if (folder / "ready").exists():
        return ""
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    done = subprocess.run(
        [str(folder / "bin" / "pip"), "install", "-q", *packages], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return next((line for line in done.stderr.splitlines() if line.startswith("ERROR")), "pip failed")[
            :90
        ]
    (folder / "ready").touch()
    return ""


def measure(found: report.Report, name: str, folder: Path, sizes: dict[int, Path], seconds: int) -> None:
    """Ask a peer the four queries at the largest size that it survives, and report each."""
    _, package, program = PEERS[name]
    place = folder / name
    if reason := install(name, place):
        found.add(f"{name}", "does not install", reason)
        return
    version = (
        subprocess.run(
            [str(place / "bin" / "pip"), "show", package], capture_output=True, text=True, check=False
        )
        .stdout.partition("Version: ")[2]
        .partition("\n")[0]
    )
    for rows in sorted(sizes, reverse=True):
        taken, why = _run(place, program, sizes[rows], seconds)
        if any(isinstance(one, float) for one in taken.values()):
            words = [
                f"({query}) {one * 1e3:,.0f} ms" if isinstance(one, float) else f"({query}) {one[:50]}"
                for query, one in taken.items()
            ]
            found.add(f"{package} {version}, {rows:,} rows", ", ".join(words), why)
            if len(taken) == 4:
                return
        else:
            found.add(f"{package} {version}, {rows:,} rows", "no answer", why)


def _run(place: Path, program: str, data: Path, seconds: int) -> tuple[dict[str, float | str], str]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    began = time.perf_counter()
    process = subprocess.Popen(
        [str(place / "bin" / "python"), "-W", "ignore", "-c", _BEGIN + program, str(data)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place, start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        # With what it has started: Spark is another process.
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        err = f"stopped after {seconds} s"
    said = [json.loads(line) for line in out.splitlines() if line[:1] == "["]
    taken: dict[str, float | str] = dict(said)
    whole = time.perf_counter() - began
    memory = max(before, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) / 2**20
    last = err.strip().splitlines()[-1][:70] if err.strip() else ""
    missing = f"; {last}" if len(taken) < 4 else ""
    return taken, f"{whole:.0f} s with loading, at most {memory:.1f} GiB{missing}"
