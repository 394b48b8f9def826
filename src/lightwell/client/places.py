"""Where in a changed file the change is: page and line, as far as seals and marks can tell.

The list of hashes names a changed file first; a reader wants to know what in it was touched. Nothing here
decides anything: the file is refused already.
"""

from __future__ import annotations

from lightwell.archive import release
from lightwell.base import canonical, errors
from lightwell.client import history, openings
from lightwell.client.bundle import Bundle, PlacedRefusal, name_place
from lightwell.client.records import AREA


def find_place(bundle: Bundle, path: str) -> PlacedRefusal | None:
    """Find page and line of a change in words, a picture, a PDF or an opening; None when nothing tells."""
    if path.partition("/")[0] not in ("words", "pictures", "documents", "records") or not bundle.has(path):
        return None
    try:
        book = history.read_history(bundle).book
        for record in [path] if path.startswith(AREA) else bundle.list_paths(AREA):
            data = bundle.read(record)
            opened = _parse_opening(data) if record == path or _name_bytes(path) in data else None
            item = book.items.get((opened.header.study, opened.header.number)) if opened else None
            if opened is None or item is None:
                continue
            with name_place(record):
                openings.check_opening(bundle, opened, item.commitment, openings.Checked())
    except PlacedRefusal as refusal:
        return refusal if refusal.place.startswith(path) else None
    except errors.LightwellError:
        pass
    return None


def _name_bytes(path: str) -> bytes:
    return path.rpartition("/")[2].partition(".")[0].encode()


def _parse_opening(data: bytes) -> release.AnyOpening | None:
    try:
        return release.parse_opening(canonical.decode(data))
    except errors.LightwellError:
        return None
