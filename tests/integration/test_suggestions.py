"""The searches that the front page offers: each finds something, whatever the documents are about."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from document_fixture import WHOLE, Archive, build_archive, suspend

from lightwell.actions import overview, search, suggestions
from lightwell.db.models import PublicPage

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    return build_archive(tmp_path / "state")


def test_every_search_that_is_offered_finds_something(archive: Archive, client: Client) -> None:
    PublicPage.objects.update(text="Notes on reservoir levels\nreservoir pressure rises in spring")
    search.rebuild_index(archive.state)
    offered = suggestions.list_examples(archive.state)
    assert offered == ("reservoir", '"reservoir levels"', "levels")
    for each in offered:
        assert search.find_pages(archive.state, each).counts.pages
    text = client.get("/").content.decode()
    assert "/search/?q=reservoir" in text
    assert "bullying" not in text


def test_words_about_children_come_first_where_they_are_found(archive: Archive) -> None:
    search.rebuild_index(archive.state)
    assert suggestions.list_examples(archive.state)[0] == "sleep"


def test_a_page_out_of_view_lends_no_words(archive: Archive) -> None:
    PublicPage.objects.update(text="ordinary sentences everywhere")
    PublicPage.objects.filter(item=archive.items[WHOLE], number=1).update(text="zanzibar " * 9)
    search.rebuild_index(archive.state)
    assert "zanzibar" in suggestions.list_examples(archive.state)
    suspend(archive.items[WHOLE], 1)
    assert "zanzibar" not in suggestions.list_examples(archive.state)


def test_nothing_is_offered_before_anything_can_be_found(archive: Archive, client: Client) -> None:
    assert suggestions.list_examples(archive.state) == ()
    assert "Try <a" not in client.get("/").content.decode()


def test_words_of_scripts_without_spaces_or_small_letters_are_chosen_as_they_stand() -> None:
    assert suggestions.choose_words(["睡眠 研究"]) == ["睡眠", "研究"]
    assert suggestions.choose_words([""]) == []
