"""Sheets of an XLSX before they are printed: hidden sheets, rows and columns counted and unhidden in a copy.

The frame in which that happens, and the other kinds of Open XML: `files/openxml`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from lxml import etree

from lightwell.base import errors
from lightwell.files import markup, package, preparation
from lightwell.files.package import Element
from lightwell.files.preparation import Finding, Preparation, make_finding

# How the relations of a sheet to the parts with its comments end.
COMMENTS = ("/comments", "/threadedComment")
# A page of a PDF is at most 200 inches (ISO 32000-1, annex C.2); a longer sheet is cut into pages.
_MAX_POINTS = 14_000
_ROW_POINTS, _COLUMN_POINTS, _CHARACTER_POINTS = 15.0, 48.0, 5.6


def prepare_sheets(copy: markup.Copy) -> Preparation:
    """Count what a workbook holds and unhide it in the copy; `UserMistake` for none or too many sheets."""
    relations = markup.read_relations(copy.package, "xl/workbook.xml")
    root = copy.read("xl/workbook.xml")
    sheets = list(markup.find_all(root, "sheet"))
    if not sheets:
        raise errors.UserMistake("the workbook has no sheet; supply a sound copy")
    if len(sheets) > markup.MAX_SHEETS:
        raise errors.UserMistake(
            f"it has {len(sheets):,} sheets; at most {markup.MAX_SHEETS:,} are read; supply it in parts, "
            "or seal it as it is with the intent publish-unread"
        )
    hidden: dict[int, str] = {}
    named, columns, rows, comments, described = [], [], [], [], []
    fits = True
    for number, sheet in enumerate(sheets, 1):
        name = sheet.get("name") or f"sheet {number}"
        if (state := sheet.get("state") or "visible") != "visible":
            hidden[number] = f"“{name}” ({'very hidden' if state == 'veryHidden' else 'hidden'})"
            del sheet.attrib["state"]
        named.append(f"page {number}: sheet “{name}”{', hidden in the file' if number in hidden else ''}")
        relation = relations.get(markup.get_id(sheet))
        if relation is None or not copy.package.has(relation.target):
            continue
        part = copy.read(relation.target)
        lines, stripes, small = _unhide_cells(part)
        rows += [(number, f"“{name}”: row {each}") for each in lines]
        columns += [(number, f"“{name}”: column {each}") for each in stripes]
        fits &= small
        for other in markup.read_relations(copy.package, relation.target).values():
            if not copy.package.has(other.target):
                continue
            if other.kind.endswith(COMMENTS):
                comments += _list_cell_comments(copy.package.read_xml(other.target), name)
            elif other.kind.endswith("/drawing"):
                drawing = copy.package.read_xml(other.target)
                described += [f"“{name}”: {each}" for each in markup.describe_pictures(drawing, "cNvPr")]
        copy.save(relation.target)
        copy.drop(relation.target)
    for each in list(markup.find_all(root, "definedName")):
        # A print area would leave the rest of the sheet out.
        if (each.get("name") or "").startswith("_xlnm.Print"):
            each.getparent().remove(each)
    copy.save("xl/workbook.xml")
    if not fits:
        _fit_to_width(
            copy,
            [relations[markup.get_id(each)].target for each in sheets if markup.get_id(each) in relations],
        )
    count = len(sheets)
    numbered = tuple(range(1, count + 1)) if fits else ()
    entries = preparation.list_entries(named if fits else [each.partition(": ")[2] for each in named])
    findings = [Finding("sheets", count, numbered, entries)]
    if hidden:
        pages = tuple(hidden) if fits else ()
        findings.append(
            Finding("hidden-sheets", len(hidden), pages, preparation.list_entries(hidden.values()))
        )
    findings += make_finding("hidden-columns", [each for _, each in columns], (n for n, _ in columns if fits))
    findings += make_finding("hidden-rows", [each for _, each in rows], (n for n, _ in rows if fits))
    return Preparation(
        preparation.CALC if fits else preparation.CALC_PAGED,
        count if fits else 1,
        count if fits else None,
        (*findings, *make_finding("comments", comments), *make_finding("alternative-texts", described)),
    )


def _unhide_cells(part: Element) -> tuple[list[str], list[str], bool]:
    """Unhide rows and columns of one sheet; their names, and whether the sheet is small enough for one
    page.
    """
    rows, columns = [], []
    last_column, height = 1, 0.0
    widths: dict[int, float] = {}
    for each in markup.find_all(part, "sheetFormatPr"):
        each.attrib.pop("zeroHeight", None)
    last_row = 0
    for row in markup.find_all(part, "row"):
        number = int(row.get("r") or last_row + 1)
        height += _ROW_POINTS * max(0, number - last_row - 1)
        last_row = number
        last_column = max(last_column, _read_column(row))
        tall = float(row.get("ht") or _ROW_POINTS)
        if (row.get("hidden") or "0") not in markup.OFF or tall == 0:
            rows.append(str(number))
            for name in ("hidden", "ht", "customHeight"):
                row.attrib.pop(name, None)
            tall = _ROW_POINTS
        height += tall
    for column in markup.find_all(part, "col"):
        first, last = int(column.get("min") or 1), int(column.get("max") or 1)
        wide = float(column.get("width") or 0)
        if (column.get("hidden") or "0") not in markup.OFF or (column.get("width") is not None and wide == 0):
            # Beyond the last cell there is nothing that could be hidden.
            columns += [_name_column(number) for number in range(first, min(last, last_column) + 1)]
            for name in ("hidden", "width", "customWidth"):
                column.attrib.pop(name, None)
            column.set("width", "12")
            wide = 12
        widths |= dict.fromkeys(range(first, min(last, last_column) + 1), wide * _CHARACTER_POINTS)
    for name in ("rowBreaks", "colBreaks"):
        markup.remove_all(part, name)
    width = sum(widths.get(number, _COLUMN_POINTS) for number in range(1, last_column + 1))
    return rows, columns, max(width, height) <= _MAX_POINTS


def _read_column(row: Element) -> int:
    cells = [each for each in row if markup.local(each) == "c"]
    letters = re.match("[A-Z]{1,3}", cells[-1].get("r") or "") if cells else None
    if letters is None:
        return max(1, len(cells))
    number = 0
    for letter in letters[0]:
        number = 26 * number + ord(letter) - ord("A") + 1
    return number


def _name_column(number: int) -> str:
    name = ""
    while number:
        number, rest = divmod(number - 1, 26)
        name = chr(ord("A") + rest) + name
    return name


def _fit_to_width(copy: markup.Copy, names: Iterable[str]) -> None:
    """Ask for pages as wide as the sheet and as many as its rows need."""
    for name in names:
        if name not in copy.changed:
            continue
        root = package.parse_xml(copy.changed[name] or b"", name)
        space = etree.QName(root).namespace
        markup.remove_all(root, "pageSetup")
        setup = etree.SubElement(root, f"{{{space}}}pageSetup")
        for key, value in (("orientation", "landscape"), ("fitToWidth", "1"), ("fitToHeight", "0")):
            setup.set(key, value)
        properties = next(iter(root.findall(f"{{{space}}}sheetPr")), None)
        if properties is None:
            properties = etree.Element(f"{{{space}}}sheetPr")
            root.insert(0, properties)
        markup.remove_all(properties, "pageSetUpPr")
        etree.SubElement(properties, f"{{{space}}}pageSetUpPr").set("fitToPage", "1")
        copy.changed[name] = package.write_xml(root)


def iterate_comments(root: Element) -> Iterator[tuple[str, str, str]]:
    """Iterate over the comments of a part: the cell, such as "B7", the author if one is named, the words."""
    authors = [each.text or "" for each in markup.find_all(root, "author")]
    for each in markup.find_all(root, "comment", "threadedComment"):
        index = each.get("authorId") or ""
        author = authors[int(index)] if index.isdecimal() and int(index) < len(authors) else ""
        # Older programs see a note in place of a thread, which is counted where it stands whole.
        if not author.startswith("tc={"):
            yield each.get("ref") or "", author, markup.read_text(each)


def _list_cell_comments(root: Element, sheet: str) -> list[str]:
    return [
        f"“{sheet}”, cell {place or '?'}{f', {author}' if author else ''}: {words}"
        for place, author, words in iterate_comments(root)
    ]
