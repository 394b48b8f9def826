"""The real site as its own process, and clients that ask it: what pages and searches are measured with.

The clients are threads of one other process, each with one connection that stays open, so that a time is what
a reader on the same machine waits for: the server's work, its queue and the loopback. Without a pause each
client asks again at once, so that eight of them keep the server as busy as it can be; with one they are
like readers. The answers must be 200; anything else stops the benchmark.

    python benchmarks/serving.py PORT PAUSE < addresses      # used by `ask` only: JSON, one list a client
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import home

START_SECONDS = 60
_OK = 200

Answer = tuple[int, float, int]  # kind, milliseconds, bytes


class Site:
    """A running `lightwell serve` on the state folder of an installation, with the worker inside."""

    def __init__(self, port: int, pid: int) -> None:
        self.port = port
        self.pid = pid

    def ask(self, clients: int, questions: Sequence[tuple[int, str]], pause: float = 0.0) -> list[Answer]:
        """Let clients ask questions (kind, path), each its share in order; every answer with its time.

        Before each question a client waits for up to twice `pause` seconds.
        """
        shares = [list(questions[k::clients]) for k in range(clients)]
        done = subprocess.run(
            [sys.executable, __file__, str(self.port), str(pause)],
            input=json.dumps(shares), capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise SystemExit(f"the clients stopped: {done.stderr[-2000:]}")
        return [(kind, took, size) for kind, took, size in json.loads(done.stdout)]

    def measure_cpu(self) -> float:
        """Measure the CPU seconds that site and worker have used."""
        return home.measure_cpu(self.pid)

    def measure_memory(self) -> float:
        """Measure what site and worker hold, in MB, once nobody asks any more."""
        time.sleep(2)
        return home.measure_memory(self.pid)


@contextlib.contextmanager
def serve(state: Path) -> Iterator[Site]:
    """Serve a state folder on a free port while the block runs."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [*home.LIGHTWELL, "serve", "--port", str(port)],
        env={**os.environ, "LIGHTWELL_STATE": str(state)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _wait_for(port, process)
        yield Site(port, process.pid)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), contextlib.closing(_connect(port)) as connection:
            connection.request("GET", "/robots.txt")
            connection.getresponse().read()
            return
        time.sleep(0.2)
    raise SystemExit("the site does not answer; see what it said above")


def _connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=60)


def _run_client(
    port: int, pause: float, share: list[tuple[int, str]], answers: list[Answer], problems: list[str]
) -> None:
    connection = _connect(port)
    for kind, path in share:
        time.sleep(random.uniform(0, 2 * pause))
        started = time.perf_counter()
        connection.request("GET", path)
        response = connection.getresponse()
        size = len(response.read())
        answers.append((kind, (time.perf_counter() - started) * 1000, size))
        if response.status != _OK:
            problems.append(f"{path} answers {response.status}")
            return
    connection.close()


def main() -> None:
    port, pause = int(sys.argv[1]), float(sys.argv[2])
    shares = json.load(sys.stdin)
    answers: list[Answer] = []
    problems: list[str] = []
    threads = [
        threading.Thread(target=_run_client, args=(port, pause, share, answers, problems)) for share in shares
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if problems or len(answers) != sum(map(len, shares)):
        raise SystemExit("\n".join(problems) or "a client ended early")
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
