"""Our register of challenges and the second verifier, on every list of entries that either has to judge."""

import datetime

import challenges
import notes
import pytest
import register_fixture as fixture
import statements

from lightwell.archive import logbook, register
from lightwell.base import canonical, errors

DAYS = [
    datetime.date(2026, 2, 1),
    datetime.date(2026, 4, 1),
    datetime.date(2026, 4, 2),
    datetime.date(2026, 9, 1),
]


def read_ours(entries: list[bytes]) -> register.Register | None:
    try:
        return logbook.read_logbook(entries).challenges
    except errors.Refused:
        return None


def read_theirs(entries: list[bytes]) -> challenges.Questions | None:
    try:
        return statements.read_account(entries).questions
    except notes.Refusal:
        return None


CASES = {
    **{f"{state} {number}": after for number, (after, _, state, _) in enumerate(fixture.STANDINGS)},
    **fixture.WRONG,
    "a place that was sealed": [
        fixture.ask(),
        fixture.hand(),
        fixture.admit(fixture.on(3, 9), place=("std-x", 1)),
    ],
}


@pytest.mark.parametrize("what", CASES)
@pytest.mark.parametrize("owner", ["larkfield", "nightjar", "", None])
def test_both_say_the_same(what: str, owner: str | None) -> None:
    after = CASES[what]
    asked = [] if what in fixture.WRONG else [fixture.ask()]
    if what == "a place that was sealed":
        asked = []
    later = fixture.item(2, b"z" * 32, fixture.on(7, 1))
    values = [*fixture.BEFORE, *asked, *after, *later]
    entries = [canonical.encode(each) for each in values]
    ours, theirs = read_ours(entries), read_theirs(entries)
    assert (ours is None) == (theirs is None) == (what in fixture.WRONG)
    if ours is None or theirs is None:
        return
    owners = {} if owner is None else {fixture.STUDY: owner}
    for day in DAYS:
        standings = register.judge_challenges(ours, day, lambda _, at: at, owners)
        rows = theirs.write_table(
            lambda _, value: datetime.date.fromisoformat(value["at"][:10]), day, lambda _: owner
        )
        assert [list(map(str, register.format_row(each))) for each in standings] == rows


def test_the_list_of_refusals_is_what_both_refuse_for_the_challenge_and_not_by_chance() -> None:
    good = [*fixture.BEFORE, fixture.ask(), fixture.hand(), fixture.deny(fixture.on(3, 9))]
    entries = [canonical.encode(each) for each in good]
    assert read_ours(entries) is not None
    assert read_theirs(entries) is not None
