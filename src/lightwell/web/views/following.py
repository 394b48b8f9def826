"""Follow by e-mail: the form, the yes from the mailbox, and the end, without account, cookie or script.

No address is ever shown, repeated in an address of the site, or told apart from one that is not known.
"""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import following, noticing, overview
from lightwell.actions.noticing import Subject
from lightwell.base import errors, mail_address
from lightwell.files import state
from lightwell.web import methods, pace, visitors
from lightwell.web.views import feeds

# Forms a minute from one network; for one address the usual number of turns (`pace.TURNS`).
_MOST_FORMS = 10


@methods.without_token
@methods.read_or_send
def follow(request: HttpRequest) -> HttpResponse:
    """Show the form for one thing to follow, and take an address that wants to."""
    given = request.POST if request.method == "POST" else request.GET
    picture = overview.read_overview(state.open_state())
    subject = noticing.parse_subject(picture, given.get("what", "everything"), given.get("of", ""))
    context = {
        "subject": subject,
        "name": noticing.name_subject(picture, subject),
        "feed": feeds.find_feed(subject),
        "rhythm": given.get("rhythm", "immediate"),
        "hours": int(following.WAITING.total_seconds() // 3600),
    }
    if request.method != "POST":
        return _answer(request, "follow/form.html", context)
    if refused := _refuse(request, given.get("address", "")):
        return _answer(request, "follow/form.html", {**context, "problems": [refused[0]]}, refused[1])
    try:
        address = mail_address.parse_address(given.get("address", ""))
        following.ask(subject=subject, rhythm=context["rhythm"], address=address, now=_read_now())
    except errors.UserMistake as mistake:
        problems = [each.sentence for each in mistake.problems]
        typed = {"address": given.get("address", "")[: mail_address.MOST_CHARACTERS], "problems": problems}
        return _answer(request, "follow/form.html", {**context, **typed}, 400)
    return _answer(request, "follow/asked.html", context)


def _refuse(request: HttpRequest, address: str) -> tuple[str, int] | None:
    """Say why a form is not taken now: from another site, without mail, or too many of them."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return "Open the page here and send the form from it.", 403
    if not settings.MAIL:
        return "This site sends no mail; use the feed.", 403
    try:
        person = mail_address.parse_address(address).person
    except errors.UserMistake:
        person = ""
    network = visitors.read_network(request)
    if not pace.take_turn("follow", network, _MOST_FORMS) or not pace.take_turn("follow-address", person):
        return "Several came in quick succession; wait a minute and send it again.", 429
    return None


@methods.without_token
@methods.read_or_send
def confirm(request: HttpRequest, token: str) -> HttpResponse:
    """Show the question of a mail, and take the yes: opening the link is none, as programs open links too."""
    opened, now = state.open_state(), _read_now()
    if request.method == "POST":
        found = following.confirm(state=opened, token=token, now=now)
    else:
        found = following.find_waiting(token, now)
    context: dict[str, Any] = {"done": request.method == "POST" and found is not None}
    if found is not None:
        picture = overview.read_overview(opened)
        context |= {
            "name": noticing.name_subject(picture, Subject(found.kind, found.value)),
            "rhythm": found.rhythm,
        }
    return _answer(request, "follow/confirm.html", context)


@methods.without_token
@methods.read_or_send
def end(request: HttpRequest, key: str) -> HttpResponse:
    """Show what somebody follows, and end one or everything; a mail program's click (RFC 8058) ends all."""
    if request.method == "POST":
        chosen = request.POST.get("follow", "")
        if not chosen or (chosen.isascii() and chosen.isdigit() and len(chosen) < 19):
            following.end(key=key, follow=int(chosen) if chosen else None)
    picture = overview.read_overview(state.open_state())
    follower = following.find_follower(key)
    rows = follower.follows.filter(confirmed_at__isnull=False) if follower else []
    follows = [(each, noticing.name_subject(picture, Subject(each.kind, each.value))) for each in rows]
    return _answer(request, "follow/end.html", {"follows": follows})


def _answer(request: HttpRequest, template: str, context: dict[str, Any], status: int = 200) -> HttpResponse:
    response = render(request, template, {"here": "follow", **context}, status=status)
    # What stands here belongs to one mailbox: no cache keeps it, no search engine lists it.
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex"
    return response


def _read_now() -> datetime.datetime:
    """Read the real time, also beside a sample clock: mails are real."""
    return datetime.datetime.now(datetime.UTC)


urlpatterns = [
    path("follow/", follow, name="follow"),
    path("follow/yes/<slug:token>/", confirm, name="follow-confirm"),
    path("follow/end/<slug:key>/", end, name="follow-end"),
]
