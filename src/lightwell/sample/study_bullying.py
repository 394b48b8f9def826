"""Findings of the experiment “A prompt before posting” (LF-BX), on bullying.

Rules: analysed as assigned; the registered outcome is the number of hostile public comments in eight weeks, and the
registered harm check is hostile private messages. Absent: any comment's text.
"""

from __future__ import annotations

import numpy as np

from lightwell.sample import experiment, simulation
from lightwell.sample.estimates import divide, estimate_mean, estimate_share, shift, show, subtract
from lightwell.sample.world import Chart, Findings, Page, Series, Table, World


def find(world: World) -> Findings:
    """Compute everything that the documents about bullying print, from the simulation alone."""
    out = Findings()
    a = world.authors
    out.numbers["bx_authors"] = len(a)
    _check_balance(a, out)
    _compare(a, out)
    _split(a, out)
    return out


def _check_balance(a: experiment.Authors, out: Findings) -> None:
    rows = []
    for arm, name in enumerate(experiment.ARMS):
        mine = a.arm == arm
        out.numbers[f"bx_n{arm}"] = int(mine.sum())
        rows.append((name.capitalize(), f"{int(mine.sum()):,}", f"{estimate_share(a.band[mine] == 0).value * 100:.1f}",
                     f"{estimate_share(a.group[mine] == 2).value * 100:.1f}", show(estimate_mean(a.before[mine]), "num2")))  # fmt: skip
    out.tables["bx_balance"] = Table(
        "The three arms before the experiment",
        ("Arm", "Authors", "Age 10–12, %", "Three or more earlier, %", "Hostile comments in the four weeks before"),
        tuple(rows), "Hostile: flagged by the classifier and confirmed by a person.", 1, (0.28, 0.12, 0.15, 0.19, 0.26),
    )  # fmt: skip


def _compare(a: experiment.Authors, out: Findings) -> None:
    rows = []
    measures = (("after", "Hostile public comments, eight weeks", a.after, "num2"),
                ("private", "Hostile private messages reported by others", a.private, "num3"),
                ("stayed", "Still active in week eight, %", a.stayed, "pct"),
                ("received", "Bullying a friend received, score 1 to 5", a.received, "num2"))  # fmt: skip
    for key, name, values, form in measures:
        means = [estimate_mean(values[a.arm == arm]) for arm in range(3)]
        changes = [shift(divide(means[arm], means[0])) for arm in (1, 2)]
        for arm in range(3):
            out.numbers[f"bx_{key}{arm}"] = means[arm]
        out.numbers |= {f"bx_{key}_change{arm}": changes[arm - 1] for arm in (1, 2)}
        rows.append((name, *(show(m, form) for m in means), *(show(c, "chg") for c in changes)))
    out.tables["bx_main"] = Table(
        "All registered outcomes, as assigned", ("Outcome", "No prompt", "Prompt", "Prompt and pause", "Prompt, change %",
                                                 "Pause, change %"), tuple(rows),
        "Means per author with 95 % intervals; changes are relative to no prompt.", 1, (0.2, 0.145, 0.145, 0.15, 0.18, 0.18),
    )  # fmt: skip
    both = a.arm > 0
    private = shift(divide(estimate_mean(a.private[both]), estimate_mean(a.private[~both])))
    out.numbers["bx_private_both"] = private
    received = subtract(estimate_mean(a.received[both]), estimate_mean(a.received[~both]))
    out.numbers["bx_received_both"] = received
    total = [estimate_mean(a.after[a.arm == arm] + a.private[a.arm == arm]) for arm in range(3)]
    out.numbers["bx_total_change1"] = shift(divide(total[1], total[0]))
    out.charts["bx_main"] = Chart(
        "bars", "Hostile public comments and hostile private messages, per author in eight weeks", "arm", "per author",
        experiment.ARMS,
        (Series("public comments", tuple(out.numbers[f"bx_after{k}"] for k in range(3))),
         Series("private messages reported", tuple(out.numbers[f"bx_private{k}"] for k in range(3)))), 1,
        "Bars: 95 % intervals.",
    )  # fmt: skip
    out.claims["private messages rise with a prompt"] = private.low > 0
    out.claims["received bullying does not change"] = abs(received.value) < 0.03
    out.claims["an improvement of a twentieth of a point is excluded"] = received.low > -0.05
    out.claims["the prompt lowers public comments"] = out.numbers["bx_after_change1"].high < 0
    out.claims["the pause costs activity"] = out.numbers["bx_stayed_change2"].high < 0


def _split(a: experiment.Authors, out: Findings) -> None:
    rows, points = [], []
    for group, name in enumerate(experiment.GROUPS):
        means = [estimate_mean(a.after[(a.arm == arm) & (a.group == group)]) for arm in range(3)]
        changes = [shift(divide(means[arm], means[0])) for arm in (1, 2)]
        out.numbers |= {f"bx_g{group}_change1": changes[0], f"bx_g{group}_change2": changes[1]}
        part = a.after[(a.arm == 0) & (a.group == group)].sum() / a.after[a.arm == 0].sum()
        out.numbers[f"bx_g{group}_part"] = f"{part * 100:.0f} %"
        points.append(changes)
        rows.append((name.capitalize(), f"{int((a.group == group).sum()):,}", f"{part * 100:.1f}",
                     *(show(m, "num2") for m in means), show(changes[0], "chg")))  # fmt: skip
    out.tables["bx_groups"] = Table(
        "Hostile public comments by the author's record", ("Earlier comments", "Authors", "Of all comments, %", "No prompt",
                                                           "Prompt", "Prompt and pause", "Prompt, change %"), tuple(rows),
        "Of all comments: share of the arm without prompt.", 1, (0.19, 0.09, 0.12, 0.14, 0.14, 0.15, 0.17),
    )  # fmt: skip
    out.charts["bx_groups"] = Chart(
        "points", "Change in hostile public comments against no prompt, by the author's record", "earlier hostile comments",
        "per cent change", experiment.GROUPS,
        (Series("prompt", tuple(p[0] for p in points)), Series("prompt and pause", tuple(p[1] for p in points))), 100,
        "Bars: 95 % intervals.",
    )  # fmt: skip
    out.numbers["bx_repeat_authors"] = estimate_share(a.group == 2)
    pages: list[Page] = []
    for country, place in enumerate(simulation.COUNTRIES):
        rows = []
        best: list[tuple[float, str]] = []
        for band, age in enumerate(simulation.BANDS):
            for group, name in enumerate(experiment.GROUPS):
                cell = (a.country == country) & (a.band == band) & (a.group == group)
                means = [estimate_mean(a.after[cell & (a.arm == arm)]) for arm in range(3)]
                private = [estimate_mean(a.private[cell & (a.arm == arm)]) for arm in range(3)]
                rows.append((age if group == 0 else "", name, f"{int(cell.sum()):,}", *(show(m, "num2") for m in means),
                             *(f"{m.value:.2f}" if m.n >= 20 else "–" for m in private)))  # fmt: skip
                if means[0].n >= 100:
                    best.append((means[1].value / means[0].value - 1, f"ages {age}, {name}"))
        here = a.country == country
        overall = shift(
            divide(estimate_mean(a.after[here & (a.arm == 1)]), estimate_mean(a.after[here & (a.arm == 0)]))
        )
        reading = (
            f"In {place} {int(here.sum()):,} authors took part. The prompt changed hostile public comments by "
            f"{overall:chgci}, {'an interval that excludes' if overall.high < 0 else 'an interval that includes'} no change. "
            f"Of the cells with at least 100 authors without prompt, the largest fall is {abs(min(best)[0]) * 100:.0f} % "
            f"({min(best)[1]}); the least favourable is {max(best)[0] * 100:+.0f} % ({max(best)[1]}).".replace(
                "-", "−"
            )
        )
        table = Table(f"{place}: hostile comments and messages per author, by age and record",
                      ("Age", "Earlier", "Authors", "Public: none", "Public: prompt", "Public: pause", "Private: none", "prompt",
                       "pause"), tuple(rows), "Public comments with 95 % intervals; private messages reported by others, means. "
                      "Cells with fewer than 20 authors are shown as “–”.", 2,
                      (0.065, 0.16, 0.085, 0.145, 0.145, 0.145, 0.085, 0.085, 0.085))  # fmt: skip
        chart = Chart("bars", "", "arm", "hostile comments per author", experiment.ARMS,
                      tuple(Series(f"age {age}", tuple(estimate_mean(a.after[here & (a.band == b) & (a.arm == arm)]) for arm in range(3)))
                            for b, age in enumerate(simulation.BANDS)), 1)  # fmt: skip
        pages.append(Page(place, reading, (table, _tabulate_rest(a, here, place)), chart))
    out.crosstabs["bx_countries"] = pages
    first, last = out.numbers["bx_g0_change1"], out.numbers["bx_g2_change1"]
    out.claims["first-time authors write less after a prompt"] = first.high < 0
    out.claims["repeat authors do not"] = abs(last.value) < 0.06
    repeats = a.group == 2
    out.claims["few authors write much"] = (
        a.after[(a.arm == 0) & repeats].sum() / a.after[a.arm == 0].sum() > 0.4
    )


def _tabulate_rest(a: experiment.Authors, here: np.ndarray, place: str) -> Table:
    """Activity in week eight and bullying received, by arm and age, in one country."""
    rows = []
    for arm, name in enumerate(experiment.ARMS):
        for band, age in enumerate(simulation.BANDS):
            mine = here & (a.arm == arm) & (a.band == band)
            rows.append((name if band == 0 else "", age, f"{int(mine.sum()):,}", show(estimate_share(a.stayed[mine]), "pct"),
                         show(estimate_mean(a.received[mine]), "num2"), show(estimate_mean(a.before[mine]), "num2")))  # fmt: skip
    return Table(f"{place}: activity, bullying received by a friend, and comments before the experiment",
                 ("Arm", "Age", "Authors", "Active in week eight, %", "Received, 1 to 5", "Comments before"), tuple(rows), "", 2,
                 (0.24, 0.08, 0.1, 0.21, 0.185, 0.185))  # fmt: skip
