"""The letter of October 2021 is published by two people, under the name of who puts it here."""

from pathlib import Path

import disclosure_fixture as fixture
import log_fixture
import pytest

from lightwell.actions import drafts, letters
from lightwell.base import disclosure, errors
from lightwell.db.models import Provider
from lightwell.files import data, yaml_lines
from lightwell.files import drafts as files

pytestmark = pytest.mark.django_db
NOW = fixture.at("2026-11-25")
US = disclosure.Publisher("our-coalition", "campaign-group", "Our Coalition")


@pytest.fixture
def desk(tmp_path: Path) -> fixture.Desk:
    return fixture.Desk(log_fixture.make_state(tmp_path / "state", []))


def publish(desk: fixture.Desk, **people):
    pair = desk.find_pair({"id": US.id, "role": US.role, "name": US.name})
    named = {**dict(zip(("proposer", "approver"), pair, strict=True)), **people}
    return letters.publish_letter(state=desk.state, publisher=US, now=NOW, **named)


def test_it_stands_here_once_and_answers_nothing(desk: fixture.Desk) -> None:
    assert letters.find_letter() is None
    row = publish(desk)
    assert letters.find_letter() == row
    record = row.read_record()
    assert record.body == data.read_letter()
    assert [ask["number"] for ask in record.body["asks"]] == [1, 2, 3, 4, 5]
    assert not disclosure.counts_as_answer(record)
    assert not Provider.objects.get().joined
    with pytest.raises(errors.Refused, match=f"already, as {row.record}"):
        publish(desk)


def test_it_takes_two_people(desk: fixture.Desk) -> None:
    with pytest.raises(errors.Refused):
        publish(desk, approver=desk.pairs.get(US.id, desk.pairs["larkfield"])[0])
    assert letters.find_letter() is None


def test_the_draft_lacks_only_who_and_when(desk: fixture.Desk) -> None:
    text = files.format_letter()
    with pytest.raises(errors.UserMistake) as caught:
        prepare(desk, text)
    found = " ".join(each.place for each in caught.value.problems)
    assert {"(/publisher/id)", "(/publisher/name)", "(/date)"} == {
        word for word in found.split() if word.startswith("(")
    }
    for line, filled in (
        ("id: null", "id: us"),
        ("name: null", "name: Us"),
        ("date: null", "date: 2026-11-25"),
    ):
        text = text.replace(line, filled, 1)
    assert prepare(desk, text).kind == "disclosure"


def prepare(desk: fixture.Desk, text: str) -> drafts.Prepared:
    document = yaml_lines.parse_document(text.encode(), "letter.yaml")
    return drafts.prepare_draft(state=desk.state, document=document, now=NOW)
