"""Search at 200,000 pages: the whole answer to an ordinary search, beside SQLite FTS5 in the same run.

    .venv/bin/python benchmarks/search.py [--pages 200000] [--clients 8] [--rounds 400] [--folder DIR]

Pages are synthetic: words drawn from a Zipf distribution over a vocabulary of 60,000, 350 words a page, so
that the commonest word stands on nearly every page. Measured is `actions/search.find_pages` as the site
calls it: parsing, hits, counts by field, the gate in the database, titles and excerpts; not HTTP. Every
search text is new, so that no answer comes from memory. FTS5 answers the same searches with its best 10 by
bm25, an excerpt each and the number of pages, without the counts by field and without the gate.
"""

from __future__ import annotations

import argparse
import os
import platform
import random
import resource
import shutil
import sqlite3
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy

VOCABULARY, WORDS, PAGES_PER_ITEM, ITEMS_PER_STUDY = 60_000, 350, 100, 50
TOPICS = ("sleep", "body-image", "bullying", "contact-by-strangers", "mental-health")


def make_words(dice: random.Random) -> list[str]:
    """Invent a vocabulary whose commonest words are the shortest, as in a language."""
    heads, tails = ["b", "ch", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "st", "t", "v"], "aeiou"
    words: dict[str, None] = {}
    while len(words) < VOCABULARY:
        syllables = 1 + len(words) // 3000
        syllables = min(syllables, 4) + dice.randrange(2)
        words["".join(dice.choice(heads) + dice.choice(tails) for _ in range(syllables))] = None
    return list(words)


class Texts:
    """Seeded pages: the same for every run."""

    def __init__(self, seed: int) -> None:
        self.words = numpy.array(make_words(random.Random(seed)))
        shares = 1 / numpy.arange(1, VOCABULARY + 1)
        self.shares = shares / shares.sum()
        self.dice = numpy.random.default_rng(seed)

    def make_pages(self, count: int) -> list[str]:
        drawn = self.words[self.dice.choice(VOCABULARY, size=(count, WORDS), p=self.shares)]
        return ["\n".join(" ".join(row[at : at + 12]) for at in range(0, WORDS, 12)) for row in drawn]


def make_queries(texts: Texts, pages: list[str], count: int, seed: int) -> list[tuple[str, str]]:
    """Make ordinary searches, ours and FTS5's: one to three words, phrases, beginnings, one filter."""
    dice = random.Random(seed)

    def pick() -> str:
        # Log-uniform over ranks 20 to 20,000: people look for neither "the" nor for misprints.
        return str(texts.words[int(20 * 1000 ** dice.random())])

    queries = []
    for number in range(count):
        kind = number % 6
        words = [pick() for _ in range(3)]
        if kind == 0:
            ours = theirs = words[0]
        elif kind in (1, 2):
            ours = theirs = " ".join(words[: kind + 1])
        elif kind == 3:
            line = dice.choice(dice.choice(pages).split("\n")).split()
            at = dice.randrange(max(1, len(line) - 3))
            ours = theirs = '"' + " ".join(line[at : at + 3]) + '"'
        elif kind == 4:
            ours = theirs = words[0][:5] + "* " + words[1]
        else:
            ours, theirs = f"{words[0]} topic:{dice.choice(TOPICS)}", words[0]
        queries.append((ours, theirs))
    return queries


def fill(texts: Texts, count: int) -> None:
    """Write companies, studies, documents and open pages as rows, the way publishing leaves them."""
    import datetime

    from django.db import connection

    from lightwell.base import canonical, disclosure, ids
    from lightwell.db.models import Disclosure, Item, Opening, Provider, PublicPage, Study
    from lightwell.files import data, drafts, yaml_lines

    now = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    document = yaml_lines.parse_document(data.read_example("study"), "study.yaml")
    example = drafts.parse_draft(document, drafts.Slot("std-6wtb7d1t76x3nf")).record
    form = disclosure.format_disclosure(example)
    companies = [Provider.objects.create(slug=f"company-{k}", name=f"Company {k}") for k in range(8)]
    items = -(-count // PAGES_PER_ITEM)
    log_index = 0
    for number in range(items):
        if number % ITEMS_PER_STUDY == 0:
            name = ids.format_id("study", number.to_bytes(8, "big"))
            topic = TOPICS[number // ITEMS_PER_STUDY % len(TOPICS)]
            record = {**form, "id": name, "body": {**form["body"], "topics": [topic]}}
            company = companies[number // ITEMS_PER_STUDY % len(companies)]
            Disclosure.objects.create(
                record=name, kind="study", version=1, digest=canonical.compute_digest(record),
                data=canonical.encode(record), provider=company, publisher=company.slug,
                publisher_role="provider", language="en", date="2025-01-01", log_index=log_index,
                published_at=now,
            )  # fmt: skip
            study = Study.objects.create(
                id=name, provider=company, in_advance=False, log_index=log_index, registered_at=now
            )
            log_index += 1
        item = Item.objects.create(
            study=study, number=number % ITEMS_PER_STUDY + 1, kind=("report", "memo", "deck")[number % 3],
            file_name=f"{number}.pdf", title=f"Document {number}", date=f"{2010 + number % 15}",
            intent="publish", due=now.date(), media_type="application/pdf", size=1, sha256="0" * 64,
            pages=PAGES_PER_ITEM, read=True, renderer="-", commitment="0" * 64, log_index=log_index,
            named=True,
        )  # fmt: skip
        Opening.objects.create(
            item=item,
            digest=f"sha256:{number:064d}",
            data=b"",
            whole=True,
            log_index=log_index + 1,
            opened_at=now,
        )
        log_index += 2
        rows = texts.make_pages(min(PAGES_PER_ITEM, count - number * PAGES_PER_ITEM))
        PublicPage.objects.bulk_create(
            [
                PublicPage(item=item, number=k, head=b"", lines=b"[]", text=text)
                for k, text in enumerate(rows, 1)
            ]
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE VIRTUAL TABLE fts USING fts5(text, content='public_page', content_rowid='id', "
            "tokenize='porter unicode61')"
        )
        started = time.perf_counter()
        cursor.execute("INSERT INTO fts(fts) VALUES ('rebuild')")
        print(f"FTS5 built in {time.perf_counter() - started:.0f} s", flush=True)


def run_clients(
    clients: int, queries: list[tuple[str, str]], ask: Callable[[tuple[str, str]], int]
) -> list[float]:
    """Let clients ask one after another, each its share; the time of each answer in milliseconds."""
    times: list[float] = []
    empty = [0]

    def run(part: list[tuple[str, str]]) -> None:
        for query in part:
            started = time.perf_counter()
            found = ask(query)
            times.append((time.perf_counter() - started) * 1000)
            empty[0] += not found
        close_connections()

    threads = [threading.Thread(target=run, args=(queries[k::clients],)) for k in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(f"  {len(times)} searches, {empty[0]} of them without a page", flush=True)
    return times


def close_connections() -> None:
    from django.db import connections

    connections.close_all()


def ask_fts(path: Path) -> Callable[[tuple[str, str]], int]:
    local = threading.local()

    def ask(query: tuple[str, str]) -> int:
        if not hasattr(local, "database"):
            local.database = sqlite3.connect(path)
        match = query[1]
        rows = local.database.execute(
            "SELECT rowid, snippet(fts, 0, '[', ']', '…', 32) FROM fts WHERE fts MATCH ? "
            "ORDER BY rank LIMIT 10",
            (match,),
        ).fetchall()
        local.database.execute("SELECT count(*) FROM fts WHERE fts MATCH ?", (match,)).fetchone()
        return len(rows)

    return ask


def print_row(what: str, times: list[float]) -> None:
    cuts = statistics.quantiles(times, n=100)
    print(f"| {what} | {cuts[49]:.1f} | {cuts[94]:.1f} | {cuts[98]:.1f} | {max(times):.0f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=400, help="searches of each client")
    parser.add_argument("--folder", type=Path, help="keep and reuse the data here")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="lightwell-search-"))
    folder.mkdir(parents=True, exist_ok=True)
    os.environ["LIGHTWELL_STATE"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    import django
    from django.core.management import call_command

    django.setup()
    from lightwell.actions import search
    from lightwell.db.models import PublicPage
    from lightwell.files import state

    call_command("migrate", verbosity=0)
    here, texts = state.State(folder), Texts(1)
    if PublicPage.objects.count() != options.pages:
        started = time.perf_counter()
        fill(texts, options.pages)
        print(f"rows written in {time.perf_counter() - started:.0f} s", flush=True)
        started = time.perf_counter()
        pages = search.rebuild_index(here)
        elapsed = time.perf_counter() - started
        print(f"index of {pages:,} pages built in {elapsed:.0f} s, {pages / elapsed:.0f} pages/s", flush=True)
    size = sum(each.stat().st_size for each in here.index.rglob("*") if each.is_file())
    print(
        f"{platform.platform()}, {os.cpu_count()} cores; "
        f"index {size / 1e6:.0f} MB, load {os.getloadavg()[0]:.1f}"
    )
    sample = list(PublicPage.objects.order_by("id")[:2000].values_list("text", flat=True))
    everything = make_queries(texts, sample, options.clients * options.rounds + 200, 2)
    warm, queries = everything[:200], everything[200:]

    def ask(query: tuple[str, str]) -> int:
        return len(search.find_pages(here, query[0]).pages)

    rows = []
    for name, how in (("Lightwell", ask), ("SQLite FTS5", ask_fts(folder / "lightwell.sqlite3"))):
        run_clients(1, warm, how)
        # FTS5 would need minutes; a sixteenth of the searches tells enough.
        share = queries if name == "Lightwell" else queries[:: max(1, len(queries) // 200)]
        rows.append((f"{name}, {options.clients} clients", run_clients(options.clients, share, how)))
        rows.append((f"{name}, one client", run_clients(1, share[: 50 * options.clients], how)))
    print("| what | p50 ms | p95 ms | p99 ms | most ms |\n| --- | --- | --- | --- | --- |")
    for name, times in rows:
        print_row(name, times)
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    if not options.folder:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
