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


@pytest.mark.full
def test_ten_thousand_triples_stay_within_the_declared_sensitivity():
    report = neighbours.Report()
    fresh = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(2, fresh) as processes:
        for part in processes.map(neighbours.audit, [SEED + 10_000 * part for part in range(8)], [1260] * 8):
            report.add(part)
    judge(report)
    assert report.triples > 10_000
    # A bound that nothing comes near would hide a fault, and waste what children's data can tell.
    assert {kind for kind, ratio in report.tightest.items() if ratio > 0.99} == KINDS
