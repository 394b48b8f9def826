"""An entry is the same thing as its bytes, and nothing else passes for one."""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightwell.base import canonical, errors
from lightwell.query import entry as entries
from lightwell.query.cost import Cost
from lightwell.query.entry import Balance, Entry

COSTS = st.builds(Cost, st.integers(0, 2**53 - 1), st.integers(0, 10**15))
BALANCES = st.builds(Balance, COSTS, COSTS)
DIGESTS = st.binary(min_size=32, max_size=32).map(canonical.format_digest)
NAMES = st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,10}[a-z0-9])?", fullmatch=True)
TEXTS = st.text(min_size=1, max_size=40).filter(lambda text: text.isprintable() and bool(text.strip()))
MOMENTS = st.integers(0, 3 * 10**9).map(
    lambda second: entries.format_moment(datetime.datetime.fromtimestamp(second, datetime.UTC))
)
VALUES = {
    "grant": NAMES,
    "part": st.builds(Balance, COSTS, COSTS, st.booleans()),
    "cost": COSTS,
    "key": DIGESTS,
    "plan": DIGESTS,
    "answer": DIGESTS,
    "data_version": TEXTS,
    "charge": st.integers(1, 2**50),
    "by": st.lists(TEXTS, min_size=1, max_size=2).map(tuple),
    "reason": TEXTS,
}


@st.composite
def any_entry(draw: st.DrawFn) -> Entry:
    kind = draw(st.sampled_from(sorted(entries.MEMBERS)))
    members = {name: draw(VALUES[name]) for name in entries.MEMBERS[kind]}
    if kind == entries.RAISED and draw(st.booleans()):
        members |= {"grant": draw(VALUES["grant"]), "part": draw(VALUES["part"])}
    number = draw(st.integers(1, 2**50))
    return Entry(draw(NAMES), number, draw(DIGESTS), draw(MOMENTS), kind, draw(BALANCES), **members)


@given(any_entry())
def test_an_entry_is_written_and_read_back(entry) -> None:
    data = entries.format_entry(entry)
    assert entries.parse_entry(data) == entry
    assert entries.compute_digest(entry) == canonical.compute_digest(json.loads(data))


@given(any_entry(), st.data())
def test_an_entry_with_a_member_too_many_or_too_few_is_refused(entry, data) -> None:
    value = json.loads(entries.format_entry(entry))
    name = data.draw(st.sampled_from(sorted(value)))
    if entry.kind != entries.RAISED or name not in ("grant", "part"):
        with pytest.raises(errors.UserMistake):
            entries.parse_entry(canonical.encode({key: value[key] for key in value if key != name}))
    with pytest.raises(errors.UserMistake):
        entries.parse_entry(canonical.encode(value | {"more": 1}))


WRONG = {
    "v": 2,
    "population": "Ä",
    "number": 0,
    "previous": "sha256:0",
    "at": "2026-02-30T00:00:00Z",
    "kind": "refunded",
    "whole": {"cap": 1, "used": 2},
    "grant": "",
    "part": {"cap": {"nano_rho": 1, "delta_units": 0}, "used": {"nano_rho": -1, "delta_units": 0}},
    "cost": {"nano_rho": True, "delta_units": 0},
    "key": "0" * 64,
    "plan": 5,
    "data_version": "\x1b[2J",
}


@pytest.mark.parametrize("name", sorted(WRONG))
def test_a_wrong_value_is_refused(name) -> None:
    digest = canonical.format_digest(bytes(32))
    balance = Balance(Cost(5), Cost(1))
    right = Entry(
        "kids",
        1,
        digest,
        "2026-11-29T02:00:00Z",
        entries.CHARGED,
        balance,
        "g",
        balance,
        Cost(1),
        digest,
        digest,
        "v1",
    )
    value = json.loads(entries.format_entry(right))
    assert entries.parse_entry(canonical.encode(value)) == right
    with pytest.raises(errors.UserMistake):
        entries.parse_entry(canonical.encode(value | {name: WRONG[name]}))


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b'{"v": 1}', b"null"])
def test_what_is_no_entry_is_refused(data) -> None:
    with pytest.raises(errors.UserMistake):
        entries.parse_entry(data)


@pytest.mark.parametrize("name", ["", "-a", "a-", "A", "a b", "a/b", "ä", "a" * 65, 5, None, "a\n"])
def test_a_name_is_short_and_plain(name) -> None:
    with pytest.raises(errors.UserMistake, match="no name; write 1 to 64 small letters"):
        entries.check_name(name, "population")


def test_a_moment_of_another_zone_is_written_in_utc() -> None:
    zone = datetime.timezone(datetime.timedelta(hours=2))
    assert entries.format_moment(datetime.datetime(2026, 11, 29, 1, tzinfo=zone)) == "2026-11-28T23:00:00Z"
