"""Help stands where somebody in need may come by: on each page of a heavy study, above what is searched."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from document_fixture import PARTLY, STUDY, WHOLE, build_archive

from lightwell.actions import overview, search
from lightwell.web import help_lines

pytestmark = pytest.mark.django_db
TITLE = "Help, if this is about you or a child you know"
BASE = f"/studies/{STUDY}"


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    cache.clear()
    made = build_archive(tmp_path / "state")
    search.rebuild_index(made.state)
    return made


@pytest.mark.parametrize(
    "place",
    [
        f"{BASE}/",
        f"{BASE}/inventory/",
        f"{BASE}/documents/{WHOLE}/",
        f"{BASE}/documents/{WHOLE}/page/1/",
        f"{BASE}/documents/{PARTLY}/page/2/",
    ],
)
def test_help_stands_on_every_page_of_a_study_that_weighs(archive, place: str, monkeypatch) -> None:
    html = Client().get(place).content.decode()
    assert TITLE in html
    assert "Childline" in html
    cache.clear()
    monkeypatch.setattr(help_lines, "HEAVY", frozenset({"spread-of-abuse-images"}))
    assert TITLE not in Client().get(f"{place}?again").content.decode(), "the topics of the study decide"


@pytest.mark.parametrize(
    "words", ["suicide", "self-harm", "Self Harm", "sexual abuse", '"sexual abuse"', "sextortion", "anorexia"]
)
def test_help_stands_above_what_is_found_for_words_of_need(archive, words: str) -> None:
    html = Client().get("/search/", {"q": words}).content.decode()
    assert TITLE in html
    assert html.index(TITLE) < html.index('<form class="search-row"')
    assert "Childline" in html


def test_no_help_stands_where_nobody_asked_for_it(archive) -> None:
    for words in ("marmalade", "sleep", "essex"):
        assert TITLE not in Client().get("/search/", {"q": words}).content.decode(), words
