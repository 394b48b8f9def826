"""The same log on a real PostgreSQL: begin, append from two processes at once, sign, back up, restore."""

import os
import subprocess
import sys

import pytest
from postgres_fixture import run_server, skip_without_postgres

skip_without_postgres(whole_module=True)
MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]

APPEND = """
import sys
from lightwell.cli import installation
state = installation.open_installation()
from lightwell.actions import log
for k in range(40):
    log.append(entries=[{"type": "x", "v": 1, "who": sys.argv[1], "n": k, "part": j} for j in range(5)])
"""


@pytest.fixture(scope="module")
def server():
    with run_server() as make_database:
        yield make_database


def start(state, address, *command):
    environment = {**os.environ, "LIGHTWELL_STATE": str(state), "LIGHTWELL_DATABASE": address}
    return subprocess.Popen(
        [*map(str, command)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def run(state, address, *arguments, code=0):
    process = start(state, address, *MAIN, *arguments)
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    assert "Traceback" not in said
    return said


def test_the_log_grows_without_gaps_from_two_processes_and_survives_a_restore(server, tmp_path):
    address = server("one")
    state = tmp_path / "state"
    run(state, address, "init", "--origin", "archive.example/log")
    assert not (state / "lightwell.sqlite3").exists()
    writers = [start(state, address, sys.executable, "-c", APPEND, name) for name in ("ada", "bea")]
    for writer in writers:
        said, _ = writer.communicate(timeout=120)
        assert writer.returncode == 0, said
    assert "401 entries" in run(state, address, "log", "checkpoint")
    run(state, address, "worker", "--once")
    assert "402 signed entries are whole" in run(state, address, "log", "fsck")
    assert "postgresql, reachable" in run(state, address, "doctor")
    target = tmp_path / "copy.tar"
    run(state, address, "backup", target, "--with-keys")
    restored, other = tmp_path / "restored", server("two")
    run(restored, other, "restore", target)
    assert "402 signed entries are whole" in run(restored, other, "log", "fsck")
    again = tmp_path / "again"
    assert "is not empty" in run(again, other, "restore", target, code=1)
    assert "the backup holds PostgreSQL" in run(tmp_path / "third", "", "restore", target, code=1)


def test_a_database_that_cannot_be_reached_or_named_is_one_sentence(tmp_path):
    state = tmp_path / "state"
    run(state, "", "init", "--origin", "archive.example/log")
    said = run(state, "postgresql://u:very-secret@127.0.0.1:1/x", "log", "checkpoint", code=3)
    assert "cannot be reached" in said
    assert "very-secret" not in said
    said = run(state, "mysql://u:very-secret@h/x", "log", "checkpoint", code=1)
    assert "write it as postgresql://" in said
    assert "very-secret" not in said
