"""What was taken back, suspended or erased leaves a bundle that verifies, also after more is published."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import pytest
import verify as second
from document_fixture import STUDY, make_pdf

from lightwell.actions import bundles, inventories, log, suspensions
from lightwell.archive import inventory
from lightwell.client import verify
from lightwell.db.models import Item, Publication, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
TAKEN_BACK = {"study": STUDY, "items": [1], "ground": "confidential", "review": "2025-06-01"}
ERASED = {"study": STUDY, "item": 1, "ground": "erased-by-law"}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    """A study of three documents, of which the first two are published."""
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    desk = fixture.Desk(State(root))
    value = fixture.read_value("study")
    value["body"]["due_dates"] = [{"id": "due", "what": "Report", "date": "2025-01-10"}]
    desk.disclose(value, NOW)
    (tmp_path / "papers").mkdir()
    names = ["one.pdf", "two.pdf", "three.pdf"]
    for name in names:
        (tmp_path / "papers" / name).write_bytes(make_pdf())
    study = Study.objects.get(pk=STUDY)
    rows = inventory.draft_rows(names, datetime.date(2025, 1, 10))
    inventories.measure_files(
        state=desk.state, study=study, folder=tmp_path / "papers", rows=rows, processes=1
    )
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    publish(desk, 1, 2)
    return desk


def publish(desk: fixture.Desk, *numbers: int) -> None:
    desk.do("publication", STUDY, {"study": STUDY, "summary": "What we found.", "items": list(numbers)}, NOW)


def judge(desk: fixture.Desk, folder: Path) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=folder)
    verify.verify_bundle(folder)
    assert second.main([str(folder)]) == 0


@pytest.mark.parametrize("how", ["taken back", "erased", "suspended"])
def test_a_bundle_verifies_after_a_document_is_hidden_and_after_another_is_published(
    desk: fixture.Desk, tmp_path: Path, how: str
) -> None:
    judge(desk, tmp_path / "before")
    if how == "taken back":
        desk.do("take-back", STUDY, TAKEN_BACK, NOW)
    elif how == "erased":
        desk.do("erasure", STUDY, ERASED, NOW)
    else:
        item = Item.objects.get(study=STUDY, number=1)
        suspensions.suspend_page(actor=desk.ana, item=item, page=None, now=NOW)
    judge(desk, tmp_path / "hidden")
    publish(desk, 3)
    judge(desk, tmp_path / "after")


def test_the_record_that_says_what_was_taken_back_is_public_and_the_one_that_named_it_is_not(
    desk: fixture.Desk,
) -> None:
    desk.do("take-back", STUDY, TAKEN_BACK, NOW)
    assert [row.number for row in Publication.objects.visible()] == [2]
    publish(desk, 3)
    assert [row.number for row in Publication.objects.visible().order_by("number")] == [2, 3]
