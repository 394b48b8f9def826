"""The second verifier judges a bundle without lightwell and without a network, and names what is wrong.

The bundle is that of `conftest.py`, laid down by hand after the document.
"""

from __future__ import annotations

import hashlib
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import verify

PROGRAMS = Path(verify.__file__).parent


def write_list(folder: Path) -> None:
    """Write SHA256SUMS anew, as somebody would who changes a bundle and hides it."""
    names = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names.remove("SHA256SUMS")
    body = "".join(f"{hashlib.sha256((folder / n).read_bytes()).hexdigest()}  {n}\n" for n in names).encode()
    (folder / "SHA256SUMS").write_bytes(body + f"{hashlib.sha256(body).hexdigest()}  SHA256SUMS\n".encode())


def judge(folder: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, str]:
    code = verify.main([str(folder), *more])
    return code, capsys.readouterr().out


def list_files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1
    path.write_bytes(data)


def run(program: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as a stranger would: on the bundle alone, and without a network where we may."""
    command = [sys.executable, "-E", "-s", str(PROGRAMS / program), str(folder)]
    jail = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") and not subprocess.run([*jail, "true"], capture_output=True).returncode:
        command = jail + command
    return subprocess.run(command, capture_output=True, text=True, cwd=folder)


def test_both_programs_accept_the_bundle_alone_and_without_a_network(whole_bundle: Path) -> None:
    judged = run("verify.py", whole_bundle)
    assert (judged.returncode, judged.stderr) == (0, "")
    assert judged.stdout.endswith("\nverified\n")
    assert "7 items sealed = 1 open + 1 partly open" in judged.stdout
    table = run("gaps.py", whole_bundle)
    assert (table.returncode, table.stdout) == (0, (whole_bundle / "gaps.csv").read_text())


def test_a_byte_changed_anywhere_is_refused_with_the_name_of_its_file(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(11)
    for name in list_files(bundle):
        path = bundle / name
        kept = path.read_bytes()
        for _ in range(3):
            flip(path, dice.randrange(len(kept)))
            code, said = judge(bundle, capsys)
            assert (code, said.partition(":")[0]) == (1, "refused")
            assert said.startswith(f"refused: {name}:"), said
            path.write_bytes(kept)
    assert judge(bundle, capsys)[0] == 0


def test_a_change_that_is_hidden_from_the_list_is_still_refused_in_its_place(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Only what nobody vouches for may change: the publisher's own words beside the record."""
    dice = random.Random(12)
    for name in list_files(bundle):
        if name in ("SHA256SUMS", "README.txt", "ro-crate-metadata.json"):
            continue
        path = bundle / name
        kept = path.read_bytes()
        # Of a checkpoint the signed text: a signature line of a key nobody trusts may say anything.
        flip(path, dice.randrange(60 if name.startswith("log/checkpoint") else len(kept)))
        write_list(bundle)
        code, said = judge(bundle, capsys)
        assert code == 1, name
        # A changed key or origin in the policy shows where that key had signed.
        assert said.startswith((f"refused: {name}", "refused: policy", "refused: log/checkpoint")), said
        path.write_bytes(kept)
    write_list(bundle)
    assert judge(bundle, capsys)[0] == 0


def test_a_file_taken_away_is_missed_by_name_although_the_list_was_mended(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in list_files(bundle):
        if name.startswith("log/checkpoints/") and not name.endswith("/24"):
            continue  # an older checkpoint proves when; nothing shows that there was one
        path = bundle / name
        kept = path.read_bytes()
        if b"lightwell.publication.v1" in kept:
            continue  # may be absent, because an item of its study is suspended
        path.unlink()
        for parent in path.parents:
            if any(parent.iterdir()):
                break
            parent.rmdir()
        if name != "SHA256SUMS":
            write_list(bundle)
        code, said = judge(bundle, capsys)
        assert code == 1, name
        assert said.startswith(f"refused: {name}:"), said
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(kept)
        write_list(bundle)
    assert judge(bundle, capsys)[0] == 0


@pytest.mark.parametrize(
    "name",
    ["records/extra.json", "log/extra", "files/0", "certificates/std-x.json", "log/checkpoints/x", "notes"],
)
def test_a_file_that_nothing_leads_to_is_refused_although_it_is_listed(
    bundle: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (bundle / name).write_bytes(b"{}")
    assert judge(bundle, capsys) == (1, f"refused: {name}: this file is in the bundle, but not in the list\n")
    write_list(bundle)
    code, said = judge(bundle, capsys)
    assert (code, said.startswith(f"refused: {name}:")) == (1, True)


def test_links_and_empty_folders_are_refused(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "files" / "empty").mkdir()
    assert judge(bundle, capsys)[1].startswith("refused: files/empty:")
    (bundle / "files" / "empty").rmdir()
    (bundle / "words" / "link").symlink_to("/etc")
    assert judge(bundle, capsys)[1].startswith("refused: words/link:")


def test_what_is_not_there_could_not_be_checked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert judge(tmp_path / "nothing", capsys)[0] == 2
    assert judge(tmp_path, capsys)[0] == 1


def test_the_verdict_follows_the_policy_that_the_reader_brings(
    bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own"
    own.write_bytes((bundle / "policy").read_bytes().replace(b"group two 2", b"group two 3"))
    code, said = judge(bundle, capsys, "--policy", str(own))
    assert (code, "your policy" in said) == (0, True), said
    lines = (bundle / "policy").read_bytes().split(b"\n")
    own.write_bytes(b"\n".join([lines[0], *lines[4:5], b"quorum third", b""]))
    assert judge(bundle, capsys, "--policy", str(own))[0] == 0
    stranger = lines[2].replace(b"first", b"stranger").replace(b"w1.example", b"w9.example")
    own.write_bytes(b"\n".join([lines[0], stranger, b"quorum stranger", b""]))
    code, said = judge(bundle, capsys, "--policy", str(own))
    assert code == 2, "a key that does not fit its id is no policy"
