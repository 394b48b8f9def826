"""Findings of the study “Contact by strangers in Larkfield Live” (LF-LV), which is registered, written and overdue.

Rules: a request is a message request from an account of a declared adult with no friend in common; weeks with and
without going live are compared, between children and within the same child. Absent: any text of a request.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import instrument, simulation
from lightwell.sample.estimates import divide, estimate_mean, pool, regress_within, show
from lightwell.sample.world import Chart, Findings, Series, Table, World, select


def find(world: World) -> Findings:
    """Compute everything that the documents about live video print, from the simulation alone."""
    out = Findings()
    survey, who = world.panel.survey, world.panel.children
    everyone = np.ones_like(survey.answered, dtype=bool)
    live = survey.live == 1
    rows = []
    for band, name in enumerate(simulation.BANDS):
        mine = everyone & (who.band == band)[:, None]
        went, stayed = pool(survey.requests, mine & live), pool(survey.requests, mine & ~live)
        ratio = divide(went, stayed)
        out.numbers |= {f"lv_rate_live_b{band}": went, f"lv_rate_not_b{band}": stayed, f"lv_ratio_b{band}": ratio,
                        f"lv_live_b{band}": pool(live, mine), f"lv_streams_b{band}": estimate_mean(who.streams[who.band == band])}  # fmt: skip
        rows.append((name, f"{int(mine.sum()):,}", f"{int((mine & live).sum()):,}", show(stayed, "num3"), show(went, "num3"),
                     show(ratio, "x")))  # fmt: skip
    went, stayed = pool(survey.requests, live), pool(survey.requests, ~live)
    out.numbers |= {"lv_ratio": divide(went, stayed), "lv_live": pool(live, everyone), "lv_weeks": int(live.size),
                    "lv_requests": int(survey.requests.sum()), "lv_live_weeks": int(live.sum())}  # fmt: skip
    rows.append(("all", f"{live.size:,}", f"{int(live.sum()):,}", show(stayed, "num3"), show(went, "num3"),
                 show(out.numbers["lv_ratio"], "x")))  # fmt: skip
    out.tables["lv_rates"] = Table(
        "Message requests from unknown adults per child and week", ("Age", "Child-weeks", "of these live", "Not live", "Live",
                                                                    "Ratio"), tuple(rows),
        "All children of the panel, from the services' records. Live: the child went live at least once in the week.", 1,
        (0.09, 0.14, 0.13, 0.22, 0.22, 0.2), (3,),
    )  # fmt: skip
    out.charts["lv_rates"] = Chart(
        "bars", "Requests from unknown adults per 100 child-weeks, by age", "age", "requests per 100 child-weeks",
        simulation.BANDS,
        tuple(Series(name, tuple(out.numbers[f"lv_rate_{key}_b{b}"] for b in range(3)))
              for key, name in (("not", "weeks not live"), ("live", "weeks live"))), 100, "Bars: 95 % intervals.",
    )  # fmt: skip
    streaming = everyone & (who.streams == 1)[:, None]
    within = regress_within(survey.requests[streaming], survey.live[streaming], np.nonzero(streaming)[0])
    out.numbers["lv_within"] = within
    _describe_streaming(world, out)
    _describe_consequences(world, out)
    rates = [out.numbers[f"lv_rate_live_b{b}"].value for b in range(3)]
    out.claims["the number of requests rises with age"] = rates == sorted(rates)
    out.claims["one child in five has gone live"] = 0.17 < float(who.streams.mean()) < 0.23
    out.claims["going live brings requests, every age"] = all(
        out.numbers[f"lv_ratio_b{b}"].low > 1.5 for b in range(3)
    )
    out.claims["the same child receives more in weeks live"] = within.low > 0
    out.claims["the youngest have the largest ratio"] = out.numbers["lv_ratio_b0"].value > max(
        out.numbers["lv_ratio_b1"].value, out.numbers["lv_ratio_b2"].value
    )
    return out


def _describe_streaming(world: World, out: Findings) -> None:
    survey, who = world.panel.survey, world.panel.children
    rows = []
    for country, name in enumerate(simulation.COUNTRIES):
        mine = (who.country == country)[:, None] & (survey.live >= 0)
        live, not_live = mine & (survey.live == 1), mine & (survey.live == 0)
        rows.append((name, f"{int(mine.sum()):,}", show(pool(survey.live, mine), "pct"),
                     show(pool(survey.requests, not_live), "num3"), show(pool(survey.requests, live), "num3")))  # fmt: skip
    out.tables["lv_countries"] = Table(
        "Going live and requests received, by country", ("Country", "Child-weeks", "Weeks live, %", "Requests, not live",
                                                        "Requests, live"), tuple(rows),
        "Requests from unknown adults per child and week.", 1, (0.16, 0.16, 0.22, 0.23, 0.23),
    )  # fmt: skip
    series = []
    for gender in (0, 1):
        mask = (who.gender == gender)[:, None] & (survey.live == 1)
        series.append(Series(simulation.GENDERS[gender] + "s",
                             tuple(pool(survey.requests, mask & (who.age == a)[:, None]) for a in range(10, 18))))  # fmt: skip
    out.charts["lv_age"] = Chart(
        "points", "Requests per 100 child-weeks live, by year of age and gender", "age in years",
        "requests per 100 child-weeks", tuple(str(a) for a in range(10, 18)), tuple(series), 100,
        "Bars: 95 % intervals. The youngest years rest on few children.",
    )  # fmt: skip
    silent = float((survey.requests[survey.live == 1] == 0).mean())
    out.claims["three of four weeks live bring no request"] = 0.72 < silent < 0.78
    most = np.bincount(np.minimum(survey.requests[survey.live == 1], 4), minlength=5)
    share = most / most.sum()
    out.tables["lv_spread"] = Table(
        "How many requests in one week live", ("Requests in the week", "Child-weeks", "Per cent"),
        tuple((name, f"{int(m):,}", f"{s * 100:.1f}") for name, m, s in
              zip(("none", "1", "2", "3", "4 or more"), most, share, strict=True)), "All ages.",
    )  # fmt: skip


def _describe_consequences(world: World, out: Findings) -> None:
    survey = world.panel.survey
    asked = instrument.list_items("contact")
    rows = []
    for item in asked:
        counted = survey.items[:, :, instrument.COLUMN[item.key]] >= item.cut
        cells = [pool(counted, select(world.panel) & (survey.live == flag)) for flag in (0, 1)]
        out.numbers |= {f"lv_{item.key}_not": cells[0], f"lv_{item.key}_live": cells[1]}
        rows.append((f"{item.key.upper()} {item.wording}", show(cells[0], "pct"), show(cells[1], "pct")))
    out.tables["lv_answers"] = Table(
        "What children say, per cent of child-weeks answered", ("Question", "Weeks not live", "Weeks live"), tuple(rows),
        "At least once in the week.", 1, (0.56, 0.22, 0.22),
    )  # fmt: skip
    events = world.panel.events
    requests = int((events.kind == simulation.REQUEST).sum())
    images = int((events.kind == simulation.IMAGE_REPORT).sum())
    written = select(world.panel) & (survey.items[:, :, instrument.COLUMN["c1"]] >= 2)
    told = survey.items[:, :, instrument.COLUMN["r3"]] >= 2
    knew = survey.items[:, :, instrument.COLUMN["r1"]] >= 4
    out.numbers |= {
        "lv_image_reports": images, "lv_all_requests": requests,
        "lv_image_share": f"{images / requests * 100:.1f} %",
        "lv_told": pool(told, written), "lv_knew": pool(knew, written),
        "lv_under13_requests": int(survey.requests[world.panel.children.band == 0].sum()),
    }  # fmt: skip
    out.claims["children say the same as the records"] = (
        out.numbers["lv_c1_live"].low > out.numbers["lv_c1_not"].high
    )
