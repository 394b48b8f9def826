"""The search page and its feed: hits open at the page with the words marked, and nothing hidden is found."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.test import Client
from document_fixture import PARTLY, SECRET_TITLE, STUDY, WHOLE, Archive, build_archive, suspend

from lightwell.actions import documents, overview, search
from lightwell.db.models import Disclosure, PublicPage

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    built = build_archive(tmp_path / "state")
    search.rebuild_index(built.state)
    return built


def test_a_hit_opens_at_its_page_with_the_words_marked(archive: Archive, client: Client) -> None:
    text = client.get("/search/", {"q": "marmalade"}).content.decode()
    assert "<mark>marmalade</mark>" in text
    address = f"/studies/{STUDY}/documents/{WHOLE}/page/2/?q=marmalade"
    assert f'href="{address}"' in text
    assert re.search(r"<mark[^>]*>marmalade</mark>", client.get(address).content.decode())


def test_what_is_typed_and_what_is_found_cannot_write_html(archive: Archive, client: Client) -> None:
    PublicPage.objects.filter(item=archive.items[WHOLE], number=1).update(text="<b>bold</b> marzipan & co")
    search.rebuild_index(archive.state)
    text = client.get("/search/", {"q": 'marzipan "<b>bold"'}).content.decode()
    assert "<b>bold" not in text
    assert "&lt;" in text


def test_a_search_that_cannot_be_read_is_answered_with_sentences(archive: Archive, client: Client) -> None:
    answer = client.get("/search/", {"q": '"no end'})
    assert answer.status_code == 400
    assert b"has no end" in answer.content
    assert client.get("/search/", {"q": "sleep", "after": "nonsense"}).status_code == 400
    assert client.get("/search.atom", {"q": '"no end'}).status_code == 400


def test_results_go_on_until_every_page_came_once(
    archive: Archive, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lightwell.web.views.search.PAGE_SIZE", 2)
    address, seen = "/search/?q=sleep", []
    for _ in range(9):
        text = client.get(address).content.decode()
        seen += re.findall(r'<h3 class="words"><a href="([^"?]+)', text)
        more = re.search(r'href="(\?[^"]+)" rel="next', text)
        if not more:
            break
        address = "/search/" + more[1].replace("&amp;", "&")
    assert len(seen) == len(set(seen)) == 5


def test_filters_narrow_and_can_be_dropped(archive: Archive, client: Client) -> None:
    text = client.get("/search/", {"q": "sleep", "topic": "sleep"}).content.decode()
    assert "Drop the filter Sleep" in text
    assert b"No published page fits" in client.get("/search/", {"q": "sleep", "topic": "bullying"}).content


def test_a_search_within_a_study_names_it_and_no_other_reads_every_record(
    archive: Archive, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    title = documents.read_study_title(STUDY)
    text = client.get("/search/", {"q": "sleep", "study": STUDY}).content.decode()
    assert f"Drop the filter {title}" in text
    # From here on the hits' studies are remembered; a record that is read is one that nobody asked for.
    monkeypatch.setattr(Disclosure, "read_record", lambda row: pytest.fail(f"read {row.record}"))
    assert client.get("/search/", {"q": "sleep"}).status_code == 200


@pytest.mark.parametrize("query", ["zanzibar", "title:zanzibar", "page of silence"])
def test_hidden_titles_and_words_are_found_nowhere(archive: Archive, client: Client, query: str) -> None:
    text = client.get("/search/", {"q": query}).content.decode()
    assert "No published page fits" in text
    assert SECRET_TITLE not in text


def test_a_suspended_page_is_not_found_and_not_counted(archive: Archive, client: Client) -> None:
    suspend(archive.items[WHOLE], 2)
    text = client.get("/search/", {"q": "marmalade"}).content.decode()
    assert "No published page fits" in text
    assert "<strong>4 pages</strong>" in client.get("/search/", {"q": "sleep"}).content.decode()
    assert b"marmalade" not in client.get("/search.atom", {"q": "sentence"}).content


def test_every_search_is_a_feed_that_parses(archive: Archive, client: Client) -> None:
    PublicPage.objects.filter(item=archive.items[PARTLY], number=1).update(text="sleep\x0c & <rest> \x01")
    search.rebuild_index(archive.state)
    answer = client.get("/search.atom", {"q": "sleep"})
    assert answer["Content-Type"].startswith("application/atom+xml")
    feed = ElementTree.fromstring(answer.content)
    entries = feed.findall(f"{ATOM}entry")
    assert len(entries) == 5
    for entry in entries:
        link = entry.find(f"{ATOM}link").get("href")
        assert client.get(link.removeprefix("http://testserver")).status_code == 200
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", entry.find(f"{ATOM}updated").text)
