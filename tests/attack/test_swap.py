"""Two hundred documents that differ in a hidden name alone are published as one: same PDF, same opening.

Every other exit: `test_swap_everywhere`, on fewer names and places, because each is an archive of its own.

What stays different is left out first: the salted hash of the file and of each hidden line and patch, which
tells nothing to whoever has no salt. Names that give their paragraph another number of lines are not
compared: that much is seen, and docs/decisions/0008 says so.
"""

from __future__ import annotations

import collections
import datetime
import io
import itertools
import random

import pikepdf
import pytest
from reportlab.lib.enums import TA_JUSTIFY, TA_LEFT
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfgen import canvas
from reportlab.platypus import Frame, Paragraph

from lightwell.archive import opening, page, published_pdf, redacted_page, redaction, release, seal
from lightwell.base import canonical
from lightwell.files import pdf, redrawing, rehearsal

NAMES, IN_CI = 200, 6
KEY = bytes(range(32))
REVIEW = datetime.date(2030, 1, 1)
TEXT = (
    "On Tuesday we sat in the kitchen for an hour. {middle}told us that the telephone stays in the hall at "
    "night, that nobody in the house minds, and that the younger ones fall asleep sooner since the spring. "
    "Asked about weekends, the answer was shorter, and the mother laughed about it before she went on with"
)
PLACES = {
    "middle": TEXT.replace("{middle}", "{} ") + " her work.",
    "start": "{} was there. " + TEXT.replace("{middle}", "She ") + ".",
    "end": TEXT.replace("{middle}", "She ") + ". The rest was said by {}",
    "twice": TEXT.replace("{middle}", "{} ") + ", as {} said.",
}
FIRST = (
    "Ana",
    "Bo",
    "Cedric",
    "Dorothea",
    "Eli",
    "Fenna",
    "Gwendolyn",
    "Hal",
    "Iris",
    "Jonathan",
    "Kit",
    "Lucretia",
    "Milo",
    "Nadezhda",
    "Oda",
    "Philippa",
)
LAST = (
    "Ash",
    "Birch",
    "Cole",
    "Drake",
    "Ellsworth",
    "Fox",
    "Grey",
    "Hollingsworth",
    "Ince",
    "Joy",
    "Kerr",
    "Lamb",
    "Montgomery",
    "Nye",
    "Orr",
    "Poe",
)
CASES = list(itertools.product(("ragged", "justified"), ("participant", "junior-staff")))


def list_names(count: int, seed: int = 7) -> list[str]:
    """List names of one to four words, every third with a hyphen, none twice."""
    dice, names = random.Random(seed), dict.fromkeys(())
    for number in itertools.count():
        words = [dice.choice(FIRST)] + [dice.choice(LAST) for _ in range(number % 4)]
        if number % 3 == 0:
            words[-1] += "-" + dice.choice(LAST)
        names[" ".join(words)] = None
        if len(names) == count:
            return list(names)
    raise AssertionError


def print_document(text: str, alignment: int) -> bytes:
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(420, 260), invariant=True)
    style = ParagraphStyle("text", fontName="Times-Roman", fontSize=11, leading=14, alignment=alignment)
    head = ParagraphStyle("head", parent=style, fontSize=14, spaceAfter=10)
    below = ParagraphStyle("below", parent=style, spaceBefore=14)
    paragraphs = [
        Paragraph("Interview seven", head),
        Paragraph(text, style),
        Paragraph("A second paragraph says nothing about anybody.", below),
    ]
    Frame(40, 30, 340, 210).addFromList(paragraphs, sheet)
    sheet.showPage()
    sheet.save()
    return out.getvalue()


def publish(source: bytes, name: str, ground: str, path) -> tuple[int, bytes, bytes]:
    """Publish a document: how many lines it has, its PDF, its opening without hashes of what is hidden."""
    path.write_bytes(source)
    (parts,) = pdf.read_pages(path)
    regions = [
        redaction.Region(ground, "approver", REVIEW, True, words=words)
        for words in rehearsal.find_words(parts, name)
    ]
    assert regions
    not_shown = redaction.Region(redaction.NOT_SHOWN, "approver", REVIEW, False)
    made = redrawing.redraw_page(parts, regions, not_shown)
    data = published_pdf.format_document(published_pdf.Document("Interview seven", "en", (made.sheet,)))
    header = seal.Header("std-6wtb7d1t76x3nf", 1, 1, "renderer")
    measure = seal.FileMeasure(bytes(32), len(source))
    root = page.compute_root(seal.derive_page_seeds(KEY, 1)[0], parts)
    hidden = made.plan.hidden_lines, made.plan.hidden_patches
    shown = opening.open_page(KEY, header, measure, [root], parts, *hidden)
    gaps = [redacted_page.PublishedRegion(gap.ground, gap.decided_by, gap.review) for gap in made.plan.gaps]
    pages = [(shown, gaps)]
    record = release.make_redacted_opening(header=header, document="0" * 64, pages=pages, holdings=[])
    return len(parts.lines), data, canonical.encode(leave_out_hashes(record))


def leave_out_hashes(value):
    """Leave out what is a salted hash of something hidden: of the file, and of nodes that no seed opens."""
    if isinstance(value, dict):
        hashes = ("hash", "file_hash")
        return {key: "-" if key in hashes else leave_out_hashes(each) for key, each in value.items()}
    return [leave_out_hashes(each) for each in value] if isinstance(value, list) else value


def turn_document(source: bytes, turn: int) -> bytes:
    """Have a reader see the page turned by so many degrees."""
    with pikepdf.open(io.BytesIO(source)) as document:
        document.pages[0].obj.Rotate = turn
        out = io.BytesIO()
        document.save(out, static_id=True)
    return out.getvalue()


def collect(
    count: int, alignment: int, text: str, ground: str, path, turn: int = 0
) -> list[tuple[bytes, bytes]]:
    """Publish until `count` documents have one number of lines."""
    published, lines = [], collections.Counter()
    for name in list_names(count * 4):
        source = print_document(text.format(name, name), alignment)
        source = turn_document(source, turn) if turn else source
        published.append(publish(source, name, ground, path))
        lines[published[-1][0]] += 1
        usual, found = lines.most_common(1)[0]
        if found == count:
            return [(data, record) for number, data, record in published if number == usual]
    raise AssertionError(lines)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize(("setting", "ground"), CASES)
@pytest.mark.parametrize("count", [IN_CI, pytest.param(NAMES, marks=pytest.mark.full)])
def test_names_that_are_hidden_give_one_document(count, setting, ground, place, tmp_path):
    alignment = TA_LEFT if setting == "ragged" else TA_JUSTIFY
    published = collect(count, alignment, PLACES[place], ground, tmp_path / "one.pdf")

    assert len(published) == count
    assert len({data for data, _ in published}) == 1
    assert len({record for _, record in published}) == 1


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("turn", [90, 180, 270])
@pytest.mark.parametrize("count", [IN_CI, pytest.param(NAMES, marks=pytest.mark.full)])
def test_names_on_words_that_lie_on_their_side_give_one_document(count, turn, place, tmp_path):
    published = collect(count, TA_LEFT, PLACES[place], "participant", tmp_path / "one.pdf", turn)

    assert len(published) == count
    assert len({data for data, _ in published}) == 1
    assert len({record for _, record in published}) == 1


def test_a_plain_box_would_have_told_them_apart(tmp_path):
    """The same names with a box as wide as each: the test above can fail."""
    seen, path = set(), tmp_path / "one.pdf"
    for name in list_names(IN_CI):
        path.write_bytes(print_document(PLACES["middle"].format(name), TA_LEFT))
        (parts,) = pdf.read_pages(path)
        (words,) = rehearsal.find_words(parts, name)
        region = redaction.Region("confidential", "approver", REVIEW, False, words=words)
        seen.add(redrawing.redraw_page(parts, [region]).sheet.picture.pixels)

    assert len(seen) > IN_CI // 2


def test_names_are_of_one_to_four_words_and_some_have_hyphens():
    names = list_names(NAMES)

    assert len(set(names)) == NAMES
    assert {len(name.split()) for name in names} == {1, 2, 3, 4}
    assert 50 <= sum("-" in name for name in names) <= 100
