"""Feeds (Atom, RFC 4287) of everything, one company, service, topic or study; and the map of the site.

What is followed by feed, mail and webhook is the same (`actions/noticing`); a search has its feed in
`views/search`.
"""

from __future__ import annotations

import datetime
from xml.etree import ElementTree

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse

from lightwell.actions import addresses, chronicle, noticing, overview, records, topics
from lightwell.actions.chronicle import Change
from lightwell.actions.noticing import Subject
from lightwell.actions.overview import Overview
from lightwell.files import state
from lightwell.web import context, memory
from lightwell.web.templatetags import words

ATOM = "http://www.w3.org/2005/Atom"
MAX_ENTRIES = 100


@memory.keep
def show_feeds(request: HttpRequest) -> HttpResponse:
    """Name every feed."""
    return render(request, "feeds.html", {"picture": _read(), "topics": topics.TOPICS, "here": "follow"})


@memory.keep
def send_changes(request: HttpRequest) -> HttpResponse:
    """Send what changed everywhere."""
    return _send_subject(request, Subject("everything"), "What changed", reverse("changes"))


@memory.keep
def send_company(request: HttpRequest, slug: str) -> HttpResponse:
    """Send what changed about one company."""
    provider = _read().find_provider(slug)
    if provider is None:
        raise Http404
    title = f"What changed: {provider.name}"
    return _send_subject(request, Subject("company", slug), title, reverse("company", args=[slug]))


@memory.keep
def send_service(request: HttpRequest, slug: str) -> HttpResponse:
    """Send what changed about one service."""
    for provider in _read().providers:
        for service in provider.services:
            if service.id == slug:
                home = reverse("company", args=[provider.slug])
                return _send_subject(request, Subject("service", slug), f"What changed: {service.name}", home)
    raise Http404


@memory.keep
def send_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """Send what changed under one topic."""
    if topic not in topics.TOPICS:
        raise Http404
    title = f"What changed: {words.topic(topic)}"
    return _send_subject(request, Subject("topic", topic), title, reverse("topic", args=[topic]))


@memory.keep
def send_study(request: HttpRequest, study: str) -> HttpResponse:
    """Send what changed in one study."""
    found = _read().find_study(study)
    if found is None:
        raise Http404
    title = (found.record.body.get("title") if found.record else None) or study
    home = reverse("study", args=[study])
    return _send_subject(request, Subject("study", study), f"What changed: {title}", home)


@memory.keep
def send_revisions(request: HttpRequest) -> HttpResponse:
    """Send which published figures a later edition revised."""
    return _send_subject(request, Subject("revisions"), "Figures that were revised", reverse("changes"))


def find_feed(subject: Subject) -> str:
    """Return the address of a subject's feed."""
    match subject.kind:
        case "everything":
            return reverse("feed-changes")
        case "search":
            return f"{reverse('search-feed')}?{subject.value}"
        case "revisions":
            return reverse("feed-revisions")
        case kind:
            return reverse(f"feed-{kind}", args=[subject.value])


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
            "feeds",
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


def _read() -> Overview:
    return overview.read_overview(state.open_state())


def _send_subject(request: HttpRequest, subject: Subject, title: str, home: str) -> HttpResponse:
    """Send the newest changes about a subject; what is out of view is history for the list, not news."""
    everything = noticing.list_changes(_read()).values()
    chosen = [each for each in everything if each.in_view and noticing.concerns(each, subject)]
    chosen.sort(key=lambda each: (each.at, each.id), reverse=True)
    return _send(request, title, home, chosen[:MAX_ENTRIES])


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
        _add(entry, "id", chronicle.make_tag(context.read_origin(opened), each.id))
        _add(entry, "updated", each.at.isoformat())
        _add(entry, "summary", each.sentence)
        ElementTree.SubElement(
            entry, "link", rel="alternate", href=_make_address(request, addresses.make_path(each.place))
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
    path("feeds/services/<slug:slug>.atom", send_service, name="feed-service"),
    path("feeds/topics/<slug:topic>.atom", send_topic, name="feed-topic"),
    path("feeds/revisions.atom", send_revisions, name="feed-revisions"),
    path("feeds/studies/<slug:study>.atom", send_study, name="feed-study"),
    path("sitemap.xml", send_map, name="sitemap"),
    path("robots.txt", send_robots, name="robots"),
]
