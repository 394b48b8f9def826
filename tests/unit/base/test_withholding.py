import hashlib

import pytest

from lightwell.base import canonical, disclosure, errors, ids, withholding

BODY = {
    "title": "Launch review of late notifications",
    "people": [{"id": "lead", "role": "Lead Designer"}, {"id": "junior", "role": "Ada Quill"}],
    "level": "low",
    "note": "Two of nine disagreed",
    "count": 7,
}


def make_record(body=BODY):
    return disclosure.parse_disclosure(
        {
            "id": ids.format_id("reputational-review", b"reviewno"),
            "kind": "reputational-review",
            "version": 1,
            "schema": 1,
            "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield (sample)"},
            "provider": {"id": "larkfield", "name": "Larkfield (sample)"},
            "language": "en",
            "date": "2026-01-15",
            "body": body,
        }
    )


def decide(place, accepted=False):
    return withholding.Decision(place, "junior-staff", "2027-01-15", "approver", accepted)


def salt(number):
    return bytes([number]) * withholding.SALT_BYTES


def hold(places, record=None):
    return withholding.withhold_fields(
        record or make_record(),
        [decide(place) for place in places],
        {place: salt(n) for n, place in enumerate(places)},
    )


def test_a_held_back_value_keeps_its_place_and_stands_nowhere() -> None:
    public, openings = hold(["/body/people/1/role", "/body/note"])
    assert public.body["people"][1] == {"id": "junior", "role": None}
    assert public.body["note"] is None
    data = disclosure.encode_disclosure(public)
    assert b"Quill" not in data
    assert b"disagreed" not in data
    assert [opening.value for opening in openings] == ["Ada Quill", "Two of nine disagreed"]
    assert [held.ground for held in public.withheld] == ["junior-staff", "junior-staff"]


def test_the_fingerprint_has_the_published_construction() -> None:
    expected = hashlib.sha256(b"lightwell.field.v1\n" + salt(3) + b'["/body/level","low"]').hexdigest()
    assert withholding.compute_commitment("/body/level", "low", salt(3)) == expected


@pytest.mark.parametrize("value", ["", "x" * 5000, 0, True, {"a": [1, 2]}])
def test_the_public_record_has_the_same_size_whatever_is_held_back(value) -> None:
    public, _ = hold(["/body/note"], make_record({**BODY, "note": value}))
    reference, _ = hold(["/body/note"])
    assert len(disclosure.encode_disclosure(public)) == len(disclosure.encode_disclosure(reference))


def test_the_same_value_in_two_places_has_two_fingerprints() -> None:
    record = make_record({"a": "low", "b": "low", "title": "x"})
    public, _ = hold(["/body/a", "/body/b"], record)
    assert public.withheld[0].commitment != public.withheld[1].commitment


def test_a_lifted_field_verifies_and_the_rest_stays_held_back() -> None:
    public, openings = hold(["/body/people/1/role", "/body/note"])
    shown = withholding.lift_fields(public, [openings[1]], "2026-06-01")
    withholding.check_lift(public, shown)
    assert shown.body["note"] == "Two of nine disagreed"
    assert shown.version == 2
    assert [held.pointer for held in shown.withheld] == ["/body/people/1/role"]
    everything = withholding.lift_fields(shown, [openings[0]], "2026-07-01")
    withholding.check_lift(shown, everything)
    assert everything.body == BODY


@pytest.mark.parametrize(
    "wrong", ["Two of nine agreed", "two of nine disagreed", None, 2, ["Two of nine disagreed"]]
)
def test_another_text_than_the_one_held_back_is_refused(wrong) -> None:
    public, (opening,) = hold(["/body/note"])
    assert withholding.check_opening(public.withheld[0], opening.salt, opening.value)
    assert not withholding.check_opening(public.withheld[0], opening.salt, wrong)
    assert not withholding.check_opening(public.withheld[0], salt(9), opening.value)
    with pytest.raises(errors.UserMistake, match="not the text that was fixed"):
        withholding.lift_fields(
            public, [withholding.Opening("/body/note", opening.salt, wrong)], "2026-06-01"
        )


def test_a_lift_that_also_changes_something_else_is_refused() -> None:
    public, openings = hold(["/body/note"])
    shown = withholding.lift_fields(public, openings, "2026-06-01")
    body = {**shown.body, "level": "high"}
    with pytest.raises(errors.Refused, match="changes nothing else"):
        withholding.check_lift(public, disclosure.change(shown, body=body))
    forged = disclosure.change(shown, body={**shown.body, "note": "All nine agreed"})
    with pytest.raises(errors.Refused, match="/body/note is not what was held back"):
        withholding.check_lift(public, forged)
    quiet = disclosure.change(shown, opened=())
    with pytest.raises(errors.Refused, match="must stay held back"):
        withholding.check_lift(public, quiet)
    with pytest.raises(errors.Refused, match="changes nothing else"):
        withholding.check_lift(public, disclosure.change(shown, language="de"))


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (["/date"], "only fields inside the body"),
        (["/body"], "only fields inside the body"),
        (["/body/missing"], "no such place"),
        (["/body/people/7"], "no such place"),
        (["/body/people/01"], "no such place"),
        (["/body/people", "/body/people/1/role"], "a field inside this one is held back already|twice"),
        (["/body/people/1/role", "/body/people"], "twice"),
    ],
)
def test_a_place_that_cannot_be_held_back_is_named(places, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        hold(places)


@pytest.mark.parametrize(
    ("echo", "place"),
    [
        ("As ada   quill said", "/body/echo"),
        ({"deep": ["see Ada Quill."]}, "/body/echo/deep/0"),
    ],
)
def test_text_that_still_stands_elsewhere_stops_the_holding_back(echo, place) -> None:
    record = make_record({**BODY, "echo": echo})
    with pytest.raises(errors.UserMistake, match="still stands here") as caught:
        hold(["/body/people/1/role"], record)
    assert [problem.place for problem in caught.value.problems] == [place]


def test_levels_and_numbers_repeat_without_being_an_echo_and_a_person_can_accept_a_repeat() -> None:
    record = make_record({**BODY, "other": "low", "sevens": [7, 7], "again": "Ada Quill"})
    hold(["/body/level", "/body/count"], record)
    public, _ = withholding.withhold_fields(
        record, [decide("/body/people/1/role", accepted=True)], {"/body/people/1/role": salt(1)}
    )
    assert public.body["again"] == "Ada Quill"


def test_one_salt_for_two_fields_is_a_bug_and_is_stopped() -> None:
    places = ["/body/level", "/body/note"]
    with pytest.raises(ValueError, match="salt of its own"):
        withholding.withhold_fields(
            make_record(), [decide(place) for place in places], dict.fromkeys(places, salt(1))
        )


def test_a_digest_of_the_public_version_does_not_depend_on_what_is_held_back_but_on_its_fingerprint() -> None:
    public, _ = hold(["/body/level"])
    assert canonical.compute_digest(disclosure.format_disclosure(public)) == disclosure.compute_digest(public)
    other, _ = hold(["/body/level"], make_record({**BODY, "level": "high"}))
    assert disclosure.compute_digest(public) != disclosure.compute_digest(other)
