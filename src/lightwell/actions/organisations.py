"""Organisations: who publishes here, and whose records a person may touch.

An organisation is added at the command line by whoever operates the installation, after making sure who
stands behind it (docs/decisions/0006). Its people publish under its id, role and name and no other; a
campaign group that publishes about a company is an organisation of its own, so nothing it says can count
as the company's answer.
"""

from __future__ import annotations

import datetime

from django.db import transaction

from lightwell.actions import journal
from lightwell.base import disclosure, errors, fields, roles
from lightwell.db.models import Disclosure, Organisation, Person


def add_organisation(
    *, by: str, slug: str, role: str, name: str, now: datetime.datetime | None = None
) -> Organisation:
    """Add an organisation; `UserMistake` with every problem of its id, role or name."""
    problems = [
        errors.Problem(place, sentence)
        for place, sentence in (("id", fields.check_slug(slug)), ("name", fields.check_name(name)))
        if sentence
    ]
    if role not in disclosure.PUBLISHER_ROLES:
        problems.append(
            errors.Problem(
                "role", f"{role!r} is no role of a publisher; use {', '.join(disclosure.PUBLISHER_ROLES)}"
            )
        )
    if Organisation.objects.filter(pk=slug).exists():
        problems.append(errors.Problem("id", f"there is an organisation {slug!r} already"))
    if problems:
        raise errors.UserMistake(problems=problems)
    with transaction.atomic():
        journal.write_entry(by=by, deed="organisation-added", about=slug, detail=f"{role}: {name}", now=now)
        return Organisation.objects.create(slug=slug, role=role, name=name)


def find_organisation(slug: str) -> Organisation:
    """Find an organisation by its id; `UserMistake` lists those there are."""
    found = Organisation.objects.filter(pk=slug).first()
    if found is None:
        known = ", ".join(Organisation.objects.order_by("slug").values_list("slug", flat=True)[:20])
        hint = known or "none yet, add one with: lightwell organisation add"
        raise errors.UserMistake(f"there is no organisation {slug!r}; known: {hint}")
    return found


def find_owner(record: str) -> str | None:
    """Find whose a published record or a study is: the publisher of its first version; None without any."""
    owners = Disclosure.objects.filter(record=record).order_by("version")
    return owners.values_list("publisher", flat=True).first()


def check_owner(actor: Person, permission: str, owner: str | None) -> None:
    """Refuse somebody who does not belong to the organisation that owns a thing (`base/roles.may_for`)."""
    roles.check_may_for(actor.roles, permission, actor.organisation_id, owner)


def may_read(actor: Person, owner: str | None) -> bool:
    """Answer whether somebody may read what an organisation has locked in or proposed."""
    return roles.may_for(actor.roles, "read_sealed", actor.organisation_id, owner)


def find_own(actor: Person) -> Organisation:
    """Find the organisation that a person publishes for; `Refused` for one who belongs to none."""
    if actor.organisation is None:
        raise errors.Refused(
            f"{actor.username} belongs to no organisation and so cannot publish; "
            "the operator adds one with: lightwell person organisation"
        )
    return actor.organisation


def check_voice(actor: Person, record: disclosure.Disclosure) -> None:
    """Refuse a record whose publisher is not exactly the organisation of the person who proposes it."""
    publisher, own = record.publisher, actor.organisation
    if own is not None and (publisher.id, publisher.role, publisher.name) == (own.slug, own.role, own.name):
        return
    if own is None:
        raise errors.Refused(
            f"{actor.username} belongs to no organisation and so cannot publish; "
            "the operator adds one with: lightwell person organisation"
        )
    raise errors.Refused(
        f"you publish for {own.name}, so the publisher is {{id: {own.slug}, role: {own.role}, "
        f"name: {own.name}}} and not {publisher.name} ({publisher.id}, {publisher.role})"
    )
