"""Reading a file that somebody holds: its words, page by page, on the reader's own computer.

A PDF is read by PDFium behind the fence (`files/held_reader`); its pages that are pictures, and photographs,
by the program Tesseract behind another (`files/confined`); text as it is. Nothing here knows where the words
are looked for. Everything beyond the plain install is asked for when it is needed, and named in one sentence
when it is missing.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import lightwell
from lightwell.base import errors

MAX_BYTES = 2 << 30
MAX_TEXT_BYTES = 64 << 20
MAX_PAGES = 5000
NO_PDFIUM = (
    "reading the words of a PDF needs pypdfium2, which the plain install leaves out: pip install pypdfium2; "
    "without it only files that are the same byte for byte are found"
)
NO_TESSERACT = (
    "reading the words of a picture needs the program Tesseract (on Debian or Ubuntu: apt-get install "
    "tesseract-ocr tesseract-ocr-eng); without it only files that are the same byte for byte are found"
)

# A long text is looked for in stretches about as long as a page.
_STRETCH_WORDS = 400
_PICTURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"P4", b"P5", b"P6", b"BM", b"RIFF")
_DIVIDED = re.compile(r"(\w)[-\u2010\u00ad]\s*\n\s*(?=\w)")
_READER_SECONDS, _PICTURE_SECONDS = 600, 120
_MEMORY_BYTES = 4 << 30


@dataclass(frozen=True, slots=True)
class ReadPage:
    """One page of a held file, or a stretch of a long text: its name, its words, whether OCR read them."""

    name: str
    text: str
    by_ocr: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The pages of a held file, and what could not be read, a sentence each."""

    pages: tuple[ReadPage, ...]
    notes: tuple[str, ...] = ()


def read_file(path: Path, data: bytes) -> Reading:
    """Read the words of a held file whose bytes these are; what is neither PDF, picture nor text has none."""
    if b"%PDF-" in data[:1024]:
        return _read_pdf(path)
    if data.startswith(_PICTURES):
        if find_tesseract() is None:
            return Reading((), (NO_TESSERACT,))
        return Reading((ReadPage("the picture", join_divided(_read_picture(data, path.name)), True),))
    text = _decode_text(data)
    if text is None:
        return Reading(
            (), (f"{path.name} is neither a PDF, a picture nor text; only its bytes were compared",)
        )
    return Reading(tuple(_cut_text(text)))


def find_tesseract() -> str | None:
    """Find Tesseract; None where it is not installed."""
    return shutil.which("tesseract")


def join_divided(text: str) -> str:
    """Join the words that are divided at the end of a line, as the sealed words of a page are joined."""
    return _DIVIDED.sub(r"\1", text)


def _decode_text(data: bytes) -> str | None:
    if len(data) > MAX_TEXT_BYTES or b"\0" in data[: 1 << 16]:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _cut_text(text: str) -> Iterator[ReadPage]:
    """Cut a text at its page ends, or where a page would be longer than any, into stretches."""
    pages = text.split("\f")
    for number, page in enumerate(pages, 1):
        name = f"page {number}" if len(pages) > 1 else "the text"
        words = join_divided(page).split()
        if len(words) <= 2 * _STRETCH_WORDS:
            yield ReadPage(name, " ".join(words))
            continue
        # Each overlaps the next by half, so that no page of the archive falls between two.
        for start in range(0, len(words) - _STRETCH_WORDS // 2, _STRETCH_WORDS // 2):
            part = words[start : start + _STRETCH_WORDS]
            yield ReadPage(f"{name}, words {start + 1} to {start + len(part)}", " ".join(part))


def _read_pdf(path: Path) -> Reading:
    if importlib.util.find_spec("pypdfium2") is None:
        return Reading((), (NO_PDFIUM,))
    with tempfile.TemporaryDirectory(prefix="lightwell-held-") as name:
        folder = Path(name)
        drawn = find_tesseract() is not None
        rows = _ask_reader(path, folder if drawn else None)
        pages, pictures = [], 0
        for number, row in enumerate(rows, 1):
            picture = folder / f"{number}.pgm"
            if row is None and drawn and picture.exists():
                text = _read_picture(picture.read_bytes(), f"page {number} of {path.name}")
                pages.append(ReadPage(f"page {number}", join_divided(text), True))
                picture.unlink()
            else:
                pages.append(ReadPage(f"page {number}", join_divided(row or "")))
                pictures += row is None
    notes = (f"pages that are pictures: {pictures}; {NO_TESSERACT}",) if pictures else ()
    return Reading(tuple(pages), notes)


def _ask_reader(path: Path, folder: Path | None) -> list[str | None]:
    """Ask the process behind the fence for the text of each page; None for a page that is a picture."""
    command = [sys.executable, "-P", "-m", "lightwell.files.held_reader", str(path), str(folder or "")]
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
            command, capture_output=True, timeout=_READER_SECONDS, env=_list_environment(), check=False
        )
        answer = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise errors.CouldNotCheck(
            f"{path.name} takes longer than {_READER_SECONDS} seconds to read"
        ) from None
    except ValueError:
        raise errors.CouldNotCheck(f"{path.name} stops the reader, as a damaged file does") from None
    match answer:
        case {"pages": list(rows)} if all(row is None or isinstance(row, str) for row in rows):
            return rows
        case {"problem": str(problem)}:
            raise errors.CouldNotCheck(f"{path.name} cannot be read: {problem}")
    raise errors.CouldNotCheck(f"{path.name} makes the reader answer nonsense")


def _read_picture(data: bytes, name: str) -> str:
    """Read a picture by Tesseract; uneven light is the rule in photographs (Sauvola's local thresholds).

    The picture comes from anywhere: Tesseract sees a copy, no other file, and no network.
    """
    program = find_tesseract()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="lightwell-held-") as folder:
        picture = Path(folder) / "picture"
        picture.write_bytes(data)
        # A telephone that was held sideways turns the page by a quarter: with --psm 1 Tesseract looks which
        # way is up, by osd.traineddata beside the language; without it the picture is read as it is.
        options = ["-l", "eng", "--psm", "1", "-c", "thresholding_method=2"]
        order = {
            "memory": _MEMORY_BYTES,
            "seconds": _PICTURE_SECONDS,
            "scratch": folder,
            "reads": [],
            "command": [program, str(picture), "stdout", *options],
        }
        try:
            done = subprocess.run(  # noqa: S603 - our own interpreter and module, no shell
                [sys.executable, "-P", "-m", "lightwell.files.confined", json.dumps(order)],
                capture_output=True,
                timeout=_PICTURE_SECONDS,
                env={**_list_environment(), "OMP_THREAD_LIMIT": "1", "HOME": folder, "TMPDIR": folder},
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            raise errors.CouldNotCheck(f"Tesseract did not read {name}") from None
    if done.returncode:
        raise errors.CouldNotCheck(f"Tesseract cannot read {name}; save it as PNG or JPEG and try again")
    return done.stdout.decode("utf-8", "replace")


def _list_environment() -> dict[str, str]:
    """List what a process of ours needs to start; none of the reader's own settings."""
    source = str(Path(next(iter(lightwell.__path__))).parent)
    return {"PATH": os.defpath, "LANG": "C.UTF-8", "PYTHONPATH": source}
