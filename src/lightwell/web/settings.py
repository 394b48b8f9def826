"""Django's settings, from the environment; every default is embedded and needs no service.

Nothing is ever fetched from anybody else: no script, style, font or picture of a third party, and no
cookie for a reader. DEBUG stays off unless asked for, and the log's origin decides what is a sample.
"""

from __future__ import annotations

import os
import secrets

from csp.constants import NONE, SELF

from lightwell.base import errors
from lightwell.files import data, database, diary, mail_server, state

_STATE = state.open_state()
STATE = _STATE.root
_LEAST_SECRET = 32


def _read_secret() -> str:
    """Read the key that signs sessions, made once per state folder; without one it lives for this process."""
    if from_environment := os.environ.get("LIGHTWELL_SECRET_KEY"):
        if len(from_environment) < _LEAST_SECRET:
            raise SystemExit(
                f"LIGHTWELL_SECRET_KEY has {len(from_environment)} characters and could be guessed; use at "
                f"least {_LEAST_SECRET} random ones, or leave it out"
            )
        return from_environment
    path = STATE / "web.key"
    if STATE.is_dir():
        try:
            # Exclusive and private from the first byte: two processes starting at once agree on one key.
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(48))
        except FileExistsError:
            pass
        if kept := path.read_text().strip():
            return kept
    return secrets.token_urlsafe(48)


def _read_list(name: str, default: str) -> list[str]:
    return [part.strip() for part in (os.environ.get(name) or default).split(",") if part.strip()]


def _read_switch(name: str) -> bool:
    """Read 0 or 1; whoever writes "true" must not believe that something is on."""
    value = os.environ.get(name) or "0"
    if value not in ("0", "1"):
        raise SystemExit(f"{name} is {value!r}; write 1 for on, or 0 for off")
    return value == "1"


def _check_addresses(name: str, addresses: list[str]) -> None:
    for each in addresses:
        if not each.startswith(("https://", "http://")):
            raise SystemExit(f"{name} is {each!r}; write a whole address such as https://archive.example")


SECRET_KEY = _read_secret()
DEBUG = _read_switch("LIGHTWELL_DEBUG")
ALLOWED_HOSTS = _read_list("LIGHTWELL_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _read_list("LIGHTWELL_TRUSTED_ORIGINS", "")
_check_addresses("LIGHTWELL_TRUSTED_ORIGINS", CSRF_TRUSTED_ORIGINS)
# The address under which feeds and the site map name this site, such as https://archive.example.
SITE_ADDRESS = os.environ.get("LIGHTWELL_ADDRESS", "").rstrip("/")
_check_addresses("LIGHTWELL_ADDRESS", [SITE_ADDRESS] if SITE_ADDRESS else [])
# Mail leaves through this server, or not at all: MAIL, EMAIL_HOST and the others.
try:
    globals().update(mail_server.describe_mail(SITE_ADDRESS))
except errors.UserMistake as mistake:
    raise SystemExit(str(mistake)) from None
HELP_COUNTRY = os.environ.get("LIGHTWELL_HELP_COUNTRY") or "GB"
if HELP_COUNTRY not in data.list_countries():
    raise SystemExit(
        f"LIGHTWELL_HELP_COUNTRY is {HELP_COUNTRY!r}; "
        f"there are help lines for {', '.join(data.list_countries())}"
    )

# Whom a visitor reaches when the form for reports does not do: shown on the pages of reports.
CONTACT = os.environ.get("LIGHTWELL_CONTACT", "").strip()
_PROXIES = os.environ.get("LIGHTWELL_PROXIES") or "0"
if _PROXIES not in map(str, range(10)):
    raise SystemExit(f"LIGHTWELL_PROXIES is {_PROXIES!r}; it is the number of your own proxies, 0 to 9")
PROXIES = int(_PROXIES)

# At which hours of the day the public balance of a privacy budget changes, UTC: 24 means at midnight.
_BUDGET_HOURS = os.environ.get("LIGHTWELL_BUDGET_HOURS") or "24"
if _BUDGET_HOURS not in ("1", "2", "3", "4", "6", "8", "12", "24"):
    raise SystemExit(
        f"LIGHTWELL_BUDGET_HOURS is {_BUDGET_HOURS!r}; it says every how many hours the public "
        "balance changes: 1, 2, 3, 4, 6, 8, 12 or 24"
    )
BUDGET_HOURS = int(_BUDGET_HOURS)

# For tests of webhooks alone: a receiver on this machine, without TLS. On a public site it would be a way in.
HOOKS_HERE = _read_switch("LIGHTWELL_HOOKS_HERE")
if HOOKS_HERE and not DEBUG:
    raise SystemExit("LIGHTWELL_HOOKS_HERE is for tests alone and works only with LIGHTWELL_DEBUG=1")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "lightwell.db",
    "lightwell.web",
]
MIDDLEWARE = [
    "lightwell.web.middleware.write_answers",
    # Whatever writes headers stands before whatever answers, so that no file of the style goes without.
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "lightwell.web.middleware.complete_headers",
    "lightwell.web.middleware.refuse_methods",
    "lightwell.web.middleware.keep_cookies_inside",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "lightwell.web.middleware.keep_pace",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "lightwell.web.middleware.explain_errors",
]
CSRF_FAILURE_VIEW = "lightwell.web.views.about.show_unsent"
ROOT_URLCONF = "lightwell.web.urls"
WSGI_APPLICATION = "lightwell.web.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": ["lightwell.web.context.describe_site"],
            "builtins": ["lightwell.web.templatetags.words"],
        },
    }
]

AUTH_USER_MODEL = "db.Person"
LOGIN_URL = "/workspace/sign-in/"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
# The name beside the code in a person's authenticator (docs/decisions/0006).
OTP_TOTP_ISSUER = "Lightwell"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "lightwell.actions.passwords.HouseWords"},
]
DATABASES = {"default": database.describe_database(STATE)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
USE_I18N = False

STATIC_URL = "/static/"
# Served from the package by the app itself; an address carries the file's digest (`asset` in templates).
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_MAX_AGE = 31_536_000
WHITENOISE_ALLOW_ALL_ORIGINS = False

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
# Other sites learn nothing; our own forms need it, since a browser that sends no referrer sends Origin: null,
# which the check against forged forms must refuse.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Behind TLS (see the operator's guide) browsers are told to come back by TLS only.
_TLS = _read_switch("LIGHTWELL_TLS")
SECURE_HSTS_SECONDS = 31_536_000 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _TLS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _TLS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _TLS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Strict"
SESSION_COOKIE_AGE = 8 * 60 * 60
# Over TLS no neighbour under the same domain may plant one: by the prefix a browser takes them from this host
# alone (RFC 6265bis, section 4.1.3.2), which asks for the path "/". Then browsers send them everywhere, and
# `keep_cookies_inside` throws them away outside the workspace: pages and files are the same for everybody.
SESSION_COOKIE_PATH = CSRF_COOKIE_PATH = "/" if _TLS else "/workspace/"
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = (
    ("__Host-lightwell", "__Host-lightwell-form") if _TLS else ("lightwell", "lightwell-form")
)
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
# A folder of research is handed in at once or in a few times; each file of a form may keep one open.
DATA_UPLOAD_MAX_NUMBER_FILES = 500

# Which lines there are, and that none holds an address, a name or a visitor's words: `files/diary`.
LOGGING = diary.describe_logging(diary.read_form())
