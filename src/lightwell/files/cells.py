"""The cells of a spreadsheet as data: a table of each sheet (CSV), all cells, formulas and comments (JSON).

Read from the XML of XLSX (ECMA-376 part 1, 18.3) and ODS (ODF 1.3 part 3, 9), as the file itself says: values
as they were kept, never reckoned anew, dates in ISO 8601, hidden sheets, rows and columns as the others. What
is more than a machine should be asked for at once is refused with a sentence. Runs in the process behind the
fence; whether a document may be shown is never asked here (`actions/cells`).
"""

from __future__ import annotations

import csv
import datetime
import io
import json
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from lightwell.base import errors
from lightwell.base.canonical import Json
from lightwell.files import markup, workbook
from lightwell.files.package import Element, Package

FORMAT = "lightwell.cells.v1"
KINDS = ("xlsx", "ods")
MAX_CELLS = 400_000
MAX_CHARACTERS = 40_000_000
# Places of a table, empty ones too: one cell far to the right makes thousands.
MAX_PLACES = 4_000_000
_MAX_ROWS, _MAX_COLUMNS = 1_048_576, 16_384
# A text that begins like this would be run as a formula by whoever opens the table (CWE-1236).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
# Formats of dates and times that have a number and no words (ECMA-376 part 1, 18.8.30).
_DATES = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
_NO_DATE = re.compile(r'"[^"]*"|\\.|\[(?!h|m|s)[^\]]*\]|_.|\*.', re.I)
# 31 December 9999 is the last day that is counted.
_FALSE_LEAP_DAY, _LAST_DAY = 60, 2_958_466


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that holds something: row and column from 1, `kind` (text, number, date, boolean, error), value,
    formula.
    """

    row: int
    column: int
    kind: str
    value: str | float | bool
    formula: str = ""


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote on a cell: row and column from 1, 0 where none is named; author may be empty."""

    row: int
    column: int
    author: str
    words: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet by name, in the order of the file; `hidden` when the file hides it."""

    name: str
    hidden: bool
    cells: tuple[Cell, ...]
    comments: tuple[Comment, ...] = ()


def read_sheets(path: Path, kind: str, only: int | None = None) -> list[Sheet]:
    """Read the sheets of a file, `only` the one of this number from 1; the others then have no cells.

    Raises `UserMistake` when the file is damaged, has no such sheet, or holds more than is handed out.
    """
    with Package(path) as opened:
        sheets = list((_read_xlsx if kind == "xlsx" else _read_ods)(opened, only))
    if only is not None and not 1 <= only <= len(sheets):
        raise errors.UserMistake(f"the file has sheets 1 to {len(sheets)}", place="sheet")
    return sheets


def format_table(sheet: Sheet) -> str:
    """Write a sheet as CSV: each row as long as its last cell, rows up to the last that holds something."""
    rows: dict[int, dict[int, Cell]] = {}
    for cell in sheet.cells:
        rows.setdefault(cell.row, {})[cell.column] = cell
    if sum(max(row) for row in rows.values()) > MAX_PLACES:
        raise _make_refusal(f"a table of more than {MAX_PLACES:,} places")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    for number in range(1, max(rows, default=0) + 1):
        row = rows.get(number, {})
        writer.writerow([_write_cell(row.get(column)) for column in range(1, max(row, default=0) + 1)])
    return out.getvalue()


def format_cells(sheets: list[Sheet], source: dict[str, Json]) -> str:
    """Write all cells and comments as JSON; `source` says which document they are of."""
    value: dict[str, Json] = {
        "format": FORMAT,
        "document": source,
        "sheets": [
            {
                "name": sheet.name,
                "hidden": sheet.hidden,
                "cells": [_describe(each) for each in sheet.cells],
                "comments": [_describe_comment(each) for each in sheet.comments],
            }
            for sheet in sheets
        ],
    }
    return json.dumps(value, ensure_ascii=False)


def _write_cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell.value, bool):
        return "TRUE" if cell.value else "FALSE"
    if isinstance(cell.value, float):
        return (
            repr(int(cell.value)) if cell.value.is_integer() and abs(cell.value) < 1e15 else repr(cell.value)
        )
    return f"'{cell.value}" if cell.kind == "text" and cell.value.startswith(_FORMULA) else cell.value


def _describe(cell: Cell) -> dict[str, Json]:
    told: dict[str, Json] = {"row": cell.row, "column": cell.column, "type": cell.kind, "value": cell.value}
    return {**told, "formula": cell.formula} if cell.formula else told


def _describe_comment(comment: Comment) -> dict[str, Json]:
    place: dict[str, Json] = {"row": comment.row, "column": comment.column} if comment.row else {}
    return {**place, **({"author": comment.author} if comment.author else {}), "text": comment.words}


class _Room:
    """How much was read already, so that a file made to fill the memory is stopped early."""

    def __init__(self) -> None:
        self.cells = self.characters = 0

    def take(self, cell: Cell, times: int = 1) -> None:
        self._add(times, times * (len(cell.formula) + len(str(cell.value))))

    def take_comment(self, comment: Comment) -> None:
        self._add(1, len(comment.author) + len(comment.words))

    def _add(self, cells: int, characters: int) -> None:
        self.cells += cells
        self.characters += characters
        if self.cells > MAX_CELLS:
            raise _make_refusal(f"more than {MAX_CELLS:,} cells")
        if self.characters > MAX_CHARACTERS:
            raise _make_refusal(f"cells of more than {MAX_CHARACTERS / 1e6:.0f} million letters")


def _make_refusal(what: str) -> errors.UserMistake:
    return errors.UserMistake(f"{what} are not handed out as data; download the original file instead")


def _read_xlsx(opened: Package, only: int | None) -> Iterator[Sheet]:
    book = opened.read_xml("xl/workbook.xml")
    relations = markup.read_relations(opened, "xl/workbook.xml")
    sheets = list(_find_all(book, "sheet"))
    if len(sheets) > markup.MAX_SHEETS:
        raise _make_refusal(f"more than {markup.MAX_SHEETS:,} sheets")
    shared = [_join_text(each) for each in _find_part(opened, relations, "/sharedStrings", "si")]
    dated = _list_dated(opened, relations)
    early = any((each.get("date1904") or "0") in ("1", "true") for each in _find_all(book, "workbookPr"))
    room = _Room()
    for number, sheet in enumerate(sheets, 1):
        relation = relations.get(markup.get_id(sheet))
        cells: list[Cell] = []
        comments: list[Comment] = []
        wanted = only is None or only == number
        if wanted and relation is not None and opened.has(relation.target):
            for cell in _list_xlsx_cells(opened.read_xml(relation.target), shared, dated, early):
                room.take(cell)
                cells.append(cell)
            for comment in _list_xlsx_comments(opened, relation.target):
                room.take_comment(comment)
                comments.append(comment)
        hidden = (sheet.get("state") or "visible") != "visible"
        yield Sheet(sheet.get("name") or f"sheet {number}", hidden, tuple(cells), tuple(comments))


def _list_xlsx_comments(opened: Package, target: str) -> Iterator[Comment]:
    for each in markup.read_relations(opened, target).values():
        if each.kind.endswith(workbook.COMMENTS) and opened.has(each.target):
            for reference, author, words in workbook.iterate_comments(opened.read_xml(each.target)):
                place = _REFERENCE.fullmatch(reference)
                row = _read_number(place[2], 0, _MAX_ROWS) if place else 0
                column = min(_MAX_COLUMNS, _read_column(place[1])) if place and row else 0
                yield Comment(row, column, author, words)


def _find_part(
    opened: Package, relations: dict[str, markup.Relation], ending: str, name: str
) -> Iterator[Element]:
    target = next((each.target for each in relations.values() if each.kind.endswith(ending)), "")
    if target and opened.has(target):
        yield from _find_all(opened.read_xml(target), name)


def _list_dated(opened: Package, relations: dict[str, markup.Relation]) -> list[bool]:
    """List for each style of cells whether its numbers are dates."""
    target = next((each.target for each in relations.values() if each.kind.endswith("/styles")), "")
    if not target or not opened.has(target):
        return []
    root = opened.read_xml(target)
    codes = {each.get("numFmtId"): each.get("formatCode") or "" for each in _find_all(root, "numFmt")}
    formats = [each.get("numFmtId") or "0" for found in _find_all(root, "cellXfs") for each in found]
    return [
        _is_date(codes[each]) if each in codes else each.isdecimal() and int(each) in _DATES
        for each in formats
    ]


def _is_date(code: str) -> bool:
    return (
        bool(re.search("[ymdhs]", _NO_DATE.sub("", code.split(";")[0]), re.I))
        and "general" not in code.lower()
    )


def _list_xlsx_cells(root: Element, shared: list[str], dated: list[bool], early: bool) -> Iterator[Cell]:
    row_number = 0
    for row in _find_all(root, "row"):
        row_number = _read_number(row.get("r"), row_number + 1, _MAX_ROWS)
        column = 0
        for each in _find_all(row, "c"):
            place = _REFERENCE.fullmatch(each.get("r") or "")
            column = min(_MAX_COLUMNS, _read_column(place[1]) if place else column + 1)
            cell = _read_xlsx_cell(each, row_number, column, shared, dated, early)
            if cell is not None:
                yield cell


def _read_xlsx_cell(
    each: Element, row: int, column: int, shared: list[str], dated: list[bool], early: bool
) -> Cell | None:
    kind = each.get("t") or "n"
    formula = next(((found.text or "") for found in _find_all(each, "f")), "")
    kept = next((found.text for found in _find_all(each, "v")), None)
    if kind == "inlineStr":
        kept = _join_text(each)
    if kept is None:
        return Cell(row, column, "text", "", formula) if formula else None
    if kind == "s":
        at = int(kept) if kept.strip().isdecimal() else -1
        return Cell(row, column, "text", shared[at] if 0 <= at < len(shared) else "", formula)
    if kind == "b":
        return Cell(row, column, "boolean", kept.strip() == "1", formula)
    if kind in ("str", "inlineStr", "e", "d"):
        return Cell(row, column, {"e": "error", "d": "date"}.get(kind, "text"), kept, formula)
    number = _read_float(kept)
    if number is None:
        return Cell(row, column, "text", kept, formula)
    style = _read_number(each.get("s"), 0, len(dated))
    if style < len(dated) and dated[style] and (written := _write_date(number, early)):
        return Cell(row, column, "date", written, formula)
    return Cell(row, column, "number", number, formula)


def _write_date(serial: float, early: bool) -> str:
    """Write a day counted since 1900 or 1904 (ECMA-376 part 1, 18.17.4) as ISO 8601; nothing for no day."""
    if not 0 <= serial < _LAST_DAY:
        return ""
    days, seconds = divmod(round(serial * 86_400), 86_400)
    clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if not early and days < 1:
        return clock
    # The count of 1900 has a 29 February that never was.
    before = datetime.date(1899, 12, 31 if days < _FALSE_LEAP_DAY else 30)
    day = (datetime.date(1904, 1, 1) if early else before) + datetime.timedelta(days=days)
    return f"{day}T{clock}" if seconds else str(day)


_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:"
_TABLE, _OFFICE, _TEXT, _STYLE = (f"{_SPACE}{name}:1.0}}" for name in ("table", "office", "text", "style"))
_CREATOR = "{http://purl.org/dc/elements/1.1/}creator"


def _read_ods(opened: Package, only: int | None) -> Iterator[Sheet]:
    content = opened.read_xml("content.xml")
    sheets = [
        each
        for each in content.iter(f"{_TABLE}table")
        if etree.QName(each.getparent()).localname == "spreadsheet"
    ]
    if len(sheets) > markup.MAX_SHEETS:
        raise _make_refusal(f"more than {markup.MAX_SHEETS:,} sheets")
    roots = [content, *([opened.read_xml("styles.xml")] if opened.has("styles.xml") else [])]
    invisible = {
        each.getparent().get(f"{_STYLE}name")
        for root in roots
        for each in root.iter(f"{_STYLE}table-properties")
        if each.get(f"{_TABLE}display") == "false"
    }
    room = _Room()
    for number, sheet in enumerate(sheets, 1):
        comments: list[Comment] = []
        cells = tuple(_list_ods_cells(sheet, room, comments)) if only is None or only == number else ()
        hidden = sheet.get(f"{_TABLE}style-name") in invisible
        yield Sheet(sheet.get(f"{_TABLE}name") or f"sheet {number}", hidden, cells, tuple(comments))


def _list_ods_cells(sheet: Element, room: _Room, comments: list[Comment]) -> Iterator[Cell]:
    """Iterate over the cells of a sheet, and add what is written on them to `comments`."""
    top = 1
    for row in sheet.iter(f"{_TABLE}table-row"):
        deep = _read_number(row.get(f"{_TABLE}number-rows-repeated"), 1, _MAX_ROWS)
        left, found = 1, []
        for each in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            wide = _read_number(each.get(f"{_TABLE}number-columns-repeated"), 1, _MAX_COLUMNS)
            for note in each.iterchildren(f"{_OFFICE}annotation"):
                # On the first of cells that repeat: the file keeps it once.
                comments.append(_read_ods_comment(note, top, min(left, _MAX_COLUMNS)))
                room.take_comment(comments[-1])
            if (cell := _read_ods_cell(each)) is not None:
                room.take(cell, deep * wide)
                found += [(left + step, cell) for step in range(wide)]
            left += wide
        for step in range(deep if found else 0):
            for column, cell in found:
                yield Cell(top + step, column, cell.kind, cell.value, cell.formula)
        top += deep


def _read_ods_cell(each: Element) -> Cell | None:
    kind = each.get(f"{_OFFICE}value-type") or ""
    formula = each.get(f"{_TABLE}formula") or ""
    words = "\n".join(_join_paragraph(found) for found in each.iterchildren(f"{_TEXT}p"))
    if kind in ("float", "percentage", "currency"):
        number = _read_float(each.get(f"{_OFFICE}value") or "")
        return Cell(0, 0, "text", words, formula) if number is None else Cell(0, 0, "number", number, formula)
    if kind in ("date", "time"):
        return Cell(0, 0, "date", each.get(f"{_OFFICE}{kind}-value") or words, formula)
    if kind == "boolean":
        return Cell(0, 0, "boolean", each.get(f"{_OFFICE}boolean-value") == "true", formula)
    words = each.get(f"{_OFFICE}string-value") or words
    return Cell(0, 0, "text", words, formula) if words or formula else None


def _read_ods_comment(note: Element, row: int, column: int) -> Comment:
    author = next((each.text for each in note.iter(_CREATOR) if each.text), "")
    words = " ".join(_join_paragraph(each) for each in note.iter(f"{_TEXT}p"))
    return Comment(row, column, author, " ".join(words.split()))


def _join_paragraph(root: Element) -> str:
    pieces = [root.text or ""]
    for each in root:
        if isinstance(each.tag, str) and etree.QName(each).localname == "s":
            pieces.append(" " * _read_number(each.get(f"{_TEXT}c"), 1, 1_000))
        elif isinstance(each.tag, str):
            pieces.append(_join_paragraph(each))
        pieces.append(each.tail or "")
    return "".join(pieces)


def _join_text(root: Element) -> str:
    """Join the runs of a text, without what says how to pronounce it (`rPh`)."""
    return "".join(
        each.text or ""
        for each in _find_all(root, "t")
        if not any(etree.QName(above).localname == "rPh" for above in each.iterancestors())
    )


def _find_all(root: Element, name: str) -> Iterator[Element]:
    yield from root.iter(f"{{*}}{name}")


def _read_column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _read_number(text: str | None, default: int, most: int) -> int:
    return (
        min(most, int(text)) if text and text.isascii() and text.isdecimal() and len(text) < 12 else default
    )


def _read_float(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
