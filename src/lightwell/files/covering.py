"""Black boxes drawn over the words of a PDF as it is: what is often done, and hides nothing from a program.

For comparison in attacks only (`files/attack`); nothing that is published comes from here.
"""

from __future__ import annotations

import base64
import contextlib
import ctypes
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from lightwell.archive import page

Box = tuple[int, int, int, int]
_POINTS_PER_INCH = 72


def cover_words(path: Path, boxes: Iterable[tuple[int, list[Box]]]) -> bytes:
    """Draw boxes (page from 1, pixels of the sealed picture); the change follows the file's own bytes."""
    with contextlib.closing(pypdfium2.PdfDocument(path)) as document:
        for number, places in boxes:
            with contextlib.closing(document[number - 1]) as sheet:
                width, height = (round(side * page.DPI / _POINTS_PER_INCH) for side in sheet.get_size())
                for left, top, right, bottom in places:
                    x, y = _find_point(sheet, width, height, left, bottom)
                    to_x, to_y = _find_point(sheet, width, height, right, top)
                    _draw_box(sheet, (min(x, to_x), min(y, to_y), abs(to_x - x), abs(to_y - y)))
                sheet.gen_content()
        out = io.BytesIO()
        document.save(out, flags=pdfium.FPDF_INCREMENTAL)
        return out.getvalue()


def do_task(task: dict[str, Any]) -> dict[str, Any]:
    """Answer the task `cover` of the reader: `path` and `boxes` by page."""
    boxes = [(number, [(a, b, c, d) for a, b, c, d in places]) for number, places in task["boxes"]]
    return {"pdf": base64.b64encode(cover_words(Path(task["path"]), boxes)).decode()}


def _draw_box(sheet: pypdfium2.PdfPage, box: tuple[float, float, float, float]) -> None:
    rectangle = pdfium.FPDFPageObj_CreateNewRect(*box)
    pdfium.FPDFPageObj_SetFillColor(rectangle, 0, 0, 0, 255)
    pdfium.FPDFPath_SetDrawMode(rectangle, pdfium.FPDF_FILLMODE_ALTERNATE, False)
    pdfium.FPDFPage_InsertObject(sheet, rectangle)


def _find_point(sheet: pypdfium2.PdfPage, width: int, height: int, x: int, y: int) -> tuple[float, float]:
    across, up = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDF_DeviceToPage(sheet, 0, 0, width, height, 0, x, y, ctypes.byref(across), ctypes.byref(up))
    return across.value, up.value
