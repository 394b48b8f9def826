"""The same log on a real PostgreSQL: begin, append from two processes at once, sign, back up, restore."""

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_restore", "createdb")

pytest.importorskip("psycopg", reason="the extra postgres is not installed")
if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
    pytest.skip(f"PostgreSQL's programs are not installed: {', '.join(missing)}", allow_module_level=True)

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
    """A PostgreSQL of our own in a new folder; it refuses to run as root, so then as the account postgres."""
    account = pwd.getpwuid(os.getuid())
    if account.pw_uid == 0:
        try:
            account = pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no account postgres")
    folder = Path(tempfile.mkdtemp(prefix="lightwell-pg-"))
    os.chown(folder, account.pw_uid, account.pw_gid)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def call(*command):
        drop = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        subprocess.run(
            command,
            check=True,
            capture_output=True,
            timeout=60,
            cwd=folder,
            env={**os.environ, "HOME": str(folder)},
            **drop,
        )

    call("initdb", "-D", folder / "data", "-U", "lightwell", "--auth=trust", "--no-sync", "-E", "UTF8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1"
    call("pg_ctl", "-D", folder / "data", "-w", "-o", options, "-l", folder / "log", "start")

    def make_database(name):
        call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "lightwell", name)
        return f"postgresql://lightwell@127.0.0.1:{port}/{name}"

    yield make_database
    call("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


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
