"""The process that opens a held PDF: `python -P -m lightwell.files.held_reader FILE [FOLDER]`, JSON out.

Behind `files/fence`: no network, no other programs. Of a page with hardly any words a picture is put into
the folder, if one is named, for `files/held` to have read; its text is then null.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any

from lightwell.files import fence, held

_MEMORY_BYTES = 4 << 30
_SECONDS = 500
_DPI, _POINTS_PER_INCH = 200, 72
_MAX_PIXELS = 40_000_000
_DIVISION = "\ufffe"  # PDFium's mark where a word is divided at the end of a line
_FEWEST_WORDS = 5


def read_pages(path: Path, folder: Path | None) -> list[str | None]:
    """Read the text of every page; None for one that is a picture."""
    import pypdfium2

    found: list[str | None] = []
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        if len(document) > held.MAX_PAGES:
            raise ValueError(f"it has {len(document)} pages; at most {held.MAX_PAGES} are compared at once")
        for number in range(1, len(document) + 1):
            with contextlib.closing(document[number - 1]) as page:
                with contextlib.closing(page.get_textpage()) as text_page:
                    text = text_page.get_text_range().replace(_DIVISION, "").replace("\r\n", "\n")
                if len(text.split()) >= _FEWEST_WORDS:
                    found.append(text)
                    continue
                found.append(None)
                if folder is not None:
                    _draw(page, folder / f"{number}.pgm")
    return found


def _draw(page: Any, path: Path) -> None:
    """Draw a page as a grey picture (PGM), which needs no further library."""
    width, height = page.get_size()
    scale = min(_DPI / _POINTS_PER_INCH, (_MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    bitmap = page.render(scale=scale, grayscale=True)
    rows = bytes(bitmap.buffer)
    with path.open("wb") as out:
        out.write(b"P5 %d %d 255\n" % (bitmap.width, bitmap.height))
        for start in range(0, bitmap.height * bitmap.stride, bitmap.stride):
            out.write(rows[start : start + bitmap.width])


def main() -> None:
    """Fence this process in, read, and answer once."""
    fence.enter(_MEMORY_BYTES, _SECONDS)
    path, folder = Path(sys.argv[1]), Path(sys.argv[2]) if sys.argv[2:] and sys.argv[2] else None
    answer: dict[str, Any]
    try:
        answer = {"pages": read_pages(path, folder)}
    except (RuntimeError, ValueError, OSError) as error:
        # What PDFium says of a file is one line; pypdfium2's error is a RuntimeError.
        answer = {"problem": str(error).replace(str(path), path.name).splitlines()[0]}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
