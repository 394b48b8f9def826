"""The letter of October 2021 is published like any record, under the name of who puts it here."""

from pathlib import Path

import disclosure_fixture as fixture
import log_fixture
import pytest

from lightwell.actions import drafts
from lightwell.base import disclosure, errors
from lightwell.db.models import Provider
from lightwell.files import data, yaml_lines
from lightwell.files import drafts as files

pytestmark = pytest.mark.django_db
NOW = fixture.at("2026-11-25")


@pytest.fixture
def desk(tmp_path: Path) -> fixture.Desk:
    return fixture.Desk(log_fixture.make_state(tmp_path / "state", []))


def test_the_draft_lacks_only_who_and_when(desk: fixture.Desk) -> None:
    with pytest.raises(errors.UserMistake) as caught:
        prepare(desk, files.format_letter())
    found = " ".join(each.place for each in caught.value.problems)
    assert {"(/publisher/id)", "(/publisher/name)", "(/date)"} == {
        word for word in found.split() if word.startswith("(")
    }
    assert prepare(desk, fill_in()).kind == "disclosure"


def test_it_answers_nothing_and_makes_nobody_take_part(desk: fixture.Desk) -> None:
    record = desk.disclose(prepare(desk, fill_in()).payload["record"]).read_record()
    assert record.body == data.read_letter()
    assert [ask["number"] for ask in record.body["asks"]] == [1, 2, 3, 4, 5]
    assert not disclosure.counts_as_answer(record)
    assert not Provider.objects.get().joined


def fill_in() -> str:
    text = files.format_letter()
    for line, filled in (
        ("id: null", "id: us"),
        ("name: null", "name: Us"),
        ("date: null", "date: 2026-11-25"),
    ):
        text = text.replace(line, filled, 1)
    return text


def prepare(desk: fixture.Desk, text: str) -> drafts.Prepared:
    document = yaml_lines.parse_document(text.encode(), "letter.yaml")
    return drafts.prepare_draft(state=desk.state, document=document, now=NOW)
