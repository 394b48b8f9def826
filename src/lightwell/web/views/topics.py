"""Topics in everyday words: for each service, what was studied, found, held back and is late."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import overview, topics
from lightwell.files import state
from lightwell.web import help_lines, memory


@memory.keep
def list_topics(request: HttpRequest) -> HttpResponse:
    """List the topics with the number of studies and records about each."""
    picture = overview.read_overview(state.open_state())
    return render(request, "topics.html", {"rows": topics.list_topics(picture), "here": "topics"})


@memory.keep
def show_topic(request: HttpRequest, topic: str) -> HttpResponse:
    """Show one topic, company by company and service by service."""
    if topic not in topics.TOPICS:
        raise Http404
    picture = overview.read_overview(state.open_state())
    context = {
        "topic": topic,
        "companies": topics.read_topic(picture, topic),
        "help": help_lines.find_lines([topic]),
        "here": "topics",
    }
    return render(request, "topic.html", context)


urlpatterns = [
    path("topics/", list_topics, name="topics"),
    path("topics/<slug:topic>/", show_topic, name="topic"),
]
