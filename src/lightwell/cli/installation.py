"""The installation a command works on: Django made ready, the state folder opened.

Commands that need the database import their stories after `open_installation`, inside the function,
so that the plain install and `--help` never load Django.
"""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING

from lightwell.base import errors
from lightwell.files import state

if TYPE_CHECKING:
    from lightwell.db.models import Person


def open_installation() -> state.State:
    """Make Django ready and open the state folder named by LIGHTWELL_STATE; `Damaged` when there is none."""
    opened = state.open_state()
    opened.read_signers()
    prepare_site()
    from django.db import DatabaseError, connection

    try:
        connection.ensure_connection()
    except DatabaseError as error:
        reason = str(error).splitlines()[0]
        raise errors.Damaged(f"the database cannot be reached: {reason}; see LIGHTWELL_DATABASE") from None
    from lightwell.actions import installations

    installations.check_age(opened)
    return opened


def prepare_site() -> None:
    """Make Django ready for the state folder of the environment; `CouldNotCheck` in a plain install."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    try:
        import django
    except ImportError:
        raise errors.CouldNotCheck("this command needs the site: pip install 'lightwell[site]'") from None
    django.setup()


def name_operator() -> str:
    """Name who acts at this command line, for the journal: the account of the operating system."""
    try:
        return f"command line ({getpass.getuser()})"
    except (OSError, KeyError):
        return "command line"


def find_person(name: str) -> Person:
    """Find the account that a command acts for (`--as`); `UserMistake` lists the accounts there are."""
    from lightwell.db.models import Person

    person: Person | None = Person.objects.filter(username=name, is_active=True).first()
    if person is None:
        listed = Person.objects.filter(is_active=True).order_by("username")
        known = ", ".join(listed.values_list("username", flat=True)[:20])
        raise errors.UserMistake(
            f"there is no person {name!r}; known: {known or 'nobody yet, add one with: lightwell person add'}"
        )
    return person
