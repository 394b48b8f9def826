"""The file of a ledger: whose it is, what passes for one, and what a full disk or a stranger does to it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import stat
import subprocess
import sys
import threading
from pathlib import Path

import ledger_stage
import pytest
from ledger_stage import PRICE, make_request

from lightwell.base import errors
from lightwell.engines import ledger_database, ledger_sqlite, ledger_stores
from lightwell.query import entry as entries
from lightwell.query.cost import Cost

STAGE = [sys.executable, ledger_stage.__file__]
CAP = Cost(10**9)


@pytest.fixture
def path(tmp_path) -> Path:
    place = tmp_path / "ledger.db"
    opened = ledger_stores.open_ledger(place)
    opened.open_population("kids", CAP, by="Ann")
    opened.open_grant("kids", "one", CAP, by="Ann")
    opened.charge(make_request(1))
    opened.close()
    return place


def refuse(place: object, kind: type[errors.LightwellError] = errors.UserMistake, **more: bool) -> str:
    with pytest.raises(kind) as caught:
        ledger_stores.open_ledger(place, **more).read_balance("kids")
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_ledger_is_for_its_owner_only_and_every_commit_waits_for_the_disk(path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    database = ledger_sqlite.SqliteDatabase(path)
    asked = {
        name: database.run(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "fullfsync")
    }
    assert asked == {"journal_mode": "wal", "synchronous": 2, "fullfsync": 1}
    database.close()


def test_what_is_no_ledger_is_refused_and_left_as_it_is(tmp_path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("not a database, " * 100)
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as connection:
        connection.execute("CREATE TABLE cookies (name)")
    named = tmp_path / "named.db"
    with contextlib.closing(sqlite3.connect(named)) as connection:
        connection.execute("PRAGMA application_id = 7")
    for place in (text, other, named):
        before = place.read_bytes()
        assert "this file is no ledger; name another" in refuse(place)
        assert place.read_bytes() == before
    assert "a ledger is a file, and this is none" in refuse(tmp_path)
    assert "cannot be opened: No such file or directory" in refuse(tmp_path / "none" / "ledger.db")


def test_a_place_that_is_neither_file_nor_postgres_is_refused() -> None:
    assert refuse("mysql://somebody:secret@host/x") == "a ledger is a file or postgresql://…, not mysql://…"


def test_a_ledger_in_postgres_without_its_driver_says_what_to_install(monkeypatch) -> None:
    monkeypatch.delitem(sys.modules, "lightwell.engines.ledger_postgres", raising=False)
    # A module that was imported before is found in its package as well.
    monkeypatch.delattr("lightwell.engines.ledger_postgres", raising=False)
    monkeypatch.setitem(sys.modules, "psycopg", None)
    said = refuse("postgresql://somebody:secret@host/x", errors.CouldNotCheck)
    assert said == (
        "a ledger in PostgreSQL needs the Python package psycopg; install it with: "
        "pip install 'lightwell[postgres]'"
    )


def test_where_a_ledger_must_be_none_is_made(tmp_path) -> None:
    place = tmp_path / "ledger.db"
    assert "there is no such ledger; see the spelling" in refuse(place, is_new=False)
    assert not place.exists()
    place.touch()
    assert "this file is no ledger" in refuse(place, is_new=False)
    # An empty file is what a crash leaves of making one: it is taken.
    assert ledger_stores.open_ledger(place).read_populations() == []


def test_a_newer_format_is_refused_with_what_to_do(path) -> None:
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 2")
    assert "has the format 2, and this version reads 1: update lightwell" in refuse(path)


@pytest.mark.parametrize("what", ["cut", "overwritten", "header"])
def test_a_damaged_file_is_one_sentence(path, what) -> None:
    data = bytearray(path.read_bytes())
    if what == "cut":
        del data[len(data) // 2 :]
    elif what == "overwritten":
        data[4096:] = os.urandom(len(data) - 4096)
    else:
        data[:16] = b"x" * 16
    path.write_bytes(data)
    for each in ("-wal", "-shm"):
        Path(f"{path}{each}").unlink(missing_ok=True)
    kind = errors.UserMistake if what == "header" else errors.Damaged
    words = "this file is no ledger" if what == "header" else "is damaged: restore it from a backup"
    assert words in refuse(path, kind)


def test_a_ledger_that_is_moved_or_replaced_while_it_is_used_takes_no_charge(path) -> None:
    opened = ledger_stores.open_ledger(path)
    opened.charge(make_request(2))
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    copy.replace(path)
    with pytest.raises(
        errors.Damaged, match="was moved or replaced while it was in use, so no number is shown"
    ):
        opened.charge(make_request(3))
    path.unlink()
    with pytest.raises(errors.UserMistake, match="there is no such ledger"):
        opened.charge(make_request(3))
    opened.close()


def test_who_hangs_with_the_lock_makes_others_wait_and_then_say_so(path, monkeypatch) -> None:
    for module in (ledger_database, ledger_sqlite):
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.2)
    opened = ledger_stores.open_ledger(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as hanging:
        hanging.execute("BEGIN IMMEDIATE")
        with pytest.raises(errors.CouldNotCheck, match="another process has been writing to the ledger"):
            opened.charge(make_request(2))
        # Reading does not wait.
        assert opened.read_balance("kids").balance.used == PRICE
        hanging.execute("ROLLBACK")
    opened.charge(make_request(2))
    opened.close()


@pytest.mark.parametrize("limit", ["size", "pages"])
def test_a_full_disk_while_charging_is_one_sentence_and_no_number_is_shown(path, limit) -> None:
    opened = ledger_stores.open_ledger(path)
    wanted = "pages=30" if limit == "pages" else str(path.stat().st_size + 300_000)
    done = subprocess.run(
        [*STAGE, "fill", str(path), wanted], capture_output=True, text=True, check=True, timeout=120
    )
    assert done.stderr == ""
    kind, sentence, printed = json.loads(done.stdout)
    assert kind == "Damaged"
    assert "so no number is shown" in sentence
    assert "\n" not in sentence
    assert ("is full, so no number" in sentence) == (limit == "pages")
    listed = opened.read_entries("kids")
    charged = {each.key for each in listed if each.kind == entries.CHARGED}
    assert len(printed) > 2
    # The charge of the question that failed may stand; a number without its charge may not.
    assert set(printed) <= charged
    assert len(charged) <= len(printed) + 2
    (found,) = opened.verify()
    assert found.balance.used == Cost(len(charged) * PRICE.nano_rho)
    # With space again, it goes on.
    opened.charge(make_request("after"))
    opened.verify()
    opened.close()


def test_a_disk_that_is_full_before_there_is_a_ledger_is_one_sentence(tmp_path, monkeypatch) -> None:
    def fail(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", fail)
    assert "because its disk is full" in refuse(tmp_path / "ledger.db", errors.Damaged)


def test_a_ledger_made_by_many_at_once_is_made_once(tmp_path) -> None:
    place = tmp_path / "ledger.db"
    program = (
        "import sys; from lightwell.engines import ledger_stores; "
        "print(ledger_stores.open_ledger(sys.argv[1]).read_populations())"
    )
    making = [
        subprocess.Popen([sys.executable, "-c", program, place], stdout=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    assert [each.communicate(timeout=120)[0] for each in making] == ["[]\n"] * 6
    assert ledger_stores.open_ledger(place, is_new=False).verify() == []


def test_a_ledger_that_another_makes_while_it_is_looked_at_is_taken_for_one(tmp_path, monkeypatch) -> None:
    place = tmp_path / "ledger.db"
    ask = ledger_sqlite._ask
    others: list[threading.Thread] = []

    def ask_and_let_another_make(connection, pragma):
        answer = ask(connection, pragma)
        if not others:
            others.append(threading.Thread(target=ledger_stores.open_ledger, args=[place]))
            others[0].start()
            # Long enough to make a ledger, unless what we hold keeps the other waiting.
            others[0].join(timeout=1)
        return answer

    monkeypatch.setattr(ledger_sqlite, "_ask", ask_and_let_another_make)
    assert ledger_stores.open_ledger(place).read_populations() == []
    others[0].join(timeout=120)
    assert ledger_stores.open_ledger(place, is_new=False).verify() == []


def test_a_broken_entry_is_told_by_its_reader(path) -> None:
    opened = ledger_stores.open_ledger(path)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        (sql,) = connection.execute(
            "SELECT sql FROM sqlite_master WHERE name = 'entries_no_update'"
        ).fetchone()
        connection.execute("DROP TRIGGER entries_no_update")
        connection.execute("UPDATE entries SET body = '{}' WHERE number = 2")
        connection.execute(sql)
    with pytest.raises(errors.Damaged, match="an entry of the ledger cannot be read"):
        opened.read_entries("kids")
    opened.close()
