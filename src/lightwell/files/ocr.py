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

from lightwell.base import errors

MISSING = (
    "Tesseract is not installed, so no picture was read; it would find a hidden word that the picture still "
    "shows (on Debian or Ubuntu: apt-get install tesseract-ocr tesseract-ocr-eng)"
)
# One block of text, and text in any place: what the first takes for a table the second still reads.
ONE_BLOCK, ANYWHERE = 6, 11
_SECONDS_A_PICTURE = 60


def find_program() -> str | None:
    """Find Tesseract; None where it is not installed."""
    return shutil.which("tesseract")


def read_pictures(pictures: Sequence[bytes], layout: int = ONE_BLOCK) -> list[str]:
    """Read the words of PNG pictures; an empty picture has none. `CouldNotCheck` when Tesseract cannot."""
    program = find_program()
    if program is None:
        raise errors.CouldNotCheck(MISSING)
    places = [k for k, picture in enumerate(pictures) if picture]
    texts = [""] * len(pictures)
    if not places:
        return texts
    with tempfile.TemporaryDirectory(prefix="lightwell-ocr-") as name:
        folder = Path(name)
        for k in places:
            (folder / f"{k}.png").write_bytes(pictures[k])
        listed = folder / "pictures.txt"
        listed.write_text("".join(f"{folder / f'{k}.png'}\n" for k in places))
        try:
            # Threads of its own make small pictures slower.
            done = subprocess.run(  # noqa: S603 - a program found by name, files of our own, no shell
                [program, str(listed), "stdout", "-l", "eng", "--psm", str(layout)],
                capture_output=True,
                timeout=_SECONDS_A_PICTURE * len(places),
                env={**os.environ, "OMP_THREAD_LIMIT": "1"},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise errors.CouldNotCheck("Tesseract did not answer; the pictures were not read") from None
    pages = done.stdout.decode("utf-8", "replace").split("\f")[: len(places)]
    if done.returncode or len(pages) != len(places):
        raise errors.CouldNotCheck("Tesseract failed; the pictures were not read")
    for k, text in zip(places, pages, strict=True):
        texts[k] = text
    return texts
