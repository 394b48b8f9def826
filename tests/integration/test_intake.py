"""Files are taken in behind a fence: bad ones cost a sentence, never the other files or this process."""

from pathlib import Path

import pikepdf
import pytest
from reportlab.pdfgen import canvas

from lightwell.archive import page, seal
from lightwell.base import errors
from lightwell.files import intake, parts, pdf, sealed
from lightwell.files.store import FileStore

KEY = bytes(range(32))


def write_pdf(path: Path, pages: int = 2, size: tuple[float, float] = (400, 300)) -> Path:
    sheet = canvas.Canvas(str(path), pagesize=size)
    for number in range(1, pages + 1):
        sheet.drawString(50, 250, f"Sleep and screens, page {number}")
        sheet.setFillColorRGB(0.8, 0.2, 0.1)
        sheet.rect(50, 100, 90, 40, fill=1)
        sheet.setFillColorRGB(0, 0, 0)
        sheet.showPage()
    sheet.save()
    return path


def write_raw_pdf(path: Path, content: bytes, filters: str = "") -> Path:
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]/Contents 4 0 R/Resources<<>>>>",
        f"<</Length {len(content)}{filters}>>".encode() + b"stream\n" + content + b"\nendstream",
    ]
    data, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n" % number + each + b"\nendobj\n"
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    data += b"xref\n0 5\n0000000000 65535 f \n" + table
    path.write_bytes(
        data + b"trailer<</Size 5/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % data.index(b"xref\n0 5")
    )
    return path


def take(tmp_path: Path, source: Path, **options) -> intake.Intake:
    return intake.take_in(source, key=KEY, store=FileStore(tmp_path / "store"), **options)


def list_stored(tmp_path: Path) -> set[str]:
    return {path.name for path in (tmp_path / "store").rglob("*") if path.is_file()}


def test_a_pdf_comes_back_with_its_bytes_words_pictures_and_roots(tmp_path: Path) -> None:
    source = write_pdf(tmp_path / "a.pdf", pages=3)
    store = FileStore(tmp_path / "store")
    taken = take(tmp_path, source)
    assert (taken.media_type, taken.pages, taken.read, taken.note) == ("application/pdf", 3, True, "")
    assert taken.renderer == pdf.name_renderer()
    assert sealed.read_bytes(store, KEY, taken.sealed_file) == source.read_bytes()
    read_here = list(pdf.read_pages(source))
    assert list(parts.iterate_parts(store, KEY, taken.sealed_parts)) == read_here
    seeds = seal.derive_page_seeds(KEY, 3)
    roots = [page.compute_root(seed, each) for seed, each in zip(seeds, read_here, strict=True)]
    assert taken.page_roots == b"".join(roots)
    assert list_stored(tmp_path) == {taken.sealed_file, taken.sealed_parts}


@pytest.mark.parametrize(
    ("name", "data", "media_type"),
    [
        ("notes.txt", b"raw notes\n", "text/plain"),
        ("table.csv", b"a,b\n1,2\n", "text/csv"),
        ("picture.pdf.png", b"\x89PNG\r\n\x1a\n but not a picture at all", "image/png"),
        ("photo.docx", b"\xff\xd8\xff\xe0 broken", "image/jpeg"),
        ("empty.txt", b"", "application/octet-stream"),
        ("page.html", b"<!DOCTYPE html><title>x</title>", "text/html"),
        ("arabic.txt", "نوم".encode() * 3000, "text/plain"),
    ],
)
def test_other_files_are_held_as_bytes_and_no_picture_is_decoded(
    tmp_path: Path, name: str, data: bytes, media_type: str
) -> None:
    source = tmp_path / name
    source.write_bytes(data)
    taken = take(tmp_path, source)
    assert (taken.media_type, taken.pages, taken.read, taken.sealed_parts) == (media_type, None, False, "")
    assert taken.note.startswith("held, not read")
    assert taken.size == len(data)
    assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken.sealed_file) == data


def test_a_pdf_under_another_name_is_read_as_what_it_is(tmp_path: Path) -> None:
    assert take(tmp_path, write_pdf(tmp_path / "report.docx")).pages == 2


def make_locked(path: Path) -> None:
    write_pdf(path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.save(path, encryption=pikepdf.Encryption(user="a", owner="b"))


def make_two_counts(path: Path) -> None:
    # /Count says 7 and there are two: one engine believes the number, the other the pages.
    write_pdf(path)
    with pikepdf.open(path, allow_overwriting_input=True) as document:
        document.Root.Pages.Count = 7
        document.save(path)


BAD = {
    "empty": (lambda path: path.write_bytes(b""), "the file is empty"),
    "text": (lambda path: path.write_text("only text"), "is not a PDF but looks like text/plain"),
    "cut": (lambda path: path.write_bytes(write_pdf(path).read_bytes()[:90]), "cannot be read"),
    "locked": (make_locked, "locked with a password"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_by_name_or_sealed_unread_when_the_publisher_says_so(
    tmp_path: Path, case: str
) -> None:
    make, sentence = BAD[case]
    source = tmp_path / f"{case}.pdf"
    make(source)
    with pytest.raises(errors.UserMistake, match=rf"{case}\.pdf: .*{sentence}"):
        take(tmp_path, source)
    assert list_stored(tmp_path) == set()
    taken = take(tmp_path, source, unread=True)
    assert (taken.pages, taken.read, taken.renderer, taken.page_roots) == (None, False, "none", b"")
    assert sentence in taken.note
    assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken.sealed_file) == source.read_bytes()


def test_a_readable_file_is_not_sealed_unread(tmp_path: Path) -> None:
    with pytest.raises(errors.UserMistake, match="all 2 pages can be read; use the intent publish"):
        take(tmp_path, write_pdf(tmp_path / "a.pdf"), unread=True)
