"""Around every answer: headers that Django does not set itself, cookies kept inside the workspace, and
errors as a page, not a traceback.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from lightwell.base import errors

Answer = Callable[[HttpRequest], HttpResponse]

# Left-to-right and right-to-left override, U+202D and U+202E, and the replacement character, as UTF-8.
_OVERRIDES, _REPLACED = ("\u202d".encode(), "\u202e".encode()), "\ufffd".encode()
_INSIDE = "/workspace/"
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def complete_headers(answer: Answer) -> Answer:
    """Forbid devices and embedding, and keep caches from storing what belongs to one person."""

    def complete(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if response.headers.get("Content-Type", "").startswith("text/html") and not response.streaming:
            response.content = _show_overrides(response.content)
        response.headers.setdefault("Permissions-Policy", _PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if request.path.startswith(_INSIDE):
            response.headers.setdefault("Cache-Control", "no-store")
        return response

    return complete


def keep_cookies_inside(answer: Answer) -> Answer:
    """Read and set cookies in the workspace alone: whatever is public is the same for everybody.

    A page or a file that knew who asks could show something to one reader only, and no cache could keep it.
    """

    def keep(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(_INSIDE):
            return answer(request)
        request.COOKIES = {}
        response = answer(request)
        response.cookies.clear()
        return response

    return keep


def _show_overrides(html: bytes) -> bytes:
    """Replace characters that turn the direction of what follows: no title may rewrite its neighbours.

    Unicode Standard Annex 9, section 2.2; names are disguised with them (CVE-2021-42574).
    """
    for character in _OVERRIDES:
        html = html.replace(character, _REPLACED)
    return html


def explain_errors(answer: Answer) -> Answer:
    """Turn the errors of `base/errors` into a page with their sentences."""

    def explain(request: HttpRequest) -> HttpResponse:
        return answer(request)

    def process_exception(request: HttpRequest, error: Exception) -> HttpResponse | None:
        match error:
            case errors.UserMistake():
                sentences, status = [str(problem) for problem in error.problems], 400
            case errors.Refused():
                sentences, status = [error.sentence], 403
            case errors.CouldNotCheck():
                sentences, status = [error.sentence], 503
            case errors.Damaged():
                # What is broken is for the operator's log, not for a reader.
                sentences, status = ["The archive's own store is damaged. Its operator has to act."], 500
            case _:
                return None
        return render(request, "problem.html", {"sentences": sentences, "status": status}, status=status)

    explain.process_exception = process_exception  # type: ignore[attr-defined]  # Django asks for it
    return explain
