"""Fonts are read once a file by the version of pypdf that is installed, and by no other is anything lost."""

from __future__ import annotations

import types

import pypdf
import pytest

from lightwell.archive import page, published_pdf
from lightwell.files import rereading

PAGES = 3


def make_pdf() -> bytes:
    picture = published_pdf.Picture(200, 100, b"\xff\xff\xff", bytes(200 * 100))
    words = (page.Word("nights", (20, 20, 80, 40)), page.Word("alone", (90, 20, 140, 40)))
    sheet = published_pdf.Sheet(picture, (published_pdf.Block("sealed", words),))
    return published_pdf.format_document(published_pdf.Document("Title", "en", (sheet,) * PAGES))


def read(pdf: bytes) -> list[str]:
    numbers = range(1, PAGES + 1)
    return [
        " ".join(text.split())
        for name, _, _, text in rereading.read_words(pdf, numbers, numbers)
        if name == rereading.PYPDF
    ]


def test_a_font_is_read_once_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """This fails when a new pypdf reads fonts otherwise: then look at `_remember_fonts` again."""
    kind = pypdf.generic._font.Font
    original, calls = kind.from_font_resource, []
    monkeypatch.setattr(
        kind, "from_font_resource", staticmethod(lambda *more: (calls.append(1), original(*more))[1])
    )
    assert read(make_pdf()) == ["nights alone"] * PAGES
    assert len(calls) == 1


@pytest.mark.parametrize("other", [types.SimpleNamespace(), types.SimpleNamespace(Font=object), None])
def test_another_version_is_left_alone_and_reads_the_same(
    other: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    pdf, seen = make_pdf(), []
    with monkeypatch.context() as patch:
        patch.setattr(pypdf.generic, "_font", other)
        with rereading._remember_fonts():
            seen.append(True)
    assert seen == [True]
    monkeypatch.setattr(rereading, "_remember_fonts", rereading._quiet)
    assert read(pdf) == ["nights alone"] * PAGES
