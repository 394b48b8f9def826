"""Private answers beside the percentages that CDC prints: YRBS 2023, one student a row, epsilon 1 each."""

import csv
import os
import statistics
from pathlib import Path

import pytest
import query_runs

from lightwell.query import codebook, survey

YRBS = Path(__file__).parents[3] / "shared" / "data" / "yrbs"
RUNS = 60
# What a reader of the letter would ask first; all of them are yes/no variables of the printed codebook.
VARIABLES = ("QN24", "QN25", "QN26", "QN27", "QN28", "QN29", "QN42", "QN80", "QN84", "QN106")

pytestmark = pytest.mark.skipif(
    not YRBS.is_dir() and not os.environ.get("LIGHTWELL_TESTS_ALL"), reason="../shared/data/yrbs is not here"
)


def make_codebook():
    """One table of the ten variables, their weights; every bound from CDC's printed codebook and guide."""
    attested = "CDC, YRBS 2023 Data User's Guide"
    yes_no = {"type": "integer", "values": [1, 2], "attested": attested}
    weight = {"type": "real", "low": 0, "high": 25, "step": 0.001, "attested": attested}
    columns = dict.fromkeys(VARIABLES, yes_no) | {"weight": weight}
    table = {"unit": "row_no", "rows_per_child": 1, "attested": attested, "columns": columns}
    return codebook.parse_codebook(
        {
            "codebook": 1,
            "dataset": "yrbs-2023",
            "population": "yrbs-2023-students",
            "delta": 1e-7,
            "budget": {"epsilon": 20.0, "delta": 1e-6},
            "tables": {"answers": table},
        }
    )


def read_printed():
    """How many answered yes and no, and the weighted percentage of yes, of each variable, as printed."""
    counts, shares = {}, {}
    with (YRBS / "published_codebook_2023.csv").open() as file:
        for row in csv.DictReader(file):
            name = row["variable"].upper()
            if name in VARIABLES and row["value"] in ("1", "2"):
                counts.setdefault(name, {})[row["value"]] = int(row["published_n"])
                shares.setdefault(name, {})[row["value"]] = float(row["recomputed_weighted_pct"])
    return counts, shares


def ask_all(runs):
    book, files = make_codebook(), {"answers": YRBS / "yrbs_national_2023.parquet"}
    counts, shares = read_printed()
    found = {}
    for name in VARIABLES:
        values = counts[name]
        yes, no = values["1"], values["2"]
        plain = query_runs.Question(files, book, f"SELECT AVG({name} = 1) AS share FROM answers")
        errors = [
            abs(100 * plain.ask(plain.noisy)[0][0]["share"] - 100 * yes / (yes + no)) for _ in range(runs)
        ]
        clamp = survey.suggest_clamp(yes + no, 1.0)
        text = survey.write_share_query(f"{name} = 1", "answers", "weight", clamp)
        weighted = query_runs.Question(files, book, text)
        printed = shares[name]["1"]
        off = [abs(100 * weighted.share_weights(clamp).share - printed) for _ in range(runs)]
        found[name] = statistics.median(errors), statistics.median(off), clamp
    return found


def judge(found, most=0.3):
    print()
    for name, (plain, weighted, clamp) in found.items():
        print(f"{name}: points off in the median: {plain:.4f}, weighted {weighted:.4f} (clamp {clamp:g})")
    assert all(plain <= 0.05 for plain, _, _ in found.values()), found
    assert all(weighted <= most for _, weighted, _ in found.values()), found


def test_shares_are_near_what_cdc_prints():
    # A median of so few runs is itself off by 0.02 in one standard deviation; QN106, at 0.26, needs the room.
    judge(ask_all(RUNS), most=0.35)


@pytest.mark.full
def test_shares_are_near_what_cdc_prints_in_a_thousand_runs():
    judge(ask_all(1000))
