"""The rooms of the workspace for publishers: drafts, locking in, proposing, approving."""

from __future__ import annotations

import json
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from lightwell.actions import disclosures, drafts, inventories, organisations, proposals, records
from lightwell.base import difference, disclosure, errors, roles
from lightwell.db.models import Disclosure, Item, Person, Proposal, Study
from lightwell.files import data, occupancy, state, yaml_lines
from lightwell.web import methods, people, places, reader
from lightwell.web.forms import workspace as forms
from lightwell.web.views.workspace import describe_proposal, read_person

DRAFT_NAME = "record.yaml"
_RECORD_STORIES = ("disclosure", "study")
# Kind of proposal -> its form, its heading, and what a publisher should know before proposing it.
_AMENDMENTS: dict[str, tuple[Any, str, str]] = {
    "extension": (
        forms.ExtensionForm,
        "Move a promised date",
        "Before it has passed, and for a legal reason. Both dates stay for everybody to see; what is late "
        "stays late.",
    ),
    "already-public": (
        forms.AlreadyPublicForm,
        "Public elsewhere already",
        "Publish a record first that says where the documents can be read.",
    ),
    "key-lost": (
        forms.KeyLostForm,
        "The key is lost",
        "Only when nothing here opens the document any more. It counts as lost for ever, and the study is "
        "never called published in full.",
    ),
    "erasure": (
        forms.ErasureForm,
        "Erase by law",
        "The key and every byte of the document are destroyed, and nothing brings it back. Its place and the "
        "legal reason stay.",
    ),
}


@people.for_people("propose", "register")
@methods.read_or_send
def write_draft(request: HttpRequest) -> HttpResponse:
    """Check a record written as YAML, with every problem at its line; propose it when there is none."""
    opened = state.open_state()
    context: dict[str, Any] = {
        "examples": data.list_examples(),
        "may": people.read_permissions(read_person(request)),
    }
    if request.method != "POST":
        context["text"] = _read_start(request)
        return people.show_room(request, "workspace/draft.html", context)
    form = forms.DraftForm(request.POST)
    text = request.POST.get("text", "").replace("\r\n", "\n")
    context |= {"text": text, "checked": True}
    if not form.is_valid():
        context["problems"] = [errors.Problem("", "Write the record first.")]
        return people.show_room(request, "workspace/draft.html", context, status=400)
    files = [drafts.File(each.name or "file", each.read()) for each in request.FILES.getlist("files")]
    try:
        prepared = drafts.prepare_draft(
            state=opened,
            document=yaml_lines.parse_document(text.encode(), DRAFT_NAME),
            files=files,
            now=opened.read_now(),
        )
    except errors.UserMistake as mistake:
        context["problems"] = mistake.problems
        context["numbered"] = list(enumerate(text.split("\n"), 1))
        context["wrong"] = _list_lines(mistake.problems)
        return people.show_room(request, "workspace/draft.html", context, status=400)
    if request.POST.get("step") != "propose":
        record, decisions = disclosures.parse_payload(prepared.payload)
        context |= {"prepared": prepared, "record": record, "decisions": decisions}
        return people.show_room(request, "workspace/draft.html", context)
    proposal = proposals.propose(
        actor=read_person(request),
        kind=prepared.kind,
        subject=prepared.subject,
        payload=prepared.payload,
        now=opened.read_now(),
    )
    return redirect("workspace-proposal", proposal.pk)


@people.for_people("read_sealed")
@methods.only_read
def list_studies(request: HttpRequest) -> HttpResponse:
    """List the studies with what is measured, locked in and published."""
    person = read_person(request)
    rows = [
        row
        for row in Study.objects.select_related("provider").order_by("-registered_at")
        if _may_read(person, row)
    ]
    listed = [
        {
            "row": row,
            "title": _read_title(row.id),
            "measured": row.items.filter(inventory=None).count(),
            "sealed": row.items.filter(inventory__isnull=False).count(),
            "published": row.items.filter(named=True).count(),
        }
        for row in rows
    ]
    context = {"studies": listed, "may": people.read_permissions(person)}
    return people.show_room(request, "workspace/studies.html", context)


@people.for_people("read_sealed")
@methods.only_read
def show_study(request: HttpRequest, study: str) -> HttpResponse:
    """Show everything about one study's documents, also what is private, and what can be done next."""
    return _render_study(request, _find_study(study))


@people.for_people("seal")
@methods.only_send
def seal_study(request: HttpRequest, study: str) -> HttpResponse:
    """Lock in what is measured, after its id was typed again."""
    row = _find_study(study)
    form = forms.SealForm(request.POST)
    if not form.is_valid() or form.cleaned_data["study"].strip() != row.id:
        problem = errors.Problem("", f"To lock it in, type {row.id} exactly; nothing was locked in.")
        return _render_study(request, row, [problem])
    opened = state.open_state()
    with occupancy.hold_study(opened.root, row.id):
        inventories.seal_inventory(actor=read_person(request), study=row, now=opened.read_now())
    return redirect("workspace-study", row.id)


@people.for_people("propose")
@methods.only_send
def propose_publication(request: HttpRequest, study: str) -> HttpResponse:
    """Propose to publish what a study locked in."""
    row = _find_study(study)
    form = forms.PublicationForm(request.POST)
    return _propose(request, row, form, "publication", lambda values: values)


@people.for_people("propose")
@methods.only_send
def propose_take_back(request: HttpRequest, study: str) -> HttpResponse:
    """Propose to take published documents back."""
    row = _find_study(study)
    form = forms.TakeBackForm(request.POST)
    return _propose(
        request, row, form, "take-back", lambda values: {**values, "review": values["review"].isoformat()}
    )


@people.for_people("propose")
@methods.only_send
def propose_amendment(request: HttpRequest, study: str, kind: str) -> HttpResponse:
    """Propose what is said about documents that are locked in: one of the forms of `_AMENDMENTS`."""
    if kind not in _AMENDMENTS:
        raise Http404
    row = _find_study(study)
    return _propose(request, row, _AMENDMENTS[kind][0](request.POST), kind, lambda values: values)


@people.for_people("propose")
@methods.read_or_send
def propose_withdrawal(request: HttpRequest) -> HttpResponse:
    """Propose to remove a published record, or one version of it."""
    form = forms.WithdrawalForm(request.POST if request.method == "POST" else None)
    problems: tuple[errors.Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            proposal = proposals.propose(
                actor=read_person(request),
                kind="withdrawal",
                subject=values["record"],
                payload=values,
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            problems = mistake.problems
        else:
            return redirect("workspace-proposal", proposal.pk)
    status = 400 if request.method == "POST" else 200
    return people.show_room(
        request, "workspace/withdraw.html", {"form": form, "problems": problems}, status=status
    )


@people.for_people("propose")
@methods.read_or_send
def propose_dispute(request: HttpRequest) -> HttpResponse:
    """Propose to mark documents as disputed, of whatever study, by a commentary of one's own."""
    form = forms.DisputeForm(request.POST if request.method == "POST" else None)
    problems: tuple[errors.Problem, ...] = ()
    if request.method == "POST" and form.is_valid():
        try:
            proposal = proposals.propose(
                actor=read_person(request),
                kind="dispute",
                subject=form.cleaned_data["study"],
                payload=form.cleaned_data,
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            problems = mistake.problems
        else:
            return redirect("workspace-proposal", proposal.pk)
    elif request.method == "POST":
        problems = tuple(_list_form_problems(form))
    status = 400 if request.method == "POST" else 200
    context = {"form": form, "problems": problems}
    return people.show_room(request, "workspace/dispute.html", context, status=status)


@people.for_people("read_sealed")
@methods.only_read
def list_proposals(request: HttpRequest) -> HttpResponse:
    """List what waits for a second person, and what was decided lately."""
    person = read_person(request)
    decided = Proposal.objects.exclude(approved=None).select_related("proposer", "approver")
    context = {
        "waiting": [describe_proposal(each, person) for each in proposals.list_open(actor=person)],
        "decided": [
            row
            for row in decided.order_by("-decided_at")[:200]
            if organisations.may_read(person, row.organisation_id)
        ][:30],
        "may": people.read_permissions(person),
    }
    return people.show_room(request, "workspace/proposals.html", context)


@people.for_people("read_sealed")
@methods.only_read
def show_proposal(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a proposal would do, before a second person says yes."""
    return _render_proposal(request, number, ())


@people.for_people("approve", "restore", "propose", "register")
@methods.only_send
def decide_proposal(request: HttpRequest, number: int) -> HttpResponse:
    """Approve a proposal, which carries it out, or turn it down."""
    person, opened = read_person(request), state.open_state()
    try:
        match request.POST.get("decision"):
            case "approve":
                proposals.approve(state=opened, actor=person, proposal_id=number, now=opened.read_now())
            case "reject":
                proposals.reject(actor=person, proposal_id=number, now=opened.read_now())
            case _:
                raise errors.UserMistake("say whether it is approved or turned down")
    except errors.UserMistake as mistake:
        return _render_proposal(request, number, mistake.problems)
    return redirect("workspace-proposals")


def _propose(request: HttpRequest, row: Study, form: Any, kind: str, make: Any) -> HttpResponse:
    if not form.is_valid():
        return _render_study(request, row, _list_form_problems(form))
    try:
        proposal = proposals.propose(
            actor=read_person(request),
            kind=kind,
            subject=row.id,
            payload={"study": row.id, **make(form.cleaned_data)},
            now=state.open_state().read_now(),
        )
    except errors.UserMistake as mistake:
        return _render_study(request, row, list(mistake.problems))
    return redirect("workspace-proposal", proposal.pk)


def _list_form_problems(form: Any) -> list[errors.Problem]:
    return [
        errors.Problem(str(form.fields[name].label), str(sentence))
        for name, sentences in form.errors.items()
        for sentence in sentences
    ]


def _render_study(
    request: HttpRequest, row: Study, problems: list[errors.Problem] | None = None
) -> HttpResponse:
    person = read_person(request)
    owner = organisations.find_owner(row.id)
    organisations.check_owner(person, "read_sealed", owner)
    measured = list(Item.objects.filter(study=row, inventory=None).order_by("number"))
    sealed = list(inventories.list_items(row))
    context = {
        "study": row,
        "title": _read_title(row.id),
        "measured": measured,
        "preview": inventories.preview_seal(study=row) if inventories.is_measured(row) else None,
        "sealed": sealed,
        "left": [item for item in sealed if not item.named and not item.holdings.filter(page=None).exists()],
        "may": _read_permissions_for(person, owner),
        "seal_form": forms.SealForm(),
        "publication_form": forms.PublicationForm(),
        "take_back_form": forms.TakeBackForm(),
        "amendments": [
            {"kind": kind, "form": form(prefix=None, auto_id=f"{kind}-%s"), "heading": heading, "note": note}
            for kind, (form, heading, note) in _AMENDMENTS.items()
        ],
        "problems": problems or [],
    }
    return people.show_room(request, "workspace/study.html", context, status=400 if problems else 200)


def _render_proposal(request: HttpRequest, number: int, problems: tuple[errors.Problem, ...]) -> HttpResponse:
    person = read_person(request)
    try:
        proposal = proposals.read_proposal(actor=person, proposal_id=number)
    except errors.UserMistake:
        raise Http404 from None
    context: dict[str, Any] = {
        "proposal": proposal,
        "told": describe_proposal(proposal, person),
        "problems": problems,
        "payload": json.dumps(proposal.payload, ensure_ascii=False, indent=2),
    }
    if proposal.kind in _RECORD_STORIES and proposal.payload.get("record"):
        context |= _describe_record(proposal)
    if proposal.kind == "publication":
        context["items"] = _list_publication(proposal)
    return people.show_room(request, "workspace/proposal.html", context, status=400 if problems else 200)


def _read_permissions_for(person: Person, owner: str | None) -> dict[str, bool]:
    """Say what a person may do with what belongs to `owner`; to take out of view is open to every officer."""
    return {
        name: roles.may(person.roles, name)
        if name == "suspend"
        else roles.may_for(person.roles, name, person.organisation_id, owner)
        for name in roles.PERMISSIONS
    }


def _may_read(person: Person, study: Study) -> bool:
    return organisations.may_read(person, organisations.find_owner(study.id))


def _describe_record(proposal: Proposal) -> dict[str, Any]:
    record, decisions = disclosures.parse_payload(proposal.payload)
    old = Disclosure.objects.visible().filter(record=record.id, version=record.version - 1).first()
    changes = (
        difference.select_substance(difference.diff(old.read_record(), record)) if old is not None else []
    )
    return {
        "record": record,
        "sections": reader.lay_out(record),
        "decisions": decisions,
        "changes": [(places.name_place(record, each.pointer), each) for each in changes],
        "old": old,
        "own_word": disclosure.counts_as_answer(record),
    }


def _list_publication(proposal: Proposal) -> list[Item]:
    numbers = proposal.payload.get("items")
    rows = Item.objects.filter(study=proposal.payload.get("study"), inventory__isnull=False).order_by(
        "number"
    )
    return list(rows.filter(number__in=numbers) if isinstance(numbers, list) else rows)


def _read_start(request: HttpRequest) -> str:
    """Return what the editor begins with: an example, or the newest version of a record to go on from."""
    example = request.GET.get("example", "")
    if example in data.list_examples():
        return data.read_example(example).decode()
    history = records.read_history(request.GET.get("record", "")[:40])
    record = history.newest.record if history else None
    if record is None:
        return ""
    kept = disclosure.format_disclosure(record)
    for name in ("version", "supersedes", "withheld", "opened"):
        kept.pop(name)
    return json.dumps(kept, ensure_ascii=False, indent=2)


def _list_lines(problems: tuple[errors.Problem, ...]) -> set[int]:
    lines = set()
    for problem in problems:
        _, found, rest = problem.place.partition(", line ")
        number = rest.split(" ")[0]
        if found and number.isdigit():
            lines.add(int(number))
    return lines


def _read_title(study: str) -> str:
    history = records.read_history(study)
    record = history.newest.record if history else None
    return str(record.body.get("title")) if record else study


def _find_study(study: str) -> Study:
    row = Study.objects.select_related("provider").filter(pk=study).first()
    if row is None:
        raise Http404
    return row


urlpatterns = [
    path("workspace/drafts/", write_draft, name="workspace-draft"),
    path("workspace/studies/", list_studies, name="workspace-studies"),
    path("workspace/studies/<slug:study>/", show_study, name="workspace-study"),
    path("workspace/studies/<slug:study>/seal/", seal_study, name="workspace-seal"),
    path("workspace/studies/<slug:study>/publish/", propose_publication, name="workspace-publish"),
    path("workspace/studies/<slug:study>/take-back/", propose_take_back, name="workspace-take-back"),
    path("workspace/studies/<slug:study>/say/<slug:kind>/", propose_amendment, name="workspace-amend"),
    path("workspace/dispute/", propose_dispute, name="workspace-dispute"),
    path("workspace/withdraw/", propose_withdrawal, name="workspace-withdraw"),
    path("workspace/proposals/", list_proposals, name="workspace-proposals"),
    path("workspace/proposals/<int:number>/", show_proposal, name="workspace-proposal"),
    path("workspace/proposals/<int:number>/decide/", decide_proposal, name="workspace-decide"),
]
