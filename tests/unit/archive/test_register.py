"""Where a challenge stands, from entries and a date alone; and every entry that the log refuses."""

import datetime
import hashlib

import pytest

from lightwell.archive import challenge, entry, logbook, register, seal
from lightwell.base import canonical, errors
from lightwell.tlog import tree

SALT, KEY = b"s" * 32, b"k" * 32
MEASURE = seal.FileMeasure(hashlib.sha256(b"paper").digest(), 5)
STUDY, ROLES = "std-x", ("publisher", "approver")
HEADER = seal.Header(STUDY, 1, None, "test")
ROUTE = challenge.trace_route(KEY, HEADER, [])
SEALED = seal.compute_commitment(KEY, HEADER, MEASURE, [])
ID = "chl-x"


def on(month: int, day: int) -> datetime.datetime:
    return datetime.datetime(2026, month, day, 12, tzinfo=datetime.UTC)


SEALED_AT, ASKED_AT, HANDED_AT = on(1, 2), on(3, 1), on(3, 2)


def study() -> list[dict]:
    record = "sha256:" + "ab" * 32
    disclosed = {
        "type": logbook.DISCLOSURE, "id": STUDY, "kind": "study", "version": 1, "date": "2026-01-01",
        "digest": record, "supersedes": None, "about": None, "withheld": [], "opened": [],
    }  # fmt: skip
    return [disclosed, entry.make_study(on(1, 1), STUDY, True, record, None)]


def item(number: int = 1, sealed: bytes = SEALED, at: datetime.datetime = SEALED_AT) -> list[dict]:
    made = entry.make_item(at, STUDY, number, "report", None, False, at.date(), sealed)
    root = tree.compute_root([tree.hash_leaf(canonical.encode(made))])
    return [made, entry.make_inventory(at, STUDY, number, 1, root)]


def ask(at: datetime.datetime = ASKED_AT) -> dict:
    return entry.make_challenge(at, ID, "larkfield", challenge.commit_file(SALT, MEASURE))


def hand(at: datetime.datetime = HANDED_AT) -> dict:
    return entry.make_challenge_handover(at, ID, register.find_due(at.date()))


def admit(at: datetime.datetime, route: challenge.Route = ROUTE, place: tuple | None = None) -> dict:
    hidden = challenge.hide_route(SALT, route)
    return entry.make_challenge_answer(at, ID, challenge.IN_INVENTORY, hidden, place, ROLES)


def deny(at: datetime.datetime) -> dict:
    return entry.make_challenge_answer(at, ID, challenge.NOT_IN_INVENTORY, None, None, ROLES)


def disprove(at: datetime.datetime, route: challenge.Route | None = ROUTE, **other: object) -> dict:
    parts = None if route is None else route.parts
    return entry.make_challenge_disproof(at, ID, SALT, MEASURE.digest, MEASURE.size, parts) | other


EMPTY = challenge.Route(b"0" * 32, b"0" * 32, b"0" * 32)
BEFORE = [*study(), *item()]


def read(*entries: dict) -> logbook.Logbook:
    return logbook.read_logbook([canonical.encode(each) for each in entries])


def judge(
    *entries: dict, day: datetime.date = datetime.date(2026, 9, 1), owners: dict | None = None
) -> register.Standing:
    book = read(*entries).challenges
    (found,) = register.judge_challenges(book, day, lambda _, at: at, owners or {})
    again = register.read_register([canonical.encode(each) for each in entries])
    assert register.judge_challenges(again, day, lambda _, at: at, owners or {}) == [found]
    return found


@pytest.mark.parametrize(
    ("after", "day", "state", "late"),
    [
        ([], "2026-09-01", "waits-for-holder", 0),
        ([hand()], "2026-04-01", "open", 0),
        ([hand()], "2026-04-02", "overdue", 1),
        ([hand()], "2026-05-01", "overdue", 30),
        ([hand(), admit(on(3, 9))], "2026-09-01", "in-inventory", 0),
        ([hand(), deny(on(3, 9))], "2026-09-01", "not-in-inventory", 0),
        ([hand(), deny(on(4, 11))], "2026-09-01", "not-in-inventory", 10),
        ([hand(), deny(on(3, 9)), admit(on(5, 9))], "2026-09-01", "in-inventory", 0),
        ([hand(), deny(on(3, 9)), disprove(on(6, 1))], "2026-09-01", "disproved", 0),
        ([hand(), deny(on(3, 9)), disprove(on(6, 1))], "2026-05-31", "not-in-inventory", 0),
        ([hand(), deny(on(3, 9)), disprove(on(6, 1)), admit(on(6, 2))], "2026-09-01", "disproved", 0),
        ([hand(), admit(on(3, 9), EMPTY), disprove(on(6, 1), None)], "2026-09-01", "disproved", 0),
    ],
)
def test_a_challenge_stands_where_its_entries_and_the_day_put_it(
    after: list[dict], day: str, state: str, late: int
) -> None:
    found = judge(*BEFORE, ask(), *after, day=datetime.date.fromisoformat(day))
    assert (found.state, found.days_late) == (state, late)
    assert register.describe_standing(found).startswith("chl-x to larkfield: ")


def test_a_document_locked_in_after_the_denial_does_not_make_it_false() -> None:
    found = judge(
        *study(), *item(1, b"o" * 32), ask(), hand(), deny(on(3, 9)), *item(2, SEALED, on(4, 1)),
        disprove(on(6, 1)),
    )  # fmt: skip
    assert found.state == "sealed-after-denial"
    assert found.sealed == datetime.date(2026, 4, 1)
    assert found.place is not None
    assert found.place.number == 2


def test_the_inventory_of_another_company_disproves_nothing() -> None:
    entries = (*BEFORE, ask(), hand(), deny(on(3, 9)), disprove(on(6, 1)))
    assert judge(*entries, owners={STUDY: "nightjar"}).state == "not-in-inventory"
    assert judge(*entries, owners={STUDY: ""}).state == "not-in-inventory"
    assert judge(*entries, owners={STUDY: "larkfield"}).state == "disproved"


def test_the_holder_follows_the_proof_and_nobody_without_the_salt_does() -> None:
    book = read(*BEFORE, ask(), hand(), admit(on(3, 9))).challenges
    found = register.follow_proof(book, book.asked[ID], SALT, MEASURE)
    assert found is not None
    assert (found.study, found.number) == (STUDY, 1)
    assert register.follow_proof(book, book.asked[ID], b"x" * 32, MEASURE) is None


def test_a_later_day_of_the_quorum_gives_nobody_more_or_less_than_thirty_days() -> None:
    book = read(*BEFORE, ask(on(1, 5)), hand(on(1, 5))).challenges
    seen = on(3, 2)  # dated back by two months; the witnesses saw it in March
    (found,) = register.judge_challenges(book, datetime.date(2026, 4, 1), lambda *_: seen, {})
    assert (found.state, found.due) == ("open", datetime.date(2026, 4, 1))


WRONG = {
    "a challenge logged twice": [ask(), ask()],
    "a handover of nothing": [hand()],
    "a handover twice": [ask(), hand(), hand(on(3, 3))],
    "another due date": [ask(), hand() | {"due": "2027-03-02"}],
    "an answer before the handover": [ask(), deny(on(3, 9))],
    "an unknown answer": [ask(), hand(), deny(on(3, 9)) | {"answer": "perhaps"}],
    "one person's answer": [ask(), hand(), deny(on(3, 9)) | {"decided_by": ["approver"]}],
    "a denial with a proof": [ask(), hand(), admit(on(3, 9)) | {"answer": "not-in-inventory"}],
    "an admission without proof": [ask(), hand(), admit(on(3, 9)) | {"proof": None}],
    "a proof of two values": [ask(), hand(), admit(on(3, 9)) | {"proof": ["ab" * 32] * 2}],
    "a place that was never sealed": [ask(), hand(), admit(on(3, 9), place=(STUDY, 2))],
    "a denial after an admission": [ask(), hand(), admit(on(3, 9)), deny(on(3, 10))],
    "a denial twice": [ask(), hand(), deny(on(3, 9)), deny(on(3, 10))],
    "a disproof of nothing": [ask(), hand(), disprove(on(6, 1))],
    "a disproof about another file": [ask(), hand(), deny(on(3, 9)), disprove(on(6, 1), size=6)],
    "a disproof with another salt": [ask(), hand(), deny(on(3, 9)), disprove(on(6, 1), salt="ab" * 32)],
    "a disproof that leads nowhere": [ask(), hand(), deny(on(3, 9)), disprove(on(6, 1), EMPTY)],
    "a disproof without a document": [ask(), hand(), deny(on(3, 9)), disprove(on(6, 1), None)],
    "the same disproof again": [ask(), hand(), deny(on(3, 9)), disprove(on(6, 1)), disprove(on(6, 2))],
    "an empty proof that is none": [ask(), hand(), admit(on(3, 9)), disprove(on(6, 1), None)],
    "a fraction of a commitment": [ask() | {"commitment": "ab"}],
    "a company in words": [ask() | {"provider": "Larkfield Inc"}],
    "a member too many": [ask() | {"note": "x"}],
}


@pytest.mark.parametrize("what", WRONG)
def test_the_log_refuses(what: str) -> None:
    with pytest.raises(errors.Refused, match="log entry"):
        read(*BEFORE, *WRONG[what])


def test_an_answer_may_name_a_document_that_was_locked_in() -> None:
    assert judge(*BEFORE, ask(), hand(), admit(on(3, 9), place=(STUDY, 1))).place is not None
