"""How long readers wait for a comparison of 100 companies on one topic over 40 quarters, eight clients.

One file of invented figures, of 100 companies, each with two figures about bullying and its count of people
for 40 quarters, is imported and published by the product's own commands and served by `lightwell serve`.
The page is kept from its first answer until the log grows, and what it compares is read once in each process
until then; made anew it is under an address that no process has answered before, which a changed query gives.
The first reader after a change waits for both, which is measured after a start of the site. With --state any
archive is measured instead, such as one of real editions.

    .venv/bin/python benchmarks/figure_pages.py [--companies 100] [--periods 40] [--clients 8] [--rounds 200]
"""

from __future__ import annotations

import argparse
import csv
import random
import re
import statistics
from pathlib import Path

import home
import report
import serving

GOAL_MILLISECONDS = 100
LIMIT = "/robots.txt"
STARTS = 10
FIRST_YEAR = 2016
HEADER = ("company", "policy_area", "metric", "period", "value")
SERIES = (
    ("Bullying", "Content actioned"),
    ("Bullying", "Content restored"),
    ("People", "Monthly active people"),
)
LAYOUT = """name: benchmark
version: "1"
provider: Regulator
report: Figures of many companies
told_by: other
header: [company, policy_area, metric, period, value]
columns:
  company: {is: provider}
  policy_area: {is: policy area}
  metric: {is: metric}
  period: {is: period}
  value: {is: value}
metrics:
  - {name: Content actioned, counts: pieces}
  - {name: Content restored, counts: pieces}
  - {name: Monthly active people, counts: people}
"""


def write_file(path: Path, companies: int, periods: int) -> None:
    """Write the figures of every company, seeded."""
    dice = random.Random(7)
    quarters = [f"{FIRST_YEAR + at // 4}Q{at % 4 + 1}" for at in range(periods)]
    with path.open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(HEADER)
        for number in range(companies):
            for area, metric in SERIES:
                start = dice.randrange(10_000, 10_000_000)
                out.writerows(
                    (f"Company {number:03}", area, metric, quarter, f"{round(start * (1 + dice.random())):,}")
                    for quarter in quarters
                )


def build(folder: Path, companies: int, periods: int) -> Path:
    """Make an archive with the file, published by two people; its state folder."""
    with home.make_fresh(folder) as fresh:
        file, layout = folder / "figures.csv", folder / "benchmark.yaml"
        write_file(file, companies, periods)
        layout.write_text(LAYOUT, "utf-8")
        done = fresh.run("figures", "import", str(file), "--mapping", str(layout), "--as", home.PUBLISHER)
        proposal = re.search(r"lightwell approve (\d+)", done.output)
        if proposal is None:
            raise SystemExit(f"nothing was proposed:\n{done.output}")
        fresh.run("approve", proposal[1], "--as", home.APPROVER)
    return folder / "state"


def measure_first(found: report.Report, state: Path, topic: str) -> None:
    """Measure what the first reader of a process waits, who finds nothing kept."""
    times = []
    for _ in range(STARTS):
        with serving.serve(state) as site:
            # Templates and connections, but nothing of the comparison.
            site.ask(8, [(0, "/companies/")] * 64)
            times += [took for _, took, _ in site.ask(1, [(0, f"/figures/compare/{topic}/")])]
    half, longest = statistics.median(times), max(times)
    found.add(
        "read and made by the first reader, one client",
        f"{half:.1f} / {longest:.1f} ms",
        f"half / longest of {STARTS} starts",
    )


def measure(found: report.Report, state: Path, topic: str, clients: int, rounds: int) -> None:
    """Measure the limit, the page made anew for each question, and the page as every later reader gets it."""
    page = f"/figures/compare/{topic}/"
    with serving.serve(state) as site:
        for _ in range(4):
            site.ask(clients, [(0, page)] * (4 * clients))
        limit = site.ask(clients, [(0, LIMIT)] * (rounds * clients))
        fresh = site.ask(clients, [(0, f"{page}?{number}") for number in range(rounds)])
        together = site.ask(
            clients,
            [(0, f"{page}?together={number}") for number in range(rounds // 4) for _ in range(clients)],
        )
        alone = site.ask(1, [(0, f"{page}?one={number}") for number in range(min(rounds, 40))])
        warm = site.ask(clients, [(0, page)] * (rounds * clients))
    size = sum(each[2] for each in warm) / len(warm) / 1000
    for what, answers, beside in (
        (f"`{LIMIT}`, the server's smallest answer", limit, "half / 99 % of answers; limit"),
        (f"comparison, {clients} clients", warm, f"goal {GOAL_MILLISECONDS} ms; {size:.0f} kB"),
        (f"made anew for every question, {clients} clients", fresh, "each address asked once"),
        (
            f"made anew for {clients} clients who ask for the same address at once",
            together,
            "made once in each process",
        ),
        ("made anew for every question, one client", alone, "each address asked once"),
    ):
        times = [took for _, took, _ in answers]
        found.add(what, "{:.1f} / {:.1f} ms".format(*report.cut(times)), beside)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--companies", type=int, default=100)
    parser.add_argument("--periods", type=int, default=40)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=200, help="answers of each kind, a client")
    parser.add_argument("--state", type=Path, help="measure this archive instead of an invented one")
    parser.add_argument("--topic", default="bullying")
    options = parser.parse_args()
    with report.Report("figure_pages", ("django", "granian")) as found:
        state = options.state or build(report.CACHE / "figure-pages", options.companies, options.periods)
        if options.state is None:
            found.add(
                "companies x periods x figures of the topic", f"{options.companies} x {options.periods} x 2"
            )
        measure(found, state, options.topic, options.clients, options.rounds)
        measure_first(found, state, options.topic)


if __name__ == "__main__":
    main()
