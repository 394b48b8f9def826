"""What a publication record says of pages that people read: told by the verdict, refused where it cannot be.

Whoever forges it here holds every key, so that only the rules of what a record may say are left.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import verifier_fixture
import verify
from click.testing import CliRunner
from verifier_fixture import needs_chromium

from lightwell.base import canonical
from lightwell.cli import verify as command

Sample = dict[str, Any]


def count_more_than_there_are(sample: Sample) -> None:
    sample["items"][0]["drawn"] = 4


def miss_more_than_were_read(sample: Sample) -> None:
    sample["items"][1]["missed"] = 3


def read_more_than_were_drawn(sample: Sample) -> None:
    sample["items"][0]["read"] = 3


def read_none(sample: Sample) -> None:
    for each in sample["items"]:
        each["read"] = each["missed"] = 0


def draw_none(sample: Sample) -> None:
    sample["items"][0] = {"item": 1, "drawn": 0, "read": 0, "missed": 0}


def read_what_is_held_back(sample: Sample) -> None:
    sample["items"][1]["item"] = 4


def read_what_has_no_pages(sample: Sample) -> None:
    sample["items"][1]["item"] = 3


def read_one_twice(sample: Sample) -> None:
    sample["items"].append(sample["items"][1])


def list_backwards(sample: Sample) -> None:
    sample["items"].reverse()


def draw_by_a_later_checkpoint(sample: Sample) -> None:
    sample["checkpoints"][-1] = 999


def draw_by_none(sample: Sample) -> None:
    sample["checkpoints"] = []


def say_yes(sample: Sample) -> None:
    sample["items"][0]["read"] = True


def say_more(sample: Sample) -> None:
    sample["bound"] = "1 %"


FORGERIES: list[Callable[[Sample], None]] = [
    *(count_more_than_there_are, miss_more_than_were_read, read_more_than_were_drawn, read_none, draw_none),
    *(read_what_is_held_back, read_what_has_no_pages, read_one_twice, list_backwards),
    *(draw_by_a_later_checkpoint, draw_by_none, say_yes, say_more),
]


def forge(made: Any, folder: Path, change: Callable[[Sample], None] | None) -> str:
    """Write a bundle with another sample, or with none; the name of the publication record."""
    log = copy.deepcopy(made)
    entries = [canonical.decode(each) for each in log.entries]
    named = next(each for each in entries if each["type"] == "publication")
    record = json.loads(log.files.pop(f"records/{named['record'][7:]}.json"))
    if change is None:
        del record["sample"]
    else:
        change(record["sample"])
    named["record"] = log.record(record)
    log.forge([canonical.encode(each) for each in entries])
    log.write(folder)
    return f"records/{named['record'][7:]}.json"


@pytest.mark.parametrize("change", FORGERIES, ids=[each.__name__ for each in FORGERIES])
def test_a_sample_that_cannot_be_is_refused_by_both(
    change: Callable[[Sample], None], made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = forge(made, tmp_path / "bundle", change)
    first = CliRunner().invoke(command.verify, [str(tmp_path / "bundle")])
    assert (first.exit_code, first.output.startswith(f"refused: {place}:")) == (1, True), first.output
    assert verify.main([str(tmp_path / "bundle")]) == 1
    assert capsys.readouterr().out.startswith(f"refused: {place}:")


def test_the_verdict_says_what_was_read_and_whose_word_that_is(whole_bundle: Path) -> None:
    said = CliRunner().invoke(command.verify, [str(whole_bundle)]).output
    assert "people read 4 of 5 pages of" in said
    assert "something was missed on 1: its publisher says so (at most 75.2 % of all its pages" in said


def test_a_record_from_before_verifies_and_no_person_has_read_a_sample(
    made: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    forge(made, tmp_path / "bundle", None)
    first = CliRunner().invoke(command.verify, [str(tmp_path / "bundle")])
    assert first.exit_code == 0, first.output
    assert "no person has read a sample" in first.output
    assert verify.main([str(tmp_path / "bundle")]) == 0


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with verifier_fixture.run_chromium() as driver:
        yield driver


@pytest.mark.browser
@needs_chromium
def test_the_browser_refuses_them_too(made: Any, tmp_path: Path, browser: Any) -> None:
    wrong = {}
    for change in FORGERIES:
        place = forge(made, tmp_path / change.__name__, change)
        title, sentence = verifier_fixture.check(browser, tmp_path / change.__name__, None)
        if title != "Refused" or place not in sentence:
            wrong[change.__name__] = (title, sentence)
    assert wrong == {}
