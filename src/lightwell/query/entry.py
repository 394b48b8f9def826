"""One line of a ledger: what it says, its bytes, its digest, and the line before that it stands on.

An entry is canonical JSON; its digest is SHA-256 over these bytes, and it names the digest of the entry
before, so that a ledger can be checked from its first line to its last by whoever holds the bytes.
`format_entry` and `parse_entry` are inverse. Each entry carries the balances as they are after it, so that
the last one tells how much is left; `ledger.verify_chain` recomputes them. Which entry may follow is decided
in `ledger`; nothing here knows a file, a clock or dice.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from lightwell.base import canonical, errors
from lightwell.query import cost as costs
from lightwell.query.cost import Cost

VERSION = 1

OPENED = "opened"
RAISED = "raised"
GRANTED = "granted"
REVOKED = "revoked"
CHARGED = "charged"
ANSWERED = "answered"
PUBLISHED = "published"

# Kind -> the members it has besides those that every entry has. `grant` in brackets may be absent.
_ALWAYS = {"v", "population", "number", "previous", "at", "kind", "whole"}
MEMBERS = {
    OPENED: {"by"},
    RAISED: {"by", "reason"},
    GRANTED: {"by", "grant", "part"},
    REVOKED: {"by", "grant", "part", "reason"},
    CHARGED: {"grant", "part", "cost", "key", "plan", "data_version"},
    ANSWERED: {"grant", "part", "key", "charge", "answer"},
    PUBLISHED: {"by", "key", "answer"},
}
# A cap is raised of a population, or of one grant: then both members are there.
_TOGETHER = {"grant", "part"}

# What the first entry of a population stands on.
NO_PREVIOUS = canonical.format_digest(bytes(32))

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?")
_MAX_TEXT = 500


@dataclass(frozen=True, slots=True)
class Balance:
    """How much privacy loss is allowed (`cap`) and how much of it was charged (`used`).

    That of a grant says too whether the grant was revoked; a population never is.
    """

    cap: Cost
    used: Cost = costs.NOTHING
    is_revoked: bool = False

    @property
    def left(self) -> Cost:
        """What may still be charged."""
        return self.used.find_rest(self.cap)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. What a kind does not have (`MEMBERS`) is empty or None.

    `whole` and `part` are the balances of the population and of the grant after this entry. `key` is of the
    answer, `answer` the digest of its bytes; `charge` the number of the entry that paid for it; `at` the
    moment in UTC, as the ledger's owner has it; `by` the people who decided.
    """

    population: str
    number: int
    previous: str
    at: str
    kind: str
    whole: Balance
    grant: str = ""
    part: Balance | None = None
    cost: Cost | None = None
    key: str = ""
    plan: str = ""
    data_version: str = ""
    charge: int = 0
    answer: str = ""
    by: tuple[str, ...] = ()
    reason: str = ""


def compute_digest(entry: Entry) -> str:
    """Compute an entry's digest, "sha256:" and hex, over its bytes."""
    return digest_bytes(format_entry(entry))


def digest_bytes(data: bytes) -> str:
    """Compute the digest of the bytes of an entry or of an answer."""
    return canonical.format_digest(hashlib.sha256(data).digest())


def format_entry(entry: Entry) -> bytes:
    """Write an entry as canonical JSON; inverse of `parse_entry`."""
    return canonical.encode(_describe(entry))


def parse_entry(data: bytes) -> Entry:
    """Read an entry back, strictly; inverse of `format_entry`. `UserMistake` says what is wrong."""
    value = canonical.decode(data)
    if not isinstance(value, dict) or value.get("v") != VERSION:
        raise errors.UserMistake(f"this is no entry of version {VERSION}")
    kind = value.get("kind")
    if not isinstance(kind, str) or kind not in MEMBERS:
        raise errors.UserMistake(f"there is no kind of entry {str(kind)[:40]!r}")
    expected = _ALWAYS | MEMBERS[kind]
    if kind == RAISED and set(value) & _TOGETHER:
        expected = expected | _TOGETHER
    if set(value) != expected:
        wrong = sorted(set(value) ^ expected)
        raise errors.UserMistake(
            f"an entry of the kind {kind} has other members: see {', '.join(wrong)}"[:200]
        )
    return Entry(
        population=check_name(value["population"], "population"),
        number=_read_number(value["number"]),
        previous=check_digest(value["previous"], "previous"),
        at=_read_moment(value["at"]),
        kind=kind,
        whole=_read_balance(value["whole"]),
        grant=check_name(value["grant"], "grant") if "grant" in value else "",
        part=_read_balance(value["part"]) if "part" in value else None,
        cost=_read_cost(value["cost"]) if "cost" in value else None,
        key=check_digest(value["key"], "key") if "key" in value else "",
        plan=check_digest(value["plan"], "plan") if "plan" in value else "",
        data_version=check_text(value["data_version"], "data_version") if "data_version" in value else "",
        charge=_read_number(value["charge"]) if "charge" in value else 0,
        answer=check_digest(value["answer"], "answer") if "answer" in value else "",
        by=_read_people(value["by"]) if "by" in value else (),
        reason=check_text(value["reason"], "reason") if "reason" in value else "",
    )


def format_moment(moment: datetime.datetime) -> str:
    """Write a moment that knows its zone as entries have it, such as 2026-11-29T02:12:21Z."""
    return moment.astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_name(given: object, place: str) -> str:
    """Check the name of a population or a grant; `UserMistake` says how names look."""
    if not isinstance(given, str) or not _NAME.fullmatch(given):
        raise errors.UserMistake(
            f"{str(given)[:80]!r} is no name; write 1 to 64 small letters, digits, dots, hyphens and "
            "underscores, with a letter or digit at both ends",
            place=place,
        )
    return given


def check_text(given: object, place: str) -> str:
    """Check a short text, such as who decided; `UserMistake` if it is empty, long, or steers a terminal."""
    if not isinstance(given, str) or not given.strip() or len(given) > _MAX_TEXT or not given.isprintable():
        raise errors.UserMistake(f"write one line of 1 to {_MAX_TEXT} printable characters", place=place)
    return given


def check_digest(given: object, place: str) -> str:
    """Check a digest, "sha256:" and 64 hex digits."""
    if not isinstance(given, str):
        raise errors.UserMistake("a digest is text", place=place)
    try:
        canonical.parse_digest(given)
    except errors.UserMistake as error:
        raise errors.UserMistake(error.problems[0].sentence, place=place) from None
    return given


def _describe(entry: Entry) -> dict[str, Any]:
    members: dict[str, Any] = {
        "v": VERSION,
        "population": entry.population,
        "number": entry.number,
        "previous": entry.previous,
        "at": entry.at,
        "kind": entry.kind,
        "whole": _describe_balance(entry.whole),
    }
    optional: dict[str, Any] = {
        "grant": entry.grant,
        "part": entry.part and _describe_balance(entry.part),
        "cost": entry.cost and _describe_cost(entry.cost),
        "key": entry.key,
        "plan": entry.plan,
        "data_version": entry.data_version,
        "charge": entry.charge,
        "answer": entry.answer,
        "by": list(entry.by),
        "reason": entry.reason,
    }
    return members | {name: value for name, value in optional.items() if value}


def _describe_balance(balance: Balance) -> dict[str, Any]:
    described: dict[str, Any] = {"cap": _describe_cost(balance.cap), "used": _describe_cost(balance.used)}
    return described | {"revoked": True} if balance.is_revoked else described


def _describe_cost(cost: Cost) -> dict[str, int]:
    return {"nano_rho": cost.nano_rho, "delta_units": cost.delta_units}


def _read_balance(value: object) -> Balance:
    if not isinstance(value, dict) or set(value) - {"revoked"} != {"cap", "used"}:
        raise errors.UserMistake("a balance has cap and used")
    if value.get("revoked", True) is not True:
        raise errors.UserMistake("a balance that was not revoked does not say so")
    return Balance(_read_cost(value["cap"]), _read_cost(value["used"]), "revoked" in value)


def _read_cost(value: object) -> Cost:
    if not isinstance(value, dict) or set(value) != {"nano_rho", "delta_units"}:
        raise errors.UserMistake("a cost has nano_rho and delta_units")
    return Cost(value["nano_rho"], value["delta_units"])


def _read_number(value: object) -> int:
    if type(value) is not int or value < 1:
        raise errors.UserMistake("entries are numbered from 1")
    return value


def _read_moment(value: object) -> str:
    try:
        moment = datetime.datetime.strptime(str(value), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=datetime.UTC)
    except ValueError:
        moment = None
    if moment is None or format_moment(moment) != value:
        raise errors.UserMistake("write a moment as 2026-11-29T02:12:21Z", place="at")
    return format_moment(moment)


def _read_people(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise errors.UserMistake("name who decided", place="by")
    return tuple(check_text(each, "by") for each in value)
