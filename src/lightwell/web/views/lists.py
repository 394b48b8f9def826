"""Every list as a table file (CSV): stable ids first, the date it is true for in every row."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import overview, tables
from lightwell.files import state
from lightwell.web import asking, memory

# A cell that begins like this would be run as a formula by a spreadsheet.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@memory.keep
def show_lists(request: HttpRequest) -> HttpResponse:
    """Name every list, its columns and its address."""
    return render(request, "lists.html", {"tables": tables.TABLES.values()})


@memory.keep
def send_list(request: HttpRequest, name: str) -> HttpResponse:
    """Send one list; the same day and archive give the same bytes."""
    table = tables.TABLES.get(name)
    if table is None:
        raise Http404
    # An earlier day (as_of) is the API's; a table of today under that name would be taken for it.
    asking.refuse_names(request.GET)
    picture = overview.read_overview(state.open_state())
    text = format_table(table.columns, table.list_rows(picture), picture.day.isoformat())
    headers = {"Content-Disposition": f'attachment; filename="lightwell-{name}-{picture.day}.csv"'}
    return HttpResponse(text, content_type="text/csv; charset=utf-8", headers=headers)


def format_table(columns: Sequence[str], rows: Iterable[Sequence[object]], as_of: str) -> str:
    """Write rows as CSV with a last column `as_of`."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*columns, "as_of"])
    for row in rows:
        writer.writerow([*(_defuse(cell) for cell in row), as_of])
    return out.getvalue()


def _defuse(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


urlpatterns = [
    path("lists/", show_lists, name="lists"),
    path("lists/<slug:name>.csv", send_list, name="list"),
]
