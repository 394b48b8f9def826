"""Invented rows and questions tried on them, in a process of its own behind the fence: for pages open to all.

Whoever asks has no account, so text, plan and rows are the business of a process with little memory and time
and no network, that reads the dummy files and nothing else (`engines/duckdb` locks DuckDB). The rows are made
in such a process too: how much making them takes hangs on a codebook, which a stranger may have written. One
JSON object in, one out:

    {"codebook": YAML, "files": {table: path}, "question": SQL, "epsilon": 0.5}
    {"answer": {...}} or {"refusals": [...]} or {"problems": [...]}

    {"codebook": YAML, "folder": path, "rows": 1000, "seed": 0}
    {"made": 2} or {"problems": [...]}

Inverse pairs: `try_question` and `_answer`, `make_rows` and `_make`.
"""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightwell.base import errors
from lightwell.engines import codebook_files
from lightwell.files import fence
from lightwell.query.refusal import QueryRefused, Refusal
from lightwell.query.release import Release, read_release

NEEDED = ("sqlglot", "duckdb", "opendp")
SECONDS, MAKING_SECONDS = 10, 30
_MEMORY_BYTES, _ENGINE_MEMORY = 3 << 30, "512MB"
_TOO_LARGE = (
    "This question takes more time or memory than a try may. Ask for fewer groups, or join fewer tables."
)
_NOT_MADE = "The invented rows of this data set cannot be made here within the time and memory they may take."


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a question: an answer with its price, or why there is none.

    `refusals` name places in the text, `problems` are sentences about the rest, such as the price.
    """

    release: Release | None = None
    statements: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    problems: tuple[str, ...] = ()


def is_installed() -> bool:
    """Answer whether the packages of lightwell[query] are here."""
    return all(importlib.util.find_spec(name) is not None for name in NEEDED)


def try_question(codebook: bytes, files: Mapping[str, Path], question: str, epsilon: float) -> Tried:
    """Ask a question of dummy files in a process of its own. `CouldNotCheck` where none can be started."""
    asked = {
        "codebook": codebook.decode(),
        "files": {name: str(place) for name, place in files.items()},
        "question": question,
        "epsilon": epsilon,
    }
    told = _run(asked, SECONDS)
    if told is None:
        return Tried(problems=(_TOO_LARGE,))
    if "answer" not in told:
        refusals = tuple(Refusal(**each) for each in told.get("refusals", ()))
        return Tried(refusals=refusals, problems=tuple(told.get("problems", ())))
    release = dataclasses.replace(read_release(told["answer"].encode()), query=question)
    return Tried(release, tuple(told["statements"]))


def make_rows(codebook: bytes, folder: Path, *, rows: int, seed: int) -> None:
    """Invent the rows of a codebook's tables into a folder, as Parquet and CSV, in a process of its own.

    `CouldNotCheck` where they take more time or memory than they may, or no process can be started.
    """
    asked = {"codebook": codebook.decode(), "folder": str(folder), "rows": rows, "seed": seed}
    told = _run(asked, MAKING_SECONDS)
    if told is None or "made" not in told:
        raise errors.CouldNotCheck(_NOT_MADE)


def _run(asked: Mapping[str, Any], seconds: int) -> dict[str, Any] | None:
    """Give a process what is asked, and read what it tells; None where it took more than it may."""
    try:
        done = subprocess.run(  # noqa: S603 - this very module, with a number of our own
            [sys.executable, "-m", "lightwell.engines.tryouts", str(seconds)],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=seconds + 5,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None
    except OSError:
        raise errors.CouldNotCheck("Questions cannot be tried just now. Try again in a minute.") from None
    try:
        told: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        # Killed by the kernel for its time or memory: nothing came.
        return None
    return told


def _make(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Make the rows that are asked for; they are nobody's, so what went wrong may be said."""
    from lightwell.engines import dummies

    book = codebook_files.parse_codebook_file(asked["codebook"].encode(), "codebook.yaml").codebook
    folder = Path(asked["folder"])
    limits: dummies.Limits = {"memory_limit": _ENGINE_MEMORY, "threads": 1}
    try:
        made = dummies.write_dummies(book, folder, rows=asked["rows"], seed=asked["seed"], limits=limits)
        dummies.write_csv(book, folder, limits=limits)
    except errors.UserMistake as error:
        return {"problems": [str(each) for each in error.problems]}
    except MemoryError:
        return {"problems": [_NOT_MADE]}
    return {"made": len(made)}


def _answer(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what was asked, or say why not; nothing in it is anybody's, so words need no care."""
    from lightwell.engines import dice, duckdb, dummies
    from lightwell.query.session import Session

    book = codebook_files.parse_codebook_file(asked["codebook"].encode(), "codebook.yaml").codebook
    files = {name: Path(place) for name, place in asked["files"].items()}
    if not all(map(dummies.is_dummy, files.values())):
        return {"problems": ["These rows are not labelled as invented, so nothing is asked of them."]}
    try:
        engine = duckdb.DuckDB(files, book, dice.OpenDP(), memory=_ENGINE_MEMORY, threads=1)
        session = Session(engine, book, dummies.open_unmetered())
        told = session.explain(asked["question"], epsilon=asked["epsilon"])
        release = session.sql(asked["question"], epsilon=asked["epsilon"])
    except QueryRefused as error:
        return {"refusals": [dataclasses.asdict(each) for each in error.refusals]}
    except errors.UserMistake as error:
        return {"problems": [str(each) for each in error.problems]}
    except (errors.Damaged, MemoryError):
        return {"problems": [_TOO_LARGE]}
    return {"answer": release.body.decode(), "statements": list(told.statements)}


if __name__ == "__main__":
    question = json.loads(sys.stdin.buffer.read())
    fence.enter(_MEMORY_BYTES, int(sys.argv[1]))
    sys.stdout.write(json.dumps(_make(question) if "folder" in question else _answer(question)))
