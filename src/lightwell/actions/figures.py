"""Published figures as rows: written when a record of figures is published, taken away when it is removed.

The rows are derived from the attached file and layout and nothing else; revisions are found between each
edition in view and the one before it. Everything happens in the transaction that publishes or removes the
record, so that no page ever sees half of it. How an edition becomes a record: `actions/editions`.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from django.db.models import Q

from lightwell.base import canonical, disclosure, errors, fields
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, FigureEdition, FigurePoint, FigureRevision, FigureSeries
from lightwell.figures import mapping as mappings
from lightwell.figures import period as periods
from lightwell.figures import revision as revisions
from lightwell.figures import statement
from lightwell.figures import topic as topics
from lightwell.figures.edition import Edition
from lightwell.figures.mapping import Mapping
from lightwell.figures.period import Period
from lightwell.figures.point import Point, Series
from lightwell.figures.value import Number
from lightwell.files import data, figure_files
from lightwell.files.state import State

KIND = "figures-edition"
MAX_BYTES = 200_000_000
_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Read:
    """A file that was read: its name and bytes, the edition in it, its mapping, and who puts it here.

    `dataset` names what it may be compared with: the mapping, the data set where a mapping has several, and
    the publisher, because nobody may put an edition among those of another.
    """

    title: str
    data: bytes
    edition: Edition
    mapping: Mapping
    publisher: str = ""

    @property
    def digest(self) -> str:
        """The digest of the file's bytes, as records write it."""
        return f"sha256:{hashlib.sha256(self.data).hexdigest()}"

    @property
    def dataset(self) -> str:
        """The id of its data set, such as meta-enforcement-desk."""
        return name_dataset(self.edition, self.publisher)


def name_dataset(edition: Edition, publisher: str) -> str:
    """Name the data set of a publisher's edition, unique here and fit for an address."""
    own = edition.dataset != edition.mapping
    name = fields.make_slug(f"{edition.mapping}-{edition.dataset}" if own else edition.mapping)
    return f"{name}-{publisher}"


def read_file(title: str, held: bytes, mapping: Mapping, hint: Period | None = None) -> Read:
    """Read a file by a mapping; `UserMistake` with every problem, by file, row and column.

    `hint` is the period of the edition where neither the file nor its name says it.
    """
    name = Path(title).name
    named = periods.find_period(name)
    if not name.isprintable():
        raise errors.UserMistake("this file's name has signs that are no text; rename it", place=ascii(name))
    if hint is not None and named not in (None, hint):
        # A reader of the record has the file's name and nothing else to tell the period by.
        sentence = f"its name says {named}, and it was given as {hint}; rename the file"
        raise errors.UserMistake(sentence, place=title)
    read = Read(title, held, figure_files.read_bytes(title, held, mapping, hint), mapping)
    report = next(each.report for each in mapping.layouts if each.version == read.edition.version)
    kept = (("name", mapping.name, 80), ("version", read.edition.version, 80), ("report", report, 200))
    # An id is cut after 63 signs; two data sets cut to one id would be compared with each other.
    named_both = f"{mapping.name}-{read.edition.dataset}"
    for field, text, most in (*kept, ("name and dataset together", named_both, 63)):
        if len(text) > most:
            raise errors.UserMistake(f"the mapping's {field}: longer than {most} characters", place=title)
    return read


def _find_order_problems(record: disclosure.Disclosure) -> list[errors.Problem]:
    """List what speaks against publishing a record now: the edition it follows is not in view."""
    stated = record.body.get("revisions")
    before = stated.get("record") if isinstance(stated, dict) else None
    if before is None or Disclosure.objects.newest().visible().filter(record=before).exists():
        return []
    if Disclosure.objects.filter(record=before).exists():
        sentence = f"the newest version of the edition before this one, {before}, was removed"
        return [errors.Problem("/body/revisions/record", sentence)]
    return [
        errors.Problem(
            "/body/revisions/record",
            f"the edition before this one, {before}, is not published; approve that first",
        )
    ]


def store_edition(*, state: State, row: Disclosure) -> FigureEdition | None:
    """Write the rows of a published record, inside its transaction; None where no layout is attached to it.

    Raises `UserMistake` where the attached file and layout do not give what the record states.
    """
    record = row.read_record()
    read = read_record(state, record)
    # A version that reads another way leaves the place of the one before to its neighbours.
    old = FigureEdition.objects.filter(disclosure__record=record.id).select_related("disclosure")
    for each in old if read is None else old.exclude(dataset=read.dataset):
        forget_edition(row=each.disclosure)
    if read is None:
        return None
    _check_statement(record, read)
    edition, dataset = read.edition, read.dataset
    steps = list_steps(dataset)
    # A later version of the same record takes the place of the one before.
    FigureEdition.objects.filter(disclosure__record=record.id).delete()
    shown = FigureEdition.objects.create(
        disclosure=row,
        dataset=dataset,
        title=next(each.report for each in read.mapping.layouts if each.version == edition.version)
        or edition.dataset.capitalize(),
        mapping=edition.mapping,
        layout=edition.version,
        name=edition.name,
        first=edition.latest.first,
        last=edition.latest.last,
        restates=edition.restates,
        told_by=record.body["told_by"],
        points=edition.size,
        file=read.title,
        digest=read.digest,
        notes=list(edition.notes),
    )
    series = _store_series(edition, dataset)
    FigurePoint.objects.bulk_create(
        (
            FigurePoint(
                series_id=series[point.series],
                edition=shown,
                first=point.period.first,
                last=point.period.last,
                printed=point.printed,
                number=_write(point.number),
                row=point.row,
            )
            for point in edition.points()
        ),
        batch_size=_BATCH,
    )
    _refresh_revisions(dataset, steps)
    return shown


def forget_edition(*, row: Disclosure) -> None:
    """Take away the rows of a removed version, inside its transaction, and compare its neighbours instead."""
    edition = FigureEdition.objects.filter(disclosure=row).first()
    if edition is None:
        return
    # The record is out of view by now, but its rows stood between two others until here.
    dataset, before = edition.dataset, list_steps(edition.dataset, also=edition)
    edition.delete()
    FigureSeries.objects.filter(dataset=dataset, points=None).delete()
    _refresh_revisions(dataset, before)


def list_steps(dataset: str, also: FigureEdition | None = None) -> list[tuple[FigureEdition, FigureEdition]]:
    """List the steps of a data set: each edition in view, and `also`, with the one before it."""
    shown = FigureEdition.objects.visible().filter(dataset=dataset)
    if also is not None:
        shown = FigureEdition.objects.filter(Q(pk=also.pk) | Q(pk__in=shown.values("pk")))
    return list(itertools.pairwise(shown))


def _refresh_revisions(dataset: str, known: Sequence[tuple[FigureEdition, FigureEdition]]) -> None:
    """Compare the editions that have become neighbours, and forget what was found between others."""
    steps = list_steps(dataset)
    pairs = {(before.pk, after.pk) for before, after in steps}
    for before, after in known:
        if before.pk is not None and after.pk is not None and (before.pk, after.pk) not in pairs:
            FigureRevision.objects.filter(earlier=before, later=after).delete()
    held = {(before.pk, after.pk) for before, after in known}
    keys = dict(FigureSeries.objects.filter(dataset=dataset).values_list("key", "id"))
    for before, after in steps:
        if (before.pk, after.pk) not in held:
            found = revisions.find_revisions(read_edition(before), read_edition(after))
            FigureRevision.objects.bulk_create(
                (_make_row(each, keys, before, after) for each in found), batch_size=_BATCH
            )


def read_edition(row: FigureEdition) -> Edition:
    """Read an edition back from its rows, as the core compares it."""
    figures: dict[Series, dict[Period, Point]] = {}
    known: dict[int, Series] = {}
    for each in FigureSeries.objects.filter(points__edition=row).distinct():
        known[each.pk] = parse_series(each)
    for point in FigurePoint.objects.filter(edition=row).order_by("row", "id").iterator(_BATCH):
        series, period = known[point.series_id], Period(point.first, point.last)
        figures.setdefault(series, {})[period] = Point(
            series, period, point.printed, read_number(point.number), row.file, point.row
        )
    return Edition(
        row.name,
        row.file,
        row.mapping,
        row.layout,
        row.dataset,
        Period(row.first, row.last),
        row.restates,
        tuple(row.notes),
        figures,
    )


def read_record(state: State, record: disclosure.Disclosure) -> Read | None:
    """Read the file of a record again by its own layout; None where it names none.

    Raises `UserMistake` where the layout or the file is not what it should be.
    """
    named = record.body.get("mapping")
    digest = named.get("digest") if isinstance(named, dict) else None
    files = record.body.get("files")
    if not digest or not isinstance(files, list) or len(files) != 1:
        return None
    listed = files[0] or {}
    title, file_digest = listed.get("title"), listed.get("digest")
    if not title or not file_digest:
        raise errors.UserMistake("its name and fingerprint cannot be held back", place="/body/files/0")
    attached = {each.digest for each in record.attachments}
    if not {digest, file_digest} <= attached:
        raise errors.UserMistake("the file and its layout are attached to the record", place="/body/files/0")
    held = get_file(state, file_digest)
    mapping = mappings.parse_mapping(canonical.decode(get_file(state, digest)))
    read = read_file(title, held, mapping, statement.find_hint(record, title))
    return replace(read, publisher=record.publisher.id)


def parse_series(row: FigureSeries) -> Series:
    """Return the series of a row, as the core knows it; inverse of `format_series`."""
    breakdown = tuple((str(name), str(value)) for name, value in row.breakdown)
    return Series(row.provider, row.service, row.policy_area, row.metric, row.counts, row.unit, breakdown)


def format_series(series: Series, dataset: str) -> FigureSeries:
    """Make the row of a series, not saved; inverse of `parse_series`."""
    found = topics.find_topic(data.read_figure_topics(), series)
    return FigureSeries(
        key=compute_key(series, dataset),
        dataset=dataset,
        provider=series.provider,
        service=series.service,
        policy_area=series.policy_area,
        metric=series.metric,
        counts=series.counts,
        unit=series.unit,
        breakdown=[list(each) for each in series.breakdown],
        topic=found.topic,
        child_safety=found.child_safety,
    )


def compute_key(series: Series, dataset: str) -> str:
    """Compute the id under which a series is linked: 16 hex digits over everything that names it."""
    named: list[Json] = [
        dataset,
        series.provider,
        series.service,
        series.policy_area,
        series.metric,
        series.counts,
        series.unit,
        [list(each) for each in series.breakdown],
    ]
    return hashlib.sha256(canonical.encode(named)).hexdigest()[:16]


def read_number(text: str | None) -> Number | None:
    """Read an exact number of a row; inverse of `_write`."""
    if text is None:
        return None
    return Decimal(text) if "." in text else int(text)


def tally_step(before: Edition, after: Edition) -> revisions.Tally:
    spans = (revisions.measure_span(before), revisions.measure_span(after))
    return revisions.judge_figures(before.figures, after.figures, *spans)[0]


def _check_statement(record: disclosure.Disclosure, read: Read) -> None:
    problems = statement.find_problems(record, read.edition, read.mapping)
    stated = record.body.get("revisions")
    if isinstance(stated, dict) and stated.get("record") and not _repeats_step(record):
        problems += _find_order_problems(record)
        before = FigureEdition.objects.visible().filter(disclosure__record=stated["record"]).first()
        if before is not None and before.dataset != read.dataset:
            sentence = "this is no edition of the same figures, put here by the same publisher"
            problems.append(errors.Problem("/body/revisions/record", sentence))
        elif before is not None:
            # Rows name a data set as addresses do.
            earlier = replace(read_edition(before), dataset=read.edition.dataset)
            problems += statement.find_step_problems(stated, earlier, read.edition)
    if problems:
        raise errors.UserMistake(problems=problems)


def _repeats_step(record: disclosure.Disclosure) -> bool:
    """Answer whether the version before says the same of the same files, and so was checked already.

    The edition before may have been corrected or removed since, which makes nothing untrue of what was said.
    """
    old = Disclosure.objects.filter(record=record.id, version=record.version - 1, data__isnull=False).first()
    said = old.read_record().body if old else {}
    return all(said.get(name) == record.body.get(name) for name in ("revisions", "files", "mapping"))


def read_bytes(path: Path) -> bytes:
    """Read a file that is to be put on record; `UserMistake` when it cannot be read or is too large."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise errors.UserMistake(f"at most {MAX_BYTES:,} bytes can be put on record", place=str(path))
        return path.read_bytes()
    except OSError as error:
        raise errors.UserMistake(f"the file cannot be read: {error.strerror}", place=str(path)) from None


def get_file(state: State, digest: str) -> bytes:
    """Return a file of a record by its digest, whether the record is published yet or not."""
    name = digest.removeprefix("sha256:")
    area = "public" if state.files.has_bytes("public", name) else "sealed"
    return state.files.get_bytes(area, name)


def _store_series(edition: Edition, dataset: str) -> dict[Series, int]:
    wanted = {compute_key(series, dataset): series for series in edition.figures}
    known = set(FigureSeries.objects.filter(dataset=dataset).values_list("key", flat=True))
    FigureSeries.objects.bulk_create(
        (format_series(series, dataset) for key, series in wanted.items() if key not in known),
        batch_size=_BATCH,
    )
    ids = dict(FigureSeries.objects.filter(dataset=dataset).values_list("key", "id"))
    return {series: ids[key] for key, series in wanted.items()}


def _make_row(
    each: revisions.Revision, ids: dict[str, int], before: FigureEdition, after: FigureEdition
) -> FigureRevision:
    size, ratio = each.size, each.ratio
    return FigureRevision(
        series_id=ids[compute_key(each.series, after.dataset)],
        earlier=before,
        later=after,
        kind=each.kind,
        first=each.period.first,
        last=each.period.last,
        before=each.earlier.printed if each.earlier else "",
        before_number=_write(each.earlier.number) if each.earlier else None,
        before_row=each.earlier.row if each.earlier else None,
        after=each.later.printed if each.later else "",
        after_number=_write(each.later.number) if each.later else None,
        after_row=each.later.row if each.later else None,
        change=None if size is None else float(size),
        ratio=None if ratio is None else float(ratio),
    )


def _write(number: Number | None) -> str | None:
    return None if number is None else f"{number:f}" if not isinstance(number, int) else str(number)
