"""Companies, services, studies, inventories, documents and pages."""

from __future__ import annotations

import datetime
import json
from collections.abc import Callable, Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from lightwell.actions import (
    accounts,
    cursors,
    documents,
    moments,
    overview,
    pasts,
    proofs,
    quotations,
    studies,
)
from lightwell.actions.overview import Overview, ProviderView, StudyView
from lightwell.base import errors
from lightwell.db.models import Inventory, Item, PublicPage, Study
from lightwell.files import data, state
from lightwell.web.api import service, shapes
from lightwell.web.api.service import REFUSALS, api

Day = datetime.date | None


@api.get(
    "/companies", response={200: shapes.Listing[shapes.Company], REFUSALS: shapes.Problem}, tags=["archive"]
)
def list_companies(request: HttpRequest, after: str = "", limit: int = 50, as_of: Day = None) -> Any:
    """List every company, also those that never took part."""
    picture = read_picture(as_of)
    return cut(picture, picture.providers, lambda row: (row.slug,), after, limit, request, describe_company)


@api.get("/companies/{company}", response={200: shapes.Company, REFUSALS: shapes.Problem}, tags=["archive"])
def read_company(request: HttpRequest, company: str, as_of: Day = None) -> Any:
    """Read one company."""
    found = read_picture(as_of).find_provider(company)
    if found is None:
        raise Http404
    return describe_company(request, found)


@api.get(
    "/services", response={200: shapes.Listing[shapes.Service], REFUSALS: shapes.Problem}, tags=["archive"]
)
def list_services(request: HttpRequest, company: str = "", after: str = "", limit: int = 50) -> Any:
    """List the services of every company, or of one."""
    picture = read_picture(None)
    check_company(picture, company)
    rows = [
        shapes.Service(id=each.id, name=each.name, company=provider.slug)
        for provider in picture.providers
        if company in ("", provider.slug)
        for each in provider.services
    ]
    return cut(picture, rows, lambda row: (row.company, row.id), after, limit, request, lambda _, row: row)


@api.get("/studies", response={200: shapes.Listing[shapes.Study], REFUSALS: shapes.Problem}, tags=["archive"])
def list_studies(
    request: HttpRequest, company: str = "", after: str = "", limit: int = 50, as_of: Day = None
) -> Any:
    """List the registered studies in the order of their registration."""
    picture = read_picture(as_of)
    check_company(picture, company)
    rows = [study for study in picture.studies if company in ("", study.provider)]
    key: Callable[[StudyView], cursors.Key] = lambda row: (row.registered_at.isoformat(), row.id)  # noqa: E731
    return cut(picture, rows, key, after, limit, request, describe_study)


@api.get("/studies/{study}", response={200: shapes.Study, REFUSALS: shapes.Problem}, tags=["archive"])
def read_study(request: HttpRequest, study: str, as_of: Day = None) -> Any:
    """Read one study; its words are the record of the same id."""
    return describe_study(request, _find_study(read_picture(as_of), study))


@api.get(
    "/studies/{study}/registration",
    response={200: shapes.Registration, REFUSALS: shapes.Problem},
    tags=["archive"],
)
def read_registration(request: HttpRequest, study: str) -> Any:
    """Read between which times a study was registered, and on whose word; neither says when work began."""
    found = _find_study(read_picture(None), study)
    bounds, named = studies.read_bounds(state.open_state(), study)
    return shapes.Registration(
        study=study,
        in_advance=found.in_advance,
        log_index=Study.objects.values_list("log_index", flat=True).get(pk=study),
        not_before=bounds.not_before if found.in_advance else None,
        not_after=bounds.not_after,
        beacon=shapes.Beacon(source=named.source, round=named.round, value=named.value, at=bounds.beacon)
        if named
        else None,
    )


@api.get(
    "/studies/{study}/inventories",
    response={200: list[shapes.Inventory], REFUSALS: shapes.Problem},
    tags=["archive"],
)
def list_inventories(request: HttpRequest, study: str) -> Any:
    """List what was locked in, and when; the second and later ones hold what was added later."""
    _find_study(read_picture(None), study)
    find_time = moments.make_finder(state.open_state())
    return [
        shapes.Inventory(
            study=study,
            number=row.number,
            documents=row.items.count(),
            root=row.root,
            log_index=row.log_index,
            sealed_at=find_time(row.log_index, row.sealed_at),
        )
        for row in Inventory.objects.filter(study=study).order_by("number")
    ]


@api.get(
    "/studies/{study}/documents",
    response={200: shapes.Listing[shapes.Document], REFUSALS: shapes.Problem},
    tags=["archive"],
)
def list_documents(
    request: HttpRequest, study: str, after: str = "", limit: int = 50, as_of: Day = None
) -> Any:
    """List every document of a study, also those that nobody may read yet."""
    picture = read_picture(as_of)
    rows = _find_study(picture, study).documents
    return cut(picture, rows, lambda row: (row.number,), after, limit, request, describe_document)


@api.get(
    "/studies/{study}/documents/{int:number}",
    response={200: shapes.DocumentDetail, REFUSALS: shapes.Problem},
    tags=["archive"],
)
def read_document(request: HttpRequest, study: str, number: int) -> Any:
    """Read one document with a place for each of its pages."""
    picture = read_picture(None)
    listed = next((each for each in _find_study(picture, study).documents if each.number == number), None)
    try:
        document = documents.read_document(documents.find_item(study, number))
    except Item.DoesNotExist:
        raise Http404 from None
    if listed is None:
        raise Http404
    item = document.item
    return shapes.DocumentDetail(
        **describe_document(request, listed).dict(),
        commitment=item.commitment,
        renderer=item.renderer,
        file=shapes.File(
            sha256=item.sha256,
            bytes=item.size,
            media_type=item.media_type,
            name=document.file_name,
            address=_address(request, "file", item.sha256),
        )
        if document.whole
        else None,
        published=_address(request, "file", document.published) if document.published else None,
        hidden=dict(document.regions),
        reading_copy=_address(request, "file", document.reading_copy) if document.reading_copy else None,
        parts=[
            shapes.Part(kind=each.kind, found=each.found, pages=list(each.pages))
            for each in document.tally.lines
        ],
        places=[
            shapes.Place(
                page=place.number,
                state=place.state,
                ground=place.reason.ground.id if place.reason else None,
                until=place.reason.until if place.reason else None,
                address=_address(request, "page", study, number, place.number),
            )
            for place in document.places
        ],
    )


@api.get(
    "/studies/{study}/documents/{int:number}/pages/{int:page}",
    response={200: shapes.Page, REFUSALS: shapes.Problem},
    tags=["archive"],
)
def read_page(request: HttpRequest, study: str, number: int, page: int) -> Any:
    """Read the words of an open page with their boxes; 451 with the reason for one that is not shown."""
    row = _find_page(study, number, page)
    sheet = quotations.read_sheet(row)
    return shapes.Page(
        study=study,
        number=number,
        page=page,
        width=sheet.width,
        height=sheet.height,
        text=row.text,
        lines=(lines := json.loads(bytes(row.lines))),
        kinds=row.hidden["kinds"] if row.hidden else ["sealed"] * len(lines),
        hidden=[
            shapes.HiddenPart(ground=each.ground, decided_by=each.decided_by, review=each.review)
            for each in sheet.regions
        ],
        sure=documents.read_document(row.item).tally.sure.get(page),
        picture=_address(request, "page-picture", study, number, page),
        proof=_address(request, "page-proof", study, number, page),
        address=_address(request, "page", study, number, page),
    )


@api.get(
    "/studies/{study}/documents/{int:number}/pages/{int:page}/proof",
    response={200: dict[str, Any], REFUSALS: shapes.Problem},
    tags=["archive"],
)
def read_proof(request: HttpRequest, study: str, number: int, page: int) -> Any:
    """Read the proof of an open page, as `lightwell verify` takes it."""
    row = _find_page(study, number, page)
    return HttpResponse(proofs.make_proof(state=state.open_state(), row=row), content_type="application/json")


def read_picture(as_of: Day) -> Overview:
    """Read the picture of a day."""
    return pasts.read_picture(state.open_state(), as_of)


def check_company(picture: Overview, company: str) -> None:
    """Refuse a company that is not here; an empty list would say that it put nothing here."""
    if company and picture.find_provider(company) is None:
        raise errors.UserMistake("there is no company with this id here", place="company")


def cut(
    picture: Overview,
    rows: Iterable[Any],
    key: Callable[[Any], cursors.Key],
    after: str,
    limit: int,
    request: HttpRequest,
    describe: Callable[[HttpRequest, Any], Any],
) -> dict[str, Any]:
    """Cut one part out of a list and describe its rows."""
    part = cursors.cut_part(rows, key, after, limit, request.path)
    return {
        "items": [describe(request, row) for row in part.rows],
        "next": part.next,
        "as_of": picture.day,
        "log_size": picture.size,
    }


def describe_company(request: HttpRequest, row: ProviderView) -> shapes.Company:
    """Write a company as the API answers it; both accounts, so that others' pages never count as its own."""
    return shapes.Company(
        id=row.slug,
        name=row.name,
        joined=row.joined,
        sample=row.sample,
        past_names=[shapes.PastName(name=name, until=until) for name, until in row.past_names],
        services=[shapes.Party(id=each.id, name=each.name) for each in row.services],
        studies=len(row.studies),
        pages=_describe_account(row.account),
        pages_by_others=_describe_account(row.other_account),
        address=_address(request, "company", row.slug),
    )


def describe_study(request: HttpRequest, row: StudyView) -> shapes.Study:
    """Write a study as the API answers it; its title is None once its words were removed."""
    record = row.record
    title = record.body.get("title") if record else None
    return shapes.Study(
        id=row.id,
        company=row.provider,
        title=str(title) if title else None,
        in_advance=row.in_advance,
        registered_at=row.registered_at,
        publisher=shapes.Party(id=record.publisher.id, name=record.publisher.name) if record else None,
        own=row.own,
        pages=_describe_account(row.account),
        in_full=row.in_full,
        states=row.states,
        days_late=row.days_late,
        broken_promise=row.broken.due if row.broken else None,
        address=_address(request, "study", row.id),
    )


def describe_document(request: HttpRequest, row: overview.Document) -> shapes.Document:
    """Write a document as the API answers it; what is not public is None, never left out."""
    known = data.read_grounds()
    return shapes.Document(
        study=row.study,
        number=row.number,
        inventory=row.inventory,
        kind=row.kind,
        title=row.title,
        date=row.date or None,
        pages=row.pages,
        pages_open=row.pages_open,
        pages_redacted=row.pages_redacted,
        state=row.state,
        stopped=row.stopped,
        due=row.due,
        days_late_strict=row.strict_days,
        days_late_generous=row.generous_days,
        days_past_review=row.review_days,
        extensions=row.extensions,
        disputed=row.disputed,
        log_index=row.log_index,
        reasons=[
            shapes.Reason(
                page=each.page,
                ground=each.ground,
                title=known[each.ground].title,
                decided_by=each.decided_by,
                since=each.since,
                until=each.until,
                suspended=each.suspended,
            )
            for each in row.reasons
        ],
        address=_address(request, "document", row.study, row.number),
    )


def _describe_account(account: accounts.Account) -> shapes.Pages:
    return shapes.Pages(
        promised=account.promised,
        published=account.published,
        hidden=account.hidden,
        held_back=account.held,
        late=account.late,
        not_due=account.later,
        in_all=account.in_all,
        documents=account.documents,
        documents_of_unknown_length=account.uncounted,
    )


def _find_study(picture: Overview, study: str) -> StudyView:
    found = picture.find_study(study)
    if found is None:
        raise Http404
    return found


def _find_page(study: str, number: int, page: int) -> PublicPage:
    try:
        document = documents.read_document(documents.find_item(study, number))
    except Item.DoesNotExist:
        raise Http404 from None
    if not 1 <= page <= len(document.places):
        raise Http404
    place = document.places[page - 1]
    row = documents.find_page(document.item, page) if place.state == documents.OPEN else None
    if row is None and place.reason:
        raise service.Unavailable(f"This page is {place.state}: {place.reason.ground.title}.")
    if row is None:
        raise errors.Refused(f"This page is not published yet; it is promised by {document.item.due}.")
    return row


def _address(request: HttpRequest, name: str, *args: object) -> str:
    return request.build_absolute_uri(reverse(name, args=args))
