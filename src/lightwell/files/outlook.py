"""What sealing a folder would take, and every problem in its way, before anything is sealed or stored.

Rows, names and files are looked at together, so that one run names everything that has to be mended. No
file is opened whose row does not say clearly that it may be: it might be one that nobody may look into.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.errors import Problem
from lightwell.files import attachments, folder, intake, store

_HELD = "held as a file, its pages are not read"
Progress = Callable[[int, int, int], None]  # files done, files in all, pages counted


@dataclass(frozen=True, slots=True)
class Outlook:
    """Documents, pages and bytes; seconds of one process and bytes of disk that sealing takes, reckoned.

    `unread` counts the documents whose pages are not read; `twins` are groups of files with the same bytes.
    `parts` says for each file what it holds besides its plain pages, whether none is read, and how sure a
    machine was that read it; `lacks` which program is missing and would add the pages of how many files;
    `unlisted` which attachments of mails have no row.
    """

    documents: int
    withheld: int
    pages: int
    unread: int
    bytes: int
    seconds: float
    room: int
    twins: list[list[str]]
    left_out: str
    parts: list[str] = field(default_factory=list)
    lacks: list[str] = field(default_factory=list)
    unlisted: str = ""


def look_ahead(
    documents: Path,
    text: str,
    grounds: Collection[str],
    *,
    today: datetime.date,
    processes: int = 2,
    free: int | None = None,
    progress: Progress | None = None,
    told: Callable[[attachments.Found], None] | None = None,
) -> Outlook:
    """Look at a folder and its table (`text`, as CSV); raises `UserMistake` with every problem of both.

    `today` judges the promised dates. `free` are the bytes that the disk of the installation has left. The
    files inside others are `told` first, also where problems follow.
    """
    listing = folder.read_folder(documents)
    first = inventory.read_table(text, listing.names, grounds, today)
    barred = {row.file for row in first.rows if not _may_open(row, grounds)}
    enclosed = attachments.find_attachments(documents, listing.names, barred)
    inside, unread_mails = list(enclosed.sizes), enclosed.problems
    if told:
        told(enclosed)
    listed = sorted({row.file for row in first.rows} & set(inside))
    names = [*listing.names, *listed]
    table = inventory.read_table(text, names, grounds, today) if listed else first
    with attachments.open_files(documents, names, None) as paths:
        found = _look(documents, listing, table, grounds, paths, processes, free, progress)
    unlisted = attachments.explain_unlisted(inside, [row.file for row in table.rows])
    left = [f"{each.place}: its attachments cannot be listed: {each.sentence}" for each in unread_mails]
    return dataclasses.replace(found, unlisted="; ".join(filter(None, (unlisted, *left))))


def _look(
    documents: Path,
    listing: folder.Listing,
    table: inventory.Table,
    grounds: Collection[str],
    paths: Mapping[str, Path],
    processes: int,
    free: int | None,
    progress: Progress | None,
) -> Outlook:
    problems = [*listing.problems, *(each for each in table.problems if each not in listing.problems)]
    barred = {each.place for each in listing.problems}
    opened: dict[str, tuple[inventory.Row, int]] = {}
    for row, line in zip(table.rows, table.lines, strict=True):
        if row.file in paths and repr(row.file) not in barred and _may_open(row, grounds):
            opened.setdefault(row.file, (row, line))
    sizes = {row.file: _measure_size(paths[row.file]) for row in table.rows if row.file in paths}
    pages = unread = written = 0
    seconds = 0.0
    parts: list[str] = []
    lacking: Counter[str] = Counter()
    found = intake.check_all([(name, paths[name]) for name in opened], processes=processes)
    for done, ((row, line), check) in enumerate(zip(opened.values(), found, strict=True), 1):
        if isinstance(check, intake.Check):
            problems += _list_mismatches(row, line, check.pages, table.problems)
            pages, written = pages + (check.pages or 0), written + check.parts_bytes
            seconds += check.seconds
            unread += check.pages is None
            parts += _describe_parts(row.file, check)
            if check.pages is None and not check.lack:
                parts.append(f"{row.file}: {_HELD}")
            lacking.update([check.lack] if check.lack else [])
        elif row.intent == "publish-unread" and _can_open(paths[row.file]):
            unread += 1
            parts.append(f"{row.file}: {_HELD}, as its row asks")
        else:
            problems += check.problems
        if progress:
            progress(done, len(opened), pages)
    room = sum(sizes.values()) + written
    if free is not None and free < room:
        problems.append(
            Problem(
                "",
                f"sealing needs {room / 1e6:,.0f} MB of disk and {free / 1e6:,.0f} are free; free some space",
            )
        )
    if problems:
        raise errors.UserMistake(problems=problems)
    withheld = sum(row.intent == "withhold" for row in table.rows)
    quarantined = sum(map(inventory.is_quarantined, table.rows))
    return Outlook(
        len(table.rows),
        withheld,
        pages,
        unread + quarantined,
        sum(sizes.values()),
        seconds,
        room,
        _find_twins(paths, {name: size for name, size in sizes.items() if name in opened}),
        folder.describe_left_out(listing),
        parts,
        _explain_lacks(lacking),
    )


def _describe_parts(name: str, check: intake.Check) -> list[str]:
    found = check.tally
    told = [f"{each.words}{f', {each.place}' if each.place else ''}" for each in found.lines]
    if (sure := found.mean_sure) is not None:
        told.append(f"words read by a machine from pictures, {sure} % sure on the pages that were tried")
    return [f"{name}: {'; '.join(told)}"] if told else []


def _explain_lacks(lacking: Mapping[str, int]) -> list[str]:
    if not lacking:
        return []
    known = intake.list_lacks()
    return [
        f"{program} is missing and would add the pages of {count:,} file{'' if count == 1 else 's'}, held "
        "as bytes and "
        f"not read until then: {known.get(program) or 'install it'}"
        for program, count in sorted(lacking.items())
    ]


def _may_open(row: inventory.Row, grounds: Collection[str]) -> bool:
    clear = row.intent in inventory.INTENTS and row.ground in {"", *grounds}
    return clear and not inventory.is_quarantined(row)


def _list_mismatches(
    row: inventory.Row, line: int, pages: int | None, told: Collection[Problem]
) -> list[Problem]:
    place = f"line {line}"
    found = [Problem(place, sentence) for sentence in inventory.list_page_problems(row, pages)]
    # What is malformed was told when the table was read.
    return [Problem(f"{place}, {row.file}", each.sentence) for each in found if each not in told]


def _find_twins(paths: Mapping[str, Path], sizes: dict[str, int]) -> list[list[str]]:
    """Find files with the same bytes; only files of one size are compared."""
    twins: dict[tuple[int, bytes], list[str]] = {}
    counts: dict[int, int] = {}
    for size in sizes.values():
        counts[size] = counts.get(size, 0) + 1
    for name, size in sizes.items():
        if size and counts[size] > 1:
            twins.setdefault((size, store.measure_file(paths[name])[0]), []).append(name)
    return [names for names in twins.values() if len(names) > 1]


def _can_open(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def _measure_size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
