"""What a password may not lean on besides what `AUTH_PASSWORD_VALIDATORS` names: the words of the house.

Whoever guesses begins with the name of the program, of the account, of its organisation and of the log (OWASP
ASVS 5.0, V6.1.2 and V6.2.11). They may stand in a password; what is left without them must be long enough.
"""

from __future__ import annotations

import re
from typing import Any

from django.core import exceptions

from lightwell.base import errors
from lightwell.db.models import Person
from lightwell.files.state import open_state

LEAST_LEFT = 8
HOUSE = (
    *("lightwell", "workspace", "password", "passwort", "archive", "publisher", "approver", "officer"),
    *("auditor", "researcher", "children", "transparency", "welcome", "changeme", "secret", "login", "admin"),
)
_LEAST_WORD = 3


class HouseWords:
    """A validator of Django's: refuses a password of which too little is left without words of the house."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise `ValidationError` when a password says little more than words of the house."""
        left = squeeze(password)
        for word in sorted(list_words(user), key=len, reverse=True):
            left = left.replace(word, "")
        if len(left) < LEAST_LEFT:
            raise exceptions.ValidationError(self.get_help_text(), code="words_of_the_house")

    def get_help_text(self) -> str:
        """Say what is asked, for forms and errors."""
        return (
            "Without your name, your organisation's and words such as lightwell or archive, at least "
            f"{LEAST_LEFT} letters or digits must be left of the password."
        )


def list_words(person: Any) -> set[str]:
    """List the words that do not count: of the house, of the log's name, of the account and its
    organisation.
    """
    told = [*HOUSE, *_read_origin()]
    if isinstance(person, Person):
        told.append(person.username)
        if person.organisation is not None:
            told += [person.organisation.slug, person.organisation.name]
    words = {squeeze(each) for line in told for each in (line, *re.split(r"[\W_]+", line))}
    return {each for each in words if len(each) >= _LEAST_WORD}


def squeeze(text: str) -> str:
    """Leave letters and digits, small."""
    return "".join(each for each in text.casefold() if each.isalnum())


def _read_origin() -> list[str]:
    try:
        return [open_state().read_origin()]
    except errors.LightwellError:
        # There is no log yet whose name could be guessed.
        return []
