"""The roster: staff, participants, schools and ids that a person names, with every problem of it named.

A roster is never published, logged or indexed. Its people are found on pages by `archive/matcher`, in all
the forms that `archive/forms` lists.
"""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from lightwell.archive import finding, forms, spelling
from lightwell.base import errors
from lightwell.base.errors import Problem

KINDS = ("staff", "participant", "school", "other")
COLUMNS = ("kind", "name", "ids", "emails", "handles", "birth_date", "ground")
NEEDED = ("kind", "name")
GROUNDS = {
    "staff": "junior-staff",
    "participant": "participant",
    "school": "participant",
    "other": finding.DEFAULT_GROUND,
}
MAX_ROWS = 200_000
MAX_CHARACTERS = 200
MAX_VALUES = 50
MAX_NAME_WORDS = 8
MAX_PROBLEMS = 500
OLDEST = datetime.date(1850, 1, 1)

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_HANDLE = re.compile(r"@?[^\s@]{2,}")
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True, slots=True)
class Person:
    """One row of a roster. `birth_date` is None when unknown; `ground` is proposed for whatever is found."""

    row: int
    kind: str
    name: str
    ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    handles: tuple[str, ...] = ()
    birth_date: datetime.date | None = None
    ground: str = finding.DEFAULT_GROUND


def parse_people(text: str, grounds: Collection[str]) -> list[Person]:
    """Read a roster from CSV with a header line; `grounds` are the ids of known grounds.

    Several ids, e-mail addresses or handles in one cell are divided by semicolons. Raises `UserMistake` with
    every problem (at most `MAX_PROBLEMS`), each placed by row and field; the header is row 1.
    """
    problems: list[Problem] = []
    people: list[Person] = []
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        header = _read_header(next(reader, []), problems)
        if not problems:
            for number, cells in enumerate(reader, 2):
                if number > MAX_ROWS + 1:
                    problems.append(Problem(f"row {number}", f"a roster has at most {MAX_ROWS:,} rows"))
                    break
                if any(cell.strip() for cell in cells):
                    people += _read_row(number, header, cells, grounds, problems)
                if len(problems) >= MAX_PROBLEMS:
                    problems.append(Problem(f"row {number}", "more rows were not read; mend these first"))
                    break
    except csv.Error as error:
        place = f"line {reader.line_num}"
        problems.append(Problem(place, f"this is no CSV: {error}; save the table again as CSV, UTF-8"))
    if not problems and not people:
        problems.append(Problem("", "the roster names nobody; write a row for each person under the header"))
    if problems:
        raise errors.UserMistake(problems=problems)
    return people


def _read_header(cells: Sequence[str], problems: list[Problem]) -> list[str]:
    header = [cell.strip().casefold() for cell in cells]
    if len(header) == 1 and ";" in header[0]:
        problems.append(Problem("row 1", "the columns are divided by semicolons; save the table with commas"))
        return header
    known = ", ".join(COLUMNS)
    for column in header:
        if column not in COLUMNS:
            problems.append(Problem("row 1", f"there is no column {column!r}; a roster has {known}"))
        elif header.count(column) > 1:
            problems.append(Problem("row 1", f"the column {column} stands here twice"))
    for column in NEEDED:
        if column not in header:
            problems.append(Problem("row 1", f"the column {column} is missing; a roster has {known}"))
    return header


def _read_row(
    number: int, header: list[str], cells: list[str], grounds: Collection[str], problems: list[Problem]
) -> list[Person]:
    if len(cells) != len(header):
        sentence = f"has {len(cells)} cells where the header has {len(header)}"
        problems.append(Problem(f"row {number}", sentence))
        return []
    row = {column: cell.strip() for column, cell in zip(header, cells, strict=True)}
    found: list[Problem] = []

    def report(field: str, sentence: str) -> None:
        found.append(Problem(f"row {number}, {field}", sentence))

    for field, value in row.items():
        if _CONTROL.search(value):
            report(field, "holds a control character or one that turns the direction of writing; take it out")
        elif len(value) > MAX_CHARACTERS and field in ("kind", "name", "birth_date", "ground"):
            report(field, f"is longer than {MAX_CHARACTERS} characters")
    if row["kind"] not in KINDS:
        report("kind", f"{row['kind'][:40]!r} is none of {', '.join(KINDS)}")
    values = {field: _split_cell(field, row.get(field, ""), report) for field in ("ids", "emails", "handles")}
    _check_name(row["name"], row["kind"], any(values.values()), report)
    birth_date = _read_date(row.get("birth_date", ""), report)
    ground = row.get("ground") or GROUNDS.get(row["kind"], "")
    if row.get("ground") and ground not in grounds:
        report("ground", f"there is no ground {ground[:40]!r}; there are {', '.join(sorted(grounds))}")
    problems += found
    if found:
        return []
    return [
        Person(
            number,
            row["kind"],
            row["name"],
            values["ids"],
            values["emails"],
            values["handles"],
            birth_date,
            ground,
        )
    ]


def _split_cell(field: str, cell: str, report: Callable[[str, str], None]) -> tuple[str, ...]:
    values = tuple(filter(None, (value.strip() for value in cell.split(";"))))
    if len(values) > MAX_VALUES:
        report(field, f"holds {len(values)} values; at most {MAX_VALUES} are allowed")
        return ()
    for value in values:
        shown = repr(value[:40])
        if len(value) > MAX_CHARACTERS:
            report(field, f"{shown} is longer than {MAX_CHARACTERS} characters")
        elif field == "emails" and not _EMAIL.fullmatch(value):
            report(field, f"{shown} is no e-mail address")
        elif field == "handles" and not (_HANDLE.fullmatch(value) and spelling.split_keys(value)):
            report(field, f"{shown} is no handle; write it without blanks, with or without @")
        elif field == "ids" and not _is_id(value):
            report(field, f"{shown} is too short; an id has a digit and a letter, or four letters or digits")
    return values


def _is_id(value: str) -> bool:
    key = "".join(spelling.split_keys(value))
    return len(key) >= forms.SHORT_ID or (len(key) >= 2 and not key.isdigit() and not key.isalpha())


def _check_name(name: str, kind: str, known_otherwise: bool, report: Callable[[str, str], None]) -> None:
    words = name.replace(",", " ").split()
    keys = spelling.split_keys(name)
    if not name:
        if not known_otherwise:
            report("name", "is empty; write a name, or an id, e-mail address or handle in its column")
    elif not any(letter.isalpha() for letter in name):
        report("name", f"{name[:40]!r} has no letter")
    elif len("".join(keys)) < 2:
        report("name", f"{name[:40]!r} is one letter and would be found everywhere; write the whole name")
    elif kind != "school" and name.count(",") > 1:
        report("name", "has more than one comma; write First Last, or Last, First")
    elif len(words) > MAX_NAME_WORDS * (2 if kind == "school" else 1):
        report("name", f"has {len(words)} words; one row names one person")


def _read_date(cell: str, report: Callable[[str, str], None]) -> datetime.date | None:
    if not cell:
        return None
    try:
        # The format with hyphens only: Python would read 20110307 too, and a spreadsheet's number is a
        # mistake.
        date = datetime.date.fromisoformat(cell) if len(cell) == 10 else None
    except ValueError:
        date = None
    if date is None or date < OLDEST:
        report("birth_date", f"{cell[:40]!r} is no date; write the year first, such as 2011-03-07")
        return None
    return date
