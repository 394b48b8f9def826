"""Figures side by side: sums with their care, and what a provider said beside what the clearing house got.

Nothing is ranked, nothing that counts different things is added up without a warning, and a platform
without a figure "did not answer", which is neither zero nor a difference.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from lightwell.base import errors
from lightwell.figures import value as values
from lightwell.figures.assertion import CLEARING_HOUSE, TOTALS, Assertion, Assertions
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.value import Number

ANSWERED, PART, SILENT = "answered", "part of the period", "did not answer"
_REPORTS = "reports"
# So many other things that a platform counts are named in its note; a list cut in a word would say nothing.
_MOST_NAMED = 3


@dataclass(frozen=True, slots=True)
class Total:
    """A sum with its parts; `number` is None where it means nothing, and `warnings` say what to mind."""

    number: Number | None
    parts: tuple[Point, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Member:
    """One platform in one year: what it said in parts, and what the clearing house received, in entries.

    `said` is None unless its figures cover the whole year; `is_counted_elsewhere` says that another
    platform's figure holds it already. `note` says what is missing or how a number came to be.
    """

    name: str
    answer: str
    said: Number | None
    said_parts: tuple[Assertion, ...]
    received: Number | None
    received_parts: tuple[Assertion, ...]
    is_counted_elsewhere: bool
    note: str
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Family:
    """A company and its platforms: sums of what they said and of what was received, and the difference."""

    name: str
    answer: str
    said: Number | None
    received: Number | None
    difference: Number | None
    members: tuple[Member, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Balance:
    """Every provider beside the clearing house in one year; `total` is all that the latter received."""

    year: int
    families: tuple[Family, ...]
    total: Number | None
    total_of_platforms: Number | None
    sources: tuple[str, ...]

    def share(self, family: Family) -> Decimal | None:
        """The part of all reports that a company's platforms sent, in per cent; None where unknown."""
        if family.received is None or not self.total:
            return None
        return Decimal(family.received) * 100 / Decimal(self.total)


def find_mixture(series: Iterable[Series]) -> tuple[str, ...]:
    """Warn in sentences where series side by side, in a sum or a chart, do not count the same."""
    held = list(series)
    warnings = []
    for what, found in (
        ("count different things", sorted({each.counts for each in held})),
        ("are in different units", sorted({each.unit for each in held})),
    ):
        if len(found) > 1:
            warnings.append(
                f"These figures {what}: {', '.join(found)}. They cannot be compared or added up as they are."
            )
    if (
        len({each.provider for each in held}) > 1
        and len({(each.policy_area, each.metric) for each in held}) > 1
    ):
        warnings.append("Each provider defines its figures itself; the definitions differ.")
    return tuple(warnings)


def add_points(points: Sequence[Point]) -> Total:
    """Add up points, with a warning where they differ in what they count; rates have no sum."""
    warnings = list(find_mixture(each.series for each in points))
    units = {each.series.unit for each in points}
    if units & set(values.RATES):
        warnings.append("Rates, shares and averages are not added up.")
        return Total(None, tuple(points), tuple(warnings))
    given = [each.number for each in points if each.number is not None]
    if len(given) < len(points):
        warnings.append(f"For {len(points) - len(given)} of {len(points)} figures no number was given.")
    if len({each.period for each in points}) > 1 and _do_overlap([each.period for each in points]):
        warnings.append("Some of the periods overlap, so that something may be counted twice.")
    return Total(sum(given, start=0) if given else None, tuple(points), tuple(warnings))


def list_years(assertions: Assertions) -> tuple[int, ...]:
    """List the years for which the clearing house gives figures."""
    found = {each.period.first // 12 for each in assertions.assertions if each.teller == CLEARING_HOUSE}
    return tuple(sorted(found))


def compare_with_clearing_house(assertions: Assertions, year: int) -> Balance:
    """Set every platform's own number of reports for a year beside what was received from it."""
    if year not in list_years(assertions):
        known = ", ".join(map(str, list_years(assertions)))
        raise errors.UserMistake(f"the clearing house gives no figures for {year}; it gives {known}")
    whole = Period(year * 12, year * 12 + 11)
    received = [
        each
        for each in assertions.assertions
        if each.teller == CLEARING_HOUSE and each.period == whole and each.quantity == _REPORTS
    ]
    named = [each.platform for each in assertions.assertions if each.teller == CLEARING_HOUSE]
    names = dict.fromkeys((*assertions.platforms, *(each for each in named if each not in TOTALS)))
    families: dict[str, list[str]] = {}
    for name in names:
        families.setdefault(assertions.find_parent(name), []).append(name)
    made = []
    for parent in sorted(families, key=str.casefold):
        members = sorted(families[parent], key=lambda each: (each != parent, each.casefold()))
        made.append(
            _make_family(parent, [_make_member(assertions, each, whole, received) for each in members])
        )
    totals = {each.platform: each.number for each in received if each.platform in TOTALS}
    return Balance(year, tuple(made), totals.get(TOTALS[1]), totals.get(TOTALS[0]), assertions.sources)


def _make_member(assertions: Assertions, name: str, whole: Period, received: Sequence[Assertion]) -> Member:
    got = tuple(each for each in received if each.platform == name)
    platform = assertions.platforms.get(name)
    quantities = {_REPORTS}
    if platform:
        quantities.update(*(parts for total, parts in platform.sums if total == _REPORTS))
    own = [each for each in assertions.assertions if each.teller == name]
    inside = [each for each in own if whole.first <= each.period.first and each.period.last <= whole.last]
    stated = [each for each in inside if each.quantity in quantities]
    if any(each.quantity == _REPORTS for each in stated):
        stated = [each for each in stated if each.quantity == _REPORTS]
    only_redundant = bool(stated) and all(each.is_redundant for each in stated)
    parts = _choose_parts([each for each in stated if each.is_redundant == only_redundant], whole)
    months = _count_months(parts)
    answer = SILENT if not parts else ANSWERED if months == 12 else PART
    said = sum((each.number for each in parts), start=0) if answer == ANSWERED else None
    return Member(
        name,
        answer,
        said,
        tuple(parts),
        sum((each.number for each in got), start=0) if got else None,
        got,
        only_redundant,
        _explain_member(own, inside, parts, months, only_redundant),
        platform.sources if platform else (),
    )


def _choose_parts(stated: Sequence[Assertion], whole: Period) -> list[Assertion]:
    """Choose figures that do not overlap: those of the longest periods first."""
    chosen: list[Assertion] = []
    for each in sorted(
        stated, key=lambda assertion: (-assertion.period.months, assertion.period.first, assertion.row)
    ):
        others = {assertion.period for assertion in chosen if assertion.period != each.period}
        if not any(each.period.first <= other.last and other.first <= each.period.last for other in others):
            chosen.append(each)
    return sorted(chosen, key=lambda assertion: (assertion.period.first, assertion.row))


def _count_months(parts: Sequence[Assertion]) -> int:
    return sum(each.months for each in {each.period for each in parts})


def _explain_member(
    own: Sequence[Assertion],
    inside: Sequence[Assertion],
    parts: Sequence[Assertion],
    months: int,
    only_redundant: bool,
) -> str:
    if parts and months < 12:
        covered = ", ".join(str(each) for each in sorted({each.period for each in parts}))
        given = sum((each.number for each in parts), start=0)
        return f"only {covered}: {values.format_number(given)}"
    if only_redundant:
        return "already in the figure of its company"
    if parts:
        return ""
    if inside:
        found = list(dict.fromkeys(each.quantity for each in inside))
        more = f" and {len(found) - _MOST_NAMED} more" if len(found) > _MOST_NAMED else ""
        return f"publishes figures, none of reports ({', '.join(found[:_MOST_NAMED])}{more})"
    if own:
        return "publishes figures for other years"
    return "publishes no figures"


def _make_family(name: str, members: Sequence[Member]) -> Family:
    counted = [each for each in members if not each.is_counted_elsewhere]
    said = [each.said for each in counted if each.said is not None]
    got = [each.received for each in members if each.received is not None]
    warnings = []
    is_part = any(each.answer == PART for each in counted)
    answer = PART if is_part else ANSWERED if said else SILENT
    total = sum(said, start=0) if answer == ANSWERED else None
    received = sum(got, start=0) if got else None
    silent = [each for each in counted if each.answer == SILENT and each.received]
    # The clearing house lists some brands' reports under the parent's name alone; then the parent is not
    # silent.
    if not any(each.received for each in members if each.name != name):
        silent = [each for each in silent if each.name != name]
    if answer == ANSWERED and silent:
        listed = ", ".join(f"{each.name} ({values.format_number(each.received)})" for each in silent)
        warnings.append(f"received from, but not said by: {listed}")
    difference = total - received if total is not None and received is not None else None
    return Family(name, answer, total, received, difference, tuple(members), tuple(warnings))


def _do_overlap(held: Sequence[Period]) -> bool:
    ordered = sorted(set(held))
    return any(after.first <= before.last for before, after in itertools.pairwise(ordered))
