"""A stranger asks a question in a real browser: from the front page to an answer, no account, no JavaScript.

Needs Chromium with its driver and axe-core, as `test_reader_in_chromium`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import disclosure_fixture
import query_fixture
from test_reader_in_chromium import (
    AXE,
    CHROMIUM,
    DRIVER,
    RULES,
    WIDTHS,
    browser,
    plain_browser,
    set_width,
)

from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
# Fixtures of the other suite, here as there.
FIXTURES = (browser, plain_browser)
PAGE, TRY = f"/records/{query_fixture.DATASET}/", f"/datasets/{query_fixture.DATASET}/try/"
PAGES = (
    "/", "/datasets/", PAGE, TRY, f"{TRY}?example=one-child", f"{TRY}?example=children-events",
    f"/records/{query_fixture.ANSWER}/",
)  # fmt: skip


@pytest.fixture
def site(live_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin="log.example/asked")
    desk = disclosure_fixture.Desk(State(tmp_path / "state"))
    query_fixture.publish_dataset(desk)
    query_fixture.publish_answer(desk)
    return str(live_server.url)


@pytest.mark.parametrize("script", [True, False])
def test_a_stranger_gets_an_answer_from_invented_rows_within_two_minutes(
    site: str, script: bool, request: pytest.FixtureRequest
) -> None:
    reader: webdriver.Chrome = request.getfixturevalue("browser" if script else "plain_browser")
    reader.get(site + "/")
    reader.find_element(By.LINK_TEXT, "Data").click()
    reader.find_element(By.PARTIAL_LINK_TEXT, "Try a question").click()
    field = reader.find_element(By.ID, "question")
    field.clear()
    field.send_keys("SELECT gender, AVG(sleep_hours) AS hours FROM survey GROUP BY gender")
    reader.find_element(By.XPATH, "//button[text()='Ask the invented rows']").click()
    await_heading(reader, "The answer, from invented rows")
    rows = reader.find_elements(By.CSS_SELECTOR, ".answer-box tbody tr")
    assert [row.find_element(By.TAG_NAME, "th").text for row in rows] == ["girl", "boy", "other or not said"]
    assert all(" to " in row.find_elements(By.TAG_NAME, "td")[-1].text for row in rows)
    assert len(reader.find_elements(By.CSS_SELECTOR, ".chart-box svg circle")) == len(rows)
    text = reader.find_element(By.TAG_NAME, "main").text
    assert "These are invented rows." in text
    assert "of the privacy budget, for good." in text
    assert reader.get_cookies() == []


def await_heading(browser: webdriver.Chrome, words: str) -> None:
    """Wait for the page that a form leads to: until then the heading is that of the page before."""
    heading = expected_conditions.text_to_be_present_in_element((By.TAG_NAME, "h1"), words)
    WebDriverWait(browser, 30).until(heading)


def test_a_question_is_asked_and_mended_by_keyboard_alone(site: str, plain_browser: webdriver.Chrome) -> None:
    plain_browser.get(site + TRY)
    field = plain_browser.find_element(By.ID, "question")
    field.clear()
    field.send_keys("SELECT name FROM survey", Keys.TAB, Keys.TAB, Keys.ENTER)
    await_heading(plain_browser, "This question is not answered")
    assert plain_browser.find_element(By.TAG_NAME, "mark").text == "name"
    field = plain_browser.find_element(By.ID, "question")
    assert field.get_attribute("value") == "SELECT name FROM survey"
    field.clear()
    field.send_keys("SELECT COUNT(*) AS n FROM survey", Keys.TAB, "1", Keys.TAB, Keys.ENTER)
    await_heading(plain_browser, "The answer, from invented rows")


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_and_no_page_is_wider_than_the_screen(
    site: str, browser: webdriver.Chrome
) -> None:
    program, found = AXE.read_text("utf-8"), []
    for width in WIDTHS:
        set_width(browser, width)
        for place in PAGES:
            browser.get(site + place)
            browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
            if (wide := browser.execute_script("return document.documentElement.scrollWidth")) > width:
                found.append(f"{place} is {wide} pixels wide at {width}")
            browser.execute_script(program)
            result = browser.execute_async_script(
                "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
            )
            found += [
                f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:120]}"
                for each in result["violations"]
            ]
    assert not found, "\n".join(found)
