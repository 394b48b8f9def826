"""Studies: what was asked, found, published and held back; and every document that was locked in."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import chronicle, overview, records, studies, twins
from lightwell.actions.overview import Document, Overview, StudyView
from lightwell.files import state
from lightwell.web import asking, help_lines, memory, reader, stretch

PARTS = ("published", "hidden", "held", "late", "later")


@memory.keep
def list_studies(request: HttpRequest) -> HttpResponse:
    """List every study of every company."""
    picture = overview.read_overview(state.open_state())
    return render(request, "studies.html", {"picture": picture})


@memory.keep
def show_study(request: HttpRequest, study: str) -> HttpResponse:
    """Show one study with its account of pages and its documents."""
    picture, found = _find_study(study)
    record = found.record
    history = records.read_history(study)
    topics = record.body.get("topics") if record else None
    bounds, beacon = studies.read_bounds(state.open_state(), study)
    context = {
        "bounds": bounds,
        "beacon": beacon,
        "picture": picture,
        "study": found,
        "record": record,
        "history": history,
        "provider": picture.find_provider(found.provider),
        "sections": reader.lay_out(record) if record else [],
        "summary": records.read_publication_summary(study),
        "replies": picture.replies.get(study, ()),
        "changes": chronicle.list_changes(picture, study=study, limit=8),
        "help": help_lines.find_lines(topics if isinstance(topics, list) else []),
    }
    return render(request, "study.html", context)


@memory.keep
def show_inventory(request: HttpRequest, study: str) -> HttpResponse:
    """Show every document that was locked in, also those nobody may read yet; a long list in stretches."""
    picture, found = _find_study(study)
    wanted = asking.choose_value(request.GET, "state", PARTS)
    everything = [each for each in found.documents if _stands_in(each, wanted)]
    chosen = {"state": wanted} if wanted else {}
    documents, steps = stretch.cut_stretch(everything, request.GET.get("from", ""), chosen)
    context = {
        "picture": picture,
        "study": found,
        "record": found.record,
        "provider": picture.find_provider(found.provider),
        "wanted": wanted,
        "documents": documents,
        "reasons": [(each, reason) for each in documents for reason in each.reasons],
        "steps": steps,
        "help": help_lines.find_for_study(study),
        "twins": twins.list_twins(study=study),
    }
    return render(request, "inventory.html", context)


def _find_study(study: str) -> tuple[Overview, StudyView]:
    picture = overview.read_overview(state.open_state())
    found = picture.find_study(study)
    if found is None:
        raise Http404
    return picture, found


def _stands_in(document: Document, part: str) -> bool:
    """Answer whether a document has pages in one part of the account; any document without a part."""
    return not part or getattr(document.account, part) > 0


urlpatterns = [
    path("studies/", list_studies, name="studies"),
    path("studies/<slug:study>/", show_study, name="study"),
    path("studies/<slug:study>/inventory/", show_inventory, name="inventory"),
]
