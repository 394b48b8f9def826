"""The operator's commands as processes: begin, sign, back up, restore; an old copy stays silent."""

import importlib.util
import io
import os
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lightwell.tlog import note

_spec = importlib.util.spec_from_file_location("log_fixture", Path(__file__).parent / "log_fixture.py")
log_fixture = sys.modules.setdefault("log_fixture", importlib.util.module_from_spec(_spec))
_spec.loader.exec_module(log_fixture)

MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
ORIGIN = "archive.example/log"


def run(state, *arguments, code=0):
    environment = {name: value for name, value in os.environ.items() if name != "LIGHTWELL_DATABASE"}
    done = subprocess.run(
        [*MAIN, *map(str, arguments)],
        env={**environment, "LIGHTWELL_STATE": str(state)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said
    return said


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "state"
    run(folder, "init", "--origin", ORIGIN)
    return folder


def read_tree(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and not path.name.startswith(("web.key", "lightwell.sqlite3"))
    }


def test_beginning_again_changes_nothing(state):
    before = read_tree(state)
    assert "nothing was changed" in run(state, "init")
    assert "nothing was changed" in run(state, "init", "--origin", ORIGIN)
    assert read_tree(state) == before
    assert (state / "log.key").stat().st_mode & 0o777 == 0o600
    assert state.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "name the log"),
        (["--origin", "sample.example/log"], "add --sample"),
        (["--origin", "real.example", "--sample"], "change --origin"),
        (["--origin", "has space"], "spaces"),
        (["--origin", "a.example", "--witness", "nonsense"], "VKEY=https"),
        (["--origin", "a.example", "--quorum", "2"], "needs witnesses"),
    ],
)
def test_a_wrong_beginning_is_one_clear_sentence(tmp_path, arguments, words):
    assert words in run(tmp_path / "state", "init", *arguments, code=1)


def test_a_log_never_changes_its_name(state):
    assert "never changes its name" in run(state, "init", "--origin", "other.example", code=1)


def test_no_witness_is_said_plainly_and_the_log_still_works(state):
    assert "nobody but you can tell" in run(state, "init")
    assert "1 entries" in run(state, "log", "checkpoint")
    assert "whole" in run(state, "log", "fsck")


def test_a_backup_restores_the_same_log_and_never_overwrites(state, tmp_path):
    run(state, "worker", "--once")
    target = tmp_path / "copy.tar"
    run(state, "backup", target)
    assert "never overwritten" in run(state, "backup", target, code=1)
    with tarfile.open(target) as archive:
        names = archive.getnames()
    assert not [name for name in names if "key" in name], "no secret without --with-keys"
    restored = tmp_path / "restored"
    assert "put log.key and keys/ back" in run(restored, "restore", target)
    assert "is not empty" in run(restored, "restore", target, code=1)
    assert "no log" in run(restored, "log", "fsck", code=3)
    other = tmp_path / "other"
    run(other, "restore", target, "--log-key", state / "log.key")
    assert "2 signed entries are whole" in run(other, "log", "fsck")
    assert (other / "log" / "checkpoint").read_bytes() == (state / "log" / "checkpoint").read_bytes()


@pytest.mark.parametrize("part", ["log/checkpoint", "lightwell.sqlite3", "policy"])
def test_a_backup_with_one_changed_byte_restores_nothing_and_names_the_file(state, tmp_path, part):
    run(state, "log", "checkpoint")
    target = tmp_path / "copy.tar"
    run(state, "backup", target, "--with-keys")
    with tarfile.open(target) as archive:
        place = archive.getmember(part).offset_data + 10
    data = bytearray(target.read_bytes())
    data[place] ^= 1
    target.write_bytes(data)
    restored = tmp_path / "restored"
    assert f"{part} has changed" in run(restored, "restore", target, code=1)
    assert not restored.exists()
    target.write_bytes(data[: len(data) // 2])
    run(restored, "restore", target, code=1)
    assert not restored.exists()


def test_a_backup_keeps_who_may_read_what(state, tmp_path):
    target, restored = tmp_path / "copy.tar", tmp_path / "restored"
    run(state, "backup", target, "--with-keys")
    run(restored, "restore", target)
    modes = {path.name: path.stat().st_mode & 0o777 for path in restored.rglob("*") if path.is_file()}
    assert modes["log.key"] == 0o600
    assert modes["policy"] == 0o644
    assert restored.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("../outside", tarfile.REGTYPE), ("log/../../outside", tarfile.REGTYPE),
        ("/outside", tarfile.REGTYPE),
        ("policy", tarfile.SYMTYPE), ("policy", tarfile.LNKTYPE), ("policy", tarfile.FIFOTYPE),
        (".", tarfile.REGTYPE),
    ],
)  # fmt: skip
def test_a_backup_from_elsewhere_writes_nothing_outside_and_makes_no_link(tmp_path, name, kind):
    target, restored = tmp_path / "copy.tar", tmp_path / "deep" / "restored"
    restored.parent.mkdir()
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "../../outside"
    with tarfile.open(target, "w") as archive:
        archive.addfile(member, io.BytesIO())
    assert "is no plain file of it" in run(restored, "restore", target, code=1)
    assert [path.name for path in tmp_path.rglob("*")] == ["copy.tar", "deep"]
    assert not Path("/outside").exists()


def test_a_restored_old_copy_signs_nothing_until_the_newest_is_back(state, tmp_path):
    keys = [note.parse_vkey(line) for line in run(state, "log", "keys").split()]
    witnesses = [log_fixture.Witness(tmp_path, f"w{number}.example", keys) for number in (1, 2)]
    try:
        options = [part for each in witnesses for line in each.list_options() for part in ("--witness", line)]
        assert "quorum witnesses of 2" in run(state, "log", "witnesses", *options, "--quorum", "2")
        run(state, "log", "checkpoint")
        old, new = tmp_path / "old.tar", tmp_path / "new.tar"
        run(state, "backup", old, "--with-keys")
        run(state, "worker", "--once")
        run(state, "backup", new, "--with-keys")
        copy = tmp_path / "copy"
        run(copy, "restore", old)
        assert "old copy" in run(copy, "log", "checkpoint", code=3)
        assert "old copy" in run(copy, "worker", "--once", code=2)
        with sqlite3.connect(copy / "lightwell.sqlite3") as database:
            assert database.execute("SELECT count(*) FROM checkpoint").fetchone() == (1,)
        newest = tmp_path / "newest"
        run(newest, "restore", new)
        assert "2 entries" in run(newest, "log", "checkpoint")
        for each in witnesses:
            each.stop()
        # Two of two are needed, so one answer would do; with none nobody knows whether this is the newest.
        assert "Too few witnesses answered" in run(newest, "log", "checkpoint", code=2)
    finally:
        for each in witnesses:
            each.stop()


def test_the_doctor_says_each_check_in_one_line_and_what_to_do(state):
    run(state, "worker", "--once")
    said = run(state, "doctor").splitlines()
    names = [line.split(" ", 1)[1].strip().partition(":")[0] for line in said]
    wanted = [
        "python",
        "sqlite",
        "disk",
        "folder",
        "clock",
        "database",
        "keys",
        "log",
        "checkpoint",
        "index",
        "leftovers",
        "questions",
        "security",
        "following",
        "libreoffice",
        "pango",
        "tesseract",
    ]
    assert names == [*wanted, "witnesses"]
    os.chmod(state / "log.key", 0o644)
    assert "chmod 600" in run(state, "doctor", code=3)
    os.chmod(state / "log.key", 0o600)
    path = state / "log" / "tile" / "entries" / "000.p" / "2"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    broken = run(state, "doctor", code=3)
    assert "BROKEN  log: the log on disk is damaged: tile/entries/000.p/2" in broken
    assert "ok      database" in broken, "one broken check does not stop the others"


def test_the_doctor_names_a_witness_that_does_not_answer(state, tmp_path):
    keys = [note.parse_vkey(line) for line in run(state, "log", "keys").split()]
    witness = log_fixture.Witness(tmp_path, "w1.example", keys)
    try:
        options = [part for line in witness.list_options() for part in ("--witness", line)]
        run(state, "log", "witnesses", *options)
        run(state, "log", "checkpoint")
        assert f"{witness.url} answers; it has cosigned 1 entries" in run(state, "doctor")
    finally:
        witness.stop()
    assert "could not be reached" in run(state, "doctor", code=3)
