"""How long readers wait for the public pages: the sample's site and one of 10,000 documents, eight clients.

The site is the product's own, `lightwell serve` with worker and SQLite; the clients are another process
on the same two cores (`serving.py`). Each kind of page is asked in a seeded order with the others, each time
that of another company, study, document or page. Cold is the first answer from an address after a start;
warm is every later one, as long as the log does not grow. The limit in the same run is `/robots.txt`, the
server's smallest answer. The sample is what `make demo` makes.

    .venv/bin/python benchmarks/pages.py [--clients 8] [--rounds 200] [--documents 10000]
"""

from __future__ import annotations

import argparse
import random
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.parse import urlencode

import archive
import home
import report
import serving

GOAL_MILLISECONDS, GOAL_MEGABYTES = 50, 300
LIMIT = "/robots.txt"


def list_addresses(state: Path) -> dict[str, list[str]]:
    """List the addresses of every kind of public page, out of the rows."""
    with closing(sqlite3.connect(f"file:{state / 'lightwell.sqlite3'}?mode=ro", uri=True)) as database:
        companies = [slug for (slug,) in database.execute("SELECT slug FROM provider")]
        studies = [study for (study,) in database.execute("SELECT id FROM study")]
        records = database.execute("SELECT DISTINCT record FROM disclosure WHERE kind != 'study'").fetchall()
        items = database.execute(
            "SELECT study_id, number FROM item WHERE inventory_id IS NOT NULL"
        ).fetchall()
        pages = database.execute(
            "SELECT study_id, item.number, public_page.number FROM public_page "
            "JOIN item ON item.id = item_id WHERE item.id NOT IN "
            "(SELECT item_id FROM suspension WHERE restored_at IS NULL)"
        ).fetchall()
        texts = [text for (text,) in database.execute("SELECT text FROM public_page ORDER BY id LIMIT 2000")]
    longest = {study: max((n for owner, n in items if owner == study), default=0) for study in studies}
    found = {
        "front": ["/"],
        "company": [f"/companies/{slug}/" for slug in companies],
        "study": [f"/studies/{study}/" for study in studies],
        "inventory": [
            f"/studies/{study}/inventory/?from={first}"
            for study in studies
            for first in range(1, longest[study] + 1, 250)
        ],
        "document": [f"/studies/{study}/documents/{number}/" for study, number in items],
        "page viewer": [f"/studies/{study}/documents/{number}/page/{page}/" for study, number, page in pages],
        "search": [f"/search/?{urlencode({'q': words})}" for words in list_searches(texts)],
        "late, held back": ["/late/", "/held-back/"],
        "record": [f"/records/{record}/" for (record,) in records],
        "log": ["/log/"],
    }
    return {kind: addresses for kind, addresses in found.items() if addresses}


def list_searches(texts: list[str]) -> list[str]:
    """List ordinary searches: one word, or two that stand side by side."""
    dice = random.Random(6)
    found = {}
    for text in texts:
        words = [word for word in text.split() if word.isalpha() and len(word) > 3]
        if len(words) > 1:
            at = dice.randrange(len(words) - 1)
            found[" ".join(words[at : at + dice.choice((1, 2))])] = None
    return list(found)


def measure(found: report.Report, name: str, state: Path, clients: int, rounds: int) -> None:
    """Measure one site: the limit, each kind of page cold and warm, all of them, memory before and after."""
    dice = random.Random(5)
    kinds = {
        kind: dice.sample(addresses, min(rounds, len(addresses)))
        for kind, addresses in list_addresses(state).items()
    }
    places = {kind: place for place, kind in enumerate(kinds)}
    first_asked = [(places[kind], path) for kind, addresses in kinds.items() for path in addresses]
    asked_again = [
        (places[kind], addresses[turn % len(addresses)])
        for kind, addresses in kinds.items()
        for turn in range(rounds)
    ]
    dice.shuffle(first_asked)
    dice.shuffle(asked_again)
    with serving.serve(state) as site:
        idle = site.measure_memory()
        started = time.perf_counter()
        site.ask(1, [(0, "/")])
        first = time.perf_counter() - started
        limit = [took for _, took, _ in site.ask(clients, [(0, LIMIT)] * (rounds * clients))]
        cold = site.ask(clients, first_asked)
        # Each process of the site keeps pages of its own: not measured until each has had its turn.
        for _ in range(4):
            site.ask(clients, first_asked)
        started = time.perf_counter()
        warm = site.ask(clients, asked_again)
        rate = len(warm) / (time.perf_counter() - started)
        memory = site.measure_memory()
    found.add(
        f"{name}: `{LIMIT}`, the server's smallest answer", "{:.1f} / {:.1f} ms".format(*report.cut(limit)),
        "half / 99 % of answers; limit",
    )  # fmt: skip
    for kind, place in places.items():
        sizes = [size / 1000 for each, _, size in warm if each == place]
        for words, answers in (("first answer", cold), ("again", warm)):
            times = [took for each, took, _ in answers if each == place]
            found.add(
                f"{name}: {kind}, {words}", "{:.1f} / {:.1f} ms".format(*report.cut(times)),
                f"goal {GOAL_MILLISECONDS} ms; {len(times)} answers of {sum(sizes) / len(sizes):.0f} kB",
            )  # fmt: skip
    for words, answers in (("first answers", cold), ("again", warm)):
        found.add(
            f"{name}: all of these, {words}, {clients} clients",
            "{:.1f} / {:.1f} ms".format(*report.cut([took for _, took, _ in answers])),
            f"goal {GOAL_MILLISECONDS} ms" + (f"; {rate:.0f} answers/s" if answers is warm else ""),
        )
    found.add(f"{name}: the very first front page after a start, one client", f"{first * 1000:.0f} ms")
    found.add(
        f"{name}: memory of site and worker, idle / afterwards", f"{idle:.0f} / {memory:.0f} MB",
        f"goal {GOAL_MEGABYTES} MB idle",
    )  # fmt: skip


def find_demo() -> Path:
    """Find the sample, or make it as `make demo` does; its state folder."""
    own = report.CACHE / "demo"
    done = own / f"done-{report.name_tables()}"
    if not done.exists():
        shutil.rmtree(own, ignore_errors=True)
        home.run([*home.LIGHTWELL, "demo", "--home", str(own), "--no-serve"])
        done.touch()
    return own / "state"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=200, help="answers of each kind")
    parser.add_argument("--documents", type=int, default=archive.DOCUMENTS)
    options = parser.parse_args()
    with report.Report("pages", ("django", "granian")) as found:
        measure(found, "sample", find_demo(), options.clients, options.rounds)
        folder = archive.find_folder(options.documents)
        if not archive.find_mark(folder).exists():
            raise SystemExit(
                "the large archive is missing; make it with: .venv/bin/python benchmarks/archive.py"
            )
        large = folder / "home" / "state"
        measure(found, f"{options.documents:,} documents", large, options.clients, options.rounds)


if __name__ == "__main__":
    main()
