"""PDFs read for sealing: words with boxes, and the quantised picture, page by page, by PDFium.

Coordinates come only from the renderer's own page-to-device call (`files/words`), because page rotation,
shifted origins and crop boxes make every home-made formula wrong. PDFium is not thread-safe: one document at
a time in a process. The page count is confirmed by a second engine (pikepdf); a disagreement is
never settled here. Limits of memory and time: the caller runs this in a process of its own.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import functools
import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy
import pikepdf
import pypdfium2
import pypdfium2.raw as pdfium

from lightwell.archive import page
from lightwell.base import errors
from lightwell.files import recognition, words, workers

# 5 metres a side and 5 square metres at 110 dpi: 94 megapixels, for which the reader's memory is enough.
MAX_SIDE_PIXELS = 22_000
MAX_PIXELS = 94_000_000

# In ems: the rows above a baseline that no letter leaves blank but "i" and its like; how far letters with
# accents reach above and below it; and how far plain ones do.
_CORE_EM = 0.6
_ABOVE_EM, _BELOW_EM = 0.95, 0.27
_PLAIN_ABOVE_EM, _PLAIN_BELOW_EM = 0.78, 0.23
_MOST_EMS = 10

_UNREAD = "or seal it as it is with the intent publish-unread"
_POINTS_PER_INCH = 72


def name_renderer() -> str:
    """Name the renderer and its version as it stands in every seal.

    `v2`: since 28 November 2026 a page on its side is one band, and its lines are in reading order.
    """
    return f"pdfium {pypdfium2.PDFIUM_INFO} {page.DPI}dpi rgb444 v2"


def count_pages(path: Path) -> int:
    """Count the pages with both engines; `UserMistake` names a file that is unreadable or in dispute."""
    try:
        with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
            first = len(document)
    except pypdfium2.PdfiumError as error:
        # The engine's words end with a full stop, with which ours go on.
        sentence = f"the PDF cannot be read: {str(error).rstrip('.')}; supply a sound copy, {_UNREAD}"
        if "password" in str(error).lower():
            sentence = f"the PDF is locked with a password; supply an unlocked copy, {_UNREAD}"
        raise errors.UserMistake(sentence, place=path.name) from None
    try:
        with pikepdf.open(path) as second_reading:
            second = len(second_reading.pages)
    except pikepdf.PdfError as error:
        # The engine names the file by its whole path, which is the publisher's own affair.
        reason = str(error).replace(str(path), path.name)
        raise errors.UserMistake(
            f"the second engine cannot read this PDF: {reason}; supply a sound copy, {_UNREAD}",
            place=path.name,
        ) from None
    if first != second or not first:
        raise errors.UserMistake(
            f"one engine counts {first} pages and the other {second}; a person must look at this file and "
            f"supply a sound copy, {_UNREAD}",
            place=path.name,
        )
    return first


def read_pages(
    path: Path,
    numbers: Iterable[int] | None = None,
    announce: Callable[[int], None] | None = None,
    recogniser: recognition.Recogniser | None = None,
) -> Iterator[page.Parts]:
    """Read every page in order, or those of `numbers`; `announce` hears the number before a page is read.

    With a `recogniser`, pages without a usable text layer get their words from it.

    Raises `UserMistake` that names file and page when one cannot be sealed.
    """
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        for number in numbers or range(1, len(document) + 1):
            if announce:
                announce(number)
            try:
                with contextlib.closing(document[number - 1]) as sheet:
                    yield _read_page(sheet, number, recogniser)
            except pypdfium2.PdfiumError as error:
                raise errors.UserMistake(
                    f"cannot be read: {error}", place=f"{path.name}, page {number}"
                ) from None
            except errors.Refused as error:
                raise errors.UserMistake(error.sentence, place=f"{path.name}, page {number}") from None


def check_measures(path: Path) -> None:
    """Check that every page is small enough to be sealed, unread; `UserMistake` names each that is not."""
    problems = []
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        for number in range(1, len(document) + 1):
            try:
                _measure_page(document.get_page_size(number - 1))
            except errors.Refused as error:
                problems.append(errors.Problem(f"{path.name}, page {number}", error.sentence))
    if problems:
        raise errors.UserMistake(problems=problems)


def _measure_page(size: tuple[float, float]) -> tuple[int, int]:
    width, height = (max(1, round(side * page.DPI / _POINTS_PER_INCH)) for side in size)
    if max(width, height) > MAX_SIDE_PIXELS or width * height > MAX_PIXELS:
        sides = " by ".join(f"{side / _POINTS_PER_INCH * 0.0254:.1f}" for side in size)
        raise errors.Refused(
            f"the page measures {sides} metres; at most 5 a side and 5 square metres can be sealed"
        )
    return width, height


def draw_page(path: Path, number: int, dpi: int) -> bytes:
    """Draw one page as PNG in a process behind the fence; `UserMistake` names file and page."""
    with workers.Pool(1) as pool:
        (outcome,) = pool.run([{"do": "draw", "path": str(path), "number": number, "dpi": dpi}])
    if isinstance(outcome, dict):
        return base64.b64decode(outcome["png"])
    sentence = outcome.sentence if isinstance(outcome, workers.Fault) else outcome.problems[0].sentence
    raise errors.UserMistake(sentence, place=f"{path.name}, page {number}")


def draw_page_here(path: Path, number: int, dpi: int) -> bytes:
    """Draw one page as PNG in this process, which must stand behind the fence already (`files/reader`)."""
    try:
        with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
            if not 1 <= number <= len(document):
                raise errors.UserMistake(f"there is no page {number}; the file has {len(document)}")
            with contextlib.closing(document[number - 1]) as sheet:
                width, height = (max(1, round(side * dpi / _POINTS_PER_INCH)) for side in sheet.get_size())
                if width * height > MAX_PIXELS:
                    raise errors.UserMistake(f"at {dpi} dots an inch the page is too large to be drawn")
                picture = io.BytesIO()
                sheet.render(scale=dpi / _POINTS_PER_INCH).to_pil().save(picture, "PNG")
                return picture.getvalue()
    except pypdfium2.PdfiumError as error:
        raise errors.UserMistake(f"cannot be drawn: {error}") from None


def _read_page(
    sheet: pypdfium2.PdfPage, number: int, recogniser: recognition.Recogniser | None
) -> page.Parts:
    width, height = _measure_page(sheet.get_size())
    pixels = _render_pixels(sheet, width, height)
    reading = words.read_lines(sheet, width, height)
    lines = reading.lines
    if recogniser:
        lines = recogniser.read_page(sheet, number, lines, (width, height))
    bands = page.merge_bands(_find_bands(pixels, reading.stems))
    if (reading.on_side or (recogniser and number in recogniser.on_side)) and bands:
        # Rows there are where lines begin and end, so that every band would tell how long words are.
        bands = ((0, height),)
    head = page.Head(number, width, height, len(lines), bands)
    patches = tuple(
        pixels[top:bottom, left * page.BYTES_PER_PIXEL : right * page.BYTES_PER_PIXEL].tobytes()
        for left, top, right, bottom in page.list_patch_boxes(head)
    )
    return page.Parts(head, lines, patches)


def _render_pixels(sheet: pypdfium2.PdfPage, width: int, height: int) -> numpy.ndarray:
    # Writing over fresh memory costs as much as rendering; pages mostly have one size, so the last is kept.
    rows = _borrow_memory(height, width * page.BYTES_PER_PIXEL)
    rows.fill(0xFF)
    bitmap = pdfium.FPDFBitmap_CreateEx(
        width, height, pdfium.FPDFBitmap_BGR, rows.ctypes.data_as(ctypes.c_void_p), rows.strides[0]
    )
    if not bitmap:
        raise errors.Refused("the renderer cannot make a picture of this size")
    try:
        flags = pdfium.FPDF_ANNOT | pdfium.FPDF_REVERSE_BYTE_ORDER
        pdfium.FPDF_RenderPageBitmap(bitmap, sheet, 0, 0, width, height, 0, flags)
    finally:
        pdfium.FPDFBitmap_Destroy(bitmap)
    rows &= page.CHANNEL_MASK
    return rows


@functools.lru_cache(maxsize=1)
def _borrow_memory(height: int, row_bytes: int) -> numpy.ndarray:
    return numpy.empty((height, row_bytes), numpy.uint8)


def _find_bands(pixels: numpy.ndarray, stems: numpy.ndarray) -> list[tuple[int, int]]:
    """Find the bands of a page: rows of ink between blank ones, as high as their font, not as their letters.

    Were a band only as high as its ink, it would tell whether a word that is hidden later has a letter that
    goes below the line, and one of "i" alone would be two.
    """
    # White is the largest value a quantised channel can have.
    inked = pixels.min(axis=1) != page.CHANNEL_MASK
    height = len(inked)
    base, em = stems[:, 0], stems[:, 0] - stems[:, 1]
    # Words that run up or down the page, or are larger than a title, have no rows of this kind.
    fit = (abs(em) >= 1) & (abs(em) <= height / _MOST_EMS) & (base > 0) & (base < height)
    base, em = base[fit], em[fit]

    def span(above: float, below: float) -> numpy.ndarray:
        # Above is down where a page stands on its head.
        rows = numpy.sort([base - above * em, base + below * em], axis=0)
        kept: numpy.ndarray = numpy.minimum(numpy.maximum(rows, 0), height).astype(numpy.int64)
        return kept

    core, edges = span(_CORE_EM, 0), numpy.zeros(height + 1, numpy.int64)
    numpy.add.at(edges, core[0], 1)
    numpy.add.at(edges, core[1], -1)
    inked |= numpy.cumsum(edges[:-1]) > 0
    edges = numpy.flatnonzero(numpy.diff(inked.view(numpy.int8), prepend=0, append=0))
    if not len(edges):
        return []
    tops, bottoms = edges[::2], edges[1::2]
    # A core's middle row lies in a band, unless the core is less than a row high.
    run = numpy.maximum(numpy.searchsorted(tops, core.sum(axis=0) // 2, side="right") - 1, 0)

    def reach(above: float, below: float) -> tuple[numpy.ndarray, numpy.ndarray]:
        highest, lowest = tops.copy(), bottoms.copy()
        rows = span(above, below)
        numpy.minimum.at(highest, run, rows[0])
        numpy.maximum.at(lowest, run, rows[1] + 1)
        return highest, numpy.minimum(lowest, height)

    highest, lowest = reach(_ABOVE_EM, _BELOW_EM)
    if (overlap := lowest[:-1] > highest[1:]).any():
        # Two meet halfway between plain letters, if the blank rows between their inks reach so far.
        plain_highest, plain_lowest = reach(_PLAIN_ABOVE_EM, _PLAIN_BELOW_EM)
        halves = numpy.clip((plain_lowest[:-1] + plain_highest[1:]) // 2, bottoms[:-1], tops[1:])
        lowest[:-1][overlap] = halves[overlap]
        highest[1:][overlap] = halves[overlap]
    return list(zip(highest.tolist(), lowest.tolist(), strict=True))
