"""What an earlier version left behind comes up under today's: migrated, served, verified, and gone on with.

Each archive in tests/data/upgrade was made by that version's own code (`make_state.py` beside them). A tag
without one fails, so that no version is released that nobody can leave.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import httpx
import pytest
from test_serving import MAIN, find_port, wait_for

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "tests" / "data" / "upgrade"
ARCHIVES = sorted(KEPT.glob("state-*.tar.xz"))
_MOST_BYTES = 1_000_000


class Site:
    """The unpacked state of a version, and commands of today on it."""

    def __init__(self, state: Path) -> None:
        self.state = state
        kept = {name: value for name, value in os.environ.items() if name != "LIGHTWELL_DATABASE"}
        self.environment = {**kept, "LIGHTWELL_STATE": str(state)}

    def run(self, *arguments: object, code: int = 0) -> str:
        command = [*MAIN, *map(str, arguments)]
        done = subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout + done.stderr


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name.removesuffix(".tar.xz"))
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    with tarfile.open(request.param) as archive:
        # Python 3.11 knows the filter from 3.11.4 on; these archives are our own.
        options = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}
        archive.extractall(tmp_path / "state", **options)
    (tmp_path / "state").chmod(0o700)
    return Site(tmp_path / "state")


def test_every_tagged_version_left_an_archive_and_each_is_small() -> None:
    assert ARCHIVES
    assert all(path.stat().st_size < _MOST_BYTES for path in ARCHIVES)
    if shutil.which("git") and (ROOT / ".git").exists():
        tags = subprocess.run(
            ["git", "tag", "--list", "v*"], cwd=ROOT, capture_output=True, text=True, check=True
        )
        kept = {path.name.removeprefix("state-").removesuffix(".tar.xz") for path in ARCHIVES}
        assert set(tags.stdout.split()) <= kept, "see tests/data/upgrade/make_state.py"


def test_an_older_archive_is_migrated_served_verified_and_gone_on_with(site: Site, tmp_path: Path) -> None:
    # Before its tables are brought up nothing works on them, and that is a sentence.
    assert "run: lightwell init" in site.run("worker", "--once", code=3)
    assert "tables of the database" in site.run("init")
    site.run("worker", "--once")
    assert "entries are whole" in site.run("log", "fsck")
    bundle = tmp_path / "bundle"
    site.run("bundle", bundle)
    verdict = site.run("verify", bundle, "--policy", site.state / "policy")
    assert verdict.startswith("verified: what is in this bundle matches")
    independent = subprocess.run(
        [sys.executable, ROOT / "tests/independent/verify.py", bundle, "--policy", site.state / "policy"],
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert independent.returncode == 0, independent.stdout + independent.stderr
    port = find_port()
    serving = subprocess.Popen(
        [*MAIN, "serve", "--port", str(port), "--processes", "1", "--no-worker"],
        env=site.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        address = f"http://127.0.0.1:{port}"
        wait_for(f"{address}/how-to-check/", lambda answer: answer.status_code == 200)
        (study,) = re.findall(r"std-[0-9a-z]+", httpx.get(f"{address}/sitemap.xml").text)[:1]
        documents = f"{address}/studies/{study}/documents"

        def read(number: int, page: int) -> str:
            text = re.sub("<[^>]+>", " ", httpx.get(f"{documents}/{number}/page/{page}/").text)
            return " ".join(text.split())

        assert "document 1 page 1 was counted" in read(1, 1)
        assert "document 2 page 1 was counted" in read(2, 1)
        picture = httpx.get(f"{documents}/1/page/1/picture")
        assert (picture.status_code, picture.headers["content-type"]) == (200, "image/png")
        assert json.loads(httpx.get(f"{documents}/1/page/1/proof.json").text)
        for number, page in ((1, 2), (2, 2), (3, 1), (4, 1)):
            assert f"document {number} page {page} was counted" not in read(number, page)
        found = httpx.get(f"{address}/api/1/search?q=slumber").json()
        assert found["pages"] == 2
    finally:
        serving.send_signal(signal.SIGTERM)
        serving.wait(timeout=30)
