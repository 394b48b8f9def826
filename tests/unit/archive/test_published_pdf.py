"""A published PDF is read back as written, by other engines too, and refused when a byte is another's."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import random
import re
import zlib
from pathlib import Path

import pikepdf
import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.archive import invisible_font, page, published_pdf
from lightwell.archive.published_pdf import Block, Document, Picture, Sheet
from lightwell.base import errors

LEVELS = st.integers(0, 15).map(lambda value: value * 17)
COLOURS = st.tuples(LEVELS, LEVELS, LEVELS).map(bytes)
TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=12)


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    width, height = draw(st.integers(1, 9)), draw(st.integers(1, 5))
    palette = sorted(draw(st.sets(COLOURS, max_size=40)))
    dice = random.Random(draw(st.integers(0, 1000)))
    if palette:
        pixels = bytes(dice.randrange(len(palette)) for _ in range(width * height))
    else:
        pixels = bytes(dice.randrange(16) * 17 for _ in range(width * height * 3))
    return Picture(width, height, b"".join(palette), pixels)


@st.composite
def sheets(draw: st.DrawFn) -> Sheet:
    shown = draw(pictures())

    def draw_word() -> page.Word:
        left, right = sorted(draw(st.tuples(*[st.integers(0, shown.width)] * 2)))
        top, bottom = sorted(draw(st.tuples(*[st.integers(0, shown.height)] * 2)))
        return page.Word(draw(TEXTS), (left, top, right, bottom))

    counts = draw(st.lists(st.integers(0, 4), max_size=3))
    kinds = st.sampled_from(published_pdf.KINDS)
    blocks = [Block(draw(kinds), tuple(draw_word() for _ in range(count))) for count in counts]
    return Sheet(shown, tuple(blocks))


DOCUMENTS = st.builds(
    Document,
    TEXTS,
    st.sampled_from(["en", "pt-BR", "ar"]),
    st.lists(sheets(), min_size=1, max_size=3).map(tuple),
)


def make_document() -> Document:
    words = (page.Word("Children", (10, 10, 90, 30)), page.Word("naïve", (100, 10, 150, 30)))
    later = (page.Word("ana", (10, 50, 40, 70)),)
    white = Picture(200, 100, b"\xff\xff\xff", bytes(200 * 100))
    first = Sheet(white, (Block("sealed", words), Block("reset", later)))
    second = Sheet(white, (Block("label", (page.Word("hidden", (10, 10, 60, 30)),)),))
    return Document("Sleep (study)", "en", (first, second))


@settings(deadline=None)
@given(DOCUMENTS)
def test_what_was_written_is_read_back(document: Document) -> None:
    assert published_pdf.parse_document(published_pdf.format_document(document)) == document


@settings(deadline=None, max_examples=40)
@given(DOCUMENTS)
def test_a_picture_shows_other_engines_the_same_pixels(document: Document) -> None:
    data = published_pdf.format_document(document)
    with pikepdf.open(io.BytesIO(data)) as read:
        assert not read.check_pdf_syntax()
    with pypdfium2.PdfDocument(data) as read:
        for sheet, other in zip(document.sheets, read, strict=True):
            (image,) = other.get_objects([pypdfium2.raw.FPDF_PAGEOBJ_IMAGE])
            shown = image.get_bitmap().to_pil().convert("RGB")
            assert shown.tobytes() == published_pdf.expand_pixels(sheet.picture)


def test_another_engine_finds_the_words_in_their_order_and_places() -> None:
    with pypdfium2.PdfDocument(published_pdf.format_document(make_document())) as read:
        text = read[0].get_textpage()
        assert text.get_text_range().split() == ["Children", "naïve", "ana"]
        left, _, _, top = text.get_charbox(0, loose=True)
        scale = 72 / page.DPI
        assert (left, top) == pytest.approx((10 * scale, (100 - 10) * scale), abs=1)
        assert read[0].get_size() == pytest.approx((200 * scale, 100 * scale), abs=0.01)
        assert read[0].render(scale=1).to_numpy().min() == 255, "the words are not seen"


def test_people_who_listen_get_language_title_and_paragraphs() -> None:
    with pikepdf.open(io.BytesIO(published_pdf.format_document(make_document()))) as read:
        assert str(read.Root.Lang) == "en"
        assert read.Root.ViewerPreferences.DisplayDocTitle
        assert [str(each.S) for each in read.Root.StructTreeRoot.K.K] == ["/P", "/P"]
        assert set(read.docinfo.keys()) == {"/Title"}
        assert "/Metadata" not in read.Root


def test_a_changed_byte_is_refused_or_says_something_else_openly() -> None:
    made = make_document()
    data = published_pdf.format_document(made)
    dice = random.Random(1)
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= 1 << dice.randrange(8)
        try:
            read = published_pdf.parse_document(bytes(changed))
        except errors.Refused:
            continue
        # A bit that packing leaves unused, or something that every reader sees.
        assert read == made or (read.title, read.language) != (made.title, made.language)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"%%EOF\n", b"%%EOF\nmore"),
        (b"/Tabs/S", b"/Tabs/S/Annots[]"),
        (b"xref\n", b"99 0 obj\n(hidden)\nendobj\nxref\n"),
        (b"/Type/Catalog", b"/Type/Catalog/Metadata 4 0 R"),
        (b"<</Title", b"<</Author (ana)/Title"),
        (b"/BitsPerComponent 1", b"/BitsPerComponent 2"),
    ],
)
def test_nothing_can_be_put_beside_pictures_and_words(old: bytes, new: bytes) -> None:
    data = published_pdf.format_document(make_document())
    assert old in data
    with pytest.raises(errors.Refused):
        published_pdf.parse_document(data.replace(old, new, 1))


def test_words_that_are_hidden_in_the_stream_of_words_are_refused() -> None:
    data = published_pdf.format_document(make_document())
    stream = re.search(rb"11 0 obj\n<</Filter/FlateDecode/Length (\d+)>>\nstream\n", data)
    packed = data[stream.end() : stream.end() + int(stream[1])]
    for extra in (b"% ana\n", b"BT <0041> Tj ET\n", b" "):
        new = zlib.compress(zlib.decompress(packed) + extra, 9)
        changed = data.replace(packed, new).replace(stream[0], stream[0].replace(stream[1], b"%d" % len(new)))
        with pytest.raises(errors.Refused):
            published_pdf.parse_document(changed)
    trailing = packed + b"ana"
    changed = data.replace(packed, trailing).replace(
        stream[0], stream[0].replace(stream[1], b"%d" % len(trailing))
    )
    with pytest.raises(errors.Refused):
        published_pdf.parse_document(changed)


@pytest.mark.parametrize(
    "changes",
    [
        {"palette": b"\xff\xff\xff\x00\x00\x00"},
        {"palette": b"\x01\x02\x03"},
        {"pixels": b"\x01" + bytes(200 * 100 - 1)},
        {"pixels": bytes(5)},
        {"width": 201},
    ],
)
def test_a_picture_of_other_colours_or_sizes_is_not_written(changes: dict[str, object]) -> None:
    document = make_document()
    picture = dataclasses.replace(document.sheets[0].picture, **changes)
    sheets = (dataclasses.replace(document.sheets[0], picture=picture),)
    with pytest.raises(errors.Refused):
        published_pdf.format_document(dataclasses.replace(document, sheets=sheets))


def test_the_font_is_small_and_has_no_shapes() -> None:
    font = invisible_font.make_font()
    assert len(font) == 252
    assert font == invisible_font.make_font()


def test_one_page_is_read_alone_and_sheets_one_by_one() -> None:
    document = make_document()
    data = published_pdf.format_document(document)
    opened = published_pdf.open_document(data)
    assert (opened.title, opened.language, opened.count) == (document.title, document.language, 2)
    assert tuple(opened.iterate_sheets()) == document.sheets
    assert [published_pdf.read_sheet(data, number) for number in (1, 2)] == list(document.sheets)
    with pytest.raises(errors.Refused, match="no page 3"):
        published_pdf.read_sheet(data, 3)


def test_fewer_sheets_than_announced_are_no_document() -> None:
    sheets = make_document().sheets
    with pytest.raises(ValueError, match="not as many"):
        b"".join(published_pdf.write_document("t", "en", 3, iter(sheets)))


def test_the_page_for_outsiders_names_the_bytes_that_never_change() -> None:
    data = published_pdf.format_document(make_document())
    fixed = data[data.index(b"4 0 obj\n") : data.index(b"8 0 obj\n")]
    text = (Path(__file__).parents[3] / "docs/reference/published-pdf.md").read_text()
    assert hashlib.sha256(fixed).hexdigest() in text
