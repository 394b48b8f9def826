"""When a study was registered: what its entry names, and what page and verdict say of it."""

from __future__ import annotations

import datetime
from pathlib import Path

import disclosure_fixture
import httpx
import pytest
from django.test import Client

from lightwell.actions import bundles, log, proposals, studies
from lightwell.archive import beacon, entry
from lightwell.base import errors
from lightwell.client import beacons, verify
from lightwell.db.models import LogEntry, Study
from lightwell.files import foundation
from lightwell.files.state import State

pytestmark = pytest.mark.django_db(transaction=True)
NOW = datetime.datetime(2024, 11, 20, 12, tzinfo=datetime.UTC)
VALUE = beacon.Beacon("drand-quicknet", 13_078_212, "5" * 64)


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    monkeypatch.setenv("LIGHTWELL_BEACON", "drand-quicknet")
    foundation.lay_foundation(tmp_path / "state", origin="log.example/times")
    return State(tmp_path / "state")


def register(state: State) -> Study:
    desk = disclosure_fixture.Desk(state)
    log.count_day(state=state, now=NOW)
    log.publish_checkpoint(state=state, now=NOW)
    record = desk.disclose(disclosure_fixture.read_value("study"), NOW).record
    log.publish_checkpoint(state=state, now=NOW)
    return Study.objects.get(pk=record)


def test_a_study_registered_in_advance_names_a_fresh_value_and_the_state_that_readers_see(
    state: State, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(beacons, "read_newest", lambda client, now: VALUE)
    study = register(state)
    value = entry.decode_entry(study.log_index, bytes(LogEntry.objects.get(pk=study.log_index).data))
    assert value["beacon"] == {"source": VALUE.source, "round": VALUE.round, "value": VALUE.value}
    assert str(value["after"]).startswith("sha256:")
    page = Client(headers={"host": "localhost"}).get(f"/studies/{study.id}/").content.decode()
    assert f"round {VALUE.round} of the random beacon drand-quicknet" in page
    written = bundles.write_bundle(state=state, folder=tmp_path / "bundle")
    verdict = verify.verify_bundle(written.folder)
    assert any(f"round {VALUE.round}" in each for each in verdict.not_proven)
    assert not any("signed state it names" in each for each in verdict.not_proven)


def test_without_a_public_random_value_nothing_is_registered_and_the_way_out_is_said(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(client: httpx.Client, now: datetime.datetime) -> beacon.Beacon:
        raise errors.CouldNotCheck("no public random value could be had: no route.")

    monkeypatch.setattr(beacons, "read_newest", refuse)
    with pytest.raises(errors.Refused, match="LIGHTWELL_BEACON=none"):
        register(state)
    kinds = [entry.decode_entry(k.index, bytes(k.data))["type"] for k in LogEntry.objects.all()]
    assert kinds == ["count"]
    assert not Study.objects.exists()
    assert len(proposals.list_open()) == 1
    monkeypatch.setenv("LIGHTWELL_BEACON", "moon")
    with pytest.raises(errors.UserMistake, match="drand-quicknet or none"):
        studies.choose_beacon(state, {"registered_in_advance": True}, NOW)


def test_earlier_research_and_an_operator_without_network_name_no_value(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert studies.choose_beacon(state, {"registered_in_advance": False}, NOW) is None
    monkeypatch.setenv("LIGHTWELL_BEACON", "none")
    study = register(state)
    page = Client(headers={"host": "localhost"}).get(f"/studies/{study.id}/").content.decode()
    assert "no public random value" in page
