"""Public records: every version, what changed between two of them, and removed ones as their place."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.urls import reverse

from lightwell.actions import records
from lightwell.actions.overview import Overview
from lightwell.base import disclosure, errors
from lightwell.db.models import Disclosure
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api


@api.get(
    "/records", response={200: shapes.Listing[shapes.Record], REFUSALS: shapes.Problem}, tags=["records"]
)
def list_records(
    request: HttpRequest, kind: str = "", company: str = "", about: str = "", after: str = "", limit: int = 50
) -> Any:
    """List the newest version of every record, by kind, company or the record it is about."""
    if kind and kind not in disclosure.KINDS:
        known = ", ".join(disclosure.KINDS)
        raise errors.UserMistake(f"there is no such kind of record; there are: {known}", place="kind")
    filters = {"kind": kind, "provider_id": company, "about": about}
    rows = records.list_newest(**{name: value for name, value in filters.items() if value})
    picture = archive.read_picture(None)
    archive.check_company(picture, company)
    return archive.cut(
        picture,
        rows,
        lambda row: (row.log_index,),
        after,
        limit,
        request,
        lambda request, row: _describe_row(request, row, picture),
    )


@api.get("/records/{record}", response={200: shapes.History, REFUSALS: shapes.Problem}, tags=["records"])
def read_record(request: HttpRequest, record: str) -> Any:
    """Read every version of a record; of a removed one only its place and the legal reason."""
    history = records.read_history(record)
    if history is None:
        raise Http404
    picture = archive.read_picture(None)
    return shapes.History(
        id=history.id,
        kind=history.kind,
        company=history.provider,
        versions=[
            shapes.Version(
                version=each.number,
                put_here_on=picture.put_here.get((history.id, each.number)),
                date=each.date,
                digest=each.digest,
                log_index=each.log_index,
                removed=each.record is None,
                ground=each.removal.ground if each.removal else None,
                record=disclosure.format_disclosure(each.record) if each.record else None,
            )
            for each in history.versions
        ],
    )


@api.get(
    "/records/{record}/changes/{int:old}/{int:new}",
    response={200: shapes.Difference, REFUSALS: shapes.Problem},
    tags=["records"],
)
def compare_versions(request: HttpRequest, record: str, old: int, new: int) -> Any:
    """List every field that changed between two versions; empty when nothing did."""
    history = records.read_history(record)
    if history is None:
        raise Http404
    changes = records.compare_versions(history, old, new)
    return shapes.Difference(
        id=record,
        old=old,
        new=new,
        changes=[
            shapes.Change(place=each.pointer, how=each.how, before=each.old, after=each.new)
            for each in changes
        ],
    )


def _describe_row(request: HttpRequest, row: Disclosure, picture: Overview) -> shapes.Record:
    record = row.read_record()
    return shapes.Record(
        id=row.record,
        kind=row.kind,
        version=row.version,
        digest=row.digest,
        put_here_on=picture.put_here.get((row.record, row.version)),
        date=row.date,
        company=row.provider_id,
        publisher=shapes.Party(id=record.publisher.id, name=record.publisher.name),
        publisher_role=record.publisher.role,
        language=row.language,
        log_index=row.log_index,
        address=request.build_absolute_uri(reverse("record", args=[row.record])),
    )
