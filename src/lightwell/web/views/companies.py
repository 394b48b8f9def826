"""Companies: what each has answered, also the one that never took part, and a page to print."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from lightwell.actions import answers, chronicle, overview, revisions
from lightwell.actions.overview import Overview, ProviderView
from lightwell.db.models import Checkpoint
from lightwell.files import state
from lightwell.web import memory


@memory.keep
def list_companies(request: HttpRequest) -> HttpResponse:
    """List every company, those that take part and those that do not."""
    picture = overview.read_overview(state.open_state())
    return render(request, "companies.html", {"picture": picture, "here": "companies"})


@memory.keep
def show_company(request: HttpRequest, slug: str) -> HttpResponse:
    """Show one company: its answers, studies and records; or that it does not take part."""
    picture, provider = _find_company(slug)
    context = _describe(picture, provider) | {"changes": chronicle.list_changes(picture, slug, limit=10)}
    return render(request, "company.html" if provider.joined else "company-absent.html", context)


@memory.keep
def show_status(request: HttpRequest, slug: str) -> HttpResponse:
    """Show the one page about a company that is made for printing."""
    picture, provider = _find_company(slug)
    confirmed = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first() or 0
    # A suspension counts at once, and the state of the log that covers it is signed a moment later.
    context = _describe(picture, provider) | {"unconfirmed": max(0, picture.size - confirmed)}
    return render(request, "status.html", context)


def _find_company(slug: str) -> tuple[Overview, ProviderView]:
    picture = overview.read_overview(state.open_state())
    provider = picture.find_provider(slug)
    if provider is None:
        raise Http404
    return picture, provider


def _describe(picture: Overview, provider: ProviderView) -> dict[str, object]:
    own = [each for each in provider.own_records if each.kind != "study"]
    return {
        "picture": picture,
        "provider": provider,
        "answers": answers.list_answers(picture, provider),
        "records": own,
        "others": [each for each in provider.other_records if each.kind != "study"],
        "datasets": revisions.list_datasets(provider=provider.slug),
        "other_studies": [each for each in provider.studies if not each.own],
        "here": "companies",
    }


urlpatterns = [
    path("companies/", list_companies, name="companies"),
    path("companies/<slug:slug>/", show_company, name="company"),
    path("companies/<slug:slug>/status/", show_status, name="status"),
]
