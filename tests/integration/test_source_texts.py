"""What a file holds and no page of it shows is written out on the appendix, where detectors and people see it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lightwell.files import conversion, intake, parts, source_texts, typesetting, unshown
from lightwell.files.store import FileStore

KEY = bytes(range(32))
needs_setting = pytest.mark.skipif(bool(typesetting.find_lack()), reason="pages cannot be set here")
SLACK = [
    {
        "user_profile": {"real_name": "Di Example", "display_name": "nicknamed"},
        "ts": "1700000000.1",
        "text": "shownword",
        "topic": "topicword",
        "blocks": [{"elements": [{"text": "blockword"}]}],
        "reactions": [{"name": "wave", "users": ["reactor"]}],
    },
    {"user": "U2", "ts": "1700000001.1", "text": "b", "reply": 4407912345, "edited": True},
]
HTML = (
    "<!doctype html><title>titleword</title><meta name=author content=metaword><p>shownword</p>"
    "<input value=valueword><iframe srcdoc='<p>srcdocword</p>'></iframe><template><p>templateword</p></template>"
    "<a href='https://example.org/hrefword'>link</a><script>scriptword()</script><style>.styleword{}</style>"
    '<script type=\'application/ld+json\'>{"author": "ldword"}</script><div data-who=dataword class=classword>'
)
MAIL = (
    "From: a@example.org\nTo: b@example.org\nSubject: shownword\nX-Reader: headword\nMIME-Version: 1.0\n"
    'Content-Type: multipart/mixed; boundary="b"\n\npreambleword\n--b\nContent-Type: text/plain\n'
    "Content-Description: partword\n\nbodyword\n--b\nContent-Type: text/html\n\n<p title=attributeword>bodyword</p>\n"
    "--b--\nepilogueword\n"
)
# ruff: noqa: E501 - one file a line
FILES: dict[str, tuple[bytes, int, str, str]] = {
    "slack.json": (json.dumps(SLACK).encode(), 6, "nicknamed topicword blockword wave reactor 4407912345 shownword", "1700000000.1"),
    "twice.json": (b'{"a": "firstword", "a": "lastword"}', 1, "firstword lastword", ""),
    "chat.csv": (b"Author,Time,Text,Room\nEli,10:00,csvchat,roomword\n", 1, "csvchat roomword", ""),
    "page.html": (HTML.encode(), 8, "titleword metaword valueword srcdocword templateword ldword dataword hrefword", "scriptword styleword classword"),
    "read.rst": (b"shownword\n\n.. raw:: html\n\n   <b>rawword</b>\n\n.. remarkword is a remark\n", 2, "rawword remarkword", ""),
    "read.md": (b'shownword <span title="spanword">x</span>\n\n[ref]: http://example.org "refword"\n', 3, "spanword refword", ""),
    "mail.eml": (MAIL.encode(), 5, "headword preambleword epilogueword partword attributeword", ""),
    "plain.html": (b"<p>shownword and <b>bold</b> word</p>", 0, "shownword bold", ""),
    "plain.eml": (b"From: a@example.org\nSubject: shownword\nContent-Type: text/plain\n\nbodyword\n", 0, "bodyword", ""),
    "plain.json": (json.dumps([{"author": "Anna", "time": "10:00", "text": "shownword " + "x" * 90}] * 2).encode(), 0, "shownword", ""),
}  # fmt: skip


def take(folder: Path, names: list[str]) -> dict[str, intake.Intake]:
    jobs = [intake.Job(folder / name, KEY) for name in names]
    taken = intake.take_in_all(jobs, FileStore(folder / "store"), processes=1)
    return {name: each for name, each in zip(names, taken, strict=True) if isinstance(each, intake.Intake)}


def read_words(folder: Path, taken: intake.Intake) -> str:
    pages = parts.iterate_parts(FileStore(folder / "store"), KEY, taken.sealed_parts)
    return " ".join(word.text for each in pages for line in each.lines for word in line)


@needs_setting
def test_texts_that_no_page_shows_are_written_out_and_counted(tmp_path: Path) -> None:
    for name, (data, *_) in FILES.items():
        (tmp_path / name).write_bytes(data)
    taken = take(tmp_path, list(FILES))
    for name, (_, found, present, absent) in FILES.items():
        words = read_words(tmp_path, taken[name])
        assert [word for word in present.split() if word not in words] == [], (name, words)
        assert [word for word in absent.split() if word in words] == [], (name, words)
        counted = [each for each in taken[name].tally.lines if each.kind == unshown.KIND]
        assert [each.found for each in counted] == [found] * bool(found), (name, words)
        assert all(each.place.startswith("written out on page") for each in counted), name
        assert (unshown.NAME in taken[name].renderer) == bool(found), name


def make_pictures(folder: Path) -> None:
    picture = Image.new("RGB", (300, 300), "white")
    fields = picture.getexif()
    fields[0x013B], fields[0x9C9D] = "Artistword", "Wideword".encode("utf-16-le")
    fields.get_ifd(0x8769)[0x9286] = b"ASCII\0\0\0Remarkword"
    fields.get_ifd(0x8825)[2] = (52.0, 30.0, 17.0)
    packet = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:li>Xmpword</rdf:li></x:xmpmeta>'
    picture.save(folder / "camera.jpg", exif=fields, comment=b"Commentword", xmp=packet)
    written = PngInfo()
    written.add_text("Author", "Pngword")
    picture.save(folder / "drawn.png", pnginfo=written)
    picture.save(folder / "scan.tiff", tiffinfo={315: "Tiffword"})
    picture.save(folder / "plain.tiff")


PICTURES = {
    "camera.jpg": (6, ("Artistword", "Wideword", "Remarkword", "52.0", "Xmpword", "Commentword")),
    "drawn.png": (1, ("Pngword",)),
    "scan.tiff": (1, ("Tiffword",)),
    "plain.tiff": (0, ()),
}


def test_fields_beside_a_picture_are_counted_and_written_out_behind_it(tmp_path: Path) -> None:
    make_pictures(tmp_path)
    for name, (count, words) in PICTURES.items():
        fields = list(source_texts.list_picture_texts(tmp_path / name))
        assert len(fields) == count, (name, fields)
        assert [word for word in words if word not in str(fields)] == [], name


@needs_setting
@pytest.mark.skipif(bool(conversion.recognition.find_lack()), reason="pictures cannot be read here")
def test_fields_of_a_picture_stand_on_a_page_of_their_own(tmp_path: Path) -> None:
    make_pictures(tmp_path)
    for name, taken in take(tmp_path, list(PICTURES)).items():
        count, words = PICTURES[name]
        read = read_words(tmp_path, taken)
        assert [word for word in words if word not in read] == [], (name, read)
        lines = [(each.words, each.pages) for each in taken.tally.lines]
        assert lines == ([(f"{count} field{'s' * (count > 1)} of metadata", (2,))] if count else []), name
