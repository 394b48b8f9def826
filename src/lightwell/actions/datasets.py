"""Data sets that can be asked privately: the published codebook of each, and what of its budget is left.

What a page says rests on the record of the data set and the ledger's balance of its population as it was at
the last tick of a public clock, which is the same for everybody; grants and data are never read here. The
data lie in `datasets/` of the state folder, the ledger beside them, where whoever answers questions finds
both.
"""

from __future__ import annotations

import contextlib
import datetime
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import figures
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure
from lightwell.engines import codebook_files, ledger_stores
from lightwell.files.state import State
from lightwell.query import entry
from lightwell.query.codebook import Codebook
from lightwell.query.entry import Balance
from lightwell.query.ledger import Ledger

KIND = "dataset"
_ENTRIES_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Dataset:
    """A data set whose newest version in view names a codebook: its record, file and meaning."""

    row: Disclosure
    record: disclosure.Disclosure
    file: bytes
    codebook: Codebook


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """How much of a population's budget is left: as a share, and in how many answers."""

    share: float
    answers: int


def check_record(*, state: State, record: disclosure.Disclosure) -> None:
    """Refuse the record of a data set whose codebook is not the attached one, or a draft; `UserMistake`."""
    named = record.body.get("codebook")
    if named is None:
        return
    if any(each.pointer.startswith("/body/codebook") for each in record.withheld):
        sentence = "nobody can ask by a codebook that is held back; leave it out, or show it"
        raise errors.UserMistake(sentence, place="/body/codebook")
    if named["file"] not in {each.digest for each in record.attachments}:
        raise errors.UserMistake("the codebook is attached to the record", place="/body/codebook/file")
    read = codebook_files.parse_codebook_file(figures.get_file(state, named["file"]), "codebook.yaml")
    read.check_attested()
    stated = {
        "name": read.codebook.dataset,
        "version": read.codebook.version,
        "digest": read.codebook.digest,
    }
    problems = [
        errors.Problem(f"/body/codebook/{name}", f"the attached codebook says {value}")
        for name, value in stated.items()
        if named[name] != value
    ]
    if problems:
        raise errors.UserMistake(problems=problems)


def find_dataset(state: State, record: str) -> Dataset | None:
    """Find a data set in view that can be asked; None where its newest version has no codebook."""
    row = Disclosure.objects.newest().visible().filter(record=record, kind=KIND).first()
    read = row.read_record() if row else None
    named = read.body.get("codebook") if read else None
    if row is None or read is None or not isinstance(named, dict):
        return None
    file = figures.get_file(state, str(named["file"]))
    return Dataset(row, read, file, codebook_files.parse_codebook_file(file, "codebook.yaml").codebook)


def list_datasets(state: State) -> list[Dataset]:
    """List the data sets in view that can be asked, the last put here first.

    One whose codebook's file is damaged is left out: its own page says so, and others go on.
    """
    found = []
    for row in Disclosure.objects.newest().visible().filter(kind=KIND).order_by("-log_index"):
        with contextlib.suppress(errors.Damaged):
            found.append(find_dataset(state, row.record))
    return [each for each in found if each is not None]


def place_ledger(state: State) -> Path:
    """Name the file of the ledger of an installation."""
    return state.root / "ledger.sqlite"


def place_data(state: State, codebook: Codebook) -> Path:
    """Name the folder of a data set, with its prepared rows."""
    return state.root / "datasets" / codebook.dataset


def find_tick(state: State, hours: int) -> datetime.datetime:
    """Find the last moment at which the public balance changed: every so many hours of the day, UTC.

    Anybody who saw each charge at once would know when somebody asks, how often, and that a question was new.
    """
    now = state.read_now().astimezone(datetime.UTC)
    return now.replace(hour=now.hour // hours * hours, minute=0, second=0, microsecond=0)


def read_ledger_mark(state: State, hours: int) -> str:
    """Say which public state of the ledger this is: another mark may mean another balance.

    It moves by the clock, and where another file is put there, but with no charge: a page that were made anew
    after each would tell of it by the time that it takes.
    """
    mark = f"{find_tick(state, hours):%Y-%m-%dT%H}"
    with contextlib.suppress(OSError):
        mark += f"-{place_ledger(state).stat().st_ino}"
    return mark


def read_budget_left(state: State, codebook: Codebook, hours: int) -> BudgetLeft | None:
    """Read what was left of the budget of a data set's population at the last tick (`find_tick`).

    None where no ledger kept one here then. `answers` is how many more at a privacy cost of 0.5 that would
    be.
    """
    place = place_ledger(state)
    if not place.is_file():
        return None
    with contextlib.suppress(errors.LightwellError):
        opened = ledger_stores.open_ledger(place, is_new=False)
        try:
            balance = _find_balance(opened, codebook.population, entry.format_moment(find_tick(state, hours)))
        finally:
            opened.close()
        if balance is None:
            return None
        usual = cost_of_usual(codebook)
        return BudgetLeft(balance.left.nano_rho / balance.cap.nano_rho, balance.left.nano_rho // usual)
    return None


def _find_balance(opened: Ledger, population: str, before: str) -> Balance | None:
    """Find the balance after the last entry before a moment, from the newest entries backwards."""
    count = _ENTRIES_AT_ONCE
    while True:
        found = opened.read_entries(population, last=count)
        older = [each for each in found if each.at < before]
        if older:
            return older[-1].whole
        if len(found) < count:
            return None
        count *= 8


def cost_of_usual(codebook: Codebook) -> int:
    """Say what an answer at a privacy cost of 0.5 uses, in nano-rho."""
    from lightwell.query import cost

    return cost.find_rho(0.5, codebook.delta)
