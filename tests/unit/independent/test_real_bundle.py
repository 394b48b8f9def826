"""A bundle that the product has written, held against both verifiers whatever is done to it.

`LIGHTWELL_BUNDLE` names its folder, or `LIGHTWELL_DEMO` the home of a finished demo; without them one is made
here from documents made here. Every file of that small one is tried in every way; of a large one a seeded
sample, and each file once in the long suite. In a browser: `test_verifier_page.py`.
"""

from __future__ import annotations

import csv
import hashlib
import os
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

import gaps
import pytest
import verify
from click.testing import CliRunner

from lightwell.cli import verify as command

PROGRAMS = Path(verify.__file__).parent
ROOT = Path(__file__).parents[3]
UNVOUCHED = ("README.txt", "ro-crate-metadata.json", "verify.html")
SAMPLE = 12
DAYS = ("2020-01-01", "2024-02-29", "2026-03-01", "2026-11-25", "2027-06-30", "2031-12-31")
# What is done to a file; returns the names by which it may be refused.
Change = Callable[[Path, Path, random.Random], set[str]]


@pytest.fixture(scope="session")
def real_bundle(small_home: Path) -> Path:
    if "LIGHTWELL_BUNDLE" in os.environ:
        return ROOT / os.environ["LIGHTWELL_BUNDLE"]
    if "LIGHTWELL_DEMO" in os.environ:
        return ROOT / os.environ["LIGHTWELL_DEMO"] / "bundle"
    return small_home / "bundle"


@pytest.fixture(scope="session")
def small_bundle(small_home: Path) -> Path:
    return small_home / "bundle"


@pytest.fixture
def copy(real_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(real_bundle, tmp_path / "copy"))


@pytest.fixture
def small_copy(small_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(small_bundle, tmp_path / "copy"))


def run_first(*arguments: str) -> subprocess.CompletedProcess[str]:
    lightwell = Path(sys.executable).with_name("lightwell")
    return subprocess.run([lightwell, *arguments], capture_output=True, text=True)


def run_second(program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, PROGRAMS / program, *arguments], capture_output=True, text=True)


def judge_twice(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """What the two commands say, each with its exit code, in this process because there are hundreds."""
    first = CliRunner().invoke(command.verify, [str(folder)])
    code = verify.main([str(folder)])
    return f"{first.exit_code} {first.output}", f"{code} {capsys.readouterr().out}"


def read_place(said: str) -> str:
    """The file that a refusal names, without page or line in it."""
    assert said.startswith("1 refused: "), said
    assert said.count("\n") == 1, "a refusal is one sentence"
    return re.split("[:,]", said.removeprefix("1 refused: "))[0]


def list_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def name(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def test_both_programs_verify_it_and_compute_the_same_table_for_any_day(real_bundle: Path) -> None:
    first, second = run_first("verify", str(real_bundle)), run_second("verify.py", str(real_bundle))
    assert (first.returncode, second.returncode) == (0, 0), first.stdout + second.stdout
    assert first.stdout.startswith("verified: ")
    assert second.stdout.endswith("\nverified\n")
    tables = set()
    for day in DAYS:
        arguments = (str(real_bundle), "--as-of", day)
        table = run_second("gaps.py", *arguments).stdout
        assert table.startswith(",".join(gaps.COLUMNS))
        assert run_first("gaps", *arguments).stdout == table
        tables.add(table)
    assert len(tables) > 1, "there is a day before the first document"
    assert run_second("gaps.py", str(real_bundle)).stdout == (real_bundle / "gaps.csv").read_text()


NO_NETWORK = """
import socket, sys
def refuse(*_): raise AssertionError("a verifier asked the network")
socket.socket.connect = socket.getaddrinfo = socket.create_connection = refuse
sys.argv = sys.argv[1:]
"""


def seal_off(*command: str) -> list[str]:
    """The command where there is no network, as far as this machine lets us take it away."""
    jail = ["unshare", "--map-root-user", "--net"]
    allowed = shutil.which("unshare") and not subprocess.run([*jail, "true"], capture_output=True).returncode
    return [*jail, *command] if allowed else [*command]


def test_the_bundle_is_judged_after_its_database_and_site_are_gone_and_without_a_network(
    small_home: Path, tmp_path: Path
) -> None:
    home = Path(shutil.copytree(small_home, tmp_path / "home"))
    assert {path.name for path in home.iterdir()} > {"bundle", "state"}
    for path in home.iterdir():
        if path.name != "bundle":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    bundle, away = str(home / "bundle"), {"PATH": os.environ["PATH"], "LIGHTWELL_STATE": str(home / "gone")}
    tables = []
    for judge, count in (
        ([str(PROGRAMS / "verify.py")], [str(PROGRAMS / "gaps.py")]),
        (["lightwell", "verify"], ["lightwell", "gaps"]),
    ):
        for words in (judge, count):
            run = "from lightwell.cli.main import main; main()"
            if words[0] != "lightwell":
                run = f"import runpy; sys.path.insert(0, {str(PROGRAMS)!r}); "
                run += f"runpy.run_path({words[0]!r}, run_name='__main__')"
            arguments = [sys.executable, "-I", "-c", NO_NETWORK + run, words[0], *words[1:], bundle]
            done = subprocess.run(
                seal_off(*arguments), capture_output=True, text=True, env=away, cwd=tmp_path
            )
            assert (done.returncode, done.stderr) == (0, ""), words
            tables += [done.stdout] if words is count else []
    assert tables[0] == tables[1] == (home / "bundle/gaps.csv").read_text()


def test_the_second_verifier_loads_nothing_but_the_standard_library_and_cryptography(
    small_bundle: Path,
) -> None:
    program = (
        f"import sys; sys.path.insert(0, {str(PROGRAMS)!r}); "
        "import verify; code = verify.main(sys.argv[1:]); "
        "files = [getattr(m, '__file__', None) or '' for m in sys.modules.values()]; "
        "print(*{f.split('site-packages/')[1].split('/')[0] for f in files if 'site-packages/' in f}); "
        "print(*{m.split('.')[0] for m in sys.modules if m.startswith('lightwell')}); sys.exit(code)"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", program, str(small_bundle)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    *_, installed, ours = done.stdout.split("\n")[:-1]
    brought = {each for each in installed.split() if not each.startswith(("_distutils", "__editable__"))}
    assert "cryptography" in brought
    assert {each.partition(".")[0] for each in brought} == {"cryptography", "_cffi_backend"}
    assert ours == ""


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def flip_first(root: Path, path: Path, dice: random.Random) -> set[str]:
    flip(path, 0)
    return {name(root, path)}


def flip_last(root: Path, path: Path, dice: random.Random) -> set[str]:
    flip(path, -1)
    return {name(root, path)}


def flip_anywhere(root: Path, path: Path, dice: random.Random) -> set[str]:
    flip(path, dice.randrange(path.stat().st_size))
    return {name(root, path)}


def truncate(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.write_bytes(path.read_bytes()[: dice.randrange(path.stat().st_size)])
    return {name(root, path)}


def empty(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.write_bytes(b"")
    return {name(root, path)}


def append(root: Path, path: Path, dice: random.Random) -> set[str]:
    with path.open("ab") as file:
        file.write(bytes([dice.randrange(256)]))
    return {name(root, path)}


def append_newline(root: Path, path: Path, dice: random.Random) -> set[str]:
    with path.open("ab") as file:
        file.write(b"\n")
    return {name(root, path)}


def delete(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.unlink()
    return {name(root, path)}


def rename(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.rename(path.with_name("~" + path.name))
    return {name(root, path), name(root, other)}


def change_case(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.rename(path.with_name(path.name.swapcase()))
    return {name(root, path), name(root, other)}


def add(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.with_name(path.name + "x")
    other.write_bytes(path.read_bytes())
    return {name(root, other)}


def add_empty(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.with_name("." + path.name)
    other.touch()
    return {name(root, other)}


def swap(root: Path, path: Path, dice: random.Random) -> set[str]:
    kept = path.read_bytes()
    other = dice.choice([each for each in list_files(root) if each.read_bytes() != kept])
    path.write_bytes(other.read_bytes())
    other.write_bytes(kept)
    return {name(root, path), name(root, other)}


def link(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.symlink_to(path.rename(root.parent / "elsewhere"))
    return {name(root, path)}


def link_folder(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.with_name("~link")
    other.symlink_to("/etc")
    return {name(root, other)}


def make_pipe(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.unlink()
    os.mkfifo(path)
    return {name(root, path)}


def make_folder(root: Path, path: Path, dice: random.Random) -> set[str]:
    path.unlink()
    path.mkdir()
    return {name(root, path)}


def add_folder(root: Path, path: Path, dice: random.Random) -> set[str]:
    other = path.with_name("~folder")
    other.mkdir()
    return {name(root, other)}


CHANGES: list[Change] = [
    *(flip_first, flip_last, flip_anywhere, truncate, empty, append, append_newline, delete, rename),
    *(change_case, add, add_empty, swap, link, link_folder, make_pipe, make_folder, add_folder),
]


def restore(copy: Path, original: Path) -> None:
    """Put back what was changed: whatever is not as it was, in kind, size or time."""
    for path in sorted(copy.rglob("*"), reverse=True):
        source = original / path.relative_to(copy)
        if path.is_symlink() or path.is_file() != source.is_file() or path.is_dir() != source.is_dir():
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for source in list_files(original):
        path = copy / source.relative_to(original)
        if not path.exists() or path.stat().st_mtime_ns != source.stat().st_mtime_ns:
            shutil.copy2(source, path)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_whatever_is_done_to_any_file_is_refused_by_both_with_the_name_of_the_file(
    change: Change, small_bundle: Path, small_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dice = random.Random(16)
    for source in list_files(small_bundle):
        if change is change_case and source.name == source.name.swapcase():
            continue
        names = change(small_copy, small_copy / source.relative_to(small_bundle), dice)
        places = {read_place(said) for said in judge_twice(small_copy, capsys)}
        assert len(places) == 1, places
        assert places <= names, (names, places)
        restore(small_copy, small_bundle)
    assert [said[0] for said in judge_twice(small_copy, capsys)] == ["0", "0"]


def sweep(copy: Path, files: Iterable[Path], capsys: pytest.CaptureFixture[str]) -> None:
    dice = random.Random(15)
    for path in files:
        kept = path.read_bytes()
        (here,) = flip_anywhere(copy, path, dice)
        assert [read_place(said) for said in judge_twice(copy, capsys)] == [here, here]
        path.write_bytes(kept)


def test_both_name_the_file_of_a_byte_changed_in_a_sample_of_the_files(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    top = [copy / each for each in (*UNVOUCHED, "SHA256SUMS", "gaps.csv", "policy", "log/checkpoint")]
    rest = [path for path in list_files(copy) if path not in top]
    sweep(copy, [*top, *random.Random(15).sample(rest, min(SAMPLE, len(rest)))], capsys)


@pytest.mark.full
def test_both_name_the_file_of_a_byte_changed_in_every_file(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep(copy, list_files(copy), capsys)


@pytest.mark.full
def test_both_name_the_file_of_every_single_byte_of_the_small_texts(
    small_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for each in ("SHA256SUMS", "policy", "gaps.csv", "log/checkpoint"):
        path = small_copy / each
        for at in range(path.stat().st_size):
            flip(path, at)
            assert [read_place(said) for said in judge_twice(small_copy, capsys)] == [each, each]
            flip(path, at)


def test_the_commands_themselves_exit_with_1_and_one_sentence(copy: Path) -> None:
    for each in UNVOUCHED:
        flip(copy / each, 9)
        for done in (run_first("verify", str(copy)), run_second("verify.py", str(copy))):
            assert (done.returncode, done.stdout.count("\n"), done.stderr) == (1, 1, ""), done
            assert done.stdout.startswith(f"refused: {each}")
        flip(copy / each, 9)


TRICKS = {
    "a place outside": "../outside",
    "the same place twice spelled": "./policy",
    "a place from the root": "/etc/passwd",
    "an empty part": "log//checkpoint",
    "the other slash": "log\\checkpoint",
    "an inner step back": "log/../policy",
    "the list itself": "SHA256SUMS",
    "nothing": "",
    "a folder": "log/",
    "a zero byte": "policy\0",
    "a name that is no text": "\udcff",
    "a return": "policy\r",
}


@pytest.mark.parametrize("path", TRICKS.values(), ids=TRICKS)
def test_a_path_trick_in_the_list_is_refused_by_both_at_the_list(
    path: str, small_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The list is sorted and its last line fits, so that nothing but the trick is wrong."""
    (small_copy.parent / "outside").write_bytes(b"")
    lines = (small_copy / "SHA256SUMS").read_bytes().split(b"\n")[:-2]
    lines.append(hashlib.sha256(b"").hexdigest().encode() + b"  " + path.encode(errors="surrogateescape"))
    body = b"\n".join([*sorted(lines, key=lambda line: line[66:]), b""])
    (small_copy / "SHA256SUMS").write_bytes(
        body + f"{hashlib.sha256(body).hexdigest()}  SHA256SUMS\n".encode()
    )
    assert {read_place(said) for said in judge_twice(small_copy, capsys)} <= {"SHA256SUMS", path}


HARD_NAMES = {
    "two lines": "two\nlines",
    "a better verdict": "\x1b[2K\rverified: what is in this bundle",
    "no text": "\udcff",
    "turned about": "\u202egpj.exe",
}


@pytest.mark.parametrize("hard", HARD_NAMES.values(), ids=HARD_NAMES)
def test_the_name_of_a_file_that_was_added_cannot_speak_to_the_terminal(
    hard: str, small_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_copy / hard).touch()
    shown = "".join(each if each.isprintable() else "?" for each in hard)
    for said in judge_twice(small_copy, capsys):
        assert said == f"1 refused: {shown}: this file is in the bundle, but not in the list\n"


def test_a_list_in_another_order_or_with_a_line_twice_is_refused_by_both(
    small_copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = (small_copy / "SHA256SUMS").read_bytes().split(b"\n")[:-2]
    for changed in ([*lines[1:], lines[0]], [lines[0], *lines], [lines[0].upper(), *lines[1:]]):
        body = b"\n".join([*changed, b""])
        (small_copy / "SHA256SUMS").write_bytes(
            body + f"{hashlib.sha256(body).hexdigest()}  SHA256SUMS\n".encode()
        )
        assert {read_place(said) for said in judge_twice(small_copy, capsys)} == {"SHA256SUMS"}


def test_what_nothing_vouches_for_may_be_changed_with_its_line_and_the_verdict_says_so(
    copy: Path, capsys: pytest.CaptureFixture[str], mend_list: Callable[[Path], None]
) -> None:
    for each in UNVOUCHED:
        flip(copy / each, -2)
    mend_list(copy)
    sentence = f"{', '.join(UNVOUCHED)}: nothing in the log vouches for them"
    for said in judge_twice(copy, capsys):
        assert said[0] == "0"
        assert sentence in said


def test_a_list_that_is_written_anew_helps_nobody_who_changed_what_the_log_names(
    small_bundle: Path,
    small_copy: Path,
    capsys: pytest.CaptureFixture[str],
    mend_list: Callable[[Path], None],
) -> None:
    dice = random.Random(17)
    for source in list_files(small_bundle):
        here = name(small_bundle, source)
        # For the policy nobody vouches: its addresses may change; `test_forgeries.py` weakens it.
        if here in (*UNVOUCHED, "SHA256SUMS", "policy"):
            continue
        flip_anywhere(small_copy, small_copy / here, dice)
        mend_list(small_copy)
        allowed = {here, "log/checkpoint"} if here.startswith("log/checkpoint") else {here}
        assert {read_place(said) for said in judge_twice(small_copy, capsys)} <= allowed, here
        restore(small_copy, small_bundle)


def test_every_row_of_the_table_is_a_document_that_was_given(small_home: Path) -> None:
    with (small_home / "bundle/gaps.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == len(list_files(small_home.parent / "documents"))
