"""Webhooks as the Standard Webhooks specification 1.0.0 has them: secret, signature, a receiver's check.

What is signed is `{id}.{timestamp}.{body}` with HMAC-SHA256; the id therefore holds no full stop. A receiver
that uses this module needs the plain install only; `docs/reference/webhooks.md` shows the same in ten lines.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping

from lightwell.base import errors

SECRET_PREFIX = "whsec_"  # noqa: S105  # the public prefix of every secret, by the specification
ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"
# How far the sender's clock and ours may differ, so that a recorded message cannot be played again later.
TOLERANCE_SECONDS = 300
LEAST_BYTES, MOST_BYTES = 24, 64
_VERSION = "v1"


def format_secret(key: bytes) -> str:
    """Write a key as it is handed to a receiver; inverse of `parse_secret`."""
    return SECRET_PREFIX + base64.b64encode(key).decode("ascii")


def parse_secret(text: str) -> bytes:
    """Read a secret; `UserMistake` for anything that `format_secret` did not write."""
    try:
        key = base64.b64decode(text.strip().removeprefix(SECRET_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.strip().startswith(SECRET_PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise errors.UserMistake(f"a secret begins with {SECRET_PREFIX} and holds 24 to 64 bytes in base64")
    return key


def name_message(change: str) -> str:
    """Name a message by the id of its change: the same each time it is sent, and without a full stop."""
    return f"msg_{hashlib.sha256(change.encode()).hexdigest()[:32]}"


def sign_message(key: bytes, name: str, timestamp: int, body: bytes) -> str:
    """Return the value of `webhook-signature`; inverse of `check_message`."""
    if "." in name:
        raise ValueError("the id of a message must not hold a full stop")
    mac = hmac.new(key, f"{name}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return f"{_VERSION},{base64.b64encode(mac).decode('ascii')}"


def check_message(key: bytes, headers: Mapping[str, str], body: bytes, now: int) -> str:
    """Check what arrived and return its id; `Refused` with the reason when it is not the sender's, or old.

    `headers` by any spelling of their names, `body` the bytes as they arrived, `now` in seconds since 1970.
    """
    given = {name.lower(): value for name, value in headers.items()}
    name, timestamp = given.get(ID, ""), given.get(TIMESTAMP, "")
    if not name or not (timestamp.isascii() and timestamp.isdigit()):
        raise errors.Refused("a header is missing: webhook-id, webhook-timestamp, webhook-signature")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise errors.Refused("the message is too old or from the future: somebody may have kept it")
    if "." in name:
        raise errors.Refused("the id of the message holds a full stop")
    expected = sign_message(key, name, int(timestamp), body)
    # Several while a secret is being replaced; one that fits is enough.
    if not any(
        hmac.compare_digest(expected.encode(), each.encode()) for each in given.get(SIGNATURE, "").split(" ")
    ):
        raise errors.Refused("the signature is not the sender's")
    return name
