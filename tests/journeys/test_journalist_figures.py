"""A journalist finds the largest revision about children's safety, its citation and its chart."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from test_readers import fetch, follow, go, picture, read_main

pytestmark = pytest.mark.browser
SVG = "{http://www.w3.org/2000/svg}"


def test_a_journalist_finds_the_largest_revision_and_takes_citation_chart_and_numbers(
    site: str, reader: webdriver.Chrome
) -> None:
    reader.get(site)
    follow(reader, "Figures")
    picture(reader, "figures-1-all")
    assert "Largest revisions about children's safety" in read_main(reader)
    first = reader.find_element(By.CSS_SELECTOR, "table tbody tr")
    # What the sample planted: the truth is known (sample/figures).
    assert "9,480" in first.text
    assert "Child sexual exploitation · Content actioned" in first.text
    go(reader, first.find_element(By.TAG_NAME, "a").click)
    picture(reader, "figures-2-history")
    text = read_main(reader)
    assert "No explanation was found" in text
    cited = reader.find_element(By.CSS_SELECTOR, "#cite + p").text
    assert "Safety figures" in cited
    assert "editions 2025Q1 to 2026Q2" in cited
    assert cited.endswith(reader.current_url.partition("#")[0].removeprefix(site).rstrip("/") + "/")
    drawn = ElementTree.fromstring(fetch(_find_address(reader, "Chart as SVG")))
    words = " ".join(each.text or "" for each in drawn.iter(f"{SVG}text"))
    assert "Sample: invented company" in words
    assert "in edition 2025Q4" in words or "in edition 2026Q1" in words
    assert fetch(_find_address(reader, "Chart as PNG")).startswith(b"\x89PNG")
    rows = fetch(_find_address(reader, "All numbers (CSV)")).decode()
    assert '2025Q4,2026Q2,"9,480",9480,larkfield-safety-figures-2026q2.csv,' in rows
    # The numbers it is about, from the record's own file.
    go(reader, reader.find_element(By.PARTIAL_LINK_TEXT, "2026Q2").click)
    assert "Whose word it is" in read_main(reader)


def test_a_campaigner_sees_on_the_front_page_that_figures_were_revised_this_week(
    site: str, reader: webdriver.Chrome
) -> None:
    reader.get(site)
    text = read_main(reader).partition("What changed this week")[2]
    assert "Safety figures, edition 2026Q2" in text
    assert "3 earlier numbers revised (2 about children's safety), 1 no longer there" in text
    go(reader, reader.find_element(By.CSS_SELECTOR, ".changes a[href*='/figures/']").click)
    assert "What each edition changed of the past" in read_main(reader)
    follow(reader, "All revisions")
    picture(reader, "figures-3-revisions")
    assert "10 numbers revised, dropped or added later" in read_main(reader)


def _find_address(browser: webdriver.Chrome, words: str) -> str | None:
    return browser.find_element(By.LINK_TEXT, words).get_attribute("href")
