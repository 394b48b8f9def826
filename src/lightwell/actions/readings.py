"""Checking and reading documents that were handed in by a browser: asked for by a person, done by the worker.

A note says what is asked, and the worker takes it up, however often it is killed: what was read is kept, and
the note stays until the work is done. Taking the note away stops it after the files being read. What came of
it is a note again, which any change of the documents takes away (`actions/incoming`). Locking in removes the
copies that were handed in; the sealed area holds them encrypted.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
import re
import secrets
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError

from lightwell.actions import incoming, inventories
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.base.errors import Problem
from lightwell.db import claims
from lightwell.db.models import Inventory, Item, Person, Study
from lightwell.files import attachments, data, disk, folder, intake, occupancy, outlook
from lightwell.files import incoming as areas
from lightwell.files.incoming import Area
from lightwell.files.state import State

Report = Callable[[int, int, int], None]  # files done, files in all, pages done
# What can be asked, and the note that says what came of it.
NOTES = {"check": "checked", "read": "read"}
# Half of the processors, so that readers of the site have the others.
PROCESSES = max(1, (os.cpu_count() or 2) // 2)
_SAVE_SECONDS = 0.5
_UNFORESEEN = "a fault of the program; the operator finds it in the log of the site"
# Longer than a worker takes to notice what is asked; after that there is none.
_WORKER_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a check or a reading so far; times in seconds since 1970, of the machine's own clock.

    `status` is working, done, problems, stopped or failed. `first` is the time, documents and pages at the
    first report since the worker began, from which the rate is reckoned. `inventory` is the number that
    locking in would give.
    """

    do: str
    by: str
    began: float
    seen: float
    status: str = "working"
    done: int = 0
    total: int = 0
    pages: int = 0
    first: tuple[float, int, int] | None = None
    problems: tuple[tuple[str, str], ...] = ()
    outlook: dict[str, Any] | None = None
    inventory: int = 0

    @property
    def rate(self) -> float:
        """Pages a second since the first report; 0 before there is anything to reckon with."""
        if self.first is None or self.seen <= self.first[0]:
            return 0.0
        return (self.pages - self.first[2]) / (self.seen - self.first[0])

    @property
    def seconds_left(self) -> float | None:
        """Seconds left, reckoned by documents; None while nothing can be said."""
        if self.first is None or self.done <= self.first[1]:
            return None
        return (self.total - self.done) * (self.seen - self.first[0]) / (self.done - self.first[1])

    @property
    def minutes_left(self) -> int:
        """The same in whole minutes."""
        return round((self.seconds_left or 0) / 60)

    @property
    def minutes(self) -> int:
        """Whole minutes that reading will take, as a check reckoned; 0 before one did."""
        return round((self.outlook or {}).get("seconds", 0) / 60)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the worker is asked to do, by whom, when; `token` tells it from what was asked before."""

    do: str
    by: str
    at: float
    token: str

    def is_left_lying(self, now: float) -> bool:
        """Answer whether so long has passed that no worker can be running."""
        return now - self.at > _WORKER_SECONDS


# A promised date, which `inventories.check_due` judges as the list itself does.
_DOCUMENT = re.compile(r"document \d+")


class _StoppedError(Exception):
    """Somebody took away what was asked."""


def ask(*, state: State, actor: Person, study: Study, do: str, now: datetime.datetime) -> None:
    """Ask the worker to check the list or to read every page.

    Raises `Refused` while something is asked already, or when there is nothing to read; `UserMistake`
    for anything that cannot be asked.
    """
    if do not in NOTES:
        raise errors.UserMistake(f"what can be asked is {' or '.join(NOTES)}")
    area = incoming.open_area(state=state, actor=actor, study=study)
    with incoming.hold_patiently(state, study):
        if area.read_note("asked"):
            raise errors.Refused("that is being done already; load the page again to see how far it is")
        entries = incoming.list_entries(area, now)
        if not entries:
            raise errors.Refused("there is no document yet; add the files first")
        try:
            area.write_table(incoming.format_table(entries))
            area.remove_note(NOTES[do])
            asked = Asked(do, actor.username, time.time(), secrets.token_hex(8))
            area.write_note("asked", dataclasses.asdict(asked))
        except OSError as error:
            raise errors.Refused(incoming.explain_disk(error)) from error


def stop(*, state: State, actor: Person, study: Study) -> None:
    """Stop what was asked: at once while nobody works on it, else after the files being read."""
    area = incoming.open_area(state=state, actor=actor, study=study)
    area.remove_note("asked")


def read_asked(area: Area) -> Asked | None:
    """Read what is asked and not done yet."""
    note = area.read_note("asked")
    return None if note is None else Asked(**note)


def read_found(area: Area, do: str) -> Found | None:
    """Read what came of a check or a reading, so far."""
    note = area.read_note(NOTES[do])
    if note is None:
        return None
    first = note.pop("first")
    problems = tuple((place, sentence) for place, sentence in note.pop("problems"))
    return Found(**note, first=tuple(first) if first else None, problems=problems)


def place_problems(found: Found | None, entries: Sequence[incoming.Entry]) -> list[incoming.CellProblem]:
    """Put problems that the worker found in files at their rows; what is about no row has number 0.

    What stands in the cells by themselves is left out: `incoming.list_problems` says it at once.
    """
    names = {entry.file: entry.number for entry in entries}
    lines = inventory.read_table(incoming.format_table(entries), names, ()).lines if found else []
    numbers = {f"line {line}": number for number, line in enumerate(lines, 1)}
    placed = []
    for place, sentence in found.problems if found else ():
        line, _, file = place.partition(", ")
        if line in numbers:
            if file:
                # What a row says of pages that its file has not.
                placed.append(incoming.CellProblem(numbers[line], "held_pages", sentence))
            continue
        if _DOCUMENT.fullmatch(place):
            continue
        name, _, page = place.rpartition(", page ")
        if name in names:
            sentence = f"page {page}: {sentence}"
        else:
            name = place
        number = names.get(name) or next((names[each] for each in names if repr(each) == place), 0)
        placed.append(incoming.CellProblem(number, "file", sentence))
    return placed


def work(*, state: State, processes: int = PROCESSES) -> list[str]:
    """Do everything that is asked; returns a sentence for each thing done. Safe to kill and to repeat."""
    sentences = []
    for name in areas.list_studies(state.root):
        area = areas.open_area(state.root, name)
        study = Study.objects.filter(pk=name).first()
        if study is None or read_asked(area) is None:
            continue
        try:
            with occupancy.hold_study(state.root, name):
                asked = read_asked(area)
                if asked is not None:
                    found = _do(state, study, area, asked, processes)
                    sentences.append(f"{asked.do} of documents of {name}: {found.status}")
        except errors.Refused:
            # Somebody else reads or changes them now; the note waits for the next round.
            sentences += _help(state, study, area, processes)
    return sentences


def _help(state: State, study: Study, area: Area, processes: int) -> list[str]:
    """Read some of the files that another worker reads, where workers share one PostgreSQL."""
    asked = read_asked(area)
    if not claims.is_shared() or asked is None or asked.do != "read":
        return []
    names = folder.list_names(area.documents)
    grounds, today = data.read_grounds().keys(), state.read_now().date()
    try:
        with occupancy.share_store(state.root):
            helped = inventories.help_measuring(
                state=state,
                study=study,
                folder=area.documents,
                rows=attachments.parse_rows(area.read_table(), area.documents, names, grounds, today=today),
                go_on=lambda: read_asked(area) == asked,
                processes=processes,
            )
    except (errors.LightwellError, OSError, DatabaseError):
        # Whoever leads meets the same and says it to the people who wait.
        return []
    return [f"read {helped} of the documents of {study.id} for another worker"] if helped else []


def sweep_sealed(*, state: State) -> int:
    """Remove handed-in copies of what is locked in, and what cut-off requests left; returns how many.

    For the crash between locking in and removing; whoever locks in calls `forget_sealed` at once.
    """
    removed = 0
    for name in areas.list_studies(state.root):
        area = areas.open_area(state.root, name)
        removed += area.remove_arriving()
        study = Study.objects.filter(pk=name).first()
        if study is None or area.read_note("read") is None:
            continue
        try:
            with occupancy.hold_study(state.root, name):
                removed += forget_sealed(state=state, study=study)
        except errors.Refused:
            continue
    return removed


def forget_sealed(*, state: State, study: Study) -> int:
    """Remove the handed-in copies of what was locked in, while the study is held; returns how many went.

    Only what was read for exactly that inventory goes: since then nothing here can have changed.
    """
    area = areas.open_area(state.root, study.id)
    found = read_found(area, "read")
    if found is None or found.status != "done":
        return 0
    sealed = Inventory.objects.filter(study=study, number=found.inventory).first()
    if sealed is None:
        return 0
    items = dict(Item.objects.filter(inventory=sealed).values_list("file_name", "size"))
    files = area.list_files()
    gone = [name for name, size in files.items() if items.get(name) == size]
    if len(gone) == len(files):
        area.remove_all()
        return len(gone)
    # Somebody else locked in other files under that number: what is theirs stays theirs.
    for name in gone:
        area.remove_file(name)
    area.remove_note("read")
    return len(gone)


def _do(state: State, study: Study, area: Area, asked: Asked, processes: int) -> Found:
    """Do one thing that is asked and keep what came of it; the study is held."""
    now = time.time()
    found = Found(asked.do, asked.by, now, now)
    area.write_note(NOTES[asked.do], dataclasses.asdict(found))
    saved = 0.0

    def report(done: int, total: int, pages: int) -> None:
        nonlocal found, saved
        if read_asked(area) != asked:
            raise _StoppedError
        seen = time.time()
        first = found.first or (seen, done, pages)
        found = dataclasses.replace(found, seen=seen, done=done, total=total, pages=pages, first=first)
        if seen - saved > _SAVE_SECONDS:
            saved = seen
            area.write_note(NOTES[asked.do], dataclasses.asdict(found))

    try:
        changes = _DEEDS[asked.do](state, study, area, processes, report)
        found = dataclasses.replace(found, seen=time.time(), status="done", **changes)
    except _StoppedError:
        found = dataclasses.replace(found, status="stopped")
    except errors.UserMistake as mistake:
        found = dataclasses.replace(found, status="problems", problems=_flatten(mistake.problems))
    except (errors.LightwellError, OSError, DatabaseError) as error:
        found = dataclasses.replace(found, status="failed", problems=(("", _explain_failure(error)),))
    except Exception:
        # Nobody foresaw it: asked again and again, it would keep the other studies from their turn.
        found = dataclasses.replace(found, status="failed", problems=(("", _UNFORESEEN),))
        _end(area, asked, found)
        raise
    _end(area, asked, found)
    return found


def _end(area: Area, asked: Asked, found: Found) -> None:
    """Keep what came of it, then take away what was asked: a crash in between has it done once more."""
    area.write_note(NOTES[asked.do], dataclasses.asdict(found))
    if read_asked(area) == asked:
        area.remove_note("asked")


def _check(state: State, study: Study, area: Area, processes: int, report: Report) -> dict[str, Any]:
    free = intake.measure_free(state.root)
    seen = outlook.look_ahead(
        area.documents,
        area.read_table(),
        data.read_grounds().keys(),
        today=state.read_now().date(),
        processes=processes,
        free=free,
        progress=report,
        told=lambda inside: incoming.keep_enclosures(area, inside),
    )
    told = {**dataclasses.asdict(seen), "free": free, "seconds": seen.seconds / processes}
    return {"outlook": told, "done": seen.documents, "total": seen.documents, "pages": seen.pages}


def _read(state: State, study: Study, area: Area, processes: int, report: Report) -> dict[str, Any]:
    names = folder.list_names(area.documents)
    grounds, today = data.read_grounds().keys(), state.read_now().date()
    rows = attachments.parse_rows(area.read_table(), area.documents, names, grounds, today=today)
    inventories.measure_files(
        state=state,
        study=study,
        folder=area.documents,
        rows=rows,
        processes=processes,
        progress=report,
    )
    preview = inventories.preview_seal(study=study)
    return {
        "done": preview.documents,
        "total": preview.documents,
        "pages": preview.pages,
        "inventory": preview.inventory,
    }


_DEEDS = {"check": _check, "read": _read}


def _flatten(problems: Iterable[Problem]) -> tuple[tuple[str, str], ...]:
    return tuple((each.place, each.sentence) for each in problems)


def _explain_failure(error: Exception) -> str:
    if isinstance(error, errors.LightwellError):
        return str(error)
    if isinstance(error, OSError):
        return incoming.explain_disk(error)
    return disk.explain_error(error) or (
        "the archive's own store failed; ask the operator to look at: lightwell doctor"
    )
