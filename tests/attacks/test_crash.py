"""Crash between charge and release: a number that was seen and never charged.

Reference: attack 16 of the field's list; Lomas charges after computing and before replying.
Twin: charge after the answer: killed in between, it has shown a number and the ledger is empty.
Here: the charge is committed before data is touched; whatever dies later, it stands and no number was shown.
"""

import subprocess
import sys
import textwrap

import attack_stage as stage
import pytest

from lightwell.base import errors
from lightwell.engines import dice, duckdb, ledger_stores

TEXT = "SELECT COUNT(*) AS n FROM usage"
SCRIPT = """
import os, sys
from pathlib import Path
import attack_stage as stage
from lightwell.engines import dice, duckdb
folder, when = Path(sys.argv[1]), sys.argv[2]
files = {"usage": folder / "usage.parquet", "schools": folder / "schools.parquet"}
class Dying(duckdb.DuckDB):
    def _measure(self, bounded):
        if when == "before": os._exit(9)
        found = super()._measure(bounded)
        if when == "measured": os._exit(9)
        return found
    def release(self, bounded, schedule):
        found = super().release(bounded, schedule)
        if when == "drawn": os._exit(9)
        return found
opened = stage.open_session(folder, files, engine=Dying(files, stage.make_codebook(), dice.OpenDP()))
if when == "twin":
    # Answer first, charge later.
    print(opened.engine.release(*[getattr(opened._price(sys.argv[3], 0.5, None, None, None), name) for name in ("bounded", "schedule")])[0].numbers, flush=True)
    os._exit(9)
print(opened.sql(sys.argv[3], epsilon=0.5).rows, flush=True)
"""


def run(folder, when):
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(folder), when, TEXT],
        capture_output=True, text=True, env={"PYTHONPATH": ":".join(filter(None, sys.path))},
    )  # fmt: skip
    assert ended.returncode == 9, ended.stderr
    ledger = ledger_stores.open_ledger(folder / "ledger.sqlite")
    ledger.verify()
    return ended.stdout, [one.kind for one in ledger.read_entries("invented-children")]


def test_a_crash_leaves_a_number_or_a_charge(tmp_path):
    stage.write_files(tmp_path, stage.make_rows(children=40))
    shown, kinds = run(tmp_path, "twin")
    assert shown
    assert "charged" not in kinds
    stage.show("a number, and no charge", "a charge, and no number, at each of three moments")
    for count, when in enumerate(("before", "measured", "drawn"), 1):
        shown, kinds = run(tmp_path, when)
        assert shown == ""
        assert kinds.count("charged") == count
        assert "answered" not in kinds


@pytest.mark.parametrize("error", [MemoryError(), KeyboardInterrupt(), RuntimeError(stage.SECRET)])
def test_what_fails_after_the_charge_stays_charged(tmp_path, error):
    class Failing(duckdb.DuckDB):
        def _measure(self, bounded):
            raise error

    files = stage.write_files(tmp_path, stage.make_rows(children=40))
    opened = stage.open_session(tmp_path, files, engine=Failing(files, stage.make_codebook(), dice.OpenDP()))
    with pytest.raises(BaseException):  # noqa: B017, PT011 - whatever it is, the charge stands
        opened.sql(TEXT, epsilon=0.5)
    kinds = [one.kind for one in opened.ledger.read_entries("invented-children")]
    assert kinds.count("charged") == 1
    assert "answered" not in kinds
    # Asked again it is charged again: no answer was kept.
    working = stage.open_session(tmp_path, files, ledger=opened.ledger)
    working.sql(TEXT, epsilon=0.5)
    assert [one.kind for one in opened.ledger.read_entries("invented-children")].count("charged") == 2
    with pytest.raises(errors.Refused):
        working.sql("SELECT COUNT(*) AS n FROM usage WHERE sad", epsilon=19.0)
