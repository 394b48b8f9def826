import copy
import json
import pathlib

import pytest

from lightwell.base import errors, ground

FILE = pathlib.Path(ground.__file__).parents[1] / "data" / "grounds" / "1.json"
DATA = json.loads(FILE.read_text("utf-8"))
GROUNDS = ground.parse_grounds(DATA)


def test_every_scope_has_a_ground_and_every_ground_an_end() -> None:
    for scope in ground.SCOPES:
        assert any(scope in each.applies_to for each in GROUNDS.values()), scope
    assert all(0 < each.default_days <= each.longest_days <= ground.LONGEST_DAYS for each in GROUNDS.values())


def test_names_of_participants_and_junior_staff_do_not_show_by_their_width() -> None:
    assert GROUNDS["participant"].hides_width
    assert GROUNDS["junior-staff"].hides_width
    assert not GROUNDS["confidential"].hides_width


def test_the_grounds_named_by_the_reference_are_all_there() -> None:
    named = {"confidential", "security", "public-security", "third-party-privacy", "legal-privilege"}
    assert named | {"harm-to-children"} <= set(GROUNDS)


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (("secret", "field", "approver", "2026-01-01", "2026-02-01"), "no ground 'secret'; grounds are"),
        (("published-in-error", "field", "approver", "2026-01-01", "2026-02-01"), "not for a field"),
        (("security", "field", "publisher", "2026-01-01", "2026-02-01"), "decided by approver"),
        (("security", "field", "approver", "2026-01-01", None), "always has an end"),
        (("security", "field", "approver", "2026-01-01", "2026-01-01"), "must come after"),
        (("security", "field", "approver", "2026-01-01", "2028-06-01"), "at most 730 days"),
        (("security", "field", "approver", "2026-01-01", "2026-13-01"), "not a calendar date"),
    ],
)
def test_a_use_the_list_does_not_allow_is_refused_with_the_reason(args, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        ground.check_use(GROUNDS, *args)


def test_the_longest_period_passes_to_the_day() -> None:
    ground.check_use(GROUNDS, "security", "field", "approver", "2026-01-01", "2028-01-01")
    with pytest.raises(errors.UserMistake):
        ground.check_use(GROUNDS, "security", "field", "approver", "2026-01-01", "2028-01-02")


def test_only_a_withdrawal_needs_no_end() -> None:
    ground.check_use(GROUNDS, "court-order", "withdrawal", "approver", "2026-01-01", None)


def test_the_proposed_expiry_is_allowed_for_every_ground() -> None:
    for each in GROUNDS.values():
        for scope in each.applies_to:
            for role in each.may_decide:
                expires = ground.propose_expiry(each, "2026-01-01")
                ground.check_use(GROUNDS, each.id, scope, role, "2026-01-01", expires)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("id", "A", "not a short id"),
        ("title", " ", "a name has"),
        ("citation", "", "a sentence"),
        ("check", "sure", "none of primary"),
        ("applies_to", ["everything"], "must be a list of one or more of field"),
        ("may_decide", [], "must be a list"),
        ("default_days", 0, "from 1 on"),
        ("longest_days", 36500, "must not decrease"),
        ("hides_width", "no", "true or false"),
        ("extra", 1, "'extra' is not known"),
    ],
)
def test_a_crooked_list_of_grounds_is_refused_with_its_place(name, value, sentence) -> None:
    data = copy.deepcopy(DATA)
    data["grounds"][2][name] = value
    with pytest.raises(errors.UserMistake, match=sentence) as caught:
        ground.parse_grounds(data)
    assert caught.value.problems[0].place == f"/grounds/2/{name}"


def test_a_ground_given_twice_and_an_empty_list_are_refused() -> None:
    with pytest.raises(errors.UserMistake, match="twice"):
        ground.parse_grounds({"grounds": DATA["grounds"] + DATA["grounds"][:1]})
    with pytest.raises(errors.UserMistake, match="non-empty"):
        ground.parse_grounds({"grounds": []})
