"""The published PDF of a document with hidden parts: one fixed layout, written and read strictly.

Nothing of the source file is carried over. A page is one picture and a layer of invisible words that lie on
it; the whole file follows from a `Document`. To read it is to take pictures and words out and to write the
file again: what does not follow from them to the byte is refused (ISO 32000-1; invisible words: section
9.3.6, mode 3; order and language for people who listen: section 14.7). How a stream is packed is the
writer's choice, what it unpacks to is not (decision 8).

Coordinates are pixels of the sealed picture from the top left. One font, without shapes; no dates, no
identifiers, no names of programs.
"""

from __future__ import annotations

import binascii
import itertools
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightwell.archive import invisible_font, page, picture
from lightwell.base import errors

if TYPE_CHECKING:
    from mmap import mmap

Pack = Callable[[bytes], bytes]

KINDS = ("sealed", "reset", "label")
MAX_COLOURS = 256
MAX_PAGES = 100_000

_HEADER = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
_LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_TITLE = re.compile(rb"1 0 obj\n<</Title <([0-9A-F]*)>>>\nendobj\n")
_CATALOG = re.compile(rb"2 0 obj\n<</Lang \(([A-Za-z0-9-]{2,64})\)[^\n]*\nendobj\n")
_PAGES = re.compile(rb"3 0 obj\n<</Count ([0-9]{1,6}) ")
_STREAM = re.compile(rb"[0-9]{1,10} 0 obj\n<<[^\n]{0,4096}/Length ([0-9]{1,10})>>\nstream\n")
_PICTURE = re.compile(
    rb"[0-9]{1,10} 0 obj\n<</Type/XObject/Subtype/Image/Width ([0-9]{1,5})/Height ([0-9]{1,5})"
    rb"/BitsPerComponent [1248]/ColorSpace"
    rb"(?:/DeviceRGB|\[/Indexed/DeviceRGB [0-9]{1,3} <([0-9A-F]+)>\])/Filter"
)
_LINE = re.compile(rb"/P <</MCID [0-9]{1,6}/Kind/(sealed|reset|label)/Boxes\[([0-9 ]*)\]>> BDC\n")
_WORD = re.compile(rb"/F [0-9]{1,6} Tf [0-9.]{1,12} Tz 1 0 0 1 [0-9]{1,6} [0-9]{1,6} Tm <([0-9A-F]*)> Tj\n")
_GLYPH_MAP = 9
# Every letter is the one glyph.
_GLYPHS = b"\0\1" * 65536
_UNICODE = (
    b"/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CIDSystemInfo <</Registry (Adobe)"
    b"/Ordering (UCS)/Supplement 0>> def /CMapName /Adobe-Identity-UCS def /CMapType 2 def "
    b"1 begincodespacerange <0000> <FFFF> endcodespacerange 1 beginbfrange <0000> <FFFF> <0000> endbfrange "
    b"endcmap CMapName currentdict /CMap defineresource pop end end"
)
# Shown channel values are four bits, twice.
_FOUR_BITS = bytes(value * 17 for value in range(16))
_NIBBLES = bytes(value >> 4 for value in range(256))
_SHOWN = bytes((value & 15) * 17 for value in range(256))
_ROW_BYTES = 20
_MAX_WORDS_BYTES = 64 * 1024**2
_SIDES = 4


@dataclass(frozen=True, slots=True)
class Block:
    """A line of words in reading order.

    A "sealed" one stands for the next open line of the seal; "reset" words are those of a line of which some
    are hidden, set anew; a "label" says what is hidden there.
    """

    kind: str
    words: page.Line


@dataclass(frozen=True, slots=True)
class Picture:
    """One byte a pixel, an index into `palette` (RGB colours in rising order); without one, RGB rows.

    Every channel is a shown value of `archive/picture`: four bits, twice.
    """

    width: int
    height: int
    palette: bytes
    pixels: bytes


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page: its picture and its lines in reading order."""

    picture: Picture
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """What the file follows from. `language` is a tag of BCP 47."""

    title: str
    language: str
    sheets: tuple[Sheet, ...]


def expand_pixels(shown: Picture) -> bytes:
    """Return the RGB rows of a picture, without padding."""
    if not shown.palette:
        return shown.pixels
    rows = bytearray(3 * len(shown.pixels))
    for channel in range(3):
        column = shown.palette[channel::3]
        rows[channel::3] = shown.pixels.translate(column + bytes(256 - len(column)))
    return bytes(rows)


def pack_stream(data: bytes) -> bytes:
    """Pack a stream, as the writer's choice; `files/packing` makes less of it."""
    # Level 9 takes seven times as long for a page of pixels, for 2 % less.
    return zlib.compress(data, 6)


def format_document(document: Document, pack: Pack = pack_stream) -> bytes:
    """Write the PDF at once; inverse of `parse_document`."""
    sheets = iter(document.sheets)
    return b"".join(write_document(document.title, document.language, len(document.sheets), sheets, pack))


def parse_document(data: bytes) -> Document:
    """Read the PDF at once; `Refused` unless it is to the byte what follows from its pictures and words."""
    opened = open_document(data)
    return Document(opened.title, opened.language, tuple(opened.iterate_sheets()))


def write_document(
    title: str, language: str, count: int, sheets: Iterable[Sheet], pack: Pack = pack_stream
) -> Iterator[bytes]:
    """Write the PDF piece by piece, one sheet in memory at a time; there must be `count` of them."""
    yield _HEADER
    at, offsets = len(_HEADER), []
    objects = _list_front_objects(title, language, count, zlib.compress(_GLYPHS, 9))
    packed = ((sheet, *_pack_sheet(sheet, pack)) for sheet in sheets)
    pages = (_list_page_objects(place, *each) for place, each in enumerate(packed))
    for number, body in enumerate(itertools.chain(objects, itertools.chain.from_iterable(pages)), 1):
        piece = _format_object(number, body)
        offsets.append(at)
        at += len(piece)
        yield piece
    if len(offsets) != _number_page(count) - 1:
        raise ValueError("there are not as many sheets as were announced")
    yield _format_end(offsets, at)


def open_document(data: bytes | mmap) -> Opened:
    """Read what stands before the pages; `Refused` unless it is to the byte what this form has there.

    A long one may be a mapped file: one sheet of it is in memory at a time.
    """
    reader = _Reader(data)
    reader.skip(_HEADER)
    title = _decode_text(reader.take(_TITLE)[1])
    language = reader.take(_CATALOG)[1].decode()
    count = int(reader.take(_PAGES)[1])
    if not 1 <= count <= MAX_PAGES:
        raise errors.Refused(f"a published PDF has 1 to {MAX_PAGES} pages")
    reader.seek(b"%d 0 obj\n" % _GLYPH_MAP)
    packed = reader.take_stream()
    if _unpack(packed, len(_GLYPHS)) != _GLYPHS:
        raise errors.Refused("the font of the PDF is not the one without shapes")
    offsets = reader.check(len(_HEADER), enumerate(_list_front_objects(title, language, count, packed), 1))
    return Opened(data, title, language, count, reader.at, tuple(offsets))


@dataclass(frozen=True, slots=True)
class Opened:
    """A PDF whose beginning was read: its `data`, and where its pages begin."""

    data: bytes | mmap
    title: str
    language: str
    count: int
    start: int
    offsets: tuple[int, ...]

    def iterate_sheets(self) -> Iterator[Sheet]:
        """Read sheet by sheet; whoever takes all of them has had every byte of the file checked."""
        reader, offsets = _Reader(self.data, self.start), list(self.offsets)
        for place in range(self.count):
            sheet, found = _read_sheet(reader, place)
            offsets += found
            yield sheet
        if self.data[reader.at :] != _format_end(offsets, reader.at):
            raise errors.Refused("the PDF holds something that does not follow from its pictures and words")


def read_sheet(data: bytes | mmap, number: int) -> Sheet:
    """Read one page (from 1) of a PDF that was checked before; `Refused` when there is none."""
    table = int(data[data.rfind(b"startxref\n") + len(b"startxref\n") :].split(b"\n")[0])
    first = data.find(b"\n", data.find(b"\n", table) + 1) + 1
    at = first + _number_page(number - 1) * _ROW_BYTES
    row = data[at : at + _ROW_BYTES]
    if number < 1 or not row.endswith(b" 00000 n \n"):
        raise errors.Refused(f"the PDF has no page {number}")
    return _read_sheet(_Reader(data, int(row[:10])), number - 1)[0]


def _read_sheet(reader: _Reader, place: int) -> tuple[Sheet, list[int]]:
    """Read the five objects of a page and hold them against what its words and its picture lead to."""
    start, number = reader.at, _number_page(place)
    reader.seek(b"%d 0 obj\n" % (number + 1))
    packed_words = reader.take_stream()
    words = _unpack(packed_words, _MAX_WORDS_BYTES)
    measures = reader.look(_PICTURE)
    packed_pixels = reader.take_stream()
    sheet = Sheet(_unpack_picture(measures, packed_pixels), tuple(_parse_words(words)))
    if _format_words(sheet) != words:
        raise errors.Refused(f"page {place + 1} of the PDF says something beside its words")
    objects = enumerate(_list_page_objects(place, sheet, packed_words, packed_pixels), number)
    return sheet, reader.check(start, objects)


class _Reader:
    """A place in the bytes of a file that only goes on."""

    def __init__(self, data: bytes | mmap, at: int = 0) -> None:
        self.data, self.at = data, at

    def skip(self, wanted: bytes) -> None:
        if self.data[self.at : self.at + len(wanted)] != wanted:
            raise errors.Refused("this is not a published PDF of the form that is known here")
        self.at += len(wanted)

    def seek(self, wanted: bytes) -> None:
        place = self.data.find(wanted, self.at)
        if place < 0:
            raise errors.Refused("the PDF lacks a part that it names")
        self.at = place

    def look(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        match = pattern.match(self.data, self.at)
        if match is None:
            raise errors.Refused("this is not a published PDF of the form that is known here")
        return match

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes]:
        match = self.look(pattern)
        self.at = match.end()
        return match

    def take_stream(self) -> bytes:
        length = int(self.take(_STREAM)[1])
        start = self.at
        self.at += length
        self.skip(b"\nendstream\nendobj\n")
        return self.data[start : start + length]

    def check(self, start: int, objects: Iterable[tuple[int, bytes]]) -> list[int]:
        """Compare what begins at `start` with objects written again; go behind them, list where each begins.

        What is written again covers every byte that was not looked at before.
        """
        self.at, offsets = start, []
        for number, body in objects:
            piece = _format_object(number, body)
            if self.data[self.at : self.at + len(piece)] != piece:
                raise errors.Refused(
                    "the PDF holds something that does not follow from its pictures and words"
                )
            offsets.append(self.at)
            self.at += len(piece)
        return offsets


def _number_page(place: int) -> int:
    """Number the first object of a page (from 0); nine come before all pages, five are of each."""
    return 10 + 5 * place


def _pack_sheet(sheet: Sheet, pack: Pack) -> tuple[bytes, bytes]:
    return pack(_format_words(sheet)), pack(_pack_pixels(sheet.picture))


def _format_object(number: int, body: bytes) -> bytes:
    return b"%d 0 obj\n%b\nendobj\n" % (number, body)


def _format_end(offsets: Sequence[int], table: int) -> bytes:
    """Write the table of where each object begins, and where the table itself does (`table`)."""
    size = len(offsets) + 1
    rows = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    trailer = b"trailer\n<</Size %d/Root 2 0 R/Info 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, table)
    return head + rows + trailer


def _list_front_objects(title: str, language: str, count: int, packed: bytes) -> Iterator[bytes]:
    """List the objects before the pages; `packed` is the stream of the font's map."""
    if not count or not _LANGUAGE.fullmatch(language):
        raise errors.Refused("a published PDF has a page and a language such as en or pt-BR")
    pages = range(count)
    yield b"<</Title <%b>>>" % _encode_text(title)
    yield (
        b"<</Lang (%b)/Type/Catalog/Pages 3 0 R/MarkInfo <</Marked true>>/StructTreeRoot 8 0 R"
        b"/ViewerPreferences <</DisplayDocTitle true>>>>" % language.encode()
    )
    kids = b" ".join(b"%d 0 R" % _number_page(k) for k in pages)
    yield b"<</Count %d /Type/Pages/Kids[%b]>>" % (len(pages), kids)
    yield (
        b"<</Type/Font/Subtype/Type0/BaseFont/Invisible/Encoding/Identity-H/DescendantFonts[5 0 R]"
        b"/ToUnicode 7 0 R>>"
    )
    advance, em = invisible_font.ADVANCE, invisible_font.EM
    yield (
        b"<</Type/Font/Subtype/CIDFontType2/BaseFont/Invisible/CIDSystemInfo <</Registry (Adobe)"
        b"/Ordering (Identity)/Supplement 0>>/DW %d/CIDToGIDMap %d 0 R/FontDescriptor <</Type/FontDescriptor"
        b"/FontName/Invisible/Flags 5/FontBBox[0 0 %d %d]/ItalicAngle 0/Ascent %d/Descent 0/CapHeight %d"
        b"/StemV 80/FontFile2 6 0 R>>>>" % (advance, _GLYPH_MAP, advance, em, em, em)
    )
    font = invisible_font.make_font()
    yield b"<</Length1 %d/Length %d>>\nstream\n%b\nendstream" % (len(font), len(font), font)
    yield b"<</Length %d>>\nstream\n%b\nendstream" % (len(_UNICODE), _UNICODE)
    paragraphs = b" ".join(b"%d 0 R" % (_number_page(k) + 3) for k in pages)
    parents = b" ".join(b"%d %d 0 R" % (k, _number_page(k) + 4) for k in pages)
    yield (
        b"<</Type/StructTreeRoot/K <</Type/StructElem/S/Document/P 8 0 R/K[%b]>>/ParentTree <</Nums[%b]>>>>"
        % (paragraphs, parents)
    )
    yield _format_stream(b"", packed)


def _list_page_objects(place: int, sheet: Sheet, words: bytes, pixels: bytes) -> Iterator[bytes]:
    first, shown = _number_page(place), sheet.picture
    yield (
        b"<</Type/Page/Parent 3 0 R/MediaBox[0 0 %b %b]/Contents %d 0 R/StructParents %d/Tabs/S"
        b"/Resources <</Font <</F 4 0 R>>/XObject <</I %d 0 R>>>>>>"
        % (_format_points(shown.width), _format_points(shown.height), first + 1, place, first + 2)
    )
    yield _format_stream(b"", words)
    yield _format_stream(
        b"/Type/XObject/Subtype/Image/Width %d/Height %d/BitsPerComponent %d/ColorSpace%b"
        % (shown.width, shown.height, _count_bits(shown.palette), _format_palette(shown.palette)),
        pixels,
    )
    marks = b" ".join(b"%d" % k for k in range(len(sheet.blocks)))
    yield b"<</Type/StructElem/S/P/P 8 0 R/Pg %d 0 R/K[%b]>>" % (first, marks)
    yield b"[%b]" % b" ".join([b"%d 0 R" % (first + 3)] * len(sheet.blocks))


def _format_stream(entries: bytes, packed: bytes) -> bytes:
    return b"<<%b/Filter/FlateDecode/Length %d>>\nstream\n%b\nendstream" % (entries, len(packed), packed)


def _format_points(pixels: int) -> bytes:
    return b"%.3f" % (pixels * 72 / page.DPI)


def _count_bits(palette: bytes) -> int:
    """Count the bits of an index, or of a channel where there is no palette."""
    colours = len(palette) // 3
    return next(bits for bits in (1, 2, 4, 8) if colours <= 1 << bits) if colours else 4


def _format_palette(palette: bytes) -> bytes:
    if not palette:
        return b"/DeviceRGB"
    return b"[/Indexed/DeviceRGB %d <%b>]" % (len(palette) // 3 - 1, _write_hex(palette))


def _pack_pixels(shown: Picture) -> bytes:
    """Pack indexes, or channels, into as many bits as they need; each row begins a byte."""
    _check_picture(shown)
    bits = _count_bits(shown.palette)
    values = shown.pixels if shown.palette else shown.pixels.translate(_NIBBLES)
    stride, each = shown.width if shown.palette else 3 * shown.width, 8 // bits
    if each == 1:
        return values
    rows = []
    for at in range(0, len(values), stride):
        row = values[at : at + stride] + bytes(-stride % each)
        # As one large number, so that all bytes are joined at once; no lane of 8 bits reaches into the next.
        number = 0
        for k in range(each):
            number = number << bits | int.from_bytes(row[k::each], "big")
        rows.append(number.to_bytes(len(row) // each, "big"))
    return b"".join(rows)


def _unpack_picture(match: re.Match[bytes], packed: bytes) -> Picture:
    """Unpack a picture that `_PICTURE` found; inverse of `_pack_pixels`."""
    width, height = int(match[1]), int(match[2])
    if not 0 < width * height <= picture.MAX_PIXELS:
        raise errors.Refused("a picture of the PDF has no size, or one that is too large")
    palette = binascii.unhexlify(match[3]) if match[3] and len(match[3]) % 6 == 0 else b""
    bits, stride = _count_bits(palette[: 3 * MAX_COLOURS]), width if palette else 3 * width
    each = 8 // bits
    row_bytes = -(-stride // each)
    data = _unpack(packed, row_bytes * height)
    if len(data) != row_bytes * height:
        raise errors.Refused("a picture of the PDF does not hold as many pixels as its size needs")
    if each > 1:
        spread = bytearray(len(data) * each)
        for k in range(each):
            shift = 8 - bits * (k + 1)
            spread[k::each] = data.translate(bytes(v >> shift & (1 << bits) - 1 for v in range(256)))
        data, padded = bytes(spread), row_bytes * each
        if padded != stride:
            if any(any(data[at + stride : at + padded]) for at in range(0, len(data), padded)):
                raise errors.Refused("a row of a picture of the PDF says something behind its last pixel")
            data = b"".join(data[at : at + stride] for at in range(0, len(data), padded))
    shown = Picture(width, height, palette, data if palette else data.translate(_SHOWN))
    _check_picture(shown)
    return shown


def _check_picture(shown: Picture) -> None:
    colours = [shown.palette[at : at + 3] for at in range(0, len(shown.palette), 3)]
    if (
        len(shown.pixels) != shown.width * shown.height * (1 if shown.palette else 3)
        or len(shown.palette) % 3
        or len(colours) > MAX_COLOURS
        or colours != sorted(set(colours))
        or (shown.palette or shown.pixels).translate(None, _FOUR_BITS)
        or (colours and max(shown.pixels, default=0) >= len(colours))
    ):
        raise errors.Refused("a picture of the PDF is not of the colours and the size that it says")


def _unpack(packed: bytes, most: int) -> bytes:
    reader = zlib.decompressobj()
    try:
        # One byte more than may be there, so that a stream that goes on is noticed and never unpacked.
        data = reader.decompress(packed, most + 1)
    except zlib.error:
        raise errors.Refused("a stream of the PDF cannot be unpacked") from None
    if len(data) > most or not reader.eof or reader.unused_data:
        raise errors.Refused("a stream of the PDF goes on beyond what belongs there")
    return data


def _format_words(sheet: Sheet) -> bytes:
    """Write the picture and, on it, the words of a page; inverse of `_parse_words`."""
    shown, scale = sheet.picture, 72 / page.DPI
    for block in sheet.blocks:
        for left, top, right, bottom in (word.box for word in block.words):
            if not (0 <= left <= right <= shown.width and 0 <= top <= bottom <= shown.height):
                raise errors.Refused("a word of the PDF lies beside its picture")
    out = [
        b"%.6f 0 0 %.6f 0 0 cm\n/Artifact BMC\nq %d 0 0 %d 0 0 cm /I Do Q\nEMC\nBT\n3 Tr\n"
        % (scale, scale, shown.width, shown.height)
    ]
    for place, block in enumerate(sheet.blocks):
        boxes = b" ".join(b"%d %d %d %d" % word.box for word in block.words)
        out.append(b"/P <</MCID %d/Kind/%b/Boxes[%b]>> BDC\n" % (place, block.kind.encode(), boxes))
        out += [_format_word(word, shown.height) for word in block.words]
        out.append(b"EMC\n")
    out.append(b"ET\n")
    return b"".join(out)


def _format_word(word: page.Word, height: int) -> bytes:
    left, top, right, bottom = word.box
    # A space behind each word parts it from the next for programs that do not look at places.
    units = (word.text + " ").encode("utf-16-be")
    size, count = max(bottom - top, 1), max(len(units) // 2 - 1, 1)
    stretch = 100 * max(right - left, 1) / (count * size * invisible_font.ADVANCE / invisible_font.EM)
    return b"/F %d Tf %.2f Tz 1 0 0 1 %d %d Tm <%b> Tj\n" % (
        size,
        stretch,
        left,
        height - bottom,
        _write_hex(units),
    )


def _parse_words(data: bytes) -> Iterator[Block]:
    at = data.find(b"3 Tr\n") + len(b"3 Tr\n")
    while match := _LINE.match(data, at):
        numbers = [int(number) for number in match[2].split()]
        at, words = match.end(), []
        for k in range(0, len(numbers) - len(numbers) % _SIDES, _SIDES):
            word = _WORD.match(data, at)
            if word is None:
                raise errors.Refused("a line of the PDF has fewer words than places for them")
            left, top, right, bottom = numbers[k : k + _SIDES]
            words.append(page.Word(_decode_units(word[1]).removesuffix(" "), (left, top, right, bottom)))
            at = word.end()
        yield Block(match[1].decode(), tuple(words))
        at += len(b"EMC\n")


def _write_hex(data: bytes) -> bytes:
    return binascii.hexlify(data).upper()


def _encode_text(text: str) -> bytes:
    return _write_hex(b"\xfe\xff" + text.encode("utf-16-be"))


def _decode_text(data: bytes) -> str:
    return _decode_units(data).removeprefix("\ufeff")


def _decode_units(data: bytes) -> str:
    try:
        return binascii.unhexlify(data).decode("utf-16-be")
    except ValueError:
        raise errors.Refused("words of the PDF are not written as UTF-16") from None
