"""Take words and pictures out of a published PDF; written from docs/reference/published-pdf.md alone.

Part of the second verifier. The file is read once from its first byte to its last, one page in memory at a
time. Raises `Refusal` with the file, and the page where the fault lies on one.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NoReturn

from notes import Refusal

Word = tuple[str, int, int, int, int]

BEGIN = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
# Objects 4 to 7, from the 4 of "4 0 obj" to the line end behind the last "endobj".
FIXED_BYTES, FIXED_DIGEST = 1156, "7f2a01db4c08c08fe05c4f7ce086747a4885e5ec38e1d9ab6656f2712df08796"
MAX_PAGES, MAX_SIDE, MAX_PIXELS, MAX_WORDS_BYTES = 100_000, 99_999, 200_000_000, 64 * 2**20
MAX_LINE, CHUNK = 4_000_000, 1 << 16
LANGUAGE = re.compile("[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
PICTURE = re.compile(
    rb"<</Type/XObject/Subtype/Image/Width ([1-9][0-9]{0,4})/Height ([1-9][0-9]{0,4})"
    rb"/BitsPerComponent ([1248])/ColorSpace"
    rb"(/DeviceRGB|\[/Indexed/DeviceRGB ([0-9]{1,3}) <((?:[0-9A-F]{6})+)>\])"
    rb"/Filter/FlateDecode/Length ([0-9]{1,10})>>\n"
)
BLOCK = re.compile(rb"/P <</MCID ([0-9]{1,6})/Kind/(sealed|reset|label)/Boxes\[([0-9 ]*)\]>> BDC\n")
WORD = re.compile(rb"[^\n]{1,80} Tm <([0-9A-F]*)> Tj\n")


@dataclass
class Sheet:
    """One page: its size in pixels, its blocks as (kind, words), and RGB rows that can be taken once."""

    width: int
    height: int
    blocks: list[tuple[str, list[Word]]]
    rows: Iterator[bytes]


class Reader:
    """Bytes of a file that only go on; `place` is what a refusal names."""

    def __init__(self, file: BinaryIO, place: str) -> None:
        self.file, self.place, self.at = file, place, 0
        self.offsets: list[int] = []

    def refuse(self, sentence: str) -> NoReturn:
        raise Refusal(self.place, sentence)

    def take(self, count: int) -> bytes:
        data = self.file.read(count)
        self.at += len(data)
        return data

    def take_line(self) -> bytes:
        data = self.file.readline(MAX_LINE)
        self.at += len(data)
        return data

    def expect(self, wanted: bytes) -> None:
        if self.take(len(wanted)) != wanted:
            self.refuse("this is not what follows from the words and pictures of the PDF")

    def begin(self) -> None:
        self.offsets.append(self.at)
        self.expect(b"%d 0 obj\n" % len(self.offsets))

    def match(self, pattern: str | re.Pattern[bytes]) -> re.Match[bytes]:
        found = re.fullmatch(pattern.encode() if isinstance(pattern, str) else pattern, self.take_line())
        return found or self.refuse("a part of the PDF is not of the one form allowed")

    def unpack(self, length: int, most: int) -> Iterator[bytes]:
        """Unpack a stream piece by piece; refused when it is longer than `most` or goes on behind its end."""
        packer, found = zlib.decompressobj(), 0
        while length:
            packed = self.take(min(length, CHUNK))
            length -= len(packed)
            if not packed:
                self.refuse("the PDF is cut short")
            while packed and not packer.eof:
                piece = self._unpack_piece(packer, packed)
                found += len(piece)
                if found > most:
                    self.refuse("a stream of the PDF holds more than belongs there")
                packed = packer.unconsumed_tail
                yield piece
            if packer.unused_data or packed:
                self.refuse("a stream of the PDF goes on behind its end")
        # What the last packed bytes lead to may not have fitted into the last piece.
        while not packer.eof and (piece := self._unpack_piece(packer, b"")):
            found += len(piece)
            if found > most:
                self.refuse("a stream of the PDF holds more than belongs there")
            yield piece
        if not packer.eof:
            self.refuse("a stream of the PDF has no end")
        self.expect(b"\nendstream\nendobj\n")

    def _unpack_piece(self, packer: zlib._Decompress, packed: bytes) -> bytes:
        try:
            return packer.decompress(packed, CHUNK)
        except zlib.error:
            self.refuse("a stream of the PDF cannot be unpacked")

    def take_stream(self, most: int) -> bytes:
        """A stream with no entries of its own but filter and length, unpacked whole."""
        length = int(self.match(r"<</Filter/FlateDecode/Length (0|[1-9][0-9]{0,9})>>\n")[1])
        self.expect(b"stream\n")
        return b"".join(self.unpack(length, most))


def read(path: Path, place: str, pages: int) -> Iterator[Sheet]:
    """The sheets of a PDF that must have `pages` of them; whoever takes all has had every byte checked."""
    with open(path, "rb") as file:
        reader = Reader(file, place)
        _read_front(reader, pages)
        for number in range(pages):
            reader.place = f"{place}, page {number + 1}"
            yield from _read_page(reader, number)
        reader.place = place
        table, size = reader.at, len(reader.offsets) + 1
        reader.expect(b"xref\n0 %d\n0000000000 65535 f \n" % size)
        for offset in reader.offsets:
            reader.expect(b"%010d 00000 n \n" % offset)
        reader.expect(
            b"trailer\n<</Size %d/Root 2 0 R/Info 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (size, table)
        )
        if reader.take(1):
            reader.refuse("there is something behind the end of the PDF")


def _read_front(reader: Reader, pages: int) -> None:
    if pages > MAX_PAGES:
        reader.refuse(f"a published PDF has at most {MAX_PAGES} pages")
    reader.expect(BEGIN)
    reader.begin()
    title = reader.match(r"<</Title <FEFF((?:[0-9A-F]{4})*)>>>\n")[1]
    _decode(reader, title)
    reader.expect(b"endobj\n")
    reader.begin()
    language = reader.match(
        r"<</Lang \(([A-Za-z0-9-]{2,64})\)/Type/Catalog/Pages 3 0 R/MarkInfo <</Marked true>>"
        r"/StructTreeRoot 8 0 R/ViewerPreferences <</DisplayDocTitle true>>>>\n"
    )[1].decode()
    if not LANGUAGE.fullmatch(language):
        reader.refuse("the language of the PDF is none")
    reader.expect(b"endobj\n")
    first = [10 + 5 * k for k in range(pages)]
    reader.begin()
    kids = b" ".join(b"%d 0 R" % number for number in first)
    reader.expect(b"<</Count %d /Type/Pages/Kids[%b]>>\nendobj\n" % (pages, kids))
    start = reader.at
    data = reader.take(FIXED_BYTES)
    if hashlib.sha256(data).hexdigest() != FIXED_DIGEST:
        reader.refuse("the font of the PDF is not the one without shapes")
    reader.offsets += [start + data.index(b"%d 0 obj\n" % number) for number in range(4, 8)]
    reader.begin()
    kids = b" ".join(b"%d 0 R" % (number + 3) for number in first)
    nums = b" ".join(b"%d %d 0 R" % (k, number + 4) for k, number in enumerate(first))
    tree = (
        b"<</Type/StructTreeRoot/K <</Type/StructElem/S/Document/P 8 0 R/K[%b]>>/ParentTree <</Nums[%b]>>>>\n"
    )
    reader.expect(tree % (kids, nums) + b"endobj\n")
    reader.begin()
    if reader.take_stream(1 << 17) != b"\0\1" * (1 << 16):
        reader.refuse("the letters of the PDF are not all the one glyph without a shape")


def _read_page(reader: Reader, number: int) -> Iterator[Sheet]:
    first = 10 + 5 * number
    reader.begin()
    body = reader.take_line()
    reader.expect(b"endobj\n")
    reader.begin()
    words = reader.take_stream(MAX_WORDS_BYTES)
    reader.begin()
    found = reader.match(PICTURE)
    width, height, bits = (int(found[k]) for k in (1, 2, 3))
    if width * height > MAX_PIXELS:
        reader.refuse("a picture of the PDF is too large")
    page = (
        "<</Type/Page/Parent 3 0 R/MediaBox[0 0 %.3f %.3f]/Contents %d 0 R/StructParents %d/Tabs/S/Resources "
        "<</Font <</F 4 0 R>>/XObject <</I %d 0 R>>>>>>\n"
    )
    points = width * 72 / 110, height * 72 / 110
    if body.decode("latin-1") != page % (*points, first + 1, number, first + 2):
        reader.refuse("the page is not described as its picture needs")
    palette = bytes.fromhex((found[6] or b"").decode())
    _check_colours(reader, palette, bits, found[5])
    blocks = _read_words(reader, words, width, height)
    reader.expect(b"stream\n")
    rows = _read_rows(reader, int(found[7]), width, height, bits, palette)
    yield Sheet(width, height, blocks, rows)
    for _ in rows:
        pass
    reader.begin()
    marks = b" ".join(b"%d" % k for k in range(len(blocks)))
    reader.expect(b"<</Type/StructElem/S/P/P 8 0 R/Pg %d 0 R/K[%b]>>\nendobj\n" % (first, marks))
    reader.begin()
    reader.expect(b"[%b]\nendobj\n" % b" ".join([b"%d 0 R" % (first + 3)] * len(blocks)))


def _check_colours(reader: Reader, palette: bytes, bits: int, last: bytes | None) -> None:
    colours = [palette[at : at + 3] for at in range(0, len(palette), 3)]
    if last is None:
        fine = bits == 4
    else:
        least = next((each for each in (1, 2, 4, 8) if len(colours) <= 1 << each), 0)
        fine = bits == least and last == b"%d" % (len(colours) - 1)
    if not fine or colours != sorted(set(colours)) or any(value % 17 for value in palette):
        reader.refuse("the colours of the picture are not written in the one way allowed")


def _read_rows(
    reader: Reader, length: int, width: int, height: int, bits: int, palette: bytes
) -> Iterator[bytes]:
    """RGB rows; when the last was taken, nothing is left in the stream."""
    values = width if palette else 3 * width
    each = 8 // bits
    stride = -(-values // each)
    lanes = [bytes(byte >> bits * k & (1 << bits) - 1 for byte in range(256)) for k in reversed(range(each))]
    allowed = bytes(range(len(palette) // 3)) if palette else bytes(range(16))
    channels = [palette[k::3].ljust(256, b"\0") for k in range(3)]
    shown = bytes(byte * 17 & 255 for byte in range(256))
    rest = b""
    for piece in reader.unpack(length, stride * height):
        rest += piece
        for at in range(0, len(rest) - stride + 1, stride):
            row = rest[at : at + stride]
            spread = bytearray(stride * each)
            for k, lane in enumerate(lanes):
                spread[k::each] = row.translate(lane)
            if any(spread[values:]) or spread.translate(None, allowed):
                reader.refuse("a row of the picture holds a colour that is none, or bits behind its end")
            if palette:
                pixels = bytearray(3 * width)
                for k in range(3):
                    pixels[k::3] = spread[:values].translate(channels[k])
                yield bytes(pixels)
            else:
                yield bytes(spread[:values].translate(shown))
            height -= 1
        rest = rest[len(rest) - len(rest) % stride :]
    if height or rest:
        reader.refuse("the picture does not have as many rows as it says")


def _read_words(reader: Reader, data: bytes, width: int, height: int) -> list[tuple[str, list[Word]]]:
    """The blocks of a page, each held against what its words and boxes are written as."""
    scale = b"%.6f" % (72 / 110)
    front = b"%b 0 0 %b 0 0 cm\n/Artifact BMC\nq %d 0 0 %d 0 0 cm /I Do Q\nEMC\nBT\n3 Tr\n"
    front %= (scale, scale, width, height)
    blocks: list[tuple[str, list[Word]]] = []
    at = len(front)
    fine = data.startswith(front)
    while fine and (found := BLOCK.match(data, at)):
        sides = [int(each) for each in found[3].split()]
        boxes = [sides[k : k + 4] for k in range(0, len(sides), 4)]
        at, written, words = found.end(), b" ".join(b"%d" % each for each in sides), []
        fine = len(sides) % 4 == 0 and found[3] == written and found[1] == b"%d" % len(blocks)
        for left, top, right, bottom in boxes if fine else ():
            if not (left <= right <= width and top <= bottom <= height):
                reader.refuse("a word lies beside the picture")
            word = WORD.match(data, at)
            text = _decode(reader, word[1] if word else b"")
            size, units = max(bottom - top, 1), max(len(text.encode("utf-16-be")) // 2 - 1, 1)
            stretch = 100 * max(right - left, 1) / (units * size / 2)
            line = f"/F {size} Tf {stretch:.2f} Tz 1 0 0 1 {left} {height - bottom} Tm <"
            line += f"{text.encode('utf-16-be').hex().upper()}> Tj\n"
            if word is None or word[0] != line.encode() or not text.endswith(" "):
                reader.refuse("a word is not written in the one way allowed")
            words.append((text[:-1], left, top, right, bottom))
            at = word.end()
        fine = fine and data.startswith(b"EMC\n", at)
        at += 4
        blocks.append((found[2].decode(), words))
    if not fine or data[at:] != b"ET\n":
        reader.refuse("the page says something beside its words")
    return blocks


def _decode(reader: Reader, digits: bytes) -> str:
    try:
        return bytes.fromhex(digits.decode()).decode("utf-16-be")
    except ValueError:
        reader.refuse("words of the PDF are not written as UTF-16")
