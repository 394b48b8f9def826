"""The life of an archive as a list of commands, each of which is struck by faults at every durable step."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import scene
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen import canvas
from scene import ANA, BEN, Act

from lightwell.archive import inventory
from lightwell.files import data

STUDY, EDITION, OTHER = "std-6arbjdhmpawhhx", "fig-6ctb7ens6awsh3", "fig-000820c20a1g7t"
WHOLE, PARTLY, SUSPENDED, TAKEN, ERASED, BYTES, HIDDEN = range(1, 8)
PAGES = 2
SHARED = "slumber"  # on every page, so that one search meets whatever search can find


def name_word(document: int, page: int) -> str:
    """A word that stands on one page only."""
    return "quax" + "abcdefgh"[document] * 3 + "mnop"[page]


SCENE = scene.Scene(
    STUDY,
    documents=HIDDEN,
    pages=PAGES,
    shared=SHARED,
    words=(
        *(name_word(document, page) for document in range(WHOLE, HIDDEN + 1) for page in (1, PAGES)),
        *("quaxfigures1", "quaxfigures2"),
    ),
    records=(EDITION, OTHER),
    papers=("research/*", "figures-*.csv"),
)


def make_acts(work: Path) -> list[Act]:
    """List the acts after the beginning; folders lie below `work`."""
    seal = ["seal", STUDY, str(work / "research"), str(work / "inventory.csv"), "--yes", "--processes", "1"]
    hide = ["redaction", "find", STUDY, name_word(HIDDEN, 2), "--ground", "participant", "--hide", "all"]
    already = ("already",)
    return [
        Act("propose a study", ["disclose", str(work / "study.yaml"), *ANA]),
        Act("publish a study's record", ["approve", "1", *BEN], already),
        Act("seal a folder", [*seal, *ANA]),
        Act("propose to hide a word", [*hide, *ANA]),
        Act("approve what is hidden", ["redaction", "approve", STUDY, "all", *BEN], ("name at least one",)),
        Act("propose to publish", ["publish", STUDY, "--summary", "What we found.", *ANA]),
        Act("publish what was sealed", ["approve", "2", *BEN], already),
        Act("work", ["worker", "--once"]),
        Act("write a bundle", ["bundle", str(work / "bundle")], ("exists already",)),
        Act("suspend a page", _suspend, already),
        Act("sign and show", ["log", "checkpoint"]),
        Act("propose to restore", scene.propose("dan", "restoration", STUDY, {"suspension": 1})),
        Act("restore a page", ["approve", "3", "--as", "eva"], already),
        Act("propose to lift", ["redaction", "release", STUDY, str(HIDDEN), "1", *ANA]),
        Act("open what was hidden", ["approve", "4", *BEN], already),
        Act("propose to take back", scene.propose("ana", "take-back", STUDY, _TAKE_BACK)),
        Act("take a document back", ["approve", "5", *BEN], already),
        Act("propose to erase", ["keys", "erase", STUDY, str(ERASED), "--ground", "erased-by-law", *ANA]),
        Act("erase a document by law", ["approve", "6", *BEN], already),
        Act("work after hiding", ["worker", "--once"]),
        Act("propose figures", ["disclose", str(work / "edition.yaml"), *_attach(work, 1), *ANA]),
        Act("publish figures", ["approve", "7", *BEN], already),
        Act("propose to withdraw", ["withdraw", EDITION, "--ground", "published-in-error", *ANA]),
        Act("withdraw figures", ["approve", "8", *BEN], already),
        Act("propose other figures", ["disclose", str(work / "other.yaml"), *_attach(work, 2), *ANA]),
        Act("publish other figures", ["approve", "9", *BEN], already),
        Act("propose to erase figures", ["withdraw", OTHER, "--ground", "erased-by-law", *ANA]),
        Act("erase figures by law", ["approve", "10", *BEN], already),
        Act("rotate the master key", ["keys", "rotate", "--retire"]),
    ]


_REVIEW = (datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=300)).isoformat()
_TAKE_BACK = {"study": STUDY, "items": [TAKEN], "ground": "confidential", "review": _REVIEW}


def list_beginnings() -> list[list[str]]:
    """List the commands that begin the installation; no fault strikes them."""
    officer = ["--role", "safeguarding-officer", "--organisation", "larkfield", "--no-password"]
    return scene.list_beginnings(*(["person", "add", name, *officer] for name in ("dan", "eva")))


def write_papers(work: Path) -> None:
    """Write everything that the commands read."""
    scene.write_study(work, STUDY)
    edition = data.read_example("figures-edition")
    attachment = data.read_example_attachment("safety-figures-2025q3.csv")
    for number, (name, record) in enumerate((("edition", EDITION), ("other", OTHER)), 1):
        scene.write_record(work / f"{name}.yaml", edition, record)
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
        due = scene.find_promise_day()
        rows.append(
            inventory.Row(number, name, f"Report {number}", "report", "2025-05-01", "publish", *held, due)
        )
    (work / "inventory.csv").write_text(inventory.format_rows(rows))


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


def _suspend() -> None:
    from lightwell.actions import suspensions
    from lightwell.cli import installation
    from lightwell.db.models import Item

    state = installation.open_installation()
    item = Item.objects.get(study=STUDY, number=SUSPENDED)
    dan = installation.find_person("dan")
    suspensions.suspend_page(actor=dan, item=item, page=1, now=state.read_now())
