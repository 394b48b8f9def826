"""Words read out of pictures that we drew ourselves, by the engine that reads scans (`files/recognition`).

One path for sealing and for checking: the same Tesseract with the same languages, in the process behind the
fence, one task a picture. Optional: without it nothing is read, and whoever asks says so.
"""

from __future__ import annotations

import base64
import contextlib
import importlib.util
from collections.abc import Iterator, Sequence

from lightwell.archive import page
from lightwell.base import errors
from lightwell.files import recognition, workers

MISSING = (
    "Tesseract is not installed, so no picture was read; it would find a hidden word that the picture still "
    "shows (pip install 'lightwell[site]' and, on Debian or Ubuntu: apt-get install tesseract-ocr-eng)"
)
# How Tesseract is to look at a picture: what one way takes for a table the next still reads.
ONE_BLOCK, ONE_LINE, ANYWHERE = 6, 7, 11
_FAILED = "Tesseract failed; the pictures were not read"


def is_here() -> bool:
    """Answer whether pictures can be read here, without loading the engine."""
    return importlib.util.find_spec("tesserocr") is not None and bool(recognition.find_languages())


def read_pictures(
    pictures: Sequence[bytes], layout: int = ONE_BLOCK, pool: workers.Pool | None = None
) -> list[str]:
    """Read the words of PNG pictures; an empty picture has none. `CouldNotCheck` when Tesseract cannot.

    A `pool` of the caller's spares starting a process.
    """
    places = [k for k, picture in enumerate(pictures) if picture]
    texts = [""] * len(pictures)
    for k, found in zip(places, _run([pictures[k] for k in places], layout, pool), strict=True):
        texts[k] = str(found["text"])
    return texts


def find_words(
    pictures: Sequence[bytes], layout: int = ANYWHERE, pool: workers.Pool | None = None
) -> list[list[page.Word]]:
    """Find the words of PNG pictures with their boxes in pixels. `CouldNotCheck` when Tesseract cannot."""
    return [
        [
            page.Word(str(text), (int(box[0]), int(box[1]), int(box[2]), int(box[3])))
            for text, box in found["words"]
        ]
        for found in _run(pictures, layout, pool)
    ]


def _run(pictures: Sequence[bytes], layout: int, pool: workers.Pool | None) -> list[workers.Task]:
    if not pictures:
        return []
    if not is_here():
        raise errors.CouldNotCheck(MISSING)
    tasks = [
        {"do": "recognise", "picture": base64.b64encode(picture).decode(), "layout": layout}
        for picture in pictures
    ]
    with _open_pool(pool) as opened:
        found = [outcome for outcome in opened.run(tasks) if isinstance(outcome, dict)]
    if len(found) != len(pictures):
        raise errors.CouldNotCheck(_FAILED)
    return found


@contextlib.contextmanager
def _open_pool(pool: workers.Pool | None) -> Iterator[workers.Pool]:
    if pool is not None:
        yield pool
        return
    with workers.Pool(1) as opened:
        yield opened
