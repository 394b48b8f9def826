"""Putting bytes or a file into the store: no fault at any step loses them, and putting again completes it.

What the journeys of `test_faults` reach of it by chance is enumerated here, every point with every fault.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).with_name("storing.py")


def test_every_step_of_putting_bytes_or_a_file_may_fail_and_nothing_is_lost(tmp_path, record_property):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    wrong = [line for line in lines if line["wrong"]]
    assert not wrong, "\n".join(map(str, wrong))
    struck = [line for line in lines if "fault" in line]
    record_property("fault points", len(struck))
    reached = {(line["way"], line["before"], line["step"].split()[0]) for line in struck}
    # Whoever changes how bytes get their name finds these here, or the faults would strike beside it.
    for step in ("chmod", "fsync", "rename"):
        assert ("file", "other", step) in reached
    for step in ("utime", "fsync", "remove"):
        assert ("file", "there", step) in reached
    assert {line["fault"] for line in struck} == {"SIGKILL", "EIO", "ENOSPC"}
