"""A page that a running site has kept, taken out of view by another process: gone with the next request."""

from __future__ import annotations

import http.client
import os
import shutil
import sqlite3
import subprocess
import urllib.parse
from pathlib import Path

import pytest

from conftest import LIGHTWELL, serve


def run(home: Path, *arguments: object) -> str:
    environment = {**os.environ, "LIGHTWELL_STATE": str(home / "state")}
    command = [*LIGHTWELL, *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def read(site: str, path: str, tag: str = "") -> tuple[int, str, str]:
    """Status, tag and text of one answer, which may be an error."""
    connection = http.client.HTTPConnection(str(urllib.parse.urlsplit(site).netloc), timeout=30)
    connection.request("GET", path, headers={"If-None-Match": tag} if tag else {})
    answer = connection.getresponse()
    return answer.status, answer.headers.get("ETag", ""), answer.read().decode()


@pytest.fixture
def copy(home: Path, tmp_path: Path) -> Path:
    """The sample once more, because what happens here stays in its log."""
    return shutil.copytree(home, tmp_path / "demo")


def test_what_another_process_hides_is_gone_from_a_site_that_kept_it(copy: Path) -> None:
    with sqlite3.connect(copy / "state" / "lightwell.sqlite3") as database:
        study, number = database.execute(
            "SELECT study_id, item.number FROM item JOIN public_page ON item_id = item.id "
            "WHERE public_page.number = 2 ORDER BY item.id LIMIT 1"
        ).fetchone()
        (officer,) = database.execute(
            "SELECT username FROM person WHERE roles LIKE '%safeguarding-officer%'"
        ).fetchone()
    document = f"/studies/{study}/documents/{number}/"
    addresses = [f"{document}page/2/", f"{document}page/2/?words=1-3"]
    with serve(copy) as site:
        tags = {}
        for address in addresses:
            status, tags[address], _ = read(site, address)
            assert status == 200
            # The second answer is the kept one.
            assert read(site, address, tags[address])[0] == 304
        before = read(site, document)[2]
        assert "Out of view" not in before
        run(copy, "suspend", study, number, "--page", 2, "--as", officer)
        for address in addresses:
            assert read(site, address, tags[address])[0] == 451, address
            assert read(site, address)[0] == 451, address
        assert "Out of view" in read(site, document)[2]
        assert read(site, f"{document}page/2/picture")[0] == 404
