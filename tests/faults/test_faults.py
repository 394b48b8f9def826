"""Faults at the durable steps of a whole archive's life: nothing confirmed is lost, and a restart completes.

A seeded sample here; a larger one, of every kind of step in every act, in `make test-full`. The same seed
chooses the same points: `LIGHTWELL_FAULT_SEED` repeats a run, `LIGHTWELL_FAULT_POINTS` sets its size.
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
SAMPLE, FULL = 12, 600
SEED = int(os.environ.get("LIGHTWELL_FAULT_SEED") or secrets.randbelow(1_000_000))
SHARES = int(os.environ.get("LIGHTWELL_FAULT_SHARES") or 2)


def start(folder, points, share):
    command = [sys.executable, RUN, folder, "--sample", points, "--seed", SEED, "--share", share]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    said = folder.with_suffix(".jsonl")
    with said.open("wb") as out:
        process = subprocess.Popen(
            [*map(str, command)], stdout=out, stderr=subprocess.STDOUT, env=environment
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
    record_property("seed", SEED)
    assert not wrong, f"seed {SEED}: " + "\n".join(wrong)
    return struck


def test_a_fault_at_a_sample_of_durable_steps_loses_nothing(tmp_path, record_property, capsys):
    with capsys.disabled():
        print(f"\nfaults at a sample of durable steps: LIGHTWELL_FAULT_SEED={SEED}")
    assert len(judge(read(*start(tmp_path / "one", SAMPLE, "1/1")), record_property)) == SAMPLE


@pytest.mark.full
def test_faults_at_durable_steps_of_every_act_lose_nothing(tmp_path, record_property):
    points = int(os.environ.get("LIGHTWELL_FAULT_POINTS") or FULL)
    shares = [start(tmp_path / str(k), points, f"{k}/{SHARES}") for k in range(1, SHARES + 1)]
    lines = [line for share in shares for line in read(*share)]
    struck = judge(lines, record_property)
    assert len(struck) == min(points, lines[0]["all"])
    assert points < FULL or {line["act"] for line in struck} == set(lines[0]["acts"])
