"""What an address asks for: a value that a page does not know is refused, never taken for "everything".

A list that ignored `?state=lost` would show all documents to somebody who asked for the lost ones. Names that
a page does not know are left alone, because others add theirs to links they pass on; only what programs read
refuses them too. What was asked is not repeated in the answer: words from an address are not the site's own.
"""

from __future__ import annotations

from collections.abc import Collection

from django.http import QueryDict

from lightwell.base import errors


def choose_value(asked: QueryDict, name: str, known: Collection[str]) -> str:
    """Return the value of `name`, empty when it was not asked; `UserMistake` for one that is not known."""
    value = str(asked.get(name, ""))
    if value and value not in known:
        listed = ", ".join(sorted(known)[:20]) or "none"
        raise errors.UserMistake(f"what was asked for is not here; there are: {listed}", place=name)
    return value


def refuse_names(asked: QueryDict, known: Collection[str] = ()) -> None:
    """Refuse what is asked under any name but the known ones; `UserMistake` says which there are."""
    if set(asked) - set(known):
        listed = ", ".join(sorted(known)) or "nothing"
        raise errors.UserMistake(f"this address does not know what was asked for; it takes: {listed}")
