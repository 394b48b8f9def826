"""The life of documents that a browser hands in: received, checked, read by the worker, locked in.

A text, a mail and, where LIGHTWELL_FAULT_OFFICE is set and LibreOffice is there, an office file.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from email.message import EmailMessage
from pathlib import Path

import scene
from scene import ANA, BEN, Act

STUDY = "std-6arbjdhmpawhhx"
TEXT, MAIL, OFFICE = "pelkwood", "sundrick", "Wexmoor"
SHARED = "slumber"

SCENE = scene.Scene(
    STUDY,
    documents=3,
    pages=1,
    shared=SHARED,
    words=(TEXT, MAIL, OFFICE),
    # Nothing is published here.
    never=(TEXT, MAIL, OFFICE),
    papers=("hand-in/*",),
)

_W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_R = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_MAIN = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main"


def make_acts(work: Path) -> list[Act]:
    """List the acts after the beginning; folders lie below `work`."""
    busy = ("is being done already", "are being read or checked")
    return [
        Act("propose a study", ["disclose", str(work / "study.yaml"), *ANA], struck=False),
        Act("publish a study's record", ["approve", "1", *BEN], struck=False),
        Act("work on what was there", ["worker", "--once"], struck=False),
        Act("hand in files", lambda: _hand_in(work)),
        Act("ask for a check", lambda: _ask("check"), busy),
        Act("check", ["worker", "--once"], repeat=lambda: _try_again("check")),
        Act("ask for a reading", lambda: _ask("read"), busy),
        Act("read and print", ["worker", "--once"], repeat=lambda: _try_again("read")),
        Act("lock in", _lock_in, ("nothing is measured", "nothing")),
    ]


def list_beginnings() -> list[list[str]]:
    """List the commands that begin the installation; no fault strikes them."""
    return scene.list_beginnings()


def write_papers(work: Path) -> None:
    """Write everything that is handed in."""
    scene.write_study(work, STUDY)
    folder = work / "hand-in"
    folder.mkdir()
    (folder / "notes.txt").write_text(f"The {SHARED} of {TEXT} was noted.\n")
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "office@example.org", "desk@example.org", "The diary"
    mail["Date"] = "Thu, 01 May 2025 10:00:00 +0000"
    mail.set_content(f"The {SHARED} of {MAIL} came.\n")
    (folder / "mail.eml").write_bytes(bytes(mail))
    if os.environ.get("LIGHTWELL_FAULT_OFFICE") and shutil.which("soffice"):
        _write_office(folder / "report.docx", f"The {SHARED} of {OFFICE} fell.")


def _write_office(path: Path, text: str) -> None:
    types = (
        f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/word/document.xml" ContentType="{_MAIN}+xml"/></Types>'
    )
    relations = (
        f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_R}/officeDocument" '
        'Target="word/document.xml"/></Relationships>'
    )
    body = f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>"
    with zipfile.ZipFile(path, "w") as made:
        made.writestr("[Content_Types].xml", types)
        made.writestr("_rels/.rels", relations)
        made.writestr("word/document.xml", f'<w:document xmlns:w="{_W}"><w:body>{body}</w:body></w:document>')


def _hand_in(work: Path) -> None:
    """What a browser's upload does: files are received in the area, then get their places."""
    from lightwell.actions import incoming
    from lightwell.cli import installation
    from lightwell.db.models import Study
    from lightwell.files import incoming as areas

    state = installation.open_installation()
    ana, study = installation.find_person("ana"), Study.objects.get(pk=STUDY)
    area = incoming.open_area(state=state, actor=ana, study=study)
    arrived = []
    for path in sorted((work / "hand-in").iterdir()):
        place, data = area.begin_file(), path.read_bytes()
        with open(place, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        digest = hashlib.sha256(data).hexdigest()
        arrived.append(areas.Arrived(path.name, place, digest, len(data)))
    incoming.admit_files(
        state=state,
        actor=ana,
        study=study,
        arrived=arrived,
        refused=[],
        limits=areas.read_limits(),
        now=state.read_now(),
    )


def _ask(do: str) -> None:
    from lightwell.actions import readings
    from lightwell.cli import installation
    from lightwell.db.models import Study

    state = installation.open_installation()
    ana, study = installation.find_person("ana"), Study.objects.get(pk=STUDY)
    readings.ask(state=state, actor=ana, study=study, do=do, now=state.read_now())


def _try_again(do: str) -> None:
    """What a person does who reads that it failed: ask once more; then the worker has its turn."""
    from lightwell.actions import incoming, readings
    from lightwell.cli import installation, serving
    from lightwell.db.models import Study

    state = installation.open_installation()
    ana, study = installation.find_person("ana"), Study.objects.get(pk=STUDY)
    area = incoming.open_area(state=state, actor=ana, study=study)
    found = readings.read_found(area, do)
    if found is not None and found.status in ("failed", "problems") and not readings.read_asked(area):
        # A reader that is killed at one file again and again is taken for a fault of the file.
        told = {"failed": "disk", "problems": "SIGKILL"}[found.status]
        assert told in str(found.problems), found.problems
        _ask(do)
    serving.worker.main(["--once"], standalone_mode=False)


def _lock_in() -> None:
    """What the page of a study does once its id was typed again."""
    from lightwell.actions import inventories, readings
    from lightwell.cli import installation
    from lightwell.db.models import Study
    from lightwell.files import occupancy

    state = installation.open_installation()
    ana, study = installation.find_person("ana"), Study.objects.get(pk=STUDY)
    with occupancy.hold_study(state.root, study.pk):
        inventories.seal_inventory(actor=ana, study=study, now=state.read_now())
        readings.forget_sealed(state=state, study=study)
