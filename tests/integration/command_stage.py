"""A process in which one command after the other runs for real, each in a child of its own.

Starting Python and the libraries takes a second, and there are a thousand ways to mistype: so all of them
are imported once, here, and each command is a fork of this process, which has opened no installation. Cases
come as lines of JSON (`words`, `env`, `folder`), answers leave as lines of JSON (`code`, `said`).
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

BUG = 70  # exit code of a command that ended with a traceback
LONGEST_SECONDS = 120
_HEAVY = (
    "django.contrib.auth",
    "django.core.management",
    "django.db.backends.sqlite3.base",
    "jsonschema",
    "numpy",
    "pikepdf",
    "pypdfium2",
    "rich.progress",
    "tantivy",
)


class Stage:
    """The process; a context, so that it ends with its use."""

    def __enter__(self) -> Stage:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def run(self, words: Sequence[str], environment: Mapping[str, str], folder: Path) -> tuple[int, str]:
        """Run one command in a working folder; returns its exit code and all it said."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        case = {"words": list(words), "env": dict(environment), "folder": str(folder)}
        self._process.stdin.write(json.dumps(case) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["code"], answer["said"]


def run_case(case: dict[str, Any]) -> dict[str, Any]:
    """Run one case in a child; a negative code is the signal that ended it."""
    with tempfile.TemporaryFile() as said:
        if not (child := os.fork()):
            code = BUG
            try:
                code = _act(case, said.fileno())
            finally:
                os._exit(code)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        said.seek(0)
        return {"code": code, "said": said.read().decode("utf-8", "backslashreplace")}


def _act(case: dict[str, Any], output: int) -> int:
    signal.alarm(LONGEST_SECONDS)
    # Nobody sits there: a question meets the end of its input.
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = os.fdopen(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    os.environ.update(case["env"])
    os.chdir(case["folder"])
    sys.argv = ["lightwell", *case["words"]]
    from lightwell.cli import main

    code: object = 0
    try:
        main.main()
    except SystemExit as error:
        code = error.code or 0
        if isinstance(code, str):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = BUG
    sys.stdout.flush()
    sys.stderr.flush()
    assert isinstance(code, int)
    return code


def serve() -> None:
    """Import everything, then answer cases until there are no more."""
    for name in _HEAVY:
        importlib.import_module(name)
    from lightwell.cli import main

    for module, _ in main.COMMANDS.values():
        importlib.import_module(module)
    for line in sys.stdin:
        print(json.dumps(run_case(json.loads(line))), flush=True)


if __name__ == "__main__":
    serve()
