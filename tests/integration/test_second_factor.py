"""A password alone lets nobody in who sees hidden things or decides; a lost factor is reset, journalled."""

from __future__ import annotations

import re
from pathlib import Path

import disclosure_fixture as fixture
import factor_fixture as factor
import pytest
from click.testing import CliRunner
from django.core.cache import cache
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_static.models import StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from lightwell.actions import factors, journal, log, people
from lightwell.base import errors, roles
from lightwell.cli import main
from lightwell.db.models import Person
from lightwell.files import foundation
from lightwell.files.state import State
from lightwell.web import pace

pytestmark = pytest.mark.django_db
PASSWORD = "seven brave otters swim"
NOW = fixture.at("2026-11-25")
ROOMS = ("", "drafts/", "studies/", "proposals/", "reports/", "withdraw/", "dispute/", "journal/")


def begin(root: Path, origin: str, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    monkeypatch.setattr(pace, "TURNS", 1000)
    cache.clear()
    foundation.lay_foundation(root, origin=origin, sample=origin.startswith("sample."))
    log.begin_log(now=NOW)
    return State(root)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    made = begin(tmp_path / "state", "log.example/real", monkeypatch)
    people.add_person(
        name="ana", roles=["publisher"], password=PASSWORD, organisation=fixture.find_organisation()
    )
    return made


def sign_in(name: str, following: str = "/workspace/") -> Client:
    client = Client()
    values = {"username": name, "password": PASSWORD, "next": following}
    assert client.post("/workspace/sign-in/", values).status_code == 302
    return client


def set_up(client: Client, name: str = "ana") -> list[str]:
    """Set the factor as a person does and return the recovery codes that the page shows."""
    page = client.get("/workspace/second-factor/").content.decode()
    device = TOTPDevice.objects.get(user__username=name, confirmed=False)
    assert "<svg" in page
    answer = client.post("/workspace/second-factor/", {"code": f"{totp(device.bin_key):06}"})
    assert answer.status_code == 200, answer.content.decode()
    return re.findall("<code>([a-z0-9-]{19})</code>", answer.content.decode())


def test_a_password_alone_opens_no_room(state: State) -> None:
    client = sign_in("ana")
    for room in ROOMS:
        answer = client.get(f"/workspace/{room}")
        assert answer.status_code == 302, room
        assert answer["Location"].startswith("/workspace/second-factor/?next="), room
    # Not by sending a form either.
    assert client.post("/workspace/drafts/", {"text": "x", "step": "propose"}).status_code == 302


@pytest.mark.parametrize("role", roles.ROLES)
def test_every_role_that_sees_hidden_things_or_decides_needs_one(state: State, role: str) -> None:
    needs = role not in ("visitor", "researcher", "witness")
    assert roles.needs_second_factor([role]) == needs
    people.add_person(name="x", roles=[role], password=PASSWORD)
    assert sign_in("x").get("/workspace/").status_code == (302 if needs else 200)


def test_setting_it_up_shows_recovery_codes_once_and_then_every_room_opens(state: State) -> None:
    client = sign_in("ana")
    codes = set_up(client)
    assert len(set(codes)) == factors.RECOVERY_CODES
    assert client.get("/workspace/").status_code == 200
    assert b"10 recovery codes left" in client.get("/workspace/").content
    # Only digests are kept, and no page shows the codes or the key again.
    kept = " ".join(StaticToken.objects.values_list("token", flat=True))
    for code in codes:
        assert code not in kept
        assert code.replace("-", "") not in kept
        assert code.encode() not in client.get("/workspace/").content
    assert client.get("/workspace/second-factor/").status_code == 302
    assert journal.list_entries()[0].deed == "factor-set"


def test_a_wrong_code_is_told_and_nothing_opens(state: State) -> None:
    client = sign_in("ana")
    client.get("/workspace/second-factor/")
    answer = client.post("/workspace/second-factor/", {"code": "000000"})
    assert (answer.status_code, b"is not right" in answer.content) == (400, True)
    assert not factors.has_factor(Person.objects.get(username="ana"))
    assert client.get("/workspace/").status_code == 302


def test_afterwards_each_session_needs_a_code_and_a_code_works_once(state: State) -> None:
    set_up(sign_in("ana"))
    person = Person.objects.get(username="ana")
    client = sign_in("ana", "/workspace/proposals/")
    assert b"Set up" not in client.get("/workspace/second-factor/").content
    code = factor.read_code(person)
    answer = client.post(
        "/workspace/second-factor/", {"code": f"{code[:3]} {code[3:]}", "next": "/workspace/studies/"}
    )
    assert answer["Location"] == "/workspace/studies/"
    assert client.get("/workspace/").status_code == 200
    other = sign_in("ana")
    assert other.post("/workspace/second-factor/", {"code": code}).status_code == 400
    assert other.get("/workspace/").status_code == 302
    elsewhere = {"code": factor.read_code(person), "next": "https://elsewhere.example/"}
    assert sign_in("ana").post("/workspace/second-factor/", elsewhere)["Location"] == "/workspace/"


def test_a_recovery_code_lets_in_once(state: State) -> None:
    code = set_up(sign_in("ana"))[0]
    client = sign_in("ana")
    assert client.post("/workspace/second-factor/", {"code": code.upper()}).status_code == 302
    assert b"9 recovery codes left" in client.get("/workspace/").content
    assert sign_in("ana").post("/workspace/second-factor/", {"code": code}).status_code == 400
    assert "recovery-code-used" in [each.deed for each in journal.list_entries()]


def test_new_recovery_codes_end_the_old_ones(state: State) -> None:
    client = sign_in("ana")
    old = set_up(client)
    page = client.post("/workspace/second-factor/codes/").content.decode()
    new = re.findall("<code>([a-z0-9-]{19})</code>", page)
    assert len(new) == factors.RECOVERY_CODES
    assert not set(old) & set(new)
    assert sign_in("ana").post("/workspace/second-factor/", {"code": old[1]}).status_code == 400


def test_many_wrong_codes_are_slowed_down_even_for_the_right_one(state: State) -> None:
    set_up(sign_in("ana"))
    person = Person.objects.get(username="ana")
    client = sign_in("ana")
    right = factor.read_code(person)
    for wrong in ("000000", "000001", "000002"):
        assert client.post("/workspace/second-factor/", {"code": wrong}).status_code == 400
    assert client.post("/workspace/second-factor/", {"code": right}).status_code == 400


def test_the_factor_of_one_person_opens_nothing_for_another(state: State) -> None:
    set_up(sign_in("ana"))
    people.add_person(name="ben", roles=["approver"], password=PASSWORD)
    code = factor.read_code(Person.objects.get(username="ana"))
    assert sign_in("ben").post("/workspace/second-factor/", {"code": code}).status_code == 400


def test_a_lost_factor_is_reset_at_the_command_line_and_journalled(state: State) -> None:
    client = sign_in("ana")
    set_up(client)
    result = CliRunner().invoke(main.lightwell, ["person", "reset-factor", "ana"])
    assert result.exit_code == 0, result.output
    assert client.get("/workspace/").status_code == 302, "the old session opens nothing any more"
    newest = journal.list_entries()[0]
    assert (newest.deed, newest.about) == ("factor-reset", "ana")
    assert "command line" in newest.by
    again = sign_in("ana")
    assert len(set_up(again)) == factors.RECOVERY_CODES
    shown = CliRunner().invoke(main.lightwell, ["journal"]).output
    assert "factor-reset ana" in shown


def test_nobody_takes_the_own_factor_away_in_the_browser(state: State) -> None:
    set_up(sign_in("ana"))
    with pytest.raises(errors.Refused, match="ask the operator"):
        factors.begin_factor(person=Person.objects.get(username="ana"))


def test_a_closed_account_is_out_at_once(state: State) -> None:
    client = sign_in("ana")
    set_up(client)
    result = CliRunner().invoke(main.lightwell, ["person", "close", "ana"])
    assert result.exit_code == 0, result.output
    assert client.get("/workspace/")["Location"].startswith("/workspace/sign-in/")


def test_an_auditor_reads_the_journal_and_a_publisher_does_not(state: State) -> None:
    client = sign_in("ana")
    set_up(client)
    assert client.get("/workspace/journal/").status_code == 403
    people.add_person(name="gus", roles=["auditor"], password=PASSWORD)
    auditor = sign_in("gus")
    set_up(auditor, "gus")
    assert b"person-added" in auditor.get("/workspace/journal/").content.replace(
        b"Person added", b"person-added"
    )


def test_invented_people_exist_in_a_labelled_sample_only(state: State) -> None:
    with pytest.raises(errors.Refused, match="labelled sample only"):
        people.add_sample_person(state=state, name="played", roles=["approver"])
    # Even a row that says so, written by hand or brought by a database of a sample, opens nothing here.
    people.add_person(name="played", roles=["approver"])
    Person.objects.filter(username="played").update(sample=True)
    person = Person.objects.get(username="played")
    assert Client().post("/workspace/sample-person/", {"person": "played"}).status_code == 404
    assert b"This is a sample" not in Client().get("/workspace/sign-in/").content
    assert factors.must_verify(state, person)
    client = Client()
    client.force_login(person)
    assert client.get("/workspace/")["Location"].startswith("/workspace/second-factor/")


def test_in_a_sample_anybody_plays_its_people_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = begin(tmp_path / "state", "sample.example/played", monkeypatch)
    people.add_sample_person(
        state=made, name="larkfield-approver", roles=["approver"], organisation=fixture.find_organisation()
    )
    people.add_person(name="real", roles=["approver"], password=PASSWORD)
    client = Client()
    page = client.get("/workspace/sign-in/").content.decode()
    assert "Approver of Larkfield (sample)" in page
    assert client.post("/workspace/sample-person/", {"person": "real"}).status_code == 404
    assert client.get("/workspace/").status_code == 302
    assert client.post("/workspace/sample-person/", {"person": "larkfield-approver"}).status_code == 302
    assert client.get("/workspace/").status_code == 200
    # A person with a password needs a factor in a sample as well.
    assert sign_in("real").get("/workspace/").status_code == 302
    assert (
        Client(enforce_csrf_checks=True)
        .post("/workspace/sample-person/", {"person": "larkfield-approver"})
        .status_code
        == 403
    )
