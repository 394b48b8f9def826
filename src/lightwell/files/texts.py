"""Texts, tables and web pages made into pieces of our own setting: TXT, Markdown, RST, HTML, CSV, JSON.

Nothing in them is run or fetched: HTML is cleaned of all but words and structure, RST may include nothing.
What that leaves out (scripts, linked pictures, remarks in the source, hidden words) is counted. Data that
would fill a thousand pages stays the file that it is.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import lxml.html
from lxml import etree

from lightwell.base import errors
from lightwell.files import chats, source_texts, typesetting
from lightwell.files.draft_pages import Draft, TooMuch
from lightwell.files.enclosed_pictures import Album
from lightwell.files.preparation import Finding, make_finding
from lightwell.files.typesetting import Piece, escape_text

MAX_BYTES = 8 << 20
MAX_ROWS = 20_000
MAX_CELLS = 400_000
# Letters beside one another on a page, and on one set across; wider tables are set row by row.
_NARROW_LETTERS, _WIDE_LETTERS = 66, 140
_PADDING, _LONGEST_WORD, _LONG_CELL = 3.0, 24, 60
_PIECE_LINES, _PIECE_ROWS = 600, 200
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?([A-Za-z0-9_-]{2,20})", re.I)
_OUTSIDE = re.compile(r"\s*(https?:)?//", re.I)
_HIDING = re.compile(r"(display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0)", re.I)
_DELIMITERS = ",;\t|"
# Lists within lists; a text of brackets alone takes the typesetter minutes.
MAX_NESTED = 200
_NESTING = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.S)

TEXT, MARKDOWN, RST, HTML = "text/plain", "text/markdown", "text/x-rst", "text/html"
TABLES = ("text/csv", "text/tab-separated-values")
JSON = "application/json"
MEDIA_TYPES = (TEXT, MARKDOWN, RST, HTML, *TABLES, JSON)


def draft_file(path: Path, media_type: str) -> Draft | TooMuch:
    """Draft the pages of a text; raises `UserMistake` for what is damaged."""
    if path.stat().st_size > MAX_BYTES:
        return TooMuch(f"a text of more than {MAX_BYTES >> 20} MB stays the file that it is")
    data = path.read_bytes()
    if media_type == HTML:
        return draft_html(decode_text(data, html=True))
    text = decode_text(data)
    if media_type == MARKDOWN:
        return _add_lines(draft_html(_write_markdown(text)), text)
    if media_type == RST:
        return _add_lines(draft_html(_write_rst(text)), text)
    if media_type in TABLES:
        return _draft_table(text)
    if media_type == JSON:
        return _draft_json(text)
    chat = chats.read_lines(text)
    return chats.draft_chat(chat) if chat else Draft(_cut_lines(text))


def decode_text(data: bytes, *, html: bool = False) -> str:
    """Decode text as it says itself, else as UTF-8, else as Windows-1252, in which every byte is a letter."""
    for mark, name in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if data.startswith(mark):
            return data.decode(name, "replace")
    named = _CHARSET.search(data[:2048]) if html else None
    for name in ([named[1].decode()] if named else []) + ["utf-8"]:
        try:
            return data.decode(name)
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("cp1252", "replace")


def draft_html(text: str) -> Draft:
    """Draft the pages of HTML that is not trusted."""
    album = Album()
    shown = album.place(typesetting.clean_html(text, pictures=True))
    held = source_texts.list_html_texts(text)
    return Draft(iter([Piece(shown, pictures=album.pictures)]), count_html(text, album), held)


def _add_lines(draft: Draft, text: str) -> Draft:
    # What the markup leaves out (remarks, blocks of another format) is no part of its HTML.
    return dataclasses.replace(draft, held=[*draft.held, *source_texts.list_line_texts(text)])


def count_html(text: str, album: Album) -> list[Finding]:
    """Count what cleaning leaves out of HTML, and what it shows although the page hid it.

    Pictures that the `album` has are shown; the others are named.
    """
    if not text.strip():
        return []
    parser = lxml.html.HTMLParser(no_network=True, huge_tree=False, remove_pis=True)
    try:
        root = lxml.html.document_fromstring(text.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, ValueError):
        return []
    scripts, pictures, outside, hidden, remarks, described = [], [], [], [], [], []
    drawn = 0
    for each in root.iter():
        if each.tag is etree.Comment:
            remarks.append(each.text or "")
            continue
        if not isinstance(each.tag, str):
            continue
        source = (
            each.get("src") or each.get("data") or (each.get("href") if each.tag == "link" else None) or ""
        )
        if _OUTSIDE.match(source):
            outside.append(f"{each.tag}: {source}")
        if each.tag == "script" or any(name.startswith("on") for name in each.attrib):
            scripts.append(f"{each.tag} {source}".strip())
        if each.tag in ("img", "svg", "video", "audio", "canvas", "iframe", "object", "embed", "picture"):
            if each.tag == "img" and album.find(source):
                drawn += 1
            else:
                pictures.append(f"{each.tag}: {each.get('alt') or source[:200] or 'without a name'}")
            described += [each.get("alt")] if (each.get("alt") or "").strip() else []
        if "hidden" in each.attrib or _HIDING.search(each.get("style") or ""):
            words = " ".join(each.text_content().split())
            hidden += [words] if words else []
    return [
        *make_finding("comments", [each for each in remarks if each.strip()]),
        *make_finding("hidden-text", hidden),
        *make_finding("alternative-texts", described),
        *make_finding("scripts", scripts),
        *([Finding("drawn-pictures", drawn)] if drawn else []),
        *make_finding("pictures", pictures),
        *make_finding("outside-links", outside),
    ]


def _write_markdown(text: str) -> str:
    from markdown_it import MarkdownIt

    return str(MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"]).render(text))


def _write_rst(text: str) -> str:
    import docutils.core

    # Nothing may be read beside the text itself, and no setting of this computer counts.
    settings = {
        "file_insertion_enabled": False,
        "raw_enabled": False,
        "_disable_config": True,
        "halt_level": 5,
        "report_level": 5,
        "embed_stylesheet": False,
        "math_output": "LaTeX",
        "syntax_highlight": "none",
    }
    parts = docutils.core.publish_parts(text, writer="html5", settings_overrides=settings)
    return str(parts["html_body"])


def _cut_lines(text: str) -> Iterator[Piece]:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    for at in range(0, len(lines), _PIECE_LINES):
        yield Piece(f"<pre>{escape_text(chr(10).join(lines[at : at + _PIECE_LINES]))}</pre>")


def _draft_table(text: str) -> Draft | TooMuch:
    first = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    # A cell may be as long as the text.
    csv.field_size_limit(MAX_BYTES)
    rows = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            if row:
                rows.append(row)
                cells += len(row)
            if len(rows) > MAX_ROWS or cells > MAX_CELLS:
                return TooMuch(
                    f"a table of more than {MAX_ROWS:,} rows or {MAX_CELLS:,} cells stays the file it is"
                )
    except csv.Error as error:
        raise errors.UserMistake(f"row {len(rows) + 1} of the table cannot be read: {error}") from None
    if not rows:
        return Draft(iter([Piece("<p class='note'>An empty table.</p>")]))
    if chat := chats.read_rows(rows):
        return dataclasses.replace(chats.draft_chat(chat), held=source_texts.list_row_texts(rows))
    head, *body = rows
    findings = [Finding("rows", len(body))] if body else []
    return Draft(_set_rows(head, body), findings)


def _set_rows(head: list[str], body: list[list[str]]) -> Iterator[Piece]:
    columns = max(len(head), *(len(row) for row in body)) if body else len(head)
    letters = _measure_columns([head, *body], columns)
    needed = sum(letters)
    widths = "".join(f'<col style="width: {100 * each / needed:.1f}%">' for each in letters)
    for at in range(0, max(1, len(body)), _PIECE_ROWS):
        stretch = body[at : at + _PIECE_ROWS]
        if needed > _WIDE_LETTERS:
            names = [*head, *(f"column {number}" for number in range(len(head) + 1, columns + 1))]
            records = (
                f"<p><b>Row {number}</b> "
                + "; ".join(
                    f"{escape_text(name)}: {escape_text(cell)}"
                    for name, cell in zip(names, row, strict=False)
                )
                + "</p>"
                for number, row in enumerate(stretch, at + 1)
            )
            yield Piece("".join(records) or f"<p>{escape_text('; '.join(head))}</p>")
            continue
        inside = "".join(f"<tr>{_set_cells(row, 'td')}</tr>" for row in stretch)
        top = f"<thead><tr>{_set_cells(head, 'th')}</tr></thead>"
        table = f'<table class="given"><colgroup>{widths}</colgroup>{top}<tbody>{inside}</tbody></table>'
        yield Piece(table, wide=needed > _NARROW_LETTERS)


def _measure_columns(rows: list[list[str]], columns: int) -> list[float]:
    """Measure the room that each column needs, in letters: its longest word whole, and more for long cells.

    To let the typesetter find it would take three times as long, and a word that is cut is not found again.
    """
    words, cells = [1] * columns, [1] * columns
    for row in rows:
        for at, cell in enumerate(row):
            cells[at] = max(cells[at], len(cell))
            if len(cell) > words[at]:
                words[at] = max(words[at], max(map(len, cell.split()), default=0))
    return [
        _PADDING + min(_LONGEST_WORD, word) + 0.3 * min(_LONG_CELL, max(0, cell - word))
        for word, cell in zip(words, cells, strict=True)
    ]


def _set_cells(row: list[str], tag: str) -> str:
    return "".join(f"<{tag}>{escape_text(cell)}</{tag}>" for cell in row)


def _draft_json(text: str) -> Draft:
    depth = 0
    for each in _NESTING.finditer(text):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(each[0], 0)
        if depth > MAX_NESTED:
            raise errors.UserMistake(
                f"its lists and objects are nested more than {MAX_NESTED} deep; supply it less deep, or "
                "seal it as it is with the intent publish-unread"
            )
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        # What is no JSON, or is nested without end, is still text.
        return Draft(_cut_lines(text))
    if chat := chats.read_value(value):
        held = source_texts.list_json_texts(text, ("format", chats.FORMAT))
        return dataclasses.replace(chats.draft_chat(chat), held=held)
    try:
        shown = json.dumps(value, ensure_ascii=False, indent=1)
        return Draft(_cut_lines(shown), held=source_texts.list_json_texts(text))
    except (ValueError, RecursionError):
        return Draft(_cut_lines(text))
