"""The page "Was this page published?" in a real browser: compared there alone, whole without a script."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
import check_fixture as fixture
import test_reader_in_chromium as reader

pytestmark = reader.pytestmark
_SECONDS = 30


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return fixture.build_archive(tmp_path / "state", tmp_path / "documents")


@pytest.fixture
def chromium() -> Iterator[webdriver.Chrome]:
    browser = reader.start_browser(javascript=True)
    yield browser
    browser.quit()


def compare(browser: webdriver.Chrome, words: str) -> str:
    box = browser.find_element(By.ID, "compare-words")
    box.clear()
    browser.execute_script("arguments[0].value = arguments[1]", box, words)
    browser.find_element(By.CSS_SELECTOR, "#compare button").click()
    answer = browser.find_element(By.ID, "compare-answer")
    WebDriverWait(browser, _SECONDS).until(lambda _: answer.text and "Comparing" not in answer.text)
    return answer.text


def test_pasted_words_are_compared_in_the_browser_which_may_not_send_anything(
    archive: fixture.Archive, live_server, chromium: webdriver.Chrome, tmp_path: Path
) -> None:
    chromium.get(f"{live_server.url}/check/")
    assert compare(chromium, "words") == "Choose the file that you downloaded first."
    chooser = chromium.find_element(By.ID, "compare-set")
    chooser.send_keys(str(archive.files[fixture.WHOLE]))
    assert "not the file for comparing" in compare(chromium, "words")
    damaged = tmp_path / "damaged.fingerprints"
    damaged.write_bytes(archive.fingerprints.read_bytes()[:-1] + b"\0")
    chooser.send_keys(str(damaged))
    assert "damaged" in compare(chromium, "words")
    chooser.send_keys(str(archive.fingerprints))
    assert "too few words" in compare(chromium, "only four words here")

    first, hidden, locked = (fixture.make_text(seed)[0] for seed in (1, 2, 4))
    lines = compare(chromium, "\n".join(" ".join(line).upper() for line in first[:12])).splitlines()
    # Two versions have this page.
    assert {line.partition(" (")[0] for line in lines} == {
        "Found: page 1 of “Report whole”",
        "Found: page 1 of “Report later”",
    }
    assert "120 of your 120 words" in lines[0]
    (line,) = compare(chromium, "\n".join(" ".join(line) for line in hidden)).splitlines()
    assert line.startswith("Found: page 1 of “Report hidden”")
    assert line.endswith("1 hidden parts: participant.")
    for name in fixture.NAME:
        assert name not in line
    assert compare(chromium, "\n".join(" ".join(line) for line in locked)).startswith("Not found")

    # The policy, not our good manners: a script of the page itself may fetch nothing.
    script = "const done = arguments[0]; fetch('/check/').then(() => done('sent'), () => done('forbidden'))"
    assert chromium.execute_async_script(script) == "forbidden"


def test_the_page_is_whole_without_a_script_and_has_no_barrier(
    archive: fixture.Archive, live_server, chromium: webdriver.Chrome
) -> None:
    plain = reader.start_browser(javascript=False)
    try:
        plain.get(f"{live_server.url}/check/")
        assert not plain.find_elements(By.CSS_SELECTOR, "main form, main input, main textarea, main button")
        link = plain.find_element(By.LINK_TEXT, plain.find_element(By.CSS_SELECTOR, "main a.button").text)
        assert link.get_attribute("href").endswith("/everything.fingerprints")
    finally:
        plain.quit()
    if not reader.AXE.exists():
        pytest.skip("npm install --no-save --prefix . axe-core")
    for width in reader.WIDTHS:
        chromium.set_window_size(width, 900)
        chromium.get(f"{live_server.url}/check/")
        chromium.execute_script(reader.AXE.read_text("utf-8"))
        found = chromium.execute_async_script(
            "const done = arguments[1]; axe.run({runOnly: arguments[0]}).then(r => done(r.violations))",
            reader.RULES,
        )
        assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []
        wide = chromium.execute_script("return document.documentElement.scrollWidth")
        assert wide <= chromium.execute_script("return window.innerWidth")
