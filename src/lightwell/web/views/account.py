"""The own account: another password, and the sittings that go on, to be ended one by one or all but this."""

from __future__ import annotations

from django.contrib import auth
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from lightwell.actions import passwords, sittings
from lightwell.actions import people as stories
from lightwell.base import errors
from lightwell.web import methods, pace, people
from lightwell.web.forms.workspace import Fault
from lightwell.web.views.workspace import read_person

_LONGEST = 500
_LABELS = {"current": "Password of now", "password": "New password", "again": "New password once more"}
_TOO_MANY = 429


@people.for_people()
@methods.only_read
def show_account(request: HttpRequest) -> HttpResponse:
    """Show the form for another password, and where else this person is signed in."""
    return _render(request)


@people.for_people()
@methods.only_send
def change_password(request: HttpRequest) -> HttpResponse:
    """Take another password; this sitting goes on, every other of the person ends."""
    person = read_person(request)
    if not pace.take_turn("password", str(person.pk)):
        sentence = "Several tries came in quick succession. Wait a minute and try again."
        return _render(request, [Fault("", sentence, "id_current")], _TOO_MANY)
    given = {name: request.POST.get(name, "")[:_LONGEST] for name in _LABELS}
    try:
        stories.change_password(person=person, **given)
    except errors.UserMistake as mistake:
        faults = [Fault(_LABELS[each.place], each.sentence, f"id_{each.place}") for each in mistake.problems]
        return _render(request, faults, 400)
    sittings.end_others(person=person, token=people.read_token(request))
    # Another session id, and the digest by which Django knows that the password is still the same.
    auth.update_session_auth_hash(request, person)
    people.tell(request, "Your password is changed. Wherever else you were signed in, you are signed out.")
    return redirect("workspace-account")


@people.for_people()
@methods.only_send
def end_sitting(request: HttpRequest, number: int) -> HttpResponse:
    """Sign this person out of one sitting."""
    sittings.end(person=read_person(request), number=number)
    people.tell(request, "You are signed out there.")
    return redirect("workspace-account")


@people.for_people()
@methods.only_send
def end_others(request: HttpRequest) -> HttpResponse:
    """Sign this person out everywhere but here."""
    sittings.end_others(person=read_person(request), token=people.read_token(request))
    people.tell(request, "You are signed out everywhere but here.")
    return redirect("workspace-account")


def _render(request: HttpRequest, faults: list[Fault] | None = None, status: int = 200) -> HttpResponse:
    person, token = read_person(request), people.read_token(request)
    context = {
        "sittings": sittings.list_open(person=person, token=token),
        "token": token,
        "problems": faults or [],
        "wrong": {each.target for each in faults or []},
        "house_words": passwords.HouseWords().get_help_text(),
        "idle": round(sittings.IDLE.total_seconds() / 60),
        "longest": round(sittings.LONGEST.total_seconds() / 3600),
    }
    return people.show_room(request, "workspace/account.html", context, status=status)


urlpatterns = [
    path("workspace/account/", show_account, name="workspace-account"),
    path("workspace/account/password/", change_password, name="workspace-password"),
    path("workspace/account/sessions/", end_others, name="workspace-sittings"),
    path("workspace/account/sessions/<int:number>/", end_sitting, name="workspace-sitting"),
]
