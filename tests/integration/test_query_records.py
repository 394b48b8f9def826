"""A private answer is put on record by two people; its record says what its bytes say, or is refused."""

from __future__ import annotations

import dataclasses
import datetime
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import codebooks
import disclosure_fixture
import pytest
import query_fixture
from click.testing import CliRunner

from lightwell.actions import bundles, datasets, log, organisations, proposals, query_records, query_releases
from lightwell.base import errors
from lightwell.cli import verify as command
from lightwell.client import verify
from lightwell.db.models import Disclosure
from lightwell.engines import codebook_files
from lightwell.files import foundation, yaml_lines
from lightwell.files.state import State
from lightwell.query import release, statement

pytestmark = pytest.mark.django_db
SECOND = Path(__file__).parents[1] / "independent/verify.py"
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
SAID = query_releases.Said("Children sleep less after nights of use", "Hours of sleep by nights.", ["sleep"])


@pytest.fixture
def desk(tmp_path: Path) -> disclosure_fixture.Desk:
    foundation.lay_foundation(tmp_path / "state", origin="log.example/answers")
    return disclosure_fixture.Desk(State(tmp_path / "state"))


def propose(desk: disclosure_fixture.Desk, answer: bytes) -> Any:
    ready = query_releases.prepare_answer(
        state=desk.state,
        answer=dataclasses.replace(release.read_release(answer), query=query_fixture.QUESTION),
        dataset=Disclosure.objects.newest().get(record=query_fixture.DATASET),
        said=SAID,
        publisher=organisations.find_own(desk.ana),
        now=NOW,
    )
    return proposals.propose(
        actor=desk.ana, kind=ready.kind, subject=ready.subject, payload=ready.payload, now=NOW
    )


def test_one_person_proposes_an_answer_and_another_publishes_it_with_its_bytes(
    desk: disclosure_fixture.Desk, tmp_path: Path
) -> None:
    query_fixture.publish_dataset(desk)
    proposal = propose(desk, query_fixture.read_answer())
    assert query_records.find_answered(desk.state, proposal.subject) is None
    with pytest.raises(errors.Refused):
        proposals.approve(state=desk.state, actor=desk.ana, proposal_id=proposal.pk, now=NOW)
    desk.approve(proposal, NOW)
    found = query_records.find_answered(desk.state, proposal.subject)
    assert found is not None
    assert found.answer == query_fixture.read_answer()
    assert [each.record for each in query_records.list_answers(query_fixture.DATASET)] == [proposal.subject]
    log.count_day(state=desk.state, now=NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    verdict = verify.verify_bundle(tmp_path / "bundle", read_codebook=codebook_files.describe_codebook)
    compared = {"answers": 1, "numbers": 8, "without_codebook": []}
    assert verdict.private_answers == {**compared, "codebooks": 1, "codebooks_not_read": []}
    assert "1 private answer with 8 numbers" in " ".join(verdict.proven)
    assert "noise of private answers was drawn" in " ".join(verdict.not_proven)


@pytest.mark.parametrize("name", statement.FIELDS)
def test_a_record_that_states_something_else_than_its_answer_is_refused(
    desk: disclosure_fixture.Desk, name: str
) -> None:
    query_fixture.publish_dataset(desk)
    body = disclosure_fixture.read_value("query-release")["body"]
    changes: dict[str, Any] = {
        "numbers": body["numbers"][:-1],
        "cost": {**body["cost"], "epsilon": 0.1},
        "plan": ["Reads nothing."],
        "notes": [],
        "answer": "sha256:" + "0" * 64,
        "sample": False,
    }
    with pytest.raises(errors.UserMistake) as refused:
        query_fixture.publish_answer(desk, **{name: changes.get(name, "another")})
    assert f"/body/{name}" in {each.place for each in refused.value.problems}
    assert not Disclosure.objects.filter(kind=statement.KIND).exists()


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"question": query_fixture.QUESTION.replace("nights", "wave")}, "another question"),
        ({"question": query_fixture.QUESTION.replace("AVG", "SUM")}, "another question"),
        ({"bounds": {"rows": 2}}, "another question"),
        ({"question": "SELECT name FROM survey"}, "Rows of children are never shown"),
        ({"question": "DROP TABLE survey"}, "line 1, column 1"),
    ],
)
def test_an_answer_is_one_to_the_question_that_stands_beside_it(
    desk: disclosure_fixture.Desk, changed: dict[str, Any], words: str
) -> None:
    query_fixture.publish_dataset(desk)
    with pytest.raises(errors.UserMistake, match=words) as refused:
        query_fixture.publish_answer(desk, **changed)
    assert {each.place for each in refused.value.problems} == {"/body/question"}


def test_an_answer_needs_its_data_set_and_its_codebook_in_view(desk: disclosure_fixture.Desk) -> None:
    with pytest.raises(errors.UserMistake, match="no data set of Larkfield"):
        query_fixture.publish_answer(desk)
    desk.disclose(disclosure_fixture.read_value("dataset"))
    with pytest.raises(errors.UserMistake, match="names this codebook"):
        query_fixture.publish_answer(desk)
    desk.disclose(disclosure_fixture.read_value("dataset-2"))
    query_fixture.publish_answer(desk)
    desk.withdraw(query_fixture.ANSWER, "published-in-error", NOW)
    assert query_records.find_answered(desk.state, query_fixture.ANSWER) is None
    assert query_records.list_answers(query_fixture.DATASET) == []


@pytest.mark.parametrize("place", ["/body/numbers", "/body/numbers/0/value", "/body/file", "/body/cost"])
def test_what_the_attached_answer_says_cannot_be_held_back(desk: disclosure_fixture.Desk, place: str) -> None:
    query_fixture.publish_dataset(desk)
    value = disclosure_fixture.read_value("query-release")
    held = {"field": place, "ground": "confidential", "expires": "2027-05-01", "decided_by": "approver"}
    with pytest.raises(errors.UserMistake, match="cannot be held back"):
        desk.disclose({**value, "hold_back": [{**held, "repeats_accepted": True}]})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"name": "another"}, "the attached codebook says larkfield-use"),
        ({"version": "2"}, "the attached codebook says 1"),
        ({"digest": "sha256:" + "0" * 64}, "the attached codebook says sha256:"),
        ({"file": "sha256:" + "0" * 64}, "the codebook is attached"),
    ],
)
def test_a_data_set_names_the_codebook_that_is_attached(
    desk: disclosure_fixture.Desk, change: dict[str, str], words: str
) -> None:
    desk.disclose(disclosure_fixture.read_value("dataset"))
    value = disclosure_fixture.read_value("dataset-2")
    value["body"]["codebook"] |= change
    with pytest.raises(errors.UserMistake, match=words):
        desk.disclose(value)
    assert datasets.find_dataset(desk.state, query_fixture.DATASET) is None


def test_a_forged_record_is_refused_by_whoever_verifies(
    desk: disclosure_fixture.Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query_fixture.publish_dataset(desk)
    monkeypatch.setattr(query_records, "check_record", lambda **_: None)
    body = disclosure_fixture.read_value("query-release")["body"]
    body["numbers"][0]["value"] = 9.5
    row = query_fixture.publish_answer(desk, numbers=body["numbers"])
    log.count_day(state=desk.state, now=NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    with pytest.raises(errors.Refused, match="says something else") as refused:
        verify.verify_bundle(tmp_path / "bundle")
    assert row.digest.removeprefix("sha256:") in str(refused.value) or query_fixture.ANSWER in str(
        refused.value
    )


@pytest.mark.parametrize(
    ("stated", "value"),
    [("digest", "sha256:" + "0" * 64), ("name", "another"), ("version", "2")],
)
def test_a_record_that_states_another_codebook_than_its_file_is_refused_by_both_verifiers(
    desk: disclosure_fixture.Desk,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stated: str,
    value: str,
) -> None:
    desk.disclose(disclosure_fixture.read_value("dataset"))
    monkeypatch.setattr(datasets, "check_record", lambda **_: None)
    named = disclosure_fixture.read_value("dataset-2")
    right = named["body"]["codebook"][stated]
    named["body"]["codebook"][stated] = value
    row = desk.disclose(named)
    log.count_day(state=desk.state, now=NOW)
    log.publish_checkpoint(state=desk.state, now=NOW)
    bundles.write_bundle(state=desk.state, folder=tmp_path / "bundle")
    first = CliRunner().invoke(command.verify, [str(tmp_path / "bundle")])
    second = subprocess.run(
        [sys.executable, SECOND, tmp_path / "bundle"], capture_output=True, text=True, check=False
    )
    place = f"records/{row.digest.removeprefix('sha256:')}"
    for code, said in ((first.exit_code, first.output), (second.returncode, second.stdout)):
        assert code == 1, said
        assert said.startswith(f"refused: {place}"), said
        assert f"the {stated} of the codebook attached to it is {right}" in said
    # The plain install reads no YAML, and its verdict says that this was not compared.
    monkeypatch.setattr(command, "_find_codebook_reader", lambda: None)
    plain = CliRunner().invoke(command.verify, [str(tmp_path / "bundle")])
    assert plain.exit_code == 0
    assert "digests of codebooks are those of the attached files" in plain.output
    assert f"{query_fixture.DATASET}, version 2" in plain.output


@pytest.mark.parametrize("name", codebook_files.list_examples())
@pytest.mark.parametrize("change", ["", "flow", "moved"])
def test_the_second_verifier_reads_codebooks_as_the_first_does(name: str, change: str) -> None:
    text = codebook_files.read_example(name)
    if change == "flow":
        text = json.dumps(yaml_lines.parse_document(text.encode(), name).value, ensure_ascii=False)
    elif change == "moved":
        text = "# another comment\n" + text.replace("\n", "   # behind\n", 1).replace("title: ", "title:   ")
    value = codebooks.read(text)
    assert codebooks.digest(value) == codebook_files.describe_codebook(text.encode())["digest"]
    other = text.replace("1e-7", "1e-6", 1)
    if other != text:
        assert codebooks.digest(codebooks.read(other)) != codebooks.digest(value)


@pytest.mark.parametrize(
    "text",
    ["a: &x 1", "a: *x", "a: |\n  b", "a: b\n  c", "a: !!int 1", "? a", "a: 'it''s'", "a: [1, 2", 'a: "\\n"'],
)
def test_the_second_verifier_guesses_at_nothing(text: str) -> None:
    with pytest.raises(codebooks.NotRead):
        codebooks.read(text)
