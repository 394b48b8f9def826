import pytest

from lightwell.base import canonical, disclosure, errors, ids, tombstone

RECORD = disclosure.parse_disclosure(
    {
        "id": ids.format_id("study", b"studynr1"),
        "kind": "study",
        "version": 1,
        "schema": 1,
        "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield (sample)"},
        "provider": {"id": "larkfield", "name": "Larkfield (sample)"},
        "language": "en",
        "date": "2026-01-15",
        "body": {"title": "A title that must go"},
    }
)
STONE = tombstone.make_tombstone(RECORD, "published-in-error", "2026-02-01", ("publisher", "approver"))


def test_a_tombstone_comes_back_and_names_the_version_by_digest() -> None:
    assert tombstone.parse_tombstone(tombstone.format_tombstone(STONE)) == STONE
    assert STONE.about.digest == disclosure.compute_digest(RECORD)
    assert tombstone.compute_digest(STONE).startswith("sha256:")


def test_a_tombstone_keeps_no_word_of_what_was_removed() -> None:
    data = canonical.encode(tombstone.format_tombstone(STONE))
    assert b"title" not in data
    assert b"arkfield" not in data


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"decided_by": ["approver"]}, "two people"),
        ({"decided_by": "approver"}, "two people"),
        ({"decided_by": ["approver", "A Name"]}, "two people"),
        ({"ground": ""}, "not a short id"),
        ({"ground": None}, "ground is missing"),
        ({"date": "soon"}, "calendar date"),
        ({"reason": "because"}, "'reason' is not known"),
        ({"type": "x"}, "type must be"),
        ({"about": {"id": RECORD.id, "digest": "x"}}, "sha256"),
    ],
)
def test_a_crooked_tombstone_is_refused(fields, sentence) -> None:
    with pytest.raises(errors.UserMistake, match=sentence):
        tombstone.parse_tombstone({**tombstone.format_tombstone(STONE), **fields})


def test_a_record_cannot_be_removed_before_it_was_published() -> None:
    with pytest.raises(errors.UserMistake, match="cannot have been removed"):
        tombstone.make_tombstone(RECORD, "court-order", "2026-01-14", ("publisher", "approver"))
