"""The single-file verifier in a real Chromium, from disk, without a network: the same verdicts."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

selenium = pytest.importorskip("selenium")
from selenium import webdriver  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "src/lightwell/data/verifier/verify.html"
DRIVER = "/usr/bin/chromedriver"
needs_chromium = pytest.mark.skipif(not shutil.which("chromedriver"), reason="there is no Chromium here")


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking"):
        options.add_argument(argument)
    options.add_argument("--window-size=320,900")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def open_page(browser: webdriver.Chrome) -> None:
    browser.get_log("performance")
    browser.get(PAGE.as_uri())


def read_verdict(browser: webdriver.Chrome) -> tuple[str, str]:
    box = WebDriverWait(browser, 60).until(
        lambda driver: (found := driver.find_element(By.ID, "verdict")).is_displayed() and found
    )
    return box.find_element(By.TAG_NAME, "h2").text, box.find_element(By.TAG_NAME, "p").text


def check(browser: webdriver.Chrome, folder: Path, policy: Path | None = None) -> tuple[str, str]:
    open_page(browser)
    if policy:
        browser.find_element(By.ID, "policy").send_keys(str(policy))
    browser.find_element(By.ID, "folder").send_keys(str(folder))
    return read_verdict(browser)


@pytest.mark.browser
@needs_chromium
def test_a_whole_bundle_is_verified_and_nothing_leaves_the_computer(
    browser: webdriver.Chrome, whole_bundle: Path
) -> None:
    title, sentence = check(browser, whole_bundle)
    assert title == "Verified", sentence
    summary = browser.find_element(By.ID, "summary").text
    assert "7 documents locked in = 1 published + 1 published in part" in summary
    assert "This is a labelled sample" in summary
    asked = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    addresses = {
        each["params"]["request"]["url"] for each in asked if each["method"] == "Network.requestWillBeSent"
    }
    assert addresses == {PAGE.as_uri()}
    assert [each for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []
