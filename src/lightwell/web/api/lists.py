"""Search, the gap table and what is late."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from ninja import Query, Schema
from pydantic import Field

from lightwell.actions import search
from lightwell.archive import completeness
from lightwell.base import errors
from lightwell.files import finder, state
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api

Day = datetime.date | None
_MOST_HITS = 100


class Ticked(Schema):
    """Filters of a search: within one field any of the values, across fields all."""

    company: list[str] = Field(default_factory=list)
    service: list[str] = Field(default_factory=list)
    topic: list[str] = Field(default_factory=list)
    kind: list[str] = Field(default_factory=list)
    year: list[str] = Field(default_factory=list)
    language: list[str] = Field(default_factory=list)
    study: list[str] = Field(default_factory=list)
    since: str = ""
    until: str = ""


@api.get("/search", response={200: shapes.Hits, REFUSALS: shapes.Problem}, tags=["search"])
def find_pages(
    request: HttpRequest,
    ticked: Query[Ticked],
    q: str = "",
    newest: bool = False,
    after: str = "",
    limit: int = 20,
) -> Any:
    """Find published pages by words, phrases, beginnings of words and fields."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in ticked.dict().items()
    }
    filters = finder.Filters(**values)
    if limit < 1:
        raise errors.UserMistake("a part of a list has at least one row", place="limit")
    most = min(limit, _MOST_HITS)
    found = search.find_pages(state.open_state(), q, filters, after, limit=most, newest=newest)
    return shapes.Hits(
        items=[
            shapes.Hit(
                study=each.study,
                number=each.item,
                page=each.page,
                title=each.title,
                study_title=each.study_title,
                company=each.company,
                kind=each.kind,
                date=each.date,
                language=each.language,
                excerpt=each.excerpt.text,
                marks=list(each.excerpt.marks),
                address=request.build_absolute_uri(reverse("page", args=[each.study, each.item, each.page])),
            )
            for each in found.pages
        ],
        next=found.next or None,
        pages=found.counts.pages,
        counts={name: dict(values) for name, values in found.counts.by.items()},
    )


@api.get("/gaps", response={200: shapes.Listing[shapes.Document], REFUSALS: shapes.Problem}, tags=["gaps"])
def list_gaps(
    request: HttpRequest, after: str = "", limit: int = 100, state: str = "", as_of: Day = None
) -> Any:
    """List what became of every document that was ever locked in; its length never shrinks."""
    picture = archive.read_picture(as_of)
    if state and state not in completeness.STATES:
        known = ", ".join(completeness.STATES)
        raise errors.UserMistake(f"there is no such state; there are: {known}", place="state")
    rows = [each for study in picture.studies for each in study.documents if state in ("", each.state)]
    return archive.cut(
        picture, rows, lambda row: (row.study, row.number), after, limit, request, archive.describe_document
    )


@api.get("/overdue", response={200: shapes.Listing[shapes.Document], REFUSALS: shapes.Problem}, tags=["gaps"])
def list_overdue(request: HttpRequest, after: str = "", limit: int = 100, as_of: Day = None) -> Any:
    """List the documents that are late, the latest first."""
    picture = archive.read_picture(as_of)
    rows = [each for study in picture.studies for each in study.late]
    return archive.cut(
        picture,
        rows,
        lambda row: (-row.strict_days, row.study, row.number),
        after,
        limit,
        request,
        archive.describe_document,
    )


@api.get(
    "/overdue/studies", response={200: shapes.Listing[shapes.Study], REFUSALS: shapes.Problem}, tags=["gaps"]
)
def list_broken_promises(request: HttpRequest, after: str = "", limit: int = 100, as_of: Day = None) -> Any:
    """List the studies of which nothing was locked in by the promised date, the latest first."""
    picture = archive.read_picture(as_of)
    rows = [study for study in picture.studies if study.broken]
    return archive.cut(
        picture,
        rows,
        lambda row: (row.broken.due.isoformat(), row.id),
        after,
        limit,
        request,
        archive.describe_study,
    )
