"""Is this paper one of yours? Anybody asks a company in public, without telling which paper they hold.

No page here takes a paper. Posts need no account and no cookie; a program that asks for JSON gets it. What
holders hand over is written and never shown. The company's own people answer in the workspace.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse

from lightwell.actions import challenges, overview, proposals
from lightwell.archive import challenge as rules
from lightwell.archive import sheaf
from lightwell.archive.register import Standing
from lightwell.base import errors
from lightwell.db.models import Challenge
from lightwell.files import state
from lightwell.web import asking, memory, methods, pace, people, visitors
from lightwell.web.forms import challenges as forms
from lightwell.web.views.workspace import read_person

# Posts a minute from one address; what is beyond is counted and can be sent again.
_MOST_POSTS = 10
_JSON = "application/json"
WORDS = {
    "waits-for-holder": ("Waits for whoever asked", "calm"),
    "open": ("An answer is to come", "calm"),
    "overdue": ("No answer in time", "late"),
    "in-inventory": ("Answered: it is on the list", "good"),
    "not-in-inventory": ("Answered: it is not on the list", "part"),
    "sealed-after-denial": ("Answered: not on the list; locked in after that", "part"),
    "disproved": ("The answer was false", "late"),
}
REASONS = {
    challenges.TOO_LITTLE_WORK: "too little work for the day",
    challenges.TOO_FAST: "too many in a minute from one place",
    challenges.MALFORMED: "numbers missing or miscopied",
}


@methods.without_token
@methods.read_or_send
@methods.with_own_script
def list_challenges(request: HttpRequest) -> HttpResponse:
    """List every question with what became of it, and take a new one."""
    picture = overview.read_overview(state.open_state())
    companies = [(each.slug, each.name) for each in picture.providers if each.joined]
    chosen = asking.choose_value(request.GET, "company", [slug for slug, _ in companies])
    form = forms.AskForm(companies, initial={"company": chosen})
    if request.method == "POST":
        form = forms.AskForm(companies, request.POST)
        return _take(
            request,
            lambda: _ask(request, form),
            lambda status: _show_list(request, form, status),
            refused=challenges.TOO_LITTLE_WORK,
        )
    return _show_list(request, form)


def _ask(request: HttpRequest, form: forms.AskForm) -> HttpResponse | None:
    if not form.is_valid():
        if "company" in form.errors and _wants_json(request):
            raise errors.UserMistake("no company of that id takes part here", place="company")
        return None
    found, now = form.cleaned_data, state.open_state().read_now()
    row = challenges.ask(
        provider=found["company"], commitment=found["commitment"], nonce=found["nonce"], now=now
    )
    return _answer_with(request, row)


def _show_list(request: HttpRequest, form: forms.AskForm, status: int = 200) -> HttpResponse:
    opened = state.open_state()
    picture = overview.read_overview(opened)
    chosen = request.GET.get("company", "")
    names = {each.slug: each.name for each in picture.providers}
    context = {
        "rows": [
            (each, names.get(each.provider, each.provider), WORDS[each.state])
            for each in reversed(picture.challenges)
            if chosen in ("", each.provider)
        ],
        "company": picture.find_provider(chosen),
        "form": form,
        "bits": (bits := rules.count_bits(challenges.count_today(opened.read_now().date()))),
        "work": 2**bits,
        "turned_away": [(each, REASONS[each.reason]) for each in challenges.list_turned_away()[:30]],
        "days": rules.DAYS,
        "example": chosen or next(iter(names), "company"),
        "here": "checked",
    }
    return render(request, "challenges/list.html", context, status=status)


@memory.keep
def show_challenge(request: HttpRequest, challenge: str) -> HttpResponse:
    """Show one question: when it was asked, answered, shown to be false, and how to prove it."""
    return _show_one(request, challenge, "challenges/challenge.html", {})


@methods.without_token
@methods.read_or_send
def hand_over(request: HttpRequest, challenge: str) -> HttpResponse:
    """Take from the holder which file is meant, for the company's people alone."""
    _find(challenge)
    form = forms.FileForm(request.POST if request.method == "POST" else None)

    def take() -> HttpResponse | None:
        if not form.is_valid():
            return None
        row = challenges.hand_over(
            name=challenge,
            salt=form.cleaned_data["salt"],
            measure=form.read_measure(),
            now=state.open_state().read_now(),
        )
        return _answer_with(request, row)

    def show(status: int = 200) -> HttpResponse:
        return _show_one(request, challenge, "challenges/hand_over.html", {"form": form}, status)

    return _take(request, take, show) if request.method == "POST" else show()


@methods.without_token
@methods.read_or_send
def disprove(request: HttpRequest, challenge: str) -> HttpResponse:
    """Take what shows that an answer was false; whoever sends it publishes which file was meant."""
    standing = _find(challenge)
    form = forms.DisproofForm(request.POST if request.method == "POST" else None)

    def take() -> HttpResponse | None:
        if not form.is_valid():
            return None
        found = form.cleaned_data["proof"]
        challenges.disprove(
            name=standing.id,
            salt=found.salt,
            measure=found.measure,
            route=found.route,
            now=state.open_state().read_now(),
        )
        return _answer_with(request, Challenge.objects.get(pk=standing.id))

    def show(status: int = 200) -> HttpResponse:
        return _show_one(request, challenge, "challenges/disprove.html", {"form": form}, status)

    return _take(request, take, show) if request.method == "POST" else show()


@methods.only_read
def send_log(request: HttpRequest, challenge: str) -> HttpResponse:
    """Send what is logged of a question with the proof that it is in the log, for the holder's receipt."""
    _find(challenge)
    found = challenges.make_sheaf(state=state.open_state(), name=challenge)
    text = json.dumps(sheaf.format_sheaf(found), indent=1, sort_keys=True) + "\n"
    headers = {"Content-Disposition": f'attachment; filename="{challenge}.json"', "Cache-Control": "no-store"}
    return HttpResponse(text, content_type=_JSON, headers=headers)


@people.for_people("read_sealed")
@methods.read_or_send
def answer_challenge(request: HttpRequest, challenge: str) -> HttpResponse:
    """Show what our own documents say about a question, and take the answer that a person proposes."""
    person, opened = read_person(request), state.open_state()
    if not Challenge.objects.filter(pk=challenge).exists():
        raise Http404
    found = challenges.look_up(actor=person, name=challenge)
    form = forms.AnswerForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        payload = {
            "challenge": challenge,
            "answer": form.cleaned_data["answer"],
            "named": form.cleaned_data["answer"] == rules.IN_INVENTORY and form.cleaned_data["named"],
        }
        try:
            proposal = proposals.propose(
                actor=person,
                kind="challenge-answer",
                subject=challenge,
                payload=payload,
                now=opened.read_now(),
            )
            return redirect("workspace-proposal", proposal.pk)
        except errors.UserMistake as mistake:
            for problem in mistake.problems:
                form.add_error("answer" if problem.place == "answer" else None, problem.sentence)
    standing = overview.read_overview(opened).find_challenge(challenge)
    context = {
        "standing": standing,
        "words": WORDS[standing.state] if standing else ("", ""),
        "found": found,
        "form": form,
        "open": standing is not None and standing.state in ("open", "overdue", "not-in-inventory"),
        "suggested": _suggest(found),
    }
    return people.show_room(
        request, "workspace/challenge.html", context, status=400 if form.is_bound else 200
    )


def _suggest(found: challenges.Found) -> str:
    if found.provable:
        return rules.IN_INVENTORY
    return "" if found.items else rules.NOT_IN_INVENTORY


def _show_one(
    request: HttpRequest, challenge: str, template: str, more: dict[str, Any], status: int = 200
) -> HttpResponse:
    standing = _find(challenge)
    picture = overview.read_overview(state.open_state())
    context = {
        "standing": standing,
        "words": WORDS[standing.state],
        "company": picture.find_provider(standing.provider),
        "here": "checked",
        **more,
    }
    return render(request, template, context, status=status)


def _find(challenge: str) -> Standing:
    found = overview.read_overview(state.open_state()).find_challenge(challenge)
    if found is None:
        raise Http404
    return found


def _take(
    request: HttpRequest,
    act: Callable[[], HttpResponse | None],
    show: Callable[[int], HttpResponse],
    refused: str = challenges.MALFORMED,
) -> HttpResponse:
    """Act once for a post of a program or a person; what is turned away is counted, and says why.

    `refused` is the reason under which a rule's no is counted.
    """
    now = state.open_state().read_now()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return _refuse(request, "Open the page and send it from there.", 403)
    if not pace.take_turn("challenge", visitors.read_network(request), _MOST_POSTS):
        challenges.count_turned_away(reason=challenges.TOO_FAST, now=now)
        return _refuse(request, "Several came in quick succession; wait a minute and send it again.", 429)
    try:
        done = act()
    except errors.Refused as refusal:
        challenges.count_turned_away(reason=refused, now=now)
        return _refuse(request, refusal.sentence, 403)
    except errors.UserMistake as mistake:
        challenges.count_turned_away(reason=challenges.MALFORMED, now=now)
        return _refuse(request, str(mistake.problems[0]), 400)
    if done is not None:
        return done
    challenges.count_turned_away(reason=challenges.MALFORMED, now=now)
    return (
        _refuse(request, "a number is missing or was miscopied", 400) if _wants_json(request) else show(400)
    )


def _answer_with(request: HttpRequest, row: Challenge) -> HttpResponse:
    address = reverse("challenge", args=[row.pk])
    if not _wants_json(request):
        return redirect(address)
    said = {
        "challenge": row.pk,
        "index": row.log_index,
        "told": row.handed_at is not None,
        "address": request.build_absolute_uri(address),
    }
    return JsonResponse(said, status=201)


def _refuse(request: HttpRequest, sentence: str, status: int) -> HttpResponse:
    if _wants_json(request):
        today = challenges.count_today(state.open_state().read_now().date())
        return JsonResponse({"sentence": sentence, "bits": rules.count_bits(today)}, status=status)
    return render(request, "problem.html", {"sentences": [sentence], "status": status}, status=status)


def _wants_json(request: HttpRequest) -> bool:
    return request.headers.get("Accept", "").startswith(_JSON)


_ONE = "challenges/<slug:challenge>/"
urlpatterns = [
    path("challenges/", list_challenges, name="challenges"),
    path(_ONE, show_challenge, name="challenge"),
    path(f"{_ONE}hand-over/", hand_over, name="challenge-hand-over"),
    path(f"{_ONE}disprove/", disprove, name="challenge-disprove"),
    path(f"{_ONE}log.json", send_log, name="challenge-log"),
    path(f"workspace/{_ONE}", answer_challenge, name="workspace-challenge"),
]
