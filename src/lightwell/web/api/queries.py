"""Data sets that can be asked, and the private answers about them: what the pages show, for programs."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest
from django.urls import reverse

from lightwell.actions import datasets, figures, query_records, tryouts
from lightwell.actions.datasets import Dataset
from lightwell.base import disclosure
from lightwell.files import state
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api


@api.get(
    "/datasets", response={200: shapes.Listing[shapes.Dataset], REFUSALS: shapes.Problem}, tags=["queries"]
)
def list_datasets(request: HttpRequest, company: str = "", after: str = "", limit: int = 50) -> Any:
    """List every data set that can be asked: its codebook, invented rows and what is left of its budget."""
    picture = archive.read_picture(None)
    archive.check_company(picture, company)
    rows = [
        each
        for each in datasets.list_datasets(state.open_state())
        if company in ("", each.record.provider.id)
    ]
    return archive.cut(picture, rows, lambda row: (row.record.id,), after, limit, request, _describe_dataset)


@api.get("/datasets/{record}", response={200: shapes.Dataset, REFUSALS: shapes.Problem}, tags=["queries"])
def read_dataset(request: HttpRequest, record: str) -> Any:
    """Read one data set that can be asked."""
    found = datasets.find_dataset(state.open_state(), record)
    if found is None:
        raise Http404
    return _describe_dataset(request, found)


@api.get(
    "/answers", response={200: shapes.Listing[shapes.Answer], REFUSALS: shapes.Problem}, tags=["queries"]
)
def list_answers(
    request: HttpRequest, dataset: str = "", company: str = "", after: str = "", limit: int = 50
) -> Any:
    """List the newest version of every private answer, of one data set or of one company."""
    picture = archive.read_picture(None)
    archive.check_company(picture, company)
    records = (row.read_record() for row in query_records.list_all())
    rows = [
        each
        for each in records
        if company in ("", each.provider.id) and dataset in ("", each.body["dataset"]["id"])
    ]
    return archive.cut(picture, rows, lambda row: (row.id,), after, limit, request, _describe_answer)


@api.get("/answers/{record}", response={200: shapes.Answer, REFUSALS: shapes.Problem}, tags=["queries"])
def read_answer(request: HttpRequest, record: str) -> Any:
    """Read one private answer: its rows with their likely ranges, plan, cost and notes."""
    row = query_records.find_row(record)
    if row is None:
        raise Http404
    return _describe_answer(request, row.read_record())


def _describe_dataset(request: HttpRequest, row: Dataset) -> shapes.Dataset:
    book, record = row.codebook, row.record
    opened = state.open_state()
    left = datasets.read_budget_left(opened, book, settings.BUDGET_HOURS)
    forms = tryouts.FORMS if tryouts.is_possible() else ()
    return shapes.Dataset(
        id=record.id,
        version=record.version,
        title=_read_title(record),
        company=record.provider.id,
        codebook=shapes.NamedCodebook(
            name=book.dataset,
            version=book.version,
            digest=book.digest,
            address=request.build_absolute_uri(reverse("codebook", args=[record.id])),
        ),
        tables=[each.name for each in book.tables.values()],
        invented_rows={
            f"{each.name}.{form}": request.build_absolute_uri(
                reverse("dummy-rows", args=[record.id, each.name, form])
            )
            for each in book.tables.values()
            for form in forms
        },
        budget_epsilon=book.budget["epsilon"],
        budget_delta=book.budget["delta"],
        budget_left=round(left.share, 2) if left else None,
        budget_as_of=datasets.find_tick(opened, settings.BUDGET_HOURS),
        answers=[each.record for each in query_records.list_answers(record.id)],
        address=request.build_absolute_uri(reverse("record", args=[record.id])),
    )


def _describe_answer(request: HttpRequest, record: disclosure.Disclosure) -> shapes.Answer:
    body = record.body
    told = json.loads(figures.get_file(state.open_state(), str(body["file"])))
    return shapes.Answer(
        id=record.id,
        version=record.version,
        title=_read_title(record),
        company=record.provider.id,
        dataset=str(body["dataset"]["id"]),
        question=str(body["question"]),
        columns=told["columns"],
        rows=told["rows"],
        intervals=told["intervals"],
        cost=body["cost"],
        plan=told["plan"],
        notes=told["notes"],
        data_version=told["data_version"],
        answer=told["id"],
        sample=told["sample"],
        file=request.build_absolute_uri(f"/files/{str(body['file']).removeprefix('sha256:')}"),
        citations={
            "csl-json": _find_citation(request, record, "json"),
            "bibtex": _find_citation(request, record, "bib"),
        },
        address=request.build_absolute_uri(reverse("record", args=[record.id])),
    )


def _find_citation(request: HttpRequest, record: disclosure.Disclosure, form: str) -> str:
    return request.build_absolute_uri(reverse("answer-citation", args=[record.id, record.version, form]))


def _read_title(record: disclosure.Disclosure) -> str | None:
    title = record.body.get("title")
    return str(title) if title else None
