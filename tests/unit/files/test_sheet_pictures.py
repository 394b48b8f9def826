"""Pictures for the two people who decide show every pixel of the sealed page and of the drawn sheet."""

from __future__ import annotations

import io

import numpy
from PIL import Image

from lightwell.archive import page, published_pdf
from lightwell.files import redrawing


def test_a_sealed_page_is_shown_pixel_by_pixel() -> None:
    head = page.Head(1, 8, 6, 0, ((1, 3),))
    patches = tuple(bytes([16 * k] * 12) for k in range(4))
    shown = numpy.asarray(Image.open(io.BytesIO(redrawing.write_sealed_png(page.Parts(head, (), patches)))))
    assert shown.shape == (6, 8, 3)
    assert shown[0].min() == 255, "outside the bands it is white"
    assert [int(value) for value in shown[1, ::2, 0]] == [0, 17, 34, 51]


def test_a_sheet_is_shown_with_and_without_a_palette() -> None:
    palette, pixels = bytes([0, 0, 0, 255, 255, 255]), bytes([0, 1, 1, 0])
    rows = bytes(channel for each in pixels for channel in palette[3 * each : 3 * each + 3])
    for picture in (published_pdf.Picture(2, 2, palette, pixels), published_pdf.Picture(2, 2, b"", rows)):
        shown = Image.open(io.BytesIO(redrawing.write_sheet_png(picture))).convert("RGB")
        assert shown.tobytes() == rows
