"""A hidden name is gone from the picture on every page, however the page is turned, shifted or cropped."""

from __future__ import annotations

import io
import itertools
import random

import numpy
import pikepdf
import pytest
from hiding import make_canary
from pikepdf import Dictionary, Name
from PIL import Image
from published_fixture import needs_ocr

from lightwell.archive import published_pdf
from lightwell.files import attack, ocr, rehearsal, residue, workers

TURNS, ORIGINS, CROPS = (0, 90, 180, 270), ((0, 0), (-137, 211)), (None, (20, 36, 40, 60))
COMBINATIONS = list(itertools.product(TURNS, ORIGINS, CROPS))
WIDTH, HEIGHT = 400, 300


@pytest.fixture(scope="module")
def pool():
    with workers.Pool(1) as shared:
        yield shared


def make_pages(names: list[str]) -> bytes:
    """Make a page for each combination: a line of words with the page's name in it, and a line without."""
    with pikepdf.new() as document:
        font = document.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica))
        for name, (turn, (x, y), crop) in zip(names, COMBINATIONS, strict=True):
            page = document.add_blank_page(page_size=(WIDTH, HEIGHT))
            page.obj.MediaBox = [x, y, x + WIDTH, y + HEIGHT]
            if crop:
                left, bottom, right, top = crop
                page.obj.CropBox = [x + left, y + bottom, x + WIDTH - right, y + HEIGHT - top]
            page.obj.Rotate = turn
            page.obj.Resources = Dictionary(Font=Dictionary(F1=font))
            text = b"BT /F1 14 Tf 1 0 0 1 %d %d Tm (Told in spring by %b) Tj ET "
            more = b"BT /F1 14 Tf 1 0 0 1 %d %d Tm (Nothing else was said) Tj ET"
            content = text % (x + 60, y + 190, name.encode()) + more % (x + 60, y + 130)
            page.obj.Contents = document.make_stream(content)
        out = io.BytesIO()
        document.save(out, static_id=True)
        return out.getvalue()


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    dice = random.Random(3)
    names = [make_canary(dice) for _ in COMBINATIONS]
    path = tmp_path_factory.mktemp("geometry") / "pages.pdf"
    path.write_bytes(make_pages(names))
    return path, names


@pytest.mark.parametrize("hides_width", [True, False])
def test_no_name_is_left_in_sixteen_ways_to_lay_a_page(hides_width, pages, pool):
    path, names = pages
    made = rehearsal.redact_file(path, names, pool, hides_width=hides_width)
    found = attack.attack_file(made.subject.pdf, names, pool)

    assert len(made.subject.pages) == len(COMBINATIONS) == 16
    assert found.all_recovered == frozenset()
    assert not residue.check_residue(made.subject, pool).blocks
    # The rest of each page is still there: an empty page would hide a name as well.
    words = [" ".join(word.text for word in sheet) for sheet in made.subject.pages]
    assert all("Nothing else was said" in text and "Told in spring" in text for text in words)


def test_nothing_of_the_ink_of_a_name_is_left(pages, pool):
    path, names = pages
    made = rehearsal.redact_file(path, names, pool, hides_width=False)
    sheets = published_pdf.parse_document(made.subject.pdf).sheets
    before = [expand(sheet) for sheet in published_pdf.parse_document(draw_open(path, pool)).sheets]

    for number, sheet in enumerate(sheets, 1):
        after, places = expand(sheet), find_places(made, number)
        assert places
        for left, top, right, bottom in places:
            inked = before[number - 1][top:bottom, left:right] < 128
            assert inked.any()
            # Were letters left, ink would differ from what lies around it inside the box.
            inside = after[top:bottom, left:right].astype(int)
            assert abs(inside[inked].mean() - inside[~inked].mean()) < 40
            assert inside.max() - numpy.median(inside) == 0 or (inside == numpy.median(inside)).mean() > 0.5


@needs_ocr
def test_the_eye_of_this_test_sees_names_that_are_not_hidden(pages, pool):
    path, names = pages
    found = attack.attack_file(path.read_bytes(), names, pool)

    assert len(found.recovered["OCR of every page"]) >= 12
    assert len(found.all_recovered) == 16


@needs_ocr
def test_the_obvious_formula_would_have_left_names(pages, pool):
    """Boxes by page height minus y times scale, as redaction tools have them: the reason for this file."""
    path, names = pages
    drawn = published_pdf.parse_document(draw_open(path, pool)).sheets
    pictures = []
    for sheet, (_, (x, y), _) in zip(drawn, COMBINATIONS, strict=True):
        picture = Image.fromarray(expand(sheet))
        scale = 110 / 72
        left, bottom = (x + 60 + 108) * scale, picture.height - (y + 186) * scale
        picture.paste(0, tuple(map(int, (left, bottom - 20 * scale, left + 120 * scale, bottom))))
        for degrees in (0, 90, 180, 270):
            out = io.BytesIO()
            turned = picture.rotate(degrees, expand=True)
            turned.resize((turned.width * 2, turned.height * 2)).save(out, "PNG")
            pictures.append(out.getvalue())
    texts = ocr.read_pictures(pictures, ocr.ANYWHERE)
    readable = [
        k
        for k, name in enumerate(names)
        if any(attack.find_secrets([name], text) for text in texts[4 * k : 4 * k + 4])
    ]

    assert len(readable) >= 10


def draw_open(path, pool) -> bytes:
    """Publish the file with nothing hidden, as its pictures before."""
    return rehearsal.redact_file(path, [], pool).subject.pdf


def find_places(made: rehearsal.Rehearsal, number: int):
    return [box for each in made.subject.hidden if each.page == number for box in each.boxes[:1]]


def expand(sheet: published_pdf.Sheet) -> numpy.ndarray:
    shown = sheet.picture
    pixels = numpy.frombuffer(published_pdf.expand_pixels(shown), numpy.uint8)
    return pixels.reshape(shown.height, shown.width, 3)[:, :, 1].copy()
