"""Whom to tell of a weakness, as tools look for it (RFC 9116): read strictly, and watched for its end.

The file lies as `security.txt` in the state folder, written by whoever operates the installation. A labelled
sample or demo shows the one of `data/security`, which says that nobody reads it. There is no default for
others: an address that nobody reads is worse than none.
"""

from __future__ import annotations

import datetime
import importlib.resources
import re
from dataclasses import dataclass
from pathlib import Path

from lightwell.base import errors

NAME = "security.txt"
# So long before its end the doctor and the tests ask for a new one.
NOTICE = datetime.timedelta(days=60)
# RFC 9116, section 2.5.5: less than a year is recommended.
_LONGEST = datetime.timedelta(days=366)
_FIELD = re.compile(r"([A-Za-z-]+):\s*(\S.*?)\s*", re.ASCII)
_WEB = ("canonical", "policy", "acknowledgments", "hiring", "encryption")
_ONCE = ("expires", "preferred-languages")
_KNOWN = (*_WEB, *_ONCE, "contact")
_MOST_BYTES = 32_768


@dataclass(frozen=True, slots=True)
class Security:
    """A file that may be served: its text, whom it names, and until when it holds."""

    text: str
    contacts: tuple[str, ...]
    policies: tuple[str, ...]
    expires: datetime.datetime

    def is_due(self, now: datetime.datetime) -> bool:
        """Answer whether it is time to write a new one."""
        return self.expires - now < NOTICE


def parse_security(data: bytes, place: str = NAME) -> Security:
    """Read a security.txt; `UserMistake` with every line that breaks RFC 9116 or names no policy.

    A signature around it is not read: whoever signs puts the plain text here.
    """
    problems: list[errors.Problem] = []
    found: dict[str, list[str]] = {name: [] for name in _KNOWN}
    text = data.decode("utf-8", "replace")
    if len(data) > _MOST_BYTES or "\ufffd" in text:
        raise errors.UserMistake(f"this is no text in UTF-8 of at most {_MOST_BYTES} bytes", place=place)
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _FIELD.fullmatch(line)
        if match is None or match[1].lower() not in _KNOWN:
            sentence = f"write Name: value; the names are {', '.join(sorted(_KNOWN))}"
            problems.append(errors.Problem(f"{place}, line {number}", sentence))
            continue
        name, value = match[1].lower(), match[2]
        found[name].append(value)
        allowed = ("https://", "mailto:", "tel:") if name == "contact" else ("https://",)
        if name == "encryption":
            allowed = ("https://", "openpgp4fpr:", "dns:")
        if name in ("contact", *_WEB) and not value.startswith(allowed):
            problems.append(
                errors.Problem(f"{place}, line {number}", f"begin it with {' or '.join(allowed)}")
            )
    for name in ("contact", "policy", "expires"):
        if not found[name]:
            problems.append(errors.Problem(place, f"a line {name.capitalize()} is missing"))
    for name in _ONCE:
        if len(found[name]) > 1:
            problems.append(errors.Problem(place, f"{name.capitalize()} stands there more than once"))
    expires = datetime.datetime.max.replace(tzinfo=datetime.UTC)
    try:
        expires = datetime.datetime.fromisoformat(found["expires"][0])
        if expires.tzinfo is None:
            raise ValueError("without a zone nobody knows when it is")
    except IndexError:
        pass
    except ValueError:
        problems.append(errors.Problem(place, "Expires is written as 2027-06-30T12:00:00Z"))
    if problems:
        raise errors.UserMistake(problems=problems)
    return Security(text, tuple(found["contact"]), tuple(found["policy"]), expires)


def read_security(root: Path) -> Security | None:
    """Read the file of an installation; None when it has none."""
    try:
        return parse_security((root / NAME).read_bytes(), str(root / NAME))
    except (FileNotFoundError, NotADirectoryError):
        return None


def read_sample() -> Security:
    """Read the file of samples and demos."""
    path = importlib.resources.files("lightwell.data") / "security" / "sample.txt"
    return parse_security(path.read_bytes(), "data/security/sample.txt")


def judge_security(security: Security, now: datetime.datetime) -> str:
    """Say in a sentence what is wrong with its end; nothing when all is well."""
    day = f"{security.expires:%Y-%m-%d}"
    if security.expires <= now:
        return f"{NAME} ended on {day}, and nobody may rely on it; write a new one"
    if security.is_due(now):
        return f"{NAME} ends on {day}; look whether its addresses are still read, and write a new date"
    if security.expires - now > _LONGEST:
        return f"{NAME} ends on {day}, more than a year ahead; RFC 9116 asks for less, so that it stays true"
    return ""
