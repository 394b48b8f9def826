"""A page with hidden regions as a verifier takes it out of the published PDF, and what it must not show.

The opening names places and reasons; words and picture come from the sheet itself. A "sealed" block is
the next visible line, the picture gives the visible patches, and what nothing vouches for is shaded: no
channel of a pixel there is at its full value, so that everything white, and every word on white, was sealed.
Words set anew and labels lie within what is shaded. Format for outsiders: docs/reference/bundle.md.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from lightwell.archive import opening as openings
from lightwell.archive import page, picture, published_pdf, redaction
from lightwell.base import errors

LABEL = "[hidden:{}]"
HELD_LABEL = "[held-back:{}]"
FULL = 255


@dataclass(frozen=True, slots=True)
class PublishedRegion:
    """What is said of one hidden region: its ground, the role that decided, the day of the review."""

    ground: str
    decided_by: str
    review: datetime.date


@dataclass(frozen=True, slots=True)
class RedactedPage:
    """A page of an opening before its words and its picture are taken from the published PDF."""

    head: page.Head
    hidden_lines: tuple[int, ...]
    hidden_patches: tuple[int, ...]
    regions: tuple[PublishedRegion, ...]
    proof: openings.PageProof


def take_page(shown: RedactedPage, sheet: published_pdf.Sheet) -> openings.PageOpening:
    """Take words and patches out of a sheet, to be held against the seal by `archive/opening.check_page`.

    Raises `Refused` where the sheet presents anything as checked that the opening does not open.
    """
    head, place = shown.head, f"page {shown.head.number}"
    if (sheet.picture.width, sheet.picture.height) != (head.width, head.height):
        raise errors.Refused(f"the picture of {place} has another size than its head says")
    if bool(shown.regions) != bool(shown.hidden_lines or shown.hidden_patches):
        raise errors.Refused(f"{place} hides something without a region, or has a region that hides nothing")
    sealed = [block.words for block in sheet.blocks if block.kind == "sealed"]
    visible = [k for k in range(head.lines) if k not in set(shown.hidden_lines)]
    if len(sealed) != len(visible):
        raise errors.Refused(f"{place} shows {len(sealed)} lines as sealed, its opening opens {len(visible)}")
    labels = [" ".join(word.text for word in block.words) for block in sheet.blocks if block.kind == "label"]
    if labels != [LABEL.format(region.ground) for region in shown.regions]:
        raise errors.Refused(f"the labels of {place} are not those of its hidden regions")
    _check_words(shown, sheet)
    lines: list[page.Line | None] = [None] * head.lines
    for position, words in zip(visible, sealed, strict=True):
        lines[position] = words
    return openings.PageOpening(head, tuple(lines), _take_patches(shown, sheet), shown.proof)


def check_held_sheet(sheet: published_pdf.Sheet, number: int, ground: str) -> None:
    """Check the sheet in the place of a page that is held back: a label, and nothing that is not shaded."""
    words = [word.text for block in sheet.blocks for word in block.words]
    if [block.kind for block in sheet.blocks] != ["label"] or words != [HELD_LABEL.format(ground)]:
        raise errors.Refused(f"page {number} is held back, but its sheet says something else")
    if FULL in published_pdf.expand_pixels(sheet.picture):
        raise errors.Refused(f"page {number} is held back, but its sheet is not shaded")


def list_shaded(head: page.Head, hidden: Collection[int]) -> list[redaction.Box]:
    """List the boxes in which nothing is vouched for: hidden patches, and runs of bands hidden whole."""
    closed = set(hidden)
    whole = [
        band
        for band in range(len(head.bands))
        if all(band * page.COLUMNS + k in closed for k in range(page.COLUMNS))
    ]
    boxes = [(0, top, head.width, bottom) for top, bottom in redaction.list_runs(head, whole)]
    places = page.list_patch_boxes(head)
    return boxes + [places[k] for k in sorted(closed) if k // page.COLUMNS not in whole]


def _take_patches(shown: RedactedPage, sheet: published_pdf.Sheet) -> tuple[bytes | None, ...]:
    head, stride = shown.head, shown.head.width * page.BYTES_PER_PIXEL
    pixels = bytearray(published_pdf.expand_pixels(sheet.picture))
    for left, top, right, bottom in list_shaded(head, shown.hidden_patches):
        for row in range(top, bottom):
            start, end = (
                row * stride + left * page.BYTES_PER_PIXEL,
                row * stride + right * page.BYTES_PER_PIXEL,
            )
            if FULL in pixels[start:end]:
                raise errors.Refused(
                    f"page {head.number}, row {row + 1} of its picture: this is neither opened nor shaded"
                )
            pixels[start:end] = bytes([FULL]) * (end - start)
    return picture.cut_open_patches(bytes(pixels), head, shown.hidden_patches)


def _check_words(shown: RedactedPage, sheet: published_pdf.Sheet) -> None:
    """Refuse words that were not sealed where a reader would take them for checked ones."""
    shaded = list_shaded(shown.head, shown.hidden_patches)
    for block in sheet.blocks:
        if block.kind == "sealed":
            continue
        for word in block.words:
            empty = word.box[0] == word.box[2] or word.box[1] == word.box[3]
            if not (empty and block.kind == "label") and not _is_inside(word.box, shaded):
                raise errors.Refused(
                    f"page {shown.head.number}: {word.text[:40]!r} was not sealed, and stands on no shade"
                )


def _is_inside(box: redaction.Box, shaded: Sequence[redaction.Box]) -> bool:
    """Answer whether a box lies within the shade; boxes side by side in one band count as one."""
    return any(
        left <= box[0] and top <= box[1] and right >= box[2] and bottom >= box[3]
        for left, top, right, bottom in _join_neighbours(shaded)
    )


def _join_neighbours(shaded: Sequence[redaction.Box]) -> Iterator[redaction.Box]:
    before: redaction.Box | None = None
    for box in shaded:
        if before and before[1::2] == box[1::2] and before[2] == box[0]:
            before = (before[0], before[1], box[2], box[3])
        else:
            if before:
                yield before
            before = box
    if before:
        yield before
