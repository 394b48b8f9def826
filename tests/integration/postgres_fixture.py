"""A PostgreSQL of our own for tests: real programs, a new folder, gone afterwards."""

import contextlib
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

PROGRAMS = ("initdb", "pg_ctl", "pg_dump", "pg_restore", "createdb")


def skip_without_postgres(whole_module: bool = False) -> None:
    """Skip when its programs or its driver are not installed."""
    pytest.importorskip("psycopg", reason="the extra postgres is not installed")
    if missing := [name for name in PROGRAMS if shutil.which(name) is None]:
        pytest.skip(
            f"PostgreSQL's programs are not installed: {', '.join(missing)}", allow_module_level=whole_module
        )


@contextlib.contextmanager
def run_server() -> Iterator[Callable[[str], str]]:
    """Run a server; yields a function that makes a database and returns its address.

    It refuses to run as root, so then as the account postgres.
    """
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

    def call(*command: object) -> None:
        drop = (
            {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []} if os.getuid() == 0 else {}
        )
        subprocess.run(
            [*map(str, command)],
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

    def make_database(name: str, like: str = "") -> str:
        template = ["-T", like] if like else []
        call("createdb", "-h", "127.0.0.1", "-p", str(port), "-U", "lightwell", *template, name)
        return f"postgresql://lightwell@127.0.0.1:{port}/{name}"

    def restart() -> None:
        """Restart without letting anybody finish, as after a crash of the server."""
        call(
            "pg_ctl",
            "-D",
            folder / "data",
            "-w",
            "-m",
            "immediate",
            "-o",
            options,
            "-l",
            folder / "log",
            "restart",
        )

    make_database.restart = restart

    try:
        yield make_database
    finally:
        call("pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)
