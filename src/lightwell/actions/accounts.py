"""The account of pages: promised = published + parts hidden + held back + late, and what is not due yet.

Every sealed page stands in exactly one of these, whatever happens to it; documents whose pages nobody
can count are counted as documents and never as zero pages. States come from `archive/completeness`;
here they are only added up.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

from lightwell.archive import completeness

# States after which the pages of a document are out of view for good or for now, with a reason.
HELD = frozenset({"withheld", "erased-by-law", "key-lost"})
NOT_DUE = frozenset({"sealed", "due-soon"})


@dataclass(frozen=True, slots=True)
class Account:
    """Pages by what became of them; `uncounted` and the fields after it are documents."""

    published: int = 0
    hidden: int = 0
    held: int = 0
    late: int = 0
    later: int = 0
    uncounted: int = 0
    uncounted_published: int = 0
    documents: int = 0

    @property
    def promised(self) -> int:
        """Pages whose date has come, or that were decided before it: the left side of the equation."""
        return self.published + self.hidden + self.held + self.late

    @property
    def in_all(self) -> int:
        """Every page that was locked in; this number never shrinks."""
        return self.promised + self.later

    def __add__(self, other: Account) -> Account:
        return Account(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))


def account_item(gap: completeness.Gap, suspended: int | None = None) -> Account:
    """Say where the pages of one document stand.

    `suspended` counts pages taken out of view one by one; None in the state suspended means the whole
    document.
    """
    pages = gap.item.pages
    if pages is None:
        shown = gap.state in ("held-not-read", "already-public")
        return Account(uncounted=1, uncounted_published=int(shown), documents=1)
    open_pages = min(gap.item.pages_open or 0, pages)
    if gap.state == "suspended":
        out = pages if suspended is None else min(suspended, pages)
        if suspended is None or not gap.item.opened:
            return Account(held=pages, documents=1)
        shown_pages = max(0, open_pages - out)
        parts = min(gap.item.pages_redacted, shown_pages)
        return Account(shown_pages - parts, parts, pages - shown_pages, documents=1)
    if gap.state in HELD:
        return Account(held=pages, documents=1)
    if gap.state == "overdue":
        return Account(late=pages, documents=1)
    if gap.state in NOT_DUE:
        return Account(later=pages, documents=1)
    if gap.state == "already-public":
        return Account(published=pages, documents=1)
    parts = min(gap.item.pages_redacted, open_pages)
    return Account(open_pages - parts, parts, pages - open_pages, documents=1)


def add_up(accounts: Iterable[Account]) -> Account:
    """Add accounts up; the empty account for none."""
    total = Account()
    for account in accounts:
        total += account
    return total
