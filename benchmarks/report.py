"""What a benchmark found: printed as it comes, kept as a file, and written into docs/benchmarks.md.

    .venv/bin/python benchmarks/report.py      # rewrites the tables of docs/benchmarks.md from var/bench

Each benchmark keeps its newest result only. A table stands between `<!-- table: NAME -->` and
`<!-- end -->`; the prose around it is written by hand.
"""

from __future__ import annotations

import datetime
import importlib.metadata
import json
import os
import platform
import re
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "var" / "bench"
DOCS = ROOT / "docs" / "benchmarks.md"
# Set by `run.py --short`: a trial on little data tells nothing that should be kept.
SHORT = os.environ.get("LIGHTWELL_BENCH") == "short"
_TABLE = re.compile(r"<!-- table: (\w+) -->\n.*?<!-- end -->", re.DOTALL)


@dataclass
class Report:
    """The rows of one benchmark; use as a context, so that a run that fails leaves the older result."""

    name: str
    packages: Sequence[str] = ()
    rows: list[tuple[str, str, str]] = field(default_factory=list)
    where: str = ""
    started: float = 0.0
    load: float = 0.0

    def __enter__(self) -> Report:
        self.where, self.load = describe_machine(self.packages), os.getloadavg()[0]
        self.started = time.monotonic()
        print(f"== {self.name}: {self.where}; load average at the start {self.load:.1f}", flush=True)
        return self

    def add(self, what: str, result: str, beside: str = "") -> None:
        """Add a row: what was measured, the result, and its goal, peer or limit."""
        self.rows.append((what, result, beside))
        print(f"{what:<58} {result:>20}   {beside}", flush=True)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            return
        taken = time.monotonic() - self.started
        day = datetime.datetime.now(datetime.UTC).date().isoformat()
        head = (
            f"{day}, {self.where}; load average {self.load:.1f} at the start and {os.getloadavg()[0]:.1f} at "
            f"the end, which counts the benchmark itself; took {taken:.0f} s."
        )
        if SHORT:
            return
        folder = CACHE / "results"
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"head": head, "rows": self.rows}, indent=1)
        (folder / f"{self.name}.json").write_text(text)


def describe_machine(packages: Sequence[str] = ()) -> str:
    """Say in one line what this ran on."""
    processor = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    parts = [
        f"{os.cpu_count()} cores ({processor[1] if processor else platform.processor()})",
        f"{memory:.0f} GiB, Linux {platform.release()}",
        f"Python {platform.python_version()}",
        *versions,
    ]
    return ", ".join(parts)


def name_tables() -> str:
    """Name the state of the database's tables: what was built on older ones is built anew."""
    return max(path.stem for path in (ROOT / "src/lightwell/db/migrations").glob("0*.py"))


def cut(times: Sequence[float]) -> tuple[float, float]:
    """Cut times at the half and at the 99th percentile; a single time is both."""
    if len(times) == 1:
        return times[0], times[0]
    cuts = statistics.quantiles(times, n=100)
    return cuts[49], cuts[98]


def write_tables() -> None:
    """Rewrite every table of docs/benchmarks.md that has a result; a table without one stays."""

    def replace(found: re.Match[str]) -> str:
        path = CACHE / "results" / f"{found[1]}.json"
        if not path.exists():
            print(f"{found[1]}: no result, its table stays; run: .venv/bin/python benchmarks/{found[1]}.py")
            return found[0]
        result = json.loads(path.read_text())
        lines = ["| what | result | beside it |", "| --- | --- | --- |"]
        lines += [f"| {' | '.join(row)} |" for row in result["rows"]]
        return "\n".join([f"<!-- table: {found[1]} -->", result["head"], "", *lines, "<!-- end -->"])

    DOCS.write_text(_TABLE.sub(replace, DOCS.read_text()))
    print(f"{DOCS.relative_to(ROOT)} is up to date")


if __name__ == "__main__":
    write_tables()
