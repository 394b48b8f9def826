"""The sample's story as dated steps, played with the same stories that everybody uses, on the sample clock.

Each day that matters: the clock is set, what happened that day is done by the sample's two people, and a
checkpoint is cosigned by both witnesses. Every day in between gets its count, as a real log would.
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lightwell.actions import (
    drafts,
    editions,
    inventories,
    log,
    organisations,
    patterns,
    proposals,
    redactions,
)
from lightwell.actions import figures as figure_rows
from lightwell.archive import inventory
from lightwell.db.models import Person, Study
from lightwell.files import data, yaml_lines
from lightwell.files.state import State
from lightwell.sample import catalogue, figures, people, registration
from lightwell.sample.record import Written

AT_NOON = datetime.time(12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)
Say = Callable[[str], None]


@dataclass(frozen=True)
class Step:
    """Something that happens on a day."""

    day: datetime.date
    words: str
    act: Callable[[datetime.datetime], None]


@dataclass(frozen=True)
class Cast:
    """The sample's installation, its folder of documents and drafts, and the two people of its company."""

    state: State
    documents: Path
    drafts: Path
    publisher: Person
    approver: Person
    studies: dict[str, str] = field(default_factory=dict)  # key of the catalogue -> id once registered


def play_steps(cast: Cast, steps: list[Step], until: datetime.date, say: Say) -> None:
    """Do every step on its day and count every day until the last; the log is cosigned each day."""
    pending = sorted(steps, key=lambda step: step.day)
    day = pending[0].day
    while day <= until:
        now = datetime.datetime.combine(day, AT_NOON)
        set_clock(cast.state, now)
        while pending and pending[0].day <= day:
            step = pending.pop(0)
            step.act(now)
            say(f"{day}  {step.words}")
        log.count_day(state=cast.state, now=now)
        log.publish_checkpoint(state=cast.state, now=now)
        day += DAY


def set_clock(state: State, now: datetime.datetime) -> None:
    """Set the sample clock, which the log and its witnesses read."""
    (state.root / "sample-clock").write_text(f"{int(now.timestamp())}\n")


def list_steps(cast: Cast, written: dict[str, Written]) -> Iterator[Step]:
    """List what happens in the sample: studies registered, sealed, published; and one record of each other kind."""
    for study in catalogue.STUDIES:
        draft = cast.drafts / f"{study.key}.yaml"
        found = catalogue.analyse()
        _write_draft(draft, registration.make_draft(study, found))
        yield Step(study.registered, f"registers: {study.title}", _make_registering(cast, study, draft))
        days: set[datetime.date | None] = {None}
        for number, batch in enumerate(registration.list_batches(study), 1):
            yield Step(
                batch.day,
                f"locks in {len(batch.documents)} of its documents: {study.title}",
                _make_sealing(cast, batch, number, written),
            )
            day = registration.date_publication(batch)
            if day not in days:
                days.add(day)
                yield Step(day, f"publishes: {study.title}", _make_publishing(cast, study))
        if finished := registration.make_finished_draft(study, found):
            later = cast.drafts / f"{study.key}-finished.yaml"
            day = datetime.date.fromisoformat(finished["date"])
            yield Step(
                day, f"describes as finished: {study.title}", _make_finishing(cast, study, later, finished)
            )
    # The sample's studies are the catalogue's, and the answer it publishes is one that it was given (`asking`).
    left_out = ("study", "query-release")
    texts = {name: data.read_example(name) for name in data.list_examples() if not name.startswith(left_out)}
    for name, text in {**texts, **data.read_sample_records()}.items():
        draft = cast.drafts / f"{name}.yaml"
        draft.write_bytes(text)
        document = yaml.safe_load(text)
        for attachment in document.get("attachments") or ():
            attached = cast.drafts / f"{name}.files" / attachment["title"]
            attached.parent.mkdir(exist_ok=True)
            attached.write_bytes(data.read_example_attachment(attachment["title"]))
        yield Step(
            datetime.date.fromisoformat(str(document["date"])),
            f"discloses: {document['body']['title']}",
            _make_disclosing(cast, draft),
        )
    for edition, day in figures.EDITIONS.items():
        words = f"puts on record: {figures.COMPANY}'s published figures, edition {edition}"
        yield Step(day, words, _make_importing(cast, edition))


def _make_disclosing(cast: Cast, draft: Path) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        disclose(cast, draft, now)

    return act


def _make_importing(cast: Cast, edition: str) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        pair = people.hire_pair(cast.state, figures.DESK)
        title, data = figures.name_file(edition), figures.write_edition(edition)
        read = figure_rows.read_file(title, data, figures.make_mapping())
        (ready,) = editions.prepare_editions(
            state=cast.state,
            reads=[read],
            said=editions.Said(),
            publisher=organisations.find_own(pair.publisher),
            now=now,
        )
        proposal = proposals.propose(
            actor=pair.publisher, kind=ready.kind, subject=ready.subject, payload=ready.payload, now=now
        )
        proposals.approve(state=cast.state, actor=pair.approver, proposal_id=proposal.pk, now=now)

    return act


def _make_registering(cast: Cast, study: catalogue.Study, draft: Path) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        cast.studies[study.key] = disclose(cast, draft, now)

    return act


def _make_finishing(
    cast: Cast, study: catalogue.Study, draft: Path, document: dict[str, Any]
) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        _write_draft(draft, {**document, "id": cast.studies[study.key]})
        disclose(cast, draft, now)

    return act


def _write_draft(path: Path, document: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))


def _make_sealing(
    cast: Cast, batch: registration.Batch, number: int, written: dict[str, Written]
) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        study = Study.objects.get(pk=cast.studies[batch.study.key])
        table = cast.drafts / f"{batch.study.key}-{number}.csv"
        with table.open("w", newline="") as stream:
            writer = csv.DictWriter(stream, inventory.COLUMNS, lineterminator="\n")
            writer.writeheader()
            writer.writerows(registration.make_cells(batch, written))
        names = [document.file for document in batch.documents]
        rows = inventory.parse_rows(table.read_text(), names, data.read_grounds().keys())
        inventories.measure_files(state=cast.state, study=study, folder=cast.documents, rows=rows)
        inventories.seal_inventory(actor=cast.publisher, study=study, now=now)

    return act


def _make_publishing(cast: Cast, study: catalogue.Study) -> Callable[[datetime.datetime], None]:
    def act(now: datetime.datetime) -> None:
        _hide_words(cast, study, now)
        publish(cast, cast.studies[study.key], study.summary, now)

    return act


def _hide_words(cast: Cast, study: catalogue.Study, now: datetime.datetime) -> None:
    """Hide what the catalogue says, as the two people of the publisher do; once it is locked in."""
    found = Study.objects.get(pk=cast.studies[study.key])
    titles = {document.title: document for document in study.documents if document.hidden}
    for item in found.items.filter(title__in=titles, inventory__isnull=False, openings=None):
        rows = [
            redactions.propose_regions(
                state=cast.state,
                actor=cast.publisher,
                item=item,
                number=hit.page,
                words=hit.words,
                ground_id=hiding.ground,
                now=now,
            )
            for hiding in titles[item.title].hidden
            for hit in patterns.find_words(
                state=cast.state,
                actor=cast.publisher,
                study=found,
                pattern=hiding.pattern,
                items=[item.number],
            )
        ]
        redactions.decide_regions(
            actor=cast.approver, study=found, numbers=[row.pk for row in rows], approved=True, now=now
        )


def disclose(cast: Cast, draft: Path, now: datetime.datetime) -> str:
    """Propose and approve a draft as the two people of its publisher; returns the id of the record."""
    attached = sorted(cast.drafts.glob(f"{draft.stem}.files/*"))
    ready = drafts.prepare_draft(
        state=cast.state,
        document=yaml_lines.read_document(draft),
        files=[drafts.read_file(path) for path in attached],
        now=now,
    )
    pair = people.hire_pair(cast.state, ready.payload["record"]["publisher"])
    proposal = proposals.propose(
        actor=pair.publisher, kind=ready.kind, subject=ready.subject, payload=ready.payload, now=now
    )
    proposals.approve(state=cast.state, actor=pair.approver, proposal_id=proposal.pk, now=now)
    return ready.subject


def publish(cast: Cast, study: str, summary: str, now: datetime.datetime) -> None:
    """Propose to publish a study as the publisher and approve it as the approver."""
    proposal = proposals.propose(
        actor=cast.publisher,
        kind="publication",
        subject=study,
        payload={"study": study, "summary": summary, "items": None},
        now=now,
    )
    proposals.approve(state=cast.state, actor=cast.approver, proposal_id=proposal.pk, now=now)
