"""Examples to begin with: whatever the day, what lay ahead lies ahead, and what lay behind stays."""

import datetime
import re

import pytest

from lightwell.base import disclosure, ids
from lightwell.files import data, drafts, examples, yaml_lines

DAYS = [datetime.date(2026, 11, 28), datetime.date(2028, 2, 29), datetime.date(2031, 12, 31)]


@pytest.mark.parametrize("today", DAYS)
@pytest.mark.parametrize("name", data.list_examples())
def test_an_example_is_a_draft_of_any_day(name: str, today: datetime.date) -> None:
    value = yaml_lines.parse_document(examples.format_example(name, today).encode(), name).value
    assert value["date"] <= today.isoformat()
    assert (today - datetime.date.fromisoformat(value["date"])).days < 62
    assert ("id" in value) == (value.get("version", 1) > 1), "each installation draws its own ids"
    value.setdefault("id", draw_id(value["kind"]))
    drafts.parse_draft(yaml_lines.Document(name, value, {}), drafts.Slot(value["id"]))


def draw_id(kind: str) -> str:
    return ids.format_id(kind, bytes(ids.RANDOM_BYTES))


def test_a_study_registered_in_advance_begins_after_today_and_its_board_looked_before() -> None:
    for today in DAYS:
        value = yaml_lines.parse_document(examples.format_example("study", today).encode(), "study").value
        assert value["body"]["started"] > today.isoformat()
        assert value["body"]["ethics"]["date"] < value["date"]
        assert f"through {value['body']['started'][:4]}" in value["body"]["summary"]


def test_a_day_before_the_example_changes_no_date() -> None:
    text = examples.format_example("study", datetime.date(2020, 1, 1))
    assert re.findall(r"\d{4}-\d\d-\d\d", text) == re.findall(
        r"\d{4}-\d\d-\d\d", data.read_example("study").decode()
    )


def test_others_speak_about_the_sample_company_in_their_own_name() -> None:
    group = disclosure.Publisher("our-group", "campaign-group", "Our: Group")
    value = yaml_lines.parse_document(
        examples.format_example("letter", DAYS[0], group).encode(), "letter"
    ).value
    assert value["publisher"] == {"id": "our-group", "role": "campaign-group", "name": "Our: Group"}
    assert value["provider"]["id"] == "larkfield"
