"""Is a page that somebody holds among the published ones? How to ask that at home, and what it takes.

Nothing is uploaded here, and there is nowhere to upload to: whoever holds a page that was never published
may be in danger if anybody learns of it, this site included.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import path

from lightwell.actions import fingerprints
from lightwell.files import state
from lightwell.web import methods, ranges

_LATER_SECONDS = 60
_MEDIA_TYPE = "application/octet-stream"


@methods.only_read
@methods.with_own_script
def show_check(request: HttpRequest) -> HttpResponse:
    """Say how to find out, offer the set for download, and say what cannot be done here."""
    made = fingerprints.find_set(state.open_state())
    context = {"made": made, "head": made.read_head() if made else None, "here": "checked"}
    return render(request, "check.html", context)


@methods.only_read
def send_set(request: HttpRequest) -> HttpResponseBase:
    """Send the fingerprint set or a part of it; 503 while it is made anew, as something was hidden."""
    made = fingerprints.find_set(state.open_state())
    if made is None:
        sentences = ["The file is being put together. Please try again in a few minutes."]
        answer: HttpResponseBase = render(
            request, "problem.html", {"sentences": sentences, "status": 503}, status=503
        )
        answer["Retry-After"] = str(_LATER_SECONDS)
        return answer
    answer = ranges.send_file(
        request, made.path, f"everything-{made.size}.fingerprints", f'"{made.sha256}"', _MEDIA_TYPE
    )
    answer["Repr-Digest"] = made.repr_digest
    answer["Cache-Control"] = "no-store"
    return answer


urlpatterns = [
    path("check/", show_check, name="check"),
    path("everything.fingerprints", send_set, name="fingerprints"),
]
