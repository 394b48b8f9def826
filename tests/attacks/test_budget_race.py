"""Budget race: many ask at the same moment, and each sees what was left before the others.

Reference: private-attribution/ipa issue 14 (read, change, write); w3c/attribution issue 371.
Twin: a ledger that reads, then writes: 40 askers at once get far more than the budget pays for.
Here: exactly what the budget pays for; eight processes on SQLite and PostgreSQL in test_ledger_stores.
"""

import concurrent.futures
import dataclasses
import threading

import attack_stage as stage

from lightwell.base import errors
from lightwell.engines import duckdb, ledger_stores
from lightwell.query import session

ASKERS, PAID = 40, 5


class Careless:
    """Reads what is left, then writes what it takes."""

    def __init__(self, left):
        self.left, self.meeting = left, threading.Barrier(ASKERS)

    def charge(self):
        seen = self.left
        self.meeting.wait()
        if seen < 1:
            return False
        self.left = seen - 1
        return True


def test_all_ask_at_the_same_moment(tmp_path):
    with concurrent.futures.ThreadPoolExecutor(ASKERS) as threads:
        careless = Careless(PAID)
        twin = sum(threads.map(lambda _: careless.charge(), range(ASKERS)))
    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    book = stage.make_codebook()
    stage.open_session(tmp_path, files)
    cap = ledger_stores.open_ledger(tmp_path / "ledger.sqlite").read_balance("invented-children").balance.cap
    price = cap.nano_rho // PAID

    def ask(number):
        opened = session.Session(
            duckdb.DuckDB(files, book, stage.NoDice(), threads=1),
            book,
            ledger_stores.open_ledger(tmp_path / "ledger.sqlite"),
        )
        priced = opened._price(
            f"SELECT COUNT(*) AS n FROM usage WHERE grade <> {20 + number}", 0.5, None, None, None
        )
        paid = type(priced.paid)(price)
        opened._price = lambda *_: dataclasses.replace(priced, paid=paid)
        try:
            opened.sql(f"SELECT COUNT(*) AS n FROM usage WHERE grade <> {20 + number}", epsilon=0.5)
            return True
        except errors.Refused:
            return False

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        here = sum(threads.map(ask, range(ASKERS)))
    stage.show(f"{twin} of {ASKERS} answered, {PAID} were paid for", f"{here} of {ASKERS} answered")
    assert twin == ASKERS
    assert here == PAID
