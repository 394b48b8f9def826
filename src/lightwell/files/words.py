"""Words of a PDF page with their boxes in pixels, by the renderer's own page-to-device mapping.

PDFium names the rectangles of every word in page space; what follows is done for all words of a page at
once, because pages hold hundreds and Python's arithmetic cost more than the engine. A word without a
rectangle has no place on the page and is left out. The picture: `files/pdf`.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import re
from dataclasses import dataclass
from typing import Any

import numpy
import pypdfium2
import pypdfium2.raw as pdfium

from lightwell.archive import page, redaction

# The page-to-device call answers in whole pixels, so it is asked about a picture this much finer.
_PROBE_SCALE = 64
_PROBE_STEP = 1000
# A mark of division alone, or at the beginning, is no part of a word.
_WORD = re.compile(r"[^\s\ufffe]\S*")
_DOUBLE_BYTES = 8
_LINE_FEED, _RETURN = 10, 13
# PDFium's mark where a word is divided at the end of a line. As a noncharacter it may stand in no JSON that
# others exchange (RFC 7493, section 2.1), and with it nobody would find the word.
_DIVISION = 0xFFFE

Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Reading:
    """The lines of a page, and for each word that has a size its baseline and a point one em above, as rows.

    `stems` has a row of two for each word. They depend on font and place alone, not on which letters stand
    there, and so tell nothing of a word that is hidden later. `on_side`: most words run up or down the page.
    """

    lines: tuple[page.Line, ...]
    stems: numpy.ndarray
    on_side: bool = False


def read_lines(sheet: pypdfium2.PdfPage, width: int, height: int) -> Reading:
    """Read the lines of a page whose picture measures `width` by `height` pixels, in the engine's order."""
    with contextlib.closing(sheet.get_textpage()) as text_page:
        if not (count := text_page.count_chars()):
            return Reading((), numpy.empty((0, 2)))
        # UTF-16 as PDFium counts it: one position a unit, so that a word's place is the engine's own.
        units = numpy.zeros(count + 1, numpy.uint16)
        pdfium.FPDFText_GetText(text_page, 0, count, units.ctypes.data_as(ctypes.POINTER(ctypes.c_ushort)))
        units = units[:count]
        plain = not (((units & 0xF800) == 0xD800) | (units == 0)).any()
        text = units.tobytes().decode("utf-16-le") if plain else "".join(map(chr, units.tolist()))
        spans = [found.span() for found in _WORD.finditer(text)]
        first, corners = _list_corners(text_page, spans)
        stems = _list_stems(text_page, [start for start, _ in spans])
    stems = _map_corners(sheet, stems, width, height)
    across, down = abs(stems[:, 1] - stems[:, 0]).T
    on_side = 2 * int((across > down).sum()) > len(stems)
    placed, boxes = _find_boxes(first, _map_corners(sheet, corners, width, height), width, height)
    spans = [spans[k] for k in placed]
    # Words with as many breaks before them share a line; a divided word stands whole on its first one, and
    # its box covers both, so that whoever hides it hides all of it.
    breaks = numpy.flatnonzero((units == _LINE_FEED) | (units == _RETURN) | (units == _DIVISION))
    numbers = numpy.searchsorted(breaks, [start for start, _ in spans]).tolist()
    texts = [text[start:end].replace(chr(_DIVISION), "") for start, end in spans]
    found = map(page.Word, texts if plain else map(_join_units, texts), boxes)
    grouped = itertools.groupby(zip(numbers, found, strict=True), key=lambda pair: pair[0])
    lines = tuple(tuple(word for _, word in pairs) for _, pairs in grouped)
    if on_side:
        lines = tuple(lines[k] for k in redaction.order_on_side(lines))
    return Reading(lines, stems[:, :, 1], on_side)


def _list_corners(
    text_page: pypdfium2.PdfTextPage, spans: list[tuple[int, int]]
) -> tuple[list[int], numpy.ndarray]:
    """List every rectangle of every word as left, top, right, bottom, and where each word's begin."""
    # Bound to a plain address once: the checks of pypdfium2's binding cost more than the calls.
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value
    room = 2 * len(spans) + 1
    sides = numpy.empty((room, 4))
    address = sides.ctypes.data
    first, used = [0], 0
    for start, end in spans:
        count = _count_rects(handle, start, end - start)
        if used + count > room:
            room = 2 * (used + count)
            sides = numpy.concatenate([sides[:used], numpy.empty((room - used, 4))])
            address = sides.ctypes.data
        for index in range(count):
            at = address + 4 * _DOUBLE_BYTES * (used + index)
            _get_rect(handle, index, at, at + _DOUBLE_BYTES, at + 2 * _DOUBLE_BYTES, at + 3 * _DOUBLE_BYTES)
        used += count if count > 0 else 0
        first.append(used)
    return first, sides[:used]


def _list_stems(text_page: pypdfium2.PdfTextPage, starts: list[int]) -> numpy.ndarray:
    """List origin and origin + one em upwards of each word's first letter, in page space: words x 4."""
    handle = ctypes.cast(text_page.raw, ctypes.c_void_p).value
    origins = numpy.full((len(starts), 2), numpy.nan)
    matrices = numpy.zeros((len(starts), 6), numpy.float32)
    at, at_matrix, sizes = origins.ctypes.data, matrices.ctypes.data, []
    for start in starts:
        _get_origin(handle, start, at, at + _DOUBLE_BYTES)
        _get_matrix(handle, start, at_matrix)
        sizes.append(_get_size(handle, start))
        at += origins.strides[0]
        at_matrix += matrices.strides[0]
    # The font's size alone is not the size that is seen: c and d of the text matrix scale and turn it.
    tops = origins + matrices[:, 2:4] * numpy.array(sizes).reshape(-1, 1)
    stems = numpy.hstack([origins, tops])
    finite: numpy.ndarray = stems[numpy.isfinite(stems).all(axis=1)]
    return finite


def _map_corners(sheet: pypdfium2.PdfPage, corners: numpy.ndarray, width: int, height: int) -> numpy.ndarray:
    """Turn two opposite corners of each rectangle into pixels: rectangles x corners x (across, down)."""
    fine = width * _PROBE_SCALE, height * _PROBE_SCALE

    def probe(x: float, y: float) -> tuple[float, float]:
        device_x, device_y = ctypes.c_int(), ctypes.c_int()
        pdfium.FPDF_PageToDevice(sheet, 0, 0, *fine, 0, x, y, device_x, device_y)
        return device_x.value / _PROBE_SCALE, device_y.value / _PROBE_SCALE

    origin, right, up = probe(0, 0), probe(_PROBE_STEP, 0), probe(0, _PROBE_STEP)
    x, y = corners[:, 0::2], corners[:, 1::2]
    mapped = [
        origin[axis]
        + (right[axis] - origin[axis]) / _PROBE_STEP * x
        + (up[axis] - origin[axis]) / _PROBE_STEP * y
        for axis in (0, 1)
    ]
    return numpy.stack(mapped, axis=2)


def _find_boxes(
    first: list[int], mapped: numpy.ndarray, width: int, height: int
) -> tuple[list[int], list[Box]]:
    """Find the words that have a place, and the least box of whole pixels around each, within the picture."""
    edges = numpy.asarray(first)
    placed = numpy.flatnonzero(edges[1:] > edges[:-1])
    if not len(placed):
        return [], []
    # On a turned page either corner may come first; what is no number is passed over.
    least = numpy.fmin.reduceat(numpy.fmin(mapped[:, 0], mapped[:, 1]), edges[placed])
    most = numpy.fmax.reduceat(numpy.fmax(mapped[:, 0], mapped[:, 1]), edges[placed])
    real = (most >= least).all(axis=1)
    placed, least, most = placed[real], least[real], most[real]
    size = numpy.array([width, height])
    boxes = numpy.hstack(
        [numpy.clip(numpy.trunc(least), 0, size), numpy.clip(numpy.trunc(most) + 1, 0, size)]
    )
    return placed.tolist(), list(zip(*boxes.astype(numpy.int64).T.tolist(), strict=True))


def _join_units(text: str) -> str:
    # Halves of a surrogate pair are joined; a lone half cannot be written as UTF-8 and is marked as unknown.
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\x00", "\ufffd")


def _bind(function: Any, result: Any, *arguments: Any) -> Any:
    address = ctypes.cast(function, ctypes.c_void_p).value
    assert address is not None
    return ctypes.CFUNCTYPE(result, *arguments)(address)


_count_rects = _bind(pdfium.FPDFText_CountRects, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_int)
_get_matrix = _bind(pdfium.FPDFText_GetMatrix, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)
_get_origin = _bind(
    pdfium.FPDFText_GetCharOrigin, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 2
)
_get_size = _bind(pdfium.FPDFText_GetFontSize, ctypes.c_double, ctypes.c_void_p, ctypes.c_int)
_get_rect = _bind(
    pdfium.FPDFText_GetRect, ctypes.c_int, ctypes.c_void_p, ctypes.c_int, *[ctypes.c_void_p] * 4
)
