"""Search by page: hits open at the page with the words marked; every search is also a feed."""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from lightwell.actions import chronicle, parties, query_records, search
from lightwell.base import errors
from lightwell.files import excerpt, finder, state
from lightwell.web import context, help_lines, memory, methods
from lightwell.web.templatetags import words

PAGE_SIZE = 10
FEED_SIZE = 30
MOST_SHOWN = 8
EXAMPLES = ("sleep", '"at night"', "image*", "kind:report")
# Fields that are offered as filters, in the order of the page, with their public words.
FACETS = {
    "company": "Company",
    "service": "Service",
    "topic": "Topic",
    "kind": "Kind of document",
    "year": "Year",
    "language": "Language",
}
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_KEPT = (*FACETS, "study", "item")


@dataclass(frozen=True, slots=True)
class Choice:
    """One value of a filter: its words, how many pages have it, and the address that sets or drops it."""

    label: str
    count: int
    address: str
    chosen: bool


@methods.only_read
def show_search(request: HttpRequest) -> HttpResponse:
    """Show the hits of a search, ten at a time; without words or filters, how to search."""
    query = request.GET.get("q", "")
    filters = read_filters(request)
    context: dict[str, Any] = {
        "here": "search",
        "query": query,
        "examples": EXAMPLES,
        "asked": bool(query.strip() or filters != finder.Filters()),
        "hidden": [(name, value) for name in _KEPT for value in request.GET.getlist(name)],
        "since": filters.since,
        "until": filters.until,
        "help": help_lines.find_lines([*help_lines.find_topics(query), *filters.topic]),
    }
    if not context["asked"]:
        return render(request, "search/search.html", context)
    try:
        found = search.find_pages(
            state.open_state(), query, filters, request.GET.get("after", ""), limit=PAGE_SIZE
        )
    except errors.UserMistake as mistake:
        context["problems"] = mistake.problems
        return render(request, "search/search.html", context, status=400)
    context["records"] = _find_records(memory.read_stamp(), query) if not request.GET.get("after") else ()
    names = _remember_names(memory.read_stamp(), tuple(request.GET.getlist("study")[:20]))
    kept = _list_parameters(request)
    suffix = f"?{urlencode({'q': query})}" if query.strip() else ""
    context |= {
        "found": found,
        "hits": [
            {
                "page": page,
                "address": reverse("page", args=[page.study, page.item, page.page]) + suffix,
                "snippet": mark_excerpt(page.excerpt),
            }
            for page in found.pages
        ],
        "facets": [
            (title, choices)
            for name, title in FACETS.items()
            if len(choices := _list_choices(kept, name, found.counts, names)) > 1
            or any(choice.chosen for choice in choices)
        ],
        "chosen": [
            Choice(_name_value(name, value, names), 0, _address(kept, name, value, False), True)
            for name in _KEPT
            for value in request.GET.getlist(name)
        ],
        "more": f"?{urlencode([*kept, ('after', found.next)])}" if found.next else "",
        "started": bool(request.GET.get("after")),
        "feed": f"{reverse('search-feed')}?{urlencode(kept)}",
        "followed": urlencode(kept),
    }
    return render(request, "search/search.html", context)


@methods.only_read
def send_feed(request: HttpRequest) -> HttpResponse:
    """Send the newest pages that fit a search as an Atom feed (RFC 4287)."""
    query = request.GET.get("q", "")
    opened = state.open_state()
    found = search.find_pages(opened, query, read_filters(request), limit=FEED_SIZE, newest=True)
    suffix = f"?{urlencode({'q': query})}" if query.strip() else ""
    entries = [
        {
            "page": page,
            "id": chronicle.make_tag(context.read_origin(opened), page.id),
            "title": clean_text(f"{page.title or page.study}, page {page.page}"),
            "summary": clean_text(page.excerpt.text),
            "address": request.build_absolute_uri(
                reverse("page", args=[page.study, page.item, page.page]) + suffix
            ),
        }
        for page in found.pages
    ]
    times = [page.opened_at for page in found.pages if page.opened_at]
    described = {
        "query": clean_text(query),
        "self": request.build_absolute_uri(),
        "page": request.build_absolute_uri(f"{reverse('search')}?{urlencode(_list_parameters(request))}"),
        "updated": max(times, default=opened.read_now()),
        "entries": entries,
    }
    response = render(
        request, "search/feed.xml", described, content_type="application/atom+xml; charset=utf-8"
    )
    response["Cache-Control"] = "no-cache"
    return response


def clean_text(text: str) -> str:
    """Replace what XML 1.0 (section 2.2) does not allow, such as the form feeds of a scan's words."""
    return _NOT_XML.sub("\ufffd", text)


def read_filters(request: HttpRequest) -> finder.Filters:
    """Read what the reader ticked; unknown names are left to whoever put them there."""
    ticked = {name: tuple(value[:200] for value in request.GET.getlist(name)[:20] if value) for name in _KEPT}
    return finder.Filters(
        **ticked, since=request.GET.get("since", "")[:10], until=request.GET.get("until", "")[:10]
    )


def mark_excerpt(cut: excerpt.Excerpt) -> SafeString:
    """Write an excerpt as HTML, its found words in <mark>; every character of the page is escaped."""
    pieces, at = [], 0
    for start, end in cut.marks:
        pieces.append((cut.text[at:start], cut.text[start:end]))
        at = end
    marked = format_html_join("", "{}<mark>{}</mark>", pieces)
    before = mark_safe("… ") if cut.cut_before else ""
    after = mark_safe(" …") if cut.cut_after else ""
    return format_html("{}{}{}{}", before, marked, cut.text[at:], after)


@functools.lru_cache(maxsize=2)
def _remember_words(_stamp: object) -> tuple[query_records.Worded, ...]:
    return query_records.list_words()


def _find_records(stamp: object, query: str) -> list[query_records.Found]:
    return query_records.find_by_words(query, _remember_words(stamp))


@functools.lru_cache(maxsize=64)
def _remember_names(_stamp: object, studies: tuple[str, ...]) -> dict[tuple[str, str], str]:
    return parties.read_names(studies)


def _list_choices(
    kept: list[tuple[str, str]], name: str, counts: finder.Counts, names: dict[tuple[str, str], str]
) -> list[Choice]:
    ticked = {value for each, value in kept if each == name}
    return [
        Choice(
            _name_value(name, value, names),
            count,
            _address(kept, name, value, value not in ticked),
            value in ticked,
        )
        for value, count in counts.by.get(name, ())[:MOST_SHOWN]
    ]


def _name_value(name: str, value: str, names: dict[tuple[str, str], str]) -> str:
    if name == "topic":
        return str(words.topic(value))
    if name == "language":
        return _LANGUAGES.get(value.partition("-")[0], value)
    if name in ("kind",):
        return str(words.words(value))
    return names.get((name, value), f"Document {value}" if name == "item" else value)


_LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "pl": "Polish",
}


def _address(kept: list[tuple[str, str]], name: str, value: str, add: bool) -> str:
    others = [pair for pair in kept if pair != (name, value)]
    return f"?{urlencode([*others, (name, value)] if add else others)}"


def _list_parameters(request: HttpRequest) -> list[tuple[str, str]]:
    """List what makes up this search, without the place in its results."""
    known = ("q", *_KEPT, "since", "until")
    return [(name, value[:500]) for name in known for value in request.GET.getlist(name)[:20] if value]


urlpatterns = [
    path("search/", show_search, name="search"),
    path("search.atom", send_feed, name="search-feed"),
]
