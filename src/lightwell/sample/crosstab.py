"""Full tables of one question by age, country and wave, with the sentence that reads them.

Rules: the sentence says only what the table shows: highest and lowest cell, change between first and last wave, and
whether the intervals part. Cells under the smallest size are not printed. Absent: any comment on causes.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import instrument, simulation
from lightwell.sample.estimates import SMALLEST, Estimate, estimate_mean, estimate_share, pool
from lightwell.sample.world import Chart, Findings, Page, Series, Table, World, select

WAVE_NAMES = ("wave 1 (March)", "wave 2 (June)", "wave 3 (September)", "wave 4 (December)")
NOTE = (
    "Children who answered in that wave; unweighted. Brackets: 95 % interval. A cell with fewer than "
    f"{SMALLEST} answers is shown as “–”."
)


def _cell(estimate: Estimate, form: str) -> tuple[str, str]:
    if estimate.n < SMALLEST:
        return str(estimate.n), "–"
    factor, digits = {"pct": (100, 1), "num": (1, 2), "min": (1, 1)}[form]
    return f"{estimate.n:,}", (
        f"{estimate.value * factor:.{digits}f} ({estimate.low * factor:.{digits}f}–{estimate.high * factor:.{digits}f})"
    )


def tabulate(world: World, values: np.ndarray, form: str, heading: str, what: str, caption: str, y_label: str,
             turn: int) -> Page:  # fmt: skip
    """One page: `values` has shape (children, waves), booleans for a share or numbers for a mean."""
    estimate = estimate_share if form == "pct" else estimate_mean
    rows: list[tuple[str, ...]] = []
    strong: list[int] = []
    cells: dict[tuple[int, int, int], Estimate] = {}
    totals: dict[tuple[int, int], Estimate] = {}
    for band, band_name in enumerate(simulation.BANDS):
        for country, country_name in [*enumerate(simulation.COUNTRIES), (-1, "all six")]:
            row = [band_name if country == 0 else "", country_name]
            for wave in range(4):
                where = {"band": band} if country < 0 else {"band": band, "country": country}
                found = estimate(values[select(world.panel, wave, **where)])
                if country < 0:
                    totals[band, wave] = found
                else:
                    cells[band, country, wave] = found
                row += _cell(found, form)
            if country < 0:
                strong.append(len(rows))
            rows.append(tuple(row))
    unit = "share" if form == "pct" else "mean"
    header = ("Age", "Country", *(text for wave in range(1, 5) for text in ("n", f"W{wave} {unit}")))
    table = Table(caption, header, tuple(rows), NOTE, 2,
                  (0.064, 0.088, 0.062, 0.15, 0.062, 0.15, 0.062, 0.15, 0.062, 0.15), tuple(strong))  # fmt: skip
    chart = Chart(
        "lines", "", "wave", y_label, ("March", "June", "September", "December"),
        tuple(Series(f"age {name}", tuple(totals[band, w] for w in range(4))) for band, name in enumerate(simulation.BANDS)),
        scale=100 if form == "pct" else 1, from_zero=form == "pct",
    )  # fmt: skip
    return Page(heading, _read(cells, totals, form, what, turn), (table,), chart)


def _read(cells: dict[tuple[int, int, int], Estimate], totals: dict[tuple[int, int], Estimate], form: str, what: str,
          turn: int) -> str:  # fmt: skip
    def say(e: Estimate) -> str:
        return f"{e.value * 100:.1f} %" if form == "pct" else f"{e.value:.{1 if form == 'min' else 2}f}"

    usable = {k: e for k, e in cells.items() if e.n >= SMALLEST}
    top = max(usable, key=lambda k: usable[k].value)
    bottom = min(usable, key=lambda k: usable[k].value)

    def name(key: tuple[int, int, int]) -> str:
        return f"ages {simulation.BANDS[key[0]]} in {simulation.COUNTRIES[key[1]]}, {WAVE_NAMES[key[2]]}"

    first, last = [totals[b, 0] for b in range(3)], [totals[b, 3] for b in range(3)]
    up = [b for b in range(3) if last[b].low > first[b].high]
    down = [b for b in range(3) if last[b].high < first[b].low]
    steps = [totals[2, w].value - totals[0, w].value for w in range(4)]
    gap = f"{abs(np.mean(steps)) * 100:.1f} points" if form == "pct" else f"{abs(np.mean(steps)):.2f}"
    apart = all(
        totals[2, w].low > totals[0, w].high or totals[2, w].high < totals[0, w].low for w in range(4)
    )
    direction = "above" if np.mean(steps) > 0 else "below"
    if up or down:
        moved = up or down
        verb = "higher" if up else "lower"
        bands = " and ".join(simulation.BANDS[b] for b in moved)
        change = f"In December the figure is {verb} than in March for ages {bands}, beyond the intervals of both waves."
    else:
        change = (
            "No age group changes between March and December by more than its intervals allow.",
            "Between the first wave and the last the intervals overlap in every age group.",
            "The four waves do not differ within an age group beyond their intervals.",
        )[turn % 3]
    age = (
        f"Ages 16–17 lie {gap} {direction} ages 10–12 on average over the waves"
        + (", and the intervals part in every wave." if apart else ", but the intervals meet in at least one wave.")
    )  # fmt: skip
    lead = (
        f"Overall {say(first[1])} of ages 13–15 {what} in the first wave. ",
        f"In March, of ages 13–15, {say(first[1])} {what}. ",
        f"Among ages 13–15 the first wave finds that {say(first[1])} {what}. ",
    )[turn % 3]
    if form != "pct":
        lead = f"For ages 13–15 {what} is {say(first[1])} in the first wave. "
    extremes = f"The highest cell is {say(usable[top])} ({name(top)}), the lowest {say(usable[bottom])} ({name(bottom)}). "
    parts = [
        (extremes + age + " " + change),
        (age + " " + extremes + change),
        (change + " " + extremes + age),
    ]
    return lead + parts[turn % 3]


def tabulate_item(world: World, item: instrument.Item, turn: int) -> Page:
    """Make the page of tables of one question; `turn` chooses among ways to word what is said below."""
    answers = world.panel.survey.items[:, :, instrument.COLUMN[item.key]]
    return tabulate(
        world, answers >= item.cut, "pct", f"Question {item.key.upper()}: “{item.wording}”", item.short,
        f"Share who {item.short}, by age, country and wave", "per cent", turn,
    )  # fmt: skip


def tabulate_ages(
    world: World, values: np.ndarray, form: str, heading: str, caption: str, y_label: str
) -> Page:
    """The same measure by single years of age and gender; the sentence compares 12 with 13, and 15 with 16."""
    estimate = estimate_share if form == "pct" else estimate_mean
    rows = []
    for gender in (0, 1):
        for age in range(10, 18):
            cells = [estimate(values[select(world.panel, wave, gender=gender, age=age)]) for wave in range(4)]
            rows.append((simulation.GENDERS[gender] + "s" if age == 10 else "", str(age),
                         *(text for e in cells for text in _cell(e, form))))  # fmt: skip
    header = ("Gender", "Age", *(text for wave in range(1, 5) for text in ("n", f"W{wave}")))
    table = Table(
        caption,
        header,
        tuple(rows),
        NOTE,
        2,
        (0.08, 0.06, 0.062, 0.153, 0.062, 0.153, 0.062, 0.153, 0.062, 0.153),
    )
    curve = {age: pool(values, select(world.panel, age=age)) for age in range(10, 18)}
    scale, unit, digits = (100, " points", 1) if form == "pct" else (1, "", 2)
    steps = [(a, (curve[a + 1].value - curve[a].value) * scale) for a in range(10, 17)]
    at = dict(steps)
    largest = max(steps, key=lambda s: abs(s[1]))
    reading = (
        f"From 12 to 13, where the terms of service draw the line, the measure changes by {at[12]:+.{digits}f}{unit}; from 15 to "
        f"16, where the default settings change, by {at[15]:+.{digits}f}{unit}. The largest step between two years of age is "
        f"{largest[1]:+.{digits}f}{unit}, from {largest[0]} to {largest[0] + 1}."
    ).replace("+-", "−").replace(" -", " −")  # fmt: skip
    chart = Chart("points", "", "age in years", y_label, tuple(str(a) for a in range(10, 18)),
                  tuple(Series(simulation.GENDERS[g] + "s", tuple(pool(values, select(world.panel, gender=g, age=a))
                                                                  for a in range(10, 18))) for g in (0, 1)),
                  100 if form == "pct" else 1, from_zero=form == "pct")  # fmt: skip
    return Page(heading, reading, (table,), chart)


def tabulate_answers(world: World, item: instrument.Item) -> Page:
    """All five answers to one question by gender, age and wave, for readers who want another cut."""
    answers = world.panel.survey.items[:, :, instrument.COLUMN[item.key]]
    rows: list[tuple[str, ...]] = []
    extreme: list[tuple[float, str]] = []
    for gender, gender_name in enumerate(simulation.GENDERS):
        for band, band_name in enumerate(simulation.BANDS):
            for wave in range(4):
                given = answers[select(world.panel, wave, gender=gender, band=band)]
                label = (
                    gender_name if band == wave == 0 else "",
                    band_name if wave == 0 else "",
                    f"W{wave + 1}",
                )
                if len(given) < SMALLEST:
                    rows.append((*label, str(len(given)), *["–"] * 6))
                    continue
                shares = [float(np.mean(given == k)) for k in range(1, 6)]
                if gender < 2:
                    extreme.append((float(given.mean()), f"{gender_name}s of {band_name} in wave {wave + 1}"))
                rows.append(
                    (*label, f"{len(given):,}", *(f"{s * 100:.1f}" for s in shares), f"{given.mean():.2f}")
                )
    answer_names = tuple(f"{k} {word.split()[0].lower()}…" for k, word in enumerate(item.scale, 1))
    header = ("Gender", "Age", "Wave", "n", *(a if len(a) < 11 else a[:10] for a in answer_names), "mean")
    table = Table(
        f"All answers to {item.key.upper()}, per cent, by gender, age and wave", header, tuple(rows),
        f"Answers: {'; '.join(f'{k} = {word}' for k, word in enumerate(item.scale, 1))}. Answers of children who gave "
        f"another gender or none are shown where at least {SMALLEST} answered. Rows sum to 100 up to rounding.",
        3, (0.16, 0.08, 0.07, 0.08, 0.11, 0.11, 0.11, 0.11, 0.11, 0.06),
    )  # fmt: skip
    low, high = min(extreme), max(extreme)
    girls = np.mean([m for m, who in extreme if who.startswith("girl")])
    boys = np.mean([m for m, who in extreme if who.startswith("boy")])
    more = "girls" if girls > boys else "boys"
    reading = (
        f"The mean answer runs from {low[0]:.2f} ({low[1]}) to {high[0]:.2f} ({high[1]}). Averaged over ages and waves, "
        f"{more} answer {abs(girls - boys):.2f} points higher than {'boys' if more == 'girls' else 'girls'}"
        + (", a difference too small to matter in practice." if abs(girls - boys) < 0.05 else ".")
    )  # fmt: skip
    return Page(f"Question {item.key.upper()}, every answer", reading, (table,))


def summarise(world: World, section: str) -> Table:
    """One row for each question of a section: the share by age and gender, all waves together."""
    rows = []
    for item in instrument.list_items(section):
        counted = world.panel.survey.items[:, :, instrument.COLUMN[item.key]] >= item.cut
        groups = [select(world.panel, band=b) for b in range(3)] + [
            select(world.panel, gender=g) for g in (0, 1)
        ]
        cells = [pool(counted, mask) for mask in groups]
        rows.append(
            (
                f"{item.key.upper()} {item.short}",
                *(f"{e.value * 100:.1f} (±{(e.high - e.value) * 100:.1f})" for e in cells),
            )
        )
    return Table(
        "All questions of this part at a glance: per cent of child-weeks",
        ("Share who …", *(f"Age {b}" for b in simulation.BANDS), "Girls", "Boys"), tuple(rows),
        "All four waves together. In brackets half the width of the 95 % interval, which allows for a child answering "
        "more than once.", 1, (0.4, 0.12, 0.12, 0.12, 0.12, 0.12),
    )  # fmt: skip


def fill_sections(world: World, out: Findings) -> None:
    """Two pages for every question, by section: the share by age, country and wave; all answers by gender and age."""
    for section in instrument.SECTIONS:
        pages: list[Page] = []
        for turn, item in enumerate(instrument.list_items(section)):
            pages += [tabulate_item(world, item, turn), tabulate_answers(world, item)]
        out.crosstabs[section] = pages
        out.tables[f"glance_{section}"] = summarise(world, section)
