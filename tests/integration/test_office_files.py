"""Office files become pages: what the usual print leaves out is counted, shown, and each has its page."""

from __future__ import annotations

import subprocess
from pathlib import Path

import office_fixture as office_files
import pypdfium2
import pytest

from lightwell.base import errors
from lightwell.files import intake, office, parts, sealed
from lightwell.files.store import FileStore

KEY = bytes(range(32))
MAKERS = {
    "minutes.docx": office_files.make_docx,
    "deck.pptx": office_files.make_pptx,
    "book.xlsx": office_files.make_xlsx,
    "minutes.odt": office_files.make_odt,
    "deck.odp": office_files.make_odp,
    "book.ods": office_files.make_ods,
}
# The pages that must come, what is counted with its pages, and the words that must stand on a page.
EXPECTED = {
    "minutes.docx": (
        2,
        {
            "comments": (1, [2]),
            "tracked-changes": (2, [2]),
            "hidden-text": (1, [2]),
            "embedded-objects": (1, [2]),
        },
        {1: "quillfeather unseenstretch worrisome harmless", 2: "marginnote worrisome"},
    ),
    "deck.pptx": (
        4,
        {"slides": (3, [1, 2, 3]), "hidden-slides": (1, [2]), "notes": (1, [4])},
        {1: "slideword1", 2: "slideword2", 3: "slideword3", 4: "spokennote"},
    ),
    "book.xlsx": (
        3,
        {
            "sheets": (2, [1, 2]),
            "hidden-sheets": (1, [2]),
            "hidden-columns": (1, [1]),
            "hidden-rows": (1, [1]),
            "comments": (1, [3]),
        },
        {1: "n1r1c1 n1r2c1 n1r1c2", 2: "n2r1c1", 3: "cellremark"},
    ),
    "minutes.odt": (
        2,
        {"comments": (1, [2]), "tracked-changes": (1, [2]), "hidden-text": (1, [2])},
        {1: "Open odthidden", 2: "odtremark strickenword"},
    ),
    "deck.odp": (
        3,
        {"slides": (2, [1, 2]), "hidden-slides": (1, [2]), "notes": (1, [3])},
        {1: "odpfirst", 2: "odpsecond", 3: "odpnote"},
    ),
    "book.ods": (
        3,
        {"sheets": (2, [1, 2]), "hidden-sheets": (1, [2]), "hidden-rows": (1, [1])},
        {1: "odsseen odsrow", 2: "odssheet"},
    ),
}


def take(folder: Path, names: dict[str, bytes]) -> dict[str, intake.Intake | errors.UserMistake]:
    """Take files in; each result by its file's name."""
    for name, data in names.items():
        (folder / name).write_bytes(data)
    jobs = [intake.Job(folder / name, KEY) for name in names]
    store = FileStore(folder / "store")
    return dict(zip(names, intake.take_in_all(jobs, store, processes=1), strict=True))


def read_pages(folder: Path, taken: intake.Intake) -> dict[int, str]:
    pages = parts.iterate_parts(FileStore(folder / "store"), KEY, taken.sealed_parts)
    return {each.head.number: " ".join(word.text for line in each.lines for word in line) for each in pages}


@office_files.needs_office
def test_every_hidden_part_is_counted_shown_and_named_with_its_page(tmp_path: Path) -> None:
    taken = take(tmp_path, {name: make() for name, make in MAKERS.items()})
    for name, (count, tally, words) in EXPECTED.items():
        found = taken[name]
        assert isinstance(found, intake.Intake), found
        assert found.pages == count, name
        assert found.renderer.startswith("libreoffice "), name
        assert "pdfium" in found.renderer
        assert {each.kind: (each.found, list(each.pages)) for each in found.tally.lines} == tally, name
        pages = read_pages(tmp_path, found)
        for number, expected in words.items():
            assert [word for word in expected.split() if word not in pages[number]] == [], (name, pages)
        # What the pages were read from is kept, and is what its digest says.
        copy = sealed.read_bytes(FileStore(tmp_path / "store"), KEY, found.sealed_copy)
        assert len(pypdfium2.PdfDocument(copy)) == count
    assert not list((tmp_path / "store" / "scratch").iterdir())


@office_files.needs_office
def test_texts_that_no_page_shows_whole_are_counted_and_written_out(tmp_path: Path) -> None:
    long = "tail " * 60 + "cutcellname " + "tail " * 60
    sheet = f'<worksheet xmlns="{office_files.S}"><sheetData><row r="1">'
    sheet += f'<c r="A1" t="inlineStr"><is><t>{long}</t></is></c>'
    sheet += '<c r="B1" t="inlineStr"><is><t>beside it</t></is></c></row></sheetData>'
    sheet += "<headerFooter><oddHeader>&amp;C&amp;12Headname Example</oddHeader></headerFooter></worksheet>"
    frame = '<draw:frame svg:x="{}" svg:y="2cm" svg:width="9cm" svg:height="3cm"{}>'
    frame += "<draw:text-box><text:p>{}</text:p></draw:text-box></draw:frame>"
    show = ' xmlns:drawooo="http://openoffice.org/2010/draw" drawooo:display="none"'
    slides = (("2cm", "", "odpseen Café"), ("-40cm", "", "odpbeside"), ("2cm", show, "odphidden"))
    slide = "".join(frame.format(*each) for each in slides)
    slide = f'<draw:page draw:name="one">{slide}</draw:page>'
    taken = take(
        tmp_path,
        {
            "cut.xlsx": office_files.replace_member(
                office_files.make_xlsx(1), "xl/worksheets/sheet1.xml", sheet.encode()
            ),
            "beside.odp": office_files.make_odf("presentation", slide),
            "plain.ods": office_files.make_ods(),
        },
    )
    for name, found, words in (
        ("cut.xlsx", 2, ("cutcellname", "Headname Example")),
        ("beside.odp", 2, ("odpbeside", "odphidden")),
    ):
        made = taken[name]
        assert isinstance(made, intake.Intake), made
        (line,) = [each for each in made.tally.lines if each.kind == "unshown-texts"]
        assert line.found == found, name
        pages = read_pages(tmp_path, made)
        assert line.pages[-1] == max(pages)
        for word in words:
            assert not any(word in pages[number] for number in pages if number not in line.pages)
            assert any(word in pages[number] for number in line.pages)
        assert made.renderer.count("unshown-texts 1") == 1
    plain = taken["plain.ods"]
    assert isinstance(plain, intake.Intake)
    assert [each.kind for each in plain.tally.lines if each.kind == "unshown-texts"] == []


@office_files.needs_office
def test_the_original_is_sealed_as_it_is_and_not_changed(tmp_path: Path) -> None:
    data = office_files.make_docx()
    taken = take(tmp_path, {"minutes.docx": data})["minutes.docx"]
    assert isinstance(taken, intake.Intake)
    assert (tmp_path / "minutes.docx").read_bytes() == data
    assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken.sealed_file) == data


@office_files.needs_office
def test_a_batch_with_a_file_that_cannot_be_printed_is_halved_until_only_that_one_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = []
    run = office._run_batch

    def count_batches(batch: list[Path], *rest: object) -> None:
        batches.append(len(batch))
        # A hang: nothing of a batch with the bad file comes out.
        if not any("bad" in path.read_bytes().decode("latin-1") for path in batch):
            run(batch, *rest)

    monkeypatch.setattr(office, "_run_batch", count_batches)
    names = {f"{number}.docx": office_files.make_docx() for number in range(4)}
    names["2.docx"] = office_files.make_docx(**{"docProps__bad.txt": b"bad"})
    taken = take(tmp_path, names)
    assert sorted(batches) == [1, 1, 2, 2, 4]
    assert [isinstance(taken[name], intake.Intake) for name in names] == [True, True, False, True]
    assert "2.docx: LibreOffice does not print this file" in str(taken["2.docx"])


@office_files.needs_office
def test_a_print_with_too_few_pages_is_refused_whatever_the_program_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {**office._OPTIONS, "impress-notes": ("impress_pdf_Export", {"ExportHiddenSlides": "false"})}
    monkeypatch.setattr(office, "_OPTIONS", options)
    taken = take(tmp_path, {"deck.pptx": office_files.make_pptx()})["deck.pptx"]
    assert "deck.pptx: LibreOffice printed 3 pages where its parts need 6" in str(taken)


def test_without_libreoffice_the_file_is_held_and_told_what_would_add_its_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "_find_program", lambda: None)
    taken = take(tmp_path, {"minutes.docx": office_files.make_docx()})["minutes.docx"]
    assert isinstance(taken, intake.Intake)
    assert (taken.pages, taken.read, taken.renderer) == (None, False, "none")
    assert "LibreOffice is not installed here" in taken.note


@pytest.fixture(scope="module")
def older_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """Our own files written again in older formats, once for all tests of them."""
    folder = tmp_path_factory.mktemp("older")
    (folder / "minutes.docx").write_bytes(office_files.make_docx())
    (folder / "deck.pptx").write_bytes(office_files.make_pptx())
    (folder / "book.xlsx").write_bytes(office_files.make_xlsx())
    found = office.find_office()
    assert found is not None
    for name, ending in (
        ("minutes.docx", "doc"),
        ("minutes.docx", "rtf"),
        ("deck.pptx", "ppt"),
        ("book.xlsx", "xls"),
    ):
        command = [
            *(str(found.program), f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"),
            *("--convert-to", ending, "--outdir", str(folder), str(folder / name)),
        ]
        # The first start only makes the profile.
        for _ in range(3):
            if not (folder / name).with_suffix(f".{ending}").exists():
                subprocess.run(command, capture_output=True, check=False, timeout=180)
    names = ("minutes.doc", "minutes.rtf", "deck.ppt", "book.xls")
    return {name: (folder / name).read_bytes() for name in names}


@office_files.needs_office
def test_older_files_are_turned_into_newer_ones_and_read_as_those(
    tmp_path: Path, older_files: dict[str, bytes]
) -> None:
    taken = take(tmp_path, older_files)
    told = {}
    for name, found in taken.items():
        assert isinstance(found, intake.Intake), found
        told[name] = {each.kind: each.found for each in found.tally.lines}
        assert told[name].pop("earlier-format") == 1
        assert sealed.read_bytes(FileStore(tmp_path / "store"), KEY, found.sealed_file) == older_files[name]
    assert [taken[name].media_type for name in older_files] == [  # type: ignore[union-attr]  # looked at above
        *("application/msword", "application/rtf", "application/vnd.ms-powerpoint"),
        "application/vnd.ms-excel",
    ]
    for name in ("minutes.doc", "minutes.rtf"):
        assert (told[name]["comments"], told[name]["hidden-text"]) == (1, 1), told
        # LibreOffice may write one change as several.
        assert told[name]["tracked-changes"] >= 2, told
    assert (told["deck.ppt"]["slides"], told["deck.ppt"]["hidden-slides"]) == (3, 1)
    assert told["deck.ppt"]["notes"] == 1
    assert (told["book.xls"]["sheets"], told["book.xls"]["hidden-sheets"]) == (2, 1)
    assert (told["book.xls"]["hidden-columns"], told["book.xls"]["hidden-rows"]) == (1, 1)
    for name, words in (
        ("minutes.doc", "quillfeather unseenstretch marginnote"),
        ("minutes.rtf", "quillfeather unseenstretch marginnote"),
        ("deck.ppt", "slideword1 slideword2 spokennote"),
        ("book.xls", "n1r1c1 n2r1c1 n1r1c2 cellremark"),
    ):
        found = taken[name]
        assert isinstance(found, intake.Intake)
        text = " ".join(read_pages(tmp_path, found).values())
        assert [word for word in words.split() if word not in text] == [], (name, text)


@office_files.needs_office
def test_an_older_file_that_is_no_document_is_refused_by_its_own_name(
    tmp_path: Path, older_files: dict[str, bytes]
) -> None:
    names = {"broken.doc": older_files["minutes.doc"][:3000], "nothing.rtf": b"{\\rtf1"}
    for name, found in take(tmp_path, names).items():
        if isinstance(found, errors.UserMistake):
            assert str(found).startswith(f"{name}: "), found
        else:
            assert found.pages is None or "".join(read_pages(tmp_path, found).values()).strip() == ""


@office_files.needs_office
def test_a_number_wider_than_its_column_is_written_out_and_others_are_not(tmp_path: Path) -> None:
    sheet = f'<worksheet xmlns="{office_files.S}"><cols><col min="1" max="1" width="3" customWidth="1"/>'
    sheet += '<col min="2" max="2" width="30" customWidth="1"/></cols><sheetData>'
    rows = (("7912345678", "7912345679"), ("88", "1234.56789012345"), ("0.5", "-0.00012"), ("0", "1e22"))
    for number, (narrow, wide) in enumerate(rows, 1):
        sheet += (
            f'<row r="{number}"><c r="A{number}"><v>{narrow}</v></c><c r="B{number}"><v>{wide}</v></c></row>'
        )
    sheet += "</sheetData></worksheet>"
    data = office_files.replace_member(office_files.make_xlsx(1), "xl/worksheets/sheet1.xml", sheet.encode())
    made = take(tmp_path, {"wide.xlsx": data})["wide.xlsx"]
    assert isinstance(made, intake.Intake), made
    pages = read_pages(tmp_path, made)
    assert "###" in pages[1]
    assert "7912345678" not in pages[1].split()
    (line,) = [each for each in made.tally.lines if each.kind == "unshown-texts"]
    assert line.found == 1, pages
    assert "7912345678" in pages[line.pages[-1]].split()
