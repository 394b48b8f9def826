"""What a newcomer meets on a bare machine: each obstacle is one sentence with the command that mends it.

`make` runs in a copy of the Makefile beside a Python that plays the machine; the demo runs as it is.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import hostile_fixture as hostile
import httpx
import pytest
from click.testing import CliRunner

from lightwell.base import errors
from lightwell.cli import main
from lightwell.files import occupancy
from lightwell.sample import demo, own_folder

ROOT = Path(__file__).parents[2]
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]

# What the machine's Python does, by what it is asked: each is a case of a shell.
MACHINES = {
    "too old": ("*version_info*) exit 1;;", "needs Python 3.11 or newer; install it and run again"),
    "without venv": ("*ensurepip*) exit 1;;", "apt-get install python3-venv"),
    "on a full disk": (
        "*-m?venv*) echo 'No space left on device' >&2; exit 1;;",
        "cannot be made here; see above",
    ),
    "without a network": (
        "*-m?venv*) mkdir -p .venv/bin; printf '#!/bin/sh\\necho ERROR: no route >&2; exit 1\\n' "
        ">.venv/bin/python; chmod +x .venv/bin/python;;",
        "Connect this machine to the network",
    ),
}


def run_make(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, folder)
    # What pytest was started by must not reach into this make.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return subprocess.run(
        ["make", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("machine", MACHINES)
def test_a_machine_that_lacks_something_is_told_in_one_sentence(tmp_path: Path, machine: str) -> None:
    case, sentence = MACHINES[machine]
    python = tmp_path / "its python"
    python.write_text(f'#!/bin/sh\ncase "$*" in {case} esac\n')
    python.chmod(0o755)
    done = run_make(tmp_path, "demo", f"PYTHON='{python}'")
    assert done.returncode != 0
    assert sentence in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    if machine == "without a network":
        assert "ERROR: no route" in done.stderr, "the real error stays visible"


def test_a_machine_without_python_is_told_the_same(tmp_path: Path) -> None:
    done = run_make(tmp_path, "demo", "PYTHON=no-such-python")
    assert done.returncode != 0
    assert "needs Python 3.11 or newer" in done.stdout
    assert "not found" not in done.stderr


def test_make_alone_installs_nothing_and_says_what_there_is(tmp_path: Path) -> None:
    done = run_make(tmp_path)
    assert done.returncode == 0
    assert not (tmp_path / ".venv").exists()
    targets = re.search(r"^\.PHONY: (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)[1].split()
    for target in set(targets) - {"help", "docs", "lock"}:
        assert f"make {target}" in done.stdout


def test_every_variable_that_a_sentence_of_the_demo_names_is_the_makefile_s() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"\b([A-Z]{3,})=", Path(demo.__file__).read_text()))
    assert named >= {"DATA", "PLACE", "PORT"}
    for variable in named:
        assert f"$({variable})" in makefile, variable


def test_a_folder_s_name_reaches_the_demo_as_it_is(tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "lightwell"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\nfor each in "$@"; do echo "<$each>"; done\n')
    program.chmod(0o755)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path)
    (program.parent / ".ready").touch()
    name = 'naïve "papers" & it\'s; `more`'
    done = subprocess.run(
        [
            "make",
            "--no-print-directory",
            "--old-file=.venv/bin/.ready",
            "demo",
            f"DATA={name}",
            "SERVE=0",
            "PLACE=a b",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines() == [
        "<demo>", "<--data>", f"<{name}>", "<--home>", "<a b>", "<--no-serve>"
    ]  # fmt: skip


def fail(*words: object) -> str:
    """Run the demo, which must refuse; returns its sentence."""
    result = CliRunner().invoke(main.lightwell, ["demo", *map(str, words)])
    assert isinstance(result.exception, errors.UserMistake), (result.output, result.exception)
    return str(result.exception)


@pytest.fixture
def papers(tmp_path: Path) -> Path:
    return hostile.write_folder(tmp_path / "papers", {"a.pdf": hostile.Case(hostile.make_plain, None)})


def test_the_demo_never_empties_a_folder_that_is_not_its_own(papers: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    for place in (papers, papers / "inside", tmp_path):
        assert "must lie apart from the documents" in fail("--data", papers, "--home", place, "--no-serve")
    home.mkdir()
    (home / "precious").touch()
    assert "was not made by the demo" in fail("--data", papers, "--home", home, "--no-serve")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a.pdf", "home", "papers", "precious"]


@pytest.mark.parametrize("name", ["sqlglot", "opendp"])
def test_the_sample_needs_the_packages_of_private_questions_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    said = fail("--home", tmp_path / "home", "--no-serve")
    assert f"need the Python package {name}; install it with: pip install 'lightwell[query]'" in said
    assert not (tmp_path / "home").exists()


def test_a_second_demo_leaves_the_first_one_alone(papers: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "bundle").mkdir()
    with occupancy.hold_alone(home / demo.MARK) as alone:
        assert alone
        assert "another demo is at work" in fail("--data", papers, "--home", home, "--no-serve")
    assert (home / "bundle").is_dir()


def test_a_place_where_nothing_can_be_written_is_told(papers: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    said = fail("--data", papers, "--home", tmp_path / "file" / "home", "--no-serve")
    assert "(Not a directory); name another place with: make demo PLACE=/path" in said


def test_a_small_disk_is_told_before_anything_is_made(
    papers: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(0, 0, 5_000_000))
    said = fail("--data", papers, "--home", tmp_path / "home", "--no-serve")
    assert "only 0.0 GB are free" in said
    assert "make demo PLACE=/path" in said


def test_a_taken_port_is_told_before_anything_is_made(papers: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        said = fail("--data", papers, "--home", tmp_path / "home", "--port", port)
    assert f"port {port} is taken by another program; choose another: make demo PORT={port + 1}" in said
    assert not (tmp_path / "home" / "state").exists()


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        ("Forschung über Kinder", ("forschung-uber-kinder", "Forschung über Kinder")),
        ("睡眠", ("folder", "睡眠")),
        ("two\nlines", ("two-lines", "two lines")),
        ("-", ("folder", "-")),
        ("x" * 200, ("x" * 60, "x" * 100)),
    ],
)
def test_a_provider_is_named_after_any_folder(tmp_path: Path, folder: str, expected: tuple[str, str]) -> None:
    assert own_folder.name_provider(tmp_path / folder) == expected


def test_a_folder_unlike_the_sample_is_accounted_for_file_by_file(tmp_path: Path) -> None:
    folder = tmp_path / "Schlaf & Müdigkeit"
    case = hostile.Case
    cases = {
        "zero.pdf": case(lambda: b"", None),
        "locked.pdf": case(lambda: hostile.make_encrypted("secret"), None),
        "report.docx": case(lambda: b"PK\x03\x04 no office can read this", None),
        "numbers.csv": case(lambda: b"wave,hours\n1,7.5\n", None),
        ".DS_Store": case(lambda: b"names of other files", None),
    }
    hostile.write_folder(folder, cases)
    hostile.write_folder(folder / "2020" / "in it", {"plain.pdf": case(hostile.make_plain, None)})
    os.utime(folder / "numbers.csv", (-5_000_000_000, 5_000_000_000))
    command = ["demo", "--data", folder, "--home", tmp_path / "home", "--no-serve"]
    done = subprocess.run(
        [*LIGHTWELL, *map(str, command)], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for sentence in (
        "left out, because computers keep them for themselves and they are no documents: '.DS_Store'",
        "  locked.pdf: the PDF is locked with a password",
        "  zero.pdf: the file is empty",
        "3 pages promised = 3 published",
        "5 documents promised = 2 published + 3 published as a file, not read",
        "verified: what is in this bundle matches what the provider sealed",
        "demo.lightwell.example/schlaf-mudigkeit",
    ):
        assert sentence in done.stdout
    found = subprocess.run(
        [*LIGHTWELL, "search", "find", '"Marmalade page 2"'],
        env={**os.environ, "LIGHTWELL_STATE": str(tmp_path / "home" / "state")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "document 1 page 2: plain (Schlaf & Müdigkeit (demo))" in found.stdout


def test_a_demo_that_is_told_to_end_leaves_no_process_behind(papers: Path, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = tmp_path / "home"
    running = subprocess.Popen(
        [*LIGHTWELL, "demo", "--data", str(papers), "--home", str(home), "--port", str(port)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert any("stop with Ctrl-C" in line for line in running.stdout), "the demo never served"
        # The sentence comes a moment before the site listens, and on a busy machine the moment is long.
        with httpx.Client(transport=httpx.HTTPTransport(retries=8), timeout=60) as client:
            page = client.get(f"http://127.0.0.1:{port}/").text
        assert "<strong>Demo:</strong>" in page
        assert "/search/?q=marmalade" in page, "the searches to try are not taken from the documents"
        running.terminate()
        assert running.wait(60) == 128 + signal.SIGTERM
    finally:
        running.kill()
        running.stdout.close()
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(home) not in listed, "a witness still runs"
    with pytest.raises(httpx.TransportError):
        httpx.get(f"http://127.0.0.1:{port}/")
