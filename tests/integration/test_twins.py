"""The same file under two numbers: said at the seal and to readers, and never of what is not published."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture
import exit_fixture as exits
import pytest
from django.test import Client

from lightwell.actions import inventories, overview, twins
from lightwell.archive import inventory
from lightwell.cli import publication
from lightwell.db.models import Item, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[disclosure_fixture.Desk, Study]:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    foundation.lay_foundation(tmp_path / "state", origin="log.example/twins")
    made = disclosure_fixture.Desk(State(tmp_path / "state"))
    study = Study.objects.get(pk=made.disclose(disclosure_fixture.read_value("study")).record)
    due = datetime.date(2026, 12, 31)
    rows = []
    for number, name in enumerate(("a.pdf", "b.pdf", "c.pdf"), 1):
        (tmp_path / name).write_bytes(exits.make_pdf(exits.PARTLY if name == "c.pdf" else exits.WHOLE))
        rows.append(inventory.Row(number, name, f"Report {number}", "report", "2025", "publish", "", "", due))
    inventories.measure_files(state=made.state, study=study, folder=tmp_path, rows=rows, processes=1)
    return made, study


def publish(desk: disclosure_fixture.Desk, study: Study, items: list[int]) -> None:
    desk.do("publication", study.id, {"study": study.id, "summary": "", "items": items}, exits.NOW)


def test_the_preview_says_how_many_files_are_there_twice(
    desk: tuple[disclosure_fixture.Desk, Study], capsys: pytest.CaptureFixture[str]
) -> None:
    preview = inventories.preview_seal(study=desk[1])
    assert (preview.documents, preview.twins) == (3, 1)
    publication._preview(preview, True)
    assert "Files with the same bytes as another one: 1." in capsys.readouterr().out


def test_readers_are_told_once_both_are_published_and_not_before(
    desk: tuple[disclosure_fixture.Desk, Study], client: Client
) -> None:
    made, study = desk
    inventories.seal_inventory(actor=made.ana, study=study, now=exits.NOW)
    publish(made, study, [1, 3])
    assert twins.list_twins() == []
    assert "byte for byte" not in client.get(f"/studies/{study.id}/inventory/").content.decode()
    publish(made, study, [2])
    pages = Item.objects.get(study=study, number=2).pages
    assert twins.list_twins(study=study.id) == [twins.Twin(study.id, 2, pages, study.id, 1)]
    assert twins.list_twins(company="nobody") == []
    text = client.get(f"/studies/{study.id}/inventory/").content.decode()
    assert f'/studies/{study.id}/documents/2/">Document 2</a> is the same file, byte for byte' in text
    assert f"1 published document, {pages} pages, is the same file" in (
        client.get(f"/studies/{study.id}/").content.decode()
    )
