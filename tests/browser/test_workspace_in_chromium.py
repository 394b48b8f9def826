"""Publisher, approver and officer in a browser without JavaScript: from a draft to public pages and back.

SCREENSHOTS=folder keeps a picture of every room at 1280 and 320 pixels. Needs Chromium with its driver.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("selenium")
from click.testing import CliRunner, Result
from django.core.cache import cache
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support import expected_conditions
from selenium.webdriver.support.select import Select
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import disclosure_fixture as fixture
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice
from document_fixture import STUDY, make_pdf
from test_reader_in_chromium import AXE, CHROMIUM, DRIVER, RULES, WIDTHS, set_width, start_browser

from lightwell.actions import disclosures, inventories, log, overview, people, proposals, readings
from lightwell.archive import inventory
from lightwell.cli.main import lightwell
from lightwell.db.models import Disclosure, Person, Proposal, Study
from lightwell.files import foundation, incoming
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
LATER = datetime.datetime(2026, 6, 30, 9, tzinfo=datetime.UTC)
# What the sample's review holds back under the first of its two places.
HELD = "The age check of viewers can be passed by changing the region"
PAGE = f"/studies/{STUDY}/documents/1/page/2/"


class House:
    """The workspace as one person after the other uses it, and a picture of every room they enter."""

    def __init__(self, browser: webdriver.Chrome, address: str) -> None:
        self.browser, self.address = browser, address
        self.seen: set[str] = set()
        self.pictures = Path(os.environ["SCREENSHOTS"]) if "SCREENSHOTS" in os.environ else None

    def open(self, place: str) -> None:
        self.browser.get(self.address + place)

    def play(self, name: str) -> None:
        """Leave, come back to the door and choose a person."""
        # The cookies are the workspace's alone: elsewhere a browser has none to throw away.
        self.open("/workspace/")
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
        self.wait(before)

    def wait(self, before: WebElement) -> None:
        """Wait until another page has taken the place of the one with this `main`."""
        wait = WebDriverWait(self.browser, 20, poll_frequency=0.02)
        wait.until(lambda _: is_gone(before))
        wait.until(expected_conditions.presence_of_element_located((By.CSS_SELECTOR, "footer.site-foot")))

    def fill(self, **values: str) -> None:
        """Type into fields by their id; a list of choices takes the value of one."""
        for name, value in values.items():
            field = self.browser.find_element(By.ID, name)
            if field.tag_name == "select":
                Select(field).select_by_value(value)
                continue
            if field.get_attribute("type") != "date":
                field.clear()
            field.send_keys(value)

    def send(self, action: str) -> None:
        """Press the button of the form that leads to an address ending so."""
        self.go(self.browser.find_element(By.CSS_SELECTOR, f'form[action$="{action}"] button'))

    def tick(self, name: str) -> None:
        self.browser.find_element(By.ID, name).click()

    def unfold(self, words: str) -> None:
        for each in self.browser.find_elements(By.TAG_NAME, "summary"):
            if each.text.strip() == words:
                each.click()
                return
        raise AssertionError(f"no fold says {words!r}: {self.read()}")

    def read(self) -> str:
        return str(self.browser.find_element(By.TAG_NAME, "main").text)

    def look(self, name: str) -> None:
        """Hold the room against 320 pixels once, and keep its picture at both widths when asked."""
        if name in self.seen:
            return
        self.seen.add(name)
        for width in WIDTHS if self.pictures else WIDTHS[-1:]:
            set_width(self.browser, width)
            size = self.browser.execute_cdp_cmd("Page.getLayoutMetrics", {})["cssContentSize"]
            assert size["width"] <= width, f"{name} is {size['width']} pixels wide at {width}"
            if self.pictures:
                self.pictures.mkdir(parents=True, exist_ok=True)
                clip = {"x": 0, "y": 0, "width": width, "height": size["height"], "scale": 1}
                taken = self.browser.execute_cdp_cmd(
                    "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
                )
                (self.pictures / f"{name}-{width}.png").write_bytes(base64.b64decode(taken["data"]))
        set_width(self.browser, WIDTHS[0])


def is_gone(element: WebElement) -> bool:
    # In the middle of a change of pages the driver has more than one way to say that a node is no more.
    try:
        element.is_enabled()
    except WebDriverException:
        return True
    return False


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


def approve(house: House, words: str, name: str = APPROVER) -> None:
    """As the second person: find the proposal at the desk, look, say so, and do it."""
    house.play(name)
    house.follow(words)
    house.look("proposal-" + re.sub("[^a-z]+", "-", words.lower()))
    house.tick("id_looked")
    house.press("Approve and do it")
    assert "Approved and done" in house.read()


def register(house: House, example: str = "study") -> None:
    house.play(PUBLISHER)
    house.follow("Write a record")
    house.follow(example.replace("-", " "))
    house.press("Check")
    assert "Nothing is wrong with it" in house.read(), house.read()
    house.look(f"draft-checked-{example}")
    house.press("Propose to publish")
    assert f"Ask {APPROVER}" in house.read()
    house.look("proposal-own")
    approve(house, "Register a study")


def work(state: State) -> None:
    """As the worker of the archive, which the tests have not running."""
    assert readings.work(state=state, processes=1)


def set_clock(state: State, now: datetime.datetime) -> None:
    (state.root / "sample-clock").write_text(str(int(now.timestamp())))
    overview.forget()
    cache.clear()


def run(*words: object, answer: str = "") -> Result:
    """A command as the person types it on the machine that holds the documents."""
    return CliRunner().invoke(lightwell, [str(each) for each in words], input=answer)


def draft_inventory(folder: Path) -> None:
    """List, check and read a folder as the study's page says; the preview is answered with no."""
    papers, table = folder / "papers", folder / "inventory.csv"
    papers.mkdir()
    for name in ("a-report.pdf", "b-memo.pdf", "c-memo.pdf"):
        (papers / name).write_bytes(make_pdf())
    drafted = run("inventory", "draft", papers, "--output", table, "--due", "2025-12-01")
    assert drafted.exit_code == 0, drafted.output
    assert run("inventory", "check", papers, table).exit_code == 0
    assert "Seal?" in run("seal", STUDY, papers, table, "--as", PUBLISHER, answer="n\n").output


def lock_in(house: House, folder: Path) -> None:
    """Read the folder in, see the preview, be refused once for a wrong id, and lock in."""
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.unfold("Or by command, on the machine of the archive")
    assert "lightwell inventory draft" in house.read()
    house.look("study-registered")
    draft_inventory(folder)
    house.open(f"/workspace/studies/{STUDY}/")
    assert "What cannot be taken back" in house.read()
    house.look("study-measured")
    house.fill(**{"seal-study": "std-other"})
    house.press("Lock in 3 documents")
    assert "nothing was locked in" in house.read()
    house.fill(**{"seal-study": STUDY})
    house.press("Lock in 3 documents")
    assert "Locked in: 3 documents" in house.read()


def publish(house: House, folder: Path) -> None:
    """From an empty archive to one published document of three, all of it through the workspace."""
    register(house)
    lock_in(house, folder)
    house.look("study-locked-in")
    house.fill(**{"publication-items": "1", "publication-summary": "We asked children how they sleep."})
    house.send("/propose/publication/")
    approve(house, "Publish what a study locked in")


def test_a_study_goes_from_draft_to_public_pages_and_out_of_view_and_back(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    house = House(plain, live_server.url)
    publish(house, tmp_path)
    house.look("proposal-done")
    house.follow("See what readers see")
    assert "a report" in house.read()
    plain.delete_all_cookies()
    house.open(PAGE)
    assert "marmalade" in house.read()
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
    assert "It is out of view" in house.read()
    house.look("reports-out-of-view")
    house.open(PAGE)
    assert "out of view for now" in house.read()
    house.open("/workspace/reports/")
    house.go(house.browser.find_element(By.CSS_SELECTOR, 'form[action*="/restore/"] button'))
    assert "somebody else has to approve it" in house.read()
    approve(house, "Restore a suspended page")
    house.open(PAGE)
    assert "marmalade" in house.read()


def test_a_team_without_a_shell_hands_in_lists_checks_reads_and_locks_in(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    make_desk(state).disclose(fixture.read_value("study"), NOW)
    paths = [
        tmp_path / name for name in ("night-report.pdf", "sleep-memo.pdf", "a-rather-long-name" * 6 + ".pdf")
    ]
    for path in paths:
        path.write_bytes(make_pdf())
    house = House(plain, live_server.url)
    house.play(PUBLISHER)
    house.follow("Studies")
    house.go(plain.find_element(By.CSS_SELECTOR, f'a[href$="/{STUDY}/"]'))
    house.look("study-to-hand-in")
    house.follow("Hand documents in")
    house.look("documents-none")
    plain.find_element(By.ID, "add").send_keys("\n".join(map(str, paths)))
    house.press("Add")
    assert "3 files added" in house.read()
    assert "has the same bytes as" in house.read()
    house.look("documents-added")
    house.fill(
        **{"row-2-title": "How children slept", "row-2-held_pages": "7", "row-2-ground": "participant"}
    )
    house.press("Check the list")
    house.look("documents-asked")
    work(state)
    house.follow("See how far it is now")
    assert "1 thing to change" in house.read()
    house.look("documents-wrong")
    house.browser.find_element(By.CSS_SELECTOR, ".verdict a").click()
    assert plain.find_element(By.CSS_SELECTOR, ":target").get_attribute("id") == "row-2-held_pages"
    house.fill(**{"row-2-held_pages": "2"})
    house.press("Check the list")
    work(state)
    house.follow("See how far it is now")
    assert "Nothing is wrong with the list" in house.read()
    assert "3 documents, 9 pages" in house.read()
    house.look("documents-checked")
    house.press("Read every page")
    work(state)
    house.follow("See how far it is now")
    house.look("documents-read")
    house.follow("See what would be locked in")
    assert "How children slept" in house.read()
    assert "but pages 2" in house.read()
    house.look("study-read-in")
    house.fill(**{"seal-study": STUDY})
    house.press("Lock in 3 documents")
    assert "Locked in: 3 documents" in house.read()
    assert not incoming.open_area(state.root, STUDY).root.exists()


def test_earlier_research_is_registered_with_its_search_and_says_so(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    set_clock(state, datetime.datetime(2026, 2, 10, 9, tzinfo=datetime.UTC))
    house = House(plain, live_server.url)
    register(house, "study-earlier")
    house.follow("See what readers see")
    assert "Not registered in advance" in house.read()
    assert "All our research on children's well-being, 2015 to October 2021." in house.read()
    house.look("public-earlier")


def test_a_record_is_mended_at_its_lines_published_shown_in_full_and_removed(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    set_clock(state, LATER)
    house = House(plain, live_server.url)
    house.play(PUBLISHER)
    house.open("/workspace/drafts/?example=reputational-review")
    box = plain.find_element(By.ID, "text")
    good = str(box.get_attribute("value"))
    box.clear()
    wrong = good.replace("ground: security", "ground: because").replace("language: en", "language: xx1")
    box.click()
    plain.execute_cdp_cmd("Input.insertText", {"text": wrong})
    house.press("Check")
    assert "2 things to change" in house.read()
    marked = plain.find_elements(By.CSS_SELECTOR, ".numbered .wrong")
    links = plain.find_elements(By.CSS_SELECTOR, ".verdict a")
    assert [each.get_attribute("href").partition("#")[2] for each in links] == [
        each.get_attribute("id") for each in marked
    ]
    house.look("draft-wrong")
    box = plain.find_element(By.ID, "text")
    box.clear()
    box.click()
    plain.execute_cdp_cmd("Input.insertText", {"text": good})
    house.press("Check")
    assert "Nothing is wrong with it" in house.read()
    house.press("Propose to publish")
    approve(house, "Publish a record")
    house.follow("See what readers see")
    assert HELD not in house.read()
    house.play(PUBLISHER)
    house.follow("Records")
    house.look("records")
    house.follow("Show what is held back")
    assert HELD in house.read(), "who decides sees what would be shown"
    house.look("lift")
    house.tick("id_fields_shown_0")
    house.press("Propose")
    approve(house, "Show fields that are held back")
    house.follow("See what readers see")
    assert HELD in house.read()
    house.play(PUBLISHER)
    house.follow("Records")
    house.follow("Remove it")
    house.look("withdraw")
    house.fill(id_ground="published-in-error")
    house.press("Propose")
    approve(house, "Remove a record")
    house.follow("See what readers see")
    assert HELD not in house.read()
    assert "Removed" in house.read()


def test_what_is_said_about_documents_afterwards_is_proposed_by_forms(
    live_server, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    desk = make_desk(state)
    (tmp_path / "study").mkdir()
    desk.disclose(fixture.read_value("study"), NOW)
    draft_inventory(tmp_path / "study")
    inventories.seal_inventory(actor=desk.ana, study=Study.objects.get(pk=STUDY), now=NOW)
    comment = comment_on_study(desk)
    house = House(plain, live_server.url)
    house.play(PUBLISHER)
    moved = {"extension-due": "02012026", "extension-ground": "investigation"}
    for matter, heading, words, values in (
        ("extension", "Move a promised date", "Move a promised date", moved),
        ("already-public", "Public elsewhere already", "Say that", {"already-public-record": comment}),
    ):
        house.open(f"/workspace/studies/{STUDY}/")
        house.unfold(heading)
        house.fill(**{f"{matter}-items": "2-3"}, **values)
        house.look(f"study-{matter}")
        house.send(f"/propose/{matter}/")
        approve(house, words)
        house.play(PUBLISHER)
    house.open(f"/workspace/dispute/?study={STUDY}")
    house.fill(id_items="1", id_record=comment)
    house.look("dispute")
    house.press("Propose")
    approve(house, "Dispute what is said")
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/")
    house.unfold("The key is lost")
    house.fill(**{"key-lost-items": "3"})
    house.send("/propose/key-lost/")
    assert "nothing is lost" in house.read()
    assert plain.find_element(By.ID, "key-lost-items").get_attribute("value") == "3", "nothing is typed twice"
    house.look("study-refused")
    shutil.move(state.root / "keys", tmp_path / "lost-keys")
    house.send("/propose/key-lost/")
    approve(house, "Admit that the key")
    for number, sentence in ((1, "Disputed"), (2, "Promised date moved"), (2, "elsewhere"), (3, "Lost")):
        house.open(f"/studies/{STUDY}/documents/{number}/")
        assert sentence in house.read(), (number, sentence)
    house.look("public-said-afterwards")


def make_desk(state: State) -> fixture.Desk:
    """Larkfield's publisher and approver as a desk that publishes without a browser."""
    desk = fixture.Desk.__new__(fixture.Desk)
    desk.state = state
    desk.ana, desk.ben = (Person.objects.get(username=name) for name in (PUBLISHER, APPROVER))
    desk.pairs = {"larkfield": (desk.ana, desk.ben)}
    return desk


def comment_on_study(desk: fixture.Desk) -> str:
    value = fixture.read_value("commentary")
    study = Disclosure.objects.get(record=STUDY, version=1)
    value |= {
        "id": disclosures.make_id("commentary"),
        "publisher": fixture.LARKFIELD,
        "about": {"id": STUDY, "digest": study.digest},
        "date": NOW.date().isoformat(),
    }
    return str(desk.disclose(value, NOW).record)


def test_a_real_person_sets_up_a_second_factor_without_a_script(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    people.add_person(
        name="ana", roles=["publisher"], password=PASSWORD, organisation=fixture.find_organisation()
    )
    house = House(plain, live_server.url)
    house.open("/workspace/")
    house.fill(id_username="ana", id_password="not that one at all")
    house.press("Sign in")
    assert "Name or password is wrong" in house.read()
    house.fill(id_username="ana", id_password=PASSWORD)
    house.press("Sign in")
    assert "Set up a second factor" in house.read()
    assert plain.find_element(By.CSS_SELECTOR, ".factor-code svg").size["width"] > 100
    house.look("factor-set-up")
    device = TOTPDevice.objects.get(user=Person.objects.get(username="ana"))
    shown = plain.find_element(By.CSS_SELECTOR, "code.long").text.replace(" ", "")
    assert shown in device.config_url, "the key can be typed instead of scanned"
    house.fill(id_code=f"{totp(device.bin_key):06}")
    house.press("Confirm")
    assert len(plain.find_elements(By.CSS_SELECTOR, ".codes li")) == 10
    house.look("recovery-codes")
    house.follow("I have kept them")
    assert "Desk" in plain.title
    house.look("desk-real")


def test_a_keyboard_alone_registers_a_study_and_approves_it(
    live_server, state: State, plain: webdriver.Chrome
) -> None:
    house = House(plain, live_server.url)
    house.open("/workspace/")
    press_key_at(house, "Publisher of Larkfield")
    press_key_at(house, "Write a record")
    press_key_at(house, "study")
    press_key_at(house, "Check")
    press_key_at(house, "Propose to publish")
    assert "somebody else has to approve it" in house.read()
    press_key_at(house, "Sign out")
    house.open("/workspace/")
    press_key_at(house, "Approver of Larkfield")
    press_key_at(house, "Register a study")
    step_to(house, "looked").send_keys(Keys.SPACE)
    press_key_at(house, "Approve and do it")
    assert "Approved and done" in house.read()
    assert Study.objects.get().id == STUDY


def step_to(house: House, wanted: str) -> WebElement:
    """Walk by the tabulator until the focus is on something of that text or name, and shows where it is."""
    for _ in range(60):
        ActionChains(house.browser).send_keys(Keys.TAB).perform()
        reached = house.browser.switch_to.active_element
        if reached.text.strip() == wanted or reached.get_attribute("name") == wanted:
            assert reached.value_of_css_property("outline-style") != "none", f"no focus is seen on {wanted}"
            return reached
        if wanted in reached.text and reached.tag_name in ("button", "a") and " of " in wanted:
            return reached
    raise AssertionError(f"the keyboard does not reach {wanted!r}: {house.read()}")


def press_key_at(house: House, wanted: str) -> None:
    before = house.browser.find_element(By.TAG_NAME, "main")
    step_to(house, wanted).send_keys(Keys.ENTER)
    house.wait(before)


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_in_any_room(
    live_server, state: State, scripted: webdriver.Chrome, tmp_path: Path
) -> None:
    desk = make_desk(state)
    desk.disclose(fixture.read_value("study"), NOW)
    draft_inventory(tmp_path)
    inventories.seal_inventory(actor=desk.ana, study=Study.objects.get(pk=STUDY), now=NOW)
    set_clock(state, LATER)
    desk.disclose(fixture.read_value("reputational-review"), LATER)
    desk.do("publication", STUDY, {"study": STUDY, "summary": "", "items": [1]}, LATER)
    proposals.propose(
        actor=desk.ana,
        kind="publication",
        subject=STUDY,
        payload={"study": STUDY, "items": [2], "summary": "Sleep."},
        now=LATER,
    )
    review = Disclosure.objects.get(kind="reputational-review").record
    everybody = ["", "studies/", f"studies/{STUDY}/", "records/", "proposals/", "reports/"]
    area = incoming.open_area(state.root, STUDY)
    path = area.begin_file()
    path.write_bytes(make_pdf())
    area.place_file(incoming.Arrived("wrong-one.pdf", path, "", 1))
    row = dict.fromkeys(inventory.COLUMNS, "") | {"file": "wrong-one.pdf", "kind": "novel"}
    area.write_table(inventory.format_cells([row]))
    hand_in = f"studies/{STUDY}/documents/"
    asked = {"do": "read", "by": PUBLISHER, "at": 0, "token": ""}
    begun = readings.Found("read", PUBLISHER, 0, 9, done=2, total=3, pages=6, first=(0, 1, 3))
    rooms = {
        "": ["sign-in/"],
        PUBLISHER: [
            *everybody,
            *(hand_in, f"{hand_in}?asked", f"{hand_in}?begun"),
            *("drafts/?example=study", "withdraw/", "dispute/", f"records/{review}/show/"),
        ],
        APPROVER: [f"proposals/{Proposal.objects.latest('pk').pk}/", f"suspend/{STUDY}/1/2/"],
    }
    house, program, found = House(scripted, live_server.url), AXE.read_text("utf-8"), []
    for name, places in rooms.items():
        if name:
            house.play(name)
        for place in places:
            if place.endswith("?asked"):
                area.write_note("asked", asked)
            if place.endswith("?begun"):
                area.write_note("read", dataclasses.asdict(begun))
            house.open(f"/workspace/{place}")
            scripted.execute_script("document.querySelectorAll('details').forEach(each => each.open = true)")
            house.look("room-" + (re.sub("[^a-z]+", "-", place.partition("=")[0]) or f"desk-{name}"))
            scripted.execute_script(program)
            for width in WIDTHS:
                set_width(scripted, width)
                result = scripted.execute_async_script(
                    "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
                )
                found += [
                    f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:140]}"
                    for each in result["violations"]
                ]
    assert not found, "\n".join(found)
