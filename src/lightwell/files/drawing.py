"""Pictures of pages for readers: drawn when first asked for, in a process of its own, and kept.

A page of a whole item is drawn from its published PDF: 64 colours as PNG, or JPEG where that is less
than half as large, which is how photographs are told from text. The PDF comes from outside, so that
the process that opens it has limits of memory and time and answers with bytes only. A kept
picture is named by the PDF's digest; losing the folder loses nothing. Whether a page may be
shown is never asked here (`actions/documents`).
"""

from __future__ import annotations

import contextlib
import io
import resource
import shutil
import subprocess
import sys
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from lightwell.base import errors
from lightwell.files import durable

DPI = 150
COLOURS = 64
MAX_PIXELS = 12_000_000
_MEMORY_BYTES = 2 << 30
_SECONDS = 30
_MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg"}
# Drawing is the only slow thing a reader can cause: two at a time, the others wait.
_TURN = threading.BoundedSemaphore(2)


@dataclass(frozen=True, slots=True)
class Picture:
    """Bytes of a picture with their media type."""

    data: bytes
    media_type: str


def read_picture(folder: Path, digest: str, pdf: Path, number: int) -> Picture:
    """Return the picture of page `number` (from 1), drawn on first use and kept below `folder`.

    Raises `CouldNotCheck` when the page cannot be drawn within the limits.
    """
    place = folder / digest[:2] / digest
    for suffix, media_type in _MEDIA_TYPES.items():
        with contextlib.suppress(FileNotFoundError):
            return Picture((place / f"{number}{suffix}").read_bytes(), media_type)
    with _TURN:
        data = _run_drawing(pdf, number)
    suffix = ".png" if data.startswith(b"\x89PNG") else ".jpg"
    place.mkdir(parents=True, exist_ok=True)
    # Readers see the file whole or not at all; a crash leaves a leftover that is drawn again.
    durable.replace_file(place / f"{number}{suffix}", data, crowded=True)
    return Picture(data, _MEDIA_TYPES[suffix])


def forget_pictures(folder: Path, digest: str) -> None:
    """Remove every kept picture of a file, for erasure by law; after a crash a repeat removes the rest."""
    shutil.rmtree(folder / digest[:2] / digest, ignore_errors=True)


def forget_strangers(folder: Path, known: Collection[str]) -> int:
    """Remove the kept pictures of every file that is not among the known digests; of how many files."""
    strangers = [path for path in folder.glob("*/*") if path.name not in known]
    for path in strangers:
        shutil.rmtree(path)
    return len(strangers)


def draw_page(pdf: Path, number: int) -> bytes:
    """Draw one page in this process; used by the process that `read_picture` starts."""
    import pypdfium2

    with (
        contextlib.closing(pypdfium2.PdfDocument(pdf)) as document,
        contextlib.closing(document[number - 1]) as sheet,
    ):
        width, height = sheet.get_size()
        scale = min(DPI / 72, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
        picture = sheet.render(scale=scale).to_pil().convert("RGB")
    few = picture.quantize(COLOURS, dither=0)
    png, jpeg = io.BytesIO(), io.BytesIO()
    few.save(png, "PNG", optimize=True)
    picture.save(jpeg, "JPEG", quality=80, optimize=True)
    flat, photograph = png.getvalue(), jpeg.getvalue()
    return photograph if 2 * len(photograph) < len(flat) else flat


def _run_drawing(pdf: Path, number: int) -> bytes:
    command = [sys.executable, "-m", "lightwell.files.drawing", str(pdf), str(number)]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise errors.CouldNotCheck(
            f"page {number} takes longer than {_SECONDS} seconds to draw; its words stand beside it"
        ) from None
    if done.returncode or not done.stdout:
        raise errors.CouldNotCheck(f"page {number} cannot be drawn; its words stand beside it")
    return done.stdout


def main() -> None:
    """Draw the page named on the command line to the standard output, within limits."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    pdf, number = Path(sys.argv[1]), int(sys.argv[2])
    sys.stdout.buffer.write(draw_page(pdf, number))


if __name__ == "__main__":
    main()
