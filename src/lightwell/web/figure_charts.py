"""The charts of published figures and the sentences above them, from what `actions/revisions` read."""

from __future__ import annotations

from lightwell.actions import comparisons, revisions
from lightwell.actions.revisions import Dataset, History
from lightwell.db.models import FigureSeries
from lightwell.figures import chart
from lightwell.figures import period as periods
from lightwell.figures.period import Period
from lightwell.figures.value import Number

_UNITS = {"number": "", "per cent": "in per cent", "share": "as a share of one", "days": "in days"}
_COUNTS = {"other": "what its name says"}


def draw_history(history: History, sample: bool) -> str:
    """Draw one figure over time as SVG: the newest value, and where an earlier edition said otherwise."""
    spans = select_spans(history)
    newest = {period: history.find_newest(period) for period in spans}
    values = tuple(claim.number if (claim := newest[period]) else None for period in spans)
    earlier = []
    for at, period in enumerate(spans):
        said: set[Number] = set()
        for edition in history.dataset.editions:
            claim = history.claims[period].get(edition.pk)
            number = claim.number if claim else None
            if claim is not None and number is not None and number != values[at] and number not in said:
                said.add(number)
                earlier.append(chart.Earlier(at, number, claim.edition.name))
    line = chart.Line(history.series.service or history.dataset.provider_name, values, tuple(earlier))
    head = chart.Chart(
        say_history(history), describe_unit(history.series), say_source(history.dataset), sample
    )
    return chart.draw_lines(head, [periods.format_period(each) for each in spans], [line])


def draw_steps(dataset: Dataset, sample: bool) -> str:
    """Draw how many earlier values each edition changed, as SVG."""
    bars = [chart.Bar(f"{step.earlier.name} to {step.later.name}", step.changed) for step in dataset.steps]
    head = chart.Chart(say_steps(dataset), "earlier values revised", say_source(dataset), sample)
    return chart.draw_bars(head, bars)


def draw_comparison(topic: str, table: comparisons.Table, sample: bool) -> str:
    """Draw one figure of each company about a topic, as SVG; the sentence warns of their definitions."""
    rows = comparisons.select_lines(table)
    lines = [
        chart.Line(
            row.name[:90],
            tuple(cell.number if cell else None for cell in row.cells),
        )
        for row in rows
    ]
    sentence = (
        f"{topic}: what each company says it counted. Each defines its figure itself, so they are no ranking"
    )
    names = sorted({row.series.provider for row in rows}, key=str.casefold)
    head = chart.Chart(sentence, describe_unit(table), f"published figures of {', '.join(names)}", sample)
    return chart.draw_lines(head, [periods.format_period(each) for each in table.periods], lines)


def say_history(history: History) -> str:
    """Say in a sentence what one figure over time shows, and no more than the editions here allow."""
    series = history.series
    what = f"{series.policy_area}: {series.metric}" if series.policy_area else series.metric
    narrowed = "; ".join(f"{name}: {value}" for name, value in series.breakdown)
    what += f" ({narrowed})" if narrowed else ""
    name = history.dataset.provider_name
    where = f" ({series.service})" if series.service and series.service != name else ""
    begin = f"What {name}{where} said about {what}"
    # Not only neighbours: a figure that one edition left out may come back as another number.
    revised = sum(len({claim.number for claim in claims.values()}) > 1 for claims in history.claims.values())
    if revised:
        periods_said = "one period" if revised == 1 else f"{revised} periods"
        return f"{begin}; for {periods_said} it later said something else"
    stated = [claim for claims in history.claims.values() for claim in claims.values()]
    if all(claim.number is None for claim in stated):
        return f"{begin}; it gave no number"
    if len({claim.edition.pk for claim in stated}) == 1:
        return f"{begin}; one edition has this figure"
    if all(len(claims) == 1 for claims in history.claims.values()):
        return f"{begin}; each edition covers a period of its own"
    return f"{begin}; no later edition here revised it"


def say_steps(dataset: Dataset) -> str:
    """Say in a sentence how often editions revised what had been published before."""
    steps = len(dataset.steps)
    revising = sum(1 for step in dataset.steps if step.changed)
    if not revising and not revisions.has_overlap(dataset):
        return (
            "Each edition of these figures covers a period of its own, so no number that "
            f"{dataset.provider_name} published was stated again or revised"
        )
    if not revising:
        return (
            f"No edition here revised a number of the one before it, of those that {dataset.provider_name} "
            "published"
        )
    editions = f"{revising} of {steps} later editions"
    if revising == steps:
        editions = "Its one later edition" if steps == 1 else f"All {steps} later editions"
    name, number = dataset.provider_name, dataset.changed
    return f"{editions} revised numbers that {name} had published before: {number:,} in all"


def say_source(dataset: Dataset) -> str:
    """Name where the numbers are from."""
    first, last = dataset.editions[0].name, dataset.newest.name
    span = f"edition {last}" if first == last else f"editions {first} to {last}"
    return f"{dataset.provider_name}, {dataset.title}, {span}"


def describe_unit(counted: FigureSeries | comparisons.Table) -> str:
    """Say what a figure counts, and in which unit."""
    what, unit = _COUNTS.get(counted.counts, str(counted.counts)), _UNITS[counted.unit]
    return f"{what}, {unit}" if unit else what


def select_spans(history: History) -> list[Period]:
    """Select the periods a line can be drawn through: those of the commonest length.

    So quarters and years never stand in one row.
    """
    lengths = [period.months for period in history.periods]
    common = max(set(lengths), key=lambda months: (lengths.count(months), -months))
    return [period for period in history.periods if period.months == common]
