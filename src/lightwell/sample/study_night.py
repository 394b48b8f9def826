"""Findings of the study “Night use and sleep” (LF-NS): computed from the panel, named for the templates.

Rules: every number a document of this study prints is made here; claims that the prose puts into words are listed
in `claims` and tested. Absent: the words themselves; sleep, the hold-out and mood,
which are in `study_night_sleep`.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import crosstab, instrument, simulation, study_night_sleep
from lightwell.sample.estimates import Estimate, estimate_share, pool, show, subtract
from lightwell.sample.world import Chart, Findings, Series, Table, World, select

WAVES = ("wave 1", "wave 2", "wave 3", "wave 4")


def find(world: World) -> Findings:
    """Compute everything that the documents about night use print, from the simulation alone."""
    out = Findings()
    _count_sample(world, out)
    _describe_nights(world, out)
    study_night_sleep.relate_sleep(world, out)
    study_night_sleep.judge_holdout(world, out)
    study_night_sleep.relate_mood(world, out)
    study_night_sleep.check_robustness(world, out)
    _list_plans(out)
    _fill_appendix(world, out)
    return out


def _list_plans(out: Findings) -> None:
    """Tables of the protocol and the questionnaire, and the one that Communications printed in its summary."""
    out.tables["ns_planted"] = Table(
        "What is true in the simulated world", ("Effect", "Size", "Unit"),
        tuple((e.statement[0].upper() + e.statement[1:], f"{e.size:g}".replace("-", "−"), e.unit) for e in simulation.PLANTED),
        "", 1, (0.66, 0.14, 0.2),
    )  # fmt: skip
    out.tables["ns_schedule"] = Table(
        "Calendar of the study", ("Step", "Dates", "Who sees what"),
        (("Registration of this protocol", "3 February 2025", "public from registration"),
         *((f"Wave {w + 1}: week of records, questionnaire on the Sunday", f"from {d:%-d %B %Y}", "analysis team, without names")
           for w, d in enumerate(simulation.WAVES)),
         ("Hold-out of night alerts begins", "25 August 2025", "the notification service only"),
         ("Files closed, hypotheses tested in the order of section 2", "12 January 2026", "analysis team"),
         ("Analysis repeated from the raw files by a second person", "2 February 2026", "second analyst, blind to results"),
         ("Publication", "see inventory", "everybody")),
        "Changes to this calendar are amendments and are printed in section 9.", 3, (0.5, 0.2, 0.3),
    )  # fmt: skip
    names = {"sleep": "Night use and sleep (LF-NS)", "mood": "Night use and sleep; Body image", "body": "Body image (LF-BI)",
             "bully": "Prompts against bullying (LF-BX)", "contact": "Contact by strangers in Live (LF-LV)",
             "report": "all studies"}  # fmt: skip
    out.tables["ns_parts"] = Table(
        "Questions, studies and the answers counted in printed shares",
        ("Question", "Wording", "Counted from", "Study"),
        tuple((i.key.upper(), i.wording, i.scale[i.cut - 1].lower(), names[i.section]) for i in instrument.ITEMS),
        "Counted from: this answer and those above it. For M3, M6, B5, R1 and R2 a high share is the good direction.", 4,
        (0.11, 0.43, 0.2, 0.26),
    )  # fmt: skip
    out.tables["ns_summary"] = Table(
        "Late use among young people", ("", "Share of weeks"),
        (("Two nights or fewer after midnight", f"{out.numbers['ns_most_none']:pct}"),
         ("More than two nights", f"{out.numbers['ns_night3']:pct}")),
        "Source: full report, table of nights. Young people aged 10 to 17, six countries.", 1, (0.6, 0.3),
    )  # fmt: skip


def _count_sample(world: World, out: Findings) -> None:
    answered = world.panel.survey.answered
    who = world.panel.children
    out.numbers |= {
        "ns_invited": len(who),
        "ns_any": int((answered.sum(axis=1) > 0).sum()),
        "ns_all": int((answered.sum(axis=1) == 4).sum()),
        "ns_weeks": int(answered.sum()),
        "ns_sessions": int((world.panel.events.kind == simulation.SESSION).sum()),
        **{f"ns_w{w + 1}": int(answered[:, w].sum()) for w in range(4)},
        **{f"ns_rate{w + 1}": estimate_share(answered[:, w]) for w in range(4)},
        "ns_under13": estimate_share(who.band == 0),
        "ns_under13_n": int((who.band == 0).sum()),
    }
    rows = []
    for band, name in enumerate(simulation.BANDS):
        for gender, gender_name in enumerate(simulation.GENDERS):
            mine = (who.band == band) & (who.gender == gender)
            invited = int(mine.sum())
            rows.append((name if gender == 0 else "", gender_name, f"{invited:,}",
                         *(f"{int(answered[mine, w].sum()):,}" for w in range(4)),
                         f"{answered[mine].mean() * 100:.1f}"))  # fmt: skip
    rows.append(("all", "", f"{len(who):,}", *(f"{int(answered[:, w].sum()):,}" for w in range(4)),
                 f"{answered.mean() * 100:.1f}"))  # fmt: skip
    out.tables["ns_sample"] = Table(
        "Children invited and answering, by age and gender", ("Age", "Gender", "Invited", *WAVES, "Mean rate, %"),
        tuple(rows), "Invited: parents and children had both consented before the first wave.", 2,
        strong=(len(rows) - 1,),
    )  # fmt: skip
    rows = []
    for country, name in enumerate(simulation.COUNTRIES):
        mine = who.country == country
        rows.append(
            (name, f"{int(mine.sum()):,}", *(f"{answered[mine, w].mean() * 100:.1f}" for w in range(4)))
        )
    out.tables["ns_country_sample"] = Table(
        "Response by country, per cent of those invited", ("Country", "Invited", *WAVES), tuple(rows),
        "No country falls below the rate of 60 in 100 that the protocol set as a reason to stop.",
    )  # fmt: skip
    out.claims["every country answers at 60 % or more"] = all(
        answered[who.country == c, w].mean() > 0.6 for c in range(6) for w in range(4)
    )


def _describe_nights(world: World, out: Findings) -> None:
    nights, everyone = world.panel.survey.nights, select(world.panel)
    out.numbers |= {
        "ns_night1": pool(nights >= 1, everyone),
        "ns_night3": pool(nights >= 3, everyone),
        "ns_night5": pool(nights >= 5, everyone),
        "ns_mean_nights": pool(nights, everyone),
        "ns_most_none": pool(nights <= 2, everyone),
        "ns_minutes_day": pool(world.panel.survey.minutes / 7, everyone),
    }
    rows = []
    for band, name in enumerate(simulation.BANDS):
        mine = select(world.panel, band=band)
        out.numbers[f"ns_night1_b{band}"] = pool(nights >= 1, mine)
        out.numbers[f"ns_night3_b{band}"] = pool(nights >= 3, mine)
        groups = study_night_sleep.group_nights(nights)
        rows.append((name, f"{int(mine.sum()):,}", *(show(pool(groups == g, mine), "pct") for g in range(5))))
    rows.append(("all", f"{int(everyone.sum()):,}",
                 *(show(pool(study_night_sleep.group_nights(nights) == g, everyone), "pct") for g in range(5))))  # fmt: skip
    out.tables["ns_nights"] = Table(
        "Nights a week with use after midnight, per cent of child-weeks", ("Age", "Child-weeks", *study_night_sleep.NIGHT_GROUPS),
        tuple(rows), "A night counts when a session began between 00:00 and 04:59, from the service's own records. "
        "Intervals allow for the same child answering up to four times.", 1, (0.07, 0.13, 0.16, 0.16, 0.16, 0.16, 0.16),
        (3,),
    )  # fmt: skip
    by_country = tuple(
        Series(
            f"age {name}", tuple(pool(nights >= 3, select(world.panel, band=b, country=c)) for c in range(6))
        )
        for b, name in enumerate(simulation.BANDS)
    )
    out.charts["ns_country"] = Chart(
        "points", "Three or more nights a week after midnight, by country and age", "country", "per cent of child-weeks",
        simulation.COUNTRIES, by_country, 100, "Bars: 95 % intervals, clustered by child.",
    )  # fmt: skip
    ages = range(10, 18)
    out.charts["ns_age"] = Chart(
        "bars", "Nights a week after midnight, by year of age", "age in years", "mean nights a week",
        tuple(str(a) for a in ages),
        (Series("nights", tuple(pool(nights, select(world.panel, age=a)) for a in ages)),), 1,
        "Ages 10 to 12 are below the minimum age that the terms of service state.",
    )  # fmt: skip
    by_age = dict(zip(ages, out.charts["ns_age"].series[0].values, strict=True))
    out.numbers |= {f"ns_step{age}": subtract(by_age[age], by_age[age - 1]) for age in (13, 15, 16, 17)}
    out.claims["night use rises at every birthday"] = all(
        by_age[a].value < by_age[a + 1].value for a in range(10, 17)
    )
    out.claims["the step at 16 is like its neighbours"] = out.numbers["ns_step16"].value < 2 * max(
        out.numbers["ns_step15"].value, out.numbers["ns_step17"].value
    )
    events = world.panel.events
    session = events.kind == simulation.SESSION
    order = [*range(18, 24), *range(0, 8)]
    day_count = len(world.panel.children) * simulation.DAYS_PER_WAVE * len(simulation.WAVES)
    bands = world.panel.children.band[events.child]
    per_band = (
        np.bincount(world.panel.children.band, minlength=3) * simulation.DAYS_PER_WAVE * len(simulation.WAVES)
    )
    curves = []
    for band, name in enumerate(simulation.BANDS):
        hours = np.bincount(events.hour[session & (bands == band)], minlength=24) / per_band[band] * 1000
        curves.append(
            Series(f"age {name}", tuple(Estimate(h, h, h, int(per_band[band])) for h in hours[order]))
        )
    out.charts["ns_hours"] = Chart(
        "lines", "Sessions begun in each hour, per 1,000 child-days", "hour of the day (local time)",
        "sessions per 1,000 child-days", tuple(f"{h:02d}" for h in order), tuple(curves), 1,
        f"All {day_count:,} child-days of the panel, whether or not the child answered the questionnaire.",
    )  # fmt: skip
    night = session & (events.hour < 5)
    shares = np.bincount(events.service[night], minlength=6) / night.sum()
    day_shares = np.bincount(events.service[session & ~night], minlength=6) / (session & ~night).sum()
    lengths = [events.minutes[night & (events.service == s)] for s in range(6)]
    out.tables["ns_services"] = Table(
        "Which service is used at night", ("Service", "Night sessions", "Share of night, %", "Share of day, %",
                                           "Median minutes at night"),
        tuple((name, f"{len(lengths[s]):,}", f"{shares[s] * 100:.1f}", f"{day_shares[s] * 100:.1f}",
               f"{np.median(lengths[s]):.0f}") for s, name in enumerate(simulation.SERVICES)),
        "Night: sessions begun between 00:00 and 04:59.",
    )  # fmt: skip
    top = int(np.argmax(shares))
    out.numbers |= {"ns_top_service": simulation.SERVICES[top], "ns_night_sessions": int(night.sum()),
                    "ns_top_share": Estimate(float(shares[top]), float("nan"), float("nan"), int(night.sum()))}  # fmt: skip
    rows = []
    for wave in range(4):
        where = select(world.panel, wave)
        weekday = [
            estimate_share(nights[where & (world.panel.children.band == b)[:, None]] >= 3) for b in range(3)
        ]
        rows.append((f"{WAVES[wave]}, week of {simulation.WAVES[wave]:%-d %B %Y}", f"{int(where.sum()):,}",
                     *(show(e, "pct") for e in weekday)))  # fmt: skip
    out.tables["ns_waves"] = Table(
        "Three or more nights a week, by wave and age, per cent",
        ("Wave", "n", *(f"Age {b}" for b in simulation.BANDS)), tuple(rows),
        "In waves 3 and 4 one half of the panel received no alerts at night (section 6).", 1,
        (0.34, 0.12, 0.18, 0.18, 0.18),
    )  # fmt: skip
    out.claims["night use rises with age"] = bool(
        out.numbers["ns_night3_b0"].high < out.numbers["ns_night3_b1"].low
        and out.numbers["ns_night3_b1"].high < out.numbers["ns_night3_b2"].low
    )


def _fill_appendix(world: World, out: Findings) -> None:
    """Two pages for each measure: by age group and country, and by single years of age and gender."""
    survey = world.panel.survey
    measures = (
        (survey.nights >= 3, "pct", "Measured: three or more nights a week after midnight",
         "use Larkfield after midnight on three or more nights", "Share with three or more nights of use after midnight",
         "per cent"),
        (survey.nights, "num", "Measured: nights a week after midnight", "the mean number of nights",
         "Mean nights a week with use after midnight", "nights a week"),
        (survey.night_minutes, "min", "Measured: minutes after midnight", "the mean number of minutes after midnight",
         "Mean minutes a week after midnight", "minutes a week"),
        (survey.minutes / 7, "min", "Measured: minutes a day, all hours", "the mean number of minutes a day",
         "Mean minutes a day, all hours", "minutes a day"),
        (survey.sleep, "num", "Reported: hours of sleep", "the mean number of hours slept",
         "Mean hours of sleep on a school night", "hours"),
        (survey.sleep < 8, "pct", "Reported: less than eight hours", "sleep less than eight hours on a school night",
         "Share sleeping less than eight hours", "per cent"),
    )  # fmt: skip
    pages = []
    for turn, (values, form, heading, what, caption, unit) in enumerate(measures):
        pages.append(
            crosstab.tabulate(
                world, values, form, heading, what, f"{caption}, by age, country and wave", unit, turn
            )
        )
        pages.append(crosstab.tabulate_ages(world, values, form, f"{heading.split(': ')[1].capitalize()}, by year of age",
                                            f"{caption}, by year of age, gender and wave", unit))  # fmt: skip
    out.crosstabs["measured"] = pages
