"""What would stop a publication is told when parts are proposed and approved, before anybody publishes."""

from __future__ import annotations

from pathlib import Path

import disclosure_fixture as fixture
import pytest
from click.testing import CliRunner, Result
from hiding_fixture import NAME, NOW, STUDY, approve, hide, make_desk, publish

from lightwell.actions import forecasts, redactions
from lightwell.base import errors
from lightwell.cli import main
from lightwell.cli import redaction as command
from lightwell.db.models import Item, Proposal, Study

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> fixture.Desk:
    return make_desk(tmp_path, monkeypatch)


def list_obstacles(desk: fixture.Desk, **options: str) -> list[errors.Problem]:
    item = Item.objects.get(study=STUDY, number=1)
    return forecasts.list_obstacles(state=desk.state, item=item, now=NOW, **options)


def run(*words: str) -> Result:
    return CliRunner().invoke(command.redaction, [*words, "--as", "ben" if "approve" in words else "ana"])


def test_where_nothing_is_hidden_or_all_of_it_is_gone_nothing_is_foreseen(desk: fixture.Desk) -> None:
    assert list_obstacles(desk) == []
    rows = hide(desk, NAME)
    assert list_obstacles(desk) == []
    approve(desk, rows)
    assert list_obstacles(desk) == []


@pytest.mark.parametrize("member", ["title", "file_name"])
def test_a_proposed_name_in_title_or_file_name_is_told_before_anybody_approves(
    desk: fixture.Desk, member: str
) -> None:
    Item.objects.filter(study=STUDY, number=1).update(**{member: f"Notes on {NAME}.pdf"})
    rows = hide(desk, NAME)
    (found,) = list_obstacles(desk)
    assert found.place == f"document 1, {member.replace('_', ' ')}"
    assert "Oyelaran" not in f"{found.place} {found.sentence}"
    approve(desk, rows)
    # What is foreseen is what stops it.
    with pytest.raises(errors.UserMistake) as stopped:
        publish(desk, 1)
    assert found in stopped.value.problems


def test_a_name_in_title_and_file_name_is_taken_out_of_them_by_two_people(desk: fixture.Desk) -> None:
    Item.objects.filter(study=STUDY, number=1).update(title=f"Notes on {NAME}", file_name=f"{NAME}.pdf")
    approve(desk, hide(desk, NAME))
    assert {each.place for each in list_obstacles(desk)} == {"document 1, title", "document 1, file name"}
    for wrong, sentence in (
        (("--title", "Notes\nmore"), "control character"),
        (("--file", "../notes.pdf"), "plain path"),
        (("--file", "notes.docx"), "the ending stays as it is: .pdf"),
        ((), "write the new title, the new file name, or both"),
    ):
        refused = CliRunner().invoke(main.lightwell, ["document", "name", STUDY, "1", *wrong, "--as", "ana"])
        assert sentence in str(refused.exception)
    proposed = ["document", "name", STUDY, "1", "--title", "Notes 1", "--file", "notes-1.pdf", "--as", "ana"]
    assert CliRunner().invoke(main.lightwell, proposed).exit_code == 0
    number = str(Proposal.objects.get(kind="naming").pk)
    assert isinstance(
        CliRunner().invoke(main.lightwell, ["approve", number, "--as", "ana"]).exception, errors.Refused
    )
    assert len(list_obstacles(desk)) == 2
    assert CliRunner().invoke(main.lightwell, ["approve", number, "--as", "ben"]).exit_code == 0
    assert list_obstacles(desk) == []
    publish(desk, 1)
    item = Item.objects.get(study=STUDY, number=1)
    assert (item.title, item.file_name) == ("Notes 1", "notes-1.pdf")
    # What is public keeps its title.
    late = CliRunner().invoke(main.lightwell, ["document", "name", STUDY, "1", "--title", "x", "--as", "ana"])
    assert "public under its title already" in str(late.exception)


def test_a_name_that_stays_readable_on_another_page_is_told_with_its_page(desk: fixture.Desk) -> None:
    (row,) = hide(desk, "She was tired")
    assert list_obstacles(desk) == []
    assert [each.place for each in list_obstacles(desk, summary="We spoke to Leeds")] == []
    redactions.withdraw_regions(actor=desk.ana, study=Study.objects.get(pk=STUDY), numbers=[row.pk])
    item = redactions.find_item(STUDY, 1)
    parts = redactions.read_page(state=desk.state, actor=desk.ana, item=item, number=1)
    place = next(
        (k, n) for k, line in enumerate(parts.lines) for n, word in enumerate(line) if word.text == "nights"
    )
    redactions.propose_regions(
        state=desk.state, actor=desk.ana, item=item, number=1, words=[place], ground_id="participant", now=NOW
    )
    # A common word tells nothing; a name of several words does.
    assert list_obstacles(desk) == []
    words = [(place[0], n) for n in range(place[1] - 2, place[1] + 1)]
    redactions.propose_regions(
        state=desk.state, actor=desk.ana, item=item, number=1, words=words, ground_id="participant", now=NOW
    )
    assert {each.place for each in list_obstacles(desk)} == {
        "document 1, page 2, visible by decision",
        "document 1, page 3, visible by decision",
    }


def test_the_command_line_tells_it_at_approval_and_when_asked(desk: fixture.Desk) -> None:
    Item.objects.filter(study=STUDY, number=1).update(title=f"Notes on {NAME}")
    (row,) = hide(desk, NAME)
    asked = run("foresee", STUDY)
    assert asked.exit_code == 1
    assert "would stop its publication: document 1, title: a hidden word can still be read" in asked.output
    told = run("approve", STUDY, str(row.pk))
    assert "approved: 1" in told.output
    assert "would stop its publication: document 1, title" in told.output
    Item.objects.filter(study=STUDY, number=1).update(title="Notes")
    clear = run("foresee", STUDY)
    assert (clear.exit_code, clear.output) == (0, "0 places found in 2 documents\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["find", STUDY, "nobody of this name", "--hide", "all", "--ground", "participant"], "on no page"),
        (["find", STUDY, "tired", "--hide", "all"], "name the legal reason, --ground ID"),
        (["hide", STUDY, "1", "2", "--words", "1.1"], "name the legal reason, --ground ID"),
        (["hide", STUDY, "1", "2", "--words", "5.3-5.1", "--ground", "participant"], "write 5.1-5.3"),
    ],
)
def test_a_slip_on_the_command_line_is_told_in_a_sentence(
    desk: fixture.Desk, words: list[str], sentence: str
) -> None:
    done = run(*words)
    assert isinstance(done.exception, errors.UserMistake), done.output
    assert sentence in str(done.exception)


def test_finding_says_how_many_places_are_new_and_offers_nothing_where_there_is_none(
    desk: fixture.Desk,
) -> None:
    hide_all = ["--ground", "participant", "--hide", "all"]
    assert "proposed: 1; another" in run("find", STUDY, "She was tired", *hide_all).output
    again = run("find", STUDY, "She was tired", *hide_all).output
    assert "proposed: 0, left as they were proposed or hidden before: 1; another" in again
    assert run("find", STUDY, "nobody of this name").output == "found: 0; it is looked for line by line\n"


def test_help_says_that_patterns_are_looked_for_line_by_line() -> None:
    assert "line by line" in CliRunner().invoke(command.redaction, ["find", "--help"]).output
