"""The inventory of a study before it is sealed: one row a file, every problem told at once.

A row says what the publisher intends with one file. Unknown words are errors, never defaults; a file
without a row and a row without a file are errors, because a sealed inventory never shrinks. The
folder is read elsewhere (`files/folder`); here are only names and rows.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from lightwell.archive import rules
from lightwell.base import errors
from lightwell.base.errors import Problem
from lightwell.base.ground import QUARANTINE

COLUMNS = ("number", "file", "title", "kind", "date", "intent", "ground", "held_pages", "due")
KINDS = (
    "protocol",
    "questionnaire",
    "report",
    "summary",
    "appendix",
    "deck",
    "memo",
    "minutes",
    "dataset-description",
    "correspondence",
    "note",
    "other",
)
# publish-unread: a damaged or locked file, sealed and published as bytes; its page count stays unknown.
INTENTS = ("publish", "publish-unread", "withhold")
# Days until the promised date that is suggested for a document.
DUE_DAYS = 90
MAX_PAGES = 100_000
MAX_HELD_CHARACTERS = 1000

# A spreadsheet would run a cell that begins so (CWE-1236); a quotation mark guards it and is taken off here.
_FORMULA = re.compile("'*[=+@\t\r-]")
# The Unicode line and paragraph separators, and the characters that embed, override or isolate a direction of
# writing (UAX 9, section 2): a name shown with them is not the name that was approved.
_BREAKS = "\u0085\u2028\u2029"
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RANGE = re.compile(r"([1-9][0-9]{0,5})(?:-([1-9][0-9]{0,5}))?(?: ([a-z0-9-]+))?")


@dataclass(frozen=True, slots=True)
class Row:
    """One file and what is intended.

    `date` is as declared (ISO, may be empty). `ground` stands beside the intent withhold, or beside
    publish together with `held_pages` ("3-5;9"): these pages stay back, the others are published. A
    range may name a ground of its own ("3-5;9 minors").
    """

    number: int
    file: str
    title: str
    kind: str
    date: str
    intent: str
    ground: str
    held_pages: str
    due: datetime.date


@dataclass(frozen=True, slots=True)
class Table:
    """A table as far as it can be read: rows with the line each begins at, and every problem found.

    A row is here also when something about it is wrong; while there are problems nothing may be sealed.
    """

    rows: list[Row]
    lines: list[int]
    problems: list[Problem]


def is_quarantined(row: Row) -> bool:
    """Answer whether no program may open the file: it may show abuse."""
    return row.intent == "withhold" and row.ground == QUARANTINE


def list_name_problems(name: str) -> list[str]:
    """List what is wrong with a file's path below the folder; empty when nothing is."""
    problems = []
    if _has_control(name):
        problems.append("the file name holds a line break or another control character; rename the file")
    if _TURNS.search(name):
        problems.append(
            "the file name holds characters that turn the direction of writing, so that it is shown as "
            "another name; rename the file"
        )
    if name.startswith("/") or "\\" in name or any(part in ("", ".", "..") for part in name.split("/")):
        problems.append("the file name must be a plain path below the folder, without .. or backslashes")
    return problems


def list_title_problems(title: str) -> list[str]:
    """List what is wrong with a title; empty when nothing is."""
    problems = []
    if not title.strip():
        problems.append("the title is empty")
    if _has_control(title) or _TURNS.search(title):
        problems.append(
            "the title holds a line break or another control character; write it in plain characters"
        )
    return problems


def draft_rows(names: Iterable[str], due: datetime.date) -> list[Row]:
    """Suggest a row for each file, in order of names, all to be published and of kind other."""
    return [
        Row(number, name, _suggest_title(name), _suggest_kind(name), "", "publish", "", "", due)
        for number, name in enumerate(sorted(names), 1)
    ]


def format_rows(rows: Iterable[Row]) -> str:
    """Write rows as CSV with a header line; inverse of `parse_rows`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        texts = (row.file, row.title, row.kind, row.date, row.intent, row.ground, row.held_pages)
        writer.writerow([row.number, *map(_guard_cell, texts), row.due.isoformat()])
    return text.getvalue()


def parse_rows(
    text: str, names: Collection[str], grounds: Collection[str], today: datetime.date | None = None
) -> list[Row]:
    """Read rows and hold them against the files of the folder; inverse of `format_rows`.

    `names` are the files present, `grounds` the ids of known grounds; without `today` the promised dates are
    not judged. Raises `UserMistake` with every problem, each placed by its line in the CSV file.
    """
    table = read_table(text, names, grounds, today)
    if table.problems:
        raise errors.UserMistake(problems=table.problems)
    return table.rows


def decode_table(data: bytes) -> str:
    """Decode the bytes of a table; `UserMistake` names the line that is not UTF-8."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise errors.UserMistake(
            "the text is not UTF-8; in a spreadsheet save the table as CSV with the character set UTF-8",
            place=f"line {line}",
        ) from None


def read_table(
    text: str, names: Collection[str], grounds: Collection[str], today: datetime.date | None = None
) -> Table:
    """Read a table as far as it can be read; arguments as for `parse_rows`."""
    reader = _open_reader(text)
    problems: list[Problem] = []
    rows: list[Row] = []
    lines: list[int] = []
    seen: dict[str, int] = {}
    try:
        if tuple(reader.fieldnames or ()) != COLUMNS:
            return Table([], [], [Problem("line 1", _explain_header(reader.fieldnames or ()))])
        for raw in reader:
            place = f"line {reader.line_num}"
            cells = {column: _unguard_cell(cell) for column, cell in raw.items()}
            if sentence := _find_size_problem(cells):
                found = [sentence]
            else:
                cell = {str(column): str(value) for column, value in cells.items()}
                judged = list_row_problems(cell, len(rows) + 1, names, grounds, today)
                found = [sentence for _, sentence in judged]
            file = str(cells["file"] or "")
            if file in seen:
                found.append(f"{file!r} stands already in line {seen[file]}; keep one of the two rows")
            seen.setdefault(file, reader.line_num)
            problems.extend(Problem(place, sentence) for sentence in found)
            rows.append(_make_row(cells, len(rows) + 1))
            lines.append(reader.line_num)
    except csv.Error as error:
        problems.append(Problem(f"line {reader.line_num}", f"the line is not CSV: {error}"))
    for name in sorted(set(names) - set(seen)):
        sentences = [*list_name_problems(name), "the file has no row; add one, or move the file away"]
        problems.extend(Problem(repr(name), sentence) for sentence in sentences)
    if not rows and not problems:
        problems.append(Problem("", "the inventory has no row; a study without documents cannot be sealed"))
    return Table(rows, lines, problems)


def parse_cells(text: str) -> list[dict[str, str]]:
    """Read the cells of a table as they are written, wrong ones too; inverse of `format_cells`.

    Raises `UserMistake` where there are no rows to speak of: another first line, no CSV, or too few cells.
    """
    table = read_table(text, (), ())
    misread = [each for each in table.problems if each.place == "line 1" or "is not CSV" in each.sentence]
    if misread:
        raise errors.UserMistake(problems=misread)
    rows = []
    for raw, line in zip(_open_reader(text), table.lines, strict=True):
        if sentence := _find_size_problem(raw):
            misread.append(Problem(f"line {line}", sentence))
        rows.append({str(column): str(_unguard_cell(cell)) for column, cell in raw.items()})
    if misread:
        raise errors.UserMistake(problems=misread)
    return rows


def format_cells(rows: Iterable[Mapping[str, str]]) -> str:
    """Write cells as CSV with a header line, numbered anew; inverse of `parse_cells`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for number, row in enumerate(rows, 1):
        writer.writerow([number, *(_guard_cell(row[column]) for column in COLUMNS[1:])])
    return text.getvalue()


def format_held_pages(numbers: Iterable[int]) -> str:
    """Write page numbers as ranges such as "3-5;9"; inverse of `parse_held_pages`."""
    ranges: list[list[int]] = []
    for number in sorted(set(numbers)):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ";".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def parse_held_pages(text: str, pages: int | None) -> tuple[int, ...]:
    """Read ranges of pages such as "3-5;9" in rising order; inverse of `format_held_pages`.

    `pages` is the page count of the item, None while it is not known. Raises `UserMistake` when the
    ranges are malformed, leave the document, or leave nothing of it to publish.
    """
    numbers = tuple(parse_held_grounds(text, ""))
    if pages is not None and numbers and numbers[-1] > pages:
        raise errors.UserMistake(f"page {numbers[-1]} is to be held back, but there are {pages} pages")
    if pages is not None and numbers and len(numbers) == pages:
        raise errors.UserMistake("every page is to be held back; use the intent withhold instead")
    return numbers


def parse_held_grounds(text: str, ground: str) -> dict[int, str]:
    """Read the ground of each held page: the one its range names ("3-5;9 minors"), else the row's `ground`.

    Raises `UserMistake` when the ranges are malformed.
    """
    grounds: dict[int, str] = {}
    edge = 0
    for part in text.split(";") if text else ():
        found = _RANGE.fullmatch(part)
        first, last = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if not found or not edge < first <= last <= MAX_PAGES:
            raise errors.UserMistake(
                f"the held pages {text!r} are not ranges in rising order such as 3-5;9, counted from 1"
            )
        grounds |= dict.fromkeys(range(first, last + 1), found[3] or ground)
        edge = last
    return grounds


def list_page_problems(row: Row, pages: int | None) -> list[str]:
    """List what a row says of pages that its file has not; `pages` is None when none is read."""
    if row.intent == "publish-unread" and pages:
        return [f"all {pages} pages can be read; use the intent publish"]
    if row.held_pages and pages is None:
        return [
            "no page of this file is read, so that none can be held back; leave held_pages empty, or use the "
            "intent withhold"
        ]
    try:
        parse_held_pages(row.held_pages, pages)
    except errors.UserMistake as error:
        return [problem.sentence for problem in error.problems]
    return []


def list_row_problems(
    cell: Mapping[str, str],
    number: int,
    names: Collection[str],
    grounds: Collection[str],
    today: datetime.date | None = None,
) -> list[tuple[str, str]]:
    """List what is wrong with the cells of row `number`, each beside its column; see `parse_rows`."""
    found = [("file", sentence) for sentence in list_name_problems(cell["file"])]
    if cell["number"] != str(number):
        found.append(
            ("number", f"the number must be {number}, because rows are numbered from 1 without a gap")
        )
    if cell["file"] not in names:
        found.append(("file", _explain_absence(cell["file"], names)))
    found += [("title", sentence) for sentence in list_title_problems(cell["title"])]
    if cell["kind"] not in KINDS:
        found.append(("kind", f"the kind {cell['kind']!r} is unknown; use one of {', '.join(KINDS)}"))
    if cell["intent"] not in INTENTS:
        found.append(("intent", f"the intent {cell['intent']!r} is unknown; use one of {', '.join(INTENTS)}"))
    found += _list_ground_problems(cell, grounds)
    for column in ("date", "due"):
        if (cell[column] or column == "due") and _parse_date(cell[column]) is None:
            found.append((column, f"the {column} {cell[column]!r} is not a date such as 2026-11-24"))
    due = _parse_date(cell["due"])
    if due and today and (problem := rules.find_promise_problem(due, today)):
        found.append(("due", f"the due date {problem}"))
    return found


def _open_reader(text: str) -> csv.DictReader[str]:
    # Where the comma divides whole numbers from parts, spreadsheets divide cells by semicolons.
    delimiter = ";" if text.startswith(";".join(COLUMNS)) else ","
    return csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)


def _find_size_problem(cells: Mapping[str | None, str | list[str] | None]) -> str | None:
    if None in cells or None in cells.values():
        return f"the line must have {len(COLUMNS)} cells; put a cell that holds a comma into quotes"
    return None


def _explain_header(found: Collection[str]) -> str:
    missing = [column for column in COLUMNS if column not in found]
    named = f"; missing: {', '.join(missing)}" if missing and len(missing) < len(COLUMNS) else ""
    return f"the first line must be exactly: {','.join(COLUMNS)}{named}"


def _explain_absence(name: str, names: Collection[str]) -> str:
    sentence = f"there is no file {name!r} in the folder"
    # An e with an accent is one character on most computers and two on others, and looks the same.
    folded = unicodedata.normalize("NFC", name)
    if twin := next((each for each in names if unicodedata.normalize("NFC", each) == folded), None):
        return f"{sentence}; {twin!a} looks the same and is written with other characters: copy that name"
    return sentence


def _has_control(text: str) -> bool:
    return any(ord(each) < 32 or 127 <= ord(each) < 160 or each in _BREAKS for each in text)


def _guard_cell(text: str) -> str:
    return f"'{text}" if _FORMULA.match(text) else text


def _unguard_cell(cell: str | list[str] | None) -> str | list[str] | None:
    guarded = isinstance(cell, str) and cell.startswith("'") and _FORMULA.match(cell)
    return cell[1:] if guarded else cell  # type: ignore[index]  # guarded only if it is a string


def _list_ground_problems(cell: Mapping[str, str], grounds: Collection[str]) -> list[tuple[str, str]]:
    found = []
    held, intent = cell["held_pages"], cell["intent"]
    if held and intent != "publish":
        found.append(
            (
                "held_pages",
                "held pages stand only beside the intent publish; the other pages are published",
            )
        )
    if len(held) > MAX_HELD_CHARACTERS:
        sentence = f"the held pages have {len(held)} characters; {MAX_HELD_CHARACTERS} are allowed"
        found.append(("held_pages", sentence))
    try:
        named = set(parse_held_grounds(held, cell["ground"]).values())
    except errors.UserMistake as error:
        return [*found, *(("held_pages", problem.sentence) for problem in error.problems)]
    if QUARANTINE in named and intent == "publish":
        found.append(
            (
                "intent",
                "a page that may show abuse keeps the whole document unread: "
                f"use the intent withhold with the ground {QUARANTINE}",
            )
        )
    needed = intent == "withhold" or (intent == "publish" and held)
    if cell["ground"] and not needed:
        found.append(
            (
                "ground",
                "a ground stands only beside the intent withhold, or beside publish with held pages",
            )
        )
    for ground in sorted((named | {cell["ground"]} if intent == "withhold" else named) - set(grounds)):
        sentence = f"the ground {ground!r} is unknown; use one of {', '.join(sorted(grounds))}"
        found.append(("ground", sentence))
    return found


def _make_row(cells: Mapping[str | None, str | list[str] | None], number: int) -> Row:
    cell = {column: str(cells.get(column) or "") for column in COLUMNS}
    # An unreadable date is already among the problems, so that this row never leaves `parse_rows`.
    due = _parse_date(cell["due"]) or datetime.date.max
    texts = (cell["file"], cell["title"], cell["kind"], cell["date"], cell["intent"], cell["ground"])
    return Row(number, *texts, cell["held_pages"], due)


def _parse_date(text: str) -> datetime.date | None:
    try:
        day = datetime.date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.isoformat() == text else None


def _suggest_title(name: str) -> str:
    stem = name.rsplit("/", 1)[-1].rsplit(".", 1)[0]
    return " ".join(stem.replace("_", " ").replace("-", " ").split()) or "untitled"


def _suggest_kind(name: str) -> str:
    words = _suggest_title(name).lower().split()
    return next((kind for kind in KINDS if kind in words), "other")
