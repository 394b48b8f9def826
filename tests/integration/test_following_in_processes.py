"""Senders that are killed, and several at once, on SQLite and PostgreSQL: no mail is lost or comes anew."""

from __future__ import annotations

import collections
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from following_fixture import SITE, Post
from postgres_fixture import run_server, skip_without_postgres

STAGE = [sys.executable, str(Path(__file__).with_name("following_stage.py"))]
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
COUNT = 12


@pytest.fixture
def post() -> Iterator[Post]:
    with Post() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def environment(request: pytest.FixtureRequest, tmp_path: Path, post: Post) -> Iterator[dict[str, str]]:
    """An installation with followers and a publication of which nobody has heard yet."""
    given = {
        **os.environ,
        "LIGHTWELL_STATE": str(tmp_path / "state"),
        "LIGHTWELL_ADDRESS": SITE,
        "LIGHTWELL_MAIL": f"smtp://127.0.0.1:{post.port}",
        "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")]),
    }
    if request.param == "sqlite":
        set_up(given, tmp_path)
        yield given
        return
    skip_without_postgres()
    with run_server() as make_database:
        given["LIGHTWELL_DATABASE"] = make_database("following")
        set_up(given, tmp_path)
        yield given


def set_up(environment: dict[str, str], folder: Path) -> None:
    for command in (
        [*LIGHTWELL, "init", "--origin", "log.example/following"],
        [*STAGE, "set-up", str(folder / "documents"), str(COUNT)],
    ):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def start(environment: dict[str, str], *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen([*STAGE, *words], env=environment, stdout=subprocess.PIPE, text=True)


def test_several_senders_at_once_and_one_that_is_killed_lose_nothing(
    environment: dict[str, str], post: Post
) -> None:
    killed = start(environment, "send-and-die", "5")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert len(post.taken) == 5
    several = [start(environment, "send") for _ in range(3)]
    for each in several:
        each.communicate()
        assert each.returncode == 0
    last = start(environment, "send")
    said = json.loads(last.communicate()[0].splitlines()[-1])
    assert said["waiting"] == 0, said
    # The mail in hand when the sender died came twice, under the same id; every other came once.
    names = collections.Counter(message["Message-ID"] for _, message in post.taken)
    assert len(names) == COUNT
    assert sorted(names.values()) == [1] * (COUNT - 1) + [2]
    (twice,) = [name for name, times in names.items() if times == 2]
    assert len({to for to, message in post.taken if message["Message-ID"] == twice}) == 1
    assert {to for to, _ in post.taken} == {f"f{k}@example.org" for k in range(COUNT)}
