"""Texts, tables, chats, mails and pictures become pages that say what the file says; nothing else happens."""

from __future__ import annotations

import base64
import io
import itertools
import json
import struct
import sys
from email.message import EmailMessage
from pathlib import Path

import pypdfium2
import pytest
from click.testing import CliRunner
from PIL import Image, ImageDraw, ImageFont
from reportlab.lib.utils import ImageReader
from reportlab.pdfgen import canvas

from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.cli import inventory as inventory_command
from lightwell.files import (
    attachments,
    chats,
    draft_pages,
    enclosed_pictures,
    enclosures,
    foundation,
    intake,
    mails,
    parts,
    recognition,
    sealed,
    texts,
)
from lightwell.files.enclosed_pictures import Album
from lightwell.files.store import FileStore

KEY = bytes(range(32))
needs_tesseract = pytest.mark.skipif(bool(recognition.find_lack()), reason="there is no Tesseract here")
CHAT = (
    "12/31/25, 10:15 PM - Anna Example: Did you see wavenumbers?\n"
    "12/31/25, 10:16 PM - Bo Example: yes, and a second line\nthat goes on here\n"
    "12/31/25, 10:17 PM - Bo Example: IMG-1.jpg (file attached)\n"
)
SLACK = [
    {"type": "message", "user": "U1", "ts": "1700000000.1", "text": "slackfirst"},
    {
        "user_profile": {"real_name": "Di Example"},
        "ts": "1700000001.1",
        "text": "b",
        "files": [{"name": "a.pdf"}],
    },
]
DISCORD = {"messages": [{"author": {"name": "Cy"}, "timestamp": "2026-01-05", "content": "discordword"}] * 2}
OURS = {
    "format": "lightwell.chat.v1",
    "title": "Team",
    "messages": [{"author": "A", "time": "2026-01-05T10:00", "text": "ourword", "attachments": ["x.png"]}],
}
WEB_PAGE = (
    "<!doctype html><title>T</title><!-- a sourceremark --><p onclick='x()'>seenword</p>"
    "<p style='display: none'>unseenword</p><img src='http://127.0.0.1:1/p.png' alt='a child at a desk'>"
    "<script>scriptword()</script>"
)
WIDE = "\n".join(";".join(f"r{row}c{column}" for column in range(30)) for row in range(3))
# ruff: noqa: E501 - one file a line
FILES: dict[str, tuple[bytes, dict[str, int], str, str]] = {
    "notes.txt": ("Just some plainword, and Zoë.".encode(), {}, "plainword Zoë", ""),
    "old.txt": ("A latin café word".encode("cp1252"), {}, "café", ""),
    "wide.txt": ("Sixteen ünits".encode("utf-16"), {}, "ünits", ""),
    "read.md": (b"# Head\n\nBody *word*\n\n| a | b |\n|---|---|\n| cellone | 2 |\n", {}, "Head cellone", "*word* |"),
    "read.rst": (b"Title\n=====\n\nBody ``word``.\n\n.. include:: /etc/passwd\n", {"unshown-texts": 1}, "Title word", "root:"),
    "page.html": (
        WEB_PAGE.encode(),
        {"comments": 1, "hidden-text": 1, "alternative-texts": 1, "scripts": 2, "pictures": 1, "outside-links": 1},
        "seenword unseenword sourceremark child",
        "scriptword",
    ),
    "table.csv": (b"name,count\nalpha,1\nbeta,2\n", {"rows": 2}, "name alpha beta 2", ""),
    "wide.csv": (WIDE.encode(), {"rows": 2}, "r0c29: r2c29", ""),
    "chat.txt": (CHAT.encode(), {"messages": 3, "attachments": 1}, "wavenumbers Anna IMG-1.jpg goes", ""),
    "slack.json": (json.dumps(SLACK).encode(), {"messages": 2, "attachments": 1, "unshown-texts": 1}, "slackfirst Di a.pdf 2023-11-14", ""),
    "discord.json": (json.dumps(DISCORD).encode(), {"messages": 2}, "discordword Cy", ""),
    "ours.json": (json.dumps(OURS).encode(), {"messages": 1, "attachments": 1}, "ourword Team x.png", ""),
    "chat.csv": (b"Author,Time,Text\nEli,10:00,csvchat\n", {"messages": 1}, "Eli csvchat", ""),
    "data.json": (b'{"figures": [1, 2], "name": "jsonword"}', {}, "jsonword", ""),
}  # fmt: skip


def take(folder: Path, names: dict[str, bytes]) -> dict[str, intake.Intake | errors.UserMistake]:
    for name, data in names.items():
        (folder / name).write_bytes(data)
    jobs = [intake.Job(folder / name, KEY) for name in names]
    return dict(zip(names, intake.take_in_all(jobs, FileStore(folder / "store"), processes=1), strict=True))


def read_words(folder: Path, taken: intake.Intake | errors.UserMistake) -> str:
    assert isinstance(taken, intake.Intake), taken
    assert taken.pages, taken.note
    pages = parts.iterate_parts(FileStore(folder / "store"), KEY, taken.sealed_parts)
    return " ".join(word.text for each in pages for line in each.lines for word in line)


def make_mail(inner: bytes = b"") -> EmailMessage:
    """A mail whose HTML says something else than its plain text, with two attachments of one name."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "Anna <a@example.org>", "b@example.org", "Wäve two"
    made.set_content("the plainmail word")
    made.add_alternative("<p>the htmlmail word <script>scriptword</script></p>", subtype="html")
    for text in (b"x,y\nattachedword,2\n", b"x,y\nothertable,2\n"):
        made.add_attachment(text, maintype="text", subtype="csv", filename="t.csv")
    if inner:
        made.add_attachment(inner, maintype="application", subtype="octet-stream", filename="../inner.eml")
    return made


def draw_words(text: str = "The scanned committee counted thirty answers") -> Image.Image:
    picture = Image.new("RGB", (1700, 700), "white")
    font = ImageFont.load_default(60)
    ImageDraw.Draw(picture).text((80, 200), text, fill="black", font=font)
    return picture


def test_every_format_is_set_with_its_words_and_what_was_counted(tmp_path: Path) -> None:
    taken = take(tmp_path, {name: data for name, (data, *_) in FILES.items()})
    for name, (_, tally, present, absent) in FILES.items():
        found = taken[name]
        words = read_words(tmp_path, found)
        assert isinstance(found, intake.Intake)
        assert [word for word in present.split() if word not in words] == [], (name, words)
        assert [word for word in absent.split() if word in words] == [], (name, words)
        assert {each.kind: each.found for each in found.tally.lines} == tally, name
        assert all(each.pages for each in found.tally.lines), name
        assert found.renderer.startswith("weasyprint "), name


def test_a_chat_of_our_form_that_is_malformed_names_its_message(tmp_path: Path) -> None:
    wrong = {**OURS, "messages": [*OURS["messages"], {"author": "B", "text": "no time"}]}
    taken = take(tmp_path, {"chat.json": json.dumps(wrong).encode()})["chat.json"]
    assert "chat.json: message 2 of the chat has not author, time and text" in str(taken)


@pytest.mark.parametrize("text", ["[" * 60_000, '{"a":' * 201 + "1" + "}" * 201, '""' * 60_000 + "[" * 300])
def test_json_without_end_is_refused_before_anything_is_set(text: str, tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text(text)
    with pytest.raises(errors.UserMistake, match="nested more than 200 deep"):
        texts.draft_file(tmp_path / "deep.json", "application/json")


def test_brackets_in_the_words_of_json_are_no_nesting(tmp_path: Path) -> None:
    (tmp_path / "flat.json").write_text(json.dumps(["[" * 300, 'a " [' * 300, [[{"deepest": "\\"}]] * 300]))
    assert isinstance(texts.draft_file(tmp_path / "flat.json", "application/json"), draft_pages.Draft)


def test_prose_with_times_in_it_is_no_chat() -> None:
    assert (
        chats.read_lines("We met at 10:15.\n12/31/25, 10:15 PM - Anna: hi\nAnd went home.\nThe end.\n")
        is None
    )


def test_data_of_more_rows_than_pages_can_bear_stays_the_file_that_it_is(tmp_path: Path) -> None:
    taken = take(tmp_path, {"big.csv": b"a,b\n" + b"1,2\n" * 20_001})["big.csv"]
    assert isinstance(taken, intake.Intake)
    assert (taken.pages, taken.read) == (None, False)
    assert "more than 20,000 rows" in taken.note


def test_a_mail_shows_both_its_texts_and_the_names_of_what_it_carries(tmp_path: Path) -> None:
    words = read_words(tmp_path, take(tmp_path, {"m.eml": make_mail().as_bytes()})["m.eml"])
    for word in ("Anna", "Wäve", "plainmail", "htmlmail", "t.csv", "(2).csv"):
        assert word in words, word
    assert "scriptword" not in words


def test_attachments_become_rows_of_the_draft_and_documents_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="log.example/mail")
    folder = tmp_path / "documents"
    folder.mkdir()
    inner = make_mail().as_bytes()
    (folder / "m.eml").write_bytes(make_mail(inner).as_bytes())
    names = [
        "m.eml",
        "m.eml / _inner.eml",
        "m.eml / _inner.eml / t (2).csv",
        "m.eml / _inner.eml / t.csv",
        "m.eml / t (2).csv",
        "m.eml / t.csv",
    ]
    table = tmp_path / "list.csv"
    runner = CliRunner()
    drafted = runner.invoke(inventory_command.inventory, ["draft", str(folder), "--output", str(table)])
    assert drafted.exit_code == 0, drafted.output
    rows = attachments.parse_rows(table.read_text(), folder, ["m.eml"], [])
    assert [row.file for row in rows] == names
    checked = runner.invoke(inventory_command.inventory, ["check", str(folder), str(table)])
    assert checked.exit_code == 0, checked.output
    assert "6 documents, 8 pages" in checked.output
    with attachments.open_files(folder, names, tmp_path / "store") as paths:
        assert b"othertable" in paths["m.eml / _inner.eml / t (2).csv"].read_bytes()
        jobs = [intake.Job(paths[name], KEY, name=name) for name in names]
        taken = list(intake.take_in_all(jobs, FileStore(tmp_path / "store"), processes=1))
        assert "attachedword" in read_words(tmp_path, taken[5])
    # A row may be left out; the mail itself holds the bytes, and the check says so.
    table.write_text(inventory.format_rows(rows[:1]))
    checked = runner.invoke(inventory_command.inventory, ["check", str(folder), str(table)])
    assert checked.exit_code == 0, checked.output
    assert "attachments without a row of their own" in checked.output


def test_mails_inside_mails_are_followed_only_so_deep() -> None:
    mail = make_mail()
    for _ in range(mails.MAX_DEPTH + 1):
        outer = EmailMessage()
        outer.set_content("outer")
        outer.add_attachment(mail)
        mail = outer
    with pytest.raises(errors.UserMistake, match="mails inside mails more than 5 deep"):
        enclosures.list_enclosures(mail.as_bytes(), mails.EML)


def draw_square(colour: str, form: str = "PNG", size: tuple[int, int] = (120, 120)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, form)
    return out.getvalue()


def count_colours(folder: Path, taken: intake.Intake | errors.UserMistake) -> dict[str, int]:
    """Count red and blue pixels of all pages as they were set."""
    assert isinstance(taken, intake.Intake), taken
    copy = sealed.read_bytes(FileStore(folder / "store"), KEY, taken.sealed_copy)
    found = {"red": 0, "blue": 0}
    for sheet in pypdfium2.PdfDocument(copy):
        for count, (red, green, blue) in sheet.render(scale=1).to_pil().convert("RGB").getcolors(1 << 24):
            found["red"] += count if red > 200 and green < 60 and blue < 60 else 0
            found["blue"] += count if blue > 200 and green < 60 and red < 60 else 0
    return found


def test_pictures_that_a_page_or_a_mail_carries_are_shown_and_linked_ones_are_named(tmp_path: Path) -> None:
    red = base64.b64encode(draw_square("red")).decode()
    text = f"""<p>before</p><img alt="ours" src="data:image/png;base64,{red}">
        <img alt="linked" src="http://example.org/a.png"><img alt="nowhere" src="cid:nobody">
        <a href="data:text/html;base64,PGI+">a link</a>"""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "a@example.org", "pictures"
    mail.set_content("the same words")
    mail.add_alternative('<p>the same words <img src="cid:one@x"></p>', subtype="html")
    mail.add_attachment(draw_square("blue", "JPEG"), maintype="image", subtype="jpeg", cid="<one@x>")
    taken = take(tmp_path, {"page.html": f"<html>{text}</html>".encode(), "m.eml": mail.as_bytes()})
    assert count_colours(tmp_path, taken["page.html"])["red"] > 5000
    assert count_colours(tmp_path, taken["m.eml"])["blue"] > 5000
    told = {name: {each.kind: each.found for each in found.tally.lines} for name, found in taken.items()}  # type: ignore[union-attr]  # looked at above
    assert told["page.html"] == {
        **{"drawn-pictures": 1, "pictures": 2, "alternative-texts": 3, "outside-links": 1}
    }
    assert told["m.eml"] == {"attachments": 1, "drawn-pictures": 1, "unshown-texts": 1}
    words = read_words(tmp_path, taken["page.html"])
    assert "linked, not shown" in words
    # Nothing of the file's own bytes is carried over.
    copy = sealed.read_bytes(FileStore(tmp_path / "store"), KEY, taken["page.html"].sealed_copy)  # type: ignore[union-attr]  # looked at above
    assert b"PGI+" not in copy


@pytest.mark.parametrize(
    "source",
    [
        "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'%3E%3Crect fill='red'/%3E%3C/svg%3E",
        "data:image/png;base64," + base64.b64encode(draw_square("red", size=(6000, 4000))).decode(),
        "data:image/png;base64," + base64.b64encode(draw_square("red")[:150]).decode(),
        "data:image/bmp;base64," + base64.b64encode(draw_square("red", "BMP")).decode(),
        "data:image/png;base64,not base 64!",
        "file:///etc/hostname",
        "lightwell-picture:1",
    ],
)
def test_a_picture_that_is_not_safe_stays_named(source: str) -> None:
    album = Album()
    text = texts.draft_html(f'<p>word</p><img alt="theirs" src="{source}">')
    (piece,) = text.pieces
    assert piece.pictures == {}
    assert "<img" not in piece.html
    assert [each.kind for each in text.findings if each.kind == "pictures"] == ["pictures"]
    assert album.find(source) == ""


def test_so_many_pictures_are_drawn_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(enclosed_pictures, "MAX_PICTURES", 3)
    album = Album({f"p{k}": draw_square("red", size=(4 + k, 4)) for k in range(5)})
    assert [bool(album.find(f"cid:p{k}")) for k in range(5)] == [True, True, True, False, False]
    monkeypatch.setattr(enclosed_pictures, "MAX_PIXELS_IN_ALL", 40)
    album = Album({f"p{k}": draw_square("red", size=(5, 4)) for k in range(3)})
    assert [bool(album.find(f"cid:p{k}")) for k in range(3)] == [True, True, False]


def test_a_mail_of_outlook_is_read_from_its_streams(tmp_path: Path) -> None:
    streams = {
        "__substg1.0_0037001F": "A subjectword".encode("utf-16-le"),
        "__substg1.0_1000001F": "The outlookbody ".encode("utf-16-le") * 300,
        "__substg1.0_0C1A001F": "Anna Example".encode("utf-16-le"),
        "__substg1.0_007D001E": b"X-Reader: headword",
        "__properties_version1.0": bytes(32) + struct.pack("<HHIQ", 0x40, 0x39, 0, 134_000_000_000_000_000),
    }
    data = make_compound(streams)
    words = read_words(tmp_path, take(tmp_path, {"m.msg": data})["m.msg"])
    for word in ("subjectword", "outlookbody", "Anna", "2025-08-18", "007D:", "headword"):
        assert word in words, word


@needs_tesseract
def test_pictures_and_scans_are_read_by_a_machine_that_says_how_sure_it_is(tmp_path: Path) -> None:
    picture = draw_words()
    files = {}
    for name, kind in (("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.tiff", "TIFF")):
        out = io.BytesIO()
        more = {"save_all": True, "append_images": [draw_words("a second frame")]} if kind == "TIFF" else {}
        picture.save(out, kind, **more)
        files[name] = out.getvalue()
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=(595, 300))
    sheet.drawImage(ImageReader(picture), 0, 0, 595, 245)
    sheet.showPage()
    sheet.drawString(50, 200, "A page with words of its own, which stay as they are")
    sheet.save()
    files["scan.pdf"] = out.getvalue()
    taken = take(tmp_path, files)
    for name in files:
        found = taken[name]
        words = read_words(tmp_path, found)
        assert isinstance(found, intake.Intake)
        assert "scanned committee counted thirty" in words, (name, words)
        assert "+ tesseract" in found.renderer
        assert found.tally.sure[1] > 70, name
    scan, tiff = taken["scan.pdf"], taken["a.tiff"]
    assert isinstance(scan, intake.Intake)
    assert isinstance(tiff, intake.Intake)
    assert (set(scan.tally.sure), scan.sealed_copy) == ({1}, "")
    assert (tiff.pages, set(tiff.tally.sure)) == (2, {1, 2})


@needs_tesseract
def test_the_words_of_a_scan_stand_where_the_picture_shows_them(tmp_path: Path) -> None:
    out = io.BytesIO()
    draw_words().save(out, "PNG", dpi=(200, 200))
    taken = take(tmp_path, {"a.png": out.getvalue()})["a.png"]
    assert isinstance(taken, intake.Intake)
    page = next(parts.iterate_parts(FileStore(tmp_path / "store"), KEY, taken.sealed_parts))
    boxes = {word.text: word.box for line in page.lines for word in line}
    left, top, right, bottom = boxes["scanned"]
    scale = page.head.width / 1700
    assert 200 * scale - 8 < top < bottom < 275 * scale + 8
    assert 80 * scale < left < right < 1000 * scale


@needs_tesseract
@pytest.mark.parametrize("degrees", [0, 90, 180, 270])
def test_a_scan_that_lies_upside_down_or_on_its_side_is_read_where_it_lies(
    tmp_path: Path, degrees: int
) -> None:
    words = ["Confidential", "committee", "counted", "messages", "between", "midnight", "morning"]
    sheet = Image.new("L", (1700, 2200), "white")
    for number, (one, other) in enumerate(itertools.permutations(words, 2)):
        text, font = f"{one} {other} and the report", ImageFont.load_default(30)
        ImageDraw.Draw(sheet).text((150, 150 + 45 * number), text, fill="black", font=font)
    out = io.BytesIO()
    turned = sheet.rotate(degrees, expand=True)
    turned.save(out, "PNG", dpi=(200, 200))
    taken = take(tmp_path, {"a.png": out.getvalue()})["a.png"]
    assert isinstance(taken, intake.Intake)
    page = next(parts.iterate_parts(FileStore(tmp_path / "store"), KEY, taken.sealed_parts))
    assert page.lines[0][0].text == "Confidential"
    assert taken.tally.sure[1] > 70
    assert taken.renderer.endswith(", turned by line") == (degrees > 0)
    # Bands would tell how long the words of lines that run down the page are.
    assert (len(page.head.bands) == 1) == (degrees in (90, 270))
    left, top, right, bottom = page.lines[0][0].box
    x, y = (left + right) / 2 / page.head.width, (top + bottom) / 2 / page.head.height
    across, down = {0: (x, y), 90: (1 - y, x), 180: (1 - x, 1 - y), 270: (y, 1 - x)}[degrees]
    assert across < 0.25
    assert down < 0.1


@needs_tesseract
@pytest.mark.parametrize("degrees", [0, 180])
@pytest.mark.parametrize("others", [1, 6])
def test_a_part_of_a_scan_that_lies_otherwise_than_the_rest_is_read_as_well(
    tmp_path: Path, others: int, degrees: int
) -> None:
    def write(count: int, words: str) -> Image.Image:
        sheet = Image.new("L", (1700, 60 * count), "white")
        for number in range(count):
            text, font = f"{words} {number} between midnight and morning", ImageFont.load_default(30)
            ImageDraw.Draw(sheet).text((150, 10 + 60 * number), text, fill="black", font=font)
        return sheet

    sheet = Image.new("L", (1700, 2200), "white")
    sheet.paste(write(20, "The committee counted messages"), (0, 100))
    sheet.paste(write(others, "Marigold Penhaligon received").rotate(180), (0, 1600))
    out = io.BytesIO()
    sheet.rotate(degrees).save(out, "PNG", dpi=(200, 200))
    taken = take(tmp_path, {"a.png": out.getvalue()})["a.png"]
    assert isinstance(taken, intake.Intake)
    page = next(parts.iterate_parts(FileStore(tmp_path / "store"), KEY, taken.sealed_parts))
    texts = [" ".join(word.text for word in line) for line in page.lines]
    assert [text.split()[0] for text in texts] == ["The"] * 20 + ["Marigold"] * others
    assert [text.split()[3] for text in texts[20:]] == [str(number) for number in range(others)]
    assert taken.renderer.endswith(", turned by line")
    assert taken.tally.sure[1] > 85


def make_compound(streams: dict[str, bytes]) -> bytes:
    """Write a compound file ([MS-CFB], version 3) with streams in its root, padded to 4,096 bytes."""
    sector = 512
    chains, body = [], b""
    for name, data in streams.items():
        # Larger than the cutoff, so that no small sectors are needed; the size says where a stream ends.
        padded = data.ljust(max(4096, -(-len(data) // sector) * sector), b"\0")
        chains.append((name, len(body) // sector, max(len(data), 4096)))
        body += padded
    used = len(body) // sector
    entries = [("Root Entry", 5, 0xFFFFFFFE, 0, 1)]
    entries += [(name, 2, start, size, 0xFFFFFFFF) for name, start, size in chains]
    folder = b""
    for number, (name, kind, start, size, child) in enumerate(entries):
        text = name.encode("utf-16-le") + b"\0\0"
        right = number + 1 if 0 < number < len(entries) - 1 else 0xFFFFFFFF
        folder += text.ljust(64, b"\0") + struct.pack("<HBB", len(text), kind, 1)
        folder += struct.pack("<III", 0xFFFFFFFF, right, child) + bytes(36) + struct.pack("<IQ", start, size)
    folder = folder.ljust(-(-len(folder) // sector) * sector, b"\0")
    directory = used
    used += len(folder) // sector
    table = []
    for _, start, size in chains:
        count = -(-size // sector)
        table += [start + step + 1 for step in range(count - 1)] + [0xFFFFFFFE]
    count = len(folder) // sector
    table += [directory + step + 1 for step in range(count - 1)] + [0xFFFFFFFE]
    table.append(0xFFFFFFFD)
    fat = struct.pack(f"<{len(table)}I", *table).ljust(sector, b"\xff")
    assert len(fat) == sector
    head = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    head += struct.pack("<IIIIIIIII", 0, 1, directory, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    head += struct.pack("<I", used) + b"\xff" * (4 * 108)
    return head + body + folder + fat


def test_a_mail_too_deep_is_refused_whatever_the_process_set_before() -> None:
    looped = b"Content-Type: text/plain\r\n\r\nend"
    for _ in range(400):
        looped = b"From: a@example.org\r\nContent-Type: message/rfc822\r\n\r\n" + looped
    allowed = sys.getrecursionlimit()
    try:
        for limit in (allowed, 8_000):
            sys.setrecursionlimit(limit)
            with pytest.raises(errors.UserMistake, match="without end"):
                mails.read_mail(looped, mails.EML)
            assert sys.getrecursionlimit() == limit
    finally:
        sys.setrecursionlimit(allowed)
