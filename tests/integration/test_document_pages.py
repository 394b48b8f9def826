"""The pages of a document: what may be read is shown whole, what may not keeps its place and nothing else."""

import re
from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from document_fixture import (
    CSV,
    LOCKED,
    PARTLY,
    SECRET_TITLE,
    SENTENCES,
    STUDY,
    WHOLE,
    WITHHELD,
    Archive,
    build_archive,
    suspend,
)

from lightwell.actions import pictures
from lightwell.db.models import Item, PublicPage, Report
from lightwell.web.views import documents

pytestmark = pytest.mark.django_db

BASE = f"/studies/{STUDY}/documents"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    cache.clear()
    return build_archive(tmp_path / "state")


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=True)


def test_a_whole_document_offers_its_original_bytes_and_a_place_for_every_page(
    archive: Archive, client: Client
) -> None:
    answer = client.get(f"{BASE}/{WHOLE}/")
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "How children sleep" in text
    assert [f"{BASE}/{WHOLE}/page/{n}/" in text for n in (1, 2, 3, 4)] == [True, True, True, False]
    address = re.search(r'href="(/files/[0-9a-f]{64})"', text)
    assert address
    file = client.get(address[1])
    assert file.content == archive.original
    assert file["Content-Type"] == "application/pdf"
    assert file["Content-Disposition"] == 'attachment; filename="LF-01 report.pdf"'
    assert file["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in file["Content-Security-Policy"]


def test_a_large_file_is_sent_piece_by_piece_with_the_same_headers_and_none_that_changed(
    archive: Archive, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = archive.items[WHOLE].sha256
    whole = client.get(f"/files/{digest}")
    monkeypatch.setattr(documents, "STREAMED_FROM", 10)
    pieces = client.get(f"/files/{digest}")
    assert pieces.streaming
    assert b"".join(pieces.streaming_content) == whole.content == archive.original
    assert {**dict(pieces.items()), "Content-Length": ""} == {**dict(whole.items()), "Content-Length": ""}
    assert pieces["Content-Length"] == str(len(archive.original))
    archive.state.files.find_path("public", digest).write_bytes(b"changed" * 1000)
    answer = client.get(f"/files/{digest}")
    assert (answer.status_code, answer.streaming) == (500, False)


def test_no_page_of_a_document_sets_a_cookie(archive: Archive, client: Client) -> None:
    digest = archive.items[WHOLE].sha256
    addresses = [
        f"{BASE}/{WHOLE}/",
        f"{BASE}/{WHOLE}/page/1/",
        f"{BASE}/{WHOLE}/page/1/report/",
        f"/files/{digest}",
    ]
    for address in addresses:
        assert not client.get(address).cookies, address


@pytest.mark.parametrize("number", [WITHHELD, LOCKED])
def test_a_document_that_is_not_published_shows_neither_title_nor_file_name(
    archive: Archive, client: Client, number: int
) -> None:
    for address in (f"{BASE}/{number}/", f"{BASE}/{number}/page/1/", f"{BASE}/{number}/page/1/report/"):
        text = client.get(address).content.decode()
        assert SECRET_TITLE.split()[0] not in text, address
        assert "zanzibar" not in text.lower(), address


def test_a_page_that_is_held_back_keeps_its_place_with_the_legal_reason(
    archive: Archive, client: Client
) -> None:
    listed = client.get(f"{BASE}/{PARTLY}/").content.decode()
    assert "A person who took part in the research" in listed
    shown = client.get(f"{BASE}/{PARTLY}/page/2/")
    text = shown.content.decode()
    assert shown.status_code == 200
    assert "This page is held back" in text
    assert "A person who took part in the research" in text
    assert "marmalade" not in text
    assert client.get(f"{BASE}/{PARTLY}/page/2/picture").status_code == 404
    assert client.get(f"{BASE}/{PARTLY}/page/2/proof.json").status_code == 404


def test_the_original_of_a_partly_open_document_is_not_offered(archive: Archive, client: Client) -> None:
    item = archive.items[PARTLY]
    assert f"/files/{item.sha256}" not in client.get(f"{BASE}/{PARTLY}/").content.decode()
    assert client.get(f"/files/{item.sha256}").status_code == 404


def test_a_page_shows_its_words_as_text_beside_its_picture(archive: Archive, client: Client) -> None:
    text = client.get(f"{BASE}/{WHOLE}/page/2/").content.decode()
    words = re.findall(r'id="w\d+">([^<]+)<', text)
    assert SENTENCES[1] in " ".join(words)
    picture = client.get(f"{BASE}/{WHOLE}/page/2/picture")
    assert picture["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    again = client.get(f"{BASE}/{WHOLE}/page/2/picture", headers={"If-None-Match": picture["ETag"]})
    assert again.status_code == 304
    assert not again.content


def test_the_picture_of_a_partly_open_page_is_the_one_that_was_opened(
    archive: Archive, client: Client
) -> None:
    row = PublicPage.objects.get(item=archive.items[PARTLY], number=1)
    assert pictures.name_source(row.item, row) == row.picture
    picture = client.get(f"{BASE}/{PARTLY}/page/1/picture")
    assert picture.content == archive.state.files.get_bytes("public", row.picture)


def test_a_search_marks_its_words_on_the_picture_and_in_the_text(archive: Archive, client: Client) -> None:
    text = client.get(f"{BASE}/{WHOLE}/page/2/", {"q": "marmalade"}).content.decode()
    assert re.findall(r'<mark id="w\d+">([^<]+)</mark>', text) == ["marmalade"]
    assert text.count('<rect class="marked"') == 1


def test_a_link_to_a_range_of_words_brings_a_quote_with_citation_and_proof(
    archive: Archive, client: Client
) -> None:
    address = f"{BASE}/{WHOLE}/page/2/"
    found = client.get(address, {"passage": "the MARMALADE sentence stands, on"})
    assert found.status_code == 302
    target = found["Location"]
    text = client.get(target).content.decode()
    assert "“The marmalade sentence stands on”" in text
    assert "How children sleep, page 2" in text
    assert f"http://testserver{address}proof.json" in text
    assert text.count('<rect class="chosen"') == 5


def test_a_passage_that_is_not_on_the_page_is_told_so_and_escaped(archive: Archive, client: Client) -> None:
    answer = client.get(f"{BASE}/{WHOLE}/page/2/", {"passage": "<script>alert(1)</script>"})
    assert answer.status_code == 200
    assert "<script>alert(1)" not in answer.content.decode()


@pytest.mark.parametrize("words", ["0", "9-3", "1-999999", "../1", "1-", "w", "1;2", "１２"])
def test_a_range_that_is_not_on_the_page_is_ignored(archive: Archive, client: Client, words: str) -> None:
    answer = client.get(f"{BASE}/{WHOLE}/page/1/", {"words": words})
    assert answer.status_code == 200
    assert "quote-box" not in answer.content.decode()


@pytest.mark.parametrize(
    "address",
    [
        f"{BASE}/{WHOLE}/page/0/",
        f"{BASE}/{WHOLE}/page/4/",
        f"{BASE}/99/",
        f"{BASE}/{CSV}/page/1/",
        "/studies/std-0000000000000x/documents/1/",
        "/files/" + "0" * 64,
        "/files/" + "0" * 63,
        "/files/..%2f..%2flog.key",
        "/files/../../log.key",
        f"{BASE}/{WHOLE}/page/../../../../log.key",
        f"{BASE}/{WHOLE}/page/1/..%2fpicture",
        "/files/" + "A" * 64,
    ],
)
def test_addresses_of_nothing_and_attempts_to_climb_out_are_not_found(
    archive: Archive, client: Client, address: str
) -> None:
    assert client.get(address).status_code == 404


def test_a_file_name_cannot_write_headers_or_paths(archive: Archive, client: Client) -> None:
    file = client.get(f"/files/{archive.items[CSV].sha256}")
    assert file.content == b"wave,hours\n1,7.2\n"
    assert file["Content-Disposition"] == 'attachment; filename="code;book.csv"'
    assert file["Content-Type"] == "text/csv; charset=utf-8"


def test_a_suspended_page_is_gone_from_every_exit_at_once(archive: Archive, client: Client) -> None:
    base, item = f"{BASE}/{WHOLE}", archive.items[WHOLE]
    assert client.get(f"{base}/page/2/picture").status_code == 200
    suspend(item, 2)
    shown = client.get(f"{base}/page/2/")
    text = shown.content.decode()
    assert shown.status_code == 451
    assert "A child can be identified" in text
    assert "marmalade" not in text
    assert client.get(f"{base}/page/2/", {"q": "marmalade", "words": "1-3"}).status_code == 451
    assert client.get(f"{base}/page/2/picture").status_code == 404
    assert client.get(f"{base}/page/2/proof.json").status_code == 404
    assert client.get(f"{base}/pages.pdf", {"pages": "1-2"}).status_code == 400
    assert client.get(f"/files/{item.sha256}").status_code == 451
    assert f"/files/{item.sha256}" not in client.get(f"{base}/").content.decode()
    assert client.get(f"{base}/page/1/").status_code == 200


def test_a_suspended_document_hides_its_title_too(archive: Archive, client: Client) -> None:
    suspend(archive.items[WHOLE])
    for address in (f"{BASE}/{WHOLE}/", f"{BASE}/{WHOLE}/page/1/", f"{BASE}/{WHOLE}/page/1/report/"):
        assert "How children sleep" not in client.get(address).content.decode()


def test_a_report_is_kept_without_a_trace_of_the_visitor(archive: Archive, client: Client) -> None:
    answer = client.post(
        f"{BASE}/{WHOLE}/page/2/report/",
        {"words": "I know this child."},
        REMOTE_ADDR="203.0.113.7",
        headers={"User-Agent": "Visitor 1.0"},
    )
    assert answer.status_code == 200
    assert not answer.cookies
    (report,) = Report.objects.all()
    assert (report.item_id, report.page, report.words) == (
        archive.items[WHOLE].pk,
        2,
        "I know this child.",
    )
    stored = repr({field.name: getattr(report, field.name) for field in Report._meta.fields})
    assert "203.0.113.7" not in stored
    assert "Visitor" not in stored


def test_a_flood_of_reports_takes_one_row_and_never_silences_another_page(
    archive: Archive, client: Client
) -> None:
    for last in range(10, 20):
        client.post(f"{BASE}/{WHOLE}/page/1/report/", REMOTE_ADDR=f"203.0.113.{last}")
    assert [each.count for each in Report.objects.filter(page=1)] == [10]
    client.post(f"{BASE}/{WHOLE}/page/3/report/", REMOTE_ADDR="203.0.113.99")
    assert Report.objects.filter(page=3).count() == 1


def test_a_report_from_another_site_is_refused(archive: Archive, client: Client) -> None:
    answer = client.post(f"{BASE}/{WHOLE}/page/1/report/", headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert not Report.objects.exists()


@pytest.mark.parametrize("pages", ["", "0", "2-1", "4", "x", "1-9999999", "1,,;"])
def test_pages_that_cannot_be_chosen_are_named(archive: Archive, client: Client, pages: str) -> None:
    answer = client.get(f"{BASE}/{WHOLE}/pages.pdf", {"pages": pages})
    assert answer.status_code == 400


def test_a_reader_needs_no_script(archive: Archive, client: Client) -> None:
    text = client.get(f"{BASE}/{WHOLE}/page/1/").content.decode()
    assert re.findall(r"<script(?![^>]*\bsrc=)", text) == []
    assert "onclick" not in text
    assert ' style="' not in text


def test_a_document_erased_by_law_is_told_as_gone_and_not_as_promised(
    archive: Archive, client: Client
) -> None:
    Item.objects.filter(pk=archive.items[LOCKED].pk).update(wrapped_key=None)
    text = client.get(f"{BASE}/{LOCKED}/page/1/").content.decode()
    assert "gone for good" in text
    # Below, every page says what is proven about promises in general.
    assert "promised" not in text.split('id="how-this-was-checked"')[0]
    assert "Gone for good" in client.get(f"{BASE}/{LOCKED}/").content.decode()


def test_a_picture_that_was_drawn_goes_with_its_file(archive: Archive, client: Client) -> None:
    digest = archive.items[WHOLE].sha256
    client.get(f"{BASE}/{WHOLE}/page/1/picture")
    kept = archive.state.root / pictures.FOLDER / digest[:2] / digest
    assert list(kept.iterdir())
    pictures.forget_pictures(state=archive.state, digest=digest)
    assert not kept.exists()


def test_the_pages_of_a_long_document_are_shown_in_stretches_and_one_is_found_by_its_number(
    archive: Archive, client: Client
) -> None:
    Item.objects.filter(number=LOCKED).update(pages=30_000)
    item = Item.objects.get(number=WHOLE)
    Item.objects.filter(number=WHOLE).update(pages=30_000)
    text = client.get(f"{BASE}/{item.number}/").content.decode()
    assert text.count('class="place-') == 250
    assert "Pages 1 to 250 of 30,000" in text
    assert "?from=251#pages" in text
    late = client.get(f"{BASE}/{item.number}/?from=29900").content.decode()
    assert "Pages 29,900 to 30,000 of 30,000" in late
    answer = client.get(f"{BASE}/{item.number}/?page=29999")
    assert (answer.status_code, answer["Location"]) == (302, f"{BASE}/{item.number}/page/29999/")
    for wrong in ("0", "30001", "x", "9" * 30):
        assert client.get(f"{BASE}/{item.number}/?page={wrong}").status_code == 400
    assert client.get(f"{BASE}/{item.number}/page/29999/").status_code == 200
