"""The cells of a published spreadsheet as data, beside its pages: read from the original when first asked.

An exit of the same gate as the original file (`documents.find_original`), and only while the document is open
whole: a cell may hold more than its page shows (a formula, a word that is cut off), and nobody looked at that
when parts were hidden. What was read is kept beside the pictures of pages and goes with them.
"""

from __future__ import annotations

import contextlib
import tempfile
import threading
from pathlib import Path

from lightwell.actions import documents, pictures
from lightwell.base import errors
from lightwell.db.models import Item
from lightwell.files import cells, durable, media, workers
from lightwell.files.state import State

_LIMITS = workers.Limits(opening_seconds=30)
# Another name whenever more is read, so that nobody is answered with what was kept before.
_ALL = "cells-and-comments.json"
# Reading is slow: one at a time, the others wait.
_TURN = threading.BoundedSemaphore(1)
CLOSED = (
    "parts of this document are hidden, held back or out of view, so that no cells of it are handed out as "
    "data: a cell may hold more than its page shows"
)


def find_kind(item: Item) -> str:
    """Find out which kind of spreadsheet a document is, by its ending; empty for every other."""
    kind = media.OFFICE.get(item.media_type, "")
    return kind if kind in cells.KINDS else ""


def read_cells(*, state: State, document: documents.Document, sheet: int | None = None) -> bytes:
    """Read one sheet as CSV, or without a number all cells as JSON.

    Raises `Refused` while it may not leave, `Item.DoesNotExist` for no spreadsheet or no such sheet,
    `CouldNotCheck` when it holds more than is handed out.
    """
    kind = find_kind(document.item)
    if not kind or document.standing != documents.OPEN:
        raise Item.DoesNotExist
    if not document.whole:
        raise errors.Refused(CLOSED)
    digest = documents.find_original(document.item.sha256).digest
    kept = state.root / pictures.FOLDER / digest[:2] / digest
    name = _ALL if sheet is None else f"sheet-{sheet}.csv"
    with contextlib.suppress(FileNotFoundError):
        return (kept / name).read_bytes()
    with _TURN:
        data = _read(state, document.item, kind, sheet)
    kept.mkdir(parents=True, exist_ok=True)
    # Whole or not at all; a crash leaves a leftover that is read again.
    durable.replace_file(kept / name, data, crowded=True)
    return data


def _read(state: State, item: Item, kind: str, sheet: int | None) -> bytes:
    source = {"study": item.study_id, "number": item.number, "digest": f"sha256:{item.sha256}"}
    with tempfile.TemporaryDirectory(prefix="lightwell-cells-") as name, workers.Pool(1, _LIMITS) as pool:
        target = Path(name) / "cells"
        task = {
            "do": "cells",
            "path": str(state.files.fetch_path("public", item.sha256)),
            "kind": kind,
            "sheet": sheet,
            "source": source,
            "target": str(target),
        }
        (outcome,) = pool.run([task])
        if isinstance(outcome, dict):
            return target.read_bytes()
    if isinstance(outcome, workers.Mistake):
        if any(each.place == "sheet" for each in outcome.problems):
            raise Item.DoesNotExist
        raise errors.CouldNotCheck(outcome.problems[0].sentence)
    raise errors.CouldNotCheck(
        "its cells cannot be read within the limits; download the original file instead"
    )
