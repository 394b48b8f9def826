"""Questions tried on invented rows by anybody, without an account: rows, examples, and what came of one.

The rows of a data set are invented once for each codebook, from nothing but that published codebook, and kept
in `dummies/` of the state folder as Parquet and CSV, both labelled in the file. They are made, and a question
answered, by a process behind a fence (`engines/tryouts`); no ledger is opened for it and no data of anybody
are read.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightwell.actions import datasets
from lightwell.actions.datasets import Dataset
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure
from lightwell.engines import tryouts
from lightwell.engines.tryouts import Tried
from lightwell.files.state import State
from lightwell.query import cost
from lightwell.query.codebook import Codebook, Column, Table

ROWS, SEED = 200_000, 0
FORMS = ("parquet", "csv")
USUAL_PRICE, LEAST_PRICE, MOST_PRICE = 0.5, 0.01, 3.0
MOST_CHARACTERS = 4_000
_PLACE, _MAKING, _MAKING_SECONDS = "dummies", "making-", 3600.0
# Each try takes a core for seconds; more at once would slow down everybody who reads.
_at_once = threading.BoundedSemaphore(2)
# Who waits for a turn holds one of the threads that answer readers, of which a process has four: one is left.
_in_line = threading.BoundedSemaphore(3)
_making = threading.Lock()
_PATIENCE_SECONDS = 20
_MOST_EXAMPLES = 8
# From so many rows a child on, how many a child has is worth asking.
_MANY_ROWS = 8


@dataclass(frozen=True, slots=True)
class Example:
    """A question to begin with: its short name in addresses, what it asks in words, and its SQL."""

    name: str
    title: str
    question: str


@dataclass(frozen=True, slots=True)
class Price:
    """What an answer would use of the real budget: its share of it, and how many such there could be."""

    share: float
    answers: int


def is_possible() -> bool:
    """Answer whether questions can be tried here: the query engine is an extra that may not be installed."""
    return tryouts.is_installed()


def try_question(*, state: State, dataset: Dataset, question: str, epsilon: float) -> Tried:
    """Try a question on the invented rows of a data set.

    `CouldNotCheck` while too many others try theirs, or without the query engine.
    """
    if not is_possible():
        raise errors.CouldNotCheck(
            "Questions cannot be tried here, because the query engine is not installed."
        )
    with _stand_in_line():
        files = make_dummies(state, dataset)
        with _take(_at_once, _PATIENCE_SECONDS):
            return tryouts.try_question(dataset.file, files, question, epsilon)


def _stand_in_line() -> contextlib.AbstractContextManager[None]:
    return _take(_in_line, 0.0)


@contextlib.contextmanager
def _take(places: threading.Semaphore, seconds: float) -> Iterator[None]:
    """Hold one of so many places, waited for at most so long; `CouldNotCheck` where none is free."""
    if not places.acquire(timeout=seconds):
        raise errors.CouldNotCheck("Many people are trying questions just now. Try again in a minute.")
    try:
        yield
    finally:
        places.release()


def compute_price(codebook: Codebook, nano_rho: int) -> Price:
    """Compute what an answer would use of the whole budget that the codebook grants its children."""
    cap = cost.make_cap(codebook.budget["epsilon"], codebook.budget["delta"])
    return Price(nano_rho / cap.nano_rho, cap.nano_rho // nano_rho)


# --- invented rows --------------------------------------------------------------------------------------


def make_dummies(state: State, dataset: Dataset) -> dict[str, Path]:
    """Find the invented rows of a data set, a Parquet file a table; made where they are not there yet.

    `CouldNotCheck` where they take more time or memory than they may.
    """
    folder = _find_folder(state, dataset.codebook)
    if not folder.is_dir():
        with _making:
            if not folder.is_dir():
                _write_dummies(folder, dataset.file)
    return {name: folder / f"{table.name}.parquet" for name, table in dataset.codebook.tables.items()}


def _write_dummies(folder: Path, codebook: bytes) -> None:
    folder.parent.mkdir(exist_ok=True)
    # A crash here leaves a folder that nobody asks for, and that the worker removes (`sweep_dummies`).
    made = Path(tempfile.mkdtemp(dir=folder.parent, prefix=_MAKING))
    try:
        tryouts.make_rows(codebook, made, rows=ROWS, seed=SEED)
        # Another process may have been faster; its rows are the same.
        with contextlib.suppress(OSError):
            os.rename(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def find_dummy(state: State, dataset: Dataset, table: str, form: str) -> Path | None:
    """Find the invented rows of a table as Parquet or CSV; None for a table that is not in the codebook.

    `CouldNotCheck` where they are not made yet and too many others try questions.
    """
    named = dataset.codebook.tables.get(table.lower())
    if named is None or form not in FORMS or not is_possible():
        return None
    folder = _find_folder(state, dataset.codebook)
    if not folder.is_dir():
        with _stand_in_line():
            make_dummies(state, dataset)
    return folder / f"{named.name}.{form}"


def sweep_dummies(state: State) -> int:
    """Remove the invented rows of codebooks that no data set in view names; returns how many codebooks.

    A codebook may have been taken back because a bound of it told of a child: then its rows go with it.
    """
    place = state.root / _PLACE
    if not place.is_dir():
        return 0
    kept = {_find_folder(state, each.codebook).name for each in datasets.list_datasets(state)}
    young = time.time() - _MAKING_SECONDS
    gone = [
        each
        for each in place.iterdir()
        if each.name not in kept and not (each.name.startswith(_MAKING) and each.stat().st_mtime > young)
    ]
    for each in gone:
        shutil.rmtree(each, ignore_errors=True)
    return len(gone)


def _find_folder(state: State, codebook: Codebook) -> Path:
    return state.root / _PLACE / codebook.digest.removeprefix("sha256:")


# --- questions to begin with ----------------------------------------------------------------------------


def list_examples(dataset: Dataset, answers: Sequence[Disclosure] = ()) -> list[Example]:
    """List questions to begin with: simple ones made from the codebook, then some answered on the real data.

    The last one is refused, and its answer says why: the quickest way to see what is protected.
    """
    asked = [
        Example(each.record, f"As asked for “{_read_title(record)}”", str(record.body["question"]))
        for each in answers[:2]
        for record in (each.read_record(),)
    ]
    made = list(_make_examples(dataset.codebook))[: _MOST_EXAMPLES - 1 - len(asked)]
    listed = list({each.question: each for each in (*made, *asked)}.values())
    table = next((each for each in dataset.codebook.tables.values() if not each.is_public), None)
    if table is None:
        return listed
    return [*listed, Example("one-child", "The rows of one child", f"SELECT * FROM {table.name} LIMIT 10")]  # noqa: S608 - nothing runs it as it stands


def _make_examples(codebook: Codebook) -> Iterator[Example]:
    counted: set[str] = set()
    for table in codebook.tables.values():
        if table.is_public:
            continue
        name, child, mark = table.name, table.unit, table.name.lower()
        keys, number = _list_keys(table), _find_number(table)
        key = next((each for each in keys if each.name not in counted), None)
        if key:
            counted.add(key.name)
            yield Example(
                f"children-{mark}",
                f"How many children, by “{_name(key)}”",
                f"SELECT {key.name}, COUNT(DISTINCT {child}) AS children FROM {name} GROUP BY {key.name}",  # noqa: S608 - names of a published codebook
            )
        if number and keys:
            yield Example(
                f"average-{mark}",
                f"The average of “{_name(number)}”, by “{_name(keys[0])}”",
                f"SELECT {keys[0].name}, AVG({number.name}) AS average FROM {name} GROUP BY {keys[0].name}",  # noqa: S608 - as above
            )
        if table.rows_per_child >= _MANY_ROWS:
            many = table.rows_per_child // 4
            yield Example(
                f"each-child-{mark}",
                f"How many children have at least {many} rows in “{name}”",
                f"SELECT COUNT_IF(n >= {many}) AS children\nFROM (SELECT {child}, COUNT(*) AS n FROM {name} "  # noqa: S608 - as above
                f"GROUP BY {child}) AS each_child",
            )


def _list_keys(table: Table) -> list[Column]:
    """List columns with few values, those that are about the child before those that are about a row."""
    few = [each for each in table.columns.values() if 2 <= (each.domain.count_values() or 0) <= 12]
    return sorted(few, key=lambda each: not each.is_constant)


def _find_number(table: Table) -> Column | None:
    """Find a column that is measured: a real number, or the whole one with the most values."""
    found = [
        each
        for each in table.columns.values()
        if each.domain.is_number and each.domain.is_bounded and each.domain.values is None
    ]
    return max(found, key=lambda each: each.domain.count_values() or 10**9, default=None)


def _name(column: Column) -> str:
    return re.split("[,;]", column.title)[0] or column.name


def _read_title(record: disclosure.Disclosure) -> str:
    return str(record.body.get("title") or record.id)


def find_example(examples: Collection[Example], name: str) -> Example | None:
    """Find an example by its short name."""
    return next((each for each in examples if each.name == name), None)
