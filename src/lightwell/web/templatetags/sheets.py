"""The words of a page as HTML: hundreds on every page, each an element of its own that a link can name.

In a template's loop they took most of the time of the page that is read most.
"""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from lightwell.actions.quotations import Word
from lightwell.files import data

register = template.Library()


@register.filter
def write_line(line: Sequence[Word], query: str) -> SafeString:
    """Write a line: its number as a link that quotes it, then every word, escaped."""
    if line[0].kind == "label":
        return _write_label(line[0])
    kept = f"q={escape(quote(query))}&amp;" if query else ""
    first, last, number = line[0].number, line[-1].number, line[0].line
    return mark_safe(  # noqa: S308 - numbers are ours, the search is quoted, each word is escaped below
        f'<a class="line-link" rel="nofollow" href="?{kept}words={first}-{last}#quote" '
        f'aria-label="Quote line {number}">{number}</a><span class="words">'
        f"{''.join(map(_write_word, line))}</span>"
    )


def _write_label(word: Word) -> SafeString:
    """Write what stands in the place of a hidden part: why it is hidden, as a link to the legal reason."""
    known = data.read_grounds().get(word.ground)
    title = escape(known.title if known else word.ground)
    address = f"{reverse('reasons')}#{quote(word.ground)}"
    return mark_safe(  # noqa: S308 - the title is escaped, the address is ours
        f'<span class="line-link"></span><span class="words"><a class="hidden-part" id="w{word.number}" '
        f'href="{address}"><span class="visually-hidden">A part is hidden here: </span>{title}</a></span>'
    )


def _write_word(word: Word) -> str:
    text = escape(word.text)
    if word.chosen:
        return f'<mark class="chosen" id="w{word.number}">{text}</mark> '
    if word.marked:
        return f'<mark id="w{word.number}">{text}</mark> '
    return f'<span id="w{word.number}">{text}</span> '
