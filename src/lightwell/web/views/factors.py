"""The second factor at the door of the workspace, and the invented people of a labelled sample."""

from __future__ import annotations

import base64

import django_otp
import segno
from django.conf import settings
from django.contrib import auth
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe

from lightwell.actions import factors, journal, sittings
from lightwell.base import errors
from lightwell.db.models import Person
from lightwell.files import diary, state
from lightwell.web import context, methods, pace, people

_BACKEND = "django.contrib.auth.backends.ModelBackend"


@methods.read_or_send
def show_factor(request: HttpRequest) -> HttpResponse:
    """Ask for the code; the first time, show the secret to an authenticator and then the recovery codes."""
    person = request.user
    if not isinstance(person, Person):
        return redirect_to_login(request.get_full_path())
    following = _read_next(request)
    if people.is_verified(request) or not factors.must_verify(state.open_state(), person):
        return redirect(following)
    known = factors.has_factor(person)
    if request.method != "POST":
        return _show(request, person, following, known)
    if not pace.take_turn("second-factor", str(person.pk)):
        problem = errors.Problem("", "Several tries came in quick succession. Wait a minute and try again.")
        return _show(request, person, following, known, [problem], 429)
    code = request.POST.get("code", "")[:40]
    if known:
        device = factors.check_code(person=person, code=code)
        diary.write_line("second-factor", outcome="refused" if device is None else "granted")
        if device is None:
            sittings.note_refusal(name=person.username, deed=journal.CODE_REFUSED)
            problem = errors.Problem("", "This code is not right. After some wrong ones, wait a little.")
            return _show(request, person, following, known, [problem], 400)
        request.session.cycle_key()
        django_otp.login(request, device)
        return redirect(following)
    try:
        device, codes = factors.confirm_factor(person=person, code=code)
    except errors.UserMistake as mistake:
        return _show(request, person, following, known, list(mistake.problems), 400)
    # Another session id from here on: what was known of the one before opens nothing more.
    request.session.cycle_key()
    django_otp.login(request, device)
    return people.show_room(request, "workspace/codes.html", {"codes": codes, "following": following})


@people.for_people()
@methods.only_send
def renew_codes(request: HttpRequest) -> HttpResponse:
    """Draw new recovery codes and show them once."""
    if not isinstance(request.user, Person):
        raise errors.Refused("sign in first")
    codes = factors.renew_codes(person=request.user)
    return people.show_room(request, "workspace/codes.html", {"codes": codes, "following": "/workspace/"})


@methods.only_send
def play_person(request: HttpRequest) -> HttpResponse:
    """Sign in as an invented person; there is no such address outside a labelled sample."""
    person = next(
        (each for each in list_sample_people() if each.username == request.POST.get("person")), None
    )
    if person is None:
        raise Http404
    auth.login(request, person, backend=_BACKEND)
    return redirect(_read_next(request))


@people.for_people("audit")
@methods.only_read
def show_journal(request: HttpRequest) -> HttpResponse:
    """Show an auditor what operators did to accounts, organisations and names."""
    if not isinstance(request.user, Person):
        raise errors.Refused("sign in first")
    door = "door" in request.GET
    entries = journal.list_entries(actor=request.user, at_the_door=door)
    return people.show_room(request, "workspace/journal.html", {"entries": entries, "door": door})


def list_sample_people() -> list[Person]:
    """List the people whom anybody may play: none anywhere but in a labelled sample."""
    if not context.is_sample(state.open_state()):
        return []
    rows = Person.objects.filter(sample=True, is_active=True).select_related("organisation")
    return list(rows.order_by("organisation__name", "-roles"))


def _show(
    request: HttpRequest,
    person: Person,
    following: str,
    known: bool,
    problems: list[errors.Problem] | None = None,
    status: int = 200,
) -> HttpResponse:
    shown = {"known": known, "following": following, "problems": problems or [], "person": person}
    if not known:
        device = factors.begin_factor(person=person)
        drawn = segno.make(device.config_url, micro=False).svg_inline(scale=5, border=3, light="#fff")
        secret = base64.b32encode(device.bin_key).decode().rstrip("=")
        shown |= {
            # Drawn here from our own address; nothing a visitor typed is in it but the person's checked name.
            "picture": mark_safe(drawn),  # noqa: S308  # the library escapes; the data becomes squares
            "secret": " ".join(secret[at : at + 4] for at in range(0, len(secret), 4)),
        }
    return render(request, "workspace/factor.html", shown, status=status)


def _read_next(request: HttpRequest) -> str:
    asked = request.POST.get("next") or request.GET.get("next") or ""
    safe = url_has_allowed_host_and_scheme(asked, {request.get_host()}, require_https=request.is_secure())
    return asked if safe and asked != settings.LOGIN_URL else "/workspace/"


urlpatterns = [
    path("workspace/second-factor/", show_factor, name="second-factor"),
    path("workspace/second-factor/codes/", renew_codes, name="recovery-codes"),
    path("workspace/sample-person/", play_person, name="sample-person"),
    path("workspace/journal/", show_journal, name="workspace-journal"),
]
