"""Thousands of PDFs sealed, published and indexed by the product's own commands, and killed on the way.

`lightwell seal` is ended by SIGKILL at moments drawn by a seed: in the first two thirds of the pages, at the
sealing itself, and once more in the middle of the publication; every second time its readers are killed
too, as when a machine fails, the other times they are left behind. Each time the same command is run again,
as a user would. The rest is read without a kill, so that memory is told by quarters of that time. In the end
every file must be sealed exactly once with as many pages as poppler's `pdfinfo` counts, pages drawn by the
seed must open with picture and words to what was sealed, and `lightwell verify` must find the bundle in
order.

    .venv/bin/python benchmarks/ingest.py [FOLDER] [--kills 10] [--processes 2] [--seed 1]

FOLDER, or LIGHTWELL_BENCH_PDFS, holds the PDFs, such as those of Debian's texlive-latex-extra-doc and what it
depends on, 43,842 pages. CPU seconds count everything that was lost with a kill and done again, and the
readers that a killed command left behind. Peers on every tenth file: `pdftotext -bbox` and bare rendering.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import random
import re
import resource
import shutil
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import home
import report
import seal

from lightwell.archive import page
from lightwell.cli import installation

GOAL, GOAL_MEGABYTES = 60, 1000
VARIABLE = "LIGHTWELL_BENCH_PDFS"
OPENED = 300
PEER_STEP = 10
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2)
_UNDISTURBED = 2 / 3
_LOOK_SECONDS = 0.25
# So long a publication takes at least, to choose a moment in it.
_PUBLISHING_SECONDS_A_PAGE = 0.0012


def find_folder(given: Path | None) -> Path:
    """Find the folder of PDFs; ends with a sentence where there is none."""
    named = given or (Path(os.environ[VARIABLE]) if os.environ.get(VARIABLE) else None)
    if named is None:
        raise SystemExit(f"name a folder of PDFs: benchmarks/ingest.py FOLDER, or set {VARIABLE}")
    if not named.is_dir() or not any(named.glob("*.pdf")):
        raise SystemExit(f"{named} is not a folder with PDFs in it; nothing was measured")
    return named


@dataclass
class Way:
    """What the commands used on their way: clock and CPU seconds, kills, and memory."""

    database: Path
    dice: random.Random
    seconds: float = 0.0
    kills: int = 0
    left: list[int] = field(default_factory=list)
    seen: list[float] = field(default_factory=list)
    most: float = 0.0
    before: float = field(default_factory=lambda: measure_children())

    def count_pages(self) -> tuple[int, int]:
        """Count the files that are measured or sealed, and their pages, as the database has them now."""
        with contextlib.closing(
            sqlite3.connect(f"file:{self.database}?mode=ro", uri=True, timeout=30)
        ) as rows:
            files, pages = rows.execute("select count(*), coalesce(sum(pages), 0) from item").fetchone()
        return files, pages

    def run(self, arguments: list[str], is_moment: Callable[[float], bool] | None = None) -> str | None:
        """Run a command of the product until its end, or until its moment to be killed: then None."""
        environment = {**os.environ, "LIGHTWELL_STATE": str(self.database.parent)}
        started = time.perf_counter()
        self.seen, log = [], self.database.parent.parent / "output"
        with log.open("w+") as output:
            process = subprocess.Popen(
                [*home.LIGHTWELL, *arguments],
                stdout=output, stderr=subprocess.STDOUT, env=environment, start_new_session=True,
            )  # fmt: skip
            killed = False
            while process.poll() is None:
                if is_moment and is_moment(time.perf_counter() - started):
                    self.kill(process)
                    killed = True
                    break
                self.seen.append(home.measure_memory(process.pid))
                time.sleep(_LOOK_SECONDS)
            self.seconds += time.perf_counter() - started
            self.most = max(self.most, *self.seen, 0.0)
            output.seek(0)
            said = output.read()
        if killed:
            return None
        if process.returncode:
            raise SystemExit(f"{arguments[0]} ended with {process.returncode}:\n{said[-3000:]}")
        return said

    def kill(self, process: subprocess.Popen[bytes]) -> None:
        """Kill a command, every second time with all that it started; the rest is left to itself."""
        self.left += list(home.list_family(process.pid))[1:]
        if self.kills % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
        self.kills += 1

    def measure_cpu(self) -> float:
        """Return the CPU seconds of all commands so far, once what killed ones left behind has ended."""
        for each in self.left:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(each, 0)
        self.left.clear()
        return measure_children() - self.before

    def list_memory(self) -> list[float]:
        """List the most memory in MB in each quarter of the time of the last command."""
        step = max(1, -(-len(self.seen) // 4))
        return [max(self.seen[at : at + step]) for at in range(0, len(self.seen), step)]


def measure_children() -> float:
    """Return the CPU seconds of every process that was started here, or left to us, and that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def adopt_orphans() -> None:
    """Become the parent of what killed commands leave behind, so that its CPU seconds are counted."""
    if ctypes.CDLL(None, use_errno=True).prctl(_SUBREAPER, 1, 0, 0, 0):
        raise SystemExit("this system does not let a process adopt orphans; the figure would be wrong")


def seal_folder(
    way: Way, arguments: list[str], files: int, pages: int, kills: int
) -> tuple[int, list[float]]:
    """Seal with kills; how many pages were read when the last reading began, and its memory by quarters."""
    reading = sorted(way.dice.uniform(0, _UNDISTURBED) * pages for _ in range(max(0, kills - 2)))
    for moment in reading:
        # Soon after the last whole file, because what was read of the next is lost with it.
        later = way.dice.uniform(0, 1)
        reached: list[float] = []

        def is_moment(
            at: float, moment: float = moment, later: float = later, reached: list[float] = reached
        ) -> bool:
            if not reached and way.count_pages()[1] >= moment:
                reached.append(at)
            return bool(reached) and at - reached[0] >= later

        if way.run(arguments, is_moment) is not None:
            raise SystemExit("everything was sealed before the moment of a kill; take more pages")
    disturbed = way.count_pages()[1]
    ended: list[float] = []
    later = way.dice.uniform(0, files / 2000)

    def is_sealing(at: float) -> bool:
        if not ended and way.count_pages()[0] >= files:
            ended.append(at)
        return kills > 1 and bool(ended) and at - ended[0] >= later

    said, memory = way.run(arguments, is_sealing), way.list_memory()
    if said is None:
        way.run(arguments)
    return disturbed, memory


def publish_folder(way: Way, study: str, pages: int, kills: int) -> str:
    """Publish everything, killed once in the middle; the state of the proposal afterwards."""
    said = way.run(["publish", study, "--as", home.PUBLISHER])
    arguments = ["approve", home.find(r"approve (\d+)", said or ""), "--as", home.APPROVER]
    moment = way.dice.uniform(0.1, 0.8) * pages * _PUBLISHING_SECONDS_A_PAGE
    if kills and (done := way.run(arguments, lambda at: at >= moment)) is not None:
        return done
    return way.run(arguments) or ""


def count_with_poppler(files: list[Path]) -> dict[str, int]:
    """Count the pages of each file by a program that shares no code with the product."""
    counts = {}
    for path in files:
        said = subprocess.run(["pdfinfo", str(path)], capture_output=True, check=True).stdout
        found = re.search(rb"^Pages:\s+(\d+)", said, re.MULTILINE)
        counts[path.name] = int(found[1]) if found else 0
    return counts


def check_sealed(
    fresh: home.Home, counts: dict[str, int], dice: random.Random
) -> Iterator[tuple[str, str, str]]:
    """Hold what was sealed against the folder, and open pages drawn by the dice; rows for the report."""
    os.environ["LIGHTWELL_STATE"] = str(fresh.state.root)
    installation.prepare_site()
    from lightwell.actions import inventories
    from lightwell.archive import seal as seals
    from lightwell.db.models import Item
    from lightwell.files import parts, tally

    items = list(Item.objects.filter(inventory__isnull=False))
    sealed = {item.file_name: item.pages for item in items}
    wrong = [name for name in counts if sealed.get(name) != counts[name]]
    if wrong or len(items) != len(counts) or Item.objects.count() != len(items):
        raise SystemExit(f"not every file is sealed once with all its pages, such as: {wrong[:5]}")
    if len({item.log_index for item in items}) != len(items) or any(
        len(bytes(item.page_roots)) != 32 * item.pages for item in items
    ):
        raise SystemExit("log entries or pages' digests do not fit the items")
    yield (
        "documents and pages sealed exactly once",
        f"{len(items):,} and {sum(sealed.values()):,}",
        "as many as `pdfinfo` counts",
    )
    for item in dice.choices(items, weights=[item.pages for item in items], k=OPENED):
        number = dice.randint(1, item.pages)
        key = inventories.unwrap_item_key(fresh.state, item)
        each = parts.read_part(fresh.state.files, key, item.sealed_parts, number)
        seed = seals.derive_page_seeds(key, item.pages)[number - 1]
        if page.compute_root(seed, each) != inventories.read_page_roots(item)[number - 1]:
            raise SystemExit(f"page {number} of {item.file_name} does not open to what was sealed")
    yield "pages drawn by lot that open to their seal, with picture", f"{OPENED} of {OPENED}", "all must"
    read = [(item.file_name, number) for item in items for number in tally.parse_tally(item.tally).sure]
    yield "of these pages read from their picture by Tesseract", f"{len(read):,}", ""


def main() -> None:
    """Run the whole way with its kills and report it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--files", type=int, help="only the first of them, to try")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    folder = find_folder(options.folder)
    if options.files:
        folder = seal.choose_files(folder, options.files)
    adopt_orphans()
    files = sorted(folder.glob("*.pdf"))
    with report.Report("ingest", ("pypdfium2", "pikepdf", "numpy", "tantivy")) as found:
        counts = count_with_poppler(files)
        pages, peers = sum(counts.values()), files[::PEER_STEP]
        drawn, drawing = seal.measure_rendering(peers)
        found.add(
            f"bare rendering of {drawn:,} of the {pages:,} pages, {page.DPI} dpi",
            f"{drawn / drawing:.0f} pages/CPU-s", "peer",
        )  # fmt: skip
        found.add(
            "`pdftotext -bbox` of these", f"{drawn / seal.measure_pdftotext(peers):.0f} pages/CPU-s", "peer"
        )
        with home.make_fresh(report.CACHE / "ingest-home") as fresh:
            report_way(found, fresh, folder, counts, options)
        shutil.rmtree(report.CACHE / "ingest-home")


def report_way(
    found: report.Report, fresh: home.Home, folder: Path, counts: dict[str, int], options: argparse.Namespace
) -> None:
    """Go the whole way with the kills and report what it took and that nothing was lost."""
    pages, table = sum(counts.values()), fresh.folder / "inventory.csv"
    study = fresh.register(folder)
    way = Way(fresh.state.root / "lightwell.sqlite3", random.Random(options.seed))
    way.run(["inventory", "draft", str(folder), "--output", str(table)])
    arguments = ["seal", study, str(folder), str(table), "--yes", "--processes", str(options.processes)]
    disturbed, memory = seal_folder(
        way, [*arguments, "--as", home.PUBLISHER], len(counts), pages, options.kills
    )
    sealed_cpu, sealed_seconds = way.measure_cpu(), way.seconds
    publish_folder(way, study, pages, options.kills)
    way.run(["search", "rebuild"])
    beside = f"goal {GOAL}; with {way.kills} kills and what was done twice for them"
    found.add("drafted and sealed", f"{pages / sealed_cpu:.1f} pages/CPU-s", beside)
    found.add(
        "the whole way: sealed, published, indexed", f"{pages / way.measure_cpu():.1f} pages/CPU-s", beside
    )
    found.add(
        f"wall clock, {options.processes} processes",
        f"{pages / sealed_seconds:.1f} and {pages / way.seconds:.1f} pages/s",
        f"{sealed_seconds:.0f} s until sealed, {way.seconds:.0f} s in all",
    )
    found.add(
        f"most memory in each quarter of reading the last {pages - disturbed:,} pages without a kill",
        ", ".join(f"{megabytes:.0f}" for megabytes in memory) + " MB",
        f"flat; goal at most {GOAL_MEGABYTES:,}",
    )
    found.add(
        "most memory of the whole way", f"{way.most:.0f} MB",
        f"goal {GOAL_MEGABYTES:,}",
    )  # fmt: skip
    for row in check_sealed(fresh, counts, way.dice):
        found.add(*row)
    bundle = fresh.folder / "bundle"
    fresh.run("bundle", str(bundle))
    step = home.run([*home.LIGHTWELL, "verify", str(bundle)], {"LIGHTWELL_STATE": "/nonexistent"})
    found.add(
        "`lightwell verify` of the bundle",
        "verified",
        f"{step.seconds:.0f} s, most memory {step.megabytes:.0f} MB",
    )


if __name__ == "__main__":
    main()
