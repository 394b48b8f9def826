"""Public words: how dates, numbers, states, reasons and places are written on a page, and where they lead.

The only place that turns an id of the code into words of a reader. Technical words are left to the
section "How this was checked".
"""

from __future__ import annotations

import datetime
import functools
import hashlib
import math
from decimal import Decimal

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static

from lightwell.actions import addresses, chronicle, overview
from lightwell.base import ground
from lightwell.files import data
from lightwell.files import state as state_folder

register = template.Library()

STATES = {
    "sealed": "Locked in, not due yet",
    "due-soon": "Locked in, due soon",
    "overdue": "Late",
    "opened": "Published",
    "opened-late": "Published late",
    "partly-opened": "Published in part",
    "withheld": "Held back",
    "held-not-read": "Published as a file; its format cannot be read here",
    "already-public": "Published elsewhere before",
    "suspended": "Out of view for now",
    "erased-by-law": "Erased because the law demands it",
    "key-lost": "Lost: it can no longer be shown",
}
# What each state means, in a reader's words; the page "What can become of a document" prints it.
MEANINGS = {
    "sealed": "It is on the list, its pages are counted and cannot be changed; its promised date is to come.",
    "due-soon": "The same, and the promised date is at most 30 days away.",
    "overdue": "The promised date has passed and nothing came. A later date that is promised after that "
    "changes nothing, and neither does taking it out of view, losing its key or erasing it: what happened "
    "to it stands beside the days.",
    "opened": "Everything of it can be read here, and came by the promised date.",
    "opened-late": "Everything of it can be read here, but it came late; the days stay counted.",
    "partly-opened": "Some of its pages can be read, the others are held back, each for a legal reason.",
    "withheld": "It is held back for a legal reason, which is looked at again on a stated day.",
    "held-not-read": "The file is published as it was handed in. Its format cannot be read here, so its "
    "pages are not counted and its words are not in the search.",
    "already-public": "It could be read elsewhere before; whoever published the study says where.",
    "suspended": "It, or a page of it, was taken out of view at once, for example because a child could be "
    "recognised. Two people decide whether it is shown again.",
    "erased-by-law": "The law demanded that it is destroyed. Its place and the legal reason stay.",
    "key-lost": "The key that opens it was lost, so nobody can read it any more.",
}
TONES = {
    "sealed": "calm",
    "due-soon": "calm",
    "overdue": "late",
    "opened": "good",
    "opened-late": "good",
    "partly-opened": "part",
    "withheld": "held",
    "held-not-read": "good",
    "already-public": "good",
    "suspended": "held",
    "erased-by-law": "held",
    "key-lost": "held",
}
TOPICS = {
    "sleep": "Sleep",
    "body-image": "Body image",
    "bullying": "Bullying",
    "contact-by-strangers": "Contact by strangers",
    "sexual-images": "Sexual images",
    "self-harm": "Self-harm",
    "mental-health": "Mental health",
    "spread-of-abuse-images": "Spread of abuse images",
    "other": "Something else",
}
ROLES = {
    "provider": "the company itself",
    "regulator": "a regulator",
    "campaign-group": "a campaign group",
    "newsroom": "a newsroom",
    "court": "a court",
    "other": "somebody else",
}
_PHRASES = {
    "primary": "Read at the source",
    "secondary": "From a named second source",
    "practitioner": "Read in another company's public record",
    "recall": "From general knowledge, not confirmed",
    "proposed": "Proposed here",
    "18-plus": "18 and over",
    "all": "All ages",
    "no-access-to-data": "The holder has no access to the data",
    "approver": "a second person, who approves",
    "safeguarding-officer": "the officer for child protection",
    "publisher": "a person who publishes here",
}
_LAWS = {
    "eu-dsa-40-4": "EU Digital Services Act, Article 40(4)",
    "ofcom-children": "UK online safety rules: children",
    "ofcom-illegal": "UK online safety rules: illegal content",
}


@register.filter
def day(value: object) -> str:
    """Write a date as "31 March 2026"; a year, a month or an uncertain date (EDTF) as declared."""
    if isinstance(value, datetime.datetime | datetime.date):
        return f"{value:%-d %B %Y}"
    text = str(value or "")
    mark, bare = text[-1:], text.rstrip("~?%")
    parts = bare.split("-")
    try:
        match len(parts):
            case 1:
                said = bare
            case 2:
                said = f"{datetime.date(int(parts[0]), int(parts[1]), 1):%B %Y}"
            case _:
                said = f"{datetime.date.fromisoformat(bare):%-d %B %Y}"
    except ValueError:
        return text
    return {"~": f"about {said}", "?": f"{said} (uncertain)", "%": f"about {said} (uncertain)"}.get(
        mark, said
    )


@register.simple_tag
def put_here(record: str, version: int, declared: str) -> str:
    """Say when a version of a record was put here, and its own date where that is another.

    The declared date is its publisher's word and may lie years back; the other one others have confirmed.
    """
    known = overview.read_overview(state_folder.open_state()).put_here.get((record, version))
    said = f"put here on {known:%-d %B %Y}" if known else "put here just now"
    if known and known.isoformat() == declared:
        return said
    return f"{said} (its own date, not confirmed: {day(declared)})"


@register.filter
def number(value: object) -> str:
    """Write a number with separators; text stays as it is."""
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return f"{value:,.6g}"
    return str(value)


@register.filter
def count(value: int, nouns: str) -> str:
    """Write "1 page", "3 pages": `n|count:"page"`, or `n|count:"study,studies"`."""
    one, _, many = nouns.partition(",")
    return f"{value:,} {one if value == 1 else many or one + 's'}"


@register.filter
def share(value: float) -> str:
    """Write a share between 0 and 1 as a percentage."""
    return f"{100 * value:.3g} %"


@register.filter
def lines_of(text: str) -> int:
    """Count the lines that a text needs in its field, where one holds about sixty letters; 4 to 14."""
    needed = sum(1 + len(line) // 60 for line in text.split("\n"))
    return min(max(needed + 1, 4), 14)


@register.filter
def factor(price: float) -> str:
    """Write how many times as likely an answer of a privacy cost may become because of one child."""
    return f"{math.exp(price):.2g}"


@register.filter
def first_small(text: str) -> str:
    """Begin words small, for the middle of a sentence."""
    return text[:1].lower() + text[1:]


@register.filter
def one_in(chance: str) -> str:
    """Write a small chance as "1 in 10,000,000"."""
    return f"1 in {1 / float(chance):,.0f}"


@register.filter
def rough(part: float) -> str:
    """Write a share of a whole with two digits, as a percentage."""
    return f"{100 * part:.2g} %"


@register.filter
def words(value: object) -> str:
    """Write an id of a list of choices in words: "approved-with-conditions", "18-plus"."""
    text = str(value)
    if text in _PHRASES:
        return _PHRASES[text]
    if text[:1].isdigit():
        return text.replace("-", " to ") if text.replace("-", "").isdigit() else text
    return text.replace("-", " ").capitalize()


@register.filter
def law(value: object) -> str:
    """Write the id of a law's framework in words, any other text as it is."""
    return _LAWS.get(str(value), str(value))


@register.filter
def state(value: str) -> str:
    """Write what became of a document."""
    return STATES[value]


@register.filter
def meaning(value: str) -> str:
    """Say what a state of a document means."""
    return MEANINGS[value]


@register.filter
def tone(value: str) -> str:
    """Return the style class of a state."""
    return TONES[value]


@register.filter
def role(value: str) -> str:
    """Write the role of a person as one says it of oneself: "publisher", "officer for child protection"."""
    return "officer for child protection" if value == "safeguarding-officer" else value.replace("-", " ")


@register.filter
def topic(value: str) -> str:
    """Write a topic's id in the everyday words of the topic pages."""
    return TOPICS.get(value, words(value))


@register.filter
def kind(value: str) -> str:
    """Write the kind of a record."""
    return chronicle.KIND_NAMES.get(value, words(value))


@register.filter
def who(value: str) -> str:
    """Write in which capacity somebody put something here."""
    return ROLES.get(value, words(value))


@register.filter
def reason(value: str) -> ground.Ground | None:
    """Find the legal reason of an id."""
    return data.read_grounds().get(value)


@register.filter
def address(place: tuple[str, str] | None) -> str:
    """Return the address of a place such as ("study", id); empty where there is none."""
    return addresses.make_path(place)


@register.filter
def percent_of(part: int, whole: int) -> str:
    """Return a share as a length for a chart: "41.250%"."""
    return f"{100 * part / whole:.3f}%" if whole else "0%"


@register.filter
def squares(services: int) -> int:
    """Return how wide a row of squares is, one for each service."""
    return 16 * services


@register.filter
def seal_short(value: str) -> str:
    """Shorten a digital fingerprint for a line of text; the whole of it stands beside it."""
    text = value.removeprefix("sha256:")
    return f"{text[:8]}…{text[-8:]}"


@register.simple_tag
def asset(path: str) -> str:
    """Return the address of one of our own files, with its digest, so that it may be kept for ever."""
    return f"{static(path)}?v={_measure_asset(path)}"


@functools.cache
def _measure_asset(path: str) -> str:
    found = finders.find(path)
    if not isinstance(found, str):
        raise FileNotFoundError(f"there is no static file {path}")
    with open(found, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()[:12]
