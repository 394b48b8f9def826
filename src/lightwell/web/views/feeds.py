"""Feeds (Atom, RFC 4287): what changed, of everything, one company or one study; and the map of the site."""

from __future__ import annotations

import datetime
from xml.etree import ElementTree

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from lightwell.actions import chronicle, overview, records, topics
from lightwell.actions.chronicle import Change
from lightwell.files import state
from lightwell.web import context, memory
from lightwell.web.templatetags import words

ATOM = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 100


@memory.keep
def show_feeds(request: HttpRequest) -> HttpResponse:
    """Name every feed."""
    return render(request, "feeds.html", {"picture": overview.read_overview(state.open_state())})


@memory.keep
def send_changes(request: HttpRequest) -> HttpResponse:
    """Send what changed everywhere."""
    picture = overview.read_overview(state.open_state())
    return _send(
        request, "What changed", reverse("changes"), chronicle.list_changes(picture, limit=MAX_ENTRIES)
    )


@memory.keep
def send_company(request: HttpRequest, slug: str) -> HttpResponse:
    """Send what changed about one company."""
    picture = overview.read_overview(state.open_state())
    provider = picture.find_provider(slug)
    if provider is None:
        raise Http404
    changes = chronicle.list_changes(picture, provider=slug, limit=MAX_ENTRIES)
    return _send(request, f"What changed: {provider.name}", reverse("company", args=[slug]), changes)


@memory.keep
def send_study(request: HttpRequest, study: str) -> HttpResponse:
    """Send what changed in one study."""
    picture = overview.read_overview(state.open_state())
    found = picture.find_study(study)
    if found is None:
        raise Http404
    title = str(found.record.body["title"]) if found.record else study
    changes = chronicle.list_changes(picture, study=study, limit=MAX_ENTRIES)
    return _send(request, f"What changed: {title}", reverse("study", args=[study]), changes)


@memory.keep
def send_map(request: HttpRequest) -> HttpResponse:
    """Send the map of the site (sitemaps.org): public pages only."""
    picture = overview.read_overview(state.open_state())
    places = [
        reverse(name)
        for name in (
            "front",
            "companies",
            "topics",
            "studies",
            "records",
            "late",
            "held",
            "changes",
            "lists",
            "checked",
            "log",
        )
    ]
    places += [reverse("topic", args=[each]) for each in topics.TOPICS]
    places += [reverse("company", args=[each.slug]) for each in picture.providers]
    for study in picture.studies:
        places += [reverse("study", args=[study.id]), reverse("inventory", args=[study.id])]
        # A document is on the map once it is published; a page that may not be read never is.
        places += [
            reverse("document", args=[study.id, each.number])
            for each in study.documents
            if each.title is not None
        ]
    places += [reverse("record", args=[row.record]) for row in records.list_newest()]
    root = ElementTree.Element("urlset", xmlns="http://www.sitemaps.org/schemas/sitemap/0.9")
    for place in places:
        ElementTree.SubElement(ElementTree.SubElement(root, "url"), "loc").text = _make_address(
            request, place
        )
    return _send_xml(root, "application/xml")


def send_robots(request: HttpRequest) -> HttpResponse:
    """Let everybody read everything public; a sample asks not to be found, lest it be taken for real."""
    sample = context.is_sample(state.open_state())
    lines = ["User-agent: *", "Disallow: /" if sample else "Disallow: /workspace/"]
    lines += [] if sample else [f"Sitemap: {_make_address(request, reverse('sitemap'))}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def _send(request: HttpRequest, title: str, home: str, changes: list[Change]) -> HttpResponse:
    opened = state.open_state()
    sample = "Sample: " if context.is_sample(opened) else ""
    feed = ElementTree.Element("feed", xmlns=ATOM)
    _add(feed, "title", f"{sample}{title}")
    _add(feed, "id", _make_address(request, request.path))
    newest = (
        changes[0].at
        if changes
        else datetime.datetime.combine(opened.read_now().date(), datetime.time(), datetime.UTC)
    )
    _add(feed, "updated", newest.isoformat())
    ElementTree.SubElement(feed, "link", rel="self", href=_make_address(request, request.path))
    ElementTree.SubElement(feed, "link", rel="alternate", href=_make_address(request, home))
    _add(ElementTree.SubElement(feed, "author"), "name", "Lightwell")
    for each in changes:
        entry = ElementTree.SubElement(feed, "entry")
        _add(entry, "title", f"{each.label}: {each.title}")
        _add(
            entry,
            "id",
            f"tag:{request.get_host().partition(':')[0]},2026:{context.read_origin(opened)}/{each.id}",
        )
        _add(entry, "updated", each.at.isoformat())
        _add(entry, "summary", each.sentence)
        ElementTree.SubElement(
            entry, "link", rel="alternate", href=_make_address(request, words.address(each.place))
        )
    return _send_xml(feed, "application/atom+xml; charset=utf-8")


def _add(parent: ElementTree.Element, name: str, text: str) -> None:
    ElementTree.SubElement(parent, name).text = text


def _send_xml(root: ElementTree.Element, media_type: str) -> HttpResponse:
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return HttpResponse(body, content_type=media_type)


def _make_address(request: HttpRequest, place: str) -> str:
    return f"{settings.SITE_ADDRESS}{place}" if settings.SITE_ADDRESS else request.build_absolute_uri(place)


urlpatterns = [
    path("feeds/", show_feeds, name="feeds"),
    path("feeds/changes.atom", send_changes, name="feed-changes"),
    path("feeds/companies/<slug:slug>.atom", send_company, name="feed-company"),
    path("feeds/studies/<slug:study>.atom", send_study, name="feed-study"),
    path("sitemap.xml", send_map, name="sitemap"),
    path("robots.txt", send_robots, name="robots"),
]
