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
from collections.abc import Iterable
from pathlib import Path

from lxml import etree

from lightwell.base import errors
from lightwell.files import markup, package, preparation, workbook
from lightwell.files.package import Element, Package
from lightwell.files.preparation import Finding, Preparation, make_finding

# Notes that are longer are cut off on a notes page, so that they are printed as well.
_NOTE_CHARACTERS = 900
_RECORDINGS = (".mp3", ".m4a", ".wav", ".wma", ".mp4", ".m4v", ".mov", ".avi", ".wmv", ".mpg", ".mpeg")
# Fields that fetch something when they are brought up to date (ECMA-376 part 1, 17.16.5).
_FETCHING = re.compile(r"\s*(INCLUDEPICTURE|INCLUDETEXT|INCLUDE|IMPORT|DDE|DDEAUTO|LINK|DATABASE|RD)\b", re.I)


def prepare_file(path: Path, target: Path, kind: str) -> Preparation:
    """Count what a file holds and write its unhidden copy; `kind` is docx, pptx or xlsx.

    Raises `UserMistake` with one sentence for a file that cannot be read safely.
    """
    with Package(path) as opened:
        copy = markup.Copy(opened)
        made = KINDS[kind](copy)
        findings = (*made.findings, *_cut_links(copy), *_list_inside(copy))
        opened.write_changed(target, copy.changed)
    return dataclasses.replace(made, findings=findings)


def _prepare_text(copy: markup.Copy) -> Preparation:
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
        described += markup.describe_pictures(root, "docPr")
        copy.save(name)
    comments = []
    for name in names:
        if re.match(r"word/comments\d*\.xml", name):
            comments += [
                _describe_comment(each, commented) for each in markup.find_all(copy.read(name), "comment")
            ]
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


def _unhide_styles(copy: markup.Copy, names: Iterable[str]) -> set[str]:
    hidden = set()
    for name in names:
        if name in ("word/styles.xml", "word/stylesWithEffects.xml"):
            for style in markup.find_all(copy.read(name), "style"):
                if any(markup.is_on(mark) for mark in markup.find_all(style, "vanish")):
                    hidden.add(markup.get(style, "styleId"))
            markup.remove_all(copy.read(name), "vanish", "webHidden", "specVanish")
            copy.save(name)
    return hidden


def _unhide_runs(root: Element, hidden_styles: set[str]) -> list[str]:
    found = []
    for paragraph in markup.find_all(root, "p"):
        styled = any(
            markup.get(each, "val") in hidden_styles for each in markup.find_all(paragraph, "pStyle")
        )
        stretch = ""
        for run in markup.find_all(paragraph, "r"):
            marks = [mark for mark in markup.find_all(run, "vanish", "specVanish") if markup.is_on(mark)]
            by_style = styled or any(
                markup.get(each, "val") in hidden_styles for each in markup.find_all(run, "rStyle")
            )
            if marks or by_style:
                stretch += markup.read_text(run)
            elif stretch:
                found.append(stretch)
                stretch = ""
        found += [stretch] if stretch else []
    markup.remove_all(root, "vanish", "webHidden", "specVanish")
    return [each for each in found if each.strip()]


def _show_changes(root: Element) -> list[str]:
    """Write down tracked changes and show both sides: what was deleted struck through, what was added
    underlined.
    """
    found = []
    words = {"ins": "added", "del": "deleted", "moveFrom": "moved from here", "moveTo": "moved to here"}
    for each in list(markup.find_all(root, *words)):
        text = markup.read_text(each)
        kind = markup.local(each)
        inside = markup.local(each.getparent()) if each.getparent() is not None else ""
        if inside in ("rPr", "trPr", "tcPr", "pPr", "numPr"):
            what = "a row" if inside == "trPr" else "a paragraph mark"
            found.append(f"{markup.sign(each)}: {words[kind]}: {what}")
            each.getparent().remove(each)
            continue
        found.append(f"{markup.sign(each)}: {words[kind]}: “{text}”")
        for run in markup.find_all(each, "r"):
            _mark_run(run, struck=kind in ("del", "moveFrom"))
        markup.unwrap(each)
    for each in list(root.iter("{*}*")):
        if markup.local(each).endswith("Change") and markup.get(each, "author"):
            found.append(f"{markup.sign(each)}: changed: formatting")
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
    for text in list(markup.find_all(run, "delText", "delInstrText")):
        text.tag = f"{{{space}}}t" if markup.local(text) == "delText" else f"{{{space}}}instrText"


def _find_commented(root: Element) -> dict[str, str]:
    """Find the words that each comment is about, by the comment's id."""
    found: dict[str, str] = {}
    open_ids: set[str] = set()
    for each in root.iter("{*}commentRangeStart", "{*}commentRangeEnd", "{*}t", "{*}delText"):
        kind = markup.local(each)
        if kind == "commentRangeStart":
            open_ids.add(markup.get(each, "id"))
        elif kind == "commentRangeEnd":
            open_ids.discard(markup.get(each, "id"))
        else:
            for key in open_ids:
                found[key] = found.get(key, "") + (each.text or "")
    return found


def _describe_comment(comment: Element, commented: dict[str, str]) -> str:
    about = commented.get(markup.get(comment, "id"), "").strip()
    return f"{markup.sign(comment)}{f', on “{about[:200]}”' if about else ''}: {markup.read_text(comment)}"


def _prepare_slides(copy: markup.Copy) -> Preparation:
    relations = markup.read_relations(copy.package, "ppt/presentation.xml")
    root = copy.read("ppt/presentation.xml")
    slides = [
        relations[markup.get_id(each)].target
        for each in markup.find_all(root, "sldId")
        if markup.get_id(each) in relations
    ]
    slides = [each for each in slides if copy.package.has(each)]
    if not slides:
        raise errors.UserMistake("the presentation has no slide; supply a sound copy")
    if len(slides) > markup.MAX_SLIDES:
        raise errors.UserMistake(f"it has {len(slides):,} slides; at most {markup.MAX_SLIDES:,} are read")
    size = next(iter(markup.find_all(root, "sldSz")), None)
    measures = (
        (int(markup.get(size, "cx") or 0), int(markup.get(size, "cy") or 0)) if size is not None else (0, 0)
    )
    authors = _read_authors(copy.package)
    hidden, notes, long_notes, comments, described, shapes, beside = [], {}, [], [], [], [], []
    for number, name in enumerate(slides, 1):
        slide = copy.read(name)
        if (slide.get("show") or "1") in markup.OFF:
            hidden.append(number)
        slide.attrib.pop("show", None)
        described += [f"slide {number}: {each}" for each in markup.describe_pictures(slide, "cNvPr")]
        beside += [f"slide {number}: {each}" for each in _list_beside(slide, measures)]
        for each in markup.find_all(slide, "cNvPr"):
            if (each.get("hidden") or "0") not in markup.OFF:
                shapes.append(number)
                del each.attrib["hidden"]
        copy.save(name)
        copy.drop(name)
        for relation in markup.read_relations(copy.package, name).values():
            if relation.kind.endswith("/notesSlide") and copy.package.has(relation.target):
                if text := _read_notes(copy.package.read_xml(relation.target)):
                    notes[number] = text
                    long_notes += [f"slide {number}: {text}"] if len(text) > _NOTE_CHARACTERS else []
            elif relation.kind.endswith("/comments") and copy.package.has(relation.target):
                for each in markup.find_all(copy.package.read_xml(relation.target), "cm"):
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
    for shape in markup.find_all(slide, "sp"):
        place = next(iter(markup.find_all(shape, "xfrm")), None)
        offset = next(iter(markup.find_all(place, "off")), None) if place is not None else None
        extent = next(iter(markup.find_all(place, "ext")), None) if place is not None else None
        if not width or offset is None or extent is None or markup.local(shape.getparent()) == "grpSp":
            continue
        left, top = int(markup.get(offset, "x") or 0), int(markup.get(offset, "y") or 0)
        right, bottom = (
            left + int(markup.get(extent, "cx") or 0),
            top + int(markup.get(extent, "cy") or 0),
        )
        text = markup.read_text(shape)
        if text.strip() and (right <= 0 or bottom <= 0 or left >= width or top >= height):
            found.append(text)
    return found


def _read_notes(root: Element) -> str:
    texts = []
    for shape in markup.find_all(root, "sp"):
        kinds = [each.get("type") or "body" for each in markup.find_all(shape, "ph")]
        # The picture of the slide, its number, date, header and footer are no notes.
        if not set(kinds) & {"sldImg", "sldNum", "dt", "hdr", "ftr"}:
            texts.append(markup.read_text(shape))
    return " ".join(" ".join(texts).split())


def _read_authors(opened: Package) -> dict[str, str]:
    found = {}
    for name in ("ppt/commentAuthors.xml", "ppt/authors.xml"):
        if opened.has(name):
            for each in markup.find_all(opened.read_xml(name), "cmAuthor", "author"):
                found[each.get("id") or ""] = each.get("name") or "somebody"
    return found


def _sign_slide_comment(comment: Element, authors: dict[str, str]) -> str:
    when = comment.get("dt") or comment.get("created") or ""
    return f"{authors.get(comment.get('authorId') or '', 'somebody')}{f', {when[:10]}' if when else ''}"


def _read_slide_comment(comment: Element) -> str:
    # Replies are comments of their own inside the modern form and are printed behind it.
    return " ".join((each.text or "") for each in markup.find_all(comment, "text", "t")).strip()


def _cut_links(copy: markup.Copy) -> list[Finding]:
    """Cut every relation to outside but plain links, and the fields that would fetch something."""
    cut: list[str] = []
    for name in copy.package.list_names(ending=".rels"):
        root = copy.package.read_xml(name)
        before = len(cut)
        for each in list(markup.find_all(root, "Relationship")):
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
    for each in markup.find_all(root, "instrText", "fldSimple"):
        words = each.text if markup.local(each) == "instrText" else markup.get(each, "instr")
        if words and _FETCHING.match(words):
            cut.append(f"field: {words.strip()}")
            if markup.local(each) == "instrText":
                each.text = ""
            else:
                each.set(next(key for key in each.attrib if key.endswith("instr")), "")
    return cut


def _list_inside(copy: markup.Copy) -> list[Finding]:
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


KINDS = {"docx": _prepare_text, "pptx": _prepare_slides, "xlsx": workbook.prepare_sheets}
