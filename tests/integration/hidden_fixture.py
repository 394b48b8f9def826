"""A study locked in with pages that carry names: what the rooms of hidden parts are tested on."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import disclosure_fixture as fixture
from django.core.cache import cache
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from lightwell.actions import inventories, log, overview
from lightwell.archive import inventory
from lightwell.db.models import Item, Person, Study
from lightwell.files import foundation
from lightwell.files.state import State

NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
STUDY = "std-6wtb7d1t76x3nf"
NAME = "Katherine Ashdown"
OTHER = "Pippa Quill"
ROOM = f"studies/{STUDY}/redactions/"
PAGES = 3
LINES = (
    "Interview notes of the spring study about sleep at night.",
    f"On Tuesday {NAME} told us that she sleeps",
    "less since spring. Her sister agrees, and other parents",
    f"said the same. Later {OTHER} wrote to us about it and",
    "was thanked for it. Field work went on until June.",
)


def make_pdf(pages: int = PAGES) -> bytes:
    """Print pages of one paragraph with two names each."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=True)
    for number in range(1, pages + 1):
        sheet.setFont("Helvetica-Bold", 18)
        sheet.drawString(72, 760, f"Notes, part {number}")
        sheet.setFont("Helvetica", 11)
        for k, line in enumerate(LINES):
            sheet.drawString(72, 720 - 16 * k, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def lay(root: Path) -> State:
    """Begin a sample archive on a clock that stands."""
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    return State(root)


def lock_in(state: State, ana: Person, ben: Person, folder: Path, documents: int = 2) -> Study:
    """Register the example study by its two people and lock documents in."""
    desk = fixture.Desk.__new__(fixture.Desk)
    desk.state, desk.ana, desk.ben = state, ana, ben
    desk.pairs = {"larkfield": (ana, ben)}
    desk.disclose(fixture.read_value("study"), NOW)
    folder.mkdir()
    names = [f"notes-{number}.pdf" for number in range(1, documents + 1)]
    for name in names:
        (folder / name).write_bytes(make_pdf())
    study = Study.objects.get(pk=STUDY)
    rows = inventory.draft_rows(names, datetime.date(2025, 12, 1))
    inventories.measure_files(state=state, study=study, folder=folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=ana, study=study, now=NOW)
    log.publish_checkpoint(state=state, now=NOW)
    return study


def find_item(number: int = 1) -> Item:
    return Item.objects.get(study=STUDY, number=number)
