"""People: giving somebody an account, its organisation and the roles that go with it.

The actor is `by`: accounts are made at the command line of the installation, by whoever operates it, and each
act is written into the journal; no page of the site makes or changes one. A role gives permissions by the
table of `base/roles` and nothing else; nobody sits on both sides. A visitor needs no account.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.contrib.auth import password_validation
from django.core import exceptions
from django.db import transaction

from lightwell.actions import journal
from lightwell.base import errors
from lightwell.db.models import Organisation, Person
from lightwell.files.state import State

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


def add_person(
    *,
    name: str,
    roles: Collection[str],
    password: str | None = None,
    organisation: Organisation | None = None,
    by: str = journal.COMMAND_LINE,
    first: bool = False,
) -> Person:
    """Make an account; without a password it acts at the command line only and cannot sign in.

    `first` when the password has to be changed before anything else is done with it.
    Raises `UserMistake` for a name that is taken or unusable and for a weak password, `Refused` for an
    unknown role or a person on both sides.
    """
    problems = [] if _NAME.fullmatch(name) else [_describe_name(name)]
    if Person.objects.filter(username=name).exists():
        problems.append(errors.Problem("name", f"there is a person {name!r} already"))
    person = Person(username=name, organisation=organisation)
    if password is None:
        person.set_unusable_password()
    else:
        problems += find_password_problems(password, person)
        person.set_password(password)
        person.first_password = first
    if problems:
        raise errors.UserMistake(problems=problems)
    with transaction.atomic():
        person.assign_roles(roles)
        detail = f"{', '.join(person.roles)}; {organisation.slug if organisation else 'no organisation'}"
        journal.write_entry(by=by, deed="person-added", about=name, detail=detail)
    return person


def add_sample_person(
    *, state: State, name: str, roles: Collection[str], organisation: Organisation | None = None
) -> Person:
    """Make an invented person whom any visitor of a labelled sample may play; `Refused` anywhere else."""
    if not state.is_sample():
        raise errors.Refused("invented people exist in a labelled sample only")
    person = add_person(name=name, roles=roles, organisation=organisation, by="sample")
    person.sample = True
    person.save(update_fields=["sample"])
    return person


def assign_roles(*, person: Person, roles: Collection[str], by: str = journal.COMMAND_LINE) -> None:
    """Give a person exactly these roles; `Refused` for an unknown role or a person on both sides."""
    with transaction.atomic():
        person.assign_roles(roles)
        journal.write_entry(
            by=by, deed="roles-given", about=person.username, detail=", ".join(person.roles) or "none"
        )


def assign_organisation(
    *, person: Person, organisation: Organisation | None, by: str = journal.COMMAND_LINE
) -> None:
    """Say for whom a person publishes from now on, or for nobody; proposals made before keep their owner."""
    with transaction.atomic():
        person.organisation = organisation
        person.save(update_fields=["organisation"])
        slug = organisation.slug if organisation else "none"
        journal.write_entry(by=by, deed="organisation-given", about=person.username, detail=slug)


def set_password(
    *, person: Person, password: str, by: str = journal.COMMAND_LINE, first: bool = False
) -> None:
    """Give a person a new password, which ends every session; `UserMistake` says why one is too weak.

    `first` when the person has to change it before anything else.
    """
    if problems := find_password_problems(password, person):
        raise errors.UserMistake(problems=problems)
    with transaction.atomic():
        person.set_password(password)
        person.first_password = first
        person.save(update_fields=["password", "first_password"])
        journal.write_entry(by=by, deed="password-set", about=person.username)


def change_password(*, person: Person, current: str, password: str, again: str) -> None:
    """Have a person change the own password; every other session of the person ends (`actions/sittings`).

    Raises `UserMistake` with every problem at its field, `Refused` for an invented person, who has none.
    """
    if person.sample:
        raise errors.Refused("an invented person has no password")
    problems = []
    if not person.check_password(current):
        problems.append(errors.Problem("current", "this is not your password of now"))
    elif current == password:
        problems.append(errors.Problem("password", "choose another one than that of now"))
    problems += find_password_problems(password, person)
    if password != again:
        problems.append(errors.Problem("again", "the two new passwords are not the same"))
    if problems:
        raise errors.UserMistake(problems=problems)
    with transaction.atomic():
        person.set_password(password)
        person.first_password = False
        person.save(update_fields=["password", "first_password"])
        journal.write_entry(by=person.username, deed="password-changed", about=person.username)


def close_account(*, person: Person, by: str = journal.COMMAND_LINE) -> None:
    """Let a person in no more, for ever; what they did keeps their name. Open sessions end at once."""
    with transaction.atomic():
        person.is_active = False
        person.set_unusable_password()
        person.roles = []
        person.save(update_fields=["is_active", "password", "roles"])
        journal.write_entry(by=by, deed="account-closed", about=person.username)


def find_password_problems(password: str, person: Person) -> list[errors.Problem]:
    """List what is wrong with a password, by the validators of the settings."""
    try:
        password_validation.validate_password(password, person)
    except exceptions.ValidationError as error:
        return [errors.Problem("password", sentence) for sentence in error.messages]
    return []


def _describe_name(name: str) -> errors.Problem:
    return errors.Problem(
        "name",
        f"{name[:60]!r} cannot be an account's name; use up to 50 small letters, digits, dots and hyphens, "
        "such as ana or ben.silva",
    )
