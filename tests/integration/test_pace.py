"""What one visitor may ask for is counted by cost, by all processes together, and nobody can tell who."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from lightwell.files import foundation
from lightwell.web import pace

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
STRANGER = "198.51.100.7"
TAKE = "from lightwell.web import pace; print(sum(bool(pace.take_turn('x', 'v', 60)) for _ in range(25)))"


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="archive.example/pace")
    return tmp_path / "state"


def test_several_processes_count_together(root: Path) -> None:
    many = [
        subprocess.Popen(
            [sys.executable, "-c", TAKE], env=dict(os.environ), stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    assert sum(int(each.communicate(timeout=120)[0]) for each in many) == 60


def test_the_minute_ends_and_then_there_are_turns_again(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(pace.time, "time", lambda: now)
    assert [bool(pace.take_turn("x", "v")) for _ in range(6)] == [True] * 5 + [False]
    assert pace.take_turn("x", "another")
    assert pace.take_turn("y", "v")
    now += 59
    turn = pace.take_turn("x", "v")
    assert (turn.granted, turn.wait_seconds) == (False, 1)
    now += 1
    assert pace.take_turn("x", "v")


def test_the_file_tells_nobody_who_was_there_and_forgets(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_800_000_000.0
    monkeypatch.setattr(pace.time, "time", lambda: now)
    pace.pay("reading", STRANGER, 5, 10)
    first = (root / "pace.sqlite3").read_bytes()
    assert STRANGER.encode() not in first
    with pace._open() as file:
        (salt,) = file.execute("SELECT bytes FROM salt").fetchone()
    now += 7200
    pace.pay("reading", "another", 5, 10)
    with pace._open() as file:
        assert file.execute("SELECT count(*) FROM turns").fetchone() == (1,)
        assert [each for (each,) in file.execute("SELECT bytes FROM salt")] != [salt]


def test_counters_that_were_broken_begin_anew_and_never_close_the_archive(root: Path) -> None:
    path = root / "pace.sqlite3"
    path.write_bytes(b"no database at all" * 100)
    assert pace.take_turn("x", "v", 1)
    assert pace.take_turn("x", "v", 1)
    assert not pace.take_turn("x", "v", 1)


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_household_with_ipv6_is_one_visitor(address: str, counted: str) -> None:
    assert pace.name_network(address) == counted


def test_too_much_reading_is_answered_with_429_and_the_seconds_to_wait(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pace, "READING", 12)
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR=STRANGER)
    said = [
        client.get(address).status_code for address in ("/search/?q=a", "/api/1/search?q=a", "/search/?q=b")
    ]
    assert said[2] == 429
    assert 429 not in said[:2]
    for address in ("/search/?q=c", "/api/1/search?q=c"):
        answer = client.get(address)
        assert answer.status_code == 429
        assert 1 <= int(answer["Retry-After"]) <= 60
        assert b"one file" in answer.content
    assert answer["Content-Type"] == "application/problem+json"
    # What costs nothing is still read, and so is everything by others and by this machine itself.
    assert client.get("/how-to-check/").status_code == 200
    for other in ("198.51.100.8", "127.0.0.1", "::1"):
        assert client.get("/search/?q=c", REMOTE_ADDR=other).status_code != 429


def test_whoever_signs_in_too_often_is_told_how_long_to_wait() -> None:
    client = Client(headers={"host": "localhost"}, REMOTE_ADDR=STRANGER)
    answers = [client.post("/workspace/sign-in/", {"username": "ana", "password": "x"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    assert answers[-1]["Retry-After"] == "60"


def test_every_cost_belongs_to_a_route_and_stands_in_the_documents() -> None:
    from exit_fixture import list_routes

    known = {name for name, _ in list_routes()}
    assert {name.removeprefix("api-1:") for name in pace.COSTS} <= known
    page = (ROOT / "docs" / "reference" / "pace.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `([^`]+)` \| (\d+) \|", page, re.M)) == {
        name: str(cost) for name, cost in pace.COSTS.items()
    }
    for number in (pace.READING, pace.TURNS, pace.SECONDS):
        assert re.search(rf"\b{number}\b", page), number
