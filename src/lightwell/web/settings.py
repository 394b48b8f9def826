"""Django's settings, from the environment; every default is embedded and needs no service."""

from __future__ import annotations

import os
from pathlib import Path

STATE = Path(os.environ.get("LIGHTWELL_STATE", "var")).resolve()

INSTALLED_APPS = ["lightwell.db"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "lightwell.sqlite3",
        "OPTIONS": {
            # FULL: an acknowledged entry must survive a power cut, not only a crash of the process.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
