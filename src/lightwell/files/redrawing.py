"""Pages with hidden regions drawn anew from what was sealed: picture, words that are seen on it, labels.

No source file is opened: words, boxes and pixels are those of the seal, which the renderer mapped once. Open
patches are shown as they were sealed; whatever is not checked against the seal is shaded. Words set anew use
one bundled font and constant gaps, so that nothing depends on what is hidden. Which lines and patches are
hidden: `archive/redaction`. What a verifier asks of the result: `archive/redacted_page`.
"""

from __future__ import annotations

import dataclasses
import functools
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources

import numpy
from PIL import Image, ImageDraw, ImageFont

from lightwell.archive import page, picture, published_pdf, redacted_page, redaction
from lightwell.archive.published_pdf import Block, Picture, Sheet
from lightwell.archive.redaction import Box, Flow, Gap, Kept, Plan, Region, Sealed
from lightwell.files import writing_order

# The shade of what is not checked; a lighter one would pass for sealed (`archive/redacted_page`).
SHADE = 0xEE
_BOX, _BOX_TEXT, _TEXT = 0x33, 0xEE, 0x11
# Edges of letters in five greys, among them those above; every channel is four bits, twice.
_GREYS = numpy.array([_TEXT, _BOX, 0x77, 0xBB, _BOX_TEXT], numpy.uint8)
_NEAREST = _GREYS[numpy.abs(_GREYS.astype(int)[:, None] - numpy.arange(256)).argmin(axis=0)]
_FONT = "DejaVuSansCondensed.ttf"
# 15 pixels are 10 points at the resolution of the seal.
_LARGEST, _SMALLEST, _PACKED_FROM = 15, 6, 9
_LEADING = 1.25
_MARGIN_SHARE = 0.06
# How much darker or lighter than its surroundings something must be to count as ink.
_INK_STEP = 0x20
# A word lower than that, or narrower than it is high, is not asked for the strokes of its letters.
_LEAST_HEIGHT = 6
_A4 = 909, 1286


@dataclass(frozen=True, slots=True)
class Redrawn:
    """A page made ready: the sheet, and which lines and patches of the seal it leaves shut."""

    sheet: Sheet
    plan: Plan


def redraw_page(parts: page.Parts, regions: Sequence[Region], not_shown: Region | None = None) -> Redrawn:
    """Draw a page with its hidden regions, or with none as it was sealed.

    `not_shown` says for which ground and until when words without ink are left out; its places are found
    here. Raises `UserMistake` as `archive/redaction.plan_page`.
    """
    redaction.check_regions(parts, regions)
    pixels = _compose(parts.head, parts.patches)
    if not_shown is not None and (places := find_inkless(parts, pixels)):
        inkless = Region(
            not_shown.ground, not_shown.decided_by, not_shown.review, not_shown.hides_width, tuple(places)
        )
        regions = [*regions, inkless]
    plan = redaction.plan_page(parts, regions)
    blocks = tuple(_Painter(parts, plan, pixels).paint())
    return Redrawn(Sheet(_index_colours(pixels), blocks), plan)


def draw_held_sheet(number: int, ground: str, sentence: str) -> Sheet:
    """Draw the sheet that stands in the place of a page that is held back: `sentence` on a shade."""
    width, height = _A4
    drawn = Image.new("L", (width, height), SHADE)
    pen, font = ImageDraw.Draw(drawn), _load_font(_LARGEST)
    text = f"Page {number} is held back. {sentence}"
    lines = list(_wrap(text.split(), font, width * 3 // 4))
    for k, line in enumerate(lines):
        pen.text((width // 8, height // 3 + 2 * k * _LARGEST), line, fill=_TEXT, font=font)
    pixels = numpy.repeat(_quantise(numpy.asarray(drawn))[:, :, None], 3, axis=2)
    box = (width // 8, height // 3, width * 7 // 8, height // 3 + 2 * len(lines) * _LARGEST)
    label = page.Word(redacted_page.HELD_LABEL.format(ground), box)
    return Sheet(_index_colours(pixels), (Block("label", (label,)),))


def write_sheet_png(shown: Picture) -> bytes:
    """Write the picture of a sheet as PNG, for the two people who look at it before it is published."""
    size = shown.width, shown.height
    if shown.palette:
        drawn = Image.frombytes("P", size, shown.pixels)
        drawn.putpalette(shown.palette)
    else:
        drawn = Image.frombytes("RGB", size, shown.pixels)
    return _write_png(drawn)


def write_sealed_png(parts: page.Parts) -> bytes:
    """Write the whole sealed picture of a page as PNG, for those who may read what is sealed."""
    return _write_png(Image.fromarray(_compose(parts.head, parts.patches)))


def _write_png(drawn: Image.Image) -> bytes:
    out = io.BytesIO()
    drawn.save(out, "PNG", compress_level=1)
    return out.getvalue()


def find_inkless(parts: page.Parts, pixels: numpy.ndarray) -> list[redaction.Place]:
    """List the words of which the picture shows no letters, as (line, word) from 0.

    A black bar over a word is mostly lower or narrower than its box, which is as high as the font: at its
    edges there is contrast, but none where letters would have theirs.
    """
    found, on_side = [], redaction.list_on_side(parts.lines)
    for k, line in enumerate(parts.lines):
        for n, word in enumerate(line):
            left, top, right, bottom = word.box
            inside = pixels[top:bottom, left:right]
            bands = sum(word.box[1] < end and word.box[3] > start for start, end in parts.head.bands)
            upright = bands == 1 and not on_side[k]
            if not _has_ink(inside) or (upright and _is_covered(inside, word.text)):
                found.append((k, n))
    return found


def _has_ink(inside: numpy.ndarray) -> bool:
    return bool(inside.size) and int((inside.max(axis=(0, 1)) - inside.min(axis=(0, 1))).max()) >= _INK_STEP


def _is_covered(inside: numpy.ndarray, text: str) -> bool:
    """Answer whether most of a word is of one colour in the rows that every letter and digit crosses."""
    height, width = inside.shape[:2]
    if height < _LEAST_HEIGHT or width < height or 2 * sum(map(str.isalnum, text)) <= len(text):
        return False
    rows = inside[height // 3 : height - height // 3]
    parts = max(1, round(width / height))
    flat = sum(not _has_ink(rows[:, width * k // parts : width * (k + 1) // parts]) for k in range(parts))
    covered: bool = 2 * flat > parts
    return covered


class _Painter:
    """Paints what is hidden on a page into its pixels and lists the blocks of words in reading order."""

    def __init__(self, parts: page.Parts, plan: Plan, pixels: numpy.ndarray) -> None:
        self.parts, self.plan, self.pixels = parts, plan, pixels
        self.touched = {k // page.COLUMNS for k in plan.hidden_patches}

    def paint(self) -> Iterator[Block]:
        for left, top, right, bottom in redacted_page.list_shaded(self.parts.head, self.plan.hidden_patches):
            inside = self.pixels[top:bottom, left:right]
            numpy.minimum(inside, SHADE, out=inside)
        for box in self.plan.painted:
            for left, top, right, bottom in self._list_shaded(box):
                self.pixels[top:bottom, left:right] = _BOX
        placed: dict[int, list[tuple[str, page.Word]]] = {}
        for number, (top, bottom) in enumerate(self.plan.insets):
            self.pixels[top:bottom] = SHADE
            flows = [each for each in self.plan.passages if isinstance(each, Flow) and each.inset == number]
            placed |= dict(zip(map(id, flows), self._set_flows(flows, top, bottom), strict=True))
        for each in self.plan.passages:
            if isinstance(each, Sealed):
                yield Block("sealed", self.parts.lines[each.line])
            elif isinstance(each, Kept):
                yield from _gather(self._keep_tokens(each))
            else:
                yield from _gather(iter(placed[id(each)]))

    def _keep_tokens(self, kept: Kept) -> Iterator[tuple[str, page.Word]]:
        for token in kept.tokens:
            if isinstance(token, Gap):
                assert token.box is not None
                left, top, right, bottom = box = self._clip(token.box)
                if right > left and bottom > top:
                    drawn = _draw_label(token.ground, right - left, bottom - top)
                    self.pixels[top:bottom, left:right] = drawn[:, :, None]
                yield "label", page.Word(redacted_page.LABEL.format(token.ground), box)
            elif self._shows(token.box):
                yield "reset", page.Word(token.text, self._clip(token.box))

    def _list_shaded(self, box: Box) -> list[Box]:
        """Cut a box into its parts in bands that are shaded; between bands only sealed white may stand."""
        return [
            (box[0], max(box[1], top), box[2], min(box[3], bottom))
            for band, (top, bottom) in enumerate(self.parts.head.bands)
            if box[1] < bottom and box[3] > top and band in self.touched
        ]

    def _clip(self, box: Box) -> Box:
        """Cut a box down to its highest part in the shade; an empty one where there is none."""
        parts = self._list_shaded(box)
        return max(parts, key=lambda part: part[3] - part[1], default=(box[0], box[1], box[0], box[1]))

    def _shows(self, box: Box) -> bool:
        left, top, right, bottom = box
        return _has_ink(self.pixels[top:bottom, left:right])

    def _set_flows(self, flows: Sequence[Flow], top: int, bottom: int) -> list[list[tuple[str, page.Word]]]:
        """Set flows into the rows of a inset in the largest type that fits; words with their boxes."""
        if not flows:
            return []
        width = self.parts.head.width
        margin = int(width * _MARGIN_SHARE)
        for packed in (False, True):
            for size in range(_LARGEST, _SMALLEST - 1, -1):
                if packed or size >= _PACKED_FROM:
                    placed = _lay_out(flows, width - 2 * margin, bottom - top, size, packed)
                    if placed is not None:
                        return self._draw_flows(placed, margin, top, size)
        return self._squeeze(flows, margin, top, bottom)

    def _draw_flows(
        self, placed: Sequence[Sequence[_Placed]], margin: int, top: int, size: int
    ) -> list[list[tuple[str, page.Word]]]:
        height = max((each.bottom for flow in placed for each in flow), default=1)
        drawn = Image.new("L", (self.parts.head.width, height), SHADE)
        shown = [[_draw_token(drawn, each, margin, top, size) for each in flow] for flow in placed]
        self.pixels[top : top + height] = _quantise(numpy.asarray(drawn))[:, :, None]
        return shown

    def _squeeze(
        self, flows: Sequence[Flow], margin: int, top: int, bottom: int
    ) -> list[list[tuple[str, page.Word]]]:
        """Set flows on one long row and press it into the inset: small, but every word has its ink."""
        placed = _lay_out(flows, 1 << 20, 10**6, _SMALLEST, True)
        assert placed is not None
        width = max((each.right for flow in placed for each in flow), default=1)
        height = max((each.bottom for flow in placed for each in flow), default=1)
        drawn = Image.new("L", (width, height), SHADE)
        shown = [[_draw_token(drawn, each, 0, 0, _SMALLEST) for each in flow] for flow in placed]
        room, rows = self.parts.head.width - 2 * margin, bottom - top
        pressed = drawn.resize((room, rows), Image.Resampling.BOX)
        area = self.pixels[top:bottom, margin : margin + room]
        area[:] = numpy.minimum(_quantise(numpy.asarray(pressed)), SHADE)[:, :, None]

        def press(word: page.Word) -> page.Word:
            left, upper, right, lower = word.box
            return page.Word(
                word.text,
                (
                    margin + left * room // width,
                    top + upper * rows // height,
                    margin + max(right * room // width, left * room // width + 1),
                    top + max(lower * rows // height, upper * rows // height + 1),
                ),
            )

        return [[(kind, press(word)) for kind, word in flow] for flow in shown]


@dataclass(frozen=True, slots=True)
class _Placed:
    token: page.Word | Gap
    left: int
    top: int
    right: int
    bottom: int


def _lay_out(
    flows: Sequence[Flow], width: int, height: int, size: int, packed: bool
) -> list[list[_Placed]] | None:
    """Place every token; None when they need more room. Packed flows share rows."""
    font, row = _load_font(size), int(size * _LEADING)
    blank = max(1, round(font.getlength(" ")))
    x = y = 0
    placed: list[list[_Placed]] = []
    for number, flow in enumerate(flows):
        if number and x:
            x, y = (x + 6 * blank, y) if packed else (0, y + row)
        here = []
        for token in flow.tokens:
            length = _measure_token(token, size)
            if x and x + length > width:
                x, y = 0, y + row
            # A word longer than a row is cut at the margin in the picture alone.
            here.append(_Placed(token, x, y, min(x + length, width), y + row))
            x += length + blank
        if here and here[-1].bottom > height:
            return None
        placed.append(_turn_rows(here))
    return placed


def _turn_rows(placed: list[_Placed]) -> list[_Placed]:
    """Turn what runs from right to left in each row; the order of the words stays that of reading."""
    if not any(isinstance(each.token, page.Word) and not each.token.text.isascii() for each in placed):
        return placed
    turned = []
    for _, group in itertools.groupby(placed, key=lambda each: each.top):
        row = list(group)
        directions = [
            None if isinstance(each.token, Gap) else writing_order.find_direction(each.token.text)
            for each in row
        ]
        for first, last in writing_order.list_from_right(directions):
            ends = row[first].left + row[last].right
            row[first : last + 1] = [
                dataclasses.replace(each, left=ends - each.right, right=ends - each.left)
                for each in row[first : last + 1]
            ]
        turned += row
    return turned


def _measure_token(token: page.Word | Gap, size: int) -> int:
    if isinstance(token, Gap):
        return _measure_label(token.ground, size)
    return max(1, round(_load_font(size).getlength(writing_order.write_visually(token.text))))


@functools.lru_cache(maxsize=1000)
def _measure_label(ground: str, size: int) -> int:
    return round(_load_font(size).getlength(_word_label(ground))) + size


def _draw_token(
    drawn: Image.Image, placed: _Placed, margin: int, top: int, size: int
) -> tuple[str, page.Word]:
    pen, token = ImageDraw.Draw(drawn), placed.token
    left, right = placed.left + margin, placed.right + margin
    box = (left, top + placed.top, right, top + placed.bottom)
    if isinstance(token, Gap):
        pen.rectangle((left, placed.top + 1, right - 1, placed.bottom - 2), fill=_BOX)
        at = (left + size // 2, placed.top + (placed.bottom - placed.top) // 2)
        pen.text(at, _word_label(token.ground), fill=_BOX_TEXT, font=_load_font(size), anchor="lm")
        return "label", page.Word(redacted_page.LABEL.format(token.ground), box)
    middle = placed.top + (placed.bottom - placed.top) // 2
    seen = writing_order.write_visually(token.text)
    pen.text((left, middle), seen, fill=_TEXT, font=_load_font(size), anchor="lm")
    return "reset", page.Word(token.text, box)


def _draw_label(ground: str, width: int, height: int) -> numpy.ndarray:
    """Draw the box of a hidden region; its ground stands in it where there is room."""
    drawn = Image.new("L", (width, height), _BOX)
    text = _word_label(ground)
    for size in range(min(_LARGEST, int(height / _LEADING)), _SMALLEST, -1):
        if _load_font(size).getlength(text) + 4 <= width:
            middle = (width // 2, height // 2)
            ImageDraw.Draw(drawn).text(middle, text, fill=_BOX_TEXT, font=_load_font(size), anchor="mm")
            break
    return _quantise(numpy.asarray(drawn))


def _word_label(ground: str) -> str:
    return ground.replace("-", " ")


def _wrap(words: Sequence[str], font: ImageFont.FreeTypeFont, width: int) -> Iterator[str]:
    line = ""
    for word in words:
        if line and font.getlength(f"{line} {word}") > width:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _gather(tokens: Iterator[tuple[str, page.Word]]) -> Iterator[Block]:
    """Gather neighbours of one kind; each label is a block of its own, so that regions can be counted."""
    words: list[page.Word] = []
    for kind, word in tokens:
        if kind == "label":
            if words:
                yield Block("reset", tuple(words))
            yield Block("label", (word,))
            words = []
        else:
            words.append(word)
    if words:
        yield Block("reset", tuple(words))


def _compose(head: page.Head, patches: Sequence[bytes | None]) -> numpy.ndarray:
    pixels = picture.compose_pixels(head, patches)
    return numpy.frombuffer(pixels, numpy.uint8).reshape(head.height, head.width, 3)


def _quantise(values: numpy.ndarray) -> numpy.ndarray:
    """Draw in few greys, so that text set anew takes no more room than its letters need."""
    quantised: numpy.ndarray = _NEAREST[values]
    return quantised


def _index_colours(pixels: numpy.ndarray) -> Picture:
    """Make a picture of the pixels, with a palette where there are few enough colours."""
    height, width, _ = pixels.shape
    upper = pixels.astype(numpy.uint16) >> 4
    codes = upper[:, :, 0] << 8 | upper[:, :, 1] << 4 | upper[:, :, 2]
    used = numpy.flatnonzero(numpy.bincount(codes.ravel(), minlength=4096))
    if len(used) > published_pdf.MAX_COLOURS:
        return Picture(width, height, b"", pixels.tobytes())
    places = numpy.zeros(4096, numpy.uint8)
    places[used] = numpy.arange(len(used))
    channels = numpy.stack([used >> 8, used >> 4 & 15, used & 15], axis=1).astype(numpy.uint8) * 17
    return Picture(width, height, channels.tobytes(), places[codes].tobytes())


@functools.lru_cache(maxsize=32)
def _load_font(size: int) -> ImageFont.FreeTypeFont:
    path = resources.files("lightwell.data") / "fonts" / _FONT
    with resources.as_file(path) as file:
        # Not Raqm, which is there on some machines only: the same words must give the same pixels.
        return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)
