"""Who may open a room of the workspace: signed in, with a second factor where the roles demand one, and with
the permission the table of roles gives."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import auth
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from lightwell.actions import factors, journal, sittings
from lightwell.base import roles
from lightwell.db.models import Person
from lightwell.files import diary, state

View = Callable[..., HttpResponse]
_SAID, _SITTING = "said", "sitting"
# Rooms that open while a first password waits to be changed.
_FIRST = ("workspace-account", "workspace-password")


def for_people(*permissions: str) -> Callable[[View], View]:
    """Open a view to people who hold one of the permissions; with none, to everybody who signed in."""

    def guard(view: View) -> View:
        @functools.wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            person = request.user
            if not isinstance(person, Person) or not person.is_active:
                return redirect_to_login(request.get_full_path())
            if factors.must_verify(state.open_state(), person) and not is_verified(request):
                return redirect_to_login(request.get_full_path(), reverse("second-factor"))
            if not keep_sitting(request, person):
                auth.logout(request)
                return redirect_to_login(request.get_full_path())
            match = request.resolver_match
            if person.first_password and (match is None or match.url_name not in _FIRST):
                return redirect("workspace-account")
            if permissions and not any(roles.may(person.roles, each) for each in permissions):
                diary.write_line("room-refused", route=match.route if match else "")
                sittings.note_refusal(
                    name=person.username, deed=journal.ROOM_REFUSED, detail=" or ".join(permissions)
                )
                roles.check_may(person.roles, permissions[0])
            return view(request, *args, **kwargs)

        return answer

    return guard


def keep_sitting(request: HttpRequest, person: Person) -> bool:
    """Keep the sitting of a request, begun by its first room; answers whether it goes on."""
    token = read_token(request)
    if not token:
        request.session[_SITTING] = sittings.begin(person=person, verified=is_verified(request)).token
        return True
    return sittings.keep(person=person, token=token)


def read_token(request: HttpRequest) -> str:
    """Read which sitting a request belongs to; empty before its first room."""
    return str(request.session.get(_SITTING, ""))


def is_verified(request: HttpRequest) -> bool:
    """Answer whether this session was opened with a second factor (set by the middleware of django-otp)."""
    return getattr(request.user, "otp_device", None) is not None


def show_room(
    request: HttpRequest, template: str, context: Mapping[str, Any], status: int = 200
) -> HttpResponse:
    """Render a page of the workspace with the person who is in it; public pages never ask who reads."""
    held = read_permissions(request.user) if isinstance(request.user, Person) else {}
    said = request.session.pop(_SAID, "")
    shown = {"may": held, "said": said, "room": request.path, **context, "person": request.user}
    return render(request, template, shown, status=status)


def tell(request: HttpRequest, sentence: str) -> None:
    """Have the next room say what was just done; a page that only looks as before leaves one guessing."""
    request.session[_SAID] = sentence


def read_permissions(person: Person) -> dict[str, bool]:
    """Say for each permission whether a person holds it, for templates."""
    return {name: roles.may(person.roles, name) for name in roles.PERMISSIONS}
