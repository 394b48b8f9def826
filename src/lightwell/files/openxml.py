"""DOCX, PPTX and XLSX before they are printed: hidden parts counted, and shown in a scratch copy.

The usual PDF of an office file leaves out hidden slides, notes, hidden sheets, columns and rows, comments and
hidden text (ECMA-376). Here they are counted in the XML itself, written down for the appendix, and unhidden
in a copy; links to outside are cut in the copy, macros left out. The original is only read. Elements are
known by their local names, because the strict form of the standard has other namespaces.
"""

from __future__ import annotations

import dataclasses
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from lightwell.base import errors
from lightwell.files import package, preparation
from lightwell.files.package import Element, Package
from lightwell.files.preparation import Finding, Preparation, make_finding

MAX_SLIDES = 2_000
MAX_SHEETS = 1_000
# A page of a PDF is at most 200 inches (ISO 32000-1, annex C.2); a longer sheet is cut into pages.
_MAX_POINTS = 14_000
_ROW_POINTS, _COLUMN_POINTS, _CHARACTER_POINTS = 15.0, 48.0, 5.6
# Notes that are longer are cut off on a notes page, so that they are printed as well.
_NOTE_CHARACTERS = 900
_RECORDINGS = (".mp3", ".m4a", ".wav", ".wma", ".mp4", ".m4v", ".mov", ".avi", ".wmv", ".mpg", ".mpeg")
# Fields that fetch something when they are brought up to date (ECMA-376 part 1, 17.16.5).
_FETCHING = re.compile(r"\s*(INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|DDE|DDEAUTO|LINK|DATABASE|RD)\b", re.I)
_OFF = ("0", "false", "off", "none")


@dataclass(slots=True)
class _Copy:
    """A package being read, and the members that its scratch copy will have otherwise."""

    package: Package
    changed: dict[str, bytes | None] = field(default_factory=dict)
    roots: dict[str, Element] = field(default_factory=dict)

    def read(self, name: str) -> Element:
        if name not in self.roots:
            self.roots[name] = self.package.read_xml(name)
        return self.roots[name]

    def save(self, name: str) -> None:
        self.changed[name] = package.write_xml(self.roots[name])

    def drop(self, name: str) -> None:
        self.roots.pop(name, None)


def prepare_file(path: Path, target: Path, kind: str) -> Preparation:
    """Count what a file holds and write its unhidden copy; `kind` is docx, pptx or xlsx.

    Raises `UserMistake` with one sentence for a file that cannot be read safely.
    """
    with Package(path) as opened:
        copy = _Copy(opened)
        made = KINDS[kind](copy)
        findings = (*made.findings, *_cut_links(copy), *_list_inside(copy))
        opened.write_changed(target, copy.changed)
    return dataclasses.replace(made, findings=findings)


def _prepare_text(copy: _Copy) -> Preparation:
    names = [each for each in copy.package.list_names("word/", ".xml") if posixpath.dirname(each) == "word"]
    stories = [
        each for each in names if re.match(r"word/(document|header|footer|footnotes|endnotes)\d*\.xml", each)
    ]
    hidden_styles = _unhide_styles(copy, names)
    commented: dict[str, str] = {}
    changes: list[str] = []
    hidden: list[str] = []
    described: list[str] = []
    for name in stories:
        root = copy.read(name)
        commented |= _find_commented(root)
        hidden += _unhide_runs(root, hidden_styles)
        changes += _show_changes(root)
        described += _describe_pictures(root, "docPr")
        copy.save(name)
    comments = []
    for name in names:
        if re.match(r"word/comments\d*\.xml", name):
            comments += [_describe_comment(each, commented) for each in _find_all(copy.read(name), "comment")]
    return Preparation(
        preparation.WRITER,
        1,
        None,
        (
            *make_finding("comments", comments),
            *make_finding("tracked-changes", changes),
            *make_finding("hidden-text", hidden),
            *make_finding("alternative-texts", described),
        ),
    )


def _unhide_styles(copy: _Copy, names: Iterable[str]) -> set[str]:
    hidden = set()
    for name in names:
        if name in ("word/styles.xml", "word/stylesWithEffects.xml"):
            for style in _find_all(copy.read(name), "style"):
                if any(_is_on(mark) for mark in _find_all(style, "vanish")):
                    hidden.add(_get(style, "styleId"))
            _remove_all(copy.read(name), "vanish", "webHidden", "specVanish")
            copy.save(name)
    return hidden


def _unhide_runs(root: Element, hidden_styles: set[str]) -> list[str]:
    found = []
    for paragraph in _find_all(root, "p"):
        styled = any(_get(each, "val") in hidden_styles for each in _find_all(paragraph, "pStyle"))
        stretch = ""
        for run in _find_all(paragraph, "r"):
            marks = [mark for mark in _find_all(run, "vanish", "specVanish") if _is_on(mark)]
            by_style = styled or any(_get(each, "val") in hidden_styles for each in _find_all(run, "rStyle"))
            if marks or by_style:
                stretch += _read_text(run)
            elif stretch:
                found.append(stretch)
                stretch = ""
        found += [stretch] if stretch else []
    _remove_all(root, "vanish", "webHidden", "specVanish")
    return [each for each in found if each.strip()]


def _show_changes(root: Element) -> list[str]:
    """Write down tracked changes and show both sides: what was deleted struck through, what was added
    underlined.
    """
    found = []
    words = {"ins": "added", "del": "deleted", "moveFrom": "moved from here", "moveTo": "moved to here"}
    for each in list(_find_all(root, *words)):
        text = _read_text(each)
        kind = _local(each)
        inside = _local(each.getparent()) if each.getparent() is not None else ""
        if inside in ("rPr", "trPr", "tcPr", "pPr", "numPr"):
            what = "a row" if inside == "trPr" else "a paragraph mark"
            found.append(f"{_sign(each)}: {words[kind]}: {what}")
            each.getparent().remove(each)
            continue
        found.append(f"{_sign(each)}: {words[kind]}: “{text}”")
        for run in _find_all(each, "r"):
            _mark_run(run, struck=kind in ("del", "moveFrom"))
        _unwrap(each)
    for each in list(root.iter("{*}*")):
        if _local(each).endswith("Change") and _get(each, "author"):
            found.append(f"{_sign(each)}: changed: formatting")
            each.getparent().remove(each)
    return found


def _mark_run(run: Element, *, struck: bool) -> None:
    space = etree.QName(run).namespace
    properties = next(iter(run.findall(f"{{{space}}}rPr")), None)
    if properties is None:
        properties = etree.Element(f"{{{space}}}rPr")
        run.insert(0, properties)
    for name in ("strike", "u", "color"):
        for old in properties.findall(f"{{{space}}}{name}"):
            properties.remove(old)
    if struck:
        etree.SubElement(properties, f"{{{space}}}strike")
    colour = etree.SubElement(properties, f"{{{space}}}color")
    colour.set(f"{{{space}}}val", "B00000" if struck else "0000B0")
    if not struck:
        etree.SubElement(properties, f"{{{space}}}u").set(f"{{{space}}}val", "single")
    for text in list(_find_all(run, "delText", "delInstrText")):
        text.tag = f"{{{space}}}t" if _local(text) == "delText" else f"{{{space}}}instrText"


def _find_commented(root: Element) -> dict[str, str]:
    """Find the words that each comment is about, by the comment's id."""
    found: dict[str, str] = {}
    open_ids: set[str] = set()
    for each in root.iter("{*}commentRangeStart", "{*}commentRangeEnd", "{*}t", "{*}delText"):
        kind = _local(each)
        if kind == "commentRangeStart":
            open_ids.add(_get(each, "id"))
        elif kind == "commentRangeEnd":
            open_ids.discard(_get(each, "id"))
        else:
            for key in open_ids:
                found[key] = found.get(key, "") + (each.text or "")
    return found


def _describe_comment(comment: Element, commented: dict[str, str]) -> str:
    about = commented.get(_get(comment, "id"), "").strip()
    return f"{_sign(comment)}{f', on “{about[:200]}”' if about else ''}: {_read_text(comment)}"


def _prepare_slides(copy: _Copy) -> Preparation:
    relations = read_relations(copy.package, "ppt/presentation.xml")
    root = copy.read("ppt/presentation.xml")
    slides = [
        relations[get_id(each)].target for each in _find_all(root, "sldId") if get_id(each) in relations
    ]
    slides = [each for each in slides if copy.package.has(each)]
    if not slides:
        raise errors.UserMistake("the presentation has no slide; supply a sound copy")
    if len(slides) > MAX_SLIDES:
        raise errors.UserMistake(f"it has {len(slides):,} slides; at most {MAX_SLIDES:,} are read")
    size = next(iter(_find_all(root, "sldSz")), None)
    measures = (int(_get(size, "cx") or 0), int(_get(size, "cy") or 0)) if size is not None else (0, 0)
    authors = _read_authors(copy.package)
    hidden, notes, long_notes, comments, described, shapes, beside = [], {}, [], [], [], [], []
    for number, name in enumerate(slides, 1):
        slide = copy.read(name)
        if (slide.get("show") or "1") in _OFF:
            hidden.append(number)
        slide.attrib.pop("show", None)
        described += [f"slide {number}: {each}" for each in _describe_pictures(slide, "cNvPr")]
        beside += [f"slide {number}: {each}" for each in _list_beside(slide, measures)]
        for each in _find_all(slide, "cNvPr"):
            if (each.get("hidden") or "0") not in _OFF:
                shapes.append(number)
                del each.attrib["hidden"]
        copy.save(name)
        copy.drop(name)
        for relation in read_relations(copy.package, name).values():
            if relation.kind.endswith("/notesSlide") and copy.package.has(relation.target):
                if text := _read_notes(copy.package.read_xml(relation.target)):
                    notes[number] = text
                    long_notes += [f"slide {number}: {text}"] if len(text) > _NOTE_CHARACTERS else []
            elif relation.kind.endswith("/comments") and copy.package.has(relation.target):
                for each in _find_all(copy.package.read_xml(relation.target), "cm"):
                    comments.append(
                        f"slide {number}: {_sign_slide_comment(each, authors)}: {_read_slide_comment(each)}"
                    )
    count = len(slides)
    pages = 2 * count if notes else count
    findings = [Finding("slides", count, tuple(range(1, count + 1)))]
    if hidden:
        findings.append(Finding("hidden-slides", len(hidden), tuple(hidden)))
    if notes:
        places = tuple(range(count + 1, count + len(notes) + 1))
        findings.append(Finding("notes", len(notes), places, preparation.list_entries(long_notes)))
    if shapes:
        findings.append(Finding("hidden-shapes", len(shapes), tuple(sorted(set(shapes)))))
    return Preparation(
        preparation.IMPRESS_NOTES if notes else preparation.IMPRESS,
        pages,
        pages,
        (
            *findings,
            *make_finding("comments", comments),
            *make_finding("beside-the-page", beside),
            *make_finding("alternative-texts", described),
        ),
        (*range(1, count + 1), *(count + number for number in notes)) if notes else (),
    )


def _list_beside(slide: Element, measures: tuple[int, int]) -> list[str]:
    """List the words of shapes that lie wholly beside the slide, where no page shows them."""
    width, height = measures
    found = []
    for shape in _find_all(slide, "sp"):
        place = next(iter(_find_all(shape, "xfrm")), None)
        offset = next(iter(_find_all(place, "off")), None) if place is not None else None
        extent = next(iter(_find_all(place, "ext")), None) if place is not None else None
        if not width or offset is None or extent is None or _local(shape.getparent()) == "grpSp":
            continue
        left, top = int(_get(offset, "x") or 0), int(_get(offset, "y") or 0)
        right, bottom = left + int(_get(extent, "cx") or 0), top + int(_get(extent, "cy") or 0)
        text = _read_text(shape)
        if text.strip() and (right <= 0 or bottom <= 0 or left >= width or top >= height):
            found.append(text)
    return found


def _read_notes(root: Element) -> str:
    texts = []
    for shape in _find_all(root, "sp"):
        kinds = [each.get("type") or "body" for each in _find_all(shape, "ph")]
        # The picture of the slide, its number, date, header and footer are no notes.
        if not set(kinds) & {"sldImg", "sldNum", "dt", "hdr", "ftr"}:
            texts.append(_read_text(shape))
    return " ".join(" ".join(texts).split())


def _read_authors(opened: Package) -> dict[str, str]:
    found = {}
    for name in ("ppt/commentAuthors.xml", "ppt/authors.xml"):
        if opened.has(name):
            for each in _find_all(opened.read_xml(name), "cmAuthor", "author"):
                found[each.get("id") or ""] = each.get("name") or "somebody"
    return found


def _sign_slide_comment(comment: Element, authors: dict[str, str]) -> str:
    when = comment.get("dt") or comment.get("created") or ""
    return f"{authors.get(comment.get('authorId') or '', 'somebody')}{f', {when[:10]}' if when else ''}"


def _read_slide_comment(comment: Element) -> str:
    # Replies are comments of their own inside the modern form and are printed behind it.
    return " ".join((each.text or "") for each in _find_all(comment, "text", "t")).strip()


def _prepare_sheets(copy: _Copy) -> Preparation:
    relations = read_relations(copy.package, "xl/workbook.xml")
    root = copy.read("xl/workbook.xml")
    sheets = list(_find_all(root, "sheet"))
    if not sheets:
        raise errors.UserMistake("the workbook has no sheet; supply a sound copy")
    if len(sheets) > MAX_SHEETS:
        raise errors.UserMistake(
            f"it has {len(sheets):,} sheets; at most {MAX_SHEETS:,} are read; supply it in parts, or seal "
            "it as it "
            "is with the intent publish-unread"
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
        relation = relations.get(get_id(sheet))
        if relation is None or not copy.package.has(relation.target):
            continue
        part = copy.read(relation.target)
        lines, stripes, small = _unhide_cells(part)
        rows += [(number, f"“{name}”: row {each}") for each in lines]
        columns += [(number, f"“{name}”: column {each}") for each in stripes]
        fits &= small
        for other in read_relations(copy.package, relation.target).values():
            if not copy.package.has(other.target):
                continue
            if other.kind.endswith(("/comments", "/threadedComment")):
                comments += _list_cell_comments(copy.package.read_xml(other.target), name)
            elif other.kind.endswith("/drawing"):
                drawing = copy.package.read_xml(other.target)
                described += [f"“{name}”: {each}" for each in _describe_pictures(drawing, "cNvPr")]
        copy.save(relation.target)
        copy.drop(relation.target)
    for each in list(_find_all(root, "definedName")):
        # A print area would leave the rest of the sheet out.
        if (each.get("name") or "").startswith("_xlnm.Print"):
            each.getparent().remove(each)
    copy.save("xl/workbook.xml")
    if not fits:
        _fit_to_width(copy, [relations[get_id(each)].target for each in sheets if get_id(each) in relations])
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
    for each in _find_all(part, "sheetFormatPr"):
        each.attrib.pop("zeroHeight", None)
    last_row = 0
    for row in _find_all(part, "row"):
        number = int(row.get("r") or last_row + 1)
        height += _ROW_POINTS * max(0, number - last_row - 1)
        last_row = number
        last_column = max(last_column, _read_column(row))
        tall = float(row.get("ht") or _ROW_POINTS)
        if (row.get("hidden") or "0") not in _OFF or tall == 0:
            rows.append(str(number))
            for name in ("hidden", "ht", "customHeight"):
                row.attrib.pop(name, None)
            tall = _ROW_POINTS
        height += tall
    for column in _find_all(part, "col"):
        first, last = int(column.get("min") or 1), int(column.get("max") or 1)
        wide = float(column.get("width") or 0)
        if (column.get("hidden") or "0") not in _OFF or (column.get("width") is not None and wide == 0):
            # Beyond the last cell there is nothing that could be hidden.
            columns += [_name_column(number) for number in range(first, min(last, last_column) + 1)]
            for name in ("hidden", "width", "customWidth"):
                column.attrib.pop(name, None)
            column.set("width", "12")
            wide = 12
        widths |= dict.fromkeys(range(first, min(last, last_column) + 1), wide * _CHARACTER_POINTS)
    for name in ("rowBreaks", "colBreaks"):
        _remove_all(part, name)
    width = sum(widths.get(number, _COLUMN_POINTS) for number in range(1, last_column + 1))
    return rows, columns, max(width, height) <= _MAX_POINTS


def _read_column(row: Element) -> int:
    cells = [each for each in row if _local(each) == "c"]
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


def _fit_to_width(copy: _Copy, names: Iterable[str]) -> None:
    """Ask for pages as wide as the sheet and as many as its rows need."""
    for name in names:
        if name not in copy.changed:
            continue
        root = package.parse_xml(copy.changed[name] or b"", name)
        space = etree.QName(root).namespace
        _remove_all(root, "pageSetup")
        setup = etree.SubElement(root, f"{{{space}}}pageSetup")
        for key, value in (("orientation", "landscape"), ("fitToWidth", "1"), ("fitToHeight", "0")):
            setup.set(key, value)
        properties = next(iter(root.findall(f"{{{space}}}sheetPr")), None)
        if properties is None:
            properties = etree.Element(f"{{{space}}}sheetPr")
            root.insert(0, properties)
        _remove_all(properties, "pageSetUpPr")
        etree.SubElement(properties, f"{{{space}}}pageSetUpPr").set("fitToPage", "1")
        copy.changed[name] = package.write_xml(root)


def _list_cell_comments(root: Element, sheet: str) -> list[str]:
    authors = [each.text or "" for each in _find_all(root, "author")]
    found = []
    for each in _find_all(root, "comment", "threadedComment"):
        index = each.get("authorId") or ""
        author = authors[int(index)] if index.isdecimal() and int(index) < len(authors) else ""
        # Older programs see a note in place of a thread, which is counted where it stands whole.
        if not author.startswith("tc={"):
            by = f", {author}" if author else ""
            found.append(f"“{sheet}”, cell {each.get('ref') or '?'}{by}: {_read_text(each)}")
    return found


def _cut_links(copy: _Copy) -> list[Finding]:
    """Cut every relation to outside but plain links, and the fields that would fetch something."""
    cut: list[str] = []
    for name in copy.package.list_names(ending=".rels"):
        root = copy.package.read_xml(name)
        before = len(cut)
        for each in list(_find_all(root, "Relationship")):
            kind = each.get("Type") or ""
            if (each.get("TargetMode") or "") == "External" and not kind.endswith("/hyperlink"):
                cut.append(f"{kind.rpartition('/')[2]}: {each.get('Target') or ''}")
                root.remove(each)
            elif kind.endswith(("/vbaProject", "/wordVbaData")):
                root.remove(each)
                before = -1
        if len(cut) != before:
            copy.changed[name] = package.write_xml(root)
    for name, data in list(copy.changed.items()):
        if name.startswith("word/") and name.endswith(".xml") and data:
            root = package.parse_xml(data, name)
            if fields := _cut_fields(root):
                cut += fields
                copy.changed[name] = package.write_xml(root)
    return make_finding("outside-links", cut)


def _cut_fields(root: Element) -> list[str]:
    cut = []
    for each in _find_all(root, "instrText", "fldSimple"):
        words = each.text if _local(each) == "instrText" else _get(each, "instr")
        if words and _FETCHING.match(words):
            cut.append(f"field: {words.strip()}")
            if _local(each) == "instrText":
                each.text = ""
            else:
                each.set(next(key for key in each.attrib if key.endswith("instr")), "")
    return cut


def _list_inside(copy: _Copy) -> list[Finding]:
    """List files inside the package that no page shows; macros are left out of the copy."""
    names = copy.package.list_names()
    macros = [each for each in names if posixpath.basename(each) in ("vbaProject.bin", "vbaData.xml")]
    for each in macros:
        copy.changed[each] = None
    inside = [each for each in names if "/embeddings/" in each]
    recordings = [each for each in names if each.lower().endswith(_RECORDINGS)]
    return [
        *make_finding("embedded-objects", [posixpath.basename(each) for each in inside]),
        *make_finding("recordings", [posixpath.basename(each) for each in recordings]),
        *make_finding("macros", macros),
    ]


@dataclass(frozen=True, slots=True)
class Relation:
    """Where a relation leads inside the package, and its kind as an address."""

    target: str
    kind: str


def read_relations(opened: Package, part: str) -> dict[str, Relation]:
    """Read where a part leads inside the package, by the id of the relation."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if not opened.has(path):
        return {}
    found = {}
    for each in _find_all(opened.read_xml(path), "Relationship"):
        if (each.get("TargetMode") or "") != "External":
            target = each.get("Target") or ""
            inside = target.lstrip("/") if target.startswith("/") else posixpath.join(folder, target)
            found[each.get("Id") or ""] = Relation(posixpath.normpath(inside), each.get("Type") or "")
    return found


def _describe_pictures(root: Element, name: str) -> list[str]:
    found = []
    for each in _find_all(root, name):
        if any(_local(above) == "Fallback" for above in each.iterancestors()):
            continue
        words = " ".join(filter(None, (each.get("title"), each.get("descr"))))
        found += [words] if words.strip() else []
    return found


def _find_all(root: Element, *names: str) -> Iterator[Element]:
    yield from root.iter(*(f"{{*}}{name}" for name in names))


def _remove_all(root: Element, *names: str) -> None:
    for each in list(_find_all(root, *names)):
        each.getparent().remove(each)


def _unwrap(element: Element) -> None:
    parent = element.getparent()
    place = parent.index(element)
    for child in list(element):
        parent.insert(place, child)
        place += 1
    parent.remove(element)


def _read_text(root: Element) -> str:
    pieces = []
    for each in root.iter("{*}t", "{*}delText", "{*}p", "{*}br", "{*}tab", "{*}text"):
        pieces.append(" " if _local(each) in ("p", "br", "tab") else each.text or "")
    return " ".join("".join(pieces).split())


def _sign(element: Element) -> str:
    author, when = _get(element, "author") or "somebody", _get(element, "date")
    return f"{author}, {when[:10]}" if when else author


def _local(element: Element) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _get(element: Element, name: str) -> str:
    """Read an attribute by its local name, whatever its namespace."""
    for key, value in element.attrib.items():
        if key == name or key.endswith(f"}}{name}"):
            return str(value)
    return ""


def get_id(element: Element) -> str:
    """Read the id of a relation, which has a namespace beside a plain id that has none."""
    return next((str(value) for key, value in element.attrib.items() if key.endswith("}id")), "")


def _is_on(mark: Element) -> bool:
    return (_get(mark, "val") or "1").lower() not in _OFF


KINDS = {"docx": _prepare_text, "pptx": _prepare_slides, "xlsx": _prepare_sheets}
