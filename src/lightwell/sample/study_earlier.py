"""Findings of the earlier research, 2015 to 2021 (LF-ER): the yearly survey before Lightwell.

Rules: trends are for ages 13 to 17, the only ages asked in all years; every document of a year prints that year's
sample and those before it, never a later one. Absent: the panel of 2025, which is another instrument and is never
put on the same axis.
"""

from __future__ import annotations

import itertools

import numpy as np

from lightwell.sample import simulation, tracker
from lightwell.sample.estimates import SMALLEST, estimate_share, show, subtract
from lightwell.sample.world import Chart, Findings, Page, Series, Table, World

GENDERS = ("girls", "boys")
REPORT_YEARS = (2016, 2018, 2020, 2021)


def find(world: World) -> Findings:
    """Compute everything that the earlier documents print, from the yearly survey of the simulation alone."""
    out = Findings()
    data = world.tracker
    _share_years(data, out)
    for year in REPORT_YEARS:
        _tabulate_year(data, year, out)
        out.crosstabs[f"er_pages_{year}"] = [
            _set_page(data, column, year) for column, q in enumerate(tracker.QUESTIONS) if q.first <= year
        ]
    _tabulate_trend(data, out)
    _claim(out)
    return out


def _begin(text: str) -> str:
    """First letter large, the rest untouched (names keep theirs)."""
    return text[0].upper() + text[1:]


def _years(question: tracker.Question, last: int = 2021) -> list[int]:
    return [y for y in tracker.YEARS if question.first <= y <= last]


def _share_years(data: tracker.Tracker, out: Findings) -> None:
    teen = data.age >= 13
    for column, question in enumerate(tracker.QUESTIONS):
        answers = data.answers[:, column]
        for year in _years(question):
            mine = teen & (data.year == year)
            out.numbers[f"er_{question.key}_{year}"] = estimate_share(answers[mine] == 1)
            for gender in (0, 1):
                both = mine & (data.gender == gender)
                out.numbers[f"er_{question.key}_{year}_{'gb'[gender]}"] = estimate_share(answers[both] == 1)
            if year >= 2018:
                young = (data.age < 13) & (data.year == year)
                out.numbers[f"er_{question.key}_{year}_young"] = estimate_share(answers[young] == 1)
                out.numbers[f"er_n_{year}_young"] = int(young.sum())
            out.numbers[f"er_n_{year}"] = int(mine.sum())
        for last in (2017, 2019, 2020, 2021):
            years = _years(question, last)
            if len(years) < 2:
                continue
            out.charts[f"er_{question.key}_{last}"] = Chart(
                "lines", f"Share of ages 13 to 17 who {question.short}", "year of the survey", "per cent",
                tuple(str(y) for y in years),
                tuple(Series(name, tuple(out.numbers[f"er_{question.key}_{y}_{'gb'[g]}"] for y in years))
                      for g, name in enumerate(GENDERS)), 100, "Bars: 95 % intervals.",
            )  # fmt: skip
    for key in ("compare", "worse", "night", "adult", "image", "low", "hurt", "enjoy", "told"):
        years = _years(tracker.BY_KEY[key])
        first, last = out.numbers[f"er_{key}_{years[0]}"], out.numbers[f"er_{key}_{years[-1]}"]
        out.numbers[f"er_{key}_change"] = subtract(last, first)
    out.numbers["er_n_total"] = len(data)
    out.numbers["er_night_step"] = subtract(out.numbers["er_night_2020"], out.numbers["er_night_2019"])
    out.numbers["er_night_after"] = subtract(out.numbers["er_night_2021"], out.numbers["er_night_2020"])
    out.numbers["er_low_step"] = subtract(out.numbers["er_low_2020"], out.numbers["er_low_2019"])
    night = data.answers[:, [q.key for q in tracker.QUESTIONS].index("night")]
    for last in (2019, 2020):
        pair = (2018, 2019) if last == 2019 else (2019, 2020)
        out.charts[f"er_night_age_{last}"] = Chart(
            "points", "Share who used Larkfield after midnight on the last school night, by age", "age in years", "per cent",
            tuple(str(a) for a in range(10, 18)),
            tuple(Series(str(y), tuple(estimate_share(night[(data.year == y) & (data.age == a)] == 1) for a in range(10, 18)))
                  for y in pair), 100, "Bars: 95 % intervals.",
        )  # fmt: skip
    under16 = (data.year == 2019) & (data.age >= 13) & (data.age < 16)
    out.numbers["er_night_2019_1315"] = estimate_share(night[under16] == 1)
    out.numbers["er_night_2019_1617"] = estimate_share(night[(data.year == 2019) & (data.age >= 16)] == 1)
    out.numbers["er_night_2020_1315"] = estimate_share(
        night[(data.year == 2020) & (data.age >= 13) & (data.age < 16)] == 1
    )
    adult = data.answers[:, [q.key for q in tracker.QUESTIONS].index("adult")]
    told = data.answers[:, [q.key for q in tracker.QUESTIONS].index("told")]
    written = (data.year == 2019) & (adult == 1)
    out.numbers |= {
        "er_adult_told_2019": estimate_share(told[written] == 1),
        "er_adult_girls13_2019": estimate_share(adult[(data.year == 2019) & (data.gender == 0) & (data.age <= 14) & (data.age >= 13)] == 1),
    }  # fmt: skip


def _tabulate_year(data: tracker.Tracker, year: int, out: Findings) -> None:
    rows = []
    for column, question in enumerate(tracker.QUESTIONS):
        if question.first > year:
            continue
        yes = data.answers[:, column] == 1
        now = data.year == year
        groups = [
            now & (data.age >= 13),
            now & (data.age >= 13) & (data.gender == 0),
            now & (data.age >= 13) & (data.gender == 1),
        ]
        cells = [show(estimate_share(yes[g]), "pct") for g in groups]
        if year >= 2018:
            cells.append(show(estimate_share(yes[now & (data.age < 13)]), "pct"))
        rows.append((_begin(question.short), *cells))
    header: tuple[str, ...] = ("Share who …", "Ages 13–17", "Girls 13–17", "Boys 13–17")
    widths: tuple[float, ...] = (0.37, 0.21, 0.21, 0.21)
    if year >= 2018:
        header, widths = (*header, "Ages 10–12"), (0.32, 0.17, 0.17, 0.17, 0.17)
    out.tables[f"er_year_{year}"] = Table(
        f"All questions in {year}, per cent", header, tuple(rows),
        f"{int((data.year == year).sum()):,} children. Brackets: 95 % interval.", 1, widths,
    )  # fmt: skip
    rows = []
    for country, name in enumerate(simulation.COUNTRIES):
        here = (data.year == year) & (data.country == country)
        if here.any():
            rows.append((name, f"{int(here.sum()):,}", f"{int((here & (data.gender == 0)).sum()):,}",
                         f"{int((here & (data.gender == 1)).sum()):,}", f"{data.age[here].mean():.1f}"))  # fmt: skip
    out.tables[f"er_sample_{year}"] = Table(
        f"Children asked in {year}", ("Country", "Children", "Girls", "Boys", "Mean age"), tuple(rows),
        "Telephone and school interviews in autumn; one child a household.", 1,
    )  # fmt: skip


def _set_page(data: tracker.Tracker, column: int, year: int) -> Page:
    """One question in one year by country, gender and age, with its reading and the years before."""
    question = tracker.QUESTIONS[column]
    yes = data.answers[:, column] == 1
    bands = ((10, 12), (13, 15), (16, 17)) if year >= 2018 else ((13, 15), (16, 17))
    rows: list[tuple[str, ...]] = []
    found = []
    for country, name in enumerate(simulation.COUNTRIES):
        here = (data.year == year) & (data.country == country)
        if not here.any():
            continue
        for gender, who in enumerate(GENDERS):
            cells: list[str] = []
            for low, high in bands:
                e = estimate_share(
                    yes[here & (data.gender == gender) & (data.age >= low) & (data.age <= high)]
                )
                cells += [f"{e.n:,}", show(e, "pct")]
                if e.n >= SMALLEST:
                    found.append((e.value, f"{who} of {low} to {high} in {name}", e))
            rows.append((name if gender == 0 else "", who, *cells))
    top, bottom = max(found, key=lambda f: f[0]), min(found, key=lambda f: f[0])
    teen = (data.year == year) & (data.age >= 13)
    now = estimate_share(yes[teen])
    gap = subtract(
        estimate_share(yes[teen & (data.gender == 0)]), estimate_share(yes[teen & (data.gender == 1)])
    )
    years = _years(question, year)
    reading = f"In {year} {now:pct} of ages 13 to 17 {question.short} (n = {now:n}). "
    if len(years) > 1:
        before = estimate_share(yes[(data.year == years[-2]) & (data.age >= 13)])
        step = subtract(now, before)
        sure = step.low > 0 or step.high < 0
        reading += (
            f"Against {years[-2]} this is {step:pts}, {'beyond' if sure else 'within'} what chance allows. "
        )
    else:
        reading += "The question was asked for the first time. "
    if gap.low > 0 or gap.high < 0:
        reading += (
            f"Girls lie {abs(gap.value) * 100:.1f} points {'above' if gap.value > 0 else 'below'} boys. "
        )
    else:
        reading += "Girls and boys do not differ beyond the interval. "
    reading += f"The largest cell is {top[0] * 100:.1f} % ({top[1]}), the smallest {bottom[0] * 100:.1f} % ({bottom[1]})."
    header = ("Country", "", *(text for low, high in bands for text in ("n", f"Age {low}–{high}")))
    widths = (0.16, 0.1, *((0.07, 0.74 / len(bands) - 0.07) * len(bands)))
    table = Table(f"“{question.wording}” Per cent answering yes", header, tuple(rows),
                  f"Brackets: 95 % interval. Cells with fewer than {SMALLEST} answers are shown as “–”.", 2, widths)  # fmt: skip
    if len(years) > 1:
        chart = Chart("lines", "", "year of the survey (ages 13 to 17)", "per cent", tuple(str(y) for y in years),
                      tuple(Series(name, tuple(estimate_share(yes[(data.year == y) & (data.age >= 13) & (data.gender == g)])
                                               for y in years)) for g, name in enumerate(GENDERS)), 100)  # fmt: skip
    else:
        ages = range(10 if year >= 2018 else 13, 18)
        chart = Chart("points", "", "age in years", "per cent", tuple(str(a) for a in ages),
                      tuple(Series(name, tuple(estimate_share(yes[(data.year == year) & (data.age == a) & (data.gender == g)])
                                               for a in ages)) for g, name in enumerate(GENDERS)), 100)  # fmt: skip
    return Page(_begin(question.short), reading, (table, _tabulate_ages(data, column, year)), chart)


def _tabulate_ages(data: tracker.Tracker, column: int, year: int) -> Table:
    """The same question by single years of age, for readers who want another cut than the bands."""
    yes = data.answers[:, column] == 1
    rows = []
    for age in range(10 if year >= 2018 else 13, 18):
        here = (data.year == year) & (data.age == age)
        cells = [estimate_share(yes[here & (data.gender == gender)]) for gender in (0, 1)]
        both = estimate_share(yes[here])
        rows.append((str(age), *(text for e in (*cells, both) for text in (f"{e.n:,}", show(e, "pct")))))
    return Table("The same by year of age, all countries", ("Age", "n", "Girls", "n", "Boys", "n", "Both"), tuple(rows), "",
                 1, (0.1, 0.08, 0.22, 0.08, 0.22, 0.08, 0.22))  # fmt: skip


def _tabulate_trend(data: tracker.Tracker, out: Findings) -> None:
    rows = []
    for question in tracker.QUESTIONS:
        cells = [
            f"{out.numbers[f'er_{question.key}_{y}'].value * 100:.1f}" if y >= question.first else ""
            for y in tracker.YEARS
        ]
        rows.append((_begin(question.short), *cells, show(out.numbers[f"er_{question.key}_change"], "pts")))
    out.tables["er_trend"] = Table(
        "Ages 13 to 17, all years, per cent", ("Share who …", *(str(y) for y in tracker.YEARS), "First to last, points"),
        tuple(rows), "About 2,400 children a year, of whom 13 to 17: all until 2017, five in eight from 2018. Three countries "
        "until 2018, six from 2019.", 1, (0.28, 0.07, 0.07, 0.07, 0.07, 0.07, 0.07, 0.07, 0.23),
    )  # fmt: skip
    six = [(y, data.year == y) for y in tracker.YEARS]
    rows = []
    for y, mine in six:
        rows.append((str(y), f"{int(mine.sum()):,}", f"{int((mine & (data.age < 13)).sum()):,}",
                     ", ".join(simulation.COUNTRIES[c] for c in np.unique(data.country[mine])),
                     str(sum(q.first <= y for q in tracker.QUESTIONS))))  # fmt: skip
    out.tables["er_years"] = Table(
        "The seven surveys", ("Year", "Children", "of these 10–12", "Countries", "Questions of this set"), tuple(rows), "", 1,
        (0.1, 0.12, 0.16, 0.44, 0.18),
    )  # fmt: skip
    pages: list[Page] = []
    for column, question in enumerate(tracker.QUESTIONS):
        yes = data.answers[:, column] == 1
        rows = []
        for country, name in enumerate(simulation.COUNTRIES):
            for gender, who in enumerate(GENDERS):
                cells = []
                for year in tracker.YEARS:
                    e = estimate_share(
                        yes[
                            (data.year == year)
                            & (data.country == country)
                            & (data.gender == gender)
                            & (data.age >= 13)
                        ]
                    )
                    asked = year >= question.first and e.n > 0
                    cells.append(show(e, "pct") if asked else "")
                rows.append((name if gender == 0 else "", who, *cells))
        rows.append(("all", "", *(show(out.numbers[f"er_{question.key}_{y}"], "pct") if y >= question.first else ""
                                  for y in tracker.YEARS)))  # fmt: skip
        change = out.numbers[f"er_{question.key}_change"]
        sure = "beyond chance" if change.low > 0 or change.high < 0 else "within what chance allows"
        first = _years(question)[0]
        reading = (
            f"From {first} to 2021 the share of ages 13 to 17 who {question.short} changed by {change:ptsci}, {sure}. "
            "Empty cells: not asked, or the country was not yet part of the survey."
        )
        table = Table(f"“{question.wording}” Ages 13 to 17, per cent answering yes", ("Country", "",
                      *(str(y) for y in tracker.YEARS)), tuple(rows), "Brackets: 95 % interval.", 2,
                      (0.1, 0.06, *((0.12,) * 7)), (len(rows) - 1,))  # fmt: skip
        pages.append(Page(_begin(question.short), reading, (table,)))
    out.crosstabs["er_all"] = pages


def _list_moves(out: Findings, year: int) -> str:
    """The sentence that names what moved since the year before, by the rule that the pages of the appendix use."""
    moved = []
    for question in tracker.QUESTIONS:
        if question.first < year:
            step = subtract(
                out.numbers[f"er_{question.key}_{year}"], out.numbers[f"er_{question.key}_{year - 1}"]
            )
            if step.low > 0 or step.high < 0:
                moved.append(f"{question.short} ({step:pts})")
    if not moved:
        return f"Against {year - 1} no answer moves by more than chance allows."
    return f"Against {year - 1} these answers move by more than chance allows: {', '.join(moved)}."


def _claim(out: Findings) -> None:
    numbers = out.numbers
    numbers |= {f"er_moves_{year}": _list_moves(out, year) for year in (2016, 2018)}
    nights = [numbers[f"er_night_{y}"].value for y in tracker.YEARS]
    steps = [later - earlier for earlier, later in itertools.pairwise(nights)]
    out.claims["tracker: 2020 brings the largest step of the night"] = max(steps) == steps[4]
    out.claims["tracker: being hurt hardly changes"] = abs(numbers["er_hurt_change"].value) < 0.05
    out.claims["tracker: being hurt did not rise in 2020"] = (
        numbers["er_hurt_2020"].value < numbers["er_hurt_2019"].value + 0.03
    )
    for key in ("low", "compare", "worse", "adult", "image", "night"):
        out.claims[f"tracker: {key} rises"] = numbers[f"er_{key}_change"].low > 0
    out.claims["tracker: girls compare more in every year"] = all(
        numbers[f"er_compare_{y}_g"].low > numbers[f"er_compare_{y}_b"].high for y in tracker.YEARS
    )
    out.claims["tracker: enjoyment falls"] = numbers["er_enjoy_change"].high < 0
    out.claims["tracker: the night moves later in 2020"] = numbers["er_night_step"].low > 0
    out.claims["tracker: it does not move back in 2021"] = numbers["er_night_after"].high > -0.01
    out.claims["tracker: low mood steps up in 2020"] = numbers["er_low_step"].value > 0
    out.claims["tracker: four in five enjoy it"] = 0.75 < numbers["er_enjoy_2018"].value < 0.87
