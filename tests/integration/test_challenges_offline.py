"""Answered, denied, ignored, disproved: one bundle with all of them, judged by three programs without us."""

from __future__ import annotations

import datetime
import subprocess
import sys
from pathlib import Path

import challenge_fixture as fixture
import pytest
import verifier_fixture
from challenge_fixture import LATER, LOCKED, NOW, PAPERS, PUBLISHED, STRANGE, Holder, Office
from selenium.webdriver.common.by import By

from lightwell.actions import bundles, challenges, log
from lightwell.client import verify
from lightwell.db.models import Item

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
PROGRAM = Path(__file__).parents[1] / "independent/verify.py"
END = NOW + 45 * DAY


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return fixture.build_office(tmp_path / "state", tmp_path / "papers")


@pytest.fixture
def told(office: Office) -> dict[str, str]:
    """Challenges in every state, by the state that each must be seen in."""
    names = {}

    def begin(state: str, data: bytes, *, tell: bool = True, at: datetime.datetime = NOW) -> Holder:
        holder = Holder(data)
        names[state] = holder.ask(at).pk
        if tell:
            holder.tell(names[state], at)
        return holder

    begin("waits-for-holder", STRANGE, tell=False)
    begin("overdue", STRANGE)
    begin("in-inventory", PAPERS[LOCKED])
    office.answer(names["in-inventory"], "in-inventory", NOW + 40 * DAY)
    begin("not-in-inventory", STRANGE)
    office.answer(names["not-in-inventory"], "not-in-inventory", NOW)
    liar = begin("disproved", PAPERS[PUBLISHED])
    office.lie(names["disproved"], NOW)
    early = begin("sealed-after-denial", PAPERS[LATER])
    office.answer(names["sealed-after-denial"], "not-in-inventory", NOW)
    office.seal_later(NOW + DAY)
    for state, holder, number in (("disproved", liar, PUBLISHED), ("sealed-after-denial", early, LATER)):
        route = challenges.trace_item(office.state, Item.objects.get(number=number))
        challenges.disprove(
            name=names[state], salt=holder.salt, measure=holder.measure, route=route, now=NOW + 2 * DAY
        )
    begin("open", STRANGE + b" ", at=NOW + 44 * DAY)
    office.set_clock(END)
    log.count_day(state=office.state, now=END)
    office.sign()
    return names


@pytest.fixture
def folder(office: Office, told: dict[str, str], tmp_path: Path) -> Path:
    bundles.write_bundle(state=office.state, folder=tmp_path / "bundle")
    return tmp_path / "bundle"


def judge(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-s", PROGRAM, folder], capture_output=True, text=True)


def test_both_programs_see_every_state_in_the_bundle_and_so_does_the_site(
    office: Office, told: dict[str, str], folder: Path
) -> None:
    verdict = verify.verify_bundle(folder)
    assert {each.state: each.id for each in verdict.challenges} == told
    said = judge(folder)
    assert (said.returncode, said.stderr) == (0, "")
    for state, name in told.items():
        assert f"challenge {name} to larkfield: {state}" in said.stdout
        assert office.find(name).state == state
    # Late answers keep their days, in both.
    assert f"{told['in-inventory']} to larkfield: in-inventory, 10 days late" in said.stdout
    assert f"{told['overdue']} to larkfield: overdue, 15 days late" in said.stdout
    late = {each.id: each.days_late for each in verdict.challenges if each.days_late}
    assert late == {told["in-inventory"]: 10, told["overdue"]: 15}


@verifier_fixture.needs_chromium
def test_the_page_in_the_bundle_sees_every_state_as_well(told: dict[str, str], folder: Path) -> None:
    with verifier_fixture.run_chromium() as browser:
        title, _ = verifier_fixture.check(browser, folder)
        assert title == "Verified"
        said = browser.find_element(By.ID, "summary").get_attribute("textContent")
    for state, name in told.items():
        assert f"{name} to larkfield: {state}" in said


def test_what_a_holder_told_is_in_no_file_of_the_bundle(told: dict[str, str], folder: Path) -> None:
    from lightwell.db.models import Challenge

    secrets = {row.salt.encode() for row in Challenge.objects.exclude(salt="")}
    shown = {told["disproved"], told["sealed-after-denial"]}
    public = {row.salt.encode() for row in Challenge.objects.filter(pk__in=shown)}
    assert len(secrets - public) == 3
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert [each for each in secrets - public if each in everything] == []
    assert all(each in everything for each in public)
