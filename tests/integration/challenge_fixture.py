"""A small archive with one study of two sealed papers, the second published whole, and a paper beside it.

Everything is made by the real stories; `Holder` is somebody outside with a file.
"""

from __future__ import annotations

import datetime
import hashlib
import io
import json
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import disclosure_fixture
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen import canvas

from lightwell.actions import challenges, inventories, log, overview
from lightwell.archive import challenge, entry, inventory, receipt, register, seal
from lightwell.base import canonical
from lightwell.db.models import Challenge, LogEntry, Study
from lightwell.files import foundation
from lightwell.files.state import State

NOW = datetime.datetime(2026, 3, 2, 12, tzinfo=datetime.UTC)
LOCKED, PUBLISHED = 1, 2
LATER = 3


def make_paper(words: str) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A6, invariant=True)
    sheet.drawString(30, 200, words)
    sheet.save()
    return out.getvalue()


PAPERS = {
    LOCKED: make_paper("the first paper"),
    PUBLISHED: make_paper("the second paper"),
    LATER: make_paper("a third paper"),
}
STRANGE = make_paper("nobody's paper")


@dataclass
class Office:
    """The archive and its people."""

    state: State
    desk: Any
    study: str
    folder: Path

    def seal_later(self, now: datetime.datetime) -> None:
        """Lock the third paper in, in an inventory of its own."""
        _seal(self, {LATER: PAPERS[LATER]}, now)

    def set_clock(self, now: datetime.datetime) -> None:
        (self.state.root / "sample-clock").write_text(str(int(now.timestamp())))
        overview.forget()

    def answer(self, name: str, answer: str, now: datetime.datetime, named: bool = False) -> None:
        """Answer by two people."""
        payload = {"challenge": name, "answer": answer, "named": named}
        self.desk.do("challenge-answer", name, payload, now)

    def lie(self, name: str, now: datetime.datetime) -> None:
        """Deny what is there, as a company could that changed its program."""
        roles = ("publisher", "approver")
        log.append(entries=[entry.make_challenge_answer(now, name, "not-in-inventory", None, None, roles)])

    def pretend(self, name: str, now: datetime.datetime) -> None:
        """Say that it is there and give a proof that leads nowhere."""
        empty = [bytes(32)] * 3
        roles = ("publisher", "approver")
        log.append(entries=[entry.make_challenge_answer(now, name, "in-inventory", empty, None, roles)])

    def find(self, name: str) -> register.Standing:
        overview.forget()
        found = overview.read_overview(self.state).find_challenge(name)
        assert found is not None
        return found

    def sign(self) -> None:
        log.publish_checkpoint(state=self.state, now=NOW)


@dataclass
class Holder:
    """Somebody with a file, as the command or the page's script would make the numbers."""

    data: bytes
    provider: str = "larkfield"
    salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))

    @property
    def measure(self) -> seal.FileMeasure:
        return seal.FileMeasure(hashlib.sha256(self.data).digest(), len(self.data))

    @property
    def commitment(self) -> bytes:
        return challenge.commit_file(self.salt, self.measure)

    def find_nonce(self, bits: int = challenge.FIRST_BITS) -> int:
        return challenge.find_work(self.provider, self.commitment, bits)

    def ask(self, now: datetime.datetime = NOW) -> Challenge:
        return challenges.ask(
            provider=self.provider, commitment=self.commitment, nonce=self.find_nonce(), now=now
        )

    def tell(self, name: str, now: datetime.datetime = NOW) -> None:
        challenges.hand_over(name=name, salt=self.salt, measure=self.measure, now=now)

    def make_receipt(self, name: str = "") -> receipt.Receipt:
        return receipt.Receipt(self.provider, self.salt, self.measure, 0, name)

    def write_receipt(self, path: Path, name: str = "") -> Path:
        path.write_text(json.dumps(receipt.format_receipt(self.make_receipt(name))))
        return path


def build_office(root: Path, folder: Path) -> Office:
    foundation.lay_foundation(root, origin="sample.lightwell.example/asked", sample=True)
    state = State(root)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    overview.forget()
    log.begin_log(now=NOW - datetime.timedelta(days=800))
    desk = disclosure_fixture.Desk(state)
    study = desk.disclose(disclosure_fixture.read_value("study")).record
    folder.mkdir(parents=True)
    office = Office(state, desk, study, folder)
    _seal(office, {number: PAPERS[number] for number in (LOCKED, PUBLISHED)}, NOW)
    desk.do("publication", study, {"study": study, "summary": "We found it.", "items": [PUBLISHED]}, NOW)
    return office


def _seal(office: Office, papers: dict[int, bytes], now: datetime.datetime) -> None:
    rows = []
    for place, (number, data) in enumerate(papers.items(), 1):
        (office.folder / f"{number}.pdf").write_bytes(data)
        rows.append(
            inventory.Row(
                place, f"{number}.pdf", f"Paper {number}", "report", "2025-05", "publish", "", "",
                datetime.date(2026, 12, 31),
            )
        )  # fmt: skip
    found = Study.objects.get(pk=office.study)
    inventories.measure_files(state=office.state, study=found, folder=office.folder, rows=rows, processes=1)
    inventories.seal_inventory(actor=office.desk.ana, study=found, now=now)


def list_entries(type_name: str) -> list[dict[str, Any]]:
    values = [canonical.decode(bytes(each.data)) for each in LogEntry.objects.order_by("index")]
    return [value for value in values if isinstance(value, dict) and value["type"] == type_name]
