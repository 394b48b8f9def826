"""Findings of the earlier research, 2015 to 2021 (LF-ER): the yearly survey before Lightwell.

Rules: trends are for ages 13 to 17, the only ages asked in all years; every document of a year prints that year's
sample only. Absent: the panel of 2025, which is another instrument and is never put on the same axis.
"""

from __future__ import annotations


from lightwell.sample import tracker
from lightwell.sample.estimates import estimate_share
from lightwell.sample.world import Chart, Findings, Series, World

GENDERS = ("girls", "boys")


def find(world: World) -> Findings:
    out = Findings()
    data = world.tracker
    teen = data.age >= 13
    for column, question in enumerate(tracker.QUESTIONS):
        years = [y for y in tracker.YEARS if y >= question.first]
        answers = data.answers[:, column]
        for year in years:
            mine = teen & (data.year == year)
            out.numbers[f"er_{question.key}_{year}"] = estimate_share(answers[mine] == 1)
            for gender in (0, 1):
                both = mine & (data.gender == gender)
                out.numbers[f"er_{question.key}_{year}_{'gb'[gender]}"] = estimate_share(answers[both] == 1)
            if year >= 2018:
                young = (data.age < 13) & (data.year == year)
                out.numbers[f"er_{question.key}_{year}_young"] = estimate_share(answers[young] == 1)
        out.charts[f"er_{question.key}"] = Chart(
            "lines", f"Share of ages 13 to 17 who {question.short}", "year of the survey", "per cent",
            tuple(str(y) for y in years),
            tuple(Series(name, tuple(out.numbers[f"er_{question.key}_{y}_{'gb'[g]}"] for y in years))
                  for g, name in enumerate(GENDERS)), 100, "Bars: 95 % intervals.",
        )  # fmt: skip
    return out
