"""What each edition changed of the one before: real editions, a million points, fifty million, beside plain
pandas.

The simulated editions have Meta's columns: series of apps, policy areas and metrics over quarters, each
edition one quarter longer, a hundredth of the past changed and some of it dropped; dice are seeded.
Measured is the command as a user starts it, from files to counts: time on the clock, CPU time and peak
memory of its process. The peer is what an analyst writes with pandas: `read_csv`, numbers made of the
printed values, one outer `merge` a step, in a process of its own on the same files; both must give the same
counts. `pip install pandas` first, else its rows are left out.

    .venv/bin/python benchmarks/figures.py [--points 1000000] [--large [--large-points 50000000]]
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import random
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import report

SHARED = report.ROOT.parent / "shared" / "data" / "transparency-disclosures"
LIGHTWELL = Path(sys.executable).with_name("lightwell")
METRICS = ("Content Actioned", "Content Appealed", "Content Restored with appeal", "Proactive rate")
APPS = ("Alpha", "Beta", "Gamma", "Delta")
FIRST_YEAR, QUARTERS = 2015, 25
GOAL_SHARED, GOAL_MILLION, GOAL_LARGE = "goal 20 s", "goal 10 s", "goal 4 GB"
# Starts the command given to it and prints what it cost: the children's own peak, so it does nothing else.
METER = """
import json, resource, subprocess, sys, time
started = time.monotonic()
done = subprocess.run(sys.argv[1:], stdout=subprocess.PIPE, check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
taken = time.monotonic() - started
print(json.dumps([taken, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, done.stdout.decode()]))
"""
PEER = """
import json, sys
import pandas
KEY = ["app", "policy_area", "metric", "period"]
def read(path):
    frame = pandas.read_csv(path, dtype=str, keep_default_na=False)
    plain = frame["value"].str.rstrip("%").str.replace(",", "")
    frame["number"] = pandas.to_numeric(plain, errors="coerce").fillna(-1)
    return frame.drop(columns="value")
steps = []
before = read(sys.argv[1])
for path in sys.argv[2:]:
    after = read(path)
    both = before.merge(after, on=KEY, how="outer", indicator=True)
    latest = before["period"].max()
    changed = (both["_merge"] == "both") & (both["number_x"] != both["number_y"])
    added = (both["_merge"] == "right_only") & (both["period"] <= latest)
    steps.append([int(changed.sum()), int((both["_merge"] == "left_only").sum()), int(added.sum())])
    before = after
print(json.dumps(steps))
"""


@dataclass(frozen=True)
class Cost:
    """What a process took: seconds on the clock and of CPU, peak memory in bytes, and what it printed."""

    wall: float
    cpu: float
    peak: int
    printed: str


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=1_000_000, help="points in two editions")
    parser.add_argument(
        "--large", action="store_true", help="also the simulated editions of --large-points in all"
    )
    parser.add_argument("--large-points", type=int, default=50_000_000)
    options = parser.parse_args()
    has_peer = importlib.util.find_spec("pandas") is not None
    room = report.CACHE / "figures"
    with report.Report("figures", ("pandas",) if has_peer else ()) as found:
        try:
            if SHARED.is_dir():
                measure_shared(found)
            measure_simulated(found, room, 2, options.points // 2, has_peer, GOAL_MILLION)
            if options.large:
                measure_simulated(found, room, 10, options.large_points // 10, has_peer, GOAL_LARGE)
        finally:
            shutil.rmtree(room, ignore_errors=True)


def measure_shared(found: report.Report) -> None:
    """Import every shared edition and find its revisions, one command a mapping."""
    wall, points = 0.0, 0
    for name in ("meta", "tiktok", "discord", "ncmec"):
        files = [str(each) for each in sorted((SHARED / name).iterdir())]
        cost = run_metered([str(LIGHTWELL), "figures", "revisions", "--mapping", name, *files])
        wall += cost.wall
        points += sum(
            int(line.split()[1].replace(",", ""))
            for line in cost.printed.splitlines()
            if " figures (" in line
        )
    found.add(f"all shared editions, {points:,} points, four commands", f"{wall:.1f} s", GOAL_SHARED)


def measure_simulated(
    found: report.Report, room: Path, editions: int, points: int, has_peer: bool, goal: str
) -> None:
    """Compare simulated editions by the command, then by pandas, and hold the counts against each other."""
    shutil.rmtree(room, ignore_errors=True)
    room.mkdir(parents=True)
    paths, total = make_editions(room, editions, points)
    size = sum(path.stat().st_size for path in paths)
    what = f"{editions} editions, {total:,} points, {size / 1e6:,.0f} MB"
    words = [str(path) for path in paths]
    cost = run_metered([str(LIGHTWELL), "figures", "revisions", "--mapping", "meta", "--json", *words])
    counts = [[each["changed"], each["dropped"], each["added"]] for each in json.loads(cost.printed)]
    found.add(what, f"{cost.wall:.1f} s", goal if goal == GOAL_MILLION else "")
    found.add("  CPU time of the process", f"{cost.cpu:.1f} s")
    found.add("  peak memory of the process", f"{cost.peak / 1e9:.2f} GB", goal if goal == GOAL_LARGE else "")
    found.add(
        "  values changed, dropped, added in the first step", " ".join(f"{each:,}" for each in counts[0])
    )
    if not has_peer:
        return
    try:
        peer = run_metered([sys.executable, "-c", PEER, *words])
    except subprocess.CalledProcessError as error:
        found.add("  plain pandas", f"ended with {error.returncode}", "the peer; ran out of memory")
        return
    found.add("  plain pandas", f"{peer.wall:.1f} s", "the peer, same counts")
    found.add("  plain pandas, CPU time", f"{peer.cpu:.1f} s")
    found.add("  plain pandas, peak memory", f"{peer.peak / 1e9:.2f} GB")
    if json.loads(peer.printed) != counts:
        raise SystemExit(f"pandas counts {peer.printed}, the command {counts}")


def make_editions(room: Path, editions: int, points: int) -> tuple[list[Path], int]:
    """Write editions, each restating the one before with changes; also how many points they have."""
    dice = random.Random(20261128)
    each = len(APPS) * len(METRICS) * (QUARTERS + (editions - 1) / 2)
    areas = max(1, round(points / each))
    paths, total = [], 0
    for edition in range(editions):
        path = room / f"edition-{edition:02d}.csv"
        with path.open("w", encoding="utf-8") as stream:
            stream.write("app,policy_area,metric,period,value\n")
            total += sum(write_area(stream, area, edition, dice) for area in range(areas))
        paths.append(path)
    return paths, total


def write_area(stream: TextIO, area: int, edition: int, dice: random.Random) -> int:
    """Write the series of one policy area in one edition."""
    lines = []
    # What an edition says of a figure follows from the area alone, but for the hundredth that this one
    # changes.
    steady = random.Random(area)
    for app in APPS:
        for metric in METRICS:
            start = steady.randrange(1, 10**7)
            for quarter in range(QUARTERS + edition):
                luck = dice.random()
                if luck < 0.001:
                    continue
                number = start + quarter * 37 + (edition if luck < 0.011 else 0)
                period = f"{FIRST_YEAR + quarter // 4}Q{quarter % 4 + 1}"
                printed = f"{number % 10_000 / 100:.2f}%" if metric.endswith("rate") else f'"{number:,}"'
                lines.append(f"{app},Policy area {area},{metric},{period},{printed}\n")
    stream.write("".join(lines))
    return len(lines)


def run_metered(command: list[str]) -> Cost:
    """Run a command in a process of its own and say what it cost."""
    done = subprocess.run([sys.executable, "-c", METER, *command], stdout=subprocess.PIPE, check=True)
    return Cost(*json.loads(done.stdout))


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"took {time.monotonic() - started:.0f} s")
