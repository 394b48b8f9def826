"""The whole set, one after another, and the tables of docs/benchmarks.md: what `make bench` runs.

    .venv/bin/python benchmarks/run.py [--short] [NAME ...]

About twenty minutes on two quiet cores, half an hour more where LIGHTWELL_BENCH_PDFS names a folder of PDFs
for `ingest`. What is built on the way (an archive of 10,000 documents, an index of 200,000 pages) is built
anew; a single benchmark uses what it built before. With --short everything runs on little data in two
minutes, only to see that it runs: no result is kept and the document stays as it is.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

import ingest
import report

# In this order, because `pages` reads what `archive` made: the arguments of the whole and of a trial.
BENCHMARKS = {
    "log": ([], ["--entries", "50000", "--rounds", "1"]),
    "seal": ([], ["--files", "8"]),
    "ingest": ([], ["--files", "20", "--kills", "1"]),
    "archive": (["--fresh"], ["--documents", "200"]),
    "search": (["--fresh"], ["--pages", "4000", "--rounds", "20"]),
    "pages": ([], ["--documents", "200", "--rounds", "20"]),
    "redaction": ([], ["--pages", "10"]),
    "check": ([], ["--pages", "2000", "--copies", "40", "--foreign", "100"]),
    "workers": ([], ["--documents", "16", "--pages", "2"]),
    "figures": ([], ["--points", "20000"]),
    "figure_pages": ([], ["--companies", "10", "--rounds", "20"]),
    "following": ([], ["--followers", "200"]),
    "ledger": ([], ["--charges", "200"]),
    "queries": (
        ["--fresh"],
        ["--fresh", "--children", "5000", "--queries", "8", "--rounds", "1", "--peers", "none"],
    ),
    "detection": ([], ["--people", "500", "--pages", "100", "--sentences", "50"]),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--short", action="store_true", help="a trial on little data")
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(
            f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(BENCHMARKS)}"
        )
    environment = {**os.environ, **({"LIGHTWELL_BENCH": "short"} if options.short else {})}
    failed = []
    for name, (whole, trial) in BENCHMARKS.items():
        if options.names and name not in options.names:
            continue
        if name == "ingest" and not options.names and not os.environ.get(ingest.VARIABLE):
            print(f"== ingest: left out; name a folder of PDFs in {ingest.VARIABLE}\n", flush=True)
            continue
        program = str(Path(__file__).with_name(f"{name}.py"))
        command = [sys.executable, program, *(trial if options.short else whole)]
        started = time.monotonic()
        if subprocess.run(command, env=environment, check=False).returncode:
            # The others still run: the machine may be quiet only now. An older result keeps its date.
            failed.append(name)
        print(f"== {name}: {time.monotonic() - started:.0f} s\n", flush=True)
    if not options.short:
        report.write_tables()
    if failed:
        raise SystemExit(f"these did not run to their end, see above: {', '.join(failed)}")


if __name__ == "__main__":
    main()
