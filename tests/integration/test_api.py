"""The API: everything public, nothing else, in a form that programs can rely on."""

import json
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from document_fixture import (
    LOCKED,
    PARTLY,
    SECRET_TITLE,
    SENTENCES,
    STUDY,
    WHOLE,
    Archive,
    build_archive,
    suspend,
)

from lightwell.actions import overview, search
from lightwell.db.models import LogEntry
from lightwell.tlog import tile, tree

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    built = build_archive(tmp_path / "state")
    search.rebuild_index(built.state)
    return built


def ask(client: Client, address: str, status: int = 200, **values: Any) -> Any:
    answer = client.get(f"/api/1/{address}", values)
    assert answer.status_code == status, answer.content
    kind = "application/json" if status == 200 else "application/problem+json"
    assert answer["Content-Type"].startswith(kind)
    return json.loads(answer.content)


def list_all(client: Client, address: str, **values: Any) -> list[Any]:
    items: list[Any] = []
    after = ""
    while after is not None:
        part = ask(client, address, **values, after=after)
        items += part["items"]
        after = part["next"]
    return items


def test_the_description_is_openapi_and_names_every_address(archive: Archive, client: Client) -> None:
    description = ask(client, "openapi.json")
    assert description["openapi"].startswith("3.1")
    assert {path.removeprefix("/api/1") for path in description["paths"]} == {
        "/companies",
        "/companies/{company}",
        "/services",
        "/studies",
        "/studies/{study}",
        "/studies/{study}/registration",
        "/studies/{study}/inventories",
        "/studies/{study}/documents",
        "/studies/{study}/documents/{number}",
        "/studies/{study}/documents/{number}/pages/{page}",
        "/studies/{study}/documents/{number}/pages/{page}/proof",
        "/records",
        "/records/{record}",
        "/records/{record}/changes/{old}/{new}",
        "/search",
        "/fingerprints",
        "/gaps",
        "/overdue",
        "/overdue/studies",
        "/challenges",
        "/figures",
        "/figures/{dataset}/series",
        "/figures/{dataset}/revisions",
        "/figures/series/{key}",
        "/datasets",
        "/datasets/{record}",
        "/answers",
        "/answers/{record}",
        "/log",
        "/log/entries/{index}",
    }
    for operations in description["paths"].values():
        assert set(operations) == {"get"}
        assert "404" in operations["get"]["responses"]
    names = set(description["components"]["schemas"])
    for reference in find_references(description):
        assert reference.removeprefix("#/components/schemas/") in names


def find_references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        return own + [each for item in value.values() for each in find_references(item)]
    return [each for item in value for each in find_references(item)] if isinstance(value, list) else []


def test_lists_go_on_with_a_cursor_until_every_row_came_once(archive: Archive, client: Client) -> None:
    rows = list_all(client, f"studies/{STUDY}/documents", limit=2)
    assert [row["number"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["title"] for row in rows][:4] == ["How children sleep", "What young people said", None, None]


@pytest.mark.parametrize("after", ["x", "AAAA", "W10", "bnVsbA", "WzEsIm5vIl0", "%00"])
def test_a_cursor_that_is_none_is_refused_or_ends(archive: Archive, client: Client, after: str) -> None:
    answer = client.get(f"/api/1/studies/{STUDY}/documents", {"after": after})
    assert answer.status_code in (200, 400)
    assert b"Traceback" not in answer.content


def test_the_counts_of_the_api_are_those_of_the_pages(archive: Archive, client: Client) -> None:
    company = ask(client, "companies/larkfield")
    pages = company["pages"]
    assert pages["promised"] == pages["published"] + pages["hidden"] + pages["held_back"] + pages["late"]
    assert pages["in_all"] == 3 + 3 + 2 + 2
    assert ask(client, f"studies/{STUDY}")["in_full"] is False


def test_a_document_has_a_place_for_every_page(archive: Archive, client: Client) -> None:
    shown = ask(client, f"studies/{STUDY}/documents/{PARTLY}")
    assert [place["state"] for place in shown["places"]] == ["open", "held-back", "open"]
    assert shown["places"][1]["ground"] == "participant"
    assert shown["file"] is None
    whole = ask(client, f"studies/{STUDY}/documents/{WHOLE}")
    assert client.get(whole["file"]["address"]).content == archive.original


def test_a_page_comes_with_words_and_boxes(archive: Archive, client: Client) -> None:
    page = ask(client, f"studies/{STUDY}/documents/{WHOLE}/pages/2")
    assert SENTENCES[1] in page["text"]
    word, left, top, right, bottom = page["lines"][0][0]
    assert word == "Chapter"
    assert 0 <= left < right <= page["width"]
    assert 0 <= top < bottom <= page["height"]


def test_what_is_not_shown_says_so_with_the_legal_reason(archive: Archive, client: Client) -> None:
    held = ask(client, f"studies/{STUDY}/documents/{PARTLY}/pages/2", 451)
    assert "A person who took part in the research" in held["detail"]
    assert ask(client, f"studies/{STUDY}/documents/{LOCKED}/pages/1", 451)["status"] == 451
    assert ask(client, f"studies/{STUDY}/documents/{LOCKED}/pages/9", 404)["title"] == "Not found"
    ask(client, "studies/std-0000000000000x", 404)


def test_nothing_private_comes_out_of_any_address(archive: Archive, client: Client) -> None:
    addresses = ["companies", "studies", f"studies/{STUDY}/documents", "gaps", "overdue", "records"]
    addresses += [f"studies/{STUDY}/documents/{number}" for number in range(1, 6)]
    addresses += [f"studies/{STUDY}/inventories", f"records/{STUDY}", "search?q=zanzibar", "log"]
    for address in addresses:
        text = client.get(f"/api/1/{address}").content.decode().lower()
        assert SECRET_TITLE.lower() not in text, address
        assert "zanzibar" not in text.replace('"zanzibar"', ""), address


def test_a_suspended_page_is_gone_from_words_search_proof_and_file(archive: Archive, client: Client) -> None:
    assert ask(client, "search", q="marmalade")["pages"] == 1
    suspend(archive.items[WHOLE], 2)
    overview.forget()
    assert ask(client, "search", q="marmalade")["items"] == []
    base = f"studies/{STUDY}/documents/{WHOLE}"
    assert "A child can be identified" in ask(client, f"{base}/pages/2", 451)["detail"]
    ask(client, f"{base}/pages/2/proof", 451)
    assert ask(client, base)["file"] is None


def test_search_finds_the_page_with_its_marks(archive: Archive, client: Client) -> None:
    found = ask(client, "search", q="marmalade sentences")
    (hit,) = found["items"]
    assert (hit["number"], hit["page"]) == (WHOLE, 2)
    assert [hit["excerpt"][start:end] for start, end in hit["marks"]] == ["marmalade", "sentence"]
    assert ask(client, "search", 400, q='"open')["problems"]


def test_an_answer_that_is_held_already_is_not_sent_again(archive: Archive, client: Client) -> None:
    first = client.get("/api/1/companies")
    again = client.get("/api/1/companies", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert first["Access-Control-Allow-Origin"] == "*"
    assert not first.cookies


def test_an_earlier_day_shows_the_states_of_that_day(archive: Archive, client: Client) -> None:
    assert list_all(client, "gaps", as_of="2020-01-01") == []
    assert len(list_all(client, "gaps", as_of="2026-09-01")) == 5
    assert ask(client, "gaps", 400, as_of="2999-01-01")["problems"][0]["place"] == "as_of"
    assert ask(client, "gaps", 400, as_of="soon")["problems"]


def test_a_record_comes_with_every_version_and_its_difference(archive: Archive, client: Client) -> None:
    (version,) = ask(client, f"records/{STUDY}")["versions"]
    assert version["record"]["id"] == STUDY
    assert ask(client, f"records/{STUDY}/changes/1/1")["changes"] == []
    ask(client, f"records/{STUDY}/changes/1/2", 400)


def test_the_log_can_be_followed_from_its_own_files(archive: Archive, client: Client) -> None:
    stated = ask(client, "log")
    size = stated["size"]
    assert client.get("/log/checkpoint").content.decode() == stated["text"]
    hashes = []
    for path in tile.list_paths(size):
        data = client.get(f"/log/{path}")
        assert data.status_code == 200
        if path.level is None:
            hashes += [tree.hash_leaf(entry) for entry in tile.decode_bundle(data.content)]
    assert tree.compute_root(hashes).hex() == stated["root"]
    assert len(hashes) == LogEntry.objects.count()
    assert ask(client, "log/entries/0")["leaf_hash"] == hashes[0].hex()


@pytest.mark.parametrize(
    "name",
    ["tile/0/../../log.key", "tile/0/000/../../../log.key", "tile/0/1", "tile/99/000", "tile/0/000.p/0"],
)
def test_a_tile_path_that_is_none_is_not_found(archive: Archive, client: Client, name: str) -> None:
    assert client.get(f"/log/{name}").status_code == 404
