"""Pages drawn anew: what a verifier takes out of them fits the seal, and a change of anything is refused."""

from __future__ import annotations

import dataclasses
import datetime
import io
import random
from collections import Counter
from importlib import resources
from pathlib import Path

import numpy
import pypdfium2
import pytest
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen import canvas

from lightwell.archive import opening, page, published_pdf, redacted_page, redaction, seal
from lightwell.archive.published_pdf import Block, Sheet
from lightwell.archive.redaction import Region
from lightwell.base import errors
from lightwell.files import pdf, redrawing, residue

REVIEW = datetime.date(2028, 1, 1)
KEY = b"k" * 32
NOT_SHOWN = Region(redaction.NOT_SHOWN, "approver", REVIEW, False)
TEXT = (
    "Children who were asked about their nights often spoke of friends",
    "and one of them, Marguerite Oyelaran-Smith from Leeds, told us that",
    "she had not slept for three nights before the test in mathematics",
    "because messages came in after midnight.",
)


def read_page(draw, folder: Path) -> page.Parts:
    path = folder / "page.pdf"
    sheet = canvas.Canvas(str(path), pagesize=(420, 300))
    draw(sheet)
    sheet.save()
    (parts,) = pdf.read_pages(path)
    return parts


def draw_text(sheet: canvas.Canvas) -> None:
    sheet.setFont("Times-Roman", 11)
    for k, line in enumerate(TEXT):
        sheet.drawString(40, 240 - 14 * k, line)
    sheet.drawString(40, 100, "Another paragraph names nobody.")


@pytest.fixture
def text_page(tmp_path: Path) -> page.Parts:
    return read_page(draw_text, tmp_path)


def find(parts: page.Parts, *texts: str) -> tuple[redaction.Place, ...]:
    return tuple(
        (k, n) for k, line in enumerate(parts.lines) for n, word in enumerate(line) if word.text in texts
    )


def hide(parts: page.Parts, *texts: str, wide: bool = True) -> list[Region]:
    ground = "participant" if wide else "confidential"
    return [Region(ground, "approver", REVIEW, wide, find(parts, *texts))]


def open_shown(
    parts: page.Parts, made: redrawing.Redrawn
) -> tuple[redacted_page.RedactedPage, seal.Header, bytes]:
    header, measure = seal.Header("std-1", 1, 1, "test"), seal.FileMeasure(bytes(32), 1)
    roots = [page.compute_root(seal.derive_page_seed(KEY, 1, 1), parts)]
    opened = opening.open_page(
        KEY, header, measure, roots, parts, made.plan.hidden_lines, made.plan.hidden_patches
    )
    regions = tuple(
        redacted_page.PublishedRegion(gap.ground, gap.decided_by, gap.review) for gap in made.plan.gaps
    )
    shown = redacted_page.RedactedPage(
        parts.head,
        tuple(sorted(made.plan.hidden_lines)),
        tuple(sorted(made.plan.hidden_patches)),
        regions,
        opened.proof,
    )
    return shown, header, seal.compute_commitment(KEY, header, measure, roots)


def check(parts: page.Parts, made: redrawing.Redrawn, sheet: Sheet | None = None) -> None:
    shown, header, sealed = open_shown(parts, made)
    data = published_pdf.format_document(published_pdf.Document("t", "en", (sheet or made.sheet,)))
    taken = redacted_page.take_page(shown, published_pdf.read_sheet(data, 1))
    opening.check_page(taken, header, sealed)


def read_with_pdfium(sheet: Sheet) -> str:
    data = published_pdf.format_document(published_pdf.Document("t", "en", (sheet,)))
    document = pypdfium2.PdfDocument(io.BytesIO(data))
    return document[0].get_textpage().get_text_bounded()


@pytest.mark.parametrize("wide", [True, False])
def test_what_is_drawn_verifies_and_says_nothing_of_what_is_hidden(text_page: page.Parts, wide: bool) -> None:
    made = redrawing.redraw_page(text_page, hide(text_page, "Marguerite", "Oyelaran-Smith", wide=wide))
    check(text_page, made)
    text = read_with_pdfium(made.sheet)
    assert "Marguerite" not in text
    assert "Oyelaran" not in text
    assert "Smith" not in text
    for kept in ("Leeds,", "midnight.", "Another paragraph names nobody."):
        assert kept in text
    assert text.count("[hidden:") == 1


def test_a_page_without_regions_is_shown_as_it_was_sealed(text_page: page.Parts) -> None:
    made = redrawing.redraw_page(text_page, [], NOT_SHOWN)
    check(text_page, made)
    assert {block.kind for block in made.sheet.blocks} == {"sealed"}
    assert not made.plan.hidden_patches


def test_two_hundred_names_make_one_page(tmp_path: Path) -> None:
    """Names of one to four words and with hyphens: the published page is the same, byte for byte."""
    made = set()
    for number in range(200):
        first = ["Ann", "Bartholomew", "Jo", "Marie-Louise", "Wilhelmina"][number % 5]
        more = [["Li"], ["van", "der", "Berg"], ["Smith-Jones"], ["de", "Souza"]][number // 5 % 4]
        words = [first, *more][: 1 + number // 20 % 4] + (["Iyer"] if number % 3 == 0 else [])
        name = " ".join(words[:4])

        def draw(sheet: canvas.Canvas, name: str = name) -> None:
            sheet.setFont("Times-Roman", 11)
            for k, line in enumerate((TEXT[0], f"and one of them, {name}, told us", *TEXT[2:])):
                sheet.drawString(40, 240 - 14 * k, line)

        parts = read_page(draw, tmp_path)
        places = find(parts, *name.split(), *(f"{word}," for word in name.split()))
        region = Region("participant", "approver", REVIEW, True, places)
        drawn = redrawing.redraw_page(parts, [region], NOT_SHOWN)
        made.add(published_pdf.format_document(published_pdf.Document("t", "en", (drawn.sheet,))))
    assert len(made) == 1


def test_words_that_the_picture_does_not_show_never_enter(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        draw_text(sheet)
        sheet.setFillColorRGB(1, 1, 1)
        sheet.drawString(40, 60, "white on white")
        sheet.setFillColorRGB(0, 0, 0)
        sheet.rect(200, 55, 120, 18, fill=1)
        sheet.drawString(210, 60, "black on black")

    parts = read_page(draw, tmp_path)
    assert find(parts, "white")
    made = redrawing.redraw_page(parts, [], NOT_SHOWN)
    check(parts, made)
    text = read_with_pdfium(made.sheet)
    assert "white" not in text
    assert "black" not in text
    assert {gap.ground for gap in made.plan.gaps} == {redaction.NOT_SHOWN}


@pytest.mark.parametrize("bar", [(-3, 10, 0), (0, 9, 0), (1, 7, 0), (-3, 10, -6)])
@pytest.mark.parametrize("shade", [0, 1])
def test_a_word_under_a_bar_that_leaves_its_edges_is_not_shown(
    tmp_path: Path, bar: tuple[int, int, int], shade: int
) -> None:
    low, high, shorter = bar

    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("Helvetica", 12)
        sheet.drawString(40, 200, "We met Marguerite today at Mill Hill: 11 ill.")
        at, width = (sheet.stringWidth(text, "Helvetica", 12) for text in ("We met ", "Marguerite"))
        sheet.setFillGray(shade)
        sheet.rect(40 + at, 200 + low, width + shorter, high - low, fill=1, stroke=0)

    parts = read_page(draw, tmp_path)
    made = redrawing.redraw_page(parts, [], NOT_SHOWN)
    check(parts, made)
    texts = [word.text for block in made.sheet.blocks if block.kind != "label" for word in block.words]
    assert texts == ["We", "met", "today", "at", "Mill", "Hill:", "11", "ill."]


def test_words_set_anew_have_ink_where_they_are_said_to_stand(text_page: page.Parts) -> None:
    made = redrawing.redraw_page(text_page, hide(text_page, "Marguerite"))
    shown = made.sheet.picture
    pixels = numpy.frombuffer(published_pdf.expand_pixels(shown), numpy.uint8)
    pixels = pixels.reshape(shown.height, shown.width, 3)
    for block in made.sheet.blocks:
        for word in block.words:
            left, top, right, bottom = word.box
            inside = pixels[top:bottom, left:right]
            assert int(inside.max()) - int(inside.min()) >= 0x20, word


def test_many_words_are_pressed_into_a_small_panel_rather_than_lost(tmp_path: Path) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("Times-Roman", 3)
        sheet.drawString(20, 200, "secret " + " ".join(f"word{k}" for k in range(80)))

    parts = read_page(draw, tmp_path)
    made = redrawing.redraw_page(parts, hide(parts, "secret"))
    check(parts, made)
    texts = [word.text for block in made.sheet.blocks if block.kind == "reset" for word in block.words]
    assert texts == [word.text for line in parts.lines for word in line if word.text != "secret"]


def change_pixel(sheet: Sheet, x: int, y: int, value: int) -> Sheet:
    pixels = bytearray(published_pdf.expand_pixels(sheet.picture))
    at = (y * sheet.picture.width + x) * 3
    pixels[at : at + 3] = bytes([value]) * 3
    picture = published_pdf.Picture(sheet.picture.width, sheet.picture.height, b"", bytes(pixels))
    return Sheet(picture, sheet.blocks)


def test_a_changed_word_is_refused_with_its_line_and_a_changed_pixel_with_its_page(
    text_page: page.Parts,
) -> None:
    made = redrawing.redraw_page(text_page, hide(text_page, "Marguerite"))
    blocks = list(made.sheet.blocks)
    (place,) = [k for k, block in enumerate(blocks) if block.words[0].text == "Another"]
    line = text_page.lines.index(blocks[place].words) + 1
    words = (dataclasses.replace(blocks[place].words[0], text="No"), *blocks[place].words[1:])
    blocks[place] = Block("sealed", words)
    with pytest.raises(errors.Refused, match=f"page 1, line {line}, does not match"):
        check(text_page, made, Sheet(made.sheet.picture, tuple(blocks)))
    left, top, _, _ = words[0].box
    with pytest.raises(errors.Refused, match="does not match"):
        check(text_page, made, change_pixel(made.sheet, left + 3, top + 3, 0x88))


def test_what_was_not_sealed_may_not_look_as_if_it_was(text_page: page.Parts) -> None:
    made = redrawing.redraw_page(text_page, hide(text_page, "Marguerite"))
    top, _ = made.plan.insets[0]
    with pytest.raises(errors.Refused, match="neither opened nor shaded"):
        check(text_page, made, change_pixel(made.sheet, 5, top + 1, 0xFF))
    with pytest.raises(errors.Refused, match="not sealed"):
        check(text_page, made, change_pixel(made.sheet, 5, made.sheet.picture.height - 2, 0xEE))
    added = Block("reset", (page.Word("added", (5, 5, 40, 20)),))
    with pytest.raises(errors.Refused, match="stands on no shade"):
        check(text_page, made, Sheet(made.sheet.picture, (*made.sheet.blocks, added)))
    sealed = Block("sealed", (page.Word("added", (5, 5, 40, 20)),))
    with pytest.raises(errors.Refused, match="lines as sealed"):
        check(text_page, made, Sheet(made.sheet.picture, (*made.sheet.blocks, sealed)))
    unlabelled = tuple(block for block in made.sheet.blocks if block.kind != "label")
    with pytest.raises(errors.Refused, match="labels"):
        check(text_page, made, Sheet(made.sheet.picture, unlabelled))


def test_a_held_sheet_says_why_and_nothing_else() -> None:
    sheet = redrawing.draw_held_sheet(7, "legal-privilege", "Advice of a lawyer.")
    redacted_page.check_held_sheet(sheet, 7, "legal-privilege")
    with pytest.raises(errors.Refused, match="says something else"):
        redacted_page.check_held_sheet(sheet, 7, "security")
    with pytest.raises(errors.Refused, match="not shaded"):
        redacted_page.check_held_sheet(change_pixel(sheet, 1, 1, 0xFF), 7, "legal-privilege")


def test_the_check_before_publication_looks_for_every_word_that_a_box_hides(text_page: page.Parts) -> None:
    dice = random.Random(11)
    words = [word for line in text_page.lines for word in line]
    for _ in range(60):
        left, top, right, bottom = dice.choice(words).box
        x, y = dice.randint(left - 8, right), dice.randint(top - 4, bottom)
        box = (max(x, 0), max(y, 0), x + dice.randint(9, 60), y + dice.randint(5, 20))
        region = Region("confidential", "approver", REVIEW, False, boxes=(box,))
        made = redrawing.redraw_page(text_page, [region])
        shown = Counter(
            word.text for block in made.sheet.blocks if block.kind != "label" for word in block.words
        )
        gone = Counter(word.text for word in words) - shown
        _, (hidden,) = residue.describe_page(text_page, [region], made.sheet)
        assert Counter(hidden.words) == gone, box


@pytest.mark.parametrize("upside_down", [True, False])
def test_the_check_reads_both_ways_what_is_hidden_on_a_page_that_lies_upside_down(
    tmp_path: Path, upside_down: bool
) -> None:
    def draw(sheet: canvas.Canvas) -> None:
        if upside_down:
            sheet.translate(*sheet._pagesize)
            sheet.rotate(180)
        draw_text(sheet)

    parts = read_page(draw, tmp_path)
    # Set anew nearly all of it stands upright on the published page.
    regions = hide(parts, "Marguerite", "Oyelaran-Smith")
    _, hidden = residue.describe_page(parts, regions, redrawing.redraw_page(parts, regions).sheet)
    assert {each.turned for each in hidden} == {upside_down}


def test_words_from_right_to_left_stand_in_their_order_where_a_line_is_set_anew(tmp_path: Path) -> None:
    words = ("הילדה", "נועה", "סיפרה", "למורה")
    font = resources.files("lightwell.data") / "fonts" / "DejaVuSansCondensed.ttf"
    pdfmetrics.registerFont(TTFont("wide", str(font)))

    def draw(sheet: canvas.Canvas) -> None:
        sheet.setFont("wide", 12)
        sheet.drawString(40, 200, " ".join(word[::-1] for word in reversed(words)))

    parts = read_page(draw, tmp_path)
    (line,) = parts.lines
    assert sorted(word.text for word in line) == sorted(words)
    place = next(n for n, word in enumerate(line) if word.text == words[1])
    region = Region("participant", "approver", REVIEW, True, words=((0, place),))
    made = redrawing.redraw_page(parts, [region], NOT_SHOWN)
    shown = [word for block in made.sheet.blocks for word in block.words]
    # In the order of reading, each to the left of the one before; the gap between its neighbours.
    lefts = [word.box[0] for word in shown if word.text != words[1]]
    assert len(lefts) == len(words)
    assert lefts == sorted(lefts, reverse=True)
