"""The own account: another password, a first one that must go, sittings that end, and what is journalled."""

from __future__ import annotations

import datetime
import json
import re
from pathlib import Path
from typing import Any

import disclosure_fixture as fixture
import factor_fixture as factor
import pytest
from click.testing import CliRunner
from django.core.cache import cache
from django.test import Client

from lightwell.actions import journal, log, overview, people, sittings
from lightwell.base import errors
from lightwell.cli import organisation as organisation_command
from lightwell.cli import person as person_command
from lightwell.db.models import Person, Sitting
from lightwell.files import diary, foundation
from lightwell.web import pace

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "seven brave otters swim", "eleven quiet herons wait"
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
ACCOUNT = "/workspace/account/"


@pytest.fixture(autouse=True)
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setattr(pace, "TURNS", 1000)
    overview.forget()
    cache.clear()
    foundation.lay_foundation(tmp_path / "state", origin="archive.tern-rock.example")
    log.begin_log(now=NOW)
    larkfield = fixture.find_organisation()
    people.add_person(name="rita", roles=["researcher"], password=PASSWORD)
    people.add_person(name="ana", roles=["publisher"], password=PASSWORD, organisation=larkfield)


def sign_in(name: str = "rita", password: str = PASSWORD, status: int = 302) -> Client:
    client = Client()
    answer = client.post("/workspace/sign-in/", {"username": name, "password": password})
    assert answer.status_code == status
    if name == "ana":
        factor.enter_code(client, Person.objects.get(username=name))
    return client


def change(client: Client, current: str = PASSWORD, password: str = OTHER, again: str = "") -> Any:
    sent = {"current": current, "password": password, "again": again or password}
    return client.post(f"{ACCOUNT}password/", sent, follow=True)


def is_in(client: Client) -> bool:
    return client.get("/workspace/").status_code == 200


def list_door() -> list[tuple[str, str]]:
    return [(each.deed, each.about) for each in journal.list_entries(at_the_door=True)][::-1]


def test_a_person_changes_the_password_and_is_signed_out_everywhere_else() -> None:
    here, there = sign_in(), sign_in()
    assert is_in(here)
    assert is_in(there)
    page = change(here).content.decode()
    assert "Your password is changed" in page
    assert is_in(here)
    assert not is_in(there)
    assert journal.list_entries()[0].deed == "password-changed"
    sign_in(status=200)
    assert is_in(sign_in(password=OTHER))


def test_the_factor_stays_with_whoever_changes_the_password() -> None:
    ana = sign_in("ana")
    assert is_in(ana)
    change(ana)
    assert is_in(ana)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"current": "some other words here"}, "this is not your password of now"),
        ({"password": PASSWORD}, "choose another one than that of now"),
        ({"again": "eleven quiet herons wade"}, "the two new passwords are not the same"),
        ({"password": "short"}, "too short"),
        ({"password": "password1234"}, "too common"),
        ({"password": "RitaLightwell2026"}, "must be left of the password"),
        ({"password": "tern-rock-archive-26"}, "must be left of the password"),
    ],
)
def test_what_is_wrong_with_a_new_password_stands_at_its_field(given: dict[str, str], sentence: str) -> None:
    client = sign_in()
    answer = change(client, **given)
    assert answer.status_code == 400
    assert sentence.lower() in answer.content.decode().lower()
    assert Person.objects.get(username="rita").check_password(PASSWORD)
    assert PASSWORD not in answer.content.decode()


def test_words_of_the_house_are_those_of_the_person_too() -> None:
    ana = Person.objects.get(username="ana")
    assert people.find_password_problems("Larkfield-ana-2026", ana) != []
    assert people.find_password_problems("Larkfield-ana-2026 marmalade", ana) == []
    assert people.find_password_problems("Larkfield-rita-26", Person.objects.get(username="rita")) == []
    with pytest.raises(errors.UserMistake, match="must be left"):
        people.add_person(name="publisher-ivo", roles=["publisher"], password="publisher-ivo-2026")


def test_a_password_of_the_operator_opens_one_room_until_it_is_changed() -> None:
    made = CliRunner().invoke(
        person_command.person, ["add", "ines", "--role", "researcher"], input=f"{PASSWORD}\n"
    )
    assert made.exit_code == 0, made.output
    client = sign_in("ines")
    assert client.get("/workspace/")["Location"] == ACCOUNT
    assert "Choose a password that only you know" in client.get(ACCOUNT).content.decode()
    assert client.post(f"{ACCOUNT}sessions/")["Location"] == ACCOUNT
    change(client)
    assert is_in(client)
    again = CliRunner().invoke(person_command.person, ["password", "ines"], input=f"{PASSWORD}\n")
    assert again.exit_code == 0, again.output
    assert not is_in(client)
    assert not is_in(sign_in("ines"))


def test_guessing_the_password_of_now_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    monkeypatch.setattr(pace, "TURNS", 3)
    statuses = [change(client, current=f"some other words {k}").status_code for k in range(5)]
    assert statuses == [400, 400, 400, 429, 429]


def test_sittings_are_seen_and_ended_by_their_person_alone() -> None:
    here, there, third = sign_in(), sign_in(), sign_in()
    ana = sign_in("ana")
    for client in (here, there, third, ana):
        assert is_in(client)
    page = here.get(ACCOUNT).content.decode()
    numbers = re.findall(rf"{ACCOUNT}sessions/(\d+)/", page)
    assert len(numbers) == 2
    assert "This one" in page
    # Of somebody else there is nothing to end.
    foreign = Sitting.objects.get(person__username="ana").pk
    assert here.post(f"{ACCOUNT}sessions/{foreign}/").status_code == 400
    assert is_in(ana)
    here.post(f"{ACCOUNT}sessions/{numbers[0]}/")
    assert [is_in(client) for client in (here, there, third)] == [True, True, False]
    here.post(f"{ACCOUNT}sessions/")
    assert [is_in(client) for client in (here, there)] == [True, False]
    here.post("/workspace/sign-out/")
    assert not Sitting.objects.filter(person__username="rita").exists()
    assert not is_in(here)


def test_a_sitting_ends_when_nothing_was_done_in_it_for_an_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    client = sign_in()
    assert is_in(client)
    start = sittings.read_clock()
    for minutes, expected in ((50, True), (100, True), (161, False), (162, False)):
        later = start + datetime.timedelta(minutes=minutes)
        monkeypatch.setattr(sittings, "read_clock", lambda later=later: later)
        assert is_in(client) is expected, minutes


def test_the_journal_of_the_door_says_who_came_in_and_was_refused_and_nothing_that_was_typed() -> None:
    client = sign_in()
    assert is_in(client)
    for _ in range(3):
        sign_in(password="wrong words entirely", status=200)
        sign_in(name="my secret passphrase", status=200)
    for _ in range(2):
        assert client.get("/workspace/journal/").status_code == 403
    assert list_door() == [
        (journal.SIGNED_IN, "rita"),
        (journal.SIGN_IN_REFUSED, "rita"),
        (journal.ROOM_REFUSED, "rita"),
    ]
    written = json.dumps(
        [[each.by, each.about, each.detail] for each in journal.list_entries(at_the_door=True)]
    )
    for word in ("127.0.0.1", "wrong words", "passphrase"):
        assert word not in written
    shown = CliRunner().invoke(organisation_command.journal, ["--door"])
    assert "sign-in-refused rita, by visitor" in shown.output
    assert "sign-in-refused" not in CliRunner().invoke(organisation_command.journal, []).output
    people.add_person(name="ada", roles=["auditor"], password=PASSWORD)
    ada = sign_in("ada")
    factor.enter_code(ada, Person.objects.get(username="ada"))
    assert "sign-in-refused" not in ada.get("/workspace/journal/").content.decode()
    assert "rita" in ada.get("/workspace/journal/?door").content.decode()


def test_the_diary_counts_what_was_refused_without_saying_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    lines: list[tuple[str, dict[str, Any]]] = []
    monkeypatch.setattr(diary, "write_line", lambda event, *_, **fields: lines.append((event, fields)))
    client = sign_in()
    sign_in(password="wrong words entirely", status=200)
    client.get("/workspace/journal/")
    told = [each for each in lines if each[0] != "answer"]
    assert told == [
        ("sign-in", {"outcome": "granted"}),
        ("sign-in", {"outcome": "refused"}),
        ("room-refused", {"route": "workspace/journal/"}),
    ]
