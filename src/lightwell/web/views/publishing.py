"""The rooms of the workspace for studies: locking in, proposing to publish, and what is said afterwards."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path

from lightwell.actions import inventories, organisations, overview, proposals, readings
from lightwell.base import errors, roles
from lightwell.db.models import Disclosure, Holding, Item, Person, Study
from lightwell.files import incoming, occupancy, state
from lightwell.web import consequences, methods, people, stretch
from lightwell.web.forms import workspace as forms
from lightwell.web.views.workspace import read_person


@dataclass(frozen=True, slots=True)
class Matter:
    """One thing that can be proposed about documents: its form, its heading, and what to know before."""

    form: Any
    heading: str
    note: str


# By the kind of proposal, in the order of the page.
MATTERS = {
    "publication": Matter(
        forms.PublicationForm,
        "Propose to publish",
        "What the inventory intends to publish is opened, what it intends to hold back is held back with its "
        "legal reason. What is published whole can never be hidden again in copies.",
    ),
    "naming": Matter(
        forms.NamingForm,
        "Another title or file name",
        "Before the document is public, as when a name that has to be hidden stands in it. Neither is part "
        "of the seal.",
    ),
    "extension": Matter(
        forms.ExtensionForm,
        "Move a promised date",
        "Before it has passed, and for a legal reason. Both dates stay for everybody to see; what is late "
        "stays late.",
    ),
    "already-public": Matter(
        forms.AlreadyPublicForm,
        "Public elsewhere already",
        "Publish a record first that says where the documents can be read.",
    ),
    "take-back": Matter(
        forms.TakeBackForm,
        "Take published documents back",
        "Their pages leave the site, their places stay with the legal reason. Copies cannot be called back.",
    ),
    "key-lost": Matter(
        forms.KeyLostForm,
        "The key is lost",
        "Only when nothing here opens the document any more. It counts as lost for ever, and the study is "
        "never called published in full.",
    ),
    "erasure": Matter(
        forms.ErasureForm,
        "Erase by law",
        "The key and every byte of the document are destroyed, and nothing brings it back. Its place and the "
        "legal reason stay.",
    ),
}


@people.for_people("read_sealed")
@methods.only_read
def list_studies(request: HttpRequest) -> HttpResponse:
    """List the studies with what is measured, locked in, published and late."""
    person = read_person(request)
    rows = [
        row
        for row in Study.objects.select_related("provider").order_by("-registered_at")
        if organisations.may_read(person, organisations.find_owner(row.id))
    ]
    picture = overview.read_overview(state.open_state())
    listed = [
        {
            "row": row,
            "title": consequences.name_record(row.id),
            "measured": row.items.filter(inventory=None).count(),
            "sealed": row.items.filter(inventory__isnull=False).count(),
            "published": row.items.filter(named=True).count(),
            "late": len(seen.late) if (seen := picture.find_study(row.id)) else 0,
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
    form = forms.SealForm(request.POST, wanted=row.id, auto_id="seal-%s")
    if not form.is_valid():
        return _render_study(request, row, "seal", form)
    opened = state.open_state()
    with occupancy.hold_study(opened.root, row.id):
        sealed = inventories.seal_inventory(actor=read_person(request), study=row, now=opened.read_now())
        readings.forget_sealed(state=opened, study=row)
    count = sealed.items.count()
    people.tell(
        request,
        f"Locked in: {count:,} document{'' if count == 1 else 's'}. From now on everybody sees their number, "
        "their kinds and their dates. The next step is to propose what is published.",
    )
    return redirect("workspace-study", row.id)


@people.for_people("propose")
@methods.only_send
def propose_matter(request: HttpRequest, study: str, kind: str) -> HttpResponse:
    """Propose one of the matters about documents that are locked in."""
    if kind not in MATTERS:
        raise Http404
    row, person = _find_study(study), read_person(request)
    form = _make_form(kind, person, request.POST)
    if not form.is_valid():
        return _render_study(request, row, kind, form)
    try:
        proposal = proposals.propose(
            actor=person,
            kind=kind,
            subject=row.id,
            payload={"study": row.id, **form.cleaned_data},
            now=state.open_state().read_now(),
        )
    except errors.UserMistake as mistake:
        forms.blame(form, mistake.problems)
        return _render_study(request, row, kind, form)
    return redirect("workspace-proposal", proposal.pk)


@people.for_people("propose")
@methods.read_or_send
def propose_dispute(request: HttpRequest) -> HttpResponse:
    """Propose to mark documents as disputed, of whatever study, by a commentary of one's own."""
    person = read_person(request)
    first = {"study": request.GET.get("study", "")[:40]}
    form = forms.DisputeForm(request.POST if request.method == "POST" else None, initial=first)
    form.fields["study"].choices = [("", "Choose one"), *_list_public_studies()]
    form.fields["record"].offer(consequences.list_own_records(person.organisation_id, "commentary", "reply"))
    if request.method == "POST" and form.is_valid():
        try:
            proposal = proposals.propose(
                actor=person,
                kind="dispute",
                subject=form.cleaned_data["study"],
                payload=form.cleaned_data,
                now=state.open_state().read_now(),
            )
        except errors.UserMistake as mistake:
            forms.blame(form, mistake.problems)
        else:
            return redirect("workspace-proposal", proposal.pk)
    status = 400 if request.method == "POST" else 200
    context = {"form": form, "problems": forms.list_faults(form)}
    return people.show_room(request, "workspace/dispute.html", context, status=status)


def _make_form(kind: str, person: Person, sent: Any = None) -> Any:
    form = MATTERS[kind].form(sent, auto_id=f"{kind}-%s")
    if kind == "already-public":
        form.fields["record"].offer(consequences.list_own_records(person.organisation_id))
    return form


def _render_study(request: HttpRequest, row: Study, kind: str = "", refused: Any = None) -> HttpResponse:
    """Show a study; with a form that was refused, its faults and what was typed into it."""
    person = read_person(request)
    owner = organisations.find_owner(row.id)
    organisations.check_owner(person, "read_sealed", owner)
    may = _read_permissions_for(person, owner)
    measured = list(Item.objects.filter(study=row, inventory=None).order_by("number"))
    sealed = list(
        Item.objects.filter(study=row, inventory__isnull=False)
        .defer("page_roots", "wrapped_key")
        .order_by("number")
    )
    seen = overview.read_overview(state.open_state()).find_study(row.id)
    documents = {each.number: each for each in seen.documents} if seen else {}
    shown, steps = stretch.cut_stretch(sealed, request.GET.get("from", ""), {})
    held = set(Holding.objects.filter(item__study=row, page=None).values_list("item", flat=True))
    left = [item for item in sealed if not item.named and item.pk not in held]
    context = {
        "study": row,
        "title": consequences.name_record(row.id),
        "measured": measured[: stretch.MOST_ROWS],
        "measured_count": len(measured),
        "incoming": incoming.open_area(state.open_state().root, row.id).exists(),
        "preview": inventories.preview_seal(study=row) if inventories.is_measured(row) else None,
        "sealed": sealed,
        "rows": [(item, documents.get(item.number)) for item in shown],
        "steps": steps,
        "states": dict(Counter(each.state for each in documents.values())),
        "left": len(left),
        "may": may,
        "seal_form": refused if kind == "seal" else forms.SealForm(wanted=row.id, auto_id="seal-%s"),
        "matters": [
            {
                "kind": name,
                "matter": matter,
                "form": refused if name == kind else _make_form(name, person),
                "open": name in (kind, "publication"),
            }
            for name, matter in MATTERS.items()
            if may["propose"] and sealed and (name != "publication" or left)
        ],
        "problems": forms.list_faults(refused) if refused else [],
        "no_record": not consequences.list_own_records(person.organisation_id),
    }
    return people.show_room(request, "workspace/study.html", context, status=400 if refused else 200)


def _read_permissions_for(person: Person, owner: str | None) -> dict[str, bool]:
    """Say what a person may do with what belongs to `owner`; to take out of view is open to every officer."""
    return {
        name: roles.may(person.roles, name)
        if name == "suspend"
        else roles.may_for(person.roles, name, person.organisation_id, owner)
        for name in roles.PERMISSIONS
    }


def _list_public_studies() -> list[tuple[str, str]]:
    rows = Disclosure.objects.newest().visible().filter(kind="study").order_by("provider__name", "record")
    return [
        (row.record, f"{row.read_record().body.get('title') or row.record} ({row.record})") for row in rows
    ]


def _find_study(study: str) -> Study:
    row = Study.objects.select_related("provider").filter(pk=study).first()
    if row is None:
        raise Http404
    return row


urlpatterns = [
    path("workspace/studies/", list_studies, name="workspace-studies"),
    path("workspace/studies/<slug:study>/", show_study, name="workspace-study"),
    path("workspace/studies/<slug:study>/seal/", seal_study, name="workspace-seal"),
    path("workspace/studies/<slug:study>/propose/<slug:kind>/", propose_matter, name="workspace-propose"),
    path("workspace/dispute/", propose_dispute, name="workspace-dispute"),
]
