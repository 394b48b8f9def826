"""A file of another format is published as a PDF is: searched, seen, quoted, proven, bundled, judged by two
verifiers.
"""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path

import disclosure_fixture
import exit_fixture as exits
import office_fixture as office_files
import pypdfium2
import pytest
from click.testing import CliRunner
from django.test import Client

from lightwell.actions import bundles, inventories, leftovers, log, search, suspensions
from lightwell.archive import inventory
from lightwell.cli import verify
from lightwell.db.models import Item, PublicPage, Study
from lightwell.files import foundation, tally
from lightwell.files.state import State

pytestmark = [pytest.mark.django_db(transaction=True), office_files.needs_office]
INDEPENDENT = Path(__file__).parents[1] / "independent" / "verify.py"


class House:
    """An archive with one published DOCX."""

    def __init__(self, root: Path) -> None:
        foundation.lay_foundation(root / "state", origin="log.example/formats")
        self.state = State(root / "state")
        self.desk = disclosure_fixture.Desk(self.state)
        study = Study.objects.get(pk=self.desk.disclose(disclosure_fixture.read_value("study")).record)
        documents = root / "documents"
        documents.mkdir()
        (documents / "minutes.docx").write_bytes(office_files.make_docx())
        due = datetime.date(2026, 12, 31)
        row = inventory.Row(1, "minutes.docx", "Minutes", "minutes", "2025-05", "publish", "", "", due)
        inventories.measure_files(state=self.state, study=study, folder=documents, rows=[row], processes=1)
        inventories.seal_inventory(actor=self.desk.ana, study=study, now=exits.NOW)
        payload = {"study": study.id, "summary": "", "items": None}
        self.desk.do("publication", study.id, payload, exits.NOW)
        self.item = Item.objects.get(study=study)
        self.address = f"/studies/{study.id}/documents/1/"
        search.rebuild_index(self.state)
        log.publish_checkpoint(state=self.state, now=exits.NOW)


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return House(tmp_path)


def judge(path: Path) -> tuple[str, str]:
    """Judge a bundle or a proof by both verifiers; what each said."""
    ours = CliRunner().invoke(verify.verify, [str(path)])
    assert ours.exit_code == 0, ours.output
    environment = {"PATH": os.defpath, "PYTHONPATH": str(INDEPENDENT.parent)}
    theirs = subprocess.run(
        [sys.executable, str(INDEPENDENT), str(path)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert theirs.returncode == 0, theirs.stdout + theirs.stderr
    return ours.output, theirs.stdout


def test_it_is_found_seen_quoted_and_taken_away_as_a_pdf_is(house: House) -> None:
    client = Client(headers={"host": "localhost"})
    assert "quillfeather" in client.get("/search/?q=quillfeather").content.decode()
    page = client.get(f"{house.address}page/1/?words=1-4").content.decode()
    assert "quillfeather" in page
    picture = client.get(f"{house.address}page/1/picture")
    assert (picture.status_code, picture.content[:4]) == (200, b"\x89PNG")
    document = client.get(house.address).content.decode()
    assert "1 comment" in document
    assert "written out on page 2" in document
    assert f"/files/{house.item.copy_sha256}" in document
    copy = client.get(f"/files/{house.item.copy_sha256}")
    assert (copy.status_code, copy["Content-Type"]) == (200, "application/pdf")
    assert len(pypdfium2.PdfDocument(copy.content)) == 2
    assert client.get(f"/files/{house.item.sha256}").content == office_files.make_docx()
    told = client.get(f"/api/1/studies/{house.item.study_id}/documents/1").json()
    assert told["reading_copy"].endswith(house.item.copy_sha256)
    assert {"kind": "comments", "found": 1, "pages": [2]} in told["parts"]
    assert client.get(f"/api/1/studies/{house.item.study_id}/documents/1/pages/1").json()["sure"] is None
    extract = client.get(f"{house.address}pages.pdf?pages=1")
    assert len(pypdfium2.PdfDocument(extract.content)) == 1


def test_bundle_and_proof_are_verified_by_both_verifiers(house: House, tmp_path: Path) -> None:
    bundle = tmp_path / "bundle"
    bundles.write_bundle(state=house.state, folder=bundle)
    judge(bundle)
    proof = tmp_path / "proof.json"
    proof.write_bytes(Client(headers={"host": "localhost"}).get(f"{house.address}page/1/proof.json").content)
    changed = json.loads(proof.read_text())
    assert "libreoffice" in json.dumps(changed)


def test_the_reading_copy_is_away_with_its_document_and_no_leftover_before(house: House) -> None:
    client = Client(headers={"host": "localhost"})
    assert leftovers.find_leftovers(state=house.state).count == 0
    copy = f"/files/{house.item.copy_sha256}"
    suspensions.suspend_page(actor=house.desk.ana, item=house.item, page=2, now=exits.NOW)
    assert client.get(copy).status_code == 451
    assert client.get(f"{house.address}page/2/picture").status_code == 404


def test_a_page_that_a_machine_read_says_so_and_how_sure_it_was(house: House) -> None:
    house.item.tally = tally.format_tally(tally.Tally(sure={1: 87}))
    house.item.save()
    client = Client(headers={"host": "localhost"})
    page = client.get(f"{house.address}page/1/?again").content.decode()
    assert "Read by a machine from a picture, 87 % sure" in page
    assert "a machine from a picture" not in client.get(f"{house.address}page/2/?again").content.decode()
    assert client.get(f"/api/1/studies/{house.item.study_id}/documents/1/pages/1").json()["sure"] == 87


def test_erasure_by_law_takes_the_reading_copy_with_it(house: House) -> None:
    files = house.state.files
    stored = [("public", house.item.copy_sha256), ("sealed", house.item.sealed_copy)]
    assert all(files.find_path(area, name).exists() for area, name in stored)
    payload = {"study": house.item.study_id, "item": 1, "ground": "erased-by-law"}
    house.desk.do("erasure", house.item.study_id, payload, exits.NOW)
    assert not any(files.find_path(area, name).exists() for area, name in stored)
    assert not PublicPage.objects.exists()
    assert Client(headers={"host": "localhost"}).get(f"/files/{house.item.copy_sha256}").status_code == 404
