"""The life of an archive as a list of commands, each of which is struck by faults at every durable step.

Every act begins where the one before it ended. What an act must bring about is not written down: it is
what the same act does when nothing fails (`observation.py` says what is compared).
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen import canvas

from lightwell.archive import inventory
from lightwell.files import data

STUDY, EDITION, OTHER = "std-6arbjdhmpawhhx", "fig-6ctb7ens6awsh3", "fig-000820c20a1g7t"
WHOLE, PARTLY, SUSPENDED, TAKEN, ERASED, BYTES, HIDDEN = range(1, 8)
PAGES = 2
SHARED = "slumber"  # on every page, so that one search meets whatever search can find


@dataclass(frozen=True)
class Act:
    """One command of the journey; `told` are words of the sentence that says it was done before."""

    name: str
    command: list[str] | Callable[[], Any]
    told: tuple[str, ...] = ()


def name_word(document: int, page: int) -> str:
    """A word that stands on one page only."""
    return "quax" + "abcdefgh"[document] * 3 + "mnop"[page]


def make_acts(work: Path) -> list[Act]:
    """List the acts after the beginning; folders lie below `work`."""
    seal = ["seal", STUDY, str(work / "research"), str(work / "inventory.csv"), "--yes", "--processes", "1"]
    hide = ["redaction", "find", STUDY, name_word(HIDDEN, 2), "--ground", "participant", "--hide", "all"]
    already = ("already",)
    return [
        Act("propose a study", ["disclose", str(work / "study.yaml"), *_ANA]),
        Act("publish a study's record", ["approve", "1", *_BEN], already),
        Act("seal a folder", [*seal, *_ANA]),
        Act("propose to hide a word", [*hide, *_ANA]),
        Act("approve what is hidden", ["redaction", "approve", STUDY, "all", *_BEN], ("name at least one",)),
        Act("propose to publish", ["publish", STUDY, "--summary", "What we found.", *_ANA]),
        Act("publish what was sealed", ["approve", "2", *_BEN], already),
        Act("work", ["worker", "--once"]),
        Act("write a bundle", ["bundle", str(work / "bundle")], ("exists already",)),
        Act("suspend a page", _suspend, already),
        Act("sign and show", ["log", "checkpoint"]),
        Act("propose to restore", _propose("restoration", STUDY, {"suspension": 1})),
        Act("restore a page", ["approve", "3", "--as", "eva"], already),
        Act("propose to lift", ["redaction", "release", STUDY, str(HIDDEN), "1", *_ANA]),
        Act("open what was hidden", ["approve", "4", *_BEN], already),
        Act("propose to take back", _propose("take-back", STUDY, _TAKE_BACK)),
        Act("take a document back", ["approve", "5", *_BEN], already),
        Act("propose to erase", ["keys", "erase", STUDY, str(ERASED), "--ground", "erased-by-law", *_ANA]),
        Act("erase a document by law", ["approve", "6", *_BEN], already),
        Act("work after hiding", ["worker", "--once"]),
        Act("propose figures", ["disclose", str(work / "edition.yaml"), *_attach(work, 1), *_ANA]),
        Act("publish figures", ["approve", "7", *_BEN], already),
        Act("propose to withdraw", ["withdraw", EDITION, "--ground", "published-in-error", *_ANA]),
        Act("withdraw figures", ["approve", "8", *_BEN], already),
        Act("propose other figures", ["disclose", str(work / "other.yaml"), *_attach(work, 2), *_ANA]),
        Act("publish other figures", ["approve", "9", *_BEN], already),
        Act("propose to erase figures", ["withdraw", OTHER, "--ground", "erased-by-law", *_ANA]),
        Act("erase figures by law", ["approve", "10", *_BEN], already),
        Act("rotate the master key", ["keys", "rotate", "--retire"]),
    ]


_ANA, _BEN = ["--as", "ana"], ["--as", "ben"]
_REVIEW = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=300)).isoformat()
_TAKE_BACK = {"study": STUDY, "items": [TAKEN], "ground": "confidential", "review": _REVIEW}


def list_beginnings() -> list[list[str]]:
    """List the commands that begin the installation; no fault strikes them."""
    person = ["--organisation", "larkfield", "--no-password"]
    return [
        ["init", "--origin", "log.example/faults"],
        ["organisation", "add", "larkfield", "--role", "provider", "--name", "Larkfield (sample)"],
        ["person", "add", "ana", "--role", "publisher", *person],
        ["person", "add", "ben", "--role", "approver", *person],
        ["person", "add", "dan", "--role", "safeguarding-officer", *person],
        ["person", "add", "eva", "--role", "safeguarding-officer", *person],
        ["worker", "--once"],
    ]


def write_papers(work: Path) -> None:
    """Write everything that the commands read."""
    _write_record(work / "study.yaml", data.read_example("study-earlier"), STUDY)
    edition = data.read_example("figures-edition")
    attachment = data.read_example_attachment("safety-figures-2025q3.csv")
    for number, (name, record) in enumerate((("edition", EDITION), ("other", OTHER)), 1):
        _write_record(work / f"{name}.yaml", edition, record)
        (work / f"figures-{number}.csv").write_bytes(attachment + f"quaxfigures{number}\n".encode())
    folder = work / "research"
    folder.mkdir()
    rows = []
    for number in range(WHOLE, HIDDEN + 1):
        ending = "csv" if number == BYTES else "pdf"
        name = f"document-{number}.{ending}"
        text = f"wave,{name_word(number, 1)}\n".encode()
        (folder / name).write_bytes(text if number == BYTES else _print_pages(number))
        held = ("participant", "2") if number == PARTLY else ("", "")
        due = _promise_day()
        rows.append(
            inventory.Row(number, name, f"Report {number}", "report", "2025-05-01", "publish", *held, due)
        )
    (work / "inventory.csv").write_text(inventory.format_rows(rows))


def _promise_day() -> datetime.date:
    """A day that can be promised: not past on the day of this run, and within reach."""
    return datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=365)


def _write_record(path: Path, example: bytes, record: str) -> None:
    value = yaml.safe_load(example)
    provider = {"id": "larkfield", "name": "Larkfield (sample)"}
    value |= {"id": record, "publisher": {**provider, "role": "provider"}, "provider": provider}
    value.pop("attachments", None)
    if "due_dates" in value["body"]:
        due = _promise_day().isoformat()
        value["body"]["due_dates"] = [{"id": "documents", "what": "All documents", "date": due}]
    path.write_text(yaml.safe_dump(value))


def _attach(work: Path, number: int) -> list[str]:
    return ["--attach", str(work / f"figures-{number}.csv")]


def _print_pages(document: int) -> bytes:
    out = io.BytesIO()
    # Not compressed, so that words can be found in the published file by looking at its bytes.
    sheet = canvas.Canvas(out, pagesize=A6, invariant=True, pageCompression=0)
    for page in range(1, PAGES + 1):
        sheet.drawString(30, 300, f"The {SHARED} of {name_word(document, page)} was counted.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def _propose(kind: str, subject: str, payload: dict[str, Any]) -> Callable[[], None]:
    """What the workspace does and no command line: propose as the person who may."""

    def propose() -> None:
        from lightwell.actions import proposals
        from lightwell.cli import installation

        state = installation.open_installation()
        actor = installation.find_person("dan" if kind == "restoration" else "ana")
        proposals.propose(actor=actor, kind=kind, subject=subject, payload=payload, now=state.read_now())

    return propose


def _suspend() -> None:
    from lightwell.actions import suspensions
    from lightwell.cli import installation
    from lightwell.db.models import Item

    state = installation.open_installation()
    item = Item.objects.get(study=STUDY, number=SUSPENDED)
    dan = installation.find_person("dan")
    suspensions.suspend_page(actor=dan, item=item, page=1, now=state.read_now())
