"""A site's API in Python: typed rows, lists that go on by themselves, and errors in sentences.

    with site.Site("https://archive.example") as archive:
        for study in archive.iterate_studies(company="larkfield"):
            print(study.title, study.pages.published, "of", study.pages.promised)

Needs the plain install only. What comes back is what the site says: to check it, hand the proof or the
bundle to `lightwell verify`. Nothing is cached and nothing is retried.
"""

from __future__ import annotations

import dataclasses
import datetime
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self, TypeVar, get_type_hints

import httpx

from lightwell.base import errors
from lightwell.base.canonical import Json

_PART = 200
_TIMEOUT_SECONDS = 30.0
_MISTAKES = (400, 404)
_REFUSED = (403, 451)
_OK = 200
Row = TypeVar("Row")
Day = datetime.date | None


@dataclass(frozen=True, slots=True)
class Party:
    """A company, service or publisher by id and name."""

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Pages:
    """Where every sealed page stands; `promised` = published + hidden + held_back + late."""

    promised: int
    published: int
    hidden: int
    held_back: int
    late: int
    not_due: int
    in_all: int
    documents: int
    documents_of_unknown_length: int


@dataclass(frozen=True, slots=True)
class PastName:
    """What a company was called until a day."""

    name: str
    until: datetime.date


@dataclass(frozen=True, slots=True)
class Company:
    """A company; `pages` are its own, `pages_by_others` what others put here about it."""

    id: str
    name: str
    joined: bool
    sample: bool
    past_names: tuple[PastName, ...]
    services: tuple[Party, ...]
    studies: int
    pages: Pages
    pages_by_others: Pages
    address: str


@dataclass(frozen=True, slots=True)
class Challenge:
    """A question to a company about a file; `study` and `document` only where they are named to everybody."""

    id: str
    company: str
    state: str
    logged: datetime.date
    handed_over: datetime.date | None
    due: datetime.date | None
    answered: datetime.date | None
    days_late: int
    denied: datetime.date | None
    disproved: datetime.date | None
    study: str | None
    document: int | None
    log_index: int
    address: str


@dataclass(frozen=True, slots=True)
class Beacon:
    """A public random value that a registration names, and when its source published it."""

    source: str
    round: int
    value: str
    at: datetime.datetime | None


@dataclass(frozen=True, slots=True)
class Registration:
    """Between which times a study was registered; None where nobody outside the publisher bounds it."""

    study: str
    in_advance: bool
    log_index: int
    not_before: datetime.datetime | None
    not_after: datetime.datetime | None
    beacon: Beacon | None


@dataclass(frozen=True, slots=True)
class Study:
    """A registered study; its words are the record of the same id."""

    id: str
    company: str
    title: str | None
    in_advance: bool
    registered_at: datetime.datetime
    publisher: Party | None
    own: bool
    pages: Pages
    in_full: bool
    states: Mapping[str, int]
    days_late: int
    broken_promise: datetime.date | None
    address: str


@dataclass(frozen=True, slots=True)
class Document:
    """One document of an inventory; `title` is None while it is private or out of view."""

    study: str
    number: int
    inventory: int
    kind: str
    title: str | None
    date: str | None
    pages: int | None
    pages_open: int
    pages_redacted: int
    state: str
    stopped: str | None
    due: datetime.date
    days_late_strict: int
    days_late_generous: int
    days_past_review: int
    extensions: int
    disputed: bool
    log_index: int
    address: str


@dataclass(frozen=True, slots=True)
class Page:
    """The words of an open page; `lines` are ((word, left, top, right, bottom), ...).

    `kinds` has for each line "sealed", "reset" (set anew, not checked) or "label"; `hidden` the reason of
    each label: ground, decided_by, review.
    """

    study: str
    number: int
    page: int
    width: int
    height: int
    text: str
    lines: Sequence[Sequence[Sequence[str | int]]]
    kinds: Sequence[str]
    hidden: Sequence[Mapping[str, str]]
    picture: str
    proof: str
    address: str


@dataclass(frozen=True, slots=True)
class Record:
    """The newest version of a public record."""

    id: str
    kind: str
    version: int
    digest: str
    put_here_on: datetime.date | None
    date: str
    company: str
    publisher: Party
    publisher_role: str
    language: str
    log_index: int
    address: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A page that a search found; `marks` are the found words, as characters of the excerpt."""

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
    marks: Sequence[Sequence[int]]
    address: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest signed record of the log, and what the site's own policy says of it."""

    origin: str
    size: int
    root: str
    text: str
    policy_met: bool
    verdict: str


class Site:
    """A site by its address. Use it as a context, or call `close`."""

    def __init__(self, address: str, client: httpx.Client | None = None) -> None:
        self.address = address.rstrip("/")
        self._client = client or httpx.Client(timeout=_TIMEOUT_SECONDS, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def iterate_companies(self, *, as_of: Day = None) -> Iterator[Company]:
        """Iterate over every company."""
        yield from self._iterate("companies", Company, as_of=as_of)

    def read_company(self, company: str, *, as_of: Day = None) -> Company:
        """Read one company."""
        return _read_row(Company, self._ask(f"companies/{company}", as_of=as_of))

    def iterate_studies(self, *, company: str = "", as_of: Day = None) -> Iterator[Study]:
        """Iterate over the registered studies, of every company or of one."""
        yield from self._iterate("studies", Study, company=company, as_of=as_of)

    def read_study(self, study: str, *, as_of: Day = None) -> Study:
        """Read one study."""
        return _read_row(Study, self._ask(f"studies/{study}", as_of=as_of))

    def read_registration(self, study: str) -> Registration:
        """Read between which times a study was registered."""
        return _read_row(Registration, self._ask(f"studies/{study}/registration"))

    def iterate_documents(self, study: str, *, as_of: Day = None) -> Iterator[Document]:
        """Iterate over every document of a study, also those that nobody may read yet."""
        yield from self._iterate(f"studies/{study}/documents", Document, as_of=as_of)

    def read_page(self, study: str, number: int, page: int) -> Page:
        """Read the words of an open page; `Refused` says why one is not shown."""
        return _read_row(Page, self._ask(f"studies/{study}/documents/{number}/pages/{page}"))

    def read_proof(self, study: str, number: int, page: int) -> bytes:
        """Read the proof of an open page, as `lightwell verify` takes it."""
        return self._fetch(f"api/1/studies/{study}/documents/{number}/pages/{page}/proof").content

    def read_file(self, sha256: str) -> bytes:
        """Read a published file by its digest; whether the bytes have it is for the caller to check."""
        return self._fetch(f"files/{sha256}").content

    def iterate_records(self, *, kind: str = "", company: str = "", about: str = "") -> Iterator[Record]:
        """Iterate over the newest version of every record."""
        yield from self._iterate("records", Record, kind=kind, company=company, about=about)

    def read_history(self, record: str) -> dict[str, Json]:
        """Read every version of a record; a removed one has its place and the legal reason only."""
        return self._ask(f"records/{record}")

    def compare_versions(self, record: str, old: int, new: int) -> dict[str, Json]:
        """Read what changed between two versions of a record."""
        return self._ask(f"records/{record}/changes/{old}/{new}")

    def iterate_hits(self, words: str, **filters: str | Sequence[str]) -> Iterator[Hit]:
        """Iterate over the pages that a search finds; filters such as company="larkfield", year=["2019"]."""
        yield from self._iterate("search", Hit, q=words, **filters)

    def iterate_gaps(self, *, state: str = "", as_of: Day = None) -> Iterator[Document]:
        """Iterate over what became of every document that was ever locked in."""
        yield from self._iterate("gaps", Document, state=state, as_of=as_of)

    def iterate_overdue(self, *, as_of: Day = None) -> Iterator[Document]:
        """Iterate over what is late, the latest first."""
        yield from self._iterate("overdue", Document, as_of=as_of)

    def iterate_broken_promises(self, *, as_of: Day = None) -> Iterator[Study]:
        """The studies of which nothing was locked in by the promised date, the latest first."""
        yield from self._iterate("overdue/studies", Study, as_of=as_of)

    def iterate_challenges(
        self, *, company: str = "", state: str = "", as_of: Day = None
    ) -> Iterator[Challenge]:
        """Iterate over the questions to companies about papers, oldest first; state="overdue" for silence."""
        yield from self._iterate("challenges", Challenge, company=company, state=state, as_of=as_of)

    def iterate_figures(self, *, company: str = "") -> Iterator[dict[str, Json]]:
        """Iterate over every set of published figures: editions, and what each revised of the past."""
        yield from self._iterate_parts("figures", company=company)

    def iterate_revisions(
        self, dataset: str, *, kind: str = "", edition: str = "", children: bool = False
    ) -> Iterator[dict[str, Json]]:
        """Iterate over what later editions changed, dropped or added; numbers are exact, as text."""
        asked = {"kind": kind, "edition": edition, "children": "true" if children else ""}
        yield from self._iterate_parts(f"figures/{dataset}/revisions", **asked)

    def read_figure(self, key: str) -> dict[str, Json]:
        """Read what every edition said for every period of one figure, by the key of its series."""
        return self._ask(f"figures/series/{key}")

    def iterate_datasets(self, *, company: str = "") -> Iterator[dict[str, Json]]:
        """Iterate over the data sets that can be asked: codebook, invented rows, budget left."""
        yield from self._iterate_parts("datasets", company=company)

    def read_codebook(self, dataset: str) -> bytes:
        """Read the codebook of a data set, as its record has it attached (YAML)."""
        return self._fetch(f"datasets/{dataset}/codebook.yaml").content

    def iterate_answers(self, *, dataset: str = "", company: str = "") -> Iterator[dict[str, Json]]:
        """Iterate over private answers: rows, likely ranges, question, plan and cost."""
        yield from self._iterate_parts("answers", dataset=dataset, company=company)

    def read_answer(self, record: str) -> dict[str, Json]:
        """Read one private answer by the id of its record."""
        return self._ask(f"answers/{record}")

    def read_checkpoint(self) -> Checkpoint:
        """Read the newest signed record of the log; `tlog/policy` judges its text by your own policy."""
        return _read_row(Checkpoint, self._ask("log"))

    def read_tile(self, path: str) -> bytes:
        """Read a tile or entry bundle by its path (C2SP tlog-tiles), such as tile/0/000."""
        return self._fetch(f"log/{path}").content

    def _iterate(self, address: str, row: type[Row], **values: Any) -> Iterator[Row]:
        yield from (_read_row(row, each) for each in self._iterate_parts(address, **values))

    def _iterate_parts(self, address: str, **values: Any) -> Iterator[Any]:
        after: str | None = ""
        while after is not None:
            part = self._ask(address, **values, after=after, limit=_PART)
            yield from part["items"]
            after = part["next"]

    def _ask(self, address: str, **values: Any) -> dict[str, Any]:
        answer = self._fetch(f"api/1/{address}", **values)
        try:
            value = answer.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise errors.CouldNotCheck(f"{self.address} answered something that is not Lightwell's API")
        return value

    def _fetch(self, address: str, **values: Any) -> httpx.Response:
        wanted = {name: value for name, value in values.items() if value not in (None, "")}
        if ".." in address.split("/"):
            raise errors.UserMistake(f"{address!r} is not an address of this site")
        try:
            answer = self._client.get(f"{self.address}/{address}", params=wanted)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise errors.CouldNotCheck(
                f"{self.address} could not be reached; check the address and try again"
            ) from error
        if answer.status_code != _OK:
            raise _describe_problem(self.address, answer)
        return answer


def _read_row(row: type[Row], value: Any) -> Row:
    """Build a row from JSON; fields that a newer site adds are left out, an absent one cannot be used."""
    if not isinstance(value, dict):
        raise errors.CouldNotCheck(f"the site answered something that is no {row.__name__.lower()}")
    hints = get_type_hints(row)
    try:
        names = [field.name for field in dataclasses.fields(row)]  # type: ignore[arg-type]  # every Row is a dataclass
        return row(**{name: _read_value(hints[name], value[name]) for name in names})
    except (KeyError, TypeError, ValueError) as error:
        raise errors.CouldNotCheck(
            f"the site answered a {row.__name__.lower()} of a form that is not known here"
        ) from error


def _read_value(kind: Any, value: Any) -> Any:
    if isinstance(kind, types.UnionType):
        if value is None:
            return None
        kind = next(each for each in kind.__args__ if each is not types.NoneType)
    if kind is datetime.datetime:
        return datetime.datetime.fromisoformat(value)
    if kind is datetime.date:
        return datetime.date.fromisoformat(value)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _read_row(kind, value)
    if getattr(kind, "__origin__", None) is tuple:
        return tuple(_read_value(kind.__args__[0], each) for each in value)
    return value


def _describe_problem(site: str, answer: httpx.Response) -> errors.LightwellError:
    """Turn a problem (RFC 9457) into an error of `base/errors`, by whose fault it is."""
    try:
        problem = answer.json()
    except ValueError:
        problem = None
    if not isinstance(problem, dict):
        problem = {}
    detail = str(problem.get("detail") or f"{site} answered with status {answer.status_code}")
    if answer.status_code in _MISTAKES:
        listed = problem.get("problems")
        found = [
            errors.Problem(str(each.get("place", "")), str(each.get("sentence", "")))
            for each in (listed if isinstance(listed, list) else [])
            if isinstance(each, dict)
        ]
        return errors.UserMistake(problems=found) if found else errors.UserMistake(detail)
    if answer.status_code in _REFUSED:
        return errors.Refused(detail)
    return errors.CouldNotCheck(detail)
