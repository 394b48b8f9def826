"""Data sets that can be asked privately: the published codebook of each, and what of its budget is left.

What a page says rests on the record of the data set and the ledger's balance of its population, which is the
same for everybody; grants and data are never read here. The data lie in `datasets/` of the state folder, the
ledger beside them, where whoever answers questions finds both.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import figures
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure
from lightwell.engines import codebook_files, ledger_stores
from lightwell.files.state import State
from lightwell.query.codebook import Codebook

KIND = "dataset"


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


def read_ledger_mark(state: State) -> str:
    """Say which state of the ledger this is, from its files alone: another mark may mean another balance."""
    place, marks = place_ledger(state), []
    for each in (place, place.with_name(f"{place.name}-wal")):
        with contextlib.suppress(OSError):
            found = each.stat()
            marks.append(f"{found.st_mtime_ns:x}.{found.st_size:x}")
    return "-".join(marks)


def read_budget_left(state: State, codebook: Codebook) -> BudgetLeft | None:
    """Read what is left of the budget of a data set's population; None where no ledger keeps one here.

    `answers` is how many more at a privacy cost of 0.5 that would be.
    """
    place = place_ledger(state)
    if not place.is_file():
        return None
    with contextlib.suppress(errors.LightwellError):
        opened = ledger_stores.open_ledger(place, is_new=False)
        try:
            balance = opened.read_balance(codebook.population).balance
        finally:
            opened.close()
        usual = cost_of_usual(codebook)
        return BudgetLeft(balance.left.nano_rho / balance.cap.nano_rho, balance.left.nano_rho // usual)
    return None


def cost_of_usual(codebook: Codebook) -> int:
    """Say what an answer at a privacy cost of 0.5 uses, in nano-rho."""
    from lightwell.query import cost

    return cost.find_rho(0.5, codebook.delta)
