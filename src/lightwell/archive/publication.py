"""The publication record: what a publisher says about every sealed item of a study when publishing.

Canonical JSON that a log entry names by digest. What it says is held against the log in `client/verify`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lightwell.base import errors
from lightwell.base.canonical import Json

PUBLICATION = "lightwell.publication.v1"
OPEN = ("whole", "pages", "redacted")
OUTCOMES = (*OPEN, "withheld", "pending")
MAX_SUMMARY_WORDS = 80


@dataclass(frozen=True, slots=True)
class PublishedItem:
    """One row of a publication record; title, date and file name only of items that are named by then."""

    item: int
    title: str | None
    kind: str
    date: str | None
    file_name: str | None
    media_type: str
    pages: int | None
    outcome: str
    opening: str | None


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publisher says about every sealed item of a study when publishing."""

    study: str
    number: int
    summary: str
    items: tuple[PublishedItem, ...]


def make_publication(
    *, study: str, number: int, summary: str, items: Sequence[PublishedItem]
) -> dict[str, Json]:
    """Write a publication record; inverse of `parse_publication`."""
    rows = [{name: getattr(item, name) for name in PublishedItem.__slots__} for item in items]
    return {"type": PUBLICATION, "study": study, "number": number, "summary": summary, "items": rows}


def parse_publication(record: Json) -> Publication:
    """Read a publication record; `Refused` says what is malformed."""
    match record:
        case {
            "type": "lightwell.publication.v1",
            "study": str(study),
            "number": int(number),
            "summary": str(summary),
            "items": list(rows),
            **rest,
        } if not rest and len(summary.split()) <= MAX_SUMMARY_WORDS:
            return Publication(study, number, summary, tuple(_parse_item(row) for row in rows))
    raise errors.Refused("this is not a publication record of a form that is known here")


def _parse_item(value: Json) -> PublishedItem:
    match value:
        case {
            "item": int(item),
            "title": None | str() as title,
            "kind": str(kind),
            "date": None | str() as date,
            "file_name": None | str() as file_name,
            "media_type": str(media_type),
            "pages": None | int() as pages,
            "outcome": str(outcome),
            "opening": None | str() as opening,
            **rest,
        } if not rest and outcome in OUTCOMES and (opening is not None) == (outcome in OPEN):
            return PublishedItem(item, title, kind, date, file_name, media_type, pages, outcome, opening)
    raise errors.Refused("an item of the publication record is not of a form that is known here")
