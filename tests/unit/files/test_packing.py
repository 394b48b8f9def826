"""Pictures packed small: the same pixels for whoever reads, and smaller than zlib makes them."""

from __future__ import annotations

import random
import zlib

import pytest

from lightwell.archive import published_pdf
from lightwell.archive.published_pdf import Document, Picture, Sheet
from lightwell.files import packing

WIDTH, HEIGHT = 900, 1200


def make_print(rows: int) -> Picture:
    """Something like print: the same few shapes of letters again and again, in no order."""
    dice = random.Random(7)
    letters = [bytes(dice.choices(range(32), k=8)) for _ in range(60)]
    shapes = [[letter[k:] + letter[:k] for k in range(8)] for letter in letters]
    lines = []
    for _ in range(rows):
        chosen = dice.choices(shapes, k=WIDTH // 9)
        lines += [b"".join(shape[k] + b"\x1f" for shape in chosen) for k in range(8)]
    blank = b"\x1f" * WIDTH
    lines += [blank] * (HEIGHT - len(lines))
    palette = bytes(value for k in range(32) for value in (17 * (k // 2), 17 * (k // 2), 17 * (k % 2)))
    colours = sorted({palette[at : at + 3] for at in range(0, 96, 3)})
    return Picture(
        WIDTH,
        HEIGHT,
        b"".join(colours),
        b"".join(lines).translate(bytes(k % len(colours) for k in range(256))),
    )


@pytest.mark.parametrize("rows", [2, 60])
@pytest.mark.parametrize("missing", [False, True])
def test_the_reader_finds_the_pixels_whatever_packed_them(
    rows: int, missing: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing:
        monkeypatch.setattr(packing, "binding", None)
    document = Document("t", "en", (Sheet(make_print(rows), ()),))
    data = published_pdf.format_document(document, packing.pack_stream)
    assert published_pdf.parse_document(data) == document
    assert data == published_pdf.format_document(document, packing.pack_stream)


def test_dense_print_is_packed_smaller_than_zlib_does() -> None:
    pytest.importorskip("deflate", reason="the binding of libdeflate is not installed")
    pixels = make_print(100).pixels
    usual = zlib.compress(pixels, 9)
    assert len(usual) > 40_000
    assert len(packing.pack_stream(pixels)) < 0.97 * len(usual)
    assert zlib.decompress(packing.pack_stream(pixels)) == pixels
