"""Hostile files of every format: each is refused or contained with one sentence; nothing is run, nothing fetched.

A server on this machine listens while all of them are taken in, and must hear nothing. That it would hear
something is shown beside it: the same files given to LibreOffice without our copy and without the fence.
"""

from __future__ import annotations

import http.server
import io
import json
import re
import shutil
import struct
import subprocess
import threading
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import office_fixture as office_files
import pytest
import test_text_files as text_files

from lightwell.base import errors
from lightwell.files import confined, intake, office, parts, preparation, workers
from lightwell.files.store import FileStore

# ruff: noqa: E501 - one file a line
KEY = bytes(range(32))
SECRET = "quietsecretofthismachine"


class Ears(http.server.BaseHTTPRequestHandler):
    """Remembers that somebody asked."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(self.path)
        self.send_response(404)
        self.end_headers()

    do_HEAD = do_OPTIONS = do_PROPFIND = do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def ears() -> Iterator[tuple[str, list[str]]]:
    heard: list[str] = []
    handler = type("Listening", (Ears,), {"heard": heard})
    for port in range(8140, 8200):
        try:
            server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
            break
        except OSError:
            continue
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", heard
    server.shutdown()
    server.server_close()


def take(
    folder: Path, names: dict[str, bytes], **options: object
) -> dict[str, intake.Intake | errors.UserMistake]:
    for name, data in names.items():
        (folder / name).write_bytes(data)
    jobs = [intake.Job(folder / name, KEY) for name in names]
    results = intake.take_in_all(jobs, FileStore(folder / "store"), processes=2, **options)  # type: ignore[arg-type]
    return dict(zip(names, results, strict=True))


def read_words(folder: Path, taken: intake.Intake | errors.UserMistake) -> str:
    assert isinstance(taken, intake.Intake), taken
    pages = parts.iterate_parts(FileStore(folder / "store"), KEY, taken.sealed_parts)
    return " ".join(word.text for each in pages for line in each.lines for word in line)


def count(taken: intake.Intake | errors.UserMistake) -> dict[str, int]:
    assert isinstance(taken, intake.Intake), taken
    return {each.kind: each.found for each in taken.tally.lines}


def make_xml_bomb() -> bytes:
    entities = "".join(f'<!ENTITY e{k + 1} "{f"&e{k};" * 10}">' for k in range(9))
    return f'<!DOCTYPE d [<!ENTITY e0 "ha">{entities}]><w:document xmlns:w="{office_files.W}">&e9;</w:document>'.encode()


def replace_member(data: bytes, name: str, content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return office_files.pack({**{each: packed.read(each) for each in packed.namelist()}, name: content})


def repeat_member(data: bytes, name: str, again: str) -> bytes:
    written = io.BytesIO(data)
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(written, "a") as packed:
        packed.writestr(again, packed.read(name).replace(b"word", b"name"))
    return written.getvalue()


def make_xxe(address: str) -> bytes:
    return (
        f'<!DOCTYPE d [<!ENTITY x SYSTEM "{address}/xxe"><!ENTITY y SYSTEM "file:///etc/hostname">]>'
        f'<w:document xmlns:w="{office_files.W}"><w:body><w:p><w:r><w:t>&x;&y;</w:t></w:r></w:p></w:body></w:document>'
    ).encode()


def make_png_head(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", zlib.compress(bytes(1000)))
        + chunk(b"IEND", b"")
    )


def make_jpeg_head(width: int, height: int) -> bytes:
    frame = (
        b"\xff\xc0\x00\x11\x08"
        + struct.pack(">HH", height, width)
        + b"\x03\x01\x11\x00\x02\x11\x01\x03\x11\x01"
    )
    return b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00" + frame + b"\xff\xd9"


def make_tiff_head(width: int, height: int) -> bytes:
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1)]
    entries += [(273, 4, 1, 8), (278, 4, 1, height), (279, 4, 1, 100)]
    body = (
        struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *each) for each in entries) + bytes(4)
    )
    return b"II*\0" + struct.pack("<I", 8) + body


def make_nested_mail(depth: int) -> bytes:
    lines = []
    for number in range(depth):
        lines.append(f'Content-Type: multipart/mixed; boundary="b{number}"\n\n--b{number}\n')
    return ("From: a@example.org\nMIME-Version: 1.0\n" + "".join(lines) + "\nend\n").encode()


def make_mail_loop(depth: int) -> bytes:
    mail = EmailMessage()
    mail.set_content("innermost")
    for _ in range(depth):
        outer = EmailMessage()
        outer["Subject"] = "again"
        outer.set_content("again")
        outer.add_attachment(mail)
        mail = outer
    return mail.as_bytes()


def list_refused(address: str) -> dict[str, tuple[bytes, str]]:
    """Files that must be refused, with what must be said of each."""
    docx = office_files.make_docx()
    locked = text_files.make_compound({"EncryptedPackage": bytes(5000), "EncryptionInfo": bytes(5000)})
    secret = '<manifest:file-entry manifest:full-path="x"><manifest:encryption-data/></manifest:file-entry>'
    return {
        "bomb.docx": (replace_member(docx, "word/media/a.xml", bytes(64 << 20)), r"part word/media/a.xml unpacks to .* times"),
        "laughs.docx": (replace_member(docx, "word/document.xml", make_xml_bomb()), "word/document.xml declares XML entities"),
        "laughs16.docx": (
            replace_member(docx, "word/theme.xml", make_xml_bomb().decode().encode("utf-16")),
            "word/theme.xml declares XML entities",
        ),
        "xxe.docx": (replace_member(docx, "word/document.xml", make_xxe(address)), "word/document.xml declares XML entities"),
        "dtd.docx": (
            replace_member(
                docx, "word/document.xml",
                f'<!DOCTYPE d SYSTEM "{address}/dtd"><w:document xmlns:w="{office_files.W}"/>'.encode(),
            ),
            "word/document.xml declares XML entities or a document type",
        ),
        "twice.docx": (repeat_member(docx, "word/document.xml", "word/document.xml"), "word/document.xml is there twice"),
        "cased.docx": (repeat_member(docx, "word/document.xml", "word/Document.xml"), "word/Document.xml is there twice"),
        "locked.docx": (locked, "locked with a password"),
        "locked.odt": (office_files.make_odf("text", "<text:p>x</text:p>", manifest=secret), "locked with a password"),
        "sheets.xlsx": (office_files.make_xlsx(10_000, rows=1, columns=1), "it has 10,000 sheets; at most 1,000"),
        "cut.pptx": (office_files.make_pptx()[:-40], "held"),
        "empty.pptx": (office_files.make_pptx(0), "the presentation has no slide"),
        "damaged.docx": (replace_member(docx, "word/document.xml", b"<w:document"), "word/document.xml is not sound XML"),
        "huge.png": (make_png_head(50_000, 50_000), "page 1 measures 50,000 by 50,000 pixels"),
        "huge.jpg": (make_jpeg_head(50_000, 50_000), "page 1 measures 50,000 by 50,000 pixels"),
        "huge.tiff": (make_tiff_head(50_000, 50_000), "page 1 measures 50,000 by 50,000 pixels"),
        "broken.png": (make_png_head(2_000, 2_000), "page 1 of the picture cannot be read"),
        "deep.html": (b"<!doctype html>" + b"<div>" * 100_000 + b"deepword", "too deep"),
        "deep.json": (b"[" * 60_000, "nested more than 200 deep"),
        "deep.eml": (make_nested_mail(5_000), "without end|cannot be read|makes the reader fail|has more than"),
        "long.pptx": (office_files.make_pptx(2_001, hidden=0, noted=0), "it has 2,001 slides; at most 2,000"),
    }  # fmt: skip


def list_contained(address: str, secret: Path) -> dict[str, tuple[bytes, dict[str, int]]]:
    """Files that are read, with what must have been counted and left alone."""
    relations = (
        ("x1", "image", f"{address}/image.png", True),
        ("x2", "attachedTemplate", f"{address}/template.dotm", True),
        ("x3", "oleObject", f"file://{secret}", True),
        ("x4", "http://schemas.microsoft.com/office/2006/relationships/vbaProject", "vbaProject.bin", False),
    )
    picture = (
        '<w:p><w:r><w:pict xmlns:v="urn:schemas-microsoft-com:vml"><v:shape style="width:90pt;height:90pt">'
        '<v:imagedata r:id="x1"/></v:shape></w:pict></w:r></w:p>'
    )
    field = (
        '<w:p><w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>{}</w:instrText></w:r>'
        '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>shown</w:t></w:r>'
        '<w:r><w:fldChar w:fldCharType="end"/></w:r></w:p>'
    )
    body = picture + "".join(
        field.format(words)
        for words in (
            f' INCLUDEPICTURE "{address}/field.png" \\d ',
            f' INCLUDETEXT "{secret}" ',
            ' DDEAUTO c:\\\\x "/c calc" ',
        )
    )
    styles = '<w:fonts xmlns:w="urn:w"/>'
    linked = (
        f'<text:section text:name="s"><text:section-source xlink:href="file://{secret}" xlink:type="simple" '
        'text:filter-name="Text"/><text:p>stays</text:p></text:section>'
        f'<text:p><draw:frame svg:width="3cm" svg:height="3cm"><draw:image xlink:href="{address}/odt.png" '
        'xlink:type="simple" xlink:show="embed" xlink:actuate="onLoad"/></draw:frame></text:p>'
    )
    formula = (
        f'<worksheet xmlns="{office_files.S}"><sheetData><row r="1"><c r="A1" t="str"><f>WEBSERVICE("{address}/cell")'
        "</f><v>cached</v></c></row></sheetData></worksheet>"
    ).encode()
    page = f"<html><img src='{address}/a.png'><link rel=stylesheet href='{address}/a.css'><style>@import '{address}/b.css';"
    page += f"p{{background:url({address}/c.png)}}</style><body><p style='background:url({address}/d.png)'>htmlword"
    page += f"<svg><image href='{address}/e.png'/></svg><iframe src='file://{secret}'></iframe>"
    rst = f".. include:: {secret}\n\n.. raw:: html\n   :url: {address}/raw\n\n.. image:: {address}/rst.png\n\nrstword\n"
    fonts = {"word/fonts/font1.odttf": bytes(range(256)) * 40}
    broken_font = office_files.make_docx()
    for name, data in fonts.items():
        broken_font = replace_member(broken_font, name, data)
    macro = office_files.make_odf(
        "text",
        "<office:event-listeners/><text:p>odtword</text:p>",
    )
    macro = replace_member(macro, "Basic/Standard/script-lb.xml", b"<library/>")
    return {
        "links.docx": (
            office_files.make_docx(body=body, relations=relations, **{"word__vbaProject.bin": b"macro", "word__s.xml": styles}),
            {"outside-links": 6, "macros": 1},
        ),
        "links.odt": (office_files.make_odf("text", linked), {"outside-links": 2}),
        "links.xlsx": (replace_member(office_files.make_xlsx(1), "xl/worksheets/sheet1.xml", formula), {"sheets": 1}),
        "macro.odt": (macro, {"macros": 1}),
        "font.docx": (broken_font, {"comments": 1}),
        "page.html": (page.encode(), {"outside-links": 2}),
        "text.rst": (rst.encode(), {}),
        "text.md": (f"![x]({address}/md.png)\n<img src={address}/md2.png>\n".encode(), {"pictures": 2}),
        "loop.eml": (make_mail_loop(30), {"attachments": 1}),
        "nest.html": (b"<!doctype html>" + b"<div>" * 400 + b"deepword", {}),
        "formula.csv": (f'name,x\n"=HYPERLINK(""{address}/csv"")",1\n'.encode(), {"rows": 1}),
    }  # fmt: skip


@office_files.needs_office
def test_hostile_files_are_refused_or_contained_and_nobody_is_asked(
    tmp_path: Path, ears: tuple[str, list[str]]
) -> None:
    address, heard = ears
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    refused, contained = list_refused(address), list_contained(address, secret)
    taken = take(tmp_path, {name: data for name, (data, _) in (*refused.items(), *contained.items())})
    for name, (_, sentence) in refused.items():
        found = taken[name]
        if sentence == "held":
            # Without its directory at the end nobody can say what it was.
            assert isinstance(found, intake.Intake)
            assert not found.read
            continue
        assert isinstance(found, errors.UserMistake), name
        (problem,) = found.problems
        assert problem.place.startswith(name), (name, problem)
        assert re.search(sentence, problem.sentence), (name, problem.sentence)
    for name, (_, expected) in contained.items():
        assert expected.items() <= count(taken[name]).items(), (name, count(taken[name]))
        words = read_words(tmp_path, taken[name])
        assert SECRET not in words, name
    assert "shown" in read_words(tmp_path, taken["links.docx"])
    assert "quillfeather" in read_words(tmp_path, taken["font.docx"])
    assert heard == []


@office_files.needs_office
def test_the_same_links_are_followed_where_nothing_stops_them(
    tmp_path: Path, ears: tuple[str, list[str]]
) -> None:
    address, heard = ears
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    source = tmp_path / "links.odt"
    source.write_bytes(list_contained(address, secret)["links.odt"][0])
    program = shutil.which("soffice")
    assert program
    subprocess.run(
        [program, f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--headless", "--convert-to", "pdf",
         "--outdir", str(tmp_path), str(source)],
        capture_output=True, timeout=120, check=False,
    )  # fmt: skip
    assert heard, "LibreOffice fetches by itself no more; the test above shows nothing then"


@office_files.needs_office
def test_the_fence_alone_keeps_libreoffice_from_network_and_files(
    tmp_path: Path, ears: tuple[str, list[str]]
) -> None:
    # The links uncut, as if our copy had missed one.
    address, heard = ears
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET)
    folder = tmp_path / "scratch"
    folder.mkdir()
    source = folder / "links.odt"
    source.write_bytes(list_contained(address, secret)["links.odt"][0])
    (made,) = office.convert_files([source], preparation.WRITER, folder).values()
    assert heard == []
    if made and confined.can_restrict_files():
        said = subprocess.run(["pdftotext", str(made), "-"], capture_output=True, text=True, check=True)
        assert SECRET not in said.stdout


@office_files.needs_office
def test_a_program_that_hangs_is_ended_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    marker = tmp_path / "alive"
    script = f"(sleep 3; touch {marker}) & sleep 600"
    order = {
        "memory": 1 << 30, "seconds": 60, "scratch": str(tmp_path), "reads": [],
        "command": ["/bin/sh", "-c", script],
    }  # fmt: skip
    assert office._run_confined(order, tmp_path, 1.0) is None
    subprocess.run(["sleep", "3"], check=True)
    assert not marker.exists()


def test_a_program_behind_the_fence_reaches_no_network_and_no_other_folder(
    tmp_path: Path, ears: tuple[str, list[str]]
) -> None:
    address, heard = ears
    outside = tmp_path / "outside.txt"
    outside.write_text(SECRET)
    folder = tmp_path / "scratch"
    folder.mkdir()
    code = (
        "import json, urllib.request\n"
        "said = {}\n"
        f"for name, act in {{'net': lambda: urllib.request.urlopen('{address}', timeout=5), "
        f"'read': lambda: open('{outside}').read(), 'write': lambda: open('{tmp_path}/made', 'w')}}.items():\n"
        "    try:\n        act(); said[name] = 'done'\n"
        "    except OSError as error:\n        said[name] = 'refused'\n"
        f"json.dump(said, open('{folder}/said', 'w'))\n"
    )
    order = {
        "memory": 1 << 30, "seconds": 20, "scratch": str(folder), "reads": [],
        "command": ["/usr/bin/python3", "-c", code],
    }  # fmt: skip
    if not Path("/usr/bin/python3").exists():
        pytest.skip("there is no Python of the system here")
    assert office._run_confined(order, folder, 30) == 0
    said = json.loads((folder / "said").read_text())
    assert said["net"] == "refused"
    assert heard == []
    if confined.can_restrict_files():
        assert (said["read"], said["write"]) == ("refused", "refused")


def test_a_file_that_eats_the_memory_while_it_is_counted_costs_one_sentence(tmp_path: Path) -> None:
    rows = "".join(f'<row r="{row}"><c r="A{row}"><v>1</v></c></row>' for row in range(1, 400_000))
    big = f'<worksheet xmlns="{office_files.S}"><sheetData>{rows}</sheetData></worksheet>'.encode()
    data = replace_member(office_files.make_xlsx(1), "xl/worksheets/sheet1.xml", big)
    limits = workers.Limits(memory_bytes=700 << 20)
    taken = take(tmp_path, {"big.xlsx": data, "notes.txt": b"plainword"}, limits=limits)
    if shutil.which("soffice"):
        assert "memory" in str(taken["big.xlsx"]) or "unpacks to" in str(taken["big.xlsx"]), taken["big.xlsx"]
    assert "plainword" in read_words(tmp_path, taken["notes.txt"])
