"""Through which server mail leaves, by one setting; without it no mail leaves and the site says so.

LIGHTWELL_MAIL=smtp://name:password@host:587?starttls=1&from=archive@example.org   (smtps:// for TLS at once)

The password may stand elsewhere: LIGHTWELL_MAIL_PASSWORD, or ?password_file=/run/secrets/mail in the address.
"""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import Any

from lightwell.base import errors, mail_address

VARIABLE = "LIGHTWELL_MAIL"
PASSWORD_VARIABLE = "LIGHTWELL_MAIL_PASSWORD"  # noqa: S105  # the name of the variable
BACKEND = "django.core.mail.backends.smtp.EmailBackend"
TIMEOUT_SECONDS = 20
_KNOWN = {"starttls", "from", "password_file"}
_HERE = ("localhost", "127.0.0.1", "::1")
_FORM = f"write it as smtp://name:password@host:587?starttls=1&from=archive@example.org, see {VARIABLE}"


def describe_mail(site_address: str, address: str | None = None) -> dict[str, Any]:
    """Describe the mail server as Django's settings, with `MAIL` saying whether there is one.

    Raises `UserMistake` for a setting that cannot be read, or would send a password unprotected; neither is
    repeated in the sentence.
    """
    address = os.environ.get(VARIABLE, "").strip() if address is None else address
    if not address:
        return {"MAIL": False, "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    if not site_address:
        raise errors.UserMistake("mails have links, so that LIGHTWELL_ADDRESS is needed too", place=VARIABLE)
    try:
        parts = urllib.parse.urlsplit(address)
        port = parts.port
        asked = {name: values[-1] for name, values in urllib.parse.parse_qs(parts.query).items()}
    except ValueError:
        parts, port, asked = urllib.parse.urlsplit(""), None, {}
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or set(asked) - _KNOWN:
        raise errors.UserMistake(_FORM, place=VARIABLE)
    if asked.get("starttls", "0") not in ("0", "1"):
        raise errors.UserMistake("starttls is 1 for on, or 0 for off", place=VARIABLE)
    starttls, at_once = asked.get("starttls") == "1", parts.scheme == "smtps"
    password = _read_password(parts.password, asked.get("password_file", ""))
    if password and not (starttls or at_once or parts.hostname in _HERE):
        raise errors.UserMistake(
            "a password would leave unprotected; add starttls=1, or use smtps://", place=VARIABLE
        )
    host = urllib.parse.urlsplit(site_address).hostname or "localhost"
    sender = asked.get("from", "")
    if sender:
        mail_address.parse_address(sender)
    return {
        "MAIL": True,
        "EMAIL_BACKEND": BACKEND,
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": port or (465 if at_once else 587 if starttls else 25),
        "EMAIL_HOST_USER": urllib.parse.unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": password,
        "EMAIL_USE_TLS": starttls and not at_once,
        "EMAIL_USE_SSL": at_once,
        "EMAIL_TIMEOUT": TIMEOUT_SECONDS,
        "DEFAULT_FROM_EMAIL": sender or f"lightwell@{host}",
    }


def _read_password(written: str | None, path: str) -> str:
    if path:
        try:
            return Path(path).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise errors.UserMistake(f"the password file {path} cannot be read", place=VARIABLE) from None
    return os.environ.get(PASSWORD_VARIABLE, "") or urllib.parse.unquote(written or "")
