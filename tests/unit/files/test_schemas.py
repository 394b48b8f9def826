import copy

import jsonschema
import pytest

from lightwell.base import disclosure, errors, ids
from lightwell.files import data, drafts, schemas, yaml_lines


def read_body(name: str):
    return yaml_lines.parse_document(data.read_example(name), name).value["body"]


LETTER = read_body("letter")


def test_the_kinds_are_those_of_the_envelope_and_each_has_an_id_prefix() -> None:
    assert set(data.list_kinds()) == set(disclosure.KINDS)
    assert set(data.list_kinds()) <= set(ids.PREFIXES.values())


def walk(schema, place=""):
    yield place, schema
    for name, part in schema.get("properties", {}).items():
        yield from walk(part, f"{place}/{name}")
    if isinstance(schema.get("items"), dict):
        yield from walk(schema["items"], f"{place}/*")


@pytest.mark.parametrize("kind", disclosure.KINDS)
def test_a_schema_is_valid_strict_and_speaks_of_every_field(kind: str) -> None:
    schema = data.read_schema(kind, 1)
    jsonschema.Draft202012Validator.check_schema(schema)
    parts = [*walk(schema)]
    for name, part in schema["$defs"].items():
        parts += walk(part, f"$defs/{name}")
    for place, part in parts:
        if part.get("type") == "object":
            assert part["additionalProperties"] is False, place
            assert set(part.get("required", [])) <= set(part["properties"]), place
            for name, field in part["properties"].items():
                reference = field.get("$ref", "").rpartition("/")[2]
                assert field.get("title") or schema["$defs"].get(reference, {}).get("title"), (
                    f"{place}/{name}"
                )
        if part.get("type") == "array":
            assert part["maxItems"] > 0, place
    assert schema["title"]
    assert schema["description"]


@pytest.mark.parametrize("kind", disclosure.KINDS)
def test_titles_and_descriptions_use_the_public_words_only(kind: str) -> None:
    text = str(data.read_schema(kind, 1)).lower()
    for word in ("redaction", "withheld", "commitment", "tombstone", "checkpoint", "cosignature"):
        assert word not in text, word


def test_the_same_schema_is_given_every_time_and_an_unknown_one_is_named() -> None:
    assert data.read_schema("study", 1) is data.read_schema("study", 1)
    with pytest.raises(errors.UserMistake, match="no schema version 9; it has 1"):
        data.read_schema("study", 9)
    with pytest.raises(errors.UserMistake, match="no kind 'shared'; kinds are"):
        data.read_schema("shared", 1)


@pytest.mark.parametrize(
    ("change", "place", "sentence"),
    [
        ({"titel": "x"}, "/body/titel", "did you mean title?"),
        ({"xyz": 1}, "/body/xyz", "known here: title, summary"),
        ({"title": None}, "/body/title", "one line of text"),
        ({"title": 5}, "/body/title", "a bare 5 is a number, so put it in quotes"),
        ({"title": "two\nlines"}, "/body/title", "one line"),
        ({"title": "   "}, "/body/title", "not empty"),
        ({"summary": "word " * 81}, "/body/summary", "1 to 80 words"),
        ({"sent_on": "2025-13"}, "/body/sent_on", "a date as declared"),
        ({"signatories_in_all": -1}, "/body/signatories_in_all", "at least 0"),
        ({"signatories_in_all": "59"}, "/body/signatories_in_all", "must be a whole number, not text"),
        ({"asks": []}, "/body/asks", "at least 1"),
        ({"asks": LETTER["asks"] * 2}, "/body/asks", "at most 5"),
        ({"asks": {}}, "/body/asks", "must be a list, not a group of fields"),
        ({"asks": [{**LETTER["asks"][0], "number": 6}]}, "/body/asks/0/number", "at most 5"),
        ({"asks": [{**LETTER["asks"][0], "source": "none"}]}, "/body/asks/0/source", "no source 'none'"),
        (
            {"asks": [{**LETTER["asks"][0], "check": "sure"}]},
            "/body/asks/0/check",
            "none of primary",
        ),
        ({"asks": [LETTER["asks"][0]] * 2}, "/body/asks/1/id", "stands twice in this list"),
        ({"sources": [{"id": "letter"}]}, "/body/sources/0/title", "title is missing (Title)"),
    ],
)
def test_a_wrong_body_is_told_in_a_sentence_at_its_place(change, place, sentence) -> None:
    problems = schemas.find_problems("letter", 1, {**copy.deepcopy(LETTER), **change})
    found = {problem.place: problem.sentence for problem in problems}
    assert place in found, found
    assert sentence in found[place]


def test_a_date_that_no_calendar_has_is_found() -> None:
    body = {**read_body("study"), "due_dates": [{"id": "a", "what": "Report", "date": "2026-02-30"}]}
    (problem,) = schemas.find_problems("study", 1, body)
    assert problem.place == "/body/due_dates/0/date"
    assert "not a calendar date" in problem.sentence


def test_earlier_research_needs_a_search_statement_and_registered_research_does_not() -> None:
    body = read_body("study")
    assert schemas.find_problems("study", 1, body) == []
    (problem,) = schemas.find_problems("study", 1, {**body, "registered_in_advance": False})
    assert problem.place == "/body/search"


def test_evidence_that_is_not_there_is_named() -> None:
    body = copy.deepcopy(read_body("risk-assessment"))
    body["rows"][0]["controls"][0]["evidence"] = ["prompt-trial", "gone"]
    (problem,) = schemas.find_problems("risk-assessment", 1, body)
    assert problem == errors.Problem(
        "/body/rows/0/controls/0/evidence/1", "there is no evidence 'gone' in this record"
    )


def test_all_problems_of_a_body_are_told_at_once() -> None:
    problems = schemas.find_problems("study", 1, {})
    required = data.read_schema("study", 1)["required"]
    assert {problem.place for problem in problems} == {f"/body/{name}" for name in required}


def test_a_very_long_summary_is_judged_without_delay() -> None:
    for text in ("x" * 200_000, "x " * 100_000, " " * 200_000, "x  " * 500):
        assert schemas.find_problems("letter", 1, {**LETTER, "summary": text})


def test_a_held_back_place_may_be_empty_and_no_other() -> None:
    example = drafts.parse_draft(
        yaml_lines.parse_document(data.read_example("letter"), "letter"), drafts.Slot("none")
    ).record
    held = disclosure.WithheldField("/body/led_by", "confidential", "2026-01-01", "approver", "0" * 64)
    public = disclosure.change(example, body={**example.body, "led_by": None}, withheld=(held,))
    schemas.check_disclosure(public)
    with pytest.raises(errors.UserMistake, match="/body/led_by"):
        schemas.check_disclosure(disclosure.change(public, withheld=()))
