"""A question tried on invented rows in a process of its own, behind the fence: for pages open to everybody.

Whoever asks has no account, so text, plan and rows are the business of a process with little memory and time
and no network, that reads the dummy files and nothing else (`engines/duckdb` locks DuckDB). One JSON object
in, one out:

    {"codebook": YAML, "files": {table: path}, "question": SQL, "epsilon": 0.5}
    {"answer": {...}} or {"refusals": [...]} or {"problems": [...]}

Inverse pair: `try_question` and `_answer`.
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
SECONDS = 10
_MEMORY_BYTES, _ENGINE_MEMORY = 3 << 30, "512MB"
_TOO_LARGE = (
    "This question takes more time or memory than a try may. Ask for fewer groups, or join fewer tables."
)


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
    try:
        done = subprocess.run(
            [sys.executable, "-m", "lightwell.engines.tryouts"],
            input=json.dumps(asked).encode(),
            capture_output=True,
            timeout=SECONDS + 5,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Tried(problems=(_TOO_LARGE,))
    except OSError:
        raise errors.CouldNotCheck("Questions cannot be tried just now. Try again in a minute.") from None
    try:
        told = json.loads(done.stdout)
    except ValueError:
        # Killed by the kernel for its time or memory: nothing came.
        return Tried(problems=(_TOO_LARGE,))
    if "answer" not in told:
        refusals = tuple(Refusal(**each) for each in told.get("refusals", ()))
        return Tried(refusals=refusals, problems=tuple(told.get("problems", ())))
    release = dataclasses.replace(read_release(told["answer"].encode()), query=question)
    return Tried(release, tuple(told["statements"]))


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
    fence.enter(_MEMORY_BYTES, SECONDS)
    sys.stdout.write(json.dumps(_answer(question)))
