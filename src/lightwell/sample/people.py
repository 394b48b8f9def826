"""The sample's people: for each organisation that publishes in it one who proposes and one who approves.

In a labelled sample they are invented people whom any visitor may play; with one's own folder on the real
clock they are accounts without a password, which nobody can sign in to.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lightwell.actions import organisations, people
from lightwell.db.models import Organisation, Person
from lightwell.files.state import State


@dataclass(frozen=True)
class Pair:
    """Two people of one organisation."""

    publisher: Person
    approver: Person


def hire_pair(state: State, publisher: Mapping[str, str]) -> Pair:
    """Find the two people of a publisher (`id`, `role`, `name`), or add it with them."""
    slug = publisher["id"]
    found = Organisation.objects.filter(pk=slug).first()
    if found is None:
        found = organisations.add_organisation(
            by="sample", slug=slug, role=publisher["role"], name=publisher["name"]
        )
    return Pair(_hire_person(state, found, "publisher"), _hire_person(state, found, "approver"))


def hire_officer(state: State) -> Person:
    """Add the sample's officer for child protection, who belongs to the house."""
    return people.add_sample_person(state=state, name="sample-officer", roles=["safeguarding-officer"])


def _hire_person(state: State, organisation: Organisation, role: str) -> Person:
    person = Person.objects.filter(organisation=organisation, roles=[role]).first()
    if person is not None:
        return person
    name = f"{organisation.slug}-{role}"[:50]
    if state.is_sample():
        return people.add_sample_person(state=state, name=name, roles=[role], organisation=organisation)
    return people.add_person(name=name, roles=[role], organisation=organisation, by="demo")
