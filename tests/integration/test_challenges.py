"""A question about a paper: asked, handed over, answered, denied, ignored, disproved; on pages and lists."""

from __future__ import annotations

import csv
import datetime
import io
import json
from pathlib import Path

import challenge_fixture as fixture
import factor_fixture as factor
import httpx
import pytest
from challenge_fixture import LATER, LOCKED, NOW, PAPERS, PUBLISHED, STRANGE, Holder, Office
from django.core.cache import cache
from django.core.wsgi import get_wsgi_application
from django.test import Client

from lightwell.actions import challenges, custody, people, proposals
from lightwell.archive import challenge, register
from lightwell.base import errors, roles
from lightwell.client import site
from lightwell.db.models import Challenge, Item, LogEntry, Person, TurnedAway
from lightwell.web.views import challenges as views

pytestmark = pytest.mark.django_db

DAY = datetime.timedelta(days=1)
PASSWORD = "seven brave otters swim"


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Office:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    cache.clear()
    return fixture.build_office(tmp_path / "state", tmp_path / "papers")


def post(client: Client, address: str, status: int = 302, **values: object) -> object:
    answer = client.post(address, values)
    assert answer.status_code == status, answer.content.decode()
    return answer


def read(client: Client, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200, answer.content.decode()
    return answer.content.decode()


def list_rows(client: Client, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(read(client, f"/lists/{name}.csv"))))


def ask(client: Client, holder: Holder) -> str:
    answer = post(
        client,
        "/challenges/",
        company="larkfield",
        commitment=holder.commitment.hex(),
        nonce=holder.find_nonce(),
    )
    return answer["Location"].strip("/").rpartition("/")[2]


def tell(client: Client, holder: Holder, name: str) -> None:
    post(
        client, f"/challenges/{name}/hand-over/", salt=holder.salt.hex(), sha256=holder.measure.digest.hex(),
        size=holder.measure.size,
    )  # fmt: skip


def test_a_question_goes_from_the_form_to_an_answer_that_the_holder_alone_can_read(
    office: Office, client: Client
) -> None:
    holder = Holder(PAPERS[LOCKED])
    name = ask(client, holder)
    assert "Waits for whoever asked" in read(client, f"/challenges/{name}/")
    tell(client, holder, name)
    assert "An answer is to come" in read(client, "/challenges/")
    office.answer(name, "in-inventory", NOW + DAY)
    office.set_clock(NOW + 2 * DAY)
    page = read(client, f"/challenges/{name}/")
    assert "Answered: it is on the list" in page
    assert office.study not in page
    book = challenges.read_register()
    place = register.follow_proof(book, book.asked[name], holder.salt, holder.measure)
    assert place is not None
    assert (place.study, place.number) == (office.study, LOCKED)
    # Nothing of what the holder handed over is kept any longer.
    row = Challenge.objects.get(pk=name)
    assert (row.salt, row.sha256, row.size) == ("", "", None)


def test_a_company_may_name_the_document_to_everybody(office: Office, client: Client) -> None:
    holder = Holder(PAPERS[LOCKED])
    name = ask(client, holder)
    tell(client, holder, name)
    office.answer(name, "in-inventory", NOW + DAY, named=True)
    office.set_clock(NOW + 2 * DAY)
    assert f"/studies/{office.study}/inventory/?from={LOCKED}" in read(client, f"/challenges/{name}/")


def test_nothing_of_the_file_is_in_the_log_or_on_a_page_before_and_after_the_answer(
    office: Office, client: Client
) -> None:
    holder = Holder(PAPERS[LOCKED])
    name = ask(client, holder)
    tell(client, holder, name)
    places = (
        "/challenges/",
        f"/challenges/{name}/",
        "/lists/challenges.csv",
        f"/challenges/{name}/hand-over/",
    )
    for answered in (False, True):
        if answered:
            office.answer(name, "in-inventory", NOW + DAY)
            office.set_clock(NOW + 2 * DAY)
        said = "".join(read(client, place) for place in places)
        said += "".join(bytes(each.data).decode() for each in LogEntry.objects.all())
        for secret in (holder.salt.hex(), holder.measure.digest.hex()):
            assert secret not in said


def test_silence_is_counted_in_days_on_every_list_and_a_late_answer_keeps_them(
    office: Office, client: Client
) -> None:
    holder = Holder(STRANGE)
    name = ask(client, holder)
    office.set_clock(NOW + 90 * DAY)
    assert "questions that nobody" not in read(client, "/late/")
    tell(client, holder, name)  # on day 90, so due on day 120
    office.set_clock(NOW + 120 * DAY)
    assert list_rows(client, "late") == []
    office.set_clock(NOW + 127 * DAY)
    assert f"/challenges/{name}/" in read(client, "/late/")
    (row,) = [each for each in list_rows(client, "late") if each["id"] == name]
    assert (row["state"], row["days_late"], row["company"]) == ("overdue", "7", "larkfield")
    office.answer(name, "not-in-inventory", NOW + 127 * DAY)
    office.set_clock(NOW + 200 * DAY)
    assert name not in [each["id"] for each in list_rows(client, "late")]
    (row,) = list_rows(client, "challenges")
    assert (row["state"], row["days_late"]) == ("not-in-inventory", "7")
    assert "7 days late" in read(client, f"/challenges/{name}/")


def test_no_denial_is_proposed_while_the_very_file_is_there_and_no_admission_while_it_is_not(
    office: Office,
) -> None:
    there, absent = Holder(PAPERS[LOCKED]), Holder(STRANGE)
    for holder, answer, sentence in (
        (
            there,
            "not-in-inventory",
            f"the very file is in the inventory: document {LOCKED} of {office.study}",
        ),
        (absent, "in-inventory", "no document of the inventory has these bytes"),
    ):
        name = holder.ask().pk
        with pytest.raises(errors.UserMistake, match="holder has not said yet"):
            office.answer(name, answer, NOW)
        holder.tell(name)
        with pytest.raises(errors.UserMistake, match=sentence):
            office.answer(name, answer, NOW)


def test_a_denial_that_became_false_before_its_approval_is_not_carried_out(office: Office) -> None:
    holder = Holder(PAPERS[LATER])
    name = holder.ask().pk
    holder.tell(name)
    payload = {"challenge": name, "answer": "not-in-inventory", "named": False}
    proposal = proposals.propose(
        actor=office.desk.ana, kind="challenge-answer", subject=name, payload=payload, now=NOW
    )
    office.seal_later(NOW)
    with pytest.raises(errors.UserMistake, match="the very file is in the inventory"):
        office.desk.approve(proposal, NOW)
    assert fixture.list_entries("challenge-answer") == []


def test_an_answer_takes_two_people_of_the_company_that_was_asked(office: Office) -> None:
    holder = Holder(STRANGE)
    name = holder.ask().pk
    holder.tell(name)
    payload = {"challenge": name, "answer": "not-in-inventory", "named": False}
    proposal = proposals.propose(
        actor=office.desk.ana, kind="challenge-answer", subject=name, payload=payload, now=NOW
    )
    with pytest.raises(errors.Refused):
        proposals.approve(state=office.state, actor=office.desk.ana, proposal_id=proposal.pk, now=NOW)
    other = office.desk.find_pair({"id": "kidswatch", "role": "campaign-group", "name": "Kidswatch"})
    for act in (
        lambda: proposals.propose(
            actor=other[0], kind="challenge-answer", subject=name, payload=payload, now=NOW
        ),
        lambda: challenges.look_up(actor=other[0], name=name),
        lambda: challenges.look_up(
            actor=people.add_person(name="sam", roles=["safeguarding-officer"]), name=name
        ),
    ):
        with pytest.raises(errors.Refused):
            act()


def test_a_lie_is_shown_by_its_holder_and_stands_beside_its_proof(office: Office, client: Client) -> None:
    holder = Holder(PAPERS[PUBLISHED])
    name = ask(client, holder)
    tell(client, holder, name)
    office.lie(name, NOW + DAY)
    office.set_clock(NOW + 3 * DAY)
    route = challenges.trace_item(office.state, Item.objects.get(number=PUBLISHED))
    other = Holder(PAPERS[LOCKED], salt=holder.salt)
    with pytest.raises(errors.Refused, match="not the one that was asked about"):
        challenges.disprove(
            name=name, salt=holder.salt, measure=other.measure, route=route, now=NOW + 3 * DAY
        )
    challenges.disprove(name=name, salt=holder.salt, measure=holder.measure, route=route, now=NOW + 3 * DAY)
    page = read(client, f"/challenges/{name}/")
    assert "The answer was false." in page
    assert f"/studies/{office.study}/inventory/?from={PUBLISHED}" in page
    assert list_rows(client, "challenges")[0]["state"] == "disproved"


def test_what_was_locked_in_after_the_denial_is_said_so(office: Office, client: Client) -> None:
    holder = Holder(PAPERS[LATER])
    name = holder.ask().pk
    holder.tell(name)
    office.answer(name, "not-in-inventory", NOW)
    office.seal_later(NOW + DAY)
    route = challenges.trace_item(office.state, Item.objects.get(number=LATER))
    challenges.disprove(name=name, salt=holder.salt, measure=holder.measure, route=route, now=NOW + 2 * DAY)
    office.set_clock(NOW + 3 * DAY)
    assert office.find(name).state == "sealed-after-denial"
    assert "does not show that the answer was false" in read(client, f"/challenges/{name}/")


def test_an_admission_with_an_empty_proof_is_shown_to_be_false(office: Office, client: Client) -> None:
    holder = Holder(STRANGE)
    name = holder.ask().pk
    holder.tell(name)
    office.pretend(name, NOW)
    assert office.find(name).state == "in-inventory"
    challenges.disprove(name=name, salt=holder.salt, measure=holder.measure, route=None, now=NOW)
    assert office.find(name).state == "disproved"
    assert "leads to no document" in read(client, f"/challenges/{name}/")


def test_a_true_admission_cannot_be_called_empty(office: Office) -> None:
    holder = Holder(PAPERS[LOCKED])
    name = holder.ask().pk
    holder.tell(name)
    office.answer(name, "in-inventory", NOW)
    with pytest.raises(errors.Refused, match="leads to a sealed document"):
        challenges.disprove(name=name, salt=holder.salt, measure=holder.measure, route=None, now=NOW)


def test_a_document_whose_key_was_destroyed_is_neither_denied_nor_shown(office: Office) -> None:
    holder = Holder(PAPERS[LOCKED])
    name = holder.ask().pk
    holder.tell(name)
    erasure = {"study": office.study, "item": LOCKED, "ground": "erased-by-law"}
    custody.erase_item(state=office.state, payload=erasure, decided_by=("publisher", "approver"), now=NOW)
    for answer, sentence in (
        ("not-in-inventory", "the very file is in the inventory"),
        ("in-inventory", "was destroyed"),
    ):
        with pytest.raises(errors.UserMistake, match=sentence):
            office.answer(name, answer, NOW)


def test_asking_costs_work_that_doubles_and_nobody_is_refused_for_any_other_reason(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(challenge, "FIRST_BITS", 4)
    monkeypatch.setattr(challenge, "CHALLENGES_A_BIT", 2)
    monkeypatch.setattr(views, "_MOST_POSTS", 100)
    for number in range(4):
        holder = Holder(f"paper {number}".encode())
        nonce = challenge.find_work("larkfield", holder.commitment, 4 + number // 2)
        sent = {"company": "larkfield", "commitment": holder.commitment.hex(), "nonce": nonce}
        post(client, "/challenges/", 302, **sent)
        post(client, "/challenges/", 302, **sent)  # the same again is the same
    assert Challenge.objects.count() == 4
    holder = Holder(b"one more")
    nonce = next(
        n for n in range(10_000) if challenge.measure_work("larkfield", holder.commitment, n) in (4, 5)
    )
    said = post(
        client, "/challenges/", 403, company="larkfield", commitment=holder.commitment.hex(), nonce=nonce
    )
    assert b"work of 6 bits today" in said.content
    assert TurnedAway.objects.get().count == 1
    assert "too little work for the day" in read(client, "/challenges/")
    # Tomorrow it is cheap again.
    office.set_clock(NOW + DAY)
    post(client, "/challenges/", 302, company="larkfield", commitment=holder.commitment.hex(), nonce=nonce)


def test_many_posts_in_a_minute_wait_and_are_counted(
    office: Office, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "_MOST_POSTS", 2)
    for status in (400, 400, 429):
        post(client, "/challenges/", status, company="larkfield", commitment="", nonce="")
    counted = {row.reason: row.count for row in TurnedAway.objects.all()}
    assert counted == {"form": 2, "pace": 1}


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"commitment": "12"}, "64 digits"),
        ({"commitment": "g" * 64}, "64 digits"),
        ({"nonce": "-1"}, "greater than or equal to 0"),
        ({"nonce": str(2**64)}, "less than or equal to"),
        ({"nonce": "many"}, "whole number"),
        ({"company": "nobody"}, "not one of the available choices"),
        ({"company": "nightjar"}, "not one of the available choices"),
    ],
)
def test_what_is_miscopied_is_named_beside_its_field(
    office: Office, client: Client, changed: dict[str, str], sentence: str
) -> None:
    holder = Holder(STRANGE)
    sent = {"company": "larkfield", "commitment": holder.commitment.hex(), "nonce": "1", **changed}
    answer = post(client, "/challenges/", 400, **sent)
    assert sentence in answer.content.decode()
    assert Challenge.objects.count() == 0


def test_a_program_that_asks_a_company_nobody_knows_is_told_so(office: Office, client: Client) -> None:
    sent = {"company": "nobody", "commitment": Holder(STRANGE).commitment.hex(), "nonce": "1"}
    answer = client.post("/challenges/", sent, headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert "no company of that id takes part here" in answer.content.decode()


def test_numbers_of_another_file_are_not_taken_for_the_one_that_was_asked_about(
    office: Office, client: Client
) -> None:
    holder = Holder(STRANGE)
    name = holder.ask().pk
    post(
        client, f"/challenges/{name}/hand-over/", 400, salt=holder.salt.hex(),
        sha256=Holder(b"other").measure.digest.hex(), size=5,
    )  # fmt: skip
    assert office.find(name).state == "waits-for-holder"


def test_a_post_from_another_site_and_a_question_that_is_none_are_turned_away(
    office: Office, client: Client
) -> None:
    answer = client.post("/challenges/", {}, headers={"Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    for address in (
        "/challenges/chl-nothing/",
        "/challenges/chl-nothing/hand-over/",
        "/challenges/x/log.json",
    ):
        assert client.get(address).status_code == 404
    assert client.get("/challenges/?company=nobody").status_code == 400


def test_a_program_gets_json_and_the_price_of_the_day(office: Office, client: Client) -> None:
    holder = Holder(STRANGE)
    accept = {"Accept": "application/json"}
    sent = {"company": "larkfield", "commitment": holder.commitment.hex(), "nonce": holder.find_nonce()}
    answer = client.post("/challenges/", sent, headers=accept)
    assert answer.status_code == 201
    name = answer.json()["challenge"]
    assert answer.json()["index"] == Challenge.objects.get(pk=name).log_index
    refused = client.post("/challenges/", {**sent, "commitment": "12"}, headers=accept)
    assert refused.status_code == 400
    assert refused.json()["bits"] == challenge.FIRST_BITS
    assert client.get(f"/challenges/{name}/log.json").status_code == 503
    office.sign()
    value = json.loads(client.get(f"/challenges/{name}/log.json").content)
    assert value["entries"][0]["entry"]["commitment"] == holder.commitment.hex()


def test_the_api_lists_each_with_its_days_also_of_an_earlier_day(office: Office, client: Client) -> None:
    holder, other = Holder(STRANGE), Holder(PAPERS[LOCKED])
    name = holder.ask().pk
    holder.tell(name)
    other.ask(NOW + DAY)
    office.set_clock(NOW + 40 * DAY)

    def list_items(query: str = "") -> list[dict[str, object]]:
        answer = client.get(f"/api/1/challenges{query}")
        assert answer.status_code == 200, answer.content
        return answer.json()["items"]

    (late,) = list_items("?state=overdue&company=larkfield")
    assert (late["id"], late["days_late"], late["due"]) == (name, 10, "2026-04-01")
    assert [each["state"] for each in list_items()] == ["overdue", "waits-for-holder"]
    assert [each["state"] for each in list_items("?as_of=2026-03-02")] == ["open"]
    assert len(list_items("?limit=1")) == 1
    wire = httpx.Client(transport=httpx.WSGITransport(app=get_wsgi_application()))
    with site.Site("http://testserver", wire) as archive:
        (row,) = archive.iterate_challenges(state="overdue")
    assert (row.id, row.due, row.study) == (name, datetime.date(2026, 4, 1), None)
    for query in ("?state=lost", "?company=nobody", "?name=x"):
        assert client.get(f"/api/1/challenges{query}").status_code == 400, query


def test_what_changed_tells_each_step_and_the_silence(office: Office, client: Client) -> None:
    late, liar = Holder(STRANGE), Holder(PAPERS[PUBLISHED])
    name, lied = late.ask().pk, liar.ask().pk
    late.tell(name)
    liar.tell(lied)
    office.lie(lied, NOW + DAY)
    route = challenges.trace_item(office.state, Item.objects.get(number=PUBLISHED))
    challenges.disprove(name=lied, salt=liar.salt, measure=liar.measure, route=route, now=NOW + 2 * DAY)
    office.set_clock(NOW + 40 * DAY)
    rows = [row for row in list_rows(client, "changes") if row["what"] == "Question"]
    told = [(row["title"].split()[1], row["in_words"]) for row in rows]
    assert told[:3] == [
        (name, "No answer came by 1 April 2026"),
        (lied, "An answer was shown to be false"),
        (lied, "The company said that it is not on its list"),
    ]
    asked = "Somebody asked whether a paper is on the company's list"
    assert sorted(told[3:]) == sorted([(name, asked), (lied, asked)])
    assert f'href="/challenges/{name}/"' in read(client, "/changes/")


def sign_in(name: str) -> Client:
    person = Person.objects.get(username=name)
    person.set_password(PASSWORD)
    person.save()
    client = Client()
    client.post("/workspace/sign-in/", {"username": name, "password": PASSWORD})
    if roles.needs_second_factor(person.roles):
        factor.enter_code(client, person)
    return client


def test_the_company_sees_it_on_its_desk_and_answers_by_two_people(office: Office) -> None:
    holder, absent = Holder(PAPERS[LOCKED]), Holder(STRANGE)
    name, other = holder.ask().pk, absent.ask().pk
    holder.tell(name)
    absent.tell(other)
    ana, ben = sign_in("ana"), sign_in("ben")
    desk = read(ana, "/workspace/")
    assert f"/workspace/challenges/{name}/" in desk
    assert "answer due by 1 April 2026" in desk
    room = read(ana, f"/workspace/challenges/{name}/")
    assert f"document {LOCKED}" in room
    assert holder.measure.digest.hex() in room
    refused = post(ana, f"/workspace/challenges/{name}/", 400, answer="not-in-inventory")
    assert b"the very file is in the inventory" in refused.content
    assert "No document of your inventory" in read(ana, f"/workspace/challenges/{other}/")
    answer = post(ana, f"/workspace/challenges/{name}/", answer="in-inventory")
    proposal = read(ben, answer["Location"])
    assert "It is in our inventory" in proposal
    assert "told to the holder alone" in proposal
    post(ben, f"{answer['Location']}decide/", decision="approve", looked="on")
    assert office.find(name).state == "in-inventory"
    assert "It was answered." in read(ana, f"/workspace/challenges/{name}/")
    assert name not in read(ana, "/workspace/").partition("Questions about papers")[2]
