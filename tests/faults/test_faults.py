"""Faults at the durable steps of a whole archive's life: nothing confirmed is lost, and a restart completes.

A seeded sample of each journey here. In `make test-full` a larger one of the life of a whole archive, and
every durable step of the three others, each with every fault: `hiding` (hidden parts, from the seal to
opening again), `asking` (questions about a paper) and `handing` (documents handed in by a browser; with an
office file among them, where LibreOffice is, a sample). The same seed chooses the same points:
`LIGHTWELL_FAULT_SEED` repeats a run, `LIGHTWELL_FAULT_POINTS` sets its size. A point whose step a run did not
come to is counted apart, and more than one in a hundred of them is a failure.
"""

import json
import os
import secrets
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

RUN = Path(__file__).with_name("run.py")
# Points of each journey in the ordinary run, and in the full one; 0 is every point.
SAMPLE = {"journey": 12, "hiding": 12, "asking": 6, "handing": 6}
FULL = {"journey": 600, "hiding": 0, "asking": 0, "handing": 0}
PUBLISHING = ("journey", "hiding")
# With an office file each point has LibreOffice print it twice.
OFFICE = 60
SEED = int(os.environ.get("LIGHTWELL_FAULT_SEED") or secrets.randbelow(1_000_000))
SHARES = int(os.environ.get("LIGHTWELL_FAULT_SHARES") or 2)


def start(folder, journey, points, share, **settings):
    command = [sys.executable, RUN, folder, "--journey", journey]
    command += ["--sample", points, "--seed", SEED, "--share", share]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = folder.with_suffix(".jsonl")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*map(str, command)], stdout=out, stderr=subprocess.STDOUT, env=environment | settings
        )
    return process, said


def read(process, said):
    process.wait()
    lines = said.read_text().splitlines()
    assert process.returncode == 0, f"seed {SEED}: " + "\n".join(lines[-20:])
    return [json.loads(line) for line in lines]


def describe(line):
    return f"{line['act']}: {line['fault']} at {line['process']} step {line['number']} ({line['step']})"


def judge(lines, record_property):
    struck = [line for line in lines if "act" in line]
    wrong = [f"{describe(line)}: {'; '.join(line['wrong'])}" for line in struck if line["wrong"]]
    record_property("fault points", len(struck))
    record_property("of all points", lines[0]["all"])
    record_property("kinds of steps", lines[0]["shapes"])
    record_property("by fault", dict(Counter(line["fault"] for line in struck)))
    record_property("by act", dict(Counter(line["act"] for line in struck)))
    record_property("points that failed", len(wrong))
    missed = [describe(line) for line in struck if line["missed"]]
    record_property("points not reached", len(missed))
    record_property("seed", SEED)
    # Steps follow from the seed, but for dates within files, which may change how many writes they take.
    assert len(missed) <= len(struck) // 100, f"seed {SEED}: not reached: " + "\n".join(missed)
    assert not wrong, f"seed {SEED}: " + "\n".join(wrong)
    return struck


@pytest.mark.parametrize("journey", SAMPLE)
def test_a_fault_at_a_sample_of_durable_steps_loses_nothing(tmp_path, record_property, capsys, journey):
    with capsys.disabled():
        print(f"\nfaults at a sample of durable steps of {journey}: LIGHTWELL_FAULT_SEED={SEED}")
    lines = read(*start(tmp_path / "one", journey, SAMPLE[journey], "1/1"))
    assert len(judge(lines, record_property)) == SAMPLE[journey]
    if journey in PUBLISHING:
        assert lines[0]["stored"], "no point lies where a finished file is put into the store"


@pytest.mark.full
@pytest.mark.parametrize(
    ("journey", "most", "office"),
    [*((name, most, "") for name, most in FULL.items()), ("handing", OFFICE, "1")],
)
def test_faults_at_durable_steps_of_every_act_lose_nothing(tmp_path, record_property, journey, most, office):
    points = int(os.environ.get("LIGHTWELL_FAULT_POINTS") or most)
    shares = [
        start(tmp_path / str(k), journey, points, f"{k}/{SHARES}", LIGHTWELL_FAULT_OFFICE=office)
        for k in range(1, SHARES + 1)
    ]
    lines = [line for share in shares for line in read(*share)]
    struck = judge(lines, record_property)
    assert len(struck) == min(points or lines[0]["all"], lines[0]["all"])
    if points == most != OFFICE:
        assert {line["act"] for line in struck} == set(lines[0]["acts"])
