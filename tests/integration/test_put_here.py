"""A record leads with the day on which it was put here; the date it gives itself is its publisher's word."""

from __future__ import annotations

import csv
import datetime
import io
from pathlib import Path

import disclosure_fixture as fixture
import factor_fixture
import pytest
from django.core.cache import cache
from django.test import Client

from lightwell.actions import log, overview
from lightwell.base import errors
from lightwell.db.models import Disclosure
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2024, 11, 20, 9, tzinfo=datetime.UTC)
SAID = "put here on 20 November 2024 (its own date, not confirmed: 1 January 2001)"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    overview.forget()
    cache.clear()
    foundation.lay_foundation(root, origin="sample.example/site", sample=True)
    (root / "sample-clock").write_text(str(int(NOW.timestamp())))
    log.begin_log(now=NOW)
    return fixture.Desk(State(root))


def make_comment(about: Disclosure, date: str) -> dict:
    value = fixture.read_value("commentary")
    return {
        **value,
        "date": date,
        "about": {"id": about.record, "digest": about.digest},
        "provider": fixture.read_value("letter")["provider"],
    }


def publish_letter(desk: fixture.Desk, date: str = "2001-01-01") -> Disclosure:
    return desk.disclose({**fixture.read_value("letter"), "date": date}, NOW)


def test_the_day_it_was_put_here_leads_on_every_page_table_and_answer(desk: fixture.Desk) -> None:
    letter = publish_letter(desk)
    comment = desk.disclose(make_comment(letter, "2001-01-01"), NOW)
    company = f"/companies/{letter.provider_id}/"
    for place in (f"/records/{comment.record}/", f"/records/{letter.record}/", "/records/", company):
        html = Client().get(place).content.decode()
        assert SAID in html, place
        assert "1 January 2001" not in html.replace(SAID, ""), f"{place} states the declared date alone"
    html = Client().get(f"/records/{comment.record}/").content.decode()
    assert html.partition("<h2>Versions</h2>")[2].count(SAID) == 1
    rows = list(csv.DictReader(io.StringIO(Client().get("/lists/records.csv").content.decode())))
    assert {(row["put_here_on"], row["date_declared"]) for row in rows} == {("2024-11-20", "2001-01-01")}
    for row in Client().get("/api/1/records").json()["items"]:
        assert (row["put_here_on"], row["date"]) == ("2024-11-20", "2001-01-01")
    (version,) = Client().get(f"/api/1/records/{comment.record}").json()["versions"]
    assert version["put_here_on"] == "2024-11-20"


def test_a_date_before_what_it_answers_or_supersedes_is_a_problem_of_its_line(desk: fixture.Desk) -> None:
    letter = publish_letter(desk, "2024-11-01")
    with pytest.raises(errors.UserMistake, match="nobody answers before") as caught:
        desk.disclose(make_comment(letter, "2001-01-01"), NOW)
    assert [each.place.endswith("(/date)") for each in caught.value.problems] == [True]
    with pytest.raises(errors.UserMistake, match="before the version that it supersedes") as caught:
        desk.disclose({**fixture.read_value("letter"), "date": "2024-10-01", "version": 2}, NOW)
    assert [each.place.endswith("(/date)") for each in caught.value.problems] == [True]


def test_the_workspace_says_when_a_record_was_put_here_too(desk: fixture.Desk) -> None:
    letter = publish_letter(desk)
    person = desk.find_pair({"id": letter.publisher})[0]
    person.set_password("a long enough one 7")
    person.save()
    client = Client()
    client.post("/workspace/sign-in/", {"username": person.username, "password": "a long enough one 7"})
    factor_fixture.enter_code(client, person)
    html = client.get("/workspace/records/").content.decode()
    assert SAID in html
    assert "1 January 2001" not in html.replace(SAID, "")
