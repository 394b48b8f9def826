"""Disclosures: the one envelope around every public record, whatever its kind.

A disclosure names its publisher and the provider it concerns; the two are often different,
and only what a provider publishes about itself counts as the provider's answer. A version is
never replaced: the next one names the digest of the one it supersedes. The body is a JSON
object checked against the JSON Schema of its kind elsewhere (`files/schemas`); here the
envelope is checked, once, at the border. Held back values: `base/withholding`. What changed
between two versions: `base/difference`. Removal: `base/tombstone`.

No schema validation, no storage, no signatures here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from lightwell.base import canonical, errors, fields, ids, pointer
from lightwell.base.canonical import Json

KINDS = (
    "study",
    "dataset",
    "access-decision",
    "query-release",
    "figures-edition",
    "risk-assessment",
    "reputational-review",
    "encryption-review",
    "letter",
    "reply",
    "commentary",
)
# These two say something about one version of another disclosure and must name it.
KINDS_ABOUT_ANOTHER = ("reply", "commentary")
PUBLISHER_ROLES = ("provider", "regulator", "campaign-group", "newsroom", "court", "other")

# Longer bodies belong into attachments; the limit keeps one record from filling a page or a parser.
MAX_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Publisher:
    """Who put this here."""

    id: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Party:
    """A provider or one of its services: a stable short id and the public name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Reference:
    """One version of a disclosure: its id and the digest of its canonical bytes."""

    id: str
    digest: str


@dataclass(frozen=True, slots=True)
class WithheldField:
    """A place in the body whose value is held back until `expires`, and the fingerprint of that value.

    `decided_by` is the role that decided, never a name. `commitment` is 64 hex digits for a
    value of any length.
    """

    pointer: str
    ground: str
    expires: str
    decided_by: str
    commitment: str


@dataclass(frozen=True, slots=True)
class OpenedField:
    """A place that the superseded version held back and this one shows, with the salt that proves it."""

    pointer: str
    commitment: str
    salt: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that belongs to the record, by digest: title, size in bytes, media type."""

    digest: str
    bytes: int
    media_type: str
    title: str


@dataclass(frozen=True, slots=True)
class Disclosure:
    """One version of one public record. Build it with `parse_disclosure`; treat `body` as read-only."""

    id: str
    kind: str
    version: int
    schema: int
    publisher: Publisher
    provider: Party
    services: tuple[Party, ...]
    language: str
    date: str
    supersedes: str | None
    about: Reference | None
    body: dict[str, Json]
    withheld: tuple[WithheldField, ...] = ()
    opened: tuple[OpenedField, ...] = ()
    attachments: tuple[Attachment, ...] = ()


def parse_disclosure(record: Json) -> Disclosure:
    """Check a JSON object at the border and return the frozen record; inverse of `format_disclosure`.

    Raises `UserMistake` with every problem of the envelope, each at its JSON Pointer. Left out,
    `services`, `withheld`, `opened`, `attachments` mean none, `supersedes` and `about` null.
    """
    if not isinstance(record, dict):
        raise errors.UserMistake("a disclosure is an object with fields such as kind, publisher and body")
    size = len(canonical.encode(record))  # also refuses what JSON cannot carry
    if size > MAX_BYTES:
        raise errors.UserMistake(
            f"the record has {size:,} bytes; more than {MAX_BYTES:,} belong into an attachment"
        )
    reader = fields.Reader(record)
    disclosure = Disclosure(
        id=reader.take_text("", "id", fields.check_id),
        kind=reader.take_choice("", "kind", KINDS),
        version=reader.take_number("", "version", 1),
        schema=reader.take_number("", "schema", 1),
        publisher=_take_publisher(reader),
        provider=_take_party(reader, "/provider"),
        services=tuple(_take_party(reader, place) for place in reader.list_places("/services")),
        language=reader.take_text("", "language", fields.check_language),
        date=reader.take_text("", "date", fields.check_date),
        supersedes=reader.take_optional_text("", "supersedes", fields.check_digest),
        about=_take_reference(reader),
        body=reader.take_body(),
        withheld=tuple(_take_withheld(reader, place) for place in reader.list_places("/withheld")),
        opened=tuple(_take_opened(reader, place) for place in reader.list_places("/opened")),
        attachments=tuple(_take_attachment(reader, place) for place in reader.list_places("/attachments")),
    )
    reader.refuse_unknown("", Disclosure.__slots__)
    reader.problems += _find_contradictions(disclosure, record)
    if reader.problems:
        raise errors.UserMistake(problems=reader.problems)
    return disclosure


def format_disclosure(disclosure: Disclosure) -> dict[str, Json]:
    """Return the JSON object of a record, every field present; inverse of `parse_disclosure`."""
    about = disclosure.about
    return {
        "id": disclosure.id,
        "kind": disclosure.kind,
        "version": disclosure.version,
        "schema": disclosure.schema,
        "publisher": _as_object(disclosure.publisher),
        "provider": _as_object(disclosure.provider),
        "services": [_as_object(service) for service in disclosure.services],
        "language": disclosure.language,
        "date": disclosure.date,
        "supersedes": disclosure.supersedes,
        "about": _as_object(about) if about else None,
        "body": disclosure.body,
        "withheld": [_as_object(held) for held in disclosure.withheld],
        "opened": [_as_object(opened) for opened in disclosure.opened],
        "attachments": [_as_object(attachment) for attachment in disclosure.attachments],
    }


def encode_disclosure(disclosure: Disclosure) -> bytes:
    """Return the canonical bytes, which are stored, served and hashed; inverse of `decode_disclosure`."""
    return canonical.encode(format_disclosure(disclosure))


def decode_disclosure(data: bytes) -> Disclosure:
    """Read canonical bytes back; refuses any other spelling of the same record."""
    disclosure = parse_disclosure(canonical.decode(data))
    if encode_disclosure(disclosure) != data:
        raise errors.UserMistake("the record leaves fields of the envelope out; every field must be present")
    return disclosure


def compute_digest(disclosure: Disclosure) -> str:
    """Return "sha256:<hex>" of the canonical bytes of a version."""
    return canonical.compute_digest(format_disclosure(disclosure))


def make_reference(disclosure: Disclosure) -> Reference:
    """Name this very version, for a reply, a commentary or a tombstone."""
    return Reference(disclosure.id, compute_digest(disclosure))


def counts_as_answer(disclosure: Disclosure) -> bool:
    """Answer whether this is the provider's own word: published by the provider it concerns."""
    return disclosure.publisher.role == "provider" and disclosure.publisher.id == disclosure.provider.id


def check_succession(old: Disclosure, new: Disclosure) -> None:
    """Refuse a new version that does not follow from the old one; `Refused` says why."""
    same = [
        ("id", old.id, new.id),
        ("kind", old.kind, new.kind),
        ("publisher", old.publisher.id, new.publisher.id),
        ("provider", old.provider.id, new.provider.id),
    ]
    for name, before, after in same:
        if before != after:
            raise errors.Refused(f"a new version keeps its {name}: it was {before}, here it is {after}")
    if new.version != old.version + 1:
        raise errors.Refused(f"after version {old.version} comes {old.version + 1}, not {new.version}")
    if new.supersedes != compute_digest(old):
        raise errors.Refused("a new version names the digest of the version before it under supersedes")
    if new.date < old.date:
        raise errors.Refused(f"a new version cannot be dated {new.date}, before the old one of {old.date}")
    if new.schema < old.schema:
        raise errors.Refused("a new version cannot go back to an older schema")


def format_log_entry(disclosure: Disclosure) -> dict[str, Json]:
    """Return what the log may say about a version: ids, types, dates, digests, commitments, nothing else.

    The publisher, provider, services and places of withheld fields stay out: their ids may be names.
    """
    return {
        "type": "lightwell.disclosure.v1",
        "id": disclosure.id,
        "kind": disclosure.kind,
        "version": disclosure.version,
        "date": disclosure.date,
        "digest": compute_digest(disclosure),
        "supersedes": disclosure.supersedes,
        "about": _as_object(disclosure.about) if disclosure.about else None,
        "withheld": [
            {"ground": held.ground, "expires": held.expires, "commitment": held.commitment}
            for held in disclosure.withheld
        ],
        "opened": [opened.commitment for opened in disclosure.opened],
    }


def change(disclosure: Disclosure, **values: Json) -> Disclosure:
    """Return a copy with other fields, checked as at the border."""
    return parse_disclosure(format_disclosure(replace(disclosure, **values)))


def _as_object(
    part: Publisher | Party | Reference | WithheldField | OpenedField | Attachment,
) -> dict[str, Json]:
    return {name: getattr(part, name) for name in part.__slots__}


def _take_publisher(reader: fields.Reader) -> Publisher:
    reader.check_object("/publisher", Publisher.__slots__)
    return Publisher(
        reader.take_text("/publisher", "id", fields.check_slug),
        reader.take_choice("/publisher", "role", PUBLISHER_ROLES),
        reader.take_text("/publisher", "name", fields.check_name),
    )


def _take_party(reader: fields.Reader, place: str) -> Party:
    reader.check_object(place, Party.__slots__)
    return Party(
        reader.take_text(place, "id", fields.check_slug), reader.take_text(place, "name", fields.check_name)
    )


def _take_reference(reader: fields.Reader) -> Reference | None:
    if reader.record.get("about") is None:
        return None
    reader.check_object("/about", Reference.__slots__)
    return Reference(
        reader.take_text("/about", "id", fields.check_id),
        reader.take_text("/about", "digest", fields.check_digest),
    )


def _take_withheld(reader: fields.Reader, place: str) -> WithheldField:
    reader.check_object(place, WithheldField.__slots__)
    return WithheldField(
        reader.take_text(place, "pointer", fields.check_body_pointer),
        reader.take_text(place, "ground", fields.check_slug),
        reader.take_text(place, "expires", fields.check_date),
        reader.take_text(place, "decided_by", fields.check_slug),
        reader.take_text(place, "commitment", fields.check_hex64),
    )


def _take_opened(reader: fields.Reader, place: str) -> OpenedField:
    reader.check_object(place, OpenedField.__slots__)
    return OpenedField(
        reader.take_text(place, "pointer", fields.check_body_pointer),
        reader.take_text(place, "commitment", fields.check_hex64),
        reader.take_text(place, "salt", fields.check_hex64),
    )


def _take_attachment(reader: fields.Reader, place: str) -> Attachment:
    reader.check_object(place, Attachment.__slots__)
    return Attachment(
        reader.take_text(place, "digest", fields.check_digest),
        reader.take_number(place, "bytes", 0),
        reader.take_text(place, "media_type", fields.check_media_type),
        reader.take_text(place, "title", fields.check_name),
    )


def _find_contradictions(disclosure: Disclosure, record: dict[str, Json]) -> list[errors.Problem]:
    """Find what no single field shows: versions without a predecessor, held back places with a value."""
    problems = []
    if disclosure.id and fields.check_id(disclosure.id) == "":
        named = ids.parse_id(disclosure.id)[0]
        if named != disclosure.kind and disclosure.kind in KINDS:
            problems.append(
                errors.Problem("/id", f"this id names a {named}, but the record is a {disclosure.kind}")
            )
    if (disclosure.version == 1) != (disclosure.supersedes is None):
        problems.append(
            errors.Problem(
                "/supersedes",
                "version 1 supersedes nothing; every later version names the digest of the one before it",
            )
        )
    if disclosure.kind in KINDS_ABOUT_ANOTHER and disclosure.about is None:
        problems.append(
            errors.Problem("/about", f"a {disclosure.kind} names the version it is about (id and digest)")
        )
    if disclosure.opened and disclosure.supersedes is None:
        problems.append(errors.Problem("/opened", "only a later version can show what was held back"))
    for name, items in (("services", disclosure.services), ("attachments", disclosure.attachments)):
        keys = [item.id if isinstance(item, Party) else item.digest for item in items]
        if len(set(keys)) != len(keys):
            problems.append(errors.Problem(f"/{name}", f"one of the {name} stands here twice"))
    problems += _find_withheld_contradictions(disclosure, record)
    return problems


def _find_withheld_contradictions(disclosure: Disclosure, record: dict[str, Json]) -> list[errors.Problem]:
    problems = []
    seen: list[tuple[str, ...]] = []
    for index, held in enumerate(disclosure.withheld):
        place = f"/withheld/{index}"
        if fields.check_body_pointer(held.pointer):
            continue
        tokens = pointer.parse_pointer(held.pointer)
        value = pointer.find_value(record, tokens)
        if value is pointer.ABSENT:
            problems.append(errors.Problem(place, f"the record has no place {held.pointer}"))
        elif value is not None:
            problems.append(
                errors.Problem(
                    place, f"{held.pointer} is held back, yet a value stands there; it must be null"
                )
            )
        if any(tokens[: len(other)] == other or other[: len(tokens)] == tokens for other in seen):
            problems.append(errors.Problem(place, f"{held.pointer} is held back twice"))
        seen.append(tokens)
        if (
            not fields.check_date(held.expires)
            and not fields.check_date(disclosure.date)
            and held.expires <= disclosure.date
        ):
            problems.append(
                errors.Problem(f"{place}/expires", "holding back must end after the date of the record")
            )
    return problems
