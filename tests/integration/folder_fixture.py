"""A folder of documents made here, and the demo run on a folder as somebody would run it."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

from reportlab.pdfgen import canvas

LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
NOUNS = [
    "sleep",
    "feeling",
    "message",
    "café",
    "naïve",
    "study",
    "bullying",
    "film",
    "flow",
    "office",
    "group",
    "feed",
    "answer",
    "school",
]
VERBS = ["changes", "follows", "hurts", "comforts", "reaches", "finds", "leaves", "asks", "hides", "repeats"]


def write_documents(folder: Path) -> None:
    """Prose with words divided at line ends, two columns, accents, a turned page; and a file that is no PDF.

    The turned page divides no word: the engine does not see there that two halves are one.
    """
    folder.mkdir()
    dice = random.Random(2021)
    for name, columns, pages in (("one column.pdf", 1, 4), ("two columns.pdf", 2, 3), ("turned.pdf", 1, 2)):
        divided = name != "turned.pdf"
        sheet = canvas.Canvas(str(folder / name), pagesize=(595, 842))
        for number in range(1, pages + 1):
            sheet.setFont("Times-Roman", 11)
            sheet.drawString(60, 800, f"Page {number} of the report “{name[:3]}” — no. {dice.random():.4f}")
            for column in range(columns):
                for row in range(40):
                    words = [
                        dice.choice(VERBS if k % 3 == 1 else NOUNS) for k in range(5 if columns > 1 else 9)
                    ]
                    text = (
                        ("ness " if divided and row % 5 == 1 else "")
                        + " ".join(words)
                        + (" loneli-" if divided and row % 5 == 0 else "")
                    )
                    sheet.drawString(60 + 260 * column, 770 - 16 * row, text)
            if not divided:
                sheet.setPageRotation(90)
            sheet.showPage()
        sheet.save()
    (folder / "answers.parquet").write_bytes(b"PAR1 no program here reads it PAR1")


def make_demo(documents: Path, home: Path) -> Path:
    """Run `lightwell demo --data`; what it said lies in the file `said` of its home."""
    command = [*LIGHTWELL, "demo", "--data", str(documents), "--home", str(home), "--no-serve"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (home / "said").write_text(done.stdout)
    return home
