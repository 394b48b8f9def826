"""How fast pages with hidden parts are drawn anew and read again before they are public, on one core.

Of each file some pages; on each page two words that begin with a capital are hidden for a ground that hides
their width. Measured are CPU seconds of this process and of those it starts (the engines, Tesseract). The
size of a page is told a second time of pages of dense print, with one paragraph set anew on each.

    .venv/bin/python benchmarks/redaction.py [FOLDER] [--pages N] [--papers FOLDER]

FOLDER defaults to the PDFs of Debian's texlive-humanities-doc (`benchmarks/seal.py`), --papers to the
research papers of the project's data, where they lie beside this repository; else that row is left out.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import report
import seal

from lightwell.archive import page, published_pdf, redaction
from lightwell.files import packing, pdf, redrawing, residue, workers

GOAL, GOAL_CHECKED, GOAL_KILOBYTES = 10, 3, 80
PAGES_A_FILE, HIDDEN_A_PAGE = 5, 2
DENSE_PAGES = 50
PAPERS = report.ROOT.parent / "shared" / "data" / "research-papers"
REVIEW = datetime.date(2030, 1, 1)


def read_files(folder: Path, pages: int) -> Iterator[list[page.Parts]]:
    """Read the first pages of files until there are enough; a file is one document."""
    read = 0
    for path in sorted(folder.glob("*.pdf")):
        if read >= pages:
            return
        parts = list(itertools.islice(pdf.read_pages(path), min(PAGES_A_FILE, pages - read)))
        read += len(parts)
        yield parts


def choose_regions(parts: page.Parts, most: int = HIDDEN_A_PAGE) -> list[redaction.Region]:
    """Hide up to so many words with a capital, spread over the page."""
    places = [
        (k, n)
        for k, line in enumerate(parts.lines)
        for n, word in enumerate(line)
        if len(word.text) > 4 and word.text.istitle()
    ]
    chosen = places[:: max(1, len(places) // most)][:most]
    return [redaction.Region("participant", "approver", REVIEW, True, (place,)) for place in chosen]


def measure_dense(folder: Path) -> tuple[int, float, float]:
    """Write papers with one word a page hidden: how many pages, kilobytes a page, pages a CPU second."""
    pages = size = 0
    taken = 0.0
    for path in sorted(folder.glob("**/*.pdf")):
        parts = list(pdf.read_pages(path))
        begun = measure_cpu()
        sheets = [redrawing.redraw_page(each, choose_regions(each, 1)).sheet for each in parts]
        document = published_pdf.Document("Bench", "en", tuple(sheets))
        size += len(published_pdf.format_document(document, packing.pack_stream))
        taken, pages = taken + measure_cpu() - begun, pages + len(parts)
        if pages >= DENSE_PAGES:
            break
    return pages, size / max(1, pages) / 1000, pages / max(taken, 1e-9)


def measure_cpu() -> float:
    """Return the CPU seconds used so far, by this process and by those that it started and that ended."""
    return sum(os.times()[:4])


def main() -> None:
    """Draw, write and check each document, then report pages a CPU second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--papers", type=Path, default=PAPERS)
    options = parser.parse_args()
    folder = options.folder or seal.fetch_folder()
    pages = size = blocked = 0
    subjects = []
    with report.Report("redaction", ("pypdfium2", "pypdf", "pdfminer.six", "pikepdf", "pillow")) as out:
        drawn_for = 0.0
        for parts in read_files(folder, options.pages):
            begun = measure_cpu()
            regions = [choose_regions(each) for each in parts]
            sheets = [redrawing.redraw_page(*pair).sheet for pair in zip(parts, regions, strict=True)]
            document = published_pdf.Document("Bench", "en", tuple(sheets))
            data = published_pdf.format_document(document, packing.pack_stream)
            drawn_for += measure_cpu() - begun
            pages, size = pages + len(parts), size + len(data)
            described = [residue.describe_page(*each) for each in zip(parts, regions, sheets, strict=True)]
            visible = tuple(words for words, _ in described)
            hidden = tuple(region for _, regions in described for region in regions)
            # A word hidden in one place and visible in another is the benchmark's doing, and no residue.
            kept = frozenset(word for region in hidden for word in region.words)
            subjects.append(residue.Subject(data, visible, hidden, kept=kept))
        begun = measure_cpu()
        with workers.Pool(1) as pool:
            for subject in subjects:
                result = residue.check_residue(subject, pool)
                blocked += result.blocks
                print(*result.list_problems(), sep="\n", end="")
        checked_for = measure_cpu() - begun
        both = pages / (drawn_for + checked_for)
        out.add("pages drawn anew and written, a CPU second", f"{pages / drawn_for:.1f}", f"goal {GOAL}")
        out.add("the same with the residue check", f"{both:.1f}", f"goal {GOAL_CHECKED}")
        out.add("kilobytes a page", f"{size / pages / 1000:.0f}", f"goal at most {GOAL_KILOBYTES}")
        if options.papers.is_dir():
            dense, kilobytes, rate = measure_dense(options.papers)
            what = f"kilobytes a page, {dense} pages of research papers, a paragraph set anew on each"
            out.add(what, f"{kilobytes:.0f}", f"goal at most {GOAL_KILOBYTES}; {rate:.1f} pages a CPU second")
        out.add("documents stopped by the check", str(blocked), "goal 0: nothing is left in them")


if __name__ == "__main__":
    main()
