"""A sealed page as the rooms of hidden parts show it: marks on its picture and its words, line by line.

What is suggested, proposed and in force is told by words and numbers, and by lines of different kind on the
picture; never by colour alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.archive import page, redaction
from lightwell.base import errors
from lightwell.db.models import Redaction

SUGGESTED, PROPOSED, IN_FORCE = "suggested", "proposed", "hidden"
_HIT = re.compile(r"([1-9][0-9]{0,6}):([1-9][0-9]{0,6}):([0-9.,-]{3,2000})")


@dataclass(frozen=True, slots=True)
class Mark:
    """A region on the picture: number, standing, and for each line a rectangle (left, top, width, height)."""

    number: int
    standing: str
    rectangles: tuple[tuple[int, int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A word in the list: its place as it is typed (from 1), its text, and the mark it belongs to."""

    place: str
    text: str
    mark: Mark | None
    ends: bool
    """Whether the mark's words end here in this line."""


@dataclass(frozen=True, slots=True)
class View:
    """A sealed page ready to be shown."""

    number: int
    width: int
    height: int
    marks: tuple[Mark, ...]
    lines: tuple[tuple[Shown, ...], ...]


def view_page(found: page.Parts, rows: Iterable[Redaction]) -> View:
    """Lay what is known of a page over it; where regions overlap a word belongs to the one in force first."""
    ranked = sorted(rows, key=lambda row: ([IN_FORCE, PROPOSED, SUGGESTED].index(name_standing(row)), row.pk))
    marks = [Mark(row.pk, name_standing(row), tuple(_list_rectangles(found, row))) for row in ranked]
    owner: dict[redaction.Place, Mark] = {}
    for row, mark in zip(ranked, marks, strict=True):
        for line, word in row.words:
            owner.setdefault((line, word), mark)
    lines = []
    for k, line in enumerate(found.lines):
        owners = [owner.get((k, n)) for n in range(len(line))]
        lines.append(
            tuple(
                Shown(
                    f"{k + 1}.{n + 1}",
                    word.text,
                    owners[n],
                    owners[n] is not None and (n + 1 == len(line) or owners[n + 1] is not owners[n]),
                )
                for n, word in enumerate(line)
            )
        )
    head = found.head
    return View(head.number, head.width, head.height, tuple(marks), tuple(lines))


def name_standing(row: Redaction) -> str:
    """Say where a region stands that was neither dismissed nor turned down nor lifted."""
    if row.approved:
        return IN_FORCE
    return PROPOSED if row.proposer_id else SUGGESTED


def format_hit(item: int, number: int, words: Sequence[redaction.Place]) -> str:
    """Write a place as a form sends it: document:page:words; inverse of `parse_hit`."""
    return f"{item}:{number}:{','.join(f'{line + 1}.{word + 1}' for line, word in words)}"


def parse_hit(text: str) -> tuple[int, int, tuple[redaction.Place, ...]]:
    """Read what `format_hit` wrote; `UserMistake` for anything else."""
    match = _HIT.fullmatch(text)
    try:
        if match is not None:
            words = [each.split(".") for each in match[3].split(",")]
            return int(match[1]), int(match[2]), tuple((int(line) - 1, int(word) - 1) for line, word in words)
    except ValueError:
        pass
    raise errors.UserMistake("the form was not sent whole; load the page again")


def _list_rectangles(found: page.Parts, row: Redaction) -> Iterable[tuple[int, int, int, int]]:
    by_line: dict[int, list[tuple[int, int, int, int]]] = {}
    for line, word in row.words:
        by_line.setdefault(line, []).append(found.lines[line][word].box)
    for boxes in by_line.values():
        left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
        right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
        # A little room around, so that the mark's own line strikes nothing through.
        yield left - 3, top - 4, right - left + 6, bottom - top + 8
    for left, top, right, bottom in row.boxes:
        yield left, top, right - left, bottom - top
