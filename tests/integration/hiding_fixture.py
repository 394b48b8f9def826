"""A study of two locked-in documents, one of which names somebody, and two people who hide parts of it."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import disclosure_fixture as fixture
import pypdfium2
import pytest
from reportlab.lib.pagesizes import A5
from reportlab.pdfgen import canvas

from lightwell.actions import bundles, inventories, log, patterns, redactions
from lightwell.archive import inventory
from lightwell.client import verify
from lightwell.db.models import Opening, Redaction, Study
from lightwell.files import foundation
from lightwell.files.state import State

NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
STUDY = "std-6wtb7d1t76x3nf"
NAME = "Marguerite Oyelaran"
GROUND = "participant"


def make_pdf(pages: int = 3) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A5, invariant=True)
    for number in range(1, pages + 1):
        sheet.setFont("Helvetica", 11)
        sheet.drawString(40, 500, f"Page {number} tells of nights and of messages.")
        if number == 2:
            sheet.drawString(40, 440, f"We spoke with {NAME} in Leeds about sleep.")
            sheet.drawString(40, 426, "She was tired every morning of that week.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def make_desk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes] | None = None
) -> fixture.Desk:
    """Make an archive in which the study, of two documents or `files`, is locked in, not published."""
    files = files or {"one.pdf": make_pdf(), "two.pdf": make_pdf(1)}
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    desk = fixture.Desk(State(root))
    value = fixture.read_value("study")
    value["body"]["due_dates"] = [{"id": "due", "what": "Report", "date": "2025-01-10"}]
    desk.disclose(value, NOW)
    papers = tmp_path / "papers"
    papers.mkdir()
    for name, content in files.items():
        (papers / name).write_bytes(content)
    study = Study.objects.get(pk=STUDY)
    rows = inventory.draft_rows(list(files), datetime.date(2025, 1, 10))
    inventories.measure_files(state=desk.state, study=study, folder=papers, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    return desk


def later(seconds: int) -> datetime.datetime:
    return NOW + datetime.timedelta(seconds=seconds)


def hide(
    desk: fixture.Desk, pattern: str, now: datetime.datetime = NOW, **options: object
) -> list[Redaction]:
    study = Study.objects.get(pk=STUDY)
    hits = patterns.find_words(state=desk.state, actor=desk.ana, study=study, pattern=pattern)
    return [
        redactions.propose_regions(
            state=desk.state,
            actor=desk.ana,
            item=redactions.find_item(STUDY, hit.item),
            number=hit.page,
            words=hit.words,
            ground_id=GROUND,
            now=now,
            **options,
        )
        for hit in hits
    ]


def approve(desk: fixture.Desk, rows: list[Redaction], now: datetime.datetime = NOW) -> None:
    study = Study.objects.get(pk=STUDY)
    numbers = [row.pk for row in rows]
    redactions.decide_regions(actor=desk.ben, study=study, numbers=numbers, approved=True, now=now)


def publish(desk: fixture.Desk, *numbers: int) -> None:
    desk.do("publication", STUDY, {"study": STUDY, "summary": "What we found.", "items": list(numbers)}, NOW)


def judge(desk: fixture.Desk, folder: Path) -> verify.Verdict:
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=folder)
    return verify.verify_bundle(folder)


def read_published(desk: fixture.Desk) -> str:
    opening = Opening.objects.visible().exclude(document="").order_by("-log_index").first()
    pdf = pypdfium2.PdfDocument(desk.state.files.get_bytes("public", opening.document))
    return "\n".join(page.get_textpage().get_text_bounded() for page in pdf)


def list_words(bundle: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(bundle.rglob("*")) if path.is_file())
