"""The public names of companies, services and studies, by their ids."""

from __future__ import annotations

from lightwell.db.models import Disclosure, Provider, Service


def read_names() -> dict[tuple[str, str], str]:
    """Return names by ("company" | "service" | "study", id)."""
    names = {("company", slug): name for slug, name in Provider.objects.values_list("slug", "name")}
    names |= {("service", slug): name for slug, name in Service.objects.values_list("slug", "name")}
    for row in Disclosure.objects.visible().newest().filter(kind="study"):
        names["study", row.record] = str(row.read_record().body.get("title") or row.record)
    return names
