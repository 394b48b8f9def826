"""Importing editions of published figures: from a provider's file to the proposal of a record.

The file and the layout it is read by are attachments of the record, so that anybody can read it again
(`client/figures`); the record states how it differs from the edition before. The rows that pages read are
made when it is published (`actions/figures`).
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from lightwell.actions import disclosures, figures
from lightwell.actions.drafts import Prepared
from lightwell.actions.figures import Read
from lightwell.base import canonical, disclosure, errors, fields
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, FigureEdition, Organisation, Proposal, Provider, Service
from lightwell.figures import period as periods
from lightwell.figures import topic as topics
from lightwell.figures.edition import Edition
from lightwell.figures.mapping import Mapping
from lightwell.figures.period import Period
from lightwell.figures.point import WHOLE
from lightwell.files import data
from lightwell.files.state import State

LAYOUT_TITLE = "layout.json"
_MEDIA_TYPES = {
    "csv": "text/csv",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


@dataclass(frozen=True, slots=True)
class Said:
    """What the importer says about an edition besides the file: all of it may be left out.

    `definitions` are entries of the record's schema, without their ids: metric, counts, unit, text.
    """

    published_on: str = ""
    source_page: str = ""
    explanation: str = ""
    definitions: tuple[dict[str, Json], ...] = ()


def find_record(read: Read) -> Disclosure | None:
    """Find the record in view that holds exactly this file, so that importing it again does nothing."""
    edition = FigureEdition.objects.visible().filter(digest=read.digest, dataset=read.dataset).first()
    return edition.disclosure if edition else None


def list_waiting(*, state: State, mapping: Mapping, publisher: Organisation) -> list[tuple[Read, str]]:
    """List the editions of a publisher read by a mapping that wait for its second person, each with its
    record's id.

    What others wait with is not for it to see; what cannot be read any more will never be published.
    """
    found = []
    waiting = Proposal.objects.filter(kind="disclosure", approved=None, organisation=publisher)
    for proposal in waiting.order_by("pk"):
        value = proposal.payload.get("record")
        if not isinstance(value, dict) or value.get("kind") != figures.KIND:
            continue
        record = disclosure.parse_disclosure(value)
        named = record.body.get("mapping")
        if isinstance(named, dict) and named.get("name") == fields.make_slug(mapping.name):
            with contextlib.suppress(errors.UserMistake, errors.Damaged):
                read = figures.read_record(state, record)
                found += [(read, record.id)] if read else []
    return found


def prepare_editions(
    *,
    state: State,
    reads: Sequence[Read],
    said: Said,
    publisher: Organisation,
    now: datetime.datetime,
    keep: bool = True,
) -> list[Prepared]:
    """Make a proposal for each edition that is not here yet, in the order of the editions.

    Each states how it differs from the edition before it, of those in view and of those given with it.
    With `keep` the files are put into the sealed area, as those of a draft are. `UserMistake` lists every
    problem; then nothing is kept.
    """
    reads = [replace(read, publisher=publisher.slug) for read in reads]
    _check_definitions(said, reads)
    waiting = [
        each
        for mapping in {read.mapping.name: read.mapping for read in reads}.values()
        for each in list_waiting(state=state, mapping=mapping, publisher=publisher)
    ]
    known = {(read.dataset, read.digest) for read, _ in waiting}
    fresh = sorted(
        (read for read in reads if (read.dataset, read.digest) not in known and find_record(read) is None),
        key=lambda read: (read.dataset, *_order(read.edition.latest), read.title),
    )
    made: list[tuple[Read, str]] = []
    prepared, problems = [], []
    for read in fresh:
        record = disclosures.make_id(figures.KIND)
        before = _find_before(read, [*waiting, *made])
        value = _make_record(record, read, before, said, publisher, now)
        try:
            payload = disclosures.format_payload(disclosure.parse_disclosure(value), ())
            disclosures.check_disclosure(payload, now)
        except errors.UserMistake as error:
            problems += [
                errors.Problem(f"{read.title}: {each.place}", each.sentence) for each in error.problems
            ]
            continue
        made.append((read, record))
        prepared.append(Prepared("disclosure", record, 1, payload))
    if problems:
        raise errors.UserMistake(problems=problems)
    for read, _ in made if keep else ():
        state.files.put_bytes("sealed", read.data)
        state.files.put_bytes("sealed", _encode_layout(read.mapping))
    return prepared


def _make_record(
    record: str,
    read: Read,
    before: tuple[str, Edition] | None,
    said: Said,
    publisher: Organisation,
    now: datetime.datetime,
) -> dict[str, Json]:
    edition, mapping = read.edition, read.mapping
    layout = _encode_layout(mapping)
    layout_digest = f"sha256:{hashlib.sha256(layout).hexdigest()}"
    laid_out = next(each for each in mapping.layouts if each.version == edition.version)
    provider = laid_out.provider
    found = sorted(
        {topics.find_topic(data.read_figure_topics(), series).topic for series in edition.figures} - {""}
    ) or ["other"]
    span = [period for held in edition.figures.values() for period in held]
    body: dict[str, Json] = {
        "title": f"{provider}: {laid_out.report or edition.dataset}, edition {edition.name}"[:400],
        "summary": _summarise(provider, edition, before),
        "asks": [2],
        "topics": found[:9],
        "edition": edition.name,
        "told_by": laid_out.told_by,
        "period": {
            "from": _format_month(min(each.first for each in span)),
            "to": _format_month(max(each.last for each in span)),
        },
        "mapping": {
            "name": fields.make_slug(edition.mapping),
            "version": edition.version,
            "digest": layout_digest,
        },
        "files": [
            {
                "id": "f1",
                "title": read.title,
                "digest": read.digest,
                "bytes": len(read.data),
                "media_type": _name_media_type(read.title),
            }
        ],
        "points_in_all": edition.size,
        "caveats": [
            "The numbers are the teller's own; that they are here says nothing of whether they are right.",
            "Pieces, reports, accounts and children are different things and cannot be added up.",
            *edition.notes,
        ],
    }
    if defined := [each for each in said.definitions if _names_metric(each, edition)]:
        body["definitions"] = [{"id": f"d{number}", **each} for number, each in enumerate(defined, 1)]
    if said.published_on:
        body["published_on"] = said.published_on
    if said.source_page:
        body["source_page"] = said.source_page
    if before is not None:
        tally = figures.tally_step(before[1], edition)
        body["revisions"] = {
            "record": before[0],
            "previous": before[1].name,
            "changed": tally.changed,
            "dropped": tally.dropped,
            "added": tally.added,
            "explanation": said.explanation or "None found.",
        }
    company = _name_provider(provider)
    return {
        "id": record,
        "kind": figures.KIND,
        "version": 1,
        "schema": 2,
        "publisher": {"id": publisher.slug, "role": publisher.role, "name": publisher.name},
        "provider": company,
        "services": _name_services(provider, str(company["id"]), edition)
        if laid_out.told_by == "company"
        else [],
        "language": "en",
        "date": now.date().isoformat(),
        "supersedes": None,
        "about": None,
        "body": body,
        "attachments": [
            {
                "digest": read.digest,
                "bytes": len(read.data),
                "media_type": _name_media_type(read.title),
                "title": read.title,
            },
            {
                "digest": layout_digest,
                "bytes": len(layout),
                "media_type": "application/json",
                "title": LAYOUT_TITLE,
            },
        ],
    }


def _check_definitions(said: Said, reads: Sequence[Read]) -> None:
    """Refuse a definition of what no file has: it would never be shown beside a figure."""
    problems = [
        errors.Problem(
            f"definition {number}",
            f"no file has the metric {each.get('metric')!r} counted in {each.get('counts')!r}",
        )
        for number, each in enumerate(said.definitions, 1)
        if not any(_names_metric(each, read.edition) for read in reads)
    ]
    if problems:
        raise errors.UserMistake(problems=problems)


def _names_metric(definition: dict[str, Json], edition: Edition) -> bool:
    named = str(definition.get("metric")).casefold(), definition.get("counts")
    return any((series.metric.casefold(), series.counts) == named for series in edition.figures)


def _summarise(provider: str, edition: Edition, before: tuple[str, Edition] | None) -> str:
    said = f"{edition.size:,} numbers that {provider} published, read from its own file {edition.file}."
    if before is None:
        return said
    tally = figures.tally_step(before[1], edition)
    return (
        f"{said} Compared with the edition {before[1].name}, {tally.changed:,} earlier numbers were revised, "
        f"{tally.dropped:,} are no longer there and {tally.added:,} were added."
    )


def _find_before(read: Read, others: Sequence[tuple[Read, str]]) -> tuple[str, Edition] | None:
    """Find the edition before: the latest in view, waiting or given with it that is not younger than it."""
    own = _order(read.edition.latest)
    rows = FigureEdition.objects.visible().filter(dataset=read.dataset).select_related("disclosure")
    stored = [row for row in rows if _order(Period(row.first, row.last)) <= own]
    near = [
        each for each in others if each[0].dataset == read.dataset and _order(each[0].edition.latest) <= own
    ]
    # Of several about one period the one that was put here last, as rows are ordered.
    latest = max(reversed(near), key=lambda each: _order(each[0].edition.latest), default=None)
    row = stored[-1] if stored else None
    if latest is not None and (row is None or _order(latest[0].edition.latest) >= (row.last, row.first)):
        return latest[1], latest[0].edition
    return (row.disclosure.record, figures.read_edition(row)) if row else None


def _order(period: Period) -> tuple[int, int]:
    return (period.last, period.first)


def _name_provider(name: str) -> dict[str, Json]:
    """Find the company by the name it is known by or publishes under here; else make an id of the name."""
    known = Provider.objects.filter(name=name).first()
    own = Organisation.objects.filter(name=name, role="provider").first()
    if known is not None or own is not None:
        return {"id": known.slug if known else own.slug, "name": name}
    slug = fields.make_slug(name)
    known = Provider.objects.filter(slug=slug).first()
    return {"id": slug, "name": known.name if known else name}


def _name_services(provider: str, owner: str, edition: Edition) -> list[Json]:
    own = sorted(
        {
            each.service
            for each in edition.figures
            if each.provider == provider and each.service not in ("", WHOLE)
        }
    )
    slugs = {fields.make_slug(name): name for name in own}
    known = dict(Service.objects.filter(slug__in=slugs).values_list("slug", "name"))
    owners = dict(Service.objects.filter(slug__in=slugs).values_list("slug", "provider_id"))
    return [
        {"id": slug, "name": known.get(slug, name)}
        for slug, name in slugs.items()
        if owners.get(slug, owner) == owner
    ]


def _name_media_type(title: str) -> str:
    return _MEDIA_TYPES.get(title.rpartition(".")[2].lower(), "application/octet-stream")


def _format_month(month: int) -> str:
    return periods.format_edtf(Period(month, month))


def _encode_layout(mapping: Mapping) -> bytes:
    return canonical.encode(mapping.value)
