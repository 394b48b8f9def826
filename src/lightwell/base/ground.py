"""Grounds: the only reasons for which anything may be held back, hidden, suspended or removed.

The list is data (`data/grounds/<version>.json`), written for a lawyer to read; this file says
what a ground is and when its use is allowed. Nothing is held back without one, and never
without an end: each use has an expiry date within the ground's longest period, after which the
place is overdue for review. The marks on sources follow the reference: a ground known only
from general knowledge carries `recall` and is never shown as verified.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.base import errors, fields, roles
from lightwell.base.canonical import Json

# What a ground may be used on. Pages and items are of an inventory; a withdrawal removes a
# disclosure, a suspension hides a page at once.
SCOPES = ("field", "page", "item", "region", "withdrawal", "suspension")
CHECKS = ("primary", "secondary", "practitioner", "recall", "proposed")

# No period is longer than ten years; most are far shorter.
LONGEST_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Ground:
    """One legal reason.

    `title` and `explanation` are for any reader, `citation` for a lawyer, with `check` saying how
    well it is known. `may_decide` are the roles that may use it. `default_days` is proposed as the
    time to the next review, `longest_days` the most. `hides_width`: a region hidden for it is set
    anew, so that the length of what is hidden tells nothing.
    """

    id: str
    title: str
    explanation: str
    citation: str
    check: str
    applies_to: frozenset[str]
    may_decide: frozenset[str]
    default_days: int
    longest_days: int
    hides_width: bool


# A file that may show abuse is sealed as bytes: no program opens it, and nobody is shown anything of it.
QUARANTINE = "suspected-abuse-image"

Grounds = Mapping[str, Ground]


def parse_grounds(record: Json) -> dict[str, Ground]:
    """Read the list of grounds; `UserMistake` with every problem and its place."""
    listed = record.get("grounds") if isinstance(record, dict) else None
    if not isinstance(listed, list) or not listed:
        raise errors.UserMistake("a list of grounds has a non-empty field grounds", place="/grounds")
    reader = fields.Reader(record)
    grounds: dict[str, Ground] = {}
    for index in range(len(listed)):
        ground = _take_ground(reader, f"/grounds/{index}")
        if ground.id in grounds:
            reader.report(f"/grounds/{index}/id", f"the ground {ground.id!r} stands here twice")
        grounds[ground.id] = ground
    if reader.problems:
        raise errors.UserMistake(problems=reader.problems)
    return grounds


def check_use(
    grounds: Grounds, ground_id: str, scope: str, decided_by: str, decided_on: str, expires: str | None
) -> None:
    """Refuse the use of a ground that the list does not allow; `UserMistake` with every reason.

    `expires` is a calendar date after `decided_on`; only a withdrawal has none.
    """
    if scope not in SCOPES:
        raise ValueError(f"{scope!r} is none of {SCOPES}")
    if ground_id not in grounds:
        raise errors.UserMistake(
            f"there is no ground {ground_id!r}; grounds are {', '.join(sorted(grounds))}"
        )
    ground = grounds[ground_id]
    problems = []
    if scope not in ground.applies_to:
        usable = sorted(g.id for g in grounds.values() if scope in g.applies_to)
        problems.append(
            f"the ground {ground_id!r} is not for a {scope}; for a {scope} there are {', '.join(usable)}"
        )
    if decided_by not in ground.may_decide:
        problems.append(
            f"the ground {ground_id!r} is decided by {' or '.join(sorted(ground.may_decide))}, "
            f"not by {decided_by!r}"
        )
    problems += _find_period_problems(ground, scope, decided_on, expires)
    if problems:
        raise errors.UserMistake(problems=[errors.Problem("", sentence) for sentence in problems])


def propose_expiry(ground: Ground, decided_on: str) -> str:
    """Return the date on which a use of this ground is reviewed unless an earlier one is chosen."""
    start = datetime.date.fromisoformat(decided_on)
    return (start + datetime.timedelta(days=ground.default_days)).isoformat()


def _find_period_problems(ground: Ground, scope: str, decided_on: str, expires: str | None) -> list[str]:
    if expires is None:
        if scope == "withdrawal":
            return []
        return ["holding back always has an end: give the date on which it expires"]
    for text in (decided_on, expires):
        if sentence := fields.check_date(text):
            return [sentence]
    days = (datetime.date.fromisoformat(expires) - datetime.date.fromisoformat(decided_on)).days
    if days <= 0:
        return [f"the expiry date {expires} must come after the decision of {decided_on}"]
    if days > ground.longest_days:
        return [
            f"the ground {ground.id!r} lasts at most {ground.longest_days} days; "
            f"{expires} is {days} days after {decided_on}"
        ]
    return []


def _take_ground(reader: fields.Reader, place: str) -> Ground:
    reader.check_object(place, Ground.__slots__)
    default, longest = (
        reader.take_number(place, "default_days", 1),
        reader.take_number(place, "longest_days", 1),
    )
    if not default <= longest <= LONGEST_DAYS:
        reader.report(
            f"{place}/longest_days", f"default_days, longest_days and {LONGEST_DAYS} must not decrease"
        )
    hides_width = reader.find(place, "hides_width")
    if not isinstance(hides_width, bool):
        reader.report(f"{place}/hides_width", "hides_width must be true or false")
    return Ground(
        reader.take_text(place, "id", fields.check_slug),
        reader.take_text(place, "title", fields.check_name),
        reader.take_text(place, "explanation", _check_sentence),
        reader.take_text(place, "citation", _check_sentence),
        reader.take_choice(place, "check", CHECKS),
        _take_choices(reader, place, "applies_to", SCOPES),
        _take_choices(reader, place, "may_decide", tuple(roles.ROLES)),
        default,
        longest,
        hides_width is True,
    )


def _take_choices(reader: fields.Reader, place: str, name: str, choices: tuple[str, ...]) -> frozenset[str]:
    value = reader.find(place, name)
    if not isinstance(value, list) or not value or any(item not in choices for item in value):
        reader.report(f"{place}/{name}", f"{name} must be a list of one or more of {', '.join(choices)}")
        return frozenset()
    return frozenset(value)


def _check_sentence(text: str) -> str:
    return "" if 10 <= len(text) <= 1000 else "this must be a sentence of 10 to 1,000 characters"
