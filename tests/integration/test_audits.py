"""A custodian draws pages again, the log keeps what came of it, and nobody chooses the pages."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture as fixture
import pytest
import verify as second
from hiding_fixture import NOW, STUDY, judge, make_desk, make_pdf, publish
from hypothesis import given
from hypothesis import strategies as st

from lightwell.actions import audits, inventories, log
from lightwell.archive import audit
from lightwell.base import errors
from lightwell.db.models import Item, Person, Study

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
