"""A fresh installation with two real witnesses, driven by the product's own commands, each measured.

CPU time counts a command and every process it started; memory is the sum over that tree, looked at ten
times a second. The witnesses run beside and are not counted.
"""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from lightwell.files.state import State
from lightwell.sample import own_folder, witnesses
from lightwell.tlog import note

ORIGIN = "benchmark.example/log"
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
PUBLISHER, APPROVER = "ana", "ben"
ORGANISATION = {"id": "benchmark", "role": "other", "name": "Benchmark"}


@dataclass(frozen=True)
class Run:
    """One command: what it printed, wall clock and CPU seconds, the most memory of its processes in MB."""

    output: str
    seconds: float
    cpu: float
    megabytes: float


def run(command: list[str], environment: dict[str, str] | None = None, expected: int = 0) -> Run:
    """Run a command to its end; stops the benchmark with its words unless it ends with `expected`."""
    with tempfile.TemporaryFile("w+") as output:
        started = time.perf_counter()
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, **(environment or {})}
        )
        most = [0.0]
        watcher = threading.Thread(target=_watch_memory, args=(process.pid, most), daemon=True)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        elapsed = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watcher.join()
        output.seek(0)
        text = output.read()
    if process.returncode != expected:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}:\n{text[-3000:]}")
    return Run(text, elapsed, used.ru_utime + used.ru_stime, most[0])


def measure_memory(pid: int) -> float:
    """Measure the resident memory of a process and of those it started, in MB (proportional shares)."""
    total = 0
    for each in list_family(pid):
        with contextlib.suppress(OSError, TypeError):
            rollup = Path(f"/proc/{each}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", rollup, re.MULTILINE)[1])  # type: ignore[index]  # suppressed
    return total / 1024


def measure_cpu(pid: int) -> float:
    """Measure the CPU seconds that a process and those it started, and that still run, have used."""
    ticks = 0
    for each in list_family(pid):
        with contextlib.suppress(OSError):
            # Behind the name in brackets; user and system time are the 14th and 15th field (man 5 proc).
            fields = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def list_family(pid: int) -> Iterator[int]:
    """List a process and those that it started and that still run."""
    todo = [pid]
    while todo:
        each = todo.pop()
        yield each
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                todo += [int(child) for child in (task / "children").read_text().split()]


def _watch_memory(pid: int, most: list[float]) -> None:
    while Path(f"/proc/{pid}/stat").exists():
        with contextlib.suppress(OSError):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return
        most[0] = max(most[0], measure_memory(pid))
        time.sleep(0.1)


class Home:
    """An installation in `folder`; use as a context, during which its witnesses run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state")
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Home:
        made = not self.state.root.exists()
        self.folder.mkdir(parents=True, exist_ok=True)
        keys = witnesses.make_keys(self.folder, ORIGIN)
        ports = witnesses.choose_ports()
        if made:
            arguments = ["init", "--origin", ORIGIN, "--quorum", str(len(keys))]
            for name, vkeys in keys.items():
                arguments += [f"--witness={vkey}=http://127.0.0.1:{ports[name]}" for vkey in vkeys]
            self.run(*arguments)
        vkeys = [note.format_vkey(signer.verifier) for signer in self.state.read_signers()]
        self._stack.enter_context(witnesses.run_witnesses(self.folder, ports, vkeys, None))
        if made:
            slug, role, name = ORGANISATION.values()
            self.run("organisation", "add", slug, "--role", role, "--name", name)
            for person, held in ((PUBLISHER, "publisher"), (APPROVER, "approver")):
                self.run("person", "add", person, "--role", held, "--organisation", slug, "--no-password")
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def run(self, *arguments: str) -> Run:
        """Run one of the product's commands in this installation."""
        return run([*LIGHTWELL, *arguments], {"LIGHTWELL_STATE": str(self.state.root)})

    def register(self, documents: Path) -> str:
        """Register a study of a folder's documents, proposed by one person and approved by another."""
        draft = self.folder / "study.yaml"
        today = datetime.datetime.now(datetime.UTC).date()
        words = {**own_folder.make_draft(documents, today), "publisher": ORGANISATION}
        draft.write_text(yaml.safe_dump(words, sort_keys=False))
        proposed = self.run("disclose", str(draft), "--as", PUBLISHER).output
        self.approve(proposed)
        return find(r"std-\w+", proposed)

    def approve(self, proposed: str) -> Run:
        """Approve what was proposed, which carries it out."""
        return self.run("approve", find(r"approve (\d+)", proposed), "--as", APPROVER)

    def publish_folder(self, documents: Path, processes: int) -> Iterator[tuple[str, Run]]:
        """Draft, seal, publish and index a folder: each step's name and how it ran."""
        study, table = self.register(documents), self.folder / "inventory.csv"
        table.unlink(missing_ok=True)
        yield "draft", self.run("inventory", "draft", str(documents), "--output", str(table))
        arguments = [study, str(documents), str(table), "--yes", "--processes", str(processes)]
        yield "seal", self.run("seal", *arguments, "--as", PUBLISHER)
        proposed = self.run("publish", study, "--as", PUBLISHER)
        yield "propose", proposed
        yield "publish", self.approve(proposed.output)
        yield "index", self.run("search", "rebuild")


def find(pattern: str, text: str) -> str:
    """Find the last group of a pattern in a command's words."""
    found = re.search(pattern, text)
    if found is None:
        raise SystemExit(f"nothing like {pattern} in: {text}")
    return found[found.re.groups]


@contextlib.contextmanager
def make_fresh(folder: Path) -> Iterator[Home]:
    """Make a home anew, whatever stood there."""
    shutil.rmtree(folder, ignore_errors=True)
    with Home(folder) as made:
        yield made
