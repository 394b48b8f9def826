"""ODT, ODP and ODS before they are printed: hidden parts counted, and shown in a scratch copy.

What `files/openxml` does for the other family, by the elements of OpenDocument 1.3 (OASIS, part 3). Links to
outside are cut in the copy, macros and event handlers left out; the original is only read.
"""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterable, Iterator
from pathlib import Path

from lxml import etree

from lightwell.base import errors
from lightwell.files import markup, package, preparation
from lightwell.files.package import Element, Package
from lightwell.files.preparation import Finding, Preparation, make_finding

_SPACE = "urn:oasis:names:tc:opendocument:xmlns:"
_OFFICE, _TEXT, _TABLE, _DRAW = (f"{{{_SPACE}{each}:1.0}}" for each in ("office", "text", "table", "drawing"))
_STYLE, _SHOW = (f"{{{_SPACE}{each}:1.0}}" for each in ("style", "presentation"))
_SVG = f"{{{_SPACE}svg-compatible:1.0}}"
_CREATOR, _DATE = (f"{{http://purl.org/dc/elements/1.1/}}{each}" for each in ("creator", "date"))
_HREF = "{http://www.w3.org/1999/xlink}href"
# A plain link is only followed by who clicks it.
_PLAIN_LINKS = (f"{_TEXT}a", f"{_DRAW}a")
_MANIFEST = "META-INF/manifest.xml"
_ROW_POINTS, _COLUMN_POINTS, _MAX_POINTS = 14.0, 64.0, 14_000


def prepare_file(path: Path, target: Path, kind: str) -> Preparation:
    """Count what a file holds and write its unhidden copy; `kind` is odt, odp or ods.

    Raises `UserMistake` with one sentence for a file that cannot be read safely.
    """
    with Package(path) as opened:
        if opened.has(_MANIFEST) and b"encryption-data" in opened.read(_MANIFEST):
            raise errors.UserMistake(package.explain_locked())
        content = opened.read_xml("content.xml")
        roots = {"content.xml": content}
        if opened.has("styles.xml"):
            roots["styles.xml"] = opened.read_xml("styles.xml")
        made = _KINDS[kind](content, list(roots.values()))
        findings = [*made.findings, *_list_common(content)]
        findings += make_finding(
            "outside-links", [link for root in roots.values() for link in _cut_links(root)]
        )
        findings += _list_inside(opened)
        for root in roots.values():
            _remove_all(root, f"{_OFFICE}event-listeners", f"{_OFFICE}scripts")
        changed = {name: package.write_xml(root) for name, root in roots.items()}
        macros: dict[str, bytes | None] = dict.fromkeys(_list_macros(opened))
        opened.write_changed(target, {**changed, **macros})
    return dataclasses.replace(made, findings=tuple(findings))


def _prepare_text(content: Element, roots: list[Element]) -> Preparation:
    changes = []
    for region in content.iter(f"{_TEXT}changed-region"):
        for each in region:
            kind = etree.QName(each).localname
            words = {"insertion": "added", "deletion": "deleted", "format-change": "changed"}.get(kind, kind)
            changes.append(
                f"{_sign(each)}: {words}: {_read_words(each, skipped=('change-info',)) or '(see the text)'}"
            )
    hidden_styles = _unhide_styles(roots)
    hidden = []
    for each in content.iter(f"{_TEXT}span", f"{_TEXT}p", f"{_TEXT}h"):
        if each.get(f"{_TEXT}style-name") in hidden_styles and (words := _read_words(each)):
            hidden.append(words)
    for each in content.iter(f"{_TEXT}section", f"{_TEXT}hidden-paragraph", f"{_TEXT}hidden-text"):
        shown = each.get(f"{_TEXT}display") not in ("none", "condition") and each.tag == f"{_TEXT}section"
        if not shown:
            hidden.append(each.get(f"{_TEXT}string-value") or _read_words(each) or "a hidden paragraph")
            each.attrib.pop(f"{_TEXT}display", None)
            each.attrib.pop(f"{_TEXT}condition", None)
            each.set(f"{_TEXT}is-hidden", "false")
    return Preparation(
        preparation.WRITER,
        1,
        None,
        (*make_finding("tracked-changes", changes), *make_finding("hidden-text", hidden)),
    )


def _unhide_styles(roots: Iterable[Element]) -> set[str]:
    hidden = set()
    for root in roots:
        for each in root.iter(f"{_STYLE}text-properties"):
            if each.attrib.pop(f"{_TEXT}display", "true") == "none":
                hidden.add(each.getparent().get(f"{_STYLE}name") or "")
    return hidden


def _prepare_slides(content: Element, roots: list[Element]) -> Preparation:
    slides = list(content.iter(f"{_DRAW}page"))
    if not slides:
        raise errors.UserMistake("the presentation has no slide; supply a sound copy")
    if len(slides) > markup.MAX_SLIDES:
        raise errors.UserMistake(f"it has {len(slides):,} slides; at most {markup.MAX_SLIDES:,} are read")
    invisible = set()
    for root in roots:
        for each in root.iter(f"{_STYLE}drawing-page-properties"):
            if each.attrib.pop(f"{_SHOW}visibility", "visible") == "hidden":
                invisible.add(each.getparent().get(f"{_STYLE}name"))
    hidden = [k for k, each in enumerate(slides, 1) if each.get(f"{_DRAW}style-name") in invisible]
    notes = {}
    for number, slide in enumerate(slides, 1):
        for each in slide.iter(f"{_SHOW}notes"):
            if words := _read_words(each):
                notes[number] = words
    count = len(slides)
    findings = [Finding("slides", count, tuple(range(1, count + 1)))]
    if hidden:
        findings.append(Finding("hidden-slides", len(hidden), tuple(hidden)))
    if notes:
        long_notes = [f"slide {number}: {words}" for number, words in notes.items() if len(words) > 900]
        pages = tuple(range(count + 1, count + len(notes) + 1))
        findings.append(Finding("notes", len(notes), pages, preparation.list_entries(long_notes)))
    return Preparation(
        preparation.IMPRESS_NOTES if notes else preparation.IMPRESS,
        2 * count if notes else count,
        2 * count if notes else count,
        tuple(findings),
        (*range(1, count + 1), *(count + number for number in notes)) if notes else (),
    )


def _prepare_sheets(content: Element, roots: list[Element]) -> Preparation:
    sheets = [
        each
        for each in content.iter(f"{_TABLE}table")
        if etree.QName(each.getparent()).localname == "spreadsheet"
    ]
    if not sheets:
        raise errors.UserMistake("the workbook has no sheet; supply a sound copy")
    if len(sheets) > markup.MAX_SHEETS:
        raise errors.UserMistake(
            f"it has {len(sheets):,} sheets; at most {markup.MAX_SHEETS:,} are read; supply it in parts, "
            "or seal "
            "it as it is with the intent publish-unread"
        )
    invisible = set()
    for root in roots:
        for each in root.iter(f"{_STYLE}table-properties"):
            if each.attrib.pop(f"{_TABLE}display", "true") == "false":
                invisible.add(each.getparent().get(f"{_STYLE}name"))
    named: list[str] = []
    hidden: dict[int, str] = {}
    columns: list[tuple[int, str]] = []
    rows: list[tuple[int, str]] = []
    fits = True
    for number, sheet in enumerate(sheets, 1):
        name = sheet.get(f"{_TABLE}name") or f"sheet {number}"
        if sheet.get(f"{_TABLE}style-name") in invisible:
            hidden[number] = f"“{name}”"
        sheet.attrib.pop(f"{_TABLE}print-ranges", None)
        sheet.attrib.pop(f"{_TABLE}print", None)
        named.append(f"page {number}: sheet “{name}”{', hidden in the file' if number in hidden else ''}")
        for kind, found in (("table-column", columns), ("table-row", rows)):
            place = 0
            for each in sheet.iter(f"{_TABLE}{kind}"):
                times = int(each.get(f"{_TABLE}number-{kind.removeprefix('table-')}s-repeated") or 1)
                if (
                    each.attrib.pop(f"{_TABLE}visibility", "visible") in ("collapse", "filter")
                    and times < 1_000
                ):
                    found += [
                        (number, f"“{name}”: {kind[6:]} {place + step}") for step in range(1, times + 1)
                    ]
                place += times
        tall = sum(
            int(each.get(f"{_TABLE}number-rows-repeated") or 1)
            for each in sheet.iter(f"{_TABLE}table-row")
            if _has_words(each)
        )
        wide = max((sum(1 for _ in each) for each in sheet.iter(f"{_TABLE}table-row")), default=1)
        fits &= max(tall * _ROW_POINTS, wide * _COLUMN_POINTS) <= _MAX_POINTS
    count = len(sheets)
    entries = preparation.list_entries(named if fits else [each.partition(": ")[2] for each in named])
    findings = [Finding("sheets", count, tuple(range(1, count + 1)) if fits else (), entries)]
    if hidden:
        places = tuple(hidden) if fits else ()
        findings.append(
            Finding("hidden-sheets", len(hidden), places, preparation.list_entries(hidden.values()))
        )
    findings += make_finding("hidden-columns", [each for _, each in columns], (n for n, _ in columns if fits))
    findings += make_finding("hidden-rows", [each for _, each in rows], (n for n, _ in rows if fits))
    return Preparation(
        preparation.CALC if fits else preparation.CALC_PAGED,
        count if fits else 1,
        count if fits else None,
        tuple(findings),
    )


def _has_words(row: Element) -> bool:
    return any(len(each) for each in row)


def _list_common(content: Element) -> list[Finding]:
    comments = [
        f"{_sign(each)}: {_read_words(each, skipped=('creator', 'date', 'creator-initials', 'date-string'))}"
        for each in content.iter(f"{_OFFICE}annotation")
    ]
    described = []
    for each in content.iter(f"{_SVG}title", f"{_SVG}desc"):
        if words := _read_words(each):
            described.append(words)
    return [*make_finding("comments", comments), *make_finding("alternative-texts", described)]


def _cut_links(root: Element) -> list[str]:
    cut = []
    for each in root.iter():
        link = each.get(_HREF) if isinstance(each.tag, str) else None
        # Inside the package a link is a plain path; "../" leads out of it to files of this machine.
        if (
            link
            and each.tag not in _PLAIN_LINKS
            and (":" in link.split("/")[0] or link.startswith(("/", "../")))
        ):
            cut.append(f"{etree.QName(each).localname}: {link}")
            del each.attrib[_HREF]
    return cut


def _list_inside(opened: Package) -> list[Finding]:
    names = opened.list_names()
    objects = sorted(
        {each.split("/")[0] for each in names if each.startswith(("Object ", "ObjectReplacements/Object "))}
    )
    inside = [each for each in objects if each != "ObjectReplacements"]
    recordings = [each for each in names if each.startswith("Media/")]
    return [
        *make_finding("embedded-objects", inside),
        *make_finding("recordings", [posixpath.basename(each) for each in recordings]),
        *make_finding("macros", _list_macros(opened)),
    ]


def _list_macros(opened: Package) -> list[str]:
    return [each for each in opened.list_names() if each.startswith(("Basic/", "Scripts/"))]


def _sign(element: Element) -> str:
    who = next((each.text for each in element.iter(_CREATOR) if each.text), "somebody")
    when = next((each.text for each in element.iter(_DATE) if each.text), "")
    return f"{who}, {when[:10]}" if when else who


def _read_words(root: Element, skipped: tuple[str, ...] = ()) -> str:
    return " ".join("".join(_list_pieces(root, skipped)).split())


def _list_pieces(root: Element, skipped: tuple[str, ...]) -> Iterator[str]:
    yield root.text or ""
    for each in root:
        if isinstance(each.tag, str):
            name = etree.QName(each).localname
            if name not in skipped:
                yield from _list_pieces(each, skipped)
            if name in ("p", "h", "tab", "s", "line-break"):
                yield " "
        yield each.tail or ""


def _remove_all(root: Element, *tags: str) -> None:
    for each in list(root.iter(*tags)):
        each.getparent().remove(each)


_KINDS = {"odt": _prepare_text, "odp": _prepare_slides, "ods": _prepare_sheets}
