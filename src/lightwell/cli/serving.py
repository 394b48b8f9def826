"""`lightwell serve` and `lightwell worker`: the site, and what has to be done by itself.

The worker is a thread beside the site in the same process, or a process of its own. On SQLite whoever holds
`worker.lock` of the state folder works, and others wait for their turn; on PostgreSQL several work at once,
each chore and each few files of a study being claimed by one (`db/claims`). Documents handed in by a browser
are read by a second thread, because a folder may take an hour and the chores may not wait; a third sends what
changed to whoever follows it, within the minute.
"""

from __future__ import annotations

import datetime
import fcntl
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable
from typing import Any

import click

from lightwell.base import errors
from lightwell.cli import installation
from lightwell.files import diary
from lightwell.files.state import State

TARGET = "lightwell.web.wsgi:application"
ROUND_SECONDS = 30.0
# One interpreter answers on one core; each process more holds 60 MB, so that whoever wants more says so.
MOST_PROCESSES = 2
# Somebody sits before a page and waits for the answer.
LOOK_SECONDS = 1.0
# Whoever follows something hears of it within a minute.
ERRAND_SECONDS = 5.0


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option(
    "--processes",
    type=click.IntRange(1, 64),
    default=lambda: min(MOST_PROCESSES, os.cpu_count() or 1),
    show_default="2, or 1 on a single core",
    help="Site processes.",
)
@click.option("--threads", type=click.IntRange(1, 64), default=4, show_default=True, help="Threads of each.")
@click.option("--worker/--no-worker", default=True, help="Run the worker beside the site.")
def serve(host: str, port: int, processes: int, threads: int, worker: bool) -> None:
    """Serve the site, with the worker in the same process.

    Example: lightwell serve --port 8000
    """
    state = installation.open_installation()
    _check_ready(state)
    check_port(host, port)
    from granian import Granian
    from granian.constants import Interfaces
    from granian.log import LogLevels

    server = Granian(
        TARGET,
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=processes,
        blocking_threads=threads,
        log_access=False,
        log_level=LogLevels.warning,
        log_dictconfig=diary.describe_logging(diary.read_form()),
        respawn_failed_workers=True,
        workers_kill_timeout=10,
    )
    click.echo(f"http://{host}:{port}/  (stop with Ctrl-C)")
    if worker:
        server.serve(target_loader=load_with_worker, wrap_loader=True)
    else:
        server.serve()


@click.command()
@click.option("--once", is_flag=True, help="Do what is due and end; non-zero exit when something went wrong.")
def worker(once: bool) -> None:
    """Count each day, ask witnesses for pending checkpoints, keep the search index, read what is handed in.

    Example: lightwell worker --once
    """
    state = installation.open_installation()
    _check_ready(state)
    if once:
        from lightwell.actions import chores, errands, readings

        done = chores.do_chores(state=state)
        read = readings.work(state=state)
        left = errands.do_errands(state=state, now=datetime.datetime.now(datetime.UTC))
        for sentence in (*done.sentences, *read, *left.sentences):
            click.echo(sentence)
        if failures := (*done.failures, *left.failures):
            raise errors.CouldNotCheck("\n".join(failures))
        return
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    work_until(stopping, state)


def load_with_worker(target: str) -> Callable[..., Any]:
    """Load the site in its own process and start the worker beside it."""
    del target
    state = installation.open_installation()
    import importlib

    application: Callable[..., Any] = importlib.import_module("lightwell.web.wsgi").application
    # A daemon: every chore is safe to kill, so the site need not wait for it when it stops.
    threading.Thread(target=work_until, args=(threading.Event(), state), daemon=True).start()
    return application


def work_until(stopping: threading.Event, state: State, round_seconds: float = ROUND_SECONDS) -> None:
    """Do the chores round after round while no other worker of this folder does; say a complaint once."""
    from lightwell.actions import chores

    said: set[str] = set()
    with open(state.root / "worker.lock", "a") as file:
        # On PostgreSQL workers share the chores by claims in the database, wherever they run.
        while not _is_shared() and not stopping.is_set() and not _try_lock(file.fileno()):
            stopping.wait(round_seconds)
        # A daemon: what is being read is taken up again by the next worker.
        threading.Thread(target=read_until, args=(stopping, state), daemon=True).start()
        threading.Thread(target=send_until, args=(stopping, state), daemon=True).start()
        while not stopping.is_set():
            done = chores.do_chores(state=state)
            for sentence in done.sentences:
                say("chore", sentence)
            for failure in done.failures:
                if failure not in said:
                    say("chore-failed", failure, grave=True)
            said = set(done.failures)
            stopping.wait(round_seconds)


def read_until(stopping: threading.Event, state: State) -> None:
    """Check and read what people hand in by a browser, as soon as they ask for it."""
    from django.db import close_old_connections

    from lightwell.actions import readings

    while not stopping.wait(LOOK_SECONDS):
        close_old_connections()
        try:
            for sentence in readings.work(state=state):
                say("reading", sentence)
        except Exception as error:
            # Nobody foresaw it: the operator reads where it was, and the next study has its turn.
            say("reading-failed", "\n  ".join(diary.describe_error(error)), grave=True)
            stopping.wait(ROUND_SECONDS)


def send_until(stopping: threading.Event, state: State) -> None:
    """Send what changed to whoever follows it, every few seconds; say a complaint once."""
    from lightwell.actions import errands

    said: set[str] = set()
    while not stopping.wait(ERRAND_SECONDS):
        try:
            done = errands.do_errands(state=state, now=datetime.datetime.now(datetime.UTC))
        except Exception as error:
            # Nobody foresaw it: only where it was is written, because its words may hold an address.
            say("following-failed", "\n  ".join(diary.describe_error(error)), grave=True)
            stopping.wait(ROUND_SECONDS)
            continue
        for sentence in done.sentences:
            say("following", sentence)
        for failure in done.failures:
            if failure not in said:
                say("following-failed", failure, grave=True)
        said = set(done.failures)


def say(event: str, sentence: str, grave: bool = False) -> None:
    """Tell the operator what the worker did: a sentence, or a line of the log (`files/diary`).

    A line names the chore alone, because sentences of a database repeat values.
    """
    if diary.read_form() == "text":
        click.echo(f"worker: {sentence}", err=True)
    else:
        level = logging.ERROR if grave else logging.INFO
        diary.write_line(event, level, chore=sentence.partition(":")[0].partition("\n")[0][:60])


def check_port(host: str, port: int) -> None:
    """Raise `UserMistake` when another program has the port, before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise errors.UserMistake(
                f"{host}:{port} cannot be used ({error.strerror}); choose another: --port {port % 65535 + 1}"
            ) from None


def _is_shared() -> bool:
    from lightwell.db import claims

    return claims.is_shared()


def _check_ready(state: State) -> None:
    from lightwell.actions import installations

    missing = installations.list_missing_migrations()
    if missing:
        raise errors.Damaged(
            f"the database of {state.root} lacks {len(missing)} steps of this version; run: lightwell init"
        )


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
