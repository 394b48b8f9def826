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
META = ROOT.parent / "shared/data/transparency-disclosures/meta"
TUTORIALS = {"find-what-changed.md": META}


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
    return bool(re.fullmatch(".*".join(map(re.escape, written.split("…"))), said, re.DOTALL))


@pytest.mark.parametrize("name", [name for name, folder in TUTORIALS.items() if folder.is_dir()])
def test_a_tutorial_does_what_it_says(name: str, tmp_path: Path) -> None:
    for file in TUTORIALS[name].glob("*.csv"):
        shutil.copyfile(file, tmp_path / file.name)
    environment = {
        **os.environ,
        "LIGHTWELL_STATE": str(tmp_path / "state"),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    }
    environment.pop("DJANGO_SETTINGS_MODULE", None)
    steps = list_steps((ROOT / "docs/tutorials" / name).read_text("utf-8"))
    assert len(steps) > 8
    for command, answer in steps:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert matches(done.stdout.rstrip("\n"), "\n".join(answer)), f"{command}\n{done.stdout}"


def test_every_tutorial_is_run() -> None:
    assert set(TUTORIALS) == {path.name for path in (ROOT / "docs/tutorials").glob("*.md")}
