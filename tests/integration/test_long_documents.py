"""A long document takes no more memory than a short one, but for the record of its opening."""

from __future__ import annotations

import io
import os
import tracemalloc
from pathlib import Path

import disclosure_fixture as fixture
import pytest
from hiding_fixture import NAME, approve, hide, judge, make_desk, make_pdf, publish
from reportlab.lib.pagesizes import A4
from reportlab.pdfgen import canvas

from lightwell.actions import leftovers
from lightwell.client import bundle
from lightwell.db.models import Opening, PublicPage
from lightwell.files import workers

pytestmark = pytest.mark.django_db

SHORT, LONG, HIDDEN_EACH = 12, int(os.environ.get("LIGHTWELL_TEST_PAGES", "52")), 10
# The record of the opening, as values and as text. With its pixels a page took 2,400,000, with rows 66,000.
MOST_BYTES_A_PAGE = 50_000


def make_manual(pages: int) -> bytes:
    """A PDF of full pages; one in ten names somebody."""
    out = io.BytesIO()
    sheet = canvas.Canvas(out, pagesize=A4, invariant=True)
    for number in range(1, pages + 1):
        sheet.setFont("Helvetica", 10)
        for row in range(45):
            said = f"line {row} of page {number} tells what the children said of nights and messages there"
            if row == 20 and number % HIDDEN_EACH == 1:
                said = f"We spoke with {NAME} in Leeds about sleep and about the week before."
            sheet.drawString(50, 780 - 16 * row, said)
        sheet.showPage()
    sheet.save()
    return out.getvalue()


def measure_publication(desk: fixture.Desk, number: int) -> int:
    """Publish a document; the most bytes that Python's memory grew by meanwhile."""
    tracemalloc.start()
    try:
        publish(desk, number)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_one_process_reads_all_documents_of_a_publication_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(tmp_path, monkeypatch, {f"{n}.pdf": make_pdf() for n in range(3)})
    approve(desk, hide(desk, NAME))
    started = []
    start = workers.Pool._start

    def count(pool: workers.Pool) -> object:
        started.append(pool)
        return start(pool)

    monkeypatch.setattr(workers.Pool, "_start", count)
    publish(desk, 1, 2, 3)
    assert [each.redacted for each in Opening.objects.all()] == [1, 1, 1]
    assert len(started) == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_killed_publication_left_readable_goes_with_the_next_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = make_desk(tmp_path, monkeypatch)
    left, young = (desk.state.root / "files" / "scratch" / name for name in ("left", "young"))
    for folder in (left, young):
        folder.mkdir(parents=True)
        (folder / "original").write_bytes(b"%PDF-")
    os.utime(left, (0, 0))
    assert leftovers.sweep_leftovers(state=desk.state) == 1
    assert (left.exists(), young.exists()) == (False, True)


@pytest.mark.parametrize("hidden", [True, False], ids=["hidden parts", "whole"])
def test_publishing_a_long_document_takes_the_memory_of_a_short_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hidden: bool
) -> None:
    files = {"long.pdf": make_manual(LONG), "short.pdf": make_manual(SHORT)}
    desk = make_desk(tmp_path, monkeypatch, files)
    if hidden:
        approve(desk, hide(desk, NAME))
    short, long = measure_publication(desk, 2), measure_publication(desk, 1)
    opening = Opening.objects.get(item__number=1)
    assert opening.redacted == (LONG + HIDDEN_EACH - 1) // HIDDEN_EACH * hidden
    assert PublicPage.objects.filter(item__number=1).count() == LONG
    assert (long - short) / (LONG - SHORT) < MOST_BYTES_A_PAGE
    assert not list((desk.state.root / "files" / "scratch").glob("*"))
    size = desk.state.files.read_size("public", opening.document) if hidden else None
    # As with a document of more than 256 MB: nobody reads it at once.
    monkeypatch.setattr(bundle, "MAX_READ_BYTES", size - 1 if size else bundle.MAX_READ_BYTES)
    judge(desk, tmp_path / "bundle")
