"""Readers in a real browser: no barrier that axe-core finds, 320 pixels, keyboard only, no JavaScript.

Needs Chromium with its driver and axe-core (MPL-2.0, only here, never shipped):
    npm install --no-save --prefix . axe-core
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
import site_fixture

from lightwell.db.models import Disclosure, Study

ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE", ROOT / "node_modules/axe-core/axe.min.js"))
CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
WIDTHS = (1280, 320)
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def start_browser(*, javascript: bool) -> webdriver.Chrome:
    options = Options()
    options.binary_location = str(CHROMIUM)
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    if not javascript:
        setting = {"profile.managed_default_content_settings.javascript": 2}
        options.add_experimental_option("prefs", setting)
    return webdriver.Chrome(options=options, service=Service(str(DRIVER)))


@pytest.fixture
def site(live_server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:  # type: ignore[no-untyped-def]
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path))
    site_fixture.build_site(tmp_path)
    return str(live_server.url)


@pytest.fixture
def browser() -> Iterator[webdriver.Chrome]:
    started = start_browser(javascript=True)
    yield started
    started.quit()


@pytest.fixture
def plain_browser() -> Iterator[webdriver.Chrome]:
    started = start_browser(javascript=False)
    yield started
    started.quit()


def set_width(browser: webdriver.Chrome, width: int) -> None:
    measure = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measure)


def list_pages() -> list[str]:
    study = Study.objects.order_by("id").first()
    pages = [
        "/",
        "/companies/",
        "/companies/larkfield/",
        "/companies/nightjar/",
        "/companies/larkfield/status/",
        "/topics/",
        "/topics/sexual-images/",
        "/studies/",
        f"/studies/{study.id}/",
        f"/studies/{study.id}/inventory/",
        "/records/",
        "/late/",
        "/held-back/",
        "/reasons/",
        "/log/",
        "/lists/",
        "/feeds/",
        "/how-to-check/",
        "/help/",
        "/changes/",
        "/nowhere/",
    ]
    seen = set()
    for row in Disclosure.objects.filter(tombstone=None).exclude(kind="study").order_by("-version"):
        if row.kind not in seen:
            seen.add(row.kind)
            pages.append(f"/records/{row.record}/{row.version}/")
            if row.version > 1:
                pages.append(f"/records/{row.record}/changes/{row.version - 1}/{row.version}/")
    return pages


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_on_any_page_wide_or_narrow(site: str, browser: webdriver.Chrome) -> None:
    program = AXE.read_text("utf-8")
    found = []
    for width in WIDTHS:
        set_width(browser, width)
        for place in list_pages():
            browser.get(site + place)
            browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
            browser.execute_script(program)
            result = browser.execute_async_script(
                "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
            )
            found += [
                f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:120]}"
                for each in result["violations"]
            ]
    assert not found, "\n".join(found)


def test_no_page_is_wider_than_320_pixels(site: str, browser: webdriver.Chrome) -> None:
    set_width(browser, 320)
    for place in list_pages():
        browser.get(site + place)
        browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        assert browser.execute_script("return document.documentElement.scrollWidth") <= 320, place


def test_the_keyboard_reaches_everything_and_shows_where_it_is(site: str, browser: webdriver.Chrome) -> None:
    set_width(browser, 1280)
    browser.get(site + "/")
    reached = []
    total = browser.execute_script(
        "return [...document.querySelectorAll('a[href], button, input, summary')]"
        ".filter(each => each.checkVisibility()).length"
    )
    for _ in range(total):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        place = browser.execute_script(
            "const e = document.activeElement;"
            "const style = getComputedStyle(e); const mark = e.querySelector && e.querySelector('rect');"
            "const wide = mark && getComputedStyle(mark).strokeWidth === '5px';"
            "const name = e.textContent.trim() || e.getAttribute('aria-label');"
            "return [e.tagName, name, style.outlineStyle !== 'none' || wide]"
        )
        assert place[2], f"nothing shows that {place[:2]} has the focus"
        reached.append(place[1])
    assert reached[0] == "Skip to the content"
    assert len(reached) == total
    assert "How this was checked" in reached


def test_a_parent_finds_what_was_studied_about_sleep_without_javascript(
    site: str, plain_browser: webdriver.Chrome
) -> None:
    plain_browser.get(site + "/")
    assert "asked for five things" in plain_browser.find_element(By.TAG_NAME, "h1").text
    plain_browser.find_element(By.LINK_TEXT, "Topics").click()
    plain_browser.find_element(By.LINK_TEXT, "Sleep").click()
    plain_browser.find_element(By.LINK_TEXT, "Night use and sleep").click()
    text = plain_browser.find_element(By.TAG_NAME, "main").text
    assert "Registered before its declared start" in text
    assert "pages promised =" in text
    box = plain_browser.find_element(By.CSS_SELECTOR, "details.checked")
    box.find_element(By.TAG_NAME, "summary").click()
    assert "What is not:" in box.text


def test_a_journalist_goes_from_the_late_part_of_the_bar_to_the_list_and_takes_it_away(
    site: str, plain_browser: webdriver.Chrome
) -> None:
    plain_browser.get(site + "/")
    plain_browser.find_element(By.CSS_SELECTOR, ".bar ~ .table-box a[href*='late']").click()
    assert "past the promised date" in plain_browser.find_element(By.TAG_NAME, "h1").text
    assert plain_browser.find_elements(By.CSS_SELECTOR, "svg.late-chart rect")
    assert (
        plain_browser.find_element(By.LINK_TEXT, "As a table (CSV)")
        .get_attribute("href")
        .endswith("/lists/late.csv")
    )


def test_a_campaigner_sees_what_is_missing_and_what_changed_in_a_risk_assessment(
    site: str, plain_browser: webdriver.Chrome
) -> None:
    plain_browser.get(site + "/companies/larkfield/")
    row = plain_browser.find_element(By.ID, "ask-3")
    assert "1 of 6 services has a current risk assessment" in row.text
    row.find_element(By.LINK_TEXT, "Larkfield, risks to children, 2026").click()
    plain_browser.find_element(By.LINK_TEXT, "Since version 1").click()
    assert "places changed" in plain_browser.find_element(By.TAG_NAME, "main").text
