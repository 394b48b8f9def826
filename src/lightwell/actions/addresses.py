"""Where what changed is read on the site: the path of each kind of place, for pages, feeds and mails."""

from __future__ import annotations

import urllib.parse

from django.conf import settings
from django.urls import NoReverseMatch, reverse

# The route of each place and how its id is taken apart; without a pattern the id is asked for as a company.
_ROUTES = {
    "study": "study",
    "record": "record",
    "inventory": "inventory",
    "late": "late",
    "challenge": "challenge",
    "held": "held",
    "company": "company",
    "studies": "company",
    "page": "page",
    "figures": "figure-dataset",
}


def make_path(place: tuple[str, str] | None) -> str:
    """Return the path of a place such as ("study", id) or ("page", "id/3/12"); empty where there is none."""
    if not place:
        return ""
    name, value = place
    try:
        if name in ("late", "held"):
            return f"{reverse(_ROUTES[name])}?company={value}"
        path = reverse(_ROUTES[name], args=value.split("/"))
    except NoReverseMatch:
        return ""
    return f"{path}#studies" if name == "studies" else path


def make_address(path: str) -> str:
    """Return a path as a whole address for whoever is not on the site."""
    return f"{settings.SITE_ADDRESS}{path}"


def read_host() -> str:
    """Read the host name of the site, as message ids need it."""
    return urllib.parse.urlsplit(settings.SITE_ADDRESS).hostname or "localhost"
