"""A process in which one command after the other runs for real, each in a child that may be killed.

Starting Python and Django takes a second, and there are thousands of points: so everything is imported
once, here, and each command is a fork of this process, which has opened neither database nor index. The
state folder lies at one path for ever, and is replaced by a copy of the one a point begins from.
"""

from __future__ import annotations

import contextlib
import gc
import hashlib
import json
import os
import random
import secrets
import shutil
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import forked
import injector as injectors

# A command line, or a story that only the site tells: then its errors end as those of a command do.
Command = list[str] | Callable[[], Any]
LONGEST_SECONDS = 120
BUG = 70  # exit code of a command that ended with a traceback
COMMAND, READER = "command", "reader"


@dataclass(frozen=True)
class Point:
    """Where a fault comes: at step `number` (from 1) of the command's process, or of its reader's."""

    process: str
    number: int
    fault: str


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit code (negative: the signal), what it said, the steps of both processes."""

    code: int
    out: str
    err: str
    steps: dict[str, list[list[str]]]

    @property
    def acknowledged(self) -> bool:
        return self.code == 0


class Stage:
    """The folder `folder/work`, whose `state` is the installation.

    With a point, the ids, keys and salts that a process takes at random follow from `seed`, from the name
    under which the folder was kept, and from how many commands ran since. Else steps would differ from run to
    run: two digests that begin alike share a folder, which is then flushed once.
    """

    def __init__(self, folder: Path, database: str = "", seed: int = 0) -> None:
        self.folder, self._seed = folder, seed
        self._kept, self._turn = "", 0
        self.work = folder / "work"
        self.state = self.work / "state"
        self.bases = folder / "bases"
        self.work.mkdir(parents=True)
        os.environ["LIGHTWELL_STATE"] = str(self.state)
        os.environ["LIGHTWELL_DATABASE"] = database
        _import_everything()

    def keep(self, name: str) -> None:
        """Keep the working folder as it is now under a name."""
        shutil.copytree(self.work, self.bases / name)
        self._kept, self._turn = name, 0

    def begin(self, name: str) -> None:
        """Put the working folder back to what was kept under a name."""
        shutil.rmtree(self.work, ignore_errors=True)
        shutil.copytree(self.bases / name, self.work)
        self._kept, self._turn = name, 0

    def compute_digest(self) -> str:
        """Compute a digest of every name and every byte of the installation as it is now."""
        hashed = hashlib.sha256()
        for path in sorted(self.state.rglob("*")):
            data = path.read_bytes() if path.is_file() else b""
            hashed.update(f"{path} {len(data)} ".encode() + data)
        return hashed.hexdigest()

    def drop(self, name: str) -> None:
        """Forget what was kept under a name."""
        shutil.rmtree(self.bases / name)

    def run(self, command: Command, point: Point | None = None) -> Ended:
        """Run a command as a process of its own; with a point, until the fault and beyond."""
        heard = {name: self.folder / name for name in ("out", "err", COMMAND, READER)}
        for path in heard.values():
            path.unlink(missing_ok=True)
        self._turn += 1
        child = os.fork()
        if child == 0:
            if point is not None:
                _fix_dice(f"{self._seed} {self._kept} {self._turn}")
            _be_command(command, point, self.work, heard)
        _, status = os.waitpid(child, 0)
        steps = {name: _read_steps(heard[name]) for name in (COMMAND, READER)}
        texts = [heard[name].read_text(errors="replace") for name in ("out", "err")]
        return Ended(os.waitstatus_to_exitcode(status), *texts, steps)

    def run_together(self, commands: list[list[str]]) -> list[Ended]:
        """Run commands at the same moment, each as a process of its own."""
        hold, go = os.pipe()
        children = []
        for number, command in enumerate(commands):
            heard = {name: self.folder / f"{name}-{number}" for name in ("out", "err")}
            for path in heard.values():
                path.unlink(missing_ok=True)
            child = os.fork()
            if child == 0:
                os.close(go)
                _be_command(command, None, self.work, heard, hold)
            children.append((child, heard))
        os.close(hold)
        # The end of the pipe is what all of them wait for.
        os.close(go)
        ended = []
        for child, heard in children:
            _, status = os.waitpid(child, 0)
            texts = [heard[name].read_text(errors="replace") for name in ("out", "err")]
            ended.append(Ended(os.waitstatus_to_exitcode(status), *texts, {}))
        return ended

    def ask(self, question: Callable[[], Any]) -> Any:
        """Run a function in a process of its own and return its answer."""
        path = self.folder / "answer"

        def answer() -> None:
            path.write_text(json.dumps(question()))

        ended = self.run(answer)
        assert ended.code == 0, ended.err
        return json.loads(path.read_text())


def _fix_dice(seed: str) -> None:
    """In a child: let `secrets` follow from a seed, in this process and in those it forks."""
    dice = random.Random(seed)
    secrets.token_bytes = lambda count=None: dice.randbytes(count or secrets.DEFAULT_ENTROPY)


def _import_everything() -> None:
    from lightwell.cli import installation

    # One reader at a time wherever this runs: each counts its own steps, and two share the work by chance.
    os.cpu_count = lambda: 1
    installation.prepare_site()
    from lightwell.actions import readings

    # Else how far it is would be noted as often as the machine is slow.
    readings._SAVE_SECONDS = 0.0
    import importlib
    import pkgutil

    import lightwell

    for room in ("actions", "archive", "base", "cli", "client", "files", "web"):
        package = importlib.import_module(f"{lightwell.__name__}.{room}")
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not module.name.endswith(("wsgi", "settings")):
                importlib.import_module(module.name)
    # What files import only where they need it.
    for name in ("weasyprint",):
        with contextlib.suppress(ImportError, OSError):
            importlib.import_module(name)
    from django.urls import get_resolver

    _ = get_resolver().url_patterns
    # Templates too, or every child would read and compile them again.
    from django.template import engines, loader

    rooms = [Path(name) for name in engines["django"].engine.template_loaders[0].get_dirs()]
    for room in rooms:
        for path in room.rglob("*.*"):
            loader.get_template(path.relative_to(room).as_posix())
    # What is here stays: a child need not look through it, nor copy the memory that holds it.
    gc.collect()
    gc.freeze()


def _be_command(
    command: Command, point: Point | None, root: Path, heard: dict[str, Path], hold: int | None = None
) -> None:
    """In the child: be the command, and never return; with `hold` begin when that pipe has ended."""
    code = BUG
    try:
        signal.alarm(LONGEST_SECONDS)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(heard[name], os.O_WRONLY | os.O_CREAT, 0o600), number)
        sys.stdin = open(os.devnull)  # noqa: SIM115 - as long as the process
        if hold is not None:
            os.read(hold, 1)
        begin = _watch(point, root, heard) if point is not None else lambda: None
        _fork_readers(begin)
        code = _call(command)
    except BaseException:
        with contextlib.suppress(BaseException):
            traceback.print_exc()
    finally:
        with contextlib.suppress(BaseException):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def _fork_readers(begin: Callable[[], None]) -> None:
    from lightwell.files import workers

    workers.subprocess = forked.Module(begin)  # type: ignore[attr-defined]


def _call(command: Command) -> int:
    from lightwell.cli import main

    if callable(command):
        story = click.command("story")(command)
        main.lightwell.get_command = lambda *_: story  # type: ignore[method-assign]
        command = ["story"]
    sys.argv = ["lightwell", *command]
    try:
        main.main()
    except SystemExit as end:
        return int(end.code or 0)
    return 0


def _watch(point: Point, root: Path, heard: dict[str, Path]) -> Callable[[], None]:
    """Watch this process; returns what its readers do to be watched on their own."""
    number = {point.process: point.number}
    injector = injectors.Injector(root, heard[COMMAND], number.get(COMMAND, 0), point.fault)
    injector.install()
    injector.install_database()

    def begin() -> None:
        # Of its own dice, or one that is started again would find the names the first one took.
        _fix_dice(f"{secrets.token_hex()} {injector.count}")
        injector.begin_again(heard[READER], number.get(READER, 0))

    return begin


def _read_steps(path: Path) -> list[list[str]]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
