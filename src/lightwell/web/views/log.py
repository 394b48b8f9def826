"""The public record itself: how long it is, what stands for it, who confirmed it, how many minutes ago."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import standing
from lightwell.base import canonical, errors
from lightwell.db.models import Checkpoint, LogEntry
from lightwell.files import state
from lightwell.web import memory

_LATEST = 30


@memory.keep_a_minute
def show_log(request: HttpRequest) -> HttpResponse:
    """Show the log and how many minutes ago it was confirmed."""
    opened = state.open_state()
    rows = LogEntry.objects.order_by("-index")[:_LATEST]
    entries = [(row.index, _name_type(bytes(row.data))) for row in rows]
    context = {
        "standing": standing.read_standing(opened),
        "entries": entries,
        "signed": list(Checkpoint.objects.order_by("-size").values_list("size", flat=True)[:_LATEST]),
    }
    return render(request, "log.html", context)


def read_checkpoint(request: HttpRequest) -> HttpResponse:
    """Return the newest checkpoint with its cosignatures."""
    found = standing.read_standing(state.open_state())
    if found is None:
        raise Http404
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8")


def read_policy(request: HttpRequest) -> HttpResponse:
    """Return the policy that the publisher names; whoever verifies may bring another."""
    found = standing.read_standing(state.open_state())
    if found is None:
        raise Http404
    return HttpResponse(found.policy_text, content_type="text/plain; charset=utf-8")


def read_entry(request: HttpRequest, index: int) -> HttpResponse:
    """Return the bytes of one entry; entries hold no titles and no names and are public at once."""
    row = LogEntry.objects.filter(index=index).first()
    if row is None:
        raise Http404
    return HttpResponse(bytes(row.data), content_type="application/json")


def _name_type(data: bytes) -> str:
    try:
        value = canonical.decode(data)
    except errors.LightwellError:
        return "unreadable"
    return str(value.get("type")) if isinstance(value, dict) else "unreadable"


urlpatterns = [
    path("log/", show_log, name="log"),
    path("log/checkpoint", read_checkpoint, name="log-checkpoint"),
    path("log/policy", read_policy, name="log-policy"),
    path("log/entries/<int:index>.json", read_entry, name="log-entry"),
]
