"""A published document drawn for tests: words at places, a picture of them, a box over what is hidden."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence

import pytest
from PIL import Image, ImageDraw, ImageFont

from lightwell.archive import page, published_pdf, residue
from lightwell.files import recognition
from lightwell.files.residue import Subject

needs_ocr = pytest.mark.skipif(
    bool(recognition.find_lack()), reason=f"Tesseract cannot read here: {recognition.find_lack()}"
)

WIDTH, HEIGHT = 620, 260
LEFT, TOP, STEP, SIZE = 40, 30, 30, 17
Place = tuple[int, int, int]
"""Page, line and word, from 0."""

TEXT = (
    (
        "Interview notes of the spring study",
        "On Tuesday Katherine Ashdown told us that she sleeps",
        "less since spring. Her sister agrees, and other parents",
        "said the same. Answers are filed under P-20417 in",
        "the list. Field work went on until June in Leeds.",
    ),
    (
        "Second page about sleep and other habits",
        "Young people gathered there after school and said they",
        "would rather be online later in the evening.",
    ),
)
NAME, ID = ((0, 1, 2), (0, 1, 3)), ((0, 3, 7),)
LABEL = "[hidden:participant]"


@functools.cache
def load_font() -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(SIZE)
    assert isinstance(font, ImageFont.FreeTypeFont)
    return font


def set_line(text: str, top: int) -> page.Line:
    """Set the words of a line from the left edge; boxes are as high as the font."""
    words, left = [], LEFT
    for each in text.split():
        width = round(load_font().getlength(each))
        words.append(page.Word(each, (left, top, left + width, top + SIZE + 4)))
        left += width + 6
    return tuple(words)


def set_pages(text: Sequence[Sequence[str]] = TEXT) -> list[list[page.Line]]:
    return [[set_line(line, TOP + STEP * k) for k, line in enumerate(lines)] for lines in text]


def draw_picture(
    lines: Sequence[page.Line], boxes: Sequence[tuple[int, int, int, int]] = ()
) -> published_pdf.Picture:
    """Draw words at their places in black, then the boxes over them in grey."""
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(sheet)
    for word in (word for line in lines for word in line):
        pen.text(word.box[:2], word.text, 0, load_font())
    for box in boxes:
        pen.rectangle(box, 0x88)
    return take_picture(sheet)


def take_picture(sheet: Image.Image) -> published_pdf.Picture:
    levels = bytes(k * 17 for k in range(16))
    palette = b"".join(bytes([level]) * 3 for level in levels)
    indexes = sheet.convert("L").point(lambda value: value >> 4)
    return published_pdf.Picture(sheet.width, sheet.height, palette, indexes.tobytes())


@dataclasses.dataclass(frozen=True)
class Case:
    """What is decided, and the document that follows from it or that a fault made of it."""

    document: published_pdf.Document
    subject: Subject

    def check_with(self, document: published_pdf.Document | None = None, **changes: object) -> Subject:
        """Return the subject with another document, or with other values of its own."""
        pdf = published_pdf.format_document(document or self.document)
        return dataclasses.replace(self.subject, **{"pdf": pdf, **changes})


def redact(
    places: Sequence[Sequence[Place]] = (NAME, ID),
    text: Sequence[Sequence[str]] = TEXT,
    *,
    hides_width: bool = True,
) -> Case:
    """Redact a text as it should be: no hidden word in the layer, boxes over the picture, labels."""
    pages = set_pages(text)
    gone = {place for region in places for place in region}
    hidden, boxes = [], [[] for _ in pages]
    for region in places:
        words = [pages[n][k][w] for n, k, w in region]
        box = (
            min(word.box[0] for word in words) - 2,
            min(word.box[1] for word in words) - 2,
            max(word.box[2] for word in words) + 2,
            max(word.box[3] for word in words) + 2,
        )
        boxes[region[0][0]].append(box)
        texts = tuple(word.text for word in words)
        hidden.append(residue.Hidden(region[0][0] + 1, texts, (box,), hides_width))
    sheets, visible = [], []
    for n, lines in enumerate(pages):
        blocks = []
        for k, line in enumerate(lines):
            kept = tuple(word for w, word in enumerate(line) if (n, k, w) not in gone)
            blocks.append(published_pdf.Block("sealed" if kept == line else "reset", kept))
        labels = [published_pdf.Block("label", (page.Word(LABEL, box),)) for box in boxes[n]]
        shown = [block.words for block in blocks]
        sheets.append(published_pdf.Sheet(draw_picture(shown, boxes[n]), (*blocks, *labels)))
        visible.append(tuple(word for block in (*blocks, *labels) for word in block.words))
    document = published_pdf.Document("Spring study, interview notes", "en", tuple(sheets))
    subject = Subject(published_pdf.format_document(document), tuple(visible), tuple(hidden))
    return Case(document, subject)
