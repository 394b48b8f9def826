"""Webhooks: consented to, signed, in order, tried again for days, paused, replayed; never into a house."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from django.test import Client
from following_fixture import LAST, SECOND, SITE, WHOLE, House, Receiver, receive

from lightwell.actions import checkups, custody, noticing, webhooks
from lightwell.base import errors
from lightwell.cli import follow as follow_command
from lightwell.client import endpoint, webhook
from lightwell.db.models import JournalEntry, Webhook

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
EVERYTHING = noticing.Subject("everything")


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> House:
    monkeypatch.setenv("LIGHTWELL_STATE", str(tmp_path / "state"))
    settings.SITE_ADDRESS, settings.HOOKS_HERE = SITE, True
    return House(tmp_path / "state", tmp_path / "documents")


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receive(tmp_path / "receiver") as running:
        yield running


def add(house: House, receiver: Receiver, subject: noticing.Subject = EVERYTHING) -> tuple[Webhook, bytes]:
    made, secret = webhooks.add(
        by="test", state=house.state, address=receiver.address, subject=subject, now=read_now()
    )
    return made, webhook.parse_secret(secret)


def read_now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def read_data(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [json.loads(each["body"])["data"] for each in messages]


def test_each_change_arrives_once_signed_in_order_and_with_the_id_of_the_feed(
    house: House, receiver: Receiver
) -> None:
    _, key = add(house, receiver)
    house.publish(WHOLE)
    house.write_letter("A letter")
    house.publish(SECOND)
    assert house.run_errands() == []
    taken = receiver.take()
    now = int(read_now().timestamp())
    names = [webhook.check_message(key, each["headers"], each["body"].encode(), now) for each in taken]
    assert len(set(names)) == len(taken) == 3
    told = read_data(taken)
    assert [each["label"] for each in told] == ["Published", "Open letter", "Published"]
    assert [each["cursor"] for each in told] == sorted(each["cursor"] for each in told)
    assert told[0]["link"] == f"{SITE}/studies/{house.study}/"
    feed = ElementTree.fromstring(Client().get("/feeds/changes.atom").content)
    ids = [each.text for each in feed.iter("{http://www.w3.org/2005/Atom}id")]
    assert {each["id"] for each in told} <= set(ids)
    house.run_errands()
    assert receiver.take() == []


def test_a_changed_body_another_key_and_an_old_message_are_refused_by_the_receiver(
    house: House, receiver: Receiver
) -> None:
    _, key = add(house, receiver)
    house.publish(WHOLE)
    house.run_errands()
    (message,) = receiver.take()
    headers, body, now = message["headers"], message["body"].encode(), int(read_now().timestamp())
    with pytest.raises(errors.Refused, match="signature"):
        webhook.check_message(key, headers, body + b" ", now)
    with pytest.raises(errors.Refused, match="signature"):
        webhook.check_message(bytes(32), headers, body, now)
    with pytest.raises(errors.Refused, match="too old"):
        webhook.check_message(key, headers, body, now + 301)


def test_the_example_of_the_reference_page_verifies_what_is_sent(house: House, receiver: Receiver) -> None:
    page = (ROOT / "docs/reference/webhooks.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.+?)```", page, re.DOTALL)
    names: dict[str, Any] = {}
    exec(compile(program, "webhooks.md", "exec"), names)
    _, key = add(house, receiver)
    house.publish(WHOLE)
    house.run_errands()
    (message,) = receiver.take()
    headers = {name.lower(): value for name, value in message["headers"].items()}
    secret, body = webhook.format_secret(key), message["body"].encode()
    assert names["is_genuine"](secret, headers, body)
    assert not names["is_genuine"](secret, headers, body + b" ")
    assert not names["is_genuine"](secret, {**headers, "webhook-timestamp": "1"}, body)
    value = json.loads(body)
    shown = json.loads(re.findall(r"```json\n(.+?)```", page, re.DOTALL)[0])
    assert set(shown) == set(value)
    assert set(shown["data"]) == set(value["data"])


def test_an_endpoint_that_does_not_answer_the_challenge_is_not_added(
    house: House, receiver: Receiver
) -> None:
    receiver.plan("refuse")
    with pytest.raises(errors.Refused, match="consent"):
        add(house, receiver)
    assert not Webhook.objects.exists()


def test_what_fails_is_tried_again_in_order_with_growing_waits_and_paused_after_three_days(
    house: House, receiver: Receiver
) -> None:
    made, _ = add(house, receiver)
    receiver.plan("500")
    house.publish(WHOLE)
    house.publish(SECOND)
    minutes, waits, said = 0.0, [], []
    while not Webhook.objects.get().paused_at:
        said += house.run_errands(minutes)
        row = Webhook.objects.get()
        waits.append((row.due_at - read_now()).total_seconds() / 60 - minutes)
        minutes += max(waits[-1], 0) + 0.05
    rounded = [round(each, 1) for each in waits]
    assert rounded == sorted(rounded)
    assert 60 * 24 * 3 <= minutes <= 60 * 24 * 4
    messages = receiver.take()
    # Nothing later overtakes what did not arrive, and it has the same id each time.
    assert len({each["headers"]["webhook-id"] for each in messages}) == 1
    assert len({each["headers"]["webhook-timestamp"] for each in messages}) >= 1
    assert any("is paused" in each and "replay" in each for each in said)
    (line,) = [each for each in checkups.examine(state=house.state) if each.name == "following"]
    assert not line.well
    assert "is paused" in line.sentence
    receiver.plan("well")
    house.run_errands(minutes)
    assert receiver.take() == []
    result = CliRunner().invoke(follow_command.follow, ["replay", str(made.pk)])
    assert result.exit_code == 0, result.output
    house.run_errands()
    assert [each["label"] for each in read_data(receiver.take())] == ["Published", "Published"]


def test_an_endpoint_that_is_gone_is_paused_at_once(house: House, receiver: Receiver) -> None:
    add(house, receiver)
    receiver.plan("410")
    house.publish(WHOLE)
    (said,) = house.run_errands()
    assert "gone" in said
    assert Webhook.objects.get().paused_at


def test_replay_sends_again_from_a_cursor_under_the_same_ids(house: House, receiver: Receiver) -> None:
    made, _ = add(house, receiver)
    for item in (WHOLE, SECOND, LAST):
        house.publish(item)
    house.run_errands()
    first = receiver.take()
    cursor = read_data(first)[0]["cursor"]
    webhooks.replay(by="test", number=made.pk, cursor=cursor, now=read_now())
    house.run_errands()
    again = receiver.take()
    assert [each["headers"]["webhook-id"] for each in again] == [
        each["headers"]["webhook-id"] for each in first[1:]
    ]
    with pytest.raises(errors.UserMistake, match="nothing after"):
        webhooks.replay(by="test", number=made.pk, cursor=10**6, now=read_now())


def test_a_redirect_is_not_followed(house: House, receiver: Receiver) -> None:
    add(house, receiver)
    receiver.plan("redirect")
    house.publish(WHOLE)
    house.run_errands()
    assert [each["path"] for each in receiver.take()] == ["/hook"]
    assert "302" in Webhook.objects.get().reason


def test_what_is_suspended_before_it_is_sent_does_not_leave(house: House, receiver: Receiver) -> None:
    add(house, receiver)
    add(house, receiver, noticing.Subject("search", "q=diary"))
    house.publish(WHOLE)
    noticing.search.update_index(house.state)
    noticing.notice(house.state)
    house.suspend(WHOLE)
    house.run_errands()
    assert [each["label"] for each in read_data(receiver.take())] == ["Out of view"]
    house.publish(SECOND)
    house.run_errands()
    told = read_data(receiver.take())
    assert sorted(each["label"] for each in told) == ["Fits your search", "Fits your search", "Published"]
    assert {each["link"] for each in told if "page" in each["title"]} == {
        f"{SITE}/studies/{house.study}/documents/2/page/{page}/" for page in (1, 2)
    }
    feed = ElementTree.fromstring(Client().get("/search.atom?q=diary").content)
    ids = {each.text for each in feed.iter("{http://www.w3.org/2005/Atom}id")}
    assert {each["id"] for each in told if "page" in each["title"]} <= ids


class Crash(BaseException):
    """The process dies here."""


def test_a_crash_between_sending_and_recording_sends_it_again_under_the_same_id(
    house: House, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(house, receiver)
    house.publish(WHOLE)

    def die(*_: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(webhooks, "_record", die)
        with pytest.raises(Crash):
            house.run_errands()
    house.run_errands()
    first, again = receiver.take()
    assert first["headers"]["webhook-id"] == again["headers"]["webhook-id"]
    assert first["body"] == again["body"]


def test_the_secret_lies_wrapped_and_survives_a_rotation_of_the_master_keys(
    house: House, receiver: Receiver
) -> None:
    made, key = add(house, receiver)
    row = Webhook.objects.get(pk=made.pk)
    assert key not in bytes(row.wrapped_secret)
    custody.rotate_masters(state=house.state, retire=True)
    assert Webhook.objects.get(pk=made.pk).master == 2
    house.publish(WHOLE)
    house.run_errands()
    (message,) = receiver.take()
    webhook.check_message(key, message["headers"], message["body"].encode(), int(read_now().timestamp()))


def test_by_command_it_is_added_listed_and_removed_and_the_journal_knows_without_the_secret(
    house: House, receiver: Receiver
) -> None:
    run = CliRunner()
    asked = ["webhook", "add", receiver.address, "--what", "company", "--of", "larkfield"]
    result = run.invoke(follow_command.follow, asked)
    assert result.exit_code == 0, result.output
    (secret,) = re.findall(r"whsec_\S+", result.output)
    house.publish(WHOLE)
    result = run.invoke(follow_command.follow, ["send"])
    assert "1 messages to webhooks" in result.output
    listed = run.invoke(follow_command.follow, ["list"]).output
    assert receiver.address in listed
    assert secret not in listed
    number = str(Webhook.objects.get().pk)
    assert run.invoke(follow_command.follow, ["webhook", "remove", number]).exit_code == 0
    assert not Webhook.objects.exists()
    deeds = list(JournalEntry.objects.values_list("deed", flat=True))
    assert deeds[-2:] == ["webhook-added", "webhook-removed"]
    assert secret not in str(list(JournalEntry.objects.values_list("detail", "about")))
    with pytest.raises(errors.UserMistake, match="there is no webhook"):
        webhooks.find(99)


@pytest.mark.parametrize(
    "address",
    [
        "http://news.example/hook",
        "https://me:secret@news.example/hook",
        "https://news.example/hook#part",
        "https:///hook",
        "ftp://news.example/",
        "https://news.example/a b",
        "https://news.example:99999/",
        "nonsense",
    ],
)
def test_an_address_that_is_not_plain_https_is_refused(address: str) -> None:
    with pytest.raises(errors.UserMistake):
        endpoint.parse_endpoint(address)


@pytest.mark.parametrize(
    "address", ["https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/", "https://localhost/"]
)
def test_an_address_inside_a_house_is_never_connected_to(
    address: str, house: House, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.HOOKS_HERE = False

    def refuse(*_: object) -> None:
        raise AssertionError("connected")

    monkeypatch.setattr(endpoint.socket, "create_connection", refuse)
    with pytest.raises(errors.Refused, match="private network"):
        webhooks.add(by="test", state=house.state, address=address, subject=EVERYTHING, now=read_now())
