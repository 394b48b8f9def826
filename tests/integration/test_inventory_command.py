"""`lightwell inventory` as a user runs it: in a second process, with exit codes and sentences."""

import subprocess
import sys
from pathlib import Path

import hostile_fixture

RUN = [sys.executable, "-c", "from lightwell.cli.main import main; main()", "inventory"]


def run(*words: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*RUN, *map(str, words)], capture_output=True, text=True, check=False)


def test_a_draft_passes_its_own_check_and_edits_are_not_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "research"
    (folder / "2020").mkdir(parents=True)
    (folder / "2020" / "sleep report.pdf").write_bytes(hostile_fixture.make_plain(3))
    (folder / "notes, raw.bin").write_bytes(b"\0")
    table = tmp_path / "inventory.csv"
    assert run("draft", folder, "--output", table).returncode == 0
    checked = run("check", folder, table)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "2 documents, 3 pages" in checked.stdout
    assert "1 held as files" in checked.stdout
    assert "notes, raw.bin: held as a file, its pages are not read\n" in checked.stdout
    assert "Sealing takes about 0 s with 2 processes" in checked.stdout
    again = run("draft", folder, "--output", table)
    assert again.returncode == 1
    assert "may hold your edits" in again.stderr


def test_mistakes_come_as_sentences_without_a_traceback(tmp_path: Path) -> None:
    folder = tmp_path / "research"
    folder.mkdir()
    (folder / "a.pdf").write_bytes(b"%PDF")
    (folder / "link.pdf").symlink_to("/etc/passwd")
    (tmp_path / "plain").mkdir()
    table = tmp_path / "inventory.csv"
    table.write_text("number,file\n")
    for words, sentence in (
        (("draft", tmp_path / "nowhere"), "there is no folder"),
        (("draft", folder), "is a link or a device"),
        (("check", tmp_path / "plain", table), "first line must be exactly"),
        (("check", folder, tmp_path / "none.csv"), "there is no file"),
    ):
        finished = run(*words)
        assert finished.returncode == 1
        assert sentence in finished.stderr
        assert "Traceback" not in finished.stderr
