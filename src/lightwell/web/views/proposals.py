"""The rooms of the workspace for what takes two people: what waits, what each would do, the decision."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from lightwell.actions import disclosures, organisations, proposals
from lightwell.base import difference, disclosure, errors
from lightwell.db.models import Disclosure, Person, Proposal, Redaction
from lightwell.files import state
from lightwell.web import consequences, methods, people, places, reader, stretch
from lightwell.web.forms import workspace as forms
from lightwell.web.views.redactions import describe_regions
from lightwell.web.views.workspace import describe_proposal, read_person

_RECORD_STORIES = ("disclosure", "study")


@people.for_people("read_sealed")
@methods.only_read
def list_proposals(request: HttpRequest) -> HttpResponse:
    """List what waits for a second person, and what was decided lately."""
    person = read_person(request)
    decided = Proposal.objects.exclude(approved=None).select_related("proposer", "approver")
    context = {
        "waiting": [describe_proposal(each, person) for each in proposals.list_open(actor=person)],
        "decided": [
            describe_proposal(row, person)
            for row in decided.order_by("-decided_at", "-pk")[:200]
            if organisations.may_read(person, row.organisation_id)
        ][:30],
        "may": people.read_permissions(person),
    }
    return people.show_room(request, "workspace/proposals.html", context)


@people.for_people("read_sealed")
@methods.only_read
def show_proposal(request: HttpRequest, number: int) -> HttpResponse:
    """Show what a proposal would do, before a second person says yes."""
    return _render_proposal(request, number)


@people.for_people("approve", "restore", "propose", "register")
@methods.only_send
def decide_proposal(request: HttpRequest, number: int) -> HttpResponse:
    """Approve a proposal, which carries it out, or turn it down."""
    person, opened = read_person(request), state.open_state()
    form = forms.ApprovalForm(request.POST)
    try:
        match request.POST.get("decision"):
            case "approve" if form.is_valid():
                proposals.approve(state=opened, actor=person, proposal_id=number, now=opened.read_now())
            case "approve":
                # Whoever may not approve is told that first, not that a box was left empty.
                proposals.check_may_approve(actor=person, proposal_id=number)
                return _render_proposal(request, number, form)
            case "reject":
                proposals.reject(actor=person, proposal_id=number, now=opened.read_now())
            case _:
                raise errors.UserMistake("say whether it is approved or turned down")
    except errors.UserMistake as mistake:
        return _explain(request, number, mistake.problems, 400)
    except errors.Refused as refusal:
        return _explain(request, number, [errors.Problem("", refusal.sentence)], 403)
    except errors.CouldNotCheck as obstacle:
        # For example no public random value: nothing was done, and the same button may work later.
        return _explain(request, number, [errors.Problem("", obstacle.sentence)], 503)
    return redirect("workspace-proposal", number)


def _explain(
    request: HttpRequest, number: int, problems: Iterable[errors.Problem], status: int
) -> HttpResponse:
    """Show the proposal again with the reason why it was not carried out; it stays as it was."""
    form = forms.ApprovalForm({"looked": "on"})
    form.is_valid()
    forms.blame(form, problems)
    return _render_proposal(request, number, form, status)


def _render_proposal(
    request: HttpRequest, number: int, form: forms.ApprovalForm | None = None, status: int = 400
) -> HttpResponse:
    person = read_person(request)
    try:
        proposal = proposals.read_proposal(actor=person, proposal_id=number)
    except errors.UserMistake:
        raise Http404 from None
    consequence = consequences.describe_proposal(proposal)
    shown, steps = stretch.cut_stretch(consequence.items, request.GET.get("from", ""), {})
    context: dict[str, Any] = {
        "proposal": proposal,
        "told": describe_proposal(proposal, person),
        "consequence": consequence,
        "rows": consequences.describe_items(proposal, shown),
        "steps": steps,
        "seconds": proposals.list_seconds(proposal) if proposal.approved is None else [],
        "form": form or forms.ApprovalForm(),
        "problems": forms.list_faults(form) if form else [],
        "payload": json.dumps(proposal.payload, ensure_ascii=False, indent=2),
    }
    if proposal.kind == "release" and proposal.approved is None:
        context["lifted"] = _describe_lifted(proposal, person)
    if proposal.kind in _RECORD_STORIES and proposal.payload.get("record"):
        context |= _describe_record(proposal)
    return people.show_room(request, "workspace/proposal.html", context, status=status if form else 200)


def _describe_lifted(proposal: Proposal, person: Person) -> list[dict[str, Any]]:
    """Describe the hidden parts that would become readable, each with the words of its line."""
    wanted = proposal.payload.get("lift") or []
    rows = Redaction.objects.filter(pk__in=wanted, item__study=proposal.payload["study"], lifted_at=None)
    return describe_regions(person, rows)


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


urlpatterns = [
    path("workspace/proposals/", list_proposals, name="workspace-proposals"),
    path("workspace/proposals/<int:number>/", show_proposal, name="workspace-proposal"),
    path("workspace/proposals/<int:number>/decide/", decide_proposal, name="workspace-decide"),
]
