"""Where the database is: by default a file in the state folder, else PostgreSQL by an address.

LIGHTWELL_DATABASE=postgresql://user:password@host:5432/name   (also ?sslmode=require&...)
"""

from __future__ import annotations

import os
import urllib.parse
from pathlib import Path
from typing import Any

from lightwell.base import errors

VARIABLE = "LIGHTWELL_DATABASE"
SQLITE_NAME = "lightwell.sqlite3"


def describe_database(root: Path, address: str | None = None) -> dict[str, Any]:
    """Describe the database for Django's DATABASES, from an address or else from the environment.

    Raises `UserMistake` for an address that is not PostgreSQL's; the password is never repeated.
    """
    address = os.environ.get(VARIABLE, "") if address is None else address
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": root / SQLITE_NAME,
            # Opening the file anew costs more than answering most pages.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                # FULL: an acknowledged entry must survive a power cut, not only a crash of the process.
                # secure_delete: what is erased by law is overwritten in the file.
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON;",
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
            },
        }
    try:
        parts = urllib.parse.urlsplit(address)
        port = parts.port
    except ValueError:
        parts, port = urllib.parse.urlsplit(""), None
    name = urllib.parse.unquote(parts.path.removeprefix("/"))
    if parts.scheme not in ("postgresql", "postgres") or not name or "/" in name:
        raise errors.UserMistake(
            "write it as postgresql://user:password@host:5432/name, or leave it out for SQLite",
            place=VARIABLE,
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": urllib.parse.unquote(parts.username or ""),
        "PASSWORD": urllib.parse.unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(port or ""),
        "OPTIONS": dict(urllib.parse.parse_qsl(parts.query)),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
