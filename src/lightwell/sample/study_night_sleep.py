"""Second half of the findings of LF-NS: sleep, the hold-out of night alerts, mood, and whether the result holds.

Rules as in `study_night`. The order is that of the protocol: model A, B and C, then the hold-out as assigned.
Absent: any tuning; the five robustness analyses are those that the protocol lists.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import estimates, instrument, simulation
from lightwell.sample.estimates import (
    Estimate,
    estimate_mean,
    estimate_share,
    pool,
    regress,
    regress_within,
    show,
)
from lightwell.sample.world import Chart, Findings, Series, Table, World, select

NIGHT_GROUPS = ("no night", "1 night", "2 nights", "3 or 4 nights", "5 to 7 nights")
SLEEP_GROUPS = ("under 7", "7 to under 8", "8 to under 9", "9 and more")


def group_nights(nights: np.ndarray) -> np.ndarray:
    """Sort numbers of nights a week into the groups of the printed tables: 0, 1, 2, 3 to 4, 5 and more."""
    return np.digitize(nights, [1, 2, 3, 5])


def relate_sleep(world: World, out: Findings) -> None:
    """Find how sleep goes with nights of use: tables, charts and the numbers that the text quotes."""
    survey, who = world.panel.survey, world.panel.children
    everyone = select(world.panel)
    groups, sleep = group_nights(survey.nights), survey.sleep
    child = np.nonzero(everyone)[0]
    nights = survey.nights[everyone].astype(float)
    tired = survey.items[:, :, instrument.COLUMN["s3"]] >= instrument.BY_KEY["s3"].cut
    many, none = everyone & (survey.nights >= 3), everyone & (survey.nights == 0)
    pair = many | none
    gap = regress(sleep[pair], [survey.nights[pair] >= 3], np.nonzero(pair)[0])[0]
    dummies = [(who.age[child] == a) for a in range(11, 18)] + [
        (who.country[child] == c) for c in range(1, 6)
    ]
    adjusted = regress(sleep[everyone], [nights, who.gender[child] == 0, *dummies], child)[0]
    within = regress_within(sleep[everyone], nights, child)
    crude = regress(sleep[everyone], [nights], child)[0]
    out.numbers |= {
        "ns_sleep_all": pool(sleep, everyone),
        "ns_gap": gap, "ns_crude": crude, "ns_adjusted": adjusted, "ns_within": within,
        "ns_short": pool(sleep < 8, everyone), "ns_short_many": pool(sleep < 8, many),
        "ns_short_none": pool(sleep < 8, none), "ns_tired_many": pool(tired, many), "ns_tired_none": pool(tired, none),
        "ns_within_week5": Estimate(within.value * 5, within.low * 5, within.high * 5, within.n),
    }  # fmt: skip
    rows = []
    for g, name in enumerate(NIGHT_GROUPS):
        mine = everyone & (groups == g)
        rows.append((name, f"{int(mine.sum()):,}", show(pool(sleep, mine), "num2"), show(pool(sleep < 8, mine), "pct"),
                     show(pool(sleep < 7, mine), "pct"), show(pool(tired, mine), "pct")))  # fmt: skip
    out.tables["ns_sleep"] = Table(
        "Sleep by nights of use after midnight",
        ("Nights", "Child-weeks", "Hours of sleep", "Under 8 h, %", "Under 7 h, %", "Tired in lessons, %"),
        tuple(rows), "Hours on an average school night of the same week, as the child reports them, to the quarter hour. "
        "Tired in lessons: question S3, several times a week or more.", 1, (0.14, 0.12, 0.2, 0.18, 0.18, 0.18),
    )  # fmt: skip
    out.charts["ns_sleep"] = Chart(
        "points", "Mean hours of sleep by nights of use after midnight and age", "nights of the week with use after midnight",
        "hours on a school night", NIGHT_GROUPS,
        tuple(Series(f"age {name}", tuple(pool(sleep, everyone & (groups == g) & (who.band == b)[:, None])
                                          for g in range(5))) for b, name in enumerate(simulation.BANDS)),
        1, "Bars: 95 % intervals. The axis does not begin at zero.", False,
    )  # fmt: skip
    rows = []
    for label, e in (("A. No adjustment", crude), ("B. Adjusted for age in years, gender, country", adjusted),
                     ("C. Within the same child over the waves", within)):  # fmt: skip
        rows.append((label, f"{e.value * 60:.1f}".replace("-", "−"),
                     f"{e.low * 60:.1f} to {e.high * 60:.1f}".replace("-", "−"), f"{e.n:,}"))  # fmt: skip
    out.tables["ns_models"] = Table(
        "Change in sleep for each further night of use after midnight", ("Model", "Minutes", "95 % interval", "Children"),
        tuple(rows), "Least squares; intervals clustered by child. Model C compares each child only with itself, so "
        "nothing that stays the same about a child can explain it.", 1, (0.5, 0.14, 0.22, 0.14),
    )  # fmt: skip
    rows = []
    for band, name in enumerate(simulation.BANDS):
        for gender in (0, 1):
            mine = everyone & ((who.band == band) & (who.gender == gender))[:, None]
            index = np.nonzero(mine)[0]
            e = regress_within(sleep[mine], survey.nights[mine], index)
            rows.append((name if gender == 0 else "", simulation.GENDERS[gender] + "s", f"{e.n:,}",
                         show(Estimate(e.value * 60, e.low * 60, e.high * 60, e.n), "num1")))  # fmt: skip
    out.tables["ns_subgroups"] = Table(
        "Model C by age and gender: minutes of sleep for each further night", ("Age", "Gender", "Children", "Minutes"),
        tuple(rows), "Children who gave another gender or none are too few for a model of their own; they are part of "
        "every other table.", 2,
    )  # fmt: skip
    out.claims["each night costs sleep within the same child"] = within.high < 0
    out.claims["the crude slope is steeper than the within-child slope"] = crude.value < within.value
    out.claims["short sleep is more common with three nights"] = (
        out.numbers["ns_short_many"].low > out.numbers["ns_short_none"].high
    )


def judge_holdout(world: World, out: Findings) -> None:
    """Judge the trial of quiet nights: before and after, with and without, by coin."""
    survey, who = world.panel.survey, world.panel.children
    late = np.zeros_like(survey.nights, dtype=bool)
    late[:, simulation.QUIET_FROM_WAVE :] = True
    early = ~late
    rows = []
    measures = (
        ("nights", "Nights a week after midnight", survey.nights, 1.0, "num2"),
        ("nmin", "Minutes a week after midnight", survey.night_minutes, 1.0, "num1"),
        ("min", "Minutes a week, all hours", survey.minutes, 1.0, "num1"),
    )
    for key, name, values, _, form in measures:
        for period, mask in (("before", early), ("after", late)):
            quiet = pool(values, mask & (who.quiet == 1)[:, None])
            usual = pool(values, mask & (who.quiet == 0)[:, None])
            change = estimates.shift(estimates.divide(quiet, usual))
            out.numbers[f"ns_ho_{key}_{period}"] = change
            out.numbers[f"ns_ho_{key}_{period}_quiet"], out.numbers[f"ns_ho_{key}_{period}_usual"] = (
                quiet,
                usual,
            )
            rows.append((name if period == "before" else "", "waves 1 and 2" if period == "before" else "waves 3 and 4",
                         show(usual, form), show(quiet, form), show(change, "chg")))  # fmt: skip
    both = late & (survey.answered == 1)
    quiet_sleep = pool(survey.sleep, both & (who.quiet == 1)[:, None])
    usual_sleep = pool(survey.sleep, both & (who.quiet == 0)[:, None])
    out.numbers["ns_ho_sleep"] = slept = estimates.subtract(quiet_sleep, usual_sleep)
    saved = out.numbers["ns_ho_nights_after_usual"].value - out.numbers["ns_ho_nights_after_quiet"].value
    out.numbers["ns_ho_per_night"] = Estimate(
        slept.value / saved, slept.low / saved, slept.high / saved, slept.n
    )
    rows.append(("Hours of sleep, those answering", "waves 3 and 4", show(usual_sleep, "num2"), show(quiet_sleep, "num2"),
                 f"{out.numbers['ns_ho_sleep'].value * 60:+.1f} min"))  # fmt: skip
    out.tables["ns_holdout"] = Table(
        "The hold-out: half of the panel without alerts from 22:00 to 06:00 in waves 3 and 4",
        ("Measure", "Period", "Alerts as usual", "No alerts at night", "Difference, %"), tuple(rows),
        f"Assigned by coin within pairs: {int((who.quiet == 0).sum()):,} children with alerts as usual, {int((who.quiet == 1).sum()):,} "
        "without. In waves 1 and 2 both halves received alerts. All children, from the service's records; last row from "
        "the questionnaire.", 2, (0.26, 0.15, 0.2, 0.2, 0.19),
    )  # fmt: skip
    out.charts["ns_holdout"] = Chart(
        "lines", "Nights a week after midnight in the two halves of the panel", "wave", "mean nights a week",
        ("March (all with alerts)", "June (all with alerts)", "September", "December"),
        tuple(Series(name, tuple(estimate_mean(survey.nights[who.quiet == arm, w]) for w in range(4)))
              for arm, name in ((0, "alerts as usual"), (1, "no alerts at night"))), 1, "Bars: 95 % intervals.",
    )  # fmt: skip
    out.charts["ns_holdout_bands"] = Chart(
        "bars", "Nights a week after midnight in waves 3 and 4, by age", "age", "mean nights a week", simulation.BANDS,
        tuple(Series(name, tuple(pool(survey.nights, late & ((who.quiet == arm) & (who.band == b))[:, None])
                                 for b in range(3))) for arm, name in ((0, "alerts as usual"), (1, "no alerts at night"))),
        1, "Bars: 95 % intervals.",
    )  # fmt: skip
    out.claims["the halves are alike before the hold-out"] = (
        abs(out.numbers["ns_ho_nights_before"].value) < 0.05
    )
    ratios = [a.value / b.value for a, b in zip(out.charts["ns_holdout_bands"].series[1].values,
                                                out.charts["ns_holdout_bands"].series[0].values, strict=True)]  # fmt: skip
    out.claims["the youngest lose as large a part of their nights"] = ratios[0] <= ratios[2] + 0.03
    per = out.numbers["ns_ho_per_night"]
    out.claims["the hold-out agrees with model C"] = per.low < -out.numbers["ns_within"].value < per.high
    lost = {
        key: out.numbers[f"ns_ho_{key}_after_usual"].value - out.numbers[f"ns_ho_{key}_after_quiet"].value
        for key in ("nmin", "min")
    }
    out.claims["most of the minutes lost are the night's"] = abs(lost["min"] - lost["nmin"]) < 8
    out.claims["no alerts, fewer nights"] = out.numbers["ns_ho_nights_after"].high < -0.1
    out.claims["no alerts, hardly fewer minutes"] = -0.06 < out.numbers["ns_ho_min_after"].value < 0
    out.claims["no alerts, more sleep"] = out.numbers["ns_ho_sleep"].value > 0


def relate_mood(world: World, out: Findings) -> None:
    """Find how low mood goes with sleep; what is found is association, and the documents say so."""
    survey, who = world.panel.survey, world.panel.children
    everyone = select(world.panel)
    groups = np.digitize(survey.sleep, [7, 8, 9])
    rows, series = [], []
    items = [i for i in instrument.list_items("mood") if i.key in ("m1", "m2", "m5")]
    for g, name in enumerate(SLEEP_GROUPS):
        mine = everyone & (groups == g)
        cells = [
            show(pool(survey.items[:, :, instrument.COLUMN[i.key]] >= i.cut, mine), "pct") for i in items
        ]
        rows.append((name, f"{int(mine.sum()):,}", *cells))
    out.tables["ns_mood"] = Table(
        "Feeling low, lonely and distracted, by hours of sleep, per cent", ("Hours of sleep", "Child-weeks", "Low (M1)",
                                                                      "Lonely (M2)", "Hard to concentrate (M5)"),
        tuple(rows), "Several times a week or more. An association: low mood may also keep a child awake.", 1,
        (0.18, 0.14, 0.22, 0.22, 0.24),
    )  # fmt: skip
    low = survey.items[:, :, instrument.COLUMN["m1"]] >= instrument.BY_KEY["m1"].cut
    for gender in (0, 1):
        mask = (who.gender == gender)[:, None]
        series.append(Series(simulation.GENDERS[gender] + "s",
                             tuple(pool(low, everyone & mask & (groups == g)) for g in range(4))))  # fmt: skip
    out.charts["ns_mood"] = Chart(
        "points", "Feeling low several times a week, by hours of sleep and gender", "hours of sleep on a school night",
        "per cent of child-weeks", SLEEP_GROUPS, tuple(series), 100, "Bars: 95 % intervals.",
    )  # fmt: skip
    out.numbers["ns_low_short"], out.numbers["ns_low_long"] = (
        pool(low, everyone & (groups == 0)), pool(low, everyone & (groups == 3)),
    )  # fmt: skip
    child = np.nonzero(everyone)[0]
    mood = survey.items[:, :, instrument.COLUMN["m1"]][everyone]
    out.numbers["ns_mood_within"] = regress_within(mood, survey.sleep[everyone], child)
    woke = survey.items[:, :, instrument.COLUMN["s6"]] >= instrument.BY_KEY["s6"].cut
    out.numbers["ns_alerted"] = pool(woke, everyone)
    longer = survey.items[:, :, instrument.COLUMN["s5"]] >= instrument.BY_KEY["s5"].cut
    out.numbers["ns_longer"] = pool(longer, everyone)
    out.claims["low mood is more common with short sleep"] = (
        out.numbers["ns_low_short"].low > out.numbers["ns_low_long"].high
    )


def check_robustness(world: World, out: Findings) -> None:
    """Compute the main result again in other ways, as the appendix of a careful report does."""
    survey, who = world.panel.survey, world.panel.children
    everyone = select(world.panel)
    weights = np.zeros_like(survey.sleep)
    for band in range(3):
        for country in range(6):
            cell = (who.band == band) & (who.country == country)
            weights[cell] = 1 / survey.answered[cell].mean()
    weighted = float((weights * (survey.nights >= 3))[everyone].sum() / weights[everyone].sum())
    plain = out.numbers["ns_night3"].value
    all4 = (survey.answered.sum(axis=1) == 4)[:, None] & everyone
    index = np.nonzero(all4)[0]
    complete = regress_within(survey.sleep[all4], survey.nights[all4], index)
    first = everyone.copy()
    first[:, 2:] = False
    before = regress_within(survey.sleep[first], survey.nights[first], np.nonzero(first)[0])
    usual = everyone & (who.quiet == 0)[:, None]
    only = regress_within(survey.sleep[usual], survey.nights[usual], np.nonzero(usual)[0])
    grown = everyone & (who.age >= 13)[:, None]
    terms = regress_within(survey.sleep[grown], survey.nights[grown], np.nonzero(grown)[0])
    out.numbers |= {
        "ns_weighted3": f"{weighted * 100:.1f} %",
        "ns_weight_shift": f"{abs(weighted - plain) * 100:.2f}",
    }
    rows = [
        (label, f"{e.value * 60:.1f} ({e.low * 60:.1f} to {e.high * 60:.1f})".replace("-", "−"), f"{e.n:,}")
        for label, e in (
            ("Main analysis (model C)", out.numbers["ns_within"]),
            ("Only children who answered all four waves", complete),
            ("Only waves 1 and 2, before the hold-out", before),
            ("Only the half with alerts as usual", only),
            ("Only children of 13 and older, as the terms of service require", terms),
        )
    ]
    out.tables["ns_robust"] = Table(
        "Does the result hang on a choice? Minutes of sleep for each further night", ("Analysis", "Minutes", "Children"),
        tuple(rows), "The five analyses were listed in the protocol before the first wave.", 1, (0.58, 0.28, 0.14),
    )  # fmt: skip
    groups = group_nights(survey.nights)
    stayed = [
        estimate_share(survey.answered[(survey.answered[:, 0] == 1) & (groups[:, 0] == g), 3]) for g in (0, 4)
    ]
    out.claims["children with many nights leave more often"] = stayed[1].value < stayed[0].value - 0.02
    began = survey.answered[:, 0] == 1
    rows = []
    for g, name in enumerate(NIGHT_GROUPS):
        mine = began & (groups[:, 0] == g)
        rows.append(
            (
                name,
                f"{int(mine.sum()):,}",
                *(show(estimate_share(survey.answered[mine, w]), "pct") for w in (1, 2, 3)),
            )
        )
    out.tables["ns_attrition"] = Table(
        "Who stayed: response in later waves by nights of use in wave 1, per cent",
        ("Nights in wave 1", "n in wave 1", "wave 2", "wave 3", "wave 4"), tuple(rows),
        "Children with many nights leave somewhat more often, so the averages of later waves are, if anything, too low.",
        1, (0.24, 0.16, 0.2, 0.2, 0.2),
    )  # fmt: skip
