"""The front page: what was asked in October 2021, what was answered, and what changed this week."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import answers, chronicle, datasets, overview, suggestions
from lightwell.actions.overview import Overview, ProviderView
from lightwell.files import state
from lightwell.web import asking, memory


@memory.keep
def show_front(request: HttpRequest) -> HttpResponse:
    """Show sections (a) to (f) about one company; without any company, say how to begin."""
    opened = state.open_state()
    picture = overview.read_overview(opened)
    known = [each.slug for each in picture.providers]
    provider = choose_provider(picture, asking.choose_value(request.GET, "company", known))
    changes = chronicle.list_changes(picture)
    context = {
        "picture": picture,
        "provider": provider,
        "others": [each for each in picture.providers if each is not provider],
        "answers": answers.list_answers(picture, provider) if provider else [],
        "changes": chronicle.select_since(changes, picture.day)[:12],
        "latest": changes[:3],
        "examples": suggestions.list_examples(opened),
        "askable": datasets.list_datasets(opened),
    }
    return render(request, "front.html", context)


@memory.keep
def show_changes(request: HttpRequest) -> HttpResponse:
    """Show everything that changed, newest first."""
    picture = overview.read_overview(state.open_state())
    changes = chronicle.list_changes(picture)
    return render(request, "changes.html", {"picture": picture, "changes": changes, "here": "changes"})


def choose_provider(picture: Overview, slug: str | None) -> ProviderView | None:
    """Choose whom the front page is about: as asked for, else the company with the most pages here."""
    if slug and (found := picture.find_provider(slug)):
        return found
    return max(
        picture.providers,
        key=lambda each: (each.joined, each.account.in_all + each.other_account.in_all),
        default=None,
    )


urlpatterns = [
    path("", show_front, name="front"),
    path("changes/", show_changes, name="changes"),
]
