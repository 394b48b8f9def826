"""The lists that anybody may take away as a table, each with ids that never change."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lightwell.actions import chronicle
from lightwell.actions.overview import Overview
from lightwell.archive import completeness, register
from lightwell.base import disclosure
from lightwell.files import data

Rows = Iterator[Sequence[object]]


@dataclass(frozen=True, slots=True)
class Table:
    """One list: its name in the address, a title, its columns and how its rows are read."""

    name: str
    title: str
    columns: tuple[str, ...]
    list_rows: Callable[[Overview], Rows]


def _list_companies(overview: Overview) -> Rows:
    for each in overview.providers:
        account = each.account
        yield (
            each.slug,
            each.name,
            "yes" if each.joined else "no",
            len(each.services),
            len(each.own_studies),
            account.in_all,
            account.promised,
            account.published,
            account.hidden,
            account.held,
            account.late,
            account.later,
        )


def _list_studies(overview: Overview) -> Rows:
    for each in overview.studies:
        account = each.account
        record = each.record
        yield (
            each.id,
            each.provider,
            str(record.body.get("title", "")) if record else "",
            record.publisher.id if record else "",
            "yes" if each.in_advance else "no",
            each.registered_at.date().isoformat(),
            len(each.documents),
            "yes" if each.in_full else "no",
            account.in_all,
            account.promised,
            account.published,
            account.hidden,
            account.held,
            account.late,
            account.later,
            account.uncounted,
            each.days_late,
        )


def _list_documents(overview: Overview, states: frozenset[str] | None = None) -> Rows:
    for study in overview.studies:
        for each in study.documents:
            if states is None or each.state in states:
                yield (
                    f"{study.id}/{each.number}",
                    study.id,
                    each.number,
                    study.provider,
                    each.title or "",
                    each.kind,
                    "unknown" if each.pages is None else each.pages,
                    each.pages_open,
                    each.pages_redacted,
                    each.state,
                    each.due.isoformat(),
                    each.strict_days,
                    each.generous_days,
                    " ".join(sorted({r.ground for r in each.reasons})),
                    each.stopped or "",
                    each.review_days,
                )


def _list_late(overview: Overview) -> Rows:
    """List what is late: studies that locked nothing in by their promised date, then documents."""
    for study in overview.studies:
        if study.broken:
            title = str(study.record.body.get("title", "")) if study.record else ""
            days = study.broken.lateness
            yield (
                *(study.id, study.id, "", study.provider, title, "study-with-nothing-locked-in-in-time"),
                *("unknown", 0, 0, "overdue", study.broken.due.isoformat()),
                *(days.strict_days, days.generous_days, "", "", 0),
            )
    yield from _list_documents(overview, frozenset({"overdue"}))
    for each in overview.list_late_challenges():
        said = {
            "id": each.id,
            "company": each.provider,
            "kind": "question-nobody-answered",
            "state": each.state,
            "due": each.due,
            "days_late": each.days_late,
        }
        yield tuple(said.get(name, "") for name in _DOCUMENT)


def _list_challenges(overview: Overview) -> Rows:
    for each in overview.challenges:
        yield register.format_row(each)


def _list_held(overview: Overview) -> Rows:
    for study in overview.studies:
        for each in study.documents:
            for reason in each.reasons:
                place = f"{study.id}/{each.number}" + (f"/{reason.page}" if reason.page else "")
                until = reason.until.isoformat() if reason.until else ""
                yield (
                    place,
                    study.provider,
                    "page" if reason.page else "document",
                    reason.ground,
                    reason.decided_by,
                    until,
                    reason.since.isoformat() if reason.since else "",
                    completeness.count_days_past(reason.until, overview.day),
                )
    for provider in overview.providers:
        for record in (*provider.own_records, *provider.other_records):
            for held in record.withheld:
                place = f"{record.id}/{record.version}{held.pointer}"
                ends = datetime.date.fromisoformat(held.expires)
                days = completeness.count_days_past(ends, overview.day)
                what = (place, provider.slug, "answer", held.ground, held.decided_by)
                yield *what, held.expires, overview.put_here.get((record.id, record.version), ""), days


def _list_records(overview: Overview) -> Rows:
    for provider in overview.providers:
        for each in (*provider.own_records, *provider.other_records):
            yield (
                each.id,
                each.kind,
                each.version,
                overview.put_here.get((each.id, each.version), ""),
                each.date,
                str(each.body.get("title", "")),
                each.publisher.id,
                each.publisher.role,
                provider.slug,
                " ".join(service.id for service in each.services),
                "yes" if disclosure.counts_as_answer(each) else "no",
                disclosure.compute_digest(each),
                len(each.withheld),
            )


def _list_changes(overview: Overview) -> Rows:
    for each in chronicle.list_changes(overview, limit=sys.maxsize):
        yield (
            each.id,
            each.at.isoformat(),
            each.label,
            each.title,
            each.sentence,
            each.provider if overview.find_provider(each.provider) else "",
            each.study or "",
        )


def _list_reasons(overview: Overview) -> Rows:
    for each in data.read_grounds().values():
        yield each.id, each.title, each.explanation, each.citation, each.check, each.longest_days


_DOCUMENT = (
    "id",
    "study",
    "number",
    "company",
    "title",
    "kind",
    "pages",
    "pages_published",
    "pages_with_hidden_parts",
    "state",
    "due",
    "days_late",
    "days_late_after_grace",
    "legal_reasons",
    "stopped",
    "days_past_review",
)

TABLES = {
    table.name: table
    for table in (
        Table(
            "companies",
            "Companies",
            (
                "id",
                "name",
                "takes_part",
                "services",
                "studies",
                "pages_in_all",
                "pages_promised",
                "published",
                "parts_hidden",
                "held_back",
                "late",
                "not_due_yet",
            ),
            _list_companies,
        ),
        Table(
            "studies",
            "Studies",
            (
                "id",
                "company",
                "title",
                "put_here_by",
                "registered_before_its_declared_start",
                "registered_on",
                "documents",
                "in_full",
                "pages_in_all",
                "pages_promised",
                "published",
                "parts_hidden",
                "held_back",
                "late",
                "not_due_yet",
                "documents_without_page_count",
                "days_late",
            ),
            _list_studies,
        ),
        Table("documents", "Documents, also those nobody may read yet", _DOCUMENT, _list_documents),
        Table("late", "Documents, studies and answers past their date", _DOCUMENT, _list_late),
        Table("challenges", "Questions about papers that somebody holds", register.COLUMNS, _list_challenges),
        Table(
            "held-back",
            "What is held back, hidden or out of view",
            ("id", "company", "what", "legal_reason", "decided_by", "until", "since", "days_past_review"),
            _list_held,
        ),
        Table(
            "records",
            "Records of every kind",
            (
                "id",
                "kind",
                "version",
                "put_here_on",
                "date_declared",
                "title",
                "put_here_by",
                "capacity",
                "company",
                "services",
                "counts_as_the_companys_answer",
                "digital_fingerprint",
                "answers_held_back",
            ),
            _list_records,
        ),
        Table(
            "changes",
            "What changed",
            ("id", "at", "what", "title", "in_words", "company", "study"),
            _list_changes,
        ),
        Table(
            "reasons",
            "Legal reasons",
            ("id", "title", "explanation", "citation", "how_well_known", "days_at_most"),
            _list_reasons,
        ),
    )
}
