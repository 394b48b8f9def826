"""Processes that open files from outside, watched: each works through many tasks and is killed on a fault.

A worker that crashes, runs over its time or its memory costs the task it was at, never the others: the
next task gets a fresh worker. What comes back is an answer or a `Fault` that says in a sentence
what happened and at which page. What a worker does: `files/reader`. What it may not do: `files/fence`.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import lightwell
from lightwell.base import errors
from lightwell.files import disk

Task = dict[str, Any]
_READ_BYTES = 1 << 20
# Answers hold 64 hex digits a page; a worker that sends more than this at once is not ours any more.
_MAX_LINE_BYTES = 64 << 20
_ENDING_SECONDS = 10
_KEPT_BYTES = 64 << 20
_REASON_CHARACTERS = 200


@dataclass(frozen=True, slots=True)
class Limits:
    """What one task may use: address space, seconds until the first page begins, seconds a page."""

    memory_bytes: int = 2 << 30
    opening_seconds: float = 120
    page_seconds: float = 60


@dataclass(frozen=True, slots=True)
class Fault:
    """A task that came to no answer: what happened, and at which page if one had begun."""

    sentence: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class Mistake:
    """The reader's own answer that the file is wrong."""

    problems: tuple[errors.Problem, ...]


Outcome = Task | Fault | Mistake


@dataclass(slots=True)
class _Worker:
    process: subprocess.Popen[bytes]
    noise: Any
    fence: tuple[str, ...] = ()
    received: bytearray = field(default_factory=bytearray)
    place: int | None = None
    retried: bool = False
    page: int | None = None
    deadline: float = 0.0


class Pool:
    """Up to `processes` workers, started when there is work; a context, so that none outlives its use."""

    def __init__(self, processes: int, limits: Limits | None = None) -> None:
        if processes < 1:
            raise ValueError("at least one process is needed")
        self._processes = processes
        self._limits = limits or Limits()
        self._workers: list[_Worker] = []
        self._selector = selectors.DefaultSelector()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        for worker in list(self._workers):
            self._stop(worker)
        self._selector.close()

    def describe_fence(self) -> tuple[str, ...]:
        """Describe what holds for the workers, as the first of them answered."""
        worker = self._workers[0] if self._workers else self._start()
        return worker.fence

    def list_process_ids(self) -> list[int]:
        """List the process ids of the living workers."""
        return [worker.process.pid for worker in self._workers]

    def run(self, tasks: Iterable[Task]) -> Iterator[Outcome]:
        """Do every task and yield the outcomes in the order of the tasks; one call at a time.

        A task may carry another one as `otherwise`, to be done when it comes to no answer; the answer
        then says why as `because`.
        Raises `Refused` when the disk is full or fails: that is no fault of the file.
        """
        waiting = list(enumerate(tasks))[::-1]
        outcomes: dict[int, Outcome] = {}
        left, turn = len(waiting), 0
        all_tasks = dict(waiting)
        while turn < left:
            self._hand_out(waiting)
            for worker in self._wait():
                place = worker.place
                outcome = self._take_answer(worker)
                if place is None or outcome is None:
                    continue
                task = all_tasks[place]
                if isinstance(outcome, Fault) and not outcome.sentence:
                    waiting.append((place, {**task, "again": True}))
                elif not isinstance(outcome, dict) and "otherwise" in task:
                    all_tasks[place] = {**task["otherwise"], "because": _explain(outcome)}
                    waiting.append((place, all_tasks[place]))
                else:
                    because = {"because": task["because"]} if "because" in task else {}
                    outcomes[place] = outcome | because if isinstance(outcome, dict) else outcome
            while turn in outcomes:
                yield outcomes.pop(turn)
                turn += 1

    def _hand_out(self, waiting: list[tuple[int, Task]]) -> None:
        while waiting:
            idle = next((worker for worker in self._workers if worker.place is None), None)
            if idle is None:
                if len(self._workers) >= self._processes:
                    return
                idle = self._start()
            place, task = waiting[-1]
            try:
                _get_input(idle).write(json.dumps(task).encode() + b"\n")
                _get_input(idle).flush()
            except BrokenPipeError:
                # It died while it had nothing to do, so that no task is to blame.
                self._stop(idle)
                continue
            waiting.pop()
            idle.place, idle.page, idle.retried = place, None, bool(task.get("again"))
            idle.deadline = time.monotonic() + self._limits.opening_seconds

    def _wait(self) -> list[_Worker]:
        busy = [worker for worker in self._workers if worker.place is not None]
        soonest = min(worker.deadline for worker in busy)
        ready = self._selector.select(max(0.0, soonest - time.monotonic()))
        now = time.monotonic()
        late = [worker for worker in busy if worker.deadline <= now]
        found = [key.data for key, _ in ready]
        return found + [worker for worker in late if worker not in found]

    def _take_answer(self, worker: _Worker) -> Outcome | None:
        """Take what a worker said; None while it is at its task, a `Fault` without words to try again."""
        data = b""
        with contextlib.suppress(BlockingIOError):
            data = os.read(_get_output(worker).fileno(), _READ_BYTES)
            if not data:
                return self._explain_death(worker)
        worker.received += data
        *lines, rest = bytes(worker.received).split(b"\n")
        worker.received = bytearray(rest)
        try:
            answers = [json.loads(line) for line in lines]
        except ValueError:
            answers = []
        if len(answers) < len(lines) or len(rest) > _MAX_LINE_BYTES:
            self._stop(worker)
            return Fault("makes the reader answer nonsense; supply a sound copy", worker.page)
        for answer in answers:
            outcome = self._read_answer(worker, answer)
            if outcome is not None:
                worker.place = None
                return outcome
        if worker.place is not None and worker.deadline <= time.monotonic():
            self._stop(worker)
            seconds = self._limits.opening_seconds if worker.page is None else self._limits.page_seconds
            return Fault(f"takes longer than {seconds:g} seconds to read; supply a simpler copy", worker.page)
        return None

    def _read_answer(self, worker: _Worker, answer: Task) -> Outcome | None:
        match answer:
            case {"page": int(number)}:
                worker.page = number or None
                worker.deadline = time.monotonic() + self._limits.page_seconds
            case {"alive": True}:
                # At work before the first page: pages are being made, some at a time.
                worker.deadline = time.monotonic() + self._limits.opening_seconds
            case {"done": dict(done)}:
                return done
            case {"problems": list(problems)}:
                return Mistake(tuple(errors.Problem(str(place), str(text)) for place, text in problems))
            case {"memory": True}:
                self._stop(worker)
                return Fault(self._explain_memory(), worker.page)
            case {"disk": str(reason)}:
                failed = OSError(disk.find_number(reason), reason)
                raise errors.Refused(
                    f"the disk does not take or give the bytes: {disk.explain_error(failed) or reason}; "
                    "what was measured stays"
                )
        return None

    def _explain_death(self, worker: _Worker) -> Fault:
        worker.noise.seek(0)
        last = (worker.noise.read().decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
        code = self._stop(worker, ended=True)
        if code == -signal.SIGKILL and not worker.retried:
            return Fault("")
        if code >= 0:
            return Fault(
                f"makes the reader fail ({last[:_REASON_CHARACTERS]}); supply a sound copy", worker.page
            )
        return Fault(
            f"stops the reader ({signal.Signals(-code).name}), as a damaged file does or one that needs more "
            f"than {self._limits.memory_bytes / (1 << 30):.1f} GiB of memory; supply a sound copy",
            worker.page,
        )

    def _explain_memory(self) -> str:
        return (
            f"needs more than {self._limits.memory_bytes / (1 << 30):.1f} GiB of memory to read; "
            "supply a simpler copy"
        )

    def _start(self) -> _Worker:
        # No secrets of the parent's environment, no modules of the working directory (-P).
        environment = {
            "PATH": os.defpath,
            "LANG": "C.UTF-8",
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_THREAD_LIMIT": "1",
            # Pictures are megabytes: memory that glibc gave back after each would cost faults for the next.
            "MALLOC_MMAP_THRESHOLD_": str(_KEPT_BYTES),
            "MALLOC_TRIM_THRESHOLD_": str(_KEPT_BYTES),
            "PYTHONPATH": str(Path(next(iter(lightwell.__path__))).parent),
        }
        noise = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the worker
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-P", "-m", "lightwell.files.reader", str(self._limits.memory_bytes)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=noise,
            env=environment,
        )
        worker = _Worker(process, noise)
        output = _get_output(worker)
        try:
            worker.fence = tuple(json.loads(output.readline())["fence"])
        except (ValueError, KeyError):
            process.wait()
            noise.seek(0)
            raise RuntimeError(
                f"the reader does not start: {noise.read().decode(errors='replace')}"
            ) from None
        os.set_blocking(output.fileno(), False)
        self._workers.append(worker)
        self._selector.register(output, selectors.EVENT_READ, worker)
        return worker

    def _stop(self, worker: _Worker, *, ended: bool = False) -> int:
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its output is closed, so that it is about to leave an exit code of its own.
            worker.process.wait(_ENDING_SECONDS if ended else 0)
        worker.process.kill()
        code = worker.process.wait()
        self._selector.unregister(_get_output(worker))
        for stream in (_get_output(worker), _get_input(worker), worker.noise):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
        self._workers.remove(worker)
        return code


def _explain(outcome: Fault | Mistake) -> str:
    if isinstance(outcome, Fault):
        return f"page {outcome.page} {outcome.sentence}" if outcome.page else f"the file {outcome.sentence}"
    return outcome.problems[0].sentence


def _get_output(worker: _Worker) -> IO[bytes]:
    assert worker.process.stdout is not None
    return worker.process.stdout


def _get_input(worker: _Worker) -> IO[bytes]:
    assert worker.process.stdin is not None
    return worker.process.stdin
