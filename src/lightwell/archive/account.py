"""The account of a log on its day: the gap table, and for each study the completeness certificate.

A certificate says what became of everything that was sealed, per item and per page, so that nothing
drops out: sealed = open + partly open (pages: redacted) + held back + already public + held, not read +
suspended + erased by law + key lost + not yet due + overdue. Whoever writes a bundle and whoever verifies
it compute it here, from entries, checkpoints and policy alone, and compare byte for byte.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lightwell.archive import completeness, dating, entry, rules
from lightwell.base import canonical, errors
from lightwell.base.canonical import Json
from lightwell.tlog import checkpoint, policy

CERTIFICATE = "lightwell.certificate.v1"

# State of the gap table to its place in the equation; the states of one place are added up.
PLACE_OF_STATE = {
    "opened": "open",
    "opened-late": "open",
    "partly-opened": "partly_open",
    "withheld": "held_back",
    "already-public": "already_public",
    "held-not-read": "held_not_read",
    "suspended": "suspended",
    "erased-by-law": "erased",
    "key-lost": "key_lost",
    "sealed": "not_yet_due",
    "due-soon": "not_yet_due",
    "overdue": "overdue",
}
PLACES = tuple(dict.fromkeys(PLACE_OF_STATE.values()))
PAGE_PLACES = ("open", "redacted", *(place for place in PLACES if place not in ("open", "partly_open")))


@dataclass(frozen=True, slots=True)
class Account:
    """What a log says on its day: the newest checkpoint that meets the policy, and the row of every item."""

    day: datetime.date
    newest: checkpoint.Checkpoint
    gaps: tuple[completeness.Gap, ...]

    def list_studies(self) -> list[str]:
        """List the studies that sealed something."""
        return sorted({gap.item.study for gap in self.gaps})

    def format_gaps(self) -> str:
        """Write the gap table as CSV."""
        return completeness.format_gaps(self.gaps)

    def make_certificates(self) -> dict[str, bytes]:
        """Make the certificate of each study as canonical bytes."""
        return {study: canonical.encode(make_certificate(self, study)) for study in self.list_studies()}


def compute_account(
    entries: Sequence[bytes],
    rule: policy.Policy,
    results: Mapping[int, policy.PolicyResult],
    day: datetime.date | None = None,
) -> Account:
    """Compute the account from entries and the policy's verdict on each checkpoint (by size).

    `entries` are those of the newest checkpoint that meets the policy; `day` is by default its day.
    Raises `Refused` when none meets it or an entry cannot be read.
    """
    covers = dating.list_covers(rule, results)
    newest = results[covers[-1].size].checkpoint if covers else None
    if newest is None or newest.size != len(entries):
        raise errors.Refused("no checkpoint over all these entries meets the policy")
    day = day or dating.find_day(entries, covers[-1])
    events = entry.read_events(entries, dating.make_finder(covers))
    gaps = completeness.compute_gaps(events, day, rules.FIRST_RULES)
    return Account(day, newest, tuple(gaps))


def make_certificate(account: Account, study: str) -> dict[str, Json]:
    """Make the certificate of one study (docs/reference/bundle.md)."""
    gaps = [gap for gap in account.gaps if gap.item.study == study]
    pages = count_pages(gaps)
    return {
        "type": CERTIFICATE,
        "study": study,
        "as_of": account.day.isoformat(),
        "origin": account.newest.origin,
        "size": account.newest.size,
        "root": account.newest.root.hex(),
        "items": count_items(gaps),
        "pages": pages,
        "items_of_unknown_length": sum(gap.item.pages is None for gap in gaps),
        "percent_open": 100 * pages["open"] // pages["sealed"] if pages["sealed"] else 0,
        "in_full": completeness.is_in_full(gaps),
    }


def count_items(gaps: Sequence[completeness.Gap]) -> dict[str, int]:
    """Count the items in each place of the equation; `sealed` is all of them."""
    counted = dict.fromkeys(("sealed", *PLACES), 0)
    for gap in gaps:
        counted["sealed"] += 1
        counted[PLACE_OF_STATE[gap.state]] += 1
    return counted


def count_pages(gaps: Sequence[completeness.Gap]) -> dict[str, int]:
    """Count the pages in each place of the equation; items of unknown length add none."""
    counted = dict.fromkeys(("sealed", *PAGE_PLACES), 0)
    for gap in gaps:
        pages = gap.item.pages or 0
        counted["sealed"] += pages
        if gap.state == "partly-opened":
            shown = min(gap.item.pages_open or 0, pages)
            redacted = min(gap.item.pages_redacted, shown)
            counted["open"] += shown - redacted
            counted["redacted"] += redacted
            counted["held_back"] += pages - shown
        else:
            counted[PLACE_OF_STATE[gap.state]] += pages
    return counted


def describe_equation(counted: Mapping[str, int], noun: str) -> str:
    """Say the equation in words, places with nothing left out."""
    parts = [f"{number} {place.replace('_', ' ')}" for place, number in counted.items() if place != "sealed"]
    shown = [part for part in parts if not part.startswith("0 ")]
    return f"{counted['sealed']} {noun} sealed = {' + '.join(shown) or '0'}"
