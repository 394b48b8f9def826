"""How fast pages with hidden parts are drawn anew and read again before they are public, on one core.

Of each file some pages; on each page two words that begin with a capital are hidden for a ground that hides
their width. Measured are CPU seconds of this process and of those it starts (the engines, Tesseract). The
size of a page is told a second time of pages of dense print, with one paragraph set anew on each.

    .venv/bin/python benchmarks/redaction.py [FOLDER] [--pages N] [--papers FOLDER] [--large [PAGES]]

FOLDER defaults to the PDFs of Debian's texlive-humanities-doc (`benchmarks/seal.py`), --papers to the
research papers of the project's data, where they lie beside this repository; else that row is left out.
`--large` adds one document of 3,000 invented pages with a name on every tenth, sealed, hidden, approved,
published and verified by the product's own commands; each command's time and the most memory of all its
processes are told. It takes about half an hour.
"""

from __future__ import annotations

import argparse
import datetime
import itertools
import os
import random
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path

import home
import pypdfium2
import report
import seal
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from lightwell.archive import page, published_pdf, redaction
from lightwell.files import packing, pdf, redrawing, residue, workers

GOAL, GOAL_CHECKED, GOAL_KILOBYTES = 10, 3, 80
PAGES_A_FILE, HIDDEN_A_PAGE = 5, 2
DENSE_PAGES = 50
PAPERS = report.ROOT.parent / "shared" / "data" / "research-papers"
REVIEW = datetime.date(2030, 1, 1)
LARGE_PAGES, NAMED_EACH, GOAL_MEGABYTES = 3000, 10, 1000
NAME = "Orla Vantwick"
_STORY = """the panel heard that most pupils slept later after the change and said so in their own words while
others thought nothing had moved at all because evenings were long and the notices came as before from every
side"""


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


def print_document(path: Path, pages: int) -> None:
    """Print an invented document of dense pages, the name within a paragraph of every tenth."""
    dice = random.Random(pages)
    sheet = canvas.Canvas(str(path), pagesize=A4, invariant=True)
    for number in range(1, pages + 1):
        sheet.setFont("Times-Roman", 11)
        top = A4[1] - 60
        for paragraph in range(6):
            words = dice.choices(_STORY.split(), k=80)
            if paragraph == 2 and number % NAMED_EACH == 0:
                # One word for the wrapping, so that no line ends within the name.
                words[40] = NAME.replace(" ", "\N{NO-BREAK SPACE}")
            for line in textwrap.wrap(" ".join(words), 92, break_long_words=False):
                sheet.drawString(60, top, line.replace("\N{NO-BREAK SPACE}", " "))
                top -= 14
            top -= 14
        sheet.drawString(280, 40, f"page {number}")
        sheet.showPage()
    sheet.save()


def measure_large(out: report.Report, pages: int) -> None:
    """Take one long document the whole way by command, and report what each took; ends if a name is left."""
    with home.make_fresh(report.CACHE / "redaction-home") as fresh:
        documents, table, bundle = (fresh.folder / name for name in ("documents", "inventory.csv", "bundle"))
        documents.mkdir()
        print_document(documents / "minutes.pdf", pages)
        size = (documents / "minutes.pdf").stat().st_size
        study = fresh.register(documents)
        fresh.run("inventory", "draft", str(documents), "--output", str(table))
        by, second = ("--as", home.PUBLISHER), ("--as", home.APPROVER)
        hidden = (study, NAME, "--ground", "participant", "--hide", "all", *by)
        steps = {
            "sealed": fresh.run("seal", study, str(documents), str(table), "--yes", *by),
            "found and proposed": fresh.run("redaction", "find", *hidden),
            "approved": fresh.run("redaction", "approve", study, "all", *second),
            "proposed to publish": (proposed := fresh.run("publish", study, *by)),
            "drawn, checked for residue, published": fresh.approve(proposed.output),
            "bundled": fresh.run("bundle", str(bundle)),
        }
        steps["verified"] = verified = home.run(
            [*home.LIGHTWELL, "verify", str(bundle)], {"LIGHTWELL_STATE": "/nonexistent"}
        )
        pdf = max(bundle.rglob("*"), key=lambda path: path.stat().st_size if path.is_file() else 0)
        with pypdfium2.PdfDocument(pdf) as opened:
            told = [each.get_textpage().get_text_range() for each in opened]
        if len(told) != pages or any(part in text for text in told for part in NAME.split()):
            raise SystemExit(f"{pdf} has {len(told)} pages or holds {NAME}")
        print(verified.output)
        for step, each in steps.items():
            out.add(
                f"{pages:,} pages, a name hidden on {pages // NAMED_EACH:,}: {step}",
                f"{each.seconds:.0f} s, {each.megabytes:.0f} MB",
                f"{each.cpu:.0f} CPU s; goal at most {GOAL_MEGABYTES:,} MB",
            )
        made = pdf.stat().st_size
        beside = f"{made / pages / 1000:.0f} kB a page; the original {size / 1e6:.1f} MB"
        out.add(f"published PDF of {pages:,} pages", f"{made / 1e6:.1f} MB", beside)
    shutil.rmtree(report.CACHE / "redaction-home")


def measure_cpu() -> float:
    """Return the CPU seconds used so far, by this process and by those that it started and that ended."""
    return sum(os.times()[:4])


def main() -> None:
    """Draw, write and check each document, then report pages a CPU second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--pages", type=int, default=100)
    parser.add_argument("--papers", type=Path, default=PAPERS)
    parser.add_argument("--large", type=int, nargs="?", const=LARGE_PAGES, metavar="PAGES")
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
        if options.large:
            measure_large(out, options.large)


if __name__ == "__main__":
    main()
