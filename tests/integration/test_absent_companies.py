"""A company that never joined has a page where nothing others say counts; and a company changes its name."""

from pathlib import Path

import disclosure_fixture as fixture
import pytest
from django.core.cache import cache
from django.test import Client

from lightwell.actions import answers, journal, log, organisations, overview, parties, people
from lightwell.base import errors
from lightwell.db.models import Disclosure, Provider
from lightwell.files import data, foundation, yaml_lines
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
LATER = fixture.at("2026-11-25")


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/absent", sample=True)
    (root / "sample-clock").write_text(str(int(LATER.timestamp())))
    log.begin_log(now=LATER)
    return fixture.Desk(State(root))


def read_records() -> list[dict]:
    texts = data.read_sample_records()
    return [yaml_lines.parse_document(text, name).value for name, text in texts.items()]


def read(address: str) -> str:
    answer = Client().get(address)
    assert answer.status_code == 200, address
    return " ".join(answer.content.decode().split())


def test_what_others_publish_never_makes_a_company_take_part(desk: fixture.Desk) -> None:
    records = read_records()
    assert {each["provider"]["id"] for each in records} == {"nightjar"}
    for value in records:
        desk.disclose(value)
    assert not Provider.objects.get(slug="nightjar").joined
    picture = overview.read_overview(desk.state)
    provider = picture.find_provider("nightjar")
    assert len(provider.other_records) == len(records)
    assert provider.own_records == ()
    listed = answers.list_answers(picture, provider)
    assert [each.has for each in listed] == [()] * 5, "no ask is answered by others"
    assert any(each.by_others for each in listed), "what others say is shown beside it"


def test_the_page_of_a_company_that_never_joined_shows_what_others_put_there(desk: fixture.Desk) -> None:
    for value in read_records():
        desk.disclose(value)
    page = read("/companies/nightjar/")
    assert "Nightjar (sample) is not taking part" in page
    assert page.count("<td>Nothing</td>") == 5
    assert "assessed from outside" in page
    assert "None of it counts as the company's answer" in page
    assert "Not taking part" in read("/companies/")
    assert "Nightjar" in read("/")
    companies = Client().get("/api/1/companies").json()["items"]
    assert [(each["id"], each["joined"]) for each in companies] == [("nightjar", False)]


def test_an_organisation_of_another_kind_with_the_companys_id_answers_nothing(desk: fixture.Desk) -> None:
    # Whoever typed the role wrongly at the command line has not made the company join.
    fake = organisations.add_organisation(by="test", slug="nightjar", role="other", name="Nightjar (sample)")
    one = people.add_person(name="one", roles=["publisher"], organisation=fake)
    two = people.add_person(name="two", roles=["approver"], organisation=fake)
    desk.pairs["nightjar"] = (one, two)
    value = read_records()[0]
    desk.disclose({**value, "publisher": {"id": "nightjar", "role": "other", "name": "Nightjar (sample)"}})
    assert not Provider.objects.get(slug="nightjar").joined


def test_its_own_first_word_makes_it_take_part(desk: fixture.Desk) -> None:
    value = read_records()[0]
    own = {"id": "nightjar", "role": "provider", "name": "Nightjar (sample)"}
    desk.disclose({**value, "publisher": own})
    assert Provider.objects.get(slug="nightjar").joined


def test_a_renamed_company_keeps_its_id_and_its_old_name_stays_readable(desk: fixture.Desk) -> None:
    row = desk.disclose(fixture.read_value("dataset"), LATER)
    before = read("/companies/larkfield/")
    assert "it was called" not in before
    old = parties.rename_provider(by="test", slug="larkfield", name="Larkfield Group", now=LATER)
    assert old == "Larkfield (sample)"
    page = read("/companies/larkfield/")
    assert "<h1>Larkfield Group</h1>" in page
    assert "Until 25 November 2026 it was called Larkfield (sample)" in page
    assert Client().get("/api/1/companies/larkfield").json()["past_names"] == [
        {"name": "Larkfield (sample)", "until": "2026-11-25"}
    ]
    # What is published is not rewritten: its bytes and its page say what they said.
    again = Disclosure.objects.get(pk=row.pk)
    assert again.read_record().provider.name == "Larkfield (sample)"
    assert "Larkfield (sample)" in read(f"/records/{row.record}/")
    assert journal.list_entries()[0].deed == "company-renamed"


def test_after_a_renaming_records_bear_the_new_name(desk: fixture.Desk) -> None:
    desk.disclose(fixture.read_value("dataset"), LATER)
    parties.rename_provider(by="test", slug="larkfield", name="Larkfield Group", now=LATER)
    desk.ana.refresh_from_db()
    value = fixture.read_value("risk-assessment")
    with pytest.raises(errors.UserMistake, match="known here as 'Larkfield Group'"):
        desk.disclose(value, LATER)
    renamed = {"id": "larkfield", "name": "Larkfield Group"}
    row = desk.disclose({**value, "provider": renamed, "publisher": {**renamed, "role": "provider"}}, LATER)
    assert row.read_record().publisher.name == "Larkfield Group"
    for name, problem in (("Larkfield Group", "already"), ("", "1 to 200"), ("x" * 201, "1 to 200")):
        with pytest.raises(errors.UserMistake, match=problem):
            parties.rename_provider(by="test", slug="larkfield", name=name, now=LATER)
    with pytest.raises(errors.UserMistake, match="no company 'nobody'"):
        parties.rename_provider(by="test", slug="nobody", name="New", now=LATER)
