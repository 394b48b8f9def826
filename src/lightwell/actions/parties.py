"""The public names of companies, services and studies, by their ids; and a company that is renamed.

An id is for ever. A new name counts for records from then on; records that are published keep the name
they were published with, and the company's page says what it was called before.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from django.db import transaction

from lightwell.actions import journal
from lightwell.base import errors, fields
from lightwell.db.models import Disclosure, Organisation, PastName, Provider, Service


def read_names(studies: Collection[str] = ()) -> dict[tuple[str, str], str]:
    """Return names by ("company" | "service" | "study", id); of studies only those that are asked for."""
    shown = Provider.objects.visible()
    names = {("company", slug): name for slug, name in shown.values_list("slug", "name")}
    names |= {("service", slug): name for slug, name in Service.objects.values_list("slug", "name")}
    # A record is long to read; a search names a study only when it is asked within it.
    rows = Disclosure.objects.visible().newest().filter(kind="study", record__in=studies) if studies else ()
    for row in rows:
        names["study", row.record] = str(row.read_record().body.get("title") or row.record)
    return names


def is_shown(company: str) -> bool:
    """Answer whether a company's id may leave: that of one whom only removed records name tells its name."""
    return Provider.objects.visible().filter(pk=company).exists()


def rename_provider(*, by: str, slug: str, name: str, now: datetime.datetime) -> str:
    """Give a company another name and return the old one; `UserMistake` for no such company or no new name.

    The organisation of the same id, through which it publishes, is renamed with it.
    """
    with transaction.atomic():
        provider = Provider.objects.select_for_update().filter(pk=slug).first()
        if provider is None:
            raise errors.UserMistake(f"there is no company {slug!r} here")
        if problem := fields.check_name(name):
            raise errors.UserMistake(problem, place="name")
        if name == provider.name:
            raise errors.UserMistake(f"{slug} bears the name {name!r} already", place="name")
        old, provider.name = provider.name, name
        provider.save(update_fields=["name"])
        PastName.objects.create(provider=provider, name=old, until=now.date())
        Organisation.objects.filter(pk=slug).update(name=name)
        journal.write_entry(by=by, deed="company-renamed", about=slug, detail=f"{old} -> {name}", now=now)
    return old


def list_past_names(slug: str) -> list[PastName]:
    """List the names that a company bore before, oldest first, each with the day of its end."""
    return list(PastName.objects.filter(provider=slug).order_by("until", "pk"))
