"""Entries of a small log about one question, good and bad, for every reader of it."""

import datetime
import hashlib

from lightwell.archive import challenge, entry, logbook, register, seal
from lightwell.base import canonical
from lightwell.tlog import tree

SALT, KEY = b"s" * 32, b"k" * 32
MEASURE = seal.FileMeasure(hashlib.sha256(b"paper").digest(), 5)
STUDY, ROLES = "std-x", ("publisher", "approver")
HEADER = seal.Header(STUDY, 1, None, "test")
ROUTE = challenge.trace_route(KEY, HEADER, [])
SEALED = seal.compute_commitment(KEY, HEADER, MEASURE, [])
ID = "chl-x"
# The same file once more, as a document that is sealed later.
AGAIN = challenge.trace_route(b"a" * 32, seal.Header(STUDY, 2, None, "test"), [])
SEALED_AGAIN = AGAIN.find_commitment(MEASURE)


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


# Entries after BEFORE and the question, a day, the state and the days late on it.
STANDINGS = [
    (
        [hand(), admit(on(3, 9), AGAIN), *item(2, SEALED_AGAIN, on(4, 1)), disprove(on(6, 1), None)],
        "2026-09-01",
        "disproved",
        0,
    ),
    (
        [hand(), deny(on(3, 9)), *item(2, SEALED_AGAIN, on(4, 1)), disprove(on(6, 1), AGAIN)],
        "2026-09-01",
        "sealed-after-denial",
        0,
    ),
    (
        [
            hand(),
            deny(on(3, 9)),
            *item(2, SEALED_AGAIN, on(4, 1)),
            disprove(on(6, 1), AGAIN),
            disprove(on(6, 2)),
        ],
        "2026-09-01",
        "disproved",
        0,
    ),
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
]

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
