"""The bundle that the demo, or somebody else, has written: LIGHTWELL_BUNDLE names its folder.

A long suite: `make demo SERVE=0 && LIGHTWELL_BUNDLE=var/demo/bundle pytest -m full tests/unit/independent`.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from pathlib import Path

import gaps
import pytest
import verify

PROGRAMS = Path(verify.__file__).parent
BUNDLE = Path(os.environ.get("LIGHTWELL_BUNDLE", "var/demo/bundle"))
LIGHTWELL = Path(sys.executable).with_name("lightwell")
FLIPS = 40
pytestmark = [
    pytest.mark.full,
    pytest.mark.skipif(not BUNDLE.is_dir(), reason="LIGHTWELL_BUNDLE names no bundle"),
]


def run_first(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([LIGHTWELL, *arguments], capture_output=True, text=True)


def run_second(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAMS / program, *arguments], capture_output=True, text=True)


def test_both_programs_verify_it_and_compute_the_same_table_for_any_day() -> None:
    first, second = run_first("verify", str(BUNDLE)), run_second("verify.py", str(BUNDLE))
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert first.stdout.startswith("verified: ")
    assert second.stdout.endswith("\nverified\n")
    for day in ("2024-01-01", "2026-03-01", "2026-11-25", "2031-12-31"):
        arguments = (str(BUNDLE), "--as-of", day)
        table = run_second("gaps.py", *arguments).stdout
        assert table.startswith(",".join(gaps.COLUMNS))
        assert run_first("gaps", *arguments).stdout == table


def test_both_name_the_file_of_a_byte_changed_anywhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from lightwell.base import errors
    from lightwell.client import verify as first_verifier

    copy = Path(shutil.copytree(BUNDLE, tmp_path / "copy"))
    files = sorted(path for path in copy.rglob("*") if path.is_file())
    dice = random.Random(15)
    for path in dice.choices(files, k=FLIPS):
        kept, name = path.read_bytes(), path.relative_to(copy).as_posix()
        at = dice.randrange(len(kept))
        path.write_bytes(kept[:at] + bytes([kept[at] ^ 1 << dice.randrange(8)]) + kept[at + 1 :])
        with pytest.raises(errors.Refused, match=f"^{name}"):
            first_verifier.verify_bundle(copy)
        assert verify.main([str(copy)]) == 1
        assert capsys.readouterr().out.startswith(f"refused: {name}:")
        path.write_bytes(kept)
