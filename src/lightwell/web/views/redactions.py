"""The rooms where parts of sealed pages are hidden: a study's overview, a page, a pattern, opening again.

Every address here shows what is not public: each asks for the role and for the own organisation, and the
middleware forbids every cache to store what is under /workspace/. Queues: `web/views/redaction_queues`.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from lightwell.actions import detections, openings, organisations, patterns, proposals, redactions, samples
from lightwell.archive import finding
from lightwell.archive import page as pages
from lightwell.base import errors, ground, roles
from lightwell.db.models import Item, Opening, Person, Reading, Redaction, Study
from lightwell.files import redrawing, state
from lightwell.web import consequences, hiding, methods, people, stretch
from lightwell.web.forms import redactions as forms
from lightwell.web.forms import workspace as faults
from lightwell.web.views.workspace import read_person

HITS = 200
"""Places that one page of a review shows: Django reads a thousand fields of one form."""
KEYS = "single-keys"
# Values that are looked for elsewhere after one decision, and pages that are looked through for it at once.
MOST_SAME, FEW_PAGES = 5, 300


@people.for_people("read_sealed")
@methods.only_read
def show_room(request: HttpRequest, study: str) -> HttpResponse:
    """Show for each document what is suggested, proposed and hidden, and what hinders its publication."""
    person, row = open_study(request, study)
    return _render_room(request, person, row)


@people.for_people("read_sealed")
@methods.only_read
@methods.with_own_script
def show_page(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Show a sealed page: its picture with what is known of it, its words to choose from."""
    person, row = open_study(request, study)
    return _render_page(request, person, find_item(row, number, page), page)


@people.for_people("propose")
@methods.only_send
@methods.with_own_script
def hide_part(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Propose to hide what was ticked, typed or drawn on one page; or take an own proposal of it back."""
    person, row = open_study(request, study)
    opened, item = state.open_state(), find_item(row, number, page)
    if wanted := request.POST.get("withdraw"):
        redactions.withdraw_regions(actor=person, study=row, numbers=read_numbers(wanted))
        people.tell(request, f"Hidden part {wanted} is not proposed any more.")
        return redirect("workspace-hidden-page", row.id, number, page)
    form = forms.PartForm(request.POST)
    ticked = request.POST.getlist("word")
    if form.is_valid():
        try:
            words = redactions.parse_places(",".join([*ticked, form.cleaned_data["words"]]))
            made = redactions.propose_regions(
                state=opened,
                actor=person,
                item=item,
                number=page,
                words=list(dict.fromkeys(words)),
                boxes=form.read_boxes(),
                ground_id=form.cleaned_data["ground"],
                review=form.cleaned_data["review"],
                now=opened.read_now(),
            )
        except errors.UserMistake as mistake:
            faults.blame(form, mistake.problems)
        else:
            people.tell(request, f"Proposed as hidden part {made.pk}. {_name_seconds(row, person)}")
            address = reverse("workspace-hidden-page", args=[row.id, number, page])
            return redirect(f"{address}?confirmed={made.pk}" if made.words else address)
    return _render_page(request, person, item, page, form, ticked)


@people.for_people("read_sealed")
@methods.only_read
def send_picture(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Send the sealed picture of a page to those who may read what is sealed."""
    person, row = open_study(request, study)
    found = redactions.read_page(
        state=state.open_state(), actor=person, item=find_item(row, number, page), number=page
    )
    return _send_png(redrawing.write_sealed_png(found))


@people.for_people("read_sealed")
@methods.only_read
def send_preview(request: HttpRequest, study: str, number: int, page: int) -> HttpResponse:
    """Send the picture of a page as it will be published: what is proposed counts as approved.

    `?without=12,13` leaves regions out, `?now` shows only what is approved.
    """
    person, row = open_study(request, study)
    opened = state.open_state()
    made = redactions.preview_page(
        state=opened,
        actor=person,
        item=find_item(row, number, page),
        number=page,
        without=read_numbers(request.GET.get("without", "")),
        proposed="now" not in request.GET,
        now=opened.read_now(),
    )
    return _send_png(redrawing.write_sheet_png(made.sheet.picture))


@people.for_people("propose")
@methods.only_send
@methods.with_own_script
def find_pattern(request: HttpRequest, study: str) -> HttpResponse:
    """Look for a pattern, or propose the places of it that were ticked; always shows what was found.

    What is looked for is a name as a rule, so it is sent as a form and never stands in an address.
    """
    person, row = open_study(request, study)
    form = forms.PatternForm(request.POST, auto_id="find-%s")
    if not form.is_valid():
        return _render_room(request, person, row, pattern=form)
    try:
        hits = patterns.find_words(
            state=state.open_state(),
            actor=person,
            study=row,
            pattern=form.cleaned_data["pattern"],
            items=form.cleaned_data["items"] or (),
        )
    except errors.UserMistake as mistake:
        faults.blame(form, mistake.problems)
        return _render_room(request, person, row, pattern=form)
    kept = {
        "pattern": form.cleaned_data["pattern"],
        "items": request.POST.get("items", ""),
        "source": patterns.PATTERN,
        "address": request.path,
    }
    return _review_hits(request, person, row, hits, None, kept)


@people.for_people("propose")
@methods.only_send
def detect(request: HttpRequest, study: str) -> HttpResponse:
    """Have programs look through the pages, by a roster if one is handed in, which is not kept."""
    person, row = open_study(request, study)
    opened, form = state.open_state(), forms.DetectionForm(request.POST, auto_id="detect-%s")
    if not form.is_valid():
        return _render_room(request, person, row, detection=form)
    try:
        roster = form.cleaned_data["roster"]
        done = detections.detect_study(
            state=opened,
            actor=person,
            study=row,
            people=detections.parse_roster(roster) if roster else (),
            items=form.cleaned_data["items"] or (),
            most_pages=detections.MOST_PAGES_AT_ONCE,
            now=opened.read_now(),
        )
    except errors.UserMistake as mistake:
        faults.blame(form, mistake.problems)
        return _render_room(request, person, row, detection=form)
    doubts = "".join(f" {each[0].upper()}{each[1:]}." for each in done.doubts)
    people.tell(request, f"{done.pages:,} pages looked through: {done.new:,} new suggestions.{doubts}")
    return redirect("workspace-hidden", row.id)


@people.for_people("propose")
@methods.read_or_send
@methods.with_own_script
def find_same(request: HttpRequest, study: str, number: int) -> HttpResponse:
    """Show every place where the words of a hidden part stand, in all their written forms, to be reviewed."""
    person, row = open_study(request, study)
    opened = state.open_state()
    region = Redaction.objects.filter(pk=number, item__study=row).select_related("item").first()
    values = detections.read_values(state=opened, actor=person, rows=[region]) if region else {}
    if region is None or not values:
        raise Http404
    hits = detections.find_values(state=opened, actor=person, study=row, values=values)[number]
    chosen = {"ground": region.ground, "review": region.review}
    kept = {"value": values[number], "source": finding.CONFIRMED, "address": request.path}
    return _review_hits(request, person, row, hits, chosen, kept)


@people.for_people("propose")
@methods.read_or_send
def release_document(request: HttpRequest, study: str, number: int) -> HttpResponse:
    """Propose to open a document again: without some of its hidden parts, or with those approved since."""
    person, row = open_study(request, study)
    opened = state.open_state()
    item = row.items.filter(number=number, inventory__isnull=False).first()
    if item is None:
        raise Http404
    lift = read_numbers(",".join(request.POST.getlist("lift")))
    problems: list[errors.Problem] = []
    if request.method == "POST":
        try:
            made = proposals.propose(
                actor=person,
                kind="release",
                subject=row.id,
                payload={"study": row.id, "item": number, "lift": [*sorted(lift)]},
                now=opened.read_now(),
            )
        except errors.UserMistake as mistake:
            problems = list(mistake.problems)
        else:
            return redirect("workspace-proposal", made.pk)
    regions = describe_regions(person, Redaction.objects.in_force().filter(item=item))
    newest = item.openings.order_by("-log_index").first()
    fresh = {each.pk for each in openings.list_fresh(item)}
    context = {
        "study": row,
        "item": item,
        "title": consequences.name_record(row.id),
        "regions": regions,
        "fresh": [each for each in regions if each["row"].pk in fresh],
        "opened": newest,
        "chosen": lift,
        "problems": [faults.Fault("", each.sentence, "") for each in problems],
    }
    status = 400 if problems else 200
    return people.show_room(request, "workspace/hidden_release.html", context, status=status)


@people.for_people("read_sealed")
@methods.only_send
def switch_keys(request: HttpRequest) -> HttpResponse:
    """Switch decisions by a single key on or off for this session (WCAG 2.2, 2.1.4)."""
    request.session[KEYS] = not request.session.get(KEYS, False)
    back = request.POST.get("back", "")
    safe = url_has_allowed_host_and_scheme(back, None) and back.startswith("/workspace/studies/")
    return redirect(back if safe else reverse("workspace-studies"))


def open_study(request: HttpRequest, study: str) -> tuple[Person, Study]:
    """Find a study whose sealed pages this person may read; 404 where there is none, else `Refused`."""
    row = Study.objects.select_related("provider").filter(pk=study).first()
    if row is None:
        raise Http404
    person = read_person(request)
    organisations.check_owner(person, "read_sealed", organisations.find_owner(row.id))
    return person, row


def find_item(row: Study, number: int, page: int) -> Item:
    """Find a sealed document that has this page; 404 where it has none."""
    item = row.items.filter(number=number, inventory__isnull=False, read=True).first()
    if item is None or not 1 <= page <= (item.pages or 0):
        raise Http404
    return item


def read_numbers(text: str) -> list[int]:
    """Read numbers such as "12,13" from an address; what is no number is left out."""
    parts = text.split(",")[:1000]
    return [int(each) for each in parts if each.isascii() and each.isdecimal() and len(each) < 18]


def describe_grounds() -> list[dict[str, Any]]:
    """Describe the legal reasons: what each means, its law, the day of review it proposes."""
    today = state.open_state().read_now().date().isoformat()
    return [
        {"ground": each, "review": datetime.date.fromisoformat(ground.propose_expiry(each, today))}
        for each in redactions.list_grounds()
    ]


def describe_regions(person: Person, rows: Any) -> list[dict[str, Any]]:
    """Describe regions, each with the line it stands in, in the order of their pages."""
    opened, described = state.open_state(), []
    found: tuple[int, int, pages.Parts] | None = None
    for each in rows.select_related("item", "proposer", "approver").order_by("item__number", "page", "pk"):
        if found is None or found[:2] != (each.item_id, each.page):
            parts = redactions.read_page(state=opened, actor=person, item=each.item, number=each.page)
            found = each.item_id, each.page, parts
        words = [(line, word) for line, word in each.words]
        context = redactions.show_context(found[2].lines, words) if words else ""
        described.append({"row": each, "context": context, "standing": hiding.name_standing(each)})
    return described


def read_permissions(person: Person, row: Study) -> dict[str, bool]:
    """Say what a person may do with what belongs to the publisher of a study."""
    owner = organisations.find_owner(row.id)
    return {
        name: roles.may_for(person.roles, name, person.organisation_id, owner) for name in roles.PERMISSIONS
    }


def list_live(item: Item, page: int) -> Any:
    """List what is suggested, proposed and in force on one page."""
    rows = Redaction.objects.filter(item=item, page=page, dismissed_by=None, lifted_at=None)
    return rows.exclude(approved=False).select_related("proposer", "approver", "item")


def describe_same(person: Person, row: Study, numbers: Collection[int]) -> list[dict[str, Any]]:
    """Say for regions just decided how many further places their words have; None where it takes long."""
    wanted = Redaction.objects.filter(pk__in=list(numbers)[:MOST_SAME], item__study=row).exclude(words=[])
    opened = state.open_state()
    values = detections.read_values(state=opened, actor=person, rows=list(wanted.select_related("item")))
    distinct = {value.casefold(): number for number, value in reversed(values.items())}
    values = {number: values[number] for number in sorted(distinct.values())}
    if patterns.count_pages(row) > FEW_PAGES:
        return [{"number": number, "value": value, "count": None} for number, value in values.items()]
    found = detections.find_values(state=opened, actor=person, study=row, values=values)
    counts = {number: len(patterns.leave_out_known(row, hits)) for number, hits in found.items()}
    return [
        {"number": number, "value": value, "count": counts[number]}
        for number, value in values.items()
        if counts[number]
    ]


def describe_figures() -> dict[str, Any]:
    """Write what rules and name lists were measured to be worth, a row for each kind of value."""
    figures = detections.read_figures()
    rows = [
        {
            "kind": kind,
            **row,
            "wrong": row["findings"] - row["right"],
            "missed": row["labels"] - row["found_full"],
        }
        for kind, row in figures["rules"]["shown"].items()
    ]
    return {
        "pages": figures["pages"],
        "date": figures["date"],
        "rows": rows,
        "notes": figures.get("notes", ()),
    }


def _render_room(
    request: HttpRequest,
    person: Person,
    row: Study,
    pattern: forms.PatternForm | None = None,
    detection: forms.DetectionForm | None = None,
) -> HttpResponse:
    refused: Any = pattern or detection
    may = read_permissions(person, row)
    counted = redactions.count_regions(row)
    held = samples.list_held(row)
    items = row.items.filter(inventory__isnull=False).defer("page_roots", "wrapped_key").order_by("number")
    shown, steps = stretch.cut_stretch(list(items), request.GET.get("from", ""), {})
    opened = set(Opening.objects.filter(item__study=row).values_list("item", flat=True))
    documents = [
        {
            "item": item,
            "counts": counted[item.number],
            "hidden": counted[item.number]["in-force"],
            "waiting": counted[item.number]["suggested"] + counted[item.number]["proposed"],
            "open": item.pk in opened,
            "held": item.pk in held,
        }
        for item in shown
    ]
    waiting = Redaction.objects.proposed().filter(item__study=row)
    proposers = set(waiting.values_list("proposer__username", flat=True))
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "documents": documents,
        "steps": steps,
        "total": {
            name: sum(each[name] for each in counted.values())
            for name in ("suggested", "proposed", "in-force")
        },
        "may": may,
        "others": waiting.exclude(proposer=person).count(),
        "approvers": redactions.list_approvers(row, proposers),
        "form": pattern or forms.PatternForm(auto_id="find-%s"),
        "detection": detection or forms.DetectionForm(auto_id="detect-%s"),
        "figures": describe_figures(),
        "problems": faults.list_faults(refused) if refused else [],
        "unread": Reading.objects.filter(item__study=row, reader=None).count(),
    }
    return people.show_room(request, "workspace/hidden.html", context, status=400 if refused else 200)


def _render_page(
    request: HttpRequest,
    person: Person,
    item: Item,
    page: int,
    form: forms.PartForm | None = None,
    ticked: Sequence[str] = (),
) -> HttpResponse:
    row = item.study
    found = redactions.read_page(state=state.open_state(), actor=person, item=item, number=page)
    live = list(list_live(item, page))
    may = read_permissions(person, row)
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "item": item,
        "view": hiding.view_page(found, live),
        "regions": describe_regions(person, list_live(item, page)),
        "previous": page - 1 if page > 1 else None,
        "next": page + 1 if page < (item.pages or 0) else None,
        "form": form or forms.PartForm(),
        "box_fields": [(form or forms.PartForm())[name] for name in forms.PartForm.box_names],
        "ticked": set(ticked),
        "grounds": describe_grounds(),
        "may": may,
        "same": describe_same(person, row, read_numbers(request.GET.get("confirmed", "")))
        if may["propose"]
        else [],
        "problems": faults.list_faults(form) if form else [],
    }
    return people.show_room(request, "workspace/hidden_page.html", context, status=400 if form else 200)


def _review_hits(
    request: HttpRequest,
    person: Person,
    row: Study,
    hits: Sequence[patterns.Hit],
    chosen: dict[str, Any] | None,
    kept: dict[str, str],
) -> HttpResponse:
    """Show what was found, a stretch at a time; ticked places are proposed, and the next stretch shows.

    `kept` says what was looked for, and goes with the form from stretch to stretch.
    """
    step = request.POST.get("step", "")
    start = next(iter(read_numbers(request.POST.get("start", ""))), 0)
    said, problems = "", list[faults.Fault]()
    hide = forms.GroundForm(request.POST if step == "propose" else None, initial=chosen)
    if step == "propose" and hide.is_valid():
        try:
            made = _take_review(request, person, row, hide, hits[start : start + HITS], kept["source"])
        except errors.UserMistake as mistake:
            faults.blame(hide, mistake.problems)
        else:
            start += HITS
            said = f"{made:,} hidden parts proposed. {_name_seconds(row, person)}"
    if step == "propose" and not said:
        problems = faults.list_faults(hide)
    known = {id(each) for each in hits} - {id(each) for each in patterns.leave_out_known(row, hits)}
    ticked = set(request.POST.getlist("hit"))
    shown = []
    for number, hit in enumerate(hits[start : start + HITS], start + 1):
        name = hiding.format_hit(hit.item, hit.page, hit.words)
        tick = step not in ("none", "propose") or (step == "propose" and (bool(said) or name in ticked))
        shown.append({"number": number, "hit": hit, "name": name, "known": id(hit) in known, "tick": tick})
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        **kept,
        "hide": hide,
        "hits": shown,
        "total": len(hits),
        "known": len(known),
        "start": start,
        "last": min(start + HITS, len(hits)),
        "grounds": describe_grounds(),
        "problems": problems,
    }
    if said:
        context["said"] = said
    return people.show_room(request, "workspace/hidden_hits.html", context, status=400 if problems else 200)


def _take_review(
    request: HttpRequest,
    person: Person,
    row: Study,
    hide: forms.GroundForm,
    shown: Sequence[patterns.Hit],
    source: str,
) -> int:
    """Propose the places that are ticked, and keep of the others that they stay readable if that was said."""
    opened, ground_id = state.open_state(), hide.cleaned_data["ground"]
    ticked = [hiding.parse_hit(each) for each in request.POST.getlist("hit")]
    stays = request.POST.get("rest") == "stays"
    with transaction.atomic():
        made = 0
        if ticked or not stays:
            made = patterns.propose_hits(
                state=opened,
                actor=person,
                study=row,
                hits=ticked,
                ground_id=ground_id,
                review=hide.cleaned_data["review"],
                source=source,
                now=opened.read_now(),
            )
        if stays:
            left = [
                (hit.item, hit.page, hit.words)
                for hit in patterns.leave_out_known(row, shown)
                if (hit.item, hit.page, hit.words) not in ticked
            ]
            patterns.leave_visible(
                actor=person, study=row, hits=left, ground_id=ground_id, source=source, now=opened.read_now()
            )
    return made


def _name_seconds(row: Study, person: Person) -> str:
    able = redactions.list_approvers(row, [person.username])
    if not able:
        return "Nobody else may approve it yet: ask the operator for an approver of your organisation."
    return f"{' or '.join(able)} can approve it."


def _send_png(data: bytes) -> HttpResponse:
    answer = HttpResponse(data, content_type="image/png")
    answer["Content-Security-Policy"] = methods.BARE
    answer["Cache-Control"] = "no-store"
    return answer


_ROOM = "workspace/studies/<slug:study>/redactions/"
_PAGE = f"{_ROOM}pages/<int:number>/<int:page>/"
urlpatterns = [
    path(_ROOM, show_room, name="workspace-hidden"),
    path(_PAGE, show_page, name="workspace-hidden-page"),
    path(f"{_PAGE}hide/", hide_part, name="workspace-hide"),
    path(f"{_PAGE}picture", send_picture, name="workspace-hidden-picture"),
    path(f"{_PAGE}preview", send_preview, name="workspace-hidden-preview"),
    path(f"{_ROOM}find/", find_pattern, name="workspace-hidden-find"),
    path(f"{_ROOM}detect/", detect, name="workspace-detect"),
    path(f"{_ROOM}same/<int:number>/", find_same, name="workspace-hidden-same"),
    path(f"{_ROOM}release/<int:number>/", release_document, name="workspace-hidden-release"),
    path("workspace/keys/", switch_keys, name="workspace-keys"),
]
