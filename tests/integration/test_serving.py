"""Site and worker in one process: the day is counted and shown without anybody asking."""

import os
import signal
import socket
import subprocess
import sys
import time

import httpx
import pytest

from lightwell.tlog import note

MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
PATIENCE_SECONDS = 60


@pytest.fixture
def environment(tmp_path):
    found = {name: value for name, value in os.environ.items() if name != "LIGHTWELL_DATABASE"}
    return {**found, "LIGHTWELL_STATE": str(tmp_path / "state")}


def run(environment, *arguments):
    return subprocess.run(
        [*MAIN, *arguments], env=environment, capture_output=True, text=True, timeout=90, check=False
    )


def find_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url: str, good) -> httpx.Response:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = httpx.get(url, timeout=5)
            if good(answer):
                return answer
        except httpx.HTTPError:
            pass
        assert time.monotonic() < deadline, f"{url} never answered as awaited"
        time.sleep(0.1)


def read_size(answer: httpx.Response) -> int:
    return int(note.parse_note(answer.text).text.split("\n")[1])


def test_the_worker_beside_the_site_counts_the_day_and_readers_see_it(environment):
    assert run(environment, "init", "--origin", "archive.example/log").returncode == 0
    port = find_port()
    serving = subprocess.Popen(
        [*MAIN, "serve", "--port", str(port)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    try:
        site = f"http://127.0.0.1:{port}"
        wait_for(
            f"{site}/log/checkpoint", lambda answer: answer.status_code == 200 and read_size(answer) == 2
        )
        entries = httpx.get(f"{site}/log/tile/entries/000.p/2").content
        assert b'"type":"rules"' in entries
        assert b'"items":0,"studies":0,"type":"count"' in entries
        taken = run(environment, "serve", "--port", str(port))
        assert taken.returncode == 1
        assert "choose another" in taken.stderr
    finally:
        serving.send_signal(signal.SIGTERM)
        said = serving.communicate(timeout=30)[0].decode()
    assert serving.returncode == 0, said
    assert "Traceback" not in said


def test_serving_before_the_database_is_ready_says_what_to_do(environment, tmp_path):
    assert run(environment, "init", "--origin", "archive.example/log").returncode == 0
    (tmp_path / "state" / "lightwell.sqlite3").unlink()
    done = run(environment, "serve", "--port", str(find_port()))
    assert done.returncode == 3
    assert "run: lightwell init" in done.stderr
