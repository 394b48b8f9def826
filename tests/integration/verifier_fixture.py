"""The single-file verifier in a real Chromium, from disk: a folder goes in, title and sentence come out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

selenium = pytest.importorskip("selenium")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "src/lightwell/data/verifier/verify.html"
DRIVER = "/usr/bin/chromedriver"
needs_chromium = pytest.mark.skipif(not shutil.which("chromedriver"), reason="there is no Chromium here")


@contextmanager
def run_chromium() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(argument)
    options.add_argument("--window-size=320,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    try:
        yield driver
    finally:
        driver.quit()


def open_page(browser: webdriver.Chrome) -> None:
    browser.get_log("performance")
    browser.get(PAGE.as_uri())
    # What is packed in the page is unpacked first; until then nothing can be chosen.
    WebDriverWait(browser, 10).until(lambda driver: driver.find_element(By.ID, "drop").is_enabled())


def read_verdict(browser: webdriver.Chrome) -> tuple[str, str]:
    box = WebDriverWait(browser, 60).until(
        lambda driver: (found := driver.find_element(By.ID, "verdict")).is_displayed() and found
    )
    return box.find_element(By.TAG_NAME, "h2").text, box.find_element(By.TAG_NAME, "p").text


def check(browser: webdriver.Chrome, folder: Path, policy: Path | None = None) -> tuple[str, str]:
    """Give the page a bundle, and a policy of one's own; the title and sentence of its verdict."""
    open_page(browser)
    if policy:
        browser.find_element(By.ID, "policy").send_keys(str(policy))
    browser.find_element(By.ID, "folder").send_keys(str(folder))
    return read_verdict(browser)
