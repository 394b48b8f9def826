"""Several small tables in one file, one under another: found by titles and headers in the declared order.

Blank rows mean nothing. A row that belongs to no declared table, or a table that is missing, is a problem
with its row; nothing is skipped.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.figures import value as values
from lightwell.figures.mapping import Layout, Table

MAX_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Section:
    """One table of the file and its rows, each with its number and as many cells as the header."""

    table: Table
    rows: tuple[tuple[int, tuple[str, ...]], ...]


def split_stack(
    layouts: Sequence[Layout], rows: Sequence[Sequence[str]], file: str
) -> tuple[Layout, tuple[Section, ...]]:
    """Find the layout that explains every row, and its sections; else raise the problems of the nearest."""
    if len(rows) > MAX_ROWS:
        raise errors.UserMistake(f"stacked tables of at most {MAX_ROWS:,} rows are read", place=file)
    kept = [(at, _trim(cells)) for at, cells in enumerate(rows, 1)]
    filled = [(at, cells) for at, cells in kept if cells]
    nearest: tuple[int, errors.Problem] | None = None
    for layout in layouts:
        sections, reached, problem = _split(layout, filled, file)
        if problem is None:
            return layout, sections
        if nearest is None or reached > nearest[0]:
            nearest = (reached, problem)
    if nearest is None:
        raise errors.UserMistake("no layout is for this edition", place=file)
    raise errors.UserMistake(problems=[nearest[1]])


def _split(
    layout: Layout, rows: Sequence[tuple[int, tuple[str, ...]]], file: str
) -> tuple[tuple[Section, ...], int, errors.Problem | None]:
    """Split by one layout; also how many rows it explained and what stopped it."""
    sections: list[Section] = []
    at = 0
    tables = layout.tables
    for number, table in enumerate(tables):
        for wanted in ([(table.title,)] if table.title else []) + [table.header]:
            if at >= len(rows) or rows[at][1] != wanted:
                return (), at, _explain(layout, table, wanted, rows, at, file)
            at += 1
        following = tables[number + 1] if number + 1 < len(tables) else None
        start = (
            (following.title,) if following and following.title else following.header if following else None
        )
        body: list[tuple[int, tuple[str, ...]]] = []
        while at < len(rows) and rows[at][1] != start:
            row, cells = rows[at]
            if len(cells) > len(table.header) or (len(cells) == 1 and not table.shifted):
                return (), at, _explain(layout, table, None, rows, at, file)
            body.append((row, cells + ("",) * (len(table.header) - len(cells))))
            at += 1
        if table.shifted:
            body = _lift(body, table)
        sections.append(Section(table, tuple(body)))
    if at < len(rows):
        return (), at, _explain(layout, tables[-1], None, rows, at, file)
    return tuple(sections), at, None


def _lift(body: list[tuple[int, tuple[str, ...]]], table: Table) -> list[tuple[int, tuple[str, ...]]]:
    """Take each value of the shifted column from the row below its label."""
    at = table.header.index(table.shifted)
    lifted = []
    for (_, cells), (row, below) in itertools.pairwise(body):
        if cells[0].strip():
            lifted.append((row, (*cells[:at], below[at], *cells[at + 1 :])))
    return lifted


def _explain(
    layout: Layout,
    table: Table,
    wanted: tuple[str, ...] | None,
    rows: Sequence[tuple[int, tuple[str, ...]]],
    at: int,
    file: str,
) -> errors.Problem:
    name = values.quote(table.title or table.header[0])
    of = f"layout {layout.version} of the mapping {layout.mapping}, the nearest"
    if at >= len(rows):
        return errors.Problem(file, f"the file ends before the table {name} of {of}")
    row, cells = rows[at]
    shown = ", ".join(values.quote(each) for each in cells[:8])
    if wanted is None:
        sentence = f"{shown} is no row of the table {name} of {of}"
    else:
        sentence = f"here should stand {', '.join(map(values.quote, wanted))} ({of}), but there is {shown}"
    return errors.Problem(f"{file}, row {row}", sentence)


def _trim(cells: Sequence[str]) -> tuple[str, ...]:
    kept = [" ".join(each.split()) for each in cells]
    while kept and not kept[-1]:
        kept.pop()
    return tuple(kept)
