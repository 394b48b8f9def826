"""Withholding: a field of a public record held back for a time, and shown later with proof.

The value is replaced by null; its place stays, with a ground, an end date, the role that
decided, and a salted commitment:

    SHA-256("lightwell.field.v1" newline, 32 bytes of salt, canonical bytes of [pointer, value])

The commitment has 32 bytes whatever it covers, and without the salt it tells nothing about
the value, not even when only two values are possible (hiding rests on the salt having 256
bits and being used once; binding on SHA-256). A record's digest is always that of the public
version: a digest over the full text would let a guess be tested.

To lift: publish the next version with the values back in their places and the salts under
`opened`. Anybody with both versions checks it. Salts are arguments; keeping them secret and
keeping them at all is the store's work.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightwell.base import canonical, disclosure, errors, fields, pointer
from lightwell.base.canonical import Json

DOMAIN = b"lightwell.field.v1\n"
SALT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Decision:
    """Hold back the value at `pointer` until `expires` for a ground, as decided by a role.

    `repeats_accepted`: a person has looked at the places where the same words stand and keeps them.
    """

    pointer: str
    ground: str
    expires: str
    decided_by: str
    repeats_accepted: bool = False


@dataclass(frozen=True, slots=True)
class Opening:
    """What lifts one held back field: its place, the salt, the value. Secret until it is lifted."""

    pointer: str
    salt: bytes
    value: Json


def compute_commitment(place: str, value: Json, salt: bytes) -> str:
    """Return the 64 hex digits that fix a value at a place without telling it."""
    if len(salt) != SALT_BYTES:
        raise ValueError(f"a salt has {SALT_BYTES} random bytes")
    return hashlib.sha256(DOMAIN + salt + canonical.encode([place, value])).hexdigest()


def check_opening(held: disclosure.WithheldField, salt: bytes, value: Json) -> bool:
    """Answer whether a salt and value are those the held back field was fixed to."""
    return compute_commitment(held.pointer, value, salt) == held.commitment


def withhold_fields(
    full: disclosure.Disclosure, decisions: Sequence[Decision], salts: Mapping[str, bytes]
) -> tuple[disclosure.Disclosure, tuple[Opening, ...]]:
    """Hold fields of a full record back; inverse of `lift_fields`.

    `salts` gives 32 fresh random bytes for each pointer. Returns the public version and the
    openings to be kept. Raises `UserMistake` when a place does not exist, is empty already, is
    named twice, or when its text still stands elsewhere in the record.
    """
    record = disclosure.format_disclosure(full)
    problems: list[errors.Problem] = []
    openings: list[Opening] = []
    held: list[disclosure.WithheldField] = []
    for decision in decisions:
        if sentence := fields.check_body_pointer(decision.pointer):
            problems.append(errors.Problem(decision.pointer, sentence))
            continue
        value = pointer.find_value(record, pointer.parse_pointer(decision.pointer))
        if value is pointer.ABSENT:
            problems.append(errors.Problem(decision.pointer, "the record has no such place"))
            continue
        if value is None:
            problems.append(errors.Problem(decision.pointer, "nothing stands here that could be held back"))
            continue
        salt = salts[decision.pointer]
        openings.append(Opening(decision.pointer, salt, value))
        commitment = compute_commitment(decision.pointer, value, salt)
        held.append(
            disclosure.WithheldField(
                decision.pointer, decision.ground, decision.expires, decision.decided_by, commitment
            )
        )
    if len(set(salts.values())) != len(salts):
        raise ValueError("each held back field needs a salt of its own")
    body = _blank_places(record["body"], [opening.pointer for opening in openings])
    record = {**record, "body": body, "withheld": record["withheld"] + _format_held(held)}
    accepted = {decision.pointer for decision in decisions if decision.repeats_accepted}
    for opening in openings:
        problems += [
            errors.Problem(
                place,
                f"the text held back at {opening.pointer} still stands here; hold this back too, "
                "reword it, or accept the repeat",
            )
            for place in find_echoes(record, opening.value)
            if opening.pointer not in accepted
        ]
    if problems:
        raise errors.UserMistake(problems=problems)
    return disclosure.parse_disclosure(record), tuple(openings)


def lift_fields(
    public: disclosure.Disclosure, openings: Iterable[Opening], date: str
) -> disclosure.Disclosure:
    """Make the next version, in which the opened fields show their value and how to check it.

    Nothing else changes but version, date and what is superseded. Raises `UserMistake` for an
    opening that does not fit.
    """
    record = disclosure.format_disclosure(public)
    held = {field.pointer: field for field in public.withheld}
    opened = []
    for opening in openings:
        field = held.pop(opening.pointer, None)
        if field is None:
            raise errors.UserMistake("this field is not held back", place=opening.pointer)
        if not check_opening(field, opening.salt, opening.value):
            raise errors.UserMistake(
                "this is not the text that was fixed when the field was held back", place=opening.pointer
            )
        record = pointer.replace_value(record, pointer.parse_pointer(opening.pointer), opening.value)
        opened.append(
            {"pointer": opening.pointer, "commitment": field.commitment, "salt": opening.salt.hex()}
        )
    if not opened:
        raise errors.UserMistake("name at least one held back field to show")
    return disclosure.parse_disclosure(
        {
            **record,
            "version": public.version + 1,
            "supersedes": disclosure.compute_digest(public),
            "date": date,
            "withheld": _format_held(held.values()),
            "opened": opened,
        }
    )


def check_lift(old: disclosure.Disclosure, new: disclosure.Disclosure) -> None:
    """Refuse, with the place, unless `new` shows just what `old` held back and changes nothing else."""
    disclosure.check_succession(old, new)
    held = {field.pointer: field for field in old.withheld}
    record = disclosure.format_disclosure(new)
    for opened in new.opened:
        field = held.get(opened.pointer)
        if field is None or field.commitment != opened.commitment:
            raise errors.Refused(f"{opened.pointer} was not held back in version {old.version}")
        value = pointer.find_value(record, pointer.parse_pointer(opened.pointer))
        if not check_opening(field, bytes.fromhex(opened.salt), value):
            raise errors.Refused(f"what stands at {opened.pointer} is not what was held back there")
        del held[opened.pointer]
    if tuple(held.values()) != new.withheld:
        raise errors.Refused("fields not shown must stay held back exactly as they were")
    body = _blank_places(new.body, [opened.pointer for opened in new.opened])
    same_envelope = disclosure.change(
        old,
        version=new.version,
        date=new.date,
        supersedes=new.supersedes,
        body=new.body,
        withheld=new.withheld,
        opened=new.opened,
    )
    if canonical.encode(body) != canonical.encode(old.body) or same_envelope != new:
        raise errors.Refused("a version that shows held back fields changes nothing else")


def find_echoes(record: Json, value: Json) -> list[str]:
    """Return the places where text of a held back value still stands.

    Compared are texts of several words and capitalised single words (names), without regard to
    case and spacing; a yes, a level or a number repeats by nature and is no echo.
    """
    telling = [
        re.compile(r"(?<!\w)" + r"\s+".join(map(re.escape, text.split())) + r"(?!\w)", re.IGNORECASE)
        for _, text in pointer.list_leaves(value)
        if isinstance(text, str) and (len(text.split()) > 1 or (len(text) > 2 and text[:1].isupper()))
    ]
    return [
        pointer.format_pointer(tokens)
        for tokens, text in pointer.list_leaves(record)
        if isinstance(text, str) and any(pattern.search(text) for pattern in telling)
    ]


def _blank_places(body: dict[str, Json], places: Iterable[str]) -> dict[str, Json]:
    blanked: dict[str, Json] = body
    for place in places:
        tokens = pointer.parse_pointer(place)[1:]
        if pointer.find_value(blanked, tokens) is pointer.ABSENT:
            raise errors.UserMistake("a field inside this one is held back already", place=place)
        blanked = pointer.replace_value(blanked, tokens, None)
    return blanked


def _format_held(held: Iterable[disclosure.WithheldField]) -> list[dict[str, str]]:
    return [{name: getattr(field, name) for name in field.__slots__} for field in held]
