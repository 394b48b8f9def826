"""Disclosures: publishing a version of a public record, holding fields back and showing them later.

A proposal carries the full record and what is to be held back; publishing draws the salts, writes the
public version, its row and its log entry in one transaction, or nothing. Held back values and salts stay in
`Disclosure.full`, which no exit reads. A later version keeps what its predecessor held back, or shows it
with the salt; a text under a fingerprint never changes silently. Drafts and attachments: `actions/drafts`.
Removal: `actions/withdrawals`. That it takes two people is asked in `actions/proposals`.
"""

from __future__ import annotations

import datetime
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from lightwell.actions import datasets, figures, log, query_records, studies
from lightwell.archive.beacon import Beacon
from lightwell.base import canonical, disclosure, errors, ground, ids, pointer, withholding
from lightwell.base.canonical import Json
from lightwell.db.models import Disclosure, Provider, Service
from lightwell.files import data, schemas
from lightwell.files.state import State


@dataclass(frozen=True, slots=True)
class Version:
    """A version made ready: what the public reads, and what opens its held back fields later."""

    public: disclosure.Disclosure
    openings: tuple[withholding.Opening, ...]


def format_payload(
    record: disclosure.Disclosure, decisions: Sequence[withholding.Decision]
) -> dict[str, Json]:
    """Return the payload of a proposal to publish, for insiders only; inverse of `parse_payload`."""
    return {
        "record": disclosure.format_disclosure(record),
        "hold_back": [
            {name: getattr(decision, name) for name in withholding.Decision.__slots__}
            for decision in decisions
        ],
    }


def parse_payload(
    payload: dict[str, Json],
) -> tuple[disclosure.Disclosure, tuple[withholding.Decision, ...]]:
    """Read the payload of a proposal to publish; inverse of `format_payload`."""
    decisions = tuple(withholding.Decision(**decision) for decision in payload["hold_back"])
    return disclosure.parse_disclosure(payload["record"]), decisions


def check_disclosure(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to publish as if it were published now; `UserMistake` with every problem."""
    record, decisions = parse_payload(payload)
    make_version(record, decisions, now)


def publish_disclosure(
    *, state: State, payload: dict[str, Json], now: datetime.datetime, anchor: Beacon | None = None
) -> Disclosure:
    """Publish one version: row, parties, files and log entry; the first version of a study registers it.

    `anchor` is the public random value that a registration names (`studies.choose_beacon`). Raises
    `UserMistake` as `check_disclosure` does. Attachments are copied into the public area first, where nothing
    points at them yet: a crash leaves files without a record, never a record without its files.
    """
    record, decisions = parse_payload(payload)
    with transaction.atomic():
        version = make_version(record, decisions, now)
        publish_attachments(state, record)
        return _store_version(state, record, version, now, anchor)


def check_lift(payload: dict[str, Json], now: datetime.datetime) -> None:
    """Check a proposal to show held back fields: `record` and `fields` (pointers)."""
    _make_lift(payload, now)


def lift_fields(*, state: State, payload: dict[str, Json], now: datetime.datetime) -> Disclosure:
    """Show fields that the newest version holds back, as the next version, which changes nothing else."""
    with transaction.atomic():
        version = _make_lift(payload, now)
        full = disclosure.parse_disclosure(read_newest(str(payload["record"])).full["record"])
        next_full = disclosure.change(
            full,
            version=version.public.version,
            supersedes=version.public.supersedes,
            date=version.public.date,
        )
        return _store_version(state, next_full, version, now)


def read_newest(record: str) -> Disclosure:
    """Read the newest version of a record; `UserMistake` when there is none that can be continued."""
    row = Disclosure.objects.filter(record=record).order_by("-version").first()
    if row is None:
        raise errors.UserMistake(f"there is no published record {record!r}")
    if row.data is None:
        raise errors.UserMistake(f"the newest version of {record} was erased; nothing can follow from it")
    return row


def read_openings(row: Disclosure) -> dict[str, withholding.Opening]:
    """Read what opens the held back fields of a version, by their place. Secret."""
    listed = (row.full or {}).get("openings", [])
    return {
        each["pointer"]: withholding.Opening(each["pointer"], bytes.fromhex(each["salt"]), each["value"])
        for each in listed
    }


def make_version(
    record: disclosure.Disclosure, decisions: Sequence[withholding.Decision], now: datetime.datetime
) -> Version:
    """Make the public version of a full record with fresh salts; `UserMistake` with every problem."""
    problems = list(schemas.find_problems(record.kind, record.schema, record.body))
    problems += _find_date_problems(record, decisions, now.date())
    problems += _find_decision_problems(record, decisions)
    problems += _find_party_problems(record)
    problems += _find_reference_problems(record)
    if record.kind == "study" and record.version == 1 and not problems:
        sentence = studies.find_start_problem(record.body, now.date())
        problems += [errors.Problem("/body/registered_in_advance", sentence)] if sentence else []
        sentence = studies.find_due_problem(record.body, now.date())
        problems += [errors.Problem("/body/due_dates", sentence)] if sentence else []
    old = Disclosure.objects.filter(record=record.id).order_by("-version").first()
    problems += _find_succession_problems(record, old)
    kept: dict[str, bytes] = {}
    shown: list[withholding.Opening] = []
    if old is not None and old.data is not None:
        more, kept, shown = _carry_over(old, record, decisions)
        problems += more
    version = None
    salts = {each.pointer: kept.get(each.pointer) or secrets.token_bytes(32) for each in decisions}
    try:
        public, openings = withholding.withhold_fields(record, decisions, salts)
        opened = [_format_opened(opening) for opening in shown]
        version = Version(
            disclosure.parse_disclosure({**disclosure.format_disclosure(public), "opened": opened}), openings
        )
    except errors.UserMistake as error:
        # What is held back stands under hold_back in what a person wrote.
        problems += [
            errors.Problem(each.place.replace("/withheld/", "/hold_back/", 1), each.sentence)
            for each in error.problems
        ]
    if problems or version is None:
        raise errors.UserMistake(problems=problems)
    _check_size(version.public)
    return version


def publish_attachments(state: State, record: disclosure.Disclosure) -> None:
    """Copy attachments from the sealed into the public area; `UserMistake` names one that is in neither."""
    for index, attachment in enumerate(record.attachments):
        digest = attachment.digest.removeprefix("sha256:")
        if state.files.has_bytes("public", digest):
            continue
        if not state.files.has_bytes("sealed", digest):
            raise errors.UserMistake(
                f"the file {attachment.title!r} is not here; give it with --attach",
                place=f"/attachments/{index}",
            )
        state.files.put_bytes("public", state.files.get_bytes("sealed", digest))


def make_id(kind: str) -> str:
    """Draw the id of a new record."""
    return ids.format_id(kind, secrets.token_bytes(ids.RANDOM_BYTES))


def _store_version(
    state: State,
    full: disclosure.Disclosure,
    version: Version,
    now: datetime.datetime,
    anchor: Beacon | None = None,
) -> Disclosure:
    public = version.public
    provider = _make_parties(state, public)
    (index,) = log.append(entries=[disclosure.format_log_entry(public)])
    row = Disclosure.objects.create(
        record=public.id,
        kind=public.kind,
        version=public.version,
        digest=disclosure.compute_digest(public),
        data=disclosure.encode_disclosure(public),
        full={
            "record": disclosure.format_disclosure(full),
            "openings": [
                {"pointer": each.pointer, "salt": each.salt.hex(), "value": each.value}
                for each in version.openings
            ],
        },
        provider=provider,
        publisher=public.publisher.id,
        publisher_role=public.publisher.role,
        language=public.language,
        date=public.date,
        about=public.about.id if public.about else "",
        log_index=index,
        published_at=now,
    )
    if public.kind == "study" and public.version == 1:
        studies.register_study(state=state, row=row, now=now, anchor=anchor)
    if public.kind == figures.KIND:
        figures.store_edition(state=state, row=row)
    if public.kind == query_records.KIND:
        query_records.check_record(state=state, record=public)
    if public.kind == datasets.KIND:
        datasets.check_record(state=state, record=public)
    return row


def _make_parties(state: State, record: disclosure.Disclosure) -> Provider:
    own_word = disclosure.counts_as_answer(record)
    provider, _ = Provider.objects.get_or_create(
        slug=record.provider.id,
        defaults={"name": record.provider.name, "joined": own_word, "sample": state.is_sample()},
    )
    if own_word and not provider.joined:
        # What others publish never makes a provider take part; its own first word does.
        provider.joined = True
        provider.save(update_fields=["joined"])
    for service in record.services:
        Service.objects.get_or_create(slug=service.id, defaults={"name": service.name, "provider": provider})
    return provider


def _make_lift(payload: dict[str, Json], now: datetime.datetime) -> Version:
    row = read_newest(str(payload["record"]))
    if hasattr(row, "tombstone"):
        raise errors.UserMistake(
            f"the newest version of {row.record} was removed; nothing of it can be shown"
        )
    openings = read_openings(row)
    wanted = [str(place) for place in payload["fields"]]
    public = row.read_record()
    held = [field.pointer for field in public.withheld]
    if strangers := [place for place in wanted if place not in held]:
        listed = f"; held back are {', '.join(held)}" if held else "; nothing is held back in it"
        raise errors.UserMistake(
            problems=[errors.Problem(place, f"this field is not held back{listed}") for place in strangers]
        )
    lifted = withholding.lift_fields(
        public, [openings[place] for place in wanted], max(now.date().isoformat(), public.date)
    )
    withholding.check_lift(public, lifted)
    schemas.check_disclosure(lifted)
    _check_size(lifted)
    return Version(lifted, tuple(each for place, each in openings.items() if place not in wanted))


def _carry_over(
    old: Disclosure, record: disclosure.Disclosure, decisions: Sequence[withholding.Decision]
) -> tuple[list[errors.Problem], dict[str, bytes], list[withholding.Opening]]:
    """Say how the fields that the last version held back go on: still held (same salt), or shown (opening).

    The same text under the same salt keeps its fingerprint, so that a reader sees that it did not change.
    """
    problems: list[errors.Problem] = []
    kept: dict[str, bytes] = {}
    shown: list[withholding.Opening] = []
    value_of = disclosure.format_disclosure(record)
    decided = {decision.pointer for decision in decisions}
    for opening in read_openings(old).values():
        tokens = pointer.parse_pointer(opening.pointer)
        value = pointer.find_value(value_of, tokens)
        around = [
            place
            for place in decided
            if place != opening.pointer and _overlaps(pointer.parse_pointer(place), tokens)
        ]
        if around:
            problems.append(
                errors.Problem(
                    around[0], f"version {old.version} holds back {opening.pointer}; name just that"
                )
            )
        elif value is pointer.ABSENT or canonical.encode(value) != canonical.encode(opening.value):
            problems.append(
                errors.Problem(
                    opening.pointer,
                    f"version {old.version} holds this field back with the fingerprint of another text; show "
                    f"that text first (lightwell lift {old.record} {opening.pointer}), then change it",
                )
            )
        elif opening.pointer in decided:
            kept[opening.pointer] = opening.salt
        else:
            shown.append(opening)
    return problems, kept, shown


def _overlaps(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return one[: len(other)] == other or other[: len(one)] == one


def _format_opened(opening: withholding.Opening) -> dict[str, str]:
    commitment = withholding.compute_commitment(opening.pointer, opening.value, opening.salt)
    return {"pointer": opening.pointer, "commitment": commitment, "salt": opening.salt.hex()}


def _find_date_problems(
    record: disclosure.Disclosure, decisions: Sequence[withholding.Decision], today: datetime.date
) -> list[errors.Problem]:
    problems = []
    if record.date > today.isoformat():
        problems.append(
            errors.Problem("/date", f"a record cannot be dated {record.date}; today is {today.isoformat()}")
        )
    problems += [
        errors.Problem(
            f"/hold_back/{index}/expires", f"holding back would have ended on {decision.expires} already"
        )
        for index, decision in enumerate(decisions)
        if decision.expires <= today.isoformat()
    ]
    return problems


def _find_decision_problems(
    record: disclosure.Disclosure, decisions: Sequence[withholding.Decision]
) -> list[errors.Problem]:
    problems = []
    # These two are ours to write: only we hold the salts that open a fingerprint.
    if record.withheld:
        problems.append(errors.Problem("/withheld", "name what is to be held back under hold_back"))
    if record.opened:
        problems.append(errors.Problem("/opened", "leave this out; it is written when a field is shown"))
    for index, decision in enumerate(decisions):
        try:
            ground.check_use(
                data.read_grounds(),
                decision.ground,
                "field",
                decision.decided_by,
                record.date,
                decision.expires,
            )
        except errors.UserMistake as error:
            problems += [errors.Problem(f"/hold_back/{index}", each.sentence) for each in error.problems]
    return problems


def _find_party_problems(record: disclosure.Disclosure) -> list[errors.Problem]:
    problems = []
    provider = Provider.objects.filter(slug=record.provider.id).first()
    if provider is not None and provider.name != record.provider.name:
        problems.append(
            errors.Problem(
                "/provider/name",
                f"the company {provider.slug} is known here as {provider.name!r}; write it so",
            )
        )
    known: Mapping[str, Service] = Service.objects.in_bulk([each.id for each in record.services])
    for index, service in enumerate(record.services):
        found = known.get(service.id)
        if found is None:
            continue
        if found.provider_id != record.provider.id:
            problems.append(
                errors.Problem(
                    f"/services/{index}/id", f"the service {service.id} belongs to {found.provider_id}"
                )
            )
        elif found.name != service.name:
            problems.append(
                errors.Problem(
                    f"/services/{index}/name",
                    f"the service {service.id} is known here as {found.name!r}; write it so",
                )
            )
    return problems


def _find_reference_problems(record: disclosure.Disclosure) -> list[errors.Problem]:
    about = record.about
    if about is None:
        return []
    row = Disclosure.objects.filter(record=about.id, digest=about.digest).first()
    if row is not None and record.date < row.date:
        sentence = f"this is dated {record.date} and is about what is of {row.date}; nobody answers before"
        return [errors.Problem("/date", sentence)]
    if row is not None:
        return []
    return [errors.Problem("/about", f"no version of {about.id} with this digest was published here")]


def _find_succession_problems(record: disclosure.Disclosure, old: Disclosure | None) -> list[errors.Problem]:
    if old is None:
        if record.version == 1:
            return []
        return [
            errors.Problem("/version", f"{record.id} has no version {record.version - 1} here to follow from")
        ]
    if old.data is None:
        return [errors.Problem("/id", f"the newest version of {record.id} was erased; begin a new record")]
    if record.date < old.date:
        sentence = f"this is dated {record.date}, before the version that it supersedes, of {old.date}"
        return [errors.Problem("/date", sentence)]
    try:
        disclosure.check_succession(old.read_record(), record)
    except errors.Refused as error:
        return [errors.Problem("/supersedes", error.sentence)]
    return []


def _check_size(public: disclosure.Disclosure) -> None:
    size = len(canonical.encode(disclosure.format_log_entry(public)))
    if size > log.MAX_ENTRY_BYTES:
        raise errors.UserMistake(
            f"{len(public.withheld)} held back fields make a log entry of {size:,} bytes, and "
            f"{log.MAX_ENTRY_BYTES:,} are allowed; hold back fewer, larger parts",
            place="/hold_back",
        )
