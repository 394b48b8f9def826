"""Reports of visitors that a child can be identified: in a document, on a page, by a record's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import records, reports
from lightwell.files import state
from lightwell.web import help_lines, methods, pace, visitors
from lightwell.web.forms import reports as report_forms
from lightwell.web.views import documents as document_views

# Reports a minute from one address: many people may share one, and reports that say the same cost nothing.
_MOST_REPORTS = 30


@methods.without_token
@methods.read_or_send
def report_page(request: HttpRequest, study: str, number: int, page: int | None = None) -> HttpResponse:
    """Take the word of a visitor that a child can be identified; nothing about the visitor is kept."""
    document = document_views.find_document(study, number)
    if page is not None and not 1 <= page <= len(document.places):
        raise Http404

    def take(words: str) -> reports.Taken:
        now = state.open_state().read_now()
        return reports.take_report(item=document.item, page=page, words=words, now=now)

    return _take(request, {"document": document, "item": document.item, "page": page}, take)


@methods.without_token
@methods.read_or_send
def report_record(request: HttpRequest, record: str, version: int | None = None) -> HttpResponse:
    """Take the same word about what a record says, one version of it or all; removed ones have no report."""
    history = records.read_history(record)
    shown = [each for each in history.versions if each.record] if history else []
    chosen = [each for each in shown if version in (None, each.number)]
    if history is None or not chosen:
        raise Http404

    def take(words: str) -> reports.Taken:
        now = state.open_state().read_now()
        return reports.take_record_report(record=record, version=version, words=words, now=now)

    return _take(request, {"history": history, "record": chosen[-1].record, "version": version}, take)


def _take(request: HttpRequest, about: dict[str, Any], take: Callable[[str], reports.Taken]) -> HttpResponse:
    form = report_forms.ReportForm(request.POST if request.method == "POST" else None)
    context = {**about, "form": form, "help": help_lines.list_all()}
    if request.method != "POST":
        return render(request, "reports/form.html", context)
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return render(
            request,
            "problem.html",
            {"sentences": ["A report is sent from the page it is about; open the page and send it there."]},
            status=403,
        )
    if not pace.take_turn("report", visitors.read_network(request), _MOST_REPORTS):
        return render(request, "reports/form.html", {**context, "too_many": True}, status=429)
    if not form.is_valid():
        return render(request, "reports/form.html", context, status=400)
    taken = take(form.cleaned_data["words"])
    return render(request, "reports/arrived.html", {**context, "words_lost": not taken.words_kept})


_DOCUMENT = "studies/<slug:study>/documents/<int:number>/"
urlpatterns = [
    path(f"{_DOCUMENT}page/<int:page>/report/", report_page, name="page-report"),
    path(f"{_DOCUMENT}report/", report_page, name="document-report"),
    path("records/<slug:record>/report/", report_record, name="record-report"),
    path("records/<slug:record>/<int:version>/report/", report_record, name="record-version-report"),
]
