"""Search finds what is open, page by page, and nothing that is not, whatever state the index is in."""

from __future__ import annotations

import document_fixture as fixture
import pytest

from lightwell.actions import log, search, suspensions
from lightwell.archive import entry
from lightwell.base import errors
from lightwell.db.models import Item, Person, PublicPage, Suspension
from lightwell.files import finder, index

pytestmark = pytest.mark.django_db


@pytest.fixture
def archive(tmp_path):
    built = fixture.build_archive(tmp_path / "state")
    search.rebuild_index(built.state)
    return built


def suspend(item: Item, page: int | None = None) -> Suspension:
    officer = Person(username="officer", roles=["safeguarding-officer"])
    officer.save()
    return suspensions.suspend_page(actor=officer, item=item, page=page, now=fixture.NOW)


def find_keys(archive, query: str, **options) -> list[tuple[int, int]]:
    return [(each.item, each.page) for each in search.find_pages(archive.state, query, **options).pages]


def test_a_word_is_found_on_its_page_with_title_excerpt_and_places(archive) -> None:
    (page,) = search.find_pages(archive.state, "marmalade").pages
    assert (page.study, page.item, page.page) == (fixture.STUDY, fixture.WHOLE, 2)
    assert page.title == "How children sleep"
    assert page.study_title == "Does Larkfield at night cost children sleep?"
    assert [page.excerpt.text[start:end] for start, end in page.excerpt.marks] == ["marmalade"]
    text = PublicPage.objects.get(item=archive.items[fixture.WHOLE], number=2).text
    assert [text.split("\n")[line].split(" ")[word] for line, word in page.words] == ["marmalade"]


def test_words_of_pages_and_titles_that_are_held_back_or_not_published_are_not_found(archive) -> None:
    assert find_keys(archive, "marmalade") == [
        (fixture.WHOLE, 2)
    ]  # page 2 of the partly open one is held back
    assert find_keys(archive, "Zanzibar") == []
    assert find_keys(archive, "title:Zanzibar") == []
    assert search.find_pages(archive.state, "", finder.Filters(kind=("note",))).counts.pages == 0


@pytest.mark.parametrize("page", [None, 2])
def test_a_suspended_page_is_gone_from_hits_excerpts_and_counts_at_once(archive, page) -> None:
    before = search.find_pages(archive.state, "marmalade OR chapter")
    suspend(archive.items[fixture.WHOLE], page)
    after = search.find_pages(archive.state, "marmalade OR chapter")
    gone = 1 if page else 3
    assert find_keys(archive, "marmalade") == []
    assert search.find_pages(archive.state, "marmalade").counts.pages == 0
    assert after.counts.pages == before.counts.pages - gone
    assert sum(count for _, count in after.counts.by["company"]) == after.counts.pages
    assert not any("marmalade" in each.excerpt.text for each in after.pages)


def test_a_dropped_page_is_gone_from_the_index_itself(archive) -> None:
    search.drop_page(archive.state, archive.items[fixture.WHOLE], 2)
    assert count_in_index(archive, "marmalade") == 0
    assert count_in_index(archive, "chapter") == 4
    search.drop_page(archive.state, archive.items[fixture.WHOLE])
    assert count_in_index(archive, "chapter") == 2


def count_in_index(archive, query: str) -> int:
    folder = index.open_folder(archive.state.index)
    return finder.count_hits(folder, search.lookup.parse_lookup(query), finder.Filters()).pages


def test_a_page_whose_row_is_gone_is_not_shown_although_the_index_still_holds_it(archive) -> None:
    PublicPage.objects.filter(item=archive.items[fixture.WHOLE], number=2).delete()
    assert count_in_index(archive, "marmalade") == 1
    assert find_keys(archive, "marmalade") == []


def test_an_item_held_back_after_the_index_was_made_is_neither_shown_nor_counted(archive) -> None:
    item = archive.items[fixture.WHOLE]
    log.append(
        entries=[
            entry.make_withholding(
                fixture.NOW, fixture.STUDY, item.number, "legal-privilege", "approver", item.due
            )
        ]
    )
    found = search.find_pages(archive.state, "marmalade")
    assert (found.counts.pages, found.pages) == (0, ())


def test_the_index_follows_the_log_and_forgets_what_was_closed(archive) -> None:
    item = archive.items[fixture.WHOLE]
    item.public_pages.all().delete()
    log.append(
        entries=[
            entry.make_withholding(
                fixture.NOW, fixture.STUDY, item.number, "legal-privilege", "approver", item.due
            )
        ]
    )
    assert search.update_index(archive.state) == 1
    assert count_in_index(archive, "marmalade") == 0
    assert search.update_index(archive.state) == 0


def test_a_restored_item_is_found_again_once_it_is_indexed(archive) -> None:
    item = archive.items[fixture.WHOLE]
    suspension = suspend(item)
    assert search.update_index(archive.state) == 1
    assert count_in_index(archive, "marmalade") == 0
    roles = ("safeguarding-officer", "approver")
    suspensions.restore_page(payload={"suspension": suspension.pk}, decided_by=roles, now=fixture.NOW)
    assert search.update_index(archive.state) == 1
    assert find_keys(archive, "marmalade") == [(fixture.WHOLE, 2)]


def test_screens_of_hits_follow_each_other_although_some_hits_are_refused_by_the_gate(archive) -> None:
    PublicPage.objects.filter(item=archive.items[fixture.WHOLE], number=3).delete()
    seen, cursor = [], ""
    while True:
        found = search.find_pages(archive.state, "chapter", cursor=cursor, limit=1)
        seen += [(each.item, each.page) for each in found.pages]
        cursor = found.next
        if not cursor:
            break
    assert sorted(seen) == [(1, 1), (1, 2), (2, 1), (2, 3)]


def test_without_an_index_nobody_is_told_that_nothing_was_found(tmp_path) -> None:
    built = fixture.build_archive(tmp_path / "state")
    with pytest.raises(errors.CouldNotCheck, match="being prepared"):
        search.find_pages(built.state, "sleep")
    search.index_item(built.state, Item.objects.get(number=fixture.WHOLE))
    assert search.find_pages(built.state, "marmalade").counts.pages == 1
