"""Tombstones: what stays when a disclosure, or one version of it, is removed from view.

A tombstone names the removed version by id and digest, the ground, the date and the two roles
that decided; it holds no title, name or text and may therefore stand in the log for ever.
"""

from __future__ import annotations

from dataclasses import dataclass

from lightwell.base import canonical, disclosure, errors, fields
from lightwell.base.canonical import Json

TYPE = "lightwell.tombstone.v1"
# Removal takes two people (design, section 4); the roles of both are named.
DECIDERS = 2


@dataclass(frozen=True, slots=True)
class Tombstone:
    """One version is gone from view: which, of what kind, why, since when, decided by which roles."""

    about: disclosure.Reference
    kind: str
    version: int
    ground: str
    date: str
    decided_by: tuple[str, ...]


def make_tombstone(
    removed: disclosure.Disclosure, ground: str, date: str, decided_by: tuple[str, ...]
) -> Tombstone:
    """Make the tombstone of a version; the ground is checked by `ground.check_use`, the people by roles."""
    made = Tombstone(
        disclosure.make_reference(removed), removed.kind, removed.version, ground, date, decided_by
    )
    if date < removed.date:
        raise errors.UserMistake(f"a record of {removed.date} cannot have been removed on {date}")
    return parse_tombstone(format_tombstone(made))


def parse_tombstone(record: Json) -> Tombstone:
    """Check a JSON object; `UserMistake` with all problems. Inverse of `format_tombstone`."""
    if not isinstance(record, dict):
        raise errors.UserMistake("a tombstone is an object")
    reader = fields.Reader(record)
    if record.get("type") != TYPE:
        reader.report("/type", f"the type must be {TYPE}")
    reader.check_object("/about", disclosure.Reference.__slots__)
    reader.refuse_unknown("", ("type", *Tombstone.__slots__))
    roles = record.get("decided_by")
    if not isinstance(roles, list) or len(roles) < DECIDERS or any(_is_no_role(role) for role in roles):
        reader.report("/decided_by", "two people decide a removal: name the role of each")
        roles = []
    made = Tombstone(
        disclosure.Reference(
            reader.take_text("/about", "id", fields.check_id),
            reader.take_text("/about", "digest", fields.check_digest),
        ),
        reader.take_choice("", "kind", disclosure.KINDS),
        reader.take_number("", "version", 1),
        reader.take_text("", "ground", fields.check_slug),
        reader.take_text("", "date", fields.check_date),
        tuple(roles),
    )
    if reader.problems:
        raise errors.UserMistake(problems=reader.problems)
    return made


def format_tombstone(tombstone: Tombstone) -> dict[str, Json]:
    """Return the JSON object, which is also its log entry; inverse of `parse_tombstone`."""
    return {
        "type": TYPE,
        "about": {"id": tombstone.about.id, "digest": tombstone.about.digest},
        "kind": tombstone.kind,
        "version": tombstone.version,
        "ground": tombstone.ground,
        "date": tombstone.date,
        "decided_by": list(tombstone.decided_by),
    }


def compute_digest(tombstone: Tombstone) -> str:
    """Return "sha256:<hex>" of the canonical bytes."""
    return canonical.compute_digest(format_tombstone(tombstone))


def _is_no_role(role: Json) -> bool:
    return not isinstance(role, str) or bool(fields.check_slug(role))
