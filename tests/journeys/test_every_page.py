"""Every kind of page of the sample, as a reader reaches it: no barrier, no wide line, no technical word."""

from __future__ import annotations

import os
from pathlib import Path

import crawl
import pytest
import test_site_pages
from selenium import webdriver

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE", ROOT / "node_modules/axe-core/axe.min.js"))
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Kinds of pages that a reader must be able to reach by links alone; more are looked at when there are more.
REACHED = {
    "front", "companies", "company", "topics", "topic", "study", "inventory", "document", "page", "search",
    "late", "held", "reasons", "record", "changes", "log", "lists", "feeds", "checked", "everything", "help",
    "status", "challenges", "challenge", "datasets", "try",
}  # fmt: skip


@pytest.fixture(scope="module")
def found(site: str) -> dict[str, list[str]]:
    found = crawl.crawl_site(site)
    assert not REACHED - set(found), f"no link leads to {REACHED - set(found)}; found {sorted(found)}"
    return found


@pytest.fixture(scope="module")
def pages(found: dict[str, list[str]]) -> list[str]:
    return crawl.choose_pages(found)


@pytest.fixture(scope="module")
def texts(site: str, found: dict[str, list[str]]) -> dict[str, str]:
    """The HTML of every page that was found, by its path."""
    paths = [crawl.ABSENT, *(path for paths in found.values() for path in paths)]
    return {path: crawl.read_page(site + path) or "" for path in paths}


def set_width(browser: webdriver.Chrome, width: int) -> None:
    measure = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", measure)


def read_axe() -> str:
    """Read axe-core; skips where it is not installed."""
    if not AXE.exists():
        pytest.skip("not installed: axe-core; npm install --no-save --prefix . axe-core")
    return AXE.read_text("utf-8")


@pytest.mark.parametrize("width", [1280, 320])
def test_axe_finds_no_barrier_and_no_page_is_wider_than_the_screen(
    site: str, pages: list[str], scripted: webdriver.Chrome, width: int
) -> None:
    program = read_axe()
    set_width(scripted, width)
    found = []
    for place in pages:
        scripted.get(site + place)
        scripted.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
        if (wide := scripted.execute_script("return document.documentElement.scrollWidth")) > width:
            found.append(f"{place} is {wide} pixels wide at {width}")
        scripted.execute_script(program)
        result = scripted.execute_async_script(
            "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
        )
        for each in result["violations"]:
            found.append(f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:120]}")
    assert not found, "\n".join(found)


def test_no_page_shows_a_technical_word_outside_how_this_was_checked(texts: dict[str, str]) -> None:
    found = []
    for place, html in texts.items():
        page = test_site_pages.Page(html)
        text = " ".join(" ".join(page.ours).split()).replace(test_site_pages.PRESCRIBED, "")
        for match in test_site_pages.TECHNICAL.finditer(text):
            found.append(f"{place}: …{text[max(0, match.start() - 40) : match.end() + 30]}…")
    assert not found, "\n".join(found)


def test_every_page_says_how_it_was_checked_and_that_this_is_a_sample(texts: dict[str, str]) -> None:
    for place, html in texts.items():
        assert "How this was checked" in html, place
        assert "invented company, invented documents, sample clock" in html, place
