"""Fields: taking checked values out of a JSON object, all problems at once.

`Reader` walks an object that came from outside, hands back usable values and collects what is
wrong, each with its JSON Pointer. A `check_x` takes a text and returns the sentence of its
problem, or an empty text. Used by every record of `base`; the bodies of disclosures have
JSON Schemas instead.
"""

from __future__ import annotations

import datetime
import re
import unicodedata
from collections.abc import Callable

from lightwell.base import canonical, errors, ids, pointer
from lightwell.base.canonical import Json

Check = Callable[[str], str]

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_HEX64 = re.compile(r"[0-9a-f]{64}")
_MEDIA_TYPE = re.compile(r"[a-z0-9][a-z0-9.+-]{0,60}/[a-z0-9][a-z0-9.+-]{0,80}")
# BCP 47 section 2.1, the parts in use: language, script, region, variants.
_LANGUAGE = re.compile(
    r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*"
)


def check_date(text: str) -> str:
    """Return the problem of a calendar date "2021-10-14", or nothing."""
    try:
        if datetime.date.fromisoformat(text).isoformat() == text:
            return ""
    except ValueError:
        pass
    return f"{text[:30]!r} is not a calendar date such as 2021-10-14"


def check_digest(text: str) -> str:
    """Return the problem of a digest, or nothing."""
    try:
        canonical.parse_digest(text)
    except errors.UserMistake as error:
        return error.problems[0].sentence
    return ""


def check_id(text: str) -> str:
    """Return the problem of an id (`base/ids`), or nothing."""
    try:
        ids.parse_id(text)
    except errors.UserMistake as error:
        return error.problems[0].sentence
    return ""


def check_language(text: str) -> str:
    """Return the problem of a language tag (form of BCP 47), or nothing; no registry is asked."""
    return "" if _LANGUAGE.fullmatch(text) else f"{text[:20]!r} is not a language tag such as en or pt-BR"


def make_slug(name: str) -> str:
    """Make a short id from a name: "X (Twitter)" becomes x-twitter, which `check_slug` accepts."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", plain).strip("-")[:63].strip("-") or "unnamed"


def check_slug(text: str) -> str:
    """Return the problem of a short id, which stands in addresses and never changes, or nothing."""
    if _SLUG.fullmatch(text):
        return ""
    return f"{text[:40]!r} is not a short id; use small letters, digits and hyphens, at most 63"


def check_name(text: str) -> str:
    """Return the problem of a public name, or nothing; length is counted in characters."""
    return "" if text.strip() and len(text) <= 200 else "a name has 1 to 200 characters"


def check_hex64(text: str) -> str:
    """Return the problem of 32 bytes in hex, or nothing; one spelling, so that they compare as text."""
    return "" if _HEX64.fullmatch(text) else "this must be 64 hex digits in lower case"


def check_media_type(text: str) -> str:
    """Return the problem of a media type (RFC 6838, section 4.2), or nothing."""
    return "" if _MEDIA_TYPE.fullmatch(text) else f"{text[:40]!r} is not a media type such as application/pdf"


def check_body_pointer(text: str) -> str:
    """Return the problem of a place inside the body, or nothing."""
    try:
        tokens = pointer.parse_pointer(text)
    except errors.UserMistake as error:
        return error.problems[0].sentence
    if len(tokens) < 2 or tokens[0] != "body":
        return "only fields inside the body can be held back, such as /body/people/2/role"
    return ""


class Reader:
    """Takes fields out of an object and collects every problem; each take returns a usable value."""

    def __init__(self, record: dict[str, Json]) -> None:
        self.record = record
        self.problems: list[errors.Problem] = []

    def report(self, place: str, sentence: str) -> None:
        """Keep a problem of a place (JSON Pointer) and go on: a publisher sees all of them at once."""
        self.problems.append(errors.Problem(place, sentence))

    def find(self, place: str, name: str) -> Json:
        """Find a member of the object at a place; None where either is absent, or the member is null."""
        holder = pointer.find_value(self.record, pointer.parse_pointer(place))
        return holder.get(name) if isinstance(holder, dict) else None

    def take_text(self, place: str, name: str, check: Check) -> str:
        """Take a text that must be there; an empty text stands in for what was reported."""
        value = self.find(place, name)
        if not isinstance(value, str):
            self.report(f"{place}/{name}", f"{name} is missing" if value is None else f"{name} must be text")
            return ""
        if problem := check(value):
            self.report(f"{place}/{name}", problem)
        return value

    def take_optional_text(self, place: str, name: str, check: Check) -> str | None:
        """Take a text that may be absent or null: then None, and nothing is reported."""
        return None if self.find(place, name) is None else self.take_text(place, name, check)

    def take_choice(self, place: str, name: str, choices: tuple[str, ...]) -> str:
        """Take a text that must be one of a few words; what was reported is returned as it is, or empty."""
        return self.take_text(
            place,
            name,
            lambda text: "" if text in choices else f"{text[:40]!r} is none of {', '.join(choices)}",
        )

    def take_number(self, place: str, name: str, least: int) -> int:
        """Take a whole number; `least` stands in for what was reported. True is none, as in JSON."""
        value = self.find(place, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        missing = value is None
        self.report(
            f"{place}/{name}",
            f"{name} is missing" if missing else f"{name} must be a whole number from {least} on",
        )
        return least

    def take_body(self) -> dict[str, Json]:
        """Take the body as a private copy; an empty object stands in for what was reported."""
        value = self.record.get("body")
        if isinstance(value, dict) and value:
            # Through the canonical form: a private copy that nobody else can change.
            copied = canonical.decode(canonical.encode(value))
            return dict(copied)
        self.report("/body", "the body must be an object with the fields of its kind")
        return {}

    def list_places(self, place: str) -> list[str]:
        """List the places of a list's entries; none where it is absent, a problem where it is no list."""
        value = self.record.get(place.removeprefix("/"))
        if value is None:
            return []
        if not isinstance(value, list):
            self.report(place, f"{place.removeprefix('/')} must be a list")
            return []
        return [f"{place}/{index}" for index in range(len(value))]

    def check_object(self, place: str, names: tuple[str, ...]) -> None:
        """Report a place without an object, and every member that is not among `names`."""
        value = pointer.find_value(self.record, pointer.parse_pointer(place))
        if value is pointer.ABSENT or value is None:
            self.report(place, f"{place.rpartition('/')[2]} is missing")
        elif not isinstance(value, dict):
            self.report(place, f"must be an object with {', '.join(names)}")
        else:
            self.refuse_unknown(place, names)

    def refuse_unknown(self, place: str, names: tuple[str, ...]) -> None:
        """Report members that nobody knows: a misspelt field would otherwise be lost without a word."""
        value = pointer.find_value(self.record, pointer.parse_pointer(place))
        for name in value if isinstance(value, dict) else ():
            if name not in names:
                self.report(
                    place + pointer.format_pointer([name]),
                    f"the field {name!r} is not known; known are {', '.join(names)}",
                )
