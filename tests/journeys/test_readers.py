"""What a parent, a journalist and a campaigner do on the sample, without JavaScript, step by step.

Each step is a link or a button that stands on the page; nobody types an address but the first. Pictures of
the way are kept when LIGHTWELL_PICTURES names a folder.
"""

from __future__ import annotations

import os
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from conftest import LIGHTWELL

pytestmark = pytest.mark.browser


def picture(browser: webdriver.Chrome, name: str) -> None:
    if "LIGHTWELL_PICTURES" in os.environ:
        browser.save_screenshot(str(Path(os.environ["LIGHTWELL_PICTURES"]) / f"{name}.png"))


def read_main(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "main").text


def follow(browser: webdriver.Chrome, words: str) -> None:
    go(browser, browser.find_element(By.PARTIAL_LINK_TEXT, words).click)


def go(browser: webdriver.Chrome, act: Callable[[], None]) -> None:
    """Do what leads to another page, and wait until the old one is gone: the driver alone does not always."""
    old = browser.find_element(By.TAG_NAME, "html")
    act()
    WebDriverWait(browser, 30).until(lambda _: is_gone(old))
    browser.find_element(By.TAG_NAME, "footer")


def is_gone(element: WebElement) -> bool:
    """Answer whether an element's page was left; the driver says so in more than one way."""
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


def fetch(address: str | None) -> bytes:
    assert address
    with urllib.request.urlopen(address) as answer:
        return bytes(answer.read())


def test_a_parent_reads_what_was_found_about_sleep_and_where_to_get_help(
    site: str, reader: webdriver.Chrome
) -> None:
    reader.get(site)
    assert "more than 50 child-safety organisations asked for five things" in " ".join(
        read_main(reader).split()
    )
    picture(reader, "parent-1-front")
    follow(reader, "Topics")
    follow(reader, "Sleep")
    picture(reader, "parent-2-topic")
    follow(reader, "Night use and sleep")
    text = read_main(reader)
    assert "What was found" in text
    assert "Compared with itself, a child sleeps" in text
    assert "In the words of Larkfield (sample)" in text
    # A place on the same page.
    reader.find_element(By.PARTIAL_LINK_TEXT, "here is help").click()
    assert "0800 1111" in read_main(reader)
    follow(reader, "full report")
    picture(reader, "parent-3-document")
    go(reader, reader.find_element(By.CSS_SELECTOR, "a[href$='/page/1/']").click)
    assert "The words of this page" in read_main(reader)
    picture(reader, "parent-4-page")


def test_a_parent_reports_a_page_on_which_a_child_can_be_identified(
    site: str, reader: webdriver.Chrome
) -> None:
    reader.get(f"{site}/search/?q=sleep")
    go(reader, reader.find_element(By.CSS_SELECTOR, "main a[href*='/page/']").click)
    box = reader.find_element(By.XPATH, "//details[summary[contains(., 'a child can be identified')]]")
    box.find_element(By.TAG_NAME, "summary").click()
    box.find_element(By.TAG_NAME, "textarea").send_keys("A first name stands under the picture.")
    picture(reader, "parent-5-report")
    go(reader, box.find_element(By.TAG_NAME, "button").click)
    assert "thank" in read_main(reader).lower()


def test_a_journalist_finds_a_sentence_quotes_it_and_checks_the_proof_at_home(
    site: str, reader: webdriver.Chrome, tmp_path: Path
) -> None:
    reader.get(site)
    field = reader.find_element(By.CSS_SELECTOR, "form input[type=search]")
    go(reader, lambda: field.send_keys('"by coin"', Keys.ENTER))
    assert "found" in read_main(reader)
    picture(reader, "journalist-1-search")
    go(reader, reader.find_element(By.CSS_SELECTOR, "main a[href*='/page/']").click)
    assert reader.find_elements(By.CSS_SELECTOR, "svg.marks rect.marked"), (
        "the words are not marked on the picture"
    )
    go(reader, reader.find_element(By.CSS_SELECTOR, "a.line-link").click)
    quote = reader.find_element(By.ID, "quote-text").text
    assert "Larkfield (sample)" in quote
    assert "http" in quote
    picture(reader, "journalist-2-quote")
    link = reader.find_element(By.PARTIAL_LINK_TEXT, "Download the proof of this page").get_attribute("href")
    proof = tmp_path / "proof.json"
    proof.write_bytes(fetch(link))
    policy = tmp_path / "policy"
    policy.write_bytes(fetch(f"{site}/log/policy"))
    command = [*LIGHTWELL, "verify", str(proof), "--policy", str(policy)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("verified")
    chosen = reader.find_element(By.PARTIAL_LINK_TEXT, "Download this page as PDF").get_attribute("href")
    assert fetch(chosen).startswith(b"%PDF")


def test_a_journalist_takes_everything_along_and_the_program_at_home_says_verified(
    site: str, reader: webdriver.Chrome, tmp_path: Path
) -> None:
    reader.get(site)
    follow(reader, "How to check")
    follow(reader, "Take everything with you")
    picture(reader, "journalist-3-everything")
    taken = tmp_path / "taken.zip"
    taken.write_bytes(fetch(reader.find_element(By.CSS_SELECTOR, "main a.button").get_attribute("href")))
    done = subprocess.run([*LIGHTWELL, "verify", str(taken)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "labelled sample" in done.stdout


def test_a_campaigner_sees_what_is_late_and_missing_and_what_changed_and_takes_the_table(
    site: str, reader: webdriver.Chrome
) -> None:
    reader.get(site)
    row = reader.find_element(By.ID, "ask-1").text
    assert "days late" in row
    follow(reader, "past the promised date")
    follow(reader, "Late")
    picture(reader, "campaigner-1-late")
    assert "Contact by strangers in Larkfield Live" in read_main(reader)
    table = fetch(reader.find_element(By.LINK_TEXT, "As a table (CSV)").get_attribute("href")).decode()
    assert table.splitlines()[0].endswith(",as_of")
    # Four documents, and a question about a paper that nobody answered.
    assert len(table.splitlines()) == 6
    assert "question-nobody-answered" in table.splitlines()[-1]
    assert "Questions that nobody answered in time" in read_main(reader)
    reader.get(site)
    follow(reader, "Larkfield, risks to children, 2026")
    follow(reader, "Since version 1")
    assert "places changed" in read_main(reader)
    picture(reader, "campaigner-2-changes")
    reader.get(site)
    follow(reader, "Larkfield (sample)")
    follow(reader, "One page to print")
    picture(reader, "campaigner-3-status")
    assert "pages promised" in read_main(reader)


@pytest.mark.parametrize(
    ("button", "place"),
    [("Change a word", "page"), ("Delete a study", "std-"), ("Rewind the record", "record")],
)
def test_whoever_tries_to_cheat_is_refused_by_the_real_program_with_the_place(
    site: str, reader: webdriver.Chrome, button: str, place: str
) -> None:
    reader.get(site)
    go(reader, reader.find_element(By.XPATH, f"//button[normalize-space()='{button}']").click)
    text = read_main(reader)
    picture(reader, f"cheat-{button.split()[0].lower()}")
    assert "refused" in text.lower()
    assert place in text


def test_the_whole_way_to_a_page_works_with_the_keyboard_alone(site: str, reader: webdriver.Chrome) -> None:
    reader.get(f"{site}/search/?q=sleep")
    press_until(reader, lambda tag, address: tag == "a" and "/page/" in address)
    go(reader, lambda: reader.switch_to.active_element.send_keys(Keys.ENTER))
    assert "The words of this page" in read_main(reader)
    press_until(reader, lambda tag, address: "words=" in address)
    go(reader, lambda: reader.switch_to.active_element.send_keys(Keys.ENTER))
    assert reader.find_element(By.ID, "quote-text").text
    press_until(reader, lambda tag, address: tag == "summary")
    reader.switch_to.active_element.send_keys(Keys.ENTER)


def press_until(browser: webdriver.Chrome, found: object, presses: int = 200) -> None:
    """Press Tab until the focus is where it should be, as somebody without a mouse does."""
    for _ in range(presses):
        browser.switch_to.active_element.send_keys(Keys.TAB)
        active = browser.switch_to.active_element
        if found(active.tag_name, active.get_attribute("href") or ""):  # type: ignore[operator]
            return
    raise AssertionError(f"not reached with {presses} presses of Tab")
