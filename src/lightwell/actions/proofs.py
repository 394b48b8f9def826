"""The proof of one public page as a file: from its words and its picture to a signed checkpoint.

Made on demand from what is public already: of a whole item from its key, of a partly open one from its
opening. Nothing here opens anything; the caller took the page from the gate.
"""

from __future__ import annotations

from lightwell.archive import opening, page_proof, picture, published_pdf, redacted_page, release
from lightwell.base import canonical, errors
from lightwell.db.models import LogEntry, PublicPage
from lightwell.files import parts, spool
from lightwell.files.state import State
from lightwell.tlog import tile_proof

_SIZE_LINE = 1


def make_proof(*, state: State, row: PublicPage) -> bytes:
    """Return the canonical bytes of the proof of a page; `CouldNotCheck` before its entry is signed."""
    text = state.tiles.read_checkpoint()
    size = int(text.split("\n")[_SIZE_LINE]) if text else 0
    index = row.item.log_index
    if text is None or index is None or index >= size:
        raise errors.CouldNotCheck("the log has not signed for this page yet; try again in a minute")
    newest = row.item.openings.order_by("-log_index").first()
    if newest is None:
        raise errors.CouldNotCheck("there is no opening that this page belongs to")
    opened = release.parse_opening(canonical.decode(bytes(newest.data)))
    shown: opening.PageOpening
    png: bytes | None
    if isinstance(opened, release.WholeOpening):
        shown, png = _open_whole(state, row, opened)
    elif isinstance(opened, release.PagesOpening):
        shown, png = _open_part(state, row, opened)
    else:
        shown, png = _open_redacted(state, row, opened)
    proof = page_proof.make_page_proof(
        entry=canonical.decode(bytes(LogEntry.objects.get(pk=index).data)),
        index=index,
        path=tile_proof.prove_inclusion_from_tiles(state.tiles.read_tile, index, size),
        checkpoint=text,
        header=opened.header,
        page=shown,
        png=png,
    )
    return canonical.encode(proof)


def _open_whole(
    state: State, row: PublicPage, opened: release.WholeOpening
) -> tuple[opening.PageOpening, bytes]:
    each = parts.read_part(state.files, opened.key, row.item.sealed_parts, row.number)
    shown = opening.open_page(opened.key, opened.header, opened.file, list(opened.page_roots), each)
    return shown, picture.encode_picture(each.head, each.patches)


def _open_redacted(
    state: State, row: PublicPage, opened: release.RedactedOpening
) -> tuple[opening.PageOpening, bytes | None]:
    """Take what is open of a page out of the published PDF: its proof shows that alone, the rest is white."""
    for each in opened.pages:
        if each.head.number == row.number:
            path = state.files.fetch_path("public", opened.document)
            try:
                with spool.map_file(path) as data:
                    shown = redacted_page.take_page(each, published_pdf.read_sheet(data, row.number))
                # Of the whole file only this page is looked at, against what was sealed.
                opening.check_page(shown, opened.header, bytes.fromhex(row.item.commitment))
            except (FileNotFoundError, ValueError, errors.Refused):
                raise errors.Damaged(
                    f"the public file {opened.document} is missing or has changed; restore it from a backup"
                ) from None
            open_somewhere = len(each.hidden_patches) < each.head.patches
            return shown, picture.encode_picture(each.head, shown.patches) if open_somewhere else None
    raise errors.Damaged(f"the opening of item {row.item.number} lacks page {row.number}")


def _open_part(
    state: State, row: PublicPage, opened: release.PagesOpening
) -> tuple[opening.PageOpening, bytes | None]:
    for each in opened.pages:
        if each.head.number == row.number:
            png = state.files.get_bytes("public", each.picture) if each.picture else None
            hidden = each.hidden_patches
            patches = (
                picture.decode_patches(png, each.head, hidden)
                if png
                else tuple(None for _ in range(each.head.patches))
            )
            return each.join_patches(patches), png
    raise errors.Damaged(f"the opening of item {row.item.number} lacks page {row.number}")
