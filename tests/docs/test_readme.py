"""The README promises commands, files and targets: the commands are run, the rest must be there."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path

import hostile_fixture

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PATIENCE_SECONDS = 60
LINES = [line.partition("#")[0].strip() for line in README.splitlines() if line.startswith("    lightwell ")]


def test_the_commands_of_the_readme_run_one_after_the_other_as_they_stand(tmp_path: Path) -> None:
    """In processes of their own, on one document; only what a reader must fill in is filled in."""
    script = tmp_path / "bin" / "lightwell"
    script.parent.mkdir()
    script.write_text(
        f'#!/bin/sh\nexec {sys.executable} -c "from lightwell.cli.main import main; main()" "$@"\n'
    )
    script.chmod(0o755)
    (tmp_path / "research").mkdir()
    (tmp_path / "research" / "sleep.pdf").write_bytes(hostile_fixture.make_plain())
    port = choose_port()
    given = {"https://archive.example ": f"http://127.0.0.1:{port} ", "STUDY": ""}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LIGHTWELL_")}
    environment["PATH"] = f"{script.parent}:{environment['PATH']}"

    def run(line: str) -> str:
        for word, meant in given.items():
            line = line.replace(word, meant)
        typed = {"person": "a long enough one\na long enough one\n", "seal": "y\n"}.get(line.split()[1], "")
        # Without a terminal of its own a password is read from what is typed.
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        if found := re.search(r"^(std-\w+), version 1$", done.stdout, re.MULTILINE):
            given["STUDY"] = found[1]
        return done.stdout

    checking, publishing = LINES[:3], LINES[3:]
    assert publishing.pop() == "lightwell serve"
    for line in publishing:
        run(line)
    site = subprocess.Popen(
        [script, "serve", "--port", str(port)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert site.stdout.readline(), "the site ends at once"
        wait_for(port, site)
        assert "verified: what is in this bundle matches" in run(checking[0])
        assert run(checking[1]).startswith("study,item,state")
        assert "nothing to report" in run(checking[2])
    finally:
        site.terminate()
        site.wait(30)
        site.stdout.close()


def wait_for(port: int, site: subprocess.Popen[str]) -> None:
    """Wait until the site listens: it says its address first, and loads every view before it answers."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
            return
        except OSError:
            assert site.poll() is None, "the site ends before it listens"
            assert time.monotonic() < deadline, "the site never listens"
        time.sleep(0.1)


def choose_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_every_file_of_the_readme_is_there() -> None:
    named = re.findall(r"`([\w./-]+\.(?:md|py|html))`|`(docs/[\w/]*)`|\]\((docs/[\w./-]+)\)", README)
    for place in {name for groups in named for name in groups if name}:
        assert list(ROOT.glob(place)) or list(ROOT.rglob(place)), place


def test_every_make_target_of_the_readme_is_there() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"\bmake ([a-z-]+)", README)):
        if target not in ("and",):
            assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"make {target}"
