"""The site's addresses: one line for each module of views, which lists its own `urlpatterns`."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("", include("lightwell.web.views.front")),
    path("", include("lightwell.web.views.companies")),
    path("", include("lightwell.web.views.topics")),
    path("", include("lightwell.web.views.studies")),
    path("", include("lightwell.web.views.documents")),
    path("", include("lightwell.web.views.pages")),
    path("", include("lightwell.web.views.reports")),
    path("", include("lightwell.web.views.search")),
    path("", include("lightwell.web.views.workspace")),
    path("", include("lightwell.web.views.factors")),
    path("", include("lightwell.web.views.account")),
    path("", include("lightwell.web.views.drafts")),
    path("", include("lightwell.web.views.publishing")),
    path("", include("lightwell.web.views.incoming")),
    path("", include("lightwell.web.views.redactions")),
    path("", include("lightwell.web.views.redaction_queues")),
    path("", include("lightwell.web.views.proposals")),
    path("", include("lightwell.web.api.urls")),
    path("", include("lightwell.web.views.records")),
    path("", include("lightwell.web.views.datasets")),
    path("", include("lightwell.web.views.late")),
    path("", include("lightwell.web.views.log")),
    path("", include("lightwell.web.views.lists")),
    path("", include("lightwell.web.views.figures")),
    path("", include("lightwell.web.views.feeds")),
    path("", include("lightwell.web.views.following")),
    path("", include("lightwell.web.views.about")),
    path("", include("lightwell.web.views.everything")),
    path("", include("lightwell.web.views.check")),
    path("", include("lightwell.web.views.challenges")),
    path("", include("lightwell.web.views.cheat")),
]

handler404 = "lightwell.web.views.about.show_missing"
handler500 = "lightwell.web.views.about.show_fault"
