"""Every aggregate on every path loses no more privacy than was paid, as far as 20,000 answers a side can tell.

The auditor is judged: the same answers with half the sensitivity, without a clamp or with half the noise exceed it.
"""

import datetime
import math

import attack_stage as stage
import numpy as np
import privacy_loss
import pytest

from lightwell.engines import dice, duckdb, preparation, prepared, sql
from lightwell.query import bound, codebook, release, survey

SAMPLES = 20_000
EPSILON, DELTA = 4.0, 1e-7
BOOK = codebook.parse_codebook(stage.BOOK)
FULL = {"minutes": 1e6, "messages": 999}
QUESTIONS = {
    "COUNT": ("SELECT COUNT(*) AS n FROM usage", {}),
    "SUM": ("SELECT SUM(messages) AS n FROM usage", {}),
    "AVG": ("SELECT AVG(minutes) AS n FROM usage", {}),
    "VARIANCE": ("SELECT VARIANCE(minutes) AS n FROM usage", {}),
    "STDDEV": ("SELECT STDDEV(messages) AS n FROM usage", {}),
    "MEDIAN": ("SELECT MEDIAN(messages) AS n FROM usage", {}),
    "QUANTILE": ("SELECT QUANTILE(messages, 0.9) AS n FROM usage", {}),
    "COUNT DISTINCT child": ("SELECT COUNT(DISTINCT child) AS n FROM usage", {}),
    "COUNT DISTINCT child by day": ("SELECT day, COUNT(DISTINCT child) AS n FROM usage GROUP BY day", {"groups": 3}),
    "COUNT DISTINCT value": ("SELECT COUNT(DISTINCT grade) AS n FROM usage", {"rows": 1}),
    "private keys": ("SELECT tag, COUNT(*) AS n FROM usage GROUP BY tag", {"groups": 1}),
    "bins": ("SELECT FLOOR(minutes / 100) AS bin, COUNT(*) AS n FROM usage GROUP BY 1", {}),
    "survey share": (survey.write_share_query("sad", "usage", "minutes", 5), {}),
    "one row": ("SELECT AVG(n) AS n, COUNT(*) AS m FROM (SELECT child, SUM(messages) AS n FROM usage GROUP BY child) AS x", {}),
}  # fmt: skip
# Figures that squeeze what the noise hides into few numbers are asked of data on which the squeezed number moves most
# with one child: values are 0 or 1, the victim's two rows are 1. How many other rows are 0 and 1 decides where the
# figure lies: half way between the neighbours' for a quantile of two bins, far at 0 for a spread, whose slopes by
# rows, sum and squares then point where the victim moves them (1, 2, 1 against 1, 1, 1).
STEP = "CASE WHEN messages > 25 THEN 1 ELSE 0 END"
SHARP = {
    "MEDIAN of two bins": (f"SELECT MEDIAN({STEP}) AS n FROM usage", {"rows": 2}, (61, 60)),
    "QUANTILE of two bins": (f"SELECT QUANTILE({STEP}, 0.9) AS n FROM usage", {"rows": 2}, (279, 30)),
    "STDDEV far from the victim": (f"SELECT STDDEV({STEP}) AS n FROM usage", {"rows": 2}, (300, 0)),
    "VARIANCE far from the victim": (f"SELECT VARIANCE({STEP}) AS n FROM usage", {"rows": 2}, (300, 0)),
}
PREPARED = {
    "rank": ("SELECT COUNT(*) AS n, SUM(messages) AS m FROM usage", {"rows": 3}),
    "cube": ("SELECT COUNT(*) AS n FROM usage", {"rows": 8}),
    "rank by day": ("SELECT day, COUNT(DISTINCT child) AS n FROM usage GROUP BY day", {"groups": 3}),
}
SAMPLE = ("COUNT", "private keys")
FAULTS = ("half the sensitivity", "the clamp is missing", "the noise is halved")


def make_side(folder, has_victim):
    """A few children, and one more whose rows reach every bound and stand in groups of their own."""
    victim = stage.make_victim(rows=40, sad=True, **FULL)
    for place, row in enumerate(victim):
        row["day"] = datetime.date(2026, 1, 1 + place % 14)
    return stage.write_files(folder, [*stage.make_rows(children=12), *(victim if has_victim else [])])


@pytest.fixture(scope="module")
def sides(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sides")
    return [make_side(folder / str(has_victim), has_victim) for has_victim in (True, False)]


@pytest.fixture(scope="module")
def make_steps(tmp_path_factory):
    """Neighbours for the questions of `SHARP`: so many children with one row of 0, and of 1, and the victim or not."""

    def make(zeros, ones):
        (row,) = stage.make_victim(rows=1)
        rows = [
            row | {"child": 10_000 + place, "messages": 0 if place < zeros else 50}
            for place in range(zeros + ones)
        ]
        victim, folder = stage.make_victim(rows=2, messages=50), tmp_path_factory.mktemp("steps")
        return [stage.write_files(folder / str(len(more)), [*rows, *more]) for more in (victim, [])]

    return make


def open_files(files, pool):
    return duckdb.DuckDB(files, BOOK, pool, threads=1)


def judge(engines, text, bounds, samples):
    """By how much the claim is exceeded, over the pair that was bought and four along the curve of its rho."""
    asked = [privacy_loss.Question(engine, text, EPSILON, DELTA, **bounds) for engine in engines]
    answers = [one.sample(samples) for one in asked]
    groups = sorted(
        {
            tuple(value for key, value in row.items() if around[key] is None)
            for part in answers
            for shown, ends in part
            for row, around in zip(shown, ends, strict=True)
        },
        key=repr,
    )
    here, there = (privacy_loss.vectorize(part, groups) for part in answers)
    width = max(here.shape[1], there.shape[1])
    here, there = (np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in (here, there))
    rho = asked[0].rho / 1e9
    far = math.sqrt(2 * rho)
    pairs = [
        (EPSILON, DELTA),
        *((eps, privacy_loss.compute_curve(rho, eps) + DELTA) for eps in (0.0, far / 2, far, 2 * far)),
    ]
    return privacy_loss.find_excess(here, there, pairs, len(QUESTIONS) + len(PREPARED) + len(SHARP))


@pytest.fixture(autouse=True)
def _short_intervals(monkeypatch):
    # How finely an interval is worked out from released numbers is nothing about children.
    monkeypatch.setattr(release, "_POINTS", 16)


@pytest.mark.parametrize("name", SAMPLE)
def test_an_aggregate_loses_no_more_than_was_paid_in_a_sample(sides, name):
    excess = judge([open_files(files, privacy_loss.Pool()) for files in sides], *QUESTIONS[name], 2000)
    assert excess <= 0, f"{name}: beyond the claim by {excess}"


@pytest.mark.full
@pytest.mark.parametrize("name", QUESTIONS)
def test_an_aggregate_loses_no_more_than_was_paid(sides, name):
    excess = judge([open_files(files, privacy_loss.Pool()) for files in sides], *QUESTIONS[name], SAMPLES)
    print(f"{name}: {excess:+.4f} from the claim")
    assert excess <= 0


@pytest.mark.full
@pytest.mark.parametrize("name", SHARP)
def test_a_squeezed_figure_loses_no_more_than_was_paid(make_steps, name):
    text, bounds, others = SHARP[name]
    excess = judge(
        [open_files(files, privacy_loss.Pool()) for files in make_steps(*others)], text, bounds, SAMPLES
    )
    print(f"{name}: {excess:+.4f} from the claim")
    assert excess <= 0


@pytest.mark.parametrize("fault", ["half the sensitivity", "the noise is halved"])
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.full if "MEDIAN" in name else ()) for name in SHARP]
)
def test_the_auditor_exceeds_the_claim_of_a_squeezed_figure(make_steps, monkeypatch, fault, name):
    text, bounds, others = SHARP[name]
    factor = break_engine(monkeypatch, fault)
    engines = [open_files(files, privacy_loss.Pool(factor)) for files in make_steps(*others)]
    # Of the median the share hides half of what the noise lets through.
    excess = judge(engines, text, bounds, 14_000 if "MEDIAN" in name else 4000)
    print(f"{name}, {fault}: {excess:+.4f} beyond the claim")
    assert excess > 0


@pytest.mark.full
@pytest.mark.parametrize("name", PREPARED)
def test_a_prepared_path_loses_no_more_than_was_paid(sides, tmp_path, name):
    engines = []
    for place, files in enumerate(sides):
        preparation.prepare(files, BOOK, tmp_path / str(place), salt="the same for neighbours")
        engines.append(prepared.Prepared(tmp_path / str(place), BOOK, privacy_loss.Pool(), threads=1))
    text, bounds = PREPARED[name]
    excess = judge(engines, text, bounds, SAMPLES)
    print(f"{name}: {excess:+.4f} from the claim")
    assert excess <= 0


def break_engine(patch, fault):
    """Put a fault into the engine; returns how the noise is scaled."""
    if fault == "half the sensitivity":
        bind = bound.bind

        def change(*arguments):
            one = bind(*arguments)
            squares = tuple(max(square // 4, 1) for square in one.squares)
            return bound.Bounded(one.plan, one.is_one_row, one.scales, squares, one.group_scale, one.path)

        patch.setattr(bound, "bind", change)
    elif fault == "the clamp is missing":
        patch.setattr(sql, "clamp", lambda text, bounds: text)
    return 0.5 if fault == "the noise is halved" else 1.0


@pytest.mark.parametrize("fault", FAULTS)
def test_the_auditor_exceeds_the_claim_where_there_is_a_fault(sides, monkeypatch, fault):
    factor = break_engine(monkeypatch, fault)
    excess = judge([open_files(files, privacy_loss.Pool(factor)) for files in sides], *QUESTIONS["SUM"], 4000)
    print(f"{fault}: {excess:+.4f} beyond the claim")
    assert excess > 0


@pytest.mark.full
@pytest.mark.parametrize("fault", ["half the sensitivity", "the noise is halved"])
@pytest.mark.parametrize("name", ["COUNT", "COUNT DISTINCT child by day", "bins", "one row"])
def test_the_auditor_exceeds_the_claim_on_other_paths_too(sides, monkeypatch, fault, name):
    factor = break_engine(monkeypatch, fault)
    engines = [open_files(files, privacy_loss.Pool(factor)) for files in sides]
    # An average beside its count shows the less of what the noise lets through.
    excess = judge(engines, *QUESTIONS[name], 24_000 if name == "one row" else 8000)
    print(f"{name}, {fault}: {excess:+.4f} beyond the claim")
    assert excess > 0


def test_a_group_of_one_child_is_found_where_there_is_no_threshold(sides, monkeypatch):
    monkeypatch.setattr(privacy_loss.noise, "find_threshold", lambda *_: -(10**9))
    assert (
        judge([open_files(files, privacy_loss.Pool()) for files in sides], *QUESTIONS["private keys"], 1000)
        > 0
    )


@pytest.mark.parametrize("sigma", [0.8, 3.7, 250.5])
def test_the_noise_drawn_is_the_exact_discrete_gaussian(sigma):
    """Pearson's chi-squared over about forty cells, at one in a million (Wilson and Hilferty 1931)."""
    count = 60_000
    drawn = np.array(dice.OpenDP().add_noise([0] * count, sigma, 1, math.ceil(1e9 / (2 * sigma**2)) + 1))
    reach = math.ceil(8 * sigma)
    places = np.arange(-reach, reach + 1)
    weights = np.exp(-(places**2) / (2 * sigma**2))
    width = max(1, int(sigma / 5))
    cells = [
        (places[start : start + width], weights[start : start + width].sum())
        for start in range(0, len(places), width)
    ]
    whole, statistic, freedom, rest, rest_found = weights.sum(), 0.0, -1, 0.0, 0
    for part, weight in cells:
        expected, found = count * weight / whole, int(((drawn >= part[0]) & (drawn <= part[-1])).sum())
        if expected < 10:
            rest, rest_found = rest + expected, rest_found + found
            continue
        statistic, freedom = statistic + (found - expected) ** 2 / expected, freedom + 1
    statistic, freedom = (
        statistic
        + (
            rest_found
            + count
            - sum(int(((drawn >= part[0]) & (drawn <= part[-1])).sum()) for part, _ in cells)
            - rest
        )
        ** 2
        / max(rest, 1e-9),
        freedom + 1,
    )
    line = 2 / (9 * freedom)
    most = freedom * (1 - line + privacy_loss.NORMAL.inv_cdf(1 - 1e-6) * math.sqrt(line)) ** 3
    assert statistic < most, (statistic, freedom)
    # A normal number rounded to whole ones is another distribution, and is told apart where it matters.
    if sigma < 1:
        twin = np.rint(np.random.default_rng(3).normal(0, sigma, count))
        off = sum(
            (int((twin == place).sum()) - count * weight / whole) ** 2 / (count * weight / whole)
            for place, weight in zip(places, weights, strict=True)
            if count * weight / whole >= 10
        )
        assert off > most


def test_a_bound_of_a_share_is_that_of_clopper_and_pearson():
    # From their tables: 10 of 100 at 95 %.
    assert math.isclose(privacy_loss.bound_share(10, 100, 0.025, upper=False), 0.0490, abs_tol=1e-4)
    assert math.isclose(privacy_loss.bound_share(10, 100, 0.025, upper=True), 0.1762, abs_tol=1e-4)
    assert math.isclose(privacy_loss.bound_share(0, 100, 0.025, upper=True), 0.0362, abs_tol=1e-4)
