"""Documents handed in by a browser and the list of them, until they are locked in.

Everything here is private to the organisation that owns the study. A file has its row from the moment it is
there, drafted as by `lightwell inventory draft`, and loses it when it is removed; wrong cells are kept, so
that nobody types twice. Whatever changes files or list takes back what was read from them
(`actions/readings`), so that nothing can be locked in that its people did not see.
"""

from __future__ import annotations

import contextlib
import datetime
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lightwell.actions import organisations
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.errors import Problem
from lightwell.db.models import Item, Person, Study
from lightwell.files import attachments, data, disk, enclosures, folder, incoming, occupancy, store
from lightwell.files.incoming import Area, Arrived, Limits
from lightwell.files.state import State

# Columns of the list that a person edits; the number follows from the order, the file from what is there.
EDITED = inventory.COLUMNS[2:]
# Far more than a title needs, and far less than what no reader of CSV takes any more.
MOST_CHARACTERS = 4000
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the list: its number, the file with its size in bytes, and the cells as typed."""

    number: int
    file: str
    size: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file inside a mail or an office file: its name behind that of its holder, its size in bytes, and
    whether it has a row, so that it is locked in as a document of its own.
    """

    holder: str
    name: str
    file: str
    size: int
    listed: bool


@dataclass(frozen=True, slots=True)
class CellProblem:
    """What is wrong at one row and column of the list; number 0 where it is about no row."""

    number: int
    column: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Admission:
    """What became of files that were handed in: names that were added, each refusal, each pair of twins."""

    added: tuple[str, ...]
    refused: tuple[Problem, ...]
    twins: tuple[str, ...]


def open_area(*, state: State, actor: Person, study: Study) -> Area:
    """Open the documents of a study for somebody; `Refused` for whoever may not lock them in."""
    organisations.check_owner(actor, "seal", organisations.find_owner(study.id))
    return incoming.open_area(state.root, study.id)


def list_entries(area: Area, now: datetime.datetime) -> list[Entry]:
    """List the documents with their rows: in the order of the list, and what has none yet after it."""
    files = _list_all(area)
    rows = {
        row["file"]: row for row in inventory.parse_cells(area.read_table() or inventory.format_cells([]))
    }
    # A file inside another gets a row only when somebody asks for it.
    new = [name for name in area.list_files() if name not in rows]
    due = now.date() + datetime.timedelta(days=inventory.DUE_DAYS)
    drafted = inventory.parse_cells(inventory.format_rows(inventory.draft_rows(new, due)))
    kept = [row for name, row in rows.items() if name in files]
    return [
        Entry(number, row["file"], files[row["file"]], {**row, "number": str(number)})
        for number, row in enumerate([*kept, *drafted], 1)
    ]


def keep_enclosures(area: Area, found: attachments.Found) -> None:
    """Keep which files inside others a check found; what is inside a file that changes is forgotten."""
    holders = {name.split(enclosures.SEPARATOR)[0] for name in found.sizes}
    note = {
        "holders": {name: _identify(area, name) for name in sorted(holders)},
        "sizes": found.sizes,
        "problems": [[each.place, each.sentence] for each in found.problems],
    }
    area.write_note("inside", note)


def list_enclosures(area: Area, entries: Iterable[Entry]) -> tuple[list[Enclosure], list[Problem]]:
    """List the files inside others that the last check found, and each file in which it could not look."""
    listed = {entry.file for entry in entries}
    note = area.read_note("inside") or {"problems": []}
    found = []
    for file, size in _list_inside(area).items():
        holder, _, name = file.partition(enclosures.SEPARATOR)
        found.append(Enclosure(holder, name, file, size, file in listed))
    files = area.list_files()
    return found, [Problem(place, sentence) for place, sentence in note["problems"] if place in files]


def list_out(
    *, state: State, actor: Person, study: Study, names: Collection[str], now: datetime.datetime
) -> int:
    """Give files inside others rows of their own, behind the row of what holds them; returns how many.

    `UserMistake` when one is not there, or not there any more.
    """
    area = open_area(state=state, actor=actor, study=study)
    with _change(state, study, area):
        entries = list_entries(area, now)
        known = _list_inside(area)
        if missing := sorted(set(names) - set(known)):
            raise errors.UserMistake(
                problems=[Problem(name, "it is not there any more; check the list again") for name in missing]
            )
        new = [name for name in known if name in names and name not in {entry.file for entry in entries}]
        due = now.date() + datetime.timedelta(days=inventory.DUE_DAYS)
        drafted = inventory.parse_cells(inventory.format_rows(inventory.draft_rows(new, due)))
        cells = [entry.cells for entry in entries]
        for row in drafted:
            holder = row["file"].split(enclosures.SEPARATOR)[0]
            family = [
                k for k, each in enumerate(cells) if each["file"].split(enclosures.SEPARATOR)[0] == holder
            ]
            cells.insert(family[-1] + 1 if family else len(cells), row)
        area.write_table(inventory.format_cells(cells))
        area.write_table(format_table(list_entries(area, now)))
    return len(new)


def _list_inside(area: Area) -> dict[str, int]:
    """List the files inside others with their sizes, as far as what holds them is what was looked at."""
    note = area.read_note("inside")
    if note is None:
        return {}
    sound = {name for name, identity in note["holders"].items() if _identify(area, name) == identity}
    return {
        name: size for name, size in note["sizes"].items() if name.split(enclosures.SEPARATOR)[0] in sound
    }


def _list_all(area: Area) -> dict[str, int]:
    return {**area.list_files(), **_list_inside(area)}


def _identify(area: Area, name: str) -> list[int]:
    try:
        status = (area.documents / name).stat()
    except OSError:
        return []
    return [status.st_size, status.st_mtime_ns]


def format_table(entries: Iterable[Entry]) -> str:
    """Write the list as the CSV that `lightwell inventory check` reads."""
    return inventory.format_cells(entry.cells for entry in entries)


def list_problems(entries: Sequence[Entry], today: datetime.date) -> list[CellProblem]:
    """List what is wrong with the list by itself, at row and column; no file is opened."""
    names = {entry.file for entry in entries}
    grounds = data.read_grounds().keys()
    return [
        CellProblem(entry.number, column, sentence)
        for entry in entries
        for column, sentence in inventory.list_row_problems(entry.cells, entry.number, names, grounds, today)
    ]


def find_name_problem(name: str) -> str | None:
    """Say why no file can be handed in under a name; None when one can. The rules of `inventory check`."""
    if folder.is_kept_by_system(name):
        return "computers keep this file for themselves; it is no document"
    return next(iter(inventory.list_name_problems(name)), None) or incoming.find_length_problem(name)


def admit_files(
    *,
    state: State,
    actor: Person,
    study: Study,
    arrived: Sequence[Arrived],
    refused: Sequence[Problem],
    limits: Limits,
    now: datetime.datetime,
) -> Admission:
    """Give received files their places; what cannot be taken is among the refused, with its reason.

    A crash here leaves some of the files in their places, each whole, and the others to be handed in again.
    """
    area = open_area(state=state, actor=actor, study=study)
    added: list[str] = []
    told = list(refused)
    twins: list[str] = []
    with _change(state, study, area):
        known = area.list_files()
        digests = _list_digests(area, known, {each.size for each in arrived})
        sealed = dict(
            Item.objects.filter(study=study, inventory__isnull=False).values_list("sha256", "number")
        )
        for each in arrived:
            if each.name in known:
                same = each.name in digests.get(each.sha256, [])
                told.append(Problem(each.name, _SAME if same else _TAKEN))
                continue
            if sum(known.values()) + each.size > limits.total_bytes:
                told.append(Problem(each.name, describe_total(limits)))
                continue
            try:
                area.place_file(each)
            except errors.UserMistake as mistake:
                told += mistake.problems
                continue
            for twin in digests.get(each.sha256, [])[:1]:
                twins.append(f"{each.name} has the same bytes as {twin}")
            if each.sha256 in sealed:
                twins.append(
                    f"{each.name} has the same bytes as document {sealed[each.sha256]}, which is locked in"
                )
            digests.setdefault(each.sha256, []).append(each.name)
            known[each.name] = each.size
            added.append(each.name)
        area.write_table(format_table(list_entries(area, now)))
    return Admission(tuple(added), tuple(told), tuple(twins))


_SAME = "it is here already, with the same bytes"
_TAKEN = "another file of this name is here already; remove that one first, or rename this one"


def describe_total(limits: Limits) -> str:
    """Say that the files of one study together would be too much."""
    return (
        f"the documents of one study may have {limits.total_bytes / 1e6:,.0f} MB together; lock in what is "
        "here first, or ask the operator"
    )


def describe_size(limits: Limits) -> str:
    """Say that one file is too large."""
    return (
        f"the file has more than {limits.file_bytes / 1e6:,.0f} MB; the operator can raise that, or lock it "
        "in by command"
    )


def remove_file(*, state: State, actor: Person, study: Study, name: str, now: datetime.datetime) -> None:
    """Take one file back out, or the row of a file inside another, which stays in that; `UserMistake` when
    there is none of that name.
    """
    area = open_area(state=state, actor=actor, study=study)
    with _change(state, study, area):
        entries = list_entries(area, now)
        inside = name in _list_inside(area) and any(entry.file == name for entry in entries)
        if not (inside or area.remove_file(name)):
            raise errors.UserMistake("there is no such file any more; somebody else may have removed it")
        left = [entry.cells for entry in entries if entry.file != name]
        area.write_table(inventory.format_cells(left))
        area.write_table(format_table(list_entries(area, now)))


def save_rows(
    *,
    state: State,
    actor: Person,
    study: Study,
    rows: Mapping[str, Mapping[str, str]],
    now: datetime.datetime,
) -> list[str]:
    """Keep what was typed for files by their names; returns the names that are not here any more."""
    area = open_area(state=state, actor=actor, study=study)
    problems = [
        Problem(name, f"the {column} has {len(row[column]):,} characters; {MOST_CHARACTERS:,} are allowed")
        for name, row in rows.items()
        for column in EDITED
        if len(row[column]) > MOST_CHARACTERS
    ]
    if problems:
        raise errors.UserMistake(problems=problems)
    with _change(state, study, area):
        entries = list_entries(area, now)
        edited = [
            {**entry.cells, **{name: rows[entry.file][name] for name in EDITED}}
            if entry.file in rows
            else entry.cells
            for entry in entries
        ]
        area.write_table(inventory.format_cells(edited))
    return sorted(set(rows) - {entry.file for entry in entries})


def hand_in_table(
    *, state: State, actor: Person, study: Study, table: bytes, now: datetime.datetime
) -> list[str]:
    """Take the list as a CSV file; returns the files that had no row in it and got one of their own.

    Wrong cells are taken and shown at their places. Raises `UserMistake` with every line that has no place:
    a file that is not here or that stands twice, or a table that cannot be read.
    """
    area = open_area(state=state, actor=actor, study=study)
    rows = inventory.parse_cells(inventory.decode_table(table))
    if not rows:
        raise errors.UserMistake("the table has no row; download the list, edit it and hand it in again")
    with _change(state, study, area):
        files = area.list_files()
        _check_places(rows, _list_all(area))
        area.write_table(inventory.format_cells(rows))
        area.write_table(format_table(list_entries(area, now)))
    return sorted(set(files) - {row["file"] for row in rows})


def _check_places(rows: Sequence[Mapping[str, str]], files: Collection[str]) -> None:
    problems = []
    seen: dict[str, int] = {}
    for number, row in enumerate(rows, 1):
        name = row["file"]
        if name in seen:
            problems.append(Problem(f"row {number}", f"{name!r} stands already in row {seen[name]}"))
        elif name not in files:
            sentences = [
                sentence
                for column, sentence in inventory.list_row_problems(
                    {**row, "number": str(number)}, number, files, ()
                )
                if column == "file"
            ]
            problems += [Problem(f"row {number}", sentence) for sentence in sentences]
        seen.setdefault(name, number)
    if problems:
        raise errors.UserMistake(problems=problems)


@contextlib.contextmanager
def _change(state: State, study: Study, area: Area) -> Iterator[None]:
    """Hold a study for a change of its documents, and take back what was read and checked before."""
    with hold_patiently(state, study):
        if area.read_note("asked"):
            raise errors.Refused("the documents are being read or checked; stop that first, then change them")
        if area.read_note("read"):
            # Measured by the old list: locking it in would lock in what nobody sees any more.
            Study.objects.filter(pk=study.pk).update(measured=None)
        try:
            for note in ("checked", "read"):
                area.remove_note(note)
            yield
        except OSError as error:
            raise errors.Refused(explain_disk(error)) from error


@contextlib.contextmanager
def hold_patiently(state: State, study: Study) -> Iterator[None]:
    """Hold a study, waiting a moment for somebody else's change; `Refused` while its files are being read."""
    with contextlib.ExitStack() as stack:
        until = time.monotonic() + _PATIENCE_SECONDS
        while True:
            try:
                stack.enter_context(occupancy.hold_study(state.root, study.id))
                break
            except errors.Refused:
                if time.monotonic() > until:
                    raise errors.Refused(
                        "the documents of this study are being read or changed by somebody else; wait for "
                        "it, or stop the reading, then try again"
                    ) from None
                time.sleep(0.05)
        yield


def explain_disk(error: OSError) -> str:
    """Say what a failing disk means, without naming places on the machine."""
    bare = OSError(error.errno, error.strerror)
    return disk.explain_error(bare) or f"{error.strerror}; ask the operator to look at: lightwell doctor"


def _list_digests(area: Area, files: Mapping[str, int], sizes: Collection[int]) -> dict[str, list[str]]:
    """List files by digest, of the sizes that matter: only files of one size can have the same bytes."""
    found: dict[str, list[str]] = {}
    for name, size in files.items():
        if size in sizes:
            found.setdefault(store.measure_file(area.documents / name)[0].hex(), []).append(name)
    return found
