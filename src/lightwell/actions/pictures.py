"""The picture of a page for readers: as it was opened, or drawn from the published file."""

from __future__ import annotations

from lightwell.db.models import Item, PublicPage
from lightwell.files import drawing
from lightwell.files.state import State


def read_picture(*, state: State, row: PublicPage) -> drawing.Picture:
    """Return the picture of a page that the caller took from the gate `PublicPage.objects.visible()`."""
    if row.picture:
        return drawing.Picture(state.files.get_bytes("public", row.picture), "image/png")
    pdf = state.files.find_path("public", row.item.sha256)
    return drawing.read_picture(state.root / "drawn", row.item.sha256, pdf, row.number)


def name_source(item: Item, row: PublicPage) -> str:
    """Name what the picture is made from, by digest: the same source gives the same picture."""
    return row.picture or item.sha256
