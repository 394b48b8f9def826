"""Words read out of pictures by the program Tesseract, which is optional: without it nothing is read.

One call reads many pictures, because starting the program costs more than a small picture. It gets pictures
that we drew ourselves, never a file from outside. Tesseract 4 or newer (Apache-2.0), with the language `eng`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lightwell.archive import page
from lightwell.base import errors

MISSING = (
    "Tesseract is not installed, so no picture was read; it would find a hidden word that the picture still "
    "shows (on Debian or Ubuntu: apt-get install tesseract-ocr tesseract-ocr-eng)"
)
# How Tesseract is to look at a picture: what one way takes for a table the next still reads.
ONE_BLOCK, ONE_LINE, ANYWHERE = 6, 7, 11
_SECONDS_A_PICTURE = 60
_FAILED = "Tesseract failed; the pictures were not read"
# Of a table as Tesseract writes it: columns of a row, and the mark of a row that is a word.
_COLUMNS, _WORD_LEVEL = 12, "5"


def find_program() -> str | None:
    """Find Tesseract; None where it is not installed."""
    return shutil.which("tesseract")


def read_pictures(pictures: Sequence[bytes], layout: int = ONE_BLOCK) -> list[str]:
    """Read the words of PNG pictures; an empty picture has none. `CouldNotCheck` when Tesseract cannot."""
    places = [k for k, picture in enumerate(pictures) if picture]
    texts = [""] * len(pictures)
    if places:
        pages = _run([pictures[k] for k in places], layout, "txt").split("\f")[: len(places)]
        if len(pages) != len(places):
            raise errors.CouldNotCheck(_FAILED)
        for k, text in zip(places, pages, strict=True):
            texts[k] = text
    return texts


def find_words(pictures: Sequence[bytes], layout: int = ANYWHERE) -> list[list[page.Word]]:
    """Find the words of PNG pictures with their boxes in pixels. `CouldNotCheck` when Tesseract cannot."""
    found: list[list[page.Word]] = [[] for _ in pictures]
    if not pictures:
        return found
    for row in _run(pictures, layout, "tsv").splitlines():
        cells = row.split("\t")
        if len(cells) == _COLUMNS and cells[0] == _WORD_LEVEL and cells[-1].strip():
            number, left, top, width, height = (int(cells[k]) for k in (1, 6, 7, 8, 9))
            box = (left, top, left + width, top + height)
            found[number - 1].append(page.Word(cells[-1].strip(), box))
    return found


def _run(pictures: Sequence[bytes], layout: int, form: str) -> str:
    program = find_program()
    if program is None:
        raise errors.CouldNotCheck(MISSING)
    with tempfile.TemporaryDirectory(prefix="lightwell-ocr-") as name:
        folder = Path(name)
        paths = [folder / f"{k}.png" for k in range(len(pictures))]
        for path, picture in zip(paths, pictures, strict=True):
            path.write_bytes(picture)
        listed = folder / "pictures.txt"
        listed.write_text("".join(f"{path}\n" for path in paths))
        command = [program, str(listed), "stdout", "-l", "eng", "--psm", str(layout), form]
        try:
            # Threads of its own make small pictures slower.
            done = subprocess.run(  # noqa: S603 - a program found by name, files of our own, no shell
                command,
                capture_output=True,
                timeout=_SECONDS_A_PICTURE * len(pictures),
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise errors.CouldNotCheck("Tesseract did not answer; the pictures were not read") from None
    if done.returncode:
        raise errors.CouldNotCheck(_FAILED)
    return done.stdout.decode("utf-8", "replace")
