"""A custodian draws pages again, the log keeps what came of it, and nobody chooses the pages."""

from __future__ import annotations

import datetime
import io
from pathlib import Path

import disclosure_fixture as fixture
import office_fixture
import pytest
import verify as second
from click.testing import CliRunner
from hiding_fixture import NOW, STUDY, judge, make_desk, make_pdf, publish
from hypothesis import given
from hypothesis import strategies as st
from test_text_files import draw_words, make_mail

from lightwell.actions import audits, inventories, log
from lightwell.archive import audit, inventory
from lightwell.base import errors
from lightwell.cli import audit as audit_command
from lightwell.db.models import Item, Person, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    return make_desk(tmp_path, monkeypatch)


@pytest.fixture
def auditor() -> Person:
    return Person.objects.create(username="aud", roles=["auditor"])


def test_pages_that_were_sealed_from_their_file_agree_and_the_log_says_so(
    desk: fixture.Desk,
    auditor: Person,
    tmp_path: Path,
) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    study = Study.objects.get(pk=STUDY)
    result = audits.audit_seal(state=desk.state, actor=auditor, study=study, count=3)
    assert (result.sampled, result.agreed, result.differing, result.missing) == (3, 3, (), 0)
    publish(desk, 1, 2)
    verdict = judge(desk, tmp_path / "bundle")
    assert any("of 3 pages chosen by the log 3 agreed" in each for each in verdict.proven)


def test_the_auditors_own_copies_are_found_by_their_digest(
    desk: fixture.Desk,
    auditor: Person,
    tmp_path: Path,
) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    copies = tmp_path / "copies"
    copies.mkdir()
    (copies / "renamed.pdf").write_bytes(make_pdf())
    study = Study.objects.get(pk=STUDY)
    result = audits.audit_seal(state=desk.state, actor=auditor, study=study, count=99, folder=copies)
    # The second document of one page is not among the copies.
    assert (result.sampled, result.agreed, result.missing) == (4, 3, 1)


def test_a_page_that_was_not_sealed_from_its_file_is_named(desk: fixture.Desk, auditor: Person) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    item = Item.objects.get(number=1)
    roots = inventories.read_page_roots(item)
    item.page_roots = b"".join([roots[0], bytes(32), roots[2]])
    item.save()
    study = Study.objects.get(pk=STUDY)
    result = audits.audit_seal(state=desk.state, actor=auditor, study=study, count=99)
    assert result.differing == ((1, 2),)
    assert result.agreed == 3


def test_another_renderer_cannot_be_compared_and_never_agrees(desk: fixture.Desk, auditor: Person) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    Item.objects.update(renderer="pdfium 1 110dpi rgb444")
    study = Study.objects.get(pk=STUDY)
    result = audits.audit_seal(state=desk.state, actor=auditor, study=study, count=99)
    assert (result.agreed, result.missing) == (0, 4)


def test_only_an_auditor_audits(desk: fixture.Desk) -> None:
    study = Study.objects.get(pk=STUDY)
    for actor in (desk.ana, desk.ben):
        with pytest.raises(errors.Refused):
            audits.audit_seal(state=desk.state, actor=actor, study=study)


PAGES = [(item, page) for item in range(1, 5) for page in range(1, 9)]


@given(st.binary(min_size=32, max_size=32), st.integers(1, 40))
def test_the_root_of_the_log_chooses_the_pages(root: bytes, count: int) -> None:
    chosen = audit.choose_pages("std-1", root, PAGES, count)
    assert len(chosen) == min(count, len(PAGES))
    assert chosen == sorted(set(chosen))
    assert chosen == audit.choose_pages("std-1", root, PAGES[::-1], count)
    # More pages are these and others: nobody asks for few to leave out some.
    assert set(chosen) <= set(audit.choose_pages("std-1", root, PAGES, count + 1))


def test_every_page_has_its_turn() -> None:
    seen = {p for k in range(400) for p in audit.choose_pages("std-1", k.to_bytes(32, "big"), PAGES, 1)}
    assert seen == set(PAGES)


def test_the_sample_depends_on_the_study() -> None:
    root = datetime.date(2026, 1, 1).isoformat().encode().ljust(32)
    assert audit.choose_pages("std-1", root, PAGES, 5) != audit.choose_pages("std-2", root, PAGES, 5)


def test_three_verifiers_accept_a_log_with_an_audit(
    desk: fixture.Desk, auditor: Person, tmp_path: Path
) -> None:
    log.publish_checkpoint(state=desk.state, now=NOW)
    audits.audit_seal(state=desk.state, actor=auditor, study=Study.objects.get(pk=STUDY), count=3)
    judge(desk, tmp_path / "bundle")
    assert second.main([str(tmp_path / "bundle")]) == 0


@pytest.fixture
def converted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    """An archive of a DOCX, a text, a mail and a scan, sealed and signed for."""
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="log.example/audits")
    made = fixture.Desk(State(tmp_path / "state"))
    study = Study.objects.get(pk=made.disclose(fixture.read_value("study")).record)
    documents = tmp_path / "documents"
    documents.mkdir()
    scan = io.BytesIO()
    draw_words().save(scan, "PNG")
    contents = {
        "minutes.docx": office_fixture.make_docx(),
        "notes.md": b"# Head\n\nThe notes of the committee.\n",
        "mail.eml": make_mail().as_bytes(),
        "scan.png": scan.getvalue(),
    }
    rows = []
    for number, (name, data) in enumerate(contents.items(), 1):
        (documents / name).write_bytes(data)
        due = datetime.date(2026, 12, 31)
        rows.append(inventory.Row(number, name, "A paper", "memo", "2025-05", "publish", "", "", due))
    inventories.measure_files(state=made.state, study=study, folder=documents, rows=rows, processes=1)
    inventories.seal_inventory(actor=made.ana, study=study, now=NOW)
    log.publish_checkpoint(state=made.state, now=NOW)
    return made


@office_fixture.needs_office
def test_what_was_converted_or_read_from_a_picture_is_made_again_and_compared(
    converted: fixture.Desk, auditor: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    study = Study.objects.get()
    pages = sum(Item.objects.values_list("pages", flat=True))

    def run(folder: Path | None = None) -> audits.Result:
        return audits.audit_seal(state=converted.state, actor=auditor, study=study, count=99, folder=folder)

    result = run()
    assert result.reasons == ()
    assert (result.sampled, result.agreed, result.differing) == (pages, pages, ())
    # Copies are known by their digests, whatever else lies there.
    assert run(tmp_path / "documents").agreed == pages
    # A conversion of which pages were exchanged for others is named by its pages.
    docx = Item.objects.get(number=1)
    kept = docx.page_roots
    docx.page_roots = bytes(len(docx.page_roots))
    docx.save()
    result = run()
    assert result.differing == ()
    assert [(number, count) for number, count, _ in result.reasons] == [(1, docx.pages)]
    assert "same words and another look" in result.reasons[0][2]
    # With other words behind the seal it is a difference.
    with monkeypatch.context() as patch:
        patch.setattr(audits, "_digest_words", lambda *_: "other words")
        result = run()
    assert result.differing == tuple((1, page) for page in range(1, (docx.pages or 0) + 1))
    docx.page_roots = kept
    docx.renderer = docx.renderer.replace("libreoffice ", "libreoffice 99 ")
    docx.save()
    result = run()
    assert (result.missing, result.differing) == (docx.pages, ())
    assert "sealed with libreoffice 99" in result.reasons[0][2]
    said = CliRunner().invoke(audit_command.audit_seal, [study.id, "--pages", "99", "--as", "aud"])
    assert said.exit_code == 0, said.output
    assert f"document 1: {docx.pages} not compared: sealed with libreoffice 99" in said.output
