"""The sample's data set with its codebook, and the example of a private answer, published by two people."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path
from typing import Any

import disclosure_fixture
from disclosure_fixture import Desk

from lightwell.actions import disclosures, drafts, organisations, proposals, query_releases
from lightwell.db.models import Disclosure
from lightwell.engines import codebook_files, dice, duckdb, dummies
from lightwell.files import data
from lightwell.query import session

DATASET, ANSWER = "dat-6axk5dst76s3k1", disclosure_fixture.read_value("query-release")["id"]
NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
QUESTION = "SELECT nights, AVG(sleep_hours) AS hours_of_sleep FROM survey GROUP BY nights"


def publish_dataset(desk: Desk) -> Disclosure:
    """Publish the data set, without a codebook first and then with it."""
    desk.disclose(disclosure_fixture.read_value("dataset"))
    return desk.disclose(disclosure_fixture.read_value("dataset-2"))


def publish_answer(desk: Desk, **changed: Any) -> Disclosure:
    """Publish the example of an answer, its body changed."""
    value = disclosure_fixture.read_value("query-release")
    return desk.disclose({**value, "body": {**value["body"], **changed}})


def publish_codebook(desk: Desk, before: Disclosure, old: str, new: str) -> Disclosure:
    """Publish a version of the data set whose codebook, of version 2, says something else in one place."""
    text = data.read_example_attachment("larkfield-use.yaml").decode()
    assert old in text
    text = text.replace('version: "1"', 'version: "2"').replace(old, new)
    book = codebook_files.parse_codebook_file(text.encode(), "book.yaml").codebook
    value = disclosure_fixture.read_value("dataset-2")
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    named = {"name": book.dataset, "version": book.version, "file": digest, "digest": book.digest}
    value |= {"version": before.version + 1, "supersedes": before.digest}
    value["body"] |= {"codebook": named}
    value["attachments"] = [{**value["attachments"][0], "digest": digest, "bytes": len(text.encode())}]
    document = disclosure_fixture.make_document(value)
    files = [drafts.File(value["attachments"][0]["title"], text.encode())]
    return _publish(desk, drafts.prepare_draft(state=desk.state, document=document, files=files, now=NOW))


def publish_another(desk: Desk, folder: Path, word: str) -> tuple[Disclosure, Disclosure]:
    """Publish another data set and a true answer from its invented rows, all of which say a word.

    The word stands in titles, in the codebook's name of a column, and in the name of the answer's number.
    """
    text = data.read_example_attachment("larkfield-use.yaml").decode()
    text = text.replace("dataset: larkfield-use", f"dataset: {word}-use")
    text = text.replace("title: Age of the child", f"title: Age {word} of the child")
    book = codebook_files.parse_codebook_file(text.encode(), "book.yaml").codebook
    value = disclosure_fixture.read_value("dataset-2")
    value |= {"id": disclosures.make_id("dataset"), "version": 1, "supersedes": None}
    digest = f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
    named = {"name": book.dataset, "version": book.version, "file": digest, "digest": book.digest}
    value["body"] |= {"title": f"A data set about {word}", "codebook": named}
    value["attachments"] = [{**value["attachments"][0], "digest": digest, "bytes": len(text.encode())}]
    title = value["attachments"][0]["title"]
    document = disclosure_fixture.make_document(value)
    files = [drafts.File(title, text.encode())]
    about = _publish(desk, drafts.prepare_draft(state=desk.state, document=document, files=files, now=NOW))
    folder.mkdir(parents=True)
    rows = dummies.write_dummies(book, folder, rows=500, seed=1)
    asked = session.Session(duckdb.DuckDB(rows, book, dice.OpenDP()), book, dummies.open_unmetered())
    answer = asked.sql(f"SELECT age_band, COUNT(*) AS n_{word} FROM survey GROUP BY age_band", epsilon=0.5)
    ready = query_releases.prepare_answer(
        state=desk.state,
        answer=answer,
        dataset=about,
        said=query_releases.Said(f"An answer about {word}", f"How many {word} there are.", ["sleep"]),
        publisher=organisations.find_own(desk.ana),
        now=NOW,
    )
    return about, _publish(desk, ready)


def _publish(desk: Desk, ready: drafts.Prepared) -> Disclosure:
    proposal = proposals.propose(
        actor=desk.ana, kind=ready.kind, subject=ready.subject, payload=ready.payload, now=NOW
    )
    desk.approve(proposal, NOW)
    return Disclosure.objects.newest().get(record=proposal.subject)


def read_answer() -> bytes:
    """The bytes of the example's answer."""
    return data.read_example_attachment("larkfield-nights-and-sleep.answer.json")
