"""`lightwell check`: copies are found, at home, and nothing about them is sent."""

from __future__ import annotations

import hashlib
import http.server
import io
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import check_fixture as fixture
import fingerprint_fixture
import photograph
import pytest
from click.testing import CliRunner
from django.test import Client
from PIL import Image

from lightwell.actions import fingerprints, log, suspensions
from lightwell.archive import fingerprint
from lightwell.cli import check
from lightwell.client import fingerprints as reading
from lightwell.db.models import Item, Person
from lightwell.files import held

pytestmark = pytest.mark.django_db(transaction=True)
needs_tesseract = pytest.mark.skipif(held.find_tesseract() is None, reason="needs the program Tesseract")


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return fixture.build_archive(tmp_path / "state", tmp_path / "documents")


def look(file: Path, *where: str) -> tuple[int, dict]:
    result = CliRunner().invoke(check.check, [str(file), *where, "--json"])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result.exit_code, json.loads(result.output)


def say(file: Path, *where: str) -> tuple[int, str]:
    result = CliRunner().invoke(check.check, [str(file), *where])
    return result.exit_code, result.output


def list_found(answer: dict) -> list[tuple[int, int] | None]:
    """For each held page the nearest published one, as document and page."""
    nearest = [each["copies"][0] if each["copies"] else None for each in answer["pages"]]
    return [each and (each["document"], each["page"]) for each in nearest]


def test_copies_are_found_in_their_version_with_what_differs_and_what_is_hidden(
    archive: fixture.Archive, tmp_path: Path
) -> None:
    for where in (("--set", str(archive.fingerprints)), ("--bundle", str(archive.bundle))):
        # The very same file.
        code, answer = look(archive.files[fixture.WHOLE], *where)
        assert (code, answer["verdict"], answer["same_file"]["document"]) == (0, "found", fixture.WHOLE)
        assert list_found(answer) == [(fixture.WHOLE, page) for page in (1, 2, 3)]
        # Its page 2 stands in the later document too, with one word changed; the nearest comes first.
        copies = answer["pages"][1]["copies"]
        assert [(each["document"], each["same"]) for each in copies] == [
            (fixture.WHOLE, True),
            (fixture.LATER, False),
        ]
        (change,) = copies[1]["changes"]
        assert change["published"] == fixture.CHANGED
        # The paper from before anything was hidden: where the name stands, the archive hides something.
        code, answer = look(archive.files[fixture.HIDDEN], *where)
        assert (code, answer["same_file"]) == (0, None)
        assert list_found(answer) == [(fixture.HIDDEN, 1), (fixture.HIDDEN, 2), None]
        nearest = answer["pages"][0]["copies"][0]
        assert nearest["hidden"] == [{"ground": "participant", "words_held": 2}]
        assert nearest["changes"] == []
        assert (nearest["version"], nearest["publication"], nearest["published"]) == (1, 1, "2026-11-25")
        assert answer["not_public"] == [
            {"study": archive.study, "document": fixture.HIDDEN, "page": 3, "ground": "participant"}
        ]
        # What was locked in and not published is not found.
        code, answer = look(archive.files[fixture.LOCKED], *where)
        assert (code, answer["verdict"]) == (1, "not found")
        assert list_found(answer) == [None] * 3
    said = say(archive.files[fixture.HIDDEN], "--set", str(archive.fingerprints))[1]
    assert "hidden on the published page, legal reason participant; yours has 2 words there" in said
    assert fixture.NAME[0] not in said
    assert "page 3: not found" in said


def test_no_fingerprint_crosses_a_hidden_place_or_depends_on_what_stands_there(
    archive: fixture.Archive,
) -> None:
    line = fixture.add_name(fixture.make_text(2))[0][7]
    around = [*line[:3], *line[5:]]
    crossing = {
        fingerprint.hash_shingle(fingerprint.normalise_words(" ".join(around[start : start + 5])))
        for start in range(3)
    }
    with reading.open_set(archive.fingerprints) as opened:
        words = next(
            opened.read_words(place) for place in range(opened.head.pages) if opened.read_page(place).hidden
        )
        assert list(opened.list_matches(crossing)) == []
        # The lines above are there: the eyes of this test are open.
        assert list(opened.list_matches(fingerprint.make_fingerprints(words.runs)))
    assert words.grounds == ("participant",)
    assert words.runs[0].endswith(" ".join(line[:3]))
    assert words.runs[1].startswith(line[5])
    texts = b"\n".join(fingerprint_fixture.list_texts(archive.fingerprints.read_bytes()))
    for word in fixture.NAME:
        assert word.encode() not in texts


def test_a_text_is_looked_for_in_stretches_and_a_file_without_words_cannot_be_checked(
    archive: fixture.Archive, tmp_path: Path
) -> None:
    where = ("--set", str(archive.fingerprints))
    page = "\n".join(" ".join(line) for line in fixture.make_text(1)[2])
    text = tmp_path / "notes.txt"
    text.write_text(page.upper())
    code, answer = look(text, *where)
    assert (code, list_found(answer)) == (0, [(fixture.WHOLE, 3)])
    text.write_text("\f".join([page, " ".join(fixture.make_text(9)[0][0] * 4)]))
    code, answer = look(text, *where)
    assert (code, list_found(answer)) == (0, [(fixture.WHOLE, 3), None])
    long = [" ".join(word for line in each for word in line) for each in fixture.make_text(1)]
    text.write_text(" ".join([*long, *(" ".join(line) for line in fixture.make_text(8)[0])]))
    code, answer = look(text, *where)
    assert code == 0
    copies = {(each["document"], each["page"]) for page in answer["pages"] for each in page["copies"]}
    assert copies >= {(fixture.WHOLE, page) for page in (1, 2, 3)}
    assert answer["pages"][-1]["copies"] == []
    for name, data, why in (
        ("few.txt", b"only four words here", "too few words"),
        ("empty.txt", b"", "too few words"),
        ("program.bin", b"\x7fELF\0\0\0", "neither a PDF, a picture nor text"),
        ("broken.pdf", b"%PDF-1.7\nnot really", "cannot be read"),
        ("locked.png", b"\x89PNG\r\n\x1a\nnot really", ""),
    ):
        (tmp_path / name).write_bytes(data)
        code, said = say(tmp_path / name, *where)
        assert (code, said.startswith("could not check: ")) == (2, True), said
        assert why in said
    assert say(tmp_path / "none.pdf", *where)[0] == 2
    assert say(tmp_path, *where)[0] == 2


def test_the_command_needs_one_place_to_look_in_and_a_damaged_one_is_no_verdict(
    archive: fixture.Archive, tmp_path: Path
) -> None:
    file = archive.files[fixture.WHOLE]
    assert say(file)[0] == 2
    assert say(file, "--set", str(archive.fingerprints), "--bundle", str(archive.bundle))[0] == 2
    damaged = tmp_path / "damaged.fingerprints"
    damaged.write_bytes(archive.fingerprints.read_bytes()[:-5])
    for where in (
        ("--set", str(damaged)),
        ("--set", str(tmp_path / "none")),
        ("--set", str(file)),
        ("--bundle", str(tmp_path / "none")),
        ("--site", "no-address"),
        ("--site", "http://127.0.0.1:9/"),
    ):
        code, said = say(file, *where)
        assert (code, said.startswith("could not check: ")) == (2, True), said
    shutil.rmtree(archive.bundle / "log")
    assert say(file, "--bundle", str(archive.bundle))[0] == 2


def test_without_what_reads_pdfs_and_pictures_one_sentence_says_so_and_the_bytes_are_compared(
    archive: fixture.Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--set", str(archive.fingerprints))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setattr(held.shutil, "which", lambda name: None)
    code, said = say(archive.files[fixture.HIDDEN], *where)
    assert (code, "pip install pypdfium2" in said) == (2, True)
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff")
    code, said = say(photo, *where)
    assert (code, "needs the program Tesseract" in said) == (2, True)
    code, said = say(archive.files[fixture.WHOLE], *where)
    assert code == 0
    assert "The very same file, byte for byte: “Report whole”" in said


@needs_tesseract
def test_photographs_of_held_pages_are_found(archive: fixture.Archive, tmp_path: Path) -> None:
    where = ("--set", str(archive.fingerprints))
    parts = {(0.0, 1.0): "whole", (0.0, 0.55): "upper", (0.45, 1.0): "lower"}
    seed = 0
    for document in (fixture.WHOLE, fixture.HIDDEN):
        for part in parts:
            seed += 1
            photo = tmp_path / "photo.jpg"
            photo.write_bytes(photograph.make_photograph(archive.files[document], 1, seed, part))
            code, answer = look(photo, *where)
            assert (code, list_found(answer)) == (0, [(document, 1)]), (document, part, answer)
            assert answer["pages"][0]["by_ocr"]
            hidden = answer["pages"][0]["copies"][0]["hidden"]
            # The name stands in the upper half, and on the other document nothing is hidden.
            if document == fixture.HIDDEN and parts[part] != "lower":
                assert [each["ground"] for each in hidden] == ["participant"]
                assert hidden[0]["words_held"] >= 1
            elif document == fixture.WHOLE:
                assert hidden == []
    for number, document, page in ((7, fixture.LOCKED, 1), (8, fixture.HIDDEN, 3)):
        photo.write_bytes(photograph.make_photograph(archive.files[document], page, number))
        assert look(photo, *where)[0] == 1


@needs_tesseract
def test_a_photograph_that_was_turned_is_found(archive: fixture.Archive, tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    with Image.open(io.BytesIO(photograph.make_photograph(archive.files[fixture.WHOLE], 2, 11))) as upright:
        for degrees in (90, 180, 270):
            upright.rotate(degrees, expand=True).save(photo, quality=50)
            code, answer = look(photo, "--set", str(archive.fingerprints))
            assert (code, list_found(answer)) == (0, [(fixture.WHOLE, 2)]), degrees


@needs_tesseract
def test_a_pdf_of_photographs_is_read_by_machine(archive: fixture.Archive, tmp_path: Path) -> None:
    scan = tmp_path / "scan.pdf"
    pictures = [photograph.draw_page(archive.files[fixture.WHOLE], page) for page in (2, 3)]
    pictures[0].save(scan, save_all=True, append_images=pictures[1:], resolution=photograph.DPI)
    code, answer = look(scan, "--set", str(archive.fingerprints))
    assert (code, list_found(answer)) == (0, [(fixture.WHOLE, 2), (fixture.WHOLE, 3)])
    assert [each["by_ocr"] for each in answer["pages"]] == [True, True]


@contextmanager
def record_requests(data: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """Serve a fingerprint set and keep every byte that is asked: request line, headers, body."""
    kept: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def parse_request(self) -> bool:
            line = self.raw_requestline
            found = super().parse_request()
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            kept.append(line + bytes(self.headers) + body)
            return found

        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", kept
    finally:
        server.shutdown()
        server.server_close()


def test_a_site_is_asked_the_same_whatever_is_looked_for(archive: fixture.Archive, tmp_path: Path) -> None:
    secret = tmp_path / "a name that tells.txt"
    secret.write_text(" ".join(f"confidential{number}" for number in range(200)))
    few = tmp_path / "few.txt"
    few.write_text("too few")
    asked = []
    with record_requests(archive.fingerprints.read_bytes()) as (address, kept):
        for file, expected in ((archive.files[fixture.WHOLE], 0), (secret, 1), (few, 2)):
            code, _ = look(file, "--site", address)
            assert code == expected
            asked.append(list(kept))
            kept.clear()
    assert asked[0] == asked[1] == asked[2]
    (request,) = asked[0]
    assert request.startswith(b"GET /everything.fingerprints HTTP/1.1\r\n")
    assert b"confidential" not in request
    assert b"whole" not in request


def fetch(client: Client) -> tuple[int, bytes]:
    response = client.get("/everything.fingerprints")
    body = b"".join(response.streaming_content) if response.streaming else response.content  # type: ignore[attr-defined]
    return response.status_code, body


def test_the_site_offers_the_set_with_its_digest_until_something_is_hidden(archive: fixture.Archive) -> None:
    client = Client(headers={"host": "localhost"})
    status, body = fetch(client)
    made = fingerprints.find_set(archive.state)
    assert made is not None
    assert (status, body) == (200, made.path.read_bytes())
    page = client.get("/check/").content.decode()
    assert "Download what is public, for comparing" in page
    assert made.sha256 in page
    assert "<form" not in page
    assert 'type="file"' not in page
    told = client.get("/api/1/fingerprints").json()
    assert (told["bytes"], told["digest"]) == (len(body), f"sha256:{hashlib.sha256(body).hexdigest()}")
    assert (told["documents"], told["pages"], told["pages_without"]) == (3, 8, 0)
    assert told["address"].endswith("/everything.fingerprints")
    answer = client.get("/everything.fingerprints", headers={"range": "bytes=5-9"})
    assert b"".join(answer.streaming_content) == body[5:10]  # type: ignore[attr-defined]
    assert answer["Content-Type"] == "application/octet-stream"
    assert client.post("/everything.fingerprints").status_code == 405
    # Nothing was published since, so that nothing is due; a new day alone changes nothing either.
    assert fingerprints.make_set(state=archive.state) is None
    log.count_day(state=archive.state, now=fixture.NOW)
    assert fingerprints.make_set(state=archive.state) is None
    item = Item.objects.get(study=archive.study, number=fixture.WHOLE)
    suspensions.suspend_page(actor=Person.objects.get(username="ana"), item=item, page=2, now=fixture.NOW)
    assert fetch(client)[0] == 503
    assert "being put together" in client.get("/check/").content.decode()
    assert client.get("/api/1/fingerprints").status_code == 503
    assert client.get("/check/").status_code == 200
    assert fingerprints.sweep_leftovers(state=archive.state) == 2
    assert fingerprints.make_set(state=archive.state) is not None
    status, body = fetch(client)
    assert status == 200
    hidden = " ".join(fixture.make_text(1)[1][0]).encode()
    kept = " ".join(fixture.make_text(1)[0][0]).encode()
    texts = b"\n".join(fingerprint_fixture.list_texts(body))
    # Page 2 of the later document has other words in one line only, so that this line is still public.
    assert texts.count(hidden) == 1
    assert texts.count(kept) == 2
    assert item.sha256.encode() not in texts
