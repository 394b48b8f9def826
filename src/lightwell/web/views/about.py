"""Pages about the site: how to check it, help for children and parents, words for when it fails."""

from __future__ import annotations

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.base import errors
from lightwell.files import security_txt, state
from lightwell.web import context, help_lines, memory, methods
from lightwell.web.api import service

_FORBIDDEN = 403
_MISSING = 404
_FAULT = 500
_API = "/api/"


@memory.keep
def show_checked(request: HttpRequest) -> HttpResponse:
    """Say how anybody checks this site without trusting it, and what no check can show."""
    return render(request, "checked.html", {"here": "checked"})


@memory.keep
def show_help(request: HttpRequest) -> HttpResponse:
    """Show every help line of the country."""
    return render(request, "help.html", {"help": help_lines.list_all()})


@methods.only_read
def send_security(request: HttpRequest) -> HttpResponse:
    """Say whom to tell of a weakness (RFC 9116), in the operator's words; a sample's are marked as such."""
    opened = state.open_state()
    try:
        found = security_txt.read_security(opened.root)
    except errors.UserMistake:
        # For the operator, whom the doctor tells; its sentences name folders of this machine.
        raise Http404 from None
    if found is None:
        if not context.read_origin(opened).startswith((state.SAMPLE_PREFIX, state.DEMO_PREFIX)):
            raise Http404
        found = security_txt.read_sample()
    return HttpResponse(found.text, content_type="text/plain; charset=utf-8")


def show_missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Say that there is no such page; to a program as a problem of the API (RFC 9457)."""
    if request.path.startswith(_API):
        return service.make_problem(_MISSING, "Not found", "There is nothing public at this address.")
    sentences = [
        "There is no page at this address. Nothing that was ever promised here vanishes: look in the lists."
    ]
    return render(request, "problem.html", {"sentences": sentences, "status": _MISSING}, status=_MISSING)


def show_fault(request: HttpRequest) -> HttpResponse:
    """Say that something broke; without any template that could break again."""
    if request.path.startswith(_API):
        return service.make_problem(_FAULT, "Something broke", "Nothing that is published was changed by it.")
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Something broke · Lightwell</title>"
        f'<link rel="stylesheet" href="{settings.STATIC_URL}lightwell.css"></head><body><header>'
        '<div class="site-head"><div class="wrap"><a class="brand" href="/"><span>Lightwell</span></a>'
        "</div></div>"
        '</header><main class="wrap"><h1>Something broke here</h1>'
        '<p class="lead">Nothing that is published was changed by it. Please try again in a minute.</p>'
        '<p><a href="/">Front page</a></p></main></body></html>'
    )
    return HttpResponse(text, status=_FAULT)


def show_unsent(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Say that a form was not taken, because nothing shows that it came from a page of this site."""
    sentences = [
        "What you sent was not taken, and nothing was changed: the page was open for too long, or your "
        "browser keeps no cookies of this site. Go back, load the page again and send it once more."
    ]
    return render(request, "problem.html", {"sentences": sentences, "status": _FORBIDDEN}, status=_FORBIDDEN)


urlpatterns = [
    path("how-to-check/", show_checked, name="checked"),
    path("help/", show_help, name="help"),
    path(".well-known/security.txt", send_security, name="security"),
]
