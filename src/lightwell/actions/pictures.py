"""The picture of a page for readers: as it was opened, or drawn from the published file."""

from __future__ import annotations

from collections.abc import Collection

from lightwell.db.models import Item, PublicPage
from lightwell.files import drawing
from lightwell.files.state import State

# Pictures drawn for readers lie here, in the state folder; nothing is lost with it.
FOLDER = "drawn"


def read_picture(*, state: State, row: PublicPage) -> drawing.Picture:
    """Return the picture of a page that the caller took from the gate `PublicPage.objects.visible()`."""
    if row.picture:
        return drawing.Picture(state.files.get_bytes("public", row.picture), "image/png")
    source = row.drawn_from or row.item.sha256
    pdf = state.files.fetch_path("public", source)
    return drawing.read_picture(state.root / FOLDER, source, pdf, row.number)


def forget_pictures(*, state: State, digest: str) -> None:
    """Remove every picture that was drawn from a file; for erasure by law."""
    drawing.forget_pictures(state.root / FOLDER, digest)


def forget_strangers(*, state: State, known: Collection[str]) -> int:
    """Remove the pictures drawn from files that are not public any more; of how many files."""
    return drawing.forget_strangers(state.root / FOLDER, known)


def name_source(item: Item, row: PublicPage) -> str:
    """Name what the picture is made from, by digest: the same source gives the same picture."""
    return row.picture or row.drawn_from or item.sha256
