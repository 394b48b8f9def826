"""The demo's private questions, on fewer children: prepared, paid, answered, and one answer put on record."""

from __future__ import annotations

import datetime
import math
import subprocess
import sys
from pathlib import Path

import disclosure_fixture
import pytest
import query_fixture
from click.testing import CliRunner

from lightwell.actions import bundles, datasets, log, query_records
from lightwell.base import errors
from lightwell.cli import verify as command
from lightwell.client import verify
from lightwell.engines import ledger_stores
from lightwell.files import foundation
from lightwell.files.state import State
from lightwell.query import entry as entries
from lightwell.sample import asking
from lightwell.sample.timeline import Cast

pytestmark = pytest.mark.django_db
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
SECOND = Path(__file__).parents[1] / "independent/verify.py"
CHILDREN = 24_000


@pytest.fixture
def desk(tmp_path: Path) -> disclosure_fixture.Desk:
    foundation.lay_foundation(tmp_path / "state", origin="log.example/questions")
    return disclosure_fixture.Desk(State(tmp_path / "state"))


@pytest.fixture
def asked(desk: disclosure_fixture.Desk, tmp_path: Path) -> asking.Asking:
    query_fixture.publish_dataset(desk)
    cast = Cast(desk.state, tmp_path, tmp_path, desk.ana, desk.ben)
    found = asking.Asking(cast, tmp_path, lambda _: None, children=CHILDREN)
    for step in found.list_steps():
        step.act(NOW)
    return found


def test_the_three_answers_are_near_what_is_true_and_paid_for_once_each(asked: asking.Asking) -> None:
    assert asked.truth is not None
    assert len(asked.figures) == len(asked.truth.late) + len(asked.truth.often) + 1
    for figure in asked.figures:
        # Six half-widths are twelve standard deviations of the noise; no draw of a sample is so far off.
        wide = 6 * (figure.high - figure.low) / 2
        assert math.isfinite(wide)
        assert abs(figure.value - figure.truth) < wide, figure
        assert wide < 0.3, figure
    state = asked.cast.state
    ledger = ledger_stores.open_ledger(datasets.place_ledger(state), is_new=False)
    kinds = [each.kind for each in ledger.read_entries("larkfield-children")]
    found = ledger.read_balance("larkfield-children")
    ledger.verify()
    ledger.close()
    charge = [entries.CHARGED, entries.ANSWERED]
    opening = [entries.OPENED, entries.GRANTED, entries.GRANTED]
    assert kinds == [*opening, *charge * 2, *charge * 3, entries.PUBLISHED]
    prepared, researcher = sorted(found.grants, key=lambda each: each.id)
    assert [prepared.id, researcher.id] == [asking.PREPARING, asking.GRANT]
    assert prepared.balance.left.nano_rho == 0
    assert found.balance.used.nano_rho == prepared.balance.used.nano_rho + researcher.balance.used.nano_rho
    said = "\n".join(asked.lines)
    assert said.count("for good") == 5
    assert said.count("\nleft: ") == said.count("true of the invented children: ") == 3
    assert said.count("charge: epsilon 0.15 ") == 2
    # What the bound leaves out is told for each table, and beside the answer that is about a table's rows.
    assert said.count("The bound leaves out") + said.count("Too few children have more than") == 3
    assert "How many rows the bound leaves out is not known" not in said
    assert "sample data" in said
    assert f"/records/{asked.record}/" in said


def test_one_answer_is_on_record_and_a_changed_byte_of_it_is_named_by_both_verifiers(
    asked: asking.Asking, tmp_path: Path
) -> None:
    state = asked.cast.state
    answered = query_records.find_answered(state, asked.record)
    assert answered is not None
    assert answered.dataset == asking.DATASET
    assert answered.record.body["question"] == asking.OFTEN
    log.count_day(state=state, now=NOW)
    log.publish_checkpoint(state=state, now=NOW)
    bundle = tmp_path / "bundle"
    bundles.write_bundle(state=state, folder=bundle)
    verdict = verify.verify_bundle(bundle)
    assert verdict.private_answers.items() >= {"answers": 1, "numbers": 2, "without_codebook": []}.items()
    (place,) = [each for each in bundle.rglob("*") if each.is_file() and each.read_bytes() == answered.answer]
    second = subprocess.run([sys.executable, SECOND, bundle], capture_output=True, text=True)
    assert second.returncode == 0, second.stdout
    for at in (0, len(answered.answer) // 2, -1):
        changed = bytearray(answered.answer)
        changed[at] ^= 1
        place.write_bytes(changed)
        first = CliRunner().invoke(command.verify, [str(bundle)])
        second = subprocess.run([sys.executable, SECOND, bundle], capture_output=True, text=True)
        for code, said in ((first.exit_code, first.output), (second.returncode, second.stdout)):
            assert code == 1
            assert said.startswith(f"refused: {place.relative_to(bundle).as_posix()}")
    place.write_bytes(answered.answer)


def test_a_published_answer_is_free_and_the_others_are_paid_again_by_another_grant(
    asked: asking.Asking,
) -> None:
    state = asked.cast.state
    answered = query_records.find_answered(state, asked.record)
    assert answered is not None
    ledger = ledger_stores.open_ledger(datasets.place_ledger(state), is_new=False)
    key = str(answered.record.body["answer"])
    assert ledger.find_answer("larkfield-children", key) == answered.answer
    others = [
        each.key
        for each in ledger.read_entries("larkfield-children")
        if each.kind == entries.ANSWERED and each.key != key
    ]
    assert [ledger.find_answer("larkfield-children", other) for other in others] == [None] * 4
    ledger.close()


def test_without_the_record_of_the_data_set_nothing_is_prepared(
    desk: disclosure_fixture.Desk, tmp_path: Path
) -> None:
    cast = Cast(desk.state, tmp_path, tmp_path, desk.ana, desk.ben)
    found = asking.Asking(cast, tmp_path, lambda _: None, children=100)
    with pytest.raises(errors.Damaged, match="not on record"):
        found.prepare(NOW)
    assert not datasets.place_ledger(desk.state).exists()
