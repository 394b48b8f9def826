"""Downloads of what a page shows: its table as CSV, its chart as SVG or PNG."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from django.http import HttpResponse

from lightwell.figures import table
from lightwell.files import chart_pictures


def send_table(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
    """Send a table as CSV; no cell is taken for a formula by a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(map(table.format_cell, head))
    for row in rows:
        writer.writerow([table.format_cell(each) if isinstance(each, str) else each for each in row])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return answer


def send_drawing(name: str, svg: str, form: str) -> HttpResponse:
    """Send a drawing as it is, or as a PNG where `form` says so."""
    if form == "svg":
        answer = HttpResponse(svg, content_type="image/svg+xml; charset=utf-8")
    else:
        answer = HttpResponse(chart_pictures.draw_png(svg), content_type="image/png")
    answer["Content-Disposition"] = f'inline; filename="{name}.{form}"'
    # Browsers show a picture on another site's page only where this is said.
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer
