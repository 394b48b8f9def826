"""Ledgers in SQLite and in a real PostgreSQL keep the same rules: what is charged, free, refused, found."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import json
import os
import random
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import query_cases
from ledger_stage import PRICE, make_request
from postgres_fixture import run_server, skip_without_postgres

from lightwell.base import errors
from lightwell.engines import budgets, ledger_stores
from lightwell.query import entry as entries
from lightwell.query.cost import Cost
from lightwell.query.entry import Balance, Entry
from lightwell.query.ledger import Answer, Ledger

STAGE = [sys.executable, str(Path(__file__).with_name("ledger_stage.py"))]
PATIENCE_SECONDS = 240
CAP = Cost(10**9, 10**9)
KINDS = ("sqlite", "postgres")


class Server:
    """A real PostgreSQL with two databases, which are emptied instead of made anew: that takes a tenth."""

    def __init__(self, make_database: Callable[[str], str]) -> None:
        self._places = [make_database(f"ledger_{number}") for number in range(2)]
        self.restart = make_database.restart

    def make_place(self, number: int = 0) -> str:
        import psycopg

        with psycopg.connect(self._places[number], autocommit=True) as connection:
            connection.execute("DROP SCHEMA IF EXISTS lightwell_ledger CASCADE")
        return self._places[number]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    skip_without_postgres()
    with run_server() as make_database:
        yield Server(make_database)


@pytest.fixture(params=KINDS)
def make_place(request, tmp_path) -> Callable[[int], str]:
    """Make the place of a new ledger; 0 or 1, where a test needs two."""
    if request.param == "sqlite":
        return lambda number: str(tmp_path / f"ledger-{number}.db")
    return request.getfixturevalue("server").make_place


@pytest.fixture
def place(make_place) -> str:
    return make_place(0)


@pytest.fixture
def opened(place) -> Iterator[Ledger]:
    made = open_with_grants(place)
    yield made
    made.close()


def open_with_grants(place: str, cap: Cost = CAP) -> Ledger:
    made = ledger_stores.open_ledger(place)
    made.open_population("kids", cap, by="Ann")
    for name in ("one", "two"):
        made.open_grant("kids", name, cap, by="Ann")
    return made


@contextlib.contextmanager
def open_raw(place: str) -> Iterator[Callable[..., list[tuple]]]:
    """The database as somebody sees it who goes around the ledger; triggers hold for them too."""
    if "://" in place:
        import psycopg

        with psycopg.connect(place, autocommit=True) as connection:
            connection.execute("SET search_path TO lightwell_ledger")

            def run(sql: str, *values: object) -> list[tuple]:
                cursor = connection.execute(sql.replace("?", "%s"), values or None)
                return cursor.fetchall() if cursor.description else []

            yield run
    else:
        with contextlib.closing(sqlite3.connect(place, isolation_level=None)) as connection:
            yield lambda sql, *values: connection.execute(sql, values).fetchall()


@contextlib.contextmanager
def open_behind_triggers(place: str) -> Iterator[Callable[..., list[tuple]]]:
    """The same for somebody who knows how to put the triggers out of the way, and back."""
    with open_raw(place) as run:
        tables = ("heads", "entries", "answers", "versions")
        if "://" in place:
            for table in tables:
                run(f"ALTER TABLE {table} DISABLE TRIGGER USER")
            yield run
            for table in tables:
                run(f"ALTER TABLE {table} ENABLE TRIGGER USER")
        else:
            triggers = run("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            for name, _ in triggers:
                run(f"DROP TRIGGER {name}")
            yield run
            for _, sql in triggers:
                run(sql)


def use(opened: Ledger, name: object, grant: str = "one", **more: object) -> bytes:
    """Ask, compute where it must be, and keep."""
    request = make_request(name, grant, **more)
    outcome = opened.charge(request)
    if isinstance(outcome, Answer):
        return outcome.body
    return opened.keep_answer(outcome, request.key, f"answer {name}".encode())


def read_used(opened: Ledger) -> tuple[Cost, ...]:
    found = opened.read_balance("kids")
    return found.balance.used, *(each.balance.used for each in found.grants)


def count(times: int) -> Cost:
    return Cost(times * PRICE.nano_rho)


def test_the_same_question_is_charged_once_and_free_after(opened) -> None:
    first = opened.charge(make_request(1))
    assert isinstance(first, Entry)
    assert first.cost == PRICE
    assert opened.find_answer("kids", first.key, "one") is None
    assert opened.keep_answer(first, first.key, b"[1]") == b"[1]"
    assert opened.find_answer("kids", first.key, "one") == b"[1]"
    for _ in range(3):
        assert opened.charge(make_request(1)) == Answer(b"[1]", None)
    assert read_used(opened) == (count(1), count(1), count(0))
    assert opened.verify() == [opened.read_balance("kids")]


def test_another_grant_is_charged_as_for_any_other_question_and_gets_the_same_bytes(opened) -> None:
    use(opened, 1)
    key = make_request(1).key
    assert opened.find_answer("kids", key, "two") is None
    outcome = opened.charge(make_request(1, "two"))
    assert outcome.body == b"answer 1"
    assert outcome.charge.cost == PRICE
    assert read_used(opened) == (count(2), count(1), count(1))
    assert opened.charge(make_request(1, "two")) == Answer(b"answer 1", None)
    assert opened.find_answer("kids", key, "two") == b"answer 1"
    opened.verify()


def test_balances_and_refusals_are_the_same_whether_or_not_another_grant_asked_the_same(make_place) -> None:
    seen = []
    for number, other in enumerate((1, 2)):
        opened = open_with_grants(make_place(number))
        # `two` asks the question of `one`, or another of the same price.
        use(opened, other, "two")
        use(opened, 1)
        use(opened, 1)
        with pytest.raises(errors.Refused) as caught:
            opened.charge(make_request(3, cost=Cost(10**9)))
        found = opened.read_balance("kids")
        seen.append((found.balance, found.grants, found.entries, str(caught.value)))
        opened.close()
    assert seen[0] == seen[1]


def test_a_published_answer_is_free_for_everybody(opened) -> None:
    use(opened, 1)
    key = make_request(1).key
    entry = opened.publish("kids", key, by="Ann")
    assert entry.kind == entries.PUBLISHED
    assert opened.publish("kids", key, by="Ann") is None
    assert opened.find_answer("kids", key) == b"answer 1"
    assert opened.charge(make_request(1, "two")) == Answer(b"answer 1", None)
    assert read_used(opened) == (count(1), count(1), count(0))
    with pytest.raises(errors.Refused, match="no answer of the population kids is kept under"):
        opened.publish("kids", make_request(2).key, by="Ann")
    opened.verify()


def test_a_charge_whose_answer_was_never_kept_stays_and_asking_again_is_charged_again(opened) -> None:
    opened.charge(make_request(1))
    assert isinstance(opened.charge(make_request(1)), Entry)
    assert read_used(opened)[0] == count(2)
    # Another grant's answer to the same question does not make the lost one free: that would tell of it.
    use(opened, 1, "two")
    assert opened.find_answer("kids", make_request(1).key, "one") is None
    assert opened.charge(make_request(1)).charge.cost == PRICE
    assert read_used(opened) == (count(4), count(3), count(1))
    opened.verify()


def test_the_first_kept_answer_counts_for_all_who_computed_at_the_same_time(opened) -> None:
    charges = [opened.charge(make_request(1, name)) for name in ("one", "two", "one")]
    kept = [opened.keep_answer(each, each.key, b"%d" % at) for at, each in enumerate(charges)]
    assert kept == [b"0", b"0", b"0"]
    assert opened.keep_answer(charges[1], charges[1].key, b"9") == b"0"
    assert [each.kind for each in opened.read_entries("kids", last=3)] == [entries.ANSWERED] * 3
    opened.verify()


def test_an_answer_is_kept_only_for_a_charge_of_this_ledger_and_of_a_size(opened, monkeypatch) -> None:
    charge = opened.charge(make_request(1))
    other = make_request(2).key
    for wrong, key in (
        (dataclasses.replace(charge, cost=Cost(1)), charge.key),
        (dataclasses.replace(charge, number=charge.number + 1), charge.key),
        (opened.read_entries("kids")[0], other),
        (charge, other),
    ):
        with pytest.raises(errors.UserMistake, match="for a charge of this ledger"):
            opened.keep_answer(wrong, key, b"1")
    monkeypatch.setattr(ledger_stores, "MAX_ANSWER_BYTES", 10)
    with pytest.raises(errors.UserMistake, match="at most 10 bytes"):
        opened.keep_answer(charge, charge.key, b"12345678901")


def test_a_new_version_and_a_joined_table_open_no_new_budget(place) -> None:
    opened = open_with_grants(place, count(3))
    use(opened, 1)
    use(opened, 1, version="v2")
    use(opened, "join", version="v2 and survey v1")
    for name, version in ((1, "v3"), ("join", "v3 and survey v1"), (2, "v1")):
        with pytest.raises(errors.Refused, match="0 rho left"):
            use(opened, name, version=version)
    with pytest.raises(errors.Refused, match="one budget already"):
        opened.open_population("kids", CAP, by="Ann")
    # A second name for the same children does not help either: the data are known.
    opened.open_population("pupils", CAP, by="Ann")
    opened.open_grant("pupils", "one", CAP, by="Ann")
    for version in ("v1", "v2", "v2 and survey v1"):
        with pytest.raises(errors.Refused, match="these data belong to the population kids"):
            opened.charge(dataclasses.replace(make_request(5, version=version), population="pupils"))
    # What was refused claimed nothing: data never charged for are nobody's yet.
    opened.charge(dataclasses.replace(make_request(5, version="v3"), population="pupils"))
    opened.verify()
    opened.close()


def test_a_grant_is_raised_and_revoked_and_asks_nothing_after(opened) -> None:
    opened.open_grant("kids", "small", count(1), by="Ann")
    kept = use(opened, 1, "small")
    with pytest.raises(errors.Refused, match="the grant small has 0 rho left"):
        use(opened, 2, "small")
    opened.raise_cap("kids", count(2), by=["Ann", "Bo"], reason="a second table", grant="small")
    charge = opened.charge(make_request(2, "small"))
    opened.revoke("kids", "small", by="Ann", reason="the project ended")
    # What it paid for it still gets; what it had it gets no more; what is public it may read like anybody.
    assert opened.keep_answer(charge, charge.key, b"2") == b"2"
    for name in (1, 2, 3):
        with pytest.raises(errors.Refused, match="was revoked"):
            use(opened, name, "small")
    assert opened.find_answer("kids", make_request(1).key, "small") is None
    opened.publish("kids", make_request(1).key, by="Ann")
    assert use(opened, 1, "small") == kept
    assert opened.verify()[0].grants[1].balance == Balance(count(2), count(2), is_revoked=True)


def test_a_grant_without_a_name_gets_one_by_chance(opened) -> None:
    names = {opened.open_grant("kids", by="Ann").grant for _ in range(5)}
    assert len(names) == 5
    assert all(opened.read_entries("kids", last=1)[0].part.cap == CAP for _ in names)


def test_of_two_who_find_no_grant_at_the_same_time_one_is_opened(place, monkeypatch) -> None:
    opened = ledger_stores.open_ledger(place)
    book = query_cases.make_codebook()
    before = opened.read_balance

    def read(population):
        found = before(population)
        if not found.grants:
            opened.open_grant(population, "first", PRICE, by="Ann")
        return found

    monkeypatch.setattr(opened, "read_balance", read)
    with pytest.raises(errors.Refused, match="has no grant second, but first"):
        budgets.open_budget(opened, book, "second", by="owner")
    assert [grant.id for grant in before(book.population).grants] == ["first"]
    assert not budgets.open_budget(opened, book, "first", by="owner")
    opened.close()


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda opened: opened.charge(make_request(1, "nobody")), "has no grant 'nobody'"),
        (lambda opened: opened.read_balance("others"), "has no population 'others'"),
        (lambda opened: opened.read_entries("others"), "has no population 'others'"),
        (lambda opened: opened.revoke("kids", "nobody", by="A", reason="r"), "has no grant 'nobody'"),
        (
            lambda opened: opened.raise_cap("kids", CAP, by=["A", "B"], reason="r", grant="x"),
            "has no grant 'x'",
        ),
        (lambda opened: opened.open_population("K!", CAP, by="A"), "is no name"),
        (lambda opened: opened.open_grant("kids", "K!", CAP, by="A"), "is no name"),
        (lambda opened: opened.open_grant("kids", "new", CAP, by=" "), "1 to 500 printable characters"),
        (lambda opened: opened.publish("others", "x", by="A"), "has no population 'others'"),
    ],
)
def test_a_wrong_name_is_one_sentence_and_leaves_no_entry(opened, ask, words) -> None:
    before = opened.read_entries("kids")
    with pytest.raises(errors.UserMistake) as caught:
        ask(opened)
    assert words in str(caught.value)
    assert opened.read_entries("kids") == before


def test_entries_carry_the_moment_of_the_clock_that_was_handed_in(place) -> None:
    moment = datetime.datetime(2027, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)
    opened = ledger_stores.open_ledger(place, clock=lambda: moment)
    assert opened.open_population("kids", CAP, by="Ann").at == "2027-01-02T03:04:05Z"
    opened.close()


def test_what_is_written_is_there_for_whoever_opens_it_next(opened, place) -> None:
    use(opened, 1)
    opened.open_population("others", CAP, by="Ann")
    again = ledger_stores.open_ledger(place, is_new=False)
    assert again.read_populations() == ["kids", "others"]
    assert again.read_balance("kids") == opened.read_balance("kids")
    assert again.charge(make_request(1)) == Answer(b"answer 1", None)
    again.close()
    # Closed, it opens itself again when it is asked.
    assert again.read_entries("kids") == opened.read_entries("kids")
    again.close()


class Model:
    """The rules of answers and charges as the reference states them, in a few dictionaries."""

    def __init__(self, names: list[str], cap: int) -> None:
        self.cap, self.used = cap, dict.fromkeys(names, 0)
        self.kept: dict[int, bytes] = {}
        self.given: set[tuple[str, int]] = set()
        self.published: set[int] = set()
        self.revoked: set[str] = set()

    def charge(self, name: int, grant: str) -> tuple[bool, bytes | None] | None:
        """Whether it is charged, and the bytes; None where it is refused."""
        if name in self.published:
            return False, self.kept[name]
        if grant in self.revoked:
            return None
        if (grant, name) in self.given:
            return False, self.kept[name]
        if sum(self.used.values()) == self.cap or self.used[grant] == self.cap // 2:
            return None
        self.used[grant] += 1
        if name in self.kept:
            self.given.add((grant, name))
        return True, self.kept.get(name)


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_asked_in_whatever_order_a_model_of_the_rules_says_the_same(make_place, seed) -> None:
    dice = random.Random(seed)
    names = ["one", "two", "three"]
    opened = ledger_stores.open_ledger(make_place(0))
    opened.open_population("kids", count(60), by="Ann")
    for each in names:
        opened.open_grant("kids", each, count(30), by="Ann")
    model = Model(names, 60)
    waiting: list[tuple[int, str, Entry]] = []
    for step in range(150):
        name, grant = dice.randrange(12), dice.choice(names)
        what = dice.random()
        if what < 0.6:
            expected = model.charge(name, grant)
            try:
                outcome = opened.charge(make_request(name, grant))
            except errors.Refused:
                assert expected is None
                continue
            is_charged, body = expected
            assert isinstance(outcome, Entry) == (body is None)
            if body is None:
                waiting.append((name, grant, outcome))
            else:
                assert outcome.body == body
                assert (outcome.charge is not None) == is_charged
        elif what < 0.85 and waiting:
            # Kept, or lost in a crash.
            name, grant, charge = waiting.pop(dice.randrange(len(waiting)))
            if dice.random() < 0.7:
                body = model.kept.setdefault(name, f"{name} at {step}".encode())
                model.given.add((grant, name))
                assert opened.keep_answer(charge, charge.key, f"{name} at {step}".encode()) == body
        elif what < 0.9 and name in model.kept:
            opened.publish("kids", make_request(name).key, by="Ann")
            model.published.add(name)
        elif what > 0.99 and not model.revoked:
            opened.revoke("kids", grant, by="Ann", reason="it ended")
            model.revoked.add(grant)
        is_free = name in model.published or ((grant, name) in model.given and grant not in model.revoked)
        found = opened.find_answer("kids", make_request(name).key, grant)
        assert found == (model.kept[name] if is_free else None)
    (whole,) = opened.verify()
    assert {each.id: each.balance.used for each in whole.grants} == {
        grant: count(times) for grant, times in model.used.items()
    }
    opened.close()


STATEMENTS = (
    "UPDATE entries SET body = 'x'",
    "UPDATE entries SET number = number + 100",
    "DELETE FROM entries",
    "UPDATE answers SET body = substr(body, 2)",
    "DELETE FROM answers",
    "UPDATE versions SET population = 'x'",
    "DELETE FROM versions",
    "UPDATE heads SET number = number - 1",
    "UPDATE heads SET number = number + 2",
    "UPDATE heads SET population = 'x', number = number + 1",
    "DELETE FROM heads",
)
OWN = {
    "sqlite": (
        "INSERT OR REPLACE INTO entries SELECT population, number, digest, kind, 'x', answer_key, body "
        "FROM entries",
        "INSERT OR REPLACE INTO answers SELECT population, answer_key, x'78' FROM answers",
        "INSERT OR REPLACE INTO versions SELECT data_version, 'x' FROM versions",
        "INSERT OR REPLACE INTO heads SELECT population, 1, 'x' FROM heads",
        "UPDATE OR REPLACE entries SET body = 'x'",
    ),
    "postgres": tuple(f"TRUNCATE {table}" for table in ("entries", "answers", "versions", "heads")),
}


def test_the_database_itself_refuses_to_change_or_remove_anything(opened, place) -> None:
    use(opened, 1)
    before = opened.verify()
    kind = "postgres" if "://" in place else "sqlite"
    with open_raw(place) as run:
        for sql in (*STATEMENTS, *OWN[kind]):
            with pytest.raises(Exception, match=r"a ledger only grows|duplicate key"):
                run(sql)
    assert opened.verify() == before


TAMPERING = {
    "a changed entry": (
        ["UPDATE entries SET body = replace(body, '\"v1\"', '\"v2\"') WHERE number = 4"], "entry 4",
    ),
    "a changed column": (["UPDATE entries SET grant_name = 'two' WHERE number = 4"], "entry 4"),
    "another key beside the bytes": (["UPDATE entries SET answer_key = 'x' WHERE number = 4"], "entry 4"),
    "another kind beside the bytes": (["UPDATE entries SET kind = 'answered' WHERE number = 4"], "entry 4"),
    "a removed entry": (["DELETE FROM entries WHERE number = 4"], "entry 4"),
    "the first entry removed": (["DELETE FROM entries WHERE number = 1"], "entry 1"),
    "the last entry removed": (["DELETE FROM entries WHERE number = 7"], "entry 7"),
    "the last entry removed and the head turned back": (
        ["DELETE FROM entries WHERE number = 7", "UPDATE heads SET number = 6"], "entry 7",
    ),
    "two entries in another order": (
        [
            "UPDATE entries SET number = 100 WHERE number = 4",
            "UPDATE entries SET number = 4 WHERE number = 5",
            "UPDATE entries SET number = 5 WHERE number = 100",
        ],
        "entry 4",
    ),
    "an inserted entry": (
        [
            "INSERT INTO entries SELECT population, 8, digest, kind, grant_name, answer_key, body "
            "FROM entries WHERE number = 4"
        ],
        "entry 8",
    ),
    "another number of entries": (["UPDATE heads SET number = 9"], "number of entries"),
    "no head": (["DELETE FROM heads"], "its head was removed"),
    "no entries": (["DELETE FROM entries"], "entry 1"),
    "a changed answer": (["UPDATE answers SET body = substr(body, 2)"], "the answer"),
    "a removed answer": (["DELETE FROM answers"], "the answer"),
    "an added answer": (
        ["INSERT INTO answers SELECT population, 'x', body FROM answers LIMIT 1"], "the answer",
    ),
    "data given to another": (["UPDATE versions SET population = 'pupils'"], "the data v1"),
    "data taken away": (["DELETE FROM versions"], "the data v1"),
    "data added": (["INSERT INTO versions VALUES ('v9', 'kids')"], "the data v9"),
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(TAMPERING))
def test_whoever_goes_around_the_triggers_is_found_out_by_verify(opened, place, name) -> None:
    statements, words = TAMPERING[name]
    use(opened, 1)
    use(opened, 2)
    opened.verify()
    with open_behind_triggers(place) as run:
        for sql in statements:
            run(sql)
    with pytest.raises(errors.Damaged) as caught:
        opened.verify()
    assert words in str(caught.value)


@pytest.mark.parametrize("name", ["the last entry removed", "no entries"])
def test_nothing_is_charged_on_a_ledger_whose_last_entry_is_gone(opened, place, name) -> None:
    use(opened, 1)
    use(opened, 2)
    with open_behind_triggers(place) as run:
        for sql in TAMPERING[name][0]:
            run(sql)
    with pytest.raises(errors.Damaged, match="missing or was changed"):
        opened.charge(make_request(3))


def test_a_population_whose_head_is_gone_is_not_opened_anew(opened, place) -> None:
    with open_behind_triggers(place) as run:
        run("DELETE FROM heads")
    with pytest.raises(errors.Damaged, match="contradicts itself"):
        opened.open_population("kids", CAP, by="Ann")


def test_an_answer_that_was_changed_is_not_handed_out(opened, place) -> None:
    use(opened, 1)
    with open_behind_triggers(place) as run:
        run("UPDATE answers SET body = substr(body, 2)")
    for ask in (
        lambda: opened.charge(make_request(1)),
        lambda: opened.find_answer("kids", make_request(1).key, "one"),
    ):
        with pytest.raises(errors.Damaged, match="was changed; see lightwell ledger verify"):
            ask()


def test_nothing_is_charged_against_a_balance_that_was_changed(opened, place) -> None:
    use(opened, 1)
    use(opened, 2, "two")
    # The grant's own last entry, and then the last of all.
    for number in (5, 7):
        with open_behind_triggers(place) as run:
            ((body,),) = run("SELECT body FROM entries WHERE number = ?", number)
            assert '"used":{"delta_units":0,"nano_rho":1000}' in body
            changed = body.replace('"nano_rho":1000}', '"nano_rho":0}')
            run("UPDATE entries SET body = ? WHERE number = ?", changed, number)
        with pytest.raises(errors.Damaged, match=f"entry {number} of the population kids was changed"):
            opened.charge(make_request(3, "one" if number == 5 else "two"))
        with open_behind_triggers(place) as run:
            run("UPDATE entries SET body = ? WHERE number = ?", body, number)
    opened.verify()


def test_what_was_answered_while_another_process_waited_for_the_lock_is_free(opened, monkeypatch) -> None:
    use(opened, 1)
    # As if it had been answered after this process had looked for it.
    monkeypatch.setattr(opened, "find_answer", lambda *_: None)
    assert opened.charge(make_request(1)) == Answer(b"answer 1", None)
    assert read_used(opened)[0] == count(1)


def test_an_answer_that_was_removed_is_not_replaced_by_another(opened, place) -> None:
    use(opened, 1)
    with open_behind_triggers(place) as run:
        run("DELETE FROM answers")
    for grant in ("one", "two"):
        with pytest.raises(errors.Damaged, match="was removed; see lightwell ledger verify"):
            use(opened, 1, grant)


def test_a_ledger_without_its_triggers_is_not_opened(opened, place) -> None:
    opened.close()
    with open_raw(place) as run:
        run("DROP TRIGGER entries_no_delete" if "://" not in place else "DROP TRIGGER only_grows ON entries")
    with pytest.raises(errors.Damaged, match="the triggers that let them only grow were changed"):
        opened.read_balance("kids")


def test_entries_taken_from_the_end_without_a_trace_are_found_by_a_head_written_down(opened, place) -> None:
    use(opened, 1)
    noted = opened.read_balance("kids")
    use(opened, 2)
    assert opened.verify({"kids": noted.head})[0].entries == noted.entries + 2
    later = opened.read_balance("kids").head
    with open_behind_triggers(place) as run:
        run("DELETE FROM entries WHERE number > ?", noted.entries)
        run("DELETE FROM answers WHERE answer_key = ?", make_request(2).key)
        run("UPDATE heads SET number = ?, digest = ?", noted.entries, noted.head)
    opened.verify()
    with pytest.raises(errors.Damaged, match="entries were taken away after it was written down"):
        opened.verify({"kids": later})
    with pytest.raises(errors.Damaged, match="the population others is not in this ledger any more"):
        opened.verify({"others": later})


def test_a_thousand_charges_of_eight_processes_at_once_end_exactly_at_the_cap(place) -> None:
    opened = ledger_stores.open_ledger(place)
    opened.open_population("kids", count(700), by="Ann")
    names = [f"grant-{number}" for number in range(8)]
    # Together more than the population has, each less than its process asks for.
    for name in names:
        opened.open_grant("kids", name, count(100), by="Ann")
    opened.close()
    start = str(time.time() + 1.5)
    racing = [
        subprocess.Popen([*STAGE, "race", place, name, "125", start], stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    accepted = [int(each.communicate(timeout=PATIENCE_SECONDS)[0]) for each in racing]
    assert sum(accepted) == 700
    assert max(accepted) <= 100
    (found,) = opened.verify()
    assert found.balance == Balance(count(700), count(700))
    assert [each.balance.used for each in found.grants] == [count(each) for each in accepted]
    opened.close()


def test_one_open_ledger_serves_many_threads(opened) -> None:
    failed = []

    def work(name: int) -> None:
        try:
            for number in range(10):
                assert use(opened, [name, number]) == f"answer {[name, number]}".encode()
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert not failed
    assert read_used(opened)[0] == count(60)
    opened.verify()


def test_a_forked_process_opens_the_ledger_for_itself(opened) -> None:
    use(opened, 1)
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            use(opened, 2)
            opened.close()
            code = 0
        os._exit(code)
    use(opened, 3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    use(opened, 4)
    assert read_used(opened)[0] == count(4)
    opened.verify()


KILLS = [pytest.param(15, 1), pytest.param(200, 2, marks=pytest.mark.full)]


@pytest.mark.parametrize(("rounds", "seed"), KILLS)
def test_a_process_killed_at_any_moment_has_printed_no_number_without_its_charge(place, rounds, seed) -> None:
    opened = open_with_grants(place)
    opened.close()
    printed = run_killed(place, rounds, seed)
    assert printed, "no process got as far as a number"
    listed = opened.read_entries("kids")
    charged = [each.key for each in listed if each.kind == entries.CHARGED]
    assert set(printed) <= set(charged)
    assert listed[-1].whole.used == count(len(charged))
    assert all(opened.find_answer("kids", key, "one") == b"1" for key in printed)
    opened.verify()
    opened.close()


def test_the_kills_would_find_a_number_that_is_printed_before_it_is_charged(place) -> None:
    opened = open_with_grants(place)
    opened.close()
    printed = run_killed(place, 40, 3, "twin")
    assert set(printed) - set(list_charged(opened))
    opened.close()


def run_killed(place: str, rounds: int, seed: int, *twin: str) -> list[str]:
    done = subprocess.run(
        [*STAGE, "kill", place, str(rounds), str(seed), *twin],
        check=True,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == rounds
    return [key for line in lines for key in json.loads(line)]


def list_charged(opened: Ledger) -> list[str]:
    return [each.key for each in opened.read_entries("kids") if each.kind == entries.CHARGED]


# PostgreSQL's own.


def test_a_server_that_is_killed_while_many_ask_loses_no_charge_of_a_number_that_was_shown(server) -> None:
    place = server.make_place()
    opened = open_with_grants(place)
    opened.close()
    asking = [
        subprocess.Popen([*STAGE, "loop", place, "6"], stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    for _ in range(2):
        time.sleep(1.5)
        server.restart()
    said = [json.loads(each.communicate(timeout=PATIENCE_SECONDS)[0]) for each in asking]
    charged = set(list_charged(opened))
    assert all(printed and set(printed) <= charged for printed, _ in said)
    failed = [sentence for _, sentences in said for sentence in sentences]
    assert failed
    assert all("so no number is shown" in sentence for sentence in failed)
    opened.verify()
    opened.close()


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (
            lambda place: "postgresql://lightwell:secret@127.0.0.1:1/x",
            errors.CouldNotCheck,
            "does not answer",
        ),
        (lambda place: place + "_not_there", errors.CouldNotCheck, "does not exist"),
        (lambda place: place + "?nonsense=secret", errors.UserMistake, "no address of a PostgreSQL"),
        (
            lambda place: "postgresql://a:secret@secret@h:x/b",
            errors.CouldNotCheck,
            "does not answer",
        ),
        (lambda place: "postgresql://?password=secret&x=1", errors.UserMistake, "no address of a PostgreSQL"),
        (lambda place: place, errors.UserMistake, "there is no ledger in this database"),
    ],
)
def test_a_wrong_address_is_one_sentence_without_its_password(server, change, kind, words) -> None:
    place = change(server.make_place())
    with pytest.raises(kind) as caught:
        ledger_stores.open_ledger(place, is_new=False)
    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_full_disk_and_other_troubles_of_the_server_are_sentences(server, monkeypatch) -> None:
    import psycopg

    opened = open_with_grants(server.make_place())
    database = opened._database
    run = database.run
    for error, kind, words in (
        (psycopg.errors.DiskFull("no space"), errors.Damaged, "its disk is full, so no number is shown"),
        (psycopg.errors.IoError("could not read"), errors.Damaged, "could not read), so no number is shown"),
        (
            psycopg.errors.LockNotAvailable("timeout"),
            errors.CouldNotCheck,
            "another process has been writing",
        ),
        (psycopg.errors.InsufficientPrivilege("denied"), errors.UserMistake, "may not use the ledger"),
        (psycopg.errors.ReadOnlySqlTransaction("standby"), errors.CouldNotCheck, "does not take charges"),
    ):

        def fail(sql: str, *values: object, error: Exception = error) -> list[tuple]:
            if sql.startswith("INSERT INTO entries"):
                raise error
            return run(sql, *values)

        monkeypatch.setattr(database, "run", fail)
        with pytest.raises(kind) as caught:
            opened.charge(make_request(1))
        assert words in str(caught.value)
        monkeypatch.setattr(database, "run", run)
    assert read_used(opened)[0] == count(0)
    use(opened, 1)
    opened.verify()
    opened.close()


def test_an_account_that_may_only_append_charges_and_cannot_lift_a_trigger(server) -> None:
    import psycopg

    place = server.make_place()
    open_with_grants(place).close()
    with open_raw(place) as run:
        run("DROP ROLE IF EXISTS asker")
        run("CREATE ROLE asker LOGIN")
        run("GRANT USAGE ON SCHEMA lightwell_ledger TO asker")
        run("GRANT SELECT ON ALL TABLES IN SCHEMA lightwell_ledger TO asker")
        run("GRANT INSERT ON entries, answers, versions TO asker")
        run("GRANT UPDATE ON heads TO asker")
    own = place.replace("lightwell@", "asker@")
    opened = ledger_stores.open_ledger(own)
    assert use(opened, 1) == b"answer 1"
    opened.verify()
    with pytest.raises(errors.UserMistake, match="may not use the ledger"):
        opened.open_population("others", CAP, by="Ann")
    opened.close()
    with (
        psycopg.connect(own, autocommit=True) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute("ALTER TABLE lightwell_ledger.entries DISABLE TRIGGER USER")
    with open_raw(place) as run:
        run("DROP OWNED BY asker")
        run("DROP ROLE asker")


def test_a_server_that_does_not_sync_is_refused(server, monkeypatch) -> None:
    from lightwell.engines import ledger_postgres

    ask = ledger_postgres._ask
    monkeypatch.setattr(
        ledger_postgres, "_ask", lambda to, sql: "off" if sql == "SHOW fsync" else ask(to, sql)
    )
    with pytest.raises(errors.UserMistake, match="would lose charges in a power cut"):
        ledger_stores.open_ledger(server.make_place())


def test_a_newer_format_on_a_server_is_refused(server) -> None:
    place = server.make_place()
    ledger_stores.open_ledger(place).close()
    with open_raw(place) as run:
        run("INSERT INTO format VALUES (2)")
    with pytest.raises(errors.UserMistake, match="has the format 2, and this version reads 1"):
        ledger_stores.open_ledger(place)


def test_charges_wait_for_the_disk_whatever_the_server_says_by_default(server) -> None:
    place = server.make_place()
    with open_raw(place) as run:
        name = place.rpartition("/")[2]
        run(f"ALTER DATABASE {name} SET synchronous_commit TO off")
    opened = ledger_stores.open_ledger(place)
    with opened._database.read():
        assert opened._database.run("SHOW synchronous_commit") == [("on",)]
    opened.close()
