"""The words of a sealed page as HTML for the rooms of hidden parts: to tick, or to read with their marks."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from lightwell.actions import redactions, samples
from lightwell.db.models import Item, Opening, PublicPage
from lightwell.web.hiding import IN_FORCE, PROPOSED, Shown

register = template.Library()


@register.filter
def write_choices(line: Sequence[Shown], ticked: Collection[str]) -> SafeString:
    """Write a line whose words can be ticked; a word in force or proposed says so and has no box."""
    return _join(_write_choice(word, word.place in ticked) for word in line)


@register.filter
def write_marked(line: Sequence[Shown]) -> SafeString:
    """Write a line to be read, each hidden part with its number and standing after its last word."""
    return _join(_write_word(word) for word in line)


@register.filter
def write_readable(line: Sequence[Shown], ticked: Collection[str]) -> SafeString:
    """Write a line as its reader will have it: what is hidden is left out, other words can be ticked."""
    return _join(
        (f'<em class="gone">hidden part {word.mark.number}</em> ' if word.ends else "")
        if word.mark
        else _write_choice(word, word.place in ticked)
        for word in line
    )


@register.filter
def read_sure(item: Item, number: int) -> int | None:
    """Read how sure in per cent the machine was that read a page from its picture; None where none did."""
    return redactions.read_sure(item).get(number)


@register.inclusion_tag("parts/sample_read.html")
def sample_read(study: str, item: Item | None = None) -> dict[str, Any]:
    """Say what reading a sample of a published study, or of one document of it, found."""
    rows = Opening.objects.filter(item__study=study, item__pages__gt=0)
    shown = (rows if item is None else rows.filter(item=item)).exists()
    found = samples.summarise(study, None if item is None else [item]) if shown else None
    pages = PublicPage.objects.filter(item__study=study)
    every = found is not None and found.read >= (pages if item is None else pages.filter(item=item)).count()
    return {"shown": shown, "found": found, "every": every}


@register.filter
def at_most(share: float) -> str:
    """Write a bound as a percentage, rounded up: a bound that was rounded down would be no bound."""
    for digits in (1, 2, 3):
        scale = 10**digits
        shown = -int(-share * 100 * scale // 1) / scale
        if shown >= 10 ** (1 - digits):
            break
    return f"{shown:g} %"


def _join(pieces: Iterable[str]) -> SafeString:
    return mark_safe("".join(pieces))  # noqa: S308 - every word is escaped below


def _write_choice(word: Shown, ticked: bool) -> str:
    if word.mark is not None and word.mark.standing in (PROPOSED, IN_FORCE):
        return _write_word(word)
    checked = " checked" if ticked else ""
    note = _write_note(word)
    return (
        f'<label class="pick"><input type="checkbox" name="word" value="{word.place}"{checked}>'
        f"<span>{escape(word.text)}</span></label>{note} "
    )


def _write_word(word: Shown) -> str:
    if word.mark is None:
        return f"{escape(word.text)} "
    return f'<mark class="part-{word.mark.standing}">{escape(word.text)}</mark>{_write_note(word)} '


def _write_note(word: Shown) -> str:
    if word.mark is None or not word.ends:
        return ""
    return f' <span class="part-note">{word.mark.standing} {word.mark.number}</span>'
