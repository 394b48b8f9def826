"""Questions to companies about papers that somebody holds, and what became of each."""

from __future__ import annotations

import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from lightwell.archive import register
from lightwell.base import errors
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api

Day = datetime.date | None


@api.get(
    "/challenges", response={200: shapes.Listing[shapes.Challenge], REFUSALS: shapes.Problem}, tags=["gaps"]
)
def list_challenges(
    request: HttpRequest,
    after: str = "",
    limit: int = 100,
    company: str = "",
    state: str = "",
    as_of: Day = None,
) -> Any:
    """List every challenge in the order of the log; `state=overdue`: nobody answered in time."""
    picture = archive.read_picture(as_of)
    archive.check_company(picture, company)
    if state and state not in register.STATES:
        known = ", ".join(register.STATES)
        raise errors.UserMistake(f"there is no such state; there are: {known}", place="state")
    rows = [
        each for each in picture.challenges if company in ("", each.provider) and state in ("", each.state)
    ]
    return archive.cut(picture, rows, lambda row: (row.asked.logged.index,), after, limit, request, describe)


def describe(request: HttpRequest, row: register.Standing) -> shapes.Challenge:
    """Write a challenge as the API answers it."""
    return shapes.Challenge(
        id=row.id,
        company=row.provider,
        state=row.state,
        logged=row.logged,
        handed_over=row.handed_over,
        due=row.due,
        answered=row.answered,
        days_late=row.days_late,
        denied=row.denied,
        disproved=row.disproved,
        study=row.place.study if row.place else None,
        document=row.place.number if row.place else None,
        log_index=row.asked.logged.index,
        address=request.build_absolute_uri(reverse("challenge", args=[row.id])),
    )
