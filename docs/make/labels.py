"""Choose the 100 pages on which detectors are judged, and turn a reader's notes into tests/labels/pages.json.

    .venv/bin/python docs/make/labels.py choose              print the chosen pages
    .venv/bin/python docs/make/labels.py show FOLDER         write each page's words into FOLDER, line by line
    .venv/bin/python docs/make/labels.py keep NOTES          read notes, write tests/labels/pages.json

Chosen by a fixed seed within strata, because a plain sample of 839 pages would be half a codebook that names
nobody. There is a file of notes per page, with lines such as `12 name Ada Lovelace`: line, kind, the words
as they stand. Notes hold words and stay outside the repository; what is kept are positions and kinds only.
What counts as what: docs/reference/detection-labels.md. No detector is imported here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
from collections.abc import Iterator
from pathlib import Path

from lightwell.archive import page
from lightwell.files import pdf

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
LABELS = ROOT / "tests" / "labels" / "pages.json"
SEED = 20261128
READER = "the AI session that built the detectors, by reading, before they existed; no second reader"
KINDS = ("name", "email", "phone", "handle", "id", "address", "birth-date", "ip", "school")
# Pages taken from each document or folder; the scans of scanned-redacted have no words before OCR.
STRATA = {
    "research-papers": 40,
    "eu-data-access-act": 10,
    "us-gov-documents/cdc-mmwr-yrbs-2019-overview.pdf": 7,
    "us-gov-documents/cdc-nhis-2024-child-codebook.pdf": 7,
    "us-gov-documents/cdc-yrbs-2023-data-users-guide.pdf": 6,
    "us-gov-documents/cdc-yrbs-2023-sadc-documentation.pdf": 4,
    "us-gov-documents/cdc-yrbs-participation-history-2023.pdf": 3,
    "us-gov-documents/cdc-yrbs-questionnaire-content-1991-2023.pdf": 4,
    "us-gov-documents/nist-sp-1900-202.pdf": 12,
    "us-gov-documents/treasury-fy2024-financial-report-executive-summary.pdf": 7,
}


def list_files(stratum: str) -> list[Path]:
    """List the PDFs of a stratum in order of their names."""
    return [SHARED / stratum] if stratum.endswith(".pdf") else sorted((SHARED / stratum).glob("*.pdf"))


def choose_pages() -> list[tuple[str, int]]:
    """Choose the pages: (path below shared/data, number from 1), the same every time."""
    dice, chosen = random.Random(SEED), []  # noqa: S311 - a sample that can be drawn again
    for stratum, count in STRATA.items():
        pages = [
            (file.relative_to(SHARED).as_posix(), number)
            for file in list_files(stratum)
            for number in range(1, pdf.count_pages(file) + 1)
        ]
        chosen += sorted(dice.sample(pages, count))
    return chosen


def read_chosen() -> Iterator[tuple[str, int, tuple[page.Line, ...]]]:
    """Read the words of the chosen pages, in order."""
    for path, number in choose_pages():
        (parts,) = pdf.read_pages(SHARED / path, [number])
        yield path, number, parts.lines


def name_note(path: str, number: int) -> str:
    """Name the file in which the notes on a page stand."""
    return f"{Path(path).stem}.{number}.txt"


def show_pages(folder: Path) -> None:
    """Write the words of each page, each line behind its number, for a person to read."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, number, lines in read_chosen():
        rows = [f"{at} {' '.join(word.text for word in line)}" for at, line in enumerate(lines)]
        (folder / name_note(path, number)).write_text("\n".join(rows) + "\n", "utf-8")


def place_note(note: str, lines: tuple[page.Line, ...], used: set[tuple[int, int]]) -> list[int | str]:
    """Turn one note into [line, first word, last word, kind]; words noted twice are the next ones."""
    at, kind, text = note.split(" ", 2)
    if kind not in KINDS:
        raise SystemExit(f"{note!r}: there is no kind {kind}")
    wanted, words = text.split(), [word.text for word in lines[int(at)]]
    for first in range(len(words) - len(wanted) + 1):
        here = words[first : first + len(wanted)]
        # A note leaves out brackets and commas around the words, not within them.
        if (int(at), first) not in used and all(
            _bare(one) == _bare(other) for one, other in zip(here, wanted, strict=True)
        ):
            used |= {(int(at), first + k) for k in range(len(wanted))}
            return [int(at), first, first + len(wanted) - 1, kind]
    raise SystemExit(f"{note!r}: these words do not stand on that line: {' '.join(words)}")


def _bare(text: str) -> str:
    return text.strip(".,;:()[]<>“”\"'’‘*†‡&")


def keep_labels(folder: Path) -> None:
    """Write tests/labels/pages.json from the notes; every chosen page must have a file, be it empty."""
    pages = []
    for path, number, lines in read_chosen():
        used: set[tuple[int, int]] = set()
        notes = (folder / name_note(path, number)).read_text("utf-8").splitlines()
        labels = [place_note(note, lines, used) for note in filter(None, notes)]
        digest = hashlib.sha256((SHARED / path).read_bytes()).hexdigest()
        pages.append({"document": path, "sha256": digest, "page": number, "labels": sorted(labels)})
    LABELS.parent.mkdir(parents=True, exist_ok=True)
    head = {
        "seed": SEED,
        "strata": STRATA,
        "kinds": KINDS,
        "labelled": "2026-11-28",
        "labelled_by": READER,
    }
    rows = ",\n  ".join(json.dumps(each, separators=(", ", ": ")) for each in pages)
    LABELS.write_text(f'{json.dumps(head, indent=1)[:-2]},\n "pages": [\n  {rows}\n ]\n}}\n', "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=("choose", "show", "keep"))
    parser.add_argument("folder", type=Path, nargs="?")
    options = parser.parse_args()
    if options.what == "choose":
        print("\n".join(f"{path} {number}" for path, number in choose_pages()))
    elif options.folder is None:
        parser.error(f"{options.what} needs a folder")
    else:
        (show_pages if options.what == "show" else keep_labels)(options.folder)


if __name__ == "__main__":
    main()
