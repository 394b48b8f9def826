"""`lightwell ledger` as it is typed: what it prints for people and programs, and its exit codes."""

from __future__ import annotations

import json
import re
import sqlite3
from pathlib import Path

import command_stage
import pytest
from ledger_stage import ask

from lightwell.engines import ledger_stores
from lightwell.query import cost

STAGE = command_stage.Stage()


@pytest.fixture(scope="module", autouse=True)
def stage():
    with STAGE:
        yield


class Desk:
    """A folder in which commands are typed; none of them needs an installation."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def type(self, *words: str, code: int = 0) -> str:
        environment = {"LIGHTWELL_STATE": str(self.folder / "none"), "LIGHTWELL_DATABASE": ""}
        found, said = STAGE.run(["ledger", *words], environment, self.folder)
        assert found == code, said
        return said


@pytest.fixture
def desk(tmp_path) -> Desk:
    made = Desk(tmp_path)
    made.type("open", "l.db", "kids", "--epsilon", "10", "--delta", "1e-6", "--by", "Ann [bold]Lee")
    made.type("grant", "l.db", "kids", "--name", "one", "--epsilon", "2", "--by", "Ann")
    return made


def test_a_ledger_is_opened_granted_raised_revoked_and_shown(desk) -> None:
    said = desk.type("grant", "l.db", "kids", "--epsilon", "1", "--threshold-delta", "0", "--by", "Ann")
    told = r"kids, grant (\S+): entry 3, granted; 0.020187132 rho \(epsilon 1 at delta 1e-07\) left\n"
    name = re.fullmatch(told, said)[1]
    assert re.fullmatch(r"grant-[0-9a-f]{8}", name)
    opened = ledger_stores.open_ledger(desk.folder / "l.db")
    for number in range(3):
        ask(opened, number)
    opened.close()
    assert "raised" in desk.type(
        "raise",
        "l.db",
        "kids",
        "--grant",
        "one",
        "--epsilon",
        "3",
        "--by",
        "Ann",
        "--by",
        "Bo",
        "--reason",
        "more",
    )
    desk.type("revoke", "l.db", "kids", name, "--by", "Bo", "--reason", "it ended")
    shown = desk.type("show", "l.db", "--last", "20")
    lines = [re.split(r"\s*│\s*", line.strip("│ ")) for line in shown.splitlines() if line.startswith("│")]
    rows = {line[0]: line[1:] for line in lines}
    whole, part = cost.find_rho(10, 5e-7), cost.find_rho(3, 5e-8)
    assert rows["everybody"][:3] == [cost.format_rho(each) for each in (whole, 3000, whole - 3000)]
    assert rows["everybody"][3:] == ["10", f"{cost.find_epsilon(3000, 1e-6):.3g}", "10", "1e-06", "0"]
    assert rows["one"][:3] == [cost.format_rho(each) for each in (part, 3000, part - 3000)]
    assert rows[f"{name}, revoked"][3] == "1"
    assert rows["1"][1:] == ["opened", "", "", "", "Ann [bold]Lee"]
    assert rows["4"][1:4] == ["charged", "one", "0.000001"]
    assert rows["11"][1:] == ["revoked", name, "", "", "Bo: it ended"]


def test_what_is_shown_to_programs_says_the_same_exactly(desk) -> None:
    opened = ledger_stores.open_ledger(desk.folder / "l.db")
    key = ask(opened, 1)
    found = opened.read_balance("kids")
    opened.close()
    (told,) = json.loads(desk.type("show", "l.db", "--json", "--last", "2"))["populations"]
    assert (told["population"], told["entries"], told["head"]) == ("kids", 4, found.head)
    assert told["used"] == {
        "nano_rho": 1000, "delta_units": 0, "epsilon": cost.find_epsilon(1000, 1e-6), "delta": 1e-6,
    }  # fmt: skip
    assert told["left"]["nano_rho"] == found.balance.left.nano_rho
    assert [each["grant"] for each in told["grants"]] == ["one"]
    charged, answered = told["last_entries"]
    assert (charged["kind"], charged["key"], charged["cost"]["nano_rho"]) == ("charged", key, 1000)
    assert (answered["kind"], answered["charge"]) == ("answered", 3)


def test_verify_prints_a_digest_that_later_shows_whether_something_was_taken_away(desk) -> None:
    said = desk.type("verify", "l.db")
    noted = re.fullmatch(r"kids: 2 entries are whole; (kids=sha256:[0-9a-f]{64})\n", said)[1]
    desk.type("grant", "l.db", "kids", "--epsilon", "1", "--by", "Ann")
    assert "3 entries are whole" in desk.type("verify", "l.db", "--head", noted)
    other = f"kids=sha256:{'0' * 64}"
    assert "entries were taken away" in desk.type("verify", "l.db", "--head", other, code=3)
    assert "write the population, = and the digest" in desk.type("verify", "l.db", "--head", "kids", code=1)
    assert "a digest begins with sha256:" in desk.type("verify", "l.db", "--head", "kids=x", code=1)


def test_a_changed_ledger_is_told_with_the_exit_code_of_damage(desk) -> None:
    with sqlite3.connect(desk.folder / "l.db") as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'entries_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER entries_no_update")
        connection.execute("UPDATE entries SET body = replace(body, 'Ann', 'Eve') WHERE number = 1")
        connection.execute(sql)
    connection.close()
    assert "entry 1 of the population kids was changed" in desk.type("verify", "l.db", code=3)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("show", "nothing.db"), "nothing.db: there is no such ledger; see the spelling"),
        (("verify", "nothing.db"), "there is no such ledger"),
        (("open", "l.db", "kids", "--epsilon", "1", "--by", "Ann"), "has its one budget already"),
        (("open", "l.db", "others", "--epsilon", "0", "--by", "Ann"), "epsilon: 0 buys no answer"),
        (("open", "l.db", "others", "--epsilon", "21", "--by", "Ann"), "ask for at most 20"),
        (("open", "l.db", "Kids", "--epsilon", "1", "--by", "Ann"), "'Kids' is no name"),
        (("grant", "l.db", "others", "--epsilon", "1", "--by", "Ann"), "has no population 'others'"),
        (("grant", "l.db", "kids", "--epsilon", "11", "--by", "Ann"), "lies within that of its population"),
        (
            ("raise", "l.db", "kids", "--epsilon", "12", "--delta", "1e-6", "--by", "Ann", "--reason", "r"),
            "name two people",
        ),
        (
            ("raise", "l.db", "kids", "--epsilon", "9", "--by", "Ann", "--by", "Bo", "--reason", "r"),
            "can only be raised",
        ),
        (("revoke", "l.db", "kids", "two", "--by", "Ann", "--reason", "r"), "has no grant 'two'"),
        (("show", "mysql://root:secret@h/x"), "a ledger is a file or postgresql://…"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_writes_nothing(desk, words, told) -> None:
    before = desk.type("verify", "l.db")
    said = desk.type(*words, code=1)
    assert told in said
    assert "secret" not in said
    assert len(said.splitlines()) == 1
    assert desk.type("verify", "l.db") == before
    assert not (desk.folder / "nothing.db").exists()


def test_a_server_that_does_not_answer_is_neither_yes_nor_no(desk) -> None:
    said = desk.type("show", "postgresql://lightwell:secret@127.0.0.1:9/ledger", code=2)
    assert "does not answer" in said
    assert "secret" not in said


def test_an_empty_ledger_says_how_to_begin(desk) -> None:
    ledger_stores.open_ledger(desk.folder / "empty.db").close()
    assert (
        desk.type("show", "empty.db") == "no population is opened yet; open one with lightwell ledger open\n"
    )
    assert desk.type("verify", "empty.db") == ""
