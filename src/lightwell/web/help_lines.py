"""Help lines of the configured country, for pages about abuse, self-harm and what else weighs on a child."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.conf import settings

from lightwell.files import data

# On pages about these, help stands beside the research.
HEAVY = frozenset(
    {
        "self-harm",
        "mental-health",
        "sexual-images",
        "contact-by-strangers",
        "spread-of-abuse-images",
        "bullying",
        "body-image",
    }
)


def find_lines(topics: Collection[str]) -> dict[str, Any] | None:
    """Return the help lines for these topics, None where none of them calls for help."""
    wanted = HEAVY & set(topics)
    if not wanted:
        return None
    return _select(wanted)


def list_all() -> dict[str, Any]:
    """Return every help line of the country."""
    return _select(None)


def _select(topics: Collection[str] | None) -> dict[str, Any]:
    country: dict[str, Any] = data.read_help_lines(settings.HELP_COUNTRY)
    lines = [line for line in country["lines"] if topics is None or set(line["topics"]) & set(topics)]
    return {
        "name": country["name"],
        "lines": lines,
        "confirmed": all(line["check"] == "primary" and line["confirmed_on"] for line in lines),
    }
