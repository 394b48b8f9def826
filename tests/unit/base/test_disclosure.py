import copy

import pytest

from lightwell.base import canonical, disclosure, errors, ids

STUDY = ids.format_id("study", b"studynr1")
REPLY = ids.format_id("reply", b"replynr1")
RECORD = {
    "id": STUDY,
    "kind": "study",
    "version": 1,
    "schema": 1,
    "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield (sample)"},
    "provider": {"id": "larkfield", "name": "Larkfield (sample)"},
    "services": [{"id": "larkfield-app", "name": "Larkfield"}],
    "language": "en",
    "date": "2026-01-15",
    "supersedes": None,
    "about": None,
    "body": {"title": "Sleep and late notifications", "people": [{"id": "lead", "role": "Lead"}, None]},
    "withheld": [
        {
            "pointer": "/body/people/1",
            "ground": "junior-staff",
            "expires": "2027-01-15",
            "decided_by": "approver",
            "commitment": "ab" * 32,
        }
    ],
    "opened": [],
    "attachments": [
        {"digest": "sha256:" + "0" * 64, "bytes": 12, "media_type": "application/pdf", "title": "Report"}
    ],
}


def change_record(**fields):
    record = copy.deepcopy(RECORD)
    record.update(fields)
    return record


def test_a_record_comes_back_unchanged_and_byte_for_byte() -> None:
    parsed = disclosure.parse_disclosure(RECORD)
    assert disclosure.format_disclosure(parsed) == RECORD
    assert disclosure.decode_disclosure(disclosure.encode_disclosure(parsed)) == parsed


def test_lists_left_out_mean_none() -> None:
    short = {k: v for k, v in RECORD.items() if k not in ("withheld", "opened", "attachments", "about")}
    short["body"] = {"title": "T"}
    assert disclosure.parse_disclosure(short).attachments == ()


def test_the_body_is_a_copy_that_the_caller_cannot_change_later() -> None:
    record = change_record()
    parsed = disclosure.parse_disclosure(record)
    record["body"]["people"][0]["role"] = "changed"
    assert parsed.body["people"][0]["role"] == "Lead"


@pytest.mark.parametrize(
    ("fields", "place", "sentence"),
    [
        ({"id": "std-1"}, "/id", "1 characters after the hyphen"),
        ({"id": REPLY}, "/id", "names a reply, but the record is a study"),
        ({"kind": "essay"}, "/kind", "none of study, dataset"),
        ({"version": 0}, "/version", "from 1 on"),
        ({"version": True}, "/version", "from 1 on"),
        ({"version": 2}, "/supersedes", "names the digest of the one before"),
        ({"supersedes": "sha256:" + "1" * 64}, "/supersedes", "version 1 supersedes nothing"),
        ({"publisher": {"id": "x", "role": "king", "name": "X"}}, "/publisher/role", "'king' is none of"),
        ({"publisher": {"id": "x", "role": "court"}}, "/publisher/name", "name is missing"),
        ({"publisher": "Larkfield"}, "/publisher", "must be an object with id, role, name"),
        ({"provider": {"id": "A B", "name": "X"}}, "/provider/id", "not a short id"),
        ({"provider": None}, "/provider", "provider is missing"),
        ({"services": {}}, "/services", "must be a list"),
        ({"services": RECORD["services"] * 2}, "/services", "stands here twice"),
        ({"language": "english"}, "/language", "not a language tag"),
        ({"date": "2026-02-30"}, "/date", "not a calendar date"),
        ({"date": "20260215"}, "/date", "not a calendar date"),
        ({"body": []}, "/body", "must be an object"),
        ({"body": {}}, "/body", "must be an object"),
        ({"title": "x"}, "/title", "'title' is not known"),
        ({"about": {"id": STUDY}}, "/about/digest", "digest is missing"),
        ({"opened": [{"pointer": "/body/x", "commitment": "a", "salt": "b"}]}, "/opened/0/salt", "64 hex"),
        (
            {"withheld": [{**RECORD["withheld"][0], "pointer": "/date"}]},
            "/withheld/0/pointer",
            "inside the body",
        ),
        ({"withheld": [{**RECORD["withheld"][0], "pointer": "/body/zz"}]}, "/withheld/0", "has no place"),
        ({"withheld": [{**RECORD["withheld"][0], "pointer": "/body/title"}]}, "/withheld/0", "must be null"),
        ({"withheld": RECORD["withheld"] * 2}, "/withheld/1", "held back twice"),
        (
            {"withheld": [{**RECORD["withheld"][0], "expires": "2026-01-15"}]},
            "/withheld/0/expires",
            "after the",
        ),
        ({"withheld": [{**RECORD["withheld"][0], "expires": None}]}, "/withheld/0/expires", "missing"),
        ({"attachments": [{**RECORD["attachments"][0], "bytes": -1}]}, "/attachments/0/bytes", "from 0 on"),
        (
            {"attachments": [{**RECORD["attachments"][0], "media_type": "pdf"}]},
            "/attachments/0/media_type",
            "pdf",
        ),
    ],
)
def test_a_wrong_field_is_named_with_its_place(fields, place, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence) as caught:
        disclosure.parse_disclosure(change_record(**fields))
    assert place in [problem.place for problem in caught.value.problems]


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(errors.UserMistake) as caught:
        disclosure.parse_disclosure({"kind": "essay", "body": {"a": 1}})
    places = {problem.place for problem in caught.value.problems}
    assert {"/id", "/kind", "/version", "/schema", "/publisher", "/provider", "/language", "/date"} <= places


@pytest.mark.parametrize("record", [None, [], "text", 3])
def test_what_is_no_object_is_refused(record) -> None:
    with pytest.raises(errors.UserMistake, match="an object"):
        disclosure.parse_disclosure(record)


def test_a_record_too_large_for_a_page_is_sent_to_the_attachments() -> None:
    with pytest.raises(errors.UserMistake, match="attachment"):
        disclosure.parse_disclosure(change_record(body={"title": "x" * disclosure.MAX_BYTES}))


@pytest.mark.parametrize("kind", disclosure.KINDS_ABOUT_ANOTHER)
def test_a_reply_and_a_commentary_must_name_the_version_they_are_about(kind: str) -> None:
    record = change_record(kind=kind, id=ids.format_id(kind, bytes(8)), withheld=[], body={"text": "No."})
    with pytest.raises(errors.UserMistake, match="names the version it is about"):
        disclosure.parse_disclosure(record)
    record["about"] = {"id": STUDY, "digest": "sha256:" + "2" * 64}
    assert disclosure.parse_disclosure(record).about is not None


@pytest.mark.parametrize(
    ("role", "publisher", "expected"),
    [("provider", "larkfield", True), ("provider", "other-company", False)]
    + [(role, "larkfield", False) for role in disclosure.PUBLISHER_ROLES if role != "provider"],
)
def test_only_the_provider_itself_answers_for_the_provider(role, publisher, expected) -> None:
    record = change_record(publisher={"id": publisher, "role": role, "name": "N"})
    assert disclosure.counts_as_answer(disclosure.parse_disclosure(record)) is expected


def test_a_new_version_follows_only_from_the_one_before() -> None:
    old = disclosure.parse_disclosure(RECORD)
    new = disclosure.change(old, version=2, supersedes=disclosure.compute_digest(old))
    disclosure.check_succession(old, new)
    for crooked, sentence in [
        (disclosure.change(new, version=3), "comes 2, not 3"),
        (disclosure.change(new, supersedes="sha256:" + "0" * 64), "digest of the version before"),
        (disclosure.change(new, date="2025-12-31"), "cannot be dated"),
        (disclosure.change(new, provider=disclosure.Party("x", "X")), "keeps its provider"),
        (disclosure.change(new, publisher=disclosure.Publisher("x", "court", "X")), "keeps its publisher"),
    ]:
        with pytest.raises(errors.Refused, match=sentence):
            disclosure.check_succession(old, crooked)


def test_the_log_entry_holds_no_name_title_or_place() -> None:
    entry = disclosure.format_log_entry(disclosure.parse_disclosure(RECORD))
    assert entry["digest"] == disclosure.compute_digest(disclosure.parse_disclosure(RECORD))
    written = str(entry).lower()
    for word in ("larkfield", "sleep", "report", "people", "lead"):
        assert word not in written


def test_bytes_that_leave_an_envelope_field_out_are_not_the_record() -> None:
    short = {key: value for key, value in RECORD.items() if key != "about"}
    with pytest.raises(errors.UserMistake, match="every field"):
        disclosure.decode_disclosure(canonical.encode(short))
