"""Queues worked page by page: suggestions for the publisher, proposals for the second person, drawn pages.

Each shows one page with what waits on it, takes one decision and goes on to the next page by itself. Plain
forms with access keys; a small script adds single keys for whoever switches them on.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import urlencode

from lightwell.actions import forecasts, redactions, samples
from lightwell.base import errors
from lightwell.db.models import Item, Person, Reading, Redaction, Study
from lightwell.files import state
from lightwell.web import consequences, hiding, methods, people
from lightwell.web.forms import redactions as forms
from lightwell.web.forms import workspace as faults
from lightwell.web.views import redactions as rooms

_AT = re.compile(r"([1-9][0-9]{0,6})\.([1-9][0-9]{0,6})")


@people.for_people("propose")
@methods.read_or_send
@methods.with_own_script
def sort_suggestions(request: HttpRequest, study: str) -> HttpResponse:
    """Go through what programs found: what of it is proposed to be hidden, what is dismissed."""
    person, row = rooms.open_study(request, study)
    waiting = Redaction.objects.suggested().filter(item__study=row)
    problems: list[errors.Problem] = []
    if request.method == "POST":
        at, shown, kept = _read_decision(request)
        chosen = {number: request.POST.get(f"ground-{number}", "") for number in kept}
        try:
            rows = redactions.sort_suggestions(
                actor=person,
                study=row,
                confirmed=chosen,
                dismissed=[number for number in shown if number not in kept],
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            problems = list(mistake.problems)
        else:
            said = (
                f"Document {at[0]}, page {at[1]}: {len(kept)} proposed, {len(shown) - len(kept)} dismissed."
            )
            confirmed = ",".join(str(each.pk) for each in rows)
            return _go_on(request, row, "workspace-suggestions", waiting, at, said, confirmed)
    return _render_queue(request, person, row, waiting, "suggestions", problems)


@people.for_people("approve")
@methods.read_or_send
@methods.with_own_script
def sort_proposals(request: HttpRequest, study: str) -> HttpResponse:
    """Go through what others proposed to hide, with each page as it will be published."""
    person, row = rooms.open_study(request, study)
    waiting = Redaction.objects.proposed().filter(item__study=row).exclude(proposer=person)
    problems: list[errors.Problem] = []
    if request.method == "POST":
        at, shown, kept = _read_decision(request)
        try:
            redactions.sort_regions(
                actor=person,
                study=row,
                approved=kept,
                turned_down=[number for number in shown if number not in kept],
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            problems = list(mistake.problems)
        else:
            said = (
                f"Document {at[0]}, page {at[1]}: {len(kept)} approved, {len(shown) - len(kept)} turned down."
            )
            return _go_on(request, row, "workspace-hidden-proposals", waiting, at, said)
    return _render_queue(request, person, row, waiting, "proposals", problems)


@people.for_people("read_sealed")
@methods.read_or_send
def show_samples(request: HttpRequest, study: str) -> HttpResponse:
    """Show what was drawn and what reading it found; have pages drawn."""
    person, row = rooms.open_study(request, study)
    form = forms.SampleForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            drawn = samples.draw_sample(
                actor=person,
                study=row,
                count=form.cleaned_data["count"],
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            faults.blame(form, mistake.problems)
        else:
            able = (
                " or ".join(samples.list_readers(row)) or "nobody yet: ask the operator for one more person"
            )
            people.tell(request, f"{len(drawn):,} pages are drawn. Who can read them: {able}.")
            return redirect("workspace-samples", row.id)
    rows = list(Reading.objects.filter(item__study=row).select_related("item", "reader", "drawn_by"))
    read = [each for each in rows if each.reader_id]
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "form": form,
        "problems": faults.list_faults(form) if request.method == "POST" else [],
        "rows": rows[:1000],
        "drawn": len(rows),
        "summary": samples.Summary(len(rows), len(read), sum(bool(each.missed) for each in read)),
        "frame": len(samples.list_frame(row)),
        "first": next((each for each in rows if not each.reader_id and samples.may_read(person, each)), None),
        "readers": samples.list_readers(row),
        "may": rooms.read_permissions(person, row),
    }
    status = 400 if request.method == "POST" else 200
    return people.show_room(request, "workspace/samples.html", context, status=status)


@people.for_people("read_sealed")
@methods.read_or_send
@methods.with_own_script
def read_drawn(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Show a drawn page as it will be published, and take what its reader found."""
    person, row = rooms.open_study(request, study)
    drawn = Reading.objects.filter(item__study=row, item__number=number, page=page).select_related("item")
    reading = drawn.first()
    if reading is None:
        raise Http404
    samples.check_reader(person, reading)
    form = forms.PartForm()
    if request.method == "POST":
        missed = request.POST.get("found") == "missed"
        form = forms.PartForm(request.POST) if missed else forms.CleanForm(request.POST)
        if form.is_valid() and _take_reading(form, person, reading, missed, request.POST.getlist("word")):
            outcome = "something was missed" if missed else "clean"
            people.tell(request, f"Document {number}, page {page}: {outcome}.")
            left = [each for each in samples.list_unread(row) if samples.may_read(person, each)]
            places = {(each.item.number, each.page) for each in left}
            following = _find_next(places, (number, page))
            return (
                redirect("workspace-sample", row.id, *following)
                if following
                else redirect("workspace-samples", row.id)
            )
    return _render_reading(request, person, row, reading, form)


def _take_reading(
    form: forms.PartForm, person: Person, reading: Reading, missed: bool, ticked: list[str]
) -> bool:
    """Keep what the reader found; a mistake is put beside the fields."""
    opened, values = state.open_state(), form.cleaned_data
    try:
        samples.record_reading(
            state=opened,
            actor=person,
            row=reading,
            missed=missed,
            words=list(dict.fromkeys(redactions.parse_places(",".join([*ticked, values["words"]])))),
            boxes=form.read_boxes(),
            ground_id=values["ground"],
            now=opened.read_now(),
        )
    except errors.UserMistake as mistake:
        faults.blame(form, mistake.problems)
        return False
    return True


def _render_reading(
    request: HttpRequest, person: Person, row: Study, reading: Reading, form: forms.PartForm
) -> HttpResponse:
    item, page = reading.item, reading.page
    found = redactions.read_page(state=state.open_state(), actor=person, item=item, number=page)
    waiting = samples.list_unread(row)
    wrong = request.method == "POST"
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "item": item,
        "reading": reading,
        # A suggestion hides nothing yet: the reader sees what readers will see.
        "view": hiding.view_page(
            found, [each for each in rooms.list_live(item, page) if each.proposer_id is not None]
        ),
        "form": form,
        "box_fields": [form[name] for name in forms.PartForm.box_names],
        "ticked": set(request.POST.getlist("word")),
        "grounds": rooms.describe_grounds(),
        "left": len(waiting),
        "problems": faults.list_faults(form) if wrong else [],
        "keys": request.session.get(rooms.KEYS, False),
        "back": request.get_full_path(),
        "may": rooms.read_permissions(person, row),
    }
    return people.show_room(request, "workspace/sample_page.html", context, status=400 if wrong else 200)


def _read_decision(request: HttpRequest) -> tuple[tuple[int, int], list[int], list[int]]:
    """Read the page, what waited on it when it was shown, and what of that is to be hidden."""
    match = _AT.fullmatch(request.POST.get("at", ""))
    shown = rooms.read_numbers(",".join(request.POST.getlist("shown")))
    do = request.POST.get("do", "")
    if match is None or not shown or do not in ("all", "none", "chosen"):
        raise errors.UserMistake("the form was not sent whole; load the page again")
    ticked = set(rooms.read_numbers(",".join(request.POST.getlist("hide"))))
    kept = {"all": shown, "none": [], "chosen": [number for number in shown if number in ticked]}[do]
    return (int(match[1]), int(match[2])), shown, kept


def _go_on(
    request: HttpRequest,
    row: Study,
    name: str,
    waiting: Any,
    at: tuple[int, int],
    said: str,
    confirmed: str = "",
) -> HttpResponse:
    people.tell(request, said)
    following = _find_next(_list_pages(waiting), at)
    asked = {"at": f"{following[0]}.{following[1]}"} if following else {}
    if confirmed:
        asked["confirmed"] = confirmed
    address = reverse(name, args=[row.id])
    return redirect(f"{address}?{urlencode(asked)}" if asked else address)


def _list_pages(waiting: Any) -> list[tuple[int, int]]:
    return sorted(set(waiting.values_list("item__number", "page")))


def _find_next(listed: Collection[tuple[int, int]], after: tuple[int, int]) -> tuple[int, int] | None:
    """Find the first page after this one, from the beginning again at the end."""
    ranked = sorted(listed)
    return next((each for each in ranked if each > after), ranked[0] if ranked else None)


def _render_queue(
    request: HttpRequest,
    person: Person,
    row: Study,
    waiting: Any,
    queue: str,
    problems: list[errors.Problem],
) -> HttpResponse:
    listed = _list_pages(waiting)
    match = _AT.fullmatch(request.GET.get("at", "") or request.POST.get("at", ""))
    at = (int(match[1]), int(match[2])) if match else (0, 0)
    if at not in listed:
        at = _find_next(listed, at) or (0, 0)
    proposed = Redaction.objects.proposed().filter(item__study=row)
    proposers = set(proposed.values_list("proposer__username", flat=True))
    context: dict[str, Any] = {
        "study": row,
        "title": consequences.name_record(row.id),
        "queue": queue,
        "address": reverse(
            "workspace-suggestions" if queue == "suggestions" else "workspace-hidden-proposals", args=[row.id]
        ),
        "pages_left": len(listed),
        "approvers": redactions.list_approvers(row, proposers or [person.username]),
        "keys": request.session.get(rooms.KEYS, False),
        "back": request.get_full_path(),
        "problems": [faults.Fault(each.place, each.sentence, "") for each in problems],
        "may": rooms.read_permissions(person, row),
        "own": proposed.filter(proposer=person).count(),
        "same": rooms.describe_same(person, row, rooms.read_numbers(request.GET.get("confirmed", "")))
        if queue == "suggestions"
        else [],
    }
    if listed:
        item = Item.objects.get(study=row, number=at[0])
        context |= _describe_waiting(person, row, item, at[1], waiting, queue)
        following = _find_next(listed, at)
        context["skip"] = f"?at={following[0]}.{following[1]}" if following and following != at else ""
    return people.show_room(request, "workspace/hidden_queue.html", context, status=400 if problems else 200)


def _describe_waiting(
    person: Person, row: Study, item: Item, page: int, waiting: Any, queue: str
) -> dict[str, Any]:
    opened = state.open_state()
    found = redactions.read_page(state=opened, actor=person, item=item, number=page)
    here = waiting.filter(item=item, page=page)
    context: dict[str, Any] = {
        "item": item,
        "view": hiding.view_page(found, rooms.list_live(item, page)),
        "regions": rooms.describe_regions(person, here),
        "grounds": rooms.describe_grounds(),
    }
    if queue == "suggestions":
        context["figures"] = rooms.describe_figures()
    else:
        made = redactions.preview_page(
            state=opened, actor=person, item=item, number=page, now=opened.read_now()
        )
        if (item.pages or 0) <= forecasts.MOST_PAGES:
            context["foreseen"] = forecasts.list_obstacles(state=opened, item=item, now=opened.read_now())
        context["published"] = [
            " ".join(word.text for word in block.words) for block in made.sheet.blocks if block.words
        ]
    return context


_ROOM = "workspace/studies/<slug:study>/redactions/"
urlpatterns = [
    path(f"{_ROOM}suggestions/", sort_suggestions, name="workspace-suggestions"),
    path(f"{_ROOM}proposals/", sort_proposals, name="workspace-hidden-proposals"),
    path(f"{_ROOM}samples/", show_samples, name="workspace-samples"),
    path(f"{_ROOM}samples/<int:number>/<int:page>/", read_drawn, name="workspace-sample"),
]
