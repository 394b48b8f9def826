"""The rooms of the workspace for records: writing one, what is published, showing and removing."""

from __future__ import annotations

import json
import re
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from lightwell.actions import disclosures, drafts, organisations, proposals, records
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure, Person
from lightwell.files import data, examples, state, yaml_lines
from lightwell.web import consequences, methods, people, places, reader
from lightwell.web.context import is_sample
from lightwell.web.forms import workspace as forms
from lightwell.web.views.workspace import read_person

DRAFT_NAME = "record.yaml"
LINES_AROUND = 3


@people.for_people("propose", "register")
@methods.read_or_send
def write_draft(request: HttpRequest) -> HttpResponse:
    """Check a record written as YAML, with every problem at its line; propose it when there is none."""
    opened, person = state.open_state(), read_person(request)
    context: dict[str, Any] = {"examples": _list_examples(), "may": people.read_permissions(person)}
    if request.method != "POST":
        context["text"] = _read_start(request, person)
        context["fields"] = _list_fields(context["text"])
        return people.show_room(request, "workspace/draft.html", context)
    form = forms.DraftForm(request.POST)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    context |= {"text": text, "checked": True, "fields": _list_fields(text)}
    if not form.is_valid():
        context["problems"] = [forms.Fault("", "Write the record first.", "text")]
        return people.show_room(request, "workspace/draft.html", context, status=400)
    files = [drafts.File(each.name or "file", each.read()) for each in request.FILES.getlist("files")]
    try:
        prepared = drafts.prepare_draft(
            state=opened,
            document=yaml_lines.parse_document(text.encode(), DRAFT_NAME),
            files=files,
            now=opened.read_now(),
        )
        # Whoever may not speak under this name should know before a second person is asked.
        organisations.check_voice(person, disclosures.parse_payload(prepared.payload)[0])
    except errors.UserMistake as mistake:
        context["problems"] = [_place_problem(each) for each in mistake.problems]
        context["wrong"] = {line for each in mistake.problems if (line := _read_line(each))}
        context["numbered"] = _cut_lines(text, context["wrong"])
        return people.show_room(request, "workspace/draft.html", context, status=400)
    except errors.Refused as refusal:
        context["problems"] = [forms.Fault("", refusal.sentence, "text")]
        return people.show_room(request, "workspace/draft.html", context, status=403)
    if request.POST.get("step") != "propose":
        record, decisions = disclosures.parse_payload(prepared.payload)
        context |= {"prepared": prepared, "record": record, "decisions": decisions}
        return people.show_room(request, "workspace/draft.html", context)
    proposal = proposals.propose(
        actor=person,
        kind=prepared.kind,
        subject=prepared.subject,
        payload=prepared.payload,
        now=opened.read_now(),
    )
    return redirect("workspace-proposal", proposal.pk)


@people.for_people("read_sealed")
@methods.only_read
def list_records(request: HttpRequest) -> HttpResponse:
    """List the records of a person's organisation as they stand, and what can be done with each."""
    person = read_person(request)
    rows = Disclosure.objects.newest().select_related("tombstone").order_by("-log_index")
    listed = [_view_record(person, row) for row in rows if organisations.may_read(person, row.publisher)]
    context = {"records": listed, "may": people.read_permissions(person)}
    return people.show_room(request, "workspace/records.html", context)


@people.for_people("propose")
@methods.read_or_send
def propose_lift(request: HttpRequest, record: str) -> HttpResponse:
    """Propose to show readers what a record holds back; the words themselves stand beside each choice."""
    row = Disclosure.objects.newest().visible().filter(record=record).first()
    person = read_person(request)
    if row is None or not organisations.may_read(person, row.publisher):
        raise Http404
    shown = row.read_record()
    openings = disclosures.read_openings(row)
    held = [each for each in shown.withheld if each.pointer in openings]
    form = forms.LiftForm(request.POST if request.method == "POST" else None)
    form.fields["fields_shown"].choices = [
        (each.pointer, places.name_place(shown, each.pointer)) for each in held
    ]
    if request.method == "POST" and form.is_valid():
        payload = {"record": record, "fields": form.cleaned_data["fields_shown"]}
        if answer := _propose(request, form, "lift", record, payload):
            return answer
    context = {
        "form": form,
        "problems": forms.list_faults(form),
        "record": shown,
        "held": [
            {
                "row": each,
                "name": places.name_place(shown, each.pointer),
                "words": places.format_value(openings[each.pointer].value),
            }
            for each in held
        ],
        "chosen": form.data.getlist("fields_shown") if form.is_bound else [],
    }
    return people.show_room(request, "workspace/lift.html", context, status=_status(request))


@people.for_people("propose")
@methods.read_or_send
def propose_withdrawal(request: HttpRequest) -> HttpResponse:
    """Propose to remove a published record, or one version of it."""
    first = {"record": request.GET.get("record", "")[:40], "version": request.GET.get("version", "")[:6]}
    form = forms.WithdrawalForm(request.POST if request.method == "POST" else None, initial=first)
    form.fields["record"].offer(consequences.list_own_records(read_person(request).organisation_id))
    if request.method == "POST" and form.is_valid():
        subject = form.cleaned_data["record"]
        if answer := _propose(request, form, "withdrawal", subject, form.cleaned_data):
            return answer
    context = {"form": form, "problems": forms.list_faults(form)}
    return people.show_room(request, "workspace/withdraw.html", context, status=_status(request))


def _propose(
    request: HttpRequest, form: Any, kind: str, subject: str, payload: dict[str, Any]
) -> HttpResponse | None:
    """Propose and lead on, or put what was refused beside the fields of the form."""
    try:
        proposal = proposals.propose(
            actor=read_person(request),
            kind=kind,
            subject=subject,
            payload=payload,
            now=state.open_state().read_now(),
        )
    except errors.UserMistake as mistake:
        forms.blame(form, mistake.problems)
        return None
    return redirect("workspace-proposal", proposal.pk)


def _status(request: HttpRequest) -> int:
    return 400 if request.method == "POST" else 200


def _view_record(person: Person, row: Disclosure) -> dict[str, Any]:
    removed = hasattr(row, "tombstone") or row.data is None
    shown = None if removed else row.read_record()
    own = row.publisher == person.organisation_id
    return {
        "row": row,
        "title": consequences.name_record(row.record),
        "removed": removed,
        "held": len(shown.withheld) if shown else 0,
        "own": own,
    }


def _list_examples() -> list[tuple[str, list[str]]]:
    """List the examples by what they are for, so that nobody reads twelve names in a row."""
    names = data.list_examples()
    groups = {
        "Register": [name for name in names if name.startswith("study")],
        "Answer": [name for name in names if name in ("reply", "commentary", "letter")],
    }
    grouped = {name for listed in groups.values() for name in listed}
    return [
        ("Register", groups["Register"]),
        ("Publish", [name for name in names if name not in grouped]),
        ("Answer", groups["Answer"]),
    ]


def _list_fields(text: str) -> list[dict[str, Any]]:
    """List what a record of the kind that a draft names can say, for the fold beside the editor."""
    kind = next((line[5:].strip() for line in text.split("\n") if line.startswith("kind:")), "")
    if kind not in data.list_kinds():
        return []
    schema: Any = data.read_schema(kind, data.list_versions(kind)[-1])
    needed = schema.get("required", [])
    return [
        {
            "name": name,
            "label": reader.read_label(resolved) or name.replace("_", " ").capitalize(),
            "help": resolved.get("description", ""),
            "needed": name in needed,
            "choices": resolved.get("enum", []),
        }
        for name, field in schema.get("properties", {}).items()
        for resolved in [reader.resolve(field, schema.get("$defs", {}))]
    ]


def _read_start(request: HttpRequest, person: Person) -> str:
    """Return what the editor begins with: an example, or the newest version of a record to go on from."""
    example = request.GET.get("example", "")
    if example in data.list_examples():
        return _name_subject(_read_example(example, person), request.GET.get("about", "")[:40])
    history = records.read_history(request.GET.get("record", "")[:40])
    record = history.newest.record if history else None
    if record is None:
        return ""
    kept = disclosure.format_disclosure(record)
    for name in ("version", "supersedes", "withheld", "opened"):
        kept.pop(name)
    return json.dumps(kept, ensure_ascii=False, indent=2)


def _read_example(name: str, person: Person) -> str:
    opened, own = state.open_state(), person.organisation
    if is_sample(opened):
        return data.read_example(name).decode()
    publisher = disclosure.Publisher(own.slug, own.role, own.name) if own else None
    return examples.format_example(name, opened.read_now().date(), publisher)


def _name_subject(text: str, about: str) -> str:
    """Put the newest version of a record in the place of what an example is about; nobody types a digest."""
    row = Disclosure.objects.newest().visible().filter(record=about).first()
    if row is None:
        return text
    lines = f"about:\n  id: {row.record}\n  digest: {row.digest}\n"
    return re.sub(r"^about:\n(?:  .*\n)+", lambda _: lines, text, count=1, flags=re.MULTILINE)


def _cut_lines(text: str, wrong: set[int]) -> list[tuple[int, str]]:
    """Cut the lines around those that are wrong out of a text; number 0 stands for lines left out."""
    cut: list[tuple[int, str]] = []
    for number, line in enumerate(text.split("\n"), 1):
        if any(abs(number - each) <= LINES_AROUND for each in wrong):
            cut.append((number, line))
        elif cut and cut[-1][0]:
            cut.append((0, ""))
    return cut


def _place_problem(problem: errors.Problem) -> forms.Fault:
    line = _read_line(problem)
    return forms.Fault(problem.place, problem.sentence, f"line-{line}" if line else "text")


def _read_line(problem: errors.Problem) -> int:
    """Read the line of a problem such as "record.yaml, line 20 (/body/asks/0)"; 0 without one."""
    _, found, rest = problem.place.partition(", line ")
    number = rest.split(" ")[0]
    return int(number) if found and number.isdigit() else 0


urlpatterns = [
    path("workspace/drafts/", write_draft, name="workspace-draft"),
    path("workspace/records/", list_records, name="workspace-records"),
    path("workspace/records/<slug:record>/show/", propose_lift, name="workspace-lift"),
    path("workspace/withdraw/", propose_withdrawal, name="workspace-withdraw"),
]
