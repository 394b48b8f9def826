"""Try to cheat (labelled sample only): each button changes a copy and the real verifier judges it.

The buttons change nothing here: the copy is gone when the answer is sent. Outside a sample the address does
not exist.
"""

from __future__ import annotations

import threading
import time

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from lightwell.actions import tampering, trials
from lightwell.base import errors
from lightwell.files import state
from lightwell.web import context

# Copying and verifying takes a processor for seconds; one at a time keeps the site readable.
_one_at_a_time = threading.Lock()
_PATIENCE = 60


@csrf_exempt  # nothing is changed and no session asked, so nothing can be forged; readers get no cookie
@require_POST
def try_cheat(request: HttpRequest, name: str) -> HttpResponse:
    """Carry one attempt out and show what the verifier says."""
    opened = state.open_state()
    attempt = next((each for each in tampering.ATTEMPTS if each.name == name), None)
    if attempt is None or not context.is_sample(opened):
        raise Http404
    if not _one_at_a_time.acquire(timeout=_PATIENCE):
        raise errors.CouldNotCheck("Somebody else is cheating just now. Try again in a minute.")
    try:
        began = time.monotonic()
        result = trials.try_attempt(opened, attempt)
        seconds = time.monotonic() - began
    finally:
        _one_at_a_time.release()
    shown = {
        "attempt": attempt,
        "result": result,
        "seconds": f"{seconds:.1f}",
        "attempts": tampering.ATTEMPTS,
    }
    return render(request, "cheat.html", shown)


urlpatterns = [path("try-to-cheat/<slug:name>/", try_cheat, name="cheat")]
