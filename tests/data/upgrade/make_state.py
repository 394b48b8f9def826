"""Make the archive that a version of Lightwell leaves behind, with that version's own code.

    git worktree add --detach /tmp/old VERSION && cd /tmp/old
    export PYTHONPATH=src:tests/integration LIGHTWELL_STATE=/tmp/state LIGHTWELL_BEACON=none
    python -c "from lightwell.cli.main import main; main()" init --origin upgrade.example/log
    python MAIN/tests/data/upgrade/make_state.py /tmp/documents
    cd /tmp/state && rm -rf index packed drawn reading web.key *.lock
    tar --sort=name --owner=0 --group=0 --mtime=2026-11-28 -cJf MAIN/tests/data/upgrade/state-VERSION.tar.xz .

Every tagged version gets one, on the day of its tag; `tests/integration/test_upgrade.py` takes up whatever
lies here. The log, its keys and its people are invented for this and used for nothing else.
"""

import datetime
import io
import sys
from pathlib import Path

from lightwell.cli import installation

STATE = installation.open_installation()

from disclosure_fixture import Desk, read_value  # noqa: E402  # Django is ready only now
from reportlab.lib.pagesizes import A5  # noqa: E402
from reportlab.pdfgen import canvas  # noqa: E402

from lightwell.actions import inventories, log, suspensions  # noqa: E402
from lightwell.archive import inventory  # noqa: E402
from lightwell.db.models import Item, Study  # noqa: E402

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DUE = datetime.date(2027, 3, 1)
ROWS = [
    ("publish", "", ""),
    ("publish", "participant", "2"),
    ("withhold", "legal-privilege", ""),
    ("publish", "", ""),
]


def make_pdf(number: int) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A5, invariant=True)
    for page in (1, 2):
        sheet.drawString(40, 500, f"The invented slumber of document {number} page {page} was counted.")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def main(work: Path) -> None:
    desk = Desk(STATE)
    study = Study.objects.get(pk=desk.disclose(read_value("study")).record)
    desk.disclose(read_value("letter"), NOW)
    work.mkdir(parents=True, exist_ok=True)
    rows = []
    for number, (intent, ground, held) in enumerate(ROWS, 1):
        (work / f"{number}.pdf").write_bytes(make_pdf(number))
        about = (f"Report {number}", "report", "2025-05-02", intent, ground, held, DUE)
        rows.append(inventory.Row(number, f"{number}.pdf", *about))
    inventories.measure_files(state=STATE, study=study, folder=work, rows=rows, processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    log.publish_checkpoint(state=STATE, now=NOW)
    payload = {"study": study.pk, "summary": "What we found.", "items": [1, 2, 3]}
    desk.do("publication", study.pk, payload, NOW)
    suspensions.suspend_page(actor=desk.ana, item=Item.objects.get(study=study, number=1), page=2, now=NOW)
    log.count_day(state=STATE, now=NOW)
    log.publish_checkpoint(state=STATE, now=NOW)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
