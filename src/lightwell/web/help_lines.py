"""Help lines of the configured country, for pages about abuse, self-harm and what else weighs on a child."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from django.conf import settings

from lightwell.actions import overview
from lightwell.files import data, state

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


# Beginnings of words that somebody in need may search for, each with the topic whose help lines stand above
# the results. Too many is the safe side.
SEARCHED = {
    "self-harm": (
        *("suicid", "self-harm", "self harm", "selfharm", "self-injur", "self injur", "cutting", "overdos"),
        *("kill myself", "kill herself", "kill himself", "kill themsel", "end my life", "want to die"),
    ),
    "sexual-images": (
        *("sexual", "sextort", "sexting", "nude", "naked", "rape", "raped", "incest", "molest", "porn"),
        *("abuse", "abusing", "csam", "csea", "intimate image", "blackmail"),
    ),
    "contact-by-strangers": ("groom", "predator", "paedophil", "pedophil", "stranger", "exploit", "traffick"),
    "mental-health": ("depress", "anxi", "panic attack", "lonel", "hopeless", "trauma", "mental health"),
    "body-image": ("anorexi", "bulimi", "eating disorder", "starv", "thinspo", "body image"),
    "bullying": ("bully", "bullied", "cyberbull", "harass", "humiliat"),
}
_SEARCHED = {
    topic: re.compile(rf"\b(?:{'|'.join(map(re.escape, words))})") for topic, words in SEARCHED.items()
}


def find_topics(words: str) -> list[str]:
    """Find the topics that call for help in what somebody typed into a search."""
    text = " ".join(words.casefold().replace("\u2011", "-").split())
    return [topic for topic, pattern in _SEARCHED.items() if pattern.search(text)]


def find_for_study(study: str) -> dict[str, Any] | None:
    """Return the help lines for the topics of a study: for its pages, documents and lists as for itself."""
    found = overview.read_overview(state.open_state()).find_study(study)
    topics = found.record.body.get("topics") if found and found.record else None
    return find_lines(topics if isinstance(topics, list) else [])


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
