"""Publisher and approver hide parts of pages in a browser, by keyboard, with and without JavaScript.

SCREENSHOTS=folder keeps a picture of every room at 1280 and 320 pixels. Needs Chromium with its driver.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import disclosure_fixture as fixture
import hidden_fixture as hidden
from hidden_fixture import NAME, ROOM, STUDY
from test_reader_in_chromium import AXE, CHROMIUM, DRIVER, RULES, WIDTHS, set_width
from test_workspace_in_chromium import APPROVER, PUBLISHER, House, plain, scripted

from lightwell.actions import patterns, people, redactions, samples
from lightwell.db.models import Person, PublicPage, Reading, Redaction, Study
from lightwell.files.state import State
from lightwell.web import pace

__all__ = ["plain", "scripted"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
ROSTER = f"kind,name\nparticipant,{NAME}\nstaff,Pippa Quill\n"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(pace, "TURNS", 1000)
    made, larkfield = hidden.lay(tmp_path / "state"), fixture.find_organisation()
    for name, role in ((PUBLISHER, "publisher"), (APPROVER, "approver")):
        people.add_sample_person(state=made, name=name, roles=[role], organisation=larkfield)
    hidden.lock_in(made, get(PUBLISHER), get(APPROVER), tmp_path / "papers", documents=1)
    return made


def get(name: str) -> Person:
    return Person.objects.get(username=name)


def find_focus(house: House) -> str:
    """What has the focus: the value of a button, or its text."""
    reached = house.browser.switch_to.active_element
    return str(reached.get_attribute("value") or reached.text)


def press_key(house: House, key: str, *, alt: bool = False) -> None:
    """Press a key where the focus is, and wait for the page that it leads to."""
    before = house.browser.find_element(By.TAG_NAME, "main")
    chain = ActionChains(house.browser)
    if alt:
        chain.key_down(Keys.ALT).send_keys(key).key_up(Keys.ALT)
    else:
        chain.send_keys(key)
    chain.perform()
    house.wait(before)


def tick_by_keyboard(house: House, value: str) -> None:
    for _ in range(80):
        ActionChains(house.browser).send_keys(Keys.TAB).perform()
        reached = house.browser.switch_to.active_element
        if reached.get_attribute("value") == value:
            assert reached.value_of_css_property("outline-style") != "none", "no focus is seen"
            reached.send_keys(Keys.SPACE)
            return
    raise AssertionError(f"the keyboard does not reach {value}")


def propose_everything(state: State) -> None:
    study, ana = Study.objects.get(), get(PUBLISHER)
    places = [(1, page, words) for page in (1, 2, 3) for words in (((2, 2), (2, 3)), ((4, 4), (4, 5)))]
    patterns.propose_hits(
        state=state, actor=ana, study=study, hits=places, ground_id="participant", now=hidden.NOW
    )


def test_publisher_and_approver_hide_names_by_keyboard_without_a_script(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    house = House(plain, live_server.url)
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.follow("Hidden parts of its pages")
    assert "nothing hinders it" in house.read()
    house.look("hidden-room")
    house.open(f"/workspace/{ROOM}pages/1/1/")
    house.look("hidden-page")
    tick_by_keyboard(house, "3.3")
    ActionChains(plain).send_keys(Keys.TAB, Keys.SPACE).perform()
    Select(step_to_name(house, "ground")).select_by_value("participant")
    press_key(house, "h", alt=True)
    assert f"{APPROVER} can approve it" in house.read()
    assert f"Propose 2 further places of “{NAME}”" in house.read()
    house.look("hidden-page-proposed")
    house.follow("Propose 2 further places")
    assert len(plain.find_elements(By.CSS_SELECTOR, 'input[name="hit"]:checked')) == 2
    house.look("hidden-same")
    house.press("Propose what is ticked")
    assert "2 hidden parts proposed" in house.read()
    # Programs look, and a person goes through what they suggest: Enter, Enter, Enter.
    house.open(f"/workspace/{ROOM}")
    plain.find_element(By.ID, "detect-roster").send_keys(ROSTER)
    house.press("Look through the pages")
    assert "3 new suggestions" in house.read()
    house.look("hidden-room-suggestions")
    house.follow("Go through them")
    house.look("hidden-suggestions")
    for page in (1, 2, 3):
        assert f"page {page}" in plain.find_element(By.TAG_NAME, "h1").text
        assert find_focus(house) == "all", "the first decision has the focus"
        press_key(house, Keys.ENTER)
    assert "No suggestion waits" in house.read()
    assert APPROVER in house.read()
    house.look("hidden-suggestions-done")
    house.play(APPROVER)
    assert "6 hidden parts to approve" in house.read()
    house.open(f"/workspace/{ROOM}proposals/")
    house.look("hidden-proposals")
    for _ in range(2):
        assert find_focus(house) == "all"
        press_key(house, Keys.ENTER)
    press_key(house, "h", alt=True)
    assert "No proposal waits for you" in house.read()
    assert Redaction.objects.in_force().count() == 6
    # A sample is drawn by one and read by the other.
    house.play(PUBLISHER)
    house.open(f"/workspace/{ROOM}samples/")
    house.fill(id_count="3")
    house.press("Draw")
    assert APPROVER in house.read()
    house.look("samples-drawn")
    house.play(APPROVER)
    house.open(f"/workspace/{ROOM}samples/")
    house.follow("Read the next drawn page")
    house.look("sample-page")
    assert "Katherine" not in house.read()
    for _ in range(3):
        assert find_focus(house) == "clean"
        press_key(house, Keys.ENTER)
    assert "3 of 3 drawn pages read" in house.read()
    house.look("samples-read")
    publish(house)
    assert "Katherine" not in "".join(PublicPage.objects.values_list("text", flat=True))
    house.open(f"/studies/{STUDY}/documents/1/")
    assert "3 of 3 pages drawn at random" in house.read(), house.read()
    assert "These are all its pages" in house.read()
    house.look("public-document")
    lift(house)


def publish(house: House) -> None:
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.fill(**{"publication-items": "1", "publication-summary": "Notes."})
    house.send("/propose/publication/")
    confirm(house, "Publish what a study locked in")


def lift(house: House) -> None:
    """Open the document again with one name readable on every page; who approves sees which."""
    house.play(PUBLISHER)
    house.open(f"/workspace/{ROOM}release/1/")
    house.look("hidden-release")
    rows = Redaction.objects.in_force().filter(words__0__0=2)
    for number in rows.values_list("pk", flat=True):
        house.tick(f"lift-{number}")
    house.press("Propose to open it again")
    house.play(APPROVER)
    house.follow("Open a document again")
    assert "What would become readable" in house.read()
    assert "⟦Katherine Ashdown⟧" in house.read()
    house.look("hidden-release-proposal")
    house.tick("id_looked")
    house.press("Approve and do it")
    assert "Approved and done" in house.read()
    assert "Katherine" in PublicPage.objects.get(number=2).text
    assert "Quill" not in PublicPage.objects.get(number=2).text


def confirm(house: House, words: str) -> None:
    house.play(APPROVER)
    house.follow(words)
    house.tick("id_looked")
    house.press("Approve and do it")
    assert "Approved and done" in house.read(), house.read()


def step_to_name(house: House, name: str) -> object:
    for _ in range(120):
        ActionChains(house.browser).send_keys(Keys.TAB).perform()
        reached = house.browser.switch_to.active_element
        if reached.get_attribute("name") == name:
            return reached
    raise AssertionError(f"the keyboard does not reach {name}")


def test_with_a_script_a_box_is_drawn_and_single_keys_decide_once_they_are_on(
    live_server, state: State, scripted: webdriver.Chrome
) -> None:
    house = House(scripted, live_server.url)
    house.play(PUBLISHER)
    house.open(f"/workspace/{ROOM}pages/1/1/")
    sheet = scripted.find_element(By.CSS_SELECTOR, "[data-draws] img")
    scripted.execute_script("arguments[0].scrollIntoView({block: 'start'})", sheet)
    chain = ActionChains(scripted)
    chain.move_to_element_with_offset(sheet, -100, -300).click_and_hold().move_by_offset(120, 40).release()
    chain.perform()
    edges = [
        int(scripted.find_element(By.ID, f"id_{name}").get_attribute("value"))
        for name in ("left", "top", "right", "bottom")
    ]
    scale = int(sheet.get_dom_attribute("width")) / sheet.size["width"]
    assert abs(edges[2] - edges[0] - 120 * scale) < 4
    assert abs(edges[3] - edges[1] - 40 * scale) < 4
    house.look("hidden-page-drawn")
    house.fill(id_ground="confidential")
    house.press("Propose to hide it")
    (row,) = Redaction.objects.all()
    assert row.boxes == [edges]
    redactions.withdraw_regions(actor=get(PUBLISHER), study=Study.objects.get(), numbers=[row.pk])
    propose_everything(state)
    house.play(APPROVER)
    house.open(f"/workspace/{ROOM}proposals/")
    body = scripted.find_element(By.TAG_NAME, "body")
    body.send_keys("o")
    assert "page 1" in scripted.find_element(By.TAG_NAME, "h1").text, "single keys are off at first"
    assert Redaction.objects.proposed().count() == 6
    house.press("Switch single keys on")
    press_key(house, "s")
    assert "page 2" in scripted.find_element(By.TAG_NAME, "h1").text
    press_key(house, "h")
    press_key(house, "h")
    assert Redaction.objects.in_force().count() == 4
    # With Control a key is the browser's own, and so is one that is typed into a list of choices.
    ActionChains(scripted).key_down(Keys.CONTROL).send_keys("h").key_up(Keys.CONTROL).perform()
    assert Redaction.objects.proposed().count() == 2
    first = scripted.find_element(By.CSS_SELECTOR, 'input[name="hide"]')
    first.click()
    press_key(house, "k")
    assert Redaction.objects.in_force().count() == 5
    assert Redaction.objects.filter(approved=False).count() == 1


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_in_the_rooms_of_hidden_parts(
    live_server, state: State, scripted: webdriver.Chrome
) -> None:
    propose_everything(state)
    study, item = Study.objects.get(), hidden.find_item()
    one = Redaction.objects.order_by("pk").values_list("pk", flat=True)[0]
    redactions.decide_regions(actor=get(APPROVER), study=study, numbers=[one], approved=True, now=hidden.NOW)
    suggestions = [redactions.Suggestion(1, ((1, 0), (1, 1)), "participant", "roster row 2", 100)]
    redactions.keep_suggestions(item=item, suggestions=suggestions, now=hidden.NOW)
    samples.draw_sample(actor=get(PUBLISHER), study=study, count=2, now=hidden.NOW)
    drawn = Reading.objects.order_by("page")[0]
    rooms = {
        PUBLISHER: [
            *("", "pages/1/1/", f"pages/1/1/?confirmed={one}", "suggestions/", "samples/"),
            *(f"same/{one}/", "release/1/"),
        ],
        APPROVER: ["", "proposals/", "proposals/?at=1.2", "pages/1/1/", f"samples/1/{drawn.page}/"],
    }
    house, program, found = House(scripted, live_server.url), AXE.read_text("utf-8"), []
    for name, places in rooms.items():
        house.play(name)
        for place in places:
            house.open(f"/workspace/{ROOM}{place}")
            found += measure(house, program, place)
    house.open(f"/workspace/{ROOM}samples/1/{drawn.page}/")
    house.fill(id_words="99.99", id_ground="participant")
    house.press("This was missed")
    house.look("sample-page-wrong")
    found += measure(house, program, "a refused form")
    assert not found, "\n".join(found)


def measure(house: House, program: str, place: str) -> list[str]:
    browser = house.browser
    browser.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
    house.look(f"axe-{place.replace('/', '-').partition('?')[0]}")
    browser.execute_script(program)
    found = []
    for width in WIDTHS:
        set_width(browser, width)
        result = browser.execute_async_script(
            "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
        )
        found += [
            f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:140]}"
            for each in result["violations"]
        ]
    return found
