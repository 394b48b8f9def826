import hashlib

import pytest

from lightwell.base import disclosure, errors, ids, withholding
from lightwell.files import data, drafts, schemas, yaml_lines

SLOT = drafts.Slot(ids.format_id("study", b"newstudy"))


def parse(text: str, slot: drafts.Slot = SLOT) -> drafts.Draft:
    return drafts.parse_draft(yaml_lines.parse_document(text.encode("utf-8"), "draft.yaml"), slot)


def read_example(name: str) -> drafts.Draft:
    return parse(data.read_example(name).decode("utf-8"))


STUDY = data.read_example("study").decode("utf-8")


@pytest.mark.parametrize("name", data.list_examples())
def test_every_example_is_a_whole_record_and_comes_back(name: str) -> None:
    record = read_example(name).record
    assert disclosure.decode_disclosure(disclosure.encode_disclosure(record)) == record
    assert "sample" in record.provider.name


def test_there_is_an_example_of_every_kind() -> None:
    assert {read_example(name).record.kind for name in data.list_examples()} == set(disclosure.KINDS)


def test_examples_that_name_another_record_name_one_that_exists() -> None:
    records = [read_example(name).record for name in data.list_examples()]
    digests = {disclosure.compute_digest(record): record.id for record in records}
    for record in records:
        if record.about:
            assert digests[record.about.digest] == record.about.id
        if record.supersedes:
            assert digests[record.supersedes] == record.id


def test_the_second_risk_assessment_follows_from_the_first() -> None:
    first, second = read_example("risk-assessment").record, read_example("risk-assessment-2").record
    disclosure.check_succession(first, second)


def test_attachments_of_examples_are_the_bytes_they_name() -> None:
    attachments = read_example("figures-edition").record.attachments
    for attachment in attachments:
        held = data.read_example_attachment(attachment.title)
        assert f"sha256:{hashlib.sha256(held).hexdigest()}" == attachment.digest
        assert len(held) == attachment.bytes
    assert attachments


def test_every_example_that_holds_fields_back_can_do_so_and_show_them_later() -> None:
    holding = [draft for draft in map(read_example, data.list_examples()) if draft.decisions]
    assert holding
    for draft in holding:
        salts = {each.pointer: bytes([n]) * 32 for n, each in enumerate(draft.decisions)}
        public, openings = withholding.withhold_fields(draft.record, draft.decisions, salts)
        schemas.check_disclosure(public)
        data_bytes = disclosure.encode_disclosure(public)
        for opening in openings:
            assert str(opening.value).encode() not in data_bytes
        shown = withholding.lift_fields(public, openings, "2027-01-01")
        withholding.check_lift(public, shown)
        assert shown.body == draft.record.body


def test_id_version_and_schema_may_be_left_out() -> None:
    lines = [line for line in STUDY.splitlines() if not line.startswith(("id:", "version:", "schema:"))]
    record = parse("\n".join(lines)).record
    assert (record.id, record.version, record.schema, record.supersedes) == (SLOT.id, 1, 1, None)


def test_problems_of_envelope_body_and_holding_back_come_together_by_line() -> None:
    text = STUDY.replace("language: en", "language: English").replace("  stage: planned", "  stage: soon")
    text = text.replace("  title: Does", "  titel: Does")
    text += (
        "hold_back:\n  - {field: /body/officer, ground: secret, expires: 2026-01-01, decided_by: approver}\n"
    )
    with pytest.raises(errors.UserMistake) as caught:
        parse(text)
    lines = text.splitlines()
    found = {problem.place: problem.sentence for problem in caught.value.problems}
    expected = {
        "language: English": ("/language", "not a language tag"),
        "  stage: soon": ("/body/stage", "'soon' is none of"),
        "  titel: Does": ("/body/titel", "did you mean title?"),
        "  - {field": ("/hold_back/0", "no ground 'secret'"),
        "body:": ("/body/title", "title is missing"),
    }
    for start, (place, sentence) in expected.items():
        (number,) = [index for index, line in enumerate(lines, 1) if line.startswith(start)]
        assert sentence in found[f"draft.yaml, line {number} ({place})"]
    assert len(found) == len(expected)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("{field: /date, ground: security, expires: 2025-01-01, decided_by: approver}", "inside the body"),
        ("{field: /body/officer, ground: security, decided_by: approver}", "expires is missing"),
        (
            "{field: /body/officer, ground: security, expires: 2044-01-01, decided_by: approver}",
            "at most 730",
        ),
        (
            "{field: /body/officer, ground: security, expires: 2025-01-01, decided_by: publisher}",
            "decided by appr",
        ),
        (
            "{field: /body/officer, ground: security, expires: 2025-01-01, decided_by: approver, why: x}",
            "'why' is not known",
        ),
        (
            "{field: /body/officer, ground: security, expires: 2025-01-01, decided_by: approver, "
            "repeats_accepted: maybe}",
            "true or false",
        ),
        ("just text", "must be an object"),
    ],
)
def test_holding_back_is_checked_like_everything_else(line, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        parse(f"{STUDY}hold_back:\n  - {line}\n")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- a\n- b\n", "a draft is a list of fields"),
        ("just text\n", "a draft is a list of fields"),
        (STUDY.replace("schema: 1", "schema: 7"), "schema versions 1"),
        (STUDY.replace("schema: 1", "schema: true"), "schema"),
        (STUDY.replace("kind: study", "kind: essay"), "'essay' is none of study"),
        (STUDY.replace("kind: study", "kind: [study]"), "kind must be text"),
        (STUDY.replace("\nbody:", "\nbody: text\nrest:"), "the body must be an object"),
        (STUDY.replace("date: 2024-11-18\n", ""), "date is missing"),
    ],
)
def test_a_draft_that_is_no_record_is_refused(text, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        parse(text)
