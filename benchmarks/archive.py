"""An archive of 10,000 documents by the real way: sealed, published, bundled; and one changed byte found.

Every document is a PDF of one page whose words `texts.py` invents and reportlab prints; `lightwell seal`,
`publish`, `approve` and `bundle` do the rest, with two real witnesses. Then one byte of a copy of the
bundle is changed, in files of every kind, and `lightwell verify` must refuse it by name, offline. The
archive is kept in var/bench and used again, also by `pages.py`; --fresh makes it anew.

    .venv/bin/python benchmarks/archive.py [--documents 10000] [--fresh]
"""

from __future__ import annotations

import argparse
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import home
import report
import texts
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

DOCUMENTS = 10_000
GOAL_SECONDS, GOAL_MEGABYTES = 60, 1000
_LINES = 62


def find_folder(documents: int = DOCUMENTS) -> Path:
    return report.CACHE / f"archive-{documents}"


def find_mark(folder: Path) -> Path:
    """Find the file that says that the archive in this folder is whole, and made for these tables."""
    return folder / f"done-{report.name_tables()}"


def print_documents(folder: Path, count: int) -> None:
    """Print `count` PDFs of one page each."""
    pages = texts.Texts(seed=10).make_pages(count)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, page in enumerate(pages, 1):
        sheet = canvas.Canvas(str(folder / f"report-{number:05}.pdf"), pagesize=A4, invariant=True)
        sheet.setFont("Helvetica", 9)
        for row, line in enumerate([f"Report {number}", *page.split("\n")[:_LINES]]):
            # The font has the letters of western Europe.
            sheet.drawString(50, 790 - 12 * row, line[:110].encode("latin-1", "replace").decode("latin-1"))
        sheet.save()


def build(folder: Path, documents: int) -> Iterator[tuple[str, str, str]]:
    """Build the archive and its bundle; each step as a row of the report."""
    start = time.perf_counter()
    print_documents(folder / "documents", documents)
    print(f"printed {documents:,} documents in {time.perf_counter() - start:.0f} s", flush=True)
    with home.make_fresh(folder / "home") as fresh:
        for name, step in fresh.publish_folder(folder / "documents", 2):
            yield (
                f"{name}, {documents:,} documents of one page, two processes",
                f"{step.seconds:.0f} s",
                f"{step.cpu:.0f} CPU seconds, most memory {step.megabytes:.0f} MB",
            )
        shutil.rmtree(folder / "bundle", ignore_errors=True)
        step = fresh.run("bundle", str(folder / "bundle"))
        yield "bundle", f"{step.seconds:.0f} s", f"most memory {step.megabytes:.0f} MB"


def verify(bundle: Path, expected: int) -> home.Run:
    return home.run([*home.LIGHTWELL, "verify", str(bundle)], {"LIGHTWELL_STATE": "/nonexistent"}, expected)


def choose_paths(bundle: Path, dice: random.Random) -> list[str]:
    """Choose one file of every kind that a bundle holds, the last of each kind that verify comes to."""
    kinds: dict[str, list[str]] = {}
    for path in sorted(bundle.rglob("*")):
        if path.is_file():
            name = path.relative_to(bundle).as_posix()
            kinds.setdefault(name.split("/")[0], []).append(name)
    return [dice.choice(names[-max(1, len(names) // 10) :]) for names in kinds.values()]


def change_byte(path: Path, dice: random.Random) -> bytes:
    """Change one bit of one byte; what stood there before."""
    before = path.read_bytes()
    at = dice.randrange(len(before))
    path.write_bytes(before[:at] + bytes([before[at] ^ 1 << dice.randrange(8)]) + before[at + 1 :])
    return before


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--documents", type=int, default=DOCUMENTS)
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    folder = find_folder(options.documents)
    done = find_mark(folder)
    with report.Report("archive", ("pypdfium2", "reportlab")) as found:
        if options.fresh or not done.exists():
            shutil.rmtree(folder, ignore_errors=True)
            rows = list(build(folder, options.documents))
            done.write_text("\n".join("\t".join(row) for row in rows))
        for line in done.read_text().splitlines():
            found.add(*line.split("\t"))
        bundle = folder / "bundle"
        files = [path for path in bundle.rglob("*") if path.is_file()]
        size = sum(path.stat().st_size for path in files)
        start = time.perf_counter()
        for path in files:
            path.read_bytes()
        found.add(
            f"reading its {len(files):,} files, {size / 1e6:,.0f} MB",
            f"{time.perf_counter() - start:.1f} s",
            "limit",
        )
        step = verify(bundle, 0)
        found.add(
            "`lightwell verify`, nothing changed", f"{step.seconds:.1f} s",
            f"goal {GOAL_SECONDS} s; most memory {step.megabytes:.0f} MB, goal {GOAL_MEGABYTES:,}",
        )  # fmt: skip
        slowest, dice = 0.0, random.Random(4)
        paths = choose_paths(bundle, dice)
        for name in paths:
            before = change_byte(bundle / name, dice)
            try:
                step = verify(bundle, 1)
            finally:
                (bundle / name).write_bytes(before)
            if name not in step.output and name != "SHA256SUMS":
                raise SystemExit(f"{name} was changed and is not named:\n{step.output}")
            slowest = max(slowest, step.seconds)
        found.add(
            f"one changed byte refused by name, slowest of {len(paths)} kinds of file", f"{slowest:.1f} s",
            f"goal {GOAL_SECONDS} s",
        )  # fmt: skip


if __name__ == "__main__":
    main()
