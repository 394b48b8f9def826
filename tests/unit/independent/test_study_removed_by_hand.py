"""A registered study that somebody with the database deletes is missed by everybody outside, by name."""

from __future__ import annotations

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import folder_fixture
import gaps
import pytest

PROGRAMS = Path(gaps.__file__).parent
TABLES = ("public_page", "opening", "holding", "item", "inventory", "publication", "disclosure", "study")


@pytest.fixture(scope="module")
def robbed(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The home of an archive whose one study was deleted, row by row, and the study's id."""
    home = Path(shutil.copytree(small_home, tmp_path_factory.mktemp("robbed") / "home"))
    with sqlite3.connect(home / "state/lightwell.sqlite3") as database:
        database.execute("PRAGMA foreign_keys = OFF")
        ((study,),) = database.execute("SELECT id FROM study").fetchall()
        for table in TABLES:
            database.execute(f"DELETE FROM {table}")
    database.close()
    return home, study


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LIGHTWELL_STATE": str(home / "state")}
    command = [*folder_fixture.LIGHTWELL, *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, cwd=home)


@pytest.fixture(scope="module")
def bundle(robbed: tuple[Path, str]) -> Path:
    """The bundle that the robbed archive writes as if nothing had happened."""
    done = run(robbed[0], "bundle", str(robbed[0] / "after"))
    assert done.returncode == 0, done.stderr
    return robbed[0] / "after"


def test_the_table_keeps_every_row_and_both_programs_miss_the_study(
    robbed: tuple[Path, str], bundle: Path
) -> None:
    home, study = robbed
    first = run(home, "gaps", str(bundle))
    second = subprocess.run(
        [sys.executable, PROGRAMS / "gaps.py", str(bundle)], capture_output=True, text=True
    )
    before = (home / "bundle/gaps.csv").read_text()
    for done in (first, second):
        assert (done.returncode, done.stdout) == (1, before)
        assert done.stderr.startswith(f"missing: the log names study {study} (log entry 1); ")
        assert done.stderr.count("\n") == 1, "what else belongs to the study is not told one by one"


def test_both_verifiers_refuse_it_with_a_sentence_out_of_the_log(
    robbed: tuple[Path, str], bundle: Path
) -> None:
    home, study = robbed
    first = run(home, "verify", str(bundle))
    second = subprocess.run(
        [sys.executable, PROGRAMS / "verify.py", str(bundle)], capture_output=True, text=True
    )
    for done in (first, second):
        assert (done.returncode, done.stderr) == (1, "")
        assert f"the log names study {study} (log entry 1); its record is not here" in done.stdout
    assert first.stdout == second.stdout


def test_the_watcher_misses_it_in_the_bundle_and_on_the_running_site(
    robbed: tuple[Path, str], bundle: Path
) -> None:
    home, study = robbed
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "LIGHTWELL_STATE": str(home / "state")}
    command = [*folder_fixture.LIGHTWELL, "serve", "--port", str(port)]
    with (home / "serve.log").open("wb") as out:
        server = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        while server.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/log/checkpoint").close()
                break
            except OSError:
                time.sleep(0.2)
        assert server.poll() is None, (home / "serve.log").read_text()
        for number, target in enumerate((str(bundle), f"http://127.0.0.1:{port}")):
            done = run(home, "monitor", target, "--state", f"seen{number}")
            assert done.returncode == 1, done.stderr
            assert f"missing: the log names study {study} (log entry 1); " in done.stdout
    finally:
        server.terminate()
        server.wait()
