import dataclasses

import pytest

from lightwell.base import difference, disclosure, errors, ids
from lightwell.base.difference import Change


def make_record(**fields):
    return disclosure.parse_disclosure(
        {
            "id": ids.format_id("risk-assessment", b"assessm1"),
            "kind": "risk-assessment",
            "version": 1,
            "schema": 1,
            "publisher": {"id": "larkfield", "role": "provider", "name": "Larkfield (sample)"},
            "provider": {"id": "larkfield", "name": "Larkfield (sample)"},
            "language": "en",
            "date": "2026-01-15",
            "body": {"rows": [{"id": "sleep", "residual": "low"}, {"id": "bullying", "residual": "high"}]},
            **fields,
        }
    )


OLD = make_record()


def follow(**fields):
    return disclosure.change(OLD, version=2, supersedes=disclosure.compute_digest(OLD), **fields)


def test_a_version_that_changes_nothing_shows_nothing() -> None:
    changes = difference.diff(OLD, follow(date="2026-03-01"))
    assert [change.pointer for change in changes] == ["/version", "/date", "/supersedes"]
    assert difference.select_substance(changes) == []
    assert difference.diff(OLD, OLD) == []


def test_a_row_is_followed_by_its_id_when_rows_move() -> None:
    rows = [
        {"id": "bullying", "residual": "medium"},
        {"id": "new", "residual": "low"},
        {"id": "sleep", "residual": "low"},
    ]
    changes = difference.select_substance(difference.diff(OLD, follow(body={"rows": rows})))
    assert changes == [
        Change("/body/rows/id=bullying/residual", "high", "medium", "changed"),
        Change("/body/rows/id=new", None, {"id": "new", "residual": "low"}, "added"),
        Change(
            "/body/rows",
            ["id=sleep", "id=bullying", "id=new"],
            ["id=bullying", "id=new", "id=sleep"],
            "reordered",
        ),
    ]


@pytest.mark.parametrize(
    "name", [name for name in disclosure.Disclosure.__slots__ if name not in ("id", "kind")]
)
def test_no_field_of_the_envelope_is_forgotten(name: str) -> None:
    values = {
        "version": 2,
        "schema": 2,
        "publisher": disclosure.Publisher("ofcom", "regulator", "R"),
        "provider": disclosure.Party("other", "O"),
        "services": (disclosure.Party("app", "App"),),
        "language": "cy",
        "date": "2026-02-01",
        "supersedes": "sha256:" + "1" * 64,
        "about": disclosure.Reference(OLD.id, "sha256:" + "2" * 64),
        "body": {"rows": []},
        "withheld": (disclosure.WithheldField("/body/rows", "security", "2027-01-01", "approver", "a" * 64),),
        "opened": (disclosure.OpenedField("/body/rows", "a" * 64, "b" * 64),),
        "attachments": (disclosure.Attachment("sha256:" + "3" * 64, 1, "text/csv", "T"),),
    }
    record = disclosure.format_disclosure(OLD)
    other = disclosure.format_disclosure(dataclasses.replace(OLD, **{name: values[name]}))
    changes = difference.diff_values(record, other)
    assert changes
    assert {change.pointer.split("/")[1] for change in changes} == {name}


def test_true_and_one_differ_and_one_and_one_point_zero_do_not() -> None:
    assert difference.diff_values({"a": True}, {"a": 1}) == [Change("/a", True, 1, "changed")]
    assert difference.diff_values({"a": 1}, {"a": 1.0}) == []


def test_a_field_that_becomes_empty_is_not_a_field_that_goes() -> None:
    assert difference.diff_values({"a": 1}, {"a": None})[0].how == "changed"
    assert difference.diff_values({"a": None}, {})[0].how == "removed"
    assert difference.diff_values({}, {"a": None})[0].how == "added"


@pytest.mark.parametrize(
    "change",
    [
        Change("/x", 1, 2, "changed"),
        Change("/body/rows/id=gone/residual", "a", "b", "changed"),
        Change("/body/rows/9", {}, None, "removed"),
        Change("/body/rows/0/residual/deep", 1, 2, "changed"),
    ],
)
def test_changes_of_another_record_do_not_apply(change: Change) -> None:
    with pytest.raises(errors.UserMistake, match="does not fit"):
        difference.apply(disclosure.format_disclosure(OLD), [change])
