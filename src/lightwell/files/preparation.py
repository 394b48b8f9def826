"""What was learned of an office file before it is converted: how many pages must come, what was hidden, what
to print.

Made behind the fence by `files/openxml` and `files/opendocument`, handed on as JSON, and never trusted: a
hostile file may own the process that wrote it. Running LibreOffice: `files/office`. Printing the notes:
`files/appendix`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.base.canonical import Json

# How LibreOffice is asked to print; the options stand in `files/office`.
WRITER, IMPRESS, IMPRESS_NOTES, CALC, CALC_PAGED = "writer", "impress", "impress-notes", "calc", "calc-paged"
FILTERS = (WRITER, IMPRESS, IMPRESS_NOTES, CALC, CALC_PAGED)
# More entries of one kind than this are counted and not printed.
MAX_ENTRIES = 2_000
MAX_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of part: how many, and where it will stand.

    `pages` are those of the converted file; empty where only the appendix shows it. `entries` are what the
    appendix prints of it, one paragraph each.
    """

    kind: str
    found: int
    pages: tuple[int, ...] = ()
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Preparation:
    """A scratch copy made ready: the filter to print it with, the pages that must come, and the findings.

    `least` and `most` bound the count of printed pages; `most` is None where the layout decides it. `kept`
    are the printed pages that are kept, all when empty: a notes page without a note only repeats its slide.
    """

    filter: str
    least: int
    most: int | None
    findings: tuple[Finding, ...] = ()
    kept: tuple[int, ...] = ()


def list_entries(texts: Iterable[str]) -> tuple[str, ...]:
    """Cut what is to be printed down to a bearable measure, and say so where something was cut."""
    kept: list[str] = []
    left = 0
    for text in texts:
        if len(kept) >= MAX_ENTRIES:
            left += 1
            continue
        words = " ".join(text.split())
        short = words[:MAX_CHARACTERS] + " [cut here; the original file holds the rest]"
        kept.append(short if len(words) > MAX_CHARACTERS else words)
    if left:
        kept.append(f"[{left:,} more are in the original file]")
    return tuple(kept)


def make_finding(kind: str, entries: Sequence[str], pages: Iterable[int] = ()) -> list[Finding]:
    """Make a finding of everything in `entries`; an empty list where there is nothing."""
    if not entries:
        return []
    return [Finding(kind, len(entries), tuple(sorted(set(pages))), list_entries(entries))]


def format_preparation(made: Preparation) -> dict[str, Json]:
    """Write a preparation as JSON; inverse of `parse_preparation`."""
    return {
        "filter": made.filter,
        "least": made.least,
        "most": made.most,
        "kept": list(made.kept),
        "findings": [[each.kind, each.found, list(each.pages), list(each.entries)] for each in made.findings],
    }


def parse_preparation(value: Json) -> Preparation:
    """Read a preparation; inverse of `format_preparation`. `Refused` when it is malformed."""
    match value:
        case {
            "filter": str(name),
            "least": int(least),
            "most": int() | None as most,
            "findings": list(found),
            "kept": list(kept),
        }:
            sound = name in FILTERS and least >= 1 and (most is None or most >= least)
            if sound and all(isinstance(each, int) and 1 <= each <= (most or 0) for each in kept):
                return Preparation(name, least, most, tuple(map(_parse_finding, found)), tuple(kept))
    raise errors.Refused("the reader's answer about an office file is malformed")


def _parse_finding(value: Json) -> Finding:
    match value:
        case [str(kind), int(found), list(pages), list(entries)]:
            if all(isinstance(each, int) for each in pages) and all(
                isinstance(each, str) for each in entries
            ):
                return Finding(kind, found, tuple(pages), tuple(entries))
    raise errors.Refused("the reader's answer about an office file is malformed")
