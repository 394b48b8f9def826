"""Make docs/attack.md: what comes back from each way of redacting, place by place, with every attacker here.

PyMuPDF and clearleaf are no dependencies; install them elsewhere and name the folder:
pip install --target /tmp/peers pymupdf clearleaf; PYTHONPATH=/tmp/peers .venv/bin/python docs/make/attack.py
"""

from __future__ import annotations

import subprocess
import sys
import unittest.mock
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tests" / "attack"))

import hiding  # noqa: E402 - found by the line above
import peers  # noqa: E402
import pypdfium2  # noqa: E402
from test_attack import SEED  # noqa: E402

from lightwell.files import attack, recognition, rehearsal, workers  # noqa: E402 - after the path above

OURS = "Lightwell"
HEAD = """# What attackers get out of a redacted file

Made by `docs/make/attack.py` from `tests/attack`; do not edit. One document holds {count} words, each in
another hiding place. Each way of redacting is told where all of them are, then every attacker reads what is
left. A word counts when three quarters of its letters come back in a row. Peers: {versions}.

| way of redacting | recovered of {count} |
| --- | --- |
"""
LIMITS = """
## What this does not show

- A person must find what is to be hidden. Words that are only in a picture were found here by Tesseract, as a
  reviewer finds them by eye; without it {pictured} of the {count} stayed in sight.
- The residue check reads pictures only around what is hidden. A name that nobody marked is no residue to it.
- Where a paragraph is set anew its number of lines stays; a name that made it a line longer leaves that line.
- Words that stand on their side or upside down to the reader: their bands and paragraphs still follow the
  length of a hidden name (`tests/attack/test_swap.py`). Turned pages that one reads upright are fine.
"""


def main() -> None:
    """Attack every way and write the page."""
    pdf, canaries, rects = hiding.make_all(SEED)
    path = ROOT / "var" / "attack.pdf"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(pdf)
    names, secrets = list(canaries), list(canaries.values())
    found: dict[str, attack.Attack] = {}
    with workers.Pool(1) as pool:
        for method, redact in peers.METHODS.items():
            found[method] = attack.attack_file(redact(pdf, rects), secrets, pool)
        made = rehearsal.redact_file(path, secrets, pool)
        found[OURS] = attack.attack_file(made.subject.pdf, secrets, pool)
        with unittest.mock.patch.object(rehearsal.ocr, "is_here", return_value=False):
            blind = rehearsal.redact_file(path, secrets, pool)
        pictured = len(attack.attack_file(blind.subject.pdf, secrets, pool).all_recovered)
    path.unlink()
    if missing := found[OURS].missing:
        sys.exit(f"install these first: {missing}")
    page = HEAD.format(count=len(names), versions=", ".join(_list_versions()))
    for way, each in found.items():
        page += f"| {_strong(way)} | {_strong(way, len(each.all_recovered))} |\n"
    page += "\n## By attacker\n\n" + _format_attackers(found)
    page += "\n## By hiding place\n\nx: the word came back.\n\n" + _format_places(names, found)
    page += LIMITS.format(count=len(names), pictured=pictured)
    (ROOT / "docs" / "attack.md").write_text(page, "utf-8")


def _strong(way: str, number: int | None = None) -> str:
    text = way if number is None else str(number)
    return f"**{text}**" if way == OURS else text


def _format_attackers(found: Mapping[str, attack.Attack]) -> str:
    attackers = list(found[OURS].recovered)
    rows = [f"| attacker | {' | '.join(found)} |", f"| --- |{' --- |' * len(found)}"]
    for name in attackers:
        counts = (str(len(each.recovered.get(name, ()))) for each in found.values())
        rows.append(f"| {name} | {' | '.join(counts)} |")
    return "\n".join(rows) + "\n"


def _format_places(names: list[str], found: Mapping[str, attack.Attack]) -> str:
    rows = [f"| place | {' | '.join(found)} |", f"| --- |{' --- |' * len(found)}"]
    for number, name in enumerate(names):
        marks = ("x" if number in each.all_recovered else "" for each in found.values())
        rows.append(f"| {name} | {' | '.join(marks)} |")
    return "\n".join(rows) + "\n"


def _list_versions() -> list[str]:
    programs = {
        "mutool": ["mutool", "-v"],
        "poppler": ["pdftotext", "-v"],
        "qpdf": ["qpdf", "--version"],
        "exiftool": ["exiftool", "-ver"],
        "Ghostscript": ["gs", "--version"],
    }
    versions = [f"pdfium {pypdfium2.PDFIUM_INFO}"]
    for name, command in programs.items():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        first = (done.stdout + done.stderr).splitlines()[0].split()
        versions.append(f"{name} {first[-1]}")
    versions.append(recognition.name_recogniser())
    for name in ("pymupdf", "clearleaf"):
        try:
            module = __import__(name)
        except ImportError:
            continue
        versions.append(f"{name} {getattr(module, '__version__', '')}".strip())
    return versions


if __name__ == "__main__":
    main()
