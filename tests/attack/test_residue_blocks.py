"""The residue check blocks each deliberately faulty redaction, with its place, and passes a good one."""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import Callable

import pikepdf
import pytest
from PIL import Image, ImageDraw
from published_fixture import (
    HEIGHT,
    LABEL,
    NAME,
    SIZE,
    TEXT,
    TOP,
    WIDTH,
    Case,
    draw_picture,
    load_font,
    needs_ocr,
    redact,
    set_line,
    set_pages,
    take_picture,
)

from lightwell.archive import page, published_pdf
from lightwell.archive.residue import Hidden
from lightwell.base import errors
from lightwell.files import ocr, residue, workers
from lightwell.files.residue import Exit, Subject

Fault = Callable[[Case], Subject]
FAULTS: list[tuple[str, str, Fault]] = []


@pytest.fixture(scope="module")
def pool():
    with workers.Pool(1) as shared:
        yield shared


def add(name: str, exit_name: str, fault: Fault) -> None:
    FAULTS.append((name, exit_name, fault))


def change_sheet(case: Case, number: int, **changes: object) -> Subject:
    sheets = list(case.document.sheets)
    sheets[number] = dataclasses.replace(sheets[number], **changes)
    return case.check_with(dataclasses.replace(case.document, sheets=tuple(sheets)))


def say(text: str, number: int = 0, kind: str = "reset") -> Fault:
    """Let the text layer of a page say something that was not decided."""

    def fault(case: Case) -> Subject:
        words = tuple(page.Word(word, (40, 200, 140, 218)) for word in text.split("|"))
        blocks = (*case.document.sheets[number].blocks, published_pdf.Block(kind, words))
        return change_sheet(case, number, blocks=blocks)

    return fault


def show(draw: Callable[[ImageDraw.ImageDraw, tuple[int, int, int, int]], None], region: int = 0) -> Fault:
    """Draw the page whole, and then what is to hide the region."""

    def fault(case: Case) -> Subject:
        sheet = paint_whole()
        others = [each.boxes[0] for k, each in enumerate(case.subject.hidden) if k != region]
        pen = ImageDraw.Draw(sheet)
        for box in others:
            pen.rectangle(box, 0x88)
        draw(pen, case.subject.hidden[region].boxes[0])
        return change_sheet(case, 0, picture=take_picture(sheet))

    return fault


def paint_whole() -> Image.Image:
    sheet = Image.new("L", (WIDTH, HEIGHT), 255)
    pen = ImageDraw.Draw(sheet)
    for word in (word for line in set_pages()[0] for word in line):
        pen.text(word.box[:2], word.text, 0, load_font())
    return sheet


def leave(name: str, text: str, frame: str = "") -> Fault:
    return lambda case: case.check_with(exits=(Exit(name, text, frame),))


def change_file(change: Callable[[pikepdf.Pdf], None]) -> Fault:
    def fault(case: Case) -> Subject:
        with pikepdf.open(io.BytesIO(case.subject.pdf)) as document:
            change(document)
            out = io.BytesIO()
            document.save(out)
        return dataclasses.replace(case.subject, pdf=out.getvalue())

    return fault


def change_bytes(change: Callable[[bytes], bytes]) -> Fault:
    return lambda case: dataclasses.replace(case.subject, pdf=change(case.subject.pdf))


def draw_upright(case: Case) -> Subject:
    sheet = paint_whole()
    pen = ImageDraw.Draw(sheet)
    for each in case.subject.hidden:
        pen.rectangle(each.boxes[0], 0x88)
    name = Image.new("L", (150, 24), 255)
    ImageDraw.Draw(name).text((4, 2), "Katherine Ashdown", 0, load_font())
    sheet.paste(name.rotate(90, expand=True), (585, 40))
    more = Hidden(1, ("Katherine", "Ashdown"), ((586, 40, 608, 190),))
    wrong = change_sheet(case, 0, picture=take_picture(sheet))
    return dataclasses.replace(wrong, hidden=(*wrong.hidden, more))


def turn_box(box: tuple[int, int, int, int]) -> tuple[int, int, int, int]:
    return WIDTH - box[2], HEIGHT - box[3], WIDTH - box[0], HEIGHT - box[1]


def lie_upside_down(case: Case) -> Subject:
    """The first page as a scan that was put in upside down, with the name left in its picture."""
    sheet = paint_whole()
    ImageDraw.Draw(sheet).rectangle(case.subject.hidden[1].boxes[0], 0x88)
    turned = change_sheet(case, 0, picture=take_picture(sheet.rotate(180)))
    words = tuple(page.Word(word.text, turn_box(word.box)) for word in case.subject.pages[0])
    hidden = tuple(
        dataclasses.replace(each, boxes=tuple(map(turn_box, each.boxes)), turned=True)
        for each in case.subject.hidden
    )
    return dataclasses.replace(turned, pages=(words, *case.subject.pages[1:]), hidden=hidden)


def decide_second_page(case: Case) -> Subject:
    text = (TEXT[0], (*TEXT[1], "Thanks go to Katherine Ashdown for all of it."))
    return redact(text=text).subject


def decide_surname_again(case: Case) -> Subject:
    text = (TEXT[0], (*TEXT[1], "It was P-20417 who asked for a second visit."))
    return redact(text=text).subject


def repeat_word(case: Case) -> Subject:
    """Hide "Field", which stands visible once in the same line's neighbour, and leave it in the layer too."""
    text = (("Field work by Nora Field in spring",), TEXT[1])
    good = redact([((0, 0, 4),)], text)
    return say("Field")(good)


def nothing_decided(case: Case) -> Subject:
    document = case.document
    extra = published_pdf.Sheet(draw_picture([set_line("Katherine Ashdown", TOP)]), ())
    extra = dataclasses.replace(extra, blocks=(published_pdf.Block("reset", set_line("Ashdown", TOP)),))
    return case.check_with(dataclasses.replace(document, sheets=(*document.sheets, extra)))


add("the text layer keeps the name", "page", say("Katherine|Ashdown"))
add("the text layer keeps the given name", "page", say("Katherine"))
add("the text layer keeps the surname", "page", say("Ashdown"))
add("the beginning of the name is left", "page", say("Kath"))
add("the end of the name is left", "page", say("erine"))
add("four letters of the surname are left", "page", say("hdow"))
add("the letters stand apart", "page", say("K|a|t|h|e|r|i|n|e"))
add("the name is divided", "page", say("Kat|her|ine"))
add("the name is written backwards", "page", say("enirehtaK"))
add("the name is in capitals", "page", say("KATHERINE"))
add("the name has accents", "page", say("Kathérîne"))
add("the name is a genitive", "page", say("Ashdown's"))
add("the name is joined to other words", "page", say("withAshdownand"))
add("the name has soft hyphens", "page", say("Kath\u00aderine"))
add("the name has invisible letters", "page", say("Ash\u200bdown"))
add("the name is in wide letters", "page", say("Ｋａｔｈｅｒｉｎｅ"))
add("the label says the name", "page", say("[hidden:Katherine]", kind="label"))
add("a line presented as sealed says the name", "page", say("Katherine|Ashdown", kind="sealed"))
add("the second page says the name", "page", say("Ashdown", 1))
add("the number of the id is left", "page", say("20417"))
add("half of the id is left", "page", say("P-204"))
add("the id is written with blanks", "page", say("P|-|2|0|4|1|7"))
add("a word is there once more than by right", "page", repeat_word)
add("the picture shows the name", "picture", show(lambda pen, box: None))
add("the picture shows the id", "picture", show(lambda pen, box: None, region=1))
add(
    "the box is a line off",
    "picture",
    show(lambda pen, box: pen.rectangle((box[0], box[1] + 30, box[2], box[3] + 30), 0x88)),
)
add(
    "the box covers half of the name",
    "picture",
    show(lambda pen, box: pen.rectangle((box[0], box[1], (box[0] + box[2]) // 2, box[3]), 0x88)),
)
add(
    "the box leaves the beginning",
    "picture",
    show(lambda pen, box: pen.rectangle((box[0] + 45, box[1], box[2], box[3]), 0x88)),
)
add(
    "the box is a frame",
    "picture",
    show(lambda pen, box: pen.rectangle(box, None, 0x88)),
)
add(
    "the box lies under the name",
    "picture",
    show(
        lambda pen, box: (
            pen.rectangle(box, 0xBB),
            pen.text((box[0] + 2, box[1] + 2), "Katherine Ashdown", 0, load_font()),
        )
    ),
)
add(
    "the box bears the name in white",
    "picture",
    show(
        lambda pen, box: (
            pen.rectangle(box, 0),
            pen.text((box[0] + 2, box[1] + 2), "Katherine Ashdown", 255, load_font()),
        )
    ),
)
add("a name that runs up the page is shown", "picture", draw_upright)
add("a name on a page that lies upside down is shown", "picture", lie_upside_down)
add(
    "the title of the PDF names her",
    "metadata",
    lambda case: case.check_with(dataclasses.replace(case.document, title="Visit to Katherine Ashdown")),
)
add("the file name names her", "file name", leave("file name", "interview-ashdown-2.pdf"))
add("the file name is one word", "file name", leave("file name", "KatherineAshdown.pdf"))
add("the index holds the name", "index", leave("index", "on tuesday katherine ashdown told us"))
add("the page holds the name", "page HTML", leave("page HTML", "<p>On Tuesday <b>Katherine</b> told us</p>"))
add("tags divide the name", "page HTML", leave("page HTML", "<p>Kath<b>er</b>ine</p>"))
add("entities spell the name", "page HTML", leave("page HTML", "<p>&#65;shd&#x6f;wn</p>"))
add("a link leads to the name", "page HTML", leave("page HTML", '<a href="/p?q=Katherine%20Ash%64own">x</a>'))
add("a label names her", "label", leave("label", "A person who took part: Ashdown"))
add("the proof holds the line", "proof", leave("proof", json.dumps({"line": [["Ashdown", 1, 2, 3, 4]]})))
add("the proof spells the id", "proof", leave("proof", '{"line": "\\u0050-20417"}'))
add("the record of the bundle names the file", "bundle", leave("bundle", '{"file": "p20417_final.pdf"}'))
add("the frame does not excuse the name", "page HTML", leave("page HTML", "Ashdown", "Lightwell reports"))
add("the second page was decided to show the name", "visible by decision", decide_second_page)
add("the second page was decided to show the id", "visible by decision", decide_surname_again)
add(
    "another form of the roster is visible",
    "visible by decision",
    lambda case: case.check_with(roster=("Leeds",)),
)
add(
    "another form of the roster is in the title",
    "metadata",
    lambda case: dataclasses.replace(
        case.check_with(dataclasses.replace(case.document, title="Notes on Kitty A.")), roster=("Kitty",)
    ),
)
add(
    "Info names her",
    "metadata",
    change_file(lambda document: document.docinfo.__setitem__("/Author", "Katherine Ashdown")),
)
add(
    "a key of a program of its own names her",
    "strings of all objects",
    change_file(lambda document: document.Root.__setitem__("/Piece", pikepdf.String("Ashdown"))),
)
add(
    "a form field is named after her",
    "form fields",
    change_file(
        lambda document: document.Root.__setitem__(
            "/AcroForm",
            pikepdf.Dictionary(
                Fields=[document.make_indirect(pikepdf.Dictionary(FT=pikepdf.Name.Tx, T="ashdown"))]
            ),
        )
    ),
)
add(
    "a bookmark names her",
    "bookmarks",
    change_file(lambda document: add_bookmark(document)),
)
add(
    "a file is attached",
    "attachments",
    change_file(lambda document: document.attachments.__setitem__("ashdown.txt", b"nothing")),
)
add("something follows the end", "raw bytes", change_bytes(lambda pdf: pdf + b"\n% Katherine Ashdown\n"))
add("something precedes the header", "raw bytes", change_bytes(lambda pdf: b"Ashdown\n" + pdf))
add("a page was never decided about", "page", nothing_decided)


def add_bookmark(document: pikepdf.Pdf) -> None:
    with document.open_outline() as outline:
        outline.root.append(pikepdf.OutlineItem("Katherine Ashdown", 0))


def test_there_are_at_least_forty_faults():
    assert len({name for name, _, _ in FAULTS}) == len(FAULTS) >= 40


@pytest.mark.parametrize(
    ("name", "exit_name", "fault"),
    [pytest.param(*each, id=each[0], marks=needs_ocr if each[1] == "picture" else ()) for each in FAULTS],
)
def test_a_faulty_redaction_is_blocked(name, exit_name, fault, pool):
    result = residue.check_residue(fault(redact()), pool)

    assert result.blocks
    assert exit_name in {survivor.exit for survivor in result.survivors}, result
    said = " ".join(map(str, result.list_problems())) + repr(result)
    assert "ashdown" not in said.lower()
    assert "20417" not in said


@needs_ocr
@pytest.mark.parametrize("hides_width", [True, False])
def test_a_good_redaction_passes(hides_width, pool):
    exits = (
        Exit("file name", "spring-study-2.pdf"),
        Exit("page HTML", "<title>Spring study</title><p>On Tuesday [hidden:participant] told us", "title"),
        Exit(
            "proof",
            json.dumps({"head": "b29a04ce7b1a", "salt": "a2F0aGVy", "file": "doc-2"}),
            "doc head salt",
        ),
    )
    result = residue.check_residue(redact(hides_width=hides_width).check_with(exits=exits), pool)

    assert result == residue.Result((), (), "", True)


GOOD = {
    "a hidden word that is common elsewhere": ([((0, 0, 4),)], (("Field work by Nora Field in spring",),)),
    "a short name": ([((0, 0, 2),)], (("Another plan: Ann planned an announcement, and Anna banned it.",),)),
    "a month that is a name": ([((0, 0, 0),)], (("May told us in May that she may come",),)),
    "hidden prose": (
        [tuple((0, 0, k) for k in range(1, 8))],
        (("then she told her mother about the night and she said", "about the night she said then no more"),),
    ),
    "a name beside words like it": (
        [((0, 0, 1),)],
        (("When Catherine gathered there the other mothers rather bothered", "her rather than gathering"),),
    ),
    "two initials": ([((0, 0, 2), (0, 0, 3))], (("told by J. K. and two others",),)),
    "an id beside numbers": ([((0, 0, 1),)], (("Answer P-20417 of 20418, 2041 and 417 were kept",),)),
}


@pytest.mark.parametrize("case", GOOD)
def test_words_that_are_visible_by_right_are_no_alarm(case, pool):
    assert not residue.check_residue(redact(*GOOD[case]).subject, pool).survivors


def test_a_person_may_keep_a_value_visible(pool):
    wrong = decide_second_page(redact())

    assert residue.check_residue(wrong, pool).blocks
    kept = dataclasses.replace(wrong, kept=frozenset({"Katherine Ashdown"}))
    assert not residue.check_residue(kept, pool).blocks


def test_a_value_kept_elsewhere_must_still_be_gone_where_it_is_hidden(pool):
    kept = frozenset({"Katherine Ashdown", "Katherine", "Ashdown"})
    wrong = dataclasses.replace(say("Ashdown")(redact()), kept=kept)

    assert {survivor.exit for survivor in residue.check_residue(wrong, pool).survivors} == {"page"}


def test_a_damaged_pdf_blocks_because_it_cannot_be_read(pool):
    good = redact()
    cut = dataclasses.replace(good.subject, pdf=good.subject.pdf[:4000])
    result = residue.check_residue(cut, pool)

    assert result.blocks
    assert result.form
    assert result.failed


def test_a_page_too_few_blocks(pool):
    good = redact()
    short = dataclasses.replace(good.document, sheets=good.document.sheets[:1])

    assert "1 page" in residue.check_residue(good.check_with(short), pool).form


@needs_ocr
def test_a_long_document_is_read_in_stretches_and_its_last_page_as_well(pool, monkeypatch):
    monkeypatch.setattr(residue, "_LONG", 2)
    text = (*TEXT, *((f"Page {k} has one line",) for k in range(3, 8)))
    good = redact([NAME, ((6, 0, 4),)], text)

    assert residue.check_residue(good.subject, pool) == residue.Result((), (), "", True)
    (survivor,) = {
        (each.page, each.exit)
        for each in residue.check_residue(say("Ashdown", 5)(good), pool).survivors
        if each.extractor == "pdfium"
    }
    assert survivor == (6, "page")
    broken = dataclasses.replace(good.subject, pdf=good.subject.pdf + b"Ashdown")
    assert residue.check_residue(broken, pool).form


def test_without_tesseract_it_says_what_was_not_looked_at(pool, monkeypatch):
    monkeypatch.setattr(ocr, "is_here", lambda: False)
    result = residue.check_residue(show(lambda pen, box: None)(redact()), pool)

    assert not result.blocks
    assert not result.ocr_ran
    assert "tesseract-ocr" in result.notes[0]


@needs_ocr
@pytest.mark.parametrize(
    ("first", "again", "blocks"),
    [
        ("EEEMANMP yiwer TEE", "PEEMNVMP yiwer TEE", False),
        ("EEEMANMP yiwer TEE", "EEEMANMP yiwer TEE", True),
        ("told by Name and", "nothing", True),
    ],
)
def test_a_short_name_inside_letters_that_are_misread_counts_when_it_is_read_again(
    pool, monkeypatch, first, again, blocks
):
    case = redact([((0, 0, 2),)], (("told by Name and others",),))
    monkeypatch.setattr(
        ocr,
        "read_pictures",
        lambda pictures, layout=None, pool=None: [first if layout is None else again] * len(pictures),
    )
    assert residue.check_residue(case.subject, pool).blocks == blocks


@needs_ocr
def test_a_long_name_inside_other_letters_counts_at_once(pool, monkeypatch):
    case = redact([((0, 0, 2),)], (("told by Ashdown and others",),))
    monkeypatch.setattr(
        ocr,
        "read_pictures",
        lambda pictures, layout=None, pool=None: (
            ["withashdownand" if layout is None else "nothing"] * len(pictures)
        ),
    )
    assert residue.check_residue(case.subject, pool).blocks


@needs_ocr
def test_an_engine_that_fails_is_no_answer(pool, monkeypatch):
    monkeypatch.setattr(ocr, "ONE_BLOCK", "no layout")
    monkeypatch.setattr(ocr.read_pictures, "__defaults__", ("no layout", None))

    with pytest.raises(errors.CouldNotCheck):
        residue.check_residue(redact().subject, pool)


def test_the_fixture_hides_nothing_by_accident():
    """The label is decided, and the name has its own places: else the faults above prove nothing."""
    good = redact()
    words = [word.text for sheet in good.subject.pages for word in sheet]

    assert LABEL in words
    assert [set_pages()[n][k][w].text for n, k, w in NAME] == ["Katherine", "Ashdown"]
    assert TOP > 0 < SIZE
