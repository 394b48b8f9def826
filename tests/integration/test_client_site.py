"""The client against the real site behind a socket: rows are typed, lists go on, errors are sentences."""

import datetime
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from document_fixture import PARTLY, SENTENCES, STUDY, WHOLE, Archive, build_archive

from lightwell.actions import overview, search, studies
from lightwell.base import errors
from lightwell.client import site
from lightwell.tlog import tile

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    overview.forget()
    built = build_archive(tmp_path / "state")
    search.rebuild_index(built.state)
    return built


@pytest.fixture
def client(archive: Archive, live_server: Any) -> Iterator[site.Site]:
    with site.Site(live_server.url) as opened:
        yield opened


def test_everything_public_is_read_as_typed_rows(archive: Archive, client: site.Site) -> None:
    (company,) = client.iterate_companies()
    assert company == client.read_company("larkfield")
    assert company.pages.in_all == 10
    (study,) = client.iterate_studies(company="larkfield")
    assert study.registered_at == datetime.datetime(2026, 9, 1, 9, tzinfo=datetime.UTC)
    assert client.read_study(STUDY) == study
    registration = client.read_registration(STUDY)
    bounds, beacon = studies.read_bounds(archive.state, STUDY)
    assert (registration.study, registration.in_advance) == (STUDY, study.in_advance)
    assert registration.not_after == bounds.not_after
    assert (registration.beacon is None) == (beacon is None)
    documents = list(client.iterate_documents(STUDY))
    assert [each.number for each in documents] == [1, 2, 3, 4, 5]
    assert documents[0].due == datetime.date(2026, 10, 1)
    assert [each.number for each in client.iterate_gaps()] == [1, 2, 3, 4, 5]
    assert list(client.iterate_gaps(as_of=datetime.date(2020, 1, 1))) == []
    assert list(client.iterate_overdue()) == []
    (record,) = client.iterate_records(kind="study")
    assert record.id == STUDY
    assert len(client.read_history(STUDY)["versions"]) == 1
    assert client.compare_versions(STUDY, 1, 1)["changes"] == []


def test_pages_files_and_the_log_come_as_they_are(archive: Archive, client: site.Site) -> None:
    assert SENTENCES[1] in client.read_page(STUDY, WHOLE, 2).text
    assert client.read_file(archive.items[WHOLE].sha256) == archive.original
    (hit,) = client.iterate_hits("marmalade", company="larkfield")
    assert (hit.study, hit.number, hit.page) == (STUDY, WHOLE, 2)
    stated = client.read_checkpoint()
    width = tile.count_width(stated.size, 0, 0)
    assert len(client.read_tile(f"tile/0/000.p/{width}")) == 32 * width


def test_what_the_site_says_no_to_becomes_an_error_by_whose_fault(
    archive: Archive, client: site.Site
) -> None:
    with pytest.raises(errors.Refused, match="A person who took part in the research"):
        client.read_page(STUDY, PARTLY, 2)
    with pytest.raises(errors.UserMistake, match="nothing public"):
        client.read_study("std-0000000000000x")
    with pytest.raises(errors.UserMistake, match="as_of"):
        list(client.iterate_gaps(as_of=datetime.date(2999, 1, 1)))
    with pytest.raises(errors.UserMistake):
        client.read_tile("../log.key")


def test_a_site_that_is_not_there_or_not_ours_could_not_be_checked() -> None:
    with site.Site("http://127.0.0.1:9") as nobody, pytest.raises(errors.CouldNotCheck, match="reached"):
        nobody.read_checkpoint()
    answers = httpx.MockTransport(lambda request: httpx.Response(200, json={"size": 1}))
    with (
        site.Site("http://other.example", httpx.Client(transport=answers)) as other,
        pytest.raises(errors.CouldNotCheck, match="form that is not known"),
    ):
        other.read_checkpoint()
