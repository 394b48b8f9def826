"""Search, the gap table and what is late."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from ninja import Query

from lightwell.actions import search
from lightwell.files import finder, state
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api

Day = datetime.date | None
_MOST_HITS = 100


@api.get("/search", response={200: shapes.Hits, REFUSALS: shapes.Problem}, tags=["search"])
def find_pages(
    request: HttpRequest,
    q: str = "",
    company: list[str] = Query([]),  # noqa: B008 - how ninja declares a repeated parameter
    service: list[str] = Query([]),  # noqa: B008
    topic: list[str] = Query([]),  # noqa: B008
    kind: list[str] = Query([]),  # noqa: B008
    year: list[str] = Query([]),  # noqa: B008
    language: list[str] = Query([]),  # noqa: B008
    study: list[str] = Query([]),  # noqa: B008
    since: str = "",
    until: str = "",
    newest: bool = False,
    after: str = "",
    limit: int = 20,
) -> Any:
    """Find published pages by words, phrases, beginnings of words and fields."""
    filters = finder.Filters(
        company=tuple(company),
        service=tuple(service),
        topic=tuple(topic),
        kind=tuple(kind),
        year=tuple(year),
        language=tuple(language),
        study=tuple(study),
        since=since,
        until=until,
    )
    most = max(1, min(limit, _MOST_HITS))
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
    rows = [each for study in picture.studies for each in study.documents if state in ("", each.state)]
    return archive.cut(
        picture, rows, lambda row: (row.study, row.number), after, limit, request, archive.describe_document
    )


@api.get("/overdue", response={200: shapes.Listing[shapes.Document], REFUSALS: shapes.Problem}, tags=["gaps"])
def list_overdue(request: HttpRequest, after: str = "", limit: int = 100, as_of: Day = None) -> Any:
    """List what is late, the latest first."""
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
