"""A report that a child can be identified is never dropped, and who settled it and why is kept."""

from __future__ import annotations

from pathlib import Path

import factor_fixture
import pytest
from disclosure_fixture import read_value
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.test import Client
from test_suspensions import NOW, PAGE, STUDY, desk, publish, seal  # noqa: F401  # desk is the fixture

from lightwell.actions import organisations, people, proposals, reports
from lightwell.base import errors
from lightwell.db.models import Item, JournalEntry, Person, Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def item(desk, tmp_path: Path) -> Item:  # type: ignore[no-untyped-def]  # noqa: F811
    seal(desk, tmp_path / "papers")
    publish(desk)
    return Item.objects.get(study=STUDY, number=1)


def send(words: str = "", address: str = "10.0.0.1", **more: str):
    return Client().post(f"{PAGE}report/", {"words": words}, REMOTE_ADDR=address, **more)


def test_a_flood_of_empty_reports_drops_no_report_that_says_something(item: Item, desk) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    for number in range(20):
        assert send(address=f"10.0.0.{number}").status_code == 200
    assert "Your report has arrived" in send("the girl on the left is my niece").content.decode()
    first, second = reports.list_open(actor=Person.objects.get(username="olga"))
    assert (first.words, first.count) == ("the girl on the left is my niece", 1)
    assert (second.words, second.count) == ("", 20)


def test_when_words_cannot_be_kept_the_visitor_is_told(item: Item, settings, monkeypatch) -> None:
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
    settings,
) -> None:
    settings.CONTACT = "child@archive.example"
    answers = [send() for _ in range(31)]
    assert [each.status_code for each in answers] == [200] * 30 + [429]
    said = answers[-1].content.decode()
    assert "was <strong>not</strong> taken" in said
    assert "child@archive.example" in said
    assert send(address="10.0.0.2").status_code == 200


def test_behind_a_proxy_visitors_are_told_apart_and_nobody_chooses_an_address(item: Item, settings) -> None:
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


def tell(address: str, words: str = "", **more: str):
    return Client().post(address, {"words": words}, **more)


def find_form(address: str) -> str:
    """Find where the report box of a page sends to; nothing without one."""
    html = Client().get(address).content.decode()
    box = html.partition('id="report"')[2].partition("</details>")[0]
    return box.partition('action="')[2].partition('"')[0] if "a child can be identified" in box else ""


@pytest.fixture
def letter(desk):  # type: ignore[no-untyped-def]  # noqa: F811
    return desk.disclose({**read_value("letter"), "date": "2024-11-01"}, NOW)


def test_every_page_with_words_of_a_publisher_takes_a_report_and_what_is_removed_takes_none(
    item: Item,
    desk,  # type: ignore[no-untyped-def]  # noqa: F811
    letter,
) -> None:
    desk.disclose({**read_value("letter"), "version": 2, "date": "2024-11-02"}, NOW)
    record = f"/records/{letter.record}/"
    expected = {
        f"/studies/{STUDY}/": f"/records/{STUDY}/1/report/",
        f"/studies/{STUDY}/inventory/": f"/records/{STUDY}/1/report/",
        f"/studies/{STUDY}/documents/1/": f"/studies/{STUDY}/documents/1/report/",
        PAGE: f"{PAGE}report/",
        record: f"{record}2/report/",
        f"{record}1/": f"{record}1/report/",
        f"{record}changes/1/2/": f"{record}report/",
    }
    assert {address: find_form(address) for address in expected} == expected
    for place in expected.values():
        assert "a child can be identified" in Client().get(place).content.decode(), place
        answer = tell(place, "I know her")
        assert (answer.status_code, "Your report has arrived" in answer.content.decode()) == (200, True), (
            place
        )
    named = {(each.record, each.version) for each in Report.objects.filter(item=None)}
    assert named == {(STUDY, 1), (letter.record, 1), (letter.record, 2), (letter.record, None)}
    assert find_form("/search/?q=sleep") == ""
    desk.withdraw(letter.record, "child-identifiable", NOW, version=1)
    assert find_form(f"{record}1/") == ""
    assert tell(f"{record}1/report/").status_code == 404
    assert tell(f"{record}7/report/").status_code == 404
    assert tell("/records/ltr-none/report/").status_code == 404
    assert tell(f"{record}report/", "still in the second").status_code == 200


def test_reports_about_a_record_are_counted_and_slowed_like_any_other(letter) -> None:
    place = f"/records/{letter.record}/1/report/"
    for _ in range(2):
        tell(place, "my niece")
    tell(place)
    assert sorted(Report.objects.values_list("words", "count")) == [("", 1), ("my niece", 2)]
    answer = tell(place, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert [tell(place).status_code for _ in range(28)] == [200] * 27 + [429]


def test_nobody_suspends_a_record_and_its_report_waits_until_two_removed_it(desk, letter) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    report = reports.take_record_report(record=letter.record, version=1, words="my niece", now=NOW).report
    olga = Person.objects.get(username="olga")
    assert reports.list_open(actor=olga) == [report]
    for outcome in ("suspend", "lock-away"):
        with pytest.raises(errors.UserMistake, match="propose to remove it"):
            reports.settle_report(actor=olga, report=report, outcome=outcome, now=NOW)
    with pytest.raises(errors.UserMistake, match="is still shown"):
        reports.settle_report(actor=olga, report=report, outcome="removed", now=NOW)
    mia = desk.find_pair({"id": letter.publisher})[0]
    assert not reports.settle_report(actor=mia, report=report, outcome="nothing", reason="no", now=NOW)
    desk.withdraw(letter.record, "child-identifiable", NOW)
    assert reports.settle_report(actor=mia, report=report, outcome="removed", now=NOW)
    entry = JournalEntry.objects.get(deed="report-settled")
    assert (entry.by, entry.about, entry.detail) == (mia.username, f"{letter.record}/1", "removed")
    assert reports.list_open(actor=olga) == []


def test_another_organisation_neither_sees_nor_settles_a_report_about_a_record(letter) -> None:
    report = reports.take_record_report(record=letter.record, version=1, words="my niece", now=NOW).report
    other = organisations.add_organisation(by="test", slug="other", role="newsroom", name="Other")
    nora = people.add_person(name="nora", roles=["publisher"], organisation=other)
    assert reports.list_open(actor=nora) == []
    with pytest.raises(errors.Refused, match="this belongs to"):
        reports.settle_report(actor=nora, report=report, outcome="nothing", reason="no", now=NOW)


def test_a_report_names_a_document_or_a_record_and_never_both(item: Item, letter) -> None:
    for wrong in ({"item": item, "record": letter.record}, {}, {"record": letter.record, "page": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Report.objects.create(at=NOW, **wrong)


def enter(name: str) -> Client:
    person = Person.objects.get(username=name)
    person.set_password("a long enough one 7")
    person.save()
    client = Client()
    client.post("/workspace/sign-in/", {"username": name, "password": "a long enough one 7"})
    factor_fixture.enter_code(client, person)
    return client


def test_the_inbox_leads_a_publisher_to_the_removal_and_the_officer_to_them(desk, letter) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    report = reports.take_record_report(record=letter.record, version=1, words="my niece", now=NOW).report
    mia = desk.find_pair({"id": letter.publisher})[0]
    hers, officers = enter(mia.username), enter("olga")
    way = f"/workspace/withdraw/?record={letter.record}&amp;version=1"
    said = hers.get("/workspace/reports/").content.decode()
    assert "Nobody takes the words of a record out of view alone" in said
    assert way in said
    assert "Take the" not in said
    form = hers.get(way.replace("&amp;", "&")).content.decode()
    assert f'value="{letter.record}" selected' in form
    assert 'name="version" value="1"' in form
    said = officers.get("/workspace/reports/").content.decode()
    assert way not in said
    assert "Reach them now" in said
    answer = officers.post(f"/workspace/reports/{report.pk}/", {"decision": "suspend"})
    assert "propose to remove it" in answer.content.decode()
    payload = {"record": letter.record, "version": 1, "ground": "child-identifiable"}
    waiting = proposals.propose(actor=mia, kind="withdrawal", subject=letter.record, payload=payload, now=NOW)
    assert "Its removal is proposed" in officers.get("/workspace/reports/").content.decode()
    desk.approve(waiting, NOW)
    assert "It was removed and is shown no more" in officers.get("/workspace/reports/").content.decode()
    officers.post(f"/workspace/reports/{report.pk}/", {"decision": "removed"})
    report.refresh_from_db()
    assert (report.outcome, report.settled_by.username) == ("removed", "olga")
