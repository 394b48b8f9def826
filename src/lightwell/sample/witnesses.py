"""Two witnesses for the demo, as processes of their own on this computer.

They show the mechanism: a log that rewinds is refused. They show no independence, because one person
runs them and the log; the demo and the verdict say so.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from lightwell.base import errors

NAMES = ("witness-one", "witness-two")
_COMMAND = [sys.executable, "-c", "from lightwell.cli.main import main; main()", "witness"]


def choose_ports() -> dict[str, int]:
    """Choose a free port for each witness; somebody else may take it before the witness does, which is told."""
    chosen = {}
    with contextlib.ExitStack() as stack:
        for name in NAMES:
            probe = stack.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            chosen[name] = probe.getsockname()[1]
    return chosen


def make_keys(home: Path, origin: str) -> dict[str, tuple[str, ...]]:
    """Make the keys of both witnesses unless they exist; their public keys by name."""
    found = {}
    for name in NAMES:
        public = home / f"{name}.pub"
        if not public.exists():
            done = subprocess.run(
                [
                    *_COMMAND,
                    "keygen",
                    "--name",
                    f"{name}.{origin.split('/')[0]}",
                    "--key",
                    str(home / f"{name}.key"),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise errors.Damaged(f"the witness {name} could not make its key: {done.stderr.strip()}")
            public.write_text(done.stdout)
        found[name] = tuple(public.read_text().split())
    return found


@contextlib.contextmanager
def run_witnesses(
    home: Path, ports: dict[str, int], log_vkeys: Sequence[str], clock: Path | None
) -> Iterator[None]:
    """Run both witnesses while the block runs; each keeps its state below `home`."""
    processes: list[subprocess.Popen[str]] = []
    try:
        for name in NAMES:
            arguments = ["serve", "--listen", f"127.0.0.1:{ports[name]}", "--key", str(home / f"{name}.key")]
            arguments += ["--state", str(home / name)]
            for vkey in log_vkeys:
                arguments += ["--log", vkey]
            if clock:
                arguments += ["--sample-clock", str(clock)]
            process = subprocess.Popen(
                [*_COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
            )
            processes.append(process)
            _wait_for_address(name, process)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)


def _wait_for_address(name: str, process: subprocess.Popen[str]) -> None:
    seen = ""
    for line in process.stdout or ():
        seen += line
        if "listens on" in line:
            return
    raise errors.Damaged(f"the witness {name} did not start: {seen.strip()}")
