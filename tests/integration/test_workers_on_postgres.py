"""Two workers on a real PostgreSQL share the work and do nothing twice; a restart of it halves nothing."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from postgres_fixture import run_server, skip_without_postgres

skip_without_postgres(whole_module=True)
HERE = Path(__file__).parent
MAIN = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
STAGE = [sys.executable, str(HERE / "postgres_stage.py")]
DOCUMENTS = 48
PATIENCE_SECONDS = 240


@pytest.fixture(scope="module")
def server() -> Iterator:
    with run_server() as make_database:
        yield make_database


class Site:
    """One installation on PostgreSQL, and processes that work on it."""

    def __init__(self, state: Path, address: str) -> None:
        paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
        self.state = state
        self.environment = {
            **os.environ, "LIGHTWELL_STATE": str(state), "LIGHTWELL_DATABASE": address,
            "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        }  # fmt: skip

    def start(self, *command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )

    def run(self, *command: str, code: int | None = 0) -> str:
        process = self.start(*command)
        said, _ = process.communicate(timeout=PATIENCE_SECONDS)
        assert code is None or process.returncode == code, said
        return said

    def observe(self) -> dict:
        return json.loads(self.run(*STAGE, "observe").splitlines()[-1])


def wait_until(good, what: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not good():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def test_two_workers_share_the_files_of_a_study_and_the_chores_and_do_nothing_twice(server, tmp_path) -> None:
    site = Site(tmp_path / "state", server("shared"))
    site.run(*MAIN, "init", "--origin", "archive.example/two")
    site.run(*STAGE, "set-up", str(DOCUMENTS))
    workers = [site.start(*MAIN, "worker") for _ in range(2)]
    try:
        asked = site.state / "incoming"
        wait_until(lambda: not list(asked.rglob("asked*")), "the files were never read")
        time.sleep(1.5)  # the helper says what it did once its own round is over
    finally:
        for each in workers:
            each.send_signal(signal.SIGTERM)
        said = [each.communicate(timeout=60)[0] for each in workers]
    seen = site.observe()
    assert [number for number, _ in seen["items"]] == list(range(1, DOCUMENTS + 1)), said
    assert {pages for _, pages in seen["items"]} == {4}
    # Each file was encrypted once: its bytes and its parts.
    assert seen["sealed"] == 2 * DOCUMENTS, said
    assert any("for another worker" in each for each in said), said
    assert any("read of documents" in each for each in said), said
    assert not any("Traceback" in each for each in said), said
    # One day is counted once, and the log is whole, whoever of the two did it.
    assert seen["counts"] == 1
    assert seen["dense"]
    assert "signed entries are whole" in site.run(*MAIN, "log", "fsck")


def test_a_worker_that_is_killed_leaves_its_share_to_the_other(server, tmp_path) -> None:
    site = Site(tmp_path / "state", server("killed"))
    site.run(*MAIN, "init", "--origin", "archive.example/killed")
    site.run(*STAGE, "set-up", str(DOCUMENTS))
    workers = [site.start(*MAIN, "worker") for _ in range(2)]
    try:
        store = site.state / "files" / "sealed"
        wait_until(lambda: len(list(store.glob("*/*"))) > 8 if store.exists() else False, "nothing was read")
        workers[0].kill()
        wait_until(lambda: not list((site.state / "incoming").rglob("asked*")), "the files were never read")
    finally:
        workers[1].send_signal(signal.SIGTERM)
        said = [each.communicate(timeout=60)[0] for each in workers]
    seen = site.observe()
    assert [number for number, _ in seen["items"]] == list(range(1, DOCUMENTS + 1)), said


PARTS = ("entries", "publications", "pages", "visible", "open", "redacted", "lifted")


@dataclass(frozen=True)
class Waiting:
    """A proposal that waits, kept to be struck again and again, and what is there before it and after."""

    kind: str
    folder: Path
    steps: int
    before: dict
    after: dict

    def begin(self, server, folder: Path, name: str) -> Site:
        """Begin once more from what was kept, in a database of its own."""
        site = Site(folder / "state", server(name, like=self.kind))
        shutil.copytree(self.folder / "kept", folder / "state")
        return site


def keep(server, site: Site, folder: Path, kind: str) -> Waiting:
    before = site.observe()
    shutil.copytree(site.state, folder / "kept")
    tried = Waiting(kind, folder, 0, before, {}).begin(server, folder / "tried", f"tried_{kind}")
    steps = json.loads(tried.run(*STAGE, "approve", "never", str(folder)).splitlines()[-1])["queries"]
    return Waiting(kind, folder, steps, before, tried.observe())


@pytest.fixture(scope="module")
def publication(server, tmp_path_factory) -> Waiting:
    """Three documents, in two of which a name is hidden, are to be published."""
    folder = tmp_path_factory.mktemp("publication")
    site = Site(folder / "state", server("publication"))
    site.run(*MAIN, "init", "--origin", "archive.example/restart")
    site.run(*STAGE, "publish-set-up", str(folder / "documents"))
    waiting = keep(server, site, folder, "publication")
    before, after = waiting.before, waiting.after
    assert (before["pages"], before["open"], before["redacted"], before["named"]) == (0, 1, [0, 0], [])
    assert (after["pages"], after["open"], after["publications"]) == (6, 0, 1)
    assert (after["redacted"], after["named"]) == ([2, 3], [])
    return waiting


@pytest.fixture(scope="module")
def release(server, publication, tmp_path_factory) -> Waiting:
    """They are published, and one of them is to be opened again with nothing hidden."""
    folder = tmp_path_factory.mktemp("release")
    site = publication.begin(server, folder, "release")
    site.run(*STAGE, "approve", "never", str(folder))
    site.run(*STAGE, "release-set-up")
    waiting = keep(server, site, folder, "release")
    assert (waiting.before["lifted"], waiting.before["named"]) == (0, [])
    assert (waiting.after["lifted"], waiting.after["publications"]) == (2, 2)
    # In its file, and in the file of its words, which is nobody's own.
    assert waiting.after["named"] == [0, 1]
    return waiting


# A share of what the story asks of the database, or a moment at the end of its transaction.
POINTS = [f"{share / 100:.2f}" for share in range(5, 100, 5)] + ["before-commit", "after-commit"]
SAMPLE = {"publication": ("0.95", "before-commit", "after-commit"), "release": ("before-commit",)}


@pytest.mark.parametrize(
    ("kind", "point"),
    [
        pytest.param(kind, point, marks=() if point in sample else pytest.mark.full)
        for kind, sample in SAMPLE.items()
        for point in POINTS
    ],
)
def test_postgres_restarted_while_pages_with_hidden_parts_open_loses_nothing_and_shows_no_half(
    server, request, tmp_path, kind, point
) -> None:
    waiting: Waiting = request.getfixturevalue(kind)
    before, after = waiting.before, waiting.after
    name = f"{kind}_{point.replace('.', '_').replace('-', '_')}"
    site = waiting.begin(server, tmp_path, name)
    place = str(max(1, round(waiting.steps * float(point)))) if point[0] == "0" else point
    approving = site.start(*STAGE, "approve", place, str(tmp_path))
    wait_until(lambda: (tmp_path / "reached").exists() or approving.poll() is not None, "never there")
    assert approving.poll() is None, approving.communicate()[0]
    server.restart()
    (tmp_path / "go").touch()
    said, _ = approving.communicate(timeout=PATIENCE_SECONDS)
    seen = site.observe()
    state = {part: seen[part] for part in PARTS}
    whole, nothing = ({part: each[part] for part in PARTS} for each in (after, before))
    assert seen["dense"]
    if approving.returncode == 0 or point == "after-commit":
        assert state == whole, said
    else:
        assert state == nothing, said
    # What is to be opened may lie there under its digest; what stays hidden lies nowhere.
    assert set(seen["named"]) <= set(after["named"])
    # Tried again it is done, once; the log can be signed and is whole, and so is all that is public.
    again = site.run(*STAGE, "approve", "never", str(tmp_path), code=None)
    seen = json.loads(site.run(*STAGE, "settle", str(tmp_path / "bundle")).splitlines()[-1])
    assert {part: seen[part] for part in (*PARTS, "named")} == whole | {"named": after["named"]}, again
    assert (seen["dense"], seen["visible"]) == (True, 6)
