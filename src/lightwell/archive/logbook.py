"""What the entries of a log say together: who was registered, what was sealed, which records they name.

`read_logbook` reads every entry once, refuses by its place one that is malformed, of an unknown type or
out of order, and answers which records may be absent and why (docs/reference/bundle.md). Signatures and
tiles: `tlog`; states and dates: `archive/account`; the records themselves: `client/verify`.
"""

from __future__ import annotations

import dataclasses
import datetime
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from lightwell.archive import audit, beacon, entry, register, rules
from lightwell.base import canonical, errors, tombstone
from lightwell.base.canonical import Json
from lightwell.tlog import tree

MAX_ENTRY_BYTES = 8192
DISCLOSURE = "lightwell.disclosure.v1"

# Ids, types, dates, digests, roles: nothing in an entry has a space, so that free text cannot hide there.
_PLAIN = re.compile(r"[A-Za-z0-9.:+-]{1,140}")
_DIGEST = re.compile("sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Sealed:
    """An item as its entry seals it, at its place in the log."""

    index: int
    study: str
    number: int
    kind: str
    pages: int | None
    read: bool
    commitment: bytes
    entry: dict[str, Json]


@dataclass(frozen=True, slots=True)
class Named:
    """A record that an entry names: of what kind, where, and the entry itself."""

    index: int
    kind: str
    digest: str
    entry: dict[str, Json]

    @property
    def of_record(self) -> bool:
        """Whether it is a disclosure, and no opening or publication record of a study."""
        return self.kind == "disclosure"

    def describe(self) -> str:
        """Say what the record is about, such as "study std-..." or "document 3 of std-..."."""
        entry = self.entry
        if self.of_record:
            about = str(entry.get("id") or entry["study"])
            return f"{'study' if about.startswith('std-') else 'record'} {about}"
        if self.kind == "opening":
            return f"document {entry['item']} of {entry['study']}"
        return f"publication {entry['publication']} of {entry['study']}"


@dataclass(frozen=True, slots=True)
class Registration:
    """What bounds the time of a registration: the digest of a cosigned checkpoint, a public random value."""

    index: int
    in_advance: bool
    after: str | None
    beacon: beacon.Beacon | None


@dataclass(frozen=True, slots=True)
class Audit:
    """What somebody says who drew pages again: how many were chosen, agreed, could not be compared."""

    index: int
    study: str
    sampled: int
    agreed: int
    missing: int

    @property
    def differing(self) -> int:
        """How many of the chosen pages were sealed otherwise than their file shows."""
        return self.sampled - self.agreed - self.missing


@dataclass
class Logbook:
    """Everything the entries say, by what it is about; built by `read_logbook`, then only read."""

    studies: dict[str, int] = field(default_factory=dict)
    items: dict[tuple[str, int], Sealed] = field(default_factory=dict)
    sealed: dict[str, int] = field(default_factory=dict)
    inventories: dict[str, int] = field(default_factory=dict)
    publications: dict[str, int] = field(default_factory=dict)
    named: list[Named] = field(default_factory=list)
    versions: dict[str, list[Named]] = field(default_factory=dict)
    removed: dict[str, int] = field(default_factory=dict)
    stops: dict[tuple[str, int], list[int]] = field(default_factory=dict)
    suspended: dict[tuple[str, int], set[int | None]] = field(default_factory=dict)
    waiting: list[Sealed] = field(default_factory=list)
    registrations: dict[str, Registration] = field(default_factory=dict)
    challenges: register.Register = field(default_factory=register.Register)
    audits: list[Audit] = field(default_factory=list)

    def explain_absence(self, named: Named) -> str | None:
        """Say why a record may be absent; None when nothing explains it."""
        if named.kind == "disclosure":
            place = self.removed.get(named.digest)
            return None if place is None else f"removed with a reason (log entry {place})"
        study, number = named.entry["study"], named.entry.get("item")
        for key in self.items if number is None else [(study, number)]:
            if key[0] != study:
                continue
            if self.suspended.get(key):
                return f"item {key[1]} of {study} is suspended"
            for place in self.stops.get(key, ()):
                if place > named.index:
                    return f"item {key[1]} of {study} was taken back or erased (log entry {place})"
        return None

    def describe_missing(self, named: Named) -> str:
        """Say that a record is not there and nothing explains it."""
        return (
            f"the log names {named.describe()} (log entry {named.index}); its record is not here, "
            "and no entry explains that"
        )

    def list_missing(self, has: Callable[[Named], bool | None]) -> list[Named]:
        """List the records that `has` denies and nothing explains, each once; None says that nobody knows.

        Of a study whose own record is missing nothing else is listed.
        """
        found = {
            named.digest: named
            for named in reversed(self.named)
            if self.explain_absence(named) is None and has(named) is False
        }
        gone = {
            named.entry.get("id", named.entry.get("study")) for named in found.values() if named.of_record
        }
        listed = [each for each in found.values() if each.of_record or each.entry["study"] not in gone]
        return sorted(listed, key=lambda named: named.index)

    def list_openings(self, study: str, number: int, before: int) -> list[Named]:
        """List the openings of an item that are logged before a place, oldest first."""
        return [
            named
            for named in self.named
            if named.kind == "opening"
            and named.index < before
            and (named.entry["study"], named.entry["item"]) == (study, number)
        ]


def read_logbook(entries: Sequence[bytes]) -> Logbook:
    """Read every entry in order; `Refused` names the place of the first that breaks a rule."""
    book = Logbook()
    for index, data in enumerate(entries):
        if len(data) > MAX_ENTRY_BYTES:
            raise errors.Refused(f"log entry {index} has {len(data)} bytes; {MAX_ENTRY_BYTES} are allowed")
        value = entry.decode_entry(index, data)
        try:
            _check_plain(value)
            reader = _READERS.get(value["type"])
            if reader is None:
                raise errors.Refused(f"its type {value['type']!r} is unknown")
            if value["type"] in MEMBERS:
                _check_members(value)
            if book.waiting and value["type"] not in ("item", "inventory"):
                raise errors.Refused("items before it belong to no inventory")
            reader(book, index, value)
        except errors.LightwellError as error:
            raise errors.Refused(f"log entry {index} ({value['type']}): {error}") from None
    if book.waiting:
        raise errors.Refused(f"log entry {book.waiting[-1].index}: the item belongs to no inventory")
    _check_registrations(book)
    return book


# Members beside type, v and at; docs/reference/bundle.md prints this table.
MEMBERS: dict[str, frozenset[str]] = {
    name: frozenset(members.split())
    for name, members in {
        "rules": "version due_soon_days grace_days tolerance_seconds",
        "study": "study in_advance record after beacon",
        "item": "study item kind pages read due commitment",
        "inventory": "study inventory items root",
        "opening": "study item pages opening",
        "withholding": "study item ground decided_by review",
        "extension": "study item due ground",
        "already-public": "study item record",
        "suspension": "study item page ground decided_by",
        "restoration": "study item page decided_by",
        "erasure": "study item ground decided_by",
        "key-lost": "study item",
        "dispute": "study item",
        "publication": "study publication record",
        "audit": "study sampled agreed missing originals size decided_by",
        "count": "date studies items",
        "challenge": "challenge provider commitment",
        "challenge-handover": "challenge due",
        "challenge-answer": "challenge answer place proof decided_by",
        "challenge-disproof": "challenge salt sha256 size opening",
    }.items()
}


def _check_members(value: Mapping[str, Json]) -> None:
    known = MEMBERS[value["type"]] | {"type", "v", "at"}
    if value["type"] == "opening" and "redacted" in value:
        known |= {"redacted"}
        # Without a page that has hidden regions the member is not there: one opening, one entry.
        if not _is_count(value["redacted"], 1) or not _is_count(value["pages"], value["redacted"]):
            raise errors.Refused("its member redacted is no whole number from 1 up to its pages")
    if value.get("v") != entry.VERSION or isinstance(value["v"], bool):
        raise errors.Refused("its version is unknown")
    if set(value) != known:
        wrong = ", ".join(sorted(set(value) ^ known))
        raise errors.Refused(f"it has members too many or too few: {wrong}")
    entry.read_time(value)
    for name in ("study", "kind", "ground"):
        if name in known and not isinstance(value[name], str):
            raise errors.Refused(f"its member {name} is no text")
    for name in ("item", "inventory", "publication", "items", "studies"):
        least = 0 if value["type"] == "count" else 1
        if name in known and not _is_count(value[name], least):
            raise errors.Refused(f"its member {name} is no whole number from {least} on")
    for name in ("sampled", "agreed", "missing", "size"):
        if name in known and not _is_count(value[name], 0):
            raise errors.Refused(f"its member {name} is no whole number")
    for name in ("pages", "page"):
        if name in known and value[name] is not None and not _is_count(value[name], 0):
            raise errors.Refused(f"its member {name} is neither null nor a whole number")
    for name in ("due", "review", "date"):
        if name in known and not _is_date(value[name]):
            raise errors.Refused(f"its member {name} is no date")


def _check_plain(value: Json) -> None:
    match value:
        case str() if not _PLAIN.fullmatch(value):
            raise errors.Refused("it holds text, where only ids, types, dates and digests may stand")
        case dict():
            for name, inner in value.items():
                _check_plain(name.replace("_", "-"))
                _check_plain(inner)
        case list():
            for inner in value:
                _check_plain(inner)
        case float():
            raise errors.Refused("it holds a fraction")


def _read_rules(book: Logbook, index: int, value: dict[str, Json]) -> None:
    # Whole, so that no rules of the known number forgive more than the known ones.
    stated = {name: value[name] for name in MEMBERS["rules"]}
    if canonical.encode(stated) != canonical.encode(dataclasses.asdict(rules.FIRST_RULES)):
        raise errors.Refused("it brings rules that this program does not know; update it")


def _read_study(book: Logbook, index: int, value: dict[str, Json]) -> None:
    if value["study"] in book.studies:
        raise errors.Refused(f"the study {value['study']} is registered twice")
    book.studies[value["study"]] = index
    book.registrations[value["study"]] = _read_registration(index, value)
    book.named.append(Named(index, "disclosure", _read_digest(value["record"]), value))


def _read_registration(index: int, value: dict[str, Json]) -> Registration:
    after, stated, in_advance = value["after"], value["beacon"], value["in_advance"]
    if not isinstance(in_advance, bool):
        raise errors.Refused("it does not say yes or no to registered in advance")
    return Registration(
        index, in_advance, None if after is None else _read_digest(after), entry.read_beacon(stated)
    )


def read_registration(index: int, data: bytes) -> Registration:
    """Read the registration that stands at a place; `Refused` when it is none."""
    value = entry.decode_entry(index, data)
    if value["type"] != "study":
        raise errors.Refused(f"log entry {index} registers no study")
    return _read_registration(index, value)


def _read_item(book: Logbook, index: int, value: dict[str, Json]) -> None:
    study, number = value["study"], value["item"]
    _require_study(book, study)
    if book.waiting and book.waiting[-1].study != study:
        raise errors.Refused("items of two studies stand in one inventory")
    book.sealed[study] = _follow(book.sealed.get(study, 0), number, "item")
    pages = value["pages"]
    if not isinstance(value["read"], bool) or pages == 0 or (value["read"] and pages is None):
        raise errors.Refused("an item that was read has a page count from 1 on")
    commitment = value["commitment"]
    if not isinstance(commitment, str) or not re.fullmatch("[0-9a-f]{64}", commitment):
        raise errors.Refused("a digital fingerprint has 64 hex digits")
    sealed = Sealed(
        index, study, number, value["kind"], value["pages"], value["read"], bytes.fromhex(commitment), value
    )
    book.items[study, number] = sealed
    book.challenges.add_item(index, value)
    book.waiting.append(sealed)


def _read_inventory(book: Logbook, index: int, value: dict[str, Json]) -> None:
    study, waiting = value["study"], book.waiting
    _require_study(book, study)
    if len(waiting) != value["items"] or any(each.study != study for each in waiting):
        raise errors.Refused(f"it seals {value['items']} items of {study}, but other entries stand before it")
    root = tree.compute_root([tree.hash_leaf(canonical.encode(each.entry)) for each in waiting])
    if value["root"] != root.hex():
        raise errors.Refused("its root is not that of the items it seals")
    book.inventories[study] = _follow(book.inventories.get(study, 0), value["inventory"], "inventory")
    book.waiting = []


def _read_opening(book: Logbook, index: int, value: dict[str, Json]) -> None:
    _require_item(book, value)
    book.named.append(Named(index, "opening", _read_digest(value["opening"]), value))


def _read_stop(book: Logbook, index: int, value: dict[str, Json]) -> None:
    book.stops.setdefault(_require_item(book, value), []).append(index)


def _read_about_item(book: Logbook, index: int, value: dict[str, Json]) -> None:
    _require_item(book, value)
    if value.get("record") is not None:
        book.named.append(Named(index, "disclosure", _read_digest(value["record"]), value))


def _read_suspension(book: Logbook, index: int, value: dict[str, Json]) -> None:
    book.suspended.setdefault(_require_item(book, value), set()).add(value["page"])


def _read_restoration(book: Logbook, index: int, value: dict[str, Json]) -> None:
    pages = book.suspended.get(_require_item(book, value), set())
    if value["page"] not in pages:
        raise errors.Refused("it restores what was not suspended")
    if not isinstance(value["decided_by"], list) or len(value["decided_by"]) != 2:
        raise errors.Refused("two people restore, and it does not name two roles")
    pages.discard(value["page"])


def _read_publication(book: Logbook, index: int, value: dict[str, Json]) -> None:
    study = value["study"]
    _require_study(book, study)
    book.publications[study] = _follow(book.publications.get(study, 0), value["publication"], "publication")
    book.named.append(Named(index, "publication", _read_digest(value["record"]), value))


def read_audit(index: int, value: Mapping[str, Json]) -> Audit:
    """Read an entry that `read_logbook` has accepted, or that this archive has written."""
    return Audit(index, value["study"], value["sampled"], value["agreed"], value["missing"])


def _read_audit(book: Logbook, index: int, value: dict[str, Json]) -> None:
    _require_study(book, value["study"])
    if value["agreed"] + value["missing"] > value["sampled"]:
        raise errors.Refused("it counts more pages than were chosen")
    if value["originals"] not in (audit.OWN, audit.ARCHIVE) or not 0 < value["size"] <= index:
        raise errors.Refused("it does not say whose originals, or names a state that was not there yet")
    book.audits.append(read_audit(index, value))


def _read_count(book: Logbook, index: int, value: dict[str, Json]) -> None:
    found = len(book.studies), len(book.items)
    if (value["studies"], value["items"]) != found:
        raise errors.Refused(
            f"it counts {value['studies']} studies and {value['items']} items, "
            f"the log before it {found[0]} and {found[1]}"
        )


def _read_disclosure(book: Logbook, index: int, value: dict[str, Json]) -> None:
    name, versions = value.get("id"), book.versions.setdefault(str(value.get("id")), [])
    digest = _read_digest(value.get("digest"))
    before = versions[-1].digest if versions else None
    if value.get("version") != len(versions) + 1 or value.get("supersedes") != before:
        raise errors.Refused(f"version {value.get('version')} of {name} does not follow the one before it")
    named = Named(index, "disclosure", digest, value)
    versions.append(named)
    book.named.append(named)


def _read_tombstone(book: Logbook, index: int, value: dict[str, Json]) -> None:
    stone = tombstone.parse_tombstone(value)
    known = {each.digest: each for each in book.versions.get(stone.about.id, ())}
    if stone.about.digest not in known:
        raise errors.Refused(f"it removes a version of {stone.about.id} that was never logged")
    book.removed.setdefault(stone.about.digest, index)


def _read_challenge(book: Logbook, index: int, value: dict[str, Json]) -> None:
    book.challenges.add(index, value)


_READERS: dict[str, Callable[[Logbook, int, dict[str, Json]], None]] = {
    "rules": _read_rules,
    "study": _read_study,
    "item": _read_item,
    "inventory": _read_inventory,
    "opening": _read_opening,
    "withholding": _read_stop,
    "extension": _read_about_item,
    "already-public": _read_about_item,
    "suspension": _read_suspension,
    "restoration": _read_restoration,
    "erasure": _read_stop,
    "key-lost": _read_about_item,
    "dispute": _read_about_item,
    "publication": _read_publication,
    "audit": _read_audit,
    "count": _read_count,
    **dict.fromkeys(register.TYPES, _read_challenge),
    DISCLOSURE: _read_disclosure,
    tombstone.TYPE: _read_tombstone,
}


def _check_registrations(book: Logbook) -> None:
    logged = {(named.entry.get("id"), named.digest) for all_of in book.versions.values() for named in all_of}
    for named in book.named:
        if named.entry["type"] == "study" and (named.entry["study"], named.digest) not in logged:
            raise errors.Refused(f"log entry {named.index} (study): its record has no entry of its own")


def _require_study(book: Logbook, study: str) -> None:
    if study not in book.studies:
        raise errors.Refused(f"the study {study} is not registered before it")


def _require_item(book: Logbook, value: Mapping[str, Json]) -> tuple[str, int]:
    key = value["study"], value["item"]
    if key not in book.items:
        raise errors.Refused(f"item {key[1]} of {key[0]} was never sealed before it")
    return key


def _follow(before: int, number: int, noun: str) -> int:
    if number != before + 1:
        raise errors.Refused(f"after {noun} {before} comes {before + 1}, not {number}")
    return number


def _read_digest(value: Json) -> str:
    if not isinstance(value, str) or not _DIGEST.fullmatch(value):
        raise errors.Refused("a digest is sha256: and 64 hex digits")
    return value


def _is_count(value: Json, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_date(value: Json) -> bool:
    try:
        return isinstance(value, str) and datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False
