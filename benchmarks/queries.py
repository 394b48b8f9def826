"""Private queries beside the raw ones and beside peers: 10 million rows of 500,000 invented children.

Four queries, (a) rows by country and age band, (b) average minutes by age band, (c) distinct children by day, (d)
median minutes by age band, and more drawn by --seed: other columns, filters, look-ups, sub-queries per child.
Each is asked in full (parse, durable charge, statement, noise, intervals) of the prepared data, of the same
data by rank alone, of a file clustered by child and of an unsorted one; beside it, in turns, DuckDB answers
the raw query on the unsorted Parquet file without any privacy. A figure is the least of several rounds, in
wall and in processor time. Peers run in environments of their own under var/bench (--peers), each at the
largest size that it survives within the time limit; theirs is a result of its own (query_peers).

    .venv/bin/python benchmarks/queries.py [--children 500000] [--seed 1] [--queries 40] [--peers opendp,...]
"""

from __future__ import annotations

import argparse
import datetime
import math
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import query_peers
import report

from lightwell.engines import duckdb as engines
from lightwell.engines import ledger_stores, preparation
from lightwell.engines.dice import OpenDP
from lightwell.engines.prepared import Prepared
from lightwell.query import check, codebook, cost, layout
from lightwell.query.session import Session

FIRST_DAY = datetime.date(2026, 1, 5)
COUNTRIES = [f"C{number:02}" for number in range(30)]
BANDS = ["u10", "10-12", "13-15", "16-17", "18+"]
DEVICES = ["phone", "tablet", "laptop", "console"]
DELTA = 1e-7
# The rows of a child fall off like a power of their number: mean 20, one in a hundred above 71.
FEWEST, TAIL = 13, 2.69
QUERIES = {
    "a": "SELECT country, age_band, COUNT(*) AS n FROM usage GROUP BY country, age_band",
    "b": "SELECT age_band, AVG(minutes) AS n FROM usage GROUP BY age_band",
    "c": "SELECT date, COUNT(DISTINCT child) AS n FROM usage GROUP BY date",
    "d": "SELECT age_band, MEDIAN(minutes) AS n FROM usage GROUP BY age_band",
}
NAMES = {"a": "rows by country and age", "b": "average by age", "c": "children by day", "d": "median by age"}
ACCURACY = {"a": 0.02, "b": 0.001, "c": 0.001, "d": 0.005}


def make_codebook(partition: str = "") -> codebook.Codebook:
    def column(kind: str, **more: Any) -> dict[str, Any]:
        return {"type": kind, "attested": "invented", "nulls": False, **more}

    columns = {
        "country": column("text", values=COUNTRIES, constant=True),
        "age_band": column("text", values=BANDS, constant=True),
        "date": column("date", low=FIRST_DAY, high=FIRST_DAY + datetime.timedelta(days=89)),
        "minutes": column("real", low=0, high=300, step=0.01),
        "messages": column("integer", low=0, high=200),
        "night": column("boolean"),
        "device": column("text", values=DEVICES),
        "sad": column("boolean"),
    }
    regions = {"country": column("text"), "region": column("text", values=["north", "south", "islands"])}
    return codebook.parse_codebook(
        {
            "codebook": 1,
            "dataset": "bench-usage",
            "population": "bench-children",
            "delta": DELTA,
            "budget": {"epsilon": 20.0, "delta": 1e-5},
            "tables": {
                "usage": {
                    "unit": "child",
                    "rows_per_child": 512,
                    "attested": "invented",
                    "partition": partition,
                    "columns": columns,
                },
                "regions": {"public": True, "key": "country", "columns": regions},
            },
        }
    )


def make_data(folder: Path, children: int, seed: int) -> dict[str, Path]:
    """Invent the rows, unsorted and clustered by child, unless they are there."""
    places = {name: folder / f"{name}.parquet" for name in ("unsorted", "clustered", "regions")}
    if all(place.exists() for place in places.values()):
        return places
    folder.mkdir(parents=True, exist_ok=True)

    def draw(*of: str) -> str:
        return f"((hash({', '.join(of)}, {seed}) % 4294967296)::DOUBLE + 0.5) / 4294967296"

    connection = duckdb.connect()
    connection.execute("SET memory_limit = '6GB'; SET preserve_insertion_order = false")
    connection.execute(
        f"""CREATE TABLE children AS SELECT i AS child,
        FLOOR({FEWEST} * POW({draw("i", "1")}, -1 / {TAIL}))::INTEGER AS rows,
        FLOOR(30 * POW({draw("i", "2")}, 1.25))::INTEGER AS home, FLOOR(5 * {draw("i", "3")})::INTEGER AS band
        FROM range({children}) AS numbers(i)"""
    )
    connection.execute(
        f"""CREATE TABLE usage AS SELECT child, ({COUNTRIES})[home + 1] AS country, ({BANDS})[band + 1] AS age_band,
        DATE '{FIRST_DAY}' + FLOOR(90 * {draw("child", "j", "5")})::INTEGER AS date,
        -LN({draw("child", "j", "6")}) * (15 + 6 * band) AS minutes,
        LEAST(200, FLOOR(-LN({draw("child", "j", "7")}) * 12))::INTEGER AS messages,
        {draw("child", "j", "8")} < 0.12 AS night,
        ({DEVICES})[1 + FLOOR(4 * POW({draw("child", "j", "9")}, 1.5))::INTEGER] AS device,
        {draw("child", "j", "10")} < 0.2 AS sad
        FROM children, UNNEST(range(rows)) AS numbers(j)"""
    )
    for name, order in (("unsorted", "hash(child, date, minutes)"), ("clustered", "child")):
        connection.execute(
            f"COPY (SELECT * FROM usage ORDER BY {order}) TO '{places[name]}' (FORMAT parquet, COMPRESSION zstd)"
        )
    regions = ", ".join(
        f"('{country}', '{('north', 'south', 'islands')[place % 3]}')"
        for place, country in enumerate(COUNTRIES)
    )
    connection.execute(
        f"COPY (SELECT * FROM (VALUES {regions}) AS r(country, region)) TO '{places['regions']}'"
    )
    return places


# --- random queries -----------------------------------------------------------------------------------------


def write_query(dice: random.Random) -> str:
    """A query that DuckDB and Lightwell both read, with other columns, filters, look-ups or sub-queries."""
    form = dice.choices(["rows", "look-up", "per child"], [6, 1.5, 2.5])[0]
    first = FIRST_DAY + datetime.timedelta(days=dice.randrange(60))
    last = first + datetime.timedelta(days=dice.choice([6, 13, 29]))
    filters = [
        f"u.date BETWEEN DATE '{first}' AND DATE '{last}'",
        "u.night",
        "NOT u.sad",
        f"u.device = '{dice.choice(DEVICES)}'",
        f"u.age_band IN ('{BANDS[1]}', '{BANDS[2]}')",
        f"u.minutes > {dice.randrange(5, 90)}",
        f"u.messages BETWEEN {dice.randrange(5)} AND {dice.randrange(8, 60)}",
        f"u.country IN ({', '.join(repr(one) for one in sorted(dice.sample(COUNTRIES, 5)))})",
    ]
    where = dice.sample(filters, dice.choice([0, 1, 1, 2]))
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    if form == "per child":
        inner = f"SELECT u.child, COUNT(*) AS n, AVG(u.minutes) AS mean, COUNT_IF(u.night) AS nights FROM usage AS u{condition} GROUP BY u.child"
        return dice.choice(
            [
                f"SELECT COUNT(*) AS x FROM ({inner}) AS p WHERE p.nights > {dice.randrange(1, 5)}",
                f"SELECT AVG(p.n) AS x FROM ({inner}) AS p",
                f"SELECT MEDIAN(p.mean) AS x FROM ({inner}) AS p WHERE p.n > {dice.randrange(1, 10)}",
                f"SELECT CASE WHEN p.n > 20 THEN 'many' ELSE 'few' END AS k, COUNT(*) AS x FROM ({inner}) AS p GROUP BY 1",
            ]
        )
    keys = [
        "u.country",
        "u.age_band",
        "u.date",
        "u.night",
        "u.device",
        "u.sad",
        "DATE_TRUNC('week', u.date)",
        "FLOOR(u.minutes / 30)",
    ]
    source = "usage AS u"
    if form == "look-up":
        source, keys = "usage AS u JOIN regions AS r ON u.country = r.country", ["r.region", *keys[1:6]]
    grouped = dice.sample(keys, dice.choice([0, 1, 1, 2]))
    figures = ["COUNT(*)", "AVG(u.minutes)", "SUM(u.messages)", "AVG(u.messages)", "MEDIAN(u.minutes)",
               "QUANTILE(u.messages, 0.9)", "COUNT(DISTINCT u.child)", "COUNT_IF(u.sad)"]  # fmt: skip
    listed = [
        f"{figure} AS x{place}" for place, figure in enumerate(dice.sample(figures, dice.choice([1, 1, 2])))
    ]
    named = [f"{key} AS k{place}" for place, key in enumerate(grouped)]
    text = f"SELECT {', '.join([*named, *listed])} FROM {source}{condition}"
    return text + (f" GROUP BY {', '.join(str(place + 1) for place in range(len(named)))}" if named else "")


# --- measuring ------------------------------------------------------------------------------------------------


@dataclass
class Times:
    """The least wall and processor seconds of several runs."""

    wall: float = math.inf
    processor: float = math.inf

    def run(self, do: Callable[[], Any]) -> Any:
        wall, processor = time.perf_counter(), _count_processor()
        found = do()
        self.wall = min(self.wall, time.perf_counter() - wall)
        self.processor = min(self.processor, _count_processor() - processor)
        return found

    def over(self, raw: Times) -> str:
        return f"{self.wall / raw.wall:.2f}x ({self.processor / raw.processor:.2f}x)"


def _count_processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


class Asker:
    """Asks queries in full, each at a price of its own so that none is answered from what was kept."""

    def __init__(self, engine: engines.DuckDB, folder: Path, name: str) -> None:
        self.engine, self.folder, self.name, self.asked = engine, folder, name, 0
        self.session = self._open()

    def _open(self) -> Session:
        place = self.folder / f"{self.name}-{self.asked}.sqlite"
        ledger = ledger_stores.open_ledger(place)
        cap = cost.Cost(50 * cost.NANO_RHO_PER_RHO, 10**9)
        ledger.open_population("bench-children", cap, by="bench")
        ledger.open_grant("bench-children", "owner", cap, by="bench")
        return Session(self.engine, self.engine._codebook, ledger)

    def suggest(self, text: str, *, epsilon: float = 1.0) -> int | None:
        """The bound on rows that the product suggests for a query; None where it has none to bound."""
        return self.session.explain(text, epsilon=epsilon).suggested_rows

    def ask(self, text: str, *, rows: int | None, epsilon: float = 1.0) -> Any:
        self.asked += 1
        if self.asked % 1500 == 0:
            self.session = self._open()
        return self.session.sql(text, epsilon=epsilon - self.asked * 1e-7, rows=rows)


def find_error(release: Any, exact: Sequence[tuple[Any, ...]]) -> float:
    """The mean over groups of the relative error against the raw answer."""
    truth = {tuple(str(part) for part in row[:-1]): row[-1] for row in exact}
    errors = []
    for row in release.rows:
        *keys, value = (row[name] for name in release.columns)
        true = truth[tuple(str(key) for key in keys)]
        errors.append(abs(float(value or 0) - true) / abs(true))
    return statistics.fmean(errors)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--children", type=int, default=500_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--queries", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--fresh", action="store_true", help="prepare anew; without, a folder is used again")
    parser.add_argument("--peers", default=",".join(query_peers.PEERS), help="names, or none")
    parser.add_argument("--peer-seconds", type=int, default=300)
    options = parser.parse_args()
    folder = report.CACHE / "queries" / f"{options.children}"
    places = make_data(folder, options.children, 7)
    with (
        report.Report("queries", ("duckdb", "sqlglot", "opendp")) as found,
        tempfile.TemporaryDirectory(prefix="lightwell-queries-") as scratch,
    ):
        measure(found, options, folder, places, Path(scratch))
    if options.peers != "none":
        # A result of their own: they take long, and ours are measured again more often.
        with report.Report("query_peers") as found:
            measure_peers(found, options)


def measure_peers(found: report.Report, options: argparse.Namespace) -> None:
    """Ask each peer at all rows, a tenth and a hundredth, whichever is the largest that it survives."""
    sizes = {}
    for children in (options.children, options.children // 10, options.children // 100):
        places = make_data(report.CACHE / "queries" / f"{children}", children, 7)
        rows = duckdb.sql(f"SELECT COUNT(*) FROM '{places['unsorted']}'").fetchall()[0][0]
        sizes[rows] = places["unsorted"]
    for name in options.peers.split(","):
        query_peers.measure(found, name, report.CACHE / "peers", sizes, options.peer_seconds)


def prepare(
    found: report.Report, folder: Path, places: dict[str, Path], *, is_fresh: bool, rows: int
) -> Path:
    """Prepare in a process of its own, whose memory is then its own too."""
    prepared = folder / "prepared"
    if is_fresh or not (prepared / preparation.MANIFEST).exists():
        shutil.rmtree(prepared, ignore_errors=True)
    program = (
        "import sys, time, resource; from pathlib import Path; sys.path.insert(0, sys.argv[1]);"
        "import queries; from lightwell.engines import preparation; began = time.perf_counter();"
        "preparation.prepare({'usage': sys.argv[2], 'regions': sys.argv[3]}, queries.make_codebook(), Path(sys.argv[4]));"
        "used = resource.getrusage(resource.RUSAGE_SELF);"
        "print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss)"
    )
    if not prepared.exists():
        command = [
            sys.executable,
            "-c",
            program,
            str(Path(__file__).parent),
            str(places["unsorted"]),
            str(places["regions"]),
            str(prepared),
        ]
        wall, processor, memory = map(
            float, subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        )
        size = sum(file.stat().st_size for file in prepared.rglob("*") if file.is_file())
        found.add("preparation, processor time a row", f"{processor / rows * 1e6:.1f} µs", "goal 4 µs")
        found.add("preparation, time", f"{wall:.0f} s", f"{processor:.0f} s of processor time")
        found.add("preparation, memory", f"{memory / 2**20:.2f} GiB", "limit 4 GiB")
        source = places["unsorted"].stat().st_size
        found.add("preparation, disk", f"{size / 2**20:.0f} MiB", f"the file itself {source / 2**20:.0f} MiB")
    return prepared


def measure(
    found: report.Report, options: argparse.Namespace, folder: Path, places: dict[str, Path], scratch: Path
) -> None:
    book = make_codebook()
    raw = duckdb.connect()
    raw.execute(f"CREATE VIEW usage AS SELECT * FROM read_parquet('{places['unsorted']}')")
    raw.execute(f"CREATE VIEW regions AS SELECT * FROM read_parquet('{places['regions']}')")
    rows = raw.execute("SELECT COUNT(*) FROM usage").fetchall()[0][0]
    found.add("rows, children", f"{rows:,}, {options.children:,}", "unsorted Parquet, zstd")
    prepared = Prepared(
        prepare(found, folder, places, is_fresh=options.fresh, rows=rows), book, OpenDP(), memory="6GB"
    )
    asker = Asker(prepared, scratch, "prepared")
    # A folder that is used again may hold what an earlier version bought; this run buys its own.
    prepared.histograms = {}
    bought = preparation.buy_histograms(prepared, asker.session.ledger, epsilon=0.15, grant="owner")["usage"]
    rest = cost.find_rho(1.0, DELTA) - bought.nano_rho
    left = cost.find_epsilon(rest, DELTA) - 1e-6
    files = {
        name: {"usage": places[name], "regions": places["regions"]} for name in ("clustered", "unsorted")
    }
    others = {
        name: Asker(engines.DuckDB(one, book, OpenDP(), memory="6GB"), scratch, name)
        for name, one in files.items()
    }
    measure_four(found, options.rounds, raw, asker, others, left)
    measure_drawn(found, options, raw, asker)
    measure_repeated(found, asker)
    measure_weeks(found, options.rounds, raw, asker, folder, places, scratch)


def measure_weeks(
    found: report.Report,
    rounds: int,
    raw: Any,
    whole: Asker,
    folder: Path,
    places: dict[str, Path],
    scratch: Path,
) -> None:
    """The same rows kept by week: the last week added, and a question about it."""
    book, prepared = make_codebook("date"), folder / "weekly"
    shutil.rmtree(prepared, ignore_errors=True)
    last = FIRST_DAY + datetime.timedelta(days=89)
    monday = last - datetime.timedelta(days=last.weekday() + 7)
    sunday = monday + datetime.timedelta(days=6)
    files = {}
    for name, days in (
        ("before", f"< DATE '{monday}'"),
        ("week", f"BETWEEN DATE '{monday}' AND DATE '{sunday}'"),
    ):
        files[name] = folder / f"{name}.parquet"
        raw.execute(f"COPY (SELECT * FROM usage WHERE date {days}) TO '{files[name]}' (FORMAT parquet)")
    tables = {"usage": files["before"], "regions": places["regions"]}
    preparation.prepare(tables, book, prepared, through=monday - datetime.timedelta(days=1))
    added = Times()
    added.run(lambda: preparation.add_weeks({"usage": files["week"]}, book, prepared, sunday))
    rows = raw.execute(f"SELECT COUNT(*) FROM '{files['week']}'").fetchall()[0][0]
    found.add(
        f"a week of {rows:,} rows added to {len(layout.list_weeks(book.tables['usage'], monday)) - 1} weeks",
        f"{added.wall:.1f} s",
        f"{added.processor / rows * 1e6:.1f} µs of processor time a row; no file is written again",
    )
    weekly = Asker(Prepared(prepared, book, OpenDP(), memory="6GB"), scratch, "weekly")
    text = QUERIES["a"].replace(
        "FROM usage", f"FROM usage WHERE date BETWEEN DATE '{monday}' AND DATE '{sunday}'"
    )
    most = whole.suggest(text)
    times = {name: Times() for name in ("raw", "one folder", "by week")}
    for _ in range(rounds):
        times["raw"].run(lambda: raw.execute(text).fetchall())
        with by_rank(whole.engine), by_rank(weekly.engine):
            times["one folder"].run(lambda: whole.ask(text, rows=most))
            times["by week"].run(lambda: weekly.ask(text, rows=most))
    found.add("(a) of one week: raw", f"{times['raw'].wall * 1e3:.0f} ms", "on the unsorted file")
    for name in ("one folder", "by week"):
        label = f"(a) of one week: prepared {'in' if name == 'one folder' else ''} {name}, by rank"
        found.add(
            label.replace("  ", " "), times[name].over(times["raw"]), f"{times[name].wall * 1e3:.1f} ms"
        )


def measure_four(
    found: report.Report,
    rounds: int,
    raw: Any,
    asker: Asker,
    others: dict[str, Asker],
    epsilon: float,
) -> None:
    ratios: dict[str, list[float]] = {"prepared": [], "rank": []}
    goals = {"prepared": "goal 1.2x", "rank": "goal 1.2x", "clustered": "goal 3.5x", "unsorted": "goal 8x"}
    # Files that are not prepared buy nothing, so nothing is suggested for them but what counts go by.
    plain = asker.suggest(QUERIES["a"], epsilon=epsilon)
    for name, text in QUERIES.items():
        times = {one: Times() for one in ("raw", "prepared", "rank", "clustered", "unsorted")}
        errors = []
        exact: list[tuple[Any, ...]] = []
        rows = asker.suggest(text, epsilon=epsilon)
        for turn in range(rounds):
            exact = times["raw"].run(lambda text=text: raw.execute(text).fetchall())
            release = times["prepared"].run(
                lambda text=text, rows=rows: asker.ask(text, rows=rows, epsilon=epsilon)
            )
            errors.append(find_error(release, exact))
            with by_rank(asker.engine):
                times["rank"].run(lambda text=text, rows=rows: asker.ask(text, rows=rows, epsilon=epsilon))
            if turn < 2:
                for one, other in others.items():
                    times[one].run(
                        lambda text=text, other=other: other.ask(text, rows=plain, epsilon=epsilon)
                    )
        label = f"({name}) {NAMES[name]}"
        found.add(
            f"{label}: raw",
            f"{times['raw'].wall * 1e3:.0f} ms",
            "DuckDB, not private; below as multiples, wall (processor)",
        )
        bound = "no rows to bound" if rows is None else f"{rows} rows a child"
        found.add(f"{label}: bound that the product suggests", bound, "bought at epsilon 0.15, within the 1")
        plan = check.check_query(text, asker.engine._codebook, rows=rows)
        chosen = asker.engine.choose_path(plan)
        found.add(
            f"{label}: prepared, by {chosen}",
            times["prepared"].over(times["raw"]),
            f"{times['prepared'].wall * 1e3:.1f} ms; goal {'10 ms' if chosen == 'cube' else '1.2x'}",
        )
        for one in ("rank", "clustered", "unsorted"):
            found.add(
                f"{label}: {one if one != 'rank' else 'prepared, by rank'}",
                times[one].over(times["raw"]),
                goals[one],
            )
        found.add(
            f"{label}: error, truncation included",
            f"{statistics.fmean(errors):.2%}",
            f"goal {ACCURACY[name]:.1%}",
        )
        for one, list_ in ratios.items():
            list_.append(times[one].wall / times["raw"].wall)
    for one, list_ in ratios.items():
        found.add(
            f"(a) to (d), {'prepared' if one == 'prepared' else 'prepared, by rank'}, geometric mean",
            f"{statistics.geometric_mean(list_):.2f}x",
            "goal 0.5x",
        )


class by_rank:
    """The engine without its cubes, for as long as the context lasts."""

    def __init__(self, engine: Any) -> None:
        self.engine = engine

    def __enter__(self) -> None:
        choose = self.engine.choose_path
        self.engine.choose_path = lambda plan: "rank" if choose(plan) == "cube" else choose(plan)

    def __exit__(self, *_: object) -> None:
        del self.engine.choose_path


def measure_drawn(found: report.Report, options: argparse.Namespace, raw: Any, asker: Asker) -> None:
    dice = random.Random(options.seed)
    book = asker.engine._codebook
    ratios: list[tuple[float, float, str, str]] = []
    while len(ratios) < options.queries:
        text = write_query(dice)
        most = asker.suggest(text)
        chosen = asker.engine.choose_path(check.check_query(text, book, rows=most))
        times, plain = Times(), Times()
        for _ in range(max(1, options.rounds - 2)):
            plain.run(lambda text=text: raw.execute(text).fetchall())
            times.run(lambda text=text, most=most: asker.ask(text, rows=most))
        ratios.append((times.wall / plain.wall, times.processor / plain.processor, chosen, text))
        print(
            f"  {chosen:<9} {ratios[-1][0]:6.2f}x ({ratios[-1][1]:5.2f}x) of {plain.wall * 1e3:5.0f} ms  {text}",
            flush=True,
        )
    walls, processors = [one[0] for one in ratios], [one[1] for one in ratios]
    found.add(
        f"{len(ratios)} drawn queries, prepared, geometric mean",
        f"{statistics.geometric_mean(walls):.2f}x ({statistics.geometric_mean(processors):.2f}x)",
        f"goal 1.0x; seed {options.seed}",
    )
    worst = max(ratios)
    found.add("drawn queries, worst", f"{worst[0]:.2f}x", f"by {worst[2]}: `{worst[3].replace('|', '')}`")
    for path in ("cube", "rank", "weighted"):
        own = [one[0] for one in ratios if one[2] == path]
        mean = f"geometric mean {statistics.geometric_mean(own):.2f}x" if own else "none"
        found.add(f"drawn queries, by {path}", f"{len(own)} of {len(ratios)}", mean)
    missed = sum(one[2] != "cube" for one in ratios)
    found.add(
        "drawn queries that no cube can serve",
        f"{missed / len(ratios):.0%}",
        "other columns, bounds of values, per child",
    )


def measure_repeated(found: report.Report, asker: Asker) -> None:
    text, times = QUERIES["b"], []
    rows = asker.suggest(text, epsilon=0.5)
    asker.session.sql(text, epsilon=0.5, rows=rows)
    for _ in range(200):
        began = time.perf_counter()
        asker.session.sql(text, epsilon=0.5, rows=rows)
        times.append(time.perf_counter() - began)
    half, most = report.cut(times)
    found.add("repeated query", f"{half * 1e3:.1f} ms", f"goal 5 ms; 99 of 100 within {most * 1e3:.1f} ms")


if __name__ == "__main__":
    main()
