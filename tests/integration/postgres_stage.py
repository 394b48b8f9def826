"""Parts of an archive's life on PostgreSQL, each in a process of its own: python postgres_stage.py WHAT ...

set-up FOLDER COUNT     a study with documents handed in, and the worker asked to read them
publish-set-up FOLDER   the same with three documents locked in, a name hidden in two of them, and their
                        publication proposed
release-set-up          once that is published: opening one of them again is proposed, with nothing hidden
approve POINT FOLDER    the second person approves; at a point it says so and waits until it may go on
observe                 what is there, as JSON
settle FOLDER           sign, check the log, write a bundle and have it judged; then observe
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pypdfium2

from lightwell.cli import installation

STATE = installation.open_installation()

from disclosure_fixture import Desk, read_value  # noqa: E402  # Django is ready only now
from django.db import connection, transaction  # noqa: E402
from staged_pages import NAME, make_pdf  # noqa: E402

from lightwell.actions import bundles, incoming, inventories, log, patterns, proposals, readings, redactions  # noqa: E402
from lightwell.archive import inventory  # noqa: E402
from lightwell.client import verify  # noqa: E402
from lightwell.db.models import (  # noqa: E402
    Item,
    LogEntry,
    Opening,
    Person,
    Proposal,
    Publication,
    PublicPage,
    Redaction,
    Study,
)
from lightwell.files.incoming import Arrived, read_limits  # noqa: E402

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DUE = datetime.date(2027, 3, 1)
NAMED = (1, 2)
PAGES = int(os.environ.get("LIGHTWELL_STAGE_PAGES") or 4)


def make_rows(count: int) -> list[inventory.Row]:
    return [
        inventory.Row(k, f"{k:03}.pdf", f"Report {k}", "report", "2025-05-02", "publish", "", "", DUE)
        for k in range(1, count + 1)
    ]


def set_up(count: int) -> None:
    desk = Desk(STATE)
    study = Study.objects.get(pk=desk.disclose(read_value("study")).record)
    area = incoming.open_area(state=STATE, actor=desk.ana, study=study)
    arrived = []
    for row in make_rows(count):
        path = area.begin_file()
        path.write_bytes(make_pdf(row.number, PAGES))
        arrived.append(Arrived(row.file, path, "", path.stat().st_size))
    everything: dict[str, Any] = {"state": STATE, "actor": desk.ana, "study": study, "now": NOW}
    incoming.admit_files(**everything, arrived=arrived, refused=[], limits=read_limits())
    area.write_table(inventory.format_rows(make_rows(count)))
    if os.environ.get("LIGHTWELL_STAGE_ASK") != "0":
        ask()


def ask() -> None:
    study, ana = Study.objects.get(), Person.objects.get(username="ana")
    area = incoming.open_area(state=STATE, actor=ana, study=study)
    table = area.read_table()
    readings.ask(state=STATE, actor=ana, study=study, do="read", now=NOW)
    area.write_table(table)


def publish_set_up(folder: Path) -> None:
    desk = Desk(STATE)
    study = Study.objects.get(pk=desk.disclose(read_value("study")).record)
    folder.mkdir(parents=True, exist_ok=True)
    for row in make_rows(3):
        (folder / row.file).write_bytes(make_pdf(row.number, 2, NAME if row.number in NAMED else ""))
    inventories.measure_files(state=STATE, study=study, folder=folder, rows=make_rows(3), processes=1)
    inventories.seal_inventory(actor=desk.ana, study=study, now=NOW)
    log.publish_checkpoint(state=STATE, now=NOW)
    hits = patterns.find_words(state=STATE, actor=desk.ana, study=study, pattern=NAME)
    places = [(hit.item, hit.page, hit.words) for hit in hits]
    everything: dict[str, Any] = {"study": study, "now": NOW}
    patterns.propose_hits(state=STATE, actor=desk.ana, hits=places, ground_id="participant", **everything)
    numbers = list(Redaction.objects.values_list("pk", flat=True))
    redactions.decide_regions(actor=desk.ben, numbers=numbers, approved=True, **everything)
    payload = {"study": study.pk, "summary": "What we found.", "items": [1, 2, 3]}
    proposals.propose(actor=desk.ana, kind="publication", subject=study.pk, payload=payload, now=NOW)


def release_set_up() -> None:
    lift = list(Redaction.objects.filter(item__number=NAMED[0]).values_list("pk", flat=True))
    study, ana = Study.objects.get(), Person.objects.get(username="ana")
    payload = {"study": study.pk, "item": NAMED[0], "lift": lift}
    proposals.propose(actor=ana, kind="release", subject=study.pk, payload=payload, now=NOW)


def find_named() -> list[int]:
    """Find the documents in whose public words or files the hidden name can be read, whatever leads there."""
    rows = PublicPage.objects.filter(text__contains=NAME).values_list("item__number", flat=True)
    named = set(rows)
    numbers = {row.document: row.item.number for row in Opening.objects.select_related("item")}
    numbers |= {item.sha256: item.number for item in Item.objects.all()}
    for digest, _ in STATE.files.list_names("public"):
        data = STATE.files.get_bytes("public", digest)
        if not data.startswith(b"%PDF"):
            named |= {numbers.get(digest, 0)} if NAME.encode() in data else set()
            continue
        with contextlib.closing(pypdfium2.PdfDocument(data)) as document:
            words = " ".join(page.get_textpage().get_text_bounded() for page in document)
        named |= {numbers.get(digest, 0)} if NAME in words else set()
    return sorted(named)


class Waiter:
    """Counts the steps of a story in the database, and waits at one until the test allows it to go on."""

    def __init__(self, point: str, folder: Path) -> None:
        self.point, self.folder, self.queries = point, folder, 0

    def reach(self, name: str) -> None:
        if name == self.point:
            (self.folder / "reached").touch()
            while not (self.folder / "go").exists():
                time.sleep(0.02)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.queries += 1
        self.reach(str(self.queries))
        return execute(sql, params, many, context)


def approve(point: str, folder: Path) -> None:
    waiter = Waiter(point, folder)
    ben, proposal = Person.objects.get(username="ben"), Proposal.objects.order_by("-pk")[0]
    commit = connection._commit

    def commit_watched() -> Any:
        waiter.reach("before-commit")
        done = commit()
        waiter.reach("after-commit")
        return done

    connection._commit = commit_watched
    with connection.execute_wrapper(waiter):
        proposals.approve(state=STATE, actor=ben, proposal_id=proposal.pk, now=NOW)
    print(json.dumps({"queries": waiter.queries}))


def observe() -> None:
    with transaction.atomic():
        area = STATE.root / "incoming"
        seen = {
            "items": list(Item.objects.order_by("number").values_list("number", "pages")),
            "entries": LogEntry.objects.count(),
            "dense": list(LogEntry.objects.order_by("index").values_list("index", flat=True))
            == list(range(LogEntry.objects.count())),
            "counts": [bytes(each.data).count(b'"type":"count"') for each in LogEntry.objects.all()].count(1),
            "publications": Publication.objects.count(),
            "pages": PublicPage.objects.count(),
            "visible": PublicPage.objects.visible().count(),
            "redacted": [Opening.objects.visible().exclude(document="").count(), Opening.objects.count()],
            "lifted": Redaction.objects.exclude(lifted_at=None).count(),
            "open": Proposal.objects.filter(approved=None).count(),
            "asked": len(list(area.rglob("asked*"))) if area.exists() else 0,
            "sealed": sum(1 for _ in STATE.files.list_names("sealed")),
        }
        seen["named"] = find_named()
    print(json.dumps(seen))


def settle(folder: Path) -> None:
    log.publish_checkpoint(state=STATE, now=NOW)
    log.check_start(state=STATE, offline=True)
    bundles.write_bundle(state=STATE, folder=folder)
    verify.verify_bundle(folder)
    observe()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["set-up", count]:
            set_up(int(count))
        case ["ask"]:
            ask()
        case ["publish-set-up", folder]:
            publish_set_up(Path(folder))
        case ["release-set-up"]:
            release_set_up()
        case ["approve", point, folder]:
            approve(point, Path(folder))
        case ["settle", folder]:
            settle(Path(folder))
        case ["observe"]:
            observe()
