"""The demo's private questions as it leaves them: paid for, one answer on record, and pages about it."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from pathlib import Path

from lightwell.base import canonical
from lightwell.engines import ledger_stores
from lightwell.query import entry as entries
from lightwell.sample import asking

ROOT = Path(__file__).parents[2]
LIGHTWELL = [sys.executable, "-c", "from lightwell.cli.main import main; main()"]


def find_record(home: Path) -> dict:
    """The record of the one private answer in the demo's bundle."""
    found = []
    for path in (home / "bundle").rglob("*.json"):
        value = canonical.decode(path.read_bytes()) if b'"query-release"' in path.read_bytes() else None
        if isinstance(value, dict) and "publisher" in value:
            found.append(value)
    (record,) = found
    return record


def test_three_questions_were_paid_for_and_one_answer_is_free_for_everybody(home: Path) -> None:
    ledger = ledger_stores.open_ledger(home / "state/ledger.sqlite", is_new=False)
    (population,) = ledger.verify()
    found = ledger.read_entries(population.id)
    ledger.close()
    paid = [each.grant for each in found if each.kind == entries.CHARGED]
    # What preparing buys, once for each table, is paid by a grant of its own.
    assert (len(paid), paid.count(asking.PREPARING)) == (5, 2)
    assert sum(each.cost.nano_rho for each in found if each.cost) == population.balance.used.nano_rho
    assert [each.key for each in found if each.kind == entries.PUBLISHED] == [
        find_record(home)["body"]["answer"]
    ]
    assert (home / "state/datasets/larkfield-use/manifest.json").is_file()


def test_the_answer_on_record_says_that_alerts_keep_children_up_and_both_verifiers_hold_it(
    home: Path,
) -> None:
    usual, quiet = (each["value"] for each in find_record(home)["body"]["numbers"])
    assert 0.27 < usual < 0.295
    assert 0.19 < quiet < 0.21
    first = subprocess.run([*LIGHTWELL, "verify", home / "bundle"], capture_output=True, text=True)
    assert first.returncode == 0
    assert "1 private answer with 2 numbers" in first.stdout
    second = [sys.executable, ROOT / "tests/independent/verify.py", home / "bundle"]
    assert subprocess.run(second, capture_output=True).returncode == 0


def test_the_pages_that_the_demo_names_are_there(home: Path, site: str) -> None:
    record = find_record(home)
    for place, words in (
        ("/datasets/", "Use of Larkfield by children in four weeks of 2025"),
        (f"/datasets/{record['body']['dataset']['id']}/try/", "SELECT"),
        (f"/records/{record['id']}/", record["body"]["title"]),
    ):
        with urllib.request.urlopen(site + place) as answer:
            assert words in answer.read().decode(), place
