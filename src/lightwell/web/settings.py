"""Django's settings, from the environment; every default is embedded and needs no service."""

from __future__ import annotations

from lightwell.files import state

STATE = state.open_state().root

INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "lightwell.db"]
AUTH_USER_MODEL = "db.Person"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": STATE / "lightwell.sqlite3",
        "OPTIONS": {
            # FULL: an acknowledged entry must survive a power cut, not only a crash of the process.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
