"""The room where documents of a study are handed in, listed, checked and read, until they are locked in."""

from __future__ import annotations

import datetime
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path, reverse

from lightwell.actions import incoming, inventories, readings
from lightwell.archive import inventory
from lightwell.base import errors
from lightwell.db.models import Study
from lightwell.files import data, state
from lightwell.files import incoming as areas
from lightwell.files.incoming import Area
from lightwell.web import consequences, methods, people, stretch, uploads
from lightwell.web.forms.workspace import Fault
from lightwell.web.templatetags import words
from lightwell.web.views.workspace import read_person

# Fields of a row are seven, and Django reads a thousand of one form.
ROWS = 50
# More than these nobody reads; when they are mended the next ones show.
MOST_FAULTS = 100
MOST_TOLD = 10
MOST_INSIDE = 250
LABELS = {
    "title": "Title",
    "kind": "Kind",
    "date": "Date as declared",
    "intent": "What is intended",
    "ground": "Legal reason",
    "held_pages": "Pages held back",
    "due": "Promised by",
}


@people.for_people("seal")
@methods.only_read
def show_documents(request: HttpRequest, study: str) -> HttpResponse:
    """Show what was handed in, the list of it, and what came of checking and reading."""
    return _render(request, _find_study(study))


@methods.with_late_token
@people.for_people("seal")
@methods.only_send
def add_documents(request: HttpRequest, study: str) -> HttpResponse:
    """Take files in and say of each that was refused why."""
    opened, person, row = state.open_state(), read_person(request), _find_study(study)
    area = incoming.open_area(state=opened, actor=person, study=row)
    limits = areas.read_limits()

    def admit(sent: HttpRequest, received: uploads.Received) -> HttpResponse:
        admitted = incoming.admit_files(
            state=opened,
            actor=person,
            study=row,
            arrived=received.files,
            refused=received.refused,
            limits=limits,
            now=opened.read_now(),
        )
        said = f"{_count(admitted.added, 'file')} added." if admitted.added else "No file was added."
        told = [f"{each}." for each in admitted.twins[:MOST_TOLD]]
        if more := len(admitted.twins) - len(told):
            told.append(f"And {more:,} more such files.")
        people.tell(sent, " ".join([said, *told]))
        if not admitted.refused:
            return redirect("workspace-documents", row.id)
        faults = [Fault(each.place, each.sentence, "") for each in admitted.refused]
        heading = f"{_count(faults, 'file')} {'was' if len(faults) == 1 else 'were'} not added"
        return _render(sent, row, faults, heading)

    return uploads.receive_files(request, area, limits, admit)


@people.for_people("seal")
@methods.only_send
def save_list(request: HttpRequest, study: str) -> HttpResponse:
    """Keep what was typed into the rows of one stretch; then remove a file or have the list checked."""
    opened, person, row = state.open_state(), read_person(request), _find_study(study)
    now = opened.read_now()
    gone = incoming.save_rows(state=opened, actor=person, study=row, rows=_read_rows(request), now=now)
    said = "The list is kept."
    if removed := request.POST.get("remove"):
        incoming.remove_file(state=opened, actor=person, study=row, name=removed, now=now)
        said = f"{removed} is removed."
    elif request.POST.get("step") == "check":
        readings.ask(state=opened, actor=person, study=row, do="check", now=now)
        said = "The list is kept, and the files are being looked at."
    if gone:
        said += f" Not here any more, because somebody else removed them: {', '.join(gone)}."
    people.tell(request, said)
    return _return(row, request.POST.get("from", ""))


@people.for_people("seal")
@methods.only_send
def list_out(request: HttpRequest, study: str) -> HttpResponse:
    """Give files inside mails and office files rows of their own."""
    opened, row = state.open_state(), _find_study(study)
    names = request.POST.getlist("inside")
    if not names:
        faults = [Fault("", "tick the files that become documents of their own", "inside-1")]
        return _render(request, row, faults, "No file was ticked")
    added = incoming.list_out(
        state=opened, actor=read_person(request), study=row, names=names, now=opened.read_now()
    )
    people.tell(request, f"{words.count(added, 'file')} added to the list. Check the list again.")
    return _return(row)


@people.for_people("seal")
@methods.only_read
def download_list(request: HttpRequest, study: str) -> HttpResponse:
    """Give the list as CSV, to edit elsewhere."""
    opened, row = state.open_state(), _find_study(study)
    area = incoming.open_area(state=opened, actor=read_person(request), study=row)
    text = incoming.format_table(incoming.list_entries(area, opened.read_now()))
    answer = HttpResponse(text, content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{row.id}-inventory.csv"'
    return answer


@people.for_people("seal")
@methods.only_send
def hand_in_list(request: HttpRequest, study: str) -> HttpResponse:
    """Take the list back as CSV; what has no place is refused by its row, wrong cells show at theirs."""
    opened, row = state.open_state(), _find_study(study)
    sent = request.FILES.get("table")
    try:
        if sent is None:
            raise errors.UserMistake("choose the table first")
        added = incoming.hand_in_table(
            state=opened, actor=read_person(request), study=row, table=sent.read(), now=opened.read_now()
        )
    except errors.UserMistake as mistake:
        faults = [Fault(each.place, each.sentence, "table") for each in mistake.problems]
        return _render(request, row, faults, "The table was not taken")
    said = "The table is taken."
    if added:
        said += f" These had no row in it, and have one now at the end: {', '.join(added)}."
    people.tell(request, said)
    return _return(row)


@people.for_people("seal")
@methods.only_send
def ask_worker(request: HttpRequest, study: str) -> HttpResponse:
    """Have every page read, or what is asked stopped."""
    opened, person, row = state.open_state(), read_person(request), _find_study(study)
    if request.POST.get("do") == "stop":
        readings.stop(state=opened, actor=person, study=row)
        people.tell(request, "Stopped. The files being read now are finished; what was read is kept.")
    else:
        do = request.POST.get("do", "")
        readings.ask(state=opened, actor=person, study=row, do=do, now=opened.read_now())
    return _return(row)


def _render(
    request: HttpRequest, row: Study, refused: Sequence[Fault] = (), heading: str = ""
) -> HttpResponse:
    """Show the room; with what was just refused instead of what is wrong with the list."""
    opened, person = state.open_state(), read_person(request)
    area = incoming.open_area(state=opened, actor=person, study=row)
    now, limits = opened.read_now(), areas.read_limits()
    entries = incoming.list_entries(area, now)
    shown, steps = stretch.cut_stretch(entries, request.GET.get("from", ""), {}, ROWS)
    asked = readings.read_asked(area)
    inside, closed = incoming.list_enclosures(area, entries)
    checked, read = (readings.read_found(area, do) for do in readings.NOTES)
    problems = incoming.list_problems(entries, now.date())
    for found in (checked, read):
        problems += readings.place_problems(found, entries)
    faults = list(refused) or _list_faults(problems, entries, shown)
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "entries": entries,
        "bytes": sum(entry.size for entry in entries),
        "rows": [_view_row(entry, problems) for entry in shown],
        "steps": steps,
        "first": shown[0].number if steps else "",
        "asked": asked,
        "inside": [each for each in inside if not each.listed][:MOST_INSIDE],
        "inside_total": len(inside),
        "inside_listed": sum(each.listed for each in inside),
        "inside_left": max(0, sum(not each.listed for each in inside) - MOST_INSIDE),
        "closed": closed,
        "waits": asked is not None and asked.is_left_lying(time.time()),
        "going": _find_going(area, asked),
        "checked": checked,
        "read": read,
        "clean": not problems,
        "ready": inventories.is_measured(row),
        "most_file": f"{limits.file_bytes / 1e6:,.0f} MB",
        "most_study": f"{limits.total_bytes / 1e6:,.0f} MB",
        # What is being read shows no fields to mend.
        "problems": faults[:MOST_FAULTS] if refused or not asked else [],
        "problems_heading": heading or (f"{len(faults):,} things to change" if faults[MOST_FAULTS:] else ""),
    }
    return people.show_room(request, "workspace/incoming.html", context, status=400 if refused else 200)


def _find_going(area: Area, asked: readings.Asked | None) -> readings.Found | None:
    """Find how far the worker is with what is asked."""
    found = readings.read_found(area, asked.do) if asked else None
    return found if found and found.status == "working" else None


def _list_faults(
    problems: Iterable[incoming.CellProblem],
    entries: Sequence[incoming.Entry],
    shown: Sequence[incoming.Entry],
) -> list[Fault]:
    """Lead from each problem to its field, also when that is on another page of the list."""
    numbers = {entry.number for entry in shown}
    faults = []
    for each in sorted(problems, key=lambda problem: problem.number):
        if not each.number:
            faults.append(Fault("", each.sentence, ""))
            continue
        place = f"{each.number}. {entries[each.number - 1].file}"
        if each.column in LABELS:
            place = f"{place}, {LABELS[each.column].lower()}"
        page = "" if each.number in numbers else f"?from={each.number}"
        faults.append(Fault(place, each.sentence, f"row-{each.number}-{each.column}", page))
    return faults


def _view_row(entry: incoming.Entry, problems: Iterable[incoming.CellProblem]) -> dict[str, Any]:
    own = [each for each in problems if each.number == entry.number]
    return {
        "entry": entry,
        "faults": [each.sentence for each in own if each.column not in LABELS],
        "fields": [
            {
                "name": name,
                "label": label,
                "value": entry.cells[name],
                "choices": _list_choices(name, entry.cells[name]),
                "type": "date" if name in ("date", "due") and _is_day(entry.cells[name]) else "text",
                "faults": [each.sentence for each in own if each.column == name],
            }
            for name, label in LABELS.items()
        ],
    }


def _list_choices(column: str, value: str) -> list[tuple[str, str]]:
    """List what can be chosen in a column; what was handed in and is unknown stays to be seen."""
    match column:
        case "kind":
            listed = [(each, words.words(each).capitalize()) for each in inventory.KINDS]
        case "intent":
            listed = [(each, words.words(each).capitalize()) for each in inventory.INTENTS]
        case "ground":
            grounds = [
                each for each in data.read_grounds().values() if {"item", "page"} & set(each.applies_to)
            ]
            listed = [("", "None"), *((each.id, each.title) for each in grounds)]
        case _:
            return []
    return listed if value in dict(listed) else [(value, f"{value} (unknown)"), *listed]


def _is_day(text: str) -> bool:
    """Answer whether a browser's own calendar can show this; it would drop anything else unseen."""
    try:
        return not text or datetime.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _read_rows(request: HttpRequest) -> dict[str, Mapping[str, str]]:
    """Read the rows of a form by their files; every row sends each of its fields once."""
    files = request.POST.getlist("file")
    columns = [request.POST.getlist(name) for name in incoming.EDITED]
    if any(len(column) != len(files) for column in columns):
        raise errors.UserMistake("the form was not sent whole; load the page again")
    return {
        file: {name: column[k].strip() for name, column in zip(incoming.EDITED, columns, strict=True)}
        for k, file in enumerate(files)
    }


def _return(row: Study, first: str = "") -> HttpResponse:
    address = reverse("workspace-documents", args=[row.id])
    return redirect(f"{address}?from={first}#documents" if first.isdecimal() else address)


def _find_study(study: str) -> Study:
    row = Study.objects.select_related("provider").filter(pk=study).first()
    if row is None:
        raise Http404
    return row


def _count(things: Sequence[object], noun: str) -> str:
    return words.count(len(things), noun)


urlpatterns = [
    path("workspace/studies/<slug:study>/documents/", show_documents, name="workspace-documents"),
    path("workspace/studies/<slug:study>/documents/add/", add_documents, name="workspace-add"),
    path("workspace/studies/<slug:study>/documents/list/", save_list, name="workspace-list"),
    path("workspace/studies/<slug:study>/documents/inside/", list_out, name="workspace-inside"),
    path("workspace/studies/<slug:study>/documents/list.csv", download_list, name="workspace-list-csv"),
    path("workspace/studies/<slug:study>/documents/table/", hand_in_list, name="workspace-table"),
    path("workspace/studies/<slug:study>/documents/ask/", ask_worker, name="workspace-ask"),
]
