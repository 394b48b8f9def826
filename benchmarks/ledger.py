"""How many charges a second are on disk: SQLite and PostgreSQL, beside the flushes of the same disk.

    .venv/bin/python benchmarks/ledger.py [--charges 3000]

A charge is what a private query pays before it touches data: `Ledger.charge` as the product calls it,
digests, rules and the commit included, on disk when it returns. Printed beside it: flushes a second of 4 KiB
on the same disk in the same run, which is what one process could do at best, and for PostgreSQL the same
server's transactions of one bare row. Several processes each ask for a grant of their own of one population,
so that they all wait for one lock; the sum must be right, or the run fails. Needs PostgreSQL's programs
(tests/integration/postgres_fixture.py starts a server of its own); without them its rows are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

import report

from lightwell.base import canonical
from lightwell.engines import ledger_stores
from lightwell.query import ledger
from lightwell.query.cost import Cost

GOAL = "goal 500/s"
GOAL_REPEATED = "goal 5 ms"
PROCESSES = (2, 8)
FLUSH_SECONDS = 2.0
PRICE = Cost(1)
PLAN = canonical.compute_digest({"plan": 1})
# A release of a few groups with intervals, as the engine keeps it.
ANSWER = b'{"rows": [["12-13", 15230], ["14-15", 16011]], "intervals": [[15118, 15342]]}' * 20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--charges", type=int, default=3000, help="charges of each row")
    options = parser.parse_args()
    has_driver = importlib.util.find_spec("psycopg") is not None
    has_server = has_driver and shutil.which("initdb") is not None
    folder = Path(tempfile.mkdtemp(prefix="lightwell-ledger-"))
    try:
        with report.Report("ledger", ("psycopg",) if has_driver else ()) as found:
            found.add(
                "flushes of this disk, 4 KiB each", f"{measure_flushes(folder):,.0f}/s", "the limit of one"
            )
            measure_store(found, "SQLite", str(folder / "ledger.db"), options.charges)
            if not has_server:
                print("PostgreSQL: left out, its driver or its programs are not installed")
                return
            sys.path.insert(0, str(report.ROOT / "tests" / "integration"))
            from postgres_fixture import run_server

            with run_server() as make_database:
                place = make_database("ledger")
                rate = measure_bare_rows(place, options.charges)
                found.add(
                    "transactions of one bare row, this PostgreSQL", f"{rate:,.0f}/s", "its limit of one"
                )
                measure_store(found, "PostgreSQL", place, options.charges)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def measure_store(found: report.Report, name: str, place: str, charges: int) -> None:
    """Charge from one process, then from several; keep answers; ask again; verify all of it."""
    opened = ledger_stores.open_ledger(place)
    opened.open_population("kids", Cost(10**9), by="benchmark")
    opened.open_grant("kids", "one", by="benchmark")
    opened.close()
    found.add(f"{name}: charges, one process", f"{charge_many(place, 'one', charges):,.0f}/s", GOAL)
    for count in PROCESSES:
        rate = charge_together(place, count, charges)
        found.add(f"{name}: charges, {count} processes on one population", f"{rate:,.0f}/s", GOAL)
    opened = ledger_stores.open_ledger(place)
    kept = charges // 5
    started = time.perf_counter()
    for number in range(kept):
        request = make_request("one", ["kept", number])
        opened.keep_answer(opened.charge(request), request.key, ANSWER)
    rate = kept / (time.perf_counter() - started)
    found.add(f"{name}: charges with their answer kept, {len(ANSWER):,} bytes each", f"{rate:,.0f}/s")
    times = []
    for number in range(kept):
        request = make_request("one", ["kept", number])
        started = time.perf_counter()
        answer = opened.charge(request)
        times.append((time.perf_counter() - started) * 1000)
        if answer != ledger.Answer(ANSWER):
            raise SystemExit(f"{name} did not hand out the answer that was kept")
    half, last = statistics.median(times), report.cut(times)[1]
    found.add(
        f"{name}: the same question again, median and 99th percentile",
        f"{half:.2f}, {last:.2f} ms",
        GOAL_REPEATED,
    )
    started = time.perf_counter()
    (population,) = opened.verify()
    taken = time.perf_counter() - started
    found.add(f"{name}: verify, {population.entries:,} entries", f"{taken:.2f} s")
    opened.close()
    expected = charges * (1 + len(PROCESSES)) + kept
    if population.balance.used != Cost(expected * PRICE.nano_rho):
        raise SystemExit(f"{name} says {population.balance.used}, and {expected} charges were made")


def make_request(grant: str, name: object) -> ledger.Request:
    key = ledger.compute_key(plan=name, path="cube", bounds={}, cost=PRICE, data_version="v1")
    return ledger.Request("kids", grant, "v1", key, PLAN, PRICE)


def charge_many(place: str, grant: str, count: int, start: float = 0.0) -> float:
    """Charge for so many questions, from a moment on; returns charges a second."""
    opened = ledger_stores.open_ledger(place, is_new=False)
    opened.read_balance("kids")
    requests = [make_request(grant, [os.getpid(), time.time(), number]) for number in range(count)]
    time.sleep(max(0.0, start - time.time()))
    started = time.perf_counter()
    for request in requests:
        opened.charge(request)
    rate = count / (time.perf_counter() - started)
    opened.close()
    return rate


def charge_together(place: str, count: int, charges: int) -> float:
    """Charge from several processes at once; returns charges a second of all, until the last is done."""
    opened = ledger_stores.open_ledger(place)
    names = [f"of-{count}-{number}" for number in range(count)]
    for name in names:
        opened.open_grant("kids", name, by="benchmark")
    opened.close()
    # The last takes what the division leaves over, so that the sum is the number asked for.
    shares = [charges // count] * (count - 1) + [charges - charges // count * (count - 1)]
    context = multiprocessing.get_context("spawn")
    start = time.time() + 2 + count * 0.5
    with context.Pool(count) as pool:
        tasks = [(place, name, share, start) for name, share in zip(names, shares, strict=True)]
        pool.starmap(charge_many, tasks, chunksize=1)
        return charges / (time.time() - start)


def measure_flushes(folder: Path) -> float:
    """Flushes per second of this disk: 4 KiB written and flushed, again and again."""
    with open(folder / "flush", "wb") as file:
        started, count = time.perf_counter(), 0
        while time.perf_counter() - started < FLUSH_SECONDS:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            count += 1
        return count / (time.perf_counter() - started)


def measure_bare_rows(place: str, count: int) -> float:
    """Transactions per second of the server that insert one row and do nothing else."""
    import psycopg

    with psycopg.connect(place, autocommit=True) as connection:
        connection.execute("CREATE TABLE bare (number integer, text text)")
        started = time.perf_counter()
        for number in range(count):
            connection.execute("INSERT INTO bare VALUES (%s, %s)", (number, "x" * 900))
        return count / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
