"""Ten thousand triples of query, table and child: no vector moves by more than its declared sensitivity."""

import concurrent.futures
import multiprocessing
import os
import secrets

import neighbours
import pytest

SEED = int(os.environ.get("LIGHTWELL_QUERY_SEED") or secrets.randbelow(1_000_000))
KINDS = {"bins", "children", "distinct", "rows", "squares", "total"}


def judge(report):
    print(f"LIGHTWELL_QUERY_SEED={SEED}: {report.show()}")
    assert not report.findings, report.findings[:3]


def test_a_sample_of_triples_stays_within_the_declared_sensitivity():
    judge(neighbours.audit(SEED, 300))


def test_a_sample_of_triples_over_prepared_data_stays_within_it(tmp_path):
    report = neighbours.audit(SEED, 120, queries=200, stage=neighbours.PreparedStage(tmp_path))
    judge(report)
    assert {"rank", "cube"} >= set(report.paths)


def test_a_sample_of_triples_over_weeks_stays_within_it(tmp_path):
    report = neighbours.audit(SEED, 60, queries=200, stage=neighbours.WeeklyStage(tmp_path))
    judge(report)
    assert {"rank", "cube"} >= set(report.paths)


@pytest.mark.full
def test_over_weeks_no_vector_moves_further(tmp_path):
    report = neighbours.Report()
    for part in range(3):
        place = tmp_path / str(part)
        place.mkdir()
        stage = neighbours.WeeklyStage(place, judges_weighted=part == 0)
        report.add(neighbours.audit(SEED + 10_000 * part, 500, queries=400, stage=stage))
    judge(report)
    assert set(report.paths) == {"rank", "cube", "weighted"}
    assert all(report.tightest[kind] > 0.99 for kind in ("rows", "total", "children"))


@pytest.mark.parametrize("places", [1, pytest.param(12, marks=pytest.mark.full)])
def test_what_is_bought_at_preparation_moves_no_further_than_is_said(tmp_path, places):
    stage = neighbours.PreparedStage(tmp_path)
    findings, tightest, triples = neighbours.audit_purchases(SEED, places, stage)
    near = ", ".join(f"{kind} {float(ratio):.4f}" for kind, ratio in sorted(tightest.items()))
    print(f"LIGHTWELL_QUERY_SEED={SEED}: {triples} triples of purchases; squared distance over bound: {near}")
    assert not findings, findings[:3]
    assert tightest["rows"] == 1
    # Half of the bound is for a child whose values are all known and at one end.
    assert tightest["means"] > 0.5


@pytest.mark.full
def test_prepared_again_without_a_child_no_vector_moves_further(tmp_path):
    """Ranks, flags and cubes of two thousand triples, and the weighted path over prepared rows."""
    report = neighbours.Report()
    for part in range(4):
        place = tmp_path / str(part)
        place.mkdir()
        stage = neighbours.PreparedStage(place, judges_weighted=part == 0)
        report.add(neighbours.audit(SEED + 10_000 * part, 500, queries=400, stage=stage))
    judge(report)
    assert set(report.paths) == {"rank", "cube", "weighted"}
    assert all(report.tightest[kind] > 0.99 for kind in KINDS - {"distinct"})


@pytest.mark.full
def test_ten_thousand_triples_stay_within_the_declared_sensitivity():
    report = neighbours.Report()
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, fresh) as processes:
        for part in processes.map(neighbours.audit_part, [SEED] * 8, [1260] * 8, range(8)):
            report.add(part)
    judge(report)
    assert report.triples > 10_000
    # A bound that nothing comes near would hide a fault, and waste what children's data can tell.
    assert {kind for kind, ratio in report.tightest.items() if ratio > 0.99} == KINDS
