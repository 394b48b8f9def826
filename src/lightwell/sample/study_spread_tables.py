"""Tables of the study LF-AB beyond its report: definitions, counting rules, and the appendix page by page.

Rules as in `study_spread`: aggregate only. Claims about shares that the prose puts into words are checked here too.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import simulation, spread
from lightwell.sample.estimates import (
    SMALLEST,
    Estimate,
    estimate_mean,
    estimate_median,
    estimate_share,
    show,
)
from lightwell.sample.world import Chart, Findings, Page, Series, Table, World

LIMITS = (1, 6, 24, 48, 24 * 7)


def list_rules(world: World, out: Findings) -> None:
    """Tables of the methods, of the softer summary and of the memo on counting rules."""
    p = world.pieces
    out.tables["ab_fields"] = Table(
        "The file used for the analysis: one row for each piece", ("Field", "Values", "From"),
        (("week", "1 to 104, from 1 January 2024", "first upload"), ("weekday", "Monday to Sunday", "first upload"),
         ("service", "one of six", "where first found"), ("route", "; ".join(spread.ROUTES), "case record"),
         ("hours", "0.01 to 1,440", "first upload to removal on the last service"),
         ("accounts", "1 and more", "log of postings and forwards"), ("hash kept", "yes, no", "hash store"),
         ("returned", "yes, no", "hash store, 30 days")), f"{len(p):,} rows.", 3, (0.16, 0.5, 0.34),
    )  # fmt: skip
    known = p.hours[p.route == spread.HASH]
    everything, new = estimate_median(p.hours), estimate_median(p.hours[p.route != spread.HASH])
    out.numbers |= {
        "ab_hash_hour": estimate_share(known <= 1), "ab_hash_minutes": f"{np.median(known) * 60:.0f}",
        "ab_new_before": estimate_share(p.route[p.route != spread.HASH] == spread.CLASSIFIER),
    }  # fmt: skip
    out.tables["ab_summary"] = Table(
        "Our work in numbers, 2024 and 2025", ("", ""),
        (("Pieces removed", f"{len(p):,}"), ("Found before any report", f"{out.numbers['ab_before_report']:pct}"),
         ("Known material removed within one hour", f"{out.numbers['ab_hash_hour']:pct}"),
         ("Accounts closed", f"{out.numbers['ab_closed']:,}")), "", 1, (0.6, 0.3),
    )  # fmt: skip
    out.tables["ab_rules"] = Table(
        "The same two years under both rules", ("Figure", "Transparency report", "This study"),
        (("Median hours to removal, all pieces", show(everything, "num2"), "not given: mixes four routes"),
         ("Median hours to removal, new pieces", "not given", show(new, "num1")),
         ("Found before any report, %", show(out.numbers["ab_before_report"], "pct"), "of new pieces: "
          + show(out.numbers["ab_new_before"], "pct")),
         ("Median hours, report by the child shown", "not given", show(out.numbers["ab_median3"], "num1"))),
        "Both columns are computed from the same rows, with the clock of this study; the transparency report's clock is "
        "shorter (rules 2 and 3).", 1, (0.4, 0.27, 0.33),
    )  # fmt: skip
    rows = []
    for service, name in enumerate(simulation.SERVICES):
        cells = [
            estimate_share(p.returned[(p.service == service) & (p.route != spread.HASH) & (p.kept == k)])
            for k in (1, 0)
        ]
        rows.append(
            (name, f"{cells[0].n:,}", show(cells[0], "pct"), f"{cells[1].n:,}", show(cells[1], "pct"))
        )
    out.tables["ab_returns_services"] = Table(
        "Copies found again within 30 days, new pieces only, by service",
        ("Service", "Hash kept, n", "Found again, %", "Not kept, n", "Found again, %"), tuple(rows),
        "New: not found by a match with a known hash.", 1, (0.24, 0.12, 0.26, 0.12, 0.26),
    )  # fmt: skip
    out.tables["ab_planted"] = Table(
        "What is true in the simulated world", ("Effect", "Size", "Unit"),
        tuple((e.statement, f"{e.size:g}", e.unit) for e in spread.PLANTED),
        "Medians in the tables are longer than planted where weekends are included.", 1, (0.66, 0.14, 0.2),
    )  # fmt: skip
    out.claims["one piece in five is visible for more than a day"] = (
        0.17 < out.numbers["ab_over_day"].value < 0.23
    )
    out.claims["half of the accounts come from these"] = (
        0.45 < float(p.accounts[p.hours > 24].sum() / p.accounts.sum()) < 0.55
    )
    out.claims["one report in five is upheld"] = (
        0.17 < out.numbers["ab_upheld"] / out.numbers["ab_received"] < 0.23
    )
    out.claims["six in ten new pieces have their hash kept"] = (
        0.56 < 1 - out.numbers["ab_not_kept"].value < 0.66
    )
    out.claims["most new pieces are reported first"] = out.numbers["ab_new_reported"].low > 0.5
    out.claims["Messages and Groups spread further"] = min(
        out.numbers["ab_reach_s1"].value, out.numbers["ab_reach_s4"].value
    ) > max(out.numbers[f"ab_reach_s{s}"].value for s in (0, 2, 3, 5))


def fill_appendix(world: World, out: Findings) -> None:
    """The appendix: a page for each service by half-year, route and weekday; one for each quarter by limit and week."""
    p = world.pieces
    quarter = p.week // 13
    pages: list[Page] = []
    for service, name in enumerate(simulation.SERVICES):
        rows, series = [], []
        for half, label in enumerate(
            ("2024, first half", "2024, second half", "2025, first half", "2025, second half")
        ):
            for route, how in enumerate(spread.ROUTES):
                mine = (p.service == service) & (quarter // 2 == half) & (p.route == route)
                n = int(mine.sum())
                cell = (show(estimate_median(p.hours[mine]), "num1"), show(estimate_mean(p.accounts[mine]), "num2"),
                        show(estimate_share(p.hours[mine] > 24), "pct"))  # fmt: skip
                rows.append((label if route == 0 else "", how, f"{n:,}", *cell))
        for route, how in enumerate(spread.ROUTES):
            counts = np.bincount(quarter[(p.service == service) & (p.route == route)], minlength=8)
            series.append(Series(how, tuple(Estimate(float(c), float(c), float(c), int(c)) for c in counts)))
        mine = p.service == service
        reported = estimate_share(p.route[mine] >= spread.USER)
        slow = estimate_share(p.hours[mine] > 24)
        half = (int((mine & (p.week < 52)).sum()), int((mine & (p.week >= 52)).sum()))
        reading = (
            f"On {name}, {int(mine.sum()):,} pieces were first found in two years: {half[0]:,} in 2024 and {half[1]:,} in 2025. "
            f"{reported:pct} became known through a report, and {slow:pct} were visible for longer than a day. "
            f"The mean piece reached {estimate_mean(p.accounts[mine]):num2} accounts."
        )
        days = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
        weekdays = []
        for d, day in enumerate(days):
            here = (p.service == service) & (p.weekday == d)
            slow_ones = here & (p.route != spread.HASH)
            weekdays.append((day, f"{int(here.sum()):,}", f"{int(slow_ones.sum()):,}",
                             show(estimate_median(p.hours[slow_ones]), "num1"), show(estimate_mean(p.accounts[here]), "num2")))  # fmt: skip
        by_day = Table(f"{name}: by weekday of the first upload", ("Weekday", "Pieces", "Without hash matches", "Their median hours",
                       "Mean accounts, all"), tuple(weekdays), "", 1, (0.2, 0.15, 0.2, 0.23, 0.22))  # fmt: skip
        table = Table(f"{name}: pieces by half-year and route", ("Half-year", "Route", "Pieces", "Median hours", "Mean accounts",
                      "Over 24 h, %"), tuple(rows), f"Cells with fewer than {SMALLEST} pieces are shown as “–”.", 2,
                      (0.15, 0.27, 0.07, 0.18, 0.15, 0.18))  # fmt: skip
        chart = Chart("lines", "", "quarter", "pieces", spread.QUARTERS, tuple(series), 1)
        pages.append(Page(f"{name}, by half-year, route and weekday", reading, (table, by_day), chart))
    out.crosstabs["ab_services"] = pages
    limits: list[Page] = []
    for q, label in enumerate(spread.QUARTERS):
        rows = []
        for service, name in enumerate(simulation.SERVICES):
            mine = (p.service == service) & (quarter == q)
            rows.append(
                (
                    name,
                    f"{int(mine.sum()):,}",
                    *(show(estimate_share(p.hours[mine] <= h), "pct") for h in LIMITS),
                )
            )
        mine = quarter == q
        rows.append(
            (
                "all",
                f"{int(mine.sum()):,}",
                *(show(estimate_share(p.hours[mine] <= h), "pct") for h in LIMITS),
            )
        )
        within = estimate_share(p.hours[mine] <= 24)
        worst = min(range(6), key=lambda s: float(np.mean(p.hours[(p.service == s) & (quarter == q)] <= 24)))
        reading = (
            f"In {label} {within:pct} of {int(mine.sum()):,} pieces were removed within 24 hours of the first upload. The service "
            f"with the smallest share is {simulation.SERVICES[worst]}. "
            + (f"{estimate_share(p.hours[mine] > 168):pct} were still visible after seven days."
               if int(mine.sum()) else "")
        )  # fmt: skip
        table = Table(f"{label}: per cent of pieces removed within a limit", ("Service", "Pieces", "1 hour", "6 hours", "24 hours",
                      "48 hours", "7 days"), tuple(rows), "Hours from first upload. Brackets: 95 % interval.", 1,
                      (0.19, 0.07, 0.148, 0.148, 0.148, 0.148, 0.148), (6,))  # fmt: skip
        rows = [(how.capitalize(), f"{int((mine & (p.route == route)).sum()):,}",
                 *(show(estimate_share(p.hours[mine & (p.route == route)] <= h), "pct") for h in LIMITS))
                for route, how in enumerate(spread.ROUTES)]  # fmt: skip
        routes = Table(
            f"{label}: the same by route", ("Route", *table.header[1:]), tuple(rows), "", 1, table.widths
        )
        rows = [(f"{spread.date_week(w):%-d %B}", f"{int((p.week == w).sum()):,}",
                 *(f"{int(((p.week == w) & (p.route == k)).sum())}" for k in range(4)), f"{int(p.accounts[p.week == w].sum()):,}",
                 f"{int(world.reports.received[w].sum()):,}") for w in range(q * 13, q * 13 + 13)]  # fmt: skip
        weeks = Table(f"{label}: week by week", ("Week from", "Pieces", "Hash", "Classifier", "User", "Child shown", "Accounts",
                      "Reports received"), tuple(rows), "Counts.", 1, (0.16, 0.12, 0.12, 0.12, 0.12, 0.12, 0.12, 0.12))  # fmt: skip
        limits.append(Page(f"{label}, removal within a limit", reading, (table, routes, weeks)))
    out.crosstabs["ab_quarters"] = limits
