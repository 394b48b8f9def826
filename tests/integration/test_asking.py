"""What an address asks for and nobody knows is refused with a sentence, never taken for "everything"."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.test import Client
from document_fixture import STUDY, Archive, build_archive

from lightwell.actions import chronicle, overview, search, tables

pytestmark = pytest.mark.django_db

PAGES = (
    f"/studies/{STUDY}/inventory/?state=zzz",
    f"/studies/{STUDY}/inventory/?from=2x",
    f"/studies/{STUDY}/inventory/?from=²",
    "/?company=nobody",
    "/late/?company=nobody",
    "/held-back/?company=nobody",
    "/lists/documents.csv?as_of=2026-01-01",
    "/lists/documents.csv?company=larkfield",
    "/search/?q=sleep&since=yesterday",
    "/search.atom?q=sleep&until=zzz",
)
CALLS = (
    "gaps?state=zzz",
    "gaps?stat=opened",
    "gaps?limit=-1",
    "overdue?limit=0",
    "studies?company=nobody",
    "services?company=nobody",
    "services?as_of=2026-01-01",
    "records?kind=zzz",
    "records?company=nobody",
    "search?q=sleep&limit=-1",
    "search?q=sleep&since=yesterday",
    "search?q=sleep&colour=red",
    f"studies/{STUDY}?as-of=2026-01-01",
    "companies?after=WyJ4Il0",
)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    built = build_archive(tmp_path / "state")
    search.rebuild_index(built.state)
    return built


@pytest.mark.parametrize("address", PAGES)
def test_a_page_refuses_a_value_that_it_does_not_know(archive: Archive, client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "zzz" not in text.partition("<main")[2].replace('value="zzz"', "")
    assert client.get(address.partition("?")[0]).status_code == 200


@pytest.mark.parametrize("address", CALLS)
def test_the_api_refuses_what_it_does_not_know(archive: Archive, client: Client, address: str) -> None:
    answer = client.get(f"/api/1/{address}")
    assert answer.status_code == 400, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    (problem,) = json.loads(answer.content)["problems"]
    assert problem["sentence"]


def test_a_cursor_goes_on_in_its_own_list_and_in_no_other(archive: Archive, client: Client) -> None:
    part = client.get(f"/api/1/studies/{STUDY}/documents?limit=2").json()
    again = client.get(f"/api/1/studies/{STUDY}/documents", {"limit": 2, "after": part["next"]}).json()
    assert [row["number"] for row in again["items"]] == [3, 4]
    assert client.get("/api/1/gaps", {"after": part["next"]}).status_code == 400


@pytest.mark.parametrize("address", ["/api/1/nothing", "/api/2/studies", "/api/1/studies/none/pages"])
def test_an_unknown_address_of_the_api_is_answered_as_the_api_answers(
    archive: Archive, client: Client, address: str
) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")
    assert answer.json()["status"] == 404
    assert client.get("/nothing/")["Content-Type"].startswith("text/html")


def test_links_that_others_have_added_names_to_still_open(archive: Archive, client: Client) -> None:
    assert client.get(f"/studies/{STUDY}/inventory/?fbclid=abc&state=late").status_code == 200


def test_the_table_of_changes_is_whole_however_long_it_is(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten thousand rows were cut off without a word; a limit that an archive can reach is one again."""
    asked: list[int] = []
    monkeypatch.setattr(chronicle, "list_changes", lambda picture, limit: asked.append(limit) or [])
    picture = overview.read_overview(archive.state)
    assert list(tables.TABLES["changes"].list_rows(picture)) == []
    assert asked[0] > 2**62
