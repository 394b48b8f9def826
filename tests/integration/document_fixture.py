"""A small archive written row by row, for tests of pages about documents: one of each outcome.

The PDF is real and read by the real reader; only keys and seals are left out, which these pages do not use.
"""

from __future__ import annotations

import datetime
import io
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from lightwell.actions import log
from lightwell.archive import entry, page
from lightwell.base import canonical, disclosure
from lightwell.db.models import (
    Disclosure,
    Holding,
    Inventory,
    Item,
    Opening,
    Person,
    Provider,
    PublicPage,
    Study,
    Suspension,
)
from lightwell.files import data, drafts, pdf, yaml_lines
from lightwell.files.state import State
from lightwell.tlog import key as keys
from lightwell.tlog import note

NOW = datetime.datetime(2026, 9, 1, 9, 0, tzinfo=datetime.UTC)
STUDY = "std-6wtb7d1t76x3nf"
WHOLE, PARTLY, WITHHELD, LOCKED, CSV = 1, 2, 3, 4, 5
SENTENCES = (
    "Children who used the service at night slept less.",
    "The marmalade sentence stands on the second page only.",
    "Alerts after ten in the evening were counted for every child.",
)
SECRET_TITLE = "Zanzibar interview notes"
PAGES = 3


@dataclass(frozen=True)
class Archive:
    """What the tests name: the state folder, the items by outcome and the original bytes."""

    state: State
    items: dict[int, Item]
    original: bytes


def build_archive(root: Path) -> Archive:
    """Write the archive into a database and a state folder."""
    state = State(root)
    root.mkdir(parents=True, exist_ok=True)
    signer = note.generate_signer("sample.example/site", keys.KeyType.ED25519, bytes(32))
    (root / "log.key").write_text(keys.format_skey(signer) + "\n")
    (root / "policy").write_text(f"log {keys.format_vkey(signer.verifier)}\nquorum none\n")
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    provider = Provider.objects.create(slug="larkfield", name="Larkfield (sample)", sample=True)
    record = drafts.parse_draft(
        yaml_lines.parse_document(data.read_example("study"), "study.yaml"), drafts.Slot(STUDY)
    ).record
    encoded = disclosure.encode_disclosure(record)
    (place,) = log.append(entries=[disclosure.format_log_entry(record)])
    Disclosure.objects.create(
        record=record.id,
        kind=record.kind,
        version=1,
        digest=canonical.compute_digest(disclosure.format_disclosure(record)),
        data=encoded,
        provider=provider,
        publisher="larkfield",
        publisher_role="provider",
        language="en",
        date=record.date,
        log_index=place,
        published_at=NOW,
    )
    (place,) = log.append(entries=[entry.make_study(NOW, STUDY, True, "sha256:" + "0" * 64, None)])
    study = Study.objects.create(
        id=STUDY, provider=provider, in_advance=True, log_index=place, registered_at=NOW
    )
    original = make_pdf()
    stored = state.files.put_bytes("public", original)
    pages = list(pdf.read_pages(state.files.find_path("public", stored)))
    csv = state.files.put_bytes("public", b"wave,hours\n1,7.2\n")
    rows = [
        (WHOLE, "report", "How children sleep", "night/LF-01 report.pdf", stored, original, PAGES),
        (PARTLY, "report", "What young people said", "night/LF-02.pdf", "2" * 64, b"", PAGES),
        (WITHHELD, "note", SECRET_TITLE, "zanzibar.pdf", "3" * 64, b"", 2),
        (LOCKED, "note", SECRET_TITLE + " later", "zanzibar2.pdf", "4" * 64, b"", 2),
        (CSV, "dataset-description", "Codebook", 'co\r\n"de;book.csv', csv, b"wave,hours\n1,7.2\n", None),
    ]
    items = {}
    entries = [
        entry.make_item(NOW, STUDY, number, kind, count, count is not None, _due(number), bytes(32))
        for number, kind, _, _, _, _, count in rows
    ]
    places = log.append(entries=[*entries, entry.make_inventory(NOW, STUDY, 1, len(rows), bytes(32))])
    inventory = Inventory.objects.create(
        study=study, number=1, root="0" * 64, log_index=places[-1], sealed_at=NOW
    )
    for (number, kind, title, name, digest, content, count), at in zip(rows, places, strict=False):
        items[number] = Item.objects.create(
            study=study,
            inventory=inventory,
            number=number,
            kind=kind,
            title=title,
            file_name=name,
            intent="publish",
            due=_due(number),
            media_type="text/csv" if number == CSV else "application/pdf",
            size=len(content),
            sha256=digest,
            pages=count,
            read=count is not None,
            renderer=pdf.name_renderer(),
            commitment="0" * 64,
            wrapped_key=bytes(40),
            log_index=at,
        )
    _open(items[WHOLE], pages, True, state)
    _open(items[PARTLY], [pages[0], pages[2]], False, state)
    _open(items[CSV], [], True, state)
    Holding.objects.create(
        item=items[PARTLY], page=2, ground="participant", decided_by="approver", review=_due(0), log_index=0
    )
    review = datetime.date(2030, 1, 1)
    (place,) = log.append(
        entries=[entry.make_withholding(NOW, STUDY, WITHHELD, "legal-privilege", "approver", review)]
    )
    Holding.objects.create(
        item=items[WITHHELD],
        ground="legal-privilege",
        decided_by="approver",
        review=review,
        log_index=place,
    )
    log.sign(store=state.tiles, origin="sample.example/site", signers=[signer])
    return Archive(state, items, original)


def suspend(item: Item, number: int | None = None) -> Suspension:
    """Take a page or an item out of view as one row and one log entry, the way the story does."""
    person, _ = Person.objects.get_or_create(username="officer")
    ground, role = "child-identifiable", "safeguarding-officer"
    (place,) = log.append(
        entries=[entry.make_suspension(NOW, item.study_id, item.number, number, ground, role)]
    )
    return Suspension.objects.create(
        item=item, page=number, ground=ground, by=person, at=NOW, log_index=place
    )


def make_pdf() -> bytes:
    """Print three A4 pages with a known sentence each."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=True)
    for number, sentence in enumerate(SENTENCES, 1):
        sheet.setFont("Helvetica-Bold", 18)
        sheet.drawString(72, 760, f"Chapter {number}: nights and sleep")
        sheet.setFont("Helvetica", 11)
        for line in range(12):
            sheet.drawString(72, 720 - 16 * line, sentence if line == 3 else "A sample line about sleep.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def _due(number: int) -> datetime.date:
    return datetime.date(2026, 12, 1) if number == LOCKED else datetime.date(2026, 10, 1)


def _open(item: Item, pages: list[page.Parts], whole: bool, state: State) -> None:
    digest = "sha256:" + f"{item.number}" * 64
    (index,) = log.append(
        entries=[entry.make_opening(NOW, item.study_id, item.number, len(pages) or None, digest)]
    )
    Opening.objects.create(item=item, digest=digest, data=b"{}", whole=whole, log_index=index, opened_at=NOW)
    for each in pages:
        name = ""
        if not whole:
            out = io.BytesIO()
            Image.new("RGB", (each.head.width, each.head.height), "white").save(out, "PNG")
            name = state.files.put_bytes("public", out.getvalue())
        PublicPage.objects.create(
            item=item,
            number=each.head.number,
            head=page.encode_head(each.head),
            lines=b"[" + b",".join(page.encode_line(line) for line in each.lines) + b"]",
            text="\n".join(" ".join(word.text for word in line) for line in each.lines),
            picture=name,
        )
    item.named = True
    item.save(update_fields=["named"])
