"""What is published is what was sealed: a page that leads to another root stops the publication."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture
import exit_fixture as exits
import pytest

from lightwell.actions import inventories
from lightwell.archive import inventory, release, words_document
from lightwell.base import canonical, errors
from lightwell.db.models import Item, LogEntry, Opening, PublicPage, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sealed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[disclosure_fixture.Desk, Item]:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="log.example/match")
    state = State(tmp_path / "state")
    desk = disclosure_fixture.Desk(state)
    study = Study.objects.get(pk=desk.disclose(disclosure_fixture.read_value("study")).record)
    (tmp_path / "report.pdf").write_bytes(exits.make_pdf(exits.WHOLE))
    due = datetime.date(2026, 12, 31)
    row = inventory.Row(1, "report.pdf", "A report", "report", "2025-05", "publish", "", "", due)
    inventories.measure_files(state=state, study=study, folder=tmp_path, rows=[row], processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=exits.NOW)
    return desk, Item.objects.get(study=study)


def publish(desk: disclosure_fixture.Desk, item: Item) -> None:
    payload = {"study": item.study_id, "summary": "", "items": None}
    desk.do("publication", item.study_id, payload, exits.NOW)


def test_words_and_rows_of_a_published_page_are_those_that_were_sealed(
    sealed: tuple[disclosure_fixture.Desk, Item],
) -> None:
    desk, item = sealed
    publish(desk, item)
    rows = list(PublicPage.objects.filter(item=item).order_by("number"))
    opening = release.parse_opening(canonical.decode(bytes(Opening.objects.get(item=item).data)))
    digest = opening.words
    lines = desk.state.files.get_bytes("public", digest).splitlines()
    assert len(rows) == len(lines) == item.pages
    for row, line in zip(rows, lines, strict=True):
        words = words_document.parse_words(line)
        assert row.text == "\n".join(" ".join(word.text for word in each) for each in words.lines)
        assert exits.name_page_word(exits.WHOLE, row.number) in row.text


def test_a_page_that_leads_to_another_root_is_not_published(
    sealed: tuple[disclosure_fixture.Desk, Item],
) -> None:
    desk, item = sealed
    roots = bytearray(item.page_roots)
    roots[32] ^= 1
    Item.objects.filter(pk=item.pk).update(page_roots=bytes(roots))
    before = LogEntry.objects.count()
    with pytest.raises(errors.Damaged, match=r"page 2 of item 1 of .* is not what was sealed"):
        publish(desk, item)
    assert (PublicPage.objects.count(), Opening.objects.count(), LogEntry.objects.count()) == (0, 0, before)
