"""A report that a child can be identified is never dropped, and who settled it and why is kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.cache import cache
from django.test import Client
from test_suspensions import NOW, PAGE, STUDY, desk, publish, seal  # noqa: F401  # desk is the fixture

from lightwell.actions import organisations, people, reports
from lightwell.base import errors
from lightwell.db.models import Item, JournalEntry, Person, Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(desk, tmp_path: Path) -> Item:  # type: ignore[no-untyped-def]  # noqa: F811
    seal(desk, tmp_path / "papers")
    publish(desk)
    return Item.objects.get(study=STUDY, number=1)


def send(words: str = "", address: str = "10.0.0.1", **more: str):  # type: ignore[no-untyped-def]
    return Client().post(f"{PAGE}report/", {"words": words}, REMOTE_ADDR=address, **more)


def test_a_flood_of_empty_reports_drops_no_report_that_says_something(item: Item, desk) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    for number in range(20):
        assert send(address=f"10.0.0.{number}").status_code == 200
    assert "Your report has arrived" in send("the girl on the left is my niece").content.decode()
    first, second = reports.list_open(actor=Person.objects.get(username="olga"))
    assert (first.words, first.count) == ("the girl on the left is my niece", 1)
    assert (second.words, second.count) == ("", 20)


def test_when_words_cannot_be_kept_the_visitor_is_told(item: Item, settings, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(reports, "MOST_WRITTEN", 3)
    settings.CONTACT = "child@archive.example"
    for number in range(3):
        assert "could not be kept" not in send(f"flood {number}").content.decode()
    html = send("the true one").content.decode()
    assert "your words could not be kept" in html
    assert "child@archive.example" in html
    assert sum(each.count for each in Report.objects.all()) == 4, "it is counted all the same"


def test_one_address_is_slowed_down_with_a_way_to_reach_a_person_and_others_are_not(
    item: Item,
    settings,  # type: ignore[no-untyped-def]
) -> None:
    settings.CONTACT = "child@archive.example"
    answers = [send() for _ in range(31)]
    assert [each.status_code for each in answers] == [200] * 30 + [429]
    said = answers[-1].content.decode()
    assert "was <strong>not</strong> taken" in said
    assert "child@archive.example" in said
    assert send(address="10.0.0.2").status_code == 200


def test_behind_a_proxy_visitors_are_told_apart_and_nobody_chooses_an_address(item: Item, settings) -> None:  # type: ignore[no-untyped-def]
    settings.PROXIES = 1
    for number in range(31):
        assert send(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}").status_code == 200
    cache.clear()
    forged = [send(HTTP_X_FORWARDED_FOR=f"198.51.100.{k}, 203.0.113.9") for k in range(31)]
    assert forged[-1].status_code == 429, "what a visitor wrote further left does not count"
    settings.PROXIES = 0
    cache.clear()
    unasked = [send(HTTP_X_FORWARDED_FOR=f"203.0.113.{k}") for k in range(31)]
    assert unasked[-1].status_code == 429, "without a proxy of ours the header is the visitor's own"


def test_nobody_of_the_publisher_closes_a_report_alone(item: Item, desk) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    report = reports.take_report(item=item, page=2, words="my niece", now=NOW).report
    with pytest.raises(errors.UserMistake, match="why nothing has to be done"):
        reports.settle_report(actor=desk.ana, report=report, outcome="nothing", now=NOW)
    for _ in range(2):
        assert not reports.settle_report(
            actor=desk.ana, report=report, outcome="nothing", reason="nobody there", now=NOW
        )
    report.refresh_from_db()
    assert report.settled_at is None
    assert reports.settle_report(
        actor=desk.ben, report=report, outcome="nothing", reason="I looked too", now=NOW
    )
    report.refresh_from_db()
    assert (report.settled_by, report.outcome, report.reason) == (desk.ben, "nothing", "I looked too")
    deeds = list(JournalEntry.objects.filter(deed__startswith="report-").values_list("deed", "by", "about"))
    place = f"{STUDY}/1/2"
    assert deeds[-2:] == [("report-to-be-closed", "ana", place), ("report-settled", "ben", place)]


def test_the_officer_closes_a_report_alone_and_no_other_organisation_sees_it(item: Item) -> None:
    report = reports.take_report(item=item, page=2, words="my niece", now=NOW).report
    other = organisations.add_organisation(by="test", slug="other", role="newsroom", name="Other")
    nora = people.add_person(name="nora", roles=["publisher"], organisation=other)
    assert reports.list_open(actor=nora) == []
    with pytest.raises(errors.Refused, match="belongs to larkfield"):
        reports.settle_report(actor=nora, report=report, outcome="nothing", reason="no", now=NOW)
    olga = Person.objects.get(username="olga")
    assert reports.settle_report(
        actor=olga, report=report, outcome="nothing", reason="a drawing, not a photograph", now=NOW
    )
    entry = JournalEntry.objects.get(deed="report-settled")
    assert (entry.by, entry.detail) == ("olga", "nothing: a drawing, not a photograph")
