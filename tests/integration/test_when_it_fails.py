"""When something fails, a reader gets a page in words, and a program a problem."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import site_fixture
from django.test import Client
from django.test.client import RequestFactory

from lightwell.actions import overview
from lightwell.files.state import State
from lightwell.web.views import about

pytestmark = pytest.mark.django_db


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path))
    overview.forget()
    return site_fixture.build_site(tmp_path)


def test_a_form_that_nothing_vouches_for_is_answered_with_a_page(state: State) -> None:
    answer = Client(enforce_csrf_checks=True).post("/workspace/sign-in/", {"username": "ana"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "What you sent was not taken, and nothing was changed" in text
    assert "<nav" in text
    assert "CSRF" not in text


def test_a_fault_is_a_page_of_this_site_for_readers_and_a_problem_for_programs() -> None:
    page = about.show_fault(RequestFactory().get("/late/"))
    text = page.content.decode()
    (sheet,) = re.findall(r'rel="stylesheet" href="([^"]+)"', text)
    assert Client().get(sheet).status_code == 200
    assert "Something broke here" in text
    problem = about.show_fault(RequestFactory().get("/api/1/studies"))
    assert (page.status_code, problem.status_code) == (500, 500)
    assert problem["Content-Type"] == "application/problem+json"


def test_readers_are_told_whose_word_the_rule_of_two_people_is(state: State, client: Client) -> None:
    text = client.get("/how-to-check/").content.decode()
    ours, _, technical = text.partition('id="how-this-was-checked"')
    assert "could have acted for both" in ours
    assert "<code>--as</code>" in technical


def test_readers_find_the_api_from_the_page_of_lists(state: State, client: Client) -> None:
    html = client.get("/lists/").content.decode()
    for address in re.findall(r'href="(/api/[^"]+)"', html):
        assert client.get(address).status_code == 200
    assert "/api/1/openapi.json" in html
