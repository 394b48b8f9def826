"""The labelled sample as `make demo` leaves it, served by a real process, and a browser to read it with.

`LIGHTWELL_DEMO` names the home of a demo that was just made (CI makes it first); without it the sample is
made here, which takes two minutes. Either way a copy is served, so that the demo stays as it was.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

ROOT = Path(__file__).parents[2]
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]
FLAGS = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
]


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the demo's home."""
    made = Path(os.environ["LIGHTWELL_DEMO"]) if "LIGHTWELL_DEMO" in os.environ else None
    copy = tmp_path_factory.mktemp("journeys") / "demo"
    if made is None:
        subprocess.run(
            [*LIGHTWELL, "demo", "--home", str(copy), "--no-serve"], check=True, capture_output=True
        )
    else:
        shutil.copytree(ROOT / made, copy)
    return copy


@pytest.fixture(scope="session")
def site(home: Path) -> Iterator[str]:
    """The address of the site over the sample, served by `lightwell serve`."""
    with serve(home) as address:
        yield address


@contextlib.contextmanager
def serve(home: Path, **settings: str) -> Iterator[str]:
    """Serve the sample in `home` by a process of its own; its address, which it knows with settings."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = {**os.environ, "LIGHTWELL_STATE": str(home / "state"), **settings}
    if settings:
        environment["LIGHTWELL_ADDRESS"] = address
    with (home / "serve.log").open("wb") as out:
        server = subprocess.Popen(
            [*LIGHTWELL, "serve", "--port", str(port)], env=environment, stdout=out, stderr=out
        )
    try:
        _wait_for(f"{address}/everything.zip", server, home / "serve.log")
        yield address
    finally:
        server.terminate()
        server.wait()


def _wait_for(address: str, server: subprocess.Popen[bytes], out: Path) -> None:
    """Wait for the last thing that the worker makes after the start: the packed bundle."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(address):
                return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(out.read_text())


def start_browser(*, javascript: bool) -> webdriver.Chrome:
    if missing := [name for name in ("chromium", "chromedriver") if shutil.which(name) is None]:
        pytest.skip(f"not installed: {', '.join(missing)}; apt-get install chromium chromium-driver")
    options = Options()
    options.binary_location = str(shutil.which("chromium"))
    for flag in FLAGS:
        options.add_argument(flag)
    if not javascript:
        options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
    started = webdriver.Chrome(options=options, service=Service(str(shutil.which("chromedriver"))))
    # Between two pages there is none for a moment; a test waits for what it looks for.
    started.implicitly_wait(10)
    return started


@pytest.fixture(scope="session")
def scripted() -> Iterator[webdriver.Chrome]:
    """A browser with JavaScript, which axe-core needs."""
    started = start_browser(javascript=True)
    yield started
    started.quit()


@pytest.fixture
def reader() -> Iterator[webdriver.Chrome]:
    """A browser without JavaScript, as every reader's journey must work."""
    started = start_browser(javascript=False)
    yield started
    started.quit()
