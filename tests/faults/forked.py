"""A reader (`files/reader`) that is forked off the stage instead of started, which spares all its imports.

It is a process of its own all the same, behind the same fence, and ends with its parent. What `files/workers`
uses of `subprocess.Popen` is here and nothing else.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

_NAME = "lightwell.files.reader"
_MOST_FILES = 4096


class Module:
    """Stands in for `subprocess` in `files/workers`."""

    PIPE, TimeoutExpired = subprocess.PIPE, subprocess.TimeoutExpired

    def __init__(self, begin: Callable[[], None] = lambda: None) -> None:
        """`begin` is called in the reader, before it does anything."""
        self._begin = begin

    def Popen(self, arguments: list[str], **options: Any) -> _Forked:
        """Fork a reader with these arguments, standard error and environment."""
        assert _NAME in arguments
        sys.audit("subprocess.Popen", arguments[0], arguments, None, options["env"])
        return _Forked(arguments, options["stderr"].fileno(), options["env"], self._begin)


class _Forked:
    """The process: `stdin`, `stdout`, `pid`, and how it ended."""

    def __init__(
        self, arguments: list[str], noise: int, environment: dict[str, str], begin: Callable[[], None]
    ) -> None:
        asked, ask = os.pipe()
        answered, answer = os.pipe()
        self._code: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _be_reader((asked, answer, noise), arguments, environment, begin)
        os.close(asked)
        os.close(answer)
        self.stdin, self.stdout = os.fdopen(ask, "wb"), os.fdopen(answered, "rb")

    def wait(self, timeout: float | None = None) -> int:
        until = None if timeout is None else time.monotonic() + timeout
        while self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG if timeout is not None else 0)
            if pid:
                self._code = os.waitstatus_to_exitcode(status)
            elif until is not None and time.monotonic() >= until:
                raise subprocess.TimeoutExpired(_NAME, timeout or 0)
            else:
                time.sleep(0.002)
        return self._code

    def kill(self) -> None:
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)


def _be_reader(
    pipes: tuple[int, int, int], arguments: list[str], environment: dict[str, str], begin: Callable[[], None]
) -> NoReturn:
    code = 1
    try:
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
        # Locks of the parent end with the parent, so nothing of its may stay open here.
        os.closerange(3, _MOST_FILES)
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
        sys.stdout, sys.stderr = (
            io.TextIOWrapper(io.BufferedWriter(io.FileIO(number, "w", closefd=False))) for number in (1, 2)
        )
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = None
        begin()
        from lightwell.files import reader

        sys.argv = [reader.__file__, arguments[-1]]
        reader.main()
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stderr.flush()
        os._exit(code)
