"""What is late, as a table and a chart, and what is held back, with every legal reason."""

from __future__ import annotations

import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import overview
from lightwell.actions.overview import Document, Overview, StudyView
from lightwell.archive import completeness
from lightwell.files import data, state
from lightwell.web import asking, memory

MAX_BARS = 40
_BAR_HEIGHT = 46
# Citations also name the field of our own record where the reason came from; that is for developers.
_INTERNAL = "reputational-review record"


@memory.keep
def show_late(request: HttpRequest) -> HttpResponse:
    """List everything past its promised date, the longest wait first: documents, and studies without any."""
    picture = overview.read_overview(state.open_state())
    company = asking.choose_value(request.GET, "company", [each.slug for each in picture.providers])
    rows = _list_documents(picture, company, ("overdue",))
    rows.sort(key=lambda row: (-row[1].strict_days, row[0].id, row[1].number))
    studies = [each for each in picture.studies if each.broken and company in ("", each.provider)]
    studies.sort(key=lambda each: (-each.days_late, each.id))
    waits: list[tuple[StudyView, Document | None, int]] = []
    waits += [(study, None, study.days_late) for study in studies]
    waits += [(study, document, document.strict_days) for study, document in rows]
    waits.sort(key=lambda wait: -wait[2])
    unanswered = [
        (each, picture.find_provider(each.provider)) for each in picture.list_late_challenges(company)
    ]
    longest = max((days for _, _, days in waits), default=1)
    bars = [
        {
            "study": study,
            "document": document,
            "days": days,
            "y": k * _BAR_HEIGHT,
            "width": f"{100 * days / longest:.2f}%",
        }
        for k, (study, document, days) in enumerate(waits[:MAX_BARS])
    ]
    context = {
        "rows": rows,
        "studies": studies,
        "bars": bars,
        "height": len(bars) * _BAR_HEIGHT,
        "picture": picture,
        "longest": longest,
        "unanswered": unanswered,
        "company": picture.find_provider(company),
        "here": "late",
        "pages": sum(d.pages or 0 for _, d in rows),
    }
    return render(request, "late.html", context)


@memory.keep
def show_held(request: HttpRequest) -> HttpResponse:
    """List everything held back, hidden or out of view: documents, pages, answers, with reasons."""
    picture = overview.read_overview(state.open_state())
    company = asking.choose_value(request.GET, "company", [each.slug for each in picture.providers])
    rows = [
        (study, document)
        for study, document in _list_documents(picture, company, None)
        if document.account.held or document.account.hidden or document.reasons
    ]
    answers = [
        (
            record,
            held,
            completeness.count_days_past(datetime.date.fromisoformat(held.expires), picture.day),
        )
        for provider in picture.providers
        if company in ("", provider.slug)
        for record in (*provider.own_records, *provider.other_records)
        for held in record.withheld
    ]
    context = {
        "rows": rows,
        "answers": answers,
        "waiting": [(study, document) for study, document in rows if document.review_days],
        "picture": picture,
        "company": picture.find_provider(company),
    }
    return render(request, "held.html", context)


@memory.keep
def show_reasons(request: HttpRequest) -> HttpResponse:
    """List the legal reasons for which anything may be held back, and how long at most."""
    reasons = [
        {
            "reason": each,
            "law": [part for part in each.citation.split("; ") if not part.startswith(_INTERNAL)],
        }
        for each in data.read_grounds().values()
    ]
    return render(request, "reasons.html", {"reasons": reasons, "states": completeness.STATES})


def _list_documents(
    picture: Overview, company: str, states: tuple[str, ...] | None
) -> list[tuple[StudyView, Document]]:
    return [
        (study, document)
        for study in picture.studies
        if company in ("", study.provider)
        for document in study.documents
        if states is None or document.state in states
    ]


urlpatterns = [
    path("late/", show_late, name="late"),
    path("held-back/", show_held, name="held"),
    path("reasons/", show_reasons, name="reasons"),
]
