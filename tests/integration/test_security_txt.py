"""Whom to tell of a weakness stands where tools look for it, and nowhere by invention."""

from pathlib import Path

import pytest
from django.test import Client

from lightwell.actions import checkups
from lightwell.files import foundation, security_txt
from lightwell.files.state import State

pytestmark = pytest.mark.django_db
ADDRESS = "/.well-known/security.txt"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "localhost"})


@pytest.mark.parametrize("origin", ["sample.larkfield.example/log", "demo.lightwell.example/log"])
def test_a_sample_serves_the_sample(origin, client, tmp_path, monkeypatch):
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    foundation.lay_foundation(tmp_path / "state", origin=origin, sample=origin.startswith("sample."))
    answer = client.get(ADDRESS)
    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.content.decode() == security_txt.read_sample().text


def test_an_archive_serves_its_own_file_or_none(client, tmp_path, monkeypatch):
    root = tmp_path / "state"
    monkeypatch.setenv("LIGHTWELL_STATE", str(root))
    foundation.lay_foundation(root, origin="archive.example/log")
    assert client.get(ADDRESS).status_code == 404

    def ask_doctor() -> checkups.Line:
        return next(line for line in checkups.examine(state=State(root)) if line.name == "security")

    assert not ask_doctor().well
    assert "RFC 9116" in ask_doctor().sentence
    own = security_txt.read_sample().text.replace("sample.lightwell.example", "archive.example")
    (root / "security.txt").write_text(own)
    assert client.get(ADDRESS).content.decode() == own
    assert ask_doctor().well
    (root / "security.txt").write_text("Contact: nobody\n")
    assert client.get(ADDRESS).status_code == 404
    assert not ask_doctor().well


def test_the_projects_own_page_names_the_same_address():
    assert ADDRESS in (ROOT / "SECURITY.md").read_text("utf-8")
