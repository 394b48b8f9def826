"""Pages of records and of what changed: links that lead somewhere, countries by name, no disguised titles."""

from __future__ import annotations

import re
from pathlib import Path

import disclosure_fixture as fixture
import pytest
import site_fixture
from django.test import Client
from test_put_here import NOW, desk  # noqa: F401  # desk is the fixture

from lightwell.actions import overview
from lightwell.db.models import Disclosure, Item
from lightwell.files import data
from lightwell.files.state import State

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path))
    overview.forget()
    return site_fixture.build_site(tmp_path)


def list_dead_links(client: Client, address: str) -> list[str]:
    """List the links of a page to places on it or on a record's page where nothing has that name."""
    html = client.get(address).content.decode()
    dead = []
    for target in re.findall(r'href="((?:/records/[^"#]*)?#[^"]+)"', html):
        page, _, name = target.partition("#")
        there = client.get(page).content.decode() if page else html
        if f'id="{name}"' not in there:
            dead.append(target)
    return dead


def test_no_link_of_a_record_or_of_its_changes_is_dead(state: State, client: Client) -> None:
    followed = Disclosure.objects.get(version=2, kind="risk-assessment")
    changes = f"/records/{followed.record}/changes/1/2/"
    assert f'href="/records/{followed.record}/2/#' in client.get(changes).content.decode()
    assert list_dead_links(client, changes) == []
    for row in Disclosure.objects.filter(tombstone=None).newest():
        assert list_dead_links(client, f"/records/{row.record}/") == [], row.kind


def test_countries_are_named(state: State, client: Client) -> None:
    studies = Disclosure.objects.visible().newest().filter(kind="study")
    row = next(each for each in studies if "DE" in each.read_record().body.get("countries", ()))
    html = client.get(f"/studies/{row.record}/").content.decode()
    assert "Germany" in html
    assert not re.search(r">\s*DE\s*<|\bDE, [A-Z]{2}\b", html)


def test_every_country_of_the_list_has_a_code_and_a_name() -> None:
    names = data.read_countries()
    assert len(names) == 250
    assert (names["GB"], names["EU"], names["JP"]) == ("Britain (UK)", "European Union", "Japan")
    assert all(re.fullmatch("[A-Z]{2}", code) and name.strip() for code, name in names.items())


def test_a_title_cannot_turn_the_direction_of_what_stands_beside_it(state: State, client: Client) -> None:
    item = Item.objects.filter(named=True, openings__isnull=False).first()
    Item.objects.filter(pk=item.pk).update(title="Report \u202egnp.exe")
    overview.forget()
    for address in (f"/studies/{item.study_id}/", f"/studies/{item.study_id}/inventory/"):
        html = client.get(address).content.decode()
        assert "Report \ufffdgnp.exe" in html
        assert "\u202e" not in html


def test_a_record_whose_first_version_was_removed_is_read_as_before(desk: fixture.Desk) -> None:  # noqa: F811
    row = desk.disclose({**fixture.read_value("letter"), "date": "2024-11-01"}, NOW)
    desk.disclose({**fixture.read_value("letter"), "version": 2, "date": "2024-11-02"}, NOW)
    desk.withdraw(row.record, "published-in-error", NOW, version=1)
    newest = Client().get(f"/records/{row.record}/")
    assert newest.status_code == 200
    assert "What came before was removed" in newest.content.decode()
    assert Client().get(f"/records/{row.record}/1/").status_code == 410
