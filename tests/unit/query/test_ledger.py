"""What may be charged, what is refused in which words, and that a ledger changed by anybody is found out."""

from __future__ import annotations

import contextlib
import dataclasses
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightwell.base import canonical, errors
from lightwell.query import cost, ledger
from lightwell.query import entry as entries
from lightwell.query.cost import Cost
from lightwell.query.entry import Balance, Entry

AT = "2026-11-29T02:00:00Z"
PLAN = canonical.compute_digest({"plan": 1})
PRICE, CAP = Cost(100), Cost(1000, 50)
BODY = entries.digest_bytes(b"[1]")


def ask(name: object, price: Cost = PRICE, grant: str = "one") -> ledger.Request:
    key = ledger.compute_key(plan=name, path="cube", bounds={}, cost=price, data_version="v1")
    return ledger.Request("kids", grant, "v1", key, PLAN, price)


class Book:
    """A ledger in memory, decided by the rules alone."""

    def __init__(self, cap: Cost = CAP) -> None:
        self.entries = [ledger.decide_opening(None, "kids", cap, "Ann", AT)]

    @property
    def last(self) -> Entry:
        return self.entries[-1]

    def find(self, grant: str) -> Entry | None:
        return next((each for each in reversed(self.entries) if each.grant == grant), None)

    def add(self, entry: Entry) -> Entry:
        self.entries.append(entry)
        return entry

    def grant(self, name: str = "one", cap: Cost = CAP) -> Entry:
        return self.add(ledger.decide_grant(self.last, self.find(name), name, cap, "Ann", AT))

    def charge(self, request: ledger.Request) -> Entry:
        return self.add(ledger.decide_charge(self.last, self.find(request.grant), request, AT))

    def answer(self, charge: Entry) -> Entry:
        return self.add(ledger.decide_answer(self.last, self.find(charge.grant), charge, BODY, AT))

    def raise_cap(self, cap: Cost, grant: str = "", by: tuple[str, ...] = ("Ann", "Bo")) -> Entry:
        part = self.find(grant) if grant else None
        return self.add(ledger.decide_raise(self.last, part, cap, by, "a new project", AT))

    def revoke(self, grant: str = "one") -> Entry:
        return self.add(ledger.decide_revocation(self.last, self.find(grant), "Ann", "it ended", AT))

    def publish(self, key: str) -> Entry:
        return self.add(ledger.decide_publication(self.last, key, BODY, "Ann", AT))


def write(listed: list[Entry]) -> list[tuple[str, bytes]]:
    return [(entries.compute_digest(each), entries.format_entry(each)) for each in listed]


def relink(listed: list[Entry]) -> list[Entry]:
    """What a forger does who knows the rules of digests: number and link everything anew."""
    linked: list[Entry] = []
    for each in listed:
        previous = entries.compute_digest(linked[-1]) if linked else entries.NO_PREVIOUS
        linked.append(dataclasses.replace(each, number=len(linked) + 1, previous=previous))
    return linked


@pytest.fixture
def book() -> Book:
    made = Book()
    made.grant("one", Cost(500, 20))
    made.grant("two", Cost(900, 50))
    first = made.charge(ask(1))
    made.answer(first)
    made.charge(ask(2, Cost(50, 10)))
    made.answer(made.charge(ask(1, grant="two")))
    made.publish(first.key)
    made.raise_cap(Cost(2000, 50))
    made.raise_cap(Cost(600, 20), "one")
    made.charge(ask(3))
    made.revoke("two")
    return made


def test_balances_are_those_of_the_last_entries_and_the_chain_recomputes_them(book) -> None:
    described = ledger.verify_chain("kids", write(book.entries)).describe()
    assert described.balance == Balance(Cost(2000, 50), Cost(350, 10)) == book.last.whole
    assert [(each.id, each.balance) for each in described.grants] == [
        ("one", Balance(Cost(600, 20), Cost(250, 10))),
        ("two", Balance(Cost(900, 50), Cost(100, 0), is_revoked=True)),
    ]
    assert (described.entries, described.head) == (len(book.entries), entries.compute_digest(book.last))


def test_a_charge_fits_up_to_the_cap_exactly() -> None:
    book = Book(Cost(1000))
    book.grant("one", Cost(1000))
    for name in range(10):
        book.charge(ask(name))
    assert book.last.whole.left == cost.NOTHING
    with pytest.raises(errors.Refused, match="the grant one has 0 rho left"):
        book.charge(ask(10, Cost(1)))


def test_a_refusal_says_what_the_grant_has_left_and_how_to_ask_for_less_and_nothing_of_others() -> None:
    book = Book(Cost(10**9))
    book.grant("one", Cost(3 * 10**7))
    book.grant("two", Cost(10**9))
    book.charge(ask(1, Cost(20_187_132)))
    refusals = set()
    for by_another in (0, 5 * 10**8):
        if by_another:
            book.charge(ask(2, Cost(by_another), "two"))
        with pytest.raises(errors.Refused) as caught:
            book.charge(ask(3, Cost(20_187_132)))
        refusals.add(caught.value.sentence)
    (said,) = refusals
    assert said == (
        "this query costs 0.020187132 rho (epsilon 1 at delta 1e-07), and the grant one has 0.009812868 rho "
        "(epsilon 0.683 at delta 1e-07) left; ask with epsilon 0.683 or less, or for fewer numbers at once"
    )
    # And asking so does fit.
    book.charge(ask(4, Cost(cost.find_rho(0.683, 1e-7))))


def test_a_refusal_for_the_population_tells_its_public_balance_only() -> None:
    book = Book(Cost(5 * 10**7))
    for name in ("one", "two", "three"):
        book.grant(name, Cost(5 * 10**7))
    book.charge(ask(1, Cost(2 * 10**7), "two"))
    book.charge(ask(2, Cost(2 * 10**7), "three"))
    with pytest.raises(errors.Refused) as caught:
        book.charge(ask(3, Cost(2 * 10**7)))
    assert "the population kids has 0.01 rho" in str(caught.value)
    assert "two" not in str(caught.value).replace("two people", "")


def test_delta_has_a_cap_of_its_own() -> None:
    book = Book(Cost(10**9, 10))
    book.grant("one", Cost(10**9, 10))
    book.charge(ask(1, Cost(1, 6)))
    with pytest.raises(errors.Refused, match="group by public keys, which cost no delta"):
        book.charge(ask(2, Cost(1, 5)))
    book.charge(ask(2, Cost(1, 4)))


def test_next_to_nothing_left_is_said_without_an_epsilon_that_would_not_fit() -> None:
    book = Book(Cost(10**9))
    book.grant("one", Cost(999))
    with pytest.raises(errors.Refused, match="two people may raise the cap"):
        book.charge(ask(1, Cost(1000)))


def test_a_population_has_one_budget_for_its_lifetime(book) -> None:
    with pytest.raises(errors.Refused, match="the population kids has its one budget already"):
        ledger.decide_opening(book.last, "kids", Cost(5), "Ann", AT)


def test_data_of_one_population_are_never_paid_for_by_another() -> None:
    ledger.check_version("", ask(1))
    ledger.check_version("kids", ask(1))
    with pytest.raises(errors.Refused, match="these data belong to the population others"):
        ledger.check_version("others", ask(1))


@pytest.mark.parametrize("by", [(), ("Ann",), ("Ann", "Ann"), ("Ann", " ann "), ("Ann", "Bo", "Cy")])
def test_a_cap_is_raised_by_two_people(book, by) -> None:
    with pytest.raises(errors.UserMistake, match="name two people, who are not the same"):
        book.raise_cap(Cost(3000, 50), by=by)


@pytest.mark.parametrize(
    ("cap", "grant", "words"),
    [
        (Cost(2000, 50), "", "can only be raised"),
        (Cost(3000, 49), "", "can only be raised"),
        (Cost(599, 21), "one", "can only be raised"),
        (Cost(2001, 50), "one", "lies within that of its population"),
        (Cost(1000, 50), "two", "the grant two was revoked"),
    ],
)
def test_a_cap_is_only_raised_and_never_above_that_of_the_population(book, cap, grant, words) -> None:
    with pytest.raises(errors.Refused, match=words):
        book.raise_cap(cap, grant)


def test_a_grant_is_opened_once_within_its_population(book) -> None:
    with pytest.raises(errors.Refused, match="there is a grant one already"):
        book.grant("one")
    with pytest.raises(errors.Refused, match="lies within that of its population"):
        book.grant("three", Cost(2001, 50))
    with pytest.raises(errors.UserMistake, match="a cap of no rho lets nobody ask"):
        book.grant("three", Cost(0, 50))


def test_a_revoked_grant_asks_nothing_but_is_answered_what_it_paid_for(book) -> None:
    book.grant("three", Cost(900))
    charge = book.charge(ask(9, grant="three"))
    book.revoke("three")
    assert book.answer(charge).part.is_revoked
    with pytest.raises(errors.Refused, match="was revoked and asks nothing any more"):
        book.charge(ask(10, grant="three"))
    with pytest.raises(errors.Refused, match="was revoked"):
        book.revoke("three")
    ledger.verify_chain("kids", write(book.entries))


def test_a_question_that_costs_nothing_is_no_question() -> None:
    with pytest.raises(errors.UserMistake, match="costs more than nothing"):
        ask(1, Cost(0, 0))


def test_keys_differ_in_each_of_their_parts() -> None:
    usual = {"plan": {"a": 1}, "path": "cube", "bounds": {"rows": 1}, "cost": Cost(1), "data_version": "v1"}
    others = {
        "plan": {"a": 2},
        "path": "rank",
        "bounds": {"rows": 2},
        "cost": Cost(1, 1),
        "data_version": "v2",
    }
    keys = [ledger.compute_key(**usual | {name: value}) for name, value in others.items()]
    assert len({ledger.compute_key(**usual), *keys}) == 6


def find_damage(listed: list[tuple[str, bytes]], **more: str) -> str:
    with pytest.raises(errors.Damaged) as caught:
        ledger.verify_chain("kids", listed, **more)
    return caught.value.sentence


def test_each_changed_byte_of_each_entry_is_found_and_the_entry_named(book) -> None:
    dice = random.Random(5)
    written = write(book.entries)
    for at, (digest, data) in enumerate(written):
        for place in dice.sample(range(len(data)), 25):
            other = bytearray(data)
            other[place] ^= 1 << dice.randrange(8)
            changed = [*written[:at], (digest, bytes(other)), *written[at + 1 :]]
            assert f"entry {at + 1} of the population kids" in find_damage(changed)


def test_an_entry_changed_together_with_its_digest_is_found_by_the_next(book) -> None:
    written = write(book.entries)
    for at in range(len(book.entries)):
        other = dataclasses.replace(book.entries[at], at="2026-11-29T03:00:00Z")
        changed = [*written[:at], *write([other]), *written[at + 1 :]]
        if at + 1 < len(written):
            assert f"entry {at + 2} of the population kids does not stand on" in find_damage(changed)
        else:
            assert "is missing: the last one is not" in find_damage(changed, head=written[-1][0])


def test_a_removed_entry_is_found_wherever_it_stood(book) -> None:
    written = write(book.entries)
    for at in range(len(written)):
        left = [*written[:at], *written[at + 1 :]]
        assert f"entry {at + 1} of the population kids is missing" in find_damage(left, head=written[-1][0])


def test_two_entries_in_another_order_are_found(book) -> None:
    written = write(book.entries)
    for at in range(len(written) - 1):
        turned = [*written[:at], written[at + 1], written[at], *written[at + 2 :]]
        assert f"entry {at + 1} of the population kids is missing or was moved" in find_damage(turned)


def test_an_inserted_entry_is_found_wherever_it_stands(book) -> None:
    written = write(book.entries)
    for at in range(1, len(written)):
        again = dataclasses.replace(
            book.entries[at], number=at + 1, previous=written[at - 1][0], at="2026-11-29T04:00:00Z"
        )
        more = [*written[:at], *write([again]), *written[at:]]
        assert f"entry {at + 2} of the population kids" in find_damage(more)


def test_entries_taken_from_the_end_are_found_by_a_digest_that_was_written_down(book) -> None:
    written = write(book.entries)
    ledger.verify_chain("kids", written, witnessed=written[4][0])
    assert "entries were taken away after it was written down" in find_damage(
        written[:4], witnessed=written[4][0]
    )


def test_entries_of_another_population_are_found(book) -> None:
    other = ledger.decide_opening(None, "others", Cost(5), "Ann", AT)
    assert "entry 1 of the population kids is missing or was moved" in find_damage(write([other]))
    assert "entry 1 of the population kids is missing" in find_damage([])


def swap(book: Book, at: int, **members: object) -> list[tuple[str, bytes]]:
    """The chain of a forger who changes an entry and links all again."""
    listed = [*book.entries]
    listed[at] = dataclasses.replace(listed[at], **members)
    return write(relink(listed))


def test_a_charge_above_the_cap_is_found_even_when_every_digest_is_right() -> None:
    book = Book(Cost(1000))
    book.grant("one", Cost(500))
    book.charge(ask(1, Cost(400)))
    ledger.verify_chain("kids", write(book.entries))
    for price, whole_cap, words in ((501, 1000, "the grant one has"), (1001, 1000, "the grant one has")):
        forged = swap(
            book,
            2,
            cost=Cost(price),
            whole=Balance(Cost(whole_cap), Cost(price)),
            part=Balance(Cost(500), Cost(price)),
        )
        said = find_damage(forged)
        assert said.startswith("entry 3 of the population kids is against the rules: this query costs")
        assert words in said


def test_a_charge_above_the_cap_of_the_population_alone_is_found() -> None:
    book = Book(Cost(1000))
    book.grant("one", Cost(800))
    book.grant("two", Cost(800))
    book.charge(ask(1, Cost(700)))
    book.charge(ask(2, Cost(300), "two"))
    forged = swap(
        book, 4, cost=Cost(301), whole=Balance(Cost(1000), Cost(1001)), part=Balance(Cost(800), Cost(301))
    )
    assert "entry 5 of the population kids is against the rules" in find_damage(forged)
    assert "the population kids has" in find_damage(forged)


def test_what_was_used_cannot_shrink_even_when_every_digest_is_right(book) -> None:
    at = next(at for at, each in enumerate(book.entries) if each.kind == entries.CHARGED)
    less = dataclasses.replace(book.entries[at].whole, used=Cost(1))
    assert "says other balances or people" in find_damage(swap(book, at, whole=less))
    freed = dataclasses.replace(book.entries[-1].part, is_revoked=False)
    assert "says other balances or people" in find_damage(swap(book, len(book.entries) - 1, part=freed))


FORGERIES = {
    "a cap raised by one person twice": (entries.RAISED, {"by": ("Ann", "Ann")}, "name two people"),
    "an opening by nobody in particular": (entries.OPENED, {"by": ("Ann", "Bo")}, "other balances or people"),
    "a budget used before it began": (
        entries.OPENED, {"whole": Balance(Cost(1000, 50), Cost(1))}, "other balances or people",
    ),
    "an answer to another's charge": (entries.ANSWERED, {"charge": 5}, "answers no open charge"),
    "an answer to a charge of another key": (entries.ANSWERED, {"key": PLAN}, "answers no open charge"),
    "a publication of what nobody kept": (entries.PUBLISHED, {"key": PLAN}, "an answer that was kept"),
    "a publication of other bytes": (entries.PUBLISHED, {"answer": PLAN}, "an answer that was kept"),
    "a charge to a grant that is none": (entries.CHARGED, {"grant": "nobody"}, "no grant nobody was opened"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(FORGERIES))
def test_a_forgery_with_right_digests_is_found_by_the_rules(book, name) -> None:
    kind, members, words = FORGERIES[name]
    at = next(at for at, each in enumerate(book.entries) if each.kind == kind)
    said = find_damage(swap(book, at, **members))
    assert f"entry {at + 1} of the population kids" in said
    assert words in said


def test_two_answers_to_one_charge_or_two_bodies_of_one_key_are_found() -> None:
    book = Book()
    book.grant()
    charge = book.charge(ask(1))
    book.answer(charge)
    book.answer(charge)
    assert "entry 5 of the population kids is against the rules: it answers no open charge" in find_damage(
        write(book.entries)
    )
    again = book.entries[:4]
    second = ledger.decide_charge(again[-1], again[-1], ask(1), AT)
    other = ledger.decide_answer(second, second, second, PLAN, AT)
    assert "a key has one answer" in find_damage(write([*again, second, other]))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_whatever_is_asked_in_whatever_order_the_sum_of_charges_stays_within_every_cap(seed) -> None:
    dice = random.Random(seed)
    book = Book(Cost(2000, 100))
    names = ["one", "two", "three"]
    charges: list[Entry] = []
    for _ in range(40):
        name = dice.choice(names)
        with contextlib.suppress(errors.Refused):
            match dice.randrange(6):
                case 0:
                    book.grant(name, Cost(dice.randint(1, 2000), dice.randint(0, 100)))
                case 1:
                    book.raise_cap(Cost(dice.randint(1, 2500), dice.randint(0, 120)), dice.choice(["", name]))
                case 2 if book.find(name) and dice.random() < 0.2:
                    book.revoke(name)
                case 3 if charges:
                    book.answer(charges.pop(dice.randrange(len(charges))))
                case _ if book.find(name):
                    price = Cost(dice.randint(1, 600), dice.randint(0, 9))
                    charges.append(book.charge(ask(dice.random(), price, name)))
    described = ledger.verify_chain("kids", write(book.entries)).describe()
    charged = [each for each in book.entries if each.kind == entries.CHARGED]
    assert described.balance.used == cost.add_up(each.cost for each in charged)
    assert described.balance.used.fits_within(described.balance.cap)
    for grant in described.grants:
        assert grant.balance.used == cost.add_up(each.cost for each in charged if each.grant == grant.id)
        assert grant.balance.used.fits_within(grant.balance.cap)
