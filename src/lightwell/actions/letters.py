"""The mails that followers get, as text and as simple HTML: no picture, no tracking, nothing remote.

Every name comes from the archive and is escaped in HTML; a line of a header never holds more than one
line.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Sequence
from email.utils import formataddr

from django.conf import settings
from django.urls import reverse
from django.utils.html import escape

from lightwell.actions import addresses, following
from lightwell.actions.chronicle import Change
from lightwell.files.state import DEMO_PREFIX, State

# What a mail program shows of a subject, and how many changes a mail names before it points to the list.
_MOST_SUBJECT = 120
MOST_CHANGES = 100
_RHYTHMS = {"immediate": "as soon as something changes", "daily": "once a day", "weekly": "once a week"}
# Stands where the key of the follower goes, so that one text serves all who follow the same.
_KEY = "KEY-OF-THE-FOLLOWER"


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """One mail without its address."""

    subject: str
    text: str
    html: str
    headers: dict[str, str] = dataclasses.field(default_factory=dict)


def write_question(state: State, name: str, rhythm: str, token: str) -> Letter:
    """Write the mail that asks whether somebody wants to follow something."""
    link = addresses.make_address(reverse("follow-confirm", args=[token]))
    hours = int(following.WAITING.total_seconds() // 3600)
    name = _flatten(name)
    lines = [
        f"Somebody, probably you, wants to follow {name}, by mail to this address, {_RHYTHMS[rhythm]}.",
        f"To say yes, open this page within {hours} hours and press the button there:",
        link,
        "If it was not you, do nothing: nothing else is sent, and your address is deleted by then.",
    ]
    subject = _make_subject(state, f"Do you want to follow {name}?")
    parts = [_wrap_link(line) if line == link else f"<p>{escape(line)}</p>" for line in lines]
    return Letter(subject, "\n\n".join(lines) + "\n", _make_html(parts))


def write_news(state: State, rhythm: str, changes: Sequence[Change]) -> Letter:
    """Write the mail about what changed; `address_letter` makes it one follower's."""
    shown = changes[:MOST_CHANGES]
    first = f"{shown[0].label}: {shown[0].title}"
    subject = first if len(changes) == 1 else f"{first} and {len(changes) - 1} more"
    text, html = [], []
    for each in shown:
        place = addresses.make_address(addresses.make_path(each.place))
        said = f"{_write_day(each.at)}. {each.sentence}"
        text.append(f"{_flatten(each.label)}: {_flatten(each.title)}\n{_flatten(said)}\n{place}")
        html.append(
            f'<p><strong>{escape(_flatten(each.label))}: <a href="{escape(place)}">'
            f"{escape(_flatten(each.title))}</a></strong><br>{escape(_flatten(said))}</p>"
        )
    if len(changes) > len(shown):
        rest, place = len(changes) - len(shown), addresses.make_address(reverse("changes"))
        text.append(f"And {rest} more: {place}")
        html.append(f'<p>And {rest} more: <a href="{escape(place)}">what changed</a></p>')
    ending = addresses.make_address(reverse("follow-end", args=[_KEY]))
    why = f"You asked for this mail {_RHYTHMS[rhythm]}. To end it, or some of it:"
    text.append(f"{why}\n{ending}")
    html.append(f'<p>{escape(why)} <a href="{ending}">what I follow</a></p>')
    headers = {
        # RFC 8058: the mail program itself may end it with one click, by a POST.
        "List-Unsubscribe": f"<{ending}>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }
    return Letter(_make_subject(state, subject), "\n\n".join(text) + "\n", _make_html(html), headers)


def address_letter(letter: Letter, key: str) -> Letter:
    """Return a letter with the link that ends it for one follower."""
    return Letter(
        letter.subject,
        letter.text.replace(_KEY, key),
        letter.html.replace(_KEY, key),
        {name: value.replace(_KEY, key) for name, value in letter.headers.items()},
    )


def write_sender() -> str:
    """Write from whom mails come."""
    return formataddr(("Lightwell", settings.DEFAULT_FROM_EMAIL))


def _make_subject(state: State, words: str) -> str:
    origin = state.read_origin()
    before = "Sample: " if state.is_sample() else "Demo: " if origin.startswith(DEMO_PREFIX) else ""
    flat = _flatten(f"{before}{words}")
    return flat if len(flat) <= _MOST_SUBJECT else f"{flat[: _MOST_SUBJECT - 1]}…"


def _flatten(words: str) -> str:
    """Make one line of words that somebody published, without what a mail program would take for commands."""
    return " ".join("".join(each if each.isprintable() else " " for each in words).split())


def _write_day(at: datetime.datetime) -> str:
    return f"{at:%-d %B %Y}"


def _wrap_link(link: str) -> str:
    return f'<p><a href="{escape(link)}">{escape(link)}</a></p>'


def _make_html(parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    head = '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"></head>'
    return f"{head}<body>\n{body}\n</body></html>\n"
