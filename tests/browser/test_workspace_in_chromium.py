"""Publisher, approver and officer in a browser without JavaScript: from a draft to public pages and back.

SCREENSHOTS=folder keeps a picture of every room at 1280 and 320 pixels. Needs Chromium with its driver.
"""

from __future__ import annotations

import datetime
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from django.core.cache import cache
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import disclosure_fixture as fixture
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from document_fixture import STUDY, make_pdf
from test_reader_in_chromium import AXE, CHROMIUM, DRIVER, RULES, WIDTHS, set_width, start_browser

from lightwell.actions import inventories, log, overview, people
from lightwell.archive import inventory
from lightwell.db.models import Item, Person, Study
from lightwell.files import foundation
from lightwell.files.state import State
from lightwell.web import pace

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
PASSWORD = "seven brave otters swim"
PUBLISHER, APPROVER, OFFICER = "larkfield-publisher", "larkfield-approver", "sample-officer"
PAGE = f"/studies/{STUDY}/documents/1/page/2/"


class House:
    """The workspace as one person after the other uses it, and a picture of every room they enter."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser, self.address = browser, address
        self.pictures = Path(os.environ["SCREENSHOTS"]) if "SCREENSHOTS" in os.environ else None

    def open(self, place: str) -> None:
        self.browser.get(self.address + place)

    def play(self, name: str) -> None:
        """Leave, come back to the door and choose a person."""
        self.browser.delete_all_cookies()
        self.open("/workspace/")
        self.look("sign-in")
        self.go(self.browser.find_element(By.CSS_SELECTOR, f'button[value="{name}"]'))
        assert "Desk" in self.browser.title, self.read()

    def press(self, words: str) -> None:
        buttons = self.browser.find_elements(By.CSS_SELECTOR, "main button")
        (found,) = [each for each in buttons if each.is_displayed() and each.text.strip() == words]
        self.go(found)

    def follow(self, words: str) -> None:
        links = self.browser.find_elements(By.TAG_NAME, "a")
        self.go(next(each for each in links if each.is_displayed() and words in each.text))

    def go(self, control: WebElement) -> None:
        """Press what leads to another page and wait until it is there: a click alone returns too early."""
        before = self.browser.find_element(By.TAG_NAME, "main")
        control.click()
        wait = WebDriverWait(self.browser, 20, poll_frequency=0.02)
        wait.until(expected_conditions.staleness_of(before))
        wait.until(expected_conditions.presence_of_element_located((By.CSS_SELECTOR, "footer.site-foot")))

    def fill(self, **values: str) -> None:
        for name, value in values.items():
            field = self.browser.find_element(By.ID, name.replace("_", "-"))
            field.clear()
            field.send_keys(value)

    def unfold(self, words: str) -> None:
        for each in self.browser.find_elements(By.TAG_NAME, "summary"):
            if each.text.strip() == words:
                each.click()
                return
        raise AssertionError(f"no fold says {words!r}: {self.read()}")

    def read(self) -> str:
        return str(self.browser.find_element(By.TAG_NAME, "main").text)

    def look(self, name: str) -> None:
        """Hold the room against 320 pixels, and keep its picture at both widths when asked."""
        for width in WIDTHS:
            set_width(self.browser, width)
            size = self.browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            assert size["width"] <= width, f"{name} is {size['width']} pixels wide at {width}"
            if self.pictures:
                self.pictures.mkdir(parents=True, exist_ok=True)
                set_size = {
                    "width": width,
                    "height": int(size["height"]),
                    "deviceScaleFactor": 1,
                    "mobile": False,
                }
                self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", set_size)
                self.browser.save_screenshot(str(self.pictures / f"{name}-{width}.png"))
        set_width(self.browser, WIDTHS[0])


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setattr(pace, "TURNS", 1000)
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    made, larkfield = State(root), fixture.find_organisation()
    for name, role in ((PUBLISHER, "publisher"), (APPROVER, "approver")):
        people.add_sample_person(state=made, name=name, roles=[role], organisation=larkfield)
    people.add_sample_person(state=made, name=OFFICER, roles=["safeguarding-officer"])
    return made


@pytest.fixture
def plain() -> Iterator[webdriver.Chrome]:
    started = start_browser(javascript=False)
    yield started
    started.quit()


@pytest.fixture
def scripted() -> Iterator[webdriver.Chrome]:
    started = start_browser(javascript=True)
    yield started
    started.quit()


def measure(state: State, folder: Path) -> None:
    """What `lightwell seal` does on the machine that holds the documents."""
    folder.mkdir()
    for name in ("a-report.pdf", "b-memo.pdf"):
        (folder / name).write_bytes(make_pdf())
    rows = inventory.draft_rows(["a-report.pdf", "b-memo.pdf"], datetime.date(2025, 12, 1))
    study = Study.objects.get(pk=STUDY)
    inventories.measure_files(state=state, study=study, folder=folder, rows=rows, processes=1)


def register(house: House) -> None:
    house.play(PUBLISHER)
    house.look("desk-publisher")
    house.follow("Write a record")
    house.open("/workspace/drafts/?example=study")
    house.press("Check")
    assert "Nothing is wrong with it" in house.read()
    house.look("draft-checked")
    house.press("Propose to publish")
    assert "somebody else has to approve it" in house.read()
    house.look("proposal-own")
    approve(house, "Register a study")


def approve(house: House, words: str) -> None:
    house.play(APPROVER)
    house.look("desk-approver")
    house.follow("Proposals")
    house.look("proposals")
    house.follow(words)
    house.look("proposal-" + re.sub("[^a-z]+", "-", words.lower()))
    house.press("Approve and do it")
    assert "approved" in house.read()


def publish(house: House, state: State, folder: Path) -> None:
    register(house)
    measure(state, folder)
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    assert "What cannot be taken back" in house.read()
    house.look("study-measured")
    house.fill(seal_study=STUDY)
    house.press("Lock in 2 documents")
    house.fill(publish_items="1", publish_summary="We asked children how they sleep.")
    house.press("Propose")
    approve(house, "Publish what a study locked in")


def test_a_study_goes_from_draft_to_public_pages_by_two_people(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    house = House(plain, live_server.url)
    publish(house, state, tmp_path / "papers")
    plain.delete_all_cookies()
    house.open(PAGE)
    assert "marmalade" in house.read()
    house.open(f"/studies/{STUDY}/")
    assert "We asked children how they sleep." in house.read()


def test_a_draft_with_mistakes_shows_them_at_their_lines(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    house = House(plain, live_server.url)
    house.play(PUBLISHER)
    house.open("/workspace/drafts/?example=study")
    box = plain.find_element(By.ID, "text")
    text = (
        box.get_attribute("value")
        .replace("stage: planned", "stage: someday")
        .replace("asks: [1]", "asks: [9]")
    )
    box.clear()
    box.send_keys(text)
    house.press("Check")
    assert "2 things to change" in house.read()
    assert len(plain.find_elements(By.CSS_SELECTOR, ".numbered .wrong")) == 2
    house.look("draft-wrong")


def test_a_report_is_answered_at_once_by_one_and_taken_back_by_two(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    house = House(plain, live_server.url)
    publish(house, state, tmp_path / "papers")
    plain.delete_all_cookies()
    house.open(f"{PAGE}report/")
    words = plain.find_element(By.NAME, "words")
    words.send_keys("The girl in the second line is my daughter.")
    house.go(words.find_element(By.XPATH, "./ancestor::form//button"))
    house.play(OFFICER)
    house.look("desk-officer")
    house.follow("Reports")
    assert "is my daughter" in house.read()
    house.look("reports")
    house.press("Take the page out of view now")
    assert "No report waits" in house.read()
    house.look("reports-out-of-view")
    house.open(PAGE)
    assert "out of view for now" in house.read()
    house.open("/workspace/reports/")
    house.press("Propose")
    assert "somebody else has to approve it" in house.read()
    approve(house, "Restore a suspended page")
    house.open(PAGE)
    assert "marmalade" in house.read()


def test_what_is_said_about_documents_afterwards_is_proposed_by_forms(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    house = House(plain, live_server.url)
    publish(house, state, tmp_path / "papers")
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.unfold("Move a promised date")
    house.fill(**{"extension-items": "2", "extension-due": "02012026"})
    house.look("study-forms")
    form = plain.find_element(By.CSS_SELECTOR, 'form[action$="/say/extension/"]')
    house.go(form.find_element(By.TAG_NAME, "button"))
    approve(house, "Move a promised date")
    assert Item.objects.get(number=2).due > datetime.date(2025, 12, 1)
    house.open(f"/studies/{STUDY}/documents/2/")
    assert "Promised date moved" in house.read()
    house.look("public-extended")
    # Every mistake is a sentence on the page it was made on.
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.unfold("The key is lost")
    house.fill(**{"key-lost-items": "2"})
    house.go(plain.find_element(By.CSS_SELECTOR, 'form[action$="/say/key-lost/"] button'))
    assert "nothing is lost" in house.read()
    house.look("study-refused")
    for room in ("dispute", "withdraw", f"suspend/{STUDY}/1"):
        house.open(f"/workspace/{room}/")
        house.look(f"room-{room.split('/')[0]}")


def test_a_real_person_sets_up_a_second_factor_without_a_script(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    people.add_person(
        name="ana", roles=["publisher"], password=PASSWORD, organisation=fixture.find_organisation()
    )
    house = House(plain, live_server.url)
    house.open("/workspace/")
    plain.find_element(By.ID, "id_username").send_keys("ana")
    plain.find_element(By.ID, "id_password").send_keys(PASSWORD)
    house.press("Sign in")
    assert "Set up a second factor" in house.read()
    assert plain.find_element(By.CSS_SELECTOR, ".factor-code svg").size["width"] > 100
    house.look("factor-set-up")
    device = TOTPDevice.objects.get(user=Person.objects.get(username="ana"))
    shown = plain.find_element(By.CSS_SELECTOR, "code.long").text.replace(" ", "")
    assert shown in device.config_url, "the key can be typed instead of scanned"
    plain.find_element(By.ID, "id_code").send_keys(f"{totp(device.bin_key):06}")
    house.press("Confirm")
    assert len(plain.find_elements(By.CSS_SELECTOR, ".codes li")) == 10
    house.look("recovery-codes")
    house.follow("I have kept them")
    assert "Desk" in plain.title
    house.look("desk-real")


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_in_any_room(
    live_server, state: State, scripted: webdriver.Chrome, tmp_path: Path
) -> None:
    house = House(scripted, live_server.url)
    publish(house, state, tmp_path / "papers")
    house.play(PUBLISHER)
    rooms = ["", "drafts/?example=study", "studies/", f"studies/{STUDY}/", "proposals/", "proposals/1/"]
    rooms += ["reports/", "withdraw/", "dispute/", f"suspend/{STUDY}/1/2/"]
    program, found = AXE.read_text("utf-8"), []
    for width in WIDTHS:
        for room in [*(f"/workspace/{each}" for each in rooms), "/workspace/sign-in/"]:
            set_width(scripted, width)
            house.open(room)
            scripted.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
            scripted.execute_script(program)
            result = scripted.execute_async_script(
                "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
            )
            found += [
                f"{room} at {width}: {each['id']}: {each['nodes'][0]['html'][:140]}"
                for each in result["violations"]
            ]
    assert not found, "\n".join(found)
