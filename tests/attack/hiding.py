"""Places in a PDF where a word survives a careless redaction: each a function that hides one canary.

`make_file` hides one, `make_all` every one in a document of a few pages; both follow from a seed alone. What
is on a page stands in a slot, whose rectangle is what a person would cover. Sources: the reference, section
3.1 of its documents.md, and ISO 32000-1 (what may hold a text or a picture of one).
"""

from __future__ import annotations

import functools
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream, String
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 612, 792
SLOTS, SLOT_HEIGHT, SLOT_LEFT, SLOT_WIDTH = 20, 34, 60, 300
Rect = tuple[float, float, float, float]
"""Left, bottom, right, top in points from the bottom left."""


def make_canary(dice: random.Random) -> str:
    """Make a word of ten letters that no document holds and recognition reads well."""
    return "".join(dice.choice("BDGKLMNPRSTV") + dice.choice("AEIOU") for _ in range(5)).capitalize()


@dataclass
class Builder:
    """A document in the making; `slots` are handed out from the top, page after page."""

    document: pikepdf.Pdf
    pages: list[pikepdf.Page] = field(default_factory=list)
    contents: list[list[bytes]] = field(default_factory=list)
    rects: list[tuple[int, Rect]] = field(default_factory=list)
    elements: list[Dictionary] = field(default_factory=list)
    late: list[Callable[[bytes], bytes]] = field(default_factory=list)
    used: int = 0
    names: int = 0

    def take_slot(self) -> tuple[int, float, float]:
        """Take the next slot: page from 0, left edge and baseline in points."""
        number, row = divmod(self.used, SLOTS)
        self.used += 1
        if number == len(self.pages):
            self._add_page()
        bottom = HEIGHT - 60 - SLOT_HEIGHT * (row + 1)
        self.rects.append(
            (number, (SLOT_LEFT - 2, bottom - 2, SLOT_LEFT + SLOT_WIDTH, bottom + SLOT_HEIGHT - 8))
        )
        return number, SLOT_LEFT, bottom + 6

    def draw(self, template: bytes, canary: str, **more: object) -> int:
        """Draw into the next slot; %(x)d, %(y)d and %(word)s stand for its place and the word."""
        number, x, y = self.take_slot()
        values = {b"x": int(x), b"y": int(y), b"word": canary.encode()}
        values |= {key.encode(): value for key, value in more.items()}
        self.contents[number].append(template % values)
        return number

    def add_resource(self, number: int, kind: str, value: pikepdf.Object, name: str = "") -> bytes:
        """Give a page a resource; its name as it stands in contents."""
        self.names += 1
        name = name or f"R{self.names}"
        resources = self.pages[number].obj.Resources
        if kind not in resources:
            resources[kind] = Dictionary()
        resources[kind][f"/{name}"] = value
        return name.encode()

    def annotate(self, canary_key: dict[str, object], subtype: str, **more: object) -> Dictionary:
        """Put an annotation into the next slot."""
        number, x, y = self.take_slot()
        place = {
            "/Type": Name.Annot,
            "/Subtype": Name(f"/{subtype}"),
            "/Rect": [x, y, x + 120, y + 16],
            "/F": 4,
        }
        values = {f"/{key}": value for key, value in more.items()}
        annotation = self.document.make_indirect(Dictionary({**place, **values, **canary_key}))
        page = self.pages[number].obj
        if "/Annots" not in page:
            page.Annots = Array()
        page.Annots.append(annotation)
        return annotation

    def add_field(self, kind: str, **more: object) -> Dictionary:
        """Put a form field into the next slot."""
        values = {"FT": Name(f"/{kind}"), "T": String(f"field{self.used}"), **more}
        widget = self.annotate({f"/{key}": value for key, value in values.items()}, "Widget")
        root = self.document.Root
        if "/AcroForm" not in root:
            root.AcroForm = Dictionary(Fields=Array())
        root.AcroForm.Fields.append(widget)
        return widget

    def add_element(self, **more: object) -> None:
        """Add an element to the structure tree."""
        self.elements.append(
            Dictionary({"/Type": Name.StructElem, "/S": Name.P, **{f"/{k}": v for k, v in more.items()}})
        )

    def name(self, tree: str, key: str, value: pikepdf.Object) -> None:
        """Put a value into one of the document's name trees."""
        root = self.document.Root
        if "/Names" not in root:
            root.Names = Dictionary()
        if f"/{tree}" not in root.Names:
            root.Names[f"/{tree}"] = Dictionary(Names=Array())
        root.Names[f"/{tree}"].Names.extend([String(key), value])

    def make_stream(self, data: bytes, **entries: object) -> Stream:
        return Stream(self.document, data, Dictionary({f"/{key}": value for key, value in entries.items()}))

    def make_form(self, content: bytes, **resources: object) -> Stream:
        font = Dictionary(F1=self.font)
        return self.make_stream(
            content,
            Type=Name.XObject,
            Subtype=Name.Form,
            BBox=[0, 0, 300, 30],
            Resources=Dictionary({"/Font": font, **{f"/{key}": value for key, value in resources.items()}}),
        )

    def make_image(self, picture: Image.Image, **entries: object) -> Stream:
        grey = picture.convert("L")
        return self.make_stream(
            grey.tobytes(),
            Type=Name.XObject,
            Subtype=Name.Image,
            Width=grey.width,
            Height=grey.height,
            BitsPerComponent=8,
            ColorSpace=Name.DeviceGray,
            **entries,
        )

    @functools.cached_property
    def font(self) -> Dictionary:
        return self.document.make_indirect(
            Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
        )

    def finish(self) -> bytes:
        """Write the document; what hides between objects is put there last."""
        for page, parts in zip(self.pages, self.contents, strict=True):
            page.obj.Contents = self.document.make_stream(b"\n".join(parts))
        if self.elements:
            tree = self.document.make_indirect(Dictionary(Type=Name.StructTreeRoot, K=Array(self.elements)))
            self.document.Root.StructTreeRoot = tree
        out = io.BytesIO()
        self.document.save(out, object_stream_mode=pikepdf.ObjectStreamMode.disable, deterministic_id=True)
        data = out.getvalue()
        for change in self.late:
            data = change(data)
        return data

    def _add_page(self) -> None:
        page = self.document.add_blank_page(page_size=(WIDTH, HEIGHT))
        page.obj.Resources = Dictionary(Font=Dictionary(F1=self.font))
        self.pages.append(page)
        heading = b"BT /F1 12 Tf 60 745 Td (Page %d of a report about sleep) Tj ET" % len(self.pages)
        self.contents.append([heading])


Place = Callable[[Builder, str], object]
PLACES: dict[str, Place] = {}

_TEXT = b"BT /F1 12 Tf %(x)d %(y)d Td (%(word)s) Tj ET"


def place(name: str) -> Callable[[Place], Place]:
    def keep(function: Place) -> Place:
        assert name not in PLACES
        PLACES[name] = function
        return function

    return keep


def draw_word(word: str, size: tuple[int, int] = (240, 40)) -> Image.Image:
    picture = Image.new("L", size, 255)
    ImageDraw.Draw(picture).text((8, 4), word, 0, ImageFont.load_default(26))
    return picture


def make_file(name: str, seed: int) -> tuple[bytes, str, list[tuple[int, Rect]]]:
    """Make a document with one hiding place: its bytes, the canary, and the rectangles to cover by page."""
    canary = make_canary(random.Random(f"{seed} {name}"))
    data, rects = _build({name: canary})
    return data, canary, rects


def make_all(seed: int) -> tuple[bytes, dict[str, str], list[tuple[int, Rect]]]:
    """Make a document with every hiding place: its bytes, canary by place, rectangles to cover by page."""
    canaries = {name: make_canary(random.Random(f"{seed} {name}")) for name in PLACES}
    data, rects = _build(canaries)
    return data, canaries, rects


def _build(canaries: dict[str, str]) -> tuple[bytes, list[tuple[int, Rect]]]:
    with pikepdf.new() as document:
        builder = Builder(document)
        builder.take_slot()
        for name, canary in canaries.items():
            PLACES[name](builder, canary)
        return builder.finish(), builder.rects[1:]


# Words on the page.


@place("visible text")
def _(builder: Builder, word: str) -> None:
    builder.draw(_TEXT, word)


@place("text under a rectangle")
def _(builder: Builder, word: str) -> None:
    builder.draw(_TEXT + b" 0 g %(x)d %(y)d 120 16 re f", word)


@place("invisible text (mode 3)")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"BT 3 Tr /F1 12 Tf %(x)d %(y)d Td (%(word)s) Tj ET", word)


@place("white text")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"q 1 g " + _TEXT + b" Q", word)


@place("text of the colour of its ground")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"q 0.5 g %(x)d %(y)d 120 16 re f " + _TEXT + b" Q", word)


@place("tiny text")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"BT /F1 0.1 Tf %(x)d %(y)d Td (%(word)s) Tj ET", word)


@place("text off the page")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"BT /F1 12 Tf -600 %(y)d Td (%(word)s) Tj ET", word)


@place("text outside the crop box")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"BT /F1 12 Tf 60 2 Td (%(word)s) Tj ET", word)
    builder.pages[number].obj.CropBox = [0, 20, WIDTH, HEIGHT]


@place("clipped text")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"q 0 0 1 1 re W n " + _TEXT + b" Q", word)


@place("text behind a picture")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(_TEXT + b" q 150 0 0 24 %(x)d %(y)d cm", word)
    name = builder.add_resource(number, "/XObject", builder.make_image(Image.new("L", (4, 4), 255)))
    builder.contents[number][-1] += b" /%b Do Q" % name


@place("a layer that is switched off")
def _(builder: Builder, word: str) -> None:
    group = builder.document.make_indirect(Dictionary(Type=Name.OCG, Name=String("notes")))
    _switch_off(builder, group)
    number = builder.draw(b"/OC /Off BDC " + _TEXT + b" EMC", word)
    builder.add_resource(number, "/Properties", group, "Off")


def _switch_off(builder: Builder, group: Dictionary) -> None:
    root = builder.document.Root
    if "/OCProperties" not in root:
        root.OCProperties = Dictionary(OCGs=Array(), D=Dictionary(OFF=Array(), Order=Array()))
    root.OCProperties.OCGs.append(group)
    root.OCProperties.D.OFF.append(group)


@place("name of a layer")
def _(builder: Builder, word: str) -> None:
    _switch_off(builder, builder.document.make_indirect(Dictionary(Type=Name.OCG, Name=String(word))))


@place("ActualText")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"/Span <</ActualText (%(word)s)>> BDC BT /F1 12 Tf %(x)d %(y)d Td (xx) Tj ET EMC", word)


@place("property of marked content")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"/Span <</Note (%(word)s)>> BDC BT /F1 12 Tf %(x)d %(y)d Td (yy) Tj ET EMC", word)


@place("tag of marked content")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"/%(word)s BMC EMC", word)


@place("comment in a content stream")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"% %(word)s %(x)d\n".replace(b"% ", b"%% ", 1), word)


@place("data of an inline image")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"q 1 0 0 1 %(x)d %(y)d cm BI /W 10 /H 1 /BPC 8 /CS /G ID %(word)s EI Q", word)


@place("letters placed one by one")
def _(builder: Builder, word: str) -> None:
    letters = b" -150 ".join(b"(%c)" % letter for letter in word.encode())
    builder.draw(b"BT /F1 12 Tf %(x)d %(y)d Td [%(letters)s] TJ ET", word, letters=letters)


@place("letters in reverse order")
def _(builder: Builder, word: str) -> None:
    moves = b"".join(
        b"1 0 0 1 %d %%(y)d Tm (%c) Tj " % (SLOT_LEFT + 9 * k, letter)
        for k, letter in reversed(list(enumerate(word.encode())))
    )
    builder.draw(b"BT /F1 12 Tf " + moves + b"ET", word)


@place("text turned by a quarter")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"BT /F1 5 Tf 0 1 -1 0 %(x)d %(y)d Tm (%(word)s) Tj ET", word)


@place("hexadecimal text")
def _(builder: Builder, word: str) -> None:
    builder.draw(b"BT /F1 12 Tf %(x)d %(y)d Td <%(digits)s> Tj ET", word, digits=word.encode().hex().encode())


@place("text in a form within a form")
def _(builder: Builder, word: str) -> None:
    inner = builder.make_form(b"BT /F1 12 Tf 0 6 Td (%b) Tj ET" % word.encode())
    outer = builder.make_form(b"/In Do", XObject=Dictionary(In=inner))
    number = builder.draw(b"q 1 0 0 1 %(x)d %(y)d cm", word)
    name = builder.add_resource(number, "/XObject", outer)
    builder.contents[number][-1] += b" /%b Do Q" % name


@place("form that no page draws")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    form = builder.make_form(b"BT /F1 12 Tf 0 6 Td (%b) Tj ET" % word.encode())
    builder.add_resource(number, "/XObject", form)


@place("pattern that nothing uses")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    cell = builder.make_stream(
        b"BT /F1 12 Tf 0 6 Td (%b) Tj ET" % word.encode(),
        PatternType=1,
        PaintType=1,
        TilingType=1,
        BBox=[0, 0, 99, 20],
        XStep=99,
        YStep=20,
        Resources=Dictionary(Font=Dictionary(F1=builder.font)),
    )
    builder.add_resource(number, "/Pattern", cell)


@place("PostScript fragment")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    builder.add_resource(
        number,
        "/XObject",
        builder.make_stream(b"(%b) show" % word.encode(), Type=Name.XObject, Subtype=Name.PS),
    )


@place("name of a resource")
def _(builder: Builder, word: str) -> None:
    builder.add_resource(builder.draw(b"", word), "/ExtGState", Dictionary(LW=1), word)


# Fonts.


def _make_type3(builder: Builder, procedure: bytes, glyph: str = "a") -> Dictionary:
    return Dictionary(
        Type=Name.Font,
        Subtype=Name.Type3,
        FontBBox=[0, 0, 300, 30],
        FontMatrix=[1, 0, 0, 1, 0, 0],
        FirstChar=97,
        LastChar=97,
        Widths=[90],
        CharProcs=Dictionary({f"/{glyph}": builder.make_stream(procedure)}),
        Encoding=Dictionary(Type=Name.Encoding, Differences=[97, Name(f"/{glyph}")]),
        Resources=Dictionary(Font=Dictionary(F1=builder.font)),
    )


@place("procedure of a Type 3 glyph")
def _(builder: Builder, word: str) -> None:
    font = _make_type3(builder, b"90 0 d0 BT /F1 12 Tf (%b) Tj ET" % word.encode())
    number = builder.draw(b"BT /T3 1 Tf %(x)d %(y)d Td (a) Tj ET", word)
    builder.add_resource(number, "/Font", font, "T3")


@place("name of a glyph")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    builder.add_resource(number, "/Font", _make_type3(builder, b"90 0 d0", word))


@place("name of a font")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name(f"/ABCDEF+{word}"))
    builder.add_resource(number, "/Font", font)


@place("character map of unused letters")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    lines = b"1 beginbfchar <01> <%b> endbfchar" % word.encode("utf-16-be").hex().encode()
    font = Dictionary(
        Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier, ToUnicode=builder.make_stream(lines)
    )
    builder.add_resource(number, "/Font", font)


@place("unused encoding differences")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    encoding = Dictionary(Type=Name.Encoding, Differences=[1, Name(f"/{word}")])
    builder.add_resource(
        number,
        "/Font",
        Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Courier, Encoding=encoding),
    )


# Pictures.


def _draw_image(builder: Builder, image: Stream, word: str, size: bytes = b"150 0 0 25") -> None:
    number = builder.draw(b"q " + size + b" %(x)d %(y)d cm", word)
    name = builder.add_resource(number, "/XObject", image)
    builder.contents[number][-1] += b" /%b Do Q" % name


@place("picture of the word")
def _(builder: Builder, word: str) -> None:
    _draw_image(builder, builder.make_image(draw_word(word)), word)


@place("picture under a rectangle")
def _(builder: Builder, word: str) -> None:
    _draw_image(builder, builder.make_image(draw_word(word)), word)
    number, (left, bottom, right, top) = builder.rects[-1]
    box = b"0 g %d %d %d %d re f" % (left, bottom, right - left, top - bottom)
    builder.contents[number].append(box)


@place("part of a picture that is cropped away")
def _(builder: Builder, word: str) -> None:
    large = Image.new("L", (240, 200), 255)
    large.paste(draw_word(word), (0, 0))
    number = builder.draw(b"q %(x)d %(y)d 150 20 re W n 150 0 0 125 %(x)d %(y)d cm", word)
    name = builder.add_resource(number, "/XObject", builder.make_image(large))
    builder.contents[number][-1] += b" /%b Do Q" % name


@place("picture that no page draws")
def _(builder: Builder, word: str) -> None:
    builder.add_resource(builder.draw(b"", word), "/XObject", builder.make_image(draw_word(word)))


@place("soft mask")
def _(builder: Builder, word: str) -> None:
    mask = builder.make_image(draw_word(word))
    white = builder.make_image(Image.new("L", (4, 4), 255), SMask=mask)
    _draw_image(builder, white, word)


@place("alternate picture")
def _(builder: Builder, word: str) -> None:
    other = Dictionary(Image=builder.make_image(draw_word(word)), DefaultForPrinting=False)
    _draw_image(builder, builder.make_image(Image.new("L", (4, 4), 200), Alternates=[other]), word)


@place("thumbnail")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    builder.pages[number].obj.Thumb = builder.make_image(draw_word(word))


@place("comment in a JPEG")
def _(builder: Builder, word: str) -> None:
    out = io.BytesIO()
    Image.new("L", (8, 8), 200).save(out, "JPEG", comment=word.encode())
    image = builder.make_stream(
        out.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=8,
        Height=8,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray,
        Filter=Name.DCTDecode,
    )
    _draw_image(builder, image, word)


@place("EXIF of a JPEG")
def _(builder: Builder, word: str) -> None:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x013B] = word
    Image.new("L", (8, 8), 200).save(out, "JPEG", exif=exif)
    image = builder.make_stream(
        out.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=8,
        Height=8,
        BitsPerComponent=8,
        ColorSpace=Name.DeviceGray,
        Filter=Name.DCTDecode,
    )
    _draw_image(builder, image, word)


@place("metadata of a picture")
def _(builder: Builder, word: str) -> None:
    about = builder.make_stream(_write_xmp("description", word), Type=Name.Metadata, Subtype=Name.XML)
    _draw_image(builder, builder.make_image(Image.new("L", (4, 4), 200), Metadata=about), word)


# Annotations and forms.


@place("note")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/Contents": word}, "Text")


@place("author of a note")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/T": word}, "Text", Contents="see there")


@place("subject of a note")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/Subj": word}, "Text", Contents="see there")


@place("rich text of a note")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/RC": f"<body><p>{word}</p></body>"}, "Text", Contents="see there")


@place("name of a note")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/NM": word}, "Text", Contents="see there")


@place("popup")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/Contents": word}, "Popup")


@place("text written on the page")
def _(builder: Builder, word: str) -> None:
    form = builder.make_form(b"BT /F1 12 Tf 2 4 Td (%b) Tj ET" % word.encode())
    form.BBox = Array([0, 0, 120, 16])
    builder.annotate({"/Contents": word}, "FreeText", DA="/F1 12 Tf", AP=Dictionary(N=form))


@place("hidden stamp")
def _(builder: Builder, word: str) -> None:
    form = builder.make_form(b"BT /F1 12 Tf 2 4 Td (%b) Tj ET" % word.encode())
    stamp = builder.annotate({}, "Stamp", AP=Dictionary(N=form))
    stamp.F = 2


@place("appearance that is not shown")
def _(builder: Builder, word: str) -> None:
    form = builder.make_form(b"BT /F1 12 Tf 2 4 Td (%b) Tj ET" % word.encode())
    builder.annotate({}, "Square", AP=Dictionary(N=builder.make_form(b""), D=form))


@place("text of a redaction mark")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/OverlayText": word}, "Redact")


@place("address of a link")
def _(builder: Builder, word: str) -> None:
    builder.annotate({}, "Link", A=Dictionary(S=Name.URI, URI=String(f"https://example.org/{word}")))


@place("link to another file")
def _(builder: Builder, word: str) -> None:
    builder.annotate({}, "Link", A=Dictionary(S=Name.GoToR, F=String(f"{word}.pdf"), D=[0, Name.Fit]))


@place("attached by a pin")
def _(builder: Builder, word: str) -> None:
    held = builder.make_stream(word.encode(), Type=Name.EmbeddedFile)
    builder.annotate(
        {},
        "FileAttachment",
        FS=Dictionary(Type=Name.Filespec, F=String("a.txt"), EF=Dictionary(F=held)),
        Contents="see file",
    )


@place("title of a film")
def _(builder: Builder, word: str) -> None:
    builder.annotate({"/T": word}, "Movie", Movie=Dictionary(F=String("film.avi")))


@place("3D view")
def _(builder: Builder, word: str) -> None:
    model = builder.make_stream(b"U3D", Type=Name("/3D"), Subtype=Name.U3D)
    view = Dictionary(Type=Name("/3DView"), XN=String(word))
    annotation = builder.annotate({"/3DD": model}, "3D")
    annotation["/3DV"] = view


@place("rich media")
def _(builder: Builder, word: str) -> None:
    held = builder.make_stream(word.encode())
    assets = Dictionary(Names=[String("a.swf"), Dictionary(F=String("a.swf"), EF=Dictionary(F=held))])
    builder.annotate({}, "RichMedia", RichMediaContent=Dictionary(Assets=assets))


@place("value of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx", V=word)


@place("name of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx", T=word)


@place("tooltip of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx", TU=word)


@place("default of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx", DV=word)


@place("choice of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Ch", Opt=Array([Array([String(word), String("one")])]), V="one")


@place("caption of a button")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Btn", MK=Dictionary(CA=String(word)))


@place("script of a field")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx", AA=Dictionary(K=Dictionary(S=Name.JavaScript, JS=String(f"var a='{word}'"))))


@place("signature")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Sig", V=Dictionary(Type=Name.Sig, Reason=String(word), Contents=String("00")))


@place("name in a signature")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Sig", V=Dictionary(Type=Name.Sig, Name=String(word), Contents=String("00")))


@place("XFA")
def _(builder: Builder, word: str) -> None:
    builder.add_field("Tx")
    form = builder.document.Root.AcroForm
    form.XFA = builder.make_stream(f"<xdp><text>{word}</text></xdp>".encode())


# The document.


def _place_info(key: str) -> None:
    @place(f"Info: {key}")
    def _(builder: Builder, word: str) -> None:
        builder.document.docinfo[f"/{key}"] = word


for _key in ("Title", "Author", "Subject", "Keywords", "Creator", "Producer", "Reviewer"):
    _place_info(_key)


def _write_xmp(key: str, word: str) -> bytes:
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
        'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description rdf:about="" '
        f'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:{key}>{word}</dc:{key}></rdf:Description></rdf:RDF>'
        '</x:xmpmeta><?xpacket end="w"?>'
    ).encode()


@place("XMP of the document")
def _(builder: Builder, word: str) -> None:
    xmp = builder.make_stream(_write_xmp("creator", word), Type=Name.Metadata, Subtype=Name.XML)
    builder.document.Root.Metadata = xmp


@place("XMP of a page")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    xmp = builder.make_stream(_write_xmp("creator", word), Type=Name.Metadata, Subtype=Name.XML)
    builder.pages[number].obj.Metadata = xmp


def _attach(builder: Builder, data: bytes, name: str = "data.bin", about: str = "data") -> None:
    held = builder.make_stream(data, Type=Name.EmbeddedFile)
    builder.name(
        "EmbeddedFiles",
        name,
        Dictionary(
            Type=Name.Filespec, F=String(name), UF=String(name), Desc=String(about), EF=Dictionary(F=held)
        ),
    )


@place("attachment")
def _(builder: Builder, word: str) -> None:
    _attach(builder, f"told by {word}".encode(), "notes.txt")


@place("name of an attachment")
def _(builder: Builder, word: str) -> None:
    _attach(builder, b"nothing", f"{word}.txt")


@place("description of an attachment")
def _(builder: Builder, word: str) -> None:
    _attach(builder, b"nothing", "plain.txt", word)


_LOCK = pikepdf.Encryption(user="", owner="", R=2, metadata=False, aes=False)


@place("locked copy attached")
def _(builder: Builder, word: str) -> None:
    copy, _ = _build({"visible text": word})
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(copy)) as document:
        # RC4 of 40 bits, because anything newer draws a random key and would differ each time.
        document.save(out, encryption=_LOCK, static_id=True)
    _attach(builder, out.getvalue(), "copy.pdf")


@place("packed folder attached")
def _(builder: Builder, word: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as folder:
        folder.writestr(zipfile.ZipInfo("notes.txt"), f"told by {word}, who said little ")
    _attach(builder, out.getvalue(), "notes.zip")


@place("script of the document")
def _(builder: Builder, word: str) -> None:
    script = Dictionary(S=Name.JavaScript, JS=String(f"// {word}"))
    builder.name("JavaScript", "start", script)


@place("script at opening")
def _(builder: Builder, word: str) -> None:
    held = builder.make_stream(f"app.alert('{word}')".encode())
    builder.document.Root.OpenAction = Dictionary(S=Name.JavaScript, JS=held)


@place("script of a page")
def _(builder: Builder, word: str) -> None:
    number = builder.draw(b"", word)
    action = Dictionary(S=Name.JavaScript, JS=String(f"// {word}"))
    builder.pages[number].obj.AA = Dictionary(O=action)


@place("page label")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.PageLabels = Dictionary(Nums=[0, Dictionary(P=String(f"{word}-"), S=Name.D)])


@place("private data of a program")
def _(builder: Builder, word: str) -> None:
    piece = Dictionary(LastModified=String("D:20260101"), Private=Dictionary(Note=String(word)))
    builder.document.Root.PieceInfo = Dictionary(Editor=piece)


@place("bookmark")
def _(builder: Builder, word: str) -> None:
    with builder.document.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem(word, 0))


@place("named destination")
def _(builder: Builder, word: str) -> None:
    builder.name("Dests", word, Array([builder.pages[0].obj, Name.Fit]))


@place("destination of the old kind")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.Dests = Dictionary({f"/{word}": Array([builder.pages[0].obj, Name.Fit])})


@place("article thread")
def _(builder: Builder, word: str) -> None:
    thread = Dictionary(Type=Name.Thread, I=Dictionary(Title=String(word)))
    builder.document.Root.Threads = Array([builder.document.make_indirect(thread)])


@place("output intent")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.OutputIntents = Array(
        [Dictionary(S=Name.GTS_PDFA1, OutputConditionIdentifier=String("Custom"), Info=String(word))]
    )


@place("private entry of the catalog")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.LWNote = String(word)


@place("name of a private entry")
def _(builder: Builder, word: str) -> None:
    builder.document.Root[f"/{word}"] = True


@place("web capture")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.SpiderInfo = Dictionary(
        V=1.0, C=Array([Dictionary(URL=String(f"https://example.org/{word}"))])
    )


@place("portfolio")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.Collection = Dictionary(
        Schema=Dictionary(Who=Dictionary(Subtype=Name.S, N=String(word)))
    )


@place("legal attestation")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.Legal = Dictionary(Attestation=String(word))


@place("requirements")
def _(builder: Builder, word: str) -> None:
    handler = Dictionary(S=Name.JS, Script=String(word))
    builder.document.Root.Requirements = Array([Dictionary(S=Name.EnableJavaScripts, RH=handler)])


@place("alternative text")
def _(builder: Builder, word: str) -> None:
    builder.add_element(Alt=String(word))


@place("expansion of a short form")
def _(builder: Builder, word: str) -> None:
    builder.add_element(E=String(word))


@place("replacement text in the structure")
def _(builder: Builder, word: str) -> None:
    builder.add_element(ActualText=String(word))


@place("title in the structure")
def _(builder: Builder, word: str) -> None:
    builder.add_element(T=String(word))


@place("class in the structure")
def _(builder: Builder, word: str) -> None:
    builder.add_element(C=Name(f"/{word}"))


@place("attribute in the structure")
def _(builder: Builder, word: str) -> None:
    owner = Dictionary(O=Name.UserProperties, P=Array([Dictionary(N=String("who"), V=String(word))]))
    builder.add_element(A=owner)


@place("text in UTF-16")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.LWWide = String(b"\xfe\xff" + word.encode("utf-16-be"))


@place("stream that nothing refers to by type")
def _(builder: Builder, word: str) -> None:
    builder.document.Root.LWHeld = builder.make_stream(f"kept: {word}".encode())


# Between and behind the objects.


@place("before the header")
def _(builder: Builder, word: str) -> None:
    # Offsets count from the header (ISO 32000-1, annex H.3), so that readers still find everything.
    builder.late.append(lambda data: word.encode() + b"\n" + data)


@place("behind the end")
def _(builder: Builder, word: str) -> None:
    builder.late.append(lambda data: data + b"\n%% %b\n" % word.encode())


@place("packed, behind the end")
def _(builder: Builder, word: str) -> None:
    packed = zlib.compress(b"BT /F1 12 Tf (%b) Tj ET" % word.encode())
    builder.late.append(
        lambda data: data + b"\n8000 0 obj\n<<>>\nstream\n" + packed + b"\nendstream\nendobj\n"
    )


@place("object that nothing refers to")
def _(builder: Builder, word: str) -> None:
    builder.late.append(lambda data: data + b"\n8001 0 obj\n(%b)\nendobj\n" % word.encode())


@place("object stream left behind")
def _(builder: Builder, word: str) -> None:
    body = b"8003 0 <</Note (%b)>>" % word.encode()
    packed = zlib.compress(body)
    head = b"\n8002 0 obj\n<</Type/ObjStm/N 1/First 7/Filter/FlateDecode/Length %d>>\nstream\n" % len(packed)
    builder.late.append(lambda data: data + head + packed + b"\nendstream\nendobj\n")


@place("earlier revision")
def _(builder: Builder, word: str) -> None:
    # First of all, because it writes the file anew and loses what lies between objects.
    builder.late.insert(0, lambda data: _revise(data, f"draft by {word}".encode()))


def _revise(data: bytes, draft: bytes) -> bytes:
    """Write a draft into an object of the file, and an empty one in its place in a later revision."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(data)) as document:
        document.Root.LWDraft = document.make_stream(draft)
        document.save(out, static_id=True, object_stream_mode=pikepdf.ObjectStreamMode.disable)
    first = out.getvalue()
    with pikepdf.open(io.BytesIO(first)) as document:
        held, root = document.Root.LWDraft.objgen[0], document.Root.objgen[0]
        size = int(document.trailer.Size)
    before = int(first[first.rindex(b"startxref") + 10 :].split()[0])
    body = b"%d 0 obj\n<</Length 5>>\nstream\nempty\nendstream\nendobj\n" % held
    table = b"xref\n%d 1\n%010d 00000 n \ntrailer\n<</Size %d/Root %d 0 R/Prev %d>>\nstartxref\n%d\n%%%%EOF\n"
    return first + body + table % (held, len(first), size, root, before, len(first) + len(body))
