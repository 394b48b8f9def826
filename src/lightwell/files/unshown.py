"""Texts of a file that no page shows whole: looked for in what was printed or set, and written out.

A cell cut off by its neighbour, a text beside a slide, a member of a chat's JSON: nobody who
reads the pages sees them, no roster finds them, and the original file holds them. So every text of the file
is held against the words of the printed pages and of the appendix. A word counts as shown wherever it stands;
a long one that the print divides, in its letters. Runs in the process behind the fence.
"""

from __future__ import annotations

import contextlib
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pypdfium2

from lightwell.base import errors
from lightwell.files import cells, markup, preparation
from lightwell.files.package import Element, Package

KIND = "unshown-texts"
# What this does to a file, as it stands in seals; a number more whenever the same file would get other pages.
NAME = "unshown-texts 1"
_WORD = re.compile(r"[^\W_]{2,}")
# A shorter word may stand by chance inside another one.
_LEAST_DIVIDED = 6
# Letters looked through for divided words; a file of a hundred thousand ids would take minutes.
_MOST_LETTERS = 4_000_000_000
# What LibreOffice prints of a number that is wider than its column.
_FILLED = "###"
_DIVISION = "\ufffe"
# What programs fill in anew whenever they print (ODF 1.3 part 3, 7.3; ECMA-376 part 1, 21.1.2.2.4), and what
# is written out by itself.
_FIELDS = {
    *("page-number", "page-count", "date", "time", "sheet-name", "file-name", "title", "author-name"),
    *(
        "creation-date",
        "modification-date",
        "print-date",
        "sequence",
        "annotation",
        "fld",
        "rPr",
        "pPr",
    ),
}
_BREAKS = {"tab", "br", "cr", "s", "line-break"}
# Codes in the head of a sheet: parts, fonts, sizes, colours, fields (ECMA-376 part 1, 18.3.1.39).
_CODES = re.compile(r'&(?:"[^"]*"|K[0-9A-Fa-f]{6}|\d+|[A-Za-z&])')
_PARTS = {
    "docx": r"word/(?:document|header\d*|footer\d*|footnotes|endnotes)\.xml",
    "pptx": r"ppt/(?:slides/slide|notesSlides/notesSlide|diagrams/data)\d*\.xml",
    "xlsx": r"xl/drawings/drawing\d*\.xml",
    "odt": r"(?:content|styles)\.xml",
    "odp": r"content\.xml",
    "ods": r"content\.xml",
}


def list_unshown(
    path: Path, kind: str, printed: Path, pages: Sequence[int], written: Iterable[str]
) -> list[str]:
    """List the texts of a file (`kind` is its ending) with a word that stands neither on a printed page (from
    1) nor in what is `written` out of it; each once, in the order of the file.
    """
    with Package(path) as opened:
        texts = dict.fromkeys(" ".join(each.split()) for each in _list_texts(opened, kind))
    # Of more cells than are handed out as data the pages show what they show.
    with contextlib.suppress(errors.UserMistake):
        texts |= dict.fromkeys(_list_cells(path, kind))
    found = list_missing((("", text) for text in texts), printed, pages, written)
    with contextlib.suppress(errors.UserMistake):
        found += _list_numbers(path, kind, " ".join(_read_pages(printed, pages)))
    return found


def _list_numbers(path: Path, kind: str, shown: str) -> list[str]:
    """List the numbers of cells that no page has in any form, where a page has places filled with "#".

    A format may round a number, part its digits or take it times a hundred: whatever has its digits shows it.
    """
    if kind != "xlsx" or _FILLED not in shown:
        return []
    known = {"".join(filter(str.isdigit, word)).strip("0") for word in shown.split()}
    found: dict[str, None] = {}
    for sheet in cells.read_sheets(path, kind):
        for each in sheet.cells:
            if each.kind == "number" and known.isdisjoint(_write_forms(float(each.value))):
                found[f"{each.value:.15g}"] = None
    return list(found)


def _write_forms(value: float) -> set[str]:
    rounded = [f"{part:.{places}f}" for part in (abs(value), abs(value) * 100) for places in range(11)]
    powers = [f"{abs(value):.{places}E}" for places in range(11)]
    return {"".join(filter(str.isdigit, each)).strip("0") for each in (*rounded, *powers)}


def list_missing(
    texts: Iterable[tuple[str, str]], printed: Path, pages: Sequence[int], written: Iterable[str]
) -> list[str]:
    """List the texts, each with its place before it, that are shown neither on a printed page nor in what is
    `written` out; each once.
    """
    shown = _Shown(" ".join([*_read_pages(printed, pages), *written]))
    found: dict[str, None] = {}
    for place, text in texts:
        words = " ".join(text.split())
        for piece in textwrap.wrap(words, preparation.MAX_CHARACTERS // 2):
            if not shown.shows(piece):
                found[f"{place}: {piece}" if place else piece] = None
    return list(found)


class _Shown:
    """The words that pages show, and their letters in a row for those that the print divides."""

    def __init__(self, text: str) -> None:
        words = _list_words(text)
        self._known, self._letters = set(words), "".join(words)
        self._left = _MOST_LETTERS

    def shows(self, text: str) -> bool:
        """Answer whether each word of a text stands there."""
        return all(word in self._known or self._is_divided(word) for word in _list_words(text))

    def _is_divided(self, word: str) -> bool:
        if len(word) < _LEAST_DIVIDED or self._left <= 0:
            return False
        self._left -= len(self._letters)
        return word in self._letters


def _list_words(text: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", text).casefold()
    # Soft hyphens and marks without width divide no word.
    plain = "".join(each for each in plain if each.isascii() or unicodedata.category(each) != "Cf")
    return _WORD.findall(plain)


def _read_pages(printed: Path, pages: Sequence[int]) -> Iterator[str]:
    with contextlib.closing(pypdfium2.PdfDocument(printed)) as document:
        for number in pages:
            with (
                contextlib.closing(document[number - 1]) as page,
                contextlib.closing(page.get_textpage()) as text,
            ):
                # Bounded: what lies beside the page is in its file as well.
                yield text.get_text_bounded().replace(_DIVISION + "\r\n", "").replace(_DIVISION, "")


def _list_texts(opened: Package, kind: str) -> Iterator[str]:
    for name in opened.list_names(ending=".xml"):
        if re.fullmatch(_PARTS[kind], name):
            for each in _iterate_paragraphs(opened.read_xml(name)):
                yield "".join(_gather(each))
        elif kind == "xlsx" and re.fullmatch(r"xl/worksheets/sheet\d*\.xml", name):
            for head in markup.find_all(opened.read_xml(name), "headerFooter"):
                for each in head:
                    yield _CODES.sub(" ", each.text or "")


def _iterate_paragraphs(root: Element) -> Iterator[Element]:
    for each in root.iter():
        if isinstance(each.tag, str) and markup.local(each) in ("p", "h"):
            yield each


def _gather(root: Element) -> Iterator[str]:
    """Gather the text of a paragraph without that of paragraphs inside it, which are met by themselves."""
    holds = _holds_text(root)
    yield (root.text or "") if holds else ""
    for each in root:
        name = markup.local(each) if isinstance(each.tag, str) else ""
        if name in _BREAKS:
            yield " "
        elif name and name not in _FIELDS and name not in ("p", "h"):
            yield from _gather(each)
        yield (each.tail or "") if holds else ""


def _holds_text(element: Element) -> bool:
    # Open XML keeps words in elements of their own, and codes of fields in others; ODF in every element.
    if "openxmlformats.org" in element.tag or "purl.oclc.org" in element.tag:
        return markup.local(element) in ("t", "delText")
    return True


def _list_cells(path: Path, kind: str) -> Iterator[str]:
    if kind != "xlsx":
        return
    for sheet in cells.read_sheets(path, kind):
        for each in sheet.cells:
            if each.kind == "text":
                yield " ".join(str(each.value).split())
