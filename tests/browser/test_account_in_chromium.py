"""The own account and files inside files in a browser: without a script to the end, and with axe-core.

SCREENSHOTS=folder keeps a picture of every room at 1280 and 320 pixels.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("selenium")
from selenium import webdriver
from selenium.webdriver.common.by import By

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))
import disclosure_fixture as fixture
from document_fixture import STUDY
from office_fixture import make_docx
from test_reader_in_chromium import AXE, CHROMIUM, DRIVER, RULES, WIDTHS, set_width
from test_text_files import make_mail
from test_workspace_in_chromium import NOW, PUBLISHER, House, make_desk, plain, scripted, state, work

from lightwell.actions import people, sittings
from lightwell.db.models import Person
from lightwell.files.state import State

__all__ = ["plain", "scripted", "state"]
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="apt-get install chromium chromium-driver"),
]
FIRST, OWN = "seven brave otters swim", "eleven quiet herons wait"


def sign_in(house: House, password: str) -> None:
    house.open("/workspace/")
    house.fill(id_username="rita", id_password=password)
    house.press("Sign in")


def test_a_first_password_is_changed_and_other_places_are_signed_out(
    live_server: Any, state: State, plain: webdriver.Chrome
) -> None:
    people.add_person(name="rita", roles=["researcher"], password=FIRST, first=True)
    house = House(plain, live_server.url)
    sign_in(house, FIRST)
    assert "Choose a password that only you know" in house.read()
    house.look("account-first")
    house.fill(id_current="not this one at all", id_password="rita-lightwell-26", id_again="other")
    house.press("Change the password")
    assert "3 things to change" in house.read()
    house.look("account-wrong")
    house.fill(id_current=FIRST, id_password=OWN, id_again=OWN)
    house.press("Change the password")
    assert "Choose a password" not in house.read()
    rita = Person.objects.get(username="rita")
    sittings.begin(person=rita, verified=False)
    house.open("/workspace/")
    house.follow("rita")
    house.look("account")
    assert len(plain.find_elements(By.CSS_SELECTOR, "tbody tr")) == 2
    house.press("Sign out everywhere but here")
    assert len(plain.find_elements(By.CSS_SELECTOR, "tbody tr")) == 1


def test_files_inside_files_are_ticked_and_become_rows(
    live_server: Any, state: State, plain: webdriver.Chrome, tmp_path: Path
) -> None:
    house = hand_in(live_server.url, state, plain, tmp_path)
    house.look("documents-inside")
    house.tick("inside-1")
    house.tick("inside-3")
    house.press("Give the ticked files a row")
    assert "4 documents" in house.read()
    house.look("documents-inside-listed")


def hand_in(address: str, state: State, browser: webdriver.Chrome, folder: Path) -> House:
    """Hand in a mail and a document that hold files, and have the list checked."""
    make_desk(state).disclose(fixture.read_value("study"), NOW)
    (folder / "talk.eml").write_bytes(make_mail().as_bytes())
    (folder / "plan.docx").write_bytes(make_docx())
    house = House(browser, address)
    house.play(PUBLISHER)
    house.open(f"/workspace/studies/{STUDY}/documents/")
    browser.find_element(By.ID, "add").send_keys(f"{folder / 'talk.eml'}\n{folder / 'plan.docx'}")
    house.press("Add")
    house.press("Check the list")
    work(state)
    house.follow("See how far it is now")
    assert "Files inside files" in house.read()
    return house


@pytest.mark.skipif(not AXE.exists(), reason="npm install --no-save --prefix . axe-core")
def test_axe_finds_no_barrier(
    live_server: Any, state: State, scripted: webdriver.Chrome, tmp_path: Path
) -> None:
    house = hand_in(live_server.url, state, scripted, tmp_path)
    program, found = AXE.read_text("utf-8"), []
    for place in (f"studies/{STUDY}/documents/", "account/"):
        house.open(f"/workspace/{place}")
        scripted.execute_script(program)
        for width in WIDTHS:
            set_width(scripted, width)
            result = scripted.execute_async_script(
                "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done)", RULES
            )
            found += [f"{place} at {width}: {each['id']}" for each in result["violations"]]
    assert found == []
