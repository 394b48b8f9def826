"""Averaging: the same question asked again and again, until the noise is gone.

Reference: Uber's sql-differential-privacy, issue 5; measured at SmartNoise SQL, which served 300 repeats.
Twin: the exact number, from the mean of 3,000 answers of the engine with neither kept answers nor a budget.
Here: one answer, the same bytes each time, charged once.
"""

import attack_stage as stage

TEXT = "SELECT COUNT(DISTINCT child) AS n FROM usage WHERE grade = 12"


def test_the_noise_averages_out(tmp_path):
    files = stage.write_files(tmp_path, [*stage.make_rows(), *stage.make_victim()])
    twin = stage.FreshEngine(files, stage.make_codebook())
    mean = sum(twin.ask(TEXT, epsilon=1.0)[0]["n"] for _ in range(3000)) / 3000
    assert round(mean) == 1
    opened = stage.open_session(tmp_path, files)
    bodies = {opened.sql(TEXT, epsilon=0.1).body for _ in range(40)}
    used = opened.ledger.read_balance("invented-children").balance.used
    charges = [one for one in opened.ledger.read_entries("invented-children") if one.kind == "charged"]
    stage.show(
        f"mean of 3,000 answers: {mean:.2f} for 1",
        f"{len(bodies)} answer, {len(charges)} charge of {used.nano_rho} nano-rho",
    )
    assert len(bodies) == 1
    assert len(charges) == 1
