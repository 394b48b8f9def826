"""The entries of a log are read as one book; one that breaks a rule is refused by its place."""

from __future__ import annotations

import datetime
import inspect

import pytest

from lightwell.archive import entry, logbook, rules
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.tlog import tree

AT = datetime.datetime(2026, 3, 2, 9, tzinfo=datetime.UTC)
DAY = AT.date()
STUDY = "std-0000000000000"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64


def make_version(digest: str = DIGEST, **members: Json) -> dict[str, Json]:
    value = {"type": logbook.DISCLOSURE, "id": STUDY, "kind": "study", "version": 1, "date": "2026-03-01"}
    return {
        **value,
        "digest": digest,
        "supersedes": None,
        "about": None,
        "withheld": [],
        "opened": [],
        **members,
    }


def make_item(number: int, **members: Json) -> dict[str, Json]:
    return {**entry.make_item(AT, STUDY, number, "report", 2, True, DAY, bytes(32)), **members}


def make_inventory(items: list[dict[str, Json]], number: int = 1) -> dict[str, Json]:
    root = tree.compute_root([tree.hash_leaf(canonical.encode(each)) for each in items])
    return entry.make_inventory(AT, STUDY, number, len(items), root)


SEALED = [make_item(1), make_item(2)]
START = [make_version(), entry.make_study(AT, STUDY, False, DIGEST, None), *SEALED, make_inventory(SEALED)]
SUSPENSION = entry.make_suspension(AT, STUDY, 1, 2, "child-identifiable", "safeguarding-officer")


def read(*values: dict[str, Json]) -> logbook.Logbook:
    return logbook.read_logbook([canonical.encode(value) for value in values])


def test_a_log_in_order_is_read_whole():
    book = read(*START, entry.make_count(AT, DAY, 1, 2), entry.make_opening(AT, STUDY, 1, 2, DIGEST))
    assert list(book.items) == [(STUDY, 1), (STUDY, 2)]
    assert [named.kind for named in book.named] == ["disclosure", "disclosure", "opening"]


MORE = make_item(3)
CASES = [
    ("free text", {**SUSPENSION, "ground": "a name of somebody"}, "holds text"),
    ("a member too many", {**SUSPENSION, "title": "x"}, "too many or too few: title"),
    ("a member too few", {k: v for k, v in SUSPENSION.items() if k != "page"}, "too many or too few: page"),
    ("unknown type", {"type": "gossip", "v": 1}, "type 'gossip' is unknown"),
    ("version", {**SUSPENSION, "v": 2}, "its version is unknown"),
    ("time", {**SUSPENSION, "at": "2026-03-02"}, "lacks a time"),
    ("a second registration", START[1], "registered twice"),
    ("a study without registration", {**SUSPENSION, "study": "std-1"}, "never sealed"),
    ("an item never sealed", {**SUSPENSION, "item": 9}, "never sealed"),
    ("an item without inventory", MORE, "belongs to no inventory"),
    ("a gap in the items", make_item(4), "after item 2 comes 3, not 4"),
    ("an inventory of nothing", make_inventory([MORE], 2), "other entries stand before it"),
    ("a restoration of nothing", entry.make_restoration(AT, STUDY, 1, 2, ("a", "b")), "not suspended"),
    ("a wrong count of items", entry.make_count(AT, DAY, 1, 1), "counts 1 studies and 1 items"),
    ("a wrong count of studies", entry.make_count(AT, DAY, 0, 2), "counts 0 studies"),
    (
        "a publication out of order",
        entry.make_publication(AT, STUDY, 2, DIGEST),
        "after publication 0 comes 1",
    ),
    ("the same version again", make_version(OTHER), "does not follow"),
    ("another predecessor", make_version(OTHER, version=2, supersedes=OTHER), "does not follow"),
    ("a digest that is none", entry.make_publication(AT, STUDY, 1, "sha256:12"), "64 hex digits"),
    ("other rules", {**entry.make_rules(AT, rules.FIRST_RULES), "version": 2}, "does not know"),
    ("a due date that is none", {**entry.make_extension(AT, STUDY, 1, DAY, "x"), "due": "soon"}, "no date"),
]


@pytest.mark.parametrize(("value", "sentence"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_an_entry_that_breaks_a_rule_is_refused_by_its_place(value, sentence):
    with pytest.raises(errors.Refused, match=f"log entry {len(START)}.*{sentence}"):
        read(*START, value)


def test_an_inventory_with_another_root_is_refused():
    forged = {**START[-1], "root": "0" * 64}
    with pytest.raises(errors.Refused, match="root is not that"):
        read(*START[:-1], forged)


def test_a_study_whose_record_was_never_logged_is_refused():
    with pytest.raises(errors.Refused, match="has no entry of its own"):
        read(entry.make_study(AT, STUDY, False, DIGEST, None))


def test_an_absence_is_explained_only_by_what_came_after_or_still_holds():
    opening = entry.make_opening(AT, STUDY, 1, 2, DIGEST)
    withheld = entry.make_withholding(AT, STUDY, 1, "participant", "approver", DAY)
    restored = entry.make_restoration(AT, STUDY, 1, 2, ("approver", "safeguarding-officer"))
    for values, explained in [
        ([opening], False),
        ([withheld, opening], False),
        ([opening, withheld], True),
        ([opening, entry.make_erasure(AT, STUDY, 1, "court-order", "approver")], True),
        ([opening, entry.make_erasure(AT, STUDY, 2, "court-order", "approver")], False),
        ([opening, entry.make_key_lost(AT, STUDY, 1)], False),
        ([opening, SUSPENSION], True),
        ([opening, SUSPENSION, restored], False),
        ([SUSPENSION, opening], True),
    ]:
        book = read(*START, *values)
        named = next(each for each in book.named if each.kind == "opening")
        assert (book.explain_absence(named) is not None) == explained, values


def test_every_maker_makes_exactly_the_members_the_book_knows():
    makers = {
        name.removeprefix("make_"): maker
        for name, maker in inspect.getmembers(entry)
        if name.startswith("make_")
    }
    known = {name.replace("-", "_") for name in logbook.MEMBERS}
    assert set(makers) == known
    examples: dict[str, Json] = {
        "at": AT, "study": STUDY, "number": 1, "record": DIGEST, "after": None, "kind": "report", "pages": 1,
        "read": True, "due": DAY, "sealed": bytes(32), "items": 1, "root": bytes(32), "opening": DIGEST,
        "ground": "g", "decided_by": "approver", "review": DAY, "page": None, "day": DAY, "studies": 1,
        "in_advance": False, "rule": rules.FIRST_RULES, "beacon": None, "redacted": 0,
        "challenge": "chl-x", "provider": "p", "commitment": bytes(32), "answer": "in-inventory",
        "proof": None, "place": None, "salt": bytes(32), "digest": bytes(32), "size": 1, "route": None,
        "sampled": 5, "agreed": 4, "missing": 1, "originals": "archive",
    }  # fmt: skip
    for name, maker in makers.items():
        value = maker(**{member: examples[member] for member in inspect.signature(maker).parameters})
        assert set(value) == logbook.MEMBERS[name.replace("_", "-")] | {"type", "v", "at"}


@pytest.mark.parametrize(("redacted", "pages"), [(0, 1), (2, 1), (-1, 1), (True, 1), ("1", 1), (1, None)])
def test_an_opening_counts_pages_with_hidden_regions_only_where_there_are_some(redacted, pages):
    opening = {**entry.make_opening(AT, STUDY, 1, pages, DIGEST), "redacted": redacted}
    with pytest.raises(errors.Refused, match="redacted is no whole number"):
        read(*START, opening)


AUDIT = entry.make_audit(AT, STUDY, 5, 3, 1, "own-copies", 2, "auditor")


def test_an_audit_is_read_with_what_differed():
    (audit,) = read(*START, AUDIT).audits
    assert (audit.sampled, audit.agreed, audit.missing) == (5, 3, 1)


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({"agreed": 5}, "more pages than were chosen"),
        ({"originals": "somebody"}, "whose originals"),
        ({"size": 99}, "not there yet"),
        ({"size": 0}, "not there yet"),
        ({"sampled": -1}, "sampled is no whole number"),
        ({"study": "std-nobody"}, "not registered before it"),
    ],
)
def test_an_audit_that_cannot_be_is_refused(members, sentence):
    with pytest.raises(errors.Refused, match=sentence):
        read(*START, {**AUDIT, **members})
