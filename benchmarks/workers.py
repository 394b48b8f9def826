"""Two workers on one PostgreSQL against one: the files of a study that a browser handed in, read and sealed.

    .venv/bin/python benchmarks/workers.py [--documents 192] [--pages 12]

Each worker is `lightwell worker` as operators run it, of one reading process; the time is from the moment the
workers are up until the study is read. The limit beside it: the same pages rendered by one and by two bare
processes. Needs PostgreSQL's programs (tests/integration/postgres_fixture.py starts one of its own).
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report

HERE = report.ROOT / "tests" / "integration"
sys.path.insert(0, str(HERE))
GOAL = 1.7
STAGE = [sys.executable, str(HERE / "postgres_stage.py")]
MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]


def measure(workers: int, folder: Path, address: str, documents: int, pages: int) -> tuple[float, float]:
    """Measure clock and CPU seconds that so many workers take for the same study on a new installation."""
    environment = {
        **os.environ, "LIGHTWELL_STATE": str(folder / "state"), "LIGHTWELL_DATABASE": address,
        "LIGHTWELL_STAGE_PAGES": str(pages), "LIGHTWELL_STAGE_ASK": "0", "LIGHTWELL_BEACON": "none",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(HERE), os.environ.get("PYTHONPATH", "")))),
    }  # fmt: skip

    def run(*command: str) -> None:
        subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)

    run(*MAIN, "init", "--origin", "archive.example/workers")
    run(*STAGE, "set-up", str(documents))
    running = [
        subprocess.Popen([*MAIN, "worker"], env=environment, stderr=subprocess.DEVNULL)
        for _ in range(workers)
    ]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        time.sleep(8)  # until they are up and the first chores are done
        started = time.monotonic()
        run(*STAGE, "ask")
        area = folder / "state" / "incoming"
        while list(area.rglob("asked*")):
            time.sleep(0.05)
        taken = time.monotonic() - started
    finally:
        for each in running:
            each.send_signal(signal.SIGTERM)
        for each in running:
            each.wait(timeout=60)
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime
    said = subprocess.run([*STAGE, "observe"], env=environment, check=True, capture_output=True, text=True)
    seen = json.loads(said.stdout.splitlines()[-1])
    if len(seen["items"]) != documents or seen["sealed"] != 2 * documents:
        raise SystemExit(f"{workers} workers did not read every document once: {seen}")
    return taken, cpu


def render(data: bytes, times: int) -> None:
    """Render one document again and again, as a peer that does nothing else."""
    import pypdfium2

    for _ in range(times):
        document = pypdfium2.PdfDocument(data)
        for page in document:
            page.render(scale=110 / 72).to_pil()


def measure_scaling(documents: int, pages: int) -> float:
    """Measure how much faster two bare processes render than one on this machine now."""
    from staged_pages import make_pdf

    data = make_pdf(1, pages)
    walls = []
    for count in (1, 2):
        crowd = [
            multiprocessing.get_context("spawn").Process(target=render, args=(data, documents // count))
            for _ in range(count)
        ]
        started = time.monotonic()
        for each in crowd:
            each.start()
        for each in crowd:
            each.join()
        walls.append(time.monotonic() - started)
    return walls[0] / walls[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=192)
    parser.add_argument("--pages", type=int, default=12)
    options = parser.parse_args()
    from postgres_fixture import run_server

    folder = Path(tempfile.mkdtemp(prefix="lightwell-workers-"))
    with report.Report("workers", ("django", "psycopg", "pypdfium2")) as found, run_server() as make_database:
        pages = options.documents * options.pages
        walls = {}
        for workers in (1, 2):
            place = folder / str(workers)
            place.mkdir()
            walls[workers] = measure(
                workers, place, make_database(f"bench{workers}"), options.documents, options.pages
            )
            name = "one worker" if workers == 1 else "two workers"
            what = f"{pages:,} pages of {options.documents} documents, {name}"
            found.add(what, f"{pages / walls[workers][0]:.1f} pages/s", f"{walls[workers][1]:.1f} CPU s")
        limit = measure_scaling(options.documents, options.pages)
        beside = f"goal {GOAL}; bare rendering by two processes against one in the same run: {limit:.2f}"
        found.add("two workers on PostgreSQL against one", f"{walls[1][0] / walls[2][0]:.2f} times", beside)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
