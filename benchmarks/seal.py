"""How fast born-digital PDFs go the whole way, beside two peers on the same files in the same run.

The whole way is the product's own commands on a fresh installation with two real witnesses: `lightwell
inventory draft`, `seal` (words, boxes and patches hashed and committed, pictures and files encrypted and
kept, rows, log entries, cosigned checkpoint), `publish`, `approve`, and the search index. Peers:
`pdftotext -bbox` (words with boxes only) and bare rendering at the sealing resolution.

    .venv/bin/python benchmarks/seal.py [FOLDER] [--files N]

FOLDER defaults to the 142 PDFs of Debian's texlive-humanities-doc, fetched once into var/bench.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import shutil
import subprocess
import time
from pathlib import Path

import home
import pypdfium2
import report

from lightwell.archive import page

DEBIAN_PACKAGE = "texlive-humanities-doc"
GOAL = 60


def fetch_folder() -> Path:
    """Fetch the PDFs of the Debian package into the cache, flat, and return their folder."""
    folder, unpacked = report.CACHE / DEBIAN_PACKAGE, report.CACHE / "unpacked"
    if not folder.exists():
        shutil.rmtree(unpacked, ignore_errors=True)
        unpacked.mkdir(parents=True)
        subprocess.run(["apt-get", "download", DEBIAN_PACKAGE], cwd=unpacked, check=True, capture_output=True)
        (package,) = unpacked.glob("*.deb")
        subprocess.run(["dpkg", "-x", str(package), str(unpacked)], check=True)
        flat = report.CACHE / "incoming"
        shutil.rmtree(flat, ignore_errors=True)
        flat.mkdir()
        for path in sorted(unpacked.rglob("*.pdf")):
            shutil.copyfile(path, flat / "_".join(path.relative_to(unpacked).parts[4:]))
        flat.rename(folder)
        shutil.rmtree(unpacked)
    return folder


def choose_files(folder: Path, count: int) -> Path:
    """Copy the first files into a folder of their own."""
    part = report.CACHE / "seal-part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    for path in sorted(folder.glob("*.pdf"))[:count]:
        shutil.copyfile(path, part / path.name)
    return part


def render_file(path: Path) -> int:
    """Draw every page and forget it; the number of pages."""
    document = pypdfium2.PdfDocument(path)
    for sheet in document:
        sheet.render(scale=page.DPI / 72)
    count = len(document)
    document.close()
    return count


def measure_rendering(files: list[Path]) -> tuple[int, float]:
    start = time.process_time()
    return sum(map(render_file, files)), time.process_time() - start


def measure_pdftotext(files: list[Path]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for path in files:
        subprocess.run(["pdftotext", "-bbox", str(path), os.devnull], check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure_scaling(files: list[Path]) -> float:
    """How much more two processes render than one: what this machine allows, without our code."""
    seconds = []
    for processes in (1, 2):
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pool.map(len, ["", ""])  # started before the clock
            start = time.perf_counter()
            pool.map(render_file, files, chunksize=1)
            seconds.append(time.perf_counter() - start)
    return seconds[0] / seconds[1]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--files", type=int, help="only the first of them, to try")
    options = parser.parse_args()
    folder = options.folder or fetch_folder()
    if options.files:
        folder = choose_files(folder, options.files)
    files = sorted(folder.rglob("*.pdf"))
    with report.Report("seal", ("pypdfium2", "pikepdf", "numpy", "tantivy")) as found:
        pages, drawing = measure_rendering(files)
        found.add(
            f"bare rendering of {pages:,} pages, {page.DPI} dpi", f"{pages / drawing:.0f} pages/CPU-s", "peer"
        )
        found.add("`pdftotext -bbox`", f"{pages / measure_pdftotext(files):.0f} pages/CPU-s", "peer")
        walls = {}
        for processes in (1, 2):
            with home.make_fresh(report.CACHE / "seal-home") as fresh:
                steps = dict(fresh.publish_folder(folder, processes))
            cpu = sum(step.cpu for step in steps.values())
            walls[processes] = steps["seal"].seconds, sum(step.seconds for step in steps.values())
            with_words = "one process" if processes == 1 else f"{processes} processes"
            parts = ", ".join(f"{name} {step.cpu:.1f}" for name, step in steps.items())
            found.add(
                f"the whole way, {with_words}", f"{pages / cpu:.1f} pages/CPU-s",
                f"goal {GOAL}; CPU seconds: {parts}",
            )  # fmt: skip
            found.add(
                f"the whole way, {with_words}, wall clock", f"{pages / walls[processes][1]:.1f} pages/s",
                f"most memory {max(step.megabytes for step in steps.values()):.0f} MB, goal 1,000",
            )  # fmt: skip
        found.add(
            "reading and sealing, two processes against one", f"{walls[1][0] / walls[2][0]:.2f} times",
            f"goal 1.7; bare rendering in the same run: {measure_scaling(files):.2f}",
        )  # fmt: skip
        found.add("the whole way, two processes against one", f"{walls[1][1] / walls[2][1]:.2f} times")
        shutil.rmtree(report.CACHE / "seal-home")


if __name__ == "__main__":
    main()
