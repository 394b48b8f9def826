"""People: giving somebody an account, and the roles that go with it.

There is no actor: an account is made at the command line of the installation, by whoever operates it; no
page of the site makes or changes one. A role gives permissions by the table of `base/roles` and nothing
else; nobody sits on both sides. A visitor needs no account.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from django.contrib.auth import password_validation
from django.core import exceptions
from django.db import transaction

from lightwell.base import errors
from lightwell.db.models import Person

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")


def add_person(*, name: str, roles: Collection[str], password: str | None = None) -> Person:
    """Make an account; without a password it acts at the command line only and cannot sign in.

    Raises `UserMistake` for a name that is taken or unusable and for a weak password, `Refused` for an
    unknown role or a person on both sides.
    """
    problems = [] if _NAME.fullmatch(name) else [_describe_name(name)]
    if Person.objects.filter(username=name).exists():
        problems.append(errors.Problem("name", f"there is a person {name!r} already"))
    person = Person(username=name)
    if password is None:
        person.set_unusable_password()
    else:
        problems += find_password_problems(password, person)
        person.set_password(password)
    if problems:
        raise errors.UserMistake(problems=problems)
    with transaction.atomic():
        person.assign_roles(roles)
    return person


def assign_roles(*, person: Person, roles: Collection[str]) -> None:
    """Give a person exactly these roles; `Refused` for an unknown role or a person on both sides."""
    person.assign_roles(roles)


def set_password(*, person: Person, password: str) -> None:
    """Give a person a new password; `UserMistake` says why one is too weak."""
    if problems := find_password_problems(password, person):
        raise errors.UserMistake(problems=problems)
    person.set_password(password)
    person.save(update_fields=["password"])


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
