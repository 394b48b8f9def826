"""The life of hidden parts: proposed, decided, read by a third, published, opened again, audited.

Three documents: a PDF of two pages, a text and a mail, which are printed when they are sealed. Every way in
which a person or a program names what is to be hidden has one word of its own.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import scene
from reportlab.lib.pagesizes import A6
from reportlab.pdfgen import canvas
from scene import ANA, BEN, Act

from lightwell.archive import inventory

STUDY = "std-6arbjdhmpawhhx"
PDF, TEXT, MAIL = 1, 2, 3
SHARED = "slumber"
# Visible from the first publication on, one for each page, the two of the PDF first.
VISIBLE = ("florvane", "drimstock", "pelkwood", "sundrick")
PATTERN, PLACE, ROSTER, MISSED = "Zabrinski", "Kuldova", "Wexmoor", "Yttervik"
LIFTED, LATER, REJECTED, TAKEN_BACK, DISMISSED = "Jomquist", "Hravnik", "Oxbelt", "Tunvale", "Ceblinger"

SCENE = scene.Scene(
    STUDY,
    documents=MAIL,
    pages=2,
    shared=SHARED,
    words=(*VISIBLE, PATTERN, PLACE, ROSTER, MISSED, LIFTED, LATER, REJECTED, TAKEN_BACK, DISMISSED),
    never=(PATTERN, PLACE, ROSTER, MISSED),
)


def make_acts(work: Path) -> list[Act]:
    """List the acts after the beginning; folders lie below `work`."""
    return [*_make_sealing(work), *_make_deciding(work), *_make_publishing(work), *_make_opening_again()]


def _make_sealing(work: Path) -> list[Act]:
    seal = ["seal", STUDY, str(work / "research"), str(work / "inventory.csv"), "--yes", "--processes", "1"]
    return [
        Act("propose a study", ["disclose", str(work / "study.yaml"), *ANA], struck=False),
        Act("publish a study's record", ["approve", "1", *BEN], struck=False),
        Act("seal a PDF, a text and a mail", [*seal, *ANA]),
    ]


def _make_deciding(work: Path) -> list[Act]:
    """List what comes before publication; the numbers are those of the rows, in the order of proposing."""
    nothing = ("name at least one", "there is no", "is no ")
    return [
        Act("propose to hide by pattern", _find(PATTERN)),
        Act("propose to hide what is lifted later", _find(LIFTED)),
        Act("propose to hide by place", _hide(PDF, 1, PLACE, "junior-staff")),
        Act("propose too much", _find(REJECTED)),
        Act("propose by mistake", _find(TAKEN_BACK), struck=False),
        Act("take back a proposal", _take_back(TAKEN_BACK), nothing),
        Act("detect by roster", ["redaction", "detect", STUDY, "--roster", str(work / "roster.csv"), *ANA]),
        Act("confirm a suggestion", _choose("confirm", ROSTER, "ana"), nothing),
        Act("dismiss suggestions", ["redaction", "dismiss", STUDY, "all", *ANA], nothing),
        Act("turn a proposal down", _choose("reject", REJECTED, "ben"), nothing),
        Act("draw a sample", ["redaction", "sample", STUDY, "--count", "50", *ANA], ("no page of this",)),
        Act("read a clean page", ["redaction", "read", STUDY, "2", "1", "--clean", *BEN], ("does not wait",)),
        Act("read a page with a miss", _read_missed, ("was read by somebody", "does not wait")),
        Act("confirm what was missed", _choose("confirm", MISSED, "ana"), nothing),
        Act("approve what is hidden", ["redaction", "approve", STUDY, "all", *BEN], nothing),
    ]


def _make_publishing(work: Path) -> list[Act]:
    audit = ["audit-seal", STUDY, "--pages", "4", "--as", "aud"]
    return [
        Act("audit the seal", audit, again="audit"),
        Act("propose to publish", ["publish", STUDY, "--summary", "What we found.", *ANA]),
        Act("publish with hidden parts", ["approve", "2", *BEN], ("already",)),
        # What is worked out after hiding more has these steps and more.
        Act("work", ["worker", "--once"], struck=False),
        Act("write a bundle", ["bundle", str(work / "bundle")], ("exists already",)),
    ]


def _make_opening_again() -> list[Act]:
    already = ("already",)
    return [
        Act("propose to lift", _release(LIFTED)),
        Act("open what was hidden", ["approve", "3", *BEN], already),
        Act("propose to hide more", _find(LATER, "confidential")),
        Act("approve to hide more", ["redaction", "approve", STUDY, "all", *BEN], ("name at least one",)),
        Act("propose to open with more hidden", ["redaction", "release", STUDY, str(TEXT), *ANA]),
        Act("hide more", ["approve", "4", *BEN], already),
        Act("propose nothing", _release(PATTERN)),
        Act("turn a release down", ["reject", "5", *BEN], already),
        Act("work after hiding more", ["worker", "--once"]),
    ]


def list_beginnings() -> list[list[str]]:
    """List the commands that begin the installation; no fault strikes them."""
    return scene.list_beginnings(["person", "add", "aud", "--role", "auditor", "--no-password"])


def write_papers(work: Path) -> None:
    """Write everything that the commands read."""
    scene.write_study(work, STUDY)
    (work / "roster.csv").write_text(f"kind,name\nstaff,{ROSTER} Adder\nstaff,{DISMISSED} Adder\n")
    folder = work / "research"
    folder.mkdir()
    pages = (
        (f"The {SHARED} of {VISIBLE[0]} with {PATTERN} there.", f"A friend {PLACE} was seen."),
        (f"The {SHARED} of {VISIBLE[1]} and of {LIFTED} was told.", f"It was {REJECTED} and {TAKEN_BACK}."),
    )
    text = f"The {SHARED} of {VISIBLE[2]} by {PATTERN} was noted.\n\nLater {LATER} wrote of the rain.\n"
    files = {"notes.pdf": print_pages(pages), "notes.txt": text.encode(), "mail.eml": _write_mail()}
    rows = []
    for number, (name, data) in enumerate(files.items(), 1):
        (folder / name).write_bytes(data)
        due = scene.find_promise_day()
        rows.append(
            inventory.Row(number, name, f"Report {number}", "report", "2025-05-01", "publish", "", "", due)
        )
    (work / "inventory.csv").write_text(inventory.format_rows(rows))


def print_pages(pages: tuple[tuple[str, ...], ...]) -> bytes:
    """Print lines of text on small pages."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A6, invariant=True)
    for lines in pages:
        for k, line in enumerate(lines):
            sheet.drawString(20, 300 - 60 * k, line)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def _write_mail() -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = "office@example.org", "desk@example.org"
    mail["Subject"], mail["Date"] = "The diary", "Thu, 01 May 2025 10:00:00 +0000"
    mail.set_content(
        f"The {SHARED} of {VISIBLE[3]} came.\n\nThen {ROSTER} Adder left.\n\nAnd {MISSED} stayed.\n\n"
        f"So did {DISMISSED} Adder.\n"
    )
    return bytes(mail)


def _find(word: str, ground: str = "participant") -> list[str]:
    return ["redaction", "find", STUDY, word, "--ground", ground, "--hide", "all", *ANA]


def _hide(number: int, page: int, word: str, ground: str) -> Callable[[], Any]:
    """Hide by the place of a word, as somebody does who has read the page."""
    page_of = ["redaction", "hide", STUDY, str(number), str(page)]
    why = ["--ground", ground, *ANA]
    return lambda: _run([*page_of, "--words", _find_place(number, page, word), *why])


def _choose(verb: str, word: str, person: str) -> Callable[[], Any]:
    """Decide about the regions that hide a word, by their numbers."""
    return lambda: _run(["redaction", verb, STUDY, ",".join(map(str, _list_numbers(word))), "--as", person])


def _release(word: str) -> Callable[[], Any]:
    def release() -> Any:
        numbers = _list_numbers(word, PDF)
        return _run(["redaction", "release", STUDY, str(PDF), ",".join(map(str, numbers)), *ANA])

    return release


def _read_missed() -> Any:
    place = _find_place(MAIL, 1, MISSED)
    return _run(
        ["redaction", "read", STUDY, str(MAIL), "1", "--missed", place, "--ground", "participant", *BEN]
    )


def _take_back(word: str) -> Callable[[], None]:
    """What the workspace does and no command line: take back one's own proposal."""

    def take_back() -> None:
        from lightwell.actions import redactions
        from lightwell.cli import installation
        from lightwell.db.models import Study

        installation.open_installation()
        ana, study = installation.find_person("ana"), Study.objects.get(pk=STUDY)
        redactions.withdraw_regions(actor=ana, study=study, numbers=_list_numbers(word))

    return take_back


def _run(command: list[str]) -> Any:
    from lightwell.cli import redaction

    return redaction.redaction.main(command[1:], standalone_mode=False)


def _find_place(number: int, page: int, word: str) -> str:
    """Find where a word stands on a sealed page, as `lightwell redaction page` counts."""
    from lightwell.actions import redactions
    from lightwell.cli import installation

    state = installation.open_installation()
    item = redactions.find_item(STUDY, number)
    ben = installation.find_person("ben")
    lines = redactions.read_page(state=state, actor=ben, item=item, number=page).lines
    words = [(k, n, each.text) for k, line in enumerate(lines, 1) for n, each in enumerate(line, 1)]
    return ",".join(f"{k}.{n}" for k, n, text in words if word in text)


def _list_numbers(word: str, number: int | None = None) -> list[int]:
    """List the numbers of the regions whose first word is this one."""
    from lightwell.actions import redactions
    from lightwell.cli import installation
    from lightwell.db.models import Redaction

    state = installation.open_installation()
    ben, found = installation.find_person("ben"), []
    for row in Redaction.objects.filter(item__study=STUDY).select_related("item").order_by("pk"):
        lines = redactions.read_page(state=state, actor=ben, item=row.item, number=row.page).lines
        words = [lines[line][place].text for line, place in row.words]
        if any(word in each for each in words) and number in (None, row.item.number):
            found.append(row.pk)
    return found
