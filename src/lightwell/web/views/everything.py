"""Everything public in one file: where to take it, and how to check it at home with the network off."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from lightwell.actions import bundles
from lightwell.files import state
from lightwell.web import ranges

_LATER_SECONDS = 60


@require_safe
def show_everything(request: HttpRequest) -> HttpResponse:
    """Offer the packed bundle and say in steps how to check it."""
    opened = state.open_state()
    context = {
        "packed": bundles.find_packed(opened),
        "folder": bundles.name_folder(opened),
        "here": "checked",
    }
    return render(request, "everything.html", context)


@require_safe
def send_everything(request: HttpRequest) -> HttpResponseBase:
    """Send the packed bundle or a part of it; 503 while it is packed anew, as something was hidden."""
    opened = state.open_state()
    packed = bundles.find_packed(opened)
    if packed is None:
        sentences = ["The file is being put together. Please try again in a few minutes."]
        answer = render(request, "problem.html", {"sentences": sentences, "status": 503}, status=503)
        answer["Retry-After"] = str(_LATER_SECONDS)
        return answer
    name = f"{bundles.name_folder(opened)}-{packed.size}.zip"
    # The same entries give the same bytes (`files/bundle`), and packing anew changes the time.
    tag = f'"{packed.begun}-{packed.size}-{packed.path.stat().st_mtime_ns:x}"'
    answer = ranges.send_file(request, packed.path, name, tag)
    answer["Cache-Control"] = "no-store"
    return answer


urlpatterns = [
    path("everything/", show_everything, name="everything"),
    path("everything.zip", send_everything, name="everything-file"),
]
