"""What the API answers with: one class for each thing, with the meaning of every field."""

from __future__ import annotations

import datetime
from typing import Any, Generic, Literal, TypeVar

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
    """A short id that never changes, and the public name."""

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
    """A name that a company had; `until` is the day on which it was renamed."""

    name: str
    until: datetime.date


class Company(Schema):
    """A company about which something is here, whether or not it ever put anything here itself."""

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
    """A service of a company, as records name it."""

    id: str
    name: str
    company: str


class Study(Schema):
    """A registered study; `states` counts its documents by what became of them."""

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
    """A decision that keeps a document or a page of it out of view; `ground` is a reason's id."""

    page: int | None = Field(description="Null for the whole document.")
    ground: str
    title: str
    decided_by: str
    since: datetime.date | None
    until: datetime.date | None = Field(description="When it is looked at again; null after a suspension.")
    suspended: bool


class Document(Schema):
    """A document of an inventory, also one that nobody may read yet."""

    study: str
    number: int
    inventory: int
    kind: str
    title: str | None = Field(description="Null while it is private or out of view.")
    date: str | None
    pages: int | None = Field(description="Null where the format is held and not read; never zero.")
    pages_open: int
    pages_redacted: int = Field(description="How many of the open pages have hidden parts.")
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
    """A file as it was handed in; `sha256` is its address and anybody can compare it."""

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


class Part(Schema):
    """One kind of part that a file of another format held, and the pages it is on now
    (docs/reference/formats.md).
    """

    kind: str
    found: int
    pages: list[int]


class DocumentDetail(Document):
    """A document with a place for each of its pages; `commitment` is 64 hex digits."""

    commitment: str
    renderer: str
    file: File | None = Field(description="The original file, only while the whole of it is public.")
    published: str | None = Field(description="Address of the published PDF, where parts are hidden.")
    hidden: dict[str, int] = Field(description="Hidden parts of pages that can be read, by legal reason.")
    reading_copy: str | None = Field(description="Address of the PDF made of a file of another format.")
    parts: list[Part] = Field(description="What the file held besides its plain pages, counted beforehand.")
    places: list[Place]


class HiddenPart(Schema):
    """A hidden part of a page: the legal reason, who decided, when it is looked at again."""

    ground: str
    decided_by: str
    review: datetime.date


class Page(Schema):
    """An open page. `lines` are [[word, left, top, right, bottom], ...] in pixels of width and height.

    `kinds` says of each line whether it was sealed so, or on a page with hidden parts "reset" (set anew, not
    checked) or a "label" in the place of a hidden part, whose reasons stand in `hidden` in the same order.
    """

    study: str
    number: int
    page: int
    width: int
    height: int
    text: str
    lines: list[list[tuple[str, int, int, int, int]]]
    kinds: list[Literal["sealed", "reset", "label"]]
    hidden: list[HiddenPart]
    sure: int | None = Field(description="Per cent, where a machine read the words from a picture.")
    picture: str
    proof: str
    address: str


class Beacon(Schema):
    """A public random value that a registration names; nobody here compared it with its source."""

    source: str
    round: int
    value: str
    at: datetime.datetime | None = Field(description="When its source published that round.")


class Registration(Schema):
    """Between which times a study was registered, as an outsider computes it from the log."""

    study: str
    in_advance: bool
    log_index: int
    not_before: datetime.datetime | None = Field(description="When witnesses confirmed the state it names.")
    not_after: datetime.datetime | None = Field(description="When witnesses first confirmed it.")
    beacon: Beacon | None


class Inventory(Schema):
    """What was locked in at once; `root` is the RFC 6962 root of its entries."""

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
    """One version of a record; a removed one keeps its place without its words."""

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
    """Every version of a record, oldest first."""

    id: str
    kind: str
    company: str
    versions: list[Version]


class Change(Schema):
    """One place that differs; `how` is added, removed, changed or reordered."""

    place: str = Field(description="JSON Pointer (RFC 6901); entries with an id are named by it.")
    how: str
    before: Any = None
    after: Any = None


class Difference(Schema):
    """What changed between two versions; empty when nothing did."""

    id: str
    old: int
    new: int
    changes: list[Change]


class Hit(Schema):
    """A page that a search found, with the words around it."""

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
    """One part of a search's hits; `counts` are pages by field and value, for filters."""

    items: list[Hit]
    next: str | None
    pages: int = Field(description="How many pages fit in all.")
    counts: dict[str, dict[str, int]]


class FingerprintSet(Schema):
    """The file that `lightwell check` compares with; the same for everybody, up to `log_size` entries."""

    address: str
    bytes: int
    digest: str
    log_size: int
    documents: int
    pages: int = Field(description="Open pages with words enough to be found by them.")
    pages_without: int = Field(description="Open pages with too few.")


class Challenge(Schema):
    """A question to a company, whether a file that somebody holds is in its inventory."""

    id: str
    company: str
    state: str = Field(
        description="waits-for-holder, open, overdue, in-inventory, not-in-inventory, sealed-after-denial or "
        "disproved."
    )
    logged: datetime.date
    handed_over: datetime.date | None = Field(description="When the company was told which file is meant.")
    due: datetime.date | None
    answered: datetime.date | None
    days_late: int = Field(description="Counted until the first answer, and kept after it.")
    denied: datetime.date | None = Field(description="When it said that the file is not there.")
    disproved: datetime.date | None = Field(description="When an answer was shown to be false.")
    study: str | None = Field(description="The document that is named to everybody, if any.")
    document: int | None
    log_index: int
    address: str


class Checkpoint(Schema):
    """The log's newest signed state and what this site's own policy says of it."""

    origin: str
    size: int
    root: str
    text: str = Field(description="The signed note with the cosignatures so far.")
    policy_met: bool
    verdict: str


class Entry(Schema):
    """One log entry; `leaf_hash` is the RFC 6962 hash of its bytes."""

    index: int
    leaf_hash: str
    entry: dict[str, Any]


class FigureEdition(Schema):
    """One edition of published figures; the counts say what it revised of the one before, if there is one."""

    name: str
    record: str
    file: str
    digest: str
    points: int
    compared_with: str | None
    changed: int | None
    dropped: int | None
    added: int | None


class FigureDataset(Schema):
    """Editions that may be compared. `told_by` is company, clearing-house or other."""

    id: str
    company: str
    title: str
    told_by: str
    editions: list[FigureEdition]


class FigureSeries(Schema):
    """One figure over periods. What is counted (`counts`) and the unit decide what may be compared."""

    key: str
    company: str
    service: str
    policy_area: str
    metric: str
    counts: str
    unit: str
    breakdown: dict[str, str]
    topic: str | None
    child_safety: bool


class FigureRevision(Schema):
    """A figure of the past that an edition states otherwise than the one before. Numbers are exact text."""

    series: FigureSeries
    period: str
    kind: str = Field(description="changed, dropped or added")
    earlier_edition: str
    earlier_as_printed: str | None
    earlier_number: str | None
    earlier_row: int | None
    later_edition: str
    later_as_printed: str | None
    later_number: str | None
    later_row: int | None


class FigureStatement(Schema):
    """What one edition says for one period; `number` is exact, as text, null where none was given."""

    period: str
    edition: str
    record: str
    as_printed: str
    number: str | None
    file: str
    row: int
    revised: bool


class FigureHistory(Schema):
    """One figure over time: every statement of every edition, by period."""

    series: FigureSeries
    dataset: str
    statements: list[FigureStatement]


class NamedCodebook(Schema):
    """The file that private questions rest on; `digest` is of what it says, as answers name it."""

    name: str
    version: str
    digest: str
    address: str


class Dataset(Schema):
    """A data set that can be asked. Its rows are shown to nobody; the invented ones are anybody's."""

    id: str
    version: int
    title: str | None = Field(description="Null when it is held back.")
    company: str
    codebook: NamedCodebook
    tables: list[str]
    invented_rows: dict[str, str] = Field(description="Addresses by file name; empty where none are made.")
    budget_epsilon: float
    budget_delta: float
    budget_left: float | None = Field(
        description="The share of the privacy budget that is left, to two places; null where none is kept."
    )
    budget_as_of: datetime.datetime = Field(
        description="The moment of which `budget_left` tells; it changes at fixed hours, never with a charge."
    )
    answers: list[str] = Field(description="Ids of the answers in view, the last put here first.")
    address: str


class Answer(Schema):
    """A private answer on record: rows and, beside each number, the ends of its likely range."""

    id: str
    version: int
    title: str | None = Field(description="Null when it is held back.")
    company: str
    dataset: str
    question: str
    columns: list[str]
    rows: list[dict[str, Any]]
    intervals: list[dict[str, Any]] = Field(description="Null beside the name of a group.")
    cost: dict[str, Any]
    plan: list[str]
    notes: list[str]
    data_version: str
    answer: str = Field(description="The id of the answer: the same question at the same cost has it again.")
    sample: bool
    file: str = Field(description="Where the bytes lie that were given out.")
    citations: dict[str, str] = Field(
        description="Addresses of the entry for reference managers: `csl-json` and `bibtex`."
    )
    address: str
