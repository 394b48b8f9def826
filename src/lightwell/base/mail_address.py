"""E-mail addresses that somebody typed: what can be sent to, and when two are the same person's.

RFC 5321, section 4.1.2, without quoted local parts, address literals and SMTPUTF8: few have such an address,
and each is a way to smuggle something into a header. Nothing here asks the network whether an address exists.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from lightwell.base import errors

# RFC 5321, section 4.5.3.1; the whole by its path limit of 256 with the angle brackets.
MOST_CHARACTERS = 254
_MOST_LOCAL = 64
_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")


@dataclass(frozen=True, slots=True)
class MailAddress:
    """An address that was checked: `text` is sent to, `canonical` is the same for every way of writing it.

    `person` is whom to count: what stands behind a "+" is the same mailbox at most providers, so that nobody
    gets more mails by inventing such words.
    """

    text: str
    canonical: str
    person: str


def parse_address(text: str) -> MailAddress:
    """Read an address; `UserMistake` for what is none. The address is never repeated in the sentence."""
    stripped = text.strip(" \t")
    local, at, domain = stripped.rpartition("@")
    try:
        ascii_domain = domain.encode("idna").decode("ascii").lower()  # RFC 5890: the form that DNS knows
    except UnicodeError:
        ascii_domain = ""
    labels = ascii_domain.split(".")
    well = (
        bool(at)
        and len(local) <= _MOST_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and all(_LABEL.fullmatch(label) for label in labels)
        and not labels[-1].isdigit()
    )
    whole = f"{local}@{ascii_domain}"
    if not well or len(whole) > MOST_CHARACTERS:
        raise errors.UserMistake(
            "this is no e-mail address that can be written to; write it as name@example.org", place="address"
        )
    canonical = whole.lower()
    before = canonical.partition("@")[0].partition("+")[0] or canonical.partition("@")[0]
    return MailAddress(whole, canonical, f"{before}@{ascii_domain}")
