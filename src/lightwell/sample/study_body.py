"""Findings of the study “Body image and comparison” (LF-BI): what recommended clips about looks go with.

Rules: the share of such clips comes from the records and lies between 0 and 1; quartiles are cut over the whole
panel. Absent: how the recommender works; the report describes it on pages that are held back.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import instrument, simulation
from lightwell.sample.estimates import Estimate, estimate_mean, estimate_share, pool, regress, show, subtract
from lightwell.sample.world import Chart, Findings, Series, Table, World, select

QUARTERS = ("lowest quarter", "second", "third", "highest quarter")
ASKED = ("b1", "b2", "b4", "b5", "b6")


def find(world: World) -> Findings:
    """Compute everything that the documents about body image print, from the simulation alone."""
    out = Findings()
    _describe_exposure(world, out)
    _relate_answers(world, out)
    _judge_control(world, out)
    _list_interviews(out)
    _check_label(world, out)
    return out


def _check_label(world: World, out: Findings) -> None:
    """2,000 clips, labelled by two people and the classifier: agreement, and what the classifier misses."""
    rng = simulation.make_generator(world.seed, 6)
    truth = rng.random(2_000) < world.panel.children.appearance.mean()
    first, second = (np.where(rng.random(2_000) < 0.045, ~truth, truth) for _ in range(2))
    machine = np.where(truth, rng.random(2_000) < 0.84, rng.random(2_000) < 0.07)
    both = first & second
    out.numbers |= {
        "bi_agree_people": estimate_share(first == second), "bi_agree_machine": estimate_share(first == machine),
        "bi_agree_recall": estimate_share(machine[both]),
    }  # fmt: skip
    out.claims["the label agrees in four of five"] = out.numbers["bi_agree_machine"].low > 0.8


def _quarter(world: World) -> np.ndarray:
    share = world.panel.children.appearance
    return np.digitize(share, np.quantile(share, [0.25, 0.5, 0.75]))


def _count(world: World, key: str) -> np.ndarray:
    return world.panel.survey.items[:, :, instrument.COLUMN[key]] >= instrument.BY_KEY[key].cut


def _describe_exposure(world: World, out: Findings) -> None:
    who = world.panel.children
    cuts = np.quantile(who.appearance, [0.25, 0.5, 0.75])
    out.numbers |= {
        f"bi_cut{k + 1}": Estimate(float(c), float("nan"), float("nan"), len(who)) for k, c in enumerate(cuts)
    }
    out.numbers["bi_share"] = estimate_mean(who.appearance)
    rows = []
    for band, name in enumerate(simulation.BANDS):
        for gender in (0, 1):
            mine = (who.band == band) & (who.gender == gender)
            values = who.appearance[mine]
            e = estimate_mean(values)
            out.numbers[f"bi_share_{'gb'[gender]}{band}"] = e
            tenth = np.quantile(values, [0.1, 0.5, 0.9])
            rows.append((name if gender == 0 else "", simulation.GENDERS[gender] + "s", f"{e.n:,}", show(e, "pct"),
                         *(f"{t * 100:.1f}" for t in tenth)))  # fmt: skip
    out.tables["bi_share"] = Table(
        "Share of recommended clips about looks, per cent, in the eight weeks before wave 1",
        ("Age", "Gender", "Children", "Mean", "10th percentile", "Median", "90th percentile"), tuple(rows),
        "About looks: labelled so by the provider's own classifier, checked by hand on 2,000 clips (section 3.3).", 2,
    )  # fmt: skip
    out.charts["bi_share"] = Chart(
        "bars", "Share of recommended clips about looks, by age and gender", "age", "per cent of recommended clips",
        simulation.BANDS,
        tuple(Series(simulation.GENDERS[g] + "s", tuple(out.numbers[f"bi_share_{'gb'[g]}{b}"] for b in range(3)))
              for g in (0, 1)), 100, "Bars: 95 % intervals.",
    )  # fmt: skip
    teen = (who.band == 1) & (who.gender == 0)
    out.claims["one girl in ten sees more than three in five"] = (
        float(np.quantile(who.appearance[teen], 0.9)) > 0.6
    )
    out.claims["girls are recommended more clips about looks"] = all(
        out.numbers[f"bi_share_g{b}"].low > out.numbers[f"bi_share_b{b}"].high for b in range(3)
    )


def _relate_answers(world: World, out: Findings) -> None:
    who = world.panel.children
    quarter = _quarter(world)
    rows = []
    for gender in (0, 1):
        for q, name in enumerate(QUARTERS):
            mask = select(world.panel, gender=gender) & (quarter == q)[:, None]
            cells = [pool(_count(world, key), mask) for key in ASKED]
            for key, e in zip(ASKED, cells, strict=True):
                out.numbers[f"bi_{key}_{'gb'[gender]}{q + 1}"] = e
            rows.append((simulation.GENDERS[gender] + "s" if q == 0 else "", name, f"{cells[0].n:,}",
                         *(show(e, "pct") for e in cells)))  # fmt: skip
    out.tables["bi_quarters"] = Table(
        "Answers by share of clips about looks, per cent of child-weeks",
        ("", "Clips about looks", "Children", "Compared (B1)", "Felt worse (B2)", "Stayed out (B4)", "Likes looks (B5)",
         "Kept coming (B6)"), tuple(rows),
        "B1, B2, B4, B6: several times a week or more. B5: quite or very much like me, where more is better. Quarters of "
        "the whole panel, all four waves.", 2, (0.07, 0.14, 0.09, 0.14, 0.14, 0.14, 0.14, 0.14),
    )  # fmt: skip
    for key in ("b1", "b2", "b6"):
        item = instrument.BY_KEY[key]
        out.charts[f"bi_{key}"] = Chart(
            "points", f"Share who {item.short}, by share of clips about looks", "quarter of the panel by clips about looks",
            "per cent of child-weeks", QUARTERS,
            tuple(Series(simulation.GENDERS[g] + "s", tuple(out.numbers[f"bi_{key}_{'gb'[g]}{q}"] for q in range(1, 5)))
                  for g in (0, 1)), 100, "Bars: 95 % intervals, clustered by child.",
        )  # fmt: skip
    rows = []
    for key in ("b1", "b2", "b4", "b5"):
        answers = world.panel.survey.items[:, :, instrument.COLUMN[key]]
        for gender in (0, 1):
            mask = select(world.panel, gender=gender)
            child = np.nonzero(mask)[0]
            ages = [who.age[child] == a for a in range(11, 18)]
            places = [who.country[child] == c for c in range(1, 6)]
            plain = regress(answers[mask], [who.appearance[child] * 10], child)[0]
            full = regress(answers[mask], [who.appearance[child] * 10, *ages, *places], child)[0]
            out.numbers[f"bi_slope_{key}_{'gb'[gender]}"] = full
            rows.append((f"{key.upper()} {instrument.BY_KEY[key].wording}" if gender == 0 else "",
                         simulation.GENDERS[gender] + "s", show(plain, "num3"), show(full, "num3")))  # fmt: skip
    out.tables["bi_models"] = Table(
        "Points on the five-point answer for ten points more of clips about looks",
        ("Question", "Gender", "Not adjusted", "Adjusted for age and country"), tuple(rows),
        "Least squares, intervals clustered by child. Children are compared with other children: the share was recorded "
        "once, so no comparison of a child with itself is possible.", 2, (0.42, 0.1, 0.24, 0.24),
    )  # fmt: skip
    teen_girls = select(world.panel, gender=0, band=1)
    low = world.panel.survey.items[:, :, instrument.COLUMN["m1"]] >= instrument.BY_KEY["m1"].cut
    worse = _count(world, "b2")
    out.numbers |= {
        "bi_teen_girls_b1": pool(_count(world, "b1"), teen_girls), "bi_teen_girls_b2": pool(worse, teen_girls),
        "bi_low_worse": pool(low, select(world.panel) & worse), "bi_low_not": pool(low, select(world.panel) & ~worse),
        "bi_b6_all": pool(_count(world, "b6"), select(world.panel)), "bi_b1_all": pool(_count(world, "b1"), select(world.panel)),
        "bi_b1_not": pool(~_count(world, "b1"), select(world.panel)),
        "bi_gap_g": subtract(out.numbers["bi_b2_g4"], out.numbers["bi_b2_g1"]),
        "bi_gap_b": subtract(out.numbers["bi_b2_b4"], out.numbers["bi_b2_b1"]),
        "bi_young_girls_b2": pool(worse, select(world.panel, gender=0, band=0) & (quarter == 3)[:, None]),
    }  # fmt: skip
    gaps = [
        (band, subtract(pool(worse, select(world.panel, gender=0, band=band) & (quarter == 3)[:, None]),
                        pool(worse, select(world.panel, gender=0, band=band) & (quarter == 0)[:, None])))
        for band in range(3)
    ]  # fmt: skip
    out.tables["bi_ages"] = Table(
        "Girls who felt worse about their body: highest against lowest quarter, points", ("Age", "Children", "Difference"),
        tuple((simulation.BANDS[b], f"{e.n:,}", show(e, "pts")) for b, e in gaps),
        "Difference in the share answering several times a week or more to B2.", 1, (0.2, 0.2, 0.4),
    )  # fmt: skip
    out.claims["more clips, more comparison, girls"] = out.numbers["bi_slope_b1_g"].low > 0
    out.claims["more clips, more comparison, boys"] = out.numbers["bi_slope_b1_b"].low > 0
    out.claims["the slope is steeper for girls"] = (
        out.numbers["bi_slope_b1_g"].low > out.numbers["bi_slope_b1_b"].high
    )
    out.claims["girls in the highest quarter feel worse"] = out.numbers["bi_gap_g"].low > 0.04
    out.claims["present in every age group of girls"] = all(e.low > 0 for _, e in gaps)
    out.claims["feeling worse goes with feeling low"] = (
        out.numbers["bi_low_worse"].low > out.numbers["bi_low_not"].high
    )


def _judge_control(world: World, out: Findings) -> None:
    who = world.panel.children
    shares = [estimate_mean(who.appearance[who.see_less == arm]) for arm in (0, 1)]
    out.numbers["bi_control_share"] = subtract(shares[1], shares[0])
    rows = [("Clips about looks, per cent of recommended", show(shares[0], "pct"), show(shares[1], "pct"),
             show(out.numbers["bi_control_share"], "pts"))]  # fmt: skip
    for key in ("b6", "b2", "b1"):
        arms = [pool(_count(world, key), select(world.panel, see_less=arm)) for arm in (0, 1)]
        out.numbers[f"bi_control_{key}"] = subtract(arms[1], arms[0])
        rows.append((f"{key.upper()}: {instrument.BY_KEY[key].short}, %", show(arms[0], "pct"), show(arms[1], "pct"),
                     show(out.numbers[f"bi_control_{key}"], "pts")))  # fmt: skip
    out.tables["bi_control"] = Table(
        "The control “See less of this”, offered to one half of the panel by coin",
        ("Measure", "Not offered", "Offered", "Difference, points"), tuple(rows),
        f"Not offered: {int((who.see_less == 0).sum()):,} children; offered: {int((who.see_less == 1).sum()):,}. Analysed as "
        "offered, whether or not a child used it.", 1, (0.4, 0.2, 0.2, 0.2),
    )  # fmt: skip
    out.claims["the control hardly changes what is shown"] = (
        -0.035 < out.numbers["bi_control_share"].value < 0
    )
    worse = out.numbers["bi_control_b2"]
    out.numbers["bi_control_caution"] = (
        "This interval includes zero as well." if worse.low < 0 < worse.high else
        "This interval excludes zero, as one of three outcomes; H5 named B6, and we do not exchange the registered outcome "
        "for another one after seeing the results."
    )  # fmt: skip
    out.claims["the control does something"] = out.numbers["bi_control_share"].high < 0
    out.claims["the control does not change what children say"] = (
        abs(out.numbers["bi_control_b6"].value) < 0.015
    )


def _list_interviews(out: Findings) -> None:
    out.tables["bi_interviews"] = Table(
        "Interviews, by place, age and group", ("Place", "Age 11–12", "Age 13–15", "Age 16–17", "All"),
        (("Lyon", "2", "4", "2", "8"), ("Göteborg", "2", "3", "2", "7"), ("Évora", "2", "3", "2", "7"),
         ("Sligo", "1", "3", "3", "7"), ("Köln", "2", "3", "2", "7"), ("all", "9", "16", "11", "36")),
        "Twenty-three girls, eleven boys, two who gave another gender. Forty to sixty minutes, one interviewer, a place "
        "chosen by the child.", 1, strong=(5,),
    )  # fmt: skip
