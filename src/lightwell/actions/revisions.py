"""Published figures as pages read them: data sets with their steps, one figure over time, what was revised.

Everything passes the gate of `FigureEdition.objects.visible()`: an edition whose record was removed takes its
figures and revisions out of view with it. Nothing is written here.
"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, F, Q, QuerySet
from django.db.models.functions import Abs

from lightwell.actions import figures, records
from lightwell.db.models import FigureEdition, FigurePoint, FigureRevision, FigureSeries
from lightwell.figures import period as periods
from lightwell.figures.period import Period
from lightwell.figures.value import Number

KINDS = ("changed", "dropped", "added")
ORDERS = ("size", "ratio", "name")


@dataclass(frozen=True, slots=True)
class Step:
    """From one edition to the next; `child_changed` are the revised figures about children's safety."""

    earlier: FigureEdition
    later: FigureEdition
    changed: int
    dropped: int
    added: int
    child_changed: int


@dataclass(frozen=True, slots=True)
class Dataset:
    """All editions of what may be compared, oldest first, with the steps between them."""

    id: str
    provider: str
    provider_name: str
    title: str
    told_by: str
    editions: tuple[FigureEdition, ...]
    steps: tuple[Step, ...]

    @property
    def newest(self) -> FigureEdition:
        """The edition with the latest period."""
        return self.editions[-1]

    @property
    def publisher(self) -> str:
        """Who put all of them here; another publisher's editions are another data set."""
        return read_publisher(self.newest)

    @property
    def changed(self) -> int:
        """Earlier values that a later edition changed, over all steps."""
        return sum(step.changed for step in self.steps)


@dataclass(frozen=True, slots=True)
class Gap:
    """The other end of a gap: the edition a dropped figure is back in, or the last that had an added one.

    As printed there, and whether it is the same number.
    """

    edition: str
    printed: str
    same: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A cell of one figure over time: what an edition states, or that it was left out between two that do.

    `before` is what stood there before the gap where the figure came back.
    """

    claim: Claim | None
    left_out: bool = False
    before: Claim | None = None

    @property
    def differs(self) -> bool:
        """Whether this is another number than the last one stated before it."""
        if self.claim is None:
            return False
        return self.claim.revised or (self.before is not None and self.before.number != self.claim.number)


@dataclass(frozen=True, slots=True)
class Standing:
    """Which version of a record its figures are of, in which data set; or why none of them are shown.

    `why` is empty where they are shown, else removed, layout-held-back or no-layout.
    """

    version: int
    dataset: Dataset | None
    why: str


@dataclass(frozen=True, slots=True)
class Claim:
    """What one edition states for one period of a figure; `revised` when the edition before said another."""

    edition: FigureEdition
    printed: str
    number: Number | None
    row: int
    revised: bool


@dataclass(frozen=True, slots=True)
class History:
    """One figure over time: for each period what every edition stated, in the order of the editions."""

    series: FigureSeries
    dataset: Dataset
    periods: tuple[Period, ...]
    claims: dict[Period, dict[int, Claim]]
    revisions: tuple[FigureRevision, ...]

    def find_newest(self, period: Period) -> Claim | None:
        """Find what the newest edition that has the period states for it."""
        held = self.claims[period]
        return next((held[each.pk] for each in reversed(self.dataset.editions) if each.pk in held), None)


def list_datasets(*, provider: str | None = None) -> list[Dataset]:
    """List every data set in view, by company, each with its steps; one company's with `provider`."""
    rows = FigureEdition.objects.visible().select_related("disclosure__provider")
    if provider is not None:
        rows = rows.filter(disclosure__provider=provider)
    grouped: dict[str, list[FigureEdition]] = defaultdict(list)
    for row in rows:
        grouped[row.dataset].append(row)
    counted = _count_revisions(grouped)
    made = [_make_dataset(name, editions, counted) for name, editions in grouped.items()]
    return sorted(made, key=lambda each: (each.provider_name.casefold(), each.id))


def find_dataset(name: str) -> Dataset | None:
    """Find a data set in view by its id; None when there is none."""
    editions = list(
        FigureEdition.objects.visible().filter(dataset=name).select_related("disclosure__provider")
    )
    return _make_dataset(name, editions, _count_revisions([name])) if editions else None


def find_dataset_of(record: str) -> Dataset | None:
    """Find the data set that an edition belongs to, by its record; None where no layout reads its file."""
    row = FigureEdition.objects.visible().filter(disclosure__record=record).first()
    return find_dataset(row.dataset) if row else None


def find_standing(history: records.History) -> Standing:
    """Find whose figures stand for a record of figures: those of its newest version, or nobody's.

    Where the newest version was removed, none of an older one come back, as no list shows an older version of
    any record then: what replaced it may have been its correction.
    """
    newest = history.newest
    dataset = find_dataset_of(history.id)
    if dataset is not None:
        return Standing(newest.number, dataset, "")
    if newest.record is None:
        return Standing(newest.number, None, "removed")
    held = any(each.pointer.startswith("/body/mapping") for each in newest.record.withheld)
    return Standing(newest.number, None, "layout-held-back" if held else "no-layout")


def list_revisions(
    *,
    dataset: str | None = None,
    later: int | None = None,
    kind: str | None = None,
    topic: str | None = None,
    children: bool = False,
    order: str = "size",
) -> QuerySet[FigureRevision]:
    """List revisions in view, the largest first, or by how many times, or by name; narrowed as asked."""
    rows = FigureRevision.objects.visible().select_related("series", "earlier", "later__disclosure__provider")
    if dataset is not None:
        rows = rows.filter(later__dataset=dataset)
    if later is not None:
        rows = rows.filter(later=later)
    if kind is not None:
        rows = rows.filter(kind=kind)
    if topic is not None:
        rows = rows.filter(series__topic=topic)
    if children:
        rows = rows.filter(series__child_safety=True)
    if order == "name":
        return rows.order_by(*_NAMED)
    by = "change" if order == "size" else "ratio"
    # A number that came or went has no size; it stands behind those that have one.
    return rows.annotate(moved=Abs(by)).order_by(F("moved").desc(nulls_last=True), *_NAMED)


def read_history(key: str) -> History | None:
    """Read one figure over time by the key of its series; None when no edition in view has it."""
    series = FigureSeries.objects.filter(key=key).first()
    dataset = find_dataset(series.dataset) if series else None
    if series is None or dataset is None:
        return None
    known = {each.pk: each for each in dataset.editions}
    held: dict[Period, dict[int, Claim]] = defaultdict(dict)
    for point in FigurePoint.objects.filter(series=series, edition__in=known):
        claim = Claim(
            known[point.edition_id], point.printed, figures.read_number(point.number), point.row, False
        )
        held[Period(point.first, point.last)][point.edition_id] = claim
    if not held:
        return None
    revised = tuple(list_revisions(dataset=series.dataset, order="name").filter(series=series))
    for each in revised:
        period = Period(each.first, each.last)
        if each.kind == "changed":
            claim = held[period][each.later_id]
            held[period][each.later_id] = Claim(claim.edition, claim.printed, claim.number, claim.row, True)
    return History(series, dataset, tuple(sorted(held)), dict(held), revised)


def read_places(history: History, period: Period) -> list[Place]:
    """Read a row of one figure over time, edition by edition, with the gaps in which it was dropped."""
    claims = [history.claims[period].get(each.pk) for each in history.dataset.editions]
    held = [at for at, claim in enumerate(claims) if claim is not None]
    dropped = {
        each.later_id for each in history.revisions if each.kind == "dropped" and _name(each) == period
    }
    places, last, gone = [], None, False
    for at, (edition, claim) in enumerate(zip(history.dataset.editions, claims, strict=True)):
        if claim is None:
            gone = gone or edition.pk in dropped
            places.append(Place(None, left_out=gone and at < held[-1]))
        else:
            places.append(Place(claim, before=last if gone else None))
            last, gone = claim, False
    return places


def trace_gaps(rows: Iterable[FigureRevision]) -> list[tuple[FigureRevision, Gap | None]]:
    """Put beside each revision how a dropped figure came back, or what an added one was before its gap."""
    listed = list(rows)
    series = {each.series_id for each in listed if each.kind != "changed"}
    known: dict[tuple[int, int, int], list[FigureRevision]] = defaultdict(list)
    if series:
        moved = FigureRevision.objects.visible().filter(series__in=series, kind__in=("dropped", "added"))
        for each in moved.select_related("earlier", "later"):
            known[each.series_id, each.first, each.last].append(each)
    return [(each, _trace_gap(each, known[each.series_id, each.first, each.last])) for each in listed]


def _trace_gap(row: FigureRevision, known: Iterable[FigureRevision]) -> Gap | None:
    if row.kind == "dropped":
        later = [each for each in known if each.kind == "added" and _order(each.later) > _order(row.later)]
        back = min(later, key=lambda each: _order(each.later), default=None)
        if back is None:
            return None
        return Gap(back.later.name, back.after, back.after_number == row.before_number)
    if row.kind == "added":
        earlier = [
            each for each in known if each.kind == "dropped" and _order(each.later) < _order(row.later)
        ]
        gone = max(earlier, key=lambda each: _order(each.later), default=None)
        if gone is None:
            return None
        return Gap(gone.earlier.name, gone.before, gone.before_number == row.after_number)
    return None


def _order(edition: FigureEdition) -> tuple[int, int, str, int]:
    """Order editions of one data set as the model does."""
    return edition.last, edition.first, edition.name, edition.pk


def _name(row: FigureRevision) -> Period:
    return Period(row.first, row.last)


def list_series(dataset: str, *, topic: str | None = None) -> list[FigureSeries]:
    """List the figures of a data set that are in view, by name, each with how often it was revised."""
    shown = FigureEdition.objects.visible().filter(dataset=dataset).values("id")
    rows = FigureSeries.objects.filter(dataset=dataset, points__edition__in=shown)
    if topic is not None:
        rows = rows.filter(topic=topic)
    rows = rows.annotate(
        revised=Count(
            "revisions",
            filter=Q(revisions__earlier__in=shown, revisions__later__in=shown, revisions__kind="changed"),
            distinct=True,
        )
    )
    return list(rows.order_by("service", "policy_area", "metric", "id").distinct())


def count_revised(records: Iterable[int]) -> dict[int, tuple[str, Counter[str]]]:
    """Count what editions revised, by the key of their record's row, with the data set of each edition."""
    editions = FigureEdition.objects.visible().filter(disclosure__in=list(records))
    found = {row.disclosure_id: (row.dataset, Counter[str]()) for row in editions}
    rows = (
        FigureRevision.objects.visible()
        .filter(later__in=editions)
        .values("later__disclosure", "kind", "series__child_safety")
        .annotate(number=Count("id"))
        .order_by()
    )
    for row in rows:
        counts = found[row["later__disclosure"]][1]
        counts[row["kind"]] += row["number"]
        if row["kind"] == "changed" and row["series__child_safety"]:
            counts["children"] += row["number"]
    return found


def name_series(series: FigureSeries) -> str:
    """Name a figure for a line of a table: service, policy area, metric, and what narrows it."""
    return figures.parse_series(series).title


def name_figure(company: str, series: FigureSeries) -> str:
    """Name a figure with its company in front; once where the service is called as the company is."""
    return name_title(company, name_series(series))


def name_title(company: str, title: str) -> str:
    """Put a company in front of the name of a figure, unless it begins with it."""
    return title if title.startswith(f"{company} · ") else f"{company}: {title}"


def has_overlap(dataset: Dataset) -> bool:
    """Tell whether any figure stands in two editions for the same period: else nothing could be revised."""
    if any(edition.restates for edition in dataset.editions):
        return True
    held = FigurePoint.objects.filter(edition__in=[each.pk for each in dataset.editions])
    return held.values("series", "first", "last").annotate(n=Count("id")).filter(n__gt=1).exists()


def name_period(row: FigureRevision | FigurePoint) -> str:
    """Name the period of a row, such as 2021Q3."""
    return periods.format_period(Period(row.first, row.last))


_NAMED = ("series__service", "series__policy_area", "series__metric", "first", "last", "id")


def _count_revisions(datasets: Iterable[str]) -> dict[tuple[int, int], dict[str, int]]:
    counted: dict[tuple[int, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    rows = (
        FigureRevision.objects.visible()
        .filter(later__dataset__in=list(datasets))
        .values("earlier", "later", "kind", "series__child_safety")
        .annotate(number=Count("id"))
        .order_by()
    )
    for row in rows:
        step = counted[row["earlier"], row["later"]]
        step[row["kind"]] += row["number"]
        if row["kind"] == "changed" and row["series__child_safety"]:
            step["child"] += row["number"]
    return counted


def _make_dataset(
    name: str, editions: list[FigureEdition], counted: dict[tuple[int, int], dict[str, int]]
) -> Dataset:
    steps = []
    for before, after in itertools.pairwise(editions):
        found = counted.get((before.pk, after.pk), {})
        steps.append(
            Step(
                before,
                after,
                found.get("changed", 0),
                found.get("dropped", 0),
                found.get("added", 0),
                found.get("child", 0),
            )
        )
    newest = editions[-1]
    provider = newest.disclosure.provider
    return Dataset(
        name,
        provider.slug,
        provider.name,
        newest.title or name,
        newest.told_by,
        tuple(editions),
        tuple(steps),
    )


def read_publisher(edition: FigureEdition) -> str:
    """Name who put an edition here."""
    return edition.disclosure.read_record().publisher.name


def measure_ratio(revision: FigureRevision) -> Decimal | None:
    """Say how many times the earlier number the later one is; None where that is not defined."""
    before, after = figures.read_number(revision.before_number), figures.read_number(revision.after_number)
    return Decimal(after) / Decimal(before) if before and after is not None else None
