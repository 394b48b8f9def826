"""Words read by Tesseract from the picture of a page that has no usable text layer, each with its box.

The picture stays PDFium's; only the words come from here, and how sure the machine was is kept page by page
(`files/tally`). The residue check reads its pictures with the same engine (`read_picture`, asked through
`files/ocr`). Runs inside the process behind the fence, one thread. Tesseract is optional: its Python
binding and its language data; `find_lack` says what is missing.
"""

from __future__ import annotations

import contextlib
import functools
import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium
from PIL import Image, ImageOps

from lightwell.archive import page, redaction

NAME = "Tesseract"
# How its name begins in seals, and how it ends where a page was turned or lies on its side.
MARK, TURNED = "tesseract ", ", turned by line"
DPI = 200
MAX_PIXELS = 30_000_000
# A page is read from its picture when pictures cover this share of it and its text layer has fewer letters.
LEAST_SHARE, FEW_LETTERS = 0.4, 200
_DATA_FOLDERS = (
    "/usr/share/tesseract-ocr/5/tessdata",
    "/usr/share/tesseract-ocr/4.00/tessdata",
    "/usr/share/tessdata",
)
_MOST_LANGUAGES = 3
# Of twelve scans it was sure by 45 to 93 per cent, of the same turned by 20 to 32. Pages on their side it
# turns by itself, to one of the two sides. A line of which it is less sure than the first is doubtful; where
# one letter in so many stands in such lines the page is read once more upside down, else these lines alone. A
# line of few letters proves nothing: noise is read as short words with confidence.
_LEAST_SURE, _CLEARLY_MORE = 50, 15
_DOUBTFUL_PART, _LEAST_LETTERS = 10, 8
# White around a part of a page, without which the engine takes letters at its edge for none.
_MARGIN = 20
_POINTS_PER_INCH = 72
_DEPTH = 4


@functools.lru_cache(maxsize=1)
def find_lack() -> str:
    """Find what is missing for reading pictures; empty when nothing is."""
    try:
        import tesserocr  # noqa: F401 - whether it can be loaded is the question
    except ImportError:
        return "its Python binding is not installed (pip install 'lightwell[site]')"
    if not find_languages():
        return "its language data is not installed (on Debian or Ubuntu: apt-get install tesseract-ocr-eng)"
    return ""


@functools.lru_cache(maxsize=1)
def find_languages() -> tuple[str, ...]:
    """Find the languages that are installed, English first; nothing where none is."""
    folder = _find_data()
    if folder is None:
        return ()
    names = sorted(each.stem for each in folder.glob("*.traineddata") if each.stem not in ("osd", "equ"))
    return tuple(sorted(names, key=lambda name: name != "eng")[:_MOST_LANGUAGES])


@functools.lru_cache(maxsize=1)
def _name_engine() -> str:
    import tesserocr

    version = tesserocr.tesseract_version().split()[1]
    return f"{MARK}{version} {'+'.join(find_languages())}"


def name_recogniser(*, turns: bool) -> str:
    """Name Tesseract, its version and languages as it stands in seals, and whether pages were turned."""
    return _name_engine() + (TURNED if turns else "")


def read_picture(png: bytes, layout: int) -> tuple[str, list[tuple[str, tuple[int, int, int, int]]]]:
    """Read one picture in a layout of Tesseract's; its text, and its words with their boxes in pixels."""
    engine = _keep_engine()
    engine.SetPageSegMode(layout)
    with Image.open(io.BytesIO(png), formats=("PNG",)) as picture:
        engine.SetImage(picture.convert("RGB"))
    engine.Recognize()
    words = [(text, box) for line in _iterate_lines(engine) for text, _, box in line]
    return engine.GetUTF8Text(), words


@functools.lru_cache(maxsize=1)
def _keep_engine() -> Any:
    """Begin the engine that a process keeps: for small pictures that takes longer than the reading."""
    import tesserocr

    return tesserocr.PyTessBaseAPI(path=str(_find_data()), lang="+".join(find_languages()))


# A word, how sure the engine is of it in per cent, and its box in pixels of the picture that was read.
_Read = tuple[str, float, tuple[int, int, int, int]]


class Recogniser:
    """Reads pages from their pictures; `sure` says for each page it read, by number, how sure it was in per
    cent.

    Scans that lie upside down or on their side are `turned`; with `turns` False nothing is done about them,
    for an audit of what was sealed before anything was.
    """

    def __init__(self, *, turns: bool = True) -> None:
        self.sure: dict[int, int] = {}
        self.turned: set[int] = set()
        self.on_side: set[int] = set()
        self._turns = turns
        self._engine: Any = None

    def read_page(
        self, sheet: pypdfium2.PdfPage, number: int, lines: tuple[page.Line, ...], size: tuple[int, int]
    ) -> tuple[page.Line, ...]:
        """Return the lines of a page whose picture measures `size`, with what stands in pictures added.

        Pages with a usable text layer, or without large pictures, keep their lines untouched.
        """
        if sum(len(word.text) for line in lines for word in line) >= FEW_LETTERS or not _is_picture(sheet):
            return lines
        picture = _draw(sheet, size)
        across, down = size[0] / picture.width, size[1] / picture.height
        found, weights = [], []
        for line in self._list_lines(picture, number):
            words = []
            for text, confidence, (left, top, right, bottom) in line:
                box = (
                    max(0, int(left * across)),
                    max(0, int(top * down)),
                    min(size[0], int(right * across) + 1),
                    min(size[1], int(bottom * down) + 1),
                )
                if not any(_overlap(box, word.box) for kept in lines for word in kept):
                    words.append(page.Word(text, box))
                    weights.append((confidence, len(text)))
            if words:
                found.append(tuple(words))
        if weights:
            self.sure[number] = round(_weigh(weights))
        if self._turns and 2 * sum(redaction.list_on_side(found)) > len(found):
            self.turned.add(number)
            self.on_side.add(number)
        return (*lines, *found)

    def close(self) -> None:
        """Give back the engine's memory."""
        if self._engine is not None:
            self._engine.End()
            self._engine = None

    def _list_lines(self, picture: Image.Image, number: int) -> list[list[_Read]]:
        lines = list(self._read(picture))
        doubtful = [line for line in lines if _weigh_lines([line]) < _LEAST_SURE]
        if not self._turns or not doubtful:
            return lines
        if _DOUBTFUL_PART * _count(doubtful) < _count(lines):
            telling = [_bound(line) for line in doubtful if _count([line]) >= _LEAST_LETTERS]
            again = [line for box in telling for line in self._read_turned(picture, box)]
        else:
            again = self._read_turned(picture, (0, 0, *picture.size))
            if _weigh_lines(again) >= _weigh_lines(lines) + _CLEARLY_MORE:
                lines, again = again, lines
                self.turned.add(number)
        mended = _mend(lines, again)
        if mended != lines:
            self.turned.add(number)
        return mended

    def _read_turned(self, picture: Image.Image, box: tuple[int, int, int, int]) -> list[list[_Read]]:
        """Read a part of a picture upside down; boxes are those of the whole as it lies."""
        # A page has a margin of its own, and a white one would be another page to the engine.
        margin = _MARGIN if box != (0, 0, *picture.size) else 0
        part = picture.crop(box).transpose(Image.Transpose.ROTATE_180)
        turned = ImageOps.expand(part, margin, 255)
        found = []
        for line in self._read(turned):
            words = [_turn_back(word, turned.size) for word in line]
            found.append(
                [(text, sure, _shift(at, box[0] - margin, box[1] - margin)) for text, sure, at in words]
            )
        return found

    def _read(self, picture: Image.Image) -> Iterator[list[_Read]]:
        import tesserocr

        if self._engine is None:
            self._engine = tesserocr.PyTessBaseAPI(path=str(_find_data()), lang="+".join(find_languages()))
        self._engine.SetImage(picture)
        self._engine.SetSourceResolution(DPI)
        self._engine.Recognize()
        yield from _iterate_lines(self._engine)


def _weigh(weights: Iterable[tuple[float, int]]) -> float:
    """How sure the engine is of all words, the long ones counting for more; 0 of none."""
    letters = sure = 0.0
    for confidence, length in weights:
        sure, letters = sure + confidence * length, letters + length
    return sure / letters if letters else 0.0


def _weigh_lines(lines: Iterable[Iterable[_Read]]) -> float:
    return _weigh((confidence, len(text)) for line in lines for text, confidence, _ in line)


def _count(lines: Iterable[Iterable[_Read]]) -> int:
    return sum(len(text) for line in lines for text, _, _ in line)


def _mend(lines: list[list[_Read]], others: list[list[_Read]]) -> list[list[_Read]]:
    """Put what was clearly read the other way up in the place of doubtful lines: a part may lie otherwise."""
    certain = [_bound(line) for line in lines if _weigh_lines([line]) >= _LEAST_SURE]
    better = [
        line
        for line in others
        if _weigh_lines([line]) >= _LEAST_SURE + _CLEARLY_MORE
        and _count([line]) >= _LEAST_LETTERS
        and not any(_overlap(_bound(line), box) for box in certain)
    ]
    boxes = [_bound(line) for line in better]
    gone = [any(_overlap(_bound(line), box) for box in boxes) for line in lines]
    if True not in gone:
        return lines + better
    place = gone.index(True)
    kept = [line for line, is_gone in zip(lines[place:], gone[place:], strict=True) if not is_gone]
    return [*lines[:place], *better, *kept]


def _shift(box: tuple[int, int, int, int], across: int, down: int) -> tuple[int, int, int, int]:
    return box[0] + across, box[1] + down, box[2] + across, box[3] + down


def _bound(line: Iterable[_Read]) -> tuple[int, int, int, int]:
    lefts, tops, rights, bottoms = zip(*(box for _, _, box in line), strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def _turn_back(word: _Read, size: tuple[int, int]) -> _Read:
    text, confidence, (left, top, right, bottom) = word
    return text, confidence, (size[0] - right, size[1] - bottom, size[0] - left, size[1] - top)


def _iterate_lines(engine: Any) -> Iterator[list[_Read]]:
    """Iterate over what was recognised, line by line: words, how sure, and their boxes."""
    import tesserocr

    found = engine.GetIterator()
    line: list[_Read] = []
    for word in tesserocr.iterate_level(found, tesserocr.RIL.WORD) if found is not None else ():
        if word.IsAtBeginningOf(tesserocr.RIL.TEXTLINE) and line:
            yield line
            line = []
        with contextlib.suppress(RuntimeError):
            text = (word.GetUTF8Text(tesserocr.RIL.WORD) or "").strip()
            if text and (box := word.BoundingBox(tesserocr.RIL.WORD)):
                line.append((text, word.Confidence(tesserocr.RIL.WORD), box))
    if line:
        yield line


def _find_data() -> Path | None:
    return next((Path(each) for each in _DATA_FOLDERS if any(Path(each).glob("*.traineddata"))), None)


def _is_picture(sheet: pypdfium2.PdfPage) -> bool:
    """Answer whether pictures cover a good part of the page."""
    left, bottom, right, top = sheet.get_mediabox()
    area = max(1.0, abs((right - left) * (top - bottom)))
    covered = 0.0
    for each in sheet.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=_DEPTH):
        x1, y1, x2, y2 = each.get_bounds()
        covered += max(0.0, min(x2, right) - max(x1, left)) * max(0.0, min(y2, top) - max(y1, bottom))
        # Scans are often cut into many strips.
        if covered >= LEAST_SHARE * area:
            return True
    return False


def _draw(sheet: pypdfium2.PdfPage, size: tuple[int, int]) -> Image.Image:
    width, height = sheet.get_size()
    scale = DPI / _POINTS_PER_INCH
    scale = min(scale, (MAX_PIXELS / max(1.0, width * height)) ** 0.5)
    drawn: Image.Image = sheet.render(scale=scale, grayscale=True).to_pil()
    return drawn.convert("L")


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
