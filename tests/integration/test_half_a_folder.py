"""Half a folder is never sealed: not after a problem, not while it is being read, not by the other door."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import hostile_fixture as hostile
import pytest
from document_fixture import STUDY

from lightwell.actions import inventories, log, overview
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.db.models import Inventory, Item, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)


def test_nothing_is_sealed_until_every_listed_file_is_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    foundation.lay_foundation(tmp_path / "state", origin="sample.example/site", sample=True)
    (tmp_path / "state" / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    desk = fixture.Desk(State(tmp_path / "state"))
    desk.disclose(fixture.read_value("study"), NOW)
    names = ["one.pdf", "two.pdf", "zero.pdf"]
    hostile.write_folder(tmp_path / "in", {name: hostile.Case(hostile.make_plain, None) for name in names})
    (tmp_path / "in" / "zero.pdf").write_bytes(b"")
    study, rows = Study.objects.get(pk=STUDY), inventory.draft_rows(names, NOW.date())

    def measure(listed: list[inventory.Row]) -> None:
        inventories.measure_files(
            state=desk.state, study=study, folder=tmp_path / "in", rows=listed, processes=1
        )

    with pytest.raises(errors.UserMistake, match=r"zero\.pdf: the file is empty"):
        measure(rows)
    assert Item.objects.filter(study=study, inventory=None).count() == 2, "what was read is not read again"
    for act in (
        lambda: inventories.preview_seal(study=study),
        lambda: inventories.seal_inventory(actor=desk.ana, study=study, now=NOW),
    ):
        with pytest.raises(errors.Refused, match="not every listed file"):
            act()
    assert not inventories.is_measured(study)
    assert not Inventory.objects.exists()
    measure(rows[:2])
    assert inventories.is_measured(study)
    assert inventories.seal_inventory(actor=desk.ana, study=study, now=NOW).number == 1
    assert not inventories.is_measured(study)


def test_a_page_held_back_that_the_file_has_not_is_told_before_sealing(tmp_path: Path) -> None:
    row = inventory.Row(1, "a.pdf", "A", "note", "", "publish", "minors", "9", NOW.date())
    item = Item(pages=2)
    (problem,) = inventories._list_page_problems(row, item)
    assert str(problem) == "a.pdf: page 9 is to be held back, but there are 2 pages"
