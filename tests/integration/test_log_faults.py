"""Kills and failing disks at every durable step of signing and showing: nothing acknowledged is lost.

Inside one process a fault is raised at the n-th durable call, of the disk or of the database; then as after a
restart the log is checked whole and goes on. Real SIGKILLs hit real processes between any two steps.
"""

import contextlib
import errno
import importlib.util
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connection

from lightwell.actions import log
from lightwell.base import errors
from lightwell.db.models import Checkpoint, LogEntry
from lightwell.files import durable
from lightwell.files.state import State
from lightwell.tlog import checkpoint, fsck, note

_spec = importlib.util.spec_from_file_location("log_fixture", Path(__file__).parent / "log_fixture.py")
log_fixture = sys.modules.setdefault("log_fixture", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(log_fixture)

NOW = log_fixture.NOW
CALLS = ("open", "fsync", "replace", "close")
GROWTHS = [(0, 300), (1, 2), (250, 257), (300, 530)]
SAMPLE = 12


class Ended(BaseException):
    """The process is gone; nobody catches this but the test."""


FAULTS = {
    "EIO": lambda: OSError(errno.EIO, "Input/output error"),
    "ENOSPC": lambda: OSError(errno.ENOSPC, "No space left on device"),
    "ended": Ended,
}


class Injector:
    """Fails at the n-th durable call: system calls of `files/durable`, and writes of the database."""

    def __init__(self, monkeypatch, failing: int, make_fault) -> None:
        self.count, self.failing, self.make_fault = 0, failing, make_fault
        for name in CALLS:
            monkeypatch.setattr(durable.os, name, self._wrap(getattr(os, name)))

    def hit(self) -> None:
        self.count += 1
        if self.count == self.failing:
            raise self.make_fault()

    def run_statement(self, execute, sql, params, many, context):
        """Before a write the database has nothing of it; after it, it is committed."""
        writes = sql.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE"))
        if writes:
            self.hit()
        result = execute(sql, params, many, context)
        if writes:
            self.hit()
        return result

    def _wrap(self, real):
        def call(*arguments, **options):
            self.hit()
            return real(*arguments, **options)

        return call


def add(count: int) -> None:
    log.append(entries=[{"type": "x", "v": 1, "n": log.count_entries() + k} for k in range(count)])


def publish(state: State) -> None:
    log.publish_checkpoint(state=state, now=NOW, timeout_seconds=2)


def check_shown(state: State) -> int:
    """What readers see is signed, whole, and the beginning of the durable order; its size."""
    text = state.tiles.read_checkpoint()
    if text is None:
        return 0
    head = checkpoint.open_checkpoint(text, [each.verifier for each in state.read_signers()]).checkpoint
    assert fsck.check_log(head, state.tiles.read_bundle, state.tiles.read_tile) == []
    assert bytes(Checkpoint.objects.get(size=head.size).root) == head.root
    return head.size


def prepare(root: Path, old: int) -> State:
    log._checked.clear()
    state = log_fixture.make_state(root, [])
    if old:
        add(old)
        publish(state)
    return state


def try_point(base: Path, root: Path, old: int, new: int, point: int, fault: str, monkeypatch) -> bool:
    """One fault, one restart, one completion; answers whether the point was reached."""
    shutil.copytree(base, root)
    state = State(root)
    log._checked.clear()
    with monkeypatch.context() as patched:
        injector = Injector(patched, point, FAULTS[fault])
        stopped = contextlib.suppress(OSError, Ended, errors.LightwellError)
        with connection.execute_wrapper(injector.run_statement), stopped:
            publish(state)
    reached = injector.count >= point
    assert check_shown(state) in (old, new)
    assert log.count_entries() == new, "what was acknowledged is there"
    log._checked.clear()
    publish(state)
    assert check_shown(state) == new
    assert log.check_start(state=state)
    Checkpoint.objects.filter(size__gt=old).delete()
    shutil.rmtree(root)
    return reached


def count_points(base: Path, root: Path, monkeypatch) -> int:
    shutil.copytree(base, root)
    log._checked.clear()
    with monkeypatch.context() as patched:
        injector = Injector(patched, 0, None)
        with connection.execute_wrapper(injector.run_statement):
            publish(State(root))
    return injector.count


def run_points(tmp_path, monkeypatch, old, new, fault, sample: int | None) -> int:
    base = tmp_path / "base"
    prepare(base, old)
    add(new - old)
    last = count_points(base, tmp_path / "count", monkeypatch)
    Checkpoint.objects.filter(size__gt=old).delete()
    points = list(range(1, last + 1))
    if sample is not None:
        points = sorted(random.Random(f"{old} {new} {fault}").sample(points, min(sample, last)))
    for point in points:
        assert try_point(base, tmp_path / str(point), old, new, point, fault, monkeypatch), point
    return len(points)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("old", "new"), GROWTHS)
def test_a_fault_at_a_sample_of_durable_calls_loses_nothing(tmp_path, monkeypatch, old, new, fault):
    assert run_points(tmp_path, monkeypatch, old, new, fault, SAMPLE) == SAMPLE


@pytest.mark.full
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize(("old", "new"), GROWTHS)
def test_a_fault_at_every_durable_call_loses_nothing(tmp_path, monkeypatch, old, new, fault, record_property):
    points = run_points(tmp_path, monkeypatch, old, new, fault, None)
    record_property("fault points", points)
    assert points >= 30


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("after", [False, True])
def test_an_append_that_fails_leaves_none_of_its_entries(after):
    add(3)
    hits = []

    def fail(execute, sql, params, many, context):
        if "INSERT" in sql.upper():
            hits.append(sql)
            if after:
                execute(sql, params, many, context)
            raise OSError(errno.ENOSPC, "No space left on device")
        return execute(sql, params, many, context)

    with connection.execute_wrapper(fail), pytest.raises(OSError, match="No space"):
        add(2000)
    assert hits
    assert log.count_entries() == LogEntry.objects.count() == 3


# The step in words -> the function at which the process ends, and whether before or after it.
KILLS = {
    "before anything is derived": ("signing.grow_tiles", "before"),
    "after the tiles are written": ("signing.grow_tiles", "after"),
    "before the checkpoint is signed": ("checkpoint.sign_checkpoint", "before"),
    "after it is signed, before it is stored": ("checkpoint.sign_checkpoint", "after"),
    "after it is stored": ("Checkpoint.objects.create", "after"),
    "before the witnesses are asked": ("cosigning.ask_cosignatures", "before"),
    "after they cosigned, before that is stored": ("cosigning.ask_cosignatures", "after"),
    "after the cosignatures are stored": ("policy.check_policy", "before"),
    "before the checkpoint is shown": ("TileStore.write_checkpoint", "before"),
    "after the checkpoint is shown": ("TileStore.write_checkpoint", "after"),
}

KILLED = """
import functools, os, signal, sys
from lightwell.cli import installation
state = installation.open_installation()
from lightwell.actions import log
*path, name = sys.argv[1].split(".")
owner = log
for part in path:
    owner = getattr(owner, part)
real = getattr(owner, name)
def killed(*arguments, **options):
    if sys.argv[2] == "after":
        real(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)
log.append(entries=[{"type": "x", "v": 1, "n": k} for k in range(300)])
print("acknowledged", log.count_entries(), flush=True)
setattr(owner, name, killed)
log.publish_checkpoint(state=state, now=state.read_now())
"""
MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]


@pytest.fixture(scope="module")
def installation(tmp_path_factory):
    """A real installation with a real witness, for all kills one after the other."""
    folder = tmp_path_factory.mktemp("kills")
    environment = {**os.environ, "LIGHTWELL_STATE": str(folder / "state")}
    environment.pop("LIGHTWELL_DATABASE", None)

    def run(*command):
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120, check=False
        )

    made = run(*MAIN, "init", "--origin", "archive.example/log")
    assert made.returncode == 0, made.stderr
    keys = [note.parse_vkey(line) for line in run(*MAIN, "log", "keys").stdout.split()]
    witness = log_fixture.Witness(folder, "w1.example", keys)
    options = [part for line in witness.list_options() for part in ("--witness", line)]
    assert run(*MAIN, "log", "witnesses", *options).returncode == 0
    yield run
    witness.stop()


@pytest.mark.parametrize("step", KILLS)
def test_a_process_killed_at_any_step_loses_nothing_that_was_acknowledged(installation, step):
    place, moment = KILLS[step]
    killed = installation(sys.executable, "-c", KILLED, place, moment)
    assert killed.returncode == -signal.SIGKILL, killed.stdout + killed.stderr
    size = int(killed.stdout.split()[1])
    after = installation(*MAIN, "log", "checkpoint")
    assert after.returncode == 0, after.stderr
    assert f"{size} entries" in after.stdout
    whole = installation(*MAIN, "log", "fsck")
    assert whole.returncode == 0, whole.stderr
    assert f"{size} signed entries are whole on disk and in the database; 0 wait" in whole.stdout
