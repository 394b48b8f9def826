"""What the API answers with: one class for each thing, with the meaning of every field."""

from __future__ import annotations

import datetime
from typing import Any, Generic, TypeVar

from ninja import Schema
from pydantic import Field

Row = TypeVar("Row")


class Problem(Schema):
    """An error (RFC 9457). `problems` lists every mistake of the request with its place."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    problems: list[dict[str, str]] = Field(default_factory=list)


class Listing(Schema, Generic[Row]):
    """Part of a list. Pass `next` as `after` to go on; it is null at the end."""

    items: list[Row]
    next: str | None
    as_of: datetime.date
    log_size: int = Field(description="Number of log entries this answer was computed from.")


class Party(Schema):
    id: str
    name: str


class Pages(Schema):
    """Where every sealed page stands. `promised` = published + hidden + held_back + late."""

    promised: int
    published: int
    hidden: int = Field(description="Published pages of which parts are hidden.")
    held_back: int
    late: int
    not_due: int
    in_all: int
    documents: int
    documents_of_unknown_length: int


class PastName(Schema):
    name: str
    until: datetime.date


class Company(Schema):
    id: str
    name: str
    joined: bool = Field(description="False for a company that never took part.")
    sample: bool
    past_names: list[PastName] = Field(description="What it was called before, oldest first.")
    services: list[Party]
    studies: int
    pages: Pages = Field(description="Of what the company itself put here.")
    pages_by_others: Pages = Field(description="Of what others put here about it; never its answer.")
    address: str


class Service(Schema):
    id: str
    name: str
    company: str


class Study(Schema):
    id: str
    company: str
    title: str | None
    in_advance: bool = Field(description="Registered, by the log, before its declared start.")
    registered_at: datetime.datetime
    publisher: Party | None
    own: bool = Field(description="Put here by the company itself.")
    pages: Pages
    in_full: bool
    states: dict[str, int]
    days_late: int = Field(description="The longest wait for anything it promised.")
    broken_promise: datetime.date | None = Field(
        description="The promised date by which nothing of it was locked in; null when that promise was kept."
    )
    address: str


class Reason(Schema):
    page: int | None = Field(description="Null for the whole document.")
    ground: str
    title: str
    decided_by: str
    since: datetime.date | None
    until: datetime.date | None = Field(description="When it is looked at again; null after a suspension.")
    suspended: bool


class Document(Schema):
    study: str
    number: int
    inventory: int
    kind: str
    title: str | None = Field(description="Null while it is private or out of view.")
    date: str | None
    pages: int | None = Field(description="Null where the format is held and not read; never zero.")
    pages_open: int
    state: str
    stopped: str | None = Field(
        description="What keeps it from being read, beside its state: suspended, key-lost or erased-by-law."
    )
    due: datetime.date
    days_late_strict: int
    days_late_generous: int
    days_past_review: int = Field(description="Since what is held back should have been looked at again.")
    extensions: int
    disputed: bool
    log_index: int
    reasons: list[Reason]
    address: str


class File(Schema):
    sha256: str
    bytes: int
    media_type: str
    name: str
    address: str


class Place(Schema):
    """One page's place, whether or not it is shown."""

    page: int
    state: str = Field(description="open, held-back, suspended or locked (not published yet)")
    ground: str | None
    until: datetime.date | None
    address: str


class DocumentDetail(Document):
    commitment: str
    renderer: str
    file: File | None = Field(description="The original file, only while the whole of it is public.")
    places: list[Place]


class Page(Schema):
    """An open page. `lines` are [[word, left, top, right, bottom], ...] in pixels of width and height."""

    study: str
    number: int
    page: int
    width: int
    height: int
    text: str
    lines: list[list[tuple[str, int, int, int, int]]]
    picture: str
    proof: str
    address: str


class Inventory(Schema):
    study: str
    number: int
    documents: int
    root: str
    log_index: int
    sealed_at: datetime.datetime


class Record(Schema):
    """The newest version of a public record."""

    id: str
    kind: str
    version: int
    digest: str
    put_here_on: datetime.date | None = Field(description="Confirmed by the log; null for a moment.")
    date: str = Field(description="As its publisher declares it.")
    company: str
    publisher: Party
    publisher_role: str
    language: str
    log_index: int
    address: str


class Version(Schema):
    version: int
    put_here_on: datetime.date | None = Field(description="Confirmed by the log; null for a moment.")
    date: str = Field(description="As its publisher declares it.")
    digest: str
    log_index: int
    removed: bool
    ground: str | None = Field(description="The legal reason, where the version was removed.")
    record: dict[str, Any] | None = Field(
        description="The record itself; its canonical bytes hash to digest."
    )


class History(Schema):
    id: str
    kind: str
    company: str
    versions: list[Version]


class Change(Schema):
    place: str = Field(description="JSON Pointer (RFC 6901); entries with an id are named by it.")
    how: str
    before: Any = None
    after: Any = None


class Difference(Schema):
    id: str
    old: int
    new: int
    changes: list[Change]


class Hit(Schema):
    study: str
    number: int
    page: int
    title: str
    study_title: str
    company: str
    kind: str
    date: str
    language: str
    excerpt: str
    marks: list[tuple[int, int]] = Field(description="Found words, as characters of the excerpt.")
    address: str


class Hits(Schema):
    items: list[Hit]
    next: str | None
    pages: int = Field(description="How many pages fit in all.")
    counts: dict[str, dict[str, int]]


class Checkpoint(Schema):
    origin: str
    size: int
    root: str
    text: str = Field(description="The signed note with the cosignatures so far.")
    policy_met: bool
    verdict: str


class Entry(Schema):
    index: int
    leaf_hash: str
    entry: dict[str, Any]
