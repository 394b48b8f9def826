"""What the archive writes into the log: one function for each type of entry, and the way back.

An entry carries ids, types, dates, digests and commitments only; there is no argument through which a
title, a name or free text could get in. `at` is the writer's own clock and proves nothing: the
cosignatures on the first covering checkpoint bound it. Giving entries their place: `actions/log`.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping, Sequence

from lightwell.archive import completeness, rules
from lightwell.archive.beacon import Beacon
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json

VERSION = 1

# Types of the log that say something about one item, and so become events of `archive/completeness`.
ITEM_TYPES = frozenset(completeness.EVENT_TYPES)

_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z")


def make_study(
    at: datetime.datetime,
    study: str,
    in_advance: bool,
    record: str,
    after: str | None,
    beacon: Beacon | None = None,
) -> dict[str, Json]:
    """Register a study; `record` is the digest of its disclosure.

    `after` ("sha256:<hex>") is the digest of the newest cosigned checkpoint: its cosignatures could not
    be known before the time they state, so the entry is not older. `beacon` says the same without us.
    """
    return _make(
        "study",
        at,
        study=study,
        in_advance=in_advance,
        record=record,
        after=after,
        beacon=_state_beacon(beacon),
    )


def _state_beacon(value: Beacon | None) -> dict[str, Json] | None:
    return None if value is None else {"source": value.source, "round": value.round, "value": value.value}


def read_beacon(value: Json) -> Beacon | None:
    """Read the beacon of a registration; `Refused` for anything but null or one of a known source."""
    if value is None:
        return None
    if not isinstance(value, dict) or sorted(value) != ["round", "source", "value"]:
        raise errors.Refused("its beacon has not exactly a source, a round and a value")
    source, number, random = value["source"], value["round"], value["value"]
    if not isinstance(source, str) or not isinstance(random, str) or type(number) is not int:
        raise errors.Refused("its beacon is malformed")
    return Beacon(source, number, random)


def make_item(
    at: datetime.datetime,
    study: str,
    number: int,
    kind: str,
    pages: int | None,
    read: bool,
    due: datetime.date,
    sealed: bytes,
) -> dict[str, Json]:
    """Seal one item; `pages` is null where the format is held but not read."""
    return _make(
        "item",
        at,
        study=study,
        item=number,
        kind=kind,
        pages=pages,
        read=read,
        due=due.isoformat(),
        commitment=sealed.hex(),
    )


def make_inventory(
    at: datetime.datetime, study: str, number: int, items: int, root: bytes
) -> dict[str, Json]:
    """Close an inventory: how many items it seals and the root over the leaf hashes of their entries."""
    return _make("inventory", at, study=study, inventory=number, items=items, root=root.hex())


def make_opening(
    at: datetime.datetime, study: str, number: int, pages: int | None, opening: str, redacted: int = 0
) -> dict[str, Json]:
    """Open an item or some of its pages; `opening` is the digest of the opening document.

    `redacted` of the `pages` have hidden regions; the member is there only where there is such a page.
    """
    counted = {"redacted": redacted} if redacted else {}
    return _make("opening", at, study=study, item=number, pages=pages, opening=opening, **counted)


def make_withholding(
    at: datetime.datetime, study: str, number: int, ground: str, decided_by: str, review: datetime.date
) -> dict[str, Json]:
    """Hold back a whole item on a ground, decided by a role, until a day on which it is reviewed."""
    return _make(
        "withholding",
        at,
        study=study,
        item=number,
        ground=ground,
        decided_by=decided_by,
        review=review.isoformat(),
    )


def make_rules(at: datetime.datetime, rule: rules.Rules) -> dict[str, Json]:
    """Put rules in force for every item sealed from here on."""
    return _make(
        "rules",
        at,
        version=rule.version,
        due_soon_days=rule.due_soon_days,
        grace_days=rule.grace_days,
        tolerance_seconds=rule.tolerance_seconds,
    )


def make_publication(at: datetime.datetime, study: str, number: int, record: str) -> dict[str, Json]:
    """Publish: `record` is the digest of the publication record, `number` counts a study's from 1."""
    return _make("publication", at, study=study, publication=number, record=record)


def make_extension(
    at: datetime.datetime, study: str, number: int, due: datetime.date, ground: str
) -> dict[str, Json]:
    """Move the promised date of an item, on a ground; the table counts how often."""
    return _make("extension", at, study=study, item=number, due=due.isoformat(), ground=ground)


def make_already_public(
    at: datetime.datetime, study: str, number: int, record: str | None
) -> dict[str, Json]:
    """Say that an item is public elsewhere; `record` is the digest of a disclosure that says where."""
    return _make("already-public", at, study=study, item=number, record=record)


def make_suspension(
    at: datetime.datetime, study: str, number: int, page: int | None, ground: str, decided_by: str
) -> dict[str, Json]:
    """Take an item, or one page of it, out of view at once: one role decides."""
    return _make("suspension", at, study=study, item=number, page=page, ground=ground, decided_by=decided_by)


def make_restoration(
    at: datetime.datetime, study: str, number: int, page: int | None, decided_by: tuple[str, str]
) -> dict[str, Json]:
    """Put what was suspended back into view: two people decide, named by their roles."""
    return _make("restoration", at, study=study, item=number, page=page, decided_by=list(decided_by))


def make_erasure(
    at: datetime.datetime, study: str, number: int, ground: str, decided_by: str
) -> dict[str, Json]:
    """Erase an item by law: every wrapped copy of its key is destroyed, its place stays."""
    return _make("erasure", at, study=study, item=number, ground=ground, decided_by=decided_by)


def make_key_lost(at: datetime.datetime, study: str, number: int) -> dict[str, Json]:
    """Admit that the key of an item is lost, so that it can never be opened."""
    return _make("key-lost", at, study=study, item=number)


def make_dispute(at: datetime.datetime, study: str, number: int) -> dict[str, Json]:
    """Mark that somebody disputes what is said about an item."""
    return _make("dispute", at, study=study, item=number)


def make_audit(
    at: datetime.datetime,
    study: str,
    sampled: int,
    agreed: int,
    missing: int,
    originals: str,
    size: int,
    decided_by: str,
) -> dict[str, Json]:
    """Say what came of drawing pages of a study again (`archive/audit`).

    `size` is that of the signed checkpoint whose root chose the pages; `originals` whose copies were drawn.
    """
    return _make(
        "audit",
        at,
        study=study,
        sampled=sampled,
        agreed=agreed,
        missing=missing,
        originals=originals,
        size=size,
        decided_by=decided_by,
    )


def make_count(at: datetime.datetime, day: datetime.date, studies: int, items: int) -> dict[str, Json]:
    """Count everything sealed so far, every day, also when nothing was added."""
    return _make("count", at, date=day.isoformat(), studies=studies, items=items)


def make_challenge(
    at: datetime.datetime, challenge: str, provider: str, commitment: bytes
) -> dict[str, Json]:
    """Ask a company about a file; `commitment` tells nobody which it is (`archive/challenge`)."""
    return _make("challenge", at, challenge=challenge, provider=provider, commitment=commitment.hex())


def make_challenge_handover(at: datetime.datetime, challenge: str, due: datetime.date) -> dict[str, Json]:
    """Note that the holder told the company which file is meant: an answer is owed by `due`."""
    return _make("challenge-handover", at, challenge=challenge, due=due.isoformat())


def make_challenge_answer(
    at: datetime.datetime,
    challenge: str,
    answer: str,
    proof: Sequence[bytes] | None,
    place: tuple[str, int] | None,
    decided_by: tuple[str, str],
) -> dict[str, Json]:
    """Answer a challenge; `proof` is the route as `hide_route` hides it, `place` a document named openly."""
    return _make(
        "challenge-answer",
        at,
        challenge=challenge,
        answer=answer,
        proof=None if proof is None else [part.hex() for part in proof],
        place=None if place is None else {"study": place[0], "item": place[1]},
        decided_by=list(decided_by),
    )


def make_challenge_disproof(
    at: datetime.datetime,
    challenge: str,
    salt: bytes,
    digest: bytes,
    size: int,
    route: Sequence[bytes] | None,
) -> dict[str, Json]:
    """Show that an answer was false: which file was meant, and the route to the document sealed over it."""
    return _make(
        "challenge-disproof",
        at,
        challenge=challenge,
        salt=salt.hex(),
        sha256=digest.hex(),
        size=size,
        opening=None if route is None else [part.hex() for part in route],
    )


def decode_entry(index: int, data: bytes) -> dict[str, Json]:
    """Read one entry as an object with a type; `Refused` names its place in the log."""
    try:
        value = canonical.decode(data, require_canonical=True)
    except errors.LightwellError as error:
        raise errors.Refused(f"log entry {index} cannot be read: {error}") from None
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise errors.Refused(f"log entry {index} cannot be read: it is no object with a type")
    return value


def read_events(
    entries: Sequence[bytes],
    find_time: Callable[[int, datetime.datetime], datetime.datetime] | None = None,
) -> list[completeness.Event]:
    """Read, in log order, the events about items; inverse of the makers above as far as states need.

    `find_time(index, at)` gives the time that counts (`archive/dating`); without it the writer's own does.
    Raises `Refused` naming the place of an entry that is not canonical JSON or lacks what its type needs.
    """
    events = []
    for index, data in enumerate(entries):
        value = decode_entry(index, data)
        if value["type"] == "rules" and value.get("version") != rules.FIRST_RULES.version:
            raise errors.Refused(f"log entry {index} brings rules that this program does not know; update it")
        if value["type"] not in ITEM_TYPES:
            continue
        try:
            at = read_time(value)
            events.append(_read_event(value, (find_time(index, at) if find_time else at).date()))
        except (errors.LightwellError, ValueError, KeyError, TypeError) as error:
            raise errors.Refused(f"log entry {index} cannot be read: {error}") from None
    return events


def read_time(value: Mapping[str, Json]) -> datetime.datetime:
    """Read the writer's own time of an entry; `Refused` when it has none in the one form."""
    text = value.get("at")
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise errors.Refused("it lacks a time such as 2026-11-25T04:30:00Z")
    try:
        return datetime.datetime.fromisoformat(text)
    except ValueError:
        raise errors.Refused(f"{text} is no time") from None


def _make(type_name: str, at: datetime.datetime, **members: Json) -> dict[str, Json]:
    if at.tzinfo != datetime.UTC:
        raise ValueError("the time of an entry is in UTC")
    return {"type": type_name, "v": VERSION, "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **members}


def _read_event(value: Mapping[str, Json], day: datetime.date) -> completeness.Event:
    match value:
        case {"v": 1, "type": str(name), "study": str(study), "item": int(item)}:
            due, review = (_read_day(value.get(member)) for member in ("due", "review"))
            pages, page, redacted = (value.get(member) for member in ("pages", "page", "redacted"))
            for count in (pages, page, redacted):
                if count is not None and (not isinstance(count, int) or isinstance(count, bool)):
                    raise errors.Refused("a count of pages or the number of a page is not a whole number")
            return completeness.Event(
                name,
                study,
                item,
                day,
                due=due,
                pages=pages,
                read=value.get("read") is not False,
                page=page,
                review=review,
                redacted=redacted or 0,
            )
    raise errors.Refused("it lacks a version, a type, a study or an item")


def _read_day(text: Json) -> datetime.date | None:
    return datetime.date.fromisoformat(text) if isinstance(text, str) else None
