"""The workspace: signing in, the desk with everything that waits, and the inbox of reports.

Rules live in the stories (`actions`); a view reads a form, calls one story and shows what came of it.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import views as auth_views
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path

from lightwell.actions import (
    documents,
    factors,
    journal,
    organisations,
    overview,
    proposals,
    redactions,
    reports,
    sittings,
    suspensions,
)
from lightwell.archive import register
from lightwell.base import errors, ground, roles
from lightwell.db.models import Item, Person, Report, Suspension
from lightwell.files import diary, state
from lightwell.web import consequences, methods, pace, people, visitors
from lightwell.web.views.factors import list_sample_people

_GONE = (
    "It is out of view: gone from every page, the search, the feeds and the downloads. "
    "Two people can show it again."
)


class SignIn(auth_views.LoginView):
    """Sign in by name and password; a few tries a minute for each visitor and name."""

    template_name = "workspace/sign_in.html"
    next_page = "workspace"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Offer the sample's invented people, where this is a sample."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        # Django puts a `site` of its own here, which would hide ours from the page.
        kept = {name: value for name, value in context.items() if name not in ("site", "site_name")}
        return {**kept, "sample_people": list_sample_people()}

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Take a try only as often as `web/pace` allows for a visitor and name."""
        visitor = f"{visitors.read_network(request)} {request.POST.get('username', '')[:150]}"
        if not pace.take_turn("sign-in", visitor):
            context = {"sentences": ["Several tries came in quick succession. Wait a minute and try again."]}
            return render(request, "problem.html", {**context, "status": 429}, status=429)
        answer = super().post(request, *args, **kwargs)
        granted = isinstance(request.user, Person)
        diary.write_line("sign-in", outcome="granted" if granted else "refused")
        if not granted:
            name = request.POST.get("username", "")[:150]
            sittings.note_refusal(name=name, deed=journal.SIGN_IN_REFUSED)
        return answer


class SignOut(auth_views.LogoutView):
    """Sign out, and end the sitting."""

    next_page = "front"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the sitting, then forget the session."""
        if isinstance(request.user, Person):
            sittings.leave(person=request.user, token=people.read_token(request))
        return super().post(request, *args, **kwargs)


@people.for_people()
@methods.only_read
def show_desk(request: HttpRequest) -> HttpResponse:
    """Show what waits for this person and for a second one."""
    person = read_person(request)
    may = people.read_permissions(person)
    waiting = proposals.list_open(actor=person) if may["read_sealed"] else []
    context = {
        "may": may,
        "promises": list_promises(person) if may["read_sealed"] else [],
        "role_table": [(name, roles.PERMISSIONS[name]) for name, held in may.items() if held],
        "waiting": [describe_proposal(each, person) for each in waiting],
        "hidden": [
            {
                "id": study,
                "title": consequences.name_record(study),
                "suggested": suggested,
                "proposed": proposed,
            }
            for study, suggested, proposed in redactions.list_waiting(person)
        ],
        "questions": list_questions(person) if may["read_sealed"] else [],
        "reports": reports.list_open(actor=person) if may["suspend"] else [],
        "stops": suspensions_in_force() if may["suspend"] else [],
        "guarded": people.is_verified(request),
        "codes_left": factors.count_codes(person),
    }
    return people.show_room(request, "workspace/desk.html", context)


@people.for_people("suspend")
@methods.only_read
def show_reports(request: HttpRequest) -> HttpResponse:
    """Show the reports that nobody has looked at, and what is out of view."""
    person = read_person(request)
    context = {
        "may": people.read_permissions(person),
        "reports": [describe_report(each, person) for each in reports.list_open(actor=person)],
        "stops": suspensions_in_force(),
        "waiting": {
            each.payload.get("suspension"): each.pk
            for each in proposals.list_open()
            if each.kind == "restoration"
        },
    }
    return people.show_room(request, "workspace/reports.html", context)


@people.for_people("suspend")
@methods.only_send
def settle_report(request: HttpRequest, number: int) -> HttpResponse:
    """Take the page of a report out of view at once, or note that it is gone or nothing has to be done."""
    person, opened = read_person(request), state.open_state()
    report = Report.objects.select_related("item").filter(pk=number).first()
    if report is None:
        raise Http404
    match request.POST.get("decision"), report.item:
        case "suspend", Item() as item:
            stop_page(opened, person, item, report.page)
            people.tell(request, _GONE)
        case "lock-away", Item() as item:
            stop_page(opened, person, item, None, ground.QUARANTINE)
            people.tell(request, "Locked away unseen. Now do what the operator's guide says the law demands.")
    settled = reports.settle_report(
        actor=person,
        report=report,
        outcome=request.POST.get("decision", ""),
        reason=request.POST.get("reason", ""),
        now=opened.read_now(),
    )
    if request.POST.get("decision") == "nothing":
        people.tell(
            request,
            "The report is closed, and nothing was changed."
            if settled
            else "A second person, or the officer for child protection, has to agree before it is closed.",
        )
    return redirect("workspace-reports")


@people.for_people("suspend")
@methods.read_or_send
def suspend_page(request: HttpRequest, study: str, number: int, page: int | None = None) -> HttpResponse:
    """Ask once, then take a page or a whole document out of view."""
    try:
        item = documents.find_item(study, number)
    except Item.DoesNotExist:
        raise Http404 from None
    if request.method == "POST":
        chosen = request.POST.get("ground", suspensions.GROUND)
        stop_page(state.open_state(), read_person(request), item, page, chosen)
        people.tell(request, _GONE)
        return redirect("workspace-reports")
    context = {
        "item": item,
        "page": page,
        "grounds": suspensions.list_grounds(),
        "title": consequences.name_record(study),
    }
    return people.show_room(request, "workspace/suspend.html", context)


@people.for_people("restore")
@methods.only_send
def propose_restoration(request: HttpRequest, number: int) -> HttpResponse:
    """Propose to show a suspended page again; another person approves."""
    stop = Suspension.objects.select_related("item").filter(pk=number, restored_at=None).first()
    if stop is None:
        raise Http404
    proposal = proposals.propose(
        actor=read_person(request),
        kind="restoration",
        subject=stop.item.study_id,
        payload={"suspension": stop.pk},
        now=state.open_state().read_now(),
    )
    return redirect("workspace-proposal", proposal.pk)


def stop_page(
    opened: state.State, person: Person, item: Item, page: int | None, ground_id: str = suspensions.GROUND
) -> None:
    """Take a page or a document out of view; one that is out of view already stays so."""
    if item.suspensions.filter(page=page, ground=ground_id, restored_at=None).exists():
        return
    suspensions.take_out_of_view(
        state=opened, actor=person, item=item, page=page, ground_id=ground_id, now=opened.read_now()
    )


def list_promises(person: Person) -> list[dict[str, Any]]:
    """List the studies of a person's organisation that have late documents, or some due within 30 days."""
    picture = overview.read_overview(state.open_state())
    return [
        {"id": study.id, "title": consequences.name_record(study.id), "late": late, "soon": soon}
        for study in picture.studies
        if organisations.may_read(person, organisations.find_owner(study.id))
        for late, soon in [(study.states.get("overdue", 0), study.states.get("due-soon", 0))]
        if late or soon
    ]


def list_questions(person: Person) -> list[register.Standing]:
    """List the questions that a person's organisation owes an answer, the next due date first."""
    picture = overview.read_overview(state.open_state())
    owed = [
        each
        for each in picture.challenges
        if each.state in ("open", "overdue") and each.provider == person.organisation_id
    ]
    return sorted(owed, key=lambda each: (str(each.due), each.id))


def suspensions_in_force() -> list[Suspension]:
    """List what is out of view for now, newest first."""
    rows = Suspension.objects.filter(restored_at=None).select_related("item__study__provider", "by")
    return list(rows.order_by("-at"))


def read_person(request: HttpRequest) -> Person:
    """Return the person who signed in; `people.for_people` has asked before."""
    if not isinstance(request.user, Person):
        raise errors.Refused("sign in first")
    return request.user


def describe_report(report: Report, person: Person) -> dict[str, Any]:
    """Describe a report; one about a record with what is left to do: removal takes two of its publisher."""
    if report.item is not None:
        return {"row": report}
    owner = organisations.find_owner(report.record)
    removed_by = [
        each
        for each in proposals.list_open()
        if (each.kind, each.payload.get("record")) == ("withdrawal", report.record)
        and each.payload.get("version") in (None, report.version)
    ]
    return {
        "row": report,
        "title": consequences.name_record(report.record),
        "owner": owner,
        "shown": reports.is_shown(report.record, report.version),
        "removal": bool(removed_by),
        "may_propose": roles.may_for(person.roles, "propose", person.organisation_id, owner),
    }


def describe_proposal(proposal: Any, person: Person) -> dict[str, Any]:
    """Say what a proposal would do and whether this person may approve it or take it back."""
    story = proposals.find_story(proposal.kind)
    own = proposal.proposer_id == person.pk
    return {
        "row": proposal,
        "words": story.words,
        "title": consequences.name_subject(proposal),
        "own": own,
        "may_approve": not own
        and roles.may_for(person.roles, story.approving, person.organisation_id, proposal.organisation_id),
    }


urlpatterns = [
    path("workspace/", show_desk, name="workspace"),
    path("workspace/sign-in/", SignIn.as_view(), name="sign-in"),
    path("workspace/sign-out/", SignOut.as_view(), name="sign-out"),
    path("workspace/reports/", show_reports, name="workspace-reports"),
    path("workspace/reports/<int:number>/", settle_report, name="workspace-report"),
    path("workspace/suspend/<slug:study>/<int:number>/", suspend_page, name="workspace-suspend-document"),
    path("workspace/suspend/<slug:study>/<int:number>/<int:page>/", suspend_page, name="workspace-suspend"),
    path("workspace/restore/<int:number>/", propose_restoration, name="workspace-restore"),
]
