"""Published figures: every number a company has claimed, what it revised later, one figure over time."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, register_converter, reverse

from lightwell.actions import comparisons, moments, overview, revisions, topics
from lightwell.actions.revisions import Dataset, History
from lightwell.base.disclosure import Disclosure
from lightwell.db.models import FigureRevision
from lightwell.figures import period as periods
from lightwell.files import state
from lightwell.web import asking, context, converters, downloads, figure_charts, memory
from lightwell.web.templatetags import words

PAGE = 100
_MOST_SHOWN = 300
_NO_EXPLANATION = "none found"
_HEADS = {"changed": "revised later", "dropped": "no longer there", "added": "added later"}
_KINDS = {"changed": "Revised", "dropped": "No longer there", "added": "Added later"}


@memory.keep
def show_figures(request: HttpRequest) -> HttpResponse:
    """Show every set of published figures and the largest revisions about children's safety."""
    datasets = revisions.list_datasets()
    widest = revisions.list_revisions(kind="changed", children=True)[:8]
    context = {
        "datasets": datasets,
        "widest": widest,
        "topics": topics.TOPICS,
        "balance": bool(comparisons.list_balance_years(state.open_state())),
        "here": "figures",
    }
    return render(request, "figures/index.html", context)


@memory.keep
def show_dataset(request: HttpRequest, dataset: str) -> HttpResponse:
    """Show one set: its editions, what each revised of the one before, and its figures by topic."""
    found = _find_dataset(dataset)
    series = revisions.list_series(dataset)
    # Thousands of figures are about one market each; they stand in the table to take away.
    whole = [each for each in series if not each.breakdown] or series[:_MOST_SHOWN]
    about_children = [each for each in whole if each.child_safety]
    context = {
        "dataset": found,
        "steps": found.steps,
        "sentence": figure_charts.say_steps(found) if found.steps else "",
        "children": about_children,
        "others": [each for each in whole if not each.child_safety],
        "left_out": len(series) - len(whole),
        "widest": revisions.list_revisions(dataset=dataset, kind="changed", children=True)[:8],
        "here": "figures",
    }
    return render(request, "figures/dataset.html", context)


@memory.keep
def send_dataset(request: HttpRequest, dataset: str) -> HttpResponse:
    """Send the names of every figure of one set as a table, each with the key of its page."""
    _find_dataset(dataset)
    head = (
        "series", "company", "service", "policy_area", "metric", "counts", "unit", "breakdown", "topic",
        "child_safety", "times_revised",
    )  # fmt: skip
    rows = (
        (
            each.key, each.provider, each.service, each.policy_area, each.metric, each.counts, each.unit,
            _write_breakdown(each.breakdown), each.topic, "yes" if each.child_safety else "no", each.revised,
        )
        for each in revisions.list_series(dataset)
    )  # fmt: skip
    return downloads.send_table(f"{dataset}-figures", head, rows)


@memory.keep
def show_revisions(request: HttpRequest, dataset: str) -> HttpResponse:
    """List what later editions revised, largest first, narrowed by edition, kind and children's safety."""
    found = _find_dataset(dataset)
    rows, chosen = _narrow(request, found)
    total = rows.count()
    at = _read_page(request, total)
    first = (at - 1) * PAGE
    context = {
        "dataset": found,
        "rows": rows[first : first + PAGE],
        "total": total,
        "page": at,
        "pages": max(1, -(-total // PAGE)),
        "chosen": chosen,
        "editions": [step.later for step in found.steps],
        "kinds": _KINDS.items(),
        "what": _HEADS.get(chosen["kind"], "revised, dropped or added later"),
        "here": "figures",
    }
    return render(request, "figures/revisions.html", context)


@memory.keep
def send_revisions(request: HttpRequest, dataset: str) -> HttpResponse:
    """Send every revision of one set as a table, narrowed as the page is."""
    found = _find_dataset(dataset)
    rows, _ = _narrow(request, found)
    head = (
        "series", "service", "policy_area", "metric", "counts", "unit", "breakdown", "period", "kind",
        "earlier_edition", "earlier_as_printed", "earlier_number", "earlier_row", "later_edition",
        "later_as_printed", "later_number", "later_row", "topic", "child_safety", "gap_edition",
        "gap_as_printed",
    )  # fmt: skip
    return downloads.send_table(
        f"{dataset}-revisions",
        head,
        (
            (
                *(each.series.key, each.series.service, each.series.policy_area, each.series.metric),
                *(each.series.counts, each.series.unit, _write_breakdown(each.series.breakdown)),
                *(revisions.name_period(each), each.kind),
                *(each.earlier.name, each.before, each.before_number or "", each.before_row or ""),
                *(each.later.name, each.after, each.after_number or "", each.after_row or ""),
                *(each.series.topic, "yes" if each.series.child_safety else "no"),
                *((gap.edition, gap.printed) if gap else ("", "")),
            )
            for each, gap in revisions.trace_gaps(rows)
        ),
    )


@memory.keep
def show_history(request: HttpRequest, key: str) -> HttpResponse:
    """Show one figure over time: chart, table of all editions, files and rows, the company's explanation."""
    history = _find_history(key)
    edition_rows = [(each, each.disclosure.read_record()) for each in history.dataset.editions]
    explanations = [
        (each, said)
        for each, record in edition_rows
        if (said := _read_explanation(record)) and said.rstrip(".").casefold() != _NO_EXPLANATION
    ]
    newest = history.dataset.newest.disclosure
    context = {
        "history": history,
        "name": revisions.name_series(history.series),
        "sentence": figure_charts.say_history(history),
        "rows": [
            (periods.format_period(period), revisions.read_places(history, period))
            for period in reversed(history.periods)
        ],
        "explanations": explanations,
        "put_here": moments.find_time(state.open_state(), newest.log_index, newest.published_at),
        "embed": request.build_absolute_uri(reverse("figure-chart", args=[key, "svg"])),
        "here": "figures",
    }
    return render(request, "figures/history.html", context)


@memory.keep
def send_chart(request: HttpRequest, key: str, form: str) -> HttpResponse:
    """Send the chart of one figure as SVG or PNG, or all its values as CSV."""
    history = _find_history(key)
    name = f"lightwell-figure-{key}"
    if form == "csv":
        return _send_history(name, history)
    return downloads.send_drawing(name, figure_charts.draw_history(history, _is_sample()), form)


@memory.keep
def send_steps(request: HttpRequest, dataset: str, form: str) -> HttpResponse:
    """Send the chart of how many earlier values each edition changed."""
    found = _find_dataset(dataset)
    if not found.steps:
        raise Http404
    return downloads.send_drawing(f"{dataset}-steps", figure_charts.draw_steps(found, _is_sample()), form)


@memory.keep
def show_comparison(request: HttpRequest, topic: str) -> HttpResponse:
    """Show what every company says about one topic, side by side, each with what it counts."""
    if topic not in topics.TOPICS:
        raise Http404
    found = _remember_comparison(memory.read_stamp(), topic)
    context = {
        "topic": topic,
        "tables": [
            {
                "table": each,
                "number": number,
                "periods": [periods.format_period(period) for period in each.periods],
                "chart": len(each.periods) > 1 and bool(comparisons.select_lines(each)),
            }
            for number, each in enumerate(found.tables)
        ],
        "in_parts": found.in_parts,
        "silent": found.silent,
        "here": "figures",
    }
    return render(request, "figures/comparison.html", context)


@memory.keep
def send_comparison(request: HttpRequest, topic: str, number: int, form: str) -> HttpResponse:
    """Send the chart of one table of a comparison, or the table as CSV."""
    found = _remember_comparison(memory.read_stamp(), topic) if topic in topics.TOPICS else None
    if found is None or number >= len(found.tables):
        raise Http404
    name, shown = f"{topic}-{number}", found.tables[number]
    if form != "csv":
        return downloads.send_drawing(
            name, figure_charts.draw_comparison(words.topic(topic), shown, _is_sample()), form
        )
    rows = (
        (
            row.series.provider, row.series.service, row.series.policy_area, row.series.metric,
            row.series.counts, row.series.unit, periods.format_period(period), cell.printed,
            "" if cell.number is None else str(cell.number),
            "" if cell.rate is None else f"{cell.rate:.3f}", row.users,
        )
        for row in shown.rows
        for period, cell in zip(shown.periods, row.cells, strict=True)
        if cell is not None
    )  # fmt: skip
    head = (
        "company", "service", "policy_area", "metric", "counts", "unit", "period", "as_printed", "number",
        "per_million_people", "people_counted_by",
    )  # fmt: skip
    return downloads.send_table(name, head, rows)


@functools.lru_cache(maxsize=16)
def _remember_comparison(_stamp: object, topic: str) -> comparisons.Comparison:
    """Read a comparison once for each state of the archive: its page, charts and tables all show it.

    It is read after the stamp, so that what was hidden meanwhile is in none that is kept.
    """
    picture = overview.read_overview(state.open_state())
    return comparisons.compare_topic(topic, companies=[each.name for each in picture.providers])


@memory.keep
def show_clearing_house(request: HttpRequest) -> HttpResponse:
    """Show what companies say they sent beside what the clearing house says it received, year by year."""
    opened = state.open_state()
    years = comparisons.list_balance_years(opened)
    year = int(
        asking.choose_value(request.GET, "year", [str(each) for each in years]) or max(years, default=0)
    )
    found = comparisons.read_balance(opened, year) if years else None
    context = {
        "years": years,
        "year": year,
        "balance": found[0] if found else None,
        "edition": found[1] if found else None,
        "shares": [(each, found[0].share(each)) for each in found[0].families] if found else [],
        "here": "figures",
    }
    return render(request, "figures/clearing_house.html", context)


def _narrow(request: HttpRequest, dataset: Dataset) -> tuple[QuerySet[FigureRevision], dict[str, str]]:
    names = {step.later.name: step.later.pk for step in dataset.steps}
    edition = asking.choose_value(request.GET, "edition", names)
    kind = asking.choose_value(request.GET, "kind", revisions.KINDS)
    about = asking.choose_value(request.GET, "about", ("children",))
    order = asking.choose_value(request.GET, "order", revisions.ORDERS)
    rows = revisions.list_revisions(
        dataset=dataset.id,
        later=names.get(edition),
        kind=kind or None,
        children=about == "children",
        order=order or "size",
    )
    return rows, {"edition": edition, "kind": kind, "about": about, "order": order or "size"}


def _read_page(request: HttpRequest, total: int) -> int:
    last = max(1, -(-total // PAGE))
    return int(asking.choose_value(request.GET, "page", [str(n) for n in range(1, last + 1)]) or 1)


def _find_dataset(name: str) -> Dataset:
    found = revisions.find_dataset(name)
    if found is None:
        raise Http404
    return found


def _find_history(key: str) -> History:
    found = revisions.read_history(key)
    if found is None:
        raise Http404
    return found


def _read_explanation(record: Disclosure) -> str:
    stated = record.body.get("revisions")
    return str(stated.get("explanation") or "") if isinstance(stated, dict) else ""


def _write_breakdown(breakdown: Sequence[Sequence[str]]) -> str:
    return "; ".join(f"{name}={value}" for name, value in breakdown)


def _is_sample() -> bool:
    return context.is_sample(state.open_state())


def _send_history(name: str, history: History) -> HttpResponse:
    rows = (
        (
            periods.format_period(period),
            each.name,
            claim.printed,
            "" if claim.number is None else str(claim.number),
            each.file,
            claim.row,
            "yes" if claim.revised else "no",
        )
        for period in history.periods
        for each in history.dataset.editions
        if (claim := history.claims[period].get(each.pk)) is not None
    )
    head = ("period", "edition", "as_printed", "number", "file", "row", "revised")
    return downloads.send_table(name, head, rows)


register_converter(converters.FigureForm, "figure_form")
register_converter(converters.FigurePicture, "figure_picture")

urlpatterns = [
    path("figures/", show_figures, name="figures"),
    path("figures/over-time/<slug:key>/", show_history, name="figure"),
    path("figures/over-time/<slug:key>.<figure_form:form>", send_chart, name="figure-chart"),
    path("figures/compare/<slug:topic>/", show_comparison, name="figure-comparison"),
    path(
        "figures/compare/<slug:topic>/<int:number>.<figure_form:form>",
        send_comparison,
        name="figure-comparison-table",
    ),
    path("figures/sent-and-received/", show_clearing_house, name="clearing-house"),
    path("figures/<slug:dataset>/", show_dataset, name="figure-dataset"),
    path("figures/<slug:dataset>/figures.csv", send_dataset, name="figure-dataset-table"),
    path("figures/<slug:dataset>/revisions/", show_revisions, name="figure-revisions"),
    path("figures/<slug:dataset>/revisions.csv", send_revisions, name="figure-revisions-table"),
    path("figures/<slug:dataset>/revisions.<figure_picture:form>", send_steps, name="figure-steps"),
]
