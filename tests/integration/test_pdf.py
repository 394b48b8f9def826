"""PDFs made here are read for sealing: words, boxes on the ink, both engines' page count, clear refusals."""

from pathlib import Path

import pikepdf
import pytest
from reportlab.pdfgen import canvas

from lightwell.archive import page
from lightwell.base import errors
from lightwell.files import pdf


def write_pdf(path: Path, pages: int = 1) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=(400, 300))
    for number in range(1, pages + 1):
        sheet.drawString(50, 250, f"Sleep and screens, page {number}")
        sheet.drawString(50, 200, "Children answered twice")
        sheet.showPage()
    sheet.save()
    return path


def test_words_come_in_lines_and_their_boxes_lie_on_ink(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", pages=2)
    assert pdf.count_pages(path) == 2
    parts = list(pdf.read_pages(path))
    assert [[word.text for word in line] for line in parts[1].lines] == [
        ["Sleep", "and", "screens,", "page", "2"],
        ["Children", "answered", "twice"],
    ]
    for line in parts[0].lines:
        for word in line:
            assert any(top < word.box[3] and word.box[1] < bottom for top, bottom in parts[0].head.bands)


def test_a_word_divided_at_the_end_of_a_line_is_one_word_there_and_its_box_covers_both_halves(
    tmp_path: Path,
) -> None:
    sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 300))
    sheet.drawString(50, 250, "Children spoke of loneli-")
    sheet.drawString(50, 235, "ness at night")
    sheet.save()
    (parts,) = pdf.read_pages(tmp_path / "a.pdf")
    assert [[word.text for word in line] for line in parts.lines] == [
        ["Children", "spoke", "of", "loneliness"],
        ["at", "night"],
    ]
    upper, lower = parts.lines[0][0].box, parts.lines[1][0].box
    box = parts.lines[0][3].box
    assert box[1] < upper[3] < lower[1] < box[3], "higher than one line"
    assert box[0] < upper[2] < parts.lines[0][2].box[2] < box[2], "from the first word on to behind the last"


@pytest.mark.parametrize("spacing", [11.5, 12, 14, 24])
@pytest.mark.parametrize("rotation", [0, 180])
def test_the_bands_of_a_page_do_not_tell_which_letters_a_name_has(
    tmp_path: Path, rotation: int, spacing: float
) -> None:
    def read_head(name: str) -> page.Head:
        sheet = canvas.Canvas(str(tmp_path / "a.pdf"), pagesize=(400, 300))
        sheet.setPageRotation(rotation)
        sheet.setFont("Times-Roman", 11)
        # Alone on a line, and where no other word of the line goes up or down.
        for row, text in enumerate(["A plain first line", name, "nor a sea", name, f"as {name}", name]):
            sheet.drawString(40, 250 - row * spacing, text)
        sheet.save()
        (parts,) = pdf.read_pages(tmp_path / "a.pdf")
        return parts.head

    names = ("no", "q", "ini", "Ill", "gypsy", "Jean-Luc Picard", "Ana Maria de Souza")
    heads = {read_head(name) for name in names}
    assert len(heads) == 1
    (head,) = heads
    assert len(head.bands) == 6, "each line is hidden alone"


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
def test_boxes_follow_rotation_shifted_origin_and_crop(tmp_path: Path, rotation: int) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        sheet = document.pages[0]
        sheet.mediabox = [-30, -40, 400, 300]
        sheet.cropbox = [10, 20, 380, 290]
        sheet.rotate(rotation, relative=False)
        document.save(path)
    (parts,) = pdf.read_pages(path)
    (word,) = (word for line in parts.lines for word in line if word.text == "Sleep")
    left, top, right, bottom = word.box
    inside = [
        patch
        for patch, box in zip(parts.patches, _boxes(parts), strict=True)
        if box[0] < right and left < box[2] and box[1] < bottom and top < box[3]
    ]
    assert any(set(patch) != {0xF0} for patch in inside)


def _boxes(parts):  # type: ignore[no-untyped-def]  # a shorthand for the test above
    from lightwell.archive import page

    return page.list_patch_boxes(parts.head)


@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("empty.pdf", b"", "cannot be read"),
        ("text.pdf", b"not a PDF at all", r"Data format error\); supply a sound copy"),
    ],
)
def test_a_file_that_is_no_pdf_is_refused_by_name(
    tmp_path: Path, name: str, data: bytes, sentence: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(errors.UserMistake, match=f"{name}: .*{sentence}"):
        pdf.count_pages(path)


def test_a_locked_file_and_a_page_of_kilometres_are_refused(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf")
    with pikepdf.open(path) as document:
        document.save(tmp_path / "locked.pdf", encryption=pikepdf.Encryption(user="a", owner="b"))
        document.pages[0].mediabox = [0, 0, 14400 * 9, 100]
        document.save(tmp_path / "long.pdf")
    with pytest.raises(errors.UserMistake, match="locked"):
        pdf.count_pages(tmp_path / "locked.pdf")
    with pytest.raises(errors.UserMistake, match=r"long\.pdf, page 1: the page measures"):
        list(pdf.read_pages(tmp_path / "long.pdf"))
