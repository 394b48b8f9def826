"""Findings of the study “How abuse images spread between accounts, and how fast they are removed” (LF-AB).

Rules: strictly aggregate. A piece is a row with a week, a service, a route by which it was found, hours and counts.
Absent, here and in every document: what any piece shows, how detection thresholds are set, names and searches.
"""

from __future__ import annotations

import itertools

import numpy as np

from lightwell.sample import simulation, spread, study_spread_tables
from lightwell.sample.estimates import (
    SMALLEST,
    Estimate,
    divide,
    estimate_mean,
    estimate_median,
    estimate_share,
    show,
)
from lightwell.sample.world import Chart, Findings, Series, Table, World


def find(world: World) -> Findings:
    """Compute everything that these documents print, from the simulation alone; no image exists."""
    out = Findings()
    _count(world, out)
    _time_removal(world, out)
    _follow_spread(world, out)
    _follow_returns(world, out)
    _follow_reports(world, out)
    study_spread_tables.list_rules(world, out)
    study_spread_tables.fill_appendix(world, out)
    return out


def _count(world: World, out: Findings) -> None:
    p, r = world.pieces, world.reports
    out.numbers |= {
        "ab_pieces": len(p), "ab_accounts": int(p.accounts.sum()), "ab_received": int(r.received.sum()),
        "ab_upheld": int(r.upheld.sum()), "ab_closed": int(r.accounts_closed.sum()),
        "ab_by_children": estimate_share(np.arange(int(r.received.sum())) < int(r.by_children.sum())),
    }  # fmt: skip
    for route in range(4):
        out.numbers[f"ab_route{route}"] = estimate_share(p.route == route)
    out.numbers["ab_before_report"] = estimate_share(p.route <= spread.CLASSIFIER)
    new = p.route != spread.HASH
    out.numbers["ab_new"] = estimate_share(new)
    out.numbers["ab_new_reported"] = estimate_share(p.route[new] >= spread.USER)
    rows = []
    for service, name in enumerate(simulation.SERVICES):
        mine = p.service == service
        rows.append((name, f"{int(mine.sum()):,}", *(f"{np.mean(p.route[mine] == k) * 100:.1f}" for k in range(4)),
                     f"{int(p.accounts[mine].sum()):,}"))  # fmt: skip
    rows.append(
        (
            "all",
            f"{len(p):,}",
            *(f"{np.mean(p.route == k) * 100:.1f}" for k in range(4)),
            f"{int(p.accounts.sum()):,}",
        )
    )
    out.tables["ab_routes"] = Table(
        "Distinct pieces removed in 2024 and 2025, by service and by the route on which each was first found",
        ("Service", "Pieces", "Hash, %", "Classifier, %", "User, %", "Child shown, %", "Accounts"), tuple(rows),
        "Each piece is counted once, on the service and route where it was first found. Accounts: posted or forwarded it "
        "before removal.", 1, strong=(6,),
    )  # fmt: skip
    messages = p.service == simulation.MESSAGES
    out.numbers["ab_messages"] = estimate_share(messages)
    out.numbers["ab_messages_reported"] = estimate_share(p.route[messages] >= spread.USER)
    quarter = p.week // 13
    series = []
    for route, name in enumerate(spread.ROUTES):
        counts = np.bincount(quarter[p.route == route], minlength=8)
        series.append(Series(name, tuple(Estimate(float(c), float(c), float(c), int(c)) for c in counts)))
    out.charts["ab_quarters"] = Chart(
        "lines", "Distinct pieces removed, by quarter and route", "quarter", "pieces", spread.QUARTERS, tuple(series), 1,
        "Counts, not samples; therefore without intervals.",
    )  # fmt: skip
    out.claims["Messages carries the most pieces"] = (
        int(np.bincount(p.service).argmax()) == simulation.MESSAGES
    )


def _time_removal(world: World, out: Findings) -> None:
    p = world.pieces
    rows = []
    for route, name in enumerate(spread.ROUTES):
        hours = p.hours[p.route == route]
        median = estimate_median(hours)
        out.numbers[f"ab_median{route}"] = median
        out.numbers[f"ab_day{route}"] = estimate_share(hours > 24)
        rows.append((name.capitalize(), f"{len(hours):,}", show(median, "num1" if route else "num2"),
                     f"{np.quantile(hours, 0.9):,.1f}", f"{np.mean(hours > 24) * 100:.1f}",
                     f"{np.mean(hours > 24 * 7) * 100:.1f}"))  # fmt: skip
    out.tables["ab_times"] = Table(
        "Hours from first upload to removal on every service", ("Route", "Pieces", "Median (95 % interval)", "90th percentile",
                                                                "Over 24 h, %", "Over 7 days, %"), tuple(rows),
        "For reports, the clock begins with the upload, not with the report.", 1, (0.3, 0.1, 0.24, 0.13, 0.11, 0.12),
    )  # fmt: skip
    points = (0.1, 0.25, 0.5, 1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720)
    out.charts["ab_survival"] = Chart(
        "steps", "Share of pieces still visible after so many hours, by route", "hours since first upload (uneven steps)",
        "per cent still visible", tuple(f"{h:g}" for h in points),
        tuple(Series(name, tuple(estimate_share(p.hours[p.route == route] > h) for h in points))
              for route, name in enumerate(spread.ROUTES)), 100, "Kaplan–Meier without censoring: every piece was removed.",
    )  # fmt: skip
    slow = p.route >= spread.USER
    weekend = estimate_median(p.hours[slow & (p.weekday >= 5)])
    weekday = estimate_median(p.hours[slow & (p.weekday < 5)])
    out.numbers |= {"ab_weekend": weekend, "ab_weekday": weekday, "ab_weekend_ratio": divide(weekend, weekday),
                    "ab_child_user": divide(out.numbers["ab_median3"], out.numbers["ab_median2"])}  # fmt: skip
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    out.charts["ab_weekday"] = Chart(
        "points", "Median hours to removal of reported pieces, by weekday of the upload", "weekday", "median hours", days,
        tuple(Series(name, tuple(estimate_median(p.hours[(p.route == route) & (p.weekday == d)]) for d in range(7)))
              for route, name in ((2, spread.ROUTES[2]), (3, spread.ROUTES[3]))), 1, "Bars: 95 % intervals.",
    )  # fmt: skip
    early, late = p.week < 52, p.week >= 52
    rows = []
    for route, name in enumerate(spread.ROUTES):
        a, b = (estimate_median(p.hours[(p.route == route) & y]) for y in (early, late))
        rows.append((name.capitalize(), show(a, "num2" if route == 0 else "num1"), show(b, "num2" if route == 0 else "num1"),
                     show(divide(b, a), "x")))  # fmt: skip
    out.tables["ab_years"] = Table(
        "Median hours to removal in 2024 and 2025", ("Route", "2024", "2025", "2025 / 2024"), tuple(rows),
        "Last column: ratio of the medians; 1 = no change.", 1, (0.34, 0.22, 0.22, 0.22),
    )  # fmt: skip
    ratios = [divide(estimate_median(p.hours[(p.route == k) & late]), estimate_median(p.hours[(p.route == k) & early]))
              for k in range(4)]  # fmt: skip
    out.claims["the times hardly change"] = all(0.75 < e.value < 1.33 for e in ratios)
    out.claims["reports of the child shown take longest"] = (
        out.numbers["ab_median3"].low > out.numbers["ab_median2"].high
    )
    out.claims["weekends are slower"] = weekend.low > weekday.high


def _follow_spread(world: World, out: Findings) -> None:
    p = world.pieces
    edges = (0, 1, 6, 24, 48, 168, 1e9)
    names = ("under 1 h", "1 to 6 h", "6 to 24 h", "1 to 2 days", "2 to 7 days", "over 7 days")
    group = np.digitize(p.hours, edges[1:-1])
    rows, points = [], []
    total = p.accounts.sum()
    for g, name in enumerate(names):
        mine = group == g
        e = estimate_mean(p.accounts[mine])
        points.append(e)
        rows.append((name, f"{int(mine.sum()):,}", show(e, "num2"), f"{np.quantile(p.accounts[mine], 0.9):.0f}",
                     f"{p.accounts[mine].max():,}", f"{mine.mean() * 100:.1f}", f"{p.accounts[mine].sum() / total * 100:.1f}"))  # fmt: skip
    out.tables["ab_reach"] = Table(
        "Accounts reached before removal, by time visible", ("Visible", "Pieces", "Mean accounts", "90th percentile", "Most",
                                                            "Of pieces, %", "Of accounts, %"), tuple(rows),
        "Accounts that posted or forwarded the piece; those that only saw it are not known.", 1,
    )  # fmt: skip
    out.charts["ab_reach"] = Chart(
        "points", "Mean number of accounts reached, by time visible", "time visible", "accounts", names,
        (Series("accounts", tuple(points)),), 1, "Bars: 95 % intervals.",
    )  # fmt: skip
    day = p.hours > 24
    out.numbers |= {
        "ab_over_day": estimate_share(day), "ab_over_day_accounts": f"{p.accounts[day].sum() / total * 100:.0f} %",
        "ab_reach_short": points[0], "ab_reach_week": points[5], "ab_mean_accounts": estimate_mean(p.accounts),
    }  # fmt: skip
    for service in range(6):
        out.numbers[f"ab_reach_s{service}"] = estimate_mean(p.accounts[(p.service == service) & day])
    rows = [(name, *(show(estimate_mean(p.accounts[(p.service == s) & (group == g)]), "num1") for g in (0, 2, 4, 5)))
            for s, name in enumerate(simulation.SERVICES)]  # fmt: skip
    out.tables["ab_reach_services"] = Table(
        "Mean accounts reached, by service and time visible", ("Service", names[0], names[2], names[4], names[5]), tuple(rows),
        f"A cell with fewer than {SMALLEST} pieces is shown as “–”.", 1,
    )  # fmt: skip
    capped = np.minimum(p.hours, 24)
    fewer = np.where(day, (p.accounts - 1) * (1 - (capped / p.hours) ** spread.EFFECT["reach"]), 0).sum()
    out.numbers["ab_saved"] = f"{fewer / total * 100:.0f} %"
    out.claims["longer visible, further spread"] = all(
        a.value < b.value for a, b in itertools.pairwise(points)
    )
    out.claims["the slow few carry most accounts"] = p.accounts[day].sum() / total > 1.4 * day.mean()


def _follow_returns(world: World, out: Findings) -> None:
    p = world.pieces
    rows = []
    for name, mask in (
        ("Hash kept and shared between the services", p.kept == 1), ("No hash kept", p.kept == 0),
        ("Found by hash match", p.route == 0), ("Found by classifier", p.route == 1), ("Reported by a user", p.route == 2),
        ("Reported by the child shown", p.route == 3),
    ):  # fmt: skip
        rows.append(
            (
                name,
                f"{int(mask.sum()):,}",
                f"{p.kept[mask].mean() * 100:.1f}",
                show(estimate_share(p.returned[mask]), "pct"),
            )
        )
    out.tables["ab_returns"] = Table(
        "Copies found again within 30 days of removal", ("Pieces", "n", "Hash kept, %", "Found again, %"), tuple(rows),
        "A hash is kept for every piece found by hash match; for others it depends on the reviewing site.", 1,
        (0.44, 0.14, 0.16, 0.26),
    )  # fmt: skip
    out.numbers |= {
        "ab_back_kept": estimate_share(p.returned[p.kept == 1]), "ab_back_not": estimate_share(p.returned[p.kept == 0]),
        "ab_not_kept": estimate_share(p.kept[p.route != 0] == 0), "ab_not_kept_n": int((p.kept == 0).sum()),
        "ab_back_child": estimate_share(p.returned[p.route == 3]),
    }  # fmt: skip
    out.claims["copies come back without a hash"] = (
        out.numbers["ab_back_not"].low > 2 * out.numbers["ab_back_kept"].high
    )


def _follow_reports(world: World, out: Findings) -> None:
    r = world.reports
    rows = []
    for q, name in enumerate(spread.QUARTERS):
        weeks = slice(q * 13, q * 13 + 13)
        got, kids, up, back = (int(x[weeks].sum()) for x in (r.received, r.by_children, r.upheld, r.backlog))
        rows.append((name, f"{got:,}", f"{kids / got * 100:.1f}", f"{up / got * 100:.1f}", f"{back / 13:.1f}",
                     f"{int(r.accounts_closed[weeks].sum()):,}"))  # fmt: skip
    out.tables["ab_reports"] = Table(
        "Reports received under the category “sexual images of a child”",
        ("Quarter", "Reports", "From children, %", "Upheld, %", "Waiting over 24 h, weekly mean", "Accounts closed"), tuple(rows),
        "From children: accounts with a declared age under 18. Upheld: led to the removal of at least one piece or copy.", 1,
    )  # fmt: skip
    weekly = r.received.sum(axis=1).reshape(26, 4).mean(axis=1)
    waiting = r.backlog.sum(axis=1).reshape(26, 4).mean(axis=1)

    def line(values: np.ndarray) -> tuple[Estimate, ...]:
        return tuple(Estimate(float(v), float(v), float(v), 4) for v in values)

    out.charts["ab_queue"] = Chart(
        "lines", "Reports received and reports waiting longer than a day, weekly means of four weeks", "week (first of four)",
        "reports a week", tuple(f"{spread.date_week(k * 4):%m/%y}" for k in range(26)),
        (Series("received", line(weekly)), Series("waiting over 24 hours", line(waiting))), 1, "Counts, not samples.",
    )  # fmt: skip
    first, second = r.received[:52].sum(), r.received[52:].sum()
    out.numbers["ab_growth"] = f"{(second / first - 1) * 100:.0f} %"
    out.claims["reports grew"] = second > first
