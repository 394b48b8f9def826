"""Documents handed in by a browser: received, listed, checked, read by the worker, locked in, then gone."""

import csv
import datetime
import errno
import io
import os
import re
import signal
import stat
import time
from pathlib import Path
from typing import Any

import disclosure_fixture as fixture
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from document_fixture import STUDY, make_pdf
from office_fixture import make_docx
from test_text_files import make_mail
from test_workspace import NOW, PASSWORD, register, sign_in

from lightwell.actions import leftovers, log, organisations, overview, people, readings
from lightwell.db.models import Inventory, Item, Study
from lightwell.files import foundation, incoming, occupancy
from lightwell.files.state import State
from lightwell.web import pace, uploads

pytestmark = pytest.mark.django_db

ROOM = f"/workspace/studies/{STUDY}/documents/"
BOUNDARY = "paper"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> State:
    root = tmp_path / "state"
    # Twenty tests sign in; how passwords are kept is shown elsewhere.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setattr(pace, "TURNS", 1000)
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    larkfield = fixture.find_organisation()
    for name, role in (("ana", "publisher"), ("ben", "approver")):
        people.add_person(name=name, roles=[role], password=PASSWORD, organisation=larkfield)
    opened = State(root)
    register(opened)
    return opened


@pytest.fixture
def ana(state: State) -> Client:
    return sign_in("ana")


def find_area(state: State) -> incoming.Area:
    return incoming.open_area(state.root, STUDY)


def add(client: Client, **files: bytes) -> str:
    """Send files by their names, a dot written as two underscores; returns the page that comes back."""
    listed = [SimpleUploadedFile(name.replace("__", "."), data) for name, data in files.items()]
    return client.post(f"{ROOM}add/", {"documents": listed}, follow=True).content.decode()


def send_raw(client: Client, name: bytes, data: bytes = b"words") -> str:
    """Send one file under a name as bytes, as no polite browser would."""
    head = b'Content-Disposition: form-data; name="documents"; filename="' + name + b'"\r\n\r\n'
    body = b"--paper\r\n" + head + data + b"\r\n--paper--\r\n"
    kind = f"multipart/form-data; boundary={BOUNDARY}"
    return client.post(f"{ROOM}add/", body, content_type=kind, follow=True).content.decode()


def read_list(client: Client) -> list[dict[str, str]]:
    text = client.get(f"{ROOM}list.csv").content.decode()
    return list(csv.DictReader(io.StringIO(text)))


def save(client: Client, step: str = "keep", **changes: str) -> str:
    """Send the form of the list as it stands, but for some fields, written such as title_2."""
    sent: dict[str, list[str]] = {}
    for row in read_list(client):
        for column in ("file", *readings.incoming.EDITED):
            sent.setdefault(column, []).append(changes.get(f"{column}_{row['number']}", row[column]))
    return client.post(f"{ROOM}list/", {**sent, "step": step}, follow=True).content.decode()


def work(state: State) -> list[str]:
    return readings.work(state=state, processes=1)


def check(client: Client, state: State) -> str:
    save(client, "check")
    work(state)
    return client.get(ROOM).content.decode()


def read_all(client: Client, state: State) -> str:
    client.post(f"{ROOM}ask/", {"do": "read"})
    work(state)
    return client.get(ROOM).content.decode()


def find_links(text: str) -> list[tuple[str, str]]:
    """List what the summary of problems leads to, with its words."""
    found = re.findall(r'<li><a href="([^"]*)">(.*?)</a></li>', text)
    return [(target, re.sub("<[^>]+>", "", words)) for target, words in found if "#row-" in target]


def test_files_become_a_study_that_is_locked_in_and_nothing_of_them_stays(state: State, ana: Client) -> None:
    text = add(
        ana, night_report__pdf=make_pdf(), sleep__memo__pdf=make_pdf(), table__csv=b"wave,hours\n1,7\n"
    )
    assert "3 files added" in text
    assert "One file may have 500 MB, all of one study together 5,000 MB" in text
    rows = read_list(ana)
    assert [(row["file"], row["title"], row["kind"]) for row in rows] == [
        ("night_report.pdf", "night report", "report"),
        ("sleep.memo.pdf", "sleep.memo", "other"),
        ("table.csv", "table", "other"),
    ]
    save(ana, title_1="How children slept", date_1="2024-05-01", due_1="2025-03-01")
    assert read_list(ana)[0]["title"] == "How children slept"
    text = check(ana, state)
    assert "3 documents, 7 pages" in text
    assert "of disk" in text
    assert not Item.objects.exists(), "a check stores nothing"
    text = read_all(ana, state)
    assert "Every page is read" in text
    shown = ana.get(f"/workspace/studies/{STUDY}/").content.decode()
    assert "What cannot be taken back" in shown
    assert "How children slept" in shown
    assert ana.post(f"/workspace/studies/{STUDY}/seal/", {"study": STUDY}).status_code == 302
    item = Inventory.objects.get().items.get(number=1)
    assert (item.title, item.date, item.due) == (
        "How children slept",
        "2024-05-01",
        datetime.date(2025, 3, 1),
    )
    assert not find_area(state).root.exists()
    assert b"Add the files" in ana.get(ROOM).content


def test_what_is_handed_in_can_be_opened_by_the_account_of_the_site_alone(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf())
    save(ana)
    area = find_area(state)
    assert not list(area.arriving.iterdir())
    for path in [area.root.parent, area.root, *area.root.rglob("*")]:
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path


def test_a_name_that_cannot_stand_in_the_list_is_refused_with_its_reason(state: State, ana: Client) -> None:
    for name, reason in (
        (b"../../web.key", "without .. or backslashes"),
        (b"/etc/passwd", "without .. or backslashes"),
        (b"C:\\papers\\a.pdf", "without .. or backslashes"),
        (b"a%0Ab.pdf", "a line break"),
        ("fdp.\u202egpj".encode(), "turn the direction of writing"),
        (b".DS_Store", "it is no document"),
        (b"~$report.docx", "it is no document"),
        (b"a" * 300 + b".pdf", "longer than 255 bytes"),
        (b"..", "without .. or backslashes"),
    ):
        text = send_raw(ana, name)
        assert "1 file was not added" in text, name
        assert reason in text, name
        assert find_area(state).list_files() == {}
    assert not (state.root / "incoming" / "web.key").exists()


def test_folders_below_are_kept_and_one_name_is_never_a_file_and_a_folder(state: State, ana: Client) -> None:
    assert "1 file added" in send_raw(ana, b"wave 1/report.pdf", make_pdf())
    assert "A folder and a file cannot have the same name" in send_raw(ana, b"wave 1", b"words")
    assert [row["file"] for row in read_list(ana)] == ["wave 1/report.pdf"]
    ana.post(f"{ROOM}list/", {"remove": "wave 1/report.pdf"})
    assert list(find_area(state).documents.iterdir()) == []


def test_the_same_name_and_the_same_bytes_are_said(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf())
    text = add(ana, b__pdf=make_pdf(), a__pdf=b"other")
    assert "b.pdf has the same bytes as a.pdf" in text
    assert "Another file of this name is here already" in text
    assert "It is here already, with the same bytes" in add(ana, a__pdf=make_pdf())
    assert [row["file"] for row in read_list(ana)] == ["a.pdf", "b.pdf"]
    assert "The same bytes under 2 names: a.pdf, b.pdf" in check(ana, state)


def test_what_is_too_large_is_refused_and_the_others_are_taken(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTWELL_FILE_MB", "1")
    monkeypatch.setenv("LIGHTWELL_STUDY_MB", "2")
    text = add(
        ana, big__bin=bytes(1_000_001), a__bin=b"a" * 900_000, b__bin=b"b" * 900_000, c__bin=bytes(300_000)
    )
    assert "2 files were not added" in text
    assert "The file has more than 1 MB" in text
    assert "may have 2 MB together" in text
    assert sorted(find_area(state).list_files()) == ["a.bin", "b.bin"]
    assert not list(find_area(state).arriving.iterdir())
    monkeypatch.setenv("LIGHTWELL_FILE_MB", "much")
    assert "write a number of megabytes" in ana.get(ROOM).content.decode()


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(uploads.os, "fsync", fail)
    text = add(ana, a__pdf=make_pdf())
    assert "the disk is full" in text.lower()
    assert str(state.root) not in text
    monkeypatch.undo()
    assert find_area(state).list_files() == {}
    assert not list(find_area(state).arriving.iterdir())


def test_half_a_request_keeps_nothing(state: State, ana: Client) -> None:
    head = b'--paper\r\nContent-Disposition: form-data; name="documents"; filename="a.pdf"\r\n\r\n'
    answer = ana.generic(
        "POST",
        f"{ROOM}add/",
        head,
        content_type="multipart/form-data; boundary=paper",
        **{"wsgi.input": io.BytesIO(head + make_pdf()[:500]), "CONTENT_LENGTH": "90000"},
    )
    assert answer.status_code == 400
    assert b"cut off" in answer.content
    assert find_area(state).list_files() == {}
    assert not list(find_area(state).arriving.iterdir())


def test_every_problem_stands_at_its_row_and_field_also_on_another_page(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightwell.web.views.incoming.ROWS", 2)
    add(ana, a__pdf=make_pdf(), b__pdf=make_pdf(), c__pdf=b"%PDF-1.7 broken", d__pdf=make_pdf())
    save(ana, title_1=" ", kind_2="novel", held_pages_4="9", ground_4="participant", due_1="2001-01-01")
    links = dict(find_links(check(ana, state)))
    assert set(links) >= {
        "#row-1-title",
        "#row-1-due",
        "#row-2-kind",
        "?from=3#row-3-file",
        "?from=4#row-4-held_pages",
    }
    assert "9 is to be held back, but there are 3 pages" in links["?from=4#row-4-held_pages"]
    text = ana.get(ROOM, {"from": "3"}).content.decode()
    for number, column in ((3, "file"), (4, "held_pages")):
        assert f'id="row-{number}-{column}"' in text
    assert "novel (unknown)" in ana.get(ROOM).content.decode(), "what was wrong stays to be seen"
    assert b"Read every page" not in ana.get(ROOM).content


def test_the_list_is_edited_elsewhere_and_handed_in_again(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf(), b__pdf=make_pdf(), c__pdf=make_pdf())
    text = ana.get(f"{ROOM}list.csv").content.decode()
    head, first, second, _ = text.splitlines()
    table = "\n".join(
        [head, second.replace("2,b.pdf,b,", "1,b.pdf,Ännes Bericht,"), first.replace("1,a", "2,a")]
    )

    def hand_in(data: bytes) -> str:
        sent = {"table": SimpleUploadedFile("list.csv", data)}
        return ana.post(f"{ROOM}table/", sent, follow=True).content.decode()

    assert "These had no row in it, and have one now at the end: c.pdf" in hand_in(table.encode("utf-8-sig"))
    assert [(row["file"], row["title"]) for row in read_list(ana)] == [
        ("b.pdf", "Ännes Bericht"),
        ("a.pdf", "a"),
        ("c.pdf", "c"),
    ]
    before = read_list(ana)
    for wrong, sentence in (
        (table.replace("a.pdf", "z.pdf").encode(), "there is no file &#x27;z.pdf&#x27;"),
        ("\n".join([head, first, first]).encode(), "stands already in row 1"),
        (table.encode("utf-16"), "not UTF-8"),
        (b"title;pages\n", "the first line must be exactly"),
        ((head + "\n1,a.pdf\n").encode(), "the line must have 9 cells"),
        ((head + "\n").encode(), "the table has no row"),
    ):
        assert sentence.lower() in hand_in(wrong).lower()
    assert read_list(ana) == before, "nothing of a refused table is taken"


def test_only_people_of_the_organisation_who_may_lock_in_enter_and_send(state: State, ana: Client) -> None:
    add(ana, zebra__pdf=make_pdf())
    other = organisations.add_organisation(by="op", slug="other", role="campaign-group", name="Other")
    people.add_person(name="oda", roles=["publisher"], password=PASSWORD, organisation=other)
    places = ("", "list.csv", "add/", "list/", "table/", "ask/")
    for client in (sign_in("oda"), sign_in("ben"), Client()):
        for place in places:
            for send in (client.get, client.post):
                answer = send(f"{ROOM}{place}", {"remove": "zebra.pdf", "do": "read"})
                assert answer.status_code in (302, 403, 405), (place, answer.status_code)
                assert b"zebra" not in answer.content
        answer = client.post(f"{ROOM}add/", {"documents": SimpleUploadedFile("b.pdf", b"x")})
        assert answer.status_code in (302, 403)
    assert list(find_area(state).list_files()) == ["zebra.pdf"]
    assert find_area(state).read_note("asked") is None
    assert ana.get("/workspace/studies/no-such-study/documents/").status_code == 404


def test_a_forged_form_changes_nothing_and_keeps_no_file(state: State) -> None:
    forged = Client(enforce_csrf_checks=True)
    forged.cookies = sign_in("ana").cookies
    sent = {"documents": SimpleUploadedFile("a.pdf", make_pdf()), "do": "read", "remove": "a.pdf"}
    for place in ("add/", "list/", "table/", "ask/"):
        assert forged.post(f"{ROOM}{place}", sent).status_code == 403, place
    assert find_area(state).list_files() == {}
    assert not list(find_area(state).arriving.iterdir())


def test_any_change_takes_back_what_was_read(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf())
    check(ana, state)
    read_all(ana, state)
    save(ana, title_1="Another title")
    assert "What cannot be taken back" not in ana.get(f"/workspace/studies/{STUDY}/").content.decode()
    assert ana.post(f"/workspace/studies/{STUDY}/seal/", {"study": STUDY}).status_code == 403
    check(ana, state)
    read_all(ana, state)
    assert Item.objects.get().title == "Another title"


def test_while_the_worker_reads_nothing_changes_and_it_can_be_stopped(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ana, **{f"{name}__pdf": make_pdf() for name in "abcd"})
    check(ana, state)
    ana.post(f"{ROOM}ask/", {"do": "read"})
    assert "It begins within seconds" in ana.get(ROOM).content.decode()
    seen: list[str] = []
    kept = incoming.Area.write_note

    def watch(area: incoming.Area, name: str, value: dict[str, Any]) -> None:
        kept(area, name, value)
        if name == "read" and value["done"] == 2 and not seen:
            seen.append(ana.get(ROOM).content.decode())
            seen.append(save(ana, title_1="too late"))
            ana.post(f"{ROOM}ask/", {"do": "stop"})

    monkeypatch.setattr(incoming.Area, "write_note", watch)
    monkeypatch.setattr(readings, "_SAVE_SECONDS", -1)
    monkeypatch.setattr(readings.incoming, "_PATIENCE_SECONDS", 0)
    assert work(state) == [f"read of documents of {STUDY}: stopped"]
    assert "2 of 4 documents" in seen[0]
    assert "6 pages" in seen[0]
    assert "being read" in seen[1]
    assert 2 <= Item.objects.count() < 4
    monkeypatch.undo()
    monkeypatch.setenv("LIGHTWELL_STATE", str(state.root))
    assert "Go on reading" in ana.get(ROOM).content.decode()
    assert read_list(ana)[0]["title"] == "a"
    first = Item.objects.get(number=1).pk
    assert "Every page is read" in read_all(ana, state)
    assert Item.objects.count() == 4
    assert Item.objects.get(number=1).pk == first, "what was read is not read again"


def test_somebody_at_the_command_line_and_the_worker_never_read_at_once(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf())
    save(ana, "check")
    with occupancy.hold_study(state.root, STUDY):
        assert work(state) == []
    assert work(state) == [f"check of documents of {STUDY}: done"]


def test_what_only_reading_finds_is_said_by_file_and_page(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ana, a__pdf=make_pdf(), b__pdf=make_pdf())
    check(ana, state)
    (find_area(state).documents / "b.pdf").write_bytes(make_pdf()[:700])
    text = read_all(ana, state)
    (link,) = find_links(text)
    assert link[0] == "#row-2-file"
    assert "2. b.pdf" in link[1]
    assert not Study.objects.get(pk=STUDY).measured


def test_a_worker_that_was_killed_is_followed_by_one_that_goes_on(state: State, ana: Client) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("a fork would share the connection to the server")
    add(ana, **{f"{name}__pdf": make_pdf() for name in "abcd"})
    check(ana, state)
    ana.post(f"{ROOM}ask/", {"do": "read"})
    if not (child := os.fork()):
        kept = incoming.Area.write_note

        def die(area: incoming.Area, name: str, value: dict[str, Any]) -> None:
            kept(area, name, value)
            if value["done"] == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            incoming.Area.write_note = die
            readings._SAVE_SECONDS = -1
            work(state)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    assert "2 of 4 documents" in ana.get(ROOM).content.decode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(readings.incoming, "_PATIENCE_SECONDS", 0)
        assert "are being read" in save(ana, title_1="too late"), "it is still asked for"
    assert work(state) == [f"read of documents of {STUDY}: done"]
    assert "Every page is read" in ana.get(ROOM).content.decode()
    assert work(state) == []


def test_without_a_worker_the_page_says_so(state: State, ana: Client) -> None:
    add(ana, a__pdf=make_pdf())
    save(ana, "check")
    area = find_area(state)
    note = area.read_note("asked")
    area.write_note("asked", {**note, "at": time.time() - 3600})
    assert "Nobody has begun with it" in ana.get(ROOM).content.decode()


@pytest.mark.django_db(transaction=True)
def test_after_a_crash_the_worker_removes_what_is_locked_in_and_only_that(
    state: State, ana: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(ana, a__pdf=make_pdf(), b__pdf=make_pdf())
    check(ana, state)
    read_all(ana, state)
    monkeypatch.setattr(readings, "forget_sealed", lambda **_: 0)
    ana.post(f"/workspace/studies/{STUDY}/seal/", {"study": STUDY})
    monkeypatch.undo()
    monkeypatch.setenv("LIGHTWELL_STATE", str(state.root))
    assert find_area(state).exists()
    assert leftovers.sweep_leftovers(state=state) >= 2
    assert not find_area(state).root.exists()
    # Handed in again for the next inventory, the same bytes are said to be locked in, and stay.
    assert "the same bytes as document" in add(ana, a__pdf=make_pdf())
    check(ana, state)
    read_all(ana, state)
    leftovers.sweep_leftovers(state=state)
    assert list(find_area(state).list_files()) == ["a.pdf"]


@pytest.mark.django_db(transaction=True)
def test_what_a_cut_off_request_left_goes_after_a_day(state: State, ana: Client) -> None:
    path = find_area(state).begin_file()
    path.write_bytes(b"half")
    leftovers.sweep_leftovers(state=state)
    assert path.exists(), "somebody may be sending it now"
    old = time.time() - incoming.ARRIVING_SECONDS - 60
    os.utime(path, (old, old))
    leftovers.sweep_leftovers(state=state)
    assert not path.exists()


def test_files_inside_mails_and_office_files_are_shown_and_become_documents_of_their_own(
    state: State, ana: Client
) -> None:
    text = add(ana, talk__eml=make_mail().as_bytes(), plan__docx=make_docx())
    assert "Files inside files" not in text
    text = check(ana, state)
    for name in ("t.csv", "t (2).csv", "oleObject1.bin"):
        assert f'<span class="name">{name}</span>' in text
    assert "3 files inside mails and office files: 0 in the list" in text
    assert [row["file"] for row in read_list(ana)] == ["plan.docx", "talk.eml"]
    chosen = ["talk.eml / t (2).csv", "plan.docx / oleObject1.bin"]
    text = ana.post(f"{ROOM}inside/", {"inside": chosen}, follow=True).content.decode()
    assert "2 files added to the list" in text
    assert [row["file"] for row in read_list(ana)] == [
        "plan.docx",
        "plan.docx / oleObject1.bin",
        "talk.eml",
        "talk.eml / t (2).csv",
    ]
    # Taking its row away leaves it where it was.
    rows = read_list(ana)
    form = {name: [row[name] for row in rows] for name in ("file", *readings.incoming.EDITED)}
    text = ana.post(f"{ROOM}list/", {**form, "remove": chosen[1]}, follow=True).content.decode()
    assert [row["file"] for row in read_list(ana)] == ["plan.docx", "talk.eml", "talk.eml / t (2).csv"]
    assert 'value="plan.docx / oleObject1.bin"' in text
    assert find_area(state).list_files().keys() == {"plan.docx", "talk.eml"}
    check(ana, state)
    read_all(ana, state)
    sealed = dict(Item.objects.values_list("file_name", "read"))
    assert sealed["talk.eml / t (2).csv"] is True
    assert len(sealed) == 3


def test_what_is_inside_a_file_that_was_replaced_or_may_not_be_opened_is_not_in_the_list(
    state: State, ana: Client
) -> None:
    add(ana, talk__eml=make_mail().as_bytes())
    check(ana, state)
    ana.post(f"{ROOM}inside/", {"inside": ["talk.eml / t.csv"]})
    rows = read_list(ana)
    form = {name: [row[name] for row in rows] for name in ("file", *readings.incoming.EDITED)}
    ana.post(f"{ROOM}list/", {**form, "remove": "talk.eml"})
    assert read_list(ana) == []
    add(ana, talk__eml=b"From: a@b.example\nSubject: another\n\nwords\n")
    assert [row["file"] for row in read_list(ana)] == ["talk.eml"]
    gone = ana.post(f"{ROOM}inside/", {"inside": ["talk.eml / t.csv"]})
    assert "not there any more" in gone.content.decode()
    assert "tick the files" in ana.post(f"{ROOM}inside/", {}).content.decode().lower()
    add(ana, unseen__eml=make_mail().as_bytes())
    text = save(ana, "check", intent_2="withhold", ground_2="suspected-abuse-image")
    work(state)
    assert "unseen.eml / " not in ana.get(ROOM).content.decode(), text
