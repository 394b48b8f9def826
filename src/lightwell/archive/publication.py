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
class SampledItem:
    """Of one open item: pages drawn before it was opened, of these read by a person, of these with a miss."""

    item: int
    drawn: int
    read: int
    missed: int


@dataclass(frozen=True, slots=True)
class Sample:
    """What people read before publication; pages were drawn by the roots of checkpoints of these sizes.

    Raises `Refused` for numbers that no reading has; where nobody has read a page there is no sample.
    """

    checkpoints: tuple[int, ...]
    items: tuple[SampledItem, ...]

    def __post_init__(self) -> None:
        numbers = [each.item for each in self.items]
        for listed in (self.checkpoints, numbers):
            if list(listed) != sorted(set(listed)) or not listed or min(listed) < 1:
                raise errors.Refused("a sample lists its checkpoints and items in order, each once")
        if any(not 0 <= each.missed <= each.read <= each.drawn or each.drawn < 1 for each in self.items):
            raise errors.Refused("a sample counts pages drawn, of these read, and of these with a miss")
        if not self.read:
            raise errors.Refused("a sample of which nobody has read a page is left out")

    @property
    def drawn(self) -> int:
        """Pages drawn, of all items."""
        return sum(each.drawn for each in self.items)

    @property
    def read(self) -> int:
        """Pages read, of all items."""
        return sum(each.read for each in self.items)

    @property
    def missed(self) -> int:
        """Pages with something missed, of all items."""
        return sum(each.missed for each in self.items)


@dataclass(frozen=True, slots=True)
class Publication:
    """What a publisher says about every sealed item of a study when publishing.

    `sample` is None where no person has read one, and in records from before 29 November 2026.
    """

    study: str
    number: int
    summary: str
    items: tuple[PublishedItem, ...]
    sample: Sample | None = None


def make_publication(
    *, study: str, number: int, summary: str, items: Sequence[PublishedItem], sample: Sample | None = None
) -> dict[str, Json]:
    """Write a publication record; inverse of `parse_publication`."""
    rows = [{name: getattr(item, name) for name in PublishedItem.__slots__} for item in items]
    read: dict[str, Json] = {}
    if sample is not None:
        sampled = [{name: getattr(each, name) for name in SampledItem.__slots__} for each in sample.items]
        read["sample"] = {"checkpoints": list(sample.checkpoints), "items": sampled}
    return {"type": PUBLICATION, "study": study, "number": number, "summary": summary, "items": rows, **read}


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
        } if rest.keys() <= {"sample"} and len(summary.split()) <= MAX_SUMMARY_WORDS:
            sample = _parse_sample(rest["sample"]) if rest else None
            return Publication(study, number, summary, tuple(_parse_item(row) for row in rows), sample)
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


def _parse_sample(value: Json) -> Sample:
    match value:
        case {"checkpoints": list(sizes), "items": list(rows), **rest} if not rest:
            items = [_parse_sampled(row) for row in rows]
            return Sample(tuple(_parse_count(size) for size in sizes), tuple(items))
    raise errors.Refused("the sample of the publication record is not of a form that is known here")


def _parse_sampled(value: Json) -> SampledItem:
    match value:
        case {"item": item, "drawn": drawn, "read": read, "missed": missed, **rest} if not rest:
            return SampledItem(*(_parse_count(each) for each in (item, drawn, read, missed)))
    raise errors.Refused("an item of a sample has exactly the members item, drawn, read and missed")


def _parse_count(value: Json) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise errors.Refused("a sample counts in whole numbers")
    return value
