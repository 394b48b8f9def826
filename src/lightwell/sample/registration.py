"""The sample's studies as drafts of public records, and their documents as inventories with dates.

A study registered before it starts is described twice: the plan, which cannot know a result, and the finished
study, on the day its report is published. The words are in data/sample/studies.yaml, dates and titles in the
catalogue. Absent: publishing, which the demo does with the same stories as anybody.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import resources
from typing import Any

import yaml

from lightwell.sample import catalogue, markup
from lightwell.sample.record import Document, Study, Written
from lightwell.sample.world import Findings

RECORDS = "sample/studies.yaml"

# The examples of other kinds name these two studies, so the demo registers them under the same ids.
IDS = {
    "night-use-and-sleep": "std-6wtb7d1t76x3nf",
    "earlier-research-2015-2021": "std-6arbjdhmpawhhx",
}
TOPICS = {"mood": "mental-health"}
PAUSE_DAYS = 45


@dataclass(frozen=True)
class Batch:
    """One inventory: the day on which it is sealed and its documents in order."""

    study: Study
    day: date
    documents: tuple[Document, ...]


def make_draft(study: Study, found: Findings) -> dict[str, Any]:
    """Make the draft of a study's first record, as a publisher would write it in YAML."""
    return _make_draft(study, study.registered, _make_body(study, found))


def make_finished_draft(study: Study, found: Findings) -> dict[str, Any] | None:
    """Make the draft of the second record, dated the day on which the report is published; None before that."""
    result = _read_records(study, found).get("result")
    day = _date_report(study)
    if result is None or day is None:
        return None
    plan = _make_body(study, found)
    body = {
        **plan,
        "summary": study.summary,
        "stage": "finished",
        "ended": result["ended"],
        "sample_size": {**plan["sample_size"], "reached": _read_count(result["reached"])},
        "findings": result["findings"],
    }
    if "deviations" in result:
        body["deviations"] = result["deviations"]
    return _make_draft(study, day, body)


def _make_draft(study: Study, day: date, body: dict[str, Any]) -> dict[str, Any]:
    draft: dict[str, Any] = {
        "kind": "study",
        "publisher": {"id": "larkfield", "role": "provider", "name": catalogue.PROVIDER},
        "provider": {"id": "larkfield", "name": catalogue.PROVIDER},
        "services": [{"id": name_service(name), "name": name} for name in study.services],
        "language": "en",
        "date": day.isoformat(),
        "body": body,
    }
    if study.key in IDS:
        draft["id"] = IDS[study.key]
    return draft


def name_service(name: str) -> str:
    """Make the short id of a service from its name."""
    return name.lower().replace(" ", "-")


def list_batches(study: Study) -> Iterator[Batch]:
    """Split a study's documents into inventories: a new one where the work paused between two documents."""
    documents = sorted(study.documents, key=lambda document: document.written)
    batches: list[list[Document]] = []
    for document in documents:
        pause = document.written - batches[-1][-1].written if batches else timedelta(0)
        if not batches or (study.in_advance and pause > timedelta(days=PAUSE_DAYS)):
            batches.append([])
        batches[-1].append(document)
    for batch in batches:
        day = max(study.registered + timedelta(days=5), batch[-1].written) + timedelta(days=4)
        yield Batch(study, day, tuple(sorted(batch, key=lambda document: document.number)))


def date_publication(batch: Batch) -> date | None:
    """Choose the day on which a batch is published: some days before it is due; None when it stays overdue."""
    planned = [document for document in batch.documents if document.planned != "overdue"]
    if not planned:
        return None
    due = min(batch.study.date_due(document) for document in planned)
    return max(batch.day + timedelta(days=3), due - timedelta(days=6))


def make_cells(batch: Batch, written: dict[str, Written]) -> list[dict[str, str]]:
    """Make the rows of a batch's inventory as cells by column, paths as `write_documents` wrote them."""
    rows = []
    for number, document in enumerate(batch.documents, 1):
        held = written[document.number].held_pages
        whole = document.planned == "withheld"
        rows.append(
            {
                "number": str(number),
                "file": document.file,
                "title": document.title,
                "kind": document.kind,
                "date": document.written.isoformat(),
                "intent": "withhold" if whole else "publish",
                "ground": document.withheld[0].ground if whole or held else "",
                "held_pages": "" if whole else ";".join(f"{a}-{b} {why.ground}" for a, b, why in held),
                "due": batch.study.date_due(document).isoformat(),
            }
        )
    return rows


def _date_report(study: Study) -> date | None:
    for batch in list_batches(study):
        if any(document.kind == "report" for document in batch.documents):
            return date_publication(batch)
    return None


@functools.cache
def _load_records() -> Any:
    return yaml.safe_load((resources.files("lightwell.data") / RECORDS).read_text(encoding="utf-8"))


def _read_records(study: Study, found: Findings) -> dict[str, Any]:
    """Read what is written about a study, figures filled in."""

    def fill(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: fill(each) for key, each in value.items()}
        if isinstance(value, list):
            return [fill(each) for each in value]
        if isinstance(value, date):
            return value.isoformat()
        return markup.fill(value, found.numbers, RECORDS) if isinstance(value, str) else value

    written: dict[str, Any] = fill(_load_records()[study.key])
    return written


def _read_count(text: str) -> int:
    return int(text.replace(",", ""))


def _make_body(study: Study, found: Findings) -> dict[str, Any]:
    plan = _read_records(study, found)["plan"]
    size = dict(plan["sample_size"])
    if "planned" in size:
        size["planned"] = _read_count(size["planned"])
    body: dict[str, Any] = {
        "title": study.title,
        "asks": [study.ask],
        "topics": list(dict.fromkeys(_name_topics(study))),
        "question": study.question,
        "stage": "planned" if study.in_advance else "finished",
        "registered_in_advance": study.in_advance,
        "started": study.began.isoformat(),
        "officer": "Head of Research on Young People",
        **plan,
        "sample_size": size,
        "due_dates": [
            {
                "id": document.number.lower(),
                "what": document.kind.replace("-", " ").capitalize(),
                "date": study.date_due(document).isoformat(),
            }
            for document in study.documents
        ],
    }
    if study.search_statement:
        body["ended"] = study.ended.isoformat() if study.ended else ""
        body["search"] = {
            "statement": study.search_statement,
            "from": "2015",
            "to": "2021",
            "teams": ["User Research", "Product", "Growth", "Policy", "Community", "Legal"],
            "places": [
                "Document stores of the six teams",
                "Archived mail of the steering group Young People",
            ],
            "terms": ["wellbeing", "sleep", "under 18", "bullying", "stranger", "broadcast"],
            "date": "2025-11-14",
            "signed_by": "Head of Research on Young People",
        }
    return body


def _name_topics(study: Study) -> Iterator[str]:
    if study.ask == 2:
        yield "spread-of-abuse-images"
    for topic in study.topics:
        yield TOPICS.get(topic, topic).replace(" ", "-")
