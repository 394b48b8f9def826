"""Follow by e-mail: asked, confirmed, told within one round of the worker, ended with a click, forgotten."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client
from following_fixture import LAST, SECOND, SITE, WHOLE, House, Post, describe_mail, find_link, read_text

from lightwell.actions import following, mailings, noticing
from lightwell.db.models import Batch, Follow, Follower, Mailing

pytestmark = pytest.mark.django_db(transaction=True)
ATOM = "{http://www.w3.org/2005/Atom}"
ADDRESS = "Cam.Paigner@Example.org"


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    with Post() as server:
        for name, value in describe_mail(server).items():
            setattr(settings, name, value)
        yield server


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    return House(tmp_path / "state", tmp_path / "documents")


def ask(client: Client, what: str, of: str = "", rhythm: str = "immediate", address: str = ADDRESS) -> None:
    form = {"what": what, "of": of, "rhythm": rhythm, "address": address}
    answer = client.post("/follow/", form)
    assert answer.status_code == 200, answer.content.decode()
    assert "Look into your mail" in answer.content.decode()


def follow(
    house: House, post: Post, what: str, of: str = "", rhythm: str = "immediate", address: str = ADDRESS
) -> None:
    """Ask, and say yes from the mailbox."""
    client = Client()
    ask(client, what, of, rhythm, address)
    assert house.run_errands() == []
    (message,) = [each for to, each in post.take() if to.lower() == address.lower()]
    link = find_link(message, "yes")
    assert "Do you want to follow" in client.get(link).content.decode()
    assert "You follow" in client.post(link).content.decode()


def test_nothing_but_the_question_reaches_an_address_that_did_not_say_yes(house: House, post: Post) -> None:
    ask(Client(), "company", "larkfield")
    house.run_errands()
    ((to, message),) = post.take()
    assert to.lower() == ADDRESS.lower()
    assert "Do you want to follow the company Larkfield" in message["Subject"]
    house.publish(WHOLE)
    house.run_errands()
    # Opening the link is not saying yes: programs that check mail open every link.
    Client().get(find_link(message, "yes"))
    house.run_errands(60 * 24 * 8)
    assert post.take() == []
    # Nobody answered in time: the address is gone.
    assert not Follower.objects.exists()
    assert "This link is over" in Client().post(find_link(message, "yes")).content.decode()


def test_a_publication_reaches_followers_of_company_service_topic_study_and_search_once_in_one_mail(
    house: House, post: Post
) -> None:
    subjects = [
        ("company", "larkfield"),
        ("topic", "sleep"),
        ("study", house.study),
        ("service", "larkfield-clips"),
        ("search", "q=diary"),
        ("everything", ""),
    ]
    study = noticing.list_changes(noticing.overview.read_overview(house.state))
    services = {name for each in study.values() for name in each.services}
    subjects[3] = ("service", sorted(services)[0])
    subjects[1] = ("topic", sorted({name for each in study.values() for name in each.topics})[0])
    for what, of in subjects:
        follow(house, post, what, of, address=f"{what}@example.org")
    follow(house, post, "company", "larkfield")
    follow(house, post, "study", house.study)
    house.publish(WHOLE, SECOND)
    house.run_errands()
    taken = post.take()
    assert sorted(to for to, _ in taken) == sorted(
        [ADDRESS.replace("E", "e"), *(f"{w}@example.org" for w, _ in subjects)]
    )
    for to, message in taken:
        text = read_text(message)
        if to.startswith("search"):
            assert f"{SITE}/studies/{house.study}/documents/1/page/1/" in text
            continue
        assert text.count("2 documents published") == 2, text  # as text and as HTML
        assert f"{SITE}/studies/{house.study}/" in text
        end = find_link(message, "end")
        assert message["List-Unsubscribe"].strip() == f"<{SITE}{end}>"
        assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert "<img" not in text
        assert not re.search(r'(src|href)="(?!https://archive\.example/)', text)
    house.run_errands()
    assert post.take() == []


def test_one_click_of_the_mail_program_ends_everything_and_the_address_is_deleted(
    house: House, post: Post
) -> None:
    follow(house, post, "everything")
    follow(house, post, "topic", "sleep", "daily")
    house.publish(WHOLE)
    house.run_errands()
    ((_, message),) = post.take()
    link = find_link(message, "end")
    shown = Client().get(link)
    assert "everything that changes" in shown.content.decode()
    assert ADDRESS.lower() not in shown.content.decode().lower()
    assert Follow.objects.count() == 2
    house.publish(SECOND)
    noticing.notice(house.state)
    mailings.make_batches(state=house.state, now=datetime.datetime.now(datetime.UTC))
    assert Mailing.objects.filter(sent_at=None).count() == 1
    # RFC 8058, section 3.2: a POST without a cookie, from anywhere.
    answer = Client(enforce_csrf_checks=True).post(link, {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert not Follower.objects.exists()
    assert not Mailing.objects.exists()
    house.run_errands(60 * 24 * 8)
    assert post.take() == []
    assert (
        "You follow nothing here" in Client().post(link, {"List-Unsubscribe": "One-Click"}).content.decode()
    )


def test_one_of_several_things_can_be_ended_by_hand(house: House, post: Post) -> None:
    follow(house, post, "everything")
    follow(house, post, "study", house.study)
    follower = Follower.objects.get()
    link = f"/follow/end/{follower.key}/"
    first = follower.follows.get(kind="everything")
    Client().post(link, {"follow": str(first.pk)})
    assert [each.kind for each in Follow.objects.all()] == ["study"]
    # A number of somebody else's ends nothing.
    follow(house, post, "everything", address="other@example.org")
    other = Follow.objects.get(follower__canonical="other@example.org")
    Client().post(link, {"follow": str(other.pk)})
    assert Follow.objects.filter(pk=other.pk).exists()
    Client().post(link, {"follow": "x"})
    assert Follow.objects.count() == 2


def test_what_is_suspended_between_queueing_and_sending_is_not_sent(house: House, post: Post) -> None:
    follow(house, post, "everything")
    follow(house, post, "search", "q=diary", address="search@example.org")
    house.publish(WHOLE)
    now = datetime.datetime.now(datetime.UTC)
    noticing.search.update_index(house.state)
    noticing.notice(house.state)
    assert mailings.make_batches(state=house.state, now=now) == 2
    house.suspend(WHOLE)
    mailings.send_due(state=house.state, now=now)
    assert post.take() == []
    # That it was taken out of view is itself told, without a word of it.
    house.run_errands()
    ((to, message),) = post.take()
    assert to.lower() == ADDRESS.lower()
    assert "taken out of view" in read_text(message)
    assert "published" not in read_text(message)


def test_a_removed_record_is_not_sent_and_its_title_never_leaves(house: House, post: Post) -> None:
    follow(house, post, "everything")
    record = house.write_letter("A title that was a mistake")
    noticing.notice(house.state)
    mailings.make_batches(state=house.state, now=datetime.datetime.now(datetime.UTC))
    house.desk.withdraw(record, "published-in-error", house.step())
    house.run_errands()
    assert not [each for _, each in post.take() if "mistake" in read_text(each)]


def test_a_title_cannot_write_a_header_or_html(house: House, post: Post) -> None:
    follow(house, post, "everything")
    house.write_letter("<b>Bold</b>\u202e & brave")
    house.run_errands()
    ((_, message),) = post.take()
    html = message.get_body(("html",)).get_content()
    assert "<b>Bold" not in html
    assert "&lt;b&gt;Bold" in html
    assert "\u202e" not in read_text(message)
    injected = "x@example.org\r\nBcc: y@example.org"
    assert Client().post("/follow/", {"what": "everything", "address": injected}).status_code == 400
    house.run_errands()
    assert post.take() == []


def test_daily_and_weekly_mails_wait_for_their_hour_and_hold_everything_since(
    house: House, post: Post
) -> None:
    follow(house, post, "everything", rhythm="daily")
    follow(house, post, "everything", rhythm="weekly", address="weekly@example.org")
    house.publish(WHOLE)
    house.run_errands()
    house.publish(SECOND)
    house.run_errands()
    assert post.take() == []
    house.run_errands(60 * 24)
    first = post.take()  # on a Sunday the weekly one too
    ((_, message),) = [each for each in first if each[0].lower() == ADDRESS.lower()]
    assert read_text(message).count("1 document published") == 4
    house.run_errands(60 * 24 * 8)
    others = [to for to, _ in (*first, *post.take()) if to.lower() != ADDRESS.lower()]
    assert others == ["weekly@example.org"]


@pytest.mark.parametrize(
    ("rhythm", "last", "now", "due"),
    [
        ("daily", "2026-11-25T05:59", "2026-11-25T06:00", True),
        ("daily", "2026-11-25T06:00", "2026-11-26T05:59", False),
        ("daily", "2026-11-25T07:00", "2026-11-26T06:01", True),
        ("weekly", "2026-11-23T06:00", "2026-11-30T05:59", False),  # a Monday to the next
        ("weekly", "2026-11-23T06:00", "2026-11-30T06:00", True),
        ("weekly", "2026-11-25T06:00", "2026-11-29T23:00", False),
        ("immediate", "2026-11-25T06:00", "2026-11-25T06:00", True),
    ],
)
def test_a_rhythm_is_due_at_six_once_a_day_or_on_mondays(rhythm: str, last: str, now: str, due: bool) -> None:
    at = [datetime.datetime.fromisoformat(f"{each}+00:00") for each in (last, now)]
    assert mailings.is_due(rhythm, *at) is due


def test_what_a_server_refuses_for_now_is_tried_again_and_what_it_refuses_for_good_ends(
    house: House, post: Post
) -> None:
    follow(house, post, "everything")
    to = Follower.objects.get().address
    post.refuses[to] = "450 try later"
    house.publish(WHOLE)
    house.run_errands()
    mark = Mailing.objects.get().mark
    house.run_errands()
    assert Mailing.objects.get().tries == 1
    del post.refuses[to]
    house.run_errands(2)
    ((_, message),) = post.take()
    assert message["Message-ID"] == f"<{mark}@archive.example>"
    post.refuses[to] = "550 no such mailbox"
    for item in (SECOND, LAST):
        house.publish(item)
        house.run_errands()
    assert Follower.objects.get().refusals == 2
    house.write_letter("One more")
    house.run_errands()
    assert not Follower.objects.exists()
    assert post.take() == []


def test_one_refused_address_keeps_no_other_from_its_mail(house: House, post: Post) -> None:
    for name in ("a", "b", "c"):
        follow(house, post, "everything", address=f"{name}@example.org")
    post.refuses["b@example.org"] = "550 no"
    house.publish(WHOLE)
    assert house.run_errands() == []
    assert sorted(to for to, _ in post.take()) == ["a@example.org", "c@example.org"]


def test_a_mail_server_that_is_down_loses_nothing_and_the_complaint_names_no_address(
    house: House, post: Post, settings: Any
) -> None:
    follow(house, post, "everything")
    house.publish(WHOLE)
    settings.EMAIL_PORT = 1
    (complaint,) = house.run_errands()
    assert "takes no mail now" in complaint
    assert "example" not in complaint.lower()
    settings.EMAIL_PORT = post.port
    house.run_errands()
    assert len(post.take()) == 1


class Crash(BaseException):
    """The process dies here."""


def test_a_crash_between_sending_and_recording_sends_it_again_under_the_same_id(
    house: House, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(house, post, "everything")
    house.publish(WHOLE)

    def die(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(mailings, "record_sent", die)
        with pytest.raises(Crash):
            house.run_errands()
    ((_, first),) = post.take()
    house.run_errands()
    ((_, again),) = post.take()
    assert first["Message-ID"] == again["Message-ID"]
    house.run_errands()
    assert post.take() == []


def test_a_crash_while_a_batch_is_made_loses_no_change(
    house: House, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(house, post, "everything")
    house.publish(WHOLE)
    with monkeypatch.context() as patched:
        patched.setattr(
            mailings.Mailing.objects, "bulk_create", lambda *_, **__: (_ for _ in ()).throw(Crash())
        )
        with pytest.raises(Crash):
            house.run_errands()
    house.run_errands()
    assert len(post.take()) == 1


def test_nobody_learns_whether_an_address_is_known_and_nobody_fills_a_mailbox(
    house: House, post: Post
) -> None:
    follow(house, post, "everything")
    client = Client(headers={"host": "localhost"})
    pages = []
    for address in (ADDRESS, "stranger@example.org", "CAM.paigner@EXAMPLE.org"):
        form = {"what": "everything", "rhythm": "immediate", "address": address}
        pages.append(client.post("/follow/", form).content)
    assert len(set(pages)) == 1
    house.run_errands()
    assert [to for to, _ in post.take()] == ["stranger@example.org"]
    # Six questions wait at most, and one that waits is sent again only after a while and thrice at most.
    now = datetime.datetime.now(datetime.UTC)
    address = following.mail_address.parse_address("victim@example.org")
    for topic in noticing.TOPICS:
        for _ in range(3):
            subject = noticing.Subject("topic", topic)
            following.ask(subject=subject, rhythm="daily", address=address, now=now)
    house.run_errands()
    assert len(post.take()) == following.MOST_WAITING
    for minutes in range(0, 2000, 15):
        later = now + datetime.timedelta(minutes=minutes)
        subject = noticing.Subject("topic", noticing.TOPICS[0])
        following.ask(subject=subject, rhythm="daily", address=address, now=later)
        house.run_errands(minutes)
    assert len(post.take()) == following.MOST_MAILS - 1


def test_a_few_forms_a_minute_from_one_network_or_for_one_address(house: House, post: Post) -> None:
    form = {"what": "everything", "rhythm": "daily"}
    codes = [
        Client().post("/follow/", {**form, "address": f"me+{k}@example.org"}).status_code for k in range(6)
    ]
    assert codes == [200] * 5 + [429]
    codes = [
        Client().post("/follow/", {**form, "address": f"n{k}@example.org"}).status_code for k in range(6)
    ]
    assert codes == [200] * 4 + [429] * 2
    foreign = Client(headers={"sec-fetch-site": "cross-site"})
    assert foreign.post("/follow/", {**form, "address": "z@example.org"}).status_code == 403


def read_titles(address: str) -> list[str]:
    """The titles of the entries of a feed, newest first; its ids must differ."""
    answer = Client().get(address)
    assert answer.status_code == 200, address
    entries = ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")
    ids = [each.findtext(f"{ATOM}id") for each in entries]
    assert len(set(ids)) == len(ids)
    assert all(str(each).startswith("tag:log.example,2026:log.example/following/e") for each in ids)
    return [str(each.findtext(f"{ATOM}title")) for each in entries]


def test_every_subject_has_a_feed_of_what_is_about_it_alone_and_the_page_names_each(house: House) -> None:
    study = noticing.overview.read_overview(house.state).studies[0].record
    assert study is not None
    topic, service = study.body["topics"][0], study.services[0].id
    other = next(each for each in noticing.TOPICS if each not in study.body["topics"])
    house.write_letter("A letter to the company")
    house.publish(WHOLE)
    page = Client().get("/feeds/").content.decode()
    published = f"Published: {study.body['title']}"
    for name, letter in (
        ("changes", True),
        ("companies/larkfield", True),
        (f"studies/{house.study}", False),
        (f"topics/{topic}", False),
        (f"services/{service}", False),
    ):
        address = f"/feeds/{name}.atom"
        assert f'href="{address}"' in page
        titles = read_titles(address)
        assert published in titles, name
        assert ("Open letter: A letter to the company" in titles) is letter, name
    assert published not in read_titles(f"/feeds/topics/{other}.atom")
    assert read_titles("/feeds/revisions.atom") == []
    house.suspend(WHOLE)
    assert published not in read_titles("/feeds/changes.atom")
    assert published.removeprefix("Published: ") in Client().get("/changes/").content.decode()
    for missing in ("topics/weather", "services/nobody", "companies/nobody", "studies/std-x"):
        assert Client().get(f"/feeds/{missing}.atom").status_code == 404


def test_without_a_mail_server_the_site_says_so_and_offers_feeds(house: House) -> None:
    client = Client()
    for page in (
        "/",
        "/changes/",
        "/companies/larkfield/",
        f"/studies/{house.study}/",
        "/topics/sleep/",
        "/follow/",
    ):
        text = client.get(page).content.decode()
        assert "This site sends no mail" in text, page
        assert ".atom" in text, page
    answer = client.post("/follow/", {"what": "everything", "address": ADDRESS, "rhythm": "daily"})
    assert answer.status_code == 403
    assert not Follower.objects.exists()


@pytest.mark.parametrize(
    ("what", "of"),
    [
        ("company", "nobody"),
        ("topic", "weather"),
        ("study", "std-x"),
        ("search", ""),
        ("search", 'q="no end'),
        ("x", ""),
    ],
)
def test_what_is_not_here_cannot_be_followed(house: House, post: Post, what: str, of: str) -> None:
    form = {"what": what, "of": of, "rhythm": "daily", "address": ADDRESS}
    assert Client().post("/follow/", form).status_code == 400
    assert Client().get("/follow/", {"what": what, "of": of}).status_code == 400
    assert not Follower.objects.exists()


def test_another_rhythm_takes_the_place_of_the_first_once_it_is_confirmed(house: House, post: Post) -> None:
    follow(house, post, "everything")
    follow(house, post, "everything", rhythm="weekly")
    assert [each.rhythm for each in Follow.objects.all()] == ["weekly"]


def test_old_rows_go_and_the_beginning_of_the_next_batch_stays(house: House, post: Post) -> None:
    follow(house, post, "everything")
    house.publish(WHOLE)
    house.run_errands()
    post.take()
    mailings.sweep(datetime.datetime.now(datetime.UTC) + datetime.timedelta(days=31))
    assert not Mailing.objects.exists()
    assert Batch.objects.filter(rhythm="immediate").count() == 1
    house.publish(SECOND)
    house.run_errands()
    ((_, message),) = post.take()
    assert read_text(message).count("1 document published") == 2
