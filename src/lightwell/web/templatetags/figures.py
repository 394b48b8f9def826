"""How published figures are written on a page: names of figures, periods, differences."""

from __future__ import annotations

import html
from collections.abc import Iterable
from decimal import Decimal

from django import template
from django.utils.safestring import SafeString, mark_safe

from lightwell.actions import comparisons, figures, revisions
from lightwell.db.models import Disclosure, FigureRevision, FigureSeries
from lightwell.figures import value
from lightwell.web import figure_charts

register = template.Library()
# Beyond this it is the noise of a binary number, as in 0.7879999999999999.
_PLACES = 6
# Up to so many digits a number is read without separators, as a year is.
_YEAR = 4


@register.filter
def series(row: FigureSeries) -> str:
    """Name a figure: service, policy area, metric, and what narrows it."""
    return revisions.name_series(row)


@register.simple_tag
def trace_gaps(rows: Iterable[FigureRevision]) -> list[tuple[FigureRevision, revisions.Gap | None]]:
    """Put beside each revision the other end of its gap, where a dropped figure came back."""
    return revisions.trace_gaps(rows)


@register.filter
def period(row: FigureRevision) -> str:
    """Name the period of a revision, such as 2021Q3."""
    return revisions.name_period(row)


@register.filter
def difference(row: FigureRevision) -> str:
    """Write how much a number moved, with its sign and how many times the earlier it is."""
    before, after = figures.read_number(row.before_number), figures.read_number(row.after_number)
    if row.kind != "changed":
        return {"dropped": "no longer there", "added": "added later"}[row.kind]
    if before is None:
        return "number given later"
    if after is None:
        return "number taken back"
    moved = Decimal(after) - Decimal(before)
    sign = "+" if moved > 0 else "\N{MINUS SIGN}"
    times = revisions.measure_ratio(row)
    said = f"{sign}{value.format_number(value.normalise(abs(moved)))}"
    if times is None or row.series.unit != "number":
        # 97.5 to 97.3 per cent is 0.2 points less, not 0.2 per cent.
        return said + {"per cent": " points", "days": " days"}.get(row.series.unit, "")
    return f"{said} ({times:.3g} times)" if times >= 2 else f"{said} ({sign}{abs(times - 1) * 100:.2g} %)"


@register.filter
def counted(row: FigureSeries | comparisons.Table) -> str:
    """Say what a figure counts, and in which unit."""
    return figure_charts.describe_unit(row)


@register.filter
def named(row: FigureSeries, company: str) -> str:
    """Name a figure with its company in front."""
    return revisions.name_figure(company, row)


@register.filter
def tidy(printed: str) -> str:
    """Write a number as printed, but large ones with separators and long decimals rounded to six places."""
    if printed.isdecimal() and printed.isascii() and len(printed) > _YEAR and printed[0] != "0":
        return f"{int(printed):,}"
    whole, point, places = printed.partition(".")
    if not (point and len(places) > _PLACES and (whole + places).lstrip("-").isdecimal()):
        return printed
    return f"{round(Decimal(printed), _PLACES):f}".rstrip("0").rstrip(".")


@register.filter
def cells(row: Iterable[comparisons.Cell | None]) -> SafeString:
    """Write the cells of a row of companies side by side; as template tags they took most of its time."""
    return mark_safe("".join(_write_cell(each) for each in row))  # noqa: S308 - what is printed is escaped below


def _write_cell(cell: comparisons.Cell | None) -> str:
    if cell is None:
        return '<td class="num"><span class="soft">not there</span></td>'
    if cell.number is None:
        return '<td class="num"><span class="soft">no number given</span></td>'
    rated = "" if cell.rate is None else f'<br><span class="small soft">({rate(cell.rate)})</span>'
    return f'<td class="num">{html.escape(tidy(cell.printed))}{rated}</td>'


@register.filter
def publisher(row: Disclosure) -> str:
    """Name who put a record here."""
    return row.read_record().publisher.name


@register.filter
def exact(value_or_none: object, absent: str = "no number given") -> str:
    """Write an exact number with separators, or the words that stand where there is none."""
    return absent if value_or_none is None else f"{value_or_none:,}"


@register.filter
def signed(value_or_none: object) -> str:
    """Write a difference with its sign; nothing where there is none."""
    if not value_or_none:
        return "" if value_or_none is None else "0"
    return f"{value_or_none:+,}".replace("-", "\N{MINUS SIGN}")


@register.filter
def part(percentage: Decimal) -> str:
    """Write a percentage to one place; a little is not nothing."""
    return "under 0.1 %" if 0 < percentage < Decimal("0.05") else f"{percentage:.1f} %"


@register.filter
def rate(value_given: Decimal) -> str:
    """Write a rate to three digits: 0.933, 349, 12,400."""
    return f"{value_given:,.0f}" if value_given >= 100 else f"{value_given:.3g}"


@register.filter
def span(months: int) -> str:
    """Name a length of time that figures are about."""
    return {1: "by month", 3: "by quarter", 6: "by half-year", 12: "by year"}.get(
        months, f"by {months} months"
    )
