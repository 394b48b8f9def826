"""Around every answer: headers that Django does not set itself, cookies kept inside the workspace, and
errors as a page, not a traceback.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import render

from lightwell.base import errors
from lightwell.files import diary
from lightwell.web import pace, visitors
from lightwell.web.api import service

_TOO_MANY = 429
_METHODS = ("GET", "HEAD", "POST", "OPTIONS")
Answer = Callable[[HttpRequest], HttpResponse]

# Left-to-right and right-to-left override, U+202D and U+202E, and the replacement character, as UTF-8.
_OVERRIDES, _REPLACED = ("\u202d".encode(), "\u202e".encode()), "\ufffd".encode()
_INSIDE = "/workspace/"
_PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


def write_answers(answer: Answer) -> Answer:
    """Write a line for each answer (`files/diary`): which kind of page, which status, how long."""

    def write(request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        response = answer(request)
        match = request.resolver_match
        route = match.route if match else "static" if request.path.startswith(settings.STATIC_URL) else "none"
        method = request.method if request.method in _METHODS else "other"
        taken = round((time.perf_counter() - began) * 1000)
        diary.write_line(
            "answer", method=method, route=route, status=response.status_code, milliseconds=taken
        )
        return response

    return write


def keep_pace(answer: Answer) -> Answer:
    """Refuse what costs more than a visitor may ask for in a minute (`web/pace`); say how long to wait."""

    def keep(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        if response.status_code == _TOO_MANY:
            response.headers.setdefault("Retry-After", str(pace.SECONDS))
        return response

    def process_view(request: HttpRequest, *_: object) -> HttpResponse | None:
        match = request.resolver_match
        cost = pace.COSTS.get(match.view_name, 0) if match else 0
        address = visitors.read_address(request)
        if not cost or pace.is_own(address):
            return None
        turn = pace.pay("reading", pace.name_network(address), cost, pace.READING)
        if turn.granted:
            return None
        response = _refuse_turn(request)
        response.headers["Retry-After"] = str(turn.wait_seconds)
        return response

    keep.process_view = process_view  # type: ignore[attr-defined]  # Django asks for it
    return keep


def _refuse_turn(request: HttpRequest) -> HttpResponse:
    sentence = (
        "A lot was asked for from where you are within a minute; wait a minute and go on. "
        "Everything public is also one file: /everything/."
    )
    if request.path.startswith("/api/"):
        return service.make_problem(_TOO_MANY, "Too much at once", sentence)
    return render(request, "problem.html", {"sentences": [sentence], "status": _TOO_MANY}, status=_TOO_MANY)


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


def refuse_methods(answer: Answer) -> Answer:
    """Answer four methods and no other, whatever a view would have done with TRACE or PUT."""

    def refuse(request: HttpRequest) -> HttpResponse:
        return answer(request) if request.method in _METHODS else HttpResponseNotAllowed(_METHODS)

    return refuse


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
