"""Two people at once, as two real processes: one wins, the other is told, and nothing is done twice."""

import contextlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from postgres_fixture import run_server, skip_without_postgres

TOGETHER = Path(__file__).with_name("together.py")
TOLD = {
    "seal": ("another process", "sealed before: inventory 1"),
    "approve": ("proposal 3 was approved by",),
    "publish": ("somebody has just published", "nothing of these is left to publish"),
}


def run(folder, database=""):
    command = [sys.executable, TOGETHER, folder, "--database", database]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, env=environment, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout)


@pytest.fixture(scope="module", params=["SQLite", "PostgreSQL"])
def met(request, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        address = ""
        if request.param == "PostgreSQL":
            skip_without_postgres()
            address = stack.enter_context(run_server())("together")
        yield run(tmp_path_factory.mktemp("together") / "stage", address)


@pytest.mark.parametrize("place", TOLD)
def test_one_of_two_wins_and_the_other_is_told_in_a_sentence(met, place):
    both = met["met"][place]
    said = [out + err for _, out, err in both]
    told = [any(words in text for words in TOLD[place]) for text in said]
    assert sorted(told) == [False, True], said
    winner, other = both[told.index(False)], both[told.index(True)]
    assert winner[0] == 0, winner
    # Who seals the same folder again is told what is sealed: that is no error.
    assert other[0] == 1 or "sealed before" in other[1], other
    assert "Traceback" not in "".join(said)


def test_the_same_proposal_twice_at_once_is_one_proposal(met):
    both = met["met"]["propose"]
    assert [code for code, _, _ in both] == [0, 0]
    assert both[0][1] == both[1][1]
    assert "proposed as 2" in both[0][1]


def test_afterwards_everything_is_there_once_and_verifies(met):
    facts = met["facts"]
    assert facts["verdict"] == facts["fsck"] == ""
    assert (facts["inventories"], facts["sealed"], facts["measured"]) == (1, 7, 0)
    assert facts["log"].count("publication") == 1
    assert facts["log"].count("opening") == 7
    assert facts["exits"]["search"]
    decided = sorted(str(approved) for _, approved in facts["proposals"])
    assert decided == ["None", "True", "True", "True"]
