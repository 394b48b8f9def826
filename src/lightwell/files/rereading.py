"""A PDF read again as an attacker would: what every extractor takes out of it, and its picture around boxes.

Runs behind the fence (`files/reader`) and knows nothing of what was hidden: it answers texts, the caller
compares (`files/residue`). Three engines read the words of each page: PDFium, pypdf and pdfminer.six; none
shares code with another. The raw scan asks no engine what belongs to the file: it inflates whatever lies
between "stream" and "endstream", referenced or not, and pikepdf names every string of every object.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import io
import itertools
import logging
import re
import warnings
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import pikepdf
import pypdf
import pypdf.generic
import pypdfium2
from pdfminer import pdfdevice, pdfdocument, pdffont, pdfinterp, pdfpage, pdfparser
from PIL import Image, ImageOps

from lightwell.archive import page

Box = tuple[int, int, int, int]
Reading = tuple[str, str, int, str]
"""Extractor, exit, page from 1 (0: the document as a whole), text."""

PDFIUM, PYPDF, PDFMINER, RAW = "pdfium", "pypdf", "pdfminer.six", "raw scan"
EXTRACTORS = (PDFIUM, PYPDF, PDFMINER, RAW)
PAGE, FAILED, STRINGS = "page", "failed", "strings of all objects"
# A part so many times as high as wide holds words that run up or down the page.
UPRIGHT = 2

# The published picture is 110 dpi; letters of 8 pixels are too small for recognition.
CROP_SCALE = 3
_MOST_CROP_PIXELS = 2_000_000
_MAX_INFLATED = 256 << 20
_DARK, _DARK_SHARE = 96, 0.25
_LATIN_RUN = re.compile(rb"[A-Za-z0-9@\xc0-\xff][A-Za-z0-9@._'\x80-\xff-]{3,}")
_REPEATED, _LARGE, _SHORT = re.compile(rb"(.)\1\1+"), 100_000, 4
_ONLY_LETTERS = bytes(value if chr(value).isalpha() and value < 128 else 32 for value in range(256))
_BIG_RUN = re.compile(rb"(?:\x00[\x20-\x7e\xc0-\xff]){4,}")
_LITTLE_RUN = re.compile(rb"(?:[\x20-\x7e\xc0-\xff]\x00){4,}")
_HEX_RUN = re.compile(rb"<([0-9A-Fa-f\s]{8,})>")
_ANY_STREAM, _STREAM = re.compile(rb"stream\r?\n"), re.compile(rb"(?<!end)stream\r?\n")


def read_words(data: bytes, numbers: Sequence[int], closely: Sequence[int]) -> Iterator[Reading]:
    """Read pages (from 1) by PDFium, and those of `closely` by two more; who fails says so as `FAILED`."""
    engines = [(PDFIUM, _read_pdfium, numbers)]
    engines += [(PYPDF, _read_pypdf, closely), (PDFMINER, _read_pdfminer, closely)]
    for extractor, read, wanted in engines:
        first = min(wanted, default=0)
        try:
            for number, text in read(data, wanted) if wanted else ():
                yield extractor, PAGE, number, text
        except MemoryError:
            raise
        except Exception as error:
            # Engines fail in as many ways as there are damaged files; the type alone quotes nothing of it.
            yield extractor, FAILED, first, type(error).__name__


def read_document(data: bytes) -> Iterator[Reading]:
    """Read what lies beside the pages' words: title, outline, names, strings of all objects, raw bytes."""
    with contextlib.suppress(pypdfium2.PdfiumError), _open_pdfium(data) as document:
        yield PDFIUM, "metadata", 0, "\n".join(document.get_metadata_dict(skip_empty=True).values())
        titles = [bookmark.get_title() for bookmark in document.get_toc()]
        yield PDFIUM, "bookmarks", 0, "\n".join(titles)
        names = [document.get_attachment(k).get_name() for k in range(document.count_attachments())]
        yield PDFIUM, "attachments", 0, "\n".join(names)
    with contextlib.suppress(pypdf.errors.PyPdfError), _quiet():
        reader = pypdf.PdfReader(io.BytesIO(data))
        yield PYPDF, "metadata", 0, "\n".join(map(str, (reader.metadata or {}).values()))
        yield PYPDF, "attachments", 0, "\n".join(map(str, reader.attachments))
        yield PYPDF, "form fields", 0, "\n".join(_list_fields(reader))
    yield RAW, "raw bytes", 0, find_runs(_cut_streams(data))
    for number, inflated in enumerate(inflate_streams(data), 1):
        yield RAW, f"stream {number}", 0, find_runs(inflated)
    yield from _walk_objects(data)


def read_keywords(data: bytes) -> str:
    """Read every name and string of a PDF of our own, in this process."""
    runs = [find_runs(_cut_streams(data)), *map(find_runs, inflate_streams(data))]
    return "\n".join([*runs, *(text for _, _, _, text in _walk_objects(data))])


def crop_pictures(data: bytes, number: int, boxes: Sequence[Box], is_turned: bool = False) -> list[bytes]:
    """Cut boxes (pixels of the published picture, from the top left) out of a page as drawn, enlarged.

    Of a page that lies upside down each is given both ways.
    """
    crops = []
    with _open_pdfium(data) as document, contextlib.closing(document[number - 1]) as sheet:
        # Pixel by pixel as the published picture, which is 110 dots an inch; only what is read is enlarged.
        whole = sheet.render(scale=page.DPI / 72, grayscale=True).to_pil()
    for left, top, right, bottom in boxes:
        edges = left, top, min(right, whole.width), min(bottom, whole.height)
        if edges[0] >= edges[2] or edges[1] >= edges[3]:
            crops.append(b"")
            continue
        crop = whole.crop(edges)
        if crop.width * crop.height <= _MOST_CROP_PIXELS:
            crop = crop.resize((crop.width * CROP_SCALE, crop.height * CROP_SCALE), Image.Resampling.BICUBIC)
        if crop.height > UPRIGHT * crop.width:
            # It is not known which end is up.
            crop = _stack(crop.rotate(90, expand=True), crop.rotate(270, expand=True))
        elif is_turned:
            crop = _stack(crop, crop.rotate(180))
        if sum(crop.histogram()[:_DARK]) > _DARK_SHARE * crop.width * crop.height:
            # More than letters: a dark box, which may bear light ones.
            crop = _stack(crop, ImageOps.invert(crop))
        crops.append(_format_png(ImageOps.expand(crop, 10, 255)))
    return crops


def do_task(task: dict[str, Any], tell: Any) -> dict[str, Any]:
    """Answer one task of `files/residue`: pages `first` to `last` of `path`, crops by page, `whole` once."""
    with open(task["path"], "rb") as source:
        data = source.read()
    readings: list[Reading] = []
    numbers = range(task["first"], task["last"] + 1)
    for reading in read_words(data, numbers, task.get("closely", numbers)):
        tell({"page": reading[2]})
        readings.append(reading)
    crops = []
    for number, boxes, is_turned in task["crops"]:
        tell({"page": number})
        pictures = crop_pictures(data, number, [tuple(box) for box in boxes], is_turned)
        crops.append([number, [base64.b64encode(each).decode() for each in pictures]])
    if task["whole"]:
        tell({"page": task["last"]})
        readings += read_document(data)
    return {"readings": readings, "crops": crops}


def _open_pdfium(data: bytes) -> contextlib.closing[pypdfium2.PdfDocument]:
    return contextlib.closing(pypdfium2.PdfDocument(data))


def _cut(numbers: Sequence[int], count: int) -> Iterator[int]:
    """Cut rising page numbers where the file ends."""
    return itertools.takewhile(lambda number: number <= count, numbers)


def _read_pdfium(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    with _open_pdfium(data) as document:
        for number in _cut(numbers, len(document)):
            with (
                contextlib.closing(document[number - 1]) as sheet,
                contextlib.closing(sheet.get_textpage()) as words,
            ):
                yield number, words.get_text_range()


def _read_pypdf(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    with _quiet(), _remember_fonts():
        reader = pypdf.PdfReader(io.BytesIO(data))
        for number in _cut(numbers, len(reader.pages)):
            yield number, reader.pages[number - 1].extract_text()


def _read_pdfminer(data: bytes, numbers: Sequence[int]) -> Iterator[tuple[int, str]]:
    with _quiet():
        document = pdfdocument.PDFDocument(pdfparser.PDFParser(io.BytesIO(data)))
        resources = pdfinterp.PDFResourceManager()
        heard = _Listener(resources)
        interpreter = pdfinterp.PDFPageInterpreter(resources, heard)
        wanted, last = set(numbers), max(numbers)
        for number, sheet in enumerate(pdfpage.PDFPage.create_pages(document), 1):
            if number > last:
                return
            if number in wanted:
                heard.words.clear()
                interpreter.process_page(sheet)
                yield number, "\n".join(heard.words)


class _Listener(pdfdevice.PDFDevice):
    """Hears the strings that pdfminer.six draws, in the order of drawing, without guessing at lines."""

    def __init__(self, resources: pdfinterp.PDFResourceManager) -> None:
        super().__init__(resources)
        self.words: list[str] = []

    def render_string(self, textstate: Any, seq: Any, ncs: Any, graphicstate: Any) -> None:
        pieces = [piece for piece in seq if isinstance(piece, bytes)] if textstate.font else []
        codes = [code for piece in pieces for code in textstate.font.decode(piece)]
        self.words.append("".join(_name_letter(textstate.font, code) for code in codes))


def _name_letter(font: pdffont.PDFFont, code: int) -> str:
    try:
        return font.to_unichr(code)
    except pdffont.PDFUnicodeNotDefined:
        return "\ufffd"


def _list_fields(reader: pypdf.PdfReader) -> Iterator[str]:
    for name, field in (reader.get_fields() or {}).items():
        yield str(name)
        yield from (str(value) for value in field.values())


def _walk_objects(data: bytes) -> Iterator[Reading]:
    try:
        document = pikepdf.open(io.BytesIO(data))
    except pikepdf.PdfError:
        return
    with document:
        said: list[str] = []
        for one in document.objects:
            said += _list_strings(one, 0)
            if isinstance(one, pikepdf.Stream) and one.stream_dict.get("/Filter") != "/FlateDecode":
                # Plain deflate was inflated above already.
                with contextlib.suppress(pikepdf.PdfError, NotImplementedError):
                    said.append(find_runs(one.read_bytes()))
        said += _list_strings(document.trailer, 0)
    yield RAW, STRINGS, 0, "\n".join(said)


def _list_strings(one: Any, depth: int) -> Iterator[str]:
    if isinstance(one, pikepdf.String):
        yield str(one)
    elif isinstance(one, pikepdf.Name):
        yield str(one)[1:]
    elif depth > 50 or (depth and getattr(one, "is_indirect", False)):
        return
    elif isinstance(one, pikepdf.Array):
        for each in one:
            yield from _list_strings(each, depth + 1)
    elif isinstance(one, pikepdf.Dictionary | pikepdf.Stream):
        for key, value in (one.stream_dict if isinstance(one, pikepdf.Stream) else one).items():
            yield key[1:]
            yield from _list_strings(value, depth + 1)


def _cut_streams(data: bytes) -> bytes:
    """Leave what lies outside streams: packed bytes say nothing, and what they unpack to is read apart."""
    out, at = [], 0
    for match in _STREAM.finditer(data):
        if match.start() < at:
            continue
        out.append(data[at : match.end()])
        end = data.find(b"endstream", match.end())
        at = end if end >= 0 else match.end()
    out.append(data[at:])
    return b"".join(out)


def inflate_streams(data: bytes) -> Iterator[bytes]:
    """Inflate whatever follows "stream", also that of "endstream", whether or not any table knows it.

    What is not packed is given as it is: behind "stream" up to "endstream", behind "endstream" up to the next
    stream, and what a packed stream has behind its end. Packed bytes themselves are left out: among millions
    of them any word of four letters stands by chance.
    """
    for match in _ANY_STREAM.finditer(data):
        reader = zlib.decompressobj()
        try:
            yield reader.decompress(memoryview(data)[match.end() :], _MAX_INFLATED)
        except zlib.error:
            yield data[match.end() : _find_end(data, match)]
        else:
            rest = reader.unused_data
            if beyond := rest[: _cut_at(rest, rest.find(b"endstream"))].strip():
                yield beyond


def _find_end(data: bytes, match: re.Match[bytes]) -> int:
    """Find where what is not packed ends: at "endstream", or behind that where the next stream begins."""
    if data[match.start() - 3 : match.start()] != b"end":
        return _cut_at(data, data.find(b"endstream", match.end()))
    following = _STREAM.search(data, match.end())
    return following.end() if following else len(data)


def _cut_at(data: bytes, place: int) -> int:
    return place if place >= 0 else len(data)


def find_runs(data: bytes) -> str:
    """Find whatever looks like words: bytes, UTF-16 of both orders, and hexadecimal strings of both."""
    if len(data) > _LARGE:
        # Pixels. They repeat themselves and words do not; regular expressions over all of them cost most.
        letters = set(data.translate(_ONLY_LETTERS).split())
        data = b" ".join(_REPEATED.sub(b" ", run) for run in letters if len(run) > _SHORT)
    runs = set(_LATIN_RUN.findall(data))
    texts = {run.decode("utf-8", "replace") for run in runs} | {run.decode("latin-1") for run in runs}
    if b"\x00" in data:
        texts |= {run.decode("utf-16-be") for run in _BIG_RUN.findall(data)}
        texts |= {run.decode("utf-16-le") for run in _LITTLE_RUN.findall(data)}
    for digits in set(_HEX_RUN.findall(data)):
        with contextlib.suppress(binascii.Error):
            value = binascii.unhexlify(re.sub(rb"\s", b"", digits))
            wide = value.decode("utf-16-be", "replace") if value.count(0) * 3 > len(value) else ""
            texts.add(wide or value.decode("latin-1"))
    return "\n".join(texts)


def _stack(upper: Image.Image, lower: Image.Image) -> Image.Image:
    both = Image.new("L", (upper.width, upper.height + lower.height), 255)
    both.paste(upper, (0, 0))
    both.paste(lower, (0, upper.height))
    return both


def _format_png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


@contextlib.contextmanager
def _remember_fonts() -> Iterator[None]:
    """Let pypdf read each font once a file: it reads the map of 65,536 letters for every page (0.1 s).

    There is no public way, so a version of pypdf that does it otherwise is left alone: slower, as right, and
    found by `tests/unit/files/test_rereading_fonts.py`.
    """
    kind: Any = getattr(getattr(pypdf.generic, "_font", None), "Font", None)
    original = vars(kind).get("from_font_resource") if isinstance(kind, type) else None
    if not isinstance(original, classmethod | staticmethod):
        yield
        return
    known: dict[int, Any] = {}

    def find_font(resource: Any, *more: Any, **named: Any) -> Any:
        # The resource is kept with its font, so that no other can come to the same address.
        if id(resource) not in known:
            known[id(resource)] = resource, original.__get__(None, kind)(resource, *more, **named)
        return known[id(resource)][1]

    kind.from_font_resource = staticmethod(find_font)
    try:
        yield
    finally:
        kind.from_font_resource = original


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what engines say of damaged files out of logs: it may quote the file."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
