"""Search at 200,000 pages over HTTP, eight clients, beside SQLite FTS5 on the same pages in the same run.

The pages are invented by `texts.py`: words and their order learned from 2,985 pages of real manuals, a
page as long as one of theirs. They are written as rows the way publishing leaves them; the index is built by
the product. Measured is `/search/?q=...` of the real site (`lightwell serve`, worker inside) as a reader on
the same machine waits for it: parsing, hits, counts by field, the gate in the database, titles, excerpts and
HTML. Every search is new, so that no answer comes from memory. FTS5 answers the same searches with its
best 10 by bm25, an excerpt each and the number of pages, without counts by field, gate and HTML. The limit
in the same run is `/robots.txt`, the server's smallest answer. Clients that ask again at once wait for one
another, since clients and server share two cores: so the action alone, one client, and
eight that ask at a reader's pace stand beside them. The rows are kept in var/bench; --fresh writes them anew.

    .venv/bin/python benchmarks/search.py [--pages 200000] [--clients 8] [--rounds 100] [--fresh]
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlencode

import report
import serving
import texts as inventions

from lightwell.files import foundation

PAGES_PER_ITEM, ITEMS_PER_STUDY = 100, 50
TOPICS = ("sleep", "body-image", "bullying", "contact-by-strangers", "mental-health")
ORIGIN = "benchmark.example/search"
GOAL, LIMIT, PAUSE_SECONDS = "goal 50 ms", "/robots.txt", 1.0
KINDS = ("one word", "two words", "three words", "phrase", "beginning and word", "word and topic")
Texts = inventions.Texts


def make_queries(texts: Texts, pages: list[str], count: int, seed: int) -> list[tuple[str, str]]:
    """Make ordinary searches, ours and FTS5's: one to three words, phrases, beginnings, one filter."""
    dice = random.Random(seed)
    words_by_rank = texts.list_words()

    def pick() -> str:
        # Log-uniform over the ranks: people look for neither "the" nor only for rare words.
        return words_by_rank[int(len(words_by_rank) ** dice.random()) - 1]

    def pick_phrase() -> str:
        while True:
            line = dice.choice(dice.choice(pages).split("\n")).split()
            at = dice.randrange(max(1, len(line) - 2))
            words = line[at : at + 3]
            if len(words) > 1 and all(word.isalpha() for word in words):
                return " ".join(words)

    queries = []
    for number in range(count):
        kind = number % 6
        words = [pick() for _ in range(3)]
        if kind == 0:
            ours = theirs = words[0]
        elif kind in (1, 2):
            ours = theirs = " ".join(words[: kind + 1])
        elif kind == 3:
            ours = theirs = f'"{pick_phrase()}"'
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
            data=canonical.encode(_open_item(study.id, item.number)),
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


def _open_item(study: str, number: int) -> dict[str, object]:
    """Make an opening of the known form: the worker reads every one when it looks for leftovers."""
    from lightwell.archive import release, seal

    return release.make_whole_opening(
        study=study,
        item=number,
        key=bytes(32),
        header=seal.Header(study, number, PAGES_PER_ITEM, "-"),
        file=seal.FileMeasure(bytes(32), 1),
        media_type="application/pdf",
        page_roots=[bytes(32)] * PAGES_PER_ITEM,
        words="0" * 64,
    )


def prepare(folder: Path, texts: Texts, pages: int) -> str:
    """Make the installation with its rows and index unless it is there; how long building the index took."""
    done = folder / f"done-{report.name_tables()}"
    if done.exists():
        return done.read_text()
    shutil.rmtree(folder, ignore_errors=True)
    foundation.lay_foundation(folder, origin=ORIGIN)
    from lightwell.actions import installations, search
    from lightwell.files import state

    here = state.State(folder)
    installations.prepare_database(state=here)
    started = time.perf_counter()
    fill(texts, pages)
    print(f"rows written in {time.perf_counter() - started:.0f} s", flush=True)
    started = time.perf_counter()
    count = search.rebuild_index(here)
    elapsed = time.perf_counter() - started
    text = f"{elapsed:.0f} s, {count / elapsed:,.0f} pages/s"
    done.write_text(text)
    return text


def ask_fts(path: Path, queries: list[tuple[str, str]]) -> list[float]:
    """Ask SQLite FTS5 from one thread; the time of each answer in milliseconds."""
    database = sqlite3.connect(path)
    times = []
    for _, match in queries:
        started = time.perf_counter()
        database.execute(
            "SELECT rowid, snippet(fts, 0, '[', ']', '…', 32) FROM fts WHERE fts MATCH ? "
            "ORDER BY rank LIMIT 10",
            (match,),
        ).fetchall()
        database.execute("SELECT count(*) FROM fts WHERE fts MATCH ?", (match,)).fetchone()
        times.append((time.perf_counter() - started) * 1000)
    return times


def ask_action(folder: Path, queries: list[tuple[str, str]]) -> list[float]:
    """Ask the action itself, without HTTP and HTML; the time of each answer in milliseconds."""
    from lightwell.actions import search
    from lightwell.files import state

    here, times = state.State(folder), []
    for query, _ in queries:
        started = time.perf_counter()
        search.find_pages(here, query)
        times.append((time.perf_counter() - started) * 1000)
    return times


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=100, help="searches of each client")
    parser.add_argument("--fresh", action="store_true")
    options = parser.parse_args()
    folder = report.CACHE / f"search-{options.pages}"
    if options.fresh:
        shutil.rmtree(folder, ignore_errors=True)
    os.environ["LIGHTWELL_STATE"] = str(folder)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    import django

    django.setup()
    with report.Report("search", ("tantivy", "django", "granian")) as found:
        texts = Texts(1)
        built = prepare(folder, texts, options.pages)
        size = sum(each.stat().st_size for each in (folder / "index").rglob("*") if each.is_file())
        found.add(f"index of {options.pages:,} pages built", built, f"{size / 1e6:,.0f} MB")
        database = sqlite3.connect(folder / "lightwell.sqlite3")
        sample = [row for (row,) in database.execute("SELECT text FROM public_page ORDER BY id LIMIT 2000")]
        count = 300 + (options.clients + 2) * options.rounds
        everything = make_queries(texts, sample, count, os.getpid())
        questions = [
            (place % len(KINDS), f"/search/?{urlencode({'q': ours})}")
            for place, (ours, _) in enumerate(everything)
        ]
        warm, alone, paced = questions[:100], questions[100:300], questions[300 : 300 + 2 * options.rounds]
        busy = questions[300 + 2 * options.rounds :]
        with serving.serve(folder) as site:
            site.ask(1, warm)
            limit = site.ask(options.clients, [(0, LIMIT)] * 400)
            one = site.ask(1, alone)
            readers = site.ask(options.clients, paced, PAUSE_SECONDS)
            used, started = site.measure_cpu(), time.perf_counter()
            answers = site.ask(options.clients, busy)
            elapsed, used = time.perf_counter() - started, site.measure_cpu() - used
            memory = site.measure_memory()
        add(found, f"`{LIMIT}`, the server's smallest answer, {options.clients} clients", limit, "limit")
        found.add(
            "SQLite FTS5, one thread",
            format_times(ask_fts(folder / "lightwell.sqlite3", everything[100:300:4])),
            "peer; half / 99 % of answers",
        )
        found.add(
            "in the server: `find_pages`, one thread", format_times(ask_action(folder, everything[100:300])),
            GOAL,
        )  # fmt: skip
        add(found, "over HTTP, one client", one, GOAL)
        add(
            found,
            f"over HTTP, {options.clients} clients, a search every {PAUSE_SECONDS:.0f} s",
            readers,
            GOAL,
        )
        add(found, f"over HTTP, {options.clients} clients, each again at once", answers, GOAL)
        for place, kind in enumerate(KINDS):
            add(found, f"of these: {kind}", [each for each in answers if each[0] == place])
        found.add(
            "CPU of the server for one of these", f"{used / len(busy) * 1000:.1f} ms",
            f"{len(busy) / elapsed:.0f} answers/s; the rest of the time is waiting for one another",
        )  # fmt: skip
        found.add("memory of site and worker afterwards", f"{memory:.0f} MB")


def add(found: report.Report, what: str, answers: list[serving.Answer], beside: str = "") -> None:
    found.add(what, format_times([took for _, took, _ in answers]), beside)


def format_times(times: list[float]) -> str:
    return "{:.1f} / {:.1f} ms".format(*report.cut(times))


if __name__ == "__main__":
    main()
