"""The installation a command works on: Django made ready, the state folder opened.

Commands that need the database import their stories after `open_installation`, inside the function,
so that the plain install and `--help` never load Django.
"""

from __future__ import annotations

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
    return opened


def prepare_site() -> None:
    """Make Django ready for the state folder of the environment; `CouldNotCheck` in a plain install."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lightwell.web.settings")
    try:
        import django
    except ImportError:
        raise errors.CouldNotCheck("this command needs the site: pip install 'lightwell[site]'") from None
    django.setup()


def find_person(name: str) -> Person:
    """Find the account that a command acts for (`--as`); `UserMistake` lists the accounts there are."""
    from lightwell.db.models import Person

    person: Person | None = Person.objects.filter(username=name).first()
    if person is None:
        known = ", ".join(Person.objects.order_by("username").values_list("username", flat=True)[:20])
        raise errors.UserMistake(
            f"there is no person {name!r}; known: {known or 'nobody yet, add one with: lightwell person add'}"
        )
    return person
