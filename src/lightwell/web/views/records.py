"""Records of every kind: laid out for a reader, all versions, what changed, and the exact bytes."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from lightwell.actions import overview, query_records, records, revisions
from lightwell.base import disclosure, withholding
from lightwell.base.errors import Refused
from lightwell.files import state
from lightwell.web import dataset_pages, help_lines, memory, places, reader
from lightwell.web.views import datasets


@memory.keep
def list_records(request: HttpRequest) -> HttpResponse:
    """List the newest version of every record."""
    kind = request.GET.get("kind", "")
    if kind and kind not in disclosure.KINDS:
        raise Http404
    found = [row.read_record() for row in records.list_newest(**({"kind": kind} if kind else {}))]
    return render(request, "records.html", {"records": found, "kind": kind})


@memory.keep_by(datasets.read_mark)
def show_record(request: HttpRequest, record: str, version: int | None = None) -> HttpResponse:
    """Show a record, its newest version or the one asked for; a removed one as its place and reason."""
    history = _find_history(record)
    if version is None and history.kind == "study":
        picture = overview.read_overview(state.open_state())
        if picture.find_study(record):
            return redirect("study", record)
    shown = history.newest if version is None else history.find_version(version)
    if shown is None:
        raise Http404
    picture = overview.read_overview(state.open_state())
    context = {
        "history": history,
        "version": shown,
        "record": shown.record,
        "provider": picture.find_provider(history.provider),
        "replies": picture.replies.get(record, ()),
        "with_replies": request.GET.get("replies") != "off",
        "picture": picture,
        "previous": max(
            (each.number for each in history.versions if each.number < shown.number and each.record),
            default=None,
        ),
    }
    if shown.record is None:
        return render(request, "record/removed.html", context, status=410)
    topics = shown.record.body.get("topics")
    context |= _describe_asking(shown, history)
    context |= {
        "sections": reader.lay_out(shown.record, context.get("shown_elsewhere", ())),
        "glance": reader.show_at_a_glance(shown.record),
        "about": _find_about(shown.record.about),
        "standing": revisions.find_standing(history) if history.kind == "figures-edition" else None,
        "help": help_lines.find_lines(topics if isinstance(topics, list) else []),
        "lifted": _list_lifted(history, shown),
    }
    return render(request, "record/show.html", context)


@memory.keep
def show_changes(request: HttpRequest, record: str, old: int, new: int) -> HttpResponse:
    """Show what changed between two versions; empty when nothing did."""
    history = _find_history(record)
    before, after = history.find_version(old), history.find_version(new)
    if before is None or after is None:
        raise Http404
    context: dict[str, object] = {
        "history": history,
        "old": before,
        "new": after,
        "changes": [],
        "record": after.record,
    }
    pages = [reverse("record-version", args=[record, each.number]) for each in (before, after)]
    if before.record and after.record:
        context["changes"] = [
            {
                "place": places.name_place(
                    after.record if change.how != "removed" else before.record, change.pointer
                ),
                "pointer": change.pointer,
                "how": change.how,
                "old": places.read_place(before.record, change.pointer, pages[0]),
                "new": places.read_place(after.record, change.pointer, pages[1]),
            }
            for change in records.compare_versions(history, old, new)
        ]
    return render(request, "record/changes.html", context)


def read_bytes(request: HttpRequest, record: str, version: int) -> HttpResponse:
    """Return the exact bytes that the digital fingerprint is made from."""
    data = records.read_bytes(record, version)
    if data is None:
        raise Http404
    return HttpResponse(data, content_type="application/json")


def _describe_asking(shown: records.Version, history: records.History) -> dict[str, object]:
    """Describe what a page of a data set or a private answer has beyond those of other kinds."""
    if shown.record is not None and history.kind == query_records.KIND:
        return dataset_pages.describe_answer(shown.record)
    if history.kind == query_records.DATASET and shown is history.newest:
        return dataset_pages.describe_dataset(history.id)
    return {}


def _find_history(record: str) -> records.History:
    history = records.read_history(record)
    if history is None:
        raise Http404
    return history


def _find_about(about: disclosure.Reference | None) -> dict[str, object] | None:
    if about is None:
        return None
    history = records.read_history(about.id)
    if history is None:
        return {"id": about.id, "title": about.id, "version": None}
    version = next((each for each in history.versions if each.digest == about.digest), None)
    named = next((each.record for each in reversed(history.versions) if each.record), None)
    title = str(named.body.get("title") or history.id) if named else history.id
    return {
        "id": history.id,
        "title": title,
        "version": version.number if version else None,
        "kind": history.kind,
    }


def _list_lifted(history: records.History, shown: records.Version) -> list[tuple[str, bool]]:
    """For each place that this version shows and the one before held back: is it the same text?"""
    before = history.find_version(shown.number - 1)
    if shown.record is None or not shown.record.opened or before is None or before.record is None:
        return []
    try:
        withholding.check_lift(before.record, shown.record)
        same = True
    except Refused:
        same = False
    return [(places.name_place(shown.record, each.pointer), same) for each in shown.record.opened]


urlpatterns = [
    path("records/", list_records, name="records"),
    path("records/<slug:record>/", show_record, name="record"),
    path("records/<slug:record>/<int:version>/", show_record, name="record-version"),
    path("records/<slug:record>/<int:version>/record.json", read_bytes, name="record-bytes"),
    path("records/<slug:record>/changes/<int:old>/<int:new>/", show_changes, name="record-changes"),
]
