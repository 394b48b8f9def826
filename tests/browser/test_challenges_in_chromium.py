"""Whoever holds a paper, and the company, in a browser: without JavaScript to the end, and with it.

SCREENSHOTS=folder keeps a picture of every room at 1280 and 320 pixels.
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium")
from django.core.cache import cache
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import challenge_fixture as fixture
import test_site_pages
from challenge_fixture import LOCKED, NOW, PAPERS, PUBLISHED, STRANGE, Holder, Office
from test_reader_in_chromium import AXE, CHROMIUM, DRIVER, RULES, WIDTHS, set_width, start_browser
from test_workspace_in_chromium import APPROVER, PUBLISHER, House, approve

from lightwell.actions import bundles, people
from lightwell.archive import receipt
from lightwell.cli import challenge as command
from lightwell.client import bundle, challenges, history
from lightwell.db.models import Challenge
from lightwell.web.views import challenges as views

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
DAY = datetime.timedelta(days=1)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    # A browser is faster than a person.
    monkeypatch.setattr(views, "_MOST_POSTS", 100)
    cache.clear()
    made = fixture.build_office(tmp_path / "state", tmp_path / "papers")
    for name, role in ((PUBLISHER, "publisher"), (APPROVER, "approver")):
        organisation = fixture.disclosure_fixture.find_organisation()
        people.add_sample_person(state=made.state, name=name, roles=[role], organisation=organisation)
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


def ask(house: House, holder: Holder) -> str:
    house.open("/challenges/")
    house.fill(
        id_company="larkfield", id_commitment=holder.commitment.hex(), id_nonce=str(holder.find_nonce())
    )
    house.press("Ask in public")
    assert "A question to Larkfield" in house.read()
    return house.browser.current_url.rstrip("/").rpartition("/")[2]


def tell(house: House, holder: Holder) -> None:
    house.follow("tell the company which file")
    house.look("hand-over")
    house.fill(
        id_salt=holder.salt.hex(), id_sha256=holder.measure.digest.hex(), id_size=str(holder.measure.size)
    )
    house.press("Tell the company")
    assert "An answer is to come" in house.read()


def test_asked_answered_denied_ignored_and_disproved_without_a_script(
    office: Office, plain: webdriver.Chrome, live_server: Any, tmp_path: Path
) -> None:
    house = House(plain, live_server.url)
    house.open("/how-to-check/")
    house.follow("Ask the company in public")
    assert "Nothing was asked yet" in house.read()
    assert not plain.find_element(By.ID, "with-script").is_displayed()
    house.look("nothing-asked")
    # A miscopied number is named beside its field, and what was typed stays.
    house.fill(id_company="larkfield", id_commitment="123", id_nonce="1")
    house.press("Ask in public")
    assert "64 digits" in house.read()
    house.look("miscopied")

    there, stranger, liar = Holder(PAPERS[LOCKED]), Holder(STRANGE), Holder(PAPERS[PUBLISHED])
    name = ask(house, there)
    house.look("waits-for-holder")
    tell(house, there)
    house.look("open")
    denied = ask(house, stranger)
    tell(house, stranger)
    ignored = Holder(STRANGE + b" ")
    silent = ask(house, ignored)
    tell(house, ignored)
    lied = ask(house, liar)
    tell(house, liar)

    # The company: what its own documents say is proposed, and a second person approves.
    for challenge, said in ((name, "It is in our inventory"), (denied, "It is not in our inventory")):
        house.play(PUBLISHER)
        house.look("desk")
        house.follow(challenge)
        house.look("answer-" + ("found" if challenge == name else "not-found"))
        chosen = plain.find_element(By.CSS_SELECTOR, "input[name=answer]:checked")
        assert said in chosen.find_element(By.XPATH, "..").text
        house.press("Propose this answer")
        assert said in house.read()
        approve(house, "Answer whether a file is in the inventory")
    plain.delete_all_cookies()
    office.lie(lied, NOW + DAY)
    office.set_clock(NOW + 45 * DAY)

    house.open(f"/challenges/{name}/")
    assert "Answered: it is on the list" in house.read()
    house.look("in-inventory")
    house.open(f"/challenges/{denied}/")
    assert "Answered: it is not on the list" in house.read()
    house.open("/late/")
    assert silent in house.read()
    assert denied not in house.read()
    house.look("late")

    office.sign()
    bundles.write_bundle(state=office.state, folder=tmp_path / "bundle")
    opened = bundle.open_bundle(tmp_path / "bundle")
    shown = challenges.make_disproof(
        liar.make_receipt(), opened, history.read_history(opened), opened.read_text("log/checkpoint")
    )
    house.open(f"/challenges/{lied}/")
    house.follow("The answer is false, and I can show it")
    house.look("disprove")
    house.fill(id_proof="not a proof")
    house.press("Publish it")
    assert "not the text of such a file" in house.read()
    house.fill(id_proof=json.dumps(receipt.format_disproof(shown)))
    house.press("Publish it")
    assert "The answer was false." in house.read()
    house.look("disproved")
    house.open("/challenges/")
    for words in ("The answer was false", "No answer in time", "15 days late", "it is on the list"):
        assert words in house.read()
    house.look("list")


def test_the_page_makes_the_numbers_from_a_file_without_sending_it(
    office: Office, scripted: webdriver.Chrome, live_server: Any, tmp_path: Path
) -> None:
    house = House(scripted, live_server.url)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(PAPERS[LOCKED])
    downloads = tmp_path / "downloads"
    downloads.mkdir()
    place = {"behavior": "allow", "downloadPath": str(downloads)}
    scripted.execute_cdp_cmd("Browser.setDownloadBehavior", place)
    house.open("/challenges/?company=larkfield")
    scripted.find_element(By.ID, "paper").send_keys(str(paper))
    wait = WebDriverWait(scripted, 120)
    wait.until(lambda _: scripted.find_element(By.ID, "id_nonce").get_attribute("value"))
    house.look("numbers-made")
    scripted.find_element(By.CSS_SELECTOR, "#paper-said a").click()
    saved = downloads / "paper.pdf.receipt.json"
    wait.until(lambda _: saved.exists() and saved.stat().st_size)
    house.press("Ask in public")
    assert "A question to Larkfield" in house.read()
    # What the script made is what the command reads.
    kept = receipt.parse_receipt(json.loads(saved.read_text()))
    row = Challenge.objects.get()
    assert row.commitment == kept.commitment.hex()
    assert kept.measure == command._measure(paper)
    assert row.salt == ""


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier_in_any_room_and_no_technical_word_stands_outside_the_check(
    office: Office, scripted: webdriver.Chrome, live_server: Any
) -> None:
    house, program, found = House(scripted, live_server.url), AXE.read_text("utf-8"), []
    names = []
    for data in (STRANGE, PAPERS[LOCKED], PAPERS[PUBLISHED]):
        holder = Holder(data)
        names.append(holder.ask().pk)
        holder.tell(names[-1])
    Holder(STRANGE).ask()
    office.lie(names[2], NOW)
    public = ["/challenges/", *(f"/challenges/{name}/" for name in names), "/late/"]
    public += [f"/challenges/{names[0]}/hand-over/", f"/challenges/{names[2]}/disprove/"]
    rooms = ["/workspace/", *(f"/workspace/challenges/{name}/" for name in names)]
    office.set_clock(NOW + 45 * DAY)

    def look(place: str) -> None:
        for width in WIDTHS:
            set_width(scripted, width)
            house.open(place)
            if (wide := scripted.execute_script("return document.documentElement.scrollWidth")) > width:
                found.append(f"{place} is {wide} pixels wide at {width}")
            scripted.execute_script(program)
            result = scripted.execute_async_script(
                "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
            )
            for each in result["violations"]:
                found.append(f"{place} at {width}: {each['id']}: {each['nodes'][0]['html'][:120]}")

    for place in public:
        look(place)
        page = test_site_pages.Page(scripted.page_source)
        text = " ".join(" ".join(page.ours).split())
        for match in test_site_pages.TECHNICAL.finditer(text):
            found.append(f"{place}: …{text[max(0, match.start() - 40) : match.end() + 30]}…")
    set_width(scripted, WIDTHS[0])
    house.play(PUBLISHER)
    for place in rooms:
        look(place)
    assert not found, "\n".join(found)
