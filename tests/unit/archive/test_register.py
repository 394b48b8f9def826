"""Where a challenge stands, from entries and a date alone; and every entry that the log refuses."""

import datetime

import pytest
from register_fixture import (
    BEFORE,
    ID,
    MEASURE,
    SALT,
    SEALED,
    STANDINGS,
    STUDY,
    WRONG,
    admit,
    ask,
    deny,
    disprove,
    hand,
    item,
    on,
    study,
)

from lightwell.archive import logbook, register
from lightwell.base import canonical, errors


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


@pytest.mark.parametrize(("after", "day", "state", "late"), STANDINGS)
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


@pytest.mark.parametrize("what", WRONG)
def test_the_log_refuses(what: str) -> None:
    with pytest.raises(errors.Refused, match="log entry"):
        read(*BEFORE, *WRONG[what])


def test_an_answer_may_name_a_document_that_was_locked_in() -> None:
    assert judge(*BEFORE, ask(), hand(), admit(on(3, 9), place=(STUDY, 1))).place is not None


def test_the_quick_reading_of_an_item_is_what_decoding_it_gives() -> None:
    for value in (item()[0], {**item()[0], "pages": 12, "read": True}):
        quick, whole = register._read_item(canonical.encode(value)), canonical.decode(canonical.encode(value))
        assert quick == {name: whole[name] for name in ("type", "at", "commitment", "item", "study")}
    for odd in ({**item()[0], "more": 1}, ask()):
        assert register._read_item(canonical.encode(odd)) is None
