"""What the catalogue says about a study and its documents, before anything is written.

Rules: dates are the sample calendar's; due dates are days after registration, so that any clock can carry them.
Absent: states as the archive computes them; `planned` says only what the demo's publisher intends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

KINDS = (
    "protocol", "questionnaire", "report", "summary", "appendix", "deck", "memo", "dataset-description", "minutes",
    "note",
)  # fmt: skip
PLANNED = ("opened", "partly-opened", "withheld", "overdue", "held-not-read")


@dataclass(frozen=True)
class Withholding:
    """A part held back: the whole item, or the pages between two marks of the text (`mark`, `mark-end`)."""

    ground: str
    reason: str
    decider: str
    review_days: int
    mark: str = ""  # empty = the whole item


@dataclass(frozen=True)
class Hiding:
    """Words hidden on the pages of a document wherever they stand, by a regular expression, for a ground."""

    ground: str
    pattern: str


@dataclass(frozen=True)
class Document:
    """One document of the sample as it is planned: what it is, who wrote it, what becomes of it."""

    number: str
    title: str
    kind: str
    written: date
    version: str
    authors: tuple[str, ...]
    file: str
    text: str  # name of the template in text/, without the ending
    layout: str  # report, memo, deck, journal, or "" for a file that is not a PDF
    due_days: int
    planned: str = "opened"
    withheld: tuple[Withholding, ...] = ()
    language: str = "en"
    hidden: tuple[Hiding, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS or self.planned not in PLANNED:
            raise ValueError(f"{self.number}: unknown kind “{self.kind}” or planned state “{self.planned}”.")
        if (self.planned in ("withheld", "partly-opened")) != bool(self.withheld):
            raise ValueError(
                f"{self.number}: what is held back needs a ground, and a ground something held back."
            )


@dataclass(frozen=True)
class Study:
    """One study of the sample with its documents; dates are of the sample's clock."""

    key: str
    number: str
    title: str
    question: str
    summary: str  # the publisher's own, at most 80 words
    topics: tuple[str, ...]
    services: tuple[str, ...]
    ask: int  # 1 mental health, 2 spread of child sexual abuse
    methods: tuple[str, ...]
    registered: date
    began: date
    ended: date | None
    in_advance: bool
    due_days: int
    documents: tuple[Document, ...]
    search_statement: str = ""

    def __post_init__(self) -> None:
        if len(self.summary.split()) > 80:
            raise ValueError(
                f"{self.key}: the summary has {len(self.summary.split())} words; 80 are allowed."
            )
        if self.in_advance != (self.registered < self.began):
            raise ValueError(f"{self.key}: registered in advance means registered before the work began.")

    def date_due(self, document: Document) -> date:
        """The promised date of a document: so many days after the study was registered."""
        return self.registered + timedelta(days=document.due_days)


@dataclass(frozen=True)
class Written:
    """One file as written: `pages` is None where it is not a PDF; `held_pages` are first and last, counted from 1."""

    study: str
    document: Document
    path: Path
    pages: int | None
    held_pages: tuple[tuple[int, int, Withholding], ...] = ()
