"""Twins: published documents whose files are the same, byte for byte, so that nobody counts one paper twice.

Only files that anybody may fetch now are compared. Of documents that are locked in and not published yet
nothing is said: that two of them are the same would tell something about both.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from lightwell.db.models import Holding, Opening


@dataclass(frozen=True, slots=True)
class Twin:
    """A published document whose file another one had before: its place, its pages, and that other's place.

    `pages` is 0 for a file that is not read in pages.
    """

    study: str
    number: int
    pages: int
    first_study: str
    first_number: int


def list_twins(*, study: str = "", company: str = "") -> list[Twin]:
    """List the later ones of each set of equal files, of one study, of one company or of all."""
    held = Holding.objects.filter(item=OuterRef("item"), lifted_at=None)
    rows = (
        Opening.objects.visible()
        .filter(~Exists(held), whole=True)
        .order_by("log_index")
        .values_list(
            "item__study_id", "item__number", "item__study__provider_id", "item__sha256", "item__pages"
        )
    )
    groups: dict[str, dict[tuple[str, int], tuple[str, int]]] = defaultdict(dict)
    for study_id, number, provider, digest, pages in rows:
        groups[digest].setdefault((study_id, number), (provider, pages or 0))
    found = []
    for members in groups.values():
        first, *later = members
        found += [
            Twin(*place, members[place][1], *first)
            for place in later
            if study in ("", place[0]) and company in ("", members[place][0])
        ]
    return sorted(found, key=lambda each: (each.study, each.number))


def count_twins(twins: Sequence[Twin]) -> tuple[int, int]:
    """Count documents and pages that another document's file has as well."""
    return len(twins), sum(each.pages for each in twins)
