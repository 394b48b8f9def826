"""A published archive of long pages, for tests that look for copies of them: whole, with hidden parts, later.

Everything is made by the real stories. The words are those of the sample's own texts in seeded disorder, so
that no page shares a line with another and a program that reads letters knows the words.
"""

from __future__ import annotations

import datetime
import io
import random
from dataclasses import dataclass, replace
from pathlib import Path

import disclosure_fixture
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

import lightwell.sample
from lightwell.actions import bundles, fingerprints, inventories, log, patterns, redactions
from lightwell.archive import inventory
from lightwell.db.models import Study
from lightwell.files import foundation
from lightwell.files.state import State

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
WHOLE, HIDDEN, LATER, LOCKED = 1, 2, 3, 4
PAGES, LINES, WORDS = 3, 24, 10
NAME = ("Marigold", "Quillfeather")
CHANGED = "seventeen"


@dataclass(frozen=True)
class Archive:
    """The state folder, the study, and the file of each document as it was before anything was hidden."""

    state: State
    study: str
    files: dict[int, Path]
    fingerprints: Path
    bundle: Path


def build_archive(root: Path, folder: Path) -> Archive:
    """Make the archive in `root` from documents written into `folder`, with its set and its bundle."""
    foundation.lay_foundation(root, origin="log.example/check")
    state = State(root)
    desk = disclosure_fixture.Desk(state)
    study = desk.disclose(disclosure_fixture.read_value("study")).record
    folder.mkdir(parents=True)
    first = make_text(1)
    later = [[list(line) for line in page] for page in first]
    later[1][5][4] = CHANGED
    files = {
        WHOLE: write_pdf(folder / "whole.pdf", first),
        HIDDEN: write_pdf(folder / "hidden.pdf", add_name(make_text(2))),
        LATER: write_pdf(folder / "later.pdf", later),
        LOCKED: write_pdf(folder / "locked.pdf", make_text(4)),
    }
    plain = inventory.Row(
        0, "", "", "report", "2025-05", "publish", "", "", datetime.date(2026, 12, 31)
    )  # fmt: skip
    rows = [
        replace(plain, number=number, file=path.name, title=f"Report {path.stem}")
        for number, path in files.items()
    ]
    rows[1] = replace(rows[1], ground="participant", held_pages="3")
    found = Study.objects.get(pk=study)
    inventories.measure_files(state=state, study=found, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=found, now=NOW)
    hide_name(state, desk, study)
    payload = {"study": study, "summary": "What we found.", "items": [WHOLE, HIDDEN, LATER]}
    desk.do("publication", study, payload, NOW)
    log.publish_checkpoint(state=state, now=NOW)
    made = fingerprints.make_set(state=state)
    assert made is not None
    bundles.write_bundle(state=state, folder=folder / "bundle")
    return Archive(state, study, files, made.path, folder / "bundle")


def hide_name(state: State, desk: disclosure_fixture.Desk, study: str) -> None:
    """Hide the name on page 1 by two people."""
    found = Study.objects.get(pk=study)
    (hit,) = patterns.find_words(
        state=state, actor=desk.ana, study=found, pattern=" ".join(NAME), items=[HIDDEN]
    )
    row = redactions.propose_regions(
        state=state, actor=desk.ana, item=redactions.find_item(study, HIDDEN), number=hit.page,
        words=hit.words, ground_id="participant", now=NOW,
    )  # fmt: skip
    redactions.decide_regions(actor=desk.ben, study=found, numbers=[row.pk], approved=True, now=NOW)


def make_text(seed: int) -> list[list[list[str]]]:
    """Make pages of lines of words."""
    folder = Path(next(iter(lightwell.sample.__path__))) / "text"
    words = sorted({w for path in folder.glob("*.txt") for w in path.read_text().split() if w.isalpha()})
    dice = random.Random(seed)
    return [[dice.sample(words, WORDS) for _ in range(LINES)] for _ in range(PAGES)]


def add_name(pages: list[list[list[str]]]) -> list[list[list[str]]]:
    pages[0][7][3:5] = NAME
    return pages


def write_pdf(path: Path, pages: list[list[list[str]]]) -> Path:
    """Print lines of words as a PDF of A4 pages."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=True)
    for page in pages:
        sheet.setFont("Times-Roman", 11)
        for number, line in enumerate(page):
            sheet.drawString(60, 770 - 28 * number, " ".join(line))
        sheet.showPage()
    sheet.save()
    path.write_bytes(out.getvalue())
    return path
