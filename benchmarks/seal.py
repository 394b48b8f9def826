"""How fast PDFs are read and sealed (words, boxes, patches hashed and committed), beside two peers.

Peers on the same files in the same run: `pdftotext -bbox` (words with boxes only) and bare rendering
at the sealing resolution. Indexing and the log are not part of this figure yet.

    .venv/bin/python benchmarks/seal.py [FOLDER] [--processes N]

FOLDER defaults to the PDFs of Debian's texlive-humanities-doc. Figures: pages per CPU-second of one
core, and wall-clock pages per second for N processes.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import subprocess
import time
from pathlib import Path

import pypdfium2

from lightwell.archive import page, seal
from lightwell.base import errors
from lightwell.files import pdf

DEBIAN_PACKAGE = "texlive-humanities-doc"


def list_files(folder: Path | None) -> list[Path]:
    if folder is not None:
        return sorted(folder.rglob("*.pdf"))
    listing = subprocess.run(
        ["dpkg", "-L", DEBIAN_PACKAGE], capture_output=True, text=True, check=True
    ).stdout
    return sorted(Path(line) for line in listing.splitlines() if line.endswith(".pdf"))


def seal_file(path: Path) -> tuple[int, float]:
    """Seal one file with a fixed key; pages and CPU seconds."""
    start = time.process_time()
    try:
        count = pdf.count_pages(path)
        seeds = seal.derive_page_seeds(bytes(32), count)
        for seed, parts in zip(seeds, pdf.read_pages(path), strict=True):
            page.compute_root(seed, parts)
    except errors.UserMistake as error:
        print(f"  refused: {error}")
        return 0, 0.0
    return count, time.process_time() - start


def render_file(path: Path) -> float:
    start = time.process_time()
    document = pypdfium2.PdfDocument(path)
    for sheet in document:
        sheet.render(scale=page.DPI / 72)
    document.close()
    return time.process_time() - start


def measure_pdftotext(path: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["pdftotext", "-bbox", str(path), os.devnull], check=True, stderr=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    files = list_files(options.folder)
    sealed = [seal_file(path) for path in files]
    pages, seconds = sum(count for count, _ in sealed), sum(used for _, used in sealed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{len(files)} files, {pages} pages, {os.cpu_count()} cores, {pdf.name_renderer()}")
    print(f"seal, one process           {pages / seconds:7.1f} pages per CPU-second, peak {memory:.0f} MB")
    print(
        f"bare rendering, {page.DPI} dpi     {pages / sum(map(render_file, files)):7.1f} pages per CPU-second"
    )
    print(
        f"pdftotext -bbox             {pages / sum(map(measure_pdftotext, files)):7.1f} pages per CPU-second"
    )
    for processes in sorted({1, options.processes}):
        start = time.perf_counter()
        with multiprocessing.get_context("spawn").Pool(processes) as pool:
            pool.map(seal_file, files, chunksize=1)
        rate = pages / (time.perf_counter() - start)
        print(f"seal, {processes} process(es)          {rate:7.1f} pages per second")


if __name__ == "__main__":
    main()
