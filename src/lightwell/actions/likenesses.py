"""Warnings before publication: a page is public elsewhere that shows what is about to be hidden.

Candidates are found by searching the public words for what is hidden, so that an archive of any size costs
a search for each hidden part; how alike two pages are: `archive/likeness`. The words searched for are
sealed: they go to the index on this machine and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lightwell.actions import inventories, redactions, search
from lightwell.archive import fingerprint, likeness, page, redaction
from lightwell.base import errors
from lightwell.db.models import Item, PublicPage, Study
from lightwell.files import parts
from lightwell.files.state import State

_MOST_CANDIDATES = 20
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class OpenCopy:
    """A page with hidden parts, and a public one that shows what is hidden, or is nearly the same page."""

    item: int
    page: int
    study: str
    other: int
    other_page: int
    shows_hidden: bool
    share: float

    @property
    def sentence(self) -> str:
        """Say it for a person; no hidden word stands in it."""
        what = (
            "shows words that are to be hidden"
            if self.shows_hidden
            else f"is {100 * self.share:.0f} % the same page"
        )
        return (
            f"document {self.item}, page {self.page}: page {self.other_page} of document {self.other} of "
            f"{self.study} is public and {what}"
        )


def list_open_copies(*, state: State, study: Study) -> list[OpenCopy]:
    """List the pages of a study, with parts to be hidden, that stand open elsewhere; none before an index."""
    found: list[OpenCopy] = []
    for item in study.items.filter(redactions__in=redactions.list_in_force(study)).distinct():
        if item.wrapped_key is None:
            continue
        key = inventories.unwrap_item_key(state, item)
        for number, regions in redactions.read_regions(item).items():
            sealed = parts.read_part(state.files, key, item.sealed_parts, number)
            found += _judge_page(state, item, sealed, regions)
    return found


def _judge_page(
    state: State, item: Item, sealed: page.Parts, regions: list[redaction.Region]
) -> Iterator[OpenCopy]:
    hidden = {place for region in regions for place in region.words}
    runs: list[list[str]] = [[]]
    for k, line in enumerate(sealed.lines):
        for n, word in enumerate(line):
            if (k, n) in hidden:
                runs.append([])
            else:
                runs[-1].append(word.text)
    whole = [" ".join(word.text for line in sealed.lines for word in line)]
    public = {
        f"{row.item.study_id} {row.item.number} {row.number}": row
        for row in _list_candidates(state, item, sealed, regions)
    }
    prints = ((key, fingerprint.make_fingerprints([row.text])) for key, row in public.items())
    for alike in likeness.find_alike(whole, [" ".join(run) for run in runs if run], prints):
        row = public[alike.key]
        yield OpenCopy(
            item.number,
            sealed.head.number,
            row.item.study_id,
            row.item.number,
            row.number,
            bool(alike.shows_hidden),
            alike.share,
        )


def _list_candidates(
    state: State, item: Item, sealed: page.Parts, regions: list[redaction.Region]
) -> list[PublicPage]:
    """List public pages of other documents in which the words of a hidden part stand in a row."""
    keys: set[tuple[str, int, int]] = set()
    for region in regions:
        words = _WORD.findall(" ".join(sealed.lines[line][word].text for line, word in region.words))
        if not words:
            continue
        try:
            found = search.find_pages(state, '"' + " ".join(words) + '"', limit=_MOST_CANDIDATES)
        except errors.LightwellError:
            continue
        keys |= {(each.study, each.item, each.page) for each in found.pages}
    rows = []
    for study, number, page_number in sorted(keys):
        if (study, number) == (item.study_id, item.number):
            continue
        row = PublicPage.objects.visible().filter(item__study=study, item__number=number, number=page_number)
        rows += list(row.select_related("item"))
    return rows
