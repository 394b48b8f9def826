"""Findings of the study “How abuse images spread between accounts, and how fast they are removed” (LF-AB).

Rules: strictly aggregate. A piece is a row with a week, a service, a route by which it was found, hours and counts.
Absent, here and in every document: what any piece shows, how detection thresholds are set, names and searches.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import simulation, spread
from lightwell.sample.estimates import SMALLEST, Estimate, divide, estimate_mean, estimate_median, estimate_share, show
from lightwell.sample.world import Chart, Findings, Series, Table, World

QUARTERS = tuple(f"{year} Q{q}" for year in (2024, 2025) for q in range(1, 5))
LIMITS = (1, 6, 24, 48, 24 * 7)


def find(world: World) -> Findings:
    out = Findings()
    _count(world, out)
    _time_removal(world, out)
    _follow_spread(world, out)
    _follow_returns(world, out)
    _follow_reports(world, out)
    _list_rules(world, out)
    _tabulate(world, out)
    return out


def _list_rules(world: World, out: Findings) -> None:
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
        cells = [estimate_share(p.returned[(p.service == service) & (p.route != spread.HASH) & (p.kept == k)]) for k in (1, 0)]
        rows.append((name, f"{cells[0].n:,}", show(cells[0], "pct"), f"{cells[1].n:,}", show(cells[1], "pct")))
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
    out.claims["one piece in five is visible for more than a day"] = 0.17 < out.numbers["ab_over_day"].value < 0.23
    out.claims["half of the accounts come from these"] = 0.45 < float(p.accounts[p.hours > 24].sum() / p.accounts.sum()) < 0.55
    out.claims["one report in five is upheld"] = 0.17 < out.numbers["ab_upheld"] / out.numbers["ab_received"] < 0.23
    out.claims["six in ten new pieces have their hash kept"] = 0.56 < 1 - out.numbers["ab_not_kept"].value < 0.66
    out.claims["most new pieces are reported first"] = out.numbers["ab_new_reported"].low > 0.5
    out.claims["Messages and Groups spread further"] = min(
        out.numbers["ab_reach_s1"].value, out.numbers["ab_reach_s4"].value
    ) > max(out.numbers[f"ab_reach_s{s}"].value for s in (0, 2, 3, 5))


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
    rows.append(("all", f"{len(p):,}", *(f"{np.mean(p.route == k) * 100:.1f}" for k in range(4)), f"{int(p.accounts.sum()):,}"))
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
        "lines", "Distinct pieces removed, by quarter and route", "quarter", "pieces", QUARTERS, tuple(series), 1,
        "Counts, not samples; therefore without intervals.",
    )  # fmt: skip
    out.claims["Messages carries the most pieces"] = int(np.bincount(p.service).argmax()) == simulation.MESSAGES


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
        "No route became faster by more than its interval allows.", 1, (0.34, 0.22, 0.22, 0.22),
    )  # fmt: skip
    ratios = [divide(estimate_median(p.hours[(p.route == k) & late]), estimate_median(p.hours[(p.route == k) & early]))
              for k in range(4)]  # fmt: skip
    out.claims["no route became faster"] = all(e.high > 0.97 for e in ratios)
    out.claims["reports of the child shown take longest"] = out.numbers["ab_median3"].low > out.numbers["ab_median2"].high
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
    out.claims["longer visible, further spread"] = all(a.value < b.value for a, b in zip(points, points[1:], strict=False))
    out.claims["the slow few carry most accounts"] = p.accounts[day].sum() / total > 1.4 * day.mean()


def _follow_returns(world: World, out: Findings) -> None:
    p = world.pieces
    rows = []
    for name, mask in (
        ("Hash kept and shared between the services", p.kept == 1), ("No hash kept", p.kept == 0),
        ("Found by hash match", p.route == 0), ("Found by classifier", p.route == 1), ("Reported by a user", p.route == 2),
        ("Reported by the child shown", p.route == 3),
    ):  # fmt: skip
        rows.append((name, f"{int(mask.sum()):,}", f"{p.kept[mask].mean() * 100:.1f}", show(estimate_share(p.returned[mask]), "pct")))
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
    out.claims["copies come back without a hash"] = out.numbers["ab_back_not"].low > 2 * out.numbers["ab_back_kept"].high


def _follow_reports(world: World, out: Findings) -> None:
    r = world.reports
    rows = []
    for q, name in enumerate(QUARTERS):
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


def _tabulate(world: World, out: Findings) -> None:
    """The appendix: for each service a page by quarter and route; for each quarter a page by service and limit."""
    p = world.pieces
    quarter = p.week // 13
    pages: list = []
    for service, name in enumerate(simulation.SERVICES):
        rows, series = [], []
        for q, label in enumerate(QUARTERS):
            for route, how in enumerate(spread.ROUTES):
                mine = (p.service == service) & (quarter == q) & (p.route == route)
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
        table = Table(f"{name}: pieces by quarter and route", ("Quarter", "Route", "Pieces", "Median hours", "Mean accounts",
                      "Over 24 h, %"), tuple(rows), f"Cells with fewer than {SMALLEST} pieces are shown as “–”.", 2,
                      (0.1, 0.31, 0.08, 0.18, 0.15, 0.18))  # fmt: skip
        chart = Chart("lines", "", "quarter", "pieces", QUARTERS, tuple(series), 1)
        pages.append((f"{name}, by quarter and route", table, chart, reading))
    out.crosstabs["ab_services"] = pages
    limits: list = []
    for q, label in enumerate(QUARTERS):
        rows = []
        for service, name in enumerate(simulation.SERVICES):
            mine = (p.service == service) & (quarter == q)
            rows.append((name, f"{int(mine.sum()):,}", *(show(estimate_share(p.hours[mine] <= h), "pct") for h in LIMITS)))
        mine = quarter == q
        rows.append(("all", f"{int(mine.sum()):,}", *(show(estimate_share(p.hours[mine] <= h), "pct") for h in LIMITS)))
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
                      (0.2, 0.08, 0.144, 0.144, 0.144, 0.144, 0.144), (6,))  # fmt: skip
        chart = Chart("bars", "", "removed within", "per cent of pieces", ("1 hour", "6 hours", "24 hours", "48 hours", "7 days"),
                      (Series(label, tuple(estimate_share(p.hours[mine] <= h) for h in LIMITS)),), 100)  # fmt: skip
        limits.append((f"{label}, removal within a limit", table, chart, reading))
    out.crosstabs["ab_quarters"] = limits
