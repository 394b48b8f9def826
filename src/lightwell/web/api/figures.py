"""Published figures: data sets with their editions, what later editions revised, one figure over time."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest

from lightwell.actions import figures, revisions
from lightwell.actions.revisions import Dataset
from lightwell.base import errors
from lightwell.db.models import FigureRevision, FigureSeries
from lightwell.figures import period as periods
from lightwell.web.api import archive, shapes
from lightwell.web.api.service import REFUSALS, api


@api.get(
    "/figures",
    response={200: shapes.Listing[shapes.FigureDataset], REFUSALS: shapes.Problem},
    tags=["figures"],
)
def list_datasets(request: HttpRequest, company: str = "", after: str = "", limit: int = 50) -> Any:
    """List every set of published figures with its editions and what each revised of the one before."""
    picture = archive.read_picture(None)
    rows = revisions.list_datasets(provider=company or None)
    if not rows:
        archive.check_company(picture, company)  # a clearing house is none, and has figures
    return archive.cut(picture, rows, lambda row: (row.id,), after, limit, request, _describe_dataset)


@api.get(
    "/figures/{dataset}/series",
    response={200: shapes.Listing[shapes.FigureSeries], REFUSALS: shapes.Problem},
    tags=["figures"],
)
def list_series(request: HttpRequest, dataset: str, after: str = "", limit: int = 50) -> Any:
    """List every figure of one set, each under the key of its history."""
    _find_dataset(dataset)
    rows = revisions.list_series(dataset)
    return archive.cut(
        archive.read_picture(None), rows, lambda row: (row.key,), after, limit, request, _describe_listed
    )


@api.get(
    "/figures/{dataset}/revisions",
    response={200: shapes.Listing[shapes.FigureRevision], REFUSALS: shapes.Problem},
    tags=["figures"],
)
def list_revisions(
    request: HttpRequest,
    dataset: str,
    kind: str = "",
    edition: str = "",
    children: bool = False,
    after: str = "",
    limit: int = 50,
) -> Any:
    """List what later editions changed, dropped or added of the past; of one kind, of one edition, or about
    children's safety only."""
    found = _find_dataset(dataset)
    if kind and kind not in revisions.KINDS:
        raise errors.UserMistake(f"there are: {', '.join(revisions.KINDS)}", place="kind")
    names = {step.later.name: step.later.pk for step in found.steps}
    if edition and edition not in names:
        raise errors.UserMistake(f"there are: {', '.join(names) or 'none'}", place="edition")
    rows = revisions.list_revisions(
        dataset=dataset, later=names.get(edition), kind=kind or None, children=children, order="name"
    )
    return archive.cut(
        archive.read_picture(None), rows, lambda row: (row.pk,), after, limit, request, _describe_revision
    )


@api.get(
    "/figures/series/{key}", response={200: shapes.FigureHistory, REFUSALS: shapes.Problem}, tags=["figures"]
)
def read_history(request: HttpRequest, key: str) -> Any:
    """Read what every edition said for every period of one figure."""
    found = revisions.read_history(key)
    if found is None:
        raise Http404
    return shapes.FigureHistory(
        series=_describe_series(found.series),
        dataset=found.dataset.id,
        statements=[
            shapes.FigureStatement(
                period=periods.format_period(period),
                edition=each.name,
                record=each.disclosure.record,
                as_printed=claim.printed,
                number=None if claim.number is None else str(claim.number),
                file=each.file,
                row=claim.row,
                revised=claim.revised,
            )
            for period in found.periods
            for each in found.dataset.editions
            if (claim := found.claims[period].get(each.pk)) is not None
        ],
    )


def _find_dataset(name: str) -> Dataset:
    found = revisions.find_dataset(name)
    if found is None:
        raise Http404
    return found


def _describe_dataset(request: HttpRequest, row: Dataset) -> shapes.FigureDataset:
    steps = {step.later.pk: step for step in row.steps}
    return shapes.FigureDataset(
        id=row.id,
        company=row.provider,
        title=row.title,
        told_by=row.told_by,
        editions=[
            shapes.FigureEdition(
                name=each.name,
                record=each.disclosure.record,
                file=each.file,
                digest=each.digest,
                points=each.points,
                compared_with=steps[each.pk].earlier.name if each.pk in steps else None,
                changed=steps[each.pk].changed if each.pk in steps else None,
                dropped=steps[each.pk].dropped if each.pk in steps else None,
                added=steps[each.pk].added if each.pk in steps else None,
            )
            for each in row.editions
        ],
    )


def _describe_listed(request: HttpRequest, row: FigureSeries) -> shapes.FigureSeries:
    return _describe_series(row)


def _describe_series(row: FigureSeries) -> shapes.FigureSeries:
    series = figures.parse_series(row)
    return shapes.FigureSeries(
        key=row.key,
        company=series.provider,
        service=series.service,
        policy_area=series.policy_area,
        metric=series.metric,
        counts=series.counts,
        unit=series.unit,
        breakdown=dict(series.breakdown),
        topic=row.topic or None,
        child_safety=row.child_safety,
    )


def _describe_revision(request: HttpRequest, row: FigureRevision) -> shapes.FigureRevision:
    return shapes.FigureRevision(
        series=_describe_series(row.series),
        period=revisions.name_period(row),
        kind=row.kind,
        earlier_edition=row.earlier.name,
        earlier_as_printed=row.before or None,
        earlier_number=row.before_number,
        earlier_row=row.before_row,
        later_edition=row.later.name,
        later_as_printed=row.after or None,
        later_number=row.after_number,
        later_row=row.after_row,
    )
