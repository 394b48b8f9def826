"""Stretches of a long list: an inventory may hold ten thousand rows, which no telephone can show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from lightwell.base import errors

MOST_ROWS = 250


class Numbered(Protocol):
    """A document, whether as readers see it or as insiders do, or one of its pages."""

    @property
    def number(self) -> int:
        """The number under which it was locked in, or that of the page."""


Document = TypeVar("Document", bound=Numbered)


def cut_stretch(
    documents: Sequence[Document],
    first: str,
    chosen: Mapping[str, str],
    most: int = MOST_ROWS,
    place: str = "documents",
) -> tuple[Sequence[Document], dict[str, Any] | None]:
    """Cut the rows of one page out of a list, from document number `first` on; no steps where all fit.

    `first` is what the address says; `UserMistake` when it is no number. `chosen` are the other conditions of
    the page's address, kept in the links to earlier and later rows; `most` are the rows of one page, `place`
    where on it they stand.
    """
    if first and not (first.isascii() and first.isdecimal() and len(first) < 10):
        raise errors.UserMistake("a list goes on from the number of a document or of a page", place="from")
    if len(documents) <= most:
        return documents, None
    number = int(first or 1)
    start = next((k for k, each in enumerate(documents) if each.number >= number), len(documents) - 1)
    shown = documents[start : start + most]

    def step(row: int) -> str:
        return f"?{urlencode({**chosen, 'from': documents[row].number})}#{place}"

    return shown, {
        "total": len(documents),
        "first": shown[0].number,
        "last": shown[-1].number,
        "earlier": step(max(0, start - most)) if start else "",
        "later": step(start + most) if start + most < len(documents) else "",
    }
