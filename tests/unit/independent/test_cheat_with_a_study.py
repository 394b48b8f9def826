"""The button "Delete a study": nothing of it is left, the list of files fits, and the log alone tells."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import folder_fixture
import gaps
import pytest

from lightwell.actions import tampering
from lightwell.client import bundle as bundles

PROGRAMS = Path(gaps.__file__).parent
JUDGES = {
    "ours": [*folder_fixture.LIGHTWELL, "verify"],
    "independent": [sys.executable, str(PROGRAMS / "verify.py")],
}


@pytest.fixture(scope="module")
def cheated(small_home: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    copy = Path(shutil.copytree(small_home / "bundle", tmp_path_factory.mktemp("cheated") / "bundle"))
    records = [json.loads(path.read_bytes()) for path in (copy / "records").glob("*.json")]
    study = next(record["id"] for record in records if record.get("kind") == "study")
    assert f"the study {study} is gone" in tampering.delete_study(copy)
    return copy, study


def test_no_file_but_the_log_speaks_of_the_study_and_the_list_fits(cheated: tuple[Path, str]) -> None:
    copy, study = cheated
    speaking = [path for path in copy.rglob("*") if path.is_file() and study.encode() in path.read_bytes()]
    assert {path.relative_to(copy).parts[0] for path in speaking} == {"log"}
    bundles.check_list(bundles.open_bundle(copy))


@pytest.mark.parametrize("judge", JUDGES)
def test_the_verdict_names_the_study_and_comes_from_the_log(cheated: tuple[Path, str], judge: str) -> None:
    copy, study = cheated
    done = subprocess.run([*JUDGES[judge], str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    said = done.stdout + done.stderr
    assert "SHA256SUMS" not in said
    assert study in said
    assert "log entry" in said
