"""The tutorials are run as they stand: each command in order, and what it answers compared line by line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared/data"
TUTORIALS = {
    "ask-a-log.md": SHARED / "msnbc-pageviews",
    "ask-a-survey.md": SHARED / "yrbs",
    "find-what-changed.md": SHARED / "transparency-disclosures/meta",
}


def list_steps(text: str) -> list[tuple[str, list[str]]]:
    """List the commands of a tutorial, each with the lines it answers."""
    steps: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.splitlines():
            if line.startswith("$ "):
                steps.append((line[2:], []))
            else:
                steps[-1][1].append(line)
    return steps


def matches(said: str, written: str) -> bool:
    """Compare but for `…`, and for the width of a table's columns, which hangs on its numbers."""
    said, written = (
        re.sub(r" *\n *", "\n", re.sub("─+", "─", re.sub(" +", " ", one))) for one in (said, written)
    )
    said, written = said.strip(), written.strip()
    return bool(re.fullmatch(".*".join(map(re.escape, written.split("…"))), said, re.DOTALL))


def read_numbers(answer: str) -> list[list[float | None]]:
    """Read the rows of a printed table: the numbers after the first column; None for what is no number."""
    rows = [line for line in answer.split("\n\n")[0].splitlines()[2:] if line.strip()]
    cells = [re.split(r"\s{2,}| to ", line.strip())[1:] for line in rows]
    return [[float(cell.replace(",", "")) for cell in row] for row in cells]


def check_survey(answers: list[str]) -> None:
    """The private counts and percentages stand as near to what CDC prints as their noise allows."""
    counted, percent = (answer for answer in answers if " QN80 " in answer and ", for good" in answer)
    for (count, low, high), printed in zip(read_numbers(counted), (11872, 3331, 4900), strict=True):
        # Five standard deviations: a failure in a million runs.
        assert abs(count - printed) < 25
        assert low <= count <= high
        assert high - low < 25
    # What CDC prints, and how far noise (five deviations) and the clamped weights may move it, in points.
    for (share, low, high), printed, most in zip(
        read_numbers(percent)[:2], (42.6, 32.0), (1.8, 5.8), strict=True
    ):
        assert abs(share - printed) < most
        assert low <= share <= high


def check_log(answers: list[str]) -> None:
    """The private counts lie around the bounded quantity, and not around the raw one."""
    asked = next(answer for answer in answers if " category_id " in answer)
    exact = next(answer for answer in answers if answer.startswith("1 667544"))
    bounded = [int(line.split()[2]) for line in exact.splitlines()[:-1]]
    raw = [int(line.split()[1]) for line in exact.splitlines()[:-1]]
    rows = read_numbers(asked)
    assert len(rows) == 17
    assert sum(low <= number <= high for (_, low, high), number in zip(rows, bounded, strict=True)) >= 11
    for (visits, _, _), number, more in zip(rows, bounded, raw, strict=True):
        # The standard deviation is 159.26; five of it and what cutting to 256ths leaves out.
        assert abs(visits - number) < 5 * 159.26 + 60
        assert visits < more + 800


CHECKS = {"ask-a-log.md": check_log, "ask-a-survey.md": check_survey}


@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_does_what_it_says(name: str, tmp_path: Path) -> None:
    if not TUTORIALS[name].is_dir() and not os.environ.get("LIGHTWELL_TESTS_ALL"):
        pytest.skip(f"{TUTORIALS[name]} is not here")
    for file in (*TUTORIALS[name].glob("*.csv"), *TUTORIALS[name].glob("*.parquet")):
        shutil.copyfile(file, tmp_path / file.name)
    environment = {
        **os.environ,
        "LIGHTWELL_STATE": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    steps = list_steps((ROOT / "docs/tutorials" / name).read_text("utf-8"))
    assert len(steps) > 8
    answers = []
    for command, answer in steps:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert matches(done.stdout.rstrip("\n"), "\n".join(answer)), f"{command}\n{done.stdout}"
        answers.append(done.stdout)
    CHECKS.get(name, lambda answers: None)(answers)


def test_every_tutorial_is_run() -> None:
    assert set(TUTORIALS) == {path.name for path in (ROOT / "docs/tutorials").glob("*.md")}
