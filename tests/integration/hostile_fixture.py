"""A folder of files that no archive wants to meet, each made here byte by byte or by reportlab and pikepdf.

`CASES` is the table: the file, how it is made, and what the user must be told; None where it must be read
in full. `FULL` holds the slow sizes of the same shapes. `HOSTILE_NAMES` are names that must be refused, and
`ODD_NAMES` names that are strange and fine.
"""

from __future__ import annotations

import io
import os
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pikepdf
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen import canvas

Make = Callable[[], bytes]
METRE = 72 / 0.0254

ARABIC = "الأطفال ينامون أقل عند استخدام الهاتف ليلا"
HEBREW = "ילדים ישנים פחות עם הטלפון בלילה"
EASTERN = {
    "chinese.pdf": ("STSong-Light", "儿童使用手机睡眠更少"),
    "japanese.pdf": ("HeiseiMin-W3", "子どもの睡眠は短くなる"),
    "korean.pdf": ("HYSMyeongJo-Medium", "아이들은 밤에 덜 잔다"),
}


@dataclass(frozen=True)
class Case:
    """One file: how its bytes are made, what the user is told (None: it is read), pages when read."""

    make: Make
    sentence: str | None
    pages: int | None = None


def write_objects(objects: Sequence[bytes], *, root: int = 1, shift: int = 0) -> bytes:
    """Write a PDF of objects numbered from 1; `shift` moves every offset of the table off its place."""
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data) + shift)
        data += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root %d 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (
        len(objects) + 1,
        root,
        len(data) + shift,
    )
    return data + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end


def write_stream(content: bytes, keys: bytes = b"") -> bytes:
    """Write one stream object of content as it is."""
    return b"<</Length %d" % len(content) + keys + b">>stream\n" + content + b"\nendstream"


def make_page(
    content: bytes = b"0 0 m 9 9 l S",
    *,
    keys: bytes = b"/MediaBox[0 0 300 300]",
    filters: bytes = b"",
    resources: bytes = b"<<>>",
    more: Sequence[bytes] = (),
) -> bytes:
    """Make a PDF of one page from its content stream and page keys; `more` are objects from number 5."""
    return write_objects(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R" + keys + b"/Contents 4 0 R/Resources" + resources + b">>",
            write_stream(content, filters),
            *more,
        ]
    )


def make_plain(pages: int = 2, size: tuple[float, float] = (400, 300)) -> bytes:
    """Make a sound PDF with one known sentence a page."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=size, invariant=True)
    for number in range(1, pages + 1):
        sheet.drawString(10, size[1] / 2, f"Marmalade page {number}")
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def make_encrypted(user: str) -> bytes:
    """Encrypt a sound PDF; with an empty user password anybody may open it."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(make_plain())) as document:
        document.save(out, encryption=pikepdf.Encryption(user=user, owner="owner"))
    return out.getvalue()


def make_many_claimed() -> bytes:
    """Claim nine pages where one stands: engines differ in what they believe."""
    return make_page().replace(b"/Count 1", b"/Count 9")


def make_loop() -> bytes:
    """Let a page tree hold itself as its own child."""
    return write_objects(
        [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Parent 2 0 R/Kids[2 0 R 2 0 R]/Count 2>>"]
    )


def make_bomb(megabytes: int) -> bytes:
    """Squeeze a content stream that unpacks to so many megabytes of drawing operators."""
    block, squeezer = b"0 0 m 9 9 l S\n" * 75_000, zlib.compressobj(9)
    packed = b"".join(squeezer.compress(block) for _ in range(megabytes)) + squeezer.flush()
    return make_page(packed, filters=b"/Filter/FlateDecode")


def make_nested_bomb(megabytes: int) -> bytes:
    """Squeeze the squeezed, so that a few hundred bytes unpack to so many megabytes of blanks."""
    squeezer = zlib.compressobj(9)
    block = b" " * (1 << 20)
    packed = b"".join(squeezer.compress(block) for _ in range(megabytes)) + squeezer.flush()
    return make_page(zlib.compress(packed, 9), filters=b"/Filter[/FlateDecode/FlateDecode]")


def make_slow(strokes: int) -> bytes:
    """Draw forms that draw forms: ten times the work at each of so many levels."""
    forms = []
    for level in range(strokes):
        inner = b"/F Do " * 10 if level < strokes - 1 else b"0 0 m 300 300 l 9 0 l f "
        keys = b"/Type/XObject/Subtype/Form/BBox[0 0 300 300]/Resources<</XObject<</F %d 0 R>>>>" % (
            6 + level
        )
        forms.append(write_stream(inner, keys))
    return make_page(b"/F Do", resources=b"<</XObject<</F 5 0 R>>>>", more=forms)


def make_huge_image(side: int) -> bytes:
    """Show one black picture of `side` by `side` pixels, squeezed to almost nothing."""
    squeezer = zlib.compressobj(9)
    row = bytes(side * 3)
    packed = b"".join(squeezer.compress(row) for _ in range(side)) + squeezer.flush()
    keys = b"/Type/XObject/Subtype/Image/Width %d/Height %d" % (side, side)
    keys += b"/ColorSpace/DeviceRGB/BitsPerComponent 8/Filter/FlateDecode"
    return make_page(
        b"300 0 0 300 0 0 cm /I Do",
        resources=b"<</XObject<</I 5 0 R>>>>",
        more=[write_stream(packed, keys)],
    )


def make_scripted() -> bytes:
    """Put a script, an attached file and a form field into a PDF that reads well."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(400, 300), invariant=True)
    sheet.drawString(50, 250, "Marmalade form")
    sheet.acroForm.textfield(name="field", x=50, y=100, width=100, height=20, value="typed")
    sheet.save()
    final = io.BytesIO()
    with pikepdf.open(out) as document:
        document.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="while(1) app.alert(1)")
        document.attachments["inner.exe"] = pikepdf.AttachedFileSpec(document, b"MZ not a program")
        document.save(final)
    return final.getvalue()


def make_lettered(words: Sequence[str], advance: int = -1) -> bytes:
    """Write words of any script with a font of boxes whose ToUnicode table alone says which letter each is.

    `advance` -1 draws from the right edge leftwards, as Arabic and Hebrew are set, letter by letter.
    """
    letters = sorted(set("".join(words)))
    codes = {letter: number for number, letter in enumerate(letters, 1)}
    pairs = "\n".join(f"<{codes[each]:02x}> <{each.encode('utf-16-be').hex()}>" for each in letters)
    table = (
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap /CMapName /X def /CMapType 2 def\n"
        "1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(letters)} beginbfchar\n{pairs}\nendbfchar endcmap end end"
    )
    parts, x = [], 560 if advance < 0 else 20
    for word in words:
        for letter in word:
            parts.append(f"BT /F 12 Tf 1 0 0 1 {x} 700 Tm <{codes[letter]:02x}> Tj ET")
            x += 10 * advance
        x += 8 * advance
    names = " ".join(f"/g{code}" for code in codes.values())
    procedures = " ".join(f"/g{code} 6 0 R" for code in codes.values())
    font = (
        f"<</Type/Font/Subtype/Type3/FontBBox[0 0 800 800]/FontMatrix[.001 0 0 .001 0 0]/FirstChar 1"
        f"/LastChar {len(letters)}/Widths[{'800 ' * len(letters)}]/Resources<<>>/CharProcs<<{procedures}>>"
        f"/Encoding<</Type/Encoding/Differences[1 {names}]>>/ToUnicode 7 0 R>>"
    )
    return make_page(
        "\n".join(parts).encode(),
        keys=b"/MediaBox[0 0 600 800]",
        resources=b"<</Font<</F 5 0 R>>>>",
        more=[
            font.encode(),
            write_stream(b"800 0 0 0 700 700 d1 100 0 600 700 re f"),
            write_stream(table.encode()),
        ],
    )


def make_eastern(font: str, sentence: str) -> bytes:
    """Set a sentence in a font of Adobe's Asian collections, which is named and not embedded."""
    pdfmetrics.registerFont(UnicodeCIDFont(font))
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(400, 300), invariant=True)
    sheet.setFont(font, 14)
    sheet.drawString(50, 200, sentence)
    sheet.save()
    return out.getvalue()


LOCKED = "locked with a password"
BROKEN = "cannot be read"
NO_PDF = "the content is not a PDF"

CASES: Mapping[str, Case] = {
    "cut-short.pdf": Case(lambda: make_plain(20)[:700], BROKEN),
    "cut-tail.pdf": Case(lambda: make_plain(3)[:-300], BROKEN),
    "xref-off.pdf": Case(
        lambda: write_objects(
            [
                b"<</Type/Catalog/Pages 2 0 R>>",
                b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
                b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>",
            ],
            shift=41,
        ),
        None,
        1,
    ),
    "user-password.pdf": Case(lambda: make_encrypted("secret"), LOCKED),
    "owner-password.pdf": Case(lambda: make_encrypted(""), None, 2),
    "zero.pdf": Case(lambda: b"", "the file is empty"),
    "picture.pdf": Case(lambda: b"\x89PNG\r\n\x1a\n" + bytes(40), f"{NO_PDF} but looks like image/png"),
    "words.pdf": Case(lambda: b"only words\n", f"{NO_PDF} but looks like text/plain"),
    "header-only.pdf": Case(lambda: b"%PDF-1.7\n", BROKEN),
    "noise.pdf": Case(lambda: b"%PDF-1.7\n" + bytes(range(256)) * 20, BROKEN),
    "really-a-pdf.docx": Case(make_plain, None, 2),
    "claims-nine.pdf": Case(make_many_claimed, "a person must look"),
    "loop.pdf": Case(make_loop, "supply a sound copy"),
    "no-pages.pdf": Case(
        lambda: write_objects([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[]/Count 0>>"]),
        BROKEN,
    ),
    "zero-box.pdf": Case(lambda: make_page(keys=b"/MediaBox[0 0 0 0]"), None, 1),
    "negative-box.pdf": Case(lambda: make_page(keys=b"/MediaBox[300 300 -100 -50]"), None, 1),
    "turned.pdf": Case(lambda: make_page(keys=b"/MediaBox[0 0 300 200]/Rotate 270"), None, 1),
    "turned-oddly.pdf": Case(lambda: make_page(keys=b"/MediaBox[0 0 300 200]/Rotate 45"), None, 1),
    "cropped.pdf": Case(lambda: make_page(keys=b"/MediaBox[0 0 300 200]/CropBox[50 50 90 90]"), None, 1),
    "cropped-away.pdf": Case(
        lambda: make_page(keys=b"/MediaBox[0 0 300 200]/CropBox[900 900 950 950]"), None, 1
    ),
    "no-box.pdf": Case(lambda: make_page(keys=b""), None, 1),
    "infinite-box.pdf": Case(
        lambda: make_page(keys=b"/MediaBox[0 0 99999999999999999999 9]"), "a person must look"
    ),
    "two-hundred-inches.pdf": Case(lambda: make_plain(1, (14_170, 72)), None, 1),
    "five-metres.pdf": Case(lambda: make_plain(1, (4.99 * METRE, 72)), None, 1),
    "six-metres.pdf": Case(lambda: make_plain(1, (6 * METRE, 72)), "page 1: the page measures 6.0 by 0.0"),
    "user-unit.pdf": Case(lambda: make_page(keys=b"/MediaBox[0 0 300 300]/UserUnit 75"), None, 1),
    "scripted.pdf": Case(make_scripted, None, 1),
    "arabic.pdf": Case(lambda: make_lettered(ARABIC.split()), None, 1),
    "hebrew.pdf": Case(lambda: make_lettered(HEBREW.split()), None, 1),
    **{
        name: Case(lambda font=font, text=text: make_eastern(font, text), None, 1)
        for name, (font, text) in EASTERN.items()
    },
    "copy-one.pdf": Case(make_plain, None, 2),
    "copy-two.pdf": Case(make_plain, None, 2),
    "CASE.pdf": Case(lambda: make_plain(1), None, 1),
    "case.pdf": Case(lambda: make_plain(1), None, 1),
    "long.pdf": Case(lambda: make_plain(200, (60, 40)), None, 200),
    "small-bomb.pdf": Case(lambda: make_nested_bomb(64), None, 1),
}

# What somebody would type, and the files whose first page it must bring.
SEARCHES: Mapping[str, Sequence[str]] = {
    "ينامون": ["arabic.pdf"],
    '"ينامون أقل"': ["arabic.pdf"],
    "הטלפון": ["hebrew.pdf"],
    "ישנים הטלפון": ["hebrew.pdf"],
    "ילד*": ["hebrew.pdf"],
    "睡眠": ["chinese.pdf", "japanese.pdf"],
    "手机睡眠": ["chinese.pdf"],
    "子ども": ["japanese.pdf"],
    "아이들은": ["korean.pdf"],
    "밤에 잔다": ["korean.pdf"],
}

# The same shapes in their full size: minutes of reading and gigabytes, held by the fence.
FULL: Mapping[str, Case] = {
    "ten-thousand.pdf": Case(lambda: make_plain(10_000, (60, 40)), None, 10_000),
    "bomb.pdf": Case(lambda: make_bomb(3000), "GiB of memory"),
    "nested-bomb.pdf": Case(lambda: make_nested_bomb(6000), "GiB of memory"),
    # Time or memory ends first, as the machine is.
    "slow.pdf": Case(lambda: make_slow(8), "slow.pdf, page 1: "),
    "huge-image.pdf": Case(lambda: make_huge_image(30_000), None, 1),
}

# Refused by name, because a public list, a terminal or another system would show or open something else.
HOSTILE_NAMES: Mapping[bytes, str] = {
    b"two\nlines.pdf": "a line break or another control character",
    b"bell\x07\x1b[31m.pdf": "a line break or another control character",
    b"back\\slash.pdf": "without .. or backslashes",
    "invoice\u202efdp.exe".encode(): "turn the direction of writing",
    "line\u2028break.pdf".encode(): "a line break or another control character",
    b"latin-\xff.pdf": "not UTF-8",
}
ODD_NAMES = (
    b"-rf.pdf",
    b"..hidden..pdf",
    b"=cmd.pdf",
    b"'=quoted.pdf",
    b"a,b;c\"d'.pdf",
    b" spaces .pdf",
    "نوم 睡眠 שינה.pdf".encode(),
    b"n" * 251 + b".pdf",
    b"%2e%2e%2fetc%2fpasswd.pdf",
    b"<script>alert(1)</script>.pdf".replace(b"/", b"_"),
)


def write_folder(folder: Path, cases: Mapping[str, Case]) -> Path:
    """Write the files of a table into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, case in cases.items():
        (folder / name).write_bytes(case.make())
    return folder


def write_names(folder: Path, names: Sequence[bytes]) -> Path:
    """Write one small sound PDF under every name, given as bytes as the disk knows it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        Path(os.fsdecode(os.path.join(os.fsencode(folder), name))).write_bytes(make_plain(1))
    return folder
